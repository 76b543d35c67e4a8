"""The cards of study in every look, and when their kernel has gone."""

from __future__ import annotations

import re

import pytest
from harness import Lab
from labs import looks
from playwright.sync_api import expect
from test_again import MISSED
from test_restart import KERNEL

CARDS = {
    "predict": 'predict("leaks-p2")',
    "arrange": 'arrange("leaks-a1")',
    "before": "before()",
    "again": "again()",
    "progress": 'progress("leaks")',
}
BEGIN = MISSED + "from lessons import again, arrange, before, predict, progress\n"
"""`again` asks what was missed two days ago."""


@pytest.mark.deep
@pytest.mark.parametrize("name", CARDS)
def test_each_card_in_light_and_dark_large_and_narrow(lab: Lab, name: str) -> None:
    lab.write("cards.ipynb", BEGIN, CARDS[name])
    lab.open("cards.ipynb")
    lab.run_all()
    assert lab.unexpected_errors() == []
    looks(lab, lab.output(1), f"card-{name}", ".jp-Notebook .jp-OutputArea")


@pytest.mark.deep
def test_after_a_restart_a_card_has_no_icon_of_a_broken_link_and_says_what_to_do(lab: Lab) -> None:
    lab.write("cards.ipynb", BEGIN, *CARDS.values())
    lab.open("cards.ipynb")
    lab.run_all()
    lab.page.evaluate(f"() => {KERNEL}.restart()")
    # JupyterLab draws its icon before whatever has this class.
    lab.page.wait_for_selector(".jupyter-widgets-disconnected", state="attached")
    lab.wait_idle()
    icons = lab.page.evaluate(
        """() => [...document.querySelectorAll(".jupyter-widgets-disconnected")]
            .filter(one => !["none", "normal"].includes(getComputedStyle(one, "::before").content))
            .map(one => one.className)"""
    )
    assert icons == []
    for number, group in ((1, "Prediction leaks-p2"), (4, "Question 1 of 3")):
        box = lab.output(number).get_by_role("group", name=group, exact=True)
        box.get_by_role("radio", name=re.compile(r"^A\s")).check()
        box.get_by_role("button", name="Sure").click()
        expect(box.get_by_role("status")).to_have_text(
            "Not saved: the kernel was restarted. Run this cell again."
        )
    for number in (0, 1):
        lab.run_cell(number)
    box = lab.output(1).get_by_role("group", name="Prediction leaks-p2")
    expect(box.get_by_role("radio", name=re.compile(r"^A\s"))).to_be_checked()


WAY = (
    ("01 · Leaks", "notebooks/01_leaks.ipynb", ""),
    ("exercises", "exercises/release/leaks/leaks.ipynb", ""),
    ("One block for the whole pipeline", "notebooks/01_leaks.ipynb", "One block for the whole pipeline"),
    ("glossary", "notebooks/glossary.ipynb", ""),
    ("The map", "notebooks/00_start_here.ipynb", "The map"),
)
"""The links that a student clicks, what each one opens, and the heading that is then in sight."""


@pytest.mark.deep
def test_links_lead_from_lesson_to_exercise_to_the_beat_that_it_practises_and_to_the_glossary(
    lab: Lab,
) -> None:
    lab.open("notebooks/00_start_here.ipynb")
    here = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    for name, path, heading in WAY:
        here.get_by_role("link", name=name, exact=True).first.click()
        lab.page.wait_for_function(
            "path => window.jupyterapp.shell.currentWidget.context.path === path", arg=path
        )
        lab.wait_idle()
        if heading:
            expect(here.get_by_role("heading", name=heading).first).to_be_in_viewport()
