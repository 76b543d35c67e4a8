"""decorators-x1: time the pulls of a source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from lessons.exercises.decorators_parts import Clock, Doubles, Station, subclass
from lessons.exercises.decorators_timed import (
    IDLE,
    PAUSE,
    Timed,
    decorating,
    is_method,
    pull,
    read,
    same_defect,
    station,
)
from lessons.exercises.exercise import Sheet, attempt, named
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback
from lessons.words import described as short

KEY = "decorators-x1"


def stations(variant: Variant) -> Any:
    """A class of stations that need their time to end, too."""
    return station(variant, KEY, last=variant.number(f"{KEY}:last", 10, 19))


def given(variant: Variant) -> Any:
    """Return `(Station, clock)`: a class of sources, and the clock on which their time passes."""
    kind = stations(variant)
    return kind, kind.clock


# --- what is observed ---


class Hall:
    """A class of sources on the answer's side, with the decorated `stream`, and their doubles here."""

    def __init__(self, answer: Any, sheet: Sheet, kind: Any, **more: Any) -> None:
        self.clock: Clock = kind.clock
        self.clock.wait(sheet.variant.number(f"{KEY}:begins", 300, 900))  # what it reads is no figure
        self.doubles = Doubles(kind)
        stream = sheet.judge.function(
            lambda part: self.doubles[part].stream(), "stream", "self", doc=Station.stream.__doc__
        )
        self.made = answer(stream, Callback(self.clock, "clock"))
        self.kind = sheet.judge.new_class("Station", {"stream": self.made, **more})

    def source(self) -> Any:
        """A source of this class."""
        return self.kind()


def run(hall: Hall, one: Timed, *errors: type[BaseException], **settings: Any) -> Timed:
    """Pull a stream of a new source, and read the figure."""
    part = hall.source()
    pull(one, part.stream, partial(getattr, hall.doubles[part], "read"), hall.clock, *errors, **settings)
    return read(one, part, hall.made, hall.clock)


def runs(answer: Any, sheet: Sheet) -> Iterator[Timed]:
    """Runs of two sources to the end, by a slow reader, and by a slow reader who leaves early."""
    kind = stations(sheet.variant)
    work = sum(kind.costs) + kind.last

    def ran(kind_of_run: str, what: str, kind: Any = kind, **settings: Any) -> Timed:
        hall = Hall(answer, sheet, subclass(kind, clock=Clock()))
        pulls = settings.get("pulls")
        worked = sum(kind.costs[:pulls]) + (0 if pulls else kind.last)
        texts, first = list(kind.readings[:pulls]), kind.costs[0]
        return run(
            hall, Timed(what, kind_of_run, texts, worked=worked, first=first, last=kind.last), **settings
        )

    whole = ran("whole", f"all pulls together took {work} seconds")
    yield whole
    other = station(sheet.variant, f"{KEY}:other", 25, 4)
    yield ran("whole", f"all pulls together took {sum(other.costs) + 25} seconds", other)
    # With costs of its own: a figure that is remembered is none that was measured.
    third = station(sheet.variant, f"{KEY}:slow", 31, 9)
    what = f"with a slow reader, all pulls together took {sum(third.costs) + 31} seconds"
    slow = ran("slow", what, third, idle=IDLE, pause=PAUSE)
    slow.off = same_defect(whole, slow)
    yield slow
    left = ran("slow", "a slow reader left after 2 readings", idle=IDLE, pause=PAUSE, pulls=2)
    left.off = ran("left", "", pulls=2).wrong_by
    yield left


def early(answer: Any, sheet: Sheet) -> Iterator[Timed]:
    """Runs that end by an error, by a reader who leaves, and without a record."""
    kind = stations(sheet.variant)
    costs, texts = kind.costs, list(kind.readings)
    at = sheet.variant.number(f"{KEY}:at", 2, len(costs) - 2)
    plain = run(Hall(answer, sheet, subclass(kind, clock=Clock())), Timed("", "", texts))
    off = -costs[0] if plain.value == sum(costs[1:]) + kind.last else 0

    def ran(what: str, pulls: int, worked: int, stops: int | None = None, **attributes: Any) -> Timed:
        hall = Hall(answer, sheet, subclass(kind, clock=Clock(), **attributes))
        dropped = attributes.get("at") is not None
        one = Timed(what, "dropped" if dropped else "ended", texts[:pulls], worked=worked, off=off)
        return run(hall, one, OSError, pulls=stops)

    yield ran(f"the line dropped before reading {at + 1}", at, sum(costs[: at + 1]), at=at)
    yield ran("the reader left after 2 readings", 2, sum(costs[:2]), stops=2)
    yield ran("the line dropped before the first reading", 0, costs[0], at=0)
    # A source without a record may have a length, and is false then.
    empty = subclass(kind, clock=Clock(), readings=(), costs=(), last=0)
    length = sheet.judge.function(lambda part: 0, "__len__", "self", generator=False)
    one = Timed("a source had no readings", "ended", [])
    yield run(Hall(answer, sheet, empty, __len__=length), one)


