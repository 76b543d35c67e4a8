"""The picture of a `RetryOutcome`: a row for each attempt and, below, what arrives, on one timeline."""

from __future__ import annotations

from html import escape
from math import ceil

from lessons.lab.experiments.attempts import READ, RetryOutcome
from lessons.lab.figures import FAIL, INK, LINE, ON_ACCENT, RUN, SOFT, Picture
from lessons.words import many, numbers

_ROOM, _LEFT = 640.0, 82.0
_ROW, _TOP = 42, 24
_UNITS = 14.2  # units of the drawing in one em of the page
_TIGHT, _WIDE = 34.0, 90.0  # units for one second: records must not touch, nor be far apart


def timeline(outcome: RetryOutcome) -> Picture:
    """Attempts and records on one timeline.

    A record that arrives is a filled circle, one that arrives once more a diamond, one that is read and
    skipped a dashed circle.
    """
    ends = [outcome.raised.partition(":")[0], *(attempt.error for attempt in outcome.attempts)]
    margin = 44 + 8 * max(len("no error"), *map(len, ends))
    second = max(_TIGHT, min(_WIDE, (_ROOM - _LEFT - margin) / max(outcome.seconds, READ)))
    radius = min(11.0, second * READ / 2 - 0.8)
    lane = _TOP + _ROW * len(outcome.attempts) + 6
    right = _LEFT + second * outcome.seconds
    drawn = [_axis(outcome.seconds, second, lane + 26)] if outcome.seconds else []

    def across(seconds: float) -> float:
        return _LEFT + seconds * second

    for row, attempt in enumerate(outcome.attempts):
        y = _TOP + _ROW * row
        start, end = across(attempt.start), across(attempt.end)
        drawn.append(_text(0, y + 4, f"attempt {attempt.number}"))
        if row:
            drawn.append(_wait(across(outcome.attempts[row - 1].end), start, y, outcome.waits[row - 1]))
        drawn.append(_line(start, y - 6, start, y + 6, SOFT, 1.4))
        for read in attempt.reads:
            x = across(read.at)
            drawn.append(_line(start, y, x - radius, y, SOFT, 1.4))
            start = x + radius
            if read.kind != "skipped":
                drawn.append(_line(x, y, x, lane, LINE, 1.4))
                drawn.append(_record(x, lane, radius, read.kind, read.record))
            drawn.append(_record(x, y, radius, read.kind, read.record))
        edge = end + (radius + 7 if attempt.reads else 9)
        if attempt.error:
            drawn.append(_cross(edge + 3, y) + _text(edge + 13, y + 4, attempt.error, FAIL, bold=True))
        else:
            drawn.append(f'<rect x="{edge - 3:.1f}" y="{y - 4}" width="8" height="8" fill="{SOFT}"/>')
            drawn.append(_text(edge + 11, y + 4, "end", SOFT))
    drawn.insert(0, _line(_LEFT, lane, right, lane, LINE, 1.4))
    edge = right + (radius + 7 if outcome.arrived else 9)
    drawn.append(_text(0, lane + 4, "arrives", bold=True))
    if outcome.raised:
        kind = outcome.raised.partition(":")[0]
        drawn.append(_cross(edge + 3, lane) + _text(edge + 13, lane + 4, kind, FAIL, bold=True))
    else:
        drawn.append(_text(edge, lane + 4, "no error", SOFT))
    width, height = right + margin, lane + (46 if outcome.seconds else 20)
    alt = words(outcome)
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" '
        f'aria-label="{escape(alt)}" font-family="inherit" font-size="13">{"".join(drawn)}</svg>'
    )
    return Picture(drawing, alt, ceil(width / _UNITS))


def words(outcome: RetryOutcome) -> str:
    """The picture in words."""
    told = []
    for attempt in outcome.attempts:
        read = f"reads {numbers([one.record for one in attempt.reads])}" if attempt.reads else "reads nothing"
        kinds = {"skipped": "read and skipped", "twice": "arriving once more"}
        for kind, how in kinds.items():
            some = [one.record for one in attempt.reads if one.kind == kind]
            read += f", {numbers(some)} {how}" if some else ""
        ended = f"breaks with {attempt.error}" if attempt.error else "comes to its end"
        told.append(f"Attempt {attempt.number}, from {attempt.start:g} s, {read} and {ended}.")
    arrived = f"{many(len(outcome.arrived), 'record')} arrived"
    doubles = f", {numbers(outcome.twice)} more than once" if outcome.twice else ""
    error = f"{outcome.raised.partition(':')[0]} raised" if outcome.raised else "no error"
    return " ".join([*told, f"{arrived}{doubles}; {error}."])


def key(kind: str) -> str:
    """A sample of one kind of record, for a legend; its meaning is beside it."""
    drawing = f'<svg viewBox="0 0 28 28" aria-hidden="true">{_record(14, 14, 11, kind, "n")}</svg>'
    return Picture(drawing, "", 2).inline()


def _record(x: float, y: float, radius: float, kind: str, number: object) -> str:
    size = 12.8
    if kind == "skipped":
        shape = (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="none" stroke="{SOFT}" '
            'stroke-width="1.4" stroke-dasharray="3 2.4"/>'
        )
        ink = SOFT
    elif kind == "twice":
        wide = radius * 1.18
        shape = (
            f'<path d="M{x - wide:.1f},{y:.1f} L{x:.1f},{y - wide:.1f} L{x + wide:.1f},{y:.1f} '
            f'L{x:.1f},{y + wide:.1f} Z" fill="{FAIL}"/>'
        )
        ink = ON_ACCENT
    else:
        shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{RUN}"/>'
        ink = ON_ACCENT
    return shape + (
        f'<text x="{x:.1f}" y="{y + size * 0.36:.1f}" text-anchor="middle" font-size="{size:.1f}" '
        f'font-weight="600" fill="{ink}">{number}</text>'
    )


def _wait(start: float, end: float, y: float, seconds: float) -> str:
    bend = _line(start, y - 22, start, y, SOFT, 1.2, "2 3")
    bar = _line(start, y, end, y, SOFT, 1.2, "2 3")
    name = f"waits {seconds:g} s"
    room = end - start > 52
    return bend + bar + (_text((start + end) / 2, y - 5, name, SOFT, middle=True, size=12.8) if room else "")


def _axis(seconds: float, second: float, y: float) -> str:
    step = next(step for step in (1, 2, 5) if seconds / step <= 12)
    drawn = []
    for at in range(0, int(seconds) + 1, step):
        x = _LEFT + at * second
        drawn.append(_line(x, y - 3, x, y + 2, SOFT, 1))
        drawn.append(_text(x, y + 15, f"{at} s" if at == 0 else str(at), SOFT, middle=True, size=12.8))
    return _line(_LEFT, y - 3, _LEFT + seconds * second, y - 3, LINE, 1) + "".join(drawn)


def _line(x: float, y: float, x2: float, y2: float, colour: str, width: float, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"{dashed}/>'
    )


def _cross(x: float, y: float) -> str:
    return (
        f'<path d="M{x - 5:.1f},{y - 5:.1f} l10,10 m0,-10 l-10,10" stroke="{FAIL}" stroke-width="2.6" '
        'fill="none"/>'
    )


def _text(
    x: float,
    y: float,
    text: str,
    colour: str = INK,
    *,
    middle: bool = False,
    bold: bool = False,
    size: float = 13,
) -> str:
    anchor = ' text-anchor="middle"' if middle else ""
    weight = ' font-weight="650"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{anchor}{weight}>'
        f"{escape(text)}</text>"
    )
