"""The script that puts claims into the queue, on a real Redis: tickets, and who else waits."""

from pathlib import Path

ENQUEUE = (Path(__file__).resolve().parents[2] / "src/queue/redis/enqueue.lua").read_text()


def send(server, name, sender, *users, waiting_max=0, again=False, behind=""):
    """-> the first new ticket, a character a claim, tickets of those that were there"""
    keys = [f"{name}:{key}" for key in ("claims", "meta", "also")]
    claims = [f"{user}\0" for user in users]
    reply = server.call("EVAL", ENQUEUE, 3, *keys, 60_000, waiting_max, sender,
                        "1" if again else "", "", "", behind, 10, *claims)
    return int(reply[1]), reply[2], list(map(int, reply[3]))


def enqueue(server, name, sender, *users, again=False):
    """-> a character a claim"""
    return send(server, name, sender, *users, again=again)[1]


def queue(server, name):
    """-> {user: ticket}, in order"""
    all_claims = server.call("ZRANGE", f"{name}:claims", 0, -1, "WITHSCORES")
    return {claim.removesuffix("\0"): int(ticket)
            for claim, ticket in zip(all_claims[::2], all_claims[1::2])}


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
    assert enqueue(server, "again", 17, "ann", again=True) == "0"
    assert who_else(server, "again") == []


def test_new_tickets_go_on_without_gaps_around_who_waits_already(server):
    ann, _, _ = send(server, "gaps", 17, "ann")
    first, flags, known = send(server, "gaps", 17, "bob", "ann", "cid", "bob", "dan")
    assert flags == "10101"
    assert known == [ann, first]
    assert first > ann
    assert queue(server, "gaps") == {"ann": ann, "bob": first, "cid": first + 1, "dan": first + 2}
    last = server.call("HGET", "gaps:meta", "ticket")
    assert int(last) == first + 2


def test_a_full_queue_refuses_who_is_new_and_knows_who_waits(server):
    ann, _, _ = send(server, "full", 17, "ann")
    first, flags, known = send(server, "full", 17, "bob", "cid", "ann", "dan", "bob", waiting_max=3)
    assert flags == "11020"
    assert known == [ann, first]
    assert list(queue(server, "full")) == ["ann", "bob", "cid"]
    _, flags, known = send(server, "full", 17, "dan", "cid", waiting_max=3)
    assert (flags, known) == ("20", [first + 1])


def test_a_thousand_claims_are_one_call(server):
    users = [f"user-{number}" for number in range(1000)]
    first, flags, _ = send(server, "many", 17, *users)
    assert flags == "1" * 1000
    assert queue(server, "many") == {user: first + at for at, user in enumerate(users)}


def test_who_fetches_with_what_he_sends_holds_both(server):
    send(server, "held", 7, "ann")
    assert server.call("HGET", "held:meta", "held:7") is None
    bob, _, _ = send(server, "held", 17, "bob", behind="0")
    assert server.call("HGET", "held:meta", "held:17") == str(bob)
