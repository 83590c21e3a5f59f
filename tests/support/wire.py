"""HTTP as bytes on a socket, for requests that no well-behaved client sends."""

import socket
from dataclasses import dataclass
from http.client import parse_headers
from io import BytesIO

from support.api import Reply

TIMEOUT_S = 20
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Closed(Exception):
    """The server closed the connection; `rest` is what came of an unfinished reply."""

    rest: bytes


class Wire:
    """A connection that sends what it is told. Replies are read strictly: a status line, headers, a
    body of Content-Length bytes."""

    def __init__(self, address, timeout_s=TIMEOUT_S):
        self.socket = socket.create_connection(address, timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def send_while_open(self, data):
        """Sends what the server is willing to take: it may refuse and close before the end."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed(self._buffer)
        self._buffer += data

    def _take(self, size):
        while len(self._buffer) < size:
            self._more()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _take_head(self):
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        return self._take(self._buffer.index(b"\r\n\r\n") + 4)

    def reply(self, head_only=False):
        """The next reply, also a 1xx one; raises Closed when there is none."""
        status_line, _, fields = self._take_head().partition(b"\r\n")
        version, status, *_ = status_line.split(b" ", 2)
        assert version == b"HTTP/1.1", status_line
        headers = parse_headers(BytesIO(fields))
        status = int(status)
        if status < 200 or status == 204 or head_only:
            return Reply(status, headers, b"")
        assert headers.get_all("Content-Length"), f"a reply without a length: {status_line}"
        assert len(headers.get_all("Content-Length")) == 1
        return Reply(status, headers, self._take(int(headers["Content-Length"])))

    def is_closed(self):
        """Waits for the server to close; False when it sends something instead. The socket's time
        limit bounds the wait."""
        if self._buffer:
            return False
        try:
            self._more()
        except Closed:
            return True
        return False


def request_bytes(method, target, headers=(), body=b"", version="HTTP/1.1", host="localhost"):
    """A request, well formed if its parts are. `headers` are pairs; with a body or a method that
    carries one, Content-Length is added unless a length is among them."""
    lines = [f"{method} {target} {version}".encode()]
    pairs = list(headers)
    names = {name.lower() for name, _ in pairs}
    if host is not None and "host" not in names:
        lines.append(b"Host: " + host.encode())
    has_length = {"content-length", "transfer-encoding"} & names
    if (body or method in ("POST", "PUT", "PATCH")) and not has_length:
        pairs.append(("Content-Length", str(len(body))))
    if body and "content-type" not in names:
        pairs.append(("Content-Type", "application/json"))
    for name, value in pairs:
        value = value if isinstance(value, bytes) else value.encode("latin-1")
        lines.append(name.encode("latin-1") + b": " + value)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*chunks):
    """A body in chunked coding."""
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def assert_refused_and_closed(wire, data, status, code=None):
    """The refusal comes whole, then the connection ends: what follows a message whose end nobody
    knows must not be read as a request."""
    wire.send_while_open(data)
    reply = wire.reply()
    assert reply.status == status, reply
    assert (reply.headers["Connection"] or "").lower() == "close"
    problem = reply.problem()
    assert problem["code"] == (code or problem["code"])
    assert wire.is_closed()
