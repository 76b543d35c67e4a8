"""Run a check where it can do no harm: in a forked child, with a time limit and a limit on memory.

The child is a copy of this process, so an answer needs no pickling. What it changes, prints, patches or
kills is its own copy. Where there is no fork (Windows, a browser), the check runs here, and a clock
interrupts it.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import secrets
import select
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

from lessons.exercises.exercise import Exercise, Sheet, attempt, stub
from lessons.exercises.variant import Variant
from lessons.judge import tools
from lessons.judge.blank import is_blank
from lessons.judge.host import FIRST, Copy, Host, Stuck
from lessons.judge.judge import QUESTION, Judge
from lessons.judge.verdict import Aspect, Verdict
from lessons.judge.wire import GONE, NO_MESSAGE, TOO_LONG, TOO_MUCH, Channel, Over, loopback

PRINTED = 2_000
"""How many characters of an answer's own output a verdict keeps."""

SAID = 1_000_000
"""How many bytes a check's child may send; no check sends a tenth of it."""

STUCK = "stuck"
"""How a check ends that could not begin."""

NOT_BEGUN = (
    "The check could not begin, which says nothing about your code. Run the cell again. If that does not "
    "help, restart the kernel."
)

MEMORY = 2**30
"""How many bytes a check may use beyond what the process has already."""

_TOO_LONG = (
    "The check was stopped after {seconds:g} seconds, while your code was still running.",
    "Look for a loop whose end never comes: `while True` without a way out, or a stream pulled whole.",
)
_DIED = (
    "The check's process ended in the middle of your code ({how}).",
    "Your code ends Python itself, by `os._exit` or by a recursion without an end, for example: take it out.",
)
_ENDS = {
    TOO_LONG: _TOO_LONG,
    GONE: (
        "The process of your code ended in the middle of the check.",
        "Your code ends Python itself, for example by `os._exit` or by an endless recursion: take it out.",
    ),
    TOO_MUCH: (
        "Your code gave the check more than it takes: {what}.",
        "Look for a value that grows without an end.",
    ),
    NO_MESSAGE: (
        "What came from the process of your code was no message that the check knows.",
        "Restart the kernel, run the notebook from the top, and check again.",
    ),
}
_DEFECT = (
    "The check itself failed ({what}): this is a mistake of the course, not yours.",
    "Show this line to whoever teaches the course.",
)
_NOT_REACHED = ("This was not looked at: what came before it did not come to an end.", "Mend that first.")


def examine(id: str, answer: object, variant: Variant | None = None, seed: str = "") -> Verdict:
    """Check an answer to an exercise and return the verdict. Shows nothing, writes nothing.

    variant: the course's variant, the kit's own by default. seed: of what is drawn, a new one by default.
    Raises `KeyError` for an unknown exercise.
    """
    from lessons.exercises.exercise import exercises

    exercise = exercises()[id]
    return tried(exercise, answer, variant or Variant(), seed)


def tried(exercise: Exercise, answer: object, variant: Variant, seed: str = "") -> Verdict:
    """Judge an answer: here the judge, and a copy of this process as the host where there are any."""
    if exercise.wired:
        return judged_here(exercise, answer, variant, seed)
    # Python in a browser has `os.fork`, but there it always fails.
    run = _forked if hasattr(os, "fork") and sys.platform != "emscripten" else _here
    lines, end = run(exercise, answer, variant)
    if end == "too long" and not lines:
        # A copy of a process with threads may inherit a lock that nobody releases; a second copy seldom does.
        lines, end = run(exercise, answer, variant)
    return _verdict(exercise, variant, lines, end)


def can_copy() -> bool:
    """Whether a copy of this process can be the host. On macOS a copy of a threaded process may hang."""
    return sys.platform == "linux"


def judged_here(exercise: Exercise, answer: object, variant: Variant, seed: str = "") -> Verdict:
    """Judge an answer with the judge in this process. seed: of what is drawn; a new one by default."""
    seed = seed or secrets.token_hex(8)
    lines: list[dict[str, Any]] = []
    by = _by_copy if can_copy() else _by_loopback
    end = by(exercise, answer, lambda judge: settle(judge, exercise, variant, seed, lines.append))
    return verdict(exercise, variant, seed, lines, end)


