"""The script that puts claims into the queue, on a real Redis: who else waits for them."""

from pathlib import Path

ENQUEUE = (Path(__file__).resolve().parents[2] / "src/queue/redis/enqueue.lua").read_text()
AGAIN = ""  # in place of the server, by one that has sent the claim before


def enqueue(server, name, sender, *users):
    """-> a character a claim"""
    keys = [f"{name}:{key}" for key in ("claims", "meta", "also")]
    reply = server.call("EVAL", ENQUEUE, 3, *keys, 60_000, 0, sender, "", "", "", 10,
                        *[f"{user}\0" for user in users])
    return reply[2]


def who_else(server, name):
    return server.call("HGETALL", f"{name}:also")


def test_a_second_server_is_written_down_and_the_first_is_not(server):
    assert enqueue(server, "second", 17, "ann", "bob") == "11"
    assert who_else(server, "second") == []
    assert enqueue(server, "second", 7, "ann") == "0"
    assert enqueue(server, "second", 7, "ann") == "0"
    assert who_else(server, "second") == ["ann\0", "7 "]
    assert enqueue(server, "second", 17, "ann") == "0"
    assert who_else(server, "second") == ["ann\0", "7 17 "], "7 is no part of 17"


def test_what_is_sent_again_costs_no_further_memory(server):
    assert enqueue(server, "again", 17, "ann") == "1"
    assert enqueue(server, "again", AGAIN, "ann") == "0"
    assert who_else(server, "again") == []
