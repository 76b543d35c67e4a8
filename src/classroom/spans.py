"""Spans of time in words."""

from __future__ import annotations

from itertools import pairwise


def duration(seconds: float) -> str:
    """A span of time in words of two units at most.

    >>> duration(45), duration(125), duration(7260), duration(200000)
    ('45 s', '2 min 5 s', '2 h 1 min', '2 d 7 h')
    """
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    whole = int(seconds)
    for (name, size), (smaller, part) in pairwise(units):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {name}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"
