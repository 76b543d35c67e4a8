"""descriptors-x3: one of a few."""

import copy
from contextlib import nullcontext
from functools import partial
from typing import Any

from lessons.exercises import Asked, attempt, exactly, ruled, short
from lessons.exercises import descriptors_host as host
from lessons.exercises import descriptors_steps as steps
from lessons.exercises.descriptors_steps import USUAL, Script, Step, row, rows, script


class Challenge:
    """What is drawn for one run: options, names, and a class with two fields, which a subclass inherits."""

    def __init__(self, do: Script, **room: Any) -> None:
        variant, key = do.variant, "descriptors-x3"
        self.units = variant.random(f"{key}:units").sample(("celsius", "kelvin", "fahrenheit", "rankine"), 3)
        self.all = [*self.units, "newton", "delisle", "leiden", "100 % of {what this station had first}"]
        self.winds = [*variant.random(f"{key}:winds").sample((" Knots", " M/s", "Km/h ", "Mph "), 2), ""]
        self.name = variant.choice(f"{key}:field", ("unit", "scale", "shownIn"))
        called = variant.choice(f"{key}:class", ("Rooftop", "Harbour", "Airfield", "Summit"))
        options = {self.name: self.all, "wind": self.winds, "gust": self.winds, "only": self.units[:1]}
        self.fields = {name: do.answer(*one) for name, one in options.items()}
        self.owner = do.judge.new_class(called, {**self.fields, **room})
        self.station = do.judge.new_class(f"{called}Station", {}, self.owner)
        self.classes = {called: self.owner, f"{called}Station": self.station}


@script
def one_field(do: Script) -> None:
    """One field of one object: assigned, read, and given a value that is not an option."""
    drawn = Challenge(do)
    do.new("first", of=drawn.owner)
    do.assign("first", **{drawn.name: drawn.units[0]})
    do.read("first")
    do.refuse("first", drawn.name, f"no such {drawn.name}", Exception)


@script
def own_choices(do: Script) -> None:
    """Three objects are assigned to in turn, then all are read; then new choices come, as equal texts."""
    drawn = Challenge(do)
    do.several([{"wind": wind} for wind in drawn.winds * 2], of=drawn.owner)
    drawn = Challenge(do, **steps.of_nothing(do.judge))
    do.several([{drawn.name: unit} for unit in drawn.units * 2], of=drawn.owner)


@script
def both_fields(do: Script) -> None:
    """One object of the class and one of a subclass: all fields are assigned, then read."""
    drawn = Challenge(do)
    options = {drawn.name: drawn.units[1], "wind": drawn.winds[0], "gust": drawn.winds[1]}
    other = do.judge.new_class("Other", {"wind": do.answer(*drawn.units)})
    for owner in drawn.classes.values():
        do.crossed("report", options, of=owner)
        do.crossed("other", {"wind": drawn.units[0]}, of=other)


@script
def no_options(do: Script) -> None:
    """Values that look like an option but are not one, in an object that has a choice."""
    drawn = Challenge(do)
    units = drawn.units
    many: tuple[Any, ...] = (list(units), {})
    do.new("first", "second", of=drawn.owner)
    do.assign("second", **{drawn.name: units[1]})
    for unit in (units[0], units[2]):
        do.assign("first", **{drawn.name: unit, "wind": drawn.winds[0]})
    texts = ("roof", units[0].upper(), f"{units[0]} ", units[1][:3], "", "".join(units), "roof")
    for value in (*texts, None, 0, True, tuple(units), *many):
        kinds = (ValueError, TypeError) if value in many else (ValueError,)
        do.refuse("first", drawn.name, value, *kinds)
        do.stay("first", drawn.name, value)
    do.refuse("second", "only", units[0][:3], ValueError)
    do.untouched(drawn.name, (texts[0], None), of=drawn.owner)


