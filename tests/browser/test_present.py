"""`lifecycle present` in a real browser: slides that run, wait with their answers, and catch up."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import measuring
import nbformat
import psutil
import pytest
from harness import Lab, Server, browse, notebook
from measuring import begin
from playwright.sync_api import BrowserContext, expect

from lessons.desk import present
from lessons.desk import workcopy as desk

COURSE = Path(__file__).resolve().parents[2]
FIT = tuple(sorted(path.name for path in (COURSE / "notebooks").glob("0*.ipynb")))
"""The lessons, whose slides all fit."""

# It has a setup cell in its middle. All slides are measured, and test_lessons.py walks through lessons.
LESSONS = ["00_start_here.ipynb"]

CONTENT = "window.jupyterapp.shell.currentWidget.content"
COUNTS = f"() => Array.from({CONTENT}.model.cells, cell => cell.executionCount ?? 0)"

DECK: tuple[tuple[str, str, str], ...] = (
    # slide type, source, tag
    ("slide", "# md # A deck for this test\n\n![a line](line.svg)", ""),
    ("skip", "from lessons import ExitLab\nfresh = 'set up'", "setup"),
    ("slide", "# md ## Two readings", ""),
    ("", "readings = [12.5, 10.5]", ""),
    ("fragment", "sum(readings)", "answer"),
    ("skip", "twin = sum(readings)", "text-twin"),
    ("slide", "ExitLab()", "widget"),
    ("slide", "float('missing')", "raises-exception"),
    ("", "print(fresh, readings, 'twin' in globals())", ""),
)
LINE = '<svg xmlns="http://www.w3.org/2000/svg" width="850" height="10" viewBox="0 0 850 10"/>'
TITLE, SETUP, HEADING, READINGS, ANSWER, TWIN, WIDGET, ERROR, END = range(len(DECK))


@pytest.fixture(scope="module")
def presenting(browser_there: None) -> Iterator[Server]:
    server = Server(command="present")
    try:
        server.wait()
        deck = notebook(*(source for _, source, _ in DECK))
        for cell, (slide, _, tag) in zip(deck.cells, DECK, strict=True):
            cell.metadata.update({"tags": [tag]} if tag else {})
            cell.metadata.update({"slideshow": {"slide_type": slide}} if slide else {})
        nbformat.write(deck, server.desk / "deck.ipynb")
        (server.desk / "line.svg").write_text(LINE)
        yield server
    finally:
        server.stop()


@pytest.fixture
def slides(browser: BrowserContext, presenting: Server) -> Iterator[Lab]:
    """A browser as large as a projector, on the first slide of the deck."""
    with browse(browser, presenting, 1280, 720) as lab:
        begin(lab, "deck.ipynb")
        yield lab
        assert not lab.recorder.outside, "requests that leave this machine"
        assert not presenting.outside(), "connections that leave this machine, from the server or a kernel"
        assert not lab.recorder.errors, "errors in the browser's console"


def forgive(lab: Lab) -> None:
    """Forget what Jupyter's own debugger and subshells write to the console when a kernel has ended."""
    theirs = ("debugger state", "Canceled future for create_subshell_request")
    assert [error for error in lab.recorder.errors if not any(one in error for one in theirs)] == []
    lab.recorder.console.clear()
    lab.recorder.page_errors.clear()


def active(lab: Lab) -> int:
    """The number of the active cell."""
    number: int = lab.page.evaluate(f"() => {CONTENT}.activeCellIndex")
    return number


def press(lab: Lab, *keys: str) -> int:
    """Press keys one after the other and return the active cell's number."""
    for key in keys:
        lab.page.keyboard.press(key)
    return active(lab)


def run(lab: Lab) -> int:
    """Press Shift+Enter, wait until the active cell has run, and return the active cell's number then."""
    number = active(lab)
    before = counts(lab)[number]
    press(lab, "Shift+Enter")
    lab.page.wait_for_function(
        f"([n, before]) => {CONTENT}.model.cells.get(n).executionCount > before",
        arg=[number, before],
    )
    lab.wait_idle()
    return active(lab)


def go(lab: Lab, number: int) -> None:
    """Go on step by step to a cell."""
    for _ in DECK:
        if active(lab) == number:
            return
        press(lab, "Space")
    raise AssertionError(f"no step leads to cell {number}")


def counts(lab: Lab) -> list[int]:
    """The execution count of each cell, 0 if it has none."""
    found: list[int] = lab.page.evaluate(COUNTS)
    return found


def have_run(lab: Lab) -> list[int]:
    return [number for number, count in enumerate(counts(lab)) if count]


def on_slide(lab: Lab) -> list[int]:
    """The cells that a class sees now."""
    return [
        number
        for number in range(len(counts(lab)))
        if lab.cell(number).evaluate("cell => cell.matches('.jp-deck-mod-onscreen.jp-deck-mod-visible')")
    ]


