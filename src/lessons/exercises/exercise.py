"""An exercise, and the tools for its observations.

A check captures what the student's code does (`attempt`), and judges afterwards. It never judges inside the
student's own `with` block or decorator, where an error could be swallowed.
"""

import linecache
import sys
import traceback
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from lessons.exercises.variant import Variant
from lessons.judge.wire import Over

HINTS = ("Hint 1: the concept", "Hint 2: the place", "Hint 3: almost code")
"""The headings of an exercise's hints, as a notebook folds them."""

KINDS = ("fix", "complete", "build", "test")
ASSIGNMENTS = ("leaks", "descriptors", "decorators", "chains", "composition")
"""The assignments in the order of the lessons; each has a module of checks of the same name."""


@dataclass(frozen=True, eq=False)
class Attempt:
    """The result of a call: its value, or its error. The error is kept, and with it all frames that it holds.

    So nothing is closed by luck: what the answer left open stays open until the check has examined it.
    """

    value: Any = None
    error: BaseException | None = None

    @property
    def raised(self) -> str:
        """The error as one line, "OSError: the disk is gone"; "nothing" without an error."""
        return "nothing" if self.error is None else described(self.error)

    @property
    def where(self) -> str:
        """The innermost line of the student's own code in the error's traceback, or ""."""
        return "" if self.error is None else where(self.error)

    @property
    def said(self) -> str:
        """The error, and the line of the student's own code that raised it."""
        return self.raised + (f", at {self.where}" if self.where else "")


def attempt(call: Callable[..., Any], *arguments: Any, **named: Any) -> Attempt:
    """Call, and return the result; even `SystemExit` and `KeyboardInterrupt` are only recorded.

    >>> attempt(int, "12").value, attempt(int, "x").raised
    (12, "ValueError: invalid literal for int() with base 10: 'x'")
    """
    try:
        return Attempt(call(*arguments, **named))
    except Over:
        raise  # the answer's side has ended: there is nothing to record
    except BaseException as error:
        return Attempt(error=error)


def described(error: BaseException) -> str:
    """An error as one line, even if its own text raises."""
    known = told(error, "text")
    text = known if known is not None else text_of(error)
    first = text.strip().splitlines()[0][:200] if text.strip() else ""
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def text_of(error: BaseException) -> str:
    """The text of an error, even if reading it raises."""
    read = attempt(str, error)
    return "(its text cannot be read)" if read.error is not None else str.__str__(read.value)


def told(error: BaseException, key: str) -> str | None:
    """What the answer's side reported about an error: its "text", or "where" it was raised; else None."""
    known = getattr(error, "__dict__", {}).get("_wire", {}).get(key)
    return known if isinstance(known, str) else None


def unchanged(tried: Attempt, error: BaseException | None) -> bool:
    """Whether what came out is this very error, or none, with its own text and its own cause."""
    as_it_was = error is None or (told(error, "text") in (None, str(error)) and told(error, "cause") is None)
    return tried.error is error and as_it_was


def where(error: BaseException) -> str:
    """The innermost line of the student's own code in an error's traceback, as "line 3: `yield row`"."""
    return told(error, "where") or next(reversed(student_lines(error)), "")


def student_lines(error: BaseException) -> list[str]:
    """The lines of the student's own code in an error's traceback, the innermost one last."""
    steps = [(frame.f_code.co_filename, number) for frame, number in traceback.walk_tb(error.__traceback__)]
    return [_line(name, number) for name, number in steps if is_student(name)]


def _line(filename: str, number: int) -> str:
    line = linecache.getline(filename, number).strip()[:200]
    return f"line {number}" + (f": `{line}`" if line else "")


def is_student(filename: str) -> bool:
    """Whether code from a file of this name is a notebook's cell or an answer that a test runs."""
    return filename.startswith(("<", "answer ")) or "ipykernel_" in filename


