"""An instructor's own exercises: in a course's folder `own`, each proven like the kit's.

`own/leaks-x101.md` is the task, `own/leaks_x101.py` the check with its stub, `own/solutions/leaks-x101/` the
right and wrong solutions. A release carries the check beside its notebook, whose setup cell imports it: so it
runs at home and in the grading sandbox alike, and grading takes it from the release, never from a submission.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from classroom.compose import Chosen, own_task
from classroom.release import agreed
from classroom.trouble import Trouble
from lessons.exercises import Exercise, exercises


def module(id: str) -> str:
    """The name of the module of an own exercise's check.

    >>> module("leaks-x101")
    'leaks_x101'
    """
    return id.replace("-", "_")


def own_exercise(folder: Path, id: str) -> Chosen:
    """An exercise of the folder `own`. Raises `Trouble` when a part of it is missing or does not fit."""
    if not (folder / f"{id}.md").is_file():
        raise Trouble(f"There is no {folder / f'{id}.md'}: `classroom exercise {id}` begins this exercise.")
    task = own_task(folder / f"{id}.md")
    exercise = checked(folder, id)
    agreed(task, exercise)
    if not exercise.stub.strip():
        raise Trouble(f"{folder / module(id)}.py gives {id} no stub: @exercise(…, stub=STUB).")
    solution = folder / "solutions" / id / "right_1.py"
    if not solution.is_file():
        raise Trouble(f"{id} has no solution: write {solution}.")
    return Chosen(task, exercise, exercise.stub, solution.read_text(encoding="utf-8"), module(id))


def checked(folder: Path, id: str) -> Exercise:
    """Import the check of an own exercise, which registers it. Raises `Trouble` when that fails."""
    path = folder / f"{module(id)}.py"
    if not path.is_file():
        raise Trouble(f"{id} has no check: write {path}, or begin with `classroom exercise {id}`.")
    spec = spec_from_file_location(module(id), path)
    assert spec is not None and spec.loader is not None
    made = module_from_spec(spec)
    try:
        spec.loader.exec_module(made)
    except Exception as error:
        raise Trouble(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    sys.modules[module(id)] = made
    found = exercises().get(id)
    if found is None or found.check.__module__ != module(id):
        raise Trouble(f'{path} has no check of {id}: it needs a function below @exercise("{id}", …).')
    return found
