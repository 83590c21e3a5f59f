"""The engine that tests run on, chosen by FIRSTCOME_ENGINE: embedded (the default), direct, redis,
sentinel or cluster. Its servers are started once, by whoever first needs them; a server's data
directory stands for its ledger, so that the same directory is the same ledger, a restart included,
and another one is another."""

import functools
import hashlib
import os
from pathlib import Path

from support.mariadb import MariadbServer
from support.mariadb_replica import MariadbReplica
from support.redis_cluster import RedisCluster
from support.redis_sentinels import RedisSentinels
from support.redis_server import RedisServer


class Embedded:
    """One machine, no other service: the ledger is a file in the data directory."""

    def daemons(self):
        return []

    def close(self):
        pass

    def serve_args(self, data):
        """-> the arguments of `serve` for a server on the ledger that `data` stands for"""
        return []

    def ledger_url(self, data):
        return f"sqlite:{Path(data) / 'ledger.db'}"

    def forget(self, data):
        """The directory, which holds nothing any more, stands for an empty ledger."""


class Direct:
    """Nodes without Redis."""

    def __init__(self):
        self._ledgers = {}  # data directory -> (ledger's URL, queue's URL)
        self._made = 0
        self.primary = MariadbServer().start()
        self.replica = MariadbReplica(self.primary).start()

    def daemons(self):
        """Every service that this engine has, for whoever wants to watch or break one."""
        return [self.primary, self.replica]

    def close(self):
        for daemon in reversed(self.daemons()):
            daemon.close()

    def serve_args(self, data):
        ledger, queue = self._urls(data)
        return ["--ledger", ledger, "--queue", queue]

    def ledger_url(self, data):
        return self._urls(data)[0]

    def forget(self, data):
        self._ledgers.pop(Path(data).resolve(), None)

    def _urls(self, data):
        data = Path(data).resolve()
        if data not in self._ledgers:
            digest = hashlib.sha256(bytes(data)).hexdigest()[:16]
            self._ledgers[data] = self.new_ledger(f"fc{digest}_{self._made}")
        return self._ledgers[data]

    def new_ledger(self, name):
        """-> the URLs of an empty ledger and of the queue before it"""
        ledger = self.primary.create_database(name)
        self.replica.wait_caught_up()
        self._made += 1
        return ledger, self._fresh_queue(self._made)

    def _fresh_queue(self, _number):
        return "memory:"


class OnRedis(Direct):
    """A database of the same Redis for each ledger."""

    def __init__(self):
        super().__init__()
        self.redis = RedisServer().start()

    def daemons(self):
        return [*super().daemons(), self.redis]

    def _fresh_queue(self, number):
        return self.redis.url_of(number)


class OnSentinel(Direct):
    """One place for all ledgers: what an earlier one has left there is deleted, which to a server
    that is still at it is a Redis that came back empty."""

    def __init__(self):
        super().__init__()
        self.sentinels = RedisSentinels().start()

    def daemons(self):
        return [*super().daemons(), *self.sentinels.servers, *self.sentinels.sentinels]

    def _fresh_queue(self, _number):
        self.sentinels.master().call("FLUSHALL")
        return self.sentinels.url


class OnCluster(Direct):
    """As with Sentinel: a Cluster has one database only."""

    def __init__(self):
        super().__init__()
        self.cluster = RedisCluster().start()

    def daemons(self):
        return [*super().daemons(), *self.cluster.nodes]

    def _fresh_queue(self, _number):
        for master in self.cluster.masters():
            master.call("FLUSHALL")
        return self.cluster.url


ENGINES = {"embedded": Embedded, "direct": Direct, "redis": OnRedis, "sentinel": OnSentinel,
           "cluster": OnCluster}


def engine_name():
    name = os.environ.get("FIRSTCOME_ENGINE", "embedded")
    if name not in ENGINES:
        raise ValueError(f"FIRSTCOME_ENGINE={name} is none of {', '.join(ENGINES)}")
    return name


@functools.cache
def the_engine():
    """The one of this process. What nobody closes ends with the process."""
    return ENGINES[engine_name()]()
