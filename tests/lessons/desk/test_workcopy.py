"""The desk: cleared, brought up to date, and never at the cost of what a student did."""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lessons.desk import workcopy as desks
from lessons.desk.workcopy import Trouble, lay

LESSON = "notebooks/01_leaks.ipynb"
NEW_LESSON = "notebooks/01_leaks (new edition).ipynb"


def executed(source: str = "1 + 1", tags: tuple[str, ...] = ("setup",)) -> bytes:
    """A notebook as git holds it: run, with outputs, counts and stored widgets."""
    output = nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)
    cell = nbformat.v4.new_code_cell(source, execution_count=1, outputs=[output])
    cell.id = "first"
    cell.metadata.update(tags=list(tags), execution={"iopub.status.busy": "2026-01-01"})
    note = nbformat.v4.new_markdown_cell("# Ä lesson")
    note.id = "title"
    return nbformat.writes(nbformat.v4.new_notebook(cells=[note, cell], metadata={"widgets": {}})).encode()


@pytest.fixture
def course(tmp_path: Path) -> Path:
    root = tmp_path / "course"
    (root / "notebooks/data").mkdir(parents=True)
    (root / LESSON).write_bytes(executed())
    (root / "notebooks/data/weather.csv").write_bytes(b"day,rain\r\n1,2.5\r\n")
    (root / "notebooks/TEACHING.md").write_text("what the answers are")
    return root


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return tmp_path / "my desk"


def test_a_notebook_is_laid_without_outputs_counts_and_widget_state(course: Path, desk: Path) -> None:
    lay(course, desk)
    laid = nbformat.read(desk / LESSON, as_version=4)
    assert [cell.source for cell in laid.cells] == ["# Ä lesson", "1 + 1"]
    assert laid.cells[1].outputs == [] and laid.cells[1].execution_count is None
    assert laid.cells[1].metadata == {"tags": ["setup"]}
    assert "widgets" not in laid.metadata
    nbformat.validate(laid)


def test_other_files_are_laid_byte_for_byte_and_teachers_notes_are_not(course: Path, desk: Path) -> None:
    report = lay(course, desk)
    assert (desk / "notebooks/data/weather.csv").read_bytes() == b"day,rain\r\n1,2.5\r\n"
    assert report.laid == [LESSON, "notebooks/data/weather.csv"]
    assert not (desk / "notebooks/TEACHING.md").exists()


def test_exercise_releases_are_laid_under_their_own_names(course: Path, desk: Path) -> None:
    release = course / "exercises/release/leaks/leaks.ipynb"
    release.parent.mkdir(parents=True)
    release.write_bytes(executed())
    (course / "exercises/source").mkdir()
    (course / "exercises/source/solution.py").write_text("the answer")
    lay(course, desk)
    assert (desk / "exercises/release/leaks/leaks.ipynb").is_file()
    assert not (desk / "exercises/source").exists()


def test_laying_again_changes_and_says_nothing(course: Path, desk: Path) -> None:
    lay(course, desk)
    before = (desk / LESSON).stat().st_mtime_ns
    assert lay(course, desk).sentences() == []
    assert (desk / LESSON).stat().st_mtime_ns == before


def test_an_unedited_file_is_brought_up_to_date(course: Path, desk: Path) -> None:
    lay(course, desk)
    (course / LESSON).write_bytes(executed("2 + 2"))
    assert lay(course, desk).renewed == [LESSON]
    assert "2 + 2" in (desk / LESSON).read_text()


def test_new_outputs_alone_are_no_new_edition(course: Path, desk: Path) -> None:
    lay(course, desk)
    (desk / LESSON).write_text("mine")
    (course / LESSON).write_bytes(executed().replace(b'"2"', b'"two"'))
    assert lay(course, desk).sentences() == []


def test_an_edited_file_stays_and_the_new_edition_lies_beside_it(course: Path, desk: Path) -> None:
    lay(course, desk)
    (desk / LESSON).write_text("mine")
    assert lay(course, desk).sentences() == [], "an edit alone is no news"
    (course / LESSON).write_bytes(executed("2 + 2"))
    report = lay(course, desk)
    assert report.beside == [(LESSON, NEW_LESSON)]
    assert (desk / LESSON).read_text() == "mine"
    assert "2 + 2" in (desk / NEW_LESSON).read_text()
    assert lay(course, desk).sentences() == [], "an edition is announced once"


