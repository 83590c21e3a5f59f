"""The same over TLS: whom the client trusts, and how it says that it does not."""

import subprocess

import pytest

from support.ports import free_port
from support.redis_probe import command, kinds, note
from support.redis_server import RedisServer

EXTENSIONS = """
[server]
subjectAltName = DNS:redis.example, IP:127.0.0.1
"""


def openssl(directory, *words):
    subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """-> a directory with ca.pem, server.pem, server.key and other-ca.pem"""
    directory = tmp_path_factory.mktemp("tls")
    (directory / "extensions").write_text(EXTENSIONS)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in ("ca", "other-ca"):
        openssl(directory, "req", "-x509", *new_key, "-keyout", f"{name}.key", "-out",
                f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
    openssl(directory, "req", *new_key, "-keyout", "server.key", "-out", "server.csr", "-subj",
            "/CN=server")
    openssl(directory, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", "server.pem", "-days", "2", "-extfile", "extensions",
            "-extensions", "server")
    return directory


def tls_server(certificates, clients="no"):
    port = free_port()
    server = RedisServer(options={
        "tls-port": port, "tls-cert-file": certificates / "server.pem",
        "tls-key-file": certificates / "server.key", "tls-ca-cert-file": certificates / "ca.pem",
        "tls-auth-clients": clients})
    server.tls_url = f"rediss://127.0.0.1:{port}/0"
    return server


@pytest.fixture(scope="module")
def server(certificates):
    with tls_server(certificates) as redis:
        yield redis


def test_commands_and_messages_go_over_tls(server, certificates, probe_of):
    probe = probe_of(f"{server.tls_url}?tls_ca={certificates}/ca.pem")
    large = "x" * 1_000_000
    results = probe.results(note("tls", "1"), command("ECHO", args=[large]),
                            command("ECHO", args=[large]), time_ms=20_000)
    assert results == [{"ok": "1"}, {"ok": large}, {"ok": large}]
    probe.ask("subscribe", channel="tls")
    probe.wait_heard("subscribed")
    server.call("PUBLISH", "tls", large)
    probe.wait_heard("message", payload=large)
    server.freeze()
    assert kinds(probe.results(command("PING"), time_ms=100)) == ["timeout_or_reset"]
    server.thaw()
    assert probe.call("PING") == "PONG"


REFUSED = [  # query of the URL, part of the reason
    ("tls_ca={}/other-ca.pem", "its certificate is refused"),
    ("", "its certificate is refused"),
    ("tls_ca={}/ca.pem&tls_name=another.example", "its certificate is refused: hostname mismatch"),
    ("tls_ca={}/ca.pem&tls_name=127.0.0.2", "its certificate is refused: IP address mismatch"),
]


@pytest.mark.parametrize("query, reason", REFUSED)
def test_a_server_that_is_not_who_it_should_be_gets_nothing(server, certificates, probe_of, query,
                                                             reason):
    url = f"{server.tls_url}?{query.format(certificates)}".rstrip("?")
    result = probe_of(url).results(command("PING"))[0]
    assert (result["error"], reason in result["message"]) == ("unreachable", True), result


def test_the_name_to_check_for_can_be_given(server, certificates, probe_of):
    probe = probe_of(f"{server.tls_url}?tls_ca={certificates}/ca.pem&tls_name=redis.example")
    assert probe.call("PING") == "PONG"


def test_a_client_certificate_is_shown_where_one_is_wanted(certificates, probe_of):
    with tls_server(certificates, clients="yes") as redis:
        trusting = f"{redis.tls_url}?tls_ca={certificates}/ca.pem"
        result = probe_of(trusting).results(command("PING"))[0]
        assert (result["error"], "give tls_cert and tls_key" in result["message"]) == (
            "unreachable", True), result
        shown = f"&tls_cert={certificates}/server.pem&tls_key={certificates}/server.key"
        assert probe_of(trusting + shown).call("PING") == "PONG"


def test_tls_where_none_is_spoken_and_none_where_it_is(server, certificates, probe_of):
    plain = server.url.replace("redis://", "rediss://") + f"?tls_ca={certificates}/ca.pem"
    answer = probe_of(plain).results(command("PING"))[0]
    assert (answer["error"], "no TLS" in answer["message"]) == ("unreachable", True), answer
    answer = probe_of(server.tls_url.replace("rediss://", "redis://")).results(command("PING"))[0]
    assert answer["error"] == "unreachable"
