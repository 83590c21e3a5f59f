"""The tests' own checker of promises notices each way of breaking one."""

import copy

import pytest

from support.history import Attempt
from support.promises import Broken, check_promises

CODES = [f"{number:016d}" for number in range(20)]


def good(count=6, stock=4, campaign="c"):
    """An orderly drop: everybody is answered before the next one asks. -> attempts, coupons"""
    attempts, coupons = [], []
    for number in range(count):
        user, sent = f"u{number}", 1000 + 10 * number
        if number < stock:
            attempts.append(Attempt(campaign, user, "", sent, sent + 5, 201, "issued", number + 1,
                                    CODES[number]))
            coupons.append({"campaign": campaign, "rank": number + 1, "user": user, "nth": 1,
                            "code": CODES[number]})
        else:
            attempts.append(Attempt(campaign, user, "", sent, sent + 5, 409, "sold_out"))
    return attempts, coupons


def test_an_orderly_drop_breaks_nothing():
    attempts, coupons = good()
    check_promises(attempts, coupons, stock=4, all_answered=True)


def over_issued(attempts, coupons):
    attempts[4] = Attempt("c", "u4", "", 1040, 1045, 201, "issued", 5, CODES[4])
    coupons.append({"campaign": "c", "rank": 5, "user": "u4", "nth": 1, "code": CODES[4]})


def two_for_one(attempts, coupons):
    coupons[3].update(user="u0", nth=2)


def lost(attempts, coupons):
    coupons.pop()


def another_code(attempts, coupons):
    coupons[1]["code"] = CODES[10]


def ghost(attempts, coupons):
    attempts[3] = Attempt("c", "u3", "", 1030, 1035, 409, "paused")


def two_answers(attempts, coupons):
    attempts.append(Attempt("c", "u0", "", 2000, 2005, 200, "issued", 2, CODES[1]))


def gap(attempts, coupons):
    coupons[3]["rank"] = attempts[3].rank = 5


def code_twice(attempts, coupons):
    coupons[1]["code"] = attempts[1].code = CODES[0]


def overtaken(attempts, coupons):
    attempts[0].rank, attempts[1].rank = 2, 1
    attempts[0].code, attempts[1].code = CODES[1], CODES[0]
    coupons[0]["user"], coupons[1]["user"] = "u1", "u0"


def sold_out_with_stock_left(attempts, coupons):
    attempts.pop(3)
    coupons.pop()


def winner_after_sold_out(attempts, coupons):
    attempts[4].sent_ns, attempts[4].got_ns = 1021, 1024


def limit_without_coupons(attempts, coupons):
    attempts[5].outcome = "limit_reached"


def without_an_end(attempts, coupons):
    attempts[5] = Attempt("c", "u5", "", 1050)


@pytest.mark.parametrize("breaks, number", [
    (over_issued, 1), (two_for_one, 2), (lost, 3), (another_code, 3), (ghost, 4), (two_answers, 3),
    (gap, 6), (code_twice, 6), (overtaken, 7), (sold_out_with_stock_left, 8),
    (winner_after_sold_out, 8), (limit_without_coupons, 9), (without_an_end, 10),
], ids=lambda value: getattr(value, "__name__", None))
def test_each_broken_promise_is_named(breaks, number):
    attempts, coupons = good()
    breaks(attempts, coupons)
    with pytest.raises(Broken, match=f"promise {number}:"):
        check_promises(attempts, coupons, stock=4, all_answered=True)


def test_an_answer_that_was_lost_excuses_a_row():
    attempts, coupons = good()
    attempts[3] = Attempt("c", "u3", "", 1030)
    check_promises(copy.deepcopy(attempts), coupons, stock=4)
