"""`classroom student`: rename, merge, remove or anonymise a student, everywhere in a course.

First the command writes down what it will do. Then the gradebook changes in one transaction, and the
files follow. If this is interrupted, no other command grades until the same command has
finished it.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import difflib
import json
import re
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from classroom.course import Course, add_option
from classroom.gradebook import PENDING, alone, changing, gradebook
from classroom.intake import described, printable
from classroom.progress import shown
from classroom.records import write_text
from classroom.trouble import Trouble, same_format
from lessons.desk.workcopy import write
from lessons.words import listed, many

FORMAT = 1
"""The format of the file that says what was interrupted."""

FOLDERS = ("submitted", "autograded", "feedback")
"""The folders of a course with one folder for each student."""

EARLIER = "earlier"
"""The folder in an assignment's records with one folder of earlier submissions for each student."""

ID = re.compile(r"[^\s./\\*?\[\]\x00-\x1f\x7f][^/\\*?\[\]\x00-\x1f\x7f]{0,127}")
"""A new id: it names folders, and nbgrader looks for them with a pattern."""


@dataclass(frozen=True)
class Move:
    """What happens to one student.

    new: the id afterwards; "" if the student is removed. plain: the name and the address are deleted. kept:
    whose work counts in an assignment that both have, when two students are joined.
    """

    old: str
    new: str = ""
    plain: bool = False
    kept: str = ""
    pages: tuple[str, ...] = ()