def test_without_votes_nothing_listens_beyond_this_machine(presenting: Server) -> None:
    """Neither Lab nor a kernel, whose ports open a moment after its start."""
    presenting.ask("api/kernels", "POST")
    there = psutil.Process(presenting.process.pid)
    until = time.monotonic() + 60
    listening: dict[int, set[str]] = {}
    while len(listening) < 2 and time.monotonic() < until:
        for process in (there, *there.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):  # a program that Lab only asks something
                hosts = {
                    one.laddr.ip for one in process.net_connections("inet") if one.laddr and not one.raddr
                }
                listening |= {process.pid: hosts} if hosts else {}
    assert len(listening) > 1 and set().union(*listening.values()) <= {"127.0.0.1", "::1"}


def test_slides_wait_with_their_answers(slides: Lab) -> None:
    assert have_run(slides) == [SETUP]
    assert on_slide(slides) == [TITLE]
    assert press(slides, "Space") == HEADING and on_slide(slides) == [HEADING, READINGS]
    assert press(slides, "Space") == READINGS
    # The answer is a step of its own, and its output stays in view when it has run.
    assert run(slides) == READINGS
    assert press(slides, "Space") == ANSWER and on_slide(slides) == [HEADING, READINGS, ANSWER]
    assert slides.outputs(ANSWER) == []
    assert run(slides) == ANSWER and slides.text(ANSWER) == "23.0"
    expect(slides.output(ANSWER)).to_be_in_viewport()
    slides.screenshot("present-answer")
    assert press(slides, "Space") == WIDGET and on_slide(slides) == [WIDGET]
    assert have_run(slides) == [SETUP, READINGS, ANSWER]
    assert press(slides, "Shift+Space", "Shift+Space") == READINGS


HEAR = """() => {
    window.heard = [];
    window.channel = new BroadcastChannel("lifecycle-present");
    window.channel.onmessage = ({ data }) => window.heard.push(data);
}"""
SAY = "said => { window.heard = []; window.channel.postMessage(said); }"


def test_another_window_hears_where_the_slides_are_and_turns_them(slides: Lab) -> None:
    ear = slides.page.context.new_page()
    try:
        ear.goto(f"{slides.server.address}/static/favicon.ico")
        ear.evaluate(HEAR)
        ear.evaluate(SAY, {"ask": "where"})
        [first] = ear.wait_for_function("() => window.heard.length ? window.heard : null").json_value()
        assert first == {
            "lesson": "deck", "index": 0, "count": 4, "heading": "A deck for this test",
            "cells": ["cell-0"], "at": "cell-0",
            "nextHeading": "Two readings", "nextCells": ["cell-2", "cell-3", "cell-4"],
        }  # fmt: skip
        for said, index, at in [
            ({"move": 1}, 1, HEADING),
            ({"move": 1}, 1, READINGS),
            ({"go": 3}, 3, ERROR),
            ({"move": -1}, 2, WIDGET),
        ]:
            ear.evaluate(SAY, said)
            heard = ear.wait_for_function("() => window.heard.at(-1)").json_value()
            assert (heard["index"], heard["at"]) == (index, f"cell-{at}") and active(slides) == at
            ear.evaluate(SAY, {"move": 1, "lesson": "another one"})
        assert heard["nextCells"] == ["cell-7", "cell-8"]
        # A black screen, from there, and back with a step, which turns no slide then.
        black = slides.page.locator(".lc-black")
        ear.evaluate(SAY, {"blank": True})
        expect(black).to_be_visible()
        ear.evaluate(SAY, {"move": 1})
        expect(black).to_be_hidden()
        assert active(slides) == WIDGET
    finally:
        ear.close()


@pytest.mark.deep
def test_a_traceback_is_one_line_on_slides(slides: Lab) -> None:
    go(slides, ERROR)
    # A cell below on the same slide is next.
    assert run(slides) == END
    assert slides.text(ERROR) == "ValueError: could not convert string to float: 'missing'"
    [error] = slides.outputs(ERROR)
    assert "Traceback" not in "".join(error["traceback"]) and len(error["traceback"]) == 1
    slides.screenshot("present-error")


def test_a_widget_is_live_by_mouse_and_by_keyboard(slides: Lab) -> None:
    go(slides, WIDGET)
    run(slides)
    box = slides.output(WIDGET).locator(".lifecycle-lab")
    raises = box.get_by_label("The body raises")
    raises.select_option("OSError")
    expect(box.get_by_role("cell", name="raise OSError")).to_be_visible()
    more = box.get_by_role("button", name="More")
    more.click()
    expect(more).to_have_attribute("aria-expanded", "true")
    # Keys in a widget are the widget's: they turn no slide.
    more.focus()
    press(slides, "Space")
    expect(more).to_have_attribute("aria-expanded", "false")
    raises.focus()
    press(slides, "ArrowUp")
    expect(raises).not_to_have_value("OSError")
    assert active(slides) == WIDGET
    slides.screenshot("present-widget")
    # Escape leads out of the lab, which keeps its state, and out of nothing else.
    assert press(slides, "Escape", "Shift+Space") != WIDGET
    assert press(slides, "Space") == WIDGET
    expect(raises).not_to_have_value("OSError")
    # So does a click on the empty slide.
    more.click()
    slides.page.mouse.click(640, 712)
    assert press(slides, "Space") == ERROR


