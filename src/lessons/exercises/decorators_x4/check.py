"""decorators-x4: a decorator with parentheses and without, that refuses a stage."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lessons.exercises.decorators_parts import (
    AT_ONCE,
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
from lessons.exercises.decorators_timed import Pulled, pull
from lessons.exercises.exercise import Attempt, Sheet, attempt, exactly, where
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.words import described as short

KEY = "decorators-x4"
DOC = Distant.stream.__doc__


def given(variant: Variant) -> Any:
    """Return `Remote`: a class of sources that drop the line twice, after two records."""
    return type("Remote", (Distant,), {"records": list(texts(variant, KEY, 5)), "failures": 2})


# --- what is observed ---


@dataclass
class Formed(Pulled):
    """One run of a source that was decorated in one of the forms."""

    allowed: int = 3
    drops: int = 0
    opened: int = 0
    trouble: str = ""
    """Why there was no run, or none that reached the source."""
    only_here: bool = False
    """Whether another form works."""
    kept_name: bool = True
    name: str = ""
    generator: bool = True
    slept: float = 0
    least: float = 0

    @property
    def wanted(self) -> int:
        """How many attempts there should be."""
        return min(self.drops + 1, self.allowed)

    @property
    def dropped(self) -> int:
        """How often the line dropped."""
        return min(self.drops, self.opened)

    @property
    def incomplete(self) -> bool:
        """Whether records are missing or changed, though an attempt came to the end."""
        reached_end = not self.trouble and self.drops < self.allowed and self.error is None
        return reached_end and not self.whole

    @property
    def silent(self) -> bool:
        """Whether no error came out, though all attempts failed."""
        return self.drops >= self.allowed and self.error is None

    @property
    def gave_error(self) -> bool:
        """Whether the reader was given the error of a line."""
        return isinstance(self.error, OSError)

    @property
    def told(self) -> str:
        """What came out, in words."""
        return "no error came out" if self.error is None else f"{type(self.error).__name__} came out"

    @property
    def made(self) -> str:
        """How many attempts were made, in words."""
        more = " and more" if self.opened > MANY else ""
        return f"{self.opened} attempt{' was' if self.opened == 1 else 's were'} made{more}"


class Forms:
    """The forms in which the answer decorates: each with its number of attempts."""

    def __init__(self, answer: Any, sheet: Sheet) -> None:
        self.judge, self.pauses = sheet.judge, Pauses()
        many = sheet.variant.number(f"{KEY}:attempts", 6, 8)
        self.records = list(texts(sheet.variant, KEY, 5))
        self.forms: dict[str, tuple[Callable[[Any], Any], int]] = {
            "@patient": (answer, 3),
            "@patient()": (lambda function: answer()(function), 3),
            f"@patient(attempts={many})": (lambda function: answer(attempts=many)(function), many),
            "@patient(attempts=1)": (lambda function: answer(attempts=1)(function), 1),
        }

    def source(self, form: str, drops: int, **more: Any) -> tuple[Any, Any, Doubles]:
        """A class of sources on the answer's side, what its `stream` became, and the doubles here."""
        self.pauses.forget()
        kind = subclass(Distant, records=self.records, failures=drops, pauses=self.pauses, **more)
        doubles = Doubles(kind)
        stream = self.judge.function(lambda part: doubles[part].stream(), "stream", "self", doc=DOC)
        made = self.forms[form][0](stream)
        return self.judge.new_class("Remote", {"stream": made, "records": self.records}), made, doubles

    def ran(self, form: str, drops: int) -> Formed:
        """One run."""
        one = Formed("", form, self.records, allowed=self.forms[form][1], drops=drops)
        decorated = attempt(self.source, form, drops)
        if decorated.error is not None:
            one.trouble = _raised(decorated)
            return one
        kind, made, doubles = decorated.value
        if not callable(made):
            one.trouble = f"{short(made)} came back in place of a function"
            return one
        part = kind()
        source = doubles[part]
        run = attempt(pull, one, part.stream, lambda: source.read, Clock(), OSError, most=MANY)
        one.opened = source.opened
        if one.gave:
            one.trouble = f"the call of the method gave {one.gave}, which cannot be pulled"
        elif not source.opened:
            one.trouble = f"reading the stream never reached it ({_raised(run) if run.error else one.told})"
        elif run.error is not None and source.opened <= MANY:
            raise run.error
        one.kept_name = (getattr(made, "__name__", ""), made.__doc__) == ("stream", DOC)
        one.name = f"{short(getattr(made, '__name__', None))}, and its docstring {short(made.__doc__)}"
        one.generator = self.judge.witness(inspect.isgeneratorfunction, made) is True
        return one


