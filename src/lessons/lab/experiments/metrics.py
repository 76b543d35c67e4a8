"""Three ways to time a stage in one run: `@measuredStage`, timing `next()`, timing the call.

Time is a number of microseconds that working parts add to a clock. So every figure is exact, and the same in
every run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lessons.lab.experiments import allowed
from lessons.words import agreeing
from lifecycle.context import PipelineContext
from lifecycle.measure import measuredStage

MOST = 100
RECORDS = 8
PARTS = ("upstream", "stage", "sink")
# How many records the stage passes on: the label that a student chooses → one record in so many; 0: never.
KEEPS = {"every record": 1, "every second record": 2, "nothing": 0}
Span = tuple[int, int]


@dataclass(frozen=True)
class MetricsSettings:
    """The work of each part in µs per record, and how the run goes.

    `keeps` is a value of `KEEPS`. `edges` is the stage's work before its first record, and again after its
    last one. The loop stops when `stops` records have arrived; 0 is never. Raises `ValueError` for a number
    outside 0 to `MOST`, and for records outside 1 to `RECORDS`.
    """

    upstream: int = 40
    stage: int = 25
    sink: int = 30
    records: int = 4
    keeps: int = 1
    edges: int = 0
    stops: int = 0

    def __post_init__(self) -> None:
        allowed.numbers(self, **dict.fromkeys((*PARTS, "edges"), (0, MOST)))
        allowed.numbers(self, records=(1, RECORDS), stops=(0, RECORDS))
        allowed.choices(self, keeps=KEEPS.values())


@dataclass
class Clock:
    """A clock that moves only when work is added. Calling it returns seconds, like `perf_counter`.

    `worked` says which part worked from when to when. `read` has each moment at which the clock was read.
    Both are in µs.

    >>> clock = Clock()
    >>> clock.work("stage", 25)
    >>> clock(), clock.worked
    (2.5e-05, [('stage', 0, 25)])
    """

    now: int = 0
    worked: list[tuple[str, int, int]] = field(default_factory=list)
    read: list[int] = field(default_factory=list)

    def __call__(self) -> float:
        self.read.append(self.now)
        return self.now / 1e6

    def work(self, part: str, micros: int) -> None:
        """Let `part` work for so many µs."""
        if micros:
            self.worked.append((part, self.now, self.now + micros))
            self.now += micros


def timedNext(clock: Clock, spans: list[Span]) -> Callable[[Any], Any]:
    """The obvious measurement, and a wrong one: a clock around each `next()` of the stage."""

    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def timed(self: Any, stream: Iterator[Any]) -> Iterator[Any]:
            records = function(self, stream)
            try:
                while True:
                    began = clock.now
                    try:
                        record = next(records)
                    except StopIteration:
                        return
                    finally:
                        spans.append((began, clock.now))
                    yield record
            finally:
                records.close()

        return timed

    return decorate


def timedCall(clock: Clock, spans: list[Span]) -> Callable[[Any], Any]:
    """The measurement for an ordinary function, wrong for a generator: a clock around the call."""

    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def timed(self: Any, stream: Iterator[Any]) -> Any:
            began = clock.now
            try:
                return function(self, stream)
            finally:
                spans.append((began, clock.now))

        return timed

    return decorate


@dataclass(frozen=True)
class Measurement:
    """One measurement: its name, its result for the whole run in µs, and the spans that it counted."""

    name: str
    reads: int
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class MetricsOutcome:
    """One run: which part worked when, in µs, and the results of three measurements of the same stage.

    `worked` holds (part, from, to). `pulled` is how many records the source yielded, `arrived` how many the
    sink accepted, `outcome` and `yielded` what `StageMetrics` says.
    """

    settings: MetricsSettings
    worked: tuple[tuple[str, int, int], ...]
    pulled: int
    arrived: int
    yielded: int
    outcome: str
    own: Measurement
    around: Measurement
    call: Measurement

    @property
    def total(self) -> int:
        """How long the whole run took, in µs."""
        return self.worked[-1][2] if self.worked else 0

    def spent(self, part: str) -> int:
        """How long `part` worked in all, in µs."""
        return sum(end - start for name, start, end in self.worked if name == part)

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """The three, the right one first."""
        return self.own, self.around, self.call

    def verdict(self, one: Measurement) -> str:
        """A comment on a measurement, in a few words.

        >>> outcome = metrics(MetricsSettings())
        >>> for one in outcome.measurements:
        ...     outcome.verdict(one)
        "the stage's own"
        "160 % too much: 160 µs are the upstream's"
        'the call runs nothing: all is missed'
        """
        true = self.spent("stage")
        if one is self.call:
            return "the call runs nothing: all is missed" if true else "right by luck: the stage is idle"
        if one.reads == true:
            return "the stage's own" if one is self.own else "right by luck: the upstream takes no time"
        more = one.reads - true
        percent = f"{round(100 * more / true)} % too much: " if true else ""
        return f"{percent}{more} µs are the upstream's"

    def right(self, one: Measurement) -> bool:
        """Whether its result is the time that the stage worked."""
        return one.reads == self.spent("stage")

    @property
    def sentence(self) -> str:
        """What happened, in a few sentences."""
        true = self.spent("stage")
        own, around = self.own.reads, self.around.reads
        start = f"The stage worked {true} µs{self._each(true)}, and @measuredStage reads {own} µs."
        if around == true:
            luck = " Timing next() reads the same, by luck: the upstream takes no time."
        else:
            more = around - true
            part = f"{more} µs of it {agreeing(more, 'is', 'are')}" if true else "all of it is"
            blamed = f"{part} the upstream's, which runs inside that next()"
            luck = f" Timing next() reads {around} µs: {blamed}."
        call = " Timing the call reads 0 µs: it returns a generator, and nothing has run." if true else ""
        return f"{start}{luck}{call}{self._ended()}"

    def _each(self, micros: int) -> str:
        whole = not self.settings.edges and self.pulled and micros
        each = f"each of {self.pulled} records" if self.pulled > 1 else "its one record"
        return f", {self.settings.stage} for {each}" if whole else ""

    def _ended(self) -> str:
        if not self.settings.keeps:
            return " It yielded nothing, and has its time all the same."
        if self.outcome == "closed":
            return f" The loop was left after {self.arrived} arrived: what was done until then is reported."
        return ""

    def text(self) -> str:
        """The whole outcome as text, the same at every run."""
        rows = [
            f"{one.name:15} {one.reads:>5} µs  {_bar(one.reads, self.total):40}  {self.verdict(one)}".rstrip()
            for one in self.measurements
        ]
        parts = [
            f"{part:15} {self.spent(part):>5} µs  {_bar(self.spent(part), self.total)}".rstrip()
            for part in PARTS
        ]
        whole = f"{'the whole run':15} {self.total:>5} µs  {self.pulled} pulled, {self.arrived} arrived"
        line = f"outcome: {self.outcome}, {self.yielded} yielded"
        return "\n".join(["worked", *parts, f"{whole}", "", "read", *rows, line, "", self.sentence])


def _bar(micros: int, total: int) -> str:
    return "█" * round(40 * micros / total) if total else ""


def metrics(settings: MetricsSettings) -> MetricsOutcome:
    """Run source → stage → sink on a virtual clock, with three measurements of the stage at once.

    >>> outcome = metrics(MetricsSettings(upstream=40, stage=25, sink=30, records=4))
    >>> [(one.name, one.reads) for one in outcome.measurements]
    [('@measuredStage', 100), ('timing next()', 260), ('timing the call', 0)]
    """
    clock = Clock()
    arounds: list[Span] = []
    calls: list[Span] = []

    class Numbers:
        pulled = 0

        def stream(self) -> Iterator[int]:
            for number in range(1, settings.records + 1):
                clock.work("upstream", settings.upstream)
                self.pulled = number
                yield number

    class Thinning:
        metrics: Any = None

        @timedCall(clock, calls)
        @timedNext(clock, arounds)
        @measuredStage(clock=clock)  # type: ignore[untyped-decorator, unused-ignore]
        def process(self, stream: Iterator[int]) -> Iterator[int]:
            clock.work("stage", settings.edges)
            for number in stream:
                clock.work("stage", settings.stage)
                if settings.keeps and number % settings.keeps == 0:
                    yield number
            clock.work("stage", settings.edges)

    class Drain:
        def write(self, record: int) -> None:
            clock.work("sink", settings.sink)

    source, stage = Numbers(), Thinning()
    with PipelineContext(source, [stage], Drain()) as pipeline:
        for _ in pipeline.stream():
            if pipeline.recordCount == settings.stops:
                break
    measured = stage.metrics
    # The decorator reads the clock at each border: on entering the stage, then on leaving it, and so on.
    borders = clock.read
    inside = tuple(span for span in zip(borders[::2], borders[1::2], strict=True) if span[0] < span[1])
    return MetricsOutcome(
        settings=settings,
        worked=tuple(clock.worked),
        pulled=source.pulled,
        arrived=pipeline.recordCount,
        yielded=measured.records,
        outcome=measured.outcome,
        own=Measurement("@measuredStage", round(measured.seconds * 1e6), inside),
        around=Measurement("timing next()", _sum(arounds), tuple(arounds)),
        call=Measurement("timing the call", _sum(calls), tuple(calls)),
    )


def _sum(spans: list[Span]) -> int:
    return sum(end - start for start, end in spans)
