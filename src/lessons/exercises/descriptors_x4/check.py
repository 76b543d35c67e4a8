"""descriptors-x4: settings with usual values."""

import math
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from lessons.exercises import Asked, Observation, Sheet, Variant, attempt, exactly, ruled, short
from lessons.exercises import descriptors_host as host
from lessons.exercises import descriptors_steps as steps
from lessons.exercises.descriptors_steps import Script, Step, numbers, row, script
from lessons.exercises.exercise import told

KEY = "descriptors-x4"
Given = dict[str, Any]


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
        ("windowSize", float(usual_values(variant.course)["windowSize"]), TypeError),
        ("windowSize", 0, ValueError), ("windowSize", -size, ValueError),
        ("spread", str(spread), TypeError), ("spread", True, TypeError), ("spread", 0, ValueError),
        ("spread", -spread, ValueError), ("spread", math.nan, ValueError), ("spread", math.inf, ValueError),
    ]  # fmt: skip


def allowed_values(variant: Variant) -> list[Given]:
    """What the fields take, up to their limits; none of it is a usual value."""
    usual = usual_values(variant.course).values()
    more = [one for one in numbers(variant, f"{KEY}:more", 2) if one not in usual]
    label = next(one for one in variant.stations(f"{KEY}:more", 2) if one not in usual)
    return [
        {"label": "?", "windowSize": 1, "spread": 1e-300},
        {"label": label, "windowSize": 10**30, "spread": more[0] * 1e300},
        {"label": "roof", "windowSize": variant.number(f"{KEY}:size", 16, 99), "spread": 2},
    ]


def no_fields(variant: Variant) -> list[tuple[str, Any]]:
    """Names of no field: misspelt ones, one that looks like no field, and other names in a class."""
    return [
        ("windowsize", 3), ("window_size", 3), ("spred", 2.5), ("Label", "Lund"), ("windowSizes", 3),
        (f"zq{variant.number(KEY, 0, 10**7)}", 1), ("usual", 3), ("__doc__", "text"),
        ("_spread", 2.5), ("_label", "x"), ("_windowSize", 0), ("_notes", "text"),
    ]  # fmt: skip


def given(values: Given) -> str:
    """Values as the arguments of a call."""
    return ", ".join(f"{name}={short(value)}" for name, value in values.items())


def made(do: Script, said: str, expected: Given, when: str, **fields: Any) -> None:
    """Make an object, and compare what it begins with."""
    done = attempt(do.answer, **fields)
    if done.error is not None:
        raise Step(when, f"raised {done.said}", "raised")
    do.objects[said], do.assigned[said] = done.value, dict(expected)
    begins(do, said, when)


def begins(do: Script, said: str, when: str) -> None:
    """Compare all values of an object with what it should have."""
    for name, value in do.assigned[said].items():
        done = attempt(getattr, do.objects[said], name)
        if not exactly(done.value, value):
            what = f"{when}, `{name}`"
            if steps.is_field(done.value):
                raise Step(what, "is a descriptor: it was put into the object", "other self")
            raise Step(what, f"{steps.came(done)}, where {short(value)} belongs", "other")


def checked(do: Script, said: str, allowed: list[Given], *kinds: type[Exception]) -> None:
    """Each field of an object takes what is allowed, refuses what is wrong, and keeps its value then."""
    for values in allowed:
        do.assign(said, **values)
        do.read(said)
    for name, value, kind in wrong_values(do.variant):
        if kind in kinds:
            do.refuse(said, name, value, kind)
            do.stay(said, name, value)


@script
def objects(do: Script) -> None:
    """Objects with usual and with given values, each field of two of them checked."""
    usual, allowed = usual_values(do.variant.course), allowed_values(do.variant)
    two = {name: allowed[1][name] for name in ("windowSize", "spread")}
    again = "(If you have called `usual` before, run the cell of the answer again.)"
    made(do, "first", usual, f"in a new object {again}")
    made(do, "second", usual | two, f"in an object made with `{given(two)}`", **two)
    checked(do, "first", allowed, TypeError, ValueError)
    do.assign("second", **allowed[0])
    do.refuse("second", "windowSize", True, TypeError)
    do.assign("first", **allowed[1])
    do.read("second")
    do.read("first")
    for values in allowed:
        made(do, "third", values, f"in an object made with `{given(values)}`", **values)


@script
def built_wrongly(do: Script) -> None:
    """Wrong values, given to the constructor."""
    for name, value, kind in wrong_values(do.variant):
        what = f"an object made with `{name}={short(value)}`"
        steps.refused(what, attempt(do.answer, **{name: value}), kind)


@script
def misspelt(do: Script) -> None:
    """Names of no field, assigned and given to the constructor."""
    do.new("config")
    names = steps.hearsay(do.answer, host.parameters)
    more = [name for name in names if name not in usual_values(do.variant)] if type(names) is list else []
    for name, value in (*no_fields(do.variant), *((one, {}) for one in more)):
        done = attempt(setattr, do.objects["config"], name, value)
        what = f"`config.{name} = {short(value)}`"
        if done.error is None:
            raise Step(what, "was taken, without an error", "taken")
        if not isinstance(done.error, AttributeError) or name not in (told(done.error, "text") or ""):
            raise Step(what, f"raised {done.said}", "kind")
        done = attempt(do.answer, **{name: value})
        if not isinstance(done.error, AttributeError | TypeError):
            what = f"an object made with `{name}={short(value)}`"
            raise Step(what, "was refused neither by an `AttributeError` nor by a `TypeError`", "unlike")


