"""A lab whose kernel is gone says what to do, in the page that is open and after a reload."""

from __future__ import annotations

import pytest
from harness import Lab
from labs import STEP, says, shown
from playwright.sync_api import expect

KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"


@pytest.fixture
def gone(lab: Lab) -> Lab:
    """A page whose lab has been used, and whose kernel was then restarted."""
    box = shown(lab, "from lessons import FailureLab", "FailureLab()")
    box.get_by_role("button", name=STEP).click()
    says(box, "No generator exists yet")
    lab.command("docmanager:save")
    lab.page.evaluate(f"() => {KERNEL}.restart()")
    says(box, "The kernel of this lab has restarted or ended. Run this cell again.")
    lab.wait_idle()
    return lab


def test_after_a_restart_a_lab_says_run_this_cell_again_and_shows_no_red_icon(gone: Lab) -> None:
    box = gone.output(1).locator(".lifecycle-lab")
    icons = box.evaluate(
        """box => [box, ...box.querySelectorAll("*")].filter(
            one => !["none", "normal"].includes(getComputedStyle(one, "::before").content)
                && one.matches(".jupyter-widgets-disconnected")).length"""
    )
    assert icons == 0
    gone.screenshot("restarted", of=box)
    # No control that is not answered can be reached, and the outcome can still be read.
    box.get_by_text("The same as text").focus()
    gone.page.keyboard.press("Shift+Tab")
    assert box.evaluate("box => !box.contains(document.activeElement)")
    gone.run_all()
    box = gone.output(1).locator(".lifecycle-lab")
    says(box, "Nothing is open")
    box.get_by_role("button", name=STEP).click()
    says(box, "No generator exists yet")


@pytest.mark.deep
def test_after_a_reload_the_output_says_so(gone: Lab) -> None:
    gone.open("lab.ipynb")
    output = gone.output(1).locator(".jp-OutputArea-output")
    expect(output).to_have_text("Error displaying widget: model not found")  # in letters of no size
    told = output.evaluate(
        "node => [getComputedStyle(node).fontSize, getComputedStyle(node, '::after').content]"
    )
    assert told == ["0px", '"Run this cell again: what it showed is no longer here."']
    gone.screenshot("reloaded")
    # Jupyter's widgets write an error of their own to the console.
    assert all("widget model not found" in error for error in gone.recorder.errors)
    gone.recorder.console.clear()
