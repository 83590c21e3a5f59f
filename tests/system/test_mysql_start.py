"""A server that cannot keep its promises on a MariaDB does not start, and says in one line what to
change. No password is shown anywhere."""

import re
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from support.api import Api
from support.database_product import PRODUCT
from support.engine import the_engine
from support.names import Names
from support.ports import free_port
from support.server import run

pytestmark = [pytest.mark.nodes, pytest.mark.any_queue]

PASSWORD = "a-password-that-nobody-may-see"
GRANT = "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON "


class Database:
    """An empty one, and a user who may do all that a ledger needs."""

    def __init__(self, mariadb):
        self.mariadb = mariadb
        self.name = Names().user().replace("-", "_")
        self.user = f"'{self.name}'@'127.0.0.1'"
        self.sql(f"CREATE DATABASE {self.name};"
                 f"CREATE USER {self.user} IDENTIFIED BY '{PASSWORD}';"
                 f"{GRANT}{self.name}.* TO {self.user}")

    def sql(self, text):
        return self.mariadb.sql(text)

    def url(self, options="", host_and_port=None):
        where = host_and_port or self.mariadb.host_and_port
        return f"mysql://{self.name}:{PASSWORD}@{where}/{self.name}{options}"


@pytest.fixture
def mariadb():
    return the_engine().primary


@pytest.fixture
def database(mariadb):
    return Database(mariadb)


@pytest.fixture
def ledger(database, data_dir, start_server):
    """A database with a ledger in it."""
    start_server(on=on(database.url())).stop()
    return database


def on(url):
    return ["--ledger", url, "--queue", "memory:"]


@contextmanager
def setting(mariadb, name, value):
    before = mariadb.variable(f"GLOBAL.{name}")
    mariadb.sql(f"SET GLOBAL {name} = {value}")
    try:
        yield
    finally:
        mariadb.sql(f"SET GLOBAL {name} = '{before}'" if not before.isdigit() else
                    f"SET GLOBAL {name} = {before}")


def refusal(data, url, *args):
    """-> the one line that it says"""
    result = run("serve", "--listen", "127.0.0.1:0", "--data", data, *on(url), *args)
    assert result.returncode == 1, result
    assert re.fullmatch(r"firstcome: [^\n]+\n", result.stderr), result.stderr
    for secret in (PASSWORD, urlsplit(url).password):
        assert secret is None or secret not in result.stdout + result.stderr
    return result.stderr.strip()


def test_a_wrong_password(database, data_dir):
    url = database.url().replace(PASSWORD, "wrong-password")
    assert refusal(data_dir, url) == (
        f"firstcome: MySQL: cannot connect to the ledger at {database.mariadb.host_and_port}: "
        f"Access denied for user {database.user} (using password: YES) (error 1045); the user or "
        "the password in the URL is wrong, or the user may not log in from here")


def test_an_unknown_host(database, data_dir):
    said = refusal(data_dir, database.url(host_and_port="no-such-host.invalid:3306"))
    assert "at no-such-host.invalid:3306: " in said
    assert said.endswith("there is no host of that name: correct the URL")


def test_a_port_where_nobody_listens(database, data_dir):
    where = f"127.0.0.1:{free_port()}"
    said = refusal(data_dir, database.url(host_and_port=where))
    assert f"at {where}: " in said
    assert said.endswith("is the server running, and are host and port right?")


def test_a_database_that_is_none_or_not_ours(database, data_dir):
    url = database.url()
    said = refusal(data_dir, url[:url.rindex("/")] + "/another")
    assert f"Access denied for user {database.user} to database 'another'" in said
    assert "correct the URL, or GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON" in said


def test_a_database_that_does_not_exist(database, data_dir):
    database.sql(f"{GRANT}*.* TO {database.user}")
    said = refusal(data_dir, re.sub("/[^/]*$", "/no_such_database", database.url()))
    assert said.endswith("Unknown database 'no_such_database' (error 1049); there is no such "
                         "database: CREATE DATABASE, or correct the URL")


@pytest.mark.parametrize("privilege", ["SELECT", "INSERT", "UPDATE", "DELETE"])
def test_a_missing_privilege(ledger, data_dir, privilege):
    ledger.sql(f"REVOKE {privilege} ON {ledger.name}.* FROM {ledger.user}")
    said = refusal(data_dir, ledger.url())
    assert GRANT in said
    if privilege == "SELECT":  # needed to find out about the others
        assert "SELECT command denied" in said
        return
    assert said == (f"firstcome: the user {ledger.user} lacks {privilege}: "
                    f"{GRANT}`{ledger.name}`.* TO {ledger.user}")


def test_no_privilege_to_make_the_tables(database, data_dir):
    database.sql(f"REVOKE CREATE ON {database.name}.* FROM {database.user}")
    said = refusal(data_dir, database.url())
    assert "CREATE command denied" in said and GRANT in said


def test_without_the_privilege_to_make_tables_a_ledger_that_is_there_is_used(
        ledger, data_dir, start_server):
    ledger.sql(f"REVOKE CREATE ON {ledger.name}.* FROM {ledger.user}")
    start_server(on=on(ledger.url()))


def test_a_schema_of_a_newer_firstcome(ledger, data_dir):
    ledger.sql(f"UPDATE {ledger.name}.meta SET value = '99' WHERE name = 'schema_version'")
    assert refusal(data_dir, ledger.url()) == (
        "firstcome: the ledger has schema version 99, this firstcome knows 1: run a newer "
        "firstcome")


