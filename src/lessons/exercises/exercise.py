"""How a check is written: an exercise, its aspects, and the sheet on which they are settled.

A check looks at an answer from outside. It captures what the student's code does (`attempt`) and judges
afterwards, never inside the student's own `with` block or decorator, where an error could be swallowed.
"""

from __future__ import annotations

import linecache
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from lessons.exercises.variant import Variant
from lessons.judge.verdict import Aspect
from lessons.judge.wire import Over

HINTS = ("Hint 1: the concept", "Hint 2: the place", "Hint 3: almost code")
"""The headings of an exercise's hints, as a notebook folds them."""

KINDS = ("fix", "complete", "build", "test")
ASSIGNMENTS = ("leaks", "descriptors", "decorators", "chains", "composition")
"""The assignments in the order of the lessons; each has a module of checks of the same name."""


class Wrong(Exception):
    """Raised by a check inside `sheet.aspect`: the aspect does not hold.

    belief: id of the misconception that this shows. seen: what was seen and where. advice: what to try.
    """

    def __init__(self, belief: str, seen: str, advice: str) -> None:
        super().__init__(seen)
        self.belief, self.seen, self.advice = belief, seen, advice


@dataclass(frozen=True, eq=False)
class Attempt:
    """What a call did: its value, or what it raised. The error is kept, and with it every frame it holds.

    So nothing is closed by luck: what the answer left open stays open until the check has looked.
    """

    value: Any = None
    error: BaseException | None = None

    @property
    def raised(self) -> str:
        """The error as one line, "OSError: the disk is gone"; "nothing" when there is none."""
        return "nothing" if self.error is None else described(self.error)

    @property
    def where(self) -> str:
        """The innermost line of the student's own code in the error's traceback, or ""."""
        return "" if self.error is None else where(self.error)


def attempt(call: Callable[..., Any], *arguments: Any, **named: Any) -> Attempt:
    """Call, and return what came of it; also `SystemExit` and `KeyboardInterrupt` are only noted.

    >>> attempt(int, "12").value, attempt(int, "x").raised
    (12, "ValueError: invalid literal for int() with base 10: 'x'")
    """
    try:
        return Attempt(call(*arguments, **named))
    except Over:
        raise  # the answer's side is gone: there is nothing to note
    except BaseException as error:
        return Attempt(error=error)


def described(error: BaseException) -> str:
    """An error as one line, also one whose own text raises."""
    known = told(error, "text")
    text = known if known is not None else text_of(error)
    first = text.strip().splitlines()[0][:200] if text.strip() else ""
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def text_of(error: BaseException) -> str:
    """The text of an error, also of one whose own text raises."""
    try:
        return str.__str__(str(error))
    except Over:
        raise
    except BaseException:
        return "(its text cannot be read)"


def told(error: BaseException, key: str) -> str | None:
    """What the answer's side told of an error, its "text" or "where" it was raised there; else None."""
    known = getattr(error, "__dict__", {}).get("_wire", {}).get(key)
    return known if isinstance(known, str) else None


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

    For a test that has passed: the line, as "line 7: `assert …`", is one whose error something swallows.
    """
    lines: list[str] = []

    def trace(frame: types.FrameType, event: str, argument: Any) -> Any:
        # Line by line a test that looks at every object would take minutes.
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


def exactly(value: object, expected: object) -> bool:
    """Whether a value is the expected one and of the very same type, in lists, tuples and dicts throughout.

    An object of the student's own that calls itself equal to everything is not.

    >>> exactly([1, {"a": 2.0}], [1, {"a": 2.0}]), exactly(True, 1), exactly([1], (1,))
    (True, False, False)
    """
    if type(value) is not type(expected):
        return False
    mine: Any = value
    if isinstance(expected, dict):
        return exactly(list(mine.items()), list(expected.items()))
    if isinstance(expected, list | tuple):
        return len(mine) == len(expected) and all(map(exactly, mine, expected))
    return bool(value == expected)


def named(thing: object, name: str, default: Any = None) -> Any:
    """An attribute under a name in camelCase or in snake_case, whichever the student chose.

    >>> class Job:
    ...     record_count = 3
    >>> named(Job(), "recordCount")
    3
    """
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    for spelling in (name, snake):
        found = attempt(getattr, thing, spelling)
        if found.error is None:
            return found.value
    return default


class Sheet:
    """On which a check settles, one after the other, the aspects of one exercise.

    `tell` is called after each, so that what holds is kept when a later aspect never ends.
    """

    def __init__(
        self, exercise: Exercise, variant: Variant, tell: Callable[[], Any] = lambda: None, judge: Any = None
    ) -> None:
        self.exercise, self.variant, self.judge = exercise, variant, judge
        self.aspects: dict[str, Aspect] = {}
        self._tell = tell

    @property
    def given(self) -> Any:
        """The exercise's materials in this variant, made anew."""
        return self.exercise.given(self.variant)

    def skip(self, name: str) -> None:
        """Leave one aspect unchecked, because this system does not show what it is about."""
        self._settle(Aspect(name, self.exercise.aspects[name], unchecked=True))

    def _settle(self, aspect: Aspect) -> None:
        self.aspects[aspect.name] = aspect
        self._tell()

    @contextmanager
    def aspect(self, name: str) -> Iterator[None]:
        """Settle one aspect: it holds unless the block raises, be it `Wrong` or what it does not await.

        Raises `KeyError` for a name that the exercise does not have.
        """
        worth = self.exercise.aspects[name]
        try:
            yield
            found = Aspect(name, worth, worth)
        except Over:
            raise  # the aspect is not settled: the answer's side is gone
        except Wrong as wrong:
            found = Aspect(name, worth, 0, wrong.belief, wrong.seen, wrong.advice)
        except BaseException as error:
            place = where(error)
            seen = f"Your code raised {described(error)}" + (f" at {place}." if place else ".")
            if place:
                advice = "Run this line by itself in a new cell, with the same input, and read the traceback."
            elif isinstance(error, TypeError | AttributeError):
                # No line of the answer's: it was called, or looked at, as the task says and it does not.
                advice = "Compare the names and the parameters in your answer with those that the task gives."
            else:
                advice = "Use your answer in a new cell, as the task shows it, and read the traceback."
            found = Aspect(name, worth, 0, self.exercise.stumbles, seen, advice)
        self._settle(found)


