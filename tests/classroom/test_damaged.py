"""Whatever a submission holds, it gets a record, and the others are graded."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Any

import coursework
import damage
import gradings
import pytest
from coursework import ASSIGNMENT, IDS, answered, release, solution
from gradings import opened, result
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from classroom import execute, intake, records
from classroom import grade as grade_module
from classroom.book import Book
from classroom.cli import main
from classroom.course import Course
from classroom.execute import Job, Result, Times
from classroom.grade import grade
from classroom.gradebook import changing, gradebook
from classroom.intake import Found, strays, submissions
from classroom.sandbox import available
from classroom.trouble import Trouble

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


class Here:
    """Grades in this process."""

    def results(self, jobs: Iterable[Job], patience: float) -> Iterator[Result]:
        return map(execute.graded, jobs)


def here(*given: object) -> AbstractContextManager[Here]:
    return nullcontext(Here())


DEEP = pytest.mark.deep


@pytest.mark.parametrize(("seed", "count"), [(1, 45), pytest.param(2, 200, marks=DEEP)])
def test_each_damaged_submission_gets_a_record_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seed: int, count: int
) -> None:
    """Without kernels: what can be read of a submission is taken as run, and as having given no points."""
    monkeypatch.setattr(grade_module, "pooled", here)
    monkeypatch.setattr(execute._SubmissionRun, "all", lambda run: None)
    course = coursework.make(tmp_path / "course")
    text = course.file.read_text(encoding="utf-8")
    course.file.write_text(text.replace('deadline = ""', 'deadline = "2026-11-24 12:00"'), encoding="utf-8")
    whole = json.dumps(answered(RIGHT)).encode()
    draw, kinds = random.Random(seed), damage.kinds()
    students = {damage.student(draw, number): kinds[number % len(kinds)] for number in range(count)}
    allowed = {
        name: damage.lay(draw, course.root / "submitted", whole, name, kind)
        for name, kind in students.items()
    }
    for name in ("AAA", "zzz"):
        coursework.submit(course, name, whole)
    assert main(["grade", ASSIGNMENT, "--no-sandbox", "--course", str(course.root)]) == 0
    assert "Traceback" not in capsys.readouterr().err
    found = records.read(course, ASSIGNMENT)
    assert len(found) == count + 2 and len(students) == count
    for name in ("AAA", "zzz"):
        assert (found[name]["status"], found[name]["note"], found[name]["evidence"]) == ("graded", "", [])
    for name, kind in students.items():
        record = found[intake._plain(name)]
        status, note = record["status"], record["note"]
        if record["student"] != name:
            assert status == "unreadable" and note.startswith("The student's folder has a name "), name
            continue
        assert status in allowed[name], (name, kind, status, note)
        assert note.endswith(".") if note else status in damage.RUNS, (name, kind)
        assert intake.printable(note) == note, (name, kind)
        if kind in damage.TELLING:
            assert note or record["evidence"], (name, kind)


@pytest.fixture
def enrolled(tmp_path: Path) -> Course:
    """A course with a roster, for a download of Canvas."""
    course = coursework.make(tmp_path / "course")
    with gradebook(course) as book, changing(book):
        for number in range(21):
            book.update_or_create_student(f"student{number}", lms_user_id=str(number))
    return course


def outside(course: Course) -> dict[Path, int]:
    """Everything beside the course and in it that collecting must not change."""
    mine = ("submitted", "records", "gradebook.db", "all.zip")
    files = [path for path in course.root.parent.rglob("*") if path.is_file()]
    return {path: path.stat().st_size for path in files if not set(mine).intersection(path.parts)}


@pytest.mark.parametrize(("seed", "archives"), [(1, 2), pytest.param(2, 12, marks=DEEP)])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_each_damaged_entry_of_an_archive_is_collected_or_named(
    enrolled: Course, capsys: pytest.CaptureFixture[str], seed: int, archives: int
) -> None:
    draw, place, before = random.Random(seed), enrolled.root.parent / "all.zip", outside(enrolled)
    whole = json.dumps(answered(RIGHT)).encode()
    for _ in range(archives):
        shutil.rmtree(enrolled.root / "submitted", ignore_errors=True)
        kinds = damage.archive(draw, place, whole, range(1, 21))
        words = ["collect", ASSIGNMENT, str(place), "--from", "canvas", "--course", str(enrolled.root)]
        assert main(words) == 1
        said = capsys.readouterr().out
        there = {one.student: one for one in submissions(enrolled.root / "submitted", ASSIGNMENT)}
        assert there["student0"].data == whole
        for number, kind in kinds.items():
            student = f"student{number}"
            # An empty folder says nothing, and of a name that is too long, the beginning is shown.
            named = f"{student}_" in said or f"{student}:" in said or kind in ("folder", "deep")
            assert named or there[student].status == "graded", (student, kind)
        assert outside(enrolled) == before


@pytest.mark.parametrize(("seed", "count"), [(1, 20), pytest.param(2, 250, marks=DEEP)])
def test_an_archive_that_is_damaged_anywhere_is_collected_or_refused(
    enrolled: Course, capsys: pytest.CaptureFixture[str], seed: int, count: int
) -> None:
    draw, place, before = random.Random(seed), enrolled.root.parent / "all.zip", outside(enrolled)
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"student{number}_{number}_5000_leaks.ipynb", json.dumps(release()))
    data = place.read_bytes()
    for _ in range(count):
        shutil.rmtree(enrolled.root / "submitted", ignore_errors=True)
        place.write_bytes(damage.spoilt(draw, data))
        words = ["collect", ASSIGNMENT, str(place), "--from", "canvas", "--course", str(enrolled.root)]
        code = main(words)
        said = capsys.readouterr()
        assert code == 0 or ": " in said.err or "(1):" in said.out or "(2):" in said.out or "(3):" in said.out
        assert outside(enrolled) == before


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class of six that was graded."""
    course = coursework.make(tmp_path_factory.mktemp("ready") / "course")
    for student in ("ada", "bob", "cem", "dov", "eve", "fay"):
        stamp = "2026-11-24 12:00:00 UTC"
        gradings.enter(course, student, {IDS[0]: 1}, timestamp=stamp, belief=gradings.BELIEF)
    gradings.decide(course, "ada", 2, comment="Nearly.")
    return course


