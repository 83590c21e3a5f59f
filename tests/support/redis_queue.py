"""A look into the queue of a server, a database of the one Redis."""


def connect_queue(redis, server):
    """-> a connection to where the server's queue is"""
    client = redis.connect()
    client.call("SELECT", server.queue_url.rsplit("/", 1)[1])
    return client


class Line:
    """The claims of a campaign that wait. It has had a claim before."""

    def __init__(self, redis, server, number=1):
        self._redis = redis
        self._server = server
        [meta] = self.call("KEYS", f"fc:{{*.{number}}}:meta")
        self.space = meta.removeprefix("fc:{").split(".")[0]
        self.key = self.key_of(number)

    def key_of(self, number):
        return f"fc:{{{self.space}.{number}}}:claims"

    def call(self, *words):
        with connect_queue(self._redis, self._server) as client:
            return client.call(*words)

    def length(self):
        return self.call("ZCARD", self.key)

    def put(self, number, user):
        """A claim that a server wrote down before it died."""
        self.call("ZADD", self.key_of(number), 1_763_850_000_000_000, f"{user}\0")

    def put_many(self, count):
        """As claims that have just come, in the order of their names."""
        meta = self.key.replace(":claims", ":meta")
        first = int(self.call("HGET", meta, "ticket")) + 1
        pairs = [(first + at, f"many{at:06}\0") for at in range(count)]
        self.call("ZADD", self.key, *[word for pair in pairs for word in pair])
        self.call("HSET", meta, "ticket", pairs[-1][0])

    def newest(self):
        """-> the newest ticket in the queue, 0 when nothing waits"""
        found = self.call("ZRANGE", self.key, -1, -1, "WITHSCORES")
        return int(found[1]) if found else 0

    def held(self):
        """-> up to which ticket servers hold claims that they have fetched"""
        meta = self.call("HGETALL", self.key.replace(":claims", ":meta"))
        return [int(value) for field, value in zip(meta[::2], meta[1::2])
                if field.startswith("held:")]

    def announce(self, number, from_front=False):
        """What a server of its own tells all others about a campaign."""
        kind = "f" if from_front else "c"
        self.call("PUBLISH", f"fc:{self.space}:work", f"{kind} {number} 99 0 0")
