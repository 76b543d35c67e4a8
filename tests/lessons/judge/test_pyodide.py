"""A check in Pyodide, the Python of a browser, has the same verdict as on the desk. It runs under Node."""

from __future__ import annotations

from typing import Any

import pytest
from in_pyodide import Pyodide
from solutions import Solution, solutions

from lessons.exercises import exercises

EXAMINE = """
from lessons import course
from lessons.exercises import executed, exercises, stub
from lessons.judge.trial import examine

exercise = exercises()[id]
names = executed(stub(exercise.assignment), exercise.assignment)
course("kit")
examine(id, executed(source, name, names).get(exercise.answer)).as_dict()
"""

RECURSION = (
    "descriptors-x1-wrong_4_descriptors-getattr-finds-value",
    "descriptors-x1-wrong_7",
    "descriptors-x2-wrong_6_descriptors-getattr-finds-value",
    "descriptors-x3-wrong_1_descriptors-getattr-finds-value",
    "descriptors-x3-wrong_2_descriptors-getattr-finds-value",
)
"""Stored solutions that recurse without end through `getattr`: with Python's usual limit they end Pyodide."""


UNCHECKED = {
    one.id: {asked.name for asked in one.asked if asked.linux} for one in exercises().values() if one.asked
}
"""Aspects that are not checked in a browser, because only Linux tells what a process holds."""

FULL_DISK = "the disk can be made full on Linux alone"
LINUX_ONLY = {
    f"leaks-x4-{name}": FULL_DISK
    for name in ("wrong_12", "wrong_15", "wrong_31", "wrong_32", "wrong_6", "wrong_8_leaks-except-is-enough")
}
"""Stored solutions whose verdict differs, because one observation of their check needs Linux."""


def told(verdict: dict[str, Any], but: set[str]) -> dict[str, tuple[int, str]]:
    """Points and belief for each aspect. Sentences may differ: they quote addresses, times and paths."""
    aspects = [aspect for aspect in verdict["aspects"] if aspect["name"] not in but]
    return {aspect["name"]: (aspect["points"], aspect["belief"]) for aspect in aspects}


def agrees(solution: Solution, pyodide: Pyodide) -> None:
    given = {"id": solution.exercise, "name": str(solution), "source": solution.source}
    there = pyodide.run(EXAMINE, **given)
    unchecked = {aspect["name"] for aspect in there["aspects"] if aspect["unchecked"]}
    assert unchecked <= UNCHECKED.get(solution.exercise, set()), solution
    here = solution.judged().as_dict()
    assert told(there, unchecked) == told(here, unchecked), f"{solution}: {there}"


def test_what_a_student_imports_is_there(pyodide: Pyodide) -> None:
    code = "import lifecycle, sys\nfrom lessons import check, predict\n[sys.platform, lifecycle.__name__]"
    assert pyodide.run(code) == ["emscripten", "lifecycle"]


def test_what_only_teachers_have_is_not_there(pyodide: Pyodide) -> None:
    code = "import importlib.util\nimportlib.util.find_spec('classroom') is None"
    assert pyodide.run(code) is True


def test_check_shows_its_verdict(pyodide: Pyodide) -> None:
    pyodide.run("from lessons import check\ncheck('leaks-x1', None).status")
    assert "leaks-x1 is missing" in pyodide.printed


@pytest.mark.parametrize("solution", solutions("leaks-x1"), ids=str)
def test_a_verdict_is_the_same(solution: Solution, pyodide: Pyodide) -> None:
    agrees(solution, pyodide)


@pytest.mark.deep
@pytest.mark.timeout(600)
@pytest.mark.parametrize("exercise", exercises())
def test_every_verdict_is_the_same(exercise: str, pyodide: Pyodide) -> None:
    # From the start: a wrong answer leaves files open, and only the first 256 can be counted.
    pyodide.close()
    for solution in solutions(exercise):
        if str(solution) not in LINUX_ONLY:
            agrees(solution, pyodide)


@pytest.mark.deep
@pytest.mark.parametrize("name", RECURSION)
def test_a_recursion_without_end_has_the_same_verdict(name: str, pyodide: Pyodide) -> None:
    (solution,) = [one for one in solutions() if str(one) == name]
    agrees(solution, pyodide)
