"""Parts, databases and runners with which answers of the project are tested."""

import os
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lessons.exercises import Callback, Fact, Judge, Sheet, Variant, declared, short
from lessons.exercises.decorators_parts import MANY, Enough, awake, hush, wake
from lessons.exercises.exercise import Attempt
from lessons.exercises.leaks_parts import Opening
from lessons.exercises.sql import hurry, new_pool
from lifecycle.config import PipelineConfig
from lifecycle.context import PipelineContext
from lifecycle.faults import Outcome
from lifecycle.probe import Probe, Watched
from lifecycle.sinks import SqlSink
from lifecycle.sources import CsvSource
from lifecycle.stages import Filter, Normalise, Parse

Row = dict[str, object]
Rows = list[tuple[Any, ...]]
Runner = Callable[[Any, Any, Any], int]
declared("__enter__ __exit__ stream process write", "metrics", name="Part")(Probe)
declared("__next__ close", name="generator")(Watched)

WITH = "Give everything to a `PipelineContext`, in a `with`: it closes last first, whatever fails."


@declared("__enter__ __exit__ stream", name="Part")
class Feed(Opening):
    """A source that drops `drops` times at one record, and yields the same records when opened again."""

    def __init__(self, records: list[Row], drops: int = 0, at: int = 1) -> None:
        self.records, self.drops, self.at, self.opened = records, drops, at, 0

    def stream(self) -> Iterator[Row]:
        self.opened += 1
        for number, record in enumerate(self.records, 1):
            if number == self.at and self.drops:
                self.drops -= 1
                raise ConnectionResetError("the line dropped")
            yield dict(record)


@declared("process", name="Part")
class Shift:
    """A stage that shifts the temperature, and yields every record, every second one, …"""

    def __init__(self, by: float, every: int = 1) -> None:
        self.by, self.every = by, every

    def process(self, stream: Any) -> Iterator[Row]:
        for record in islice(stream, self.every - 1, None, self.every):
            yield {**record, "celsius": record["celsius"] + self.by}


@declared("__enter__ __exit__ write", name="Part")
class Tray(Opening):
    """A sink that keeps its records. then: what happens at its second record; `write` returns its result."""

    def __init__(self, then: Callable[[], object] | None = None) -> None:
        self.rows: list[Row] = []
        self.then = then

    def write(self, record: Row) -> object:
        self.rows.append(record)
        return self.then() if self.then and len(self.rows) == 2 else None


def ended(tried: Attempt, **more: Any) -> Any:
    """The facts about the end of a call, and more."""
    error = tried.error
    return Fact(
        error=error, raised=tried.said, no_error=error is None,
        returned=short(tried.value) if error is None else "nothing",
        os_error=isinstance(error, OSError), drivers=type(error).__name__ == "OperationalError", **more,
    )  # fmt: skip


def run_of(outcome: Outcome, **more: Any) -> Any:
    """The facts of one run with a fault; `phase` is what a part was doing when it failed, or ""."""
    fault = outcome.fault
    kind = fault.error.__name__ if fault and fault.error is not OSError else "failure"
    return Fact(
        when=f"after a {kind} at {fault}" if fault else "after a run without a failure",
        phase=fault.phase if fault else "", leaked=", ".join(outcome.leaked), arrived=outcome.arrived,
        no_error=outcome.raised is None, **more,
    )  # fmt: skip


def new_engine(path: str, asked: Any = None, pooled: bool = True, strike: Any = None) -> Any:
    """An engine on an SQLite file in the answer's process. pooled: whether returned connections stay open.

    asked: called when a connection is taken. strike: called before each statement and commit; may raise.
    """
    from sqlalchemy import event

    engine = new_pool(5 if pooled else 0, path)
    if asked is not None:
        event.listen(engine, "checkout", lambda *given: asked())
    for moment in ("before_cursor_execute", "commit") if strike else ():
        event.listen(engine, moment, lambda *given: strike())
    return engine


