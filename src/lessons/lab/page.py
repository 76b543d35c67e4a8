"""`report`: one page about a student's own pipeline, for its author and for the grader."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import quote

from lessons.lab.experiments.capstone import Count, Facts, Kept, KeptFailed, Time, facts
from lessons.lab.experiments.faultmap import WITH, WITHOUT
from lessons.study import hook
from lessons.study.cards import Card, card, failed, inline, sentence, word, wrapped
from lessons.words import described

NAME = "pipeline_report.html"
MARK = '<meta name="generator" content="lifecycle report, version 1">'
"""The mark of a page made by `report`: only such a page is replaced."""

PATIENCE = 2.0
"""After so many seconds, progress is shown."""

LIMITS = (
    "One failure at a time was tried, and every failed run came to an end. So this page says nothing of two "
    "failures in one run, of a part that hangs, and of a process that is killed. What is closed can still be "
    "wrong: look at the counts."
)
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem }
body { color: #1b1b1b; background: #fff }
table { border-collapse: collapse; margin: 0.5rem 0 }
td, th { border: 1px solid #c4c9d1; padding: 0.2rem 0.6rem; text-align: left }
.wide { overflow-x: auto }
img { min-width: 34rem }
"""


def report(build: object = None, path: object = NAME, *, kept: Kept | None = None) -> Card:
    """Try every place where your pipeline can fail, and write the results as one page. Never raises.

    build: a function without arguments that returns new `(source, stages, sink)` at each call, with a short
    input. path: the page; it replaces an earlier page of `report`, but no other file. kept: needed only for a
    sink of your own, a function that returns how many of its records another reader can read now.

    >>> report(3)
    No page was written. A function that returns source, stages, sink is needed, not an int.
    Then try again.
    """
    try:
        name = os.fspath(path) if isinstance(path, os.PathLike) else word(path)
        if not isinstance(name, str) or not name.strip():
            return sentence(
                f'report needs the name of a page, such as "{NAME}"; it was given {described(path)}.'
            )
        page = Path(name).expanduser()
        if page.exists() and not _is_ours(page):
            return sentence(f"{name} is there already and is not a page of `report`. Choose another name.")
        if kept is not None and not callable(kept):
            return sentence(f"kept is a function that returns a number; it was given {described(kept)}.")
        progress = _Progress()
        found = facts(build, kept, progress)
        progress.clear()
        if found.map.refused:
            return sentence(f"No page was written. {found.map.refused}")
        _write(page, html(found))
        return _shown(found, name)
    except KeptFailed as error:
        return sentence(f"No page was written. {error}")
    except OSError as error:
        return sentence(f"The page could not be written: {error.strerror or error} ({described(path)}).")
    except Exception as error:
        return failed("report could not do that", error, "No page was written.")


class _Progress:
    """Shows under the cell how far a long sweep is, and removes that at its end."""

    def __init__(self) -> None:
        self._next = time.monotonic() + PATIENCE

    def __call__(self, done: int, total: int) -> None:
        if hook.in_kernel() and time.monotonic() > self._next:
            self._next = time.monotonic() + PATIENCE / 4
            self.clear()
            print(f"Working: run {done} of {total}.")

    def clear(self) -> None:
        """Remove the progress as soon as something else is shown."""
        if hook.in_kernel():
            from IPython.display import clear_output

            clear_output(wait=True)  # type: ignore[no-untyped-call, unused-ignore]


def html(found: Facts) -> str:
    """The whole page: one file, without a request to anywhere."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            MARK,
            f"<title>A pipeline and its failures</title><style>{_STYLE}</style></head><body>",
            "<h1>A pipeline and its failures</h1>",
            *_seen(found),
            "<h2>Own time of each part</h2>",
            _table("the times", ("part", "records", "own time", "share"), _timed(found.times)),
            "<h2>What this page does not say</h2>",
            f"<p>{LIMITS}</p>",
            "</body></html>",
            "",
        ]
    )


def _seen(found: Facts) -> list[str]:
    return [
        f"<p>{escape(' → '.join(name for _, name in found.map.parts))}</p>",
        "<h2>Every place where it can fail</h2>",
        f"<p>{escape(found.map.sentence)}</p>",
        _leaks(found),
        _wide("the map", _picture(found)),
        "<h2>Accepted and kept</h2>",
        _table(
            "the counts",
            ("run", "raised", "accepted", "there before", "there after"),
            map(_count, found.counts),
        ),
        *(f"<p>{escape(line)}</p>" for line in found.silence()),
    ]


def _leaks(found: Facts) -> str:
    rows = [
        (name, *(_of(found, place, context) for context in (False, True))) for place, name in found.map.parts
    ]
    return _table("the leaks", ("part", f"leaks {WITHOUT}", f"leaks {WITH}"), rows)


def _of(found: Facts, place: str, context: bool) -> str:
    points = found.map.points(place, context).values()
    return f"{sum(bool(one.leaked) for one in points)} of {len(points)}"


def _picture(found: Facts) -> str:
    try:
        from lessons.lab.heatmap import heatmap

        return heatmap(found.map)._repr_html_()
    except ImportError:  # where matplotlib is missing, the same in words
        return f'<pre style="word-break:normal">{escape(found.map.text())}</pre>'


def _count(one: Count) -> tuple[str, ...]:
    where = f"fails at {one.fault}" if one.fault else "no failure"
    there = ("not known" if number is None else str(number) for number in (one.before, one.after))
    return where, one.raised or "nothing", str(one.accepted), *there


def _timed(times: tuple[Time, ...]) -> list[tuple[str, ...]]:
    whole = sum(one.seconds for one in times)
    rows: list[tuple[str, ...]] = []
    for one in times:
        if one.why:
            rows.append((one.name, "", f"not measured: {one.why}", ""))
        else:
            share = f"{100 * one.seconds / whole:.0f} %" if whole else ""
            rows.append((one.name, str(one.records), f"{1000 * one.seconds:.2f} ms", share))
    return rows


def _table(name: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["<tr>" + "".join(f'<th scope="col">{escape(one)}</th>' for one in head) + "</tr>"]
    for row in rows:
        lines.append("<tr>" + "".join(f"<td>{inline(one)}</td>" for one in row) + "</tr>")
    return _wide(name, f"<table>{''.join(lines)}</table>")


def _wide(name: str, inner: str) -> str:
    """A part that may be wider than a phone; it scrolls in its own box, also with keys."""
    return f'<div class="wide" role="group" aria-label="{name}" tabindex="0">{inner}</div>'


def _is_ours(page: Path) -> bool:
    return page.is_file() and MARK in page.read_text(encoding="utf-8", errors="replace")[:2000]


def _write(page: Path, text: str) -> None:
    """Completely or not at all: half a page could be mistaken for a short one."""
    part = page.with_name(f".{page.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, page)
    finally:
        part.unlink(missing_ok=True)


def _shown(found: Facts, name: str) -> Card:
    """The same under the cell, without the times: a grader of the notebook does not see the page."""
    page = f"The page, with the times: {name}"
    link = (
        f'<p>The page, with the times: <a href="{escape(quote(name))}" target="_blank">{escape(name)}</a></p>'
    )
    text = [wrapped(line) for line in [*found.sentences(), page]]
    # In an output, headings must be below those of the notebook, which has only levels 1 to 3.
    seen = (part.replace("<h2>", "<h4>").replace("</h2>", "</h4>") for part in _seen(found))
    return card("Report on a pipeline", text, [*seen, link])
