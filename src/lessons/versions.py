"""Each stored file has the version of its format. A file with another version is refused, in one sentence."""

from __future__ import annotations

from lessons.words import described


class OtherVersion(Exception):
    """A file has a format that this kit does not know; the text is one sentence."""


def check(file: object, found: object, version: int) -> None:
    """Raise `OtherVersion` unless a file has the version that this kit reads.

    >>> check("record.json", 1, 1)
    >>> check("record.json", 2, 1)
    Traceback (most recent call last):
        ...
    lessons.versions.OtherVersion: record.json has version 2, but this kit reads version 1.
    """
    if type(found) is not int or found != version:
        has = "has no version" if found is None else f"has version {described(found)}"
        raise OtherVersion(f"{file} {has}, but this kit reads version {version}.")
