"""Parts, databases and runners on which answers of the project are tried."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from lessons.exercises.decorators_parts import MANY, Enough
from lessons.exercises.exercise import Wrong, attempt
from lessons.exercises.variant import Variant
from lessons.judge.judge import declared
from lifecycle.context import PipelineContext
from lifecycle.ledger import closed, opened

Row = dict[str, object]
Runner = Callable[[Any, Any, Any], int]


class Feed:
    """A source that drops `drops` times at one record, and gives the same records when it is opened again."""

    def __init__(self, records: list[Row], drops: int = 0, at: int = 1) -> None:
        self.records, self.drops, self.at = records, drops, at
        self.entry: Any = None

    def __enter__(self) -> Feed:
        self.entry = opened("socket", "feed")
        return self

    def __exit__(self, *reason: object) -> None:
        closed(self.entry)

    def stream(self) -> Iterator[Row]:
        """Yield the records, or break."""
        for number, record in enumerate(self.records, 1):
            if number == self.at and self.drops:
                self.drops -= 1
                raise OSError("the line dropped")
            yield dict(record)


class Bare:
    """A source that has nothing to open."""

    def __init__(self, records: list[Row]) -> None:
        self.records = records

    def stream(self) -> Iterator[Row]:
        """Yield the records."""
        for record in self.records:
            yield dict(record)


class Shift:
    """A stage that shifts the temperature."""

    def __init__(self, by: float) -> None:
        self.by = by

    def process(self, stream: Any) -> Iterator[Row]:
        """Yield each record, shifted."""
        for record in stream:
            yield {**record, "celsius": record["celsius"] + self.by}


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
    """A part under watch as a student decorates it: with generator functions of its own."""

    def __init__(self, part: Any) -> None:
        self.part = part

    def __enter__(self) -> Decorable:
        self.part.__enter__()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.part.__exit__(kind, error, trace)

    def stream(self) -> Iterator[Row]:
        """Yield what the part yields."""
        yield from self.part.stream()

    def process(self, stream: Any) -> Iterator[Row]:
        """Yield what the part makes of a stream."""
        yield from self.part.process(stream)


@declared("close", "name", name="Part")
class Station:
    """A part that is open when it is made: `close()` is noted in `diary`, and may fail."""

    def __init__(self, name: str, diary: list[str], error: BaseException | None = None) -> None:
        self.name, self.diary, self.error = name, diary, error

    def close(self) -> None:
        """Close, then fail if it is told to."""
        self.diary.append(self.name)
        if self.error is not None:
            raise self.error


class Asked(SimpleNamespace):
    """Settings that come from no `PipelineConfig`: attributes, and a note of which were asked for."""

    __slots__ = ("_asked",)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._asked: set[str] = set()

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if not name.startswith("_"):
            self._asked.add(name)
        elif name == "__dict__":
            self._asked.update(value)
        return value

    def needed(self, name: str) -> None:
        """Raise `Wrong` when nobody has asked for this one."""
        if name not in self._asked:
            raise Wrong("", f"nobody asked the settings for `{name}`.", f"Hand on `config.{name}`.")


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


@dataclass
class Database:
    """An SQLite file behind a pool that waits for nothing; `table` is its name, with the columns' SQL.

    `taken` is how many connections of the pool are out, also when the pool itself was thrown away.
    """

    table: str
    columns: str
    folder: Any = field(default_factory=lambda: TemporaryDirectory(ignore_cleanup_errors=True))

    def __post_init__(self) -> None:
        from sqlalchemy import QueuePool, create_engine, event

        self.path = (Path(self.folder.name) / "night.db").as_posix()
        self.engine = create_engine(
            f"sqlite:///{self.path}", poolclass=QueuePool, pool_size=5, max_overflow=0, pool_timeout=0.01,
            connect_args={"check_same_thread": False, "timeout": 0},
        )  # fmt: skip

        @event.listens_for(self.engine, "connect")
        def quick(connection: Any, record: object) -> None:
            # These files live for a second: no need to wait for the disk.
            connection.execute("pragma synchronous = off")

        self.taken = 0

        def changes(event_name: str, by: int) -> None:
            @event.listens_for(self.engine, event_name)
            def counted(*given: object) -> None:
                self.taken += by

        changes("checkout", 1)
        changes("checkin", -1)
        with closing(self.connection()) as connection:
            connection.execute(f"create table if not exists {self.table} ({self.columns})")
            connection.commit()

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

    @contextmanager
    def locked(self, checkouts: int) -> Iterator[Callable[[], int]]:
        """Somebody else writes, until the pool is asked for a connection for so many times.

        The value tells how often it was asked so far. Who asks without end is stopped.
        """
        from sqlalchemy import event

        other, asked = self.connection(), [0]
        other.execute("begin immediate")

        def let_go(*given: object) -> None:
            asked[0] += 1
            if asked[0] > 2 * MANY:
                raise Enough(f"a connection was asked for more than {2 * MANY} times")
            if asked[0] >= checkouts:
                other.rollback()

        event.listen(self.engine, "checkout", let_go)
        try:
            yield lambda: asked[0]
        finally:
            event.remove(self.engine, "checkout", let_go)
            other.close()

    @contextmanager
    def read(self) -> Iterator[None]:
        """Somebody else reads meanwhile: who writes can do so, and not commit."""
        with closing(self.connection()) as other:
            other.execute("begin")
            other.execute(f"select * from {self.table}").fetchone()
            yield


@dataclass(frozen=True)
class Nightly:
    """What the project works on: a CSV file at `path`, an `engine`, a `config`."""

    path: Path
    database: Database
    config: Any
    days: list[tuple[str, float, float]]

    @property
    def engine(self) -> Any:
        """The caller's SQLAlchemy engine; its database has a table `weather`, with rows of last night."""
        return self.database.engine

    @property
    def expected(self) -> list[tuple[Any, ...]]:
        """The rows that belong in the table: wet days, the temperature in spreads from its mean."""
        mean, spread = self.config.center, self.config.spread
        return sorted((day, rain, (warm - mean) / spread) for day, rain, warm in self.days if rain)


