"""`classroom replay`: judge one answer of a submission again, with the seed of its grading, for an appeal."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from classroom import records
from classroom.course import Course, add_option
from classroom.execute import Result, Score, graded
from classroom.grade import Recipe, in_sandbox
from classroom.intake import submissions
from classroom.trouble import Trouble
from lessons.judge.verdict import MIME, Verdict
from lessons.words import listed


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom replay`."""
    parser.description = (
        "Run a submitted notebook again in the sandbox, with the seed that is in its record, and show the "
        "judge's verdict of one exercise. Nothing is written. The exit code is 0 if the verdict is the same."
    )
    parser.add_argument("student", metavar="STUDENT", help="the student's id")
    parser.add_argument("exercise", metavar="EXERCISE", help="for example leaks-x2")
    parser.add_argument(
        "--no-sandbox", action="store_true", help="run without a sandbox: only for code that you know"
    )
    add_option(parser)
    parser.set_defaults(dask=None)


def run(given: argparse.Namespace) -> int:
    """Show the verdict, and return 0 if it is the same as in the record, else 1."""
    course = Course.read(given.course)
    assignment, record = recorded(course, given.student, given.exercise)
    result = replayed(course, assignment, record, given.exercise, in_sandbox(given))
    before = record["exercises"][given.exercise]
    after = next(
        score for check, score in result.scores.items() if check.removesuffix("-check") == given.exercise
    )
    shown = verdict(result, given.exercise)
    print(shown if shown is not None else after.note)
    print(compared(before, after))
    return 0 if same(before, after) else 1


def recorded(course: Course, student: str, exercise: str) -> tuple[str, dict[str, Any]]:
    """The assignment of an exercise, and a student's record of it. Raises `Trouble` if there is no record."""
    for assignment in course.assignments.values():
        if exercise in assignment.exercises:
            record = records.read(course, assignment.name, [student]).get(student)
            if record is None:
                raise Trouble(f"{student} has no record of {assignment.name}: `classroom grade` writes one.")
            if not record["exercises"].get(exercise, {}).get("seed"):
                raise Trouble(
                    f"The record of {student} has no verdict on {exercise}, so there is nothing to replay: "
                    f"{record['note'] or record['exercises'].get(exercise, {}).get('note', '')}"
                )
            return assignment.name, record
    known = [id for assignment in course.assignments.values() for id in assignment.exercises]
    raise Trouble(f"This course has no exercise {exercise!r}. It has {listed(known)}.")


def replayed(
    course: Course, assignment: str, record: Mapping[str, Any], exercise: str, sandboxed: bool = True
) -> Result:
    """Grade the recorded submission again, with the recorded seeds.

    Raises `Trouble` if the submission has changed since, or if no kernel starts.
    """
    student = record["student"]
    recipe = Recipe.read(course, assignment, sandboxed)
    found = next(submissions(course.root / "submitted", assignment, (student,)), None)
    if found is None or found.data is None or found.digest != record["digest"]:
        raise Trouble(
            f"The notebook of {student} that was graded is not in {course.submitted(student, assignment)} "
            "any more: put it back."
        )
    result = graded(recipe.job(student, found.data, records.seeds(record)))
    if result.status in ("no kernel", "stopped"):
        raise Trouble(result.note)
    return result


def verdict(result: Result, exercise: str) -> Verdict | None:
    """The verdict on an exercise in a graded notebook; None if the judge was not shown an answer."""
    for cell in json.loads(result.notebook)["cells"]:
        if cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") == f"{exercise}-check":
            told = [one["data"][MIME] for one in cell["outputs"] if MIME in one.get("data", {})]
            return Verdict.from_dict(told[0]) if told else None
    return None


def same(before: Mapping[str, Any], after: Score) -> bool:
    """Whether the record's score and a new one agree on each aspect."""
    return _facts(before["aspects"]) == _facts(after.aspects) and before["points"] == after.points


def _facts(aspects: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    # What was seen may contain the address of an object, which differs in each run.
    return [(one["name"], one["worth"], one["points"], one["belief"]) for one in aspects]


def compared(before: Mapping[str, Any], after: Score) -> str:
    """One sentence that compares a replay with the record."""
    seed = before["seed"]
    if same(before, after):
        return (
            f"The record has the same verdict ({before['points']:g} of {after.worth:g} points, seed {seed})."
        )
    if before["version"] != after.version:
        why = f"The check has version {after.version} now, but the record has version {before['version']}."
    else:
        why = "The answer does not behave the same each time, even with the same seed."
    return (
        f"The record has a different verdict: {before['points']:g} of {before['worth']:g} points there, "
        f"{after.points:g} here (seed {seed}). {why}"
    )
