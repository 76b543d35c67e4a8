"""Checks of the assignment on descriptors: where a value lies, who is asked, and what goes past the check."""

from __future__ import annotations

import copy
import gc
import inspect
import io
import linecache
import math
import pickle
import re
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lifecycle.study.cards import described as short
from lifecycle.study.checks.exercise import (
    Attempt,
    Sheet,
    Wrong,
    attempt,
    exactly,
    exercise,
    is_student,
)
from lifecycle.study.checks.variant import Variant

SHARED, ON_INSTANCE, GETATTR = (
    "descriptors-shared-value",
    "descriptors-on-the-instance",
    "descriptors-getattr-finds-value",
)
TYPES, ON_CLASS = "descriptors-types-are-checked", "descriptors-class-assignment-checked"


def answers(owner: object, name: str) -> bool:
    """Whether an assignment to this attribute calls a `__set__` that stands on the class."""
    return hasattr(type(inspect.getattr_static(owner, name, None)), "__set__")


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
    lines: Counter[str] = Counter()
    trace = done.error.__traceback__ if done.error else None
    while trace is not None:
        name, number = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        if is_student(name):
            lines[f", at line {number}: `{linecache.getline(name, number).strip()}`"] += 1
        trace = trace.tb_next
    at = max(lines, key=lambda line: lines[line], default="")
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


def carries(thing: object) -> bool:
    """Whether an object holds descriptors in its own dictionary, where nobody asks them."""
    own = attempt(vars, thing).value or {}
    return any(hasattr(type(value), "__set__") or hasattr(type(value), "__get__") for value in own.values()
               if not callable(value))  # fmt: skip


def taken(name: str, value: object, said: str, on_class: bool, carried: bool) -> Wrong:
    """What to say of a wrong value that was stored."""
    seen = f"`{said}.{name} = {short(value)}` was taken, without an error"
    if on_class:
        advice = "Compare type and value yourself, in `__set__`, before you store: Python compares nothing."
        return Wrong(TYPES, f"{seen}.", advice)
    if carried:
        seen += f": the descriptor lies in the object, `vars({said})`, and not on the class."
        return Wrong(ON_INSTANCE, seen, "Write it into the body of the class, once for all its objects.")
    seen += f": nothing on the class answers for `{name}`."
    return Wrong(TYPES, seen, "Put a descriptor with `__set__` on the class, under this name.")


def refused(
    thing: object, name: str, value: object, said: str, allowed: tuple[type[Exception], ...],
    carried: bool = False,
) -> Attempt:  # fmt: skip
    """Assign what is wrong: it must raise one of `allowed`."""
    done = attempt(setattr, thing, name, value)
    what = f"`{said}.{name} = {short(value)}`"
    if done.error is None:
        raise taken(name, value, said, answers(type(thing), name), carried)
    if isinstance(done.error, RecursionError):
        raise endless(what, done)
    if not isinstance(done.error, allowed):
        kinds = " or ".join(kind.__name__ for kind in allowed)
        advice = f"It has to be a {kinds}, raised by your own `if`: wrong type first, then wrong value."
        raise Wrong("", f"{what} raised {done.raised}{place(done)}; asked for is a {kinds}.", advice)
    return done


