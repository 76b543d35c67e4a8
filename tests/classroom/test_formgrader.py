"""The form grader, as nbgrader renders it: what a submission shows is read there, and never runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config.loader import PyFileConfigLoader

from classroom.formgrader import cleaned
from lessons.judge.verdict import Aspect, Verdict, panel

CONFIG = Path(__file__).resolve().parents[2] / "exercises" / "nbgrader_config.py"
EVIL = [
    "<script>evil()</script>",
    "<img src=x onerror=evil()>",
    "<svg onload=evil()><animate onbegin=evil() attributeName=x></svg>",
    "<iframe srcdoc='<script>evil()</script>'></iframe>",
    "<a href='javascript:evil()'>here</a>",
    "<form action='/api/kernels'><input class='score' id='leaks-x1-check'></form>",
    "<style>@import '//evil.example/x.css';</style>",
    "<div style='position:fixed;background:url(//evil.example/x.png)'>over all</div>",
    "<link rel=stylesheet href=//evil.example/x.css><base href=//evil.example>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=evil()&gt;'>",
]


def page(*cells: Any, root: Path | None = None, whole: bool = False) -> str:
    """The page that the form grader shows of a submission with these cells, by the course's settings.

    root: the course. whole: with the page's head.
    """
    config = PyFileConfigLoader(CONFIG.name, path=str(root or CONFIG.parent)).load_config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    about = dict.fromkeys(["assignment_id", "notebook_id", "submission_id", "student", "base_url"], "x")
    more = {"index": 0, "total": 1, "last_name": None, "first_name": None, "notebook_path": "x"}
    made, _ = HTMLExporter(config=config).from_notebook_node(
        new_notebook(cells=list(cells)), resources={**about, **more, "assignment_id": "leaks"}
    )
    return str(made) if whole else str(made).partition("<body")[2]


def displayed(kind: str, data: str) -> Any:
    return new_code_cell("1", outputs=[new_output("display_data", data={kind: data, "text/plain": "shown"})])


def alive(text: str) -> list[str]:
    """What a browser would run or fetch, or take for a part of the form."""
    tags = re.findall(r"<[a-zA-Z][^>]*>", text)
    return [
        tag
        for tag in tags
        if re.search(r"\son\w+\s*=|javascript:|evil\.example|position|url\(", tag)
        or re.match(r"<(script|iframe|form|input|style|link|base|math|svg|animate|object|embed)\b", tag)
    ]


@pytest.fixture(scope="module")
def without() -> list[str]:
    """What lives in the page of an empty submission: the form's own parts."""
    return alive(page(new_markdown_cell("nothing"), new_code_cell("1")))


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_that_a_student_wrote_or_displayed_runs(evil: str, without: list[str]) -> None:
    answer = new_markdown_cell(evil)
    answer.metadata["nbgrader"] = {"grade_id": "x", "grade": False, "solution": True, "locked": False}
    cells = [answer, new_markdown_cell(f"Text.\n\n{evil}\n\nMore `{evil}`.")]
    for kind in ("text/html", "text/markdown", "application/javascript", "text/latex"):
        cells.append(displayed(kind, evil))
    assert alive(page(*cells)) == without


def test_the_tests_own_eye_sees_what_lives() -> None:
    assert all(alive(evil) for evil in EVIL)


def test_a_picture_that_is_drawn_as_svg_is_a_picture() -> None:
    made = page(displayed("image/svg+xml", "<svg><script>evil()</script></svg>"))
    assert 'src="data:image/svg+xml;base64,' in made and "evil()" not in made


def test_a_panel_a_task_and_an_answer_stay_legible() -> None:
    aspects = (Aspect("it closes", 2), Aspect("`x` < y", 1, 1))
    verdict = panel(Verdict("leaks-x1", "1", "kit", aspects, printed="1 < 2")).html
    hint = "<details><summary>Hint 1</summary>\n\n*Look*.\n</details>"
    task = f"## A task\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n{hint}"
    made = page(new_markdown_cell(task), displayed("text/html", verdict))
    for shown in ("<h2>A task</h2>", "<td>1</td>", "<details><summary>Hint 1</summary>", "<em>Look</em>",
                  "<strong>it closes</strong>", "<li", "1 &lt; 2", "border-left:4px solid"):  # fmt: skip
        assert shown in made


def test_a_picture_that_is_attached_is_shown_and_one_elsewhere_is_not_fetched() -> None:
    answer = new_markdown_cell("![mine](attachment:x.png) ![theirs](https://evil.example/x.png)")
    answer["attachments"] = {"x.png": {"image/png": "iVBORw0KGgo="}}
    made = page(answer)
    assert '<img alt="mine" src="data:image/png;base64,iVBORw0KGgo="' in made
    assert "evil.example" not in made


def test_a_link_leads_to_the_web_alone() -> None:
    assert cleaned('<a href="https://docs.python.org">x</a>') == '<a href="https://docs.python.org">x</a>'
    assert cleaned('<a href="data:text/html,x">x</a> <a href="/api/kernels">y</a>') == "<a>x</a> <a>y</a>"


def test_a_course_has_these_settings(tmp_path: Path) -> None:
    shutil.copyfile(CONFIG, tmp_path / CONFIG.name)
    settings = PyFileConfigLoader(CONFIG.name, path=str(tmp_path)).load_config()
    assert settings.HTMLExporter.sanitize_html is True
    assert set(settings.HTMLExporter.filters) == {"markdown2html", "clean_html"}


def open_answer(source: str) -> Any:
    answer = new_markdown_cell(source)
    about = {"grade_id": "leaks-open", "grade": True, "solution": True, "locked": False, "points": 3}
    answer.metadata["nbgrader"] = about
    return answer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course folder with its settings and the notebooks of one assignment."""
    shutil.copyfile(CONFIG, tmp_path / CONFIG.name)
    for kind in ("source", "release"):
        shutil.copytree(CONFIG.parent / kind / "leaks", tmp_path / kind / "leaks")
    return tmp_path


def test_what_a_good_answer_holds_is_beside_the_answer(root: Path) -> None:
    made = page(open_answer("Because <b>x</b>."), root=root)
    answer, good = made.index("Because <b>x</b>."), made.index("What a good answer holds")
    assert answer < good < made.index("One point for what is right: the operating system closes")
    assert "BEGIN SOLUTION" not in made and "Not answered" not in made
    shutil.rmtree(root / "source")
    assert "What a good answer holds" not in page(open_answer("Because."), root=root)


@pytest.mark.parametrize("source", ["", " \n", "*Write your answer here, in place of this line.* \r\n"])
def test_an_answer_as_it_was_handed_out_is_recognised(root: Path, source: str) -> None:
    assert "Not answered." in page(open_answer(source), root=root)


def test_a_page_fetches_nothing_from_another_server(root: Path) -> None:
    made = page(open_answer("It is $O(n)$."), root=root, whole=True)
    assert re.findall(r"""(?:src|href)=["'](https?:)?//[^"']*""", made) == []
    assert "cdnjs" not in made and "It is $O(n)$." in made
