"""A connection's life: kept, closed when one says so, and left by clients in every way."""

import json
import socket
import struct

import pytest

from support.api import path_of
from support.wire import LIVEZ, Closed, Wire, request_bytes


def test_a_connection_is_kept_alive(wire, claim_bytes, names):
    for user in names.users(20):
        wire.send(claim_bytes(user))
        assert wire.reply().status == 201


def test_connection_close_is_obeyed(wire):
    wire.send(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    reply = wire.reply()
    assert reply.status == 200
    assert reply.headers["Connection"].lower() == "close"
    assert wire.is_closed()


def test_http_1_0_is_answered_and_closed(wire):
    wire.send(b"GET /livez HTTP/1.0\r\n\r\n")
    assert wire.reply().status == 200
    assert wire.is_closed()


def test_http_1_0_may_ask_to_keep_alive(wire):
    """The server may close all the same, but says which."""
    wire.send(b"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    reply = wire.reply()
    assert reply.status == 200
    if (reply.headers["Connection"] or "").lower() == "keep-alive":
        wire.send(b"GET /livez HTTP/1.0\r\n\r\n")
        assert wire.reply().status == 200
    assert wire.is_closed()


def test_an_error_of_the_asker_keeps_the_connection(wire, claim_bytes, server, campaign, names):
    """Only a message whose end is in doubt costs the connection."""
    path = path_of("campaigns", campaign, "claims")
    key = [("Authorization", f"Bearer {server.issue_key}")]
    for data, status in [
        (b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (request_bytes("POST", path, key, b"{"), 400),
        (request_bytes("POST", path, (), b'{"user": "u"}'), 401),
        (request_bytes("DELETE", path, key), 405),
        (request_bytes("POST", path, [*key, ("Content-Type", "text/plain")], b"hello"), 415),
    ]:
        wire.send(data)
        assert wire.reply().status == status
    wire.send(claim_bytes(names.user()))
    assert wire.reply().status == 201


def test_empty_lines_before_a_request_are_skipped(wire):
    """RFC 9112, 2.2."""
    wire.send(b"\r\n" + LIVEZ)
    assert wire.reply().status in (200, 400)


def test_head_sends_no_body_and_stays_in_step(wire):
    wire.send(b"HEAD /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" + LIVEZ)
    head = wire.reply(head_only=True)
    assert head.status == 200
    assert int(head.headers["Content-Length"]) > 0
    assert wire.reply().status == 200


# Who goes, and who waits

def test_expect_100_continue_is_answered_before_the_body(wire, names, claim_head):
    """RFC 9110, 10.1.1."""
    body = json.dumps({"user": names.user()}).encode()
    head = claim_head(("Expect", "100-continue"), ("Content-Length", str(len(body))))
    wire.send(head)
    assert wire.reply().status == 100
    wire.send(body)
    assert wire.reply().status == 201


def test_expect_100_continue_of_a_body_that_is_too_large_is_refused_at_once(wire, claim_head):
    head = claim_head(("Expect", "100-continue"), ("Content-Length", "70000"))
    wire.send(head)
    assert wire.reply().status == 413


def test_expect_with_the_body_at_once_gets_one_final_answer(claim_bytes, names, wire):
    wire.send(claim_bytes(names.user(), [("Expect", "100-continue")]) + LIVEZ)
    reply = wire.reply()
    if reply.status == 100:
        reply = wire.reply()
    assert reply.status == 201
    assert wire.reply().status == 200


def test_who_closes_his_half_after_sending_is_answered(wire, claim_bytes, names):
    wire.send(claim_bytes(names.user())).half_close()
    assert wire.reply().status == 201
    assert wire.is_closed()


def test_who_closes_his_half_after_several_is_answered_all(wire, claim_bytes, names):
    users = names.users(200)
    wire.send(b"".join(claim_bytes(user) for user in users)).half_close()
    assert [wire.reply().json()["user"] for _ in users] == users
    assert wire.is_closed()


def test_who_closes_his_half_in_the_middle_of_a_request_is_closed(wire, claim_bytes, names, admin,
                                                                  campaign):
    wire.send(claim_bytes(names.user())[:-3]).half_close()
    try:
        assert wire.reply().status == 400
    except Closed as closed:
        assert closed.rest == b""
    else:
        assert wire.is_closed()
    assert admin.issued(campaign) == 0


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
def test_who_goes_before_the_reply_harms_nobody(server, admin, issue, claim_bytes, campaign, names,
                                                reset):
    """Promises 4 and 5: the claim may have been issued or not; asked again, it is, once."""
    users = names.users(30)
    for user in users:
        wire = Wire(server.address)
        wire.send(claim_bytes(user))
        if reset:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.close()
    for user in users:
        assert issue.claim(campaign, user).status in (200, 201)
    assert admin.issued(campaign) == 30
    assert sorted(c["user"] for c in admin.all_coupons(campaign)) == sorted(users)


def test_who_goes_in_the_middle_of_a_pipeline_harms_nobody(server, admin, issue, claim_bytes,
                                                           campaign, names):
    users = names.users(40)
    with Wire(server.address) as wire:
        wire.send(b"".join(claim_bytes(user) for user in users))
        wire.reply()
    for user in users:
        assert issue.claim(campaign, user).status in (200, 201)
    assert admin.issued(campaign) == 40


def test_who_never_reads_stops_nobody_else(server, issue, campaign, names):
    """His replies fill his own window, not the server's memory or time."""
    deaf = Wire(server.address)
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    deaf.socket.setblocking(False)
    request = b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n"
    sent = 0
    try:
        while sent < 4_000_000:
            sent += deaf.socket.send(request * 100)
    except (BlockingIOError, ConnectionError):
        pass  # the server does not read on, or has closed: both keep it safe
    assert issue.claim(campaign, names.user()).status == 201
    deaf.close()
