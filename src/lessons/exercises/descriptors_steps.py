"""What the checks on descriptors share: steps with an answer's objects, up to the first that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lessons.exercises import descriptors_host as host
from lessons.exercises.exercise import Attempt, Sheet, attempt, exactly, told
from lessons.exercises.variant import Variant
from lessons.judge.judge import Remote, judge_of
from lessons.words import described as short

SHARED, ON_INSTANCE, GETATTR = (
    "descriptors-shared-value",
    "descriptors-on-the-instance",
    "descriptors-getattr-finds-value",
)
TYPES, ON_CLASS = "descriptors-types-are-checked", "descriptors-class-assignment-checked"
MISSPELT = "descriptors-set-name-misspelt"

BY_ITSELF = "Run this line by itself in a new cell, and read the traceback."
ROUND_AND_ROUND = (
    "Follow the line: what does Python ask for this attribute of this object? Go past the descriptor, "
    "through the instance dictionary, or use a storage name that is not the field's own."
)
SPELLING = "Write `__set_name__`, with both underscores in the middle: Python calls no other name."
ON_INSTANCE_IT = (
    "There is one descriptor, on the class, for all objects. Keep the value with the object that `__set__` "
    "is told of: `instance`."
)
COMPARE = "Compare type and value yourself, in `__set__`, before you store: Python compares nothing."
TO_THE_CLASS = "Write the field into the body of the class, once for all its objects."
KIND = "It has to be raised by your own `if`: the wrong type first, then the wrong value."
CHECK_FIRST = "Check before you store: what raises first changes nothing."
AS_IT_IS = "Store what was assigned, as it is, in the old value's place, and return that."


@dataclass(frozen=True)
class Step:
    """One step with an answer's objects."""

    what: str
    """What was done, as code in a sentence."""
    came: str = ""
    """What came of it, as the end of that sentence."""
    wrong: str = ""
    """"endless", "raised" (though it is allowed), "other" (another value is read), "taken" (though it is
    wrong), "kind" (another error than asked for), "changed" (by a refusal) or "unlike"; "" if all is well."""
    more: str = ""
    """Of another value: "object", "field" or "self", for where it belongs; of one that was taken: "class",
    "kit", "object" or "nothing", for where its field is; of an error: "misspelt"."""
    kept: bool = False
    """Of a value that was taken: whether it is read as it was assigned."""


class Stopped(Exception):
    """A step went wrong; what comes after it would only say so again."""


