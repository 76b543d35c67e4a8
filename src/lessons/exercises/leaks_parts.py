"""The materials of the exercises on leaks: parts, a database, errors, and the rules that they share."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lessons.exercises import Observation, Rule, Variant
from lessons.exercises.sql import new_pool
from lifecycle import ledger


class Opening:
    """A part that adds everything that it opens to the ledger, like the kit's own parts."""

    opens: tuple[str, str] | None = None
    entry: Any = None

    def __enter__(self) -> Any:
        self.entry = ledger.opened(*self.opens or ("part", type(self).__name__))
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        ledger.closed(self.entry)
        self.entry = None


class Station(Opening):
    """A source with a file."""

    def __init__(self, name: str, records: list[dict[str, object]]) -> None:
        self.opens, self.records, self.pulled = ("file", f"{name}.csv"), records, 0

    def stream(self) -> Iterator[dict[str, object]]:
        for record in self.records:
            if self.entry is None:
                raise ValueError("the station is closed")
            self.pulled += 1
            yield dict(record)


class Archive(Opening):
    """A sink that keeps all or nothing: `kept` gets the `rows` when the sink is left without an error."""

    opens = "connection", "archive"

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.kept: list[dict[str, object]] = []

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.kept = list(self.rows) if kind is None else self.kept
        super().__exit__(kind, error, trace)

    def write(self, record: dict[str, object]) -> None:
        self.rows.append(record)


def parts(variant: Variant, key: str, count: int | None = None) -> tuple[Station, tuple[()], Archive]:
    """A source and a sink for one run. count: the number of records, if it differs from the variant's."""
    records = variant.readings(key, variant.number(key, 4, 7) if count is None else count)
    return Station(variant.stations(key, 1)[0], records), (), Archive()


class Hollow(Exception):
    """An error that counts as false, like one with a length of 0."""

    def __bool__(self) -> bool:
        return False


def in_an_except(call: Callable[..., Any], *given: Any) -> Any:
    """In the answer's process: call while another error is being handled, so that `sys.exc_info` finds it."""
    try:
        raise LookupError("of the caller")
    except LookupError:
        return call(*given)


class Weather:
    """A database with an empty table `reading`, readings for it, and `engine`, its pool of 20 slots."""

    def __init__(self, readings: list[dict[str, object]]) -> None:
        from sqlalchemy import event

        self.readings = readings
        self._folder = TemporaryDirectory(ignore_cleanup_errors=True)
        self._path = (Path(self._folder.name) / "weather.db").as_posix()
        self.engine = new_pool(database=self._path)
        self._opened: list[Any] = []
        event.listen(self.engine, "connect", lambda connection, record: self._opened.append(connection))
        with self.engine.begin() as connection:
            connection.exec_driver_sql("create table reading (station text, day int, celsius real)")

    def store(self, connection: Any, readings: list[dict[str, object]] | None = None) -> None:
        """Insert readings, by default all of them; the caller has to commit them."""
        for reading in self.readings if readings is None else readings:
            connection.exec_driver_sql("insert into reading values (?, ?, ?)", tuple(reading.values()))

    def kept(self) -> int:
        """How many rows another connection finds in the table."""
        with closing(sqlite3.connect(self._path, timeout=0)) as connection:
            return int(connection.execute("select count(*) from reading").fetchone()[0])

    def close(self) -> None:
        """Delete the database, and close all connections that were not returned."""
        self.engine.dispose()
        # SQLAlchemy rolls back a lost connection when it is collected, and logs that it is closed by then.
        self.engine.dialect.do_rollback = lambda connection: None
        for connection in self._opened:
            connection.close()
        self._folder.cleanup()


def errors_go_on(of: Observation) -> tuple[Rule, ...]:
    """The rules for a block's error, which must reach the code that runs the job.

    A fact has `when`, `raised`, `must_raise`, `same_error`, `ctrl_c`, and `by_exit`: an `__exit__` decides.
    """
    return (
        Rule(of, lambda run: run.must_raise and run.raised == "nothing" and run.by_exit and not run.ctrl_c,
             "{when}, no error came out of the `with`: the caller believes that the job went well.",
             "leaks-truthy-is-success",
             "Look at what `__exit__` returns in this case, and whether that counts as true."),
        Rule(of, lambda run: run.must_raise and not run.same_error,
             "{when}, this came out of the `with`: {raised}. It is not the error that belongs there, or it "
             "was changed.", "",
             "Let the same error go on: `__exit__` raises none of its own, an `except` ends with `raise`."),
    )  # fmt: skip


def by_error(of: Observation, when: Any, seen: str, belief: str, advice: str) -> tuple[Rule, Rule]:
    """A rule for failures after usual errors, and one for failures only after others, such as Ctrl-C."""
    by_name = (
        "`Exception` does not include Ctrl-C or `SystemExit`. `with`, `finally` and `is None` name no errors."
    )
    return (
        Rule(of, lambda run: not run.ctrl_c and when(run), seen, belief, advice),
        Rule(of, when, seen, "leaks-except-is-enough", by_name),
    )
