"""What the measurements of many nodes share: MariaDB, Redis and nodes as the tests start them, and
what each of their processes costs.

MariaDB syncs its log and its binary log at each commit, on the real disk; Redis syncs its file once
a second."""

import contextlib
import os
import pathlib
import re
import resource
import secrets
import sys
import tempfile

from harness import ROOT, wrk

sys.path.insert(0, str(ROOT / "tests"))

from support.api import Api  # noqa: E402
from support.mariadb import MariadbServer  # noqa: E402
from support.node import Node  # noqa: E402
from support.redis_server import RedisServer  # noqa: E402

# In place of the tests' own, which are as small as they get.
MARIADB_OPTIONS = ["--innodb-buffer-pool-size=1G", "--innodb-log-file-size=256M"]
TICKS = os.sysconf("SC_CLK_TCK")


class Stack:
    """A ledger, a queue and nodes on them, which end with it. Their files lie beside the build.
    `options` go behind the ledger's URL."""

    def __init__(self, cleanup, nodes=1, io_threads=1, on_redis=True, options=""):
        (ROOT / "build").mkdir(exist_ok=True)
        tempfile.tempdir = str(ROOT / "build")
        self.mariadb = MariadbServer()
        self.mariadb.options = MARIADB_OPTIONS
        cleanup.enter_context(self.mariadb)
        self.redis = cleanup.enter_context(RedisServer()) if on_redis else None
        self.ledger = self.mariadb.create_database("firstcome") + options
        self.place = pathlib.Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        self.issue_key, self.admin_key = self._key("issue"), self._key("admin")
        arguments = ["--ledger", self.ledger, "--queue", self.redis.url if on_redis else "memory:",
                     "--issue-key-file", str(self.place / "issue"),
                     "--admin-key-file", str(self.place / "admin"),
                     "--io-threads", str(io_threads)]
        self.all_nodes = [Node(number, arguments) for number in range(1, nodes + 1)]
        self.nodes = self.all_nodes  # those that are up
        for node in self.nodes:
            cleanup.enter_context(node)
            cleanup.callback(node.stop)

    def _key(self, name):
        file = self.place / name
        file.write_text(secrets.token_urlsafe(24) + "\n")
        file.chmod(0o600)
        return file.read_text().strip()

    def campaign(self, name, **settings):
        with Api(self.nodes[0].address, self.admin_key) as api:
            reply = api.put_campaign(name, **settings)
            if reply.status not in (200, 201):
                raise SystemExit(f"no campaign: {reply}")

    @property
    def url(self):
        return self.nodes[0].url

    def metrics(self):
        return metrics(self.nodes[0])

    def cpu_s(self):
        """-> {service: CPU seconds so far}, all nodes together as `firstcome`"""
        used = {"firstcome": sum(cpu_s(node.pid) for node in self.nodes),
                "mariadbd": cpu_s(self.mariadb.pid)}
        if self.redis:
            used["redis-server"] = cpu_s(self.redis.pid)
        return used


@contextlib.contextmanager
def stack(**options):
    with contextlib.ExitStack() as cleanup:
        yield Stack(cleanup, **options)


class Measured:
    """One run of wrk where every claim wins, with what each process used for it. `server` has a
    url, cpu_s() and metrics()."""

    def __init__(self, server, key, connections=256):
        used, before = server.cpu_s(), server.metrics()
        load = _children_s()
        result = wrk(server.url, key, connections=connections)
        if result.refused:
            raise SystemExit(f"{result.refused} claims were refused")
        self.rate, self.p99_ms, self.requests = result.rate, result.p99_ms, result.requests
        self.cpu_s = {**difference(server.cpu_s(), used), "wrk": _children_s() - load}
        self.metrics = difference(server.metrics(), before)

    def cpu(self):
        """-> microseconds a claim, by process"""
        return ", ".join(f"{name} {used / self.requests * 1e6:.1f}"
                         for name, used in self.cpu_s.items())


def _children_s():
    """What ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ticks(stat):
    fields = pathlib.Path(stat).read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_s(pid):
    return _ticks(f"/proc/{pid}/stat")


def family(pid):
    """-> the process and its children"""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def cpu_s_by_thread(pid):
    used = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        used[name] = used.get(name, 0) + _ticks(task / "stat")
    return used


def difference(after, before):
    return {name: value - before.get(name, 0) for name, value in after.items()}


def metrics(node):
    """-> {series: value}"""
    with Api(node.address, None) as api:
        text = api.get("/metrics").body.decode()
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.M)}


def mean(series, name, labels=""):
    """Of a histogram: the mean of what it has observed, 0 where that is nothing."""
    count = series.get(f"{name}_count{labels}", 0)
    return series.get(f"{name}_sum{labels}", 0) / count if count else 0.0
