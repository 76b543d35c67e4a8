"""composition-x1: put a pipeline together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lessons.exercises import composition_parts as at_work
from lessons.exercises.composition_parts import Bare, Feed, Row, Shift, Tray
from lessons.exercises.exercise import Attempt, Sheet, attempt, exactly
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback, Judge, declared
from lessons.words import described as short
from lifecycle.faults import sweep

# --- what the answer is given ---


def readings_of(variant: Variant) -> list[Row]:
    """Some readings, `{"station", "day", "celsius"}`."""
    return variant.readings("composition-x1", variant.number("composition-x1", 5, 8))


class Kinds:
    """Classes in the answer's process; their objects stand for parts of this side."""

    def __init__(self, judge: Judge) -> None:
        self.judge, self.waits = judge, list[object]()
        self.source, self.bare, self.stage, self.sink = judge.witness(at_work.new_kinds)
        named = {"stream": (self.source, self.bare), "process": (self.stage,), "write": (self.sink,)}
        self._methods = [(kind, name, getattr(kind, name)) for name in named for kind in named[name]]

    def changed(self) -> str:
        """The first method that is another one by now, "" for none."""
        found = [f"`{kind.__name__}.{name}`" for kind, name, was in self._methods
                 if getattr(kind, name) is not was]  # fmt: skip
        return next(iter(found), "")

    def settings(self, **values: Any) -> Any:
        """Settings of the kit's own kind."""
        return self.judge.witness(at_work.new_config, values)


@contextmanager
def kinds_of(sheet: Sheet) -> Iterator[Kinds]:
    """New classes for one observation; meanwhile nothing sleeps in the answer's process."""
    kinds = Kinds(sheet.judge)
    sheet.judge.witness(at_work.prepare, Callback(kinds.waits.append))
    try:
        yield kinds
    finally:
        sheet.judge.witness(at_work.tidy)


# --- what is observed ---


@dataclass(frozen=True)
class Night:
    """One night whose line dropped as often as it may."""

    came: int
    times: int
    at: int
    arrived: int
    returned: str
    raised: str
    no_error: bool
    spent: bool
    """Whether a retry was given a stage's stream, and refused it."""
    dropped_out: bool
    """Whether the line's own error came out."""
    right: bool
    delay: float
    waits: str
    waited: bool
    patched: str
    """A method that is another one by now, for all objects of its class."""


def line_drops(answer: Any, sheet: Sheet) -> Iterator[Night]:
    """Two stages, and a line that drops one time less than there are attempts."""
    records = sheet.given
    at = sheet.variant.number("composition-x1 at", 2, len(records) - 1)
    delay = sheet.variant.number("composition-x1 delay", 1, 9) / 4
    attempts = sheet.variant.number("composition-x1 attempts", 4, 6)
    with kinds_of(sheet) as kinds:
        tray, line = Tray(), Feed(records, drops=attempts - 1, at=at)
        feed, stages = kinds.source(line), [kinds.stage(Shift(by)) for by in (1.0, 0.5)]
        settings = kinds.settings(maxAttempts=attempts, delaySeconds=delay)
        tried = attempt(answer, feed, stages, kinds.sink(tray), settings)
        yield Night(
            came=len(records),
            times=attempts - 1,
            at=at,
            arrived=len(tray.rows),
            returned=short(tried.value),
            raised=_said(tried),
            no_error=tried.error is None,
            spent=isinstance(tried.error, TypeError) and "was given an iterator" in tried.raised,
            dropped_out=isinstance(tried.error, OSError) and "the line dropped" in tried.raised,
            right=exactly(tried.value, len(records))
            and exactly([row.get("celsius") for row in tray.rows], [row["celsius"] + 1.5 for row in records]),
            delay=delay,
            waits=", ".join(map(str, kinds.waits)) or "none",
            waited=kinds.waits == [delay] * (attempts - 1),
            patched=kinds.changed(),
        )


