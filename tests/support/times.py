"""Times as the API writes them: RFC 3339, UTC, milliseconds."""

import re
from datetime import datetime, timedelta, timezone

FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def parse(text):
    assert FORM.fullmatch(text), text
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def format_time(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def from_now(**delta):
    """'in an hour': from_now(hours=1), 'a day ago': from_now(days=-1)"""
    return format_time(datetime.now(timezone.utc) + timedelta(**delta))
