"""A server that cannot have its queue in a Redis does not start, and says in one line what to
change. No password is shown anywhere."""

import re

import pytest

from support.api import Api
from support.engine import the_engine
from support.ports import free_port
from support.redis_cluster import RedisCluster
from support.redis_sentinels import RedisSentinels
from support.redis_server import RedisServer
from support.resp import Redis
from support.server import run

pytestmark = pytest.mark.one_redis

PASSWORD = "a-password-that-nobody-may-see"
RULES = ("~fc:* &fc:* +@read +@write +@pubsub +@scripting +@connection +info +time +cluster|slots "
         "+cluster|info +config|get")


@pytest.fixture
def redis():
    with RedisServer() as server:
        yield server


@pytest.fixture
def locked():
    """One that wants a password."""
    with RedisServer(password=PASSWORD) as server:
        yield server


@pytest.fixture
def sentinels():
    with RedisSentinels() as servers:
        yield servers


@pytest.fixture
def cluster():
    with RedisCluster() as servers:
        yield servers


class Guarded:
    """A Redis with a user of whom a test says what he may."""

    def __init__(self, server):
        self.server = server
        self.url = f"redis://app:{PASSWORD}@{server.host_and_port}/0"

    def allow(self, rules):
        with Redis(self.server.address, "root", "any") as root:
            root.call("ACL", "SETUSER", "app", "reset", "on", f">{PASSWORD}", *rules.split())


@pytest.fixture
def guarded():
    with RedisServer(user="app", password=PASSWORD,
                     options={"user root": "on nopass ~* &* +@all"}) as server:
        yield Guarded(server)


@pytest.fixture
def refusal(data_dir):
    """-> the one line that a server says with this queue, without its first words"""

    def refused(url):
        result = run("serve", "--listen", "127.0.0.1:0", "--data", data_dir, *on(data_dir, url))
        assert result.returncode == 1, result
        assert re.fullmatch(r"firstcome: [^\n]+\n", result.stderr), result.stderr
        assert PASSWORD not in result.stdout + result.stderr
        assert not list(data_dir.iterdir()), "no key was made"
        return result.stderr.strip().removeprefix("firstcome: ")

    return refused


def on(data, queue_url):
    return ["--ledger", the_engine().ledger_url(data), "--queue", queue_url]


def at(server, login="", rest="/0"):
    return f"redis://{login}{server.host_and_port}{rest}"


@pytest.mark.parametrize("login, who", [
    (f":not-{PASSWORD}@", "the default user"), (f"bob:{PASSWORD}@", "user 'bob'")])
def test_a_wrong_user_or_password(locked, refusal, login, who):
    said = refusal(at(locked, login))
    assert said.startswith(f"Redis at {locked.host_and_port} does not let {who} in: WRONGPASS")
    assert said.endswith("; the user or the password in the URL is wrong")


def test_no_password_where_one_is_wanted(locked, refusal):
    said = refusal(at(locked))
    assert said.endswith("; give a password in the URL: redis://user:password@host")


def test_a_password_where_none_is_wanted(redis, refusal):
    said = refusal(at(redis, f":{PASSWORD}@"))
    assert said.endswith("; it wants no password: take it out of the URL")


def test_an_unknown_host(refusal):
    said = refusal(f"redis://:{PASSWORD}@no-such-host.invalid:6379/0")
    assert said.startswith("cannot reach Redis at no-such-host.invalid:6379: cannot resolve host ")
    assert said.endswith("; is it running, and are host and port right?")


def test_a_port_where_nobody_listens(refusal):
    where = f"127.0.0.1:{free_port()}"
    assert refusal(f"redis://:{PASSWORD}@{where}/0") == (
        f"cannot reach Redis at {where}: cannot connect: Connection refused; is it running, and "
        "are host and port right?")


def test_a_host_that_gives_no_answer(redis, refusal):
    redis.freeze()
    said = refusal(at(redis))
    assert f"Redis at {redis.host_and_port} gives no answer" in said
    assert said.endswith("; is it running, and are host and port right?")


def test_what_is_no_redis(refusal):
    mariadb = the_engine().primary
    said = refusal(at(mariadb))
    assert f"Redis at {mariadb.host_and_port} gives no answer: it spoke no RESP, so it may be no " \
        "Redis" in said


def test_a_database_that_it_does_not_have(redis, refusal):
    assert refusal(at(redis, rest="/1000")) == (
        f"Redis at {redis.host_and_port} does not select database 1000: ERR DB index is out of "
        "range; correct the number in the URL, or raise databases in redis.conf")


