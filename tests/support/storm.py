"""A crowd that claims at once: many kept-alive connections on one thread, each sending its next
claim when the last is answered. Writes down what it saw, also of replies that never came."""

import json
import selectors
import socket
import threading
import time
from collections import deque

from support.api import Api
from support.history import Attempt, attempt_of_reply
from support.wait import until

DEADLINE_S = 60


class _Connection:
    """One socket and the claim it has on the way."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, DEADLINE_S)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.claim = None
        self.sent_ns = 0
        self._unsent = b""
        self._buffer = b""

    def start(self, claim, request):
        self.claim = claim
        self._unsent = request
        self.sent_ns = time.monotonic_ns()
        self.push()

    def push(self):
        try:
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent):]
        except BlockingIOError:
            pass

    @property
    def wants_to_send(self):
        return bool(self._unsent)

    def pull(self):
        """-> (status, JSON body, whether the server closes), or None while the reply is on its
        way. ConnectionError when the connection ends before."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return None
        if not data:
            raise ConnectionResetError("closed before the reply")
        self._buffer += data
        return self._whole_reply()

    def _whole_reply(self):
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        status_line, *fields = head.split(b"\r\n")
        headers = {name.strip().lower(): value.strip()
                   for name, _, value in (field.partition(b":") for field in fields)}
        size = int(headers[b"content-length"])
        if len(rest) < size:
            return None
        assert len(rest) == size, "bytes after the reply to the only request on the way"
        self._buffer = b""
        closes = headers.get(b"connection", b"").lower() == b"close"
        return int(status_line.split(b" ", 2)[1]), json.loads(rest), closes


class Storm:
    """`claims` are sent in their order, over `connections` at a time. A connection that breaks
    leaves an `unknown` attempt and connects again; when that is refused it gives up, and the claims
    that are left are not sent. run() works in the caller's thread; start() and join() in one of
    its own, while `answered` and `sent` may be watched from anywhere."""

    def __init__(self, address, key, claims, connections=64):
        self.address = address
        self.attempts = []
        self.sent = 0
        self.answered = 0
        self._key = key
        self._left = deque(claims)
        self._connections = min(connections, max(1, len(self._left)))
        self._selector = None
        self._thread = None
        self._error = None

    # In a thread of its own

    def start(self):
        self._thread = threading.Thread(target=self._run_and_keep_error, daemon=True)
        self._thread.start()
        return self

    def _run_and_keep_error(self):
        try:
            self.run()
        except BaseException as error:  # told to the one who joins
            self._error = error

    def is_over(self):
        return not self._thread.is_alive()

    def join(self):
        self._thread.join(2 * DEADLINE_S)
        assert self.is_over(), "the storm did not end"
        if self._error:
            raise self._error
        return self.attempts

    # The storm itself

    def run(self):
        """-> every attempt that was made"""
        end = time.monotonic() + DEADLINE_S
        with selectors.DefaultSelector() as self._selector:
            for _ in range(self._connections):
                self._connect()
            while self._selector.get_map():
                ready = self._selector.select(max(0.0, end - time.monotonic()))
                if not ready and time.monotonic() >= end:
                    self._abandon()
                    raise AssertionError(f"a claim was not answered within {DEADLINE_S} s")
                for selected, _ in ready:
                    self._step(selected.data)
        return self.attempts

    def _connect(self):
        if not self._left:
            return
        try:
            connection = _Connection(self.address)
        except OSError:
            return
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        self._next(connection)

    def _next(self, connection):
        if not self._left:
            return self._drop(connection)
        claim = self._left.popleft()
        self.sent += 1
        try:
            connection.start(claim, self._request(claim))
        except OSError:
            return self._lost(connection)
        self._watch(connection)

    def _watch(self, connection):
        events = selectors.EVENT_READ
        if connection.wants_to_send:
            events |= selectors.EVENT_WRITE
        self._selector.modify(connection.socket, events, connection)

    def _step(self, connection):
        try:
            if connection.wants_to_send:
                connection.push()
                self._watch(connection)
            reply = connection.pull()
        except OSError:
            return self._lost(connection)
        if reply is None:
            return
        status, body, closes = reply
        self.attempts.append(attempt_of_reply(connection.claim, connection.sent_ns,
                                              time.monotonic_ns(), status, body))
        self.answered += 1
        connection.claim = None
        if closes:
            self._drop(connection)
            self._connect()
        else:
            self._next(connection)

    def _lost(self, connection):
        claim = connection.claim
        self.attempts.append(Attempt(claim.campaign, claim.user, claim.key, connection.sent_ns))
        self._drop(connection)
        self._connect()

    def _drop(self, connection):
        self._selector.unregister(connection.socket)
        connection.socket.close()

    def _abandon(self):
        for selected in list(self._selector.get_map().values()):
            self._drop(selected.data)

    def _request(self, claim):
        body = json.dumps({"user": claim.user}).encode()
        key = f"Idempotency-Key: {claim.key}\r\n" if claim.key else ""
        head = (f"POST /v1/campaigns/{claim.campaign}/claims HTTP/1.1\r\n"
                f"Host: {self.address[0]}:{self.address[1]}\r\n"
                f"Authorization: Bearer {self._key}\r\n"
                f"Content-Type: application/json\r\n{key}Content-Length: {len(body)}\r\n\r\n")
        return head.encode() + body


def claim_until_final(address, key, claims, connections=64, deadline_s=DEADLINE_S):
    """Sends every claim again until it has its final answer: what `queued`, a full server or a lost
    reply leave open is asked anew. -> every attempt"""
    attempts = []
    left = list(claims)
    end = time.monotonic() + deadline_s
    while left:
        assert time.monotonic() < end, f"{len(left)} claims found no end, {left[0]} among them"
        attempts_now = Storm(address, key, left, connections).run()
        attempts += attempts_now
        final = {a.claim for a in attempts_now if is_final(a)}
        left = [claim for claim in left if claim not in final]
    return attempts


def wait_until_settled(address, key, claims):
    """Who asks again is told that all is gone as soon as that is certain, a moment before the line
    that he stands in has been cleared; the verifier wants the line cleared."""

    def waits(claim):
        reply = api.claim_status(claim.campaign, claim.user)
        return reply.status == 200 and reply.json()["outcome"] == "queued"

    with Api(address, key) as api:
        for claim in claims:
            until(lambda: not waits(claim), f"the verdict on {claim}")


def is_final(attempt):
    return attempt.outcome in ("issued", "sold_out", "limit_reached", "closed")
