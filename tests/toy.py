"""An exercise for the tests of the checks themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lessons.exercises import Asked, Exercise, Rule, Sheet, exactly


def number(answer: Any, sheet: Sheet) -> Iterator[Any]:
    yield answer(21)


def zero(answer: Any, sheet: Sheet) -> Iterator[Any]:
    yield answer(0)


BELIEFS = "leaks-accepted-is-kept", "leaks-refcount-closes"
DOUBLES = (
    Asked("doubles", 2, [
        Rule(number, lambda came: not exactly(came, 42), "it did not double", BELIEFS[0], "multiply by two"),
    ]),
    Asked("keeps zero", 1, [
        Rule(zero, lambda came: not exactly(came, 0), "zero was not zero", BELIEFS[1], "multiply by two"),
    ]),
)  # fmt: skip


def toy(asked: Sequence[Asked] = DOUBLES, seconds: float = 5.0, **more: Any) -> Exercise:
    """An exercise outside of the registry: double a number."""
    return Exercise("toy-x1", "Double", "build", "double", asked, seconds=seconds, **more)
