#!/usr/bin/env python3
"""The layering check must find what it is there to find: each row is a small tree, its verdict."""

import pathlib
import tempfile
import unittest

import layering

GOOD = [
    ("cli/serve.cpp", '#include "http/server.hpp"'),
    ("http/server.cpp", '#include "gate/gate.hpp"'),
    ("http/server.cpp", '#include "net/socket.hpp"'),
    ("http/server.cpp", '#include "core/ids.hpp"'),
    ("gate/gate.cpp", '#include "desk/desk.hpp"'),
    ("desk/desk.cpp", '#include "queue/queue.hpp"'),
    ("desk/desk.cpp", '#include "observe/metrics.hpp"'),
    ("issue/driver.cpp", '#include "ledger/ledger.hpp"'),
    ("ledger/sqlite_ledger.cpp", '#include "ledger/ledger.hpp"'),
    ("ledger/sqlite_ledger.cpp", '#include "ledger/sqlite_schema.hpp"'),
    ("ledger/sqlite_ledger.cpp", '#include "ledger/file_lock.hpp"'),
    ("ledger/mysql/pool.cpp", '#include "ledger/coupon_index.hpp"'),
    ("queue/redis/queue.cpp", '#include "queue/redis/script.hpp"'),
    ("ledger/file_lock.hpp", '#include "net/fd.hpp"'),
    ("load/run.cpp", '#include "verify/history.hpp"'),
    ("load/run.cpp", '#include "http/client_problem.hpp"'),
    ("cli/verify.cpp", '#include "http/client.hpp"'),
    ("main.cpp", '#include "ledger/sqlite_ledger.hpp"'),
    ("core/ids.cpp", "#include <string>"),
]
BAD = [
    ("desk/desk.cpp", '#include "http/server.hpp"', "desk must not include http/server.hpp"),
    ("core/ids.cpp", '#include "ledger/ledger.hpp"', "core must not include ledger/ledger.hpp"),
    ("core/ids.cpp", '#include "observe/metrics.hpp"', "core must not include observe/metrics.hpp"),
    ("core/ids.cpp", "#include <mutex>", "core must do without I/O and threads: <mutex>"),
    ("core/ids.cpp", "#include <sys/socket.h>",
     "core must do without I/O and threads: <sys/socket.h>"),
    ("queue/queue.hpp", '#include "issue/issuer.hpp"', "queue must not include issue/issuer.hpp"),
    ("gate/gate.cpp", '#include "net/socket.hpp"', "gate must not include net/socket.hpp"),
    ("desk/desk.cpp", '#include "ledger/sqlite_ledger.hpp"',
     "desk must not include ledger/sqlite_ledger.hpp"),
    ("cli/serve.cpp", '#include "queue/memory_queue.hpp"',
     "cli must not include queue/memory_queue.hpp"),
    ("ledger/ledger.hpp", '#include "ledger/sqlite_ledger.hpp"',
     "ledger must not include ledger/sqlite_ledger.hpp"),
    ("ledger/sqlite_ledger.cpp", '#include "queue/memory_queue.hpp"',
     "engine ledger/sqlite must not include queue/memory_queue.hpp"),
    ("ledger/sqlite_ledger.cpp", '  #  include "desk/desk.hpp"',
     "engine ledger/sqlite must not include desk/desk.hpp"),
    ("desk/desk.cpp", '#include "ledger/file_lock.hpp"',
     "desk must not include ledger/file_lock.hpp"),
    ("ledger/file_lock.cpp", '#include "ledger/sqlite_ledger.hpp"',
     "engine ledger must not include ledger/sqlite_ledger.hpp"),
    ("ledger/mysql/pool.cpp", '#include "ledger/sqlite_database.hpp"',
     "engine ledger/mysql must not include ledger/sqlite_database.hpp"),
    ("queue/memory_queue.cpp", '#include "ledger/file_lock.hpp"',
     "engine queue/memory must not include ledger/file_lock.hpp"),
    ("cli/serve.cpp", '#include "queue/redis/queue.hpp"',
     "cli must not include queue/redis/queue.hpp"),
    ("load/run.cpp", '#include "verify/checks.hpp"', "load must not include verify/checks.hpp"),
    ("load/run.cpp", '#include "http/server.hpp"', "load must not include http/server.hpp"),
    ("http/client.cpp", '#include "http/server.hpp"',
     "http/client must not include http/server.hpp"),
    ("gate/gate.cpp", '#include "http/client.hpp"', "gate must not include http/client.hpp"),
    ("verify/checks.cpp", '#include "desk/desk.hpp"', "verify must not include desk/desk.hpp"),
    ("desk/desk.cpp", '#include "waiting.hpp"', 'no such file below src/: "waiting.hpp"'),
    ("attic/old.cpp", "", "no such room: attic"),
]


def check(path, line):
    """The problems of a tree where `path` holds `line` at line 2, and what it includes exists."""
    with tempfile.TemporaryDirectory() as folder:
        src = pathlib.Path(folder)
        include = layering.INCLUDE.match(line)
        for name in {path, include[2] if include and "/" in include[2] else path}:
            (src / name).parent.mkdir(parents=True, exist_ok=True)
            (src / name).touch()
        (src / path).write_text("#pragma once\n" + line + "\n", encoding="utf-8")
        return layering.problems(src)


class Layering(unittest.TestCase):
    def test_arrows_that_point_down_are_allowed(self):
        for path, line in GOOD:
            with self.subTest(path=path, line=line):
                self.assertEqual(check(path, line), [])

    def test_all_others_are_reported_with_their_place(self):
        for path, line, words in BAD:
            with self.subTest(path=path, line=line):
                number = 2 if line else 1
                self.assertEqual(check(path, line), [f"src/{path}:{number}: {words}"])


if __name__ == "__main__":
    unittest.main()
