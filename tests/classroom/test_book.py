"""Each submission is written all or nothing: gradebook, graded notebook, record; a person's points stay."""

from __future__ import annotations

import errno
import json
import re
import shutil
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coursework
import pytest
from coursework import ASSIGNMENT, IDS, answered
from nbgrader.api import Gradebook
from sqlalchemy.exc import OperationalError

from classroom import gradebook as books
from classroom import making, records
from classroom.book import Book
from classroom.cli import main
from classroom.course import Course
from classroom.execute import Result, Score, ungraded
from classroom.grade import Recipe
from classroom.intake import Found, notebook, rebuilt
from classroom.records import FORMAT
from classroom.spans import duration
from classroom.trouble import Trouble

CHECKS = tuple(f"{id}-check" for id in IDS)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return coursework.make(tmp_path_factory.mktemp("book") / "course").root


@pytest.fixture
def course(empty: Path, tmp_path: Path) -> Course:
    return Course.read(shutil.copytree(empty, tmp_path / "course"))


@pytest.fixture
def book(course: Course) -> Iterator[Book]:
    with opened(course) as made:
        yield made


def opened(course: Course) -> Book:
    recipe = Recipe.read(course, ASSIGNMENT)
    return Book(course, ASSIGNMENT, recipe.template, recipe.digest, recipe.versions)


def result(book: Book, points: float = 2, student: str = "ada", **about: Any) -> Result:
    """The result of a submission whose first check gave so many points, the others none."""
    cells, _ = rebuilt(json.dumps(answered({IDS[0]: "x = 1"})).encode(), book.template)
    scores = {}
    for one in cells:
        if one.slot and one.slot.check:
            got = points if one.slot.id == CHECKS[0] else 0
            scores[one.slot.id] = Score(one.slot.points, got, "almost", version="1")
            data = {"text/plain": f"{got:g}"}
            one.outputs = [
                {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None}
            ]
    text = notebook(cells)
    return Result(student, notebook=text, scores=scores, **about)


FOUND = Found("ada", b"submitted")


def grades(course: Course, student: str = "ada") -> dict[str, tuple[float | None, float | None, bool]]:
    """Automatic and manual score, and whether a person is awaited, by cell."""
    with Gradebook(course.gradebook_url) as gradebook:
        submission = gradebook.find_submission(ASSIGNMENT, student)
        return {
            grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def decide(course: Course, points: float) -> None:
    """Give a manual score as the form grader does."""
    with Gradebook(course.gradebook_url) as gradebook:
        grade = gradebook.find_grade(CHECKS[0], ASSIGNMENT, ASSIGNMENT, "ada")
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def test_a_grade_is_in_gradebook_notebook_and_record(book: Book, course: Course) -> None:
    record = book.enter(FOUND, result(book))
    there = grades(course)
    assert there[CHECKS[0]] == (2.0, None, False)
    # The open question waits for a person only when something was written.
    assert there[f"{ASSIGNMENT}-open"][0] == 0
    place = course.root / "autograded" / "ada" / ASSIGNMENT
    assert [path.name for path in place.iterdir()] == [f"{ASSIGNMENT}.ipynb"]
    assert json.loads((course.records / ASSIGNMENT / "ada.json").read_text(encoding="utf-8")) == record
    assert record["format"] == FORMAT and record["status"] == "graded" and record["digest"] == FOUND.digest
    assert record["exercises"][IDS[0]]["points"] == 2 and record["version"][IDS[0]] == "1"
    assert book.done(FOUND, True)


def test_what_nbgrader_says_of_an_untouched_answer_stands(book: Book, course: Course) -> None:
    book.enter(FOUND, result(book))
    with Gradebook(course.gradebook_url) as gradebook:
        comments = {
            one.name: one.comment
            for notebook in gradebook.find_submission(ASSIGNMENT, "ada").notebooks
            for one in notebook.comments
        }
    assert comments[IDS[0]] is None
    assert comments[f"{ASSIGNMENT}-open"] == "No response."


def test_another_file_is_graded_again(book: Book, course: Course) -> None:
    book.enter(FOUND, result(book))
    for other in (Found("ada", b"another"), Found("bob", b"submitted")):
        assert not book.done(other, True) and not book.earlier(other, True)


def test_what_another_check_graded_is_for_regrading(book: Book, course: Course) -> None:
    book.enter(FOUND, result(book))
    assert not book.earlier(FOUND, True)
    book.grading = "another"
    assert not book.done(FOUND, True) and book.earlier(FOUND, True)


def test_what_stopped_is_tried_again(book: Book) -> None:
    book.enter(FOUND, ungraded("ada", book.template, "stopped", "It died."))
    assert not book.done(FOUND, True)


def test_the_points_of_a_judge_are_decided_also_where_a_person_is_asked(book: Book, course: Course) -> None:
    given = result(book, 2, needs_person=True)
    given.scores[CHECKS[0]].seed = "a seed"
    record = book.enter(FOUND, given)
    assert grades(course)[CHECKS[0]] == (2.0, None, False)
    assert record["needs_person"] and records.seeds(record) == {IDS[0]: "a seed"}


def test_a_manual_score_is_kept_and_decided_when_nothing_changed(book: Book, course: Course) -> None:
    given = result(book, 0)
    book.enter(FOUND, given)
    decide(course, 4)
    book.gradebook.db.expire_all()
    book.enter(FOUND, given)
    assert grades(course)[CHECKS[0]] == (0.0, 4.0, False)


def test_a_manual_score_is_kept_and_shown_again_when_the_points_changed(book: Book, course: Course) -> None:
    book.enter(FOUND, result(book, 2))
    decide(course, 4)
    book.gradebook.db.expire_all()
    book.enter(FOUND, result(book, 1))
    assert grades(course)[CHECKS[0]] == (1.0, 4.0, True)


def test_a_failure_in_the_middle_leaves_nothing(
    book: Book, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object) -> None:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="in the middle"):
        patched.setattr("classroom.late.settle", broken)
        book.enter(FOUND, result(book))
    with sqlite3.connect(course.gradebook) as rows:
        assert rows.execute("select count(*) from submitted_assignment").fetchone() == (0,)
        assert rows.execute("select count(*) from student").fetchone() == (0,)
    assert not (course.root / "autograded").exists()
    assert not book.done(FOUND, True)
    # And the next one is written as if nothing had been.
    book.enter(FOUND, result(book))
    assert grades(course)[CHECKS[0]][0] == 2


