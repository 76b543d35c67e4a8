"""chains-x5: deliver a few, and leave nothing half way."""

from collections.abc import Iterator
from typing import Any

from lessons.exercises import Asked, Fact, Rule, Sheet, Variant, attempt, exactly, ruled, short
from lessons.exercises.chains_parts import Line, odd
from lessons.exercises.exercise import Attempt
from lessons.exercises.leaks_parts import by_error
from lessons.words import many


def line(variant: Variant) -> Any:
    """Return `(source, stages, sink)`; `source.log` tells in which order their streams ended."""
    made = Line(variant.readings("chains-x5", 7))
    return made, made.stages, made


def cases(plain: Line) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Runs that are left early, reach their end, fail at each place, cannot be built, or fail to close."""
    arrive = len(plain.kept)
    for limit in (*range(1, arrive), arrive, arrive + 1, arrive + 5, 0):
        yield "early" if 0 < limit < arrive else "whole", limit, {}
    for error, limit in (OSError, arrive + 5), (OSError, arrive), (KeyboardInterrupt, arrive):
        for place in ("sink", *plain.places):
            last = plain.need(limit) if place in ("source", "stage 1") else arrive
            for at in range(1, last + 1) if limit > arrive else (1, last):
                yield "failed", limit, {"fault": (place, at), "error": error("the run is broken")}
    yield "full", 3, {"fault": ("sink", 2), "error": StopIteration("the sink is full")}
    yield "exit", 3, {"fault": ("sink", 2), "error": SystemExit("the run is over")}
    yield "ended", arrive, {"fault": (plain.places[-1], 3)}
    for place in plain.places:
        for error in (OSError, KeyboardInterrupt)[: 1 + (place == plain.places[-1])]:
            yield "built", 3, {"fault": (place, 0), "error": error("no such column")}
    for refusal in (RuntimeError, KeyboardInterrupt):
        for place in (*plain.places, ", ".join(plain.places)):
            yield "stubborn", 2, {"stubborn": place, "error": refusal("fails to close")}
        fault = {"fault": ("sink", 2), "stubborn": plain.places[1]}
        yield "both", 3, {**fault, "error": refusal("fails")}


def runs(answer: Any, sheet: Sheet) -> list[Fact]:
    """Left at every record, failed at every place, and with each generator failing to close.

    names: of the answer; they give no points.
    """
    records = odd(sheet.variant, "chains-x5:check", 5, 6)
    count = sheet.variant.number("chains-x5:stages", 2, 3)
    plain, done = Line(records, count), []
    for kind, limit, how in cases(plain):
        made = Line(records, count, **how)
        end = attempt(answer, made, made.stages, made, limit)
        made.over = True
        if end.error is not None and made.error is None:
            raise end.error
        done.append(observed(kind, limit, made, end))
    hasty = any(run.place == "sink" and run.hasty for run in done)
    names = attempt(lambda: sheet.judge.ask("get", answer, "__code__").co_names).value or ()
    for run in done:
        run.names = names
        # A chain that was pulled to its end has closed itself: its order says nothing.
        whole = run.pulls > run.need if run.kind == "early" else run.place == "sink" and hasty
        run.readable = not run.open and not whole
    return done


def observed(kind: str, limit: int, made: Line, end: Attempt) -> Fact:
    """The facts of one run of the answer."""
    need = made.need(made.at if made.place == "sink" or kind == "ended" else limit)
    wanted = made.kept[: made.at - 1 if kind == "ended" else limit]
    due = [place for place, row in enumerate(wanted) if not exactly(made.rows[place : place + 1], [row])]
    # In a generator, Python makes a `RuntimeError` of a `StopIteration`.
    free = end.error is not None if kind == "full" else made.stubborn and not made.raised
    return Fact(
        kind=kind, when=f"with limit {limit}, {made.when}", limit=limit, place=made.place,
        stubborn=made.stubborn,
        plain=made.error is None, ctrl_c=isinstance(made.error, KeyboardInterrupt),
        open=", ".join(made.open),
        closes_last=made.open == made.places[:-1],
        ended=", ".join(made.log), order=", ".join(made.order),
        written=len(made.rows), wanted=many(len(wanted), "record"), returned=short(end.value),
        due=short(wanted[due[0]]) if due else "", place_due=due[0] + 1 if due else 0,
        right=exactly(made.rows, wanted) and exactly(end.value, len(wanted)),
        pulls=made.pulls, need=need, hasty=kind == "failed" and made.pulls > need,
        gathered=kind == "early" and limit == 1 and made.pulls == len(made.records),
        unused=bool(limit) and len(made.streams) < len(made.places),
        raised=end.raised,
        same_error=free or id(end.error) in map(id, made.raised or (None,)),
    )  # fmt: skip


STOP = "Stop at the limit, before the next pull: `itertools.islice` does this."
GO_ON = "Close, and let the error go on unchanged: do not catch it, or raise it again."
OPEN = "{when}. Not closed: {open}."
CAME = "{when}, and {raised} reached the caller."
WRITTEN = "with limit {limit}, {wanted} should be written. Written: {written}. `deliver` returned {returned}."
PULLED = "with limit {limit}, the source was pulled {pulls} times instead of {need}."
EACH = "Give every `close()` its own `finally`, or use `contextlib.ExitStack`: it goes on after a failure."
WORKS = Rule(runs, lambda run: run.kind == "whole" and run.limit and not run.written,
             "not one record was written.", "",
             "Pull the chain, and give each record to `sink.write`.")  # fmt: skip
LEFT = (
    WORKS,
    Rule(runs, lambda run: run.kind == "early" and run.closes_last, OPEN, "chains-close-travels",
         "`close()` closes one generator. Store each one that a part returns, and close them all."),
    Rule(runs, lambda run: run.kind == "early" and run.open, OPEN, "",
         "Leaving a loop closes nothing. Close each generator with `contextlib.closing`, or in a `finally`."),
)  # fmt: skip
"""What stays open when a run is left early is never closed, so nothing can be said of how it is closed."""
CLOSED = Asked("every generator is closed, however the run ends", 3, LEFT, (
    *by_error(runs, lambda run: run.kind != "exit" and not run.stubborn and run.open, OPEN, "",
              "Close in a `with` or a `finally` that begins before the first generator is made."),
    Rule(runs, lambda run: run.kind == "exit" and run.open, OPEN, "",
         "A `with` or a `finally` works after every error. An `except` works only after those it names."),
))  # fmt: skip
UNUSED = Rule(runs, lambda run: run.plain and run.unused, "with limit {limit}, one stage got no stream.", "",
              "Go through all of `stages`, however many there are.")  # fmt: skip
GATHERS = Rule(runs, lambda run: run.gathered, PULLED, "", STOP)
RIGHT = Asked("the records are right, no pull is too many, and the error goes on", 2, [WORKS], [UNUSED], (
    Rule(runs, lambda run: run.plain and run.due,
         f"{WRITTEN} Record {{place_due}} should be {{due}}.", "",
         "Write each record once, up to the limit. An empty or false one is a record, too."),
    Rule(runs, lambda run: run.plain and not run.right, WRITTEN, "",
         "Write no record after the limit (also 0). Return how many you wrote."),
    GATHERS,
    Rule(runs, lambda run: run.plain and run.pulls != run.need and {"zip", "range"} <= {*run.names},
         f"{PULLED} Your code uses `zip`.", "chains-zip-loses-nothing", STOP),
    Rule(runs, lambda run: run.plain and run.pulls != run.need, PULLED, "", STOP),
    Rule(runs, lambda run: run.hasty,
         "{when}. By then the source had been pulled {pulls} times instead of {need}.",
         "", "Write each record before you pull the next one. Make no list of them."),
    Rule(runs, lambda run: not run.same_error, CAME, "", GO_ON),
))  # fmt: skip
EITHER = ("early", "failed", "stubborn")
LAST_FIRST = Asked("they are closed last first", 2, (
    *LEFT, UNUSED, GATHERS,
    Rule(runs, lambda run: run.kind in EITHER and run.readable and run.ended != run.order,
         "{when}. The streams ended in the order {ended}, but it should be {order}.", "",
         "Close first the one made last: it uses the others. `ExitStack` reverses the order by itself."),
))  # fmt: skip
STUBBORN = Asked("if one fails to close, the others are still closed", 1, LEFT, (
    # If streams are closed first to last, the source is closed by then: that is another mistake.
    *by_error(runs, lambda run: run.kind == "stubborn" and "source" in run.open,
              OPEN, "composition-finally-covers-all", EACH),
    Rule(runs, lambda run: run.stubborn and run.open, OPEN, "", EACH),
))  # fmt: skip
ruled("chains-x5", "Deliver a few, and leave nothing half way", kind="build", answer="deliver", version=10,
      given=line, asked=[CLOSED, LAST_FIRST, STUBBORN, RIGHT])  # fmt: skip
