"""After a check was mended: who gains, gains; nobody loses unless told; a person's points stay."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import coursework
import gradings
import pytest
from coursework import ASSIGNMENT, IDS, answered, solution, submit
from nbgrader.api import Gradebook

from classroom import records, regrade
from classroom.cli import main
from classroom.course import Course
from classroom.execute import Job, Result, ungraded
from classroom.grade import Recipe, grade
from classroom.intake import Template
from classroom.regrade import outdated
from classroom.sandbox import available
from lessons.exercises import exercises

FIRST, SECOND = IDS
NOW = exercises()[FIRST].version
FULL = {id: gradings.worth(id) for id in IDS}
NEW: dict[str, dict[str, Any]] = {
    "ada": {"points": {FIRST: 3}},
    "bob": {"points": {FIRST: 1}, "belief": "", "seen": "Record 3\x1b[2J was lost."},
    "cem": {"points": {FIRST: 2}},
    "dov": {"points": {FIRST: 3}},
    "eve": {"points": {FIRST: 1, SECOND: 2}},
}
"""What the mended check gives: ada and dov more, bob less, cem the same, eve less of one, more of another."""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five students with two points for the first exercise, by version 0; dov's a person raised to 3.5."""
    course = coursework.make(tmp_path_factory.mktemp("regrade") / "course")
    for student in NEW:
        gradings.enter(course, student, {FIRST: 2}, version="0")
        gradings.name(course, student, student.title(), "Student, the")
    gradings.decide(course, "dov", 3.5, comment="Well seen.")
    return course.root


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Course:
    return Course.read(shutil.copytree(graded, tmp_path / "course"))


class Made:
    """In the place of workers: gives the results that a test has made."""

    def __init__(self, results: dict[str, Any]) -> None:
        self.made = results
        self.asked: list[str] = []
        self.seeds: dict[str, dict[str, str]] = {}

    def results(self, jobs: Iterable[Job], patience: float | None = None) -> Iterator[Result]:
        for job in jobs:
            self.asked.append(job.student)
            self.seeds[job.student] = dict(job.seeds)
            one = self.made[job.student]
            template = Template.read(job.release)
            yield one if isinstance(one, Result) else gradings.result(template, job.student, **one)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Made:
    made = Made({student: dict(about) for student, about in NEW.items()})

    @contextmanager
    def pooled(*given: Any) -> Iterator[Made]:
        yield made

    monkeypatch.setattr(regrade, "pooled", pooled)
    monkeypatch.setattr("classroom.grade.available", lambda: (True, ""))
    return made


def scores(course: Course) -> dict[str, float]:
    with Gradebook(course.gradebook_url) as book:
        return {one.student.id: one.score for one in book.assignment_submissions(ASSIGNMENT)}


def content(course: Course) -> dict[str, bytes]:
    files = [path for path in course.root.rglob("*") if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(course.root)): path.read_bytes() for path in files}


def table(path: Path) -> dict[str, dict[str, str]]:
    lines = csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""))
    return {row["student_id"]: row for row in lines}


def regraded(course: Course, *options: str) -> int:
    return main(["regrade", ASSIGNMENT, "--course", str(course.root), *options])


def test_it_judges_with_the_draw_of_the_grading(course: Course, pool: Made) -> None:
    regraded(course, "--student", "ada")
    assert pool.seeds == {"ada": {FIRST: "a seed", SECOND: "a seed"}}


