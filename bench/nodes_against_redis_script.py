#!/usr/bin/env python3
"""Coupons per second of a node with Redis and MariaDB, against the usual coupon in a Redis script.

The peer is nginx with Lua: one script call a request over kept connections, and no database: what
it gave away in the last second is lost with its Redis. It runs with one worker and with one a core;
in each round the better of the two counts. Every claim wins and is a new user's. Each has a Redis
of its own whose append-only file is synced every second; firstcome also syncs each batch in MariaDB
before its replies.
"""

import contextlib
import pathlib

import harness
import nodes
from harness import ROUNDS, Nginx, median, scratch, table
from nodes import Measured
from support.redis_server import RedisServer

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
STOCK = 1_000_000_000
CONNECTIONS = (256, 1000)  # a crowd, and a larger one
WORKERS = {"1": "Redis script, nginx with 1 worker", "auto": "Redis script, nginx with 1 a core"}
US = "firstcome, Redis, MariaDB"
BATCH = "firstcome_batch_claims"
ROUND = "firstcome_redis_round_seconds"
COMMIT = "firstcome_commit_seconds"


class Peer:
    """nginx before a Redis of its own. `workers` as nginx wants them."""

    def __init__(self, cleanup, key, workers):
        self.redis = cleanup.enter_context(RedisServer())
        self.nginx = Nginx(cleanup.enter_context(scratch()),
                           (PEERS / "coupon_in_redis.conf").read_text(), here=PEERS, key=key,
                           stock=STOCK, redis_port=self.redis.port, workers=workers)
        cleanup.callback(self.nginx.stop)
        self.url = self.nginx.url

    def cpu_s(self):
        return {"nginx": sum(map(nodes.cpu_s, nodes.family(self.nginx.process.pid))),
                "redis-server": nodes.cpu_s(self.redis.pid)}

    def metrics(self):
        return {}


def middle(runs):
    """-> the run whose rate is the median (of an even number the lower of the two)"""
    return sorted(runs, key=lambda run: run.rate)[(len(runs) - 1) // 2]


def ratios(runs, name):
    """-> ours to that peer's, round by round"""
    return [our.rate / peer.rate for our, peer in zip(runs[US], runs[name])]


def report(runs, connections):
    peers = list(runs)[1:]
    better = [min(both) for both in zip(*(ratios(runs, name) for name in peers))]
    rows = []
    for name, all_runs in runs.items():
        rows.append((name, f"{median(run.rate for run in all_runs):,.0f}",
                     f"{median(better if name == US else ratios(runs, name)):.2f}",
                     f"{median(run.p99_ms for run in all_runs):.1f}", middle(all_runs).cpu()))
    table(f"Coupons of a node against coupons from a Redis script, {connections} connections",
          ["", "claims/s", "firstcome to it (first line: to the better)", "p99 ms",
           "CPU µs a claim"], rows)
    ours = middle(runs[US]).metrics
    table("One batch of firstcome", ["what", "mean"],
          [("claims", f"{nodes.mean(ours, BATCH):.0f}"),
           ("rounds to Redis", f"{ours[ROUND + '_count'] / ours[BATCH + '_count']:.1f}"),
           ("one of them, ms", f"{nodes.mean(ours, ROUND) * 1e3:.2f}"),
           *((f"{phase}, ms", f"{nodes.mean(ours, COMMIT, labels) * 1e3:.2f}")
             for phase in ("lock", "commit")
             for labels in [f'{{phase="{phase}"}}'])])


def main():
    harness.prepare()
    with nodes.stack(io_threads=1) as stack, contextlib.ExitStack() as cleanup:
        stack.campaign("big", stock=STOCK)
        servers = {US: stack}
        for workers, name in WORKERS.items():
            servers[name] = Peer(cleanup, stack.issue_key, workers)
        for server in servers.values():
            Measured(server, stack.issue_key)  # warms it up
        for connections in CONNECTIONS:
            runs = {name: [] for name in servers}
            for _ in range(ROUNDS):
                for name, server in servers.items():
                    runs[name].append(Measured(server, stack.issue_key, connections))
            report(runs, connections)


if __name__ == "__main__":
    main()
