"""FailureLab's experiment: one pipeline, pulled record by record, with failures wherever a student chooses.

`Chain` steps through a real pipeline: `PipelineContext.stream()` with real parts, a real pool of twenty
connections, the real ledger. Each action returns a frozen `ChainState`; `play` does several actions.
Generators are not imitated: the state and the line of a part are read from its own frame.
"""

from __future__ import annotations

import gc
import inspect
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from types import SimpleNamespace
from typing import Any

from lessons.lab.experiments.limit import TimeUp, limit
from lessons.lab.experiments.watch import (
    ERRORS,
    Moment,
    Node,
    Stand,
    Watch,
    body,
    display,
    short,
    watched,
)
from lessons.lab.experiments.weatherpool import PARTS, SLOTS, TOKEN, WeatherPool
from lessons.words import agreeing, listed, many
from lifecycle import ledger
from lifecycle.config import PipelineConfig
from lifecycle.context import PipelineContext
from lifecycle.faults import PHASES, Fault
from lifecycle.probe import Event, Probe
from lifecycle.retry import retryOnFailure

__all__ = ["SPREADS", "Box", "Chain", "ChainSettings", "ChainState", "Fault", "Resource", "play"]

Build = Callable[[], tuple[Any, Sequence[Any], Any]]

PATIENCE = 2.0  # seconds that one pull may take before it counts as a loop that never yields
PULLS = 10_000  # "run to the end" stops after this many pulls
BUDGET = 5.0  # or after this many seconds
STAGES = 100  # stages of one pipeline; an iterable with more may be endless

SPREADS: dict[str, Any] = {"7.3": 7.3, "0 (too small)": 0, "'7.3' (text)": "7.3"}
"""What the normalisation can divide by: one right value, and two that validation refuses."""


@dataclass(frozen=True)
class ChainSettings:
    """What a student sets.

    `records` is the number of records in the source. `context` runs the pipeline in a `PipelineContext`;
    without it, a runner closes the parts after its loop. `retry` opens the source again after an `OSError`.
    `validation` puts `spread`, a key of `SPREADS`, through a `PipelineConfig` before anything opens.
    `measure` puts `@measuredStage` around the source and each stage, outside the retry. `faults` are injected
    in every run; a fault that is listed twice, up to two times. Their place may also be "loop", the code that
    pulls. Without a number, a fault means the next pull or write. Raises `ValueError` for a phase or an error
    that the lab does not have.
    """

    records: int = 12
    context: bool = True
    retry: bool = False
    validation: bool = True
    spread: str = "7.3"
    measure: bool = False
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        for fault in self.faults:
            if fault.phase not in PHASES:
                raise ValueError(f"Fault.phase = {fault.phase!r}: allowed is one of {', '.join(PHASES)}")
            if fault.error not in ERRORS.values():
                raise ValueError(f"Fault.error = {fault.error!r}: allowed is one of {', '.join(ERRORS)}")


@dataclass(frozen=True)
class Resource:
    """A resource that a part opened, and whether it is "open", "closed" or "left open"."""

    name: str
    state: str

    @property
    def mark(self) -> str:
        """Its square in the drawing."""
        return {"open": "open", "closed": "shut", "left open": "left"}[self.state]


@dataclass(frozen=True)
class Box:
    """One box of the chain at one moment."""

    key: str
    name: str
    call: str
    stand: Stand
    resources: tuple[Resource, ...]
    armed: str
    struck: bool
    measured: str = ""

    def text(self) -> str:
        """One line: status, the current line of its code, its resources."""
        stand = self.stand
        where = f" at line {stand.line} of {stand.where}: {stand.code}" if stand.line else ""
        held = "".join(f" · {resource.name} {resource.state}" for resource in self.resources)
        armed = f" · {self.armed}" if self.armed else ""
        note = f" ({stand.note})" if stand.note else ""
        armed += f" · measured: {self.measured}" if self.measured else ""
        name = self.name if self.key == "loop" else f"{self.name}.{self.call}"
        return f"{name}: {stand.word}{note}{where}{held}{armed}"