def test_a_database_of_something_else(database, data_dir):
    database.sql(f"CREATE TABLE {database.name}.orders (id INT)")
    assert refusal(data_dir, database.url()) == (
        "firstcome: the database holds the table orders, but no firstcome ledger: give it a "
        "database of its own")
    assert database.sql(f"SHOW TABLES FROM {database.name}") == [("orders",)], "nothing was made"


def test_no_migrate_on_an_empty_database(database, data_dir):
    said = refusal(data_dir, database.url(), "--no-migrate")
    assert said.endswith("run serve once without --no-migrate to make one")
    assert database.sql(f"SHOW TABLES FROM {database.name}") == []


@pytest.mark.parametrize("name, value, to_do", [
    ("innodb_flush_log_at_trx_commit", "2", "SET GLOBAL innodb_flush_log_at_trx_commit = 1"),
    ("sync_binlog", "0", "SET GLOBAL sync_binlog = 1"),
    ("read_only", "ON", "SET GLOBAL read_only = OFF"),
])
def test_a_server_that_would_lose_coupons_or_take_none(database, mariadb, data_dir, name, value,
                                                       to_do):
    with setting(mariadb, name, value):
        said = refusal(data_dir, database.url())
    assert said.startswith(f"firstcome: the server at {mariadb.host_and_port} cannot keep what a "
                           "ledger promises: ")
    assert name in said and to_do in said


def test_all_that_is_wrong_is_said_at_once(database, mariadb, data_dir):
    with setting(mariadb, "innodb_flush_log_at_trx_commit", "0"), \
            setting(mariadb, "sync_binlog", "0"):
        said = refusal(data_dir, database.url())
    assert "(1) innodb_flush_log_at_trx_commit is 0" in said and "(2) sync_binlog is 0" in said


def test_a_replica_given_as_the_primary(database, mariadb, data_dir):
    mariadb.replica.wait_caught_up()
    said = refusal(data_dir, database.url(host_and_port=mariadb.replica.host_and_port))
    assert "it is read only (read_only is ON): give the primary" in said


def test_semi_sync_where_it_is_required(database, mariadb, data_dir):
    with setting(mariadb, f"{PRODUCT.semi_sync}_enabled", "OFF"):
        said = refusal(data_dir, database.url("?semi_sync=required"))
    mariadb.wait_for_replica_at_commit()
    assert "replication is off; " in said
    assert f"SET GLOBAL {PRODUCT.semi_sync}_enabled = ON" in said


@pytest.mark.parametrize("options, why", [
    ("?pool=0", "the option pool is '0', not 1 to 1000"),
    ("?pool=many", "the option pool is 'many', not 1 to 1000"),
    ("?pol=8", "there is no option 'pol', only replica, pool"),
    ("?pool=8&pool=9", "the option 'pool' is given twice"),
    ("?wait_ms", "the option 'wait_ms' has no value"),
    ("?replica=", "a replica is '', not host:port"),
    ("?tls=perhaps", "the option tls is 'perhaps', not off or on or verify"),
    ("?semi_sync=on", "the option semi_sync is 'on', not advised or required"),
    ("?tls_ca=/ca.pem", "the option tls_ca is of use with tls=verify only"),
])
def test_wrong_options_of_the_url(database, data_dir, options, why):
    assert refusal(data_dir, database.url(options)).startswith(
        f"firstcome: flag --ledger: the ledger's URL: {why}")


@pytest.mark.parametrize("url", [
    "mysql://shop:{password}@db/", "mysql://shop:{password}/@db/shop", "mysql:shop:{password}@db",
    "mysql://shop:x@{password}@db/shop", "mysql://shop:%{password}@db/shop",
    "mysqls://shop:{password}@db/shop", "shop:{password}@db/shop", "mysql://{password}"])
def test_an_url_that_cannot_be_read_is_not_shown(data_dir, url):
    url = url.format(password=PASSWORD)
    for flag in ((), ("--print-config",), ("--check-config",)):
        refusal(data_dir, url, *flag)
    result = run("verify", "--ledger", url)
    assert result.returncode == 2 and PASSWORD not in result.stdout + result.stderr


def test_a_server_that_runs_shows_no_password(database, data_dir, start_server):
    url = database.url(f"?replica={database.mariadb.replica.host_and_port}")
    server = start_server(on=on(url))
    with Api(server.address, None) as api:
        shown = [api.get(path).body.decode() for path in ("/readyz?verbose", "/metrics")]
    printed = run("serve", "--print-config", "--ledger", url)
    server.stop()
    for text in (*shown, printed.stdout, printed.stderr, server.log()):
        assert PASSWORD not in text
    for text in (printed.stdout, server.log()):
        assert f"{database.name}:***@" in text


def test_what_is_only_a_pity_is_warned_of_once(database, mariadb, data_dir, start_server):
    url = database.url(f"?replica={mariadb.replica.host_and_port}")
    with setting(mariadb, f"{PRODUCT.semi_sync}_enabled", "OFF"):
        server = start_server(on=on(url))
    mariadb.wait_for_replica_at_commit()
    server.stop()
    [warning] = [line for line in server.log().splitlines() if " warning " in line]
    assert "a failover to a replica can lose issued coupons: semi-synchronous replication is off" \
        in warning
