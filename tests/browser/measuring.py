"""Measures the slides of a lesson: what is too high, cut off, too small or without a heading.

    with presenting(browser, server, "notebooks/01_leaks.ipynb", (1280, 720)) as lab:
        run_everything(lab)
        faults = [each for each in measured(lab) if each.faults]

tools/measure_slides.py prints the same for somebody who edits a lesson.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import Lab, Server, browse
from labs import ROOT
from playwright.sync_api import BrowserContext, Locator

SIZES = ((1280, 720), (1280, 800), (1920, 1080))
"""A projector's sizes: width and height in pixels."""

CONTENT = "window.jupyterapp.shell.currentWidget.content"

SETTLE = """async cells => {
    // Labs and figures draw themselves again when they learn how much room there is.
    for (let same = 0, tries = 0, before = ""; same < 3 && tries < 300; tries++) {
        await new Promise(resolve => requestAnimationFrame(resolve));
        const drawn = [...document.images].every(one => one.complete);
        const now = cells.map(one => Math.round(one.getBoundingClientRect().height)).join();
        same = now === before && drawn ? same + 1 : 0;
        before = now;
    }
}"""

MEASURE = Path(__file__).with_name("measuring.js").read_text().replace("SETTLE", f"({SETTLE})")
"""A function that measures the slides with these numbers of cells, each slide a list."""

BEGUN = f"""() => {CONTENT}.model.toJSON().cells.every(
    ({{ metadata: {{ tags = [], slideshow = {{}} }}, execution_count: ran }}) => ran || !(
        tags.includes("setup") || tags.includes("predict") && slideshow.slide_type !== "skip"
    )
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
        begin(lab, path)
        yield lab


def begin(lab: Lab, path: str) -> None:
    """Open a notebook, and wait for the slides, for the setup cells and for the keys to be theirs."""
    lab.open(path)
    lab.page.wait_for_selector("body[data-jp-deck-mode=presenting] .jp-Deck")
    lab.page.wait_for_function(BEGUN)
    lab.wait_idle()


def run_everything(lab: Lab) -> None:
    """Run each cell that a slide shows, in their order."""
    run_cells(lab, [number for slide in slides(lab) for number in slide])
    if lab.unexpected_errors():
        raise RuntimeError(f"Cells failed: {lab.unexpected_errors()}")


def run_cells(lab: Lab, numbers: list[int]) -> None:
    """Select cells that have not run, run them, and wait for the last one's end."""
    lab.page.evaluate(
        f"""numbers => {{
            {CONTENT}.activeCellIndex = numbers[0];
            {CONTENT}.deselectAll();
            numbers.forEach(n => {CONTENT}.select({CONTENT}.widgets[n]));
        }}""",
        numbers,
    )
    lab.command("notebook:run-cell")
    # What is said of a cell's end can come after the end of all of them.
    lab.page.wait_for_function(
        f"numbers => numbers.every(n => {CONTENT}.widgets[n].model.type !== 'code'"
        f" || {CONTENT}.widgets[n].model.executionCount)",
        arg=numbers,
    )
    lab.wait_idle()


def vote(lab: Lab) -> None:
    """Type two votes into each question, before everything runs: no question shows more."""
    lab.page.evaluate(
        f"""() => {CONTENT}.widgets.forEach(({{ model }}) => {{
            const asked = model.sharedModel.source.match(/^predict\\("[\\w-]+"/);
            if (asked) model.sharedModel.setSource(`${{asked[0]}}, votes="A12 B30 / A2 B340")`);
        }})"""
    )


def go_on(lab: Lab, *actions: str) -> None:
    """Do the same with the vote on each question, such as "correct", which opens it again."""
    code = (
        "from lessons.study import choice, predictions\n"
        f"[ballot.do(action) for ballot in predictions.ballots.values() for action in {actions}]\n"
        "choice.refresh(predictions.ballots)"
    )
    lab.page.evaluate(
        """async code => {
            const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
            await kernel.requestExecute({ code, silent: true }).done;
        }""",
        code,
    )
    lab.wait_idle()


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


def voted(lab: Lab) -> list[int]:
    """The numbers of the slides with a question or with the reply to one."""
    asks = [re.search(r"(?m)^predict\(|^# Answers ", "".join(cell["source"])) for cell in lab.cells()]
    return [place for place, slide in enumerate(slides(lab), 1) if any(asks[number] for number in slide)]


def activate(lab: Lab, number: int) -> None:
    """Go to a cell: its slide is shown, as far as this cell."""
    lab.page.evaluate(f"n => {{ {CONTENT}.activeCellIndex = n; }}", number)


def measured(lab: Lab, *only: int) -> list[Slide]:
    """Every slide, or only those with these numbers, as they are now, to their last step."""
    chosen = [(place, slide) for place, slide in enumerate(slides(lab), 1) if not only or place in only]
    found = lab.page.evaluate(MEASURE, [slide for _, slide in chosen])
    return [
        Slide(place, **(one | {"faults": tuple(one["faults"])}))
        for (place, _), one in zip(chosen, found, strict=True)
    ]


def press(name: str) -> Callable[[Locator], None]:
    """What presses a button."""
    return lambda box: box.get_by_role("button", name=name).first.click()


def check(name: str) -> Callable[[Locator], None]:
    """What chooses one of several."""
    return lambda box: box.get_by_label(name, exact=True).check()


def pick(name: str, option: str) -> Callable[[Locator], None]:
    """What picks from a list."""
    return lambda box: void(box.get_by_label(name, exact=True).first.select_option(option))


def void(_: object) -> None:
    """Forget a result."""


USES: dict[str, tuple[Callable[[Locator], None], ...]] = {
    "DescriptorLab": (
        press("More"),
        check("what was stored"),
        check("what was raised"),
        pick("The descriptor is named", "by hand, misspelt"),
    ),
    "ExitLab": (press("More"),),
    "FailureLab": (press("Run to the end"), press("More")),
    "FaultMap": (
        press("More"),
        lambda box: box.locator("[data-cell^=without]").last.click(),
        press("To the replay"),
    ),
    "LeakLab": (press("Crash once more"), press("More")),
    "MetricsLab": (press("Move 5"), press("More")),
    "RetryLab": (press("More"), pick("Attempt 2 breaks", "after 3 records")),
}
"""How each lab is used on a slide, one step after the other."""


def used(lab: Lab, sizes: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Slide]]:
    """Use the labs on the slides, and measure their slide at each size after each step."""
    for place, slide in enumerate(slides(lab), 1):
        for number in slide:
            box = lab.cell(number).locator(f"{ROOT}:not({ROOT} *)")
            if not box.count():
                continue
            activate(lab, number)
            for step, use in enumerate(USES[box.get_attribute("aria-label") or ""], 1):
                use(box)
                lab.wait_idle()
                for width, height in sizes:
                    lab.page.set_viewport_size({"width": width, "height": height})
                    [found] = measured(lab, place)
                    said = tuple(f"used, step {step}: {fault}" for fault in found.faults)
                    yield (width, height), replace(found, faults=said)


def pictures(lab: Lab, folder: Path) -> None:
    """A picture of each slide, to its last step."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, slide in enumerate(slides(lab), 1):
        activate(lab, slide[-1])
        lab.page.evaluate(f"n => ({SETTLE})([{CONTENT}.widgets[n].node])", slide[-1])
        lab.page.screenshot(path=folder / f"{place:02}-{lab.cells()[slide[0]]['id']}.png")
