"""The presenter's window, which the class does not see: notes, the next slide, the clock and the votes.

Lab's own server serves it, and asks for Lab's token. It follows the slides over the channel of
presenting/labextensions/lifecycle-present, in the same browser.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lessons.study.cards import inline
from lessons.study.minutes import Counts, Part, in_class, source, spent, stated
from lessons.study.notes import Asked, Slide, notes
from lessons.study.questions import LESSONS

HERE = Path(__file__).with_name("window")
"""The page, its style and its script."""

OPENING = 3
"""Minutes for the story that opens a lesson."""

PAGE, NOTES = "presenter", r"presenter/notes/([\w-]{1,100})"
"""The addresses, below Lab's own."""


def lesson(stem: str, notebook: Mapping[str, Any]) -> dict[str, Any]:
    """What the window shows of one lesson: its minutes, and its slides with notes, answers and planned time.

    stem: the notebook's name, such as "01_leaks". notebook: its cells, as they are on the desk.
    """
    short = {name: short for short, name in LESSONS.items()}[stem]
    cells = {cell.get("id", ""): cell for cell in notebook["cells"]}
    planned = dict(_planned(stated(notebook), in_class(short, notebook)))
    slides = [
        _slide(one, [cells[id] for id in one.cells]) | planned.get(one.id, {})
        for one in notes(short, notebook)
    ]
    return {"lesson": stem, "minutes": stated(notebook), "slides": slides}


def _planned(
    whole: int, parts: list[tuple[Part, list[tuple[Slide, Counts]]]]
) -> list[tuple[str, dict[str, Any]]]:
    """For each slide: its part, and when it begins and ends, in seconds from the lesson's beginning.

    If a heading gives minutes, its part takes these. The first part is a story of three minutes. Other parts
    take as long as `spent` says. If less is left of the `whole` minutes, they share it. So do the slides of a
    part.
    """
    counted = [spent(counts) for (_, _, counts), _ in parts]
    free = [0 if given else OPENING if not place else counted[place] for place, ((_, given, _), _) in
            enumerate(parts)]  # fmt: skip
    left = whole - sum(given for (_, given, _), _ in parts)
    scale = min(1.0, max(0, left) / sum(free)) if any(free) else 1.0
    found = []
    begin = 0.0
    for place, ((title, given, _), slides) in enumerate(parts):
        length = 60 * (given or free[place] * scale)
        part = {"title": title.replace("`", ""), "begin": round(begin), "seconds": round(length)}
        at = begin
        for slide, counts in slides:
            until = at + (length * spent(counts) / counted[place] if counted[place] else 0)
            found.append((slide.id, {"part": part, "begin": round(at), "end": round(until)}))
            at = until
        begin += length
    return found


def _slide(slide: Slide, cells: list[Mapping[str, Any]]) -> dict[str, Any]:
    note = asdict(slide.note)
    return {
        "cells": slide.cells,
        "heading": inline(slide.heading),
        "text": "\n".join(_shown(cell) for cell in cells),
        **{name: inline(text) for name, text in note.items() if isinstance(text, str)},
        "minutes": slide.note.minutes,
        "asked": [_asked(one) for one in slide.asked],
    }


def _asked(asked: Asked) -> dict[str, Any]:
    beliefs = {option.letter: belief for option, belief in asked.beliefs}
    return {
        "id": asked.question.id,
        "prompt": inline(asked.question.prompt),
        "options": [
            {
                "letter": option.letter,
                "text": inline(option.text),
                "right": option == asked.question.right,
                "reply": inline(option.reply),
                "belief": inline(beliefs[option.letter].belief) if option.letter in beliefs else "",
                "grain": inline(option.grain),
            }
            for option in asked.question.options
        ],
    }


def _shown(cell: Mapping[str, Any]) -> str:
    """A cell as HTML: pictures by their names, because the window is not in the notebook's folder."""
    import mistune

    text = source(cell)
    if cell["cell_type"] != "markdown":
        return f"<pre>{html.escape(text, quote=False)}</pre>"

    class Renderer(mistune.HTMLRenderer):
        def image(self, text: str, url: str, title: str | None = None) -> str:
            return f"<em>[picture: {text}]</em>"

        def link(self, text: str, url: str, title: str | None = None) -> str:
            return text

    return str(mistune.create_markdown(escape=True, plugins=["table"], renderer=Renderer(escape=True))(text))


def page() -> str:
    """The window, in one file."""
    parts = {name: (HERE / f"presenter.{name}").read_text(encoding="utf-8") for name in ("html", "css", "js")}
    return parts["html"].replace("/* style */", parts["css"]).replace("/* script */", parts["js"])


def add(lab: Any, desk: Path) -> None:
    """Let a running Jupyter server serve the window for the lessons on `desk`, and print its address."""
    from jupyter_server.auth.decorator import authorized
    from jupyter_server.base.handlers import JupyterHandler
    from jupyter_server.utils import url_path_join
    from tornado import web

    class Window(JupyterHandler):
        auth_resource = "contents"

        @web.authenticated
        @authorized
        def get(self) -> None:
            self.finish(page())

    class Notes(JupyterHandler):
        auth_resource = "contents"

        @web.authenticated
        @authorized
        def get(self, stem: str) -> None:
            path = desk / "notebooks" / f"{stem}.ipynb"
            if stem not in LESSONS.values() or not path.is_file():
                raise web.HTTPError(404, f"There is no lesson {stem} on this desk.")
            self.finish(lesson(stem, json.loads(path.read_text(encoding="utf-8"))))

    base = lab.web_app.settings["base_url"]
    lab.web_app.add_handlers(
        ".*$", [(url_path_join(base, PAGE), Window), (url_path_join(base, NOTES), Notes)]
    )
    address = f"{lab.connection_url.rstrip('/')}/{PAGE}?token={lab.identity_provider.token}"
    print(f"The presenter's window, for the second screen: {address}")
