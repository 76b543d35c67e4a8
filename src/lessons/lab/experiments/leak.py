"""Crash and restart a supervised worker until something real runs out: pool slots, files or sockets.

The worker opens a real source, pulls records through a stage that breaks, and never reaches its closing line.
With `PipelineContext`, the same parts are closed. The pool is in this process. Files and sockets run out in a
subprocess with a lower limit, so nothing here is at risk.
"""

# The taught modules have only annotations that are taught, so some calls of them are untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

import gc
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lessons.collector import quick_collector
from lessons.lab.experiments import allowed
from lessons.words import agreeing, many, numbers
from lifecycle import ledger
from lifecycle.closing import describe
from lifecycle.context import PipelineContext
from lifecycle.probe import Event, Probe
from lifecycle.sources import CsvSource, SocketSource, SqlSource

# What can run out, and what its pieces are called.
RESOURCES = {"pool": "pool slots", "files": "files", "sockets": "sockets"}
# What keeps a crashed worker.
KEEPERS = {
    "exceptions": "the supervisor: it keeps every exception",
    "cycle": "its own frame: it keeps the exception",
    "nothing": "nothing",
}
# The state of a worker's resource: whether it is held or free, and why.
FATES = {
    "kept": "held: the supervisor keeps the exception, its traceback keeps the worker's frame, and the frame "
    "keeps what it opened",
    "frame": "held: the worker's frame keeps the exception, and its traceback keeps the frame. Only the "
    "collector frees such a cycle, and it has not come since",
    "transaction": "held: nothing keeps the worker, but it queried the database, and then SQLAlchemy's "
    "connection and its transaction refer to each other. Only the collector frees such a cycle, and it has "
    "not come since",
    "counted": "free: nothing referred to the worker any more, so reference counting closed what it had "
    "opened, at once. That is luck: one kept exception or one cycle ends it",
    "collected": "free: the collector found the worker's cycle when it came. That is luck: without the lab, "
    "nothing says when it comes",
    "context": "free: PipelineContext closed the source before the error left the block",
    "refused": "",
}
ROOM = 20
CYCLES = 40
RECORDS = 6
TIMEOUT = 0.01
# Rows without a table, so nothing has to be written to the disk first.
_QUERY = (
    "with recursive weather (day, rain) as "
    f"(select 1, 0.5 union all select day + 1, 0.5 from weather where day < {RECORDS}) select * from weather"
)
_SECONDS = 60.0

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class LeakSettings:
    """What crashes how often. A value that is not allowed raises `ValueError`, which says what is allowed.

    `resource` is a key of `RESOURCES`, and `keeps` is one of `KEEPERS`. `cycles` (1 to 40) counts crashes.
    `context` says whether `PipelineContext` runs the worker. The worker breaks at record number `breaks` (1
    to 6). The cyclic collector runs after every `collects` crashes (0 to 40; 0: never). A worker on the pool
    `queries` the database, or only borrows a connection, as lesson 01's `nightly` does.
    """

    resource: str = "pool"
    cycles: int = 1
    context: bool = False
    keeps: str = "exceptions"
    collects: int = 0
    breaks: int = 3
    queries: bool = True

    def __post_init__(self) -> None:
        allowed.choices(self, resource=RESOURCES, keeps=KEEPERS, context=(True, False), queries=(True, False))
        allowed.numbers(self, cycles=(1, CYCLES), collects=(0, CYCLES), breaks=(1, RECORDS))


@dataclass(frozen=True)
class Crash:
    """One crash: `accepted` records arrived, then `error`; `refused` if the worker got no resource at all.

    `held` is how many the pool or the operating system counts as in use afterwards. `unclosed` is how
    many entries the ledger still lists: opened, and never closed by name. `fate`, a key of `FATES`, is the
    final state of the worker's slot.
    """

    number: int
    accepted: int
    held: int
    unclosed: int
    error: str
    refused: bool
    fate: str = ""


