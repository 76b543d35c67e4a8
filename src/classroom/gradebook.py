"""nbgrader's gradebook, changed row by row in its file, which a form grader may have open too.

The file is never replaced. Each change is one transaction: it happens completely or not at all, even if this
process is killed in the middle.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from nbgrader.api import Gradebook
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, OperationalError, SAWarning

from classroom.course import Course
from classroom.trouble import Trouble

LOCKED = 60.0
"""How many seconds a command waits while another program has locked the gradebook."""

PENDING = "student.json"
"""The file in the kit's own folder that says which change of a student is not finished yet."""

INDEXES = {
    "grade": "notebook_id",
    "comment": "notebook_id",
    "submitted_notebook": "assignment_id",
}
"""Columns by which nbgrader finds rows again and again, but for which its schema has no index.

Without them, SQLite reads a whole table for each submission, so that each costs more the larger the class.
"""


@contextlib.contextmanager
def gradebook(course: Course) -> Iterator[Any]:
    """nbgrader's gradebook, open.

    Raises `Trouble` if the file does not exist, because nbgrader would silently create an empty one. Raises
    it, too, if the file or the disk refuses a request.
    """
    path = course.gradebook.absolute()
    if not path.is_file():
        raise Trouble(
            f"There is no gradebook {path}: put it back from a copy, or let nbgrader make an empty one in "
            f"{path.parent}: `nbgrader generate_assignment ASSIGNMENT --force`."
        )
    try:
        with Gradebook(f"{course.gradebook_url}?timeout={LOCKED}") as book:
            _index(book)
            yield book
    except DatabaseError as error:
        if isinstance(error, OperationalError) and "locked" in str(error.orig):
            raise Trouble(
                f"The gradebook {path} is locked by another program ({error.orig}): close it, and run the "
                "same command again; all grades so far are kept."
            ) from error
        raise Trouble(f"The gradebook {path} cannot be used: {error.orig}.") from error


def _index(book: Any) -> None:
    """Add the indexes that are missing. They change no row, and nbgrader need not know of them."""
    session = book.db()
    there = {name for (name,) in session.execute(text("SELECT name FROM sqlite_master WHERE type = 'index'"))}
    for table, column in INDEXES.items():
        name = f"classroom_{table}_{column}"
        if name not in there:
            try:
                session.execute(text(f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({column})"))
            except OperationalError as error:
                # A copy on a read-only disk can still be read, only more slowly.
                if "readonly" not in str(error.orig):
                    raise
    session.commit()


@contextlib.contextmanager
def changing(book: Any) -> Iterator[None]:
    """Everything done to an open gradebook inside the block is one transaction.

    It takes SQLite's write lock at the start. So values read inside are still true when they are written:
    points from a person come before the transaction or after it.
    """
    session = book.db()
    # Values that were read earlier may have been changed by others since.
    session.rollback()
    session.execute(text("BEGIN IMMEDIATE"))
    # nbgrader's own calls commit one by one; here their commits wait until the end.
    session.commit = session.flush
    try:
        with warnings.catch_warnings():
            # The way in which nbgrader builds a submission makes SQLAlchemy warn.
            warnings.simplefilter("ignore", SAWarning)
            yield
        del session.commit
        session.commit()
    except BaseException:
        session.__dict__.pop("commit", None)
        session.rollback()
        raise


@contextlib.contextmanager
def alone(course: Course, pending: bool = True) -> Iterator[None]:
    """Keep other gradings and updates of this course out. When the process ends, the lock is released.

    pending: raise `Trouble` if a change of a student was interrupted and is not finished.
    """
    if pending and (course.state / PENDING).exists():
        raise Trouble(
            f"A `classroom student` command was interrupted in {course.root.absolute()}: run the same "
            "command again, which finishes it. Nothing else is graded or updated before."
        )
    course.records.mkdir(exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(course.records / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Trouble(
                f"Another grading of {course.root.absolute()} is running: wait until it ends."
            ) from None
        yield
