"""The scripts that write down that claims wait, or take them out instead, on a real Redis."""

from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "src/queue/redis"
KEEP = (SCRIPTS / "keep.lua").read_text()
FETCH = (SCRIPTS / "fetch.lua").read_text()
WITHDRAW = (SCRIPTS / "withdraw.lua").read_text()
QUEUED = "1"  # as in src/core/outcome.hpp


def keys(name, *last):
    return [f"{name}:{key}" for key in ("claims", "meta", *last)]


def put(server, name, **tickets):
    for user, ticket in tickets.items():
        server.call("ZADD", f"{name}:claims", ticket, f"{user}\0")


def withdraw(server, name, by=7, **tickets):
    """-> a character a claim: 1 it is out"""
    claims = [f"{user}\0" for user in tickets]
    return server.call("EVAL", WITHDRAW, 3, *keys(name, "also"), by, *claims, *tickets.values())


def fetch(server, name, by, held=0, behind=0, most=10):
    """-> the users"""
    reply = server.call("EVAL", FETCH, 2, *keys(name), by, held, behind, most)
    return [claim.removesuffix("\0") for claim in reply[::2]]


def test_what_waits_is_kept_with_its_ticket_and_place(server):
    put(server, "keep", ann=11)
    server.call("ZADD", "keep:claims", 12, "bob\0the-key")
    claims = ["bob\0the-key", "ann\0", "gone\0"]
    assert server.call("EVAL", KEEP, 3, *keys("keep", "kept"), 60_000, QUEUED, *claims) == \
        ["12", "1", "11", "0", "", ""]
    assert server.call("HGET", "keep:meta", "kept") == "12", "the newest"
    assert server.call("HGETALL", "keep:kept") == ["bob", QUEUED + "12\0the-key"], \
        "ann's claim is found by her name"
    assert all(0 < server.call("PTTL", key) <= 60_000 for key in keys("keep", "kept"))


def test_what_nobody_was_told_to_wait_for_is_taken_out(server):
    put(server, "out", ann=11, bob=12)
    assert withdraw(server, "out", ann=11, gone=12) == "10"
    assert server.call("ZRANGE", "out:claims", 0, -1) == ["bob\0"]


def test_what_stands_under_another_ticket_stays(server):
    """It has come anew since, perhaps from another server."""
    put(server, "anew", ann=21)
    assert withdraw(server, "anew", ann=11) == "0"
    assert server.call("ZRANGE", "anew:claims", 0, -1) == ["ann\0"]


def test_what_may_have_been_kept_stays(server):
    put(server, "stay", ann=11, bob=12, cid=13)
    server.call("HSET", "stay:meta", "kept", 12)
    assert withdraw(server, "stay", ann=11, bob=12, cid=13) == "001"
    assert server.call("ZRANGE", "stay:claims", 0, -1) == ["ann\0", "bob\0"]


def test_what_another_server_has_sent_too_stays(server):
    put(server, "two", ann=11, bob=12)
    server.call("HSET", "two:also", "bob\0", "7 ")
    assert withdraw(server, "two", ann=11, bob=12) == "10"
    assert server.call("HGETALL", "two:also") == ["bob\0", "7 "]


def test_what_another_server_has_fetched_stays_until_it_is_put_back(server):
    put(server, "held", ann=1_763_850_000_000_011, bob=1_763_850_000_000_012)
    server.call("HSET", "held:meta", "ticket", 1_763_850_000_000_012)
    assert fetch(server, "held", by=9, most=1) == ["ann"]
    assert withdraw(server, "held", ann=1_763_850_000_000_011) == "0"
    assert withdraw(server, "held", bob=1_763_850_000_000_012) == "1"
    assert fetch(server, "held", by=9, most=0) == []
    assert server.call("HGETALL", "held:meta") == ["ticket", "1763850000000012"]
    assert withdraw(server, "held", ann=1_763_850_000_000_011) == "1"


def test_what_a_server_holds_itself_is_its_own_to_know(server):
    put(server, "own", ann=11)
    server.call("HSET", "own:meta", "ticket", 11)
    assert fetch(server, "own", by=7) == ["ann"]
    assert withdraw(server, "own", by=7, ann=11) == "1"


def test_who_fetches_more_still_holds_what_came_before(server):
    put(server, "more", ann=11, bob=12, cid=13)
    server.call("HSET", "more:meta", "ticket", 13)

    def held():
        return server.call("HGET", "more:meta", "held:9")

    assert fetch(server, "more", by=9, behind=11, most=1) == ["bob"] and held() == "12"
    assert fetch(server, "more", by=9, held=12, most=1) == ["ann"] and held() == "12"
    assert fetch(server, "more", by=9, held=11, most=0) == [] and held() == "11"


def test_nothing_is_written_down_where_there_is_no_queue(server):
    """A key that nothing ends would stay for ever."""
    assert fetch(server, "none", by=9, held=11) == []
    assert server.call("KEYS", "none:*") == []
