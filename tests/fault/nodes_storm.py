#!/usr/bin/env python3
"""A crowd before several nodes on one ledger, each user at two of them at once, while nodes and the
database are killed and come back:

    tests/fault/nodes_storm.py --users 100000 --stock 50000 [--nodes 3] [--kill-nodes 5]
        [--kill-database 2] [--freeze-nodes 5] [--reads 10000] [--seed 7]

With --reads it does another thing first: it claims and reads the coupon at once, at the node that
gave it and at another, with the replica late, and counts who did not find it.

Exit 0 when all promises held. When not, the history is left for inspection."""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("FIRSTCOME_ENGINE", "direct")

from support.api import Api  # noqa: E402
from support.crowd import misses, spread  # noqa: E402
from support.engine import the_engine  # noqa: E402
from support.history import Claim, write_history  # noqa: E402
from support.ports import free_port  # noqa: E402
from support.promises import check_full_is_not_broken, check_promises  # noqa: E402
from support.server import Server, run  # noqa: E402
from support.storm import Storm, claim_until_final  # noqa: E402

AT_A_TIME = 2000  # claims of one storm, which has a minute


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--stock", type=int, default=50_000)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--connections", type=int, default=100, help="at each node")
    parser.add_argument("--kill-nodes", type=int, default=0)
    parser.add_argument("--kill-database", type=int, default=0)
    parser.add_argument("--freeze-nodes", type=int, default=0)
    parser.add_argument("--reads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def storm(address, key, claims, connections):
    """In a process of its own. A node that is away is waited for; whom it refuses comes again."""
    attempts = []
    while claims:
        begun = Storm(address, key, claims[:AT_A_TIME], connections)
        attempts += begun.run()
        refused = [attempt.claim for attempt in begun.attempts if attempt.status == 503]
        claims = refused + claims[begun.sent:]
        if refused or not begun.sent:
            time.sleep(0.05)  # waits for nothing: it spares a server that cannot serve
    return attempts


def finish(address, key, claims, connections):
    attempts = []
    for begin in range(0, len(claims), AT_A_TIME):
        attempts += claim_until_final(address, key, claims[begin:begin + AT_A_TIME], connections)
    return attempts


class Trouble:
    """What goes wrong, one after the other, in an order that the seed decides."""

    def __init__(self, nodes, arguments):
        self.nodes = nodes
        self.rng = random.Random(arguments.seed)
        self.left = ([self.kill_node] * arguments.kill_nodes +
                     [self.kill_database] * arguments.kill_database +
                     [self.freeze_node] * arguments.freeze_nodes)
        self.rng.shuffle(self.left)

    def next(self):
        if self.left:
            self.left.pop()()

    def kill_node(self):
        node = self.rng.choice(self.nodes)
        node.kill()
        node.restart()

    def kill_database(self):
        the_engine().primary.kill()
        time.sleep(self.rng.random())
        the_engine().primary.start()

    def freeze_node(self):
        node = self.rng.choice(self.nodes)
        node.process.send_signal(signal.SIGSTOP)
        time.sleep(self.rng.random() * 5)
        node.process.send_signal(signal.SIGCONT)


def start_nodes(place, count, ports):
    nodes = [Server(place / "node-0", listen=f"127.0.0.1:{ports[0]}").start()]
    nodes += [Server(place / f"node-{n}", listen=f"127.0.0.1:{ports[n]}", beside=nodes[0]).start()
              for n in range(1, count)]
    return nodes


def rush(nodes, claims, arguments):
    trouble = Trouble(nodes, arguments)
    lists = spread(claims, len(nodes), random.Random(arguments.seed))
    # A fork would share what ends with us: servers and threads.
    with ProcessPoolExecutor(len(nodes), mp_context=get_context("spawn")) as pool:
        running = [pool.submit(storm, node.address, node.issue_key, sent, arguments.connections)
                   for node, sent in zip(nodes, lists)]
        time.sleep(1)
        while not all(one.done() for one in running):
            trouble.next()
            time.sleep(0.5 + trouble.rng.random())
        attempts = [attempt for one in running for attempt in one.result()]
    print(f"{len(attempts)} attempts, {len(trouble.left)} troubles were left")
    return attempts


def main():
    arguments = parse_arguments()
    place = Path(tempfile.mkdtemp(prefix="firstcome-nodes-"))
    nodes = start_nodes(place, arguments.nodes, [free_port() for _ in range(arguments.nodes)])
    attempts = []
    try:
        with Api(nodes[0].address, nodes[0].admin_key) as admin:
            assert admin.put_campaign("drop", stock=arguments.stock).status == 201
            assert admin.put_campaign("read", stock=arguments.reads).status == 201
        if arguments.reads:
            the_engine().replica.delay(1)
            missed = misses([Api(node.address, node.admin_key) for node in nodes], "read",
                            arguments.reads)
            the_engine().replica.delay(0)
            print(f"{arguments.reads} coupons read right after they were given, {missed} missed")
            assert missed == 0
        claims = [Claim("drop", f"u{n}") for n in range(arguments.users)]
        begin = time.monotonic()
        attempts = rush(nodes, claims, arguments)
        print(f"the crowd took {time.monotonic() - begin:.1f} s")
        attempts += finish(nodes[-1].address, nodes[-1].issue_key, claims, arguments.connections)
        with Api(nodes[0].address, nodes[0].admin_key) as admin:
            coupons = admin.all_coupons("drop")
        check_full_is_not_broken(attempts)
        check_promises(attempts, coupons, arguments.stock, all_answered=True)
        write_history(place / "history.ndjson", attempts)
        result = run("verify", "--ledger", nodes[0].ledger_url, "--history",
                     place / "history.ndjson", "--campaign", "drop", deadline_s=600)
        print(result.stdout + result.stderr)
        assert result.returncode == 0
    except BaseException:
        write_history(place / "history.ndjson", attempts)
        print(f"seed {arguments.seed}; the history is in {place}; the nodes said:", *[
            node.log() for node in nodes], sep="\n", file=sys.stderr)
        raise
    finally:
        for node in nodes:
            node.kill()
        the_engine().close()
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
