"""One verdict: what a student saw at home, what was booked, and what feedback and report say."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import coursework
import gradings
from coursework import ASSIGNMENT

from classroom import records, report
from classroom.cli import main
from classroom.course import Course
from classroom.pages import plain
from classroom.solutions import solutions
from lessons.judge.verdict import Aspect, Verdict, panel

BELIEVED = [one for one in solutions(coursework.SOLUTIONS) if one.belief]


def words(page: str) -> str:
    """What a reader of a page sees, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def portable(aspects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Aspects without the folders of a machine: a check's temporary files are elsewhere each time."""
    return [one | {key: plain(one[key]) for key in ("name", "seen", "advice")} for one in aspects]


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
    assert shown.partition(f" Check {home.exercise}, version")[0] in words(page)
    under = report._under(score)
    full = home.points == home.worth
    assert under == (report.FULL if full else home.belief or report.OTHER)


def test_a_verdict_is_booked_and_told_as_it_was_seen(tmp_path: Path) -> None:
    """No kernel: from the verdict on, for the answers to leaks-x5 that show a belief."""
    course = coursework.make(tmp_path / "course", "leaks-x5")
    verdicts = {}
    for number, one in enumerate(one for one in BELIEVED if one.exercise == "leaks-x5"):
        student, home = f"s{number}", one.judged(course.term)
        assert home.belief == one.belief
        with mock.patch.object(gradings, "verdict", lambda *_, home=home: home):
            data = json.dumps(coursework.answered({"leaks-x5": one.source}, "leaks-x5")).encode()
            gradings.enter(course, student, {}, data=data)
        verdicts[student] = home
    assert main(["feedback", "--course", str(course.root)]) == 0
    for student, home in verdicts.items():
        agree(course, ASSIGNMENT, student, home)
