"""descriptors-x1: give each station its own spread."""

import gc
import math
from itertools import pairwise
from typing import Any

from lessons.exercises import Asked, Rule, Sheet, attempt, ruled
from lessons.exercises import descriptors_host as host
from lessons.exercises.descriptors_steps import USUAL, Script, numbers, row, rows, script

FIELDS = ("center", "spread")
KEY = "descriptors-x1"


@script
def one_object(do: Script) -> None:
    """Each field of an object of its own: assigned, read, and given a text."""
    for name, value in zip(FIELDS, numbers(do.variant, f"{KEY}:one", 2), strict=True):
        do.new("settings")
        do.assign("settings", **{name: value})
        do.read("settings")
        do.refuse("settings", name, f"{value}", Exception)  # of which kind is asked for below


@script
def several_objects(do: Script) -> None:
    """Three objects are assigned to in turn, then all are read; then new values come, and equal ones."""
    drawn = numbers(do.variant, f"{KEY}:several", 8)
    for name in FIELDS:
        do.several([{name: drawn.pop()} for _ in range(4)])
    # Equal, but not the same; that whole numbers are taken is asked below.
    if attempt(setattr, do.objects["first"], FIELDS[1], 2).error is None:
        do.assign("first", **{FIELDS[1]: 2.0})
        do.read("first")


@script
def both_fields(do: Script) -> None:
    """One object: both fields are assigned, then read."""
    do.crossed("settings", dict(zip(FIELDS, numbers(do.variant, f"{KEY}:both", 2), strict=True)))


@script
def no_numbers(do: Script) -> None:
    """Values that are not numbers, after a number; then the numbers that an `if` forgets."""
    drawn = numbers(do.variant, f"{KEY}:wrong", 5)
    no_number: tuple[Any, ...] = f"{drawn[1]}", "", None, True, False, [drawn[2]], (drawn[2],), {}, b"7"
    for name, old in zip(FIELDS, (1, 0), strict=True):  # equal to True, and to False
        do.new("other", "settings")
        do.assign("other", **{name: drawn[0]})
        do.assign("settings", **dict.fromkeys(FIELDS, old))
        for wrong in no_number:
            do.refuse("settings", name, wrong, TypeError)
            do.stay("settings", name, wrong)
        do.untouched(name, no_number)
    for value in (0, -1, 0.0, -math.pi * drawn[4], math.inf, -math.inf, math.nan, 10**400):
        do.new("other")
        do.assign("other", **dict.fromkeys(FIELDS, value))
        do.read("other")


def let_go(answer: Any, sheet: Sheet) -> list[str]:
    """What is still there when an object was used and let go, by what the host says.

    "object" or "value"; "last" is an object that goes when another one was used. If it says that nothing is,
    its memory is looked at; "unread" is a value that was not there even before.
    """
    drawn = numbers(sheet.variant, f"{KEY}:go", 3)
    values = dict(zip(FIELDS, drawn, strict=False))
    goes, values_go, goes_later = sheet.judge.witness(host.lets_go, answer, values, f"{drawn[2]}")
    if not (goes and values_go):
        return ["value" if goes else "last" if goes_later else "object"]
    return [heavy(answer, sheet)]


MANY, ROUNDS = 2, 4
"""How many large numbers are sent in one round, and how many rounds there are."""


def heavy(answer: Any, sheet: Sheet) -> str:
    """Whether the host's memory, as the system counts it, keeps the values of objects that it let go.

    They are random numbers, sent from here, and all are read back. So the host cannot make them up: it
    holds them, or it does not. It is done in rounds, because Python may keep the memory of some numbers for
    the next ones. Where the memory of the other side cannot be seen, nothing is kept.
    """
    judge, drawn = sheet.judge, sheet.variant.random(f"{KEY}:heavy")
    judge.fill(host.filled, MANY, host.HEAVY)
    # All objects are made first, so that none has the `id` of one that is gone.
    groups = [(judge.mark(), [answer() for _ in range(MANY)]) for _ in range(ROUNDS)]
    after = []
    for first, things in reversed(groups):
        values = [drawn.getrandbits(8 * host.HEAVY) | 1 for _ in things]
        for thing, value in zip(things, values, strict=True):
            if attempt(setattr, thing, "spread", value).error is not None:
                return ""  # nothing follows from a number of this size: the task names none
        for thing, value in zip(things, values, strict=True):
            if attempt(getattr, thing, "spread").value != value:
                return "unread"
        things.clear()
        judge.release(first)
        judge.witness(gc.collect)
        after.append(judge.memory() or 0)
    # A host that keeps the values grows in each round. Another one may grow by chance, but not in each.
    grown, sent = [late - early for early, late in pairwise(after)], host.HEAVY * MANY
    return "value" if min(grown) > sent / 4 and sum(grown) > sent * len(grown) * 2 / 3 else ""


# A field that cannot be asked at all, or that Python does not ask, leaves nothing else to see.
WORKS = rows(one_object, "endless", "raised misspelt", "raised", "taken object", "taken nothing")
OWN = (
    row(several_objects, "other object", "",
        "All objects share what is on the class, or on its field. Store each value in `instance.__dict__`."),
    row(several_objects, "", *USUAL["other"]),
)  # fmt: skip
APART = Asked("each field has a place of its own", 1, WORKS, (
    row(both_fields, "other field one", "descriptors-one-under-two-names",
        "Write `Spread()` twice, once for each name: each call makes a field of its own.",
        ": one descriptor has both names"),
    *rows(both_fields, "other field"),
))  # fmt: skip
ANY_NUMBER = "Any `int` or `float` is a number here, also 0, -1, a long one and `nan`: store it as it is."
REFUSES = (*rows(no_numbers, "taken", "kind", "changed"), row(no_numbers, "", "", ANY_NUMBER))
GOES = Asked("settings that are not used any more go, and their values", 1, WORKS, (
    Rule(let_go, lambda kept: kept == "unread",
         "`settings.spread` was assigned a whole number of about 240,000 digits, and reads another value.",
         "", ANY_NUMBER),
    Rule(let_go, lambda kept: kept == "object",
         "`spread` of a settings object was assigned a number and then a text; then its last name went. The "
         "object is still alive: something that belongs to the class refers to it.", "",
         "Look for a dict or a list on the descriptor that holds the objects. Store the value in its object, "
         "and nothing more."),
    Rule(let_go, lambda kept: kept == "last",
         "`spread` of a settings object was assigned a number and then a text; then its last name went. The "
         "object is still alive, until `spread` of another object is assigned: something that belongs to the "
         "class refers to it.", "",
         "Store no object on the descriptor, not even the last one."),
    Rule(let_go, lambda kept: kept == "value",
         "`spread` of a settings object was assigned; the object went. Its value is still held by something "
         "that belongs to the class.", "",
         "Keep the value in the object, in `instance.__dict__`. Then it goes with it."),
), linux=True)  # fmt: skip
ruled(KEY, "Give each station its own spread", kind="fix", answer="Settings", version=9, asked=[
    Asked("each settings object keeps its own checked values", 2, WORKS, OWN),
    APART,
    Asked("a value that is not a number is refused, and the old value stays", 1, WORKS, REFUSES),
    GOES,
])  # fmt: skip
