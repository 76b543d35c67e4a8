"""`classroom roster`: take the students from a learning platform's table, at the start and in mid-term.

It reads what Canvas, Moodle and Ilias export themselves. It never deletes a student: one who is missing in a
newer table is named, and can be marked as dropped.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from classroom import progress, term
from classroom.course import Course, add_option
from classroom.export import Sheet
from classroom.gradebook import alone, changing, gradebook
from classroom.intake import NAMED, printable
from classroom.naming import People
from classroom.term import Enrolment
from classroom.trouble import Trouble
from lessons.words import listed, many

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("student_id", "student id", "id"),
    "login": (
        "sis login id", "username", "user name", "login", "login name", "benutzername", "anmeldename",
        "nutzername",
    ),
    "number": (
        "sis user id", "id number", "matriculation number", "student number", "id-nummer", "matrikelnummer",
    ),
    "lms": ("lms_user_id", "usr_id", "user id"),
    "last": ("last name", "lastname", "last_name", "surname", "nachname", "family name"),
    "first": ("first name", "firstname", "first_name", "given name", "vorname"),
    "name": ("student", "full name", "name", "vollständiger name"),
    "email": ("email address", "e-mail address", "email", "e-mail", "e-mail-adresse", "mail"),
    "section": (
        "section", "sections", "groups", "group", "group memberships", "gruppen", "gruppe",
        "gruppenmitgliedschaft", "gruppenmitgliedschaften",
    ),
    "role": ("role", "roles", "role/status", "role / status", "rolle", "rollen", "rolle/status",
             "rolle / status"),
}  # fmt: skip
"""By what is in a column: the headers that the platforms give it, in English and German."""

IDS = ("id", "login", "email", "number")
"""The columns that can be a student's id here, best first."""

SHOWN = {
    "id": "id", "login": "login", "number": "number", "lms": "platform id", "last": "last name",
    "first": "first name", "name": "name", "email": "e-mail", "section": "section",
}  # fmt: skip

NO_STUDENT = re.compile(r"(?i)^\s*(points possible|(test student|student, test)\s*$)")
"""Rows of Canvas's gradebook that are not students."""

STAFF = re.compile(r"(?i)teacher|tutor|admin|trainer|manager|waiting|warteliste|subscriber|dozent|leitung")
"""Roles whose rows are not students."""

