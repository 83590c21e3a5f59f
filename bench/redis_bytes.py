#!/usr/bin/env python3
"""How many bytes a waiting claim takes in Redis. MariaDB is away, so claims are answered 202 and
wait there; wrk sends them until there are some 100,000. Afterwards MariaDB comes back, and what is
left when all have their coupons is looked at, too.
"""

import harness
import nodes
from harness import table, wrk
from support.wait import until

CONNECTIONS, SECONDS = 8000, 16
# So that a user has about as many bytes: 12, and 36 as a UUID has.
PREFIXES = {"users of some 12 bytes": "r", "users of some 36 bytes": "r" * 25}


def used(redis):
    lines = redis.call("INFO", "memory").splitlines()
    return next(int(line.split(":")[1]) for line in lines if line.startswith("used_memory:"))


def claims_that_wait(redis):
    return sum(redis.call("ZCARD", key) for key in redis.call("KEYS", "fc:*:claims"))


def without_an_end(redis):
    return sum(redis.call("PTTL", key) < 0 for key in redis.call("KEYS", "*"))


def fill_queue(stack, prefix):
    stack.mariadb.kill()
    result = wrk(stack.url, stack.issue_key, connections=CONNECTIONS, seconds=SECONDS,
                 prefix=prefix, timeout_s=30)
    if result.refused:
        raise SystemExit(f"{result.refused} claims were refused")


def measure(prefix):
    """-> claims that wait, bytes of one, keys that would stay, keys when all are issued"""
    with nodes.stack() as stack, stack.redis.connect(timeout_s=60) as redis:
        stack.campaign("big", stock=1_000_000_000)
        before = used(redis)
        try:
            fill_queue(stack, prefix)
            claims = claims_that_wait(redis)
            figures = [f"{claims:,}", f"{(used(redis) - before) / claims:.0f}",
                       without_an_end(redis)]
        finally:
            stack.mariadb.start()
        until(lambda: claims_that_wait(redis) == 0, "the claims to be issued", deadline_s=120)
        return [*figures, redis.call("DBSIZE")]


def main():
    harness.prepare()
    table("Claims that wait in Redis",
          ["", "claims", "bytes a claim", "keys without a TTL", "keys when all are issued"],
          [(name, *measure(prefix)) for name, prefix in PREFIXES.items()])


if __name__ == "__main__":
    main()