def _by_copy(exercise: Exercise, answer: object, settled: Callable[[Judge], Over | None]) -> Over | None:
    ours, theirs = socket.socketpair()
    with contextlib.closing(ours), contextlib.closing(theirs):
        try:
            copy = Copy(answer, lambda: theirs, [ours.fileno()])
        except Stuck:
            return Over(STUCK, NOT_BEGUN)
        try:
            theirs.close()
            judge = Judge(Channel(ours, time.monotonic() + exercise.seconds))
            judge.host = copy.child
            judge.greeted(FIRST)
            return settled(judge)
        except Over as over:
            return over
        finally:
            copy.end()


def _by_loopback(exercise: Exercise, answer: object, settled: Callable[[Judge], Over | None]) -> Over | None:
    import _thread
    import threading

    judge, host = Judge(), Host(None, answer)
    loopback(judge, host)
    over = threading.Event()
    deadline = time.monotonic() + exercise.seconds

    def ring() -> None:
        # Again and again: an answer may swallow the first interrupt.
        while not over.wait(exercise.seconds):
            judge.over = Over(TOO_LONG)
            _thread.interrupt_main()

    attempt(threading.Thread(target=ring, daemon=True).start)  # a browser has no threads: no limit there
    end = None
    try:
        with contextlib.suppress(KeyboardInterrupt), host.capture():
            end = settled(judge)
    finally:
        over.set()
    return Over(TOO_LONG) if time.monotonic() >= deadline else end


def settle(
    judge: Judge, exercise: Exercise, variant: Variant, seed: str, tell: Callable[[dict[str, Any]], None]
) -> Over | None:
    """Check the answer of a judge's host, and tell what is settled, one after the other.

    Returns why it did not come to its end; None if it did. Never later than the channel's deadline.
    """
    drawn = Variant(f"{variant.name}:{seed}")
    try:
        # Whether it is blank is the host's word: who lies about it earns nothing by it.
        if attempt(judge.ask, "blank", exercise.id, exercise.answer, stub(exercise.id)).value is True:
            tell({"missing": True})
        else:
            sheet = Sheet(exercise, drawn, lambda aspect: tell(asdict(aspect)), judge)
            done = attempt(exercise.check, judge.ask("answer"), sheet)
            if done.error is not None:
                # A check that itself fails is a defect of the kit: it says so, and no student is blamed.
                tell({"defect": done.raised})
        printed = attempt(judge.ask, "printed").value
        if isinstance(printed, str) and printed:
            tell({"printed": printed[:PRINTED]})
    except Over as over:
        return over
    return None


def verdict(
    exercise: Exercise, variant: Variant, seed: str, lines: list[dict[str, Any]], end: Over | None
) -> Verdict:
    """The verdict of what `settle` told and returned."""
    if end is not None and end.how == STUCK:
        return not_judged(exercise, variant, end.what, seed)
    return replace(_verdict(exercise, variant, lines, end), seed=seed)


def not_judged(exercise: Exercise, variant: Variant, why: str, seed: str = "") -> Verdict:
    """The verdict on an answer that no judge has looked at."""
    aspects = tuple(Aspect(name, worth) for name, worth in exercise.aspects.items())
    return Verdict(exercise.id, exercise.version, variant.name, aspects, seed=seed, unjudged=why)


def _verdict(
    exercise: Exercise, variant: Variant, lines: list[dict[str, Any]], end: Over | str | None
) -> Verdict:
    printed = "".join(line["printed"] for line in lines if "printed" in line)
    missing = any("missing" in line for line in lines)
    settled = {line["name"]: Aspect(**line) for line in lines if "name" in line}
    unsettled = _unsettled(exercise, lines, end)
    aspects = []
    for name, worth in exercise.aspects.items():
        if missing:
            aspects.append(Aspect(name, worth))
        elif name in settled:
            aspects.append(settled[name])
        else:
            belief, seen, advice = next(unsettled)
            aspects.append(Aspect(name, worth, 0, belief, seen, advice))
    return Verdict(exercise.id, exercise.version, variant.name, tuple(aspects), missing, printed)


def _unsettled(
    exercise: Exercise, lines: list[dict[str, Any]], end: Over | str | None
) -> Iterator[tuple[str, str, str]]:
    """What to say of the first aspect that the check did not come to, and of those after it."""
    defect = next((line["defect"] for line in lines if "defect" in line), "")
    if isinstance(end, Over):
        belief = {TOO_LONG: exercise.hangs, GONE: exercise.stumbles}.get(end.how, "")
        seen, advice = _ENDS[end.how]
        yield belief, seen.format(seconds=min(exercise.seconds, QUESTION), what=end.what), advice
    elif end == "too long":
        yield exercise.hangs, _TOO_LONG[0].format(seconds=exercise.seconds), _TOO_LONG[1]
    elif end:
        yield exercise.stumbles, _DIED[0].format(how=end), _DIED[1]
    elif defect:
        yield "", _DEFECT[0].format(what=defect), _DEFECT[1]
    while True:
        yield "", *_NOT_REACHED


