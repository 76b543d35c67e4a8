"""Checks of the assignment on leaks: what stays open when a run dies, and who closes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lifecycle import faults, ledger
from lifecycle.faults import Fault, Outcome
from lifecycle.study.cards import described as short
from lifecycle.study.checks.exercise import Attempt, Sheet, Wrong, attempt, exactly, exercise, materials
from lifecycle.study.checks.variant import Variant

# Under names of our own: an answer that puts others in their places changes nothing here.
_sweep, _one_run, _opened, _closed = faults.sweep, faults.attempt, ledger.opened, ledger.closed


class Station:
    """A source that enters its file into the ledger, as the kit's own parts do."""

    def __init__(self, name: str, records: list[dict[str, object]]) -> None:
        self.name, self.records = name, records
        self.entry: Any = None

    def __enter__(self) -> Station:
        self.entry = _opened("file", f"{self.name}.csv")
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        _closed(self.entry)

    def stream(self) -> Iterator[dict[str, object]]:
        """Yield the records."""
        for record in self.records:
            yield dict(record)


class Archive:
    """A sink of all or nothing: `kept` are the `rows` it was given, once it is left without an error."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.kept: list[dict[str, object]] = []
        self.entry: Any = None

    def __enter__(self) -> Archive:
        self.entry = _opened("connection", "archive")
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.kept = list(self.rows)
        _closed(self.entry)

    def write(self, record: dict[str, object]) -> None:
        """Take one record."""
        self.rows.append(record)


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


@dataclass(frozen=True)
class Trial:
    """One run of an answer: what failed, what was seen of it, and the parts that it ran on.

    `tried` keeps the error, and so every frame of the answer, until all is judged.
    """

    outcome: Outcome
    tried: Attempt
    source: Any
    sink: Any

    @property
    def fault(self) -> Fault | None:
        """The point at which it failed; `None` for a run without a failure."""
        return self.outcome.fault

    @property
    def interrupt(self) -> bool:
        """Whether it failed by Ctrl-C, which is no `Exception`."""
        return self.fault is not None and self.fault.error is KeyboardInterrupt

    @property
    def when(self) -> str:
        """Such as "after the source failed at record 3 (your code: line 5: `sink.write(row)`)"."""
        if self.fault is None:
            return "after a run without a failure"
        place, record = f"the {self.fault.place}", self.fault.record
        what, where = {
            "open": ("failed to open", "while {} was opened"),
            "pull": (f"failed at record {record}", f"at record {record} of {{}}"),
            "write": (f"failed at record {record}", f"at record {record} of {{}}"),
            "end": ("failed while its stream was closed", "while the stream of {} was closed"),
            "close": ("failed to close", "while {} was closed"),
        }[self.fault.phase]
        told = f"Ctrl-C {where.format(place)}" if self.interrupt else f"{place} {what}"
        return f"after {told}" + (f" (your code: {self.tried.where})" if self.tried.where else "")


def trials(
    build: Callable[[], tuple[Any, Any, Any]], run: Callable[..., Any], system: bool = False
) -> list[Trial]:
    """Run at every point of failure, with an `OSError` and then with Ctrl-C; the run without one comes first.

    Raises what the run without a failure raises.
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

    outcomes = list(_sweep(building, running, system=system).outcomes)
    for fault in [outcome.fault for outcome in outcomes if outcome.fault]:
        stopped = replace(fault, error=KeyboardInterrupt)
        outcomes.append(_one_run(building, running, stopped, 10_000, system)[0])
    # The sweep's first run only finds the points: it has no outcome of its own.
    rows = zip(outcomes, tried[1:], built[1:], strict=True)
    return [Trial(outcome, one, parts[0], parts[2]) for outcome, one, parts in rows]


def swallowed(runs: list[Trial]) -> None:
    """Raise `Wrong` for the first run whose failure the answer did not let out."""
    for one in runs:
        # A fault in closing strikes only who closes: that nobody did is another aspect's affair.
        strikes = one.fault is not None and one.fault.phase in ("open", "pull", "write")
        if strikes and one.outcome.raised is None:
            raise Wrong(
                "leaks-truthy-is-success",
                f"{one.when}, no error came out: whoever started the run believes that it went well.",
                "Let the error go on when all is closed. Look at what each `__exit__` returns, at a `return`"
                " in `finally`, and at each `except` that does not end in `raise`.",
            )


