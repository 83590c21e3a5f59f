"""HTTP/1.1 as bytes: what a proxy, a poor client or an attacker sends. The server answers or
closes, stays in step, and never takes one request for two (RFC 9110, RFC 9112)."""

import json
import os
import random
import socket
import struct
import threading

import pytest

from support.api import path_of
from support.wait import until
from support.wire import Closed, Wire, chunked, request_bytes

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def wire(server):
    with Wire(server.address) as wire:
        yield wire


@pytest.fixture
def campaign(admin, names):
    name = names.campaign("wire")
    assert admin.put_campaign(name, stock=1000).status == 201
    return name


@pytest.fixture
def claim_bytes(server, campaign):
    """claim_bytes(user, headers=...) -> the bytes of a claim"""

    def make(user, headers=(), **options):
        return request_bytes("POST", path_of("campaigns", campaign, "claims"),
                             [("Authorization", f"Bearer {server.issue_key}"), *headers],
                             json.dumps({"user": user}).encode(), **options)

    return make


def issued(admin, campaign):
    return admin.campaign(campaign).json()["issued"]


def assert_refused_and_closed(wire, data, status, code=None):
    """The refusal comes whole, then the connection ends: what follows a message whose end nobody
    knows must not be read as a request."""
    wire.send_while_open(data)
    reply = wire.reply()
    assert reply.status == status, reply
    assert reply.headers["Connection"].lower() == "close"
    if code:
        assert reply.code == code
    else:
        reply.problem()
    assert wire.is_closed()


# Who cannot be understood

@pytest.mark.parametrize("data", [
    b"\x00" * 64 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x55" * 200 + b"\r\n\r\n",
    b"garbage\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /livez\r\n\r\n",
    b"GET /livez HTTP/1.1 x\r\nHost: a\r\n\r\n",
    b"GET  /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /li vez HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET livez HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /livez HTTP/1.1\nHost a\r\n\r\n",
    b"GET /livez\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /livez HTTQ/1.1\r\nHost: a\r\n\r\n",
    b"G\xc3\xa9T /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    b"(GET) /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: a\r\n: no name\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: a\r\nspace before : colon\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost : a\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: a\r\nx: a\x00b\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: a\r\nx: a\rb\r\n\r\n",
    b"GET /livez HTTP/1.1\r\n folded: first\r\nHost: a\r\n\r\n",
], ids=["NUL", "TLS", "a word", "no target", "HTTP/0.9", "text after the version", "two spaces",
        "space in the target", "target without a slash", "header without a colon",
        "NUL in the target", "HTTQ", "method not ASCII", "method with brackets", "no colon",
        "no name", "space before the colon", "space after Host", "NUL in a value", "CR in a value",
        "begins folded"])
def test_what_is_no_request_is_refused_and_the_connection_closed(wire, data):
    assert_refused_and_closed(wire, data, 400)


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3.0", "HTTP/9.9",
                                     "HTTP/11.1", "http/1.1"])
def test_another_version_is_refused(wire, version):
    wire.send(f"GET /livez {version}\r\nHost: a\r\n\r\n".encode())
    reply = wire.reply()
    assert reply.status in (400, 505)
    assert wire.is_closed()


def test_the_preface_of_http_2_is_refused(wire):
    settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    wire.send_while_open(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings)
    assert wire.reply().status in (400, 505)
    assert wire.is_closed()


