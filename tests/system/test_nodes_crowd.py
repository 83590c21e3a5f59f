"""Three nodes on one ledger: a crowd, a line, and reads right after a yes."""

import os
import random
from collections import Counter
from datetime import datetime

import pytest

from support.api import Api
from support.crowd import Crowd, misses
from support.engine import engine_name, the_engine
from support.history import Claim, write_history
from support.promises import check_promises
from support.server import run
from support.wait import until

pytestmark = pytest.mark.nodes

SEED = int(os.environ.get("FIRSTCOME_TEST_SEED", "20261122"))


@pytest.fixture
def three(start_server, tmp_path):
    first = start_server()
    return [first, *(start_server(tmp_path / name, beside=first) for name in ("b", "c"))]


@pytest.fixture
def apis(three):
    apis = [Api(node.address, node.admin_key) for node in three]
    yield apis
    for api in apis:
        api.close()


def test_a_crowd_at_three_nodes_is_one_crowd(three, apis, tmp_path):
    """Promises 1 to 10, each user at two nodes at once."""
    assert apis[0].put_campaign("crowd", stock=1500).status == 201
    claims = [Claim("crowd", f"u{n}") for n in range(3000)]
    attempts = Crowd(three, claims, random.Random(SEED)).end(three[2])
    check_promises(attempts, apis[1].all_coupons("crowd"), stock=1500, all_answered=True)
    write_history(tmp_path / "history.ndjson", attempts)
    result = run("verify", "--ledger", three[0].ledger_url, "--history",
                 tmp_path / "history.ndjson")
    assert result.returncode == 0, result.stdout + result.stderr


def places_of(api, users):
    statuses = [api.claim_status("line", user) for user in users]
    if any(status.status != 200 for status in statuses):
        return None
    return [(s["ticket"], s["position"]) for s in (status.json() for status in statuses)]


def test_a_line_over_three_nodes_is_one_line(apis):
    """Promise 7, and at every node the same tickets and positions."""
    rng = random.Random(SEED)
    pace = {"batch": 3, "tick_ms": 3_600_000}
    assert apis[0].put_campaign("line", stock=30, mode="paced", pace=pace).status == 201
    users = [f"u{n}" for n in range(40)]
    places = []
    for number, user in enumerate(users, 1):
        told = rng.choice(apis).claim("line", user)
        assert told.status == 202
        assert told.json()["position"] == number
        places.append((told.json()["ticket"], number))
    # A queue in common may bring a claim twice, which keeps its ticket and uses up another.
    assert places == sorted(set(places))
    assert engine_name() != "direct" or [ticket for ticket, _ in places] == list(range(1, 41))
    for api in apis:
        until(lambda: places_of(api, users) == places, "every node to know the line")
        assert [api.claim("line", user).json()["position"] for user in users] == \
            list(range(1, 41)), "a claim sent again keeps its place, wherever"

    tick_ms = 100
    assert apis[1].patch_campaign("line", pace={"batch": 3, "tick_ms": tick_ms}).status == 200
    until(lambda: apis[2].claim_status("line", "u39").json()["outcome"] == "sold_out",
          "the end of the line")
    coupons = apis[2].all_coupons("line")
    assert [c["user"] for c in coupons] == users[:30]
    for api in apis:
        until(lambda: api.claim_status("line", "u39").json()["outcome"] == "sold_out",
              "every node to know how it ended")
    # One `batch` a tick for the whole system; a late tick does not put off the next.
    batches = Counter(datetime.fromisoformat(c["issued_at"]) for c in coupons)
    assert max(batches.values()) <= 3
    passed = max(batches) - min(batches)
    assert passed.total_seconds() * 1000 >= (len(batches) - 2) * tick_ms


def test_a_line_that_is_empty_again_runs_for_claims_at_any_node(apis):
    """Promise 10: whoever holds the lease serves claims that another node has parked."""
    pace = {"batch": 5, "tick_ms": 20}
    assert apis[0].put_campaign("again", stock=30, mode="paced", pace=pace).status == 201
    for number in range(12):
        user = f"u{number}"
        assert apis[number % 3].claim("again", user).status == 202
        until(lambda: apis[number % 3].claim_status("again", user).json()["coupons"],
              f"the coupon of {user}")


def figure(api, name):
    lines = api.get("/metrics").body.decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


FROM_REPLICA = 'firstcome_ledger_reads_total{from="replica"}'
FROM_PRIMARY = 'firstcome_ledger_reads_total{from="primary"}'


@pytest.mark.any_queue
@pytest.mark.bound_s(120)
def test_a_coupon_is_read_right_after_it_was_given(apis):
    """Promise 3 for readers: from replicas that are on time, and in spite of one that is late."""
    replica = the_engine().replica
    assert apis[0].put_campaign("read", stock=5000).status == 201
    assert apis[0].put_campaign("late", stock=5000).status == 201
    before = figure(apis[0], FROM_REPLICA)
    assert misses(apis, "read", 1000) == 0
    assert figure(apis[0], FROM_REPLICA) > before, "replicas have answered"
    replica.delay(1)
    try:
        before = figure(apis[0], FROM_PRIMARY)
        assert misses(apis, "late", 1000) == 0
        assert figure(apis[0], FROM_PRIMARY) > before, "the primary has answered for it"
    finally:
        replica.delay(0)
        replica.wait_caught_up()
