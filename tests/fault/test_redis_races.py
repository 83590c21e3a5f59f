"""Something breaks at the worst moment: between a claim's ticket and its reply, between a verdict
and its removal from the queue, between two servers that do not know the same yet. What a client was
told stays true, whatever it was."""

import time

import pytest

from support.api import Api
from support.claims import claim, make, outcome_at
from support.engine import the_engine
from support.held import HeldReplies, Later, LockedCampaign
from support.redis_queue import Line
from support.wait import until

pytestmark = [pytest.mark.one_redis, pytest.mark.bound_s(120)]

YES, NO = {200, 201}, {409, 503}


def raise_stock(server, campaign, stock):
    with Api(server.address, server.admin_key) as admin:
        return admin.patch_campaign(campaign, stock=stock)


def holders(server, campaign):
    """As the primary has them: a listing may come from a replica, a moment late."""
    database = server.ledger_url.split("?")[0].rsplit("/", 1)[1]
    rows = the_engine().primary.sql(
        f"SELECT user FROM {database}.coupons WHERE campaign = (SELECT number FROM "
        f"{database}.campaigns WHERE id = '{campaign}') ORDER BY `rank`")
    return [user for (user,) in rows]


def check_told(has, told):
    """Promises 3 and 4, of {user: reply, None if there was none}."""
    for user, reply in told.items():
        assert reply is None or reply.status not in NO or user not in has, f"{user} was told no"
        assert reply is None or reply.status not in YES or user in has, f"{user} was told yes"


def test_who_was_told_no_has_no_coupon_when_both_went_with_his_claim_in_the_queue(
        two, ledger, redis):
    """Promise 4: the claim has its ticket, so 503 is no answer to it any more."""
    make(two[0], "both", stock=5)
    line = Line(redis, two[0])
    ledger.kill()
    ann = Later(claim, two[1], "both", "ann")
    until(line.length, "ann's ticket")
    redis.kill()
    told = {"ann": ann.result()}
    redis.restart()
    ledger.restart()
    until(lambda: claim(two[0], "both", "bob").status in YES, "the ledger")
    until(lambda: line.length() == 0, "an empty queue")
    check_told(holders(two[0], "both"), told)


def test_who_has_a_ticket_is_not_refused_at_another_server(start_server, tmp_path, ledger):
    """Promises 5 and 11: a full queue refuses before a ticket, never after, at any server."""
    full = ["--queue-depth", "2"]
    a = start_server(args=full)
    b = start_server(tmp_path / "second", beside=a, args=full)
    make(a, "full", stock=9)
    ledger.kill()
    ann, bob = [claim(a, "full", user) for user in ("ann", "bob")]
    assert (ann.status, bob.status) == (202, 202)
    again = claim(b, "full", "ann")
    assert again.status == 202
    assert again.json()["ticket"] == ann.json()["ticket"], "her old place"
    assert claim(b, "full", "cid").status == 503


def test_who_was_told_no_has_no_coupon_when_the_stock_is_raised_at_that_moment(two, ledger, redis):
    """Promises 4 and 8: claims that come while the leader looks at the queue are decided once."""
    a = two[0]
    make(a, "raised", stock=2)  # campaign 1 of this ledger
    make(a, "other", stock=9)
    time.sleep(2.5)  # the leader's last look at the queue from its front is so long ago
    lock = LockedCampaign(ledger, a, 1)
    with redis.connect() as client:
        client.call("CLIENT", "PAUSE", 400, "ALL")
    claims = {}
    # One that keeps the leader busy, then two that come one after the other behind it.
    for campaign, user in (("other", "zoe"), ("raised", "ann"), ("raised", "bob")):
        claims[user] = Later(claim, a, campaign, user)
        time.sleep(0.1)
    time.sleep(1.4)  # they are sent again, and looked for again
    raised = Later(raise_stock, a, "raised", 3)
    time.sleep(0.2)
    lock.release()
    assert raised.result().status == 200
    told = {user: claims[user].result() for user in ("ann", "bob")}
    time.sleep(0.5)  # for what would be decided a second time
    told["cid"] = claim(a, "raised", "cid")
    check_told(holders(a, "raised"), told)


def test_servers_outlive_a_claim_in_a_campaign_that_the_ledger_has_not(two, redis):
    """Promise 11: what a restored backup has forgotten may still wait in Redis."""
    make(two[0], "real", stock=5)
    line = Line(redis, two[0])
    line.put(99, "ann")
    line.announce(99)
    time.sleep(2)
    assert [server.is_alive() for server in two] == [True, True]
    assert [claim(server, "real", server.data.name).status for server in two] == [201, 201]


def test_a_claim_in_a_campaign_that_a_server_has_not_heard_of_is_issued(two, redis):
    """Promise 10: the claims of a campaign just made may be announced sooner than itself."""
    make(two[0], "c1", stock=5)
    line = Line(redis, two[0])
    with Api(two[0].address, two[0].admin_key) as api:
        for number in range(2, 22):
            made = Later(make, two[0], f"c{number}", stock=5)
            until(lambda: api.campaign(f"c{number}").status == 200, "the campaign", poll_s=0)
            line.put(number, "ann")
            line.announce(number, from_front=True)
            made.result()
            until(lambda: outcome_at(two[1], f"c{number}", "ann") == "issued", "ann's coupon")
    assert [server.is_alive() for server in two] == [True, True]


