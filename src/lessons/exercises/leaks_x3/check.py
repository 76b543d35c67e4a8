"""leaks-x3: open all, or leave none open. The openers and the connections are the judge's."""

from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Self

from lessons.exercises import Asked, Callback, Fact, Facts, Rule, Sheet, Variant, declared, ruled, short
from lessons.exercises.exercise import Attempt, attempt
from lessons.exercises.leaks_parts import by_error, errors_go_on
from lessons.exercises.sql import new_pool


@declared("__enter__ __exit__ close", "number", name="Connection")
class Line(AbstractContextManager[Any]):
    """A connection. It can be closed twice, as SQLAlchemy's can. `closes` is the order in which all close."""

    def __init__(self, number: int, closes: list[int], refuses: BaseException | None) -> None:
        self.number, self.closes, self.refuses = number, closes, refuses
        self.open = True

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def close(self) -> None:
        if self.open:
            self.open = False
            self.closes.append(self.number)
            if self.refuses is not None:
                raise self.refuses


class Block(Fact):
    """One `with open_together(openers) as lines:` block: what fails in it, and what was seen.

    fails: the number of the opener that fails. refuses: that of the connection that fails to close, or -1
    for all. error: that of the opener, of `close`, or else of the block. equal: whether all its openers
    are one function, as `engine.connect` is.
    """

    def __init__(self, when: str, count: int, **known: Any) -> None:
        usual = {"fails": 0, "refuses": 0, "error": None, "equal": False}
        super().__init__(**usual | known, when=when, count=count, manager=None, tried=Attempt())
        self.lines: list[Line] = []
        self.closes: list[int] = []
        self.listed: list[Any] = []
        self.ran, self.named, self.early, self.closed_early = "not at all", "nothing", 0, 0
        self.failed_block = self.error is not None and not self.fails and not self.refuses

    def make(self, answer: Any) -> None:
        """Call the answer."""
        openers = [Callback(partial(self._open, number), "connect") for number in range(1, self.count + 1)]
        if self.equal:
            openers = [Callback(lambda: self._open(len(self.lines) + 1), "connect")] * self.count
        self.tried = attempt(answer, openers)
        self.manager, self.early = self.tried.value, len(self.lines)  # what is open before any `with`

    def _open(self, number: int) -> Line:
        if number == self.fails:
            raise self.error
        refuses = ValueError("it hangs up") if self.fails or (self.lines and self.refuses < 0) else self.error
        refuses = refuses if self.refuses in (number, -1) else None
        self.lines.append(Line(number, self.closes, refuses))
        return self.lines[-1]

    def run(self, answer: Any, inside: "Block | None" = None) -> Self:
        """Make it, unless it is made, enter it and leave it, and note what was seen. inside: run in it."""

        def block() -> None:
            with self.manager as lines:
                self.ran = "once"
                if inside is not None:
                    inside.run(answer)
                self.listed = list(lines) if isinstance(lines, list | tuple) else []
                numbers = [str(one.number) for one in self.listed if isinstance(one, Line)]
                self.named = f"a list of the connections {', '.join(numbers)}" if numbers else short(lines)
                self.closed_early = sum(not line.open for line in self.lines)
                if self.failed_block:
                    raise self.error

        if self.manager is None:
            self.make(answer)
        self.tried = attempt(block) if self.tried.error is None else self.tried
        return self.seen()

    def seen(self) -> Self:
        """Note what is there when all is over; `tried` keeps the error, and so every frame of the answer."""
        self.opened, self.raised = len(self.lines), self.tried.raised
        self.whole, self.ctrl_c = not self.error, isinstance(self.error, KeyboardInterrupt | SystemExit)
        self.expected = self.fails - 1 if self.fails else self.count
        self.held = ", ".join(f"connection {line.number}" for line in self.lines if line.open)
        self.order, self.backwards = ", ".join(map(str, self.closes)), sorted(self.closes, reverse=True)
        self.as_opened = [id(line) for line in self.listed] == [id(line) for line in self.lines]
        # If closing fails after an opener, the task does not say which of the two errors comes out.
        self.must_raise = self.failed_block or (self.fails and not self.refuses)
        errors = [line.refuses for line in self.lines] if self.refuses < 0 else [self.error]
        self.same_error = any(self.tried.error is one for one in errors)
        self.own_exit = type(self.manager).__name__ not in ("NoneType", "_GeneratorContextManager")
        self.by_exit = self.failed_block and self.own_exit
        return self


def each_failure(answer: Any, sheet: Sheet) -> Facts:
    """A block without a failure; one in which each opener fails, each block's way out, each `close()`."""
    count = sheet.variant.number("leaks-x3", 4, 6)
    stop = KeyboardInterrupt
    whole = Block("after a block without a failure", count).run(answer)
    if whole.tried.error is not None:
        raise whole.tried.error
    yield whole
    for number in range(1, count + 1):
        this = f"connection {number} of {count}"
        silent = OSError("the station is silent")
        yield Block(f"after {this} failed to open", count, fails=number, error=silent).run(answer)
        yield Block(f"after Ctrl-C while {this} was opened", count, fails=number, error=stop()).run(answer)
        for error in (OSError("it hangs up"), ValueError("it hangs up")):
            refused = f"after {this} failed to close with {type(error).__name__}"
            yield Block(refused, count, refuses=number, error=error).run(answer)
    both = f"after connection {count} of {count} failed to open and connection {count - 1} failed to close"
    yield Block(both, count, fails=count, refuses=count - 1, error=OSError("silent")).run(answer)
    yield Block("after all failed to close", count, refuses=-1, error=ValueError("it is off")).run(answer)
    yield Block("after a `ValueError` left the block", count, error=ValueError("missing")).run(answer)
    yield Block("after Ctrl-C left the block", count, error=stop()).run(answer)
    yield Block("after `sys.exit` left the block", count, error=SystemExit(0)).run(answer)


