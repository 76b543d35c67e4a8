"""A time limit for students' code: a stage that loops and never yields must not hang the lab."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

OFTEN = 0.02  # seconds between two alarms, for code that has swallowed one


class TimeUp(BaseException):
    """The code under a `limit` took too long.

    `except Exception` does not catch this, as it does not inherit from `Exception`.
    """


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` in the running code, at any line, after `seconds` of wall time.

    On the main thread of Linux and macOS, a timer signal does it. Elsewhere a trace function checks the clock
    at each line: this is slower, and does not work during a call into C.
    """
    timer = _alarm if _has_alarm() else _trace
    with timer(seconds):
        yield


def _has_alarm() -> bool:
    # In a browser the function exists but does nothing, so the platform is checked too.
    on_main = threading.current_thread() is threading.main_thread()
    return hasattr(signal, "setitimer") and on_main and sys.platform != "emscripten"


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    watching, rings = True, 0

    def ring(number: int, frame: FrameType | None) -> None:
        nonlocal rings
        if not watching:
            return
        rings += 1
        if rings == 2:
            # A loop around a bare `except:` swallows nearly every alarm: only an alarm between two rounds
            # ends it.
            signal.setitimer(signal.ITIMER_REAL, OFTEN, OFTEN)
        if rings > 5 or not _cleans(frame):
            raise TimeUp(f"still running after {seconds:g} s")

    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    # The alarm repeats, because a bare `except:` may have swallowed the first one.
    rest, interval = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        try:
            watching = False
        finally:
            # This also runs if the alarm comes at the last moment: a timer left behind would interrupt other
            # code.
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
            if rest:
                # If another timer was running, it continues with the time that it has left now.
                signal.setitimer(signal.ITIMER_REAL, max(rest - (time.monotonic() - began), 0.001), interval)


def _cleans(frame: FrameType | None) -> bool:
    """Whether a `__del__` is running.

    It can belong to any code; errors in it are printed and stop nothing.
    """
    while frame is not None and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame is not None


@contextmanager
def _trace(seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    before: Callable[..., Any] | None = sys.gettrace()

    def look(frame: FrameType, event: str, argument: object) -> Any:
        if time.monotonic() > deadline:
            raise TimeUp(f"still running after {seconds:g} s")
        return look

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)
