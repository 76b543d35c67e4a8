"""`classroom graders`: divide the open answers among several people, and say who graded what.

nbgrader does not store who gave points. In a course of this kit, its settings let each form grader note the
name of the person who runs it, beside each change of points or comments.
"""

from __future__ import annotations

import argparse
import getpass
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event, inspect, text

from classroom.course import Course, add_option
from classroom.gradebook import changing, gradebook
from classroom.trouble import Trouble
from lessons.words import many

NAME = "CLASSROOM_GRADER"
"""The environment variable with a grader's name, where several people share one account."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS classroom_share (assignment TEXT NOT NULL, student TEXT NOT NULL, "
    "grader TEXT NOT NULL, PRIMARY KEY (assignment, student))",
    "CREATE TABLE IF NOT EXISTS classroom_graded (kind TEXT NOT NULL, id TEXT NOT NULL, "
    "grader TEXT NOT NULL, time TEXT NOT NULL, PRIMARY KEY (kind, id))",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom graders`."""
    parser.description = (
        "Say who graded what by hand. With --share: divide the answers that a person must grade among "
        "several people; each gets a list with links."
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="for example leaks")
    parser.add_argument("--share", nargs="+", default=[], metavar="GRADER", help="divide among these people")
    parser.add_argument("--dry-run", action="store_true", help="show the shares, and store nothing")
    add_option(parser)


def run(given: argparse.Namespace) -> int:
    """Divide, or show, an assignment's grading by hand."""
    course = Course.read(given.course)
    course.assignment(given.assignment)
    if len(set(given.share)) < len(given.share):
        raise Trouble(f"A grader is named twice after --share: {' '.join(given.share)}.")
    with gradebook(course) as book, changing(book):
        for made in TABLES:
            book.db.execute(text(made))
        waiting = _waiting(book, given.assignment)
        shares = _stored(book, given.assignment)
        if given.share:
            shares = divided(waiting, shares, given.share)
            if not given.dry_run:
                _store(book, given.assignment, shares)
        for line in _told(book, given.assignment, waiting, shares):
            print(line)
        if given.dry_run:
            print("Nothing was stored (--dry-run).")
    return 0


def divided(waiting: Sequence[str], shares: dict[str, str], graders: Sequence[str]) -> dict[str, str]:
    """Who grades which student. A share that was given before stays, if its grader is still there.

    >>> divided(["ada", "bob", "cem"], {"bob": "tom"}, ["tom", "uma"])
    {'bob': 'tom', 'ada': 'uma', 'cem': 'tom'}
    """
    kept = {student: grader for student, grader in shares.items() if grader in graders}
    load = Counter(kept[student] for student in waiting if student in kept)
    for student in waiting:
        if student not in kept:
            kept[student] = min(graders, key=lambda one: (load[one], graders.index(one)))
            load[kept[student]] += 1
    return kept


def note() -> None:
    """In nbgrader's own processes: store who changed points or a comment, in the same transaction."""
    from nbgrader.api import Comment, Grade

    def changed(mapper: Any, connection: Any, target: Any) -> None:
        about = inspect(target).attrs
        names = ("manual_score", "extra_credit") if isinstance(target, Grade) else ("manual_comment",)
        if not any(about[name].history.has_changes() for name in names):
            return
        for made in TABLES:
            connection.execute(text(made))
        connection.execute(
            text("INSERT OR REPLACE INTO classroom_graded VALUES (:kind, :id, :grader, :time)"),
            {
                "kind": target.__tablename__,
                "id": target.id,
                "grader": grader(),
                "time": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
            },
        )

    for one in (Grade, Comment):
        if not getattr(one, "_classroom_noted", False):
            event.listen(one, "before_update", changed)
            one._classroom_noted = True


def grader() -> str:
    """The name of the person who runs this process."""
    if name := os.environ.get(NAME, "").strip():
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


_NOTEBOOK = (
    "JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id "
    "JOIN assignment ON assignment.id = submitted_assignment.assignment_id "
    "WHERE assignment.name = :name"
)
_OF = f"JOIN submitted_notebook ON submitted_notebook.id = {{table}}.notebook_id {_NOTEBOOK}"


def _waiting(book: Any, assignment: str) -> list[str]:
    """The students with an answer that a person must grade."""
    query = f"SELECT DISTINCT student_id FROM grade {_OF.format(table='grade')} AND needs_manual_grade"
    return sorted(student for (student,) in book.db.execute(text(query), {"name": assignment}))


def _stored(book: Any, assignment: str) -> dict[str, str]:
    query = "SELECT student, grader FROM classroom_share WHERE assignment = :name ORDER BY student"
    return dict(book.db.execute(text(query), {"name": assignment}).fetchall())


def _store(book: Any, assignment: str, shares: dict[str, str]) -> None:
    book.db.execute(text("DELETE FROM classroom_share WHERE assignment = :name"), {"name": assignment})
    for student, one in shares.items():
        book.db.execute(
            text("INSERT INTO classroom_share VALUES (:name, :student, :grader)"),
            {"name": assignment, "student": student, "grader": one},
        )


def _told(book: Any, assignment: str, waiting: Sequence[str], shares: dict[str, str]) -> Iterator[str]:
    """How much each grader graded, and which answers wait for each, with the address of each page."""
    done: dict[str, Counter[str]] = {}
    for kind in ("grade", "comment"):
        query = (
            f"SELECT grader, count(*) FROM classroom_graded JOIN {kind} ON {kind}.id = classroom_graded.id "
            f"{_OF.format(table=kind)} AND kind = :kind GROUP BY grader"
        )
        for one, count in book.db.execute(text(query), {"name": assignment, "kind": kind}):
            done.setdefault(one, Counter())[kind] = count
    for one, counts in sorted(done.items()):
        yield f"{one} gave {many(counts['grade'], 'grade')} and {many(counts['comment'], 'comment')}."
    query = f"SELECT student_id, submitted_notebook.id FROM submitted_notebook {_NOTEBOOK}"
    pages = dict(book.db.execute(text(query), {"name": assignment}).fetchall())
    if not waiting:
        yield f"No answer of {assignment} waits to be graded by hand."
    for one in sorted({*shares.values(), ""}):
        mine = [student for student in waiting if shares.get(student, "") == one]
        if mine:
            yield f"{one or 'Not shared yet'}: {many(len(mine), 'submission')} to grade"
            yield from (f"  {student}  /formgrader/submissions/{pages[student]}/" for student in mine)
