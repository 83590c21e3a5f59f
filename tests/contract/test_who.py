"""Who may ask what. Every route is asked by everybody, and somebody who may not see a campaign
learns nothing of whether there is one."""

import pytest

from support.api import Api, path_of

PUBLIC, ADMIN, CLAIM = "public", "admin", "claim"

# name, method, path (of campaign and user), body, who may, status for those who may
ROUTES = [
    ("livez", "GET", "/livez", None, PUBLIC, 200),
    ("readyz", "GET", "/readyz", None, PUBLIC, 200),
    ("readyz verbose", "GET", "/readyz?verbose", None, PUBLIC, 200),
    ("version", "GET", "/version", None, PUBLIC, 200),
    ("metrics", "GET", "/metrics", None, PUBLIC, 200),
    ("openapi", "GET", "/openapi.json", None, PUBLIC, 200),
    ("campaign", "GET", "/v1/campaigns/{campaign}", None, PUBLIC, 200),
    ("campaigns", "GET", "/v1/campaigns", None, ADMIN, 200),
    ("put", "PUT", "/v1/campaigns/{campaign}", {"stock": 100}, ADMIN, 200),
    ("patch", "PATCH", "/v1/campaigns/{campaign}", {"name": "n"}, ADMIN, 200),
    ("export", "GET", "/v1/campaigns/{campaign}/coupons", None, ADMIN, 200),
    ("claim", "POST", "/v1/campaigns/{campaign}/claims", {"user": "{user}"}, CLAIM, 200),
    ("status", "GET", "/v1/campaigns/{campaign}/claims/{user}", None, CLAIM, 200),
    ("user", "GET", "/v1/users/{user}/coupons", None, CLAIM, 200),
]
UNKNOWN_CAMPAIGN = {"campaign": 404, "export": 404, "claim": 404, "status": 404, "patch": 404}

MAY = {PUBLIC: {"nobody", "wrong", "issue", "admin"}, CLAIM: {"issue", "admin"}, ADMIN: {"admin"}}


@pytest.fixture
def somebody(admin, issue, names):
    """A campaign and a user who has a coupon of it."""
    campaign, user = names.campaign(), names.user()
    admin.put_campaign(campaign, stock=100)
    assert issue.claim(campaign, user).status == 201
    return campaign, user


@pytest.fixture
def ask(server):
    """ask(who, route, campaign, user) -> reply"""
    keys = {"nobody": None, "wrong": "A" * len(server.admin_key), "issue": server.issue_key,
            "admin": server.admin_key}
    apis = {who: Api(server.address, key) for who, key in keys.items()}

    def ask(who, route, campaign, user):
        _, method, path, body, _, _ = route
        if body and "user" in body:
            body = {"user": user}
        return apis[who].request(method, path.format(campaign=campaign, user=user), body)

    yield ask
    for api in apis.values():
        api.close()


@pytest.mark.parametrize("who", ["nobody", "wrong", "issue", "admin"])
@pytest.mark.parametrize("route", ROUTES, ids=[route[0] for route in ROUTES])
def test_each_route_is_for_those_who_may(ask, somebody, route, who):
    reply = ask(who, route, *somebody)
    allowed, status = route[4], route[5]
    if who in MAY[allowed]:
        assert reply.status == status, reply
    elif who == "issue":
        assert reply.status == 403
        assert reply.code == "forbidden"
    else:
        assert reply.status == 401
        assert reply.code == "unauthorized"
        assert reply.headers["WWW-Authenticate"].startswith("Bearer"), "RFC 9110, 11.6.1"


@pytest.mark.parametrize("who", ["nobody", "wrong", "issue", "admin"])
@pytest.mark.parametrize("route", ROUTES, ids=[route[0] for route in ROUTES])
def test_of_an_unknown_campaign_a_stranger_is_told_the_same(ask, somebody, names, route, who):
    """Who comes before whether the campaign exists, to the last byte but the name."""
    name = route[0]
    if name == "put":
        return  # makes the campaign; a stranger's put is told the same by the test above
    unknown = names.campaign()
    reply = ask(who, route, unknown, somebody[1])
    if who in MAY[route[4]]:
        assert reply.status == UNKNOWN_CAMPAIGN.get(name, route[5])
        return
    known = ask(who, route, *somebody)
    assert reply.status == known.status
    assert reply.problem() == known.problem()


def test_a_strangers_put_makes_no_campaign(ask, names, admin):
    unknown = names.campaign()
    put = next(route for route in ROUTES if route[0] == "put")
    assert ask("nobody", put, unknown, "u").status == 401
    assert ask("wrong", put, unknown, "u").status == 401
    assert ask("issue", put, unknown, "u").status == 403
    assert admin.campaign(unknown).status == 404


def test_a_strangers_claim_takes_nothing(ask, names, admin):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=1)
    claim = next(route for route in ROUTES if route[0] == "claim")
    assert ask("nobody", claim, campaign, "u").status == 401
    assert ask("wrong", claim, campaign, "u").status == 401
    assert admin.campaign(campaign).json()["issued"] == 0


@pytest.mark.parametrize("change", [
    lambda key: "",
    lambda key: "Bearer",
    lambda key: "Bearer ",
    lambda key: key,
    lambda key: f"Basic {key}",
    lambda key: f"Token {key}",
    lambda key: f"Bearer {key[:-1]}",
    lambda key: f"Bearer {key}x",
    lambda key: f"Bearer {key} {key}",
    lambda key: f"Bearer {key},Bearer {key}",
    lambda key: f"Bearer {key.swapcase()}",
    lambda key: f"Bearer {'A' * 4000}",
    lambda key: f"Bearer \x7f{key}",
    lambda key: "Bearer é",
    lambda key: "Bearer a.b.c",
    lambda key: "Bearer ..",
], ids=["empty", "scheme alone", "scheme and space", "no scheme", "basic", "other scheme", "cut",
        "longer", "twice", "list", "other case", "long", "control", "latin-1", "jwt-like", "dots"])
def test_a_key_that_is_almost_right_is_wrong(server, change):
    with Api(server.address, None) as api:
        headers = {"Authorization": change(server.admin_key)}
        reply = api.request("GET", "/v1/campaigns", headers=headers)
        assert reply.status in (400, 401) if "\x7f" in headers["Authorization"] else \
            reply.status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_without_regard_to_case(server, scheme):
    """RFC 9110, 11.1."""
    with Api(server.address, None) as api:
        headers = {"Authorization": f"{scheme} {server.admin_key}"}
        assert api.request("GET", "/v1/campaigns", headers=headers).status == 200


def test_a_key_in_the_url_is_no_key(server):
    with Api(server.address, None) as api:
        assert api.get("/v1/campaigns", key=server.admin_key).status == 400
        assert api.get("/v1/campaigns", access_token=server.admin_key).status == 400


def test_shape_comes_before_who(anonymous, names):
    """The precedence of API.md: shape, who, campaign exists."""
    reply = anonymous.request("POST", path_of("campaigns", names.campaign(), "claims"), b"{")
    assert reply.status in (400, 401)


def test_a_problem_never_repeats_a_key(server, admin):
    for path in ("/v1/nothing", "/v1/campaigns/UPPER", "/v1/campaigns?limit=0"):
        reply = admin.get(path)
        assert reply.status >= 400
        assert server.admin_key.encode() not in reply.body