def _examined(
    exercise: Exercise, answer: object, variant: Variant, tell: Callable[[dict[str, Any]], None]
) -> None:
    """Check here and now, telling each aspect as it is settled."""
    output = _Capped()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        blank = attempt(is_blank, answer, exercise.id, exercise.answer, stub(exercise.id)).value
        if blank:
            tell({"missing": True})
            return
        tools.restore()
        sheet = Sheet(exercise, variant, lambda aspect: tell(asdict(aspect)))
        done = attempt(exercise.check, answer, sheet)
    if output.text:
        tell({"printed": output.text})
    if done.error is not None:
        # A check that itself fails is a defect of the kit: it says so, and no student is blamed.
        tell({"defect": done.raised})


class _Capped(io.TextIOBase):
    """Takes what an answer prints, and keeps the beginning."""

    def __init__(self) -> None:
        self.text = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text[: max(0, PRINTED - len(self.text))]
        return len(text)


def _forked(exercise: Exercise, answer: object, variant: Variant) -> tuple[list[dict[str, Any]], str]:
    receiving, sending = os.pipe()
    # An answer finds the pipe by trying all descriptors; what it writes there is no line of the check's.
    mark = secrets.token_hex(16).encode()
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads at each fork
        child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(receiving)
            os.setpgid(0, 0)
            # A sweep asks the collector often: let it not walk through, and copy, all that is the parent's.
            gc.freeze()
            limit_memory()
            with contextlib.suppress(BaseException):
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            _examined(exercise, answer, variant, lambda line: _send(sending, mark, line))
            _send(sending, mark, {"end": True})
            code = 0
        finally:
            os._exit(code)
    os.close(sending)
    try:
        text, in_time = _received(receiving, mark, time.monotonic() + exercise.seconds)
    finally:
        os.close(receiving)
        _kill(child)
        _, status = os.waitpid(child, 0)
    lines = list(_parsed(text, mark))
    if lines and "end" in lines[-1]:
        return lines, ""
    if not in_time:
        return lines, "too long"
    how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit code {os.WEXITSTATUS(status)}"
    return lines, how


def _kill(child: int) -> None:
    """End the child and whatever it started; what it was about to say has been read or came too late."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)


def _send(pipe: int, mark: bytes, line: dict[str, Any]) -> None:
    data = mark + json.dumps(line).encode() + b"\n"
    while data:
        data = data[os.write(pipe, data) :]


def _received(pipe: int, mark: bytes, deadline: float) -> tuple[bytes, bool]:
    """What the child wrote until it ended or until the deadline, and whether it ended in time."""
    text = b""
    while (left := deadline - time.monotonic()) > 0:
        if select.select([pipe], [], [], left)[0]:
            part = os.read(pipe, 65_536)
            text += part
            if not part or len(text) > SAID or text.endswith(mark + b'{"end": true}\n'):
                return text, True
    return text, False


def _parsed(text: bytes, mark: bytes) -> Iterator[dict[str, Any]]:
    for line in text.split(b"\n"):
        # A forged line without an end may stand before the mark.
        _, found, rest = line.rpartition(mark)
        with contextlib.suppress(ValueError):
            parsed = json.loads(rest) if found else None
            if isinstance(parsed, dict):
                yield parsed


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


def _here(exercise: Exercise, answer: object, variant: Variant) -> tuple[list[dict[str, Any]], str]:
    import _thread
    import threading

    lines: list[dict[str, Any]] = []
    over = threading.Event()
    deadline = time.monotonic() + exercise.seconds

    def ring() -> None:
        # Again and again: an answer may swallow the first interrupt.
        while not over.wait(exercise.seconds):
            _thread.interrupt_main()

    def tell(line: dict[str, Any]) -> None:
        # What is settled after the interrupt is settled by it.
        if time.monotonic() < deadline:
            lines.append(line)

    attempt(threading.Thread(target=ring, daemon=True).start)  # a browser has no threads: no limit there
    with contextlib.suppress(KeyboardInterrupt):
        _examined(exercise, answer, variant, tell)
    over.set()
    return lines, "too long" if time.monotonic() >= deadline else ""
