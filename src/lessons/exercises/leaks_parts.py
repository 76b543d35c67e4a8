"""What the exercises on leaks run on: parts, a database, connections, folders, and the runs themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from lessons.exercises.exercise import Attempt, attempt
from lessons.exercises.sql import declare_sql
from lessons.exercises.variant import Variant
from lessons.judge.judge import declare, declared
from lifecycle import faults, ledger
from lifecycle.faults import Fault, Outcome
from lifecycle.probe import Watched


class Station:
    """A source that enters its file into the ledger, as the kit's own parts do."""

    def __init__(self, name: str, records: list[dict[str, object]]) -> None:
        self.name, self.records, self.pulled = name, records, 0
        self.entry: Any = None

    def __enter__(self) -> Station:
        self.entry = ledger.opened("file", f"{self.name}.csv")
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        ledger.closed(self.entry)

    def stream(self) -> Iterator[dict[str, object]]:
        """Yield the records."""
        for record in self.records:
            self.pulled += 1
            yield dict(record)


class Archive:
    """A sink of all or nothing: `kept` are the `rows` it was given, once it is left without an error."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.kept: list[dict[str, object]] = []
        self.entry: Any = None

    def __enter__(self) -> Archive:
        self.entry = ledger.opened("connection", "archive")
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.kept = list(self.rows)
        ledger.closed(self.entry)

    def write(self, record: dict[str, object]) -> None:
        """Take one record."""
        self.rows.append(record)


@declared("__enter__ __exit__ stream write", name="Part")
class Door:
    """A part as the answer sees it, and how often it was left."""

    def __init__(self, part: Any) -> None:
        self.part, self.left = part, 0

    def __enter__(self) -> Door:
        self.part.__enter__()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.left += 1
        self.part.__exit__(kind, error, trace)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.part, name)


declare(Watched, "__next__ close", name="generator")


WHEN = {
    "open": ("{part} failed to open", "Ctrl-C while {part} was opened"),
    "start": ("the call of `source.stream()` failed", "Ctrl-C in the call of `source.stream()`"),
    "pull": ("{part} failed at record {record}", "Ctrl-C at record {record} of {part}"),
    "write": ("{part} failed at record {record}", "Ctrl-C at record {record} of {part}"),
    "end": ("{part} failed while its stream was closed", "Ctrl-C while the stream of {part} was closed"),
    "close": ("{part} failed to close", "Ctrl-C while {part} was closed"),
}


def trials(build: Callable[[], tuple[Any, Any, Any]], run: Callable[..., Any]) -> list[Any]:
    """Run at every point of failure, with an `OSError` and then with Ctrl-C; the run without one comes first.

    What is seen of each: the `phase` that failed, or ""; `when`, such as "after the source failed at record 3
    (your code: line 5: `sink.write(row)`)". `tried` keeps the error, and so every frame of the answer, until
    all is judged. Raises what the run without a failure raises.
    """
    built: list[tuple[Any, Any, Any]] = []
    tried: list[Attempt] = []

    def building() -> tuple[Any, Any, Any]:
        built.append(build())
        return built[-1]

    def running(source: Any, stages: Any, sink: Any) -> Any:
        tried.append(attempt(run, source, stages, sink))
        if tried[-1].error is not None:
            raise tried[-1].error
        return tried[-1].value

    outcomes = list(faults.sweep(building, running).outcomes)
    points = [*(outcome.fault for outcome in outcomes if outcome.fault), Fault("source", "start")]
    for fault in (points[-1], *(replace(point, error=KeyboardInterrupt) for point in points)):
        outcomes.append(faults.attempt(building, running, fault, 10_000, False)[0])
    # The sweep's first run only finds the points: it has no outcome of its own.
    rows = zip(outcomes, tried[1:], built[1:], strict=True)
    return [_trial(outcome, one, made) for outcome, one, made in rows]


def _trial(outcome: Outcome, tried: Attempt, made: tuple[Any, Any, Any]) -> Any:
    fault, when = outcome.fault, "after a run without a failure"
    ctrl_c = fault is not None and fault.error is KeyboardInterrupt
    if fault is not None:
        told = WHEN[fault.phase][ctrl_c].format(part=f"the {fault.place}", record=fault.record)
        when = f"after {told}" + (f" (your code: {tried.where})" if tried.where else "")
    return SimpleNamespace(
        when=when, phase=fault.phase if fault else "", ctrl_c=ctrl_c, tried=tried, outcome=outcome,
        source=made[0], sink=made[2], raised=tried.raised,
    )  # fmt: skip


def parts(variant: Variant, key: str, count: int | None = None) -> tuple[Station, tuple[()], Archive]:
    """A source and a sink for one run. count: how many records come, if not as many as the variant says."""
    records = variant.readings(key, variant.number(key, 4, 7) if count is None else count)
    return Station(variant.stations(key, 1)[0], records), (), Archive()


def new_pool(slots: int = 20, database: str = "") -> Any:
    """An SQLAlchemy engine over SQLite, its pool with `slots` connections; who finds none free waits 10 ms.

    database: the path of its file; without one each connection has an empty database of its own, in memory.
    """
    from sqlalchemy import QueuePool, create_engine

    declare_sql()
    return create_engine(
        f"sqlite:///{database}", poolclass=QueuePool, pool_size=slots, max_overflow=0, pool_timeout=0.01,
        connect_args={"check_same_thread": False, "timeout": 0},
    )  # fmt: skip


class Weather:
    """A database with an empty table `reading`, and readings for it: `engine` is its pool of 20 slots."""

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
        """Insert readings, all of them by default; committing them is left to the caller."""
        for reading in self.readings if readings is None else readings:
            connection.exec_driver_sql("insert into reading values (?, ?, ?)", tuple(reading.values()))

    def kept(self) -> int:
        """How many rows another connection finds in the table."""
        with closing(sqlite3.connect(self._path, timeout=0)) as connection:
            found: int = connection.execute("select count(*) from reading").fetchone()[0]
        return found

    def close(self) -> None:
        """Delete the database, and close what was borrowed and not given back."""
        self.engine.dispose()
        for connection in self._opened:
            connection.close()
        self._folder.cleanup()
