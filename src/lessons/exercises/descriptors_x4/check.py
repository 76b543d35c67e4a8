"""descriptors-x4: settings with usual values."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from lessons.exercises import descriptors_host as host
from lessons.exercises.descriptors_steps import (
    ON_CLASS,
    ON_INSTANCE,
    TO_THE_CLASS,
    TYPES,
    Script,
    Step,
    Stopped,
    hearsay,
    is_wrong,
    numbers,
    raised,
    stands,
)
from lessons.exercises.exercise import Attempt, Sheet, attempt, exactly, told
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Remote
from lessons.words import described as short

KEY = "descriptors-x4"
Given = dict[str, Any]

# --- what the answer is given ---


def usual_values(variant: Variant) -> Given:
    """The usual values of a station's settings."""
    (label,), (spread,) = variant.stations(KEY, 1), numbers(variant, KEY, 1)
    return {"label": label, "windowSize": variant.number(KEY, 5, 15), "spread": spread}


def wrong_values(variant: Variant) -> list[tuple[str, Any, type[Exception]]]:
    """What each field refuses, and how."""
    size, spread = variant.number(f"{KEY}:wrong", 2, 40), numbers(variant, f"{KEY}:wrong", 1)[0]
    return [
        ("label", size, TypeError), ("label", None, TypeError), ("label", "", ValueError),
        ("windowSize", str(size), TypeError), ("windowSize", True, TypeError),
        ("windowSize", float(size), TypeError), ("windowSize", 0, ValueError),
        ("windowSize", -size, ValueError),
        ("spread", str(spread), TypeError), ("spread", True, TypeError), ("spread", 0, ValueError),
        ("spread", -spread, ValueError), ("spread", math.nan, ValueError), ("spread", math.inf, ValueError),
    ]  # fmt: skip


def allowed_values(variant: Variant) -> list[Given]:
    """What the fields take, up to their limits."""
    more = numbers(variant, f"{KEY}:more", 2)
    return [
        {"label": "?", "windowSize": 1, "spread": more[0] / 100_000},
        {"label": variant.stations(f"{KEY}:more", 1)[0], "windowSize": 10**9, "spread": more[1]},
        {"label": "roof", "windowSize": variant.number(f"{KEY}:size", 16, 99), "spread": 2},
    ]


def no_fields(variant: Variant) -> list[tuple[str, Any]]:
    """Names that are no field: misspelt ones, one that is like none, and what a class has besides."""
    letters = [chr(97 + variant.number(f"{KEY}:letter{one}", 0, 25)) for one in range(7)]
    return [
        ("windowsize", 3), ("window_size", 3), ("spred", 2.5), ("Label", "Lund"), ("windowSizes", 3),
        ("zq" + "".join(letters), 1), ("usual", 3), ("__doc__", "text"),
    ]  # fmt: skip


_FIELDS: WeakKeyDictionary[Sheet, list[str]] = WeakKeyDictionary()
"""The names under which the class of each check had a field at first."""


class Config(Script):
    """Steps with a class of settings."""

    called = False
    """Whether `usual` was called."""

    def __init__(self, answer: Any, sheet: Sheet) -> None:
        super().__init__(answer, sheet)
        self.variant = sheet.variant
        self.usual = usual_values(sheet.variant.course)
        self.allowed = allowed_values(sheet.variant)
        if sheet not in _FIELDS:
            _FIELDS[sheet] = [name for name in self.usual if stands(answer, name)[0]]

    def made(self, said: str, expected: Given, when: str, **fields: Any) -> None:
        """Make an object, and compare what it begins with."""
        done = attempt(self.answer, **fields)
        if done.error is not None:
            self.replaced()
            self.note(when, raised(done), "raised")
        self.objects[said], self.assigned[said] = done.value, dict(expected)
        self.begins(said, when)

    def begins(self, said: str, when: str) -> None:
        """Compare all values of an object with what it should have."""
        for name, value in self.assigned[said].items():
            found = attempt(getattr, self.objects[said], name)
            if exactly(found.value, value):
                continue
            if isinstance(found.value, Remote) and hearsay(found.value, host.is_field) is True:
                self.note(f"{when}, `{name}`", "is a descriptor: it was put into the object", "other", "self")
            self.replaced()
            came = raised(found) if found.error is not None else f"is {short(found.value)}"
            self.note(f"{when}, `{name}`", f"{came}, where {short(value)} belongs", "other")
        self.note(when)

    def replaced(self) -> None:
        """Note a field that is not on the class any more: a call of `usual` has replaced it."""
        for name in _FIELDS[self.sheet]:
            field, _, look = stands(self.answer, name)
            if not field:
                what = f"`{self.answer.__name__}.{name}`"
                self.note(what, f"is no field any more after a call of `usual`: there is {look}", "replaced")

    def call(self, **values: Any) -> Attempt:
        """Call `usual`."""
        self.called = True
        return attempt(lambda: self.answer.usual(**values))

    def refuses(self, name: str, value: Any) -> bool:
        """Whether a new object refuses a value."""
        return attempt(setattr, self.answer(), name, value).error is not None

    def change(self, **values: Any) -> None:
        """Call `usual` with values that are allowed."""
        done = self.call(**values)
        if done.error is not None:
            self.replaced()
            self.note(f"`usual({given(values)})`", raised(done), "raised")
        self.note(f"`usual({given(values)})`")

    def checked(self, said: str, allowed: list[Given], *kinds: type[Exception]) -> None:
        """Each field of an object takes what is allowed, refuses what is wrong, and keeps its value then."""
        self.replaced()
        for values in allowed:
            self.assign(said, **values)
            self.read(said)
        for name, value, kind in wrong_values(self.variant):
            if kind in kinds:
                self.refuse(said, name, value, kind)
                self.stay(said, name, value)


