"""Checks of the project: the three patterns put together, and made to fail at every point they have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lessons.exercises import composition_parts as at_work
from lessons.exercises.composition_parts import (
    Bare,
    Feed,
    Shift,
    Tray,
)
from lessons.exercises.decorators_parts import MANY
from lessons.exercises.exercise import Attempt, Sheet, Wrong, attempt, exactly, exercise, materials
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback, Judge
from lessons.words import described as short
from lifecycle.faults import Outcome, sweep

_WITH = "Hand all of it to a `PipelineContext`, in a `with`: it closes last first, whatever fails."


def _first(tried: Attempt) -> Any:
    """The value of an attempt. Raises what it raised."""
    if tried.error is not None:
        raise tried.error
    return tried.value


def _left_open(outcomes: tuple[Outcome, ...]) -> None:
    """Raise `Wrong` for the first run that left something open, or kept its error to itself."""
    by_phase = sorted(outcomes, key=lambda one: bool(one.fault and one.fault.phase in ("end", "close")))
    for one in by_phase:
        if one.leaked:
            when = f"after a failure at {one.fault}" if one.fault else "after a run without a failure"
            raise Wrong(
                "composition-finally-covers-all", f"still open {when}: {', '.join(one.leaked)}.", _WITH
            )
    for one in outcomes:
        if one.fault and one.fault.phase in ("open", "pull", "write") and one.raised is None:
            if (one.fault.place, one.fault.phase, one.arrived) == ("source", "pull", outcomes[0].arrived):
                continue  # saved by one attempt more than the settings allow: that is looked at elsewhere
            raise Wrong(
                "composition-clean-is-right",
                f"after a failure at {one.fault} no error came out, and {one.arrived} records had arrived.",
                "Whoever starts the night must learn that it failed: let the error out.",
            )


@exercise(
    "composition-x1",
    "Put a pipeline together",
    kind="complete",
    answer="night",
    aspects={
        "a line that drops is opened again, and each record comes once": 2,
        "everything is closed, wherever it breaks": 2,
        "each part that yields is measured": 1,
        "any parts and any settings will do": 2,
    },
    version=2,
    wired=True,
)
def together(answer: Any, sheet: Sheet) -> None:
    """Run the answer on a line that drops, sweep it, and hand it parts that it has never seen."""
    with prepared(sheet.judge):
        _together(answer, sheet)


@contextmanager
def prepared(judge: Judge) -> Iterator[None]:
    """Let nothing sleep in the answer's process, and put the kit's classes back at the end."""
    naps: list[object] = []
    judge.witness(at_work.prepare, Callback(naps.append))
    try:
        yield
    finally:
        judge.witness(at_work.tidy)


class Kinds:
    """Classes in the answer's process; their objects stand for parts of this side."""

    def __init__(self, judge: Judge) -> None:
        self.source, self.bare, self.stage, self.sink = judge.witness(at_work.new_kinds)
        methods = (
            (self.source, "stream"),
            (self.bare, "stream"),
            (self.stage, "process"),
            (self.sink, "write"),
        )
        self._methods = [(kind, name, getattr(kind, name)) for kind, name in methods]

    def changed(self) -> list[str]:
        """The methods that are other ones by now."""
        return [
            f"`{kind.__name__}.{name}`" for kind, name, was in self._methods if getattr(kind, name) is not was
        ]


