"""Addresses of lessons, questions and exercises, relative to the notebook that is open.

JupyterLab opens such an address itself. Without the course's folders, there is no address.
"""

from __future__ import annotations

import html
import os
import re
from pathlib import Path

from lessons.study.questions import FIELD_GUIDE, LESSONS

_REFERENCE = re.compile(r"\[\[([\w-]+)\]\]")
_EXERCISE = re.compile(r"([a-z]+)-(x\d+)")
_QUESTION = re.compile(r"([a-z]+)-([wrpe]\d+)")


def address(id: str) -> str:
    """Where a lesson, a question or an exercise is; "" for another id, or without the course's folders."""
    root = folder()
    path, place = _path(id)
    if root is None or not path:
        return ""
    try:
        return Path(os.path.relpath(root / path, Path.cwd())).as_posix() + place
    except ValueError:  # on Windows, another drive
        return ""


def linked(text: str) -> str:
    """HTML in which each `[[id]]` is a link, or only the id if there is no address.

    >>> linked("See [[leaks-of-tomorrow]].")
    'See leaks-of-tomorrow.'
    """
    return _REFERENCE.sub(lambda found: _link(found[1]), text)


def unlinked(text: str) -> str:
    """Text in which each `[[id]]` is the id.

    >>> unlinked("See [[01_leaks]].")
    'See 01_leaks.'
    """
    return _REFERENCE.sub(r"\1", text)


def _link(id: str) -> str:
    there = address(id)
    return f'<a href="{html.escape(there, quote=True)}">{id}</a>' if there else id


def folder() -> Path | None:
    """The course's folder that the open notebook is in; None without one."""
    try:
        here = Path.cwd()
    except OSError:
        return None
    found = (
        one for one in (here, *here.parents) if (one / "notebooks" / f"{LESSONS['start']}.ipynb").is_file()
    )
    return next(found, None)


def _path(id: str) -> tuple[str, str]:
    """The notebook in the course's folder, and the cell in it."""
    if id in (*LESSONS.values(), FIELD_GUIDE):
        return f"notebooks/{id}.ipynb", ""
    exercise, question = _EXERCISE.fullmatch(id), _QUESTION.fullmatch(id)
    if exercise and exercise[1] in LESSONS:
        lesson = exercise[1]
        return f"exercises/release/{lesson}/{lesson}.ipynb", f"#cell-id={id}-task"
    if question and question[1] in LESSONS:
        return f"notebooks/{LESSONS[question[1]]}.ipynb", f"#cell-id={question[2]}-ask"
    return "", ""
