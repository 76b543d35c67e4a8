"""composition-x5: the whole night."""

from functools import partial
from pathlib import Path
from typing import Any

from lessons.exercises import Asked, Callback, Fact, Facts, Rule, Sheet, attempt, exactly, ruled, short
from lessons.exercises import composition_parts as at_work
from lessons.exercises.composition_parts import OLD, Feed, Nightly, Rows, Tray, ended, run_of
from lessons.exercises.exercise import Attempt, unchanged
from lifecycle.faults import sweep
from lifecycle.probe import CLOSING, Injected


class Desk:
    """Where the nights of one observation are: files and databases of this side, for the answer to use."""

    def __init__(self, answer: Any, sheet: Sheet, folder: Path, waits: list[object]) -> None:
        self.answer, self.judge, self.variant, self.waits = answer, sheet.judge, sheet.variant, waits
        self.folder, self.judge.keep = folder, True
        self.attempts = self.variant.number("composition-x5 attempts", 4, 6)

    def night(self, key: str = "composition-x5", **settings: Any) -> Nightly:
        """A new file, a new database and settings."""
        return Nightly(self.variant, key, self.folder, **settings)

    def met(self, night: Nightly, own: bool = True) -> Any:
        """The answer's object over a night. own: whether the settings are of the kit's own class."""
        config = self.judge.witness(at_work.new_config, night.settings, own)
        return self.answer(night.path, night.database.engine(self.judge, pooled=False), config)

    def run(self, night: Nightly, whole: bool = False) -> Attempt:
        """Let the answer build and run a night, or `load` the whole of it."""

        def run() -> Any:
            mine = self.met(night)
            return mine.load() if whole else mine.run(*mine.build())

        return attempt(run)


desk = partial(at_work.desk, Desk)


def first_night(answer: Any, sheet: Sheet) -> Facts:
    """One night without a failure."""
    with desk(answer, sheet) as here:
        night = here.night()
        made = attempt(here.met, night)
        tried = made if made.error else attempt(made.value.load)
        rows = night.database.rows()
        dry = [row for row in rows if row not in OLD and not row[1]]
        wet = [row[:2] for row in night.expected]
        no_rain = Fact(stream=lambda: iter([{"date": "2012-01-01", "precipitation": "", "temp_max": "1.0"}]))
        days = len(night.days)
        bare = attempt(lambda: made.value.run(Feed([{"day": 1}] * days), (), Tray(lambda: "stored")))
        none_left = attempt(lambda: at_work.in_context(no_rain, here.met(night).build()[1], None)).value == 0
        yield ended(
            tried, rows=len(rows), new_rows=sum(row not in OLD for row in rows),
            days=days, wet=len(wet),
            odd_row=next((row for row in rows if row[:2] not in wet), rows and rows[0]),
            # Whether the text for the rain decides, and nothing else is wrong: a day without one is dropped.
            by_text=dry and none_left and night.is_right([row for row in rows if row not in dry]),
            right_rows=night.is_right(rows),
            right_count=exactly(tried.value, len(rows)),
            bare="" if exactly(bare.value, days) else f"raised {bare.said} and returned {short(bare.value)}",
            patched=", ".join(sheet.judge.witness(at_work.changed)[:1]),
        )  # fmt: skip


def two_nights(answer: Any, sheet: Sheet) -> Facts:
    """Build two nights over two files and two databases before either of them runs."""
    with desk(answer, sheet) as here:
        first = here.night()
        # If both nights had the same values, it could not be seen that they share them.
        apart = {"center": 0.0, "spread": first.config.spread + 1}
        nights = [first, here.night("composition-x5 other", **apart)]
        mine = [here.met(night) for night in nights]
        built = [attempt(one.build) for one in mine]
        for which, night, one, parts in zip(("first", "second"), nights, mine, built, strict=True):
            tried = parts if parts.error else attempt(one.run, *parts.value)
            rows = night.database.rows()
            yield ended(tried, which=which, right=night.is_right(rows), rows=len(rows))


