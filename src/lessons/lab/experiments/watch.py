"""Observe a real run at each event of its probes: where each part is, what it holds, and a sentence about it.

Each part of a pipeline is wrapped in a probe of the same name, to which `Look` subscribes. Before and after
each event it observes the whole chain: the frames with `inspect.getgeneratorstate`, the line at which a
generator is suspended, and the ledger.
"""

from __future__ import annotations

import inspect
import linecache
import re
import reprlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from types import CodeType, GeneratorType, TracebackType
from typing import Any

from lessons.lab.experiments.limit import TimeUp
from lessons.words import many
from lifecycle import ledger
from lifecycle.faults import Fault
from lifecycle.ledger import Entry
from lifecycle.measure import measuredStage
from lifecycle.probe import Event, Injected, Probe

ERRORS: dict[str, type[BaseException]] = {
    error.__name__: error for error in (OSError, ConnectionError, ValueError, KeyboardInterrupt)
}
ENDS = {
    "ended": "at its end",
    "passed": "ended by error",
    "unstarted": "never started",
    "closed": "closed",
}
LONG = 300  # the most letters of a message; a status line is read aloud
_values = reprlib.Repr()
_values.maxstring = _values.maxother = _values.maxlong = 24
_values.maxdict = 8


@dataclass(frozen=True)
class Stand:
    """The state of one part at one moment: a status, a word for it, and the line of its own frame."""

    status: str
    word: str
    line: int | None = None
    file: str = ""
    note: str = ""

    @property
    def code(self) -> str:
        """The text of that line."""
        return linecache.getline(self.file, self.line).split("  #")[0].strip() if self.line else ""

    @property
    def where(self) -> str:
        """The name of the file, or "this notebook" for a cell."""
        if not self.line:
            return ""
        name = PurePath(self.file).name
        return "this notebook" if "ipykernel" in self.file or self.file.startswith("<") else name


@dataclass(frozen=True)
class Moment:
    """One event as the lab shows it: what happened, to which part, at which record, and all parts' states."""

    what: str
    node: int
    other: int
    record: int
    accepted: int
    stands: tuple[Stand, ...]
    held: tuple[Entry, ...]
    link: int  # the link on which the record travels, -1 for none
    pulling: tuple[int, ...]  # the links on which a `next()` waits for its result
    lines: int  # lines of the log so far
    again: int = 0  # the record for which the caller of this `next` has passed nothing on
    value: str = ""  # the record that travels, as Python prints it
    token: str = ""  # the one value of it that fits on an arrow
    counted: int | None = None  # the pipeline's own `_recordCount`
    measured: tuple[str, ...] = ()  # for each node, the figures of @measuredStage


class Node:
    """One box of the chain: a part, or `run()`'s loop."""

    def __init__(
        self, key: str, name: str, call: str, part: Any = None, code: CodeType | None = None
    ) -> None:
        self.key, self.name, self.call, self.part, self.code = key, name, call, part, code
        self.stream: Any = None  # the part's own iterator: the newest, when a retry made several
        self.outcome = ""
        self.doing = "running"  # what it is doing while it runs without a generator
        self.failedAt: Stand | None = None
        self.managed = hasattr(type(part), "__enter__")
        self.atomic = type(part).__module__ == "lifecycle.sinks"  # it keeps all or nothing
        self.entered = self.left = False
        self.pulls = self.gave = 0
        self.pending = 0  # the record that came in, until something goes out
        self.meter: Any = None  # the object with the figures of @measuredStage

    def generator(self) -> GeneratorType[Any, Any, Any] | None:
        """The part's own generator, found through its wrappers; `None` if the stream is not a generator."""
        return own(self.stream, self.code)

    def measured(self) -> str:
        """The counts of @measuredStage, without times, which would include the lab's own work."""
        figures = getattr(self.meter, "metrics", None)
        return "" if figures is None else f"{many(figures.records, 'record')}, {figures.outcome}"


