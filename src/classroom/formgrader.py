"""What nbgrader's form grader shows of a submission: nothing of it runs, and nothing is fetched for it.

The form grader has the address of JupyterLab: a script in what it shows could run anything on the machine of
whoever grades. So what students wrote in Markdown, and what their code displayed, is cleaned first.
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
"""What may stand in a page; any other tag is shown as text."""

STYLES = frozenset([
    "border-left", "color", "font-family", "font-size", "font-style", "font-weight", "line-height",
    "list-style", "max-width", "overflow-wrap", "padding", "padding-left", "text-align", "white-space",
])  # fmt: skip
"""What keeps a check's panel legible. Nothing here lays one thing over another, or fetches one."""


def protect(config: Any) -> None:
    """Let the form grader show submissions cleaned. config: nbgrader's, as `nbgrader_config.py` has it."""
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.filters = {"markdown2html": rendered, "clean_html": cleaned}


def cleaned(element: str | bytes) -> str:
    """HTML without scripts, forms, addresses that something is fetched from, and names of elements.

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
    """Markdown as nbconvert shows it, with the pictures that are attached to its cell; then cleaned."""
    return cleaned(_exporter().markdown2html(context, source))


def _links(tag: str, name: str, value: str) -> bool:
    return name == "href" and value.startswith(("http://", "https://", "mailto:"))


def _pictures(tag: str, name: str, value: str) -> bool:
    return name == "alt" or (name == "src" and value.startswith("data:image/"))


@cache
def _exporter() -> Any:
    from nbconvert.exporters import HTMLExporter

    return HTMLExporter(exclude_anchor_links=True)  # type: ignore[no-untyped-call]
