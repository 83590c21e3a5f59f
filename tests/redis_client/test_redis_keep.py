"""The script that writes down that claims wait, on a real Redis."""

from pathlib import Path

KEEP = (Path(__file__).resolve().parents[2] / "src/queue/redis/keep.lua").read_text()
QUEUED = "1"  # as in src/core/outcome.hpp


def keys(name):
    return [f"{name}:{key}" for key in ("claims", "meta", "kept")]


def put(server, name, **tickets):
    for user, ticket in tickets.items():
        server.call("ZADD", f"{name}:claims", ticket, f"{user}\0key-of-{user}")


def keep(server, name, *users, none_new=False):
    """-> of each its ticket and how many stand before it, None where it is not kept"""
    claims = [f"{user}\0key-of-{user}" for user in users]
    reply = server.call("EVAL", KEEP, 3, *keys(name), 60_000, QUEUED, int(none_new), *claims)
    return [(int(ticket), int(before)) if ticket else None
            for ticket, before in zip(reply[::2], reply[1::2])]


def newest(server, name):
    return server.call("HGET", f"{name}:meta", "kept")


def kept_users(server, name):
    return sorted(server.call("HKEYS", f"{name}:kept"))


def test_what_waits_is_kept_with_its_ticket_and_place(server):
    put(server, "keep", ann=11, bob=12)
    assert keep(server, "keep", "bob", "ann", "gone") == [(12, 1), (11, 0), None]
    assert newest(server, "keep") == "12"
    assert server.call("HGET", "keep:kept", "bob") == QUEUED + "12\0key-of-bob"
    assert kept_users(server, "keep") == ["ann", "bob"]
    for key in keys("keep"):
        assert 0 < server.call("PTTL", key) <= 60_000


def test_where_no_further_ones_are_to_wait_those_kept_before_go_on(server):
    put(server, "pause", ann=11, bob=12, cid=13)
    keep(server, "pause", "bob")
    assert keep(server, "pause", "ann", "bob", "cid", none_new=True) == [(11, 0), (12, 1), None]
    assert newest(server, "pause") == "12"
    assert kept_users(server, "pause") == ["ann", "bob"], "cid is to hear that it is paused"


def test_where_none_was_kept_before_none_is(server):
    put(server, "none", ann=11)
    assert keep(server, "none", "ann", none_new=True) == [None]
    assert newest(server, "none") == "0"
    assert kept_users(server, "none") == []
