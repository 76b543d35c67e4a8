"""chains-x5: deliver a few, and leave nothing half way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lessons.exercises.chains_parts import Line, names_in
from lessons.exercises.exercise import Attempt, Sheet, attempt, exactly
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.words import described as short

# --- what the answer is given ---


def line(variant: Variant) -> Any:
    """Return `(source, stages, sink)`; `source.log` tells in which order their streams ended."""
    made = Line(variant.readings("chains-x5", 7), 2)
    return made, made.stages, made


# --- what is observed ---


@dataclass(frozen=True)
class Run:
    """One run of the answer."""

    kind: str
    """"early", "whole", "none" (a limit of 0), "failed", "built" (failed while being built), "stubborn"."""
    when: str
    limit: int
    ctrl_c: bool
    suspended: str
    """The generators that are still suspended."""
    last_open: bool
    """Whether the last one of the chain is among them."""
    careful: bool
    """Whether all are closed whenever building fails."""
    unused: str
    """The stages that never got a stream."""
    ended: str
    """In which order the generators ended."""
    order: str
    """In which order they have to end."""
    readable: bool
    """Whether that order says anything: a chain that was pulled to its end closes itself."""
    written: int
    wanted: int
    returned: str
    right: bool
    """Whether the wanted records were written, and their number was returned."""
    pulls: int
    need: int
    gathered: bool
    """Whether the whole source was pulled, though fewer records were wanted."""
    zips: bool
    """Whether the answer names `zip`: so its process says, and it decides on no points."""
    raised: str
    no_error: bool
    same_error: bool

    @property
    def plain(self) -> bool:
        """Whether nothing failed."""
        return self.kind in ("early", "whole", "none")

    @property
    def hasty(self) -> bool:
        """Whether the sink failed when more had been pulled than its write needed."""
        return self.kind == "failed" and self.pulls > self.need


def runs(answer: Any, sheet: Sheet) -> Iterator[Run]:
    """Left at every record, failed at every place, and with each generator failing to close."""
    records = sheet.variant.readings("chains-x5:check", sheet.variant.number("chains-x5:check", 6, 8))
    count = sheet.variant.number("chains-x5:stages", 2, 3)
    plain = Line(records, count)
    done = []
    for kind, limit, how in _cases(plain):
        made = Line(records, count, **how)
        end = attempt(answer, made, made.stages, made, limit)
        made.over = True
        if end.error is not None and kind in ("early", "whole", "none"):
            raise end.error
        done.append((kind, limit, made, end))
    hasty = any(made.fault[0] == "sink" and made.pulls > plain.need(made.fault[1]) for _, _, made, _ in done)
    careful = all(made.closed for kind, _, made, _ in done if kind == "built")
    zips = "zip" in sheet.judge.witness(names_in, answer)
    for kind, limit, made, end in done:
        yield _run(kind, limit, made, end, plain, hasty, careful, zips)


def _cases(plain: Line) -> Iterator[tuple[str, int, dict[str, Any]]]:
    arrive, places = len(plain.kept), plain.places
    for limit in range(1, arrive):
        yield "early", limit, {}
    for limit in (arrive, arrive + 1, arrive + 5):
        yield "whole", limit, {}
    yield "none", 0, {}
    for error in (OSError, KeyboardInterrupt):
        for limit in (arrive + 5, arrive):
            for place in ("sink", *places):
                last = plain.need(limit) if place in ("source", "stage 1") else arrive
                for at in range(1, last + 1):
                    yield "failed", limit, {"fault": (place, at), "error": error("the run is broken")}
    for place in places[1:]:
        yield "built", 3, {"fault": (place, 0), "error": ValueError("no such column")}
    for refusal in (RuntimeError, KeyboardInterrupt):
        for place in places:
            yield "stubborn", 2, {"stubborn": place, "refusal": refusal("fails to close")}


def _run(
    kind: str, limit: int, made: Line, end: Attempt, plain: Line, hasty: bool, careful: bool, zips: bool
) -> Run:
    place, at = made.fault
    wanted = plain.kept[:limit]
    need = plain.need(at if place == "sink" else limit)
    if kind == "stubborn":
        same = made.stubborn not in made.log or holds(end.error, made.refusal)
    else:
        same = end.error is made.error
    return Run(
        kind=kind,
        when=f"{made} (limit {limit})",
        limit=limit,
        ctrl_c=isinstance(made.error or made.refusal, KeyboardInterrupt),
        suspended=", ".join(made.suspended),
        last_open=made.places[-1] in made.suspended,
        careful=careful,
        unused=", ".join(one for one in made.places if limit and one not in made.streams),
        ended=", ".join(made.log),
        order=", ".join(made.order),
        readable=not made.suspended
        and (made.pulls <= need if kind == "early" else place != "sink" or not hasty),
        written=len(made.rows),
        wanted=len(wanted),
        returned=short(end.value),
        right=exactly(made.rows, wanted) and exactly(end.value, len(wanted)),
        pulls=made.pulls,
        need=need,
        gathered=kind == "early" and limit == 1 and made.pulls == len(made.records),
        zips=zips,
        raised=end.raised,
        no_error=end.error is None,
        same_error=same,
    )


def holds(error: BaseException | None, wanted: BaseException | None) -> bool:
    """Whether an error is the wanted one, or a group or a consequence of it."""
    while error is not None and error is not wanted:
        if isinstance(error, BaseExceptionGroup):
            return any(holds(one, wanted) for one in error.exceptions)
        error = error.__cause__
    return error is not None


# --- the rules ---

WORKS = Rule(
    runs, lambda run: run.kind == "whole" and not run.written,
    "not one record was written.", "", "Pull the chain, and give each record to `sink.write`.",
)  # fmt: skip

LEFT = (
    WORKS,
    Rule(runs, lambda run: run.kind == "early" and run.suspended and not run.last_open,
         "still suspended after {when}: {suspended}.", "chains-close-travels",
         "`close()` ends one generator. Keep each one that a part gives you, and close them all."),
    Rule(runs, lambda run: run.kind == "early" and run.suspended and run.careful,
         "still suspended after {when}: {suspended}. When building fails, all are closed.",
         "chains-try-around-building",
         "Your cleanup is around the building. Let it be around the loop that pulls as well."),
    Rule(runs, lambda run: run.kind == "early" and run.suspended,
         "still suspended after {when}: {suspended}.", "chains-break-closes",
         "Leaving a loop closes nothing. Give each generator to `contextlib.closing`, or to a `finally`."),
)  # fmt: skip
"""What stays open when a run is left early is never closed, so nothing can be said of how it is closed."""

CLOSED = (
    *LEFT,
    Rule(runs, lambda run: run.kind == "failed" and not run.ctrl_c and run.suspended,
         "still suspended after {when}: {suspended}.", "",
         "The error passes by the lines that close. Close in a `with` or a `finally`."),
    Rule(runs, lambda run: run.kind == "failed" and run.suspended,
         "still suspended after {when}: {suspended}. After an OSError all are closed.",
         "leaks-except-is-enough",
         "Not every error is an `Exception`. A `with` or a `finally` covers every way out."),
)  # fmt: skip

UNUSED = Rule(
    runs, lambda run: run.plain and run.unused,
    "these stages never got a stream: {unused}.", "", "Go through all of `stages`, however many there are.",
)  # fmt: skip
GATHERS = Rule(
    runs, lambda run: run.gathered,
    "with limit {limit} the source was pulled {pulls} times, to its end; enough are {need}.",
    "chains-stage-by-stage",
    "Pull, write, and stop at the limit before the next pull: `itertools.islice` does.",
)  # fmt: skip

RIGHT = (
    WORKS,
    UNUSED,
    Rule(runs, lambda run: run.plain and not run.right,
         "with limit {limit}, {wanted} records were to be written; {written} were, and the answer returned "
         "{returned}.", "", "Write each record once, in its order, and return how many were written."),
    GATHERS,
    Rule(runs, lambda run: run.plain and run.pulls != run.need and run.zips,
         "with limit {limit} the source was pulled {pulls} times; enough are {need}. Your code uses `zip`.",
         "chains-zip-loses-nothing",
         "Pull, write, and stop at the limit before the next pull: `itertools.islice` does."),
    Rule(runs, lambda run: run.plain and run.pulls != run.need,
         "with limit {limit} the source was pulled {pulls} times; enough are {need}.", "",
         "Pull, write, and stop at the limit before the next pull: `itertools.islice` does."),
    Rule(runs, lambda run: run.hasty,
         "{when}: the source had been pulled {pulls} times by then; {need} are enough.",
         "chains-stage-by-stage", "Write each record before you pull the next: no list of all of them."),
    Rule(runs, lambda run: run.kind in ("failed", "built") and run.no_error,
         "{when}, and no error reached the caller.", "chains-failed-stage-ends",
         "Close, and let the error go on: catch nothing, or raise it again."),
    Rule(runs, lambda run: run.kind in ("failed", "built") and not run.same_error,
         "{when}, and {raised} reached the caller.", "",
         "Close, and let the error go on: catch nothing, or raise it again."),
    Rule(runs, lambda run: run.kind == "stubborn" and not run.same_error and run.no_error,
         "after {when}, no error reached the caller.", "composition-clean-is-right",
         "Close the others, and let the error out: who calls has to learn that closing failed."),
    Rule(runs, lambda run: run.kind == "stubborn" and not run.same_error,
         "after {when}, {raised} reached the caller.", "",
         "Close the others, and let the error out as it is, or as the cause of yours."),
)  # fmt: skip

delivering = ruled(
    "chains-x5",
    "Deliver a few, and leave nothing half way",
    kind="build",
    answer="deliver",
    version=3,
    hangs="chains-stage-by-stage",
    given=line,
    asked=[
        Asked("every generator is closed, however the run ends", 3, CLOSED),
        Asked("they are closed last first", 2, (*LEFT, UNUSED, GATHERS, Rule(
            runs, lambda run: run.kind in ("early", "failed") and run.readable and run.ended != run.order,
            "after {when} they ended in the order {ended}; it has to be {order}.",
            "chains-first-closes-first", "What was made last uses all the others: close it first."))),
        Asked("one that fails to close keeps no other open", 1, (
            *LEFT,
            Rule(runs, lambda run: run.kind == "stubborn" and not run.ctrl_c and run.suspended,
                 "still suspended after {when}: {suspended}.", "composition-finally-covers-all",
                 "Give every `close` a `finally` of its own; `contextlib.ExitStack` has one for each."),
            Rule(runs, lambda run: run.kind == "stubborn" and run.suspended,
                 "still suspended after {when}: {suspended}.", "leaks-except-is-enough",
                 "Give every `close` a `finally` of its own; `contextlib.ExitStack` has one for each."))),
        Asked("the records are right, no pull is too many, the error goes on", 2, RIGHT),
    ],
)  # fmt: skip
