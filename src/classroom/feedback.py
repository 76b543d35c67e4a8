"""`classroom feedback`: one page per student and assignment, made from what was graded.

A page has the student's own answers, the verdicts of the checks, and the comments of a person. It shows
nothing of the solutions, of other students or of the grader's machine. Nothing in it runs, whatever the
submission contains.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from classroom import history, late, records
from classroom.compose import HEADING
from classroom.course import Course, add_option
from classroom.gradebook import damaged, gradebook, odd_value
from classroom.intake import described, writable
from classroom.pages import code, page, picture, plain, prose
from classroom.progress import shown
from classroom.trouble import Trouble
from lessons.judge.verdict import MIME, Aspect, Verdict, panel
from lessons.words import listed, many

LONG = 20_000
"""Characters of an output that a page shows."""

LARGE = 1_000_000
"""Bytes of a picture that a page shows."""

GRADED = ("graded", "late", "renamed")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom feedback`."""
    parser.description = (
        "Write feedback/STUDENT/ASSIGNMENT.html for each graded student: points, verdicts, comments, and the "
        "student's own answers. A page opens without a network, and nothing in it runs."
    )
    parser.add_argument("assignment", nargs="*", metavar="ASSIGNMENT", help="which (default: all graded)")
    parser.add_argument(
        "--student", action="append", default=[], metavar="ID", help="only this student (may be repeated)"
    )
    parser.add_argument(
        "--zip", type=Path, metavar="FILE", help="also put the pages of one assignment into this zip file"
    )
    parser.add_argument(
        "--for", dest="download", type=Path, metavar="DOWNLOAD",
        help="with --zip: name them for Moodle, Canvas or Ilias, after the files that were downloaded there",
    )  # fmt: skip
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="with --zip: say what would be in the zip file, without writing it",
    )
    add_option(parser)


def run(given: argparse.Namespace) -> int:
    """Write the pages, and say how many; return 1 if a student has no page, or one with only the points."""
    course = Course.read(given.course)
    missed = False
    chosen = records.graded(course, given.assignment)
    if given.zip is None and (given.download or given.dry_run):
        raise Trouble("--for and --dry-run belong to --zip FILE: name the zip file to write.")
    if given.zip is not None and (len(chosen) != 1 or given.zip.suffix.lower() != ".zip"):
        raise Trouble(
            f"--zip needs one assignment and a file that ends in .zip; graded: {', '.join(chosen)}."
        )
    for assignment in chosen:
        left = Left()
        written = list(feedback(course, assignment, tuple(given.student), left))
        print(f"{assignment}: {many(len(written), 'page')} in {course.root / 'feedback'}.")
        for sentence in left.told(course, assignment):
            missed = True
            print(sentence, file=sys.stderr)
        if given.zip is not None:
            from classroom.handback import pack, told

            packed = pack(course, assignment, written, given.zip, given.download, given.dry_run)
            print(*told(packed, given.zip, given.dry_run), sep="\n")
            missed = missed or bool(packed.left or packed.unmatched)
        known = {*left.ungraded, *left.failed, *(path.parent.name for path in written)}
        for student in given.student:
            if student not in known and not any(f"{student}.json " in sentence for sentence in left.damaged):
                missed = True
                print(f"{assignment}, {student}: nothing was graded, so there is no page.", file=sys.stderr)
    return 1 if missed else 0


@dataclass
class Left:
    """The students without a whole page.

    ungraded: they have a record, but no grade in the gradebook. damaged: a sentence about each file that is
    not a record. failed: a sentence about each page that could not be made or written, by student.
    """

    ungraded: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def told(self, course: Course, assignment: str) -> Iterator[str]:
        """A sentence about each of them."""
        for sentence in self.damaged:
            yield f"No page: {sentence}"
        for student, sentence in self.failed.items():
            yield f"{assignment}, {student}: {sentence}"
        for student in self.ungraded:
            name = shlex.quote(student)
            yield (
                f"{assignment}, {student}: there is a record, but no grade in {course.gradebook}, so there "
                f"is no page. To grade it again: `classroom grade {assignment} --student {name} --again`. If "
                f"the student left: `classroom student remove {name}`."
            )


def feedback(course: Course, assignment: str, students: tuple[str, ...], left: Left) -> Iterator[Path]:
    """Write the pages of an assignment, for all students or some, and yield the path of each page.

    left: receives the students without a whole page. None of them takes a page from the others.
    """
    from nbgrader.api import MissingEntry

    release = _Release.read(course.release(assignment))
    with gradebook(course) as book:
        late.settled(book, course)
        lates = late.lates(book, course)
        found = records.read(course, assignment, students, left.damaged)
        for student, record in shown(found.items(), len(found), f"pages of {assignment}"):
            try:
                submission = book.find_submission(assignment, student)
            except MissingEntry:
                left.ungraded.append(student)
                continue
            path = course.root / "feedback" / student / f"{assignment}.html"
            try:
                text = _page(course, record, submission, release, lates.get((assignment, student)))
            except Exception as error:
                if odd := odd_value(course.gradebook):
                    raise damaged(course.gradebook.absolute(), odd) from error
                why = described(error)
                left.failed[student] = f"the page has only the points, because the rest failed ({why})."
                text = _unmade(course, record, submission, why)
            try:
                records.write_text(path, writable(text), lasting=False)
            except Trouble as trouble:
                left.failed[student] = f"there is no new page, because {trouble}"
                continue
            yield path


