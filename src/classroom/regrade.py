"""`classroom regrade`: grade again after a check was fixed, and show what changes for which student, and why.

Points are lowered only with `--lower`, and points given by a person are kept.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import IO, Any

from sqlalchemy.exc import DatabaseError

from classroom import records
from classroom.course import Course, add_option
from classroom.execute import LOST, Job, Result, Score, Times
from classroom.grade import Recipe, add_options, in_sandbox, pooled, results
from classroom.intake import Found, Template, described, submissions
from classroom.tables import inert
from classroom.trouble import Trouble
from lessons.words import agreeing, many

COLUMNS = (
    "assignment", "student_id", "last_name", "first_name", "email", "score_before", "score", "max_score",
    "why",
)  # fmt: skip
"""The columns of the table of changes: `score` is the score for the learning platform."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom regrade`."""
    parser.description = (
        "Use this after a check was fixed and its version raised. It grades again everything that the older "
        "version graded, and shows the points before and after, and why. A lower result is shown, but not "
        "used; points given by a person are kept. The changes are written to regrade-ASSIGNMENT-N.csv, for "
        "the learning platform."
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="for example leaks")
    add_option(parser)
    add_options(parser)
    parser.add_argument("--all", action="store_true", help="also regrade what the current checks graded")
    parser.add_argument("--lower", action="store_true", help="use lower results, too")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")


def run(given: argparse.Namespace) -> int:
    """Regrade, say what changed, and return 0, or 1 if a student who was named was never graded, or if the
    grader did not finish a submission.
    """
    course = Course.read(given.course)
    sandboxed = in_sandbox(given)
    summary = regrade(
        course, given.assignment, tuple(given.student), workers=given.workers, dask=given.dask,
        sandboxed=sandboxed, everybody=given.all, lower=given.lower, dry=given.dry_run,
    )  # fmt: skip
    print(summary)
    return 1 if summary.missing or summary.lost else 0


@dataclass(frozen=True)
class Change:
    """The result of regrading one exercise of one student.

    `taken` is False for a lower result that is not used.

    manual: the points that a person gave for it, which are kept, or None.
    """

    exercise: str
    before: Score
    after: Score
    taken: bool = True
    manual: float | None = None

    @property
    def difference(self) -> float:
        """The change of the student's points."""
        return self.after.points - self.before.points if self.taken and self.manual is None else 0.0

    def __str__(self) -> str:
        before, after = self.before, self.after
        parts = [f"{self.exercise}: {before.points:g} → {after.points:g} of {after.worth:g}"]
        if before.version != after.version:
            parts.append(f"check {before.version or 'unknown'} → {after.version or 'unknown'}")
        parts += why(before, after)
        if not self.taken:
            parts.append("lower, not used (--lower uses it)")
        if self.manual is not None:
            parts.append(f"the {self.manual:g} points that a person gave are kept")
        return "; ".join(parts)


def why(before: Score, after: Score) -> list[str]:
    """The differences between two gradings of one answer, in words."""
    old, new = ({_plain(one.get("name")): one for one in score.aspects} for score in (before, after))
    said = []
    for name, aspect in new.items():
        was = old.get(name)
        if was is None:
            said.append(f"“{name}” is new ({aspect['points']} of {aspect['worth']})")
        elif was["points"] != aspect["points"]:
            holds = aspect["points"] == aspect["worth"]
            seen = _plain(aspect.get("seen")) or "see the check"
            said.append(f"“{name}” passes now" if holds else f"“{name}” fails now: {seen}")
        elif was["worth"] != aspect["worth"]:
            said.append(f"“{name}” is worth {aspect['worth']}, was {was['worth']}")
    said += [f"“{name}” is not checked any more" for name in old if name not in new]
    if not said and after.note:
        said.append(_plain(after.note))
    return said


def _plain(text: object) -> str:
    """Text from a student's kernel, made fit for a terminal and a table: one line of printable characters."""
    line = " ".join(str(text or "").split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:200]


@dataclass
class RegradingSummary:
    """The counts of a regrading."""

    assignment: str
    dry: bool = False
    count: int = 0
    skipped: int = 0
    higher: list[str] = field(default_factory=list)
    lower: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    file: Path | None = None

    def __str__(self) -> str:
        same = self.count - len({*self.higher, *self.lower, *self.refused})
        what = "Would regrade" if self.dry else "Regraded"
        lines = [
            f"{what} {self.count} of {self.assignment}: {len(self.higher)} higher, {len(self.lower)} lower, "
            f"{len(self.refused)} with a lower result that is not used, {same} as before."
        ]
        if self.skipped:
            lines.append(
                f"{many(self.skipped, 'submission')} {agreeing(self.skipped, 'was', 'were')} graded by the "
                f"current checks and {agreeing(self.skipped, 'stays', 'stay')} the same (--all regrades "
                f"{agreeing(self.skipped, 'it', 'them')})."
            )
        if self.dry:
            lines.append("Nothing was written (--dry-run).")
        elif self.file:
            lines.append(f"The changes are in {self.file}.")
        else:
            lines.append("No score changed, so no table was written.")
        return "\n".join(lines)


