"""A Redis server of a test's own: what it is told is in its append-only file within a second."""

import shutil

from support.daemon import Daemon
from support.programs import redis_program
from support.resp import Redis, RedisError
from support.wait import until

OPTIONS = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "save": '""',
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "databases": "1000",
    "repl-diskless-sync-delay": "0",
    "enable-debug-command": "local",
}


class RedisServer(Daemon):
    """`user` and `password` are wanted of clients when given; a password alone is that of the
    default user. `options` are lines of redis.conf and go before those above."""

    def __init__(self, password=None, user=None, replica_of=None, options=None):
        super().__init__("redis")
        self.user = user
        self.password = password
        self.data = self.directory / "data"
        self.data.mkdir()
        self._options = {**OPTIONS, "port": self.port, "dir": self.data, **self._secrets(),
                         **(options or {})}
        if replica_of:
            self._options["replicaof"] = "{} {}".format(*replica_of.address)

    def _secrets(self):
        """The one who may do everything is also the one as whom a replica asks its master."""
        if self.password is None:
            return {}
        if self.user is None:
            return {"requirepass": self.password, "masterauth": self.password}
        return {"user default off": "", f"user {self.user} on >{self.password} ~* &* +@all": "",
                "masteruser": self.user, "masterauth": self.password}

    @property
    def config_file(self):
        return self.directory / "redis.conf"

    def _command(self):
        if not self.config_file.exists():  # Redis itself changes it: a new master, for example
            lines = [f"{name} {value}".strip() for name, value in self._options.items()]
            self.config_file.write_text("\n".join(lines) + "\n")
        return [redis_program("server"), str(self.config_file)]

    def _answers(self):
        try:
            return self.call("PING") == "PONG"
        except RedisError as error:
            if str(error).startswith(("LOADING", "BUSY")):
                return False
            raise

    def connect(self, **options):
        return Redis(self.address, self.user, self.password, **options)

    def call(self, *words):
        """One command on a connection of its own."""
        with self.connect() as redis:
            return redis.call(*words)

    def info(self, section):
        """-> what INFO says, name by name"""
        lines = self.call("INFO", section).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    @property
    def url(self):
        return self.url_of(0)

    def url_of(self, database):
        who = "" if self.password is None else f"{self.user or ''}:{self.password}@"
        return f"redis://{who}{self.host_and_port}/{database}"

    def wait_for_replica(self):
        """Until a replica has all of it and follows."""
        until(lambda: "state=online" in self.info("replication").get("slave0", ""), "a replica")

    def wipe(self):
        """Comes back with nothing, as after the loss of its disk."""
        self.kill()
        shutil.rmtree(self.data)
        self.data.mkdir()
        return self.start()
