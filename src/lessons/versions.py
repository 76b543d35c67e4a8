"""Each stored file carries the version of its form; a file in another one is refused, in one sentence."""

from __future__ import annotations

from lessons.words import described


class OtherVersion(Exception):
    """A file is written in a form that this kit does not know: one sentence."""


def check(file: object, found: object, version: int) -> None:
    """Raise `OtherVersion` unless the version that was found is the one that this kit reads.

    >>> check("record.json", 1, 1)
    >>> check("record.json", 2, 1)
    Traceback (most recent call last):
        ...
    lessons.versions.OtherVersion: record.json has version 2, and this kit reads version 1.
    """
    if type(found) is not int or found != version:
        has = "has no version" if found is None else f"has version {described(found)}"
        raise OtherVersion(f"{file} {has}, and this kit reads version {version}.")
