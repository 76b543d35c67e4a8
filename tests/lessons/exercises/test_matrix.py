"""The matrix: every right solution is accepted, every wrong one rejected under its own name."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from solutions import Solution, as_stored, same, setup, solutions

from lessons import course
from lessons.exercises import Variant, executed, exercises, stub
from lessons.exercises.rules import reached
from lessons.judge import trial
from lessons.judge.trial import examine
from lessons.judge.verdict import Verdict
from lessons.study.questions import misconceptions

ALL = solutions()
EXERCISES = list(exercises())
KIT = Variant("kit")


@pytest.fixture(autouse=True)
def the_kits_variant():
    yield
    course("kit")


@cache
def judged(solution: Solution, variant: Variant) -> Verdict:
    return examine(solution.exercise, solution.answer(variant.name), variant)


EACH = [
    pytest.param(one, id=str(one), marks=[] if one.right or place % 5 == 0 else pytest.mark.one_python)
    for place, one in enumerate(ALL)
]
"""All of them; on the other Pythons the right ones, and every fifth."""


@pytest.mark.parametrize("solution", EACH)
def test_a_solution_is_accepted_or_rejected_under_its_own_name(solution: Solution) -> None:
    as_stored(solution, judged(solution, KIT))


FIRST = {(one.exercise, one.right): one for one in reversed(ALL)}.values()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("solution", FIRST, ids=str)
def test_a_verdict_is_the_same_in_one_process(solution: Solution, monkeypatch: pytest.MonkeyPatch) -> None:
    there = examine(solution.exercise, solution.answer(), seed="7")
    monkeypatch.setattr(trial, "can_copy", lambda: False)
    here = examine(solution.exercise, solution.answer(), seed="7")
    assert same(there, here, words=solution.exercise.startswith("leaks")), f"{there}\n{here}"


@pytest.mark.parametrize("id", EXERCISES)
def test_a_stub_and_an_empty_answer_are_missing(id: str) -> None:
    names = setup(id)
    untouched = executed(stub(id), id, names).get(exercises()[id].answer)
    for answer in (untouched, None, ..., lambda *given: None):
        verdict = examine(id, answer)
        assert (verdict.status, verdict.points) == ("missing", 0), str(verdict)


NONSENSE = {"42": 42, "int": int, "print": print}
MORE = {"text": "text", "object": object(), "list": [], "type": type, "one": lambda: 1}


@pytest.mark.parametrize("id", EXERCISES)
@pytest.mark.parametrize(
    "answer",
    [
        *(pytest.param(one, id=name) for name, one in NONSENSE.items()),
        *(pytest.param(one, id=name, marks=pytest.mark.deep) for name, one in MORE.items()),
    ],
)
def test_nonsense_is_wrong_and_says_what_was_seen(id: str, answer: object) -> None:
    verdict = examine(id, answer)
    assert verdict.status in ("wrong", "almost") and verdict.points < verdict.worth
    assert verdict.aspects[0].points == 0, str(verdict)


@pytest.mark.parametrize("id", EXERCISES)
def test_each_exercise_has_two_right_and_four_wrong_solutions(id: str) -> None:
    mine = [one for one in ALL if one.exercise == id]
    assert sum(one.right for one in mine) >= 2
    assert sum(not one.right for one in mine) >= 4


@pytest.mark.parametrize("id", EXERCISES)
def test_no_aspect_that_no_wrong_solution_fails(id: str) -> None:
    failed = {
        aspect.name
        for one in ALL
        if one.exercise == id and not one.right
        for aspect in judged(one, KIT).aspects
        if not aspect.holds
    }
    assert set(exercises()[id].aspects) == failed


def test_each_wrong_solution_stands_for_a_misconception_that_is_known() -> None:
    assert {one.belief for one in ALL if one.belief} <= set(misconceptions())
    assert {one.exercise for one in ALL} == set(EXERCISES), "solutions and exercises belong together"


def test_there_are_eighty_wrong_solutions_and_four_for_each_core_misconception() -> None:
    count = Counter(one.belief for one in ALL if not one.right)
    assert sum(count.values()) >= 80
    core = {id for id, entry in misconceptions().items() if entry.core}
    assert {id: count[id] for id in core if count[id] < 4} == {}


@pytest.mark.parametrize("id", [one.id for one in exercises().values() if one.asked])
def test_each_rule_is_reached_by_a_stored_solution(id: str) -> None:
    for solution in solutions(id):
        judged(solution, KIT)  # which other tests have asked for, too
    rules = {rule for asked in exercises()[id].asked for rule in asked.rules}
    shown = {
        aspect.belief
        for one in solutions(id)
        if one.belief
        for aspect in judged(one, KIT).aspects
        if aspect.belief
    }
    assert {rule.belief for rule in rules if rule.belief} <= shown, "a belief needs an answer that shows it"
    unreached = [f"{rule.belief}: {rule.seen}" for rule in rules if not reached[rule]]
    assert not unreached
