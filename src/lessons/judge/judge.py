"""The judge's side of the wire: it owns the doubles, and uses the host's objects as if they were local.

It looks up an attribute by a name from a host only if `declared` allows it for exactly the object's class.
Replies of a host's object are not trusted.
"""

import contextlib
import operator
import os
import socket
import stat
import struct
import sys
import types
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar

from lessons.judge.wire import GONE, NO_MESSAGE, PROTOCOL, STUCK, Over, Peer, number, parsed

QUESTION = 10.0  # seconds that one question may take, including the questions that the host asks meanwhile

C = TypeVar("C", bound=type)


class Declared(NamedTuple):
    """What a host may use of an object: the name of its class in the host, its methods and its values."""

    name: str
    methods: list[str]
    values: list[str]


_DECLARED: dict[type, Declared] = {}


def declared(methods: str, values: str = "", name: str = "") -> Callable[[C], C]:
    """Let a host call only these methods and read only these values of objects of exactly this class.

    methods, values: names, separated by blanks. name: the name of the class in the host. An iterator needs
    only `__next__`; if `__iter__` is declared too, the start of each loop is also a question.
    """

    def decorated(kind: C) -> C:
        _DECLARED[kind] = Declared(name or kind.__name__, methods.split(), values.split())
        return kind

    return decorated


declared("__next__ send throw close", "gi_running gi_suspended gi_frame", "generator")(types.GeneratorType)
declared("__next__", "", "list_iterator")(type(iter([])))


@declared("__call__", "__name__", name="function")
class Callback:
    """Wraps a function of the judge that a host may call."""

    def __init__(self, function: Callable[..., Any], name: str = "") -> None:
        self._function = function
        self.__name__ = name or function.__name__

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self._function(*given, **named)