@pytest.fixture
def graded(ready: Course, tmp_path: Path) -> Course:
    return Course.read(shutil.copytree(ready.root, tmp_path / "course"))


READERS = (["export"], ["report"], ["feedback"])


@pytest.mark.parametrize(("seed", "count"), [(1, 40), pytest.param(2, 200, marks=DEEP)])
def test_each_damaged_record_is_named_in_a_sentence_and_stays(
    graded: Course, capsys: pytest.CaptureFixture[str], seed: int, count: int
) -> None:
    draw, path = random.Random(seed), graded.records / ASSIGNMENT / "bob.json"
    whole, named = path.read_bytes(), 0
    for number in range(count):
        content = damage.record(draw, whole)
        path.write_bytes(content)
        try:
            records.read_one(path)
        except Trouble as trouble:
            named += 1
            said = str(trouble)
            assert said.startswith(f"{path} ") and said.endswith(".") and len(said) < 500
            assert intake.printable(said) == said
        else:
            # What can be read as a record makes no command fail.
            assert main([*READERS[number % 3], "--course", str(graded.root)]) == 0
        assert path.read_bytes() == content
    assert named > count / 3


def test_a_record_without_any_part_of_a_verdict_is_damaged(ready: Course, tmp_path: Path) -> None:
    path = tmp_path / ASSIGNMENT / "bob.json"
    path.parent.mkdir()
    whole = (ready.records / ASSIGNMENT / path.name).read_text(encoding="utf-8")
    for name in (one.name for one in fields(execute.Score)):
        record = json.loads(whole)
        del record["exercises"][IDS[0]][name]
        path.write_text(json.dumps(record), encoding="utf-8")
        with pytest.raises(Trouble, match=f"{IDS[0]} has no (points|verdict)"):
            records.read_one(path)


def test_commands_name_all_damaged_records_and_overwrite_nothing(
    graded: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grade_module, "pooled", here)
    paths = [graded.records / ASSIGNMENT / f"{student}.json" for student in ("bob", "cem")]
    for path in paths:
        path.write_bytes(b'{"format": 2')
    book = graded.gradebook.read_bytes()
    text = graded.file.read_text(encoding="utf-8")
    graded.file.write_text(text.replace('deadline = ""', 'deadline = "2026-11-24 12:00"'), encoding="utf-8")
    for words in (*READERS, ["extend", ASSIGNMENT, "bob", "cem", "--by", "1d"]):
        assert main([*words, "--course", str(graded.root)]) == 1
        said = capsys.readouterr().err
        assert all(f"{path} is not a record of a grading (" in said for path in paths), words
    # A damaged record takes no page from the others.
    assert {path.name for path in (graded.root / "feedback").iterdir()} == {"ada", "dov", "eve", "fay"}
    assert graded.gradebook.read_bytes() == book
    # It takes no grade from the others either.
    monkeypatch.setattr(execute._SubmissionRun, "all", lambda run: None)
    for again in ([], ["--again"]):
        coursework.submit(graded, "gil", answered(RIGHT))
        assert main(["grade", ASSIGNMENT, *again, "--no-sandbox", "--course", str(graded.root)]) == 1
        said = capsys.readouterr().out
        assert all(f": not graded. {path} is not a record of a grading (" in said for path in paths), said
        assert "Not graded: 2 submissions with a record that cannot be read (bob, cem)." in said
        assert f"Graded {5 if again else 1} submission" in said
        assert records.read_one(paths[0].with_name("gil.json"))["status"] == "graded"
    assert paths[0].read_bytes() == paths[1].read_bytes() == b'{"format": 2'
    # What belongs to one student, works for another one.
    assert main(["feedback", "--student", "ada", "--course", str(graded.root)]) == 0
    assert main(["student", "rename", "bob", "bo", "--course", str(graded.root)]) == 0
    assert paths[0].with_name("bo.json").read_bytes() == paths[1].read_bytes() == b'{"format": 2'