@dataclass
class Found:
    """What a course has of one student."""

    named: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    submissions: list[str] = field(default_factory=list)
    by_hand: int = 0
    comments: int = 0
    folders: dict[str, list[str]] = field(default_factory=dict)
    records: list[str] = field(default_factory=list)
    earlier: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.named or self.rows or self.folders or self.records or self.earlier)

    @property
    def assignments(self) -> set[str]:
        """The assignments of which there is a grade, a submission or a record."""
        return {*self.submissions, *self.records, *self.folders.get("submitted", ())}

    def lines(self) -> Iterator[str]:
        """What it is and where, a line for each place."""
        if self.named:
            by_hand = f"{many(self.by_hand, 'grade')} by hand, {many(self.comments, 'comment')}"
            has = f"{many(len(self.submissions), 'submission')} ({', '.join(self.submissions)}), {by_hand}"
            yield f"gradebook: the student, {has if self.submissions else 'no submission'}"
        for table, count in self.rows.items():
            yield f"gradebook, {table.removeprefix('classroom_')}: {many(count, 'row')}"
        for folder, names in self.folders.items():
            yield f"{folder}/: {', '.join(names) or 'an empty folder'}"
        if self.records:
            yield f"records/: {', '.join(self.records)}"
        if self.earlier:
            yield f"records/, earlier submissions: {', '.join(self.earlier)}"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom student`."""
    parser.description = (
        "Rename, merge, remove or anonymise a student everywhere: gradebook, submissions, graded notebooks, "
        "records and feedback. --dry-run lists what would change."
    )
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="WHAT")
    one = kinds.add_parser("rename", help="give a student another id")
    one.add_argument("old", metavar="OLD")
    one.add_argument("new", metavar="NEW")
    one = kinds.add_parser("merge", help="join two ids that are the same student")
    one.add_argument("old", metavar="FROM", help="the id that disappears")
    one.add_argument("new", metavar="INTO", help="the id that stays")
    kept = "whose work counts in an assignment that both have; the other's is kept as an earlier submission"
    one.add_argument("--keep", default="", metavar="ID", help=kept)
    one = kinds.add_parser("remove", help="delete a student and everything of that student")
    one.add_argument("old", metavar="ID")
    one = kinds.add_parser("anonymise", help="replace ids, names and addresses by random words")
    one.add_argument("students", nargs="*", metavar="ID")
    one.add_argument("--all", action="store_true", help="the whole class")
    key = "also write a table of the old and the new ids; keep it outside the course, or delete it"
    one.add_argument("--key", type=Path, metavar="FILE", help=key)
    for each in kinds.choices.values():
        each.add_argument("--dry-run", action="store_true", help="list what would change, and change nothing")
        add_option(each)


def run(given: argparse.Namespace) -> int:
    """Do it, and list what changed."""
    course = Course.read(given.course)
    with alone(course, pending=False), gradebook(course) as book:
        left = _pending(course)
        if left and given.dry_run:
            raise Trouble("A change was interrupted: the same command without --dry-run finishes it first.")
        if left:
            print("The change that was interrupted is finished first.")
            _carry_out(course, book, left)
        moves = _moves(course, book, given, {move.old for move in left.moves} if left else set())
        if not moves:
            return 0
        for line in _told(course, book, given, moves):
            print(line)
        if given.dry_run:
            print("Nothing was changed (--dry-run).")
            return 0
        if given.kind == "anonymise" and given.key:
            _write_key(given.key, moves)
        moves = [replace(move, pages=_pages(course, move)) for move in moves]
        change = Change(secrets.token_hex(8), tuple(moves))
        _note(course, change)
        _carry_out(course, book, change)
    for line in _still_named(course, moves, given.kind):
        print(line)
    return 0


def _moves(course: Course, book: Any, given: argparse.Namespace, done: set[str]) -> list[Move]:
    """What the command line asks for; [] if it is done already. Raises `Trouble` if it cannot be done.

    done: the students whose interrupted change was just finished.
    """
    if given.kind == "anonymise":
        return _anonymous(course, book, given, done)
    if given.kind == "remove" and given.old in done:
        return []
    old, new = given.old, getattr(given, "new", "")
    mine = _found(course, book, old)
    if given.kind == "remove":
        _exists(course, book, old, mine)
        return [Move(old)]
    if old == new:
        raise Trouble(f"{old} and {new} are the same id: give two different ones.")
    other = _found(course, book, new)
    if not mine and other:
        print(f"There is nothing of {old} in this course, and {new} is there: nothing to do.")
        return []
    _exists(course, book, old, mine)
    if given.kind == "rename":
        if not ID.fullmatch(new) or new.endswith((" ", ".")):
            raise Trouble(
                f"{printable(new, 60)!r} cannot be an id: allowed are up to 128 characters, without / \\ * ? "
                "[ ], not beginning with a dot or a space."
            )
        if other:
            raise Trouble(
                f"There is a student {new} already. If {old} and {new} are the same person: `classroom "
                f"student merge {old} {new}`."
            )
        return [Move(old, new)]
    _exists(course, book, new, other)
    both = [name for name in course.assignments if name in mine.assignments & other.assignments]
    if given.keep not in ("", old, new):
        raise Trouble(f"--keep is {given.keep!r}; allowed are {old} and {new}.")
    if both and not given.keep:
        raise Trouble(
            f"{old} and {new} both have work in {listed(both)}: say with --keep {old} or --keep {new} whose "
            "counts there. The other's is kept as an earlier submission."
        )
    return [Move(old, new, kept=given.keep or new)]


def _anonymous(course: Course, book: Any, given: argparse.Namespace, done: set[str]) -> list[Move]:
    if given.all == bool(given.students):
        raise Trouble("Name the students to anonymise, or say --all for the whole class.")
    known = _students(course, book)
    if given.all:
        chosen = [one for one in known if not _WORD.fullmatch(one)]
        if not chosen:
            print("All students are anonymous already: nothing to do.")
    else:
        chosen = [student for student in dict.fromkeys(given.students) if student not in done]
        for student in chosen:
            _exists(course, book, student, _found(course, book, student))
    if not chosen:
        return []
    if given.key and given.key.exists():
        raise Trouble(f"{given.key} exists already: give --key a new file.")
    words: set[str] = {*known}
    moves = []
    for student in chosen:
        word = f"anon-{secrets.token_hex(5)}"
        while word in words:
            word = f"anon-{secrets.token_hex(5)}"
        words.add(word)
        moves.append(Move(student, word, plain=True))
    return moves


_WORD = re.compile(r"anon-[0-9a-f]{10}")


