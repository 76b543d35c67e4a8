"""The form of a check: what is observed once, rules in their order, and one slip that is said once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from lessons.exercises import Variant, exercises
from lessons.exercises.exercise import Exercise, Sheet, ruled
from lessons.exercises.rules import Asked, Rule, reached
from lessons.judge import trial
from lessons.judge.verdict import Aspect


@dataclass(frozen=True)
class Doubled:
    given: int
    came: Any

    @property
    def right(self) -> bool:
        return bool(self.came == 2 * self.given)


calls: list[str] = []


def doubled(answer: Any, sheet: Sheet) -> Iterator[Doubled]:
    """Two and three, doubled."""
    calls.append("doubled")
    for number in (2, 3):
        yield Doubled(number, answer(number))


NO_NUMBER = Rule(doubled, lambda one: one.came is None, "nothing came of {given}.", "", "Return something.")
WRONG = Rule(doubled, lambda one: not one.right, "{came} came of {given}.", "start-call-runs", "Multiply.")
ODD = Rule(doubled, lambda one: one.came % 2, "{came} is odd.", "", "Multiply by two.")


@pytest.fixture
def exercise(monkeypatch: pytest.MonkeyPatch) -> Exercise:
    """An exercise that is registered for one test alone."""
    monkeypatch.setattr(sys.modules[Exercise.__module__], "_exercises", exercises())
    calls.clear()
    return ruled(
        "leaks-x99", "Double", kind="build", answer="double",
        asked=[Asked("it doubles", 2, (NO_NUMBER, WRONG)), Asked("it is even", 1, (NO_NUMBER, ODD)),
               Asked("on Linux", 1, (NO_NUMBER, WRONG), linux=True)],
    )  # fmt: skip


def aspects(exercise: Exercise, answer: Any) -> tuple[Aspect, ...]:
    return trial.examine(exercise, answer, Variant()).aspects


def test_a_right_answer_holds_in_every_aspect_and_is_observed_once(exercise: Exercise) -> None:
    found = aspects(exercise, lambda number: 2 * number)
    assert [one.points for one in found] == [2, 1, 1] and calls == ["doubled"]


def test_the_first_fact_for_which_a_rule_holds_is_told(exercise: Exercise) -> None:
    before = reached[WRONG]
    first, second, _ = aspects(exercise, lambda number: 4)
    assert (first.points, first.belief, first.seen, first.advice) == (
        0, "start-call-runs", "4 came of 3.", "Multiply.",
    )  # fmt: skip
    assert second.points == 1 and reached[WRONG] == before + 2


def test_what_stops_several_aspects_is_said_of_the_first(exercise: Exercise) -> None:
    first, *others = aspects(exercise, lambda number: {}.get(number))
    assert first.seen == "nothing came of 2."
    assert [one.seen for one in others] == ["The problem above stops this, too."] * 2


def test_so_is_what_an_answer_raised(exercise: Exercise) -> None:
    first, *others = aspects(exercise, lambda number: number / 0)
    assert "Your code raised ZeroDivisionError" in first.seen
    assert [one.advice for one in others] == ["Fix that first."] * 2


def test_where_linux_is_needed_and_not_there_the_aspect_is_not_checked(
    exercise: Exercise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "can_copy", lambda: False)
    verdict = trial.examine(exercise, lambda number: 2 * number, Variant())
    assert [one.unchecked for one in verdict.aspects] == [False, False, True]
    assert (verdict.status, verdict.points, verdict.worth) == ("correct", 3, 4)
    assert "on Linux: not checked here; it is checked in grading, on Linux (0 of 1)" in str(verdict)


def test_two_aspects_have_two_names(exercise: Exercise) -> None:
    with pytest.raises(ValueError, match="leaks-x98: two aspects have the same name"):
        asked = [Asked("it", 1, ()), Asked("it", 1, ())]
        ruled("leaks-x98", "Double", kind="build", answer="double", asked=asked)
