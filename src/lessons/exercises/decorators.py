"""Checks of the assignment on decorators: a clock and a second try that stand outside of the part.

Time passes on a clock of the check's own, where the code says `wait`, so that a figure is right or wrong to
the second. What is made stays referenced until the check has looked: nothing is closed by luck.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lessons.exercises.decorators_parts import (
    MANY,
    STAGES,
    Clock,
    Distant,
    Doubles,
    Pauses,
    awake,
    broken_stream,
    passed_on,
    subclass,
    texts,
)
from lessons.exercises.exercise import (
    Attempt,
    Sheet,
    Wrong,
    attempt,
    described,
    exactly,
    exercise,
    materials,
    named,
    where,
)
from lessons.exercises.variant import Variant
from lessons.words import described as short

IDLE, PAUSE = 100, 1000
"""Seconds between the call and the first pull, and after each record: more than all work together."""

RETURN = "decorators-missing-return-shows"
SHARED_FIGURE = "decorators-metrics-per-stage"


@dataclass
class Trace:
    """What one run of a decorated method did. It keeps the stream, so that nothing closes by itself.

    asked: how often the clock was read. elsewhere: whether a function of the class has `seconds`.
    """

    seconds: Any = None
    records: list[Any] = field(default_factory=list)
    at_call: int = 0
    at_first: int = 0
    error: BaseException | None = None
    stream: Any = None
    asked: int = 0
    elsewhere: bool = False


def decorated(answer: Any, name: str, function: Any, *more: Any) -> Any:
    """What the answer makes of a function. Raises `Wrong` when that is no method of a class."""
    made = answer(function, *more)
    if hasattr(made, "__get__"):
        return made
    if not callable(made):
        raise Wrong(
            RETURN,
            f"`{name}` gave {short(made)} in place of a function, so the method is gone.",
            "End the decorator with `return wrapper`.",
        )
    raise Wrong(
        "decorators-class-binds-self",
        f"`{name}` gave an object of the class `{type(made).__name__}` in place of a function: called as a "
        "method, that is not given `self`.",
        "Return a function, or give the class a `__get__` that binds the object.",
    )


def read_figure(trace: Trace, part: Any, made: Any, clock: Clock) -> Trace:
    """Add what the part, or the decorated function itself, has as `seconds` after a run."""
    trace.seconds, trace.asked = named(part, "seconds"), clock.asked
    trace.elsewhere = trace.seconds is None and named(made, "seconds") is not None
    return trace


def traced(
    call: Callable[[], Any], reads: Callable[[], int], clock: Clock, limit: int,
    idle: int = 0, pause: int = 0, pulls: int | None = None,
) -> Trace:  # fmt: skip
    """Call, wait, and pull to the end, or close after some pulls.

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
    if isinstance(trace.error, RuntimeError) and isinstance(trace.error.__cause__, StopIteration):
        place = where(trace.error.__cause__)
        raise Wrong(
            "generators-stop-iteration-ends",
            f"a `next` ran dry{f' at {place}' if place else ''}, and that became a RuntimeError.",
            "Inside a generator, catch `StopIteration` at that `next`, and `return`.",
        )
    if isinstance(trace.error, RuntimeError) and "ignored GeneratorExit" in str(trace.error):
        raise Wrong(
            "chains-bare-except-harmless",
            f"the reader left early, and the stream went on: {described(trace.error)}.",
            "`close()` raises `GeneratorExit` at the `yield`: let no `except` around it catch that one.",
        )
    if trace.error is not None and not isinstance(trace.error, expected):
        raise trace.error
    return trace


def figure(trace: Trace, belief: str, when: str = "after the run") -> float:
    """The seconds that a run left on its part. Raises `Wrong` under a belief when they are no number."""
    value = trace.seconds
    if value is None and belief == SHARED_FIGURE and not trace.elsewhere:
        belief = ""
    if type(value) not in (int, float):
        raise Wrong(
            belief,
            f"{when}: `self.seconds` was {'missing' if value is None else short(value)}.",
            "Set `self.seconds` in the wrapper, on `self`, and keep it right at every moment.",
        )
    return round(float(value), 6)


def told_the_time(trace: Trace) -> None:
    """Raise `Wrong` when the clock that was handed in was never read."""
    if not trace.asked:
        raise Wrong(
            "",
            "your code never read the `clock` that it was given.",
            "Call `clock()` for the time: it need not be the time of the day.",
        )


def grounded(sheet: Sheet, lines: int = 1) -> None:
    """Raise `Wrong` when one of the exercise's first aspects does not hold, on which this one stands."""
    for name in list(sheet.exercise.aspects)[:lines]:
        if not sheet.aspects[name].holds:
            raise Wrong("", f"This is looked at when “{name}” holds.", "Mend that first.")


def total(seconds: float) -> str:
    """A number of seconds in words."""
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"


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


