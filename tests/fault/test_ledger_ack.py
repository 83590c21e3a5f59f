"""queue_ack=ledger: the ledger is away, and nobody is told to wait. Who is told that nothing was
taken has no coupon later (promise 4); who cannot be told so is told nothing."""

import http.client
import os
import signal
import time

import pytest

from support.another_user import AnotherUser
from support.api import Api
from support.claims import claim, make, outcome_at
from support.engine import the_engine
from support.held import Later, LockedCampaign
from support.redis_queue import Line
from support.redis_sentinels import RedisSentinels
from support.server import serve_fails
from support.wait import until

pytestmark = [pytest.mark.one_redis, pytest.mark.bound_s(120)]

STRICT = ["--queue-ack", "ledger"]
YES = {200, 201}


@pytest.fixture
def two(start_server, tmp_path):
    first = start_server(args=STRICT)
    return first, start_server(tmp_path / "second", beside=first, args=STRICT)


def coupon_of(server, campaign, user):
    """Whether the user has one, as soon as the ledger can be asked."""
    until(lambda: claim(server, campaign, "last").status in YES, "the ledger")
    time.sleep(0.5)  # for what would be issued behind that
    return outcome_at(server, campaign, user) == "issued"


def test_nobody_is_told_to_wait(start_server, ledger):
    server = start_server(args=STRICT)
    make(server, "strict", stock=3)
    ledger.kill()
    start = time.monotonic()
    refused = claim(server, "strict", "ann")
    assert (refused.status, refused.code) == (503, "unavailable")
    assert time.monotonic() - start < 3
    ledger.restart()
    until(lambda: claim(server, "strict", "bob").status in YES, "the ledger")
    assert outcome_at(server, "strict", "ann") == 404, "nothing was taken"
    assert claim(server, "strict", "ann").status == 201


def test_nobody_waits_for_a_ledger_that_hangs(start_server, ledger):
    """Nobody knows what becomes of the batch, so nothing is said of it."""
    server = start_server(args=STRICT)
    make(server, "hangs", stock=9)
    ledger.freeze()
    start = time.monotonic()
    with pytest.raises(http.client.RemoteDisconnected):
        claim(server, "hangs", "ann")
    assert 3 < time.monotonic() - start < 7
    ledger.thaw()
    until(lambda: claim(server, "hangs", "ann").status in YES, "her coupon")


def batch_of(ledger, server, campaign, user):
    """-> the user's claim, whose batch is about to be committed, and what holds that up. The server
    does not lock the row of campaign 1 any more, which it had to itself."""
    lock = LockedCampaign(ledger, server, 1)
    reply = Later(claim, server, campaign, user)
    until(lambda: ledger.sql("SELECT id FROM information_schema.processlist WHERE info LIKE "
                             "'UPDATE issuing%' AND id <> CONNECTION_ID()"), "the commit")
    return reply, lock


@pytest.mark.parametrize("comes_to", ["the leader", "another server"])
def test_what_is_in_a_batch_whose_end_is_not_known_is_not_refused(two, ledger, comes_to):
    """It may be in the ledger, or come there."""
    leader, other = two
    make(leader, "batch", stock=9)
    assert claim(other, "batch", "zoe").status == 201, "it knows who leads"
    ann, lock = batch_of(ledger, leader if comes_to == "the leader" else other, "batch", "ann")
    ledger.kill()
    lock.release()
    for server in two:
        assert claim(server, "batch", server.data.name).status == 503, "whom nobody holds"
    assert ann.result() is None
    ledger.restart()
    assert coupon_of(other, "batch", "ann")
    assert [outcome_at(other, "batch", server.data.name) for server in two] == [404, 404]


def test_what_redis_has_lost_meanwhile_is_not_refused(two, ledger, redis):
    """It comes there anew, and nothing says any more that the leader has it."""
    leader, other = two
    make(leader, "lost", stock=9)
    assert claim(other, "lost", "zoe").status == 201, "it knows who leads"
    line = Line(redis, leader)
    ann, lock = batch_of(ledger, other, "lost", "ann")
    redis.wipe()
    until(line.length, "ann's new ticket", poll_s=0)
    ledger.kill()
    lock.release()
    assert ann.result() is None
    ledger.restart()
    assert coupon_of(other, "lost", "ann")