def parts(variant: Variant, key: str) -> tuple[Station, tuple[()], Archive]:
    """A source and a sink for one run."""
    records = variant.readings(key, variant.number(key, 4, 7))
    return Station(variant.stations(key, 1)[0], records), (), Archive()


@exercise(
    "leaks-x1",
    "Close what the copy opened",
    kind="fix",
    answer="copy_readings",
    aspects={
        "both parts are closed after every failure": 2,
        "the stream is closed after every failure": 1,
        "the archive is told once how the run ended": 1,
        "all records arrive, and so does an error": 1,
    },
    hangs="leaks-traceback-keeps",
)
def copying(answer: Any, sheet: Sheet) -> None:
    """Sweep every point of failure with the answer as the runner."""
    doors: list[Door] = []

    def run(source: Any, stages: Any, sink: Any) -> Any:
        doors.append(Door(sink))
        return answer(Door(source), doors[-1])

    swept = attempt(trials, lambda: parts(sheet.variant, "leaks-x1"), run)

    def runs() -> list[Trial]:
        if swept.error is not None:
            raise swept.error
        if not swept.value[0].sink.rows:
            raise Wrong(
                "",
                "not one record arrived, so nothing was opened that could stay open.",
                "Enter both parts, pull `source.stream()`, and write each record to the sink.",
            )
        found: list[Trial] = swept.value
        return found

    with sheet.aspect("both parts are closed after every failure"):
        _both_closed(runs())
    with sheet.aspect("the stream is closed after every failure"):
        for one in runs():
            if any("started" in text for text in one.outcome.leaked):
                raise Wrong(
                    "leaks-refcount-closes",
                    f"the stream is still suspended {one.when}.",
                    "Close the stream by name: `contextlib.closing(source.stream())` in the same `with`.",
                )
    with sheet.aspect("the archive is told once how the run ended"):
        _told_once(runs(), doors[1:])
    with sheet.aspect("all records arrive, and so does an error"):
        whole = runs()[0]
        records = whole.source.records
        if not exactly(whole.tried.value, len(records)) or not exactly(whole.sink.rows, records):
            raise Wrong(
                "",
                f"{len(records)} records came, {len(whole.sink.rows)} arrived, and the answer returned "
                f"{short(whole.tried.value)}.",
                "Write each record once, in its order, and return how many were written.",
            )
        swallowed(runs())


_ONE_WITH = "Give both parts to one `with` statement: it leaves them on every way out, the last one first."
_KINDS: tuple[tuple[tuple[str, ...], bool, str, str], ...] = (
    (("pull", "write"), False, "leaks-traceback-keeps", _ONE_WITH),
    (("pull", "write"), True, "leaks-except-is-enough",
     "An `except` closes after the errors that it names. `with` and `finally` ask for no names."),
    (("open",), False, "leaks-exit-covers-enter",
     "One part is open already when the other one fails to open. Begin the `try` or `with` of the first "
     "before the other is opened: `with source, sink:` does."),
    (("end", "close"), False, "composition-finally-covers-all",
     "Closing can fail, too. Give each thing a `with` or a `finally` of its own: the others still run."),
    (("open", "end", "close"), True, "leaks-except-is-enough", _ONE_WITH),
)  # fmt: skip
"""Points of failure, whether by Ctrl-C, what a leak there shows, and what to try; the likeliest first."""


def _both_closed(runs: list[Trial]) -> None:
    """Raise `Wrong` for the first run, in the order of `_KINDS`, after which a part is open."""
    if held := _open(runs[0]):
        raise Wrong("leaks-refcount-closes", f"still open {runs[0].when}: {held}.", _ONE_WITH)
    for phases, interrupt, belief, advice in _KINDS:
        for one in runs:
            alike = one.fault is not None and one.fault.phase in phases and one.interrupt == interrupt
            if alike and (held := _open(one)):
                raise Wrong(belief, f"still open {one.when}: {held}.", advice)


def _open(one: Trial) -> str:
    parts = [text for text in one.outcome.leaked if not text.endswith("not finished")]
    by_name = [text for text in parts if not text.endswith("not left")]
    return ", ".join(by_name or parts)