def _exists(course: Course, book: Any, student: str, found: Found) -> None:
    if not found:
        near = difflib.get_close_matches(student, _students(course, book), 1)
        raise Trouble(
            f"There is nothing of a student {printable(student, 60)!r} in this course"
            f"{f' (did you mean {near[0]!r}?)' if near else ''}."
        )


def _students(course: Course, book: Any) -> list[str]:
    """Everybody of whom the course has something."""
    known = {student for (student,) in book.db.execute(text("SELECT id FROM student"))}
    for folder in FOLDERS:
        known |= {path.name for path in (course.root / folder).glob("*") if path.is_dir()}
    known |= {path.stem for path in course.records.glob("*/*.json")}
    return sorted(known - {".ipynb_checkpoints"})


def _found(course: Course, book: Any, student: str) -> Found:
    """Everything that the course has of a student."""
    found = Found()
    if not student or "/" in student or student in (".", ".."):
        return found
    one = {"student": student}
    found.named = bool(book.db.execute(text("SELECT 1 FROM student WHERE id = :student"), one).first())
    found.submissions = [
        name
        for (name,) in book.db.execute(
            text(
                "SELECT assignment.name FROM submitted_assignment JOIN assignment ON assignment.id = "
                "submitted_assignment.assignment_id WHERE student_id = :student ORDER BY assignment.name"
            ),
            one,
        )
    ]
    for table, column in (("grade", "manual_score"), ("comment", "manual_comment")):
        query = f"SELECT count({column}) FROM {table} WHERE notebook_id IN ({_NOTEBOOKS})"
        count = int(book.db.execute(text(query), one).scalar() or 0)
        found.by_hand, found.comments = (
            (count, found.comments) if table == "grade" else (found.by_hand, count)
        )
    for table in _tables(book):
        count = book.db.execute(text(f"SELECT count(*) FROM {table} WHERE student = :student"), one).scalar()
        if count:
            found.rows[table] = int(count)
    for folder in FOLDERS:
        place = course.root / folder / student
        if place.is_dir():
            found.folders[folder] = sorted(path.stem for path in place.iterdir())
    names = sorted(path.name for path in course.records.glob("*") if path.is_dir())
    found.records = [name for name in names if (course.records / name / f"{student}.json").is_file()]
    found.earlier = [name for name in names if (course.records / name / EARLIER / student).is_dir()]
    return found


_NOTEBOOKS = (
    "SELECT submitted_notebook.id FROM submitted_notebook JOIN submitted_assignment ON "
    "submitted_assignment.id = submitted_notebook.assignment_id WHERE student_id = :student"
)


