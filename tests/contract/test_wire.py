"""Bytes that are no request, or more than a request may be: the server says so, closes where it
cannot know what follows, and goes on for everybody else (RFC 9110, RFC 9112)."""

import os
import random

import pytest

from support.api import path_of
from support.wire import Closed, Wire, assert_refused_and_closed, chunked, request_bytes


@pytest.mark.parametrize("data", [
    b"\x00" * 64 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x55" * 200 + b"\r\n\r\n",
    b"garbage\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /livez\r\n\r\n",
    b"GET /livez HTTP/1.1 x\r\nHost: a\r\n\r\n",
    b"GET  /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /li vez HTTP/1.1\r\nHost: a\r\n\r\n",
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
        "space in the target", "header without a colon", "NUL in the target", "HTTQ",
        "method not ASCII", "method with brackets", "no colon", "no name", "space before the colon",
        "space after Host", "NUL in a value", "CR in a value", "begins folded"])
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


@pytest.mark.parametrize("target", ["livez", "*", "livez:80", "?", "#", "%"])
def test_a_target_that_is_no_path_is_refused(wire, target):
    wire.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert wire.reply().status in (400, 404)


def test_an_absolute_target_is_answered(wire):
    """RFC 9112, 3.2.2: a server must accept it."""
    wire.send(b"GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert wire.reply().status == 200


# Too much

def test_a_body_over_64_kib_is_refused_before_it_is_sent(wire, claim_head):
    head = claim_head(("Content-Length", "65537"))
    assert_refused_and_closed(wire, head, 413, "body_too_large")


def test_a_body_over_64_kib_is_refused(admin, campaign, wire, claim_head):
    body = b'{"user": "abc"}'.ljust(200_000)
    head = claim_head(("Content-Length", str(len(body))))
    wire.send_while_open(head + body)
    assert wire.reply().code == "body_too_large"
    assert admin.issued(campaign) == 0


@pytest.mark.parametrize("chunk", [b" " * 70_000, b" " * 16_384, b" " * 1000],
                         ids=["one chunk", "large chunks", "small chunks"])
def test_a_chunked_body_over_64_kib_is_refused(admin, campaign, wire, chunk, claim_head):
    head = claim_head(("Transfer-Encoding", "chunked"))
    count = 70_000 // len(chunk) + 1
    wire.send_while_open(head + chunked(b'{"user": "abc"}', *[chunk] * count))
    reply = wire.reply()
    assert reply.status == 413
    assert reply.code == "body_too_large"
    assert wire.is_closed()
    assert admin.issued(campaign) == 0


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


def test_a_chunk_extension_without_an_end_is_refused(wire, claim_head):
    head = claim_head(("Transfer-Encoding", "chunked"))
    wire.send_while_open(head + b"2;x=" + b"y" * 400_000)
    assert 400 <= wire.reply().status < 500
    assert wire.is_closed()


def test_trailers_without_an_end_are_refused(wire, claim_head):
    head = claim_head(("Transfer-Encoding", "chunked"))
    wire.send_while_open(head + b"2\r\n{}\r\n0\r\n" + b"x: y\r\n" * 60_000)
    assert 400 <= wire.reply().status < 500
    assert wire.is_closed()


# Anything at all

def test_random_bytes_never_stop_the_server(server, claim_bytes):
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
