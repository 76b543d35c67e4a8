"""LeakLab in JupyterLab, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from harness import Lab
from labs import looks, says, shown
from playwright.sync_api import Locator, expect

CELL = "from lessons import LeakLab\nLeakLab()"


def slide(box: Locator, name: str, value: int) -> None:
    """Type a value beside a slider, as a mouse user does who wants an exact one."""
    readout = box.get_by_role("textbox", name=f"{name}, type a value")
    readout.fill(str(value))
    readout.press("Enter")
    expect(box.get_by_role("slider", name=name, exact=True)).to_have_attribute("aria-valuenow", f"{value}.0")


@pytest.mark.deep
def test_by_mouse(lab: Lab) -> None:
    box = shown(lab, CELL)
    says(box, "1 crash: 1 of 20 pool slots held")
    box.get_by_role("button", name="Crash once more").click()
    says(box, "2 crashes: 2 of 20 pool slots held")
    expect(box.get_by_role("img", name="2 of 20 pool slots held, 18 free")).to_be_visible()
    slide(box, "Crashes", 21)
    says(box, "Restart 21 got none: TimeoutError")
    expect(box.get_by_role("img", name="restart 21 gets none")).to_be_visible()
    box.get_by_label("What can run out").select_option("files")
    says(box, "Too many open files")
    box.get_by_label("What can run out").select_option("sockets")
    says(box, "20 crashes used up the 20 sockets there is room for")
    box.get_by_role("checkbox", name="with PipelineContext").check()
    says(box, "PipelineContext closed the source each time")
    expect(box.get_by_role("img", name="0 of 20 sockets held, 20 free")).to_be_visible()
    box.get_by_role("checkbox", name="with PipelineContext").uncheck()
    box.get_by_role("button", name="More", exact=True).click()
    box.get_by_label("A crashed worker is kept by").select_option("nothing")
    says(box, "That is luck.")
    box.get_by_text("The same as text").click()
    expect(box.get_by_role("region", name="the outcome as text")).to_contain_text("not closed by name")


def test_by_keyboard(lab: Lab) -> None:
    box, press = shown(lab, CELL), lab.page.keyboard.press
    box.get_by_label("What can run out").focus()
    press("ArrowDown")
    says(box, "1 crash: 1 of 20 files held")
    press("Tab")
    handle = box.get_by_role("slider", name="Crashes", exact=True)
    expect(handle).to_be_focused()
    press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuenow", "2.0")
    says(box, "2 crashes: 2 of 20 files held")
    press("Tab")
    expect(box.get_by_role("textbox", name="Crashes, type a value")).to_be_focused()
    press("Tab")
    expect(box.get_by_role("button", name="Crash once more")).to_be_focused()
    press("Space")
    says(box, "3 crashes: 3 of 20 files held")
    press("Enter")
    says(box, "4 crashes: 4 of 20 files held")
    press("Tab")
    expect(box.get_by_role("checkbox", name="with PipelineContext")).to_be_focused()
    press("Space")
    says(box, "PipelineContext closed the source each time")
    press("Tab")
    press("Space")
    expect(box.get_by_role("button", name="More", exact=True)).to_have_attribute("aria-expanded", "true")
    keeps = box.get_by_label("A crashed worker is kept by")
    expect(keeps).to_be_visible()
    press("Tab")
    expect(keeps).to_be_focused()


@pytest.mark.deep
def test_it_is_readable_and_nameable_everywhere(lab: Lab) -> None:
    box = shown(lab, CELL)
    box.get_by_role("button", name="More", exact=True).click()
    box.get_by_label("A crashed worker is kept by").select_option("its own frame: it keeps the exception")
    slide(box, "The collector comes every … crashes (0: never)", 25)
    slide(box, "Crashes", 33)
    says(box, "Then the collector came")
    looks(lab, box, "leak-lab")
