"""Predictions in JupyterLab: chosen, committed, replied to under the answer, kept for the next kernel."""

from __future__ import annotations

import re

import pytest
from harness import Lab
from labs import spoken
from playwright.sync_api import Locator, expect

CELLS = (
    "from lessons import predict, progress",
    'predict("leaks-p2")',
    "# Answers leaks-p2\nprint('0 of 20 slots are taken')",
    "# md <details><summary>After you ran it</summary>\n\nThe explanation.\n\n</details>",
    'predict("leaks-p1", votes="A12 B30 C5 D2")',
    'progress("leaks")',
)
HARMLESS = "abcdhijklmnopqrstuvxyz0dd. "
"""Keys that edit, insert, move, delete or run cells in JupyterLab's command mode."""


def press(box: Locator, name: str) -> None:
    box.get_by_role("button", name=name, exact=True).click()


def radio(box: Locator, letter: str) -> Locator:
    return box.get_by_role("radio", name=re.compile(rf"^{letter}\s"))


def sources(lab: Lab) -> list[tuple[str, str]]:
    return [(cell["cell_type"], "".join(cell["source"])) for cell in lab.cells()]


def test_one_act_to_choose_and_one_to_commit(lab: Lab) -> None:
    lab.write("predictions.ipynb", *CELLS)
    lab.open("predictions.ipynb")
    for number in (0, 1):
        lab.run_cell(number)
    box = lab.output(1).get_by_role("group", name="Prediction leaks-p2")
    status = box.get_by_role("status")
    press(box, "Sure")
    expect(status).to_have_text("Choose an option first.")
    radio(box, "B").check()  # a mis-tap costs nothing
    radio(box, "A").check()
    box.get_by_label("because …").fill("nobody closes it")
    lab.run_cell(1)
    expect(box).to_have_count(1)
    expect(radio(box, "A")).to_be_checked()  # a cell that is run twice loses nothing
    press(box, "Guess")
    now = "Now run the next cell, which begins with # Answers leaks-p2."
    expect(status).to_have_text(f"Your prediction: A (a guess). {now}")
    lab.run_cell(2)
    for said in ("You predicted A.", "You wrote: because nobody closes it"):
        expect(lab.output(2)).to_contain_text(said)
    expect(lab.cell(3).locator("details")).to_have_attribute("open", "")
    lab.run_cell(4)
    expect(lab.output(4).locator(".lc-vote-options .lc-choice-count")).to_have_text(["12", "30", "5", "2"])
    expect(lab.output(4).get_by_role("status")).to_have_text("Votes: 49. Now run the next cell.")
    expect(lab.output(4).get_by_role("radio")).to_have_count(0)
    lab.run_cell(5)
    assert "In leaks-p2 you guessed: " in lab.output(5).inner_text()
    for name in ("light", "dark"):
        lab.theme(name)
        assert lab.axe(".jp-Notebook .jp-OutputArea") == []
        lab.screenshot(f"predictions-{name}")


@pytest.mark.deep
def test_by_keyboard_no_key_reaches_the_notebook_and_the_focus_stays(lab: Lab) -> None:
    lab.write("keys.ipynb", *CELLS)
    lab.open("keys.ipynb")
    for number in (0, 1):
        lab.run_cell(number)
    before = sources(lab)
    box, keys = lab.output(1).get_by_role("group", name="Prediction leaks-p2"), lab.page.keyboard
    radios = box.get_by_role("radio")
    radios.first.focus()
    keys.press("Space")
    for letter in "BCABC":
        keys.press("ArrowDown")
        expect(radio(box, letter)).to_be_focused()
    for key in HARMLESS:
        keys.press("Space" if key == " " else key)
    keys.press("Tab")
    keys.type("because " + HARMLESS)
    keys.press("Tab")
    expect(box.get_by_role("button", name="Sure")).to_be_focused()
    for key in HARMLESS.strip():
        keys.press(key)
    keys.press("Enter")
    expect(box.get_by_role("status")).to_contain_text("Your prediction: C (sure).")
    expect(box.get_by_role("button", name="Sure")).to_be_focused()
    assert sources(lab) == before, "no cell was edited, inserted, moved or deleted"
    lab.run_cell(2)
    assert "You predicted C, and that is what happens." in lab.output(2).inner_text()
    assert lab.cell(3).locator("details").get_attribute("open") is None, "who was right opens it by hand"
    group, ask, *told = spoken(lab, box)
    assert group == "group Prediction leaks-p2" and ask.startswith("radiogroup Predict. ")
    assert told == [
        "radio A 20", "radio B 1", "radio C 0 ◄ your prediction checked=true",
        "textbox because … (if you like)", "button Sure", "button Guess", "status live=polite",
    ]  # fmt: skip


@pytest.mark.deep
def test_five_slips(lab: Lab) -> None:
    """A cell run twice, another answer, an edited answer cell, a restarted kernel, and a wrong call."""
    lab.write("slips.ipynb", *CELLS[:3], 'predict("leaks-p2", "Z")')
    lab.open("slips.ipynb")
    for number in (0, 1, 1):
        lab.run_cell(number)
    box = lab.output(1).get_by_role("group", name="Prediction leaks-p2")
    radio(box, "B").check()
    press(box, "Sure")
    radio(box, "C").check()
    press(box, "Sure")
    expect(box.get_by_role("status")).to_contain_text("Only the first answer counts; C is kept")
    lab.page.evaluate(
        "() => { const { content } = window.jupyterapp.shell.currentWidget;"
        " content.widgets[2].model.sharedModel.setSource(\"# Answers leaks-p2\\nprint('7 of 20')\"); }"
    )
    lab.run_cell(2)
    assert "This cell showed 7 of 20, where the lesson expects 0 of 20" in lab.output(2).inner_text()
    lab.run_cell(3)
    assert "leaks-p2 has no option 'Z'." in lab.output(3).inner_text()
    lab.page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }"
    )
    lab.wait_idle()
    press(box, "Guess")
    expect(box.get_by_role("status")).to_have_text(
        "Not saved: the kernel was restarted. Run this cell again."
    )
    for number in (0, 1):
        lab.run_cell(number)
    box = lab.output(1).get_by_role("group", name="Prediction leaks-p2")
    expect(box.get_by_role("status")).to_contain_text("Your prediction: B (sure).")


@pytest.mark.deep
def test_the_first_answer_outlives_its_kernel(lab: Lab) -> None:
    lab.write("first.ipynb", CELLS[0], 'predict("leaks-p2", "B")')
    lab.write("second.ipynb", CELLS[0], 'predict("leaks-p2", "C")')
    for name in ("first", "second"):
        lab.open(f"{name}.ipynb")
        lab.run_all()
    expect(lab.output(1)).to_contain_text(
        "Your prediction: B (sure). Only the first answer counts; C is kept"
    )
