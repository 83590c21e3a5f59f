"""Whose verdict it is: the server that sent a claim is told, and any other that sent it, too."""

import time

import pytest

from support.api import Api
from support.engine import the_engine
from support.held import Later, LockedCampaign
from support.redis_queue import Line, connect_queue
from support.wait import until

pytestmark = [pytest.mark.one_redis, pytest.mark.bound_s(120)]


def make(server, campaign, stock=20):
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign(campaign, stock=stock).status == 201
        assert admin.claim(campaign, "warm").status == 201  # who has just issued leads


def claim(server, campaign, user):
    with Api(server.address, server.issue_key) as api:
        return api.claim(campaign, user)


def sent_again(server):
    with Api(server.address, None) as api:
        text = api.get("/metrics").body.decode()
    [line] = [line for line in text.splitlines()
              if line.startswith("firstcome_redis_sent_again_total")]
    return float(line.split()[-1])


def test_a_verdict_goes_to_the_server_that_waits_for_it_alone(two, redis):
    leader, other = two
    make(leader, "own")
    assert claim(other, "own", "first").status == 201  # learns who leads
    line = Line(redis, leader)
    with connect_queue(redis, leader) as client:
        client.call("SUBSCRIBE", f"fc:{line.space}:verdicts")
        users = [f"u{n}" for n in range(5)]
        assert [claim(other, "own", user).status for user in users] == [201] * 5
        assert claim(leader, "own", "last").status == 201
        assert client.messages() == []
    assert sent_again(other) == 0


@pytest.mark.parametrize("first, second", [(0, 1), (1, 0)])
def test_who_claims_at_two_servers_at_once_is_answered_at_both(two, redis, first, second):
    """Promise 5; and neither has to ask again."""
    make(two[0], "both")
    assert claim(two[1], "both", "known").status == 201
    line = Line(redis, two[0])
    lock = LockedCampaign(the_engine().primary, two[0], 1)
    ann = Later(claim, two[first], "both", "ann")
    until(line.length, "ann's claim", poll_s=0)
    again = Later(claim, two[second], "both", "ann")
    until(lambda: line.call("HLEN", line.key.replace(":claims", ":also")), "it again", poll_s=0)
    lock.release()
    replies = [ann.result(), again.result()]
    assert [reply.status for reply in replies] == [201, 200]
    assert replies[0].json()["code"] == replies[1].json()["code"]
    assert [sent_again(server) for server in two] == [0, 0]
    until(lambda: not line.call("KEYS", "*:also"), "nothing to be left")


def test_what_leaves_the_queue_is_not_sent_there_again(start_server, redis):
    """However long its removal takes: it would be decided once more."""
    server = start_server()
    make(server, "leaves", stock=2)
    line = Line(redis, server)
    users = [f"u{n}" for n in range(5)]
    lock = LockedCampaign(the_engine().primary, server, 1)
    claims = [Later(claim, server, "leaves", user) for user in users]
    until(lambda: line.length() == len(users), "the claims", poll_s=0)
    redis.freeze()
    try:
        claims.append(Later(claim, server, "leaves", "late"))  # its round takes until the thaw
        time.sleep(0.1)
        lock.release()
        time.sleep(0.6)  # from here on what waits is sent again
    finally:
        redis.thaw()
    assert sorted(later.result().status for later in claims) == [201] + [409] * 5
    assert sent_again(server) == 1, "that of the frozen round"