@dataclass(frozen=True)
class ChainState:
    """Everything that can be seen of the chain at one moment.

    `record` is the number of the record on its way and `link` the arrow it is on, counted from the source, -1
    for none; `value` is that record as text, and `token` the one value of it that the arrow shows. `accepted`
    is how many the sink has taken, by the lab's own count, and `counted` is the pipeline's `_recordCount`
    (`None`: without a context there is none). `kept` is how many are there for others to read (`None`: the
    lab cannot tell), and `why` says what it depends on. `used` and `leaked` are slots of the pool, out of
    `slots`, which is 0 where there is no pool. `phase` is "new", "open", "closing", "done" or "failed".
    `files` and `sockets` are counts of the ledger. `moment` says which moment of the last pull this is, of
    `moments`; 0 is the present.
    """

    parts: tuple[Box, ...]
    record: int
    link: int
    pulling: tuple[int, ...]
    accepted: int
    kept: int | None
    mode: str
    phase: str
    restart: int
    slots: int
    used: int
    leaked: int
    files: int
    sockets: int
    held: tuple[str, ...]
    closings: tuple[str, ...]
    raised: str
    log: tuple[str, ...]
    sentence: str
    moment: int = 0
    moments: int = 0
    value: str = ""
    token: str = ""
    counted: int | None = None
    why: str = ""

    @property
    def over(self) -> bool:
        """Whether this run has ended."""
        return self.phase in ("done", "failed")

    @property
    def miscounted(self) -> bool:
        """Whether `_recordCount` is wrong.

        Inside a pull it is one behind, because it counts after `write` has returned.
        """
        return not self.moment and self.counted not in (None, self.accepted)

    def text(self) -> str:
        """The same as text, without addresses, folders, or anything else that differs between machines."""
        kept = "unknown" if self.kept is None else self.kept
        counted_ = "no _recordCount" if self.counted is None else f"_recordCount {self.counted}"
        pool = f"pool: {self.slots} slots, {self.used} in use, {self.leaked} leaked · " if self.slots else ""
        lines = [
            f"accepted {self.accepted}, {counted_}, kept {kept} · {self.mode}",
            self.why,
            *(f"  {part.text()}" for part in self.parts),
            f"{pool}files {self.files} · sockets {self.sockets}",
            "open: " + (", ".join(counted(self.held)) or "nothing"),
        ]
        if self.closings:
            lines.append("closed, in this order: " + ", ".join(self.closings))
        if self.raised:
            lines.append(f"raised: {self.raised}")
        return "\n".join([*lines, self.sentence])