def swallowed_at(test: Callable[..., Any], *arguments: Any) -> str:
    """Call a student's test, and return the line of its own at which an assertion failed, "" for none.

    This is for a test that has passed: then something swallows the error of the line.
    """
    lines: list[str] = []

    def trace(frame: types.FrameType, event: str, argument: Any) -> Any:
        # With line events everywhere, a test that looks at every object would take minutes.
        frame.f_trace_lines = False
        name = frame.f_code.co_filename
        if event == "exception" and issubclass(argument[0], AssertionError) and is_student(name):
            lines.append(_line(name, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        attempt(test, *arguments)
    finally:
        sys.settrace(before)
    return lines[0] if lines else ""


def exactly(value: Any, expected: Any) -> bool:
    """Whether a value is the expected one and of exactly the same type, also inside lists, tuples and dicts.

    A student's object that claims to equal everything does not pass.

    >>> exactly([1, {"a": 2.0}], [1, {"a": 2.0}]), exactly(True, 1), exactly([1], (1,))
    (True, False, False)
    """
    if type(value) is not type(expected):
        return False
    if isinstance(expected, dict):
        return exactly(list(value.items()), list(expected.items()))
    if isinstance(expected, list | tuple):
        return len(value) == len(expected) and all(map(exactly, value, expected))
    return bool(value == expected or (value != value and expected != expected))  # both may be nan


@dataclass(frozen=True)
class Exercise:
    """One exercise: `asked` is its table of rules, in order; the first aspect is the aim of the exercise.

    `answer` is the name under which a notebook gives the answer. `version` is raised whenever the check
    answers anything differently. `hangs` and `stumbles` are the misconceptions of an answer that never ends,
    and of one that raises what no aspect awaits. `seconds` is how long the check may take. `module` is where
    the check is written. `given` makes what the task works on in a variant, None if it needs nothing.
    """

    id: str
    title: str
    kind: str
    answer: str
    asked: Sequence[Any]
    version: str = "1"
    hangs: str = ""
    stumbles: str = ""
    seconds: float = 20.0
    module: str = ""
    given: Callable[[Variant], Any] = lambda variant: None

    @property
    def aspects(self) -> dict[str, int]:
        """Its parts, and the points of each."""
        return {one.name: one.points for one in self.asked}

    @property
    def assignment(self) -> str:
        """The assignment to which it belongs."""
        return self.id.partition("-")[0]

    @property
    def worth(self) -> int:
        """How many points it is worth."""
        return sum(self.aspects.values())

    @property
    def file(self) -> str:
        """The file in which its check is written."""
        return str(getattr(sys.modules.get(self.module), "__file__", None) or "")


@dataclass(eq=False)
class Sheet:
    """What an observation gets in addition to the answer: the exercise, this run's variant, and the judge."""

    exercise: Exercise
    variant: Variant
    judge: Any = None

    @property
    def given(self) -> Any:
        """The exercise's materials in this variant, newly made."""
        return self.exercise.given(self.variant)


_exercises: dict[str, Exercise] = {}


def ruled(
    id: str, title: str, *, kind: str, answer: str, asked: Sequence[Any], version: int = 1, **more: Any
) -> Exercise:
    """Register an exercise whose check is a table of rules, a list of `Asked`. more: as in `Exercise`.

    Raises `ValueError` for a kind, names or points that do not fit.
    """
    if kind not in KINDS:
        raise ValueError(f"{id} is of the kind {kind!r}; allowed are {', '.join(KINDS)}")
    if len({one.name for one in asked}) != len(asked):
        raise ValueError(f"{id}: two aspects have the same name")
    if not asked or any(type(one.points) is not int or one.points < 1 for one in asked):
        raise ValueError(f"{id}: each aspect is worth a whole number of points, at least 1")
    # The module that calls this, found as `collections.namedtuple` does it: its folder contains the stub.
    module = str(sys._getframe(1).f_globals["__name__"])
    _exercises[id] = Exercise(id, title, kind, answer, asked, str(version), module=module, **more)
    return _exercises[id]


def exercises() -> dict[str, Exercise]:
    """All exercises by id, in the order of the lessons; a course's own exercises come last."""
    modules = _checks()
    ordered = sorted(_exercises.values(), key=lambda one: [*modules, one.module].index(one.module))
    return {one.id: one for one in ordered}


@cache
def _checks() -> list[str]:
    folders = [f"{name}_x{number}" for name in ASSIGNMENTS for number in range(1, 10)]
    there = [one for one in folders if files(__package__).joinpath(one, "check.py").is_file()]
    return [import_module(f"{__package__}.{one}.check").__name__ for one in there]


def stub(id: str) -> str:
    """The text that a student finds in the answer cell, or in an assignment's setup cell; "" for none."""
    place = Path(str(files(__package__))) / "assignments" / f"{id}.py"
    if id in _exercises:
        place = Path(_exercises[id].file).with_name("stub.py")
    return place.read_text(encoding="utf-8") if place.is_file() else ""


def executed(source: str, name: str, names: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run source text like a cell of a notebook, and return its names; tracebacks show its lines.

    name: its name in tracebacks, such as "answer leaks-x1". Raises what the source raises.
    """
    filename = f"answer {name}"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    module = types.ModuleType("__main__")
    module.__dict__.update(names or {})
    exec(compile(source, filename, "exec"), module.__dict__)
    return module.__dict__
