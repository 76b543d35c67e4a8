"""What the checks on descriptors do in the host's process, since only it can see its objects.

What it sees is hearsay. Here are also the fields that a test is given. They do not know whether they are
right: the check says at each assignment and each reading what a field does.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import io
import pickle
import sys
import weakref
from collections.abc import Callable
from typing import Any

from lessons.collector import quick_collector
from lessons.words import described


def is_field(value: object) -> bool:
    """Whether a value is a descriptor that answers for assignments."""
    return hasattr(type(value), "__set__")


def stands(owner: object, name: str) -> tuple[bool, bool, str]:
    """What a class has under a name: whether it is a field, whether it is one of the kit's, how it looks."""
    found = inspect.getattr_static(owner, name, None)
    return is_field(found), type(found).__module__ == "lifecycle.descriptors", described(found)


def carries(answer: Any) -> bool:
    """Whether an object is given descriptors of its own when it is made, where nobody asks them."""
    assigned: list[object] = []

    def note(thing: Any, name: str, value: object) -> None:
        assigned.append(value)
        answer.__setattr__(thing, name, value)

    made = type(answer.__name__, (answer,), {"__setattr__": note})()
    return any(is_field(value) for value in (*assigned, *getattr(made, "__dict__", {}).values()))


def misspelt(thing: Any, name: str) -> bool:
    """Whether the field of this name has a method that is nearly called `__set_name__`, and none that is."""
    kind = type(inspect.getattr_static(type(thing), name, None))
    near = [one for one in dir(kind) if one.replace("_", "").lower() == "setname"]
    return bool(near) and "__set_name__" not in near


def named(owner: Any, first: str, second: str) -> str:
    """How two fields of a class came to their names: "one" object has both, "by hand", or ""."""
    fields = [inspect.getattr_static(owner, name, None) for name in (first, second)]
    if fields[0] is fields[1] and is_field(fields[0]):
        return "one"
    by_hand = [
        not hasattr(type(field), "__set_name__")
        and any(type(value) is str for value in getattr(field, "__dict__", {}).values())
        for field in fields
    ]
    return "by hand" if all(by_hand) else ""


def is_empty(thing: Any) -> bool:
    """Whether an object has nothing of its own."""
    return not vars(thing)


def lets_go(answer: Any, values: dict[str, float], wrong: str) -> tuple[bool, bool]:
    """Whether an object that nobody uses any more can be collected, and whether its values go with it."""
    # A class of the check's own, since one with `__slots__` need not allow to be watched.
    watchable = type(answer.__name__, (answer,), {})

    def used() -> weakref.ref[Any]:
        thing = watchable()
        for name, value in values.items():
            setattr(thing, name, value)
            getattr(thing, name)
            try:
                setattr(thing, name, wrong)
            except Exception:
                continue
        return weakref.ref(thing)

    def held() -> list[int]:
        return [sys.getrefcount(value) for value in values.values()]

    with quick_collector():
        before = held()
        watched = used()
        gc.collect()
        return watched() is None, held() == before


_filling: list[bytes] = []


def filled(size: int, count: int) -> None:
    """Keep some blocks, so that what comes later needs memory that this process has not had yet."""
    _filling.extend(b"x" * size for _ in range(count))


def collected() -> None:
    """Let the collector run."""
    gc.collect()


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


# --- the fields that a test is given ---


def field_class(decide: Callable[..., Any]) -> type:
    """A class of fields for numbers, which all look alike: `decide` says each time what one of them does.

    It is asked at four events, by a field's number: "made" gives that number, "named" where in an object the
    field stands, "set", "refuse" and "get" what to keep ("" nothing, "all" this object too, "one" this object
    alone, "error" what is raised, "cycle" the object in its own value), and "get" also which value to return.
    """

    owners: list[tuple[type, str]] = []

    class Field:
        def __init__(self) -> None:
            self.number = decide("made")
            self.values: list[object] = []
            self.kept: list[object] = []
            self.types: list[type] = []
            self.weak: dict[int, tuple[Any, weakref.ref[Any]]] = {}

        def __set_name__(self, owner: type, name: str) -> None:
            owners.append((owner, name))
            self.name = name
            self.storage = decide("named", self.number).format(name)

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            if instance is None:
                return self
            place, keep = decide("get", self.number, self.found(instance), self.kind(instance))
            self.keep(keep, instance)
            if place is None:
                raise AttributeError(f"{type(instance).__name__!r} object has no attribute {self.name!r}")
            return self.values[place]

        def __set__(self, instance: Any, value: Any) -> None:
            found, kind = self.found(instance), self.kind(instance)
            if not isinstance(value, int | float) or isinstance(value, bool):
                keep = decide("refuse", self.number, found, kind)
                self.keep(keep, instance)
                try:
                    raise TypeError(f"{self.name} = {value!r}: allowed is a number")
                except TypeError as error:
                    self.keep("one" if keep == "error" else "", error)
                    raise
            self.values.append(value)
            place = len(self.values) - 1
            keep = decide("set", self.number, found, kind, place)
            self.keep(keep, instance)
            self.put(instance, {"place": place, "of": instance if keep == "cycle" else None})

        def kind(self, instance: Any) -> int:
            if type(instance) not in self.types:
                self.types.append(type(instance))
            return self.types.index(type(instance))

        def found(self, instance: Any) -> int | None:
            if self.storage:
                note = vars(instance).get(self.storage, {})
            else:
                note = self.weak[id(instance)][0] if id(instance) in self.weak else {}
            place: int | None = note.get("place")
            return place

        def put(self, instance: Any, note: dict[str, Any]) -> None:
            if self.storage:
                vars(instance)[self.storage] = note
            else:
                key, weak = id(instance), self.weak
                weak[key] = (note, weakref.ref(instance, lambda gone: weak.pop(key, None)))

        def keep(self, how: str, thing: object) -> None:
            if how == "one":
                self.kept.clear()
            if how in ("one", "all"):
                self.kept.append(thing)

    field: Any = Field
    field.owners = owners
    return Field


def replaced(fields: Any) -> str:
    """Where on a class one of these fields stood and no field stands now, as "Settings.spread"; else ""."""
    for owner, name in fields.owners:
        if not stands(owner, name)[0]:
            return f"{owner.__name__}.{name}"
    return ""


_quick = contextlib.ExitStack()


def quick(on: bool) -> None:
    """Begin or end a `quick_collector`."""
    if on:
        _quick.enter_context(quick_collector())
    else:
        _quick.close()