Check = Callable[[Any, Sheet], None]


@dataclass(frozen=True)
class Exercise:
    """One exercise: `aspects` are its parts with their points, in order; the first is what it is about.

    `answer` is the name under which a notebook gives the answer. `version` is raised whenever the check
    answers anything differently. `hangs` and `stumbles` are the misconceptions of an answer that never ends,
    and of one that raises what no aspect awaits. `seconds` is how long the check may take. `module` is the
    one in which the check is written, `asked` its table of rules. `given` makes what the task works on in a
    variant, None if it needs nothing.
    """

    id: str
    title: str
    kind: str
    answer: str
    aspects: dict[str, int]
    check: Check
    version: str = "1"
    hangs: str = ""
    stumbles: str = ""
    seconds: float = 20.0
    module: str = ""
    given: Callable[[Variant], Any] = lambda variant: None
    asked: Sequence[Any] = ()

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


_exercises: dict[str, Exercise] = {}


def register(exercise: Exercise) -> Exercise:
    """Make an exercise known. Raises `ValueError` for a kind or points that do not fit."""
    if exercise.kind not in KINDS:
        raise ValueError(f"{exercise.id} is of the kind {exercise.kind!r}; allowed are {', '.join(KINDS)}")
    if not exercise.aspects or any(type(one) is not int or one < 1 for one in exercise.aspects.values()):
        raise ValueError(f"{exercise.id}: each aspect is worth a whole number of points, at least 1")
    _exercises[exercise.id] = exercise
    return exercise


def exercises() -> dict[str, Exercise]:
    """All exercises by id, in the order of the lessons; a course's own ones come last."""
    _load()
    return dict(_exercises)


@cache
def _load() -> None:
    folders = [f"{name}_x{number}" for name in ASSIGNMENTS for number in range(1, 10)]
    there = [one for one in folders if files(__package__).joinpath(one, "check.py").is_file()]
    modules = [import_module(f"{__package__}.{one}.check").__name__ for one in there]
    # One that was imported before has its place, too.
    ordered = sorted(_exercises.values(), key=lambda one: [*modules, one.module].index(one.module))
    _exercises.clear()
    _exercises.update({one.id: one for one in ordered})


def stub(id: str) -> str:
    """What a student finds in the answer cell, or in an assignment's setup cell; "" when there is none."""
    place = Path(str(files(__package__))) / "assignments" / f"{id}.py"
    if id in _exercises:
        place = Path(_exercises[id].file).with_name("stub.py")
    return place.read_text(encoding="utf-8") if place.is_file() else ""


def executed(source: str, name: str, names: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run source text as a cell of a notebook would, and return its names; tracebacks show its lines.

    name: what tracebacks call it, such as "answer leaks-x1". Raises whatever the source raises.
    """
    filename = f"answer {name}"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    module = types.ModuleType("__main__")
    module.__dict__.update(names or {})
    exec(compile(source, filename, "exec"), module.__dict__)
    return module.__dict__
