"""The services that other tests rely on do what those rely on: they keep what they were told, they
fail as they are told to, and nothing of them is left."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support.database_product import PRODUCT
from support.mariadb import MariadbServer, SqlError
from support.mariadb_replica import MariadbReplica
from support.redis_cluster import RedisCluster
from support.redis_sentinels import RedisSentinels
from support.redis_server import RedisServer
from support.resp import RedisError
from support.wait import DEADLINE_S, until

WITH_SERVERS = Path(__file__).resolve().parents[1] / "support" / "with_servers.py"


@pytest.fixture(scope="module")
def primary():
    with MariadbServer() as server:
        yield server


@pytest.fixture(scope="module")
def replica(primary):
    with MariadbReplica(primary) as server:
        yield server


def numbers(server):
    return [int(number) for (number,) in server.sql("SELECT n FROM numbers.numbers ORDER BY n")]


@pytest.fixture
def table(primary, replica):
    primary.sql("DROP DATABASE IF EXISTS numbers; CREATE DATABASE numbers;"
                "CREATE TABLE numbers.numbers (n INT KEY);")
    replica.wait_caught_up()
    return lambda number: primary.sql(f"INSERT INTO numbers.numbers VALUES ({number})")


def test_a_replica_has_what_the_primary_has(replica, table):
    table(1)
    replica.wait_caught_up()
    assert numbers(replica) == [1]


def test_a_replica_takes_no_writes_of_users(primary, replica):
    primary.create_database("own")
    replica.wait_caught_up()
    assert replica.variable("read_only") == "1"


def test_a_commit_is_on_the_replica_before_it_is_said(primary, table):
    before = int(primary.semi_sync_status("yes_tx"))
    table(1)
    assert int(primary.semi_sync_status("yes_tx")) == before + 1
    assert primary.variable(f"{PRODUCT.semi_sync}_wait_point") == "AFTER_SYNC"


def test_a_late_replica_is_late(replica, table):
    replica.delay(1)
    table(1)
    seen_at_once = numbers(replica)
    replica.wait_caught_up()
    replica.delay(0)
    assert (seen_at_once, numbers(replica)) == ([], [1])


def test_a_replica_that_does_not_replicate_stands_still(replica, table, primary):
    replica.stop_replication()
    primary.sql(f"SET GLOBAL {PRODUCT.semi_sync}_timeout = 1")  # commits do not wait for it
    table(1)
    assert numbers(replica) == []
    replica.start_replication()
    primary.wait_for_replica_at_commit()
    replica.wait_caught_up()
    assert numbers(replica) == [1]


def test_mariadb_comes_back_where_it_was_with_all_it_has_committed(primary, replica, table):
    port = primary.port
    table(1)
    primary.kill()
    with pytest.raises(SqlError):
        primary.sql("SELECT 1")
    primary.start()
    table(2)
    replica.wait_caught_up()
    assert (primary.port, numbers(primary), numbers(replica)) == (port, [1, 2], [1, 2])
    assert primary.variable("sync_binlog") == "1"
    assert primary.variable(f"{PRODUCT.semi_sync}_enabled") == "1"


def test_a_replica_becomes_the_primary(primary):
    with MariadbServer() as first, MariadbReplica(first) as second:
        first.sql("CREATE DATABASE numbers; CREATE TABLE numbers.numbers (n INT KEY);"
                  "INSERT INTO numbers.numbers VALUES (1);")
        first.kill()
        second.promote()
        second.sql("INSERT INTO numbers.numbers VALUES (2)")
        assert numbers(second) == [1, 2]
        assert second.variable("read_only") == "0"


def test_a_database_has_a_user_of_its_own(primary):
    user, _, password = primary.create_database("tenant")[len("mysql://"):].partition("@")[
        0].partition(":")

    def as_user(text):
        return subprocess.run(
            [PRODUCT.client, "--no-defaults", "--host=127.0.0.1", f"--port={primary.port}",
             f"--user={user}", f"--password={password}", *PRODUCT.login_options, "--execute", text],
            capture_output=True, timeout=30).returncode == 0

    assert as_user("CREATE TABLE tenant.t (n INT)")
    assert as_user("CREATE DATABASE tenant_2; CREATE TABLE tenant_2.t (n INT)")
    assert not as_user("CREATE DATABASE another")
    assert not as_user("SELECT * FROM mysql.user")


def test_a_frozen_server_answers_when_it_is_thawed():
    with RedisServer() as redis, redis.connect(timeout_s=0.2) as connection:
        redis.freeze()
        with pytest.raises(OSError):
            connection.call("PING")
        redis.thaw()
        assert redis.call("PING") == "PONG"


def test_redis_comes_back_with_its_keys_or_without():
    with RedisServer() as redis:
        port = redis.port
        redis.call("SET", "key", "value")
        redis.restart()
        assert (redis.port, redis.call("GET", "key")) == (port, "value")
        redis.wipe()
        assert (redis.port, redis.call("GET", "key")) == (port, None)


def test_redis_knows_its_users():
    with RedisServer(user="ada", password="secret") as redis:
        assert redis.url == f"redis://ada:secret@127.0.0.1:{redis.port}/0"
        assert redis.call("ACL", "WHOAMI") == "ada"
        redis.password = "wrong"
        with pytest.raises(RedisError, match="WRONGPASS"):
            redis.call("PING")


def write_to_both(master, key, value):
    """WAIT is about what its own connection wrote: on another one it says 1 at once."""
    with master.connect(timeout_s=DEADLINE_S) as connection:
        connection.call("SET", key, value)
        assert connection.call("WAIT", 1, 20_000) == 1, "the replica has it"


def test_sentinels_make_the_replica_the_master():
    with RedisSentinels() as sentinels:
        old = sentinels.master()
        write_to_both(old, "key", "value")
        old.kill()
        new = sentinels.wait_for_master_other_than(old)
        assert new is not old and new.call("GET", "key") == "value"
        assert sentinels.master() is new
        old.start()
        sentinels.wait_settled()
        assert sentinels.replica() is old


def refusal(node, *words):
    with pytest.raises(RedisError) as refused:
        node.call(*words)
    return str(refused.value).split()


def test_a_cluster_moves_slots_and_fails_over():
    with RedisCluster() as cluster:
        slot, source = cluster.slot_of_key("{c}1"), cluster.node_of_key("{c}1")
        target = next(master for master in cluster.masters() if master is not source)
        source.call("SET", "{c}1", "value")
        assert refusal(target, "GET", "{c}1") == ["MOVED", str(slot), source.host_and_port]

        cluster.begin_migration(slot, target)
        assert source.call("GET", "{c}1") == "value"
        assert refusal(source, "GET", "{c}2") == ["ASK", str(slot), target.host_and_port]
        cluster.move_keys(slot, source, target)
        assert refusal(source, "GET", "{c}1") == ["ASK", str(slot), target.host_and_port]
        cluster.finish_migration(slot, source, target)
        cluster.wait_ok()
        assert refusal(source, "GET", "{c}1") == ["MOVED", str(slot), target.host_and_port]
        assert cluster.node_of_key("{c}1") is target

        write_to_both(target, "{c}2", "value")
        target.kill()
        cluster.wait_taken_over(target)
        assert cluster.node_of_key("{c}1").call("GET", "{c}2") == "value"


def processes_in(directory):
    """The processes that work in it: each server does so in one of its own."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd").startswith(f"{directory}/"):
                found.add(int(entry.name))
        except OSError:
            pass  # gone, or not ours to look at
    return found