def swept(answer: Any, sheet: Sheet) -> list[Any]:
    """Fail the answer's own pipeline at every place, while records move first, then while it closes."""
    with desk(answer, sheet) as here:
        # Two days, of which the second one is dry: each of the many runs is over the wire.
        night = here.night(count=2, maxAttempts=1)
        mine = here.met(night)
        ends: list[tuple[int, Rows]] = []
        before: list[int] = []

        def files() -> int:
            return len(here.judge.files() or ())

        def build() -> Any:
            night.database.reset(OLD)
            before[:] = [files()]
            source, stages, sink = mine.build()
            # Around the answer's own streams, so that this side knows which of them are suspended.
            return Injected(source, ""), tuple(Injected(stage, "") for stage in stages), Injected(sink, "")

        def run(*parts: Any) -> Any:
            try:
                return mine.run(*parts)
            finally:
                ends.append((files() - before[0], night.database.rows()))

        outcomes = sweep(build, run).outcomes
    runs = []
    # The sweep runs once more than it tells, to count the places.
    for one, (open_files, rows) in zip(outcomes, ends[1:], strict=True):
        # All of the night may be there if only closing failed.
        all_new = one.fault and one.fault.phase in CLOSING and rows == ends[1][1]
        runs.append(run_of(one, open_files=open_files, rows=len(rows), kept_old=rows == OLD or all_new))
    return sorted(runs, key=lambda run: run.phase in CLOSING)


def line_drops(answer: Any, sheet: Sheet) -> Facts:
    """`run`: the line drops as often as it may, then at each attempt; `load`: what is not an `OSError`.

    The last of these is a row that the database refuses, the last but one of the night.
    """
    with desk(answer, sheet) as here:
        night = here.night()
        good, rows = here.run(night), night.database.rows()
    for what, kind, times in (
        ("drops", OSError, here.attempts - 1), ("is lost", OSError, 99), ("Ctrl-C", KeyboardInterrupt, 1),
        ("A ValueError", ValueError, 1), (REFUSAL, ValueError, 0),
    ):  # fmt: skip
        with desk(answer, sheet) as here:
            yield _dropped(here, what, kind, times, good, rows)


REFUSAL = "A row that the database refused"


def _dropped(here: Desk, what: str, kind: type[BaseException], times: int, good: Attempt, rows: Rows) -> Any:
    # Never what `retryOnFailure` waits by default.
    delay = here.variant.number("composition-x5 delay", 1, 9) / 4 + 0.125
    night = here.night(maxAttempts=here.attempts, delaySeconds=delay)
    at = here.variant.number("composition-x5 at", 2, len(night.days) - 1)
    if what == REFUSAL:
        at = len(night.expected) - 1
        night.database.refuse(at - 1)
    asked: list[int] = []
    errors: list[BaseException] = []

    def ask(number: int) -> None:
        asked.append(number)
        if number == at and len(errors) < times:
            errors.append(kind("the line dropped"))
            raise errors[-1]

    here.judge.witness(at_work.drop_lines, Callback(ask))
    tried = here.run(night, whole=kind is not OSError)
    same = exactly(tried.value, good.value) or tried.value is good.value
    return ended(
        tried, what=what, ends=kind is not OSError, at=at, times=len(errors), attempts=here.attempts,
        opened=asked.count(1),
        # That a ValueError gets lost in `run` is seen in the sweep.
        came_out=what == REFUSAL or unchanged(tried, [*errors, None][0])
        or (kind is ValueError and not tried.error), came=len(rows),
        as_without=same and night.database.rows() == rows, delay=delay,
        waits=", ".join(map(str, here.waits)) or "none", waited=here.waits == [delay] * len(errors),
        held=night.database.open(here.judge), kept_old=attempt(night.database.rows).value in (None, OLD),
    )  # fmt: skip


