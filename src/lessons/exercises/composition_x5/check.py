"""composition-x5: the whole night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessons.exercises import composition_parts as at_work
from lessons.exercises.composition_parts import OLD, Nightly, decorable, nightly
from lessons.exercises.exercise import Attempt, Sheet, attempt, exactly
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback
from lessons.words import described as short
from lifecycle.config import PipelineConfig
from lifecycle.faults import Outcome, sweep

Rows = list[tuple[Any, ...]]

# --- what the answer is given ---


def whole_night_given(variant: Variant) -> Nightly:
    """A CSV file at `path`, an `engine` whose table `weather` has last night's rows, a `config`."""
    return nightly(variant, "composition-x5", config_of(variant, "composition-x5"))


def config_of(variant: Variant, key: str, **settings: Any) -> PipelineConfig:
    """The settings of one night."""
    center, spread = variant.number(f"{key} center", 8, 16), variant.number(f"{key} spread", 4, 9)
    # No spread by which a temperature of one decimal divides without a remainder: a rounded value would pass.
    given = {"center": float(center), "spread": spread + 0.7, "delaySeconds": 0, **settings}
    return PipelineConfig(**given)


class Desk:
    """Where the nights of one observation are: files and databases of this side, which the answer works "
    "on."""

    def __init__(self, answer: Any, sheet: Sheet, folder: Path) -> None:
        self.answer, self.judge, self.variant, self.folder = answer, sheet.judge, sheet.variant, folder
        self.waits: list[object] = []
        self.made = 0
        self.attempts = self.variant.number("composition-x5 attempts", 4, 6)

    def night(self, key: str = "composition-x5", **settings: Any) -> Nightly:
        """A new file, a new database and settings."""
        self.made += 1
        folder = self.folder / str(self.made)
        return nightly(self.variant, key, config_of(self.variant, key, **settings), folder)

    def met(self, night: Nightly, settings: Any = None) -> Any:
        """The answer's object over a night."""
        return night.met_by(self.answer, self.judge, settings)

    def drops(self, at: int, error: Callable[[], BaseException | None]) -> list[int]:
        """Let the line raise what `error` gives when record `at` is asked for; return what is asked for."""
        asked: list[int] = []

        def ask(number: int) -> None:
            asked.append(number)
            raised = error() if number == at else None
            if raised is not None:
                raise raised

        self.judge.witness(at_work.drop_lines, Callback(ask))
        return asked


@contextmanager
def desk(answer: Any, sheet: Sheet) -> Iterator[Desk]:
    """Let nothing sleep in the answer's process, and put the kit's classes back at the end."""
    sheet.judge.keep = True
    with sheet.judge.folder() as folder:
        made = Desk(answer, sheet, folder)
        sheet.judge.witness(at_work.prepare, Callback(made.waits.append))
        try:
            yield made
        finally:
            sheet.judge.witness(at_work.tidy)


# --- what is observed ---


@dataclass(frozen=True)
class Loaded:
    """What one `load()` left in the table."""

    raised: str
    no_error: bool
    rows: int
    new_rows: int
    old_rows: int
    days: int
    wet: int
    dry: int
    dry_row: str
    by_text: bool
    """Whether a day without a text for its rain is dropped, so that the text was asked whether it is true."""
    right_rows: bool
    first: str
    returned: str
    right_count: bool
    patched: str
    """A method of the kit's classes that is another one by now."""


def first_night(answer: Any, sheet: Sheet) -> Iterator[Loaded]:
    """One night without a failure."""
    with desk(answer, sheet) as here:
        night = here.night()
        tried = attempt(lambda: here.met(night).load())
        rows = night.database.rows()
        dry = [row for row in rows if row not in OLD and not row[1]]
        yield Loaded(
            raised=tried.raised + (f", at {tried.where}" if tried.where else ""),
            no_error=tried.error is None,
            rows=len(rows),
            new_rows=sum(row not in OLD for row in rows),
            old_rows=sum(row in OLD for row in rows),
            days=len(night.days),
            wet=len(night.expected),
            dry=len(dry),
            dry_row=str(dry[:1])[1:-1],
            by_text=bool(dry) and _by_text(here.met(night)),
            right_rows=night.is_right(rows),
            first=str(rows[:1])[1:-1],
            returned=short(tried.value),
            right_count=exactly(tried.value, len(rows)),
            patched=", ".join(sheet.judge.witness(at_work.changed)[:1]),
        )


