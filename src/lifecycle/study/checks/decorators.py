"""Checks of the assignment on decorators: a clock and a second try that stand outside of the part.

Time passes on a clock of the check's own, where the code says `wait`, so that a figure is right or wrong to
the second. What is made stays referenced until the check has looked: nothing is closed by luck.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lifecycle import PipelineContext
from lifecycle.study.cards import described as short
from lifecycle.study.checks.exercise import (
    Attempt,
    Sheet,
    Wrong,
    attempt,
    exactly,
    exercise,
    materials,
    named,
)
from lifecycle.study.checks.variant import Variant

IDLE, PAUSE = 100, 1000
"""Seconds between the call and the first pull, and after each record: more than all work together."""

RETURN = "decorators-missing-return-shows"


class Clock:
    """A clock on which time passes where somebody waits."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
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


@dataclass
class Trace:
    """What one run of a decorated method did. It keeps the stream, so that nothing closes by itself."""

    seconds: Any = None
    records: list[Any] = field(default_factory=list)
    at_call: int = 0
    at_first: int = 0
    error: BaseException | None = None
    stream: Any = None


def subclass(base: type, **attributes: Any) -> Any:
    """A class of the same name with other attributes."""
    return type(base.__name__, (base,), attributes)


def decorated(answer: Any, name: str, function: Any, *more: Any) -> Any:
    """What the answer makes of a function. Raises `Wrong` when that cannot be called."""
    made = answer(function, *more)
    if not callable(made):
        raise Wrong(
            RETURN,
            f"`{name}` gave {short(made)} in place of a function, so the method is gone.",
            "End the decorator with `return wrapper`.",
        )
    return made


def traced(
    part: Any, call: Callable[[], Any], reads: Callable[[], int], clock: Clock, limit: int,
    idle: int = 0, pause: int = 0, pulls: int | None = None,
) -> Trace:  # fmt: skip
    """Call, wait, and pull to the end, or close after some pulls; the figure is read when all is over.

    limit: more records than this are not taken. Raises `Wrong` when the call gave nothing to pull from.
    """
    trace = Trace()
    called = attempt(call)
    trace.at_call = reads()
    if called.error is not None:
        trace.error = called.error
    else:
        clock.wait(idle)
        begun = attempt(iter, called.value)
        if begun.error is not None:
            raise Wrong(
                RETURN,
                f"the call of the decorated method gave {short(called.value)}, which nobody can pull.",
                "The wrapper needs a `yield`, or has to return a stream.",
            )
        trace.stream = begun.value
        _pull(trace, reads, clock, limit, pause, pulls)
    trace.seconds = named(part, "seconds")
    return trace


def _pull(
    trace: Trace, reads: Callable[[], int], clock: Clock, limit: int, pause: int, pulls: int | None
) -> None:
    while pulls is None or len(trace.records) < pulls:
        pulled = attempt(next, trace.stream)
        if isinstance(pulled.error, StopIteration):
            return
        if pulled.error is not None:
            trace.error = pulled.error
            return
        trace.records.append(pulled.value)
        if len(trace.records) == 1:
            trace.at_first = reads()
        if len(trace.records) > limit:
            raise Wrong(
                "decorators-restart-is-harmless",
                f"the stream goes on after {limit} records, and there are no more.",
                "Hand on each record once, and stop when the stream of the part stops.",
            )
        clock.wait(pause)
    if hasattr(trace.stream, "close"):
        trace.error = attempt(trace.stream.close).error


def settled(run: Attempt, *expected: type[BaseException]) -> Trace:
    """The trace of a run. Raises what stopped it, unless that is expected."""
    if run.error is not None:
        raise run.error
    trace: Trace = run.value
    if trace.error is not None and not isinstance(trace.error, expected):
        raise trace.error
    return trace


def figure(trace: Trace, belief: str) -> float:
    """The seconds that a run left on its part. Raises `Wrong` under a belief when they are no number."""
    value = trace.seconds
    if type(value) not in (int, float):
        raise Wrong(
            belief,
            f"when the run was over, `self.seconds` was {'missing' if value is None else short(value)}.",
            "Set `self.seconds` in the wrapper, on `self`, and keep it right at every moment.",
        )
    return round(float(value), 6)


def grounded(sheet: Sheet) -> None:
    """Raise `Wrong` when the exercise's first aspect does not hold, on which this one stands."""
    name = next(iter(sheet.exercise.aspects))
    if not sheet.aspects[name].holds:
        raise Wrong("", f"this stands on the first line, “{name}”, which does not hold.", "Mend that first.")


