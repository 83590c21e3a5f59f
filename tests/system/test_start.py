"""The server starts as it is told, or says why not: exit 1 and a line that names what is wrong."""

import os
import socket
import sqlite3
import stat

import pytest

from support.api import Api
from support.history import Claim
from support.server import run
from support.storm import Storm

KEYS = ("admin.key", "issue.key")


def serve_fails(data, *args, env=None):
    """Runs a server that should refuse. -> what it said"""
    result = run("serve", "--listen", "127.0.0.1:0", "--data", data, *args, env=env)
    assert result.returncode == 1, result
    assert result.stderr.strip(), "it says why"
    return result.stderr


# One at a time

def test_a_second_server_on_the_same_data_is_refused_by_name(start_server, data_dir):
    first = start_server()
    assert str(data_dir) in serve_fails(data_dir)
    with Api(first.address, None) as api:
        assert api.get("/readyz").status == 200, "the first goes on"


def test_a_second_server_is_refused_also_through_a_link(start_server, data_dir, tmp_path):
    start_server()
    link = tmp_path / "link"
    link.symlink_to(data_dir)
    assert serve_fails(link)


def test_a_lock_does_not_outlive_its_server(start_server, data_dir):
    start_server().kill()
    start_server()


def test_a_taken_port_is_named(data_dir):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        said = run("serve", "--listen", listen, "--data", data_dir)
        assert said.returncode == 1
        assert listen in said.stderr


def test_two_servers_do_not_share_a_port(start_server, tmp_path):
    """SO_REUSEPORT is between the threads of one server: another gets an error, not a share."""
    first = start_server()
    listen = f"127.0.0.1:{first.address[1]}"
    other = tmp_path / "other"
    result = run("serve", "--listen", listen, "--data", other)
    assert result.returncode == 1
    assert listen in result.stderr


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def test_to_listen_beyond_loopback_has_to_be_said(data_dir, listen):
    result = run("serve", "--listen", listen, "--data", data_dir)
    assert result.returncode == 1
    assert "--public" in result.stderr


