"""A line on the error output every two seconds, while a command works through many things."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

EVERY = 2.0
"""Seconds between two lines."""

Thing = TypeVar("Thing")


def shown(things: Iterable[Thing], total: int, what: str) -> Iterator[Thing]:
    """The same things; if they take longer than two seconds, lines say how far the command is.

    >>> list(shown("ab", 2, "students"))
    ['a', 'b']
    """
    told = time.monotonic()
    for number, thing in enumerate(things):
        if time.monotonic() - told >= EVERY:
            told = time.monotonic()
            print(f"{number} of {total} {what} …", file=sys.stderr, flush=True)
        yield thing
