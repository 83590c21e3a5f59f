#!/usr/bin/env python3
"""What a claim costs on one, two and three nodes over the same Redis and MariaDB, at the same load:
CPU time a claim of all nodes together, of Redis and of MariaDB. Claims come at a fixed rate, or as
fast as they are answered on as many connections, spread evenly over the nodes; every claim wins.
"""

import concurrent.futures
import contextlib
import json
import math
import os
import subprocess

import harness
import nodes
from harness import BINARY, ROUNDS, SECONDS, median, scratch, table, wrk
from nodes import difference

COUNTS = (1, 2, 3)
# Claims a second, of all nodes together: small batches, large ones, and no limit.
RATES = [float(rate) for rate in os.environ.get("BENCH_RATES", "4000 12000 inf").split()]
MOST = 1000  # connections
NAMES = ("firstcome", "redis-server", "mariadbd")


def load(stack, rate, prefix, out):
    """-> how many coupons were given"""
    if math.isinf(rate):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            each = [pool.submit(wrk, node.url, stack.issue_key,
                                connections=MOST // len(stack.nodes),
                                prefix=f"{prefix}-{node.number}-") for node in stack.nodes]
            return sum(run.result().requests for run in each)
    running = [subprocess.Popen(
        [BINARY, "load", "--url", node.url, "--campaign", "big", "--rate",
         f"{rate / len(stack.nodes):.1f}", "--duration", f"{SECONDS:g}", "--user-prefix",
         f"{prefix}-{node.number}-", "--connections", f"{MOST // len(stack.nodes)}", "--out",
         f"{out}/{prefix}-{node.number}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"FIRSTCOME_ISSUE_KEY": stack.issue_key}) for node in stack.nodes]
    if any(process.wait(120) for process in running):
        raise SystemExit("a load test failed")
    return sum(issued(f"{out}/{prefix}-{node.number}/summary.json") for node in stack.nodes)


def issued(file):
    with open(file) as summary:
        return json.load(summary)["outcomes"]["issued"]


class Counters:
    """What the services have done so far, for as many coupons."""

    def __init__(self, stack):
        self.cpu_s = stack.cpu_s()
        calls = stack.redis.info("commandstats")
        self.redis = {"rounds": _calls(calls, "evalsha"), "published": _calls(calls, "publish"),
                      "bytes": int(stack.redis.info("stats")["total_net_output_bytes"])}
        self.commits = int(stack.mariadb.status("Com_commit"))
        self.ledger_bytes = int(stack.mariadb.status("Bytes_sent"))


def _calls(stats, command):
    fields = stats.get(f"cmdstat_{command}", "calls=0").split(",")
    return int(fields[0].removeprefix("calls="))


class Run:
    """One load on the nodes that are up; figures a claim."""

    def __init__(self, stack, rate, prefix, out):
        before = Counters(stack)
        claims = load(stack, rate, prefix, out)
        after = Counters(stack)
        self.cpu_us = {name: used / claims * 1e6
                       for name, used in difference(after.cpu_s, before.cpu_s).items()}
        redis = difference(after.redis, before.redis)
        self.rate = claims / SECONDS
        self.a_script = claims / redis["rounds"]
        self.a_commit = claims / (after.commits - before.commits)
        self.bytes = redis["bytes"] / claims
        self.ledger_bytes = (after.ledger_bytes - before.ledger_bytes) / claims


def restart(stack, count):
    """So many nodes on the same ledger and queue; who is too many ends."""
    for node in stack.nodes[::-1]:
        node.stop()
    stack.nodes = stack.all_nodes[:count]
    for node in stack.nodes:
        node.start()


def row(runs, rate, count):
    here, alone = runs[rate, count], runs[rate, 1]

    def middle(figure):
        return median(figure(run) for run in here)

    ratio = median(run.cpu_us["firstcome"] / one.cpu_us["firstcome"]
                   for run, one in zip(here, alone))
    return (count, f"{middle(lambda run: run.rate):,.0f}",
            *(f"{middle(lambda run: run.cpu_us[name]):.1f}" for name in NAMES), f"{ratio:.2f}",
            f"{middle(lambda run: run.a_script):.1f}", f"{middle(lambda run: run.a_commit):.1f}",
            f"{middle(lambda run: run.bytes):,.0f}",
            f"{middle(lambda run: run.ledger_bytes):,.0f}")


def main():
    harness.prepare()
    runs = {(rate, count): [] for rate in RATES for count in COUNTS}
    with scratch() as out, nodes.stack(nodes=max(COUNTS)) as stack:
        stack.campaign("big", stock=1_000_000_000)
        for number in range(ROUNDS):
            for count in COUNTS:
                restart(stack, count)
                load(stack, RATES[0], f"w{number}-{count}", out)  # warms them up
                for rate in RATES:
                    prefix = f"r{number}-{count}-{rate:.0f}"
                    runs[rate, count].append(Run(stack, rate, prefix, out))
    table("CPU time a claim by nodes, µs; firstcome is all nodes together",
          ["nodes", "claims/s", *NAMES, "firstcome to one node", "claims a script call",
           "claims a commit", "bytes from Redis a claim", "bytes from MariaDB a claim"],
          [row(runs, *one) for one in runs])


if __name__ == "__main__":
    main()
