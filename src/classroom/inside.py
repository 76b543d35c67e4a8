"""What the grader runs inside a submission's own kernel. Its text is sent there; nothing else is imported.

It trusts nothing that it finds, and cannot make the kernel trustworthy: whoever runs in a process can change
all of it. It makes a change show: a wrong solution that passes, code that is no longer as it was, a look at
the frames above.

It is loaded once, before anything of the submission runs, and lives on in an audit hook, which no program can
take away. What it needs it took with it then, so that a later patch of a library does not reach it. Its
replies are signed with a key that a program can come by only through frames, the collector or raw memory; the
hook sees each of these ways before it is gone, and throws the key away.
"""

from __future__ import annotations

import builtins
import inspect
import os
import pkgutil
import re
import sys
from _json import encode_basestring_ascii as quoted
from _thread import get_ident
from ast import Expr, Expression, PyCF_ONLY_AST
from collections.abc import Callable, Generator
from hashlib import sha256
from json import JSONDecoder
from os import truncate, urandom
from types import FunctionType, MethodType, ModuleType
from typing import Any

# A copy: what a program puts into `builtins` later is not found here.
globals()["__builtins__"] = dict(vars(builtins))

CALL = "lifecycle.grader"
"""The audit event by which a request comes in."""

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

OWN = re.compile(r"lifecycle(\..*)?|lessons(\.(?!lab).*)?|[a-z][a-z0-9]*_x\d+").fullmatch
"""Modules of the course: the kit's, and the checks of an instructor's own exercises."""

ORDINARY = {
    "__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__annotate__", "_abc_impl",
    "__abstractmethods__", "__annotations_cache__", "__annotate_func__", "__builtins__",
    "__warningregistry__",
}  # fmt: skip

WAYS = {
    "sys._getframe": "_getframe", "sys._current_frames": "_current_frames",
    "sys._current_exceptions": "_current_exceptions", "gc.get_objects": "get_objects",
    "gc.get_referrers": "get_referrers", "gc.get_referents": "get_referents", "sys.settrace": "settrace",
    "sys.setprofile": "setprofile", "sys.monitoring.register_callback": "register_callback",
    "code.__new__": "replace", "ctypes.dlopen": "_dlopen", "ctypes.dlsym": "dlsym",
    "ctypes.addressof": "addressof", "ctypes.string_at": "string_at", "ctypes.cdata": "from_address",
    "sys.addaudithook": "addaudithook",
}  # fmt: skip
"""Ways to the frames, the objects and the memory of a process: the audit event, and what calls it."""

OF_TESTS = {"gc.get_objects", "gc.get_referrers", "gc.get_referents"}
"""What an answer that looks for a leak may well use."""

FRAMES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame"}
"""Attributes that are frames."""

GIVING: dict[str, dict[str, str]] = {
    "/inspect.py": {
        name: name for name in ("currentframe", "stack", "trace", "getouterframes", "getinnerframes")
    },
    "/bdb.py": {}, "/pdb.py": {}, "/IPython/utils/frame.py": {},
    "/traceback.py": {"walk_stack": "walk_stack", "walk_tb": "walk_tb"},
    "/logging/__init__.py": {"currentframe": "currentframe", "<lambda>": "currentframe"},
}  # fmt: skip
"""Functions that hand the frames they get to their callers, by their files; empty for all of a file."""

STOOD_IN = ("_examined", "_verdict")
"""The functions of a check's trial that `beside` stands in for."""

MODULES, SCAN, FRAME = sys.modules, vars(JSONDecoder())["scan_once"], sys._getframe
ROOTS = tuple({f"{os.path.realpath(one)}{os.sep}" for one in (sys.prefix, sys.base_prefix)}
              | {f"{one}{os.sep}" for one in (sys.prefix, sys.base_prefix)})  # fmt: skip


