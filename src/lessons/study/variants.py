"""Variants of a question: the proof of a belief as a program with other numbers and names.

The program is run with three different last lines: its own, one that prints what the belief expects, and one
more. The options are the printed values. So each option is computed, and none is written by hand.
"""

from __future__ import annotations

import ast
import gc
import random
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from lessons.study.questions import LETTERS, Misconception, misconceptions, replacements
from lessons.words import listed

MODULES = ("gc", "inspect", "io", "sqlite3", "sys", "weakref")
HELPER = "from lessons import caught  # returns f(x), or the error it raises"


@dataclass(frozen=True)
class Choosable:
    """One option of a variant: `key` is "right", "believed" or "other"."""

    key: str
    letter: str
    text: str


@dataclass(frozen=True)
class Variant:
    """A program, and the outputs to choose from."""

    belief: str
    code: str
    options: tuple[Choosable, ...]

    @property
    def right(self) -> Choosable:
        """The output of the program."""
        return next(option for option in self.options if option.key == "right")


def caught(call: Callable[..., Any], *given: Any) -> Any:
    """Call something; return its result, or the error instead of raising it.

    >>> caught(float, "12.8"), caught(float, "missing")
    (12.8, ValueError("could not convert string to float: 'missing'"))
    """
    try:
        return call(*given)
    except BaseException as error:
        return error


def has_variants(belief: str | None) -> bool:
    """Whether the proof of a belief can be asked as a question."""
    entry = misconceptions().get(belief or "")
    return entry is not None and bool(entry.believed)


@cache
def variant(belief: str, number: int) -> Variant | None:
    """The variant of a belief with this number, from 0; after the last variant the first comes again.

    None if two of its options are the same here: then there is nothing to choose.
    """
    entry = misconceptions()[belief]
    *lines, last = _lines(entry)
    programs = {"right": last, "believed": entry.believed, "other": entry.other}
    printed = {}
    for key, ending in programs.items():
        program = "\n".join([*lines, _printing(ending)])
        printed[key] = outcome(replaced(program, number))
    if len(set(printed.values())) < len(printed):
        return None
    keys = list(printed)
    random.Random(f"{belief} {number}").shuffle(keys)
    options = tuple(Choosable(key, letter, printed[key]) for letter, key in zip(LETTERS, keys, strict=False))
    code = "\n".join(_spaced([*lines, _printing(last)]))
    return Variant(belief, replaced(code, number), options)


def count() -> int:
    """How many different variants each belief has."""
    return min(len(words) for words in replacements().values())


def replaced(program: str, number: int) -> str:
    """The same program with the words of one variant."""
    words = {word: others[number % len(others)] for word, others in replacements().items()}
    found = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    # A whole word or number, and no part of one: 8 is not in 8.5, spread is in settings.spread.
    return re.sub(rf"(?<!\w)(?<!\d\.)(?:{found})(?!\w|\.\d)", lambda match: words[match[0]], program)


def outcome(program: str) -> str:
    """The output of a program, and the error that ends it, in the words of an option.

    >>> outcome("print(1); print(2)"), outcome("print(1); 1 / 0"), outcome("1 / 0"), outcome("pass")
    ('`1`, then `2`', '`1`, then a `ZeroDivisionError`', 'a `ZeroDivisionError`', 'nothing')
    """
    lines: list[str] = []
    room = {"__name__": "again", "print": lambda *values: lines.append(" ".join(map(str, values)))}
    said: list[str] = []
    try:
        with _bounded():
            exec(compile(program, "<again>", "exec"), room)
    except Exception as error:
        name = type(error).__name__
        said = [f"{'an' if name[0] in 'AEIOU' else 'a'} `{name}`"]
    parts = [f"`{line}`" for line in lines] + said
    return listed(parts, "then").replace(" then ", ", then ") if parts else "nothing"


@contextmanager
def _bounded() -> Iterator[None]:
    """While a program runs, the collector is off, and a call that never ends is stopped early.

    The collector finds different things in each kernel, and a deep recursion ends a browser's Python.
    """
    collecting, limit = gc.isenabled(), sys.getrecursionlimit()
    depth = sum(1 for _ in traceback.walk_stack(None))
    gc.disable()
    sys.setrecursionlimit(min(limit, depth + 150))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        if collecting:
            gc.enable()


def _spaced(lines: list[str]) -> list[str]:
    """The lines with an empty one after each block, as in a cell of a lesson."""
    spaced: list[str] = []
    for line in lines:
        ends = spaced and spaced[-1].startswith(" ") and not line.startswith(" ")
        spaced += ["", line] if ends else [line]
    return spaced


def _lines(entry: Misconception) -> list[str]:
    """The proof as a program that needs nothing before it; its last line is an expression."""
    given = entry.given.strip("\n").splitlines()
    lines = [*given, *entry.proof.strip().splitlines()]
    text = "\n".join([*lines, entry.believed, entry.other])
    imports = [f"import {name}" for name in MODULES if re.search(rf"\b{name}\.", text)]
    imports = [
        line for line in imports if line not in given and not any(_imports(line, one) for one in given)
    ]
    helper = [HELPER] if re.search(r"\bcaught\(", text) else []
    return [*helper, *imports, *lines]


def _imports(line: str, other: str) -> bool:
    name = line.split()[1]
    return other.startswith("import ") and name in other.removeprefix("import ").split(", ")


def _printing(ending: str) -> str:
    """The last line: it prints the value of an expression; several values are separated by blanks."""
    tree = ast.parse(ending.strip()).body[0]
    return f"print({ending.strip()})" if isinstance(tree, ast.Expr) else ending.strip()
