"""What clients saw, an attempt a record, as `firstcome verify --history` reads it."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Claim:
    """A user's wish for one coupon; `key` tells one wish of a user from his next."""

    campaign: str
    user: str
    key: str = ""


@dataclass
class Attempt:
    campaign: str
    user: str
    key: str
    sent_ns: int  # just before the request was handed to the kernel
    got_ns: int | None = None  # when the reply was complete; None: it never came
    status: int = 0
    outcome: str = "unknown"
    rank: int = 0
    code: str = ""

    @property
    def claim(self):
        return Claim(self.campaign, self.user, self.key)


def attempt_of_reply(claim, sent_ns, got_ns, status, body):
    """`body` is the reply's JSON object, of a verdict or of a problem."""
    issued = status in (200, 201)
    outcome = body["outcome"] if status < 400 else body["code"]
    return Attempt(claim.campaign, claim.user, claim.key, sent_ns, got_ns, status, outcome,
                   body["rank"] if issued else 0, body["code"] if issued else "")


def write_history(path, attempts):
    with open(path, "w", encoding="utf-8") as file:
        for attempt in attempts:
            file.write(json.dumps(asdict(attempt)) + "\n")
