"""chains-x4: a mean that moves along."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from lessons.exercises.chains_parts import (
    Drawn,
    Lazy,
    Tap,
    at_once,
    ballast,
    drawn,
    gone_through,
    lazy,
    unending,
)
from lessons.exercises.exercise import Sheet, attempt
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.words import described as short

FIRST = 2_000
"""After how many means the memory of the answer's process is measured."""

LONG = 20_000
"""After how many more it is measured again."""

MUCH = 100_000
"""How many bytes more it may hold by then; the readings alone, packed closely, need 160,000."""

# --- what the answer is given ---


def degrees(variant: Variant, key: str, count: int) -> list[float]:
    """So many temperatures, none of which is 0.0."""
    return [round(float(str(record["celsius"])) + 0.1, 1) for record in variant.readings(key, count)]


def by(answer: Any, size: int) -> Callable[[Any], Any]:
    """The answer as a stage with a window of this size."""
    return lambda stream: answer(stream, size)


def window_of(variant: Variant) -> int:
    """The size with which most is tried."""
    return variant.number("chains-x4:size", 4, 6)


# --- what is observed ---


@dataclass(frozen=True)
class Means:
    """What came out of a stage over a stream that ends; `at` is the first mean that is not right."""

    alone: bool
    """Whether no other stage was at work meanwhile."""
    zero: bool
    """Whether 0.0 is one of the readings."""
    pulls: int
    came: int
    wanted: int
    twice: bool
    stopped: bool
    raised: str
    at: int
    value: str
    right: str


def ending(answer: Any, sheet: Sheet) -> Iterator[Means]:
    """Streams of several lengths with windows of several sizes, and two stages at once."""
    size, values = window_of(sheet.variant), degrees(sheet.variant, "chains-x4:ending", 12)
    for length, n in ((12, size), (12, 1), (5, 2), (size, size), (size - 1, size), (0, 2)):
        readings = values[:length]
        yield _means(drawn(by(answer, n), Tap(readings), length + 2), readings, n)
    readings = [*values[:3], 0.0, *values[4:]]
    yield _means(drawn(by(answer, size), Tap(readings), 14), readings, size)
    whole = [2 * round(value) for value in values[:4]]  # whole numbers, whose means are whole, too
    yield _means(drawn(by(answer, 2), Tap(whole), 6), whole, 2)
    others = degrees(sheet.variant, "chains-x4:others", 9)
    both = at_once((by(answer, size), Tap(values)), (by(answer, 2), Tap(others)))
    yield _means(both[0], values, size, alone=False)
    yield _means(both[1], others, 2, alone=False)


def _means(run: Drawn, readings: Sequence[float], size: int, alone: bool = True) -> Means:
    if run.error is not None and not run.stopped:
        raise run.error
    wanted = [math.fsum(readings[at : at + size]) / size for at in range(len(readings) - size + 1)]
    pairs = enumerate(zip(run.values, wanted, strict=False), 1)
    at = next((number for number, (value, right) in pairs if not near(value, right)), 0)
    return Means(
        alone=alone,
        zero=0.0 in readings[3:4],
        pulls=run.tap.pulls,
        came=len(run.values),
        wanted=len(wanted),
        twice=run.twice,
        stopped=run.stopped,
        raised=run.told,
        at=at,
        value=short(run.values[at - 1]) if at else "",
        right=f"{wanted[at - 1]:g}" if at else "",
    )


def near(value: object, right: float) -> bool:
    """Whether a value is this mean, up to rounding."""
    return type(value) is float and math.isclose(value, right, abs_tol=1e-6)


@dataclass(frozen=True)
class Strange:
    """A value that came out of a stage over an endless stream, and is nowhere near its readings."""

    number: int
    value: str
    window: str


def endless(answer: Any, sheet: Sheet) -> Iterator[Lazy]:
    """A stream without an end, pulled a few times."""
    yield _endless(answer, sheet)[0]


def nowhere_near(answer: Any, sheet: Sheet) -> Iterator[Strange]:
    """The values that come out of a stream without an end and are no means, be they rounded or not."""
    _, values, readings = _endless(answer, sheet)
    size = window_of(sheet.variant)
    for number, value in enumerate(values, 1):
        window = [readings[at % len(readings)] for at in range(number - 1, number - 1 + size)]
        kind = type(value) in (int, float, Fraction, Decimal, str)
        found = attempt(float, value).value if kind else None
        if found is None or not min(window) - 1 <= found <= max(window) + 1:
            yield Strange(number, short(value), str(window))


def _endless(answer: Any, sheet: Sheet) -> tuple[Lazy, list[Any], list[float]]:
    size, readings = window_of(sheet.variant), degrees(sheet.variant, "chains-x4:endless", 12)
    count = sheet.variant.number("chains-x4:endless", 12, 14)
    found, values = lazy(by(answer, size), itertools.cycle(readings), range(size, size + count))
    return found, values, readings


@dataclass(frozen=True)
class Long:
    """A stage after many thousand readings."""

    more: int
    """How many bytes its process holds more than after `FIRST` means."""
    size: int
    number: int
    last: str
    right: str
    near: bool
    """Whether the last mean is right."""


