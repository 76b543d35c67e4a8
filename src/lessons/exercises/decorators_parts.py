"""What the exercises on decorators work on: sources and stages that take their time, and lines that drop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lifecycle import retryOnFailure

MANY = 12
"""More often than this no exercise lets an answer open a feed."""


class Clock:
    """A clock on which time passes where somebody waits; `asked` counts how often it was read."""

    def __init__(self) -> None:
        self.now = self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        return self.now

    def wait(self, seconds: int) -> None:
        self.now += seconds


class Station:
    """A source that needs its time: `costs[k]` seconds for each reading, `last` seconds at its end.

    The line drops before the reading number `at`, counted from 0; never when it is None.
    """

    clock = Clock()
    readings: tuple[str, ...] = ()
    costs: tuple[int, ...] = ()
    last = 0
    at: int | None = None

    def __init__(self) -> None:
        self.read = 0

    def stream(self) -> Iterator[str]:
        """Fetch the readings."""
        for number, (reading, cost) in enumerate(zip(self.readings, self.costs, strict=True)):
            self.clock.wait(cost)
            self.read += 1
            if number == self.at:
                raise OSError(f"connection dropped before reading {number + 1}")
            yield reading
        self.clock.wait(self.last)


class Convert:
    """A stage that needs its time: `first` seconds before it pulls, `each` a record, `last` at its end."""

    clock = Clock()
    first = each = last = 0
    at: int | None = None

    def process(self, stream: Any) -> Iterator[float]:
        """Make numbers of the texts."""
        self.clock.wait(self.first)
        for number, text in enumerate(stream):
            self.clock.wait(self.each)
            if number == self.at:
                raise ValueError(f"no number in record {number + 1}")
            yield float(text)
        self.clock.wait(self.last)


class Odd(Convert):
    """A stage that hands on every other record."""

    def process(self, stream: Any) -> Iterator[float]:
        """Keep every other number."""
        for number, value in enumerate(super().process(stream)):
            if number % 2:
                yield value


class Enough(BaseException):
    """Stops an answer that opens without end. No `Exception`, so that the answer does not catch it."""


class Line:
    """One connection to a feed: open from the first moment until `close()`, also after an error."""

    def __init__(self, feed: Feed) -> None:
        if len(feed.lines) >= MANY:
            raise Enough(f"the feed was opened more than {MANY} times")
        self.feed, self.number, self.read = feed, len(feed.lines), 0
        self.open, self.over = True, False
        self.beside = [line.number + 1 for line in feed.lines if line.open]
        self.breaks = feed.breaks[self.number] if self.number < len(feed.breaks) else None
        feed.lines.append(self)

    def __iter__(self) -> Line:
        return self

    def __next__(self) -> Any:
        if self.over or not self.open:
            raise StopIteration
        if self.read == self.breaks:
            self.over = True
            error = self.feed.failure(f"line {self.number + 1} dropped after {self.read} records")
            self.feed.errors.append(error)
            raise error
        if self.read == len(self.feed.records):
            self.over = True
            raise StopIteration
        self.read += 1
        return self.feed.records[self.read - 1]

    def close(self) -> None:
        self.open = False


class Feed:
    """A source over lines that drop: line n breaks after `breaks[n]` records, later ones do not.

    It keeps each line and each stream that it gave, so that none is closed by luck.
    """

    records: list[Any] = []  # noqa: RUF012
    breaks: tuple[int, ...] = ()
    failure: type[BaseException] = OSError
    generator = False

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.errors: list[BaseException] = []
        self.streams: list[Any] = []

    @property
    def opened(self) -> int:
        """How many lines were opened so far."""
        return len(self.lines)

    @property
    def open(self) -> int:
        """How many lines are open now."""
        return sum(line.open for line in self.lines)

    @property
    def read(self) -> int:
        """How many records were read from all lines together."""
        return sum(line.read for line in self.lines)

    def stream(self) -> Any:
        """Give the records from the first one on."""
        stream = self._records() if self.generator else Line(self)
        self.streams.append(stream)
        return stream

    def _records(self) -> Iterator[Any]:
        line = Line(self)
        try:
            for record in line:
                yield record
        finally:
            line.close()


class Remote:
    """A source with a generator function: it drops after 2 records, as often as `failures` says."""

    records: list[Any] = []  # noqa: RUF012
    failures = 0

    def __init__(self) -> None:
        self.opened = self.read = 0

    def stream(self) -> Iterator[Any]:
        """Fetch from far away."""
        self.opened += 1
        if self.opened > MANY:
            raise Enough(f"the source was opened more than {MANY} times")
        for number, record in enumerate(self.records):
            self.read += 1
            yield record
            if number == 1 and self.opened <= self.failures:
                raise OSError(f"connection {self.opened} dropped")


class Offset:
    """Stages by other names, each a generator function that is given a stream besides `self`."""

    def process(self, stream: Any) -> Iterator[Any]:
        for record in stream:
            yield record

    def convert(self, rows: Any) -> Iterator[Any]:
        for record in rows:
            yield record

    def transform(self, readings: Any, limit: int = 3) -> Iterator[Any]:
        for record in readings:
            yield record

    def resume(self, rows: Any = ()) -> Iterator[Any]:
        for record in rows:
            yield record


def broken_stream() -> Iterator[int]:
    """An upstream that breaks once, and is spent then."""
    yield from (1, 2)
    raise OSError("the line dropped")


@contextmanager
def awake(naps: list[float]) -> Iterator[None]:
    """Note each wait in place of sitting it out, also those of `retryOnFailure`."""
    sleep, defaults = time.sleep, retryOnFailure.__kwdefaults__
    time.sleep, retryOnFailure.__kwdefaults__ = naps.append, {"sleep": naps.append}  # type: ignore[assignment]
    try:
        yield
    finally:
        time.sleep, retryOnFailure.__kwdefaults__ = sleep, defaults