def given(values: Given) -> str:
    """Values as the arguments of a call."""
    return ", ".join(f"{name}={short(value)}" for name, value in values.items())


def script(write: Callable[[Config], None]) -> Callable[[Any, Sheet], list[Step]]:
    """An observation from a script with settings, as `descriptors_steps.script`."""

    def observation(answer: Any, sheet: Sheet) -> list[Step]:
        one = Config(answer, sheet)
        with suppress(Stopped):
            write(one)
        if one.called:
            one.call(**one.usual)  # so that the next script meets the same usual values
        return one.steps

    return observation


# --- what is observed ---


@script
def objects(do: Config) -> None:
    """Objects with usual and with given values, each field of two of them checked."""
    first, second, _ = do.allowed
    two = {"windowSize": second["windowSize"], "spread": second["spread"]}
    again = "(If you have called `usual` before, run the cell of the answer again.)"
    do.made("first", do.usual, f"in a new object {again}")
    do.made("second", {**do.usual, **two}, f"in an object made with `{given(two)}`", **two)
    do.checked("first", do.allowed, TypeError, ValueError)
    do.assign("second", **first)
    do.assign("first", **second)
    do.read("second")
    do.read("first")
    for values in do.allowed:
        do.made("third", values, f"in an object made with `{given(values)}`", **values)


@script
def built_wrongly(do: Config) -> None:
    """Wrong values, given to the constructor."""
    for name, value, kind in wrong_values(do.variant):
        done = attempt(do.answer, **{name: value})
        what = f"an object made with `{name}={short(value)}`"
        if done.error is None:
            do.note(what, "was taken, without an error", "taken")
        if not isinstance(done.error, kind):
            do.note(what, f"{raised(done)}; asked for is a {kind.__name__}", "kind")
        do.note(what)


@script
def misspelt(do: Config) -> None:
    """Names that are no field, assigned and given to the constructor."""
    do.new("config")
    for name, value in no_fields(do.variant):
        done = attempt(setattr, do.objects["config"], name, value)
        what = f"`config.{name} = {short(value)}`"
        if done.error is None:
            do.note(what, "was taken, without an error", "taken")
        if not isinstance(done.error, AttributeError) or name not in (told(done.error, "text") or ""):
            do.note(what, raised(done), "kind")
        done = attempt(do.answer, **{name: value})
        if not isinstance(done.error, AttributeError | TypeError):
            came = raised(done) if done.error is not None else "was taken, without an error"
            do.note(f"an object made with `{name}={short(value)}`", came, "unlike")
        do.note(what)


@script
def later(do: Config) -> None:
    """`usual` is called twice, and objects are made before, between and after."""
    size, spread = do.allowed[2]["windowSize"], do.allowed[1]["spread"]
    do.new("before")
    do.assigned["before"] = dict(do.usual)
    do.assign("before", spread=do.allowed[2]["spread"])
    do.change(windowSize=size)
    called = f"after `usual(windowSize={size})`"
    do.made("between", {**do.usual, "windowSize": size}, f"{called}, in a new object")
    do.begins("before", f"{called}, in an object that was made before")
    do.change(label="roof", spread=spread)
    new = {"label": "roof", "windowSize": size, "spread": spread}
    do.made("after", new, "after two calls of `usual`, in a new object")
    for said in ("before", "between"):
        do.begins(said, f"after two calls of `usual`, in an object that was made {said}")


