"""FailureLab in JupyterLab: by mouse and by keyboard, light and dark, and every label inside its border."""

from __future__ import annotations

import re
from typing import Any

import pytest
from harness import Lab
from labs import STEP, larger, looks, nameable, says, shown
from playwright.sync_api import Locator, expect

MADE = "from lessons import FailureLab\nFailureLab()"
OWN = """\
from lessons import FailureLab

class Letters:
    def stream(self):
        for letter in "abcd":
            yield letter

class NormaliseTheTemperatureOfEveryStationInTheCountry:
    def process(self, stream):
        for letter in stream:
            yield letter.upper()

def build():
    return Letters(), [NormaliseTheTemperatureOfEveryStationInTheCountry()], None

FailureLab(build)"""

# Every text of a card against its border and the bolts, every label of an arrow against every card.
OUTSIDE = """stage => {
    const svg = stage.querySelector('svg[role=group]'), bolts = [...stage.querySelectorAll('.cv-bolt')];
    const box = element => element.getBoundingClientRect();
    const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
    const cards = [...svg.querySelectorAll('.cv-card')], wrong = [];
    for (const card of cards) {
        const rect = card.getBBox(), texts = [...card.parentNode.querySelectorAll('text')];
        for (const text of texts) {
            const own = text.getBBox(), name = text.textContent;
            const wide = own.x < rect.x + 3 || own.x + own.width > rect.x + rect.width - 3;
            if (wide || own.y < rect.y || own.y + own.height > rect.y + rect.height)
                wrong.push(`${name} leaves its card`);
            if (bolts.some(bolt => !apart(box(text), box(bolt)))) wrong.push(`${name} is under a bolt`);
        }
        const lines = texts.map(text => text.getBBox()).sort((a, b) => a.y - b.y);
        lines.slice(1).forEach((line, i) => {
            if (line.y + 3 < lines[i].y + lines[i].height * 0.8) wrong.push('two lines of a card overlap');
        });
    }
    for (const text of svg.querySelectorAll('text')) {
        const own = box(text), all = box(svg), name = text.textContent;
        if (own.right > all.right + 1 || own.left < all.left - 1) wrong.push(`${name} leaves the drawing`);
        if (text.closest('[data-part]')) continue;
        if (cards.some(card => !apart(own, box(card)))) wrong.push(`${name} touches a card`);
    }
    return wrong;
}"""


def named(out: Locator, name: str, pattern: str) -> None:
    """Wait until the accessible name of a part matches."""
    expect(part(out, name)).to_have_accessible_name(re.compile(pattern))


def start(lab: Lab, cell: str = MADE) -> Locator:
    """The lab of one cell, drawn."""
    box = shown(lab, cell)
    box.locator(".cv-chain svg[role=group]").wait_for()
    return box


def press(out: Locator, name: str | re.Pattern[str]) -> None:
    out.get_by_role("button", name=name, exact=True).click()


def part(out: Locator, name: str) -> Locator:
    return out.locator("svg[role=group] [data-part]", has=out.page.locator(f"text:text-is('{name}')"))


def test_a_student_strikes_a_stage_and_sees_what_closes(lab: Lab) -> None:
    out = start(lab)
    says(out, "Nothing is open")
    press(out, STEP)
    says(out, "No generator exists yet")
    for _ in range(3):
        press(out, STEP)
    says(out, "(3 accepted so far)")
    named(out, "Normalise", r"Normalise: suspended at line \d+ of stages.py")
    press(out, "Strike Normalise")
    named(out, "Normalise", "armed: fails at its next pull")
    lab.screenshot("failure-armed", of=out)
    press(out, STEP)
    says(out, "OSError in Normalise at its pull 4.")
    says(out, "Closed, in this order: Filter's generator, Parse's generator, CsvSource's generator")
    named(out, "Normalise", r"failed at line \d+")
    named(out, "CsvSource", "closed, weather.csv closed")
    lab.screenshot("failure-with-context", of=out)


@pytest.mark.deep
def test_without_the_context_the_pool_fills_and_the_dark_theme_shows_it(lab: Lab) -> None:
    out = start(lab)
    lab.theme("dark")
    press(out, "More")
    out.get_by_label("PipelineContext", exact=True).click()
    for number in (1, 2, 3):
        for _ in range(3):
            press(out, STEP)
        press(out, "Strike SqlSink")
        press(out, STEP)
        expect(out.locator("svg [data-mark=left]")).to_have_count(2 + number)
    says(out, "Nothing was closed: this run's weather.csv and connection are open")
    says(out, "and so is what 2 earlier runs left")
    named(out, "Filter", "suspended at line")
    out.get_by_text("Event log").click()
    out.get_by_text("Open right now").click()
    lab.screenshot("failure-without-context-dark", of=out)
    nameable(lab)
    press(out, "Reset")
    expect(out.locator("svg [data-mark=left]")).to_have_count(0)


