"""The wire between a judge and a host: messages, their limits, and the objects that cross.

Both sides ask and serve, and questions nest as calls do: while a side waits for a reply, it serves the
questions of the other side. Plain values cross as copies. Every other object stays where it is and crosses as
a number.

A message is four bytes with its size, then JSON: `["?", question]`, `["=", value]` or `["!", error]`.
"""

import base64
import builtins
import datetime
import json
import pathlib
import socket
import struct
import threading
import types
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from math import inf
from typing import Any, NoReturn

from lessons.judge.clock import Clock

PROTOCOL = 1
"""The version that a host names in its first message."""

FRAME = 1_000_000  # bytes that a message may have
DEPTH = 16  # how deeply lists may be nested: a deeper value crosses as a number
NESTED = 40  # how deeply questions may be nested
OBJECTS = 50_000  # how many objects one side may show to the other in one check
TICK = 0.05  # seconds after which a side that waits looks at the clock
QUESTIONS = 200_000  # how many questions one side may ask the other in one check

TOO_LONG, GONE, TOO_MUCH, NO_MESSAGE = "too long", "gone", "too much", "no message"
STUCK = "stuck"
"""The end of a check that says nothing about the answer."""
TOO_BUSY = "The machine was too busy to run your code: that says nothing about it. Check again later."


class Over(BaseException):
    """The other side has ended, is too slow, or breaks the protocol, so it cannot be asked any more.

    It does not inherit from `Exception`, and `attempt` does not catch it. Earlier results stay settled.
    """

    def __init__(self, how: str, what: str = "") -> None:
        super().__init__(how)
        self.how, self.what = how, what


class Channel:
    """Messages over a connected socket, none later than `deadline` or `until`, which are times of a clock."""

    def __init__(self, connected: socket.socket, seconds: float = inf, clock: Clock | None = None) -> None:
        self.socket, self.clock = connected, clock or Clock()
        self.deadline = self.until = self.clock() + seconds
        self._rest = b""
        if seconds < inf:
            # The system watches the time, so a message needs one call of the system instead of three.
            for side in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                connected.setsockopt(socket.SOL_SOCKET, side, struct.pack("ll", 0, int(TICK * 1e6)))

    def send(self, data: bytes) -> None:
        """Send a message. Raises `Over`."""
        data = len(data).to_bytes(4) + data
        sent = self._moved(self.socket.send, data)
        while sent < len(data):
            sent += self._moved(self.socket.send, memoryview(data)[sent:])

    def receive(self) -> bytes:
        """Wait for the next message. Raises `Over`."""
        data = self._rest
        while len(data) < 4:
            data += self._part()
        end = 4 + int.from_bytes(data[:4])
        if end > 4 + FRAME:
            raise Over(TOO_MUCH, f"a message of {end - 4:,} bytes")
        while len(data) < end:
            data += self._part()
        self._rest = data[end:]
        return data[4:end]

    def _part(self) -> bytes:
        part: bytes = self._moved(self.socket.recv, 65_536)
        if not part:
            raise Over(GONE)
        return part

    def _moved(self, move: Callable[[Any], Any], what: Any) -> Any:
        """Send or receive as soon as the other side is ready. Raises `Over`."""
        while self.clock.left(min(self.deadline, self.until)) > 0:
            try:
                return move(what)
            except BlockingIOError:
                continue  # nothing moved for `TICK`
            except OSError:
                raise Over(GONE) from None
        raise Over(STUCK, TOO_BUSY) if self.clock.busy else Over(TOO_LONG)


