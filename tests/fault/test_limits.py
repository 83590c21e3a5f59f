"""More than the server has room for: it refuses before the ticket or lets people wait, and serves
again as soon as there is room (promise 11)."""

import resource

import pytest

from support.api import Api, path_of
from support.history import Claim
from support.promises import check_full_is_not_broken, check_promises
from support.shim import SyncShim
from support.storm import Storm, claim_until_final
from support.wait import until
from support.wire import LIVEZ, Wire, request_bytes

pytestmark = pytest.mark.every_engine


@pytest.fixture
def shim(tmp_path):
    directory = tmp_path / "shim"
    directory.mkdir()
    shim = SyncShim(directory)
    yield shim
    shim.release()


def make(server, campaign, **settings):
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign(campaign, **settings).status == 201


def export(server, campaign):
    with Api(server.address, server.admin_key) as admin:
        return admin.all_coupons(campaign)


def test_who_finds_the_desk_full_is_told_to_come_again(start_server, shim):
    """Promises 4 and 11: 503 overloaded takes nothing, and a retry wins."""
    server = start_server(env=shim.env, args=["--io-threads", "1", "--waiting-max", "5"])
    make(server, "full", stock=100)
    wires = [Wire(server.address) for _ in range(12)]
    shim.hold()
    for number, wire in enumerate(wires):
        wire.send(request_bytes("POST", path_of("campaigns", "full", "claims"),
                                [("Authorization", f"Bearer {server.issue_key}")],
                                b'{"user": "u%d"}' % number))
        with Api(server.address, None) as api:
            assert api.get("/livez").status == 200  # the claim before was read: one I/O thread
    refused = [wire.reply() for wire in wires[5:]]
    for reply in refused:
        assert (reply.status, reply.code) == (503, "overloaded")
        assert int(reply.headers["Retry-After"]) >= 0
    shim.release()
    assert [wire.reply().status for wire in wires[:5]] == [201] * 5
    assert sorted(c["user"] for c in export(server, "full")) == [f"u{n}" for n in range(5)]
    with Api(server.address, server.issue_key) as issue:
        assert issue.claim("full", "u7").json()["rank"] == 6


def test_a_storm_on_a_small_desk_keeps_every_promise(start_server):
    server = start_server(args=["--waiting-max", "3"])
    make(server, "small", stock=500)
    claims = [Claim("small", f"u{number}") for number in range(1000)]
    attempts = claim_until_final(server.address, server.issue_key, claims, connections=100)
    check_full_is_not_broken(attempts)
    check_promises(attempts, export(server, "small"), stock=500, all_answered=True)


def test_who_finds_no_free_connection_is_served_when_one_ends(start_server):
    server = start_server(args=["--io-threads", "1", "--connections-max", "8"])
    first = [Wire(server.address) for _ in range(8)]
    for wire in first:
        wire.send(LIVEZ)
        assert wire.reply().status == 200
    late = [Wire(server.address) for _ in range(20)]
    for wire in late:
        wire.send(LIVEZ)
    for wire in first:
        wire.close()
    for wire in late:
        assert wire.reply().status == 200
        wire.close()


def test_a_server_out_of_descriptors_recovers(start_server):
    server = start_server(args=["--io-threads", "1"], preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (48, 48)))
    make(server, "tight", stock=10)
    crowd = [Wire(server.address) for _ in range(100)]
    for wire in crowd[:10]:
        wire.send(LIVEZ)
        assert wire.reply().status == 200
    for wire in crowd:
        wire.close()
    with Api(server.address, server.issue_key) as issue:
        assert issue.claim("tight", "u").status == 201
    assert server.stop() == 0


def test_half_a_thousand_connections_that_come_and_go(start_server):
    """None of them is forgotten: the gauge of open connections falls back."""
    server = start_server()
    for _ in range(5):
        crowd = [Wire(server.address) for _ in range(100)]
        for wire in crowd[::2]:
            wire.send(LIVEZ)
        for wire in crowd:
            wire.close()

    def open_connections():
        with Api(server.address, None) as api:
            text = api.get("/metrics").body.decode()
        [line] = [line for line in text.splitlines()
                  if line.startswith("firstcome_http_connections ")]
        return float(line.split(" ")[1])

    until(lambda: open_connections() == 1, "the connections to be closed")


@pytest.mark.any_queue
@pytest.mark.bound_s(120)
def test_ten_thousand_waits_in_a_line(start_server):
    """A long line is parked, restored and served whole."""
    server = start_server()
    make(server, "long", stock=3000, mode="paced", pace={"batch": 1, "tick_ms": 3_600_000})
    claims = [Claim("long", f"u{number}") for number in range(10_000)]
    attempts = Storm(server.address, server.issue_key, claims, connections=200).run()
    assert {a.outcome for a in attempts} == {"queued"}
    server.kill()
    server.restart()
    with Api(server.address, server.admin_key) as admin:
        admin.patch_campaign("long", pace={"batch": 1000, "tick_ms": 1})
        until(lambda: admin.campaign("long").json()["issued"] == 3000, "the line to be served")
    attempts += claim_until_final(server.address, server.issue_key, claims, connections=200)
    check_promises(attempts, export(server, "long"), stock=3000, all_answered=True)
