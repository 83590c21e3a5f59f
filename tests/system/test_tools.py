"""The commands around the server, end to end: the load test, the verifier, the admin calls, and
other people's tools on our output."""

import json
import os
import subprocess

import pytest

from support.api import Api
from support.server import run

pytestmark = [pytest.mark.every_engine, pytest.mark.any_queue]


@pytest.fixture
def server(start_server):
    return start_server()


@pytest.fixture
def admin(server):
    with Api(server.address, server.admin_key) as api:
        yield api


def load(server, *args, deadline_s=55):
    return run("load", "--url", server.url, "--data", server.data, *args, deadline_s=deadline_s)


def verify(server, *args):
    return run("verify", "--ledger", server.ledger_url, *args)


# Load and verify

def test_a_load_test_ends_with_a_history_that_verifies(server, admin, tmp_path):
    admin.put_campaign("loaded", stock=1000)
    history, out = tmp_path / "history.ndjson", tmp_path / "out"
    result = load(server, "--campaign", "loaded", "--requests", "2000", "--vus", "50",
                  "--history", history, "--out", out)
    assert result.returncode == 0, result.stdout + result.stderr
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    assert len(lines) == 2000
    assert {line["campaign"] for line in lines} == {"loaded"}
    assert sum(line["outcome"] == "issued" for line in lines) == 1000
    assert sum(line["outcome"] == "sold_out" for line in lines) == 1000
    for line in lines:
        assert {"campaign", "user", "key", "sent_ns", "got_ns", "status", "outcome", "rank",
                "code"} == line.keys()
        assert line["got_ns"] > line["sent_ns"]
    assert any(out.iterdir()), "a report was written"
    checked = verify(server, "--history", history)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert admin.campaign("loaded").json()["issued"] == 1000


@pytest.mark.bound_s(120)
def test_the_scenario_of_the_report_makes_its_campaign(server, admin, tmp_path):
    history = tmp_path / "history.ndjson"
    result = load(server, "--campaign", "drop", "--scenario", "drop-8668", "--history", history,
                  deadline_s=110)
    assert result.returncode == 0, result.stdout + result.stderr
    shown = admin.campaign("drop").json()
    assert (shown["stock"], shown["issued"], shown["state"]) == (4334, 4334, "sold_out")
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    assert len(lines) == 8668
    assert len({line["user"] for line in lines}) == 8668
    assert verify(server, "--history", history).returncode == 0


def test_a_scenario_says_when_the_campaign_is_another(server, admin):
    admin.put_campaign("drop", stock=7)
    result = load(server, "--campaign", "drop", "--scenario", "drop-8668")
    assert "drop" in result.stdout + result.stderr
    assert admin.campaign("drop").json()["stock"] == 7


def test_a_threshold_that_fails_is_exit_99(server, admin):
    admin.put_campaign("slow", stock=10)
    result = load(server, "--campaign", "slow", "--requests", "20", "--vus", "2",
                  "--threshold", "p(95)<0.000001ms")
    assert result.returncode == 99


def test_a_load_test_at_a_rate(server, admin, tmp_path):
    admin.put_campaign("rated", stock=1_000_000)
    history = tmp_path / "history.ndjson"
    result = load(server, "--campaign", "rated", "--rate", "500", "--duration", "1s",
                  "--history", history)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(history.read_text().splitlines()) == 500
    assert verify(server, "--history", history).returncode == 0


def test_a_load_test_without_a_server_says_so(server, tmp_path):
    server.stop()
    result = load(server, "--campaign", "c", "--requests", "1", "--vus", "1")
    assert result.returncode not in (0, 99)
    assert server.url.removeprefix("http://") in result.stderr


def test_a_load_test_of_a_campaign_that_is_not_there_says_so(server):
    result = load(server, "--campaign", "absent", "--requests", "1", "--vus", "1")
    assert result.returncode not in (0, 99)
    assert "absent" in result.stderr


@pytest.mark.parametrize("args", [
    ["--requests", "0"], ["--requests", "-1"], ["--vus", "0"], ["--rate", "0", "--duration", "1s"],
    ["--threshold", "nonsense"], ["--threshold", "p(95)<"], ["--scenario", "no-such"],
    ["--lang", "xx"], ["--rate", "abc"], ["--duration", "soon", "--rate", "1"],
])
def test_a_load_test_that_makes_no_sense_is_refused(server, admin, args):
    admin.put_campaign("c", stock=1)
    result = load(server, "--campaign", "c", *args)
    assert result.returncode not in (0, 99)
    assert result.stderr.strip()
    assert admin.campaign("c").json()["issued"] == 0


