"""How a descriptor learns its name: from `__set_name__`, by hand, by hand and wrong, or two names for one.

The listing is the code that runs, with the descriptors of `lifecycle.descriptors`. "By hand" means a subclass
that takes the name as an argument and whose own `__set_name__` does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import FrameType
from typing import Any

from lessons.lab.experiments import allowed
from lessons.lab.experiments.assign import FIELDS, literal, shown
from lessons.lab.experiments.script import Script, executed
from lifecycle.descriptors import Field, Number, Text, Whole

NAMINGS = {
    "hand": "by hand",
    "misspelt": "by hand, misspelt",
    "two": "one descriptor under two names",
    "shared": "one under two names, by hand",
}
"""How the descriptors of the listing get their names, in addition to `__set_name__`."""

# For each field: its descriptor, a value that it accepts, and the field beside it.
_KINDS = {
    "label": ("Text()", "'weather'", "title"),
    "windowSize": ("Whole(1)", "7", "maxAttempts"),
    "maxAttempts": ("Whole(1)", "3", "windowSize"),
    "delaySeconds": ("Number(least=0)", "1.0", "spread"),
    "center": ("Number()", "16.4", "spread"),
    "spread": ("Number(above=0)", "7.3", "delaySeconds"),
}
_BY_HAND = """\
class ByHand({kind}):
    def __init__(self, name):
        super().__init__({limits})
        self.name, self.storage = name, "_" + name
    def __set_name__(self, owner, name):
        pass

"""
_REST = """
config = Config()
config.{other} = {start}
config.{field} = {value}
print(config.{field}, config.{other})
"""


@dataclass(frozen=True)
class NamingSettings:
    """A field of `FIELDS`, a value as it is typed, and a key of `NAMINGS`. `ValueError` for anything else."""

    field: str = "spread"
    value: str = "2.5"
    naming: str = "misspelt"

    def __post_init__(self) -> None:
        allowed.choices(self, naming=NAMINGS)
        if self.field not in FIELDS:
            raise ValueError(
                f"{self.field} has no descriptor whose name could be wrong: choose {', '.join(FIELDS)}."
            )
        literal(self.value)

    @property
    def other(self) -> str:
        """The field beside it in the listing."""
        return _KINDS[self.field][2]

    @property
    def given(self) -> str:
        """The name that the descriptor of `field` is given by hand; empty if `__set_name__` tells it."""
        names = {"hand": self.field, "misspelt": misspelt(self.field), "shared": self.field}
        return names.get(self.naming, "")


def misspelt(name: str) -> str:
    """The name with two letters in the wrong order.

    >>> misspelt("spread"), misspelt("label")
    ('spraed', 'lable')
    """
    return name[:-3] + name[-2] + name[-3] + name[-1] if len(name) > 5 else name[:-2] + name[-1] + name[-2]


def listing(settings: NamingSettings) -> str:
    """The code for these settings, which is both shown and run.

    >>> print(*listing(NamingSettings("center", "7", "two")).splitlines()[:3], sep="\\n")
    class Config:
        center = spread = Number()
    <BLANKLINE>
    """
    made, start, other = _KINDS[settings.field]
    kind, _, limits = made.rstrip(")").partition("(")
    field, told = settings.field, settings.given
    head = _BY_HAND.format(kind=kind, limits=limits) if told else ""
    if settings.naming in ("two", "shared"):
        body = [f"{field} = {other} = " + (f'ByHand("{told}")' if told else made)]
    else:
        body = [f'{other} = ByHand("{other}")', f'{field} = ByHand("{told}")']
    lines = "".join(f"    {line}\n" for line in body)
    rest = _REST.format(field=field, other=other, start=start, value=literal(settings.value)[1])
    return f"{head}class Config:\n{lines}{rest}"


@dataclass(frozen=True)
class NamingOutcome:
    """The outcome: the lines that ran, the arguments of `__set__`, and what is stored and read at the end.

    `stored` is the instance's `__dict__` as (name, value), `None` where there is no instance; `reads` is what
    `field` and `other` read as. `error` is what was raised, at `line`; empty and 0 for nothing.
    """

    settings: NamingSettings
    source: str
    ran: tuple[int, ...]
    called: tuple[tuple[str, str], ...]
    stored: tuple[tuple[str, str], ...] | None
    reads: tuple[tuple[str, str], ...]
    error: str
    line: int

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the listing."""
        return tuple(self.source.splitlines())

    @property
    def broken(self) -> bool:
        """Whether a name is wrong, so that a message or a value is in the wrong place."""
        return self.settings.naming in ("misspelt", "shared")

    @property
    def refused(self) -> bool:
        """Whether `__set_name__` refused a second name."""
        return self.stored is None

    @property
    def sentence(self) -> str:
        """What happened, in a few sentences."""
        settings, error = self.settings, self.error.rstrip(".")
        field, other, given = settings.field, settings.other, settings.given
        if self.stored is None:
            return (
                f"Line {self.line} raises, before there is any instance: {error}. Python tells each name to "
                "__set_name__, and this one refuses a second name."
            )
        told = f"Line {self.line} raises: {error}. " if self.error else ""
        if settings.naming == "hand":
            twice = f"The name {field} is written twice, and nothing compares the two."
            stored = "" if told else f"The value is stored as _{given}. "
            return f"{told}{stored}This time the name is right. {twice}"
        if settings.naming == "misspelt":
            if told:
                return (
                    f"{told}The message names {given}, which is not a field: that name was misspelt by hand."
                )
            return (
                f"No error: the value is stored as _{given}, and config.{field} reads it from there. "
                f"A message about {field} will name {given}."
            )
        if told:
            return f"{told}A message about {other} names {given} too: both names have one descriptor."
        now = dict(self.reads)
        return (
            f"No error: both names have one descriptor, which stores one value. After config.{field} = "
            f"{now[field]}, config.{other} reads {now[other]} as well."
        )

    def text(self) -> str:
        """The whole outcome as text, the same at every run."""
        marks = dict.fromkeys(self.ran, "ran") | ({self.line: "raised"} if self.line else {})
        rows = [
            f"{marks.get(number, ''):7}{number:>2}  {line}".rstrip()
            for number, line in enumerate(self.lines, 1)
        ]
        called = ", ".join(f"{name}={value}" for name, value in self.called) or "not called"
        stored = "there is no instance" if self.stored is None else pairs(self.stored)
        facts = [
            f"__set__    {called}",
            f"__dict__   {stored}",
            f"read back  {pairs(self.reads) or 'nothing'}",
            f"raised     {self.error or 'nothing'}",
        ]
        return "\n".join([*rows, "", *facts, "", self.sentence])


