"""A Redis with a replica, and three Sentinels that make the replica the master when the master is
gone for a moment."""

from support.daemon import Daemon
from support.programs import redis_program
from support.redis_server import RedisServer
from support.resp import Redis, RedisError
from support.wait import until

NAME = "mymaster"
SENTINELS, QUORUM = 3, 2
DOWN_AFTER_MS = 1000
# One that has not come to its end is given up, and asked for again: of a replica that was made the
# master, others may say in that moment that it is none.
FAILOVER_TIMEOUT_MS = 3000
# How often a Sentinel looks around: its own periods, up to 10 s, are for machines that stay. What a
# replica said of itself is good for five pings, and asked for every second once the master is gone.
# A replica that says it is the master is made one again after four times the publishing, unless the
# word of the failover comes first; on a busy machine that may take a second. And how long it does
# nothing when all of the machine has stood still for two seconds: 30 s.
PERIODS_MS = {"ping-period": 300, "publish-period": 1000, "info-period": 200, "tilt-period": 1000}


class RedisSentinel(Daemon):
    def __init__(self, master, down_after_ms):
        super().__init__("sentinel")
        host, port = master.address
        (self.directory / "sentinel.conf").write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.directory}\n"
            f"sentinel monitor {NAME} {host} {port} {QUORUM}\n"
            f"sentinel down-after-milliseconds {NAME} {down_after_ms}\n"
            f"sentinel failover-timeout {NAME} {FAILOVER_TIMEOUT_MS}\n")

    def _command(self):
        return [redis_program("sentinel"), str(self.directory / "sentinel.conf")]

    def _answers(self):
        words = [word for pair in PERIODS_MS.items() for word in pair]
        return self.call("SENTINEL", "DEBUG", *words) == "OK"

    def call(self, *words):
        with Redis(self.address) as redis:
            return redis.call(*words)

    def master_port(self):
        return int(self.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)[1])

    def sees_all_well(self, sentinels):
        """Whether it knows the replica and so many Sentinels besides itself, and misses nobody."""
        known = [_pairs(self.call("SENTINEL", "MASTER", NAME)),
                 *map(_pairs, self.call("SENTINEL", "REPLICAS", NAME)),
                 *map(_pairs, self.call("SENTINEL", "SENTINELS", NAME))]
        roles = [each["flags"] for each in known]  # with s_down and the like when it is not well
        return roles == ["master", "slave"] + ["sentinel"] * sentinels and self._quorum_is_there()

    def _quorum_is_there(self):
        try:
            return self.call("SENTINEL", "CKQUORUM", NAME).startswith("OK")
        except RedisError:
            return False


class RedisSentinels:
    """`servers` are the two Redis servers, whatever their roles are by now."""

    def __init__(self, down_after_ms=DOWN_AFTER_MS, **redis_options):
        first = RedisServer(**redis_options)
        self.servers = [first, RedisServer(replica_of=first, **redis_options)]
        self.sentinels = [RedisSentinel(first, down_after_ms) for _ in range(SENTINELS)]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def start(self):
        for server in self.servers:
            server.start()
        self.servers[0].wait_for_replica()
        for sentinel in self.sentinels:
            sentinel.start()
        self.wait_settled()
        return self

    def close(self):
        for daemon in [*self.sentinels, *self.servers]:
            daemon.close()

    @property
    def url(self):
        places = ",".join(sentinel.host_and_port for sentinel in self.sentinels)
        return f"redis+sentinel://{places}/{NAME}"

    def master(self):
        """Whom the Sentinels call so: one of `servers`, alive or not."""
        port = next(s for s in self.sentinels if s.is_alive()).master_port()
        return next(server for server in self.servers if server.port == port)

    def replica(self):
        master = self.master()
        return next(server for server in self.servers if server is not master)

    def failover(self):
        """Has the roles swapped while both are there, and waits for it."""
        old = self.master()
        until(lambda: self._fails_over(old), "the replica to be made the master", poll_s=0.1)
        self.wait_for_master_other_than(old)
        self.wait_settled()

    def _fails_over(self, old):
        """Asks for it, again if need be: Sentinels refuse while they are at it, and give up when
        the replica does not follow at once. Never after it was done: that would swap them back."""
        if self.sentinels[0].master_port() != old.port:
            return True
        try:
            self.sentinels[0].call("SENTINEL", "FAILOVER", NAME)
        except RedisError:
            pass
        return False

    def wait_for_master_other_than(self, old):
        """-> the new master, which all Sentinels name and which takes writes"""

        def found():
            ports = {s.master_port() for s in self.sentinels if s.is_alive()}
            return ports != {old.port} and len(ports) == 1 and is_master(self.master())

        until(found, "a new master")
        return self.master()

    def wait_settled(self):
        """Until the replica follows and the Sentinels know everybody: they can fail over again."""

        def settled():
            others = len(self.sentinels) - 1
            try:
                return (all(s.sees_all_well(others) for s in self.sentinels)
                        and is_master(self.master()) and follows(self.replica(), self.master()))
            except ConnectionResetError:  # by a server at the moment in which it becomes a replica
                return False

        until(settled, "the Sentinels to know each other", poll_s=0.02)


def _pairs(reply):
    return dict(zip(reply[::2], reply[1::2]))


def is_master(server):
    return server.info("replication")["role"] == "master"


def follows(replica, master):
    state = replica.info("replication")
    return (state["role"] == "slave" and int(state["master_port"]) == master.port
            and state["master_link_status"] == "up")
