"""The facts about a pipeline for one page: every place where it can fail, its counts and its times.

The sweeps come from `faultmap`. Three more runs are made, all with `PipelineContext`. One has no failure, one
fails in the middle, and in one each part is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessons.lab.experiments.chain import a, made, named, said
from lessons.lab.experiments.faultmap import LIMIT, Build, MapOutcome, Progress, faultmap, patient
from lessons.words import many
from lifecycle import faults
from lifecycle.faults import Fault
from lifecycle.measure import measuredStage
from lifecycle.sinks import CsvSink, JsonLinesSink, ListSink, SqlSink

Kept = Callable[[], int]


@dataclass(frozen=True)
class Count:
    """One run: where it failed (`None`: nowhere), what it raised, and how many records there were.

    `accepted` is how many records the sink accepted. `before` and `after` are how many records another reader
    could read before and after; `None` if unknown.
    """

    fault: Fault | None
    raised: str | None
    accepted: int
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Time:
    """The own time of one part in seconds, and its number of records; `why` says why there is no time."""

    name: str
    records: int = 0
    seconds: float = 0.0
    why: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything that the page says about a pipeline. If `map` is refused, there is nothing else."""

    map: MapOutcome
    counts: tuple[Count, ...] = ()
    times: tuple[Time, ...] = ()

    @property
    def silent(self) -> tuple[str, ...]:
        """The places at which the part failed and the run, with `PipelineContext`, raised nothing."""
        outcomes = self.map.outcomes(context=True)
        return tuple(str(one.fault) for one in outcomes if one.raised is None)

    def sentences(self) -> list[str]:
        """The facts that are the same in every run, in plain sentences."""
        if self.map.refused:
            return [self.map.refused]
        return [self.map.sentence, *map(self._count, self.counts), *self.silence()]

    def _count(self, one: Count) -> str:
        where = f"A run that fails at {one.fault}" if one.fault else "A run without a failure"
        ends = f", raises {one.raised.partition(':')[0]}" if one.raised else ""
        after = (
            "It is not known how many are kept."
            if one.after is None
            else f"Another reader finds {one.before} before the run and {one.after} after it."
        )
        return f"{where}{ends}: the sink accepts {many(one.accepted, 'record')}. {after}"

    def silence(self) -> list[str]:
        """A sentence about the places where a failure is not reported; empty if there are none."""
        if not self.silent:
            return []
        first = ", ".join(self.silent[:3]) + (", …" if len(self.silent) > 3 else "")
        return [f"At {many(len(self.silent), 'place')} the failure is not reported to the caller: {first}."]


class KeptFailed(Exception):
    """The student's own function `kept` did not return a number; the message says what it did."""


def facts(build: Any, kept: Kept | None = None, progress: Progress | None = None) -> Facts:
    """Examine a pipeline whose `build()` returns new `(source, stages, sink)` at each call.

    kept: returns how many of the sink's records another reader can read now; not needed for the kit's own
    sinks. progress: receives the number of the run that starts, and the total.

    >>> from lifecycle.sources import ListSource
    >>> facts(lambda: (ListSource("abc"), [], ListSink())).counts[1]
    Count(fault=Fault(place='sink', phase='write', record=2, error=<class 'OSError'>), \
raised='OSError: injected: sink, write 2', accepted=1, before=0, after=1)
    """
    if build is None:  # else the map would show the course's own pipeline
        return Facts(MapOutcome(refused="A function that returns source, stages, sink is needed, not None."))
    swept = faultmap(build, progress)
    if swept.refused:
        return Facts(swept)
    whole = _run(build, None, kept)
    # With one record, or without a sink, there is no middle: then the run fails as early as possible.
    place, phase = ("sink", "write") if "sink" in dict(swept.parts) else ("source", "pull")
    middle = Fault(place, phase, whole.accepted // 2 + 1)
    failed = [_run(build, middle, kept)] if swept.points(place) else []
    return Facts(swept, (whole, *failed), tuple(_times(build)))


def _run(build: Build, fault: Fault | None, kept: Kept | None) -> Count:
    seen: list[Any] = []

    def building() -> tuple[Any, Sequence[Any], Any]:
        parts = made(build)
        seen[:] = [parts[2], _there(parts[2], kept)]
        return parts

    outcome, _ = faults.attempt(building, patient(faults.withContext), fault, LIMIT, False)
    sink, before = seen
    return Count(fault, outcome.raised, outcome.arrived, before, _there(sink, kept))


def _there(sink: Any, kept: Kept | None) -> int | None:
    """How many of a sink's records another reader can read."""
    if kept is not None:
        return _told(kept)
    if isinstance(sink, ListSink):
        return len(sink.records)
    if isinstance(sink, SqlSink):
        return _rows(sink)
    if isinstance(sink, (CsvSink, JsonLinesSink)):
        path = Path(sink.name)
        lines = len(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else 0
        return max(lines - isinstance(sink, CsvSink), 0)
    return None


def _told(kept: Kept) -> int:
    try:
        number = kept()
    except Exception as error:
        raise KeptFailed(f"kept() raised {said(error)}.") from error
    if type(number) is not int:
        raise KeptFailed(f"kept() returned {a(number)}: return how many records are there, an int.")
    return number


def _rows(sink: SqlSink) -> int:
    import sqlalchemy

    with sink.engine.connect() as connection:
        if not sqlalchemy.inspect(connection).has_table(sink.table):
            return 0
        table = sqlalchemy.table(sink.table)
        return int(connection.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(table)).scalar())


def _times(build: Build) -> list[Time]:
    """Run once with `@measuredStage` on the source and on each stage."""
    source, stages, sink = made(build)
    stages = list(stages)
    names = named(source, stages, sink)
    methods = [("source", source, "stream")]
    methods += [(f"stage {k}", stage, "process") for k, stage in enumerate(stages, start=1)]
    why = {place: _measure(part, method) for place, part, method in methods}
    try:
        patient(faults.withContext)(source, stages, sink)
    except Exception as error:
        return [Time(names[place], why=f"the measured run raised {said(error)}") for place in why]
    return [_time(names[place], part, why[place]) for place, part, _ in methods]


def _time(name: str, part: Any, why: str) -> Time:
    figures = None if why else getattr(part, "metrics", None)
    if figures is None:
        return Time(name, why=why or "it was never pulled")
    return Time(name, figures.records, figures.seconds)


def _measure(part: Any, method: str) -> str:
    """Decorate a method of one object. Returns why that is not possible, or ""."""
    try:
        setattr(part, method, measuredStage(getattr(part, method)))
    except TypeError:
        return f"`{method}` is not a generator function: it has no `yield`"
    except AttributeError:
        return "its class has `__slots__`, so an attribute of the object cannot be set"
    return ""
