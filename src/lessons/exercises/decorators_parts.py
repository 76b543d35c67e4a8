"""The materials of the exercises on decorators: sources and stages that need time, and lines that drop."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from statistics import median
from typing import Any, Self

from lessons.exercises import Callback, Judge, Variant, declared
from lessons.judge import clock
from lifecycle import retryOnFailure

MANY = 12  # the most openings of a feed in any exercise
AT_ONCE = 0.03  # more seconds than this between a failure and the next attempt count as a pause


def subclass(base: type, **attributes: Any) -> Any:
    """A class with the same name and other attributes."""
    return type(base.__name__, (base,), attributes)


def texts(variant: Variant, key: str, count: int) -> tuple[str, ...]:
    """Readings as a station sends them; the second and the third one are equal, the others all differ."""
    # None of them is 0: a check puts a false number in a chosen place, not by chance.
    rows = enumerate(variant.readings(key, count), 1)
    values = [str(round(float(str(row["celsius"])) + number / 100, 2)) for number, row in rows]
    values[2] = values[1]
    return tuple(values)


class Clock:
    """A clock that moves when a part waits; `asked` counts how often it was read."""

    def __init__(self) -> None:
        self.now, self.asked = 0.0, 0

    def __call__(self) -> float:
        self.asked += 1
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


class Station:
    """A source that needs time: `costs[k]` seconds for each reading, `last` seconds at its end.

    The line drops before reading number `at`, counted from 0; never if it is None.
    """

    clock = Clock()
    readings: tuple[Any, ...] = ()
    costs: tuple[float, ...] = ()
    last = 0
    at: int | None = None
    failure: type[BaseException] = OSError

    def __init__(self) -> None:
        self.read = 0
        self.failed: BaseException | None = None

    def stream(self) -> Iterator[Any]:
        """Fetch the readings."""
        for number, (reading, cost) in enumerate(zip(self.readings, self.costs, strict=True)):
            self.clock.wait(cost)
            self.read += 1
            if number == self.at:
                self.failed = self.failure(f"connection dropped before reading {number + 1}")
                raise self.failed from LookupError("no carrier")
            yield reading
        self.clock.wait(self.last)


class Convert:
    """A stage that needs time: `first` seconds before it pulls, `each` for each record, `last` at its end.

    It passes on every record, or only the last of each `every`.
    """

    clock = Clock()
    at: int | None = None
    first = each = last = 0
    every = 1
    failed: BaseException | None = None

    def process(self, stream: Any) -> Iterator[float]:
        """Turn the texts into numbers."""
        self.clock.wait(self.first)
        for number, text in enumerate(stream):
            self.clock.wait(self.each)
            if number == self.at:
                if hasattr(stream, "close"):
                    stream.close()
                self.failed = ValueError(f"no number in record {number + 1}")
                raise self.failed from LookupError("no digits")
            if (number + 1) % self.every == 0:
                yield float(text or 0)
        self.clock.wait(self.last)


class Enough(BaseException):
    """Stops an answer that opens without end. An answer that catches each `Exception` does not catch it."""


@declared("__next__ close")
class Line:
    """One connection to a feed: open from the start until `close()`, even after an error."""

    def __init__(self, feed: "Feed") -> None:
        if len(feed.lines) >= MANY:
            raise Enough(f"the feed was opened more than {MANY} times")
        self.feed, self.number, self.read, self.open = feed, len(feed.lines), 0, True
        if feed.pauses and feed.errors:
            feed.pauses.end()
        self.beside = any(line.open for line in feed.lines)
        self.breaks = feed.breaks[self.number] if self.number < len(feed.breaks) else None
        self.records: Any = self._fetched()
        feed.lines.append(self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return next(self.records)

    def _fetched(self) -> Iterator[Any]:
        for record in self.feed.records[: self.breaks]:
            self.read += 1
            yield record
        if self.breaks is not None:
            if self.feed.pauses:
                self.feed.pauses.begin()
            error = self.feed.failure(f"line {self.number + 1} dropped after {self.read} records")
            self.feed.errors.append(error)
            raise error

    def close(self) -> None:
        self.open = False
        self.records.close()


class Pauses:
    """The time from each failure of a source to its next opening; a busy machine is not a pause."""

    def __init__(self, *processes: int) -> None:
        self.seconds: list[float] = []
        self._clock, self._left = clock.Clock(*processes), 0.0

    def waited(self, slept: list[float]) -> float:
        """The longest recorded wait of the answer's process, else the median pause, if it counts as one."""
        usual = median(self.seconds or [0])
        return max(slept, default=0) or (round(usual, 2) if usual > AT_ONCE else 0)

    def begin(self) -> None:
        self._left = self._clock.left(0)

    def end(self) -> None:
        self.seconds.append(self._left - self._clock.left(0))


class Feed:
    """A source with lines that drop: line n breaks after `breaks[n]` records, later lines do not."""

    pauses: Pauses | None = None
    records: list[Any] = []  # noqa: RUF012
    breaks: tuple[int, ...] = ()
    failure: type[BaseException] = OSError

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.errors: list[BaseException] = []

    @property
    def opened(self) -> int:
        """How many lines were opened so far."""
        return len(self.lines)

    @property
    def open(self) -> int:
        """How many lines are open now."""
        return sum(line.open for line in self.lines)

    @property
    def fetched(self) -> int:
        """How many records were read from the last line."""
        return self.lines[-1].read if self.lines else 0

    def stream(self) -> Any:
        """Yield the records, starting with the first one."""
        return Line(self)


class Distant(Feed):
    """A feed with a generator function as `stream`, which closes its line itself."""

    def stream(self) -> Iterator[Any]:
        """Fetch records over the network."""
        with closing(Line(self)) as line:
            yield from line


STAGES = {"process": "self, stream", "stream": "self, rows", "transform": "self, readings, limit=3",
          "resume": "self, rows=()", "merge": "self, *streams", "collect": "self, *, upstream"}  # fmt: skip
"""Stages with other names, each a generator function with a stream as a parameter after `self`."""


_BORROWED = time.sleep, retryOnFailure.__kwdefaults__


def hush(wait: Callable[[float], None]) -> None:
    """In the answer's process: report each pause to `wait` instead of sleeping, also in `retryOnFailure`."""
    time.sleep, retryOnFailure.__kwdefaults__ = wait, {"sleep": wait}  # type: ignore[assignment]


def wake() -> None:
    """Restore what `hush` replaced."""
    time.sleep, retryOnFailure.__kwdefaults__ = _BORROWED


@contextmanager
def awake(judge: Judge, begin: Any = hush, end: Any = wake) -> Iterator[list[Any]]:
    """Let nothing sleep in the answer's process, and yield the list of the waits. end: undoes `begin`."""
    waits: list[Any] = []
    with ExitStack() as stack:
        stack.callback(end)  # if both share a process, this also works after an answer that is stuck
        stack.callback(judge.witness, end)
        judge.witness(begin, Callback(waits.append))
        yield waits