def _told_once(runs: list[Trial], doors: list[Door]) -> None:
    for one, door in zip(runs, doors, strict=True):
        if door.left > 1:
            raise Wrong(
                "leaks-exit-on-success-only",
                f"{one.when}, the archive was left {door.left} times.",
                "Leave it to `with` alone: it calls `__exit__` on every way out, an error included.",
            )
        kept, rows = len(one.sink.kept), len(one.sink.rows)
        if one.fault is None and kept < rows:
            raise Wrong(
                "leaks-accepted-is-kept",
                f"{one.when}, the archive had accepted {rows} records and kept {kept}.",
                "Tell it that the run succeeded: three times `None`, which is what `with` does.",
            )
        if one.fault is not None and one.fault.phase in ("pull", "write") and kept:
            raise Wrong(
                "leaks-accepted-is-kept",
                f"{one.when}, the archive kept {kept} of {len(one.source.records)} records: it was told that "
                "the run had succeeded.",
                "An all-or-nothing sink decides by what its `__exit__` receives: hand the error on to it, or "
                "let `with` do that.",
            )


@materials(copying)
def copied(variant: Variant) -> Any:
    """Return `(source, stages, sink)` of a small run."""
    return parts(variant, "leaks-x1")


def new_pool(slots: int = 20, database: str = "") -> Any:
    """An SQLAlchemy engine over SQLite, its pool with `slots` connections; who finds none free waits 10 ms.

    database: the path of its file; without one each connection has an empty database of its own, in memory.
    """
    from sqlalchemy import QueuePool, create_engine

    return create_engine(
        f"sqlite:///{database}", poolclass=QueuePool, pool_size=slots, max_overflow=0, pool_timeout=0.01,
        connect_args={"check_same_thread": False, "timeout": 0},
    )  # fmt: skip


class Weather:
    """A database with an empty table `reading`, and readings for it: `engine` is its pool of 20 slots."""

    def __init__(self, readings: list[dict[str, object]]) -> None:
        self.readings = readings
        self._folder = TemporaryDirectory(ignore_cleanup_errors=True)
        self._path = (Path(self._folder.name) / "weather.db").as_posix()
        self.engine = new_pool(database=self._path)
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
        """Delete the database."""
        self.engine.dispose()
        self._folder.cleanup()


@dataclass(frozen=True)
class Visit:
    """One `with` block: how it was left, by which error, what came out of it, what was seen afterwards."""

    way: str
    error: BaseException | None
    tried: Attempt
    entered: bool
    taken: int
    kept: int
    stored: int
    committed: bool

    @property
    def failed(self) -> bool:
        """Whether an error left the block itself."""
        return self.error is not None and "commit" not in self.way


_WAYS: dict[str, Callable[[], BaseException] | None] = {
    "when the block came to its end": None,
    "when the block was left by `return`": None,
    "when the block was left by `break`": None,
    "when a `ValueError` left the block": lambda: ValueError("missing"),
    "when an `OSError` left the block": lambda: OSError("the sensor is silent"),
    "when Ctrl-C left the block": KeyboardInterrupt,
    "when `sys.exit` left the block": lambda: SystemExit(1),
    "when `commit` failed with an `OSError`": lambda: OSError("the disk is full"),
}


def _visit(answer: Any, sheet: Sheet, way: str) -> Visit:
    make = _WAYS[way]
    error = make() if make else None
    refuses = "commit" in way
    weather: Weather = sheet.given
    held: list[Any] = []
    fails = sheet.variant.number("leaks-x2 fails", 1, 3)
    some = weather.readings[:fails] if error and not refuses else weather.readings

    def block() -> None:
        for _ in range(1):
            with answer(weather.engine) as connection:
                held.append(connection)
                weather.store(connection, some)
                if error and not refuses:
                    raise error
                if "break" in way:
                    break
                if "return" in way:
                    return

    commits: list[object] = []

    def commit(connection: object) -> None:
        commits.append(connection)
        if error and refuses:
            raise error

    from sqlalchemy import event

    event.listen(weather.engine, "commit", commit)
    tried = attempt(block)
    taken = weather.engine.pool.checkedout()
    seen = Visit(way, error, tried, bool(held), taken, weather.kept(), len(some), bool(commits))
    weather.close()
    return seen


