"""The reading edition: complete, folded, with its pictures, and without anything from elsewhere."""

from __future__ import annotations

import html
import re
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from lessons.desk import cli, printing, reading
from lessons.desk import workcopy as desk
from lessons.study.arranged import Problem, problems
from lessons.study.journal import lesson_of
from lessons.study.questions import LESSONS, questions

COURSE = Path(__file__).resolve().parents[3]
NOTEBOOKS = sorted((COURSE / "notebooks").glob("*.ipynb"))
EXERCISES = sorted((COURSE / "exercises/release").glob("*/*.ipynb"))
PAGES = [*(path.stem for path in NOTEBOOKS), *(f"exercises_{path.stem}" for path in EXERCISES)]
PRINTED = [
    f"print/{lesson}_{kind}" for lesson in LESSONS.values() for kind in ("student", "teacher", "summary")
]
VOID = {"meta", "link", "img", "br", "hr", "input"}


class Outline(HTMLParser):
    """What a page has: elements that are closed again, ids, links, pictures, headings, open folds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert not self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.stack.pop() == tag, self.getpos()

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.found if tag in tags]


@cache
def anchors(text: str) -> set[str | None]:
    return {attrs.get("id") for _, attrs in Outline(text).found}


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("html")
    return written(folder)


def written(folder: Path) -> dict[str, str]:
    """The pages by their names in the folder."""
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in printing.write(folder)}


def test_every_notebook_has_its_page_and_the_contents_lead_to_it(edition: dict[str, str]) -> None:
    assert sorted(edition) == sorted(f"{name}.html" for name in ["index", *PAGES, *PRINTED])
    names = list(edition)
    after = {short: names[names.index(f"{lesson}.html") + 1] for short, lesson in LESSONS.items()}
    assert [after[short] for short in LESSONS if short != "start"] == [
        f"exercises_{short}.html" for short in LESSONS if short != "start"
    ]
    linked = [attrs["href"] for attrs in Outline(edition["index.html"]).all("a")]
    assert linked[1:] == list(edition)[1:]


@pytest.mark.parametrize("name", [f"{name}.html" for name in ("index", *PAGES, *PRINTED)])
def test_a_page_is_whole_and_needs_nothing_else(edition: dict[str, str], name: str) -> None:
    outline = Outline(edition[name])
    assert not outline.all("script", "iframe", "object", "embed", "video")
    sources = [attrs["src"] or "" for attrs in outline.all("img")]
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert "@import" not in edition[name] and not re.search(r"url\((?!#)", edition[name])
    assert all(len((attrs["alt"] or "").split()) >= 5 for attrs in outline.all("img"))
    ids = [attrs["id"] for _, attrs in outline.found if "id" in attrs]
    assert len(set(ids)) == len(ids)
    for target in (attrs["href"] or "" for attrs in outline.all("a")):
        place, _, anchor = target.partition("#")
        assert not anchor or anchor in anchors(edition[place or name]), target
    levels = [int(tag[1]) for tag, _ in outline.found if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert not any("open" in attrs for attrs in outline.all("details"))
    assert len(edition[name].encode()) < 1_000_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_answer_is_folded_with_a_reply_to_every_option(edition: dict[str, str], path: Path) -> None:
    text = edition[f"{path.stem}.html"]
    unfolded = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    source = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    for id in re.findall(r"(?m)^# Answers ([\w-]+)$", source):
        question = questions()[id]
        assert f'aria-label="Prediction {id}"' in unfolded
        (answer,) = re.findall(rf"<summary>Reveal the answer to <code>{id}</code>.*?</details>", text, re.S)
        assert f"What happens is <strong>{question.right.letter}</strong>:" in answer
        for one in question.options:
            assert f'<input type="radio" name="{id}" id="{id}-{one.letter}">' in unfolded
            assert (
                f'class="to-{id} to-{id}-{one.letter}">If you chose <strong>{one.letter}</strong>' in answer
            )
            assert f":root:has(#{id}-{one.letter}:checked) .to-{id}:not(.to-{id}-{one.letter})" in text
        assert "What happens is" not in unfolded and "If you chose" not in unfolded


@pytest.mark.parametrize("problem", problems().values(), ids=problems())
def test_lines_are_put_in_order_on_paper_and_a_right_order_is_folded(
    edition: dict[str, str], problem: Problem
) -> None:
    """Nothing asks for a kernel: a page cannot run `arrange`."""
    text = edition[f"{LESSONS[lesson_of(problem.id)]}.html"]
    assert not re.search(r"\barrange\(", html.unescape(re.sub(r"<[^>]+>", "", text)))
    unfolded = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    (answer,) = re.findall(rf"order of <code>{problem.id}</code></summary>.*?</details>", text, re.DOTALL)
    shown = html.unescape(re.sub(r"<[^>]+>", "", answer))
    assert problem.source(problem.rights[0]).strip() in shown
    order = " ".join(f"{letter}{depth or ''}" for letter, depth in problem.rights[0])
    assert f"A right order is {order}:" in shown and order not in unfolded
    for line in problem.lines:
        assert f"{line.letter}\xa0\xa0{line.code}" in html.unescape(unfolded)
        assert bool(line.misconception) == (f"{line.letter}, {line.code}, does not belong" in shown)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_code_cell_is_there(edition: dict[str, str], path: Path) -> None:
    plain = re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", edition[f"{path.stem}.html"]))
    for cell in nbformat.read(path, as_version=4).cells:
        left_out = {"predict", "arrange", "text-twin", "live"} & set(cell.metadata.get("tags", []))
        if cell.cell_type == "code" and not left_out:
            source = cell.source.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            shown = plain.replace("&quot;", '"').replace("&#39;", "'")
            assert re.sub(r"\s+|<[^>]+>", "", source) in shown, cell.id


def test_a_line_that_a_narrow_screen_breaks_goes_on_within_its_block(tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_code_cell('def night():\n    text = """\n  x"""\n\n    return text'),
        nbformat.v4.new_markdown_cell("```python\n    def report(self):\n```"),
    ]
    path = tmp_path / "00_deep.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    body = reading.page(path).body
    lines = re.findall(
        r'<span class="line" style="--deep: (\d+)">(.*)</span>$', body.replace("</code>", "\n"), re.M
    )
    told = [(int(deep), re.sub("<[^>]+>", "", line)) for deep, line in lines]
    assert [deep for deep, _ in told] == [0, 4, 2, 0, 4, 4]
    assert [line.lstrip()[:3] for _, line in told] == ["def", "tex", 'x""', "", "ret", "def"]


def test_a_cell_of_a_table_says_its_column_where_it_stands_alone(tmp_path: Path) -> None:
    table = '| tool | what "it" does |\n|---|---|\n| `open` | opens |\n| `close` | closes |'
    path = tmp_path / "00_table.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(table)]), path)
    outline = Outline(reading.page(path).body)
    cells = [(attrs["role"], attrs["data-column"]) for attrs in outline.all("td")]
    assert cells == [("cell", "tool"), ("cell", 'what "it" does')] * 2
    assert [attrs["role"] for attrs in outline.all("table", "th")] == ["table", *["columnheader"] * 2]
    assert [attrs["role"] for attrs in outline.all("tr")] == ["row"] * 3


def test_a_lab_is_replaced_by_its_twin(edition: dict[str, str]) -> None:
    text = edition["01_leaks.html"]
    lab, after = text.partition("In JupyterLab there is a lab here.")[::2]
    assert after.index("<details><summary>21 crashes, every exception kept</summary>") < 100
    assert "LeakSettings(cycles=21)" not in lab, "the code of the twin is not for reading"
    assert "LeakLab: 1 crash" not in text
    assert "in words</a>" not in text and 'way("leaks")' not in text.replace("&quot;", '"')


def test_what_a_notebook_shows_cannot_become_markup(tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_markdown_cell("# A < B & `<i>`"),
        nbformat.v4.new_code_cell("print('<b>')", outputs=[nbformat.v4.new_output("stream", text="<b>&")]),
    ]
    path = tmp_path / "00_odd.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    body = reading.page(path).body
    Outline(body)
    assert "&lt;b&gt;&amp;" in body and "<b>" not in body and "<i>" not in body


def test_the_same_lessons_give_the_same_pages(edition: dict[str, str], tmp_path: Path) -> None:
    assert written(tmp_path) == edition


def test_the_command_says_where_the_pages_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["html", str(tmp_path / "pages")]) == 0
    assert str(tmp_path / "pages" / "index.html") in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert cli.main(["html", str(tmp_path / "file")]) == 1
    assert "The pages cannot be written to" in capsys.readouterr().err


def test_a_damaged_notebook_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.ipynb").write_text('{"cells": [{')
    with pytest.raises(desk.Trouble, match="cannot be read as a notebook"):
        reading.page(tmp_path / "broken.ipynb")