@contextmanager
def quick_collector() -> Iterator[None]:
    """Let `gc.collect` look at new objects alone: all those of a notebook take too long."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def goes(make: Callable[[], Any]) -> bool:
    """Whether an object that nobody uses any more can be collected."""
    thing = make()
    watched = weakref.ref(thing)
    del thing
    gc.collect()
    return watched() is None


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
        "settings that nobody uses any more go": 1,
    },
)
def sharing(answer: Any, sheet: Sheet) -> None:
    """Assign to three objects in turn, then read them all; then wrong values; then let one go."""
    drawn = numbers(sheet.variant, "descriptors-x1", 6)
    sorts = ("first", "second", "third")
    values = {said: {"center": drawn[i], "spread": drawn[i + 3]} for i, said in enumerate(sorts)}

    def three() -> tuple[dict[str, Any], bool]:
        things = {said: new(answer) for said in sorts}
        return things, carries(things["first"])

    with aspect(sheet, "each settings object keeps its own checked values"):
        things, carried = three()
        apart(things, values)
        for name in ("center", "spread"):
            refused(things["first"], name, f"{drawn[0]}", "first", (TypeError,), carried)
    with aspect(sheet, "what is no number is refused, and the old value stays"):
        things, carried = three()
        for said, fields in values.items():
            for name, value in fields.items():
                assign(things[said], name, value, said)
        for name in ("spread", "center"):
            for wrong in (f"{drawn[0]}", None, True, [drawn[1]]):
                refused(things["first"], name, wrong, "first", (TypeError,), carried)
                kept(things["first"], name, values["first"][name], wrong, values, "first")
    with aspect(sheet, "settings that nobody uses any more go"):

        new(answer)
        # A class of the check's own, since one with `__slots__` need not allow to be watched.
        watchable = type(answer.__name__, (answer,), {})

        def used() -> Any:
            thing = new(watchable)
            carried = carries(thing)
            for name, value in values["first"].items():
                assign(thing, name, value, "settings")
                read(thing, name, "settings")
                refused(thing, name, f"{value}", "settings", (TypeError,), carried)
            return thing

        with quick_collector():
            if not goes(used):
                raise Wrong(
                    "descriptors-dict-lets-go",
                    "`spread` of a settings object was assigned, then its last name went. The object is "
                    "still alive: something that belongs to the class refers to it.",
                    "Look for a dict or a list on the descriptor that holds the objects. Let each object "
                    "hold its value instead.",
                )


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
        done = attempt(type, named, (), fields)
        if done.error is not None:
            seen = f"a class with this field cannot be made: {done.raised}{place(done)}."
            raise Wrong("", seen, "Run a small class with two `Whole` fields in a new cell.")
        return done.value if name == named else type(name, (done.value,), {})

    with aspect(sheet, "only whole numbers are taken, all else is a TypeError"):
        host = made()
        things = {said: host() for said in ("first", "second", "third")}
        own = (least, middle, most)
        both = [{field: one, "channels": one + 1} for one in own]
        apart(things, dict(zip(things, both, strict=True)))
        for value in no_numbers:
            refused(things["first"], field, value, "first", (TypeError,))
    with aspect(sheet, "a whole number out of range is a ValueError"):
        thing = made()()
        for value in (least, most):
            assign(thing, field, value, "thing")
        for value in outside:
            refused(thing, field, value, "thing", (ValueError,))
    with aspect(sheet, "a refused assignment leaves the old value"):
        host = made()
        values = {"first": {field: least + 1}, "second": {field: most - 1}}
        things = {said: host() for said in values}
        apart(things, values)
        for value in (*no_numbers, *outside):
            if attempt(setattr, things["first"], field, value).error is None:
                raise taken(field, value, "first", True, False)
            kept(things["first"], field, least + 1, value, values, "first")
    with aspect(sheet, "the message names class, field, value and what is allowed"):
        telling(made(f"{named}Station"), field, (str(most * 37), most * 37, least - 1), (least, most))


def telling(host: Any, field: str, wrong: tuple[object, ...], allowed: tuple[object, ...]) -> None:
    """Each message of a refusal holds the class, the field, the value given and what is allowed."""
    for value in wrong:
        thing = host()
        assign(thing, field, allowed[0], "thing")
        done = refused(thing, field, value, "thing", (TypeError, ValueError))
        text = str(attempt(str, done.error).value)
        what = f"the message for {short(value)} in `{field}` of a {host.__name__} is “{done.raised}”"
        if host.__name__ not in text:
            belief = "descriptors-self-is-settings" if re.search(r"\b(Whole|OneOf)\b", text) else ""
            advice = f"It has to name {host.__name__}, the class of the object: `type(instance).__name__`."
            raise Wrong(belief, f"{what}: it does not name the class of the object.", advice)
        parts: dict[object, str] = {field: "the field", value: "the value given"}
        parts |= dict.fromkeys(allowed, "all of what is allowed")
        for part, name in parts.items():
            if not re.search(rf"(?<!\w){re.escape(str(part))}(?!\w)", text):
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
)
def one_of(answer: Any, sheet: Sheet) -> None:
    """Put two fields on a class of the check's own; assign, refuse, ask the class, inherit, copy, pickle."""
    key = "descriptors-x3"
    units = shuffled(sheet.variant, f"{key}:units", ("celsius", "kelvin", "fahrenheit", "rankine"))[:3]
    winds = shuffled(sheet.variant, f"{key}:winds", ("knots", "m/s", "km/h", "mph"))[:3]
    name = sheet.variant.choice(f"{key}:field", ("unit", "scale", "shownIn"))
    said = sheet.variant.choice(f"{key}:class", ("Rooftop", "Harbour", "Airfield", "Summit"))

    def made() -> Any:
        fields = {name: new(answer, *units), "wind": new(answer, *winds)}
        done = attempt(type, said, (), fields)
        if done.error is not None:
            seen = f"a class with this field cannot be made: {done.raised}{place(done)}."
            raise Wrong("", seen, "Run a small class with two `OneOf` fields in a new cell.")
        return done.value

    def three(host: Any) -> dict[str, Any]:
        things = {one: host() for one in ("first", "second", "third")}
        apart(things, {one: {name: units[i], "wind": winds[i]} for i, one in enumerate(things)})
        return things

    with aspect(sheet, "each object keeps its own choice, in each of its fields"):
        host = made()
        three(host)
        for field in (name, "wind"):
            refused(host(), field, f"no such {field}", "thing", (ValueError,))
    with aspect(sheet, "what is no option is refused with a ValueError, and the old stays"):
        host = made()
        things = three(host)
        values = {one: {name: units[i], "wind": winds[i]} for i, one in enumerate(things)}
        wrong = (winds[0], units[0].upper(), f"{units[0]} ", units[1][:3], "", None, 0, True, "".join(units))
        for value in wrong:
            refused(things["first"], name, value, "first", (ValueError,))
            kept(things["first"], name, units[0], value, values, "first")
        many: tuple[object, ...] = (list(units), tuple(units), {})
        for several in many:
            refused(things["first"], name, several, "first", (ValueError, TypeError))
            kept(things["first"], name, units[0], several, values, "first")
        telling(type(f"{said}Station", (host,), {}), name, (winds[0], units[0].upper()), tuple(units))
    with aspect(sheet, "asked on the class, the field answers with itself"):
        host = made()
        three(host)
        for owner in (host, type(f"{said}Station", (host,), {})):
            for field in (name, "wind"):
                asked = attempt(getattr, owner, field)
                what = f"`{owner.__name__}.{field}`, read on the class,"
                advice = "Without an object, `__get__` gets None for `instance`: answer with the descriptor."
                if asked.error is not None:
                    seen = f"{what} raised {asked.raised}{place(asked)}."
                    raise Wrong("descriptors-class-read-is-plain", seen, advice)
                if asked.value is not vars(host)[field]:
                    seen = f"{what} gave {short(asked.value)}, and not the descriptor."
                    raise Wrong("descriptors-class-read-is-plain", seen, advice)
    with aspect(sheet, "subclasses, copies and pickles keep the choice"):
        host = made()
        for owner in (host, type(f"{said}Station", (host,), {})):
            three(owner)
            for way in (copy.copy, copy.deepcopy, through_pickle):
                copied(owner(), name, units, way)


