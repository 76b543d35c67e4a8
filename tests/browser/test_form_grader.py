"""nbgrader's form grader opens on a course that `classroom` made and graded, and takes a person's points."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from coursekit import small_kit
from harness import PATIENCE
from nbgrader.api import Gradebook
from playwright.sync_api import BrowserContext, expect

from classroom.cli import main
from classroom.course import Course
from classroom.making import make
from classroom.sandbox import available

if not available()[0]:
    pytest.skip(f"no sandbox: {available()[1]}", allow_module_level=True)


@pytest.fixture
def graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course in which one student handed in, and was graded."""
    small_kit(tmp_path / "kit", monkeypatch, "leaks-x1")
    course = make(tmp_path / "week", "Pipes", "wt26-0a1b2c3d")
    target = course.submitted("ada", "leaks")
    target.parent.mkdir(parents=True)
    text = course.source("leaks").read_text(encoding="utf-8")
    text = text.replace("MODEL ANSWER", "WHAT ADA WROTE")
    target.write_text(text.replace("count += 1", "count += 2"), encoding="utf-8")
    assert main(["grade", "leaks", "--course", str(course.root), "--workers", "1"]) == 0
    return course


@pytest.fixture
def address(graded: Course, tmp_path: Path, browser_there: None) -> Iterator[str]:
    """JupyterLab as an instructor starts it, in the course folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    private = {name: str(tmp_path / name.lower()) for name in places}
    token = secrets.token_hex(8)
    options = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
               "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=graded.root, env=os.environ | private, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        until = time.monotonic() + PATIENCE / 1000
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token={token}", timeout=5).close()
                break
            except urllib.error.URLError:
                said = (tmp_path / "log").read_text(errors="replace")
                assert server.poll() is None and time.monotonic() < until, said
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/formgrader{{}}?token={token}"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def test_a_person_reads_the_open_question_and_gives_points(
    graded: Course, address: str, browser: BrowserContext
) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.goto(address.format(""))
    page.get_by_role("link", name="leaks").first.wait_for()
    page.goto(address.format("/gradebook/leaks/leaks"))
    page.get_by_role("link", name="Submission #1").click()
    page.get_by_text("WHAT ADA WROTE").wait_for()
    page.get_by_text("What a good answer holds").wait_for()
    page.get_by_text("MODEL ANSWER: because.").wait_for()
    panel = page.get_by_role("group", name="Check of leaks-x1: almost")
    expect(panel.get_by_role("status")).to_contain_text("4 of 5 points")
    expect(panel).to_contain_text("Try:")
    points = page.locator("input.score")
    # The check's points, and the open question's, which a person gives.
    assert points.count() == 2
    expect(points.first).to_have_accessible_name("4")
    points.last.fill("2")
    with page.expect_response(lambda one: "/api/grade/" in one.url and one.request.method == "PUT"):
        points.last.press("Enter")
    with Gradebook(graded.gradebook_url) as book:
        grade = book.find_grade("leaks-open", "leaks", "leaks", "ada")
        assert grade.manual_score == 2
        checked = book.find_grade("leaks-x1-check", "leaks", "leaks", "ada")
        assert checked.score == 4
    here = address.partition("/formgrader")[0]
    assert [url for url in asked if not url.startswith((here, "data:", "blob:"))] == []
