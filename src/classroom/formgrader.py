"""How nbgrader's form grader shows a submission: nothing in it runs, and nothing is fetched for it.

The form grader has the same address as JupyterLab, so a script in a submission could run anything on the
grader's machine. Therefore students' Markdown, and everything that their code displayed, is cleaned first.
Beside each open question is what a good answer holds, from the notebook with solutions.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, pass_context
from jinja2.runtime import Context
from nbconvert.preprocessors import Preprocessor
from nbformat.v4 import new_markdown_cell
from traitlets import Unicode

from classroom.graders import note

TAGS = frozenset([
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "mark", "ol", "p", "pre", "s", "samp", "small",
    "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u",
    "ul",
])  # fmt: skip
"""The tags that a page may contain; any other tag is shown as text."""

STYLES = frozenset([
    "border-left", "color", "font-family", "font-size", "font-style", "font-weight", "line-height",
    "list-style", "max-width", "overflow-wrap", "padding", "padding-left", "text-align", "white-space",
])  # fmt: skip
"""Styles that keep a check's panel legible.

None of them can cover another part of the page, or fetch anything.
"""


def protect(config: Any, file: str) -> None:
    """Let the form grader clean what it shows, show what a good answer holds, and note who gave points.

    config: nbgrader's, from `nbgrader_config.py`. file: the path of that file, in the course folder.
    """
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.preprocessors = [GraderPage]
    config.GraderPage.root = str(Path(file).absolute().parent)
    note()
    config.HTMLExporter.filters = {"markdown2html": rendered, "clean_html": cleaned}


class GraderPage(Preprocessor):
    """Adds to a submission's page what a good answer to each open question holds.

    It also takes out MathJax, which the page would fetch from another server: formulas appear as written.
    """

    root = Unicode(help="the course folder").tag(config=True)

    def __init__(self, **about: Any) -> None:
        super().__init__(**about)  # type: ignore[no-untyped-call]
        if self.parent is not None:
            self.parent.extra_loaders = [DictLoader({"mathjax.html.j2": _NO_MATHJAX})]

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """The page's notebook, with a cell after each answer to an open question."""
        name = str(resources.get("assignment_id", ""))
        good, released = (_sources(Path(self.root) / kind / name) for kind in ("source", "release"))
        cells = []
        for cell in nb.cells:
            cells.append(cell)
            about = cell.metadata.get("nbgrader", {})
            id = about.get("grade_id", "")
            if cell.cell_type == "markdown" and about.get("grade") and about.get("solution"):
                if cell.source.split() in ([], released.get(id, "").split()):
                    cells.append(new_markdown_cell(_UNTOUCHED))  # type: ignore[no-untyped-call]
                if marking := _marking(good.get(id, "")):
                    cells.append(new_markdown_cell(_GOOD + marking))  # type: ignore[no-untyped-call]
        nb.cells = cells
        return nb, resources


_NO_MATHJAX = "{%- macro mathjax() -%}{%- endmacro %}"
_UNTOUCHED = "**Not answered.** The cell is empty or as it was handed out, and has 0 points without you."
_GOOD = "**What a good answer holds** (students do not see this)\n\n"


def _sources(folder: Path) -> dict[str, str]:
    """The sources of a notebook's cells by their `grade_id`; {} if it cannot be read."""
    try:
        cells = json.loads((folder / f"{folder.name}.ipynb").read_text(encoding="utf-8"))["cells"]
        return {
            str(one["metadata"]["nbgrader"]["grade_id"]): "".join(one["source"])
            for one in cells
            if "nbgrader" in one["metadata"]
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _marking(source: str) -> str:
    """What the notebook with solutions says of a good answer.

    >>> _marking("### BEGIN SOLUTION\\n**Marking.**\\n\\nOne point.\\n### END SOLUTION")
    'One point.'
    """
    found = re.search(r"(?s)### BEGIN SOLUTION\n(.*?)### END SOLUTION", source)
    return found[1].strip().removeprefix("**Marking.**").strip() if found else ""


def cleaned(element: str | bytes) -> str:
    """HTML without scripts, forms, names of elements, and addresses from which something is fetched.

    >>> cleaned('<b onclick="evil()">bold</b> <img src="//evil.example/x.png">')
    '<b>bold</b> <img>'
    """
    import bleach  # type: ignore[import-untyped]
    from bleach.css_sanitizer import CSSSanitizer  # type: ignore[import-untyped]

    text = element.decode("utf-8", "replace") if isinstance(element, bytes) else str(element)
    made: str = bleach.clean(
        text,
        tags=TAGS,
        attributes={"*": ["style", "role", "aria-label", "scope"], "a": _links, "img": _pictures},
        protocols={"http", "https", "mailto", "data"},
        css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
    )
    return made


@pass_context
def rendered(context: Context, source: str) -> str:
    """Markdown as nbconvert shows it, with the pictures attached to its cell; then cleaned."""
    return cleaned(_exporter().markdown2html(context, source))


def _links(tag: str, name: str, value: str) -> bool:
    return name == "href" and value.startswith(("http://", "https://", "mailto:"))


def _pictures(tag: str, name: str, value: str) -> bool:
    return name == "alt" or (name == "src" and value.startswith("data:image/"))


@cache
def _exporter() -> Any:
    from nbconvert.exporters import HTMLExporter

    return HTMLExporter(exclude_anchor_links=True)  # type: ignore[no-untyped-call]
