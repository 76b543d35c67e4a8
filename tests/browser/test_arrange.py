"""Programs put in order in JupyterLab: by keyboard alone, by mouse, and with five slips."""

from __future__ import annotations

import re

import pytest
from harness import Lab
from labs import fits, larger, spoken
from playwright.sync_api import Locator, expect
from test_predictions import HARMLESS, sources

from lessons.study.arranged import problems

CELLS = ("from lessons import arrange", 'arrange("leaks-a1")', 'arrange("leaks-a1", "E B1 C2")')


def opened(lab: Lab, *cells: str) -> Locator:
    lab.write("lines.ipynb", *cells)
    lab.open("lines.ipynb")
    for number in (0, 1):
        lab.run_cell(number)
    return lab.output(1).get_by_role("group", name="Lines of ")


def lines(box: Locator, name: str) -> Locator:
    return box.get_by_role("list", name=name).locator(".lc-arrange-line")


def says(box: Locator, sentence: str) -> None:
    expect(box.get_by_role("status")).to_contain_text(sentence)


def test_by_keyboard_alone_no_key_reaches_the_notebook(lab: Lab) -> None:
    box, keys = opened(lab, *CELLS[:2]), lab.page.keyboard
    before = sources(lab)
    expect(box).to_have_accessible_description(re.compile("^Keys: "))
    lines(box, "Lines to use").first.focus()
    for place, (letter, depth) in enumerate(problems()["leaks-a1"].rights[0], 1):
        shown = [text[0] for text in lines(box, "Lines to use").all_inner_texts()]
        keys.press("Home")
        for _ in range(shown.index(letter)):
            keys.press("ArrowDown")
        keys.press("Enter")
        says(box, f"{letter} is line {place}, ")
        keys.press("Tab")
        line = box.get_by_role("list", name="Your program").locator("[aria-current]")
        expect(line).to_be_focused()
        for _ in range(5):
            keys.press("ArrowLeft")
        for _ in range(depth):
            keys.press("ArrowRight")
        words = ["not indented", "indented once", "indented twice", "indented 3 times"][depth]
        says(box, f"{letter} is line {place}, {words}." if depth else f"{letter} is not indented.")
        keys.press("Shift+Tab")
    keys.press("Tab")
    for key in ("u", "ArrowUp", "ArrowUp", "End", "d"):
        keys.press(key)
    says(box, "F is the last line already.")
    keys.press("ArrowUp")
    for key in HARMLESS.replace("d", "").replace("u", "").replace(" ", ""):
        keys.press(key)
    keys.press("d")
    keys.press("Tab")
    expect(box.get_by_role("button", name="Check")).to_be_focused()
    for key in HARMLESS.strip():
        keys.press(key)
    keys.press("Enter")
    says(box, "All 9 lines are right. The program was run.")
    assert sources(lab) == before, "no cell was edited, inserted, moved or deleted"


@pytest.mark.deep
def test_by_mouse_each_button_says_what_it_did(lab: Lab) -> None:
    box = opened(lab, *CELLS[:2])
    for letter in "EBJ":
        lines(box, "Lines to use").filter(has_text=re.compile(rf"^{letter}")).click()
    says(box, "J is line 3, indented twice.")
    for name, said in (
        ("Move up: J", "J is line 2, indented twice."), ("Indent less: J", "J is line 2, indented once."),
        ("Move up: J", "J is line 1, indented once."), ("Move up: J", "J is the first line already."),
        ("Indent more: J", "J is line 1, indented twice."), ("Move down: J", "J is line 2, indented twice."),
    ):  # fmt: skip
        button = box.get_by_role("button", name=name)
        button.click()
        says(box, said)
        expect(button).to_be_focused()
    box.get_by_role("button", name="Check").click()
    says(box, "Line 2 is the first line that cannot be right: J, self.connection = engine.connect()")
    expect(box.locator(".lc-arrange-wrong")).to_contain_text("cannot be right")
    box.get_by_role("button", name="Put away: J").click()
    says(box, "J is put away.")
    expect(box.locator(".lc-arrange-wrong")).to_have_count(0)
    lines(box, "Lines to use").filter(has_text="if kind is None").click()
    box.get_by_role("button", name="Check").click()
    says(box, "It does not belong to this program.")
    assert any(name.startswith("button Move up: ") for name in spoken(lab, box))
    for theme in ("light", "dark"):
        lab.theme(theme)
        assert lab.axe(".lc-arrange") == []
        lab.screenshot(f"arrange-{theme}", box)
    lab.theme("light")
    larger(lab)
    assert lab.axe(".lc-arrange") == []
    lab.command("application:toggle-left-area")
    lab.page.set_viewport_size({"width": 900, "height": 2000})
    fits(box)
    larger(lab, 1 / 1.5)
    fits(box)


@pytest.mark.deep
def test_five_slips(lab: Lab) -> None:
    """A line put in by mistake, a cell run twice, an edited cell, a wrong call, and a restarted kernel."""
    box = opened(lab, *CELLS, 'arrange("leaks-a1", "E B1 Z")')
    box.get_by_role("button", name="Check").click()
    says(box, "There is no line in your program yet.")
    for letter in "EA":
        lines(box, "Lines to use").filter(has_text=re.compile(rf"^{letter}")).click()
    box.get_by_role("button", name="Put away: A").click()
    lab.run_cell(1)
    expect(lines(box, "Your program")).to_have_text(["Eclass Reported:"])
    lab.run_cell(3)
    assert "'Z' is not a line of leaks-a1. Write a letter from A to K" in " ".join(lab.text(3).split())
    expect(lines(box, "Your program")).to_have_text(["Eclass Reported:"])
    lab.run_cell(2)
    for shown in (box, lab.output(2).get_by_role("group", name="Lines of ")):
        expect(lines(shown, "Your program")).to_have_count(3)
        says(shown, "Line 3 is the first line that cannot be right: C")
    lab.page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }"
    )
    lab.wait_idle()
    box.get_by_role("button", name="Put away: C").click()
    says(box, "C is put away.")
    box.get_by_role("button", name="Check").click()
    says(box, "Not checked: the kernel was restarted. Run this cell again.")
    for number in (0, 1):
        lab.run_cell(number)
    box = lab.output(1).get_by_role("group", name="Lines of leaks-a1")
    expect(lines(box, "Your program")).to_have_count(2)  # a restart loses nothing
    box.get_by_role("button", name="Check").click()
    says(box, "The 2 lines of your program are right so far.")
