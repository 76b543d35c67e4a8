"""`classroom course`: a private course from the kit, brought up to date, never half made."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from coursekit import small_kit
from nbgrader.api import Gradebook

from classroom import making
from classroom.cli import main
from classroom.course import Course
from classroom.gradebook import changing, gradebook
from classroom.making import make, new_term, update
from classroom.release import CONFIG
from classroom.trouble import Trouble


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return small_kit(tmp_path / "kit", monkeypatch, "leaks-x1")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course, made once: the tests copy it."""
    with pytest.MonkeyPatch.context() as patched:
        root = tmp_path_factory.mktemp("ready")
        small_kit(root / "kit", patched, "leaks-x1")
        make(root / "week", "Pipes", "wt26-0a1b2c3d")
        return root / "week"


@pytest.fixture
def course(ready: Path, kit: Path, tmp_path: Path) -> Course:
    return Course.read(Path(shutil.copytree(ready, tmp_path / "week")))


def edited(course: Course, before: str, after: str) -> Course:
    text = course.file.read_text()
    assert before in text
    course.file.write_text(text.replace(before, after))
    return Course.read(course.root)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def setup_cell(course: Course, kind: str = "release") -> str:
    path = course.release("leaks") if kind == "release" else course.source("leaks")
    (cell,) = (one for one in nbformat.read(path, as_version=4).cells if one.id == "leaks-setup")
    return str(cell.source)


def test_a_new_course_has_everything_that_grading_needs(course: Course) -> None:
    assert (course.name, course.term) == ("Pipes", "wt26-0a1b2c3d")
    assert course.assignment("leaks").exercises == ("leaks-x1",)
    assert 'course("wt26-0a1b2c3d")' in setup_cell(course, "source")
    assert 'course("wt26-0a1b2c3d")' in setup_cell(course, "release")
    for folder in ("submitted", "autograded", "feedback", "records", "own"):
        assert list((course.root / folder).iterdir()) == []
    assert (course.solutions / "leaks-x1/right_1.py").is_file()
    with Gradebook(course.gradebook_url) as book:
        notebook = book.find_notebook("leaks", "leaks")
        assert {cell.name for cell in notebook.grade_cells} == {"leaks-x1-check", "leaks-open"}
        assert {cell.name for cell in notebook.source_cells} >= {"leaks-setup", "leaks-x1"}


def test_each_course_draws_a_term_of_its_own() -> None:
    assert new_term("wt26") != new_term("wt26")
    assert new_term("wt26").startswith("wt26-")
    assert new_term("wt26-7f3a9c1e") == "wt26-7f3a9c1e", "a whole seed is taken as it is"
    with pytest.raises(Trouble, match=r"--term is 'WT 26'; allowed are up to 30 small letters"):
        new_term("WT 26")