@dataclass
class Pair:
    """Two sources that were read in turn, and what two such sources read when each is read alone."""

    what: str
    reads: list[Any]
    alone: list[Any]
    whole: bool

    @property
    def right(self) -> bool:
        """Whether each reads what it would read alone."""
        return self.reads == self.alone

    @property
    def mixed(self) -> bool:
        """Whether they share a figure, or one reads what the other has worked, or what both have."""
        one, two = self.alone
        if self.reads[0] == self.reads[1] != 0:
            return True
        return any(value in (one + two, other) for value, other in zip(self.reads, (two, one), strict=True))

    @property
    def told(self) -> str:
        """The figures in words."""
        return " and ".join(map(_figure, self.reads))

    @property
    def took(self) -> str:
        """The figures of the sources alone, in words."""
        return " and ".join(map(_figure, self.alone))


def _figure(value: Any) -> str:
    return f"{value:g}" if type(value) in (int, float) else short(value)


def pairs(answer: Any, sheet: Sheet) -> Iterator[Pair]:
    """Two sources of one class, and two of two classes that have a clock each."""
    kinds = [
        station(sheet.variant, f"{KEY}:{key}", last, 4) for key, last in (("one", 2), ("two", 40))
    ]  # never the same
    alone = [
        run(Hall(answer, sheet, subclass(kind, clock=Clock())), Timed("", "", list(kind.readings))).value
        for kind in kinds
    ]
    apart = [subclass(kind, clock=Clock()) for kind in kinds]
    halls = [Hall(answer, sheet, kind) for kind in apart]
    yield _pair("two sources with a clock each", halls, apart, alone)
    both = Clock()
    together = [subclass(kind, clock=both) for kind in kinds]
    hall = Hall(answer, sheet, together[0])
    yield _pair("two sources of one class", [hall, hall], together, alone)


def _pair(what: str, halls: list[Hall], kinds: list[Any], alone: list[Any]) -> Pair:
    parts = [hall.source() for hall in halls]
    for hall, part, kind in zip(halls, parts, kinds, strict=True):
        hall.doubles[part] = kind()
    streams = [iter(part.stream()) for part in parts]
    came: list[list[Any]] = [[], []]
    for _ in range(5):
        for stream, mine in zip(streams, came, strict=True):
            pulled = attempt(next, stream)
            if pulled.error is None:
                mine.append(pulled.value)
            elif not isinstance(pulled.error, StopIteration):
                raise pulled.error
    whole = came == [list(kind.readings) for kind in kinds]
    return Pair(what, [named(part, "seconds") for part in parts], alone, whole)


# --- the rules ---

LABEL = "timed(Station.stream, clock)"
IN_WRAPPER = "What belongs to one run begins in the wrapper, at 0, and is kept on `self`."

STREAM = (
    *is_method(decorating(LABEL, "self", "stream")),
    Rule(runs, lambda run: run.gave,
         "the call of the decorated method gave {gave}, which cannot be pulled.",
         "decorators-missing-return-shows", "The wrapper needs a `yield`, or has to return a stream."),
)  # fmt: skip

FIGURE = (
    *STREAM,
    Rule(runs, lambda run: run.dry,
         "a `next` ran dry{place}, and that became a RuntimeError.", "generators-stop-iteration-ends",
         "Inside a generator, catch `StopIteration` at that `next`, and `return`."),
    Rule(runs, lambda run: not run.asked,
         "your code never read the `clock` that it was given.", "",
         "Call `clock()` for the time: it need not be the time of the day."),
    Rule(runs, lambda run: run.missing and run.elsewhere,
         "`self.seconds` was missing; the decorated function has the figure.", "decorators-metrics-per-stage",
         "The function is shared by all sources of the class. Set `seconds` on `self`."),
    Rule(runs, lambda run: run.missing and run.kind == "whole",
         "{what}, and `self.seconds` {reads}.", "", "Set `self.seconds` in the wrapper, on `self`."),
    Rule(runs, lambda run: run.kind == "whole" and run.value == 0,
         "{what}, and `self.seconds` reads 0: the clock was read before and after the call.",
         "decorators-call-guards",
         "Make the wrapper a generator, and read the clock before and after each `next` of the stream."),
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by not in (0, -run.first, -run.last),
         "{what}, and `self.seconds` reads {value:g}.", "",
         "Read the clock before and after each `next` of the stream, and add the difference."),
)  # fmt: skip
"""Without a figure nothing can be said of it."""

