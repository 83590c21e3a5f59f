"""A claim in an instant campaign: who comes first gets a coupon, once, in order; everybody is told
the truth (promises 1 to 9, seen one request at a time)."""

import re
from datetime import timedelta

import pytest

from support import times
from support.api import path_of

CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{16}")
COUPON_FIELDS = {"campaign", "rank", "user", "nth", "code", "issued_at", "expires_at"}


@pytest.fixture
def campaign(admin, names):
    """Makes open campaigns: campaign(stock=3) -> id"""

    def make(stock=10, **settings):
        name = names.campaign()
        assert admin.put_campaign(name, stock=stock, **settings).status == 201
        return name

    return make


def coupon_of(reply):
    body = reply.json()
    assert body.pop("outcome") == "issued"
    assert body.keys() == COUPON_FIELDS
    return body


# The first yes, and the same again

def test_the_first_claim_gets_rank_1(issue, campaign, names):
    here, user = campaign(), names.user()
    reply = issue.claim(here, user)
    assert reply.status == 201
    assert reply.content_type == "application/json"
    coupon = coupon_of(reply)
    assert (coupon["campaign"], coupon["user"]) == (here, user)
    assert (coupon["rank"], coupon["nth"]) == (1, 1)
    assert CODE.fullmatch(coupon["code"])
    times.parse(coupon["issued_at"])
    assert coupon["expires_at"] is None


def test_the_same_claim_again_gets_the_same_coupon(issue, campaign, names):
    """Promise 5."""
    here, user = campaign(), names.user()
    first = issue.claim(here, user)
    for _ in range(3):
        again = issue.claim(here, user)
        assert again.status == 200
        assert again.json() == first.json()


def test_with_one_coupon_per_user_a_new_key_makes_no_new_claim(issue, campaign, names):
    """Promises 2 and 5."""
    here, user = campaign(), names.user()
    first = issue.claim(here, user, key="one")
    assert first.status == 201
    for key in ("one", "two", None):
        again = issue.claim(here, user, key=key)
        assert again.status == 200
        assert again.json() == first.json()


def test_ranks_have_no_gap_and_codes_are_unique(issue, campaign, names):
    """Promise 6; refusals in between take no rank."""
    here = campaign(stock=20)
    coupons = []
    for user in names.users(20):
        coupons.append(coupon_of(issue.claim(here, user)))
        issue.claim(here, user)
    assert [c["rank"] for c in coupons] == list(range(1, 21))
    assert len({c["code"] for c in coupons}) == 20


def test_codes_of_two_campaigns_differ(issue, campaign, names):
    users = names.users(10)
    codes = [coupon_of(issue.claim(here, user))["code"]
             for here in (campaign(), campaign()) for user in users]
    assert len(set(codes)) == len(codes)


def test_a_coupon_expires_its_time_to_live_after_it_was_issued(issue, campaign, names):
    here = campaign(coupon_ttl_s=86_400)
    coupon = coupon_of(issue.claim(here, names.user()))
    assert times.parse(coupon["expires_at"]) - times.parse(coupon["issued_at"]) == timedelta(days=1)


def test_a_changed_time_to_live_leaves_issued_coupons_alone(admin, issue, campaign, names):
    here, user = campaign(coupon_ttl_s=60), names.user()
    first = coupon_of(issue.claim(here, user))
    admin.patch_campaign(here, coupon_ttl_s=120)
    assert coupon_of(issue.claim(here, user)) == first
    later = coupon_of(issue.claim(here, names.user()))
    assert times.parse(later["expires_at"]) - times.parse(later["issued_at"]) == \
        timedelta(minutes=2)


def test_the_admin_key_may_claim_for_a_user(admin, campaign, names):
    assert admin.claim(campaign(), names.user()).status == 201


@pytest.mark.parametrize("user", [
    "a", "u" * 64, "쿠폰" * 10, "🎟" * 16, "with space", "a/b?c=d&e%41#f", "..", "quote\"back\\slash",
    "'; DROP TABLE coupon;--", "é", "e\u0301", "\u202ertl", "A", "u@example.com",
    "a+b", "{}", "null", "0",
])
def test_user_ids_are_any_text_and_come_back_as_they_were(issue, campaign, user):
    here = campaign()
    coupon = coupon_of(issue.claim(here, user))
    assert coupon["user"] == user
    status = issue.claim_status(here, user)
    assert status.status == 200
    assert status.json()["coupons"] == [coupon]
    assert coupon in issue.all_pages(path_of("users", user, "coupons"), 100)


@pytest.mark.parametrize("escaped", [
    b'"\\u0075ser one"', b'"user\\u0020one"', b'"\\u0075\\u0073\\u0065\\u0072 one"',
])
def test_escapes_in_json_name_the_same_user(issue, campaign, escaped):
    here = campaign()
    first = issue.claim(here, "user one")
    again = issue.request("POST", path_of("campaigns", here, "claims"), b'{"user": %s}' % escaped)
    assert again.status == 200
    assert again.json() == first.json()


