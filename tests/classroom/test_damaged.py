"""Whatever a submission holds, it gets a record, and the others are graded."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coursework
import pytest
from coursework import ASSIGNMENT, IDS, answered, solution
from gradings import opened, result
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from classroom import execute
from classroom.book import Book
from classroom.course import Course
from classroom.execute import Result, Times
from classroom.grade import Recipe, grade
from classroom.intake import Found, Refused, rebuilt, strays, submissions
from classroom.sandbox import available

RIGHT = {id: solution(id) for id in IDS}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return coursework.make(tmp_path_factory.mktemp("damaged") / "course")


@pytest.fixture(scope="module")
def book(course: Course) -> Iterator[Book]:
    with opened(course) as book:
        yield book


def nested(levels: int) -> list[Any]:
    content: list[Any] = []
    for _ in range(levels):
        content = [content]
    return content


def shows(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"output_type": "display_data", "data": data, "metadata": {}}]


def entered(book: Book, found: Found, given: Result) -> dict[str, Any]:
    """The record that is stored. It is the one that was returned, and the gradebook has the submission."""
    returned = book.enter(found, given)
    assert book.record(found.student) == returned
    assert book.gradebook.find_submission(ASSIGNMENT, found.student)
    return returned


def test_a_lone_surrogate_in_an_output_costs_no_points(book: Book) -> None:
    output = [{"output_type": "stream", "name": "stdout", "text": "a\ud800b"}]
    made = result(book.template, "ada", {IDS[0]: 2}, printed={IDS[0]: output}, seen="was \udfff")
    record = entered(book, Found("ada", b"x"), made)
    assert record["status"] == "graded" and record["exercises"][IDS[0]]["points"] == 2


def test_a_timestamp_of_forty_digits_is_no_timestamp(book: Book) -> None:
    found = Found("bob", b"x", timestamp="12:" + "1" * 40)
    assert book.late(found) == 0
    assert entered(book, found, result(book.template, "bob", {}))["status"] == "graded"


def test_of_an_output_the_texts_are_kept_and_no_json_which_may_be_nested_deep() -> None:
    data = {"application/json": nested(700), "text/plain": "short", "image/png": "iVBO", "text/html": ["a"]}
    content = {"data": data, "metadata": nested(700)}
    message = {"header": {"msg_type": "display_data"}, "parent_header": {"msg_id": "1"}, "content": content}
    ran = execute.Ran(100_000)
    assert not ran.take(message, "1")
    [output] = ran.outputs
    assert output["data"] == {"text/plain": "short", "image/png": "iVBO"} and output["metadata"] == {}


def test_what_cannot_be_written_down_becomes_a_record_that_says_so(book: Book) -> None:
    made = result(
        book.template, "cem", {IDS[0]: 2}, printed={IDS[0]: shows({"application/json": nested(700)})}
    )
    record = entered(book, Found("cem", b"x"), made)
    assert record["status"] == "stopped" and record["needs_person"]
    assert record["note"].startswith("Its grade could not be written to the gradebook: RecursionError")


def test_a_folder_that_starts_with_a_dot_is_a_student(tmp_path: Path) -> None:
    for name in (".ada", "bob", ".ipynb_checkpoints"):
        (tmp_path / name / ASSIGNMENT).mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    for name in (".DS_Store", "all.zip", "notes\x1b.txt"):
        (tmp_path / name).touch()
    assert [found.student for found in submissions(tmp_path, ASSIGNMENT)] == [".ada", "bob"]
    assert strays(tmp_path) == ["all.zip", "notes\\x1b.txt"]


def test_a_folder_that_cannot_be_looked_into_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ada", "bob"):
        (tmp_path / name / ASSIGNMENT).mkdir(parents=True)
    known = Path.lstat

    def locked(path: Path) -> Any:
        if path.name == ASSIGNMENT and path.parent.name == "ada":
            raise PermissionError(13, "Permission denied")
        return known(path)

    monkeypatch.setattr(Path, "lstat", locked)
    first, second = submissions(tmp_path, ASSIGNMENT)
    assert (first.status, second.status) == ("unreadable", "empty")
    assert first.note == "It cannot be read: PermissionError, [Errno 13] Permission denied."


@pytest.mark.skipif(not available()[0], reason="no sandbox")
def test_one_damaged_submission_stops_nobody(tmp_path: Path) -> None:
    course = coursework.make(tmp_path / "course", IDS[0])
    shown = (
        "from IPython.display import JSON, display\nx = []\nfor _ in range(700): x = [x]\ndisplay(JSON(x))\n"
    )
    answers = {".dot": RIGHT[IDS[0]] + '\nprint("\\ud800")\n' + shown, "whole": RIGHT[IDS[0]]}
    for student, source in answers.items():
        path = coursework.submit(course, student, answered({IDS[0]: source}, IDS[0]))
        if student == ".dot":
            (path.parent / "timestamp.txt").write_text("12:" + "1" * 40)
    coursework.submit(course, "torn", b'{"cells": [' + b"[" * 700)
    said: list[str] = []
    (course.root / "submitted/late.zip").touch()
    grade(course, ASSIGNMENT, workers=2, times=Times(60), say=said.append)
    records = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in (course.records / ASSIGNMENT).iterdir()
    }
    assert records.keys() == {*answers, "torn"}
    for student in answers:
        (score,) = records[student]["exercises"].values()
        assert (records[student]["status"], score["points"]) == ("graded", score["worth"]), student
    assert records["torn"]["status"] == "unreadable"
    assert "late.zip in submitted/ is not a student's folder, so it is not graded." in said
    with Gradebook(course.gradebook_url) as gradebook:
        assert {one.student.id for one in gradebook.assignment_submissions(ASSIGNMENT)} == set(records)


ODD = st.sampled_from(["\ud800", "12:" + "1" * 40, 10**40, nested(90), nested(700), {"": [None]}])
"""What once stopped a class."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
"""What JSON can say, lone surrogates and numbers that are none among it."""


