"""Nodes on one ledger, and what they stand on, end, come back, or stand still. The promises hold
throughout (1 to 11)."""

import os
import random
import signal
import time

import pytest

from support.api import Api
from support.crowd import Crowd
from support.database_product import PRODUCT
from support.engine import engine_name, the_engine
from support.history import Claim, write_history
from support.promises import check_full_is_not_broken, check_promises
from support.server import run
from support.storm import Storm, claim_until_final, wait_until_settled
from support.wait import until

pytestmark = [pytest.mark.nodes, pytest.mark.bound_s(120)]

SEED = int(os.environ.get("FIRSTCOME_TEST_SEED", "20261122"))


@pytest.fixture
def three(start_server, tmp_path):
    first = start_server()
    return [first, *(start_server(tmp_path / name, beside=first) for name in ("b", "c"))]


def make(node, campaign, **settings):
    with Api(node.address, node.admin_key) as admin:
        assert admin.put_campaign(campaign, **settings).status == 201


def check(node, attempts, tmp_path, stock):
    campaign = attempts[0].campaign
    with Api(node.address, node.admin_key) as admin:
        coupons = admin.all_coupons(campaign)
    check_promises(attempts, coupons, stock=stock, all_answered=True)
    check_full_is_not_broken(attempts)
    history = tmp_path / "history.ndjson"
    write_history(history, attempts)
    result = run("verify", "--ledger", node.ledger_url, "--history", history)
    assert result.returncode == 0, result.stdout + result.stderr


def crowd_of(three, campaign, users, rng):
    return Crowd(three, [Claim(campaign, f"u{n}") for n in range(users)], rng)


def test_a_node_that_is_killed_under_load(three, tmp_path):
    rng = random.Random(SEED)
    make(three[0], "killed", stock=1500)
    crowd = crowd_of(three, "killed", 3000, rng)
    until(lambda: crowd.answered >= 1500, "the moment to kill")
    three[0].kill()
    check(three[1], crowd.end(three[2]), tmp_path, stock=1500)
    three[0].restart()
    with Api(three[0].address, three[0].issue_key) as api:
        assert api.claim("killed", "late").code == "sold_out"


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_database_that_ends_under_load_and_comes_back(three, tmp_path, end):
    rng = random.Random(SEED)
    make(three[0], end, stock=1500)
    crowd = crowd_of(three, end, 3000, rng)
    until(lambda: crowd.answered >= 1500, "the moment to end it")
    primary = the_engine().primary
    getattr(primary, end)()
    try:
        attempts = [told for node in three for told in claim_meanwhile(node, end)]
    finally:
        primary.start()
    attempts += end_of_meanwhile(three[0], end)
    check(three[1], attempts + crowd.end(three[2]), tmp_path, stock=1500)


def test_a_database_that_takes_no_writes_for_a_while(three, tmp_path):
    rng = random.Random(SEED)
    # For all: however long the server takes to heed it, there is some left.
    make(three[0], "readonly", stock=3001)
    crowd = crowd_of(three, "readonly", 3000, rng)
    until(lambda: crowd.answered >= 1000, "the moment")
    primary = the_engine().primary
    primary.sql("SET GLOBAL read_only = ON")
    try:
        attempts = claim_meanwhile(three[2], "readonly")
    finally:
        primary.sql("SET GLOBAL read_only = OFF")
    attempts += end_of_meanwhile(three[0], "readonly")
    check(three[1], attempts + crowd.end(three[2]), tmp_path, stock=3001)


def test_a_database_that_has_lost_what_it_committed(three):
    """Nobody is given what somebody else was told: who knows of it stops."""
    make(three[0], "lost", stock=9)
    for node in three:
        with Api(node.address, node.issue_key) as api:
            assert api.claim("lost", f"user-of-{node.address[1]}").status == 201
    for node in three:
        with Api(node.address, node.admin_key) as api:
            until(lambda: api.issued("lost") == 3, "everybody to know of all three")
    database = three[0].ledger_url.split("?")[0].rsplit("/", 1)[1]
    the_engine().primary.sql(f"USE {database}; BEGIN; DELETE FROM coupons WHERE `rank` > 1; "
                             "UPDATE issuing SET issued = 1, tickets = 1; COMMIT")
    for node in three:
        assert node.wait() == 1
        assert "campaign 'lost' (issued 3 → 1" in node.log()
        assert "AFTER_SYNC" in node.log()
    three[0].restart()
    with Api(three[0].address, three[0].admin_key) as api:
        assert api.issued("lost") == 1
        assert api.claim("lost", "another").json()["rank"] == 2


def claim_one(node, campaign, user):
    return Storm(node.address, node.issue_key, [Claim(campaign, user)]).run()


def claim_meanwhile(node, campaign):
    """-> the attempts of a claim while the ledger is away: a queue of its own keeps it, and without
    one it is refused"""
    attempts = claim_one(node, campaign, "meanwhile")
    kept = engine_name() in ("redis", "sentinel", "cluster")
    assert [told.outcome for told in attempts] == ["queued" if kept else "unavailable"]
    return attempts


def end_of_meanwhile(node, campaign):
    claims = [Claim(campaign, "meanwhile")]
    return claim_until_final(node.address, node.issue_key, claims)


