"""A student solves an exercise in JupyterLab: missing, wrong with its name, then correct."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness import Lab

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


def test_a_student_sees_wrong_with_its_name_and_then_correct(lab: Lab) -> None:
    target = lab.server.desk / RELEASE
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(COURSE / RELEASE, target)
    lab.open(RELEASE)
    at = numbered(lab)
    check = at["leaks-x1-check"]
    lab.run_cell(at["leaks-setup"])
    lab.run_cell(at["leaks-x1"])
    lab.run_cell(check)
    assert "leaks-x1 is missing" in lab.output(check).inner_text()

    (wrong,) = SOLUTIONS.glob("wrong_1_*.py")
    answer(lab, at["leaks-x1"], wrong.read_text(encoding="utf-8"))
    said = lab.output(check).inner_text()
    assert "leaks-x1 is wrong" in said and wrong.stem.removeprefix("wrong_1_") in said
    lab.screenshot("exercise-wrong")

    answer(lab, at["leaks-x1"], (SOLUTIONS / "right_1.py").read_text(encoding="utf-8"))
    assert "leaks-x1 is correct" in lab.output(check).inner_text()
    for theme in ("light", "dark"):
        lab.theme(theme)
        assert lab.axe(".jp-Notebook .jp-OutputArea") == []
        lab.screenshot(f"exercise-correct-{theme}")
    assert lab.unexpected_errors() == []


def test_hints_are_folded_and_what_is_not_the_students_cannot_be_edited(lab: Lab) -> None:
    target = lab.server.desk / RELEASE
    target.parent.mkdir(parents=True, exist_ok=True)
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
