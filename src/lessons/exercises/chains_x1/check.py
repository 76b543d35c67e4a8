"""chains-x1: a stage that loses every reading."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lessons.exercises.chains_parts import Drawn, Lazy, Record, Tap, at_once, drawn, lazy
from lessons.exercises.exercise import Sheet, exactly
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.words import described as short

# --- what the answer is given ---


def winter(variant: Variant, key: str, count: int, warmer: float = -35) -> list[Record]:
    """Readings of a frosty week: a highest temperature that begins at 0 would be wrong."""
    rows = variant.readings(key, count)
    return [{**row, "celsius": round(float(str(row["celsius"])) + warmer, 1)} for row in rows]


def peaked(rows: list[Record]) -> list[Record]:
    """The same readings; the second one is the highest, whatever was drawn."""
    values = sorted(float(str(row["celsius"])) for row in rows)
    values[1], values[-1] = values[-1], values[1]
    return [{**row, "celsius": value} for row, value in zip(rows, values, strict=True)]


def thawing(rows: list[Record]) -> list[Record]:
    """Four readings, as 0.0 comes between frosts: a highest of 0.0 is not a highest that is missing."""
    frost = [-abs(float(str(row["celsius"]))) - 1 for row in rows[:4]]
    frost[1] = 0.0
    return [{**row, "celsius": value} for row, value in zip(rows, frost, strict=False)]


# --- what is observed ---


@dataclass(frozen=True)
class Came:
    """What came out of a stage over a stream that ends; `at` is the first reading that is not as expected."""

    alone: bool
    """Whether no other stage was at work meanwhile."""
    went: int
    came: int
    pulls: int
    twice: bool
    raised: str
    stopped: bool
    at: int
    value: str
    right: str
    one_dict: bool
    """Whether the very same object came out for two readings."""
    whole: bool
    """Whether that reading has the cells that it came with."""
    number: bool
    """Whether its highest is a number."""
    zero: bool
    """Whether its highest has to be 0.0."""
    other: bool
    """Whether its highest is a temperature of an earlier stream alone."""


def ending(answer: Any, sheet: Sheet) -> Iterator[Came]:
    """Streams with an end, one after the other, and then two at once."""
    judge, variant = sheet.judge, sheet.variant
    week = peaked(winter(variant, "chains-x1:week", variant.number("chains-x1:week", 5, 7)))
    colder = winter(variant, "chains-x1:colder", 4, -80)
    thaw = thawing(winter(variant, "chains-x1:thaw", 4))
    warm = winter(variant, "chains-x1:warm", 4, 1)
    # The answer's objects are looked at when all have come, as `list` would gather them.
    judge.keep = True
    runs = [(rows, drawn(answer, Tap(map(dict, rows)), len(rows) + 2)) for rows in (week, colder, thaw)]
    both = at_once(*((answer, Tap(map(dict, rows))) for rows in (week, warm)))
    judge.keep = False
    before = [row["celsius"] for row in _without_end(variant)]
    for rows, run in (*runs, *zip((week, warm), both, strict=True)):
        if run.error is not None and not run.stopped:
            raise run.error
        shared = any(value is other for value, other in itertools.combinations(run.values, 2))
        run.values = judge.copied(run.values)
        yield _came(run not in both, rows, run, shared, before)
        before += [row["celsius"] for row in rows]


def _came(alone: bool, rows: list[Record], run: Drawn, shared: bool, before: list[Any]) -> Came:
    sofar = itertools.accumulate((float(str(row["celsius"])) for row in rows), max)
    wanted = [{**row, "highest": value} for row, value in zip(rows, sofar, strict=True)]
    pairs = enumerate(zip(run.values, wanted, strict=False), 1)
    at = next((number for number, (value, right) in pairs if not alike(value, right)), 0)
    value, right = (run.values[at - 1], wanted[at - 1]) if at else (None, wanted[0])
    highest = value.get("highest") if type(value) is dict else None
    own = [row["celsius"] for row in rows]
    return Came(
        alone=alone,
        went=len(rows),
        came=len(run.values),
        pulls=run.tap.pulls,
        twice=run.twice,
        raised=run.told,
        stopped=run.stopped,
        at=at,
        value=short(value),
        right=str(right),
        one_dict=shared and type(value) is dict,
        whole=alike(without_highest(value), without_highest(right)),
        number=type(highest) in (int, float),
        zero=right["highest"] == 0.0,
        other=highest in before and highest not in own,
    )


def alike(value: object, expected: Record) -> bool:
    """Whether a record has exactly these cells, in any order."""
    if type(value) is not dict or len(value) != len(expected):
        return False
    return all(key in value and exactly(value[key], cell) for key, cell in expected.items())


def without_highest(value: Any) -> Any:
    """A reading without the cell that the stage adds."""
    return {key: cell for key, cell in value.items() if key != "highest"} if type(value) is dict else value


@dataclass(frozen=True)
class Handed:
    """A reading that came out of a stage over an endless stream, without the temperature that went in."""

    number: int
    value: str
    right: str


def endless(answer: Any, sheet: Sheet) -> Iterator[Lazy]:
    """A stream without an end, pulled a few times."""
    yield _endless(answer, sheet)[0]


def handed_on(answer: Any, sheet: Sheet) -> Iterator[Handed]:
    """The readings that come out of a stream without an end and are not the ones that went in."""
    _, values, rows = _endless(answer, sheet)
    for number, (value, row) in enumerate(zip(values, itertools.cycle(rows), strict=False), 1):
        if type(value) is not dict or not exactly(value.get("celsius"), row["celsius"]):
            yield Handed(number, short(value), str(row))


def _without_end(variant: Variant) -> list[Record]:
    return winter(variant, "chains-x1:endless", 6)


def _endless(answer: Any, sheet: Sheet) -> tuple[Lazy, list[Any], list[Record]]:
    rows = _without_end(sheet.variant)
    count = sheet.variant.number("chains-x1:endless", 9, 12)
    found, values = lazy(answer, map(dict, itertools.cycle(rows)), range(1, count + 1))
    return found, values, rows


# --- the rules ---

ONE_LOOP = "Walk through the stream in one loop, and do in its body all that one reading needs."
WHOLE = 'Hand on each reading in its turn, with all the cells that it came with and `"highest"` beside them.'

BEGUN = (
    Rule(endless, lambda run: run.unusable,
         "the stage returned {unusable}, from which no value can be pulled.", "",
         "Let it be a generator function: `yield` each value where it is ready."),
    Rule(ending, lambda run: run.alone and run.twice and run.came < run.went,
         "{pulls} readings were pulled, {came} came out: the stage went to its stream once more, and it was "
         "empty.", "chains-iterated-twice", ONE_LOOP),
)  # fmt: skip
"""What must hold before anything else can be seen."""

ONE_BY_ONE = (
    Rule(endless, lambda run: run.refused and not run.came,
         "a stream without an end was pulled {pulls} times; nothing came out.", "chains-stage-by-stage",
         "Put the `yield` into the loop over the stream: a list of all readings is never complete."),
    Rule(handed_on, lambda one: True,
         "reading {number} came out as {value}; {right} had been pulled.", "", WHOLE),
    Rule(endless, lambda run: run.early,
         "the call of the stage pulled already ({early}), before a value was asked for.",
         "chains-building-moves",
         "Let the first pull begin the work: the call of a function with `yield` in it runs nothing."),
    Rule(endless, lambda run: run.pulled > run.need,
         "{pulled} readings had been pulled when number {at} came out; {need} are enough for it.", "",
         "Hand each reading on as soon as it has been pulled, and only then pull again."),
    Rule(endless, lambda run: run.came < run.wanted,
         "{came} readings came out of a stream without an end, and then no more.", "",
         "Leave the loop only when the stream has no more."),
)  # fmt: skip

HIGHEST = (
    Rule(ending, lambda run: run.stopped,
         "a `next` found nothing more, and the stage ended with {raised}.", "generators-stop-iteration-ends",
         "Inside a generator a `StopIteration` is an error. Loop with `for`, or catch it and `return`."),
    Rule(ending, lambda run: run.alone and run.came != run.went,
         "{went} readings went into the stage, and {came} came out.", "",
         "Hand on every reading that is pulled, the first and the last one as well."),
    Rule(ending, lambda run: run.alone and run.at and run.one_dict,
         "reading {at} came out as {value}, when all had come; {right} belongs there.", "",
         "One dict was handed on again and again: make a new one for each reading."),
    Rule(ending, lambda run: run.alone and run.at and not run.whole,
         "reading {at} came out as {value}; {right} belongs there.", "", WHOLE),
    Rule(ending, lambda run: run.alone and run.at and not run.number,
         "reading {at} came out as {value}; {right} belongs there.", "",
         'Let `"highest"` be the number itself, as it is under `"celsius"`.'),
    Rule(ending, lambda run: run.alone and run.at and run.other,
         "reading {at} came out as {value}; {right} belongs there.", "",
         "That is a temperature of an earlier stream: begin again with each one."),
    Rule(ending, lambda run: run.alone and run.at and run.zero,
         "reading {at} came out as {value}; {right} belongs there.", "",
         "0.0 is a temperature, though `if` takes it for false: ask whether it `is None`."),
    Rule(ending, lambda run: run.alone and run.at,
         "reading {at} came out as {value}; {right} belongs there.", "",
         "Compare with every temperature so far, this one included; all may be below zero."),
    Rule(ending, lambda run: run.at or run.came != run.went,
         "two of your stages were at work at once: {came} of {went} readings came out, or not as one alone.",
         "", "Keep what belongs to one stream in variables of its own, and not on the class or the module."),
)  # fmt: skip

losing = ruled(
    "chains-x1",
    "A stage that loses every reading",
    kind="fix",
    answer="with_highest",
    version=3,
    hangs="chains-stage-by-stage",
    given=lambda variant: winter(variant, "chains-x1", 7),
    asked=[
        Asked("each reading is handed on before the next is pulled", 2, (*BEGUN, *ONE_BY_ONE)),
        Asked("every reading arrives, with the highest so far", 2, (*BEGUN, *HIGHEST)),
    ],
)  # fmt: skip