class Chain:
    """One pipeline to step, strike and restart. Close it after use, or use it in a `with` block.

    Without `build` it is weather CSV → parse → filter → normalise → one SQLite table. `build()` returns a
    student's own `(source, stages, sink)`.

    >>> with Chain(ChainSettings(records=3)) as chain:
    ...     state = chain.run()
    >>> state.phase, state.accepted, state.kept
    ('done', 2, 2)
    """

    def __init__(self, settings: ChainSettings | None = None, build: Build | None = None) -> None:
        self.settings = settings or ChainSettings()
        self._build = build
        self._system, self._changed = ledger.system(), ledger.System(0, 0)
        self._weather: WeatherPool | None = None
        self._ghosts: list[ChainRun] = []
        self._strikes: list[str] = []
        self._runs = 0
        self._moment = 0
        self._aside = ""
        self._begin()

    # Actions

    def step(self) -> ChainState:
        """Open the parts, or pull one record to the sink if they are open.

        After a run has ended, begin the next.

        If no part needs opening, the first step pulls, because otherwise nothing visible would change.
        """
        self._aside = ""
        if self._moment:
            self._moment = 0
        else:
            self._move()
        return self.state

    @property
    def opens(self) -> bool:
        """Whether the next step opens parts, and pulls nothing."""
        return not self._moment and self._run.phase != "open" and self._run.manages

    def _move(self) -> None:
        self._advance()
        if self._run.phase == "open" and not (self._run.begun or self._run.manages):
            self._advance()

    def inside(self) -> ChainState:
        """Show the next moment of a pull: the moments are the crossings from one part to the next.

        The whole pull runs before its first moment is shown; all moments are recorded during it.
        """
        self._aside = ""
        if self._moment == 0:
            self._move()
            self._moment = 1 if self._run.watch.moments else 0
        elif self._moment < len(self._run.watch.moments):
            self._moment += 1
        else:
            self._moment = 0
        return self.state

    def run(self) -> ChainState:
        """Pull until the run ends. A source without an end is left suspended after `PULLS` pulls."""
        self._aside = ""
        if not self._moment:
            self._advance()
        self._moment = 0
        began = time.monotonic()
        for pulls in range(PULLS + 1):
            if self._run.over:
                break
            if pulls == PULLS or time.monotonic() - began > BUDGET:
                self._run.tired = pulls
                break
            self._advance()
        return self.state

    def restart(self) -> ChainState:
        """Begin the next run, as a supervisor does. An unfinished run is left suspended."""
        self._moment, self._aside = 0, ""
        news = self._abandon()
        self._begin()
        self._news = news
        return self.state

    def reset(self, settings: ChainSettings | None = None) -> ChainState:
        """Close everything, including leaked runs, and begin at run 1, with new settings if given."""
        self.settings = settings or self.settings
        self._strikes.clear()
        self._aside = ""
        try:
            self._bury()
        finally:
            # Even if an error comes now, there is a run.
            self._runs = self._moment = 0
            self._begin()
        return self.state

    def arm(self, place: str) -> ChainState:
        """Strike a part: it fails when it runs next. A second strike takes the first one back."""
        places = [node.key for node in self._run.watch.nodes]
        if place not in places:
            raise ValueError(f"no part {place!r} in this chain: it has {', '.join(places)}")
        node = self._run.watch.nodes[places.index(place)]
        if place in self._strikes:
            self._strikes.remove(place)
            self._aside = f"{node.name} is not armed any more."
        else:
            self._strikes.append(place)
            # At the end of a run, the run's own sentence says that the bolt waits.
            self._aside = "" if self._run.over else f"{node.name} is armed: it {_armed_at(node)}."
            if self._moment:
                # Everything shown of a pull has already happened, so a click in the middle of it needs a
                # message.
                self._aside = (
                    "The pull that you looked into was over before you struck. The bolt waits for the next "
                    f"one: {node.name} {_armed_at(node)}. {self._sentence()}"
                )
        self._moment = 0
        return self.state

    def close(self) -> None:
        """Close all that this chain opened, leaked runs included."""
        self._bury()
        if self._weather is not None:
            with self._counted():
                self._weather.close()
            self._weather = None

    def __enter__(self) -> Chain:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    @property
    def state(self) -> ChainState:
        """What can be seen now."""
        with self._counted():  # counting the kept records opens the database's file once more
            return self._show(self._moment)

    @property
    def system(self) -> ledger.System:
        """By how much the operating system's count changed while this chain acted.

        Files that a frontend opens between two actions are not the pipeline's, so they do not count.
        """
        return self._changed

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Add what this block opens and closes to the count."""
        before = ledger.system()
        try:
            yield
        finally:
            now, changed = ledger.system(), self._changed
            # Never below 0: a chain closes what it has opened, so one less is something of the kernel's own.
            self._changed = ledger.System(
                max(0, changed.files + now.files - before.files),
                max(0, changed.sockets + now.sockets - before.sockets),
            )

    def frames(self) -> list[ChainState]:
        """Every moment of the last pull, in order."""
        return [self._show(i + 1) for i in range(len(self._run.watch.moments))]

    # How a run goes

    def _begin(self) -> None:
        self._runs += 1
        self._news = ""
        self._run = ChainRun(self._runs, self.settings, self._strikes)
        # The course's own parts need no limit; on a slow machine, the first query of a database takes a
        # while.
        patience = limit(PATIENCE) if self._build is not None else nullcontext()
        try:
            with self._counted(), patience:
                self._run.make(*self._parts())
        except BaseException as error:
            self._run.refuse(error, self._build is not None)

    def _parts(self) -> tuple[Any, Sequence[Any], Any]:
        if self._build is not None:
            return made(self._build)
        if self._weather is None:
            self._weather = WeatherPool()
        self._run.weather = self._weather
        spread = SPREADS[self.settings.spread]
        config: Any = SimpleNamespace(center=0.0, spread=spread)
        if self.settings.validation:
            config = PipelineConfig(spread=spread)
        return self._weather.parts(self.settings.records, config)

    def _advance(self) -> None:
        if self._run.over:
            self._begin()
        if self._run.over:
            return
        with self._counted():
            self._run.advance()
        if self._run.over and not self.settings.context and self._run.phase == "failed":
            self._ghosts.append(self._run)

    def _abandon(self) -> str:
        run = self._run
        if run.over or run.phase == "new":
            return ""
        if self.settings.context:
            with self._counted():
                run.leave()
            closed = listed(run.watch.closings) or "nothing"
            return f" Run {run.number} was left half way; its context closed {closed}."
        run.phase = "failed"
        self._ghosts.append(run)
        return f" Run {run.number} was left half way, and it was never closed."

    def _bury(self) -> None:
        runs = self._ghosts if self._run in self._ghosts else [*self._ghosts, self._run]
        with self._counted():
            for run in reversed(runs):
                run.bury()
            self._ghosts = []
            if self._build is not None and ledger.system().files > self._system.files:
                # Only the collector closes what a student's part forgot to close.
                gc.collect()

    # What is seen of it

    def _show(self, moment: int) -> ChainState:
        run, watch = self._run, self._run.watch
        seen = watch.moments[moment - 1] if moment else watch.now()
        phase = run.phase
        if moment:
            past = {each.what for each in watch.moments[:moment]}
            phase = "closing" if past & {"fails", "closing", "leaving"} else "open"
        mine = {entry for each in (*self._ghosts, run) for entry in each.watch.owners}
        held = [entry for entry in seen.held if entry in mine]
        # While the moments of the last pull are shown, its run is not lost yet.
        ghosts = [ghost for ghost in self._ghosts if ghost is not run or not moment]
        lost = {entry for ghost in ghosts for entry in ghost.watch.owners}
        is_lost = run.over and not moment
        parts = tuple(
            Box(
                node.key,
                node.name,
                node.call,
                seen.stands[i],
                run.resources(i, seen, is_lost),
                self._armed(node, i, seen),
                i == watch.struck == watch.origin and seen.stands[i].status == "failed",
                seen.measured[i],
            )
            for i, node in enumerate(watch.nodes)
        )
        leaked = sum(entry.kind == "connection" and entry in lost for entry in held)
        slots = SLOTS if self._build is None else 0
        # The course's sink commits when it is closed, so inside a pull it has not committed.
        closed = any((one.what, one.node) == ("left", watch.sink) for one in watch.moments[:moment])
        kept = run.kept() if closed or not moment or run.weather is None else 0
        return ChainState(
            parts=parts,
            record=seen.record,
            link=seen.link,
            pulling=seen.pulling,
            accepted=seen.accepted,
            kept=kept,
            mode=self._mode(phase),
            phase=phase,
            restart=run.number,
            slots=slots,
            used=(sum(entry.kind == "connection" for entry in held) - leaked) if slots else 0,
            leaked=leaked if slots else 0,
            files=sum(entry.kind == "file" for entry in held),
            sockets=sum(entry.kind == "socket" for entry in held),
            held=tuple(self._name(entry) for entry in held),
            closings=tuple(watch.closings) if not moment else (),
            raised=run.raised if not moment else "",
            log=tuple(watch.log[: seen.lines]),
            sentence=tell(run, seen) if moment else self._aside or self._sentence(),
            moment=moment,
            moments=len(watch.moments),
            value=seen.value,
            token=seen.token,
            counted=seen.counted,
            why=run.why(phase, seen.accepted, kept),
        )

    def _mode(self, phase: str) -> str:
        how = "with PipelineContext" if self.settings.context else "without PipelineContext"
        retry = ", @retryOnFailure on the source" if self.settings.retry else ""
        retry += ", @measuredStage on each stream" if self.settings.measure else ""
        passed = phase == "failed" and self.settings.context and self._run.raised
        end = ": __exit__ returned False, the error goes on" if passed and not self._run.refused else ""
        if phase == "open" and self._run.weather is not None:
            end = ": the transaction is open"
        return f"run {self._run.number}, {how}{retry}{end}"

    def _name(self, entry: ledger.Entry) -> str:
        for run in (*self._ghosts, self._run):
            if entry in run.watch.owners:
                owner = run.watch.name(run.watch.owners[entry])
                return f"{display(entry)} ({owner}, run {run.number})"
        return display(entry)

    def _armed(self, node: Node, i: int, seen: Moment) -> str:
        watch, what = self._run.watch, _next(node)
        # In moments before the bolt struck, the part was armed, even if that has changed since.
        falls = seen.what and i == watch.struck == watch.origin and seen.stands[i].status != "failed"
        if node.key in self._strikes or (falls and watch.blow.startswith(f"at its {what}")):
            return f"armed: {_armed_at(node)}"
        for fault, left in self._run.watch.faults.items():
            if left and fault.place == node.key:
                return f"set to fail {_when(fault)}" + (f", {left} times" if left > 1 else "")
        return ""

    def _sentence(self) -> str:
        run = self._run
        earlier = sum(ghost.holds for ghost in self._ghosts if ghost is not run)
        behind = f" Resources of {runs(earlier)} are still open." if earlier else ""
        if run.phase == "failed" and run in self._ghosts:
            return run.ending(earlier)
        if run.phase == "new" and run.number > 1:
            again = f"Run {run.number}: the supervisor has built the pipeline again."
            return f"{again} Nothing of it is open yet.{self._news}{behind}"
        told = run.ending(earlier) if run.over else run.standing()
        return told + self._miscount()

    def _miscount(self) -> str:
        """The lab has its own count, so it can report a pipeline that counts wrongly."""
        watch = self._run.watch
        counted = watch.now().counted
        if counted is None or counted == watch.accepted:
            return ""
        return (
            f" This package counts wrongly: _recordCount is {counted}, and the lab saw {watch.accepted} "
            "accepted."
        )


def _next(node: Node) -> str:
    return "write" if node.key == "sink" else "pull"


def _armed_at(node: Node) -> str:
    return f"fails at its next {_next(node)}"


class ChainRun:
    """One run of the pipeline, from built to over."""

    def __init__(self, number: int, settings: ChainSettings, strikes: list[str]) -> None:
        self.number, self.settings, self._strikes = number, settings, strikes
        self.weather: WeatherPool | None = None
        self.phase = "new"
        self.raised = ""
        self.tired = 0  # pulls after which the lab gave up waiting for an end
        # It is kept, as a supervisor keeps it, so that no cleanup depends on its deletion.
        self.error: BaseException | None = None
        self.refused = ""
        self._driver: Iterator[Any] | None = None
        self._pulls: Iterator[Any] = iter(())  # the same, behind the probe
        self._keeper: Callable[[], int | None] = lambda: None
        self.watch = Watch([Node("loop", "run()", "for record …")], (), strikes)

    @property
    def over(self) -> bool:
        return self.phase in ("done", "failed")

    @property
    def manages(self) -> bool:
        """Whether a part needs opening. Before the parts exist, the course's own parts are assumed."""
        return self.weather is not None or any(node.managed for node in self.watch.nodes)

    @property
    def begun(self) -> bool:
        """Whether the chain has been pulled."""
        return self.watch.nodes[self.watch.loop].stream is not None

    @property
    def holds(self) -> bool:
        """Whether anything of this run is still open or suspended."""
        held = ledger.held()
        return any(entry in held for entry in self.watch.owners) or bool(
            suspended(self.watch, self.watch.stands())
        )

    def make(self, source: Any, stages: Sequence[Any], sink: Any) -> None:
        """Wrap the parts so that they are watched, and make a driver for them.

        Nothing is opened or pulled.
        """
        names = named(source, stages, sink)
        nodes = [Node("source", names["source"], "stream()", source, body(source.stream))]
        for k, stage in enumerate(stages, start=1):
            place = f"stage {k}"
            nodes.append(Node(place, names[place], "process(stream)", stage, body(stage.process)))
        loop = len(nodes)
        nodes.append(Node("loop", "run()", "for record …"))
        if sink is not None:
            nodes.append(Node("sink", names["sink"], "write(record)", sink, body(sink.write)))
        column = TOKEN if self.weather is not None else ""
        self.watch = Watch(nodes, self.settings.faults, self._strikes, self.watch.known, column)
        self.watch.settle()
        retry = retryOnFailure(3, 1.0, sleep=self._wait) if self.settings.retry else None
        measure = self.settings.measure
        try:
            first = watched(self.watch, 0, source, retry, measure)
            rest = [watched(self.watch, k, stage, None, measure) for k, stage in enumerate(stages, start=1)]
        except TypeError as error:
            raise NoPipeline(f"{error}. Write `yield` in it, or switch @measuredStage off.") from None
        last = None if sink is None else watched(self.watch, loop + 1, sink)
        if self.settings.context:
            self.watch.pipeline = PipelineContext(first, rest, last)
        if self.weather is not None:
            self._keeper = self.weather.keeper()
        self._driver = self._inside() if self.settings.context else self._bare(first, rest, last)
        puller = SimpleNamespace(stream=lambda: self._driver)
        self._pulls = Probe(puller, "loop", self._strike).stream()

    def _strike(self, event: Event) -> BaseException | None:
        """The loop fails as a part does: the error is thrown into its suspended frame."""
        error = self.watch.strike(self.watch.loop, event)
        if error is not None:
            self.watch.fail(self.watch.loop, error)
        return error

    def _wait(self, seconds: float) -> None:
        self.watch.log.append(f"@retryOnFailure would wait {seconds:g} s here, and opens the source again")

    def _inside(self) -> Iterator[Any]:
        with self.watch.pipeline as pipeline:
            yield None
            stream = self._pulled(pipeline.stream())
            # It has no `yield from`, because that would throw errors of this block into the chain, which
            # never sees them.
            for record in stream:
                yield record

    def _bare(self, source: Any, stages: list[Any], sink: Any) -> Iterator[Any]:
        """The first version that one writes: open, pull, close. It closes only if nothing fails."""
        parts = [part for part in (source, *stages, sink) if hasattr(type(part), "__enter__")]
        for part in parts:
            part.__enter__()
        yield None
        stream = self._pulled(loop(source, stages, sink))
        for record in stream:
            yield record
        for part in reversed(parts):
            part.__exit__(None, None, None)

    def _pulled(self, stream: Any) -> Any:
        self.watch.nodes[self.watch.loop].stream = stream
        return stream

    def advance(self) -> None:
        """Open the parts, or pull once."""
        watch, driver = self.watch, self._driver
        watch.reset()
        self.tired = 0
        if driver is None:
            raise RuntimeError("this pipeline is closed: make a new lab, or a new Chain")
        node = watch.nodes[watch.loop]
        try:
            with limit(PATIENCE):
                next(self._pulls if self.phase == "open" else driver)
            self.phase = "open"
        except StopIteration:
            node.outcome = "ended"
            self.phase = "done"
        except BaseException as error:
            if node.outcome == "":
                node.outcome = "passed"
            self.phase, self.error, self.raised = "failed", error, said(error)
        watch.stack, watch.pulled = [], []

    def refuse(self, error: BaseException, own: bool) -> None:
        """The pipeline could not even be built."""
        self.phase, self.raised, self.error = "failed", said(error), error
        if own:
            self.refused = f"{unbuilt(error)} There is no pipeline, so nothing runs."
        else:
            self.refused = f"The configuration raised {self.raised}. No part was made, so nothing was opened."
            self._keeper = lambda: 0
            calls = {"source": "stream()", "loop": "for record …", "sink": "write(record)"}
            nodes = [Node(key, name, calls.get(key, "process(stream)")) for key, name in PARTS.items()]
            self.watch = Watch(nodes, (), self._strikes)
        self.watch.log.append(self.refused)

    def leave(self) -> None:
        """Leave the `with` block in the middle."""
        self.watch.reset()
        try:
            with limit(PATIENCE):
                self._driver.close()  # type: ignore[union-attr]
        except BaseException as error:
            self.raised = said(error)
        self.phase = "failed"

    def bury(self) -> None:
        """Close what this run still holds, last first, and ignore its errors."""
        gone = RuntimeError("the lab was reset")
        closers: list[Callable[[], Any]] = []
        for node in self.watch.nodes:
            if node.entered and not node.left:
                closers.append(lambda part=node.part: part.__exit__(RuntimeError, gone, None))  # type: ignore[misc]
        for node in self.watch.nodes:
            if hasattr(node.stream, "close"):
                closers.append(node.stream.close)
        if self._driver is not None and not self.over:
            closers.append(self._driver.close)  # type: ignore[attr-defined]
        for closer in reversed(closers):
            try:
                with limit(PATIENCE):
                    closer()
            except BaseException as problem:
                self.watch.log.append(f"reset: {said(problem)}")
        self._driver = self.error = None
        self._pulls = iter(())
        self.watch.error = self.watch.pipeline = None
        for node in self.watch.nodes:
            node.stream = node.part = node.meter = None

    def kept(self) -> int | None:
        """How many records of this run another reader can read."""
        return self._keeper()

    def why(self, phase: str, accepted: int, kept: int | None) -> str:
        """In one sentence, why what is kept can differ from what was accepted."""
        if self.watch.sink is None and self.phase != "failed":
            return "There is no sink: a record that arrives is counted, and nothing keeps it."
        if kept is None:
            return "The lab cannot see what this sink keeps: a sink may undo at its close what it accepted."
        if phase in ("new", "open", "closing") or not accepted:
            return "Accepted means that write() returned; kept means that the sink has committed it."
        if kept == accepted:
            undone = ", and a later failure cannot undo that" if phase == "failed" else ""
            return f"The sink committed, so what it accepted is kept{undone}."
        if self.settings.context:
            return "The run failed before the sink committed, so what it accepted is not kept."
        return "The sink was not closed, so it never committed what it accepted."

    def unreached(self) -> str:
        """The faults that were set for this run but did not happen, and why."""
        told = []
        for fault, left in self.watch.faults.items():
            node = next((node for node in self.watch.nodes if node.key == fault.place), None)
            if left and node is not None:
                often = self.settings.faults.count(fault)
                done = (
                    f"happened {many(often - left, 'time')} of {often}"
                    if left < often
                    else "was never reached"
                )
                told.append(f"The fault set in {node.name} {_when(fault)} {done}: {_past(node, fault)}.")
        for node in self.watch.nodes:
            if node.key in self._strikes:
                told.append(f"The bolt on {node.name} has not struck, and waits for the next run.")
        return " ".join(told)

    def resources(self, i: int, seen: Moment, lost: bool) -> tuple[Resource, ...]:
        """The resources that node `i` has opened in this run, at that moment."""
        found: dict[str, str] = {}
        for entry, owner in self.watch.owners.items():
            if owner == i:
                name = display(entry)
                state = "closed" if entry not in seen.held else "left open" if lost else "open"
                found[name] = state if found.get(name, "closed") == "closed" else found[name]
        return tuple(Resource(name, state) for name, state in found.items())[-3:]

    # What is said of it

    def standing(self) -> str:
        """The chain between two pulls."""
        watch = self.watch
        names = [node.name for node in watch.nodes if node.key not in ("loop", "sink")]
        if self.phase == "new":
            return f"Nothing is open and nothing runs. {listed(names)} {are(names)} waiting for a first step."
        if watch.nodes[watch.loop].stream is None:
            what = [f"{watch.name(i)} opened {display(entry)}" for entry, i in watch.owners.items()]
            opened = f"The parts are open: {listed(what)}." if what else "The parts are open."
            return f"{opened} No generator exists yet, and no record has moved."
        still = suspended(watch, watch.stands())
        tired = f" After {self.tired} pulls no end is in sight, so the lab stops here." if self.tired else ""
        sink = watch.nodes[watch.sink].name if watch.sink is not None else "run()'s loop"
        rest = f" {listed(still)} {are(still)} suspended until run()'s loop calls next()." if still else ""
        taken = f"record {watch.record} ({watch.accepted} accepted so far)"
        if not watch.record:
            taken = f"{watch.accepted} records, and none of them is from {watch.nodes[0].name}"
        return f"{sink} has accepted {taken}.{rest}{tired}"

    def ending(self, earlier: int) -> str:
        """How the run ended, what it left behind, and which faults it never reached."""
        if self.refused:
            return self.refused
        return " ".join(filter(None, (self._ended(earlier), self.unreached())))

    def _ended(self, earlier: int) -> str:
        watch = self.watch
        closed = f"Closed, in this order: {', '.join(watch.closings)}. " if watch.closings else ""
        kept = self.kept()
        count = f"Accepted {watch.accepted}, kept {'unknown' if kept is None else kept}."
        open_ = [display(entry) for entry in watch.owners if entry in ledger.held()]
        left = f"Left open: {', '.join(open_)}. " if open_ else ""
        left += "".join(f"{note} " for note in watch.notes)
        if self.phase == "done":
            return f"{watch.nodes[0].name} has no more records. {closed}{left}{count}"
        what = blame(self)
        if isinstance(self.error, TimeoutError) and self.weather is not None and earlier >= SLOTS:
            name = watch.nodes[-1].name
            what = f"TimeoutError in {name}: {runs(earlier)} hold all {SLOTS} slots of the pool."
        if self.settings.context:
            return f"{what} {closed}{left}{count}"
        nobody = f"{closed}After that nothing was closed" if closed else "Nothing was closed"
        if not open_:
            still = suspended(watch, watch.stands())
            rest = f": {listed(still)} {are(still)} suspended still" if still else ""
            return f"{what} {nobody}{rest}; the ledger knows of nothing that is open. {count}"
        before = f", and so is what {runs(earlier)} left" if earlier else ""
        return f"{what} {nobody}: this run's {listed(open_)} {are(open_)} open{before}. {count}"


