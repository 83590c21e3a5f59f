#!/usr/bin/env python3
"""Kills the server in the middle of storms, round after round, and checks the promises each time:

    tests/fault/kill_rounds.py --rounds 500 [--seed 7] [--power]

With --power what was not synced is lost, too, as when the power is cut.

Exit 0 when all promises held. A round that fails prints its seed and number, and leaves the data
directory and the history for inspection."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.history import write_history  # noqa: E402
from support.kill_rounds import KillRounds  # noqa: E402
from support.power_cuts import PowerCuts  # noqa: E402
from support.shim import SyncShim  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--power", action="store_true")
    return parser.parse_args()


def make_rounds(place, arguments):
    if not arguments.power:
        return KillRounds(place / "data", arguments.seed)
    (place / "shim").mkdir()
    return PowerCuts(place / "data", arguments.seed, SyncShim(place / "shim"))


def main():
    arguments = parse_arguments()
    place = Path(tempfile.mkdtemp(prefix="firstcome-kill-"))
    rounds = make_rounds(place, arguments)
    number = 0
    try:
        for number in range(1, arguments.rounds + 1):
            rounds.run_round(number)
            print(f"\rround {number}/{arguments.rounds}, {rounds.kills} kills, "
                  f"{len(rounds.attempts)} attempts", end="", flush=True)
        rounds.check_all(place / "history.ndjson")
    except BaseException:
        print(f"\nseed {arguments.seed}, round {number}; data and history are in {place}; "
              f"the server said:\n{rounds.server.log()}", file=sys.stderr)
        write_history(place / "history.ndjson", rounds.attempts)
        raise
    finally:
        rounds.close()
    coupons = sum(len(coupons) for coupons in rounds.exports.values())
    print(f"\n{rounds.kills} kills in {arguments.rounds} rounds, {coupons} coupons: "
          "all promises kept")
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
