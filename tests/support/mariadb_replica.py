"""A replica of a MariaDB server: read-only, by GTID, acknowledging each commit (semi-sync). It can
be made late, stopped, and made the primary."""

from support.database_product import PRODUCT
from support.mariadb import Mariadb
from support.wait import DEADLINE_S, until

OPTIONS = ["--read-only=ON", *PRODUCT.replica_options]


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
            self.sql(f"{PRODUCT.follow(self.primary.port, user, password)}; {PRODUCT.start}")
            self.primary.wait_for_replica_at_commit()
        return self

    def delay(self, seconds):
        """From now on it applies what happened at least so long ago; it still acknowledges at
        once."""
        self.sql(f"{PRODUCT.stop}; {PRODUCT.delay(seconds)}; {PRODUCT.start}")

    def stop_replication(self):
        """It still answers, from what it has."""
        self.sql(PRODUCT.stop)

    def start_replication(self):
        self.sql(PRODUCT.start)

    def wait_caught_up(self, deadline_s=DEADLINE_S):
        """Until it has applied what the primary has committed by now."""
        position = self.primary.variable(f"GLOBAL.{PRODUCT.position}")
        waited = self.sql(PRODUCT.wait_for(position, deadline_s), deadline_s=deadline_s + 5)
        assert waited == [("0",)], f"the replica is late: {self.replication_state()}"

    def replication_state(self):
        return self.sql_named(PRODUCT.state)

    def promote(self):
        """Applies what it has received and takes writes from then on. The old primary must be
        gone."""
        self.sql(PRODUCT.stop_receiving)
        received = self.replication_state()[PRODUCT.received]
        self.sql(PRODUCT.wait_for(received, DEADLINE_S))
        self.sql(f"{PRODUCT.stop}; {PRODUCT.forget_primary}; SET GLOBAL read_only = OFF")
