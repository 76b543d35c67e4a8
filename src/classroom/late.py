"""How late each submission is, what the budget of late days covers, and what the rest costs.

nbgrader calls its own late-submission plugin with one submission's seconds. A budget for the whole term needs
all of a student's submissions, so the rule is here, in `[late]` of course.toml, and nbgrader's column
`late_submission_penalty` holds its result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_

from classroom.course import Course, LateRule
from classroom.gradebook import changing
from lessons.words import many

DAY = 86_400


@dataclass(frozen=True)
class Late:
    """A late submission: how late, how many of its days the budget covers, and its penalty in percent."""

    seconds: int
    covered: int = 0
    percent: int = 0

    @property
    def days(self) -> int:
        """The days that have begun since the deadline."""
        return -(-self.seconds // DAY)

    @property
    def said(self) -> str:
        """The lateness in words.

        >>> Late(100_000, 1).said, Late(60).said
        ('2 days late, 1 covered by the budget', '1 day late')
        """
        covered = f", {self.covered} covered by the budget" if self.covered else ""
        return f"{many(self.days, 'day')} late{covered}" + (
            f", \N{MINUS SIGN}{self.percent} %" if self.percent else ""
        )


def shares(rule: LateRule, seconds: Mapping[str, int]) -> dict[str, Late]:
    """What the rule makes of one student's late submissions.

    seconds: how late each assignment is, in the order of the deadlines, in which the budget is used.

    >>> rule = LateRule(budget=2, penalty=10)
    >>> found = shares(rule, {"leaks": 3600, "chains": 200_000, "config": 0})
    >>> {name: (late.days, late.covered, late.percent) for name, late in found.items()}
    {'leaks': (1, 1, 0), 'chains': (3, 1, 20)}
    """
    left = rule.budget
    found: dict[str, Late] = {}
    for name, late in seconds.items():
        if late <= 0:
            continue
        days = Late(late).days
        covered = min(left, days)
        left -= covered
        found[name] = Late(late, covered, min(rule.at_most, rule.penalty * (days - covered)))
    return found


def seconds_late(
    book: Any, course: Course, students: Iterable[str] | None = None
) -> dict[str, dict[str, int]]:
    """How late each late submission of the gradebook is, by student, in the order of the deadlines."""
    from nbgrader.api import Assignment, SubmittedAssignment

    asked = book.db.query(
        SubmittedAssignment.student_id, Assignment.name, Assignment.duedate,
        SubmittedAssignment.timestamp, SubmittedAssignment.extension,
    ).join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)  # fmt: skip
    asked = asked.filter(Assignment.duedate.isnot(None), SubmittedAssignment.timestamp > Assignment.duedate)
    if students is not None:
        asked = asked.filter(SubmittedAssignment.student_id.in_(list(students)))
    order = {name: number for number, name in enumerate(course.assignments)}
    found: dict[str, dict[str, int]] = {}
    for student, name, due, stamp, extension in sorted(asked, key=lambda one: _place(one, order)):
        late = int((stamp - due - extension if extension else stamp - due).total_seconds())
        if late > 0:
            found.setdefault(student, {})[name] = late
    return found


def _place(one: Any, order: Mapping[str, int]) -> tuple[datetime, int, str]:
    return one[2], order.get(one[1], len(order)), one[1]


def lates(book: Any, course: Course, students: Iterable[str] | None = None) -> dict[tuple[str, str], Late]:
    """All late submissions of the gradebook, by assignment and student."""
    return {
        (name, student): late
        for student, seconds in seconds_late(book, course, students).items()
        for name, late in shares(course.late, seconds).items()
    }


def percent_if(book: Any, course: Course, student: str, assignment: str, seconds: int) -> int:
    """The penalty in percent if a student's submission of this assignment were so many seconds late."""
    known = seconds_late(book, course, [student]).get(student, {})
    named = [(one.name, one.duedate) for one in book.assignments if one.duedate is not None]
    order = {name: number for number, name in enumerate(course.assignments)}
    named.sort(key=lambda one: (one[1], order.get(one[0], len(order)), one[0]))
    all_late = {name: seconds if name == assignment else known.get(name, 0) for name, _ in named}
    found = shares(course.late, all_late).get(assignment)
    return found.percent if found else 0


def settle(book: Any, course: Course, students: Iterable[str] | None = None) -> None:
    """Write the penalties of all students, or of some, to the gradebook. Only inside `changing`.

    A penalty is a share of the points, so it changes with an extension, with another late submission, and
    with points that a person gives.
    """
    for notebook, penalty in _wrong(book, course, students):
        notebook.late_submission_penalty = penalty


def settled(book: Any, course: Course) -> None:
    """Settle all penalties of an open gradebook, in a transaction, if one of them is not true any more."""
    book.db.rollback()
    if _wrong(book, course, None):
        with changing(book):
            settle(book, course)


def _wrong(book: Any, course: Course, students: Iterable[str] | None) -> list[tuple[Any, float | None]]:
    """The submitted notebooks whose penalty is not what the rule says, each with the right one."""
    from nbgrader.api import Assignment, SubmittedAssignment, SubmittedNotebook

    chosen = None if students is None else list(students)
    costly = {key: one.percent for key, one in lates(book, course, chosen).items() if one.percent}
    found = []
    asked = (
        book.db.query(SubmittedNotebook, Assignment.name, SubmittedAssignment.student_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
    )
    if chosen is not None:
        asked = asked.filter(SubmittedAssignment.student_id.in_(chosen))
    else:
        owing = {student for _, student in costly}
        has = SubmittedNotebook.late_submission_penalty > 0
        asked = asked.filter(or_(has, SubmittedAssignment.student_id.in_(owing)))
    for notebook, name, student in asked:
        percent = costly.get((name, student), 0)
        penalty = round(notebook.score * percent / 100, 4) if percent else None
        if (notebook.late_submission_penalty or None) != (penalty or None):
            found.append((notebook, penalty or None))
    return found