def test_a_leader_that_stands_still_has_what_it_has_fetched(two, ledger, redis):
    """It goes on when the ledger is there again, after its clients were told."""
    leader, other = two
    make(leader, "still", stock=9)
    assert claim(other, "still", "zoe").status == 201, "it knows who leads"
    line = Line(redis, leader)
    lock = LockedCampaign(ledger, leader, 1)
    ann = Later(claim, other, "still", "ann")
    until(lambda: line.newest() in line.held(), "the leader to have ann's claim", poll_s=0)
    os.kill(leader.process.pid, signal.SIGSTOP)
    ledger.kill()
    lock.release()
    assert ann.result() is None
    os.kill(leader.process.pid, signal.SIGCONT)
    ledger.restart()
    assert coupon_of(other, "still", "ann")


def test_what_is_held_stays_so_when_it_is_looked_at_from_the_front_again(
        start_server, ledger, redis):
    """In several steps, because it is more than one fetch brings."""
    leader = start_server(args=STRICT)
    make(leader, "many", stock=9)
    line = Line(redis, leader)
    lock = LockedCampaign(ledger, leader, 1)
    line.put_many(9000)
    ann = Later(claim, leader, "many", "ann")
    until(lambda: line.newest() in line.held(), "the leader to look", poll_s=0)
    time.sleep(0.2)  # it has them all
    newest, lowest = line.newest(), line.newest()
    end = time.monotonic() + 2
    while time.monotonic() < end:
        lowest = min(lowest, *line.held())
    assert lowest >= newest
    lock.release()
    assert ann.result().code == "sold_out"


def test_no_503_is_followed_by_a_coupon_when_the_ledger_dies_under_load(two, ledger):
    leader, other = two
    make(leader, "storm", stock=100_000)
    assert claim(other, "storm", "zoe").status == 201, "it knows who leads"
    told = {}

    def claims(client):
        """Until one is refused, or is not answered."""
        with Api(other.address, other.issue_key) as api:
            for number in range(10_000):
                user = f"c{client}-{number}"
                told[user] = None
                told[user] = api.claim("storm", user).status
                if told[user] not in YES:
                    return

    clients = [Later(claims, client) for client in range(40)]
    time.sleep(1)
    ledger.kill()
    for client in clients:
        client.result()
    refused = {user for user, status in told.items() if status == 503}
    print(f"{len(told)} claims, {len(refused)} refused, "
          f"{sum(status is None for status in told.values())} not answered")
    ledger.restart()
    assert refused
    assert not [user for user in refused if coupon_of(other, "storm", user)]


def test_a_server_cut_off_from_the_ledger_does_not_refuse_for_others(
        start_server, ledger, tmp_path):
    """Neither who is with the other server when that happens, nor who comes later."""
    other = start_server(args=STRICT)
    user = AnotherUser(ledger, other)
    leader = start_server(tmp_path / "leader", beside=other, on=user.serve_args, args=STRICT)
    make(leader, "cut-off", stock=99)
    assert claim(other, "cut-off", "ann").status == 201, "it knows who leads"
    user.cut_off()
    users = [f"u{n}" for n in range(10)]
    first = [Later(claim, other, "cut-off", user) for user in users]
    bob = Later(claim, leader, "cut-off", "bob")
    # On a busy machine the next leader may take longer than they wait.
    assert {one.result().status for one in first if one.result()} <= {201}
    for user in users:
        until(lambda: Later(claim, other, "cut-off", user).result(), "a reply")
        assert claim(other, "cut-off", user).status == 200
    assert [claim(other, "cut-off", f"v{n}").status for n in range(5)] == [201] * 5
    reply = bob.result()
    print("bob:", reply)
    assert reply is None or reply.status in (201, 503), "the other may issue it"
    assert reply is None or (reply.status == 201) == coupon_of(other, "cut-off", "bob")


