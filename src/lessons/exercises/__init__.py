"""The exercises and their checks. This module has the names that a check is written with."""

from lessons.exercises.exercise import Exercise, Sheet, attempt, exactly, executed, exercises, ruled, stub
from lessons.exercises.rules import Asked, Fact, Facts, Observation, Rule
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback, Judge, declared
from lessons.words import described as short

__all__ = [
    "Asked", "Callback", "Exercise", "Fact", "Facts", "Judge", "Observation", "Rule", "Sheet", "Variant",
    "attempt", "declared", "exactly", "executed", "exercises", "ruled", "short", "stub",
]  # fmt: skip
