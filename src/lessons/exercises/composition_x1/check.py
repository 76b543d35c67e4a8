"""composition-x1: put a pipeline together."""

from functools import partial
from typing import Any

from lessons.exercises import Asked, Facts, Rule, Sheet, attempt, exactly, ruled, short
from lessons.exercises import composition_parts as at_work
from lessons.exercises.composition_parts import Feed, Row, Shift, Tray, ended, run_of
from lifecycle import faults
from lifecycle.faults import Fault


class Desk:
    """New classes in the answer's process, whose objects represent parts of this side."""

    def __init__(self, answer: Any, sheet: Sheet, folder: object, waits: list[object]) -> None:
        self.answer, self.judge, self.waits, self.records = answer, sheet.judge, waits, sheet.given
        self.source, self.bare, self.stage, self.sink, self.empty = self.judge.witness(at_work.new_kinds)

    def night(self, line: Any, stages: Any, tray: Any, **settings: Any) -> Any:
        """What the answer returns for these parts; they are `parts` afterwards, without the sink."""
        kinds, settings = [self.source, self.stage, self.sink], {"delaySeconds": 0, **settings}
        # One message makes all of them.
        *self.parts, sink, config = self.judge.witness(at_work.new_parts, kinds, line, stages, tray, settings)
        return self.answer(self.parts[0], self.parts[1:], sink, config)


desk = partial(at_work.desk, Desk)


def line_drops(answer: Any, sheet: Sheet) -> Facts:
    """Two stages, and a line that drops one time less than there are attempts."""
    number = sheet.variant.number
    attempts = number("composition-x1 attempts", 4, 5)
    delay = number("composition-x1 delay", 1, 9) / 4 + 0.125  # never what `retryOnFailure` waits by default
    at = number("composition-x1 at", 2, len(sheet.given) - 1)
    with desk(answer, sheet) as here:
        tray, line = Tray(), Feed(here.records, attempts - 1, at)
        shifts = [Shift(1.0), Shift(0.5)]
        tried = attempt(here.night, line, shifts, tray, maxAttempts=attempts, delaySeconds=delay)
        came, celsius = len(here.records), [row["celsius"] + 1.5 for row in here.records]
        arrived = [row.get("celsius") for row in tray.rows]
        yield ended(
            tried, came=came, times=attempts - 1, arrived=len(arrived),
            # A retry was given a stage's stream, and refused it.
            spent=isinstance(tried.error, TypeError) and "was given an iterator" in tried.raised,
            right=exactly(tried.value, came) and exactly(arrived, celsius), delay=delay,
            waits=", ".join(map(str, here.waits)) or "none",
            waited=here.waits == [delay] * (attempts - 1),
            patched=", ".join(sheet.judge.witness(at_work.changed)[:1]),
        )  # fmt: skip


def line_is_lost(answer: Any, sheet: Sheet) -> Facts:
    """A line that always drops; without a stage, and with two; with other settings than before."""
    attempts = 6  # not drawn: whether a smaller number of the answer's own is noticed must not depend on luck
    with desk(answer, sheet) as here:
        for most, stages in (attempts, []), (1, []), (2, [Shift(1.0), Shift(0.5)]):
            line = Feed(here.records, drops=10_000, at=2)
            tried = attempt(here.night, line, stages, Tray(), maxAttempts=most)
            yield ended(tried, stages=len(stages), attempts=most, opened=line.opened)


def no_failure(answer: Any, sheet: Sheet) -> Facts:
    """A night without a failure; its second stage drops every other record."""
    with desk(answer, sheet) as here:
        tray, came, passed = Tray(then=lambda: "stored"), len(here.records), len(here.records) // 2
        tried = attempt(here.night, Feed(here.records), [Shift(1), Shift(0.5, every=2), Shift(0.25)], tray)
        names, expected = ("the source", "stage 1", "stage 2", "stage 3"), (came, came, passed, passed)
        counted = exactly(tried.value, passed) or len(tray.rows) != passed
        metrics = [getattr(part, "metrics", None) for part in here.parts]
        for place, one, yielded in zip(names, metrics, expected, strict=True):
            records = getattr(one, "records", None)
            counts = "none" if records is None else short(records)
            part = {"place": place, "yielded": yielded, "measured": exactly(records, yielded)}
            yield ended(tried, came=came, passed=passed, counted=counted, counts=counts, **part)


