"""A client of the HTTP API: one kept-alive connection, one request at a time."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import quote, urlencode

TIMEOUT_S = 30


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a JSON object with a name twice: {names}"
    return dict(pairs)


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body.decode("utf-8"), object_pairs_hook=no_duplicates)

    @property
    def content_type(self):
        return self.headers.get("Content-Type", "").split(";")[0].strip()

    @property
    def code(self):
        """The problem's code; the reply must be a problem in the form of RFC 9457."""
        return self.problem()["code"]

    def problem(self):
        assert self.content_type == "application/problem+json", self
        problem = self.json()
        assert {"type", "title", "status", "code", "detail"} <= problem.keys(), problem
        assert problem["status"] == self.status, problem
        for name in ("type", "title", "code", "detail"):
            assert isinstance(problem[name], str) and problem[name], problem
        return problem


def path_of(*parts):
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


class Api:
    """Any status is a reply. A connection that breaks is an OSError or http.client.HTTPException,
    and the next request connects again."""

    def __init__(self, address, key, timeout_s=TIMEOUT_S):
        self.address = address
        self.key = key
        self._connection = http.client.HTTPConnection(*address, timeout=timeout_s)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._connection.close()

    def request(self, method, path, body=None, headers=None):
        """`body` is bytes sent as they are, or a value sent as JSON, or None for no body."""
        headers = dict(headers or {})
        if self.key is not None:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
        try:
            self._connection.request(method, path, body=body, headers=headers)
            response = self._connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def get(self, path, **query):
        query = {name: value for name, value in query.items() if value is not None}
        return self.request("GET", path + ("?" + urlencode(query) if query else ""))

    # Campaigns

    def put_campaign(self, campaign, **settings):
        return self.request("PUT", path_of("campaigns", campaign), settings)

    def patch_campaign(self, campaign, **settings):
        return self.request("PATCH", path_of("campaigns", campaign), settings)

    def campaign(self, campaign):
        return self.get(path_of("campaigns", campaign))

    def issued(self, campaign):
        return self.campaign(campaign).json()["issued"]

    def campaigns(self, limit=None, cursor=None):
        return self.get("/v1/campaigns", limit=limit, cursor=cursor)

    # Claims

    def claim(self, campaign, user, key=None):
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.request("POST", path_of("campaigns", campaign, "claims"), {"user": user},
                            headers)

    def claim_status(self, campaign, user):
        return self.get(path_of("campaigns", campaign, "claims", user))

    # Listings

    def coupons(self, campaign, limit=None, cursor=None):
        return self.get(path_of("campaigns", campaign, "coupons"), limit=limit, cursor=cursor)

    def user_coupons(self, user, limit=None, cursor=None):
        return self.get(path_of("users", user, "coupons"), limit=limit, cursor=cursor)

    def all_pages(self, path, limit=None):
        """Every item of a listing, page after page."""
        items, cursor = [], None
        while True:
            reply = self.get(path, limit=limit, cursor=cursor)
            assert reply.status == 200, reply
            page = reply.json()
            assert page.keys() == {"data", "has_more", "next_cursor"}, page.keys()
            assert len(page["data"]) <= (limit or len(page["data"])), "a page is over its limit"
            items += page["data"]
            if not page["has_more"]:
                assert page["next_cursor"] is None, page["next_cursor"]
                return items
            assert page["data"], "an empty page that promises more never ends"
            cursor = page["next_cursor"]

    def all_coupons(self, campaign, limit=1000):
        return self.all_pages(path_of("campaigns", campaign, "coupons"), limit)
