"""descriptors-x2: a whole number, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from lessons.exercises.descriptors_messages import Told, messages
from lessons.exercises.descriptors_steps import (
    AS_IT_IS,
    BY_ITSELF,
    CHECK_FIRST,
    COMPARE,
    GETATTR,
    KIND,
    ON_INSTANCE_IT,
    ROUND_AND_ROUND,
    SHARED,
    TYPES,
    Script,
    is_wrong,
    of_nothing,
    script,
)
from lessons.exercises.exercise import Sheet, attempt
from lessons.exercises.rules import Asked, Rule, ruled

# --- what the answer is given ---


class Challenge:
    """What is drawn for one run: limits, names, and a class with two fields."""

    def __init__(self, sheet: Sheet) -> None:
        variant, key = sheet.variant, "descriptors-x2"
        self.judge = sheet.judge
        self.least, self.most = variant.number(f"{key}:least", 2, 9), variant.number(f"{key}:most", 31, 59)
        self.owner = variant.choice(f"{key}:class", ("Rooftop", "Harbour", "Airfield", "Summit"))
        self.field = variant.choice(f"{key}:field", ("windowSize", "maxAttempts", "batchSize"))
        self.middle = (self.least + self.most) // 2

    def made(self, answer: Any, **more: Any) -> Any:
        """A class in the host; its field `channels` takes 1, too. Raises what the answer raises."""
        fields = {self.field: answer(self.least, self.most), "channels": answer(1, self.most + 2)}
        return self.judge.new_class(self.owner, {**fields, **more})

    @property
    def no_numbers(self) -> tuple[Any, ...]:
        middle = self.middle
        return (str(middle), float(middle), None, math.nan, math.inf, [middle], middle + 0.5, True, False)

    @property
    def outside(self) -> tuple[int, ...]:
        return self.least - 1, self.most + 1, 0, -self.middle, self.most * 37, 10**30


# --- what is observed ---


@script
def own_values(do: Script) -> None:
    """Three objects with both fields, all assigned before they are read; then new values come."""
    drawn = Challenge(do.sheet)
    do.new("first", "second", "third", of=drawn.made(do.answer))
    values = drawn.least + 1, drawn.middle, drawn.most - 1  # the limits themselves are asked for below
    for said, value in zip(do.objects, values, strict=True):
        do.assign(said, **{drawn.field: value, "channels": value + 1})
    for said in do.objects:
        do.read(said)
    do.assign("second", **{drawn.field: drawn.least + 2})
    do.read("second")


@script
def empty_object(do: Script) -> None:
    """An object that is empty, and so counts as false."""
    drawn = Challenge(do.sheet)
    do.new("empty", of=drawn.made(do.answer, __len__=of_nothing(do.judge)))
    do.assign("empty", channels=drawn.middle)
    do.read("empty")


@script
def no_whole_numbers(do: Script) -> None:
    """What is no whole number, in a field that takes 1 and in one that does not: `True` is neither."""
    drawn = Challenge(do.sheet)
    owner = drawn.made(do.answer)
    do.new("first", of=owner)
    do.assign("first", channels=2, **{drawn.field: drawn.middle})
    for value in drawn.no_numbers:
        for name in ("channels", drawn.field):
            do.refuse("first", name, value, TypeError, owner=owner)


@script
def out_of_range(do: Script) -> None:
    """Both limits, and whole numbers on either side of them."""
    drawn = Challenge(do.sheet)
    owner = drawn.made(do.answer)
    do.new("first", of=owner)
    for value in (drawn.least, drawn.most):
        do.assign("first", **{drawn.field: value})
    for value in drawn.outside:
        do.refuse("first", drawn.field, value, ValueError, owner=owner)


@script
def refusals(do: Script) -> None:
    """What is refused, whatever it raises, changes nothing."""
    drawn = Challenge(do.sheet)
    do.new("first", "second", of=drawn.made(do.answer))
    refused = False
    for value in (*drawn.no_numbers, *drawn.outside):
        do.assign("first", **{drawn.field: drawn.least + 1})
        do.assign("second", **{drawn.field: drawn.most - 1})
        if attempt(setattr, do.objects["first"], drawn.field, value).error is not None:
            refused = True
            do.stay("first", drawn.field, value)
    if not refused:
        do.note("No assignment", "was refused", "taken")


def told(answer: Any, sheet: Sheet) -> Iterator[Told]:
    """The message of each refusal, for an object of a subclass, and for one that counts as false."""
    drawn = Challenge(sheet)
    called = f"{drawn.owner}Station"
    pair = (drawn.middle, drawn.owner)
    wrong = (str(drawn.most * 37), drawn.most * 37, drawn.least - 1, True, None, drawn.middle + 0.5, pair)
    limits = (drawn.least, drawn.most)
    for room in ({}, {"__len__": of_nothing(sheet.judge)}):
        owner = sheet.judge.new_class(called, room, drawn.made(answer))
        yield from messages(owner, called, drawn.field, wrong, limits)


# --- the rules ---

# A field that cannot be assigned to and read leaves nothing else to see.
WORKS = (
    Rule(own_values, is_wrong("endless"), "{what} {came}.", GETATTR, ROUND_AND_ROUND),
    Rule(own_values, is_wrong("raised"), "{what} {came}.", "", BY_ITSELF),
)

TYPE = (
    Rule(own_values, is_wrong("other"), "{what} {came}.", "", AS_IT_IS),
    Rule(empty_object, lambda step: step.wrong, "{what} {came}.", "",
         "An object that is empty counts as false. Compare `instance is None`."),
    Rule(no_whole_numbers, lambda step: step.wrong == "taken" and step.kept and "= True" not in step.what,
         "{what} {came}.", TYPES, COMPARE),
    Rule(no_whole_numbers, is_wrong("taken"), "{what} {came}.", "", COMPARE),
    Rule(no_whole_numbers, is_wrong("kind"), "{what} {came}.", "", KIND),
)  # fmt: skip

RANGE = (
    Rule(out_of_range, is_wrong("raised"), "{what} {came}.", "",
         "Both limits are allowed: let them pass, and store them."),
    Rule(out_of_range, lambda step: step.wrong, "{what} {came}.", "", KIND),
)  # fmt: skip

STAYS = (
    Rule(refusals, is_wrong("changed", "object"), "{what} {came}.", SHARED, ON_INSTANCE_IT),
    Rule(refusals, is_wrong("changed"), "{what} {came}.", "", CHECK_FIRST),
    Rule(refusals, is_wrong("taken"), "{what} {came}.", "", COMPARE),
)

SAYS = (
    Rule(told, lambda one: one.own_class,
         "the message for {value} in `{where}` is {text}: it does not name {without}.",
         "descriptors-self-is-settings",
         "In `__set__`, `self` is the field. The object is `instance`, and its class `type(instance)`."),
    Rule(told, lambda one: one.without,
         "the message for {value} in `{where}` is {text}: it does not name {without}.", "",
         "Say what was given and what is allowed: whoever reads it has only this line."),
)  # fmt: skip

whole = ruled(
    "descriptors-x2",
    "A whole number, and nothing else",
    kind="complete",
    answer="Whole",
    version=4,
    asked=[
        Asked("only whole numbers are taken, all else is a TypeError", 2, (*WORKS, *TYPE)),
        Asked("a whole number out of range is a ValueError", 1, (*WORKS, *RANGE)),
        Asked("a refused assignment leaves the old value", 1, (*WORKS, *STAYS)),
        Asked("the message names class, field, value and what is allowed", 1, (*WORKS, *SAYS)),
    ],
)
