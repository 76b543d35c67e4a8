"""Assign any value to a setting: where `PipelineConfig` refuses it, and where its unchecked twin fails.

The listing is run twice with a real pipeline: once with `PipelineConfig`, once with `PlainConfig`, a plain
class with the same fields. The tracebacks are real.
"""

from __future__ import annotations

import ast
import functools
import json
import keyword
import linecache
import re
import reprlib
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import FrameType
from typing import Any

from lessons.lab.experiments import allowed
from lessons.lab.experiments.script import FILE, Script, executed, inside
from lessons.words import agreeing, many
from lifecycle.config import PipelineConfig
from lifecycle.context import PipelineContext
from lifecycle.descriptors import Field
from lifecycle.retry import retryOnFailure
from lifecycle.sinks import JsonLinesSink
from lifecycle.sources import CsvSource
from lifecycle.stages import Normalise, Parse, RollingMean

FIELDS = ("label", "windowSize", "maxAttempts", "delaySeconds", "center", "spread")
UNKNOWN = "windowsize"
# Interesting values: the label that a student chooses → the value as it is typed.
EXAMPLES = {
    "0": "0",
    "-1": "-1",
    "7": "7",
    "2.5": "2.5",
    '"7", text': '"7"',
    '"", text without a letter': '""',
    "True": "True",
    "None": "None",
    "nan, not a number": "nan",
    "inf, infinity": "inf",
    "10**400, more than a float holds": "10**400",
    "[7], a list": "[7]",
}
# Ways to assign: the label that a student chooses → the lines that do it. The last line is the assignment.
WAYS = {
    "on the instance": ("config = {config}()", "config.{field} = {value}"),
    "in the constructor": ("config = {config}({field}={value})",),
    "on the class": ("config = {config}()", "{config}.{field} = {value}"),
}
LONGEST = 200
CHECKED, PLAIN = "PipelineConfig", "PlainConfig"
_short = reprlib.Repr()
_short.maxlong, _short.maxstring, _short.maxother = 20, 26, 26
_JOB = """
source, sink = CsvSource(weather), JsonLinesSink(report)
retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
source.stream = retry(source.stream)
normalise = Normalise("temp_max", config.center, config.spread)
smooth = RollingMean("temp_max", config.windowSize)
stages = [Parse(temp_max=float), normalise, smooth]
with PipelineContext(source, stages, sink) as pipeline:
    pipeline.run()
print(config.label.upper(), "wrote", pipeline.recordCount)
"""
# Seattle, January 2012: the first rows of notebooks/data/seattle-weather.csv.
_MAXIMA = (12.8, 10.6, 11.7, 12.2, 8.9, 4.4, 7.2, 10.0)
_WEATHER = "date,temp_max\n" + "".join(f"2012/01/{day:02},{high}\n" for day, high in enumerate(_MAXIMA, 1))


class PlainConfig:
    """The fields of `PipelineConfig` and their defaults, without a check."""

    def __init__(self, **fields: Any) -> None:
        self.label, self.windowSize, self.maxAttempts = "pipeline", 7, 3
        self.delaySeconds, self.center, self.spread = 1.0, 0.0, 1.0
        for name, value in fields.items():
            setattr(self, name, value)


@dataclass(frozen=True)
class AssignSettings:
    """A field, a value as typed in Python, and a key of `WAYS`.

    `field` is one of `FIELDS` or any other name of letters, digits and _. `value` is a literal, `nan`,
    `inf` or a power like `10**400`. Raises `ValueError` for other texts, `TypeError` for what is not a text.

    >>> AssignSettings("windowSize", "'7'").value
    "'7'"
    >>> AssignSettings("windowSize", "seven")
    Traceback (most recent call last):
        ...
    ValueError: seven is not a value that can be typed here: text needs quotes, "seven". ...
    """

    field: str = "spread"
    value: str = "0"
    way: str = "on the instance"

    def __post_init__(self) -> None:
        for name, given in (("field", self.field), ("value", self.value)):
            if not isinstance(given, str):
                raise TypeError(
                    f"{name}={given!r} is not a text. Write it as you type it: {name}={repr(given)!r}"
                )
        allowed.choices(self, way=WAYS)
        if not self.field.isidentifier() or keyword.iskeyword(self.field) or self.field.startswith("__"):
            raise ValueError(
                f"{self.field!r} cannot be a field. A name has letters, digits and _. It does not start with "
                "a digit or with two _, and is not a keyword of Python"
            )
        literal(self.value)


