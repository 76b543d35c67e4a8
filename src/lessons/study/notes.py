"""The teacher's notes of a lesson: a table for each slide in `notes/*.toml`, joined with the questions.

A slide is named by the id of the cell that begins it. A question's slide needs no text of its own: the right
answer, and the beliefs with what is right in them, are in the questions' files.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any

from lessons.study.questions import LESSONS, Misconception, Option, Question, misconceptions, questions
from lessons.versions import check
from lessons.words import described, listed

VERSION = 1
"""The version of the format of these TOML files."""

LONGEST = 30
"""The most minutes of a task on one slide."""

_ASKED = re.compile(r"""^predict\(["']([\w-]+)["']""", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_FENCED = re.compile(r"```.*?```", re.DOTALL)


class BadNotes(ValueError):
    """A file of notes cannot be used: one sentence with the file, the slide and what is allowed."""


@dataclass(frozen=True)
class Note:
    """The notes on one slide. `minutes` is the countdown of a task, or 0.

    `show`: what to show and say in a demo. `wrong`: what can go wrong, and what to do then. `pair`: a task
    for two. `none`: why the slide needs no notes.
    """

    show: str = ""
    wrong: str = ""
    pair: str = ""
    minutes: int = 0
    none: str = ""


@dataclass(frozen=True)
class Asked:
    """A question on a slide: `question.right.reply` says why the right option is right.

    `beliefs` has each wrong option with the belief behind it; `option.grain` is what is right in that belief.
    """

    question: Question
    beliefs: tuple[tuple[Option, Misconception], ...]


@dataclass(frozen=True)
class Slide:
    """One slide: the id of the cell that begins it, its heading, its note and the questions on it.

    `cells` are the ids of all cells that are on the slide, in order.
    """

    id: str
    heading: str
    note: Note
    asked: tuple[Asked, ...]
    cells: tuple[str, ...]


def notes(short: str, notebook: Mapping[str, Any]) -> list[Slide]:
    """The slides of a lesson in order, each with its notes.

    short: a lesson, such as "leaks". notebook: its cells, from JSON or nbformat; a teacher's own copy is
    possible. A slide without a table has an empty note, and a table without a slide is left out.

    Raises `BadNotes` if the file cannot be used.
    """
    kept = stored(short)
    return [_slide(cells, kept.get(_id(cells[0]), Note())) for cells in _slides(notebook)]


def unmatched(short: str, notebook: Mapping[str, Any]) -> list[str]:
    """One sentence for each slide without a table, for each table without a slide, and for a wrong order."""
    slides = [_id(cells[0]) for cells in _slides(notebook)]
    tables = list(stored(short))
    where = f"notes/{short}.toml"
    said = [f"{where}: slide [{id}] of {LESSONS[short]} has no table." for id in slides if id not in tables]
    said += [
        f"{where}: [{id}] is not the first cell of a slide of {LESSONS[short]}."
        for id in tables
        if id not in slides
    ]
    if not said and tables != slides:
        late = next(id for id, slide in zip(tables, slides, strict=True) if id != slide)
        said.append(f"{where}: from [{late}] on, the tables are not in the lesson's order.")
    return said


def stored(short: str) -> dict[str, Note]:
    """The notes of a lesson by slide, in the order of the file; empty for a lesson without a file.

    Raises `BadNotes` for a lesson, a table or a key that is not known, or a value of a wrong type.
    """
    if short not in LESSONS:
        raise BadNotes(f"There is no lesson {described(short)}; there are {listed(LESSONS)}.")
    where = f"notes/{short}.toml"
    file = files(__package__).joinpath("notes", f"{short}.toml")
    if not file.is_file():
        return {}
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadNotes(f"{where} is not valid TOML: {error}.") from error
    check(where, data.pop("version", None), VERSION)
    return {id: _note(f"{where}, [{id}]", table) for id, table in data.items()}


_KEYS = {one.name: int if one.name == "minutes" else str for one in fields(Note)}


def _note(where: str, table: object) -> Note:
    if not isinstance(table, dict):
        raise BadNotes(f"{where} must be a table, and is {described(table)}.")
    for key, value in table.items():
        if key not in _KEYS:
            raise BadNotes(f"{where} has the key {described(key)}; it can have {listed(_KEYS)}.")
        if type(value) is not _KEYS[key] or value == "":
            wanted = "a whole number" if _KEYS[key] is int else "a text"
            raise BadNotes(f"{where}: {key} must be {wanted}, and is {described(value)}.")
    note = Note(**table)
    if "minutes" in table and not 1 <= note.minutes <= LONGEST:
        raise BadNotes(f"{where}: minutes must be from 1 to {LONGEST}, and is {note.minutes}.")
    if not table or (note.none and len(table) > 1):
        raise BadNotes(f"{where} needs either notes, or `none` alone with the reason why it has no notes.")
    return note


def _slides(notebook: Mapping[str, Any]) -> Iterable[list[Mapping[str, Any]]]:
    """The cells on each slide. A cell without a type, or a fragment, is on the slide before it."""
    found: list[list[Mapping[str, Any]]] = []
    for cell in notebook["cells"]:
        kind = cell["metadata"].get("slideshow", {}).get("slide_type", "")
        if kind in ("slide", "subslide"):
            found.append([cell])
        elif kind not in ("skip", "notes") and found:
            found[-1].append(cell)
    return found


def _slide(cells: list[Mapping[str, Any]], note: Note) -> Slide:
    code = "\n".join(_source(cell) for cell in cells if cell["cell_type"] == "code")
    text = "\n".join(_FENCED.sub("", _source(cell)) for cell in cells if cell["cell_type"] == "markdown")
    heading = _HEADING.search(text)
    known = questions()
    asked = tuple(_asked(known[id]) for id in _ASKED.findall(code) if id in known)
    ids = tuple(_id(cell) for cell in cells)
    return Slide(ids[0], heading[1] if heading else "", note, asked, ids)


def _id(cell: Mapping[str, Any]) -> str:
    """A cell's id; a notebook in an older form has none."""
    return str(cell.get("id", ""))


def _source(cell: Mapping[str, Any]) -> str:
    """A cell's text: JSON has lines where nbformat has a string."""
    return "".join(cell["source"])


def _asked(question: Question) -> Asked:
    known = misconceptions()
    wrong = [(option, option.misconception) for option in question.options]
    return Asked(question, tuple((option, known[id]) for option, id in wrong if id))