def test_methods_are_read_with_regard_to_case(wire):
    """RFC 9110, 9.1."""
    wire.send(b"get /livez HTTP/1.1\r\nHost: a\r\n\r\n")
    assert wire.reply().status in (400, 405, 501)


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "BREW", "PROPFIND", "X" * 300])
def test_a_method_that_nobody_has_is_refused(server, method):
    with Wire(server.address) as wire:
        wire.send(f"{method} /livez HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert wire.reply().status in (400, 405, 501)


def test_options_star_does_not_hang(wire):
    wire.send(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
    assert wire.reply().status < 500


def test_the_host_is_required_in_1_1(wire):
    """RFC 9112, 3.2."""
    assert_refused_and_closed(wire, b"GET /livez HTTP/1.1\r\n\r\n", 400)


def test_two_hosts_are_refused(wire):
    """RFC 9112, 3.2."""
    assert_refused_and_closed(wire, b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400)


def test_an_absolute_target_is_answered(wire):
    """RFC 9112, 3.2.2."""
    wire.send(b"GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert wire.reply().status in (200, 400)


# Where a message ends

SMUGGLED = b"POST /v1/campaigns/nothing/claims HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("lengths", [
    [("Content-Length", "15"), ("Transfer-Encoding", "chunked")],
    [("Transfer-Encoding", "chunked"), ("Content-Length", "15")],
    [("Content-Length", "15"), ("Content-Length", "16")],
    [("Content-Length", "15, 16")],
    [("Content-Length", "-1")],
    [("Content-Length", "+15")],
    [("Content-Length", "0x0f")],
    [("Content-Length", "15 16")],
    [("Content-Length", "1e1")],
    [("Content-Length", "")],
    [("Content-Length", "fifteen")],
    [("Content-Length", "18446744073709551631")],
    [("Content-Length", "99999999999999999999999999")],
    [("Transfer-Encoding", "xchunked")],
    [("Transfer-Encoding", "chunked, identity")],
    [("Transfer-Encoding", "identity")],
    [("Transfer-Encoding", "gzip")],
    [("Transfer-Encoding", "\x0bchunked")],
    [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")],
    [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "x")],
], ids=lambda lengths: " + ".join(f"{n[0]}L {v!r}"[:24] for n, v in lengths))
def test_an_ambiguous_length_is_refused_and_the_connection_closed(server, admin, campaign, wire,
                                                                  lengths):
    """RFC 9112, 6.3: what follows could be body or request, depending on whom one asks."""
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"), *lengths])
    wire.send_while_open(head + b'{"user": "abc"}' + SMUGGLED)
    reply = wire.reply()
    # 413 fits a length that is absurd, 501 a coding that nobody has (RFC 9112, 6.1).
    assert reply.status in (400, 413, 501), reply
    assert wire.is_closed()
    assert issued(admin, campaign) == 0


def test_the_same_length_twice_is_one_length_or_an_error(server, admin, campaign, wire, names,
                                                         claim_bytes):
    """RFC 9110, 8.6 lets the server choose."""
    size = str(len(json.dumps({"user": "abc"})))
    wire.send(claim_bytes("abc", [("Content-Length", size), ("Content-Length", size)]))
    assert wire.reply().status in (201, 400)


@pytest.mark.parametrize("method, path", [("POST", "/v1/campaigns/{c}/claims"),
                                          ("PUT", "/v1/campaigns/{c}"),
                                          ("PATCH", "/v1/campaigns/{c}")])
def test_a_body_needs_a_length(server, admin, campaign, wire, method, path):
    head = (f"{method} {path.replace('{c}', campaign)} HTTP/1.1\r\nHost: a\r\n"
            f"Authorization: Bearer {server.admin_key}\r\n"
            "Content-Type: application/json\r\n\r\n").encode()
    wire.send_while_open(head + b'{"stock": 9}')
    reply = wire.reply()
    assert reply.status == 411
    assert reply.code == "length_required"
    assert wire.is_closed()
    assert admin.campaign(campaign).json()["stock"] == 1000


@pytest.mark.parametrize("chunks", [
    [b'{"user": "abc"}'],
    [b'{"us', b'er": "a', b'bc"}'],
    [bytes([byte]) for byte in b'{"user": "abc"}'],
], ids=["one", "three", "a byte each"])
def test_a_chunked_body_is_read(server, campaign, wire, chunks):
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")])
    wire.send(head + chunked(*chunks))
    reply = wire.reply()
    assert reply.status == 201
    assert reply.json()["user"] == "abc"
    wire.send(LIVEZ)
    assert wire.reply().status == 200


@pytest.mark.parametrize("body", [
    b"x\r\n{}\r\n0\r\n\r\n",
    b"-2\r\n{}\r\n0\r\n\r\n",
    b"+2\r\n{}\r\n0\r\n\r\n",
    b"0x2\r\n{}\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    b"10000000000000002\r\n{}\r\n0\r\n\r\n",
    b"2\r\n{}x\r\n0\r\n\r\n",
    b"2\r\n{}\r\n\r\n\r\n",
    b"\r\n{}\r\n0\r\n\r\n",
], ids=["no number", "negative", "plus", "0x", "2^64-1", "beyond 2^64", "longer than said",
        "no last chunk", "no size"])
def test_a_broken_chunk_is_refused_and_the_connection_closed(server, admin, campaign, wire, body):
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")])
    wire.send_while_open(head + body + SMUGGLED)
    assert wire.reply().status in (400, 413)
    assert wire.is_closed()
    assert issued(admin, campaign) == 0


# Too much

def test_a_body_over_64_kib_is_refused_before_it_is_sent(server, campaign, wire):
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"), ("Content-Length", "65537")])
    assert_refused_and_closed(wire, head, 413, "body_too_large")


def test_a_body_over_64_kib_is_refused(server, admin, campaign, wire):
    body = b'{"user": "abc"}'.ljust(200_000)
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    wire.send_while_open(head + body)
    assert wire.reply().code == "body_too_large"
    assert issued(admin, campaign) == 0


@pytest.mark.parametrize("chunk", [b" " * 70_000, b" " * 16_384, b" " * 1000],
                         ids=["one chunk", "large chunks", "small chunks"])
def test_a_chunked_body_over_64_kib_is_refused(server, admin, campaign, wire, chunk):
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")])
    count = 70_000 // len(chunk) + 1
    wire.send_while_open(head + chunked(b'{"user": "abc"}', *[chunk] * count))
    reply = wire.reply()
    assert reply.status == 413
    assert reply.code == "body_too_large"
    assert wire.is_closed()
    assert issued(admin, campaign) == 0


def test_a_body_of_gigabytes_is_refused_at_its_head(server, campaign, wire):
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"),
                          ("Content-Length", "9223372036854775807")])
    assert_refused_and_closed(wire, head, 413, "body_too_large")


