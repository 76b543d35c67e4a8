"""Common observations of decorators-x1 to -x4: a decorated method, its streams, and the time that they need.

Time passes on a clock of the judge, when a part waits, so a figure is exactly right or wrong. The reader's
waits are much longer than all work together, so a figure that includes one is recognised.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from lessons.exercises import Callback, Fact, Facts, Judge, Observation, Rule, Sheet, Variant, attempt, short
from lessons.exercises.decorators_parts import Clock, Station, subclass, texts
from lessons.exercises.exercise import described, exactly, where

IDLE, PAUSE = 100, 1000  # seconds between the call and the first pull, and after each record


def station(variant: Variant, key: str, last: int = 0, count: int = 0) -> Any:
    """A class of stations with readings, costs and a clock of its own."""
    readings = texts(variant, key, count or variant.number(f"{key}:count", 5, 8))
    first, *more = (variant.number(f"{key}:cost {number}", 4, 8) for number in range(len(readings)))
    # A figure that is rounded at each pull is wrong. The first record has a cost of its own.
    costs = tuple(cost + 0.25 for cost in (first, *(one + (one >= first) for one in more)))
    return subclass(Station, clock=Clock(), readings=readings, costs=costs, last=last)


class Hall:
    """A class on the answer's side with a decorated method, and here a double for each of its objects."""

    def __init__(
        self, judge: Judge, decorate: Callable[[Any], Any], kind: Any, method: str = "stream",
        parameters: str = "self", generator: bool = True, **room: Any,
    ) -> None:  # fmt: skip
        self.doubles = defaultdict[Any, Any](kind)
        function = judge.function(
            lambda part, *given: getattr(self.doubles[part], method)(*given),
            method, parameters, generator, getattr(kind, method).__doc__,
        )  # fmt: skip
        self.made = decorate(function)
        self.clock: Any = getattr(kind, "clock", None)
        self.kind = judge.new_class(kind.__name__, {method: self.made, **room})

    def new(self, kind: Any = None) -> tuple[Any, Any]:
        """An object of the class, and its double. kind: the double's class, with the clock of this hall."""
        part = self.kind()
        if kind is not None:
            self.doubles[part] = subclass(kind, clock=self.clock)()
        return part, self.doubles[part]


def clocked(
    answer: Any, sheet: Sheet, kind: Any, method: str = "stream", parameters: str = "self", **room: Any
) -> Hall:
    """A hall whose method is decorated with its doubles' clock. No time on that clock is a right figure."""
    clock = Clock()
    # Two clocks in one observation never show the same time.
    clock.wait(sheet.variant.number("begins", 300, 900) + kind.last)
    given, kind = Callback(clock, "clock"), subclass(kind, clock=clock)
    return Hall(sheet.judge, lambda made: answer(made, given), kind, method, parameters, True, **room)


def pull(
    what: str, kind: str, expected: list[Any], call: Callable[[], Any], reads: Callable[[], int],
    *errors: type[BaseException], wait: Callable[[int], object] = lambda seconds: None,
    idle: int = 0, pause: int = 0, pulls: int | None = None, most: int = 1,
    look: Callable[[], Any] = lambda: None,
) -> Fact:  # fmt: skip
    """Call, wait, and pull to the end, or close after some pulls. Raises an unexpected error.

    reads: how many records the upstream has yielded. most: a stream with this many times the records counts
    as endless. look: what is recorded after each. The stream is kept, so that luck closes nothing.
    """
    one = Fact(what=what, kind=kind, sent=len(expected), expected=expected, records=[], gave="")
    one.ahead, one.closes, one.awaited, one.looks = 0, True, errors, list[Any]()
    called = attempt(call)
    one.at_call, error = reads(), called.error
    if error is None:
        wait(idle)
        begun = attempt(iter, called.value)
        one.stream, one.gave = begun.value, short(called.value) if begun.error else ""
    while error is None and not one.gave and len(one.records) != pulls:
        pulled = attempt(next, one.stream)
        error = pulled.error
        if error is None:
            one.records.append(pulled.value)
            one.looks.append(look())
            one.ahead = max(one.ahead, reads() - len(one.records))
            if len(one.records) > most * one.sent:
                break  # an answer may go on without end
            wait(pause)
    else:
        if error is None and not one.gave:
            one.closes = hasattr(one.stream, "close")
            error = attempt(one.stream.close).error if one.closes else None
    one.error = None if isinstance(error, StopIteration) else error
    one.dry = isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration)
    one.deaf = isinstance(error, RuntimeError) and "ignored GeneratorExit" in str(error)
    if one.error is not None and not (one.dry or one.deaf or isinstance(error, errors)):
        raise one.error
    one.arrived, one.came, one.whole = len(one.records), short(one.records), exactly(one.records, expected)
    one.raised = described(one.error) if one.error else "no error"
    one.own_error = one.error is not None
    one.told = f"{type(one.error).__name__} came out" if one.error else "no error came out"
    one.gave_error = isinstance(error, OSError)
    place = where(one.error.__cause__ if one.dry else one.error) if one.error else ""
    one.place = f" at {place}" if place else ""
    return one