_fields: WeakKeyDictionary[Sheet, list[str]] = WeakKeyDictionary()
"""The names under which the class had a field before the first call of `usual`."""


def calling_usual(write: Callable[[Script], None]) -> Observation:
    """A script that calls `usual`. If a step goes wrong, a field that is gone from the class explains it."""

    @script
    def whole(do: Script) -> None:
        usual = usual_values(do.variant.course)
        found = [name for name in usual if steps.hearsay(do.answer, host.lacks, name) == ""]
        fields = _fields.setdefault(do.sheet, found)
        try:
            write(do)
        except Step:
            for name in fields:
                look = steps.hearsay(do.answer, host.lacks, name)
                if isinstance(look, str) and look:
                    came = f"is not a field any more after a call of `usual`: there is {look}"
                    raise Step(f"`{do.answer.__name__}.{name}`", came, "replaced") from None
            raise
        finally:
            attempt(lambda: do.answer.usual(**usual))  # the next script meets the same usual values

    return whole


@calling_usual
def later(do: Script) -> None:
    """`usual` is called twice, and objects are made before, between and after."""
    usual, allowed = usual_values(do.variant.course), allowed_values(do.variant)
    size, new = allowed[2]["windowSize"], {"label": "roof", "spread": allowed[2]["spread"]}
    do.new("before", **usual)
    do.assign("before", spread=allowed[1]["spread"])
    do.answer.usual(windowSize=size)
    called = f"after `usual(windowSize={size})`"
    made(do, "between", usual | {"windowSize": size}, f"{called}, in a new object")
    begins(do, "before", f"{called}, in an object that was made before")
    do.answer.usual(**new)
    made(do, "after", new | {"windowSize": size}, "after two calls of `usual`, in a new object")
    for said in ("before", "between"):
        begins(do, said, f"after two calls of `usual`, in an object that was made {said}")


@calling_usual
def checked_later(do: Script) -> None:
    """After `usual` the fields check as before, and so does `usual` itself."""
    allowed, usual = allowed_values(do.variant), usual_values(do.variant.course)
    do.new("before", **usual)
    do.answer.usual(**usual)
    new = {"label": "roof", "spread": allowed[1]["spread"]}
    do.answer.usual(**new)
    known = usual | new
    made(do, "later", known, "after two calls of `usual`, in a new object")
    made(do, "given", known | {"label": "dome"}, "after `usual`, with a label given", label="dome")
    for said in ("later", "before"):
        checked(do, said, allowed[1:], TypeError)  # the limits are looked at in new settings
    # What the objects themselves take is another aspect's affair.
    # A wrong value that equals the usual one is refused as well.
    wrong: list[tuple[Given, tuple[type[Exception], ...]]] = [
        ({"label": "roof" if value == usual[name] else "dome", name: value}, (kind,))
        for name, value, kind in wrong_values(do.variant)
        if isinstance(attempt(setattr, do.answer(), name, value).error, kind)
    ]
    if attempt(do.answer, windowsize=3).error is not None:
        unknown = AttributeError, TypeError
        wrong += [({"windowsize": 3}, unknown), ({"label": "dome", "spred": 2.5}, unknown)]
    for values, kinds in wrong:
        what = f"`usual({given(values)})`"
        steps.refused(what, attempt(lambda values=values: do.answer.usual(**values)), *kinds)
        made(do, "newer", known, f"after {what} was refused, in a new object")


LIMITS = "Compare your fields' limits with the task: `windowSize` may be 1, `spread` any number above 0."
GIVEN_FIRST = "A given value comes first, then the usual value at the moment when the object is made."
# Settings without fields that check leave nothing else to see.
WORKS = (
    row(objects, ("other self", "taken object"), steps.ON_INSTANCE, steps.TO_THE_CLASS),
    *steps.rows(objects, "taken nothing"),
)
CHECKED = Asked("each field is checked, in the constructor and afterwards", 2, WORKS, (
    row(objects, ("raised", "taken"), "", LIMITS),
    row(objects, "", "", GIVEN_FIRST),
    row(built_wrongly, "", "",
        "Let the constructor assign with `self.… = …` or `setattr`, and the field's error come out of it."),
))  # fmt: skip
NAMES = Asked("a name of no field is refused", 1, WORKS, (
    row(misspelt, "taken", "",
        "A field answers for its own name only. `__setattr__` is called for every name: let fields pass."),
    row(misspelt, "kind", "", "Asked for is an `AttributeError` whose message names the name."),
    row(misspelt, "unlike", "", "The constructor refuses a name that it does not know, too."),
))  # fmt: skip
REPLACED = "A value assigned on the class takes the field's place. Keep the usual values somewhere else."
LATER = Asked("`usual` changes what later objects begin with, and no other", 2, WORKS, (
    row(later, "replaced", "", REPLACED), row(later, "", "", GIVEN_FIRST),
))  # fmt: skip
STILL = Asked("after `usual` every field is still checked, and so are the usual values", 1, WORKS, (
    row(checked_later, "replaced", "", REPLACED),
    row(checked_later, "kind", "", "Let the error come out of `usual` as the field or the guard raised it."),
    row(checked_later, "taken", "",
        "A field checks when an object is assigned to. Make an object of all that is given, for a try."),
    row(checked_later, "", "",
        "Check all values before you change the first. Read the usual ones when an object is made."),
))  # fmt: skip
ruled(KEY, "Settings with usual values", kind="build", answer="StationConfig", version=8, given=usual_values,
      asked=[CHECKED, NAMES, LATER, STILL])  # fmt: skip