def _raised(tried: Attempt) -> str:
    return f"{tried.raised} was raised" + (f", at {tried.where}" if tried.where else "")


def forms(answer: Any, sheet: Sheet) -> Iterator[Formed]:
    """Each form, over a line that drops until the last attempt, and over one that always drops."""
    made = Forms(answer, sheet)
    with awake(made.judge) as slept:
        runs = [made.ran("@patient", 0)]
        for form, (_, allowed) in made.forms.items():
            runs += [made.ran(form, allowed - 1), made.ran(form, MANY)]
    for run in runs:
        run.only_here = any(not other.trouble for other in runs)
        run.slept, run.least = max(slept, default=0), made.pauses.least
        yield run


@dataclass
class Offered:
    """A stage that was offered to the decorator."""

    method: str
    place: str
    """"line", "call" or "pull": where it was refused, if at all."""
    error: BaseException | None
    came: int = 0
    no_other: bool = True
    """Whether no stage was refused at the line that decorates."""

    @property
    def right(self) -> bool:
        """Whether it was refused as the task says."""
        return self.place == "line" and isinstance(self.error, TypeError)

    @property
    def type_error(self) -> bool:
        """Whether a `TypeError` came out, be it late."""
        return isinstance(self.error, TypeError)

    @property
    def by_answer(self) -> bool:
        """Whether a line of the answer raised it."""
        return self.error is not None and bool(where(self.error))

    @property
    def name(self) -> str:
        """The type of what came out."""
        return type(self.error).__name__

    @property
    def told(self) -> str:
        """What happened later, in words."""
        if self.place == "call":
            return "what came back does not take its parameters"
        if self.type_error:
            return "the first pull was refused by `retryOnFailure`"
        return f"its upstream dropped after 2 records, and {self.came} came"


def stages(answer: Any, sheet: Sheet) -> Iterator[Offered]:
    """Stages of several names and parameters, offered in each form that decorates a source."""
    made = Forms(answer, sheet)
    with awake(made.judge):
        works = [form for form in made.forms if not made.ran(form, 0).trouble]
        offers = [_offered(made, form, name) for name in STAGES for form in works]
    for one in offers:
        one.no_other = not any(other.right for other in offers)
        yield one


def _offered(made: Forms, form: str, name: str) -> Offered:
    method = f"`def {name}({STAGES[name]})`"
    stage = attempt(made.forms[form][0], made.judge.function(passed_on, name, STAGES[name]))
    if stage.error is not None:
        return Offered(method, "line", stage.error)
    kind = made.judge.new_class("Offset", {name: stage.value})
    called = attempt(lambda: getattr(kind(), name)(broken_stream()))
    if called.error is not None:
        return Offered(method, "call", called.error)
    records: list[Any] = []
    pulled = attempt(lambda: records.extend(called.value))
    return Offered(method, "pull", pulled.error, len(records))


@dataclass
class Other:
    """A source that raised another error than an `OSError`."""

    name: str
    opened: int


