"""How many fault points a second."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from measuring import Row

from lifecycle.faults import sweep
from lifecycle.sinks import ListSink
from lifecycle.sources import ListSource


class Pass:
    def process(self, stream: Iterator[int]) -> Iterator[int]:
        for record in stream:
            yield record


def points() -> Iterator[Row]:
    def build() -> tuple[ListSource, list[Pass], ListSink]:
        return ListSource(range(40)), [Pass() for _ in range(5)], ListSink()

    rates = []
    for _ in range(11):
        began = time.perf_counter()
        swept = sweep(build)
        rates.append(len(swept.outcomes) / (time.perf_counter() - began))
        assert swept.clean
    yield Row("sweep, five stages, 40 records in memory", statistics.median(rates), 10_000, True, "pts/s")
