"""Parts, databases and runners on which answers of the project are tried."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from lessons.exercises.decorators_parts import MANY, Enough, wake
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback, Judge, declare, declared
from lifecycle.config import PipelineConfig
from lifecycle.context import PipelineContext
from lifecycle.ledger import closed, opened
from lifecycle.probe import Probe, Watched
from lifecycle.retry import retryOnFailure
from lifecycle.sinks import SqlSink
from lifecycle.sources import CsvSource
from lifecycle.stages import Filter, Normalise, Parse

Row = dict[str, object]
declare(Probe, "__enter__ __exit__ stream process write", "metrics", name="Part")
declare(Watched, "__next__ close", name="generator")

WITH = "Hand all of it to a `PipelineContext`, in a `with`: it closes last first, whatever fails."

Runner = Callable[[Any, Any, Any], int]


@declared("__enter__ __exit__ stream", name="Part")
class Feed:
    """A source that drops `drops` times at one record, and gives the same records when it is opened again."""

    def __init__(self, records: list[Row], drops: int = 0, at: int = 1) -> None:
        self.records, self.drops, self.at, self.opened = records, drops, at, 0
        self.entry: Any = None

    def __enter__(self) -> Feed:
        self.entry = opened("socket", "feed")
        return self

    def __exit__(self, *reason: object) -> None:
        closed(self.entry)

    def stream(self) -> Iterator[Row]:
        """Yield the records, or break."""
        self.opened += 1
        for number, record in enumerate(self.records, 1):
            if number == self.at and self.drops:
                self.drops -= 1
                raise OSError("the line dropped")
            yield dict(record)


@declared("stream", name="Part")
class Bare:
    """A source that has nothing to open."""

    def __init__(self, records: list[Row]) -> None:
        self.records = records

    def stream(self) -> Iterator[Row]:
        """Yield the records."""
        for record in self.records:
            yield dict(record)


@declared("process", name="Part")
class Shift:
    """A stage that shifts the temperature."""

    def __init__(self, by: float) -> None:
        self.by = by

    def process(self, stream: Any) -> Iterator[Row]:
        """Yield each record, shifted."""
        for record in stream:
            yield {**record, "celsius": record["celsius"] + self.by}


@declared("__enter__ __exit__ write", name="Part")
class Tray:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.entry: Any = None

    def __enter__(self) -> Tray:
        self.entry = opened("connection", "tray")
        return self

    def __exit__(self, *reason: object) -> None:
        closed(self.entry)

    def write(self, record: Row) -> None:
        """Take one record."""
        self.rows.append(record)


class Decorable:
    """A part as a student decorates it: with generator functions of its own."""

    def __init__(self, part: Any) -> None:
        self.part = part

    def stream(self) -> Iterator[Row]:
        """Yield what the part yields."""
        yield from self.part.stream()

    def process(self, stream: Any) -> Iterator[Row]:
        """Yield what the part makes of a stream."""
        yield from self.part.process(stream)

    def write(self, record: Row) -> None:
        """Hand a record on to the part."""
        self.part.write(record)


class Opened(Decorable):
    """A part that is opened and closed."""

    def __enter__(self) -> Opened:
        self.part.__enter__()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.part.__exit__(kind, error, trace)


def decorable(part: Any) -> Decorable:
    """The part with generator functions of its own; it opens if the part does."""
    return (Opened if hasattr(type(part), "__enter__") else Decorable)(part)


@declared("", "maxAttempts delaySeconds center spread label", name="Settings")
class Asked(SimpleNamespace):
    """Settings that come from no `PipelineConfig`: attributes, and nothing else."""


def new_engine(path: str, asked: Any = None, pooled: bool = True) -> Any:
    """An engine on an SQLite file, with a pool that waits for nothing. It is made in the answer's process.

    asked: is called when a connection is taken. pooled: whether one that is given back stays open.
    """
    from sqlalchemy import NullPool, QueuePool, create_engine, event

    pool: Any = {"poolclass": NullPool}
    if pooled:
        pool = {"poolclass": QueuePool, "pool_size": 5, "max_overflow": 0, "pool_timeout": 0.01}
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"check_same_thread": False, "timeout": 0}, **pool
    )

    @event.listens_for(engine, "connect")
    def quick(connection: Any, record: object) -> None:
        # These files live for a second: no need to wait for the disk.
        connection.execute("pragma synchronous = off")

    if asked is not None:
        event.listen(engine, "checkout", lambda *given: asked())
    return engine


@dataclass
class Database:
    """An SQLite file; `table` is its table's name, with the columns' SQL, and `folder` where it is.

    `checkouts` is how often an engine was asked for a connection, if it was made with `checked_out`.
    """

    table: str
    columns: str
    folder: Any = None
    checkouts: int = 0

    def __post_init__(self) -> None:
        if self.folder is None:
            self._own = TemporaryDirectory(ignore_cleanup_errors=True)
            self.folder = Path(self._own.name)
        self.path = (Path(self.folder) / "night.db").as_posix()
        self._lock: sqlite3.Connection | None = None
        self._until = 0
        with closing(self.connection()) as connection:
            connection.execute(f"create table if not exists {self.table} ({self.columns})")
            connection.commit()

    def engine(self, judge: Judge, pooled: bool = True) -> Any:
        """An engine in the answer's process, whose checkouts this side counts."""

        def asked() -> None:
            # Whoever only says that it has a connection has not opened the file.
            if self.open(judge) or judge.files() is None:
                self.checked_out()

        return judge.witness(new_engine, self.path, Callback(asked), pooled)

    def open(self, judge: Judge) -> int:
        """How many files the answer's process has open on it, as the system counts them."""
        mine = os.stat(self.path)
        return sum((device, file) == (mine.st_dev, mine.st_ino) for _, device, file in judge.files() or ())

    def checked_out(self) -> None:
        """Count a connection that was taken, and let go of the lock when it was asked often enough.

        Raises `Enough` for one that asks without end.
        """
        self.checkouts += 1
        if self._lock is not None and self.checkouts > 2 * MANY:
            raise Enough(f"a connection was asked for more than {2 * MANY} times")
        if self._lock is not None and self.checkouts >= self._until:
            self._lock.rollback()

    def connection(self) -> sqlite3.Connection:
        """A connection of the check's own, beside the pool."""
        connection = sqlite3.connect(self.path, timeout=0)
        connection.execute("pragma synchronous = off")
        return connection

    def rows(self) -> list[tuple[Any, ...]]:
        """What is kept, in the order of the rows."""
        with closing(self.connection()) as connection:
            return sorted(connection.execute(f"select * from {self.table}").fetchall())

    def reset(self, rows: list[tuple[Any, ...]]) -> None:
        """Let the table hold these rows and no others."""
        with closing(self.connection()) as connection:
            connection.execute(f"delete from {self.table}")
            marks = ", ".join("?" * len(self.columns.split("primary")[0].strip(" ,").split(",")))
            connection.executemany(f"insert into {self.table} values ({marks})", rows)
            connection.commit()

    def refuse(self, rows: int) -> None:
        """Refuse each row that is inserted while the table has so many rows, or more."""
        with closing(self.connection()) as connection:
            connection.execute(
                f"create trigger full before insert on {self.table} when (select count(*) from {self.table})"
                f" >= {rows} begin select raise(abort, 'the disk is full'); end"
            )
            connection.commit()

    @contextmanager
    def locked(self, checkouts: int) -> Iterator[None]:
        """Somebody else writes, until a connection is asked for so many times; `checkouts` counts from 0."""
        self._lock, self._until, self.checkouts = self.connection(), checkouts, 0
        self._lock.execute("begin immediate")
        try:
            yield
        finally:
            self._lock.close()
            self._lock = None

    @contextmanager
    def read(self) -> Iterator[None]:
        """Somebody else reads meanwhile: who writes can do so, and not commit."""
        with closing(self.connection()) as other:
            other.execute("begin")
            other.execute(f"select * from {self.table}").fetchone()
            yield


