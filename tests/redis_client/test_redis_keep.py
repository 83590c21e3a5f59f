"""The script that writes down that claims wait, on a real Redis."""

from pathlib import Path

KEEP = (Path(__file__).resolve().parents[2] / "src/queue/redis/keep.lua").read_text()
QUEUED = "1"  # as in src/core/outcome.hpp


def test_what_waits_is_kept_with_its_ticket_and_place(server):
    keys = [f"keep:{key}" for key in ("claims", "meta", "kept")]
    for ticket, claim in [(11, "ann\0"), (12, "bob\0the-key")]:
        server.call("ZADD", keys[0], ticket, claim)
    claims = ["bob\0the-key", "ann\0", "gone\0"]
    assert server.call("EVAL", KEEP, 3, *keys, 60_000, QUEUED, *claims) == \
        ["12", "1", "11", "0", "", ""]
    assert server.call("HGET", keys[1], "kept") == "12", "the newest"
    assert server.call("HGETALL", keys[2]) == ["bob", QUEUED + "12\0the-key"], \
        "ann's claim is found by her name"
    assert all(0 < server.call("PTTL", key) <= 60_000 for key in keys)
