"""composition-x3: a sink that may be repeated."""

from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from lessons.exercises import Asked, Callback, Fact, Facts, Judge, Rule, Sheet, Variant, attempt, ruled
from lessons.exercises.composition_parts import Database, Row, Rows, ended, new_engine
from lessons.exercises.exercise import Attempt, unchanged

COLUMNS = "station text, day int, celsius float, primary key (station, day)"
OLD: Rows = [("Old Harbour", 1, 4.5)]


def days_of(variant: Variant) -> Any:
    """`records` of one night, an `engine` whose database has the table `days`, and what it has: `rows()`."""
    database = Database("days", COLUMNS)
    return Fact(records=records_of(variant), engine=new_engine(database.path), rows=database.rows)


def records_of(variant: Variant, key: str = "composition-x3") -> list[Row]:
    """The records of one night."""
    return variant.readings(key, variant.number(key, 5, 8))


class Place:
    """One database, and an engine over it in the answer's process. `open` counts what is not given back.

    error: what a statement or the commit of a night raises; `left` says which one, counted from 1.
    """

    def __init__(
        self, answer: Any, judge: Judge, where: Path, old: Rows = OLD, pooled: bool = False, error: Any = None
    ) -> None:
        self.answer, self.judge, self.old, self.error, self.left = answer, judge, old, error, 1
        self.taken = self.early = False
        self.database = Database("days", COLUMNS, where)
        self.database.reset(old)
        self.engine = self.database.engine(judge, pooled, error and Callback(self.strike))

    def strike(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise self.error

    def night(self, when: str, records: list[Row], error: Any = None, other: Any = None, **more: Any) -> Any:
        """Write records in a block, and raise an error at its end. other: what another program does then."""

        def block() -> None:
            sink = self.answer(self.engine)
            self.taken = self.database.open(self.judge) > 0
            with sink as name:
                for record in records:
                    name.write(dict(record))
                if error is not None:
                    self.early = self.database.rows() != self.old
                    raise error

        with other or nullcontext():
            tried = attempt(block)
        same = error is None or unchanged(tried, error)
        return self.seen(when, [] if error or other else records, tried, same=same, **more)

    def seen(self, when: str, keeps: list[Row], tried: Attempt, **more: Any) -> Any:
        """The facts of a block that has ended. keeps: the records that belong in the table."""
        # While a transaction whose commit failed is still open, the table cannot be read.
        rows = attempt(self.database.rows).value or self.old
        new = {(row["station"], row["day"]): row["celsius"] for row in keeps}
        stay = [row for row in self.old if row[:2] not in new]
        right = sorted(stay + [(*key, celsius) for key, celsius in new.items()], key=repr)
        return ended(
            tried, when=when, records=len(keeps), taken=self.taken, old=len(self.old), rows=len(rows),
            early=self.early, none_new=not [row for row in rows if row not in self.old],
            missing=str([row for row in right if row not in rows][:1])[1:-1] or "nothing",
            extra=str([row for row in rows if row not in right][:1])[1:-1] or "nothing", right=rows == right,
            free=self.database.free(), open=self.database.open(self.judge), **more,
        )  # fmt: skip


@contextmanager
def places(answer: Any, sheet: Sheet) -> Facts:
    """A function that makes a new database, and an engine over it, at each call."""
    with sheet.judge.folder() as folder:
        yield partial(Place, answer, sheet.judge, folder)


def nights(answer: Any, sheet: Sheet) -> Facts:
    """A good night, of which no reading is there; one that fails half way, and one that Ctrl-C ends."""
    with places(answer, sheet) as place:
        *records, last = records_of(sheet.variant)
        at = sheet.variant.number("composition-x3 fails", 2, len(records))
        # A name that ends a text in SQL, a value that is false, and cells in another order: it is a dict.
        odd = dict(reversed({**last, "station": "L'Aquila", "celsius": 0.0}.items()))
        yield place().night("a night that succeeded", [*records, odd])
        false = sheet.judge.new_class("LineDropped", {"__bool__": bool}, OSError)("the line dropped")
        what = f"a night that failed at record {at}, with an error that is false in an `if`"
        yield place().night(what, records[:at], false)
        turns = range(210 // len(records))
        many = [{**one, "day": int(str(one["day"])) + 99 * turn} for turn in turns for one in records]
        yield place().night("Ctrl-C after many records", many, KeyboardInterrupt())


def repeated(answer: Any, sheet: Sheet) -> Facts:
    """A night of which one reading is there already, and the same night once more."""
    with places(answer, sheet) as place:
        records = [*records_of(sheet.variant), {**records_of(sheet.variant)[-1], "celsius": -98.0}]
        here = place([*OLD, (records[0]["station"], records[0]["day"], -99.0)], pooled=True)
        yield here.night("a night with a reading that was there already and one that came twice", records)
        yield here.night("the same night once more", records)
        yield place().night("a night without a record", [])


def locked(answer: Any, sheet: Sheet) -> Facts:
    """A night while another program writes; then while it reads: all can be written, and not committed."""
    with places(answer, sheet) as place:
        records, here = records_of(sheet.variant), place()
        lock = here.database.locked(99)
        night = here.night("a night that met a lock", records, other=lock, at_commit=False, pooled=False)
        # A sink that tries again after a lock does not wait for an `OSError` alone.
        once, error = night.drivers and here.database.checkouts < 2, OSError("the database is locked")
        night.for_os_error = once and place(error=error).night("", records).error is not error
        yield night
        # A connection that was given back is closed at this place, and stays in the pool at the next one.
        what, here, pool = "a night whose commit met a lock", place(), place(pooled=True)
        yield here.night(what, records, other=here.database.read(), at_commit=True, pooled=False)
        yield pool.night(what, records, other=pool.database.read(), at_commit=True, pooled=True)


def other_error(answer: Any, sheet: Sheet) -> Facts:
    """A short night that fails, and not by a lock: at each statement, at the commit, by a refused row."""
    with places(answer, sheet) as place:
        error, records = RuntimeError("the power went off"), records_of(sheet.variant)[:2]
        here = place(error=error)
        for number in range(1, 20):
            here.left = number
            night = here.night(f"step {number} of a night failed, not by a lock", records)
            if here.left > 0:
                break
            night.as_it_is = unchanged(night, error)
            yield night
        here = place()
        here.database.refuse(0)
        night = here.night("the database refused a row", records)
        night.as_it_is = type(night.error).__name__ == "IntegrityError"
        yield night


def two_at_once(answer: Any, sheet: Sheet) -> Facts:
    """Two sinks over two databases, made before either of them is used, and used at the same time."""
    with places(answer, sheet) as place:
        outer, inner = place(), place()
        mine, others = records_of(sheet.variant), records_of(sheet.variant, "composition-x3 other")

        def block() -> None:
            one, two = answer(outer.engine), answer(inner.engine)
            with one as sink, two as other:
                for record in mine:
                    sink.write(dict(record))
                for record in others:
                    other.write(dict(record))

        tried = attempt(block)
        yield outer.seen("the outer", mine, tried)
        yield inner.seen("the inner", others, tried)


FIRST = (
    Rule(nights, lambda night: night.records and not night.no_error,
         "a night without a failure raised {raised}.", "",
         "Use it in a new cell, and read the traceback. The name after `as` is what `__enter__` returns."),
    Rule(nights, lambda night: night.records and night.none_new,
         "a night succeeded, but its records are not in the table.", "", "Write, and commit in `__exit__`."),
)  # fmt: skip
KEPT = Asked("a night that succeeds is kept", 2, FIRST, (
    Rule(nights, lambda night: night.records and not night.right,
         "a night wrote {records} records into a table with {old} row. Missing: {missing}. Not expected: "
         "{extra}.", "",
         "All other rows stay. Read the cells of a record by name: a dict may have them in any order."),
    Rule(two_at_once, lambda night: not night.right,
         "two sinks over two databases were in use at the same time. New records for {when} one: {records}. "
         "Missing: {missing}. Not expected: {extra}.", "",
         "Store what belongs to one sink on the object itself, in `self.…`, and nothing on its class."),
))  # fmt: skip
UNCHANGED = Asked("a night that fails changes nothing", 2, FIRST, (
    Rule(nights, lambda night: not night.records and not night.right and night.early,
         "the table had {old} row before {when}. It changed before the block ended, and has {rows} rows now.",
         "", "Change the table only with one commit, in `__exit__`."),
    Rule(nights, lambda night: not night.records and not night.right,
         "the table had {old} row before {when}, and {rows} after it.", "",
         "Commit in `__exit__` only if its first argument is `None`: then there was no error."),
    Rule(nights, lambda night: not night.records and not night.same,
         "{when}: the block raised {raised}.", "",
         "Let its error go on unchanged. Return nothing from `__exit__`: a true value suppresses the error."),
))  # fmt: skip
REPEATED = Asked("an old reading is replaced, and a repeated night changes nothing", 1, FIRST, (
    Rule(repeated, lambda night: not (night.no_error and night.right),
         "{when} raised {raised} and left {rows} rows. Missing: {missing}. Not expected: {extra}.", "",
         "`insert or replace` replaces the row that has the same key. If you make a table of your own, drop "
         "it: the pool returns the same connection again."),
))  # fmt: skip
STILL_OPEN = "after {when}, a connection of the pool was not given back."
FINALLY = "Close it in a `finally` of `__exit__`. It does not run if `__enter__` fails: close it then, too."
GIVEN_BACK = Asked("the connection is given back on every way out", 1, FIRST, (
    Rule(nights, lambda night: night.taken,
         "a sink was made but not entered, and it has taken a connection of the pool.", "",
         "Take the connection in `__enter__`: a sink that is made may never be entered."),
    Rule(nights, lambda night: night.open, STILL_OPEN, "", FINALLY),
    Rule(locked, lambda night: night.open and not night.pooled, STILL_OPEN, "", FINALLY),
    Rule(locked, lambda night: not night.free,
         "after {when}, its transaction was still open: nothing else could be written to the database.", "",
         "A commit that fails does not end the transaction, and `close()` does not either. Roll back first."),
), linux=True)  # fmt: skip
OS_ERROR = Asked("a locked database is an `OSError`", 1, FIRST, (
    Rule(locked, lambda night: night.drivers and not night.at_commit and night.for_os_error,
         "your sink catches an `OSError` of a statement. But a locked database raised the driver's own "
         "error, which is not an `OSError`: {raised}.", "databases-lock-is-oserror",
         "Catch SQLAlchemy's `OperationalError`, and raise a `TimeoutError` from it."),
    Rule(locked, lambda night: not night.os_error,
         "{when} should raise an `OSError`. What came out is: {raised}.", "",
         "A night that is not committed has not succeeded. A lock can stop every statement, and the commit, "
         "too. Catch SQLAlchemy's `OperationalError` there, and raise a `TimeoutError` from it."),
    Rule(other_error, lambda night: not (night.as_it_is or night.no_error),
         "{when}. The block raised {raised}.", "",
         "Translate only SQLAlchemy's `OperationalError`. A retry cannot help with any other error."),
))  # fmt: skip
ruled("composition-x3", "A sink that may be repeated", kind="build", answer="DaySink", version=8,
      given=days_of, asked=[KEPT, UNCHANGED, REPEATED, GIVEN_BACK, OS_ERROR])  # fmt: skip
