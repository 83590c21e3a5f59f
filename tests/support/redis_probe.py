"""The Redis client of firstcome in a process of its own (tests/redis_client/redis_probe.cpp)."""

import json
import os
import queue
import subprocess
import threading
from pathlib import Path

from support.wait import DEADLINE_S, until

ROOT = Path(__file__).resolve().parents[2]
# Appends its argument and gives it back: what comes back shows whose reply it is, and the list how
# often it ran.
NOTE = "redis.call('RPUSH', KEYS[1], ARGV[1]) return ARGV[1]"


# A call that is over by then has kept its time: without a bound of its own it would last for ever.
BOUND_MS = 10_000


def program():
    return os.environ.get("FIRSTCOME_REDIS_PROBE", ROOT / "build/release/tests/redis_probe")


def command(*words, keys=(), args=(), **more):
    return {"words": list(words), "keys": list(keys), "args": [str(arg) for arg in args], **more}


def script(text, keys=(), args=(), **more):
    return {"script": text, "keys": list(keys), "args": [str(arg) for arg in args], **more}


def note(key, value, **more):
    return script(NOTE, keys=[key], args=[value], **more)


class Probe:
    """`events` is what its subscriber has heard so far."""

    def __init__(self, url):
        self.events = []
        self._replies = queue.Queue()
        self._process = subprocess.Popen([str(program()), url], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        assert self._process.wait(DEADLINE_S) == 0
        self._reader.join()
        self._process.stdout.close()

    def _read(self):
        for line in self._process.stdout:
            line = json.loads(line)
            if "event" in line:
                self.events.append(line)
            else:
                self._replies.put(line)

    def ask(self, do, **request):
        self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self._process.stdin.flush()
        return self._replies.get(timeout=DEADLINE_S)

    def run(self, *commands, **options):
        """-> all that the probe says of one pipeline"""
        return self.ask("run", commands=commands, **options)

    def results(self, *commands, **options):
        """-> a result for each command: {"ok": reply} or {"error": kind, "message": words}"""
        return self.run(*commands, **options)["results"]

    def call(self, *words, key=None):
        """-> the reply of one command that succeeds; `key` is where it goes"""
        result = self.results(command(*words, keys=[key] if key else []))[0]
        assert "ok" in result, result
        return result["ok"]

    def heard(self, event, **fields):
        return [each for each in self.events
                if each["event"] == event and fields.items() <= each.items()]

    def wait_heard(self, event, count=1, **fields):
        until(lambda: len(self.heard(event, **fields)) >= count,
              lambda: f"{count} x {event} {fields}; heard was {self.events}")


def kinds(results):
    """-> "ok" or the error's kind for each"""
    return ["ok" if "ok" in result else result["error"] for result in results]
