"""The description and the server agree: every route answers as it is described, and every field of
a reply is in its schema."""

import json
import re

import pytest

from support.api import Api, path_of
from support.node import ROOT

DESCRIPTION = ROOT / "src/http/openapi.json"
DOCUMENT = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
OPERATIONS = {operation["operationId"]: (method.upper(), path, operation)
              for path, item in DOCUMENT["paths"].items() for method, operation in item.items()}


def resolve(node):
    while "$ref" in node:
        target = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


# The part of JSON Schema that the description uses. A keyword that is not here is an error, so that
# none is passed over.

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
ANNOTATIONS = {"description", "format", "default", "example"}


def is_a(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check_object(value, schema, where):
    missing = set(schema.get("required", ())) - value.keys()
    assert not missing, f"{where}: {sorted(missing)} is missing"
    known = schema.get("properties", {})
    if schema.get("additionalProperties") is False:
        assert value.keys() <= known.keys(), f"{where}: {sorted(value.keys() - known.keys())}"
    for name in value.keys() & known.keys():
        check(value[name], known[name], f"{where}.{name}")


def check_one_of(value, schemas, where):
    complaints = []
    for schema in schemas:
        try:
            check(value, schema, where)
        except AssertionError as complaint:
            complaints.append(str(complaint))
    assert len(complaints) == len(schemas) - 1, f"{where}: not exactly one: {complaints}"


def check_items(value, schema, where):
    for index, item in enumerate(value):
        check(item, schema, f"{where}[{index}]")


KEYWORDS = {
    "type": lambda v, k, s, w: any(is_a(v, name) for name in ([k] if isinstance(k, str) else k)),
    "const": lambda v, k, s, w: v == k,
    "enum": lambda v, k, s, w: v in k,
    "pattern": lambda v, k, s, w: not isinstance(v, str) or re.search(k, v),
    "minLength": lambda v, k, s, w: len(v) >= k,
    "maxLength": lambda v, k, s, w: len(v) <= k,
    "minimum": lambda v, k, s, w: v is None or v >= k,
    "maximum": lambda v, k, s, w: v is None or v <= k,
    "minItems": lambda v, k, s, w: len(v) >= k,
    "maxItems": lambda v, k, s, w: len(v) <= k,
    "items": lambda v, k, s, w: check_items(v, k, w) is None,
    "properties": lambda v, k, s, w: check_object(v, s, w) is None,
    "required": lambda v, k, s, w: check_object(v, s, w) is None,
    "additionalProperties": lambda v, k, s, w: k is False,
    "allOf": lambda v, k, s, w: all(check(v, one, w) is None for one in k),
    "oneOf": lambda v, k, s, w: check_one_of(v, k, w) is None,
}


def check(value, schema, where):
    schema = resolve(schema)
    unknown = schema.keys() - KEYWORDS.keys() - ANNOTATIONS
    assert not unknown, f"{where}: this validator does not know {sorted(unknown)}"
    for keyword in KEYWORDS.keys() & schema.keys():
        assert KEYWORDS[keyword](value, schema[keyword], schema, where), \
            f"{where}: {value!r} against {keyword} {schema[keyword]!r}"


def test_the_validator_refuses():
    coupon = resolve({"$ref": "#/components/responses/Refused"})
    example = coupon["content"]["application/problem+json"]["examples"]["sold_out"]["value"]
    schema = {"$ref": "#/components/schemas/Problem"}
    check(example, schema, "as it is")
    without = {name: value for name, value in example.items() if name != "code"}
    for broken in (without, {**example, "more": 1}, {**example, "status": "409"},
                   {**example, "code": "no_code"}):
        with pytest.raises(AssertionError):
            check(broken, schema, "broken")
    with pytest.raises(AssertionError):
        check(1, {"multipleOf": 2}, "an unknown keyword")


# The description by itself

def media_types(node):
    """Every {"schema", "example", "examples"} below a node, with the way to it."""
    def walk(node, where):
        if isinstance(node, dict):
            if "schema" in node:
                yield node, where
            for name, below in node.items():
                yield from walk(below, f"{where}/{name}")
        elif isinstance(node, list):
            for index, below in enumerate(node):
                yield from walk(below, f"{where}/{index}")
    return walk(node, "#")


def test_every_example_is_valid():
    count = 0
    for media, where in media_types(DOCUMENT):
        examples = [one["value"] for one in media.get("examples", {}).values()]
        if "example" in media:
            examples.append(media["example"])
        for example in examples:
            check(example, media["schema"], where)
            count += 1
    assert count > 40


def test_the_server_shows_this_description(anonymous):
    assert anonymous.get("/openapi.json").body == DESCRIPTION.read_bytes()


def test_every_problem_in_the_source_is_described():
    described = set(DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    source = "".join(file.read_text() for file in sorted((ROOT / "src/http").glob("*.cpp")))
    codes = set(re.findall(r'\b[45]\d\d, "([a-z_]+)"', source))
    codes |= set(re.findall(r'\bunavailable\("([a-z_]+)"', source))
    assert len(codes) > 15
    assert codes <= described, sorted(codes - described)


# The description against the server

class Described:
    """Sends requests by operationId and holds each reply against the description."""

    def __init__(self, server):
        self._apis = {"admin": Api(server.address, server.admin_key),
                      "issue": Api(server.address, server.issue_key),
                      "wrong": Api(server.address, "not-a-key"), None: Api(server.address, None)}

    def close(self):
        for api in self._apis.values():
            api.close()

    def __call__(self, operation_id, who, *params, body=None, query="", headers=None):
        method, template, operation = OPERATIONS[operation_id]
        names = re.findall(r"\{[^}]*\}", template)
        assert len(params) == len(names), f"{template} has {names}"
        path = template
        for name, value in zip(names, params, strict=True):
            path = path.replace(name, path_of(value).removeprefix("/v1/"))
        reply = self._apis[who].request(method, path + query, body, headers)
        self.hold(operation, reply)
        return reply

    @staticmethod
    def hold(operation, reply):
        where = f"{operation['operationId']} {reply.status}"
        assert str(reply.status) in operation["responses"], f"{where} is not described"
        response = resolve(operation["responses"][str(reply.status)])
        assert reply.content_type in response["content"], f"{where}: {reply.content_type}"
        if reply.content_type != "text/plain":
            check(reply.json(), response["content"][reply.content_type]["schema"], where)
        for name, header in response.get("headers", {}).items():
            header, value = resolve(header), reply.headers.get(name)
            assert value is not None or not header.get("required"), f"{where}: no {name}"
            if value is not None:
                whole = header["schema"].get("type") == "integer"
                check(int(value) if whole else value, header["schema"], f"{where} {name}")


@pytest.fixture
def ask(server):
    described = Described(server)
    yield described
    described.close()


CAMPAIGN = {"stock": 2, "per_user": 1, "name": "Autumn", "opens_at": "2026-01-01T00:00:00+09:00",
            "closes_at": "2090-01-01T00:00:00Z", "coupon_ttl_s": 60, "mode": "instant",
            "pace": {"batch": 1, "tick_ms": 3600000}, "metadata": {"a": [1, None, "ü"]}}


def test_every_operation_answers_as_described(ask, names):
    campaign, user = names.campaign(), names.user("ü /?")
    seen = {}

    def expect(status, operation, *args, **options):
        reply = ask(operation, *args, **options)
        assert reply.status == status, (operation, reply)
        seen[operation] = True
        return reply

    expect(201, "putCampaign", "admin", campaign, body=CAMPAIGN)
    expect(200, "putCampaign", "admin", campaign, body=CAMPAIGN)
    expect(200, "patchCampaign", "admin", campaign, body={"metadata": {}})
    expect(200, "getCampaign", None, campaign)
    expect(201, "claim", "issue", campaign, body={"user": user})
    expect(200, "claim", "issue", campaign, body={"user": user},
           headers={"Idempotency-Key": '"k-1"'})
    expect(200, "getClaim", "issue", campaign, user)
    expect(200, "listCampaigns", "admin", query="?limit=1")
    expect(200, "listCampaignCoupons", "admin", campaign, query="?limit=1000")
    expect(200, "listUserCoupons", "issue", user)
    for operation in ("livez", "readyz", "version", "metrics", "openapi"):
        expect(200, operation, None)
    expect(200, "readyz", None, query="?verbose")
    assert seen.keys() == OPERATIONS.keys()


def test_pages_go_on_as_described(ask, names):
    campaign = names.campaign()
    ask("putCampaign", "admin", campaign, body={"stock": 3})
    for user in names.users(3):
        assert ask("claim", "issue", campaign, body={"user": user}).status == 201
    page = ask("listCampaignCoupons", "admin", campaign, query="?limit=2").json()
    assert page["has_more"]
    rest = ask("listCampaignCoupons", "admin", campaign, query=f"?cursor={page['next_cursor']}")
    assert [coupon["rank"] for coupon in rest.json()["data"]] == [3]


def test_a_line_is_described(ask, names):
    campaign, (winner, loser) = names.campaign(), names.users(2)
    slow = {"stock": 1, "mode": "paced", "pace": {"batch": 1, "tick_ms": 3600000}}
    ask("putCampaign", "admin", campaign, body=slow)
    for user in (winner, loser):
        reply = ask("claim", "issue", campaign, body={"user": user})
        assert reply.status == 202
        assert reply.headers["Location"] == path_of("campaigns", campaign, "claims", user)
    assert ask("getClaim", "issue", campaign, loser).json()["outcome"] == "queued"
    ask("patchCampaign", "admin", campaign, body={"mode": "instant"})
    outcomes = set()
    while outcomes != {"issued", "sold_out"}:  # the fixture `bounded` ends a wait in vain
        outcomes = {ask("getClaim", "issue", campaign, user).json()["outcome"]
                    for user in (winner, loser)}


REFUSALS = {  # settings and how many users claim before, to the code that the next one meets
    "sold_out": ({"stock": 0}, None),
    "not_open": ({"stock": 1, "opens_at": "2090-01-01T00:00:00Z"}, None),
    "closed": ({"stock": 1, "closes_at": "2020-01-01T00:00:00Z"}, None),
    "paused": ({"stock": 1}, {"paused": True}),
    "limit_reached": ({"stock": 9, "per_user": 2}, None),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refused_claim_is_described(ask, names, code):
    campaign, user = names.campaign(), names.user()
    settings, patch = REFUSALS[code]
    ask("putCampaign", "admin", campaign, body=settings)
    if patch:
        ask("patchCampaign", "admin", campaign, body=patch)
    for _ in range(2 if code == "limit_reached" else 0):
        assert ask("claim", "issue", campaign, body={"user": user}).status == 201
    reply = ask("claim", "issue", campaign, body={"user": user})
    assert (reply.status, reply.code) == (409, code)
    assert ("Retry-After" in reply.headers) == (code == "not_open")


def test_wrong_requests_are_described(ask, names):
    campaign, unknown = names.campaign(), names.campaign()
    ask("putCampaign", "admin", campaign, body={"stock": 1})
    ask("claim", "issue", campaign, body={"user": names.user()})
    plain = {"Content-Type": "text/plain"}
    too_large = b'{"user":"' + b"u" * 65536 + b'"}'
    for status, code, reply in [
        (400, "invalid", ask("claim", "issue", campaign, body={"user": ""})),
        (400, "invalid", ask("putCampaign", "admin", campaign, body={})),
        (400, "invalid", ask("patchCampaign", "admin", campaign, body={"stok": 1})),
        (400, "invalid", ask("getCampaign", None, "UPPER")),
        (400, "invalid", ask("listCampaigns", "admin", query="?limit=0")),
        (400, "invalid", ask("listUserCoupons", "issue", "u", query="?cursor=x")),
        (404, "campaign_not_found", ask("getCampaign", None, unknown)),
        (404, "campaign_not_found", ask("claim", "issue", unknown, body={"user": "u"})),
        (404, "campaign_not_found", ask("patchCampaign", "admin", unknown, body={"stock": 1})),
        (404, "campaign_not_found", ask("listCampaignCoupons", "admin", unknown)),
        (404, "claim_not_found", ask("getClaim", "issue", campaign, names.user())),
        (409, "stock_below_issued", ask("putCampaign", "admin", campaign, body={"stock": 0})),
        (413, "body_too_large", ask("claim", "issue", campaign, body=too_large)),
        (415, "unsupported_media_type",
         ask("claim", "issue", campaign, body=b"{}", headers=plain)),
    ]:
        assert (reply.status, reply.code) == (status, code), reply


BODIES = {"putCampaign": {"stock": 1}, "patchCampaign": {"stock": 1}, "claim": {"user": "u"}}


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_who_may_ask_is_described(ask, names, operation_id):
    _, template, operation = OPERATIONS[operation_id]
    params = [names.campaign() if name == "{id}" else names.user()
              for name in re.findall(r"\{[^}]*\}", template)]
    may = {scheme for option in operation["security"] for scheme in option}
    refused = {None: 401, "wrong": 401, "issue": 403}
    for who, status in refused.items():
        reply = ask(operation_id, who, *params, body=BODIES.get(operation_id))
        expected = bool(may) and who not in may
        assert (reply.status == status) == expected, (who, reply)