def own(stream: Any, code: CodeType | None) -> GeneratorType[Any, Any, Any] | None:
    """The generator that runs `code` behind `stream`: `stream` itself, or one that a decorator pulls.

    A decorator delegates with `yield from`, or it holds the generator that it pulls in a local variable. If
    no such generator is found, the result is `stream` itself, if that is a generator.
    """
    waiting, seen = [stream], 0
    while waiting and code is not None and seen < 12:
        found = waiting.pop(0)
        seen += 1
        if not inspect.isgenerator(found):
            inner = getattr(found, "stream", None)
            waiting += [inner] if inner is not None else []
            continue
        if found.gi_code is code:
            return found
        if found.gi_yieldfrom is not None:
            waiting.append(found.gi_yieldfrom)
        if found.gi_frame is not None:
            waiting += [value for value in found.gi_frame.f_locals.values() if inspect.isgenerator(value)]
    return stream if inspect.isgenerator(stream) else None


def body(method: Any) -> CodeType | None:
    """The student's own code behind `functools.wraps`."""
    try:
        return getattr(inspect.unwrap(method), "__code__", None)
    except ValueError:
        return None


class Watch:
    """The recorder of one run: its nodes, the running one, what each opened, and the moments of one pull."""

    def __init__(
        self,
        nodes: Iterable[Node],
        faults: Iterable[Fault],
        strikes: list[str],
        known: Iterable[Entry] | None = None,
        column: str = "",
    ) -> None:
        self.column = column  # the column of a record that its token shows
        self.value = self.token = ""
        self.pipeline: Any = None
        self.nodes = list(nodes)
        self.loop = next(i for i, node in enumerate(self.nodes) if node.key == "loop")
        self.sink = self.loop + 1 if self.loop + 1 < len(self.nodes) else None
        self.faults = Counter(faults)  # a fault listed twice happens twice
        self.strikes = strikes
        self.stack: list[int] = []
        self.pulled: list[int] = []  # the nodes whose `next` was called and has not returned
        self.moments: list[Moment] = []
        self.log: list[str] = []
        self.closings: list[str] = []
        self.owners: dict[Entry, int] = {}
        self.known = set(ledger.held() if known is None else known)
        self.accepted = 0
        self.struck: int | None = None
        self.blow = ""  # when the bolt struck, in words
        self.refusal = ""  # what a part returned that cannot be pulled
        self.notes: list[str] = []  # mistakes that raise no error, each as a sentence
        self.origin: int | None = None  # the node from which the run's error came
        self.error: BaseException | None = None
        self.link = -1

    # What the parts report

    def enter(self, i: int) -> None:
        """Node `i` runs now; everything opened so far belongs to earlier nodes."""
        self.settle()
        self.stack.append(i)

    def leave(self) -> None:
        """The running node is done; everything that it opened belongs to it."""
        self.settle()
        self.stack.pop()

    def settle(self) -> None:
        """Record new resources under the running node, or under `build()` if none is running."""
        owner = self.stack[-1] if self.stack else -1
        for entry in ledger.held():
            if entry not in self.known:
                self.known.add(entry)
                self.owners[entry] = owner
                self.log.append(f"{self.name(owner)} opens {display(entry)}")

    def name(self, owner: int) -> str:
        """The node that opened something."""
        return self.nodes[owner].name if owner >= 0 else "build()"

    def mark(self, what: str, node: int, other: int = -1, again: int = 0) -> None:
        """Store this moment: the state of each part, and the entries of the ledger."""
        self.moments.append(self.now(what, node, other, again))

    def now(self, what: str = "", node: int = -1, other: int = -1, again: int = 0) -> Moment:
        """The present as a moment."""
        return Moment(
            what,
            node,
            other,
            self.record,
            self.accepted,
            self.stands(),
            ledger.held(),
            self.link,
            tuple(self.pulled),
            len(self.log),
            again,
            self.value if self.link >= 0 else "",
            self.token if self.link >= 0 else "",
            None if self.pipeline is None else self.pipeline._recordCount,
            tuple(node.measured() for node in self.nodes),
        )

    def carry(self, record: Any) -> None:
        """Note the record that travels, as text: it may change later."""
        self.value, self.token = printed(record), printed(telling(record, self.column))

    def reset(self) -> None:
        """Forget the moments of the last pull. Between two pulls, nothing runs."""
        # Resources opened since then belong to another lab or another cell.
        self.known.update(ledger.held())
        self.moments, self.stack, self.pulled, self.link = [], [], [], -1

    @property
    def record(self) -> int:
        """The number of the record on its way: the last one that the source yielded."""
        return self.nodes[0].gave

    def stands(self) -> tuple[Stand, ...]:
        return tuple(self.stand(i) for i in range(len(self.nodes)))

    def stand(self, i: int) -> Stand:
        """The present state of node `i`, from its own frame."""
        node, top = self.nodes[i], self.stack[-1] if self.stack else -1
        if node.failedAt is not None:
            return node.failedAt
        if node.part is None and i != self.loop:
            return Stand("fresh", "not made")
        if i == self.sink or node.stream is None:
            return self._standing(node, top == i)
        generator = node.generator()
        if generator is None:
            kind = type(node.stream).__name__
            status = "running" if top == i else "ended" if node.outcome else "plain"
            return Stand(status, ENDS.get(node.outcome, "no generator"), note=kind)
        state = inspect.getgeneratorstate(generator)
        if state == inspect.GEN_CREATED:
            return Stand("fresh", "not started")
        if state == inspect.GEN_CLOSED and i == self.loop and self.error is not None:
            return Stand("closed", ENDS["passed"])
        if state == inspect.GEN_CLOSED:
            return Stand("ended" if node.outcome == "ended" else "closed", ENDS.get(node.outcome, "closed"))
        frame = generator.gi_frame
        line, file = (frame.f_lineno, frame.f_code.co_filename) if frame else (None, "")
        if state == inspect.GEN_SUSPENDED:
            word = "between pulls" if i == self.loop else "suspended"
            return Stand("suspended", word, line, file)
        if top == i:
            return Stand("running", "running", line, file)
        return Stand("waiting", "waiting", line, file)

    def _standing(self, node: Node, running: bool) -> Stand:
        if running:
            return Stand("running", node.doing)
        if node.left or node.outcome == "closed":
            return Stand("closed", "closed")
        if node.key == "loop":
            return Stand("fresh", "not started")
        if node.managed:
            return Stand("ready", "open, idle") if node.entered else Stand("fresh", "not open")
        return Stand("ready", "idle") if node.key == "sink" else Stand("fresh", "not started")

    def strike(self, i: int, event: Event) -> BaseException | None:
        """The subscriber that injects: it returns the error with which node `i` should fail here, or None."""
        if event.done:
            return None
        node = self.nodes[i]
        if event.number is not None:
            node.pulls = event.number
        if node.key in self.strikes and event.phase == ("write" if node.key == "sink" else "pull"):
            self.strikes.remove(node.key)
            return self._injected(i, Fault(node.key, event.phase))
        for fault, left in self.faults.items():
            meant = (fault.place, fault.phase) == (node.key, event.phase)
            if left and meant and fault.record in (None, event.number):
                self.faults[fault] = left - 1
                return self._injected(i, fault)
        return None

    def _injected(self, i: int, fault: Fault) -> BaseException:
        node, self.struck = self.nodes[i], i
        when = {"open": "when it opens", "end": "when its stream closes", "close": "when it closes"}
        self.blow = when.get(fault.phase, f"at its {fault.phase} {node.pulls}")
        self.log.append(f"the bolt strikes {node.name} {self.blow}: {fault.error.__name__}")
        error: BaseException = fault.error(f"struck in {node.name}")
        return error

    def note(self, sentence: str) -> None:
        """Store a mistake that raises no error, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def fail(self, i: int, error: BaseException) -> None:
        """An error has left node `i`: from its own code, or on its way through."""
        node = self.nodes[i]
        if self.error is error:
            if node.failedAt is None:
                node.outcome = "passed"
            self.mark("passes", i)
            return
        self.error, self.origin = error, i
        line, file = place(error.__traceback__, node.code)
        node.outcome, node.failedAt = "failed", Stand("failed", "failed", line, file)
        self.log.append(f"{type(error).__name__} in {node.name}: {short(str(error))}")
        self.mark("fails", i)


def telling(record: Any, column: str) -> Any:
    """The value of a record that its token shows: this column, or the first one; or the whole record."""
    if not isinstance(record, Mapping) or not record:
        return record
    return record[column] if column in record else next(iter(record.values()))


def printed(value: Any) -> str:
    """A value as Python prints it, short, without parts that differ between machines."""
    if isinstance(value, float):
        return repr(round(value, 3))
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name!s}: {printed(one)}" for name, one in [*value.items()][:8]) + "}"
    try:
        told = _values.repr(value)
    except Exception:
        return type(value).__name__
    return type(value).__name__ if re.fullmatch("<.*>", told, re.S) else told


def place(trace: TracebackType | None, code: CodeType | None) -> tuple[int | None, str]:
    """The line of `code` in a traceback."""
    found: tuple[int | None, str] = (None, "")
    while trace is not None:
        if trace.tb_frame.f_code is code:
            found = trace.tb_lineno, trace.tb_frame.f_code.co_filename
        trace = trace.tb_next
    return found


def display(entry: Entry) -> str:
    """A resource's name for a card: for a file, its name without the folder."""
    if entry.kind == "connection":
        return "connection"
    return PurePath(entry.name).name or entry.kind if entry.kind == "file" else f"{entry.kind} {entry.name}"


