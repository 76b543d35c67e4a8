"""leaks-x3: open all, or leave none open. The openers and the connections are the judge's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lessons.exercises.exercise import Attempt, Sheet, attempt
from lessons.exercises.leaks_parts import new_pool
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback, declared
from lessons.words import described as short

# --- what the answer is given ---


@declared("__enter__ __exit__ close", "number", name="Connection")
class Line:
    """A connection; `closes` is the order in which all of them close.

    It closes as SQLAlchemy's does: by `close()` or by a `with` of its own, and a second time harmlessly.
    """

    def __init__(self, number: int, closes: list[int], refuses: BaseException | None) -> None:
        self.number, self.closes, self.refuses = number, closes, refuses
        self.open = True

    def __enter__(self) -> Line:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def close(self) -> None:
        """Close, and then fail if this one is to."""
        if self.open:
            self.open = False
            self.closes.append(self.number)
            if self.refuses is not None:
                raise self.refuses


@dataclass
class Block:
    """One `with open_together(openers) as lines:` block: what failed in it, and what was seen."""

    when: str
    count: int
    fails: int = 0
    """The number of the opener that fails."""
    refuses: int = 0
    """The number of the connection that fails to close."""
    error: BaseException | None = None
    """The error of the opener, of the closing, or else of the block."""
    leaves: str = ""
    inside: Block | None = None
    """Another block that is run in this one."""
    made_first: bool = True
    """Whether that one was made before this one was entered."""
    lines: list[Line] = field(default_factory=list)
    closes: list[int] = field(default_factory=list)
    manager: Any = None
    got: list[Any] = field(default_factory=list)
    """What `as` named, each time that the block ran."""
    listed: list[Any] = field(default_factory=list)
    early: int = 0
    """How many connections were open before the `with`."""
    closed_early: int = 0
    """How many were closed in the block."""
    tried: Attempt = field(default_factory=Attempt)
    nights: str = ""
    """How a job ends that fails while it opens, night after night; "" if that goes well."""

    def make(self, answer: Any) -> None:
        """Call the answer."""
        openers = [Callback(partial(self._open, number), "connect") for number in range(1, self.count + 1)]
        self.manager = answer(openers)
        self.early = len(self.lines)

    def _open(self, number: int) -> Line:
        if number == self.fails and self.error is not None:
            raise self.error
        self.lines.append(Line(number, self.closes, self.error if number == self.refuses else None))
        return self.lines[-1]

    def run(self, answer: Any) -> Block:
        """Make it, enter it and leave it, and keep the error."""

        def block() -> None:
            self.make(answer)
            if self.inside is not None and self.made_first:
                self.inside.make(answer)
            self._enter(answer)

        self.tried = attempt(block)
        return self

    def _enter(self, answer: Any) -> None:
        for _ in range(1):
            with self.manager as lines:
                self.got.append(lines)
                if self.inside is not None and self.made_first:
                    self.inside.tried = attempt(self.inside._enter, answer)
                elif self.inside is not None:
                    self.inside.run(answer)
                self.listed = list(lines) if isinstance(lines, list | tuple) else []
                self.closed_early = sum(not line.open for line in self.lines)
                if self.error is not None and not self.fails and not self.refuses:
                    raise self.error
                if self.leaves == "break":
                    break
                if self.leaves == "return":
                    return

    # What the rules ask and say.

    @property
    def whole(self) -> bool:
        """Whether nothing failed and the block came to its end."""
        return self.error is None and not self.leaves

    @property
    def failed_block(self) -> bool:
        """Whether an error left the block itself."""
        return self.error is not None and not self.fails and not self.refuses

    @property
    def ctrl_c(self) -> bool:
        """Whether it failed by Ctrl-C."""
        return isinstance(self.error, KeyboardInterrupt)

    @property
    def held(self) -> str:
        """The connections that are open, as text."""
        return ", ".join(f"connection {line.number}" for line in self.lines if line.open)

    @property
    def order(self) -> str:
        """The order in which they were closed, as text."""
        return ", ".join(map(str, self.closes))

    @property
    def backwards(self) -> bool:
        """Whether the last one was closed first."""
        return self.closes == sorted(self.closes, reverse=True)

    @property
    def expected(self) -> int:
        """How many are opened at least, if each opener is called in its turn."""
        return self.fails - 1 if self.fails else self.count

    @property
    def opened(self) -> int:
        """How many were opened."""
        return len(self.lines)

    @property
    def ran(self) -> str:
        """How often the block ran, as text."""
        return "once" if self.got else "not at all"

    @property
    def in_block(self) -> int:
        """How many connections the block got."""
        return len(self.listed)

    @property
    def named(self) -> str:
        """What `as` named, as text."""
        return short(self.got[0])

    @property
    def as_opened(self) -> bool:
        """Whether `as` named a list of the very connections that were opened, in their order."""
        return [id(line) for line in self.listed] == [id(line) for line in self.lines]

    @property
    def generator(self) -> bool:
        """Whether the answer is a generator function under `@contextmanager`."""
        return type(self.manager).__name__ == "_GeneratorContextManager"

    @property
    def no_error(self) -> bool:
        """Whether no error came out."""
        return self.tried.error is None

    @property
    def same_error(self) -> bool:
        """Whether the error that came out is the one that was raised."""
        return self.tried.error is self.error

    @property
    def raised(self) -> str:
        """The error that came out, as text."""
        return self.tried.raised


# --- what is observed ---


def each_failure(answer: Any, sheet: Sheet) -> Iterator[Block]:
    """A block without a failure; one in which each opener fails, each block's way out, each `close()`."""
    count = sheet.variant.number("leaks-x3", 4, 6)
    silent, stop = partial(OSError, "the station is silent"), KeyboardInterrupt
    whole = Block("after a block without a failure", count).run(answer)
    if whole.tried.error is not None:
        raise whole.tried.error
    nights = restarted(answer, count, sheet.variant.number("leaks-x3 fails", 2, 3))
    yield whole
    for number in range(1, count + 1):
        failed = f"after connection {number} of {count} failed to open"
        yield Block(failed, count, fails=number, error=silent(), nights=nights).run(answer)
        stopped = f"after Ctrl-C while connection {number} of {count} was opened"
        yield Block(stopped, count, fails=number, error=stop()).run(answer)
        for error in (OSError("it hangs up"), ValueError("it hangs up")):
            refused = f"after connection {number} of {count} failed to close with {type(error).__name__}"
            yield Block(refused, count, refuses=number, error=error).run(answer)
    yield Block("after a `ValueError` left the block", count, error=ValueError("missing")).run(answer)
    yield Block("after the block was left by `return`", count, leaves="return").run(answer)
    yield Block("after the block was left by `break`", count, leaves="break").run(answer)
    yield Block("after Ctrl-C left the block", count, error=stop()).run(answer)


