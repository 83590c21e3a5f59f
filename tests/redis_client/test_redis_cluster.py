"""The client and a Cluster: routing, redirects while slots move, and masters that go."""

import threading

import pytest

from support.redis_cluster import RedisCluster
from support.redis_probe import BOUND_MS, command, kinds, note, script
from support.redis_storm import Storm
from support.wait import until

KEYS = [f"k{i}" for i in range(60)]
BOTH = "return {redis.call('INCR', KEYS[1]), redis.call('INCR', KEYS[2])}"


@pytest.fixture
def own_cluster():
    with RedisCluster() as redis:
        yield redis


def lists_of(cluster, keys):
    return {key: cluster.node_of_key(key).call("LRANGE", key, 0, -1) for key in keys}


def said(node, word):
    """How often a node has said an error."""
    return int(node.info("errorstats").get(f"errorstat_{word}", "count=0").split("=")[1])


def another(cluster, node):
    return next(master for master in cluster.masters() if master is not node)


def test_a_pipeline_is_split_between_the_nodes_and_put_together_again(cluster, probe_of):
    probe = probe_of(cluster.url)
    results = probe.results(*(command("SET", keys=[key], args=[key]) for key in KEYS))
    assert kinds(results) == ["ok"] * len(KEYS)
    results = probe.results(*(command("GET", keys=[key]) for key in KEYS))
    assert [result["ok"] for result in results] == KEYS
    assert len({cluster.node_of_key(key).port for key in KEYS}) == 3
    assert all(said(node, "MOVED") == 0 for node in cluster.nodes)


def test_keys_with_a_hash_tag_lie_together(cluster, probe_of):
    probe = probe_of(cluster.url)
    for tag in KEYS[:10]:
        assert kinds(probe.results(script(BOTH, keys=[f"{{{tag}}}:a", f"b:{{{tag}}}:c"]))) == ["ok"]
    for key in ["foo{}{bar}", "foo{{bar}}zap", "{}", "a{b", "a}b{c}", "ключ{ж}"]:
        before = sum(said(node, "MOVED") for node in cluster.nodes)
        assert kinds(probe.results(command("GET", keys=[key]))) == ["ok"]
        assert sum(said(node, "MOVED") for node in cluster.nodes) == before, key
    crossed = probe.results(command("MSET", keys=["a"], args=["1", "b", "2"]))
    assert kinds(crossed) == ["other"]


def test_what_has_no_key_goes_to_any_node(cluster, probe_of):
    assert probe_of(cluster.url).call("PING") == "PONG"


def test_scripts_are_loaded_on_each_node(cluster, probe_of):
    probe = probe_of(cluster.url)
    for node in cluster.nodes:
        node.call("SCRIPT", "FLUSH")
    assert kinds(probe.results(*(note(f"s{key}", "1") for key in KEYS))) == ["ok"] * len(KEYS)


def test_a_moved_slot_is_followed_and_learned(cluster, probe_of):
    probe = probe_of(cluster.url)
    key = "moved"
    probe.results(note(key, "1"))
    source, slot = cluster.node_of_key(key), cluster.slot_of_key(key)
    cluster.migrate_slot(slot, another(cluster, source))
    before = said(source, "MOVED")
    assert probe.results(note(key, "2"), note(key, "3")) == [{"ok": "2"}, {"ok": "3"}]
    assert said(source, "MOVED") == before + 2, "one for each that was sent"
    assert probe.results(note(key, "4")) == [{"ok": "4"}]
    assert said(source, "MOVED") == before + 2, "learned"
    assert lists_of(cluster, [key]) == {key: ["1", "2", "3", "4"]}


def test_while_a_slot_moves_its_keys_are_found_in_either_place(cluster, probe_of):
    probe = probe_of(cluster.url)
    here, there, new = "{ask}here", "{ask}there", "{ask}new"
    probe.results(note(there, "1"))
    slot = cluster.slot_of_key(here)
    target = another(cluster, cluster.node_of_slot(slot))
    source = cluster.begin_migration(slot, target)
    cluster.move_keys(slot, source, target)
    source_said, target_said = said(source, "ASK"), said(target, "MOVED")
    answers = probe.results(note(there, "2"), note(new, "1"), command("GET", keys=["{ask}none"]))
    assert answers == [{"ok": "2"}, {"ok": "1"}, {"ok": None}]
    assert said(source, "ASK") == source_said + 3
    assert said(target, "MOVED") == target_said, "ASKING went before each"
    cluster.finish_migration(slot, source, target)
    cluster.wait_ok()
    assert probe.results(note(there, "3")) == [{"ok": "3"}]
    assert lists_of(cluster, [there, new]) == {there: ["1", "2", "3"], new: ["1"]}


