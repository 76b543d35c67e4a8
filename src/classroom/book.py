"""The one writer of grades: nbgrader's gradebook, the executed notebook and the record, all or nothing.

The record is written last. A submission with a record is graded. A submission without one is graded again,
and all its other files are replaced.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from nbformat import from_dict
from nbgrader import utils
from nbgrader.api import MissingEntry
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError

from classroom import history, late, term
from classroom.course import Course
from classroom.execute import Result, ungraded
from classroom.gradebook import alone, changing, gradebook
from classroom.intake import Found, Template, described, printable, writable
from classroom.records import FORMAT, as_text, read_one, timed, write_text
from classroom.times import dated
from classroom.trouble import Trouble

STAGED = "graded-"
"""The beginning of a folder's name while its files wait to be put in place."""


class Book:
    """The gradebook and the records of one assignment, open for writing; a context manager.

    Raises `Trouble` on entering if another grading is writing, or if the gradebook lacks cells of the
    released notebook.
    """

    def __init__(
        self, course: Course, assignment: str, template: Template, grading: str, versions: Mapping[str, str]
    ) -> None:
        """grading: a digest of the release and the checks. versions: the checks' versions by exercise."""
        self.course, self.assignment, self.template = course, assignment, template
        self.grading, self.versions = grading, dict(versions)
        self._within = contextlib.ExitStack()
        self.gradebook: Any = None

    def __enter__(self) -> Book:
        with contextlib.ExitStack() as undo:
            undo.enter_context(alone(self.course))
            self.gradebook = undo.enter_context(gradebook(self.course))
            self._agree()
            self._due()
            self._sweep()
            self._within = undo.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._within.__exit__(*error)

    def done(self, found: Found, sandboxed: bool) -> bool:
        """Whether exactly this submission has a grade from exactly these checks."""
        return self._stands(found, sandboxed) and self.record(found.student).get("grading") == self.grading

    def earlier(self, found: Found, sandboxed: bool) -> bool:
        """Whether it keeps a grade from other checks or another release: changing it needs a regrading."""
        return self._stands(found, sandboxed) and not self.done(found, sandboxed)

    def _stands(self, found: Found, sandboxed: bool) -> bool:
        record = self.record(found.student)
        if found.digest in record.get("others", {}):
            # It was graded, and another submission counts.
            return True
        return (
            record.get("digest") == found.digest
            and record.get("status") != "stopped"
            and record.get("late_seconds") == self.late(found)
            # A submission graded without a sandbox is graded again when there is one.
            and (record.get("sandboxed") is True or not sandboxed)
        )

    def retime(self, found: Found) -> bool:
        """Bring a grade up to date whose submission got another time or deadline; whether it did so.

        The points of the checks do not depend on the time, so nothing has to run again.
        """
        before = self.record(found.student)
        seconds = self.late(found)
        same = before.get("digest") == found.digest and before.get("status") != "stopped"
        if not same or before.get("late_seconds") == seconds:
            return False
        stamp = _stamp(found.timestamp)
        try:
            with changing(self.gradebook):
                submission = self.gradebook.find_submission(self.assignment, found.student)
                submission.timestamp = utils.parse_utc(found.timestamp) if stamp else None
                given = term.extension(self.gradebook, self.course, self.assignment, found.student)
                if given is not None:
                    submission.extension = given.span
                self.gradebook.db.flush()
                late.settle(self.gradebook, self.course, [found.student])
        except MissingEntry:
            return False
        told = self._graded(found.student).with_name("timestamp.txt")
        if found.timestamp:
            write_text(told, writable(f"{found.timestamp}\n"))
        else:
            told.unlink(missing_ok=True)
        write_text(self._place(found.student), as_text(timed(before, seconds)))
        return True

    def record(self, student: str) -> dict[str, Any]:
        """A student's record of this assignment; {} if there is none.

        Raises `Trouble` for a damaged record, and for one of another format: neither is overwritten.
        """
        place = self._place(student)
        return read_one(place) if place.exists() else {}

    def late(self, found: Found) -> int:
        """How many seconds after the (extended) deadline it was submitted; 0 if in time or unknown."""
        stamp = _stamp(found.timestamp)
        if stamp is None:
            return 0
        due = self._due_of(found.student)
        return max(0, int((stamp - due).total_seconds())) if due else 0

    def _due_of(self, student: str) -> datetime | None:
        due: datetime | None = self.gradebook.find_assignment(self.assignment).duedate
        if due is not None:
            given = term.extension(self.gradebook, self.course, self.assignment, student)
            if given is not None:
                return due + given.span
            with contextlib.suppress(MissingEntry):
                extension = self.gradebook.find_submission(self.assignment, student).extension
                return due + extension if extension else due
        return due

    def enter(self, found: Found, result: Result) -> dict[str, Any]:
        """Write one submission's grade, and return its record.

        If something in the submission makes this fail, the record says so, and a person must look at it.
        Raises `Trouble` if the disk refuses to write, and the gradebook's own error if it is locked or
        damaged.
        """
        try:
            return self._enter(found, result)
        except (Trouble, OSError):
            raise
        except Exception as error:
            if isinstance(error, DatabaseError) and not isinstance(error, IntegrityError | DataError):
                raise
            note = f"Its grade could not be written to the gradebook: {described(error)}."
            failed = ungraded(found.student, self.template, "stopped", note, result.sandboxed)
            # The timestamp comes from the submission too.
            return self._enter(replace(found, timestamp=""), failed)

    def _enter(self, found: Found, result: Result) -> dict[str, Any]:
        before = self.record(found.student)
        again = bool(before) and before.get("digest") != found.digest
        if again and self.course.counts == "best" and (told := self._not_the_best(found, result, before)):
            return told
        text = writable(as_text(self._recorded(found, result)))
        record: dict[str, Any] = json.loads(text)
        staged = self._stage(found, result)
        try:
            executed = from_dict(json.loads(result.notebook))  # type: ignore[no-untyped-call]
            with changing(self.gradebook):
                if again:
                    self._keep(found.student, before)
                self._change(found, result, executed, again)
            self._place_files(staged, self.course.root / "autograded" / found.student / self.assignment)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        write_text(self._place(found.student), text)
        return record

    def _place(self, student: str) -> Path:
        return self.course.records / self.assignment / f"{student}.json"

    def _recorded(self, found: Found, result: Result) -> dict[str, Any]:
        seconds = self.late(found)
        status = found.status if result.status == "graded" else result.status
        notes = [note for note in (found.note if found.data is not None else "", result.note) if note]
        if seconds and status == "graded":
            status = "late"
        if found.timestamp and _stamp(found.timestamp) is None:
            told = printable(found.timestamp, 60)
            notes.append(f"timestamp.txt has no time that can be read ({told}), so it counts as in time.")
        scores = {}
        for check, score in result.scores.items():
            slot = self.template.slot(check)
            name = (slot.exercise if slot else "") or check
            scores[name] = asdict(score) | {"points": _whole(score.points), "worth": _whole(score.worth)}
        return {
            "format": FORMAT,
            "assignment": self.assignment,
            "student": found.student,
            "status": status,
            "note": " ".join(notes),
            "digest": found.digest,
            "others": self.record(found.student).get("others", {}),
            "grading": self.grading,
            "late_seconds": seconds,
            "version": {
                name: score["version"] or self.versions.get(name, "") for name, score in scores.items()
            },
            "sandboxed": result.sandboxed,
            "needs_person": result.needs_person,
            "evidence": result.evidence,
            "exercises": scores,
        }

    def _change(self, found: Found, result: Result, executed: Any, again: bool) -> None:
        book = self.gradebook
        book.update_or_create_student(found.student)
        stamp = {"timestamp": found.timestamp} if _stamp(found.timestamp) else {}
        submission = book.update_or_create_submission(self.assignment, found.student, **stamp)
        if not stamp and again:
            submission.timestamp = None
        given = term.extension(book, self.course, self.assignment, found.student)
        if given is not None:
            submission.extension = given.span
        notebook = next(one for one in submission.notebooks if one.name == self.assignment)
        cells = {
            cell.metadata.nbgrader.grade_id: cell for cell in executed.cells if "nbgrader" in cell.metadata
        }
        rewritten = self._rewritten(found.student, cells) if again else set()
        for grade in notebook.grades:
            cell = cells.get(grade.name)
            auto = utils.determine_grade(cell)[0] if cell and not utils.is_task(cell) else None
            slot = self.template.slot(grade.name)
            if auto is None and cell and slot and slot.untouched(cell.source) and not result.needs_person:
                # An answer that is empty, or as it was handed out, needs no person to read it.
                auto = 0.0
            # If points and answer are the same, a person's decision stays, and so does its mark. Else the
            # points stay, and a person is asked to look again.
            decided = grade.manual_score is not None
            if not (decided and grade.auto_score == auto and grade.name not in rewritten):
                grade.needs_manual_grade = auto is None or decided
            grade.auto_score = auto
        for comment in notebook.comments:
            cell = cells.get(comment.name)
            same = cell is not None and cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
            comment.auto_comment = "No response." if same and not utils.is_task(cell) else None
        if result.needs_person != bool(self.record(found.student).get("needs_person")):
            # The form grader's own mark. It changes only if the need changes: a person may have removed it.
            notebook.flagged = result.needs_person
        book.db.flush()
        book.db.expire_all()
        late.settle(book, self.course, [found.student])

    def _rewritten(self, student: str, cells: dict[str, Any]) -> set[str]:
        """The cells whose source is not the one of the submission that was graded before."""
        place = self._graded(student)
        try:
            old = json.loads(place.read_text(encoding="utf-8"))["cells"]
            sources = {one["metadata"].get("nbgrader", {}).get("grade_id"): one["source"] for one in old}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return set(cells)
        plain = {
            name: "".join(text) if isinstance(text, list) else text for name, text in sources.items() if name
        }
        return {name for name, cell in cells.items() if plain.get(name) != cell.source}

    def _graded(self, student: str) -> Path:
        return self.course.root / "autograded" / student / self.assignment / f"{self.assignment}.ipynb"

    def _keep(self, student: str, before: dict[str, Any]) -> None:
        """Keep how an earlier submission was graded, before another one takes its place."""
        folder = history.digests(self.course, self.assignment, student).get(str(before.get("digest")))
        if folder is None:
            folder = history.new(self.course, self.assignment, student)
        history.describe(folder, before, self._grades(student), self._graded(student))

    def _grades(self, student: str) -> dict[str, Any]:
        """A submission's points and comments in the gradebook."""
        try:
            submission = self.gradebook.find_submission(self.assignment, student)
        except MissingEntry:
            return {}
        return {
            "timestamp": str(submission.timestamp or ""),
            "points": {
                grade.name: {"auto": grade.auto_score, "by_hand": grade.manual_score}
                for notebook in submission.notebooks
                for grade in notebook.grades
            },
            "comments": {
                comment.name: comment.manual_comment
                for notebook in submission.notebooks
                for comment in notebook.comments
                if comment.manual_comment
            },
        }

    def _not_the_best(self, found: Found, result: Result, before: dict[str, Any]) -> dict[str, Any] | None:
        """Put a submission aside that gives fewer points than the one before; None if it counts.

        Returns the record of the one that counts, with a note.
        """
        student = found.student
        points = self._grades(student).get("points", {})
        by_check = [points.get(slot.id, {}) for slot in self.template.slots if slot.check]
        old = sum(one.get("auto") or 0 if one.get("by_hand") is None else one["by_hand"] for one in by_check)
        new = sum(score.points for score in result.scores.values())
        seconds = {"old": int(before.get("late_seconds") or 0), "new": self.late(found)}
        share = {
            key: 1 - late.percent_if(self.gradebook, self.course, student, self.assignment, value) / 100
            for key, value in seconds.items()
        }
        if new * share["new"] >= old * share["old"] or before.get("status") == "stopped":
            return None
        counts = f"Another submission counts: its checks gave {_whole(old)} points, and {_whole(new)} here."
        record = self._recorded(found, result)
        if result.status != "stopped":
            history.set_aside(self.course, found, before, record, result.notebook)
            about = {key: record[key] for key in ("status", "late_seconds")} | {"points": _whole(new)}
            kept = before | {"others": before.get("others", {}) | {found.digest: about}}
            write_text(self._place(student), as_text(kept))
        return before | {"note": " ".join(one for one in (before["note"], counts) if one)}

    def _agree(self) -> None:
        """Compare the gradebook with the release."""
        mend = (
            f"run `nbgrader generate_assignment {self.assignment} --force` in {self.course.root.absolute()}"
        )
        try:
            known = self.gradebook.find_notebook(self.assignment, self.assignment)
        except MissingEntry:
            raise Trouble(f"The gradebook has no notebook {self.assignment}: {mend}.") from None
        book = {cell.name: float(cell.max_score) for cell in known.grade_cells}
        release = {
            slot.id: slot.points for slot in self.template.slots if slot.metadata["nbgrader"].get("grade")
        }
        for name in sorted(book.keys() | release.keys()):
            if book.get(name) != release.get(name):
                raise Trouble(
                    f"{name} is worth {release.get(name, 0):g} points in the release, but "
                    f"{book.get(name, 0):g} in the gradebook: {mend}."
                )

    def _due(self) -> None:
        """Give the gradebook the deadline of course.toml."""
        deadline = self.course.assignment(self.assignment).deadline
        with changing(self.gradebook):
            self.gradebook.update_or_create_assignment(self.assignment, duedate=deadline)

    def _stage(self, found: Found, result: Result) -> Path:
        """Write the files of a graded submission to a folder aside, and return that folder."""
        try:
            self.course.state.mkdir(exist_ok=True)
            staged = Path(tempfile.mkdtemp(prefix=STAGED, dir=self.course.state))
        except OSError as error:
            raise self._refused(found, error) from error
        try:
            (staged / f"{self.assignment}.ipynb").write_text(result.notebook, encoding="utf-8")
            if found.timestamp:
                (staged / "timestamp.txt").write_text(found.timestamp + "\n", encoding="utf-8")
        except BaseException as error:
            shutil.rmtree(staged, ignore_errors=True)
            if isinstance(error, OSError):
                raise self._refused(found, error) from error
            raise
        return staged

    def _refused(self, found: Found, error: OSError) -> Trouble:
        return Trouble(
            f"The grade of {found.student} cannot be written to {self.course.root}: "
            f"{error.strerror or error}. Grades written before are kept; run the same command again to "
            "continue with the rest."
        )

    def _place_files(self, staged: Path, place: Path) -> None:
        """Replace each older file in one step, so that a form grader always finds a complete one."""
        place.mkdir(parents=True, exist_ok=True)
        if not (staged / "timestamp.txt").exists():
            (place / "timestamp.txt").unlink(missing_ok=True)
        for file in sorted(staged.iterdir()):
            file.replace(place / file.name)

    def _sweep(self) -> None:
        """Delete what an interrupted grading left behind."""
        for left in self.course.state.glob(f"{STAGED}*"):
            shutil.rmtree(left, ignore_errors=True)


def _whole(points: float) -> float:
    return int(points) if points == int(points) else points


def _stamp(text: str) -> datetime | None:
    if not text:
        return None
    words = text.split(" ")
    try:
        stamp = utils.parse_utc(text)
        # nbgrader takes the third word as the time zone.
        whole = dated(" ".join(words[:2]) if len(words) == 3 else text)
    except Exception:
        # A parser of free text fails in many ways: 40 digits are an `ArithmeticError`.
        return None
    return stamp if whole and isinstance(stamp, datetime) else None