def test_ten_thousand_headers_are_refused_and_the_connection_closed(wire):
    head = b"GET /livez HTTP/1.1\r\nHost: a\r\n"
    head += b"".join(b"x%d: y\r\n" % number for number in range(10_000)) + b"\r\n"
    assert_refused_and_closed(wire, head, 400, "headers_too_large")


def test_a_header_of_100_kb_is_refused_and_the_connection_closed(wire):
    head = b"GET /livez HTTP/1.1\r\nHost: a\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"
    assert_refused_and_closed(wire, head, 400, "headers_too_large")


def test_headers_without_an_end_are_refused(wire):
    wire.send_while_open(b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"x: y\r\n" * 20_000)
    assert wire.reply().code == "headers_too_large"
    assert wire.is_closed()


def test_a_target_of_100_kb_is_refused_and_the_connection_closed(wire):
    wire.send_while_open(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert wire.reply().status in (400, 414)
    assert wire.is_closed()


def test_a_chunk_extension_without_an_end_is_refused(server, campaign, wire):
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")])
    wire.send_while_open(head + b"2;x=" + b"y" * 400_000)
    assert 400 <= wire.reply().status < 500
    assert wire.is_closed()


def test_trailers_without_an_end_are_refused(server, campaign, wire):
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")])
    wire.send_while_open(head + b"2\r\n{}\r\n0\r\n" + b"x: y\r\n" * 60_000)
    assert 400 <= wire.reply().status < 500
    assert wire.is_closed()


# Keeping the connection

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


# Several at once

def test_ten_in_one_packet_are_answered_in_order(wire, claim_bytes, names):
    users = names.users(10)
    wire.send(b"".join(claim_bytes(user) for user in users))
    replies = [wire.reply() for _ in users]
    assert [reply.status for reply in replies] == [201] * 10
    assert [reply.json()["user"] for reply in replies] == users
    ranks = [reply.json()["rank"] for reply in replies]
    assert ranks == sorted(ranks), "in the order in which they were sent (promise 7)"


def test_quick_answers_do_not_overtake_slow_ones(wire, claim_bytes, names, campaign):
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
def test_pipelined_requests_may_be_cut_at_every_byte(server, claim_bytes, names, campaign):
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
    assert issued(admin, campaign) == 0


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


# Who goes, and who waits

def test_expect_100_continue_is_answered_before_the_body(server, campaign, wire, names):
    """RFC 9110, 10.1.1."""
    body = json.dumps({"user": names.user()}).encode()
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"), ("Expect", "100-continue"),
                          ("Content-Length", str(len(body)))])
    wire.send(head)
    assert wire.reply().status == 100
    wire.send(body)
    assert wire.reply().status == 201


def test_expect_100_continue_of_a_body_that_is_too_large_is_refused_at_once(server, campaign, wire):
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"), ("Expect", "100-continue"),
                          ("Content-Length", "70000")])
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
    users = names.users(5)
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
    assert issued(admin, campaign) == 0


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
    assert issued(admin, campaign) == 30
    assert sorted(c["user"] for c in admin.all_coupons(campaign)) == sorted(users)


def test_who_goes_in_the_middle_of_a_pipeline_harms_nobody(server, admin, issue, claim_bytes,
                                                          campaign, names):
    users = names.users(40)
    with Wire(server.address) as wire:
        wire.send(b"".join(claim_bytes(user) for user in users))
        wire.reply()
    for user in users:
        assert issue.claim(campaign, user).status in (200, 201)
    assert issued(admin, campaign) == 40


def test_who_never_reads_stops_nobody_else(server, issue, claim_bytes, campaign, names):
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


def test_random_bytes_never_stop_the_server(server, claim_bytes, names):
    """Seeded mutations of a good request: anything may be answered, nothing may break."""
    seed = int(os.environ.get("FIRSTCOME_TEST_SEED", "20261122"))
    rng = random.Random(seed)
    good = claim_bytes("mutant")
    for number in range(400):
        data = bytearray(good)
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(data))
            change = rng.randrange(4)
            if change == 0:
                data[at] = rng.randrange(256)
            elif change == 1:
                del data[at:at + rng.randint(1, 9)]
            elif change == 2:
                data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 9)))
            else:
                data[at:at] = data[rng.randrange(len(data)):][:rng.randint(1, 40)]
            if not data:
                data = bytearray(good)
        with Wire(server.address) as wire:
            wire.send_while_open(bytes(data)).half_close()
            try:
                while True:
                    reply = wire.reply()
                    assert reply.status < 500, f"seed {seed}, mutation {number}: {bytes(data)!r}"
            except Closed as closed:
                assert closed.rest == b"", f"seed {seed}, mutation {number}: half a reply"
