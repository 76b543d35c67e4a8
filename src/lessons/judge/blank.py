"""Whether an answer was begun: not if it is nothing, an empty body, or the unchanged stub."""

import dis
import types
from collections.abc import Iterator
from typing import Any

from lessons.exercises.exercise import executed, stub
from lessons.exercises.variant import choose, chosen


def is_blank(answer: object, id: str, name: str, source: str) -> bool:
    """Whether an answer is missing: None, `...`, a function without a body, or the stub as it was given.

    id: the exercise. name: the answer's name in its notebook. source: its stub, "" if it has none.
    """
    if answer is None or answer is Ellipsis or answer is NotImplemented:
        return True
    if isinstance(answer, types.FunctionType) and _does_nothing(answer.__code__):
        return True
    if not source or _has_own_code(answer, source):
        return False
    given = executed(source, id, _setup(id.partition("-")[0])).get(name)
    return bool(_content(answer) == _content(given))


def _has_own_code(answer: object, source: str) -> bool:
    """Whether a function of the answer is not in its stub, which settles it without running the stub."""
    there = {code.co_code for code in _codes(compile(source, "stub", "exec"))}
    found = [*vars(answer).values()] if isinstance(answer, type) else [answer]
    found += [
        more for one in found if type(one).__module__ == "__main__" for more in vars(type(one)).values()
    ]
    return any(one.__code__.co_code not in there for one in found if isinstance(one, types.FunctionType))


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from _codes(one)


def _setup(assignment: str) -> dict[str, Any]:
    """The names of the setup cell. It chooses the kit's variant; then the one before is chosen again."""
    variant = chosen()
    try:
        return executed(stub(assignment), assignment)
    finally:
        choose(variant)


def _content(thing: Any, depth: int = 0) -> list[Any]:
    """The content of an answer without file names and line numbers; it can be compared with `==`."""
    kind, parts = type(thing), []
    if isinstance(thing, str | int | float | bytes | None):
        return [kind.__name__, repr(thing)]
    if isinstance(thing, types.FunctionType):
        defaults = repr(thing.__defaults__), repr(thing.__kwdefaults__)
        parts = [thing.__code__, *defaults, getattr(thing, "__wrapped__", None)]
    elif isinstance(thing, types.CodeType):
        constants = (one if isinstance(one, types.CodeType) else repr(one) for one in thing.co_consts)
        parts = [thing.co_code, thing.co_names, thing.co_varnames, thing.co_freevars, *constants]
    elif isinstance(thing, staticmethod | classmethod):
        parts = [thing.__func__]
    elif isinstance(thing, property):
        parts = [thing.fget, thing.fset, thing.fdel]
    elif isinstance(thing, type):
        own = {name: value for name, value in vars(thing).items() if name not in _OF_EVERY_CLASS}
        parts = [*(base.__qualname__ for base in thing.__bases__), own]
    elif isinstance(thing, list | tuple):
        parts = [*thing]
    elif isinstance(thing, dict):
        parts = [part for pair in thing.items() for part in pair]
    elif kind.__module__ == "__main__":
        # An object of a class from the answer's own cell: a student may edit that class.
        parts = [kind, getattr(thing, "__dict__", None)]
    return [kind.__qualname__, *(_content(part, depth + 1) for part in parts if depth < DEEP)]


DEEP = 12  # how deep an object is examined: it may contain itself

_OF_EVERY_CLASS = {"__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__firstlineno__",
                   "__static_attributes__", "__annotations__", "__annotate__", "__annotate_func__",
                   "__annotations_cache__"}  # fmt: skip


def _does_nothing(code: types.CodeType) -> bool:
    """Whether a body is only `...`, `pass`, `return None` or `raise NotImplementedError(…)`."""
    if code.co_names not in ((), ("NotImplementedError",)):
        return False
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("RESUME", "NOP")]
    if steps and steps[-1].opname == "RAISE_VARARGS":
        return code.co_names == ("NotImplementedError",)
    returns = [step.opname for step in steps] in (["LOAD_CONST", "RETURN_VALUE"], ["RETURN_CONST"])
    return returns and steps[0].argval is None
