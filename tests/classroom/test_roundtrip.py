"""From a course to grades: what nobody touched is missing, the solutions earn every point."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from coursekit import small_kit

from classroom.cli import main
from classroom.course import Course
from classroom.making import make
from classroom.sandbox import available

if sys.platform != "linux":
    pytest.skip("the sandbox needs Linux", allow_module_level=True)
if not available()[0]:
    pytest.skip(f"no sandbox: {available()[1]}", allow_module_level=True)

OWN = "leaks-x101"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Course]:
    """A course of one exercise of the kit and one of the instructor's own."""
    small_kit(tmp_path / "kit", monkeypatch, "leaks-x1")
    made = make(tmp_path / "week", "Pipes", "wt26-0a1b2c3d")
    assert main(["exercise", OWN, "--course", str(made.root)]) == 0
    made.file.write_text(made.file.read_text().replace('"leaks-x1",', f'"leaks-x1", "{OWN}",'))
    assert main(["course", str(made.root), "--update"]) == 0
    yield Course.read(made.root)
    # Other tests know the kit's exercises alone.
    import_module("lessons.exercises.exercise")._exercises.pop(OWN, None)
    sys.modules.pop("leaks_x101.check", None)


def test_untouched_is_missing_and_solved_is_full_and_a_mended_check_still_comes(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = course.release("leaks").parent
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*")) == [
        "leaks.ipynb", "leaks_x101/check.py", "leaks_x101/stub.py",
    ]  # fmt: skip
    stored = json.loads((folder / "leaks.ipynb").read_text())["cells"]
    cells = {cell["id"]: "".join(cell["source"]) for cell in stored}
    assert "\nimport leaks_x101.check" in cells["leaks-setup"]
    assert cells[f"{OWN}-check"] == f'check("{OWN}", halved).points'
    assert "TODO" in cells[OWN] and "stream.close()" not in cells[OWN]
    assert (course.solutions / OWN / "wrong_1_chains-close-travels.py").is_file()
    for student, notebook in (("ada", course.release("leaks")), ("bob", course.source("leaks"))):
        target = course.submitted(student, "leaks")
        target.parent.mkdir(parents=True)
        shutil.copyfile(notebook, target)
    assert main(["grade", "leaks", "--course", str(course.root), "--workers", "1"]) == 0
    records = {one: json.loads((course.records / f"leaks/{one}.json").read_text()) for one in ("ada", "bob")}
    for id in ("leaks-x1", OWN):
        untouched, solved = (records[one]["exercises"][id] for one in ("ada", "bob"))
        assert (untouched["status"], untouched["points"]) == ("missing", 0)
        assert (solved["status"], solved["points"]) == ("correct", solved["worth"])
    assert not any(record["needs_person"] or record["evidence"] for record in records.values())
    assert all(record["sandboxed"] for record in records.values())
    notebook = course.release("leaks").read_bytes()
    own = course.own / "leaks_x101/check.py"
    own.write_text(own.read_text().replace("version=1", "version=2"))
    capsys.readouterr()
    assert main(["course", str(course.root), "--update"]) == 0
    said = "leaks got leaks_x101/check.py from own/ as it is now: `classroom regrade leaks`"
    assert said in capsys.readouterr().out
    for kind in (course.source("leaks"), course.release("leaks")):
        assert "version=2" in (kind.parent / "leaks_x101/check.py").read_text()
    assert course.release("leaks").read_bytes() == notebook
    assert main(["course", str(course.root), "--update"]) == 0
    assert "No notebook changed." in capsys.readouterr().out


@pytest.mark.deep
def test_every_exercise_of_the_kit_comes_through(tmp_path: Path) -> None:
    course = make(tmp_path / "week", "All is well", "wt26-0a1b2c3d")
    for name in course.assignments:
        for student, notebook in (("ada", course.release(name)), ("bob", course.source(name))):
            target = course.submitted(student, name)
            target.parent.mkdir(parents=True)
            shutil.copyfile(notebook, target)
        assert main(["grade", name, "--course", str(course.root), "--workers", "2"]) == 0
        for student, status in (("ada", "missing"), ("bob", "correct")):
            record = json.loads((course.records / f"{name}/{student}.json").read_text())
            found = {id: one["status"] for id, one in record["exercises"].items()}
            assert found == dict.fromkeys(course.assignment(name).exercises, status)
            assert not record["needs_person"] and not record["evidence"]
