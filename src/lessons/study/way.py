"""`way`: where one is in the course, with a bar for each lesson and for its exercises."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from lessons.study import predictions
from lessons.study.cards import Card, card, failed, sentence
from lessons.study.journal import Checked, Standing, checks, merged
from lessons.study.questions import LESSONS, questions
from lessons.words import described

_WIDE = 10
"""A full bar in characters."""
_CELL = "text-align:left;padding:0.1em 1.2em 0.1em 0"
_TRACK = (
    "display:inline-block;width:6em;height:0.7em;margin-right:0.6em;vertical-align:baseline;"
    "border:1px solid var(--jp-content-font-color1,currentColor)"
)
_FILL = "height:100%;background:var(--jp-brand-color1,#1976d2)"


def way(lesson: object = None) -> Card:
    """Show the lessons, how far you are in each of them and in its exercises, and which one this is.

    A lesson is a link where its notebook is found from here. lesson: this one's short name, such as "leaks".
    Never raises.
    """
    try:
        if lesson is not None and lesson not in LESSONS:
            return sentence(f"There is no lesson {described(lesson)}. The lessons are: {', '.join(LESSONS)}.")
        return _shown(str(lesson))
    except Exception as error:
        return failed("way could not be shown", error, "Go on with the next cell.")


def _shown(here: str) -> Card:
    events, _ = predictions.journal.read()
    standings, checked = merged(events), checks(events)
    text = []
    rows = [f'<tr><th scope="col" style="{_CELL}">Lesson</th><th scope="col" style="{_CELL}">Predictions</th>'
            f'<th scope="col" style="{_CELL}">Exercises</th></tr>']  # fmt: skip
    for short, notebook in LESSONS.items():
        name = notebook.replace("_", " ")
        given = _predicted(short, standings), sum(one.lesson == short for one in questions().values())
        solved = _solved(short, checked), len(_exercises(short))
        mark = "  <- you are here" if short == here else ""
        counts = f"{_bar(*given)} predicted" + (f", {_bar(*solved)} exercises" if solved[1] else "")
        text.append(f"{name:<16}{counts}{mark}")
        shown = _link(f"notebooks/{notebook}.ipynb", name)
        if short == here:
            shown = f"<strong>{name} &#9668; you are here</strong>"
        practice = _link(f"exercises/release/{short}/{short}.ipynb", f"{solved[0]} of {solved[1]} exercises")
        rows.append(
            f'<tr><th scope="row" style="{_CELL};font-weight:normal">{shown}</th>'
            f'<td style="{_CELL}">{_drawn(*given)}{given[0]} of {given[1]}</td>'
            f'<td style="{_CELL}">{_drawn(*solved) + practice if solved[1] else ""}</td></tr>'
        )
    body = ['<table style="border-collapse:collapse">', *rows, "</table>"]
    return card("Where you are", text, body)


def _predicted(lesson: str, standings: dict[str, Standing]) -> int:
    mine = (one.id for one in questions().values() if one.lesson == lesson)
    return sum(standings.get(id, Standing()).latest is not None for id in mine)


def _solved(lesson: str, checked: dict[str, Checked]) -> int:
    return sum(id in checked and checked[id].outcome == "correct" for id in _exercises(lesson))


def _exercises(lesson: str) -> list[str]:
    # By their folders: importing every check would make each lesson begin more slowly.
    folders = files("lessons.exercises").iterdir()
    names = [one.name.replace("_", "-") for one in folders if one.joinpath("check.py").is_file()]
    return [name for name in names if name.partition("-")[0] == lesson]


def _bar(done: int, whole: int) -> str:
    full = _WIDE * done // whole
    return f"[{'#' * full}{'.' * (_WIDE - full)}] {done:>2} of {whole:>2}"


def _drawn(done: int, whole: int) -> str:
    """The bar alone: its numbers are beside it."""
    share = round(100 * done / whole)
    fill = f'<span style="display:block;width:{share}%;{_FILL}"></span>'
    return f'<span aria-hidden="true" style="{_TRACK}">{fill}</span>'


def _link(path: str, text: str) -> str:
    """A link from this notebook to a file of the course, or the text alone where the file is not found."""
    here = Path.cwd()
    for above in (here, *here.parents[:3]):
        if (above / path).is_file():
            return f'<a href="{Path(os.path.relpath(above / path, here)).as_posix()}">{text}</a>'
    return text