def test_an_edited_new_edition_stays_as_well(course: Path, desk: Path) -> None:
    lay(course, desk)
    (desk / LESSON).write_text("mine")
    (course / LESSON).write_bytes(executed("2 + 2"))
    lay(course, desk)
    (desk / NEW_LESSON).write_text("mine too")
    (course / LESSON).write_bytes(executed("3 + 3"))
    report = lay(course, desk)
    assert report.beside == [(LESSON, "notebooks/01_leaks (new edition 2).ipynb")]
    assert (desk / NEW_LESSON).read_text() == "mine too"


def test_an_unedited_new_edition_makes_room_for_the_next(course: Path, desk: Path) -> None:
    lay(course, desk)
    (desk / LESSON).write_text("mine")
    for source in ("2 + 2", "3 + 3"):
        (course / LESSON).write_bytes(executed(source))
        assert lay(course, desk).beside == [(LESSON, NEW_LESSON)]
    assert "3 + 3" in (desk / NEW_LESSON).read_text()


def test_a_deleted_file_is_laid_again(course: Path, desk: Path) -> None:
    lay(course, desk)
    (desk / LESSON).unlink()
    assert lay(course, desk).laid == [LESSON]
    assert (desk / LESSON).is_file()


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"laid": 1}', b'{"laid": {"a": 2}, "beside": {}}', b"\xff\xfe", b"[" * 100_000],
    ids=range(7),
)
def test_without_its_record_every_file_counts_as_edited(course: Path, desk: Path, damage: bytes) -> None:
    lay(course, desk)
    (desk / LESSON).write_text("mine")
    (desk / ".lifecycle/record.json").write_bytes(damage)
    (course / "notebooks/data/weather.csv").write_bytes(b"day,rain\n1,3\n")
    report = lay(course, desk)
    assert [path for path, _ in report.beside] == [LESSON, "notebooks/data/weather.csv"]
    assert (desk / LESSON).read_text() == "mine"
    assert (desk / "notebooks/data/weather.csv").read_bytes() == b"day,rain\r\n1,2.5\r\n"


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"not json", b'{"cells": 1}', b"\xff", b'{"nbformat": 3}'], ids=range(6)
)
def test_a_damaged_notebook_is_said_and_the_rest_is_laid(course: Path, desk: Path, damage: bytes) -> None:
    (course / "notebooks/02_next.ipynb").write_bytes(damage)
    report = lay(course, desk)
    (problem,) = report.problems
    assert "02_next.ipynb is damaged and was left out" in problem and "\n" not in problem
    assert (desk / LESSON).is_file() and not (desk / "notebooks/02_next.ipynb").exists()


def test_a_notebook_without_cell_ids_is_one_edition(course: Path, desk: Path) -> None:
    stored = json.loads(executed())
    for cell in stored["cells"]:
        del cell["id"]
    (course / LESSON).write_text(json.dumps(stored))
    lay(course, desk)
    assert lay(course, desk).sentences() == []


def test_a_folder_where_a_file_belongs_is_said(course: Path, desk: Path) -> None:
    (desk / LESSON).mkdir(parents=True)
    with pytest.raises(Trouble, match=r"01_leaks\.ipynb is a folder, and the desk needs a file"):
        lay(course, desk)


