"""The browser edition in Chromium, behind a plain web server: lessons run, and nothing leaves the machine."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from harness import FORGOTTEN, PATIENCE, Lab, Recorder
from labs import ROOT, STEP
from playwright.sync_api import BrowserContext, Locator, Page, expect
from solutions import Solution, solutions

from lessons import browser as in_browser
from lessons.desk import site
from lessons.desk import workcopy as desks
from lessons.desk.workcopy import Trouble
from lessons.exercises import exercises, stub
from lessons.judge.worker import SLOWER

WAITS = """() => window.jupyterapp.shell.currentWidget.content.widgets.every(
    cell => !cell.model || cell.model.type !== 'code' || cell.model.executionState === 'idle')"""

ASKED = """async code => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({ code });
    let said = '';
    future.onIOPub = message => { said += message.content.text ?? message.content.evalue ?? ''; };
    await future.done;
    return said;
}"""


class SiteLab(Lab):
    """JupyterLab on the site, in one page."""

    def open(self, path: str) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(f"{self.server.address}/lab/index.html?path={path}")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell")
        self.wait_idle()

    def run_all(self) -> list[dict[str, Any]]:
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(WAITS)
        self.wait_idle()
        return self.cells()

    def runs(self) -> list[dict[str, Any]]:
        """Run all cells, and return them. Each of them runs, and none has an error without a tag for it."""
        cells = self.run_all()
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert [cell["id"] for cell in code if cell["execution_count"] is None] == []
        assert self.unexpected_errors() == []
        return cells

    def ask(self, code: str) -> str:
        """What code prints that the kernel runs beside the notebook, or the text of its error."""
        return str(self.page.evaluate(ASKED, code))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site, as `python -m http.server` serves it. Each file that is asked for is there."""
    folder = tmp_path_factory.mktemp("served") / "site"
    try:
        site.write(folder)
    except Trouble as trouble:
        pytest.skip(str(trouble))
    # `window.jupyterapp` is how these tests reach Lab's commands and models.
    config = json.loads((folder / "jupyter-lite.json").read_bytes())
    config["jupyter-config-data"]["exposeAppInBrowser"] = True
    (folder / "jupyter-lite.json").write_text(json.dumps(config))
    # Port 0 is a free one; the server's first line says which, as soon as it listens.
    command = [
        sys.executable,
        "-u",
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(folder),
        "0",
    ]
    log = folder.with_name("log")
    with log.open("w") as asked:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=asked, text=True)
    assert server.stdout is not None
    with server:
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
        assert found is not None
        yield found[0]
        server.kill()
    assert [*dict.fromkeys(re.findall(r'"\w+ (\S+) [^"]*" 404', log.read_text()))] == []


@pytest.fixture
def lab(browser: BrowserContext, address: str, request: pytest.FixtureRequest) -> Iterator[SiteLab]:
    recorder = Recorder(browser)
    page = browser.new_page()
    width, height = getattr(request, "param", (1280, 900))
    page.set_viewport_size({"width": width, "height": height})
    server: Any = SimpleNamespace(address=address)
    yield SiteLab(server, page, recorder)
    # The page goes first: it asks its service worker every 20 s, and the server has no answer to that.
    page.goto("about:blank")
    devtools = browser.new_cdp_session(page)
    devtools.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": FORGOTTEN})
    page.close()
    recorder.stop()
    assert not recorder.outside, "requests that leave this machine"
    assert not recorder.page_errors


def chosen(label: str, option: str) -> Callable[[Locator], None]:
    return lambda box: box.get_by_label(label, exact=True).select_option(option) and None


def pressed(name: str | re.Pattern[str]) -> Callable[[Locator], None]:
    return lambda box: box.get_by_role("button", name=name).click()