def test_one_key_catches_up_after_a_kernel_restart(slides: Lab) -> None:
    for number in (READINGS, ANSWER, WIDGET):
        go(slides, number)
        run(slides)
    go(slides, END)
    press(slides, "0", "0")
    slides.page.get_by_text("The kernel has restarted. Ctrl+Shift+Enter catches up").wait_for()
    assert run(slides) == END
    assert "NameError" in slides.text(END)
    forgive(slides)
    press(slides, "ControlOrMeta+Shift+Enter")
    slides.page.get_by_text("Caught up: 5 cells have run.").wait_for()
    slides.screenshot("present-caught-up")
    assert active(slides) == END
    run(slides)
    # What no slide shows was not run; what raises on purpose did not end it.
    assert slides.text(END) == "set up [12.5, 10.5] False"
    press(slides, "Shift+Space", "Shift+Space")
    assert active(slides) == WIDGET
    box = slides.output(WIDGET).locator(".lifecycle-lab")
    box.get_by_label("The body raises").select_option("OSError")
    expect(box.get_by_role("cell", name="raise OSError")).to_be_visible()


def test_a_dialog_of_lab_does_not_hold_up_a_clicker(slides: Lab) -> None:
    dialog = slides.page.locator(".jp-Dialog")
    slides.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:change-kernel'); }")
    dialog.wait_for()
    press(slides, "PageDown")
    expect(dialog).to_have_count(0)
    assert press(slides, "PageDown") == HEADING
    # What Lab only tells is in a corner.
    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    slides.page.evaluate(f"() => {{ {kernel}.requestExecute({{ code: 'import os; os._exit(1)' }}); }}")
    slides.page.get_by_text("The kernel for deck.ipynb appears to have died.").wait_for()
    assert press(slides, "PageDown") == READINGS
    slides.page.get_by_text("The kernel has restarted.").wait_for()
    expect(dialog).to_have_count(0)
    slides.wait_idle()
    forgive(slides)


@pytest.mark.deep
def test_a_cell_that_fails_while_catching_up_is_said(slides: Lab) -> None:
    slides.page.evaluate(f"n => {CONTENT}.model.cells.get(n).sharedModel.setSource('1 / 0')", READINGS)
    go(slides, WIDGET)
    press(slides, "ControlOrMeta+Shift+Enter")
    slides.page.get_by_text("Not caught up: a cell on an earlier slide failed").wait_for()
    # A cell's reply can come before what it shows.
    slides.wait_idle()
    expect(slides.output(READINGS)).to_contain_text("ZeroDivisionError")
    assert slides.text(READINGS) == "ZeroDivisionError: division by zero" and slides.outputs(ANSWER) == []


@pytest.mark.deep
def test_a_setup_cell_that_fails_is_said(slides: Lab) -> None:
    slides.write("broken.ipynb", ("import nowhere_to_be_found", "setup"), "1 + 1")
    begin(slides, "broken.ipynb")
    slides.page.get_by_text("A cell that runs at opening failed: the notebook shows its error.").wait_for()
    assert have_run(slides) == [0]


UNFIT = (
    ("# md # This one fits", f"print('{'x' * 62}')", "# md ![a line](line.svg)"),
    ("# md Text and no title", "1"),
    ("# md # Too high", "print(*range(40), sep='\\n')"),
    ("# md # Too small\n\nIs <span style='font-size: 15px'>this</span> to be read?", "1"),
    ("# md # Too wide", "from IPython.display import HTML\nHTML('<p style=\"width: 1400px\">wide</p>')"),
    ("# md # Cut off", "from IPython.display import HTML\n"
     "HTML('<p style=\"height: 1em; overflow: hidden\">two<br>lines</p>')"),
    ("# md # Too pale", "from IPython.display import HTML\nHTML('<p style=\"color: #888\">grey</p>')"),
)  # fmt: skip
"""Slides, one a row, and what is wrong with each but the first."""


