"""Gradings made by hand for the tests of what comes after: no kernel runs, the one writer writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import coursework
from coursework import ASSIGNMENT, IDS, answered
from nbgrader.api import Gradebook

from classroom.book import Book
from classroom.course import Course
from classroom.execute import Result, Score, _number, ungraded
from classroom.grade import Recipe
from classroom.intake import Found, Template, notebook, rebuilt
from lessons.exercises import exercises
from lessons.judge.verdict import MIME, Aspect, Verdict

BELIEF = "leaks-m1"


@contextmanager
def opened(course: Course) -> Iterator[Book]:
    """The course's book, as `classroom grade` opens it."""
    recipe = Recipe.read(course, ASSIGNMENT)
    with Book(course, ASSIGNMENT, recipe.template, recipe.digest, recipe.versions) as book:
        yield book


def verdict(exercise: str, points: int, belief: str = "", version: str = "", seen: str = "") -> Verdict:
    """A verdict of so many points, in aspects of one point each; the rest shows a belief.

    version: the check's; today's when it is empty.
    """
    worth = exercises()[exercise].worth
    aspects = tuple(
        Aspect(f"aspect {number}", 1, 1)
        if number < points
        else Aspect(f"aspect {number}", 1, 0, belief, seen or f"Nothing was seen at {number}.", "Look again.")
        for number in range(worth)
    )
    version = version or exercises()[exercise].version
    return Verdict(exercise, version, coursework.TERM, aspects, seed="a seed")


def result(
    template: Template,
    student: str,
    points: Mapping[str, int],
    belief: str = "",
    answers: Mapping[str, str] | None = None,
    data: bytes = b"",
    printed: Mapping[str, list[dict[str, Any]]] | None = None,
    seen: str = "",
    version: str = "",
    **about: Any,
) -> Result:
    """The result of a submission whose checks gave these points.

    data: the notebook's bytes, else it is made of `answers`. printed: outputs of answer cells, by name.
    """
    data = data or json.dumps(answered(dict(answers or {}))).encode()
    cells, _ = rebuilt(data, template)
    scores = {}
    for cell in cells:
        if cell.slot and cell.slot.check:
            exercise = cell.slot.id.removesuffix("-check")
            one = verdict(exercise, points.get(exercise, 0), belief, version, seen)
            told = one.as_dict()
            scores[cell.slot.id] = Score(
                cell.slot.points, one.points, one.status, one.belief, one.version, told["aspects"], one.seed
            )
            shown = {"text/plain": str(one), MIME: told}
            cell.outputs = [
                {"output_type": "display_data", "data": shown, "metadata": {}},
                _number(one.points),
            ]
        elif cell.type == "code":
            cell.outputs = list((printed or {}).get(cell.slot.id if cell.slot else "", []))
    return Result(student, notebook=notebook(cells), scores=scores, **about)


def enter(course: Course, student: str, points: Mapping[str, int], **about: Any) -> dict[str, Any]:
    """Write a grade, and return its record."""
    stamp = about.pop("timestamp", "")
    answers = about.get("answers")
    with opened(course) as book:
        given = result(book.template, student, points, **about)
        data = about.get("data") or json.dumps(answered(dict(answers or {}))).encode()
        if not course.submitted(student, ASSIGNMENT).exists():
            coursework.submit(course, student, data)
        return book.enter(Found(student, data, timestamp=stamp), given)


def refuse(course: Course, student: str, status: str, note: str) -> dict[str, Any]:
    """Write down that a submission could not be graded."""
    with opened(course) as book:
        given = ungraded(student, book.template, status, note)
        return book.enter(Found(student, None, status, note), given)


def name(course: Course, student: str, first: str, last: str, email: str = "") -> None:
    """Put a student into the gradebook, or give one a name."""
    with Gradebook(course.gradebook_url) as book:
        about = {"first_name": first, "last_name": last, "email": email or f"{student}@example.org"}
        book.update_or_create_student(student, **about)


def decide(course: Course, student: str, points: float | None, cell: str = "", comment: str = "") -> None:
    """Give a manual score, and a comment on the answer, as the form grader does."""
    cell = cell or f"{IDS[0]}-check"
    with Gradebook(course.gradebook_url) as book:
        if points is not None:
            grade = book.find_grade(cell, ASSIGNMENT, ASSIGNMENT, student)
            grade.manual_score, grade.needs_manual_grade = points, False
        if comment:
            place = cell.removesuffix("-check")
            book.find_comment(place, ASSIGNMENT, ASSIGNMENT, student).manual_comment = comment
        book.db.commit()


def worth(exercise: str) -> int:
    """How many points an exercise is worth."""
    return exercises()[exercise].worth


def factored(root: Path, factor: int) -> Course:
    """The course with another factor."""
    path = root / "course.toml"
    text = path.read_text(encoding="utf-8").replace("factor = 1", f"factor = {factor}")
    path.write_text(text, encoding="utf-8")
    return Course.read(root)
