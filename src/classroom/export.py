"""Write the grades as a table, or fill one column of a table that a learning platform exported."""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classroom import late, records, term
from classroom.course import Course, add_option
from classroom.gradebook import gradebook
from classroom.progress import shown
from classroom.records import write_text
from classroom.tables import as_csv
from classroom.trouble import Trouble
from lessons.words import agreeing, many

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
    "raw_score", "late_submission_penalty", "score", "max_score",
)  # fmt: skip
"""The columns of nbgrader's own export, in its order."""

MORE = ("status", "check_version", "flag", "late", "section", "dropped")
"""The columns after them: the submission's status, which checks graded it, whether a person must look, how
late it was, the student's section, and the day on which the student was dropped."""

NOT_SUBMITTED = "not submitted"


def rows(course: Course, assignments: list[str]) -> Iterator[dict[str, str]]:
    """One row for each assignment and student of the gradebook.

    Without a submission, the score is empty, not 0.

    `score` and `max_score` are multiplied by the assignment's factor in course.toml, `raw_score` is not.
    """
    with gradebook(course) as book:
        late.settled(book, course)
        lates, roster = late.lates(book, course), term.enrolments(book, course)
        known = {one.name: one for one in book.assignments}
        for name in assignments:
            if name not in known:
                raise Trouble(f"{name} was not released or graded yet: run `classroom grade {name}` first.")
            recorded = records.read(course, name)
            factor = course.assignment(name).factor
            students = sorted(book.students, key=lambda student: student.id)
            for student in shown(students, len(students), f"students in {name}"):
                made = row(book, known[name], student, recorded.get(student.id), factor)
                entry, delay = roster.get(student.id), lates.get((name, student.id))
                yield made | {
                    "late": delay.said if delay else "",
                    "section": entry.section if entry else "",
                    "dropped": entry.dropped if entry else "",
                }


def row(
    book: Any, assignment: Any, student: Any, record: dict[str, Any] | None, factor: int
) -> dict[str, str]:
    """One student's row. book: an open gradebook, with its own assignment and student."""
    from nbgrader.api import MissingEntry

    found: dict[str, Any] = {
        "assignment": assignment.name,
        "duedate": assignment.duedate,
        "student_id": student.id,
        "last_name": student.last_name,
        "first_name": student.first_name,
        "email": student.email,
        "max_score": _number(assignment.max_score * factor),
        "status": NOT_SUBMITTED,
        "check_version": _versions(record or {}),
        "flag": records.flag(record, None),
    }
    try:
        submission = book.find_submission(assignment.name, student.id)
    except MissingEntry:
        submission = None
    if submission is not None:
        penalty = submission.late_submission_penalty or 0.0
        found |= {
            "timestamp": submission.timestamp,
            "raw_score": _number(submission.score),
            "late_submission_penalty": _number(penalty),
            "score": _number(max(0.0, submission.score - penalty) * factor),
            "status": "graded",
            "flag": records.flag(record, submission),
        }
    if record is not None:
        found["status"] = record["status"]
    return {column: str(found.get(column) or "") for column in (*COLUMNS, *MORE)} | {
        key: found[key] for key in ("raw_score", "late_submission_penalty", "score") if key in found
    }


def _number(value: float) -> str:
    """A score as text for a table.

    >>> _number(7.0), _number(7.25)
    ('7', '7.25')
    """
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _versions(record: Mapping[str, Any]) -> str:
    return " ".join(f"{id}={version}" for id, version in record.get("version", {}).items())


