"""A Redis Cluster of three masters with a replica each. Slots can be moved in steps, so that a
client meets MOVED and ASK, and a master's loss makes its replica the master."""

import subprocess

from support.programs import redis_program
from support.redis_server import RedisServer
from support.resp import RedisError
from support.wait import until

MASTERS, REPLICAS = 3, 3
NODE_TIMEOUT_MS = 1000
OPTIONS = {
    "cluster-enabled": "yes",
    "cluster-node-timeout": NODE_TIMEOUT_MS,
    "repl-ping-replica-period": 1,  # one that has received nothing yet counts as none
    "cluster-replica-validity-factor": "0",  # a replica may take over however late it is
    "databases": "1",
}


class RedisCluster:
    """`nodes` are all six, whatever their roles are by now."""

    def __init__(self):
        self.nodes = [RedisServer(options=OPTIONS) for _ in range(MASTERS + REPLICAS)]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def start(self):
        for node in self.nodes:
            node.start()
        made = subprocess.run(
            [redis_program("cli"), "--cluster", "create",
             *(node.host_and_port for node in self.nodes),
             "--cluster-replicas", "1", "--cluster-yes"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        assert made.returncode == 0, made.stdout
        self.wait_ok()
        return self

    def close(self):
        for node in self.nodes:
            node.close()

    @property
    def url(self):
        """Two of the nodes: a client finds the rest itself."""
        return f"redis+cluster://{self.nodes[0].host_and_port},{self.nodes[1].host_and_port}"

    def alive(self):
        return [node for node in self.nodes if node.is_alive()]

    def wait_ok(self):
        """Until all that are alive know each other, agree on who serves which slot, and follow."""
        until(self._is_ok, "the cluster to be in order", poll_s=0.02)

    def _is_ok(self):
        alive = self.alive()
        ports = {node.port for node in alive}
        maps = [slot_map(node) for node in alive]
        return (all(each == maps[0] for each in maps)
                and {port for places in maps[0].values() for port in places} == ports
                and all(is_ok(node) for node in alive))

    def slot_of_key(self, key):
        return self.alive()[0].call("CLUSTER", "KEYSLOT", key)

    def node_of_slot(self, slot):
        """The master that serves it, as another sees it."""
        places = slot_map(self.alive()[0])
        return self._node_at(next(ports[0] for (first, last), ports in places.items()
                                  if first <= slot <= last))

    def _node_at(self, port):
        return next(node for node in self.nodes if node.port == port)

    def node_of_key(self, key):
        return self.node_of_slot(self.slot_of_key(key))

    def masters(self):
        return [self._node_at(port) for port in masters_seen_by(self.alive()[0])]

    def replica_of(self, master):
        places = slot_map(self.alive()[0]).values()
        return self._node_at(next(ports[1] for ports in places if ports[0] == master.port))

    # Moving a slot. Between begin and finish its keys are in either place: for one that is not in
    # the source any more the source answers ASK.

    def begin_migration(self, slot, target):
        source = self.node_of_slot(slot)
        target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", id_of(source))
        source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", id_of(target))
        return source

    def move_keys(self, slot, source, target, count=1_000_000):
        keys = source.call("CLUSTER", "GETKEYSINSLOT", slot, count)
        if keys:
            source.call("MIGRATE", *target.address, "", 0, 10_000, "KEYS", *keys)

    def finish_migration(self, slot, source, target):
        """Others than the two learn it from them: until then they answer MOVED to the source."""
        for node in (target, source):
            node.call("CLUSTER", "SETSLOT", slot, "NODE", id_of(target))

    def migrate_slot(self, slot, target):
        source = self.begin_migration(slot, target)
        self.move_keys(slot, source, target)
        self.finish_migration(slot, source, target)
        self.wait_ok()

    def fail_over(self, master):
        """Has its replica take its place while both are there. -> the new master"""
        replica = self.replica_of(master)
        until(lambda: self._asked_for_failover(replica), "the replica to be ready")
        until(lambda: replica in self.masters(), "the replica to take over")
        self.wait_ok()
        return replica

    @staticmethod
    def _asked_for_failover(replica):
        try:
            return replica.call("CLUSTER", "FAILOVER") == "OK"
        except RedisError:
            return False

    def wait_taken_over(self, lost):
        """After `lost`, a master, was killed or frozen: until its replica has its slots."""

        def taken_over():
            others = [node for node in self.alive() if node is not lost]
            return all(lost.port not in masters_seen_by(node) and is_ok(node) for node in others)

        until(taken_over, "a replica to take over", poll_s=0.02)


def id_of(node):
    return node.call("CLUSTER", "MYID")


def slot_map(node):
    """As the node sees it. -> {(first slot, last slot): [master's port, its replicas' ports…]}"""
    return {(first, last): [place[1] for place in places]
            for first, last, *places in node.call("CLUSTER", "SLOTS")}


def masters_seen_by(node):
    return {ports[0] for ports in slot_map(node).values()}


def is_ok(node):
    state = node.info("replication")
    follows = state["role"] == "master" or state["master_link_status"] == "up"
    return follows and "cluster_state:ok" in node.call("CLUSTER", "INFO")
