"""The picture of a `MapOutcome`: one cell for each fault point; above without the context, below with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lessons.lab.experiments.faultmap import WITH, WITHOUT, MapOutcome, Point
from lessons.lab.figures import FAIL, INK, OK, PAPER, SOFT, Picture, plotted

WIDTH = 9.6  # inches
RECORDS = 14  # columns for pulls and writes; if there are more, neighbours share one


@dataclass(frozen=True)
class MapCell:
    """One cell: its fault points (several if neighbours share a column), its column, and what leaked.

    `worst` is the number of things left open by the worst of them.
    """

    points: tuple[Point, ...]
    column: int
    leaks: int
    worst: int

    @property
    def chosen(self) -> Point:
        """The point that a click on the cell chooses: the first one of its kind."""
        return self.points[0]


def columns(outcome: MapOutcome) -> list[str]:
    """The headings of the columns: "open", "1", …, "end", "close"; "1-4" in a shared one."""
    most = _most(outcome)
    share = -(-most // RECORDS) or 1
    starts = range(1, most + 1, share)
    named = [str(k) if share == 1 else f"{k}-{min(k + share - 1, most)}" for k in starts]
    return ["open", *named, "end", "close"]


def cells(outcome: MapOutcome, place: str, context: bool) -> list[MapCell]:
    """The cells of one row."""
    most = _most(outcome)
    share = -(-most // RECORDS) or 1
    last = len(columns(outcome)) - 1
    row: dict[int, list[tuple[Point, int]]] = {}
    for at, one in outcome.points(place, context).items():
        phase, _, record = at.partition(" ")
        column = {"open": 0, "end": last - 1, "close": last}.get(phase)
        if column is None:
            column = 1 + (int(record) - 1) // share
        row.setdefault(column, []).append((Point(place, at, context), len(one.leaked)))
    return [
        MapCell(
            # A shared cell shows its worst leak.
            tuple(point for point, _ in sorted(found, key=lambda one: not one[1])),
            column,
            sum(bool(left) for _, left in found),
            max(left for _, left in found),
        )
        for column, found in sorted(row.items())
    ]


def _most(outcome: MapOutcome) -> int:
    found = [one.fault.record or 0 for one in outcome.outcomes(True) if one.fault is not None]
    return max(found, default=0)


def heatmap(outcome: MapOutcome) -> Picture:
    """Rows are parts, and columns are what a part is doing when it fails. A leak is hatched and labelled.

    The darker a leak, the more stays open. Raises `ImportError` if matplotlib is missing.
    """
    heads = columns(outcome)
    rows = [(place, outcome.name(place)) for place, _ in outcome.parts if outcome.points(place)]
    worst = max((len(one.leaked) for one in outcome.outcomes(False) + outcome.outcomes(True)), default=1)
    # Room for the longest name, first in points, then in columns.
    room = 12 + 7.4 * max(len(short(name)) for _, name in rows)
    wide = (WIDTH * 72 - room) / len(heads)
    side = room / wide
    depth = len(rows) + 2.0  # rows of one map: also a line for its title and one for its columns

    # "clean" and the longest head must fit into their column.
    word_size, head_size = min(11.0, wide / 3.3), min(11.0, wide / (0.68 * max(map(len, heads))))

    def draw(axes: Any) -> None:
        axes.set_axis_off()
        axes.set(xlim=(-side, len(heads)), ylim=(2 * depth - 0.95, -0.5))
        for number, context in enumerate((False, True)):
            top = number * depth
            _title(axes, outcome, context, top)
            for column, head in enumerate(heads):
                axes.text(column + 0.5, top + 0.72, head, ha="center", va="center", color=SOFT,
                          size=head_size)  # fmt: skip
            for line, (place, name) in enumerate(rows):
                y = top + 1 + line
                axes.text(-0.12, y + 0.5, short(name), ha="right", va="center", color=INK, size=12)
                for cell in cells(outcome, place, context):
                    _cell(axes, cell, y, worst or 1, word_size)
        # Everything has its place already; measuring hundreds of words would take longer than drawing them.
        for artist in axes.get_children():
            artist.set_in_layout(False)

    height = 0.31 * (2 * depth - 0.45)
    return plotted(draw, words(outcome), width=WIDTH, height=height, em=58)


def short(name: str) -> str:
    """A name that leaves room for the map."""
    return name if len(name) <= 20 else name[:19] + "…"


def _title(axes: Any, outcome: MapOutcome, context: bool, top: float) -> None:
    count, leaks = len(outcome.outcomes(context)), outcome.leaks(context)
    glyph, colour = ("✗", FAIL) if leaks else ("✓", OK)
    told = f"{leaks} of {count} leak" if leaks else f"all {count} clean"
    axes.text(0.05, top + 0.02, WITH if context else WITHOUT, weight="bold", va="center", size=12)
    axes.text(len(columns(outcome)) - 0.03, top + 0.02, f"{glyph} {told}", color=colour, weight="bold",
              va="center", ha="right", size=12)  # fmt: skip


def _cell(axes: Any, cell: MapCell, y: float, worst: int, word_size: float) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    def box(**looks: Any) -> None:
        axes.add_artist(Rectangle((cell.column + 0.03, y + 0.05), 0.94, 0.9, **looks))

    if cell.leaks:
        box(facecolor=to_rgba(FAIL, 0.12 + 0.38 * cell.worst / worst), edgecolor="none")
        box(facecolor="none", edgecolor=FAIL, hatch="////", linewidth=0.9)
    else:
        box(facecolor=to_rgba(OK, 0.1), edgecolor=OK, linewidth=0.7)
    word = axes.text(cell.column + 0.5, y + 0.5, "leak" if cell.leaks else "clean", ha="center", va="center",
                     color=INK, size=word_size, weight="bold" if cell.leaks else "normal")  # fmt: skip
    if cell.leaks:
        word.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 1.2, "alpha": 0.85})
    box(facecolor=to_rgba(INK, 0.01), edgecolor="none", gid=f"cell:{key(cell.chosen)}", zorder=9)


def key(point: Point) -> str:
    """A point in the form that picture and widget exchange.

    >>> key(Point("stage 1", "pull 3", context=True))
    'with|stage 1|pull 3'
    """
    return f"{'with' if point.context else 'without'}|{point.place}|{point.at}"


def point(key: str) -> Point:
    """The point of such a form."""
    how, place, at = key.split("|")
    return Point(place, at, how == "with")


def words(outcome: MapOutcome) -> str:
    """The picture in words."""
    told = []
    for context, how in ((False, WITHOUT), (True, WITH)):
        count, leaks = len(outcome.outcomes(context)), outcome.leaks(context)
        told.append(f"{how}: {leaks} of {count} fault points leak")
    return f"A map of {len(outcome.parts)} parts. " + "; ".join(told) + "."
