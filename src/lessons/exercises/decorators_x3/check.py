"""decorators-x3: a second try."""

from typing import Any

from lessons.exercises import Asked, Fact, Facts, Rule, Sheet, Variant, attempt, exactly, ruled, short
from lessons.exercises import decorators_timed as timed
from lessons.exercises.decorators_parts import MANY, Distant, Enough, Feed, Pauses, awake, subclass, texts
from lessons.words import agreeing, many

KEY = "decorators-x3"


def given(variant: Variant) -> Any:
    """Return `Feed`: a class of sources whose first line drops before the third record."""
    return subclass(Feed, records=records_of(variant), breaks=(2,))


def records_of(variant: Variant) -> list[Any]:
    """What the feed has: two records that follow each other are the same."""
    return list(texts(variant, KEY, variant.number(f"{KEY}:count", 4, 6)))


class Runs:
    """Runs of the answer's retry, each over a feed of its own."""

    def __init__(self, answer: Any, sheet: Sheet) -> None:
        self.answer, self.judge, self.records = answer, sheet.judge, records_of(sheet.variant)
        self.pauses, self.made = Pauses(self.judge.process() or 0), 0

    def hall(self, attempts: int = 3, base: type[Feed] = Feed, **feed: Any) -> timed.Hall:
        """A class of sources with the retried `stream`."""
        self.made += 1
        # No other class has these records, so that those kept from another run are found out.
        records = [*(f"{text}{self.made:02}" for text in self.records[:-1]), None]
        kind = subclass(base, records=records, pauses=self.pauses, **feed)
        more = () if attempts == 3 else (attempts,)
        return timed.Hall(
            self.judge, lambda made: self.answer(made, *more), kind, generator=False, records=records
        )

    def ran(
        self, kind: str, breaks: tuple[int, ...] = (), attempts: int = 3, pulls: int | None = None,
        what: str = "", errors: Any = (OSError, Enough), count: int | None = None, **feed: Any,
    ) -> Fact:  # fmt: skip
        """One run. errors: which may come out. count: how many records should come."""
        told = " and ".join(f"line {line} dropped after {place}" for line, place in enumerate(breaks, 1))
        part, double = self.hall(attempts, breaks=breaks, **feed).new()
        one = timed.pull(
            what or told or "no line dropped", kind, double.records[:count], part.stream,
            lambda: double.fetched, *errors, pulls=pulls, most=MANY,
        )  # fmt: skip
        one.breaks, one.allowed, one.opened, one.waited = breaks, attempts, double.opened, 0.0
        one.first = short(one.expected)
        one.made = f"{many(one.opened, 'attempt')} {agreeing(one.opened, 'was', 'were')} made"
        one.open = double.open
        one.beside = next((line.number + 1 for line in double.lines if line.beside), 0)
        # Whether only records are missing that are the same as one before; and whether others are.
        one.without_equal = not one.whole and exactly(one.records, list(dict.fromkeys(one.expected)))
        one.lost = one.arrived < one.sent and not one.without_equal
        one.own_error = bool(double.errors) and one.error is double.errors[-1]
        return one


def broken(answer: Any, sheet: Sheet) -> Facts:
    """Runs without a failure, and with one and two, over plain streams and over generators."""
    runs = Runs(answer, sheet)
    count = len(runs.records)
    later = sheet.variant.number(f"{KEY}:later", 2, count - 1)
    with awake(runs.judge):
        yield runs.ran("whole")
        twice = (0, 0), (later, later), (later, 1), (1, later)
        for breaks in (*((place,) for place in range(count + 1)), *twice):
            yield runs.ran("broken", breaks)
        for breaks in ((0,), (1, later)):
            yield runs.ran("broken", breaks, base=Distant)


def left(answer: Any, sheet: Sheet) -> Facts:
    """A reader who leaves early: before the first record, in the first attempt, and in the second."""
    runs = Runs(answer, sheet)
    two = [(2, breaks, base) for base in (Distant, Feed) for breaks in ((), (1,))]
    for pulls, breaks, base in ((0, (), Feed), *two):
        what = f"the reader left after {pulls} records"
        one = runs.ran("left", breaks, pulls=pulls, count=pulls, what=what, base=base)
        one.what += ", and closed the stream" if one.closes else ". The stream has no `close()`"
        yield one