class Guard:
    """What the grader keeps in a kernel. `seen` is what a program did that no exercise needs."""

    def __init__(self) -> None:
        self.key = urandom(32)
        self.seen: list[str] = []
        self.soft = False
        self.asking: dict[int, bool] = {}
        checking = MODULES["lessons.judge.checking"]
        self.check, self.course = checking.check, checking.course
        self.trial = vars(MODULES["lessons.judge.trial"])
        self.examined, self.verdict = self.trial["_examined"], self.trial["_verdict"]
        kit = [str(MODULES[name].__file__).removesuffix("__init__.py") for name in ("lifecycle", "lessons")]
        self.roots = (*ROOTS, *kit, *(os.path.realpath(one) + os.sep for one in kit))
        own = [module for name, module in list(MODULES.items()) if OWN(name) is not None]
        self.loaded = {str(getattr(module, "__file__", "")) for module in own}
        self.spaces = spaces()

    def note(self, what: str) -> None:
        """Note what a program did, and throw away what it may be after."""
        self.key = b""
        if len(self.seen) < 5 and what not in self.seen:
            self.seen.append(what)

    def asker(self) -> Any:
        """The frame that raised the audit event which is looked at."""
        # To ask for a frame raises an event, too.
        self.asking[get_ident()] = True
        try:
            return FRAME(2)
        except ValueError:
            return None
        finally:
            self.asking.pop(get_ident(), None)


def prelude(setup: str) -> dict[str, Any]:
    """Import all that a check needs, before anything of the submission ran, and stay.

    What the checks are made of, and the key of all later replies.
    """
    guard = begun(setup)
    reply = {"made": made(), "key": guard.key.hex()}
    sys.addaudithook(watch(guard))
    return reply


def begun(setup: str) -> Guard:
    """Import all that a check needs."""
    run(setup, {"__name__": "__main__"})
    folders = {f"lessons.{name}.": f"lessons.{name}" for name in ("study", "judge", "exercises")}
    own = [one.name for prefix, name in folders.items()
           for one in pkgutil.walk_packages(__import__(name, fromlist=["x"]).__path__, prefix)]  # fmt: skip
    for name in (*own, *WATCHED):
        try:
            __import__(name)
        except ImportError:
            continue
    return Guard()


def watch(guard: Guard) -> Callable[[str, tuple[Any, ...]], None]:
    """The audit hook: it takes requests, and notes who looks where no exercise has to."""

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event in WAYS:
            if guard.asking.pop(get_ident(), False) or (guard.soft and event in OF_TESTS):
                return
            if not honest(guard, guard.asker(), WAYS[event]):
                guard.note(f"{event} was called.")
        elif event == "object.__getattr__":
            name = given[1]
            if type(name) is str and name in FRAMES and not honest(guard, guard.asker(), name):
                guard.note(f"{name} was read.")
        elif event == "compile":
            name = given[1]
            if type(name) is not str or not trusted(guard, name) or honest(guard, guard.asker(), "compile"):
                return
            if not holds(name, given[0]):
                guard.note(f"code was made in the name of {name[-60:]}.")
        elif event == "open" and type(given[0]) is str:
            if given[0].startswith("/proc/") and given[0].endswith("/mem"):
                guard.note("the memory of a process was opened.")
        elif event == CALL and type(given[0]) is str:
            serve(guard, given[0])

    return hook


def trusted(guard: Guard, name: str) -> bool:
    """Whether code from a file of this name is Python's, a library's or the course's."""
    return name.startswith((*guard.roots, "<frozen ")) or name in guard.loaded


def holds(name: str, source: Any) -> bool:
    """Whether a file holds a text: Python compiles the lines of a traceback, under their file's name."""
    try:
        with open(name, "rb") as file:
            return (source.encode() if type(source) is str else bytes(source)) in file.read()
    except (OSError, TypeError, ValueError):
        return False


