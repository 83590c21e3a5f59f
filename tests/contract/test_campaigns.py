"""Campaigns are made, changed, shown and listed; the stock bounds what is given (promise 1)."""

import json

import pytest

from support import times
from support.api import path_of

PUBLIC_FIELDS = {"id", "name", "state", "stock", "issued", "remaining", "per_user", "opens_at",
                 "closes_at", "mode", "server_time"}


def state_of(api, campaign):
    reply = api.campaign(campaign)
    assert reply.status == 200, reply
    return reply.json()["state"]


def give(issue, campaign, users):
    for user in users:
        assert issue.claim(campaign, user).status == 201


def test_put_makes_a_campaign_and_put_again_changes_it(admin, names):
    campaign = names.campaign()
    made = admin.put_campaign(campaign, stock=5)
    assert made.status == 201
    assert made.json()["id"] == campaign
    assert made.json()["stock"] == 5

    same = admin.put_campaign(campaign, stock=5)
    assert same.status == 200
    assert same.json()["stock"] == 5

    changed = admin.put_campaign(campaign, stock=6, per_user=2, name="Six")
    assert changed.status == 200
    shown = admin.campaign(campaign).json()
    assert (shown["stock"], shown["per_user"], shown["name"]) == (6, 2, "Six")


def test_put_replaces_what_it_does_not_name_by_the_default(admin, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=5)
    plain = admin.campaign(campaign).json()
    admin.put_campaign(campaign, stock=5, per_user=3, name="Named", opens_at=times.from_now(days=1),
                       closes_at=times.from_now(days=2), mode="paced")
    assert admin.put_campaign(campaign, stock=5).status == 200
    replaced = admin.campaign(campaign).json()
    for field in PUBLIC_FIELDS - {"server_time"}:
        assert replaced[field] == plain[field], field


def test_put_leaves_a_pause_alone(admin, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=5)
    assert admin.patch_campaign(campaign, paused=True).status == 200
    assert admin.put_campaign(campaign, stock=6).status == 200
    assert state_of(admin, campaign) == "paused"


def test_a_new_campaign_shows_its_defaults_and_no_more_than_the_public_fields(anonymous, admin,
                                                                              names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=5, metadata={"secret": "for the admin alone"})
    reply = anonymous.campaign(campaign)
    assert reply.status == 200
    assert reply.content_type == "application/json"
    shown = reply.json()
    assert shown.keys() == PUBLIC_FIELDS
    assert shown["id"] == campaign
    assert shown["state"] == "open"
    assert (shown["stock"], shown["issued"], shown["remaining"]) == (5, 0, 5)
    assert shown["per_user"] == 1
    assert (shown["opens_at"], shown["closes_at"]) == (None, None)
    assert shown["mode"] == "instant"
    times.parse(shown["server_time"])
    assert "for the admin alone" not in reply.body.decode()


@pytest.mark.parametrize("field, value", [
    ("stock", 9),
    ("stock", 0),
    ("stock", 1_000_000_000),
    ("per_user", 4),
    ("name", "Ünïcödé 쿠폰 🎟"),
    ("opens_at", "2030-01-01T00:00:00.000Z"),
    ("closes_at", "2031-01-01T00:00:00.123Z"),
    ("mode", "paced"),
])
def test_patch_changes_one_field_and_no_other(admin, names, field, value):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=7, per_user=2, name="Before")
    before = admin.campaign(campaign).json()
    reply = admin.patch_campaign(campaign, **{field: value})
    assert reply.status == 200
    assert reply.json()[field] == value
    after = admin.campaign(campaign).json()
    assert after[field] == value
    derived = {field, "server_time", "remaining", "state"}
    assert {name: after[name] for name in PUBLIC_FIELDS - derived} == {
        name: before[name] for name in PUBLIC_FIELDS - derived}


@pytest.mark.parametrize("field, value", [
    ("coupon_ttl_s", 3600),
    ("pace", {"batch": 7, "tick_ms": 250}),
    ("metadata", {"colour": "red", "n": [1, 2.5, None, {"deep": "쿠폰"}]}),
    ("metadata", {}),
    ("paused", True),
])
def test_patch_of_what_the_admin_alone_sees_is_answered_and_listed(admin, names, field, value):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=7)
    reply = admin.patch_campaign(campaign, **{field: value})
    assert reply.status == 200
    assert reply.json()[field] == value
    listed = {c["id"]: c for c in admin.all_pages("/v1/campaigns", 1000)}[campaign]
    assert listed[field] == value