def pairs(found: tuple[tuple[str, str], ...]) -> str:
    """Names and values in one line."""
    return ", ".join(f"{name}: {value}" for name, value in found)


def naming(settings: NamingSettings) -> NamingOutcome:
    """Run the listing and observe it.

    >>> outcome = naming(NamingSettings("spread", "0", "misspelt"))
    >>> outcome.error
    'ValueError: Config.spraed = 0: allowed is a finite number, more than 0'
    """
    source = listing(settings)
    last = len(source.splitlines()) - 1
    called: list[tuple[str, str]] = []

    def see(frame: FrameType, event: str, argument: Any) -> None:
        caller = frame.f_back
        if event != "call" or frame.f_code is not Field.__set__.__code__ or caller is None:
            return
        if caller.f_lineno == last:
            given = frame.f_locals
            mine = given["self"]
            called[:] = [
                ("self", f"{type(mine).__name__} named {mine.name}"),
                ("instance", f"config ({type(given['instance']).__name__})"),
                ("value", f"{shown(given['value'])} ({type(given['value']).__name__})"),
            ]

    names = {one.__name__: one for one in (Number, Text, Whole)} | {"print": lambda *_: None}
    with executed(source, names, see) as script:
        frames = [*script.frames()]
        return NamingOutcome(
            settings,
            source,
            script.lines,
            tuple(called),
            _stored(script),
            _reads(script, settings),
            _error(script.raised),
            frames[0][1] if frames else 0,
        )


def _stored(script: Script) -> tuple[tuple[str, str], ...] | None:
    if "config" not in script.room:
        return None
    return tuple((name, shown(value)) for name, value in vars(script.room["config"]).items())


def _reads(script: Script, settings: NamingSettings) -> tuple[tuple[str, str], ...]:
    if "config" not in script.room:
        return ()
    read = []
    for name in (settings.field, settings.other):
        try:
            read.append((name, shown(getattr(script.room["config"], name))))
        except AttributeError as error:
            read.append((name, f"nothing: {type(error).__name__}"))
    return tuple(read)


def _error(raised: BaseException | None) -> str:
    """The error in one line. Before Python 3.12 an error of `__set_name__` is wrapped in a `RuntimeError`."""
    if raised is None:
        return ""
    if isinstance(raised, RuntimeError) and isinstance(raised.__cause__, TypeError):
        raised = raised.__cause__
    return f"{type(raised).__name__}: {raised}"
