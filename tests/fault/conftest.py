"""Two servers, and what they stand on, which a test may break and leaves mended."""

import pytest

from support.engine import the_engine


@pytest.fixture
def two(start_server, tmp_path):
    first = start_server()
    return first, start_server(tmp_path / "second", beside=first)


@pytest.fixture
def ledger():
    primary = the_engine().primary
    yield primary
    primary.thaw() if primary.is_alive() else primary.restart()


@pytest.fixture
def redis():
    redis = the_engine().redis
    yield redis
    if not redis.is_alive():
        redis.restart()
