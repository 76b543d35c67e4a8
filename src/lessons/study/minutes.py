"""How long a lesson takes in class, counted from what is on its slides.

A count is coarse: it shows where a lesson grows, and it is the plan of the presenter's window. A rehearsal
shows how long a lesson takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lessons.study.notes import Slide, notes

ALOUD = 140
"""Words that are read aloud in a minute, from a slide."""
RUN, VOTE, PEER, LAB = 3, 60, 240, 120
"""Seconds for a cell that is run, a vote, a question of peer instruction, a lab without a task."""

SELF_STUDY = ("Alone: further", "Glossary")
"""The beginnings of headings of slides that are not for class."""

NOTHING = {"words": 0, "cells": 0, "votes": 0, "peers": 0, "tasks": 0}
"""What is counted; `tasks` is in seconds."""

Counts = dict[str, int]
Part = tuple[str, int, Counts]
"""A part of a lesson: its title, the minutes in its heading (or 0), and the counts of its slides."""


def stated(notebook: Mapping[str, Any]) -> int:
    """The minutes in class that a lesson's opening gives; 0 if it gives none."""
    prose = "\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    found = re.search(r"\*\*(\d+) minutes in class", prose)
    return int(found[1]) if found else 0


def in_class(short: str, notebook: Mapping[str, Any]) -> list[tuple[Part, list[tuple[Slide, Counts]]]]:
    """The parts of a lesson, each with its slides and their counts. Slides for self-study are left out."""
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    found: list[tuple[Part, list[tuple[Slide, Counts]]]] = [(("Opening", 0, dict(NOTHING)), [])]
    for slide in notes(short, notebook):
        if slide.heading.startswith(SELF_STUDY):
            continue
        title, _, given = slide.heading.removesuffix(" min)").partition(" (")
        if given.isdecimal() or source(cells[slide.id]).startswith("## "):
            found.append(((title, int(given) if given.isdecimal() else 0, dict(NOTHING)), []))
        (_, _, whole), slides = found[-1]
        counts = on_slide(slide, [cells[id] for id in slide.cells])
        slides.append((slide, counts))
        for name, value in counts.items():
            whole[name] += value
    return found


def on_slide(slide: Slide, cells: Iterable[Mapping[str, Any]]) -> Counts:
    """The counts of one slide."""
    count = dict(NOTHING)
    for cell in cells:
        if cell["cell_type"] == "markdown":
            count["words"] += words(source(cell))
        else:
            count["cells"] += 1
            lab = "widget" in cell["metadata"].get("tags", [])
            count["tasks"] += LAB if lab and not slide.note.minutes else 0
    for one in slide.asked:
        options = " ".join(option.text for option in one.question.options)
        count["words"] += words(f"{one.question.prompt} {options}")
        count["peers" if one.question.peer else "votes"] += 1
    count["tasks"] += 60 * slide.note.minutes
    return count


def spent(count: Counts) -> float:
    """The minutes in class for these counts."""
    seconds = count["cells"] * RUN + count["votes"] * VOTE + count["peers"] * PEER + count["tasks"]
    return count["words"] / ALOUD + seconds / 60


def words(text: str) -> int:
    """How many words a Markdown text has: without code blocks, pictures, tags and the targets of links."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    text = re.sub(r"<svg.*?</svg>|!\[[^\]]*\]\([^)]*\)", "", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", "", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return len([word for word in text.split() if re.search(r"\w", word)])


def source(cell: Mapping[str, Any]) -> str:
    """A cell's text: JSON has lines where nbformat has a string."""
    return "".join(cell["source"])
