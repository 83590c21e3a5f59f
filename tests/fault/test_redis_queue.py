"""What happens to claims when the queue or one of its servers breaks: everybody gets an answer, one
"issued now" a coupon, and the promises hold."""

import http.client
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from support.api import Api
from support.history import Claim, write_history
from support.promises import check_promises
from support.redis_queue import connect_queue
from support.server import run
from support.storm import Storm, claim_until_final, wait_until_settled
from support.wait import until

pytestmark = pytest.mark.one_redis

STOCK = 3000
USERS = 5000


def open_campaign(server, name):
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign(name, stock=STOCK).status == 201


def storms_at(servers, campaign):
    claims = [Claim(campaign, f"u{n}", "") for n in range(USERS)]
    return claims, [Storm(one.address, one.issue_key, claims, connections=40).start()
                    for one in servers]


def finish(claims, storms, server, campaign, tmp_path, before=()):
    """Every claim is final, every promise holds. -> the attempts"""
    attempts = [*before, *(attempt for storm in storms for attempt in storm.join())]
    attempts += claim_until_final(server.address, server.issue_key, claims)
    with Api(server.address, server.admin_key) as admin:
        coupons = admin.all_coupons(campaign)
    check_promises(attempts, coupons, stock=STOCK)
    history = tmp_path / "history.ndjson"
    write_history(history, attempts)
    result = run("verify", "--ledger", server.ledger_url, "--history", history,
                 "--campaign", campaign)
    assert result.returncode == 0, result.stdout + result.stderr
    return attempts


def issued_now(attempts):
    return [attempt for attempt in attempts if attempt.status == 201]


def metric(server, name):
    with Api(server.address, None) as api:
        text = api.get("/metrics").body.decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def test_of_two_servers_one_says_issued_now(two, tmp_path):
    open_campaign(two[0], "once")
    claims, storms = storms_at(two, "once")
    attempts = finish(claims, storms, two[0], "once", tmp_path)
    assert len(issued_now(attempts)) == STOCK
    assert metric(two[0], "firstcome_redis_direct_total") == 0


@pytest.mark.parametrize("comes_back", ["as it was", "empty"])
def test_redis_is_killed_under_load_and_comes_back(two, redis, comes_back, tmp_path):
    campaign = "killed-" + comes_back.replace(" ", "-")
    open_campaign(two[0], campaign)
    claims, storms = storms_at(two, campaign)
    time.sleep(0.2)
    redis.kill()
    time.sleep(0.5)
    redis.restart() if comes_back == "as it was" else redis.wipe()
    finish(claims, storms, two[1], campaign, tmp_path)


def test_without_redis_claims_are_issued_all_the_same(two, redis, tmp_path):
    open_campaign(two[0], "away")
    redis.kill()
    claims, storms = storms_at(two, "away")
    attempts = finish(claims, storms, two[0], "away", tmp_path)
    assert not [attempt for attempt in attempts if attempt.status and attempt.status >= 500]
    assert metric(two[0], "firstcome_redis_direct_total") > 0


def test_a_frozen_redis_holds_up_nobody_for_long(two, redis, tmp_path):
    open_campaign(two[0], "frozen")
    redis.freeze()
    try:
        claims, storms = storms_at(two, "frozen")
        finish(claims, storms, two[0], "frozen", tmp_path)
    finally:
        redis.thaw()


def claim_at(server, campaign, user):
    """-> its attempts, the last one final"""
    return claim_until_final(server.address, server.issue_key, [Claim(campaign, user, "")])


def test_a_dead_leader_is_replaced_within_three_seconds(two, tmp_path):
    leader, other = two
    open_campaign(leader, "dead")
    before = claim_at(leader, "dead", "first")
    leader.kill()
    start = time.monotonic()
    before += claim_at(other, "dead", "next")
    assert before[-1].status == 201
    assert time.monotonic() - start < 3.5
    claims, storms = storms_at([other], "dead")
    finish(claims, storms, other, "dead", tmp_path, before)


def test_a_leader_that_was_frozen_commits_nothing_more(two, tmp_path):
    leader, other = two
    open_campaign(leader, "thawed")
    before = claim_at(leader, "thawed", "first")
    claims, storms = storms_at(two, "thawed")
    time.sleep(0.1)
    os.kill(leader.process.pid, signal.SIGSTOP)
    try:
        before += claim_at(other, "thawed", "late")
    finally:
        os.kill(leader.process.pid, signal.SIGCONT)
    finish(claims, storms, leader, "thawed", tmp_path, before)


def keys_of(redis, server):
    """-> milliseconds left, by key"""
    with connect_queue(redis, server) as client:
        return {str(key): client.call("PTTL", key) for key in client.call("KEYS", "*")}


def claim_all(server, campaign, users):
    with Api(server.address, server.issue_key) as api:
        for user in users:
            assert api.claim(campaign, user).status == 201


def test_nothing_stays_in_redis_but_what_ends_by_itself(two, redis):
    open_campaign(two[0], "tidy")
    claim_all(two[0], "tidy", [f"u{n}" for n in range(50)])
    until(lambda: not any(":claims" in key for key in keys_of(redis, two[0])), "an empty queue")
    hour_ms = 3_600_000
    assert all(0 < ttl <= 25 * hour_ms for ttl in keys_of(redis, two[0]).values())


def test_nothing_at_all_stays_after_a_campaign(start_server, redis):
    server = start_server(args=["--queue-grace-s", "1"])
    closes_at = datetime.now(timezone.utc) + timedelta(seconds=3)
    with Api(server.address, server.admin_key) as admin:
        made = admin.put_campaign("short", stock=STOCK, closes_at=closes_at.isoformat())
        assert made.status == 201
    claim_all(server, "short", ["ann", "bob"])
    assert keys_of(redis, server), "while it is open"
    until(lambda: not keys_of(redis, server), "nothing to be left")
    assert datetime.now(timezone.utc) > closes_at


def test_a_long_queue_keeps_nobody_busy_while_nobody_can_decide(start_server, ledger):
    """It is looked at again and again, but not without a rest."""
    server = start_server()
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign("long", stock=STOCK).status == 201
    ledger.kill()
    claims = [Claim("long", f"u{n}", "") for n in range(USERS)]  # more than one fetch brings
    attempts = Storm(server.address, server.issue_key, claims, connections=1000).start().join()
    assert {attempt.status for attempt in attempts} == {202}
    before = metric(server, "firstcome_redis_round_seconds_count")
    time.sleep(3)
    assert metric(server, "firstcome_redis_round_seconds_count") - before < 100
    ledger.restart()
    wait_until_settled(server.address, server.issue_key, claims)
    with Api(server.address, server.admin_key) as admin:
        assert admin.campaign("long").json()["issued"] == STOCK


def test_a_no_that_cannot_be_taken_out_of_redis_is_not_told_and_nobody_waits_for_it(
        start_server, ledger, redis):
    server = start_server()
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign("gone", stock=1).status == 201
        assert admin.claim("gone", "warm").status == 201
    ledger.freeze()
    time.sleep(2.5)  # from here on memory is too old to be asked
    with ThreadPoolExecutor(1) as executor, Api(server.address, server.issue_key) as api:
        reply = executor.submit(api.claim, "gone", "ann")
        time.sleep(0.5)  # it is in a batch
        redis.kill()
        ledger.thaw()
        with pytest.raises(http.client.RemoteDisconnected):
            reply.result()
    redis.restart()
    with Api(server.address, server.issue_key) as api:
        until(lambda: api.claim("gone", "ann").code == "sold_out", "the end")