ACTS: dict[str, tuple[Callable[[Locator], None], str]] = {
    "small-lab": (pressed(STEP), ""),
    "leak-lab": (pressed("Crash once more"), "2 crashes: 2 of 20 pool slots held"),
    "exit-lab": (chosen("__exit__ ends with", "return True"), "the ValueError is swallowed"),
    "descriptor-lab": (chosen("Value", "True"), "To Python True is the whole number 1"),
    "metrics-lab": (pressed("Move 5 µs from the stage to the upstream"), "reads 80 µs"),
    "retry-lab": (chosen("The retry is", "around the call"), "with that the retry was over"),
    "failure-lab": (pressed(STEP), ""),
    "own-lab": (pressed(STEP), ""),
    "fault-map": (pressed("Sweep again"), "places where this pipeline can fail"),
}
"""For each lab of the lessons: one act, and a part of what its status says then, "" for anything new."""


def works(box: Locator, name: str) -> None:
    act, says = ACTS[name]
    status = box.get_by_role("status")
    before = status.inner_text()
    act(box)
    if says:
        expect(status).to_contain_text(says)
    else:
        expect(status).not_to_have_text(before)


LESSONS = desks.lessons(desks.course())
FIRST = "notebooks/01_leaks.ipynb"
"""The lesson for `make test`: it has two labs, and cells that need an operating system."""


@pytest.mark.deep
def test_work_is_downloaded_and_uploaded_on_the_first_page(lab: SiteLab, tmp_path: Path) -> None:
    lab.open("notebooks/field_guide.ipynb")
    lab.runs()
    lab.ask("open('/drive/mine.txt', 'w').write('kept')")
    lab.page.goto(f"{lab.server.address}/")
    with lab.page.expect_download() as downloaded:
        lab.page.get_by_role("button", name="Download my work").click()
    file = tmp_path / "work.json"
    downloaded.value.save_as(file)
    (count,) = re.findall(r"Downloaded (\d+ files?) as", lab.page.get_by_role("status").inner_text())
    devtools = lab.page.context.new_cdp_session(lab.page)
    devtools.send("Storage.clearDataForOrigin", {"origin": lab.server.address, "storageTypes": FORGOTTEN})
    lab.page.reload()
    lab.page.locator("#file").set_input_files(file)
    expect(lab.page.get_by_role("status")).to_contain_text(f"Uploaded {count}.")
    lab.screenshot("site-first-page")
    lab.open("notebooks/glossary.ipynb")
    assert "kept" in lab.ask("print(open('/drive/mine.txt').read())")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[] if path == FIRST else pytest.mark.deep, id=Path(path).stem)
        for path in LESSONS
    ],
)
def test_a_lesson_runs(lab: SiteLab, path: str) -> None:
    lab.open(path)
    cells = lab.runs()
    code = [number for number, cell in enumerate(cells) if cell["cell_type"] == "code"]
    for number in code:
        sentence = in_browser.NEEDS_OS.get(cells[number]["id"])
        assert sentence in (None, " ".join(lab.text(number).split()))
    for number in code:
        if "widget" in cells[number]["metadata"].get("tags", []):
            works(lab.output(number).locator(ROOT).first, cells[number]["id"])

    (asked, *_) = [number for number in code if "predict" in cells[number]["metadata"].get("tags", [])]
    box = lab.output(asked)
    box.get_by_role("radio").first.check()
    box.get_by_role("button", name="Sure", exact=True).click()
    expect(box.get_by_role("status")).to_contain_text("You chose A after you had seen the answer")
    lab.screenshot(f"site-{Path(path).stem}")

    if path == FIRST:  # what was chosen is there when the lesson is opened again
        lab.open(path)
        (id,) = re.findall(r'predict\("([\w-]+)"\)', "".join(cells[asked]["source"]))
        journal = "from lessons.study.predictions import journal\n"
        assert "True" in lab.ask(f"{journal}print(journal.standings()['{id}'].latest is not None)")


LATE = """
exact = copy_readings
def copy_readings(source, sink):
    kept = exact(source, sink)
    while kept == 0: pass
    return kept
"""


