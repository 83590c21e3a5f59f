#!/usr/bin/env python3
"""Coupons per second of a node with Redis and MariaDB, against one coupon a transaction.

The peer commits over 32 connections at once to the same MariaDB, straight from a program without
HTTP: it takes the next rank from the campaign's row and inserts the coupon, in one round trip. The
last line is the same without the campaign's row: inserts that nothing limits, so no peer, but the
most that one row a transaction can come to.
"""

import subprocess

import harness
import nodes
from harness import ONE_ROW, ROUNDS, SECONDS, median, table, wrk

CONNECTIONS = 32
KINDS = {"counted": "one coupon a transaction, 32 connections",
         "bare": "one unlimited row a transaction, 32 connections"}


def one_row(url, kind, connections=CONNECTIONS, pause_s=0):
    """-> transactions a second, the pauses before them not counted"""
    done = subprocess.run([ONE_ROW, url, str(connections), f"{SECONDS:.0f}", kind,
                           f"{pause_s * 1000:.0f}"],
                          check=True, text=True, capture_output=True, timeout=120)
    return float(done.stdout)


def main():
    harness.prepare()
    ours, peers = [], {kind: [] for kind in KINDS}
    with nodes.stack() as stack:
        stack.campaign("big", stock=1_000_000_000)
        url = stack.mariadb.create_database("peer")
        wrk(stack.url, stack.issue_key)  # warms it up
        for _ in range(ROUNDS):
            ours.append(wrk(stack.url, stack.issue_key).rate)
            for kind, rates in peers.items():
                rates.append(one_row(url, kind))
    rows = [("firstcome, Redis, MariaDB", f"{median(ours):,.0f}", "")]
    for kind, rates in peers.items():
        ratio = median(our / peer for our, peer in zip(ours, rates))
        rows.append((KINDS[kind], f"{median(rates):,.0f}", f"{ratio:.1f}"))
    table("Coupons committed in MariaDB", ["", "rows/s", "firstcome to it"], rows)


if __name__ == "__main__":
    main()
