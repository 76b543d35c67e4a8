"""Medians of alternating runs: both sides of a ratio see the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table: what was compared, the figure, its bound (`None`: shown for comparison)."""

    what: str
    figure: float
    bound: float | None = None
    least: bool = False
    unit: str = "times"

    @property
    def holds(self) -> bool:
        if self.bound is None:
            return True
        return self.figure >= self.bound if self.least else self.figure <= self.bound

    def __str__(self) -> str:
        bound = "" if self.bound is None else f"{'≥' if self.least else '≤'} {self.bound:,g}"
        mark = "" if self.bound is None else "holds" if self.holds else "OVER"
        return f"{self.what:<74} {self.figure:>10,.2f} {self.unit:<6} {bound:<10} {mark}"


def cpu(work: Callable[[], object]) -> float:
    """Seconds of processor time that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def medians(*works: Callable[[], object], rounds: int = 11) -> list[float]:
    """The median processor time of each work, over `rounds` rounds in which they take turns."""
    for work in works:
        work()
    times = [[cpu(work) for work in works] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def ratio(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 11) -> float:
    """The median of the ratios of rounds in which both take turns."""
    ours(), theirs()
    return statistics.median(cpu(ours) / cpu(theirs) for _ in range(rounds))
