"""The right and wrong solutions that test a check: each is a complete answer cell in a file of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classroom.trouble import Trouble
from lessons.exercises import Exercise, Variant, executed, exercises, stub
from lessons.judge.trial import examine
from lessons.judge.verdict import Verdict

_NAME = re.compile(r"(?:right|wrong)_\d+(?:_([a-z0-9-]+)(_unnamed)?)?")


@dataclass(frozen=True)
class Solution:
    """One answer to an exercise. `belief` is the misconception of a wrong one, or "".

    `named` is the misconception that its verdict must name: the same one, or "" where another reason
    could have led to the same answer.
    """

    exercise: str
    name: str
    belief: str
    source: str
    named: str = ""

    @property
    def right(self) -> bool:
        """Whether every check should accept it."""
        return self.name.startswith("right")

    def answer(self, variant: str = "kit") -> Any:
        """The argument of the exercise's check, made as in the notebook: setup cell, then this one.

        Raises whatever error the answer cell raises.
        """
        exercise = exercises()[self.exercise]
        names = setup(exercise, variant)
        return executed(self.source, f"{self.exercise} {self.name}", names).get(exercise.answer)

    def judged(self, variant: str = "kit") -> Verdict:
        """The verdict of the exercise's check."""
        return examine(exercises()[self.exercise], self.answer(variant), Variant(variant))

    def __str__(self) -> str:
        return f"{self.exercise}-{self.name}"


def setup(exercise: Exercise, variant: str = "kit") -> dict[str, Any]:
    """The names that the setup cell of the exercise's assignment defines, in a variant of the course."""
    from lessons import course

    names = executed(stub(exercise.assignment), exercise.assignment)
    course(variant)
    return names


def untouched(exercise: Exercise, variant: str = "kit") -> Any:
    """The argument of the check if a student has changed nothing."""
    return executed(stub(exercise.id), exercise.id, setup(exercise, variant)).get(exercise.answer)


def solutions(folder: Path, only: Iterable[str] = ()) -> list[Solution]:
    """The solutions in `folder`, which has a folder for each exercise; of all exercises or of some.

    Raises `Trouble` for a file whose name does not follow the scheme.
    """
    wanted = set(only)
    found = []
    for path in sorted(folder.glob("*/*.py")):
        if wanted and path.parent.name not in wanted:
            continue
        matched = _NAME.fullmatch(path.stem)
        if not matched or (path.stem.startswith("right") and matched[1]):
            raise Trouble(
                f"{path}: a solution is named right_1.py, wrong_1_BELIEF.py after a misconception, "
                "wrong_1_BELIEF_unnamed.py if its verdict must not name it, or wrong_1.py if it shows none."
            )
        source = path.read_text(encoding="utf-8")
        belief = matched[1] or ""
        found.append(Solution(path.parent.name, path.stem, belief, source, "" if matched[2] else belief))
    return found
