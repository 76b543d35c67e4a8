"""A class's vote on a projector, and the presenter's window beside it: two windows of one browser."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator

import measuring
import pytest
from harness import Lab, Server, browse
from playwright.sync_api import BrowserContext, Locator, Page, expect
from votephones import Phone


@pytest.fixture(scope="module")
def presenting(browser_there: None) -> Iterator[Server]:
    server = Server(command="present", more=["--votes", "--votes-on", "127.0.0.1"])
    try:
        yield server.wait()
    finally:
        server.stop()


@pytest.fixture
def slides(browser: BrowserContext, presenting: Server) -> Iterator[Lab]:
    with browse(browser, presenting, 1280, 720) as lab:
        measuring.begin(lab, "notebooks/01_leaks.ipynb")
        yield lab
        assert not lab.recorder.outside and not lab.recorder.errors


@pytest.fixture
def window(slides: Lab) -> Iterator[Page]:
    """The presenter's window, opened by its key."""
    with slides.page.expect_popup() as opened:
        slides.page.keyboard.press("p")
        slides.page.keyboard.press("p")
    page = opened.value
    page.set_viewport_size({"width": 1280, "height": 720})
    yield page
    page.close()


def find(lab: Lab, beginning: str) -> int:
    """The number of the cell whose source begins so."""
    sources = ["".join(cell["source"]) for cell in lab.cells()]
    return next(number for number, source in enumerate(sources) if source.startswith(beginning))


def press(box: Locator | Page, name: str) -> None:
    box.get_by_role("button", name=name, exact=True).click()


def test_a_class_votes_twice_and_only_the_presenter_sees_for_what(slides: Lab, window: Page) -> None:
    number = find(slides, 'predict("leaks-p1"')
    measuring.activate(slides, number)
    expect(window.locator("#place")).to_have_text(f"01_leaks · slide 5 of {len(measuring.slides(slides))}")
    expect(window.locator("#said")).to_contain_text("Let somebody say in which line a broken reading stops")
    expect(window.locator(".option.right")).to_contain_text("D ✓")
    expect(window.locator("#next-heading")).to_have_text("Next: What happened on night 21")
    box = slides.output(number).get_by_role("group", name="Prediction leaks-p1")
    status, counts = box.locator(".lc-choice-status"), box.locator(".lc-vote-options .lc-choice-count")
    before = len(slides.cells())
    press(box, "Vote")
    expect(status).to_have_text("First vote: 0.")
    # By keys: a letter is a hand for its option, with Shift it is one less. By mouse there are two buttons.
    # Space, which turns slides, presses nothing here. The card hears letters again when its slide comes back.
    for key in ("Space", "a", "Space", "a", "b", "Shift+B", "PageDown"):
        slides.page.keyboard.press(key)
    expect(window.locator("#heading")).to_have_text("What happened on night 21")
    slides.page.keyboard.press("PageUp")
    expect(window.locator("#heading")).to_have_text("The job, and night 21")
    expect(box).to_be_focused()
    slides.page.keyboard.press("d")
    press(box, "One hand more for C")
    press(box, "One hand more for C")
    press(box, "One hand less for C")
    expect(status).to_have_text("First vote: 4.")
    # In the presenter's window a number may be typed.
    window.get_by_label("Hands for B").fill("29")
    expect(status).to_have_text("First vote: 33.")
    # A clicker turns the slides from there as well.
    window.keyboard.press("PageDown")
    expect(window.locator("#heading")).to_have_text("What happened on night 21")
    window.keyboard.press("PageUp")
    expect(window.locator("#heading")).to_have_text("The job, and night 21")
    Phone(re.search(r"Votes by phone: (\S+)", slides.server.said())[1]).vote("B")
    expect(status).to_have_text("First vote: 34.")
    expect(window.locator(".option[data-letter=B] .numbers")).to_have_text("+ 1 by phone")
    for action in ("Close the vote", "Vote again"):
        expect(counts).to_have_text([""] * 4)
        press(box, action)
    expect(status).to_have_text("Second vote: 0.")
    press(box, "+30 s")
    window.get_by_label("Hands for D").fill("33")
    expect(status).to_have_text("Second vote: 33.")
    expect(window.locator(".option[data-letter=B] .bars span")).to_have_count(2)
    expect(counts).to_have_text([""] * 4)
    slides.screenshot("vote-open")
    press(window, "Close the vote")
    expect(counts).to_have_text(["2 → 0", "30 → 0", "1 → 0", "1 → 33"])
    expect(box.locator(".lc-choice-right")).to_have_count(0)
    slides.screenshot("vote-closed")
    assert len(slides.cells()) == before, "no key of a vote changes the notebook"
    # So do its keys, except on a button, which Space presses; and Shift+Enter runs the cell.
    window.locator("#start").focus()
    window.keyboard.press("Space")
    expect(window.locator("#start")).to_have_text("Pause")
    window.locator("#start").blur()
    for key, heading in (("Space", "What happened on night 21"), ("ArrowUp", "The job, and night 21")):
        window.keyboard.press(key)
        expect(window.locator("#heading")).to_have_text(heading)
    measuring.activate(slides, number - 1)
    window.keyboard.press("Shift+Enter")
    slides.page.wait_for_function(
        f"n => {measuring.CONTENT}.model.cells.get(n).executionCount", arg=number - 1
    )


