"""A time limit for code that a student wrote: a stage that loops and never yields must not hang the lab."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

OFTEN = 0.02  # seconds from ring to ring, for code that has swallowed one


class TimeUp(BaseException):
    """The code under a `limit` took too long. `except Exception` does not hold it up, for it is none."""


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` in the running code, at any line, after `seconds` of wall time.

    A timer signal does it where there is one, which is on the main thread of Linux and macOS. Elsewhere a
    trace function looks at the clock at each line: slower, and blind while one call into C lasts.
    """
    timer = _alarm if _has_alarm() else _trace
    with timer(seconds):
        yield


def _has_alarm() -> bool:
    # In a browser the function is there and does nothing, so the platform is asked as well.
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
            # A loop around a bare `except:` swallows nearly every ring: only one between two rounds ends it.
            signal.setitimer(signal.ITIMER_REAL, OFTEN, OFTEN)
        if rings > 5 or not _cleans(frame):
            raise TimeUp(f"still running after {seconds:g} s")

    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    # It rings again, because a bare `except:` may have swallowed the first.
    rest, interval = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        try:
            watching = False
        finally:
            # Here as well when it rings at the last moment: a timer left behind would ring in anybody's code.
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
            if rest:
                # Somebody else's timer was running: it goes on where it would be by now.
                signal.setitimer(signal.ITIMER_REAL, max(rest - (time.monotonic() - began), 0.001), interval)


def _cleans(frame: FrameType | None) -> bool:
    """Whether a `__del__` runs, which may be anybody's: what it raises is printed and stops nothing."""
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
