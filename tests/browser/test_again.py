"""`again` in JupyterLab: three variants on one card each, answered by mouse or keys, replied to at once."""

from __future__ import annotations

import re

import pytest
from harness import Lab
from playwright.sync_api import Locator, expect

MISSED = """
from datetime import timedelta
from lessons.study import journal
from lessons.study.predictions import journal as kept
real = journal.now
journal.now = lambda: real() - timedelta(days=2)
for id, key in [("leaks-p3", "leaks-refcount-closes"), ("start-p1", "right"), ("start-p2", "right")]:
    kept.add("answer", id, key)
    kept.add("reveal", id)
journal.now = real
"""
"""Two days ago: one prediction was wrong, two were right."""
CELLS = (MISSED, "from lessons import again", "again()", 'again("leaks-p3-1", "Z")')
HARMLESS = "abcdhijklmnopqrstuvxyz0dd. "
"""Keys that edit, insert, move, delete or run cells in JupyterLab's command mode."""


def question(lab: Lab, number: int, cell: int = 2) -> Locator:
    return lab.output(cell).get_by_role("group", name=f"Question {number} of 3", exact=True)


def status(lab: Lab, number: int, cell: int = 2) -> Locator:
    return question(lab, number, cell).get_by_role("status")


def radio(box: Locator, letter: str) -> Locator:
    return box.get_by_role("radio", name=re.compile(rf"^{letter}\s"))


def opened(lab: Lab) -> None:
    lab.write("again.ipynb", *CELLS)
    lab.open("again.ipynb")
    for number in (0, 1, 2):
        lab.run_cell(number)
    question(lab, 3).wait_for()


@pytest.mark.deep
def test_two_days_later_the_missed_one_comes_first_and_the_reply_at_once(lab: Lab) -> None:
    opened(lab)
    first = question(lab, 1)
    expect(first).to_contain_text("self.step = self.run")
    first.get_by_role("button", name="Sure").click()
    expect(status(lab, 1)).to_have_text("Choose an option first.")
    radio(first, "A").check()  # a mis-tap costs nothing
    for number in (1, 2, 3):
        box = question(lab, number)
        radio(box, "B").check()
        box.get_by_role("button", name="Guess", exact=True).click()
        expect(status(lab, number)).to_contain_text("You answered B (a guess)")
    expect(status(lab, 1)).to_contain_text("question leaks-p3 in 01_leaks")
    expect(status(lab, 3)).to_contain_text("That was three, and all for today. The next ones are due on")
    for name in ("light", "dark"):
        lab.theme(name)
        assert lab.axe(".jp-Notebook .jp-OutputArea") == []
        lab.screenshot(f"again-{name}")


@pytest.mark.deep
def test_by_keyboard_alone_and_no_key_reaches_the_notebook(lab: Lab) -> None:
    opened(lab)
    before = [(cell["cell_type"], "".join(cell["source"])) for cell in lab.cells()]
    keys = lab.page.keyboard
    question(lab, 1).get_by_role("radio").first.focus()
    for number in (1, 2, 3):
        keys.press("Space")
        keys.press("ArrowDown")
        expect(radio(question(lab, number), "B")).to_be_focused()
        for key in HARMLESS.strip():
            keys.press(key)
        keys.press("Tab")
        expect(question(lab, number).get_by_role("button", name="Sure")).to_be_focused()
        keys.press("Enter")
        expect(status(lab, number)).to_contain_text("You answered B (sure)")
        keys.press("Tab")
        keys.press("Tab")
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in lab.cells()] == before


@pytest.mark.deep
def test_slips(lab: Lab) -> None:
    """The cell run twice, an answer given twice, wrong input, and a kernel that was restarted."""
    opened(lab)
    radio(question(lab, 1), "B").check()
    question(lab, 1).get_by_role("button", name="Sure").click()
    expect(status(lab, 1)).to_contain_text("You answered B (sure)")
    radio(question(lab, 1), "A").check()
    question(lab, 1).get_by_role("button", name="Sure").click()
    lab.run_cell(2)
    expect(status(lab, 1)).to_contain_text("You answered B (sure)")
    expect(radio(question(lab, 1), "B")).to_be_checked()
    lab.run_cell(3)
    assert "leaks-p3-1 has no option 'Z'." in lab.text(3)
    lab.page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }"
    )
    lab.wait_idle()
    radio(question(lab, 2), "A").check()
    question(lab, 2).get_by_role("button", name="Sure").click()
    expect(status(lab, 2)).to_have_text("Not saved: the kernel was restarted. Run this cell again.")
    lab.run_cell(1)
    lab.run_cell(2)
    expect(lab.output(2).get_by_role("group", name="Question 1 of 2")).to_be_visible()
