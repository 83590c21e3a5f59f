"""The ledger is away, Redis is there: claims are kept in Redis, in order. Who claims is told to
wait, and every claim that was told so finds its end when the ledger is back (promise 10)."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest

from support.another_user import AnotherUser
from support.api import Api
from support.claims import claim, make, outcome_at, status
from support.history import Claim, write_history
from support.promises import check_promises
from support.server import run
from support.storm import Storm, claim_until_final, wait_until_settled
from support.wait import until

pytestmark = [pytest.mark.one_redis, pytest.mark.bound_s(120)]

STOCK = 300
USERS = 500


def break_it(ledger, how):
    ledger.freeze() if how == "frozen" else ledger.kill()


def mend_it(ledger, how):
    ledger.thaw() if how == "frozen" else ledger.restart()


@pytest.mark.parametrize("how", ["frozen", "killed"])
def test_claims_wait_in_order_and_are_issued_when_the_ledger_is_back(two, ledger, how):
    campaign = f"waits-{how}"
    make(two[0], campaign, stock=4)
    break_it(ledger, how)
    users = ["ann", "bob", "cid", "dan", "eve"]
    start = time.monotonic()
    told = [claim(two[n % 2], campaign, user) for n, user in enumerate(users)]
    assert [reply.status for reply in told] == [202] * 5
    # Of a ledger that says nothing it is not known for a while that it is away.
    assert time.monotonic() - start < 5 * (6 if how == "frozen" else 2.5), "nobody is held for long"
    places = [reply.json() for reply in told]
    assert [place["position"] for place in places] == [1, 2, 3, 4, 5]
    assert places == sorted(places, key=lambda place: place["ticket"])
    assert told[0].headers["location"] == f"/v1/campaigns/{campaign}/claims/ann"

    for server in two:
        asked = status(server, campaign, "cid").json()
        assert (asked["outcome"], asked["ticket"], asked["position"]) == \
            ("queued", places[2]["ticket"], 3)
    again = claim(two[0], campaign, "bob")
    assert (again.status, again.json()["ticket"]) == (202, places[1]["ticket"]), "its old place"

    mend_it(ledger, how)
    for server in two:
        until(lambda: outcome_at(server, campaign, "eve") == "sold_out", "how it ended for eve")
        assert [outcome_at(server, campaign, user) for user in users] == \
            ["issued"] * 3 + ["sold_out"] * 2
    with Api(two[1].address, two[1].admin_key) as admin:
        coupons = admin.all_coupons(campaign)
    assert [coupon["user"] for coupon in coupons] == ["warm", "ann", "bob", "cid"]


def test_a_crowd_comes_while_the_ledger_is_away(two, ledger, tmp_path):
    make(two[0], "crowd", stock=STOCK)
    claims = [Claim("crowd", f"u{n}", "") for n in range(USERS)]
    ledger.kill()
    storms = [Storm(one.address, one.issue_key, claims, connections=100).start() for one in two]
    attempts = [attempt for storm in storms for attempt in storm.join()]
    assert {attempt.status for attempt in attempts} == {202}, "nobody is refused"
    ledger.restart()
    wait_until_settled(two[1].address, two[1].issue_key, claims)
    attempts += claim_until_final(two[0].address, two[0].issue_key, claims)
    with Api(two[0].address, two[0].admin_key) as admin:
        coupons = admin.all_coupons("crowd")
    warm = [coupon for coupon in coupons if coupon["user"] == "warm"]
    assert len(warm) == 1 and len(coupons) == STOCK
    history = tmp_path / "history.ndjson"
    write_history(history, attempts)
    result = run("verify", "--ledger", two[0].ledger_url, "--history", history,
                 "--campaign", "crowd")
    assert result.returncode == 0, result.stdout + result.stderr


def test_what_a_dead_server_has_kept_is_issued_by_another(two, ledger):
    make(two[0], "orphan", stock=2)
    ledger.kill()
    assert claim(two[0], "orphan", "ann").status == 202
    two[0].kill()
    ledger.restart()
    until(lambda: outcome_at(two[1], "orphan", "ann") == "issued", "a coupon nobody asks for")


@pytest.mark.parametrize("comes_back", ["as it was", "empty"])
def test_redis_goes_too_and_comes_back(two, ledger, redis, comes_back):
    campaign = "both-" + comes_back.replace(" ", "-")
    make(two[0], campaign, stock=2)
    ledger.kill()
    assert claim(two[1], campaign, "ann").status == 202
    redis.kill()
    refused = claim(two[0], campaign, "bob")
    assert (refused.status, refused.code) == (503, "unavailable")
    assert int(refused.headers["retry-after"]) > 0
    redis.restart() if comes_back == "as it was" else redis.wipe()
    ledger.restart()
    until(lambda: outcome_at(two[0], campaign, "ann") == "issued", "the coupon")


def test_paced_claims_wait_too(two, ledger):
    pace = {"batch": 10, "tick_ms": 50}
    with Api(two[0].address, two[0].admin_key) as admin:
        assert admin.put_campaign("paced", stock=1, mode="paced", pace=pace).status == 201
    ledger.kill()
    told = [claim(two[n], "paced", user) for n, user in enumerate(["ann", "bob"])]
    assert [reply.status for reply in told] == [202, 202]
    ledger.restart()
    for server in two:
        until(lambda: outcome_at(server, "paced", "bob") == "sold_out", "the end of the line")
        assert outcome_at(server, "paced", "ann") == "issued"


def test_each_of_a_users_claims_waits(two, ledger):
    """per_user 2, three claims under keys of their own: two win, and each key gets its own."""
    make(two[0], "several", stock=10, per_user=2)
    ledger.kill()
    keys = ["k1", "k2", "k3"]
    tickets = [claim(two[0], "several", "ann", key).json()["ticket"] for key in keys]
    assert tickets == sorted(set(tickets))
    ledger.restart()

    def settled():
        replies = [claim(two[1], "several", "ann", key) for key in keys]
        return [reply.status for reply in replies] == [200, 200, 409] and \
            [reply.json()["nth"] for reply in replies[:2]] == [1, 2]

    until(settled, "two coupons, and no third")


def pause(server, campaign, paused):
    with Api(server.address, server.admin_key) as admin:
        return admin.patch_campaign(campaign, paused=paused).status == 200


def bring_back_paused(server, ledger, redis, campaign):
    """The ledger, with the campaign paused before anybody sees what waits in Redis."""
    redis.freeze()
    ledger.restart()
    until(lambda: pause(server, campaign, True), "the pause")
    redis.thaw()


@pytest.mark.parametrize("teller_dies", [False, True])
def test_who_was_told_to_wait_waits_through_a_pause(two, ledger, redis, teller_dies):
    """Promises 7 and 10: as a paced line does, and before all who come after the pause."""
    campaign = "pause-alone" if teller_dies else "pause"
    make(two[0], campaign, stock=4, per_user=2)
    ledger.kill()
    claims = [("ann", "k1"), ("bob", "k2"), ("cid", "k3")]
    told = [claim(two[0], campaign, *one) for one in claims]
    assert [reply.status for reply in told] == [202, 202, 202]
    server = two[1] if teller_dies else two[0]
    bring_back_paused(server, ledger, redis, campaign)
    if teller_dies:
        two[0].kill()
    assert claim(server, campaign, "eve", "k4").code == "paused", "she was told nothing before"
    time.sleep(6.5)  # they are looked after meanwhile, and sent again
    for (user, _), reply in zip(claims, told):
        found = status(server, campaign, user).json()
        assert (found["outcome"], found["ticket"]) == ("queued", reply.json()["ticket"])

    assert pause(server, campaign, False)
    assert claim(server, campaign, "eve", "k5").code == "sold_out"
    for user, _ in claims:
        until(lambda: outcome_at(server, campaign, user) == "issued", f"{user}'s coupon")
    with Api(server.address, server.admin_key) as admin:
        coupons = admin.all_coupons(campaign)
    assert [coupon["user"] for coupon in coupons] == ["warm", "ann", "bob", "cid"]


def test_who_comes_in_a_pause_is_not_told_to_wait(two, ledger):
    """Whatever this server can say of coupons given before, as the ledger is away."""
    make(two[0], "paused", stock=4)
    for server in two:
        assert pause(server, "paused", True)
    ledger.kill()
    time.sleep(2.5)  # from here on memory is too old to be asked
    for server in two:
        refused = claim(server, "paused", "eve")
        assert (refused.status, refused.code) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
    ledger.restart()
    until(lambda: claim(two[1], "paused", "eve").code == "paused", "the ledger")
    until(lambda: pause(two[0], "paused", False), "its connection to it")
    assert status(two[1], "paused", "eve").status == 404, "she was not taken"
    assert claim(two[1], "paused", "eve").status == 201


def test_who_was_told_to_wait_waits_through_a_pause_in_which_the_ledger_goes_again(
        two, ledger, redis):
    make(two[0], "again", stock=4)
    ledger.kill()
    told = claim(two[0], "again", "ann")
    assert told.status == 202
    bring_back_paused(two[1], ledger, redis, "again")
    ledger.kill()
    time.sleep(2.5)
    for server in two:
        assert claim(server, "again", "eve").status == 503
        assert claim(server, "again", "ann").status == 503, "this one is not taken"
        asked = status(server, "again", "ann").json()
        assert (asked["outcome"], asked["ticket"]) == ("queued", told.json()["ticket"])
    ledger.restart()
    until(lambda: pause(two[1], "again", False), "the ledger")
    until(lambda: outcome_at(two[1], "again", "ann") == "issued", "the coupon")


@contextmanager
def behind(server):
    """It stands still meanwhile, so that its memory is too old to be asked."""
    os.kill(server.process.pid, signal.SIGSTOP)
    time.sleep(2.5)
    yield
    os.kill(server.process.pid, signal.SIGCONT)


def test_who_comes_in_a_pause_hears_so_although_nobody_leads(two, ledger, redis):
    make(two[0], "next", stock=4)
    ledger.kill()
    assert claim(two[0], "next", "ann").status == 202, "that it stands still is known to both"
    redis.freeze()
    ledger.restart()
    until(lambda: pause(two[1], "next", True), "the pause")
    with behind(two[1]):
        two[0].kill()
        redis.thaw()
    assert claim(two[1], "next", "eve").code == "paused"
    assert outcome_at(two[1], "next", "ann") == "queued"


def test_who_comes_to_a_server_that_still_believes_in_a_pause_does_not_overtake(
        two, ledger, redis):
    """Promise 3: who waits in Redis came before."""
    make(two[0], "over", stock=2)
    ledger.kill()
    assert claim(two[0], "over", "ann").status == 202
    bring_back_paused(two[0], ledger, redis, "over")
    with ThreadPoolExecutor(1) as executor:
        with behind(two[1]):
            redis.freeze()
            assert pause(two[0], "over", False)
            two[0].kill()
            reply = executor.submit(claim, two[1], "over", "eve")
            time.sleep(0.2)
        time.sleep(0.2)
        redis.thaw()
        assert reply.result().code == "sold_out"
    assert outcome_at(two[1], "over", "ann") == "issued"


def test_a_pause_that_lasts_until_the_campaign_closes_ends_the_wait(two, ledger, redis):
    """Promise 10: also who waits in vain hears so."""
    make(two[0], "closes", stock=4)
    ledger.kill()
    assert claim(two[0], "closes", "ann").status == 202
    bring_back_paused(two[0], ledger, redis, "closes")
    closes_at = datetime.now(timezone.utc) + timedelta(seconds=2)
    with Api(two[0].address, two[0].admin_key) as admin:
        assert admin.patch_campaign("closes", closes_at=closes_at.isoformat()).status == 200
    assert outcome_at(two[1], "closes", "ann") == "queued"
    until(lambda: outcome_at(two[1], "closes", "ann") == "paused", "the end of her wait")


def test_a_server_cut_off_in_a_pause_does_not_refuse_for_others(start_server, ledger, tmp_path):
    """It does not hear that the pause is over."""
    other = start_server()
    user = AnotherUser(ledger, other)
    leader = start_server(tmp_path / "leader", beside=other, on=user.serve_args)
    make(leader, "cut-paused", stock=9)
    assert claim(other, "cut-paused", "ann").status == 201, "it knows who leads"
    assert pause(other, "cut-paused", True)
    user.cut_off()
    time.sleep(2.5)
    assert pause(other, "cut-paused", False)
    users = [f"u{n}" for n in range(5)]
    for one in users:
        assert claim(leader, "cut-paused", one).code == "unavailable"
        assert claim(other, "cut-paused", one).status == 201


def test_a_queue_that_is_full_refuses_before_a_ticket(start_server, ledger):
    server = start_server(args=["--queue-depth", "2"])
    make(server, "full", stock=9)
    ledger.kill()
    assert [claim(server, "full", user).status for user in ("ann", "bob")] == [202, 202]
    refused = claim(server, "full", "cid")
    assert (refused.status, refused.code) == (503, "overloaded")
    assert int(refused.headers["retry-after"]) > 0
    assert claim(server, "full", "ann").status == 202, "who has a ticket is not refused"
    ledger.restart()
    until(lambda: outcome_at(server, "full", "bob") == "issued", "the coupon")
    assert claim(server, "full", "cid").status == 201
