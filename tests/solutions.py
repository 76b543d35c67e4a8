"""The right and wrong solutions that lie beside the exercises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from classroom import solutions as shelf
from classroom.solutions import Solution
from lessons.exercises import Variant, exercises

FOLDER = Path(__file__).resolve().parents[1] / "exercises" / "solutions"

__all__ = ["FOLDER", "Solution", "one_quickly", "setup", "solutions", "variants"]


def setup(exercise: str, variant: str = "kit") -> dict[str, Any]:
    """The names that the setup cell of the exercise's assignment brings, for a variant."""
    return shelf.setup(exercises()[exercise], variant)


def solutions(*exercise: str) -> list[Solution]:
    """All solutions, or those of some exercises, in the order of their names."""
    return shelf.solutions(FOLDER, exercise)


def variants() -> list[Variant]:
    """The kit's own and two of a term."""
    return [Variant("kit"), Variant("autumn-3f9a"), Variant("spring-c07d")]


def one_quickly(ids: list[str]) -> list[Any]:
    """Exercises as parameters: the first in every run, the others in the deep one.

    An attack on a check often lasts until its time is up.
    """
    first, *others = ids
    return [first, *(pytest.param(other, marks=pytest.mark.deep) for other in others)]
