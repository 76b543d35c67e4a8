"""`classroom exercise`: an own exercise begins as an example that runs, and is proven like the kit's."""

from __future__ import annotations

import errno
import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from coursekit import small_kit

from classroom.cli import main
from classroom.course import Course
from classroom.making import make

ID = "leaks-x101"


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course, made once: the tests copy it."""
    with pytest.MonkeyPatch.context() as patched:
        root = tmp_path_factory.mktemp("ready")
        small_kit(root / "kit", patched, "leaks-x1")
        make(root / "week", "Pipes", "wt26-0a1b2c3d")
        yield root / "week"


@pytest.fixture
def course(ready: Path, tmp_path: Path) -> Iterator[Course]:
    yield Course.read(Path(shutil.copytree(ready, tmp_path / "week")))
    # Other tests know the kit's exercises alone.
    import_module("lessons.exercises.exercise")._exercises.pop(ID, None)
    sys.modules.pop("leaks_x101.check", None)


def command(course: Course, *words: str) -> int:
    return main(["exercise", *words, "--course", str(course.root)])


def test_the_example_is_proven_as_it_stands(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(course, ID) == 0
    assert command(course, ID, "--check") == 0
    said = capsys.readouterr().out
    assert "leaks-x101 passes." in said
    assert "1 of 1          2 of 2" in said


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("wrong_1_chains-close-travels.py", "RIGHT", "is wrong, but the check says correct"),
        ("right_1.py", "def halved(stream):\n    yield 1\n", "is right, but the check says wrong"),
        ("wrong_2_chains-close-travel.py", "halved = 1", "did you mean chains-close-travels?"),
    ],
)
def test_a_proof_that_fails_says_where(
    course: Course, capsys: pytest.CaptureFixture[str], name: str, text: str, said: str
) -> None:
    command(course, ID)
    folder = course.own / "solutions" / ID
    (folder / name).write_text((folder / "right_1.py").read_text() if text == "RIGHT" else text)
    assert command(course, ID, "--check") == 1
    assert said in capsys.readouterr().out


def test_a_rule_that_no_wrong_solution_reaches_is_named(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    command(course, ID)
    (course.own / "solutions" / ID / "wrong_2.py").unlink()
    assert command(course, ID, "--check") == 1
    said = capsys.readouterr().out
    assert (
        "leaks-x101: the rule “it yielded {came} for {given}.” does not apply to any of your wrong "
        "solutions." in said
    )


def test_a_solution_of_each_side_is_needed(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    command(course, ID)
    for path in (course.own / "solutions" / ID).glob("wrong*"):
        path.unlink()
    assert command(course, ID, "--check") == 1
    assert (
        "needs a solution wrong_1_BELIEF.py or wrong_1.py in own/solutions/leaks-x101"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("leaks-x1", "The kit has leaks-x1 already: take another number, such as leaks-x101."),
        (
            "sockets-x1",
            "'sockets-x1' is not an exercise's id: give an assignment (leaks), and -x101 or higher.",
        ),
        ("leaks", "'leaks' is not an exercise"),
    ],
)
def test_a_name_that_cannot_be_is_refused(
    course: Course, capsys: pytest.CaptureFixture[str], id: str, said: str
) -> None:
    assert command(course, id) == 1
    assert said in capsys.readouterr().err


def test_what_is_not_begun_says_how_to_begin(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(course, ID, "--check") == 1
    assert f"`classroom exercise {ID}` begins this exercise." in capsys.readouterr().err


def test_a_disk_that_is_full_leaves_no_half_example(
    course: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = Path.write_text

    def full(path: Path, text: str, **named: str) -> int:
        if path.suffix == ".py":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, text, **named)

    monkeypatch.setattr(Path, "write_text", full)
    assert command(course, ID) == 1
    assert "cannot be written: No space left on device." in capsys.readouterr().err
    monkeypatch.undo()
    assert command(course, ID) == 0


def test_nothing_is_overwritten(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    command(course, ID)
    (course.own / "leaks_x101/task.md").write_text("mine")
    assert command(course, ID) == 1
    assert "exists already, and is not overwritten" in capsys.readouterr().err
    assert (course.own / "leaks_x101/task.md").read_text() == "mine"


def test_a_check_that_cannot_be_imported_is_named(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    command(course, ID)
    (course.own / "leaks_x101/check.py").write_text("import no_such_module")
    assert command(course, ID, "--check") == 1
    assert "leaks_x101/check.py cannot be imported: ModuleNotFoundError" in capsys.readouterr().err
