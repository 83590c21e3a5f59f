"""The server starts as it is told, or says why not: exit 1 and a line that names what is wrong."""

import re
import socket
import stat

import pytest

from support.api import Api
from support.server import DidNotStart, run, serve_fails

KEYS = ("admin.key", "issue.key")


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


def test_codes_are_not_for_everybody_on_the_machine(start_server, tmp_path):
    """The ledger holds every coupon's code and the key that they are made with: nobody but the
    server's own user may read it."""
    data = tmp_path / "new"
    start_server(data)
    if stat.S_IMODE(data.stat().st_mode) & 0o077 == 0:
        return
    for path in data.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


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


def test_the_same_key_for_both_makes_nobody_admin(start_server):
    """Whoever may claim must not come to do everything by a slip of the operator's."""
    key = "one-key-for-everything-0123456789"
    env = {"FIRSTCOME_ADMIN_KEY": key, "FIRSTCOME_ISSUE_KEY": key}
    try:
        server = start_server(env=env)
    except DidNotStart:
        return
    with Api(server.address, key) as api:
        assert api.campaigns().status == 403


def test_an_empty_key_file_is_refused_and_named(start_server, data_dir):
    start_server().stop()
    (data_dir / "admin.key").write_text("")
    assert "admin.key" in serve_fails(data_dir)


# The first lines

def test_the_banner_says_what_one_needs(start_server):
    server = start_server(args=["--demo"])
    log = server.log()
    for part in ("firstcome 0.", server.url, "sqlite", "curl ", "admin.key", "synchronous=FULL"):
        assert part in log, part
    assert "\x1b" not in log, "no colours without a terminal"


def test_a_reader_of_the_log_who_goes_away_does_not_end_the_server(start_server):
    """Pasted into `… | head` or under a log collector that restarts: it goes on without."""
    server = start_server()
    server.hang_up_on_log()
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign("c", stock=1).status == 201
        assert admin.claim("c", "u").status == 201
    assert server.stop() == 0


def test_metrics_on_a_port_of_their_own(start_server):
    """API.md: /metrics can be put on another port, and is then on no other."""
    server = start_server(args=["--metrics-listen", "127.0.0.1:0"])
    with Api(server.address, None) as api:
        assert api.get("/metrics").status == 404
    [(host, port)] = re.findall(r"http://([0-9.]+):([0-9]+)/metrics", server.log())
    with Api((host, int(port)), None) as api:
        assert api.get("/metrics").status == 200
        assert api.get("/v1/campaigns").status == 404, "and nothing else is there"


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
    for words in (["no-such-command"], ["campaign", "no-such-command"]):
        result = run(*words)
        assert result.returncode in (1, 2)
        assert "no-such-command" in result.stderr
