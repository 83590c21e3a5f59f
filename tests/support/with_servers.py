#!/usr/bin/env python3
"""Runs a command while real servers of its own are there for it, and ends them after it:

    with_servers.py WHAT… -- COMMAND…

WHAT is mariadb, mariadb+replica, redis, sentinel or cluster. The command's exit code is passed on.
It finds in its environment

    mariadb      FIRSTCOME_TEST_MYSQL_URL           its user may make databases beside it, named
                                                    with its name as the beginning
                 FIRSTCOME_TEST_MYSQL_ADMIN_SOCKET  where root comes in without a password
                 FIRSTCOME_TEST_MYSQL_PID           to be frozen and thawed
    +replica     FIRSTCOME_TEST_MYSQL_REPLICA       host:port; the URL names it, too
                 FIRSTCOME_TEST_MYSQL_REPLICA_ADMIN_SOCKET, FIRSTCOME_TEST_MYSQL_REPLICA_PID
    redis        FIRSTCOME_TEST_REDIS_URL, FIRSTCOME_TEST_REDIS_PID
    sentinel     FIRSTCOME_TEST_SENTINEL_URL        one master, one replica, three Sentinels
    cluster      FIRSTCOME_TEST_CLUSTER_URL         three masters with a replica each
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.daemon import ends_with_us  # noqa: E402
from support.mariadb import MariadbServer  # noqa: E402
from support.mariadb_replica import MariadbReplica  # noqa: E402
from support.redis_cluster import RedisCluster  # noqa: E402
from support.redis_sentinels import RedisSentinels  # noqa: E402
from support.redis_server import RedisServer  # noqa: E402


def facts_of_primary(primary):
    return {"MYSQL_URL": primary.create_database("firstcome"),
            "MYSQL_ADMIN_SOCKET": primary.socket_file, "MYSQL_PID": primary.pid}


def mariadb(servers):
    return facts_of_primary(servers.enter_context(MariadbServer()))


def mariadb_and_replica(servers):
    primary = servers.enter_context(MariadbServer())
    replica = servers.enter_context(MariadbReplica(primary))
    facts = facts_of_primary(primary)
    replica.wait_caught_up()
    return facts | {"MYSQL_REPLICA": replica.host_and_port,
                    "MYSQL_REPLICA_ADMIN_SOCKET": replica.socket_file,
                    "MYSQL_REPLICA_PID": replica.pid}


def redis(servers):
    server = servers.enter_context(RedisServer())
    return {"REDIS_URL": server.url, "REDIS_PID": server.pid}


def sentinel(servers):
    return {"SENTINEL_URL": servers.enter_context(RedisSentinels()).url}


def cluster(servers):
    return {"CLUSTER_URL": servers.enter_context(RedisCluster()).url}


STARTS = {"mariadb": mariadb, "mariadb+replica": mariadb_and_replica, "redis": redis,
          "sentinel": sentinel, "cluster": cluster}


def usage():
    print(__doc__.strip(), file=sys.stderr)
    sys.exit(2)


def main(arguments):
    if "--" not in arguments:
        usage()
    split = arguments.index("--")
    names, command = arguments[:split], arguments[split + 1:]
    if not command or not names or set(names) - STARTS.keys():
        usage()
    # Ended like this, the servers go, too, and with them their files.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with contextlib.ExitStack() as servers:
        found = {}
        for name in names:
            found |= STARTS[name](servers)
        environment = {f"FIRSTCOME_TEST_{name}": str(value) for name, value in found.items()}
        code = subprocess.run(command, env=os.environ | environment,
                              preexec_fn=ends_with_us()).returncode
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
