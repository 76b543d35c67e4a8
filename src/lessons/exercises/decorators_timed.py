"""What decorators-x1 and decorators-x2 observe alike: a decorated method whose part says how long it worked.

Time passes on a clock of the judge's own, where a part waits, so that a figure is right or wrong to the
second. The reader's waits are much longer than all work together: what holds one of them is recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lessons.exercises.decorators_parts import Clock, Station, subclass, texts
from lessons.exercises.exercise import Sheet, attempt, described, exactly, named, where
from lessons.exercises.rules import Observation, Rule
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback
from lessons.words import described as short

IDLE, PAUSE = 100, 1000
"""Seconds between the call and the first pull, and after each record."""


def station(variant: Variant, key: str, last: int = 0, count: int = 0) -> Any:
    """A class of stations with readings, costs and a clock of its own."""
    readings = texts(variant, key, count or variant.number(f"{key}:count", 5, 8))
    costs = tuple(variant.number(f"{key}:cost {number}", 4, 9) for number in range(len(readings)))
    return subclass(Station, clock=Clock(), readings=readings, costs=costs, last=last)


@dataclass
class Pulled:
    """One stream, from the call to its end. It keeps the stream, so that nothing closes by itself."""

    what: str
    """Which run this was, in words."""
    kind: str
    expected: list[Any]
    gave: str = ""
    """What the call gave, if it cannot be pulled."""
    records: list[Any] = field(default_factory=list)
    at_call: int = 0
    """How many records the upstream had given when the call came back, and after the first pull."""
    at_first: int = 0
    error: BaseException | None = None
    closes: bool = True
    stream: Any = None

    @property
    def came(self) -> str:
        """The records in a few words."""
        return short(self.records)

    @property
    def sent(self) -> int:
        """How many records were there."""
        return len(self.expected)

    @property
    def arrived(self) -> int:
        """How many came through."""
        return len(self.records)

    @property
    def whole(self) -> bool:
        """Whether the records came as they were."""
        return exactly(self.records, self.expected)

    @property
    def dry(self) -> bool:
        """Whether a `next` inside a generator ran dry."""
        return isinstance(self.error, RuntimeError) and isinstance(self.error.__cause__, StopIteration)

    @property
    def deaf(self) -> bool:
        """Whether the stream went on after `close()`."""
        return isinstance(self.error, RuntimeError) and "ignored GeneratorExit" in str(self.error)

    @property
    def raised(self) -> str:
        """The error, as one line."""
        return described(self.error) if self.error is not None else "no error"

    @property
    def place(self) -> str:
        """The student's own line at which it was raised."""
        inner = self.error.__cause__ if self.dry and self.error is not None else self.error
        found = where(inner) if inner is not None else ""
        return f" at {found}" if found else ""


def pull(
    one: Pulled, call: Callable[[], Any], reads: Callable[[], int], clock: Clock,
    *errors: type[BaseException], idle: int = 0, pause: int = 0, pulls: int | None = None,
    most: int = 1, each: Callable[[], object] = lambda: None,
) -> None:  # fmt: skip
    """Call, wait, and pull to the end, or close after some pulls. Raises an error that is not awaited.

    most: how many times as many records as there are may come, before it is taken for endless.
    """
    called = attempt(call)
    one.at_call = reads()
    if called.error is not None:
        one.error = called.error
        if not isinstance(one.error, errors):
            raise one.error
        return
    clock.wait(idle)
    begun = attempt(iter, called.value)
    if begun.error is not None:
        one.gave = short(called.value)
        return
    one.stream = begun.value
    while pulls is None or len(one.records) < pulls:
        pulled = attempt(next, one.stream)
        if pulled.error is not None:
            one.error = None if isinstance(pulled.error, StopIteration) else pulled.error
            break
        one.records.append(pulled.value)
        each()
        if len(one.records) == 1:
            one.at_first = reads()
        if len(one.records) > most * len(one.expected):
            break  # an answer may go on without end
        clock.wait(pause)
    else:
        one.closes = hasattr(one.stream, "close")
        one.error = attempt(one.stream.close).error if one.closes else None
    if one.error is not None and not (one.dry or one.deaf or isinstance(one.error, errors)):
        raise one.error


@dataclass
class Timed(Pulled):
    """A run of a decorated source or stage, and the figure that it left on its part."""

    worked: int = 0
    upstream: int = 0
    first: int = 0
    """What the first record cost, and the end."""
    last: int = 0
    off: float = 0
    """What the figure of a plain run was wrong by: it is said once, not of each run."""
    seconds: Any = None
    elsewhere: bool = False
    asked: int = 0

    @property
    def missing(self) -> bool:
        """Whether the figure is not a number."""
        return type(self.seconds) not in (int, float)

    @property
    def value(self) -> float:
        """The figure."""
        return 0.0 if self.missing else round(float(self.seconds), 6)

    @property
    def reads(self) -> str:
        """The figure as a sentence says it."""
        if self.missing:
            return "is missing" if self.seconds is None else f"is {short(self.seconds)}"
        return f"reads {self.value:g}"

    @property
    def wrong_by(self) -> float:
        """How much more it is than the work."""
        return self.value - self.worked

    @property
    def extra(self) -> float:
        """How much more it is than the work, apart from what a plain run was wrong by."""
        return self.wrong_by - self.off


def same_defect(plain: Timed, one: Timed) -> float:
    """What a run to the end is wrong by, if it is wrong for the reason that a plain run was."""
    same = {-plain.first: -one.first, -plain.last: -one.last, plain.last: one.last}
    return same.get(int(plain.wrong_by), plain.wrong_by)


def read(one: Timed, part: Any, made: Any, clock: Clock) -> Timed:
    """Add the figure of a part. It may have gone to the decorated function, which explains its absence."""
    one.seconds, one.asked = named(part, "seconds"), clock.asked
    one.elsewhere = one.seconds is None and named(made, "seconds") is not None
    return one


@dataclass
class Made:
    """What the answer made of a function."""

    label: str
    shown: str
    kind: str
    callable: bool
    binds: bool


def look(label: str, made: Any) -> Made:
    """Look at what a decorator gave."""
    return Made(label, short(made), type(made).__name__, callable(made), hasattr(made, "__get__"))


def decorating(label: str, parameters: str, name: str, clock: bool = True) -> Observation:
    """An observation that decorates one function, and looks at what comes of it."""

    def decorated(answer: Any, sheet: Sheet) -> Iterator[Made]:
        function = sheet.judge.function(lambda part, *more: iter(()), name, parameters, doc="Work.")
        more = [Callback(Clock(), "clock")] if clock else []
        yield look(label, answer(function, *more))

    return decorated


def is_method(of: Observation) -> tuple[Rule, ...]:
    """The rules by which what a decorator gave is no method."""
    return (
        Rule(of, lambda made: not made.callable and not made.binds,
             "`{label}` gave {shown} in place of a function, so the method is gone.",
             "decorators-missing-return-shows", "End the decorator with `return wrapper`."),
        Rule(of, lambda made: not made.binds,
             "`{label}` gave an object of the class `{kind}` in place of a function: called as a method, "
             "that is not given `self`.", "decorators-class-binds-self",
             "Return a function, or give the class a `__get__` that binds the object."),
    )  # fmt: skip
