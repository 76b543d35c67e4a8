"""FaultMap in JupyterLab, by mouse and by keyboard; its replay is a FailureLab."""

from __future__ import annotations

import pytest
from harness import PATIENCE, Lab
from labs import ROOT, STEP, larger, looks, shown
from playwright.sync_api import Locator, expect

CELL = "from lessons import FaultMap\nFaultMap()"
OWN = """import time
from lessons import FaultMap
from lifecycle.sinks import ListSink
from lifecycle.sources import ListSource

class Slow:
    def process(self, stream):
        for record in stream:
            time.sleep(0.03)
            yield record

class Mine:
    def process(self, stream):
        return None

def build():
    return ListSource(range(6)), [Mine()], ListSink()

FaultMap(build)"""


SIZE = """map => {
    const [word] = [...map.querySelectorAll("svg text")].filter(one => one.textContent === "clean");
    const drawing = word.ownerSVGElement;
    const shrunk = drawing.getBoundingClientRect().width / drawing.viewBox.baseVal.width;
    return parseFloat(getComputedStyle(word).fontSize) * shrunk / parseFloat(getComputedStyle(map).fontSize);
}"""
"""The size of the words in the map, as a part of the size of the words around it."""


def says(box: Locator, sentence: str) -> None:
    """Wait until the map's own status line, which stands above that of the replay, holds the sentence."""
    expect(box.get_by_role("status").first).to_contain_text(sentence, timeout=PATIENCE)


def cell(box: Locator, name: str) -> Locator:
    """One cell of the picture."""
    return box.locator(f'[data-cell="{name}"]')


@pytest.mark.deep
def test_by_mouse(lab: Lab) -> None:
    box = shown(lab, CELL).first
    says(box, "57 places where this pipeline can fail, each tried twice")
    expect(box.get_by_role("img", name="51 of 57 fault points leak")).to_be_visible()
    cell(box, "without|sink|write 4").click()
    says(box, "SqlSink fails at write 4, without PipelineContext: OSError is raised, 3 records had arrived.")
    expect(box.get_by_label("Part that fails")).to_have_value("SqlSink")
    expect(box.get_by_label("It fails", exact=True).first).to_have_value("at write 4")
    replay = box.locator(ROOT)
    expect(replay.get_by_role("status")).to_contain_text("OSError in SqlSink at its write 4.")
    expect(box.locator(".lc-chosen")).to_have_count(1)
    step = replay.get_by_role("button", name=STEP)
    expect(replay.get_by_role("status")).not_to_be_in_viewport(ratio=1)
    box.get_by_role("button", name="To the replay").click()
    expect(step).to_be_focused()
    expect(step).to_be_in_viewport()
    expect(replay.get_by_role("status")).to_be_in_viewport(ratio=1)
    cell(box, "with|source|pull 13").click()
    says(box, "CsvSource fails at pull 13, with PipelineContext: OSError is raised")
    expect(box.get_by_label("with PipelineContext").first).to_be_checked()
    expect(replay.get_by_role("status")).to_contain_text("Closed, in this order")
    box.get_by_label("Part that fails").select_option("no part")
    says(box, "57 places")
    expect(replay).to_have_count(0)


@pytest.mark.deep
def test_by_keyboard(lab: Lab) -> None:
    box, press = shown(lab, CELL).first, lab.page.keyboard.press
    place = box.get_by_label("Part that fails")
    place.focus()
    press("End")
    says(box, "SqlSink fails when it opens, without PipelineContext")
    press("Tab")
    expect(box.get_by_label("It fails", exact=True).first).to_be_focused()
    press("End")
    says(box, "SqlSink fails when it closes, without PipelineContext")
    expect(box.locator(ROOT).get_by_role("status")).to_contain_text("SqlSink")
    press("Tab")
    expect(box.get_by_label("with PipelineContext").first).to_be_focused()
    press("Space")
    says(box, "SqlSink fails when it closes, with PipelineContext: OSError is raised")
    press("Tab")
    expect(box.get_by_role("button", name="Sweep again")).to_be_focused()
    press("Enter")
    says(box, "SqlSink fails when it closes, with PipelineContext")


@pytest.mark.deep
def test_a_pipeline_of_ones_own_is_mended_and_swept_again(lab: Lab) -> None:
    box = shown(lab, OWN).first
    says(box, "Mine.process(stream) returned None: it has no `yield`.")
    lab.page.evaluate(
        """() => { const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                   kernel.requestExecute({ code: "Mine = Slow" }); }"""
    )
    box.get_by_role("button", name="Sweep again").click()
    says(box, "Working: run")
    expect(box.get_by_role("progressbar")).to_be_visible()
    says(box, "22 places where this pipeline can fail")
    expect(box.get_by_role("progressbar")).to_be_hidden()
    cell(box, "with|stage 1|pull 2").click()
    says(box, "Slow fails at pull 2, with PipelineContext: OSError is raised, 1 record had arrived.")
    expect(box.locator(ROOT).get_by_role("status")).to_contain_text("OSError in Slow at its pull 2.")


@pytest.mark.deep
def test_the_first_sweep_of_a_slow_pipeline_shows_how_far_it_is(lab: Lab) -> None:
    lab.write("lab.ipynb", OWN.replace("class Mine", "class Other").replace("[Mine()]", "[Slow()]"))
    lab.open("lab.ipynb")
    lab.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    output = lab.output(0)
    expect(output.get_by_role("status").first).to_contain_text("Working: run")
    expect(output.get_by_role("status").first).to_contain_text("22 places", timeout=PATIENCE)
    expect(output.get_by_role("status")).to_have_count(1)


@pytest.mark.deep
def test_it_is_readable_and_nameable_everywhere(lab: Lab) -> None:
    box = shown(lab, CELL).first
    box.get_by_label("Part that fails").select_option("Normalise (stage 3)")
    says(box, "Normalise fails at pull 1")
    box.get_by_label("It fails", exact=True).first.select_option("at pull 4")
    says(box, "Normalise fails at pull 4")
    expect(box.locator(ROOT).get_by_role("status")).to_contain_text("OSError in Normalise")
    looks(lab, box, "fault-map")
    larger(lab)
    expect(box.get_by_role("group", name="Map, wider than the screen")).to_have_attribute("tabindex", "0")
    assert box.locator(".lc-map").evaluate(SIZE) > 0.65
