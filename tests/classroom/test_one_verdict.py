"""One verdict: what a student saw at home, what was booked, and what feedback and report say."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any
from unittest import mock

import coursework
import gradings
import pytest
from coursework import ASSIGNMENT

from classroom import records, report
from classroom.cli import main
from classroom.course import Course
from classroom.grade import grade
from classroom.making import make
from classroom.pages import plain
from classroom.sandbox import available
from classroom.solutions import Solution, solutions
from lessons.exercises import Variant, exercises
from lessons.judge.trial import examine
from lessons.judge.verdict import Aspect, Verdict, panel

BELIEVED = [one for one in solutions(coursework.SOLUTIONS) if one.belief]
ASSIGNMENTS = sorted({one.exercise.partition("-")[0] for one in BELIEVED})


def words(page: str) -> str:
    """What a reader of a page sees, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def portable(aspects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Aspects without a machine's folders and addresses: files and objects are elsewhere each time."""

    return [one | {key: moved(plain(one[key])) for key in ("name", "seen", "advice")} for one in aspects]


def moved(text: str) -> str:
    """A text without the addresses of objects."""
    return re.sub(r"0x[0-9a-f]+", "0x…", text)


def agree(course: Course, assignment: str, student: str, home: Verdict) -> None:
    """Record, gradebook, feedback and report say what this verdict says."""
    score = records.read(course, assignment)[student]["exercises"][home.exercise]
    told = home.as_dict()
    for key in ("points", "belief", "status", "version"):
        assert score[key] == told[key], (home.exercise, student, key)
    assert portable(score["aspects"]) == portable(told["aspects"]), (home.exercise, student)
    page = (course.root / "feedback" / student / f"{assignment}.html").read_text(encoding="utf-8")
    shown = words(
        panel(replace(home, aspects=tuple(Aspect(**one) for one in portable(told["aspects"])))).html
    )
    assert shown.partition(f" Check {home.exercise}, version")[0] in moved(words(page))
    under = report._under(score)
    full = home.points == home.worth
    assert under == (report.FULL if full else home.belief or report.OTHER)


def test_a_verdict_is_booked_and_told_as_it_was_seen(tmp_path: Path) -> None:
    """No kernel: from the verdict on, for the answers to leaks-x5 that come from a belief."""
    course = coursework.make(tmp_path / "course", "leaks-x5")
    verdicts = {}
    for number, one in enumerate(one for one in BELIEVED if one.exercise == "leaks-x5"):
        student, home = f"s{number}", one.judged(course.term)
        assert home.belief == one.named
        with mock.patch.object(gradings, "verdict", lambda *_, home=home: home):
            data = json.dumps(coursework.answered({"leaks-x5": one.source}, "leaks-x5")).encode()
            gradings.enter(course, student, {}, data=data)
        verdicts[student] = home
    assert {bool(home.belief) for home in verdicts.values()} == {True, False}
    assert main(["feedback", "--course", str(course.root)]) == 0
    for student, home in verdicts.items():
        agree(course, ASSIGNMENT, student, home)


@pytest.mark.deep
@pytest.mark.skipif(not available()[0], reason="no sandbox")
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_grading_books_what_was_seen_at_home(tmp_path: Path, assignment: str) -> None:
    """An answer for each belief of an exercise, in the sandbox, and judged here with the same seed."""
    course = make(tmp_path / "week", "Pipes", coursework.TERM)
    placed = submitted(course, assignment)
    grade(course, assignment, workers=2, say=lambda line: None)
    assert main(["feedback", assignment, "--course", str(course.root)]) == 0
    found = records.read(course, assignment)
    for (student, id), one in placed.items():
        seed = found[student]["exercises"][id]["seed"]
        home = examine(exercises()[id], one.answer(course.term), Variant(course.term), seed)
        assert home.belief == one.named
        agree(course, assignment, student, home)


def submitted(course: Course, assignment: str) -> dict[tuple[str, str], Solution]:
    """Hand in these answers, an answer to each exercise in each notebook. Returns where each one is."""
    ids = course.assignment(assignment).exercises
    columns = [list({one.belief: one for one in BELIEVED if one.exercise == id}.values()) for id in ids]
    release = course.release(assignment).read_text(encoding="utf-8")
    placed = {}
    for number, row in enumerate(zip_longest(*columns)):
        student, notebook = f"s{number:02}", json.loads(release)
        sources = {one.exercise: one.source for one in row if one}
        for cell in notebook["cells"]:
            name: Any = cell["metadata"].get("nbgrader", {}).get("grade_id")
            cell["source"] = sources.get(name, cell["source"])
        path = course.submitted(student, assignment)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
        placed |= {(student, one.exercise): one for one in row if one}
    return placed
