"""The right and wrong solutions that lie beside the exercises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from classroom import solutions as shelf
from classroom.solutions import Solution
from lessons.exercises import Variant, exercises
from lessons.judge.verdict import Aspect, Verdict, waits

FOLDER = Path(__file__).resolve().parents[1] / "exercises" / "solutions"

__all__ = ["FOLDER", "Solution", "as_stored", "one_quickly", "same", "setup", "solutions", "variants"]


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


def as_stored(solution: Solution, verdict: Verdict) -> None:
    """A right solution earns every point; a wrong one is rejected, with the belief of its file name."""
    if solution.right:
        assert (verdict.status, verdict.points) == ("correct", verdict.worth), str(verdict)
        return
    assert verdict.status in ("wrong", "almost"), str(verdict)
    assert verdict.points < verdict.worth
    assert verdict.belief == solution.named, str(verdict)
    failed = [aspect for aspect in verdict.aspects if not aspect.holds]
    assert all(aspect.seen and aspect.advice for aspect in failed), "what was seen, and what to try"
    waiting = [one for one in failed if not one.belief and re.fullmatch("Mend .+ first[.]", one.advice)]
    assert all(map(waits, waiting)), "what was not looked at is said in words that the panel knows"


def same(verdict: Verdict, other: Verdict, words: bool = False) -> bool:
    """Whether two verdicts agree in each aspect that both have checked. words: also in what was seen."""
    return all(
        one.unchecked or two.unchecked or _told(one, words) == _told(two, words)
        for one, two in zip(verdict.aspects, other.aspects, strict=True)
    )


def _told(aspect: Aspect, words: bool) -> tuple[Any, ...]:
    # Addresses of objects and the names of temporary folders differ.
    seen = re.sub(r"0x\w+|tmp\w+", "…", aspect.seen) if words else ""
    return aspect.points, aspect.belief, seen
