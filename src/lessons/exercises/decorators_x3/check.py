"""decorators-x3: a second try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lessons.exercises.decorators_parts import (
    AT_ONCE,
    MANY,
    Clock,
    Doubles,
    Enough,
    Feed,
    Pauses,
    awake,
    feed_function,
    subclass,
    texts,
)
from lessons.exercises.decorators_timed import Pulled, decorating, is_method, pull
from lessons.exercises.exercise import Sheet, attempt, exactly
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.words import described as short

KEY = "decorators-x3"


def given(variant: Variant) -> Any:
    """Return `Feed`: a class of sources whose first line drops before the third record."""
    return subclass(Feed, records=records_of(variant), breaks=(2,))


def records_of(variant: Variant) -> list[Any]:
    """What the feed has: two records that follow each other are the same."""
    return list(texts(variant, KEY, variant.number(f"{KEY}:count", 4, 6)))


# --- what is observed ---


@dataclass
class Retried(Pulled):
    """One run of a retried feed."""

    breaks: tuple[int, ...] = ()
    allowed: int = 3
    feed: Feed = field(default_factory=Feed)
    ahead: int = 0
    """How many records more than it had handed on a line had read, at most."""
    slept: float = 0
    least: float = 0
    """The seconds that its process noted between two attempts, and that passed here at least."""

    @property
    def first(self) -> str:
        """The records that were there, in a few words."""
        return short(self.expected)

    @property
    def opened(self) -> int:
        """How many attempts were made."""
        return self.feed.opened

    @property
    def made(self) -> str:
        """The same in words."""
        return f"{self.opened} attempt{' was' if self.opened == 1 else 's were'} made"

    @property
    def open(self) -> int:
        """How many lines are open, or generators of the feed suspended."""
        waiting = sum(bool(getattr(stream, "gi_suspended", False)) for stream in self.feed.streams)
        return max(self.feed.open, waiting)

    @property
    def beside(self) -> int:
        """The line that opened while the one before it was open; 0 if there is none."""
        return next((line.number + 1 for line in self.feed.lines if line.beside), 0)

    @property
    def without_equal(self) -> bool:
        """Whether only records are missing that are the same as one before."""
        return not self.whole and exactly(self.records, list(dict.fromkeys(self.expected)))

    @property
    def lost(self) -> bool:
        """Whether records are missing, and not for the reason that they are the same as one before."""
        return self.arrived < self.sent and not self.without_equal

    @property
    def gave_error(self) -> bool:
        """Whether the reader was given the error of a line that dropped."""
        return isinstance(self.error, OSError)

    @property
    def own_error(self) -> bool:
        """Whether what came out is the very error of the last attempt."""
        return bool(self.feed.errors) and self.error is self.feed.errors[-1]

    @property
    def stopped(self) -> bool:
        """Whether the feed was opened more often than the check allows."""
        return isinstance(self.error, Enough)

    @property
    def told(self) -> str:
        """What came out, in words."""
        if self.stopped:
            return "the check stopped it there"
        return "no error came out" if self.error is None else f"{type(self.error).__name__} came out"


class Runs:
    """Runs of the answer's retry, each over a feed of its own."""

    def __init__(self, answer: Any, sheet: Sheet) -> None:
        self.answer, self.judge, self.records = answer, sheet.judge, records_of(sheet.variant)
        self.doubles, self.pauses, self.made = Doubles(), Pauses(), 0
        self.stream = feed_function(self.judge, self.doubles)

    def source(self, attempts: int = 3, **feed: Any) -> Any:
        """A source on the answer's side, with the retried `stream`, and a feed for it here."""
        self.pauses.forget()
        self.made += 1
        # Of this source alone: records that an answer kept from another run are none of these.
        records = [f"{text}{self.made:02}" for text in self.records]
        settings = {"records": records, "pauses": self.pauses} | feed
        made = self.answer(self.stream, *(() if attempts == 3 else (attempts,)))
        part = self.judge.new_class("Feed", {"stream": made, "records": settings["records"]})()
        self.doubles[part] = subclass(Feed, **settings)()
        return part

    def ran(
        self, kind: str, breaks: tuple[int, ...], attempts: int = 3, pulls: int | None = None,
        what: str = "", errors: Any = (OSError, Enough), count: int | None = None, **feed: Any,
    ) -> Retried:  # fmt: skip
        """One run. errors: which may come out."""
        told = " and ".join(f"line {line} dropped after {place}" for line, place in enumerate(breaks, 1))
        part = self.source(attempts, breaks=breaks, **feed)
        double = self.doubles[part]
        one = Retried(
            what or told, kind, double.records[:count], breaks=breaks, allowed=attempts, feed=double
        )

        def seen() -> None:
            if one.feed.lines:
                one.ahead = max(one.ahead, one.feed.lines[-1].read - one.arrived)

        pull(one, part.stream, lambda: one.feed.read, Clock(), *errors, pulls=pulls, most=MANY, each=seen)
        return one