def test_a_surrogate_pair_names_one_character(issue, campaign):
    here = campaign()
    reply = issue.request("POST", path_of("campaigns", here, "claims"),
                          b'{"user": "\\ud83c\\udf9f"}')
    assert reply.status == 201
    assert reply.json()["user"] == "🎟"


def test_a_plus_in_a_path_is_a_plus(issue, campaign):
    here = campaign()
    issue.claim(here, "a+b")
    assert issue.get(f"/v1/campaigns/{here}/claims/a+b").status == 200
    assert issue.get(f"/v1/campaigns/{here}/claims/a%20b").status == 404


def test_user_ids_that_look_alike_are_different_users(issue, campaign):
    """Ids are bytes: no case folding, no trimming, no normalisation."""
    here = campaign(stock=10)
    for user in ("user", "User", "user ", " user", "caf\u00e9", "cafe\u0301"):
        assert issue.claim(here, user).status == 201, repr(user)


# More than one a user

def test_up_to_the_limit_each_claim_without_a_key_is_a_new_one(issue, campaign, names):
    """Promises 2 and 9."""
    here, user = campaign(per_user=3), names.user()
    coupons = [coupon_of(issue.claim(here, user)) for _ in range(3)]
    assert [c["nth"] for c in coupons] == [1, 2, 3]
    assert [c["rank"] for c in coupons] == [1, 2, 3]
    refused = issue.claim(here, user)
    assert refused.status == 409
    assert refused.code == "limit_reached"


def test_a_key_names_a_claim(issue, campaign, names):
    """Promise 5: the same key gets the same coupon, the next key the next."""
    here, user = campaign(per_user=3), names.user()
    first = issue.claim(here, user, key="k1")
    second = issue.claim(here, user, key="k2")
    assert (first.status, second.status) == (201, 201)
    assert coupon_of(second)["nth"] == 2
    for key, coupon in (("k1", first), ("k2", second), ("k1", first)):
        again = issue.claim(here, user, key=key)
        assert again.status == 200
        assert again.json() == coupon.json()
    assert issue.claim(here, user, key="k3").status == 201
    assert issue.claim(here, user, key="k4").code == "limit_reached"
    assert issue.claim(here, user, key="k2").json() == second.json()


def test_claims_with_and_without_a_key_count_together(issue, campaign, names):
    here, user = campaign(per_user=2), names.user()
    assert issue.claim(here, user).status == 201
    assert issue.claim(here, user, key="k").status == 201
    assert issue.claim(here, user).code == "limit_reached"
    assert issue.claim(here, user, key="other").code == "limit_reached"
    assert issue.claim(here, user, key="k").status == 200


def test_quotes_around_a_key_are_no_part_of_it(issue, campaign, names):
    here, user = campaign(per_user=5), names.user()
    first = issue.claim(here, user, key='"abc"')
    assert first.status == 201
    again = issue.claim(here, user, key="abc")
    assert again.status == 200
    assert again.json() == first.json()


def test_keys_are_compared_exactly(issue, campaign, names):
    here, user = campaign(per_user=10), names.user()
    for key in ("abc", "ABC", "abc.", "a" * 64, "a" * 63, '"', "!~{}"):
        assert issue.claim(here, user, key=key).status == 201, key


def test_a_key_belongs_to_its_user_and_campaign(issue, campaign, names):
    here, there = campaign(per_user=2), campaign(per_user=2)
    ann, bob = names.users(2)
    for where, user in ((here, ann), (here, bob), (there, ann), (there, bob)):
        assert issue.claim(where, user, key="shared").status == 201


def test_user_and_key_are_not_mixed_up(issue, campaign):
    """(ab, c) and (a, bc) are two claims of two users."""
    here = campaign(per_user=2)
    assert issue.claim(here, "ab", key="c").status == 201
    assert issue.claim(here, "a", key="bc").status == 201
    assert issue.claim(here, "abc").status == 201


def test_a_limit_that_is_raised_lets_the_user_go_on(admin, issue, campaign, names):
    here, user = campaign(per_user=1), names.user()
    first = issue.claim(here, user)
    assert admin.patch_campaign(here, per_user=2).status == 200
    second = issue.claim(here, user, key="second")
    assert second.status == 201
    assert coupon_of(second)["nth"] == 2
    assert issue.claim(here, user, key="third").code == "limit_reached"
    assert first.status == 201


# The ways of no

def assert_no(reply, code):
    assert reply.status == 409
    assert reply.code == code


def test_sold_out_is_told_when_the_stock_is_given(issue, campaign, names):
    """Promises 1 and 8."""
    here = campaign(stock=2)
    for user in names.users(2):
        assert issue.claim(here, user).status == 201
    for user in names.users(3):
        assert_no(issue.claim(here, user), "sold_out")


def test_a_stock_of_zero_is_sold_out(issue, campaign, names):
    assert_no(issue.claim(campaign(stock=0), names.user()), "sold_out")


def test_not_open_says_when(issue, campaign, names):
    opens_at = times.from_now(minutes=30)
    reply = issue.claim(campaign(opens_at=opens_at), names.user())
    assert_no(reply, "not_open")
    assert reply.json()["opens_at"] == opens_at
    assert 29 * 60 <= int(reply.headers["Retry-After"]) <= 30 * 60 + 1