@settings(max_examples=20, deadline=None)
@given(data=st.dictionaries(st.sampled_from(["text/plain", "application/json"]), JSON), text=JSON, when=JSON)
def test_whatever_a_cell_shows_gets_a_record(book: Book, data: dict[str, Any], text: Any, when: Any) -> None:
    printed = [*shows(data), {"output_type": "stream", "name": "stdout", "text": text}]
    made = result(book.template, "eve", {IDS[0]: 1}, printed={IDS[0]: printed})
    record = entered(book, Found("eve", b"x", timestamp=str(when)), made)
    assert record["status"] in ("graded", "late", "stopped")


def damaged(whole: bytes, draw: random.Random) -> bytes:
    """A notebook's bytes with one kind of damage."""
    parsed = json.loads(whole)
    cell = draw.choice(parsed["cells"])
    key = draw.choice(sorted(cell))
    kind = draw.randrange(5)
    if kind == 0:
        return whole[: draw.randrange(len(whole))]
    if kind == 1:
        place = draw.randrange(len(whole))
        return whole[:place] + bytes([draw.randrange(256)]) + whole[place + 1 :]
    values = [None, 7, -1e308, "\ud800", [], {}, [None], {"a": [1]}, "x" * 99, nested(600), True]
    if kind == 2:
        cell[key] = draw.choice(values)
    elif kind == 3:
        del cell[key]
    else:
        parsed[draw.choice(["cells", "metadata", "nbformat"])] = draw.choice(values)
    return json.dumps(parsed).encode()


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_notebook_is_read_or_refused_in_a_sentence(book: Book, seed: int) -> None:
    draw = random.Random(seed)
    whole = json.dumps(answered(RIGHT)).encode()
    template = book.template
    for _ in range(100):
        content = damaged(whole, draw)
        try:
            cells, notes = rebuilt(content, template)
        except Refused as refused:
            assert refused.status and refused.note.endswith(".")
        else:
            assert cells and all(isinstance(note, str) for note in notes)


def test_a_damaged_notebook_gets_a_record(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a kernel: what is read of it, it would run. Then it is entered as if it had given nothing."""
    draw = random.Random(9)
    whole = json.dumps(answered(RIGHT)).encode()
    recipe = Recipe.read(book.course, ASSIGNMENT)

    class Nothing(execute._SubmissionRun):
        def all(self) -> None:
            pass

    monkeypatch.setattr(execute, "_SubmissionRun", Nothing)
    for number in range(30):
        content = damaged(whole, draw)
        student = f"student{number}"
        record = entered(book, Found(student, content), execute.graded(recipe.job(student, content)))
        assert record["status"] and isinstance(record["note"], str)