def others(answer: Any, sheet: Sheet) -> Iterator[Other]:
    """Errors after which there is no second attempt, in the first form that works."""
    made = Forms(answer, sheet)
    with awake(made.judge):
        form = next((form for form in made.forms if not made.ran(form, 0).trouble), "@patient")
        for failure in (KeyError, KeyboardInterrupt):
            kind, _, doubles = made.source(form, MANY, failure=failure)
            part = kind()
            attempt(lambda part=part: list(part.stream()))
            yield Other(failure.__name__, doubles[part].opened)


@dataclass
class Pair:
    """Two sources of one class, read in turn."""

    came: list[list[Any]]
    sent: list[Any]

    @property
    def whole(self) -> bool:
        """Whether each gave its records."""
        return all(exactly(one, self.sent) for one in self.came)

    @property
    def told(self) -> str:
        """What came, in a few words."""
        return " and ".join(map(short, self.came))


def pairs(answer: Any, sheet: Sheet) -> Iterator[Pair]:
    """Two sources of one class, whose lines drop once."""
    made = Forms(answer, sheet)
    with awake(made.judge):
        form = next((form for form in made.forms if not made.ran(form, 0).trouble), "@patient")
        kind, _, _ = made.source(form, 1)
        streams = [iter(kind().stream()) for _ in range(2)]
        came: list[list[Any]] = [[], []]
        for _ in range(2 * len(made.records)):
            for stream, mine in zip(streams, came, strict=True):
                pulled = attempt(next, stream)
                mine += [pulled.value] if pulled.error is None else []
    yield Pair(came, made.records)


# --- the rules ---

PARENTHESES = (
    "Bare, the function itself is the first argument; with parentheses there is none yet, and what comes "
    "back has to decorate."
)
EACH_RUN = "What belongs to one run begins in the wrapper. The decorator runs once for the class."
PARAMETERS = (
    "A source takes `self` and nothing else. `inspect.signature(function).parameters` tells, whatever the "
    "names are."
)
NO_PAUSE = "Here no attempt waits: `retryOnFailure` has `delaySeconds` for that."
SETTING = "Hand the setting on to the decorator that does the work."
TIMES = "`{kind}` allows {allowed} attempts; the line dropped {dropped} times: {made}, and {told}."

REACHED = (
    Rule(forms, lambda run: run.trouble and not run.only_here,
         "`{kind}` above `def stream(self)`: {trouble}.", "",
         "In each form a function has to come back in place of `stream`: end with `return wrapper`."),
)  # fmt: skip
"""If no form works, nothing can be said of what it makes."""

RETRIES = (
    *REACHED,
    Rule(forms, lambda run: run.wanted > 1 == run.opened and run.gave_error,
         "`{kind}`: the line dropped once, and the reader was given the error.", "decorators-call-guards",
         "Put the `try` around the loop that pulls, or let `retryOnFailure` do it."),
)  # fmt: skip

FORMS = (
    *RETRIES,
    Rule(forms, lambda run: run.trouble and "=" not in run.kind,
         "`{kind}` above `def stream(self)`: {trouble}.", "decorators-parentheses-optional", PARENTHESES),
    Rule(forms, lambda run: not run.trouble and run.opened == 3 != run.wanted and "=" in run.kind,
         TIMES, "decorators-parentheses-optional", SETTING),
    Rule(forms, lambda run: not run.trouble and run.opened > run.wanted,
         TIMES, "",
         "All attempts count, the first one too. Hand `attempts` on as it is, 3 without a setting."),
    Rule(forms, lambda run: not run.trouble and run.opened == run.wanted and run.silent,
         TIMES, "decorators-error-ends-loop", "Let the error of the last attempt go on to the reader."),
    Rule(forms, lambda run: not run.trouble and (run.opened, run.gave_error) != (
             run.wanted, run.drops >= run.allowed),
         TIMES, "", SETTING),
    Rule(forms, lambda run: run.trouble,
         "`{kind}` above `def stream(self)`: {trouble}.", "", SETTING),
)  # fmt: skip

