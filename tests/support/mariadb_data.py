"""The data directory of an empty MariaDB server. Making one takes seconds, so it is made once for a
version of the server, kept in build/, and copied."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

KEPT = Path(__file__).resolve().parents[2] / "build" / "mariadb"
# Services are where only root's path leads.
PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin"
SERVER = shutil.which("mariadbd", path=PATH) or "mariadbd"
REDO_LOG = "--innodb-log-file-size=32M"


def copy_empty_data(target):
    shutil.copytree(_empty_data(), target)


def _empty_data():
    version = subprocess.run([SERVER, "--no-defaults", "--version"], check=True, text=True,
                             capture_output=True, timeout=30).stdout
    kept = KEPT / hashlib.sha256(f"{version} {REDO_LOG} {os.geteuid()}".encode()).hexdigest()[:12]
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
    user = ["--user=root"] if os.geteuid() == 0 else []
    made = subprocess.run(
        ["mariadb-install-db", "--no-defaults", *user, f"--datadir={half}", "--skip-test-db",
         "--auth-root-authentication-method=normal", REDO_LOG],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    assert made.returncode == 0, made.stdout
    half.rename(kept)
