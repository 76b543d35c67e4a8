"""composition-x3: a sink that may be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lessons.exercises.composition_parts import Database, Row, new_engine
from lessons.exercises.exercise import Sheet, attempt
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Judge
from lessons.words import described as short

Rows = list[tuple[Any, ...]]

# --- what the answer is given ---

COLUMNS = "station text, day int, celsius float, primary key (station, day)"
OLD: Rows = [("Old Harbour", 1, 4.5)]


class Days:
    """An `engine` whose database has the table `days`, and `records` of one night."""

    def __init__(self, records: list[Row]) -> None:
        self.records = records
        self._database = Database("days", COLUMNS)

    @cached_property
    def engine(self) -> Any:
        """The SQLAlchemy engine; if it finds the database locked, it does not wait."""
        return new_engine(self._database.path)

    def rows(self) -> Rows:
        """What the table holds."""
        return self._database.rows()


def days_of(variant: Variant) -> Days:
    """A database and one night's records."""
    return Days(records_of(variant, "composition-x3"))


def records_of(variant: Variant, key: str) -> list[Row]:
    """The records of one night."""
    return variant.readings(key, variant.number(key, 5, 8))


# --- what is observed ---


@dataclass(frozen=True)
class Night:
    """One `with` block around a sink, and what it left."""

    when: str
    records: int
    raised: str
    no_error: bool
    os_error: bool
    drivers: bool
    """Whether the database driver's own error came out."""
    left_a_table: bool
    """Whether a table that the sink has made was there already."""
    entered: bool
    named: str
    is_sink: bool
    """Whether the name after `as` has `write`."""
    old: int
    rows: int
    none_new: bool
    missing: str
    extra: str
    right: bool
    open: int
    """How many connections are open; one that was given back is closed here."""


class Place:
    """One database, and a sink over it."""

    def __init__(self, answer: Any, judge: Judge, folder: Path, old: Rows, pooled: bool = False) -> None:
        folder.mkdir()
        self.answer, self.judge, self.old = answer, judge, old
        self.database = Database("days", COLUMNS, folder)
        self.database.reset(old)
        self.engine = self.database.engine(judge, pooled)
        self.named: list[Any] = []

    def night(
        self, when: str, records: list[Row], keeps: list[Row], error: BaseException | None = None,
        meanwhile: AbstractContextManager[None] | None = None,
    ) -> Night:  # fmt: skip
        """Write records in a block, and raise an error at its end. keeps: the records that belong in the "
        "table.

        meanwhile: what another program does with the database.
        """

        def block() -> None:
            with self.answer(self.engine) as name:
                self.named.append(name)
                for record in records:
                    name.write(dict(record))
                if error is not None:
                    raise error

        with meanwhile or nullcontext():
            tried = attempt(block)
        # What a commit that failed has left of its lock is SQLAlchemy's affair: its rows are not looked at.
        rows = [] if meanwhile else self.database.rows()
        return self.seen(when, rows, keeps, tried.error, tried.raised, tried.where)

    def seen(
        self, when: str, rows: Rows, keeps: list[Row], error: BaseException | None, raised: str, where: str
    ) -> Night:
        """The facts of a block that has ended."""
        new = [(row["station"], row["day"], row["celsius"]) for row in keeps]
        right = sorted([row for row in self.old if row[:2] not in [one[:2] for one in new]] + new)
        name: Any = self.named[0] if self.named else None
        return Night(
            when=when,
            records=len(keeps),
            raised=raised + (f", at {where}" if where else ""),
            no_error=error is None,
            os_error=isinstance(error, OSError),
            drivers=type(error).__name__ == "OperationalError",
            left_a_table="already exists" in raised,
            entered=bool(self.named),
            named=short(name),
            is_sink=attempt(lambda: name.write).error is None,
            old=len(self.old),
            rows=len(rows),
            none_new=not [row for row in rows if row not in self.old],
            missing=str([row for row in right if row not in rows][:1])[1:-1],
            extra=str([row for row in rows if row not in right][:1])[1:-1],
            right=rows == right,
            open=self.database.open(self.judge),
        )


