"""The right and wrong solutions that lie beside the exercises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from classroom import solutions as shelf
from classroom.solutions import Solution
from lessons.exercises import Variant, exercises

FOLDER = Path(__file__).resolve().parents[1] / "exercises" / "solutions"

__all__ = ["FOLDER", "Solution", "setup", "solutions", "variants"]


def setup(exercise: str, variant: str = "kit") -> dict[str, Any]:
    """The names that the setup cell of the exercise's assignment brings, for a variant."""
    return shelf.setup(exercises()[exercise], variant)


def solutions(*exercise: str) -> list[Solution]:
    """All solutions, or those of some exercises, in the order of their names."""
    return shelf.solutions(FOLDER, exercise)


def variants() -> list[Variant]:
    """The kit's own and two of a term."""
    return [Variant("kit"), Variant("autumn-3f9a"), Variant("spring-c07d")]
