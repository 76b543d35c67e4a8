"""descriptors-x5: a test that catches a field that leaks.

What a test finds by the collector is the host's word. It does not know which field is right: all of them
are made of the same code, and come in an order that is drawn. A test that is written to look at that code,
and not at what a field does, is not caught.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lessons.exercises import descriptors_host as host
from lessons.exercises.descriptors_steps import ON_CLASS, ON_INSTANCE, SHARED, TO_THE_CLASS, hearsay, raised
from lessons.exercises.descriptors_x5.programs import (
    KEEPING,
    KEEPING_REFUSED,
    RIGHT,
    SHARING,
    Cycle,
    Keyed,
    Last,
    Notes,
    Plain,
)
from lessons.exercises.exercise import Attempt, Sheet, attempt, swallowed_at
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback
from lessons.words import described as short

# --- what the answer is given ---


def samples(variant: Variant) -> Any:
    """Three field classes to try a test with: one right, one that shares, one that keeps objects."""
    programs: dict[str, type[Plain]] = {"right": Plain, "shares": Last, "keeps": Keyed}
    return {name: host.field_class(Notes(program).decide) for name, program in programs.items()}


# --- what is observed ---


@dataclass(frozen=True)
class Run:
    """One run of the test with one field."""

    program: str
    group: str
    """"right", "sharing", "keeping" or "refused"."""
    came: str
    passed: bool
    failed: bool
    """Whether an assertion failed."""
    returned: str
    """What the test returned, where it returned something and raised nothing."""
    swallowed: str
    """The line at which an assertion failed though the test passed."""
    fields: int
    named: int
    objects: int
    refused: int
    replaced: str
    """Where on the class a field stood and no longer stands."""
    cycle: bool
    all_passed: bool
    """Whether the test passed all fields of this group."""
    catches: bool
    """Whether the test did not pass some field."""
    watches: bool
    """Whether the test did not pass some field that keeps objects."""

    @property
    def asked(self) -> int:
        """How often a field was assigned to, or refused a value, in an object that it had not met."""
        return self.objects + self.refused


GROUPS = {"right": RIGHT, "sharing": SHARING, "keeping": KEEPING, "refused": KEEPING_REFUSED}


def runs(answer: Any, sheet: Sheet) -> list[Run]:
    """The test with each field, in an order of this run; then each passed run, looked at more closely."""
    judge, drawn = sheet.judge, sheet.variant.random("descriptors-x5")
    programs = [(group, program) for group, several in GROUPS.items() for program in several]
    drawn.shuffle(programs)
    done: dict[type[Plain], tuple[Notes, Any, Attempt]] = {}
    judge.witness(host.quick, True)
    try:
        for _, program in programs:
            notes = Notes(program)
            fields = judge.witness(host.field_class, Callback(notes.decide))
            done[program] = notes, fields, attempt(answer, fields)
    finally:
        judge.witness(host.quick, False)
    told = {program: _run(answer, sheet, program, *done[program]) for program in done}
    return [
        Run(
            group=group,
            all_passed=all(told[one]["passed"] for one in several),
            catches=not all(one["passed"] for one in told.values()),
            watches=not all(told[one]["passed"] for one in KEEPING),
            **told[program],
        )
        for group, several in GROUPS.items()
        for program in several
    ]


def _run(
    answer: Any, sheet: Sheet, program: type[Plain], notes: Notes, fields: Any, end: Attempt
) -> dict[str, Any]:
    passed, swallowed = end.error is None, None
    if passed and program not in RIGHT:
        again = sheet.judge.witness(host.field_class, Callback(Notes(program).decide))
        swallowed = hearsay(answer, swallowed_at, again)
    replaced = hearsay(fields, host.replaced) if passed else ""
    return {
        "program": str(program.__doc__),
        "came": raised(end) if end.error is not None else "passed",
        "passed": passed,
        "failed": isinstance(end.error, AssertionError),
        "returned": "" if end.value is None else short(end.value),
        "swallowed": swallowed if isinstance(swallowed, str) else "",
        "fields": len(notes.fields),
        "named": notes.named,
        "objects": notes.objects,
        "refused": notes.refused,
        "replaced": replaced if isinstance(replaced, str) else "",
        "cycle": program is Cycle,
    }


def plain(answer: Any, sheet: Sheet) -> Iterator[Run]:
    """The test with the plainest right field, alone."""
    notes = Notes(Plain)
    fields = sheet.judge.witness(host.field_class, Callback(notes.decide))
    told = _run(answer, sheet, Plain, notes, fields, attempt(answer, fields))
    yield Run(group="right", all_passed=False, catches=False, watches=False, **told)


# --- the rules ---

LET_GO = (
    "Compare with what was assigned, and nothing else. Before you look whether an object is gone, let go of "
    "it yourself: names, lists, the name of a loop, an error that you kept."
)
REJECTS = "your test rejects a right field, {program}: it {came}."
PASSES = "your test passes a field, {program}"


def of(group: str) -> tuple[Rule, ...]:
    """What a test does with the wrong fields of a group, apart from passing them."""
    return (
        Rule(runs, lambda run: run.group == group and run.swallowed,
             "with a field, {program}, an assertion of your test fails, and something swallows that: "
             "{swallowed}.", "",
             "Take away the `try` or `with` around the `assert`: what fails has to come out."),
        Rule(runs, lambda run: run.group == group and run.returned,
             "with a field, {program}, your test returned {returned}, and raised nothing.", "",
             "A test says no with an error: write `assert` in place of `return`."),
        Rule(runs, lambda run: run.group == group and not run.passed and not run.failed,
             "with a field, {program}, your test {came}.", "",
             "Let an `assert` fail: then the report tells what was found."),
    )  # fmt: skip


# A test that rejects the plainest right field shows nothing by rejecting others.
WORKS = (
    Rule(plain, lambda run: not run.passed and not run.failed and run.fields and not run.named, REJECTS,
         "descriptors-set-name-always",
         "Write `field()` into the body of a class: that is when a field is told its name."),
    Rule(plain, lambda run: not run.passed and not run.failed and run.refused, REJECTS, "",
         "A right field refuses a text with a `TypeError`: catch it around that assignment."),
    Rule(plain, lambda run: not run.passed, REJECTS, "", LET_GO),
    Rule(plain, lambda run: not run.fields, "your test never makes a field.", "",
         "Your test is given a class of fields: write `field()` into the body of a class of your own."),
    Rule(plain, lambda run: not run.named and not run.asked,
         "your test puts the field into an object, where Python does not look for it.", ON_INSTANCE,
         TO_THE_CLASS),
    Rule(plain, lambda run: run.replaced,
         "your test assigns to `{replaced}`, on the class, and no field is left there.", ON_CLASS,
         "Assign on objects of the class: that calls `__set__`."),
    Rule(plain, lambda run: not run.asked, "your test assigns nothing to an object.", "",
         "Assign to two objects, and read both."),
)  # fmt: skip

SHARES = (
    *of("sharing"),
    Rule(runs, lambda run: run.group == "sharing" and run.passed and run.objects == 1,
         f"{PASSES}: it assigns to one object only.", SHARED,
         "What is shared shows when a second object gets another value. Then read both."),
    Rule(runs, lambda run: run.group == "sharing" and run.passed,
         f"{PASSES}: it does not read both after both were assigned different values.", SHARED,
         "Assign to both objects first, different values, and only then read the one and the other."),
)  # fmt: skip

KEEPS = (
    *of("keeping"),
    Rule(runs, lambda run: run.group == "keeping" and run.all_passed, f"{PASSES}.",
         "descriptors-dict-lets-go",
         "Equal values say nothing about who holds the object. Keep a `weakref.ref` to it, let it go, and "
         "see whether it is gone."),
    Rule(runs, lambda run: run.group == "keeping" and run.passed, f"{PASSES}.", "",
         "Assign and read, and keep a weak reference to each object. Then let go of all of them, the last "
         "one too, before you look at any."),
)  # fmt: skip

KEEPS_REFUSED = (
    *of("refused"),
    Rule(runs, lambda run: run.group == "refused" and run.passed and not run.refused,
         f"{PASSES}: it never assigns anything that is refused.", "leaks-traceback-keeps",
         "Assign a text to an object as well, catch the `TypeError`, let the object go, and see whether it "
         "is gone."),
    Rule(runs, lambda run: run.group == "refused" and run.passed and not run.watches, f"{PASSES}.", "",
         "Keep a weak reference to each object, let all of them go, and see whether they are gone."),
    Rule(runs, lambda run: run.group == "refused" and run.passed, f"{PASSES}.", "leaks-traceback-keeps",
         "Keep a weak reference to the very object that was refused the text, and look at it after all else. "
         "Catch the error by `try` and `except`: `assertRaises` lets go of what an error holds."),
)  # fmt: skip

ACCEPTS = (
    Rule(runs, lambda run: run.failed and run.cycle, REJECTS, "leaks-refcount-closes",
         "Let the cycle collector run before you look: `gc.collect()`."),
    Rule(runs, lambda run: run.group == "right" and not run.passed, REJECTS, "", LET_GO),
    Rule(runs, lambda run: not run.catches, "your test passes every field, right or wrong.", "",
         "Mend that first."),
)  # fmt: skip

testing = ruled(
    "descriptors-x5",
    "A test that catches a field that leaks",
    kind="test",
    answer="test_field",
    version=4,
    given=samples,
    asked=[
        Asked("it fails for each field that shares values", 2, (*WORKS, *SHARES)),
        Asked("it fails for each field that keeps objects alive", 2, (*WORKS, *KEEPS)),
        Asked("it fails for each that keeps an object after a refusal", 1, (*WORKS, *KEEPS_REFUSED)),
        Asked("it passes each right field", 1, (*WORKS, *ACCEPTS)),
    ],
)
