#!/usr/bin/env python3
"""Instant issuing against the design that it all began with: a scheduler that takes 100 claims from
the queue every second, and a pool of 10 connections. The drop is 1,000 users at once, 8,668 claims
for 4,334 coupons, at one node with Redis and MariaDB.

What counts is the time from a claim to its verdict. Who was told at once had it with the reply. Who
was told `queued` had it when his coupon was made, or, without one, when the last was.
"""

import json
import statistics
import subprocess
import time

import harness
import nodes
from harness import BINARY, ROUNDS, median, scratch, table
from support.api import Api
from support.times import parse
from support.wait import until

SEED = {"mode": "paced", "pace": {"batch": 100, "tick_ms": 1000}}
STOCK = 4334


def drop(stack, campaign, out):
    """-> the attempts, in nanoseconds of the clock that coupons have"""
    history = f"{out}/{campaign}.ndjson"
    to_wall = time.time_ns() - time.monotonic_ns()
    subprocess.run([BINARY, "load", "--url", stack.url, "--campaign", campaign, "--vus", "1000",
                    "--requests", "8668", "--history", history, "--out", f"{out}/{campaign}"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={"FIRSTCOME_ISSUE_KEY": stack.issue_key})
    attempts = [json.loads(line) for line in open(history)]
    for one in attempts:
        one["sent_ns"] += to_wall
        one["got_ns"] += to_wall
    return attempts


def verdict_s(stack, campaign, attempts):
    """-> seconds from each claim to its verdict"""
    with Api(stack.nodes[0].address, stack.admin_key) as api:
        until(lambda: api.issued(campaign) == STOCK, "all coupons to be given", deadline_s=120)
        coupons = api.all_coupons(campaign)
    given = {one["user"]: parse(one["issued_at"]).timestamp() for one in coupons}
    last = max(given.values())

    def verdict_at(attempt):
        if attempt["outcome"] == "queued":
            return given.get(attempt["user"], last)
        return attempt["got_ns"] / 1e9

    return [verdict_at(one) - one["sent_ns"] / 1e9 for one in attempts]


def run(stack, number, kind, settings, out):
    campaign = f"{kind}-{number}"
    stack.campaign(campaign, stock=STOCK, **settings)
    return verdict_s(stack, campaign, drop(stack, campaign, out))


def p95(spans):
    return statistics.quantiles(spans, n=20)[-1]


def main():
    harness.prepare()
    runs = {"seed": [], "instant": []}
    with scratch() as out, nodes.stack(options="?pool=10") as stack:
        run(stack, 0, "warm", {}, out)
        for number in range(ROUNDS):
            runs["seed"].append(run(stack, number, "paced", SEED, out))
            runs["instant"].append(run(stack, number, "instant", {}, out))
    ratio = median(p95(seed) / p95(ours) for seed, ours in zip(runs["seed"], runs["instant"]))
    rows = [(name, *(f"{median(figure(spans) for spans in runs[kind]) * 1e3:,.0f}"
                     for figure in (statistics.fmean, p95, max)))
            for kind, name in (("seed", "paced: 100 a second"), ("instant", "instant"))]
    table(f"drop-8668 until the verdict; p95 of instant is {ratio:,.0f} times better",
          ["", "average, ms", "p95, ms", "slowest, ms"], rows)


if __name__ == "__main__":
    main()