class Kept:
    """Wraps a plain value that should cross as a number."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Peer:
    """One side of the wire: `Judge` or `Host`."""

    serve: Callable[..., Any]  # does what the other side requests, given by name and arguments
    is_theirs: Callable[[Any], int | None]  # the number of a stand-in for one of its objects, else None
    told: Callable[[Any], list[Any]]  # what the other side must know about an object to make a stand-in
    stand_in: Callable[..., Any]  # makes the stand-in for one of its objects from the number and `told`
    module: Callable[[str], Any]  # the module of this name, if its errors have their own type here, too
    about: Callable[[BaseException, int], dict[str, Any]]  # an error's details, at this depth
    learn: Callable[[BaseException, Any], None]  # stores what the other side told about an error

    def __init__(self, channel: Channel | None = None) -> None:
        self.channel = channel
        self.other: Peer | None = None
        """The other side, if both are in one process without a channel."""
        self.over: Over | None = None
        self._shown: list[Any] = []
        self._numbers: dict[int, int] = {}  # by id, because `_shown` keeps each object alive
        self._theirs: dict[int, Any] = {}  # the stand-ins for the other side's objects, by number
        self._classes: dict[Any, type] = {}  # of stand-ins
        self._nested = self._served = 0
        self._lock = threading.RLock()

    def ask(self, *question: Any) -> Any:
        """Ask the other side, and return its result or raise its error. Raises `Over`."""
        if self.over is not None:
            raise self.over
        try:
            reply = self._exchange(_message("?", self.pack(list(question))))
            if self.over is not None:
                raise self.over  # meanwhile a timer has ended the check
            if reply[0] not in ("=", "!"):
                raise Over(NO_MESSAGE)
            value = self.unpack(reply[1])
            if reply[0] == "!" and not isinstance(value, BaseException):
                raise Over(NO_MESSAGE)
        except Over as over:
            self.over = over
            raise
        if reply[0] != "!":
            return value
        try:
            _raise(value, value.__dict__.pop("_wire_room", None))
        finally:
            del value  # a traceback that leads to its own error would be freed late

    def _exchange(self, data: bytes) -> list[Any]:
        if self.channel is None:
            assert self.other is not None
            return parsed(self.other.replied(parsed(data)[1]))
        with self._lock:  # another thread of the answer waits until this one has its reply
            self.channel.send(data)
            while True:
                message = parsed(self.channel.receive())
                if message[0] != "?":
                    return message
                self.channel.send(self.replied(message[1]))

    def replied(self, packed: Any) -> bytes:
        """Answer one question, and return the reply as a message. Raises `Over`."""
        self._nested += 1
        self._served += 1
        try:
            if self._served > QUESTIONS:
                raise Over(TOO_MUCH, f"{self._served:,} questions")
            question = self.unpack(packed)
            if not isinstance(question, list) or not question or type(question[0]) is not str:
                raise Over(NO_MESSAGE)
            if self._nested > NESTED:
                raise RecursionError("too many calls in calls")
            data = _message("=", self.pack(self.serve(*question)))
        except Over as over:
            self.over = over
            raise
        except BaseException as error:
            data = _message("!", self.pack(error))
        finally:
            self._nested -= 1
        if len(data) > FRAME:
            return _message("!", self.pack(MemoryError("the value is too large to be sent")))
        return data

    def pack(self, value: Any, depth: int = 0) -> Any:
        """A value as JSON: a copy of a plain one, else a number. Raises `Over`."""
        kind: Any = type(value)
        if kind in _SAME:
            return value
        if kind is int:
            return value if -(2**63) < value < 2**63 else {"int": hex(value)}
        if kind is list and depth < DEPTH:
            return [one if type(one) in _SAME else self.pack(one, depth + 1) for one in value]
        if depth < DEPTH and kind is dict:
            return {"dict": [[self.pack(one, depth + 1) for one in pair] for pair in value.items()]}
        if kind in _AS_TEXT:
            name, text = _AS_TEXT[kind]
            return {name: text(value)}
        if kind in _PATHS:
            return {"path": str(value)}
        if kind is types.TracebackType:
            return None  # each side has its own
        if isinstance(value, BaseException):
            return {"error": self._packed_error(value, depth)}
        if kind is Kept:
            return self._as_number(value.value)
        if depth < DEPTH and kind in (tuple, set, frozenset):
            return {kind.__name__: [self.pack(one, depth + 1) for one in value]}
        if kind is type and _TYPES.get(name := getattr(value, "__name__", "")) is value:
            return {"type": name}
        return self._as_number(value)

    def unpack(self, data: Any) -> Any:
        """The value for JSON from the other side. Raises `Over` for JSON that is not valid here."""
        try:
            return self._unpacked(data)
        except (LookupError, ValueError, TypeError, AttributeError, RecursionError, ArithmeticError):
            raise Over(NO_MESSAGE) from None

    def _unpacked(self, data: Any) -> Any:
        if type(data) is list:
            return [self._unpacked(one) if type(one) in (list, dict) else one for one in data]
        if type(data) is not dict:
            return data
        ((tag, content),) = data.items()
        if tag in _COLLECTIONS:
            return _COLLECTIONS[tag](self._unpacked(one) for one in content)
        if tag in _FROM_TEXT:
            return _FROM_TEXT[tag](content)
        match tag:
            case "dict":
                return {self._unpacked(key): self._unpacked(value) for key, value in content}
            case "yours":
                return self._shown[number(content)]
            case "mine":
                if (there := number(content[0])) not in self._theirs:
                    if len(self._theirs) >= OBJECTS:
                        raise Over(TOO_MUCH, f"{OBJECTS:,} objects")
                    self._theirs[there] = self.stand_in(there, *content[1:])
                return self._theirs[there]
            case "error":
                return self._unpacked_error(content)
        return self.unpack_more(tag, content)

    def unpack_more(self, tag: str, content: Any) -> Any:
        """The value of a tag that only one side accepts. Raises `ValueError`."""
        raise ValueError(tag)

    def _as_number(self, thing: Any) -> Any:
        theirs = self.is_theirs(thing)
        if theirs is not None:
            return {"yours": theirs}
        return {"mine": [self._number(thing), *self.told(thing)]}

    def _number(self, thing: Any) -> int:
        found = self._numbers.get(id(thing))
        if found is None:
            if len(self._shown) >= OBJECTS:
                raise Over(TOO_MUCH, f"{OBJECTS:,} objects")
            self._shown.append(thing)
            found = self._numbers[id(thing)] = len(self._shown) - 1
        return found

    def _packed_error(self, error: BaseException, depth: int) -> list[Any]:
        kept = getattr(error, "__dict__", {})
        there, mine = kept.get("_wire_number"), kept.get("_wire_own")
        if there is not None and (self._theirs.get(there) is error or kept.get("_wire_left")):
            return ["yours", there, self.about(error, depth)]
        simple = [one for one in error.args if _is_argument(one)] if depth < DEPTH else []
        names = [f"{one.__module__}:{one.__qualname__}"[:200] for one in type.mro(type(error))[:-1]][:12]
        return [
            "mine", self._number(error) if mine is None else mine, names, self.pack(simple, depth + 1),
            self.about(error, depth),
        ]  # fmt: skip

    def _before(self, error: BaseException | None, depth: int) -> Any:
        # Errors may refer to each other in a circle.
        return None if error is None or depth >= DEPTH // 2 else self.pack(error, depth + DEPTH // 4)

    def _unpacked_error(self, content: Any) -> BaseException:
        if content[0] == "yours":
            error = self._shown[number(content[1])]
            about = content[2]
        else:
            _, there, names, arguments, about = content
            error = self._theirs.get(number(there))
            if error is None:
                error = self._error_stand_in([str(name) for name in names], self._unpacked(arguments))
                error.__dict__["_wire_number"] = there
                self._theirs[there] = error
        if not isinstance(error, BaseException):
            raise ValueError("no error")
        self.learn(error, about)
        return error

    def _error_stand_in(self, names: list[str], arguments: list[Any]) -> BaseException:
        """An error of the type named by `module:name`, if it is known, else of the nearest known type.

        If the type does not accept these arguments, it is made without them. Raises `ValueError`.
        """
        own = names[0].rpartition(":")[2].rpartition(".")[2][:80]
        for name in names:
            module, _, qualified = name.partition(":")
            kind = getattr(self.module(module), qualified, None)
            if isinstance(kind, type) and issubclass(kind, BaseException):
                nearest = kind if name == names[0] else type(own, (kind,), {})
                for given in (arguments, []):
                    # It is made by a call: an error from only `__new__` has unset fields, which crash
                    # Python in `yield from`.
                    with suppress(Exception):
                        error: BaseException = nearest(*given)
                        return error
        raise ValueError(names)


_TEXTS: tuple[tuple[Any, Any, Any], ...] = (
    (bytes, lambda value: base64.b64encode(value).decode(), base64.b64decode),
    (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    (datetime.datetime, datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    (complex, repr, complex),
    (Decimal, str, Decimal),
    (Fraction, str, lambda text: Fraction(*map(int, text.split("/")))),  # no exponent: it could be huge
)
"""Types of values that cross as text: the conversion into text, and back."""

_SAME = frozenset((type(None), bool, str, float))
"""Types of values that are the same in JSON."""

_TYPES: dict[str, Any] = {name: kind for name, kind in vars(builtins).items() if isinstance(kind, type)}
_AS_TEXT = {kind: (kind.__name__, text) for kind, text, _ in _TEXTS}
_PATHS = (pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath)
_FROM_TEXT: dict[str, Any] = {kind.__name__: back for kind, _, back in _TEXTS}
_FROM_TEXT |= {"int": lambda text: int(text, 16), "path": pathlib.Path, "type": _TYPES.__getitem__}
_COLLECTIONS: dict[str, Any] = {"tuple": tuple, "set": set, "frozenset": frozenset}


# They are made once, and skip what no message needs: `json.dumps` and `json.loads` take longer.
_encoded = json.JSONEncoder(check_circular=False).encode
_decoded = json.JSONDecoder().raw_decode


def _raise(error: BaseException, room: object) -> NoReturn:
    """Raise an error whose traceback holds this frame, and so what a job has left open."""
    try:
        raise error
    finally:
        del error


def parsed(data: bytes) -> list[Any]:
    """A message of two parts. Raises `Over`."""
    try:
        message, end = _decoded(text := data.decode())
    except (ValueError, RecursionError):
        raise Over(NO_MESSAGE) from None
    if not (isinstance(message, list) and len(message) == 2 and end == len(text)):
        raise Over(NO_MESSAGE)
    return message


def _message(sign: str, packed: Any) -> bytes:
    return _encoded([sign, packed]).encode()


def number(given: Any) -> int:
    """A number that the other side may name. Raises `ValueError`."""
    if type(given) is not int or given < 0:
        raise ValueError(given)
    return given


def _is_argument(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(isinstance(one, BaseException) for one in value)
    return value is None or type(value) in (str, int, float, bool, bytes) or isinstance(value, BaseException)
