"""Bad input is refused with what is wrong and where, and takes nothing. The rows are in
bad_requests.txt; here are the cases that need headers of their own."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.api import Api, path_of
from support.names import Names


@dataclass
class Row:
    name: str
    method: str
    path: str
    body: bytes | None
    status: int
    code: str
    field: str


def expand(text):
    """'{3*ab}' -> 'ababab'"""
    return re.sub(r"\{(\d+)\*(.+?)\}", lambda m: int(m.group(1)) * m.group(2), text)


def to_bytes(text):
    """'a\\xFF' -> b'a\\xff'; all else is UTF-8."""
    parts = re.split(r"\\x([0-9A-F]{2})", text)
    return b"".join(bytes([int(part, 16)]) if at % 2 else part.encode()
                    for at, part in enumerate(parts))


def read_rows():
    rows = []
    for line in (Path(__file__).parent / "bad_requests.txt").read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, request, body, status, code, field = (part.strip() for part in line.split(" | "))
        method, path = request.split(" ", 1)
        carries_body = method in ("POST", "PUT", "PATCH")
        sent = to_bytes(expand(body)) if carries_body else None
        rows.append(Row(name, method, expand(path), sent, int(status), code, field))
    return rows


ROWS = read_rows()


@pytest.fixture(scope="module")
def target(shared_server):
    with Api(shared_server.address, shared_server.admin_key) as api:
        campaign = Names().campaign("target")
        assert api.put_campaign(campaign, stock=10, name="As it was").status == 201
        yield campaign


def without_clock(campaign):
    return {name: value for name, value in campaign.items() if name != "server_time"}


def assert_refused(reply, status, code, field="-"):
    assert reply.status == status, reply
    problem = reply.problem()
    assert problem["code"] == code, problem
    if field == "-":
        assert "field" not in problem, problem
    elif field != "?":
        assert problem["field"] == field, problem
    return problem


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.method} {row.name}" for row in ROWS])
def test_a_bad_request_is_refused_and_leaves_no_trace(admin, target, names, row):
    before = without_clock(admin.campaign(target).json())
    path = row.path.replace("{c}", target).replace("{x}", names.campaign("absent"))
    assert_refused(admin.request(row.method, path, row.body), row.status, row.code, row.field)
    assert without_clock(admin.campaign(target).json()) == before


def test_the_table_tells_its_rows_apart():
    ids = [(row.method, row.name) for row in ROWS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path, allow", [
    ("/livez", {"GET", "HEAD"}),
    ("/v1/campaigns", {"GET", "HEAD"}),
    ("/v1/campaigns/{c}", {"GET", "HEAD", "PUT", "PATCH"}),
    ("/v1/campaigns/{c}/claims", {"POST"}),
    ("/v1/campaigns/{c}/claims/u", {"GET", "HEAD"}),
    ("/v1/campaigns/{c}/coupons", {"GET", "HEAD"}),
    ("/v1/users/u/coupons", {"GET", "HEAD"}),
])
def test_a_wrong_method_is_told_the_right_ones(admin, target, path, allow):
    """RFC 9110, 15.5.6. HEAD and OPTIONS are the server's choice."""
    reply = admin.request("DELETE", path.replace("{c}", target))
    assert_refused(reply, 405, "method_not_allowed")
    told = {method.strip() for method in reply.headers["Allow"].split(",")}
    assert told - {"HEAD", "OPTIONS"} == allow - {"HEAD"}


@pytest.mark.parametrize("content_type", [
    "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application/xml",
    "json", "multipart/form-data; boundary=x", "application/json, text/plain", "", ";", "*/*",
])
def test_a_body_that_says_it_is_no_json_is_refused(admin, target, content_type):
    before = without_clock(admin.campaign(target).json())
    reply = admin.request("POST", path_of("campaigns", target, "claims"), b'{"user": "u1"}',
                          {"Content-Type": content_type})
    assert_refused(reply, 415, "unsupported_media_type", "?")
    assert without_clock(admin.campaign(target).json()) == before


@pytest.mark.parametrize("content_type", [
    "application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON",
    'application/json; charset="utf-8"', "application/json ; charset=utf-8",
])
def test_a_content_type_may_carry_parameters(admin, issue, names, content_type):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=1)
    reply = issue.request("POST", path_of("campaigns", campaign, "claims"), {"user": "u1"},
                          {"Content-Type": content_type})
    assert reply.status == 201


@pytest.mark.parametrize("key", ["", '""', "a b", "a" * 65, '"' + "a" * 65 + '"', "a\tb", "é",
                                 "\x7f"],
                         ids=["empty", "quotes alone", "space", "65", "65 in quotes", "tab",
                              "latin-1", "DEL"])
def test_a_bad_idempotency_key_is_refused(admin, target, names, key):
    before = without_clock(admin.campaign(target).json())
    reply = admin.claim(target, names.user(), key=key)
    assert reply.status == 400
    if "\x7f" not in key:  # which is no header at all
        assert_refused(reply, 400, "invalid", "Idempotency-Key")
    assert without_clock(admin.campaign(target).json()) == before


def test_a_body_of_64_kib_is_read(admin, names):
    campaign = names.campaign()
    body = b'{"stock": 3}'
    reply = admin.request("PUT", path_of("campaigns", campaign), body.ljust(65_536))
    assert reply.status == 201
    assert admin.campaign(campaign).json()["stock"] == 3


def test_a_query_on_a_claim_is_not_taken_for_its_body(admin, issue, target):
    reply = issue.request("POST", path_of("campaigns", target, "claims") + "?user=u1", {})
    assert reply.status == 400
