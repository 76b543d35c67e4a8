"""decorators-x2: a stage's own time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lessons.exercises.decorators_parts import Clock, Convert, Doubles, Odd, subclass
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

KEY = "decorators-x2"
COSTS = {"first": 6, "last": 6, "each": 3}
"""The most seconds a stage takes: always less in all than its upstream, so that the two are not mixed up."""


def stage(variant: Variant, base: type, clock: Clock, name: str = "") -> Any:
    """A class of stages with costs of this variant."""
    key = f"{KEY}:{name or base.__name__}"
    first, last, each = (variant.number(f"{key}:{one}", 1, most) for one, most in COSTS.items())
    return subclass(base, clock=clock, first=first, each=each, last=last)


def stations(variant: Variant) -> Any:
    """A class of stations that need more time to end than for a reading."""
    return station(variant, KEY, last=variant.number(f"{KEY}:station's last", 10, 19))


def given(variant: Variant) -> Any:
    """Return `(Station, Convert, clock)`: a source, a stage for it, and the clock of both."""
    kind = stations(variant)
    return kind, stage(variant, Convert, kind.clock), kind.clock


# --- what is observed ---


class Hall:
    """A class of stages on the answer's side, with the decorated `process`, and their doubles here."""

    def __init__(self, answer: Any, sheet: Sheet, kind: Any) -> None:
        self.clock: Clock = kind.clock
        self.clock.wait(sheet.variant.number(f"{KEY}:begins", 300, 900))  # what it reads is no figure
        self.doubles = Doubles(kind)
        process = sheet.judge.function(
            lambda part, stream: self.doubles[part].process(stream),
            "process", "self, stream", doc=Convert.process.__doc__,
        )  # fmt: skip
        self.made = answer(process, Callback(self.clock, "clock"))
        self.kind = sheet.judge.new_class("Convert", {"process": self.made})


def own(kind: Any, records: int, ended: bool = True) -> int:
    """The seconds that a stage works itself."""
    return int(kind.first + records * kind.each + (kind.last if ended else 0))


class Runs:
    """Runs of one stage over a station."""

    def __init__(self, answer: Any, sheet: Sheet) -> None:
        self.answer, self.sheet, self.source = answer, sheet, stations(sheet.variant)

    def ran(
        self, one: Timed, base: type = Convert, *errors: type[BaseException],
        source_at: int | None = None, at: int | None = None, **settings: Any,
    ) -> Timed:  # fmt: skip
        """One run, in which the source or the stage may fail at a record."""
        clock = Clock()
        source = subclass(self.source, clock=clock, at=source_at)()
        hall = Hall(self.answer, self.sheet, subclass(stage(self.sheet.variant, base, clock), at=at))
        part = hall.kind()
        one.first, one.last = source.costs[0], source.last
        one.upstream = sum(source.costs) + source.last
        pull(one, lambda: part.process(source.stream()), lambda: source.read, clock, *errors, **settings)
        return read(one, part, hall.made, clock)

    def numbers(self, count: int | None = None) -> list[float]:
        """The records that a stage makes of the source's."""
        return [float(text) for text in self.source.readings[:count]]


@dataclass
class Whole(Timed):
    """A run to the end."""

    between: int = 0
    """The seconds that the stage worked while its upstream rested at a `yield`."""


def runs(answer: Any, sheet: Sheet) -> Iterator[Timed]:
    """A stage that converts and one that filters; the first by a slow reader, and by one who leaves early."""
    made, variant = Runs(answer, sheet), sheet.variant
    converts, filters = (stage(variant, base, Clock()) for base in (Convert, Odd))
    count = len(made.numbers())
    work = own(converts, count)
    told = "a stage that converts worked {} seconds itself"
    whole = Whole(told.format(work), "whole", made.numbers(), worked=work, between=count * converts.each)
    made.ran(whole)
    yield whole
    kept, works = made.numbers()[1::2], own(filters, count)
    yield made.ran(
        Timed(
            f"a stage that keeps every other record worked {works} seconds itself", "some", kept, worked=works
        ),
        Odd,
    )
    # Over another source: a figure that is remembered is none that was measured.
    third = Runs(answer, sheet)
    third.source = station(variant, f"{KEY}:slow", 31, 9)
    work = own(converts, 9)
    slow = Timed(f"with a slow reader, {told.format(work)}", "slow", third.numbers(), worked=work)
    third.ran(slow, idle=IDLE, pause=PAUSE)
    slow.off = same_defect(whole, slow)
    yield slow
    left = [Timed("a slow reader left after 2 records", "slow", made.numbers(2)) for _ in range(2)]
    left[1].off = made.ran(left[0], pulls=2).wrong_by
    yield made.ran(left[1], idle=IDLE, pause=PAUSE, pulls=2)


