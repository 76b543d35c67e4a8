"""The host, the answer's side: it holds the student's objects and does with them what the judge requests.

It does not know what is expected, and decides nothing. The judge does not trust it.
"""

import contextlib
import gc
import io
import operator
import os
import signal
import socket
import sys
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

from lessons.collector import freeze_for_good
from lessons.exercises.exercise import student_lines, text_of
from lessons.judge.blank import is_blank
from lessons.judge.clock import Clock
from lessons.judge.wire import DEPTH, PROTOCOL, Channel, Kept, Over, Peer, parsed

PRINTED = 2_000  # characters of an answer's own output that a verdict keeps
MEMORY = 2**30  # bytes that an answer may use in a check beyond what the process has already
FIRST = 4.0  # seconds to wait for the first message of a copy of this process; after that it counts as stuck
COPIES = 3  # how many copies are tried, one after another

SPECIAL = ("__call__", "__iter__", "__next__", "__enter__", "__exit__", "__len__", "__getitem__",
           "__contains__")  # fmt: skip
"""The special methods for which the judge is told whether an object has them."""


class Stuck(RuntimeError):
    """None of the copies of this process sent a first message."""


class Host(Peer):
    """Serves the check of one answer. A judge may call the methods `do_…` and the functions in `_ASKED`."""

    def __init__(self, channel: Channel | None, answer: object) -> None:
        super().__init__(channel)
        self.answer = answer
        self.output = _Capped()
        self._numbers_by_class: dict[type, dict[int, int]] = {}
        self._methods: dict[type, tuple[list[str], list[str]]] = {}

    def serve(self, name: str, *arguments: Any) -> Any:
        """Do what the judge requests."""
        return (_ASKED.get(name) or getattr(self, f"do_{name}"))(*arguments)

    def run(self) -> None:
        """Serve until the judge closes the connection, which raises `Over`."""
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
        """Keep the answer's output, and hide its warnings.

        The collector waits: it runs the answer's code, which may send a request in the middle of a message.
        """
        out, err = contextlib.redirect_stdout(self.output), contextlib.redirect_stderr(self.output)
        collects, hook = gc.isenabled(), sys.unraisablehook
        gc.disable()
        sys.unraisablehook = sys.__unraisablehook__
        try:
            with out, err, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
                gc.collect(0)  # what the answer dropped is young, and is closed before this process goes on
        finally:
            sys.unraisablehook = hook
            if collects:
                gc.enable()

    def do_answer(self) -> Any:
        return Kept(self.answer)

    def do_blank(self, exercise: str, name: str, stub: str) -> bool:
        return bool(is_blank(self.answer, exercise, name, stub))

    def do_printed(self) -> str:
        return self.output.getvalue()

    def do_next(self, thing: Any, keep: bool) -> Any:
        value = next(thing)
        return Kept(value) if keep else value

    def do_exit(self, thing: Any, error: BaseException | None) -> bool:
        if error is None:
            return bool(type(thing).__exit__(thing, None, None, None))
        before = error.__traceback__
        try:
            raise error  # so that it has a traceback, and `sys.exc_info` knows it
        except BaseException as same:
            swallows = bool(type(thing).__exit__(thing, type(same), same, same.__traceback__))
        error.__traceback__ = before  # else frame and error would hold each other
        return swallows

    def do_forget(self, numbers: list[int]) -> None:
        """Drop objects that were shown, so that this process can collect them."""
        for one in numbers:
            self._numbers.pop(id(self._shown[one]), None)
            self._shown[one] = None

    def is_theirs(self, thing: Any) -> int | None:
        numbers = self._numbers_by_class.get(type(thing))
        return None if numbers is None else numbers[id(thing)]

    def told(self, thing: Any) -> list[Any]:
        kind: Any = type(thing)
        sort = "generator" if isinstance(thing, types.GeneratorType) else ""
        sort = "class" if isinstance(thing, type) else sort
        if kind not in self._methods:
            self._methods[kind] = [name for name in SPECIAL if hasattr(kind, name)], _methods(kind)
        return [kind.__name__[:80], sort, *self._methods[kind]]

    def stand_in(self, there: int, *told: Any) -> Any:
        name, sort, methods, values = told
        key = (name, sort, *methods, "", *values)
        if key not in self._classes:
            self._classes[key] = self._class(name, sort, methods, values)
        return self._classes[key](there)

    def _class(self, name: str, sort: str, methods: list[str], values: list[str]) -> type:
        numbers: dict[int, int] = {}

        def __init__(self: Any, there: int) -> None:
            numbers[id(self)] = there  # the host keeps every stand-in, so an id is never used twice

        # In Python 3.14, errors name the module of a type, but not for a true generator.
        module = "builtins" if name == "generator" else "lifecycle"
        # It has no `__del__`: a stream that an answer drops stays open on the judge's side.
        room: dict[str, Any] = {"__init__": __init__, "__module__": module}
        room |= {one: self._method(one) for one in methods}
        room |= {one: self._value(one) for one in values}
        if "__next__" in methods and "__iter__" not in methods:
            room["__iter__"] = lambda self: self  # if `__iter__` is declared too, the judge sees each loop
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

    def module(self, name: str) -> Any:
        with contextlib.suppress(Exception):
            return sys.modules.get(name) or import_module(name)
        return None

    def learn(self, error: BaseException, about: Any) -> None:
        """Attach objects named by the judge to an error: they are freed when the answer drops the error."""
        if "cause" in about:
            error.__cause__ = error.__context__ = self._unpacked(about["cause"])
        if "holds" not in about:
            return
        numbers, cycle = about["holds"]
        room = [self._shown[one] for one in numbers]
        if cycle:
            room.append(room)
        self.do_forget(numbers)
        error.__dict__["_wire_room"] = room
        there, mine = error.__dict__.get("_wire_number"), self._numbers.get(id(error))
        if there is not None and self._theirs.pop(there, None) is error:
            error.__dict__["_wire_left"] = True
        elif mine is not None:
            error.__dict__["_wire_own"] = mine
            self.do_forget([mine])

    def about(self, error: BaseException, depth: int) -> dict[str, Any]:
        lines = list(student_lines(error))
        most = Counter(lines).most_common(1)
        return {"text": text_of(error)[:500], "where": lines[-1] if lines else "",
                "most": most[0][0] if most else "",
                **{key: self._before(getattr(error, f"__{key}__"), depth)
                   for key in ("cause", "context") if depth < DEPTH // 2}}  # fmt: skip


_ASKED: dict[str, Callable[..., Any]] = {
    "call": lambda thing, given, named: thing(*given, **named),
    "method": lambda thing, name, given, named: getattr(thing, name)(*given, **named),
    "get": getattr,
    "set": setattr,
    "delete": delattr,
    "iter": lambda thing: Kept(iter(thing)),
    "item": operator.getitem,
    "contains": operator.contains,
    "len": len,
    "repr": lambda thing: str.__str__(repr(thing))[:500],
    "enter": lambda thing: type(thing).__enter__(thing),
    # These three are true ones, so that `__set_name__`, `__get__`, inheritance and decorators are Python's.
    "function": lambda *given: Kept(_function(*given)),
    "property": lambda target: Kept(property(lambda thing: target(thing))),
    "class": lambda name, bases, room: Kept(type(name, tuple(bases), {"__module__": "__main__", **room})),
    # A function of the kit, for what can be seen only in this process.
    "witness": lambda module, name, *given: getattr(import_module(module), name)(*given),
}


def _function(target: Any, name: str, parameters: str, generator: bool, doc: str | None) -> Any:
    handed = ", ".join(one.partition("=")[0].strip() for one in parameters.split(",") if one.strip() != "*")
    call = f"(yield from target({handed}))" if generator else f"target({handed})"
    # It is made from source, so that tools see the parameters of a plain `def`. A student's file never has
    # this name.
    source = f"def {name}({parameters}):\n    return {call}\n"
    names = {"target": target, "__name__": "__main__"}
    exec(compile(source, "a function of the check", "exec"), names)
    function: Any = names[name]
    function.__doc__ = doc
    return function


def _methods(kind: type) -> list[str]:
    """The names of a class's own plain methods: a judge calls each with one message."""
    if kind.__module__ == "builtins":
        return []
    found = {name: None for one in type.mro(kind) for name, value in list(vars(one).items())
             if isinstance(value, types.FunctionType) and not name.startswith("__")}  # fmt: skip
    return [name[:80] for name in found][:60]


class _Capped(io.StringIO):
    """Takes an answer's output, and keeps the beginning."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, PRINTED - self.tell())])
        return len(text)


def forked(work: Callable[[], None], close: list[int]) -> int:
    """Start a copy of this process, with limits and a process group. It closes these, works, and ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads at each fork
        child = os.fork()
    if child == 0:
        try:
            for one in close:
                os.close(one)
            os.setpgid(0, 0)
            # A check runs the collector often. It should not visit, and so copy, everything that the parent
            # has.
            freeze_for_good()
            limit_memory()
            with contextlib.suppress(ValueError):
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            work()
        finally:
            os._exit(0)
    return child


def ended(child: int) -> None:
    """End a copy and everything that it started."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


class Copy:
    """A fork of this process that serves a judge. An answer can change, patch or kill only this copy."""

    def __init__(self, answer: object, connect: Callable[[], socket.socket], close: list[int]) -> None:
        """Start it. connect: makes its connection. close: descriptors to close in it. Raises `Stuck`."""
        sys.stdout.flush()
        for _ in range(COPIES):
            reading, writing = os.pipe()
            self.child = forked(partial(_serve, answer, connect, writing), [reading, *close])
            os.close(writing)
            with open(reading, "rb", 0) as said:
                clock = Clock(self.child)
                if clock.readable(reading, clock() + FIRST) and said.read(1):
                    return
            # A copy of a process with threads may have inherited a lock that is never released.
            self.close()
        raise Stuck(f"{COPIES} copies of this process were started, but none of them answered")

    def wait(self, seconds: float) -> None:
        """Wait until the copy has ended by itself, but only for a limited time."""
        clock = Clock(self.child)
        with open(os.pidfd_open(self.child), "rb", 0) as running:
            clock.readable(running.fileno(), clock() + seconds)

    def close(self) -> None:
        ended(self.child)


def _serve(answer: object, connect: Callable[[], socket.socket], ready: int) -> None:
    channel = Channel(connect())
    # If the judge has ended meanwhile, it has said why: this copy is not stuck.
    with contextlib.suppress(Over):
        channel.send(hello())
    os.write(ready, b"!")
    os.close(ready)
    with contextlib.suppress(Over):
        Host(channel, answer).run()


def hello() -> bytes:
    """The first message of a host."""
    return f'["hello", {PROTOCOL}]'.encode()


def limit_memory() -> None:
    """Limit the memory, so that an answer that needs more and more is stopped before it harms the machine."""
    with contextlib.suppress(Exception):
        import resource

        with open("/proc/self/statm", "rb") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = used + MEMORY
        if hard == resource.RLIM_INFINITY or wanted < hard:
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
