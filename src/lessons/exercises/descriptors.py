"""Checks of the assignment on descriptors: where a value lies, who is asked, and what goes past the check."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lessons.exercises import descriptors_host as host
from lessons.exercises.exercise import (
    Attempt,
    Sheet,
    Wrong,
    attempt,
    exactly,
    exercise,
    materials,
    swallowed_at,
    told,
)
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback, Remote, judge_of
from lessons.words import described as short

SHARED, ON_INSTANCE, GETATTR = (
    "descriptors-shared-value",
    "descriptors-on-the-instance",
    "descriptors-getattr-finds-value",
)
TYPES, ON_CLASS = "descriptors-types-are-checked", "descriptors-class-assignment-checked"
TO_THE_CLASS = "Write the field into the body of the class, once for all its objects."


@contextmanager
def aspect(sheet: Sheet, name: str) -> Iterator[None]:
    """Settle one aspect; what was explained before is not explained again."""
    with sheet.aspect(name):
        try:
            yield
        except Wrong as wrong:
            told = {(one.belief, one.advice) for one in sheet.aspects.values() if not one.holds}
            if wrong.belief and (wrong.belief, wrong.advice) in told:
                raise Wrong("", f"the same as above: {wrong.seen}", "Mend what stands above first.") from None
            raise


def place(done: Attempt) -> str:
    """Where in the student's code an error came from, as the end of a sentence."""
    return f", at {done.where}" if done.where else ""


def message(done: Attempt) -> str:
    """The text of an error that the host raised."""
    return (done.error and told(done.error, "text")) or ""


def new(answer: Any, *arguments: Any, **fields: Any) -> Any:
    """Make an object of the answer, or say why there is none."""
    if not isinstance(answer, type):
        seen = f"the answer is {short(answer)}, and no class."
        raise Wrong("", seen, "Give `check` the class itself, by its name, without parentheses.")
    done = attempt(answer, *arguments, **fields)
    if done.error is None:
        return done.value
    given = ", ".join([*map(short, arguments), *(f"{name}={short(value)}" for name, value in fields.items())])
    call = f"{answer.__name__}({given})"
    if isinstance(done.error, RecursionError):
        raise endless(f"`{call}`", done)
    advice = "Run this call by itself in a new cell, and read the traceback."
    raise Wrong("", f"`{call}` raised {done.raised}{place(done)}.", advice)


def endless(what: str, done: Attempt) -> Wrong:
    """What to say of an attribute that asks itself: with the line that is called again and again."""
    most = told(done.error, "most") if done.error else ""
    at = f", at {most}" if most else ""
    return Wrong(
        GETATTR,
        f"{what} never ends: RecursionError{at}.",
        "Follow the line: whom does Python ask for this attribute, of this object? Go past the descriptor, "
        "through the instance dictionary, or use a storage name that is not its own.",
    )


def assign(thing: object, name: str, value: object, said: str) -> None:
    """Assign what is allowed. said: what the object is called in messages."""
    done = attempt(setattr, thing, name, value)
    what = f"`{said}.{name} = {short(value)}`"
    if isinstance(done.error, RecursionError):
        raise endless(what, done)
    if done.error is not None:
        advice = "This value is allowed: let it pass, and store it."
        raise Wrong("", f"{what} raised {done.raised}{place(done)}.", advice)


def read(thing: object, name: str, said: str) -> Any:
    """Read an attribute that has a value."""
    done = attempt(getattr, thing, name)
    if isinstance(done.error, RecursionError):
        raise endless(f"reading `{said}.{name}`", done)
    if done.error is not None:
        seen = f"reading `{said}.{name}`, which was assigned before, raised {done.raised}{place(done)}."
        raise Wrong("", seen, "`__get__` has to look where `__set__` stored, under the same name.")
    return done.value


def apart(things: dict[str, Any], values: dict[str, dict[str, Any]]) -> None:
    """Assign to several objects in turn, then read all: each has its own. values: by object, by field."""
    for said, fields in values.items():
        for name, value in fields.items():
            assign(things[said], name, value, said)
    for said, fields in values.items():
        for name, value in fields.items():
            found = read(things[said], name, said)
            if exactly(found, value):
                continue
            seen = f"`{said}.{name}` was assigned {short(value)}, and reads {short(found)}"
            for other, theirs in values.items():
                if other != said and any(exactly(found, one) for one in theirs.values()):
                    advice = (
                        "There is one descriptor, on the class, for all objects. Keep the value with the "
                        "object that `__set__` is told of: `instance`."
                    )
                    raise Wrong(SHARED, f"{seen}, which was assigned to `{other}`.", advice)
            if any(exactly(found, one) for one in fields.values()):
                advice = "Each field needs a storage name of its own: `__set_name__` is told which."
                raise Wrong("", f"{seen}, which was assigned to another field of `{said}`.", advice)
            raise Wrong("", f"{seen}.", "Store what was assigned, as it is, and answer with it.")


def again(thing: object, name: str, values: tuple[Any, ...], said: str) -> None:
    """Assign one value after the other to the same field: it has each of them in turn."""
    for value in values:
        assign(thing, name, value, said)
        found = read(thing, name, said)
        if type(found) not in (int, float, str) or found != value:
            seen = (
                f"`{said}.{name}` was assigned {short(value)} after another value, and reads {short(found)}."
            )
            raise Wrong(
                "", seen, "A field takes a new value at each assignment: store it in the old one's place."
            )