@pytest.mark.deep
def test_votes_and_the_window_survive_a_reload_of_either(slides: Lab, window: Page) -> None:
    number = find(slides, 'predict("leaks-p1"')
    measuring.activate(slides, number)
    box = slides.output(number).get_by_role("group", name="Prediction leaks-p1")
    press(box, "Vote")
    expect(box.locator(".lc-choice-status")).to_have_text("First vote: 0.")
    for _ in range(3):
        slides.page.keyboard.press("c")
    expect(box.locator(".lc-choice-status")).to_have_text("First vote: 3.")
    press(window, "Start the clock")
    expect(window.locator("#clock")).not_to_have_text("0:00")
    window.reload()
    expect(window.locator("#start")).to_have_text("Pause")
    expect(window.get_by_label("Hands for C")).to_have_value("3")
    slides.page.reload()
    slides.page.wait_for_selector("body[data-jp-deck-mode=presenting] .jp-Deck")
    slides.page.wait_for_function(measuring.BEGUN)
    slides.wait_idle()
    measuring.activate(slides, number)
    expect(box.locator(".lc-choice-status")).to_have_text("First vote: 3.")
    press(box, "Only one vote")
    expect(box.locator(".lc-choice-status")).to_have_text("Votes: 3.")
    press(box, "Close the vote")
    expect(window.locator(".option[data-letter=C] .numbers")).to_have_text("3")
    # The truth is on the slides only after the answer cell has run.
    right = box.locator(".lc-choice-right")
    expect(right).to_have_count(0)
    for cell in range(number):
        if "setup" in slides.cells()[cell]["metadata"].get("tags", []) or cell > number - 8:
            slides.run_cell(cell)
    slides.run_cell(find(slides, "# Answers leaks-p1"))
    measuring.activate(slides, number)
    expect(right).to_contain_text("D")
    # The card's buttons appear where the mouse moves, and cover no option where it only was left.
    foot = box.locator(".lc-choice-foot")
    box.hover()
    expect(foot).to_have_css("opacity", "1")
    slides.page.keyboard.press("PageDown")
    slides.page.keyboard.press("PageUp")
    expect(foot).to_have_css("opacity", "0")
    # The window turns the slides.
    expect(window.locator("#heading")).to_have_text("The job, and night 21")
    press(window, "Next step")
    expect(window.locator("#heading")).to_have_text("What happened on night 21")


@pytest.mark.deep
def test_a_task_has_a_countdown(slides: Lab, window: Page) -> None:
    measuring.activate(slides, _cell(slides, "break-1"))
    expect(window.locator("#left")).to_have_text("2:00")
    press(window, "Start the countdown")
    press(window, "+30 s")
    expect(window.locator("#left")).to_have_text(re.compile(r"2:[12]\d"))
    window.reload()
    expect(window.locator("#left")).to_have_text(re.compile(r"[12]:\d\d"))
    expect(window.locator("#left")).not_to_have_text("2:00")


def test_the_window_asks_for_the_token(presenting: Server) -> None:
    assert f"second screen: {presenting.address}/presenter?token={presenting.token}" in presenting.said()
    for path in ("presenter", "presenter/notes/01_leaks"):
        request = urllib.request.Request(f"{presenting.address}/{path}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert "/login" in answer.url and b"Answers" not in answer.read()
        except urllib.error.HTTPError as error:
            assert error.code == 403


def _cell(lab: Lab, id: str) -> int:
    return [cell["id"] for cell in lab.cells()].index(id)