def figure(part: Any) -> Any:
    """The `seconds` of a part, or None."""
    return attempt(getattr, part, "seconds").value


def read(one: Fact, part: Any, worked: float, source: Any) -> Fact:
    """Add the figure of a part, which has worked for so long, and what its source's first and last pull cost.

    extra: how much larger the figure is than the work, without the error of a plain run.
    """
    seconds = figure(part)
    one.missing, one.asked, one.worked = type(seconds) not in (int, float), source.clock.asked, worked
    one.value = 0.0 if one.missing else round(float(seconds), 6)
    shown = "is missing" if seconds is None else f"is {short(seconds)}"
    one.reads = shown if one.missing else f"reads {one.value:g}"
    one.wrong_by = one.extra = one.value - worked
    one.first, one.last = sum(source.costs[:1]), source.last
    return one


def slowly(run: Callable[..., Fact], whole: Fact, parts: list[Any], others: list[Any]) -> Facts:
    """A slow reader, and one who leaves early; whole: the run of these parts by a reader who does not wait.

    others: parts with other costs, because a remembered figure was not measured.
    """
    waits = {"idle": IDLE, "pause": PAUSE}
    slow = run("a slow reader read all", *others, "slow", **waits)
    # What is wrong for the reason for which the other figure is wrong has been said.
    same = {-whole.first: slow.first, -whole.last: slow.last, whole.last: -slow.last}
    slow.extra += same.get(whole.wrong_by, -whole.wrong_by)
    yield slow
    left = run("a slow reader left after 2 records", *parts, "slow", 2, **waits)
    left.extra -= run("", *parts, "", 2).wrong_by
    yield left


def in_turn(calls: Sequence[Callable[[], Any]], pulls: int, *ends: type[BaseException]) -> list[list[Any]]:
    """What comes of streams that are made first and then read in turn; `ends` are errors that end one."""
    made = [attempt(lambda call=call: iter(call())) for call in calls]
    came: list[list[Any]] = [[] for _ in calls]
    for _ in range(pulls):
        for number, stream in enumerate(made):
            pulled = stream if stream.error is not None else attempt(next, stream.value)
            if pulled.error is None:
                came[number].append(pulled.value)
            elif isinstance(pulled.error, (StopIteration, *ends)):
                made[number] = pulled  # it has ended
            else:
                raise pulled.error
    return came


def pair(what: str, parts: list[Any], alone: Sequence[float]) -> Fact:
    """The figures of two parts that were at work at the same time, beside those of each alone."""
    reads = [figure(part) for part in parts]
    told, took = (" and ".join(map(short, values)) for values in (reads, alone))
    return Fact(what=what, right=reads == [*alone], told=told, took=took)


def decorating(label: str, parameters: str, name: str, clock: bool = True) -> Observation:
    """An observation that decorates one function, and looks at what comes of it."""

    def decorated(answer: Any, sheet: Sheet) -> Facts:
        function = sheet.judge.function(lambda part, *more: iter(()), name, parameters, doc="Work.")
        made = answer(function, *([Callback(Clock(), "clock")] if clock else []))
        binds, kind = hasattr(made, "__get__"), type(made).__name__
        yield Fact(label=label, shown=short(made), kind=kind, callable=callable(made), binds=binds)

    return decorated


def streams(made: Observation, runs: Observation) -> tuple[Rule, ...]:
    """The rules for a decorator that does not return a method, or whose method does not return a stream."""
    return (
        Rule(made, lambda made: not made.callable and not made.binds,
             "`{label}` returned {shown} instead of a function, so the method is gone.", "",
             "End the decorator with `return wrapper`."),
        Rule(made, lambda made: not made.binds,
             "`{label}` returned an object of the class `{kind}` instead of a function. As a method, it "
             "does not receive `self`.", "decorators-class-binds-self",
             "Return a function, or give the class a `__get__` that binds the object."),
        Rule(runs, lambda run: run.gave,
             "the decorated method returned {gave}, which cannot be pulled.", "",
             "The wrapper needs a `yield`, or must return a stream."),
        # A `next` that skips records can run dry by a slip.
        Rule(runs, lambda run: run.kind == "whole" and run.dry,
             "{what}: a `next` found no more records{place}, which raised a RuntimeError.",
             "generators-stop-iteration-ends",
             "Catch `StopIteration` at that `next`, and `return`; or give `next` a second argument."),
    )  # fmt: skip


