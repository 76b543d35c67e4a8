"""The tests on other Pythons: each is found where it is, and a missing one is said and stops nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from toolbox import load

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool on a machine without any Python."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return load("other_pythons")


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_python_is_found_on_the_path_and_in_pyenv(tool: ModuleType, tmp_path: Path) -> None:
    assert tool.found(HERE) is None
    kept = program(tmp_path / f"pyenv/versions/{HERE}.7/bin/python", f'exec "{sys.executable}" "$@"')
    assert tool.found(HERE) == str(kept)
    # What pyenv puts on the path for a version that is not chosen.
    shim = program(tmp_path / f"bin/python{HERE}", "echo pyenv: command not found >&2; exit 127")
    assert tool.found(HERE) == str(kept)
    program(shim, f'exec "{sys.executable}" "$@"')
    assert tool.found(HERE) == str(shim)


@pytest.fixture
def ran(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Each Python is there. What was started in its environment, which fails on 3.12 if it is a test."""
    found: list[tuple[str, ...]] = []

    def started(python: str, version: str, *command: str) -> SimpleNamespace:
        found.append((python, command[1]))
        return SimpleNamespace(wait=lambda: int(version == "3.12" and command[1] == "-m"))

    monkeypatch.setattr(tool, "found", lambda version: f"python{version}")
    monkeypatch.setattr(tool, "in_env", started)
    return found


def test_a_missing_python_is_said_and_the_others_are_tested(
    tool: ModuleType,
    ran: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tool, "found", lambda version: None if version == "3.12" else f"python{version}")
    assert tool.main([]) == 0
    assert ran == [("python3.13", "-V"), ("python3.13", "-m")]
    assert capsys.readouterr().out.startswith("There is no Python 3.12 here, so nothing was tested on it.\n")


def test_all_environments_are_made_at_once_and_a_failure_on_one_python_is_the_tools(
    tool: ModuleType, ran: list[tuple[str, ...]]
) -> None:
    assert tool.main([]) == 1
    assert ran == [("python3.12", "-V"), ("python3.13", "-V"), ("python3.12", "-m"), ("python3.13", "-m")]
    assert tool.main(["3.13"]) == 0


def test_a_version_without_tests_is_named(tool: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"no tests for Python 3\.9: name 3\.12 or 3\.13, or none"):
        tool.main(["3.9", "3.12"])
