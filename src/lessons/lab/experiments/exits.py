"""What `__exit__` receives, what it returns, and what arrives outside: the listing is run and observed."""

from __future__ import annotations

from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

from lessons.lab.experiments import allowed
from lessons.lab.experiments.script import executed, inside

# What the body does: the label that a student chooses → the line of code in the body.
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


@dataclass(frozen=True)
class ExitSettings:
    """One choice for each place: a key of `BODIES`, of `ANSWERS` and of `OPENINGS`.

    Raises `ValueError` with all keys for a key that does not exist.
    """

    body: str = "ValueError"
    answer: str = "return False"
    opening: str = "return self"

    def __post_init__(self) -> None:
        allowed.choices(self, body=BODIES, answer=ANSWERS, opening=OPENINGS)


@dataclass(frozen=True)
class ExitOutcome:
    """The outcome. Exceptions are stored as text, so it does not keep a frame alive.

    `received` has the arguments of `__exit__` (type, value, traceback); empty if it was not called.
    `returned` is the repr of its return value; empty if it raised or was not called. `arrived` is the
    exception that left the block, `context` that exception's `__context__`; empty if there is none. `bound`
    is the type of the object that the name after `as` referred to; empty if the body never started. `trace`
    is the path through `source` of the exception that arrived. `ran` and `broke` (it raised there) are line
    numbers of `source`.
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
                "Everything that __enter__ had opened by then stays open."
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
    seen = _Exit(source)
    with executed(source, {"note": events.append}, seen, start="night", caught=BaseException) as script:
        arrived = script.raised
        events.append(f"outside: {_named(arrived) or 'nothing'} arrives")
        return ExitOutcome(
            settings=settings,
            source=source,
            ran=script.lines,
            broke=tuple(sorted(seen.broke)),
            events=tuple(events),
            received=seen.received,
            returned=seen.returned,
            bound=seen.bound,
            arrived=_named(arrived),
            context=_named(arrived.__context__ if arrived is not None else None),
            trace=tuple(_place(frame, line) for frame, line in script.frames() if inside(frame)),
        )


class _Exit:
    """Where an exception was raised, and what `__exit__` received and returned."""

    def __init__(self, source: str) -> None:
        self._raises = {number for number, line in enumerate(source.splitlines(), 1) if "raise " in line}
        self.broke: set[int] = set()
        self.received: tuple[str, ...] = ()
        self.returned = ""
        self.bound = ""
        self._raising = False

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if not inside(frame):
            return
        ending = frame.f_code.co_name == "__exit__"
        if event == "call" and ending:
            self.received = _received(**frame.f_locals)
        elif event == "line":
            if "station" in frame.f_locals:
                self.bound = type(frame.f_locals["station"]).__name__
            self._raising = False
        elif event == "exception":
            self._raising = True
            if frame.f_lineno in self._raises:
                self.broke.add(frame.f_lineno)
        elif event == "return" and ending and not self._raising:
            self.returned = repr(argument)


def _received(
    self: object, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
) -> tuple[str, ...]:
    """The arguments of a call of `__exit__`, as text."""
    where = "None" if trace is None else _place(trace.tb_frame, trace.tb_lineno)
    return ("None" if kind is None else kind.__name__, _named(error) or "None", where)


def _place(frame: FrameType, line: int) -> str:
    return f"line {line}, in {frame.f_code.co_name}"


def _named(error: BaseException | None) -> str:
    return "" if error is None else repr(error)
