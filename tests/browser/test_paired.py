"""The nine paired questions in JupyterLab: answered by keys or mouse, stored once, and the gain shown."""

from __future__ import annotations

import re

import pytest
from harness import Lab
from playwright.sync_api import Locator, expect

from lessons.study.pairs import pairs

CELLS = (
    "from lessons import after, before, progress",
    "before()",
    "after()",
    "progress()",
    'before("ABC")',
)
HARMLESS = "abcdhijklmnopqrstuvxyz0dd."
"""Keys that edit, insert, move, delete or run cells in JupyterLab's command mode."""
STORE = "Store my answers"


def card(lab: Lab, number: int) -> Locator:
    return lab.output(number).get_by_role("group", name=re.compile("^Nine questions"))


def choose(box: Locator, point: int, letter: str) -> None:
    group = box.get_by_role("radiogroup").nth(point - 1)
    group.get_by_role("radio", name=re.compile(rf"^{re.escape(letter)}\s")).check()


def sources(lab: Lab) -> list[tuple[str, str]]:
    return [(cell["cell_type"], "".join(cell["source"])) for cell in lab.cells()]


def restart(lab: Lab) -> None:
    lab.page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }"
    )
    lab.wait_idle()


@pytest.mark.deep
def test_nine_answers_by_keyboard_alone_and_the_gain(lab: Lab) -> None:
    lab.write("paired.ipynb", *CELLS[:4])
    lab.open("paired.ipynb")
    for number in (0, 1):
        lab.run_cell(number)
    cells, keys = sources(lab), lab.page.keyboard
    box = card(lab, 1)
    status = box.get_by_role("status")
    expect(status).to_have_text("0 of 9 answered")
    box.get_by_role("radio").first.focus()
    for pair in pairs():
        # Space takes the first answer; "I do not know" is the fifth.
        for key in ["Space"] + ["ArrowDown"] * (4 if pair.point == 1 else 1):
            keys.press(key)
        for key in HARMLESS if pair.point == 2 else "":
            keys.press(key)
        keys.press("Tab")
    expect(status).to_have_text("9 of 9 answered")
    expect(box.get_by_role("button", name=STORE)).to_be_focused()
    keys.press("Enter")
    expect(status).to_contain_text("Your answers are stored.")
    expect(status).to_be_focused()
    for key in HARMLESS:
        keys.press(key)
    assert sources(lab) == cells, "no cell was edited, inserted, moved or deleted"
    for name in ("light", "dark"):
        lab.theme(name)
        assert lab.axe(".jp-Notebook .jp-OutputArea") == []
        lab.screenshot(f"before-{name}", box)
    lab.run_cell(2)
    box = card(lab, 2)
    for pair in pairs():
        choose(box, pair.point, pair.after.right.letter if pair.point < 9 else "?")
    box.get_by_role("button", name=STORE).click()
    rightly = sum(pair.before.right.letter == "B" for pair in pairs()[1:])
    gain = f"{rightly} of 9 answers were right, after it 8. Gain: +{8 - rightly}."
    expect(box).to_contain_text(gain)
    lab.run_cell(3)
    expect(lab.output(3)).to_contain_text(gain)
    for name in ("light", "dark"):
        lab.theme(name)
        assert lab.axe(".jp-Notebook .jp-OutputArea") == []
        lab.screenshot(f"after-{name}", box)
        lab.screenshot(f"progress-{name}", lab.output(3))


