"""Pictures of outcomes. Each has a text with its numbers, follows the theme, and never uses only colour."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

from lessons.lab.experiments.leak import CYCLES, RESOURCES, ROOM, LeakOutcome

# A picture is drawn with one stand-in colour for each role. They become theme variables on the page, and
# plain colours in a file. matplotlib accepts them, because they are colours too.
_ROLES = {
    "ink": ("#010101", "#1b1b1b"),
    "soft": ("#010102", "#555c66"),
    "line": ("#010103", "#c4c9d1"),
    "run": ("#010104", "#0072b2"),
    "held": ("#010105", "#8a5a00"),
    "fail": ("#010106", "#b93c08"),
    "ok": ("#010107", "#00704f"),
    "on-accent": ("#010108", "#ffffff"),
    "paper": ("#010109", "#ffffff"),
}
INK, SOFT, LINE, RUN, HELD, FAIL, OK, ON_ACCENT, PAPER = (stand_in for stand_in, _ in _ROLES.values())


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawing and its description in words. A notebook shows it as an image with alternative text."""

    svg: str
    alt: str
    width: int = 44

    def inline(self) -> str:
        """The drawing as part of a page, in the colours of the theme, `width` em wide."""
        drawing = self.svg
        for role, (stand_in, colour) in _ROLES.items():
            drawing = drawing.replace(stand_in, f"var(--lc-{role}, {colour})")
        return f'<div class="lc-picture" style="width: {self.width}em; max-width: 100%">{drawing}</div>'

    def _repr_html_(self) -> str:
        drawing = self.svg
        for stand_in, colour in _ROLES.values():
            drawing = drawing.replace(stand_in, colour)
        data = base64.b64encode(drawing.encode()).decode()
        return (
            f'<img alt="{escape(self.alt)}" src="data:image/svg+xml;base64,{data}" '
            f'style="width: {self.width}em; max-width: 100%; background: #fff">'
        )

    def __repr__(self) -> str:
        return self.alt


def plotted(
    draw: Callable[[Any], None], alt: str, *, width: float = 8.0, height: float = 2.9, em: int = 44
) -> Picture:
    """A picture drawn with matplotlib: `draw(axes)` draws it, in the colours of this module.

    Raises `ImportError` where matplotlib is missing.
    """
    import matplotlib
    from matplotlib.figure import Figure

    ink: Any = {
        "axes.edgecolor": SOFT,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "hatch.color": FAIL,
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "lifecycle",
    }
    with matplotlib.rc_context(ink):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.add_subplot()
        axes.patch.set_visible(False)
        draw(axes)
        file = io.StringIO()
        unsaid = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=unsaid)
    return Picture(_named(file.getvalue(), alt), alt, em)


def _named(drawing: str, alt: str) -> str:
    """The `svg` element alone, with an accessible name and no size of its own."""
    drawing = drawing[drawing.index("<svg") :]
    # matplotlib's style sheet would apply to the whole page, so its rules are written on the element instead.
    drawing = re.sub(r"<(metadata|style)\b.*?</\1>\s*", "", drawing, flags=re.S)
    opening, rest = drawing.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', opening)
    assert box is not None
    rest = re.sub(r'font-family: [^;"]*', "font-family: inherit", rest)
    # With two drawings on one page, an id must be unique, except for shapes that are the same in both.
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', rest))
    named = {name for pair in used for name in pair}
    # Elements with a gid "cell:…" can be found on the page, and may be there twice.
    rest = re.sub(r' id="cell:([^"]+)"', r' data-cell="\1"', rest)
    rest = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in named else "", rest)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {box[0]} '
        f'role="img" aria-label="{escape(alt)}" font-family="system-ui, sans-serif" '
        f'stroke-linejoin="round" stroke-linecap="butt">{rest}'
    )


