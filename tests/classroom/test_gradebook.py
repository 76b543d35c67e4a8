"""Commands change the gradebook beside whoever has it open: in the same file, and no points are lost."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from coursekit import small_kit
from nbgrader.api import Gradebook

from classroom import making
from classroom.course import Course
from classroom.gradebook import changing, gradebook
from classroom.making import make, update

STUDENTS = [f"student{number:02}" for number in range(20)]

PERSON = """
import sys
from nbgrader.api import Gradebook
url, *students = sys.argv[1:]
with Gradebook(url) as book:
    for number, student in enumerate(students):
        grade = book.find_grade("leaks-open", "leaks", "leaks", student)
        grade.manual_score, grade.needs_manual_grade = 1 + number % 2, False
        book.db.commit()
        print(student, flush=True)
"""
"""A person in another process, who gives points through nbgrader's own interface."""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which a class handed in, made once: the tests copy it."""
    with pytest.MonkeyPatch.context() as patched:
        root = tmp_path_factory.mktemp("ready")
        small_kit(root / "kit", patched, "leaks-x1")
        course = make(root / "week", "Pipes", "wt26-0a1b2c3d")
        with gradebook(course) as book, changing(book):
            for student in STUDENTS:
                book.add_student(student)
                book.update_or_create_submission("leaks", student)
        return root / "week"


@pytest.fixture
def course(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    small_kit(tmp_path / "kit", monkeypatch, "leaks-x1")
    return Course.read(Path(shutil.copytree(ready, tmp_path / "week")))


def points(course: Course) -> dict[str, float | None]:
    with Gradebook(course.gradebook_url) as book:
        return {
            student: book.find_grade("leaks-open", "leaks", "leaks", student).manual_score
            for student in STUDENTS
        }


def nothing_handed_in(course: Course) -> None:
    """Take the class's submissions back: before the first one, a notebook can still change."""
    with gradebook(course) as book:
        for student in STUDENTS:
            book.remove_submission("leaks", student)


def with_deadline(course: Course, deadline: str) -> Course:
    lines = course.file.read_text(encoding="utf-8").splitlines()
    lines = [f'deadline = "{deadline}"' if line.startswith("deadline") else line for line in lines]
    course.file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Course.read(course.root)


@pytest.fixture
def person(course: Course) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", PERSON, course.gradebook_url, *STUDENTS]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_points_given_while_a_course_is_updated_all_survive(
    course: Course, person: subprocess.Popen[str]
) -> None:
    before = course.gradebook.stat().st_ino
    updates = 0
    while person.poll() is None:
        updates += 1
        update(with_deadline(course, f"2026-11-{1 + updates % 28:02} 12:00"))
    assert person.returncode == 0
    assert points(course) == {student: 1 + number % 2 for number, student in enumerate(STUDENTS)}
    assert course.gradebook.stat().st_ino == before
    assert updates > 1


def test_a_change_that_is_killed_half_way_leaves_the_old_rows(course: Course) -> None:
    killed = f"""
import os, pathlib, signal
from classroom.course import Course
from classroom.gradebook import changing, gradebook
with gradebook(Course.read(pathlib.Path({str(course.root)!r}))) as book, changing(book):
    book.remove_assignment("leaks")
    book.add_student("late")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", killed], check=False)
    assert done.returncode == -signal.SIGKILL
    with Gradebook(course.gradebook_url) as book:
        assert len(book.find_assignment("leaks").submissions) == len(STUDENTS)
        assert {student.id for student in book.students} == set(STUDENTS)


def test_what_is_read_in_a_change_is_still_true_when_it_is_written(course: Course) -> None:
    with gradebook(course) as book, changing(book), sqlite3.connect(course.gradebook, timeout=0) as other:
        book.find_student(STUDENTS[0])
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("update student set last_name = 'Lovelace'")


LATER = [pytest.param(step, marks=pytest.mark.deep) for step in ("_fill", "_put", "_replace", "_remember")]


@pytest.mark.parametrize("step", ["_enter", *LATER])
def test_an_update_that_is_stopped_at_any_step_is_finished_by_the_same_command(
    course: Course, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_handed_in(course)
    with gradebook(course) as book:
        before = {cell.name: cell.id for cell in book.find_notebook("leaks", "leaks").source_cells}
        book.update_or_create_grade_cell("leaks-x9-check", "leaks", "leaks", max_score=9, cell_type="code")
    text = course.file.read_text(encoding="utf-8")
    course.file.write_text(text.replace('name = "Pipes"', 'name = "Streams"'), encoding="utf-8")
    course = Course.read(course.root)
    original = getattr(making, step)

    def stopped(*given: object) -> None:
        original(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(making, step, stopped)
        update(course)
    update(course)
    for path in (course.source("leaks"), course.release("leaks")):
        assert "Streams" in path.read_text(encoding="utf-8")
    with gradebook(course) as book:
        # Row by row: what stays has the number that it had.
        notebook = book.find_notebook("leaks", "leaks")
        assert {cell.name: cell.id for cell in notebook.source_cells} == before
        assert {cell.name for cell in notebook.grade_cells} == {"leaks-x1-check", "leaks-open"}
    if step == "_enter":
        return
    assert update(course) == ["No notebook changed. Deadlines: none."]
    # It is known as the kit's own notebook, so that the next change is made too.
    course.file.write_text(text.replace('name = "Pipes"', 'name = "Rivers"'), encoding="utf-8")
    assert update(Course.read(course.root))[0] == "leaks is made again: 1 exercise."
