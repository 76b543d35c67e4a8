"""An exercise for the tests of the checks themselves."""

from __future__ import annotations

from typing import Any

from lessons.exercises import Exercise, Sheet, Wrong, exactly
from lessons.exercises.exercise import Check


def double(answer: Any, sheet: Sheet) -> None:
    with sheet.aspect("doubles"):
        value = answer(21)
        if not exactly(value, 42):
            raise Wrong("leaks-accepted-is-kept", "it did not double", "multiply by two")
    with sheet.aspect("keeps zero"):
        if not exactly(answer(0), 0):
            raise Wrong("leaks-refcount-closes", "zero was not zero", "multiply by two")


def toy(check: Check = double, seconds: float = 5.0, **more: Any) -> Exercise:
    """An exercise outside of the registry: double a number."""
    aspects = {"doubles": 2, "keeps zero": 1}
    return Exercise("toy-x1", "Double", "build", "double", aspects, check, seconds=seconds, **more)