def test_closed(issue, campaign, names):
    assert_no(issue.claim(campaign(closes_at=times.from_now(minutes=-1)), names.user()), "closed")


def test_paused_and_resumed(admin, issue, campaign, names):
    here, user = campaign(), names.user()
    admin.patch_campaign(here, paused=True)
    assert_no(issue.claim(here, user), "paused")
    admin.patch_campaign(here, paused=False)
    assert issue.claim(here, user).status == 201


PAST, FUTURE = times.from_now(hours=-1), times.from_now(hours=1)


@pytest.mark.parametrize("settings, expected", [
    # Each row is told the first of: paused, not_open, closed, limit_reached, sold_out.
    ({"paused": True, "opens_at": FUTURE}, "paused"),
    ({"paused": True, "closes_at": PAST}, "paused"),
    ({"paused": True, "stock": 1}, "paused"),
    ({"opens_at": FUTURE, "stock": 1}, "not_open"),
    ({"closes_at": PAST, "stock": 1}, "closed"),
    ({"stock": 1}, "limit_reached"),
])
def test_the_precedence_of_no(admin, issue, campaign, names, settings, expected):
    """The asker has one coupon of two and reaches his limit, unless something comes before."""
    here, user = campaign(stock=1, per_user=1), names.user()
    assert issue.claim(here, user).status == 201
    assert admin.patch_campaign(here, per_user=2, stock=2).status == 200
    assert issue.claim(here, user, key="second").status == 201
    settings = {**settings, "stock": 2} if "stock" in settings else settings
    assert admin.patch_campaign(here, **settings).status == 200
    assert_no(issue.claim(here, user, key="third"), expected)


@pytest.mark.parametrize("settings, expected", [
    ({"paused": True}, "paused"),
    ({"opens_at": FUTURE}, "not_open"),
    ({"closes_at": PAST}, "closed"),
])
def test_sold_out_comes_after_the_window(admin, issue, campaign, names, settings, expected):
    here = campaign(stock=1)
    assert issue.claim(here, names.user()).status == 201
    admin.patch_campaign(here, **settings)
    assert_no(issue.claim(here, names.user()), expected)


@pytest.mark.parametrize("settings", [
    {}, {"paused": True}, {"opens_at": FUTURE}, {"closes_at": PAST},
    {"paused": True, "opens_at": PAST, "closes_at": times.from_now(minutes=-30)},
])
def test_a_winner_gets_his_coupon_back_whatever_the_campaign_has_become(admin, issue, campaign,
                                                                        names, settings):
    """Promise 5: already issued comes before every no. The campaign is sold out as well."""
    here, user = campaign(stock=1), names.user()
    first = issue.claim(here, user)
    assert admin.patch_campaign(here, **settings).status == 200
    again = issue.claim(here, user)
    assert again.status == 200
    assert again.json() == first.json()


def test_with_keys_too_the_winner_comes_before_every_no(admin, issue, campaign, names):
    here, user = campaign(stock=2, per_user=2), names.user()
    coupons = {key: issue.claim(here, user, key=key).json() for key in ("a", "b")}
    admin.patch_campaign(here, paused=True)
    for key, coupon in coupons.items():
        assert issue.claim(here, user, key=key).json() == coupon
    assert_no(issue.claim(here, user, key="c"), "paused")


# Asking without claiming

def test_the_status_of_a_claim_that_won(issue, campaign, names):
    here, user = campaign(), names.user()
    coupon = coupon_of(issue.claim(here, user))
    reply = issue.claim_status(here, user)
    assert reply.status == 200
    status = reply.json()
    assert status.keys() == {"outcome", "coupons", "ticket", "position", "eta_ms"}
    assert status["outcome"] == "issued"
    assert status["coupons"] == [coupon]
    assert (status["position"], status["eta_ms"]) in ((None, None), (0, 0))


def test_the_status_lists_all_coupons_of_the_user_in_this_campaign(issue, campaign, names):
    here, there, user = campaign(per_user=2), campaign(), names.user()
    coupons = [coupon_of(issue.claim(here, user, key=key)) for key in ("a", "b")]
    issue.claim(there, user)
    assert issue.claim_status(here, user).json()["coupons"] == coupons


def test_a_user_who_never_claimed_has_no_status(issue, campaign, names):
    here = campaign()
    reply = issue.claim_status(here, names.user())
    assert reply.status == 404
    assert reply.code


def test_asking_for_the_status_takes_nothing(issue, admin, campaign, names):
    here, user = campaign(), names.user()
    issue.claim_status(here, user)
    assert admin.campaign(here).json()["issued"] == 0
    assert coupon_of(issue.claim(here, user))["rank"] == 1


def test_the_window_is_checked_by_the_server_clock(issue, admin, campaign, names):
    """opens_at is the first moment that is in time: what the state says, a claim is told."""
    here = campaign(opens_at=times.from_now(milliseconds=300))
    told = set()
    while "open" not in told:
        state = admin.campaign(here).json()["state"]
        told.add(state)
        if state == "open":
            assert issue.claim(here, names.user()).status == 201
    assert told <= {"scheduled", "open"}