def test_times_are_read_with_any_offset_and_shown_in_utc(admin, names):
    campaign = names.campaign()
    reply = admin.put_campaign(campaign, stock=1, opens_at="2030-01-01T09:00:00+09:00",
                               closes_at="2030-01-01T00:00:00.5Z")
    assert reply.status == 201
    shown = admin.campaign(campaign).json()
    assert shown["opens_at"] == "2030-01-01T00:00:00.000Z"
    assert shown["closes_at"] == "2030-01-01T00:00:00.500Z"


@pytest.mark.parametrize("field", ["opens_at", "closes_at"])
def test_patch_with_null_clears_a_time(admin, names, field):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=1, opens_at=times.from_now(days=1),
                       closes_at=times.from_now(days=2))
    assert admin.patch_campaign(campaign, **{field: None}).status == 200
    assert admin.campaign(campaign).json()[field] is None


def test_patch_with_null_clears_the_time_to_live(admin, issue, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=2, coupon_ttl_s=60)
    assert issue.claim(campaign, names.user()).json()["expires_at"] is not None
    assert admin.patch_campaign(campaign, coupon_ttl_s=None).status == 200
    assert issue.claim(campaign, names.user()).json()["expires_at"] is None


def test_a_patch_that_names_nothing_changes_nothing(admin, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=3, name="Same")
    before = admin.campaign(campaign).json()
    assert admin.patch_campaign(campaign).status == 200
    after = admin.campaign(campaign).json()
    assert {**before, "server_time": None} == {**after, "server_time": None}


def test_patch_of_an_unknown_campaign_makes_none(admin, names):
    campaign = names.campaign()
    assert admin.patch_campaign(campaign, stock=3).status == 404
    assert admin.campaign(campaign).status == 404


def test_pause_and_resume(admin, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=3)
    assert admin.patch_campaign(campaign, paused=True).status == 200
    assert state_of(admin, campaign) == "paused"
    assert admin.patch_campaign(campaign, paused=False).status == 200
    assert state_of(admin, campaign) == "open"


@pytest.mark.parametrize("settings, state", [
    ({"stock": 1}, "open"),
    ({"stock": 0}, "sold_out"),
    ({"stock": 1, "opens_at": times.from_now(hours=1)}, "scheduled"),
    ({"stock": 0, "opens_at": times.from_now(hours=1)}, "scheduled"),
    ({"stock": 1, "opens_at": times.from_now(hours=-2)}, "open"),
    ({"stock": 1, "closes_at": times.from_now(hours=1)}, "open"),
    ({"stock": 1, "closes_at": times.from_now(hours=-1)}, "closed"),
    ({"stock": 0, "closes_at": times.from_now(hours=-1)}, "closed"),
    ({"stock": 1, "opens_at": times.from_now(hours=-2), "closes_at": times.from_now(hours=-1)},
     "closed"),
    ({"stock": 1, "opens_at": times.from_now(hours=-1), "closes_at": times.from_now(hours=1)},
     "open"),
])
def test_the_state_follows_window_and_stock(admin, names, settings, state):
    campaign = names.campaign()
    assert admin.put_campaign(campaign, **settings).status == 201
    assert state_of(admin, campaign) == state
    admin.patch_campaign(campaign, paused=True)
    assert state_of(admin, campaign) == "paused"


def test_issued_and_remaining_are_counted(admin, issue, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=3)
    for issued in (1, 2, 3):
        give(issue, campaign, [names.user()])
        shown = admin.campaign(campaign).json()
        assert (shown["issued"], shown["remaining"]) == (issued, 3 - issued)
    assert state_of(admin, campaign) == "sold_out"


@pytest.mark.parametrize("change", ["put", "patch"])
def test_stock_never_falls_below_what_is_issued(admin, issue, names, change):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=5)
    give(issue, campaign, names.users(3))
    request = admin.put_campaign if change == "put" else admin.patch_campaign

    refused = request(campaign, stock=2)
    assert refused.status == 409
    assert refused.code == "stock_below_issued"
    assert refused.problem()["field"] == "stock"
    assert admin.campaign(campaign).json()["stock"] == 5

    assert request(campaign, stock=3).status == 200
    shown = admin.campaign(campaign).json()
    assert (shown["stock"], shown["remaining"], shown["state"]) == (3, 0, "sold_out")
    assert issue.claim(campaign, names.user()).code == "sold_out"