@lru_cache(maxsize=256)
def leak(*outcomes: LeakOutcome) -> Picture:
    """The number held after each crash, one line for each outcome: one without the context, one with it."""
    what = RESOURCES[outcomes[0].settings.resource]

    def draw(axes: Any) -> None:
        axes.axhline(ROOM, color=SOFT, linestyle=(0, (5, 4)), linewidth=1.2)
        axes.annotate(f"all {ROOM}", (CYCLES + 0.6, ROOM), xytext=(0, 4), textcoords="offset points",
                      ha="right", color=SOFT)  # fmt: skip
        for outcome in outcomes:
            _line(axes, outcome)
        axes.set(xlim=(0, CYCLES + 0.8), ylim=(-0.8, ROOM + 3.4), xlabel="crash and restart", ylabel="held")
        axes.set_xticks(range(0, CYCLES + 1, 5))
        axes.set_yticks(range(0, ROOM + 1, 5))

    alt = f"{what} held after each crash. " + " ".join(_words(one) for one in outcomes)
    return plotted(draw, alt, width=6.4, height=2.6, em=38)


def _line(axes: Any, outcome: LeakOutcome) -> None:
    colour, marker = (OK, "s") if outcome.settings.context else (FAIL, "o")
    taken = [crash for crash in outcome.crashes if not crash.refused]
    refused = [crash for crash in outcome.crashes if crash.refused]
    axes.plot(
        [crash.number for crash in outcome.crashes],
        [crash.held for crash in outcome.crashes],
        color=colour, linewidth=1.4, alpha=0.55,
    )  # fmt: skip
    axes.plot([c.number for c in taken], [c.held for c in taken], marker, color=colour, markersize=5)
    axes.plot([c.number for c in refused], [c.held for c in refused], "x", color=colour, markersize=7, mew=2)
    if refused:
        first = refused[0]
        axes.annotate(f"✗ restart {first.number} gets none", (first.number, ROOM), xytext=(0, 8), color=FAIL,
                      textcoords="offset points", ha="left", weight="bold")  # fmt: skip
    elif outcome.crashes:
        last = outcome.crashes[-1]
        name = "with PipelineContext" if outcome.settings.context else "without PipelineContext"
        place, side = ((10, 3), "left") if last.number < CYCLES - 17 else ((0, 9), "right")
        axes.annotate(f"{last.held} held, {name}", (last.number, last.held), xytext=place, ha=side,
                      textcoords="offset points", color=colour)  # fmt: skip


def _words(outcome: LeakOutcome) -> str:
    name = "With PipelineContext" if outcome.settings.context else "Without PipelineContext"
    if outcome.lacking:
        return f"{name}: not measured here."
    counts = ", ".join(str(crash.held) for crash in outcome.crashes)
    ended = f"; restart {outcome.refused.number} gets none" if outcome.refused else ""
    return f"{name}: {counts}{ended}."


def slots(outcome: LeakOutcome) -> Picture:
    """The 20 slots after the last crash: held slots are filled and crossed, free slots are empty."""
    held, what = outcome.held, RESOURCES[outcome.settings.resource]
    alt = f"{held} of {ROOM} {what} held, {ROOM - held} free"
    boxes = []
    for number in range(ROOM):
        x = 2 + number * 20
        if number < held:
            boxes.append(
                f'<rect x="{x}" y="2" width="16" height="16" rx="3" fill="{FAIL}" stroke="{FAIL}"/>'
                f'<path d="M{x + 5},7 l6,6 m0,-6 l-6,6" stroke="{ON_ACCENT}" stroke-width="1.8" fill="none"/>'
            )
        else:
            boxes.append(
                f'<rect x="{x}" y="2" width="16" height="16" rx="3" fill="none" stroke="{SOFT}" '
                'stroke-width="1.3" stroke-dasharray="2.5 2"/>'
            )
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {ROOM * 20} 20" role="img" '
        f'aria-label="{escape(alt)}">{"".join(boxes)}</svg>'
    )
    return Picture(drawing, alt, 29)
