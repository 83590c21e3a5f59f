"""Many at once, more than there is to give: promises 1 to 11 are checked from what everybody was
told and from what the ledger holds, here and by `firstcome verify`."""

import json

import pytest

from support.api import Api
from support.history import Claim, write_history
from support.promises import check_full_is_not_broken, check_promises
from support.server import run
from support.storm import Storm, claim_until_final, wait_until_settled

pytestmark = pytest.mark.every_engine


@pytest.fixture
def server(start_server):
    return start_server()


def make(server, campaign, **settings):
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign(campaign, **settings).status == 201


def export(server, campaign):
    with Api(server.address, server.admin_key) as admin:
        return admin.all_coupons(campaign)


def verify(server, *arguments):
    return run("verify", "--ledger", server.ledger_url, *arguments)


def assert_verified(server, attempts, tmp_path):
    history = tmp_path / "history.ndjson"
    write_history(history, attempts)
    result = verify(server, "--history", history)
    assert result.returncode == 0, result.stdout + result.stderr
    return history


def test_everybody_at_once_for_half_as_many(server, tmp_path):
    make(server, "drop", stock=2000)
    claims = [Claim("drop", f"u{number}") for number in range(4000)]
    attempts = Storm(server.address, server.issue_key, claims, connections=300).run()
    assert sum(a.outcome == "issued" for a in attempts) == 2000
    assert sum(a.outcome == "sold_out" for a in attempts) == 2000
    check_full_is_not_broken(attempts)
    check_promises(attempts, export(server, "drop"), stock=2000, all_answered=True)
    assert_verified(server, attempts, tmp_path)


def test_everybody_asks_five_times_at_once(server, tmp_path):
    """Promises 2 and 5, with the same claim on several connections at the same time."""
    make(server, "again", stock=300)
    claims = [Claim("again", f"u{number}") for number in range(500) for _ in range(5)]
    attempts = Storm(server.address, server.issue_key, claims, connections=200).run()
    check_promises(attempts, export(server, "again"), stock=300, all_answered=True)
    firsts = [a for a in attempts if a.status == 201]
    assert len(firsts) == 300, "201 is said once a coupon, 200 to the repeats"
    assert_verified(server, attempts, tmp_path)


def test_one_user_who_wants_it_all(server, tmp_path):
    """Promises 2 and 9: a hundred claims of one user at the same moment."""
    make(server, "greedy", stock=100, per_user=3)
    claims = [Claim("greedy", "greedy", f"k{number}") for number in range(100)]
    attempts = Storm(server.address, server.issue_key, claims, connections=100).run()
    assert sum(a.outcome == "issued" for a in attempts) == 3
    assert sum(a.outcome == "limit_reached" for a in attempts) == 97
    check_promises(attempts, export(server, "greedy"), stock=100, per_user=3, all_answered=True)
    assert_verified(server, attempts, tmp_path)


def test_two_a_user_with_keys_and_repeats(server, tmp_path):
    make(server, "keyed", stock=700, per_user=2)
    claims = [Claim("keyed", f"u{number % 400}", f"k{number // 400 % 3}")
              for number in range(400 * 3)] * 2
    attempts = Storm(server.address, server.issue_key, claims, connections=150).run()
    check_promises(attempts, export(server, "keyed"), stock=700, per_user=2, all_answered=True)
    assert_verified(server, attempts, tmp_path)


def test_a_paced_crowd_reaches_its_end(server, tmp_path):
    """Promises 7, 8 and 10."""
    make(server, "paced", stock=400, mode="paced", pace={"batch": 50, "tick_ms": 5})
    claims = [Claim("paced", f"u{number}") for number in range(800)]
    attempts = claim_until_final(server.address, server.issue_key, claims, connections=100)
    assert any(a.status == 202 for a in attempts)
    wait_until_settled(server.address, server.issue_key, claims)
    check_promises(attempts, export(server, "paced"), stock=400, all_answered=True)
    assert_verified(server, attempts, tmp_path)


def test_several_campaigns_at_once_do_not_mix(server, tmp_path):
    campaigns = [f"c{number}" for number in range(5)]
    for campaign in campaigns:
        make(server, campaign, stock=200)
    claims = [Claim(campaign, f"u{number}") for number in range(300) for campaign in campaigns]
    attempts = Storm(server.address, server.issue_key, claims, connections=150).run()
    for campaign in campaigns:
        its = [a for a in attempts if a.campaign == campaign]
        check_promises(its, export(server, campaign), stock=200, all_answered=True)
    assert_verified(server, attempts, tmp_path)