def _when(fault: Fault) -> str:
    """When a fault will happen, in words."""
    when = {"open": "when it opens", "close": "when it closes", "end": "when its stream closes"}
    at = f"at {fault.phase} {fault.record}" if fault.record else f"at its next {fault.phase}"
    return when.get(fault.phase, at)


def _past(node: Node, fault: Fault) -> str:
    """Why a fault did not happen in a run."""
    if fault.phase in ("pull", "write"):
        what = "written to" if fault.phase == "write" else "pulled"
        return f"{node.name} was {what} {many(node.pulls, 'time')}"
    if node.key == "loop":
        return "a loop is not opened or closed"
    if fault.phase == "end":
        return "its stream was not closed" if node.stream is not None else f"{node.name} has no stream"
    if not node.managed:
        return f"{node.name} has no __enter__ and no __exit__"
    return "its __exit__ was not called" if node.entered else f"{node.name} was not opened"


def loop(source: Any, stages: Sequence[Any], sink: Any) -> Iterator[Any]:
    """The loop of a runner without a context."""
    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    for record in stream:
        if sink is not None:
            sink.write(record)
        yield record


class NoPipeline(TypeError):
    """The given or returned value is not a pipeline; the message says what to do."""


def made(build: Any) -> tuple[Any, Sequence[Any], Any]:
    """Call `build` and return its source, stages and sink.

    Raises `NoPipeline` if it cannot be called without arguments, or if it returns anything else; its own
    errors propagate.
    """
    if not callable(build):
        hint = " Leave out its parentheses." if isinstance(build, tuple) else ""
        raise NoPipeline(f"A function that returns source, stages, sink is needed, not {a(build)}.{hint}")
    needed = unbound(build)
    if needed:
        raise NoPipeline(f"build() is called without arguments, and this one does not allow that: {needed}.")
    return checked(build())


