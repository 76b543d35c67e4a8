"""The summary of a lesson: key points, pictures and questions on two pages, and the key on a third page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lessons.desk import reading
from lessons.desk.reading import Writer
from lessons.study.cards import inline
from lessons.study.notes import notes
from lessons.study.phones import above
from lessons.study.questions import Question, misconceptions

_PICTURES = re.compile(r"^#+ (.+)$|^!\[.*\]\(.*\)$", re.MULTILINE)
"""A heading, or a picture."""
_COMMENT = re.compile(r"(?<=\S) {3,}#")
"""A comment in a column of its own: a column of the summary has no room for that."""


def text(short: str, cells: list[dict[str, Any]], path: Path) -> str:
    """The summary as a page to print.

    short: the lesson, such as "leaks". cells: of its notebook, which is at `path`.
    """
    title = reading.heading(cells)
    found = [one.question for slide in notes(short, {"cells": cells}) for one in slide.asked]
    # A warm-up asks about earlier lessons.
    asked = [one for one in found if "-w" not in one.id]
    writer = Writer(path.parent, {}, cells)
    return reading.document(
        html.escape(f"{title} · summary"),
        "\n".join([
            '<div class="summary">',
            f"<h1>{inline(title)}</h1>",
            "<h2>Key points</h2>", writer.prose(_key_points(cells)),
            "<h2>Pictures</h2>", *_pictures(writer, cells),
            "<h2>Questions</h2>", *_questions(cells, asked),
            "</div>",
            '<div class="summary keys">',
            f"<h2>Key to the questions of {inline(title)}</h2>", *_key(asked),
            "</div>",
        ]),
    )  # fmt: skip


def _key_points(cells: list[dict[str, Any]]) -> str:
    """The list of key points, without its heading."""
    (found,) = [cell for cell in cells if cell["id"] == "summary"]
    return re.sub(r"\A## .*\n", "", "".join(found["source"]))


def _pictures(writer: Writer, cells: list[dict[str, Any]]) -> Iterator[str]:
    """Each picture, below the heading that it has in the lesson."""
    heading = ""
    for cell in cells:
        if cell["cell_type"] != "markdown":
            continue
        source = "".join(cell["source"])
        for found in _PICTURES.finditer(source):
            if found[1]:
                heading = re.sub(r" \(\d+ min\)$| in words$", "", found[1])
            else:
                shown = writer.prose(found[0]).removeprefix("<p>").strip().removesuffix("</p>")
                yield f"<figure>{shown}<figcaption>{inline(heading)}</figcaption></figure>"


def _questions(cells: list[dict[str, Any]], asked: list[Question]) -> Iterator[str]:
    """Each question in class, with the code above it. The same code is shown once."""
    before: list[str] = []
    for question in asked:
        shown = [source for source in above(cells, question.id) if source not in before]
        before += shown
        yield '<div class="question">'
        yield f"<p><strong>{question.id}.</strong> {inline(question.prompt)}</p>"
        yield from (reading.code(_COMMENT.sub("  #", source)) for source in shown)
        for option in question.options:
            yield f'<p class="option"><strong>{option.letter}</strong><span>{inline(option.text)}</span></p>'
        yield "</div>"


def _key(asked: list[Question]) -> Iterator[str]:
    for question in asked:
        right = question.right
        yield (
            f'<p class="item"><strong>{question.id}: {right.letter}</strong>, '
            f"{inline(right.text.rstrip('.'))}. {inline(right.reply)}"
        )
        for option in question.options:
            if option.misconception:
                belief = misconceptions()[option.misconception].belief
                yield f"<br>Behind <strong>{option.letter}</strong> is the belief: {inline(belief)}"
        yield "</p>"
