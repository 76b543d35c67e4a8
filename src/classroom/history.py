"""Earlier submissions, and submissions that do not count: kept beside the records, where a person finds them.

`records/leaks/earlier/ada/1/` holds what was in `submitted/`, and, if it was graded, its record, its graded
notebook, and the points and comments that it had in the gradebook.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classroom.course import Course
from classroom.intake import Found, found
from classroom.records import as_text, write_text

EARLIER = "earlier"
SUBMITTED = "submitted"
RECORD, GRADES, GRADED = "record.json", "grades.json", "graded.ipynb"


def place(course: Course, assignment: str, student: str) -> Path:
    """The folder of a student's earlier submissions of an assignment."""
    return course.records / assignment / EARLIER / student


def places(course: Course, student: str) -> list[Path]:
    """The folders of all earlier submissions of a student that exist."""
    return [one for name in course.assignments if (one := place(course, name, student)).is_dir()]


def folders(course: Course, assignment: str, student: str) -> Iterator[Path]:
    """The folder of each earlier submission, in their order."""
    home = place(course, assignment, student)
    numbers = sorted(int(one.name) for one in home.glob("*") if one.name.isdecimal())
    yield from (home / str(number) for number in numbers)


def submission(folder: Path, assignment: str, student: str) -> Found | None:
    """What was submitted, from the folder of an earlier submission; None if it was not kept."""
    kept = folder / SUBMITTED
    return found(student, kept, assignment) if kept.is_dir() else None


def digests(course: Course, assignment: str, student: str) -> dict[str, Path]:
    """The folders of a student's earlier submissions by digest: of what was submitted, or of the record."""
    made: dict[str, Path] = {}
    for folder in folders(course, assignment, student):
        kept = submission(folder, assignment, student)
        digest = kept.digest if kept else _record(folder).get("digest")
        if isinstance(digest, str):
            made[digest] = folder
    return made


def new(course: Course, assignment: str, student: str) -> Path:
    """A new, empty folder for one more submission."""
    home = place(course, assignment, student)
    number = max((int(one.name) for one in folders(course, assignment, student)), default=0) + 1
    folder = home / str(number)
    folder.mkdir(parents=True)
    return folder


def put_aside(course: Course, assignment: str, student: str) -> Path:
    """Move a submission out of `submitted/`, and return the folder in which it is now."""
    given = course.submitted(student, assignment).parent
    digest = found(student, given, assignment).digest
    folder = digests(course, assignment, student).get(digest)
    if folder is None or (folder / SUBMITTED).exists():
        folder = new(course, assignment, student)
    given.rename(folder / SUBMITTED)
    return folder


def describe(folder: Path, record: dict[str, Any], grades: dict[str, Any], graded: Path) -> None:
    """Write down how an earlier submission was graded."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(graded, folder / GRADED)
    for name, content in ((GRADES, grades), (RECORD, record)):
        write_text(folder / name, as_text(content))


def set_aside(
    course: Course, found: Found, counting: dict[str, Any], record: dict[str, Any], graded: str
) -> None:
    """Put a graded submission that does not count aside, and the one that counts back into `submitted/`.

    counting: the record of the one that counts. record, graded: those of the other one.
    """
    assignment, student = record["assignment"], found.student
    known = digests(course, assignment, student)
    other = known.get(counting["digest"])
    place = course.submitted(student, assignment).parent
    if other is not None and (other / SUBMITTED).is_dir() and place.is_dir():
        folder = put_aside(course, assignment, student)
        (other / SUBMITTED).rename(place)
        with contextlib.suppress(OSError):
            other.rmdir()
    else:
        folder = known.get(found.digest) or new(course, assignment, student)
    write_text(folder / GRADED, graded)
    write_text(folder / RECORD, as_text(record))


def _record(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
