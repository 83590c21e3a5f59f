"""A claim in a paced campaign: a place in line at once, the verdict by and by (promises 7, 10)."""

import pytest

from support import times
from support.api import path_of
from support.wait import until

COUPON_FIELDS = {"campaign", "rank", "user", "nth", "code", "issued_at", "expires_at"}
NEVER = {"batch": 1, "tick_ms": 3_600_000}  # nobody's turn comes while a test looks on


@pytest.fixture
def line(admin, names):
    """Makes paced campaigns: line(stock=3, batch=1, tick_ms=10) -> id"""

    def make(stock=10, batch=1, tick_ms=10, **settings):
        name = names.campaign("line")
        pace = {"batch": batch, "tick_ms": tick_ms}
        reply = admin.put_campaign(name, stock=stock, mode="paced", pace=pace, **settings)
        assert reply.status == 201
        return name

    return make


@pytest.fixture
def still_line(admin, names, issue):
    """A line that does not move until release(campaign): its first tick is used up."""

    def make(stock=10, **settings):
        name = names.campaign("still")
        reply = admin.put_campaign(name, stock=stock, mode="paced", pace=NEVER, **settings)
        assert reply.status == 201
        return name

    return make


def release(admin, campaign, batch=100):
    assert admin.patch_campaign(campaign, pace={"batch": batch, "tick_ms": 1}).status == 200


def outcome(issue, campaign, user):
    reply = issue.claim_status(campaign, user)
    assert reply.status == 200, reply
    return reply.json()["outcome"]


def settled(issue, campaign, user):
    until(lambda: outcome(issue, campaign, user) != "queued", f"{user} to leave the line")
    return issue.claim_status(campaign, user).json()


def test_a_paced_claim_is_queued_with_its_place(issue, still_line, names):
    here = still_line()
    users = names.users(5)
    places = []
    for user in users:
        reply = issue.claim(here, user)
        assert reply.status == 202
        assert reply.content_type == "application/json"
        body = reply.json()
        assert body.keys() == {"outcome", "ticket", "position", "eta_ms"}
        assert body["outcome"] == "queued"
        assert body["position"] >= 1
        assert body["eta_ms"] >= 0
        places.append(body)
    tickets = [place["ticket"] for place in places]
    assert tickets == sorted(set(tickets)), "tickets rise in arrival order"
    # The head of the line may have gone at the first tick, nobody else.
    last = places[-1]
    assert last["position"] in (4, 5)
    assert last["eta_ms"] >= places[1]["eta_ms"]


def test_the_reply_says_where_the_verdict_will_be(issue, line, names):
    here, user = line(), names.user("käufer/1 ")
    reply = issue.claim(here, user)
    assert reply.status == 202
    location = reply.headers["Location"]
    assert location.endswith(path_of("campaigns", here, "claims", user)), location
    status = issue.request("GET", location)
    assert status.status == 200
    assert status.json()["outcome"] in ("queued", "issued")


def test_the_status_follows_the_claim_from_queued_to_issued(admin, issue, still_line, names):
    here = still_line()
    ahead, user = names.users(2)
    issue.claim(here, ahead)
    ticket = issue.claim(here, user).json()["ticket"]
    waiting = issue.claim_status(here, user).json()
    assert waiting.keys() == {"outcome", "coupons", "ticket", "position", "eta_ms"}
    assert (waiting["outcome"], waiting["coupons"]) == ("queued", [])
    assert waiting["ticket"] == ticket
    assert waiting["position"] in (1, 2)

    release(admin, here)
    won = settled(issue, here, user)
    assert won["outcome"] == "issued"
    [coupon] = won["coupons"]
    assert coupon.keys() == COUPON_FIELDS
    assert (coupon["user"], coupon["rank"]) == (user, 2)


def test_the_line_is_served_in_arrival_order(issue, line, names, admin):
    """Promise 7."""
    here = line(stock=100, batch=3, tick_ms=5)
    users = names.users(40)
    for user in users:
        assert issue.claim(here, user).status == 202
    until(lambda: admin.campaign(here).json()["issued"] == 40, "the line to drain")
    assert [c["user"] for c in admin.all_coupons(here)] == users


def test_a_tick_serves_no_more_than_its_batch(admin, issue, names, still_line):
    here = still_line()
    users = names.users(7)
    for user in users:
        issue.claim(here, user)
    before = admin.campaign(here).json()["issued"]
    assert before <= 1, "one tick of one claim at most"
    # Each of these ticks is an hour long, so a changed pace gives one batch more at most.
    admin.patch_campaign(here, pace={"batch": 2, "tick_ms": 3_600_000})
    assert admin.campaign(here).json()["issued"] <= before + 2