def over(answer: Any, sheet: Sheet) -> Facts:
    """Lines that drop every time, with several numbers of attempts; and other errors than `OSError`."""
    runs = Runs(answer, sheet)
    with awake(runs.judge) as slept:
        what, any_error = "each line dropped after one record", (BaseException,)
        tried = [
            runs.ran("last", (1,) * MANY, attempts, what=what, errors=any_error, count=1)
            for attempts in (3, 1, 2, 4)
        ]
        # Each attempt gets further: a count that starts again with every record would never end it.
        what = "each line brought one record more than the one before it, and dropped"
        tried.append(runs.ran("last", (1, 2, 3, *[4] * MANY), what=what, errors=any_error, count=3))
    for one in tried:
        one.waited = runs.pauses.waited(slept)
        yield one
    what = "the line dropped with a ConnectionResetError, which is an OSError"
    yield runs.ran("reset", (1,), what=what, failure=ConnectionResetError)
    others = [
        runs.ran("other", (1,), what=f"the source raised {kind.__name__}", errors=any_error, failure=kind)
        for kind in (ValueError, KeyError, EOFError, KeyboardInterrupt, SystemExit)
    ]
    for one in others:
        # An `except Exception`; a bare `except` can have other reasons.
        one.whatever = [other.opened > 1 for other in others] == [True] * 3 + [False] * 2
        yield one


def pairs(answer: Any, sheet: Sheet) -> Facts:
    """Two sources of one class, two with different numbers of attempts, and one that is read twice."""
    runs = Runs(answer, sheet)
    hall = runs.hall(breaks=(1, 2))
    others = subclass(Feed, records=[f"{text}5" for text in runs.records], breaks=(1, 2))
    apart = [runs.hall(attempts, breaks=(1,) * MANY) for attempts in (2, 5)]
    again, halfway = [runs.hall(breaks=(1,)).new()] * 2, [runs.hall(breaks=(1,)).new()]
    left = attempt(halfway[0][0].stream).value
    attempt(lambda: [next(left), next(left), left.close()])
    for what, made, allowed in (
        ("two sources of one class were read in turn", [hall.new(), hall.new(others)], [3, 3]),
        ("two sources with 2 and 5 attempts were read in turn", [hall.new() for hall in apart], [2, 5]),
        ("a source was read again after its end", again, [3, 3]),
        ("a source was read again after a reader had left", halfway, [3, 3]),
    ):
        calls = [part.stream for part, _ in made]
        came = [one for turn in ([[call] for call in calls] if made[0] is made[-1] else [calls])
                for one in timed.in_turn(turn, 2 * len(runs.records), OSError, Enough)]  # fmt: skip
        sent, opened = [double.records for _, double in made], [double.opened for _, double in made]
        yield Fact(
            what=what, one_class=allowed == [3, 3], whole=exactly(came, sent),
            told=" and ".join(map(short, came)), right=" and ".join(map(short, sent)),
            counted=opened == allowed, opened=" and ".join(map(str, opened)),
            allowed=" and ".join(map(str, allowed)),
        )  # fmt: skip