@exercise(
    "leaks-x2",
    "Leave the database in order",
    kind="complete",
    answer="Entry",
    aspects={
        "the slot is given back, whichever way the block is left": 2,
        "the rows are kept when the block succeeds, and only then": 2,
        "the block's error goes on": 1,
        "the slot is given back when the commit fails": 1,
    },
)
def entering(answer: Any, sheet: Sheet) -> None:
    """Leave a block in every way, on a database each, with the connection kept."""
    *visits, refused = [_visit(answer, sheet, way) for way in _WAYS]
    whole = visits[0]

    def worked() -> None:
        if whole.tried.error is not None:
            raise whole.tried.error
        if not whole.entered:
            raise Wrong(
                "", "the block of `with Entry(engine) as connection:` never ran.",
                "Keep `__enter__` as it was: it borrows a connection and returns it.",
            )  # fmt: skip

    with sheet.aspect("the slot is given back, whichever way the block is left"):
        worked()
        for one in visits:
            if not one.taken:
                continue
            if one is whole:
                belief = "leaks-refcount-closes"
                advice = "Call `self.connection.close()`: a name that goes closes nothing that others hold."
            elif one.error is None or isinstance(one.error, Exception):
                belief = "leaks-exit-on-success-only"
                advice = "`__exit__` runs on this way, too. Which of its lines does it reach then?"
            else:
                belief = "leaks-except-is-enough"
                advice = "`KeyboardInterrupt` and `SystemExit` are no `Exception`: close in any case."
            raise Wrong(belief, f"{one.way}, its connection still took a slot of the pool.", advice)
    with sheet.aspect("the rows are kept when the block succeeds, and only then"):
        worked()
        for one in visits:
            if one.failed and one.kept:
                raise Wrong(
                    "leaks-accepted-is-kept"
                    if isinstance(one.error, Exception)
                    else "leaks-except-is-enough",
                    f"{one.way}, {one.stored} of {whole.stored} rows had been inserted, and the table kept "
                    f"{one.kept}.",
                    "Commit only if the block has succeeded. Which of the three arguments tells you?",
                )
            if not one.failed and one.kept != one.stored:
                raise Wrong(
                    "leaks-accepted-is-kept",
                    f"{one.way}, the database had accepted {one.stored} rows and kept {one.kept}.",
                    "What is not committed is taken back when the connection is given back: "
                    "`self.connection.commit()` keeps it.",
                )
    with sheet.aspect("the block's error goes on"):
        worked()
        for one in visits:
            if one.failed and one.tried.error is None:
                raise Wrong(
                    "leaks-truthy-is-success",
                    f"{one.way}, no error came out of the `with`: whoever runs the job believes that it went "
                    "well.",
                    "Look at what `__exit__` returns on this way, and whether Python takes it for true.",
                )
            if one.tried.error is not one.error:
                raise Wrong(
                    "",
                    f"{one.way}, another error came out: {one.tried.raised}"
                    + (f", at {one.tried.where}." if one.tried.where else "."),
                    "`__exit__` raises nothing of its own: Python lets the block's error go on by itself.",
                )
    with sheet.aspect("the slot is given back when the commit fails"):
        worked()
        if refused.taken:
            raise Wrong(
                "leaks-traceback-keeps",
                f"{refused.way}, its connection still took a slot of the pool"
                + (f": your code was left at {refused.tried.where}." if refused.tried.where else "."),
                "`__exit__` can fail in the middle as well. Give its last line a `finally`.",
            )
        if not refused.committed:
            raise Wrong(
                "leaks-accepted-is-kept",
                "no commit was tried, so none could fail.",
                "Keep the rows first: the aspects above say when.",
            )
        if refused.tried.error is None:
            raise Wrong(
                "leaks-truthy-is-success",
                f"{refused.way}, no error came out, and no row is in the table.",
                "Let the error of a commit go on when the slot is given back.",
            )


@materials(entering)
def weather(variant: Variant) -> Weather:
    """A database in a file of its own, empty; the readings are the variant's."""
    return Weather(variant.readings("leaks-x2", variant.number("leaks-x2", 4, 8)))
