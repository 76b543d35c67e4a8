"""DescriptorLab in JupyterLab, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from harness import Lab
from labs import looks, says, shown
from playwright.sync_api import expect

CELL = "from lessons import DescriptorLab\nDescriptorLab()"


@pytest.mark.deep
def test_by_mouse(lab: Lab) -> None:
    box = shown(lab, CELL)
    says(box, "Line 2 raises, where the value is assigned: ValueError: PipelineConfig.spread = 0")
    expect(box.get_by_role("row", name="raised ran 2 config.spread = 0 the assignment")).to_be_visible()
    expect(box.get_by_role("row", name="not run raised 11 pipeline.run() the symptom")).to_be_visible()
    box.get_by_label("Value", exact=True).select_option("True")
    says(box, "To Python True is the whole number 1")
    box.get_by_label("Field", exact=True).select_option("windowsize (no such field)")
    says(box, "did you mean windowSize?")
    box.get_by_label("Field", exact=True).select_option("center")
    box.get_by_label("Value", exact=True).select_option("nan, not a number")
    says(box, "in JsonLinesSink.write")
    typed = box.get_by_label("or type one, as in Python")
    expect(typed).to_have_value("nan")
    typed.fill("seven")
    typed.press("Enter")
    says(box, 'text needs quotes, "seven"')
    typed.fill('"seven"')
    typed.press("Enter")
    says(box, "TypeError: PipelineConfig.center = 'seven'")
    box.get_by_role("button", name="More", exact=True).click()
    box.get_by_label("Assigned").select_option("on the class")
    says(box, "Assigning on the class calls no __set__")
    box.get_by_text("The same as text").click()
    expect(box.get_by_role("region", name="the outcome as text")).to_contain_text("__set__    not called")


@pytest.mark.deep
def test_by_keyboard(lab: Lab) -> None:
    box, press = shown(lab, CELL), lab.page.keyboard.press
    field, value = box.get_by_label("Field", exact=True), box.get_by_label("Value", exact=True)
    field.focus()
    press("Home")
    press("ArrowDown")
    expect(field).to_have_value("windowSize")
    says(box, "PipelineConfig.windowSize = 0: allowed is a whole number, 1 or more")
    press("Tab")
    expect(value).to_be_focused()
    press("ArrowDown")
    says(box, "PipelineConfig.windowSize = -1")
    press("Tab")
    typed = box.get_by_label("or type one, as in Python")
    expect(typed).to_be_focused()
    press("Control+a")
    lab.page.keyboard.type("None")
    press("Enter")
    says(box, "The plain twin takes it and never fails")
    expect(value).to_have_value("None")
    press("Tab")
    named = box.get_by_label("The descriptor is named")
    expect(named).to_be_focused()
    press("ArrowDown")
    press("ArrowDown")
    says(box, "The message names windowSzie, which is not a field: that name was misspelt by hand.")
    press("Home")
    says(box, "The plain twin takes it and never fails")
    press("Tab")
    more = box.get_by_role("button", name="More", exact=True)
    expect(more).to_be_focused()
    press("Enter")
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(box.get_by_label("Assigned")).to_be_visible()
    press("Tab")
    expect(box.get_by_label("Assigned")).to_be_focused()
    press("ArrowDown")
    says(box, "Line 1 raises, where the value is assigned")
    press("Tab")
    expect(box.get_by_label("Any other name for the field")).to_be_focused()
    lab.page.keyboard.type("windwSize")
    press("Enter")
    says(box, "PipelineConfig has no field windwSize: did you mean windowSize?")


@pytest.mark.deep
def test_it_is_readable_and_nameable_everywhere(lab: Lab) -> None:
    box = shown(lab, CELL)
    box.get_by_label("Field", exact=True).select_option("windowSize")
    box.get_by_label("Value", exact=True).select_option("10**400, more than a float holds")
    says(box, "a check of one field cannot know what follows")
    box.get_by_role("button", name="More", exact=True).click()
    looks(lab, box, "descriptor-lab")
