"""`classroom collect`: put what Canvas, Moodle or Ilias collected, or a folder holds, where it is graded.

nbgrader's own `zip_collect` unpacks archives on the disk, needs a regular expression for their names, and
does not know a roster. This command knows the platforms' names, matches them with the roster, and reports
the rest.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from classroom import downloads, history, progress, term
from classroom.course import Course, add_option
from classroom.downloads import File
from classroom.gradebook import alone, gradebook
from classroom.intake import Found, Refused, found, printable
from classroom.naming import PLATFORMS, Owned, People, platform
from classroom.times import Times, parsed
from classroom.trouble import Trouble
from lessons.words import agreeing, many

UNREAD = "not-collected.txt"
"""The file in place of one that could not be read: grading finds it, and records why."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom collect`."""
    parser.description = (
        "Read the zip file of all submissions that Canvas, Moodle or Ilias offers, or a folder, and put each "
        "student's notebook into submitted/. Run it again with a newer download: an earlier submission is "
        "kept in records/ASSIGNMENT/earlier. The exit code is 1 if a file could not be matched."
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="for example leaks")
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a zip file or a folder")
    parser.add_argument(
        "--from", dest="kind", choices=tuple(PLATFORMS), help="who named the files (default: what fits)"
    )
    parser.add_argument(
        "--times", type=Path, metavar="FILE",
        help="a table with the times of the submissions, such as Moodle's grading worksheet",
    )  # fmt: skip
    parser.add_argument(
        "--file-times", action="store_true", help="take the time at which each file was last changed"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")
    add_option(parser)


def run(given: argparse.Namespace) -> int:
    """Collect, report, and return 0, or 1 if a file needs a person."""
    course = Course.read(given.course)
    course.assignment(given.assignment)
    if given.times is not None and given.file_times:
        raise Trouble("--times and --file-times are two sources of the same times: give one of them.")
    with gradebook(course) as book:
        roster = term.enrolments(book, course)
        students = list(book.students)
        people = People(students, roster)
        on_it = [id for id, one in roster.items() if not one.dropped]
        enrolled = on_it if roster else [one.id for one in students]
    if not students:
        raise Trouble(
            "No student of this course is known yet, so no file can be matched: `classroom roster FILE` "
            "takes the students from your platform's table."
        )
    times = Times.read(given.times, people, course.zone) if given.times else Times()
    with alone(course), downloads.opened(given.source, course.zone) as (files, odd):
        collecting = Collecting(course, given.assignment, given.dry_run)
        kind = given.kind or platform([one.path for one in files])
        # Canvas and Moodle give every file the time of the download.
        stamped = given.file_times or kind == "ilias"
        print(f"{given.source}: {many(len(files), 'file')}, from {PLATFORMS[kind]}.")
        chosen = _chosen(course, files, kind, people, times, given.assignment)
        collecting.report.odd += [*odd, *chosen.unmatched]
        for student, several in progress.shown(chosen.of.items(), len(chosen.of), "students"):
            collecting.take(student, several, times, stamped)
    collecting.report.without = sorted(
        one for one in enrolled if not _any(course.submitted(one, given.assignment).parent, one, chosen.of)
    )
    print(collecting.report)
    return 1 if collecting.report.wrong else 0


def _any(place: Path, student: str, chosen: Mapping[str, object]) -> bool:
    return student in chosen or place.is_dir()


@dataclass
class _Chosen:
    """The files of each student, with what their names say, and sentences about the rest."""

    of: dict[str, list[tuple[File, Owned]]] = field(default_factory=lambda: defaultdict(list))
    unmatched: list[str] = field(default_factory=list)


def _chosen(
    course: Course, files: Sequence[File], kind: str, people: People, times: Times, assignment: str
) -> _Chosen:
    """The files by student. In a folder, a `timestamp.txt` beside a file has its time, as in nbgrader."""
    chosen = _Chosen()
    others = set(course.assignments) - {assignment}
    stamps: dict[tuple[str, ...], datetime | None] = {}
    for file in files:
        if kind == "folder" and others.intersection(file.path[:-1]):
            continue
        if kind == "folder" and file.path[-1] == "timestamp.txt":
            with contextlib.suppress(Refused):
                text = file.read().decode("utf-8", "replace")
                stamps[file.path[:-1]] = parsed(text, course.zone)
            continue
        owned = people.owned(kind, file.path, times.participants, assignment)
        if owned.student:
            chosen.of[owned.student].append((file, owned))
        else:
            chosen.unmatched.append(f"{file.name}: {printable(owned.why, 200)}")
    for student, several in chosen.of.items():
        for file, _ in several:
            time = stamps.get(file.path[:-1])
            if time is not None and len(file.path) > 1:
                times.of.setdefault(student, time)
    return chosen


@dataclass
class Report:
    """What was collected, and what was not."""

    dry: bool
    new: list[str] = field(default_factory=list)
    again: list[tuple[str, str]] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> bool:
        """Whether a person must look at something."""
        return bool(self.odd or self.unclear or self.bare or self.late)

    def __str__(self) -> str:
        would = "would be " if self.dry else ""
        lines = [f"{many(len(self.new), 'submission')} {would}collected."]
        if self.again:
            lines.append(
                f"{many(len(self.again), 'student')} submitted again; the earlier one {would}kept in records:"
                if self.dry
                else f"{many(len(self.again), 'student')} submitted again; the earlier one is kept:"
            )
            lines += [f"  {student}: {where}" for student, where in self.again]
        if self.same:
            lines.append(f"{many(len(self.same), 'submission')} as before.")
        for title, several in (
            ("Not collected, because it is older than the one that counts, or was put aside", self.passed),
            ("Not collected; put the right file into submitted/ by hand", self.unclear),
            ("Collected, but without a notebook that can be read", self.bare),
            ("Marked as late by the platform, but its time is unknown, so it is not late here until you give "
             "the times with --times", self.late),
            ("Not matched", self.odd),
        ):  # fmt: skip
            if several:
                lines.append(f"{title} ({len(several)}):")
                lines += [f"  {one}" for one in several]
        if self.without:
            some = ", ".join(self.without[:20]) + (", …" if len(self.without) > 20 else "")
            are = agreeing(len(self.without), "has", "have")
            lines.append(f"{many(len(self.without), 'enrolled student')} {are} no submission: {some}.")
        if self.dry:
            lines.append("Nothing was written (--dry-run).")
        return "\n".join(lines)


class Collecting:
    """Puts submissions into `submitted/`, one student after the other."""

    def __init__(self, course: Course, assignment: str, dry: bool) -> None:
        self.course, self.assignment, self.dry = course, assignment, dry
        self.report = Report(dry)

    def take(self, student: str, several: list[tuple[File, Owned]], times: Times, stamped: bool) -> None:
        """Take one student's files."""
        home = self.course.root / "submitted" / student
        for folder in (home, home / self.assignment):
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                what = "a symbolic link" if folder.is_symlink() else "a file"
                place = folder.relative_to(self.course.root)
                self.report.unclear.append(f"{student}: {place} is {what}, not a folder; delete it first")
                return
        picked = self._picked(student, several, stamped)
        if picked is None:
            return
        file, owned = picked
        time = times.of.get(student) or (file.time if stamped else None)
        name = f"{self.assignment}.ipynb"
        if not owned.name.lower().endswith(".ipynb"):
            name = _safe(owned.name)
        try:
            data = file.read()
        except Refused as refused:
            name, data = UNREAD, refused.note.encode()
        if name != f"{self.assignment}.ipynb":
            if found_now(self.course, student, self.assignment) is not None and name == UNREAD:
                self.report.unclear.append(f"{student}: {data.decode()}")
                return
            self.report.bare.append(f"{student}: {printable(owned.name, 100)}" + _why(name, data))
        now = found_now(self.course, student, self.assignment)
        if owned.late and time is None and not (now and now.timestamp):
            self.report.late.append(f"{student}: {printable(owned.name, 100)}")
        self._place(student, name, data, time)

    def _picked(
        self, student: str, several: list[tuple[File, Owned]], stamped: bool
    ) -> tuple[File, Owned] | None:
        """The file that counts: the only notebook, or the one with the right name, or the newest."""
        notebooks = [one for one in several if one[1].name.lower().endswith(".ipynb")]
        wanted = re.compile(rf"(?i)(.* - )?{re.escape(self.assignment)}([-_ ]?\(?\d+\)?)?\.ipynb")
        for some in ([one for one in notebooks if wanted.fullmatch(one[1].name)], notebooks):
            if len(some) == 1:
                return some[0]
            if some and stamped and all(file.time for file, _ in some):
                return max(some, key=lambda one: one[0].time or datetime.min.replace(tzinfo=UTC))
            if some:
                names = ", ".join(printable(owned.name, 60) for _, owned in some[:5])
                self.report.unclear.append(f"{student}: {len(some)} notebooks could be the one: {names}")
                return None
        return several[0]

    def _place(self, student: str, name: str, data: bytes, time: datetime | None) -> None:
        now = found_now(self.course, student, self.assignment)
        incoming = Found(student, data) if name == f"{self.assignment}.ipynb" else None
        if now is None:
            self.report.new.append(student)
            self._write(student, name, data, time)
            return
        stamp = parsed(now.timestamp, self.course.zone)
        if incoming is not None and now.data == data:
            # The same file was there earlier: its first time counts.
            if time is not None and (stamp is None or time < stamp):
                self._stamp(student, time)
            self.report.same.append(student)
        elif incoming is None and now.data is None:
            self.report.same.append(student)
        elif incoming is not None and self._earlier(student, incoming, time, stamp):
            self.report.passed.append(student)
        else:
            number = sum(1 for _ in history.folders(self.course, self.assignment, student)) + 1
            kept = f"{history.place(self.course, self.assignment, student)}/{number}"
            if not self.dry:
                self._write(student, name, data, time)
                kept = str(self.kept)
            self.report.again.append((student, kept))

    def _earlier(self, student: str, incoming: Found, time: datetime | None, stamp: datetime | None) -> bool:
        """Whether a file is older than the one that is there, or is one of those that were put aside."""
        if time is not None and stamp is not None and time < stamp:
            return True
        folder = history.digests(self.course, self.assignment, student).get(incoming.digest)
        kept = history.submission(folder, self.assignment, student) if folder else None
        before = parsed(kept.timestamp, self.course.zone) if kept else None
        return kept is not None and (time is None or before is None or time == before)

    def _write(self, student: str, name: str, data: bytes, time: datetime | None) -> None:
        """Put a submission in its place; an earlier one is moved to the history before."""
        if self.dry:
            return
        place = self.course.submitted(student, self.assignment).parent
        staged = place.with_name(f".{self.assignment}.new")
        try:
            shutil.rmtree(staged, ignore_errors=True)
            staged.mkdir(parents=True)
            (staged / name).write_bytes(data)
            if time is not None:
                (staged / "timestamp.txt").write_text(_written(time), encoding="utf-8")
            if place.is_dir():
                self.kept = history.put_aside(self.course, self.assignment, student)
            staged.rename(place)
        except OSError as error:
            raise Trouble(
                f"The submission of {student} cannot be written to {place}: {error.strerror or error}. All "
                "that was collected before is kept; run the same command again."
            ) from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def _stamp(self, student: str, time: datetime) -> None:
        if not self.dry:
            place = self.course.submitted(student, self.assignment).with_name("timestamp.txt")
            new = place.with_name(".timestamp.new")
            new.write_text(_written(time), encoding="utf-8")
            new.replace(place)


def found_now(course: Course, student: str, assignment: str) -> Found | None:
    """What is in `submitted/` of a student; None for nothing."""
    place = course.submitted(student, assignment).parent
    with contextlib.suppress(OSError):
        if place.is_dir() and any(place.iterdir()):
            return found(student, place, assignment)
    return None


def _written(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC\n"


def _safe(name: str) -> str:
    """A file's name that can be written anywhere, and that no other part of a submission has.

    >>> _safe("../x/essay.pdf"), _safe("timestamp.txt"), _safe(".hidden")
    ('essay.pdf', 'submitted-timestamp.txt', 'hidden')
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(one if one.isprintable() and one not in ':*?"<>|' else "_" for one in last)
    # A name may have 255 bytes, and a character up to four of them.
    last = plain[-60:].lstrip(".") or "file"
    return f"submitted-{last}" if last in ("timestamp.txt", UNREAD) else last


def _why(name: str, data: bytes) -> str:
    return f" ({data.decode()})" if name == UNREAD else ""
