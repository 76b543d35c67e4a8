"""Keys in the slides of `lifecycle present`: a clicker is enough, and no slip does harm."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from harness import PATIENCE, Lab, Server, browse, notebook
from measuring import BEGUN, CONTENT, begin
from playwright.sync_api import BrowserContext, Page, expect

DECK = (
    # slide type, source, tag
    ("slide", "# md # Keys\n\nSee [another place](../other.ipynb).", ""),
    ("slide", "# md ## Code", ""),
    ("", "seen = globals().get('seen', 0) + 1\nseen", ""),
    ("slide", "# md ## A question", ""),
    ("", "from lessons import predict\npredict('leaks-p1')", "predict"),
    ("slide", "# md ## A lab", ""),
    (
        "",
        "import ipywidgets\nfrom lessons import ExitLab\n"
        "display(ExitLab(), ipywidgets.Button(description='Of ipywidgets'))",
        "widget",
    ),
)
TITLE, CODE_HEADING, CODE, ASK, QUESTION, LAB_HEADING, LAB = range(len(DECK))

NAMED = ["Enter", "Backspace", "Delete", "Insert", "Escape", "Tab", "ContextMenu"]
PLAIN = [*string.ascii_lowercase, *string.digits, *"-=[]\\;',./`", *NAMED, *(f"F{n}" for n in range(1, 13))]
MOVES = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End", "Space"]
RUNS = {"Shift+Enter", "Control+Shift+Enter"}
SLIPS = [
    *PLAIN,
    *(f"{held}+{key}" for held in ("Shift", "Control", "Alt", "Control+Shift") for key in [*PLAIN, *MOVES]),
]
"""What a slip of the hand or a clicker can send and is not a move: each key alone, and with keys held."""
SLIPS = [slip for slip in SLIPS if slip not in RUNS | {"Shift+Space"}]

STATE = f"""() => {{
    const {{ model, widgets, activeCellIndex, mode }} = {CONTENT};
    const {{ cells, metadata }} = model.toJSON();
    return JSON.stringify([
        cells.map(cell => [cell.id, cell.cell_type, cell.source, cell.metadata, cell.execution_count]),
        metadata, activeCellIndex, mode, widgets.map(cell => cell.rendered),
        document.querySelector(".jp-Deck") !== null, document.querySelector(".lc-black").hidden,
        document.querySelector("dialog[open], .jp-Dialog, .lm-Menu") === null, location.href,
    ]);
}}"""
"""All that a slip must not change."""

LEAVING = """keys => keys.filter(one => {
    const [key, held] = one.split("+").reverse();
    const given = { key, altKey: held === "Alt", ctrlKey: held === "Control", shiftKey: held === "Shift" };
    const event = new KeyboardEvent("keydown", { ...given, bubbles: true, cancelable: true });
    return document.activeElement.dispatchEvent(event);
})"""
"""Which keys the browser would still act on: it leaves the page only for a key of a person, not of a test."""
LEAVES = ["F5", "Shift+F5", "Alt+ArrowLeft", "BrowserBack", "BrowserRefresh", "F1", "F12", "Control+p"]
SETTLED = """() => new Promise(done => {
    setTimeout(() => requestAnimationFrame(() => requestIdleCallback(done)), 300);
})"""
"""A slide that was just turned takes the focus, on a busy machine some frames later."""


@pytest.fixture(scope="module")
def presenting(browser_there: None) -> Iterator[Server]:
    server = Server(command="present")
    try:
        server.wait()
        deck = notebook(*((source, tag) if tag else source for _, source, tag in DECK))
        for cell, (slide, _, _) in zip(deck.cells, DECK, strict=True):
            cell.metadata.update({"slideshow": {"slide_type": slide}} if slide else {})
        nbformat.write(deck, server.desk / "deck.ipynb")
        yield server
    finally:
        server.stop()


@pytest.fixture
def slides(browser: BrowserContext, presenting: Server) -> Iterator[Lab]:
    with browse(browser, presenting, 1280, 720) as lab:
        begin(lab, "deck.ipynb")
        yield lab
        assert not lab.recorder.outside and not lab.recorder.errors


def press(lab: Lab, *keys: str) -> int:
    """Press keys one after the other, and return the number of the active cell."""
    for key in keys:
        lab.page.keyboard.press(key)
    return int(lab.page.evaluate(f"() => {CONTENT}.activeCellIndex"))


def state(lab: Lab) -> Any:
    return json.loads(lab.page.evaluate(STATE))


def corner(page: Page) -> str:
    return page.locator(".lc-corner").text_content() or ""


def wait_for_slide(page: Page, number: str) -> None:
    """Wait until a page that was just opened shows the slide with this number."""
    page.locator("body[data-jp-deck-mode=presenting] .jp-Deck").wait_for()
    expect(page.locator(".lc-corner")).to_have_text(number)


def test_a_clicker_is_enough_and_a_slip_does_nothing(slides: Lab) -> None:
    page = slides.page
    before = state(slides)
    assert press(slides, *"xdamybz", "b", "Enter", "Delete", "Shift+M", "Control+Enter", "Escape") == TITLE
    assert state(slides) == before and corner(page) == "1/4"
    for key, number in [
        ("PageDown", CODE_HEADING), ("ArrowRight", CODE), ("Space", ASK), ("ArrowDown", QUESTION),
        ("PageUp", ASK), ("ArrowLeft", CODE), ("Shift+Space", CODE_HEADING), ("ArrowUp", TITLE),
        ("ArrowUp", TITLE), ("End", LAB_HEADING), ("Home", TITLE),
    ]:  # fmt: skip
        assert press(slides, key) == number, key
    # Black, and back with the same key or with a step, which turns no slide then.
    black = page.locator(".lc-black")
    for key, back in [("b", "b"), (".", "PageDown")]:
        press(slides, key)
        expect(black).to_be_visible()
        assert press(slides, back) == TITLE
        expect(black).to_be_hidden()
    # The overview, by key and by a click.
    press(slides, "o")
    expect(page.get_by_role("dialog").get_by_role("button")).to_have_text(
        ["Keys", "Code", "A question", "A lab Backspace"]
    )
    slides.screenshot("present-overview")
    assert page.evaluate(LEAVING, LEAVES) == []
    assert press(slides, "PageDown", "PageDown", "Enter") == ASK and corner(page) == "3/4"
    # From there, one key leads back to where a jump began, such as End by mistake.
    assert press(slides, "End", "o", "Backspace") == ASK
    page.locator(".lc-corner").click()
    page.get_by_role("dialog").get_by_role("button", name="Code").click()
    assert press(slides, "PageDown") == CODE
    # In a text that was clicked into, keys are the text's. Escape leads out of it, and out of nothing else.
    slides.cell(CODE).locator(".cm-line").last.click()
    assert press(slides, "End", *" + 0", "Escape", "x", "Escape") == CODE
    assert slides.cells()[CODE]["source"].endswith("\nseen + 0") and corner(page) == "2/4"
    # A clicker turns the slide from there as well.
    slides.cell(CODE).locator(".cm-line").last.click()
    assert page.evaluate(LEAVING, LEAVES) == []
    count = len(slides.cells())
    press(slides, "Alt+Enter", "Control+Shift+-", "Control+b", "Control+Shift+d", "Alt+w", "Control+Shift+q")
    assert len(slides.cells()) == count and corner(page) == "2/4"
    press(slides, "Control+z")
    assert not slides.cells()[CODE]["source"].endswith("\nseen + 0")
    assert press(slides, "PageUp", "PageDown", "PageDown") == ASK
    # The mouse opens no menu that deletes a cell. A double click shows a text's source until the next step.
    press(slides, "PageUp")
    for there in (slides.cell(CODE).locator(".cm-line").last, slides.cell(CODE_HEADING)):
        there.click(button="right")
        expect(page.locator(".lm-Menu")).to_have_count(0)
    slides.cell(CODE_HEADING).dblclick()
    expect(slides.cell(CODE_HEADING).locator(".cm-content")).to_be_visible()
    assert press(slides, "PageDown") == CODE
    expect(slides.cell(CODE_HEADING).locator(".cm-content")).not_to_be_visible()


@pytest.mark.deep
def test_a_reload_and_a_second_window_find_the_same_slide(slides: Lab) -> None:
    press(slides, "End", "PageUp")
    # Leaving is one key, pressed twice, and lasts until the page is opened again.
    press(slides, "q", "q")
    expect(slides.page.locator(".jp-Deck")).to_have_count(0)
    card = slides.page.locator(".jp-NotebookPanel-toolbar [data-command='deck:toggle']")
    card.last.click()
    wait_for_slide(slides.page, "3/4")
    # On the teacher's own machine nothing remembers that slides were on.
    assert not list((slides.server.folder / "settings").rglob("*slideshow*"))
    press(slides, "q", "q")
    expect(slides.page.locator(".jp-Deck")).to_have_count(0)
    slides.page.reload()
    wait_for_slide(slides.page, "3/4")
    slides.wait_idle()
    press(slides, "Control+Shift+Enter")
    slides.page.get_by_text("Caught up: 2 cells have run.").wait_for()
    assert slides.text(CODE) == "1"
    second = slides.page.context.new_page()
    second.set_default_timeout(PATIENCE)
    try:
        second.goto(f"{slides.server.address}/lab?token={slides.server.token}")
        wait_for_slide(second, "3/4")
        # The newer one alone saves the lesson, so Lab never asks whose file is right.
        older = slides.page.get_by_text("This lesson is open in a newer window.")
        older.first.wait_for()
        dirty = []
        for page in (slides.page, second):
            page.wait_for_function(BEGUN)
            page.evaluate(f"() => {CONTENT}.model.sharedModel.setMetadata('edited', true)")
            dirty.append(page.evaluate(f"() => {CONTENT}.model.dirty"))
        assert dirty == [False, True]
        # The newer one alone does what the presenter's window says. With one kernel, a cell runs only once.
        second.evaluate("() => new BroadcastChannel('lifecycle-present').postMessage({ go: 1 })")
        expect(second.locator(".lc-corner")).to_have_text("2/4")
        assert corner(slides.page) == "3/4"
        # Whoever begins to edit in the older one is told again.
        close = "document.querySelectorAll('.Toastify__close-button').forEach(one => one.click())"
        slides.page.evaluate(f"() => {{ {close}; }}")
        expect(older).to_have_count(0)
        press(slides, "PageUp", "PageUp")
        slides.cell(CODE).locator(".cm-line").last.click()
        older.wait_for()
    finally:
        second.close()


@pytest.mark.deep
def test_no_slip_changes_any_kind_of_slide(slides: Lab) -> None:
    slides.run_cell(LAB)
    for number in (TITLE, CODE, QUESTION, LAB):
        slides.page.evaluate(f"n => {{ {CONTENT}.activeCellIndex = n; }}", number)
        before = state(slides)
        for slip in SLIPS:
            # Escape closes the overview and the black screen, and stays on the slide.
            press(slides, slip, "Escape")
            assert state(slides) == before, (number, slip)
    # A lab uses the keys that are pressed in it, and the notebook around it sees none of them.
    box = slides.output(LAB)
    for control in (
        box.get_by_role("button", name="More"),
        box.get_by_label("The body raises"),
        box.get_by_role("button", name="Of ipywidgets"),
    ):
        slides.page.evaluate(SETTLED)
        control.focus()
        for slip in SLIPS:
            if not slip.endswith(("Tab", "Enter", "Escape")):
                press(slides, slip)
                assert state(slides) == before, slip
        expect(control).to_be_focused()
        assert press(slides, "Escape", "PageUp", "PageDown") == LAB
