#!/usr/bin/env python3
"""One hot campaign against a hundred at once, each claim for the next of them in turn."""

import harness
from harness import ROUNDS, Server, median, scratch, table, wrk

COUNT = 100


def main():
    harness.prepare()
    one, many = [], []
    with scratch() as ledger:
        server = Server(ledger, "--io-threads", "1")
        server.campaign("big", stock=1_000_000_000)
        for i in range(1, COUNT + 1):
            server.campaign(f"hot-{i}", stock=10_000_000)
        for _ in range(ROUNDS):
            one.append(wrk(server.url, server.issue_key, campaigns="big"))
            many.append(wrk(server.url, server.issue_key, campaigns=f"hot:{COUNT}"))
        server.stop()
    ratios = [m.rate / o.rate for m, o in zip(many, one)]
    table("Hot campaigns, every claim wins, 256 connections",
          ["campaigns", "claims/s", "ratio", "p99 ms"],
          [("1", f"{median(r.rate for r in one):,.0f}", "1",
            f"{median(r.p99_ms for r in one):.1f}"),
           (COUNT, f"{median(r.rate for r in many):,.0f}", f"{median(ratios):.2f}",
            f"{median(r.p99_ms for r in many):.1f}")])


if __name__ == "__main__":
    main()
