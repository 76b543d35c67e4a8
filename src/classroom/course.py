"""A course folder and its `course.toml`: variant, exercises, deadlines, and the time limits of grading.

`classroom course DIR` makes a course folder from the kit. Every other command works in one, and reads it
through `Course`.
"""

from __future__ import annotations

import argparse
import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from classroom.trouble import Trouble, same_format
from lessons.words import listed

FILE = "course.toml"
STATE = ".classroom"
FORMAT = 1
"""The format of `course.toml` that this edition reads and writes."""

KEYS = ("format", "name", "term", "timezone", "counts", "limits", "late", "dask", "assignments")
ASSIGNMENT_KEYS = ("deadline", "exercises", "factor")
FACTORS = range(1, 101)

LIMITS = {"cell": range(20, 3601), "notebook": range(60, 86_401)}
"""The allowed values of `[limits]`: seconds for one cell, and for a whole notebook."""

COUNTS = ("last", "best")
"""Which of several submissions counts."""

LATE = {"budget": range(366), "penalty": range(101), "at_most": range(101)}
"""The allowed values of `[late]`: days, percent for each day, and percent in all."""

TLS = ("ca", "cert", "key")
"""The keys of `[dask]`: files in PEM format. The authority's certificate, this machine's, and its key."""

NAME = re.compile(r"[a-z][a-z0-9]{0,29}")
"""An assignment's name: also the name of its folders, and the first part of its exercises' ids."""

EXERCISE = re.compile(r"[a-z][a-z0-9]{0,29}-x[1-9][0-9]{0,2}")
TERM = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TERM_LENGTH = range(6, 41)


@dataclass(frozen=True)
class Assignment:
    """One assignment of a course, as described in `course.toml`.

    deadline: in UTC, or None. exercises: ids, in the order of the notebook. factor: how many times its points
    count in a sum over assignments. The notebook and the checks always show the plain points.
    """

    name: str
    exercises: tuple[str, ...]
    deadline: datetime | None = None
    factor: int = 1


@dataclass(frozen=True)
class LateRule:
    """What late work costs, and how much of it is free.

    budget: late days in the whole term that cost nothing. penalty: percent of an assignment's points that
    each further day costs, at most `at_most` percent. A day counts as soon as it has begun.
    """

    budget: int = 0
    penalty: int = 0
    at_most: int = 100