def test_everything_can_be_done_from_the_keyboard(lab: Lab) -> None:
    out = start(lab)
    keys = lab.page.keyboard
    step = out.get_by_role("button", name=STEP)
    step.focus()
    keys.press("Enter")
    says(out, "No generator exists yet")
    keys.press("Space")
    says(out, "(1 accepted so far)")
    bolt = out.get_by_role("button", name="Strike Filter")
    for _ in range(20):
        keys.press("Tab")
        if bolt.evaluate("button => button === document.activeElement"):
            break
    expect(bolt).to_be_focused()
    keys.press("Enter")
    expect(bolt).to_have_attribute("aria-pressed", "true")
    expect(bolt).to_be_focused()
    keys.press("Space")
    expect(bolt).to_have_attribute("aria-pressed", "false")
    keys.press("Space")
    expect(bolt).to_have_attribute("aria-pressed", "true")
    step.focus()
    keys.press("Space")
    says(out, "OSError in Filter at its pull")


@pytest.mark.deep
def test_a_cell_that_runs_again_leaves_nothing_open_of_the_lab_it_showed(lab: Lab) -> None:
    count = (
        "import ipywidgets\n"
        "from lifecycle import ledger\n"
        # It is written in a thread of its own, which holds a journal open for a moment after any cell.
        "get_ipython().history_manager.enabled = False\n"
        "def count():\n"
        "    held = [entry for entry in ledger.held() if entry.kind in ('file', 'connection')]\n"
        "    return len(held), ledger.system(), len(ipywidgets.widgets.widget._instances)"
    )
    lab.write("lab.ipynb", count, MADE, "count()")
    lab.open("lab.ipynb")
    lab.run_cell(0)
    counts = []
    for _ in range(3):
        lab.run_cell(1)
        out = lab.output(1).locator(".lifecycle-lab")
        expect(out).to_have_count(1)
        says(out, "Nothing is open")
        press(out, STEP)
        press(out, STEP)
        says(out, "(1 accepted so far)")
        lab.run_cell(2)
        counts.append(lab.text(2))
    # The first has more than its own: what is opened once in a kernel.
    assert counts[2] == counts[1]
    assert counts[2].startswith("(2,")


@pytest.mark.deep
def test_a_pull_is_walked_through_crossing_by_crossing(lab: Lab) -> None:
    out = start(lab)
    press(out, STEP)
    press(out, STEP)
    for sentence in (
        "run()'s loop calls next(): Normalise goes on where it was suspended",
        "Normalise calls next(): Filter goes on",
        "Filter calls next(): Parse goes on",
        "Parse calls next(): CsvSource goes on",
        "Record 3 is in Parse. CsvSource is suspended",
        "Record 3 is in Filter. CsvSource and Parse are suspended",
    ):
        press(out, "Inside a pull")
        says(out, sentence)
    named(out, "Filter", "Filter: running at line")
    named(out, "Normalise", "Normalise: waiting at line")
    assert out.locator(".cv-number").text_content() == "11.7"
    looks(lab, out, "failure-inside")


@pytest.mark.deep
@pytest.mark.parametrize("lab", [(1280, 900), (900, 1000)], indirect=True)
@pytest.mark.parametrize("cell", [MADE, OWN], ids=["six parts", "a long name"])
def test_every_label_stays_inside_its_border_at_any_size(lab: Lab, cell: str) -> None:
    out = start(lab, cell)
    stage = out.locator(".cv-stage")
    source, step = "CsvSource" if cell == MADE else "Letters", STEP
    # Where no part has anything to open, the first step pulls.
    opening = [(step, "No generator exists yet")] if cell == MADE else []
    for more in (False, True):
        if more:
            drawing = stage.locator("svg[role=group]")
            small = drawing.get_attribute("viewBox")
            larger(lab)
            expect(drawing).not_to_have_attribute("viewBox", str(small))
        for action, sentence in (
            ("Reset", "Nothing is open"),
            *opening,
            (step, "(1 accepted so far)"),
            ("Inside a pull", "run()'s loop calls next()"),
            (f"Strike {source}", "(2 accepted so far)"),
            (step, f"OSError in {source}"),
        ):
            press(out, action)
            says(out, sentence)
            assert stage.evaluate(OUTSIDE) == [], action


@pytest.mark.deep
def test_a_students_own_lines_are_shown(lab: Lab) -> None:
    out = start(lab, OWN)
    press(out, STEP)
    press(out, STEP)
    named(out, "Letters", "Letters: suspended at line 6 of this notebook")
    expect(part(out, "Letters").get_by_text("line 6: yield letter")).to_be_visible()


@pytest.mark.deep
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_moments_are_played_on_request_and_never_against_the_readers_setting(lab: Lab, motion: Any) -> None:
    lab.page.emulate_media(reduced_motion=motion)
    out = start(lab)
    press(out, STEP)
    out.get_by_label("Play every moment of a pull").click()
    lab.wait_idle()
    lab.page.evaluate(
        """() => { window.drawn = []; new MutationObserver(() => window.drawn.push(
            document.querySelector('.cv-number')?.textContent ?? '')).observe(
            document.querySelector('.cv-stage'),
            {subtree: true, childList: true, attributes: true, characterData: true}); }"""
    )
    press(out, STEP)
    says(out, "(1 accepted so far)")
    expect(out.locator(".cv-head")).to_contain_text("accepted by the sink 1", timeout=60_000)
    drawn = lab.page.evaluate("() => window.drawn.length")
    assert drawn > 5 if motion == "no-preference" else drawn <= 2