CLOSE = "Close each attempt in a `finally`: it runs on every way out. A class needs a `close` that does it."
COUNT = "Count the records yielded in all attempts together, and skip as many when a new one starts."
ALL = "`attempts` counts all of them, the first one too. The error of the last one goes on unchanged."
OPENED = "{what}, and was opened {opened} times."
ONLY_THAT = "Catch `OSError` and nothing else. All other errors go on by themselves."
CAME = "{sent} records, and {what}. Received: {came}, and {told}. Sent: {first}."
STREAM = (
    *timed.streams(timed.decorating("retried(Feed.stream)", "self", "stream", clock=False), broken),
    Rule(broken, lambda run: not run.opened,
         "{what}. The feed was never opened. Received: {came}.", "",
         "Call `function(self)`: it returns the stream of records."),
)  # fmt: skip
RETRIES = (
    *STREAM,
    Rule(broken, lambda run: run.opened == 1 and (
             run.gave_error or (run.kind == "broken" and run.arrived < run.sent)),
         "{sent} records, and {what}. The feed was opened once. Received: {came}, and {told}. Sent: {first}.",
         "", "The call raises nothing: put the `try` around the loop that pulls and yields. A stream that "
         "failed is exhausted, so call `function` again for each attempt."),
)  # fmt: skip
"""If nothing is retried, nothing more can be said of the retry."""
ONCE = (
    Rule(broken, lambda run: run.without_equal and run.breaks in ((), (0,)),
         "{what}. Sent: {first}. Received: {came}.", "decorators-retry-knows-records",
         "Two records may be equal: skip records by their number, not by their content."),
    Rule(broken, lambda run: run.gave_error or not run.whole, CAME, "", f"{COUNT} 3 attempts are allowed."),
)  # fmt: skip
OWN = Asked("each source is retried separately", 1, RETRIES, ONCE, (
    Rule(pairs, lambda pair: not pair.one_class and not pair.counted,
         "{what}. Attempts made: {opened}. Allowed: {allowed}.", "",
         "Count the attempts of each stream separately, and stop at its own `attempts`."),
    Rule(pairs, lambda pair: pair.one_class and not pair.whole,
         "{what}. Received: {told}. Sent: {right}.", "", timed.PER_RUN),
))  # fmt: skip
CLOSED = Asked("no attempt is left open", 2, RETRIES, (
    Rule(broken, lambda run: run.beside,
         "line {beside} opened before the line that had dropped was closed.", "",
         "An error does not close a connection: close each attempt before the next one opens."),
    Rule(left, lambda run: run.deaf,
         "the reader left after 2 records, and the retry went on: {raised}.", "chains-bare-except-harmless",
         "`close()` raises `GeneratorExit` at the `yield`. Catch only `OSError`, so that it goes on."),
    *(Rule(of, lambda run: run.open, "{what}. Lines still open: {open} of {opened}.", "", CLOSE)
      for of in (broken, left, over)),
))  # fmt: skip
LAST = Asked("after the last attempt its error goes on", 1, STREAM, (
    Rule(over, lambda run: run.kind == "last" and (run.opened != run.allowed or not run.own_error),
         "{what}, `attempts={allowed}`: {made}, and {told}.", "", ALL),
    Rule(over, lambda run: run.kind == "last" and run.lost and not run.at_call,
         "{what}, `attempts={allowed}`: {sent} came before the last error, and {arrived} were yielded.", "",
         timed.ONE_RECORD),
    timed.no_pause(over),
))  # fmt: skip
ONLY = Asked("nothing but an OSError is tried again", 1, RETRIES, (
    Rule(over, lambda run: run.kind == "reset" and run.gave_error, "{what}, and {told}.", "",
         "`except OSError` catches all kinds of it. Do not choose among them."),
    Rule(over, lambda run: run.kind == "other" and run.whatever,
         OPENED, "composition-retry-catches-all", ONLY_THAT),
    Rule(over, lambda run: run.kind == "other" and run.opened > 1, OPENED, "", ONLY_THAT),
    Rule(over, lambda run: run.kind == "other" and not run.own_error, "{what}, and {told}.", "", ONLY_THAT),
    Rule(broken, lambda run: run.opened > len(run.breaks) + 1,
         "{what}, and the source was opened {opened} times.", "",
         "Open the source again only after an `OSError`. When all records have been read, `return`."),
))  # fmt: skip
LAZY = Asked("the call reads nothing, and each pull reads one record", 1, STREAM, timed.lazy(broken), (
    Rule(broken, lambda run: run.kind == "whole" and run.lost,
         "no line dropped. Sent: {first}. Received: {came}.", "", timed.ONE_RECORD),
))  # fmt: skip
ruled(KEY, "A second try", kind="complete", answer="retried", version=9, given=given,
      asked=[Asked("each record comes once, in its order", 2, RETRIES, ONCE),
             OWN, CLOSED, LAST, ONLY, LAZY])  # fmt: skip