def _by_text(mine: Any) -> bool:
    def left() -> list[Any]:
        stream: Any = iter([{"date": "2012-01-01", "precipitation": "", "temp_max": "1.0"}])
        for stage in mine.build()[1]:
            stream = stage.process(stream)
        return list(stream)

    return bool(attempt(left).value == [])


@dataclass(frozen=True)
class Two:
    """Two nights at the same time: how each table ended."""

    which: str
    right: bool
    rows: int
    raised: str


def two_nights(answer: Any, sheet: Sheet) -> Iterator[Two]:
    """Build two nights over two files and two databases before either of them runs."""
    with desk(answer, sheet) as here:
        nights = [here.night(), here.night("composition-x5 other")]
        mine = [here.met(night) for night in nights]
        built = [attempt(one.build) for one in mine]
        for which, night, one, parts in zip(("first", "second"), nights, mine, built, strict=True):
            tried = parts if parts.error else attempt(one.run, *parts.value)
            rows = night.database.rows()
            yield Two(which, night.is_right(rows), len(rows), tried.raised)


@dataclass(frozen=True)
class Run:
    """One run of a sweep."""

    when: str
    phase: str
    """"open", "pull", "write", "end" or "close": what a part was doing when it failed; "" for no failure."""
    leaked: str
    open_files: int
    arrived: int
    no_error: bool
    kept_old: bool
    """Whether the table holds what it held before; all of the night may be there if only closing failed."""
    rows: int

    @property
    def in_the_middle(self) -> bool:
        """Whether it failed after the parts were open, and an error came out."""
        return self.phase not in ("", "open") and not self.no_error


def swept(answer: Any, sheet: Sheet) -> list[Run]:
    """Fail the answer's own pipeline at every place, while records move first, then while it closes."""
    with desk(answer, sheet) as here:
        night = here.night(maxAttempts=1)
        mine = here.met(night)
        ends: list[tuple[int, Rows]] = []
        before: list[int] = []

        def build() -> Any:
            night.database.reset(OLD)
            before[:] = [len(here.judge.files() or ())]
            source, stages, sink = mine.build()
            # Around the answer's own streams, so that this side knows which of them are suspended.
            return decorable(source), tuple(map(decorable, stages)), decorable(sink)

        def run(source: Any, stages: Any, sink: Any) -> Any:
            try:
                return mine.run(source, stages, sink)
            finally:
                ends.append((len(here.judge.files() or ()) - before[0], night.database.rows()))

        outcomes = sweep(build, run).outcomes
        # The sweep runs once more than it tells, to count the places.
        whole = ends[1][1]
        runs = [_run(one, files, rows, whole) for one, (files, rows) in zip(outcomes, ends[1:], strict=True)]
        return sorted(runs, key=lambda one: one.phase in ("end", "close"))


def _run(one: Outcome, files: int, rows: Rows, whole: Rows) -> Run:
    phase = one.fault.phase if one.fault else ""
    return Run(
        when=f"after a failure at {one.fault}" if one.fault else "after a run without a failure",
        phase=phase,
        leaked=", ".join(one.leaked),
        open_files=files,
        arrived=one.arrived,
        no_error=one.raised is None,
        kept_old=rows == sorted(OLD) or (phase in ("end", "close") and rows == whole),
        rows=len(rows),
    )


@dataclass(frozen=True)
class Dropped:
    """One night whose line dropped."""

    at: int
    times: int
    attempts: int
    asked: bool
    """Whether the line was asked for a record at all."""
    opened: int
    raised: str
    no_error: bool
    same_error: bool
    """Whether the error that came out is the line's last one."""
    came: int
    accepted: str
    too_many: bool
    as_without: bool
    """Whether the count and the table are those of a night whose line did not drop."""
    delay: float
    waits: str
    waited: bool


def line_drops(answer: Any, sheet: Sheet) -> Iterator[Dropped]:
    """`run`: the line drops as often as it may."""
    with desk(answer, sheet) as here:
        yield _dropped(here, here.attempts - 1, OSError)


def line_is_lost(answer: Any, sheet: Sheet) -> Iterator[Dropped]:
    """`run`: the line drops whenever it gets to this record."""
    with desk(answer, sheet) as here:
        yield _dropped(here, 10_000, OSError)


def ctrl_c(answer: Any, sheet: Sheet) -> Iterator[Dropped]:
    """`load`: Ctrl-C in the middle."""
    with desk(answer, sheet) as here:
        yield _dropped(here, 1, KeyboardInterrupt, whole=True)


