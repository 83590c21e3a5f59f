"""A MariaDB server of a test's own, or a MySQL server where programs.py says so, set up as a ledger
needs it: every commit is on disk and in the binary log before it is said, and on a replica, if
there is one, before others see it."""

import secrets
import socket
import subprocess

from support.daemon import Daemon
from support.database_product import PRODUCT
from support.mariadb_data import copy_empty_data
from support.wait import DEADLINE_S, until

OPTIONS = [
    "--bind-address=127.0.0.1", "--skip-name-resolve", "--character-set-server=utf8mb4",
    "--log-bin=binlog", "--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1",
    # What a replica needs to be trusted after a crash.
    "--relay-log-recovery=ON",
    # As small as it gets.
    "--performance-schema=OFF", "--innodb-buffer-pool-size=64M", "--key-buffer-size=1M",
    "--innodb-fast-shutdown=1", "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--innodb-buffer-pool-load-at-startup=OFF", *PRODUCT.options,
]


class SqlError(Exception):
    """The server refused a statement, or there is none to refuse it."""


class Mariadb(Daemon):
    """What primary and replica have in common. sql() goes through the server's own client as its
    root user, by a socket in the file system, so it needs neither port nor password."""

    def __init__(self, name, server_id, options=()):
        super().__init__(name)
        self.server_id = server_id
        self.options = list(options)
        self.data = self.directory / "data"
        copy_empty_data(self.data)

    @property
    def socket_file(self):
        return self.directory / "socket"

    def _command(self):
        return [PRODUCT.server, "--no-defaults", f"--datadir={self.data}",
                f"--port={self.port}", f"--socket={self.socket_file}",
                f"--pid-file={self.directory / 'pid'}", f"--server-id={self.server_id}",
                *OPTIONS, *self.options]

    def _answers(self):
        with socket.create_connection(self.address, 1) as connection:
            return len(connection.recv(5)) == 5  # the server speaks first

    def sql(self, text, deadline_s=DEADLINE_S):
        """-> the rows of what it selects, as tuples of str, NULL as 'NULL'"""
        return self._run(text, deadline_s, "--skip-column-names")

    def sql_named(self, text):
        """-> what it selects, one row, as {name: str}"""
        names, values = self._run(text, DEADLINE_S)
        return dict(zip(names, values))

    def _run(self, text, deadline_s, *options):
        result = subprocess.run([PRODUCT.client, "--no-defaults", "--user=root", "--batch",
                                 f"--socket={self.socket_file}", *options],
                                input=text, text=True, capture_output=True, timeout=deadline_s)
        if result.returncode != 0:
            raise SqlError(result.stderr.strip())
        return [tuple(line.split("\t")) for line in result.stdout.splitlines()]

    def variable(self, name):
        return self.sql(f"SELECT @@{name}")[0][0]

    def status(self, name):
        return self.sql(f"SHOW GLOBAL STATUS LIKE '{name}'")[0][1]


class MariadbServer(Mariadb):
    """The primary, or a server alone."""

    def __init__(self, semi_sync_timeout_ms=10_000):
        super().__init__("mariadb", server_id=1)
        self.semi_sync_timeout_ms = semi_sync_timeout_ms  # then it goes on without the replica
        self.replica = None
        self._replication_password = secrets.token_hex(8)

    def create_database(self, name):
        """-> its URL, with a user of its own who may do everything in it and in those whose name
        begins with its name, and nothing else"""
        password = secrets.token_hex(8)
        pattern = name.replace("_", r"\_")
        self.sql(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4;"
                 f"CREATE USER '{name}'@'127.0.0.1' IDENTIFIED BY '{password}';"
                 f"GRANT ALL ON `{pattern}%`.* TO '{name}'@'127.0.0.1';")
        return self.url(name, password, name)

    def url(self, user, password, database):
        replica = f"?replica={self.replica.host_and_port}" if self.replica else ""
        return f"mysql://{user}:{password}@{self.host_and_port}/{database}{replica}"

    def drop_connections(self, user="%"):
        """Ends every session but its own, as a proxy or an impatient operator does; `user` is a
        pattern."""
        sessions = self.sql("SELECT id FROM information_schema.processlist WHERE id <> "
                            "CONNECTION_ID() AND command NOT LIKE 'Binlog%' AND user NOT LIKE "
                            f"'%system%' AND user LIKE '{user}'")
        for (session,) in sessions:
            try:
                self.sql(f"KILL CONNECTION {session}")
            except SqlError:
                pass  # it has ended by itself

    def admit_replica(self, replica):
        """-> (user, password) for it to replicate with"""
        assert self.replica is None, "one replica, which is the one to fail over to"
        self.replica = replica
        self.sql("CREATE USER 'replica'@'127.0.0.1' IDENTIFIED BY "
                 f"'{self._replication_password}';"
                 "GRANT REPLICATION SLAVE ON *.* TO 'replica'@'127.0.0.1';")
        return "replica", self._replication_password

    def wait_for_replica_at_commit(self):
        """From now on, also after a restart, a commit returns when the replica has it."""
        settings = {f"{PRODUCT.semi_sync}_wait_point": "AFTER_SYNC",
                    f"{PRODUCT.semi_sync}_timeout": self.semi_sync_timeout_ms,
                    f"{PRODUCT.semi_sync}_enabled": "ON"}
        self.options = [f"--{name}={value}" for name, value in settings.items()]
        self.sql(";".join(f"SET GLOBAL {name} = {value}" for name, value in settings.items()))
        until(lambda: self.semi_sync_status("clients") == "1", "the replica to acknowledge")

    def semi_sync_status(self, name):
        return self.status(f"{PRODUCT.semi_sync}_{name}")
