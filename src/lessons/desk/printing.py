"""Pages to print: each lesson for students, without answers, for teachers, with them, and as a summary.

The two versions are two files, because it depends on the browser whether folds are printed. The student's
file holds no answer at all, so a teacher can also give it away as a file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lessons.desk import reading, summary
from lessons.desk import workcopy as desks
from lessons.desk.reading import Sheet, Writer
from lessons.study.arranged import Problem
from lessons.study.cards import inline
from lessons.study.notes import Slide, notes
from lessons.study.questions import LESSONS, Question, misconceptions
from lessons.words import many

_FOLD = re.compile(r"<details><summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
_LEFT_OUT = {"way", "progress-note", "progress"}
"""Cells that are of use only on a screen: the links between lessons, and the student's own progress."""

LINES = 3
"""Lines on which students write what a cell prints. Always as many, because their number would be a hint."""


def write(folder: Path | None = None) -> list[Path]:
    """Write the reading edition with the pages to print, and return all pages, the contents first.

    folder: where to write, by default `build/html` in the course.

    Raises `Trouble` if the folder cannot be written, or a notebook cannot be read.
    """
    return reading.write(folder, sheets())


def sheets() -> Iterator[Sheet]:
    """Three pages for each lesson. Raises `Trouble` if a notebook cannot be read."""
    source = desks.course()
    known = {notebook: short for short, notebook in LESSONS.items()}
    for path in (source / name for name in desks.lessons(source)):
        if path.stem not in known:
            continue
        short, cells = known[path.stem], reading.cells(path)
        title = reading.heading(cells)
        for version, writer in (("student", Student), ("teacher", Teacher)):
            shown = reading.shown(writer(short, path.parent, cells), cells, path)
            body = shown.replace("</h1>", f'</h1>\n<p class="aside">{writer.says}</p>', 1)
            text = reading.document(html.escape(f"{title} · {version}'s version"), body)
            yield Sheet(f"print/{path.stem}_{version}.html", inline(title), f"{version}'s version", text)
        text = summary.text(short, cells, path)
        yield Sheet(f"print/{path.stem}_summary.html", inline(title), "summary on two pages", text)


class Paper(Writer):
    """A notebook on paper: nothing is folded, and links say where they lead. `says`: what this version is."""

    says: str

    def __init__(self, short: str, folder: Path, cells: list[dict[str, Any]]) -> None:
        super().__init__(folder, {}, cells)

    def cell(self, cell: dict[str, Any]) -> Iterator[str]:
        """The part of a page for one cell."""
        if cell["id"] not in _LEFT_OUT:
            yield from super().cell(cell)

    def link(self, text: str, url: str) -> str:
        """A link as words: paper has no pages to open."""
        place = url.partition("#")[0]
        return f"{text} ({html.escape(place)})" if place else text

    def question(self, question: Question, lead: str) -> Iterator[str]:
        """A question with its options, each with a box to tick."""
        yield '<div class="question">'
        yield f"<p><strong>{lead}</strong> {inline(question.prompt)}</p>"
        for option in question.options:
            yield (
                f'<p class="option"><span class="tick"></span><span><strong>{option.letter}</strong>&ensp;'
                f"{inline(option.text)}</span></p>"
            )


class Student(Paper):
    """Without what is folded in the lesson, and without what a cell prints that somebody should predict."""

    says = (
        "The student's version. It has no answers, and nothing of what is folded in the notebook, such as "
        "<em>After you ran it</em>. Tick your prediction, run the cell in the notebook, and write down what "
        "it prints."
    )

    def prose(self, source: str) -> str:
        """A cell of text, without its folds."""
        return super().prose(_FOLD.sub("", source))

    def asked(self, question: Question) -> str:
        """A question, and room for a reason."""
        return "\n".join([*self.question(question, "Predict."), _room("Your reason:", 1), "</div>"])

    def arranged(self, problem: Problem) -> Iterator[str]:
        """Lines to put in order, and room for the order."""
        yield from reading.to_order(problem)
        yield _room("Your order:", 1)

    def lab(self, words: str) -> Iterator[str]:
        """A lab needs a computer."""
        yield '<p class="aside">In JupyterLab there is a lab here.</p>'
        yield _room("What you found:", LINES)

    def answer(self, asked: list[Question], shown: str) -> str:
        """Room for what is printed."""
        return _room("What this cell prints:", LINES)

    def output(self, cell: dict[str, Any], shown: str) -> str:
        """What a cell prints, if it is not to be predicted."""
        return self.answer([], "") if "break-it" in reading.tags(cell) else shown


class Teacher(Paper):
    """With what is folded, each answer, the beliefs behind the wrong options, and the notes on each slide."""

    says = (
        "The teacher's version, with every answer and the notes on each slide. Do not give it to the class."
    )

    def __init__(self, short: str, folder: Path, cells: list[dict[str, Any]]) -> None:
        super().__init__(short, folder, cells)
        self.slides = {
            slide.id: (number, slide) for number, slide in enumerate(notes(short, {"cells": cells}), 1)
        }

    def cell(self, cell: dict[str, Any]) -> Iterator[str]:
        """The part of a page for one cell, and the notes on the slide that begins with it."""
        yield from super().cell(cell)
        if cell["id"] in self.slides:
            yield from _notes(*self.slides[cell["id"]])

    def prose(self, source: str) -> str:
        """A cell of text, with its folds open."""
        return super().prose(_opened(source))

    def asked(self, question: Question) -> str:
        """A question, and whether the class votes twice."""
        lead = "Predict, with two votes." if question.peer else "Predict."
        return "\n".join([*self.question(question, lead), "</div>"])

    def arranged(self, problem: Problem) -> Iterator[str]:
        """Lines to put in order, and a right order."""
        yield from reading.to_order(problem)
        yield "\n".join(['<div class="key">', *reading.ordered(problem), "</div>"])

    def lab(self, words: str) -> Iterator[str]:
        """A lab in words."""
        yield from (_opened(part) for part in super().lab(words))

    def answer(self, asked: list[Question], shown: str) -> str:
        """What is printed, and the key."""
        return "\n".join([shown, *(part for one in asked for part in _key(one))])


def _opened(text: str) -> str:
    return _FOLD.sub(r'<div class="opened"><p class="fold">\1</p>\2</div>', text)


def _room(label: str, lines: int) -> str:
    rules = '<span class="rule"></span>' * lines
    return f'<div class="room"><span>{label}</span>{rules}</div>'


def _key(question: Question) -> Iterator[str]:
    right = question.right
    yield '<div class="key">'
    yield (
        f"<p><strong>{html.escape(question.id)}: {right.letter}</strong>, "
        f"{inline(right.text.rstrip('.'))}. {inline(right.reply)}</p>"
    )
    for option in question.options:
        if option.misconception:
            belief = misconceptions()[option.misconception].belief
            yield f"<p><strong>{option.letter}</strong> “{inline(belief)}” {inline(option.reply)}"
            yield f" <em>What is right in it:</em> {inline(option.grain)}</p>" if option.grain else "</p>"
    yield "</div>"


def _notes(number: int, slide: Slide) -> Iterator[str]:
    note = slide.note
    time = f" ({many(note.minutes, 'minute')})" if note.minutes else ""
    said = [("Show.", note.show), (f"For two{time}.", note.pair), ("It can go wrong.", note.wrong)]
    lines = [f"<strong>{lead}</strong> {inline(text)}" for lead, text in said if text]
    if lines:
        yield f'<div class="notes"><p><strong>Slide {number}.</strong> {" ".join(lines)}</p></div>'
