"""descriptors-x3: one of a few."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lessons.exercises import descriptors_host as host
from lessons.exercises.descriptors_messages import Told, messages
from lessons.exercises.descriptors_steps import (
    AS_IT_IS,
    CHECK_FIRST,
    COMPARE,
    GETATTR,
    KIND,
    MISSPELT,
    ON_INSTANCE_IT,
    ROUND_AND_ROUND,
    SHARED,
    SPELLING,
    TYPES,
    Script,
    hearsay,
    is_wrong,
    of_nothing,
    raised,
    script,
    shuffled,
)
from lessons.exercises.exercise import Attempt, Sheet, attempt, exactly
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.words import described as short

# --- what the answer is given ---


class Challenge:
    """What is drawn for one run: options, names, and a class with two fields."""

    def __init__(self, answer: Any, sheet: Sheet) -> None:
        variant, key = sheet.variant, "descriptors-x3"
        self.answer, self.judge = answer, sheet.judge
        self.units = shuffled(variant, f"{key}:units", ("celsius", "kelvin", "fahrenheit", "rankine"))[:3]
        self.winds = shuffled(variant, f"{key}:winds", ("knots", "m/s", "km/h", "mph"))[:3]
        self.name = variant.choice(f"{key}:field", ("unit", "scale", "shownIn"))
        self.called = variant.choice(f"{key}:class", ("Rooftop", "Harbour", "Airfield", "Summit"))
        self.fields: dict[str, Any] = {}

    def made(self, **more: Any) -> Any:
        """A class in the host. Raises what the answer raises."""
        self.fields = {self.name: self.answer(*self.units), "wind": self.answer(*self.winds)}
        return self.judge.new_class(self.called, {**self.fields, **more})

    def station(self, owner: Any) -> Any:
        """A subclass of a class, in the host."""
        return self.judge.new_class(f"{self.called}Station", {}, owner)


# --- what is observed ---


@script
def one_field(do: Script) -> None:
    """One field of one object: assigned, read, and given what is no option."""
    drawn = Challenge(do.answer, do.sheet)
    owner = drawn.made()
    do.new("first", of=owner)
    do.assign("first", **{drawn.name: drawn.units[0]})
    do.read("first")
    do.refuse("first", drawn.name, f"no such {drawn.name}", Exception, owner=owner)


@script
def own_choices(do: Script) -> None:
    """Three objects are assigned to in turn, then all are read; then new choices come, as equal texts."""
    drawn = Challenge(do.answer, do.sheet)
    for more in ({}, {"__len__": of_nothing(do.judge)}):
        do.new("first", "second", "third", of=drawn.made(**more))
        for said, unit in zip(do.objects, drawn.units, strict=True):
            do.assign(said, **{drawn.name: unit})
        for said in do.objects:
            do.read(said)
        for unit in drawn.units:
            do.assign("second", **{drawn.name: unit})
            do.read("second")


@script
def both_fields(do: Script) -> None:
    """One object of the class and one of a subclass: both fields are assigned, then read."""
    drawn = Challenge(do.answer, do.sheet)
    for owner in (drawn.made(), drawn.station(drawn.made())):
        for first, second in ((drawn.name, "wind"), ("wind", drawn.name)):
            options = {drawn.name: drawn.units[1], "wind": drawn.winds[2]}
            do.new("report", of=owner)
            do.assign("report", **{first: options[first], second: options[second]})
            do.read("report")


@script
def no_options(do: Script) -> None:
    """What is near an option and is none, in an object that has a choice."""
    drawn = Challenge(do.answer, do.sheet)
    owner, units = drawn.made(), drawn.units
    do.new("first", "second", of=owner)
    do.assign("second", **{drawn.name: units[1]})
    do.assign("first", **{drawn.name: units[0]})
    texts = (drawn.winds[0], units[0].upper(), f"{units[0]} ", units[1][:3], "", "".join(units))
    for value in (*texts, None, 0, True):
        do.refuse("first", drawn.name, value, ValueError, owner=owner)
        do.stay("first", drawn.name, value)
    many: tuple[Any, ...] = (list(units), tuple(units), {})
    for several in many:
        do.refuse("first", drawn.name, several, ValueError, TypeError, owner=owner)
        do.stay("first", drawn.name, several)


def told(answer: Any, sheet: Sheet) -> Iterator[Told]:
    """The message of each refusal, for an object of a subclass."""
    drawn = Challenge(answer, sheet)
    owner = drawn.station(drawn.made())
    wrong = (drawn.winds[0], drawn.units[0].upper(), 0)
    return messages(owner, f"{drawn.called}Station", drawn.name, wrong, drawn.units)


@dataclass(frozen=True)
class Asking:
    """A field that was read on a class."""

    where: str
    came: str
    right: bool


def on_the_class(answer: Any, sheet: Sheet) -> Iterator[Asking]:
    """Both fields, read on the class and on a subclass."""
    drawn = Challenge(answer, sheet)
    owner = drawn.made()
    for asked, called in ((owner, drawn.called), (drawn.station(owner), f"{drawn.called}Station")):
        for field, descriptor in drawn.fields.items():
            done = attempt(getattr, asked, field)
            came = raised(done) if done.error is not None else f"gave {short(done.value)}"
            yield Asking(f"{called}.{field}", came, done.value is descriptor)


@dataclass(frozen=True)
class Copied:
    """A copy of an object whose field had a value, and what came of it."""

    way: str
    given: str
    came: str
    right: bool
    empty: bool
    """Whether there is nothing in the object."""
    shared: bool
    """Whether the copy and its original have one place for the value."""


WAYS: dict[str, Callable[[Any], Any]] = {
    "copy.copy": copy.copy, "copy.deepcopy": copy.deepcopy, "pickle": host.through_pickle
}  # fmt: skip


def copies(answer: Any, sheet: Sheet) -> Iterator[Copied]:
    """Objects of the class and of a subclass, copied in each way; then the copy gets another choice."""
    drawn = Challenge(answer, sheet)
    owner = drawn.made()
    for kind in (owner, drawn.station(owner)):
        for way, function in WAYS.items():
            thing = kind()
            setattr(thing, drawn.name, drawn.units[1])
            made = attempt(sheet.judge.witness, function, thing)
            read = made if made.error is not None else attempt(getattr, made.value, drawn.name)
            right, shared = exactly(read.value, drawn.units[1]), False
            if right:
                setattr(made.value, drawn.name, drawn.units[2])
                shared = not exactly(attempt(getattr, thing, drawn.name).value, drawn.units[1])
            empty = hearsay(thing, host.is_empty) is True
            yield Copied(way, short(drawn.units[1]), _came(read), right, empty, shared)


def _came(read: Attempt) -> str:
    return raised(read) if read.error is not None else f"reads {short(read.value)}"


# --- the rules ---

# A field that cannot be assigned to and read, or that takes anything, leaves nothing else to see.
WORKS = (
    Rule(one_field, is_wrong("endless"), "{what} {came}.", GETATTR, ROUND_AND_ROUND),
    Rule(one_field, is_wrong("raised", "misspelt"), "{what} {came}: nothing told the field its name.",
         MISSPELT, SPELLING),
    Rule(one_field, is_wrong("raised"), "{what} {came}.", "",
         "This choice is allowed. Compare with `in` or `==`: an equal text may be another object."),
    Rule(one_field, is_wrong("taken"), "{what} {came}.", TYPES, COMPARE),
)  # fmt: skip

OWN = (
    Rule(own_choices, is_wrong("other", "object"), "{what} {came}.", SHARED, ON_INSTANCE_IT),
    Rule(own_choices, is_wrong("other", "self"), "{what} {came}.", "",
         "An object that is empty counts as false. Compare `instance is None`."),
    Rule(own_choices, lambda step: step.wrong, "{what} {came}.", "", AS_IT_IS),
)  # fmt: skip

APART = (
    Rule(both_fields, lambda step: step.wrong, "{what} {came}.", "",
         "Each field needs a storage name of its own: make it from the name that `__set_name__` is given."),
)  # fmt: skip

REFUSES = (
    Rule(no_options, lambda step: step.wrong == "taken" and step.kept and "= '" not in step.what,
         "{what} {came}.", TYPES, COMPARE),
    Rule(no_options, is_wrong("taken"), "{what} {came}.", "", COMPARE),
    Rule(no_options, is_wrong("kind"), "{what} {came}.", "", KIND),
    Rule(no_options, is_wrong("changed"), "{what} {came}.", "", CHECK_FIRST),
)  # fmt: skip

SAYS = (
    Rule(told, lambda one: one.without,
         "the message for {value} in `{where}` is {text}: it does not name {without}.", "",
         "Say what was given and what is allowed: whoever reads it has only this line."),
)  # fmt: skip

ITSELF = (
    Rule(on_the_class, lambda asking: not asking.right,
         "`{where}`, read on the class, {came}, and is not the descriptor.",
         "descriptors-class-read-is-plain",
         "Without an object, `__get__` receives None for `instance`: return the descriptor, `self`."),
)  # fmt: skip

COPIES = (
    Rule(copies, lambda one: not one.right and one.empty,
         "an object's choice was {given}. Its copy by {way} {came}. There is nothing in the object.",
         SHARED,
         "Only what is in the object is copied with it. Keep the value in `instance.__dict__`."),
    Rule(copies, lambda one: not one.right,
         "an object's choice was {given}. Its copy by {way} {came}.", "",
         "What `__get__` needs has to be in the object, where it is copied. Keep the plain value there."),
    Rule(copies, lambda one: one.shared,
         "a copy by {way} was given another choice, and the original no longer reads {given}.", "",
         "Original and copy have one place for the value. Each needs its own: keep the plain value."),
)  # fmt: skip

one_of = ruled(
    "descriptors-x3",
    "One of a few",
    kind="build",
    answer="OneOf",
    version=4,
    asked=[
        Asked("each object keeps its own choice", 1, (*WORKS, *OWN)),
        Asked("each field has a name and a place of its own", 1, (*WORKS, *APART)),
        Asked("what is no option is refused with a ValueError, and the old stays", 1, (*WORKS, *REFUSES)),
        Asked("the message names class, field, value and all options", 1, (*WORKS, *SAYS)),
        Asked("asked on the class, the field answers with itself", 1, (*WORKS, *ITSELF)),
        Asked("subclasses, copies and pickles keep the choice", 1, (*WORKS, *COPIES)),
    ],
)
