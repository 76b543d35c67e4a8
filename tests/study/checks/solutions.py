"""The right and wrong solutions that lie beside the exercises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle.study.checks import Variant, executed, exercises, stub

FOLDER = Path(__file__).resolve().parents[3] / "exercises" / "solutions"
NAME = re.compile(r"(right|wrong)_\d+(?:_([a-z-]+))?")


@dataclass(frozen=True)
class Solution:
    """One whole answer: `belief` is the misconception that a wrong one shows, "" for a right one."""

    exercise: str
    name: str
    belief: str
    source: str

    @property
    def right(self) -> bool:
        return self.name.startswith("right")

    def answer(self, variant: str = "kit") -> Any:
        """What the exercise's check is given, made as the notebook makes it."""
        return executed(self.source, f"{self.exercise} {self.name}", setup(self.exercise, variant)).get(
            exercises()[self.exercise].answer
        )

    def __str__(self) -> str:
        return f"{self.exercise}-{self.name}"


def setup(exercise: str, variant: str = "kit") -> dict[str, Any]:
    """The names that the setup cell of the exercise's assignment brings, for a variant."""
    from lifecycle.study import course

    assignment = exercise.partition("-")[0]
    names = executed(stub(assignment), assignment)
    course(variant)
    return names


def solutions(*exercise: str) -> list[Solution]:
    """All solutions, or those of some exercises, in the order of their names."""
    found = []
    for path in sorted(FOLDER.glob("*/*.py")):
        matched = NAME.fullmatch(path.stem)
        assert matched, f"{path.name}: right_1.py or wrong_1_<belief>.py"
        if not exercise or path.parent.name in exercise:
            found.append(
                Solution(path.parent.name, path.stem, matched[2] or "", path.read_text(encoding="utf-8"))
            )
    return found


def variants() -> list[Variant]:
    """The kit's own and two of a term."""
    return [Variant("kit"), Variant("autumn-3f9a"), Variant("spring-c07d")]
