"""A disk that is full or broken: the server stops rather than go on, nothing that was answered yes
is lost, and after the repair a retry gets the same coupon (promises 3, 4, 5 and 10)."""

import contextlib
import os
import resource
import subprocess

import pytest

from support.api import Api
from support.history import Claim
from support.promises import check_promises
from support.server import Server
from support.shim import SyncShim
from support.storm import Storm, claim_until_final
from support.wait import until

LONG = "x" * 50  # fills the disk sooner


def make(server, campaign="disk", stock=1_000_000, **settings):
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign(campaign, stock=stock, **settings).status == 201


def claims_of(count):
    return [Claim("disk", f"u{number}-{LONG}") for number in range(count)]


def assert_refused_or_cut(attempts):
    """Until the end everybody got a yes, a refusal that takes nothing, or no reply."""
    for a in attempts:
        assert a.outcome in ("issued", "queued", "unavailable", "draining", "unknown"), a
        assert a.status in (0, 200, 201, 202, 503), a


def assert_all_is_kept(server, attempts, claims):
    """With the disk repaired: every claim finds its end, and all that was told before is true."""
    attempts = attempts + claim_until_final(server.address, server.issue_key, claims)
    with Api(server.address, server.admin_key) as admin:
        check_promises(attempts, admin.all_coupons("disk"), stock=1_000_000, all_answered=True)


def storm_until_it_stops(server, claims):
    """-> attempts; the server must end by itself, with an exit code that is no success."""
    attempts = Storm(server.address, server.issue_key, claims, connections=50).run()
    code = server.wait()
    assert code > 0, f"exit code {code} is no orderly refusal to go on:\n{server.log()}"
    assert_refused_or_cut(attempts)
    assert any(a.outcome == "issued" for a in attempts), "the disk failed before the first claim"
    assert any(a.outcome != "issued" for a in attempts), "the disk did not fail"
    return attempts


# Full

@pytest.mark.bound_s(120)
@pytest.mark.parametrize("kib", [192, 700, 1500])
def test_a_file_that_may_not_grow_stops_the_server(data_dir, kib):
    """RLIMIT_FSIZE: write(2) says EFBIG, with SIGXFSZ at its default, which is to kill."""
    limit = kib * 1024
    limited = Server(data_dir, preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_FSIZE, (limit, limit)))
    claims = claims_of(30_000)
    limited.start()
    try:
        make(limited)
        attempts = storm_until_it_stops(limited, claims)
    finally:
        limited.kill()
    repaired = Server(data_dir)
    repaired.start()
    try:
        asked = list({a.claim: None for a in attempts})
        assert_all_is_kept(repaired, attempts, asked)
    finally:
        repaired.kill()


@contextlib.contextmanager
def small_disk(path, kib):
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "firstcome-test", str(path)],
                   check=True, timeout=30)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True, timeout=30)


def grow(path, mib):
    subprocess.run(["mount", "-o", f"remount,size={mib}m", str(path)], check=True, timeout=30)


def can_mount(tmp_path):
    probe = tmp_path / "probe"
    try:
        with small_disk(probe, 64):
            return True
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False


@pytest.mark.bound_s(120)
@pytest.mark.parametrize("kib", [1024, 4096])
def test_a_full_disk_stops_the_server_and_room_brings_it_back(tmp_path, kib):
    if os.geteuid() != 0 or not can_mount(tmp_path):
        pytest.skip("to mount a small disk takes root; RLIMIT_FSIZE is tested above")
    with small_disk(tmp_path / "disk", kib) as disk:
        server = Server(disk / "data")
        server.start()
        try:
            make(server)
            attempts = storm_until_it_stops(server, claims_of(60_000))
            grow(disk, 256)
            server.restart()
            asked = list({a.claim: None for a in attempts})
            assert_all_is_kept(server, attempts, asked)
        finally:
            server.kill()