def honest(guard: Guard, frame: Any, name: str) -> bool:
    """Whether it is a library that uses what has this name, by itself, and for itself."""
    while frame is not None:
        code = frame.f_code
        file = code.co_filename
        if frame.f_globals is globals() or file.startswith("<frozen importlib"):
            return True
        if not trusted(guard, file):
            return False
        giving = next((names for place, names in GIVING.items() if file.endswith(place)), None)
        if giving is None or (giving and code.co_name not in giving):
            # A call that is handed on, as by `ExitStack.callback`, does not have the name in its code.
            return name in code.co_names or file.endswith("/traceback.py")
        name, frame = giving.get(code.co_name, code.co_name), frame.f_back
    return True


def foreign(guard: Guard, frame: Any, until: Any = None) -> str:
    """Which code of the submission's own called this, directly or not; "" when none did."""
    request = until is None
    while frame is not None and frame is not until:
        code = frame.f_code
        if frame.f_globals is not globals() and not trusted(guard, code.co_filename):
            if not (request and code.co_name == "<module>" and code.co_names[-1:] == ("audit",)):
                return f"the check was called by {code.co_name} of the submission."
            request = False
        frame = frame.f_back
    return ""


def serve(guard: Guard, text: str) -> None:
    """Do what a request says, and show the reply with its signature."""
    request = SCAN(text, 0)[0]
    reply = TASKS[request["task"]](guard, **request["given"])
    under = foreign(guard, FRAME(1))
    seen = [*guard.seen, *([under] if under else [])]
    said = written({"reply": reply, "seen": seen})
    data = {request["kind"]: {"nonce": request["nonce"], "said": said, "mark": signed(guard.key, text, said)}}
    shell().display_pub.publish(data)


def signed(key: bytes, *texts: str) -> str:
    """The signature of texts; "" without a key."""
    if not key:
        return ""
    parts = [sha256(text.encode("utf-8", "backslashreplace")).digest() for text in texts]
    return sha256(key + sha256(key + b"".join(parts)).digest()).hexdigest()


def written(value: Any) -> str:
    """Plain data as JSON, without the module `json`, which a program may have patched."""
    kind = type(value)
    if kind is str:
        return str(quoted(value))
    if value is None or kind is bool:
        return {None: "null", True: "true", False: "false"}[value]
    if kind is int or kind is float:
        return repr(value)
    if kind is list or kind is tuple:
        return f"[{','.join([written(part) for part in value])}]"
    if kind is dict:
        return "{" + ",".join([f"{quoted(name)}:{written(part)}" for name, part in value.items()]) + "}"
    raise TypeError(f"a reply holds a {kind.__name__}")


def canaries(
    guard: Guard, exercise: str, answer: str, setup: str, solutions: list[list[str]], salt: str
) -> dict[str, Any]:
    """Check wrong solutions as the student's answer is checked; what each was given, and the seal."""
    given: dict[str, Any] = {}
    before = journals()
    for name, source in solutions:
        names: dict[str, Any] = {"__name__": "__main__"}
        try:
            run(setup, names)
            run(source, names)
            points = guard.check(exercise, names[answer]).points
            given[name] = points if type(points) is int else f"no number: {type(points).__name__}"
        except BaseException as error:
            given[name] = f"{type(error).__name__} was raised"
    # What a wrong solution was told is no progress of the student's, and no page shows it.
    for path in journals():
        try:
            truncate(path, before.get(path, 0))
        except OSError:
            continue
    return {"given": given, "seal": sealed(made(), salt) if salt else ""}


def journals() -> dict[str, int]:
    """The files that keep this kernel's checks, and how long each is."""
    try:
        folder = MODULES["lessons.study.journal"].home()
        return {str(path): path.stat().st_size for path in folder.glob("*.jsonl")}
    except Exception:
        return {}