@dataclass(frozen=True)
class LeakOutcome:
    """All crashes and their results. `limit` says in words where the room for 20 comes from.

    `left` counts what stayed open after the experiment had restored everything. `lacking` says why it could
    not run here, and is usually empty.
    """

    settings: LeakSettings
    limit: str
    crashes: tuple[Crash, ...]
    left: int = 0
    lacking: str = ""

    @property
    def refused(self) -> Crash | None:
        """The first crash that got no resource, or `None`."""
        return next((crash for crash in self.crashes if crash.refused), None)

    @property
    def held(self) -> int:
        """What is in use after the last crash."""
        return self.crashes[-1].held if self.crashes else 0

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why each slot is held or free: the workers, grouped by the state of their resource."""
        what = RESOURCES[self.settings.resource].capitalize()
        by_fate: dict[str, list[int]] = {}
        for crash in self.crashes:
            by_fate.setdefault(crash.fate, []).append(crash.number)
        told = []
        for fate, workers in by_fate.items():
            named = f"{agreeing(len(workers), 'worker', 'workers')} {numbers(workers)}"
            if fate == "refused":
                told.append(f"{named.capitalize()} got none, because all {ROOM} were held.")
            else:
                told.append(f"{what} of {named}, {FATES[fate]}.")
        if 0 < self.held < ROOM:
            rest = ROOM - self.held
            told.append(f"The other {agreeing(rest, 'one is', f'{rest} are')} free.")
        return tuple(told)

    @property
    def sentence(self) -> str:
        """What happened, in a few sentences."""
        if self.lacking:
            return self.lacking
        count, what = len(self.crashes), RESOURCES[self.settings.resource]
        crashes = many(count, "crash", "crashes")
        if self.settings.context:
            return (
                f"{crashes}, and none of {_room(self.settings)} is held: "
                "PipelineContext closed the source each time."
            )
        if self.refused:
            ended = f"Restart {self.refused.number} got none: {self.refused.error}."
            if self.held < ROOM:
                ended += f" Then the collector came: {self.held} of {ROOM} are held now."
            return (
                f"{many(self.refused.number - 1, 'crash', 'crashes')} used up {_room(self.settings)}. {ended}"
            )
        if self.held == count:
            gone = agreeing(count, "a worker that no longer runs", "workers that no longer run")
            return f"{crashes}: {self.held} of {ROOM} {what} held by {gone}. {self._why()}"
        if not any(crash.held for crash in self.crashes):
            # Reference counting frees no cycle.
            counted = self.crashes[-1].fate == "counted"
            closed = (
                "reference counting closed each one" if counted else "the collector came after each crash"
            )
            return (
                f"{crashes}, and none of {_room(self.settings)} is held, "
                f"although no worker reached its close(): {closed}. "
                "That is luck. One kept exception ends it."
            )
        return (
            f"{crashes}: {self.held} of {ROOM} {what} held. The collector closed the rest when it came. "
            "That is luck: without the lab, nothing says when it comes."
        )

    def _why(self) -> str:
        if self.settings.keeps == "exceptions":
            return "Each kept exception has a traceback, and that keeps the worker's frame and all it opened."
        if self.settings.keeps == "cycle":
            return "Frame and exception refer to each other: only the collector can free such a cycle."
        return (
            "Nothing keeps them, but each has queried the database: its connection and its transaction refer "
            "to each other. Only the collector can free such a cycle."
        )

    def text(self) -> str:
        """The whole outcome as text, the same at every run."""
        settings = self.settings
        head = [
            f"{RESOURCES[settings.resource]}: {self.limit}",
            "with PipelineContext" if settings.context else "without PipelineContext",
            f"a crashed worker is kept by: {KEEPERS[settings.keeps]}",
            _collector(settings.collects),
            f"each worker breaks at record {settings.breaks}",
        ]
        if settings.resource == "pool":
            queries = "queries the database" if settings.queries else "only borrows a connection"
            head.append(f"each worker {queries}")
        if self.lacking:
            return "\n".join([*head, "", self.lacking])
        rows = ["crash   held   not closed by name"]
        told = ""
        for crash in self.crashes:
            row = f"{crash.number:>5}   {crash.held:>4}   {crash.unclosed:>18}"
            rows.append(row if crash.error == told else f"{row}   {crash.error}")
            told = crash.error
        after = f"afterwards, all put back: {self.left} open"
        return "\n".join([*head, "", *rows, "", after, "", *self.reasons, "", self.sentence])


def _room(settings: LeakSettings) -> str:
    return (
        f"the {ROOM} slots"
        if settings.resource == "pool"
        else f"the {ROOM} {settings.resource} there is room for"
    )


class Borrows(SqlSource):
    """A source that takes a connection from the pool, but does not query the database."""

    def stream(self) -> Iterator[Any]:
        """Yield as many records as the query would."""
        for day in range(1, RECORDS + 1):
            yield {"day": day, "rain": 0.5}


class PassOn:
    """A stage that passes each record on."""

    def process(self, stream: Iterator[Any]) -> Iterator[Any]:
        """Yield each record."""
        for record in stream:
            yield record


def breaking(number: int) -> Probe:
    """A stage that fails while it passes on record `number`."""

    def subscriber(event: Event) -> ValueError | None:
        due = (event.phase, event.number, event.done) == ("yield", number, False)
        return ValueError(f"record {number} broke the worker") if due else None

    return Probe(PassOn(), "stage 1", subscriber)


class _Arrived:
    def __init__(self) -> None:
        self.count = 0

    def write(self, record: Any) -> None:
        self.count += 1


def by_hand(source: Any, stage: Probe, sink: _Arrived) -> None:
    """Open, pull, close: the closing line exists, but a crash never reaches it."""
    source.__enter__()
    for record in stage.process(source.stream()):
        sink.write(record)
    source.__exit__(None, None, None)


def by_hand_in_a_cycle(source: Any, stage: Probe, sink: _Arrived) -> None:
    """Like `by_hand`, but it remembers its error: frame → exception → traceback → frame, a cycle."""
    try:
        by_hand(source, stage, sink)
    except Exception as error:
        problem = error
        raise problem from None


def in_context(source: Any, stage: Probe, sink: _Arrived) -> None:
    """The same parts, run by `PipelineContext`."""
    with PipelineContext(source, [stage], sink) as pipeline:
        pipeline.run()


def supervise(
    settings: LeakSettings,
    make: Callable[[], Any],
    held: Callable[[], int],
    progress: Progress | None = None,
) -> tuple[Crash, ...]:
    """Start a worker on the source `make()`, let it crash, start the next. `held()` counts what is in use.

    Meanwhile the cyclic collector is off and runs only when the settings say so; at the end it frees the
    rest.
    """
    run = in_context if settings.context else by_hand_in_a_cycle if settings.keeps == "cycle" else by_hand
    kept: list[BaseException] = []
    before = set(ledger.held())
    crashes: list[Crash] = []
    with quick_collector():
        try:
            for number in range(1, settings.cycles + 1):
                sink, told, refused, used = _Arrived(), "", False, held()
                try:
                    run(make(), breaking(settings.breaks), sink)
                except Exception as error:
                    told, refused = _plain(error), not isinstance(error, ValueError)
                    if settings.keeps == "exceptions":
                        kept.append(error)
                fate = "refused" if refused else _fate(settings, held() > used)
                if settings.collects and number % settings.collects == 0:
                    gc.collect()
                unclosed = len(set(ledger.held()) - before)
                crashes.append(Crash(number, sink.count, held(), unclosed, told, refused, fate))
                crashes = _freed(crashes)
                if progress is not None:
                    progress(number, settings.cycles)
        finally:
            kept.clear()
            gc.collect()
            # The ledger still lists what garbage collection closed, because its own close was not called.
            for entry in set(ledger.held()) - before:
                ledger.closed(entry)
    return tuple(crashes)


def _fate(settings: LeakSettings, holds: bool) -> str:
    """The state of a worker's slot after the worker has ended, before the collector runs."""
    if not holds:
        return "context" if settings.context else "counted"
    if settings.keeps == "exceptions":
        return "kept"
    return "frame" if settings.keeps == "cycle" else "transaction"


