"""What the measurements share: servers started and ended, wrk run, CPU and memory read, tables.

Every figure is a ratio to a peer that ran in the same minute on the same machine, because machines
are noisy: rounds alternate between the two, and the median of the rounds' ratios is what counts.
Only loopback; every run is bounded in time; processes are ended by their ids.
"""

import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "build/release/firstcome"
FILL = ROOT / "build/release/bench/firstcome_fill"
ONE_ROW = ROOT / "build/release/bench/firstcome_mysql_one_row"
CLAIM_LUA = ROOT / "bench/claims.lua"
SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))


def prepare():
    """Installs the peers and builds what is measured."""
    subprocess.run([ROOT / "deps/install.sh", "run", "nodes", "bench"], check=True)
    subprocess.run([ROOT / "cmake/build.sh", "release", "firstcome", "firstcome_fill",
                    "firstcome_mysql_one_row"], check=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"a server ended at its start with code {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.005)
    raise SystemExit("a server did not listen in time")


class Server:
    """firstcome on a free port with a data directory of its own."""

    def __init__(self, data, *flags):
        self.port = free_port()
        self.data = pathlib.Path(data)
        self.log = open(self.data / "server.log", "w")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [BINARY, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", data, *flags],
            stderr=self.log)
        wait_for_port(self.port, self.process)
        self.ready_s = time.monotonic() - self.started
        self.url = f"http://127.0.0.1:{self.port}"
        self.issue_key = (self.data / "issue.key").read_text().strip()
        self.admin_key = (self.data / "admin.key").read_text().strip()

    def request(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.admin_key}",
                     "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def campaign(self, name, **settings):
        self.request("PUT", f"/v1/campaigns/{name}", settings)

    def cpu_s(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        self.log.close()


class Nginx:
    """The yardstick: one worker that answers every request with a fixed coupon, or what `config`
    says, with `values` filled in."""

    CONFIG = """
worker_processes 1; daemon off; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  default_type application/json;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 '{body}'; }}
  }}
}}
"""
    BODY = ('{"outcome":"issued","campaign":"big","rank":123456,"user":"u-1-123456","nth":1,'
            '"code":"QBVDC3ZPAE83A0BE","issued_at":"2026-11-22T14:27:35.304Z","expires_at":null}')

    def __init__(self, directory, config=CONFIG, **values):
        self.port = free_port()
        file = pathlib.Path(directory) / "nginx.conf"
        file.write_text(config.format(directory=directory, port=self.port, body=self.BODY,
                                      **values))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", file, "-e", "stderr"],
                                        stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


class WrkResult:
    def __init__(self, text):
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
        self.requests = int(re.search(r"(\d+) requests in", text)[1])
        self.p99_ms = self.milliseconds(re.search(r"99%\s+([\d.]+)(us|ms|s)", text))
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        self.refused = int(refused[1]) if refused else 0
        errors = re.search(r"Socket errors: (.*)", text)
        self.errors = errors[1] if errors else ""

    @staticmethod
    def milliseconds(match):
        return float(match[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[match[2]]


run_number = 0


def wrk(url, key, users="new", campaigns="big", connections=256, seconds=None, prefix="r",
        timeout_s=2):
    """Claims from every connection. users: `new` each time, or `same` for all. Their names begin
    with the prefix. A reply later than the timeout is an error."""
    global run_number
    run_number += 1
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds or SECONDS:g}s", "--latency",
               f"--timeout={timeout_s}s", "-s", CLAIM_LUA, url, "--", key, users, campaigns,
               f"{prefix}{run_number}"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if run.returncode != 0:
        raise SystemExit(f"wrk failed: {run.stderr or run.stdout}")
    result = WrkResult(run.stdout)
    if result.errors:
        raise SystemExit(f"wrk saw socket errors: {result.errors}")
    return result


@contextlib.contextmanager
def scratch():
    """A directory on the real disk, beside the build, because a sync to a tmpfs costs nothing."""
    (ROOT / "build").mkdir(exist_ok=True)
    directory = tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build")
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def fill(data, coupons, campaign="big"):
    """A ledger with that many coupons of one campaign, made by the ledger's own commits."""
    subprocess.run([FILL, f"{data}/ledger.db", campaign, str(coupons)], check=True)


median = statistics.median


def table(title, columns, rows):
    print(f"\n{title}\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)
