"""Where a message ends: nobody may make the server read one request as two, or two as one, in other
words than a proxy before it would (RFC 9112, 6 and 7; request smuggling)."""

import json

import pytest

from support.api import path_of
from support.wire import LIVEZ, chunked, request_bytes


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
def test_an_ambiguous_length_is_refused_and_the_connection_closed(admin, campaign, wire, lengths,
                                                                  claim_head):
    """RFC 9112, 6.3: what follows could be body or request, depending on whom one asks."""
    head = claim_head(*lengths)
    wire.send_while_open(head + b'{"user": "abc"}' + SMUGGLED)
    reply = wire.reply()
    # 413 fits a length that is absurd, 501 a coding that nobody has (RFC 9112, 6.1).
    assert reply.status in (400, 413, 501), reply
    assert wire.is_closed()
    assert admin.issued(campaign) == 0


def test_the_same_length_twice_is_one_length_or_an_error(server, wire, claim_bytes):
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
    if not wire.is_closed():
        assert wire.reply().status == 400, "what follows is no request"
    assert admin.campaign(campaign).json()["stock"] == 1000


@pytest.mark.parametrize("chunks", [
    [b'{"user": "abc"}'],
    [b'{"us', b'er": "a', b'bc"}'],
    [bytes([byte]) for byte in b'{"user": "abc"}'],
], ids=["one", "three", "a byte each"])
def test_a_chunked_body_is_read(wire, chunks, claim_head):
    head = claim_head(("Transfer-Encoding", "chunked"))
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
    b"2\n{}\n0\n\n",
    b"2\n{}\r\n0\r\n\r\n",
    b"2;x\n{}\r\n0\r\n\r\n",
    b"2 \x00\r\n{}\r\n0\r\n\r\n",
], ids=["no number", "negative", "plus", "0x", "2^64-1", "beyond 2^64", "longer than said",
        "no last chunk", "no size", "LF alone", "LF after the size", "LF in an extension", "NUL"])
def test_a_broken_chunk_is_refused_and_the_connection_closed(admin, campaign, wire, body,
                                                             claim_head):
    head = claim_head(("Transfer-Encoding", "chunked"))
    wire.send_while_open(head + body + SMUGGLED)
    assert wire.reply().status in (400, 413)
    assert wire.is_closed()
    assert admin.issued(campaign) == 0


def test_a_trailer_gives_no_rights(server, admin, campaign, wire):
    """RFC 9110, 6.5.1: what comes after the body is not what the request began with."""
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")])
    body = chunked(b'{"user": "abc"}')[:-2]
    wire.send(head + body + f"Authorization: Bearer {server.issue_key}\r\n\r\n".encode())
    assert wire.reply().status in (400, 401)
    assert admin.issued(campaign) == 0


def test_a_trailer_is_no_idempotency_key(admin, issue, wire, campaign, claim_head):
    assert admin.patch_campaign(campaign, per_user=2).status == 200
    assert issue.claim(campaign, "abc", key="first").status == 201
    head = claim_head(("Transfer-Encoding", "chunked"))
    wire.send(head + chunked(b'{"user": "abc"}')[:-2] + b"Idempotency-Key: first\r\n\r\n")
    assert wire.reply().status in (201, 400)


def test_a_chunked_request_of_http_1_0_costs_the_connection(server, campaign, wire):
    """RFC 9112, 6.1: its sender cannot have meant it, so the framing is in doubt."""
    head = request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}"),
                          ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"),
                          ("Connection", "keep-alive")], version="HTTP/1.0")
    wire.send_while_open(head + chunked(b'{"user": "abc"}') + SMUGGLED)
    assert wire.reply().status in (201, 400, 411)
    assert wire.is_closed()


@pytest.mark.parametrize("name", ["Authorization", "Idempotency-Key", "Content-Type"])
def test_a_field_that_may_be_there_once_is_not_taken_from_the_second(server, admin, wire, name,
                                                                     names):
    """RFC 9110, 5.3: a proxy and the server would otherwise each believe another one."""
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=5, per_user=2)
    values = {"Authorization": f"Bearer {server.issue_key}", "Idempotency-Key": "k",
              "Content-Type": "application/json"}
    others = {"Authorization": "Bearer nobody", "Idempotency-Key": "other",
              "Content-Type": "text/plain"}
    pairs = [(other, value) for other, value in values.items()]
    wire.send(request_bytes("POST", path_of("campaigns", campaign, "claims"),
                            [(name, others[name]), *pairs], b'{"user": "u"}'))
    assert wire.reply().status in (400, 401, 415)
    assert admin.issued(campaign) == 0