def early(answer: Any, sheet: Sheet) -> Iterator[Timed]:
    """Runs that end by an error of the upstream or of the stage, or by a reader who leaves."""
    made, kind = Runs(answer, sheet), stage(sheet.variant, Convert, Clock())
    at = sheet.variant.number(f"{KEY}:at", 2, len(made.numbers()) - 2)

    def one(what: str, records: int, begun: int, kind_of_run: str = "dropped") -> Timed:
        worked = own(kind, begun, ended=False)
        return Timed(what, kind_of_run, made.numbers(records), worked=worked)

    what = "the upstream failed before record {}"
    yield made.ran(one(what.format(at + 1), at, at), Convert, OSError, source_at=at)
    yield made.ran(one(what.format(1), 0, 0), Convert, OSError, source_at=0)
    yield made.ran(one(f"the stage failed at record {at + 1}", at, at + 1), Convert, ValueError, at=at)
    yield made.ran(one("the reader left after 2 records", 2, 2, "left"), pulls=2)


@dataclass
class Pair:
    """Two stages that were at work at the same time."""

    what: str
    reads: list[Any]
    worked: list[int]

    @property
    def right(self) -> bool:
        """Whether each reads what it has worked."""
        return self.reads == self.worked

    @property
    def shared(self) -> bool:
        """Whether both read the same, or one reads what the other, or both, have worked."""
        one, two = self.worked
        mixed = zip(self.reads, (two, one), strict=True)
        return self.reads[0] == self.reads[1] or any(value in (one + two, other) for value, other in mixed)

    @property
    def told(self) -> str:
        """The figures in words."""
        return " and ".join(f"{one:g}" if type(one) in (int, float) else "nothing" for one in self.reads)

    @property
    def took(self) -> str:
        """The work in words."""
        return " and ".join(f"{one}" for one in self.worked)


def pairs(answer: Any, sheet: Sheet) -> Iterator[Pair]:
    """Two stages of one class in a chain, and two of two classes that have a clock each."""
    source, clock = stations(sheet.variant), Clock()
    count = len(source.readings)
    kinds = [stage(sheet.variant, Convert, clock, name) for name in ("one", "two")]
    kinds[1].last += own(kinds[0], count)  # never the same
    worked = [own(kind, count) for kind in kinds]

    hall = Hall(answer, sheet, kinds[0])
    one, two = hall.kind(), hall.kind()
    hall.doubles[one], hall.doubles[two] = (kind() for kind in kinds)
    for _ in two.process(one.process(subclass(source, clock=clock)().stream())):
        pass
    yield Pair("two stages of one class in a chain", [named(one, "seconds"), named(two, "seconds")], worked)

    halls = [Hall(answer, sheet, subclass(kind, clock=Clock())) for kind in kinds]
    parts = [hall.kind() for hall in halls]
    streams = [
        iter(part.process(subclass(source, clock=hall.clock)().stream()))
        for hall, part in zip(halls, parts, strict=True)
    ]
    for _ in range(count + 1):
        for stream in streams:
            attempt(next, stream)
    reads = [named(part, "seconds") for part in parts]
    yield Pair("two stages with a clock each, read in turn,", reads, worked)


# --- the rules ---

LABEL = "measured(Convert.process, clock)"
BOTH = "Read the clock before and after each `next(upstream)`, and take all of that off."
FINALLY = "Bring `self.seconds` up to date in a `finally` around each `next`, on both sides."
IN_WRAPPER = "Keep each figure on `self`, or in a variable of the wrapper: the function is shared by all."

STREAM = (
    *is_method(decorating(LABEL, "self, stream", "process")),
    Rule(runs, lambda run: run.gave,
         "the call of the decorated method gave {gave}, which cannot be pulled.",
         "decorators-missing-return-shows", "The wrapper needs a `yield`, or has to return a stream."),
    Rule(runs, lambda run: run.dry,
         "a `next` ran dry{place}, and that became a RuntimeError.", "generators-stop-iteration-ends",
         "Inside a generator, catch `StopIteration` at that `next`, and `return`."),
)  # fmt: skip

