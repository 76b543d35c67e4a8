"""A forged check shows: by a wrong solution that passes, by code that is not as it was, by its words."""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterator
from typing import Any

import coursework
import pytest
from coursework import IDS, SOLUTIONS, TERM, solution, wrong

from classroom import canary, inside
from classroom.execute import Job
from classroom.intake import Template
from lifecycle import faults
from lifecycle.study import check, checks, exercising, progress
from lifecycle.study.checks import Verdict, exercises

FIRST = IDS[0]
WORTH = exercises()[FIRST].worth
CHECK = f'check("{FIRST}", {exercises()[FIRST].answer}).points'
TEMPLATE = Template.read(json.dumps(coursework.release(*IDS)).encode())


def job(student: str = "ada", variant: str = TERM) -> Job:
    files = sorted((SOLUTIONS / FIRST).glob("wrong_*.py"))
    wrong = tuple((file.stem, file.read_text(encoding="utf-8")) for file in files)
    return Job("leaks", student, b"", b"", variant, {FIRST: wrong})


@pytest.fixture
def before() -> Iterator[dict[str, str]]:
    """What the checks are made of in this process."""
    from lifecycle.study import course

    yield inside.prelude(coursework.setup())["made"]
    course("kit")


# Choosing


def test_the_same_student_gets_the_same_canaries_and_others_get_others() -> None:
    assert canary.chosen(job(), FIRST) == canary.chosen(job(), FIRST)
    drawn = {canary.chosen(job(f"student {n}"), FIRST)[0][0][0] for n in range(40)}
    assert len(drawn) > 2
    terms = {canary.chosen(job(variant=f"term-{n}"), FIRST)[0][0][0] for n in range(40)}
    assert len(terms) > 2


def test_before_and_after_are_different_ones_where_there_are_two() -> None:
    first, second = canary.chosen(job(), FIRST)
    assert first != second
    assert canary.chosen(job(), "leaks-x999") == ([], [])


def test_a_check_cell_is_known_by_its_form() -> None:
    forms = {slot.id: canary.exercise(slot) for slot in TEMPLATE.slots if slot.check}
    assert forms == {f"{id}-check": id for id in IDS}


# Wrong solutions


def test_an_honest_check_gives_a_canary_what_it_earns() -> None:
    solutions = canary.chosen(job(), FIRST)[0]
    asked = inside.canaries(CHECK, coursework.setup(), solutions, "")
    name, source = solutions[0]
    most = canary.earned(FIRST, name, source, coursework.setup(), CHECK, TERM, WORTH)
    assert most < WORTH
    assert canary.passed(asked, solutions, {name: most}) == ""


def test_what_a_canary_was_told_is_no_progress_of_the_students() -> None:
    check(FIRST)
    before = str(progress("leaks"))
    inside.canaries(CHECK, coursework.setup(), canary.chosen(job(), FIRST)[0], "")
    assert str(progress("leaks")) == before
    assert f"{FIRST}: missing" in before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"wrong_1": WORTH}, f"the check gave the wrong solution wrong_1 {WORTH} points, 1 are right."),
        ({"wrong_1": 2}, "the check gave the wrong solution wrong_1 2 points, 1 are right."),
        ({"wrong_1": "ValueError was raised"}, "said nothing of use: ValueError was raised."),
        ({"wrong_1": True}, "said nothing of use: True."),
        ({}, "said nothing of use: None."),
        (None, "could not be checked in this kernel."),
    ],
)
def test_a_canary_that_passes_is_named(given: Any, said: str) -> None:
    found = canary.passed({"given": given}, [["wrong_1", ""]], {"wrong_1": 1})
    assert found.endswith(said)
    assert canary.passed({"given": {"wrong_1": 1}}, [["wrong_1", ""]], {"wrong_1": 1}) == ""


def test_what_a_wrong_solution_earns_is_never_all() -> None:
    assert (
        canary.earned(FIRST, "right", solution(FIRST), coursework.setup(), CHECK, "kit", WORTH) == WORTH - 1
    )
    assert canary.earned("own-x1", "wrong", wrong(FIRST), "", "", "kit", 7) == 6
    assert canary.earned(FIRST, "broken", "1 / 0", "", "", "kit", WORTH) == WORTH - 1


# The seal