def graded(guard: Guard, exercise: str, answer: str, variant: str, salt: str) -> dict[str, Any]:
    """Run a check on the answer that the notebook holds: its verdict, and what was seen of the check."""
    names = shell().user_ns
    names["check"] = guard.check
    guard.course(variant)
    stood: dict[str, list[Any]] = {}
    before = dict(guard.trial)
    guard.trial.update(zip(STOOD_IN, beside(guard, stood), strict=True))
    try:
        if answer not in names:
            raise NameError(f"name {answer!r} is not defined")
        verdict = guard.check(exercise, names[answer])
        shown, points = plain(verdict.as_dict()), verdict.points
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        return {"raised": f"{type(error).__name__}: {error}"[:300]}
    finally:
        guard.trial.update({name: before[name] for name in STOOD_IN})
    points = points if type(points) is int else None
    return {"verdict": shown, "points": points, "stood": plain(stood), "seal": sealed(made(), salt)}


def plain(value: Any, depth: int = 0) -> Any:
    """Data of Python's own types alone."""
    kind = type(value)
    if value is None or kind in (str, int, float, bool):
        return value
    if depth < PATIENCE and kind in (list, tuple):
        return [plain(part, depth + 1) for part in value]
    if depth < PATIENCE and kind is dict:
        return {str(name): plain(part, depth + 1) for name, part in value.items()}
    return f"a {kind.__name__}"


def parts(guard: Guard) -> dict[str, Any]:
    """What the checks and the kernel are made of now."""
    return {"made": made()}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {"canaries": canaries, "graded": graded, "parts": parts}
"""What a request may ask for."""


def beside(guard: Guard, stood: dict[str, list[Any]]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Stand-ins for two functions of a check's trial, which look on while it settles an answer's aspects.

    An answer is called in a copy of this process, and could change the check there. stood: by aspect, its
    points, and what was seen.
    """
    secret = [urandom(16).hex()]

    def looking(given: tuple[Any, ...]) -> None:
        exercise, answer, variant, tell = given
        guard.soft = exercise.kind == "test"
        here, known = FRAME(), len(guard.seen)
        # Whoever comes by the key in this copy has nothing of it.
        guard.key = b""

        def telling(line: dict[str, Any]) -> None:
            if "name" in line:
                seen = "".join(guard.seen[known:][:1])
                why = seen or foreign(guard, FRAME(1), here) or moved(guard)
                tell({"stood": [secret[0] if not seen else "", line["name"], line["points"], why]})
            tell(line)

        guard.examined(exercise, answer, variant, telling)

    def reading(given: tuple[Any, ...]) -> Any:
        for line in given[2]:
            if "stood" in line:
                mark, name, points, why = line["stood"]
                fine = mark == secret[0]
                stood[name] = [points, why or ("" if fine else "its check was not as it should be.")]
        return guard.verdict(*given)

    looks, reads = behind(looking), behind(reading)
    return lambda *given: looks(given), lambda *given: reads(given)


def behind(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A call through a generator: what it holds is behind the generator's frame, which the hook watches."""

    def waiting() -> Generator[Any, Any, None]:
        given = yield
        while True:
            given = yield call(given)

    made: Generator[Any, Any, None] = waiting()
    next(made)
    return made.send


def spaces() -> list[tuple[str, Any, dict[str, Any]]]:
    """The names of the course's modules and classes, and what they stand for."""
    found: list[tuple[str, Any, dict[str, Any]]] = []
    for name, module in list(MODULES.items()):
        if isinstance(module, ModuleType) and OWN(name) is not None:
            _space(found, name, vars(module), name)
    return found


def _space(found: list[tuple[str, Any, dict[str, Any]]], name: str, space: Any, module: str) -> None:
    kinds = (FunctionType, type, staticmethod, classmethod, property)
    kept = {
        key: (value, value.__code__ if isinstance(value, FunctionType) else None)
        for key, value in list(space.items())
        if key not in ORDINARY and isinstance(value, kinds)
    }
    found.append((name, space, kept))
    for key, (value, _) in kept.items():
        if isinstance(value, type) and value.__module__ == module:
            _space(found, f"{name}.{key}", vars(value), module)


def moved(guard: Guard) -> str:
    """Which function or class of the course is another one now; "" when none is. Quicker than all marks."""
    for name, space, kept in guard.spaces:
        for key, (value, code) in kept.items():
            if space.get(key) is not value and not (space is guard.trial and key in STOOD_IN):
                return f"{name}.{key} was replaced while the answer ran."
            if code is not None and value.__code__ is not code:
                return f"{name}.{key} was changed while the answer ran."
    return ""


def sealed(table: dict[str, str], salt: str) -> str:
    """One digest of all marks, another one with each salt."""
    whole = "\n".join([salt, *(f"{key} {table[key]}" for key in sorted(table))])
    return sha256(whole.encode("utf-8", "backslashreplace")).hexdigest()


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell's source in a namespace; the value of its last line, if that is an expression."""
    tree: Any = compile(source, "<check>", "exec", PyCF_ONLY_AST)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, Expr):
        exec(compile(tree, "<check>", "exec"), names)
        return None
    del tree.body[-1]
    exec(compile(tree, "<check>", "exec"), names)
    return eval(compile(Expression(last.value), "<check>", "eval"), names)


