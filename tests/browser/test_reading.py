"""The reading edition in a real Chromium: no request, no script, nothing for axe to find, answers folded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from harness import COURSE
from playwright.sync_api import BrowserContext

from lessons.desk import reading

STEMS = sorted(path.stem for path in (COURSE / "notebooks").glob("*.ipynb"))
QUICK = "01_leaks"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("html")
    reading.write(folder)
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "stem",
    ["index", *(pytest.param(one, marks=[] if one == QUICK else pytest.mark.deep) for one in STEMS)],
)
def test_a_page_reads_well_and_asks_nobody(
    pages: Path, browser: BrowserContext, stem: str, scheme: str
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page.set_viewport_size({"width": 1000, "height": 900})
        page.goto((pages / f"{stem}.html").as_uri())
        assert page.locator("details[open]").count() == 0
        shown = os.environ.get("LIFECYCLE_SHOTS")
        if shown:
            folder = COURSE / "build" / "shots" if shown == "1" else Path(shown)
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"reading-{stem}-{scheme}.png", full_page=True)
        page.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
        found = Axe().run(page).response["violations"]
        assert [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] == []
        for width in (1000, 390):
            page.set_viewport_size({"width": width, "height": 900})
            out = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
            assert out <= 0, f"something sticks out at {width} pixels"
    finally:
        page.close()
    assert not [url for url in asked if not url.startswith(("file:", "data:"))] and not complaints
