"""How nbgrader's form grader shows a submission: nothing in it runs, and nothing is fetched for it.

The form grader has the same address as JupyterLab, so a script in a submission could run anything on the
grader's machine. Therefore students' Markdown, and everything that their code displayed, is cleaned first.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

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


def protect(config: Any) -> None:
    """Let the form grader clean what it shows of submissions.

    config: nbgrader's, from `nbgrader_config.py`.
    """
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.filters = {"markdown2html": rendered, "clean_html": cleaned}


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