@dataclass(frozen=True)
class Sheet:
    """A table that a learning platform exported, cut into cells; joined again, they give the same text.

    rows: their cells as written, quotes included, each with the delimiter or line end after it.
    """

    path: Path
    rows: list[list[list[str]]]
    delimiter: str
    encoding: str

    @classmethod
    def read(cls, path: Path) -> Sheet:
        """Raises `Trouble` if the file is not a table with a header."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Trouble(f"{path} cannot be read: {error.strerror or error}.") from None
        text, encoding = _decoded(data)
        if "\0" in text:
            raise Trouble(f"{path} is not a text file: export it again as CSV, in UTF-8.")
        sheets = [cls(path, _cut(text, one), one, encoding) for one in ",;\t"]
        sheet = max(sheets, key=lambda one: len(one.rows[0]))
        if len(sheet.rows[0]) < 2:
            raise Trouble(f"{path} has no header with columns in its first line.")
        return sheet

    @property
    def lines(self) -> list[list[str]]:
        """The values of the cells."""
        return [[_said(cell) for cell, _ in row] for row in self.rows]

    def column(self, wanted: str | None, option: str, meant: str) -> int:
        """The number of a column by its header. Raises `Trouble`, with all headers, if no column fits."""
        header = [name.strip() for name in self.lines[0]]
        fitting = [
            number
            for number, name in enumerate(header)
            if (name == wanted if wanted is not None else meant.lower() in name.lower())
        ]
        if len(fitting) == 1:
            return fitting[0]
        asked = f"called {wanted!r}" if wanted is not None else f"with {meant!r} in its name"
        many = "no column" if not fitting else f"{len(fitting)} columns"
        raise Trouble(
            f"{self.path} has {many} {asked}. Name one with {option}: {', '.join(map(repr, header))}."
        )

    def put(self, row: int, column: int, text: str) -> None:
        """Write into one cell; it gets quotes if it had quotes or needs them."""
        cells = self.rows[row]
        while len(cells) <= column:
            cells.append(["", cells[-1][1]])
            cells[-2][1] = self.delimiter
        quoted = cells[column][0].startswith('"') or self.delimiter in text
        cells[column][0] = f'"{text}"' if quoted else text

    def text(self) -> str:
        """The table as it is written."""
        return "".join(part for row in self.rows for cell in row for part in cell)


MARK = "\ufeff"

MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
"""Byte order marks, and the encodings that they mean."""


def _decoded(data: bytes) -> tuple[str, str]:
    """The text of a file and its encoding; with it, the same text gives the same bytes."""
    for encoding in [name for start, name in MARKS.items() if data.startswith(start)] or ["utf-8"]:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(encoding), encoding
    # Some older encoding; which one does not matter, because ids, delimiters and digits have the same bytes
    # in all.
    return data.decode("latin-1"), "latin-1"


def _cut(text: str, delimiter: str) -> list[list[list[str]]]:
    """Rows of cells, each as written, with the character that ends it."""
    rows: list[list[list[str]]] = [[]]
    for cell, end in re.findall(
        rf'({MARK}?(?:"(?:[^"]|"")*")?[^{delimiter}\r\n]*)({delimiter}|\r\n|\r|\n|\Z)', text
    ):
        rows[-1].append([cell, end])
        if end != delimiter:
            rows.append([])
    return rows[:-1]


def _said(cell: str) -> str:
    """The value of a cell, which may be in quotes; a quote inside quotes is written twice."""
    written = cell.removeprefix(MARK)
    quoted = re.fullmatch(r'(?s)"((?:[^"]|"")*)"(.*)', written)
    return quoted[1].replace('""', '"') + quoted[2] if quoted else written


@dataclass(frozen=True)
class Filled:
    """The result of `fill`, by student id.

    flagged: left out, because a person must look at them. unfinished: left out, because an open answer is not
    graded yet.
    """

    filled: list[str]
    unknown: list[str]
    flagged: list[str]
    unfinished: list[str]


def fill(sheet: Sheet, table: list[dict[str, str]], column: int, ids: int | None, *, comma: bool = False,
         flagged: bool = False, unfinished: bool = False) -> Filled:  # fmt: skip
    """Write the scores of one assignment into a column of `sheet`; every other cell stays as it is.

    ids: the column with the students' ids or e-mail addresses; if None, the column that fits the most rows. A
    cell keeps its value if the student has no submission, if a person must look at the submission (unless
    `flagged`), or if an open answer is not graded yet (unless `unfinished`).

    Raises `Trouble` if no row fits, or if two rows name the same student.
    """
    scored = {row["student_id"]: row for row in table if row["score"]}
    names = {
        row[key].casefold(): row["student_id"] for row in table for key in ("email", "student_id") if row[key]
    }
    header, *body = sheet.lines
    if ids is None:
        columns = range(len(header))
        ids = max(columns, key=lambda number: sum(_cell(line, number).casefold() in names for line in body))
    places: dict[str, int] = {}
    for number, line in enumerate(body, 1):
        student = names.get(_cell(line, ids).casefold())
        if student is None:
            continue
        if student in places:
            raise Trouble(
                f"{sheet.path} names {student} in two rows: delete one, or choose another column with --id "
                "COLUMN."
            )
        places[student] = number
    if not places:
        raise Trouble(
            f"No row of {sheet.path} names a student of the gradebook (such as {next(iter(names), 'none')}): "
            "use --id to say which column has the ids or e-mail addresses."
        )
    left = {records.NEEDS_PERSON: not flagged, records.BY_HAND: not unfinished}
    aside = {student for student, row in scored.items() if left.get(row["flag"])}
    done = [student for student in places if student in scored and student not in aside]
    for student in done:
        score = scored[student]["score"]
        sheet.put(places[student], column, score.replace(".", ",") if comma else score)
    # A student without a row is reported once.
    kinds = {kind: [one for one in places if one in aside and scored[one]["flag"] == kind] for kind in left}
    return Filled(
        done, sorted(set(scored) - set(places)), kinds[records.NEEDS_PERSON], kinds[records.BY_HAND]
    )


def _cell(line: list[str], number: int) -> str:
    return line[number].strip() if number < len(line) else ""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom export`."""
    parser.description = (
        "Write grades.csv: nbgrader's columns, then status, check version and flag. With --fill: fill one "
        "column of a table that a learning platform exported, and change nothing else in it."
    )
    parser.add_argument("assignment", nargs="*", help="which assignments (default: all that were graded)")
    parser.add_argument("--to", type=Path, metavar="FILE", help="the file to write (default: grades.csv)")
    parser.add_argument("--fill", type=Path, metavar="FILE", help="the platform's table, for one assignment")
    parser.add_argument("--column", metavar="NAME", help="the column to fill (default: the assignment's own)")
    parser.add_argument("--id", metavar="NAME", help="its column of student ids (default: whichever fits)")
    parser.add_argument("--decimal-comma", action="store_true", help="write 7,5 and not 7.5")
    parser.add_argument("--flagged", action="store_true", help="also fill in scores that need a person")
    parser.add_argument(
        "--unfinished", action="store_true", help="also fill in scores whose open answer is not graded yet"
    )
    add_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the table or fill one, and say what was written and what was left out."""
    course = Course.read(arguments.course)
    chosen = records.graded(course, arguments.assignment)
    if arguments.fill:
        return _fill(course, chosen, arguments)
    table = list(rows(course, chosen))
    target = _file(arguments.to or course.root / "grades.csv")
    write_text(target, as_csv((*COLUMNS, *MORE), table), "utf-8")
    print(f"{len(table)} rows are in {target}.")
    for row in table:
        if row["flag"] == records.NEEDS_PERSON:
            print(f"{row['assignment']}, {row['student_id']}: {row['flag']}.")
    _by_hand(table)
    return 0


def _some(students: list[str]) -> str:
    """Up to twenty ids."""
    return ", ".join(students[:20]) + (", …" if len(students) > 20 else "")


def _file(target: Path) -> Path:
    if target.is_dir():
        raise Trouble(
            f"{target} is a folder: after --to, give the name of a file, such as {target / 'grades.csv'}."
        )
    return target


def _by_hand(table: list[dict[str, str]]) -> None:
    count = sum(row["flag"] == records.BY_HAND for row in table)
    if count:
        print(
            f"{count} with answers that still wait to be graded by hand, in the form grader (/formgrader in "
            "JupyterLab)."
        )


def _fill(course: Course, chosen: list[str], arguments: argparse.Namespace) -> int:
    if len(chosen) != 1:
        raise Trouble(f"--fill needs exactly one assignment: name one of {', '.join(chosen)}.")
    sheet = Sheet.read(arguments.fill)
    column = sheet.column(arguments.column, "--column", chosen[0])
    ids = None if arguments.id is None else sheet.column(arguments.id, "--id", arguments.id)
    table = list(rows(course, chosen))
    done = fill(
        sheet, table, column, ids,
        comma=arguments.decimal_comma, flagged=arguments.flagged, unfinished=arguments.unfinished,
    )  # fmt: skip
    beside = arguments.fill.with_name(f"{arguments.fill.stem}-filled{arguments.fill.suffix}")
    target = _file(arguments.to or beside)
    if done.unfinished:
        print(
            f"{many(len(done.unfinished), 'score')} left out, because an open answer is not graded yet: "
            f"{_some(done.unfinished)}. Grade it in the form grader (/formgrader in JupyterLab), or "
            "fill in what there is with --unfinished."
        )
    write_text(target, sheet.text(), sheet.encoding)
    filled = many(len(done.filled), "score"), agreeing(len(done.filled), "is", "are")
    print(f"{' '.join(filled)} in {target}, column {sheet.lines[0][column]!r}.")
    for student in done.flagged:
        print(
            f"{student}: left out, because it needs a person (look at it in the form grader; --flagged fills "
            "it in)."
        )
    for student in done.unknown:
        print(f"{student}: graded, but in no row of {arguments.fill}.")
    _by_hand([row for row in table if row["student_id"] in done.filled])
    return 0
