"""The command `classroom`: a table of commands, one sentence for what stops one, and its exit code."""

from __future__ import annotations

import argparse
import errno
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from classroom import cli
from classroom.cli import COMMANDS, main
from classroom.trouble import Trouble

THERE = [name for name, (module, _) in COMMANDS.items() if find_spec(module)]


def commanding(monkeypatch: pytest.MonkeyPatch, run: Callable[[argparse.Namespace], int]) -> None:
    """Make `classroom doctor` do this instead."""

    def configure(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--times", type=int, default=1)

    monkeypatch.setattr(cli, "import_module", lambda name: SimpleNamespace(configure=configure, run=run))


def test_the_exit_code_is_the_commands_own(monkeypatch: pytest.MonkeyPatch) -> None:
    commanding(monkeypatch, lambda given: given.times)
    assert main(["doctor"]) == 1
    assert main(["doctor", "--times", "7"]) == 7


def test_trouble_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(given: argparse.Namespace) -> int:
        raise Trouble("There is no course here.")

    commanding(monkeypatch, run)
    assert main(["doctor"]) == 1
    assert capsys.readouterr() == ("", "classroom: There is no course here.\n")


def test_an_interrupt_is_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(given: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    commanding(monkeypatch, run)
    assert main(["doctor"]) == 130
    assert capsys.readouterr() == ("", "\nclassroom: stopped.\n")


def test_a_disk_that_refuses_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(given: argparse.Namespace) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", "week5/grades.csv")

    commanding(monkeypatch, run)
    assert main(["doctor"]) == 1
    wanted = "classroom: week5/grades.csv: No space left on device. Everything done before is kept;"
    assert capsys.readouterr().err.startswith(wanted)


def test_an_error_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(given: argparse.Namespace) -> int:
        raise ZeroDivisionError

    commanding(monkeypatch, run)
    with pytest.raises(ZeroDivisionError):
        main(["doctor"])


@pytest.mark.parametrize("words", [[], ["grades"], ["doctor", "--unknown"]])
def test_a_wrong_command_line_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert "usage: classroom" in capsys.readouterr().err


@pytest.mark.parametrize("name", THERE)
def test_each_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    out = capsys.readouterr().out
    assert out.startswith(f"usage: classroom {name}")
    assert re.search(r"\n\n[A-Z`].*\.\n", out, re.DOTALL), "a description that ends as a sentence"


@pytest.mark.parametrize("name", THERE)
def test_each_command_has_what_the_table_promises(name: str) -> None:
    module = import_module(COMMANDS[name][0])
    assert callable(module.configure) and callable(module.run)


def test_help_lists_the_commands_and_imports_none_of_them() -> None:
    code = (
        "import sys; from classroom.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'nbgrader', 'zmq', 'distributed'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    *text, imported = done.stdout.splitlines()
    assert imported == "[]", done.stderr
    assert [line.split()[0] for line in text if re.match(r"    \w", line)] == THERE


def test_a_command_without_the_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError("No module named 'nbgrader'", name="nbgrader.api")

    monkeypatch.setattr(cli, "import_module", missing)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("classroom: `classroom doctor` needs nbgrader, which is not installed here:")
    assert "'.[classroom]'" in said


def test_a_module_of_ours_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError("No module named 'classroom.nowhere'", name="classroom.nowhere")

    monkeypatch.setattr(cli, "import_module", missing)
    with pytest.raises(ModuleNotFoundError):
        main(["doctor"])
