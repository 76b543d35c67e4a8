"""A student solves an exercise in JupyterLab: missing, wrong with its name, then correct."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from harness import Lab
from labs import fits, larger
from playwright.sync_api import expect

from lessons.exercises import exercises
from lessons.study.questions import misconceptions

COURSE = Path(__file__).resolve().parents[2]
RELEASE = "exercises/release/leaks/leaks.ipynb"
SOLUTIONS = COURSE / "exercises/solutions/leaks-x1"


def numbered(lab: Lab) -> dict[str, int]:
    return {cell["id"]: number for number, cell in enumerate(lab.cells())}


def answer(lab: Lab, number: int, text: str) -> None:
    """Write an answer into its cell, as a paste does."""
    lab.page.evaluate(
        """([n, text]) => {
            const content = window.jupyterapp.shell.currentWidget.content;
            content.widgets[n].model.sharedModel.setSource(text);
        }""",
        [number, text],
    )
    lab.run_cell(number)
    lab.run_cell(number + 1)


def looks(lab: Lab, check: int, name: str) -> None:
    """Light and dark, and in the end large and narrow: axe finds nothing, and nothing sticks out."""
    panel = lab.output(check).get_by_role("group")
    for theme in ("dark", "light"):
        lab.theme(theme)
        assert lab.axe(".jp-Notebook .jp-OutputArea") == []
        lab.screenshot(f"{name}-{theme}", panel)
    larger(lab)
    lab.page.set_viewport_size({"width": 900, "height": 900})
    fits(panel)
    lab.screenshot(f"{name}-large-narrow", panel)
    lab.page.set_viewport_size({"width": 1280, "height": 900})
    larger(lab, 1 / 1.5)


def test_a_student_sees_wrong_with_its_name_and_then_correct(lab: Lab) -> None:
    target = lab.server.desk / RELEASE
    assert target.is_file(), "`lifecycle lab` lays it on the desk"
    shutil.copyfile(COURSE / RELEASE, target)
    lab.open(RELEASE)
    at = numbered(lab)
    check = at["leaks-x1-check"]
    lab.run_cell(at["leaks-setup"])
    lab.run_cell(at["leaks-x1"])
    lab.run_cell(check)
    assert "leaks-x1 is missing" in lab.output(check).inner_text()

    (wrong,) = SOLUTIONS.glob("wrong_12_*.py")
    belief = misconceptions()[wrong.stem.removeprefix("wrong_12_")]
    answer(lab, at["leaks-x1"], wrong.read_text(encoding="utf-8"))
    expect(lab.output(check).get_by_role("status")).to_contain_text("leaks-x1 is wrong")
    said = lab.output(check).get_by_role("group", name="Check of leaks-x1: wrong").inner_text()
    for part in (
        belief.id,
        "Seen: still open after Ctrl-C while the sink",
        "Try: Exception does not include Ctrl-C",
    ):
        assert part in said
    looks(lab, check, "exercise-wrong")

    answer(lab, at["leaks-x1"], (SOLUTIONS / "right_1.py").read_text(encoding="utf-8"))
    worth = exercises()["leaks-x1"].worth
    status = lab.output(check).get_by_role("status")
    expect(status).to_contain_text(f"leaks-x1 is correct. {worth} of {worth} points.")
    looks(lab, check, "exercise-correct")
    lab.run_cell(len(lab.cells()) - 1)
    assert "exercises: 1 of 5 correct" in lab.output(len(lab.cells()) - 1).inner_text()
    assert lab.unexpected_errors() == []


@pytest.mark.deep
def test_hints_are_folded_and_what_is_not_the_students_cannot_be_edited(lab: Lab) -> None:
    target = lab.server.desk / RELEASE
    assert target.is_file(), "`lifecycle lab` lays it on the desk"
    shutil.copyfile(COURSE / RELEASE, target)
    lab.open(RELEASE)
    at = numbered(lab)
    hints = lab.cell(at["leaks-x1-hints"])
    assert hints.locator("details").count() == 3
    assert hints.locator("details[open]").count() == 0
    hints.locator("summary").first.click()
    assert hints.locator("details[open]").count() == 1
    editable = {id: lab.cells()[number]["metadata"].get("editable", True) for id, number in at.items()}
    assert not editable["leaks-setup"] and not editable["leaks-x1-check"]
    assert editable["leaks-x1"] and editable["leaks-open"]
    lab.screenshot("exercise-task")
