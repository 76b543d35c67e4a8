"""An error that stops a command of `classroom`, as one sentence; and the formats of stored files."""

from __future__ import annotations

import reprlib
from pathlib import Path

from lessons.desk.workcopy import Trouble as Trouble

KEPT = "All grades so far are kept; the same command continues with the rest."


def same_format(path: Path, found: object, known: int) -> None:
    """Raise `Trouble` if a stored file has another format than this edition reads.

    >>> same_format(Path("course.toml"), 2, 1)
    Traceback (most recent call last):
    lessons.desk.workcopy.Trouble: course.toml has format 2, but this edition of the kit reads format 1.
    """
    if type(found) is not int or found != known:
        has = "states no format" if found is None else f"has format {reprlib.repr(found)}"
        raise Trouble(f"{path} {has}, but this edition of the kit reads format {known}.")
