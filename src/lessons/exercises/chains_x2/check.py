"""chains-x2: the mail that never came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lessons.exercises.chains_parts import Shift, in_generator
from lessons.exercises.exercise import Attempt, Sheet, attempt, described, exactly
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback
from lessons.words import described as short

# --- what the answer is given ---


class Frozen(Exception):
    """A failure of a kind that no answer knows by name."""


FAILURES = (OSError, ValueError, KeyError, RuntimeError, Frozen)


def nightly(variant: Variant) -> Any:
    """Return `(source, stages, sink)` of a night in which the second stage fails."""
    shift = Shift(
        variant.readings("chains-x2", 6), "stage 2", variant.number("chains-x2", 2, 4), OSError("lost")
    )
    return shift, shift.stages, shift


def worked(answer: Any, shift: Shift, sheet: Sheet) -> Attempt:
    """One night of the answer."""

    def mail(written: Any, error: Any) -> None:
        shift.mails.append((written, error))
        shift.inside |= sheet.judge.witness(in_generator) is True

    return attempt(answer, shift, shift.stages, shift, Callback(mail))


# --- what is observed ---


@dataclass(frozen=True)
class Night:
    """One night in which one thing failed."""

    when: str
    place: str
    building: bool
    """Whether it was a call that failed, while the chain was built."""
    kind: str
    mails: int
    said: str
    counted: bool
    """Whether the mail named a whole number."""
    right: bool
    """Whether that number is how many had been written."""
    written: int
    due: int
    """How many had been written by then, if each record is written before the next one is pulled."""
    spoke: str
    same_mailed: bool
    raised: str
    where: str
    no_error: bool
    same_error: bool
    elsewhere: tuple[str, ...]
    """At which places another failure sent a mail: "building", "source", "stage 1" and so on."""
    inside: bool
    """Whether a mail was sent by a line of a generator: so the host says, and it decides on no points."""
    kinds: tuple[str, ...]
    """Which kinds of failures sent a mail."""
    like_source: bool
    """Whether in every night the mail named how many records the source had sent out."""
    like_tried: bool
    """Whether in every night the mail counted a record that was about to be written."""

    @property
    def silent(self) -> bool:
        """Whether no mail came."""
        return not self.mails

    @property
    def new_kind(self) -> bool:
        """Whether no failure of this kind sent a mail."""
        return self.kind.partition(":")[0] not in self.kinds


def nights(answer: Any, sheet: Sheet) -> Iterator[Night]:
    """Each part fails at each record, and each call that builds."""
    variant = sheet.variant
    records = variant.readings("chains-x2:check", variant.number("chains-x2:check", 5, 8))
    plain = Shift(records)
    pairs: list[tuple[Shift, Attempt]] = []
    for place in ("source", "stage 1", "stage 2", "sink"):
        last = len(records) if place in ("source", "stage 1") else len(plain.kept)
        for at in range(1 if place == "sink" else 0, last + 1):
            # That an `except` names too few kinds is seen where parts of the chain fail.
            kind = OSError if place == "sink" else FAILURES[len(pairs) % len(FAILURES)]
            shift = Shift(records, place, at, kind(f"{place} is lost"))
            pairs.append((shift, worked(answer, shift, sheet)))
    mailed = [shift for shift, _ in pairs if shift.mails and shift.struck is not None]
    at_work = [shift for shift in mailed if shift.at]
    elsewhere = tuple({shift.place if shift.at else "building" for shift in mailed})
    inside = any(shift.inside for shift, _ in pairs)
    kinds = tuple({type(shift.error).__name__ for shift in mailed})
    like_source = all(exactly(shift.mails[0][0], shift.out) for shift in at_work)
    like_tried = all(exactly(shift.mails[0][0], shift.tried) for shift in at_work)
    for shift, end in pairs:
        if shift.struck is not None:
            yield _night(shift, end, elsewhere, inside, kinds, like_source, like_tried)


def _night(shift: Shift, end: Attempt, *others: Any) -> Night:
    said, spoke = shift.mails[0] if shift.mails else (None, None)
    before = sum(1 for number in range(1, shift.at) if number % 3)
    return Night(
        shift.when,
        shift.place,
        not shift.at,
        described(shift.error or Frozen()),
        len(shift.mails),
        short(said),
        type(said) is int,
        exactly(said, shift.struck),
        shift.struck or 0,
        before if shift.place in ("source", "stage 1") else shift.struck or 0,
        short(spoke),
        spoke is shift.error,
        end.raised,
        f", at {end.where}" if end.where else "",
        end.error is None,
        end.error is shift.error,
        *others,
    )


@dataclass(frozen=True)
class Good:
    """A night without a failure."""

    pulled: bool
    mails: int
    wanted: int
    written: int
    returned: str
    right: bool


def good_night(answer: Any, sheet: Sheet) -> Iterator[Good]:
    """A night without a failure."""
    shift = Shift(sheet.variant.readings("chains-x2:good", sheet.variant.number("chains-x2:good", 5, 8)))
    end = worked(answer, shift, sheet)
    if end.error is not None:
        raise end.error
    right = exactly(shift.rows, shift.kept) and exactly(end.value, len(shift.kept))
    yield Good(shift.out > 0, len(shift.mails), len(shift.kept), len(shift.rows), short(end.value), right)


@dataclass(frozen=True)
class Mixed:
    """The mails of a night, and of one that ran inside of it."""

    outer: str
    inner: str
    right: bool


def within(answer: Any, sheet: Sheet) -> Iterator[Mixed]:
    """A night whose sink runs another night, and fails at its second write; the other fails at its first."""
    records = sheet.variant.readings("chains-x2:within", 6)
    outer = Shift(records, "sink", 2, OSError("the outer night is lost"))
    inner = Shift(records, "sink", 1, ValueError("the inner night is lost"))
    outer.meanwhile = lambda: worked(answer, inner, sheet)
    worked(answer, outer, sheet)
    mails = [*outer.mails, *inner.mails]
    right = len(outer.mails) == len(inner.mails) == 1 and exactly([count for count, _ in mails], [1, 0])
    same = all(error is one.error for (_, error), one in zip(mails, (outer, inner), strict=False))
    yield Mixed(short(outer.mails), short(inner.mails), right and same)


# --- the rules ---

WORKS = Rule(
    good_night, lambda night: not night.pulled,
    "nothing was pulled, so nothing could fail.", "", "Pull the chain, and write each record.",
)  # fmt: skip
STUMBLES = Rule(
    nights, lambda night: night.silent and not night.same_error and not night.no_error,
    "{when}, and then {raised} came out{where}.", "",
    "Whatever the mail needs has to be there before the `try` begins.",
)  # fmt: skip

CHAIN = (
    WORKS,
    STUMBLES,
    Rule(nights, lambda night: night.silent and night.place in night.elsewhere and night.new_kind,
         "{when} with {kind}, and no mail came.", "start-except-catches-all",
         "An `except` catches the kinds that it names. A failure is any `Exception`."),
    Rule(nights, lambda night: night.silent and night.place not in ("sink", *night.elsewhere)
         and not night.building and night.inside and "source" in night.elsewhere,
         "{when}, and no mail came; after a failure of the source one came, from inside a generator.",
         "chains-consumer-error-inside",
         "A generator sees its own errors and those of its upstream. Which line sees all of them?"),
    Rule(nights, lambda night: night.silent and night.place != "sink" and not night.building
         and "building" in night.elsewhere,
         "{when}, and no mail came; one came when a call failed, while the chain was built.",
         "chains-try-around-building",
         "Building runs none of the parts' lines. Put the `try` around what pulls: the `for` loop."),
    Rule(nights, lambda night: night.silent and night.place != "sink" and not night.building,
         "{when}, and no mail came.", "",
         "Find the line of `night` through which the errors of all parts pass, and put the `try` around it."),
    Rule(nights, lambda night: night.silent and night.building,
         "{when}, and no mail came.", "",
         "Let the `try` begin before the first call: a part may refuse when it is called."),
)  # fmt: skip

SINK = (
    WORKS,
    Rule(nights, lambda night: night.silent and night.place == "sink" and night.inside
         and "stage 2" in night.elsewhere,
         "{when}, and no mail came; after failures in the chain one came, from inside a generator.",
         "chains-consumer-error-inside",
         "While the sink writes, all generators are suspended. Put the `try` around the whole loop."),
    Rule(nights, lambda night: night.silent and night.place == "sink",
         "{when}, and no mail came.", "",
         "While the sink writes, all generators are suspended. Put the `try` around the whole loop."),
)  # fmt: skip

MAIL = (
    WORKS,
    Rule(nights, lambda night: not {*night.elsewhere} - {"building"},
         "no mail came from a chain at work.", "", "Mend what stands above first."),
    Rule(nights, lambda night: night.mails > 1,
         "{when}, and {mails} mails came.", "", "One `try` and one mail for the whole night."),
    Rule(nights, lambda night: night.mails and not night.counted,
         "{when}: the mail said {said} where the number belongs.", "",
         "The mail gets the number first, and then the error: `mail(written, error)`."),
    Rule(nights, lambda night: night.mails and not night.same_mailed,
         "{when}, and the mail spoke of {spoke}.", "", "Hand on the error that was caught."),
    Rule(nights, lambda night: not night.building and night.written != night.due,
         "{when}: {due} records had come by then, and {written} were written.", "chains-stage-by-stage",
         "Write each record before you pull the next: no list of all of them."),
    Rule(nights, lambda night: night.mails and not night.building and not night.right and night.like_source,
         "{when}: {written} were written, and the mail said {said}, which is how many the source sent out.",
         "chains-source-counts-arrivals", "Count a record when `write` has returned, and nowhere else."),
    Rule(nights, lambda night: night.mails and not night.building and not night.right and night.like_tried,
         "{when}: {written} were written, and the mail said {said}: the one that failed was counted, too.",
         "generators-count-before-write", "Count a record when `write` has returned, and not before."),
    Rule(nights, lambda night: night.mails and not night.right,
         "{when}: {written} were written, and the mail said {said}.", "",
         "Count a record when `write` has returned, and nowhere else."),
    Rule(within, lambda mixed: not mixed.right,
         "a sink ran a night of its own, and both failed: the mails were {outer}, and inside {inner}.", "",
         "Keep what belongs to one night in variables of its call, and not on a class or in the module."),
)  # fmt: skip

GOES_ON = (
    WORKS,
    Rule(good_night, lambda night: night.mails,
         "a night without a failure sent a mail.", "", "Send it where an error was caught."),
    Rule(good_night, lambda night: not night.right,
         "{wanted} records were to be written, {written} were, and the answer returned {returned}.", "",
         "Write each record once, and return how many were written."),
    Rule(nights, lambda night: night.no_error,
         "{when}, and no error reached the caller.", "managers-logging-lets-go-on",
         "Once the mail is sent, raise the same error again: a bare `raise` in the `except`."),
    Rule(nights, lambda night: night.mails and not night.same_error,
         "{when}, and {raised} reached the caller.", "",
         "Once the mail is sent, raise the same error again: a bare `raise` in the `except`."),
)  # fmt: skip

mailing = ruled(
    "chains-x2",
    "The mail that never came",
    kind="fix",
    answer="night",
    version=3,
    hangs="chains-stage-by-stage",
    given=nightly,
    asked=[
        Asked("a failure of the source or of a stage sends a mail", 2, CHAIN),
        Asked("a failure of the sink sends a mail", 2, SINK),
        Asked("there is one mail, which says how many records were written, and why no more", 1, MAIL),
        Asked("the error goes on, and a good night sends no mail", 1, GOES_ON),
    ],
)  # fmt: skip
