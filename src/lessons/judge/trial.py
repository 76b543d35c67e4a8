"""One check of one answer: the judge asks, the host serves, and the settled aspects make the verdict.

On Linux the host is a copy of this process. So an answer needs no pickling, and it can change, patch or kill
only its own copy. Elsewhere (Windows, macOS, a browser) judge and host are both in this process, with the
same messages, and a timer interrupts code that never ends.
"""

import contextlib
import gc
import secrets
import socket
import sys
import time
from collections.abc import Callable
from itertools import chain, repeat

from lessons.collector import quick_collector
from lessons.exercises import Exercise, Sheet, Variant, attempt, exercises, stub
from lessons.exercises.rules import settled
from lessons.judge.clock import Clock
from lessons.judge.host import FIRST, PRINTED, Copy, Host, Stuck
from lessons.judge.judge import Judge, on_one_processor
from lessons.judge.verdict import Aspect, Verdict
from lessons.judge.wire import GONE, NO_MESSAGE, STUCK, TOO_LONG, TOO_MUCH, Channel, Over
from lifecycle import ledger

NOT_BEGUN = (
    "The check could not start: that says nothing about your answer. Run the cell again. If that does "
    "not help, restart the kernel."
)
_ENDS = {
    TOO_LONG: ("The check was stopped after {what} seconds, while your code was still running.",
               "Look for an endless loop: `while True` without an exit, or code that pulls all of an endless "
               "stream."),
    GONE: ("The process of your code ended during the check.",
           "Your code ends Python itself, for example with `os._exit` or an endless recursion: remove that."),
    TOO_MUCH: ("Your code gave the check more than it accepts: {what}.",
               "Look for a value that grows without end."),
    NO_MESSAGE: ("The process of your code sent something that the check does not understand.",
                 "Restart the kernel, run the notebook from the top, and check again."),
}  # fmt: skip
_NOT_REACHED = ("This was not checked, because an earlier part did not finish.", "Fix that first.")


def examine(
    exercise: Exercise | str, answer: object, variant: Variant | None = None, seed: str = ""
) -> Verdict:
    """Judge an answer with the judge in this process, and return the verdict; show and write nothing.

    variant: the course's variant, by default the kit's own. seed: for the judge's draw, by default a new one.
    Raises `KeyError` for an unknown exercise.
    """
    if isinstance(exercise, str):
        exercise = exercises()[exercise]
    trial = Trial(exercise, variant or Variant(), seed)
    by = _by_copy if can_copy() else by_loopback
    return trial.verdict(by(answer, exercise.seconds, trial.run))


def can_copy() -> bool:
    """Whether a copy of this process can be the host. On macOS, a copy of a process with threads may hang."""
    return sys.platform == "linux"


def prepare() -> None:
    """Import what the checks need, so that no copy of this process has to, and no collector looks at it."""
    exercises()
    with contextlib.suppress(ImportError):
        import sqlalchemy.dialects.sqlite
        import sqlalchemy.orm  # noqa: F401
    gc.freeze()


def _by_copy(answer: object, seconds: float, run: Callable[[Judge], Over | None]) -> Over | None:
    ours, theirs = socket.socketpair()
    with contextlib.closing(ours), contextlib.closing(theirs):
        try:
            copy = Copy(answer, lambda: theirs, [ours.fileno()])
        except Stuck:
            return Over(STUCK, NOT_BEGUN)
        with contextlib.closing(copy), quick_collector():
            theirs.close()
            judge = Judge(Channel(ours, seconds, Clock(copy.child)))
            judge.host = copy.child
            return run(judge)


def by_loopback(answer: object, seconds: float, run: Callable[[Judge], Over | None]) -> Over | None:
    """Run a check with the judge and the answer in this process. Returns why it did not finish, if so."""
    import _thread
    import threading

    judge, host = Judge(), Host(None, answer)
    judge.other, host.other = host, judge  # the same messages, without a channel
    over = threading.Event()
    deadline = time.monotonic() + seconds

    def ring() -> None:
        # It interrupts repeatedly, because an answer may swallow the first interrupt.
        while not over.wait(seconds):
            judge.over = Over(TOO_LONG)
            _thread.interrupt_main()

    attempt(threading.Thread(target=ring, daemon=True).start)  # not in a browser: it has no threads
    end = None
    try:
        with quick_collector(), contextlib.suppress(KeyboardInterrupt), host.capture():
            end = run(judge)
    finally:
        over.set()
    return Over(TOO_LONG, f"{seconds:g}") if time.monotonic() >= deadline else end


class Trial:
    """One check of one answer: what is settled so far, and its verdict. tell: called at each new result."""

    def __init__(
        self, exercise: Exercise, variant: Variant, seed: str, tell: Callable[[], object] = lambda: None
    ) -> None:
        self.exercise, self.variant, self.tell = exercise, variant, tell
        self.seed = seed or secrets.token_hex(8)
        self.settled: dict[str, Aspect] = {}
        self.missing = False
        self.printed = ""

    def run(self, judge: Judge) -> Over | None:
        """Check the answer of a judge's host. Returns why the check did not finish, or None if it did."""
        began = time.monotonic()
        before = ledger.held()
        try:
            judge.greeted(FIRST)
            with on_one_processor(judge.process()):
                self._settle(judge)
        except Over as over:
            took = time.monotonic() - began
            return Over(over.how, over.what or (f"{took:.0f}" if took >= 1 else f"{took:.1f}"))
        finally:
            # If judge and host share this process, it goes on running: forget what the answer left open.
            for entry in ledger.held():
                if entry not in before:
                    ledger.closed(entry)
        return None

    def _settle(self, judge: Judge) -> None:
        exercise = self.exercise
        # Whether the answer is blank is reported by the host; a false report earns no points.
        blank = attempt(judge.ask, "blank", exercise.id, exercise.answer, stub(exercise.id))
        self.missing = blank.value is True
        if not self.missing:
            sheet = Sheet(exercise, Variant(f"{self.variant.name}:{self.seed}"), judge)
            for aspect in settled(judge.ask("answer"), sheet):
                self.settled[aspect.name] = aspect
                self.tell()
        printed = attempt(judge.ask, "printed").value
        self.printed = printed[:PRINTED] if isinstance(printed, str) else ""

    def verdict(self, end: Over | None) -> Verdict:
        """The verdict from the settled aspects. end: why the check did not finish."""
        exercise = self.exercise
        if end is not None and end.how == STUCK:
            return not_judged(exercise, self.variant, end.what, self.seed)
        first = []  # the reason for the first aspect that the check did not reach
        if end is not None:
            seen, advice = _ENDS[end.how]
            belief = {TOO_LONG: exercise.hangs, GONE: exercise.stumbles}.get(end.how, "")
            first = [(belief, seen.format(what=end.what or f"{exercise.seconds:g}"), advice)]
        unsettled = chain(first, repeat(("", *_NOT_REACHED)))
        aspects = tuple(
            Aspect(name, worth)
            if self.missing
            else self.settled.get(name) or Aspect(name, worth, 0, *next(unsettled))
            for name, worth in exercise.aspects.items()
        )
        about = exercise.id, exercise.version, self.variant.name
        return Verdict(*about, aspects, self.missing, self.printed, self.seed)


def not_judged(exercise: Exercise, variant: Variant, why: str, seed: str = "") -> Verdict:
    """The verdict on an answer that a judge has not examined."""
    aspects = tuple(Aspect(name, worth) for name, worth in exercise.aspects.items())
    return Verdict(exercise.id, exercise.version, variant.name, aspects, seed=seed, unjudged=why)