@dataclass(frozen=True)
class TaskSection:
    """The part of a page about one task."""

    id: str
    points: str
    worth: str
    state: str
    title: str = ""
    by_hand: bool = False
    panel: Markup | None = None
    note: str = ""
    comment: str = ""
    answer: Markup | None = None


def _page(
    course: Course, record: Mapping[str, Any], submission: Any, release: _Release, delay: late.Late | None
) -> str:
    student, assignment = record["student"], record["assignment"]
    cells = _cells(course.root / "autograded" / student / assignment / f"{assignment}.ipynb")
    ran = record["status"] in GRADED
    notices = []
    if not ran:
        notices.append(_why(record))
    elif record["note"]:
        notices.append(_ADDED.sub(r"cell \1 of your notebook", plain(record["note"])))
    if delay is not None:
        notices.append(f"{delay.said.replace('the budget', 'your budget')}.")
    if told := _several(course, record):
        notices.append(told)
    if records.flag(record, submission) == records.NEEDS_PERSON:
        notices.append("A person will look at this submission; its points can still change.")
    parts = [
        _part(grade, comments, record, cells, release)
        for notebook in submission.notebooks
        for comments in [{one.name: one for one in notebook.comments}]
        for grade in sorted(notebook.grades, key=lambda grade: _order(grade.name, cells))
    ]
    added = [
        cell
        for cell in cells.values()
        if cell["cell_type"] == "code"
        and not _about(cell)
        and _source(cell).strip() not in release.sources | {""}
    ]
    penalty = submission.late_submission_penalty or 0
    return page(
        "feedback.html",
        title=f"{assignment}: feedback for {student}",
        course=course.name,
        notices=notices,
        parts=parts,
        answered=ran,
        penalty=f"{penalty:g}" if penalty else "",
        lateness=delay.said if delay else "",
        points=f"{max(0, submission.score - penalty):g}",
        worth=f"{submission.max_score:g}",
        more=Markup("\n").join(_shown(cell) for cell in added) if ran else "",
        versions=", ".join(
            f"{id} version {plain(one['version'])}"
            for id, one in record["exercises"].items()
            if one["version"]
        ),
    )


def _unmade(course: Course, record: Mapping[str, Any], submission: Any, why: str) -> str:
    """A short page for a student whose full page cannot be made: the points, and whom to ask."""
    return page(
        "feedback.html",
        title=f"{record['assignment']}: feedback for {record['student']}",
        course=course.name,
        notices=[f"The rest of this page could not be made ({why}). Ask your teacher."],
        parts=[],
        answered=False,
        penalty="",
        lateness="",
        points=f"{max(0, submission.score - (submission.late_submission_penalty or 0)):g}",
        worth=f"{submission.max_score:g}",
        more="",
        versions="",
    )


def _why(record: Mapping[str, Any]) -> str:
    if record["status"] == "stopped":
        return "This submission could not be graded: the grader did not finish. Ask your teacher."
    return f"This submission could not be graded ({record['status']}). {plain(record['note'])}"


def _several(course: Course, record: Mapping[str, Any]) -> str:
    """A sentence about which of several submissions counts; "" if there is one."""
    others = [f"{one['points']:g}" for one in record.get("others", {}).values()]
    if others:
        return (
            "You submitted more than once. This submission counts, because it has the most points: the "
            f"checks gave {listed(others)} to the other."
        )
    count = sum(1 for _ in history.folders(course, record["assignment"], record["student"]))
    return f"You submitted {count + 1} times. This is the submission that counts." if count else ""


def _part(
    grade: Any,
    comments: Mapping[str, Any],
    record: Mapping[str, Any],
    cells: Mapping[str, dict[str, Any]],
    release: _Release,
) -> TaskSection:
    id = grade.name.removesuffix("-check")
    score = record["exercises"].get(id) or record["exercises"].get(grade.name)
    by_hand = grade.manual_score is not None
    waits = grade.needs_manual_grade
    comment = comments.get(id) or comments.get(grade.name)
    shown: Markup | None = None
    state, note = "", ""
    if score is None:
        state = "not graded yet" if waits else "graded by a person" if by_hand else ""
    else:
        state = str(score["status"])
        shown, note = _verdict(id, score, record, cells.get(grade.name))
    if score is None and comment and comment.auto_comment and not by_hand:
        # nbgrader's mark for a cell that was not changed. For an answer with a check, the verdict says it.
        note = "There is no answer."
    if by_hand and score is not None:
        state = "given by a person"
    return TaskSection(
        id,
        "—" if score is None and waits and not by_hand else f"{grade.score:g}",
        f"{grade.max_score:g}",
        plain(state),
        release.titles.get(id, ""),
        by_hand,
        shown,
        note,
        str(comment.manual_comment or "") if comment else "",
        _answer(cells.get(id)) if id in cells else None,
    )


