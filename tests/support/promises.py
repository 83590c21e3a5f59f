"""The promises, numbered as in the design, checked from what clients saw (attempts of one campaign
whose stock never changed) and what the server lists in the end (its coupons, as the export returns
them). Written apart from `firstcome verify`, so that one does not repeat the other's mistake."""

import re
from collections import Counter, defaultdict

CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{16}")


class Broken(AssertionError):
    """A promise is broken."""


def require(condition, number, what):
    if not condition:
        raise Broken(f"promise {number}: {what() if callable(what) else what}")


def check_promises(attempts, coupons, stock, per_user=1, all_answered=False):
    """`all_answered`: every claim was asked until its final answer, so nothing may be open."""
    campaigns = {a.campaign for a in attempts} | {c["campaign"] for c in coupons}
    require(len(campaigns) <= 1, 0, f"these are several campaigns: {campaigns}")
    check_ledger(coupons, stock, per_user)
    check_answers(attempts, coupons)
    check_refusals(attempts, coupons, stock, per_user)
    check_order(attempts, coupons)
    if all_answered:
        check_nothing_dropped(attempts, coupons, stock, per_user)


def check_ledger(coupons, stock, per_user):
    """Promises 1, 2 and 6: what the ledger shows of itself."""
    require(len(coupons) <= stock, 1, f"{len(coupons)} coupons of a stock of {stock}")
    for user, count in Counter(c["user"] for c in coupons).items():
        require(count <= per_user, 2, f"{user} has {count} coupons, the limit is {per_user}")
    ranks = [c["rank"] for c in coupons]
    require(ranks == list(range(1, len(coupons) + 1)), 6, "ranks are not 1..|F| in order")
    codes = [c["code"] for c in coupons]
    require(len(set(codes)) == len(codes), 6, "a code twice")
    for code in codes:
        require(CODE.fullmatch(code), 6, f"{code!r} is no 16 characters of Crockford base32")
    nths = defaultdict(list)
    for c in coupons:
        nths[c["user"]].append(c["nth"])
    for user, nth in nths.items():
        require(nth == list(range(1, len(nth) + 1)), 6, f"{user} has coupons numbered {nth}")


def by_claim(attempts):
    claims = defaultdict(list)
    for attempt in attempts:
        claims[attempt.claim].append(attempt)
    return claims


def check_answers(attempts, coupons):
    """Promises 3, 4 and 5: each yes is in the ledger, each row comes from a yes or a lost reply,
    one claim has one coupon."""
    rows = {c["rank"]: c for c in coupons}
    owners = {}
    may_have_won = Counter()
    for claim, its in by_claim(attempts).items():
        won = {(a.rank, a.code) for a in its if a.outcome == "issued"}
        for rank, code in won:
            row = rows.get(rank)
            require(row and (row["user"], row["code"]) == (claim.user, code), 3,
                    lambda: f"{claim} was told rank {rank}, code {code}; the ledger has {row}")
            require(owners.setdefault(rank, claim) == claim, 5,
                    lambda: f"rank {rank} was given to {claim} and to {owners[rank]}")
        require(len(won) <= 1, 5, f"{claim} got several answers: {won}")
        if won or any(a.outcome in ("unknown", "queued") for a in its):
            may_have_won[claim.user] += 1
    for user, count in Counter(c["user"] for c in coupons).items():
        require(count <= may_have_won[user], 4,
                f"{user} has {count} coupons, but at most {may_have_won[user]} of his claims were "
                "answered yes or not at all")


def first_sent(attempts):
    """When each claim was sent for the first time."""
    times = {}
    for a in attempts:
        times[a.claim] = min(a.sent_ns, times.get(a.claim, a.sent_ns))
    return times


def ranks_by_claim(attempts):
    return {a.claim: a.rank for a in attempts if a.outcome == "issued"}


def check_refusals(attempts, coupons, stock, per_user):
    """Promises 8 and 9: whoever is told no is told the truth."""
    sent = first_sent(attempts)
    ranks = ranks_by_claim(attempts)
    last_winner_sent = max((sent[claim] for claim in ranks), default=0)
    winners_sent = defaultdict(list)
    for claim in ranks:
        winners_sent[claim.user].append(sent[claim])
    counts = Counter(c["user"] for c in coupons)
    for a in attempts:
        if a.outcome == "sold_out":
            require(len(coupons) == stock, 8,
                    lambda: f"{a.claim} was told sold_out with {len(coupons)} of {stock} given")
            require(last_winner_sent < a.got_ns, 8,
                    lambda: f"somebody who came after {a.claim} was told sold_out has won")
            require(a.claim not in ranks, 8, lambda: f"{a.claim} was told sold_out and issued")
        elif a.outcome == "limit_reached":
            require(counts[a.user] == per_user, 9,
                    lambda: f"{a.user} was told limit_reached with {counts[a.user]} coupons")
            require(all(time < a.got_ns for time in winners_sent[a.user]), 9,
                    lambda: f"{a.user} won later than he was told limit_reached")


def check_order(attempts, coupons):
    """Promise 7: a claim that was answered (issued, or a ticket was given) before another was sent
    has the lower rank."""
    ranks = ranks_by_claim(attempts)
    sent = first_sent(attempts)
    answered = {}
    for a in attempts:
        if a.outcome in ("issued", "queued") and a.claim in ranks:
            answered[a.claim] = min(a.got_ns, answered.get(a.claim, a.got_ns))
    events = [(sent[claim], 0, claim) for claim in ranks]
    events += [(time, 1, claim) for claim, time in answered.items()]
    highest, highest_claim = 0, None
    for _, is_answer, claim in sorted(events, key=lambda event: event[:2]):
        if not is_answer:
            require(ranks[claim] > highest, 7,
                    lambda: f"{claim} was sent after {highest_claim} was answered, but has rank "
                            f"{ranks[claim]}, not above {highest}")
        elif ranks[claim] > highest:
            highest, highest_claim = ranks[claim], claim


def check_nothing_dropped(attempts, coupons, stock, per_user):
    """Promise 10: every claim has its end, and nothing of the stock leaks."""
    final = {a.claim for a in attempts if a.outcome in ("issued", "sold_out", "limit_reached")}
    claims = by_claim(attempts)
    require(len(final) == len(claims), 10, f"without an end: {list(claims.keys() - final)[:3]}")
    wishes = Counter(claim.user for claim in claims)
    demand = sum(min(count, per_user) for count in wishes.values())
    require(len(coupons) == min(stock, demand), 10,
            f"{len(coupons)} coupons for a demand of {demand} and a stock of {stock}")


def check_full_is_not_broken(attempts):
    """Promise 11: no 5xx but a refusal before the ticket, so a claim that is told 503 can be asked
    again and is no half-won one."""
    for a in attempts:
        refused = a.status == 503 and a.outcome in ("overloaded", "unavailable", "draining")
        require(a.status < 500 or refused, 11, lambda: f"{a.claim} was answered {a.status}")
