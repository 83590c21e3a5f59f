"""Fixtures that every black-box test shares."""

import os
import signal
import tempfile
from pathlib import Path

import pytest

from support.api import Api
from support.engine import engine_name, the_engine
from support.names import Names
from support.server import Server


# A sanitized server runs several times slower.
SLOWER = 5 if os.environ.get("FIRSTCOME_SANITIZE") else 1


class Hung(Exception):
    """A test passed its bound: something waits for what never comes."""


@pytest.fixture(autouse=True)
def bounded(request):
    """Stops a test that hangs, so that a run always ends. It says nothing about speed."""
    marker = request.node.get_closest_marker("bound_s")
    seconds = (marker.args[0] if marker else 60) * SLOWER

    def stop(_signal, _frame):
        raise Hung(f"{request.node.nodeid} did not end within {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session", autouse=True)
def engine():
    """What the servers under test stand on, with the services that it needs."""
    engine = the_engine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def shared_server(engine):
    """One server for all tests that need nothing special of it. Tests share it, so each uses names
    of its own."""
    with tempfile.TemporaryDirectory(prefix="firstcome-") as data:
        server = Server(Path(data), env={"FIRSTCOME_USER_SECRET": USER_SECRET})
        server.start()
        try:
            yield server
        finally:
            server.stop()


USER_SECRET = "a user secret that is long enough to be one: 0123456789abcdef"


@pytest.fixture(scope="session")
def user_secret():
    return USER_SECRET


@pytest.fixture
def server(shared_server):
    assert shared_server.is_alive(), f"the server has died:\n{shared_server.log()}"
    yield shared_server
    assert shared_server.is_alive(), f"this test has killed the server:\n{shared_server.log()}"


@pytest.fixture
def admin(server):
    with Api(server.address, server.admin_key) as api:
        yield api


@pytest.fixture
def issue(server):
    with Api(server.address, server.issue_key) as api:
        yield api


@pytest.fixture
def anonymous(server):
    with Api(server.address, None) as api:
        yield api


@pytest.fixture
def names(request):
    """Campaign and user ids that no other test uses, also against a ledger that lives on."""
    return Names()


@pytest.fixture
def data_dir(tmp_path):
    """A data directory for a server of the test's own."""
    path = tmp_path / "data"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def start_server(data_dir):
    """Starts servers that end with the test, whatever it leaves behind."""
    started = []

    def start(data=data_dir, **options):
        server = Server(data, **options)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.kill()


def pytest_collection_modifyitems(config, items):
    """Other engines run what is true of every engine, without what holds the embedded one's disk;
    only they run what is about many nodes, and the one with a single Redis what breaks that. What
    no queue can change is left to those with one in memory."""

    def runs_here(item):
        marks = {mark.name for mark in item.iter_markers()}
        if "one_redis" in marks:
            return engine_name() == "redis"
        if engine_name() == "embedded":
            return "nodes" not in marks
        if "any_queue" in marks and engine_name() != "direct":
            return False
        return "nodes" in marks or "every_engine" in marks and "shim" not in item.fixturenames

    config.hook.pytest_deselected(items=[item for item in items if not runs_here(item)])
    items[:] = [item for item in items if runs_here(item)]


def pytest_report_header(config):
    binary = os.environ.get("FIRSTCOME_BINARY", "build/release/firstcome")
    return f"firstcome: {binary}, engine: {engine_name()}"