@dataclass(frozen=True)
class Course:
    """A course folder. `term` is the variant of all its exercises.

    limits: seconds that a cell and a notebook may take in grading, if `course.toml` sets them. counts: which
    of several submissions counts. zone: the time zone of the deadlines. tls: the files for a Dask cluster
    with `tls://`, by their keys; empty if `course.toml` names none.
    """

    root: Path
    name: str
    term: str
    assignments: Mapping[str, Assignment]
    limits: Mapping[str, int] = field(default_factory=dict)
    late: LateRule = LateRule()
    counts: str = "last"
    zone: tzinfo = UTC
    tls: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Course:
        """The course in `folder`. Raises `Trouble` with the key, the value, what is allowed, and the line."""
        path = folder / FILE
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            raise Trouble(
                f"There is no {FILE} in {folder}: go into your course folder, give it with --course DIR, "
                "or make one with `classroom course DIR`."
            ) from None
        except UnicodeDecodeError as error:
            raise Trouble(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8.") from error
        except OSError as error:
            raise Trouble(f"{path} cannot be read: {error.strerror or error}.") from error
        return parsed(text, folder)

    def assignment(self, name: str) -> Assignment:
        """The assignment of that name. Raises `Trouble` with the most similar name if it does not exist."""
        found = self.assignments.get(name)
        if found is None:
            raise Trouble(
                f"This course has no assignment {name!r}{_meant(name, self.assignments)}. "
                f"{self.file} has: {', '.join(self.assignments)}."
            )
        return found

    @property
    def file(self) -> Path:
        """The path of `course.toml`."""
        return self.root / FILE

    @property
    def gradebook(self) -> Path:
        """nbgrader's database."""
        return self.root / "gradebook.db"

    @property
    def gradebook_url(self) -> str:
        """The database's address, as nbgrader's `Gradebook` takes it."""
        return f"sqlite:///{self.gradebook.absolute().as_posix()}"

    @property
    def solutions(self) -> Path:
        """The right and wrong solutions, one folder for each exercise."""
        return self.root / "solutions"

    @property
    def records(self) -> Path:
        """What grading recorded, one folder for each assignment."""
        return self.root / "records"

    @property
    def state(self) -> Path:
        """The kit's own folder in a course, for its notes and for files that wait to be put in place."""
        return self.root / STATE

    @property
    def own(self) -> Path:
        """The instructor's own exercises, one folder for each."""
        return self.root / "own"

    def source(self, assignment: str) -> Path:
        """The notebook with solutions."""
        return self.root / "source" / assignment / f"{assignment}.ipynb"

    def release(self, assignment: str) -> Path:
        """The notebook that students get."""
        return self.root / "release" / assignment / f"{assignment}.ipynb"

    def submitted(self, student: str, assignment: str) -> Path:
        """The path of a student's submission, if there is one."""
        return self.root / "submitted" / student / assignment / f"{assignment}.ipynb"


def parsed(text: str, folder: Path) -> Course:
    """The course that the text of a `course.toml` describes. Raises `Trouble` as `Course.read` does.

    >>> text = 'format = 1\\nname = "A"\\nterm = "wt26-7f3a9c1e"\\n'
    >>> text += '[assignments.leaks]\\nexercises = ["leaks-x1"]\\n'
    >>> parsed(text, Path()).assignment("leaks").exercises
    ('leaks-x1',)
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Trouble(f"{folder / FILE} is not valid TOML: {str(error).rstrip('.')}.") from error
    same_format(folder / FILE, data.get("format"), FORMAT)
    reader = _CourseReader(text, folder / FILE)
    reader.known((), data, KEYS)
    name = reader.text((), data, "name")
    term = reader.text((), data, "term")
    if not TERM.fullmatch(term) or len(term) not in TERM_LENGTH:
        reader.refuse(
            ("term",), f"term is {term!r}", "6 to 40 small letters and digits, with hyphens between them"
        )
    zone = reader.zone(data.get("timezone", "UTC"))
    limits = reader.limits(data.get("limits", {}))
    late = reader.late(data.get("late", {}))
    tls = reader.tls(data.get("dask"), folder)
    if (counts := data.get("counts", COUNTS[0])) not in COUNTS:
        reader.refuse(("counts",), f"counts is {counts!r}", listed([f'"{one}"' for one in COUNTS], "or"))
    tables = data.get("assignments")
    if not isinstance(tables, dict) or not tables:
        reader.refuse(("assignments",), "there is no assignment", "a table [assignments.NAME] for each")
    found = {one: reader.assignment(one, table, zone) for one, table in tables.items()}
    return Course(folder, name, term, found, limits, late, counts, zone, tls)


class _CourseReader:
    """Reads values from a `course.toml`.

    If one does not fit, says what was given, where, and what is allowed.
    """

    def __init__(self, text: str, path: Path) -> None:
        self.lines = text.splitlines()
        self.path = path

    def refuse(self, keys: tuple[str, ...], given: str, allowed: str) -> NoReturn:
        line = self.line(keys)
        place = f"{self.path}, line {line}" if line else str(self.path)
        raise Trouble(f"{place}: {given}; allowed is {allowed}.")

    def line(self, keys: tuple[str, ...]) -> int:
        """The line of a key, counted from 1; 0 if the key has no line of its own."""
        *tables, key = keys
        inside = not tables
        header = re.compile(r"\s*\[\s*" + r"\s*\.\s*".join(_quoted(table) for table in tables) + r"\s*\]")
        whole = re.compile(r"\s*\[\s*" + r"\s*\.\s*".join(_quoted(one) for one in keys) + r"\s*[\].]")
        own = re.compile(rf"\s*{_quoted(key)}\s*[=.]")
        for number, line in enumerate(self.lines, 1):
            if whole.match(line) or (inside and own.match(line)):
                return number
            if line.lstrip().startswith("["):
                inside = bool(tables) and bool(header.match(line))
        return 0

    def known(self, keys: tuple[str, ...], table: Mapping[str, Any], allowed: Iterable[str]) -> None:
        names = tuple(allowed)
        for key in table:
            if key not in names:
                self.refuse((*keys, key), f"there is no key {key!r}{_meant(key, names)}", ", ".join(names))

    def text(self, keys: tuple[str, ...], table: Mapping[str, Any], key: str) -> str:
        value = table.get(key)
        if value is None:
            self.refuse((*keys, key), f"the key {key!r} is missing", f'{key} = "…"')
        if not isinstance(value, str) or not value.strip():
            self.refuse((*keys, key), f"{key} is {value!r}", "a text in quotes, not empty")
        return value.strip()

    def zone(self, value: object) -> tzinfo:
        # "UTC" works without a list of zones, which Windows does not have.
        if value == "UTC":
            return UTC
        try:
            return ZoneInfo(value if isinstance(value, str) else "")
        except (KeyError, ValueError, OSError):
            allowed = 'the name of a zone, such as "Europe/Berlin" or "UTC"'
            self.refuse(("timezone",), f"timezone is {value!r}", allowed)

    def limits(self, table: object) -> dict[str, int]:
        if not isinstance(table, dict):
            self.refuse(("limits",), f"limits is {table!r}", "a table [limits]")
        self.known(("limits",), table, LIMITS)
        for key, value in table.items():
            allowed = LIMITS[key]
            if type(value) is not int or value not in allowed:
                seconds = f"a whole number of seconds from {allowed[0]} to {allowed[-1]}"
                self.refuse(("limits", key), f"{key} is {value!r}", seconds)
        cell, notebook = table.get("cell", 0), table.get("notebook", LIMITS["notebook"][-1])
        if cell > notebook:
            given = f"a cell may take {cell} s, and the whole notebook only {notebook} s"
            self.refuse(("limits", "cell"), given, "a notebook limit that is at least the cell limit")
        return table

    def late(self, table: object) -> LateRule:
        if not isinstance(table, dict):
            self.refuse(("late",), f"late is {table!r}", "a table [late]")
        self.known(("late",), table, LATE)
        for key, value in table.items():
            if type(value) is not int or value not in LATE[key]:
                allowed = f"a whole number from 0 to {LATE[key][-1]}"
                self.refuse(("late", key), f"{key} is {value!r}", allowed)
        return LateRule(**table)

    def tls(self, table: object, folder: Path) -> dict[str, Path]:
        if table is None:
            return {}
        if not isinstance(table, dict):
            self.refuse(("dask",), f"dask is {table!r}", "a table [dask]")
        self.known(("dask",), table, TLS)
        # A path is as seen from the course folder, wherever the command runs.
        return {key: folder / Path(self.text(("dask",), table, key)).expanduser() for key in TLS}

    def assignment(self, name: str, table: object, zone: tzinfo) -> Assignment:
        keys = ("assignments", name)
        if not NAME.fullmatch(name):
            allowed = "a name of small letters and digits, at most 30"
            self.refuse(keys, f"an assignment is called {name!r}", allowed)
        if not isinstance(table, dict):
            self.refuse(keys, f"assignments.{name} is {table!r}", f"a table [assignments.{name}]")
        self.known(keys, table, ASSIGNMENT_KEYS)
        factor = table.get("factor", 1)
        if type(factor) is not int or factor not in FACTORS:
            self.refuse((*keys, "factor"), f"factor is {factor!r}", "a whole number from 1 to 100")
        exercises = self.exercises(keys, table)
        return Assignment(name, exercises, self.deadline(keys, table.get("deadline", ""), zone), factor)

    def exercises(self, keys: tuple[str, ...], table: Mapping[str, Any]) -> tuple[str, ...]:
        ids = table.get("exercises")
        place = (*keys, "exercises")
        allowed = 'a list of at least one id, such as ["leaks-x1", "leaks-x2"]'
        if not isinstance(ids, list) or not ids or not all(isinstance(id, str) for id in ids):
            self.refuse(place, f"exercises is {ids!r}", allowed)
        for id in ids:
            if not EXERCISE.fullmatch(id):
                self.refuse(place, f"an exercise is called {id!r}", f'"{keys[-1]}-x1" and so on')
            if ids.count(id) > 1:
                self.refuse(place, f"{id} is named twice", "each exercise once")
            if id.partition("-")[0] != keys[-1]:
                self.refuse(place, f"{id} belongs to another assignment", f'"{keys[-1]}-x1" and so on')
        return tuple(ids)

    def deadline(self, keys: tuple[str, ...], value: object, zone: tzinfo) -> datetime | None:
        if value == "":
            return None
        found = moment(value, zone)
        if found is None:
            written = value.isoformat() if isinstance(value, date) else value
            self.refuse(
                (*keys, "deadline"), f"deadline is {written!r}",
                'a day and a time such as "2026-11-30 23:59", or "" for none',
            )  # fmt: skip
        return found


def moment(value: object, zone: tzinfo) -> datetime | None:
    """A day and a time in UTC, from a text or from TOML; None for anything else.

    zone: the zone of a time that names none.

    >>> moment("2026-11-30 23:59", UTC), moment("2026-11-30", UTC)
    (datetime.datetime(2026, 11, 30, 23, 59, tzinfo=datetime.timezone.utc), None)
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if len(value) > 10 else None
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None


def written(name: str, term: str, assignments: Mapping[str, Iterable[str]]) -> str:
    """The text of a new `course.toml`, with comments about each setting.

    assignments: the exercises' ids, by the assignment's name.
    """
    parts = [_HEAD.format(format=FORMAT, name=_string(name), term=_string(term))]
    for one, ids in assignments.items():
        lines = "\n".join(f"    {_string(id)}," for id in ids)
        parts.append(f'[assignments.{one}]\ndeadline = ""\nfactor = 1\nexercises = [\n{lines}\n]\n')
    return "\n".join(parts)


def add_option(parser: argparse.ArgumentParser) -> None:
    """Give a command the option `--course DIR`."""
    parser.add_argument(
        "--course", type=Path, default=Path(), metavar="DIR", help="the course folder (default: this folder)"
    )


_HEAD = """\
# This course: what you may change. After a change: classroom course . --update

# The format of this file. Do not change it.
format = {format}

# The name that your students see above each notebook.
name = {name}

# The variant. The data, the names and the points of failure of every exercise depend on it. So an answer
# written for another term does not pass in this one. Choose a new variant for each term, and keep it secret
# until the release: its random letters cannot be guessed. Do not change it when students have their
# notebooks.
term = {term}

# The time zone of the deadlines, such as "Europe/Berlin".
timezone = "UTC"

# Which of several submissions of the same assignment counts: the "last", or the "best" (the one with the most
# points from its checks, after the late penalty; the later one if they are equal).
counts = "last"

# How long a submission may run in grading, in seconds: each cell (20 to 3600), and the whole notebook (60 to
# 86400). A submission that is stopped keeps the points that it had earned until then. To give it more time,
# raise the limit here, and then: classroom grade ASSIGNMENT --student ID --again
[limits]
cell = 30
notebook = 240

# Late work. Each student may be late on `budget` days in the whole term without a penalty. The budget is
# used in the order of the deadlines. Each further day that has begun costs `penalty` percent of the points
# that the submission earned, in all `at_most` percent. With penalty = 0, late work is marked and costs
# nothing.
[late]
budget = 0
penalty = 0
at_most = 100

# For each assignment:
# deadline   Day and time, such as "2026-11-30 23:59"; "" for none. Later work is graded and marked late.
#            `classroom extend` gives single students more time.
# factor     How many times its points count in the exported grades, 1 to 100. The notebook shows them once.
# exercises  In the order of the notebook. Take lines out, or put your own in (`classroom exercise`).
"""


def _string(text: str) -> str:
    # TOML escapes the same characters as JSON, and the delete character too.
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _quoted(key: str) -> str:
    return rf"[\"']?{re.escape(key)}[\"']?"


def _meant(given: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(given.lower(), list(names), 1)
    return f" (did you mean {near[0]!r}?)" if near else ""