@pytest.mark.parametrize("blocked", [".", "notebooks", "notebooks/data", ".lifecycle"])
def test_a_file_where_a_folder_belongs_is_said(course: Path, desk: Path, blocked: str) -> None:
    (desk / blocked).parent.mkdir(parents=True, exist_ok=True)
    (desk / blocked).write_text("in the way")
    with pytest.raises(Trouble, match=r"is a file, and the desk needs a folder"):
        lay(course, desk)
    assert (desk / blocked).read_text() == "in the way"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EROFS, "The desk cannot be written"),
        (errno.EACCES, "The desk cannot be written"),
        (errno.ENOSPC, "The disk is full"),
    ],
)
def test_a_desk_that_takes_no_file_is_said_and_nothing_is_left_half_done(
    course: Path, desk: Path, number: int, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(course, desk)
    before = {path: path.read_bytes() for path in desk.rglob("*") if path.is_file()}
    (course / LESSON).write_bytes(executed("2 + 2"))

    def refuse(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(Trouble, match=sentence):
        lay(course, desk)
    assert {path: path.read_bytes() for path in desk.rglob("*") if path.is_file()} == before


def test_what_was_laid_before_a_failure_counts_as_unedited(
    course: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / "notebooks/data/weather.csv").mkdir(parents=True)
    with pytest.raises(Trouble):
        lay(course, desk)
    (desk / "notebooks/data/weather.csv").rmdir()
    (course / LESSON).write_bytes(executed("2 + 2"))
    assert lay(course, desk).renewed == [LESSON]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_laid_file_can_be_written_and_read_as_any_new_file(course: Path, desk: Path) -> None:
    lay(course, desk)
    fresh = desk / "fresh"
    fresh.write_text("")
    assert stat.S_IMODE((desk / LESSON).stat().st_mode) == stat.S_IMODE(fresh.stat().st_mode)


@pytest.mark.parametrize("chosen", ["", "notebooks", "notebooks/data", "exercises/release"])
def test_the_course_itself_is_no_desk(course: Path, chosen: str) -> None:
    with pytest.raises(Trouble, match="belongs to the course itself"):
        lay(course, course / chosen)


def test_lessons_come_in_the_order_of_their_numbers(course: Path) -> None:
    for name in ("05_composition", "00_start_here", "field_guide"):
        (course / f"notebooks/{name}.ipynb").write_bytes(executed())
    assert desks.lessons(course) == [
        "notebooks/00_start_here.ipynb",
        LESSON,
        "notebooks/05_composition.ipynb",
    ]


@pytest.mark.parametrize(
    ("stored", "has"), [('{"version": 2, "files": {}}', "has version 2"), ('{"laid": {}}', "has no version")]
)
def test_a_record_of_another_version_is_kept_beside_and_no_work_is_lost(
    course: Path, desk: Path, stored: str, has: str
) -> None:
    lay(course, desk)
    (desk / LESSON).write_bytes(b"my work")
    record = desk / ".lifecycle/record.json"
    record.write_text(stored)
    (course / LESSON).write_bytes(executed("2 + 2"))
    report = lay(course, desk)
    kept = record.with_name("record (set aside 1).json")
    assert report.problems == [
        f"{record} {has}, but this kit reads version 1. It is kept as {kept}. No file of yours was changed."
    ]
    assert kept.read_text() == stored
    assert (desk / LESSON).read_bytes() == b"my work" and report.beside == [(LESSON, NEW_LESSON)]
    assert json.loads(record.read_text())["version"] == 1
    assert lay(course, desk).sentences() == [], "the new record is known"
    record.write_text(stored)
    assert str(record.with_name("record (set aside 2).json")) in lay(course, desk).problems[0]
    assert kept.read_text() == stored, "never overwritten"


# What a student and the course's authors may do between two openings of Lab.
PATHS = st.sampled_from([LESSON, "notebooks/data/weather.csv"])
STEPS = st.one_of(
    st.tuples(st.just("edit"), PATHS, st.integers(0, 9)),
    st.tuples(st.just("edit beside"), PATHS, st.integers(1, 3)),
    st.tuples(st.just("delete"), PATHS, st.none()),
    st.tuples(st.just("new edition"), PATHS, st.integers(0, 3)),
    st.tuples(st.just("lay"), st.none(), st.none()),
    st.tuples(st.just("lose record"), st.none(), st.none()),
    st.tuples(st.just("damage record"), st.none(), st.none()),
    st.tuples(st.just("other record"), st.none(), st.none()),
)


@contextlib.contextmanager
def quick() -> Iterator[None]:
    """Clear each edition once, and do not wait for the disk: neither is what these steps are about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desks, "_cleared", cleared)
        patch.setattr(os, "fsync", lambda handle: None)
        yield


cleared = functools.cache(desks._cleared)


# The record was lost, so the edition was laid beside; then the student wrote over that copy.
@example(
    [("lose record", None, None), ("new edition", LESSON, 1), ("lay", None, None), ("edit beside", LESSON, 1)]
)
@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_no_sequence_of_edits_editions_and_lays_loses_a_students_bytes(steps: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder, quick():
        course, desk = Path(folder, "course"), Path(folder, "desk")
        (course / "notebooks/data").mkdir(parents=True)
        (course / LESSON).write_bytes(executed())
        (course / "notebooks/data/weather.csv").write_bytes(b"edition 0")
        lay(course, desk)
        students: dict[Path, bytes] = {}
        for number, (what, path, value) in enumerate([*steps, ("lay", None, None)]):
            if what in ("edit", "edit beside"):
                target = desk / path
                if what == "edit beside":
                    mark = " (new edition)" if value == 1 else f" (new edition {value})"
                    target = target.with_name(f"{target.stem}{mark}{target.suffix}")
                students[target] = f"student's work {number}".encode()
                target.write_bytes(students[target])
            elif what == "delete":
                (desk / path).unlink(missing_ok=True)
                students.pop(desk / path, None)
            elif what == "new edition":
                new = executed(f"edition {value}") if path == LESSON else f"edition {value}".encode()
                (course / path).write_bytes(new)
            elif what == "lose record":
                (desk / ".lifecycle/record.json").unlink(missing_ok=True)
            elif what == "damage record":
                (desk / ".lifecycle/record.json").write_bytes(b'{"laid": {')
            elif what == "other record":
                (desk / ".lifecycle/record.json").write_bytes(b'{"version": 2}')
            else:
                lay(course, desk)
                for path in (LESSON, "notebooks/data/weather.csv"):
                    edition = desks.prepared(course / path)
                    around = (desk / path).parent.iterdir()
                    # An edition is laid once: a student who then wrote over it does not get it again.
                    edited = {one.name.partition(" (")[0].partition(".")[0] for one in students}
                    assert any(near.is_file() and near.read_bytes() == edition for near in around) or (
                        Path(path).stem in edited
                    )
            for kept, content in students.items():
                assert kept.read_bytes() == content


def left(desk: Path) -> dict[str, bytes]:
    """The files on a desk that are a student's to see."""
    return {path.name: path.read_bytes() for path in sorted((desk / "notebooks").glob("*.ipynb"))}


@pytest.mark.parametrize("named", ["01", "01_leaks", "leaks", "01_leaks.ipynb", "notebooks/01_leaks.ipynb"])
def test_a_lesson_is_new_again_and_the_edited_one_is_beside_it(course: Path, desk: Path, named: str) -> None:
    lay(course, desk)
    new = left(desk)["01_leaks.ipynb"]
    for edited in (b"mine", b"mine, too"):
        (desk / LESSON).write_bytes(edited)
        done, kept, *advice = desks.reset(course, desk, named)
        assert (done, "choose Revert" in " ".join(advice)) == (f"{LESSON} was reset.", True)
        assert kept.startswith("Your edited version is kept beside it: notebooks/01_leaks (edited")
    assert left(desk) == {
        "01_leaks.ipynb": new, "01_leaks (edited).ipynb": b"mine", "01_leaks (edited 2).ipynb": b"mine, too",
    }  # fmt: skip
    assert lay(course, desk) == desks.Report(), "the desk knows the lesson as one that nobody edited"


def test_a_lesson_that_is_new_stays_and_one_that_is_missing_or_older_is_laid(
    course: Path, desk: Path
) -> None:
    lay(course, desk)
    before = left(desk)
    assert desks.reset(course, desk, "01") == [f"{LESSON} has no edits or outputs. Nothing was changed."]
    (desk / LESSON).unlink()
    assert desks.reset(course, desk, "01") == [f"{LESSON} was reset."]
    assert left(desk) == before
    (course / LESSON).write_bytes(executed("2 + 2"))
    assert desks.reset(course, desk, "01") == [f"{LESSON} was reset."], "an old one that nobody edited"
    assert list(left(desk)) == ["01_leaks.ipynb"] and b"2 + 2" in left(desk)["01_leaks.ipynb"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("9", "'9' is not a lesson: choose one of 01_leaks, 01_more."), ("", "'' is not a lesson"),
     ("01", "'01' fits several lessons"), ("TEACHING", "'TEACHING' is not a lesson")],
)  # fmt: skip
def test_what_is_not_one_lesson_is_refused_with_their_names(
    course: Path, desk: Path, wanted: str, said: str
) -> None:
    (course / "notebooks/01_more.ipynb").write_bytes(executed())
    lay(course, desk)
    with pytest.raises(Trouble, match=said):
        desks.reset(course, desk, wanted)


def test_where_no_desk_is_nothing_is_reset(course: Path, desk: Path) -> None:
    with pytest.raises(Trouble, match="is not a desk with lessons: `lifecycle lab` makes one"):
        desks.reset(course, desk, "01")
    assert not desk.exists()
    with pytest.raises(Trouble, match="belongs to the course itself"):
        desks.reset(course, course, "01")


@pytest.mark.parametrize(("blocked", "late"), [("fsync", 0), ("replace", 0), ("replace", 1)])
def test_a_reset_that_fails_half_way_changes_nothing(
    course: Path, desk: Path, monkeypatch: pytest.MonkeyPatch, blocked: str, late: int
) -> None:
    lay(course, desk)
    (desk / LESSON).write_bytes(b"mine")
    real, calls = getattr(os, blocked), itertools.count()

    def full(*given: object) -> None:
        if next(calls) == late:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(os, blocked, full)
        with pytest.raises(Trouble, match="The disk is full"):
            desks.reset(course, desk, "01")
    assert sorted(path.name for path in (desk / "notebooks").iterdir()) == ["01_leaks.ipynb", "data"]
    assert left(desk) == {"01_leaks.ipynb": b"mine"}


@pytest.mark.parametrize(("moment", "late"), [("fsync", 0), ("replace", 0), ("replace", 1)])
def test_two_resets_at_once_lose_nothing(
    course: Path, desk: Path, monkeypatch: pytest.MonkeyPatch, moment: str, late: int
) -> None:
    """A second reset runs from its beginning to its end in the middle of the first one."""
    lay(course, desk)
    new = left(desk)["01_leaks.ipynb"]
    (desk / LESSON).write_bytes(b"mine")
    real, calls = getattr(os, moment), itertools.count()

    def second(*given: object) -> None:
        if next(calls) == late:
            monkeypatch.setattr(os, moment, real)
            desks.reset(course, desk, "01")
        real(*given)

    monkeypatch.setattr(os, moment, second)
    desks.reset(course, desk, "01")
    there = left(desk)
    assert there.pop("01_leaks.ipynb") == new
    assert list(there.values()) == [b"mine"], "under a name of its own, and nothing else is beside the lesson"


def test_a_lesson_that_disappears_during_its_reset_is_said_to_be_gone(
    course: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(course, desk)
    (desk / LESSON).write_bytes(b"mine")
    real = os.replace

    def late(*given: object) -> None:
        monkeypatch.setattr(os, "replace", real)
        (desk / LESSON).rename(desk / "taken.ipynb")
        real(*given)

    monkeypatch.setattr(os, "replace", late)
    with pytest.raises(Trouble, match=r"01_leaks\.ipynb was moved by another program just now: try again"):
        desks.reset(course, desk, "01")
    assert left(desk) == {} and (desk / "taken.ipynb").read_bytes() == b"mine"


def test_a_reset_leaves_the_glossary_that_a_class_has_filled_in(course: Path, desk: Path) -> None:
    (course / "notebooks/glossary.ipynb").write_bytes(executed())
    lay(course, desk)
    for path in ("notebooks/glossary.ipynb", LESSON):
        (desk / path).write_bytes(b"mine")
    desks.reset(course, desk, "01")
    assert lay(course, desk) == desks.Report()
    assert left(desk)["glossary.ipynb"] == left(desk)["01_leaks (edited).ipynb"] == b"mine"