class Judge(Peer):
    """Asks one host. `keep`: pulled records stay in the host and pass through here unchanged."""

    keep = False
    host = 0  # the host's process, if this process has started it
    shared: str | None = None  # a folder that both sides see under the same path; by default the system's

    def greeted(self, seconds: float) -> None:
        """Wait for the host's first message. Raises `Over`."""
        if self.channel is None:
            return  # judge and host share this process
        self.channel.until = self.channel.clock() + seconds
        try:
            message = self.channel.receive()
        except Over as over:
            raise Over(STUCK, "The judge was not shown an answer.") if over.how == GONE else over from None
        if parsed(message) != ["hello", PROTOCOL]:
            raise Over(NO_MESSAGE)

    def ask(self, *question: Any) -> Any:
        """Ask the host; a question that is not part of another one has `QUESTION` seconds."""
        if self.channel is not None and not self._nested:
            self.channel.until = self.channel.clock() + QUESTION
        return super().ask(*question)

    def function(
        self, target: Callable[..., Any], name: str, parameters: str = "self, *given, **named",
        generator: bool = True, doc: str | None = None,
    ) -> Any:  # fmt: skip
        """A true function in the host that can be decorated; it passes each call on to `target`.

        parameters: written as in a `def`. generator: whether it is a generator function.
        """
        return self.ask("function", Callback(target, name), name, parameters, generator, doc)

    def new_class(self, name: str, room: dict[str, Any], *bases: Any) -> Any:
        """A true class in the host, with these attributes."""
        return self.ask("class", name, list(bases), room)

    def copied(self, values: list[Any]) -> list[Any]:
        """These values, with the host's plain objects replaced by copies of their present state.

        With `keep`, pulled objects are copied only after all were pulled, as in a `list`.
        """
        found: list[Any] = self.ask("item", [values], 0)
        if type(found) is not list or len(found) != len(values):
            raise Over(NO_MESSAGE)
        return found

    def mark(self) -> int:
        """How many objects the host has shown so far, for `release`."""
        return len(self._theirs)

    def release(self, first: int) -> None:
        """Let the host forget what it has shown since a `mark`, so that its process can collect it.

        Errors stay, because one of them may still propagate.
        """
        self.ask("forget", self._dropped(first, []))

    def leave_to(self, error: BaseException, first: int, but: list[Any], cycle: bool = False) -> None:
        """When this error reaches the host, only the error refers to the objects shown since a `mark`.

        A true traceback refers to objects in this way, too. but: the objects that stay in any case. cycle:
        whether a reference cycle keeps them alive after the error.
        """
        error.__dict__["_wire_holds"] = [self._dropped(first, but), cycle]

    def _dropped(self, first: int, but: list[Any]) -> list[int]:
        stays = [id(thing) for thing in but]
        later = list(self._theirs.items())[first:]
        numbers = [there for there, thing in later
                   if not isinstance(thing, BaseException) and id(thing) not in stays]  # fmt: skip
        for one in numbers:
            del self._theirs[one]
        return numbers

    def about(self, error: BaseException, depth: int) -> dict[str, Any]:
        about = {"holds": error.__dict__.pop("_wire_holds")} if "_wire_holds" in error.__dict__ else {}
        # The cause of an error that was made on this side; the host knows the causes of its own errors.
        cause = None if "_wire" in error.__dict__ else self._before(error.__cause__, depth)
        return about if cause is None else {**about, "cause": cause}

    def witness(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of a module in the host, for what can be seen only in its process.

        The result is not trusted: use it for sentences, and for points only if it is confirmed from outside.
        """
        return self.ask("witness", function.__module__, function.__name__, *arguments)

    def memory(self) -> int | None:
        """How many bytes of its own the host's process uses, as counted by the system; None if unknown.

        The pages of its files are not counted: a busy system drops them. `statm` would be late by some pages.
        """
        try:
            with open(f"/proc/{self.process()}/smaps_rollup", "rb") as file:
                lines = [line.split() for line in file]
            return sum(int(line[1]) for line in lines if line[0] in (b"Anonymous:", b"Swap:")) * 1024
        except (OSError, ValueError, IndexError):
            return None

    def fill(self, ballast: Callable[[int], Any], count: int, size: int) -> None:
        """Let the host use up what is free in its process: else later objects fill that, and nothing grows.

        ballast: makes so many objects of `size` bytes, which stay. It is called with more and more, until the
        process grows.
        """
        used = self.memory() or 0
        for many in (count << step for step in range(10)):
            self.witness(ballast, many)
            before, used = used, self.memory() or 0
            if used - before > size * many / 2 or not used:
                break

    def files(self) -> set[tuple[int, int, int]] | None:
        """The open files of the host's process, as counted by the system; None if unknown."""
        here = ["/proc/self/fd", "/dev/fd"] if self.channel is None else []
        place = next(filter(os.path.isdir, [f"/proc/{self.process()}/fd", *here]), "")
        # A browser has no such folder. But each number can be tested, and the lowest free one is used next.
        asks = here and not place and sys.platform == "emscripten"
        try:
            numbers = range(256) if asks else [int(name) for name in os.listdir(place)]
        except OSError:
            return None
        found = set()
        for one in numbers:
            with contextlib.suppress(OSError):  # the number is free, or belongs to the listing itself
                seen = os.stat(f"{place}/{one}" if place else one)
                if stat.S_ISREG(seen.st_mode):
                    found.add((one, seen.st_dev, seen.st_ino))
        return found

    @contextlib.contextmanager
    def folder(self) -> Iterator[Path]:
        """A new folder that both sides can see, in which the answer works."""
        with TemporaryDirectory(dir=self.shared, ignore_cleanup_errors=True) as made:
            yield Path(made)

    def process(self) -> int | None:
        """The process id of the host; None if unknown, or if the host has no process of its own."""
        if self.host or self.channel is None:
            return self.host or None
        return peer(self.channel.socket)

    def serve(self, name: str, *arguments: Any) -> Any:
        """Do what a host requests of a declared object."""
        kinds = tuple(map(type, arguments[1:]))
        if name == "call" and kinds == (str, list, dict):
            thing, method, given, named = arguments
            if method not in _allowed(thing).methods or any(type(key) is not str for key in named):
                raise AttributeError(f"{type(thing).__name__!r} object has no attribute {method!r}")
            if method in _BY_FUNCTION:
                return _BY_FUNCTION[method](thing, *given, **named)
            if method == "__exit__" and isinstance(given[1:] and given[1], BaseException) and given[0]:
                given[0] = type(given[1])  # a type that is not built in crosses as an object
            return getattr(thing, method)(*given, **named)
        if name == "value" and kinds == (str,):
            thing, value = arguments
            if value not in _allowed(thing).values:
                raise AttributeError(f"{type(thing).__name__!r} object has no attribute {value!r}")
            found = getattr(thing, value)
            return (found is not None or None) if value == "gi_frame" else found
        raise Over(NO_MESSAGE)

    def is_theirs(self, thing: Any) -> int | None:
        return _place(thing)[1] if type(thing).__base__ is Remote else None

    def _as_number(self, thing: Any) -> Any:
        if type(thing) is Bound:
            return {"bound": [_place(thing.thing)[1], thing.name]}
        return super()._as_number(thing)

    def told(self, thing: Any) -> list[Any]:
        known = _allowed(thing)  # an object of a class that is not declared never crosses
        sort = "generator" if type(thing) is types.GeneratorType else ""
        return [known.name, sort, known.methods, known.values]

    def stand_in(self, there: int, *told: Any) -> Any:
        name, sort, special, methods = told
        key = (name, sort, *special, "", *methods)
        if key not in self._classes:  # what is in it was looked at before
            lists = type(special) is type(methods) is list
            if not lists or len(methods) > 100 or any(type(one) is not str for one in key):
                raise ValueError(told)
            self._classes[key] = _remote_class(name[:80], sort, special, methods)
        made: Any = object.__new__(self._classes[key])
        object.__setattr__(made, "_place", (self, there))
        return made

    def module(self, name: str) -> Any:
        return sys.modules.get(name) if name in _ERRORS else None

    def learn(self, error: BaseException, about: Any) -> None:
        known = {key: about[key][:500] for key in ("text", "where", "most") if type(about.get(key)) is str}
        first = error.__dict__.setdefault("_wire_cause", error.__cause__)  # as it was made
        ends = type(error).__name__ in ("StopIteration", "GeneratorExit")
        for key in [key for key in ("cause", "context") if key in about and not ends]:
            found = self._unpacked(about[key])
            if key == "cause" and found is not first:
                known["cause"] = "changed"
            if isinstance(found, BaseException) and found is not error:
                # Setting the cause hides the context, just as `raise … from` does.
                hidden = error.__suppress_context__
                setattr(error, f"__{key}__", found)
                error.__suppress_context__ = hidden or key == "cause"
        error.__dict__["_wire"] = known  # last: an error that is its own cause is learned twice


@contextlib.contextmanager
def on_one_processor(other: int | None) -> Iterator[None]:
    """Let this thread and another process share a processor, if the system allows it.

    The two take turns, and to wake another processor takes longer than most replies.
    """
    before: set[int] = set()
    # Other systems do not have these calls, and some containers show a shorter line.
    with contextlib.suppress(OSError, AttributeError, LookupError, ValueError):
        if other:
            stat = Path("/proc/thread-self/stat").read_text(encoding="ascii", errors="replace")
            mine = {int(stat.rpartition(")")[2].split()[36])}  # see proc(5): the processor of its last run
            before = os.sched_getaffinity(0)
            os.sched_setaffinity(other, mine)
            os.sched_setaffinity(0, mine)
    try:
        yield
    finally:
        if before:
            os.sched_setaffinity(0, before)


def peer(connected: socket.socket) -> int | None:
    """The process id of the other end of a socket; None if unknown."""
    try:
        found = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    except (AttributeError, OSError):
        return None
    return int(struct.unpack("3i", found)[0])


_ERRORS = ("builtins", "sqlalchemy.exc", "sqlite3", "json.decoder", "_csv", "csv", "lifecycle.faults",
           "lifecycle.ledger")  # fmt: skip
"""Modules whose errors have their own type on this side, too."""


def _allowed(thing: Any) -> Declared:
    found = _DECLARED.get(type(thing))
    if found is None:
        raise AttributeError(f"{type(thing).__name__!r} objects are not declared")
    return found


_BY_FUNCTION: dict[str, Any] = {"__next__": next, "__iter__": iter, "__len__": len, "__call__": operator.call}


class Remote:
    """An object of the host, used as if it were local."""

    _place: tuple[Judge, int]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in _ASKED:
            raise AttributeError(name)
        return _asked(self, "get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        _asked(self, "set", name, value)

    def __delattr__(self, name: str) -> None:
        _asked(self, "delete", name)

    def __repr__(self) -> str:
        # Only for sentences: an answer can make this text say anything.
        try:
            told = _asked(self, "repr")
        except Exception:
            told = None
        return told if type(told) is str else f"<an object of type {type(self).__name__}>"


_ASKED = ("__name__", "__qualname__", "__doc__", "__wrapped__", "__isabstractmethod__", "__get__")


class Bound:
    """A method of a host's object: calling it is one message. In the host it is the bound method itself."""

    def __init__(self, thing: Remote, name: str) -> None:
        self.thing, self.name = thing, name

    def __call__(self, *given: Any, **named: Any) -> Any:
        return _asked(self.thing, "method", self.name, list(given), named)


def _place(thing: Any) -> tuple[Judge, int]:
    found: tuple[Judge, int] = object.__getattribute__(thing, "_place")
    return found


def _asked(thing: Any, name: str, *arguments: Any) -> Any:
    return _place(thing)[0].ask(name, thing, *arguments)


_SPECIAL: dict[str, Any] = {
    "__call__": lambda self, *given, **named: _asked(self, "call", list(given), named),
    "__iter__": lambda self: _asked(self, "iter"), "__enter__": lambda self: _asked(self, "enter"),
    "__next__": lambda self: _asked(self, "next", _place(self)[0].keep),
    "__exit__": lambda self, kind, error, trace: _asked(self, "exit", error),
    "__len__": lambda self: number(_asked(self, "len")),
    "__getitem__": lambda self, key: _asked(self, "item", key),
    "__contains__": lambda self, value: _asked(self, "contains", value),
}  # fmt: skip


def _remote_class(name: str, sort: str, special: list[str], methods: list[str]) -> type:
    room: dict[str, Any] = {one: _SPECIAL[one] for one in special if one in _SPECIAL}
    # A class always has a `__doc__` of its own, so `__getattr__` would never be asked for it.
    room["__doc__"] = property(lambda self: _asked(self, "get", "__doc__"))
    plain = [one for one in methods if not one.startswith("_")]
    for one in plain + ["send", "throw", "close"] * (sort == "generator"):
        room[one] = property(partial(Bound, name=one))
    told: Any = {"class": type, "generator": types.GeneratorType}.get(sort)
    if told is not None:
        room["__class__"] = property(lambda self: told)
    return type(name, (Remote,), room)


def judge_of(thing: Any) -> Judge:
    """The judge that a host's object belongs to."""
    return _place(thing)[0]