AT_ONCE = 0.05
"""More seconds than this between each failure and the next attempt are a pause of the answer's own."""


def no_pause(slept: list[float], pauses: Pauses, advice: str) -> None:
    """Raise `Wrong` when an answer waited: by what its own process noted, or on the judge's clock."""
    if any(slept):
        raise Wrong("", f"between two attempts your code waited {total(max(slept))} by `time.sleep`.", advice)
    if pauses.seconds and min(pauses.seconds) > AT_ONCE:
        least = f"{min(pauses.seconds):.2f} seconds or more"
        raise Wrong("", f"{least} passed between each failure and the next attempt.", advice)


def of(run: Attempt) -> Any:
    """The value of a run. Raises what stopped it."""
    if run.error is not None:
        raise run.error
    return run.value


# --- x4: with parentheses and without, and no stage


FORMS = "it works bare, with empty parentheses, and with a setting"
REFUSED, KEPT = "a stage is refused at the line that decorates", "the method is what it was to every tool"
SAME = "each record comes once, and only when it is pulled"


@exercise(
    "decorators-x4",
    "With parentheses and without",
    kind="build",
    answer="patient",
    aspects={FORMS: 3, REFUSED: 2, KEPT: 1, SAME: 1},
    version=3,
    wired=True,
    hangs="decorators-generator-resumes",
)
def parenthesised(answer: Any, sheet: Sheet) -> None:
    """Decorate in each form, count the attempts of each, and offer stages."""
    many = sheet.variant.number("decorators-x4:attempts", 4, 6)
    records = list(texts(sheet.variant, "decorators-x4", 5))
    forms: dict[str, tuple[Callable[[Any], Any], int]] = {
        "@patient": (answer, 3),
        "@patient()": (lambda function: answer()(function), 3),
        f"@patient(attempts={many})": (lambda function: answer(attempts=many)(function), many),
        "@patient(attempts=1)": (lambda function: answer(attempts=1)(function), 1),
    }
    judge, pauses = sheet.judge, Pauses()

    def run(form: str, failures: int) -> Any:
        decorate, _ = forms[form]
        doubles = Doubles(subclass(Distant, records=records, failures=failures, pauses=pauses))
        made = decorate(judge.function(lambda part: doubles[part].stream(), "stream", "self", doc=DOC))
        kind = judge.new_class("Remote", {"stream": made, "records": records})
        part = kind()
        source = doubles[part]
        trace = traced(part.stream, lambda: source.read, Clock(), 3 * len(records))
        another = kind()
        again = attempt(lambda: list(islice(another.stream(), 3 * len(records))))
        return source, trace, kind.stream, again

    with awake(judge) as naps:
        lost = {form: attempt(run, form, MANY) for form in forms}
        saved = {form: attempt(run, form, attempts - 1) for form, (_, attempts) in forms.items()}
        stages = {
            name: attempt(offered, judge, decorate, name) for name in STAGES for decorate, _ in forms.values()
        }

    with sheet.aspect(FORMS):
        for form, (_, attempts) in forms.items():
            for ended, failures in ((saved[form], attempts - 1), (lost[form], MANY)):
                formed(form, attempts, ended, failures)
    with sheet.aspect(REFUSED):
        grounded(sheet)
        for name, ended in stages.items():
            refused(name, *of(ended))
    with sheet.aspect(KEPT):
        grounded(sheet)
        for form, ended in saved.items():
            kept(judge, form, ended)
    with sheet.aspect(SAME):
        grounded(sheet)
        for form, ended in saved.items():
            _, trace, _, again = of(ended)
            lazy(trace, "record")
            if not exactly(trace.records, records):
                raise Wrong(
                    "decorators-restart-is-harmless",
                    f"`{form}`: {len(records)} records, the line dropped after 2 of them, "
                    f"and what came is {short(trace.records)}.",
                    "Hand on each record once: `retryOnFailure` does, and may be used.",
                )
            if not exactly(again.value, records):
                told = short(again.value) if again.error is None else again.raised
                raise Wrong(
                    "decorators-body-per-call",
                    f"`{form}`: a second source of the same class gave {told}.",
                    "What belongs to one run begins in the wrapper. The decorator runs once for the class.",
                )
        no_pause(naps, pauses, "Here no attempt waits: `retryOnFailure` has `delaySeconds` for that.")