def _dropped(here: Desk, times: int, kind: type[BaseException], whole: bool = False) -> Dropped:
    delay = here.variant.number("composition-x5 delay", 1, 9) / 4
    settings: dict[str, Any] = {"maxAttempts": here.attempts, "delaySeconds": delay}
    night, without = here.night(**settings), here.night(**settings)
    at = here.variant.number("composition-x5 at", 2, len(night.days) - 1)
    errors: list[BaseException] = []

    def error() -> BaseException | None:
        if len(errors) == times:
            return None
        errors.append(kind("the line dropped"))
        return errors[-1]

    def run(mine: Any) -> Attempt:
        return attempt(mine.load) if whole else attempt(lambda: mine.run(*mine.build()))

    good, rows = run(here.met(without)), without.database.rows()
    asked = here.drops(at, error)
    tried = run(here.met(night))
    same = exactly(tried.value, good.value) or tried.value is good.value
    return Dropped(
        at=at,
        times=len(errors),
        attempts=here.attempts,
        asked=bool(asked),
        opened=asked.count(1),
        raised=tried.raised,
        no_error=tried.error is None,
        same_error=bool(errors) and tried.error is errors[-1],
        came=len(rows),
        accepted=short(tried.value),
        too_many=type(tried.value) is int and tried.value > len(rows),
        as_without=same and night.database.rows() == rows,
        delay=delay,
        waits=", ".join(map(str, here.waits)) or "none",
        waited=here.waits == [delay] * len(errors),
    )


@dataclass(frozen=True)
class Refused:
    """One `load()` whose database refused a row."""

    rows: int
    raised: str
    no_error: bool
    kept_old: bool


def write_fails(answer: Any, sheet: Sheet) -> Iterator[Refused]:
    """`load`: the database refuses the last row of the night."""
    with desk(answer, sheet) as here:
        night = here.night()
        night.database.refuse(len(night.expected) - 1)
        tried = attempt(lambda: here.met(night).load())
        rows = night.database.rows()
        yield Refused(len(rows), tried.raised, tried.error is None, rows == sorted(OLD))


@dataclass(frozen=True)
class Locked:
    """One `load()` on a database that another program has locked."""

    stays: bool
    attempts: int
    tries: int
    raised: str
    no_error: bool
    drivers: bool
    """Whether the database driver's own error came out."""
    time_out: bool
    returned: str
    loaded: bool


def lock_ends(answer: Any, sheet: Sheet) -> Iterator[Locked]:
    """The database is free at the last of all attempts."""
    with desk(answer, sheet) as here:
        yield _locked(here, here.attempts)


def lock_stays(answer: Any, sheet: Sheet) -> Iterator[Locked]:
    """The database stays locked."""
    with desk(answer, sheet) as here:
        yield _locked(here, 99)


def _locked(here: Desk, checkouts: int) -> Locked:
    night = here.night(maxAttempts=here.attempts)
    mine = here.met(night)
    with night.database.locked(checkouts):
        tried = attempt(mine.load)
    return Locked(
        stays=checkouts > here.attempts,
        attempts=here.attempts,
        tries=night.database.checkouts,
        raised=tried.raised,
        no_error=tried.error is None,
        drivers=type(tried.error).__name__ == "OperationalError",
        time_out=isinstance(tried.error, TimeoutError),
        returned=short(tried.value),
        loaded=night.database.rows() != sorted(OLD),
    )


@dataclass(frozen=True)
class Built:
    """A part that two calls of `build` returned."""

    name: str
    same: bool


def built_twice(answer: Any, sheet: Sheet) -> Iterator[Built]:
    """Build twice, and compare."""
    with desk(answer, sheet) as here:
        mine = here.met(here.night())
        (source, stages, sink), (another, others, other) = mine.build(), mine.build()
        pairs = [("source", source, another), ("sink", sink, other)]
        pairs += [("stage", one, two) for one, two in zip(stages, others, strict=False)]
        for name, one, two in pairs:
            yield Built(name, one is two)


@dataclass(frozen=True)
class Measured:
    """A part after a run with settings that come from no `PipelineConfig`."""

    place: str
    kind: str
    raised: str
    no_error: bool
    has_figures: bool


