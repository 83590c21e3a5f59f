"""Several nodes on one ledger are one server to their users."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Thread

import pytest

from support.api import Api
from support.engine import engine_name, the_engine
from support.held import Later, LockedCampaign
from support.history import Claim, write_history
from support.promises import check_promises
from support.server import run
from support.storm import Storm, claim_until_final
from support.wait import until

pytestmark = pytest.mark.nodes

NODES_PY = Path(__file__).resolve().parents[2] / "deploy" / "nodes.py"


def claim(node, campaign, user):
    with Api(node.address, node.issue_key) as api:
        return api.claim(campaign, user)


def patch(node, campaign, **change):
    with Api(node.address, node.admin_key) as api:
        return api.patch_campaign(campaign, **change)


@pytest.fixture
def two(start_server, tmp_path):
    first = start_server()
    return first, start_server(tmp_path / "second", beside=first)


def test_what_one_node_gave_the_other_gives_again(two):
    """Promises 2 and 5: also a retry at another node is the same claim."""
    first, second = two
    with Api(first.address, first.admin_key) as here, \
            Api(second.address, second.issue_key) as there:
        assert here.put_campaign("shared", stock=2).status == 201
        won = here.claim("shared", "ann")
        again = there.claim("shared", "ann")
        assert (won.status, again.status) == (201, 200)
        assert again.json() == won.json()
        assert there.claim("shared", "bob").json()["rank"] == 2
        assert here.claim("shared", "cyd").code == there.claim("shared", "cyd").code == "sold_out"
        assert [c["user"] for c in here.all_coupons("shared")] == ["ann", "bob"]


def test_a_crowd_at_both_nodes_is_one_crowd(two, tmp_path):
    """Promises 1 to 10, with every claim sent to both nodes at the same time."""
    first, second = two
    with Api(first.address, first.admin_key) as admin:
        assert admin.put_campaign("crowd", stock=500, per_user=2).status == 201
    claims = [Claim("crowd", f"u{n % 400}", f"k{n // 400}") for n in range(1200)]
    storms = [Storm(node.address, node.issue_key, claims, connections=60).start() for node in two]
    attempts = [attempt for storm in storms for attempt in storm.join()]
    attempts += claim_until_final(second.address, second.issue_key, claims)
    with Api(second.address, second.admin_key) as admin:
        check_promises(attempts, admin.all_coupons("crowd"), stock=500, per_user=2,
                       all_answered=True)
    write_history(tmp_path / "history.ndjson", attempts)
    result = run("verify", "--ledger", second.ledger_url, "--history", tmp_path / "history.ndjson")
    assert result.returncode == 0, result.stdout + result.stderr


def test_campaigns_made_at_both_nodes_at_once_are_known_to_both(two):
    def make(node, name):
        with Api(node.address, node.admin_key) as api:
            for number in range(20):
                assert api.put_campaign(f"{name}{number}", stock=1).status == 201

    threads = [Thread(target=make, args=(node, name)) for node, name in zip(two, "ab")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for node in two:
        with Api(node.address, node.admin_key) as api:
            assert len(api.all_pages("/v1/campaigns")) == 40
            assert api.claim("a19", "ann").json()["rank"] == 1
            assert api.claim("b19", "ann").json()["rank"] == 1


def test_a_change_answered_at_one_node_holds_at_the_other(two):
    """Promise 8 with the stock raised, and pause: from the moment of the answer on."""
    first, second = two
    with Api(first.address, first.admin_key) as here, \
            Api(second.address, second.issue_key) as there:
        assert here.put_campaign("changed", stock=0).status == 201
        for stock in range(1, 21):
            assert there.claim("changed", f"u{stock}").code == "sold_out"
            assert here.patch_campaign("changed", paused=True).status == 200
            assert there.claim("changed", f"u{stock}").code == "paused"
            assert here.patch_campaign("changed", paused=False, stock=stock).status == 200
            assert there.claim("changed", f"u{stock}").json()["rank"] == stock


TOMORROW = (datetime.now(timezone.utc) + timedelta(days=1)).isoformat()


@pytest.mark.parametrize("before, change, no", [
    ({"paused": True}, {"paused": False}, "paused"),
    ({"stock": 0}, {"stock": 1}, "sold_out"),
    ({"opens_at": TOMORROW}, {"opens_at": None}, "not_open"),
    ({"closes_at": "2026-01-01T00:00:00Z"}, {"closes_at": TOMORROW}, "closed"),
], ids=["paused", "sold_out", "not_open", "closed"])
def test_who_wins_after_a_change_has_won_at_a_node_that_has_not_heard_of_it(
        two, before, change, no):
    """Promise 5: a change that lets more win counts once every node acts on it."""
    first, second = two
    with Api(first.address, first.admin_key) as here:
        assert here.put_campaign("busy", stock=9).status == 201  # campaign 1 of this ledger
        assert here.put_campaign("changed", stock=1).status == 201
        assert here.patch_campaign("changed", **before).status == 200
        assert claim(second, "changed", "ann").code == no
        lock = LockedCampaign(the_engine().primary, first, 1)
        held = Later(claim, second, "busy", "zoe")
        until(lock.waiting, "the node that is held up")
        changed = Later(patch, first, "changed", **change)
        until(lambda: here.campaign("changed").json()["state"] == "open", "the change")
        won = claim(first, "changed", "ann")
        again = Later(claim, second, "changed", "ann")
        time.sleep(0.1)  # it is answered at once, or waits
        lock.release()
        assert (changed.result().status, held.result().status) == (200, 201)
        assert (won.status, again.result().status) == (201, 200)
        assert again.result().json() == won.json()


def test_a_node_reads_what_another_has_just_given(two):
    """Whatever memory says of an earlier coupon."""
    first, second = two
    with Api(first.address, first.admin_key) as here, \
            Api(second.address, second.issue_key) as there:
        assert here.put_campaign("several", stock=1000, per_user=50).status == 201
        assert there.claim("several", "ann", key="k1").status == 201
        for count in range(2, 51):
            assert here.claim("several", "ann", key=f"k{count}").status == 201
            told = there.claim_status("several", "ann").json()
            assert [c["nth"] for c in told["coupons"]] == list(range(1, count + 1))
            listed = there.user_coupons("ann").json()["data"]
            assert [c["nth"] for c in listed] == list(range(1, count + 1))


def test_who_won_at_the_last_moment_has_won_at_both_nodes(two, tmp_path):
    """Promise 5 at the end of the window, with every claim sent to both nodes."""
    with Api(two[0].address, two[0].admin_key) as admin:
        assert admin.put_campaign("ends", stock=100_000).status == 201
        claims = [Claim("ends", f"u{n}") for n in range(4000)]
        storms = [Storm(node.address, node.issue_key, sent, connections=50).start()
                  for node, sent in zip(two, (claims, claims[1000:] + claims[:1000]))]
        ends = datetime.now(timezone.utc) + timedelta(milliseconds=300)
        assert admin.patch_campaign("ends", closes_at=ends.isoformat()).status == 200
    attempts = [attempt for storm in storms for attempt in storm.join()]
    attempts += claim_until_final(two[0].address, two[0].issue_key, claims)
    write_history(tmp_path / "history.ndjson", attempts)
    result = run("verify", "--ledger", two[0].ledger_url, "--history", tmp_path / "history.ndjson")
    assert result.returncode == 0, result.stdout + result.stderr
    assert {"issued", "closed"} <= {attempt.outcome for attempt in attempts}


def test_a_node_knows_who_was_just_told_to_wait_at_another(two):
    """Promise 10: from the 202 on, in line and after it, whichever line memory knows."""
    first, second = two
    pace = {"batch": 1, "tick_ms": 3_600_000}
    with Api(first.address, first.admin_key) as here, \
            Api(second.address, second.issue_key) as there:
        assert here.put_campaign("line", stock=20, per_user=2, mode="paced",
                                 pace=pace).status == 201
        for number in range(1, 31):
            assert there.claim_status("line", f"u{number}").status == 404
            told = here.claim("line", f"u{number}", key="k1")
            assert told.status == 202
            place = {name: told.json()[name] for name in ("ticket", "position", "eta_ms")}
            assert there.claim_status("line", f"u{number}").json() == \
                {"outcome": "queued", "coupons": [], **place}
        again = here.claim("line", "u1", key="k2").json()
        assert there.claim_status("line", "u1").json()["ticket"] == again["ticket"]

        assert here.patch_campaign("line", pace={"batch": 31, "tick_ms": 1}).status == 200
        until(lambda: here.campaign("line").json()["issued"] == 20, "the line's end")
        told = there.claim_status("line", "u20").json()
        assert (told["outcome"], told["coupons"][0]["rank"]) == ("issued", 20)
        assert (told["position"], told["eta_ms"]) == (None, None)


@pytest.fixture
def run_nodes():
    """-> what `run nodes` starts with this engine, its banner, and where its files are"""
    with tempfile.TemporaryDirectory(prefix="nodes-") as directory:
        process = subprocess.Popen(
            [sys.executable, "-B", NODES_PY, "2", f"--{engine_name()}"],
            env=os.environ | {"TMPDIR": directory}, stderr=subprocess.PIPE, text=True)
        try:
            banner = ""
            while "Ctrl-C" not in banner:
                line = process.stderr.readline()
                assert line, f"it has ended, saying:\n{banner}"
                banner += line
            yield process, banner, directory
        finally:
            process.kill()
            process.stderr.close()
            process.wait(30)


def shell(line):
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30)


def test_the_banner_of_run_nodes_can_be_pasted(run_nodes):
    process, banner, directory = run_nodes
    ranks = [re.search(r'"rank": ?(\d+)', shell(line).stdout).group(1)
             for line in re.findall(r"^  (curl .*)$", banner, re.MULTILINE)]
    assert ranks == ["1", "2"], "each node has given one"
    [verify] = re.findall(r"^  (\S+ verify .*)$", banner, re.MULTILINE)
    checked = shell(verify)
    assert checked.returncode == 0, checked.stdout + checked.stderr

    pids = [int(pid) for pid in re.findall(r"process (\d+)", banner)]
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert os.listdir(directory) == [], "nothing is left"
