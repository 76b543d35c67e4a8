"""A backup is complete and sound, and goes back without losing what is there."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import coursework
import gradings
import pytest
from coursework import ASSIGNMENT, IDS
from nbgrader.api import Gradebook

from classroom import restore
from classroom.cli import main
from classroom.course import Course
from classroom.making import FOLDERS

OPEN = f"{ASSIGNMENT}-open"


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = coursework.make(tmp_path_factory.mktemp("backup") / "course")
    gradings.enter(course, "ada", {IDS[0]: 1}, answers={OPEN: "Because."})
    gradings.enter(course, "bob", {IDS[0]: 1})
    gradings.decide(course, "ada", 2, OPEN, comment="Nearly.")
    return course.root


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Course:
    return Course.read(shutil.copytree(graded, tmp_path / "course"))


def files(root: Path) -> dict[str, bytes]:
    """All files of a course but the gradebook."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name not in ("gradebook.db", ".lock")
    }


def rows(root: Path) -> list[str]:
    """The rows of a course's gradebook."""
    with sqlite3.connect(root / "gradebook.db") as book:
        return sorted(line for line in book.iterdump() if line.startswith("INSERT"))


def backup(course: Course, *words: str) -> Path:
    target = course.root.parent / "kept.zip"
    assert main(["backup", str(target), "--course", str(course.root), *words]) == 0
    return target


def test_a_course_goes_into_a_new_folder_as_it_was(course: Course, tmp_path: Path) -> None:
    target = backup(course)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert main(["restore", str(target), str(tmp_path / "again")]) == 0
    again = tmp_path / "again"
    assert files(again) == files(course.root)
    assert rows(again) == rows(course.root)
    assert all((again / name).is_dir() for name in FOLDERS)
    assert stat.S_IMODE(again.stat().st_mode) == 0o700
    assert main(["feedback", "--course", str(again)]) == 0


def test_a_course_is_put_back_in_place_and_nothing_is_lost(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, before, points = backup(course), files(course.root), rows(course.root)
    inode = course.gradebook.stat().st_ino
    gradings.decide(course, "bob", 3, comment="Lucky.")
    assert main(["student", "remove", "ada", "--course", str(course.root)]) == 0
    (course.root / "grades.csv").write_text("mine", encoding="utf-8")
    later, decided = files(course.root), rows(course.root)
    # Nothing is overwritten silently.
    for words in ([], ["--dry-run"]):
        assert main(["restore", str(target), str(course.root), *words]) == (0 if words else 1)
        assert (files(course.root), rows(course.root)) == (later, decided)
    assert "--replace puts the backup in its place" in capsys.readouterr().err
    assert main(["restore", str(target), str(course.root), "--replace"]) == 0
    assert (files(course.root), rows(course.root)) == (before, points)
    assert course.gradebook.stat().st_ino == inode, "a form grader may have it open"
    # What was there in between can be put back, too.
    (kept,) = tmp_path.glob("course-before-restore-*.zip")
    assert main(["restore", str(kept), str(tmp_path / "between")]) == 0
    assert rows(tmp_path / "between") == decided
    assert files(tmp_path / "between") == later


PERSON = """
import sys
from nbgrader.api import Gradebook
with Gradebook(sys.argv[1]) as book:
    grade = book.find_grade(*sys.argv[2:6])
    for number in range(400):
        grade.manual_score = number / 100
        book.db.commit()
        print(number, flush=True)
"""


def test_a_backup_is_sound_while_a_person_gives_points(course: Course, tmp_path: Path) -> None:
    words = [sys.executable, "-c", PERSON, course.gradebook_url, OPEN, ASSIGNMENT, ASSIGNMENT, "bob"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as person:
        assert person.stdout and person.stdout.readline() == "0\n"
        target = backup(course)
        person.kill()
    assert main(["restore", str(target), str(tmp_path / "again")]) == 0
    with Gradebook(Course.read(tmp_path / "again").gradebook_url) as book:
        assert book.find_grade(OPEN, ASSIGNMENT, ASSIGNMENT, "ada").manual_score == 2
        assert 0 <= book.find_grade(OPEN, ASSIGNMENT, ASSIGNMENT, "bob").manual_score < 4


def test_a_restore_that_was_stopped_is_finished_by_the_same_command(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, before, points = backup(course), files(course.root), rows(course.root)
    assert main(["student", "remove", "ada", "--course", str(course.root)]) == 0
    original = restore._exchange

    def stopped(*given: object) -> None:
        original(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(restore, "_exchange", stopped)
        assert main(["restore", str(target), str(course.root), "--replace"]) == 130
    monkeypatch.setattr(restore, "default", lambda *given: tmp_path / "second.zip")
    assert main(["restore", str(target), str(course.root), "--replace"]) == 0
    assert (files(course.root), rows(course.root)) == (before, points)


def test_what_is_in_the_way_or_damaged_is_a_sentence(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*words: str) -> str:
        assert main(list(words)) == 1
        return capsys.readouterr().err

    root, target = str(course.root), backup(course)
    assert "exists already, and a backup overwrites nothing" in refused(
        "backup", str(target), "--course", root
    )
    assert "is not a zip file: give a name" in refused("backup", "kept.tar", "--course", root)
    assert "is not a zip file that can be read" in refused("restore", str(course.file), root)
    assert "There is no file" in refused("restore", str(tmp_path / "none.zip"), root)
    full = tmp_path / "full"
    full.mkdir()
    (full / "x").touch()
    assert "neither empty nor a course" in refused("restore", str(target), str(full))
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("x", "y")
    assert "is not a backup of a course" in refused("restore", str(tmp_path / "other.zip"), root)
    damaged = tmp_path / "damaged.zip"
    with zipfile.ZipFile(target) as good, zipfile.ZipFile(damaged, "w") as bad:
        for entry in good.infolist():
            data = good.read(entry)
            bad.writestr(entry, data[:-1] if entry.filename.endswith("ada.json") else data)
    assert "is damaged at records/leaks/ada.json" in refused("restore", str(damaged), str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()
    data = bytearray(course.gradebook.read_bytes())
    data[4096:9000] = b"\xff" * (9000 - 4096)
    course.gradebook.write_bytes(data)
    assert "is damaged (" in refused("backup", str(tmp_path / "two.zip"), "--course", root)
    assert not (tmp_path / "two.zip").exists()
    assert not list(tmp_path.glob(".*.new"))