def locked(answer: Any, sheet: Sheet) -> Facts:
    """`load`: the database is free at the last attempt, or stays locked; or the line is lost then."""
    with desk(answer, sheet) as here:
        errors: list[BaseException | None] = [None]

        def lose(number: int) -> None:
            errors.append(OSError("the line dropped"))
            raise errors[-1] or OSError

        most, always = here.attempts, "all the time"
        free, lost = "until the last attempt", "until the last attempt, in which the line was lost"
        ways = {
            free: "load the night",
            always: "raise the last TimeoutError, unchanged",
            lost: "raise that error",
        }
        for call, attempts, until in (1, most, free), (2, most, always), (3, most, lost), (1, 1, always):
            if call == 1:
                night = here.night(maxAttempts=attempts)
                mine = here.met(night)
            stays = until == always
            if until == lost:
                here.judge.witness(at_work.drop_lines, Callback(lose))
            with night.database.locked(99 if stays else attempts):
                tried = attempt(mine.load)
            one = ended(tried, call=call, stays=stays, attempts=attempts, until=until, should=ways[until])
            one.tries, loaded = night.database.checkouts, one.no_error and night.database.rows() != OLD
            one.right = unchanged(one, errors[-1]) if until == lost else loaded
            if stays:
                # An error with a new text has the sink's own error as its cause.
                last = isinstance(one.error, TimeoutError) and not isinstance(one.error.__cause__, OSError)
                one.right = last and one.tries == attempts
            yield one


def other_settings(answer: Any, sheet: Sheet) -> Facts:
    """Build twice and run once with settings of another class, and read the figures of each part."""
    with desk(answer, sheet) as here:
        night, built = here.night(), [(None, (), None)] * 2

        def run() -> None:
            mine = here.met(night, own=False)
            both = mine.build(), mine.build()
            mine.run(*both[0])
            built[:] = both

        tried = attempt(run)
        (source, stages, sink), (another, others, other) = built
        for part, again in [(source, another), *zip(stages, others, strict=False), (sink, other)]:
            records = getattr(getattr(part, "metrics", None), "records", None)
            has_figures = part is sink or (type(records) is int and records > 0)
            same = part is again and tried.error is None
            yield ended(tried, kind=type(part).__name__, same=same, has_figures=has_figures)


FIRST = (
    Rule(first_night, lambda night: not (night.no_error and night.new_rows),
         "`load()` raised {raised}. After it, the table has {new_rows} rows of the night.", "",
         "Build and run the parts in a new cell, and read the traceback. `pipeline.run()` pulls the chain."),
)  # fmt: skip
ROWS = Asked("the night's rows are in the table", 4, FIRST, (
    Rule(first_night, lambda night: night.by_text,
         "the file has {days} days, {wet} of them wet, but a dry day is in the table: {odd_row}.",
         "", "A file contains text, and the text `'0.0'` is true because it is not empty. So parse first."),
    Rule(first_night, lambda night: not night.right_rows,
         "the file has {days} days, {wet} of them wet. The table has {rows} rows, among them {odd_row}.", "",
         "Replace last night's rows: `SqlSink(…, replace=True)`. Parse first, then keep only days with more "
         "than 0, and store `(x - center) / spread`."),
    Rule(first_night, lambda night: not night.right_count,
         "`load()` returned {returned}, and {rows} rows were written.", "", "Return what `run` returns."),
    Rule(first_night, lambda night: night.bare,
         "after `load()`, given {days} records, no stages, and a sink whose `write` returned a text once, "
         "`run` {bare}.", "",
         "Return what `pipeline.run()` returns: the number of records that the sink has accepted."),
    Rule(two_nights, lambda two: not two.right,
         "two nights with two files and two databases were built, the second with a `center` of 0, and then "
         "both ran. At the end, the table of the {which} had {rows} rows, and not the right ones. The run "
         "raised {raised}.", "",
         "Store what belongs to one night on the object itself, in `self.…`. A setting may be 0."),
))  # fmt: skip
LEARN = "The caller must learn that the night failed: let the error go on."
NO_RECORD = Rule(swept, lambda run: not run.phase and not run.arrived,
                 "`run` has written no record to the sink that it was given.", "",
                 "Use all three parts.")  # fmt: skip
