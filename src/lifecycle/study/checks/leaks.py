"""Checks of the assignment on leaks: what stays open when a run dies, and who closes it."""

from __future__ import annotations

from typing import Any

from lifecycle.faults import Outcome, sweep
from lifecycle.ledger import closed, opened
from lifecycle.study.cards import described as short
from lifecycle.study.checks.exercise import Sheet, Wrong, attempt, exactly, exercise, materials
from lifecycle.study.checks.variant import Variant


class Station:
    """A source that enters its file into the ledger, as the kit's own parts do."""

    def __init__(self, name: str, records: list[dict[str, object]]) -> None:
        self.name, self.records = name, records
        self.entry: Any = None

    def __enter__(self) -> Station:
        self.entry = opened("file", f"{self.name}.csv")
        return self

    def __exit__(self, *reason: object) -> None:
        closed(self.entry)

    def stream(self) -> Any:
        for record in self.records:
            yield dict(record)


class Archive:
    """A sink that keeps what it is given; `rows` are the records in their order."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.entry: Any = None

    def __enter__(self) -> Archive:
        self.entry = opened("connection", "archive")
        return self

    def __exit__(self, *reason: object) -> None:
        closed(self.entry)

    def write(self, record: dict[str, object]) -> None:
        self.rows.append(record)


def parts(variant: Variant, key: str) -> tuple[Station, tuple[()], Archive]:
    """A source and a sink for one run."""
    records = variant.readings(key, variant.number(key, 4, 7))
    return Station(variant.stations(key, 1)[0], records), (), Archive()


def left(outcomes: tuple[Outcome, ...], *words: str) -> str:
    """The first run after which something of these kinds stayed open, as a sentence; "" for none."""
    for outcome in outcomes:
        held = [text for text in outcome.leaked if any(word in text for word in words)]
        if held:
            when = f"after a failure at {outcome.fault}" if outcome.fault else "after a run without a failure"
            return f"still open {when}: {', '.join(held)}."
    return ""


@exercise(
    "leaks-x1",
    "Close what the copy opened",
    kind="fix",
    answer="copy_readings",
    aspects={
        "both parts are closed after every failure": 3,
        "the stream is finished after every failure": 1,
        "all records arrive and are counted": 1,
    },
    hangs="leaks-traceback-keeps",
)
def copying(answer: Any, sheet: Sheet) -> None:
    """Sweep every point of failure with the answer as the runner."""
    source, _, sink = parts(sheet.variant, "leaks-x1")
    whole = attempt(answer, source, sink)
    swept = attempt(
        sweep,
        lambda: parts(sheet.variant, "leaks-x1"),
        lambda source, stages, sink: answer(source, sink),
    )

    def outcomes() -> tuple[Outcome, ...]:
        for one in (whole, swept):
            if one.error is not None:
                raise one.error
        if not sink.rows:
            raise Wrong(
                "leaks-accepted-is-kept",
                "not one record arrived, so nothing was opened that could stay open.",
                "Enter both parts, pull `source.stream()`, and write each record to the sink.",
            )
        return tuple(swept.value.outcomes)

    with sheet.aspect("both parts are closed after every failure"):
        if found := left(outcomes(), "entered", "file", "connection"):
            advice = "Give both parts to a `with` statement, so that they are left on every way out."
            raise Wrong("leaks-traceback-keeps", found, advice)
    with sheet.aspect("the stream is finished after every failure"):
        if found := left(outcomes(), "started"):
            advice = "Close the stream by name: `contextlib.closing(source.stream())` in the same `with`."
            raise Wrong("leaks-refcount-closes", found, advice)
    with sheet.aspect("all records arrive and are counted"):
        outcomes()
        if not exactly(whole.value, len(source.records)) or not exactly(sink.rows, source.records):
            came = f"{len(source.records)} records came, {len(sink.rows)} arrived"
            raise Wrong(
                "leaks-accepted-is-kept",
                f"{came}, and the answer counted {short(whole.value)}.",
                "Write each record once, in its order, and return how many were written.",
            )


@materials(copying)
def copied(variant: Variant) -> Any:
    """Return `(source, stages, sink)` of a small run."""
    return parts(variant, "leaks-x1")
