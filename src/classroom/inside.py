"""What the grader runs inside a submission's own kernel. Its text is sent there; nothing else is imported.

It trusts nothing that it finds, and cannot make the kernel trustworthy: whoever runs in a process can change
all of it. It makes a change show: a wrong solution that passes, code that is no longer as it was.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import inspect
import os
import pkgutil
import re
import sys
import types
from typing import Any

PATIENCE = 8
"""How deep a value is looked into for functions."""

WATCHED = (
    "IPython.core.compilerop", "IPython.core.displaypub", "IPython.core.formatters", "IPython.display",
    "IPython.core.interactiveshell", "_io", "_pickle", "_signal", "_thread", "abc", "builtins",
    "collections", "contextlib", "copy", "csv", "dataclasses", "functools", "gc", "importlib",
    "inspect", "io", "itertools", "ipykernel.ipkernel", "ipykernel.zmqshell", "json", "json.decoder",
    "json.encoder", "linecache", "logging", "operator", "os", "posix", "pickle", "random", "select",
    "signal", "sqlite3", "sys", "tempfile", "threading", "time", "traceback", "types", "typing",
    "warnings", "weakref",
)  # fmt: skip
"""Modules of others on which a check stands."""

OWN = re.compile(r"lifecycle(\.(?!lab).*)?|[a-z][a-z0-9]*_x\d+")
"""Modules of the course: the kit's, and the checks of an instructor's own exercises."""

ORDINARY = {
    "__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__annotate__", "_abc_impl",
    "__abstractmethods__", "__annotations_cache__", "__annotate_func__", "__builtins__",
    "__warningregistry__",
}  # fmt: skip


def prelude(setup: str) -> dict[str, Any]:
    """Import all that a check needs, before anything of the submission ran, and say what it is made of."""
    run(setup, {"__name__": "__main__"})
    study = sys.modules["lifecycle.study"]
    own = [one.name for one in pkgutil.walk_packages(study.__path__, "lifecycle.study.")]
    for name in (*own, *WATCHED):
        try:
            __import__(name)
        except ImportError:
            continue
    return {"made": made()}


def canaries(check: str, setup: str, solutions: list[list[str]], salt: str) -> dict[str, Any]:
    """Check wrong solutions as the student's answer is checked; what each was given, and the seal."""
    given: dict[str, Any] = {}
    before = journals()
    for name, source in solutions:
        names: dict[str, Any] = {"__name__": "__main__"}
        try:
            run(setup, names)
            run(source, names)
            points = run(check, names)
            given[name] = points if type(points) is int else f"no number: {type(points).__name__}"
        except BaseException as error:
            given[name] = f"{type(error).__name__} was raised"
    # What a wrong solution was told is no progress of the student's, and no page shows it.
    for path in journals():
        with contextlib.suppress(OSError):
            os.truncate(path, before.get(path, 0))
    return {"given": given, "seal": sealed(made(), salt) if salt else ""}


def journals() -> dict[str, int]:
    """The files that keep this kernel's checks, and how long each is."""
    try:
        folder = sys.modules["lifecycle.study.journal"].home()
        return {str(path): path.stat().st_size for path in folder.glob("*.jsonl")}
    except Exception:
        return {}


def graded(check: str, variant: str) -> dict[str, Any]:
    """Run a check cell on the answer that the notebook holds."""
    names = shell().user_ns
    names["check"] = sys.modules["lifecycle.study"].check
    sys.modules["lifecycle.study.exercising"].course(variant)
    try:
        points = run(check, names)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        return {"raised": f"{type(error).__name__}: {error}"[:300]}
    return {"points": points if type(points) is int else None}


def parts() -> dict[str, Any]:
    """What the checks and the kernel are made of now."""
    return {"made": made()}


def sealed(table: dict[str, str], salt: str) -> str:
    """One digest of all marks, another one with each salt."""
    whole = "\n".join([salt, *(f"{key} {table[key]}" for key in sorted(table))])
    return hashlib.sha256(whole.encode("utf-8", "backslashreplace")).hexdigest()


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell's source in a namespace; the value of its last line, if that is an expression."""
    tree = ast.parse(source)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        exec(compile(tree, "<check>", "exec"), names)
        return None
    del tree.body[-1]
    exec(compile(tree, "<check>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<check>", "eval"), names)