ONE_RECORD = "Pull one record at a time, and `yield` it before you pull the next one."


def lazy(runs: Observation) -> tuple[Rule, ...]:
    """The rules by which a call fetches records, or a pull more than one."""
    return (
        Rule(runs, lambda run: run.at_call,
             "{what}: the call alone fetched {at_call} records, before the first pull.", "",
             "Put the work into a function with `yield`: its call runs nothing."),
        Rule(runs, lambda run: run.whole and run.ahead and run.kind != "some",
             "{what}: {ahead} more records had been fetched than were asked for.", "", ONE_RECORD),
    )  # fmt: skip


def all_records(runs: Observation) -> tuple[Rule, ...]:
    """The rules by which records are not handed on one by one, as they are."""
    return (
        Rule(runs, lambda run: run.kind == "whole" and not run.at_call and run.ahead == run.sent - 1,
             "{what}: the first pull fetched all {sent} records, but only one was asked for.",
             "", f"{ONE_RECORD} No `list`, no `sorted`."),
        *lazy(runs),
        Rule(runs, lambda run: not run.whole,
             "{what}: {sent} records were asked for. Received: {came}.", "",
             "Yield each record unchanged, until there are no more."),
    )  # fmt: skip


def no_pause(runs: Observation) -> Rule:
    """The rule that an attempt follows a failure at once."""
    return Rule(runs, lambda run: run.waited,
                "after a failure, your code waited {waited:g} seconds before the next attempt.", "",
                "Open the source again at once: this retry has no pause.")  # fmt: skip


SEEN = "{what}: its own work took {worked} seconds, and `self.seconds` {reads}"


def figured(runs: Observation) -> tuple[Rule, ...]:
    """The rules by which there is no figure of which more can be said."""
    return (
        Rule(runs, lambda run: not run.asked, "your code never read the `clock` that it was given.", "",
             "Call `clock()` to get the time. It may differ from the time of day."),
        Rule(runs, lambda run: run.kind == "whole" and run.missing,
             f"{SEEN}.", "", "Set `self.seconds` in the wrapper, on `self`."),
        # The clock was read around the call alone.
        Rule(runs, lambda run: run.kind == "whole" and run.value == 0 and run.asked <= 4,
             f"{SEEN}: no time was counted while records were pulled.", "decorators-call-guards",
             "Make the wrapper a generator, and read the clock before and after each `next` of the stream."),
    )  # fmt: skip


def rests(runs: Observation) -> Rule:
    """The rule for a figure that includes time in which no record was pulled."""
    return Rule(runs, lambda run: run.kind == "slow" and run.extra,
                f"{SEEN}. The reader waited {IDLE} seconds before the first pull, and {PAUSE} after each "
                "record.", "",
                "Nothing works before the first `next`, or at a `yield`: count the time of each `next` only."
                )  # fmt: skip


def ends(early: Observation) -> tuple[Rule, ...]:
    """The rules by which an error is lost or a figure is wrong where a stream ends early."""
    no_except = "Let the error go on: use a `finally` without a `return`, or no `except` at all."
    update = "Update `self.seconds` at each pull, in a `finally` around `next`, and nowhere else."
    return (
        Rule(early, lambda run: run.awaited and not run.own_error,
             "{what}. This error should arrive with its text and cause, but {raised} came.", "", no_except),
        Rule(early, lambda run: not run.closes, "{what}, but what the call returns has no `close()`.", "",
             "A class of your own needs a `close` that closes the stream of the part. A generator has one."),
        Rule(early, lambda run: run.deaf,
             "{what}, and the stream went on: {raised}.", "chains-bare-except-harmless",
             "`close()` raises `GeneratorExit` at the `yield`: no `except` around it should catch this."),
        Rule(early, lambda run: run.missing or run.extra, f"{SEEN}.", "", update),
    )  # fmt: skip


PER_RUN = "The decorator runs once for the class. Keep each run's state in local variables of the wrapper."
IN_WRAPPER = "Start each run's figures at 0 in the wrapper, and store them on `self`."


def own(pairs: Observation) -> Rule:
    """The rule by which two parts do not have a figure each."""
    return Rule(pairs, lambda pair: not pair.right,
                "{what}: read alone, their `seconds` are {took}; read at the same time, they are {told}.", "",
                IN_WRAPPER)  # fmt: skip
