#!/usr/bin/env python3
"""The drop that it all started from: 1,000 users at once, 8,668 claims for 4,334 coupons.

The seed system's figures, from its report, stand beside ours; then the verifier has its say.
"""

import json
import subprocess

import harness
from harness import BINARY, ROUNDS, Server, median, scratch, table


def drop(server, number, data):
    campaign = f"drop-{number}"
    history, out = f"{data}/history-{number}.ndjson", f"{data}/out-{number}"
    subprocess.run([BINARY, "load", "--url", server.url, "--campaign", campaign, "--scenario",
                    "drop-8668", "--data", data, "--history", history, "--out", out],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issued = server.request("GET", f"/v1/campaigns/{campaign}")["issued"]
    verified = subprocess.run([BINARY, "verify", "--ledger", f"sqlite:{data}/ledger.db",
                               "--history", history, "--campaign", campaign],
                              stdout=subprocess.DEVNULL).returncode
    with open(f"{out}/summary.json") as summary:
        return issued, verified, json.load(summary)


def main():
    harness.prepare()
    with scratch() as data:
        server = Server(data)
        runs = [drop(server, number, data) for number in range(1, ROUNDS + 1)]
        server.stop()
    durations = [run[2]["metrics"]["http_req_duration"] for run in runs]

    def ms(key):
        return f"{median(one[key] for one in durations):.1f} ms"

    table("drop-8668",
          ["", "seed system", "firstcome"],
          [("average", "6.38 s", ms("avg")), ("p95", "12.46 s", ms("p95")),
           ("max", "13.59 s", ms("max")),
           ("issued", "4,334", ", ".join(f"{run[0]:,}" for run in runs)),
           ("promises", "", "hold" if not any(run[1] for run in runs) else "BROKEN")])


if __name__ == "__main__":
    main()
