#!/usr/bin/env python3
"""Checks what the house style can have checked by a machine, in all that is written by hand.

    house.py [ROOT]     prints each place that breaks a rule; exit 1 when there is one
"""

import pathlib
import re
import sys

ROOMS = ("src", "sim", "tests", "bench", "cmake", "deps", "docs", "deploy", "sql", ".ci")
CODE = {".cpp", ".hpp", ".py", ".sh", ".cmake", ".sql"}
LINES_MAX = 400
COLUMNS_MAX = 100
# Work that is left over belongs nowhere in the tree. The words are put together here so that this
# file does not find itself.
LEFT_OVER_WORDS = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
LEFT_OVER = re.compile(r"\b(" + "|".join(LEFT_OVER_WORDS) + r")\b")


def files(root):
    for room in ROOMS:
        yield from sorted(f for f in (root / room).rglob("*") if f.is_file())
    yield from sorted(f for f in root.iterdir() if f.is_file())


def is_code(file):
    return file.suffix in CODE or file.name in ("CMakeLists.txt", "run", "test", "install")


def problems_of_line(line):
    if LEFT_OVER.search(line):
        yield "left-over work"
    if line != line.rstrip():
        yield "blanks at the end of the line"


def problems_of_code(file, lines):
    if len(lines) > LINES_MAX:
        yield len(lines), f"more than {LINES_MAX} lines: is this one noun?"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield number, f"more than {COLUMNS_MAX} columns"
    if file.suffix == ".hpp":
        if not lines or lines[0] != "#pragma once":
            yield 1, "a header begins with #pragma once"
        if not any(line.startswith("// ") for line in lines):
            yield 1, "a header says in a paragraph what it is for"


def problems_of_file(file):
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return  # not written by hand
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        for words in problems_of_line(line):
            yield number, words
    if is_code(file):
        yield from problems_of_code(file, lines)


def problems(root):
    skip = ("tests/fuzz/corpus/",)
    for file in files(root):
        path = file.relative_to(root).as_posix()
        if path.startswith(skip) or "__pycache__" in path:
            continue
        for number, words in problems_of_file(file):
            yield f"{path}:{number}: {words}"


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parents[2]
    found = list(problems(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default))
    print("\n".join(found) if found else "the house is in order")
    sys.exit(1 if found else 0)
