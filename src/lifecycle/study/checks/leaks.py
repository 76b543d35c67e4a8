"""Checks of the assignment on leaks: what stays open when a run dies, and who closes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
        """Such as "after a failure at source, pull 3, which left your code at line 5: `sink.write(row)`"."""
        if self.fault is None:
            return "after a run without a failure"
        place = f", which left your code at {self.tried.where}" if self.tried.where else ""
        return f"after {'Ctrl-C' if self.interrupt else 'a failure'} at {self.fault}{place}"


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
        if one.fault is not None and one.outcome.raised is None:
            raise Wrong(
                "leaks-truthy-is-success",
                f"{one.when} no error came out: whoever started the run believes that it went well.",
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
                f"{one.when} the archive was left {door.left} times.",
                "Leave it to `with` alone: it calls `__exit__` on every way out, an error included.",
            )
        kept, rows = len(one.sink.kept), len(one.sink.rows)
        if one.fault is None and kept < rows:
            raise Wrong(
                "leaks-accepted-is-kept",
                f"{one.when} the archive had accepted {rows} records and kept {kept}.",
                "Tell it that the run succeeded: three times `None`, which is what `with` does.",
            )
        if one.fault is not None and one.fault.phase in ("pull", "write") and kept:
            raise Wrong(
                "leaks-accepted-is-kept",
                f"{one.when} the archive kept {kept} of {len(one.source.records)} records: it was told that "
                "the run had succeeded.",
                "An all-or-nothing sink decides by what its `__exit__` receives: hand the error on to it, or "
                "let `with` do that.",
            )


@materials(copying)
def copied(variant: Variant) -> Any:
    """Return `(source, stages, sink)` of a small run."""
    return parts(variant, "leaks-x1")
