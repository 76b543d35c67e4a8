"""chains-x2: the mail that never came."""

from functools import partial
from typing import Any

from lessons.exercises import Asked, Callback, Fact, Facts, Rule, Sheet, Variant, attempt, ruled, short
from lessons.exercises.chains_parts import Line, odd
from lessons.exercises.exercise import exactly
from lessons.exercises.leaks_parts import in_an_except

# No answer knows the last one by name.
FAILURES = (OSError, ValueError, KeyError, RuntimeError, type("Frozen", (Exception,), {}))


def nightly(variant: Variant) -> Any:
    """Return `(source, stages, sink)` of a night in which the second stage fails."""
    fault = ("stage 2", variant.number("chains-x2", 2, 4))
    line = Line(variant.readings("chains-x2", 6), fault=fault, error=OSError("lost"))
    return line, line.stages, line


def worked(answer: Any, line: Line, sheet: Sheet, *handled: Any) -> Fact:
    """The facts of one night of the answer. handled: what calls the answer instead."""
    if line.error is not None:
        line.error.__cause__ = OSError("the network is down")

    def mail(written: Any, error: Any) -> None:
        line.mails.append((written, error))

    end = attempt(*handled, answer, line, line.stages, line, Callback(mail))
    written = len(line.rows) if line.struck is None else line.struck
    said, spoke = line.mails[0] if line.mails else (None, None)
    return Fact(
        line=line, end=end, when=line.when, place=line.place, building=not line.at,
        kind=type(line.error).__name__, silent=not line.mails, mails=short(line.mails), said=said,
        written=written, counted=exactly(said, written), right=len(line.mails) == 1 and spoke is line.error,
        sent=exactly(said, line.pulls),
        raised=end.raised, where=f", at {end.where}" if end.where else "",
        no_error=end.error is None, same_error=end.error is line.error,
    )  # fmt: skip


