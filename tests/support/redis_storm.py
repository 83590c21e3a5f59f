"""Pipelines without a pause while something breaks, and what may have come of them afterwards."""

import threading

from support.redis_probe import note

PIPELINE = 40
# After these a command may have run; after every other error it must not have.
OPEN = {"timeout_or_reset"}


class Storm:
    """Each command appends a number of its own to one of `keys` and gives it back."""

    def __init__(self, probe, keys, wait_ms=None):
        self.probe = probe
        self.keys = keys
        self.options = {"wait_ms": wait_ms} if wait_ms else {}
        self.kinds = {}  # number: "ok" or the error's kind
        self.safe = set()  # numbers that a replica has acknowledged
        self.ms_max = 0
        self._stop = threading.Event()
        self._failure = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        if self._failure:
            raise self._failure

    def _run(self):
        try:
            while not self._stop.is_set():
                self._pipeline()
        except BaseException as failure:
            self._failure = failure

    def _pipeline(self):
        first = len(self.kinds)
        numbers = [str(first + i) for i in range(PIPELINE)]
        answer = self.probe.run(*(note(self.key_of(n), n) for n in numbers), **self.options)
        assert len(answer["results"]) == PIPELINE
        self.ms_max = max(self.ms_max, answer["ms"])
        replicas = answer.get("replicas", [0] * PIPELINE)
        for number, result, count in zip(numbers, answer["results"], replicas):
            self._note(number, result)
            if count > 0:
                self.safe.add(number)

    def _note(self, number, result):
        if "ok" in result:
            assert result["ok"] == number, "another command's reply"
        self.kinds[number] = result.get("error", "ok")

    def key_of(self, number):
        return self.keys[int(number) % len(self.keys)]

    def succeeded(self):
        return sum(kind == "ok" for kind in list(self.kinds.values()))

    def count(self):
        """-> how often each kind came"""
        found = {}
        for kind in self.kinds.values():
            found[kind] = found.get(kind, 0) + 1
        return found

    def verify(self, lists):
        """`lists`: what is in Redis in the end, by key."""
        places = [(key, number) for key, numbers in lists.items() for number in numbers]
        assert len(places) == len(set(places)), "a command has run twice"
        assert all(self.key_of(number) == key for key, number in places), "in a wrong place"
        there = {number for _, number in places}
        ran = {number for number in there if self.kinds[number] not in {"ok"} | OPEN}
        assert not ran, f"told that they have not run: {[self.kinds[number] for number in ran]}"
        assert self.safe <= there, "a replica had them, and now they are gone"
