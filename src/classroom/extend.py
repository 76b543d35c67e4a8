"""`classroom extend`: give students more time for an assignment, before or after they submit."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from classroom import late, progress, records, term
from classroom.course import Course, add_option, moment
from classroom.gradebook import alone, changing, gradebook
from classroom.intake import printable
from classroom.spans import duration
from classroom.term import Extension
from classroom.trouble import Trouble
from lessons.words import many

MOST = timedelta(days=366)
"""The longest extension."""

SPAN = re.compile(r"(\d{1,4}) *(d|h|min)")
UNITS = {"d": "days", "h": "hours", "min": "minutes"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom extend`."""
    parser.description = (
        "Give students more time for an assignment, before or after they submit. A new extension replaces an "
        "earlier one. Lateness, budget and penalties are computed again for all their assignments. Without "
        "students: list the extensions."
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="for example leaks")
    parser.add_argument("student", nargs="*", metavar="STUDENT", help="the students' ids")
    parser.add_argument("--section", metavar="NAME", help="all students of a section")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--by", metavar="SPAN", help="how much more time than the deadline: 2d, 36h or 90min")
    how.add_argument("--until", metavar="TIME", help='the new deadline, such as "2026-12-04 23:59"')
    how.add_argument("--remove", action="store_true", help="take an extension back")
    parser.add_argument("--because", default="", metavar="TEXT", help="why, for those who look later")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    add_option(parser)


def run(given: argparse.Namespace) -> int:
    """Extend, or list the extensions, and return 0."""
    course = Course.read(given.course)
    assignment = course.assignment(given.assignment)
    wanted = given.by is not None or given.until is not None or given.remove
    if not wanted:
        if given.student or given.section or given.because:
            raise Trouble("How much more time? Add --by 2d, --until TIME, or --remove.")
        print(*listing(course, given.assignment), sep="\n")
        return 0
    if not given.student and not given.section:
        raise Trouble("Who gets more time? Name the students by their ids, or a section with --section NAME.")
    if assignment.deadline is None:
        raise Trouble(
            f"{given.assignment} has no deadline in {course.file}, so there is nothing to extend: nothing is "
            "late."
        )
    one = Extension(
        0 if given.remove else seconds(given.by, given.until, assignment.deadline, course),
        " ".join(given.because.split()),
        term.now(),
    )
    with gradebook(course) as book, alone(course):
        students = chosen(book, course, given.student, given.section)
        print(*extend(book, course, given.assignment, students, one, given.dry_run), sep="\n")
    return 0


def seconds(by: str | None, until: str | None, deadline: datetime, course: Course) -> int:
    """The length of an extension. Raises `Trouble` for a text that is not one, or one that is too long."""
    if by is not None:
        found = SPAN.fullmatch(by.strip())
        if not found:
            raise Trouble(
                f"--by is {printable(by, 40)!r}; allowed is a whole number of days, hours or minutes: 2d, "
                "36h or 90min."
            )
        span = timedelta(**{UNITS[found[2]]: int(found[1])})
    else:
        end = moment(until, course.zone)
        if end is None:
            raise Trouble(
                f'--until is {printable(str(until), 40)!r}; allowed is a day and a time such as "2026-12-04 '
                f'23:59", in the time zone of {course.file}.'
            )
        span = end - deadline
        if span <= timedelta(0):
            raise Trouble(
                f"--until is {end:%Y-%m-%d %H:%M} UTC, which is not after the deadline, "
                f"{deadline:%Y-%m-%d %H:%M} UTC. --remove takes an extension back."
            )
    if not timedelta(0) < span <= MOST:
        raise Trouble(f"An extension is from 1 minute to {MOST.days} days; this one is {span}.")
    return int(span.total_seconds())