def test_what_comes_to_two_servers_is_refused_at_neither(two, ledger, redis):
    """Taken out for one, it would be lost to the other; asked again it has its coupon."""
    make(two[0], "both", stock=9)
    line = Line(redis, two[0])
    ledger.kill()
    redis.freeze()
    both = [Later(claim, server, "both", "ann") for server in two]
    time.sleep(0.3)
    redis.thaw()
    assert [reply.result() for reply in both] == [None, None]
    assert line.length() == 1
    ledger.restart()
    until(lambda: outcome_at(two[0], "both", "ann") == "issued", "a coupon nobody asks for")


def test_what_a_failover_could_bring_back_is_not_refused(start_server, ledger, data_dir):
    """The replica has not heard that the claim was taken out."""
    with RedisSentinels(down_after_ms=20_000) as redis:
        args = the_engine().serve_args(data_dir)
        args[args.index("--queue") + 1] = redis.url
        server = start_server(on=args, args=STRICT)
        make(server, "failover", stock=9)
        ledger.kill()
        assert claim(server, "failover", "ann").status == 503
        redis.servers[1].freeze()
        with pytest.raises(http.client.RemoteDisconnected):
            claim(server, "failover", "bob")


def test_what_others_have_kept_is_safe(start_server, ledger, tmp_path):
    keeps = start_server()
    strict = start_server(tmp_path / "strict", args=STRICT, beside=keeps)
    make(keeps, "mixed", stock=2)
    ledger.kill()
    assert claim(keeps, "mixed", "ann").status == 202
    keeps.kill()
    time.sleep(0.5)
    assert claim(strict, "mixed", "bob").status == 503
    with pytest.raises(http.client.RemoteDisconnected):
        claim(strict, "mixed", "ann")  # it waits, which this one tells nobody
    ledger.restart()
    until(lambda: claim(strict, "mixed", "cid").code == "sold_out", "the ledger")
    until(lambda: outcome_at(strict, "mixed", "ann") == "issued", "a coupon nobody asks for")


def test_an_ack_that_does_not_exist_is_refused(tmp_path):
    said = serve_fails(tmp_path, "--queue-ack", "disk")
    assert "flag --queue-ack" in said and "redis or ledger" in said and "'disk'" in said


def test_who_was_in_a_batch_that_broke_is_not_refused_and_has_a_coupon_from_another(
        two, ledger, redis):
    """The session is killed in the middle of the batch, Redis is away, and then the server dies."""
    a, b = two
    make(a, "broke", stock=9)
    line = Line(redis, a)
    lock = LockedCampaign(ledger, a, 1)
    ann = Later(claim, a, "broke", "ann")
    until(lock.waiting, "ann's batch")
    bob = Later(claim, a, "broke", "bob")
    until(lambda: line.length() == 2, "bob's ticket")
    redis.kill()
    lock.kill_waiting()
    lock.release()
    time.sleep(0.3)  # the batch has failed
    a.kill()
    redis.restart()
    assert [ann.result(), bob.result()] == [None, None]
    assert claim(b, "broke", "cid").status == 201
    until(lambda: line.length() == 0, "an empty queue")
    assert [outcome_at(b, "broke", user) for user in ("ann", "bob")] == ["issued", "issued"]


@pytest.mark.parametrize("is_away", [False, True])
def test_a_claim_whose_batch_broke_has_its_coupon_or_is_gone(start_server, ledger, redis, is_away):
    campaign = "gone" if is_away else "there"
    server = start_server(args=STRICT)
    make(server, campaign, stock=9)
    line = Line(redis, server)
    lock = LockedCampaign(ledger, server, 1)
    ann = Later(claim, server, campaign, "ann")
    until(lock.waiting, "ann's batch")
    bob = Later(claim, server, campaign, "bob")
    until(lambda: line.length() == 2, "bob's ticket")
    if is_away:
        ledger.kill()
    else:
        time.sleep(1)  # who has waited for so long is tried once more
        lock.kill_waiting()
    lock.release()
    assert [one.result().status for one in (ann, bob)] == [503 if is_away else 201] * 2
    if is_away:
        ledger.restart()
        until(lambda: claim(server, campaign, "cid").status in YES, "the ledger")
    time.sleep(1)  # for what would be sent, and decided, again
    assert line.length() == 0
    assert [outcome_at(server, campaign, user) for user in ("ann", "bob")] == \
        [404 if is_away else "issued"] * 2