def many(answer: Any, sheet: Sheet) -> Iterator[Long]:
    """Many thousand readings, if the stage is known to hand on each mean in its turn.

    The readings are made beside the answer, because so many would be slow over the wire. Its process is
    measured from outside. The last mean shows that they went through the stage.
    """
    if any(run.came < run.wanted for run in endless(answer, sheet)):
        return
    judge, size = sheet.judge, window_of(sheet.variant)
    first = judge.mark()
    # What is free in the process already would be filled without growth. Fill it first.
    for _ in range(100):
        before = judge.memory() or 0
        judge.witness(ballast, LONG)
        if (judge.memory() or 0) - before > 24 * LONG or not before:
            break
    seed = sheet.variant.name
    stream = iter(answer(judge.witness(unending, seed), size))
    judge.witness(gone_through, stream, FIRST)
    before = judge.memory() or 0
    last = judge.witness(gone_through, stream, LONG)
    more = (judge.memory() or 0) - before
    judge.release(first)
    number = FIRST + LONG
    right = math.fsum(itertools.islice(unending(seed), number - 1, number - 1 + size)) / size
    yield Long(more, size, number, short(last), f"{right:g}", near(last, right))


# --- the rules ---

BEGUN = (
    Rule(endless, lambda run: run.unusable,
         "the stage returned {unusable}, from which no value can be pulled.", "",
         "Let it be a generator function: `yield` each mean where it is ready."),
    Rule(ending, lambda run: run.alone and run.twice and run.came < run.wanted and not run.zero,
         "{pulls} readings were pulled from a stream with an end, and {came} means came out of the {wanted} "
         "that belong there: the stage went to its stream once more, and it was empty.",
         "chains-iterated-twice",
         "Walk through the stream in one loop, and keep in a window what you need again."),
)  # fmt: skip
"""What must hold before anything else can be seen."""

COLLECTS = Rule(
    endless, lambda run: run.refused and not run.came,
    "a stream without an end was pulled {pulls} times; nothing came out.", "chains-stage-by-stage",
    "Put the `yield` into the loop over the stream: a list of all readings is never complete.",
)  # fmt: skip
ENDS = Rule(
    endless, lambda run: run.came < run.wanted,
    "{came} means came of a stream without an end that was pulled {pulls} times; {wanted} were due.", "",
    "Hand on a mean for each reading, as soon as the window is full, and do not end before the stream does.",
)  # fmt: skip

ONE_BY_ONE = (
    COLLECTS,
    Rule(endless, lambda run: run.early,
         "the call of the stage pulled already ({early}), before a value was asked for.", "",
         "Let the first pull begin the work: the call of a function with `yield` in it runs nothing."),
    Rule(endless, lambda run: run.pulled < run.need,
         "mean {at} came out when {pulled} readings had been pulled; it needs {need}.", "",
         "Wait until the window is full, and hand the mean on then."),
    Rule(endless, lambda run: run.pulled > run.need,
         "{pulled} readings had been pulled when mean {at} came out; {need} are enough for it.", "",
         "After the first mean, one more reading is enough for the next one: drop the oldest alone."),
    ENDS,
    Rule(nowhere_near, lambda one: True,
         "mean {number} came out as {value}; its readings are {window}.", "",
         "Yield the mean of the last `size` readings."),
)  # fmt: skip

RIGHT = (
    Rule(ending, lambda run: run.stopped,
         "a `next` found nothing more, and the stage ended with {raised}.", "generators-stop-iteration-ends",
         "Inside a generator a `StopIteration` is an error. Loop with `for`, or catch it and `return`."),
    Rule(ending, lambda run: run.alone and run.at and not run.zero,
         "mean {at} came out as {value}; {right} belongs there.", "",
         "The first mean is that of the first `size` readings; each later one drops the oldest. Each is a "
         "`float`, and not rounded."),
    Rule(ending, lambda run: run.alone and run.came != run.wanted and not run.zero,
         "of {pulls} readings {came} means came; there are {wanted}.", "",
         "Fewer readings than `size` have no mean."),
    Rule(ending, lambda run: run.alone and (run.at or run.came != run.wanted),
         "0.0 was among the readings, and {came} means came; there are {wanted}.", "",
         "0.0 is a reading like any other, though `if` takes it for false."),
    Rule(ending, lambda run: run.at or run.came != run.wanted,
         "two of your stages were at work at once: {came} of {wanted} means came, or not as from one alone.",
         "", "Keep what belongs to one stream in variables of its own, and not on the class or the module."),
    Rule(many, lambda run: not run.near,
         "mean {number} came out as {last}; {right} belongs there.", "",
         "Let a mean depend on its `size` readings alone: a small error must not add up."),
)  # fmt: skip

smoothing = ruled(
    "chains-x4",
    "A mean that moves along",
    kind="build",
    answer="smoothed",
    version=3,
    hangs="chains-stage-by-stage",
    given=lambda variant: degrees(variant, "chains-x4", 14),
    asked=[
        Asked("each mean is handed on as soon as its readings are there", 2, (*BEGUN, *ONE_BY_ONE)),
        Asked("it remembers no more than its window", 2, (*BEGUN, COLLECTS, ENDS, Rule(
            many, lambda run: run.more > MUCH,
            "after 20,000 more readings its process held {more:,} bytes more; the window has {size}.", "",
            "Drop what has left the window: `collections.deque(maxlen=size)` does it by itself.")),
            linux=True),
        Asked("all means are right", 2, (*BEGUN, *RIGHT)),
    ],
)  # fmt: skip
