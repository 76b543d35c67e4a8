"""Pages on paper: Chromium prints them to PDF, and the PDF says which page each part is on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import CHROMIUM_FLAGS, chromium
from playwright.sync_api import Page, Playwright

from lessons.desk import printing
from lessons.study.questions import LESSONS

SIZES = ("A4", "Letter")

MARK = """() => {
    const link = name => Object.assign(document.createElement("a"), { href: `kit:${name}` });
    const wrap = (one, name) => {
        const mark = link(name);
        mark.append(...one.childNodes);
        one.append(mark);
    };
    document.querySelectorAll("pre.code code").forEach((one, n) => wrap(one, `code-${n}`));
    document.querySelectorAll("main :is(h1, h2, h3)").forEach((one, n) => {
        wrap(one, `heading-${n}`);
        const mark = link(`heading-${n}`);
        mark.textContent = "|";
        let next = one.nextElementSibling;
        while (next?.matches("figure, ul, ol, blockquote, div")) next = next.firstElementChild;
        next?.prepend(mark);
    });
    document.querySelectorAll("main img").forEach((one, n) => {
        const mark = link(`picture-${n}`);
        one.replaceWith(mark);
        mark.append(one);
    });
}"""
"""A link around each code cell and picture, and around a heading and the beginning of what follows it: a PDF
lists the links of each page."""

VISIBLE = "all => all.filter(one => one.checkVisibility()).length"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("html")
    printing.write(made)
    return made


@pytest.fixture
def printer(playwright: Playwright) -> Iterator[Page]:
    """A page in the dark theme."""
    browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
    yield browser.new_page(color_scheme="dark")
    browser.close()


def pages(printed: bytes) -> list[set[str]]:
    """For each page of a PDF: the marks on it."""
    objects = dict(re.findall(rb"(?m)^(\d+) 0 obj\n(.*?)\nendobj", printed, re.DOTALL))
    marks = {
        number: found[1].decode()
        for number, body in objects.items()
        if (found := re.search(rb"/URI \(kit:([\w-]+)\)", body))
    }
    linked = [
        re.findall(rb"(\d+) 0 R", (re.findall(rb"/Annots \[(.*?)\]", body, re.DOTALL) or [b""])[0])
        for body in objects.values()
        if re.match(rb"<<\s*/Type /Page\b", body)
    ]
    return [{marks[number] for number in numbers if number in marks} for numbers in linked]


def is_whole(printer: Page, page: Path, size: str) -> None:
    """No code cell and no picture is on two pages, and no heading is without what follows it."""
    printer.goto(page.as_uri())
    printer.evaluate(MARK)
    on: dict[str, list[int]] = defaultdict(list)
    for number, marks in enumerate(pages(printer.pdf(format=size)), 1):
        for mark in marks:
            on[mark].append(number)
    printer.emulate_media(media="print")  # the code in a fold that is closed is not printed
    codes = printer.locator("pre.code").evaluate_all(VISIBLE)
    assert sum(mark.startswith("code-") for mark in on) == codes > 5
    assert {mark: numbers for mark, numbers in on.items() if len(numbers) > 1} == {}, page.name


def test_a_summary_is_two_pages_and_its_key_one(folder: Path, printer: Page) -> None:
    for lesson in LESSONS.values():
        printer.goto((folder / f"print/{lesson}_summary.html").as_uri())
        printer.evaluate("""() => {
            const key = document.querySelector(".keys h2");
            key.innerHTML = `<a href="kit:key">${key.innerHTML}</a>`;
        }""")
        for size in SIZES:
            found = pages(printer.pdf(format=size))
            assert [len(found) <= 3, ["key" in marks for marks in found].index(True)] == [
                True,
                len(found) - 1,
            ]


def test_no_code_of_a_lesson_is_split_and_it_is_printed_in_light_colours(folder: Path, printer: Page) -> None:
    page = folder / "print/02_descriptors_student.html"
    is_whole(printer, page, "A4")
    printer.emulate_media(media="print", color_scheme="dark")
    ink = printer.evaluate("() => getComputedStyle(document.body).color")
    assert max(map(int, re.findall(r"\d+", ink))) < 60, ink
    for name in ("01_leaks.html", "exercises_leaks.html", "print/01_leaks_student.html"):
        printer.goto((folder / name).as_uri())
        shown = "nav, footer, input, button, summary, .skip"
        assert printer.locator(shown).evaluate_all(VISIBLE) == 0, name


@pytest.mark.deep
def test_no_page_of_a_lesson_is_split_badly(folder: Path, printer: Page) -> None:
    for place, lesson in enumerate(LESSONS.values()):
        for step, name in enumerate((f"{lesson}", f"print/{lesson}_student", f"print/{lesson}_teacher")):
            is_whole(printer, folder / f"{name}.html", SIZES[(place + step) % 2])