def test_higher_is_taken_and_lower_is_shown(
    course: Course, pool: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert regraded(course) == 0
    said = capsys.readouterr().out
    assert scores(course) == {"ada": 3, "bob": 2, "cem": 2, "dov": 3.5, "eve": 4}
    worth = FULL[FIRST]
    assert f"ada: 2 → 3 of {sum(FULL.values()) + 3}\n    {FIRST}: 2 → 3 of {worth}; check 0 → {NOW}; " in said
    assert "“aspect 2” passes now" in said
    assert f"{FIRST}: 2 → 1 of {worth}; check 0 → {NOW}; “aspect 1” fails now: Record 3?[2J was lost." in said
    assert "lower, not used (--lower uses it)" in said
    assert "cem:" not in said
    assert "2 higher, 0 lower, 2 with a lower result that is not used, 2 as before" in said


def test_only_changes_are_in_the_table(course: Course, pool: Made) -> None:
    regraded(course)
    rows = table(course.root / f"regrade-{ASSIGNMENT}-1.csv")
    assert {student: (row["score_before"], row["score"]) for student, row in rows.items()} == {
        "ada": ("2", "3"),
        "eve": ("2", "4"),
    }
    assert rows["ada"]["last_name"] == "Student, the"
    assert "passes now" in rows["ada"]["why"] and FIRST not in rows["eve"]["why"]


def test_the_table_counts_the_factor(course: Course, pool: Made) -> None:
    course = gradings.factored(course.root, 2)
    regraded(course)
    row = table(course.root / f"regrade-{ASSIGNMENT}-1.csv")["ada"]
    assert (row["score_before"], row["score"]) == ("4", "6")


def test_what_is_not_taken_stays_everywhere(course: Course, pool: Made) -> None:
    regraded(course)
    record = records.read(course, ASSIGNMENT)["bob"]
    score = record["exercises"][FIRST]
    assert (score["points"], score["version"]) == (2, "0")
    assert f"Version {NOW} of the check gives 1 points." in score["note"]
    from nbformat import from_dict
    from nbgrader.utils import determine_grade

    path = course.root / "autograded/bob" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    cells = from_dict(json.loads(path.read_text(encoding="utf-8")))["cells"]
    cell = next(c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == f"{FIRST}-check")
    assert determine_grade(cell) == (2.0, FULL[FIRST])
    assert "version 0" in str(cell["outputs"])


def test_again_it_changes_nothing_more(
    course: Course, pool: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    regraded(course)
    before = scores(course)
    pool.asked.clear()
    assert regraded(course) == 0
    # What was not taken is asked again; what was, is by today's check.
    assert pool.asked == ["bob", "eve"]
    assert scores(course) == before
    assert "No score changed, so no table was written." in capsys.readouterr().out
    assert not (course.root / f"regrade-{ASSIGNMENT}-2.csv").exists()


def test_lower_is_taken_when_told(course: Course, pool: Made) -> None:
    regraded(course)
    regraded(course, "--lower")
    assert scores(course) == {"ada": 3, "bob": 1, "cem": 2, "dov": 3.5, "eve": 3}
    rows = table(course.root / f"regrade-{ASSIGNMENT}-2.csv")
    assert {student: (row["score_before"], row["score"]) for student, row in rows.items()} == {
        "bob": ("2", "1"),
        "eve": ("4", "3"),
    }


def test_what_a_person_gave_stays(course: Course, pool: Made, capsys: pytest.CaptureFixture[str]) -> None:
    regraded(course, "--lower")
    assert scores(course)["dov"] == 3.5
    assert "the 3.5 points that a person gave are kept" in capsys.readouterr().out
    with Gradebook(course.gradebook_url) as book:
        grade = book.find_grade(f"{FIRST}-check", ASSIGNMENT, ASSIGNMENT, "dov")
        assert (grade.auto_score, grade.manual_score, grade.needs_manual_grade) == (3, 3.5, True)
        assert book.find_comment(FIRST, ASSIGNMENT, ASSIGNMENT, "dov").comment == "Well seen."


@pytest.mark.parametrize("options", [(), ("--lower",), ("--all",)])
def test_a_dry_run_shows_the_same_and_writes_nothing(
    course: Course, pool: Made, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    before = content(course)
    assert regraded(course, "--dry-run", *options) == 0
    dry = capsys.readouterr().out
    assert content(course) == before
    assert regraded(course, *options) == 0
    wet = capsys.readouterr().out
    assert dry.splitlines()[:-2] == wet.splitlines()[:-2]
    assert dry.splitlines()[-1] == "Nothing was written (--dry-run)."


def test_only_outdated_grades_are_looked_at(
    course: Course, pool: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    gradings.enter(course, "cem", {FIRST: 2})
    assert regraded(course) == 0
    assert "cem" not in pool.asked
    assert (
        "1 submission was graded by the current checks and stays the same (--all regrades it)."
        in capsys.readouterr().out
    )
    regraded(course, "--all", "--dry-run")
    assert "cem" in pool.asked
    pool.asked.clear()
    assert regraded(course, "--all", "--student", "ada", "--student", "zoe") == 1
    assert pool.asked == ["ada"]
    assert "zoe: nothing was graded yet." in capsys.readouterr().out


def test_an_own_exercise_is_outdated_when_its_release_is(course: Course) -> None:
    from dataclasses import replace

    recipe = Recipe.read(course, ASSIGNMENT)
    own = replace(recipe, versions={"leaks-x101": ""})
    assert not outdated({"version": {"leaks-x101": "7"}, "grading": own.digest}, own)
    assert outdated({"version": {"leaks-x101": "7"}, "grading": "another"}, own)
    assert not outdated(
        {"version": {id: exercises()[id].version for id in IDS}, "grading": "another"}, recipe
    )
    assert outdated({"version": {FIRST: NOW}, "grading": recipe.digest}, recipe)


def test_a_submission_that_came_anew_is_left_to_grading(
    course: Course, pool: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(course, "ada", answered({FIRST: "x = 2"}))
    shutil.rmtree(course.root / "submitted/bob")
    assert regraded(course) == 0
    said = capsys.readouterr().out
    assert "ada: the submission has changed since it was graded" in said
    assert "bob: the submission has changed since it was graded" in said
    assert {"ada", "bob"}.isdisjoint(pool.asked)


def test_a_grader_that_fails_takes_nothing(
    course: Course, pool: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    template = Recipe.read(course, ASSIGNMENT).template
    pool.made["ada"] = ungraded("ada", template, "stopped", "The worker died.")
    assert regraded(course, "--lower") == 1
    assert scores(course)["ada"] == 2
    assert "ada: not changed. The worker died." in capsys.readouterr().out


def test_what_did_not_run_to_its_end_keeps_its_points_and_asks_a_person(
    course: Course, pool: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    template = Recipe.read(course, ASSIGNMENT).template
    pool.made["ada"] = gradings.result(template, "ada", {}, needs_person=True, evidence=["The kernel died."])
    assert regraded(course) == 0
    assert "ada: NEEDS A PERSON: The kernel died." in capsys.readouterr().out
    assert scores(course)["ada"] == 2
    assert records.read(course, ASSIGNMENT)["ada"]["needs_person"]


def test_cut_off_in_the_middle_the_table_tells_of_what_changed(course: Course, pool: Made) -> None:
    pool.made["bob"] = Result("bob", "no kernel", "No kernel starts.")
    assert regraded(course) == 1
    assert scores(course)["ada"] == 3
    assert list(table(course.root / f"regrade-{ASSIGNMENT}-1.csv")) == ["ada"]
    pool.made["bob"] = NEW["bob"]
    assert regraded(course) == 0
    assert list(table(course.root / f"regrade-{ASSIGNMENT}-2.csv")) == ["eve"]


def test_before_a_grading_it_says_what_comes_first(
    tmp_path: Path, pool: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    course = coursework.make(tmp_path / "course")
    assert regraded(course) == 1
    assert "Nothing of leaks was graded yet: run `classroom grade leaks` first." in capsys.readouterr().err


@pytest.mark.deep
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
@pytest.mark.skipif(not available()[0], reason=f"no sandbox: {available()[1]}")
def test_the_real_checks_in_the_real_sandbox(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = coursework.make(tmp_path / "course")
    submit(course, "ada", answered({FIRST: solution(FIRST)}))
    submit(course, "bob", answered({}))
    grade(course, ASSIGNMENT, workers=1, say=lambda line: None)
    # As if an older version of the check had not let ada's answer pass, and had let bob's.
    for student, points in (("ada", 0), ("bob", FULL[FIRST])):
        path = course.records / ASSIGNMENT / f"{student}.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        aspects = record["exercises"][FIRST]["aspects"]
        for aspect in aspects:
            aspect["points"] = aspect["worth"] if points else 0
        record["exercises"][FIRST] |= {"points": points, "version": "0"}
        record["version"][FIRST] = "0"
        path.write_text(json.dumps(record), encoding="utf-8")
        with Gradebook(course.gradebook_url) as book:
            book.find_grade(f"{FIRST}-check", ASSIGNMENT, ASSIGNMENT, student).auto_score = points
            book.db.commit()
    assert regraded(course, "--workers", "1") == 0
    assert scores(course) == {"ada": FULL[FIRST], "bob": FULL[FIRST]}
    said = capsys.readouterr().out
    assert f"{FIRST}: 0 → {FULL[FIRST]} of {FULL[FIRST]}; check 0 → {NOW}; " in said
    assert "lower, not used" in said
