"""A campaign whose server leads it, and claims in it."""

from support.api import Api


def make(server, campaign, **settings):
    with Api(server.address, server.admin_key) as admin:
        assert admin.put_campaign(campaign, **settings).status == 201
        # A server that has just issued holds the lease, looks at the queue, and recalls.
        assert admin.claim(campaign, "warm").status == 201


def claim(server, campaign, user, key=None):
    with Api(server.address, server.issue_key) as api:
        return api.claim(campaign, user, key)


def status(server, campaign, user):
    with Api(server.address, server.issue_key) as api:
        return api.claim_status(campaign, user)


def outcome_at(server, campaign, user):
    """-> the outcome that its status has, or the status code where there is none"""
    found = status(server, campaign, user)
    return found.json()["outcome"] if found.status == 200 else found.status