def regrade(
    course: Course,
    assignment: str,
    students: tuple[str, ...] = (),
    *,
    workers: int | None = None,
    dask: str | None = None,
    sandboxed: bool = True,
    everybody: bool = False,
    lower: bool = False,
    dry: bool = False,
    times: Times | None = None,
    say: Callable[[str], None] = print,
) -> RegradingSummary:
    """Grade again what an older version of a check graded, and return the changes.

    everybody: also regrade what the current checks graded. lower: use lower results, too. dry: write nothing.
    say: receives the lines about each student for whom there is something to say.

    Raises `Trouble` if the course is not ready, nothing was graded yet, or no kernel starts.
    """
    course.assignment(assignment)
    recipe = Recipe.read(course, assignment, sandboxed, times)
    recorded = records.read(course, assignment, students)
    if not recorded and not students:
        raise Trouble(f"Nothing of {assignment} was graded yet: run `classroom grade {assignment}` first.")
    summary = RegradingSummary(assignment, dry)
    waiting = [student for student, record in recorded.items() if everybody or outdated(record, recipe)]
    summary.skipped = len(recorded) - len(waiting)
    summary.missing = [student for student in students if student not in recorded]
    for student in summary.missing:
        say(f"{student}: nothing was graded yet.")
    if not waiting:
        return summary
    with contextlib.ExitStack() as within:
        pool = within.enter_context(pooled(course, dask, workers, sandboxed, say))
        writer = within.enter_context(_Writer(course, recipe, dry))
        found_by: dict[str, Found] = {}

        def jobs() -> Iterator[Job]:
            for student in waiting:
                there = list(submissions(course.root / "submitted", assignment, (student,)))
                found = there[0] if there else Found(student, None, "gone", "nothing is submitted any more.")
                if found.digest != recorded[student]["digest"]:
                    say(
                        f"{student}: the submission has changed since it was graded: `classroom grade` "
                        "grades it."
                    )
                elif found.data is not None:
                    found_by[student] = found
                    # The seed is the same, so every change comes from the check.
                    yield recipe.job(student, found.data, records.seeds(recorded[student]))

        for result in results(pool, jobs(), recipe):
            record = recorded[result.student]
            one = _Regraded(course, recipe.template, record, result, lower)
            _entered(one, found_by.pop(result.student), writer, summary, say)
        summary.file = writer.path
    return summary


def _entered(
    one: _Regraded, found: Found, writer: _Writer, summary: RegradingSummary, say: Callable[[str], None]
) -> None:
    """Write the part of a new result that is used, and report it."""
    student = one.result.student
    if one.result.status == LOST or (one.result.status == "stopped" and one.record["status"] != "stopped"):
        say(f"{student}: not changed. {one.result.note}")
        summary.lost.append(student)
        return
    try:
        points = writer.enter(found, one)
    except (Trouble, OSError, DatabaseError):
        raise
    except Exception as error:
        say(f"{student}: not changed. The results cannot be compared: {described(error)}.")
        return
    summary.count += 1
    _tell(one, points, summary, say)


def outdated(record: Mapping[str, Any], recipe: Recipe) -> bool:
    """Whether a check that graded it has a different version now.

    The version of an own exercise's check is known only in the kernel. For these, any change of the release
    counts.
    """
    graded = record.get("version") or {}
    return any(
        graded.get(id) != version if version else record.get("grading") != recipe.digest
        for id, version in recipe.versions.items()
    )


def _tell(
    one: _Regraded, points: tuple[float, float], summary: RegradingSummary, say: Callable[[str], None]
) -> None:
    before, after = points
    student = one.result.student
    if after > before:
        summary.higher.append(student)
    if after < before:
        summary.lower.append(student)
    if any(not change.taken for change in one.changes):
        summary.refused.append(student)
    if one.changes:
        arrow = f"{before:g} → {after:g}" if after != before else f"{before:g} as before"
        say(f"{student}: {arrow} of {one.worth:g}")
        for change in one.changes:
            say(f"    {change}")
    if one.result.needs_person and not one.record["needs_person"]:
        say(f"{student}: NEEDS A PERSON: {'; '.join(one.result.evidence[-1:])}")