@contextmanager
def places(answer: Any, sheet: Sheet) -> Iterator[Any]:
    """Makes a new database and a sink over it, as often as it is called."""
    with sheet.judge.folder() as folder:
        numbers = iter(range(99))
        yield lambda old=OLD, pooled=False: Place(
            answer, sheet.judge, folder / str(next(numbers)), old, pooled
        )


def odd(records: list[Row]) -> list[Row]:
    """The records, with a name that ends a text in SQL, and cells in another order: a record is a dict."""
    return [*records[:-1], dict(reversed({**records[-1], "station": "L'Aquila"}.items()))]


def good(answer: Any, sheet: Sheet) -> Iterator[Night]:
    """A night without a failure; none of its readings is there."""
    with places(answer, sheet) as place:
        records = odd(sheet.given.records)
        yield place().night("a night that succeeded", records, records)


def repeated(answer: Any, sheet: Sheet) -> Iterator[Night]:
    """A night of which one reading is there already, and the same night once more."""
    with places(answer, sheet) as place:
        records = sheet.given.records
        old = [*OLD, (records[0]["station"], records[0]["day"], -99.0)]
        here = place(sorted(old), pooled=True)
        yield here.night("a night with a reading that was there already", records, records)
        yield here.night("the same night once more", records, records)


def failed(answer: Any, sheet: Sheet) -> Iterator[Night]:
    """A night that fails half way, and one that Ctrl-C stops there."""
    with places(answer, sheet) as place:
        records = sheet.given.records
        at = sheet.variant.number("composition-x3 fails", 2, len(records) - 1)
        error = OSError("the line dropped")
        yield place().night(f"a night that failed at record {at}", records[:at], [], error)
        yield place().night(f"Ctrl-C at record {at}", records[:at], [], KeyboardInterrupt())


def locked(answer: Any, sheet: Sheet) -> Iterator[Night]:
    """A night while another program writes."""
    with places(answer, sheet) as place:
        records, here = sheet.given.records, place()
        yield here.night("a night that met a lock", records, [], None, here.database.locked(99))


def read(answer: Any, sheet: Sheet) -> Iterator[Night]:
    """A night while another program reads: everything can be written, and not committed."""
    with places(answer, sheet) as place:
        records, here = sheet.given.records, place()
        yield here.night("a night whose commit met a lock", records, [], None, here.database.read())


def two_at_once(answer: Any, sheet: Sheet) -> Iterator[Night]:
    """Two sinks over two databases, made before either of them is used, and used at the same time."""
    with places(answer, sheet) as place:
        outer, inner = place(), place()
        mine, others = sheet.given.records, records_of(sheet.variant, "composition-x3 other")

        def block() -> None:
            one, two = answer(outer.engine), answer(inner.engine)
            with one as sink:
                sink.write(dict(mine[0]))
                with two as other:
                    for record in others:
                        other.write(dict(record))
                for record in mine[1:]:
                    sink.write(dict(record))

        tried = attempt(block)
        for when, here, keeps in (("the outer", outer, mine), ("the inner", inner, others)):
            yield here.seen(when, here.database.rows(), keeps, tried.error, tried.raised, tried.where)


@dataclass(frozen=True)
class Made:
    """A sink that was made and not entered."""

    open: int


def made(answer: Any, sheet: Sheet) -> Iterator[Made]:
    """Make a sink, and do not enter it."""
    with places(answer, sheet) as place:
        here = place()
        sink = attempt(answer, here.engine)
        yield Made(here.database.open(sheet.judge))
        del sink


# --- the rules ---

FIRST = (
    Rule(good, lambda night: night.entered and not night.is_sink,
         "`with DaySink(engine) as sink` gave {named}.", "",
         "What `as` names is what `__enter__` returns: let it return the sink."),
    Rule(good, lambda night: not night.no_error,
         "a night without a failure raised {raised}.", "",
         "Use your sink in a new cell, as the task shows it, and read the traceback."),
    Rule(good, lambda night: night.none_new,
         "nothing of a night that succeeded is in the table.", "", "Write, and commit in `__exit__`."),
)  # fmt: skip
"""What must hold before anything else can be seen."""

