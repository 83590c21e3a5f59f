#!/usr/bin/env python3
"""A lone claim on an idle system: one node with Redis and MariaDB, one connection, a claim at a
time with a pause before each. Beside it a node without Redis, and what one transaction with one
coupon takes on the same MariaDB, after the same pauses: cores and disk fall asleep in them.
"""

import os
import socket
import statistics
import time

import harness
import nodes
from harness import ROUNDS, median, table
from one_row_a_transaction import one_row

CLAIMS = int(os.environ.get("BENCH_CLAIMS", "200"))  # a round
PAUSE_S = 0.02


def claim_ms(connection, key, user):
    body = f'{{"user":"{user}"}}'
    request = ("POST /v1/campaigns/lone/claims HTTP/1.1\r\nHost: localhost\r\n"
               f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    begin = time.perf_counter()
    connection.sendall(request)
    reply = connection.recv(65536)  # small enough to come in one piece
    took = time.perf_counter() - begin
    if not reply.startswith(b"HTTP/1.1 201"):
        raise SystemExit(f"not issued: {reply}")
    return took * 1e3


def claims_ms(stack, number):
    with socket.create_connection(stack.nodes[0].address, 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        spans = []
        for n in range(CLAIMS):
            time.sleep(PAUSE_S)
            spans.append(claim_ms(connection, stack.issue_key, f"u{number}-{n}"))
    return spans


def main():
    harness.prepare()
    with nodes.stack() as redis, nodes.stack(on_redis=False) as direct:
        runs = {"Redis, MariaDB": (redis, []), "MariaDB": (direct, [])}
        peer = redis.mariadb.create_database("peer")
        transactions = []
        for stack, _ in runs.values():
            stack.campaign("lone", stock=1_000_000)
            claims_ms(stack, "warm")
        for number in range(ROUNDS):
            for stack, rounds in runs.values():
                rounds.append(claims_ms(stack, number))
            transactions.append(1000 / one_row(peer, "counted", connections=1, pause_s=PAUSE_S))
    rows = [(f"firstcome, {name}",
             *(f"{median(statistics.quantiles(spans, n=100)[at - 1] for spans in rounds):.2f}"
               for at in (50, 99)))
            for name, (_, rounds) in runs.items()]
    rows.append(("a transaction of one coupon", f"{median(transactions):.2f}", ""))
    table(f"A lone claim, {ROUNDS} times {CLAIMS}", ["", "p50 ms", "p99 ms"], rows)


if __name__ == "__main__":
    main()
