"""A client of Redis for tests: one connection, one command at a time (RESP2)."""

import socket

TIMEOUT_S = 10


class RedisError(Exception):
    """The server's own refusal, beginning with its word for it: MOVED, NOAUTH, …"""


class Redis:
    """Texts come back as str, integers as int, nil as None, arrays as lists. No reply, or none in
    time, is an OSError, after which the connection is of no use."""

    def __init__(self, address, user=None, password=None, timeout_s=TIMEOUT_S):
        self._socket = socket.create_connection(address, timeout_s)
        self._replies = self._socket.makefile("rb")
        if password is not None:
            self.call("AUTH", *([user] if user else []), password)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._replies.close()
        self._socket.close()

    def call(self, *words):
        data = b"*%d\r\n" % len(words)
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            data += b"$%d\r\n%s\r\n" % (len(word), word)
        self._socket.sendall(data)
        return self._reply()

    def messages(self):
        """-> what was published since the last call on channels to which it has subscribed"""
        heard = []
        reply = self.call("PING")
        while reply[0] == "message":
            heard.append(reply[2])
            reply = self._reply()
        return heard

    def _reply(self):
        line = self._replies.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("Redis has closed the connection")
        kind, text = line[:1], line[1:-2].decode("utf-8", "surrogateescape")
        if kind == b"-":
            raise RedisError(text)
        if kind == b"+":
            return text
        if kind == b":":
            return int(text)
        if int(text) < 0:
            return None
        if kind == b"*":
            return [self._reply() for _ in range(int(text))]
        return self._text(int(text))

    def _text(self, size):
        data = self._replies.read(size + 2)
        if len(data) < size + 2:
            raise ConnectionResetError("Redis has closed the connection")
        return data[:-2].decode("utf-8", "surrogateescape")