@dataclass
class Nightly:
    """What the project works on: a CSV file at `path`, an `engine`, a `config`."""

    path: Path
    database: Database
    config: Any
    days: list[tuple[str, float, float]]

    @cached_property
    def engine(self) -> Any:
        """The caller's SQLAlchemy engine; its database has a table `weather`, with rows of last night."""
        return new_engine(self.database.path)

    def met_by(self, answer: Any, judge: Judge, settings: Any = None) -> Any:
        """An answer's own night over this file and this database, with other settings or its own ones."""
        values = {name[1:]: value for name, value in vars(self.config).items()}
        config = judge.witness(new_config, values) if settings is None else settings
        return answer(self.path, self.database.engine(judge, pooled=False), config)

    @property
    def expected(self) -> list[tuple[Any, ...]]:
        """The rows that belong in the table: wet days, the temperature in spreads from its mean."""
        mean, spread = self.config.center, self.config.spread
        return sorted((day, rain, (warm - mean) / spread) for day, rain, warm in self.days if rain)

    def is_right(self, rows: list[tuple[Any, ...]]) -> bool:
        """Whether these are the rows that belong in the table, up to rounding."""
        return len(rows) == len(self.expected) and all(
            one[:2] == two[:2] and type(one[2]) is float and abs(one[2] - two[2]) < 1e-9
            for one, two in zip(rows, self.expected, strict=True)
        )


