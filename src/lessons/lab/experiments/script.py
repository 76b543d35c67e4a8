"""Run a text as `night.py`, line by line, and observe it: a lab's listing is the code that runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

FILE = "night.py"
"""The name of the script in frames and tracebacks."""

See = Callable[[FrameType, str, Any], None]
"""A trace function: it receives each call, and each line, exception and return of the script."""


@dataclass
class Script:
    """A text that ran: its names, the lines that were reached, and the exception that it raised, if any."""

    source: str
    room: dict[str, Any]
    ran: set[int] = field(default_factory=set)
    raised: BaseException | None = None

    @property
    def lines(self) -> tuple[int, ...]:
        """The numbers of the lines that were reached, in their order in the text."""
        return tuple(sorted(self.ran))

    def frames(self) -> Iterator[tuple[FrameType, int]]:
        """Each frame of the traceback with its line, from the script inwards."""
        trace = self.raised.__traceback__ if self.raised is not None else None
        while trace is not None and not inside(trace.tb_frame):
            trace = trace.tb_next
        while trace is not None:
            yield trace.tb_frame, trace.tb_lineno
            trace = trace.tb_next


@contextmanager
def executed(
    source: str,
    names: Mapping[str, Any],
    see: See,
    *,
    start: str = "",
    caught: type[BaseException] = Exception,
) -> Iterator[Script]:
    """Run `source` with these names, and yield the result. After the block, nothing keeps it alive.

    With `start`, the text only defines names, and the call of the function with that name is observed.
    An error that is not a `caught` propagates.

    >>> with executed("for day in (1, 2):\\n    day / (day - 2)", {}, lambda *_: None) as script:
    ...     script.lines, script.raised, script.room["day"]
    ((1, 2), ZeroDivisionError('division by zero'), 2)
    """
    script = Script(source, dict(names))
    code = compile(source, FILE, "exec")

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        own = inside(frame)
        if own and event == "line":
            script.ran.add(frame.f_lineno)
        see(frame, event, argument)
        return trace if own else None

    if start:
        exec(code, script.room)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        if start:
            script.room[start]()
        else:
            exec(code, script.room)
    except caught as error:
        script.raised = error
    finally:
        sys.settrace(before)
    try:
        yield script
    finally:
        # A caught exception holds frames, and they hold it. Break this cycle, so that nothing waits for the
        # collector.
        held, script.raised = script.raised, None
        while held is not None:
            held.__traceback__, held = None, held.__context__
        script.room.clear()


def inside(frame: FrameType) -> bool:
    """Whether a frame runs a line of the script."""
    return frame.f_code.co_filename == FILE
