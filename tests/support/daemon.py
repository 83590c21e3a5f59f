"""A service as a child process, with a port and a directory of its own. It ends with whoever
started it, whatever ends that: the kernel kills it when the thread that started it is gone, so
start it from a thread that stays."""

import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from support.ports import free_port
from support.wait import DEADLINE_S, until

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class DidNotStart(Exception):
    pass


def ends_with_us():
    """-> a preexec_fn after which the child is killed when this thread goes, or has gone already"""
    parent = os.getpid()

    def arrange():
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return arrange


class Daemon:
    """What is started says _command(), whether it is ready says _answers(). close() leaves no
    process and no file; until then it can end and come back on its port, with its data."""

    def __init__(self, name):
        self.name = name
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix=f"firstcome-{name}-"))
        self.process = None
        atexit.register(self.close)

    def _command(self):
        """-> the program and its arguments"""
        raise NotImplementedError

    def _answers(self):
        """Whether it can be used; an OSError means that it cannot."""
        raise NotImplementedError

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        return "127.0.0.1", self.port

    @property
    def host_and_port(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    @property
    def log_file(self):
        return self.directory / "log"

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def spawn(self):
        """Starts the process and waits for nothing."""
        assert not self.is_alive()
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                self._command(), cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, preexec_fn=ends_with_us(),
                # Ctrl-C is for us, who end them in our order; and a group of its own to kill.
                start_new_session=True)
        return self

    def start(self):
        self.spawn()
        self.wait_ready()
        return self

    def wait_ready(self):
        until(self._is_ready, lambda: f"{self.name} to answer; it says:\n{self.log()}")

    def _is_ready(self):
        if not self.is_alive():
            raise DidNotStart(f"{self.name}, exit {self.process.returncode}:\n{self.log()}")
        try:
            return self._answers()
        except OSError:
            return False

    def stop(self):
        """Ends it as an operator does."""
        if self.is_alive():
            self.thaw()
            self.process.terminate()
            self._wait()

    def kill(self):
        """Ends it at once, with nothing finished, and what it may have forked to save its data."""
        if self.is_alive():
            os.killpg(self.pid, signal.SIGKILL)
            self._wait()

    def _wait(self):
        try:
            self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end; it says:\n{self.log()}") from None

    def freeze(self):
        """It keeps its connections and answers nothing, as behind a network that is gone."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self):
        """After a stop or a kill, or in place of one: the same port, the same data."""
        self.stop()
        return self.start()

    def close(self):
        atexit.unregister(self.close)
        self.kill()
        until(self._has_no_files, lambda: f"{self.directory} to be removed")

    def _has_no_files(self):
        """A child of a service just killed may still have written one while we removed them."""
        shutil.rmtree(self.directory, ignore_errors=True)
        return not self.directory.exists()
