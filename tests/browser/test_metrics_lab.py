"""MetricsLab in JupyterLab, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from harness import Lab
from labs import looks, says, shown
from playwright.sync_api import Locator, expect

CELL = "from lessons import MetricsLab\nMetricsLab()"


def slide(box: Locator, name: str, value: int) -> None:
    """Type a value beside a slider, as a mouse user does who wants an exact one."""
    readout = box.get_by_role("textbox", name=f"{name}, type a value")
    readout.fill(str(value))
    readout.press("Enter")
    expect(box.get_by_role("slider", name=name, exact=True)).to_have_attribute("aria-valuenow", f"{value}.0")


@pytest.mark.deep
def test_by_mouse(lab: Lab) -> None:
    box = shown(lab, CELL)
    says(box, "@measuredStage reads 100 µs. Timing next() reads 260 µs")
    expect(box.get_by_role("img", name="@measuredStage counts 40 to 65 µs, 135 to 160 µs")).to_be_visible()
    box.get_by_role("button", name="Move 5 µs from the stage to the upstream").click()
    says(box, "@measuredStage reads 80 µs. Timing next() reads 260 µs")
    slide(box, "Upstream, µs a record", 0)
    says(box, "Timing next() reads the same, by luck")
    slide(box, "Sink, µs a record", 100)
    says(box, "@measuredStage reads 80 µs")
    box.get_by_role("button", name="More", exact=True).click()
    box.get_by_label("The stage hands on").select_option("nothing")
    says(box, "It yielded nothing, and has its time all the same.")
    box.get_by_label("The stage hands on").select_option("every record")
    slide(box, "Leave the loop after … arrived (0: never)", 1)
    says(box, "The loop was left after 1 arrived")
    box.get_by_text("The same as text").click()
    expect(box.get_by_role("region", name="the outcome as text")).to_contain_text("outcome: closed")


@pytest.mark.deep
def test_by_keyboard(lab: Lab) -> None:
    box, press = shown(lab, CELL), lab.page.keyboard.press
    upstream = box.get_by_role("slider", name="Upstream, µs a record", exact=True)
    upstream.focus()
    press("ArrowRight")
    expect(upstream).to_have_attribute("aria-valuenow", "45.0")
    says(box, "180 µs of it are the upstream's")
    press("Tab")
    press("Tab")
    stage = box.get_by_role("slider", name="Stage, µs a record", exact=True)
    expect(stage).to_be_focused()
    press("ArrowLeft")
    expect(stage).to_have_attribute("aria-valuenow", "20.0")
    says(box, "@measuredStage reads 80 µs")
    for _ in range(4):
        press("Tab")
    expect(box.get_by_role("button", name="Move 5 µs from the stage to the upstream")).to_be_focused()
    press("Space")
    says(box, "@measuredStage reads 60 µs")
    for _ in range(3):
        press("Enter")
    says(box, "The stage worked 0 µs")
    press("Enter")
    says(box, "The stage has no work left to move.")
    press("Tab")
    press("Enter")
    expect(box.get_by_role("slider", name="Records", exact=True)).to_be_visible()
    press("Tab")
    expect(box.get_by_role("slider", name="Records", exact=True)).to_be_focused()


@pytest.mark.deep
def test_it_is_readable_and_nameable_everywhere(lab: Lab) -> None:
    box = shown(lab, CELL)
    box.get_by_role("button", name="More", exact=True).click()
    slide(box, "Records", 8)
    slide(box, "Work before its first and after its last record, µs", 60)
    slide(box, "Stage, µs a record", 5)
    says(box, "The stage worked 160 µs, and @measuredStage reads 160 µs")
    looks(lab, box, "metrics-lab")
