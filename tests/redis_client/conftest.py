"""Real servers, started once for the tests of a file; each test uses keys of its own."""

import pytest

from support.redis_cluster import RedisCluster
from support.redis_probe import Probe
from support.redis_sentinels import RedisSentinels
from support.redis_server import RedisServer


@pytest.fixture(scope="module")
def server():
    with RedisServer() as redis:
        yield redis


@pytest.fixture(scope="module")
def sentinels():
    """For failovers that are asked for: nobody dies, so who says nothing for a while is busy, and
    to replace him would undo what was asked for."""
    with RedisSentinels(down_after_ms=20_000) as redis:
        yield redis


@pytest.fixture(scope="module")
def cluster():
    with RedisCluster() as redis:
        yield redis


@pytest.fixture
def probe_of():
    """probe_of(url) -> a Probe, ended with the test"""
    probes = []

    def start(url):
        probes.append(Probe(url))
        return probes[-1]

    yield start
    for probe in probes:
        probe.__exit__()
