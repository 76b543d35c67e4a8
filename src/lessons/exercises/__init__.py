"""The exercises and their checks; here is what a check is written with."""

from lessons.exercises.exercise import (
    Attempt,
    Exercise,
    Sheet,
    attempt,
    exactly,
    executed,
    exercises,
    named,
    stub,
    where,
)  # fmt: skip
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.words import described as short

__all__ = [
    "Asked", "Attempt", "Exercise", "Rule", "Sheet", "Variant", "attempt", "exactly", "executed",
    "exercises", "named", "ruled", "short", "stub", "where",
]  # fmt: skip
