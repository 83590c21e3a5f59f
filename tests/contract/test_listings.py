"""Exports and a user's coupons: whole, in order, in pages."""

import pytest

from support.api import path_of

COUPON_FIELDS = {"campaign", "rank", "user", "nth", "code", "issued_at", "expires_at"}


@pytest.fixture
def given(admin, issue, names):
    """A campaign of which 25 coupons were given. -> (id, coupons as their winners got them)"""
    campaign = names.campaign()
    assert admin.put_campaign(campaign, stock=30).status == 201
    coupons = []
    for user in names.users(25):
        reply = issue.claim(campaign, user)
        assert reply.status == 201
        coupon = reply.json()
        del coupon["outcome"]
        coupons.append(coupon)
    return campaign, coupons


@pytest.mark.parametrize("limit", [1, 4, 5, 24, 25, 26, 1000])
def test_the_export_has_every_coupon_in_rank_order_whatever_the_page_size(admin, given, limit):
    """Promises 3 and 6: the listed coupon is the one that its winner was told."""
    campaign, coupons = given
    assert admin.all_coupons(campaign, limit) == coupons


def test_the_export_without_a_limit_has_pages_of_some_size(admin, given):
    campaign, coupons = given
    assert admin.all_pages(path_of("campaigns", campaign, "coupons")) == coupons


def test_a_page_that_is_just_full_is_the_last(admin, given):
    campaign, coupons = given
    page = admin.coupons(campaign, limit=25).json()
    assert (len(page["data"]), page["has_more"], page["next_cursor"]) == (25, False, None)
    page = admin.coupons(campaign, limit=24).json()
    assert (len(page["data"]), page["has_more"]) == (24, True)


def test_an_export_of_nothing_is_an_empty_page(admin, names):
    campaign = names.campaign()
    admin.put_campaign(campaign, stock=1)
    page = admin.coupons(campaign).json()
    assert page == {"data": [], "has_more": False, "next_cursor": None}


def test_coupons_given_while_one_pages_through_come_at_the_end(admin, issue, given, names):
    campaign, coupons = given
    first = admin.coupons(campaign, limit=10).json()
    late = issue.claim(campaign, names.user()).json()
    rest, cursor = [], first["next_cursor"]
    while cursor:
        page = admin.coupons(campaign, limit=10, cursor=cursor).json()
        rest += page["data"]
        cursor = page["next_cursor"]
    assert first["data"] + rest[:-1] == coupons
    assert rest[-1]["rank"] == late["rank"] == 26


def test_a_cursor_may_be_used_again_and_with_another_limit(admin, given):
    campaign, coupons = given
    cursor = admin.coupons(campaign, limit=10).json()["next_cursor"]
    for limit in (3, 7, 3):
        assert admin.coupons(campaign, limit=limit, cursor=cursor).json()["data"] == \
            coupons[10:10 + limit]


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_users_coupons_are_listed_across_campaigns(admin, issue, names, limit):
    user, other = names.users(2)
    expected = []
    for per_user in (1, 3, 1):
        campaign = names.campaign()
        admin.put_campaign(campaign, stock=10, per_user=per_user)
        issue.claim(campaign, other)
        for _ in range(per_user):
            coupon = issue.claim(campaign, user).json()
            del coupon["outcome"]
            expected.append(coupon)
    listed = issue.all_pages(path_of("users", user, "coupons"), limit)
    assert listed == expected
    assert all(coupon.keys() == COUPON_FIELDS for coupon in listed)


def test_a_user_without_coupons_has_an_empty_list(issue, names):
    reply = issue.user_coupons(names.user())
    assert reply.status == 200
    assert reply.json() == {"data": [], "has_more": False, "next_cursor": None}


@pytest.mark.parametrize("listing", ["campaigns", "coupons", "user_coupons"])
@pytest.mark.parametrize("limit", ["0", "-1", "abc", "100000000", "1.5", "", "99999999999999999999",
                                   "1e2", "0x10", " 5", "5 ", "+5", "٣"])
def test_a_limit_out_of_bounds_is_refused_and_named(admin, names, listing, limit):
    target = names.campaign()
    admin.put_campaign(target, stock=1)
    request = {"campaigns": admin.campaigns,
               "coupons": lambda limit: admin.coupons(target, limit=limit),
               "user_coupons": lambda limit: admin.user_coupons("somebody", limit=limit)}[listing]
    reply = request(limit=limit)
    assert reply.status == 400
    assert reply.problem()["field"] == "limit"


class TestCursors:
    """A cursor is taken where it was given, and nowhere else."""

    @pytest.fixture
    def cursor(self, admin, given):
        return admin.coupons(given[0], limit=3).json()["next_cursor"]

    @staticmethod
    def assert_refused(reply):
        assert reply.status == 400, reply
        assert reply.problem()["field"] == "cursor"

    @pytest.mark.parametrize("made_up", ["", "garbage", "AAAA", "A" * 22, "A" * 5000, "1", "0",
                                         "\x00", "쿠폰", "../..", "====", "MTIzNDU2Nzg5MDEyMzQ1Ng"])
    def test_made_up(self, admin, given, made_up):
        self.assert_refused(admin.coupons(given[0], cursor=made_up))
        self.assert_refused(admin.campaigns(cursor=made_up))
        self.assert_refused(admin.user_coupons("somebody", cursor=made_up))

    def test_changed_in_any_character(self, admin, given, cursor):
        for at in range(len(cursor) - 1):
            changed = cursor[:at] + ("B" if cursor[at] != "B" else "C") + cursor[at + 1:]
            self.assert_refused(admin.coupons(given[0], cursor=changed))

    def test_cut_or_longer(self, admin, given, cursor):
        for changed in (cursor[:-1], cursor[1:], cursor + "A", cursor + "=", cursor * 2):
            self.assert_refused(admin.coupons(given[0], cursor=changed))

    def test_of_another_listing(self, admin, issue, given, names, cursor):
        other = names.campaign()
        admin.put_campaign(other, stock=1)
        self.assert_refused(admin.coupons(other, cursor=cursor))
        self.assert_refused(admin.campaigns(cursor=cursor))
        self.assert_refused(admin.user_coupons(names.user(), cursor=cursor))
        campaigns_cursor = admin.campaigns(limit=1).json()["next_cursor"]
        self.assert_refused(admin.coupons(given[0], cursor=campaigns_cursor))