def broken(answer: Any, sheet: Sheet) -> Iterator[Retried]:
    """Runs without a failure, and with one and two, over plain streams and over generators."""
    runs = Runs(answer, sheet)
    count = len(runs.records)
    later = sheet.variant.number(f"{KEY}:later", 2, count - 1)
    with awake(runs.judge):
        yield runs.ran("whole", (), what="no line dropped")
        for place in range(count + 1):
            yield runs.ran("broken", (place,))
        for one, two in ((0, 0), (later, later), (later, 1), (1, later)):
            yield runs.ran("broken", (one, two))
        yield runs.ran("broken", (0,), generator=True)
        yield runs.ran("broken", (1, later), generator=True)


def left(answer: Any, sheet: Sheet) -> Iterator[Retried]:
    """A reader who leaves early: before the first record, in the first attempt, and in the second."""
    runs = Runs(answer, sheet)
    yield runs.ran("left", (), pulls=0, count=0)
    for generator in (True, False):
        for breaks in ((), (1,)):
            yield runs.ran("left", breaks, pulls=2, count=2, generator=generator)


def given_up(answer: Any, sheet: Sheet) -> Iterator[Retried]:
    """Lines that drop every time, with several numbers of attempts."""
    runs = Runs(answer, sheet)
    with awake(runs.judge) as slept:
        tried = [
            runs.ran("last", (1,) * MANY, attempts, what="each line dropped after one record", count=1)
            for attempts in (3, 1, 2, 4)
        ]
        # Each attempt gets further: a count that starts again with every record would never end it.
        what = "each line brought one record more than the one before it, and dropped"
        tried.append(runs.ran("last", (1, 2, 3, *[4] * MANY), what=what, count=3))
    for one in tried:
        one.slept, one.least = max(slept, default=0), runs.pauses.least
        yield one


def others(answer: Any, sheet: Sheet) -> Iterator[Retried]:
    """Other errors than a plain `OSError`."""
    runs = Runs(answer, sheet)
    what = "the line dropped with a ConnectionResetError, which is an OSError"
    yield runs.ran("reset", (1,), what=what, failure=ConnectionResetError)
    for kind in (ValueError, KeyError, KeyboardInterrupt):
        what = f"the source raised {kind.__name__}"
        yield runs.ran("other", (1,), what=what, errors=(BaseException,), failure=kind)


@dataclass
class Pair:
    """Two sources whose streams were made first, and then read in turn."""

    what: str
    one_class: bool
    came: list[list[Any]]
    sent: list[list[Any]]
    opened: list[int]
    allowed: list[int]

    @property
    def whole(self) -> bool:
        """Whether each gave its own records."""
        return exactly(self.came, self.sent)

    @property
    def told(self) -> str:
        """What came, in a few words."""
        return " and ".join(map(short, self.came))

    @property
    def right(self) -> str:
        """What was sent, in a few words."""
        return " and ".join(map(short, self.sent))

    @property
    def counts(self) -> str:
        """How many attempts were made and allowed."""
        made, allowed = (" and ".join(map(str, one)) for one in (self.opened, self.allowed))
        return f"{made} attempts were made, and {allowed} allowed"


def pairs(answer: Any, sheet: Sheet) -> Iterator[Pair]:
    """Two sources of one class, whose lines drop twice each, and two with different numbers of attempts."""
    runs = Runs(answer, sheet)
    first = runs.source(breaks=(1, 2))
    second = runs.judge.ask("get", first, "__class__")()
    runs.doubles[second] = subclass(Feed, records=[f"{text}5" for text in runs.records], breaks=(1, 2))()
    yield _read(runs, "two sources of one class", True, [first, second], [3, 3])
    parts = [runs.source(attempts, breaks=(1,) * MANY) for attempts in (2, 5)]
    yield _read(runs, "two sources with 2 and 5 attempts", False, parts, [2, 5])


