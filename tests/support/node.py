"""A firstcome node among others: a port and a directory of its own; the keys, the ledger and the
queue are everybody's, and given by the arguments and the environment."""

import os
from pathlib import Path

from support.api import Api
from support.daemon import Daemon

ROOT = Path(__file__).resolve().parents[2]


def binary():
    return Path(os.environ.get("FIRSTCOME_BINARY", ROOT / "build/release/firstcome")).resolve()


class Node(Daemon):
    def __init__(self, number, serve_args):
        super().__init__(f"node-{number}")
        self.number = number
        self._serve_args = list(serve_args)

    def _command(self):
        return [str(binary()), "serve", f"--listen={self.host_and_port}",
                f"--data={self.directory / 'data'}", *self._serve_args]

    def _answers(self):
        with Api(self.address, None, timeout_s=1) as api:
            return api.get("/readyz").status == 200

    @property
    def url(self):
        return f"http://{self.host_and_port}"