REFUSED = (
    Rule(stages, lambda stage: stage.place == "line" and not stage.type_error,
         "{method} was refused with {name}.", "", "Raise a `TypeError` that says why."),
    Rule(stages, lambda stage: stage.place == "call" and stage.type_error and stage.by_answer,
         "{method} was decorated without an error, and refused when it was called.",
         "decorators-body-per-call",
         "Look at the function in the body of the decorator, outside of the wrapper: that runs once, where "
         "the decorator is written."),
    Rule(stages, lambda stage: stage.place == "pull" and stage.type_error and stage.by_answer,
         "{method} was decorated and called without an error, and refused at the first pull.",
         "start-call-runs",
         "What is written in a function with `yield` waits for the first pull: look at the function in the "
         "body of the decorator."),
    Rule(stages, lambda stage: not stage.right and stage.no_other,
         "{method} was decorated without an error; {told}.", "decorators-stage-is-source", PARAMETERS),
    Rule(stages, lambda stage: not stage.right,
         "{method} was decorated without an error; {told}.", "", PARAMETERS),
)  # fmt: skip

KEPT = (
    Rule(forms, lambda run: not run.trouble and not run.kept_name,
         "`{kind}`: the name of the method is {name}.", "decorators-wraps-is-cosmetic",
         "Put `@functools.wraps(function)` above each wrapper."),
    # Only the answer's own process can say this.
    Rule(forms, lambda run: not run.trouble and not run.generator,
         "`{kind}`: `inspect.isgeneratorfunction` said True of the method, and says False now.",
         "decorators-wraps-copies-all",
         "A wrapper with `yield from` is a generator function; one with `return` is not."),
)  # fmt: skip

SAME = (
    *RETRIES,
    Rule(forms, lambda run: run.at_call,
         "`{kind}`: the call alone fetched {at_call} records, before anybody pulled.", "start-call-runs",
         "Put the work into a function with `yield`: its call runs nothing."),
    Rule(forms, lambda run: run.at_first > 1,
         "`{kind}`: the first pull fetched {at_first} records, where one was asked for.", "",
         "Take one record at a time, and `yield` it before you take the next."),
    Rule(forms, lambda run: run.arrived > run.sent,
         "`{kind}`: {sent} records, the line dropped after 2 of them, and what came is {came}.",
         "decorators-restart-is-harmless",
         "Hand on each record once: `retryOnFailure` does, and may be used."),
    Rule(forms, lambda run: run.incomplete,
         "`{kind}`: {sent} records, and what came is {came}.", "",
         "Hand on each record once: `retryOnFailure` does, and may be used."),
    Rule(others, lambda other: other.opened > 1,
         "the source raised {name}, and was opened {opened} times.", "composition-retry-catches-all",
         "Catch `OSError` and nothing else, as `retryOnFailure` does."),
    Rule(pairs, lambda pair: not pair.whole,
         "two sources of the same class, read in turn, gave {told}.", "decorators-body-per-call", EACH_RUN),
    Rule(forms, lambda run: run.slept,
         "between two attempts it waited {slept:g} seconds.", "", NO_PAUSE),
    Rule(forms, lambda run: run.least > AT_ONCE,
         "{least:.2f} seconds or more passed between each failure and the next attempt.", "", NO_PAUSE),
)  # fmt: skip

parenthesised = ruled(
    KEY,
    "With parentheses and without",
    kind="build",
    answer="patient",
    version=4,
    given=given,
    asked=[
        Asked("it works bare, with empty parentheses, and with a setting", 3, FORMS),
        Asked("a stage is refused at the line that decorates", 2, (*REACHED, *REFUSED)),
        Asked("each record comes once, and only when it is pulled", 1, SAME),
        Asked("the method is what it was to every tool", 1, (*REACHED, *KEPT)),
    ],
)
