"""The vote page on three phones, and the cards as they are printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from harness import CHROMIUM_FLAGS, chromium
from playwright.sync_api import Browser, Page, Playwright, expect

from lessons.desk.votes import start
from lessons.study.phones import Line
from lessons.study.questions import questions

AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "wcag2aaa", "best-practice"]}
"""With wcag2aaa, axe asks for a contrast of 7:1."""

pytestmark = pytest.mark.deep


@pytest.fixture
def phones(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    monkeypatch.chdir(Path(__file__).parents[2] / "notebooks")  # where the code of a question is found
    with start.page("127.0.0.1", None, 2) as found:
        yield found


def phone(browser: Browser, line: Line, scheme: str, scripts: bool = False) -> Page:
    """A phone with a small screen; without scripts, as a voter may have chosen."""
    size = {"width": 320, "height": 640}
    context = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=scripts)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(line.address)
    return page


def is_accessible(page: Page) -> None:
    """Axe has nothing to object to."""
    found = Axe().run(page, options=AXE).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def vote(page: Page, letter: str) -> None:
    page.get_by_role("radio", name=re.compile(f"^{letter}")).check()
    page.get_by_role("button").click()


def test_three_phones_vote_change_their_vote_and_read_the_reply(phones: Browser, line: Line) -> None:
    one, two, three = (phone(phones, line, scheme) for scheme in ("light", "dark", "light"))
    expect(one.get_by_role("status")).to_contain_text("No question is open")
    line.open("leaks-p1")
    for page, letter in ((one, "A"), (two, "B"), (three, "D")):
        page.get_by_role("link", name="Look again").click()
        expect(page.get_by_role("group")).to_contain_text("The pool has 20 slots.")
        expect(page.get_by_role("group")).to_contain_text("def nightly(engine):")
        vote(page, letter)
        expect(page.get_by_role("status")).to_contain_text(f"Sent: you voted {letter}.")
    vote(two, "D")
    two.reload()
    assert line.counts() == {"A": 1, "B": 0, "C": 0, "D": 2}
    line.close()
    vote(one, "B")
    expect(one.get_by_role("alert")).to_contain_text("The vote is closed, so yours was not counted.")
    line.reveal()
    for page, said in ((one, "Behind it is a common belief"), (two, "You voted D. That is what happens.")):
        page.goto(line.address)
        expect(page.get_by_role("status")).to_contain_text(said)


def test_each_question_fits_a_small_phone_in_light_and_dark(phones: Browser, line: Line) -> None:
    pages = [phone(phones, line, scheme, scripts=True) for scheme in ("light", "dark")]
    ids = sorted(questions())
    # Each question in one state and one scheme, and axe once for each of these, because more takes minutes.
    for place, id in enumerate(ids):
        line.open(id)
        page = pages[place % 2]
        page.goto(line.address)
        if place % 3:
            vote(page, "A")
        if place % 3 == 2:
            line.reveal()
            page.goto(line.address)
        assert page.evaluate("document.documentElement.scrollWidth") == 320, id
        if place < 6:
            is_accessible(page)


def test_the_cards_are_one_sheet_of_a4(phones: Browser, tmp_path: Path) -> None:
    page = phones.new_page()
    page.goto(start.cards(tmp_path / "cards.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    width, height = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed)[0]
    assert (round(float(width)), round(float(height))) == (595, 842)