@pytest.mark.deep
def test_five_slips(lab: Lab) -> None:
    """A mis-tap, a button pressed too early, a cell run twice, a restarted kernel, a wrong call, an edit."""
    lab.write("slips.ipynb", *CELLS)
    lab.open("slips.ipynb")
    for number in (0, 1):
        lab.run_cell(number)
    box = card(lab, 1)
    for point in (1, 2, 4):
        choose(box, point, "A")
    choose(box, 1, "B")
    box.get_by_role("button", name=STORE).click()
    expect(box.get_by_role("status")).to_have_text("3 of 9 answered. Not answered yet: 3, 5, 6, 7, 8, 9.")
    expect(box.get_by_role("radiogroup").nth(2).get_by_role("radio").first).to_be_focused()
    lab.screenshot("paired-missing")
    # The first click of two moves the page, so the second one finds something else under the pointer.
    box.get_by_role("button", name=STORE).dblclick()
    expect(box.get_by_role("status")).to_have_text("3 of 9 answered. Not answered yet: 3, 5, 6, 7, 8, 9.")
    lab.run_cell(1)
    expect(card(lab, 1).get_by_role("status")).to_have_text("3 of 9 answered")
    for pair in pairs():
        choose(card(lab, 1), pair.point, "?")
    restart(lab)
    card(lab, 1).get_by_role("button", name=STORE).click()
    expect(card(lab, 1).get_by_role("status")).to_contain_text("Not stored: the kernel was restarted.")
    for number in (0, 1):
        lab.run_cell(number)
    box = card(lab, 1)
    expect(box.get_by_role("status")).to_have_text("9 of 9 answered")
    box.get_by_role("button", name=STORE).click()
    expect(box).to_contain_text("I do not know ◄ your answer")
    lab.run_cell(4)
    assert "which has 3" in lab.text(4)
    lab.page.evaluate(
        "() => { window.jupyterapp.shell.currentWidget.content.widgets[4].model.sharedModel"
        ".setSource('before(\"AAAAAAAAA\")'); }"
    )
    lab.run_cell(4)
    expect(card(lab, 4).get_by_text("I do not know ◄ your answer")).to_have_count(9)
    restart(lab)
    for number in (0, 1):
        lab.run_cell(number)
    expect(card(lab, 1).get_by_role("status")).to_contain_text("These first ones count")
    expect(card(lab, 1).get_by_role("radio").first).to_be_disabled()


@pytest.mark.deep
@pytest.mark.parametrize("lab", [(900, 900), (853, 600)], indirect=True)
def test_nothing_is_cut_off_on_a_narrow_screen(lab: Lab) -> None:
    lab.write("narrow.ipynb", *CELLS[:1], 'before("ABCDABCDA")', 'after("ABCDABCDA")', "progress()")
    lab.open("narrow.ipynb")
    lab.run_all()
    for number in (1, 2, 3):
        expect(lab.output(number)).to_be_attached()
        wide = lab.output(number).evaluate(
            "out => [...out.querySelectorAll('*')].filter(one => one.scrollWidth > one.clientWidth + 1"
            " && getComputedStyle(one).display !== 'inline' && one.clientWidth)"
            ".map(one => one.className || one.tagName)"
        )
        assert wide == []
        lab.screenshot(f"paired-narrow-{number}", lab.output(number))


@pytest.mark.deep
def test_links_of_progress_open_in_the_same_lab(lab: Lab) -> None:
    lab.open("notebooks/05_composition.ipynb")
    last = len(lab.cells()) - 1
    lab.page.evaluate(
        "n => { window.jupyterapp.shell.currentWidget.content.widgets[n].model.sharedModel.setSource("
        "'from lessons import predict, progress\\nprogress()'); }",
        last,
    )
    lab.run_cell(last)
    here = "window.jupyterapp.shell.currentWidget"
    # The first click opens the lesson; in one that is open, the link also leads to the question.
    for _ in range(2):
        lab.command("docmanager:open", path="notebooks/05_composition.ipynb")
        lab.output(last).get_by_role("link", name="start-w1").click()
        lab.page.wait_for_function(f"() => {here}.title.label === '00_start_here.ipynb'")
        lab.wait_idle()
    asked = lab.page.locator('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell[data-jpf-cell-id="w1-ask"]')
    expect(asked).to_be_in_viewport()
