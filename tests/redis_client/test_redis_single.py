"""The client and one Redis server: replies, errors in their kinds, bounds of time."""

import subprocess
import threading

import pytest

from support.redis_probe import BOUND_MS, command, kinds, note, program, script
from support.redis_server import RedisServer
from support.resp import RedisError
from support.wait import until


def test_replies_come_in_order_and_as_they_are(server, probe_of):
    probe = probe_of(server.url)
    words = "a\0b\r\nc €"
    results = probe.results(
        command("SET", keys=["order"], args=[words]), command("GET", keys=["order"]),
        command("STRLEN", keys=["order"]), command("GET", keys=["order:none"]),
        command("FOO"), command("MGET", keys=["order", "order:none"]), command("PING"))
    assert results[:4] == [{"ok": "OK"}, {"ok": words}, {"ok": len(words.encode())}, {"ok": None}]
    assert results[4]["error"] == "other"
    assert results[5:] == [{"ok": [words, None]}, {"ok": "PONG"}]


def test_a_pipeline_larger_than_any_buffer_comes_through(server, probe_of):
    probe = probe_of(server.url)
    large = "x" * 1_000_000
    results = probe.results(*(command("ECHO", args=[f"{i}{large}"]) for i in range(20)),
                            time_ms=20_000)
    assert [result["ok"] for result in results] == [f"{i}{large}" for i in range(20)]


def test_a_script_that_the_server_forgot_is_sent_again(server, probe_of):
    probe = probe_of(server.url)
    assert kinds(probe.results(note("forgot", "1"), note("forgot", "2"))) == ["ok", "ok"]
    server.call("SCRIPT", "FLUSH")
    assert probe.results(note("forgot", "3"), note("forgot", "4")) == [{"ok": "3"}, {"ok": "4"}]
    assert server.call("LRANGE", "forgot", 0, -1) == ["1", "2", "3", "4"]
    assert server.info("commandstats")["cmdstat_evalsha"].startswith("calls=")
    before = server.info("commandstats")["cmdstat_eval"]
    probe.results(note("forgot", "5"))
    assert server.info("commandstats")["cmdstat_eval"] == before, "now by its digest"


def test_a_frozen_server_costs_no_more_than_the_calls_time(probe_of):
    with RedisServer() as redis:
        probe = probe_of(redis.url + "?timeout_ms=300")
        probe.call("PING")
        redis.freeze()
        answer = probe.run(command("RPUSH", keys=["frozen"], args=["a"]), command("PING"))
        assert kinds(answer["results"]) == ["timeout_or_reset"] * 2
        assert 290 <= answer["ms"] < BOUND_MS
        answer = probe.run(command("PING"))
        assert kinds(answer["results"]) == ["unreachable"], "it connects, but nobody greets"
        assert answer["ms"] < BOUND_MS
        redis.thaw()
        assert probe.call("PING") == "PONG"
        # What was sent to it has run after all: that is why the result was not "no".
        assert probe.call("LRANGE", "frozen", "0", "-1") == ["a"]


def test_what_never_left_is_told_from_what_may_have_run(probe_of):
    with RedisServer() as redis:
        probe = probe_of(redis.url)
        probe.call("PING")
        redis.freeze()
        large = "x" * 1_000_000  # of which the system takes a few
        results = kinds(probe.results(*(command("RPUSH", keys=["left"], args=[f"{i}{large}"])
                                        for i in range(40)), time_ms=500))
        left = results.count("timeout_or_reset")
        assert 0 < left < 40
        assert results == ["timeout_or_reset"] * left + ["unreachable"] * (40 - left)
        redis.thaw()
        assert probe.results(command("LLEN", keys=["left"]), time_ms=20_000)[0]["ok"] <= left


def test_slow_bytes_do_not_prolong_a_call(server, probe_of):
    probe = probe_of(server.url)
    blocked = command("BLPOP", "nothing:comes", "0")
    answer = probe.run(command("PING"), blocked, command("PING"), time_ms=200)
    assert kinds(answer["results"]) == ["ok", "timeout_or_reset", "timeout_or_reset"]
    assert answer["ms"] < BOUND_MS
    assert probe.results(command("ECHO", args=["mine"])) == [{"ok": "mine"}], "not a late reply"


def test_a_server_that_is_gone_is_told_at_once(probe_of):
    with RedisServer() as redis:
        probe = probe_of(redis.url + "?timeout_ms=20000")
        probe.call("PING")
        redis.kill()
        answer = probe.run(command("PING"))
        assert kinds(answer["results"]) == ["unreachable"]
        assert "Connection refused" in answer["results"][0]["message"]
        assert answer["ms"] < BOUND_MS
        redis.start()
        assert probe.call("PING") == "PONG"


