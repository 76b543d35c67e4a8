"""The records of grading: one file for each student and assignment."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from classroom.course import Course
from classroom.intake import printable
from classroom.progress import shown
from classroom.trouble import Trouble, same_format
from lessons.desk import workcopy as desk

FORMAT = 2
"""The format of a record that this edition reads and writes."""

NEEDS_PERSON = "needs a person"
BY_HAND = "not graded by hand yet"


TOLD = 10
"""How many damaged records are named at once."""

_FIELDS: Mapping[str, type] = {
    "assignment": str, "student": str, "status": str, "note": str, "digest": str, "others": dict,
    "grading": str, "late_seconds": int, "version": dict, "sandboxed": bool, "needs_person": bool,
    "evidence": list, "exercises": dict,
}  # fmt: skip
"""What a record has."""


def read(
    course: Course, assignment: str, students: Iterable[str] = (), damaged: list[str] | None = None
) -> dict[str, dict[str, Any]]:
    """The records of an assignment by student, sorted by name; empty before the first grading.

    students: only these. damaged: receives a sentence about each file that is not a record.

    Raises `Trouble`, with these sentences, if `damaged` is not given.
    """
    folder = course.records / assignment
    chosen = frozenset(students)
    paths = [path for path in sorted(folder.glob("*.json")) if not chosen or path.stem in chosen]
    found: dict[str, dict[str, Any]] = {}
    wrong: list[str] = []
    for path in shown(paths, len(paths), f"records of {assignment}"):
        try:
            found[path.stem] = read_one(path)
        except Trouble as trouble:
            wrong.append(str(trouble))
    if damaged is not None:
        damaged += wrong
    elif wrong:
        more = [f"And {len(wrong) - TOLD} more."] if len(wrong) > TOLD else []
        raise Trouble("\n".join([*wrong[:TOLD], *more]))
    return found


def graded(course: Course, wanted: Sequence[str]) -> list[str]:
    """The assignments that were asked for, or all that were graded.

    Raises `Trouble` for an assignment that the course does not have or that was not graded yet.
    """
    for name in wanted:
        course.assignment(name)
    there = [name for name in course.assignments if any((course.records / name).glob("*.json"))]
    missing = [name for name in wanted if name not in there]
    if missing or not there:
        what = missing[0] if missing else "ASSIGNMENT"
        said = f"{what} was not graded yet" if missing else "No assignment was graded yet"
        raise Trouble(f"{said}: run `classroom grade {what}` first.")
    return list(wanted) or there


def read_one(path: Path) -> dict[str, Any]:
    """One record. Raises `Trouble` for a file that is not one, and says what to do."""
    try:
        text = path.read_text(encoding="utf-8")
        record = json.loads(text)
        if not isinstance(record, dict):
            raise ValueError("it is not a JSON object")
        if "\\u" in text:
            as_text(record).encode()  # JSON can say what no file can hold
    except OSError as error:
        raise Trouble(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, RecursionError) as error:
        raise Trouble(_not_one(path, str(error))) from None
    same_format(path, record.get("format"), FORMAT)
    if why := _amiss(record, path):
        raise Trouble(_not_one(path, why))
    return record


def _not_one(path: Path, why: str) -> str:
    return (
        f"{path} is not a record of a grading ({printable(why, 100)}): move it out of this folder, and "
        "`classroom grade` grades this submission again."
    )


def _amiss(record: Mapping[str, Any], path: Path) -> str:
    """What a record lacks or has wrong; "" if it is whole."""
    for name, kind in _FIELDS.items():
        if type(record.get(name)) is not kind:
            return f"it has no {name!r}" if name not in record else f"its {name!r} has another type"
    if (record["assignment"], record["student"]) != (path.parent.name, path.stem):
        return f"it is of {record['student']} and {record['assignment']}"
    for id, score in record["exercises"].items():
        numbers = [score.get(key) for key in ("points", "worth")] if isinstance(score, dict) else [None]
        if not all(isinstance(one, int | float) and math.isfinite(one) for one in numbers):
            return f"{id} has no points"
        texts = [score.get(key) for key in ("status", "note", "belief", "version", "seed")]
        if not all(isinstance(one, str) for one in texts) or not isinstance(score.get("aspects"), list):
            return f"{id} has no verdict"
    others = record["others"].values()
    if not all(isinstance(one, dict) and isinstance(one.get("points"), int | float) for one in others):
        return "its 'others' have no points"
    return ""


def timed(record: Mapping[str, Any], seconds: int) -> dict[str, Any]:
    """A record with another lateness, in seconds, and the status that goes with it."""
    status = record["status"]
    if status in ("graded", "late"):
        status = "late" if seconds else "graded"
    return {**record, "late_seconds": seconds, "status": status}


def as_text(record: Mapping[str, Any]) -> str:
    """A record as it is stored."""
    return json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def flag(record: Mapping[str, Any] | None, submission: Any) -> str:
    """What a submission still needs: a person's decision, a grade by hand, or nothing: "".

    record: None if the kit did not grade it. submission: the gradebook's, or None. A manual score for any
    check is a decision.
    """
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades] if submission else []
    if record is not None and record["needs_person"]:
        checks = {name for id in record["exercises"] for name in (id, f"{id}-check")}
        settled = [
            grade.manual_score is not None and not grade.needs_manual_grade
            for grade in grades
            if grade.name in checks
        ]
        if not any(settled):
            return NEEDS_PERSON
    return BY_HAND if any(grade.needs_manual_grade for grade in grades) else ""


def seeds(record: Mapping[str, Any]) -> dict[str, str]:
    """The judge's seeds at the time of grading, by exercise."""
    return {id: str(score["seed"]) for id, score in record["exercises"].items() if score.get("seed")}


def write_text(path: Path, text: str, encoding: str = "utf-8", lasting: bool = True) -> None:
    """Write a file completely or not at all, and make its folders.

    lasting: wait until it is on the disk, so that a power cut cannot undo it.

    Raises `Trouble` if it cannot be written.
    """
    try:
        desk.write(path, text.encode(encoding), lasting)
    except Trouble as trouble:
        reason = getattr(trouble.__cause__, "strerror", None) or trouble
        raise Trouble(f"{path} cannot be written: {reason}.") from None
