"""What the server says of itself: health, version, metrics, its own description."""

import json
import re

import pytest

from support.api import path_of

ROUTES = {
    ("put", "/v1/campaigns/{id}"): {"200", "201", "400", "401", "403", "409", "413", "415"},
    ("patch", "/v1/campaigns/{id}"): {"200", "400", "401", "403", "404", "409"},
    ("get", "/v1/campaigns/{id}"): {"200", "404"},
    ("get", "/v1/campaigns"): {"200", "400", "401", "403"},
    ("post", "/v1/campaigns/{id}/claims"):
        {"200", "201", "202", "400", "401", "403", "404", "409", "413", "415", "429", "503"},
    ("get", "/v1/campaigns/{id}/claims/{user}"): {"200", "401", "403", "404"},
    ("get", "/v1/campaigns/{id}/coupons"): {"200", "400", "401", "403", "404"},
    ("get", "/v1/users/{user}/coupons"): {"200", "400", "401", "403"},
    ("get", "/livez"): {"200"},
    ("get", "/readyz"): {"200", "503"},
    ("get", "/version"): {"200"},
    ("get", "/metrics"): {"200"},
    ("get", "/openapi.json"): {"200"},
}


def test_alive_and_ready(anonymous):
    assert anonymous.get("/livez").status == 200
    assert anonymous.get("/readyz").status == 200


def test_readyz_verbose_names_what_it_looked_at(anonymous):
    reply = anonymous.request("GET", "/readyz?verbose")
    assert reply.status == 200
    assert "ledger" in reply.body.decode()


def test_version(anonymous):
    reply = anonymous.get("/version")
    assert reply.status == 200
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+.*", reply.json()["version"])


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/version", "/openapi.json", "/metrics"])
def test_head_is_get_without_the_body(anonymous, path):
    head = anonymous.request("HEAD", path)
    assert head.status == 200
    assert head.body == b""
    assert anonymous.get(path).status == 200, "the connection is still in step"


def test_head_of_a_campaign(admin, anonymous, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=1)
    assert anonymous.request("HEAD", path_of("campaigns", campaign)).status == 200
    assert anonymous.request("HEAD", path_of("campaigns", names.campaign())).status == 404


# The description

@pytest.fixture
def openapi(anonymous):
    reply = anonymous.get("/openapi.json")
    assert reply.status == 200
    assert reply.content_type == "application/json"
    return reply.json()


def without_names(path):
    """'/v1/users/{user}/coupons' -> '/v1/users/{}/coupons': how a parameter is called is free."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def test_the_description_is_openapi_3(openapi):
    assert re.fullmatch(r"3\.[01]\.[0-9]+", openapi["openapi"])
    assert openapi["info"]["title"] and openapi["info"]["version"]


def operations(openapi):
    return {(method, without_names(path)): operation
            for path, item in openapi["paths"].items() for method, operation in item.items()
            if method in ("get", "put", "post", "patch", "delete", "head")}


@pytest.mark.parametrize("route", ROUTES, ids=[" ".join(route) for route in ROUTES])
def test_every_route_is_described_with_its_statuses(openapi, route):
    method, path = route
    described = operations(openapi)
    assert (method, without_names(path)) in described
    statuses = described[method, without_names(path)]["responses"].keys()
    assert ROUTES[route] <= statuses, f"missing: {sorted(ROUTES[route] - statuses)}"


def test_nothing_is_described_that_is_not_there(openapi):
    known = {(method, without_names(path)) for method, path in ROUTES}
    assert operations(openapi).keys() <= known


def test_references_lead_somewhere(openapi):
    for reference in re.findall(r'"\$ref": ?"([^"]*)"', json.dumps(openapi)):
        assert reference.startswith("#/"), reference
        node = openapi
        for part in reference[2:].split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]


def test_every_code_of_a_refused_claim_is_described(openapi):
    text = json.dumps(openapi)
    for code in ("sold_out", "limit_reached", "not_open", "closed", "paused", "rate_limited",
                 "overloaded", "unavailable", "draining", "stock_below_issued"):
        assert code in text, code


# Metrics

def samples(text):
    """The exposition's samples, {name with labels: value}."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


def test_metrics_are_in_the_text_format(anonymous):
    reply = anonymous.get("/metrics")
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert samples(reply.body.decode())


def test_metrics_count_claims_and_name_no_user(admin, issue, anonymous, names):
    """A label a user would let anybody fill the server's memory."""
    campaign, user = names.campaign(), names.user("metricuser")
    admin.put_campaign(campaign, stock=1)

    def counted():
        text = anonymous.get("/metrics").body.decode()
        assert user not in text
        return sum(value for name, value in samples(text).items()
                   if name.startswith("firstcome_") and 'outcome="issued"' in name)

    before = counted()
    assert issue.claim(campaign, user).status == 201
    assert counted() == before + 1