def test_a_record_that_is_not_text_is_renamed_as_it_is(graded: Course) -> None:
    path = graded.records / ASSIGNMENT / "bob.json"
    for data in (b"\xff\xfe\0", damage.nested(5_000).encode()):
        path.write_bytes(data)
        assert main(["student", "rename", "bob", "bo", "--course", str(graded.root)]) == 0
        assert path.with_name("bo.json").read_bytes() == data
        assert main(["student", "rename", "bo", "bob", "--course", str(graded.root)]) == 0


def _one_sentence(course: Course, said: str) -> bool:
    """Whether it is one, or one for each student without a row, who looks like one that nbgrader removed."""
    lost = f"there is a record, but no grade in {course.gradebook}, so there is no page."
    lines = said.splitlines()
    if len(lines) == 1:
        return said.startswith("classroom: ")
    return bool(lines) and all(lost in line for line in lines)


@pytest.mark.parametrize(("seed", "count"), [(1, 12), pytest.param(2, 60, marks=DEEP)])
def test_each_damaged_gradebook_is_named_and_stays(
    graded: Course, capsys: pytest.CaptureFixture[str], seed: int, count: int
) -> None:
    draw, named = random.Random(seed), 0
    with gradebook(graded):
        whole = graded.gradebook.read_bytes()
    for number in range(count):
        damage.gradebook(draw, graded.gradebook, whole)
        content = graded.gradebook.read_bytes()
        code = main([*READERS[number % 3], "--course", str(graded.root)])
        said = capsys.readouterr().err
        if code:
            named += 1
            assert _one_sentence(graded, said), said
            assert graded.gradebook.read_bytes() == content, said
    assert named > count / 3


@DEEP
def test_each_command_names_each_damaged_row(graded: Course, capsys: pytest.CaptureFixture[str]) -> None:
    whole, named = graded.gradebook.read_bytes(), 0
    for change in damage.ROWS:
        for words in READERS:
            graded.gradebook.write_bytes(whole)
            damage.rows(graded.gradebook, change)
            content = graded.gradebook.read_bytes()
            code = main([*words, "--course", str(graded.root)])
            said = capsys.readouterr().err
            if code:
                named += 1
                assert _one_sentence(graded, said), (change, words, said)
                assert graded.gradebook.read_bytes() == content, (change, words)
    assert named > len(damage.ROWS)


def test_a_restore_over_a_damaged_gradebook_says_what_to_do(
    graded: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, root = str(tmp_path / "kept.zip"), str(graded.root)
    assert main(["backup", kept, "--course", root]) == 0
    whole = graded.gradebook.read_bytes()
    for data in (whole[:9_000], whole[:8_192] + b"\xff" * 8_192 + whole[16_384:], b"no gradebook"):
        graded.gradebook.write_bytes(data)
        capsys.readouterr()
        assert main(["restore", kept, root, "--replace"]) == 1
        said = capsys.readouterr().err
        assert "gradebook.db is damaged (" in said and "rename it to gradebook.db.damaged." in said
        assert graded.gradebook.read_bytes() == data
    graded.gradebook.rename(graded.root / "gradebook.db.damaged")
    journal = graded.root / "gradebook.db-journal"
    journal.write_bytes(b"x")
    assert main(["restore", kept, root, "--replace"]) == 1
    assert f"{journal} belongs to a gradebook that is not there" in capsys.readouterr().err
    journal.unlink()
    assert main(["restore", kept, root, "--replace"]) == 0
    assert "It had no gradebook; its other files are in " in capsys.readouterr().out
    assert (graded.root / "gradebook.db.damaged").read_bytes() == b"no gradebook"
    assert main(["feedback", "--course", root]) == 0


@pytest.mark.parametrize(("seed", "count"), [(1, 15), pytest.param(2, 200, marks=DEEP)])
def test_a_backup_that_is_damaged_anywhere_is_a_sentence_and_changes_nothing(
    graded: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int, count: int
) -> None:
    kept, draw = tmp_path / "kept.zip", random.Random(seed)
    shutil.rmtree(graded.solutions)
    assert main(["backup", str(kept), "--course", str(graded.root)]) == 0
    whole = kept.read_bytes()
    for number in range(count):
        kept.write_bytes(damage.spoilt(draw, whole))
        code = main(["restore", str(kept), str(tmp_path / f"new{number}")])
        said = capsys.readouterr().err
        assert code == (0 if (tmp_path / f"new{number}").exists() else 1)
        assert not code or (said.startswith("classroom: ") and said.rstrip().endswith("."))
        shutil.rmtree(tmp_path / f"new{number}", ignore_errors=True)
    assert not list(tmp_path.glob(".new*"))
