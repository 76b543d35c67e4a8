"""descriptors-x1: give each station its own spread."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lessons.exercises import descriptors_host as host
from lessons.exercises.descriptors_steps import (
    AS_IT_IS,
    BY_ITSELF,
    CHECK_FIRST,
    COMPARE,
    GETATTR,
    KIND,
    MISSPELT,
    ON_INSTANCE,
    ON_INSTANCE_IT,
    ROUND_AND_ROUND,
    SHARED,
    SPELLING,
    TO_THE_CLASS,
    TYPES,
    Script,
    hearsay,
    is_wrong,
    numbers,
    script,
)
from lessons.exercises.exercise import Sheet, attempt
from lessons.exercises.rules import Asked, Rule, ruled

FIELDS = ("center", "spread")
KEY = "descriptors-x1"

# --- what is observed ---


@script
def one_object(do: Script) -> None:
    """Each field of an object of its own: assigned, read, and given a text."""
    drawn = numbers(do.sheet.variant, f"{KEY}:one", 2)
    for name, value in zip(FIELDS, drawn, strict=True):
        do.new("settings")
        do.assign("settings", **{name: value})
        do.read("settings")
        do.refuse("settings", name, f"{value}", Exception)  # of which kind is asked for below


@script
def several_objects(do: Script) -> None:
    """Three objects are assigned to in turn, then all are read; then new values come."""
    drawn = numbers(do.sheet.variant, f"{KEY}:several", 12)
    for name in FIELDS:
        do.new("first", "second", "third")
        for said in do.objects:
            do.assign(said, **{name: drawn.pop()})
        for said in do.objects:
            do.read(said)
        do.assign("second", **{name: drawn.pop()})
        do.read("second")
        do.read("third")


@dataclass(frozen=True)
class Place:
    """A step with both fields of one object, and what the host says of the two."""

    what: str
    came: str
    mixed: bool
    one_descriptor: bool
    by_hand: bool


def both_fields(answer: Any, sheet: Sheet) -> Iterator[Place]:
    """One object: both fields are assigned, then read."""
    kind = hearsay(answer, host.named, *FIELDS)
    for step in both_steps(answer, sheet):
        yield Place(step.what, step.came, step.more == "field", kind == "one", kind == "by hand")


@script
def both_steps(do: Script) -> None:
    drawn = numbers(do.sheet.variant, f"{KEY}:both", 4)
    for first, second in (FIELDS, FIELDS[::-1]):
        do.new("settings")
        do.assign("settings", **{first: drawn.pop(), second: drawn.pop()})
        do.read("settings")


@script
def no_numbers(do: Script) -> None:
    """What is no number, after one that is; then the numbers that an `if` forgets."""
    drawn = numbers(do.sheet.variant, f"{KEY}:wrong", 6)
    for name in FIELDS:
        do.new("other", "settings")
        do.assign("other", **{name: drawn[0]})
        do.assign("settings", **{name: drawn[1]})
        for wrong in (f"{drawn[2]}", None, True, [drawn[3]]):
            do.refuse("settings", name, wrong, TypeError)
            do.stay("settings", name, wrong)
    for value in (round(drawn[4]), 0, -1, 0.0, -drawn[5], math.inf):
        do.new("other")
        do.assign("other", spread=value)
        do.read("other")


@dataclass(frozen=True)
class Kept:
    """What is still there when an object has been used and let go."""

    thing: bool
    value: bool
    unread: bool = False
    """Whether the value was not there even before."""


def let_go(answer: Any, sheet: Sheet) -> Iterator[Kept]:
    """What the host says of an object and its values, and what its memory says."""
    drawn = numbers(sheet.variant, f"{KEY}:go", 3)
    values = dict(zip(FIELDS, drawn, strict=False))
    goes, values_go = sheet.judge.witness(host.lets_go, answer, values, f"{drawn[2]}")
    yield Kept(thing=not goes, value=not values_go)
    if goes and values_go:
        yield heavy(answer, sheet)


HEAVY, MANY, ROUNDS = 300_000, 4, 4
"""The bytes of one large number, how many are sent in one round, and how many rounds there are."""


def heavy(answer: Any, sheet: Sheet) -> Kept:
    """Whether the host's memory, as the system counts it, keeps the values of objects that it let go.

    They are random numbers, sent from here, and some are read back, so that the host cannot make them up: it
    holds them, or it does not. It is done in rounds, because Python may keep the memory of some numbers for
    the next ones. Where the memory of the other side cannot be seen, nothing is kept.
    """
    judge, drawn = sheet.judge, sheet.variant.random(f"{KEY}:heavy")
    # What is free in the process already would be filled without growth. Fill it first.
    for _ in range(100):
        before = judge.memory() or 0
        judge.witness(host.filled, HEAVY, MANY)
        if (judge.memory() or 0) - before > HEAVY * MANY / 2 or not before:
            break
    # All objects are made first, so that none has the `id` of one that is gone.
    groups = [(judge.mark(), [answer() for _ in range(MANY)]) for _ in range(ROUNDS)]
    after = []
    for first, things in reversed(groups):
        values = [drawn.getrandbits(8 * HEAVY) | 1 for _ in things]
        for thing, value in zip(things, values, strict=True):
            if attempt(setattr, thing, "spread", value).error is not None:
                # Nothing follows from a number of this size: the task names none.
                return Kept(thing=False, value=False)
        asked = [int(drawn.random() * MANY) for _ in range(2)]
        if any(attempt(getattr, things[one], "spread").value != values[one] for one in asked):
            return Kept(thing=False, value=False, unread=True)
        things.clear()
        judge.release(first)
        judge.witness(host.collected)
        after.append(judge.memory() or 0)
    # A host that keeps the values grows by all of them; another one may grow by a few, by chance.
    kept = after[-1] - after[0]
    return Kept(thing=False, value=kept > HEAVY * MANY * (ROUNDS - 1) / 3)


# --- the rules ---

# A field that cannot be asked at all, or that nothing asks, leaves nothing else to see.
WORKS = (
    Rule(one_object, is_wrong("endless"), "{what} {came}.", GETATTR, ROUND_AND_ROUND),
    Rule(one_object, is_wrong("raised", "misspelt"), "{what} {came}: nothing told the field its name.",
         MISSPELT, SPELLING),
    Rule(one_object, is_wrong("raised"), "{what} {came}.", "", BY_ITSELF),
    Rule(one_object, is_wrong("taken", "object"), "{what} {came}.", ON_INSTANCE, TO_THE_CLASS),
    Rule(one_object, is_wrong("taken", "nothing"), "{what} {came}.", TYPES,
         "Put a descriptor with `__set__` on the class, under this name."),
    Rule(one_object, is_wrong("taken"), "{what} {came}.", "", COMPARE),
)  # fmt: skip

OWN = (
    Rule(several_objects, is_wrong("other", "object"), "{what} {came}.", SHARED, ON_INSTANCE_IT),
    Rule(several_objects, lambda step: step.wrong, "{what} {came}.", "", AS_IT_IS),
)

APART = (
    Rule(both_fields, lambda step: step.mixed and step.one_descriptor,
         "{what} {came}: one descriptor has both names.", "descriptors-one-under-two-names",
         "Write `Spread()` twice, once for each name: each call makes a field of its own."),
    Rule(both_fields, lambda step: step.mixed and step.by_hand,
         "{what} {came}: the field was given its name by hand.", "descriptors-named-by-hand",
         "Let Python tell the field its name: `def __set_name__(self, owner, name)`."),
    Rule(both_fields, lambda step: step.mixed, "{what} {came}.", "",
         "Each field needs a storage name of its own: make it from the name that `__set_name__` is given."),
)  # fmt: skip

ANY_NUMBER = "Any `int` or `float` is a number here, also 0, one below it, and a long one: store it as it is."

REFUSES = (
    Rule(no_numbers, is_wrong("taken"), "{what} {came}.", "", COMPARE),
    Rule(no_numbers, is_wrong("kind"), "{what} {came}.", "", KIND),
    Rule(no_numbers, is_wrong("changed"), "{what} {came}.", "", CHECK_FIRST),
    Rule(no_numbers, lambda step: step.wrong, "{what} {came}.", "", ANY_NUMBER),
)

GOES = (
    Rule(let_go, lambda kept: kept.unread,
         "`settings.spread` was assigned a whole number of about 720,000 digits, and reads another value.",
         "", ANY_NUMBER),
    Rule(let_go, lambda kept: kept.thing,
         "`spread` of a settings object was assigned, then its last name went. The object is still alive: "
         "something that belongs to the class refers to it.", "descriptors-dict-lets-go",
         "Look for a dict or a list on the descriptor that holds the objects. Let each object hold its value "
         "instead."),
    # One place for all objects is one of the places that keep a value: sharing costs this, too.
    Rule(let_go, lambda kept: kept.value,
         "`spread` of a settings object was assigned; the object went. Its value is still held by something "
         "that belongs to the class. A later object may be taken for the old one, as `id` is given to "
         "another when an object is gone.", SHARED,
         "Keep the value in the object, in `instance.__dict__`. Then it goes with it."),
)  # fmt: skip

sharing = ruled(
    KEY,
    "Give each station its own spread",
    kind="fix",
    answer="Settings",
    version=4,
    asked=[
        Asked("each settings object keeps its own checked values", 2, (*WORKS, *OWN)),
        Asked("each field has a name and a place of its own", 1, (*WORKS, *APART)),
        Asked("what is no number is refused, and the old value stays", 1, (*WORKS, *REFUSES)),
        Asked("settings that are not used any more go, and their values", 1, (*WORKS, *GOES), linux=True),
    ],
)