class _Regraded:
    """A new result, the record of the old one, and what of the new one is used."""

    def __init__(
        self, course: Course, template: Template, record: Mapping[str, Any], result: Result, lower: bool
    ) -> None:
        self.record, self.result, self.lower = record, result, lower
        self.changes: list[Change] = []
        self.worth = sum(slot.points for slot in template.slots if slot.metadata["nbgrader"].get("grade"))
        self.old = course.root / "autograded" / result.student / record["assignment"]
        self.names = {slot.id: slot.exercise or slot.id for slot in template.slots if slot.check}

    def settle(self, manual: Mapping[str, float]) -> None:
        """Compare old and new, and put the old result back if the new one is lower."""
        kept = {}
        for check, after in self.result.scores.items():
            name = self.names[check]
            before = _score(self.record["exercises"].get(name), after.worth)
            taken = self.lower or after.points >= before.points
            if before.points != after.points:
                change = Change(name, before, after, taken, manual.get(check))
                self.changes.append(change)
            if not taken:
                note = f"Version {after.version or 'unknown'} of the check gives {after.points:g} points."
                kept[check] = replace(before, note=note)
        if kept:
            scores = {check: kept.get(check, score) for check, score in self.result.scores.items()}
            notebook = self._notebook(kept)
            self.result = replace(self.result, scores=scores, notebook=notebook)

    def _notebook(self, kept: Mapping[str, Score]) -> str:
        """The new notebook, with the old outputs of the checks whose old points are kept."""
        new = json.loads(self.result.notebook)
        old = {}
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            text = (self.old / f"{self.record['assignment']}.ipynb").read_text(encoding="utf-8")
            old = {_name(cell): cell for cell in json.loads(text)["cells"]}
        for cell in new["cells"]:
            name = _name(cell)
            if name in kept:
                outputs = old.get(name, {}).get("outputs", [])
                shown = [one for one in outputs if one["output_type"] != "execute_result"]
                data = {"text/plain": f"{kept[name].points:g}"}
                cell["outputs"] = [
                    *shown,
                    {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None},
                ]
        return json.dumps(new, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _name(cell: Mapping[str, Any]) -> str:
    return str(cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", ""))


def _score(recorded: Mapping[str, Any] | None, worth: float) -> Score:
    known = {one.name for one in fields(Score)}
    about = {key: value for key, value in (recorded or {}).items() if key in known}
    return Score(**(asdict(Score(worth)) | about))


class _Writer:
    """Writes the regraded results, one student at a time: gradebook, record, and a line in the table.

    So a regrading that is interrupted leaves a table of its changes so far.
    """

    def __init__(self, course: Course, recipe: Recipe, dry: bool) -> None:
        self.course, self.recipe, self.dry = course, recipe, dry
        self.path: Path | None = None
        self._file: IO[str] | None = None
        self._within = contextlib.ExitStack()
        self._book: Any = None
        self.gradebook: Any = None

    def __enter__(self) -> _Writer:
        # Importing nbgrader takes a second; meanwhile the workers start.
        from classroom.book import Book
        from classroom.gradebook import gradebook

        if self.dry:
            self.gradebook = self._within.enter_context(gradebook(self.course))
            return self
        recipe = self.recipe
        book = Book(self.course, recipe.assignment, recipe.template, recipe.digest, recipe.versions)
        self._book = self._within.enter_context(book)
        self.gradebook = self._book.gradebook
        return self

    def __exit__(self, *error: Any) -> None:
        self._within.__exit__(*error)

    def enter(self, found: Found, one: _Regraded) -> tuple[float, float]:
        """Write one student's grade, unless `dry`, and return the points before and after."""
        student = found.student
        submission = self.gradebook.find_submission(self.recipe.assignment, student)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        before = float(submission.score)
        one.settle({grade.name: grade.manual_score for grade in grades if grade.manual_score is not None})
        after = before + sum(change.difference for change in one.changes)
        if not self.dry:
            old = self._row(student, dict(one.record))
            record = self._book.enter(found, one.result)
            self.gradebook.db.expire_all()
            new = self._row(student, record)
            if new["score"] != old["score"]:
                self._note(old, new, one)
        return before, after

    def _row(self, student: str, record: dict[str, Any]) -> dict[str, str]:
        from classroom.export import row

        book, name = self.gradebook, self.recipe.assignment
        factor = self.course.assignment(name).factor
        return row(book, book.find_assignment(name), book.find_student(student), record, factor)

    def _note(self, old: Mapping[str, str], new: Mapping[str, str], one: _Regraded) -> None:
        if self._file is None:
            self._file = self._within.enter_context(self._opened())
            csv.writer(self._file).writerow(COLUMNS)
        reason = " | ".join(str(change) for change in one.changes if change.difference)
        about = {**new, "score_before": old["score"], "why": reason}
        csv.writer(self._file).writerow([inert(about[column]) for column in COLUMNS])
        self._file.flush()

    def _opened(self) -> IO[str]:
        number = 1
        while True:
            self.path = self.course.root / f"regrade-{self.recipe.assignment}-{number}.csv"
            try:
                return open(self.path, "x", encoding="utf-8", newline="")
            except FileExistsError:
                number += 1
            except OSError as error:
                raise Trouble(f"{self.path} cannot be written: {error.strerror or error}.") from None
