"""An instructor's own exercises: in a course's folder `own`, each proven like the kit's.

One exercise is one folder, in the same form as in the kit: `own/leaks_x101/` holds `task.md`, `stub.py` and
`check.py`. Its right and wrong solutions are in `own/solutions/leaks-x101/`. A release has the check and the
stub beside its notebook, whose setup cell imports the check. Grading takes the check from the release, never
from a submission.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from classroom.compose import Chosen
from classroom.compose import task as task_in
from classroom.release import agreed
from classroom.trouble import Trouble
from lessons.exercises import Exercise, exercises

FILES = ("check.py", "stub.py")
"""The files of an exercise's folder that a release contains."""


def folder_name(id: str) -> str:
    """The name of an exercise's folder.

    >>> folder_name("leaks-x101")
    'leaks_x101'
    """
    return id.replace("-", "_")


def own_exercise(folder: Path, id: str) -> Chosen:
    """An exercise of the folder `own`. Raises `Trouble` if a part of it is missing or does not fit."""
    place = folder / folder_name(id)
    if not (place / "task.md").is_file():
        raise Trouble(f"There is no {place / 'task.md'}: `classroom exercise {id}` begins this exercise.")
    task = task_in(place / "task.md")
    exercise = checked(folder, id)
    agreed(task, exercise)
    stub = place / "stub.py"
    if not stub.is_file() or not stub.read_text(encoding="utf-8").strip():
        raise Trouble(f"{id} has no stub: write {stub}, the text that students find in the answer cell.")
    solution = folder / "solutions" / id / "right_1.py"
    if not solution.is_file():
        raise Trouble(f"{id} has no solution: write {solution}.")
    given, right = stub.read_text(encoding="utf-8"), solution.read_text(encoding="utf-8")
    return Chosen(task, exercise, given, right, folder_name(id))


def checked(folder: Path, id: str) -> Exercise:
    """Import the check of an own exercise, which registers it. Raises `Trouble` if that fails."""
    path = folder / folder_name(id) / "check.py"
    if not path.is_file():
        raise Trouble(f"{id} has no check: write {path}, or begin with `classroom exercise {id}`.")
    name = f"{folder_name(id)}.check"
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    made = module_from_spec(spec)
    sys.modules[name] = made
    try:
        spec.loader.exec_module(made)
    except Exception as error:
        raise Trouble(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    found = exercises().get(id)
    if found is None or found.module != name:
        raise Trouble(f'{path} has no check of {id}: it needs a call `ruled("{id}", …)`.')
    return found
