"""The rounds of kill_rounds with the power cut instead: not only the process ends, what it had not
synced is gone as well. Of each file of the ledger either all or nothing that was written since its
last sync has reached the disk; chance decides which. Now and then it is a plain kill, so that a
server comes back on bytes that nobody has synced, and the power is cut after it has answered from
them."""

import shutil

from support.kill_rounds import KillRounds

LEDGER_FILES = ("ledger.db", "ledger.db-wal")


class PowerCuts(KillRounds):
    def __init__(self, data, seed, shim):
        super().__init__(data, seed, env=shim.env)
        self.synced = shim.synced
        self.synced.mkdir()
        self.cuts = 0

    def _end_abruptly(self):
        super()._end_abruptly()
        if self.rng.random() < 0.7:
            self._lose_what_was_not_synced()

    def _lose_what_was_not_synced(self):
        self.cuts += 1
        for name in LEDGER_FILES:
            if self.rng.random() < 0.7:
                self.take_back(name)
            self._is_on_disk_now(name)
        # The index of the log is no file to rely on: SQLite makes it anew.
        (self.server.data / "ledger.db-shm").unlink(missing_ok=True)

    def take_back(self, name):
        file = self.server.data / name
        if (self.synced / name).exists():
            shutil.copyfile(self.synced / name, file)
        else:
            file.unlink(missing_ok=True)

    def _is_on_disk_now(self, name):
        file = self.server.data / name
        if file.exists():
            shutil.copyfile(file, self.synced / name)
        else:
            (self.synced / name).unlink(missing_ok=True)
