"""A small course to grade: one assignment of two exercises, its gradebook, and submissions made by hand."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from unittest import mock
from zlib import crc32

from nbgrader.api import Gradebook

from classroom import course as courses
from lessons.exercises import exercises, stub

TERM = "wt26-7f3a9c1e"
REPOSITORY = Path(__file__).resolve().parents[1]
SOLUTIONS = REPOSITORY / "exercises" / "solutions"
ASSIGNMENT = "leaks"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def setup(assignment: str = ASSIGNMENT) -> str:
    """The setup cell's source in this course."""
    return stub(assignment).replace('course("kit")', f'course("{TERM}")').rstrip()


def solution(exercise: str, name: str = "right_1") -> str:
    """The text of a solution."""
    return next((SOLUTIONS / exercise).glob(f"{name}*.py")).read_text(encoding="utf-8")


def wrong(exercise: str, number: int = 0) -> str:
    """The text of a wrong solution that comes from a misconception; number: which one."""
    return sorted((SOLUTIONS / exercise).glob("wrong_*_*.py"))[number].read_text(encoding="utf-8")


def cell(kind: str, source: str, name: str = "", **about: Any) -> dict[str, Any]:
    """A notebook's cell, as nbgrader releases it when it has a name."""
    made: dict[str, Any] = {"cell_type": kind, "id": name or f"c{crc32(source.encode())}", "metadata": {}}
    if name:
        about = {"grade": False, "solution": False, "locked": False, "task": False} | about
        made["metadata"]["nbgrader"] = {"grade_id": name, "schema_version": 3, "cell_type": kind} | about
    made["source"] = source
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def release(*ids: str) -> dict[str, Any]:
    """The released notebook of these exercises."""
    cells = [
        cell("markdown", "# Leaks"),
        cell("code", setup(), f"{ASSIGNMENT}-setup", locked=True),
    ]
    for id in ids:
        known = exercises()[id]
        check = f'check("{id}", {known.answer}).points'
        cells += [
            cell("markdown", f"## {known.title}"),
            cell("code", stub(id).rstrip(), id, solution=True),
            cell("code", check, f"{id}-check", grade=True, locked=True, points=known.worth),
        ]
    cells.append(
        cell("markdown", "Your words here.", f"{ASSIGNMENT}-open", grade=True, solution=True, points=3)
    )
    return notebook(cells)


def notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Cells as a notebook, with the checksums that nbgrader writes."""
    from nbformat import from_dict
    from nbgrader.utils import compute_checksum

    made = {"cells": cells, "metadata": {"kernelspec": KERNEL}}
    whole: dict[str, Any] = from_dict(made | {"nbformat": 4, "nbformat_minor": 5})
    for one in whole["cells"]:
        if "nbgrader" in one["metadata"]:
            one["metadata"]["nbgrader"]["checksum"] = compute_checksum(one)
    return whole


def answered(answers: dict[str, str], *ids: str) -> dict[str, Any]:
    """The released notebook with these sources in the cells of these names."""
    whole = release(*(ids or IDS))
    for one in whole["cells"]:
        name = one["metadata"].get("nbgrader", {}).get("grade_id")
        if name in answers:
            one["source"] = answers[name]
    return whole


IDS = tuple(id for id in exercises() if id.startswith(f"{ASSIGNMENT}-"))[:2]


_prepared: dict[tuple[str, ...], bytes] = {}
"""Gradebooks by their exercises: nbgrader takes two seconds to make one."""


def make(root: Path, *ids: str) -> courses.Course:
    """A course folder with the release of these exercises, its gradebook prepared as nbgrader does it."""
    ids = ids or IDS
    root.mkdir(parents=True, exist_ok=True)
    text = courses.written("A course", TERM, {ASSIGNMENT: ids})
    (root / courses.FILE).write_text(text, encoding="utf-8")
    course = courses.Course.read(root)
    path = course.release(ASSIGNMENT)
    path.parent.mkdir(parents=True)
    whole = release(*ids)
    path.write_text(json.dumps(whole), encoding="utf-8")
    for id in ids:
        (course.solutions / id).mkdir(parents=True)
        for file in (SOLUTIONS / id).glob("*.py"):
            (course.solutions / id / file.name).write_bytes(file.read_bytes())
    if ids in _prepared:
        course.gradebook.write_bytes(_prepared[ids])
        return course
    # nbgrader calls `alembic` by its name when it makes a gradebook.
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    with mock.patch.dict(os.environ, PATH=folders), Gradebook(course.gradebook_url) as book:
        book.add_assignment(ASSIGNMENT)
        book.add_notebook(ASSIGNMENT, ASSIGNMENT, kernelspec=json.dumps(KERNEL))
        for one in whole["cells"]:
            about = one["metadata"].get("nbgrader")
            if not about:
                continue
            place = (about["grade_id"], ASSIGNMENT, ASSIGNMENT)
            kind = one["cell_type"]
            if about["grade"]:
                book.add_grade_cell(*place, max_score=about["points"], cell_type=kind)
            if about["solution"]:
                book.add_solution_cell(*place)
            about = {"cell_type": kind, "locked": about["locked"], "checksum": about["checksum"]}
            book.add_source_cell(*place, source=one["source"], **about)
    _prepared[ids] = course.gradebook.read_bytes()
    return course


def submit(course: courses.Course, student: str, content: dict[str, Any] | bytes, name: str = "") -> Path:
    """Lay a submission where nbgrader collects it."""
    path = course.submitted(student, ASSIGNMENT)
    path = path.with_name(name) if name else path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path