@pytest.mark.deep
def test_what_does_not_fit_on_a_slide_is_found(slides: Lab, presenting: Server) -> None:
    deck = notebook(*(cell for slide in UNFIT for cell in slide))
    for place, source in enumerate(source for slide in UNFIT for source in slide):
        kind = "slide" if any(source == slide[0] for slide in UNFIT) else "-"
        deck.cells[place].metadata["slideshow"] = {"slide_type": kind}
    nbformat.write(deck, presenting.desk / "unfit.ipynb")
    begin(slides, "unfit.ipynb")
    measuring.run_everything(slides)
    fit, untitled, high, small, wide, cut, pale = measuring.measured(slides)
    assert fit.faults == () and fit.over == 0
    assert untitled.faults == ("no heading",)
    assert high.faults == (f"too high: {high.over} px over",) and high.over > 0
    assert any("text of 15.0 px, at least 22.5" in fault for fault in small.faults)
    assert any("sticks out" in fault for fault in wide.faults)
    assert any("cut off" in fault for fault in cut.faults)
    assert any("contrast of 3.5, at least 4.5" in fault for fault in pale.faults)


@pytest.mark.parametrize("name", FIT[1:2])
def test_every_slide_fits_with_its_vote(browser: BrowserContext, presenting: Server, name: str) -> None:
    with measuring.presenting(browser, presenting, f"notebooks/{name}", measuring.SIZES[0]) as lab:
        measuring.vote(lab)
        measuring.run_everything(lab)
        assert [fault for slide in measuring.measured(lab) for fault in said(slide)] == []


SHAPES = measuring.SIZES[:2]
"""Sizes that differ in shape: the third is the first one, enlarged."""


@pytest.mark.deep
@pytest.mark.parametrize("name", FIT)
def test_every_slide_fits_each_projector(browser: BrowserContext, presenting: Server, name: str) -> None:
    found = []
    with measuring.presenting(browser, presenting, f"notebooks/{name}", measuring.SIZES[0]) as lab:
        measuring.vote(lab)
        measuring.run_everything(lab)
        for width, height in measuring.SIZES if name == FIT[1] else SHAPES:
            lab.page.set_viewport_size({"width": width, "height": height})
            found += [(width, height, *said(slide)) for slide in measuring.measured(lab) if slide.faults]
        # A vote that is open has other controls, and so has a discussion. Its reply changes with it.
        lowest = width, height = measuring.SIZES[0]
        lab.page.set_viewport_size({"width": width, "height": height})
        voted = measuring.voted(lab)
        for actions in (("correct",), ("close", "new", "open", "close")) if voted else ():
            measuring.go_on(lab, *actions)
            found += [(*actions, *said(one)) for one in measuring.measured(lab, *voted) if one.faults]
        steps = list(measuring.used(lab, [lowest]))
        found += [(*size, *said(slide)) for size, slide in steps if slide.faults]
    assert found == [] and steps


def said(slide: measuring.Slide) -> list[str]:
    """What is wrong with a slide, in words."""
    return [f"{slide.first}: {fault}" for fault in slide.faults]


def is_prepared(metadata: dict[str, Any]) -> bool:
    """Whether the cell runs at opening: a setup cell, or a question of a slide."""
    tags, kind = metadata.get("tags", []), metadata.get("slideshow", {}).get("slide_type")
    return "setup" in tags or ("predict" in tags and kind != "skip")


@pytest.mark.deep
@pytest.mark.parametrize("name", LESSONS)
def test_the_lesson_presents_step_by_step(
    browser: BrowserContext, presenting: Server, name: str, tmp_path: Path
) -> None:
    path = f"notebooks/{name}"
    # On a slow machine, JupyterLab has saved what the test before this one ran.
    fresh = nbformat.read(presenting.desk / path, 4)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []
    nbformat.write(fresh, presenting.desk / path)
    with browse(browser, presenting, 1280, 720) as lab:
        begin(lab, path)
        cells = lab.cells()
        prepared = [number for number, cell in enumerate(cells) if is_prepared(cell["metadata"])]
        assert have_run(lab) == prepared != []
        steps = 0
        while steps <= len(cells):
            steps += 1
            number = active(lab)
            if cells[number]["cell_type"] == "code" and not counts(lab)[number]:
                run(lab)
            if active(lab) == number and press(lab, "Space") == number:
                break
        shown = [
            number
            for number, cell in enumerate(cells)
            if cell["cell_type"] == "code"
            and cell["metadata"].get("slideshow", {}).get("slide_type") not in ("skip", "notes")
        ]
        assert have_run(lab) == sorted({*prepared, *shown})
        assert lab.unexpected_errors() == []
        # Presented and saved is not edited: the next presentation starts from the course's edition.
        lab.command("docmanager:save")
        assert not lab.recorder.outside and not lab.recorder.errors
    # On a copy, because the next lesson needs the settings that a beginning takes from this running Lab.
    copy = shutil.copytree(presenting.desk, tmp_path / "desk")
    present.begin(COURSE, copy)
    report = desk.lay(COURSE, copy)
    assert report.beside == [] and path not in report.renewed
