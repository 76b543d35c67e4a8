"""Counts, lists and values in words, for the sentences of all lessons."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable


def listed(items: Iterable[str], last: str = "and") -> str:
    """Several things as words of one sentence; "" for none.

    >>> listed(["A", "B", "C"]), listed("AB", "or"), listed(["A"]), listed([])
    ('A, B and C', 'A or B', 'A', '')
    """
    *first, end = [*items] or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def many(count: int, one: str, several: str | None = None) -> str:
    """A count and what is counted.

    >>> many(1, "record"), many(0, "record"), many(2, "entry", "entries")
    ('1 record', '0 records', '2 entries')
    """
    return f"{count} {agreeing(count, one, several or one + 's')}"


def agreeing(count: int, one: str, several: str) -> str:
    """The verb, pronoun or noun that agrees with a count.

    >>> agreeing(1, "is", "are"), agreeing(0, "is", "are"), agreeing(2, "it", "them")
    ('is', 'are', 'them')
    """
    return one if count == 1 else several


def numbers(values: Iterable[int]) -> str:
    """Numbers in order, each once; more than two in a row as a range.

    >>> numbers([1, 2, 3, 5]), numbers([4, 4, 2, 3, 3]), numbers([2, 1]), numbers([])
    ('1 to 3 and 5', '2 to 4', '1 and 2', '')
    """
    rows: list[list[int]] = []
    for value in sorted(set(values)):
        if rows and value == rows[-1][-1] + 1:
            rows[-1].append(value)
        else:
            rows.append([value])
    words: list[str] = []
    for row in rows:
        words += [f"{row[0]} to {row[-1]}"] if len(row) > 2 else map(str, row)
    return listed(words)


def described(value: object) -> str:
    """A value in a few words, even if its own `repr` raises or never ends.

    >>> described("leaks-p2"), described(3)
    ("'leaks-p2'", '3')
    """
    try:
        short = reprlib.Repr()
        short.maxstring = short.maxother = 40
        return " ".join(short.repr(value).split()).replace("`", "'")
    except Exception:
        return f"an object of type {type(value).__name__}"
