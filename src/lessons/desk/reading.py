"""The reading edition: all lessons as pages that any browser shows, without a kernel and without a network.

The stored notebooks hold every result.  Here a reader can choose an option of a question. The answer is
folded below it, with the reply to the chosen option. A lab is replaced by its text version.  Pages hold
their pictures and their style themselves, and run no script: which reply is shown is a matter of style.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lessons.desk import workcopy as desks
from lessons.desk.workcopy import Trouble
from lessons.study.arranged import EXAMPLE, Problem, problems, task
from lessons.study.cards import inline
from lessons.study.questions import (
    FIELD_GUIDE,
    GLOSSARY,
    LESSONS,
    Misconception,
    Option,
    Question,
    misconceptions,
    questions,
)
from lessons.words import agreeing, listed, many

TITLE = "Resource lifecycles in Python pipelines"
SHORT = {notebook: short for short, notebook in LESSONS.items()}
"""For each notebook: the word with which the ids of its lesson begin."""

_ASKED = re.compile(r"""^predict\(["']([\w-]+)["']\)""", re.MULTILINE)
_ARRANGED = re.compile(r"""^arrange\(["']([\w-]+)["']\)$""", re.MULTILINE)
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
    rules: str
    """The style of this page, in addition to the common one."""


@dataclass(frozen=True)
class Sheet:
    """A page to print: its file in the folder, its lesson, the words of the link to it, and its text."""

    name: str
    lesson: str
    label: str
    text: str


def write(folder: Path | None = None, sheets: Iterable[Sheet] = ()) -> list[Path]:
    """Write the reading edition and return its pages, the contents first.

    folder: where to write, by default `build/html` in the course. sheets: pages to print, which are written
    into the same folder.

    Raises `Trouble` if the folder cannot be written, or a notebook cannot be read.
    """
    source = desks.course()
    target = (folder.expanduser() if folder else source / "build" / "html").absolute()
    try:
        target.mkdir(parents=True, exist_ok=True)
        written = _written(source, list(sheets))
        for name, text in written.items():
            (target / name).parent.mkdir(exist_ok=True)
            (target / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Trouble(f"The pages cannot be written to {target}: {error.strerror or error}.") from error
    return [target / name for name in written]


def _written(source: Path, sheets: list[Sheet]) -> dict[str, str]:
    """The text of each page, by its name in the folder."""
    names = {path.resolve(): _name(path) for path in _notebooks(source)}
    pages = [page(path, names) for path in names]
    written = {"index.html": _index(pages, sheets)}
    for number, one in enumerate(pages):
        before = pages[number - 1] if number else None
        after = pages[number + 1] if number + 1 < len(pages) else None
        written[one.name] = _whole(one, before, after)
    return written | {sheet.name: sheet.text for sheet in sheets}


def page(path: Path, names: Mapping[Path, str] | None = None) -> Page:
    """The page for one stored notebook.

    names: the page of each notebook of the edition. A link to anything else becomes plain text.

    Raises `Trouble` if it is not a notebook.
    """
    found = cells(path)
    body = shown(Writer(path.parent, names or {}, found), found, path)
    titles = re.findall(r'<h([12]) id="([^"]*)">(.*?)</h\1>', body, re.DOTALL)
    (title,) = [text for level, _, text in titles if level == "1"][:1] or [html.escape(path.stem)]
    parts = tuple((anchor, text) for level, anchor, text in titles if level == "2")
    return Page(_name(path), title, parts, body, _rules(re.findall(r'<p id="([\w-]+)-ask">', body)))


def cells(path: Path) -> list[dict[str, Any]]:
    """The cells of a stored notebook. Raises `Trouble` if it is not a notebook."""
    try:
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in found:
            cell.setdefault("id", "")
            tags(cell)
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, error) from error


def shown(writer: Writer, cells: list[dict[str, Any]], path: Path) -> str:
    """The cells of the notebook at `path` as HTML. Raises `Trouble` if they are not a notebook's cells."""
    try:
        return "\n".join(part for cell in cells for part in writer.cell(cell))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, error) from error


def heading(cells: list[dict[str, Any]]) -> str:
    """The title of a lesson."""
    return next(iter(re.findall(r"(?m)^# (.+)$", "".join(cells[0]["source"]))), "")


def _unreadable(path: Path, error: Exception) -> Trouble:
    return Trouble(f"{path} cannot be read as a notebook ({type(error).__name__}: {error}).")


def _notebooks(source: Path) -> Iterator[Path]:
    """The notebooks that become pages, in reading order: lessons with their exercises, then the rest."""
    for path in desks.lessons(source):
        yield source / path
        short = SHORT.get(Path(path).stem, "")
        yield from sorted((source / "exercises/release" / short).glob("*.ipynb") if short else [])
    for name in (GLOSSARY, FIELD_GUIDE):
        yield from (source / "notebooks").glob(f"{name}.ipynb")


def _name(path: Path) -> str:
    return f"exercises_{path.stem}.html" if path.parent.name == path.stem else f"{path.stem}.html"


class Writer:
    """Writes the cells of one notebook, as the reading edition shows them."""

    def __init__(self, folder: Path, names: Mapping[Path, str], cells: list[dict[str, Any]]) -> None:
        self.folder, self.names = folder, names
        self.twins = {cell["id"]: cell for cell in cells if "text-twin" in tags(cell)}

    def cell(self, cell: dict[str, Any]) -> Iterator[str]:
        """The part of a page for one cell."""
        source, marks = "".join(cell["source"]), tags(cell)
        if {"text-twin", "live"} & {*marks}:
            return  # the first is shown in place of its lab, the second needs the student's own journal
        if cell["cell_type"] == "markdown":
            yield self.prose(source)
            return
        asked, answered = _ASKED.findall(source), _ANSWERS.findall(source)
        known = questions()
        if asked and all(id in known for id in asked):
            yield from (self.asked(known[id]) for id in asked)
            return
        arranged = _ARRANGED.findall(source)
        if arranged and all(id in problems() for id in arranged):
            for id in arranged:
                yield from self.arranged(problems()[id])
            return
        yield code(source)
        if "widget" in marks:
            yield from self.lab(_outputs(self.twins[f"{cell['id'].removesuffix('-lab')}-twin"]))
            return
        shown = "" if "nbval-ignore-output" in marks else _outputs(cell)
        if answered and all(id in known for id in answered):
            yield self.answer([known[id] for id in answered], shown)
        elif shown:
            yield self.output(cell, shown)

    def prose(self, source: str) -> str:
        """A cell of text."""
        return _prose(source, self.folder, self.link)

    def link(self, text: str, url: str) -> str:
        """A link in a text, which stays inside the edition."""
        place, mark, anchor = url.partition("#")
        leads = self.names.get((self.folder / unquote(place)).resolve(), "") if place else ""
        if place and not leads:
            return text
        return f'<a href="{html.escape(leads + mark + unquote(anchor), quote=True)}">{text}</a>'

    def asked(self, question: Question) -> str:
        """A question as radio buttons. Nothing is stored: a choice only decides which reply is shown."""
        name = html.escape(question.id)
        rows = [
            f'<label class="option"><input type="radio" name="{name}" id="{name}-{option.letter}">'
            f"<span><strong>{option.letter}</strong>&ensp;{inline(option.text)}</span></label>"
            for option in question.options
        ]
        return "\n".join([
            f'<div class="question" role="group" aria-label="Prediction {name}">',
            f'<p id="{name}-ask"><strong>Predict.</strong> {inline(question.prompt)}</p>',
            f'<div role="radiogroup" aria-labelledby="{name}-ask">', *rows, "</div>",
            '<p class="aside">Choose an option, then reveal the answer below.</p>', "</div>",
        ])  # fmt: skip

    def arranged(self, problem: Problem) -> Iterator[str]:
        """Lines to put in order on paper, and a right order, folded."""
        yield from to_order(problem)
        yield (
            '<p class="aside">Write the order on paper, then reveal a right one below. In JupyterLab you '
            "move the lines, and <em>Check</em> names the first line that cannot be right.</p>"
        )
        title = f"Reveal a right order of <code>{html.escape(problem.id)}</code>"
        yield "\n".join([f"<details><summary>{title}</summary>", *ordered(problem), "</details>"])

    def lab(self, words: str) -> Iterator[str]:
        """What is there instead of a lab."""
        yield '<p class="aside">In JupyterLab there is a lab here. This is what it shows, in words:</p>'
        yield words

    def answer(self, asked: list[Question], shown: str) -> str:
        """The answer, folded. If an option is chosen, only its reply is shown, else all replies."""
        title = f"Reveal the answer to {listed(f'<code>{html.escape(one.id)}</code>' for one in asked)}"
        replies = [part for one in asked for part in _replies(one)]
        return "\n".join([f"<details><summary>{title}</summary>", shown, *replies, "</details>"])

    def output(self, cell: dict[str, Any], shown: str) -> str:
        """What a cell shows that answers no question."""
        return shown


def tags(cell: dict[str, Any]) -> list[str]:
    """The tags of a cell."""
    return list(cell["metadata"].get("tags", []))


def _outputs(cell: dict[str, Any]) -> str:
    return "\n".join(part for output in cell["outputs"] for part in _output(output))


def _rules(ids: Iterable[str]) -> str:
    """Style that hides the replies to options that were not chosen; an old browser shows all of them."""
    keys = [(id, option.letter) for id in ids for option in questions()[id].options]
    hidden = ":root:has(#{0}-{1}:checked) .to-{0}:not(.to-{0}-{1}) {{ display: none; }}\n"
    return "".join(hidden.format(*key) for key in keys)


def _replies(question: Question) -> Iterator[str]:
    right = question.right
    for option in question.options:
        said = "that is what happens." if option is right else _named(option)
        to = f"to-{question.id}"
        said = f"If you chose <strong>{option.letter}</strong>: {said}"
        yield f'<p class="{to} {to}-{option.letter}">{said}</p>'
    truth = inline(f"{right.text.rstrip('.')}. {right.reply}")
    yield f"<p>What happens is <strong>{right.letter}</strong>: {truth}</p>"


def to_order(problem: Problem) -> Iterator[str]:
    """The lines of a problem, and how their order is written down."""
    # On a narrow screen, a letter stays beside its line.
    lines = "\n".join(
        f"{line.letter}&nbsp;&nbsp;{html.escape(line.code, quote=False)}" for line in problem.lines
    )
    yield f'<p><strong>Put in order.</strong> {inline(task(problem))}</p>\n<pre class="output">{lines}</pre>'
    yield (
        "<p>Write the letters in the right order, each with how many times its line is indented: "
        f"<code>{EXAMPLE}</code> is A, below it B, indented once, and C, indented twice.</p>"
    )


def ordered(problem: Problem) -> Iterator[str]:
    """A right order of the lines of a problem, and why some lines do not belong to it."""
    right, *others = problem.rights
    letters = " ".join(f"{letter}{depth or ''}" for letter, depth in right)
    yield f"<p>A right order is <code>{letters}</code>:</p>"
    yield code(problem.source(right))
    if others:
        verb = agreeing(len(others), "is", "are")
        yield f"<p>{many(len(others), 'other order')} of these lines {verb} right, too.</p>"
    for line in problem.lines:
        if line.misconception:
            belief = misconceptions()[line.misconception].belief
            said = f"**{line.letter}**, `{line.code}`, does not belong to this program. {line.why}"
            yield f"<p>{inline(f'{said} A belief that leads to it: “{belief}”')}</p>"


def _named(option: Option) -> str:
    belief: Misconception | None = misconceptions().get(option.misconception or "")
    said = f"behind it is a common belief: “{belief.belief}” " if belief else ""
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
            # A link in an output leads to a file that a run has written. Headings in an output do not belong
            # to the page.
            shown = re.sub(r"</?a\b[^>]*>", "", "".join(data["text/html"]))
            shown = re.sub(r"<h[1-6]\b[^>]*>(.*?)</h[1-6]>", r"<p><strong>\1</strong></p>", shown)
            yield f'<div class="output">{shown}</div>'
        elif not _LOUD & set(data):
            yield _shown("".join(data.get("text/plain", "")))


def _shown(text: str, kind: str = "output") -> str:
    label = "Error" if kind == "error" else "Output"
    # In a narrow window, the lines of a drawing do not break.
    kind += " drawn" if "──" in text else ""
    said = f'<span class="unseen">{label}: </span>'
    return f'<pre class="{kind}">{said}{html.escape(text.rstrip(), quote=False)}</pre>'


def _prose(source: str, folder: Path, lead: Callable[[str, str], str]) -> str:
    import mistune

    class Renderer(mistune.HTMLRenderer):
        """Headings with anchors, and pictures inside the page."""

        def heading(self, text: str, level: int, **attrs: Any) -> str:
            anchor = re.sub(r"\s+", "-", html.unescape(re.sub(r"<[^>]+>", "", text)).strip())
            return f'<h{level} id="{html.escape(anchor, quote=True)}">{text}</h{level}>\n'

        def image(self, text: str, url: str, title: str | None = None) -> str:
            # The alt text arrives escaped: its quotation marks may be in an attribute.
            return f'<img class="figure" alt="{_quoted(text)}" src="{_embedded(folder / url)}">'

        def link(self, text: str, url: str, title: str | None = None) -> str:
            return lead(text, url)

        def block_code(self, code: str, info: str | None = None) -> str:
            return f"{_code(_highlighted(code) if info == 'python' else html.escape(code, quote=False))}\n"

    rendered = mistune.create_markdown(escape=False, plugins=["table"], renderer=Renderer(escape=False))
    return re.sub(r"<table>.*?</table>", _table, str(rendered(source)), flags=re.DOTALL)


def _table(found: re.Match[str]) -> str:
    # On a narrow screen the cells of a row are below each other, each with its column's name (see the style).
    # To a screen reader, a table that is drawn as blocks is a table only if its parts say so.
    text = found[0].replace("<table>", '<table role="table">').replace("<tr>", '<tr role="row">')
    names = [_quoted(name) for name in re.findall(r"<th>(.*?)</th>", text, re.DOTALL)]
    columns = itertools.cycle(names)
    text = re.sub("<td>", lambda _: f'<td role="cell" data-column="{next(columns)}">', text)
    return text.replace("<th>", '<th scope="col" role="columnheader">')


@cache
def code(source: str) -> str:
    """The code of a cell, highlighted."""
    return _code(_highlighted(source))


def _code(marked: str) -> str:
    # If a narrow screen breaks a line, its rest is indented further, or it would look dedented.
    lines = []
    for line in marked.rstrip("\n").split("\n"):
        plain = re.sub(r"<[^>]+>", "", line)
        deep = len(plain) - len(plain.lstrip())
        # On a phone the indentation is half as wide, so that a line far to the right keeps its room.
        line = re.sub(r"^(<span[^>]*>)?( +)", r'\1<span class="deep">\2</span>', line)
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


def _index(pages: list[Page], sheets: Sequence[Sheet]) -> str:
    items = [f'<li><a href="{one.name}">{one.title}</a></li>' for one in pages]
    body = "\n".join([
        f"<h1>{TITLE}</h1>",
        "<p>A data pipeline dies half way, at night, again and again. What does it leave open, and who "
        "closes it? These are the lessons of the course. You can read them without running anything.</p>",
        "<p>The lessons ask before they tell. Choose an option, then reveal the answer below it. A wrong "
        "prediction is worth more than a right one, because you remember it. Nothing that you choose is "
        "stored.</p>",
        "<p>To run the lessons, change them and break them, open them with <code>make lab</code>.</p>",
        '<ul class="options">', *items, "</ul>", *_to_print(sheets),
    ])  # fmt: skip
    return document(TITLE, body)


def _to_print(sheets: Sequence[Sheet]) -> Iterator[str]:
    if not sheets:
        return
    yield '<h2 id="to-print">To print</h2>'
    yield (
        "<p>For students there is a version without answers, in which they can write. The teacher's version "
        "has the answers, the notes and what each wrong option believes. A summary has two pages. The key to "
        "its questions is on a page of its own, the last one.</p>"
    )
    yield '<ul class="options">'
    for lesson, group in itertools.groupby(sheets, key=lambda sheet: sheet.lesson):
        ways = " · ".join(f'<a href="{sheet.name}">{sheet.label}</a>' for sheet in group)
        yield f"<li>{lesson}: {ways}</li>"
    yield "</ul>"


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
    title = re.sub(r"<[^>]+>", "", one.title)
    return document(title, f"{head}{closed}\n{top}\n{rest}", bottom, one.rules)


def _footer(title: str) -> str:
    """Style that prints the title at the foot of each sheet of paper."""
    quoted = re.sub(r'[\\"<\n]', lambda found: f"\\{ord(found[0]):x} ", html.unescape(title))
    return f'@page {{ @bottom-left {{ content: "{quoted}"; }} }}\n'


def document(title: str, body: str, bottom: str = "", rules: str = "") -> str:
    """A whole page. title: as text, without markup. rules: style in addition to the common one."""
    style = Path(__file__).with_name("reading.css").read_text(encoding="utf-8") + _footer(title) + rules
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
