"""What MariaDB and MySQL have other words for, of all that tests do with a database. PRODUCT is the
one that runs; tests say what is meant by its names: PRODUCT.semi_sync + "_enabled"."""

import os

from support.programs import DATABASE, program


def _as_root():
    # Without the name, root is refused; a change of user would undo that it ends with us.
    return ["--user=root"] if os.geteuid() == 0 else []


class Mariadb:
    name = "MariaDB"
    server = program("mariadbd")
    client = program("mariadb")
    login_options = []
    semi_sync = "rpl_semi_sync_master"  # what its variables begin with, on the primary
    isolation = "tx_isolation"
    options = [
        *_as_root(), "--skip-symbolic-links", "--binlog-format=ROW", "--log-slave-updates",
        "--gtid-strict-mode=ON", "--skip-slave-start=OFF", "--slave-net-timeout=5",
        "--aria-pagecache-buffer-size=1M", "--query-cache-size=0",
    ]
    replica_options = ["--rpl-semi-sync-slave-enabled=ON"]

    def make_data(self, directory):
        """-> the command that makes the data directory of an empty server"""
        return ["mariadb-install-db", "--no-defaults", *_as_root(), f"--datadir={directory}",
                "--force",  # also where the host has no name that it could look up
                "--skip-test-db", "--auth-root-authentication-method=normal",
                "--innodb-log-file-size=32M"]

    start = "START SLAVE"
    stop = "STOP SLAVE"
    stop_receiving = "STOP SLAVE IO_THREAD"
    forget_primary = "RESET SLAVE ALL"
    state = "SHOW SLAVE STATUS"
    received = "Gtid_IO_Pos"  # in its state
    position = "gtid_binlog_pos"

    def follow(self, port, user, password):
        return (f"CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, "
                f"MASTER_USER = '{user}', MASTER_PASSWORD = '{password}', "
                "MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos")

    def delay(self, seconds):
        return f"CHANGE MASTER TO MASTER_DELAY = {seconds}"

    def wait_for(self, position, seconds):
        """Selects 0 once all up to there has been applied."""
        return f"SELECT MASTER_GTID_WAIT('{position}', {seconds})"


class Mysql:
    name = "MySQL"
    server = program("mysqld")
    client = program("mysql")
    login_options = ["--get-server-public-key"]  # which it sends a password by, without TLS
    semi_sync = "rpl_semi_sync_source"
    isolation = "transaction_isolation"
    options = [
        *_as_root(), "--relay-log=relay", "--gtid-mode=ON", "--enforce-gtid-consistency=ON",
        "--replica-net-timeout=5",
        "--plugin-load-add=semisync_source.so", "--plugin-load-add=semisync_replica.so",
        # Like the other: no certificate, and nothing else that listens.
        "--auto-generate-certs=OFF", "--mysqlx=OFF", "--secure-file-priv=NULL",
        "--event-scheduler=OFF", "--innodb-redo-log-capacity=32M",
    ]
    replica_options = ["--rpl-semi-sync-replica-enabled=ON"]

    def make_data(self, directory):
        return [self.server, "--no-defaults", "--initialize-insecure", f"--datadir={directory}",
                *self.options]

    start = "START REPLICA"
    stop = "STOP REPLICA"
    stop_receiving = "STOP REPLICA IO_THREAD"
    forget_primary = "RESET REPLICA ALL"
    state = "SHOW REPLICA STATUS"
    received = "Retrieved_Gtid_Set"
    position = "gtid_executed"

    def follow(self, port, user, password):
        return (f"CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {port}, "
                f"SOURCE_USER = '{user}', SOURCE_PASSWORD = '{password}', "
                "SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 1000, SOURCE_AUTO_POSITION = 1, "
                "SOURCE_SSL = 0, GET_SOURCE_PUBLIC_KEY = 1")

    def delay(self, seconds):
        return f"CHANGE REPLICATION SOURCE TO SOURCE_DELAY = {seconds}"

    def wait_for(self, position, seconds):
        return f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{position}', {seconds})"


PRODUCT = {"mariadb": Mariadb, "mysql": Mysql}[DATABASE]()