def other_settings(answer: Any, sheet: Sheet) -> Iterator[Measured]:
    """Build and run with settings of another class, and read the figures of each part."""
    with desk(answer, sheet) as here:
        night = here.night()
        values = {name[1:]: value for name, value in vars(night.config).items() if name != "_windowSize"}
        mine = attempt(lambda: here.met(night, at_work.Asked(**values)))
        made = mine if mine.error else attempt(lambda: mine.value.build())
        tried = made if made.error else attempt(lambda: mine.value.run(*made.value))
        if tried.error is not None:
            yield Measured("", "", _said(tried), False, False)
            return
        source, stages, _ = made.value
        for place, part in (
            ("the source", source),
            *((f"stage {n}", one) for n, one in enumerate(stages, 1)),
        ):
            records = getattr(getattr(part, "metrics", None), "records", None)
            yield Measured(place, type(part).__name__, "", True, type(records) is int and records > 0)


def _said(tried: Attempt) -> str:
    return tried.raised + (f", at {tried.where}" if tried.where else "")


# --- the rules ---

FIRST = (
    Rule(first_night, lambda night: not night.no_error,
         "`load()` raised {raised}.", "",
         "Build the parts and run them in a new cell, with what `given` gives, and read the traceback."),
    Rule(first_night, lambda night: not night.new_rows,
         "the night has left no row in the table.", "",
         "Pull the whole chain: `pipeline.run()` inside the `with` block."),
)  # fmt: skip
"""What must hold before anything else can be seen."""

TEXT = (
    "Keep the days with a number above 0. What a file gives is text, and the text `'0.0'` is not empty, so "
    "it "
    "is true: parse first."
)

ROWS = (
    Rule(first_night, lambda night: night.old_rows,
         "the table holds {rows} rows, {old_rows} of last night among them.", "",
         "A night replaces the night before: `SqlSink(…, replace=True)`."),
    Rule(first_night, lambda night: night.dry and (night.by_text or night.dry < night.days - night.wet),
         "the file has {days} days, {wet} of them wet; a dry day is in the table: {dry_row}.",
         "start-text-is-number", TEXT),
    Rule(first_night, lambda night: night.dry,
         "the file has {days} days, {wet} of them wet; a dry day is in the table: {dry_row}.", "", TEXT),
    Rule(first_night, lambda night: not night.right_rows,
         "the file has {days} days, {wet} of them wet; in the table are {rows} rows, the first is "
         "{first}.", "",
         "The wet days alone, `temp_max` as `(x - center) / spread`: parse, filter, normalise."),
    Rule(first_night, lambda night: not night.right_count,
         "`load()` returned {returned}, and {rows} rows were written.", "", "Return what `run` returns."),
    Rule(two_nights, lambda two: not two.right,
         "two nights were built, on two files and two databases, and then both ran. The table of the "
         "{which} one "
         "had {rows} rows that are not its own ones at the end, and the run raised: {raised}.", "",
         "Keep what belongs to one night on the object itself, `self.…`, and nothing on its class."),
)  # fmt: skip

NO_RECORD = Rule(
    swept, lambda run: not run.phase and not run.arrived,
    "`run` has brought no record to the sink that it was given.", "", "Use all three parts.",
)  # fmt: skip

CLOSED = (
    NO_RECORD,
    Rule(swept, lambda run: run.phase not in ("end", "close") and run.leaked,
         "still open {when}: {leaked}.", "", at_work.WITH),
    Rule(swept, lambda run: run.leaked,
         "still open {when}: {leaked}.", "composition-finally-covers-all",
         "Closing can fail, too, and it ends the lines below it. " + at_work.WITH),
    Rule(swept, lambda run: run.open_files > 0,
         "{when}, {open_files} more files were open than before.", "",
         "What `run` opens beside the parts needs a `with` of its own."),
    Rule(swept, lambda run: run.phase in ("open", "pull", "write") and run.no_error,
         "{when} no error came out, and {arrived} records had arrived.", "",
         "Whoever starts the night must learn that it failed: let the error out."),
)  # fmt: skip

UNCHANGED = (
    Rule(swept, lambda run: run.in_the_middle and not run.kept_old,
         "{when}, the table held {rows} rows, and not the ones from before.", "composition-failed-is-nothing",
         "One transaction for all rows: `SqlSink(…, replace=True)` commits at the end."),
    Rule(write_fails, lambda night: not night.kept_old,
         "the database refused the last row of a night, and the table held {rows} rows after `load()`, not "
         "the "
         "ones from before.", "",
         "One transaction for the whole night: what is committed before the last record is written stays."),
)  # fmt: skip