def unbound(build: Any) -> str:
    """Why `build` cannot be called without arguments; empty if it can, or if that is unknown."""
    try:
        signature = inspect.signature(build)
    except (TypeError, ValueError):
        return ""
    try:
        signature.bind()
    except TypeError as problem:
        return str(problem)
    return ""


def checked(built: Any) -> tuple[Any, Sequence[Any], Any]:
    """What `build()` returned, if it is a pipeline; else a `NoPipeline` that says what is missing."""
    wanted = "return source, stages, sink"
    if inspect.isgenerator(built) or inspect.isasyncgen(built):
        raise NoPipeline(f"build() has a `yield` in it, so that calling it runs nothing: {wanted} instead.")
    if inspect.iscoroutine(built):
        built.close()
        raise NoPipeline("build() is async, so that calling it runs nothing: write `def`, not `async def`.")
    if not isinstance(built, tuple):
        raise NoPipeline(f"build() returned {a(built)}: {wanted}.")
    if len(built) != 3:
        raise NoPipeline(f"build() returned a tuple of {len(built)}: {wanted}, with None for no sink.")
    source, stages, sink = built
    if isinstance(stages, (str, bytes, Mapping)) or not isinstance(stages, Iterable):
        raise NoPipeline(f"build() returned {a(stages)} for the stages: return a list of them.")
    stages = list(islice(stages, STAGES + 1))
    if len(stages) > STAGES:
        raise NoPipeline(f"build() returned more than {STAGES} stages: return a shorter list.")
    needs = [("source", source, "stream")]
    needs += [(f"stage {k}", stage, "process") for k, stage in enumerate(stages, start=1)]
    for place, part, method in [*needs, *([] if sink is None else [("sink", sink, "write")])]:
        if isinstance(part, type):
            raise NoPipeline(
                f"build() returned the class {part.__name__} as {place}: call it, to get one of its objects."
            )
        if not callable(getattr(part, method, None)):
            raise NoPipeline(f"build() returned {a(part)} as {place}, which has no method {method}.")
    return source, stages, sink


