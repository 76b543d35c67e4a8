"""What a class has learnt: true numbers from exports, no names, and no file that stops it."""

from __future__ import annotations

from pathlib import Path

import pytest

from classroom import learning
from classroom.cli import main
from classroom.learning import gained, students
from lessons.study.journal import Journal, read_file
from lessons.study.pairs import AFTER, BEFORE, UNKNOWN, answers, pairs
from lessons.study.questions import RIGHT


def answer(journal: Journal, when: str, right: set[int]) -> None:
    for pair in pairs():
        journal.add("answer", pair.asked(when).id, RIGHT if pair.point in right else UNKNOWN)


def export(folder: Path, name: str, before: set[int] | None, after: set[int] | None) -> Path:
    journal = Journal(folder.parent / f"home-{name}")
    for when, right in ((BEFORE, before), (AFTER, after)):
        if right is not None:
            answer(journal, when, right)
    journal.export(folder / f"{name}.jsonl")
    return folder / f"{name}.jsonl"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six students answered both times: two were right on point 1 before, five after. One answered once."""
    made = tmp_path / "handed-in"
    made.mkdir()
    for number in range(6):
        export(made, f"ann-{number}", {1} if number < 2 else {2}, {1, 2} if number < 5 else set())
    export(made, "bob", {1}, None)
    return made


def test_the_gain_is_shown_by_key_point_without_names(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--learning", str(folder), "--to", str(folder.parent / "out")]) == 0
    shown = capsys.readouterr().out
    assert "7 exports. 6 students answered the nine questions before and after the course." in shown
    rows = {line.split(".")[0].strip(): line.split()[-6:] for line in shown.splitlines()}
    assert (
        rows["1"] == ["6", "33", "%", "83", "%", "+50"] and rows["2"][-1] == "+16" and rows["9"][-1] == "+0"
    )
    assert "ann" not in shown and "bob" not in shown
    table = (folder.parent / "out" / "learning.csv").read_text("utf-8")
    assert "1. Leaks,6,33 %,83 %,+50" in table and len(table.splitlines()) == 10


def test_two_files_of_one_student_count_once_and_the_newer_one_adds(folder: Path) -> None:
    early = export(folder, "carl", {1}, None)
    journal = Journal(folder.parent / "home-carl")
    answer(journal, AFTER, {1, 2})
    (folder / "again").mkdir()
    journal.export(folder / "again" / "carl.jsonl")
    events = [read_file(path)[0] for path in (early, folder / "again" / "carl.jsonl")]
    for files in (events, events[::-1], [events[1], events[0], events[1]]):
        (one,) = students(files)
        assert gained([answers(one)])[0] == learning.Gained("1. Leaks", 1, 1, 1)


def test_fewer_than_five_are_not_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (4, 5):
        (folder / f"ann-{number}.jsonl").unlink()
    assert main(["report", "--learning", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "Fewer than 5 students answered" in shown
    assert "%" not in shown.replace("percentage", "") and shown.count("<5") == 9


def test_a_broken_file_is_named_and_stops_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "torn.jsonl").write_bytes(b"\xff\xfe{ half")
    (folder / "old.jsonl").write_text('{"version": 1, "at": "1", "event": "answer", "id": "after-1"}\n' * 3)
    (folder / "deep.jsonl").mkdir()
    whole = folder / "ann-0.jsonl"
    whole.write_bytes(whole.read_bytes() + b'{"version": 2, "at"')
    strange = '{"version": 2, "at": "1", "event": "answer", "id": "before-1", "option": "of-tomorrow"}\n'
    (folder / "strange.jsonl").write_text(strange)
    assert main(["report", "--learning", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "6 students" in shown and "+50" in shown
    assert "torn.jsonl: set aside (not a whole line of JSON). The file does not count." in shown
    assert "old.jsonl: set aside (3 lines of version 1, but this kit reads version 2). The file" in shown
    assert "deep.jsonl: set aside (cannot be read" in shown
    assert "ann-0.jsonl: set aside (not a whole line of JSON). The rest of it counts." in shown


def test_a_folder_without_exports_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for there in (tmp_path, tmp_path / "nowhere"):
        assert main(["report", "--learning", str(there)]) == 1
        assert f"There is no export in {there}" in capsys.readouterr().err
