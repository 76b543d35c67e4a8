"""A clock for the limits on an answer's time: it does not count what a busy machine makes a process wait."""

import os
import select
import time
from contextlib import suppress

BUSY = 120.0  # seconds that a check waits for a busy machine; after that the answer is not judged


class Clock:
    """Stops while these processes, their children or this thread are ready to run but have no processor.

    Linux counts these seconds; elsewhere the clock never stops. It stops for at most `BUSY` seconds in all.
    """

    def __init__(self, *processes: int) -> None:
        self._processes, self.lost = processes, 0.0
        self._idle, self._waited = self._figures()

    def __call__(self) -> float:
        """The time of this clock in seconds, which is `time.monotonic` without what was lost."""
        return time.monotonic() - self.lost

    @property
    def busy(self) -> bool:
        """Whether the machine was so busy that a limit says nothing about the answer."""
        return self.lost >= BUSY

    def left(self, until: float) -> float:
        """How many seconds are left until a time of this clock; the system is asked only at the end."""
        if (left := until - self()) <= 0:
            idle, waited = self._figures()
            # While some of the processes work, the others do not wait for the machine, but for them.
            self.lost = max(self.lost, min(idle - self._idle, waited - self._waited, BUSY))
            left = until - self()
        return left

    def readable(self, descriptor: int, until: float) -> bool:
        """Wait until a descriptor can be read, and return whether it can; at most until a time."""
        while (left := self.left(until)) > 0:
            if select.select([descriptor], [], [], left)[0]:
                return True
        return False

    def _figures(self) -> tuple[float, float]:
        """Seconds in which no process worked, and in which they waited for a processor, from any start."""
        idle, waited, family = time.monotonic(), 0.0, ["thread-self", *map(str, self._processes)]
        for one in family:
            if figures := _words(f"/proc/{one}/schedstat"):
                idle, waited = idle - int(figures[0]) / 1e9, waited + int(figures[1]) / 1e9
            with suppress(OSError):
                for task in os.listdir(f"/proc/{one}/task"):
                    family += _words(f"/proc/{one}/task/{task}/children")
        return idle, waited


def _words(path: str) -> list[str]:
    with suppress(OSError), open(path, "rb", 0) as file:
        return file.read().decode().split()
    return []
