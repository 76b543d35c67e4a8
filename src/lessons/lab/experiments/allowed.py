"""Which values the settings of an experiment allow. The errors say what was given and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable

from lessons.words import described


def choices(settings: object, **known: Iterable[object]) -> None:
    """Raise `ValueError` if a setting is not one of the values that are known for its name."""
    for name, values in known.items():
        allowed, given = [*values], getattr(settings, name)
        # To Python True is the whole number 1; as a setting it is a mistake.
        if not any(isinstance(one, bool) is isinstance(given, bool) and one == given for one in allowed):
            raise ValueError(f"{name}={described(given)} is not one of {', '.join(map(str, allowed))}")


def numbers(settings: object, **bounds: tuple[int, int]) -> None:
    """Raise `ValueError` if a setting is not a whole number between the bounds for its name."""
    for name, (low, high) in bounds.items():
        given = getattr(settings, name)
        if type(given) is not int or not low <= given <= high:
            raise ValueError(f"{name}={described(given)} is not a whole number from {low} to {high}")
