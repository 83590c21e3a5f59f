"""A firstcome server as a child process. It listens on loopback at a port that the kernel picks,
and says in its banner which. All of its stderr is kept, for the report of a test that fails."""

import os
import re
import selectors
import signal
import subprocess
import threading
from pathlib import Path

from support.api import Api
from support.daemon import DidNotStart
from support.engine import the_engine
from support.node import binary
from support.wait import DEADLINE_S, until


def clean_env(extra=None):
    """The environment without settings of firstcome that a developer may have exported."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTCOME_")}
    env.update(extra or {})
    return env


def run(*args, env=None, deadline_s=DEADLINE_S, **options):
    """Runs firstcome to its end. -> CompletedProcess with text output"""
    return subprocess.run([str(binary()), *map(str, args)], env=clean_env(env), text=True,
                          capture_output=True, timeout=deadline_s, stdin=subprocess.DEVNULL,
                          **options)


def serve_fails(data, *args, env=None):
    """Runs a server that should refuse. -> what it said"""
    result = run("serve", "--listen", "127.0.0.1:0", "--data", data, *args, env=env)
    assert result.returncode == 1, result
    assert result.stderr.strip(), "it says why"
    return result.stderr


class Server:
    """`data` is its directory. start() returns when it answers; the process ends with stop()
    (SIGTERM), kill() (SIGKILL) or by itself (wait()). `beside` is another node: this one shares
    its ledger and its queue, and so the keys that nobody was given. `on` are the arguments that
    name ledger and queue, where it is not the engine that does."""

    def __init__(self, data, args=(), env=None, listen="127.0.0.1:0", preexec_fn=None,
                 beside=None, on=None):
        self.data = Path(data)
        self.args = list(args)
        self.env = {**(beside.env if beside else {}), **(env or {})}
        self._beside = beside
        self._ledger = beside._ledger if beside else self.data
        self._on = on
        self.listen = listen
        self.preexec_fn = preexec_fn
        self.process = None
        self.address = None
        self._lines = []
        self._reader = None
        self._hung_up = None

    def spawn(self):
        """Starts the process and waits for nothing."""
        assert not self.is_alive()
        self.address = None
        self._lines = []
        self.process = subprocess.Popen(
            [str(binary()), "serve", "--listen", self.listen, "--data", str(self.data),
             *(self._on or the_engine().serve_args(self._ledger)), *self.args],
            env=clean_env(self.env), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, preexec_fn=self.preexec_fn)
        self._hung_up = threading.Event()
        self._reader = threading.Thread(
            target=self._read, args=(self.process.stderr, self._lines, self._hung_up), daemon=True)
        self._reader.start()
        return self

    def start(self):
        self.spawn()
        self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                self._reader.join(DEADLINE_S)
                raise DidNotStart(f"exit {self.process.returncode}:\n{self.log()}")
            return self.find_address() and self._answers()

        until(ready, lambda: f"the server to answer; it says:\n{self.log()}")

    def _answers(self):
        try:
            with Api(self.address, None) as api:
                return api.get("/readyz").status == 200
        except OSError:
            return False

    @staticmethod
    def _read(stream, lines, hung_up):
        """Keeps what comes until the server ends or somebody hangs up on it."""
        with stream, selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while not hung_up.is_set():
                if not selector.select(0.05):
                    continue
                data = os.read(stream.fileno(), 65536)
                if not data:
                    return
                lines.append(data.decode("utf-8", "replace"))

    def find_address(self):
        """-> (host, port), None until the banner has said it"""
        if self.address is None:
            found = re.search(r"http://(127\.0\.0\.1|\[::1\]):([0-9]+)", self.log())
            if found and found.group(2) != "0":
                self.address = (found.group(1).strip("[]"), int(found.group(2)))
        return self.address

    @property
    def url(self):
        return f"http://{self.address[0]}:{self.address[1]}"

    def _key(self, name):
        given = self.env.get(f"FIRSTCOME_{name.upper()}_KEY")
        file = self.data / f"{name}.key"
        if given or self._beside is None or file.exists():
            return given or file.read_text().strip()
        return self._beside._key(name)

    @property
    def admin_key(self):
        return self._key("admin")

    @property
    def issue_key(self):
        return self._key("issue")

    @property
    def ledger_url(self):
        return the_engine().ledger_url(self._ledger)

    @property
    def queue_url(self):
        args = the_engine().serve_args(self._ledger)
        return args[args.index("--queue") + 1]

    def hang_up_on_log(self):
        """Closes the pipe that the server logs into, so that it writes to nobody."""
        self._hung_up.set()
        self._reader.join(DEADLINE_S)

    def log(self):
        return "".join(self._lines)

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, deadline_s=DEADLINE_S):
        """-> exit code, negative when a signal ended the process"""
        try:
            code = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server did not end within {deadline_s} s; it says:\n"
                                 f"{self.log()}") from None
        self._reader.join(deadline_s)
        return code

    def stop(self):
        """Ends it as an operator does. -> exit code"""
        if self.process is None:
            return None
        if self.is_alive():
            self.terminate()
        return self.wait()

    def kill(self):
        """Ends it as a power cut does: at once, with nothing finished."""
        if self.is_alive():
            self.process.kill()
        if self.process is not None:
            self.wait()

    def restart(self):
        assert not self.is_alive()
        return self.start()