@dataclass(frozen=True)
class Part:
    """A part after a night without a failure."""

    place: str
    came: int
    metrics: str
    right: bool


def figures(answer: Any, sheet: Sheet) -> Iterator[Part]:
    """What the parts hold under `metrics` after a night without a failure."""
    records = sheet.given
    with kinds_of(sheet) as kinds:
        feed, stages = kinds.source(Feed(records)), [kinds.stage(Shift(by)) for by in (1.0, 0.5)]
        attempt(answer, feed, stages, kinds.sink(Tray()), kinds.settings(delaySeconds=0))
        for place, part in (("the source", feed), ("stage 1", stages[0]), ("stage 2", stages[1])):
            metrics = getattr(part, "metrics", None)
            right = exactly(getattr(metrics, "records", None), len(records))
            yield Part(place, len(records), short(metrics), right)


def _said(tried: Attempt) -> str:
    return tried.raised + (f", at {tried.where}" if tried.where else "")


@declared("process", name="Part")
class Sieve(Shift):
    """A stage that lets every second record pass."""

    def process(self, stream: Any) -> Iterator[Row]:
        """Yield every second record."""
        for number, record in enumerate(stream):
            if number % 2:
                yield record


@dataclass(frozen=True)
class Passed:
    """One night with a stage that drops records."""

    came: int
    passed: int
    arrived: int
    returned: str
    right: bool


def some_pass(answer: Any, sheet: Sheet) -> Iterator[Passed]:
    """One stage, which drops every other record."""
    records = sheet.given
    passed = len(records) // 2
    with kinds_of(sheet) as kinds:
        tray, stages = Tray(), [kinds.stage(Sieve(0.0))]
        settings = kinds.settings(delaySeconds=0)
        tried = attempt(answer, kinds.source(Feed(records)), stages, kinds.sink(tray), settings)
        yield Passed(len(records), passed, len(tray.rows), short(tried.value), exactly(tried.value, passed))


@dataclass(frozen=True)
class Lost:
    """One night whose line never came back."""

    stages: int
    attempts: int
    opened: int
    raised: str


def line_is_lost(answer: Any, sheet: Sheet) -> Iterator[Lost]:
    """Without a stage, and with two; with other settings than before."""
    records = sheet.given
    attempts = sheet.variant.number("composition-x1 attempts", 4, 6) + 1
    with kinds_of(sheet) as kinds:
        for shifts in ((), (1.0, 0.5)):
            line = Feed(records, drops=10_000, at=2)
            stages = [kinds.stage(Shift(by)) for by in shifts]
            settings = kinds.settings(maxAttempts=attempts, delaySeconds=0)
            tried = attempt(answer, kinds.source(line), stages, kinds.sink(Tray()), settings)
            yield Lost(len(stages), attempts, line.opened, _said(tried))


@dataclass(frozen=True)
class Within:
    """Two nights, one of which ran while the other one was writing."""

    which: str
    came: int
    arrived: int
    returned: str
    right: bool


@declared("__enter__ __exit__ write", name="Part")
class Waiting(Tray):
    """A sink that lets something happen at its second record."""

    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__()
        self.then = then

    def write(self, record: Row) -> None:
        """Take one record."""
        super().write(record)
        if len(self.rows) == 2:
            self.then()


def night_in_a_night(answer: Any, sheet: Sheet) -> Iterator[Within]:
    """A sink whose second record starts another night."""
    records = sheet.given
    other = sheet.variant.readings("composition-x1 other", len(records) + 2)
    with kinds_of(sheet) as kinds:
        settings = kinds.settings(delaySeconds=0)

        def night(rows: list[Row], tray: Tray) -> Attempt:
            source, stages = kinds.source(Feed(rows)), [kinds.stage(Shift(1.0))]
            return attempt(answer, source, stages, kinds.sink(tray), settings)

        inner = Tray()
        ends: list[Attempt] = []
        outer = Waiting(lambda: ends.append(night(other, inner)))
        ends.append(night(records, outer))
        both = (("inner", other, inner), ("outer", records, outer))
        for (which, rows, tray), end in zip(both, ends, strict=False):
            right = exactly(end.value, len(rows)) and len(tray.rows) == len(rows)
            yield Within(which, len(rows), len(tray.rows), short(end.value), right)


