"""nbgrader's gradebook, changed row by row in its file, which a form grader may have open too.

The file is never replaced. Each change is one transaction: it happens completely or not at all, even if this
process is killed in the middle.
"""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import Base, BaseCell, Gradebook
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DatabaseError, OperationalError, SAWarning

from classroom.course import Course
from classroom.intake import printable
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
    it, too, if the file is damaged, before anything is written, or if it or the disk refuses a request.
    """
    path = course.gradebook.absolute()
    if not path.is_file():
        raise Trouble(
            f"There is no gradebook {path}: put it back from a copy, or let nbgrader make an empty one in "
            f"{path.parent}: `nbgrader generate_assignment ASSIGNMENT --force`."
        )
    try:
        if why := _damage(path):
            raise damaged(path, why)
        with Gradebook(f"{course.gradebook_url}?timeout={LOCKED}") as book:
            _index(book)
            yield book
    except (DatabaseError, sqlite3.DatabaseError) as error:
        said = getattr(error, "orig", error)
        if "locked" in str(said):
            raise Trouble(
                f"The gradebook {path} is locked by another program ({said}): close it, and run the "
                "same command again; all grades so far are kept."
            ) from error
        if isinstance(said, sqlite3.OperationalError):
            raise Trouble(f"The gradebook {path} cannot be used: {said}.") from error
        raise damaged(path, str(said)) from error
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        # A damaged value is noticed only where it is used.
        if why := odd_value(path):
            raise damaged(path, why) from error
        raise


def damaged(path: Path, why: str) -> Trouble:
    """What to say of a gradebook that is damaged."""
    return Trouble(
        f"The gradebook {path} is damaged ({' '.join(why.split())}). Keep it, and rename it to "
        f"{path.name}.damaged. Then `classroom restore BACKUP {path.parent} --replace` puts the course back "
        "as it is in a backup."
    )


def _damage(path: Path) -> str:
    """Why a file is not a whole gradebook; "" if it is. nbgrader would add tables that are missing, empty."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=LOCKED)) as book:
            sound = book.execute("PRAGMA quick_check(1)").fetchone()[0]
            if sound != "ok":
                return str(sound)
            there = {name for (name,) in book.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except UnicodeDecodeError:
        # SQLite's own message quotes the damaged bytes.
        return "a name in it is not text"
    missing = sorted(set(Base.metadata.tables) - there)
    return f"it has no table {missing[0]!r}" if missing else ""


def odd_value(path: Path) -> str:
    """The first value of a gradebook that is not what its column says; "" if all are."""
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            for row in connection.execute(text("PRAGMA foreign_key_check")):
                if row[2] == "course":
                    continue  # nbgrader itself leaves that row out
                return f"the table {row[0]!r} refers to a row of {row[2]!r} that is not there"
            for table in Base.metadata.sorted_tables:
                try:
                    for row in connection.execute(select(table)):
                        for column, value in zip(table.columns, row, strict=True):
                            wanted = column.type.python_type
                            fits = isinstance(value, (int, float) if wanted is float else wanted)
                            if not fits and not (value is None and column.nullable):
                                raise ValueError(f"{column.name} is {value!r}")
                except (LookupError, TypeError, ValueError) as error:
                    return f"the table {table.name!r}: {printable(str(error), 100)}"
            for kind in connection.scalars(select(BaseCell.type)):
                if kind not in BaseCell.__mapper__.polymorphic_map:
                    return f"the table 'base_cell': type is {printable(repr(kind), 100)}"
    finally:
        engine.dispose()
    return ""


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
