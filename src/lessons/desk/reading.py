"""The reading edition: all lessons as pages that any browser shows, without a kernel and without a network.

The stored notebooks hold every result.  Here an answer is folded under its question, with the reply to each
option, and a lab is replaced by its twin in words.  Pages hold their pictures and their style themselves.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessons.desk import workcopy as desks
from lessons.desk.workcopy import Trouble
from lessons.study.cards import inline
from lessons.study.questions import FIELD_GUIDE, Misconception, Option, Question, misconceptions, questions
from lessons.words import listed

TITLE = "Resource lifecycles in Python pipelines"
_ASKED = re.compile(r"""^predict\(["']([\w-]+)["']\)""", re.MULTILINE)
_ANSWERS = re.compile(r"^# Answers ([\w-]+)$", re.MULTILINE)
_LOUD = {"image/png", "image/jpeg", "image/svg+xml"}


@dataclass(frozen=True)
class Page:
    """One notebook as a page: its file name, its title, and what it shows."""

    name: str
    title: str
    parts: tuple[tuple[str, str], ...]
    """The headings of the second level: anchor and text."""
    body: str


def write(folder: Path | None = None) -> list[Path]:
    """Write the reading edition and return its pages, the contents first.

    folder: where to, by default `build/html` in the course.

    Raises `Trouble` when the folder cannot be written, or a notebook cannot be read.
    """
    source = desks.course()
    target = (folder.expanduser() if folder else source / "build" / "html").absolute()
    pages = [page(path) for path in _notebooks(source)]
    written = {"index.html": _index(pages)}
    for number, one in enumerate(pages):
        before = pages[number - 1] if number else None
        after = pages[number + 1] if number + 1 < len(pages) else None
        written[one.name] = _whole(one, before, after)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            (target / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Trouble(f"The pages cannot be written to {target}: {error.strerror or error}.") from error
    return [target / name for name in written]


def page(path: Path) -> Page:
    """The page for one stored notebook.

    Raises `Trouble` when it is no notebook.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        shown = [part for cell in cells for part in _cell(cell, path.parent)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Trouble(f"{path} cannot be read as a notebook ({type(error).__name__}: {error}).") from error
    body = "\n".join(shown)
    titles = re.findall(r'<h([12]) id="([^"]*)">(.*?)</h\1>', body, re.DOTALL)
    (title,) = [text for level, _, text in titles if level == "1"][:1] or [html.escape(path.stem)]
    parts = tuple((anchor, text) for level, anchor, text in titles if level == "2")
    return Page(f"{path.stem}.html", title, parts, body)


def _notebooks(source: Path) -> Iterator[Path]:
    yield from (source / path for path in desks.lessons(source))
    guide = source / "notebooks" / f"{FIELD_GUIDE}.ipynb"
    if guide.is_file():
        yield guide


def _cell(cell: dict[str, Any], folder: Path) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield _prose(source, folder)
        return
    tags = cell["metadata"].get("tags", [])
    asked, answered = _ASKED.findall(source), _ANSWERS.findall(source)
    known = questions()
    if asked and all(id in known for id in asked):
        yield from (_asked(known[id]) for id in asked)
        return
    yield _code(_highlighted(source))
    if "widget" in tags:
        yield '<p class="aside">In JupyterLab a lab to work with stands here. Its twin in words follows.</p>'
        return
    shown = "\n".join(part for output in cell["outputs"] for part in _output(output))
    if "nbval-ignore-output" in tags:
        return
    if answered and all(id in known for id in answered):
        replies = "\n".join(_replies(known[id]) for id in answered)
        yield f"<details><summary>The answer to {_ids(answered)}</summary>\n{shown}\n{replies}\n</details>"
    elif shown:
        yield shown


def _asked(question: Question) -> str:
    rows = [
        f"<li><strong>{option.letter}</strong>&ensp;{inline(option.text)}</li>" for option in question.options
    ]
    name = html.escape(question.id)
    return "\n".join([
        f'<div class="question" role="group" aria-label="Prediction {name}">',
        f"<p><strong>Predict.</strong> {inline(question.prompt)}</p>", '<ul class="options">', *rows, "</ul>",
        '<p class="aside">Settle on a letter before you unfold the answer.</p>', "</div>",
    ])  # fmt: skip


def _replies(question: Question) -> str:
    right = question.right
    lines = [f"<p>What happens is <strong>{right.letter}</strong>. {inline(right.reply)}</p>"]
    for option in question.options:
        if option is not right:
            lines.append(f"<p>If you said <strong>{option.letter}</strong>: {_named(option)}</p>")
    return "\n".join(lines)


def _named(option: Option) -> str:
    belief: Misconception | None = misconceptions().get(option.misconception or "")
    said = f"behind it stands a common belief: “{belief.belief}” " if belief else ""
    return inline(said + option.reply)


def _output(output: dict[str, Any]) -> Iterator[str]:
    kind = output["output_type"]
    if kind == "stream":
        yield _shown("".join(output["text"]))
    elif kind == "error":
        yield _shown(f"{output['ename']}: {output['evalue']}", "error")
    else:
        data = output.get("data", {})
        if "text/html" in data:
            yield f'<div class="output">{"".join(data["text/html"])}</div>'
        elif not _LOUD & set(data):
            yield _shown("".join(data.get("text/plain", "")))


def _shown(text: str, kind: str = "output") -> str:
    label = "Error" if kind == "error" else "Output"
    said = f'<span class="unseen">{label}: </span>'
    return f'<pre class="{kind}">{said}{html.escape(text.rstrip(), quote=False)}</pre>'


def _prose(source: str, folder: Path) -> str:
    import mistune

    class Renderer(mistune.HTMLRenderer):
        """Headings with anchors, pictures inside the page, links that stay inside the edition."""

        def heading(self, text: str, level: int, **attrs: Any) -> str:
            anchor = re.sub(r"\s+", "-", html.unescape(re.sub(r"<[^>]+>", "", text)).strip())
            return f'<h{level} id="{html.escape(anchor, quote=True)}">{text}</h{level}>\n'

        def image(self, text: str, url: str, title: str | None = None) -> str:
            # The alt text arrives escaped: its quotation marks may stand in an attribute.
            return f'<img class="figure" alt="{_quoted(text)}" src="{_embedded(folder / url)}">'

        def link(self, text: str, url: str, title: str | None = None) -> str:
            if url.startswith("#"):
                return f'<a href="{html.escape(url, quote=True)}">{text}</a>'
            if re.fullmatch(r"\w+\.ipynb(#.*)?", url):
                return f'<a href="{html.escape(url.replace(".ipynb", ".html"), quote=True)}">{text}</a>'
            return text

        def block_code(self, code: str, info: str | None = None) -> str:
            marked = _highlighted(code) if info == "python" else html.escape(code, quote=False)
            return f"{_code(marked)}\n"

    rendered = mistune.create_markdown(escape=False, plugins=["table"], renderer=Renderer(escape=False))
    return re.sub(r"<table>.*?</table>", _table, str(rendered(source)), flags=re.DOTALL)


def _table(found: re.Match[str]) -> str:
    # On a narrow screen the cells of a row stand one below the other, each with its column's name (see the
    # style), and a table that is laid out as blocks is one for a screen reader only if its parts say so.
    text = found[0].replace("<table>", '<table role="table">').replace("<tr>", '<tr role="row">')
    names = [_quoted(name) for name in re.findall(r"<th>(.*?)</th>", text, re.DOTALL)]
    columns = itertools.cycle(names)
    text = re.sub("<td>", lambda _: f'<td role="cell" data-column="{next(columns)}">', text)
    return text.replace("<th>", '<th scope="col" role="columnheader">')


def _code(marked: str) -> str:
    # A line that a narrow screen breaks goes on further in than it began, or it would look dedented.
    lines = []
    for line in marked.rstrip("\n").split("\n"):
        plain = re.sub(r"<[^>]+>", "", line)
        deep = len(plain) - len(plain.lstrip())
        lines.append(f'<span class="line" style="--deep: {deep}">{line}</span>')
    return '<pre class="code"><code>' + "\n".join(lines) + "</code></pre>"


def _highlighted(source: str) -> str:
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

    if source.startswith("%"):
        magic, _, source = source.partition("\n")
        return f"{html.escape(magic)}\n{_highlighted(source)}"
    return str(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))).rstrip("\n")


def _embedded(path: Path) -> str:
    if path.suffix != ".svg":
        raise ValueError(f"{path.name}: a lesson's pictures are SVG")
    return "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def _quoted(text: str) -> str:
    return html.escape(html.unescape(re.sub(r"<[^>]+>", "", text)), quote=True)


def _ids(ids: Iterable[str]) -> str:
    return listed(f"<code>{html.escape(id)}</code>" for id in ids)


def _index(pages: list[Page]) -> str:
    items = [f'<li><a href="{one.name}">{one.title}</a></li>' for one in pages]
    body = "\n".join([
        f"<h1>{TITLE}</h1>",
        "<p>A data pipeline dies half way, at night, again and again. What does it leave open, and who "
        "closes it? These are the lessons of the course, to read without running anything.</p>",
        "<p>Each question has its answer folded up below it. Settle on a letter first: a wrong prediction is "
        "worth more than a right one, because you remember it. Then unfold what happens.</p>",
        "<p>To run the lessons, change them and break them, open them by <code>make lab</code>.</p>",
        '<ul class="options">', *items, "</ul>",
    ])  # fmt: skip
    return _document(TITLE, body, "")


def _whole(one: Page, before: Page | None, after: Page | None) -> str:
    items = [f'<li><a href="#{anchor}">{text}</a></li>' for anchor, text in one.parts]
    top = "\n".join(['<nav aria-label="Contents of this page"><ul>', *items, "</ul></nav>"])
    ways = ['<a href="index.html">All lessons</a>']
    if before:
        ways.insert(0, f'<a href="{before.name}">Before: {before.title}</a>')
    if after:
        ways.append(f'<a href="{after.name}">Next: {after.title}</a>')
    bottom = f'<nav aria-label="Lessons"><p>{" · ".join(ways)}</p></nav>'
    # The title comes first, so that the page begins with it and not with its contents.
    head, closed, rest = one.body.partition("</h1>")
    return _document(re.sub(r"<[^>]+>", "", one.title), f"{head}{closed}\n{top}\n{rest}", bottom)


def _document(title: str, body: str, bottom: str) -> str:
    style = Path(__file__).with_name("reading.css").read_text(encoding="utf-8")
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#main">To the text</a>
<main id="main">
{body}
</main>
<footer>
{bottom}
</footer>
</body>
</html>
"""
