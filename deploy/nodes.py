#!/usr/bin/env python3
"""Many nodes on this machine, to try: a MariaDB with a replica, Redis, and N firstcome nodes on
them, all on free ports of loopback with temporary files. Ctrl-C ends all of it."""

import argparse
import contextlib
import secrets
import shlex
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.daemon import DidNotStart  # noqa: E402
from support.engine import ENGINES  # noqa: E402
from support.node import Node, binary  # noqa: E402

NODES, NODES_MAX = 2, 32
ENGINE_HELP = {"redis": "one Redis (the default)",
               "sentinel": "a Redis with a replica, and three Sentinels",
               "cluster": "a Redis Cluster of six", "direct": "no Redis"}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./run nodes", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=NODES, metavar="N",
                        help=f"how many nodes, {NODES} when it is left out")
    engine = parser.add_mutually_exclusive_group()
    for name, text in ENGINE_HELP.items():
        engine.add_argument(f"--{name}", dest="engine", action="store_const", const=name,
                            help=text)
    parser.set_defaults(engine="redis")
    arguments = parser.parse_args()
    if not 1 <= arguments.count <= NODES_MAX:
        parser.error(f"N is 1 to {NODES_MAX}")
    return arguments


def make_key(file):
    file.touch(mode=0o600)
    file.write_text(secrets.token_urlsafe(24) + "\n")
    return file


def say(text=""):
    print(text, file=sys.stderr, flush=True)


class Nodes:
    """Services first, then nodes; `cleanup` ends them the other way round, so that a node finishes
    what it has given tickets for."""

    def __init__(self, engine, count, cleanup):
        self.engine = cleanup.enter_context(contextlib.closing(ENGINES[engine]()))
        self.place = Path(cleanup.enter_context(
            tempfile.TemporaryDirectory(prefix="firstcome-nodes-")))
        self.keys = {name: make_key(self.place / f"{name}.key") for name in ("admin", "issue")}
        self.ledger, queue = self.engine.new_ledger("firstcome")
        shared = ["--ledger", self.ledger, "--queue", queue,
                  "--admin-key-file", self.keys["admin"], "--issue-key-file", self.keys["issue"]]
        self.nodes = [Node(number, map(str, shared + (["--demo"] if number == 1 else [])))
                      for number in range(1, count + 1)]
        for node in self.nodes:
            cleanup.enter_context(node)
            cleanup.callback(node.stop)

    def daemons(self):
        return [*self.nodes, *self.engine.daemons()]

    def banner(self):
        nodes = [(node.name, _place(node, node.url)) for node in self.nodes]
        services = [(each.name, _place(each, each.host_and_port))
                    for each in self.engine.daemons()]
        keys = [(f"{name} key", file) for name, file in self.keys.items()]
        campaign = [("campaign", "demo: 100 coupons, one to a user")]
        return "\n".join([
            "", f"firstcome, {len(self.nodes)} of them",
            *(f"  {name:<17}{value}" for name, value in nodes + services + keys + campaign),
            "", "  In another terminal, claim a coupon at each node:", "",
            *(f"  {self._curl(node)}" for node in self.nodes),
            "", "  Check the promises:", "", f"  {self._verify()}",
            "", "  Kill any by its process number and see. Ctrl-C ends all, and nothing is left.",
            ""])

    def _curl(self, node):
        return (f"curl -sSw '\\n' {node.url}/v1/campaigns/demo/claims "
                f'-H "Authorization: Bearer $(cat {self.keys["issue"]})" '
                f"-H 'Content-Type: application/json' -d '{{\"user\": \"u{node.number}\"}}'")

    def _verify(self):
        return shlex.join([str(binary()), "verify", "--ledger", self.ledger])

    def watch(self):
        """Says what ends, whoever ended it; the others go on, until no node is left."""
        alive = self.daemons()
        while any(node.is_alive() for node in self.nodes):
            time.sleep(0.2)
            for daemon in [daemon for daemon in alive if not daemon.is_alive()]:
                alive.remove(daemon)
                say(f"{daemon.name} has ended ({_how(daemon.process.returncode)}); its log: "
                    f"{daemon.log_file}")


def _place(daemon, address):
    return f"{address:<24}process {daemon.pid:<9}log {daemon.log_file}"


def _how(code):
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name


def main():
    arguments = parse_arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with contextlib.ExitStack() as cleanup:
            nodes = Nodes(arguments.engine, arguments.count, cleanup)
            say(nodes.banner())
            nodes.watch()
        return "firstcome: no node is left"
    except DidNotStart as reason:
        return f"firstcome: {reason}"
    except KeyboardInterrupt:
        return None


if __name__ == "__main__":
    sys.exit(main())
