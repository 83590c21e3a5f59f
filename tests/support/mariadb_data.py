"""The data directory of an empty MariaDB server. Making one takes seconds, so it is made once for a
version of the server, kept in build/, and copied."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from support.database_product import PRODUCT

KEPT = Path(__file__).resolve().parents[2] / "build" / "mariadb"
# Each server draws one for itself; a replica refuses its primary's.
IDENTITY = "auto.cnf"


def copy_empty_data(target):
    shutil.copytree(_empty_data(), target)


def _empty_data():
    version = subprocess.run([PRODUCT.server, "--no-defaults", "--version"], check=True, text=True,
                             capture_output=True, timeout=30).stdout
    how = PRODUCT.make_data("")
    kept = KEPT / hashlib.sha256(f"{version} {how} {os.geteuid()}".encode()).hexdigest()[:12]
    if not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with open(KEPT / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                _make(kept)
    return kept


def _make(kept):
    half = kept.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    made = subprocess.run(PRODUCT.make_data(half), text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120)
    assert made.returncode == 0, made.stdout
    (half / IDENTITY).unlink(missing_ok=True)
    half.rename(kept)