def _freed(crashes: list[Crash]) -> list[Crash]:
    """The same crashes after a possible run of the collector, which frees all cycles and nothing else."""
    if crashes[-1].held:
        return crashes
    return [
        replace(one, fate="collected") if one.fate in ("frame", "transaction") else one for one in crashes
    ]


def _collector(every: int) -> str:
    if not every:
        return "the collector never comes"
    return f"the collector comes {agreeing(every, 'after each crash', f'every {every} crashes')}"


def _plain(error: BaseException) -> str:
    """The error as one line, without parts that change from run to run: folders, port numbers, links."""
    line = describe(error).partition(" (Background on this error")[0]
    line = re.sub(r"sqlite:///.*/", "sqlite:///", line)
    return re.sub(r"(127\.0\.0\.1\D{1,3})\d+", r"\1…", line)


def leak(settings: LeakSettings, progress: Progress | None = None) -> LeakOutcome:
    """Crash and restart as the settings say, then restore everything.

    `progress(done, total)` is called after each crash of a pool's worker.

    Files and sockets need a subprocess and a limit that can be lowered. Where these do not exist (Windows,
    Python in a browser) the outcome's `lacking` says so.
    """
    if settings.resource == "pool":
        return _leak_pool(settings, progress)
    return _leak_descriptors(settings)