def total(seconds: float) -> str:
    """A number of seconds in words."""
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"


# --- x1: a clock around the pulls


def texts(variant: Variant, key: str, count: int) -> tuple[str, ...]:
    """Readings as a station sends them; two that stand side by side are the same."""
    values = [str(row["celsius"]) for row in variant.readings(key, count)]
    values[2] = values[1]
    return tuple(values)


def station(variant: Variant, key: str, last: int = 0) -> Any:
    """A class of stations with readings, costs and a clock of its own."""
    readings = texts(variant, key, variant.number(f"{key}:count", 5, 8))
    costs = tuple(variant.number(f"{key}:cost {number}", 4, 9) for number in range(len(readings)))
    return subclass(Station, clock=Clock(), readings=readings, costs=costs, last=last)


@exercise(
    "decorators-x1",
    "Time the pulls",
    kind="fix",
    answer="timed",
    aspects={
        "the work of every pull is counted": 3,
        "waiting before and between the pulls is not counted": 1,
        "the call fetches nothing, and each pull fetches one record": 1,
        "a stream that fails or is left early is timed as well": 1,
    },
    stumbles="decorators-call-guards",
    hangs="decorators-for-restarts",
)
def timing(answer: Any, sheet: Sheet) -> None:
    """Time a station in four runs: to its end, with a slow reader, with a failure, left early."""
    kind = station(sheet.variant, "decorators-x1")
    costs, readings = kind.costs, list(kind.readings)
    work, at = sum(costs), sheet.variant.number("decorators-x1:at", 2, len(costs) - 2)

    def run(at: int | None = None, **settings: Any) -> Trace:
        clock = Clock()
        one = subclass(kind, clock=clock, at=at)
        one.stream = decorated(answer, "timed(Station.stream, clock)", one.stream, clock)
        part = one()
        return traced(part, lambda: part.stream(), lambda: part.read, clock, len(costs), **settings)

    whole, slow = attempt(run), attempt(run, idle=IDLE, pause=PAUSE)
    failed, left = attempt(run, at=at), attempt(run, pause=PAUSE, pulls=2)

    with sheet.aspect("the work of every pull is counted"):
        trace = settled(whole)
        arrived(trace.records, readings)
        worked(figure(trace, "decorators-metrics-per-stage"), costs)
    with sheet.aspect("waiting before and between the pulls is not counted"):
        grounded(sheet)
        value = figure(settled(slow), "decorators-metrics-per-stage")
        rested(value - work)
        worked(value, costs)
    with sheet.aspect("the call fetches nothing, and each pull fetches one record"):
        lazy(settled(whole), "reading")
        arrived(whole.value.records, readings)
    with sheet.aspect("a stream that fails or is left early is timed as well"):
        grounded(sheet)
        dropped = settled(failed, OSError)
        if dropped.error is None:
            raise Wrong(
                "decorators-error-ends-loop",
                f"the line dropped before reading {at + 1}, and the reader was told of no error.",
                "Let the error go on: `finally` without a `return` in it, or no `except` at all.",
            )
        for trace, expected, when in (
            (dropped, sum(costs[: at + 1]), f"the line dropped before reading {at + 1}"),
            (settled(left), sum(costs[:2]), "the reader left after 2 readings"),
        ):
            value = figure(trace, "decorators-after-loop-always")
            if value != expected:
                belief = "decorators-never-rests" if value > PAUSE else "decorators-after-loop-always"
                raise Wrong(
                    belief,
                    f"{when}: the pulls had taken {total(expected)}, and `self.seconds` reads {value:g}.",
                    "Add to `self.seconds` at each pull, in a `finally` around `next`, and nowhere else.",
                )


def arrived(records: list[Any], expected: list[Any]) -> None:
    """Raise `Wrong` unless the records came as they were."""
    if not exactly(records, expected):
        raise Wrong(
            "decorators-error-ends-loop",
            f"{len(expected)} records were there, and {len(records)} came through: {short(records)}.",
            "Yield each record that comes, as it came, until there are no more.",
        )


def worked(value: float, costs: tuple[int, ...]) -> None:
    """Raise `Wrong` unless a figure is the work of all pulls together."""
    work = sum(costs)
    if value == work:
        return
    seen = f"all pulls together took {total(work)}, and `self.seconds` reads {value:g}"
    if value == work - costs[0]:
        raise Wrong(
            "start-call-runs",
            f"{seen}: the {costs[0]} seconds in which the first reading was fetched are missing.",
            "The call has fetched nothing yet: start the clock before the first `next`, too.",
        )
    raise Wrong(
        "decorators-call-guards",
        f"{seen}{': the clock was read before and after the call' if value == 0 else ''}.",
        "Make the wrapper a generator, and read the clock before and after each `next` of the stream.",
    )


