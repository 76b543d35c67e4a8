"""Every fault point of a pipeline, tried without `PipelineContext` and with it: `faults.sweep`, twice.

Without `build` it is FailureLab's own pipeline, so that every point can be replayed there. `build()` returns
a student's own `(source, stages, sink)`. The other three patterns can be put around the parts, or left out.
"""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from lessons.lab.experiments.chain import (
    PATIENCE,
    SPREADS,
    ChainSettings,
    NoPipeline,
    counted,
    loop,
    made,
    named,
    play,
    said,
    unbuilt,
)
from lessons.lab.experiments.limit import TimeUp, limit
from lessons.lab.experiments.watch import short
from lessons.lab.experiments.weatherpool import WeatherPool
from lessons.words import agreeing, listed, many, numbers
from lifecycle import faults, ledger
from lifecycle.config import PipelineConfig
from lifecycle.faults import Fault, Outcome, Sweep
from lifecycle.measure import measuredStage
from lifecycle.probe import Injected, Probe
from lifecycle.retry import retryOnFailure

Build = Callable[[], tuple[Any, Sequence[Any], Any]]
Progress = Callable[[int, int], object]

LIMIT = 2_000  # the most fault points; a map of a shorter input says more
BUDGET = 60.0  # seconds for the whole map
WITHOUT, WITH = "without PipelineContext", "with PipelineContext"


@dataclass(frozen=True)
class Point:
    """One fault point, and one way to run it: a cell of the map. `at` is "open", "pull 3", "close", …"""

    place: str
    at: str
    context: bool = False


@dataclass(frozen=True)
class MapSettings:
    """Which patterns are used, apart from the context, which is tried both ways; see `ChainSettings`.

    `validation` and `spread` are for the course's own pipeline; a student's parts have settings of their own.
    """

    validation: bool = True
    spread: str = "7.3"
    retry: bool = False
    measure: bool = False

    @property
    def chain(self) -> ChainSettings:
        """The same for FailureLab."""
        return ChainSettings(
            validation=self.validation, spread=self.spread, retry=self.retry, measure=self.measure
        )


