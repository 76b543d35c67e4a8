"""Common to the checks on descriptors: steps with an answer's objects, up to the first that goes wrong."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lessons.exercises import Observation, Rule, Sheet, Variant, attempt, exactly, short
from lessons.exercises import descriptors_host as host
from lessons.exercises.exercise import Attempt, told
from lessons.judge.judge import Remote, judge_of

ON_INSTANCE = "descriptors-on-the-instance"

COMPARE = "Check type and value yourself before you store. `True` is an `int`; `in` finds parts of a text."
TO_THE_CLASS = "Assign the field in the body of the class, once for all its objects."

USUAL = {
    "endless": ("descriptors-getattr-finds-value",
        "Follow the line: what does Python ask for this attribute of this object? Go past the descriptor, "
        "through the instance dictionary, or use a storage name that is not the field's own."),
    "raised misspelt": ("",
        "Write `__set_name__`, with both underscores in the middle: Python calls no other name."),
    "raised": ("", "Run this line by itself in a new cell, and read the traceback."),
    "other object": ("descriptors-shared-value",
        "One descriptor, on the class, serves all objects. Store the value in the object, `instance`."),
    "other self": ("", "An empty object counts as false. Compare `instance is None`."),
    "other field": ("",
        "Each field needs a storage name of its own: make it from the name that `__set_name__` is given."),
    "other": ("", "Store the assigned value unchanged, in place of the old one, and return it."),
    "taken object": (ON_INSTANCE, TO_THE_CLASS),
    "taken nothing": ("", "Put a descriptor with `__set__` on the class, under this name."),
    "taken": ("", COMPARE),
    "kind": ("", "Your own `if` must raise it: check the type first, then the value."),
    "changed": ("", "Check before you store. If you raise first, nothing changes."),
    "class": ("", "The class of the object is `type(instance)`, perhaps a subclass. `self` is the field."),
    "unsaid": ("", "Say what was given and what is allowed, each time: the reader has only this line."),
}  # fmt: skip
"""The default misconception and advice for a step that went wrong."""


class Step(Exception):
    """A step that went wrong: the action and the result, as two parts of a sentence.

    how: "endless" (to read), "raised" (although it is allowed), "other" (another value is read), "taken"
    (although it is wrong), "kind" (another error than required), "changed" (by a refusal) or a script's own
    word. After a blank come details. Examples: whose value is read, or which field took a value.
    """

    def __init__(self, what: str, came: str, how: str) -> None:
        super().__init__(what)
        self.what, self.came, self.how = what, came, how


def row(of: Observation, how: str | tuple[str, ...], belief: str, advice: str, seen: str = "") -> Rule:
    """A rule for a step that went wrong in this way ("": any way). seen: the second part of its sentence."""
    return Rule(of, lambda step: step.how.startswith(how), f"{{what}} {{came}}{seen}.", belief, advice)


def rows(of: Observation, *hows: str) -> list[Rule]:
    """A rule for each of these ways to go wrong, with its usual belief and advice."""
    return [row(of, how, *USUAL[how]) for how in hows]


class Script:
    """Takes steps with objects of one answer. The first that goes wrong raises `Step`, so it is the last."""

    def __init__(self, answer: Any, sheet: Sheet) -> None:
        self.answer, self.sheet, self.variant, self.judge = answer, sheet, sheet.variant, sheet.judge
        self.objects: dict[str, Any] = {}
        self.assigned: dict[str, dict[str, Any]] = {}

    def new(self, *said: str, of: Any = None, **begins: Any) -> None:
        """Make objects, each with a name and these values to begin with. Raises what the answer raises."""
        for one in said:
            self.objects[one] = (self.answer if of is None else of)()
            self.assigned[one] = dict(begins)

    def assign(self, said: str, **fields: Any) -> None:
        """Assign what is allowed."""
        for name, value in fields.items():
            done = attempt(setattr, self.objects[said], name, value)
            self.went(f"`{said}.{name} = {short(value)}`", said, name, done)
            self.assigned[said][name] = value

    def several(self, values: Sequence[dict[str, Any]], of: Any = None) -> None:
        """Assign to three objects, read them and one without a value; assign the rest to the second."""
        self.new("first", "second", "third", "fresh", of=of)
        before = {name: attempt(getattr, self.objects["fresh"], name) for name in values[0]}
        for said, fields in zip(("first", "second", "third"), values, strict=False):
            self.assign(said, **fields)
        for said in self.objects:
            self.read(said)
        for name, done in before.items():
            self.as_before("fresh", name, done, "others were assigned to", "other object")
        for fields in values[3:]:
            self.assign("second", **fields)
            self.read("second")
            self.read("third")

    def crossed(self, said: str, values: dict[str, Any], of: Any = None) -> None:
        """All fields of an object are assigned, then read; then those of another one, in the other order."""
        for order in (values.items(), reversed(values.items())):
            self.new(said, of=of)
            before = {name: attempt(getattr, self.objects[said], name) for name in values}
            for name, value in order:
                self.as_before(said, name, before[name], "another field was assigned", "other field")
                self.assign(said, **{name: value})
            self.read(said)

    def went(self, what: str, said: str, name: str, done: Attempt) -> None:
        """Check that a step raised no error."""
        if isinstance(done.error, RecursionError):
            most = told(done.error, "most")
            how = "endless" if what.startswith("reading") else "raised"
            raise Step(what, "never ends: RecursionError" + (f", at {most}" if most else ""), how)
        misspelt = isinstance(done.error, AttributeError) and hearsay(self.objects[said], host.misspelt, name)
        if misspelt is True:
            raise Step(what, f"raised {done.said}: nothing told the field its name", "raised misspelt")
        if done.error is not None:
            raise Step(what, f"raised {done.said}", "raised")

    def read(self, said: str) -> None:
        """Read what was assigned, and check whose value it is."""
        for name, value in self.assigned[said].items():
            done = attempt(getattr, self.objects[said], name)
            self.went(f"reading `{said}.{name}`, which was assigned {short(value)},", said, name, done)
            if not exactly(done.value, value):
                whose, more = self.whose(said, name, done.value)
                what = f"`{said}.{name}` was assigned {short(value)}, and"
                raise Step(what, f"{came(done)}{whose}", f"other {more}")

    def whose(self, said: str, name: str, value: Any) -> tuple[str, str]:
        """Whose value was read instead of the right one, as a phrase and as one word."""
        if is_field(value):
            return ", which is the field", "self"
        # Something else in place of an empty value is more often a mistake with `or` than a shared place.
        others = self.assigned if self.assigned[said].get(name) else {}
        for other, fields in others.items():
            if other != said and any(exactly(value, one) for one in fields.values()):
                return f", which was assigned to `{other}`", "object"
        for other, one in self.assigned[said].items():
            if other != name and exactly(value, one):
                both = hearsay(self.objects[said], host.one_field, name, other) is True
                return f", which was assigned to `{said}.{other}`", "field one" if both else "field"
        return "", ""

    def refuse(self, said: str, name: str, value: Any, *allowed: type[Exception]) -> None:
        """Assign a wrong value: this must raise one of `allowed`."""
        thing, what = self.objects[said], f"`{said}.{name} = {short(value)}`"
        done = attempt(setattr, thing, name, value)
        if isinstance(done.error, RecursionError):
            self.went(what, said, name, done)
        if done.error is None and hearsay(thing, host.lacks, name):
            what += " was taken, without an error:"
            if hearsay(thing, host.carries) is True:
                place = f"into `vars({said})`, and Python does not call its `__set__` there"
                raise Step(what, f"the descriptor was put into the object, {place}", "taken object")
            raise Step(what, f"the class has no field `{name}`", "taken nothing")
        if done.error is None and exactly(attempt(getattr, thing, name).value, value):
            raise Step(what, "was taken, without an error", "taken as it is")
        refused(what, done, *allowed)

    def stay(self, said: str, name: str, wrong: Any) -> None:
        """After a refusal all old values are still there."""
        why = f"`{said}.{name} = {short(wrong)}` was refused"
        for one, value in self.assigned[said].items():
            self.as_before(said, one, Attempt(value), why, "changed")

    def untouched(self, name: str, wrong: Iterable[Any], of: Any = None) -> None:
        """Refuse a value for objects that have none: reading must give the same as before."""
        for value in wrong:
            self.new("fresh", of=of)
            thing, what = self.objects["fresh"], f"`fresh.{name} = {short(value)}`"
            before, done = attempt(getattr, thing, name), attempt(setattr, thing, name, value)
            if isinstance(done.error, AttributeError | KeyError):
                raise Step(f"`fresh` had no value, and {what}", f"raised {done.said}", "changed")
            if done.error is not None:
                self.as_before("fresh", name, before, f"{what} was refused", "changed")

    def as_before(self, said: str, name: str, before: Attempt, why: str, how: str) -> None:
        """See that a field reads as it did before, also if it has no value."""
        after = attempt(getattr, self.objects[said], name)
        if type(after.error) is not type(before.error) or not exactly(after.value, before.value):
            whose, more = self.whose(said, name, after.value)
            what = f"at first `{said}.{name}` {came(before)}; {why}, and then it"
            raise Step(what, f"{came(after)}{whose}", f"{how.split()[0]} {more}" if more else how)

    def tell(self, owner: Any, called: str, field: str, wrong: Iterable[Any], allowed: Sequence[Any]) -> None:
        """Check that the message for each refused value names everything that is needed."""
        where, refused = f"`{called}.{field}`", False
        for value in wrong:
            thing = owner()
            setattr(thing, field, allowed[0])
            error = attempt(setattr, thing, field, value).error
            unhashable = isinstance(error, TypeError) and isinstance(value, list)
            if error is None or unhashable or isinstance(error, AttributeError | RecursionError):
                continue  # accepted values and other errors belong to another aspect
            refused, text = True, told(error, "text") or ""
            parts = {called: f"the class of the object, {called}", field: f"the field, {field}"}
            parts |= {str(value): f"the value given, {value}"}
            parts |= {str(one): f"all of what is allowed: {one} is missing" for one in allowed}
            missing = [said for part, said in parts.items() if not holds(text, part)]
            if missing:
                what = f"the message for {short(value)} in {where} is “{text}”:"
                how = "class" if missing[0] == parts[called] else "unsaid"
                raise Step(what, f"it does not name {missing[0]}", how)
        if not refused:
            raise Step(where, "refused none of the check's wrong values, so there is no message", "unsaid")


def holds(text: str, part: str) -> bool:
    """Whether a text contains a part as a word. A number may be written as 1,813."""
    plain = re.sub(r"(?<=\d)[,_](?=\d{3})", "", text)
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", f"{text}\n{plain}") is not None


def refused(what: str, done: Attempt, *allowed: type[Exception]) -> None:
    """Check that a step raised one of these errors."""
    if done.error is None:
        raise Step(what, "was taken, without an error", "taken")
    if not isinstance(done.error, allowed):
        kinds = " or a ".join(kind.__name__ for kind in allowed)
        raise Step(what, f"raised {done.said}; asked for is a {kinds}", "kind")


def script(write: Callable[[Script], None]) -> Observation:
    """An observation from a script: the step that goes wrong, if one does."""

    def observation(answer: Any, sheet: Sheet) -> list[Step]:
        try:
            write(Script(answer, sheet))
        except Step as step:
            return [step]
        return []

    return observation


def of_nothing(judge: Any) -> dict[str, Any]:
    """For the body of a class in the host: its objects have length 0, so they count as false."""
    return {"__len__": judge.function(lambda thing: 0, "__len__", generator=False)}


def came(done: Attempt) -> str:
    """The result of reading, as the end of a sentence."""
    return f"raised {done.said}" if done.error is not None else f"reads {short(done.value)}"


def hearsay(thing: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """The host's description of one of its objects, for a sentence; None if it has none."""
    return attempt(lambda: judge_of(thing).witness(function, thing, *arguments)).value


def is_field(value: Any) -> bool:
    """Whether a value that was read is a descriptor of the host."""
    return isinstance(value, Remote) and hearsay(value, host.is_field) is True


def numbers(variant: Variant, key: str, count: int) -> list[float]:
    """Different floats."""
    return [number / 10 for number in variant.random(key).sample(range(11, 911), count)]