def test_a_server_that_evicts_keys(redis, refusal):
    redis.call("CONFIG", "SET", "maxmemory", "100mb")
    redis.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    said = refusal(at(redis))
    assert said.startswith(f"Redis at {redis.host_and_port} evicts keys when its memory is full "
                           "(maxmemory-policy allkeys-lru)")
    assert "CONFIG SET maxmemory-policy noeviction" in said


def test_a_server_that_has_no_memory_left(redis, refusal):
    redis.call("CONFIG", "SET", "maxmemory", "1")
    said = refusal(at(redis))
    assert said.startswith("Redis refuses what the queue needs: OOM ")
    assert said.endswith("; give it more maxmemory")


def test_a_replica_given_as_the_master(redis, refusal):
    with RedisServer(replica_of=redis) as replica:
        redis.wait_for_replica()
        assert refusal(at(replica)) == (
            f"Redis at {replica.host_and_port} is a replica of {redis.host_and_port}: name the "
            "master instead, or let redis+sentinel:// find it")


@pytest.mark.bound_s(120)
def test_a_cluster_given_as_something_else(cluster, refusal):
    node = cluster.nodes[0]
    assert refusal(at(node)) == (f"Redis at {node.host_and_port} is a node of a cluster: use "
                                 "redis+cluster:// in the URL")
    said = refusal(f"redis+sentinel://{node.host_and_port}/mymaster")
    assert said.startswith(f"the Sentinel at {node.host_and_port} names no master: ")
    assert said.endswith("; it is no Sentinel: name the Sentinels, or use redis:// or "
                         "redis+cluster:// in the URL")


def test_a_single_server_given_as_something_else(redis, refusal):
    said = refusal(f"redis+cluster://{redis.host_and_port}")
    assert said.endswith("; it is no node of a cluster: use redis:// in the URL")
    said = refusal(f"redis+sentinel://{redis.host_and_port}/mymaster")
    assert said.endswith("; it is no Sentinel: name the Sentinels, or use redis:// or "
                         "redis+cluster:// in the URL")


@pytest.mark.bound_s(120)
def test_a_sentinel_given_as_something_else_or_asked_for_another_name(sentinels, refusal):
    place = sentinels.sentinels[0].host_and_port
    assert refusal(f"redis://{place}/0") == (
        f"Redis at {place} is a Sentinel: use redis+sentinel://")
    said = refusal(f"redis+cluster://{place}")
    assert said.endswith("; it is no node of a cluster: use redis+sentinel:// in the URL if it is "
                         "a Sentinel")
    said = refusal(sentinels.url.replace("mymaster", "another"))
    assert said.endswith(" knows no master called 'another': correct the name in the URL, or see "
                         "its sentinel monitor lines")


@pytest.mark.parametrize("missing", [
    "-evalsha", "-eval", "-zadd", "-zcard", "-zrem", "-zrangebyscore", "-hset", "-hmget",
    "-pexpire", "-time", "-publish", "-subscribe", "-info", "resetkeys", "resetkeys ~other:*",
    "resetchannels"])
def test_a_user_who_may_not_do_what_the_queue_does(guarded, refusal, missing):
    guarded.allow(f"{RULES} {missing}")
    assert refusal(guarded.url).endswith(f"; allow its user that: ACL SETUSER name {RULES}")


def test_a_user_who_may_do_what_the_refusal_says_and_nothing_else(guarded, data_dir, start_server):
    guarded.allow(RULES)
    server = start_server(on=on(data_dir, guarded.url))
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign("c", stock=2).status == 201
        assert admin.claim("c", "ann").status == 201
        shown = [admin.get(path).body.decode() for path in ("/readyz?verbose", "/metrics")]
        for name in ("direct", "failures"):
            assert f"firstcome_redis_{name}_total 0\n" in shown[1], "Redis has ordered the claim"
    server.stop()
    assert "refuse" not in server.log() and "Redis is not heard" not in server.log()
    for text in (*shown, server.log()):
        assert PASSWORD not in text
    assert "redis://app:***@" in server.log()


@pytest.mark.parametrize("url", [
    "redis://app:{password}@/0", "redis://app:{password}/@host/0", "redis:app:{password}@host",
    "redis://app:%{password}@host/0", "redis+other://app:{password}@host/0",
    "redis+sentinel://app:{password}@host", "redis+cluster://app:{password}@host/x"])
def test_an_url_that_cannot_be_read_is_not_shown(refusal, url):
    refusal(url.format(password=PASSWORD))
