#!/usr/bin/env python3
"""Checks that includes in src/ point down only, as docs/architecture.md draws them.

    layering.py [SRC]     prints each include that is not allowed; exit 1 when there is one

A room is a folder of src/. Of ledger/ and queue/ only the contract, ledger.hpp and queue.hpp, is a
room for others. What is behind it belongs to the engines, which only main.cpp may include:
sqlite_*, memory_* and each subfolder is one engine; other files are parts that engines share. The
client in http/ is a library of its own, which knows nothing of the server. main.cpp wires, so it
may include everything.
"""

import pathlib
import re
import sys

# room: the rooms it may include, itself aside.
ALLOWED = {
    "core": "",
    "net": "core",
    "observe": "core",
    "ledger": "core observe",
    "queue": "core observe",
    "issue": "queue ledger core observe",
    "desk": "queue issue ledger core observe",
    "gate": "desk queue issue ledger core observe",
    "http": "gate desk queue issue ledger net core observe",
    "http/client": "net core observe",
    "load": "http/client net verify/history.hpp core observe",
    "verify": "ledger core observe",
    "cli": "http http/client gate desk queue issue ledger load verify net core observe",
    "engine": "queue ledger net core observe",
}
BEHIND_CONTRACT = re.compile(r"(ledger|queue)/(?!\1\.)(?:(sqlite|memory)_|(\w+)/)?")
CLIENT = re.compile(r"http/(client|service_url)")
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
# core has no I/O and no threads.
NOT_IN_CORE = set("""condition_variable fstream future iostream mutex semaphore shared_mutex
    stop_token thread netdb.h poll.h pthread.h sqlite3.h unistd.h""".split())


def room_of(path):
    """'desk/desk.hpp' → 'desk'; 'ledger/sqlite_ledger.hpp' → 'engine ledger/sqlite'; a part that
    engines share, 'ledger/file_lock.hpp' → 'engine ledger'."""
    behind = BEHIND_CONTRACT.match(path)
    if behind:
        return "/".join(filter(None, [f"engine {behind[1]}", behind[2] or behind[3]]))
    if CLIENT.match(path):
        return "http/client"
    return path.split("/")[0] if "/" in path else path


def may_include(room, path):
    target = room_of(path)
    if room == "main.cpp" or room == target:
        return True
    if room.startswith("engine "):
        return target in ALLOWED["engine"].split() or target == room.split("/")[0]
    allowed = ALLOWED[room].split()
    return path in allowed or target in allowed


def problem(room, quote, path, src):
    if quote == "<":
        if room == "core" and (path in NOT_IN_CORE or path.startswith(("sys/", "boost/asio"))):
            return f"core must do without I/O and threads: <{path}>"
        return None
    if not (src / path).is_file():
        return f'no such file below src/: "{path}"'
    if not may_include(room, path):
        return f"{room} must not include {path}"
    return None


def problems_of_file(file, src):
    path = file.relative_to(src).as_posix()
    room = room_of(path)
    if room != "main.cpp" and not room.startswith("engine ") and room not in ALLOWED:
        yield f"src/{path}:1: no such room: {room}"
        return
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        include = INCLUDE.match(line)
        words = include and problem(room, include[1], include[2], src)
        if words:
            yield f"src/{path}:{number}: {words}"


def problems(src):
    files = [f for f in sorted(src.rglob("*")) if f.suffix in (".cpp", ".hpp")]
    return [p for file in files for p in problems_of_file(file, src)]


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parents[2] / "src"
    found = problems(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default)
    print("\n".join(found) if found else "includes point down only")
    sys.exit(1 if found else 0)