@dataclass(frozen=True)
class Run:
    """One run of a sweep."""

    when: str
    phase: str
    """"open", "pull", "write", "end" or "close": what a part was doing when it failed; "" for no failure."""
    leaked: str
    arrived: int
    no_error: bool
    saved: bool
    """Whether all records came in spite of the failure: the source was opened again."""


def swept(answer: Any, sheet: Sheet) -> list[Run]:
    """Fail at every place, while records move first."""
    records = sheet.given[:4]
    with kinds_of(sheet) as kinds:
        once = kinds.settings(maxAttempts=1, delaySeconds=0)
        outcomes = sweep(
            lambda: (Feed(records), [Shift(1.0)], Tray()),
            lambda source, stages, sink: answer(
                kinds.source(source), [kinds.stage(one) for one in stages], kinds.sink(sink), once
            ),
        ).outcomes
    runs = [
        Run(
            when=f"after a failure at {one.fault}" if one.fault else "after a run without a failure",
            phase=one.fault.phase if one.fault else "",
            leaked=", ".join(one.leaked),
            arrived=one.arrived,
            no_error=one.raised is None,
            saved=one.arrived == outcomes[0].arrived and "source, pull" in str(one.fault),
        )
        for one in outcomes
    ]
    return sorted(runs, key=lambda one: one.phase not in ("", "pull", "write"))


@dataclass(frozen=True)
class Odd:
    """One night with parts and settings that the answer has never seen."""

    parts: str
    came: int
    arrived: int
    has_sink: bool
    returned: str
    raised: str
    no_error: bool

    @property
    def right(self) -> bool:
        """Whether the count is right, and all of it in the sink, if there is one."""
        return self.returned == str(self.came) and (self.arrived == self.came or not self.has_sink)


def odd_parts(answer: Any, sheet: Sheet) -> Iterator[Odd]:
    """Sources that open nothing, no stage, no sink, a sink that is empty, and settings of another class."""
    records = sheet.given
    with kinds_of(sheet) as kinds:
        for opens, has_sink, empty in ((False, True, False), (False, False, False), (True, False, False),
                                       (True, True, True)):  # fmt: skip
            given = at_work.Asked(maxAttempts=3, delaySeconds=0, label="any")
            tray = Tray()
            source = kinds.source(Feed(records)) if opens else kinds.bare(Bare(records))
            sink = sheet.judge.witness(at_work.new_empty, tray) if empty else kinds.sink(tray)
            tried = attempt(answer, source, (), sink if has_sink else None, given)
            yield Odd(
                parts=f"a source that opens {'a line' if opens else 'nothing'}, no stage and "
                + ("a sink whose `len()` is 0" if empty else "a sink" if has_sink else "no sink"),
                came=len(records),
                arrived=len(tray.rows),
                has_sink=has_sink,
                returned=short(tried.value),
                raised=_said(tried),
                no_error=tried.error is None,
            )


# --- the rules ---

# A night in which nothing moves shows nothing else, so that it costs everything.
NOTHING = Rule(
    line_drops, lambda night: not night.arrived,
    "not one record arrived, and the night raised {raised}.", "", "Mend that first.",
)  # fmt: skip

