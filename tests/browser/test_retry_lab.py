"""RetryLab in JupyterLab, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from harness import Lab
from labs import looks, says, shown
from playwright.sync_api import Locator, expect

CELL = "from lessons import RetryLab\nRetryLab(records=5, failures=[3])"


def slide(box: Locator, name: str, value: int) -> None:
    """Type a value beside a slider, as a mouse user does who wants an exact one."""
    readout = box.get_by_role("textbox", name=f"{name}, type a value")
    readout.fill(str(value))
    readout.press("Enter")
    expect(box.get_by_role("slider", name=name, exact=True)).to_have_attribute("aria-valuenow", f"{value}.0")


@pytest.mark.deep
def test_by_mouse(lab: Lab) -> None:
    box = shown(lab, CELL)
    says(box, "Attempt 2 read 1 to 3 again and skipped them: each record arrived once.")
    expect(box.get_by_role("img", name="reads 1 to 5, 1 to 3 read and skipped")).to_be_visible()
    box.get_by_label("The retry is").select_option("around the pull, restarted")
    says(box, "1 to 3 come more than once. No error says so.")
    expect(box.get_by_role("img", name="8 records arrived, 1 to 3 more than once; no error")).to_be_visible()
    box.get_by_label("The retry is").select_option("around the call")
    says(box, "with that the retry was over")
    box.get_by_label("The retry is").select_option("around the pull, counted")
    box.get_by_label("Attempt 2 breaks").select_option("after 4 records")
    says(box, "Attempt 1 broke after 3 records and attempt 2 after 4 records.")
    slide(box, "maxAttempts", 2)
    says(box, "Both attempts broke: the last OSError is raised, without another wait. 4 of 5 records")
    box.get_by_role("button", name="More", exact=True).click()
    box.get_by_label("Opened again, it yields").select_option("only the first two records")
    says(box, "@retryOnFailure says so with a RuntimeError")
    box.get_by_label("It breaks with").select_option("ValueError")
    says(box, "A ValueError is not an OSError, so it is not retried")
    box.get_by_label("Retried is").select_option("a stage: process(self, stream)")
    says(box, "refuses at the first pull, with a TypeError")
    box.get_by_text("The same as text").click()
    expect(box.get_by_role("region", name="the outcome as text")).to_contain_text("read and skipped")


@pytest.mark.deep
def test_by_keyboard(lab: Lab) -> None:
    box, press = shown(lab, CELL), lab.page.keyboard.press
    way = box.get_by_label("The retry is")
    way.focus()
    press("ArrowDown")
    says(box, "come more than once")
    press("ArrowUp")
    says(box, "skipped them")
    press("Tab")
    expect(box.get_by_label("Attempt 1 breaks")).to_be_focused()
    press("ArrowUp")
    says(box, "Attempt 1 broke after 2 records.")
    press("Tab")
    expect(box.get_by_label("Attempt 2 breaks")).to_be_focused()
    press("ArrowDown")
    says(box, "attempt 2 before its first record")
    press("Tab")
    handle = box.get_by_role("slider", name="maxAttempts", exact=True)
    expect(handle).to_be_focused()
    press("ArrowLeft")
    expect(handle).to_have_attribute("aria-valuenow", "2.0")
    says(box, "Both attempts broke")
    press("Tab")
    press("Tab")
    press("Enter")
    expect(box.get_by_role("button", name="More", exact=True)).to_have_attribute("aria-expanded", "true")
    expect(box.get_by_label("Attempt 3 breaks")).to_be_visible()
    press("Tab")
    expect(box.get_by_label("Attempt 3 breaks")).to_be_focused()


@pytest.mark.deep
def test_it_is_readable_and_nameable_everywhere(lab: Lab) -> None:
    box = shown(lab, "from lessons import RetryLab\nRetryLab(8, [3, 2, 4], 4, 2, 'restarted')")
    says(box, "come more than once")
    box.get_by_role("button", name="More", exact=True).click()
    box.get_by_text("The same as text").click()
    looks(lab, box, "retry-lab")