def restarted(answer: Any, count: int, fails: int) -> str:
    """Start a job twenty times that fails while it opens, then one that does not; say how the last ended."""
    engine = new_pool()
    kept: list[Attempt] = []

    def night(openers: list[Any]) -> None:
        with answer([Callback(one, "connect") for one in openers]):
            pass

    for number in range(1, 22):
        openers = [engine.connect] * count
        if number <= 20:
            openers[fails - 1] = silent
        kept.append(attempt(night, openers))
        if type(kept[-1].error).__name__ == "TimeoutError":
            break  # the pool has run out
    if kept[-1].error is None:
        return ""
    return f" With a pool of 20 slots, night {number} ends with {kept[-1].raised.partition(' (')[0]}."


def silent() -> Any:
    raise OSError("the station is silent")


def other_numbers(answer: Any, sheet: Sheet) -> Iterator[Block]:
    """No opener, one, and more than usual."""
    more = sheet.variant.number("leaks-x3", 4, 6) + 2
    for count, when in ((0, "with no openers"), (1, "with one opener"), (more, f"with {more} openers")):
        yield Block(when, count).run(answer)


def two_at_once(answer: Any, sheet: Sheet) -> Iterator[Block]:
    """A block, and in it another one, which is made before the first is entered, or in it."""
    count = sheet.variant.number("leaks-x3", 4, 6)
    for made_first in (True, False):
        inner = Block("in the inner one of two blocks", 2)
        yield Block("in the outer one of two blocks", count, inside=inner, made_first=made_first).run(answer)
        yield inner


# --- the rules ---

TWO = "Keep what is open in the call, or in the object itself, that opened it, and in nothing that is shared."

RUNS = (
    Rule(each_failure, lambda block: block.opened < block.expected or (block.whole and not block.got),
         "{when}, {opened} of {count} connections had been opened, and the block had run {ran}.", "",
         "Call each of the openers once on the way into the block, and hand over what they return."),
    Rule(each_failure, lambda block: block.whole and block.closed_early,
         "in the block {closed_early} of {count} connections were closed already.",
         "leaks-return-skips-finally",
         "A `with` or `finally` closes on the way out of its function, by `return` as well: "
         "`ExitStack.pop_all()` takes the connections along, or `yield` inside of the `with`."),
)  # fmt: skip
"""What must hold before anything else can be seen."""

CLOSES = (
    Rule(each_failure, lambda block: block.whole and block.closes == [block.count],
         "still open {when}: {held}. Connection {count} alone was closed.", "generators-loop-value-is-kept",
         "A function that is written in a loop looks up the loop's name when it is called, and finds the "
         "last value. Hand over `connection.close` itself."),
    Rule(each_failure, lambda block: block.whole and block.held,
         "still open {when}: {held}.", "",
         "Call `close()` on each: a list that is gone closes nothing that something else refers to."),
)  # fmt: skip
"""What must hold before closing after a failure can be seen."""

OPENING = (
    Rule(each_failure, lambda block: block.fails and not block.ctrl_c and block.held,
         "still open {when}: {held}.{nights}", "leaks-exit-covers-enter",
         "Ask of each line of yours: if it fails, what closes the connections that are open by then? "
         "`contextlib.ExitStack` can hold each connection from the moment it is open."),
    Rule(each_failure, lambda block: block.fails and block.held,
         "still open {when}: {held}.", "leaks-except-is-enough",
         "`KeyboardInterrupt` is not a subclass of `Exception`. `with` and `finally` ask for no names."),
)  # fmt: skip

