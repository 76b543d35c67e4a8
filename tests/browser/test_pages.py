"""What instructors hand out, in a real Chromium: no request, no script, nothing for axe to find."""

from __future__ import annotations

import json
import os
from pathlib import Path

import coursework
import gradings
import pytest
from axe_playwright_python.sync_playwright import Axe
from coursework import ASSIGNMENT, IDS, answered
from harness import COURSE
from playwright.sync_api import BrowserContext

from classroom.cli import main
from lessons.study.questions import misconceptions

FIRST, SECOND = IDS
HOSTILE = """
<script>alert("markdown")</script> <img src="https://evil.example/a.png" onerror="alert('image')">
![p](https://evil.example/p.png) [x](javascript:alert(1)) <iframe src="https://evil.example/"></iframe>

<svg onload="alert(0)"></svg><style>@import "https://evil.example/x.css"; body { display: none }</style>
"""
OUTPUT = "<script>alert('output')</script><img src=x onerror=\"alert('output')\">"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A hostile student's feedback, one of a submission that was not graded, and the class's report."""
    course = coursework.make(tmp_path_factory.mktemp("pages") / "course")
    belief = next(iter(misconceptions()))
    hostile = answered({FIRST: f"x = {OUTPUT!r}", f"{ASSIGNMENT}-open": HOSTILE})
    shown = {
        "output_type": "display_data",
        "data": {"text/html": OUTPUT, "text/plain": OUTPUT, "application/javascript": "alert('js')"},
        "metadata": {},
    }
    about = {"data": json.dumps(hostile).encode(), "printed": {FIRST: [shown]}, "seen": OUTPUT}
    gradings.enter(course, "mal", {FIRST: 1}, belief=belief, **about)
    gradings.decide(course, "mal", 1, f"{ASSIGNMENT}-open", comment=OUTPUT)
    gradings.refuse(course, "dov", "unreadable", "It is no notebook.")
    for number in range(12):
        points = {FIRST: gradings.worth(FIRST) if number < 6 else 1}
        gradings.enter(course, f"s{number}", points, belief=belief)
    for command in ("feedback", "report"):
        assert main([command, "--course", str(course.root)]) == 0
    return {
        "hostile": course.root / f"feedback/mal/{ASSIGNMENT}.html",
        "ungraded": course.root / f"feedback/dov/{ASSIGNMENT}.html",
        "report": course.root / "report/report.html",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["hostile", "ungraded", "report"])
def test_a_page_runs_nothing_and_asks_nobody(
    pages: dict[str, Path], browser: BrowserContext, name: str, scheme: str
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page.set_viewport_size({"width": 1000, "height": 900})
        address = pages[name].as_uri()
        page.goto(address)
        for fold in page.locator("details").all():
            fold.evaluate("fold => fold.open = true")
        folder = os.environ.get("LIFECYCLE_SHOTS")
        if folder:
            shots = COURSE / "build" / "shots" if folder == "1" else Path(folder)
            shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=shots / f"{name}-{scheme}.png", full_page=True)
        assert page.locator("h1").is_visible()
        assert [url for url in asked if url != address and not url.startswith("data:")] == []
        assert dialogs == [] and complaints == []
        assert page.locator("script").count() == 0
        for picture in page.locator("img").all():
            assert picture.evaluate("picture => picture.naturalWidth") > 0
            assert picture.get_attribute("alt")
        # axe itself needs leave to run where a page lets nothing run.
        html = pages[name].read_text(encoding="utf-8")
        policy = html[html.index("<meta http-equiv") : html.index("<meta name")]
        page.set_content(html.replace(policy, ""))
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    finally:
        page.close()
