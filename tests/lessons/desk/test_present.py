"""Presenting: a desk of its own that starts afresh, and settings that stay away from the user's."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from harness import notebook

from lessons.desk import cli, present, server
from lessons.desk import workcopy as desk

LESSON = "notebooks/01_first.ipynb"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of one lesson, which `lifecycle` takes for its own."""
    root = tmp_path / "course"
    (root / "notebooks").mkdir(parents=True)
    edition(root, "1 + 1")
    monkeypatch.setattr(desk, "course", lambda: root)
    # `serve` changes these for Lab and its kernels; here they come back afterwards.
    for name in ("LIFECYCLE_HOME", "LIFECYCLE_CLASS", "JUPYTER_PATH"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    return root


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """The calls of `serve`, which does not start here."""
    calls: list[tuple] = []
    monkeypatch.setattr(server, "serve", lambda *given: calls.append(given))
    return calls


def edition(root: Path, *cells: str) -> None:
    made = notebook(*cells)
    made.metadata["language_info"] = {"name": "python"}
    (root / LESSON).write_text(json.dumps(made))


def ran(path: Path) -> None:
    """Leave the notebook as Lab saves it once it has run."""
    stored = json.loads(path.read_text())
    for number, cell in enumerate(stored["cells"], start=1):
        cell["execution_count"] = number
        cell["metadata"]["execution"] = {"iopub.status.busy": "2026-01-01T00:00:00Z"}
        result = {"output_type": "execute_result", "execution_count": number, "metadata": {}}
        cell["outputs"] = [{**result, "data": {"text/plain": ["2"]}}]
    version = {"file_extension": ".py", "mimetype": "text/x-python", "version": "3.11.9"}
    stored["metadata"]["language_info"] = {"name": "python", **version}
    path.write_text(json.dumps(stored, indent=1))


def edited(path: Path, source: str) -> None:
    stored = json.loads(path.read_text())
    stored["cells"][0]["source"] = source
    path.write_text(json.dumps(stored))


def cell(path: Path) -> dict:
    return json.loads(path.read_text())["cells"][0]


def test_the_desk_is_a_folder_of_its_own_beside_the_students_files(course: Path, served: list[tuple]) -> None:
    assert cli.main(["present", "--no-browser", "--port", "9000"]) == 0
    [(where, first, port, browser, options, _)] = served
    assert (where, first, port, browser) == (course / "desk/present", LESSON, 9000, False)
    assert options == [f"--LabApp.user_settings_dir={where / '.lifecycle/settings'}"]
    assert (where / LESSON).is_file() and not (course / "desk" / LESSON).exists()


def test_it_says_the_keys(course: Path, served: list[tuple], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["present"]) == 0
    said = capsys.readouterr().out
    assert "Shift+Enter          run this cell" in said and "catch up with this slide" in said


def test_a_lesson_is_chosen_by_the_beginning_of_its_name(course: Path, served: list[tuple]) -> None:
    (course / "notebooks/02_second.ipynb").write_bytes((course / LESSON).read_bytes())
    for wanted in ("02", "02_second", "02_second.ipynb", "notebooks/02_second.ipynb"):
        assert cli.main(["present", wanted]) == 0
        assert served.pop()[1] == "notebooks/02_second.ipynb"


def test_a_course_without_lessons_says_so(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (course / LESSON).unlink()
    assert cli.main(["present"]) == 1
    assert "There are no lessons to present" in capsys.readouterr().err


def test_each_presentation_starts_without_answers(course: Path, served: list[tuple]) -> None:
    copy = course / "desk/present" / LESSON
    cli.main(["present"])
    ran(copy)
    cli.main(["present"])
    assert cell(copy)["outputs"] == [] and cell(copy)["execution_count"] is None


def test_a_lesson_that_was_only_run_is_no_edited_one(
    course: Path, served: list[tuple], capsys: pytest.CaptureFixture[str]
) -> None:
    copy = course / "desk/present" / LESSON
    cli.main(["present"])
    ran(copy)
    edition(course, "2 + 2")
    cli.main(["present"])
    assert cell(copy)["source"] == "2 + 2"
    assert "Updated 1 file that you had not edited." in capsys.readouterr().out


def test_edits_stay_and_a_newer_edition_lies_beside_them(course: Path, served: list[tuple]) -> None:
    copy = course / "desk/present" / LESSON
    cli.main(["present"])
    edited(copy, "mine")
    ran(copy)
    edition(course, "2 + 2")
    cli.main(["present"])
    assert cell(copy)["source"] == "mine" and cell(copy)["outputs"] == []
    assert cell(copy.with_name("01_first (new edition).ipynb"))["source"] == "2 + 2"


def test_a_desk_that_was_edited_is_new_again_with_one_option(
    course: Path, served: list[tuple], capsys: pytest.CaptureFixture[str]
) -> None:
    copy = course / "desk/present" / LESSON
    assert cli.main(["present", "--new"]) == 0 and "This desk is new." in capsys.readouterr().out
    edited(copy, "mine")
    ran(copy)
    edition(course, "2 + 2")
    assert cli.main(["present", "01", "--new"]) == 0
    kept = copy.with_name("01_first (edited).ipynb")
    assert f"Your edited version is kept beside it: notebooks/{kept.name}" in capsys.readouterr().out
    assert cell(copy)["source"] == "2 + 2" and cell(kept)["source"] == "mine"
    assert sorted(copy.parent.glob("*.ipynb")) == [kept, copy]
    # A lesson that was only run is not edited.
    ran(copy)
    cli.main(["present", "--new"])
    assert "No lesson on this desk was edited." in capsys.readouterr().out
    assert sorted(copy.parent.glob("*.ipynb")) == [kept, copy] and len(served) == 3


def test_a_damaged_copy_stays_as_it_is(course: Path, served: list[tuple]) -> None:
    copy = course / "desk/present" / LESSON
    cli.main(["present"])
    copy.write_text("{")
    assert cli.main(["present"]) == 0
    assert copy.read_text() == "{"


def test_a_lesson_that_is_damaged_in_the_course_is_not_opened(
    course: Path, served: list[tuple], capsys: pytest.CaptureFixture[str]
) -> None:
    (course / LESSON).write_text("{")
    assert cli.main(["present"]) == 1
    said = capsys.readouterr()
    assert "is damaged and was left out" in said.out and "cannot be presented" in said.err
    assert served == []


def test_predictions_tabs_and_settings_of_the_time_before_are_gone(course: Path, served: list[tuple]) -> None:
    cli.main(["present"])
    kept = course / "desk/present/.lifecycle"
    for name in ("progress", "workspaces", "settings/jupyterlab-slideshow"):
        (kept / name).mkdir(parents=True, exist_ok=True)
        (kept / name / "plugin.jupyterlab-settings").write_text('{"active": false}')
    cli.main(["present"])
    assert not (kept / "progress").exists() and not (kept / "workspaces").exists()
    assert json.loads((kept / "settings/jupyterlab-slideshow/plugin.jupyterlab-settings").read_text()) == {
        "active": True
    }


def test_predictions_in_class_stay_out_of_the_teachers_own(course: Path, served: list[tuple]) -> None:
    cli.main(["present"])
    assert os.environ["LIFECYCLE_HOME"] == str(course / "desk/present/.lifecycle/progress")


def test_a_students_desk_is_refused_and_left_alone(
    course: Path, served: list[tuple], capsys: pytest.CaptureFixture[str]
) -> None:
    mine = course / "desk"
    desk.lay(course, mine)
    ran(mine / LESSON)
    before = (mine / LESSON).read_bytes()
    assert cli.main(["present", "--desk", str(mine)]) == 1
    assert "is a desk for studying" in capsys.readouterr().err
    assert (mine / LESSON).read_bytes() == before


def test_the_course_itself_is_refused_and_left_alone(
    course: Path, served: list[tuple], capsys: pytest.CaptureFixture[str]
) -> None:
    ran(course / LESSON)
    before = (course / LESSON).read_bytes()
    for _ in range(2):
        assert cli.main(["present", "--desk", str(course)]) == 1
        assert "belongs to the course itself" in capsys.readouterr().err
    assert (course / LESSON).read_bytes() == before and not (course / ".lifecycle").exists()


def test_the_kernel_of_a_presentation_prints_short_tracebacks(course: Path, served: list[tuple]) -> None:
    from jupyter_client.kernelspec import KernelSpecManager

    cli.main(["present"])
    spec = KernelSpecManager().get_kernel_spec("python3")
    assert spec.argv[0] == "python" and spec.argv[-1] == "--InteractiveShell.xmode=Minimal"
    # The name that Lab writes into a notebook is the one that the lessons carry.
    assert spec.display_name == "Python 3 (ipykernel)"


def test_lab_finds_the_keys_and_looks_of_a_presentation(
    course: Path, served: list[tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    def loads() -> Path:
        cli.main(["present"])
        extension = course / "desk/present/.lifecycle/jupyter/labextensions/lifecycle-present"
        build = json.loads((extension / "package.json").read_text())["jupyterlab"]["_build"]
        assert [path for path in extension.iterdir() if path.is_dir()] == [(extension / build["load"]).parent]
        return Path(extension / build["load"])

    first = loads()
    assert first.is_file() and first.with_name("slides.css").is_file()
    # A browser keeps these files for a year, so files that have changed have another address.
    assert loads() == first
    newer = shutil.copytree(present.EXTRAS, course / "newer")
    (newer / "labextensions/lifecycle-present/static/keys.js").write_text("// newer")
    monkeypatch.setattr(present, "EXTRAS", newer)
    second = loads()
    assert second.parent != first.parent and second.with_name("keys.js").read_text() == "// newer"