@pytest.mark.parametrize("listen", ["", "nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                                    "127.0.0.1:-1", "127.0.0.1:http", "300.0.0.1:80", ":::1"])
def test_a_listen_address_that_is_none_is_refused(data_dir, listen):
    result = run("serve", f"--listen={listen}", "--data", data_dir)
    assert result.returncode in (1, 2)
    assert "listen" in result.stderr


def test_a_data_directory_is_made(start_server, tmp_path):
    data = tmp_path / "deep" / "new"
    server = start_server(data)
    assert (data / "ledger.db").exists()
    assert server.is_alive()
    assert stat.S_IMODE(data.stat().st_mode) & 0o077 == 0, "it holds keys"


def test_a_data_directory_that_cannot_be_is_named(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no directory")
    assert str(in_the_way) in serve_fails(in_the_way)


# Keys

def test_keys_are_made_once_for_the_owner_alone_and_kept(start_server, data_dir):
    server = start_server()
    keys = {name: (data_dir / name).read_bytes() for name in KEYS}
    for name, key in keys.items():
        assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o600
        assert key.count(b"\n") <= 1 and key.endswith(b"\n")
        assert len(key.strip()) >= 22, "128 bits at least"
    assert keys["admin.key"] != keys["issue.key"]
    server.stop()
    server.restart()
    assert {name: (data_dir / name).read_bytes() for name in KEYS} == keys


def test_the_banner_says_where_the_keys_are_and_not_what_they_are(start_server, data_dir):
    server = start_server()
    log = server.log()
    assert str(data_dir) in log
    for key in (server.admin_key, server.issue_key):
        assert key not in log


def test_two_servers_have_different_keys(start_server, tmp_path):
    a, b = start_server(tmp_path / "a"), start_server(tmp_path / "b")
    assert len({a.admin_key, a.issue_key, b.admin_key, b.issue_key}) == 4


def test_keys_that_are_given_are_taken_and_none_is_written(start_server, data_dir):
    env = {"FIRSTCOME_ADMIN_KEY": "an-admin-key-of-some-length-1234",
           "FIRSTCOME_ISSUE_KEY": "an-issue-key-of-some-length-1234"}
    server = start_server(env=env)
    for name in KEYS:
        assert not (data_dir / name).exists()
    with Api(server.address, env["FIRSTCOME_ADMIN_KEY"]) as admin:
        assert admin.put_campaign("c", stock=1).status == 201
    with Api(server.address, env["FIRSTCOME_ISSUE_KEY"]) as issue:
        assert issue.claim("c", "u").status == 201


def test_a_key_may_come_from_a_file(start_server, tmp_path):
    file = tmp_path / "secret"
    file.write_text("an-admin-key-from-a-file-123456\n")
    server = start_server(env={"FIRSTCOME_ADMIN_KEY_FILE": str(file)})
    with Api(server.address, "an-admin-key-from-a-file-123456") as admin:
        assert admin.put_campaign("c", stock=1).status == 201


def test_a_key_file_that_is_not_there_is_named(data_dir, tmp_path):
    missing = tmp_path / "missing"
    assert str(missing) in serve_fails(data_dir, env={"FIRSTCOME_ADMIN_KEY_FILE": str(missing)})


@pytest.mark.parametrize("key", ["short", "with space in it, and long enough", "x" * 31 + "\x7f"])
def test_a_key_that_protects_nothing_is_refused(data_dir, key):
    said = serve_fails(data_dir, env={"FIRSTCOME_ADMIN_KEY": key})
    assert "FIRSTCOME_ADMIN_KEY" in said
    assert key not in said


def test_the_same_key_for_both_is_refused(data_dir):
    """Otherwise whoever may claim may do everything."""
    key = "one-key-for-everything-0123456789"
    serve_fails(data_dir, env={"FIRSTCOME_ADMIN_KEY": key, "FIRSTCOME_ISSUE_KEY": key})


def test_an_empty_key_file_is_refused_and_named(start_server, data_dir):
    start_server().stop()
    (data_dir / "admin.key").write_text("")
    assert "admin.key" in serve_fails(data_dir)


# What was stored

@pytest.fixture
def stored(start_server, data_dir):
    """A data directory in which a server has left some hundred coupons and ended well. -> ledger"""
    server = start_server()
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign("stored", stock=5000).status == 201
    claims = [Claim("stored", f"user-{number}-{'x' * 40}") for number in range(1500)]
    attempts = Storm(server.address, server.issue_key, claims).run()
    assert {a.outcome for a in attempts} == {"issued"}
    assert server.stop() == 0
    return data_dir / "ledger.db"


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
    """To start on it would be to give coupons a second time (promises 1 to 3)."""
    for leftover in data_dir.glob("ledger.db-*"):
        assert leftover.stat().st_size == 0 or leftover.name.endswith("-shm"), \
            "a server that ended well has checkpointed"
        leftover.unlink()
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


# Settings

def print_config(*args, env=None):
    result = run("serve", "--print-config", *args, env=env)
    assert result.returncode == 0, result
    return result.stdout + result.stderr


def test_flags_come_before_environment_before_file_before_defaults(tmp_path):
    config = tmp_path / "firstcome.toml"
    config.write_text('listen = "127.0.0.1:1111"\n')
    env = {"FIRSTCOME_LISTEN": "127.0.0.1:2222"}
    flag = ("--listen", "127.0.0.1:3333")
    data = ("--data", tmp_path / "data")
    file = ("--config", config)
    assert "127.0.0.1:8080" in print_config(*data)
    assert "127.0.0.1:1111" in print_config(*data, *file)
    assert "127.0.0.1:2222" in print_config(*data, *file, env=env)
    everything = print_config(*data, *file, *flag, env=env)
    assert "127.0.0.1:3333" in everything
    for lower in ("127.0.0.1:8080", "127.0.0.1:1111", "127.0.0.1:2222"):
        assert lower not in everything


def test_the_settings_are_shown_without_secrets(tmp_path):
    secrets = {"FIRSTCOME_ADMIN_KEY": "admin-secret-0123456789abcdef",
               "FIRSTCOME_ISSUE_KEY": "issue-secret-0123456789abcdef",
               "FIRSTCOME_USER_SECRET": "user-secret-0123456789abcdef0123"}
    for flag in ("--print-config", "--check-config"):
        result = run("serve", flag, "--data", tmp_path / "data", env=secrets)
        assert result.returncode == 0, result
        for secret in secrets.values():
            assert secret not in result.stdout + result.stderr


def test_secrets_of_a_config_file_are_hidden(tmp_path):
    config = tmp_path / "firstcome.toml"
    config.write_text('admin_key = "file-secret-0123456789abcdef"\n')
    result = run("serve", "--print-config", "--data", tmp_path / "data", "--config", config)
    assert result.returncode == 0, result
    assert "file-secret" not in result.stdout + result.stderr


def test_looking_at_the_settings_makes_nothing(tmp_path):
    data = tmp_path / "data"
    for flag in ("--print-config", "--check-config"):
        assert run("serve", flag, "--data", data).returncode == 0
    assert not data.exists()


@pytest.mark.parametrize("text, named", [
    ('lisen = "127.0.0.1:1"', "lisen"),
    ('listen = "127.0.0.1:1"\nunknown_thing = 1', "unknown_thing"),
    ('[no_such_table]\nx = 1', "no_such_table"),
    ('listen = 8080', "listen"),
    ('io_threads = "two"', "io_threads"),
    ('io_threads = 0', "io_threads"),
    ('io_threads = -1', "io_threads"),
    ('listen = "127.0.0.1:1"\nlisten = "127.0.0.1:2"', "listen"),
    ('listen = ', "firstcome.toml"),
    ('\x00', "firstcome.toml"),
])
@pytest.mark.parametrize("flag", ["--check-config", "--print-config", None])
def test_a_wrong_config_file_is_refused_and_the_key_named(tmp_path, text, named, flag):
    config = tmp_path / "firstcome.toml"
    config.write_text(text + "\n")
    arguments = ["serve", "--data", tmp_path / "data", "--config", config]
    result = run(*arguments, *([flag] if flag else ["--listen", "127.0.0.1:0"]))
    assert result.returncode in (1, 2)
    assert named in result.stderr


def test_a_config_file_that_is_not_there_is_named(tmp_path):
    missing = tmp_path / "missing.toml"
    result = run("serve", "--check-config", "--data", tmp_path / "d", "--config", missing)
    assert result.returncode in (1, 2)
    assert str(missing) in result.stderr


@pytest.mark.parametrize("name, value", [("FIRSTCOME_LISTEN", "nowhere"),
                                         ("FIRSTCOME_IO_THREADS", "two"),
                                         ("FIRSTCOME_IO_THREADS", "0"),
                                         ("FIRSTCOME_LEDGER", "oracle://x")])
def test_a_wrong_environment_variable_is_named(tmp_path, name, value):
    result = run("serve", "--check-config", "--data", tmp_path / "d", env={name: value})
    assert result.returncode in (1, 2)
    assert name in result.stderr


@pytest.mark.parametrize("args", [["--nonsense"], ["--listen"], ["--io-threads", "two"],
                                  ["--io-threads", "0"], ["--ledger", "oracle://x"],
                                  ["--queue", "carrier-pigeon:"], ["extra"]])
def test_a_wrong_flag_is_refused(tmp_path, args):
    result = run("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", *args)
    assert result.returncode in (1, 2)
    assert result.stderr.strip()


def test_the_banner_says_what_one_needs(start_server):
    server = start_server()
    log = server.log()
    for part in ("firstcome", server.url, "sqlite", "curl", "admin.key"):
        assert part in log, part
    assert "\x1b" not in log, "no colours without a terminal"


def test_the_demo_opens_a_campaign(start_server):
    server = start_server(args=["--demo"])
    with Api(server.address, server.issue_key) as issue:
        assert issue.campaign("demo").json()["state"] == "open"
        assert issue.claim("demo", "u1").status == 201
    server.stop()
    server.restart()
    with Api(server.address, server.issue_key) as issue:
        assert issue.claim("demo", "u1").status == 200, "the same demo, not a new one"


def test_version_and_help():
    version = run("--version")
    assert version.returncode == 0 and version.stdout.strip()
    for args in (["--help"], ["serve", "--help"], ["load", "--help"], ["verify", "--help"],
                 ["campaign", "--help"]):
        result = run(*args)
        assert result.returncode == 0
        assert result.stdout.strip()


def test_no_subcommand_is_a_usage_error():
    result = run()
    assert result.returncode in (1, 2)
    assert run("no-such-command").returncode in (1, 2)
