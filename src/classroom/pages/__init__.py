"""The pages that instructors hand out: each is one complete file, without scripts and without requests."""

from __future__ import annotations

import html
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2 import Environment

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?")
_PLACE = re.compile(
    r"(?<![\w.-])(?:[A-Za-z]:\\|/)(?!proc/|dev/)(?:[^\s/\\:'\"<>|*?]+[/\\])+([^\s/\\:'\"<>|*?]*)"
)


def page(name: str, **given: Any) -> str:
    """A page from the template of that name; values are escaped unless they are `Markup`."""
    return str(_environment().get_template(name).render(**given))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader

    made = Environment(loader=PackageLoader("classroom", "pages"), autoescape=True, trim_blocks=True)
    # The style is the kit's own: it contains nothing from a student.
    made.globals["style"] = Markup((files("lessons.desk") / "reading.css").read_text(encoding="utf-8"))
    return made


def plain(text: object) -> str:
    """Text from a kernel, made fit for others: without control characters and without folders of the machine.

    >>> plain("File /home/grader/course/parts.py:12\\x1b[31m, /proc/self/fd")
    'File …/parts.py:12, /proc/self/fd'
    """
    shown = _ESCAPES.sub("", str(text))
    shown = "".join(letter for letter in shown if letter.isprintable() or letter in "\n\t")
    return _PLACE.sub(r"…/\1", shown)


def code(source: str) -> Markup:
    """Python source as a block, with syntax colours."""
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

    text = "".join(letter for letter in source if letter.isprintable() or letter in "\n\t")
    marked = highlight(text, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")
    return Markup(f'<pre class="code"><code>{marked}</code></pre>')


def prose(source: str) -> Markup:
    """Markdown of a student: emphasis, lists, code and tables. Pictures, links and raw HTML become text."""
    import mistune

    class SafeRenderer(mistune.HTMLRenderer):
        """No links out of the page, and no headings in its outline."""

        def heading(self, text: str, level: int, **attrs: Any) -> str:
            return f"<p><strong>{text}</strong></p>\n"

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return f"[picture: {text}]"

        def link(self, text: str, url: str, title: str | None = None) -> str:
            address = html.escape(url)
            return text if text == address else f"{text} ({address})"

        def block_html(self, html: str) -> str:
            return self.paragraph(self.inline_html(html))

    render = mistune.create_markdown(escape=True, plugins=["table"], renderer=SafeRenderer(escape=True))
    text = "".join(letter for letter in source if letter.isprintable() or letter in "\n\t")
    return Markup(str(render(text)).replace("<th>", '<th scope="col">'))


def picture(data: bytes, alt: str) -> Markup:
    """A PNG inside the page."""
    import base64

    told = html.escape(alt, quote=True)
    return Markup(f'<img alt="{told}" src="data:image/png;base64,{base64.b64encode(data).decode("ascii")}">')
