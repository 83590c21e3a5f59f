#!/usr/bin/env python3
"""Claims per second against nginx: every claim wins, is sold out, or is repeated.

The same wrk script sends the same requests to firstcome (one I/O thread, every winning claim synced
to disk before its reply) and to nginx (one worker, `return 200`). 256 connections.
"""

import harness
from harness import ROUNDS, Nginx, Server, median, scratch, table, wrk

CASES = [("every claim wins", "new", "big"),
         ("all sold out", "new", "out"),
         ("all repeated", "same", "big")]


def check(case, result, server):
    if case == "all sold out" and result.refused != result.requests:
        raise SystemExit("a sold-out campaign issued")
    if case != "all sold out" and result.refused:
        raise SystemExit(f"{case}: {result.refused} claims were refused")


def main():
    harness.prepare()
    ours = {case: [] for case, _, _ in CASES}
    ratios = {case: [] for case, _, _ in CASES}
    with scratch() as ledger, scratch() as peer:
        server, nginx = Server(ledger, "--io-threads", "1"), Nginx(peer)
        server.campaign("big", stock=1_000_000_000)
        server.campaign("out", stock=0)
        peers = []
        for _ in range(ROUNDS):
            for case, users, campaign in CASES:
                yardstick = wrk(nginx.url, server.issue_key, users)
                result = wrk(server.url, server.issue_key, users, campaign)
                check(case, result, server)
                peers.append(yardstick)
                ours[case].append(result)
                ratios[case].append(result.rate / yardstick.rate)
        server.stop()
        nginx.stop()
    rows = [("nginx, return 200", f"{median(r.rate for r in peers):,.0f}", "1",
             f"{median(r.p99_ms for r in peers):.1f}")]
    for case, _, _ in CASES:
        rows.append((case, f"{median(r.rate for r in ours[case]):,.0f}",
                     f"{median(ratios[case]):.2f}", f"{median(r.p99_ms for r in ours[case]):.1f}"))
    table("Claims against nginx, 256 connections, one I/O thread",
          ["case", "requests/s", "ratio to nginx", "p99 ms"], rows)


if __name__ == "__main__":
    main()
