"""descriptors-x2: a whole number, and nothing else."""

import math
from fractions import Fraction
from typing import Any

from lessons.exercises import Asked, attempt, ruled
from lessons.exercises import descriptors_steps as steps
from lessons.exercises.descriptors_steps import USUAL, Script, Step, row, rows, script


class Challenge:
    """What is drawn for one run: limits, names, what is refused, and a class with two fields."""

    def __init__(self, do: Script) -> None:
        variant, key = do.variant, "descriptors-x2"
        self.do = do
        self.least, self.most = variant.number(f"{key}:least", 2, 9), variant.number(f"{key}:most", 31, 59)
        self.called = variant.choice(f"{key}:class", ("Rooftop", "Harbour", "Airfield", "Summit"))
        self.field = variant.choice(f"{key}:field", ("windowSize", "maxAttempts", "batchSize"))
        self.middle = middle = (self.least + self.most) // 2
        self.no_numbers: tuple[Any, ...] = (
            str(middle), float(middle), None, math.nan, math.inf, [middle], Fraction(1, 2), True, False
        )  # fmt: skip
        self.outside = (self.least - 1, self.most + 1, 0, -middle, self.most * 37, 10**30)
        self.limits = {self.field: (self.least, self.most), "channels": (0, self.most + 2), "depth": (-9, 0)}

    def made(self, **more: Any) -> Any:
        """A class in the host; its field `channels` takes 1, too. Raises what the answer raises."""
        fields = {name: self.do.answer(*limits) for name, limits in self.limits.items()}
        return self.do.judge.new_class(self.called, {**fields, **more})


@script
def own_values(do: Script) -> None:
    """Three objects with both fields, all assigned before they are read. The limits are asked for below."""
    drawn = Challenge(do)
    values = drawn.least + 1, drawn.middle, drawn.most - 1, drawn.least + 2
    do.several([{drawn.field: value, "channels": value + 1} for value in values], of=drawn.made())


@script
def no_whole_numbers(do: Script) -> None:
    """Values that are not whole numbers, in an empty object: if the field takes 1, and if it does not."""
    drawn = Challenge(do)
    do.new("empty", of=drawn.made(**steps.of_nothing(do.judge)))
    do.assign("empty", channels=1, **{drawn.field: drawn.middle})
    do.read("empty")
    for value in drawn.no_numbers:
        for name in ("channels", drawn.field):
            do.refuse("empty", name, value, TypeError)


@script
def out_of_range(do: Script) -> None:
    """Both limits, which may be 0, negative, equal or far apart, and whole numbers on either side of them."""
    drawn = Challenge(do)
    drawn.limits |= {"far": (-(10**40), 10**40), "one": (-7, -7)}
    do.new("first", of=drawn.made())
    for name, (least, most) in drawn.limits.items():
        for value in (least, most):
            do.assign("first", **{name: value})
        for value in (least - 1, most + 1, -(10**400)):
            do.refuse("first", name, value, ValueError)
    for value in drawn.outside:
        do.refuse("first", drawn.field, value, ValueError)


@script
def refusals(do: Script) -> None:
    """What is refused, whatever it raises, changes nothing."""
    drawn = Challenge(do)
    do.new("first", "second", of=drawn.made())
    refused = False
    for value in (*drawn.no_numbers, *drawn.outside):
        do.assign("first", channels=1, **{drawn.field: drawn.least + 1})
        do.assign("second", **{drawn.field: drawn.most - 1})
        if attempt(setattr, do.objects["first"], drawn.field, value).error is not None:
            refused = True
            do.stay("first", drawn.field, value)
    do.untouched(drawn.field, (*drawn.no_numbers[:2], *drawn.outside[:2]), of=drawn.made())
    if not refused:
        raise Step("No assignment", "was refused", "taken")


@script
def told(do: Script) -> None:
    """The message of each refusal, for an object of a subclass, and for one that counts as false."""
    drawn = Challenge(do)
    called, pair = f"{drawn.called}Station", (drawn.middle, drawn.called)
    wrong = (f"{drawn.most} %d {{}}", drawn.most * 37, drawn.least - 1, True, None, drawn.middle + 0.5, pair)
    for room in ({}, steps.of_nothing(do.judge)):
        owner = do.judge.new_class(called, room, drawn.made())
        do.tell(owner, called, drawn.field, wrong, (drawn.least, drawn.most))


# A field that cannot be assigned to and read leaves nothing else to see.
WORKS = rows(own_values, "endless", "raised")
TYPE = Asked("only whole numbers are taken, all else is a TypeError", 2, WORKS, (
    *rows(own_values, "other"),
    *rows(no_whole_numbers, "taken", "kind"),
    row(no_whole_numbers, "", *USUAL["other self"]),
))  # fmt: skip
RANGE = Asked("a whole number out of range is a ValueError", 1, WORKS, (
    row(out_of_range, "", "", "Both limits are allowed, also 0. Raise a `ValueError` outside them."),
))  # fmt: skip
STAYS = Asked("a refused assignment leaves the old value", 1, WORKS, (
    row(refusals, "changed object", *USUAL["other object"]), *rows(refusals, "changed", "taken"),
))  # fmt: skip
SAYS = Asked("the message names class, field, value and what is allowed", 1, WORKS, (
    *rows(told, "class", "unsaid"),
))  # fmt: skip
ruled("descriptors-x2", "A whole number, and nothing else", kind="complete", answer="Whole", version=8,
      asked=[TYPE, RANGE, STAYS, SAYS])  # fmt: skip
