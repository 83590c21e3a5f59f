"""Waiting for a condition. A deadline bounds it; it is no statement about speed."""

import time

DEADLINE_S = 30


def until(condition, what, deadline_s=DEADLINE_S, poll_s=0.005):
    """Returns the first true value of condition(); fails when the deadline passes without one."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            what = what() if callable(what) else what
            raise AssertionError(f"waited {deadline_s} s in vain for: {what}")
        time.sleep(poll_s)
