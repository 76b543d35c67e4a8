"""From texts to a source notebook, and from that to what students get."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import coursework
import nbformat
import pytest
from coursekit import small_kit

from classroom import release
from classroom.cli import main
from classroom.compose import as_bytes, commented, notebook, texts, uncommented
from classroom.release import Stubs, generate, kit_exercise, kit_texts, weaker
from classroom.trouble import Trouble
from lessons.exercises import exercises, stub


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return small_kit(tmp_path / "kit", monkeypatch, "leaks-x1")


@pytest.fixture
def course(kit: Path, tmp_path: Path) -> Path:
    """A course folder with the source of the assignment leaks."""
    folder = tmp_path / "course"
    source = folder / "source/leaks/leaks.ipynb"
    source.parent.mkdir(parents=True)
    source.write_bytes(as_bytes(made()))
    (folder / release.CONFIG).write_bytes((kit / "exercises" / release.CONFIG).read_bytes())
    return folder


def made(**named: str) -> dict[str, Any]:
    told = kit_texts()["leaks"]
    return notebook(told, [kit_exercise(task) for task in told.tasks.values()], **named)


def cells(path: Path) -> dict[str, Any]:
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    return {cell.id: cell for cell in stored.cells}


def test_a_source_notebook_has_its_anatomy(course: Path) -> None:
    there = cells(course / "source/leaks/leaks.ipynb")
    assert list(there) == [
        "leaks-title", "leaks-setup", "leaks-x1-task", "leaks-x1-hints", "leaks-x1", "leaks-x1-check",
        "leaks-open-task", "leaks-open", "leaks-closing", "leaks-progress",
    ]  # fmt: skip
    exercise = exercises()["leaks-x1"]
    assert there["leaks-x1-check"].source == f'check("leaks-x1", {exercise.answer}).points'
    assert there["leaks-x1-check"].metadata.nbgrader.points == exercise.worth
    assert there["leaks-x1-hints"].source.count("<details>") == 3
    assert "## no heading\nwith thing:\n    ..." in there["leaks-x1-hints"].source
    total = exercise.worth + 3
    assert f"1 exercise, {total} points, 3 of them for the open question" in there["leaks-title"].source
    assert all(aspect in there["leaks-x1-task"].source for aspect in exercise.aspects)


def test_a_variant_and_a_name_go_into_the_notebook(kit: Path) -> None:
    told = made(variant="wt26-7f3a", course="Pipes")
    there = {cell["id"]: "".join(cell["source"]) for cell in told["cells"]}
    assert 'course("wt26-7f3a")' in there["leaks-setup"] and 'course("kit")' not in there["leaks-setup"]
    assert "*Pipes*" in there["leaks-title"]


def test_the_release_has_the_stub_in_the_place_of_the_solution(course: Path) -> None:
    generate(course, ["leaks"])
    there = cells(course / "release/leaks/leaks.ipynb")
    assert there["leaks-x1"].source == stub("leaks-x1").strip()
    text = (course / "release/leaks/leaks.ipynb").read_text()
    for hidden in ("BEGIN SOLUTION", "BEGIN STUB", "MODEL ANSWER"):
        assert hidden in (course / "source/leaks/leaks.ipynb").read_text()
        assert hidden not in text
    assert there["leaks-open"].source == "*Write your answer here, in place of this line.*"
    assert there["leaks-setup"].metadata.editable is False
    assert there["leaks-x1-check"].metadata.editable is False
    assert "editable" not in there["leaks-x1"].metadata


@pytest.mark.deep
def test_the_same_source_gives_the_same_release(course: Path) -> None:
    generate(course, ["leaks"])
    once = (course / "release/leaks/leaks.ipynb").read_bytes()
    generate(course, ["leaks"])
    assert (course / "release/leaks/leaks.ipynb").read_bytes() == once


@pytest.mark.deep
def test_nbgraders_own_command_makes_the_same_release(course: Path) -> None:
    generate(course, ["leaks"])
    path = course / "release/leaks/leaks.ipynb"
    ours = path.read_bytes()
    ended = subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", "leaks", "--force"],
        cwd=course, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert path.read_bytes() == ours


@pytest.mark.deep
def test_half_a_region_stops_the_release_with_its_reason(course: Path) -> None:
    path = course / "source/leaks/leaks.ipynb"
    path.write_text(path.read_text().replace("### END STUB", ""))
    with pytest.raises(Trouble, match=r"no release of leaks: .*answer cell leaks-x1 needs these four lines"):
        generate(course, ["leaks"])


def test_a_cell_without_a_stub_is_cleared_as_nbgrader_does_it() -> None:
    cell = nbformat.v4.new_code_cell("### BEGIN SOLUTION\nx = 1\n### END SOLUTION")
    cell.metadata["nbgrader"] = {"solution": True, "grade_id": "old"}
    cleared, _ = Stubs().preprocess_cell(cell, {"language": "python"}, 0)
    assert cleared.source == "# YOUR CODE HERE\nraise NotImplementedError()"


@pytest.mark.parametrize("text", ["", "x = 1", "def f():\n\n    # why\n    return 1", "#no space\n# \n#"])
def test_a_commented_stub_comes_back_whole(text: str) -> None:
    assert uncommented(commented(text)) == text


ASSIGNMENT, TASK = "assignments/leaks.md", "leaks_x1/task.md"


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        (ASSIGNMENT, "# All about leaks\n", "All\n", r"leaks\.md, line 1: .* begins with its title"),
        (ASSIGNMENT, "(points: 3)", "(3 points)", r"line \d+: an open question is"),
        (
            ASSIGNMENT,
            "## leaks-open",
            "## leaks-x7",
            r"allowed is one open question, `## leaks-open · Title`",
        ),
        (TASK, "## leaks-x1 ·", "## leaks-x1 -", r"line 1: the heading is 'leaks-x1 - .*', and should be"),
        (TASK, "(kind: fix)", "(kind: mend)", r"line 2: below the heading comes `\(kind: …\)`, one of fix"),
        (TASK, "### Hints", "### Help", r"line 1: leaks-x1 needs exactly one part `### Hints`"),
        (TASK, "2. Look", "Look", r"line \d+: leaks-x1 needs three hints, but has 2"),
        (TASK, "## leaks-x1 ·", "## chains-x1 ·", r"chains-x1 belongs in the folder chains_x1"),
        (TASK, "### Hints", "## leaks-x2 · B\n### Hints", r"allowed is one exercise, .* and not 2"),
    ],
)
def test_texts_that_do_not_fit_are_named_with_their_line(
    kit: Path, file: str, before: str, after: str, said: str
) -> None:
    path = kit / "src/lessons/exercises" / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(Trouble, match=said):
        texts(kit / "src/lessons/exercises" / ASSIGNMENT)


def test_a_text_that_says_something_else_than_its_check_is_refused(kit: Path) -> None:
    path = kit / "src/lessons/exercises" / TASK
    path.write_text(path.read_text().replace(exercises()["leaks-x1"].title, "Another title"))
    with pytest.raises(Trouble, match="leaks-x1: its text says title 'Another title', but its check"):
        made()


def test_a_notebook_is_plain_json(kit: Path) -> None:
    assert json.loads(as_bytes(made())) == made()


def test_a_check_cell_that_no_judge_decides_is_named_before_it_is_handed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = coursework.make(tmp_path / "course")
    assert weaker(course, course.assignments) == []
    path = course.release("leaks")
    whole = json.loads(path.read_text(encoding="utf-8"))
    plain = coursework.cell("code", "assert x == 1", "plain", grade=True, locked=True, points=1)
    path.write_text(json.dumps(whole | {"cells": [*whole["cells"], plain]}), encoding="utf-8")
    [said] = weaker(course, course.assignments)
    assert said.startswith("leaks: a hostile submission can make plain pass. The judge decides")
    assert main(["student-kit", str(tmp_path / "kit.zip"), "--course", str(course.root)]) == 0
    assert said in capsys.readouterr().out
