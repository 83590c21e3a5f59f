"""What is published is heard, and that something may have been missed is told."""

import socket

import pytest

from support.redis_probe import command, kinds, script
from support.redis_server import RedisServer
from support.wait import until

PUBLISH = "return redis.call('PUBLISH', ARGV[1], ARGV[2])"


@pytest.fixture(params=["server", "sentinels", "cluster"])
def redis(request):
    return request.getfixturevalue(request.param)


def test_what_is_published_is_heard_from_a_script_too(redis, probe_of):
    listener, speaker = probe_of(redis.url), probe_of(redis.url)
    listener.ask("subscribe", channel="{c1}:work")
    listener.wait_heard("subscribed", channel="{c1}:work")
    listener.wait_heard("connected")
    speaker.results(command("PUBLISH", args=["{c1}:work", "a"]),
                    script(PUBLISH, keys=["{c1}:any"], args=["{c1}:work", "b\0c"]),
                    command("PUBLISH", args=["{c2}:work", "not this"]))
    listener.wait_heard("message", channel="{c1}:work", payload="a")
    listener.wait_heard("message", channel="{c1}:work", payload="b\0c")
    listener.ask("subscribe", channel="{c2}:work")
    listener.wait_heard("subscribed", channel="{c2}:work")
    listener.ask("unsubscribe", channel="{c1}:work")
    listener.ask("subscribe", channel="last")
    listener.wait_heard("subscribed", channel="last")
    speaker.results(command("PUBLISH", args=["{c1}:work", "no more"]),
                    command("PUBLISH", args=["{c2}:work", "c"]))
    listener.wait_heard("message", channel="{c2}:work", payload="c")
    assert len(listener.heard("message")) == 3
    assert not listener.heard("lost")


def test_every_node_of_a_cluster_is_heard(cluster, probe_of):
    listener = probe_of(cluster.url)
    listener.ask("subscribe", channel="all")
    listener.wait_heard("subscribed")
    for node in cluster.nodes:
        node.call("PUBLISH", "all", node.port)
    for node in cluster.nodes:
        listener.wait_heard("message", payload=str(node.port))


def test_a_subscription_outlives_the_connection_and_the_gap_is_told(probe_of):
    with RedisServer() as redis:
        listener = probe_of(redis.url)
        for channel in ("a", "b"):
            listener.ask("subscribe", channel=channel)
        listener.wait_heard("subscribed", 2)
        for round_ in (1, 2):
            redis.kill()
            listener.wait_heard("lost", round_)
            redis.start()
            listener.wait_heard("connected", round_ + 1)
            assert len(listener.heard("subscribed", channel="a")) == round_ + 1
            assert [each["event"] for each in listener.events[-3:]] == [
                "subscribed", "subscribed", "connected"], "not before all of it counts"
            assert redis.call("PUBLISH", "a", round_) == 1
            listener.wait_heard("message", payload=str(round_))
        assert len(listener.heard("lost")) == 2, "told once each time, however often it was tried"
        assert "is lost: the server closed the connection" in listener.heard("lost")[0]["reason"]


def test_a_server_that_is_frozen_is_noticed(probe_of):
    with RedisServer() as redis:
        listener = probe_of(redis.url)
        listener.ask("subscribe", channel="a")
        listener.wait_heard("subscribed")
        redis.freeze()
        listener.wait_heard("lost")
        assert "answers no PING any more" in listener.heard("lost")[0]["reason"]
        redis.thaw()
        listener.wait_heard("subscribed", 2, channel="a")
        redis.call("PUBLISH", "a", "again")
        listener.wait_heard("message", payload="again")


def test_a_silent_connection_is_kept_alive(probe_of):
    with RedisServer(options={"timeout": 2}) as redis:  # which closes what says nothing
        listener = probe_of(redis.url)
        listener.ask("subscribe", channel="a")
        listener.ask("unsubscribe", channel="a")
        listener.wait_heard("connected")
        until(lambda: redis.info("commandstats").get("cmdstat_ping", "").startswith("calls=4,"),
              "four PINGs")
        assert not listener.heard("lost")


def test_a_server_that_is_not_there_yet_is_told_once_and_waited_for(probe_of):
    redis = RedisServer()
    with socket.create_server(redis.address) as nobody:
        listener = probe_of(redis.url)
        listener.ask("subscribe", channel="a")
        for _ in range(3):
            nobody.accept()[0].close()
    with redis:
        listener.wait_heard("subscribed", channel="a")
        assert len(listener.heard("lost")) == 1, "though it was tried three times"


def test_the_new_master_is_heard_after_a_failover(sentinels, probe_of):
    listener = probe_of(sentinels.url)
    listener.ask("subscribe", channel="a")
    listener.wait_heard("subscribed")
    sentinels.failover()
    listener.wait_heard("lost")
    listener.wait_heard("subscribed", 2)
    sentinels.master().call("PUBLISH", "a", "from the new one")
    listener.wait_heard("message", payload="from the new one")


def test_a_user_who_may_not_listen_is_told_why(probe_of):
    with RedisServer(options={"user default": "on nopass ~* resetchannels &b +@all"}) as redis:
        listener = probe_of(redis.url)
        listener.ask("subscribe", channel="a")
        listener.wait_heard("lost")
        assert "NOPERM" in listener.heard("lost")[0]["reason"]
        assert kinds(listener.results(command("PING"))) == ["ok"]
