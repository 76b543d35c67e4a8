"""Controls the cyclic garbage collector while a lab or a check looks at what stays open."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_for_good: list[bool] = []


def freeze_for_good() -> None:
    """Let no `gc.collect` of this process examine what is there now. It is for a process that soon ends."""
    _for_good.append(True)
    gc.freeze()


@contextmanager
def quick_collector() -> Iterator[None]:
    """Let `gc.collect` examine only objects made in this block: a whole notebook's objects take too long.

    Inside the block, the collector runs only when it is called, so nothing is closed by luck.
    """
    running = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        if not _for_good:
            gc.unfreeze()
        if running:
            gc.enable()
