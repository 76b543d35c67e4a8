"""For an appeal: the same answer, the same draw, the same verdict."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import coursework
import gradings
import pytest
from coursework import ASSIGNMENT, IDS, answered, solution, submit, wrong

from classroom import replay
from classroom.cli import main
from classroom.course import Course
from classroom.execute import Job, Result, Score
from classroom.grade import grade
from classroom.sandbox import available
from lessons.exercises import exercises

FIRST, SECOND = IDS


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """ada's first exercise has two points; a replay gives what a test has made, without a kernel."""
    made = coursework.make(tmp_path / "course")
    gradings.enter(made, "ada", {FIRST: 2, SECOND: 1})
    monkeypatch.setattr("classroom.grade.available", lambda: (True, ""))
    return made


def replaying(monkeypatch: pytest.MonkeyPatch, course: Course, points: int, version: str = "") -> list[Job]:
    jobs: list[Job] = []

    def graded(job: Job) -> Result:
        jobs.append(job)
        with gradings.opened(course) as book:
            return gradings.result(book.template, job.student, {FIRST: points}, version=version)

    monkeypatch.setattr(replay, "graded", graded)
    return jobs


def replayed(course: Course, student: str, exercise: str) -> int:
    return main(["replay", student, exercise, "--course", str(course.root)])


def test_the_same_verdict_is_shown_again(
    course: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = replaying(monkeypatch, course, 2)
    before = sorted((path, path.stat().st_mtime_ns) for path in course.root.rglob("*.json"))
    assert replayed(course, "ada", FIRST) == 0
    said = capsys.readouterr().out
    worth = exercises()[FIRST].worth
    assert f"2 of {worth} points." in said
    assert said.endswith(f"The record has the same verdict (2 of {worth} points, seed a seed).\n")
    assert jobs[0].seeds == {FIRST: "a seed", SECOND: "a seed"} and jobs[0].sandboxed
    assert sorted((path, path.stat().st_mtime_ns) for path in course.root.rglob("*.json")) == before


@pytest.mark.parametrize(
    ("version", "why"), [("9", "has version 9 now"), ("", "does not behave the same each time")]
)
def test_another_verdict_is_said(
    course: Course,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: str,
    why: str,
) -> None:
    replaying(monkeypatch, course, 1, version)
    assert replayed(course, "ada", FIRST) == 1
    said = capsys.readouterr().out
    assert (
        "The record has a different verdict: 2 of" in said and "1 here (seed a seed)" in said and why in said
    )


def test_what_cannot_be_replayed_is_a_sentence(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    gradings.refuse(course, "dov", "unreadable", "It is no notebook.")
    for student, exercise, said in (
        ("nobody", FIRST, "nobody has no record of leaks"),
        ("ada", "leaks-x99", "has no exercise 'leaks-x99'"),
        ("dov", FIRST, "no verdict on leaks-x1, so there is nothing to replay: It is no notebook."),
    ):
        assert replayed(course, student, exercise) == 1
        assert said in capsys.readouterr().err
    submit(course, "ada", answered({FIRST: "another = 1"}))
    assert replayed(course, "ada", FIRST) == 1
    assert "put it back" in capsys.readouterr().err


def test_an_answer_that_is_not_shown_any_more_has_no_verdict(course: Course) -> None:
    with gradings.opened(course) as book:
        made = gradings.result(book.template, "ada", {})
    whole = json.loads(made.notebook)
    for one in whole["cells"]:
        one["outputs"] = []
    made.notebook = json.dumps(whole)
    assert replay.verdict(made, FIRST) is None
    assert not replay.same({"aspects": [{"name": "a", "worth": 1, "points": 1, "belief": ""}]}, Score(1.0))


@pytest.mark.deep
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
@pytest.mark.skipif(not available()[0], reason=f"no sandbox: {available()[1]}")
@pytest.mark.parametrize("pick", [solution, wrong])
def test_a_real_grading_is_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str], pick: object) -> None:
    course = coursework.make(tmp_path / "course")
    assert callable(pick)
    submit(course, "ada", answered({id: pick(id) for id in IDS}))
    grade(course, ASSIGNMENT, workers=1, say=lambda line: None)
    for id in IDS:
        assert replayed(course, "ada", id) == 0
        assert "The record has the same verdict" in capsys.readouterr().out
