"""A replica of a MariaDB server: read-only, by GTID, acknowledging each commit (semi-sync). It can
be made late, stopped, and made the primary."""

from support.mariadb import Mariadb
from support.wait import DEADLINE_S, until

OPTIONS = ["--read-only=ON", "--rpl-semi-sync-slave-enabled=ON"]


class MariadbReplica(Mariadb):
    """It has everything that `primary` ever had: of a server made here the binary log is whole."""

    def __init__(self, primary):
        super().__init__("mariadb-replica", primary.server_id + 1, OPTIONS)
        self.primary = primary

    def start(self):
        """The first time it also begins to replicate; later it goes on by itself."""
        super().start()
        if self.primary.replica is not self:
            user, password = self.primary.admit_replica(self)
            self.sql(f"CHANGE MASTER TO MASTER_HOST = '127.0.0.1', "
                     f"MASTER_PORT = {self.primary.port}, MASTER_USER = '{user}', "
                     f"MASTER_PASSWORD = '{password}', MASTER_CONNECT_RETRY = 1, "
                     "MASTER_USE_GTID = slave_pos; START SLAVE;")
            self.primary.wait_for_replica_at_commit()
        return self

    def delay(self, seconds):
        """From now on it applies what happened at least so long ago; it still acknowledges at
        once."""
        self.sql(f"STOP SLAVE; CHANGE MASTER TO MASTER_DELAY = {seconds}; START SLAVE;")

    def stop_replication(self):
        """It still answers, from what it has."""
        self.sql("STOP SLAVE")

    def start_replication(self):
        self.sql("START SLAVE")

    def wait_caught_up(self, deadline_s=DEADLINE_S):
        """Until it has applied what the primary has committed by now."""
        position = self.primary.variable("gtid_binlog_pos")
        waited = self.sql(f"SELECT MASTER_GTID_WAIT('{position}', {deadline_s})",
                          deadline_s=deadline_s + 5)
        assert waited == [("0",)], f"the replica is late: {self.replication_state()}"

    def replication_state(self):
        return self.sql_named("SHOW SLAVE STATUS")

    def promote(self):
        """Applies what it has received and takes writes from then on. The old primary must be
        gone."""
        self.sql("STOP SLAVE IO_THREAD")
        received = self.replication_state()["Gtid_IO_Pos"]
        self.sql(f"SELECT MASTER_GTID_WAIT('{received}', {DEADLINE_S})")
        self.sql("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = OFF;")
