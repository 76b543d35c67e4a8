"""A course and all in it are for its owner alone, or also for one named group."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import coursework
import gradings
import pytest
from coursekit import small_kit
from coursework import IDS

from classroom.cli import main
from classroom.private import settle

grp = pytest.importorskip("grp")


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(root: Path) -> set[tuple[bool, int]]:
    """For each file and folder of a course: whether it is a folder, and its mode."""
    return {(path.is_dir(), stat.S_IMODE(path.lstat().st_mode)) for path in [root, *root.rglob("*")]}


def test_a_new_course_is_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_kit(tmp_path / "kit", monkeypatch, "leaks-x1")
    root = tmp_path / "week"
    assert main(["course", str(root), "--term", "wt26-0a1b2c3d"]) == 0
    assert modes(root) == {(True, 0o700), (False, 0o600)}
    assert os.umask(0o022) == 0o022, "the umask of whoever runs it is as before"


def test_what_a_command_writes_is_for_the_owner_alone(tmp_path: Path) -> None:
    course = coursework.make(tmp_path / "course")
    gradings.enter(course, "ada", {IDS[0]: 1})
    settle(course.root)
    for words in (["export"], ["feedback"], ["report"]):
        assert main([*words, "--course", str(course.root)]) == 0
    assert modes(course.root) == {(True, 0o700), (False, 0o600)}


def test_a_course_that_others_can_open_is_closed(tmp_path: Path) -> None:
    course = coursework.make(tmp_path / "course")
    gradings.enter(course, "ada", {IDS[0]: 1})
    course.root.chmod(0o755)
    assert main(["export", "--course", str(course.root)]) == 0
    assert stat.S_IMODE(course.root.stat().st_mode) == 0o700


def test_a_group_shares_it_and_what_is_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_kit(tmp_path / "kit", monkeypatch, "leaks-x1")
    root, group = tmp_path / "week", grp.getgrgid(os.getgid()).gr_name
    assert main(["course", str(root), "--term", "wt26-0a1b2c3d", "--group", group]) == 0
    assert main(["exercise", "leaks-x101", "--course", str(root)]) == 0
    assert modes(root) == {(True, 0o2770), (False, 0o660)}


def test_a_group_that_is_unknown_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_kit(tmp_path / "kit", monkeypatch, "leaks-x1")
    assert main(["course", str(tmp_path / "week"), "--group", "no-such-group"]) == 1
    said = capsys.readouterr().err
    assert "This machine has no group 'no-such-group'. You are in: " in said
    assert not (tmp_path / "week").exists()
