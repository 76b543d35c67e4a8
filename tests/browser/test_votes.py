"""The vote page on three phones, and the cards as they are printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import measuring
import pytest
from axe_playwright_python.sync_playwright import Axe
from harness import CHROMIUM_FLAGS, Server, browse, chromium
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

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


def test_a_phone_follows_the_vote_by_itself_and_keeps_an_option_that_was_not_sent(
    phones: Browser, line: Line
) -> None:
    page, news = phone(phones, line, "light", scripts=True), "#news"
    loaded = []
    page.on("load", lambda _: loaded.append(page.url))
    line.open("leaks-p1")
    expect(page.get_by_role("group")).to_contain_text("The pool has 20 slots.")
    expect(page.locator(news)).to_have_text("A question is open")
    page.get_by_role("radio", name=re.compile("^C")).check()
    line.end()  # as if the page's process was a new one
    expect(page.get_by_role("status")).to_contain_text("No question is open")
    line.open("leaks-p1")
    expect(page.get_by_role("radio", name=re.compile("^C"))).to_be_checked()
    page.get_by_role("button", name="Send my vote").click()
    expect(page.get_by_role("status")).to_contain_text("Sent: you voted C.")
    line.close()
    expect(page.locator(news)).to_have_text("The vote is closed")
    line.reveal()
    expect(page.get_by_role("status")).to_contain_text("You voted C. Behind it is a common belief")
    is_accessible(page)
    page.context.set_offline(True)
    expect(page.locator(news)).to_contain_text("does not answer", timeout=15_000)
    page.context.set_offline(False)
    expect(page.locator(news)).not_to_contain_text("does not answer", timeout=15_000)
    assert len(loaded) == 1, "only the form loads the page again"


def test_a_phones_vote_is_counted_on_the_projector(browser: BrowserContext, phones: Browser) -> None:
    """The whole way: the command, the card on the slide, the phone, the reply after the run."""
    server = Server("present", more=["--votes-on", "127.0.0.1"])
    try:
        address = re.search(r"Votes by phone: (\S+)", server.wait().said())
        assert address
        voter = phones.new_context(
            viewport={"width": 320, "height": 640}, java_script_enabled=False
        ).new_page()
        voter.goto(address[1])
        with browse(browser, server, 1280, 720) as lab:
            measuring.begin(lab, "notebooks/01_leaks.ipynb")
            sources = ["".join(cell["source"]) for cell in lab.cells()]
            number, run = (
                next(at for at, source in enumerate(sources) if source.startswith(beginning))
                for beginning in ('predict("leaks-w1"', "# Answers leaks-w1")
            )
            measuring.activate(lab, number)
            card = lab.output(number).get_by_role("group", name="Prediction leaks-w1")
            card.get_by_role("button", name="Vote", exact=True).click()
            card.get_by_role("button", name=f"{address[1]} (QR code)").click()
            expect(card.get_by_role("dialog")).to_contain_text(address[1])
            lab.page.keyboard.press("Escape")
            expect(card.get_by_text("Votes: 0.")).to_be_visible()
            lab.page.keyboard.press("a")  # a raised hand counts beside the phones
            voter.get_by_role("link", name="Look again").click()
            expect(voter.get_by_role("group")).to_contain_text("def finish(events):")
            vote(voter, "B")
            expect(card.get_by_text("Votes: 2.")).to_be_visible()
            card.get_by_role("button", name="Close the vote").click()
            expect(card.locator(".lc-choice-count")).to_have_text(["1", "1", "0"])
            lab.run_cell(number - 1)
            lab.run_cell(run)
            voter.get_by_role("link", name="Look again").click()
            expect(voter.get_by_role("status")).to_contain_text("You voted B. That is what happens.")
            assert not lab.recorder.outside and not lab.recorder.errors
    finally:
        server.stop()


def test_each_question_fits_a_small_phone_in_light_and_dark(phones: Browser, line: Line) -> None:
    pages = [phone(phones, line, scheme, scripts=True) for scheme in ("light", "dark")]
    ids = sorted(questions())
    # Each question in one state and one scheme, and axe once for each of these, because more takes minutes.
    for place, id in enumerate(ids):
        line.open(id)
        page = pages[place % 2]
        page.goto(line.address)
        if place % 3 == 1:
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
