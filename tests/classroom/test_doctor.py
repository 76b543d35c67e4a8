"""`classroom doctor`: what holds, what does not, and how to mend it."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from classroom import doctor
from classroom import sandbox as sandboxes
from classroom.cli import main
from classroom.doctor import PROBES, SETTINGS, Probed, mending
from classroom.sandbox import MIB, Limits, Sandbox, available

can, why = available()
needs_walls = pytest.mark.skipif(not can, reason=why)


@needs_walls
def test_where_all_holds_it_says_so_line_by_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # How much memory is free here is not what is tested.
    monkeypatch.setattr(doctor, "_room", lambda: Probed("enough memory is free"))
    assert main(["doctor"]) == 0
    first, *lines, last = capsys.readouterr().out.splitlines()
    assert "can grade safely" in first and "can run here" in last
    assert all(line.startswith("  ok  ") for line in lines), lines
    assert [line[6:] for line in lines if line[6:] in PROBES] == list(PROBES)
    assert "CLASSROOM_DOCTOR" not in os.environ


@pytest.mark.deep
def test_without_walls_it_names_each_one_that_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Open(Sandbox):
        def __init__(self, files: Any = None, limits: Limits | None = None) -> None:
            super().__init__(files, limits, sandboxed=False)

    monkeypatch.setattr(doctor, "Sandbox", Open)
    monkeypatch.setattr(sandboxes, "available", lambda: (True, ""))
    # These take what they can get: without a limit that is the machine's.
    greedy = {"its processes are limited", "its memory is limited", "its disk is limited"}
    monkeypatch.setattr(doctor, "PROBES", {name: code for name, code in PROBES.items() if name not in greedy})
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    for name in ("it has no network", "it sees no files but its own", "it sees no processes but its own"):
        assert f"  NO  {name}: this is not so here (it printed " in out
    assert "To fix it: do not grade on this machine" in out
    assert "fix that first, then grade" in out


def test_it_stops_where_no_sandbox_starts_and_says_how_to_mend(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandboxes, "available", lambda: (False, "The sandbox needs the program bwrap."))
    monkeypatch.setattr(sandboxes, "version", lambda: ())
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "  NO  The sandbox needs the program bwrap."
    assert "apt install bubblewrap" in lines[3]
    assert lines[4] == "1 of these has failed: fix that first, then grade."


def test_a_kernel_that_does_not_start_is_a_finding(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandboxes, "available", lambda: (True, ""))
    monkeypatch.setattr(sandboxes, "_path", lambda program: "/bin/false")
    assert main(["doctor"]) == 1
    assert "  NO  The kernel does not start: it gave no reason." in capsys.readouterr().out


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "installed", missing)
    found = doctor._packages()
    assert (found.holds, found.what) == (False, "nbgrader is not installed")
    assert "pip install -c constraints.txt -e '.[classroom]'" in found.mend


@pytest.mark.parametrize(("free", "holds"), [(2048, False), (2048 * 1024, True)])
def test_too_little_memory_for_all_processors_is_said(
    free: int, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Memory:
        available = free * MIB

    monkeypatch.setattr(doctor.psutil, "virtual_memory", Memory)
    monkeypatch.setattr(doctor.os, "cpu_count", lambda: 8)
    found = doctor._room()
    assert found.holds is holds
    assert holds or "--workers 1" in found.mend


# How to mend it.


@pytest.fixture
def linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """What is advised on a Linux whose settings lie in `tmp_path`, with a bubblewrap that is new enough."""
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    monkeypatch.setattr(sandboxes, "version", lambda: (0, 8, 0))
    return lambda: mending(tmp_path / "proc/sys", tmp_path)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_the_system_that_forbids_it_is_found(
    name: str, tmp_path: Path, linux: Callable[[], str]
) -> None:
    setting = tmp_path / "proc/sys" / name
    setting.parent.mkdir(parents=True)
    forbidding, advice = SETTINGS[name]
    setting.write_text(f"{forbidding}\n")
    assert linux() == advice
    setting.write_text("1\n" if forbidding == "0" else "0\n")
    assert linux() == doctor.OTHERWISE


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_a_container_is_found(mark: str, tmp_path: Path, linux: Callable[[], str]) -> None:
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    assert linux() == doctor.CONTAINER


def test_an_old_bubblewrap_is_found(linux: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandboxes, "version", lambda: (0, 6, 1))
    assert "bubblewrap 0.8 or newer" in linux()


def test_another_system_is_told_where_to_grade(
    linux: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.sys, "platform", "darwin")
    assert linux().startswith("grade on Linux")