CLOSED = Asked("nothing stays open, at any point of failure", 4, FIRST, [NO_RECORD], (
    Rule(swept, lambda run: run.leaked, "still open {when}: {leaked}.", "", at_work.WITH),
    Rule(swept, lambda run: run.open_files > 0,
         "{when}, {open_files} more files were open than before.", "",
         "If `run` opens anything else, this needs a `with` of its own."),
    Rule(line_drops, lambda night: night.ends and night.held,
         "{what} came at record {at} of `load()`, and a connection to the database is still open.", "",
         "Not every error inherits from `Exception`. " + at_work.WITH),
    Rule(swept, lambda run: run.phase not in ("", "end") and run.no_error,
         "{when}, no error came out, and {arrived} records had arrived.", "", LEARN),
    Rule(line_drops, lambda night: night.what == "A ValueError" and night.opened == 1 and night.no_error,
         "{what} came at record {at} of `load()`, and no error came out.", "", LEARN),
))  # fmt: skip
UNCHANGED = Asked("a failed night leaves the table as it was", 3, FIRST, (
    Rule(swept, lambda run: run.phase not in ("", "open") and not (run.no_error or run.kept_old),
         "{when}, the table had {rows} rows, and not the old ones.", "",
         "Use one transaction for all rows: `SqlSink(…, replace=True)` commits at the end."),
    Rule(line_drops, lambda night: night.ends and night.opened == 1 and night.came_out and not night.kept_old,
         "{what} came at record {at} of `load()`, and the table had other rows than before.", "",
         "Use one transaction for the whole night. Not every error is an `Exception`. " + at_work.WITH),
))  # fmt: skip
AGAIN = Asked("a line that drops and a database that is locked are tried again", 3, FIRST, (
    Rule(line_drops, lambda night: not night.opened,
         "the source is not a `CsvSource`, so the check could not drop its line.", "", "Use `CsvSource`."),
    Rule(line_drops, lambda night: night.what == "drops" and not (night.no_error and night.as_without),
         "a night has {came} records. When the line dropped {times} times at record {at}, `run` raised "
         "{raised} and returned {returned}. The rows in the table or this end are not right.", "",
         "Decorate `source.stream` with `retryOnFailure`: it skips the records that came before. `run` pulls "
         "all, and the sink commits."),
    Rule(line_drops, lambda night: night.what == "is lost" and night.opened != night.attempts,
         "the line dropped at each attempt. `maxAttempts` is {attempts}; it was opened {opened} times.", "",
         "Pass `config.maxAttempts` on unchanged: it counts all attempts, the first one too."),
    Rule(locked, lambda night: not night.right,
         "in call {call} of `load()`, the database was locked {until}. `maxAttempts` is {attempts}, so it "
         "should {should}. It tried {tries} times, raised {raised} and returned {returned}.", "",
         "`SqlSink` raises a `TimeoutError`, an `OSError`. Try the whole night again with a new pipeline. "
         "Let the last error go on. `config.maxAttempts` counts the first attempt, too."),
    Rule(line_drops, lambda night: night.ends and not (night.opened == 1 and night.came_out),
         "{what} came at record {at}. `load()` read the file {opened} times, and raised {raised}.", "",
         "Try again only after an `OSError`: `except Exception` and `except BaseException` catch more."),
    Rule(other_settings, lambda part: part.same,
         "`build()` returned the same {kind} twice.", "", "Make new parts in each call of `build`."),
))  # fmt: skip
SETTINGS = Asked("all kinds of settings work, and each part is measured", 2, FIRST, (
    Rule(first_night, lambda night: night.patched,
         "after the night, {patched} is another function: each night would decorate it once more.", "",
         "Do not change the kit's classes: `source.stream = …` stores the decorated method on the object."),
    Rule(other_settings, lambda part: not part.no_error,
         "given settings that are not a `PipelineConfig`, your code raised {raised}.",
         "", "Read the attributes that you need, and do not check the object's class."),
    NO_RECORD,
    Rule(other_settings, lambda part: not part.has_figures,
         "after the run, {kind} has no count of records in its `metrics`.", "",
         "On each object: `stage.process = measuredStage(stage.process)`. For the source, use its `stream`."),
    Rule(line_drops, lambda night: night.what == "drops" and night.as_without and not night.waited,
         "the line dropped {times} times, `delaySeconds` is {delay}, and the waits were: {waits}.", "",
         "Pass `config.delaySeconds` to the retry."),
), hearsay=True)  # fmt: skip
ruled("composition-x5", "The whole night", kind="build", answer="Night", version=10, seconds=30.0,
      given=Nightly, asked=[ROWS, CLOSED, UNCHANGED, AGAIN, SETTINGS])  # fmt: skip
