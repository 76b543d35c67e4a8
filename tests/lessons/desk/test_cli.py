"""The command line: what it takes, and one sentence where it stops."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lessons.desk import cli, server
from lessons.desk import workcopy as desk
from lessons.desk.workcopy import Trouble


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """The calls of `serve`, which does not start here."""
    calls: list[tuple] = []
    monkeypatch.setattr(server, "serve", lambda *given, **named: calls.append((*given, named)))
    return calls


@pytest.mark.parametrize("port", ["0", "65536", "-1", "80.5", "eight", "", "８０"])  # noqa: RUF001
def test_what_is_no_port_is_refused_by_name(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["lab", f"--port={port}"])
    assert ended.value.code == 2
    assert "is not a port: give a whole number from 1 to 65535" in capsys.readouterr().err


def test_without_a_command_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_lab_lays_the_desk_and_opens_the_first_lesson(
    tmp_path: Path, served: list[tuple], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["lab", "--desk", str(tmp_path / "a desk"), "--port", "9000", "--no-browser"]) == 0
    first = desk.lessons(desk.course())[0]
    assert served == [(tmp_path / "a desk", first, 9000, {"browser": False})]
    assert (tmp_path / "a desk" / first).is_file()
    assert "Copied" in capsys.readouterr().out


def test_desk_lays_the_copy_starts_nothing_and_says_so(
    tmp_path: Path, served: list[tuple], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, first = tmp_path / "a desk", desk.lessons(desk.course())[0]
    assert cli.main(["desk", str(folder)]) == 0
    ends = f"Your desk is {folder}: begin with {first}.\n"
    assert re.fullmatch(r"Copied \d+ files to the desk\.\n" + re.escape(ends), capsys.readouterr().out)
    laid = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert cli.main(["desk", str(folder)]) == 0
    assert capsys.readouterr().out == f"Every file is up to date.\n{ends}"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == laid
    assert served == []


def test_desk_keeps_an_edit_and_brings_back_a_lost_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, *_ = desk.lessons(desk.course())
    assert cli.main(["desk", str(tmp_path)]) == 0
    (tmp_path / first).write_text("mine")
    (tmp_path / second).unlink()
    capsys.readouterr()
    assert cli.main(["desk", str(tmp_path)]) == 0
    assert (tmp_path / first).read_text() == "mine" and (tmp_path / second).is_file()
    assert "Copied 1 file to the desk." in capsys.readouterr().out


def test_desk_without_a_folder_is_the_one_beside_the_lessons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(desk, "course", lambda: tmp_path)
    assert cli.main(["desk"]) == 0
    assert capsys.readouterr().out == f"Every file is up to date.\nYour desk is {tmp_path / 'desk'}.\n"


@pytest.mark.parametrize("folder", [".", "notebooks/mine", "a file"])
def test_desk_refuses_the_course_itself_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/data.csv").touch()
    (tmp_path / "a file").touch()
    monkeypatch.setattr(desk, "course", lambda: tmp_path)
    assert cli.main(["desk", str(tmp_path / folder)]) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("lifecycle: ") and said.err.count("\n") == 1
    assert "belongs to the course itself" in said.err or "is a file" in said.err


def test_a_relative_desk_is_meant_from_the_current_folder(
    tmp_path: Path, served: list[tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["lab", "--desk", "mine"]) == 0
    assert served[0][0] == tmp_path / "mine"


def test_a_tilde_stands_for_the_home_folder(
    tmp_path: Path, served: list[tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert cli.main(["lab", "--desk", "~/mine"]) == 0
    assert served[0][0] == tmp_path / "mine"


def test_trouble_is_one_sentence_and_exit_code_1(
    served: list[tuple], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Path:
        raise Trouble("The lessons are not here.")

    monkeypatch.setattr(desk, "course", refuse)
    assert cli.main(["lab"]) == 1
    assert capsys.readouterr().err == "lifecycle: The lessons are not here.\n"


def test_ctrl_c_before_lab_runs_is_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "serve", interrupted)
    assert cli.main(["lab", "--desk", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "\nlifecycle: stopped.\n"


def test_without_its_notebooks_the_package_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "__file__", str(tmp_path / "site-packages/lessons/desk/workcopy.py"))
    with pytest.raises(Trouble, match=r"not beside the package.*pip install -e \."):
        desk.course()


def test_help_needs_no_jupyter(tmp_path: Path) -> None:
    probe = (
        "import sys; from lessons.desk import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {name for name in sys.modules if name.startswith(('jupyter', 'nbformat', 'tornado'))}"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=60, capture_output=True, cwd=tmp_path)