def literal(text: str) -> tuple[Any, str]:
    """The value of a literal, and its form in a listing; `ValueError` says what can be typed.

    >>> literal(" [1,2] "), literal("nan")[1], literal("10**3")[0]
    (([1, 2], '[1, 2]'), 'float("nan")', 1000)
    """
    text = text.strip()
    bare = text.lstrip("+-")
    sign = "-" if text.startswith("-") else ""
    if bare in ("nan", "inf") and len(text) <= 4:
        return float(text), f'float("{sign}{bare}")'
    try:
        if len(text) > LONGEST:
            raise ValueError
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a typed value alone
            tree = ast.parse(text, mode="eval").body
            return _power(tree) or ast.literal_eval(tree), ast.unparse(tree)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise ValueError(_unreadable(text)) from None


def _power(tree: ast.expr) -> int | None:
    """`base ** exponent` of two whole numbers, as far as Python prints the result."""
    match tree:
        case ast.BinOp(ast.Constant(int(base)), ast.Pow(), ast.Constant(int(exponent))):
            if not (1 <= base <= 10 and 0 <= exponent <= 1000):
                raise ValueError
            return int(base**exponent)
    return None


def _unreadable(text: str) -> str:
    kinds = 'A value is a literal, like 7, 2.5, "seven", True, None or [7]; or nan, inf, 10**400.'
    if not text:
        return f"No value is typed. {kinds}"
    if len(text) > LONGEST:
        return f"The value has {len(text)} characters, and {LONGEST} are the most that can be typed. {kinds}"
    if text.isidentifier():
        return f'{text} is not a value that can be typed here: text needs quotes, "{text}". {kinds}'
    return f"{text} is not a value that can be typed here. {kinds}"


@dataclass(frozen=True)
class Step:
    """One frame of a traceback: file, line, function, and the code of the line."""

    file: str
    line: int
    function: str
    code: str

    def __str__(self) -> str:
        where = "this listing" if self.file == FILE else self.file
        # Line numbers of the standard library differ between versions of Python.
        return f"{where}, line {self.line}" if self.line else where


@dataclass(frozen=True)
class Execution:
    """One run of the listing. Values and errors are stored as text, so that it does not keep a frame alive.

    `config` names the class. `called` is the call of `__set__` by parameter; empty when none was made.
    `before` and `after` are the instance's `__dict__` as (name, value); `None` where there is no instance.
    `reads` is what the field reads as at the end, `error` what was raised ("" for nothing), `steps` its
    traceback from the listing inwards, `arrived` the records that the sink accepted, `written` what the file
    then holds, `ran` the lines of the listing that ran.
    """

    config: str
    called: tuple[tuple[str, str], ...]
    before: tuple[tuple[str, str], ...] | None
    after: tuple[tuple[str, str], ...] | None
    reads: str
    error: str
    steps: tuple[Step, ...]
    arrived: int
    written: tuple[str, ...]
    ran: tuple[int, ...]

    @property
    def line(self) -> int:
        """The line of the listing that the error reached; 0 if there was no error."""
        return self.steps[0].line if self.steps else 0

    @property
    def deeper(self) -> int:
        """How many frames below the listing the error was raised."""
        return max(0, len(self.steps) - 1)

    @property
    def changed(self) -> tuple[str, ...]:
        """The names in the instance's `__dict__` that have a new value."""
        return tuple(name for name, value in self.after or () if (name, value) not in (self.before or ()))


