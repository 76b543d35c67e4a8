"""Whether an answer was begun at all: nothing, a bare body, or what the exercise gave, unchanged."""

from __future__ import annotations

import dis
import types
from typing import Any

from lessons.exercises.exercise import executed, stub
from lessons.exercises.variant import choose, chosen


def is_blank(answer: object, id: str, name: str, source: str) -> bool:
    """Whether an answer is none: None, `...`, a function without a body, or the stub as it was given.

    id: the exercise. name: under which its notebook gives the answer. source: its stub, "" if it has none.
    """
    if answer is None or answer is Ellipsis or answer is NotImplemented:
        return True
    if isinstance(answer, types.FunctionType) and _does_nothing(answer.__code__):
        return True
    if not source:
        return False
    given = executed(source, id, _setup(id.partition("-")[0])).get(name)
    return bool(_content(answer) == _content(given))


def _setup(assignment: str) -> dict[str, Any]:
    """The names of the setup cell. It chooses the kit's variant; the answer's course stays as it was."""
    variant = chosen()
    try:
        return executed(stub(assignment), assignment)
    finally:
        choose(variant)


def _content(thing: object, depth: int = 0) -> Any:
    """What makes an answer what it is, without names of files and numbers of lines; comparable with `==`."""
    if isinstance(thing, types.FunctionType):
        defaults = (repr(thing.__defaults__), repr(thing.__kwdefaults__))
        wrapped = getattr(thing, "__wrapped__", None)
        inner = _content(wrapped, depth + 1) if wrapped is not None and depth < 8 else None
        return ("function", _code(thing.__code__), defaults, inner)
    if isinstance(thing, staticmethod | classmethod):
        return (type(thing).__name__, _content(thing.__func__, depth))
    if isinstance(thing, property):
        return ("property", *(_content(part, depth) for part in (thing.fget, thing.fset, thing.fdel)))
    if isinstance(thing, type) and depth < 8:
        own = {
            name: _content(value, depth + 1)
            for name, value in vars(thing).items()
            if name not in _OF_EVERY_CLASS
        }
        bases = [base.__qualname__ for base in thing.__bases__]
        return ("class", bases, own)
    if isinstance(thing, str | int | float | bool | bytes | None):
        return ("value", type(thing).__name__, repr(thing))
    if isinstance(thing, list | tuple) and depth < 8:
        return (type(thing).__name__, [_content(part, depth + 1) for part in thing])
    if isinstance(thing, dict) and depth < 8:
        pairs = [(_content(key, depth + 1), _content(value, depth + 1)) for key, value in thing.items()]
        return ("dict", pairs)
    kind = type(thing)
    if kind.__module__ == "__main__" and depth < 8:
        # Of a class in the answer's own cell: an answer may be mended there.
        return ("object", _content(kind, depth + 1), _content(getattr(thing, "__dict__", {}), depth + 1))
    return ("object", kind.__qualname__)


_OF_EVERY_CLASS = {"__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__firstlineno__",
                   "__static_attributes__", "__annotations__", "__annotate__", "__annotate_func__",
                   "__annotations_cache__"}  # fmt: skip


def _code(code: types.CodeType) -> Any:
    constants = [_code(one) if isinstance(one, types.CodeType) else repr(one) for one in code.co_consts]
    return (code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants)


def _does_nothing(code: types.CodeType) -> bool:
    """Whether a body is `...`, `pass`, `return None` or `raise NotImplementedError(…)`, no more."""
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("RESUME", "NOP")]
    if steps and steps[-1].opname == "RAISE_VARARGS":
        return code.co_names == ("NotImplementedError",)
    returns = [step.opname for step in steps] in (["LOAD_CONST", "RETURN_VALUE"], ["RETURN_CONST"])
    return returns and steps[0].argval is None
