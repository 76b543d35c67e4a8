"""Feedback on its way to students: a zip file that Moodle, Canvas or Ilias takes, or one with a folder each.

Each platform knows whose file it is by a name that only its own download has. So the names come from the
download from which the submissions were collected.

- Moodle reads the participant's number from a folder "Full name_NUMBER_assignfeedback_file".
- Canvas reads two numbers from a file's name, the user's and the submitted file's, and shows the feedback
  under the name of the submitted file.
- Ilias takes the folders of its own download, "Last_First_login_NUMBER".
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from classroom import downloads, term
from classroom.course import Course
from classroom.gradebook import gradebook
from classroom.intake import printable
from classroom.naming import CANVAS, ILIAS, MOODLE, People, platform
from classroom.trouble import Trouble
from lessons.desk.workcopy import write
from lessons.words import agreeing, many


@dataclass
class Packed:
    """What was packed: the platform, each student's name in the zip file, and who has no place in it."""

    kind: str
    names: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)


def pack(
    course: Course, assignment: str, pages: Iterable[Path], target: Path, download: Path | None, dry: bool
) -> Packed:
    """Write the pages of an assignment into a zip file, named for the platform of the download.

    download: the zip file or the folder that was downloaded from the platform; None: a folder per student.

    Raises `Trouble` if the download cannot be read, or the zip file cannot be written.
    """
    of = {page.parent.name: page for page in pages}
    packed = _named(course, assignment, download) if download else Packed("", {one: one for one in of})
    packed.left = sorted(set(of) - set(packed.names))
    if not download:
        packed.names = {one: f"{one}/{assignment}.html" for one in of}
    packed.names = {one: name for one, name in packed.names.items() if one in of}
    if not packed.names:
        raise Trouble(f"No file of {download} belongs to a student with feedback on {assignment}.")
    if not dry:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for student, name in packed.names.items():
                archive.write(of[student], name)
        write(target, stream.getvalue())
    return packed


def _named(course: Course, assignment: str, download: Path) -> Packed:
    """Each student's name in the zip file, from the names in a download."""
    with gradebook(course) as book:
        people = People(list(book.students), term.enrolments(book, course))
    with downloads.opened(download, course.zone) as (files, _):
        paths = [one.path for one in files]
    packed = Packed(platform(paths))
    for path in sorted(paths, key=lambda one: (not one[-1].endswith(".ipynb"), one)):
        owned = people.owned(packed.kind, path, {}, assignment)
        if not owned.student:
            packed.unmatched.append(f"{printable('/'.join(path), 160)}: {printable(owned.why, 200)}")
        elif owned.student not in packed.names:
            packed.names[owned.student] = name(packed.kind, path, owned.student, assignment)
    return packed


def name(kind: str, path: tuple[str, ...], student: str, assignment: str) -> str:
    """The name of a student's page in the zip file.

    kind: the platform. path: the student's file in the download.

    >>> name("moodle", ("Ada Lovelace_1234_assignsubmission_file", "x.ipynb"), "ada", "leaks")
    'Ada Lovelace_1234_assignfeedback_file/leaks.html'
    >>> name("canvas", ("lovelaceada_LATE_101_5551_leaks.ipynb",), "ada", "leaks")
    'lovelaceada_101_5551_leaks.html'
    """
    if kind == "moodle" and (found := MOODLE.fullmatch(path[0])):
        return f"{found['name']}_{found['user']}_assignfeedback_file/{assignment}.html"
    if kind == "canvas" and (found := CANVAS.fullmatch(path[0])):
        return f"{found['name']}_{found['user']}_{found['file']}_{assignment}.html"
    if kind == "ilias":
        number = next(number for number, part in enumerate(path[:-1]) if ILIAS.fullmatch(part))
        return "/".join([*path[: number + 1], f"{assignment}.html"])
    return f"{student}/{assignment}.html"


def told(packed: Packed, target: Path, dry: bool) -> list[str]:
    """What was packed, and what to do with it, in sentences."""
    would = "would be" if dry else agreeing(len(packed.names), "is", "are")
    lines = [f"{many(len(packed.names), 'page')} {would} in {target}{_FOR[packed.kind]}"]
    if packed.left:
        some = ", ".join(packed.left[:20]) + (", …" if len(packed.left) > 20 else "")
        lines.append(f"No file of the download belongs to {some}: give these students their pages by hand.")
    if packed.unmatched:
        lines.append(f"Not matched ({len(packed.unmatched)}):")
        lines += [f"  {one}" for one in packed.unmatched]
    if dry:
        lines.append("Nothing was written (--dry-run).")
    return lines


_FOR: Mapping[str, str] = {
    "moodle": ", for Moodle: in the assignment, choose “Upload multiple feedback files in a zip”.",
    "canvas": ", for Canvas: in the assignment, choose “Re-Upload Submissions”. Canvas shows each page under "
    "the name of the submitted file, so tell your students to open it in a browser.",
    "ilias": ", for Ilias: in the exercise, choose “Multi-feedback”, and upload it.",
    "folder": ", one folder for each student.",
    "": ", one folder for each student.",
}