@dataclass(frozen=True)
class MapOutcome:
    """Both sweeps of one pipeline. `parts` are places and names: ("stage 1", "Parse").

    `refused` says why there is no sweep, and what to do about it; it is usually empty. `entries`: for each
    of the two sweeps, what the ledger lists after it and did not list before it.
    """

    parts: tuple[tuple[str, str], ...] = ()
    bare: Sweep | None = None
    within: Sweep | None = None
    refused: str = ""
    settings: MapSettings = MapSettings()
    entries: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def outcomes(self, context: bool) -> tuple[Outcome, ...]:
        """All runs with a fault, in the order of the sweep."""
        swept = self.within if context else self.bare
        return () if swept is None else tuple(one for one in swept.outcomes if one.fault is not None)

    def leaks(self, context: bool) -> int:
        """How many fault points leave something open."""
        return sum(bool(outcome.leaked) for outcome in self.outcomes(context))

    def points(self, place: str, context: bool = False) -> dict[str, Outcome]:
        """The fault points of one part, by what it is doing: "open", "pull 1", …"""
        return {at(one): one for one in self.outcomes(context) if one.fault and one.fault.place == place}

    def found(self, point: Point) -> Outcome | None:
        """The outcome of a point's run, or `None` for a point that this pipeline does not have."""
        return self.points(point.place, point.context).get(point.at)

    def name(self, place: str) -> str:
        """The name of the part at a place."""
        return dict(self.parts).get(place, place)

    @property
    def sentence(self) -> str:
        """Both counts, in a sentence."""
        if self.refused:
            return self.refused
        count, bare, within = len(self.outcomes(True)), self.leaks(False), self.leaks(True)
        unseen = _more_said(WITHOUT, self.bare, self.entries[0])
        unseen += _more_said(WITH, self.within, self.entries[1])
        tried = f"{count} places where this pipeline can fail, each tried twice:"
        if not bare and not within:
            clean = f"{tried} none of them leaves anything open, without PipelineContext or with it."
            return f"{clean}{self._around()}{unseen}"
        leave = "leave" if bare > 1 else "leaves"
        return (
            f"{tried} without PipelineContext {bare or 'none'} of them {leave} something open, "
            f"with it {within or 'none'}.{self._around()}{unseen}"
        )

    def _around(self) -> str:
        """The effect of the retry: the source is opened again, and the run continues."""
        told = ""
        if self.settings.retry:
            points = self.points("source", True)
            saved = sum(one.raised is None for one in points.values())
            told = (
                f" @retryOnFailure is around the source: with the context, {saved or 'none'} of "
                f"{many(len(points), 'place')} in {self.name('source')} {agreeing(saved, 'raises', 'raise')} "
                "nothing."
            )
        if self.settings.measure:
            told += " @measuredStage is around the source and each stage."
        return told

    def told(self, point: Point) -> str:
        """What happened at one point, in a few sentences."""
        outcome = self.found(point)
        if outcome is None:
            return f"{self.name(point.place)} has no fault point {point.at!r}: choose another one."
        name, how = self.name(point.place), WITH if point.context else WITHOUT
        arrived = f"{many(outcome.arrived, 'record') if outcome.arrived else 'no record'} had arrived."
        what = f"{name} fails {when(point.at)}, {how}:"
        if outcome.raised is None:
            handled = "the retry" if self.settings.retry and point.place == "source" else "the part"
            what += f" nothing is raised. The run never gets there, or {handled} handles it; {arrived}"
        else:
            injected = outcome.raised.endswith(f"injected: {outcome.fault}")
            raised = outcome.raised.partition(":")[0] if injected else short(outcome.raised)
            what += f" {raised} is raised, {arrived}"
        left = "; ".join(self.left(outcome))
        return f"{what} {f'This stays open: {left}.' if left else 'Nothing stays open.'}"

    def left(self, outcome: Outcome) -> list[str]:
        """What a run left open: parts, suspended generators, and entries of the ledger, without folders."""
        entered, suspended, rest = [], [], []
        for leak in outcome.leaked:
            place, _, how = leak.rpartition(" and not ")[0].rpartition(" ")
            if how == "entered":
                entered.append(self.name(place))
            elif how == "started":
                suspended.append(self.name(place))
            else:
                rest.append("a connection" if leak.startswith("connection ") else f"the {short(leak)}")
        generators = agreeing(len(suspended), "the suspended generator", "the suspended generators")
        return [
            *([listed(entered)] if entered else []),
            *([f"{generators} of {listed(suspended)}"] if suspended else []),
            *rest,
        ]

    def text(self) -> str:
        """Both sweeps as text, the same at every run."""
        if self.refused:
            return self.refused
        told = self._around().strip()
        lines = [told, ""] if told else []
        width = max(len(name) for _, name in self.parts)
        for context, how in ((False, WITHOUT), (True, WITH)):
            count = len(self.outcomes(context))
            lines.append(f"{how}: {self.leaks(context)} of {count} leave something open")
            for place, name in self.parts:
                points = self.points(place, context)
                if points:
                    lines.append(f"  {name:<{width}}  {_summed(points)}")
            lines.append("")
        return "\n".join([*lines, self.sentence])


def at(outcome: Outcome) -> str:
    """What the part is doing when it fails: "open", "pull 3", …"""
    return str(outcome.fault).split(", ", 1)[1]


def when(at: str) -> str:
    """The same in words: "when it opens", "at pull 3", …"""
    return _WHEN.get(at, f"at {at}")


_WHEN = {"open": "when it opens", "end": "when its stream closes", "close": "when it closes"}


def _summed(points: dict[str, Outcome]) -> str:
    """The points of one part; neighbours with the same result are joined: "pull 1 to 3: leak"."""
    runs: list[tuple[str, str, list[int]]] = []
    for name, outcome in points.items():
        phase, _, record = name.partition(" ")
        ended = "leak" if outcome.leaked else "clean"
        if not (runs and runs[-1][:2] == (phase, ended)):
            runs.append((phase, ended, []))
        runs[-1][2].extend([int(record)] if record else [])
    named = [(f"{phase} {numbers(records)}" if records else phase, ended) for phase, ended, records in runs]
    return " · ".join(f"{name}: {ended}" for name, ended in named)