WORK = (
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by == -run.first,
         "{what}, and `self.seconds` reads {value:g}: the {first} seconds in which the first reading was "
         "fetched are missing.", "start-call-runs",
         "The call has fetched nothing yet: start the clock before the first `next`, too."),
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by,
         "{what}, and `self.seconds` reads {value:g}: the {last} seconds of the pull in which the stream "
         "ended are missing.", "", "Add the time of a pull in a `finally` around `next`: it may raise."),
)  # fmt: skip

RESTS = (
    Rule(runs, lambda run: run.kind == "slow" and run.extra >= PAUSE,
         f"the reader waited {PAUSE} seconds after each record, and {{extra:g}} of them were counted.",
         "decorators-never-rests",
         "Read the clock when a record is there, and again when the next one is wanted."),
    Rule(runs, lambda run: run.kind == "slow" and run.extra == IDLE,
         f"the first pull came {IDLE} seconds after the call, and they were counted.", "start-call-runs",
         "The call starts nothing: read the clock at the first pull, inside a function with `yield`."),
    Rule(runs, lambda run: run.kind == "slow" and run.extra,
         "{what}, and `self.seconds` {reads}.", "",
         "Add the time of each `next` of the stream, and leave all other time out."),
)  # fmt: skip

LAZY = (
    Rule(runs, lambda run: run.at_call,
         "the call alone fetched {at_call} readings, before anybody pulled.", "start-call-runs",
         "Put the work into a function with `yield`: its call runs nothing."),
    Rule(runs, lambda run: run.kind == "whole" and run.at_first == run.sent,
         "the first pull fetched all {at_first} readings, where one was asked for.", "chains-stage-by-stage",
         "Take one record at a time, and `yield` it before you take the next: no `list`, no `sorted`."),
    Rule(runs, lambda run: run.at_first > 1,
         "the first pull fetched {at_first} readings, where one was asked for.", "",
         "Take one record at a time, and `yield` it before you take the next."),
    Rule(runs, lambda run: not run.whole,
         "{sent} readings were asked for, and what came is {came}.", "",
         "Yield each record that comes, as it came, until there are no more."),
)  # fmt: skip

ENDS = (
    Rule(early, lambda run: run.kind == "dropped" and run.error is None,
         "{what}, and the reader was told of no error.", "decorators-error-ends-loop",
         "Let the error go on: `finally` without a `return` in it, or no `except` at all."),
    Rule(early, lambda run: not run.closes,
         "{what}, but what the call returns has no `close()`.", "",
         "A class of your own needs a `close` that closes the stream of the part. A generator has one."),
    Rule(early, lambda run: run.deaf,
         "{what}, and the stream went on: {raised}.", "chains-bare-except-harmless",
         "`close()` raises `GeneratorExit` at the `yield`: let no `except` around it catch that one."),
    Rule(early, lambda run: run.extra and run.missing,
         "{what}: the pulls had taken {worked} seconds, and `self.seconds` {reads}.",
         "decorators-after-loop-always",
         "Add to `self.seconds` at each pull, in a `finally` around `next`, and nowhere else."),
    Rule(early, lambda run: run.extra,
         "{what}: the pulls had taken {worked} seconds, and `self.seconds` {reads}.", "",
         "Add to `self.seconds` at each pull, in a `finally` around `next`, and nowhere else."),
)  # fmt: skip

OWN = (
    Rule(pairs, lambda pair: not pair.whole,
         "{what}, read in turn: not every reading came out of its own source.", "", IN_WRAPPER),
    Rule(pairs, lambda pair: not pair.right and pair.mixed,
         "{what}: read alone, their `seconds` are {took}; read in turn, they are {told}.",
         "decorators-metrics-per-stage", IN_WRAPPER),
    Rule(pairs, lambda pair: not pair.right,
         "{what}: read alone, their `seconds` are {took}; read in turn, they are {told}.", "", IN_WRAPPER),
)  # fmt: skip

timing = ruled(
    KEY,
    "Time the pulls",
    kind="fix",
    answer="timed",
    version=4,
    given=given,
    asked=[
        Asked("the work of every pull is counted", 2, (*FIGURE, *WORK)),
        Asked("waiting before and between the pulls is not counted", 1, (*FIGURE, *RESTS)),
        # Two sources that are read in turn wait for each other.
        Asked("each source has a figure of its own", 1, (*FIGURE, *RESTS, *OWN)),
        Asked("the call fetches nothing, and each pull fetches one record", 1, (*STREAM, *LAZY)),
        Asked("a stream that fails or is left early is timed as well", 1, (*FIGURE, *ENDS)),
    ],
)