def shell() -> Any:
    """The kernel's shell."""
    return sys.modules["IPython"].get_ipython()


def made() -> dict[str, str]:
    """A mark for each function, class and module that the checks use: which object, and what code."""
    table: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        own = OWN.fullmatch(name) is not None
        if isinstance(module, types.ModuleType) and (own or name in WATCHED):
            table[name] = _which(module)
            walk = vars(module)
            for key in list(walk):
                if key not in ORDINARY:
                    _mark(table, f"{name}:{key}", walk[key], own, 0 if own else PATIENCE)
    running = shell()
    if running is not None:
        table["shell"] = _which(type(running))
        for key in ("ast_transformers", "input_transformers_cleanup", "input_transformers_post"):
            table[f"shell.{key}"] = ",".join(_which(one) for one in getattr(running, key, ()))
        for event in ("pre_execute", "pre_run_cell"):
            table[f"shell.{event}"] = ",".join(_which(one) for one in running.events.callbacks.get(event, ()))
        for key, value in list(vars(running).items()):
            if callable(getattr(type(running), key, None)):
                table[f"shell.{key}"] = _which(value)
    return table


def _mark(table: dict[str, str], key: str, value: Any, own: bool, depth: int) -> None:
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, property):
        for part in ("fget", "fset", "fdel"):
            _mark(table, f"{key}.{part}", getattr(value, part), own, depth + 1)
    elif isinstance(value, types.FunctionType):
        table[key] = _function(value, depth)
    elif isinstance(value, type):
        table[key] = _which(value)
        # A class is looked into where it is defined, and not again at each import of its name.
        if value.__module__ == key.partition(":")[0] and depth <= PATIENCE:
            for name, part in list(vars(value).items()):
                if name not in ORDINARY:
                    _mark(table, f"{key}.{name}", part, own, depth + 1)
    elif isinstance(value, types.ModuleType):
        # That a submodule was imported is no change.
        if f"{key.replace(':', '.')}" != value.__name__:
            table[key] = _which(value)
    elif callable(value):
        table[key] = _which(value)
        if isinstance(getattr(value, "__wrapped__", None), types.FunctionType):
            table[f"{key}.__wrapped__"] = _function(value.__wrapped__, depth)
    elif (own and not key.startswith("lifecycle")) or key.startswith("lifecycle.study.checks"):
        _content(table, key, value, depth)


def _content(table: dict[str, str], key: str, value: Any, depth: int) -> None:
    """What the checks keep in tables and objects: exercises, aspects and their points, sentences."""
    if depth > PATIENCE:
        return
    if isinstance(value, str | int | float | bool | bytes | frozenset | None):
        table[key] = f"{type(value).__name__} {hash(value):x}"
    elif isinstance(value, dict):
        for name, part in list(value.items()):
            _mark(table, f"{key}[{name!r}]" if isinstance(name, str) else f"{key}[…]", part, True, depth + 1)
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            _mark(table, f"{key}[{number}]", part, True, depth + 1)
    elif type(value).__module__.startswith("lifecycle."):
        table[key] = type(value).__qualname__
        slots = getattr(value, "__dict__", {})
        for name, part in list(slots.items()):
            _mark(table, f"{key}.{name}", part, True, depth + 1)


def _function(function: Any, depth: int) -> str:
    parts = [_which(function), f"{hash(function.__code__):x}"]
    for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        parts.append(_which(default) if callable(default) else type(default).__name__)
    for cell in function.__closure__ or ():
        try:
            held = cell.cell_contents
        except ValueError:
            continue
        if isinstance(held, types.FunctionType) and depth < PATIENCE:
            parts.append(_function(held, depth + 1))
        elif callable(held):
            parts.append(_which(held))
    return " ".join(parts)


def _which(value: Any) -> str:
    """Which object it is. A bound method is made anew at each look: it is its function and its object."""
    if isinstance(value, types.MethodType):
        return f"{_which(value.__self__)}.{_which(value.__func__)}"
    return f"{id(value):x}"


def source() -> str:
    """This module's own text."""
    return inspect.getsource(sys.modules[__name__])
