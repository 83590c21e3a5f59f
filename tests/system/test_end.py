"""The server ends and comes back: what was answered stays true, what has a ticket is finished."""

import signal

import pytest

from support.api import Api, path_of
from support.history import Claim
from support.promises import check_promises
from support.shim import SyncShim
from support.storm import Storm, claim_until_final
from support.wait import until
from support.wire import Closed, Wire, request_bytes

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


def claim_request(server, campaign, user):
    return request_bytes("POST", path_of("campaigns", campaign, "claims"),
                         [("Authorization", f"Bearer {server.issue_key}")],
                         b'{"user": "%s"}' % user.encode())


def not_ready(server):
    """Whether a balancer would send nothing more: 503, or nobody listens any more."""
    try:
        with Api(server.address, None) as api:
            return api.get("/readyz").status == 503
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_well(start_server, number):
    server = start_server()
    server.process.send_signal(number)
    assert server.wait() == 0


def test_idle_connections_do_not_hold_the_server(start_server):
    server = start_server()
    silent = [Wire(server.address) for _ in range(20)]
    used = [Wire(server.address) for _ in range(20)]
    for wire in used:
        wire.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wire.reply().status == 200
    server.terminate()
    assert server.wait() == 0
    for wire in silent + used:
        assert wire.is_closed()
        wire.close()


def test_a_half_sent_request_does_not_hold_the_server(start_server):
    server = start_server()
    with Wire(server.address) as wire:
        wire.send(b"POST /v1/campaigns/c/claims HTTP/1.1\r\nHost: a\r\nContent-Le")
        server.terminate()
        assert server.wait() == 0


def test_claims_that_have_a_ticket_are_answered_before_the_end(start_server, shim):
    """Held at the disk while SIGTERM comes: readiness goes, every claim gets its yes, exit 0."""
    server = start_server(env=shim.env)
    make(server, "drained", stock=100)
    wires = [Wire(server.address) for _ in range(20)]
    watcher = Wire(server.address)
    shim.hold()
    wires[0].send(claim_request(server, "drained", "u0"))
    shim.wait_held()
    for number, wire in enumerate(wires[1:], 1):
        wire.send(claim_request(server, "drained", f"u{number}"))
    server.terminate()
    until(lambda: not_ready(server), "readiness to end")
    assert server.is_alive(), "claims wait for their answer"
    shim.release()
    replies = [wire.reply() for wire in wires]
    # A claim that the server had not read when the signal came may be told to come again.
    assert {reply.status for reply in replies} <= {201, 503}
    assert replies[0].status == 201, "the one at the disk had its ticket"
    for reply in replies:
        if reply.status == 503:
            assert reply.code == "draining"
            assert int(reply.headers["Retry-After"]) >= 0
    assert server.wait() == 0
    watcher.close()

    server.restart()
    won = {c["user"]: c for c in export(server, "drained")}
    for number, reply in enumerate(replies):
        if reply.status == 201:
            assert won.pop(f"u{number}")["code"] == reply.json()["code"]
    assert won == {}, "told 503 means that nothing was taken (promise 4)"