def formed(form: str, attempts: int, ended: Attempt, failures: int) -> None:
    """Raise `Wrong` unless a form of the decorator makes a retry with so many attempts."""
    advice = (
        "Bare, the function itself is the first argument; with parentheses there is none yet, and what "
        "comes back has to decorate."
    )
    if ended.error is not None:
        told = getattr(ended.error, "seen", "") or f"{ended.raised}."
        raise Wrong("decorators-parentheses-optional", f"`{form}` above `def stream(self)`: {told}", advice)
    part, trace, _, _ = ended.value
    if part.opened == 0:
        told = "nothing came" if trace.error is None else f"{type(trace.error).__name__} came out"
        raise Wrong(
            "decorators-parentheses-optional",
            f"`{form}` above `def stream(self)`: reading the stream never reached it ({told}).",
            advice,
        )
    if failures < attempts and isinstance(trace.error, OSError) and part.opened == 1 < attempts:
        raise Wrong(
            "decorators-call-guards",
            f"`{form}`: the line dropped once, and the reader was given the error.",
            "Put the `try` around the loop that pulls, or let `retryOnFailure` do it.",
        )
    wanted = min(failures + 1, attempts)
    if part.opened != wanted or isinstance(trace.error, OSError) != (failures >= attempts):
        silent = trace.error is None
        told = "no error came out" if silent else f"{type(trace.error).__name__} came out"
        if part.opened > wanted:
            belief, told = (
                "",
                f"{part.opened} attempts were made" + (" and more" if part.opened > MANY else ""),
            )
            advice = (
                "All attempts count, the first one too. Hand `attempts` on as it is, 3 without a setting."
            )
        elif silent and part.opened == attempts:
            belief, told = "decorators-error-ends-loop", f"{part.opened} attempts were made, and {told}"
            advice = "Let the error of the last attempt go on to the reader."
        else:
            belief, told = "decorators-parentheses-optional", f"{part.opened} attempts were made, and {told}"
            advice = "Hand the setting on to the decorator that does the work."
        raise Wrong(
            belief,
            f"`{form}` allows {attempts} attempts; the line dropped {min(failures, attempts)} times, {told}.",
            advice,
        )
    if trace.error is not None and not isinstance(trace.error, OSError):
        raise trace.error


def offered(judge: Any, decorate: Callable[[Any], Any], name: str) -> Any:
    """Offer a stage to the decorator: where it was refused, if at all, with which error, and what came."""
    stages = attempt(decorate, judge.function(passed_on, name, STAGES[name]))
    if stages.error is not None:
        return "line", stages.error, []
    kind = judge.new_class("Offset", {name: stages.value})
    called = attempt(lambda: getattr(kind(), name)(broken_stream()))
    if called.error is not None:
        return "call", called.error, []
    records: list[Any] = []
    pulled = attempt(lambda: records.extend(called.value))
    return "pull", pulled.error, records


def refused(name: str, place: str, error: BaseException | None, records: list[Any]) -> None:
    """Raise `Wrong` unless a stage was refused with a `TypeError` where it was decorated."""
    method = f"`def {name}({STAGES[name]})`"
    if place == "line" and isinstance(error, TypeError):
        return
    if place == "line":
        raise Wrong(
            "", f"{method} was refused with {type(error).__name__}.", "Raise a `TypeError` that says why."
        )
    if isinstance(error, TypeError) and place == "call":
        raise Wrong(
            "decorators-body-per-call",
            f"{method} was decorated in peace, and refused when it was called.",
            "Look at the function in the body of the decorator, outside of the wrapper: that runs once, "
            "where the decorator stands.",
        )
    if isinstance(error, TypeError) and where(error):
        raise Wrong(
            "start-call-runs",
            f"{method} was decorated and called in peace, and refused at the first pull.",
            "What stands in a function with `yield` waits for the first pull: look at the function in the "
            "body of the decorator.",
        )
    came = "the first pull was refused by `retryOnFailure`" if isinstance(error, TypeError) else ""
    came = came or f"its upstream dropped after 2 records, it was retried, and {len(records)} came"
    raise Wrong(
        "decorators-stage-is-source",
        f"{method} was decorated in peace; {came}.",
        "A source takes `self` and nothing else. `inspect.signature(function).parameters` tells, whatever "
        "the names are.",
    )


def kept(judge: Any, form: str, ended: Attempt) -> None:
    """Raise `Wrong` unless the decorated method has its name and docstring, and is a generator function."""
    function = of(ended)[2]
    if getattr(function, "__name__", "") != "stream" or getattr(function, "__doc__", "") != DOC:
        raise Wrong(
            "decorators-wraps-is-cosmetic",
            f"`{form}`: the name of the method is {short(getattr(function, '__name__', None))}, and its "
            f"docstring {short(getattr(function, '__doc__', None))}.",
            "Put `@functools.wraps(function)` above each wrapper.",
        )
    if judge.witness(inspect.isgeneratorfunction, function) is not True:
        raise Wrong(
            "decorators-wraps-copies-all",
            f"`{form}`: `inspect.isgeneratorfunction` said True of the method, and says False now.",
            "A wrapper with `yield from` is a generator function, one with `return` is none.",
        )


DOC = Distant.stream.__doc__


@materials(parenthesised)
def parenthesised_given(variant: Variant) -> Any:
    """Return `Remote`: a class of sources that drop the line twice, after two records."""
    return type("Remote", (Distant,), {"records": list(texts(variant, "decorators-x4", 5)), "failures": 2})