class Database:
    """An SQLite file with one table; `checkouts` counts the requests for a connection.

    where: the folder in which it makes its own one, by default the system's.
    """

    def __init__(self, table: str, columns: str, where: Path | None = None) -> None:
        self._own = TemporaryDirectory(dir=where, ignore_cleanup_errors=True)
        self.folder = Path(self._own.name)
        self.table, self.path = table, (self.folder / "night.db").as_posix()
        self.checkouts = self._until = 0
        self._lock: sqlite3.Connection | None = None
        self._change(f"create table if not exists {table} ({columns})")

    def _change(self, statement: str) -> None:
        with closing(self.connection()) as connection, connection:
            connection.execute(statement)

    def engine(self, judge: Judge, pooled: bool = True, strike: Any = None) -> Any:
        """An engine in the answer's process; this side counts its checkouts."""

        def asked() -> None:
            # An answer that only claims to have a connection has not opened the file.
            if self.open(judge) or judge.files() is None:
                self.checked_out()

        return judge.witness(new_engine, self.path, Callback(asked), pooled, strike)

    def open(self, judge: Judge) -> int:
        """How many times the answer's process has the file open, as counted by the system."""
        mine = os.stat(self.path)
        return sum((device, file) == (mine.st_dev, mine.st_ino) for _, device, file in judge.files() or ())

    def checked_out(self) -> None:
        """Count a connection that was taken; the lock ends in time. Raises `Enough` if this never ends."""
        self.checkouts += 1
        if self._lock is not None and self.checkouts > 2 * MANY:
            raise Enough(f"a connection was asked for more than {2 * MANY} times")
        if self._lock is not None and self.checkouts >= self._until:
            self._lock.rollback()

    def connection(self) -> sqlite3.Connection:
        """A connection of the check, outside the pool."""
        return hurry(sqlite3.connect(self.path, timeout=0))

    def rows(self) -> Rows:
        """The stored rows, in their order."""
        with closing(self.connection()) as connection:
            return sorted(connection.execute(f"select * from {self.table}").fetchall(), key=repr)

    def reset(self, rows: Rows) -> None:
        """Let the table have exactly these rows."""
        places = ", ".join("?" * len(rows[0]))
        with closing(self.connection()) as connection, connection:
            connection.execute(f"delete from {self.table}")
            connection.executemany(f"insert into {self.table} values ({places})", rows)

    def refuse(self, rows: int) -> None:
        """Refuse each insert while the table has this many rows or more."""
        self._change(
            f"create trigger full before insert on {self.table} when (select count(*) from {self.table})"
            f" >= {rows} begin select raise(abort, 'the disk is full'); end"
        )

    def free(self) -> bool:
        """Whether the database can be written, which means that no transaction has its lock."""
        with suppress(sqlite3.OperationalError), closing(self.connection()) as connection:
            connection.execute("begin immediate")
            return True
        return False

    @contextmanager
    def locked(self, checkouts: int) -> Iterator[None]:
        """Another connection writes until this many connections were requested; `checkouts` counts from 0."""
        self._lock, self._until, self.checkouts = self.connection(), checkouts, 0
        self._lock.execute("begin immediate")
        try:
            yield
        finally:
            self._lock.close()
            self._lock = None

    @contextmanager
    def read(self) -> Iterator[None]:
        """Another connection reads meanwhile: then one can write, but not commit."""
        with closing(self.connection()) as other:
            other.execute("begin")
            other.execute(f"select * from {self.table}").fetchone()
            yield


OLD = [("1999-12-30", 1.5, 0.25), ("1999-12-31", 2.5, 0.5)]
"""The rows of the night before."""

DRY = {2: "0.0", 4: "0"}  # days without rain, and how the file writes it


class Nightly(Fact):
    """The materials of the project, newly made: a CSV file at `path`, an `engine`, a `config`.

    where: the folder in which it makes its own one. count: the number of its days, by default drawn. given:
    settings that are not drawn; `settings` are those of the config, by name.
    """

    def __init__(
        self, variant: Variant, key: str = "composition-x5", where: Any = None, count: int = 0, **given: Any
    ) -> None:
        center, spread = variant.number(f"{key} center", 8, 16), variant.number(f"{key} spread", 4, 9)
        # The spread does not divide temperatures with one decimal exactly: a rounded value would pass then.
        settings = {"center": float(center), "spread": spread + 0.7, "delaySeconds": 0, **given}
        self.config = PipelineConfig(**settings)
        self.settings = {name[1:]: value for name, value in vars(self.config).items()}
        self.database = Database("weather", "date text, precipitation float, temp_max float", where)
        self.database.reset(OLD)
        drawn = variant.random(key)
        self.days, lines = list[tuple[str, float, float]](), ["date,precipitation,temp_max"]
        for day in range(1, (count or variant.number(f"{key} days", 6, 8)) + 1):
            # A little rain is rain.
            rain = DRY.get(day, "0.04" if day == 5 else str(1 + int(drawn.random() * 90) / 10))
            warm = (1 + int(drawn.random() * 299)) / 10  # never false by chance
            self.days.append((f"2012-01-{day:02}", float(rain), warm))
            lines.append(f"2012-01-{day:02},{rain},{warm}")
        self.path = self.database.folder / "days.csv"
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @cached_property
    def engine(self) -> Any:
        """The caller's SQLAlchemy engine; its database has a table `weather`, with rows of last night."""
        return new_engine(self.database.path)

    @property
    def expected(self) -> list[tuple[Any, ...]]:
        """The right rows: wet days, with the temperature in spreads from its mean."""
        mean, spread = self.config.center, self.config.spread
        return sorted((day, rain, (warm - mean) / spread) for day, rain, warm in self.days if rain)

    def is_right(self, rows: list[tuple[Any, ...]]) -> bool:
        """Whether these are the right rows, up to rounding."""
        return len(rows) == len(self.expected) and all(
            one[:2] == two[:2] and type(one[2]) is float and abs(one[2] - two[2]) < 1e-9
            for one, two in zip(rows, self.expected, strict=True)
        )