def night_in_a_night(answer: Any, sheet: Sheet) -> Facts:
    """A sink whose second record starts another night."""
    with desk(answer, sheet) as here:
        other = sheet.variant.readings("composition-x1 other", len(here.records) + 2)
        nights: list[Any] = []

        def night(which: str, rows: list[Row], tray: Tray) -> None:
            tried = attempt(here.night, Feed(rows), [Shift(1.0)], tray)
            right = exactly(tried.value, len(rows)) and len(tray.rows) == len(rows)
            nights.append(ended(tried, which=which, came=len(rows), arrived=len(tray.rows), right=right))

        night("outer", here.records, Tray(then=lambda: night("inner", other, Tray())))
        yield from nights


def swept(answer: Any, sheet: Sheet) -> list[Any]:
    """Fail at every place, while records move first; also by other errors. `saved`: yet all records came."""
    with desk(answer, sheet) as here:

        def build(*stages: Shift) -> tuple[Any, ...]:
            return Feed(here.records[:2]), stages, Tray()

        outcomes = [*faults.sweep(partial(build, Shift(1.0)), partial(here.night, maxAttempts=1)).outcomes]
        for kind in (KeyboardInterrupt, ValueError, OSError):  # with several attempts
            outcomes.append(faults.attempt(build, here.night, Fault("sink", "write", 2, kind), 99, False)[0])
    runs = []
    for one in outcomes:
        saved = one.arrived == outcomes[0].arrived and "source, pull" in str(one.fault)
        injected = one.fault and f"{one.fault.error.__name__}: injected: {one.fault}"
        runs.append(run_of(one, saved=saved, raised=one.raised or "no error", other=one.raised != injected))
    return sorted(runs, key=lambda run: run.phase not in ("", "pull", "write"))


def odd_parts(answer: Any, sheet: Sheet) -> Facts:
    """Sources that open nothing, no stage, no sink, a sink that is empty, and settings of another class."""
    with desk(answer, sheet) as here:
        for source, sink, stages, parts in (
            (here.bare, here.sink, [], "a source that opens nothing, no stage and a sink"),
            (here.bare, None, [], "a source that opens nothing, no stage and no sink"),
            (here.source, None, [Shift(1.0, every=2)], "a source that opens a line, a stage and no sink"),
            (here.source, here.empty, [], "a source that opens a line, no stage and an empty sink"),
        ):
            tray, values = Tray(), {"maxAttempts": 3, "delaySeconds": 0}
            settings = here.judge.witness(at_work.new_config, values, False)
            into = None if sink is None else sink(tray)
            tried = attempt(answer, source(Feed(here.records)), [*map(here.stage, stages)], into, settings)
            came, arrived = len(here.records) // (1 + len(stages)), len(tray.rows)
            right = exactly(tried.value, came) and (sink is None or arrived == came)
            yield ended(tried, parts=parts, came=came, arrived=arrived, right=right)


# A night in which no record moves shows nothing else, so it costs all points.
NOTHING = Rule(line_drops, lambda night: not night.arrived,
               "not one record arrived, and the night raised {raised}.", "", "Fix that first.")  # fmt: skip
