"""Several people divide the open answers, and the course knows who gave which points."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import coursework
import gradings
import pytest
from coursework import ASSIGNMENT, IDS

from classroom.cli import main
from classroom.course import Course
from classroom.graders import NAME

OPEN = f"{ASSIGNMENT}-open"
STUDENTS = ("ada", "bob", "cem", "dov")

PERSON = """
import sys
from nbgrader.api import Gradebook
from classroom.graders import note
note()
url, cell, assignment, *students = sys.argv[1:]
with Gradebook(url) as book:
    for student in students:
        grade = book.find_grade(cell, assignment, assignment, student)
        grade.manual_score, grade.needs_manual_grade = 2, False
        book.find_comment(cell, assignment, assignment, student).manual_comment = "Good."
        book.db.commit()
"""
"""A form grader, as one person runs it."""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    course = coursework.make(tmp_path / "course")
    for student in STUDENTS:
        gradings.enter(course, student, {IDS[0]: 1}, answers={OPEN: "Because."})
    gradings.enter(course, "eve", {IDS[0]: 1})
    return course


def shown(course: Course, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["graders", ASSIGNMENT, "--course", str(course.root), *words]) == 0
    return [line.partition("  /formgrader")[0] for line in capsys.readouterr().out.splitlines()]


def person(course: Course, name: str, *students: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", PERSON, course.gradebook_url, OPEN, ASSIGNMENT, *students]
    return subprocess.Popen(words, env={"PATH": "/usr/bin:/bin", NAME: name})


def test_two_people_share_the_work_and_it_is_known_who_did_what(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert shown(course, capsys) == [
        "Not shared yet: 4 submissions to grade",
        *(f"  {one}" for one in STUDENTS),
    ]
    shared = [
        "tom: 2 submissions to grade",
        "  ada",
        "  cem",
        "uma: 2 submissions to grade",
        "  bob",
        "  dov",
    ]
    dry = shown(course, capsys, "--share", "tom", "uma", "--dry-run")
    assert dry == [*shared, "Nothing was stored (--dry-run)."]
    assert shown(course, capsys)[0] == "Not shared yet: 4 submissions to grade"
    assert shown(course, capsys, "--share", "tom", "uma") == shared
    # Both at the same time.
    both = [person(course, "tom", "ada", "cem"), person(course, "uma", "bob")]
    assert [one.wait() for one in both] == [0, 0]
    done = ["tom gave 2 grades and 2 comments.", "uma gave 1 grade and 1 comment."]
    assert shown(course, capsys) == [*done, "uma: 1 submission to grade", "  dov"]
    # A share that was given before stays; a grader who left gives theirs up.
    assert shown(course, capsys, "--share", "tom", "uma", "vic")[2:] == [
        "uma: 1 submission to grade",
        "  dov",
    ]
    assert shown(course, capsys, "--share", "vic")[2:] == ["vic: 1 submission to grade", "  dov"]
    # A student who is renamed keeps the grader.
    assert main(["student", "rename", "dov", "dana", "--course", str(course.root)]) == 0
    capsys.readouterr()
    assert shown(course, capsys)[2:] == ["vic: 1 submission to grade", "  dana"]


def test_what_does_not_fit_is_a_sentence(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graders", ASSIGNMENT, "--course", str(course.root), "--share", "tom", "tom"]) == 1
    assert "A grader is named twice" in capsys.readouterr().err
    assert main(["graders", "leeks", "--course", str(course.root)]) == 1
    assert "did you mean 'leaks'?" in capsys.readouterr().err