def shuffled(variant: Variant, key: str, options: tuple[str, ...]) -> list[str]:
    """The options in an order of this variant."""
    return sorted(options, key=lambda option: variant.random(f"{key}:{option}").random())


def copied(thing: Any, name: str, options: list[str], call: Callable[[Any], Any]) -> None:
    """A copy has the same choice, and from then on its own."""
    way = "pickle" if call is through_pickle else f"copy.{call.__name__}"
    assign(thing, name, options[1], "original")
    read(thing, name, "original")
    made = attempt(call, thing)
    if made.error is not None:
        advice = "Keep the plain value in the object, and nothing else."
        raise Wrong("", f"{way} of an object with this field raised {made.raised}{place(made)}.", advice)
    asked = attempt(getattr, made.value, name)
    if not exactly(asked.value, options[1]):
        came = f"raised {asked.raised}{place(asked)}" if asked.error else f"is {short(asked.value)}"
        away = not any(exactly(one, options[1]) for one in (attempt(vars, thing).value or {}).values())
        seen = f"`original.{name}` is {short(options[1])}; `{name}` of its copy, made by {way}, {came}."
        if away:
            advice = "Only what lies in the object is copied with it. Keep the value in `instance.__dict__`."
            raise Wrong(SHARED, f"{seen} The value lies on the descriptor, not in the object.", advice)
        raise Wrong("", seen, "Whatever `__get__` needs has to lie in the object, and is copied then.")
    assign(made.value, name, options[2], "copy")
    found = read(thing, name, "original")
    if not exactly(found, options[1]):
        seen = f"a copy by {way} was given {short(options[2])}, and the original reads {short(found)}."
        raise Wrong(SHARED, seen, "Original and copy have one place for the value. Each needs its own.")


class _Pickler(pickle.Pickler):
    """Refers to the check's own classes, which no module holds, by number."""

    def __init__(self, file: io.BytesIO, classes: list[type]) -> None:
        super().__init__(file)
        self.classes = classes

    def persistent_id(self, thing: Any) -> int | None:
        return self.classes.index(thing) if isinstance(thing, type) and thing in self.classes else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, classes: list[type]) -> None:
        super().__init__(file)
        self.classes = classes

    def persistent_load(self, number: Any) -> Any:
        return self.classes[number]


def through_pickle(thing: Any) -> Any:
    """What comes back when an object is pickled."""
    file = io.BytesIO()
    _Pickler(file, [type(thing)]).dump(thing)
    file.seek(0)
    return _Unpickler(file, [type(thing)]).load()
