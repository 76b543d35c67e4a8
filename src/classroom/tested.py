"""Programs under test: what the exercises of the kind "test" give to a student's test, and mutants of them.

A right program that is changed by one step is either still right, or it breaks what its task promises. Then
every stored right test should catch it.
"""

from __future__ import annotations

import gc
import inspect
import types
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from classroom.mutants import Mutant, mutants
from lessons.exercises import Exercise, Variant

Names = dict[str, Any]


@dataclass(frozen=True)
class Programs:
    """Where the right programs of an exercise are, and how a student's test is called with one of them.

    module: by its import path. right: the names of the programs in it. helpers: the names of what they use
    there. call: gets the test, the program, all names of the module, and what the exercise's `given` is.
    """

    module: str
    right: tuple[str, ...]
    helpers: tuple[str, ...]
    call: Callable[[Any, Any, Names, Any], Any]

    def mutants(self, without: Collection[str] = ()) -> list[Mutant]:
        """The source of the module, with one step in one of the programs or their helpers."""
        name = self.module.rpartition(".")[2]
        return mutants(self.source(), name, without, within=(*self.right, *self.helpers))

    def source(self) -> str:
        """The source of the module."""
        return inspect.getsource(import_module(self.module))

    def caught(self, test: Any, source: str, exercise: Exercise) -> bool:
        """Whether a test fails for one of the right programs, if this is the source of their module."""
        module = types.ModuleType(self.module)
        exec(compile(source, f"programs of {exercise.id}", "exec"), module.__dict__)
        names, given = vars(module), exercise.materials(Variant())
        gc.disable()  # so that the collector's moment decides nothing, as in the exercises
        try:
            for program in self.right:
                self.call(test, names[program], names, given)
        except BaseException:
            return True
        finally:
            gc.enable()
        return False


def _job(test: Any, program: Any, names: Names, given: Any) -> Any:
    return test(program)


def _delivery(test: Any, program: Any, names: Names, given: Any) -> Any:
    return test(names["Program"](program).function())


def _retry(test: Any, program: Any, names: Names, given: Any) -> Any:
    """Others hold the streams as well: no stream is closed because its test lets it go."""
    kept = []

    def retry(function: Any) -> Any:
        made = program(function)

        def stream(*arguments: Any) -> Any:
            kept.append(made(*arguments))
            return kept[-1]

        return stream

    return test(retry, given[0])


def _field(test: Any, program: Any, names: Names, given: Any) -> Any:
    return test(names["built"](program, names["Notes"]()))


JOBS = (
    "in_one_with", "in_two_finallys", "skips_what_is_broken", "raises_its_own", "remembers_the_closed",
    "reads_before_it_borrows",
)  # fmt: skip

PLACE = "lessons.exercises"
PROGRAMS = {
    "leaks-x5": Programs(f"{PLACE}.leaks_programs", JOBS, (), _job),
    "descriptors-x5": Programs(f"{PLACE}.descriptors", ("Plain", "SameName", "Cycle", "Weak"), (), _field),
    "decorators-x5": Programs(
        f"{PLACE}.decorators_programs", ("counting", "enclosing", "iterating"), ("Retrying",), _retry
    ),
    "chains-x6": Programs(
        f"{PLACE}.chains_programs",
        ("stacked", "in_context", "by_hand", "first_first"),
        ("moved", "shut"),
        _delivery,
    ),
    "composition-x4": Programs(
        f"{PLACE}.composition_parts", ("in_context", "in_a_stack", "by_hand"), (), _job
    ),
}
"""The programs of each exercise in which a student writes a test."""