KEPT = (
    Rule(good, lambda night: not night.right,
         "a night of {records} records came on top of {old} older row. Missing: {missing}. Too much: "
         "{extra}.", "",
         "All other rows stay. Take the cells of a record by name: a dict has them in any order."),
    Rule(two_at_once, lambda night: not night.right,
         "two sinks over two databases were in use at the same time, and {when} one was to keep {records} "
         "new records. Missing: {missing}. Too much: {extra}.", "",
         "Keep what belongs to one sink on the object itself, `self.…`, and nothing on its class."),
)  # fmt: skip

UNCHANGED = (
    Rule(failed, lambda night: not night.right,
         "the table had {old} row before {when}, and {rows} after it.", "composition-failed-is-nothing",
         "Let the table change by one commit, in `__exit__`, and by that alone."),
    Rule(failed, lambda night: night.no_error,
         "{when}, and the error did not come out of the block.", "leaks-true-reraises",
         "Let `__exit__` return nothing: a true value swallows the error."),
)  # fmt: skip

REPEATED = (
    Rule(repeated, lambda night: night.left_a_table,
         "{when}: {raised}.", "databases-pooled-close-closes",
         "The pool hands out this connection again: drop what you made in it."),
    Rule(repeated, lambda night: not night.no_error,
         "{when}: {raised}.", "", "`insert or replace` takes the place of a row with the same key."),
    Rule(repeated, lambda night: not night.right,
         "{when} left {rows} rows. Missing: {missing}. Too much: {extra}.", "",
         "`insert or replace` takes the place of a row with the same key."),
)  # fmt: skip

GIVEN_BACK = (
    Rule(made, lambda sink: sink.open,
         "a sink was made and not entered, and it has a connection of the pool.",
         "composition-parts-open-when-made",
         "Take the connection in `__enter__`: a sink that is made may never be entered."),
    Rule(good, lambda night: night.open,
         "after {when} a connection of the pool was not given back.", "",
         "Close the connection at the end of `__exit__`: that gives it back."),
    Rule(failed, lambda night: night.open,
         "after {when} a connection of the pool was not given back.", "leaks-exit-on-success-only",
         "Close the connection in a `finally` of `__exit__`, after an error, too."),
    Rule(locked, lambda night: night.open and not night.entered,
         "after {when} a connection of the pool was not given back.", "leaks-exit-covers-enter",
         "If `__enter__` fails there is no `__exit__`: close what it has opened before it raises."),
    Rule(read, lambda night: night.open,
         "after {when} a connection of the pool was not given back.", "",
         "Close the connection in a `finally` of `__exit__`: the commit above it may fail."),
)  # fmt: skip

OS_ERROR = (
    Rule(locked, lambda night: night.no_error,
         "another program held the lock all the time, and no error came out.", "",
         "Let the failure out: a night that could not write has not succeeded."),
    Rule(locked, lambda night: night.drivers,
         "the database was locked, and the driver's own error came out, which is not an `OSError`: {raised}.",
         "databases-lock-is-oserror",
         "Catch SQLAlchemy's `OperationalError`, and raise a `TimeoutError` from it."),
    Rule(locked, lambda night: not night.os_error,
         "the database was locked, and what came out is not an `OSError`: {raised}.", "",
         "Catch SQLAlchemy's `OperationalError`, and raise a `TimeoutError` from it."),
    Rule(read, lambda night: night.no_error,
         "the commit met another program's lock, so that nothing was kept, and no error came out.", "",
         "Let the failure out: a night that could not be committed has not succeeded."),
    Rule(read, lambda night: not night.os_error,
         "the commit met another program's lock, and what came out is not an `OSError`: {raised}.", "",
         "A lock can be met at every statement, the commit as well: translate the error there, too."),
)  # fmt: skip

repeating = ruled(
    "composition-x3",
    "A sink that may be repeated",
    kind="build",
    answer="DaySink",
    version=3,
    given=days_of,
    asked=[
        Asked("a night that succeeds is kept", 2, (*FIRST, *KEPT)),
        Asked("a night that fails changes nothing", 2, (*FIRST, *UNCHANGED)),
        Asked("a reading that is there is replaced, and a repeated night leaves the same", 1,
              (*FIRST, *REPEATED)),
        Asked("the connection is given back on every way out", 1, (*FIRST, *GIVEN_BACK), linux=True),
        Asked("a locked database is an `OSError`", 1, (*FIRST, *OS_ERROR)),
    ],
)  # fmt: skip
