"""Measures the slides of a lesson: what is too high, cut off, too small or without a heading.

    with presenting(browser, server, "01", (1280, 720)) as lab:
        run_everything(lab)
        faults = [each for each in measured(lab) if each.faults]

tools/measure_slides.py prints the same for somebody who edits a lesson.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import Lab, Server, browse
from playwright.sync_api import BrowserContext

SIZES = ((1280, 720), (1280, 800), (1920, 1080))
"""A projector's sizes: width and height in pixels."""

CONTENT = "window.jupyterapp.shell.currentWidget.content"

MEASURE = (Path(__file__).with_name("slides.js")).read_text()
"""One JavaScript function: it measures the slide that is shown, and returns its height and its faults."""

BEGUN = f"""() => {CONTENT}.model.toJSON().cells.every(
    cell => !(cell.metadata.tags || []).includes("setup") || cell.execution_count
) && document.activeElement.closest(".jp-Deck .jp-Notebook")"""


@dataclass(frozen=True)
class Slide:
    """One slide with all its cells run: how much height it needs, and what is wrong with it."""

    number: int
    first: str
    """The id of its first cell."""
    height: int
    """Pixels from the top of the screen to the end of the content."""
    over: int
    """Pixels by which that is more than the screen."""
    smallest: float
    """The size of the smallest letters, as a part of the screen's height: 45 is one forty-fifth."""
    faults: tuple[str, ...]


@contextlib.contextmanager
def presenting(browser: BrowserContext, server: Server, path: str, size: tuple[int, int]) -> Iterator[Lab]:
    """The slides of the notebook at `path` on a screen of `size`, with their setup cells run."""
    with browse(browser, server, *size) as lab:
        lab.open(path)
        lab.page.wait_for_selector("body[data-jp-deck-mode=presenting] .jp-Deck")
        lab.page.wait_for_function(BEGUN)
        lab.wait_idle()
        yield lab


def run_everything(lab: Lab) -> None:
    """Run each cell that a slide shows, in their order, as a teacher would."""
    shown = [number for slide in slides(lab) for number in slide]
    activate(lab, shown[-1])
    lab.command("lifecycle:catch-up")
    lab.command("notebook:run-cell")
    lab.wait_idle()
    cells = lab.cells()
    left = [
        cells[number]["id"]
        for number in shown
        if cells[number]["cell_type"] == "code" and not cells[number].get("execution_count")
    ]
    if left or lab.unexpected_errors():
        raise RuntimeError(f"Cells failed: {lab.unexpected_errors()}, and these did not run: {left}")
    lab.page.add_style_tag(content=".Toastify { display: none; }")


def slides(lab: Lab) -> list[list[int]]:
    """The numbers of the cells on each slide."""
    found: list[list[int]] = []
    for number, cell in enumerate(lab.cells()):
        kind = cell["metadata"].get("slideshow", {}).get("slide_type", "-")
        if kind in ("slide", "subslide") or not found:
            found.append([])
        if kind not in ("skip", "notes"):
            found[-1].append(number)
    return [slide for slide in found if slide]


def activate(lab: Lab, number: int) -> None:
    """Go to a cell: its slide is shown, as far as this cell."""
    lab.page.evaluate(f"n => {{ {CONTENT}.activeCellIndex = n; }}", number)


def measured(lab: Lab, shots: Path | None = None) -> list[Slide]:
    """Every slide, as it is now: shown to its last step and measured. `shots` is a folder for pictures."""
    cells = lab.cells()
    found = []
    for place, slide in enumerate(slides(lab), 1):
        activate(lab, slide[-1])
        seen = lab.page.evaluate(MEASURE, slide)
        first = cells[slide[0]]["id"]
        found.append(
            Slide(place, first, seen["height"], seen["over"], seen["smallest"], tuple(seen["faults"]))
        )
        if shots:
            shots.mkdir(parents=True, exist_ok=True)
            lab.page.screenshot(path=shots / f"{place:02}-{first}.png")
    return found
