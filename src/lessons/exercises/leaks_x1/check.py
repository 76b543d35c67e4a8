"""leaks-x1: close what the copy opened."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Self

from lessons.exercises import Asked, Callback, Fact, Facts, Rule, Sheet, declared, ruled, short
from lessons.exercises.exercise import attempt, described, exactly, unchanged
from lessons.exercises.leaks_parts import Hollow, by_error, in_an_except, parts
from lifecycle import faults
from lifecycle.probe import Watched


@declared("__enter__ __exit__ stream write", name="Part")
class Door:
    """A part as the answer sees it, and what it was told each time that it was left."""

    def __init__(self, part: Any, name: str = "") -> None:
        self.part, self.name, self.told = part, name, list[Any]()

    def __enter__(self) -> Self:
        self.part.__enter__()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.told.append(error if kind is not None else None)
        self.part.__exit__(kind, error, trace)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.part, name)


declared("__next__ close", name="generator")(Watched)
WHEN = {
    "open": "while the {place} was opened", "start": "in the call of `source.stream()`",
    "pull": "at record {record} of the {place}", "write": "at record {record} of the {place}",
    "end": "while the stream of the {place} was closed", "close": "while the {place} was closed",
}  # fmt: skip


RECORDS = 4
"""How many there are when one of many places fails; `other_lengths` has others."""


def everywhere(answer: Any, sheet: Sheet) -> Facts:
    """A run without a failure; then each failure, as an `OSError` and as Ctrl-C; three other errors.

    Raises what the run without a failure raises.
    """
    whole, points = _run(answer, sheet, None)
    yield whole
    points.append(faults.Fault("source", "start"))
    others = [faults.Fault("source", "pull", 2, Hollow), faults.Fault("sink", "write", 2, SystemExit)]
    others += [replace(one, error=StopIteration) for one in points if str(one) == "sink, open"]
    for point in (*points, *(replace(point, error=KeyboardInterrupt) for point in points), *others):
        one, _ = _run(answer, sheet, point)
        yield one


def _run(answer: Any, sheet: Sheet, point: faults.Fault | None) -> tuple[Fact, list[faults.Fault]]:
    """The facts of one run, and its points of failure.

    `struck` is the error, if it was raised; `tried` keeps what came out, and so every frame of the answer.
    """
    one = Fact(when="after a run without a failure", phase="", ctrl_c=False, struck=None)
    made = parts(sheet.variant, "leaks-x1", RECORDS)

    def noted(ask: Callable[[Any], Any], event: Any) -> Any:
        error = ask(event)
        one.struck = one.struck if error is None else error
        return error

    def running(source: Any, stages: Any, sink: Any) -> None:
        for part in (source, sink):
            part.subscribers = [partial(noted, ask) for ask in part.subscribers]
        one.archive = Door(sink)
        one.tried = attempt(answer, Door(source), one.archive)
        if one.tried.error is not None:
            raise one.tried.error

    outcome, probes = faults.attempt(lambda: made, running, point, 10_000, False)
    if point is not None:
        one.phase, one.ctrl_c = point.phase, point.error not in (OSError, Hollow)
        known: dict[type, str]
        known = {OSError: "a failure", KeyboardInterrupt: "Ctrl-C", Hollow: "an error that counts as false"}
        kind = known.get(point.error, f"a {point.error.__name__}")
        one.when = f"after {kind} {WHEN[point.phase].format(**vars(point))}"
        one.when += f" (your code: {one.tried.where})" if one.tried.where else ""
    one.parts = ", ".join(text for text in outcome.leaked if " and not " not in text)
    one.suspended = any("started" in text for text in outcome.leaked)
    source, _, sink = made
    one.left, one.pulled, one.raised = len(one.archive.told), source.pulled, one.tried.raised
    one.came, one.arrived, one.kept = map(len, (source.records, sink.rows, sink.kept))
    told = [*one.archive.told, one.struck][0]
    one.told = "no error" if told is None else described(told)
    # What fails in closing may come when the archive has been left.
    one.misled = told is not one.struck and one.phase not in ("end", "close")
    return one, [fault for probe in probes for fault in faults.points(probe)]


def other_lengths(answer: Any, sheet: Sheet) -> Facts:
    """In an `except` of the caller; no record; nine, one of them empty; an archive that refuses to work."""

    def refuse(*given: object) -> None:
        raise StopIteration

    refusals = {1: "one record came, which the archive refused with a `StopIteration`",
                2: "two records came; the archive failed to write the first one, then to close"}  # fmt: skip
    for count in (None, 0, 9, 1, 2):
        source, _, sink = parts(sheet.variant, "leaks-x1", count)
        if count == 9:
            source.records[4] = {}
        if count in refusals:
            sink.write = refuse  # type: ignore
        if count == 2:
            sink.__exit__ = refuse  # type: ignore
        doors = Door(source, "the source"), Door(sink, "the archive")
        call = partial(answer, *doors)
        handled = sheet.judge.witness, in_an_except, Callback(call, "call")
        tried = attempt(call) if count is not None else attempt(*handled)
        came, at = len(source.records), f", at {tried.where}" if tried.where else ""
        yield Fact(
            handled=count is None, came=refusals.get(count or 0, f"{came or 'no'} records came"),
            arrived=len(sink.rows), kept=len(sink.kept),
            open=" and ".join(door.name for door in doors if not door.told),
            did=f"raised {tried.raised}{at}" if tried.error else f"returned {short(tried.value)}",
            # A generator turns a `StopIteration` that comes out of it into a `RuntimeError`.
            right="StopIteration" in tried.raised if count == 1 else tried.error is not None if count == 2
            else exactly(tried.value, came) and exactly(sink.rows, source.records),
        )  # fmt: skip


OPEN = "still open {when}: {parts}."
ONE_WITH = "Give both parts to one `with` statement: it leaves them on every way out, the last one first."
ONCE = "Leave it to `with` alone: it calls `__exit__` on every way out, an error included."
RUNS = (
    Rule(other_lengths, lambda run: "'generator' object does not support the context manager" in run.did,
         "your code {did}.", "managers-with-a-generator",
         "`contextlib.closing(source.stream())` is a context manager that closes the stream."),
    Rule(everywhere, lambda run: not run.phase and not 0 < run.arrived <= run.pulled,
         "{arrived} records arrived, and {pulled} had been pulled from the source of this call.", "",
         "Enter both parts, pull `source.stream()` in each call, and write each record to the sink. With a "
         "`yield` in your function, its call does nothing of this."),
)  # fmt: skip
"""What must hold before anything else can be seen."""
CLOSED = Asked("both parts are closed after every failure", 2, RUNS, (
    # If only they are missed, the answer names the errors that it catches, and may know what `Exception` is.
    *by_error(everywhere, lambda run: run.parts and not isinstance(run.struck, SystemExit | StopIteration),
              OPEN, "", ONE_WITH),
    Rule(everywhere, lambda run: run.parts, OPEN, "", ONE_WITH),
    Rule(other_lengths, lambda run: run.open, "{came}, and `__exit__` of {open} did not run.", "", ONE_WITH),
))  # fmt: skip
TOLD_ONCE = Asked("the archive is told once how the run ended", 1, RUNS, (
    Rule(everywhere, lambda run: run.left > 1, "{when}, the archive was left {left} times.", "", ONCE),
    Rule(other_lengths, lambda run: run.handled and run.kept != run.arrived,
         "in an `except` of the caller, the archive had accepted {arrived} records and kept {kept}.", "",
         "Tell it of the success: three times `None`. `sys.exc_info` tells of the caller's error, too."),
    Rule(everywhere, lambda run: run.phase in ("pull", "write") and run.kept,
         "{when}, the archive kept {kept} of {came} records: it was told that the run had succeeded.",
         "", "An all-or-nothing sink decides by what its `__exit__` receives: hand the "
         "error on to it, or let `with` do that."),
    Rule(everywhere, lambda run: run.misled,
         "{when}, the archive was told of {told}: this is not how the run ended.", "",
         "Tell it of the error that came, or of none after a success: `with` does that."),
))  # fmt: skip
ARRIVES = Asked("all records arrive, and so does an error", 1, RUNS, (
    Rule(everywhere, lambda run: not unchanged(run.tried, run.struck)
         or (run.phase == "open" and run.raised == "nothing"),
         "{when}, this came out: {raised}. It is not the error that belongs there, or it was changed.", "",
         "Let the error go on as it is: no true `__exit__`, no `return` in `finally`, a bare `raise` in each "
         "`except`. A function under `@contextmanager` makes a `RuntimeError` of a `StopIteration`."),
    Rule(other_lengths, lambda run: not run.right, "{came}, {arrived} arrived, and the answer {did}.", "",
         "Write each record once, in its order, and return how many. A station may send more than usual, an "
         "empty one too, or none: only the stream says where it ends. Let an error of the archive out."),
))  # fmt: skip
STREAM = Asked("the stream is closed after every failure", 1, RUNS, (
    Rule(everywhere, lambda run: run.suspended, "the stream is still suspended {when}.", "",
         "Close the stream by name: `contextlib.closing(source.stream())` in the same `with`."),
))  # fmt: skip
ruled("leaks-x1", "Close what the copy opened", kind="fix", answer="copy_readings", version=8,
      given=lambda variant: parts(variant, "leaks-x1"),
      asked=[CLOSED, STREAM, TOLD_ONCE, ARRIVES])  # fmt: skip