def _together(answer: Any, sheet: Sheet) -> None:
    records = sheet.given
    at = sheet.variant.number("composition-x1 at", 2, len(records) - 1)
    kinds = Kinds(sheet.judge)

    def settings(**values: Any) -> Any:
        return sheet.judge.witness(at_work.new_config, values)

    tray = Tray()
    feed, stages = kinds.source(Feed(records, drops=2, at=at)), [kinds.stage(Shift(by)) for by in (1.0, 0.5)]
    whole = attempt(answer, feed, stages, kinds.sink(tray), settings(delaySeconds=0))
    patched = kinds.changed()
    shifted = [row["celsius"] + 1.5 for row in records]

    def arrived() -> None:
        got = [row.get("celsius") for row in tray.rows]
        if whole.error is not None and "dropped" in whole.raised:
            raise Wrong(
                "decorators-call-guards",
                f"the line dropped twice at record {at}, and the error came out"
                + (f" at {whole.where}." if whole.where else "."),
                "Put `retryOnFailure(config.maxAttempts, config.delaySeconds)` around the source's `stream`.",
            )
        if isinstance(whole.error, TypeError) and "was given an iterator" in whole.raised:
            raise Wrong(
                "decorators-stage-is-source",
                f"a stage was retried: {whole.raised}.",
                "Retry the source alone: the stream that a stage was given is spent after a failure.",
            )
        _first(whole)
        if len(got) > len(shifted):
            raise Wrong(
                "decorators-restart-is-harmless",
                f"{len(records)} records came, the line dropped twice, and {len(got)} arrived.",
                "Try the source's stream again, not the whole night: the sink has some records already.",
            )
        if not exactly(got, shifted) or not exactly(whole.value, len(shifted)):
            raise Wrong(
                "",
                f"{len(records)} records came, {len(got)} arrived, and the answer is {short(whole.value)}.",
                "Return what `pipeline.run()` returns, with all stages in the pipeline.",
            )

    def counted(stages: list[Any]) -> None:
        """Raise `Wrong` unless a line that never comes back is opened as often as the settings say."""
        lost = Feed(records, drops=MANY, at=at)
        given = settings(maxAttempts=2, delaySeconds=0)
        tried = attempt(answer, kinds.source(lost), stages, kinds.sink(Tray()), given)
        if lost.drops != MANY - 2:
            raise Wrong(
                "",
                f"with `maxAttempts` 2, {len(stages)} stages and a line that always drops, the attempts were "
                f"{MANY - lost.drops}, and then {tried.raised} came out.",
                "Hand on `config.maxAttempts`, and decorate the source once, with stages or without.",
            )

    with sheet.aspect("a line that drops is opened again, and each record comes once"):
        arrived()
        for some in ([], [1.0, 0.5]):
            counted([kinds.stage(Shift(by)) for by in some])
    with sheet.aspect("everything is closed, wherever it breaks"):
        _works(tray)
        once = settings(maxAttempts=1, delaySeconds=0)
        swept = sweep(
            lambda: (Feed(records[:4]), [Shift(1.0)], Tray()),
            lambda source, stages, sink: answer(
                kinds.source(source), [kinds.stage(one) for one in stages], kinds.sink(sink), once
            ),
        )
        _left_open(swept.outcomes)
    with sheet.aspect("each part that yields is measured"):
        _works(tray)
        for place, part in (("source", feed), ("stage 1", stages[0]), ("stage 2", stages[1])):
            metrics = getattr(part, "metrics", None)
            if not exactly(getattr(metrics, "records", None), len(records)):
                raise Wrong(
                    "composition-context-measures",
                    f"{place} has no figures of {len(records)} records: its `metrics` is {short(metrics)}.",
                    "On the object itself: `stage.process = measuredStage(stage.process)`; so the source.",
                )
        if patched:
            raise Wrong(
                "",
                f"after the night {patched[0]} is another, for all objects of the class.",
                "Leave the class as it is: `source.stream = …` puts the decorated method on the object.",
            )
    with sheet.aspect("any parts and any settings will do"):
        _works(tray)
        for source, sink in ((Bare(records), Tray()), (Bare(records), None), (Feed(records), None)):
            given = at_work.Asked(maxAttempts=3, delaySeconds=0, label="any")
            kind = kinds.source if type(source) is Feed else kinds.bare
            tried = attempt(answer, kind(source), (), sink and kinds.sink(sink), given)
            if not exactly(tried.value, len(records)):
                parts = f"{type(source).__name__} with {'no' if sink is None else 'a'} sink and no stage"
                came = tried.raised if tried.error is not None else short(tried.value)
                place = f" at {tried.where}" if tried.where else ""
                raise Wrong(
                    "composition-patterns-need-each-other" if tried.error is not None else "",
                    f"given a {parts}, and settings that are no `PipelineConfig`: {came}{place}.",
                    "Ask no part what it is: call `stream`, `process`, `write`; read `config.maxAttempts`."
                    if tried.error is not None
                    else "Return how many records came, also without a sink.",
                )
            given.needed("delaySeconds")


def _works(tray: Tray) -> None:
    if not tray.rows:
        raise Wrong("", "not one record arrived, so there is nothing to look at.", "Mend that first.")


@materials(together)
def together_given(variant: Variant) -> Any:
    """Some readings, `{"station", "day", "celsius"}`."""
    return variant.readings("composition-x1", variant.number("composition-x1", 5, 8))


