"""The reading edition in a real Chromium: no request, nothing for axe to find, questions answered by keys."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from harness import COURSE
from playwright.sync_api import BrowserContext, Page, expect

from lessons.desk import reading
from lessons.study.questions import questions

LESSONS = sorted(path.stem for path in (COURSE / "notebooks").glob("*.ipynb"))
EXERCISES = sorted(f"exercises_{path.stem}" for path in (COURSE / "exercises/release").glob("*/*.ipynb"))
ALONE = """() => [...document.querySelectorAll(".line > .deep")].filter(deep => {
    const rest = document.createRange();
    rest.setStartAfter(deep);
    rest.setEndAfter(deep.parentElement.lastChild);
    const first = [...rest.getClientRects()].find(one => one.width);
    return first && first.top >= deep.getBoundingClientRect().bottom;
}).map(deep => deep.parentElement.textContent)"""
"""The lines of code whose indentation is alone on the first row."""
BROKEN = """() => [...document.querySelectorAll("main pre")].filter(one => {
    const lines = one.textContent.split("\\n").length;
    const high = one.clientHeight / parseFloat(getComputedStyle(one).lineHeight);
    return one.textContent.includes("──") && high > lines + 1;
}).map(one => one.textContent)"""
"""The drawings of which a line is broken."""
SCHEMES: dict[str, dict[str, list[str]]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast"]},
}
"""What axe looks for: between the two, only the colours differ."""
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("html")
    reading.write(folder)
    return folder


def shot(page: Page, name: str, *, full: bool = True) -> None:
    shown = os.environ.get("LIFECYCLE_SHOTS")
    if shown:
        folder = COURSE / "build" / "shots" if shown == "1" else Path(shown)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"reading-{name}.png", full_page=full)


def test_a_question_is_answered_by_keys_alone_on_a_phone(pages: Path, browser: BrowserContext) -> None:
    """Tab to the options, arrows to choose, Tab to the answer, Enter to reveal it: no kernel, no network."""
    page = browser.new_page()
    try:
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        page.goto((pages / "01_leaks.html").as_uri())
        box, keys = page.get_by_role("group", name="Prediction leaks-p1"), page.keyboard
        asked = questions()["leaks-p1"]
        wrong = next(one for one in asked.options if one is not asked.right)
        reply = f"If you chose {wrong.letter}: "
        answer = page.locator("details", has_text="Reveal the answer to leaks-p1")
        assert reply not in answer.inner_text()
        page.get_by_role("group", name="Prediction leaks-w1").get_by_role("radio").first.focus()
        while not box.locator(":focus").count():
            keys.press("Tab")
        keys.press("Space")
        for _ in range(asked.letters.index(wrong.letter)):
            keys.press("ArrowDown")
        chosen = re.search(r"radio \"(\w) .*\[checked\]", box.aria_snapshot())
        assert chosen and chosen[1] == wrong.letter, box.aria_snapshot()
        assert reply not in page.get_by_role("main").aria_snapshot(), "folded until it is revealed"
        keys.press("Tab")
        keys.press("Enter")
        expect(answer).to_contain_text(f"What happens is {asked.right.letter}:")
        told = answer.aria_snapshot()
        assert "leaks-p1" in told and reply in answer.inner_text() and told.count("If you chose") == 1, told
        shot(page, "answered", full=False)
        box.get_by_role("radio", name=re.compile(f"^{asked.right.letter} ")).check()
        assert f"If you chose {asked.right.letter}: that is what happens." in answer.inner_text()
        assert reply not in answer.inner_text()
    finally:
        page.close()


@pytest.mark.deep
@pytest.mark.parametrize("stem", ["index", *LESSONS, *EXERCISES])
def test_a_page_reads_well_and_asks_nobody(pages: Path, browser: BrowserContext, stem: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    try:
        page.set_viewport_size({"width": 1000, "height": 900})
        page.goto((pages / f"{stem}.html").as_uri())
        assert page.locator("details[open]").count() == 0
        shot(page, stem)
        page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
        for scheme, options in SCHEMES.items():
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found = Axe().run(page, options=options).response["violations"]
            assert [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] == []
            shot(page, f"{stem}-{scheme}-open")
        for width in (1000, 360):
            page.set_viewport_size({"width": width, "height": 900})
            shot(page, f"{stem}-{width}-open")
            out = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
            assert out <= 0, f"something sticks out at {width} pixels"
        assert page.evaluate(ALONE) == []
        assert page.evaluate(BROKEN) == []
        # The words in a picture that is as wide as a phone cannot be read.
        assert (
            page.evaluate("() => [...document.images].filter(one => one.width < 640).map(one => one.alt)")
            == []
        )
    finally:
        page.close()
    assert not [url for url in asked if not url.startswith(("file:", "data:"))] and not complaints