def a(thing: Any) -> str:
    """A value's type with its article: "an int", "a Parse", "None"."""
    if thing is None:
        return "None"
    name = type(thing).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def unbuilt(error: BaseException) -> str:
    """Why there is no pipeline, as a sentence."""
    if isinstance(error, NoPipeline):
        return str(error)
    if isinstance(error, TimeUp):
        return (
            f"build() ran for {PATIENCE:g} s and did not return: it was stopped. Let it make the parts, and "
            "nothing else."
        )
    return f"build() raised {said(error)}."


def named(source: Any, stages: Sequence[Any], sink: Any) -> dict[str, str]:
    """The parts by place and name. If two parts would have the same name, the place is added.

    >>> from lifecycle.stages import Filter
    >>> list(named([], [Filter(bool), Filter(bool)], None).values())
    ['list', 'Filter (stage 1)', 'Filter (stage 2)']
    """
    parts = {"source": source} | {f"stage {k}": stage for k, stage in enumerate(stages, start=1)}
    parts |= {} if sink is None else {"sink": sink}
    names = {place: type(part).__name__ for place, part in parts.items()}
    often = Counter(names.values())
    return {place: f"{name} ({place})" if often[name] > 1 else name for place, name in names.items()}


def labelled(place: str, name: str) -> str:
    """A part's name for a control: a stage with its place."""
    return f"{name} ({place})" if place.startswith("stage") and not name.endswith(f"({place})") else name


