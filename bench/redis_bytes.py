#!/usr/bin/env python3
"""How many bytes a waiting claim takes in Redis, and what is left of a campaign after its time.

The claims are put there by the script that firstcome puts them there with, a thousand a call, as a
server does under load while the ledger stands still.
"""

import contextlib
import uuid

import harness
from harness import ROOT, table
from nodes import RedisServer
from support.wait import until

SCRIPT = (ROOT / "src/queue/redis/enqueue.lua").read_text()
CLAIMS, A_CALL = 100_000, 1000
HOUR_MS, SHORT_MS = 3_600_000, 2000


def uuid_of(number):
    return str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128))


# As src/queue/redis/redis_post.cpp writes a claim: user, 0, Idempotency-Key.
KINDS = {"user of 10 bytes": lambda n: f"user{n:06}\0",
         "user of 36 bytes (a UUID)": lambda n: f"{uuid_of(n)}\0",
         "user and Idempotency-Key of 36 bytes": lambda n: f"{uuid_of(n)}\0{uuid_of(~n)}"}


def enqueue(redis, campaign, claims, ttl_ms):
    keys = [f"fc:{{bench.{campaign}}}:{what}" for what in ("claims", "meta")]
    for at in range(0, len(claims), A_CALL):
        redis.call("EVAL", SCRIPT, 2, *keys, ttl_ms, 2 * CLAIMS, "", "", *claims[at:at + A_CALL])


def used(redis):
    for line in redis.call("INFO", "memory").splitlines():
        if line.startswith("used_memory:"):
            return int(line.split(":")[1])
    raise SystemExit("Redis says nothing of its memory")


def bytes_a_claim(redis, campaign, claim_of):
    before = used(redis)
    enqueue(redis, campaign, [claim_of(n) for n in range(CLAIMS)], HOUR_MS)
    taken = used(redis) - before
    if redis.call("ZCARD", f"fc:{{bench.{campaign}}}:claims") != CLAIMS:
        raise SystemExit("not all claims are there")
    return taken / CLAIMS


def keys_after_their_time(redis):
    redis.call("FLUSHALL")
    enqueue(redis, 99, [f"user{n:06}\0" for n in range(CLAIMS)], SHORT_MS)
    until(lambda: redis.call("DBSIZE") == 0, "the keys to go", deadline_s=60)
    return redis.call("DBSIZE")


def main():
    harness.prepare()
    with contextlib.ExitStack() as cleanup:
        server = cleanup.enter_context(RedisServer())
        redis = cleanup.enter_context(server.connect(timeout_s=60))
        redis.call("EVAL", "return 1", 0)  # what its first script costs is no claim's
        rows = [(f"bytes a claim, {name}", f"{bytes_a_claim(redis, number, claim_of):.0f}")
                for number, (name, claim_of) in enumerate(KINDS.items(), 1)]
        rows.append(("keys after their time", keys_after_their_time(redis)))
    table(f"{CLAIMS:,} claims that wait in Redis", ["what", "result"], rows)


if __name__ == "__main__":
    main()