def test_an_idle_connection_that_the_server_has_closed_is_replaced(server, probe_of):
    probe = probe_of(server.url)
    before = probe.run(command("PING"))["generation"]
    server.call("CLIENT", "KILL", "TYPE", "normal")
    answer = probe.run(command("PING"))
    assert (kinds(answer["results"]), answer["generation"]) == (["ok"], before + 1)


def test_a_server_that_dies_under_a_command_leaves_it_open(probe_of):
    with RedisServer() as redis:
        probe = probe_of(redis.url + "?timeout_ms=20000")
        probe.call("PING")

        def kill():
            until(lambda: "blocked_clients:1" in redis.call("INFO", "clients"), "BLPOP")
            redis.call("PING")  # a further turn of its loop, so that the first reply is out
            redis.process.kill()

        threading.Thread(target=kill).start()
        results = probe.results(command("PING"), command("BLPOP", "nothing:comes", "0"))
        assert kinds(results) == ["ok", "timeout_or_reset"]


def test_a_restart_is_another_history_and_a_reconnect_is_not(probe_of):
    with RedisServer() as redis:
        probe = probe_of(redis.url)
        first = probe.ask("server", key="k")
        assert first["endpoint"] == redis.host_and_port
        redis.call("CLIENT", "KILL", "TYPE", "normal")
        assert probe.ask("server", key="k") == first
        redis.restart()
        results = probe.results(command("SET", keys=["k"], args=["1"], fenced=True),
                                command("EXISTS", keys=["k"]))
        assert results[0]["error"] == "other_server"
        assert results[1] == {"ok": 0}, "it was not sent"
        second = probe.ask("server", key="k")
        assert second["run_id"] != first["run_id"]
        assert kinds(probe.results(command("GET", keys=["k"], fenced=True))) == ["ok"]


def test_a_replica_given_as_the_server_is_refused(server, probe_of):
    with RedisServer(replica_of=server) as replica:
        server.wait_for_replica()
        result = probe_of(replica.url).results(command("PING"))[0]
        assert result["error"] == "readonly"
        assert f"is a replica of {server.host_and_port}" in result["message"]
        # One that is made a replica under an open connection.
        replica.call("REPLICAOF", "NO", "ONE")
        probe = probe_of(replica.url)
        probe.call("PING")
        replica.call("REPLICAOF", *server.address)
        assert kinds(probe.results(note("k", "1"))) == ["readonly"]
        assert "is a replica" in probe.ask("check")["message"]


def test_a_master_that_was_a_replica_in_between_has_another_history(server, probe_of):
    with RedisServer() as redis:
        probe = probe_of(redis.url)
        first = probe.ask("server", key="k")
        redis.call("REPLICAOF", *server.address)
        assert kinds(probe.results(command("SET", keys=["k"], args=["1"]))) == ["readonly"]
        redis.call("REPLICAOF", "NO", "ONE")
        second = probe.ask("server", key="k")
        assert second["run_id"] == first["run_id"]
        assert second["replication_id"] != first["replication_id"]


def test_wait_counts_the_replicas_of_the_connection_that_wrote(server, probe_of):
    probe = probe_of(server.url)
    alone = probe.run(command("SET", keys=["wait"], args=["1"]), wait_ms=10)
    assert (kinds(alone["results"]), alone["replicas"]) == (["ok"], [0])
    with RedisServer(replica_of=server) as replica:
        server.wait_for_replica()
        two = probe.run(command("INCR", keys=["wait"]), command("FOO"), wait_ms=5_000,
                        time_ms=10_000)
        assert (kinds(two["results"]), two["replicas"]) == (["ok", "other"], [1, 0])
        replica.freeze()
        held = probe.run(command("INCR", keys=["wait"]), wait_ms=60_000, time_ms=400)
        assert (kinds(held["results"]), held["replicas"]) == (["ok"], [0])
        assert held["ms"] < BOUND_MS, "WAIT is part of the call's time"


LOGINS = [  # user, password of the server; login in the URL; part of the reason
    (None, "right", ":wrong@", "does not let the default user in: WRONGPASS"),
    (None, "right", "", "does not let us in: NOAUTH"),
    ("u", "right", "u:wrong@", "does not let user 'u' in: WRONGPASS"),
    ("u", "right", "nobody:right@", "does not let user 'nobody' in: WRONGPASS"),
    (None, None, ":any@", "without any password configured"),
]