def test_a_refused_change_changes_nothing_at_all(admin, issue, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=2, name="Before")
    give(issue, campaign, names.users(2))
    assert admin.patch_campaign(campaign, stock=1, name="After").status == 409
    assert admin.campaign(campaign).json()["name"] == "Before"


def test_stock_added_while_sold_out_opens_again(admin, issue, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=1)
    loser = names.user("loser")
    give(issue, campaign, [names.user()])
    assert issue.claim(campaign, loser).code == "sold_out"

    assert admin.patch_campaign(campaign, stock=2).status == 200
    assert state_of(admin, campaign) == "open"
    won = issue.claim(campaign, loser)
    assert won.status == 201
    assert won.json()["rank"] == 2
    assert issue.claim(campaign, names.user()).code == "sold_out"


def test_a_window_that_would_be_empty_is_refused_also_by_patch(admin, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=1, opens_at="2030-01-02T00:00:00Z")
    for closes_at in ("2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z"):
        refused = admin.patch_campaign(campaign, closes_at=closes_at)
        assert refused.status == 400
        assert refused.problem()["field"] == "closes_at"
    assert admin.patch_campaign(campaign, closes_at="2030-01-02T00:00:00.001Z").status == 200


@pytest.mark.parametrize("campaign_id", ["a", "0", "a" * 64, "a_b-c9", "9-_"])
def test_ids_in_their_whole_range_are_taken(admin, names, campaign_id):
    reply = admin.put_campaign(campaign_id, stock=1)
    assert reply.status in (200, 201), "the id may be left from another run"
    assert admin.campaign(campaign_id).json()["id"] == campaign_id


def test_metadata_comes_back_as_it_was_given(admin, names):
    campaign = names.campaign()
    metadata = {"text": "쿠폰 \" \\ \u0007 é", "numbers": [0, -1, 1.5, 1e300],
                "nested": {"a": {"b": []}}, "true": True, "null": None}
    assert admin.put_campaign(campaign, stock=1, metadata=metadata).status == 201
    listed = {c["id"]: c for c in admin.all_pages("/v1/campaigns", 1000)}[campaign]
    assert listed["metadata"] == metadata


# The listing

def test_the_listing_has_every_campaign_once_whatever_the_page_size(admin, names):
    made = [names.campaign("listed") for _ in range(7)]
    for campaign in made:
        admin.put_campaign(campaign, stock=1)
    for limit in (1, 3, 1000):
        listed = [c["id"] for c in admin.all_pages("/v1/campaigns", limit)]
        assert len(listed) == len(set(listed))
        assert [c for c in listed if c in set(made)] == made


def test_a_listed_campaign_shows_its_public_fields_at_least(admin, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=4, name="Listed")
    listed = {c["id"]: c for c in admin.all_pages("/v1/campaigns", 1000)}[campaign]
    assert PUBLIC_FIELDS - {"server_time"} <= listed.keys()
    assert (listed["stock"], listed["name"], listed["state"]) == (4, "Listed", "open")


def test_a_page_says_where_the_next_begins(admin, names):
    for _ in range(3):
        admin.put_campaign(names.campaign(), stock=1)
    first = admin.campaigns(limit=2).json()
    assert first.keys() == {"data", "has_more", "next_cursor"}
    assert len(first["data"]) == 2
    assert first["has_more"] is True
    assert isinstance(first["next_cursor"], str) and first["next_cursor"]
    second = admin.campaigns(limit=2, cursor=first["next_cursor"]).json()
    assert not {c["id"] for c in first["data"]} & {c["id"] for c in second["data"]}


def test_campaigns_made_while_one_pages_through_lose_none_that_was_there(admin, names):
    made = [names.campaign() for _ in range(4)]
    for campaign in made:
        admin.put_campaign(campaign, stock=1)
    seen, cursor = [], None
    while True:
        page = admin.campaigns(limit=3, cursor=cursor).json()
        seen += [c["id"] for c in page["data"]]
        if not page["has_more"]:
            break
        if len(seen) < 30:
            admin.put_campaign(names.campaign("late"), stock=1)
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen))
    assert set(made) <= set(seen)


def test_the_body_of_put_and_patch_is_the_campaign(admin, names):
    campaign = names.campaign()
    put = admin.put_campaign(campaign, stock=4).json()
    patched = admin.patch_campaign(campaign, name="N").json()
    assert put.keys() == patched.keys()
    assert PUBLIC_FIELDS - {"server_time"} <= put.keys()
    assert json.dumps(patched["name"]) == '"N"'
    assert admin.request("GET", path_of("campaigns", campaign)).json()["name"] == "N"
