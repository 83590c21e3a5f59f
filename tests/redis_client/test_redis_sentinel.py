"""The client and a master that Sentinels watch: found, lost, and found again."""

import pytest

from support.redis_probe import BOUND_MS, command, kinds, note
from support.redis_sentinels import NAME, RedisSentinels
from support.redis_storm import Storm
from support.wait import until


@pytest.fixture
def own_sentinels():
    with RedisSentinels() as redis:
        yield redis


def test_the_master_is_found(sentinels, probe_of):
    probe = probe_of(sentinels.url)
    assert probe.ask("server", key="k")["endpoint"] == sentinels.master().host_and_port
    answer = probe.run(note("found", "1"), wait_ms=5_000, time_ms=10_000)
    assert (kinds(answer["results"]), answer["replicas"]) == (["ok"], [1])


def test_a_sentinel_that_is_gone_or_frozen_does_not_matter(own_sentinels, probe_of):
    own_sentinels.sentinels[0].kill()
    assert probe_of(own_sentinels.url).call("PING") == "PONG"
    own_sentinels.sentinels[0].start()
    own_sentinels.sentinels[0].freeze()
    assert probe_of(own_sentinels.url + "?connect_timeout_ms=100").call("PING") == "PONG"
    for sentinel in own_sentinels.sentinels:
        sentinel.kill()
    result = probe_of(own_sentinels.url + "?timeout_ms=200").results(command("PING"))[0]
    assert result["error"] == "unreachable"


def test_a_sentinel_that_names_another_master_does_not_decide(own_sentinels, server, probe_of):
    stray = own_sentinels.sentinels[0]
    stray.call("SENTINEL", "REMOVE", NAME)
    stray.call("SENTINEL", "MONITOR", NAME, *server.address, 2)
    assert stray.master_port() == server.port
    probe = probe_of(own_sentinels.url)
    assert probe.ask("server", key="k")["endpoint"] == own_sentinels.servers[0].host_and_port


def test_a_name_that_no_sentinel_knows_is_a_sentence(sentinels, probe_of):
    url = sentinels.url.replace(NAME, "another")
    result = probe_of(url).results(command("PING"))[0]
    assert "knows no master called 'another'" in result["message"]


def test_a_server_in_place_of_a_sentinel_is_a_sentence(sentinels, probe_of):
    master = sentinels.master()
    result = probe_of(f"redis+sentinel://{master.host_and_port}/{NAME}").results(command("PING"))[0]
    assert "names no master: ERR unknown command 'SENTINEL'" in result["message"]
    place = sentinels.sentinels[0].host_and_port
    result = probe_of(f"redis://{place}").results(command("PING"))[0]
    assert (result["error"], "use redis+sentinel://" in result["message"]) == ("denied", True)


def test_a_planned_failover_is_followed(sentinels, probe_of):
    probe = probe_of(sentinels.url)
    before = probe.ask("server", key="k")
    with Storm(probe, ["planned"]) as storm:
        until(lambda: storm.succeeded() > 500, "a start")
        sentinels.failover()
        at = storm.succeeded()
        until(lambda: storm.succeeded() > at + 500, "it to go on")
    after = probe.ask("server", key="k")
    assert after["endpoint"] == sentinels.master().host_and_port != before["endpoint"]
    assert after["replication_id"] != before["replication_id"]
    print("planned failover:", storm.count(), f"longest call {storm.ms_max:.0f} ms")
    storm.verify({"planned": sentinels.master().call("LRANGE", "planned", 0, -1)})


def test_a_fence_holds_commands_back_after_a_failover(sentinels, probe_of):
    probe = probe_of(sentinels.url)
    probe.ask("server", key="k")
    assert kinds(probe.results(note("fence", "1", fenced=True))) == ["ok"]
    sentinels.failover()
    assert kinds(probe.results(note("fence", "2", fenced=True), time_ms=5_000)) == ["other_server"]
    probe.ask("server", key="k")
    assert kinds(probe.results(note("fence", "3", fenced=True))) == ["ok"]
    assert "2" not in sentinels.master().call("LRANGE", "fence", 0, -1)


def test_a_master_that_is_killed_is_replaced_and_every_command_has_an_honest_result(
        own_sentinels, probe_of):
    probe = probe_of(own_sentinels.url + "?timeout_ms=500")
    with Storm(probe, ["killed"], wait_ms=50) as storm:
        until(lambda: len(storm.safe) > 500, "a start")
        old = own_sentinels.master()
        old.kill()
        own_sentinels.wait_for_master_other_than(old)
        at = storm.succeeded()
        until(lambda: storm.succeeded() > at + 500, "it to go on")
    print("killed master:", storm.count(), f"longest call {storm.ms_max:.0f} ms")
    assert storm.ms_max < BOUND_MS
    storm.verify({"killed": own_sentinels.master().call("LRANGE", "killed", 0, -1)})


def test_a_master_that_is_frozen_is_replaced_too(own_sentinels, probe_of):
    probe = probe_of(own_sentinels.url + "?timeout_ms=500")
    with Storm(probe, ["frozen"]) as storm:
        until(lambda: storm.succeeded() > 500, "a start")
        old = own_sentinels.master()
        old.freeze()
        own_sentinels.wait_for_master_other_than(old)
        at = storm.succeeded()
        until(lambda: storm.succeeded() > at + 500, "it to go on")
        old.thaw()
        own_sentinels.wait_settled()
        at = storm.succeeded()
        until(lambda: storm.succeeded() > at + 500, "it to go on when the old one is back")
    print("frozen master:", storm.count(), f"longest call {storm.ms_max:.0f} ms")
    storm.verify({"frozen": own_sentinels.master().call("LRANGE", "frozen", 0, -1)})