def _more(swept: Sweep) -> tuple[int, int]:
    """How many files and sockets more the operating system counts after a sweep."""
    files, sockets = swept.after.files - swept.before.files, swept.after.sockets - swept.before.sockets
    return max(files, 0), max(sockets, 0)


def _more_said(how: str, swept: Sweep | None, entries: Sequence[str]) -> str:
    """A sentence about files and sockets that the operating system counts after a sweep, but not before it.

    entries: what the ledger lists after the sweep, but not before it.
    """
    files, sockets = (0, 0) if swept is None else _more(swept)
    if not files and not sockets:
        return ""
    more = (
        f" After the sweep {how} the operating system counts {many(files, 'file')} and "
        f"{many(sockets, 'socket')} more than before"
    )
    if not entries:
        return f"{more}: something opened them without telling the ledger."
    return f"{more}. The ledger still lists {listed(counted([short(entry) for entry in entries]))}."


def naive(source: Any, stages: Sequence[Any], sink: Any) -> int:
    """Open, pull, close: the first runner that one writes. It closes only if nothing fails.

    >>> from lifecycle.sinks import ListSink
    >>> from lifecycle.sources import ListSource
    >>> naive(ListSource([1, 2, 3]), [], ListSink())
    3
    """
    parts = [part for part in (source, *stages, sink) if hasattr(type(part), "__enter__")]
    for part in parts:
        part.__enter__()
    count = sum(1 for _ in loop(source, stages, sink))
    for part in reversed(parts):
        part.__exit__(None, None, None)
    return count


def faultmap(
    build: Build | None = None, progress: Progress | None = None, settings: MapSettings | None = None
) -> MapOutcome:
    """Sweep a pipeline without a context and with one; put everything back.

    `progress(done, total)` is called before each run. A pipeline that cannot be swept, because it fails
    without any fault, never ends, or has more than 2,000 fault points, is an outcome that says so.

    >>> outcome = faultmap()
    >>> outcome.leaks(context=False) > 40, outcome.leaks(context=True)
    (True, 0)
    """
    settings = settings or MapSettings()
    return replace(_tried(build, progress, settings), settings=settings)


def _tried(build: Build | None, progress: Progress | None, settings: MapSettings) -> MapOutcome:
    with _pipeline(build, settings) as building:
        runs = _Runs(building, progress)
        try:
            with limit(BUDGET + 10 * PATIENCE):
                parts, count = runs.explore()
                if count > LIMIT:
                    return MapOutcome(
                        refused=f"{count} places where this pipeline can fail are too many for a map. "
                        "Build a shorter input and try again."
                    )
                runs.each = count + 2
                runs.total = 2 * runs.each
                bare, first = runs.sweep(patient(patterned(naive, settings)))
                within, second = runs.sweep(patient(patterned(faults.withContext, settings)))
        except _TooLong:
            return MapOutcome(
                refused=f"The sweep was stopped after {BUDGET:g} s, after {runs.done} of {runs.total} runs. "
                "Build a shorter input, or look for a part that hangs when something fails."
            )
        except NoPipeline as error:
            return MapOutcome(refused=f"{error} Then try again.")
        except BaseException as error:
            told = said(error)
            error.__traceback__ = None
        else:
            return MapOutcome(parts, bare, within, entries=(first, second))
        finally:
            # Only the collector closes what a student's part forgot to close.
            gc.collect()
        return MapOutcome(refused=_blamed(told, build, settings))


class _TooLong(BaseException):
    """The whole sweep takes too long. It is raised between two runs, so no part can catch it."""