@pytest.fixture
def with_servers():
    """-> it, running with six servers, and the directory that all of their files are in"""
    with tempfile.TemporaryDirectory(prefix="servers-") as directory:
        process = subprocess.Popen(
            [sys.executable, WITH_SERVERS, "mariadb", "sentinel", "--", "sh", "-c",
             "echo started; exec cat"],
            env=os.environ | {"TMPDIR": directory}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        try:
            assert process.stdout.readline() == "started\n"
            assert len(processes_in(directory)) == 6
            yield process, directory
        finally:
            process.kill()
            process.stdin.close()
            process.stdout.close()
            process.wait(30)


def test_nothing_is_left_when_the_command_ends(with_servers):
    process, directory = with_servers
    process.stdin.close()
    assert process.wait(30) == 0
    assert processes_in(directory) == set()
    assert os.listdir(directory) == []


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_starter_is_stopped(with_servers, end):
    process, directory = with_servers
    process.send_signal(end)
    assert process.wait(30) != 0
    assert processes_in(directory) == set()
    assert os.listdir(directory) == []


def test_no_process_is_left_when_the_starter_is_killed(with_servers):
    process, directory = with_servers
    process.kill()
    until(lambda: not processes_in(directory), "the kernel to end what it started")


@pytest.mark.parametrize("code", [0, 7])
def test_the_command_decides_the_exit_code(code):
    command = [sys.executable, WITH_SERVERS, "redis", "--", "sh", "-c", f"exit {code}"]
    assert subprocess.run(command, timeout=30).returncode == code
