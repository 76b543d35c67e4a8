"""Watch a real run at every border that a record or an error crosses, and change nothing about it.

Each part of a pipeline goes behind a watched part of the same name. It looks at the whole chain before and
after each `next`, `write`, `close`, `__enter__` and `__exit__`. What it sees are the frames themselves:
`inspect.getgeneratorstate`, the line at which a generator stands, and the ledger.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from types import CodeType, GeneratorType, TracebackType
from typing import Any

from lessons.lab.experiments.limit import TimeUp
from lifecycle import ledger
from lifecycle.ledger import Entry

ERRORS: dict[str, type[BaseException]] = {
    error.__name__: error for error in (OSError, ConnectionError, ValueError, KeyboardInterrupt)
}
ENDS = {
    "ended": "at its end",
    "passed": "ended by error",
    "unstarted": "never started",
    "closed": "closed",
}
PHASES = ("open", "pull", "write", "end", "close")
LONG = 300  # letters of a message; a status line is read aloud


@dataclass(frozen=True)
class Failure:
    """One failure to come: which part fails, when, with what, and how many times in one run.

    `place` is "source", "stage 1", "stage 2", …, "loop" (the code that pulls) or "sink". `phase` is "open"
    (the part's `__enter__`), "pull" (source, stages and loop), "write" (sink), "end" (the closing of the
    part's stream) or "close" (its `__exit__`). `record` is the number of the pull or write, counted from 1;
    `None` is the next one.
    Raises `ValueError` for what is none of these.

    >>> Failure("stage 2", "pull", record=7)
    Failure(place='stage 2', phase='pull', record=7, error='OSError', times=1)
    """

    place: str
    phase: str = "pull"
    record: int | None = None
    error: str = "OSError"
    times: int = 1

    def __post_init__(self) -> None:
        if self.phase not in PHASES:
            raise ValueError(f"Failure.phase = {self.phase!r}: allowed is one of {', '.join(PHASES)}")
        if self.error not in ERRORS:
            raise ValueError(f"Failure.error = {self.error!r}: allowed is one of {', '.join(ERRORS)}")


@dataclass(frozen=True)
class Stand:
    """How one part stands at one moment: a status, the word for it, and the line of its own frame."""

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
    """One border crossing: what happened, to whom, at which record, and how everybody stood."""

    event: str
    node: int
    other: int
    record: int
    accepted: int
    stands: tuple[Stand, ...]
    held: tuple[Entry, ...]
    link: int  # the link on which the record travels, -1 for none
    pulling: tuple[int, ...]  # the links on which a `next()` waits for its answer
    lines: int  # of the log, until here
    again: int = 0  # the record for which the caller of this `next` has handed nothing on


class Node:
    """One box of the chain: a part, or `run()`'s loop."""

    def __init__(
        self, key: str, name: str, call: str, part: Any = None, code: CodeType | None = None
    ) -> None:
        self.key, self.name, self.call, self.part, self.code = key, name, call, part, code
        self.stream: Any = None  # the part's own iterator: the newest, when a retry made several
        self.outcome = ""
        self.doing = "running"  # what it does while it runs and has no generator
        self.failedAt: Stand | None = None
        self.managed = hasattr(type(part), "__enter__")
        self.atomic = type(part).__module__ == "lifecycle.sinks"  # keeps all or nothing
        self.entered = self.left = False
        self.pulls = self.gave = 0
        self.pending = 0  # the record that came in, until something goes out

    def generator(self) -> GeneratorType[Any, Any, Any] | None:
        """The part's own generator, found through what wraps it; `None` if the stream is no generator."""
        return own(self.stream, self.code)


def own(stream: Any, code: CodeType | None) -> GeneratorType[Any, Any, Any] | None:
    """The generator that runs `code` behind `stream`: itself, or one that a decorator's generator pulls.

    A decorator delegates by `yield from`, or it holds the generator it pulls in a local variable. If no such
    generator is found, it is `stream` itself, when that is a generator.
    """
    waiting, seen = [stream], 0
    while waiting and code is not None and seen < 12:
        found = waiting.pop(0)
        seen += 1
        if not inspect.isgenerator(found):
            inner = getattr(found, "inner", None)
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
    """The code that a student wrote, behind `functools.wraps`."""
    try:
        return getattr(inspect.unwrap(method), "__code__", None)
    except ValueError:
        return None


class Watch:
    """The recorder of one run: its nodes, who is running, who opened what, and the moments of one pull."""

    def __init__(
        self,
        nodes: Iterable[Node],
        failures: Iterable[Failure],
        strikes: list[str],
        known: Iterable[Entry] | None = None,
    ) -> None:
        self.nodes = list(nodes)
        self.loop = next(i for i, node in enumerate(self.nodes) if node.key == "loop")
        self.sink = self.loop + 1 if self.loop + 1 < len(self.nodes) else None
        self.failures = {failure: failure.times for failure in failures}
        self.strikes = strikes
        self.stack: list[int] = []
        self.pulled: list[int] = []  # the nodes whose `next` has been called and has not answered
        self.moments: list[Moment] = []
        self.log: list[str] = []
        self.closings: list[str] = []
        self.owners: dict[Entry, int] = {}
        self.known = set(ledger.held() if known is None else known)
        self.accepted = 0
        self.struck: int | None = None
        self.blow = ""  # when the bolt struck, in words
        self.refusal = ""  # what a part handed out that nobody can pull
        self.notes: list[str] = []  # mistakes that raise nothing, each a sentence
        self.origin: int | None = None  # where the error of the run came from
        self.error: BaseException | None = None
        self.link = -1

    # What the parts report

    def enter(self, i: int) -> None:
        """Node `i` runs now; what was opened until here belongs to whoever ran before."""
        self.settle()
        self.stack.append(i)

    def leave(self) -> None:
        """The running node is done, and what it opened is its own."""
        self.settle()
        self.stack.pop()

    def settle(self) -> None:
        """Enter new resources under the node that runs, or under none: then `build()` opened them."""
        owner = self.stack[-1] if self.stack else -1
        for entry in ledger.held():
            if entry not in self.known:
                self.known.add(entry)
                self.owners[entry] = owner
                self.log.append(f"{self.name(owner)} opens {display(entry)}")

    def name(self, owner: int) -> str:
        """Who opened something."""
        return self.nodes[owner].name if owner >= 0 else "build()"

    def mark(self, event: str, node: int, other: int = -1, again: int = 0) -> None:
        """Keep this moment: everybody's stand, and what the ledger holds."""
        self.moments.append(self.now(event, node, other, again))

    def now(self, event: str = "", node: int = -1, other: int = -1, again: int = 0) -> Moment:
        """The present as a moment."""
        return Moment(
            event,
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
        )

    def reset(self) -> None:
        """Forget the moments of the last pull. Nobody runs between two pulls."""
        # What was opened since then is somebody else's: another lab's, or another cell's.
        self.known.update(ledger.held())
        self.moments, self.stack, self.pulled, self.link = [], [], [], -1

    @property
    def record(self) -> int:
        """The number of the record on its way: the last that the source handed out."""
        return self.nodes[0].gave

    def stands(self) -> tuple[Stand, ...]:
        return tuple(self.stand(i) for i in range(len(self.nodes)))

    def stand(self, i: int) -> Stand:
        """How node `i` stands right now, by its own frame."""
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

    def due(self, i: int, phase: str, count: int) -> BaseException | None:
        """The error that node `i` is to raise now, if a failure was set for this or a bolt struck it."""
        node = self.nodes[i]
        if node.key in self.strikes and phase == ("write" if node.key == "sink" else "pull"):
            self.strikes.remove(node.key)
            self.struck = i
            return self._send(Failure(node.key, phase), node)
        for failure, left in self.failures.items():
            meant = (failure.place, failure.phase) == (node.key, phase)
            if left and meant and failure.record in (None, count):
                self.failures[failure] = left - 1
                self.struck = i
                return self._send(failure, node)
        return None

    def _send(self, failure: Failure, node: Node) -> BaseException:
        error = ERRORS[failure.error](f"struck in {node.name}")
        when = {"open": "when it opens", "end": "when its stream closes", "close": "when it closes"}
        self.blow = when.get(failure.phase, f"at its {failure.phase} {node.pulls}")
        self.log.append(f"the bolt strikes {node.name} {self.blow}: {failure.error}")
        return error

    def note(self, sentence: str) -> None:
        """Keep a mistake that raises nothing, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def fail(self, i: int, error: BaseException) -> None:
        """An error has come out of node `i`: out of its own code, or passing through."""
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


def place(trace: TracebackType | None, code: CodeType | None) -> tuple[int | None, str]:
    """The line of `code` at which a traceback passed through it."""
    found: tuple[int | None, str] = (None, "")
    while trace is not None:
        if trace.tb_frame.f_code is code:
            found = trace.tb_lineno, trace.tb_frame.f_code.co_filename
        trace = trace.tb_next
    return found


def display(entry: Entry) -> str:
    """A resource by a name that fits on a card: a file's own name, and no folder."""
    if entry.kind == "connection":
        return "connection"
    return PurePath(entry.name).name or entry.kind if entry.kind == "file" else f"{entry.kind} {entry.name}"


def short(text: str) -> str:
    """The first line of a message, not too long, without what is true on one machine only: folders."""
    line = text.splitlines()[0].split(" (Background on this error")[0] if text else ""
    told = " ".join(
        PurePath(word).name if word.count("/") > 1 and "://" not in word else word for word in line.split(" ")
    )
    return told if len(told) <= LONG else told[:LONG].rstrip() + " …"


class Tap:
    """What the next part pulls: the stream of node `i`, watched at each crossing."""

    def __init__(self, watch: Watch, i: int, stream: Iterator[Any]) -> None:
        self.watch, self.i, self.inner = watch, i, stream

    def __iter__(self) -> Tap:
        return self

    def __next__(self) -> Any:
        watch, i = self.watch, self.i
        node = watch.nodes[i]
        caller = watch.stack[-1] if watch.stack else watch.loop
        watch.link = -1
        watch.enter(i)
        watch.pulled.append(i)
        again = watch.nodes[caller].pending
        if again:
            asks = watch.nodes[caller].name
            watch.log.append(f"{asks} hands nothing on for record {again}, and pulls again")
        watch.mark("pulls", i, caller, again)
        try:
            record = next(self.inner)
        except StopIteration:
            node.outcome = "ended"
            self._answer()
            watch.mark("ends", i, caller)
            raise
        except BaseException as error:
            self._answer()
            watch.fail(i, error)
            raise
        node.gave, node.pending = node.gave + 1, 0
        watch.nodes[caller].pending = watch.record if caller != watch.loop else 0
        watch.link = i
        self._answer()
        if caller == watch.loop and watch.sink is None:
            # Without a sink the records are only counted, and this one has come to the end.
            watch.accepted += 1
        watch.mark("gives", i, caller)
        return record

    def _answer(self) -> None:
        self.watch.leave()
        self.watch.pulled.pop()

    def close(self) -> None:
        """Close the part's stream by name, as the pipeline asks."""
        watch, i = self.watch, self.i
        node = watch.nodes[i]
        generator = node.generator()
        before = inspect.getgeneratorstate(generator) if generator is not None else ""
        watch.link = -1
        if before == inspect.GEN_SUSPENDED or (generator is None and not node.outcome):
            watch.mark("closing", i)
        watch.enter(i)
        failed = None
        try:
            if hasattr(self.inner, "close"):
                self.inner.close()
            error = watch.due(i, "end", 1)
            if error is not None:
                raise error
        except BaseException as problem:
            failed = problem
            if node.failedAt is None:
                node.failedAt = Stand("failed", "close failed", *place(problem.__traceback__, node.code))
            if watch.error is None or isinstance(problem, TimeUp):
                watch.error, watch.origin = problem, i
            raise
        finally:
            watch.leave()
            if before == inspect.GEN_SUSPENDED:
                node.outcome = node.outcome or "closed"
                how = "" if failed is None else " (its close failed)"
                watch.closings.append(f"{node.name}'s generator{how}")
                watch.log.append(f"close {node.name}'s generator")
            elif before == inspect.GEN_CREATED:
                node.outcome = "unstarted"
                watch.log.append(f"{node.name}'s generator never started: nothing to clean up")
            if failed is not None:
                watch.log.append(f"the closing of {node.name}'s generator fails: {type(failed).__name__}")
            if before in (inspect.GEN_SUSPENDED, inspect.GEN_CREATED):
                watch.mark("closed", i)


class Struck:
    """The part's own stream, with the bolt at hand: a due failure is thrown into its suspended frame."""

    def __init__(self, watch: Watch, i: int, stream: Iterator[Any]) -> None:
        self.watch, self.i, self.inner = watch, i, stream

    def __iter__(self) -> Struck:
        return self

    def __next__(self) -> Any:
        node = self.watch.nodes[self.i]
        node.pulls += 1
        error = self.watch.due(self.i, "pull", node.pulls)
        if error is None:
            return next(self.inner)
        throw = getattr(self.inner, "throw", None)
        if throw is None:
            raise error
        # Its `finally` runs and the error goes downstream, as if its own line had raised it.
        return throw(error)

    def close(self) -> None:
        """Close what the part handed out."""
        if hasattr(self.inner, "close"):
            self.inner.close()


class _Part:
    """A part of a pipeline, watched. `watched` makes one with the methods and the name of the real part."""

    def __init__(self, watch: Watch, i: int, part: Any) -> None:
        self._watch, self._i, self._part = watch, i, part
        self._open: Callable[[], Iterator[Any]] = self._attempt

    def _tap(self, stream: Any) -> Any:
        node = self._watch.nodes[self._i]
        if inspect.isasyncgen(stream) or not isinstance(stream, Iterable):
            # Whoever pulls will refuse it; here it is known who handed it out, and why it is none.
            node.failedAt = Stand("failed", "no stream")
            self._watch.origin = self._i
            self._watch.refusal = f"{node.name}.{node.call} {wrong(stream)}."
            return stream
        if inspect.isgenerator(stream) and inspect.getgeneratorstate(stream) != inspect.GEN_CREATED:
            self._watch.note(
                f"{node.name}.{node.call} handed out a generator that had run before: let it make a new one "
                "each time."
            )
        node.stream = iter(stream)
        self._watch.log.append(f"{node.name}.{node.call} returns {kind(node.stream)}")
        return Struck(self._watch, self._i, node.stream)

    def _attempt(self) -> Iterator[Any]:
        node = self._watch.nodes[self._i]
        node.pulls = 0
        yield from self._tap(self._part.stream())

    def retried(self, decorator: Callable[[Any], Any]) -> None:
        """Let the source's stream be opened again by `decorator`, outside the bolt."""
        self._open = decorator(self._attempt)


class _Source:
    def stream(self: Any) -> Any:
        watch, i = self._watch, self._i
        if self._open == self._attempt:
            stream = self._tap(_called(watch, i, self._part.stream))
        else:
            stream = self._open()
            watch.nodes[i].stream = stream
            watch.log.append(f"{watch.nodes[i].name}.stream() returns a generator of @retryOnFailure")
        watch.mark("called", i)
        return Tap(watch, i, stream) if isinstance(stream, Iterator) else stream


class _Stage:
    def process(self: Any, stream: Any) -> Any:
        watch, i = self._watch, self._i
        made = self._tap(_called(watch, i, self._part.process, stream))
        watch.mark("called", i)
        return Tap(watch, i, made) if isinstance(made, Iterator) else made


class _Sink:
    def write(self: Any, record: Any) -> Any:
        watch, i = self._watch, self._i
        node = watch.nodes[i]
        node.pulls, node.doing = node.pulls + 1, "writing"
        watch.link = i - 1
        watch.enter(i)
        watch.mark("writes", i)
        try:
            error = watch.due(i, "write", node.pulls)
            if error is not None:
                raise error
            answer = self._part.write(record)
            if inspect.iscoroutine(answer):
                answer.close()
                watch.note(
                    f"{node.name}.{node.call} is async, and none of it ran: write `def`, not `async def`."
                )
        except BaseException as error:
            watch.leave()
            watch.fail(i, error)
            raise
        watch.leave()
        watch.accepted += 1
        watch.log.append(f"{node.name} accepts record {watch.record}, {watch.accepted} in all")
        watch.mark("accepts", i)
        return answer


class _Managed:
    def __enter__(self: Any) -> Any:
        watch, i = self._watch, self._i
        node = watch.nodes[i]
        watch.enter(i)
        try:
            error = watch.due(i, "open", 1)
            if error is not None:
                raise error
            self._part.__enter__()
        except BaseException as error:
            watch.leave()
            watch.fail(i, error)
            raise
        node.entered = True
        watch.leave()
        watch.mark("opened", i)
        return self

    def __exit__(self: Any, kind: Any, error: Any, trace: Any) -> Any:
        watch, i = self._watch, self._i
        node = watch.nodes[i]
        watch.link, node.doing = -1, "closing"
        watch.enter(i)
        watch.mark("leaving", i)
        told = "told of no error" if error is None else f"told of {type(error).__name__}"
        try:
            answer = self._part.__exit__(kind, error, trace)
            late = watch.due(i, "close", 1)
            if late is not None:
                raise late
        except BaseException as problem:
            watch.leave()
            if problem is not error:
                watch.closings.append(f"{node.name} (its close failed)")
                node.failedAt = Stand("failed", "close failed", *place(problem.__traceback__, None))
                watch.log.append(f"the close of {node.name} fails: {type(problem).__name__}")
                watch.error = watch.error or problem
                watch.origin = i if watch.origin is None else watch.origin
            node.left = True
            watch.mark("left", i)
            raise
        watch.leave()
        node.left = True
        if node.key == "sink" and node.atomic:
            told = "committed" if error is None else "rolled back"
        watch.closings.append(f"{node.name} ({told})" if node.key == "sink" else node.name)
        watch.log.append(f"close {node.name}: {told}")
        watch.mark("left", i)
        return answer


def _called(watch: Watch, i: int, method: Callable[..., Any], *arguments: Any) -> Any:
    watch.enter(i)
    try:
        return method(*arguments)
    except BaseException as error:
        watch.leave()
        watch.fail(i, error)
        watch.enter(i)
        raise
    finally:
        watch.leave()


def kind(stream: Any) -> str:
    """What an iterator is, in words: "a generator: nothing has run", or the name of its type."""
    return "a generator: nothing has run" if inspect.isgenerator(stream) else f"a {type(stream).__name__}"


def wrong(stream: Any) -> str:
    """Why `stream` cannot be pulled, and what to write instead."""
    if stream is None:
        return "returned None: it has no `yield`. Write `yield record` inside its loop"
    if inspect.isasyncgen(stream) or inspect.iscoroutine(stream):
        return "is async: a `for` loop cannot pull it. Write `def`, not `async def`"
    kind = type(stream).__name__
    return f"returned {kind}, which is no stream: yield the records, or return a list of them"


def watched(watch: Watch, i: int, part: Any, role: str) -> Any:
    """`part` behind the watch: the same name, the same methods, a context manager if `part` is one."""
    roles = {"source": _Source, "stage": _Stage, "sink": _Sink}
    bases = (roles[role], _Part) if not hasattr(type(part), "__enter__") else (roles[role], _Managed, _Part)
    return type(type(part).__name__, bases, {})(watch, i, part)
