"""What stops a command of `classroom`, as one sentence."""

from __future__ import annotations


class Trouble(Exception):
    """What stops a command, as one sentence for the person at the keyboard: what was given, what is allowed.

    >>> raise Trouble("There is no course.toml in week5: make a course with `classroom course week5`.")
    Traceback (most recent call last):
    classroom.trouble.Trouble: There is no course.toml in week5: make a course with `classroom course week5`.
    """
