"""The scripts that write down that claims wait, or take them out instead, on a real Redis."""

from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "src/queue/redis"
KEEP = (SCRIPTS / "keep.lua").read_text()
WITHDRAW = (SCRIPTS / "withdraw.lua").read_text()
QUEUED = "1"  # as in src/core/outcome.hpp


def keys(name, *last):
    return [f"{name}:{key}" for key in ("claims", "meta", *last)]


def put(server, name, **tickets):
    for user, ticket in tickets.items():
        server.call("ZADD", f"{name}:claims", ticket, f"{user}\0")


def withdraw(server, name, *users):
    """-> {user: (ticket, whether it is out)}"""
    reply = server.call("EVAL", WITHDRAW, 3, *keys(name, "also"), *[f"{user}\0" for user in users])
    return dict(zip(users, zip(reply[::2], reply[1::2])))


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
    assert withdraw(server, "out", "ann", "gone") == {"ann": ("11", 1), "gone": ("", 0)}
    assert server.call("ZRANGE", "out:claims", 0, -1) == ["bob\0"]


def test_what_may_have_been_kept_stays(server):
    put(server, "stay", ann=11, bob=12, cid=13)
    server.call("HSET", "stay:meta", "kept", 12)
    assert withdraw(server, "stay", "ann", "bob", "cid") == \
        {"ann": ("11", 0), "bob": ("12", 0), "cid": ("13", 1)}
    assert server.call("ZRANGE", "stay:claims", 0, -1) == ["ann\0", "bob\0"]


def test_what_another_server_has_sent_too_stays(server):
    put(server, "two", ann=11, bob=12)
    server.call("HSET", "two:also", "bob\0", "7 ")
    assert withdraw(server, "two", "ann", "bob") == {"ann": ("11", 1), "bob": ("12", 0)}
    assert server.call("HGETALL", "two:also") == ["bob\0", "7 "]
