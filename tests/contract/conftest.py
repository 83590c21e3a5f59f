"""Fixtures of the contract's tests, which know the server by its HTTP alone: the same files run on
every engine."""

import json

import pytest

from support.api import path_of
from support.wire import Wire, request_bytes


def pytest_itemcollected(item):
    item.add_marker("every_engine")


@pytest.fixture
def wire(server):
    with Wire(server.address) as wire:
        yield wire


@pytest.fixture
def campaign(admin, names):
    """An open campaign with more than a test can take."""
    name = names.campaign("wire")
    assert admin.put_campaign(name, stock=1000).status == 201
    return name


@pytest.fixture
def claim_head(server, campaign):
    """claim_head(("Content-Length", "2")) -> a claim's bytes up to where its body begins"""

    def make(*fields):
        return request_bytes("POST", path_of("campaigns", campaign, "claims"),
                             [("Authorization", f"Bearer {server.issue_key}"),
                              ("Content-Type", "application/json"), *fields])

    return make


@pytest.fixture
def claim_bytes(server, campaign):
    """claim_bytes(user, headers) -> the bytes of a claim"""

    def make(user, headers=()):
        return request_bytes("POST", path_of("campaigns", campaign, "claims"),
                             [("Authorization", f"Bearer {server.issue_key}"), *headers],
                             json.dumps({"user": user}).encode())

    return make