def _tables(book: Any) -> list[str]:
    """The kit's own tables in the gradebook that have a column `student`."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'classroom%'"
    names = [name for (name,) in book.db.execute(text(query))]
    return [
        name
        for name in sorted(names)
        if any(row[1] == "student" for row in book.db.execute(text(f"PRAGMA table_info({name})")))
    ]


def _told(course: Course, book: Any, given: argparse.Namespace, moves: Sequence[Move]) -> Iterator[str]:
    """What is going to change, a line for each place; for many students, the sums."""
    would = "would be " if given.dry_run else ""
    done = {"rename": "renamed", "merge": "joined", "remove": "removed", "anonymise": "anonymised"}
    for move in moves[:20]:
        # The new word of an anonymous student is drawn again without --dry-run.
        to = "" if not move.new or (move.plain and given.dry_run) else f" to {move.new}"
        to = f" with {move.new}" if given.kind == "merge" else to
        yield f"{printable(move.old, 60)} {would or 'is '}{done[given.kind]}{to}:"
        yield from (f"  {line}" for line in _found(course, book, move.old).lines())
    if len(moves) > 20:
        yield f"… and {len(moves) - 20} more students."


def _pages(course: Course, move: Move) -> tuple[str, ...]:
    """The feedback pages that must be written again under the new id."""
    homes = [course.root / "feedback" / one for one in (move.old, move.new) if one]
    return tuple(sorted({path.stem for home in homes for path in home.glob("*.html")})) if move.new else ()


@dataclass(frozen=True)
class Change:
    """What a command does, as it is written down: its own name, and what happens to each student."""

    name: str
    moves: tuple[Move, ...]


def _note(course: Course, change: Change) -> None:
    """Write down what is to be done, so that it can be finished after an interruption."""
    write_text(course.state / PENDING, json.dumps({"format": FORMAT, **asdict(change)}))


def _pending(course: Course) -> Change | None:
    """What an interrupted command has left to do."""
    path = course.state / PENDING
    try:
        told = dict(json.loads(path.read_text(encoding="utf-8")))
        same_format(path, told.get("format"), FORMAT)
        moves = tuple(Move(**{**one, "pages": tuple(one["pages"])}) for one in told["moves"])
        return Change(str(told["name"]), moves)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise Trouble(
            f"{path} cannot be read ({described(error)}): put the course back from a backup."
        ) from None


def _carry_out(course: Course, book: Any, change: Change) -> None:
    """Change the gradebook in one transaction, then the files.

    The gradebook itself says that its part is done, because that part must not be done twice. The files' part
    can be.
    """
    moves = change.moves
    with changing(book):
        # Else a deleted row's bytes stay in the file until SQLite needs the place.
        book.db.execute(text("PRAGMA secure_delete = ON"))
        book.db.execute(text("CREATE TABLE IF NOT EXISTS classroom_change (name TEXT PRIMARY KEY)"))
        done = {name for (name,) in book.db.execute(text("SELECT name FROM classroom_change"))}
        if change.name not in done:
            for move in shown(moves, len(moves), "students in the gradebook"):
                if move.kept:
                    _step_aside(course, book, move)
                _change_rows(book, move)
            book.db.execute(text("DELETE FROM classroom_change"))
            book.db.execute(text("INSERT INTO classroom_change VALUES (:name)"), {"name": change.name})
    for move in shown(moves, len(moves), "students' files"):
        _change_files(course, move)
    _write_pages(course, moves)
    (course.state / PENDING).unlink()


def _change_rows(book: Any, move: Move) -> None:
    """Change the rows of one student."""
    names = {"old": move.old, "new": move.new, "student": move.old}

    def do(query: str) -> None:
        book.db.execute(text(query), names)

    if not move.new:
        for table in ("grade", "comment"):
            do(f"DELETE FROM {table} WHERE notebook_id IN ({_NOTEBOOKS})")
        do(f"DELETE FROM submitted_notebook WHERE id IN ({_NOTEBOOKS})")
        do("DELETE FROM submitted_assignment WHERE student_id = :old")
        for table in _tables(book):
            do(f"DELETE FROM {table} WHERE student = :old")
        do("DELETE FROM student WHERE id = :old")
        return
    about = ("first_name", "last_name", "email", "lms_user_id")
    columns = ", ".join(about)
    do(f"INSERT OR IGNORE INTO student (id, {columns}) SELECT :new, {columns} FROM student WHERE id = :old")
    for column in about:
        query = f"SELECT {column} FROM student WHERE id = :old"
        do(f"UPDATE student SET {column} = ({query}) WHERE id = :new AND coalesce({column}, '') = '' "
           f"AND EXISTS ({query})")  # fmt: skip
    do("UPDATE submitted_assignment SET student_id = :new WHERE student_id = :old")
    for table in _tables(book):
        do(f"UPDATE OR IGNORE {table} SET student = :new WHERE student = :old")
        do(f"DELETE FROM {table} WHERE student = :old")
    do("DELETE FROM student WHERE id = :old")
    if move.plain:
        do("UPDATE student SET first_name = NULL, last_name = NULL, email = NULL, lms_user_id = NULL "
           "WHERE id = :new")  # fmt: skip
        if "classroom_roster" in _tables(book):
            do("UPDATE classroom_roster SET login = '', number = '' WHERE student = :new")
        if "classroom_extension" in _tables(book):
            do("UPDATE classroom_extension SET reason = '' WHERE student = :new")


def _step_aside(course: Course, book: Any, move: Move) -> None:
    """Where both have work, put the one's aside that does not count: as an earlier submission."""
    loser = move.old if move.kept == move.new else move.new
    for name in _shared(course, book, move):
        folder = _aside(course, name, move)
        rows = {"student": loser, "name": name}
        assignment = "(SELECT id FROM assignment WHERE name = :name)"
        of = f"{_NOTEBOOKS} AND submitted_assignment.assignment_id = {assignment}"
        grades = _grades(book, loser, name)
        if grades:
            write_text(folder / "grades.json", json.dumps(grades, indent=1, ensure_ascii=False) + "\n")
        for table in ("grade", "comment"):
            book.db.execute(text(f"DELETE FROM {table} WHERE notebook_id IN ({of})"), rows)
        book.db.execute(text(f"DELETE FROM submitted_notebook WHERE id IN ({of})"), rows)
        query = (
            f"DELETE FROM submitted_assignment WHERE student_id = :student AND assignment_id = {assignment}"
        )
        book.db.execute(text(query), rows)