def rested(extra: float) -> None:
    """Raise `Wrong` when a figure holds the time in which nobody pulled."""
    if extra >= PAUSE:
        raise Wrong(
            "decorators-never-rests",
            f"the reader waited {PAUSE} seconds after each record, and {total(extra)} of that were counted.",
            "Read the clock when a record is there, and anew when the next one is wanted.",
        )
    if extra == IDLE:
        raise Wrong(
            "start-call-runs",
            f"the first pull came {IDLE} seconds after the call, and they were counted.",
            "The call starts nothing: read the clock at the first pull, inside a function with `yield`.",
        )


def lazy(trace: Trace, what: str) -> None:
    """Raise `Wrong` when more was fetched than was asked for."""
    if trace.at_call:
        raise Wrong(
            "start-call-runs",
            f"the call alone fetched {trace.at_call} {what}s, before anybody pulled.",
            "Put the work into a function with `yield`: its call runs nothing.",
        )
    if trace.at_first > 1:
        raise Wrong(
            "chains-stage-by-stage",
            f"the first pull fetched {trace.at_first} {what}s, where one was asked for.",
            "Take one record at a time, and `yield` it before you take the next: no `list`, no `sorted`.",
        )


@materials(timing)
def timing_given(variant: Variant) -> Any:
    """Return `(Station, clock)`: a class of sources, and the clock on which their time passes."""
    kind = station(variant, "decorators-x1")
    return kind, kind.clock


# --- x2: the stage's own time


COSTS = {"first": 6, "last": 6, "each": 3}
"""The most seconds a stage takes: always less in all than its upstream, so that the two are not mixed up."""


def stage(variant: Variant, base: type, clock: Clock, at: int | None = None) -> Any:
    """A class of stages with costs of this variant."""
    key = f"decorators-x2:{base.__name__}"
    first, last, each = (variant.number(f"{key}:{name}", 1, most) for name, most in COSTS.items())
    return subclass(base, clock=clock, first=first, each=each, last=last, at=at)