def others(answer: Any, sheet: Sheet) -> Facts:
    """No opener, one, many, equal ones; a block in another one, made before that is entered, or in it."""
    count = sheet.variant.number("leaks-x3", 4, 6)
    for number, when in ((0, "with no openers"), (1, "with one opener"), (count + 2, "with more openers")):
        yield Block(when, number).run(answer)
    yield Block("with the same opener, given three times", 3, equal=True).run(answer)
    for made_first in (True, False):
        outer = Block("in the outer one of two blocks", count)
        inner = Block("in the inner one of two blocks", 2)
        for block in (outer, inner) if made_first else ():
            block.make(answer)
        yield outer.run(answer, inside=inner)
        yield inner.seen()


HELD = "still open {when}: {held}."
TWO = "Keep what is open in the call, or in the object itself, that opened it, and in nothing that is shared."
RUNS = (
    Rule(each_failure, lambda block: block.opened < block.expected or (block.whole and block.ran != "once"),
         "{when}, {opened} of {count} connections had been opened, and the block had run {ran}.", "",
         "Call each of the openers once on the way into the block, and hand over what they return."),
    Rule(each_failure, lambda block: block.whole and block.closed_early,
         "in the block {closed_early} of {count} connections were closed already.", "",
         "A `with` or `finally` closes when its function ends, also with `return`. Take the "
         "connections out with `ExitStack.pop_all()`, or use `yield` inside the `with`."),
)  # fmt: skip
"""What must hold before anything else can be seen."""
CLOSES = (
    Rule(each_failure, lambda block: block.whole and block.held, HELD, "",
         "Call `close()` on each, and hand over `connection.close` itself where a loop prepares that: a "
         "function made in a loop looks up the loop's names when it is called."),
)  # fmt: skip
"""What must hold before closing after a failure can be seen."""
FROM_THEN = "`contextlib.ExitStack` holds each connection from the moment it is open, whichever line fails."
OPENING = Asked("when one fails to open, those before it are closed", 3, RUNS, CLOSES, (
    Rule(each_failure, lambda block: block.fails and block.held and not block.refuses and not block.ctrl_c
         and not block.closes and block.own_exit, HELD, "leaks-exit-covers-enter", FROM_THEN),
    *by_error(each_failure, lambda block: block.fails and block.held and not block.refuses,
              HELD, "", FROM_THEN),
))  # fmt: skip
LEAVING = Asked("all are closed, whichever way the block is left", 1, RUNS, CLOSES, (
    Rule(each_failure, lambda block: block.failed_block and block.held, HELD, "",
         "Close on every way out: in `__exit__` without an `if`, or in a `finally` around the `yield`."),
    Rule(each_failure, lambda block: block.whole and block.early,
         "{early} connections were open before any `with` was entered: if it is never entered, nothing "
         "closes them.", "", "Open in `__enter__`, not in `__init__`."),
    Rule(others, lambda block: block.held, "{when}, still open afterwards: {held}.", "",
         f"Openers may be equal, and blocks may be nested: close each connection that was opened. {TWO}"),
))  # fmt: skip
ORDER = Asked("the last one is closed first, and each in any case", 1, RUNS, CLOSES, (
    Rule(each_failure, lambda block: not (block.refuses or block.ctrl_c) and block.closes != block.backwards,
         "{when}, they were closed in the order {order}.", "",
         "Go backwards: a later one may need an earlier one until it is closed itself."),
    # If an opener failed and nothing was closed, the first aspect has said so.
    Rule(each_failure, lambda block: block.refuses and block.held and (block.closes or not block.fails),
         HELD, "", "A `close()` may fail with any `Exception`, also after a failed opener, and must not end "
         "your loop. `contextlib.ExitStack` goes on, or put a `try` around each."),
    Rule(each_failure, lambda block: block.refuses and not block.fails and not block.same_error,
         "{when}, {raised} came out of the `with`.", "",
         "Close the others, then let that error itself go on, and no group or other error in its place."),
))  # fmt: skip
GETS = Asked("the block gets the connections, and errors go on", 1, RUNS, (
    *errors_go_on(each_failure),
    # If a connection is still open, the second aspect has said so.
    Rule(others, lambda block: block.raised != "nothing" or block.closed_early
         or not (block.held or block.as_opened),
         "{when}, {closed_early} of {count} connections were closed before the end, `as` named {named}, and "
         "{raised} came out.", "",
         "The name after `as` refers to what `__enter__` returns, or what `@contextmanager` yields. It is a "
         f"list of what the openers returned, in their order, however many there are. {TWO}"),
))  # fmt: skip


def night(variant: Variant) -> Any:
    """A pool of 20 slots, `engine`, and `openers`, of which one raises an `OSError`."""

    def silent() -> Any:
        raise OSError("the station is silent")

    engine = new_pool()
    openers = [engine.connect] * variant.number("leaks-x3", 4, 6)
    openers[variant.number("leaks-x3 fails", 2, 3) - 1] = silent
    return Fact(engine=engine, openers=openers)


ruled("leaks-x3", "Open all, or leave none open", kind="build", answer="open_together", version=7,
      given=night, asked=[OPENING, LEAVING, ORDER, GETS])  # fmt: skip
