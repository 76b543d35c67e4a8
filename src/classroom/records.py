"""The records of grading: one file for each student and assignment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classroom.course import Course
from classroom.trouble import Trouble, same_format
from lessons.desk import workcopy as desk

FORMAT = 2
"""The format of a record that this edition reads and writes."""

NEEDS_PERSON = "needs a person"
BY_HAND = "not graded by hand yet"


def read(course: Course, assignment: str) -> dict[str, dict[str, Any]]:
    """All records of an assignment by student, sorted by name; empty before the first grading.

    Raises `Trouble` for a file that is not a record, and says what to do.
    """
    folder = course.records / assignment
    return {path.stem: read_one(path) for path in sorted(folder.glob("*.json"))}


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
        record = dict(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Trouble(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, TypeError):
        raise Trouble(
            f"{path} is not a record of a grading: delete it, and `classroom grade` grades this submission "
            "again."
        ) from None
    same_format(path, record.get("format"), FORMAT)
    return record


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
