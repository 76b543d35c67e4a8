"""The part of the checks on descriptors that runs in the host's process, because only it can see its objects.

Its reports are not trusted. This module also has the fields that a test receives. They do not know whether
they are right: at each assignment and each reading, the check says what a field does.
"""

import contextlib
import gc
import inspect
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from lessons.collector import quick_collector
from lessons.words import described


def is_field(value: object) -> bool:
    """Whether a value is a descriptor that handles assignments."""
    return hasattr(type(value), "__set__")


def lacks(thing: Any, name: str) -> str:
    """What a class, or an object's class, has under a name instead of a field; "" if it has a field."""
    found = inspect.getattr_static(thing if isinstance(thing, type) else type(thing), name, None)
    return "" if is_field(found) else described(found)


def carries(thing: Any) -> bool:
    """Whether objects of this class get descriptors of their own, which Python does not use there."""
    kind: Any = type(thing)
    assigned: list[object] = []

    def note(made: Any, name: str, value: object) -> None:
        assigned.append(value)
        kind.__setattr__(made, name, value)

    made = type(kind.__name__, (kind,), {"__setattr__": note})()
    return any(is_field(value) for value in (*assigned, *getattr(made, "__dict__", {}).values()))


def misspelt(thing: Any, name: str) -> bool:
    """Whether the field of this name has a method with nearly the name `__set_name__`, but lacks that."""
    kind = type(inspect.getattr_static(type(thing), name, None))
    near = [one for one in dir(kind) if one.replace("_", "").lower() == "setname"]
    return bool(near) and "__set_name__" not in near


def one_field(thing: Any, *names: str) -> bool:
    """Whether one field of an object has all of these names."""
    return len({id(inspect.getattr_static(type(thing), name, None)) for name in names}) == 1


def parameters(kind: Any) -> list[str]:
    """The names of a class's parameters, including catch-all ones, and of its attributes."""
    return [*inspect.signature(kind).parameters, *vars(kind)]


def lets_go(answer: Any, values: dict[str, float], wrong: str) -> tuple[bool, bool, bool]:
    """Whether an unused object can be collected, its values with it, and it when another one was used."""
    # It uses a class of the check, because a class with `__slots__` may not allow weak references.
    watchable = type(answer.__name__, (answer,), {})

    def used() -> weakref.ref[Any]:
        thing = watchable()
        for name, value in values.items():
            setattr(thing, name, value)
            getattr(thing, name)
            with contextlib.suppress(Exception):
                setattr(thing, name, wrong)
        return weakref.ref(thing)

    with quick_collector():
        before = [sys.getrefcount(value) for value in values.values()]
        watched = used()
        gc.collect()
        goes, after = watched() is None, [sys.getrefcount(value) for value in values.values()]
        used()
        gc.collect()
        return goes, after == before, watched() is None


HEAVY = 60_000  # bytes of a large number
_filling: list[bytes] = []


def filled(count: int) -> None:
    """Keep some blocks of memory, so that later large numbers need new memory of this process."""
    _filling.extend(b"x" * HEAVY for _ in range(count))


def through_pickle(thing: Any, other: type) -> Any:
    """A pickled object, read as one of another class with this name. Meanwhile each is in this module."""
    kind = type(thing)
    kind.__module__ = __name__
    globals()[kind.__qualname__] = kind
    try:
        text = pickle.dumps(thing)
        globals()[kind.__qualname__] = other
        return pickle.loads(text)
    finally:
        del globals()[kind.__qualname__]


@contextlib.contextmanager
def hash_otherwise(answer: Any) -> Iterator[None]:
    """Let `hash` give other numbers in the answer's lines, as it does for a text in another process."""
    rooms = [getattr(value, "__globals__", {}) for value in vars(answer).values()]
    free = [room for room in rooms if "hash" not in room]
    for room in free:
        room["hash"] = lambda thing: hash(thing) ^ 1
    yield
    for room in free:
        room.pop("hash", None)


class _Field:
    """A field for numbers: `decide` says each time what it does. See `field_class`."""

    decide: ClassVar[Callable[..., Any]]
    owners: ClassVar[list[tuple[weakref.ref[type], str]]]

    def __init__(self) -> None:
        self.number = self.decide("made")
        self.values: list[object] = [12.5]  # the first one is read where a program says so
        self.kept: list[object] = []
        self.weak: dict[Any, dict[str, Any]] = {}

    def __set_name__(self, owner: type, name: str) -> None:
        # Weak references, so that a field's values disappear with its class, as in a student's own code.
        self.owners.append((weakref.ref(owner), name))
        self.name = name
        self.storage = self.decide("named", self.number).format(name)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            if self.decide("class", self.number):
                raise AttributeError(self.name)
            return self
        place, keep = self.decide("get", self.number, *self.known(instance))
        self.keep(keep, instance)
        if place is None:
            raise AttributeError(f"{type(instance).__name__!r} object has no attribute {self.name!r}")
        return self.values[place]

    def __set__(self, instance: Any, value: Any) -> None:
        known = self.known(instance)
        if not isinstance(value, int | float) or isinstance(value, bool):
            keep = self.decide("refuse", self.number, *known)
            told = () if keep == "bare" else (f"{self.name} = {value!r}: allowed is a number",)
            try:
                raise TypeError(*told)
            except TypeError as error:
                if isinstance(value, str):
                    self.keep("one" if keep == "error" else keep, error if keep == "error" else instance)
                raise
        self.values.append(value)
        place, (room, key) = len(self.values) - 1, self.room(instance)
        keep = self.decide("set", self.number, *known, place)
        self.keep(keep, instance)
        room[key] = {"place": place, "of": instance if keep == "cycle" else None}
        if room is self.weak:
            room[key]["gone"] = weakref.ref(instance, lambda gone: room.pop(key, None))

    def room(self, instance: Any) -> tuple[dict[Any, Any], Any]:
        """The dictionary and the key for an object's note."""
        return (vars(instance), self.storage) if self.storage else (self.weak, id(instance))

    def known(self, instance: Any) -> tuple[int | None, int]:
        """The place of an object's value, None if it has none, and the number of its class."""
        room, key = self.room(instance)
        return room.get(key, {}).get("place"), id(type(instance))

    def keep(self, how: str, thing: object) -> None:
        if how in ("one", "none"):
            self.kept.clear()
        if how in ("one", "all") or (how == "first" and not self.kept):
            self.kept.append(thing)


def field_class(decide: Callable[..., Any]) -> type:
    """A class of fields for numbers, which all look alike: `decide` says each time what one of them does.

    It is called at six events, with a field's number. "made" returns that number. "named" returns the name
    under which the field stores in an object. "set", "get" and, for a text, "refuse" return what to keep: ""
    nothing, "all" this object too, "one" only this object, "first" this object if none is kept, "none" no
    object from now on, "error" the raised error, "cycle" the object in its own value. "get" also returns
    which value to return. "class" returns whether reading on the class raises. "bare" refuses without text.
    """
    return type("Field", (_Field,), {"decide": staticmethod(decide), "owners": []})


def replaced(fields: Any) -> str:
    """Where on a class one of these fields was, but no field is now, such as "Settings.spread"; else ""."""
    owners = [(ref(), name) for ref, name in fields.owners]
    gone = [f"{owner.__name__}.{name}" for owner, name in owners if owner and lacks(owner, name)]
    return gone[0] if gone else ""