def taken(name: str, value: object, said: str, owner: Any) -> Wrong:
    """What to say of a wrong value that was stored, by what the host tells of the class and its objects."""
    seen = f"`{said}.{name} = {short(value)}` was taken, without an error"
    on_class, kits, _ = stands(owner, name)
    if kits:
        advice = "The kit's field takes what the limits allow that you gave it: read them in the task."
        return Wrong("", f"{seen}.", advice)
    if on_class:
        advice = "Compare type and value yourself, in `__set__`, before you store: Python compares nothing."
        return Wrong(TYPES, f"{seen}.", advice)
    if hearsay(owner, host.carries) is True:
        seen += f": the descriptor was put into the object, into `vars({said})`, where nobody asks it."
        return Wrong(ON_INSTANCE, seen, TO_THE_CLASS)
    seen += f": nothing on the class answers for `{name}`."
    return Wrong(TYPES, seen, "Put a descriptor with `__set__` on the class, under this name.")


def stands(owner: Any, name: str) -> tuple[bool, bool, str]:
    """Of what the class has under a name: whether it answers for assignments, is the kit's, and its look."""
    match hearsay(owner, host.stands, name):
        case (bool(field), bool(kits), str(look)):
            return field, kits, look
    return False, False, "something else"


def hearsay(thing: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """What the host says of an object of its own: good for a sentence, and None if it cannot say it."""
    return attempt(judge_of(thing).witness, function, thing, *arguments).value


def refused(
    thing: object, name: str, value: object, said: str, allowed: tuple[type[Exception], ...], owner: Any
) -> Attempt:
    """Assign what is wrong: it must raise one of `allowed`. owner: the class, for the sentence."""
    done = attempt(setattr, thing, name, value)
    what = f"`{said}.{name} = {short(value)}`"
    if done.error is None:
        raise taken(name, value, said, owner)
    if isinstance(done.error, RecursionError):
        raise endless(what, done)
    if not isinstance(done.error, allowed):
        kinds = " or ".join(kind.__name__ for kind in allowed)
        advice = f"It has to be a {kinds}, raised by your own `if`: wrong type first, then wrong value."
        raise Wrong("", f"{what} raised {done.raised}{place(done)}; asked for is a {kinds}.", advice)
    return done


def numbers(variant: Variant, key: str, count: int) -> list[float]:
    """Different numbers with a point."""
    drawn = variant.random(key)
    found: list[float] = []
    while len(found) < count:
        number = (11 + int(drawn.random() * 900)) / 10
        if number not in found:
            found.append(number)
    return found


@exercise(
    "descriptors-x1",
    "Give each station its own spread",
    kind="fix",
    answer="Settings",
    aspects={
        "each settings object keeps its own checked values": 3,
        "what is no number is refused, and the old value stays": 1,
        "settings that nobody uses any more go, and their values": 1,
    },
    version=3,
    wired=True,
)
def sharing(answer: Any, sheet: Sheet) -> None:
    """Assign to three objects in turn, then read them all; then wrong values; then let one go."""
    drawn = numbers(sheet.variant, "descriptors-x1", 6)
    sorts = ("first", "second", "third")
    values = {said: {"center": drawn[i], "spread": drawn[i + 3]} for i, said in enumerate(sorts)}

    def three() -> dict[str, Any]:
        return {said: new(answer) for said in sorts}

    with aspect(sheet, "each settings object keeps its own checked values"):
        things = three()
        apart(things, values)
        again(things["second"], "spread", (drawn[1], drawn[0]), "second")
        for name in ("center", "spread"):
            # Of which kind the error has to be is asked below.
            refused(things["first"], name, f"{drawn[0]}", "first", (Exception,), answer)
    with aspect(sheet, "what is no number is refused, and the old value stays"):
        things = three()
        for said, fields in values.items():
            for name, value in fields.items():
                assign(things[said], name, value, said)
        for name in ("spread", "center"):
            for wrong in (f"{drawn[0]}", None, True, [drawn[1]]):
                refused(things["first"], name, wrong, "first", (TypeError,), answer)
                kept(things["first"], name, values["first"][name], wrong, values, "first")
        for number in (3, 0, -1, 0.0, -drawn[1]):
            again(new(answer), "spread", (number,), "other")
    with aspect(sheet, "settings that nobody uses any more go, and their values"):
        thing = new(answer)
        for name, value in values["first"].items():
            assign(thing, name, value, "settings")
            read(thing, name, "settings")
            refused(thing, name, f"{value}", "settings", (Exception,), answer)
        goes, values_go = sheet.judge.witness(host.lets_go, answer, values["first"], f"{drawn[0]}")
        if not goes:
            raise Wrong(
                "descriptors-dict-lets-go",
                "`spread` of a settings object was assigned, then its last name went. The object is "
                "still alive: something that belongs to the class refers to it.",
                "Look for a dict or a list on the descriptor that holds the objects. Let each object "
                "hold its value instead.",
            )
        if not values_go or heavy(answer, sheet.variant):
            raise Wrong(
                SHARED,
                "`spread` of a settings object was assigned; the object went. Its value is still held "
                "by something that belongs to the class. A later object may be taken for the old one, "
                "as `id` is given to another when an object is gone.",
                "Let the value lie in the object: `instance.__dict__`. Then it goes with it.",
            )


HEAVY, MANY = 300_000, 10
"""The bytes of one large number, and how many are sent: more than a host's memory moves by itself."""


def heavy(answer: Any, variant: Variant) -> bool:
    """Whether the host's memory, as the system counts it, keeps the values of objects that it let go.

    They are random numbers, sent from here, and some are read back, so that the host cannot make them up: it
    holds them, or it does not. False where the memory of the other side cannot be seen.
    """
    judge, drawn = judge_of(answer), variant.random("descriptors-x1:heavy")
    values = [drawn.getrandbits(8 * HEAVY) | 1 for _ in range(MANY + 1)]
    first = judge.mark()
    things = [new(answer) for _ in values]
    if attempt(setattr, things[-1], "spread", values[-1]).error is not None:
        return False  # nothing follows from a number of this size: the task names none
    before = judge.memory()  # the buffers for a message of this size are part of it
    for thing, value in zip(things[:-1], values[:-1], strict=True):
        attempt(setattr, thing, "spread", value)
    asked = [int(drawn.random() * MANY) for _ in range(2)]
    if before is None or any(attempt(getattr, things[one], "spread").value != values[one] for one in asked):
        return False
    things.clear()
    judge.release(first)
    judge.witness(host.collected)
    after = judge.memory()
    return after is not None and after - before > HEAVY * MANY / 4


def kept(
    thing: object, name: str, old: object, wrong: object, values: dict[str, dict[str, Any]], said: str
) -> None:  # fmt: skip
    """After a refusal the old value is still there."""
    found = read(thing, name, said)
    if exactly(found, old):
        return
    seen = f"`{said}.{name} = {short(wrong)}` was refused; it was {short(old)} and reads {short(found)} now"
    for other, theirs in values.items():
        if other != said and any(exactly(found, one) for one in theirs.values()):
            advice = "`self` keeps the last value of all objects. Check first: then nothing is put back."
            raise Wrong(SHARED, f"{seen}. {short(found)} belongs to `{other}`.", advice)
    raise Wrong("", f"{seen}.", "Check before you store: what raises first changes nothing.")


@exercise(
    "descriptors-x2",
    "A whole number, and nothing else",
    kind="complete",
    answer="Whole",
    aspects={
        "only whole numbers are taken, all else is a TypeError": 2,
        "a whole number out of range is a ValueError": 1,
        "a refused assignment leaves the old value": 1,
        "the message names class, field, value and what is allowed": 1,
    },
    version=3,
    wired=True,
)
def whole(answer: Any, sheet: Sheet) -> None:
    """Put two fields on a class of the check's own, and assign what is allowed and what is not."""
    key = "descriptors-x2"
    least, most = sheet.variant.number(f"{key}:least", 2, 9), sheet.variant.number(f"{key}:most", 31, 59)
    named = sheet.variant.choice(f"{key}:class", ("Rooftop", "Harbour", "Airfield", "Summit"))
    field = sheet.variant.choice(f"{key}:field", ("windowSize", "maxAttempts", "batchSize"))
    middle = (least + most) // 2
    no_numbers = (str(middle), float(middle), True, False, None, math.nan, math.inf, [middle], middle + 0.5)
    outside = (least - 1, most + 1, 0, -middle, most * 37, 10**30)

    def made(name: str = named) -> Any:
        fields = {field: new(answer, least, most), "channels": new(answer, 1, most + 2)}
        done = attempt(sheet.judge.new_class, named, fields)
        if done.error is not None:
            seen = f"a class with this field cannot be made: {done.raised}{place(done)}."
            raise Wrong("", seen, "Run a small class with two `Whole` fields in a new cell.")
        return done.value if name == named else sheet.judge.new_class(name, {}, done.value)

    with aspect(sheet, "only whole numbers are taken, all else is a TypeError"):
        owner = made()
        things = {said: owner() for said in ("first", "second", "third")}
        own = (least + 1, middle, most - 1)  # the limits themselves are asked for below
        both = [{field: one, "channels": one + 1} for one in own]
        apart(things, dict(zip(things, both, strict=True)))
        again(things["second"], field, own, "second")
        for name in ("channels", field):  # the one takes 1, the other does not: True is neither
            for value in no_numbers:
                refused(things["first"], name, value, "first", (TypeError,), owner)
    with aspect(sheet, "a whole number out of range is a ValueError"):
        owner = made()
        thing = owner()
        for value in (least, most):
            assign(thing, field, value, "thing")
        for value in outside:
            refused(thing, field, value, "thing", (ValueError,), owner)
    with aspect(sheet, "a refused assignment leaves the old value"):
        owner = made()
        values = {"first": {field: least + 1}, "second": {field: most - 1}}
        things = {said: owner() for said in values}
        apart(things, values)
        for value in (*no_numbers, *outside):
            if attempt(setattr, things["first"], field, value).error is None:
                raise taken(field, value, "first", owner)
            kept(things["first"], field, least + 1, value, values, "first")
    with aspect(sheet, "the message names class, field, value and what is allowed"):
        station = f"{named}Station"
        wrong = (str(most * 37), most * 37, least - 1)
        telling(made(station), station, field, wrong, (least, most))


def telling(
    owner: Any, called: str, field: str, wrong: tuple[object, ...], allowed: tuple[object, ...]
) -> None:
    """Each message of a refusal holds the class, the field, the value given and what is allowed."""
    for value in wrong:
        thing = owner()
        assign(thing, field, allowed[0], "thing")
        done = refused(thing, field, value, "thing", (TypeError, ValueError), owner)
        text = message(done)
        what = f"the message for {short(value)} in `{field}` of a {called} is “{done.raised}”"
        if called not in text:
            belief = "descriptors-self-is-settings" if re.search(r"\b(Whole|OneOf)\b", text) else ""
            advice = f"It has to name {called}, the class of the object: `type(instance).__name__`."
            raise Wrong(belief, f"{what}: it does not name the class of the object.", advice)
        parts: dict[object, str] = {field: "the field", value: "the value given"}
        parts |= dict.fromkeys(allowed, "all of what is allowed")
        plain = re.sub(r"(?<=\d)[,_](?=\d{3})", "", text)  # a number may be written as 1,813
        for part, name in parts.items():
            if not re.search(rf"(?<!\w){re.escape(str(part))}(?!\w)", f"{text}\n{plain}"):
                advice = "Say what was given and what is allowed: whoever reads it has only this line."
                raise Wrong("", f"{what}: it does not name {name}, `{part}`.", advice)


@exercise(
    "descriptors-x3",
    "One of a few",
    kind="build",
    answer="OneOf",
    aspects={
        "each object keeps its own choice, in each of its fields": 2,
        "what is no option is refused with a ValueError, and the old stays": 2,
        "asked on the class, the field answers with itself": 1,
        "subclasses, copies and pickles keep the choice": 1,
    },
    version=3,
    wired=True,
)
def one_of(answer: Any, sheet: Sheet) -> None:
    """Put two fields on a class of the check's own; assign, refuse, ask the class, inherit, copy, pickle."""
    key = "descriptors-x3"
    units = shuffled(sheet.variant, f"{key}:units", ("celsius", "kelvin", "fahrenheit", "rankine"))[:3]
    winds = shuffled(sheet.variant, f"{key}:winds", ("knots", "m/s", "km/h", "mph"))[:3]
    name = sheet.variant.choice(f"{key}:field", ("unit", "scale", "shownIn"))
    said = sheet.variant.choice(f"{key}:class", ("Rooftop", "Harbour", "Airfield", "Summit"))

    def made() -> tuple[Any, dict[str, Any]]:
        fields = {name: new(answer, *units), "wind": new(answer, *winds)}
        done = attempt(sheet.judge.new_class, said, fields)
        if done.error is not None:
            seen = f"a class with this field cannot be made: {done.raised}{place(done)}."
            raise Wrong("", seen, "Run a small class with two `OneOf` fields in a new cell.")
        return done.value, fields

    def three(owner: Any) -> dict[str, Any]:
        things = {one: owner() for one in ("first", "second", "third")}
        apart(things, {one: {name: units[i], "wind": winds[i]} for i, one in enumerate(things)})
        return things

    def station(owner: Any) -> Any:
        return sheet.judge.new_class(f"{said}Station", {}, owner)

    with aspect(sheet, "each object keeps its own choice, in each of its fields"):
        owner, _ = made()
        # The texts come over the wire, so they are never the option objects themselves.
        again(three(owner)["first"], name, tuple(units), "first")
        for field in (name, "wind"):
            refused(owner(), field, f"no such {field}", "thing", (Exception,), owner)
    with aspect(sheet, "what is no option is refused with a ValueError, and the old stays"):
        owner, _ = made()
        things = three(owner)
        values = {one: {name: units[i], "wind": winds[i]} for i, one in enumerate(things)}
        wrong = (winds[0], units[0].upper(), f"{units[0]} ", units[1][:3], "", None, 0, True, "".join(units))
        for value in wrong:
            refused(things["first"], name, value, "first", (ValueError,), owner)
            kept(things["first"], name, units[0], value, values, "first")
        many: tuple[object, ...] = (list(units), tuple(units), {})
        for several in many:
            refused(things["first"], name, several, "first", (ValueError, TypeError), owner)
            kept(things["first"], name, units[0], several, values, "first")
        telling(station(owner), f"{said}Station", name, (winds[0], units[0].upper()), tuple(units))
    with aspect(sheet, "asked on the class, the field answers with itself"):
        owner, fields = made()
        three(owner)
        for asked_of, called in ((owner, said), (station(owner), f"{said}Station")):
            for field in (name, "wind"):
                asked = attempt(getattr, asked_of, field)
                what = f"`{called}.{field}`, read on the class,"
                advice = "Without an object, `__get__` gets None for `instance`: answer with the descriptor."
                if asked.error is not None:
                    seen = f"{what} raised {asked.raised}{place(asked)}."
                    raise Wrong("descriptors-class-read-is-plain", seen, advice)
                if asked.value is not fields[field]:
                    seen = f"{what} gave {short(asked.value)}, and not the descriptor."
                    raise Wrong("descriptors-class-read-is-plain", seen, advice)
    with aspect(sheet, "subclasses, copies and pickles keep the choice"):
        owner, _ = made()
        for made_of in (owner, station(owner)):
            three(made_of)
            for way in (copy.copy, copy.deepcopy, host.through_pickle):
                copied(made_of(), name, units, way)


def shuffled(variant: Variant, key: str, options: tuple[str, ...]) -> list[str]:
    """The options in an order of this variant."""
    return sorted(options, key=lambda option: variant.random(f"{key}:{option}").random())


def copied(thing: Any, name: str, options: list[str], call: Callable[[Any], Any]) -> None:
    """A copy has the same choice, and from then on its own."""
    way = "pickle" if call is host.through_pickle else f"copy.{call.__name__}"
    assign(thing, name, options[1], "original")
    read(thing, name, "original")
    made = attempt(judge_of(thing).witness, call, thing)
    if made.error is not None:
        advice = "Keep the plain value in the object, and nothing else."
        raise Wrong("", f"{way} of an object with this field raised {made.raised}{place(made)}.", advice)
    asked = attempt(getattr, made.value, name)
    if not exactly(asked.value, options[1]):
        came = f"raised {asked.raised}{place(asked)}" if asked.error else f"is {short(asked.value)}"
        seen = f"`original.{name}` is {short(options[1])}; `{name}` of its copy, made by {way}, {came}."
        if not hearsay(thing, host.holds, options[1]):
            advice = "Only what lies in the object is copied with it. Keep the value in `instance.__dict__`."
            raise Wrong(SHARED, f"{seen} The value lies on the descriptor, not in the object.", advice)
        raise Wrong("", seen, "Whatever `__get__` needs has to lie in the object, and is copied then.")
    assign(made.value, name, options[2], "copy")
    found = read(thing, name, "original")
    if not exactly(found, options[1]):
        seen = f"a copy by {way} was given {short(options[2])}, and the original reads {short(found)}."
        raise Wrong(SHARED, seen, "Original and copy have one place for the value. Each needs its own.")


WRONG: dict[str, tuple[tuple[Any, type[Exception]], ...]] = {
    "label": ((7, TypeError), (None, TypeError), ("", ValueError)),
    "windowSize": (("7", TypeError), (True, TypeError), (2.0, TypeError), (0, ValueError)),
    "spread": (("7.3", TypeError), (True, TypeError), (0, ValueError), (-1.5, ValueError),
               (math.nan, ValueError)),
}  # fmt: skip
"""What each field of a `StationConfig` refuses, and how."""

MISSPELT = {"windowsize": 3, "window_size": 3, "spred": 2.5, "Label": "Lund", "windowSizes": 3}


@exercise(
    "descriptors-x4",
    "Settings with usual values",
    kind="build",
    answer="StationConfig",
    aspects={
        "each field is checked, in the constructor and afterwards": 2,
        "a name that is no field is refused": 1,
        "`usual` changes what later objects begin with, and no other": 2,
        "after `usual` every field is still checked, and so are the usual values": 1,
    },
    version=3,
    wired=True,
)
def config(answer: Any, sheet: Sheet) -> None:
    """Make objects, assign, misspell, change the usual values, and do all of it again."""
    usual = usual_values(sheet.variant.course)
    drawn = numbers(sheet.variant, "descriptors-x4:more", 6)
    sizes = [usual["windowSize"] + step for step in (1, 2, 3, 4)]
    begins = {name: stands(answer, name)[0] for name in usual}

    def gone() -> list[str]:
        return [name for name in usual if begins[name] and not stands(answer, name)[0]]

    def replaced() -> None:
        if names := gone():
            raise Wrong(
                ON_CLASS,
                f"after a call of `usual`, no descriptor stands at `{answer.__name__}.{names[0]}` any more: "
                f"there is {stands(answer, names[0])[2]} instead.",
                "Who is asked when something is assigned on the class? Keep the usual values in a place of "
                "their own, where the constructor finds them.",
            )

    def call(**values: object) -> Attempt:
        setter = attempt(getattr, answer, "usual")
        if setter.error is not None:
            raise Wrong("", f"`{answer.__name__}.usual` is not there.", "Write it as a `@classmethod`.")
        return attempt(setter.value, **values)

    def make(**values: object) -> None:
        done = call(**values)
        if done.error is not None:
            given = ", ".join(f"{name}={short(value)}" for name, value in values.items())
            replaced()
            seen = f"`{answer.__name__}.usual({given})` raised {done.raised}{place(done)}."
            raise Wrong("", seen, "These values are allowed, and the call has to take them.")

    def expect(
        thing: Any, values: dict[str, Any], when: str, more: str = "",
        advice: str = "What was given comes first, then the usual value of the moment when it is made.",
    ) -> None:  # fmt: skip
        for name, value in values.items():
            found = attempt(getattr, thing, name)
            if isinstance(found.value, Remote) and hearsay(found.value, host.is_field) is True:
                kind = type(found.value).__name__
                seen = f"{when}, `{name}` is a descriptor, {kind}: it was put into the object."
                raise Wrong(ON_INSTANCE, seen, TO_THE_CLASS)
            if not exactly(found.value, value):
                replaced()
                came = f"raised {found.raised}{place(found)}" if found.error else f"is {short(found.value)}"
                raise Wrong("", f"{when}, `{name}` {came}, where {short(value)} belongs.", advice + more)

    def checked(thing: Any, said: str) -> None:
        replaced()
        for name, cases in WRONG.items():
            old = read(thing, name, said)
            for value, kind in cases:
                refused(thing, name, value, said, (kind,), answer)
                kept(thing, name, old, value, {}, said)

    with aspect(sheet, "each field is checked, in the constructor and afterwards"):
        first, second = new(answer), new(answer, windowSize=sizes[0], spread=drawn[0])
        more = " If you have called `usual` before, run the cell of the answer again."
        expect(first, usual, f"in a new `{answer.__name__}()`", more)
        expect(second, {**usual, "windowSize": sizes[0], "spread": drawn[0]}, "with two values given", more)
        for name, cases in WRONG.items():
            for value, kind in cases:
                refused(first, name, value, "first", (kind,), answer)
        apart(
            {"first": first, "second": second},
            {
                "first": {"label": "first", "windowSize": sizes[1], "spread": drawn[1]},
                "second": {"label": "second", "windowSize": sizes[2], "spread": drawn[2]},
            },
        )
        checked(first, "first")
        for name, cases in WRONG.items():
            for value, kind in cases:
                done = attempt(answer, **{name: value})
                called = f"`{answer.__name__}({name}={short(value)})`"
                if done.error is None:
                    advice = "Let the constructor assign as everybody does, `self.… = …` or `setattr`."
                    raise Wrong(TYPES, f"{called} was taken, without an error.", advice)
                if not isinstance(done.error, kind):
                    seen = f"{called} raised {done.raised}{place(done)}; asked for is a {kind.__name__}."
                    raise Wrong("", seen, "Let the field's own error come out of the constructor.")
    with aspect(sheet, "a name that is no field is refused"):
        thing = new(answer)
        for name in usual:
            refused(thing, name, WRONG[name][0][0], "config", (WRONG[name][0][1],), answer)
        for name, value in MISSPELT.items():
            done = attempt(setattr, thing, name, value)
            what = f"`config.{name} = {short(value)}`"
            if done.error is None:
                advice = "A field answers for its own name alone. `__setattr__` is called for every name."
                raise Wrong("", f"{what} was taken, without an error.", advice)
            if not isinstance(done.error, AttributeError) or name not in message(done):
                seen = f"{what} raised {done.raised}{place(done)}."
                raise Wrong("", seen, "Asked for is an `AttributeError` whose message names the name.")
            done = attempt(answer, **{name: value})
            if not isinstance(done.error, AttributeError | TypeError):
                came = "was taken, without an error" if done.error is None else f"raised {done.raised}"
                seen = f"`{answer.__name__}({name}={short(value)})` {came}."
                raise Wrong("", seen, "The constructor refuses a name that it does not know, too.")
        assign(thing, "windowSize", sizes[0], "config")
    try:
        with aspect(sheet, "`usual` changes what later objects begin with, and no other"):
            before = new(answer)
            assign(before, "spread", drawn[3], "before")
            make(windowSize=sizes[3])
            called = f"after `usual(windowSize={sizes[3]})`"
            expect(new(answer), {**usual, "windowSize": sizes[3]}, f"{called}, in a new object")
            expect(before, {**usual, "spread": drawn[3]}, f"{called}, in an object that was made before")
            make(label="roof", spread=drawn[4])
            later = {"label": "roof", "windowSize": sizes[3], "spread": drawn[4]}
            expect(new(answer), later, "after two calls of `usual`, in a new object")
            expect(new(answer, label="dome"), {**later, "label": "dome"}, "after `usual`, with a label given")
            expect(before, {**usual, "spread": drawn[3]}, "after two calls, in an object made before")
        with aspect(sheet, "after `usual` every field is still checked, and so are the usual values"):
            before = new(answer)
            make(**usual)
            make(label="roof", spread=drawn[4])
            checked(new(answer), "later")
            checked(before, "before")
            known = {**usual, "label": "roof", "spread": drawn[4]}
            wrong = [{name: value} for name, cases in WRONG.items() for value, _ in cases]
            wrong += [{"windowsize": 3}, {"label": "dome", "spred": 2.5}, {"label": "dome", "spread": 0}]
            for values in wrong:
                done = call(**values)
                given = ", ".join(f"{name}={short(value)}" for name, value in values.items())
                if not isinstance(done.error, AttributeError | TypeError | ValueError):
                    replaced()
                    came = "was taken, without an error" if done.error is None else f"raised {done.raised}"
                    seen = f"`{answer.__name__}.usual({given})` {came}."
                    advice = "Who checks a value? A field, when an object is assigned to. Make an object."
                    raise Wrong("", seen, advice)
                refusal = f"after `usual({given})` was refused"
                advice = "Let all the values be checked before you change the first usual one."
                newer = attempt(answer)
                if newer.error is not None:
                    seen = f"{refusal}, `{answer.__name__}()` raised {newer.raised}{place(newer)}."
                    raise Wrong("", seen, advice)
                expect(newer.value, known, f"{refusal}, in a new object", advice=advice)
    finally:
        # Where there is no child process, the next check meets the same class.
        attempt(lambda: answer.usual(**usual))


@materials(config)
def usual_values(variant: Variant) -> dict[str, Any]:
    """The usual values of a station's settings."""
    key = "descriptors-x4"
    (label,), (spread,) = variant.stations(key, 1), numbers(variant, key, 1)
    return {"label": label, "windowSize": variant.number(key, 5, 15), "spread": spread}


class Plain:
    """one that keeps the value in the object"""

    storage = "_{}"

    def put(self, place: int, kind: int) -> str:
        """What to keep when a value is assigned: it gets this place, and the object is of this kind."""
        return ""

    def take(self, place: int | None, kind: int) -> tuple[int | None, str]:
        """Which value to read, where the object's own is at this place; and what to keep."""
        return place, ""

    def refuse(self) -> str:
        """What to keep when a value is refused."""
        return ""


class SameName(Plain):
    """one that keeps the value in the object's dict, under the field's own name"""

    storage = "{}"


class Cycle(Plain):
    """one whose objects and values refer to each other, in a cycle"""

    def put(self, place: int, kind: int) -> str:
        return "cycle"


class Weak(Plain):
    """one that keeps values by the object's number, and forgets them when the object goes"""

    storage = ""


class Last(Plain):
    """one that keeps one value, the last, for all objects"""

    kept: int | None = None

    def put(self, place: int, kind: int) -> str:
        self.kept = place
        return ""

    def take(self, place: int | None, kind: int) -> tuple[int | None, str]:
        return self.kept, ""


class First(Last):
    """one that keeps one value, the first, for all objects"""

    def put(self, place: int, kind: int) -> str:
        self.kept = place if self.kept is None else self.kept
        return ""


class OnClass(Plain):
    """one that keeps the value on the class of the object"""

    def __init__(self) -> None:
        self.kept: dict[int, int] = {}

    def put(self, place: int, kind: int) -> str:
        self.kept[kind] = place
        return ""

    def take(self, place: int | None, kind: int) -> tuple[int | None, str]:
        return self.kept.get(kind), ""


class Remembered(Last):
    """one that remembers what was read first, and answers every object with it"""

    def put(self, place: int, kind: int) -> str:
        return ""

    def take(self, place: int | None, kind: int) -> tuple[int | None, str]:
        self.kept = place if self.kept is None else self.kept
        return self.kept, ""


class Keyed(Plain):
    """one that keeps each object, with its value, in a dict"""

    def put(self, place: int, kind: int) -> str:
        return "all"


class Latest(Plain):
    """one that keeps the one object to which it was assigned last"""

    def put(self, place: int, kind: int) -> str:
        return "one"


class Earliest(Plain):
    """one that keeps the one object to which it was assigned first"""

    def put(self, place: int, kind: int) -> str:
        return "" if place else "all"


class Reader(Plain):
    """one that keeps the object of which it was read last"""

    def take(self, place: int | None, kind: int) -> tuple[int | None, str]:
        return place, "one"


class Error(Plain):
    """one that keeps the error with which it refused, and with its traceback the object"""

    def refuse(self) -> str:
        return "error"


class Refused(Plain):
    """one that keeps a list of what it refused, and from whom"""

    def refuse(self) -> str:
        return "all"


RIGHT: tuple[type[Plain], ...] = (Plain, SameName, Cycle, Weak)
SHARING: tuple[type[Plain], ...] = (Last, First, OnClass, Remembered)
KEEPING: tuple[type[Plain], ...] = (Keyed, Latest, Earliest, Reader)
KEEPING_REFUSED: tuple[type[Plain], ...] = (Error, Refused)


class Notes:
    """Decides what the fields of one program do, and notes what a test did with them."""

    def __init__(self, program: type[Plain]) -> None:
        self.program = program
        self.fields: list[Plain] = []
        self.named = self.objects = self.refused = 0

    def decide(self, event: str, field: int = 0, *given: Any) -> Any:
        """Answer a field's question: see `descriptors_host.field_class`."""
        match event, given:
            case "made", ():
                self.fields.append(self.program())
                return len(self.fields) - 1
            case "named", ():
                self.named += 1
                return self.fields[field].storage
            case "get", (place, kind):
                return self.fields[field].take(place, kind)
            case "refuse", _:
                self.refused += 1
                return self.fields[field].refuse()
            case "set", (before, kind, place):
                self.objects += before is None
                return self.fields[field].put(place, kind)
        raise ValueError(event)


@dataclass(frozen=True, eq=False)
class Tested:
    """One run of a student's test with one program. fields: the class that it was given, in the host."""

    program: type[Plain]
    notes: Notes
    fields: Any
    end: Attempt

    @property
    def failed(self) -> bool:
        return isinstance(self.end.error, AssertionError)

    def __str__(self) -> str:
        return str(self.program.__doc__)


@exercise(
    "descriptors-x5",
    "A test that catches a field that leaks",
    kind="test",
    answer="test_field",
    aspects={
        "it fails for each field that shares values": 2,
        "it fails for each field that keeps objects alive": 2,
        "it fails for each that keeps an object after a refusal": 1,
        "it passes each right field": 1,
    },
    version=3,
    wired=True,
)
def testing(answer: Any, sheet: Sheet) -> None:
    """Run the test with right fields and with those that leak, in an order of this variant."""
    programs = (*RIGHT, *SHARING, *KEEPING, *KEEPING_REFUSED)
    order = sorted(programs, key=lambda one: sheet.variant.random(f"descriptors-x5:{one.__name__}").random())
    runs: dict[type[Plain], Tested] = {}
    judge = sheet.judge

    def fields(notes: Notes) -> Any:
        return judge.witness(host.field_class, Callback(notes.decide))

    judge.witness(host.quick, True)
    try:
        for program in order:
            notes = Notes(program)
            given = fields(notes)
            runs[program] = Tested(program, notes, given, attempt(answer, given))
    finally:
        judge.witness(host.quick, False)

    def catches(those: tuple[type[Plain], ...], missed: Callable[[Tested], Wrong]) -> None:
        plain = runs[Plain]
        if plain.end.error is not None:
            raise rejected(plain)
        for one in (runs[program] for program in those):
            if one.end.error is None:
                if line := hearsay(answer, swallowed_at, fields(Notes(one.program))):
                    seen = (
                        f"with a field, {one}, an assertion of your test fails, and something swallows that"
                    )
                    advice = "Take away the `try` or `with` around the `assert`: what fails has to come out."
                    raise Wrong("", f"{seen}: {line}.", advice)
                if one.end.value is not None:
                    seen = (
                        f"with a field, {one}, your test returned {short(one.end.value)}, and raised nothing."
                    )
                    raise Wrong("", seen, "A test says no by an error: `assert` in place of `return`.")
                raise missed(one)
            if not one.failed:
                seen = f"with a field, {one}, your test raised {one.end.raised}{place(one.end)}."
                raise Wrong("", seen, "Let an `assert` fail: the report tells then what was found.")

    with aspect(sheet, "it fails for each field that shares values"):
        catches(SHARING, sharing_missed)
    with aspect(sheet, "it fails for each field that keeps objects alive"):
        catches(KEEPING, lambda one: keeping_missed(one, [runs[program] for program in KEEPING]))
    with aspect(sheet, "it fails for each that keeps an object after a refusal"):
        catches(KEEPING_REFUSED, refusal_missed)
    with aspect(sheet, "it passes each right field"):
        for program in RIGHT:
            if runs[program].end.error is not None:
                raise rejected(runs[program])
        if all(run.end.error is None for run in runs.values()):
            raise Wrong("", "your test passes every field, right or wrong.", "Mend what stands above first.")


def rejected(one: Tested) -> Wrong:
    """What to say of a test that fails for a right field."""
    seen = f"your test rejects a right field, {one}: {one.end.raised}{place(one.end)}."
    if one.notes.fields and not one.notes.named and not one.failed:
        advice = "Write `field()` into the body of a class: that is when a field is told its name."
        return Wrong("descriptors-set-name-always", seen, advice)
    if one.program is Cycle and one.failed:
        advice = "Give the cycle collector its turn before you look: `gc.collect()`."
        return Wrong("leaks-refcount-closes", seen, advice)
    advice = (
        "Compare with what was assigned, and nothing else. Before you look whether an object is gone, let go "
        "of it yourself: names, lists, the name of a loop, an error that you kept."
    )
    if isinstance(one.end.error, TypeError) and one.notes.refused:
        advice = "A right field refuses a text with a `TypeError`: catch it around that assignment."
    return Wrong("", seen, advice)


def sharing_missed(one: Tested) -> Wrong:
    """What to say of a test that passes a field that shares."""
    notes, seen = one.notes, f"your test passes a field, {one}"
    if not notes.fields:
        advice = "Your test is given a class of fields: write `field()` into the body of a class of your own."
        return Wrong("", f"{seen}: it never makes a field.", advice)
    asked = notes.objects or notes.refused
    if not notes.named and not asked:
        seen += ": it puts the field into an object, and the field is never asked."
        return Wrong(ON_INSTANCE, seen, TO_THE_CLASS)
    gone = hearsay(one.fields, host.replaced)
    if gone:
        seen += f": it assigns to `{gone}`, on the class, and no field is left there."
        return Wrong(ON_CLASS, seen, "Assign on objects of the class: that calls `__set__`.")
    if not asked:
        return Wrong("", f"{seen}: it assigns nothing to an object.", "Assign to two objects, and read both.")
    if notes.objects == 1:
        advice = "What is shared shows when a second object gets another value. Then read both."
        return Wrong(SHARED, f"{seen}: it assigns to one object alone.", advice)
    advice = "Assign to both objects first, different values, and only then read the one and the other."
    return Wrong(SHARED, f"{seen}: it does not read both after both were assigned different values.", advice)


def keeping_missed(one: Tested, all_of_them: list[Tested]) -> Wrong:
    """What to say of a test that passes a field that keeps objects."""
    seen = f"your test passes a field, {one}."
    if all(run.end.error is None for run in all_of_them):
        advice = (
            "Equal values say nothing about who holds the object. Keep a `weakref.ref` to it, let it go, and "
            "see whether it is gone."
        )
        return Wrong("descriptors-dict-lets-go", seen, advice)
    advice = (
        "Assign and read, and keep a weak reference to each object. Then let go of all of them, the last one "
        "too, before you look at any."
    )
    return Wrong("", seen, advice)


def refusal_missed(one: Tested) -> Wrong:
    """What to say of a test that passes a field that keeps an object after a refusal."""
    said = ": it never assigns anything that is refused" if not one.notes.refused else ""
    advice = (
        "Assign a text to an object as well, catch the `TypeError`, let the object go, and see whether it is "
        "gone."
    )
    if one.notes.refused:
        advice = (
            "Keep a weak reference to the very object that was refused the text, and look at it after all "
            "else. Catch the error by `try` and `except`: `assertRaises` lets go of what an error holds."
        )
    return Wrong("leaks-traceback-keeps", f"your test passes a field, {one}{said}.", advice)


@materials(testing)
def samples(variant: Variant) -> Any:
    """Three field classes to try a test with: one right, one that shares, one that keeps objects."""
    programs: dict[str, type[Plain]] = {"right": Plain, "shares": Last, "keeps": Keyed}
    return {key: host.field_class(Notes(one).decide) for key, one in programs.items()}
