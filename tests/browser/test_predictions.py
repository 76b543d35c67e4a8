"""Predictions in JupyterLab: answered in the cell, replied to under the answer, kept for the next kernel."""

from __future__ import annotations

import pytest
from harness import Lab

CELLS = (
    "from lessons import predict, progress",
    'predict("leaks-p2", "A")',
    "# Answers leaks-p2\nprint('0 of 20 slots are taken')",
    'predict("leaks-p1", votes="A12 B30 C5 D2")',
    'progress("leaks")',
)


def test_the_reply_stands_under_the_cell_that_shows_the_truth(lab: Lab) -> None:
    lab.write("predictions.ipynb", *CELLS)
    lab.open("predictions.ipynb")
    for number in range(len(CELLS)):
        lab.run_cell(number)
    assert "Locked in: A. Now run the next cell." in lab.output(1).inner_text()
    assert "You predicted A." in lab.output(2).inner_text()
    assert lab.output(1).get_by_role("group", name="Prediction leaks-p2").count() == 1
    lab.output(3).get_by_role("row", name="B the pool opens").wait_for()
    lab.output(3).get_by_text("The truth", exact=True).click()
    assert "What happens is C" in lab.output(3).inner_text()
    assert "leaks-p2: predicted A; what happens is C" in lab.output(4).inner_text()
    for name in ("light", "dark"):
        lab.theme(name)
        assert lab.axe(".jp-Notebook .jp-OutputArea") == []
        lab.screenshot(f"predictions-{name}")


@pytest.mark.deep
def test_the_first_answer_outlives_its_kernel(lab: Lab) -> None:
    lab.write("first.ipynb", CELLS[0], 'predict("leaks-p2", "B")')
    lab.write("second.ipynb", CELLS[0], 'predict("leaks-p2", "C")')
    for name in ("first", "second"):
        lab.open(f"{name}.ipynb")
        lab.run_all()
    assert "Locked in: B. The first answer stands; C is kept" in lab.output(1).inner_text()