@exercise(
    "composition-x4",
    "A test that luck cannot pass",
    kind="test",
    answer="test_run",
    aspects={
        "it catches a runner that leaves parts open": 2,
        "it lets every right runner pass": 2,
        "it catches a runner that leaves only the streams open": 1,
        "it catches a runner whose closing stops at a close that fails": 1,
        "it catches a runner that keeps an error to itself": 1,
    },
    version=2,
    wired=True,
)
def catching(answer: Any, sheet: Sheet) -> None:
    """Give the test right runners and wrong ones."""
    calls = [0]
    sheet.judge.keep = True

    def judged(runner: at_work.Runner) -> Attempt:
        def run(source: Any, stages: Any = (), sink: Any = None) -> int:
            calls[0] += 1
            return runner(source, stages, sink)

        return attempt(answer, Callback(run))

    # The runners run here, on the parts that the test makes there, in an order that it cannot know.
    runners = [*at_work.RIGHT, *(one for ones in at_work.LEAKY.values() for one in ones)]
    sheet.variant.random("composition-x4 order").shuffle(runners)
    ends = {one: judged(one) for one in runners}
    right = [(one, ends[one]) for one in at_work.RIGHT]
    leaky = {kind: [(one, ends[one]) for one in ones] for kind, ones in at_work.LEAKY.items()}

    def told() -> None:
        if not calls[0]:
            stopped = right[0][1]
            if stopped.error is not None and not isinstance(stopped.error, AssertionError):
                raise stopped.error
            raise Wrong("", "your test never ran a runner.", "Call `run(*build())` in it, or sweep with it.")

    def catches(kind: str, belief: str, what: str, advice: str) -> None:
        told()
        for _, tried in leaky[kind]:
            if tried.error is None:
                raise Wrong(belief, f"a runner that {what} passed your test.", advice)
            if not isinstance(tried.error, AssertionError):
                came = f"{tried.raised}{' at ' + tried.where if tried.where else ''}"
                raise Wrong(
                    belief,
                    f"a runner that {what} made your test end with {came}, no `AssertionError`.",
                    "Catch what the runner raises and keep it; then assert.",
                )

    with sheet.aspect("it catches a runner that leaves parts open"):
        advice = "Make it fail, at a record for example, and look at `faults.sweep(build, run).leaks`."
        catches("record", "leaks-traceback-keeps", "closes only when all went well", advice)
    with sheet.aspect("it lets every right runner pass"):
        told()
        if not any(tried.error is not None for ones in leaky.values() for _, tried in ones):
            raise Wrong("", "your test lets every runner pass, the leaky ones as well.", "Mend that first.")
        own = "PipelineContext" in sheet.judge.witness(at_work.names_in, answer)  # for the belief alone
        taste = any(tried.error is None for _, tried in right)
        for runner, tried in right:
            if tried.error is not None:
                place = f", at {tried.where}" if tried.where else ""
                raise Wrong(
                    "composition-patterns-need-each-other" if taste or own else "",
                    f"your test rejects a runner that closes all ({runner.__name__}): {tried.raised}{place}.",
                    "A runner may use a context, a stack or `finally`: assert on what stays open alone."
                    if taste
                    else "A run without a fault (`outcome.fault` is None) raises nothing, and records may "
                    "arrive before a fault: ask only what is open, and whether a fault's error came out.",
                )
    with sheet.aspect("it catches a runner that leaves only the streams open"):
        advice = "Keep the errors and the streams while you look: what is still suspended is still open."
        catches("streams", "leaks-refcount-closes", "leaves the generators to reference counting", advice)
    with sheet.aspect("it catches a runner whose closing stops at a close that fails"):
        advice = "Let a part fail to close, too: `sweep` does, at the phases end and close."
        catches("close", "composition-finally-covers-all", "closes all in one `finally`, one by one", advice)
    with sheet.aspect("it catches a runner that keeps an error to itself"):
        advice = "Clean is not right: after each fault, assert that an error came out."
        catches("quiet", "composition-clean-is-right", "closes everything and swallows the error", advice)


@materials(catching)
def catching_given(variant: Variant) -> Callable[[], tuple[Any, Any, Any]]:
    """Return `build`: each call gives a fresh source, stages and sink."""
    records = variant.readings("composition-x4", 3)
    return lambda: (Feed(records), (Shift(1.0),), Tray())