def _read(runs: Runs, what: str, one_class: bool, parts: list[Any], allowed: list[int]) -> Pair:
    made = [attempt(lambda part=part: iter(part.stream())) for part in parts]
    came: list[list[Any]] = [[], []]
    for _ in range(2 * len(runs.records)):
        for number, stream in enumerate(made):
            pulled = stream if stream.error is not None else attempt(next, stream.value)
            if pulled.error is None:
                came[number].append(pulled.value)
            elif isinstance(pulled.error, StopIteration | OSError | Enough):
                made[number] = pulled  # it has ended
            else:
                raise pulled.error
    sent = [runs.doubles[part].records for part in parts]
    return Pair(what, one_class, came, sent, [runs.doubles[part].opened for part in parts], allowed)


# --- the rules ---

LABEL = "retried(Feed.stream)"
CLOSE = "Close the stream of each attempt in a `finally`: it is reached by an error, at the end, and early."
COUNT = "Count what was handed on in all attempts together, and skip as many when a new one starts."
ALL = "`attempts` counts all of them, the first one too; the last one's error goes on as it is."
LAZILY = "Take one record at a time, and `yield` it before you take the next."

STREAM = (
    *is_method(decorating(LABEL, "self", "stream", clock=False)),
    Rule(broken, lambda run: run.gave,
         "the call of the decorated method gave {gave}, which cannot be pulled.",
         "decorators-missing-return-shows", "The wrapper needs a `yield`, or has to return a stream."),
    Rule(broken, lambda run: run.dry,
         "{what}: a `next` ran dry{place}, and that became a RuntimeError.", "generators-stop-iteration-ends",
         "Inside a generator, catch `StopIteration` at that `next`, or give `next` a second argument."),
)  # fmt: skip

NEVER = Rule(broken, lambda run: not run.opened,
             "{what}: the feed was never opened, and what came is {came}.", "",
             "Call `function(self)` for a stream: the records come from there.")  # fmt: skip

RETRIES = (
    *STREAM,
    NEVER,
    Rule(broken, lambda run: run.gave_error and run.opened == 1,
         "{sent} records, and {what}: the reader was given the error of attempt 1, and 3 are allowed.",
         "decorators-call-guards",
         "Put the `try` around the loop that pulls, with its `yield`: the call raises nothing."),
    Rule(broken, lambda run: run.kind == "broken" and run.opened == 1 and run.arrived < run.sent,
         "{what}: what came is {came}, and what was sent {first}; the feed was opened once.",
         "decorators-generator-resumes",
         "A stream that has failed is at its end: call `function` again for each attempt."),
)  # fmt: skip
"""What is not retried at all shows nothing of a retry."""

ONCE = (
    Rule(broken, lambda run: run.without_equal and run.breaks in ((), (0,)),
         "{what}: {first} was sent, and {came} came.", "decorators-retry-knows-records",
         "Two records may be the same: skip by their number, not by what is in them."),
    Rule(broken, lambda run: run.gave_error,
         "{sent} records, and {what}: the reader was given the error of attempt {opened}, and 3 are allowed.",
         "", ALL),
    Rule(broken, lambda run: run.arrived > run.sent,
         "{sent} records, and {what}: what came is {came}, and what was sent {first}.",
         "decorators-restart-is-harmless", COUNT),
    Rule(broken, lambda run: not run.whole,
         "{sent} records, and {what}: what came is {came}, and what was sent {first}.", "", COUNT),
)  # fmt: skip

OWN = (
    Rule(pairs, lambda pair: not pair.one_class and pair.opened != pair.allowed,
         "{what}, read in turn: {counts}.", "", "Keep the number of attempts with each stream."),
    Rule(pairs, lambda pair: pair.one_class and not pair.whole,
         "{what}, read in turn: what came is {told}, and what was sent {right}.", "decorators-body-per-call",
         "What belongs to one run begins in the wrapper. The decorator runs once for the class."),
)  # fmt: skip