@exercise(
    "decorators-x2",
    "A stage's own time",
    kind="complete",
    answer="measured",
    aspects={
        "the seconds are the stage's own": 3,
        "waiting before and between the pulls is not counted": 1,
        "records pass one by one": 1,
        "each stage has figures of its own": 1,
        "a stream that fails or is left early is timed as well": 1,
    },
    stumbles="generators-stop-iteration-ends",
    hangs="decorators-for-restarts",
)
def measuring(answer: Any, sheet: Sheet) -> None:
    """Measure a stage that converts and one that filters, alone and in a chain, in every way to end."""
    variant, key = sheet.variant, "decorators-x2"
    kind = station(variant, key, last=variant.number(f"{key}:station's last", 10, 19))
    count, at = len(kind.costs), variant.number(f"{key}:at", 2, len(kind.costs) - 2)

    def made(base: type, clock: Clock, at: int | None = None) -> Any:
        one = stage(variant, base, clock, at)
        one.process = decorated(answer, "measured(Convert.process, clock)", one.process, clock)
        return one

    def run(base: type, dropped: int | None = None, at: int | None = None, **settings: Any) -> Trace:
        clock = Clock()
        source, part = subclass(kind, clock=clock, at=dropped)(), made(base, clock, at)()
        return traced(
            part, lambda: part.process(source.stream()), lambda: source.read, clock, count, **settings
        )

    def chain() -> list[Trace]:
        clock = Clock()
        both = made(Convert, clock)
        parts = [both(), both()]
        with PipelineContext(subclass(kind, clock=clock)(), parts) as pipeline:
            pipeline.run()
        return [Trace(seconds=named(part, "seconds")) for part in parts]

    def own(base: Any, records: int, ended: bool = True) -> int:
        one = stage(variant, base, Clock())
        return int(one.first + records * one.each + (one.last if ended else 0))

    whole = {base: attempt(run, base) for base in (Convert, Odd)}
    slow = attempt(run, Convert, idle=IDLE, pause=PAUSE)
    chained = attempt(chain)
    dropped, broken = attempt(run, Convert, dropped=at), attempt(run, Convert, at=at)
    left = attempt(run, Convert, pause=PAUSE, pulls=2)

    def measured(value: float, expected: int, upstream: int, when: str) -> None:
        if value == expected:
            return
        seen = f"{when}: the stage worked {total(expected)} itself, and `self.seconds` reads {value:g}"
        if value == 0:
            raise Wrong(
                "decorators-call-guards",
                f"{seen}: the clock was not there while records were pulled.",
                "Read it before and after each `next` of the stage's stream.",
            )
        if value < expected:
            raise Wrong(
                "decorators-never-rests",
                f"{seen}: more was taken off than the upstream's {total(upstream)}.",
                "Take off the time of `next(upstream)` alone: while a record waits at a `yield`, "
                "its upstream does nothing.",
            )
        if abs(value) > PAUSE:
            raise Wrong(
                "decorators-never-rests",
                f"{seen}: it holds time in which nobody pulled.",
                "Read the clock when a record is there, and anew when the next one is wanted.",
            )
        part = f"all {total(upstream)}" if value == expected + upstream else f"of {total(upstream)} a part"
        told = f"{part} of its upstream {'is' if part[0] == 'o' else 'are'} in it"
        if value == upstream:
            told = "that is what its upstream took"
        raise Wrong(
            "decorators-next-is-own-time",
            f"{seen}: {told}.",
            "Read the clock before and after each `next(upstream)`, also the one in which it ends, and take "
            "all of that off.",
        )

    with sheet.aspect("the seconds are the stage's own"):
        for base, ended in whole.items():
            trace = settled(ended)
            numbers = [float(text) for text in kind.readings]
            arrived(trace.records, numbers if base is Convert else numbers[1::2])
            when = "a stage that converts" if base is Convert else "a stage that keeps every other record"
            value = figure(trace, "decorators-metrics-per-stage")
            if value == 0 and slow.error is None and type(slow.value.seconds) in (int, float):
                value = min(value, slow.value.seconds)  # less than nothing: a reader's pauses were taken off
            measured(value, own(base, count), sum(kind.costs) + kind.last, when)
    with sheet.aspect("waiting before and between the pulls is not counted"):
        grounded(sheet)
        value = figure(settled(slow), "decorators-metrics-per-stage")
        rested(value - own(Convert, count))
        measured(value, own(Convert, count), sum(kind.costs) + kind.last, "with a slow reader")
    with sheet.aspect("records pass one by one"):
        lazy(settled(whole[Convert]), "record")
        arrived(whole[Convert].value.records, [float(text) for text in kind.readings])
    with sheet.aspect("each stage has figures of its own"):
        grounded(sheet)
        if chained.error is not None:
            raise chained.error
        values = [figure(trace, "decorators-metrics-per-stage") for trace in chained.value]
        if values != [own(Convert, count)] * 2:
            told, both = " and ".join(f"{value:g}" for value in values), total(own(Convert, count))
            raise Wrong(
                "decorators-metrics-per-stage",
                f"two stages of one class in a chain worked {both} each, and read {told}.",
                "Keep each figure on `self`, or in a variable of the wrapper: the function is shared by all.",
            )
    with sheet.aspect("a stream that fails or is left early is timed as well"):
        grounded(sheet)
        for ended, errors, expected, when in (
            (dropped, (OSError,), own(Convert, at, False), f"the upstream failed before record {at + 1}"),
            (broken, (ValueError,), own(Convert, at + 1, False), f"the stage failed at record {at + 1}"),
            (left, (), own(Convert, 2, False), "the reader left after 2 records"),
        ):
            trace = settled(ended, *errors)
            if errors and trace.error is None:
                raise Wrong(
                    "decorators-error-ends-loop",
                    f"{when}, and the reader was told of no error.",
                    "Let the error go on: `finally` without a `return` in it, or no `except` at all.",
                )
            value = figure(trace, "decorators-after-loop-always")
            if value != expected:
                raise Wrong(
                    "decorators-after-loop-always",
                    f"{when}: it had worked {total(expected)} itself, and `self.seconds` reads {value:g}.",
                    "Bring `self.seconds` up to date in a `finally` around each `next`, on both sides.",
                )


@materials(measuring)
def measuring_given(variant: Variant) -> Any:
    """Return `(Station, Convert, clock)`: a source, a stage for it, and the clock of both."""
    kind = station(variant, "decorators-x2", last=variant.number("decorators-x2:station's last", 10, 19))
    return kind, stage(variant, Convert, kind.clock), kind.clock