OLD = [("1999-12-30", 1.5, 0.25), ("1999-12-31", 2.5, 0.5)]
"""What the night before has left in the table."""


DRY = {2: "0.0", 4: "0"}
"""Days without rain, and how the file writes it."""

DRIZZLE = "0.1"
"""A little rain is rain."""


def by_text(night: Callable[[], Any]) -> bool:
    """Whether stages drop a day whose cell is an empty text: they ask if a text is true."""

    def left() -> list[Any]:
        stream: Any = iter([{"date": "2012-01-01", "precipitation": "", "temp_max": "1.0"}])
        for stage in night().build()[1]:
            stream = stage.process(stream)
        return list(stream)

    return bool(attempt(left).value == [])


def nightly(variant: Variant, key: str, config: Any) -> Nightly:
    """A night's file and database, made anew."""
    database = Database("weather", "date text, precipitation float, temp_max float")
    drawn = variant.random(key)
    count = variant.number(f"{key} days", 5, 7)
    days, rains = [], []
    for day in range(1, count + 1):
        rain = DRY.get(day, str(1 + int(drawn.random() * 90) / 10))
        rains.append(DRIZZLE if day == 5 else rain)
        days.append((f"2012-01-{day:02}", float(rains[-1]), int(drawn.random() * 300) / 10))
    path = Path(database.folder.name) / "days.csv"
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


RIGHT: tuple[Runner, ...] = (in_context, in_a_stack, by_hand)
"""Runners that close everything and let every error out."""

LEAKY: dict[str, tuple[Runner, ...]] = {
    "record": (at_the_end,),
    "streams": (leaves_the_streams,),
    "close": (one_finally,),
    "quiet": (keeps_quiet, keeps_quiet_at_the_end),
}
"""Runners that do not, by what gives them away."""


def names_in(function: Any) -> list[str]:
    """The names that a function's own lines look up: asked in the answer's process."""
    return list(getattr(getattr(function, "__code__", None), "co_names", ()))