@script
def checked_later(do: Config) -> None:
    """After `usual` the fields check as before, and so does `usual` itself."""
    do.new("before")
    do.assigned["before"] = dict(do.usual)
    do.change(**do.usual)
    do.change(label="roof", spread=do.allowed[1]["spread"])
    known = {**do.usual, "label": "roof", "spread": do.allowed[1]["spread"]}
    do.made("later", known, "after two calls of `usual`, in a new object")
    do.made("given", {**known, "label": "dome"}, "after `usual`, with a label given", label="dome")
    for said in ("later", "before"):
        do.checked(said, do.allowed[1:], TypeError)  # the limits are looked at in new settings
    # What the objects themselves take is another aspect's affair.
    wrong: list[Given] = [{"label": "dome", name: value} for name, value, _ in wrong_values(do.variant)]
    wrong = [one for one in wrong if any(do.refuses(name, value) for name, value in one.items())]
    if attempt(do.answer, windowsize=3).error is not None:
        wrong += [{"windowsize": 3}, {"label": "dome", "spred": 2.5}]
    for values in wrong:
        done = do.call(**values)
        what = f"`usual({given(values)})`"
        if done.error is None:
            do.replaced()
            do.note(what, "was taken, without an error", "unlike")
        do.made("newer", known, f"after {what} was refused, in a new object")


# --- the rules ---

LIMITS = "Compare the limits that you gave to the field with those in the task: 1 is allowed, and so is 0.5."
BY_ASSIGNING = "Let the constructor assign as any code does, with `self.… = …` or `setattr`."
GIVEN_FIRST = "What was given comes first, then the usual value of the moment when the object is made."

# Settings without fields that check leave nothing else to see.
WORKS = (
    Rule(objects, is_wrong("other", "self"), "{what} {came}.", ON_INSTANCE, TO_THE_CLASS),
    Rule(objects, is_wrong("taken", "object"), "{what} {came}.", ON_INSTANCE, TO_THE_CLASS),
    Rule(objects, is_wrong("taken", "nothing"), "{what} {came}.", TYPES,
         "Put a descriptor with `__set__` on the class, under this name."),
)  # fmt: skip

CHECKED = (
    Rule(objects, is_wrong("raised"), "{what} {came}.", "", LIMITS),
    Rule(objects, is_wrong("taken"), "{what} {came}.", "", LIMITS),
    Rule(objects, lambda step: step.wrong, "{what} {came}.", "", GIVEN_FIRST),
    Rule(built_wrongly, is_wrong("taken"), "{what} {came}.", "", BY_ASSIGNING),
    Rule(built_wrongly, lambda step: step.wrong, "{what} {came}.", "",
         "Let the field's own error come out of the constructor."),
)  # fmt: skip

NAMES = (
    Rule(misspelt, is_wrong("taken"), "{what} {came}.", "",
         "A field answers for its own name only. `__setattr__` is called for every name: let fields pass."),
    Rule(misspelt, is_wrong("kind"), "{what} {came}.", "",
         "Asked for is an `AttributeError` whose message names the name."),
    Rule(misspelt, is_wrong("unlike"), "{what} {came}.", "",
         "The constructor refuses a name that it does not know, too."),
)  # fmt: skip

REPLACED = (
    "A value that is assigned on the class takes the field's place there. Keep the usual values in a place "
    "of their own, where the constructor finds them."
)
LATER = (
    Rule(later, is_wrong("replaced"), "{what} {came}.", ON_CLASS, REPLACED),
    Rule(later, lambda step: step.wrong, "{what} {came}.", "", GIVEN_FIRST),
)

STILL = (
    Rule(checked_later, is_wrong("replaced"), "{what} {came}.", ON_CLASS, REPLACED),
    Rule(checked_later, is_wrong("unlike"), "{what} {came}.", "",
         "A field checks when an object is assigned to. Make an object of the values, for a try."),
    Rule(checked_later, lambda step: step.wrong, "{what} {came}.", "",
         "Let all the values be checked before you change the first usual one."),
)  # fmt: skip

config = ruled(
    KEY,
    "Settings with usual values",
    kind="build",
    answer="StationConfig",
    version=4,
    given=usual_values,
    asked=[
        Asked("each field is checked, in the constructor and afterwards", 2, (*WORKS, *CHECKED)),
        Asked("a name that is no field is refused", 1, (*WORKS, *NAMES)),
        Asked("`usual` changes what later objects begin with, and no other", 2, (*WORKS, *LATER)),
        Asked("after `usual` every field is still checked, and so are the usual values", 1, (*WORKS, *STILL)),
    ],
)