LENGTH = 128
"""The most characters that nbgrader stores of an id, a name or an address."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom roster`."""
    parser.description = (
        "Take the students of the course from a table that Canvas, Moodle or Ilias exported. Run it again "
        "with a newer table in mid-term: new students are added, changed names, addresses and sections are "
        "updated, and missing students are named. No student is deleted. Without a file: list the roster."
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the table, as CSV")
    parser.add_argument("--id", metavar="COLUMN", help="the column that becomes the student's id here")
    parser.add_argument(
        "--section", metavar="NAME",
        help="the section of all students of this table, if it has one table for each section",
    )  # fmt: skip
    parser.add_argument(
        "--drop", action="store_true", help="mark students who are missing in the table as dropped"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    add_option(parser)


def run(given: argparse.Namespace) -> int:
    """Import a roster, or list it, and return 0."""
    course = Course.read(given.course)
    if given.file is None:
        for option, asked in (("--id", given.id), ("--section", given.section), ("--drop", given.drop)):
            if asked:
                raise Trouble(f"{option} needs a FILE: classroom roster FILE {option} …")
        print(*listing(course), sep="\n")
        return 0
    table = Table.read(given.file, given.id, given.section)
    print(*table.said, sep="\n")
    print(*enter(course, table, drop=given.drop, dry=given.dry_run), sep="\n")
    return 0


@dataclass(frozen=True)
class Row:
    """One student in a platform's table; a text is "" if the table does not have it."""

    line: int
    id: str
    first: str = ""
    last: str = ""
    email: str = ""
    lms: str = ""
    login: str = ""
    number: str = ""
    section: str = ""


@dataclass(frozen=True)
class Table:
    """A platform's table of students.

    section: the section that the table is limited to, or None. said: what was read from which column, and
    which rows were left out.
    """

    path: Path
    rows: tuple[Row, ...]
    section: str | None = None
    said: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path, id: str | None = None, section: str | None = None) -> Table:
        """Read a table. Raises `Trouble` with each line that does not fit, before anything is changed."""
        sheet = Sheet.read(path)
        lines = list(_numbered(sheet))
        if lines and lines[0][1][0].strip().lower() == "sep=":  # written by a spreadsheet
            del lines[0]
        header = [name.strip() for name in lines[0][1]]
        places = _places(path, header, id)
        reader = _Reader(path, places, section)
        for number, cells in lines[1:]:
            reader.add(number, cells)
        rows = reader.students()
        if not rows:
            raise Trouble(f"{path} has a header, but no row with a student.")
        key = next(key for key in IDS if key in places)
        read = [f"id is the {SHOWN[key]}"] if key != "id" else []
        read += [f"{SHOWN[key]} from {header[place]!r}" for key, place in places.items() if key in SHOWN]
        said = [f"{path}: {many(len(rows), 'student')}; {', '.join(read)}."]
        said += [f"Left out: {what}." for what in reader.left]
        return cls(path, tuple(rows), section, tuple(said))


def _numbered(sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the number of its first line: a cell can have several lines."""
    line = 1
    for cells, row in zip(sheet.lines, sheet.rows, strict=True):
        if any(cell.strip() for cell in cells):
            yield line, [_unescaped(cell) for cell in cells]
        raw = "".join(part for cell in row for part in cell)
        line += max(1, len(re.findall(r"\r\n|\r|\n", raw)))


def _unescaped(cell: str) -> str:
    """A cell without the formula that keeps a spreadsheet from changing a number.

    >>> _unescaped('="0123"'), _unescaped(" ada ")
    ('0123', 'ada')
    """
    found = re.fullmatch(r'\s*="([^"]*)"\s*', cell)
    return (found[1] if found else cell).strip()


def _places(path: Path, header: list[str], id: str | None) -> dict[str, int]:
    """The number of each known column. Raises `Trouble` if no column can be the students' id."""
    names = [" ".join(name.casefold().split()) for name in header]
    canvas = "sis login id" in names or {"student", "id", "section"} <= set(names)
    places: dict[str, int] = {}
    for key, known in COLUMNS.items():
        for name in known:
            # In Canvas's gradebook, ID is the number that Canvas itself gives a student.
            where = "lms" if canvas and (key, name) == ("id", "id") else key
            if name in names and where not in places:
                places[where] = names.index(name)
    if id is not None:
        if header.count(id) != 1:
            raise Trouble(
                f"{path} has {'no column' if id not in header else 'several columns'} called {id!r}. Name "
                f"one with --id: {', '.join(map(repr, header))}."
            )
        places["id"] = header.index(id)
    if canvas and not any(key in places for key in IDS):
        places["id"] = places["lms"]
    if not any(key in places for key in IDS):
        raise Trouble(
            f"{path}, line 1: no column is known as a student's id, login, e-mail or number. Name one with "
            f"--id: {', '.join(map(repr, header))}."
        )
    if not any(key in places for key in ("name", "last", "first")) and id is None:
        raise Trouble(
            f"{path}, line 1: no column is known as a student's name, so this may be another table. If it is "
            f"the right one, name the column of the ids with --id: {', '.join(map(repr, header))}."
        )
    return places


@dataclass
class _Reader:
    """Makes students of the rows of a table, and collects what does not fit."""

    path: Path
    places: Mapping[str, int]
    section: str | None
    found: dict[str, Row] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def add(self, line: int, cells: list[str]) -> None:
        about = {key: _cell(cells, place) for key, place in self.places.items()}
        shown = printable(about.get("name") or " ".join((about.get("first", ""), about.get("last", ""))), 80)
        if NO_STUDENT.match(about.get("name", "")) or NO_STUDENT.match(about.get("last", "")):
            self.left.append(f"line {line}, {shown.strip()}")
            return
        if STAFF.search(about.get("role", "")):
            self.left.append(f"line {line}, {shown.strip()}, whose role is {printable(about['role'], 40)}")
            return
        key = next(key for key in IDS if key in self.places)
        id = about[key]
        if not id and not any(about.get(one) for one in ("email", "number", "login", "lms")):
            # Canvas writes such a row about assignments that are not shown yet.
            self.left.append(f"line {line}, which has no id")
            return
        if amiss := _amiss(id):
            self.wrong.append(f"line {line}: the {SHOWN[key]} {amiss}")
            return
        first, last = about.get("first", ""), about.get("last", "")
        if not (first or last) and about.get("name"):
            first, last = _split(about["name"])
        section = self.section if self.section is not None else about.get("section", "")
        texts = {one: about.get(one, "") for one in ("email", "lms", "login", "number")}
        row = Row(line, id, first, last, section=section, **texts)
        if long := [name for name in ("first", "last", "email", "lms") if len(getattr(row, name)) > LENGTH]:
            self.wrong.append(f"line {line}: the {SHOWN[long[0]]} has more than {LENGTH} characters")
            return
        self._keep(row)

    def _keep(self, row: Row) -> None:
        before = self.found.get(row.id.casefold())
        if before is None:
            self.found[row.id.casefold()] = row
        elif replace(before, line=0, section="") != replace(row, line=0, section=""):
            self.wrong.append(f"lines {before.line} and {row.line}: both have the id {row.id!r}, but differ")
        elif row.section not in before.section.split(", "):
            both = ", ".join(one for one in (before.section, row.section) if one)
            self.found[row.id.casefold()] = replace(before, section=both)

    def students(self) -> list[Row]:
        """All students. Raises `Trouble` if a row does not fit."""
        if self.wrong:
            more = len(self.wrong) - 10
            said = [*self.wrong[:10], *([f"and {more} more"] if more > 0 else [])]
            raise Trouble(
                f"{self.path} cannot be used, and nothing was changed. An id is 1 to {LENGTH} characters "
                "without / and \\, and does not start with a dot. Please correct:\n  " + "\n  ".join(said)
            )
        return list(self.found.values())


def _cell(cells: list[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _split(name: str) -> tuple[str, str]:
    """First and last name of a whole name.

    >>> _split("Lovelace, Ada"), _split("Ada King Lovelace"), _split("Ada")
    (('Ada', 'Lovelace'), ('Ada King', 'Lovelace'), ('', 'Ada'))
    """
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.strip().rpartition(" ")
    return first.strip(), last


def _amiss(id: str) -> str:
    """Why a text cannot be a student's id: folders are named after it; "" if it can."""
    if not id:
        return "is empty"
    if len(id) > LENGTH or len(id.encode("utf-8", "replace")) > NAMED:
        return f"has {len(id)} characters"
    if "/" in id or "\\" in id or id.startswith(".") or printable(id, LENGTH) != id:
        return f"is {printable(id, 60)!r}"
    return ""


def enter(course: Course, table: Table, *, drop: bool = False, dry: bool = False) -> list[str]:
    """Bring the gradebook's students up to date, in one transaction, and return sentences about it."""
    with gradebook(course) as book, alone(course):
        if dry:
            return [*_Plan.made(book, course, table, drop).told(dry), "Nothing was changed (--dry-run)."]
        with changing(book):
            term.prepare(book, course)
            plan = _Plan.made(book, course, table, drop)
            plan.carry_out(book)
        return plan.told(dry)


@dataclass
class _Plan:
    """What an import would do.

    changed: sentences, by student. kept: students of the roster who are missing in the table, and stay as
    they are. strangers: students of the gradebook who are in no roster. other: students
    whose id in this table is not their id here.
    """

    people: dict[str, dict[str, str]] = field(default_factory=dict)
    entries: dict[str, Enrolment] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    back: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    same: int = 0

    @classmethod
    def made(cls, book: Any, course: Course, table: Table, drop: bool) -> _Plan:
        plan = cls()
        known = {student.id: student for student in book.students}
        spelled = {id.casefold(): id for id in known}
        roster = term.enrolments(book, course)
        people = People(known.values(), roster)
        listed_now: set[str] = set()
        for row in progress.shown(table.rows, len(table.rows), "students"):
            id = spelled.get(row.id.casefold()) or _known(row, people) or row.id
            if id in listed_now:
                raise Trouble(f"{table.path}, line {row.line}: {id} is in another line of this table, too.")
            if id.casefold() != row.id.casefold():
                plan.other.append(f"{row.id} is {id}")
            listed_now.add(id)
            plan._compare(id, row, known.get(id), roster.get(id))
        for id, one in sorted(roster.items()):
            if id in listed_now or one.dropped or not _within(one.section, table.section):
                continue
            if drop:
                plan.dropped.append(id)
                plan.entries[id] = replace(one, dropped=date.today().isoformat())
            else:
                plan.kept.append(id)
        plan.strangers = sorted(set(known) - set(roster) - listed_now)
        return plan

    def _compare(self, id: str, row: Row, student: Any, before: Enrolment | None) -> None:
        fields = {"first_name": row.first, "last_name": row.last, "email": row.email, "lms_user_id": row.lms}
        old = (
            {name: getattr(student, name) or "" for name in fields} if student else dict.fromkeys(fields, "")
        )
        # What the table does not have stays.
        people = {name: value for name, value in fields.items() if value and value != old[name]}
        entry = before or Enrolment()
        entry = Enrolment(
            row.section or entry.section, row.login or entry.login, row.number or entry.number, ""
        )
        said = [f"{_WORDS[name]} {_arrow(old[name], value)}" for name, value in people.items()]
        if before is not None and before.section != entry.section:
            said.append(f"section {_arrow(before.section, entry.section)}")
        if people or student is None:
            self.people[id] = people
        if entry != before:
            self.entries[id] = entry
        if before is not None and before.dropped:
            self.back.append(id)
        if student is None:
            self.new.append(id)
        elif said:
            self.changed[id] = said
        elif not (before is not None and before.dropped):
            self.same += 1

    def carry_out(self, book: Any) -> None:
        """Write it. Only inside `changing`."""
        from nbgrader.api import Student

        for id, about in self.people.items():
            if id in self.new:
                book.db.add(Student(id=id, **about))
            else:
                student = book.find_student(id)
                for name, value in about.items():
                    setattr(student, name, value)
        book.db.flush()
        term.enrol(book, self.entries)

    def told(self, dry: bool) -> list[str]:
        would = "would be " if dry else ""
        lines = []
        if self.new:
            lines.append(f"{many(len(self.new), 'student')} {would}added: {_some(self.new)}.")
        if self.other:
            lines.append(f"Known here by another id: {_some(self.other)}.")
        if self.changed:
            lines.append(f"{many(len(self.changed), 'student')} {would}changed:")
            lines += [f"  {id}: {'; '.join(said)}" for id, said in self.changed.items()]
        if self.back:
            lines.append(f"Back after being dropped: {_some(self.back)}.")
        if self.dropped:
            lines.append(
                f"{many(len(self.dropped), 'student')} {would}marked as dropped, with all grades kept: "
                f"{_some(self.dropped)}."
            )
        if self.kept:
            lines.append(
                f"{many(len(self.kept), 'student')} of the roster, but not in this table: "
                f"{_some(self.kept)}. They stay as they are; --drop marks them as dropped."
            )
        if self.strangers:
            lines.append(
                f"{many(len(self.strangers), 'student')} in the gradebook, but in no roster: "
                f"{_some(self.strangers)}."
            )
        if self.same:
            lines.append(f"{many(self.same, 'student')} as before.")
        return lines


def _known(row: Row, people: People) -> str | None:
    """A student of the gradebook who has another id, but the same address, number or login."""
    keys = [key.casefold() for key in (row.id, row.email, row.number, row.login) if key]
    ids = set().union(*(people.strong.get(key, set()) for key in keys))
    return min(ids) if len(ids) == 1 else None


_WORDS = {
    "first_name": "first name", "last_name": "last name", "email": "e-mail", "lms_user_id": "platform id",
}  # fmt: skip


def _arrow(old: str, new: str) -> str:
    return f"{printable(old, 60) or 'none'} → {printable(new, 60) or 'none'}"


def _within(section: str, limit: str | None) -> bool:
    """Whether a student of these sections should be in a table of one section; every student, without."""
    return limit is None or limit in section.split(", ")


def _some(ids: Iterable[str], most: int = 20) -> str:
    """Up to so many ids, and how many more there are."""
    every = sorted(ids)
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more} more" if more > 0 else "")


def listing(course: Course) -> list[str]:
    """The roster as a table of text, with how many students each section has."""
    with gradebook(course) as book:
        roster = term.enrolments(book, course)
        known = {student.id: student for student in book.students}
    if not known:
        return ["No student is known yet: `classroom roster FILE` takes them from your platform's table."]
    lines = []
    for id, student in sorted(known.items()):
        one = roster.get(id)
        name = " ".join(part for part in (student.first_name, student.last_name) if part)
        state = "in no roster" if one is None else f"dropped {one.dropped}" if one.dropped else ""
        parts = [id, name, student.email or "", one.section if one else "", state]
        lines.append("  ".join(printable(part, 80) for part in parts if part))
    enrolled = [one for one in roster.values() if not one.dropped]
    sections = sorted({part for one in enrolled for part in one.section.split(", ") if part})
    counts = [f"{sum(_within(one.section, name) for one in enrolled)} in {name}" for name in sections]
    lines.append(f"{many(len(enrolled), 'student')} enrolled{': ' + listed(counts) if counts else ''}.")
    return lines
