"""The power is cut: what was answered had been synced, so it is still there (promises 1 to 10)."""

import os

import pytest

from support.api import Api
from support.power_cuts import PowerCuts
from support.shim import SyncShim

SEED = int(os.environ.get("FIRSTCOME_TEST_SEED", "20261122"))


@pytest.fixture
def cuts(tmp_path):
    directory = tmp_path / "shim"
    directory.mkdir()
    cuts = PowerCuts(tmp_path / "data", SEED, SyncShim(directory))
    yield cuts
    cuts.close()


@pytest.mark.bound_s(300)
def test_twenty_rounds_of_power_cuts(cuts, tmp_path):
    for number in range(1, 21):
        cuts.run_round(number)
    assert cuts.cuts > 5
    cuts.check_all(tmp_path / "history.ndjson")


def test_a_cut_takes_back_what_was_not_synced(cuts):
    """The test of the test: with the copies of the syncs away, a cut loses what was answered."""
    server = cuts.server
    server.start()
    with Api(server.address, server.admin_key) as admin:
        admin.put_campaign("lost", stock=1)
        assert admin.claim("lost", "u").status == 201
    server.kill()
    for copy in cuts.synced.iterdir():
        copy.unlink()
    for name in ("ledger.db", "ledger.db-wal"):
        cuts.take_back(name)
    server.start()
    with Api(server.address, server.admin_key) as admin:
        assert admin.campaign("lost").status == 404


def test_an_answer_alone_outlives_a_cut(cuts):
    """Promise 3, with everything lost that nobody synced."""
    server = cuts.server
    server.start()
    told = {}
    for number in range(15):
        with Api(server.address, server.admin_key) as admin:
            assert admin.put_campaign(f"c{number}", stock=1).status == 201
            told[f"c{number}"] = admin.claim(f"c{number}", "u").json()
        server.kill()
        for name in ("ledger.db", "ledger.db-wal"):
            cuts.take_back(name)
        server.start()
        with Api(server.address, server.admin_key) as admin:
            for campaign, coupon in told.items():
                assert admin.claim(campaign, "u").json() == coupon