class Script:
    """Takes steps with objects of one answer and notes them. A step that goes wrong is the last one."""

    def __init__(self, answer: Any, sheet: Sheet) -> None:
        self.answer, self.sheet, self.judge = answer, sheet, sheet.judge
        self.steps: list[Step] = []
        self.objects: dict[str, Any] = {}
        self.assigned: dict[str, dict[str, Any]] = {}

    def note(self, what: str, came: str = "", wrong: str = "", more: str = "", kept: bool = False) -> None:
        """Note a step, the last one if it is wrong. Raises `Stopped`."""
        self.steps.append(Step(what, came, wrong, more, kept))
        if wrong:
            raise Stopped

    def new(self, *said: str, of: Any = None, **fields: Any) -> None:
        """Make objects under names of their own. Raises what the answer raises."""
        for one in said:
            self.objects[one] = (self.answer if of is None else of)(**fields)
            self.assigned[one] = {}

    def assign(self, said: str, **fields: Any) -> None:
        """Assign what is allowed."""
        for name, value in fields.items():
            done = attempt(setattr, self.objects[said], name, value)
            self.went(f"`{said}.{name} = {short(value)}`", said, name, done)
            self.assigned[said][name] = value

    def went(self, what: str, said: str, name: str, done: Attempt) -> None:
        """Note a step that may not raise."""
        if isinstance(done.error, RecursionError):
            most = told(done.error, "most")
            self.note(what, "never ends: RecursionError" + (f", at {most}" if most else ""), "endless")
        elif done.error is not None:
            misspelt = isinstance(done.error, AttributeError) and hearsay(
                self.objects[said], host.misspelt, name
            )
            self.note(what, raised(done), "raised", "misspelt" if misspelt is True else "")
        else:
            self.note(what)

    def read(self, said: str, *names: str) -> None:
        """Read what was assigned, and see whose value it is."""
        for name in names or self.assigned[said]:
            value = self.assigned[said][name]
            done = attempt(getattr, self.objects[said], name)
            self.went(f"reading `{said}.{name}`, which was assigned {short(value)},", said, name, done)
            if not exactly(done.value, value):
                what = f"`{said}.{name}` was assigned {short(value)}, and"
                more, whose = self.whose(said, name, done.value)
                self.note(what, f"reads {short(done.value)}{whose}", "other", more)

    def whose(self, said: str, name: str, found: Any) -> tuple[str, str]:
        """To what a value that was read was assigned, in a word and in words."""
        if isinstance(found, Remote) and hearsay(found, host.is_field) is True:
            return "self", ", which is the field"
        for other, fields in self.assigned.items():
            if other != said and any(exactly(found, one) for one in fields.values()):
                return "object", f", which was assigned to `{other}`"
        for other, one in self.assigned[said].items():
            if other != name and exactly(found, one):
                return "field", f", which was assigned to `{said}.{other}`"
        return "", ""

    def refuse(
        self, said: str, name: str, value: Any, *allowed: type[Exception], owner: Any = None
    ) -> Attempt:
        """Assign what is wrong: it has to raise one of `allowed`. owner: the class, the answer by default."""
        done = attempt(setattr, self.objects[said], name, value)
        what = f"`{said}.{name} = {short(value)}`"
        if done.error is None:
            self.take(what, said, name, value, self.answer if owner is None else owner)
        if isinstance(done.error, RecursionError):
            self.went(what, said, name, done)
        if not isinstance(done.error, allowed):
            kinds = " or a ".join(kind.__name__ for kind in allowed)
            self.note(what, f"{raised(done)}; asked for is a {kinds}", "kind")
        self.note(what)
        return done

    def take(self, what: str, said: str, name: str, value: Any, owner: Any) -> None:
        """Note that a wrong value was taken, and where its field is, by what the host says."""
        field, kits, _ = stands(owner, name)
        kept = exactly(attempt(getattr, self.objects[said], name).value, value)
        came = "was taken, without an error"
        if kits or field:
            self.note(what, came, "taken", "kit" if kits else "class", kept)
        if hearsay(owner, host.carries) is True:
            came += (
                f": the descriptor was put into the object, into `vars({said})`, where Python does not look"
            )
            self.note(what, came, "taken", "object", kept)
        self.note(what, f"{came}: the class has no field `{name}`", "taken", "nothing", kept)

    def stay(self, said: str, name: str, wrong: Any) -> None:
        """After a refusal the old value is still there."""
        value = self.assigned[said][name]
        done = attempt(getattr, self.objects[said], name)
        if not exactly(done.value, value):
            what = f"`{said}.{name} = {short(wrong)}` was refused; it was {short(value)} and"
            more, whose = self.whose(said, name, done.value)
            now = raised(done) if done.error is not None else f"reads {short(done.value)} now{whose}"
            self.note(what, now, "changed", more)
        self.note(f"`{said}.{name}` after a refusal")


def script(write: Callable[[Script], None]) -> Callable[[Any, Sheet], list[Step]]:
    """An observation from a script: its steps, up to the first that goes wrong."""

    def observation(answer: Any, sheet: Sheet) -> list[Step]:
        one = Script(answer, sheet)
        with suppress(Stopped):
            write(one)
        return one.steps

    return observation


def of_nothing(judge: Any) -> Any:
    """A `__len__` in the host, for a class whose objects are empty, and so count as false."""
    return judge.function(lambda thing: 0, "__len__", generator=False)


def is_wrong(wrong: str, *more: str) -> Callable[[Step], bool]:
    """For a rule: whether a step went wrong in this way."""
    return lambda step: step.wrong == wrong and (not more or step.more in more)


def raised(done: Attempt) -> str:
    """What a step raised and where, as the end of a sentence."""
    return f"raised {done.raised}" + (f", at {done.where}" if done.where else "")


def hearsay(thing: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """What the host says of an object of its own: good for a sentence, and None if it cannot say it."""
    return attempt(lambda: judge_of(thing).witness(function, thing, *arguments)).value


def stands(owner: Any, name: str) -> tuple[bool, bool, str]:
    """Of what the class has under a name: whether it answers for assignments, is the kit's, and its look."""
    match hearsay(owner, host.stands, name):
        case (bool(field), bool(kits), str(look)):
            return field, kits, look
    return False, False, "something else"


def numbers(variant: Variant, key: str, count: int) -> list[float]:
    """Different numbers with a point."""
    drawn = variant.random(key)
    found: list[float] = []
    while len(found) < count:
        number = (11 + int(drawn.random() * 900)) / 10
        if number not in found:
            found.append(number)
    return found


def shuffled(variant: Variant, key: str, options: Iterable[str]) -> list[str]:
    """The options in an order of this variant."""
    return sorted(options, key=lambda option: variant.random(f"{key}:{option}").random())
