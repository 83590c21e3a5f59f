"""Requests that reach the ledger in one batch: each is answered as if it had come alone."""

import pytest

from support.api import Api, path_of
from support.shim import SyncShim
from support.wire import Wire, request_bytes


@pytest.fixture
def shim(tmp_path):
    directory = tmp_path / "shim"
    directory.mkdir()
    shim = SyncShim(directory)
    yield shim
    shim.release()


class Together:
    """Sends requests while a commit is held at the disk, so that they form the next batch in the
    order in which they were sent. Each has a connection of its own."""

    def __init__(self, server, shim):
        self.server = server
        self.shim = shim

    def _bytes(self, method, path, body):
        return request_bytes(method, path, [("Authorization", f"Bearer {self.server.admin_key}")],
                             body)

    def send(self, *requests):
        """-> replies"""
        self.shim.hold()
        with Wire(self.server.address) as ahead:
            ahead.send(self._bytes("PUT", path_of("campaigns", "ahead"), b'{"stock": 1}'))
            self.shim.wait_held()
            wires = []
            for request in requests:
                wires.append(Wire(self.server.address))
                wires[-1].send(self._bytes(*request))
                self._wait_read(wires[-1])
            self.shim.release()
            assert ahead.reply().status in (200, 201)
            replies = [wire.reply() for wire in wires]
        for wire in wires:
            wire.close()
        return replies

    def _wait_read(self, _wire):
        """One I/O thread serves the connections in order: an answer on a newer one shows that the
        request before was read."""
        with Api(self.server.address, None) as api:
            assert api.get("/livez").status == 200


@pytest.fixture
def together(start_server, shim):
    return Together(start_server(env=shim.env, args=["--io-threads", "1"]), shim)


def put(campaign, body):
    return ("PUT", path_of("campaigns", campaign), body)


BAD_WINDOW = (b'{"stock": 1, "opens_at": "2030-01-02T00:00:00Z",'
              b' "closes_at": "2030-01-01T00:00:00Z"}')


def test_a_refused_campaign_leaves_those_beside_it_alone(together):
    replies = together.send(put("good1", b'{"stock": 1}'), put("bad", BAD_WINDOW),
                            put("good2", b'{"stock": 2}'), put("good3", b'{"stock": 3}'))
    assert [reply.status for reply in replies] == [201, 400, 201, 201]
    server = together.server

    def check():
        with Api(server.address, server.admin_key) as admin:
            assert admin.campaign("bad").status == 404
            for campaign, stock in (("good1", 1), ("good2", 2), ("good3", 3)):
                assert admin.campaign(campaign).json()["stock"] == stock
                assert admin.claim(campaign, "u").status in (200, 201)

    check()
    assert server.stop() == 0
    server.restart()
    check()


def test_the_same_campaign_made_twice_is_made_once(together):
    replies = together.send(put("twice", b'{"stock": 1}'), put("twice", b'{"stock": 2}'),
                            ("PATCH", path_of("campaigns", "twice"), b'{"name": "n"}'),
                            put("after", b'{"stock": 3}'))
    # A patch may find that the campaign is not there yet: who asks before the PUT is answered
    # cannot know.
    assert [reply.status for reply in replies[:2]] == [201, 200]
    assert replies[2].status in (200, 404)
    assert replies[3].status == 201
    server = together.server
    server.kill()
    server.restart()
    with Api(server.address, server.admin_key) as admin:
        assert admin.campaign("twice").json()["stock"] == 2
        assert admin.campaign("after").json()["stock"] == 3


def claim(campaign, user):
    return ("POST", path_of("campaigns", campaign, "claims"), b'{"user": "%s"}' % user.encode())


def test_claims_and_changes_in_one_batch(together):
    server = together.server
    with Api(server.address, server.admin_key) as admin:
        for campaign in ("a", "b"):
            assert admin.put_campaign(campaign, stock=2).status == 201
    replies = together.send(claim("a", "u1"), claim("b", "u1"), claim("a", "u2"), claim("a", "u3"),
                            claim("a", "u1"), claim("b", "u2"), claim("b", "u3"))
    assert [reply.status for reply in replies] == [201, 201, 201, 409, 200, 201, 409]
    assert [reply.json().get("rank") for reply in replies] == [1, 1, 2, None, 1, 2, None]


def test_a_stock_lowered_beside_claims_is_never_overdrawn(together):
    """Promise 1."""
    server = together.server
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign("cap", stock=5).status == 201
    users = [f"u{number}" for number in range(5)]
    replies = together.send(*(claim("cap", user) for user in users),
                            ("PATCH", path_of("campaigns", "cap"), b'{"stock": 3}'))
    won = sum(reply.status == 201 for reply in replies[:-1])
    with Api(server.address, server.admin_key) as admin:
        shown = admin.campaign("cap").json()
    assert shown["issued"] == won <= shown["stock"]
    assert replies[-1].status == (200 if shown["stock"] == 3 else 409)
