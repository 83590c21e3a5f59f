"""Nodes on one ledger take the same keys, given by somebody or made by the first of them."""

import stat

import pytest

from support.api import Api
from support.engine import the_engine
from support.server import Server, serve_fails
from support.shim import SyncShim

pytestmark = [pytest.mark.nodes, pytest.mark.any_queue]

KEYS = ("admin.key", "issue.key")
GIVEN = {"FIRSTCOME_ADMIN_KEY": "an-admin-key-of-some-length-1234"}


def takes(server, admin_key):
    with Api(server.address, admin_key) as admin:
        return admin.campaigns().status == 200


def refused(data, beside, *args, env=None):
    """-> the one line that a node says which does not start on the other's ledger"""
    said = serve_fails(data, *the_engine().serve_args(beside.data), *args, env=env)
    assert said.count("\n") == 1, said
    return said


def test_keys_that_nobody_gave_are_the_same_at_all_nodes(start_server, tmp_path):
    first = start_server()
    second = start_server(tmp_path / "second", beside=first)
    for node in (first, second):
        with Api(node.address, first.admin_key) as admin, \
                Api(node.address, first.issue_key) as issue:
            assert admin.put_campaign("c", stock=10).status in (200, 201)
            assert issue.claim("c", "u").status in (200, 201)
            assert issue.campaigns().status == 403
        assert not takes(node, "some-other-key-0123456789")
        for key in (first.admin_key, first.issue_key):
            assert key not in node.log()
    for name in KEYS:
        assert stat.S_IMODE((first.data / name).stat().st_mode) == 0o600
        assert str(first.data / name) in second.log(), "it says where the key is"
        assert not (second.data / name).exists()
    for node in (second, first):
        node.stop()
        node.restart()
        assert takes(node, first.admin_key)


def test_nodes_that_start_at_once_make_one_key(tmp_path, data_dir):
    first = Server(data_dir)
    nodes = [first] + [Server(tmp_path / f"node-{n}", beside=first) for n in range(3)]
    try:
        for node in nodes:
            node.spawn()
        for node in nodes:
            node.wait_ready()
        for name in KEYS:
            [made] = [node.data / name for node in nodes if (node.data / name).exists()]
            if name == "admin.key":
                assert all(takes(node, made.read_text().strip()) for node in nodes)
        assert not list(tmp_path.glob("**/*.new"))
    finally:
        for node in nodes:
            node.kill()


@pytest.mark.parametrize("syncs, file, told", [
    (0, "admin.key.new", False), (1, "admin.key.new", False), (2, "admin.key", True),
    (3, "issue.key.new", True)])
def test_a_key_that_may_not_be_on_disk_is_told_to_nobody(data_dir, start_server, tmp_path, syncs,
                                                         file, told):
    """The file and its name are synced before the ledger has the hash, and again where it stays."""
    disk = SyncShim(tmp_path)
    disk.fail_after(syncs)
    first = Server(data_dir)
    said = serve_fails(data_dir, *the_engine().serve_args(data_dir), env=disk.env)
    assert said.startswith(f"firstcome: cannot write {data_dir / file}: "), said
    second = start_server(tmp_path / "second", beside=first)
    assert (second.data / "admin.key").exists() != told
    try:
        first.start()
        assert (first.data / "admin.key").exists() == told
        assert takes(second, first.admin_key if told else second.admin_key)
        assert not list(tmp_path.glob("**/*.new"))
    finally:
        first.kill()


def test_a_node_with_another_key_is_refused_and_told_what_to_do(start_server, tmp_path):
    first = start_server()
    data = tmp_path / "second"
    said = refused(data, first, env=GIVEN)
    assert said.startswith("firstcome: environment FIRSTCOME_ADMIN_KEY: this admin key is not the ")
    assert f":{first.data / 'admin.key'}): give that one, or start once with --replace-k" in said
    assert GIVEN["FIRSTCOME_ADMIN_KEY"] not in said

    (data / "issue.key").write_text("an-issue-key-from-elsewhere-1234\n")
    said = refused(data, first)
    assert said.startswith(f"firstcome: the issue key in {data / 'issue.key'} is not the one that ")
    assert "remove the file" in said
    assert "elsewhere" not in said
    assert takes(first, first.admin_key)


def test_a_key_given_to_one_node_is_known_to_the_next(start_server, tmp_path):
    first = start_server(env=GIVEN)
    other = Server(tmp_path / "other", beside=first)
    other.env = {}
    try:
        other.start()
        assert takes(other, first.admin_key)
        assert "FIRSTCOME_ADMIN_KEY" in other.log(), "it says where the key came from"
    finally:
        other.kill()


def test_a_key_is_replaced_when_that_is_said(start_server, tmp_path):
    first = start_server()
    before = first.admin_key
    second = start_server(tmp_path / "second", beside=first, env=GIVEN, args=["--replace-keys"])
    assert takes(second, GIVEN["FIRSTCOME_ADMIN_KEY"]) and not takes(second, before)
    assert takes(first, before), "a node takes what it took at its start"
    first.stop()
    assert str(first.data / "admin.key") in refused(first.data, first)
    (first.data / "admin.key").unlink()
    first.restart()
    assert takes(first, GIVEN["FIRSTCOME_ADMIN_KEY"]) and not takes(first, before)


def test_one_key_for_both_is_refused_and_leaves_no_trace(start_server, data_dir):
    key = GIVEN["FIRSTCOME_ADMIN_KEY"]
    fresh = Server(data_dir)
    said = refused(data_dir, fresh, env={**GIVEN, "FIRSTCOME_ISSUE_KEY": key})
    assert "the same" in said and key not in said
    start_server()
