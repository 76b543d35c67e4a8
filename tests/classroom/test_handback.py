"""Feedback is packed under the names by which each platform knows its students."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import coursework
import gradings
import pytest
from coursework import ASSIGNMENT, IDS

from classroom.cli import main
from classroom.course import Course

PLATFORMS = {
    "moodle": (
        [
            "Ada Lovelace_1234_assignsubmission_file/leaks.ipynb",
            "Bob Müller_99_assignsubmission_file/a.ipynb",
        ],
        ["Ada Lovelace_1234_assignfeedback_file/leaks.html", "Bob Müller_99_assignfeedback_file/leaks.html"],
    ),
    "canvas": (
        [
            "lovelaceada_LATE_101_5551_leaks.ipynb",
            "lovelaceada_101_5550_cat.png",
            "mullerbob_102_6001_x.ipynb",
        ],
        ["lovelaceada_101_5551_leaks.html", "mullerbob_102_6001_leaks.html"],
    ),
    "ilias": (
        ["Leaks/Lovelace_Ada_ada_271/leaks.ipynb", "Leaks/Müller_Bob_bob_272/leaks.ipynb"],
        ["Leaks/Lovelace_Ada_ada_271/leaks.html", "Leaks/Müller_Bob_bob_272/leaks.html"],
    ),
    "folder": (["ada/leaks.ipynb", "bob/leaks.ipynb"], ["ada/leaks.html", "bob/leaks.html"]),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = coursework.make(tmp_path_factory.mktemp("handback") / "course")
    gradings.enter(course, "ada", {IDS[0]: 1})
    gradings.enter(course, "bob", {IDS[0]: 2})
    gradings.name(course, "ada", "Ada", "Lovelace")
    gradings.name(course, "bob", "Bob", "Müller")
    return course.root


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Course:
    return Course.read(shutil.copytree(graded, tmp_path / "course"))


def downloaded(folder: Path, names: list[str]) -> Path:
    path = folder / "download.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return path


@pytest.mark.parametrize("kind", PLATFORMS)
def test_the_names_are_those_that_the_platform_reads(course: Course, tmp_path: Path, kind: str) -> None:
    names, packed = PLATFORMS[kind]
    words = ["feedback", ASSIGNMENT, "--course", str(course.root), "--zip", str(tmp_path / "back.zip")]
    assert main([*words, "--for", str(downloaded(tmp_path, names))]) == 0
    with zipfile.ZipFile(tmp_path / "back.zip") as archive:
        assert sorted(archive.namelist()) == sorted(packed)
        assert b"feedback for ada" in archive.read(packed[0])
        assert b"feedback for bob" in archive.read(packed[1])


@pytest.mark.parametrize("name", PLATFORMS["canvas"][1])
def test_canvas_finds_the_user_and_the_submitted_file(name: str) -> None:
    """Canvas takes the first two parts between underscores that are numbers."""
    numbers = [part for part in name.split("_") if re.fullmatch(r"\d+", part)]
    assert numbers[:2] in (["101", "5551"], ["102", "6001"])


def test_without_a_download_each_student_has_a_folder(course: Course, tmp_path: Path) -> None:
    target = tmp_path / "back.zip"
    words = ["feedback", ASSIGNMENT, "--course", str(course.root), "--zip", str(target)]
    assert main([*words, "--dry-run"]) == 0 and not target.exists()
    assert main(words) == 0
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["ada/leaks.html", "bob/leaks.html"]


def test_what_has_no_place_is_said(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [
        "Ada Lovelace_1234_assignsubmission_file/leaks.ipynb",
        "Zoe X_7_assignsubmission_file/leaks.ipynb",
    ]
    words = ["feedback", ASSIGNMENT, "--course", str(course.root), "--zip", str(tmp_path / "back.zip")]
    assert main([*words, "--for", str(downloaded(tmp_path, names))]) == 1
    said = capsys.readouterr().out
    assert "1 page are in" not in said and "1 page is in" in said and "for Moodle" in said
    assert "No file of the download belongs to bob" in said
    assert "Zoe X_7_assignsubmission_file/leaks.ipynb: no student is called" in said
    assert main([*words[:4], "--for", "x.zip"]) == 1
    assert "belong to --zip FILE" in capsys.readouterr().err
    assert main([*words, "--for", str(tmp_path / "none.zip")]) == 1
    assert "none.zip cannot be read" in capsys.readouterr().err