def test_stock_added_in_the_middle_is_given_to_the_last(server, tmp_path):
    """Promise 1 at every moment, and no leak (promise 10)."""
    make(server, "growing", stock=100)
    claims = [Claim("growing", f"u{number}") for number in range(2000)]
    attempts, stock = [], 100
    with Api(server.address, server.admin_key) as admin:
        storm = Storm(server.address, server.issue_key, claims, connections=100).start()
        while not storm.is_over() and stock < 500:
            stock += 50
            assert admin.patch_campaign("growing", stock=stock).status == 200
        attempts += storm.join()
        assert admin.patch_campaign("growing", stock=1000).status == 200
    attempts += claim_until_final(server.address, server.issue_key, claims)
    coupons = export(server, "growing")
    assert len(coupons) == 1000
    assert [c["rank"] for c in coupons] == list(range(1, 1001))
    assert len({c["user"] for c in coupons}) == 1000


def test_stock_lowered_in_the_middle_is_a_cap_at_once(server):
    """Promise 1: what PATCH was answered 200 for holds; 409 leaves the old stock."""
    make(server, "shrinking", stock=1500)
    claims = [Claim("shrinking", f"u{number}") for number in range(2500)]
    storm = Storm(server.address, server.issue_key, claims, connections=100).start()
    stock = 1500
    with Api(server.address, server.admin_key) as admin:
        while not storm.is_over():
            issued = admin.campaign("shrinking").json()["issued"]
            reply = admin.patch_campaign("shrinking", stock=min(stock, issued + 200))
            assert reply.status in (200, 409)
            if reply.status == 200:
                stock = reply.json()["stock"]
    attempts = storm.join()
    coupons = export(server, "shrinking")
    check_promises([a for a in attempts], coupons, stock=stock)
    assert len(coupons) == stock


def test_pauses_in_the_middle_lose_nothing(server, tmp_path):
    make(server, "stuttering", stock=500)
    claims = [Claim("stuttering", f"u{number}") for number in range(1000)]
    storm = Storm(server.address, server.issue_key, claims, connections=50).start()
    with Api(server.address, server.admin_key) as admin:
        while not storm.is_over():
            assert admin.patch_campaign("stuttering", paused=True).status == 200
            issued = admin.campaign("stuttering").json()["issued"]
            assert admin.campaign("stuttering").json()["issued"] == issued, \
                "PATCH is answered when the pause holds"
            assert admin.patch_campaign("stuttering", paused=False).status == 200
    attempts = storm.join()
    attempts += claim_until_final(server.address, server.issue_key, claims)
    check_promises(attempts, export(server, "stuttering"), stock=500, all_answered=True)


def test_listings_during_a_storm_are_prefixes_of_the_end(server):
    """Promise 6 at every moment: whoever exports during a drop sees ranks without a gap."""
    make(server, "watched", stock=1000)
    claims = [Claim("watched", f"u{number}") for number in range(1500)]
    storm = Storm(server.address, server.issue_key, claims, connections=100).start()
    seen = []
    while not storm.is_over():
        seen.append(export(server, "watched"))
    attempts = storm.join()
    final = export(server, "watched")
    for listing in seen:
        assert listing == final[:len(listing)]
    check_promises(attempts, final, stock=1000, all_answered=True)


# The checkers have to notice

BREAKS = {
    "a coupon is lost": lambda rows, tries: tries[winner(tries)].update(code="0" * 16),
    "a rank is another": lambda rows, tries: tries[winner(tries)].update(
        rank=tries[winner(tries)]["rank"] + 1),
    "told sold_out too early": lambda rows, tries: tries[loser(tries)].update(sent_ns=1, got_ns=2),
    "limit without coupons": lambda rows, tries: tries[loser(tries)].update(
        outcome="limit_reached"),
    "order turned round": lambda rows, tries: swap_times(tries),
    "a 500": lambda rows, tries: tries[loser(tries)].update(status=500, outcome="internal"),
}


def winner(tries):
    return next(i for i, a in enumerate(tries) if a["outcome"] == "issued")


def loser(tries):
    return next(i for i, a in enumerate(tries) if a["outcome"] == "sold_out")


def swap_times(tries):
    """The last winner was answered before the first had sent."""
    winners = sorted((a for a in tries if a["outcome"] == "issued"), key=lambda a: a["rank"])
    winners[-1].update(sent_ns=1, got_ns=2)


@pytest.mark.any_queue
@pytest.mark.parametrize("name", BREAKS)
def test_a_history_that_shows_a_broken_promise_is_noticed(server, tmp_path, name):
    make(server, "small", stock=20)
    claims = [Claim("small", f"u{number}") for number in range(40)]
    attempts = Storm(server.address, server.issue_key, claims, connections=1).run()
    history = assert_verified(server, attempts, tmp_path)
    tries = [json.loads(line) for line in history.read_text().splitlines()]
    BREAKS[name](export(server, "small"), tries)
    history.write_text("".join(json.dumps(a) + "\n" for a in tries))
    result = verify(server, "--history", history)
    assert result.returncode == 1, result.stdout + result.stderr