def _shared(course: Course, book: Any, move: Move) -> list[str]:
    one, other = _found(course, book, move.old), _found(course, book, move.new)
    return [name for name in course.assignments if name in one.assignments & other.assignments]


def _aside(course: Course, assignment: str, move: Move) -> Path:
    """The folder of the work that does not count; after an interruption, the same one."""
    home = course.records / assignment / EARLIER / move.new
    mark = f".from-{move.old}"
    for folder in home.glob("*"):
        if (folder / mark).is_file():
            return folder
    number = max((int(one.name) for one in home.glob("*") if one.name.isdecimal()), default=0) + 1
    write_text(home / str(number) / mark, "")
    return home / str(number)


def _grades(book: Any, student: str, assignment: str) -> dict[str, Any]:
    """A submission's points and comments in the gradebook; {} if there is none."""
    from nbgrader.api import MissingEntry

    try:
        submission = book.find_submission(assignment, student)
    except MissingEntry:
        return {}
    notebooks = submission.notebooks
    return {
        "timestamp": str(submission.timestamp or ""),
        "points": {
            grade.name: {"auto": grade.auto_score, "by_hand": grade.manual_score}
            for notebook in notebooks
            for grade in notebook.grades
        },
        "comments": {
            comment.name: comment.manual_comment
            for notebook in notebooks
            for comment in notebook.comments
            if comment.manual_comment
        },
    }


def _change_files(course: Course, move: Move) -> None:
    """Move or delete the files of one student."""
    names = [path.name for path in course.records.glob("*") if path.is_dir()]
    if move.kept:
        _files_aside(course, names, move)
    for folder in FOLDERS:
        old = course.root / folder / move.old
        if not move.new or folder == "feedback":
            _delete(old)
        elif old.is_dir():
            _join(old, course.root / folder / move.new)
    for name in names:
        record = course.records / name / f"{move.old}.json"
        if record.is_file():
            if move.new:
                _reassign(record, course.records / name / f"{move.new}.json", move)
            record.unlink()
        earlier = course.records / name / EARLIER / move.old
        if not move.new:
            _delete(earlier)
        elif earlier.is_dir():
            home = course.records / name / EARLIER / move.new
            number = max((int(one.name) for one in home.glob("*") if one.name.isdecimal()), default=0)
            for count, one in enumerate(sorted(earlier.iterdir(), key=_number), 1):
                home.mkdir(parents=True, exist_ok=True)
                one.rename(home / str(number + count))
            earlier.rmdir()
        if move.new:
            for path in (course.records / name / EARLIER / move.new).glob("*/record.json"):
                _reassign(path, path, move)


