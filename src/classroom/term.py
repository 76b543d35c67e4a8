"""What the kit keeps in the gradebook beside nbgrader's own tables: the roster, and extensions.

nbgrader has no place for a section, for a student who left, or for an extension of somebody who has not
submitted yet. Because these tables are in the same file, one transaction changes them together with the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from classroom.course import Course
from classroom.trouble import same_format

FORMAT = 1
"""The format of these tables that this edition reads and writes."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS classroom_format (format INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS classroom_roster (student VARCHAR(128) PRIMARY KEY, section TEXT NOT NULL, "
    "login TEXT NOT NULL, number TEXT NOT NULL, dropped TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS classroom_extension (assignment VARCHAR(128) NOT NULL, "
    "student VARCHAR(128) NOT NULL, seconds INTEGER NOT NULL, reason TEXT NOT NULL, given TEXT NOT NULL, "
    "PRIMARY KEY (assignment, student))",
)


@dataclass(frozen=True)
class Enrolment:
    """What a roster says of one student beside the name and the address.

    login, number: names by which a platform's files may call the student. dropped: the day on which the
    student was marked as dropped, or "".
    """

    section: str = ""
    login: str = ""
    number: str = ""
    dropped: str = ""


@dataclass(frozen=True)
class Extension:
    """How much later one student may submit one assignment, why, and when this was given (UTC)."""

    seconds: int
    reason: str = ""
    given: str = ""

    @property
    def span(self) -> timedelta:
        """The extension as nbgrader stores it."""
        return timedelta(seconds=self.seconds)


def prepare(book: Any, course: Course) -> None:
    """Make the tables if they are missing. Only inside `changing`."""
    for table in TABLES:
        book.db.execute(text(table))
    if not book.db.execute(text("SELECT format FROM classroom_format")).first():
        book.db.execute(text("INSERT INTO classroom_format VALUES (:format)"), {"format": FORMAT})
    _there(book, course)


def _there(book: Any, course: Course) -> bool:
    """Whether the tables exist. Raises `Trouble` if they have another format."""
    asked = text("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'classroom_format'")
    if not book.db.execute(asked).first():
        return False
    found = book.db.execute(text("SELECT format FROM classroom_format")).scalar()
    if found is not None:
        same_format(course.gradebook, found, FORMAT)
    return found is not None


def enrolments(book: Any, course: Course) -> dict[str, Enrolment]:
    """The roster by student; empty if none was imported."""
    if not _there(book, course):
        return {}
    rows = book.db.execute(text("SELECT student, section, login, number, dropped FROM classroom_roster"))
    return {row[0]: Enrolment(*row[1:]) for row in rows}


def enrol(book: Any, found: Mapping[str, Enrolment]) -> None:
    """Write these entries of the roster. Only inside `changing`, after `prepare`."""
    for student, one in found.items():
        book.db.execute(
            text("INSERT OR REPLACE INTO classroom_roster VALUES (:student, :a, :b, :c, :d)"),
            {"student": student} | dict(zip("abcd", astuple(one), strict=True)),
        )


def extensions(book: Any, course: Course) -> dict[tuple[str, str], Extension]:
    """All extensions, by assignment and student."""
    if not _there(book, course):
        return {}
    rows = book.db.execute(
        text("SELECT assignment, student, seconds, reason, given FROM classroom_extension")
    )
    return {(row[0], row[1]): Extension(*row[2:]) for row in rows}


def extension(book: Any, course: Course, assignment: str, student: str) -> Extension | None:
    """One student's extension for one assignment, if there is one."""
    if not _there(book, course):
        return None
    row = book.db.execute(
        text(
            "SELECT seconds, reason, given FROM classroom_extension WHERE assignment = :assignment AND "
            "student = :student"
        ),
        {"assignment": assignment, "student": student},
    ).first()
    return Extension(*row) if row else None


def extend(book: Any, assignment: str, students: Iterable[str], one: Extension) -> None:
    """Give these students an extension in place of an earlier one; of 0 seconds: take it back.

    Only inside `changing`, after `prepare`.
    """
    for student in students:
        key = {"assignment": assignment, "student": student}
        book.db.execute(
            text("DELETE FROM classroom_extension WHERE assignment = :assignment AND student = :student"), key
        )
        if one.seconds:
            book.db.execute(
                text("INSERT INTO classroom_extension VALUES (:assignment, :student, :a, :b, :c)"),
                key | dict(zip("abc", astuple(one), strict=True)),
            )


def now() -> str:
    """This moment as these tables store it."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