def test_a_folder_that_is_not_empty_is_refused_and_untouched(kit: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years")
    with pytest.raises(Trouble, match="mine is not empty: a new course needs a folder of its own"):
        make(folder)
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_a_second_course_in_the_same_folder_points_to_update(course: Course) -> None:
    with pytest.raises(Trouble, match="add --update"):
        make(course.root)


def test_what_fails_leaves_nothing_behind(kit: Path, tmp_path: Path) -> None:
    (kit / "exercises/solutions/leaks-x1/right_1.py").unlink()
    with pytest.raises(Trouble, match="leaks-x1 has no solution"):
        make(tmp_path / "week")
    assert [path.name for path in tmp_path.iterdir()] == ["kit"]


def test_a_path_that_nbgrader_cannot_find_again_is_refused(kit: Path, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="in its path: nbgrader cannot find files there"):
        make(tmp_path / "week [5]")


def test_nothing_to_do_changes_nothing(course: Course) -> None:
    before = everything(course.source("leaks").parent) | everything(course.release("leaks").parent)
    assert update(course) == ["No notebook changed. Deadlines: none."]
    after = everything(course.source("leaks").parent) | everything(course.release("leaks").parent)
    assert after == before


def test_a_deadline_goes_into_the_gradebook(course: Course) -> None:
    said = update(edited(course, 'deadline = ""', 'deadline = "2026-12-01 12:00+01:00"'))
    assert said == ["No notebook changed. Deadlines: leaks 2026-12-01 11:00 UTC."]
    with Gradebook(course.gradebook_url) as book:
        assert book.find_assignment("leaks").duedate == datetime(2026, 12, 1, 11)


def test_another_term_makes_source_and_release_again(course: Course) -> None:
    changed = edited(course, "wt26-0a1b2c3d", "st27-4e5f6a7b")
    assert update(changed) == ["leaks is made again: 1 exercise.", "Deadlines: none."]
    assert 'course("st27-4e5f6a7b")' in setup_cell(changed)
    assert update(changed) == ["No notebook changed. Deadlines: none."]
    assert sorted(path.name for path in course.root.iterdir() if path.name.startswith(".")) == [making.STATE]


def test_after_grading_began_the_exercises_stay_and_the_deadline_may_move(course: Course) -> None:
    record = course.records / "leaks/ada.json"
    record.parent.mkdir()
    record.write_text("{}")
    before = everything(course.root / "release")
    with pytest.raises(Trouble, match=r"leaks cannot be changed, because its grading has begun \(1 record\)"):
        update(edited(course, "wt26-0a1b2c3d", "st27-4e5f6a7b"))
    back = edited(course, "st27-4e5f6a7b", "wt26-0a1b2c3d")
    later = edited(back, 'deadline = ""', 'deadline = "2026-12-01 12:00"')
    assert update(later) == ["No notebook changed. Deadlines: leaks 2026-12-01 12:00 UTC."]
    renamed = edited(course, '"Pipes"', '"Pipelines"')
    assert update(renamed)[0] == "leaks stays as it is, because its grading has begun (1 record)."
    assert everything(course.root / "release") == before


def test_submissions_in_the_gradebook_count_as_begun(course: Course) -> None:
    with gradebook(course) as book, changing(book):
        book.add_student("ada")
        book.add_submission("leaks", "ada")
    with pytest.raises(Trouble, match=r"its grading has begun \(1 in the gradebook\)"):
        update(edited(course, "wt26-0a1b2c3d", "st27-4e5f6a7b"))


def test_a_notebook_edited_by_hand_stays(course: Course) -> None:
    path = course.source("leaks")
    path.write_text(path.read_text().replace("All about leaks", "Mine"))
    mine = path.read_text()
    assert update(course)[0] == f"leaks stays as it is, because {path} was edited by hand."
    assert path.read_text() == mine
    shutil.rmtree(path.parent)
    assert update(course)[0] == "leaks is made again: 1 exercise."


def test_settings_of_an_earlier_edition_are_made_again(
    course: Course, kit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = course.root / CONFIG
    path.write_text("c = get_config()\n")
    monkeypatch.setattr(making, "EARLIER", (making._hash(path.read_bytes()),))
    assert update(course)[0] == "nbgrader_config.py is made again."
    assert path.read_bytes() == (kit / "exercises" / CONFIG).read_bytes()
    assert update(course) == ["No notebook changed. Deadlines: none."]


def test_settings_edited_by_hand_stay_and_must_protect(course: Course) -> None:
    path = course.root / CONFIG
    path.write_text("c = get_config()\n")
    assert "lets scripts in submissions run in the form grader" in update(course)[0]
    assert path.read_text() == "c = get_config()\n"


def test_an_unknown_exercise_says_which_there_are(course: Course) -> None:
    with pytest.raises(Trouble, match=r"no exercise 'leaks-x77': the kit's assignment leaks has leaks-x1\."):
        update(edited(course, '"leaks-x1"', '"leaks-x77"'))


def test_an_assignment_taken_out_is_gone(kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = make(tmp_path / "week", "Pipes", "wt26-0a1b2c3d")
    state = json.loads((course.root / making.STATE / "made.json").read_text())
    assert state["format"] == 1 and list(state["notebooks"]) == ["leaks"]
    # As if an assignment of the kit had been there at first.
    old = course.root / "source/chains/chains.ipynb"
    old.parent.mkdir()
    old.write_text("{}")
    state["notebooks"]["chains"] = making._hash(b"{}")
    (course.root / making.STATE / "made.json").write_text(json.dumps(state))
    assert update(course)[0] == "chains is taken out."
    assert not old.parent.exists()


def test_the_command_makes_and_updates(kit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "week"
    assert main(["course", str(folder), "--term", "wt26"]) == 0
    assert f"Made a course in {folder}: 1 assignments, 1 exercises, term wt26-" in capsys.readouterr().out
    assert main(["course", str(folder), "--update"]) == 0
    assert capsys.readouterr().out == "No notebook changed. Deadlines: none.\n"
    assert main(["course", str(folder), "--update", "--term", "x"]) == 1
    assert "change them there" in capsys.readouterr().err


def test_a_note_of_another_format_is_refused(course: Course) -> None:
    path = course.state / making.MADE
    path.write_text('{"format": 2, "notebooks": {}}')
    with pytest.raises(Trouble) as refused:
        update(course)
    assert str(refused.value) == f"{path} has format 2, but this edition of the kit reads format 1."