def test_what_a_killed_grading_left_is_cleared_away(course: Course) -> None:
    for name in ("graded-abc", "graded-xyz"):
        (course.state / name).mkdir(parents=True)
    with opened(course):
        assert list(course.state.iterdir()) == []


@pytest.mark.deep
def test_a_locked_gradebook_is_waited_for(book: Book, course: Course) -> None:
    other = sqlite3.connect(course.gradebook, check_same_thread=False)
    other.execute("begin exclusive")
    # SQLite's own patience ends after 5 seconds.
    timer = threading.Timer(6, other.rollback)
    timer.start()
    book.enter(FOUND, result(book))
    timer.join()
    other.close()
    assert grades(course)[CHECKS[0]][0] == 2


def test_a_gradebook_that_stays_locked_is_a_sentence(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "LOCKED", 0.1)
    other = sqlite3.connect(course.gradebook)
    with pytest.raises(Trouble, match="is locked by another program"), opened(course) as book:
        other.execute("begin exclusive")
        book.enter(FOUND, result(book))
    other.rollback()
    other.close()


def test_a_gradebook_that_refuses_is_a_sentence_at_once(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        reason = sqlite3.OperationalError("attempt to write a readonly database")
        raise OperationalError("update", {}, reason)

    monkeypatch.setattr(Book, "_change", refuse)
    wanted = f"The gradebook {course.gradebook} cannot be used: attempt to write a readonly database."
    with pytest.raises(Trouble, match=re.escape(wanted)), opened(course) as book:
        book.enter(FOUND, result(book))
    assert list((course.records / ASSIGNMENT).glob("*")) == []


@pytest.mark.parametrize("command", ["grade", "regrade", "feedback", "export", "report"])
@pytest.mark.parametrize("state", ["gone", "garbage"])
def test_without_a_gradebook_each_command_says_so_and_makes_none(
    course: Course, capsys: pytest.CaptureFixture[str], command: str, state: str
) -> None:
    with opened(course) as book:
        for student in ("ada", "bob", "cem", "dov", "eve"):
            book.enter(Found(student, b"x"), result(book, student=student))
    course.gradebook.unlink()
    if state == "garbage":
        course.gradebook.write_text("no database")
    more = {"regrade": ["--all", "--dry-run", "--no-sandbox"], "grade": ["--no-sandbox"]}.get(command, [])
    assert main([command, ASSIGNMENT, *more, "--course", str(course.root)]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    if state == "gone":
        assert said.startswith(f"classroom: There is no gradebook {course.gradebook}: put it back")
        assert not course.gradebook.exists()
    else:
        assert said.startswith(
            f"classroom: The gradebook {course.gradebook} is damaged (file is not a database)"
        )
        assert course.gradebook.read_text() == "no database"


def test_a_disk_that_is_full_leaves_nothing_half_written(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object, **named: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with opened(course) as book:
        given = result(book)
        monkeypatch.setattr(Path, "write_text", full)
        with pytest.raises(
            Trouble, match=r"The grade of ada cannot be written to .*: No space left on device"
        ):
            book.enter(FOUND, given)
    assert not (course.root / "autograded").exists()
    assert not course.submitted("ada", ASSIGNMENT).exists() and book.record("ada") == {}


def test_where_nothing_was_written_nobody_has_to_read(book: Book, course: Course) -> None:
    name = f"{ASSIGNMENT}-open"
    book.enter(Found("eve", None, "empty", "It is empty."), ungraded("eve", book.template, "empty", "Empty."))
    assert grades(course, "eve")[name] == (0, None, False)
    note = "The file is not JSON."
    lost = ungraded("dov", book.template, "unreadable", note)
    book.enter(Found("dov", None, "unreadable", note), lost)
    assert lost.needs_person and grades(course, "dov")[name] == (None, None, True)


def test_who_needs_a_person_is_flagged_in_the_form_grader_once(book: Book, course: Course) -> None:
    def flagged(mark: bool | None = None) -> bool:
        with Gradebook(course.gradebook_url) as gradebook:
            (one,) = gradebook.find_submission(ASSIGNMENT, "ada").notebooks
            if mark is not None:
                one.flagged = mark
                gradebook.db.commit()
            return bool(one.flagged)

    book.enter(FOUND, result(book))
    assert not flagged()
    book.enter(FOUND, result(book, needs_person=True))
    assert flagged()
    flagged(False)
    book.enter(FOUND, result(book, needs_person=True))
    assert not flagged(), "somebody took the flag off, and nothing is new"
    flagged(True)
    book.enter(FOUND, result(book))
    assert not flagged()


def test_another_term_in_course_toml_grades_nobody(course: Course) -> None:
    text = course.file.read_text(encoding="utf-8").replace(coursework.TERM, "st27-0a1b2c3d")
    course.file.write_text(text, encoding="utf-8")
    with pytest.raises(Trouble, match=f"has the term st27-0a1b2c3d, but .* has {coursework.TERM}"):
        opened(Course.read(course.root))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_no_course_is_brought_up_to_date_while_a_grading_writes(book: Book, course: Course) -> None:
    with pytest.raises(Trouble, match="Another grading of"):
        making.update(course)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_two_gradings_at_once_are_refused(book: Book, course: Course) -> None:
    with pytest.raises(Trouble, match="Another grading of"), opened(course):
        pass


def test_a_release_that_the_gradebook_does_not_know_is_refused(course: Course) -> None:
    path = course.release(ASSIGNMENT)
    content = json.loads(path.read_text(encoding="utf-8"))
    one = next(one for one in content["cells"] if one["id"] == CHECKS[0])
    one["metadata"]["nbgrader"]["points"] = 99
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(Trouble, match=f"{CHECKS[0]} is worth 99 points in the release"), opened(course):
        pass


def _with_deadline(course: Course, deadline: str) -> Course:
    text = course.file.read_text(encoding="utf-8").replace('deadline = ""', f'deadline = "{deadline}"')
    course.file.write_text(text, encoding="utf-8")
    return Course.read(course.root)


def test_what_comes_after_the_deadline_is_graded_and_marked(course: Course) -> None:
    course = _with_deadline(course, "2026-11-24 12:00")
    late = Found("ada", b"x", timestamp="2026-11-24 14:05:00 UTC")
    with opened(course) as book:
        record = book.enter(late, result(book))
        assert (record["status"], record["late_seconds"]) == ("late", 7500)
        assert book.done(late, True)
        in_time = Found("bob", b"x", timestamp="2026-11-24 11:59:59 UTC")
        assert book.enter(in_time, result(book, student="bob"))["status"] == "graded"
    with Gradebook(course.gradebook_url) as gradebook:
        assert gradebook.find_submission(ASSIGNMENT, "ada").total_seconds_late == 7500
        gradebook.grant_extension(ASSIGNMENT, "ada", hours=3)
    # With an extension it is in time, and nothing has to run again for that.
    with opened(course) as book:
        assert not book.done(late, True)
        assert book.retime(late)
        assert book.done(late, True)
        assert book.record("ada")["status"] == "graded"
        assert not book.retime(late)


def test_a_timestamp_that_says_nothing_is_no_timestamp(course: Course) -> None:
    course = _with_deadline(course, "2026-11-24 12:00")
    with opened(course) as book:
        record = book.enter(Found("ada", b"x", timestamp="yesterday, honestly"), result(book))
    assert (record["status"], record["late_seconds"]) == ("graded", 0)


def test_a_span_is_said_in_two_units() -> None:
    assert [duration(seconds) for seconds in (0, 60, 3600, 90_000)] == ["0 s", "1 min", "1 h", "1 d 1 h"]


@pytest.mark.parametrize("found", ["1", "null", '"2"'])
def test_a_record_of_another_format_is_refused_and_kept(course: Course, found: str) -> None:
    with opened(course) as book:
        book.enter(FOUND, result(book))
    path = course.records / ASSIGNMENT / "ada.json"
    text = path.read_text(encoding="utf-8").replace(f'"format": {FORMAT}', f'"format": {found}')
    path.write_text(text, encoding="utf-8")
    wanted = re.escape(f"{path} ") + ".*, but this edition of the kit reads format 2"
    with pytest.raises(Trouble, match=wanted):
        records.read(course, ASSIGNMENT)
    with opened(course) as book, pytest.raises(Trouble, match=wanted):
        book.done(FOUND, True)
    assert path.read_text(encoding="utf-8") == text