LEAVING = (
    Rule(each_failure, lambda block: block.failed_block and not block.ctrl_c and block.held,
         "still open {when}: {held}.", "leaks-exit-on-success-only",
         "Close in a place that every way out passes: in `__exit__` without an `if`, or in a `finally` "
         "around the `yield`."),
    Rule(each_failure, lambda block: block.failed_block and block.held,
         "still open {when}: {held}.", "leaks-except-is-enough",
         "`KeyboardInterrupt` is not a subclass of `Exception`. `with` and `finally` ask for no names."),
    Rule(each_failure, lambda block: block.whole and block.early,
         "{early} connections were open before any `with` was entered: if it is never entered, nothing "
         "closes them.", "composition-parts-open-when-made",
         "Open in `__enter__`, not in `__init__`."),
    Rule(two_at_once, lambda block: block.held,
         "two blocks were open at the same time. When both had been left, this was still open {when}: "
         "{held}.", "", TWO),
)  # fmt: skip

ORDER = (
    Rule(each_failure, lambda block: not block.refuses and not block.ctrl_c and not block.backwards,
         "{when}, they were closed in the order {order}.", "chains-first-closes-first",
         "Go backwards: a later one may need an earlier one until it is closed itself."),
    Rule(each_failure, lambda block: block.refuses and type(block.error) is OSError and block.held,
         "still open {when}: {held}.", "composition-finally-covers-all",
         "A `close()` that fails must not end your loop: `contextlib.ExitStack` goes on, or put a `try` "
         "around each."),
    Rule(each_failure, lambda block: block.refuses and block.held,
         "still open {when}: {held}.", "",
         "A `close()` may fail with any `Exception`, not with an `OSError` alone."),
    Rule(each_failure, lambda block: block.refuses and block.no_error,
         "{when}, no error came out of the `with`.", "", "Close the others, then let the error go on."),
)  # fmt: skip

GETS = (
    Rule(each_failure, lambda block: block.failed_block and block.no_error and not block.generator,
         "{when}, no error came out of the `with`: whoever runs the job believes that it went well.",
         "leaks-truthy-is-success", "Look at what `__exit__` returns, and whether Python takes it for true."),
    Rule(each_failure, lambda block: (block.failed_block or block.fails) and block.no_error,
         "{when}, no error came out of the `with`: whoever runs the job believes that it went well.", "",
         "Look at each `except` that does not end in `raise`."),
    Rule(each_failure, lambda block: (block.failed_block or block.fails) and not block.same_error,
         "{when}, another error came out: {raised}.", "",
         "Let the error go on as it is: close, and `raise` without a name."),
    Rule(other_numbers, lambda block: not block.no_error,
         "{when}, {raised} came out.", "",
         "There may be any number of openers: with none, the block gets an empty list."),
    Rule(other_numbers, lambda block: block.in_block != block.count,
         "{when}, `as` named {named}, where a list of what the openers returned belongs.", "",
         "`as` names what `__enter__` returns, or what a `@contextmanager` function yields."),
    Rule(each_failure, lambda block: block.whole and not block.as_opened,
         "the block did not get the {count} connections in the order in which they were opened.", "",
         "Hand over a list of what the openers returned, in their order."),
    Rule(two_at_once, lambda block: block.closed_early,
         "two blocks were open at the same time: {closed_early} of {count} connections were closed before "
         "the end {when}.", "", TWO),
    # If a connection is still open, the second aspect has said so.
    Rule(two_at_once, lambda block: not block.held and not block.as_opened,
         "two blocks were open at the same time, and the block got other connections than its own {when}.",
         "", TWO),
)  # fmt: skip


@dataclass(frozen=True)
class Night:
    """A pool of 20 slots, `engine`, and `openers` of which one raises an `OSError`."""

    engine: Any
    openers: list[Callable[[], Any]]


def night(variant: Variant) -> Night:
    """A night on which one of the stations is silent."""
    engine = new_pool()
    openers: list[Callable[[], Any]] = [engine.connect] * variant.number("leaks-x3", 4, 6)
    openers[variant.number("leaks-x3 fails", 2, 3) - 1] = silent
    return Night(engine, openers)


together = ruled(
    "leaks-x3",
    "Open all, or leave none open",
    kind="build",
    answer="open_together",
    version=3,
    given=night,
    asked=[
        Asked("when one fails to open, those before it are closed", 3, (*RUNS, *CLOSES, *OPENING)),
        Asked("all are closed, whichever way the block is left", 1, (*RUNS, *CLOSES, *LEAVING)),
        Asked("the last one is closed first, and each in any case", 1, (*RUNS, *CLOSES, *ORDER)),
        Asked("the block gets the connections, and errors go on", 1, (*RUNS, *GETS)),
    ],
)
