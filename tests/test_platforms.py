"""The lessons where a system lacks what Linux has: a fork, limits, signals, users, a UTF-8 console."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lessons.desk import workcopy
from lessons.desk.workcopy import Trouble

COURSE = Path(__file__).resolve().parents[1]
RIGHT = COURSE / "exercises/solutions"

# Takes away what a system does not have, once the standard library and Jupyter's packages are imported: they
# look at the system themselves.
FAKED = """
import asyncio, contextlib, ctypes, gc, json, multiprocessing, os, pathlib, select, shutil, signal, socket
import subprocess, sys, tempfile, threading, webbrowser
import anywidget, IPython, ipywidgets, nbformat, platformdirs, psutil, sqlalchemy
import sqlalchemy.dialects.sqlite.pysqlite, sqlalchemy.pool

MISSING = {
    "win32": {
        os: "fork forkpty getuid geteuid getgid getpgid setsid killpg fchmod fchown chown mkfifo uname "
            "getpgrp",
        signal: "SIGALRM SIGKILL SIGHUP SIGUSR1 SIGCHLD setitimer alarm pause pthread_sigmask",
        socket: "AF_UNIX socketpair",
    },
    "darwin": {os: "fork forkpty sched_getaffinity memfd_create"},
}
MODULES = {"win32": ["resource", "fcntl", "pwd", "grp", "termios", "tty", "pty"], "darwin": []}
HIDDEN = {"win32": ("/proc", "/dev"), "darwin": ("/proc",)}
system = sys.argv[1]
for module, names in MISSING[system].items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
for name in MODULES[system]:
    sys.modules[name] = None
if system == "win32":
    class NoPipes:
        def __getattr__(self, name):
            raise AssertionError(f"select.{name} is asked: on Windows it takes sockets only")
    select = sys.modules["select"] = NoPipes()

def hidden(path):
    return isinstance(path, str) and path.startswith(HIDDEN[system])

looking = []

def guarded(event, given):
    if looking:
        return
    if event in ("open", "os.listdir") and hidden(given[0]) and given[0] != os.devnull:
        raise FileNotFoundError(2, "there is none on this system", given[0])

unlink = os.unlink

def refused(path, **options):
    # Windows deletes no file that a process has open.
    looking.append(path)
    try:
        numbers = os.listdir("/proc/self/fd")
        is_open = os.path.realpath(path) in {os.path.realpath(f"/proc/self/fd/{one}") for one in numbers}
    finally:
        looking.pop()
    if is_open:
        raise PermissionError(13, "The process cannot access the file", path)
    unlink(path, **options)

if system == "win32":
    os.unlink = os.remove = refused
    shutil._use_fd_functions = False
sys.addaudithook(guarded)
isdir = os.path.isdir
os.path.isdir = lambda path: not hidden(path) and isdir(path)
sys.platform = system
"""

# What a student does: each lab and each kind of check, at the same sentences as on Linux.
WALK = """
from lessons import check, environment, predict
from lessons.exercises import exercises
from lessons.judge import home, trial
from lessons.lab.experiments.leak import LeakSettings, leak
from lessons.lab.experiments.weatherpool import WeatherPool

assert not trial.can_copy()
print(environment())
print(predict("leaks-p1", "C"))
for id in ("leaks-x1", "leaks-x4", "descriptors-x1", "chains-x1"):
    names = {"__name__": "__main__"}
    lesson = id.partition("-")[0]
    for path in (f"src/lessons/exercises/assignments/{lesson}.py", f"exercises/solutions/{id}/right_1.py"):
        exec(pathlib.Path(sys.argv[2], path).read_text(encoding="utf-8"), names)
    verdict = check(id, names[exercises()[id].answer])
    print("CHECKED", id, verdict.status, [one.name for one in verdict.aspects if one.unchecked])
for resource in ("pool", "files") if system == "win32" else ("pool",):
    print("LEAKED", leak(LeakSettings(resource=resource, cycles=2)).text())
weather = WeatherPool()
leaked = weather.engine.connect()
leaked.exec_driver_sql("CREATE TABLE days (day)")
weather.close()
assert not home._idle, "a judge of its own is started, although its host cannot be a copy"
"""


def walked(system: str, program: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", FAKED + program, system, str(COURSE), *options],
        capture_output=True, timeout=200, cwd=COURSE / "notebooks", encoding="utf-8", errors="replace",
        env=os.environ | environment,
    )  # fmt: skip


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_a_student_predicts_checks_and_uses_a_lab(tmp_path: Path, system: str) -> None:
    done = walked(system, WALK, LIFECYCLE_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "MISSING" not in done.stdout
    # Said once, by the check of the environment.
    assert re.sub(r"\s+", " ", done.stdout).count("nothing limits its memory") == 1
    assert "Your prediction: C (sure)." in done.stdout
    checked = re.findall(r"CHECKED (\S+) (\w+)", done.stdout)
    assert checked == [(id, "correct") for id in ("leaks-x1", "leaks-x4", "descriptors-x1", "chains-x1")]
    said = re.sub(r"\s+", " ", done.stdout)
    assert said.count("a check cannot try a full disk. Grading tries it, on Linux.") == 1
    assert said.count("a check cannot see which files are open.") == (system == "win32")
    labs = done.stdout.split("LEAKED ")[1:]
    assert "2 of 20 pool slots held" in labs[0]
    assert len(labs) == 1 or "Choose the pool: it runs here." in labs[1]


def test_a_console_of_an_older_windows_shows_each_sentence(tmp_path: Path) -> None:
    # Such a console has no ✓ and no Ł: they are shown as their numbers, and nothing stops.
    desk = tmp_path / "Łódź ✓"
    done = subprocess.run(
        [sys.executable, "-m", "lessons.desk.cli", "desk", str(desk)],
        capture_output=True, timeout=200, env=os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"\\u0141\xf3d" in done.stdout and (desk / "notebooks").is_dir()


def test_a_file_that_another_program_has_open_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: object, target: object) -> None:
        raise PermissionError(13, "Access is denied", str(source))

    (tmp_path / "days.csv").write_text("mine")
    monkeypatch.setattr(workcopy.os, "replace", refuse)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(Trouble, match=r"days\.csv is open in another program: close it there"):
        workcopy.write(tmp_path / "days.csv", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["days.csv"]