def _verdict(
    id: str, score: Mapping[str, Any], record: Mapping[str, Any], cell: dict[str, Any] | None
) -> tuple[Markup | None, str]:
    """The check's verdict: its panel, or a sentence if there is no panel."""
    try:
        aspects = tuple(
            Aspect(
                plain(one["name"]), int(one["worth"]), int(one["points"]),
                str(one["belief"]), plain(one["seen"]), plain(one["advice"]),
            )
            for one in score["aspects"]
        )  # fmt: skip
        printed = plain(_printed(cell))[:LONG]
        verdict = Verdict(id, plain(score["version"]), "kit", aspects, printed=printed)
        # The panel of a missing answer refers to the cell above it, which this page does not have.
        if aspects and score["status"] != "missing":
            return Markup(panel(verdict).html), ""
    except (KeyError, TypeError, ValueError, AttributeError):
        return None, "The verdict of the check cannot be shown."
    return None, plain(score["note"]) or "There is no answer."


def _printed(cell: dict[str, Any] | None) -> str:
    for output in (cell or {}).get("outputs", []):
        told = output.get("data", {}).get(MIME)
        if isinstance(told, dict) and isinstance(told.get("printed"), str):
            return str(told["printed"])
    return ""


def _answer(cell: dict[str, Any] | None) -> Markup:
    if cell is None or not _source(cell).strip():
        return Markup('<p class="aside">Nothing was written.</p>')
    return _shown(cell)


def _shown(cell: dict[str, Any]) -> Markup:
    """A cell of the student: its source and its outputs, as text and pictures."""
    if cell["cell_type"] != "code":
        return prose(_source(cell)[:LONG])
    parts = [code(_source(cell)[: 10 * LONG])]
    for output in cell.get("outputs", []):
        parts += _output(output)
    return Markup("\n").join(parts)


def _output(output: Mapping[str, Any]) -> Iterator[Markup]:
    kind = output.get("output_type")
    if kind == "stream":
        yield _text(_joined(output.get("text")))
    elif kind == "error":
        told = f"{output.get('ename')}: {output.get('evalue')}"
        lines = re.findall(r"Cell In\[\d*\], line (\d+)", plain(_joined(output.get("traceback"))))
        yield _text(f"{told} (line {lines[-1]})" if lines else told, "error")
    elif isinstance(output.get("data"), dict):
        data = output["data"]
        drawn = _png(data.get("image/png"))
        if drawn is not None:
            yield picture(drawn, "A picture that the code above drew.")
        else:
            yield _text(_joined(data.get("text/plain")))


def _text(text: str, kind: str = "output") -> Markup:
    label = "Error: " if kind == "error" else "Output: "
    shown = plain(text[:LONG]) + ("\n(and more)" if len(text) > LONG else "")
    if not shown.strip():
        return Markup("")
    return Markup('<pre class="{}"><span class="unseen">{}</span>{}</pre>').format(
        kind, label, escape(shown.rstrip())
    )


def _png(data: object) -> bytes | None:
    if not isinstance(data, str) or len(data) > LARGE * 4 // 3:
        return None
    try:
        drawn = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return drawn if drawn.startswith(b"\x89PNG\r\n\x1a\n") else None


def _cells(path: Path) -> dict[str, dict[str, Any]]:
    """The cells of a graded notebook, with their `grade_id` or number as keys; {} if there is no notebook."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {str(_about(cell).get("grade_id") or number): cell for number, cell in enumerate(cells)}


def _order(name: str, cells: Mapping[str, Any]) -> tuple[int, str]:
    names = list(cells)
    return (names.index(name) if name in names else len(names), name)


def _about(cell: Mapping[str, Any]) -> dict[str, Any]:
    return dict(cell.get("metadata", {}).get("nbgrader") or {})


def _source(cell: Mapping[str, Any]) -> str:
    return _joined(cell.get("source"))


def _joined(text: object) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text or "")


@dataclass(frozen=True)
class _Release:
    """What a page needs of the released notebook: the source of its code cells, and its tasks' titles."""

    sources: frozenset[str] = frozenset()
    titles: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> _Release:
        """Empty if there is no released notebook."""
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        except (OSError, ValueError, KeyError, TypeError):
            return cls()
        headings = [
            found
            for cell in cells
            for line in _source(cell).splitlines()[:1]
            if (found := HEADING.fullmatch(line.removeprefix("## ")))
        ]
        return cls(
            frozenset(_source(cell).strip() for cell in cells), {one["id"]: one["title"] for one in headings}
        )


_ADDED = re.compile(r"the cell added-(\d+)\b")
"""The name that grading gives to a cell that the student added."""