ONCE = Asked("a line that drops is opened again, and each record comes once", 2, (
    Rule(line_drops, lambda night: night.spent,
         "a stage was retried: {raised}.", "decorators-stage-is-source",
         "Retry the source alone: the stream that a stage was given is exhausted after a failure."),
    Rule(line_drops, lambda night: not night.no_error,
         "the line dropped {times} times, and `maxAttempts` is one more. The night raised {raised}.", "",
         "Put `retryOnFailure(config.maxAttempts, config.delaySeconds)` around the source's `stream`."),
    Rule(line_drops, lambda night: night.arrived > night.came,
         "{came} records came, the line dropped {times} times, and {arrived} arrived.",
         "", "Try the source's stream again, not the whole night: the sink already has some records."),
    Rule(line_drops, lambda night: not night.right,
         "{came} records came, {arrived} arrived, and `night` returned {returned}.", "",
         "Return what `pipeline.run()` returns, with all stages in the pipeline."),
    Rule(line_is_lost, lambda lost: lost.opened != lost.attempts or lost.no_error,
         "the line always dropped. With `maxAttempts` {attempts} and {stages} stages, the source was opened "
         "{opened} times, and `night` raised {raised}.", "",
         "Pass `config.maxAttempts` to the retry, decorate the object once (not its class), and let the last "
         "error go on."),
    Rule(no_failure, lambda part: not part.counted,
         "a stage yielded {passed} of {came} records, and they arrived. The sink's `write` returned 'stored' "
         "for the second record, and `night` returned {returned}.", "",
         "Return what `pipeline.run()` returns: the number of records that the sink has accepted."),
    Rule(night_in_a_night, lambda night: not night.right,
         "a second night ran while the first one was writing. Of the {came} records of the {which} night, "
         "{arrived} arrived, and it returned {returned}.", "",
         "Store the count of a night in a local variable."),
))  # fmt: skip
CLOSED = Asked("everything is closed wherever it breaks, and the error comes out", 2, [NOTHING], (
    Rule(swept, lambda run: run.leaked, "still open {when}: {leaked}.", "", at_work.WITH),
    Rule(swept, lambda run: run.phase in ("open", "pull", "write") and run.no_error and run.arrived < 2,
         "{when}, no error came out, and {arrived} records had arrived.", "",
         "The caller of `night` must learn that it failed: let the error go on."),
    Rule(swept, lambda run: run.phase not in ("", "end") and run.other and not run.saved,
         "{when}, {raised} came out.", "",
         "Let the error of the failure go on unchanged, and try only the source again."),
))  # fmt: skip
FIGURES = Asked("each part that yields is measured", 1, [NOTHING], (
    Rule(no_failure, lambda part: not part.measured,
         "{place} yielded {yielded} records, but its `metrics` counts {counts}.", "",
         "On the object itself: `stage.process = measuredStage(stage.process)`. Do the same for the source."),
    Rule(line_drops, lambda night: night.patched,
         "after the night, {patched} is another function, for all objects of the class.", "",
         "Do not change the class: `source.stream = …` stores the decorated method on the object."),
), hearsay=True)  # fmt: skip
ANY = Asked("all kinds of parts and settings work", 2, [NOTHING], (
    Rule(odd_parts, lambda night: not night.no_error,
         "given {parts}, and settings that are not a `PipelineConfig`, the night raised {raised}.",
         "", "Check no types: call `stream`, `process` and `write`, and read `config.maxAttempts`. "
         "`PipelineContext` enters only what has an `__enter__`."),
    # An answer that returns nothing loses more than half: the count is all that it can tell without a sink.
    Rule(odd_parts, lambda night: not night.right,
         "given {parts}, `night` returned {returned}. {came} records came, and {arrived} arrived.", "",
         "Return how many records left the last stage, also without a sink. Test `sink is not None`: a sink "
         "may be empty."),
    Rule(line_drops, lambda night: night.right and not night.waited,
         "the line dropped {times} times, `delaySeconds` is {delay}, and the waits were: {waits}.", "",
         "Pass `config.delaySeconds` to the retry."),
))  # fmt: skip
ruled("composition-x1", "Put a pipeline together", kind="complete", answer="night", version=11,
      given=lambda variant: variant.readings("composition-x1", variant.number("composition-x1", 4, 5)),
      asked=[ONCE, CLOSED, FIGURES, ANY])  # fmt: skip