def freeze(node):
    node.process.send_signal(signal.SIGSTOP)


def thaw(node):
    node.process.send_signal(signal.SIGCONT)


def test_a_node_that_stands_still_loses_its_line(three, tmp_path):
    """Promises 7 and 10: another runs the line, and the one that wakes up commits nothing stale."""
    make(three[0], "frozen", stock=400, mode="paced", pace={"batch": 5, "tick_ms": 20})
    claims = [Claim("frozen", f"u{n}") for n in range(500)]
    attempts = claim_all(three[0], claims[:250])
    freeze(three[0])
    try:
        with Api(three[1].address, three[1].admin_key) as api:
            before = len(api.all_coupons("frozen"))
            begin = time.monotonic()
            until(lambda: len(api.all_coupons("frozen")) > before + 5, "another to run the line")
            print(f"taken over after {time.monotonic() - begin:.2f} s")
        attempts += claim_all(three[2], claims[250:])
    finally:
        thaw(three[0])
    attempts += claim_all(three[0], claims)
    attempts += claim_until_final(three[1].address, three[1].issue_key, claims)
    wait_until_settled(three[0].address, three[0].issue_key, claims)
    check(three[0], attempts, tmp_path, stock=400)


def claim_all(node, claims):
    crowd = Crowd([node, node], claims, random.Random(SEED), connections=20)
    return [attempt for storm in crowd.storms for attempt in storm.join()]


def test_nodes_that_stand_still_in_turn_under_load(three, tmp_path):
    """Whatever they were at, with a campaign's lock in their hands perhaps."""
    rng = random.Random(SEED)
    make(three[0], "still", stock=1500)
    crowd = crowd_of(three, "still", 3000, rng)
    others = []
    for turn in range(6):
        until(lambda: crowd.answered >= 300 * turn or crowd.is_over(), "the moment")
        time.sleep(rng.random() * 0.01)  # waits for nothing: it varies the moment
        freeze(three[turn % 3])
        others += claim_one(three[(turn + 1) % 3], "still", f"other{turn}")
        thaw(three[turn % 3])
    assert all(attempt.status == 201 for attempt in others)
    check(three[1], crowd.end(three[2]) + others, tmp_path, stock=1500)


def figure(api, name):
    lines = api.get("/metrics").body.decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


@pytest.fixture
def replica():
    """The replica; commits do not wait long for it."""
    engine = the_engine()
    timeout = engine.primary.variable(f"{PRODUCT.semi_sync}_timeout")
    engine.primary.sql(f"SET GLOBAL {PRODUCT.semi_sync}_timeout = 100")
    yield engine.replica
    engine.primary.sql(f"SET GLOBAL {PRODUCT.semi_sync}_timeout = {timeout}")


@pytest.mark.any_queue
@pytest.mark.parametrize("end", ["kill", "stop_replication", "freeze"])
def test_a_replica_that_goes_and_comes_back(three, replica, end):
    """Nobody notices but the metrics."""
    campaign = end.replace("_", "-")
    with Api(three[0].address, three[0].admin_key) as api:
        assert api.put_campaign(campaign, stock=100).status == 201

        def give_and_read(user):
            assert api.claim(campaign, user).status == 201
            return api.user_coupons(user).json()["data"][0]["user"] == user

        def from_replica():
            return figure(api, 'firstcome_ledger_reads_total{from="replica"}')

        assert give_and_read("before")
        passed_over = figure(api, "firstcome_replica_passed_over_total")
        getattr(replica, end)()
        try:
            for number in range(3):
                assert give_and_read(f"meanwhile-{number}")
            assert figure(api, "firstcome_replica_passed_over_total") > passed_over
        finally:
            {"kill": replica.start, "stop_replication": replica.start_replication,
             "freeze": replica.thaw}[end]()
        replica.wait_caught_up()
        reads = from_replica()
        until(lambda: api.user_coupons("before").status == 200 and from_replica() > reads,
              "the replica to answer again")


@pytest.mark.parametrize("all_stand_still", [False, True], ids=["primary", "all"])
def test_listings_while_the_database_stands_still(three, all_stand_still):
    """Whoever asks for a listing is answered long before a claim gives the database up."""
    engine = the_engine()
    frozen = engine.daemons()[:2] if all_stand_still else [engine.primary]
    make(three[0], "listed", stock=100)
    with Api(three[0].address, three[0].admin_key, timeout_s=8) as api:
        assert api.claim("listed", "ann").status == 201
        until(lambda: api.coupons("listed").status == 200, "the connections to be there")
        for daemon in frozen:
            daemon.freeze()
        try:
            for told in [api.coupons("listed"), api.user_coupons("ann"),
                         api.coupons("listed")]:
                if all_stand_still:
                    assert told.code == "unavailable" and told.status == 503
                    assert told.headers["Retry-After"]
                else:
                    assert [one["user"] for one in told.json()["data"]] == ["ann"]
            assert api.get("/metrics").status == 200
        finally:
            for daemon in frozen:
                daemon.thaw()
        until(lambda: api.coupons("listed").status == 200, "the database to be back")
