#!/usr/bin/env python3
"""How long a node takes to start with a ledger in MariaDB: it reads and checks every coupon. They
are given by the node itself, as fast as it can.
"""

import time

import harness
import nodes
from harness import ROUNDS, SECONDS, table, wrk


def start_s(node):
    node.stop()
    begin = time.perf_counter()
    node.start()
    return time.perf_counter() - begin


def main():
    harness.prepare()
    rows, coupons = [], 0
    with nodes.stack() as stack:
        stack.campaign("big", stock=1_000_000_000)
        for number in range(ROUNDS):
            given = wrk(stack.url, stack.issue_key, connections=1000, prefix=f"s{number}-")
            coupons += given.requests
            took = start_s(stack.nodes[0])
            rows.append((f"{coupons:,}", f"{took:.2f}", f"{took / coupons * 1e6:.2f}"))
    table("The start of a node", ["coupons in MariaDB", "ready after s", "µs a coupon"], rows)
    print(f"Each round adds what {SECONDS:g} s of claims give.")


if __name__ == "__main__":
    main()
