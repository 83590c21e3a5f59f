"""A disk under control: a shim between the server and fdatasync(2) that makes it wait or fail."""

import re
import subprocess
from pathlib import Path

from support.server import binary
from support.wait import until

SOURCE = Path(__file__).with_name("shim.c")


def sanitizers_of(program):
    """The sanitizer runtimes that a program is linked to: they insist on being loaded first."""
    linked = subprocess.run(["ldd", str(program)], capture_output=True, text=True, timeout=30)
    return re.findall(r"=> (\S*/lib[at]san\S*)", linked.stdout)


class SyncShim:
    """Compiled into `directory`, which also holds the files that control it."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.library = self.directory / "shim.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(self.library), str(SOURCE),
                        "-ldl"], check=True, timeout=60)

    @property
    def env(self):
        libraries = [*sanitizers_of(binary()), str(self.library)]
        return {"LD_PRELOAD": ":".join(libraries), "SYNC_SHIM": str(self.directory)}

    @property
    def synced(self):
        """Copies of files as they were when last synced, kept once this directory exists."""
        return self.directory / "synced"

    def hold(self):
        """Syncs wait from now on."""
        (self.directory / "held").unlink(missing_ok=True)
        (self.directory / "hold").touch()

    def wait_held(self):
        until((self.directory / "held").exists, "a sync that waits")

    def release(self):
        (self.directory / "hold").unlink(missing_ok=True)

    def fail_after(self, calls):
        """Syncs fail once so many more were done. Written whole: the shim never reads half."""
        half = self.directory / "fail.half"
        half.write_text(str(calls))
        half.rename(self.directory / "fail")

    def mend(self):
        (self.directory / "fail").unlink(missing_ok=True)