@pytest.mark.parametrize("user, password, login, reason", LOGINS)
def test_a_wrong_login_is_a_sentence(probe_of, user, password, login, reason):
    with RedisServer(user=user, password=password) as redis:
        result = probe_of(f"redis://{login}{redis.host_and_port}").results(command("PING"))[0]
        assert result["error"] == "denied"
        assert reason in result["message"]
        assert "right" not in result["message"]


def test_a_login_a_database_and_a_name_are_used(probe_of):
    with RedisServer(user="u", password="p@ss:1") as redis:
        probe = probe_of(f"redis://u:p%40ss%3A1@{redis.host_and_port}/7")
        me = probe.call("CLIENT", "INFO")
        assert " name=redis_probe " in me and " db=7 " in me and " user=u " in me


def test_a_user_may_lack_what_is_not_needed_and_is_told_what_is(probe_of):
    with RedisServer(options={"user default": "on nopass ~* &* +@all -client -config"}) as redis:
        assert probe_of(redis.url).call("PING") == "PONG"
    with RedisServer(options={"user default": "on nopass ~* &* +@all -info"}) as redis:
        result = probe_of(redis.url).results(command("PING"))[0]
        assert (result["error"], "does not answer INFO" in result["message"]) == ("denied", True)


def test_a_server_without_a_connection_left_is_waited_for(probe_of):
    with RedisServer(options={"maxclients": 1}) as redis:
        probe = probe_of(redis.url)
        with redis.connect() as other:
            other.call("PING")
            result = probe.results(command("PING"), time_ms=100)[0]
            assert (result["error"], "max number of clients" in result["message"]) == ("busy", True)
        assert probe.call("PING") == "PONG"


def test_a_database_that_is_not_there_is_a_sentence(server, probe_of):
    result = probe_of(f"redis://{server.host_and_port}/1000").results(command("PING"))[0]
    assert "does not select database 1000: ERR DB index is out of range" in result["message"]


def test_hosts_that_do_not_resolve_or_answer_are_sentences(probe_of):
    result = probe_of("redis://no-such-host.invalid").results(command("PING"))[0]
    assert result["error"] == "unreachable"
    assert "cannot resolve host 'no-such-host.invalid'" in result["message"]


def test_full_memory_has_a_kind_of_its_own(probe_of):
    with RedisServer(options={"maxmemory": "1mb"}) as redis:
        results = probe_of(redis.url).results(
            command("SET", keys=["k"], args=["1"]), note("l", "1"), command("PING"))
        assert kinds(results) == ["oom", "oom", "ok"]


def test_too_few_replicas_have_a_kind_of_their_own(probe_of):
    with RedisServer(options={"min-replicas-to-write": 1}) as redis:
        assert kinds(probe_of(redis.url).results(note("l", "1"))) == ["writes_stopped"]


def test_a_server_that_runs_a_long_script_is_waited_for(probe_of):
    with RedisServer(options={"busy-reply-threshold": 10}) as redis:
        probe = probe_of(redis.url + "?timeout_ms=20000")
        probe.call("PING")
        with redis.connect() as other:
            thread = threading.Thread(
                target=lambda: pytest.raises(RedisError, other.call, "EVAL",
                                             "while true do end", 0))
            thread.start()
            until(lambda: says(redis, "BUSY"), "the script to run")
            assert kinds(probe.results(command("PING"), time_ms=100)) == ["busy"]
            threading.Timer(0.2, lambda: redis.call("SCRIPT", "KILL")).start()
            assert probe.call("PING") == "PONG"
            thread.join()


def says(redis, word):
    try:
        redis.call("PING")
        return False
    except (OSError, RedisError) as error:
        return str(error).startswith(word)


SLOW_START = {"appendonly": "no", "rdbcompression": "no", "key-load-delay": 1000,
              "loading-process-events-interval-bytes": 1024}


def test_a_server_that_loads_is_waited_for(probe_of):
    with RedisServer(options=SLOW_START) as redis:
        redis.call("MSET", *(word for i in range(4_000) for word in (f"k{i}", "x" * 99)))
        redis.call("SAVE")
        redis.stop()
        redis.spawn()
        until(lambda: says(redis, "LOADING"), "it to load")
        probe = probe_of(redis.url)
        answer = probe.run(command("GET", keys=["k1"]), time_ms=1_000)
        assert kinds(answer["results"]) == ["loading"], answer
        assert kinds(probe.results(command("GET", keys=["k1"]), time_ms=30_000)) == ["ok"]


def test_a_url_that_cannot_be_used_is_refused():
    said = subprocess.run([program(), "rediss://h?tls_ca=/no/such/file"], capture_output=True,
                          text=True)
    assert said.returncode == 2
    assert "tls_ca=/no/such/file is not usable" in said.stderr