def test_what_is_as_it_was_is_sealed_alike(before: dict[str, str]) -> None:
    checks.examine(FIRST, None)
    assert canary.changed(before, inside.made()) == ""
    assert inside.sealed(before, "salt") == inside.sealed(inside.made(), "salt")
    assert inside.sealed(before, "salt") != inside.sealed(before, "pepper")


def _fake(*given: Any, **named: Any) -> Any:
    return None


@pytest.mark.parametrize(
    ("holder", "name", "said"),
    [
        (exercising, "tried", "lifecycle.study.exercising.tried was replaced."),
        (checks.trial, "tried", "lifecycle.study.checks.trial.tried was replaced."),
        (faults, "sweep", "lifecycle.faults.sweep was replaced."),
        (Verdict, "points", "lifecycle.study.checks.verdict.Verdict.points"),
        (Verdict, "__eq__", "lifecycle.study.checks.verdict.Verdict.__eq__ was replaced."),
        (Verdict, "__getattribute__", "lifecycle.study.checks.verdict.Verdict.__getattribute__ was added."),
        (builtins, "sum", "builtins.sum was replaced."),
        (json.JSONEncoder, "encode", "json.encoder.JSONEncoder.encode was replaced."),
        (checks.trial, "len", "lifecycle.study.checks.trial.len was added."),
    ],
)
def test_what_was_replaced_is_named(
    before: dict[str, str], monkeypatch: pytest.MonkeyPatch, holder: Any, name: str, said: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(holder, name, _fake, raising=False)
        now = inside.made()
    assert canary.changed(before, now).startswith(said)


def test_new_code_in_the_same_function_shows(before: dict[str, str]) -> None:
    function = checks.trial.examine
    code = function.__code__
    try:
        function.__code__ = (lambda id, answer, variant=None: None).__code__
        now = inside.made()
    finally:
        function.__code__ = code
    assert canary.changed(before, now) == "lifecycle.study.checks.trial.examine was replaced."


def test_an_exercise_that_is_worth_something_else_shows(before: dict[str, str]) -> None:
    aspects = exercises()[FIRST].aspects
    name = next(iter(aspects))
    worth = aspects[name]
    try:
        aspects[name] = 100
        now = inside.made()
    finally:
        aspects[name] = worth
    assert "aspects" in canary.changed(before, now)


def test_what_a_program_adds_to_a_library_is_its_own_business(
    before: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json, "mine", _fake, raising=False)
    assert canary.changed(before, inside.made()) == ""


def test_a_kernel_that_says_nothing_is_not_trusted() -> None:
    said = "the kernel did not say what its checks are made of."
    assert canary.changed({}, {}) == canary.changed({"a": "1"}, None) == said


# Requests


def test_a_request_is_text_that_runs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []

    class Shell:
        display_pub = type("Publisher", (), {"publish": staticmethod(shown.append)})

    # As in the kernel, nothing of the grader can be imported.
    text = canary.request(
        "canaries", "n0nce", "kind/x", {"check": "1", "setup": "", "solutions": [], "salt": ""}
    )
    monkeypatch.setattr("IPython.get_ipython", Shell)
    exec(text, {})
    assert shown == [{"kind/x": {"nonce": "n0nce", "reply": {"given": {}, "seal": ""}}}]


# Words


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nsys._getframe(1)",
        "from inspect import currentframe",
        "import ctypes",
        "import os\nos._exit(0)",
        "from lifecycle.study.checks import exercises",
        "import lifecycle.study.checks.trial as t",
        "open('/proc/self/fd/5', 'w')",
        "get_ipython().ast_transformers.append(1)",
        "import gc\ngc.get_objects()",
    ],
)
def test_words_that_no_answer_needs_are_named(source: str) -> None:
    found = canary.look(source, FIRST)
    assert found and all(line.startswith(f"{FIRST} uses what no exercise needs:") for line in found)


@pytest.mark.parametrize(
    "source", [solution(id) for id in IDS] + ["1 +", "%timeit f()", "\x00", "x" * 100_000]
)
def test_an_honest_answer_is_not_suspected(source: str) -> None:
    assert canary.look(source, FIRST) == []


def test_no_right_solution_of_the_kit_is_suspected() -> None:
    for path in SOLUTIONS.glob("*/right_*.py"):
        assert canary.look(path.read_text(encoding="utf-8"), path.parent.name) == [], path
