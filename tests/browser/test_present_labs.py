"""Labs in the slides of `lifecycle present`, on a projector of 1280 by 720: what matters is in sight."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
from harness import PATIENCE, Lab, Server, browse, notebook
from labs import ROOT, STEP, says
from playwright.sync_api import BrowserContext, Locator, expect

LABS = ("ExitLab", "FailureLab", "FaultMap")
BEGUN = "() => document.activeElement.closest('.jp-Deck .jp-Notebook')"
PLACE = "number => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = number; }"


@pytest.fixture(scope="module")
def slides(browser: BrowserContext) -> Iterator[Lab]:
    server = Server(command="present")
    try:
        server.wait()
        deck = notebook("# md # Labs", *(f"from lessons import {name}\n{name}()" for name in LABS))
        for cell in deck.cells:
            cell.metadata["slideshow"] = {"slide_type": "slide"}
        nbformat.write(deck, server.desk / "deck.ipynb")
        with browse(browser, server, 1280, 720) as lab:
            lab.open("deck.ipynb")
            lab.page.wait_for_selector("body[data-jp-deck-mode=presenting] .jp-Deck")
            lab.page.wait_for_function(BEGUN)
            yield lab
            assert not lab.recorder.outside and not lab.recorder.errors
    finally:
        server.stop()


def show(slides: Lab, name: str) -> Locator:
    """Go to the slide of a lab, run it, and return the lab."""
    number = 1 + LABS.index(name)
    slides.page.evaluate(PLACE, number)
    slides.cell(number).locator(".cm-content").wait_for()
    slides.command("notebook:run-cell")
    return slides.output(number).locator(ROOT).first


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("ExitLab", "the ValueError arrives outside"), ("FailureLab", "Nothing is open and nothing runs.")],
)
def test_the_sentence_is_in_sight_together_with_the_controls(slides: Lab, name: str, sentence: str) -> None:
    box = show(slides, name)
    says(box, sentence)
    expect(box.get_by_role("status")).to_be_in_viewport(ratio=1)
    expect(box.get_by_role("button", name="More", exact=True)).to_be_in_viewport(ratio=1)


@pytest.mark.deep
def test_the_map_leads_to_its_replay(slides: Lab) -> None:
    box = show(slides, "FaultMap")
    status = box.get_by_role("status").first
    expect(status).to_contain_text("57 places", timeout=PATIENCE)
    box.locator('[data-cell="without|sink|write 4"]').click()
    expect(status).to_contain_text("SqlSink fails at write 4")
    expect(status).to_be_in_viewport(ratio=1)
    replay = box.locator(ROOT)
    expect(replay).not_to_be_visible()
    box.get_by_role("button", name="To the replay").click()
    expect(replay.get_by_role("button", name=STEP)).to_be_focused()
    says(replay, "OSError in SqlSink at its write 4.")
    expect(replay.get_by_role("status")).to_be_in_viewport(ratio=1)
    back = box.get_by_role("button", name="Back to the map")
    expect(back).to_be_in_viewport(ratio=1)
    # By the keyboard, which goes on in the map.
    back.press("Enter")
    expect(box.get_by_label("Part that fails")).to_be_focused()
    expect(status).to_be_in_viewport(ratio=1)
    expect(replay).not_to_be_visible()