def test_readiness_ends_while_the_server_finishes(start_server, shim):
    server = start_server(env=shim.env)
    make(server, "draining", stock=10)
    with Wire(server.address) as claimer, Wire(server.address) as prober:
        prober.send(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert prober.reply().status == 200
        shim.hold()
        claimer.send(claim_request(server, "draining", "u"))
        shim.wait_held()
        server.terminate()

        def told_not_ready():
            with Wire(server.address) as fresh:
                fresh.send(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
                try:
                    return fresh.reply().status == 503
                except Closed:
                    return False

        until(told_not_ready, "/readyz to say 503")
        with Wire(server.address) as late:
            late.send(claim_request(server, "draining", "late"))
            reply = late.reply()
            assert reply.status == 503
            assert reply.code == "draining"
            assert int(reply.headers["Retry-After"]) >= 0
        shim.release()
        assert claimer.reply().status == 201
    assert server.wait() == 0


def test_a_storm_that_the_end_cuts_short_leaves_the_promises_whole(start_server):
    """SIGTERM in the middle of it, again and again; every claim is asked to its end."""
    server = start_server()
    make(server, "cut", stock=1500)
    claims = [Claim("cut", f"u{number}") for number in range(2500)]
    attempts = []
    for stop_after in (100, 600, 1100):
        storm = Storm(server.address, server.issue_key, claims, connections=100).start()
        until(lambda: storm.answered >= stop_after or storm.is_over(), "some answers")
        assert server.stop() == 0
        attempts += storm.join()
        server.restart()
    attempts += claim_until_final(server.address, server.issue_key, claims)
    check_promises(attempts, export(server, "cut"), stock=1500, all_answered=True)


def test_coupons_outlive_a_restart(start_server):
    """Promises 3 and 5."""
    server = start_server()
    make(server, "kept", stock=100, per_user=2, coupon_ttl_s=60, name="Kept",
         metadata={"a": [1, "쿠폰"]}, closes_at="2099-01-01T00:00:00Z")
    with Api(server.address, server.issue_key) as issue:
        before = {(user, key): issue.claim("kept", user, key).json()
                  for user in ("ann", "bob") for key in ("k1", "k2")}
    coupons = export(server, "kept")
    with Api(server.address, server.admin_key) as admin:
        [campaign] = admin.campaigns().json()["data"]
        cursor = admin.coupons("kept", limit=2).json()["next_cursor"]
    assert server.stop() == 0
    server.restart()
    assert export(server, "kept") == coupons
    with Api(server.address, server.admin_key) as admin:
        [again] = admin.campaigns().json()["data"]
        assert {**campaign, "server_time": None} == {**again, "server_time": None}
        assert admin.coupons("kept", limit=2, cursor=cursor).json()["data"] == coupons[2:4], \
            "a cursor outlives a restart: an export of hours goes on"
    with Api(server.address, server.issue_key) as issue:
        for (user, key), coupon in before.items():
            reply = issue.claim("kept", user, key)
            assert (reply.status, reply.json()) == (200, coupon)
        assert issue.claim("kept", "ann", "k3").code == "limit_reached"
        assert issue.claim("kept", "cyd").json()["rank"] == 5, "ranks go on"


@pytest.mark.any_queue
def test_pauses_and_windows_outlive_a_restart(start_server):
    server = start_server()
    make(server, "paused", stock=1)
    make(server, "later", stock=1, opens_at="2099-01-01T00:00:00Z")
    with Api(server.address, server.admin_key) as admin:
        admin.patch_campaign("paused", paused=True)
    server.stop()
    server.restart()
    with Api(server.address, server.issue_key) as issue:
        assert issue.claim("paused", "u").code == "paused"
        assert issue.claim("later", "u").code == "not_open"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_who_waits_in_line_still_waits_after_a_restart(start_server, end):
    """Promise 10: 202 was sent after the claim was durable; the order stays (promise 7)."""
    server = start_server()
    make(server, "line", stock=5, mode="paced", pace={"batch": 1, "tick_ms": 3_600_000})
    users = [f"u{number}" for number in range(8)]
    with Api(server.address, server.issue_key) as issue:
        tickets = {}
        for user in users:
            reply = issue.claim("line", user)
            assert reply.status == 202
            tickets[user] = reply.json()["ticket"]
    getattr(server, end)()
    server.restart()
    with Api(server.address, server.issue_key) as issue, \
            Api(server.address, server.admin_key) as admin:
        issued_before = admin.campaign("line").json()["issued"]
        for user in users[issued_before:]:
            status = issue.claim_status("line", user).json()
            assert (status["outcome"], status["ticket"]) == ("queued", tickets[user])
            assert issue.claim("line", user).json()["ticket"] == tickets[user]
        late = issue.claim("line", "late")
        assert late.status == 202
        admin.patch_campaign("line", pace={"batch": 2, "tick_ms": 1})
        until(lambda: admin.campaign("line").json()["issued"] == 5, "the line to be served")
        for user in [*users[5:], "late"]:
            reply = until(lambda: (r := issue.claim("line", user)).status != 202 and r, user)
            assert reply.code == "sold_out"
    assert [c["user"] for c in export(server, "line")] == users[:5]


def test_verdicts_of_a_line_outlive_a_restart(start_server):
    """Promises 5 and 8: who was told sold_out is told so again."""
    server = start_server()
    make(server, "done", stock=1, mode="paced", pace={"batch": 10, "tick_ms": 3_600_000})
    with Api(server.address, server.issue_key) as issue:
        for user in ("first", "second"):
            assert issue.claim("done", user).status == 202
        with Api(server.address, server.admin_key) as admin:
            admin.patch_campaign("done", pace={"batch": 10, "tick_ms": 1})
        until(lambda: issue.claim_status("done", "second").json()["outcome"] == "sold_out",
              "the verdict")
    server.stop()
    server.restart()
    with Api(server.address, server.issue_key) as issue:
        assert issue.claim_status("done", "second").json()["outcome"] == "sold_out"
        assert issue.claim("done", "second").code == "sold_out"
        assert issue.claim("done", "first").status == 200


@pytest.mark.any_queue
def test_a_crash_loses_no_setting_that_was_answered(start_server):
    """Promise 3, for campaigns: the answer to PUT and PATCH comes after the disk has it."""
    server = start_server()
    for number in range(10):
        make(server, f"c{number}", stock=number)
        with Api(server.address, server.admin_key) as admin:
            assert admin.patch_campaign(f"c{number}", name=f"n{number}").status == 200
        server.kill()
        server.restart()
        with Api(server.address, None) as api:
            for made in range(number + 1):
                shown = api.campaign(f"c{made}").json()
                assert (shown["stock"], shown["name"]) == (made, f"n{made}")