AGAIN = (
    Rule(line_drops, lambda night: not night.asked,
         "the source is not a `CsvSource`, so its line could not be made to drop.", "", "Use `CsvSource`."),
    Rule(line_drops, lambda night: not night.no_error,
         "the line dropped {times} times at record {at}, `maxAttempts` is {attempts}, and the night ended "
         "with "
         "{raised}.", "",
         "In `build`: `retryOnFailure(config.maxAttempts, config.delaySeconds)` around `source.stream`."),
    Rule(line_drops, lambda night: night.too_many,
         "a night has {came} records; when the line dropped {times} times at record {at}, {accepted} were "
         "accepted.", "decorators-restart-is-harmless",
         "Try the stream again, and skip what was handed on before: `retryOnFailure` counts it."),
    Rule(line_drops, lambda night: not night.as_without,
         "a night has {came} records; when the line dropped {times} times at record {at}, `run` returned "
         "{accepted}, and the table was not right.", "",
         "In `run`: pull all records, and let the sink commit."),
    Rule(line_is_lost, lambda night: night.opened != night.attempts,
         "the line dropped at each attempt, `maxAttempts` is {attempts}: it was opened {opened} times.", "",
         "Hand on `config.maxAttempts` as it is: it counts all attempts, the first one too."),
    Rule(lock_ends, lambda night: not night.no_error and night.drivers,
         "the database was locked, and `load()` ended at attempt {tries} of {attempts} with the driver's own "
         "error: {raised}.", "databases-lock-is-oserror",
         "`SqlSink` raises a `TimeoutError` for a lock, an `OSError`. Use it, or translate the error."),
    Rule(lock_ends, lambda night: not night.no_error or not night.loaded,
         "the database was locked when the night began, and free at attempt {attempts} of {attempts}; "
         "`load()` "
         "tried {tries} times and ended with: {raised}.", "",
         "`SqlSink` raises a `TimeoutError` for a lock, an `OSError`. Try the whole night again, with a "
         "fresh "
         "pipeline each time."),
    Rule(lock_stays, lambda night: night.no_error,
         "the database stayed locked, and `load()` returned {returned} without an error.", "",
         "After the last attempt let its error out: whoever starts the night must learn that it failed."),
    Rule(lock_stays, lambda night: night.tries != night.attempts,
         "the database stayed locked, `maxAttempts` is {attempts}, and `load()` tried {tries} times.", "",
         "Hand on `config.maxAttempts` as it is: it counts all attempts, the first one too."),
    Rule(lock_stays, lambda night: not night.time_out,
         "the database stayed locked, and what came out of `load()` is {raised}.", "",
         "Let the error of the last attempt out as it is: a `TimeoutError`."),
    Rule(ctrl_c, lambda night: night.opened != 1 or not night.same_error,
         "Ctrl-C was pressed at record {at} of `load()`: the file was read {opened} times, and what came "
         "out is "
         "{raised}.", "",
         "Try again after a lock alone: `except BaseException` also catches `KeyboardInterrupt`."),
    Rule(built_twice, lambda part: part.same,
         "`build()` returned the same {name} twice.", "", "Make new parts in each call of `build`."),
)  # fmt: skip

SETTINGS = (
    Rule(first_night, lambda night: night.patched,
         "after the night {patched} is another one: each night would decorate it once more.", "",
         "Leave the kit's classes as they are: `source.stream = …` decorates the object."),
    Rule(other_settings, lambda part: not part.no_error,
         "given settings that are not a `PipelineConfig`, it raised {raised}.",
         "composition-patterns-need-each-other",
         "Read the attributes that you need, and ask nothing about the object's class."),
    NO_RECORD,
    Rule(other_settings, lambda part: not part.has_figures,
         "{place} ({kind}) has no figures after the run.", "composition-context-measures",
         "On each object: `stage.process = measuredStage(stage.process)`; on the source its `stream`."),
    Rule(line_drops, lambda night: night.as_without and not night.waited,
         "the line dropped {times} times, `delaySeconds` is {delay}, and the waits were: {waits}.", "",
         "Hand on `config.delaySeconds`."),
)  # fmt: skip

whole_night = ruled(
    "composition-x5",
    "The whole night",
    kind="build",
    answer="Night",
    version=3,
    seconds=30.0,
    given=whole_night_given,
    asked=[
        Asked("the night's rows are in the table", 4, (*FIRST, *ROWS)),
        Asked("nothing stays open, at any point of failure", 4, (*FIRST, *CLOSED)),
        Asked("a failed night leaves the table as it was", 3, (*FIRST, *UNCHANGED)),
        Asked("a line that drops and a database that is locked are tried again", 3, (*FIRST, *AGAIN)),
        Asked("any settings will do, and each part is measured", 2, (*FIRST, *SETTINGS), hearsay=True),
    ],
)