def chosen(book: Any, course: Course, named: Iterable[str], section: str | None) -> list[str]:
    """The students who are meant. Raises `Trouble` for one who does not exist, with the most similar id."""
    roster = term.enrolments(book, course)
    known = {student.id for student in book.students}
    students = list(dict.fromkeys(named))
    for student in students:
        if student not in known:
            near = difflib.get_close_matches(student, known, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise Trouble(
                f"The gradebook has no student {printable(student, 60)!r}{hint}. `classroom roster` lists "
                "all students."
            )
    if section is not None:
        within = [id for id, one in roster.items() if section in one.section.split(", ") and not one.dropped]
        if not within:
            sections = sorted({part for one in roster.values() for part in one.section.split(", ") if part})
            raise Trouble(
                f"No enrolled student is in the section {section!r}. The sections are: "
                f"{', '.join(sections) or 'none'}."
            )
        students += [id for id in sorted(within) if id not in students]
    return students


def extend(
    book: Any, course: Course, assignment: str, students: list[str], one: Extension, dry: bool
) -> list[str]:
    """Give an extension in one transaction, bring the records up to date, and say what changed."""
    from nbgrader.api import MissingEntry

    # A damaged record is named before anything changes.
    if students:
        records.read(course, assignment, students)
    before = term.extensions(book, course)
    old = late.lates(book, course, students)
    # A dry run makes the same changes, and takes them back.
    try:
        with changing(book):
            term.prepare(book, course)
            with contextlib.suppress(MissingEntry):
                book.find_assignment(assignment).duedate = _stored(course.assignment(assignment).deadline)
            new = [student for student in students if _differs(before.get((assignment, student)), one)]
            term.extend(book, assignment, new, one)
            _put(book, assignment, students, one)
            late.settle(book, course, students)
            book.db.flush()
            seconds_now = late.seconds_late(book, course, students)
            after = late.lates(book, course, students)
            if dry:
                raise _Undone
    except _Undone:
        pass
    lines = [_told(student, before.get((assignment, student)), one, dry) for student in students]
    for key in sorted(old.keys() | after.keys()):
        was, now = old.get(key), after.get(key)
        if was != now:
            lines.append(f"  {key[1]}, {key[0]}: {_said(was)} → {_said(now)}")
    if dry:
        return [*lines, "Nothing was changed (--dry-run)."]
    for student in progress.shown(students, len(students), "records"):
        restate(course, assignment, student, seconds_now.get(student, {}).get(assignment, 0))
    return lines


def _stored(deadline: datetime | None) -> datetime | None:
    """A deadline as the gradebook has it: in UTC, without saying so."""
    return deadline.replace(tzinfo=None) if deadline else None


class _Undone(Exception):
    """Takes a transaction back."""


def _differs(before: Extension | None, one: Extension) -> bool:
    if before is None:
        return bool(one.seconds)
    return before.seconds != one.seconds or (bool(one.reason) and before.reason != one.reason)


def _put(book: Any, assignment: str, students: list[str], one: Extension) -> None:
    """Write the extension where nbgrader keeps it, for those who submitted."""
    from nbgrader.api import MissingEntry

    for student in students:
        try:
            submission = book.find_submission(assignment, student)
        except MissingEntry:
            continue
        submission.extension = one.span if one.seconds else None


def restate(course: Course, assignment: str, student: str, seconds: int) -> None:
    """Bring the record of a graded submission up to date: how late it is now."""
    path = course.records / assignment / f"{student}.json"
    if not path.is_file():
        return
    record = records.read_one(path)
    if record["late_seconds"] != seconds:
        records.write_text(path, records.as_text(records.timed(record, seconds)))


def _told(student: str, before: Extension | None, one: Extension, dry: bool) -> str:
    why = f" ({one.reason})" if one.reason else ""
    if not one.seconds:
        if before is None:
            return f"{student}: had no extension."
        would = "would lose" if dry else "loses"
        return f"{student}: {would} the extension of {duration(before.seconds)}."
    if not _differs(before, one):
        return f"{student}: has {duration(one.seconds)} more already."
    instead = f" instead of {duration(before.seconds)}" if before is not None else ""
    return f"{student}: {'would get' if dry else 'gets'} {duration(one.seconds)} more{instead}{why}."


def _said(one: late.Late | None) -> str:
    return one.said if one is not None else "in time"


def listing(course: Course, assignment: str) -> list[str]:
    """The extensions for an assignment, one line for each."""
    due = course.assignment(assignment).deadline
    with gradebook(course) as book:
        found = {key[1]: one for key, one in term.extensions(book, course).items() if key[0] == assignment}
    lines = []
    for student, one in sorted(found.items()):
        until = f", until {due + one.span:%Y-%m-%d %H:%M} UTC" if due else ""
        why = f": {one.reason}" if one.reason else ""
        lines.append(f"{student}: {duration(one.seconds)} more{until}, given {one.given}{why}")
    return [*lines, f"{many(len(found), 'extension')} for {assignment}."]