class _Runs:
    """Builds the pipeline for each run, counts the runs, and stops when the time is up."""

    def __init__(self, build: Build, progress: Progress | None) -> None:
        self._build, self._progress = build, progress
        self._began = time.monotonic()
        self.done = self.total = self.each = 0

    def build(self) -> tuple[Any, Sequence[Any], Any]:
        if time.monotonic() - self._began > BUDGET:
            raise _TooLong
        if self._progress is not None and self.total:
            self._progress(self.done, self.total)
        self.done += bool(self.total)
        try:
            with limit(PATIENCE):
                return made(self._build)
        except TimeUp as error:
            raise NoPipeline(unbuilt(error)) from None

    def sweep(self, run: Callable[..., int]) -> tuple[Sweep, tuple[str, ...]]:
        """Sweep, and once more if the operating system counts more than before.

        While this runs, a frontend may open the channels of its first widget, but only once. A part that
        forgets to close something does so in every sweep. Returns the last sweep, and what the ledger lists
        after it, but not before it.
        """
        before = set(ledger.held())
        swept: Sweep = faults.sweep(self.build, run, LIMIT)
        if any(_more(swept)):
            self.total += self.each
            before = set(ledger.held())
            swept = faults.sweep(self.build, run, LIMIT)
        return swept, tuple(str(entry) for entry in ledger.held() if entry not in before)

    def explore(self) -> tuple[tuple[tuple[str, str], ...], int]:
        """One run without a fault: the parts by place and name, and how many fault points there are."""
        _, probes = faults.attempt(self.build, patient(faults.withContext), None, LIMIT, False)
        count = sum(1 for probe in probes for _ in faults.points(probe))
        source, *stages, sink = (probe.part for probe in probes)
        return tuple(named(source, stages, sink).items()), count


def patterned(run: Callable[..., int], settings: MapSettings) -> Callable[..., int]:
    """The same runner, with the patterns around the parts: part, fault, retry, measuring, context."""

    def within(source: Any, stages: Sequence[Any], sink: Any) -> int:
        stages = [_decorated(stage, "process", False, settings.measure) for stage in stages]
        return run(_decorated(source, "stream", settings.retry, settings.measure), stages, sink)

    return within


def _decorated(probe: Probe, method: str, retry: bool, measure: bool) -> Probe:
    if not (retry or measure):
        return probe
    outer: Probe = type(type(probe.part).__name__, (Injected,), {})(probe, probe.place)
    function = getattr(outer, method)
    if retry:
        function = retryOnFailure(3, 1.0, sleep=lambda seconds: None)(function)
    if measure:
        measuredStage(getattr(probe.part, method))  # it refuses here, with a message
        function = measuredStage(function)
    setattr(outer, method, function)
    return outer


def patient(run: Callable[..., int]) -> Callable[..., int]:
    """The same runner, stopped with a `TimeoutError` when one run takes longer than two seconds."""

    def patiently(source: Any, stages: Sequence[Any], sink: Any) -> int:
        try:
            with limit(PATIENCE):
                return run(source, stages, sink)
        except TimeUp:
            raise TimeoutError(f"still running after {PATIENCE:g} s, and stopped") from None

    return patiently


@contextmanager
def _pipeline(build: Build | None, settings: MapSettings) -> Iterator[Build]:
    if build is not None:
        yield build
        return
    weather, spread = WeatherPool(), SPREADS[settings.spread]

    def made() -> tuple[Any, Sequence[Any], Any]:
        config: Any = SimpleNamespace(center=0.0, spread=spread)
        if settings.validation:
            config = PipelineConfig(spread=spread)
        return weather.parts(settings.chain.records, config)

    try:
        yield made
    finally:
        weather.close()


def _blamed(told: str, build: Build | None, settings: MapSettings) -> str:
    """Why a pipeline cannot be swept: which part failed, as FailureLab sees it, if it fails there too."""
    if "more pulls than the limit" in told:
        return (
            f"More than {LIMIT} records, and no end in sight. Build a shorter input and try again: ten "
            "records show as much as ten thousand."
        )
    state = play(["run"], settings.chain, build)
    if state.raised:
        why = re.split(r" (?=Closed, in this order|Accepted \d)", state.sentence)[0]
        return (
            "A map needs a pipeline that runs to its end while nothing is made to fail, and this one does "
            f"not. {why} Correct it and try again."
        )
    hint = ""
    if "ignored GeneratorExit" in told:
        hint = "A part yields once more when it is closed: look for an `except` around its `yield`. "
    return f"The sweep broke off: {told}. {hint}Correct it and try again."


def fault(point: Point) -> Fault:
    """The fault of a point.

    >>> str(fault(Point("sink", "write 4")))
    'sink, write 4'
    """
    phase, _, record = point.at.partition(" ")
    return Fault(point.place, phase, int(record) if record else None)
