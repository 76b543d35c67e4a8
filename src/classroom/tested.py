"""Programs under test: what the exercises of the kind "test" give to a student's test, and mutants of them.

A right program that is changed by one step is still right, or it breaks a promise of its task. In the second
case, every stored right test should catch it.
"""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from classroom.mutants import Mutant, mutants
from classroom.solutions import setup
from lessons.exercises import Exercise, Variant, executed

Names = dict[str, Any]


@dataclass(frozen=True)
class Programs:
    """Where the right programs of an exercise are, and how a student's test is called with one of them.

    origins: modules by their import path, or right answers to another exercise, such as
    "descriptors-x1/right_1". right: the names of the programs there. helpers: the names of their helpers.
    call: a function of the test, the program, all names beside it, and the value of the exercise's `given`.
    """

    origins: tuple[str, ...]
    right: tuple[str, ...]
    helpers: tuple[str, ...]
    call: Callable[[Any, Any, Names, Any], Any]

    def sources(self, folder: Path) -> dict[str, str]:
        """The sources of the origins, by a short name. folder: where the solutions are."""
        return {
            origin.rpartition(".")[2]: (folder / f"{origin}.py").read_text(encoding="utf-8")
            if "/" in origin
            else inspect.getsource(import_module(origin))
            for origin in self.origins
        }

    def mutants(self, folder: Path, without: Collection[str] = ()) -> list[Mutant]:
        """The sources, with one step in one of the programs or their helpers."""
        within = (*self.right, *self.helpers)
        return [
            mutant
            for name, source in self.sources(folder).items()
            for mutant in mutants(source, name, without, within)
        ]

    def caught(self, test: Any, source: str, exercise: Exercise) -> bool:
        """Whether a test fails for one of the right programs, taken from this source."""
        names = executed(source, f"programs of {exercise.id}", setup(exercise))
        given = exercise.given(Variant())
        gc.disable()  # so that the result does not depend on when the collector runs, as in the exercises
        try:
            for program in self.right:
                self.call(test, names[program], names, given)
        except BaseException:
            return True
        finally:
            gc.enable()
        return False


def _program(test: Any, program: Any, names: Names, given: Any) -> Any:
    return test(program)


def _delivery(test: Any, program: Any, names: Names, given: Any) -> Any:
    return test(names["Program"](program))


def _retry(test: Any, program: Any, names: Names, given: Any) -> Any:
    """The streams are kept elsewhere too: a stream is not closed just because its test drops it."""
    kept = []

    def retry(function: Any) -> Any:
        made = program(function)

        def stream(*arguments: Any) -> Any:
            kept.append(made(*arguments))
            return kept[-1]

        return stream

    return test(retry, given[0])


JOBS = (
    "in_one_with", "in_two_finallys", "skips_what_is_broken", "raises_its_own", "remembers_the_closed",
    "one_after_the_other",
)  # fmt: skip

PLACE = "lessons.exercises"
PROGRAMS = {
    "leaks-x5": Programs((f"{PLACE}.leaks_programs",), JOBS, (), _program),
    "descriptors-x5": Programs(
        ("descriptors-x1/right_1", "descriptors-x1/right_2", "descriptors-x1/right_3"),
        ("Spread",),
        (),
        _program,
    ),
    "decorators-x5": Programs(
        (f"{PLACE}.decorators_programs",),
        ("counting", "enclosing", "iterating"),
        ("retrying", "Retrying"),
        _retry,
    ),
    # Its `by_hand` has the lines of `closes`, and so has `first_first`, which closes in another order.
    "chains-x6": Programs(
        (f"{PLACE}.chains_programs",),
        ("stacked", "in_context", "by_hand"),
        ("moved", "shut", "closes"),
        _delivery,
    ),
    "composition-x4": Programs(
        (f"{PLACE}.composition_parts",),
        ("in_context", "stacked"),
        ("begun", "left", "runner", "decided"),
        _program,
    ),
}
"""The programs of each exercise in which a student writes a test."""