@dataclass(frozen=True)
class AssignOutcome:
    """The outcome: the listing, the line of the assignment in it, and its two runs.

    `given` is the value as text. `usual` is the content of the file if nothing is assigned.
    """

    settings: AssignSettings
    source: str
    line: int
    given: str
    usual: tuple[str, ...]
    checked: Execution
    twin: Execution

    @property
    def refused(self) -> bool:
        """Whether `PipelineConfig` raised at the line of the assignment."""
        return self.checked.line == self.line

    @property
    def broken(self) -> bool:
        """Whether `PipelineConfig` accepted a value that broke its pipeline, or a descriptor was lost."""
        return bool(self.checked.error and not self.refused) or self._lost

    @property
    def _lost(self) -> bool:
        return self.settings.way == "on the class" and self.settings.field in FIELDS

    @property
    def sentence(self) -> str:
        """What happened, in a few sentences."""
        first = self._refusal() if self.refused else self._acceptance()
        return f"{first} {self._hint()}{self._twin()}"

    def _refusal(self) -> str:
        called = "" if self.checked.called else " No descriptor has that name, so no __set__ was called."
        return f"Line {self.line} raises, where the value is assigned: {_stopped(self.checked.error)}{called}"

    def _acceptance(self) -> str:
        field, name = self.settings.field, f"{CHECKED}.{self.settings.field}"
        end = self._ending(self.checked, "Its pipeline")
        if self._lost:
            return (
                f"Assigning on the class calls no __set__: {self.given} takes the place of the descriptor "
                f"{name}, unchecked, and config.{field} reads {self.checked.reads}. {end}"
            )
        if self.settings.way == "on the class":
            return f"The class takes {field}: __setattr__ watches over instances alone. {end}"
        if self.checked.error:
            return f"PipelineConfig takes {self.given}: a check of one field cannot know what follows. {end}"
        return f"PipelineConfig takes {self.given}: it is allowed. {end}"

    def _hint(self) -> str:
        if not self.refused or not self.checked.called or self.settings.field == "label":
            return ""
        value = literal(self.settings.value)[0]
        if isinstance(value, bool):
            return f"To Python {value} is the whole number {int(value)}; as a setting it is a mistake. "
        if value != value and self.checked.error.startswith("ValueError"):
            return "No comparison with NaN is true, so a check like value < 0 lets it pass. "
        if isinstance(value, str) and value.strip().isdigit():
            return "A text is not a number, even if it looks like one. "
        return ""

    def _twin(self) -> str:
        # Assigned on the class, a value may change no record and still be read by one of the two alone.
        same = all(
            getattr(self.checked, seen) == getattr(self.twin, seen) for seen in ("error", "written", "reads")
        )
        if same and not self.refused:
            return "The plain twin does the same."
        if self.twin.error:
            return self._ending(self.twin, "The plain twin takes it, and")
        field = self.settings.field
        if self._lost:
            still = f"The plain twin still reads {self.twin.reads}, from its own __dict__"
            return f"{still}, and runs to its end."
        if field not in FIELDS:
            return f"The plain twin takes it and never fails: {field} is an attribute that is never read."
        number, all_ = self.different(self.twin), len(self.usual)
        came = (
            f"{number} of {all_} records {agreeing(number, 'is', 'are')} different"
            if number
            else f"{all_} records are written"
        )
        return f"The plain twin takes it and never fails: {came}, and there is no message."

    def different(self, run: Execution) -> int:
        """How many of its records differ from those of a run in which nothing is assigned."""
        return sum(one != usual for one, usual in zip(run.written, self.usual, strict=False))

    def _ending(self, run: Execution, who: str) -> str:
        if not run.error:
            return f"{who} runs to its end with {run.arrived} records."
        where = run.steps[-1]
        place = f", in {where.function} ({where})" if run.deeper else ""
        written = f", when {len(run.written)} records are written already" if run.written else ""
        return (
            f"{who} fails {self.distance(run)}{place}{written}: {_stopped(run.error)} "
            f"Its traceback does not show line {self.line}."
        )

    def distance(self, run: Execution) -> str:
        """The distance from the assignment to the failure: lines in the listing, and frames below it."""
        lines = many(run.line - self.line, "line")
        return f"{lines} later" + (f", {many(run.deeper, 'frame')} deeper" if run.deeper else "")

    def text(self) -> str:
        """The whole outcome as text, the same at every run."""
        marks = [(_mark(self.checked, n), _mark(self.twin, n)) for n in range(1, len(self.lines) + 1)]
        listing = [
            f"{checked:8}{plain:8}{number:>2}  {line}".rstrip()
            for number, ((checked, plain), line) in enumerate(zip(marks, self.lines, strict=True), 1)
        ]
        head = f"{'checked':8}{'plain':8}"
        usual = f"written with nothing assigned: {', '.join(self.usual)}"
        told = [*_told(self.checked), "", *_told(self.twin), "", usual]
        return "\n".join([head, *listing, "", *told, "", self.sentence])

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the listing."""
        return tuple(self.source.splitlines())


def _mark(run: Execution, number: int) -> str:
    return "raised" if number == run.line else "ran" if number in run.ran else ""


def _told(run: Execution) -> list[str]:
    called = ", ".join(f"{name}={value}" for name, value in run.called)
    facts = [
        run.config,
        f"  __set__    {called or 'not called'}",
        f"  before     {_dict(run.before)}",
        f"  after      {_dict(run.after)}",
        f"  read back  {run.reads}",
        f"  raised     {run.error or 'nothing'}",
    ]
    for depth, step in enumerate(run.steps):
        facts.append(f"  {'traceback' if not depth else '':11}{'  ' * depth}{step}: {step.code}")
    written = ", ".join(run.written)
    facts.append(f"  written    {written or 'nothing'}")
    return facts


def _dict(pairs: tuple[tuple[str, str], ...] | None) -> str:
    return "there is no instance" if pairs is None else ", ".join(f"{name}: {value}" for name, value in pairs)


def _said(error: BaseException, report: Path) -> str:
    """The error in one line, without the folder of this run and the middle of a long number."""
    text = f"{type(error).__name__}: {error}".replace(f"{report}", report.name)
    return re.sub(r"\d{41,}", lambda digits: f"{digits[0][:18]}...{digits[0][-19:]}", text)


def _stopped(error: str) -> str:
    """The error as a sentence, without the record that a sink appends."""
    text = error.split(": {")[0]
    return text if text.endswith(("?", ".")) else text + "."


def listing(settings: AssignSettings, config: str = "Config") -> str:
    """The code for these settings, which is both shown and run.

    >>> print(*listing(AssignSettings("windowSize", "nan")).splitlines()[:4], sep="\\n")
    config = Config()
    config.windowSize = float("nan")
    <BLANKLINE>
    source, sink = CsvSource(weather), JsonLinesSink(report)
    """
    names = {"config": config, "field": settings.field, "value": literal(settings.value)[1]}
    return "\n".join(line.format(**names) for line in WAYS[settings.way]) + "\n" + _JOB


def assign(settings: AssignSettings) -> AssignOutcome:
    """Run the listing with `PipelineConfig` and with its plain twin.

    >>> outcome = assign(AssignSettings("spread", "0"))
    >>> outcome.checked.error
    'ValueError: PipelineConfig.spread = 0: allowed is a finite number, more than 0'
    >>> outcome.checked.line, outcome.twin.line, outcome.twin.steps[-1].function
    (2, 11, 'Normalise.process')
    """
    given = shown(literal(settings.value)[0])
    line = len(WAYS[settings.way])
    checked, twin = (_executed(settings, line, kind) for kind in (PipelineConfig, PlainConfig))
    return AssignOutcome(settings, listing(settings), line, given, _usual(), checked, twin)


@functools.cache
def _usual() -> tuple[str, ...]:
    """What is written if a field is assigned the value that it already has."""
    return _executed(AssignSettings("center", "0.0"), 2, PipelineConfig).written


def _executed(settings: AssignSettings, line: int, kind: type) -> Execution:
    name = kind.__name__
    if settings.way == "on the class":
        # Each run has a class of its own, because assignments to the class stay on it.
        kind = type(name, (kind,), {})
    source = listing(settings)
    with tempfile.TemporaryDirectory(prefix="lifecycle-") as folder:
        weather, report = Path(folder, "weather.csv"), Path(folder, "report.jsonl")
        weather.write_text(_WEATHER, encoding="utf-8")
        room: dict[str, Any] = {"Config": kind, "weather": weather, "report": report, "print": _unheard}
        room |= {part.__name__: part for part in _PARTS}
        seen = _Assignment(settings.field, line)
        with executed(source, room, seen) as script:
            return Execution(
                config=name,
                called=seen.called,
                before=seen.before,
                after=_vars(script.room),
                reads=_read(script.room, settings.field),
                error="" if script.raised is None else _said(script.raised, report),
                steps=_steps(script),
                arrived=script.room["pipeline"].recordCount if "pipeline" in script.room else 0,
                written=_written(report),
                ran=script.lines,
            )


_PARTS: tuple[Callable[..., Any], ...] = (
    CsvSource, retryOnFailure, Parse, Normalise, RollingMean, JsonLinesSink, PipelineContext,
)  # fmt: skip


def _unheard(*_: object) -> None:
    """The listing prints to this; the output is dropped."""


class _Assignment:
    """The arguments of `__set__`, and the content of the instance before."""

    def __init__(self, field: str, line: int) -> None:
        self.field, self.line = field, line
        self.called: tuple[tuple[str, str], ...] = ()
        self.before: tuple[tuple[str, str], ...] | None = None

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "line" and frame.f_lineno == self.line:
            self.before = _vars(frame.f_globals)
        if event == "call" and frame.f_code is Field.__set__.__code__ and self._assigns(frame):
            given = frame.f_locals
            descriptor, instance = given["self"], given["instance"]
            if descriptor.name == self.field:
                self.called = (
                    ("self", f"{CHECKED}.{descriptor.name} ({type(descriptor).__name__})"),
                    ("instance", f"config ({type(instance).__name__})"),
                    ("value", f"{shown(given['value'])} ({type(given['value']).__name__})"),
                )

    def _assigns(self, frame: FrameType) -> bool:
        """Whether the listing is at the line of the assignment."""
        caller = frame.f_back
        while caller is not None and not inside(caller):
            caller = caller.f_back
        return caller is not None and caller.f_lineno == self.line


def shown(value: Any) -> str:
    """The value as Python prints it, cut to the width of a column."""
    return _short.repr(value)


def _vars(room: dict[str, Any]) -> tuple[tuple[str, str], ...] | None:
    if "config" not in room:
        return None
    return tuple((name, shown(value)) for name, value in vars(room["config"]).items())


def _read(room: dict[str, Any], field: str) -> str:
    if "config" not in room:
        return "nothing: there is no instance"
    try:
        return shown(getattr(room["config"], field))
    except AttributeError as error:
        return f"nothing: {type(error).__name__}"


def _steps(script: Script) -> tuple[Step, ...]:
    """The traceback from the listing inwards."""
    steps = []
    for frame, line in script.frames():
        file = frame.f_code.co_filename
        if inside(frame):
            steps.append(Step(FILE, line, "", script.source.splitlines()[line - 1].strip()))
        else:
            code = linecache.getline(file, line, frame.f_globals).strip()
            own = str(frame.f_globals.get("__name__")).startswith("lifecycle")
            steps.append(Step(PurePath(file).name, line if own else 0, frame.f_code.co_qualname, code))
    return tuple(steps)


def _written(report: Path) -> tuple[str, ...]:
    """The temperatures in the file."""
    if not report.exists():
        return ()
    lines = report.read_text(encoding="utf-8").splitlines()
    return tuple(f"{json.loads(line)['temp_max']:.2f}" for line in lines)
