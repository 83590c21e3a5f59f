"""Several requests on one connection at once: each is answered, in the order in which it came."""

import threading

import pytest

from support.wire import LIVEZ, Wire, request_bytes


def test_ten_in_one_packet_are_answered_in_order(wire, claim_bytes, names):
    users = names.users(10)
    wire.send(b"".join(claim_bytes(user) for user in users))
    replies = [wire.reply() for _ in users]
    assert [reply.status for reply in replies] == [201] * 10
    assert [reply.json()["user"] for reply in replies] == users
    ranks = [reply.json()["rank"] for reply in replies]
    assert ranks == sorted(ranks), "in the order in which they were sent (promise 7)"


def test_quick_answers_do_not_overtake_slow_ones(wire, claim_bytes, names):
    """A refusal is known at once, a claim waits for the disk; the replies keep their order."""
    user = names.user()
    wire.send(claim_bytes(user) + LIVEZ + b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
              + claim_bytes(names.user()) + LIVEZ + claim_bytes(user))
    statuses = [wire.reply().status for _ in range(6)]
    assert statuses in ([201, 200, 404, 201, 200, 200],)


def test_the_same_claim_twice_in_one_packet_is_one_claim(wire, claim_bytes, names):
    """Promise 5."""
    user = names.user()
    wire.send(claim_bytes(user) * 5)
    replies = [wire.reply() for _ in range(5)]
    assert [reply.status for reply in replies] == [201, 200, 200, 200, 200]
    assert len({reply.json()["code"] for reply in replies}) == 1


@pytest.mark.bound_s(120)
def test_pipelined_requests_may_be_cut_at_every_byte(server, claim_bytes, names):
    user = names.user()
    data = claim_bytes(user) + LIVEZ + claim_bytes(user)
    with Wire(server.address) as wire:
        wire.send(claim_bytes(user))
        assert wire.reply().status == 201
    for at in range(1, len(data)):
        with Wire(server.address) as wire:
            wire.send(data[:at])
            # The first part is read before the second comes whenever it holds a whole request;
            # otherwise the kernel may join them, which is the other case worth having.
            first = [wire.reply()] if at >= len(claim_bytes(user)) else []
            wire.send(data[at:])
            replies = first + [wire.reply() for _ in range(3 - len(first))]
            assert [reply.status for reply in replies] == [200, 200, 200], at


def test_a_request_byte_by_byte(wire, claim_bytes, names):
    for byte in claim_bytes(names.user()):
        wire.send(bytes([byte]))
    assert wire.reply().status == 201


def test_a_thousand_in_one_stream(wire, claim_bytes, names):
    """More than any buffer holds: the server reads on as it answers, and keeps the order."""
    users = names.users(1000)
    received = []
    sender = threading.Thread(
        target=lambda: wire.send_while_open(b"".join(claim_bytes(user) for user in users)))
    sender.start()
    for _ in users:
        received.append(wire.reply())
    sender.join(20)
    assert [reply.json()["user"] for reply in received] == users
    assert [reply.status for reply in received] == [201] * 1000


@pytest.mark.parametrize("path", ["/livez", "/nothing", "/openapi.json"])
@pytest.mark.parametrize("count", [300, 1000, 1450, 5000])
def test_a_flood_that_then_waits_is_answered_to_the_last(wire, path, count):
    """The client sends nothing more to wake the server up: what it has read it must answer."""
    request = f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    sender = threading.Thread(target=lambda: wire.send_while_open(request * count))
    sender.start()
    statuses = {wire.reply().status for _ in range(count)}
    sender.join(20)
    assert statuses == {404 if path == "/nothing" else 200}


def test_a_request_after_a_refused_one_is_not_lost(wire):
    wire.send(b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" + LIVEZ)
    assert [wire.reply().status, wire.reply().status] == [404, 200]


def test_what_follows_a_close_is_not_answered(wire, claim_bytes, admin, campaign, names):
    """RFC 9112, 9.6."""
    wire.send(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
              + claim_bytes(names.user()))
    assert wire.reply().status == 200
    assert wire.is_closed()
    assert admin.issued(campaign) == 0


def test_garbage_after_a_request_is_refused_after_its_answer(wire, claim_bytes, names):
    wire.send(claim_bytes(names.user()) + b"\x01\x02garbage\r\n\r\n")
    assert wire.reply().status == 201
    assert wire.reply().status == 400
    assert wire.is_closed()


def test_a_body_on_get_is_read_over(wire):
    wire.send(request_bytes("GET", "/livez", [("Content-Length", "5")], b"hello") + LIVEZ)
    first = wire.reply()
    assert first.status in (200, 400)
    if first.status == 200:
        assert wire.reply().status == 200
