"""What a server finds stored when it starts. A ledger that is not whole is refused: to start on it
would be to give coupons a second time (promises 1 to 3)."""

import os
import sqlite3

import pytest

from support.api import Api
from support.history import Claim
from support.server import serve_fails
from support.storm import Storm

COUPONS = 1500


@pytest.fixture
def stored(start_server, data_dir):
    """A ledger that a server has left with some coupons and ended well: all of it is in its file,
    and the log beside it is not needed. -> its path"""
    server = start_server()
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign("stored", stock=5000).status == 201
    claims = [Claim("stored", f"user-{number}-{'x' * 40}") for number in range(COUPONS)]
    attempts = Storm(server.address, server.issue_key, claims).run()
    assert {a.outcome for a in attempts} == {"issued"}
    assert server.stop() == 0
    for log in data_dir.glob("ledger.db-*"):
        log.unlink()
    return data_dir / "ledger.db"


def test_an_undamaged_ledger_is_whole_without_its_log(stored, start_server):
    """Which makes the next tests about the damage and nothing else."""
    server = start_server()
    with Api(server.address, server.admin_key) as admin:
        assert admin.campaign("stored").json()["issued"] == COUPONS
        assert len(admin.all_coupons("stored")) == COUPONS


def overwrite(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def cut(path, size):
    os.truncate(path, size)


@pytest.mark.parametrize("damage", [
    lambda path: path.write_bytes(b"this is no database\n" * 1000),
    lambda path: path.write_bytes(os.urandom(100_000)),
    lambda path: path.write_bytes(bytes(100_000)),
    lambda path: overwrite(path, 0, b"XXXXXX"),
    lambda path: overwrite(path, 16, b"\x00\x03"),
    lambda path: overwrite(path, 100, b"\xff"),
    lambda path: cut(path, 50),
    lambda path: cut(path, 4096),
    lambda path: cut(path, 6000),
    lambda path: cut(path, path.stat().st_size // 2),
    lambda path: cut(path, path.stat().st_size // 2 // 4096 * 4096),
    lambda path: cut(path, path.stat().st_size - 4096),
    lambda path: overwrite(path, 4096, b"\xff" * 4096),
    lambda path: overwrite(path, path.stat().st_size // 4096 // 2 * 4096, bytes(4096)),
], ids=["a text", "random", "zeroes", "magic", "page size", "root page", "50 bytes", "one page",
        "one page and a half", "half", "half the pages", "a page short", "second page",
        "a page lost"])
def test_a_damaged_ledger_is_refused(stored, data_dir, damage):
    damage(stored)
    said = serve_fails(data_dir)
    assert "ledger.db" in said


def test_a_ledger_of_a_newer_version_is_refused(stored, data_dir):
    with sqlite3.connect(stored) as db:
        [version] = db.execute("PRAGMA user_version").fetchone()
        assert version >= 1
        db.execute(f"PRAGMA user_version = {version + 1}")
    db.close()
    said = serve_fails(data_dir)
    assert "newer" in said
    with sqlite3.connect(stored) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (version + 1,), "left as it was"
    db.close()


def test_a_database_of_another_program_is_refused(data_dir):
    with sqlite3.connect(data_dir / "ledger.db") as db:
        db.execute("CREATE TABLE coupon (something TEXT)")
        db.execute("INSERT INTO coupon VALUES ('of another program')")
    db.close()
    assert "ledger.db" in serve_fails(data_dir)


def test_a_ledger_that_cannot_be_written_is_refused(stored, data_dir):
    if os.geteuid() == 0:
        # Root writes through any mode, so the file itself has to be what cannot be written.
        stored.unlink()
        stored.mkdir()
    else:
        stored.chmod(0o400)
    assert "ledger.db" in serve_fails(data_dir)