def in_context(source: Any, stages: Any, sink: Any) -> int:
    with PipelineContext(source, stages, sink) as pipeline:
        return int(pipeline.run())


LEAKY = {one: one for one in ("record", "opening", "streams", "pulled", "written", "closing")} | {
    "last": "close", "first": "close", "opens": "quiet", "pulls": "quiet", "writes": "quiet"}  # fmt: skip
"""Kinds of runners that leave something open or hide an error, and how each can be recognised."""


def collected(source: Any, stages: Any, sink: Any) -> tuple[Any, ...]:
    """Like `begun`, but all records are pulled before one is written, and the source is closed first."""
    entered, *more = begun(source, stages, sink, list)
    return entered[::-1], *more


def enclosed(source: Any, stages: Any, sink: Any) -> tuple[Any, ...]:
    """Like `begun`, but everything is closed already."""
    try:
        return [], [], in_context(source, stages, sink), None, False
    except BaseException as error:
        return [], [], 0, error, False


def begun(source: Any, stages: Any, sink: Any, before: Callable[..., Any] = iter) -> tuple[Any, ...]:
    """What every runner does until something fails; it uses the values that `__enter__` returns.

    The streams are made before the sink is opened, and nothing is pulled from them yet. Returns what was
    entered, what must be closed, how many records arrived, the error, and whether a write raised it.
    """
    entered: list[Any] = []
    started: list[Any] = []
    count, writing = 0, False
    try:
        name = source.__enter__()
        entered.append(source)
        streams = [name.stream()]
        for stage in stages:
            streams.append(stage.process(streams[-1]))
        name = sink.__enter__()
        entered.append(sink)
        started += streams
        for record in before(streams[-1]):
            writing = True
            name.write(record)
            writing, count = False, count + 1
    except BaseException as error:
        return entered, started, count, error, writing
    return entered, started, count, None, False


def left(entered: Any, streams: Any, error: Any, in_one: int = 0) -> None:
    """Close the streams, then leave the parts; `in_one`, 1 or -1, does it in this order, up to a failure."""
    reason = (type(error), error, error.__traceback__) if error else (None, None, None)
    leaving: list[Any] = [partial(part.__exit__, *reason) for part in entered]
    with ExitStack() as stack:
        if in_one:
            stack.callback(lambda: [leave() for leave in leaving[::in_one]])
        for turn in () if in_one else leaving:
            stack.callback(turn)
        for stream in streams:
            stack.callback(stream.close)


def decided(kind: str, failed: bool, started: bool, count: int, writing: bool) -> tuple[Any, ...]:
    """What a runner that leaks in this way does after `begun`; a right one for "".

    Returns whether it closes nothing, whether it forgets the streams, the order in which it closes by hand
    or 0, whether it keeps the error of a close to itself, and whether it keeps its own.
    """
    return (
        failed and (kind == "record" or (kind == "opening" and not started)),
        kind == "streams" or (failed and kind == ("written" if writing else "pulled")),
        {"last": -1, "first": 1}.get(kind, 0),
        kind == "closing" and not failed,
        {"writes": writing, "pulls": count > 0 and not writing, "opens": not started}.get(kind, False),
    )


