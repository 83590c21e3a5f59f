"""What is said at start about servers that cannot be the queue, or only at a price."""

import pytest

from support.programs import REDIS
from support.redis_server import RedisServer


def test_a_good_server_is_named(server, probe_of):
    report = probe_of(server.url).ask("check")
    version = server.info("server")[f"{REDIS}_version"]
    assert report["servers"] == [f"{REDIS.capitalize()} {version} at {server.host_and_port}"]
    assert "syncs its append-only file once a second" in "".join(report["warnings"])


def test_all_masters_are_asked(cluster, sentinels, probe_of):
    assert len(probe_of(cluster.url).ask("check")["servers"]) == 3
    report = probe_of(sentinels.url).ask("check")
    assert len(report["servers"]) == 1
    assert "no replica" not in "".join(report["warnings"])


WRONG = [  # options of the server, part of the error
    ({"maxmemory-policy": "allkeys-lru"}, "CONFIG SET maxmemory-policy noeviction"),
    ({"user default": "on nopass ~* &* +@all -info"}, "does not answer INFO"),
]


@pytest.mark.parametrize("options, words", WRONG)
def test_what_must_be_changed_is_an_error(probe_of, options, words):
    with RedisServer(options=options) as redis:
        report = probe_of(redis.url).ask("check")
        assert (report["error"], words in report["message"]) == ("invalid", True), report


PRICES = [  # options of the server, part of the warning
    ({"appendonly": "no"}, "keeps nothing on disk"),
    ({"appendonly": "no", "save": "3600 1"}, "keeps snapshots only"),
    ({"appendfsync": "no"}, "never syncs"),
    ({"user default": "on nopass ~* &* +@all -config"}, "read from INFO memory"),
]


@pytest.mark.parametrize("options, words", PRICES)
def test_what_has_a_price_is_a_warning(probe_of, options, words):
    with RedisServer(options=options) as redis:
        report = probe_of(redis.url).ask("check")
        assert words in "".join(report["warnings"]), report


def test_a_server_that_evicts_is_found_out_without_config_too(probe_of):
    with RedisServer(options={"maxmemory-policy": "volatile-ttl",
                              "user default": "on nopass ~* &* +@all -config"}) as redis:
        assert "maxmemory-policy volatile-ttl" in probe_of(redis.url).ask("check")["message"]


def test_a_server_that_is_not_there_is_unavailable(probe_of):
    redis = RedisServer()
    assert probe_of(redis.url).ask("check")["error"] == "unavailable"
    redis.close()