def shell() -> Any:
    """The kernel's shell."""
    return MODULES["IPython"].get_ipython()


def made() -> dict[str, str]:
    """A mark for each function, class and module that the checks use: which object, and what code."""
    table: dict[str, str] = {}
    for name, module in list(MODULES.items()):
        own = OWN(name) is not None
        if isinstance(module, ModuleType) and (own or name in WATCHED):
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
            called = running.events.callbacks.get(event, ())
            table[f"shell.{event}"] = ",".join(_which(one) for one in called if not _of_library(one))
        for key, value in list(vars(running).items()):
            if callable(getattr(type(running), key, None)):
                table[f"shell.{key}"] = _which(value)
    return table


def _of_library(call: Any) -> bool:
    """Whether it is a function of a library's, such as what `%autoreload` has called before each cell."""
    function = call.__func__ if type(call) is MethodType else call
    return type(function) is FunctionType and function.__code__.co_filename.startswith(ROOTS)


def _mark(table: dict[str, str], key: str, value: Any, own: bool, depth: int) -> None:
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, property):
        for part in ("fget", "fset", "fdel"):
            _mark(table, f"{key}.{part}", getattr(value, part), own, depth + 1)
    elif isinstance(value, FunctionType):
        table[key] = _function(value, depth)
    elif isinstance(value, type):
        table[key] = _which(value)
        # A class is looked into where it is defined, and not again at each import of its name.
        if value.__module__ == key.partition(":")[0] and depth <= PATIENCE:
            for name, part in list(vars(value).items()):
                if name not in ORDINARY:
                    _mark(table, f"{key}.{name}", part, own, depth + 1)
    elif isinstance(value, ModuleType):
        # That a submodule was imported is no change.
        if f"{key.replace(':', '.')}" != value.__name__:
            table[key] = _which(value)
    elif callable(value):
        table[key] = _which(value)
        if isinstance(getattr(value, "__wrapped__", None), FunctionType):
            table[f"{key}.__wrapped__"] = _function(value.__wrapped__, depth)
    elif (own and not key.startswith(("lifecycle", "lessons"))) or key.startswith("lessons.exercises"):
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
    elif type(value).__module__.startswith(("lifecycle.", "lessons.")):
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
        if isinstance(held, FunctionType) and depth < PATIENCE:
            parts.append(_function(held, depth + 1))
        elif callable(held):
            parts.append(_which(held))
    return " ".join(parts)


def _which(value: Any) -> str:
    """Which object it is. A bound method is made anew at each look: it is its function and its object."""
    if isinstance(value, MethodType):
        return f"{_which(value.__self__)}.{_which(value.__func__)}"
    return f"{id(value):x}"


def source() -> str:
    """This module's own text."""
    return inspect.getsource(sys.modules[__name__])