def runner(decide: Callable[..., Any], begin: Callable[..., tuple[Any, ...]] = begun) -> Runner:
    """A runner that begins like `begun`, and asks `decide` what comes then; see `decided`."""
    kept: list[Any] = []  # what it leaves open stays open: no luck closes it

    def run(source: Any, stages: Any = (), sink: Any = None) -> int:
        entered, streams, count, error, writing = begin(source, stages, sink)
        kept.append((source, stages, sink, streams))
        nothing, forgets, in_one, mild, quiet = decide(error is not None, bool(streams), count, writing)
        if nothing:
            raise error
        try:
            left(entered, [] if forgets else streams, error, in_one)
        except BaseException:
            if not mild:
                raise
        if error and not (quiet and isinstance(error, Exception)):
            raise error
        return int(count)

    return run


def new_runner(decide: Callable[..., Any], begin: str, named: bool) -> Any:
    """A runner in the answer's process. begin: the name of a function here. named: whether it has a name."""
    made = partial(runner(decide, globals()[begin]))
    if named:
        made.__name__ = "run"  # type: ignore[attr-defined]
    return made


stacked = runner(partial(decided, ""))


def new_config(values: dict[str, Any], own: bool = True) -> Any:
    """Settings, made in the answer's process, like everything below. own: whether of the kit's own class.

    Those of another class have attributes, but no `__dict__`.
    """
    return (PipelineConfig if own else namedtuple("Settings", values))(**values)


def new_kinds() -> tuple[type, ...]:
    """Classes for one check, whose objects pass each call on to a part; `changed` watches them, too."""

    class Part:
        def __init__(self, part: Any) -> None:
            self.part = part

    class Opened(Part):
        def __enter__(self) -> Any:
            self.part.__enter__()
            return self

        def __exit__(self, *reason: object) -> None:
            self.part.__exit__(*reason)

    class Bare(Part):
        def stream(self) -> Iterator[Row]:
            yield from self.part.stream()

    class Feed(Opened, Bare):
        pass

    class Stage(Part):
        def process(self, stream: Any) -> Iterator[Row]:
            yield from self.part.process(stream)

    class Shift(Stage):  # its method is inherited: an answer must not search only the class itself
        pass

    class Tray(Opened):
        def write(self, record: Row) -> object:
            return self.part.write(record)

    class Empty(Tray):
        def __len__(self) -> int:
            return 0

    for kind in (Part, Opened, Bare, Stage, Tray):
        for name, method in vars(kind).items():
            if callable(method):  # an error names it by this
                method.__qualname__ = f"{kind.__name__}.{name}"
    kinds = Feed, Bare, Shift, Tray, Empty
    _plain.update({kind: dict(vars(kind)) for kind in kinds})
    return kinds


def new_parts(
    kinds: Sequence[type], line: Any, stages: Any, tray: Any, settings: dict[str, Any]
) -> list[Any]:
    """A source, stages, a sink and their settings. kinds: the classes of a source, a stage and a sink."""
    source, stage, sink = kinds
    return [source(line), *map(stage, stages), sink(tray), new_config(settings)]


_plain: dict[type, dict[str, Any]] = {}


def prepare(wait: Callable[[object], None]) -> None:
    """Like `hush`; also remember the kit's classes as they are."""
    hush(wait)
    _plain.clear()
    _plain.update({kind: dict(vars(kind)) for kind in (CsvSource, SqlSink, Parse, Filter, Normalise)})


def tidy() -> None:
    """Undo `prepare`, and what an answer or `drop_lines` has changed in these classes."""
    wake()
    for kind, own in _plain.items():
        for name in {*vars(kind), *own}:
            if name not in own:
                delattr(kind, name)
            elif vars(kind).get(name) is not own[name]:
                setattr(kind, name, own[name])


@contextmanager
def desk(kind: Callable[..., Any], answer: Any, sheet: Sheet) -> Iterator[Any]:
    """The materials of one observation, with a folder. Meanwhile nothing sleeps in the answer's process."""
    with sheet.judge.folder() as folder, awake(sheet.judge, prepare, tidy) as waits:
        yield kind(answer, sheet, folder, waits)


def changed() -> list[str]:
    """The methods of these classes that were replaced."""
    return [
        f"`{kind.__name__}.{name}`"
        for kind, own in _plain.items()
        for name in ("__enter__", "__exit__", "stream", "process", "write")
        if vars(kind).get(name) is not own.get(name)
    ]


def drop_lines(ask: Callable[[int], object]) -> None:
    """Before each record, let each `CsvSource` call this with its number; if it raises, the line drops."""
    plain = CsvSource.stream

    def stream(self: Any) -> Iterator[Any]:
        for number, record in enumerate(plain(self), 1):  # type: ignore[no-untyped-call]
            ask(number)
            yield record

    CsvSource.stream = stream  # type: ignore[method-assign]