def test_a_command_whose_keys_are_in_two_places_waits_for_them(cluster, probe_of):
    probe = probe_of(cluster.url)
    keys = ["{try}a", "{try}b"]
    assert probe.results(script(BOTH, keys=keys)) == [{"ok": [1, 1]}]
    slot = cluster.slot_of_key(keys[0])
    target = another(cluster, cluster.node_of_slot(slot))
    source = cluster.begin_migration(slot, target)
    cluster.move_keys(slot, source, target, count=1)
    answer = probe.run(script(BOTH, keys=keys), time_ms=100)
    assert kinds(answer["results"]) == ["try_again"]
    assert 95 <= answer["ms"] < BOUND_MS
    finish = threading.Timer(0.2, lambda: cluster.move_keys(slot, source, target))
    finish.start()
    assert probe.results(script(BOTH, keys=keys), time_ms=20_000) == [{"ok": [2, 2]}]
    finish.join()
    cluster.finish_migration(slot, source, target)
    cluster.wait_ok()
    assert probe.results(script(BOTH, keys=keys)) == [{"ok": [3, 3]}]


def test_slots_that_move_under_load_lose_and_double_nothing(cluster, probe_of):
    probe = probe_of(cluster.url)
    keys = [f"{{load{i}}}list" for i in range(10)]
    with Storm(probe, keys) as storm:
        until(lambda: storm.succeeded() > 200, "a start")
        for key in keys:
            target = another(cluster, cluster.node_of_key(key))
            cluster.migrate_slot(cluster.slot_of_key(key), target)
        at = storm.succeeded()
        until(lambda: storm.succeeded() > at + 200, "it to go on")
    print("moving slots:", storm.count(), f"longest call {storm.ms_max:.0f} ms")
    assert set(storm.count()) == {"ok"}
    lists = lists_of(cluster, keys)
    storm.verify(lists)
    assert sum(len(numbers) for numbers in lists.values()) == len(storm.kinds)


def test_a_planned_failover_is_followed(cluster, probe_of):
    probe = probe_of(cluster.url)
    before = probe.ask("server", key="k")
    keys = [f"p{key}" for key in KEYS]
    with Storm(probe, keys) as storm:
        until(lambda: storm.succeeded() > 500, "a start")
        new = cluster.fail_over(cluster.node_of_key("k"))
        at = storm.succeeded()
        until(lambda: storm.succeeded() > at + 500, "it to go on")
    print("planned failover:", storm.count(), f"longest call {storm.ms_max:.0f} ms")
    after = probe.ask("server", key="k")
    assert after["endpoint"] == new.host_and_port != before["endpoint"]
    assert after["replication_id"] != before["replication_id"]
    storm.verify(lists_of(cluster, keys))


def test_a_frozen_node_holds_up_only_its_own_commands(own_cluster, probe_of):
    probe = probe_of(own_cluster.url)
    probe.results(*(note(key, "1") for key in KEYS))
    frozen = own_cluster.node_of_key("k0")
    there = [own_cluster.node_of_key(key) is frozen for key in KEYS]
    frozen.freeze()
    answer = probe.run(*(note(key, "2") for key in KEYS), time_ms=300)
    assert kinds(answer["results"]) == ["timeout_or_reset" if bad else "ok" for bad in there]
    assert answer["ms"] < BOUND_MS
    frozen.thaw()


def test_masters_that_are_killed_are_replaced_and_every_command_has_an_honest_result(
        own_cluster, probe_of):
    probe = probe_of(own_cluster.url + "?timeout_ms=500")
    with Storm(probe, KEYS, wait_ms=50) as storm:
        # Those that the URL names, one after the other: the client must know more than them.
        for lost in own_cluster.nodes[:2]:
            at = storm.succeeded()
            until(lambda: storm.succeeded() > at + 500, "it to go on")
            lost.kill()
            own_cluster.wait_taken_over(lost)
        at = storm.succeeded()
        until(lambda: storm.succeeded() > at + 500, "it to go on")
    print("killed masters:", storm.count(), f"longest call {storm.ms_max:.0f} ms")
    assert len(storm.safe) > 500
    assert storm.ms_max < BOUND_MS
    storm.verify(lists_of(own_cluster, KEYS))


def test_a_cluster_that_is_down_is_told_within_the_calls_time(own_cluster, probe_of):
    probe = probe_of(own_cluster.url)
    probe.results(*(note(key, "1") for key in KEYS))
    master = own_cluster.masters()[0]
    survivor = another(own_cluster, master)
    own_cluster.replica_of(master).kill()
    master.kill()
    until(lambda: "cluster_state:fail" in survivor.call("CLUSTER", "INFO"), "it to notice")
    answer = probe.run(*(note(key, "2") for key in KEYS), time_ms=300)
    assert set(kinds(answer["results"])) <= {"cluster_down", "unreachable"}
    assert answer["ms"] < BOUND_MS


def test_a_node_in_place_of_a_single_server_is_told(cluster, probe_of):
    probe = probe_of(f"redis://{cluster.nodes[0].host_and_port}")
    assert "use redis+cluster://" in probe.ask("check")["message"]
    results = probe.results(*(command("GET", keys=[key]) for key in KEYS))
    assert set(kinds(results)) == {"ok", "moved"}


def test_a_single_server_in_place_of_a_cluster_is_told(server, probe_of):
    result = probe_of(f"redis+cluster://{server.host_and_port}").results(command("PING"))[0]
    assert "cluster support disabled" in result["message"]