def nights(answer: Any, sheet: Sheet) -> Facts:
    """Each part fails at each record, and each building call. mailed: where nights sent a mail."""
    variant = sheet.variant
    records = variant.readings("chains-x2:check", variant.number("chains-x2:check", 5, 8))
    done: list[Fact] = []
    for place in ("source", "stage 1", "stage 2", "sink"):
        from_source = place in ("source", "stage 1")
        last = len(records) if from_source else len(Line(records).kept)
        for at in range(place == "sink", last + 1):
            # An `except` that names too few kinds is seen where parts of the chain fail.
            kind = OSError if place == "sink" else FAILURES[len(done) % len(FAILURES)]
            line = Line(records, fault=(place, at), error=kind(f"{place} is lost"))
            done.append(worked(answer, line, sheet))
            done[-1].due = at and at - 1 - from_source * ((at - 1) // 3)
    done = [night for night in done if night.line.struck is not None]
    mailed = [night for night in done if not night.silent]
    places = {"building" if night.building else night.place for night in mailed}
    sent = all(night.sent for night in mailed if not night.building)
    for night in done:
        night.mailed, night.sent = places, sent
        yield night


def rare(answer: Any, sheet: Sheet) -> Facts:
    """A sink that raises StopIteration or SystemExit, and Ctrl-C in each part."""
    records = sheet.variant.readings("chains-x2:rare", 6)
    for error in (StopIteration("the sink is full"), SystemExit(1)):
        yield worked(answer, Line(records, fault=("sink", 2), error=error), sheet)
    for place, at in (("source", 2), ("stage 1", 0), ("stage 1", 2), ("stage 2", 2), ("sink", 2)):
        yield worked(answer, Line(records, fault=(place, at), error=KeyboardInterrupt()), sheet)


def good_night(answer: Any, sheet: Sheet) -> Facts:
    """A night without a failure, and one without a record, in an `except` of the caller."""
    handled = sheet.judge.witness, in_an_except
    for records, how in (odd(sheet.variant, "chains-x2:good", 5, 8), ()), ([], handled):
        line = Line(records)
        night = worked(answer, line, sheet, *how)
        night.what = "nothing failed, and the call was in an `except` block" if how else "nothing failed"
        if records and night.end.error is not None:
            raise night.end.error
        night.returned, night.wanted = short(night.end.value), len(line.kept)
        night.right = exactly([line.rows, night.end.value, line.mails], [line.kept, night.wanted, []])
        yield night


def within(answer: Any, sheet: Sheet) -> Facts:
    """A night whose sink runs another one and fails, by an error of its own or by that of the other night."""
    records = sheet.variant.readings("chains-x2:within", 6)
    for one in "two errors", "one and the same error":
        inner_error = ValueError("the inner night is lost")
        error = OSError("the outer night is lost") if one == "two errors" else inner_error
        outer = Line(records, fault=("sink", 2), error=error)
        inner = Line(records, fault=("sink", 1), error=inner_error)
        outer.meanwhile = partial(worked, answer, inner, sheet)
        worked(answer, outer, sheet)
        right = exactly([outer.mails, inner.mails], [[(1, error)], [(0, inner_error)]])
        what = f"a sink ran a night of its own, and both failed, by {one}"
        what += ". Mails of the outer and the inner night"
        yield Fact(what=what, mails=f"{short(outer.mails)} and {short(inner.mails)}", right=right)
    line = Line(records)
    worked(answer, line, sheet)
    line.rows, line.place, line.at, line.error = [], "sink", 2, OSError("the second night is lost")
    again = worked(answer, line, sheet)
    again.right, again.what = again.right and again.counted, "the same parts had a second night. Its mails"
    yield again


WORKS = Rule(good_night, lambda night: night.wanted and not night.line.pulls,
             "nothing was pulled, so nothing could fail.", "",
             "Pull the chain, and write each record.")  # fmt: skip
AGAIN = "Raise the same error again: a bare `raise` in the `except`, and no `return` in a `finally`."
SUSPENDED = "While the sink writes, all generators are suspended. Put the `try` around the whole loop."
CHAIN = Asked("a failure of the source or of a stage sends a mail", 2, [WORKS], (
    Rule(nights, lambda night: night.silent and night.place != "sink" and not night.building
         and night.mailed in ({"building"}, {"building", "sink"}),
         "{when}, and no mail was sent. One was sent when a call failed while the chain was built.",
         "chains-try-around-building",
         "Building a chain runs no line of a generator. Put the `try` around the `for` loop, which pulls."),
    Rule(nights, lambda night: night.silent and night.place != "sink",
         "{when}, and no mail was sent. {raised} reached the caller{where}.", "",
         "Before the `try` begins, set every variable that the mail needs. Begin it before the first call, "
         "and put the loop that pulls and writes inside it. Let the `except` catch every `Exception`."),
))  # fmt: skip
SINK = Asked("a failure of the sink sends a mail", 2, [WORKS], (
    Rule(nights, lambda night: night.silent and night.place == "sink",
         "{when}, and no mail was sent.", "", SUSPENDED),
    Rule(rare, lambda night: night.kind == "StopIteration" and night.silent and night.no_error,
         "{when}, and the night ended without an error.", "",
         "A loop over `map` takes a `StopIteration` for its end. Write each record in a `for` loop's body."),
))  # fmt: skip
MAIL = Asked("one mail is sent, with the number of records written and the error", 1, [WORKS], (
    Rule(nights, lambda night: not night.building and night.written != night.due,
         "{when}. Records written by then: {written}, instead of {due}.", "",
         "Write each record before you pull the next one. Make no list of all of them."),
    Rule(nights, lambda night: not (night.silent or night.building or night.counted) and night.sent,
         "{when}. Records written: {written}. The mail said {said}, the number that the source had sent.",
         "chains-source-counts-arrivals", "Count a record when `write` has returned, and nowhere else."),
    Rule(nights, lambda night: not night.silent and not (night.counted and night.right),
         "{when}. Records written: {written}. Mails: {mails}.", "",
         "Send one `mail(written, error)`, with the error that you caught. Count a record when `write` has "
         "returned, whatever it returns, and not before."),
    Rule(within, lambda mixed: not mixed.right,
         "{what}: {mails}.", "",
         "Store what belongs to one night in local variables, not on an object or in the module."),
))  # fmt: skip
GOES_ON = Asked("the error goes on, and without a failure no mail is sent", 1, [WORKS], (
    Rule(good_night, lambda night: not night.right,
         "{what}. {written} of {wanted} records were written, and `night` returned {returned} and "
         "raised {raised}. Mails: {mails}.", "",
         "Write each record once, return how many were written, and send a mail only if you catch an error."),
    Rule(nights, lambda night: night.no_error,
         "{when}, and no error reached the caller.", "", AGAIN),
    Rule(nights, lambda night: not night.silent and not night.same_error,
         "{when}, and {raised} reached the caller.", "", AGAIN),
    Rule(rare, lambda night: night.kind != "StopIteration" and not (night.silent and night.same_error),
         "{when}, and {raised} reached the caller. Mails: {mails}.", "",
         "Ctrl-C and `SystemExit` do not inherit from `Exception`: `except Exception` lets them pass."),
))  # fmt: skip
ruled("chains-x2", "The mail that never came", kind="fix", answer="night", version=7,
      given=nightly, asked=[CHAIN, SINK, MAIL, GOES_ON])  # fmt: skip
