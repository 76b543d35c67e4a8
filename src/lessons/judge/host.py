"""The host, the answer's side: it holds the student's objects and does with them what the judge asks.

It knows no expectation and settles nothing. The judge does not trust it.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import select
import signal
import socket
import sys
import time
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from lessons.exercises.exercise import student_lines, text_of
from lessons.judge.wire import DEPTH, PROTOCOL, Channel, Kept, Over, Peer, made_error, parsed

PRINTED = 2_000
"""How many characters of an answer's own output a verdict keeps."""

MEMORY = 2**30
"""How many bytes an answer may use in a check beyond what the process has already."""

FIRST = 4.0
"""Seconds in which a copy of this process says its first word, or is taken for stuck."""

COPIES = 3
"""How many copies are tried, one after the other."""

SPECIAL = (
    "__call__",
    "__iter__",
    "__next__",
    "__enter__",
    "__exit__",
    "__len__",
    "__getitem__",
    "__contains__",
)
"""The special methods of which a judge hears whether an object has them."""


class Stuck(RuntimeError):
    """No copy of this process came to its first word."""


class Host(Peer):
    """Serves the check of one answer. What a judge may ask are the methods `do_…`."""

    def __init__(self, channel: Channel | None, answer: object) -> None:
        super().__init__(channel)
        self.answer = answer
        self.output = _Capped()
        self._classes: dict[Any, type] = {}
        self._numbers_by_class: dict[type, dict[int, int]] = {}
        self._methods: dict[type, list[str]] = {}

    def serve(self, name: str, *arguments: Any) -> Any:
        """Do what the judge asks for."""
        return getattr(self, f"do_{name}")(*arguments)

    def run(self) -> None:
        """Serve until the judge is gone, which raises `Over`."""
        assert self.channel is not None
        with self.capture():
            while True:
                with self._lock:
                    message = parsed(self.channel.receive())
                reply = self.replied(message[1])
                with self._lock:
                    self.channel.send(reply)

    @contextlib.contextmanager
    def capture(self) -> Iterator[None]:
        """Keep what the answer prints, and its warnings off the screen."""
        out, err = contextlib.redirect_stdout(self.output), contextlib.redirect_stderr(self.output)
        with out, err, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield

    # --- what a judge may ask ---

    def do_answer(self) -> Any:
        return Kept(self.answer)

    def do_blank(self, exercise: str, name: str, stub: str) -> bool:
        from lessons.judge.blank import is_blank

        return bool(is_blank(self.answer, exercise, name, stub))

    def do_printed(self) -> str:
        return self.output.text

    def do_call(self, thing: Any, given: list[Any], named: dict[str, Any]) -> Any:
        return thing(*given, **named)

    def do_method(self, thing: Any, name: str, given: list[Any], named: dict[str, Any]) -> Any:
        return getattr(thing, name)(*given, **named)

    def do_get(self, thing: Any, name: str) -> Any:
        return getattr(thing, name)

    def do_set(self, thing: Any, name: str, value: Any) -> None:
        setattr(thing, name, value)

    def do_delete(self, thing: Any, name: str) -> None:
        delattr(thing, name)

    def do_iter(self, thing: Any) -> Any:
        return Kept(iter(thing))

    def do_next(self, thing: Any, keep: bool) -> Any:
        value = next(thing)
        return Kept(value) if keep else value

    def do_item(self, thing: Any, key: Any) -> Any:
        return thing[key]

    def do_contains(self, thing: Any, value: Any) -> bool:
        return value in thing

    def do_len(self, thing: Any) -> int:
        return len(thing)

    def do_repr(self, thing: Any) -> str:
        return str.__str__(repr(thing))[:500]

    def do_enter(self, thing: Any) -> Any:
        return type(thing).__enter__(thing)

    def do_exit(self, thing: Any, error: BaseException | None) -> bool:
        if error is None:
            return bool(type(thing).__exit__(thing, None, None, None))
        before = error.__traceback__
        try:
            raise error  # so that it has a traceback, and `sys.exc_info` knows it
        except BaseException as same:
            swallows = bool(type(thing).__exit__(thing, type(same), same, same.__traceback__))
        error.__traceback__ = before  # this frame holds the error: with it in there, neither would go
        return swallows

    def do_function(self, target: Any, name: str, parameters: str, generator: bool, doc: str | None) -> Any:
        """A true function, to be decorated: it hands each call on to the judge's `target`."""
        return Kept(_function(target, name, parameters, generator, doc))

    def do_property(self, target: Any) -> Any:
        """A true property for `do_class`: its value is what the judge's `target` returns for the object."""
        return Kept(property(lambda thing: target(thing)))

    def do_class(self, name: str, bases: list[Any], room: dict[str, Any]) -> Any:
        """A true class, so that `__set_name__`, `__get__` and inheritance are Python's own."""
        return Kept(type(name, tuple(bases), {"__module__": "__main__", **room}))

    def do_forget(self, numbers: list[int]) -> None:
        self.forget(numbers)

    def do_witness(self, module: str, name: str, *arguments: Any) -> Any:
        """Call a function of the kit's here: what only this process can look at."""
        return getattr(import_module(module), name)(*arguments)

    # --- in place of the judge's objects ---

    def is_theirs(self, thing: Any) -> int | None:
        numbers = self._numbers_by_class.get(type(thing))
        return None if numbers is None else numbers[id(thing)]

    def told(self, thing: Any) -> list[Any]:
        kind = type(thing)
        if isinstance(thing, type):
            sort = "class"
        else:
            sort = "generator" if isinstance(thing, types.GeneratorType) else ""
        if kind not in self._methods:
            self._methods[kind] = _methods(kind)
        special = [name for name in SPECIAL if hasattr(kind, name)]
        return [kind.__name__[:80], sort, special, self._methods[kind]]

    def stand_in(self, there: int, *told: Any) -> Any:
        name, sort, methods, values = told
        key = (name, sort, *methods, "", *values)
        if key not in self._classes:
            self._classes[key] = self._class(name, sort, methods, values)
        return self._classes[key](there)

    def _class(self, name: str, sort: str, methods: list[str], values: list[str]) -> type:
        numbers: dict[int, int] = {}

        def __init__(self: Any, there: int) -> None:
            numbers[id(self)] = there  # the host keeps every stand-in, so no id is given twice

        # Python 3.14's errors name the module of a type, and none for a true generator.
        module = "builtins" if name == "generator" else "lifecycle"
        # It has no `__del__`: what an answer drops stays open at the judge.
        room: dict[str, Any] = {"__init__": __init__, "__module__": module}
        room |= {one: self._method(one) for one in methods}
        room |= {one: self._value(one) for one in values}
        if "__next__" in methods and "__iter__" not in methods:
            room["__iter__"] = lambda self: self  # who declares `__iter__` beside it hears of each loop
        if sort == "generator":
            room["__class__"] = property(lambda self: types.GeneratorType)
        made = type(name, (), room)
        self._numbers_by_class[made] = numbers
        return made

    def _method(self, called: str) -> Any:
        host = self

        def call(self: Any, *given: Any, **named: Any) -> Any:
            return host.ask("call", self, called, list(given), named)

        call.__name__ = call.__qualname__ = called
        return call

    def _value(self, name: str) -> Any:
        return property(lambda thing: self.ask("value", thing, name))

    def unpack_more(self, tag: str, content: Any) -> Any:
        if tag == "bound":  # a method of one of our objects
            return getattr(self._shown[content[0]], content[1])
        raise ValueError(tag)

    # --- errors ---

    def error_stand_in(self, names: list[str], arguments: list[Any]) -> BaseException:
        for name in names:
            module, _, qualified = name.partition(":")
            with contextlib.suppress(Exception):
                kind = getattr(sys.modules.get(module) or import_module(module), qualified)
                error = made_error(kind, arguments)
                if error is not None:
                    return error
        return Exception(*arguments)

    def learn(self, error: BaseException, about: Any) -> None:
        """Let an error hold what the judge says: it goes when the answer drops the error."""
        if "holds" not in about:
            return
        numbers, cycle = about["holds"]
        room = [self._shown[one] for one in numbers]
        if cycle:
            room.append(room)
        self.forget(numbers)
        error.__dict__["_wire_room"] = room
        there, mine = error.__dict__.get("_wire_number"), self._numbers.get(id(error))
        if there is not None and self._theirs.pop(there, None) is error:
            error.__dict__["_wire_left"] = True
        elif mine is not None:
            error.__dict__["_wire_own"] = mine
            self.forget([mine])

    def about(self, error: BaseException, depth: int) -> dict[str, Any]:
        lines = list(student_lines(error))
        most = Counter(lines).most_common(1)
        notes = getattr(error, "__notes__", [])
        return {
            "text": text_of(error)[:500],
            "where": lines[-1] if lines else "",
            "most": most[0][0] if most else "",
            "notes": [str(note)[:200] for note in notes[:5]] if isinstance(notes, list) else [],
            "cause": self._before(error.__cause__, depth),
            "context": self._before(error.__context__, depth),
        }

    def _before(self, error: BaseException | None, depth: int) -> Any:
        # Errors may name each other in a circle.
        return None if error is None or depth >= DEPTH // 2 else self.pack(error, depth + DEPTH // 4)