def _delete(path: Path) -> None:
    """Delete a folder, or whatever is in its place, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _number(path: Path) -> int:
    return int(path.name) if path.name.isdecimal() else 0


def _files_aside(course: Course, names: Iterable[str], move: Move) -> None:
    """Move the files of the work that does not count to its folder."""
    loser = move.old if move.kept == move.new else move.new
    for name in names:
        home = course.records / name / EARLIER / move.new
        for folder in home.glob("*"):
            if not (folder / f".from-{move.old}").is_file():
                continue
            for source, target in (
                (course.root / "submitted" / loser / name, "submitted"),
                (course.root / "autograded" / loser / name / f"{name}.ipynb", "graded.ipynb"),
                (course.records / name / f"{loser}.json", "record.json"),
            ):
                if source.exists() and not (folder / target).exists():
                    source.rename(folder / target)
            shutil.rmtree(course.root / "autograded" / loser / name, ignore_errors=True)
            (folder / f".from-{move.old}").unlink()


def _join(old: Path, new: Path) -> None:
    """Move a student's folder, assignment by assignment if the other folder exists."""
    if not new.exists():
        old.rename(new)
        return
    for one in list(old.iterdir()):
        target = new / one.name
        if target.exists():
            target = new / f"{one.name}.{secrets.token_hex(4)}"
        one.rename(target)
    old.rmdir()


def _reassign(old: Path, new: Path, move: Move) -> None:
    """Write a record under the new id. A file that is not a record stays as it is, and is renamed."""
    before = data = old.read_bytes()
    with contextlib.suppress(ValueError, RecursionError):
        record = json.loads(data)
        if isinstance(record, dict) and record.get("student") in (move.old, move.new):
            record["student"] = move.new
            data = (json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
    if old != new or data != before:
        write(new, data)


def _write_pages(course: Course, moves: Sequence[Move]) -> None:
    """Write the feedback pages again: they name the student."""
    from classroom.feedback import Left, feedback

    for name in course.assignments:
        students = tuple(move.new for move in moves if name in move.pages)
        if students:
            left = Left()
            try:
                list(feedback(course, name, students, left))
            except Trouble as trouble:
                print(f"{name}: the feedback pages are not written again: {trouble}", file=sys.stderr)
            for sentence in left.told(course, name):
                print(sentence, file=sys.stderr)


def _write_key(path: Path, moves: Iterable[Move]) -> None:
    lines = [("id", "anonymous"), *((move.old, move.new) for move in moves)]
    try:
        with open(path, "x", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(lines)
    except OSError as error:
        raise Trouble(f"{path} cannot be written: {error.strerror or error}.") from None
    print(f"The table of old and new ids is {path}. Keep it outside the course, or delete it.")


def _still_named(course: Course, moves: Sequence[Move], kind: str) -> Iterator[str]:
    """Files that the command leaves alone and in which a student is still named."""
    ids = {move.old for move in moves}
    tables = [
        path
        for path in sorted(course.root.glob("*.csv"))
        if path.is_file()
        and ids & set(re.split(r"[,;\t\r\n\"']+", path.read_text(encoding="utf-8", errors="replace")))
    ]
    if tables:
        names = listed([path.name for path in tables])
        yield f"Not changed: {names}, written earlier. `classroom export` writes grades.csv again."
    if kind == "anonymise":
        inside = sorted({path for move in moves for path in _naming(course, move)})
        if inside:
            told = ", ".join(str(path.relative_to(course.root)) for path in inside[:20])
            more = ", …" if len(inside) > 20 else ""
            yield (
                f"{many(len(inside), 'file')} of these students still contain the old id, because a "
                f"student or a grader wrote it: {told}{more}. Look at these files yourself."
            )
    if kind in ("remove", "anonymise"):
        yield "Backups and downloads that you made before still have the old data: delete them, too."


def _naming(course: Course, move: Move) -> Iterator[Path]:
    """The files of an anonymous student whose name or text has the old id."""
    word = re.compile(rf"(?i)(?<![\w]){re.escape(move.old)}(?![\w])")
    homes = [course.root / folder / move.new for folder in FOLDERS]
    homes += [one / EARLIER / move.new for one in course.records.glob("*")]
    files = [path for home in homes for path in home.rglob("*") if path.is_file()]
    files += course.records.glob(f"*/{move.new}.json")
    for path in files:
        with contextlib.suppress(OSError):
            if word.search(path.name) or word.search(path.read_bytes().decode("utf-8", "replace")):
                yield path
