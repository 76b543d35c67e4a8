"""Every place at which a pipeline can fail, tried one by one.

`inject` makes one part fail at one point. `sweep` tries every point, one run each, and notes what stays open.
SQLite's own tests work like this: they fail the first operation, then the second, until none is left to fail.
"""

import gc
from dataclasses import dataclass
from typing import Any

from lifecycle.probe import Injected, Probe

PHASES = "open", "pull", "write", "end", "close"


@dataclass(frozen=True)
class Fault:
    """One point of failure: which part, what it is doing, and in `record` which pull or write, from 1.

    `place` is "source", "stage 1", "stage 2", … or "sink". `phase` is "open" (its `__enter__`), "pull" (the
    k-th `next` of its stream), "write", "end" (its stream is closed) or "close" (its `__exit__`). `error` is
    the exception type that it raises.

    >>> str(Fault("stage 1", "pull", 3))
    'stage 1, pull 3'
    """

    place: str
    phase: str
    record: int | None = None
    error: type = OSError

    def __str__(self):
        return f"{self.place}, {self.phase}" + (f" {self.record}" if self.record else "")


@dataclass(frozen=True)
class Outcome:
    """One run: its fault (`None` for none), what it raised as text, how many arrived, what stayed open."""

    fault: Fault | None
    raised: str | None
    arrived: int
    leaked: tuple


@dataclass(frozen=True)
class Sweep:
    """All runs of a sweep, the one without a fault first, and what the operating system counted around it."""

    outcomes: tuple
    before: Any
    after: Any

    @property
    def leaks(self) -> tuple:
        """The runs after which something stayed open."""
        return tuple(outcome for outcome in self.outcomes if outcome.leaked)

    @property
    def clean(self) -> bool:
        """Nothing stayed open, neither by name nor by the count of the operating system."""
        more = self.after.files > self.before.files or self.after.sockets > self.before.sockets
        return not (self.leaks or more)


def withContext(source, stages, sink):
    """Run a pipeline inside a `PipelineContext`; return how many records arrived."""
    from lifecycle.context import PipelineContext  # here, because the rest works without it

    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()


def inject(part, fault):
    """Wrap `part` (a source, a stage or a sink), so that it fails once, as `fault` says; it stays usable.

    The k-th pull fails with `throw` into the part's own suspended frame: its `finally` runs, and the error
    goes downstream. If the part is opened again, it works, so a retry around the fault can save the run.
    Raises `ValueError` for a phase that does not exist and for a pull or write without a number.

    >>> class Letters:
    ...     def stream(self):
    ...         yield from "abc"
    >>> letters = inject(Letters(), Fault("source", "pull", 3)).stream()
    >>> next(letters), next(letters)
    ('a', 'b')
    >>> next(letters)
    Traceback (most recent call last):
        ...
    OSError: injected: source, pull 3
    """
    if fault.phase not in PHASES or (fault.phase in ("pull", "write")) != isinstance(fault.record, int):
        raise ValueError(f"{fault}: allowed is open, pull k, write k, end or close")
    return Injected(part, fault.place, Once(fault))


class Once:
    """A subscriber that injects a fault once. If the part is opened again afterwards, it works.

    >>> from lifecycle.probe import Event
    >>> subscriber = Once(Fault("sink", "write", 2))
    >>> [subscriber(Event("sink", "write", number)) for number in (1, 2, 2)]
    [None, OSError('injected: sink, write 2'), None]
    """

    def __init__(self, fault):
        self.fault = fault

    def __call__(self, event):
        fault = self.fault
        if fault is None or event.done or event.number != fault.record or event.phase != fault.phase:
            return None
        self.fault = None
        return fault.error(f"injected: {fault}")


def sweep(build, run=withContext, limit=10_000, *, system=False):
    """Run a pipeline once without a fault and once for each fault point; return the `Sweep`.

    `build()` returns a new `(source, stages, sink)`; `run(source, stages, sink)` runs it and returns the
    count, so that a runner without a context can be swept as well. All that a run left open is noted, then
    closed. A fault comes from outside the part, so a retry in the part does not see it; `inject` puts one
    inside. The operating system is asked before and after the sweep, with `system` at each point too.

    Raises what the run without a fault raises, and `ValueError` for more than `limit` fault points.
    """
    from lifecycle import ledger

    _, probes = attempt(build, run, None, limit, system)  # also fills pools and caches, before the count
    faults = [fault for probe in probes for fault in points(probe)]
    if len(faults) > limit:
        raise ValueError(
            f"{len(faults)} fault points, the limit is {limit}: build a shorter input, or raise it"
        )
    gc.collect()
    before = ledger.system()
    outcomes = tuple(attempt(build, run, fault, limit, system)[0] for fault in (None, *faults))
    return Sweep(outcomes, before, ledger.system())


def attempt(build, run, fault, limit, system):
    """Run once; return the outcome and the probes. Without a fault, all of them count, up to the limit."""
    from lifecycle import ledger

    source, stages, sink = build()
    places = ["source", *(f"stage {number}" for number in range(1, len(stages) + 1)), "sink"]
    probes = []
    for place, part in zip(places, (source, *stages, sink), strict=True):
        armed = fault or Fault(place, "pull", limit + 1, tooMany)
        subscribers = [Once(armed)] if armed.place == place else []
        probes.append(Probe(part, place, *subscribers))
    held = set(ledger.held())
    counted = ledger.system() if system else None
    raised = None
    try:
        run(probes[0], probes[1:-1], probes[-1])
    except BaseException as error:
        raised = error  # kept until the leaks are noted, so that reference counting cannot pass for cleanup
    leaked = [leak for probe in probes for leak in probe.leaks()]
    leaked += [str(entry) for entry in ledger.held() if entry not in held]
    if system and (now := ledger.system()) != counted:
        leaked.append(f"{counted} became {now}")
    for probe in probes:
        probe.subscribers = ()  # of all: a stage that hands its stream on as it is closes the source's, too
    for probe in reversed(probes):
        probe.release()
    if raised is not None and not (fault and isinstance(raised, (Exception, fault.error))):
        raise raised
    text = None if raised is None else f"{type(raised).__name__}: {raised}"
    return Outcome(fault, text, probes[-1].arrived, tuple(leaked)), probes


def points(probe):
    """Every fault that a part can have, as its run without a fault has shown."""
    yield from [Fault(probe.place, "open")] * probe.opens
    yield from (Fault(probe.place, "pull", number) for number in range(1, probe.pulls + 1))
    if probe.part is not None:
        yield from (Fault(probe.place, "write", number) for number in range(1, probe.arrived + 1))
    yield from [Fault(probe.place, "end")] * len(probe.streams)
    yield from [Fault(probe.place, "close")] * probe.opens


def tooMany(text):
    """The error of a stream that is longer than a sweep may be."""
    return ValueError("more pulls than the limit of fault points: build a shorter input, or raise the limit")
