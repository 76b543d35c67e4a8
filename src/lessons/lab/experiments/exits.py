"""What `__exit__` receives, what it answers, what arrives outside: the code shown is run and watched."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any

# What the body does: the label a student picks → the line of code that stands in the body.
BODIES = {
    "nothing": "",
    "return": "return",
    "ValueError": 'raise ValueError("bad reading")',
    "OSError": 'raise OSError("connection lost")',
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "SystemExit": "raise SystemExit(3)",
    "GeneratorExit": "raise GeneratorExit",
}
# How `__exit__` ends.
ANSWERS = {
    "return False": "return False",
    "return None": "return None",
    "return True": "return True",
    'return "handled"': 'return "handled"',
    "raise RuntimeError": 'raise RuntimeError("close failed")',
    "raise error": "if error: raise error",
}
# How `__enter__` ends.
OPENINGS = {
    "return self": "return self",
    "return None": "return None",
    "raise ConnectionError": 'raise ConnectionError("no answer")',
}
_FILE = "night.py"


@dataclass(frozen=True)
class ExitSettings:
    """One choice for each place: a key of `BODIES`, of `ANSWERS` and of `OPENINGS`.

    A key that is not there is a `ValueError` that lists those that are.
    """

    body: str = "ValueError"
    answer: str = "return False"
    opening: str = "return self"

    def __post_init__(self) -> None:
        for field, known in (("body", BODIES), ("answer", ANSWERS), ("opening", OPENINGS)):
            given = getattr(self, field)
            if given not in known:
                raise ValueError(f"{field}={given!r} is not known; {field} is one of {', '.join(known)}")


@dataclass(frozen=True)
class ExitOutcome:
    """What was seen. Exceptions are kept as text, so an outcome keeps no frame alive.

    `received` is what `__exit__` was given (type, value, traceback); empty when it was not called.
    `returned` is the repr of what it returned; empty when it raised or was not called.
    `arrived` is what left the block, `context` that exception's `__context__`; empty when there is none.
    `bound` is the type of what the name after `as` stood for; empty when the body never started.
    `trace` is its traceback through `source`, of which `ran` and `broke` (it raised there) are line numbers.
    """

    settings: ExitSettings
    source: str
    ran: tuple[int, ...]
    broke: tuple[int, ...]
    events: tuple[str, ...]
    received: tuple[str, ...]
    returned: str
    bound: str
    arrived: str
    context: str
    trace: tuple[str, ...]

    @property
    def swallowed(self) -> bool:
        """Whether an exception left the body and nothing arrived outside."""
        return bool(self.received) and self.received[0] != "None" and not self.arrived

    @property
    def after(self) -> bool:
        """Whether the line after the block ran."""
        return "the block is over" in self.events

    @property
    def sentence(self) -> str:
        """What happened, in a few sentences."""
        return self._ending() + self._name_after_as()

    def _ending(self) -> str:
        came = self.arrived.partition("(")[0]
        if not self.received:
            return (
                f"__enter__ raised {came}: the body never ran and __exit__ was never called. "
                "What __enter__ had opened by then stays open."
            )
        kind = self.received[0]
        if kind == "None":
            return self._nothing_raised(came)
        start = f"__exit__ received the {kind}"
        if self.swallowed:
            true = "" if self.returned == "True" else ", which counts as true"
            return (
                f"{start} and returned {self.returned}{true}: the {kind} is swallowed, "
                f"and the line after the block runs as if nothing had happened.{_SWALLOWED.get(kind, '')}"
            )
        if self.returned:
            return (
                f"{start} and returned {self.returned}: the {kind} arrives outside, "
                f"and the line after the block does not run.{_ARRIVED.get(kind, '')}"
            )
        if came == kind:
            return (
                f"{start} and raised it again: the {kind} arrives outside, as it does with return False. "
                f"The only change: its traceback now leads through __exit__ as well.{_ARRIVED.get(kind, '')}"
            )
        return (
            f"{start} and raised {came}: the {came} arrives outside, "
            f"and the {kind} is left in its __context__. "
            f"An except {kind} outside misses it."
        )

    def _nothing_raised(self, came: str) -> str:
        leaves = self.settings.body == "return"
        start = f"The body {'was left by return' if leaves else 'came to its end'}, and __exit__ still ran"
        if came:
            return f"{start}: it received None three times and raised {came}, which arrives outside."
        answer = "" if self.returned in ("False", "None") else f" Its {self.returned} has nothing to swallow."
        after = " The line after the block does not run: return leaves the function." if leaves else ""
        return f"{start}: it received None three times. Nothing arrives outside.{answer}{after}"

    def _name_after_as(self) -> str:
        if self.bound != "NoneType":
            return ""
        return " The name station is what __enter__ returned: None, and not the Station."

    def text(self) -> str:
        """The whole outcome as text, the same at every run."""
        marks = dict.fromkeys(self.ran, "ran   ") | dict.fromkeys(self.broke, "raised")
        listing = [
            f"{marks.get(number, '      ')} {number:>2}  {line}".rstrip()
            for number, line in enumerate(self.source.splitlines(), 1)
        ]
        received = dict(zip(("type", "value", "traceback"), self.received, strict=False))
        facts = [
            "station is         " + (f"a {self.bound}" if self.bound else "nothing: the body never started"),
            "__exit__ received  " + (", ".join(received.values()) if received else "it was not called"),
            "__exit__ returned  " + (self.returned or ("it raised" if received else "it was not called")),
            "arrived outside    " + (self.arrived or "nothing"),
            "its __context__    " + (self.context or "None"),
            "its traceback      " + (" → ".join(self.trace) or "none"),
            "after the block    " + ("ran" if self.after else "did not run"),
        ]
        events = [f"{number}. {event}" for number, event in enumerate(self.events, 1)]
        return "\n".join([*listing, "", *facts, "", *events, "", self.sentence])


_ARRIVED = {
    "KeyboardInterrupt": " An except Exception outside does not catch it.",
    "SystemExit": " Uncaught, it ends the program with exit code 3.",
    "GeneratorExit": " An except Exception outside does not catch it.",
}
_SWALLOWED = {
    "KeyboardInterrupt": " Ctrl-C no longer stops this program.",
    "SystemExit": " sys.exit no longer ends this program.",
    "GeneratorExit": " In a generator, close() would let the code run on.",
}


def listing(settings: ExitSettings) -> str:
    """The code for these settings, as it is shown and as it is run.

    >>> print(listing(ExitSettings("return", "return True")))
    class Station:
        def __enter__(self):
            note("opened")
            return self
    <BLANKLINE>
        def __exit__(self, kind, error, trace):
            note("closed")
            return True
    <BLANKLINE>
    def night():
        with Station() as station:
            note("the body starts")
            return
            note("the body ends")
        note("the block is over")
    <BLANKLINE>
    """
    body = BODIES[settings.body]
    lines = [
        "class Station:",
        "    def __enter__(self):",
        '        note("opened")',
        f"        {OPENINGS[settings.opening]}",
        "",
        "    def __exit__(self, kind, error, trace):",
        '        note("closed")',
        f"        {ANSWERS[settings.answer]}",
        "",
        "def night():",
        "    with Station() as station:",
        '        note("the body starts")',
        *([f"        {body}"] if body else []),
        '        note("the body ends")',
        '    note("the block is over")',
    ]
    return "\n".join(lines) + "\n"


def exits(settings: ExitSettings) -> ExitOutcome:
    """Run the listing and watch it.

    >>> exits(ExitSettings("ValueError", "return True")).events[-2:]
    ('the block is over', 'outside: nothing arrives')
    >>> exits(ExitSettings("ValueError", "return False")).events[-2:]
    ('closed', "outside: ValueError('bad reading') arrives")
    """
    source = listing(settings)
    events: list[str] = []
    room: dict[str, Any] = {"note": events.append}
    exec(compile(source, _FILE, "exec"), room)
    watch = _Watch(source)
    arrived: BaseException | None = None
    before = sys.gettrace()
    sys.settrace(watch.call)
    try:
        room["night"]()
    except BaseException as error:
        arrived = error
    finally:
        sys.settrace(before)
    events.append(f"outside: {_named(arrived) or 'nothing'} arrives")
    context = arrived.__context__ if arrived is not None else None
    outcome = ExitOutcome(
        settings=settings,
        source=source,
        ran=tuple(sorted(watch.ran)),
        broke=tuple(sorted(watch.broke)),
        events=tuple(events),
        received=watch.received,
        returned=watch.returned,
        bound=watch.bound,
        arrived=_named(arrived),
        context=_named(context),
        trace=_trace(arrived),
    )
    # A caught exception holds frames, and they hold it. Cut the ring: nothing then waits for the collector.
    if arrived is not None:
        arrived.__traceback__ = None
    if context is not None:
        context.__traceback__ = None
    return outcome


class _Watch:
    """A trace function: which lines ran, where an exception rose, what `__exit__` was given and gave."""

    def __init__(self, source: str) -> None:
        self._raises = {number for number, line in enumerate(source.splitlines(), 1) if "raise " in line}
        self.ran: set[int] = set()
        self.broke: set[int] = set()
        self.received: tuple[str, ...] = ()
        self.returned = ""
        self.bound = ""
        self._raising = False

    def call(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != _FILE:
            return None
        if frame.f_code.co_name == "__exit__":
            given = frame.f_locals
            kind, trace = given["kind"], given["trace"]
            where = "None" if trace is None else f"line {trace.tb_lineno}, in {trace.tb_frame.f_code.co_name}"
            value = _named(given["error"]) or "None"
            self.received = ("None" if kind is None else kind.__name__, value, where)
        return self.line

    def line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            if "station" in frame.f_locals:
                self.bound = type(frame.f_locals["station"]).__name__
            self.ran.add(frame.f_lineno)
            self._raising = False
        elif event == "exception":
            self._raising = True
            if frame.f_lineno in self._raises:
                self.broke.add(frame.f_lineno)
        elif event == "return" and frame.f_code.co_name == "__exit__" and not self._raising:
            self.returned = repr(argument)
        return self.line


def _named(error: BaseException | None) -> str:
    return "" if error is None else repr(error)


def _trace(error: BaseException | None) -> tuple[str, ...]:
    """The lines of the traceback, outermost first, of the shown code alone."""
    found = []
    step = error.__traceback__ if error is not None else None
    while step is not None:
        if step.tb_frame.f_code.co_filename == _FILE:
            found.append(f"line {step.tb_lineno}, in {step.tb_frame.f_code.co_name}")
        step = step.tb_next
    return tuple(found)
