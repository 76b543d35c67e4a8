"""The exercises and their checks; here is what a check is written with."""

from lessons.exercises.exercise import (
    Attempt,
    Exercise,
    Sheet,
    Wrong,
    attempt,
    exactly,
    executed,
    exercise,
    exercises,
    materials,
    named,
    stub,
    where,
)
from lessons.exercises.variant import Variant
from lessons.words import described as short

__all__ = [
    "Attempt", "Exercise", "Sheet", "Variant", "Wrong", "attempt", "exactly", "executed", "exercise",
    "exercises", "materials", "named", "short", "stub", "where",
]  # fmt: skip
