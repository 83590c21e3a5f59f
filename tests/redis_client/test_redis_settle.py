"""The script that takes decided claims out of the queue, on a real Redis."""

from pathlib import Path

import pytest

SETTLE = (Path(__file__).resolve().parents[2] / "src/queue/redis/settle.lua").read_text()
ISSUED, SOLD_OUT, PAUSED = "0", "2", "6"  # as in src/core/outcome.hpp
NEVER = ""


class Campaign:
    """Its keys; `kept` is the newest ticket of a kept claim."""

    def __init__(self, server, name, kept=0, **tickets):
        self._server = server
        self._keys = [f"{name}:{key}" for key in ("claims", "meta", "kept", "also")]
        for user, ticket in tickets.items():
            self.put(user, ticket)
        if kept:
            server.call("HSET", self._keys[1], "kept", kept)

    def put(self, user, ticket):
        self._server.call("ZADD", self._keys[0], ticket, f"{user}\0")

    def settle(self, outcomes, to_stay=PAUSED, **tickets):
        """-> the numbers of those that stay"""
        staying, self.also = self._server.call(
            "EVAL", SETTLE, 4, *self._keys, 60_000, "01", to_stay, outcomes,
            *[f"{user}\0" for user in tickets], *tickets.values())
        return staying

    def sent_also_by(self, user, servers):
        self._server.call("HSET", self._keys[3], f"{user}\0", servers)

    def waiting(self):
        return [claim.rstrip("\0") for claim in self._server.call("ZRANGE", self._keys[0], 0, -1)]

    def ended(self, user):
        """-> the outcome that is written down"""
        entry = self._server.call("HGET", self._keys[2], user)
        return entry and entry[0]


@pytest.fixture
def campaign(server, request):
    return lambda **settings: Campaign(server, request.node.name, **settings)


def test_what_is_decided_leaves_the_queue(campaign):
    one = campaign(ann=11, bob=12, cid=13)
    assert one.settle(ISSUED + SOLD_OUT, ann=11, bob=12) == []
    assert one.waiting() == ["cid"]
    assert one.ended("bob") is None, "he was told nothing before"


def test_a_claim_that_came_anew_stays_though_one_like_it_is_decided(campaign):
    """It has another ticket: what was decided was an earlier one, and this one waits for its own
    verdict."""
    one = campaign(kept=99, ann=11, bob=12)
    assert one.settle(ISSUED + SOLD_OUT, ann=7, bob=12) == []
    assert one.waiting() == ["ann"]
    assert one.settle(SOLD_OUT, ann=12) == []
    assert one.waiting() == ["ann"]
    assert one.ended("ann") is None
    assert one.settle(SOLD_OUT, ann=11) == []
    assert one.waiting() == []


def test_who_else_has_sent_what_is_decided_is_told_once(campaign):
    one = campaign(ann=11, bob=12, cid=13)
    one.sent_also_by("bob", "7 8 ")
    one.sent_also_by("cid", "9 ")
    one.settle(ISSUED + SOLD_OUT, ann=11, bob=12)
    assert one.also == ["bob\0", "7 8 "]
    one.put("bob", 14)
    one.settle(SOLD_OUT, bob=14)
    assert one.also == []


def test_what_is_settled_twice_stays_away(campaign):
    one = campaign(ann=11)
    for _ in range(2):
        assert one.settle(SOLD_OUT, ann=11) == []
    assert one.waiting() == []


def test_how_a_kept_claim_ended_is_written_down_where_the_ledger_does_not_know(campaign):
    one = campaign(kept=12, ann=11, bob=12, cid=13)
    assert one.settle(ISSUED + SOLD_OUT + SOLD_OUT, ann=11, bob=12, cid=13) == []
    assert [one.ended(user) for user in ("ann", "bob", "cid")] == [None, SOLD_OUT, None]


def test_a_kept_claim_stays_through_a_pause(campaign):
    one = campaign(kept=12, ann=11, bob=12, cid=13)
    assert one.settle(SOLD_OUT + PAUSED + PAUSED, ann=11, bob=12, cid=13) == [2]
    assert one.waiting() == ["bob"], "cid was never told to wait"
    assert one.ended("bob") is None
    assert one.settle(PAUSED, to_stay=NEVER, bob=12) == []
    assert one.waiting() == []
    assert one.ended("bob") == PAUSED