def test_who_was_told_no_has_no_coupon_when_the_leader_dies_with_his_claim_in_the_queue(
        two, ledger, redis):
    """Promises 4 and 8: no is said when the claim has left the queue, where another leader would
    find it after the stock was raised."""
    a, b = two
    make(a, "leader", stock=2)
    line = Line(redis, a)
    lock = LockedCampaign(ledger, a, 1)
    ann = Later(claim, a, "leader", "ann")
    time.sleep(0.1)
    bob = Later(claim, a, "leader", "bob")
    time.sleep(0.15)
    redis.kill()
    lock.release()
    told = {"ann": ann.result(), "bob": bob.result()}
    a.kill()
    redis.restart()
    until(lambda: raise_stock(b, "leader", 3).status == 200, "the stock")
    told["cid"] = claim(b, "leader", "cid")
    until(lambda: line.length() == 0, "an empty queue")
    has = holders(b, "leader")
    check_told(has, told)
    assert len(has) == 3


def test_who_was_told_to_wait_is_sent_again_when_redis_came_back_empty_and_went(two, ledger, redis):
    """Promise 10: a server has sent one of its claims again when Redis goes another time."""
    a = two[0]
    make(a, "again", stock=9)
    line = Line(redis, a)
    ledger.kill()
    assert claim(a, "again", "ann").status == 202
    time.sleep(1.5)  # they are not sent again together
    assert claim(a, "again", "bob").status == 202
    redis.wipe()
    until(line.length, "the first claim", poll_s=0)
    redis.kill()
    time.sleep(2)
    redis.restart()
    ledger.restart()
    for user in ("ann", "bob"):
        until(lambda: outcome_at(a, "again", user) == "issued", f"{user}'s coupon", deadline_s=15)


def test_who_waited_is_told_that_all_is_gone_although_redis_came_back_empty(two, ledger, redis):
    """Promise 10: a loser that was told to wait has his end, as who wins has his coupon."""
    a = two[0]
    make(a, "ends", stock=2)
    line = Line(redis, a)
    ledger.kill()
    users = ["ann", "bob"]
    assert [claim(a, "ends", user).status for user in users] == [202, 202]
    redis.wipe()
    until(lambda: line.length() == 2, "both claims again")
    ledger.restart()
    until(lambda: sorted(str(outcome_at(a, "ends", user)) for user in users) ==
          ["issued", "sold_out"], "the ends", deadline_s=15)


@pytest.fixture
def way(redis):
    way = HeldReplies(redis.address)
    yield way
    way.close()


def test_who_is_decided_again_stays_before_who_came_later(start_server, ledger, way, data_dir):
    """Promise 7: a batch fails while the leader has the claims that came after it in its hand."""
    args = the_engine().serve_args(data_dir)
    database = args[args.index("--queue") + 1].rsplit("/", 1)[1]
    args[args.index("--queue") + 1] = f"redis://127.0.0.1:{way.port}/{database}"
    server = start_server(on=args)
    make(server, "before", stock=2)
    lock = LockedCampaign(ledger, server, 1)
    ann = Later(claim, server, "before", "ann")
    until(lock.waiting, "ann's batch")
    way.hold_reply_to(b"EVALSHA")
    bob = Later(claim, server, "before", "bob")
    until(way.holds, "the leader to look at the queue")
    lock.kill_waiting()
    lock.release()
    time.sleep(0.15)  # ann's batch has failed
    way.release()
    assert (ann.result().status, bob.result().status) == (201, 409)
    assert holders(server, "before") == ["warm", "ann"]


def test_who_was_told_to_wait_stays_before_who_comes_with_the_ledger(start_server, ledger, redis):
    """Promise 7: the ledger goes in a line's tick, so that nobody knows what became of that. What
    came meanwhile was put back, and somebody has just come when the ledger is there again."""
    server = start_server()
    make(server, "waits", stock=9999)
    with Api(server.address, server.admin_key) as admin:
        pace = {"batch": 1, "tick_ms": 100}
        assert admin.put_campaign("line", stock=99, mode="paced", pace=pace).status == 201
        assert [admin.claim("line", f"u{n}").status for n in range(30)] == [202] * 30
    time.sleep(0.5)  # the line is this server's alone by now, and a tick is one round trip
    lock = LockedCampaign(ledger, server, 2)
    until(lambda: ledger.sql("SELECT id FROM information_schema.processlist WHERE info LIKE "
                             "'UPDATE issuing%' AND id <> CONNECTION_ID()"), "the tick's commit")
    ledger.kill()
    lock.release()
    early = [f"early{n}" for n in range(3)]
    assert [claim(server, "waits", user).status for user in early] == [202] * 3
    late = []

    def come():
        for number in range(1000):
            late.append(Later(claim, server, "waits", f"late{number}"))
            time.sleep(0.005)
            if any(reply.has_status(201) for reply in late):
                return True
        return False

    comers = Later(come)
    ledger.restart()
    assert comers.result(), "nobody had a coupon at once"
    until(lambda: outcome_at(server, "waits", early[-1]) == "issued", "their coupons")
    assert holders(server, "waits")[1:4] == early
