"""kill -9 at any moment: every yes is still true, nobody is forgotten, nobody gets twice (promises
1 to 10). kill_rounds.py does the same for as many rounds as one likes."""

import os
import random
import time

import pytest

from support.api import Api
from support.engine import engine_name, the_engine
from support.history import Claim
from support.kill_rounds import KillRounds
from support.promises import check_promises
from support.storm import Storm, claim_until_final
from support.wait import until

pytestmark = pytest.mark.every_engine

SEED = int(os.environ.get("FIRSTCOME_TEST_SEED", "20261122"))
ROUNDS = 20 if engine_name() == "embedded" else 8  # there what a start waits for takes longer


@pytest.mark.bound_s(300)
def test_rounds_of_kill_and_come_back(tmp_path):
    rounds = KillRounds(tmp_path / "data", SEED)
    try:
        for number in range(1, ROUNDS + 1):
            rounds.run_round(number)
        rounds.check_all(tmp_path / "history.ndjson")
    finally:
        rounds.close()


KEYS = ("admin.key", "issue.key")


def kill_a_first_start(server, sign, delay_s):
    """Kills it so long after a file has appeared, or the last of its files."""
    server.spawn()
    until(lambda: any((server.data / name).exists() for name in (sign, KEYS[-1])), sign, poll_s=0)
    time.sleep(delay_s)  # waits for nothing: it varies the moment
    server.kill()


@pytest.mark.any_queue
@pytest.mark.bound_s(120)
def test_a_first_start_that_is_killed_leaves_nothing_half_made(start_server, data_dir):
    """Keys and ledger are made whole or not at all, wherever the first start was cut."""
    rng = random.Random(SEED)
    server = start_server()
    signs = [".", *(name + end for name in KEYS for end in (".new", ""))]
    for sign in signs * 2:
        server.kill()
        for path in data_dir.iterdir():
            path.unlink()
        the_engine().forget(data_dir)
        for _ in range(rng.choice((1, 1, 2, 3))):
            kill_a_first_start(server, sign, rng.random() * (0.02 if sign == "." else 0.001))
        server.start()
        for name in KEYS:
            assert len((data_dir / name).read_text().strip()) == 32
            assert not (data_dir / f"{name}.new").exists()
        with Api(server.address, server.admin_key) as admin:
            assert admin.put_campaign("c", stock=1).status == 201
        with Api(server.address, server.issue_key) as issue:
            assert issue.claim("c", "u").status == 201


@pytest.mark.bound_s(120)
def test_a_start_that_is_killed_loses_no_coupon(start_server):
    """Promise 3, with recovery itself interrupted."""
    rng = random.Random(SEED)
    server = start_server()
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign("kept", stock=2000).status == 201
    claims = [Claim("kept", f"u{number}") for number in range(3000)]
    storm = Storm(server.address, server.issue_key, claims).start()
    until(lambda: storm.answered >= 1000 or storm.is_over(), "a thousand answers")
    server.kill()
    attempts = storm.join()
    for _ in range(40):
        server.spawn()
        time.sleep(rng.random() * 0.04)  # waits for nothing: it varies the moment
        server.kill()
    server.start()
    attempts += claim_until_final(server.address, server.issue_key, claims)
    with Api(server.address, server.admin_key) as admin:
        check_promises(attempts, admin.all_coupons("kept"), stock=2000, all_answered=True)


def test_a_lone_claim_that_was_answered_is_there_after_a_kill(start_server):
    """Promise 3, claim by claim: answered means durable, with nobody else to wait for."""
    server = start_server()
    with Api(server.address, server.admin_key) as admin:
        admin.put_campaign("alone", stock=100)
    told = {}
    for number in range(ROUNDS):
        with Api(server.address, server.issue_key) as issue:
            told[f"u{number}"] = issue.claim("alone", f"u{number}").json()
        server.kill()
        server.restart()
        with Api(server.address, server.issue_key) as issue:
            for user, coupon in told.items():
                reply = issue.claim("alone", user)
                assert (reply.status, reply.json()) == (200, coupon)
