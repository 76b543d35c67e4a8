"""From source notebooks to the notebooks for students: nbgrader makes the release, with our stubs.

This module also composes source notebooks from the kit's own texts, stubs and solutions.
"""

from __future__ import annotations

import logging
import os
import re
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nbgrader.converters import GenerateAssignment, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearSolutions
from nbgrader.utils import is_solution
from traitlets import Unicode
from traitlets.config.loader import PyFileConfigLoader

from classroom.compose import (
    ANSWER,
    BEGIN_SOLUTION,
    BEGIN_STUB,
    END_SOLUTION,
    END_STUB,
    Chosen,
    Task,
    Texts,
    texts,
    uncommented,
)
from classroom.course import Course
from classroom.intake import Template
from classroom.trouble import Trouble
from lessons.desk import workcopy as desk
from lessons.exercises import Exercise, exercises, stub
from lessons.exercises.exercise import ASSIGNMENTS
from lessons.words import listed

CONFIG = "nbgrader_config.py"
ASSIGNMENT_TEXTS = "src/lessons/exercises/assignments"

_REGIONS = re.compile(
    rf"{re.escape(BEGIN_SOLUTION)}\n.*?{re.escape(END_SOLUTION)}\n"
    rf"{re.escape(BEGIN_STUB)}\n(?P<stub>.*?)\n?{re.escape(END_STUB)}",
    re.DOTALL,
)


class Stubs(ClearSolutions):  # type: ignore[misc]
    """nbgrader's `ClearSolutions`, with a stub for each answer cell: the stub that the source cell contains.

    A cell without a stub is cleared in nbgrader's way. Raises `RuntimeError` for half a region.
    """

    text_stub = Unicode(ANSWER, help="The text in the cell of a written answer").tag(config=True)

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Replace the solution and the commented stub by the stub."""
        if cell.cell_type != "code" or not is_solution(cell) or BEGIN_STUB not in cell.source:
            return super().preprocess_cell(cell, resources, cell_index)  # type: ignore[no-any-return]
        source, found = _REGIONS.subn(lambda region: uncommented(region["stub"]), cell.source)
        marks = (BEGIN_SOLUTION, END_SOLUTION, BEGIN_STUB, END_STUB)
        if found != 1 or any(mark in source for mark in marks):
            raise RuntimeError(
                f"The answer cell {cell.metadata.nbgrader['grade_id']} needs these four lines once, in this "
                f"order: {', '.join(marks)}."
            )
        cell.source = source
        return cell, resources


def generate(root: Path, assignments: Iterable[str]) -> None:
    """Let nbgrader make `release/` from `source/` in a course folder, and add the cells to its gradebook.

    Raises `Trouble`, with nbgrader's own words, if nbgrader fails.
    """
    root = root.absolute()
    config = PyFileConfigLoader(CONFIG, path=str(root)).load_config()
    said = _Words()
    log = logging.getLogger("classroom.release")
    log.propagate = False
    log.handlers[:] = [said]
    with scripts_on_path():
        for assignment in assignments:
            course = CourseDirectory(root=str(root), assignment_id=assignment, config=config, log=log)
            converter = GenerateAssignment(coursedir=course, config=config, log=log, force=True)
            try:
                converter.start()
            except (NbGraderException, SystemExit) as error:
                words = next((line for line in said.errors if line.strip()), str(error))
                raise Trouble(f"nbgrader made no release of {assignment}: {words}") from error


@contextmanager
def scripts_on_path() -> Iterator[None]:
    """Let nbgrader find `alembic` in this environment; it runs that by name when it makes a gradebook."""
    before = os.environ.get("PATH")
    os.environ["PATH"] = os.pathsep.join(filter(None, [sysconfig.get_path("scripts"), before]))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PATH"]
        else:
            os.environ["PATH"] = before


class _Words(logging.Handler):
    """Keeps the errors that nbgrader logs; the last line of a traceback says the reason."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage().strip()
        if text.startswith("Traceback"):
            self.errors.insert(0, text.splitlines()[-1])
        else:
            self.errors.append(text)


def weaker(course: Course, assignments: Iterable[str]) -> list[str]:
    """A sentence for each released assignment with check cells that a hostile submission can make pass."""
    said = []
    for name in assignments:
        with suppress(OSError, ValueError, KeyError, TypeError):
            cells = Template.read(course.release(name).read_bytes()).weaker
            if cells:
                said.append(
                    f"{name}: a hostile submission can make {listed(cells)} pass. The judge decides "
                    'check cells of the form `check("…", name).points`; the kernel of the submission decides '
                    "the others."
                )
    return said


def kit() -> Path:
    """The checkout of the kit, which contains the exercises. Raises `Trouble` if they are not there."""
    root = desk.course()
    if not (root / ASSIGNMENT_TEXTS).is_dir() or not (root / "exercises").is_dir():
        raise Trouble(
            f"The exercises are not beside the package (there is no folder {root / 'exercises'}): install "
            "from a clone of the course with `pip install -e '.[classroom]'`."
        )
    return root


def kit_texts() -> dict[str, Texts]:
    """The texts of the kit's assignments, in the order of the lessons."""
    folder = kit() / ASSIGNMENT_TEXTS
    return {name: texts(folder / f"{name}.md") for name in ASSIGNMENTS if (folder / f"{name}.md").is_file()}


def kit_exercise(task: Task) -> Chosen:
    """One of the kit's exercises. Raises `Trouble` if its check, its stub or its solution does not fit."""
    exercise = exercises().get(task.id)
    if exercise is None:
        raise Trouble(f"{task.id} has a text, but no check: add one in lessons/exercises.")
    agreed(task, exercise)
    solution = kit() / "exercises/solutions" / task.id / "right_1.py"
    if not solution.is_file():
        raise Trouble(f"{task.id} has no solution: write {solution}.")
    given = stub(task.id)
    if not given:
        raise Trouble(f"{task.id} has no stub: write stub.py beside its check.")
    return Chosen(task, exercise, given, solution.read_text(encoding="utf-8"))


def agreed(task: Task, exercise: Exercise) -> None:
    """Raise `Trouble` if a text contradicts its check."""
    for what, told, checked in (("title", task.title, exercise.title), ("kind", task.kind, exercise.kind)):
        if told != checked:
            raise Trouble(f"{task.id}: its text says {what} {told!r}, but its check says {checked!r}.")
