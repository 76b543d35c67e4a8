"""leaks-x1: close what the copy opened."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lessons.exercises.exercise import Attempt, Sheet, attempt, exactly
from lessons.exercises.leaks_parts import Door, Trial, parts, trials
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.words import described as short

# --- what is observed ---


@dataclass(frozen=True)
class Run:
    """One run of the answer, in which at most one thing failed."""

    when: str
    failed: str
    """"open", "pull", "write", "end" or "close": what a part was doing; "" in a run without a failure."""
    ctrl_c: bool
    parts: str
    """The parts that are still open."""
    suspended: bool
    """Whether the stream is still open."""
    left: int
    """How often the archive was left."""
    came: int
    pulled: int
    arrived: int
    kept: int
    """How many records the archive keeps."""
    in_order: bool
    returned: str
    right_count: bool
    gave_generator: bool
    raised: str
    no_error: bool
    same_error: bool
    """Whether the error that came out is the one that was raised."""

    @property
    def in_the_loop(self) -> bool:
        """Whether it failed while records were pulled or written."""
        return self.failed in ("pull", "write")


def everywhere(answer: Any, sheet: Sheet) -> Iterator[Run]:
    """One run without a failure, one for each place at which a run can fail, and each by Ctrl-C, too."""
    doors: list[Door] = []

    def run(source: Any, stages: Any, sink: Any) -> Any:
        doors.append(Door(sink))
        return answer(Door(source), doors[-1])

    swept = trials(lambda: parts(sheet.variant, "leaks-x1"), run)
    for one, door in zip(swept, doors[1:], strict=True):
        yield _run(one, door)


def _run(one: Trial, door: Door) -> Run:
    fault, tried = one.fault, one.tried
    open_parts = [text for text in one.outcome.leaked if not text.endswith("not finished")]
    by_name = [text for text in open_parts if not text.endswith("not left")]
    records = one.source.records
    same = fault is not None and tried.error is not None and type(tried.error) is fault.error
    return Run(
        when=one.when,
        failed=fault.phase if fault else "",
        ctrl_c=one.interrupt,
        parts=", ".join(by_name or open_parts),
        suspended=any("started" in text for text in one.outcome.leaked),
        left=door.left,
        came=len(records),
        pulled=one.source.pulled,
        arrived=len(one.sink.rows),
        kept=len(one.sink.kept),
        in_order=exactly(one.sink.rows, records),
        returned=short(tried.value),
        right_count=exactly(tried.value, len(records)),
        gave_generator=isinstance(tried.value, types.GeneratorType),
        raised=tried.raised,
        no_error=tried.error is None,
        same_error=same and tried.error is not None and tried.error.args == (f"injected: {fault}",),
    )


@dataclass(frozen=True)
class Copied:
    """What the answer did with a certain number of records."""

    came: str
    arrived: int
    result: str
    right: bool


def other_lengths(answer: Any, sheet: Sheet) -> Iterator[Copied]:
    """A run without a record, and one with nine."""
    for count in (0, 9):
        source, _, sink = parts(sheet.variant, "leaks-x1", count)
        tried = attempt(answer, Door(source), Door(sink))
        right = exactly(tried.value, count) and len(sink.rows) == count
        yield Copied(str(count or "no"), len(sink.rows), _result(tried), right)


def _result(tried: Attempt) -> str:
    if tried.error is None:
        return f"returned {short(tried.value)}"
    return f"raised {tried.raised}" + (f", at {tried.where}" if tried.where else "")


@dataclass(frozen=True)
class Call:
    """The first call of the answer."""

    raised: str
    where: str


def first_call(answer: Any, sheet: Sheet) -> Iterator[Call]:
    """One run without a failure."""
    source, _, sink = parts(sheet.variant, "leaks-x1")
    tried = attempt(answer, Door(source), Door(sink))
    yield Call(tried.raised, f", at {tried.where}" if tried.where else "")


# --- the rules ---

ONE_WITH = "Give both parts to one `with` statement: it leaves them on every way out, the last one first."
BY_NAME = "An `except` closes after the errors that it names. `with` and `finally` ask for no names."
HAND_ON = (
    "Let the error go on when all is closed. Look at what each `__exit__` returns, at a `return` in "
    "`finally`, and at each `except` that does not end in `raise`."
)

RUNS = (
    Rule(first_call, lambda call: "'generator' object does not support the context manager" in call.raised,
         "your code raised {raised}{where}.", "managers-with-a-generator",
         "`contextlib.closing(source.stream())` is a context manager that closes the stream."),
    Rule(everywhere, lambda run: run.gave_generator,
         "the call gave a generator, and nothing has run: not one record arrived.", "start-call-runs",
         "Take the `yield` out of your function: then its call copies, and returns the number."),
    Rule(everywhere, lambda run: not run.failed and not run.arrived,
         "not one record arrived, so nothing was opened that could stay open.", "",
         "Enter both parts, pull `source.stream()`, and write each record to the sink."),
    Rule(everywhere, lambda run: not run.failed and run.pulled < run.arrived,
         "{arrived} records arrived, and {pulled} had been pulled from the source of this call.", "",
         "Pull `source.stream()` in each call, and keep no record from an earlier one."),
)  # fmt: skip
"""What must hold before anything else can be seen."""

CLOSED = (
    Rule(everywhere, lambda run: not run.failed and run.parts,
         "still open {when}: {parts}.", "leaks-refcount-closes", ONE_WITH),
    Rule(everywhere, lambda run: run.in_the_loop and not run.ctrl_c and run.parts,
         "still open {when}: {parts}.", "leaks-traceback-keeps", ONE_WITH),
    Rule(everywhere, lambda run: run.in_the_loop and run.ctrl_c and run.parts,
         "still open {when}: {parts}.", "leaks-except-is-enough", BY_NAME),
    Rule(everywhere, lambda run: run.failed == "open" and not run.ctrl_c and run.parts,
         "still open {when}: {parts}.", "leaks-exit-covers-enter",
         "One part is open already when the other one fails to open. Begin the `try` or `with` of the first "
         "before the other is opened: `with source, sink:` does."),
    Rule(everywhere, lambda run: run.failed in ("end", "close") and not run.ctrl_c and run.parts,
         "still open {when}: {parts}.", "composition-finally-covers-all",
         "Closing can fail, too. Give each thing a `with` or a `finally` of its own: the others still run."),
    Rule(everywhere, lambda run: run.ctrl_c and run.parts,
         "still open {when}: {parts}.", "leaks-except-is-enough", ONE_WITH),
)  # fmt: skip

TOLD_ONCE = (
    Rule(everywhere, lambda run: run.in_the_loop and run.left > 1,
         "{when}, the archive was left {left} times.", "leaks-exit-on-success-only",
         "Leave it to `with` alone: it calls `__exit__` on every way out, an error included."),
    Rule(everywhere, lambda run: run.left > 1,
         "{when}, the archive was left {left} times.", "",
         "Leave it to `with` alone: it calls `__exit__` on every way out, an error included."),
    Rule(everywhere, lambda run: not run.failed and run.kept < run.arrived,
         "{when}, the archive had accepted {arrived} records and kept {kept}.", "leaks-accepted-is-kept",
         "Tell it that the run succeeded: three times `None`, which is what `with` does."),
    Rule(everywhere, lambda run: run.in_the_loop and run.kept,
         "{when}, the archive kept {kept} of {came} records: it was told that the run had succeeded.",
         "leaks-accepted-is-kept",
         "An all-or-nothing sink decides by what its `__exit__` receives: hand the error on to it, or let "
         "`with` do that."),
)  # fmt: skip

ARRIVES = (
    Rule(everywhere, lambda run: not run.failed and not (run.right_count and run.in_order),
         "{came} records came, {arrived} arrived, and the answer returned {returned}.", "",
         "Write each record once, in its order, and return how many were written."),
    Rule(other_lengths, lambda copied: not copied.right,
         "{came} records came, {arrived} arrived, and the answer {result}.", "",
         "A station may send more records, or none: then none is written, which is 0."),
    # A failure in closing strikes only an answer that closes: that it does not is another aspect's affair.
    Rule(everywhere, lambda run: run.failed in ("open", "pull", "write") and run.no_error,
         "{when}, no error came out: whoever started the run believes that it went well.",
         "leaks-truthy-is-success", HAND_ON),
    Rule(everywhere, lambda run: run.failed in ("open", "pull", "write") and not run.same_error,
         "{when}, another error came out: {raised}. Code that waits for the first one does not see it.", "",
         "Let the error go on as it is: where you catch it, end with `raise` without a name."),
)  # fmt: skip

copying = ruled(
    "leaks-x1",
    "Close what the copy opened",
    kind="fix",
    answer="copy_readings",
    version=3,
    given=lambda variant: parts(variant, "leaks-x1"),
    asked=[
        Asked("both parts are closed after every failure", 2, (*RUNS, *CLOSED)),
        Asked("the stream is closed after every failure", 1, (*RUNS, Rule(
            everywhere, lambda run: run.suspended,
            "the stream is still suspended {when}.", "leaks-refcount-closes",
            "Close the stream by name: `contextlib.closing(source.stream())` in the same `with`."))),
        Asked("the archive is told once how the run ended", 1, (*RUNS, *TOLD_ONCE)),
        Asked("all records arrive, and so does an error", 1, (*RUNS, *ARRIVES)),
    ],
)  # fmt: skip