def said(error: BaseException) -> str:
    """An error as one line, with its notes."""
    notes = "".join(f" [{note}]" for note in getattr(error, "__notes__", ()))
    return f"{type(error).__name__}: {short(str(error))}".removesuffix(": ") + short(notes)


def counted(held: Sequence[str]) -> list[str]:
    """What is open: one by one, or as names with numbers if the list is too long."""
    if len(held) <= 6:
        return list(held)
    numbers = Counter(each.split(" (")[0] for each in held)
    return [f"{number} times {name}" for name, number in numbers.items()]


def runs(count: int) -> str:
    """The words for this many earlier runs."""
    return many(count, "earlier run")


def are(names: Sequence[str]) -> str:
    """The verb for this number of names."""
    return agreeing(len(names), "is", "are")


def suspended(watch: Watch, stands: Sequence[Stand]) -> list[str]:
    """The parts whose generators are suspended at a `yield`."""
    return [watch.nodes[i].name for i in range(watch.loop) if stands[i].status == "suspended"]


def blame(run: ChainRun) -> str:
    """Which part failed, with which error, at which record, and what to do about a common mistake."""
    watch, error = run.watch, run.error
    if error is None:
        return "The run was left in the middle."
    if watch.refusal:
        return watch.refusal
    kind = type(error).__name__
    if watch.origin is None:
        return f"{run.raised}."
    node = watch.nodes[watch.origin]
    if isinstance(error, TimeUp):
        return (
            f"{node.name} ran for {PATIENCE:g} s and neither yielded, returned nor raised: it was stopped. "
            "Look for a loop that never reaches its yield."
        )
    if watch.struck == watch.origin:
        return f"{kind} in {node.name} {watch.blow}."
    at = f" at record {watch.record}" if watch.record else ""
    if node.failedAt is not None and node.failedAt.word == "close failed":
        at = " when it closes"
    told = short(str(error)).removesuffix(".")
    return f"{kind} in {node.name}{at}" + (f": {told}." if told else ".")


