"""`classroom student-kit`: everything that opens the lessons, and nothing that gives them away."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from coursekit import COURSE, small_kit

from classroom import kit
from classroom.cli import main
from classroom.course import Course
from classroom.kit import files, makefile, packed, project, unlinked
from classroom.making import make
from classroom.trouble import Trouble
from lessons.desk import workcopy as desk


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """A course from a small kit, which lends it exercises; the rest of what students get is the real one."""
    root = tmp_path_factory.mktemp("kit")
    with pytest.MonkeyPatch.context() as patched:
        small_kit(root / "kit", patched, "leaks-x1")
        made = make(root / "week", "Pipes & Co", "wt26-0a1b2c3d")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kit, "kit", lambda: COURSE)
        yield made


@pytest.fixture(scope="module")
def laid(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kit, unpacked from its zip file."""
    folder = tmp_path_factory.mktemp("unpacked")
    target = folder / "kit.zip"
    assert main(["student-kit", str(target), "--course", str(course.root)]) == 0
    with zipfile.ZipFile(target) as archive:
        archive.extractall(folder)
    return folder / "pipes-co"


def texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_no_solution_is_inside(laid: Path) -> None:
    there = texts(laid)
    for path, text in there.items():
        assert "BEGIN SOLUTION" not in text and "MODEL ANSWER" not in text, path
    solutions = [path.read_text() for path in (COURSE / "exercises/solutions").glob("*/right_*.py")]
    assert solutions
    for solution in solutions:
        whole = solution.strip()
        assert not any(whole in text for text in there.values())


def test_what_belongs_to_the_instructor_is_not_inside(laid: Path) -> None:
    there = texts(laid)
    foreign = re.compile(r"classroom|TEACHING|solutions|source/|tests/|\.db$")
    assert not [path for path in there if foreign.search(path)]
    assert sorted({path.partition("/")[0] for path in there}) == [
        ".gitignore", "LICENSE", "Makefile", "README.md", "constraints.txt", "environment.yml", "exercises",
        "notebooks", "pyproject.toml", "src", "tools",
    ]  # fmt: skip


def test_everything_that_opens_the_lessons_is_inside(laid: Path) -> None:
    there = set(texts(laid))
    package = {path.relative_to(COURSE).as_posix() for path in (COURSE / "src/lifecycle").rglob("*")
               if path.is_file() and "__pycache__" not in path.parts}  # fmt: skip
    assert package <= there
    assert "exercises/release/leaks/leaks.ipynb" in there
    for lesson in desk.lessons(COURSE):
        assert (laid / lesson).read_bytes() == unlinked((COURSE / lesson).read_bytes(), ["leaks"])
    report = desk.lay(laid, laid / "desk")
    assert "exercises/release/leaks/leaks.ipynb" in report.laid and not report.problems


def test_no_link_of_a_lesson_leads_nowhere(laid: Path) -> None:
    """Also where this kit has no exercises for it: then the lesson says so."""
    for path in (laid / "notebooks").glob("*.ipynb"):
        for link in re.findall(r"\]\((\.\./[^)#]+|[\w/]+\.ipynb)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), (path.name, link)
    assert "[exercises of this lesson](../exercises/release/leaks/leaks.ipynb)" in _lesson(laid, "01")
    assert "the exercises of this lesson (not in this kit), `descriptors-x1`" in _lesson(laid, "02")


def _lesson(root: Path, number: str) -> str:
    return next((root / "notebooks").glob(f"{number}_*.ipynb")).read_text(encoding="utf-8")


def test_make_lab_asks_for_nothing_that_is_missing(laid: Path) -> None:
    dry = subprocess.run(["make", "-n", "lab"], cwd=laid, capture_output=True, text=True, timeout=20)
    assert dry.returncode == 0 and "tools/setup_env.py lifecycle lab" in dry.stdout
    shown = subprocess.run(["make", "help"], cwd=laid, capture_output=True, text=True, timeout=20).stdout
    assert re.findall(r"make (\w+)", shown)[0] == "lab"
    assert not re.search("test|check|bench|extra", (laid / "Makefile").read_text())


def test_pip_builds_the_lessons_without_the_classroom(laid: Path, tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet",
         "--disable-pip-version-check", "--wheel-dir", str(tmp_path), str(laid)],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entries,) = (archive.read(name).decode() for name in names if name.endswith("entry_points.txt"))
        (metadata,) = (archive.read(name).decode() for name in names if name.endswith("METADATA"))
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"lifecycle", "lessons"}
    assert "classroom" not in entries and "nbgrader" not in metadata
    assert "Requires-Dist: jupyterlab" in metadata


def test_the_readme_names_what_is_there(laid: Path) -> None:
    readme = (laid / "README.md").read_text()
    assert readme.startswith("# Pipes & Co\n")
    for path in re.findall(r"\]\(([^)]+)\)", readme):
        assert (laid / path).exists(), path
    assert set(re.findall(r"make (\w+)", readme)) == {"lab"}


def test_the_same_course_gives_the_same_zip(course: Course) -> None:
    assert packed(files(course), "a") == packed(files(course), "a")


def test_one_assignment_alone(course: Course) -> None:
    assert "exercises/release/leaks/leaks.ipynb" in files(course, ["leaks"])
    with pytest.raises(Trouble, match="no assignment 'leak'"):
        files(course, ["leak"])


def test_a_release_with_a_solution_in_it_stops_the_kit(course: Course) -> None:
    path = course.release("leaks")
    before = path.read_bytes()
    try:
        path.write_bytes(course.source("leaks").read_bytes())
        with pytest.raises(Trouble, match=r"leaks\.ipynb still contains a solution"):
            files(course)
        path.unlink()
        with pytest.raises(Trouble, match="leaks has no release in"):
            files(course)
    finally:
        path.write_bytes(before)


def test_a_folder_is_laid_whole_and_never_over_another(course: Course, tmp_path: Path) -> None:
    words = ["student-kit", str(tmp_path / "kit"), "--course", str(course.root)]
    assert main(words) == 0
    assert (tmp_path / "kit/notebooks").is_dir()
    assert main(words) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["kit"]


def test_a_changed_project_file_is_noticed() -> None:
    text = (COURSE / "pyproject.toml").read_text()
    assert "classroom" not in project(text)
    with pytest.raises(ValueError, match="this function must be adapted"):
        project(text.replace('packages = ["src/lifecycle"', 'packages = ["src/others"'))


def test_the_makefile_keeps_its_first_lines() -> None:
    text = (COURSE / "Makefile").read_text()
    assert makefile(text).splitlines()[:3] == text.splitlines()[:3]


@pytest.mark.parametrize("name", ["kit.tar.gz", "kit.tgz", "kit.7z"])
def test_another_kind_of_archive_is_refused(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["student-kit", str(tmp_path / name), "--course", str(course.root)]) == 1
    assert f"{name} is not a zip file: give a folder, or a file that ends in .zip." in capsys.readouterr().err
    assert not (tmp_path / name).exists()
