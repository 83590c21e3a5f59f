#!/usr/bin/env python3
"""What a claim costs with 10 k, 1 M and 10 M coupons in the ledger, and what 10 M cost at a start.

The three servers stand side by side and take turns; a claim's cost is the server's CPU time for it.
"""

import harness
from harness import ROUNDS, Server, fill, median, scratch, table, wrk

SIZES = [10_000, 1_000_000, 10_000_000]


def main():
    harness.prepare()
    with scratch() as small, scratch() as middle, scratch() as large, scratch() as empty:
        base = Server(empty, "--io-threads", "1")
        base_bytes = base.resident_bytes()
        base.stop()
        for directory, size in zip((small, middle, large), SIZES):
            fill(directory, size)
        servers = [Server(directory, "--io-threads", "1") for directory in (small, middle, large)]
        memory = [server.resident_bytes() for server in servers]
        ready = [server.ready_s for server in servers]
        costs = [[] for _ in servers]
        rates = [[] for _ in servers]
        for _ in range(ROUNDS):
            for i, server in enumerate(servers):
                before = server.cpu_s()
                result = wrk(server.url, server.issue_key)
                costs[i].append((server.cpu_s() - before) / result.requests * 1e6)
                rates[i].append(result.rate)
        for server in servers:
            server.stop()
    rows = []
    for i, size in enumerate(SIZES):
        rows.append((f"{size:,}", f"{median(costs[i]):.1f}",
                     f"{median(costs[i]) / median(costs[0]):.2f}", f"{median(rates[i]):,.0f}",
                     f"{ready[i]:.2f}", f"{memory[i] / 1e6:,.0f}",
                     f"{(memory[i] - base_bytes) / size:.1f}"))
    table("A claim's cost by the size of the ledger; a start with it",
          ["coupons", "CPU µs a claim", "ratio", "claims/s", "ready after s", "resident MB",
           "bytes a coupon"], rows)


if __name__ == "__main__":
    main()
