"""Holds somebody up in the middle of what they do, so that a test can act at just that moment."""

import http.client
import socket
import subprocess
import threading

from support.database_product import PRODUCT
from support.wait import DEADLINE_S


class Later(threading.Thread):
    """A call that goes on while the test does."""

    def __init__(self, what, *args, **named):
        super().__init__(daemon=True)
        self._call = lambda: what(*args, **named)
        self._reply = None
        self.start()

    def run(self):
        try:
            self._reply = self._call()
        except (OSError, http.client.HTTPException):
            pass  # a connection that closes without a reply says nothing

    def result(self):
        """-> what was called has returned, None when the connection broke before"""
        self.join(2 * DEADLINE_S)
        assert not self.is_alive(), "the call did not end"
        return self._reply

    def has_status(self, status):
        """Whether it has ended with this status."""
        return not self.is_alive() and self._reply is not None and self._reply.status == status


class LockedCampaign:
    """An open session of the database that holds a campaign's row, until release()."""

    def __init__(self, primary, server, number):
        self._primary = primary
        database = server.ledger_url.split("?")[0].rsplit("/", 1)[1]
        self._process = subprocess.Popen(
            [PRODUCT.client, "--no-defaults", "--user=root", "--batch", "--unbuffered",
             "--skip-column-names", f"--socket={primary.socket_file}", database],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._process.stdin.write(f"BEGIN; SELECT campaign FROM issuing WHERE campaign = {number} "
                                  "FOR UPDATE;\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline().strip() == str(number)

    def waiting(self):
        """-> the sessions that wait for a row"""
        return self._primary.sql("SELECT id FROM information_schema.processlist WHERE id <> "
                                 "CONNECTION_ID() AND info LIKE '%FOR UPDATE%'")

    def kill_waiting(self):
        for (session,) in self.waiting():
            self._primary.sql(f"KILL CONNECTION {session}")

    def release(self):
        self._process.stdin.close()
        self._process.wait(DEADLINE_S)
        self._process.stdout.close()


class HeldReplies:
    """A way to `target`. After hold_reply_to(word) the next request that has the word in it gets
    through, but no reply does, to anybody, until release()."""

    def __init__(self, target):
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._word = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold_reply_to(self, word):
        self._word = word

    def holds(self):
        return not self._open.is_set()

    def release(self):
        self._open.set()

    def close(self):
        self.release()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        try:
            while True:
                client, _ = self._listener.accept()
                target = socket.create_connection(self._target)
                for ends in ((client, target, self._watch), (target, client, self._wait)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()
        except OSError:
            pass  # closed

    @staticmethod
    def _pump(source, sink, before):
        try:
            while data := source.recv(65536):
                before(data)
                sink.sendall(data)
        except OSError:
            pass  # one of the ends is gone

    def _watch(self, data):
        if self._word and self._word in data:
            self._word = None
            self._open.clear()

    def _wait(self, _data):
        self._open.wait()