ONCE = (
    Rule(line_drops, lambda night: night.spent,
         "a stage was retried: {raised}.", "decorators-stage-is-source",
         "Retry the source alone: the stream that a stage was given is exhausted after a failure."),
    Rule(line_drops, lambda night: night.dropped_out,
         "the line dropped {times} times at record {at}, `maxAttempts` is one more, and the night raised "
         "{raised}.",
         "", "Put `retryOnFailure(config.maxAttempts, config.delaySeconds)` around the source's `stream`."),
    Rule(line_drops, lambda night: not night.no_error,
         "the night raised {raised}.", "",
         "Call `night` in a new cell, as the task shows it, and read the traceback."),
    Rule(line_drops, lambda night: night.arrived > night.came,
         "{came} records came, the line dropped {times} times, and {arrived} arrived.",
         "decorators-restart-is-harmless",
         "Try the source's stream again, not the whole night: the sink has some records already."),
    Rule(line_drops, lambda night: not night.right,
         "{came} records came, {arrived} arrived, and the answer is {returned}.", "",
         "Return what `pipeline.run()` returns, with all stages in the pipeline."),
    Rule(line_is_lost, lambda lost: lost.opened != lost.attempts,
         "with `maxAttempts` {attempts}, {stages} stages and a line that always drops, the attempts were "
         "{opened}, "
         "and what came out is {raised}.", "",
         "Hand on `config.maxAttempts`, and decorate the source once, with stages or without."),
    Rule(some_pass, lambda passed: passed.arrived == passed.passed and not passed.right,
         "a stage let {passed} of {came} records pass, {arrived} arrived, and the answer is {returned}.", "",
         "Return what `pipeline.run()` returns: that is what the sink has accepted."),
    Rule(night_in_a_night, lambda night: not night.right,
         "a second night ran while the first one was writing. Of the {came} records of the {which} one "
         "{arrived} "
         "arrived, and the answer is {returned}.", "",
         "Keep the count of a night in a variable of its own call."),
)  # fmt: skip

CLOSED = (
    NOTHING,
    Rule(swept, lambda run: run.phase in ("", "pull", "write") and run.leaked,
         "still open {when}: {leaked}.", "", at_work.WITH),
    Rule(swept, lambda run: run.leaked,
         "still open {when}: {leaked}.", "composition-finally-covers-all", at_work.WITH),
    Rule(swept, lambda run: run.phase in ("open", "pull", "write") and run.no_error and not run.saved,
         "{when} no error came out, and {arrived} records had arrived.", "composition-clean-is-right",
         "Whoever starts the night must learn that it failed: let the error out."),
)  # fmt: skip

FIGURES = (
    NOTHING,
    Rule(figures, lambda part: not part.right,
         "{place} has no figures of {came} records: its `metrics` is {metrics}.",
         "composition-context-measures",
         "On the object itself: `stage.process = measuredStage(stage.process)`; so the source."),
    Rule(line_drops, lambda night: night.patched,
         "after the night {patched} is another one, for all objects of the class.", "",
         "Leave the class as it is: `source.stream = …` puts the decorated method on the object."),
)  # fmt: skip

ANY = (
    NOTHING,
    Rule(odd_parts, lambda night: not night.no_error,
         "given {parts}, and settings that are not a `PipelineConfig`, the night raised {raised}.",
         "composition-patterns-need-each-other",
         "Ask no part what it is: call `stream`, `process`, `write`; read `config.maxAttempts`."),
    # An answer that returns nothing loses more than half: the count is all that it can tell without a sink.
    Rule(odd_parts, lambda night: not night.right,
         "given {parts}, the answer is {returned}: {came} records came, and {arrived} arrived.", "",
         "Return how many records came, also without a sink. Ask `sink is not None`: a sink may be empty."),
    Rule(line_drops, lambda night: night.right and not night.waited,
         "the line dropped {times} times, `delaySeconds` is {delay}, and the waits were: {waits}.", "",
         "Hand on `config.delaySeconds`."),
)  # fmt: skip

together = ruled(
    "composition-x1",
    "Put a pipeline together",
    kind="complete",
    answer="night",
    version=3,
    given=readings_of,
    asked=[
        Asked("a line that drops is opened again, and each record comes once", 2, ONCE),
        Asked("everything is closed, wherever it breaks", 2, CLOSED),
        Asked("each part that yields is measured", 1, FIGURES, hearsay=True),
        Asked("any parts and any settings will do", 2, ANY),
    ],
)
