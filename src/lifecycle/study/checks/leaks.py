"""Checks of the assignment on leaks: what stays open when a run dies, and who closes it."""

from __future__ import annotations

import gc
import json
import linecache
import sqlite3
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lifecycle import faults, ledger
from lifecycle.faults import Fault, Outcome
from lifecycle.probe import Probe
from lifecycle.study.cards import described as short
from lifecycle.study.checks.exercise import (
    Attempt,
    Sheet,
    Wrong,
    attempt,
    exactly,
    exercise,
    is_student,
    materials,
)
from lifecycle.study.checks.variant import Variant

# As they are before any answer runs: one that puts others in their places changes nothing here.
_TOOLS = [(room, name, value) for room in (faults, ledger, Probe) for name, value in vars(room).items()
          if isinstance(value, types.FunctionType)]  # fmt: skip


def tools() -> None:
    """Put the tools that count leaks in their places."""
    for room, name, value in _TOOLS:
        setattr(room, name, value)


class Station:
    """A source that enters its file into the ledger, as the kit's own parts do."""

    def __init__(self, name: str, records: list[dict[str, object]]) -> None:
        self.name, self.records = name, records
        self.entry: Any = None

    def __enter__(self) -> Station:
        self.entry = ledger.opened("file", f"{self.name}.csv")
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        ledger.closed(self.entry)

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
        self.entry = ledger.opened("connection", "archive")
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.kept = list(self.rows)
        ledger.closed(self.entry)

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
    tools()
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

    outcomes = list(faults.sweep(building, running, system=system).outcomes)
    for fault in [outcome.fault for outcome in outcomes if outcome.fault]:
        stopped = replace(fault, error=KeyboardInterrupt)
        outcomes.append(faults.attempt(building, running, stopped, 10_000, system)[0])
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
    borrowed: bool
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
                held.append((connection, weather.engine.pool.checkedout()))
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
    seen = Visit(
        way, error, tried, any(slots for _, slots in held), taken, weather.kept(), len(some), bool(commits)
    )
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
        if not whole.borrowed:
            raise Wrong(
                "", "in the block of `with Entry(engine) as connection:` no slot of the pool was taken.",
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


class Line:
    """A connection that is entered into the ledger; `events` is the order in which all of them close.

    It closes as SQLAlchemy's does: by `close()` or by a `with` of its own, and a second time harmlessly.
    """

    def __init__(self, number: int, events: list[int], refuses: BaseException | None) -> None:
        self.number, self.events, self._refuses = number, events, refuses
        self.entry: Any = ledger.opened("connection", f"{number}")
        self.open = True

    def __enter__(self) -> Line:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def close(self) -> None:
        """Close, and then fail if this one is to."""
        if self.open:
            self.open = False
            ledger.closed(self.entry)
            self.events.append(self.number)
            if self._refuses is not None:
                raise self._refuses


@dataclass
class Opening:
    """One `with` block over some connections: what fails in it, and what was seen."""

    when: str
    count: int
    fails: int = 0
    error: BaseException | None = None
    refuses: int = 0
    leaves: str = ""
    lines: list[Line] = field(default_factory=list)
    closes: list[int] = field(default_factory=list)
    got: list[Any] = field(default_factory=list)
    early: int = 0
    tried: Attempt = field(default_factory=Attempt)

    @property
    def openers(self) -> list[Callable[[], Line]]:
        """The functions that open one connection each; the one numbered `fails` raises the error."""
        return [partial(self._one, number) for number in range(1, self.count + 1)]

    def _one(self, number: int) -> Line:
        if number == self.fails and self.error is not None:
            raise self.error
        refuses = OSError(f"connection {number} hangs up") if number == self.refuses else None
        self.lines.append(Line(number, self.closes, refuses))
        return self.lines[-1]

    @property
    def held(self) -> str:
        """The connections that are open, as text."""
        return ", ".join(f"connection {line.number}" for line in self.lines if line.open)

    @property
    def interrupt(self) -> bool:
        """Whether it failed by Ctrl-C."""
        return isinstance(self.error, KeyboardInterrupt)

    def run(self, answer: Any) -> Opening:
        """Open by the answer, leave the block, and keep the error."""

        def block() -> None:
            together = answer(self.openers)
            self.early = len(self.lines)
            for _ in range(1):
                with together as lines:
                    self.got.append(lines)
                    if self.error is not None and not self.fails:
                        raise self.error
                    if self.leaves == "break":
                        break
                    if self.leaves == "return":
                        return

        self.tried = attempt(block)
        return self


def _openings(answer: Any, count: int) -> dict[str, list[Opening]]:
    numbers = range(1, count + 1)
    silent, stop = partial(OSError, "the station is silent"), KeyboardInterrupt
    each: dict[str, list[Opening]] = {
        "whole": [Opening("after a block without a failure", count)],
        "open": [
            Opening(f"after connection {number} of {count} failed to open", count, number, silent())
            for number in numbers
        ],
        "stop": [
            Opening(f"after Ctrl-C while connection {number} of {count} was opened", count, number, stop())
            for number in numbers
        ],
        "block": [
            Opening("after a `ValueError` left the block", count, error=ValueError("missing")),
            Opening("after the block was left by `return`", count, leaves="return"),
            Opening("after the block was left by `break`", count, leaves="break"),
            Opening("after Ctrl-C left the block", count, error=stop()),
        ],
        "close": [
            Opening(f"after connection {number} of {count} failed to close", count, refuses=number)
            for number in numbers
        ],
    }
    return {kind: [one.run(answer) for one in ones] for kind, ones in each.items()}


def _restarted(answer: Any, count: int, fails: int) -> tuple[int, Attempt]:
    """Start a job twenty times that fails while it opens, then one that does not; return the last."""
    engine = new_pool()
    kept: list[Attempt] = []

    def night(openers: list[Any]) -> None:
        with answer(openers):
            pass

    for number in range(1, 22):
        openers = [engine.connect] * count
        if number <= 20:
            openers[fails - 1] = _silent
        kept.append(attempt(night, openers))
        if not isinstance(kept[-1].error, OSError) and number <= 20:
            break
    return number, kept[-1]


def _silent() -> Any:
    raise OSError("the station is silent")


@exercise(
    "leaks-x3",
    "Open all, or leave none open",
    kind="build",
    answer="open_together",
    aspects={
        "when one fails to open, those before it are closed": 3,
        "all are closed, whichever way the block is left": 1,
        "the last one is closed first, and each in any case": 1,
        "the block gets the connections, and errors go on": 1,
    },
)
def together(answer: Any, sheet: Sheet) -> None:
    """Fail at each of the openers, in the block and at each close; then on a real pool."""
    count = sheet.variant.number("leaks-x3", 4, 6)
    runs = _openings(answer, count)
    (whole,) = runs["whole"]

    def worked() -> None:
        if whole.tried.error is not None:
            raise whole.tried.error
        if len(whole.lines) != count or not whole.got:
            raise Wrong(
                "",
                f"of {count} connections {len(whole.lines)} were opened, and the block ran "
                f"{'once' if whole.got else 'not at all'}.",
                "Call each of the openers once on the way into the block, and hand over what they return.",
            )
        if whole.held:
            raise Wrong(
                "leaks-refcount-closes",
                f"still open {whole.when}: {whole.held}.",
                "Call `close()` on each: a list that is gone closes nothing that others hold.",
            )

    with sheet.aspect("when one fails to open, those before it are closed"):
        worked()
        night, last = _restarted(answer, count, sheet.variant.number("leaks-x3 fails", 2, 3))
        ran_out = f" With a pool of 20 slots, night {night} ends with {last.raised.partition(' (')[0]}."
        for one in runs["open"] + runs["stop"]:
            if one.held:
                raise Wrong(
                    "leaks-except-is-enough" if one.interrupt else "leaks-exit-covers-enter",
                    f"still open {one.when}: {one.held}." + (ran_out if last.error else ""),
                    "Ask of each line of yours: if it fails, who closes what is open by then? "
                    "`contextlib.ExitStack` can hold each connection from the moment it is open.",
                )
            if one.got:
                raise Wrong("", f"the block ran {one.when}.", "Let the error of an opener go on at once.")
        if last.error is not None:
            raise Wrong(
                "leaks-exit-covers-enter",
                f"a job fails while it opens, twenty nights long.{ran_out}",
                "Close what is open already before the error of an opener leaves your code.",
            )
    with sheet.aspect("all are closed, whichever way the block is left"):
        worked()
        for one in runs["block"]:
            if one.held:
                raise Wrong(
                    "leaks-except-is-enough" if one.interrupt else "leaks-exit-on-success-only",
                    f"still open {one.when}: {one.held}.",
                    "Close where every way out comes by: in `__exit__` without an `if`, or in a `finally` "
                    "around the `yield`.",
                )
        if whole.early:
            raise Wrong(
                "composition-parts-open-when-made",
                f"{whole.early} connections were open before any `with` was entered: if nobody enters it, "
                "nobody closes them.",
                "Open in `__enter__`, not in `__init__`.",
            )
    with sheet.aspect("the last one is closed first, and each in any case"):
        worked()
        for one in [whole, *runs["block"], *runs["open"]]:
            if one.closes != sorted(one.closes, reverse=True):
                raise Wrong(
                    "chains-first-closes-first",
                    f"{one.when}, they were closed in the order {', '.join(map(str, one.closes))}.",
                    "Go backwards: a later one may need an earlier one until it is closed itself.",
                )
        for one in runs["close"]:
            if one.held:
                raise Wrong(
                    "composition-finally-covers-all",
                    f"still open {one.when}: {one.held}.",
                    "A `close()` that fails must not end your loop: `contextlib.ExitStack` goes on, or put a "
                    "`try` around each.",
                )
            if one.tried.error is None:
                raise Wrong(
                    "leaks-truthy-is-success",
                    f"{one.when}, no error came out of the `with`.",
                    "Close the others, then let the error go on.",
                )
    with sheet.aspect("the block gets the connections, and errors go on"):
        worked()
        for one in runs["open"] + runs["block"] + runs["stop"]:
            if one.error is not None and one.tried.error is None:
                raise Wrong(
                    "leaks-truthy-is-success",
                    f"{one.when}, no error came out of the `with`: whoever runs the job believes that "
                    "it went well.",
                    "Look at what `__exit__` returns, and at each `except` that does not end in `raise`.",
                )
            if one.tried.error is not one.error:
                raise Wrong(
                    "",
                    f"{one.when}, another error came out: {one.tried.raised}.",
                    "Let the error go on as it is: close, and `raise` without a name.",
                )
        lines = attempt(list, whole.got[0]).value or []
        if [id(line) for line in lines] != [id(line) for line in whole.lines]:
            raise Wrong(
                "",
                f"`as` named {short(whole.got[0])}, where the list of {count} connections belongs.",
                "`as` names what `__enter__` returns, or what a `@contextmanager` function yields.",
            )


@dataclass(frozen=True)
class Night:
    """A pool of 20 slots, `engine`, and `openers` of which one raises an `OSError`."""

    engine: Any
    openers: list[Callable[[], Any]]


@materials(together)
def night(variant: Variant) -> Night:
    """A night on which one of the stations is silent."""
    engine = new_pool()
    openers: list[Callable[[], Any]] = [engine.connect] * variant.number("leaks-x3", 4, 6)
    openers[variant.number("leaks-x3 fails", 2, 3) - 1] = _silent
    return Night(engine, openers)


class Desk:
    """A folder for one run of a report: `path` is the report's, `old` what stands there, or `None`."""

    def __init__(self, folder: Path, name: str, old: bytes | None) -> None:
        folder.mkdir()
        self.folder, self.path, self.old = folder, folder / name, old
        self.found: list[bytes | None] = []
        self.beside: list[int] = []
        self.claims: list[object] = []
        self.held: list[Any] = []
        if old is not None:
            self.path.write_bytes(old)

    def look(self, sink: Any) -> None:
        """Note what is there while the run is under way, and hold what the sink holds: no luck closes it."""
        self.found.append(self.read())
        self.beside.append(len(self.extra()))
        self.claims.append(attempt(getattr, sink, "kept").value)
        self.held.append(dict(attempt(vars, sink).value or {}))

    def block(self) -> None:
        """Put a folder that is not empty at the path: no file can take its place."""
        self.path.unlink(missing_ok=True)
        self.path.mkdir()
        (self.path / "in the way").touch()

    def read(self) -> bytes | None:
        """What stands at the path; `None` for nothing, or for what is no file."""
        found: bytes | None = attempt(self.path.read_bytes).value
        return found

    def extra(self) -> list[str]:
        """The names of all that lies beside the report, or in a folder at its path."""
        ours = (self.path, self.path / "in the way")
        there = [one for one in self.folder.rglob("*") if one not in ours]
        return sorted(one.relative_to(self.folder).as_posix() for one in there)

    def rows(self) -> list[Any] | None:
        """The records in the report, none when it is not there; `None` when a line of it is not JSON."""
        lines = (self.read() or b"").splitlines()
        found: list[Any] | None = attempt(lambda: [json.loads(line.decode("utf-8")) for line in lines]).value
        return found


class Sensor(Station):
    """A source that has a desk looked at before each record but the first, and at the end."""

    desk: Desk
    sink: Any

    def stream(self) -> Iterator[dict[str, object]]:
        """Yield the records."""
        for record in super().stream():
            yield record
            self.desk.look(self.sink)


@dataclass(frozen=True)
class Filed:
    """One run of a report, and what was seen after it.

    `ends` says what must have become of it: "kept", "lost", or "either", when the failure came so late.
    """

    when: str
    ends: str
    desk: Desk
    sink: Any
    error: BaseException | None
    arrived: int
    open: bool
    began: bool = True
    interrupt: bool = False

    @property
    def kept(self) -> bool:
        """Whether something new stands at the path."""
        return self.desk.read() != self.desk.old

    @property
    def left(self) -> str:
        """What is left behind, as text; "" for nothing."""
        extra = self.desk.extra()
        beside = f"`{'`, `'.join(extra)}` is left beside the report" if extra else ""
        return " and ".join(filter(None, ["a file is still open" if self.open else "", beside]))


class Reports:
    """All runs of a sink, each in a folder of its own."""

    def __init__(self, answer: Any, variant: Variant, folder: Path) -> None:
        self.answer, self.folder, self.count = answer, folder, 0
        self.name = f"{variant.stations('leaks-x4', 1)[0]}.jsonl"
        self.records = variant.readings("leaks-x4", variant.number("leaks-x4", 4, 7))
        self.old = json.dumps({"station": "Lund", "day": 0, "celsius": 3.5}).encode() + b"\n"

    def desk(self, old: bytes | None) -> Desk:
        """A new folder with a report, or without one."""
        self.count += 1
        return Desk(self.folder / f"{self.count}", self.name, old)

    def build(self) -> tuple[Sensor, tuple[()], Any]:
        """Return a source, no stages, and the sink, for one run of a sweep."""
        source = Sensor("sensor", self.records)
        source.desk = self.desk(self.old)
        source.sink = self.answer(source.desk.path)
        return source, (), source.sink

    def swept(self) -> list[Filed]:
        """Run in a `PipelineContext`, with a failure at every point; the run without one comes first."""
        found = []
        for one in trials(self.build, faults.withContext, system=True):
            phase = one.fault.phase if one.fault else ""
            ends = {"": "kept", "close": "either"}.get(phase, "lost")
            is_open = any("System" in text for text in one.outcome.leaked)
            found.append(
                Filed(one.when, ends, one.source.desk, one.sink, one.tried.error, one.outcome.arrived,
                      is_open, phase != "open", one.interrupt)
            )  # fmt: skip
        return found

    def alone(
        self, when: str, records: list[Any], error: BaseException | None = None, old: bool = True,
        blocked: bool = False, odd: bool = False,
    ) -> Filed:  # fmt: skip
        """Write records in a `with` of the sink alone, and raise the error at the end of its block."""
        desk = self.desk(self.old if old else None)
        sink = self.answer(desk.path)
        arrived: list[int] = []

        def block() -> None:
            with sink:
                for record in records:
                    sink.write(record)
                    arrived.append(1)
                    desk.look(sink)
                if blocked:
                    desk.block()
                if error is not None:
                    raise error

        tools()
        before = ledger.system()
        tried = attempt(block)
        lost = error is not None or blocked or odd
        stopped = error is not None and not isinstance(error, Exception)
        return Filed(when, "lost" if lost else "kept", desk, sink, tried.error, len(arrived),
                     ledger.system() != before, True, stopped)  # fmt: skip


@exercise(
    "leaks-x4",
    "A report of all or nothing",
    kind="build",
    answer="DailyReport",
    aspects={
        "the report is all of a run that succeeded, or the old one": 3,
        "no file stays open, and none is left beside the report": 1,
        "nor when the replacing fails": 1,
        "accepted and kept are told apart": 1,
        "the run's error goes on": 1,
    },
)
def reporting(answer: Any, sheet: Sheet) -> None:
    """Sweep a pipeline into the sink; then use it alone: without an old report, refused, blocked, stopped."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        reports = Reports(answer, sheet.variant, Path(folder))
        all_of_it, some = reports.records, reports.records[: sheet.variant.number("leaks-x4 fails", 2, 3)]
        done = attempt(
            lambda: [
                *reports.swept(),
                reports.alone("after a run where no report was before", all_of_it, old=False),
            ]
        )
        stopped = [
            attempt(reports.alone, f"after {name} left the block", some, error).value
            for name, error in (
                ("a `ValueError`", ValueError("missing")),
                ("Ctrl-C", KeyboardInterrupt()),
                ("`sys.exit`", SystemExit(1)),
            )
        ]
        fresh = attempt(
            reports.alone,
            "after a failure where no report was before",
            some,
            ValueError("missing"),
            old=False,
        ).value
        refused = attempt(
            reports.alone, "after a record that JSON refuses", [*some, {"station": object()}], odd=True
        ).value
        blocked = attempt(
            reports.alone, "after a folder had come to stand at the report's path", all_of_it, blocked=True
        ).value
        extra = [one for one in (*stopped, fresh, refused) if one]

        def runs() -> list[Filed]:
            if done.error is not None:
                raise done.error
            _reported(done.value, all_of_it)
            return [*done.value, *extra]

        with sheet.aspect("the report is all of a run that succeeded, or the old one"):
            _all_or_old(runs(), all_of_it)
        with sheet.aspect("no file stays open, and none is left beside the report"):
            for one in sorted(runs(), key=lambda one: (one.ends != "kept", one.interrupt)):
                if one.left:
                    belief = "leaks-except-is-enough" if one.interrupt else "leaks-exit-on-success-only"
                    raise Wrong(
                        "leaks-refcount-closes" if one.ends == "kept" else belief,
                        f"{one.when}, {one.left}.",
                        "`__exit__` runs on this way, too. Close the file in any case, and delete it unless "
                        "it has become the report.",
                    )
        with sheet.aspect("nor when the replacing fails"):
            runs()
            _replaces(blocked)
        with sheet.aspect("accepted and kept are told apart"):
            for one in [*runs(), blocked]:
                if one:
                    _told(one)
        with sheet.aspect("the run's error goes on"):
            for one in runs():
                if one in (*stopped, fresh) and one.error is None:
                    raise Wrong(
                        "leaks-truthy-is-success",
                        f"{one.when}, no error came out of the `with`: whoever runs the job believes that it "
                        "went well.",
                        "Look at what `__exit__` returns on this way, and whether Python takes it for true.",
                    )


def _reported(runs: list[Filed], records: list[dict[str, object]]) -> None:
    """Raise `Wrong` unless a run that succeeded has made the report."""
    for one in runs:
        if one.ends != "kept":
            continue
        if one.error is not None:
            raise one.error
        found = one.desk.rows()
        if found == records:
            continue
        there = "something in it is not JSON" if found is None else f"{len(found)} are in it"
        if one.open:
            raise Wrong(
                "leaks-refcount-closes",
                f"{one.when}, {len(records)} records belong in the report, and {there}. A file is still "
                "open, and what was written last waits in its buffer.",
                "Call `close()` on the file before it takes the report's place.",
            )
        raise Wrong(
            "",
            f"{one.when}, {len(records)} records belong in the report, and {there}.",
            "Write `json.dumps(record)` and an end of line for each record, in UTF-8. If `kind` is `None`, "
            "close the file and let it take the report's place by `os.replace`.",
        )


def _all_or_old(runs: list[Filed], records: list[dict[str, object]]) -> None:
    for one in runs:
        if any(found != one.desk.old for found in one.desk.found):
            raise Wrong(
                "leaks-accepted-is-kept",
                "in the middle of a run the old report is gone: who reads it now finds half of the new one.",
                "Write to another name in the same folder, and leave the report alone until the end.",
            )
        if 0 in one.desk.beside:
            raise Wrong(
                "",
                "in the middle of a run there is no file beside the report: the records lie in memory.",
                "Open a file of another name in the same folder, and write each record as it comes.",
            )
        if one.kept and not (one.ends != "lost" and one.desk.rows() == records):
            raise Wrong(
                "leaks-except-is-enough" if one.interrupt else "leaks-accepted-is-kept",
                f"{one.when}, a new report of {len(one.desk.rows() or [])} records stood in the place of "
                f"the old one, where a whole one has {len(records)}.",
                "Replace it only if the run has succeeded: which argument of `__exit__` says so?",
            )


def _replaces(blocked: Filed | None) -> None:
    if blocked is None or blocked.left:
        raise Wrong(
            "leaks-traceback-keeps",
            f"{blocked.when}, where no file can take its place, {blocked.left}."
            if blocked
            else "nothing could be seen.",
            "A line of `__exit__` can fail as well. Delete in a `finally`, or in an `except` that ends in "
            "`raise`.",
        )
    if blocked.error is None:
        raise Wrong(
            "leaks-truthy-is-success",
            f"{blocked.when}, where no file can take its place, no error came out.",
            "Let the error of `os.replace` go on: there is no new report.",
        )


def _told(one: Filed) -> None:
    accepted, kept = (attempt(getattr, one.sink, name).value for name in ("accepted", "kept"))
    if not one.began:
        return
    if not exactly(accepted, one.arrived):
        raise Wrong(
            "",
            f"{one.when}, {one.arrived} records had been written, and `accepted` is {short(accepted)}.",
            "Count a record when it is written, not before: the line that writes it may fail.",
        )
    early = [claim for claim in one.desk.claims if not exactly(claim, 0)]
    if early:
        raise Wrong(
            "leaks-accepted-is-kept",
            f"in the middle of a run, `kept` is {short(early[0])}, and none of it is in the report.",
            "`kept` is 0 until the new report has taken the old one's place.",
        )
    there = len(one.desk.rows() or []) if one.kept else 0
    if not exactly(kept, there):
        raise Wrong(
            "leaks-accepted-is-kept",
            f"{one.when}, `kept` is {short(kept)}, and {there} of its records are in the report.",
            "`kept` is 0 until the new report has taken the old one's place; from then on it is `accepted`.",
        )


@materials(reporting)
def reported(variant: Variant) -> list[dict[str, object]]:
    """The records of one day."""
    return variant.readings("leaks-x4", variant.number("leaks-x4", 4, 7))


Job = Callable[[Any, Any], Any]

_borrowed: list[Any] = []
"""What some of the jobs below remember, as a log or a cache would."""


def in_one_with(engine: Any, readings: Any) -> int:
    """Right: one `with` for both."""
    with engine.connect(), engine.connect():
        return sum(1 for _ in map(float, readings))


def in_two_finallys(engine: Any, readings: Any) -> int:
    """Right: by hand."""
    first = engine.connect()
    try:
        second = engine.connect()
        try:
            return len([float(reading) for reading in readings])
        finally:
            second.close()
    finally:
        first.close()


def skips_what_is_broken(engine: Any, readings: Any) -> int:
    """Right: a broken reading is no failure to it."""
    count = 0
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(engine.connect())
        for reading in readings:
            with suppress(ValueError):
                float(reading)
                count += 1
    return count


def raises_its_own(engine: Any, readings: Any) -> int:
    """Right: its error is of another type."""
    with engine.connect(), engine.connect():
        try:
            return len([*map(float, readings)])
        except ValueError as error:
            raise RuntimeError("the night has failed") from error


def remembers_the_closed(engine: Any, readings: Any) -> int:
    """Right: it keeps the connections, closed."""
    with engine.connect() as first, engine.connect() as second:
        _borrowed.extend([first, second])
        return len([*map(float, readings)])


def reads_before_it_borrows(engine: Any, readings: Any) -> int:
    """Right: where a reading is broken nothing was borrowed."""
    values = [*map(float, readings)]
    with engine.connect(), engine.connect():
        return len(values)


def closes_at_the_end(engine: Any, readings: Any) -> int:
    """Leaks at a broken reading: both stay open."""
    with closing_at_the_end(engine.connect) as first:
        second = first.engine.connect()
        count = len([*map(float, readings)])
        second.close()
    return count


@contextmanager
def closing_at_the_end(open_it: Callable[[], Any]) -> Iterator[Any]:
    """A context manager that closes when nothing has failed: an error skips the line below its `yield`."""
    connection = open_it()
    yield connection
    connection.close()


def covers_one_of_two(engine: Any, readings: Any) -> int:
    """Leaks at a broken reading: the second stays open."""
    with engine.connect():
        second = engine.connect()
        count = len([*map(float, readings)])
        second.close()
    return count


class Worker:
    """Refers to itself by a bound method, as in the lesson."""

    def __init__(self, engine: Any) -> None:
        self.step = self.convert
        self.first = engine.connect()
        try:
            self.second = engine.connect()
        except BaseException:
            self.first.close()
            raise

    def convert(self, reading: str) -> float:
        """Return the number."""
        return float(reading)

    def work(self, readings: Any) -> int:
        """Convert all, and then close both."""
        count = len([self.step(reading) for reading in readings])
        self.second.close()
        self.first.close()
        return count


def runs_a_worker(engine: Any, readings: Any) -> int:
    """Leaks at a broken reading: both stay open, in a cycle."""
    return Worker(engine).work(readings)


def closes_after_a_failure(engine: Any, readings: Any) -> int:
    """Leaks when nothing fails: the second stays open, for another time."""
    with engine.connect():
        second = engine.connect()
        try:
            count = len([*map(float, readings)])
        except BaseException:
            second.close()
            raise
        _borrowed.append(second)
        return count


def closes_after_an_exception(engine: Any, readings: Any) -> int:
    """Leaks on Ctrl-C, which is no `Exception`."""
    with engine.connect():
        second = engine.connect()
        try:
            count = len([*map(float, readings)])
        except Exception:
            second.close()
            raise
        second.close()
        return count


def borrows_both_at_first(engine: Any, readings: Any) -> int:
    """Leaks when the second cannot be had: the first stays open."""
    first = engine.connect()
    second = engine.connect()
    try:
        return len([*map(float, readings)])
    finally:
        try:
            second.close()
        finally:
            first.close()


RIGHT: tuple[Job, ...] = (
    in_one_with, in_two_finallys, skips_what_is_broken, raises_its_own, remembers_the_closed,
    reads_before_it_borrows,
)  # fmt: skip
LEAKY: dict[str, tuple[Job, ...]] = {
    "broken": (closes_at_the_end, covers_one_of_two, runs_a_worker),
    "whole": (closes_after_a_failure,),
    "stop": (closes_after_an_exception,),
    "open": (borrows_both_at_first,),
}


@dataclass(frozen=True)
class Tested:
    """What a test said of one job, and how the job ended each time that the test ran it."""

    job: Job
    caught: bool
    raised: str
    where: str
    ends: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the test let it pass."""
        return self.raised == "nothing"

    @property
    def said(self) -> str:
        """What came out of the test, with its line."""
        return self.raised + (f", at {self.where}" if self.where else "")


def _tested(answer: Any, job: Job) -> Tested:
    ends: list[str] = []

    def watched(engine: Any, readings: Any) -> Any:
        try:
            value = job(engine, readings)
        except BaseException as error:
            # Its name alone: whether the error is kept is for the test to decide.
            ends.append(type(error).__name__)
            raise
        ends.append("")
        return value

    tried = attempt(answer, watched)
    _borrowed.clear()
    # Ctrl-C, when it comes, has come out of the job: to the test it is an error like any other.
    return Tested(job, isinstance(tried.error, AssertionError), tried.raised, tried.where, tuple(ends))


def _swallowed_at(answer: Any, job: Job) -> str:
    """The student's line at which an assertion failed, as "line 7: `assert …`"; "" for none."""
    lines: list[str] = []

    def trace(frame: types.FrameType, event: str, argument: Any) -> Any:
        name, number = frame.f_code.co_filename, frame.f_lineno
        # Line by line a test that looks at every object would take minutes.
        frame.f_trace_lines = False
        if event == "exception" and issubclass(argument[0], AssertionError) and is_student(name):
            line = linecache.getline(name, number).strip()
            lines.append(f"line {number}" + (f": `{line}`" if line else ""))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        attempt(answer, job)
    finally:
        sys.settrace(before)
        _borrowed.clear()
    return lines[0] if lines else ""


@exercise(
    "leaks-x5",
    "A test that catches the leak",
    kind="test",
    answer="test_gives_back",
    aspects={
        "it catches a job that leaks at a broken reading": 2,
        "it lets every job pass that gives its slots back": 2,
        "it catches a job that leaks when nothing fails": 1,
        "it catches a job that leaks on Ctrl-C": 1,
        "it catches a job that leaks when the second connection cannot be had": 1,
    },
    hangs="leaks-pool-reclaims",
)
def catching(answer: Any, sheet: Sheet) -> None:
    """Give the test right jobs and leaky ones, without the collector, and the right ones once more."""
    collects = gc.isenabled()
    gc.disable()  # so that its moment decides nothing; a test that calls it has it all the same
    try:
        right = [_tested(answer, job) for job in RIGHT]
        leaky = {kind: [_tested(answer, job) for job in jobs] for kind, jobs in LEAKY.items()}
        again = [_tested(answer, job) for job in RIGHT]
        _test_judged(answer, sheet, right, leaky, again)
    finally:
        if collects:
            gc.enable()


def _test_judged(
    answer: Any, sheet: Sheet, right: list[Tested], leaky: dict[str, list[Tested]], again: list[Tested]
) -> None:
    everything = [*right, *(one for ones in leaky.values() for one in ones)]
    missed = next((one for ones in leaky.values() for one in ones if one.passed), None)
    swallowed = _swallowed_at(answer, missed.job) if missed else ""

    def told() -> None:
        """Raise `Wrong` for a test that says the same of every job."""
        if not any(one.ends for one in everything):
            raise Wrong(
                "",
                f"your test never called a job; of the first one it said: {right[0].said}.",
                "Call `job(new_pool(), readings)` in it, and look at the pool afterwards.",
            )
        if not any(one.passed for one in right):
            raise Wrong(
                "",
                f"your test rejects every job, those that leak nothing as well: {right[0].said}.",
                "Catch what a job raises, keep it, and assert on `engine.pool.checkedout()` alone.",
            )

    with sheet.aspect("it catches a job that leaks at a broken reading"):
        told()
        _catches(swallowed, leaky["broken"], "after a broken reading", "ValueError", "")
    with sheet.aspect("it lets every job pass that gives its slots back"):
        told()
        if not any(one.caught for one in everything):
            raise Wrong("", "your test lets every job pass, the leaky ones as well.", "Mend that first.")
        for one, later in zip(right, again, strict=True):
            _passes(one, later)
    for kind, name, when, error, belief in (
        ("whole", "it catches a job that leaks when nothing fails", "after a run without a failure", "",
         "leaks-refcount-closes"),
        ("stop", "it catches a job that leaks on Ctrl-C", "after Ctrl-C", "KeyboardInterrupt",
         "leaks-except-is-enough"),
        ("open", "it catches a job that leaks when the second connection cannot be had",
         "after its second `connect()` failed", "TimeoutError", "leaks-exit-covers-enter"),
    ):  # fmt: skip
        with sheet.aspect(name):
            told()
            _catches(swallowed, leaky[kind], when, error, belief)


def _catches(swallowed: str, jobs: list[Tested], when: str, error: str, belief: str) -> None:
    """Raise `Wrong` for a leaky job that the test lets pass, with what shows why.

    swallowed: the student's line whose assertion failed in vain. when, error, belief: of the job's leak.
    """
    missed = [one for one in jobs if not one.caught]
    if not missed:
        return
    one = missed[0]
    seen = f"a job that leaves a connection open {when} "
    if not one.passed:
        raise Wrong(
            belief,
            f"{seen}made your test end with {one.said}: that is no `AssertionError`.",
            "Catch what the job raises, keep it, then `assert`.",
        )
    if swallowed:
        raise Wrong(
            "leaks-truthy-is-success",
            f"{seen}passed your test. An assertion failed at {swallowed}, and something around it swallowed "
            "that.",
            "Leave the `with` or `try` around the job first, and assert below it.",
        )
    if error not in one.ends:
        what = {
            "": "run without a failure",
            "ValueError": "given a reading that `float` cannot convert",
            "KeyboardInterrupt": "stopped by Ctrl-C",
            "TimeoutError": "run on a pool in which its second `connect()` finds no slot",
        }[error]
        raise Wrong(
            belief or "leaks-exit-on-success-only",
            f"{seen}passed your test: in it, the job was never {what}.",
            "List the ways in which a job can end, and run it once for each, on a pool of its own.",
        )
    if any(one.job is runs_a_worker for one in missed):
        raise Wrong(
            "leaks-refcount-closes",
            f"{seen}passed your test: when it looked, the connection had been collected.",
            "A test that calls `gc.collect()`, or lets go of what the job left, tidies up for it. Keep the "
            "error, and count the slots at once.",
        )
    raise Wrong(
        "leaks-traceback-keeps",
        f"{seen}passed your test: the job failed, and when your test looked, the error was gone, and the "
        "connection with it, by luck.",
        "A supervisor keeps the errors. Keep them in a list until you have counted the slots.",
    )


def _passes(one: Tested, later: Tested) -> None:
    if one.passed and later.passed:
        return
    if one.passed:
        raise Wrong(
            "leaks-pool-reclaims",
            f"your test lets a right job pass, and rejects it when a leaky one came before: {later.said}.",
            "Make a new pool inside the test, so that no job finds what another has left.",
        )
    if one.job is remembers_the_closed and one.caught:
        raise Wrong(
            "leaks-held-is-open",
            f"your test rejects a job that closes both connections and keeps the closed objects: {one.said}.",
            "Ask the pool how many slots are taken, not who still refers to a connection.",
        )
    likes: dict[Job, str] = {
        skips_what_is_broken: "that skips a broken reading",
        raises_its_own: "that raises a `RuntimeError` at a broken reading",
        reads_before_it_borrows: "that reads all before it borrows",
    }
    like = likes.get(one.job, "that closes both in any case")
    advice = "Whether a job raises, and what, is its own affair: catch all of it. Assert on the slots alone."
    raise Wrong("", f"your test rejects a job {like}: {one.said}.", advice)


@dataclass(frozen=True)
class Bench:
    """For a test: `new_pool(slots=20)`, some good `readings`, and two jobs to try it on."""

    new_pool: Callable[..., Any]
    readings: list[str]
    careful: Job
    careless: Job


@materials(catching)
def bench(variant: Variant) -> Bench:
    """What a test of a job needs."""
    count = variant.number("leaks-x5", 4, 7)
    readings = [str(row["celsius"]) for row in variant.readings("leaks-x5", count)]
    return Bench(new_pool, readings, in_one_with, closes_at_the_end)