@pytest.mark.deep
@pytest.mark.parametrize("lab", [(768, 1024)], indirect=True, ids=["768 px"])
def test_an_exercise_is_checked_in_a_worker_of_its_own(lab: SiteLab) -> None:
    lab.open("exercises/release/leaks/leaks.ipynb")
    lab.runs()
    answers = solutions("leaks-x1")
    right = next(one.source for one in answers if one.right)
    wrong = next(one.source for one in answers if not one.right)
    check = "v = check('leaks-x1', copy_readings)\n"
    check += "print('STATUS', v.status, v.points, *(one.seen for one in v.aspects))"
    for source, status in ((right, "STATUS correct 5"), (wrong, "STATUS wrong")):
        lab.ask(source)
        assert status in lab.ask(check)
    lab.ask("import lessons.judge.worker as worker; worker.SLOWER = 1")
    lab.ask(right + LATE)
    assert "while your code was still running" in lab.ask(check)
    lab.screenshot("site-exercise-768")


JUDGED = """request => new Promise(resolve => {
    let ends = {};
    window.judge ??= new Worker("judge.js", { type: "module" });
    const over = verdict => { clearTimeout(late); resolve(verdict); };
    const end = verdict => { window.judge.terminate(); window.judge = null; over(verdict); };
    const late = setTimeout(() => end(ends["too long"]), 1000 * request.seconds);
    window.judge.onerror = () => end(null);
    window.judge.onmessage = ({ data }) => {
        const told = JSON.parse(data);
        ends = told.ends ?? ends;
        if (told.gone) end(ends.gone);
        if (told.unknown) over(null);
        if (told.verdict) over(told.verdict);
    };
    window.judge.postMessage(JSON.stringify(request));
})"""
"""The verdict of the judge's worker, as `lessons.judge.worker.Worker` asks for it.

Here one worker judges many answers, because it takes longer to start than a check. When an answer ends it,
the next answer gets a new one.
"""

UNCHECKED = {
    one.id: {asked.name for asked in one.asked if asked.linux} for one in exercises().values() if one.asked
}
"""Aspects that are not checked in a browser, because only Linux tells what a process holds."""


@pytest.fixture(scope="module")
def first_page(browser: BrowserContext, address: str) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(f"{address}/")
    yield page
    page.close()


def told(verdict: dict[str, Any], but: set[str]) -> dict[str, tuple[int, str]]:
    """Points and belief for each aspect. Sentences may differ: they quote addresses, times and paths."""
    aspects = [aspect for aspect in verdict["aspects"] if aspect["name"] not in but]
    return {aspect["name"]: (aspect["points"], aspect["belief"]) for aspect in aspects}


def agrees(solution: Solution, page: Page) -> None:
    exercise = exercises()[solution.exercise]
    request = {
        "exercise": exercise.id,
        "variant": "kit",
        "name": exercise.answer,
        "cells": [stub(exercise.assignment), solution.source],
        "seconds": exercise.seconds * SLOWER,
    }
    there = page.evaluate(JUDGED, request)
    assert there, f"{solution}: the worker has no verdict"
    unchecked = {aspect["name"] for aspect in there["aspects"] if aspect["unchecked"]}
    assert unchecked <= UNCHECKED.get(exercise.id, set()), solution
    here = solution.judged().as_dict()
    assert told(there, unchecked) == told(here, unchecked), f"{solution}: {there}"


RISKY = ("descriptors-x1-wrong_7", "leaks-x4-wrong_15")
"""A recursion without end through `getattr`, and an answer that fails only when the disk is full."""
SAMPLE = [one for one in solutions() if str(one) in RISKY] + random.Random(14).sample(solutions(), 6)


@pytest.mark.parametrize("solution", SAMPLE, ids=str)
def test_a_verdict_is_that_of_the_desk(solution: Solution, first_page: Page) -> None:
    agrees(solution, first_page)


@pytest.mark.deep
@pytest.mark.parametrize("assignment", dict.fromkeys(one.assignment for one in exercises().values()))
def test_many_verdicts_are_those_of_the_desk(assignment: str, first_page: Page) -> None:
    """Each twenty-seventh answer and each first: `test_draws` judges all in one process, as here."""
    for exercise in (one for one in exercises().values() if one.assignment == assignment):
        # From the start: a wrong answer leaves files open, and only the first 256 can be counted.
        first_page.reload()
        for solution in solutions(exercise.id)[::27]:
            agrees(solution, first_page)