def test_a_load_test_report_in_korean(server, admin):
    admin.put_campaign("korean", stock=10)
    result = load(server, "--campaign", "korean", "--requests", "20", "--vus", "2", "--lang", "ko")
    assert result.returncode == 0, result.stdout + result.stderr
    assert any("가" <= character <= "힣" for character in result.stdout)


def test_verify_says_that_it_could_not_check(server, tmp_path):
    assert run("verify", "--ledger", f"sqlite:{tmp_path / 'absent.db'}").returncode == 2
    assert verify(server, "--history", tmp_path / "absent.ndjson").returncode == 2
    garbage = tmp_path / "garbage.ndjson"
    garbage.write_text("not a history\n")
    assert verify(server, "--history", garbage).returncode == 2
    assert run("verify").returncode == 2
    assert not (tmp_path / "absent.db").exists()


def test_verify_over_http_agrees(server, admin, tmp_path):
    admin.put_campaign("seen", stock=30)
    history = tmp_path / "history.ndjson"
    assert load(server, "--campaign", "seen", "--requests", "60", "--vus", "5",
                "--history", history).returncode == 0
    result = run("verify", "--url", server.url, "--data", server.data, "--history", history,
                 "--campaign", "seen")
    assert result.returncode == 0, result.stdout + result.stderr


def test_verify_judges_ledger_and_server_each_by_itself(server, admin, tmp_path):
    admin.put_campaign("twice", stock=5)
    history = tmp_path / "history.ndjson"
    load(server, "--campaign", "twice", "--requests", "10", "--vus", "2", "--history", history)
    result = verify(server, "--url", server.url, "--data", server.data, "--history", history)
    assert result.returncode == 0, result.stdout + result.stderr
    assert server.ledger_url in result.stdout and server.url in result.stdout
    assert result.stdout.count(" 1  cap ") == 2, result.stdout
    lines = history.read_text().splitlines()
    won = next(line for line in lines if '"issued"' in line)
    history.write_text("\n".join(line.replace('"rank":1,', '"rank":4000,') for line in lines))
    assert won and verify(server, "--url", server.url, "--data", server.data, "--history",
                          history).returncode == 1


def test_verify_works_beside_the_running_server_and_after_it(server, admin, tmp_path):
    admin.put_campaign("both", stock=5)
    history = tmp_path / "history.ndjson"
    load(server, "--campaign", "both", "--requests", "10", "--vus", "2", "--history", history)
    assert verify(server, "--history", history).returncode == 0
    server.stop()
    assert verify(server, "--history", history).returncode == 0


def test_verify_prints_a_line_a_promise(server, admin, tmp_path):
    admin.put_campaign("lines", stock=5)
    history = tmp_path / "history.ndjson"
    load(server, "--campaign", "lines", "--requests", "10", "--vus", "2", "--history", history)
    output = verify(server, "--history", history).stdout
    for number in range(1, 12):
        assert str(number) in output


# The admin calls

def campaign(server, *args):
    return run("campaign", *args, "--url", server.url, "--data", server.data)


def test_a_campaign_from_the_command_line(server, admin, tmp_path):
    assert campaign(server, "create", "cli", "--stock", "5").returncode == 0
    assert admin.campaign("cli").json()["stock"] == 5
    assert "cli" in campaign(server, "list").stdout
    assert "cli" in campaign(server, "show", "cli").stdout
    assert campaign(server, "update", "cli", "--stock", "6").returncode == 0
    assert admin.campaign("cli").json()["stock"] == 6
    assert admin.claim("cli", "ann").status == 201
    exported = campaign(server, "export", "cli")
    assert exported.returncode == 0
    assert "ann" in exported.stdout


def test_a_refused_admin_call_is_told(server):
    result = campaign(server, "create", "UPPER", "--stock", "5")
    assert result.returncode == 1
    assert "id" in result.stderr
    assert campaign(server, "show", "absent").returncode == 1


# Other people's tools

def test_promtool_finds_nothing_to_say_about_the_metrics(server, admin):
    admin.put_campaign("measured", stock=1)
    for user in ("a", "a", "b"):
        admin.claim("measured", user)
    text = admin.get("/metrics").body
    result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                            timeout=30)
    assert result.returncode == 0, result.stdout.decode() + result.stderr.decode()


def test_curl_from_the_banner_works(start_server):
    """The line to paste is one that works."""
    server = start_server(args=["--demo"])
    [line] = [line for line in server.log().splitlines() if line.strip().startswith("curl ")]
    result = subprocess.run(["sh", "-c", line.strip()], capture_output=True, text=True, timeout=30,
                            env={"PATH": os.environ["PATH"]}, cwd=str(server.data))
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["outcome"] == "issued"