OLD = [("1999-12-30", 1.5, 0.25), ("1999-12-31", 2.5, 0.5)]
"""What the night before has left in the table."""


DRY = {2: "0.0", 4: "0"}
"""Days without rain, and how the file writes it."""

DRIZZLE = "0.1"
"""A little rain is rain."""


def nightly(variant: Variant, key: str, config: Any, folder: Path | None = None) -> Nightly:
    """A night's file and database, made anew."""
    if folder is not None:
        folder.mkdir()
    database = Database("weather", "date text, precipitation float, temp_max float", folder)
    drawn = variant.random(key)
    count = variant.number(f"{key} days", 5, 7)
    days, rains = [], []
    for day in range(1, count + 1):
        rain = DRY.get(day, str(1 + int(drawn.random() * 90) / 10))
        rains.append(DRIZZLE if day == 5 else rain)
        days.append((f"2012-01-{day:02}", float(rains[-1]), int(drawn.random() * 300) / 10))
    path = database.folder / "days.csv"
    lines = ["date,precipitation,temp_max"]
    lines += [f"{day},{rain},{warm}" for (day, _, warm), rain in zip(days, rains, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    database.reset(OLD)
    return Nightly(path, database, config, days)


# Runners on which a student's test is tried: three that are right, and each kind of wrong one.


def in_context(source: Any, stages: Any, sink: Any) -> int:
    with PipelineContext(source, stages, sink) as pipeline:
        return int(pipeline.run())


def in_a_stack(source: Any, stages: Any, sink: Any) -> int:
    count = 0
    with ExitStack() as stack:
        stack.enter_context(source)
        stack.enter_context(sink)
        stream = stack.enter_context(closing(source.stream()))
        for stage in stages:
            stream = stack.enter_context(closing(stage.process(stream)))
        for record in stream:
            sink.write(record)
            count += 1
    return count


def by_hand(source: Any, stages: Any, sink: Any) -> int:
    count, streams = 0, []
    with source, sink:
        try:
            streams.append(source.stream())
            for stage in stages:
                streams.append(stage.process(streams[-1]))
            for record in streams[-1]:
                sink.write(record)
                count += 1
        finally:
            with ExitStack() as stack:
                for stream in streams:
                    stack.callback(stream.close)
    return count


def _moved(stream: Any, stages: Any, sink: Any) -> int:
    for stage in stages:
        stream = stage.process(stream)
    return sum(sink.write(record) is None for record in stream)


def at_the_end(source: Any, stages: Any, sink: Any) -> int:
    source.__enter__()
    sink.__enter__()
    count = _moved(source.stream(), stages, sink)
    sink.__exit__(None, None, None)
    source.__exit__(None, None, None)
    return count


def leaves_the_streams(source: Any, stages: Any, sink: Any) -> int:
    with source, sink:
        return _moved(source.stream(), stages, sink)


def one_finally(source: Any, stages: Any, sink: Any) -> int:
    streams: list[Any] = []
    source.__enter__()
    try:
        sink.__enter__()
        streams.append(source.stream())
        for stage in stages:
            streams.append(stage.process(streams[-1]))
        return sum(sink.write(record) is None for record in streams[-1])
    finally:
        for stream in reversed(streams):
            stream.close()
        if streams:
            sink.__exit__(None, None, None)
        source.__exit__(None, None, None)


def keeps_quiet(source: Any, stages: Any, sink: Any) -> int:
    with suppress(OSError):
        return in_context(source, stages, sink)
    return 0


def keeps_quiet_at_the_end(source: Any, stages: Any, sink: Any) -> int:
    pipeline = PipelineContext(source, stages, sink)
    try:
        with pipeline:
            pipeline.run()
    except OSError:
        pass
    return int(pipeline.recordCount)


def keeps_quiet_later(source: Any, stages: Any, sink: Any) -> int:
    with PipelineContext(source, stages, sink) as pipeline:
        try:
            for _ in pipeline.stream():
                pass
        except OSError:
            if not pipeline.recordCount:
                raise
    return int(pipeline.recordCount)


RIGHT: tuple[Runner, ...] = (in_context, in_a_stack, by_hand)
"""Runners that close everything and let every error out."""

LEAKY: dict[str, tuple[Runner, ...]] = {
    "record": (at_the_end,),
    "streams": (leaves_the_streams,),
    "close": (one_finally,),
    "quiet": (keeps_quiet, keeps_quiet_at_the_end, keeps_quiet_later),
}
"""Runners that do not, by what gives them away."""


# What runs in the answer's process.


def new_config(values: dict[str, Any]) -> PipelineConfig:
    """Settings of the kit's own kind."""
    return PipelineConfig(**values)


def new_kinds() -> tuple[type, ...]:
    """Classes for one check, whose objects hand each call on to the part that they are made with."""

    class Bare:
        def __init__(self, part: Any) -> None:
            self.part = part

        def stream(self) -> Iterator[Row]:
            yield from self.part.stream()

    class Feed(Bare):
        def __enter__(self) -> Any:
            self.part.__enter__()
            return self

        def __exit__(self, *reason: object) -> None:
            self.part.__exit__(*reason)

        def stream(self) -> Iterator[Row]:
            yield from self.part.stream()

    class Shift:
        def __init__(self, part: Any) -> None:
            self.part = part

        def process(self, stream: Any) -> Iterator[Row]:
            yield from self.part.process(stream)

    class Tray:
        def __init__(self, part: Any) -> None:
            self.part = part

        def __enter__(self) -> Any:
            self.part.__enter__()
            return self

        def __exit__(self, *reason: object) -> None:
            self.part.__exit__(*reason)

        def write(self, record: Row) -> None:
            self.part.write(record)

    return Feed, Bare, Shift, Tray


def new_empty(part: Any) -> Any:
    """A sink that hands each record on to a part, and has a length of 0."""

    class Empty:
        def __len__(self) -> int:
            return 0

        def write(self, record: Row) -> None:
            part.write(record)

    return Empty()


_prepared = ExitStack()
_kept: list[Callable[[], list[str]]] = []


def prepare(wait: Callable[[object], None]) -> None:
    """Tell `wait` of each pause in place of sleeping, and remember the kit's classes as they are."""
    _prepared.callback(wake)
    time.sleep, retryOnFailure.__kwdefaults__ = wait, {"sleep": wait}
    _kept[:] = [_prepared.enter_context(kept_as_they_are(CsvSource, SqlSink, Parse, Filter, Normalise))]


def tidy() -> None:
    """Undo `prepare`, and what an answer or `drop_lines` has changed in these classes."""
    _prepared.close()


def changed() -> list[str]:
    """The methods of these classes that are other ones by now."""
    return _kept[0]()


def drop_lines(ask: Callable[[int], object]) -> None:
    """Let each `CsvSource` ask before each record, by its number: the line drops if that raises."""
    plain = CsvSource.stream

    def stream(self: Any) -> Iterator[Any]:
        for number, record in enumerate(plain(self), 1):  # type: ignore[no-untyped-call]
            ask(number)
            yield record

    CsvSource.stream = stream  # type: ignore[method-assign]


@contextmanager
def kept_as_they_are(*kinds: type) -> Iterator[Callable[[], list[str]]]:
    """Put the methods of some classes back at the end; the value tells which were replaced so far."""
    before = {kind: dict(vars(kind)) for kind in kinds}

    def changed() -> list[str]:
        return [
            f"`{kind.__name__}.{name}`"
            for kind, own in before.items()
            for name in ("__enter__", "__exit__", "stream", "process", "write")
            if vars(kind).get(name) is not own.get(name)
        ]

    try:
        yield changed
    finally:
        for kind, own in before.items():
            for name, value in own.items():
                if vars(kind).get(name) is not value:
                    setattr(kind, name, value)
            for name in set(vars(kind)) - set(own):
                delattr(kind, name)