def short(text: str) -> str:
    """The first line of a message, not too long, without folders, which differ between machines."""
    line = text.splitlines()[0].split(" (Background on this error")[0] if text else ""
    told = " ".join(
        PurePath(word).name if word.count("/") > 1 and "://" not in word else word for word in line.split(" ")
    )
    return told if len(told) <= LONG else told[:LONG].rstrip() + " …"


class Look:
    """The subscriber that observes: for each event of node `i`, it notes which node runs, and the moment."""

    def __init__(self, watch: Watch, i: int, decorator: str = "") -> None:
        self.watch, self.i, self.node, self.decorator = watch, i, watch.nodes[i], decorator
        self._caller = -1
        self._state = ""  # of the generator, before it is closed
        self._told: BaseException | None = None  # the error that `__exit__` was given
        self._before = {
            "open": self._opening,
            "start": self._starting,
            "pull": self._pulling,
            "write": self._writing,
            "end": self._ending,
            "close": self._closing,
        }
        self._after = {
            "open": self._opened,
            "start": self._started,
            "pull": self._stopped,
            "yield": self._gave,
            "write": self._written,
            "end": self._ended,
            "close": self._closed,
        }

    def __call__(self, event: Event) -> None:
        """Handle one event."""
        if event.phase != "yield" or event.done:
            (self._after if event.done else self._before)[event.phase](event)

    def attempt(self, event: Event) -> None:
        """Handle the start of a stream behind a decorator; a retry starts it again."""
        if event.phase == "start" and event.done and event.error is None:
            self._handed(event.value)

    def _opening(self, event: Event) -> None:
        self.watch.enter(self.i)

    def _failed(self, event: Event) -> bool:
        """The node is done with this event. Return whether it failed, after telling the watch."""
        self.watch.leave()
        if event.error is not None:
            self.watch.fail(self.i, event.error)
        return event.error is not None

    def _opened(self, event: Event) -> None:
        if self._failed(event):
            return
        self.node.entered = True
        self.watch.mark("opened", self.i)

    def _starting(self, event: Event) -> None:
        self.watch.enter(self.i)

    def _started(self, event: Event) -> None:
        if self._failed(event):
            return
        if self.decorator:
            self.node.stream = event.value
            call = f"{self.node.name}.{self.node.call}"
            self.watch.log.append(f"{call} returns a generator of {self.decorator}")
        else:
            self._handed(event.value)
        self.watch.mark("called", self.i)

    def _handed(self, stream: Any) -> None:
        """Store the stream that a part returned, or say why it cannot be pulled."""
        node, watch = self.node, self.watch
        if not isinstance(stream, Iterable):
            # The next part will fail on it. Here it is still known which part returned it, and what is wrong.
            node.failedAt = Stand("failed", "no stream")
            watch.origin = self.i
            watch.refusal = f"{node.name}.{node.call} {wrong(stream)}."
            return
        if inspect.isgenerator(stream) and inspect.getgeneratorstate(stream) != inspect.GEN_CREATED:
            watch.note(
                f"{node.name}.{node.call} handed out a generator that had run before: let it make a new one "
                "each time."
            )
        node.stream = stream
        watch.log.append(f"{node.name}.{node.call} returns {kind(stream)}")

    def _pulling(self, event: Event) -> None:
        watch, i = self.watch, self.i
        self._caller = watch.stack[-1] if watch.stack else watch.loop
        watch.link = -1
        watch.enter(i)
        watch.pulled.append(i)
        again = watch.nodes[self._caller].pending
        if again:
            asks = watch.nodes[self._caller].name
            watch.log.append(f"{asks} hands nothing on for record {again}, and pulls again")
        watch.mark("pulls", i, self._caller, again)

    def _stopped(self, event: Event) -> None:
        self._answered()
        if isinstance(event.error, StopIteration):
            self.node.outcome = "ended"
            self.watch.mark("ends", self.i, self._caller)
        elif event.error is not None:
            self.watch.fail(self.i, event.error)

    def _gave(self, event: Event) -> None:
        watch, node, caller = self.watch, self.node, self._caller
        node.gave, node.pending = node.gave + 1, 0
        watch.nodes[caller].pending = watch.record if caller != watch.loop else 0
        watch.link = self.i
        watch.carry(event.value)
        self._answered()
        if caller == watch.loop and watch.sink is None:
            # Without a sink, records are only counted, and this one has arrived.
            watch.accepted += 1
        watch.mark("gives", self.i, caller)

    def _answered(self) -> None:
        self.watch.leave()
        self.watch.pulled.pop()

    def _writing(self, event: Event) -> None:
        self.node.doing = "writing"
        self.watch.link = self.i - 1
        self.watch.carry(event.value[0])
        self.watch.enter(self.i)
        self.watch.mark("writes", self.i)

    def _written(self, event: Event) -> None:
        watch, node = self.watch, self.node
        if self._failed(event):
            return
        if inspect.iscoroutine(event.value):
            event.value.close()
            watch.note(f"{node.name}.{node.call} is async, and none of it ran: write `def`, not `async def`.")
        watch.accepted += 1
        watch.log.append(f"{node.name} accepts record {watch.record} ({watch.accepted} accepted so far)")
        watch.mark("accepts", self.i)

    def _ending(self, event: Event) -> None:
        generator = self.node.generator()
        self._state = inspect.getgeneratorstate(generator) if generator is not None else ""
        self.watch.link = -1
        if self._state == inspect.GEN_SUSPENDED or (generator is None and not self.node.outcome):
            self.watch.mark("closing", self.i)
        self.watch.enter(self.i)

    def _ended(self, event: Event) -> None:
        watch, node, state, error = self.watch, self.node, self._state, event.error
        if error is not None:
            if node.failedAt is None:
                node.failedAt = Stand("failed", "close failed", *place(error.__traceback__, node.code))
            if watch.error is None or isinstance(error, TimeUp):
                watch.error, watch.origin = error, self.i
        watch.leave()
        if state == inspect.GEN_SUSPENDED:
            node.outcome = node.outcome or "closed"
            how = "" if error is None else " (its close failed)"
            watch.closings.append(f"{node.name}'s generator{how}")
            watch.log.append(f"close {node.name}'s generator")
        elif state == inspect.GEN_CREATED:
            node.outcome = "unstarted"
            watch.log.append(f"{node.name}'s generator never started: nothing to clean up")
        if error is not None:
            watch.log.append(f"closing {node.name}'s generator fails: {type(error).__name__}")
        if state in (inspect.GEN_SUSPENDED, inspect.GEN_CREATED):
            watch.mark("closed", self.i)

    def _closing(self, event: Event) -> None:
        self._told = event.value[1]
        self.watch.link, self.node.doing = -1, "closing"
        self.watch.enter(self.i)
        self.watch.mark("leaving", self.i)

    def _closed(self, event: Event) -> None:
        watch, node, told = self.watch, self.node, self._told
        watch.leave()
        node.left = True
        if event.error is None:
            how = "told of no error" if told is None else f"told of {type(told).__name__}"
            if node.key == "sink" and node.atomic:
                how = "committed" if told is None else "rolled back"
            watch.closings.append(f"{node.name} ({how})" if node.key == "sink" else node.name)
            watch.log.append(f"close {node.name}: {how}")
        elif event.error is not told:
            watch.closings.append(f"{node.name} (its close failed)")
            node.failedAt = Stand("failed", "close failed", *place(event.error.__traceback__, None))
            watch.log.append(f"the close of {node.name} fails: {type(event.error).__name__}")
            watch.error = watch.error or event.error
            watch.origin = self.i if watch.origin is None else watch.origin
        watch.mark("left", self.i)


