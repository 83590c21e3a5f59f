"""A server of a ledger whose access to the database is its own, and can be taken away."""

from urllib.parse import urlsplit


class AnotherUser:
    """A second user of a server's database, so that one server alone can be cut off from it."""

    def __init__(self, ledger, beside):
        parts = urlsplit(beside.ledger_url)
        self._ledger, self._name = ledger, f"{parts.username}_2"
        account = f"'{self._name}'@'127.0.0.1'"
        ledger.sql(f"CREATE USER {account} IDENTIFIED BY '{parts.password}';"
                   f"GRANT ALL ON `{parts.path[1:]}`.* TO {account};")
        self.serve_args = ["--ledger", ledger.url(self._name, parts.password, parts.path[1:]),
                           "--queue", beside.queue_url]

    def cut_off(self):
        self._ledger.sql(f"ALTER USER '{self._name}'@'127.0.0.1' ACCOUNT LOCK")
        self._ledger.drop_connections(self._name)
