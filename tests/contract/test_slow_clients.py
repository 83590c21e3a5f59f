"""Whoever opens a connection and keeps the server waiting is let go after its time limit."""

import tempfile
from pathlib import Path

import pytest

from support.api import Api, path_of
from support.server import Server
from support.wire import Closed, Wire, request_bytes


@pytest.fixture(scope="module")
def impatient():
    """A server that waits half a second for the head of a request."""
    with tempfile.TemporaryDirectory(prefix="firstcome-") as data:
        server = Server(Path(data), args=["--header-timeout-ms", "500"])
        server.start()
        try:
            yield server
        finally:
            server.stop()


def assert_let_go(wire):
    """A 408 may come first (RFC 9110, 15.5.9). The socket's time limit bounds the wait."""
    try:
        assert wire.reply().status == 408
    except Closed as closed:
        assert closed.rest == b""
    else:
        assert wire.is_closed()


@pytest.mark.parametrize("half", [
    b"G",
    b"GET /livez HTTP/1.1\r\n",
    b"GET /livez HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r",
], ids=["a byte", "a line", "a header", "all but a byte"])
def test_half_a_head_and_silence(impatient, half):
    with Wire(impatient.address) as wire:
        wire.send(half)
        assert_let_go(wire)


def test_half_a_body_and_silence(impatient):
    with Api(impatient.address, impatient.admin_key) as admin:
        admin.put_campaign("slow", stock=1)
        head = request_bytes("POST", path_of("campaigns", "slow", "claims"),
                             [("Authorization", f"Bearer {impatient.issue_key}"),
                              ("Content-Type", "application/json"), ("Content-Length", "13")])
        with Wire(impatient.address) as wire:
            wire.send(head + b'{"user"')
            assert_let_go(wire)
        assert admin.campaign("slow").json()["issued"] == 0


def test_half_a_second_request_and_silence(impatient):
    with Wire(impatient.address) as wire:
        wire.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /li")
        assert wire.reply().status == 200
        assert_let_go(wire)


def test_a_byte_now_and_then_buys_no_time(impatient):
    """The limit is for the whole head, not for each byte: else a drip holds it open forever."""
    with Wire(impatient.address, timeout_s=0.1) as wire:
        wire.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(200):  # 20 s of dripping at most
            try:
                if wire.is_closed():
                    return
                break  # an answer, which can only be the refusal
            except TimeoutError:
                wire.send_while_open(b"x")
        else:
            pytest.fail("the connection outlived 40 times its limit")
        wire.socket.settimeout(20)
        assert_let_go(wire)


def test_a_crowd_of_silent_connections_stops_nobody(impatient):
    silent = [Wire(impatient.address) for _ in range(300)]
    for wire in silent:
        wire.send(b"GET /livez HTTP/1.1\r\n")
    with Api(impatient.address, None) as api:
        assert api.get("/livez").status == 200
    for wire in silent:
        assert_let_go(wire)
        wire.close()
