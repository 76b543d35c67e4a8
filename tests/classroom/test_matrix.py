"""The command that proves the checks finds each way in which a check can go astray."""

from __future__ import annotations

from pathlib import Path

import pytest
from solutions import FOLDER

from classroom.cli import main
from classroom.matrix import matrix, picture, table
from classroom.solutions import solutions
from classroom.trouble import Trouble


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A copy of the solutions of one exercise, to be spoiled."""
    folder = tmp_path / "solutions" / "leaks-x1"
    folder.mkdir(parents=True)
    for path in (FOLDER / "leaks-x1").glob("*.py"):
        (folder / path.name).write_text(path.read_text())
    return folder


def test_solutions_and_check_agree(shelf: Path) -> None:
    [row] = matrix(shelf.parent, only=["leaks-x1"])
    assert row.astray == [] and row.stub == "missing"
    wrong = len(list(shelf.glob("wrong*")))
    assert f"{wrong} of {wrong}" in table([row])


def test_a_right_solution_that_is_refused_is_named(shelf: Path) -> None:
    next(iter(sorted(shelf.glob("wrong*")))).rename(shelf / "right_9.py")
    [row] = matrix(shelf.parent, only=["leaks-x1"])
    assert any(line.startswith("leaks-x1-right_9 is right, but the check says") for line in row.astray)


def test_a_wrong_solution_that_is_accepted_is_named(shelf: Path) -> None:
    (shelf / "wrong_9_leaks-exit-covers-enter.py").write_text((shelf / "right_1.py").read_text())
    [row] = matrix(shelf.parent, only=["leaks-x1"])
    assert row.astray == [
        "leaks-x1-wrong_9_leaks-exit-covers-enter is wrong, but the check says correct, no misconception. "
        "Its file name asks for leaks-exit-covers-enter."
    ]


def test_a_wrong_solution_under_another_name_is_named(shelf: Path) -> None:
    next(shelf.glob("wrong_12_*")).rename(shelf / "wrong_9_leaks-exit-covers-enter.py")
    [row] = matrix(shelf.parent, only=["leaks-x1"])
    assert any("wrong_9_leaks-exit-covers-enter is wrong, but the check says" in line for line in row.astray)


def test_a_belief_is_named_or_the_file_name_says_that_it_is_not(shelf: Path) -> None:
    [stays] = shelf.glob("wrong_12_*")
    stays.rename(stays.with_stem(f"{stays.stem}_unnamed"))
    [row] = matrix(shelf.parent, only=["leaks-x1"])
    [said] = [line for line in row.astray if "wrong_12" in line]
    assert said.endswith("leaks-except-is-enough. Its file name asks for no misconception."), said


def test_an_aspect_that_nothing_fails_is_named(shelf: Path) -> None:
    for path in shelf.glob("wrong*"):
        path.unlink()
    [row] = matrix(shelf.parent, only=["leaks-x1"])
    assert sum("no wrong solution fails" in line for line in row.astray) == len(row.exercise.aspects)


NAMELESS = ["good.py", "right_1_leaks-x.py", "wrong_leaks-traceback-keeps.py"]


@pytest.mark.parametrize("name", NAMELESS)
def test_a_file_must_say_what_it_is(shelf: Path, name: str) -> None:
    (shelf / name).write_text("")
    with pytest.raises(Trouble, match=r"right_1\.py, wrong_1_BELIEF\.py"):
        solutions(shelf.parent)


def test_the_command_prints_draws_and_fails_when_something_is_astray(
    shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "matrix.svg"
    command = ["matrix", "leaks-x1", "--solutions", str(shelf.parent)]
    assert main([*command, "--picture", str(drawn)]) == 0
    assert "leaks-x1" in capsys.readouterr().out and "leaks-traceback-keeps" in drawn.read_text()
    (shelf / "right_9.py").write_text("copy_readings = 3")
    assert main(command) == 1
    assert "right_9 is right, but the check says wrong" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["leaks-x99"], ["--solutions", "nowhere"]])
def test_what_is_not_there_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", *words]) == 1
    assert words[-1] in capsys.readouterr().err


def test_the_picture_is_the_same_each_time(tmp_path: Path) -> None:
    rows = matrix(FOLDER, only=["leaks-x1"])
    for name in ("a.png", "b.png"):
        picture(rows, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
