"""descriptors-x5: a test that catches a field that leaks.

The judge learns from the host alone what a test finds by the collector. The host does not know which field is
right: all are made of the same code, and come in an order that is drawn. A test that is written to
look at that code, and not at what a field does, is not caught.
"""

from typing import Any

from lessons.collector import quick_collector
from lessons.exercises import Asked, Callback, Fact, Rule, Sheet, Variant, attempt, ruled, short
from lessons.exercises import descriptors_host as host
from lessons.exercises.descriptors_steps import ON_INSTANCE, TO_THE_CLASS, hearsay
from lessons.exercises.descriptors_x5 import programs
from lessons.exercises.exercise import swallowed_at


def samples(variant: Variant) -> Any:
    """Three field classes to try a test with: one right, one that shares, one that keeps objects."""
    tried = ("right", programs.Plain), ("shares", programs.Last), ("keeps", programs.Keyed)
    return {name: host.field_class(programs.Notes(program).decide) for name, program in tried}


def run(answer: Any, sheet: Sheet, group: str, kind: type[programs.Plain]) -> Fact:
    """One run of the test with one field. If it passes a wrong one, it is looked at more closely.

    returned: where it returned something. swallowed: the line of a failed assertion, if the test passed.
    asked: how often a field met a new object, or refused a value. replaced: where on the class a field was
    replaced. It has all of `Notes`.
    """
    notes = programs.Notes(kind)
    fields = sheet.judge.witness(host.field_class, Callback(notes.decide))
    done = attempt(answer, fields)
    passed, swallowed = done.error is None, None
    if passed and group != "right":
        again = sheet.judge.witness(host.field_class, Callback(programs.Notes(kind).decide))
        swallowed = hearsay(answer, swallowed_at, again)
    replaced = hearsay(fields, host.replaced) if passed else ""
    return Fact(
        **vars(notes), group=group, described=kind.__doc__, came=f"raised {done.said}", passed=passed,
        plain=kind is programs.Plain, failed=isinstance(done.error, AssertionError),
        returned="" if done.value is None else short(done.value),
        swallowed=swallowed if isinstance(swallowed, str) else "", asked=notes.objects + notes.refused,
        replaced=replaced if isinstance(replaced, str) else "",
    )  # fmt: skip


def runs(answer: Any, sheet: Sheet) -> list[Fact]:
    """The test with each field, in an order of this run. catches: whether it did not pass some field."""
    drawn = [(group, kind) for group, several in programs.GROUPS.items() for kind in several]
    order = sheet.variant.random("descriptors-x5").sample(drawn, len(drawn))
    with sheet.judge.witness(quick_collector):  # else a class might go before it is looked at
        done = [run(answer, sheet, group, kind) for group, kind in order]
    for one in done:
        one.catches = not all(other.passed for other in done)
    return sorted(done, key=lambda one: drawn.index((one.group, one.program)))


LET_GO = (
    "Compare only with what was assigned. Before you look, let go of the object: names, lists, and errors, "
    "which keep it by their traceback."
)
REJECTS = "your test rejects a right field, {described}: it {came}."


def caught(group: str, advice: str, seen: str = "") -> tuple[Rule, ...]:
    """The rules for a test that does not fail for a wrong field of a group; seen: more of one that passes."""
    return (
        Rule(runs, lambda run: run.group == group and run.swallowed,
             "with a field, {described}, an assertion of your test fails, and something swallows that: "
             "{swallowed}.", "",
             "Take away the `try` or `with` around the `assert`: what fails has to come out."),
        Rule(runs, lambda run: run.group == group and run.returned,
             "with a field, {described}, your test returned {returned}, and raised nothing.", "",
             "A test says no with an error: write `assert` in place of `return`."),
        Rule(runs, lambda run: run.group == group and not run.passed and not run.failed,
             "with a field, {described}, your test {came}.", "",
             "Let an `assert` fail: then the report tells what was found."),
        Rule(runs, lambda run: run.group == group and run.passed,
             f"your test passes a field, {{described}}{seen}.", "", advice),
    )  # fmt: skip


# A test that rejects the plainest right field shows nothing by rejecting others.
WORKS = (
    Rule(runs, lambda run: run.plain and not run.named and "no attribute 'storage'" in run.came,
         REJECTS, "descriptors-set-name-always",
         "Write `field()` into the body of a class: that is when a field is told its name."),
    Rule(runs, lambda run: run.plain and not (run.passed or run.failed) and run.refused, REJECTS, "",
         "A right field refuses a text with a `TypeError`: catch it around that assignment."),
    Rule(runs, lambda run: run.plain and not run.passed, REJECTS, "", LET_GO),
    Rule(runs, lambda run: run.plain and not run.fields, "your test never makes a field.", "",
         "Your test is given a class of fields: write `field()` into the body of a class of your own."),
    Rule(runs, lambda run: run.plain and not run.named and not run.asked,
         "your test makes a field that is in the body of no class, so no assignment calls its `__set__`.",
         ON_INSTANCE, TO_THE_CLASS),
    Rule(runs, lambda run: run.plain and run.replaced and not run.asked,
         "after your test, `{replaced}` is not a field any more, and nothing was assigned through one.",
         "descriptors-class-assignment-checked",
         "Assign on objects: that calls `__set__`. An assignment on the class replaces the field."),
)  # fmt: skip


SHARES = Asked("it fails for each field that shares values", 2, WORKS, caught(
    "sharing", "Assign different values to two objects of one class. Only then compare both.",
    ": it does not compare two objects of one class after both were assigned different values",
))  # fmt: skip
KEEPS = Asked("it fails for each field that keeps objects alive", 2, WORKS, caught(
    "keeping", "Keep a `weakref.ref` to each object that you assigned to and read. Let go of all of them, "
    "not of their class: what a field keeps would go with it. Only then look whether they are gone.",
), hearsay=True)  # fmt: skip
REFUSED = Asked("it fails for each that keeps an object after a refusal", 1, WORKS, caught(
    "refused", "Refuse a text after all other assignments. Catch the error with `try`: `assertRaises` clears "
    "it. Keep a weak reference to the object, let all objects go, and see whether they are gone.",
), hearsay=True)  # fmt: skip
ACCEPTS = Asked("it passes each right field", 1, WORKS, (
    Rule(runs, lambda run: run.failed and run.program is programs.Cycle, REJECTS, "leaks-refcount-closes",
         "Let the cycle collector run before you look: `gc.collect()`."),
    Rule(runs, lambda run: run.group == "right" and not run.passed, REJECTS, "", LET_GO),
    Rule(runs, lambda run: not run.catches, "your test passes every field, right or wrong.", "",
         "Fix that first."),
))  # fmt: skip
ruled("descriptors-x5", "A test that catches a field that leaks", kind="test", answer="test_field", version=8,
      given=samples, asked=[SHARES, KEEPS, REFUSED, ACCEPTS])  # fmt: skip