@script
def told(do: Script) -> None:
    """The message of each refusal, for an object of a subclass."""
    drawn = Challenge(do)
    wrong = (drawn.winds[0], f"{drawn.units[0]}s %s {{}}", drawn.units[0].upper(), 0, drawn.units[:1])
    do.tell(drawn.station, [*drawn.classes][1], drawn.name, wrong, drawn.all)


@script
def on_the_class(do: Script) -> None:
    """Both fields, read on the class and on a subclass."""
    drawn = Challenge(do)
    for called, owner in drawn.classes.items():
        for field, descriptor in drawn.fields.items():
            done = attempt(getattr, owner, field)
            if done.value is not descriptor:
                raise Step(f"on the class, `{called}.{field}`", f"{steps.came(done)}, and not the field", "")


@script
def copies(do: Script) -> None:
    """Objects of the class and of a subclass, copied in each way; then the copy gets another choice."""
    drawn, otherwise = Challenge(do), partial(do.judge.witness, host.hash_otherwise, do.answer)
    with otherwise():
        there = Challenge(do)
    ways = {"copy.copy": copy.copy, "copy.deepcopy": copy.deepcopy, "pickle": host.through_pickle}
    for owner, other in zip(drawn.classes.values(), there.classes.values(), strict=True):
        for way, function in ways.items():
            do.new("first", of=owner)
            thing = do.objects["first"]
            setattr(thing, drawn.name, drawn.units[1])
            # As another process would read it, where the class and its fields are other objects.
            elsewhere = [other] if way == "pickle" else []
            with otherwise() if elsewhere else nullcontext():
                made = attempt(do.judge.witness, function, thing, *elsewhere)
                read = made if made.error is not None else attempt(getattr, made.value, drawn.name)
            given = short(drawn.units[1])
            if not exactly(read.value, drawn.units[1]):
                how = f"{way}, read in another process" if elsewhere else way
                raise Step(f"an object's choice was {given}. A copy of it ({how})", steps.came(read), "lost")
            setattr(made.value, drawn.name, drawn.units[2])
            if not exactly(attempt(getattr, thing, drawn.name).value, drawn.units[1]):
                what = f"a copy ({way}) was given another choice, and the original"
                raise Step(what, f"no longer reads {given}", "shared")


# A field that cannot be assigned to and read, or that takes anything, leaves nothing else to see.
WORKS = (
    *rows(one_field, "endless", "raised misspelt"),
    row(one_field, "raised", "",
        "Compare with `in` or `==`: an equal text may be another object. Store in `instance.__dict__`."),
    *rows(one_field, "taken"),
)  # fmt: skip
OWN = (*rows(own_choices, "other object", "other self"), row(own_choices, "", "",
    "Store the assigned value unchanged, and return it. An empty text may be an option, too."))  # fmt: skip
APART = (row(both_fields, "", *USUAL["other field"]),)
REFUSES = Asked("other values are refused with a ValueError, and the old one stays", 1, WORKS, (
    *rows(no_options, "taken", "kind", "changed"),
))  # fmt: skip
SAYS = rows(told, "class", "unsaid")
ITSELF = Asked("asked on the class, the field answers with itself", 1, WORKS, (
    row(on_the_class, "", "",
        "Without an object, `__get__` receives None for `instance`: return the descriptor, `self`."),
))  # fmt: skip
COPIES = Asked("subclasses, copies and pickles keep the choice", 1, WORKS, (
    row(copies, "lost", "",
        "Only what is in the object is copied with it. Keep the plain value there, under the field's name."),
    row(copies, "shared", "",
        "Original and copy have one place for the value. Each needs its own: keep the plain value."),
), hearsay=True)  # fmt: skip
ruled("descriptors-x3", "One of a few", kind="build", answer="OneOf", version=9, asked=[
    Asked("each object keeps its own choice", 1, WORKS, OWN),
    Asked("each field has a name and a place of its own", 1, WORKS, APART),
    REFUSES,
    Asked("the message names class, field, value and all options", 1, WORKS, SAYS),
    ITSELF, COPIES,
])  # fmt: skip