def _function(target: Any, name: str, parameters: str, generator: bool, doc: str | None) -> Any:
    handed = ", ".join(one.partition("=")[0].strip() for one in parameters.split(","))
    call = f"(yield from target({handed}))" if generator else f"target({handed})"
    # Written as source, so that tools see the parameters of a plain `def`. The file's name is no student's.
    source = f"def {name}({parameters}):\n    return {call}\n"
    names = {"target": target, "__name__": "__main__"}
    exec(compile(source, "a function of the check", "exec"), names)
    function: Any = names[name]
    function.__doc__ = doc
    return function


def _methods(kind: type) -> list[str]:
    """The names of a class's own plain methods: a judge calls them in one trip."""
    if kind.__module__ == "builtins":
        return []
    found = {name: None for one in type.mro(kind) for name, value in list(vars(one).items())
             if isinstance(value, types.FunctionType) and not name.startswith("__")}  # fmt: skip
    return [name[:80] for name in found][:60]


class _Capped(io.TextIOBase):
    """Takes what an answer prints, and keeps the beginning."""

    def __init__(self) -> None:
        self.text = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text[: max(0, PRINTED - len(self.text))]
        return len(text)


# --- a copy of this process as the host ---


class Copy:
    """A fork of this process that serves a judge.

    What an answer changes, patches or kills is the copy's own.
    """

    def __init__(self, answer: object, connect: Callable[[], socket.socket], close: list[int]) -> None:
        """Begin. connect: makes the copy's connection. close: descriptors that it closes. Raises `Stuck`."""
        sys.stdout.flush()
        for _ in range(COPIES):
            if self._began(answer, connect, close):
                return
            # A copy of a process with threads may have inherited a lock that no thread gives back.
            self.end()
        raise Stuck(f"{COPIES} copies of this process were started, and none of them answered")

    def _began(self, answer: object, connect: Callable[[], socket.socket], close: list[int]) -> bool:
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads at each fork
            self.child = os.fork()
        if self.child == 0:
            try:
                _serve(answer, connect, [reading, *close], writing)
            finally:
                os._exit(0)
        os.close(writing)
        try:
            ready = select.select([reading], [], [], FIRST)[0]
            return bool(ready and os.read(reading, 1))
        finally:
            os.close(reading)

    def wait(self, seconds: float) -> None:
        """Wait until the copy has ended by itself, but no longer."""
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            info = os.waitid(os.P_PID, self.child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if info is not None:
                return
            time.sleep(0.005)

    def end(self) -> None:
        """End the copy and whatever it started."""
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(self.child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.child, 0)


def _serve(answer: object, connect: Callable[[], socket.socket], close: list[int], ready: int) -> None:
    for one in close:
        os.close(one)
    os.setpgid(0, 0)
    # A check asks the collector often: let it not walk through, and copy, all that the parent has.
    gc.freeze()
    limit_memory()
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel(connect())
    channel.send(hello())
    os.write(ready, b"!")
    os.close(ready)
    with contextlib.suppress(Over):
        Host(channel, answer).run()


def hello() -> bytes:
    """A host's first message."""
    return f'["hello", {PROTOCOL}]'.encode()


def limit_memory() -> None:
    """So that an answer that collects without end is stopped before the machine is."""
    with contextlib.suppress(Exception):
        import resource

        with open("/proc/self/statm", "rb") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = used + MEMORY
        if hard == resource.RLIM_INFINITY or wanted < hard:
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