def tell(run: ChainRun, seen: Moment) -> str:
    """What happens at one moment of a pull, in one or two sentences."""
    watch = run.watch
    name = watch.nodes[seen.node].name
    caller = watch.nodes[seen.other].name if seen.other >= 0 else ""
    who = "run()'s loop" if seen.other == watch.loop else caller
    still = suspended(watch, seen.stands)
    start = "starts at its first line"
    if seen.what == "pulls" and name in still:
        still.remove(name)
        start = "goes on where it was suspended"
    rest = f" {listed(still)} {are(still)} suspended" if still else ""
    error = type(watch.error).__name__ if watch.error is not None else "the error"
    also = f"{rest}." if rest else ""
    goes = agreeing(len(still), "it goes on", "they go on")
    knows = agreeing(len(still), "knows", "know")
    call = f"{name}.{watch.nodes[seen.node].call}"
    return {
        "opened": f"{name} is open. No record has moved.",
        "called": f"{call} was called. Calling a generator function runs none of its lines.",
        "pulls": (f"{caller} hands nothing on for record {seen.again}. It" if seen.again else who)
        + f" calls next(): {name} {start}."
        + (f"{rest} behind it." if rest else ""),
        "gives": f"Record {seen.record} is in {who}."
        + (f"{rest}: {goes} when next() is called again." if rest else ""),
        "ends": f"{name} has no more records: its generator has run to its end.",
        "writes": f"run()'s loop writes record {seen.record} to {name}."
        + (f"{rest}, and would not see an error here." if rest else ""),
        "accepts": f"{name} has accepted record {seen.record}: the count is {seen.accepted}.{also}",
        "fails": f"{error} in {name}." + (f"{rest} and {knows} nothing of it." if rest else ""),
        "passes": f"{error} passes through {name} and ends its generator.{also}",
        "closing": f"{name}'s generator is about to be closed at the line where it waits.",
        "closed": f"{name}'s generator is closed." + (f"{rest} still." if rest else ""),
        "leaving": f"{name}'s __exit__ is called.{also}",
        "left": f"{name} is closed.",
    }[seen.what]


def play(
    actions: Iterable[str], settings: ChainSettings | None = None, build: Build | None = None
) -> ChainState:
    """Do some actions on a new chain, close it, and return its last state.

    An action is "step", "inside", "run", "restart", "reset", or the place of a part to strike: "source",
    "stage 1", "loop", "sink". Raises `ValueError` for anything else.

    >>> state = play(["step", "step", "sink", "step"])
    >>> print(state.accepted, state.kept, state.raised)
    1 0 OSError: struck in SqlSink
    """
    with ExitStack() as stack:
        chain = Chain(settings, build)
        stack.callback(chain.close)
        for action in actions:
            if action in ("step", "inside", "run", "restart", "reset"):
                getattr(chain, action)()
            else:
                chain.arm(action)
        return chain.state