def _leak_pool(settings: LeakSettings, progress: Progress | None) -> LeakOutcome:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import QueuePool

    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(
            f"sqlite:///{Path(folder, 'weather.db').as_posix()}",
            poolclass=QueuePool,
            pool_size=ROOM,
            max_overflow=0,
            pool_timeout=TIMEOUT,
        )
        pool = engine.pool
        assert isinstance(pool, QueuePool)
        try:
            source = SqlSource if settings.queries else Borrows
            crashes = supervise(settings, lambda: source(engine, _QUERY), pool.checkedout, progress)
            left = pool.checkedout()
        finally:
            engine.dispose()
    limit = f"pool_size={ROOM}, max_overflow=0, timeout {TIMEOUT} s"
    return LeakOutcome(settings, limit, crashes, left)


def _leak_descriptors(settings: LeakSettings) -> LeakOutcome:
    import subprocess

    if not _has_limits():
        lacking = (
            f"This needs a subprocess with a lowered limit of open {settings.resource}, "
            "which this system does not have. Choose the pool: it runs here. On Linux and macOS all three do."
        )
        return LeakOutcome(settings, "this system has no limit to lower", (), lacking=lacking)
    package = str(Path(__file__).parents[3])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory() as folder, _server(settings) as port:
        rows = "".join(f"{day},0.5\n" for day in range(1, RECORDS + 1))
        Path(folder, "weather.csv").write_text("day,rain\n" + rows, encoding="utf-8")
        child = subprocess.run(
            [sys.executable, "-m", __name__, json.dumps({"settings": asdict(settings), "port": port})],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )
    if child.returncode:
        last = (child.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"the subprocess that was to run out of {settings.resource} ended early: {last}")
    seen = json.loads(child.stdout)
    crashes = tuple(Crash(**crash) for crash in seen["crashes"])
    return LeakOutcome(settings, seen["limit"], crashes, seen["left"])


def _has_limits() -> bool:
    try:
        import resource  # noqa: F401
    except ImportError:
        return False
    return sys.platform not in ("emscripten", "wasi")


@contextmanager
def _server(settings: LeakSettings) -> Iterator[int]:
    """The port of a server that sends all records and closes first; no port where no socket is needed."""
    if settings.resource != "sockets":
        yield 0
        return
    from lessons.lab.replay import ReplayServer

    with ReplayServer([json.dumps({"day": day, "rain": 0.5}) for day in range(1, RECORDS + 1)]) as server:
        yield server.port


def _run_out(settings: LeakSettings, port: int) -> dict[str, Any]:
    """In the subprocess: leave room for 20 more descriptors, then crash."""
    import resource

    def make() -> Any:
        return SocketSource("127.0.0.1", port) if settings.resource == "sockets" else CsvSource("weather.csv")

    # One run without a failure, so that imports at first use do not need a descriptor later.
    with PipelineContext(make()) as pipeline:
        pipeline.run()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = _descriptors(range(min(soft, 4096)))
    limit = next(
        limit for limit in range(len(used) + ROOM, 5000) if limit - sum(one < limit for one in used) == ROOM
    )
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))

    def held() -> int:
        return len(_descriptors(range(limit))) - len(used)

    crashes = supervise(settings, make, held)
    told = f"a limit of {limit} descriptors, {len(used)} in use before, room for {ROOM}"
    return {"limit": told, "crashes": [asdict(crash) for crash in crashes], "left": held()}


def _descriptors(numbers: range) -> list[int]:
    """Which of the numbers are open. This test does not need a descriptor, because all may be in use."""
    found = []
    for number in numbers:
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


if __name__ == "__main__":
    _order = json.loads(sys.argv[1])
    print(json.dumps(_run_out(LeakSettings(**_order["settings"]), _order["port"])))