def test_losers_are_told_sold_out(admin, issue, line, names):
    """Promises 1, 8 and 10: each of the line gets its end."""
    here = line(stock=3, batch=2, tick_ms=5)
    users = names.users(8)
    for user in users:
        assert issue.claim(here, user).status in (202, 409)
    for place, user in enumerate(users):
        again = until(lambda: (r := issue.claim(here, user)).status != 202 and r,
                      f"{user} to be told his end")
        if place < 3:
            assert again.status == 200
            assert again.json()["rank"] == place + 1
        else:
            assert again.status == 409
            assert again.code == "sold_out"
    assert [c["user"] for c in admin.all_coupons(here)] == users[:3]


def test_the_status_of_a_loser_is_sold_out(admin, issue, still_line, names):
    here = still_line(stock=2)
    users = names.users(4)
    for user in users:
        assert issue.claim(here, user).status == 202
    release(admin, here)
    for user, expected in zip(users, ("issued", "issued", "sold_out", "sold_out")):
        status = settled(issue, here, user)
        assert status["outcome"] == expected
        assert len(status["coupons"]) == (expected == "issued")


def test_a_claim_sent_again_keeps_its_ticket(issue, still_line, names):
    """Promise 5."""
    here = still_line()
    issue.claim(here, names.user("head"))
    user = names.user()
    first = issue.claim(here, user)
    issue.claim(here, names.user())
    again = issue.claim(here, user)
    assert again.status == 202
    assert again.json()["ticket"] == first.json()["ticket"]


def test_a_claim_sent_again_after_its_verdict_gets_the_coupon(admin, issue, line, names):
    here, user = line(), names.user()
    assert issue.claim(here, user).status == 202
    [coupon] = settled(issue, here, user)["coupons"]
    again = issue.claim(here, user)
    assert again.status == 200
    assert again.json() == {"outcome": "issued", **coupon}


def test_keys_stand_in_line_each_for_itself(admin, issue, still_line, names):
    here = still_line(per_user=2)
    issue.claim(here, names.user("head"))
    user = names.user()
    tickets = {key: issue.claim(here, user, key=key).json()["ticket"] for key in ("a", "b", "c")}
    assert len(set(tickets.values())) == 3
    assert issue.claim(here, user, key="b").json()["ticket"] == tickets["b"]

    release(admin, here)
    ends = {key: until(lambda: (r := issue.claim(here, user, key=key)).status != 202 and r, key)
            for key in ("a", "b", "c")}
    assert [ends[key].status for key in ("a", "b", "c")] == [200, 200, 409]
    assert ends["c"].code == "limit_reached"
    assert [ends[key].json()["nth"] for key in ("a", "b")] == [1, 2]


def test_a_pause_stops_the_line_and_loses_nobody(admin, issue, line, names):
    """Promise 10."""
    here = line(stock=50, batch=1, tick_ms=20)
    users = names.users(10)
    for user in users:
        assert issue.claim(here, user).status == 202
    assert admin.patch_campaign(here, paused=True).status == 200
    issued = admin.campaign(here).json()["issued"]
    for _ in range(20):
        outcome(issue, here, users[-1])
    assert admin.campaign(here).json()["issued"] == issued
    assert admin.patch_campaign(here, paused=False).status == 200
    until(lambda: admin.campaign(here).json()["issued"] == 10, "the line to drain")
    assert [c["user"] for c in admin.all_coupons(here)] == users


def test_who_was_in_time_is_served_also_after_the_close(admin, issue, still_line, names):
    """Promise 10: a claim answered 202 was in time, and reaches its end."""
    here = still_line()
    users = names.users(4)
    for user in users:
        assert issue.claim(here, user).status == 202
    assert admin.patch_campaign(here, closes_at=times.from_now(minutes=-1)).status == 200
    assert issue.claim(here, names.user("late")).code == "closed"
    release(admin, here)
    for user in users:
        assert settled(issue, here, user)["outcome"] == "issued"


def test_refusals_need_no_line(admin, issue, line, names):
    """What is known at once is told at once."""
    here = line(stock=0)
    until(lambda: issue.claim(here, names.user()).status == 409, "a stock of 0 to be told")


def test_two_lines_do_not_wait_for_each_other(admin, issue, still_line, line, names):
    slow, fast = still_line(), line(stock=5)
    for _ in range(3):
        issue.claim(slow, names.user())
    user = names.user()
    issue.claim(fast, user)
    assert settled(issue, fast, user)["outcome"] == "issued"


def test_an_instant_campaign_made_paced_and_back_keeps_ranks_and_coupons(admin, issue, names):
    here, winner, waiter, last = names.campaign(), *names.users(3)
    admin.put_campaign(here, stock=3)
    first = issue.claim(here, winner)
    assert admin.patch_campaign(here, mode="paced", pace={"batch": 1, "tick_ms": 5}).status == 200
    assert issue.claim(here, winner).json() == first.json()
    assert issue.claim(here, waiter).status == 202
    assert settled(issue, here, waiter)["coupons"][0]["rank"] == 2
    assert admin.patch_campaign(here, mode="instant").status == 200
    assert issue.claim(here, last).json()["rank"] == 3