CLOSED = (
    Rule(broken, lambda run: run.beside,
         "when line {beside} opened, the line before it was still open: it had dropped, and was not "
         "closed.", "leaks-refcount-closes",
         "An error does not close a connection: `close()` each attempt before the next begins."),
    Rule(broken, lambda run: run.open,
         "all was read, and {open} of {opened} lines are still open.", "",
         "Close the attempt that succeeded as well: `contextlib.closing`, or `finally`."),
    Rule(left, lambda run: not run.closes and run.open,
         "the reader left after 2 records: line {opened} is open, and the stream has no `close()`.", "",
         "A class of your own needs a `close` that closes the attempt. A generator has one."),
    Rule(left, lambda run: run.deaf,
         "the reader left after 2 records, and the retry went on: {raised}.", "chains-bare-except-harmless",
         "`close()` raises `GeneratorExit` at the `yield`: catch `OSError`, and let that one go."),
    Rule(left, lambda run: run.open,
         "the reader left after 2 records and closed the stream: line {opened} is open.",
         "chains-close-travels", CLOSE),
    Rule(given_up, lambda run: run.open,
         "{what}, and after the last attempt line {opened} is still open.", "", CLOSE),
    Rule(others, lambda run: run.open,
         "{what}, and line {opened} is still open.", "", CLOSE),
)  # fmt: skip

LAST = (
    *STREAM,
    NEVER,
    Rule(given_up, lambda run: run.opened == run.allowed and run.error is None,
         "{what}, `attempts={allowed}`: {made}, and no error came out.", "decorators-error-ends-loop",
         "Let the error of the last attempt go on: a bare `raise` in the `except`."),
    Rule(given_up, lambda run: run.opened != run.allowed or not run.own_error,
         "{what}, `attempts={allowed}`: {made}, and {told}.", "", ALL),
    Rule(given_up, lambda run: run.lost and not run.at_call,
         "{what}, `attempts={allowed}`: {sent} could be read before the last error, and {arrived} came.", "",
         LAZILY),
    Rule(given_up, lambda run: run.slept,
         "between two attempts your code waited {slept:g} seconds with `time.sleep`.", "",
         "Call `function` again at once: this retry has no pause."),
    Rule(given_up, lambda run: run.least > AT_ONCE,
         "{least:.2f} seconds or more passed between each failure and the next attempt.", "",
         "Call `function` again at once: this retry has no pause."),
)  # fmt: skip

ONLY = (
    Rule(others, lambda run: run.kind == "reset" and run.gave_error,
         "{what}, and {told}.", "",
         "`except OSError` catches all kinds of it: let no other line choose among them."),
    Rule(others, lambda run: run.kind == "other" and run.opened > 1,
         "{what}, and was opened {opened} times.", "composition-retry-catches-all",
         "Catch `OSError` and nothing else: what it does not name goes on by itself."),
    Rule(others, lambda run: run.kind == "other" and not run.own_error,
         "{what}, and {told}.", "",
         "Catch `OSError` and nothing else: what it does not name goes on by itself."),
    Rule(broken, lambda run: run.opened > len(run.breaks) + 1,
         "{what}, and the source was opened {opened} times.", "",
         "Open the source again after an `OSError` only: `return` when all has been read."),
)  # fmt: skip

LAZY = (
    Rule(broken, lambda run: run.kind == "whole" and run.at_call,
         "the call alone read {at_call} records, before anybody pulled.", "start-call-runs",
         "Put the work into a function with `yield`: its call runs nothing."),
    Rule(broken, lambda run: run.whole and run.ahead,
         "{what}: an attempt had read {ahead} records more than were asked for.", "", LAZILY),
    Rule(broken, lambda run: run.kind == "whole" and run.lost,
         "without a failure, {first} was sent, and {came} came.", "", LAZILY),
)  # fmt: skip

retrying = ruled(
    KEY,
    "A second try",
    kind="complete",
    answer="retried",
    version=4,
    given=given,
    asked=[
        Asked("each record comes once, in its order", 2, (*RETRIES, *ONCE)),
        Asked("each source is retried by itself", 1, (*RETRIES, *ONCE, *OWN)),
        Asked("no attempt is left open", 2, (*RETRIES, *CLOSED)),
        Asked("after the last attempt its error goes on", 1, LAST),
        Asked("nothing but an OSError is tried again", 1, (*RETRIES, *ONLY)),
        Asked("the call reads nothing, and each pull reads one record", 1, (*STREAM, NEVER, *LAZY)),
    ],
)