def test_a_start_without_room_is_refused(tmp_path):
    if os.geteuid() != 0 or not can_mount(tmp_path):
        pytest.skip("to mount a small disk takes root")
    with small_disk(tmp_path / "disk", 64) as disk:
        (disk / "filler").write_bytes(bytes(56 * 1024))
        server = Server(disk / "data")
        server.spawn()
        try:
            assert server.wait() == 1
            assert str(disk / "data") in server.log()
            (disk / "filler").unlink()
            grow(disk, 64)
            server.start()
            make(server)
        finally:
            server.kill()


# Broken

@pytest.fixture
def shim(tmp_path):
    directory = tmp_path / "shim"
    directory.mkdir()
    shim = SyncShim(directory)
    yield shim
    shim.release()


@pytest.mark.parametrize("calls", [0, 1, 2, 3, 10, 40])
def test_a_sync_that_fails_stops_the_server(data_dir, shim, calls):
    """After a failed fsync nobody knows what the disk has; to sync again and be told yes proves
    nothing, so the server must not go on with that file."""
    server = Server(data_dir, env=shim.env)
    server.start()
    try:
        make(server)
        claims = claims_of(20_000)
        first = Storm(server.address, server.issue_key, claims[:50]).run()
        assert {a.outcome for a in first} == {"issued"}
        shim.fail_after(calls)
        attempts = Storm(server.address, server.issue_key, claims[50:], connections=20).run()
        assert server.wait() > 0, server.log()
        assert_refused_or_cut(attempts)
        assert any(a.outcome != "issued" for a in attempts)
        shim.mend()
        server.restart()
        attempts = first + attempts
        assert_all_is_kept(server, attempts, list({a.claim: None for a in attempts}))
    finally:
        server.kill()


def test_a_sync_that_fails_is_told_and_never_answered_yes(data_dir, shim):
    server = Server(data_dir, env=shim.env)
    server.start()
    try:
        make(server)
        shim.fail_after(0)
        [attempt] = Storm(server.address, server.issue_key, claims_of(1)).run()
        assert attempt.outcome in ("unavailable", "unknown")
        assert server.wait() > 0
        assert "sync" in server.log().lower() or "I/O" in server.log(), server.log()
    finally:
        server.kill()


def test_a_campaign_that_could_not_be_synced_is_not_answered_made(data_dir, shim):
    server = Server(data_dir, env=shim.env)
    server.start()
    try:
        shim.fail_after(0)
        with Api(server.address, server.admin_key) as admin:
            try:
                assert admin.put_campaign("lost", stock=1).status == 503
            except OSError:
                pass
        assert server.wait() > 0
    finally:
        server.kill()


def test_a_line_that_could_not_be_synced_is_not_answered_queued(data_dir, shim):
    """Promise 10: a 202 is sent when the claim itself is durable."""
    server = Server(data_dir, env=shim.env)
    server.start()
    try:
        make(server, mode="paced", pace={"batch": 1, "tick_ms": 3_600_000})
        shim.fail_after(0)
        attempts = Storm(server.address, server.issue_key, claims_of(20), connections=4).run()
        assert all(a.outcome in ("unavailable", "unknown", "draining") for a in attempts)
        assert server.wait() > 0
        shim.mend()
        server.restart()
        assert_refused_or_cut(attempts)
    finally:
        server.kill()


def test_a_start_whose_sync_fails_is_refused(data_dir, shim):
    shim.fail_after(0)
    server = Server(data_dir, env=shim.env)
    server.spawn()
    try:
        assert server.wait() == 1
        assert server.log().strip()
        shim.mend()
        server.start()
        make(server)
    finally:
        server.kill()


@pytest.mark.parametrize("calls", range(8))
def test_a_sync_that_fails_during_recovery_loses_nothing(data_dir, shim, calls):
    """The start after a crash reads, checkpoints and takes an epoch: each of its syncs may fail."""
    server = Server(data_dir, env=shim.env)
    server.start()
    try:
        make(server)
        claims = claims_of(200)
        attempts = Storm(server.address, server.issue_key, claims).run()
        server.kill()
        shim.fail_after(calls)
        server.spawn()
        until(lambda: not server.is_alive() or server.find_address(), "a start or a refusal")
        server.kill()
        shim.mend()
        server.start()
        assert_all_is_kept(server, attempts, claims)
    finally:
        server.kill()