FIGURE = (
    *STREAM,
    Rule(runs, lambda run: not run.asked,
         "your code never read the `clock` that it was given.", "",
         "Call `clock()` for the time: it need not be the time of the day."),
    Rule(runs, lambda run: run.kind == "whole" and run.missing,
         "{what}, and `self.seconds` {reads}.", "", "Set `self.seconds` in the wrapper, on `self`."),
    Rule(runs, lambda run: run.kind == "whole" and run.value == 0,
         "{what}, and `self.seconds` reads 0: the clock was not there while records were pulled.",
         "decorators-call-guards", "Read it before and after each `next` of the stage's stream."),
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by == run.upstream,
         "{what}, and `self.seconds` reads {value:g}: all {upstream} seconds of its upstream are in it.",
         "decorators-next-is-own-time", BOTH),
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by == run.upstream - run.first,
         "{what}, and `self.seconds` reads {value:g}: of its upstream's {upstream} seconds only the "
         "{first} of the first record were taken off.", "decorators-next-is-own-time", BOTH),
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by == -run.between,
         "{what}, and `self.seconds` reads {value:g}: the {between} seconds in which it worked on a record, "
         "while its upstream rested, were taken off, too.", "decorators-never-rests",
         "Take off the time of `next(upstream)` alone: while a record waits at a `yield`, its upstream does "
         "nothing."),
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by not in (0, run.last),
         "{what}, and `self.seconds` reads {value:g}.", "", BOTH),
)  # fmt: skip
"""Without the upstream's time out of it nothing more can be said of a figure."""

ENDED = (
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by,
         "{what}, and `self.seconds` reads {value:g}: the {last} seconds of the pull in which the upstream "
         "ended are in it.", "",
         "The upstream is pulled once more than it has records. Take that off, too: in a `finally`."),
)  # fmt: skip

SOME = (
    Rule(runs, lambda run: run.kind == "some" and run.wrong_by,
         "{what}, and `self.seconds` {reads}.", "",
         "Such a stage pulls its upstream several times for one record: take each of these pulls off."),
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
         "The reader's time is neither the stage's nor its upstream's: leave it out of both."),
)  # fmt: skip

LAZY = (
    Rule(runs, lambda run: run.kind == "whole" and run.at_call,
         "the call alone fetched {at_call} records, before anybody pulled.", "start-call-runs",
         "Put the work into a function with `yield`: its call runs nothing."),
    Rule(runs, lambda run: run.kind == "whole" and run.at_first == run.sent,
         "the first pull fetched all {at_first} records, where one was asked for.", "chains-stage-by-stage",
         "Take one record at a time, and `yield` it before you take the next: no `list`, no `sorted`."),
    Rule(runs, lambda run: run.kind == "whole" and run.at_first > 1,
         "the first pull fetched {at_first} records, where one was asked for.", "",
         "Take one record at a time, and `yield` it before you take the next."),
    Rule(runs, lambda run: not run.whole,
         "{sent} records were asked for, and what came is {came}.", "",
         "Yield each record that comes, as it came, until there are no more."),
)  # fmt: skip

OWN = (
    Rule(pairs, lambda pair: not pair.right and pair.shared,
         "{what} worked {took} seconds, and their `seconds` are {told}.", "decorators-metrics-per-stage",
         IN_WRAPPER),
    Rule(pairs, lambda pair: not pair.right,
         "{what} worked {took} seconds, and their `seconds` are {told}.", "", IN_WRAPPER),
)  # fmt: skip

EARLY = (
    Rule(early, lambda run: run.kind == "dropped" and run.error is None,
         "{what}, and the reader was told of no error.", "decorators-error-ends-loop",
         "Let the error go on: `finally` without a `return` in it, or no `except` at all."),
    Rule(early, lambda run: not run.closes,
         "{what}, but what the call returns has no `close()`.", "",
         "A class of your own needs a `close` that closes the stream of the stage. A generator has one."),
    Rule(early, lambda run: run.deaf,
         "{what}, and the stream went on: {raised}.", "chains-bare-except-harmless",
         "`close()` raises `GeneratorExit` at the `yield`: let no `except` around it catch that one."),
    Rule(early, lambda run: run.wrong_by and run.missing,
         "{what}: the stage had worked {worked} seconds itself, and `self.seconds` {reads}.",
         "decorators-after-loop-always", FINALLY),
    Rule(early, lambda run: run.wrong_by,
         "{what}: the stage had worked {worked} seconds itself, and `self.seconds` {reads}.", "", FINALLY),
)  # fmt: skip

measuring = ruled(
    KEY,
    "A stage's own time",
    kind="complete",
    answer="measured",
    version=4,
    given=given,
    asked=[
        Asked("the work of the upstream is taken off", 2, FIGURE),
        Asked(
            "also where the upstream ends, and where only some records are kept", 1, (*FIGURE, *ENDED, *SOME)
        ),
        Asked("waiting before and between the pulls is not counted", 1, (*FIGURE, *RESTS)),
        Asked("records pass one by one", 1, (*STREAM, *LAZY)),
        # In a chain, one stage is the upstream and the reader of the other.
        Asked("each stage has figures of its own", 1, (*FIGURE, *ENDED, *RESTS, *OWN)),
        Asked("a stream that fails or is left early is timed as well", 1, (*FIGURE, *EARLY)),
    ],
)