def kind(stream: Any) -> str:
    """An iterator in words: "a generator: nothing has run", or the name of its type."""
    return "a generator: nothing has run" if inspect.isgenerator(stream) else f"a {type(stream).__name__}"


def wrong(stream: Any) -> str:
    """Why `stream` cannot be pulled, and what to write instead."""
    if stream is None:
        return "returned None: it has no `yield`. Write `yield record` inside its loop"
    if inspect.isasyncgen(stream) or inspect.iscoroutine(stream):
        return "is async: a `for` loop cannot pull it. Write `def`, not `async def`"
    kind = type(stream).__name__
    return f"returned {kind}, which is not a stream: yield the records, or return a list of them"


def watched(
    watch: Watch, i: int, part: Any, retry: Callable[[Any], Any] | None = None, measure: bool = False
) -> Any:
    """`part` in a probe with its name. Decorators are put around the fault: first `retry`, then measuring.

    Raises `TypeError` if the part cannot be measured.
    """
    node = watch.nodes[i]
    decorator = "@measuredStage" if measure else "@retryOnFailure" if retry else ""
    look, strike = Look(watch, i, decorator), partial(watch.strike, i)
    probe = type(type(part).__name__, (Probe,), {})
    if not decorator:
        return probe(part, node.key, look, strike)

    def stream(event: Event) -> BaseException | None:
        return strike(event) if event.phase in ("pull", "end") else None

    def rest(event: Event) -> BaseException | None:
        return strike(event) if event.phase not in ("pull", "end") else None

    inner = type(type(part).__name__, (Injected,), {})(part, node.key, look.attempt, stream)
    method = "stream" if node.key == "source" else "process"
    function = getattr(inner, method)
    if retry is not None:
        function = retry(function)
    if measure:
        measuredStage(getattr(part, method))  # it refuses here, with a message
        function, node.meter = measuredStage(function), inner
    setattr(inner, method, function)
    return probe(inner, node.key, look, rest)
