"""Each wall of the sandbox, held by an attack that runs in it, by root and by an ordinary user."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attacks
import psutil
import pytest
from attacks import LOUD, QUIET, Came, as_ordinary_user

import classroom
import lifecycle
from classroom import filter as filters
from classroom import sandbox as sandboxes
from classroom.execute import Kernel
from classroom.sandbox import MIB, Limits, Sandbox, available
from classroom.trouble import Trouble

TESTS = Path(__file__).resolve().parents[1]
# An ordinary user of root's making: where root runs this, both are tried.
WHO = ["whoever runs this", "an ordinary user"] if os.geteuid() == 0 else ["whoever runs this"]
OTHERS = [pytest.param(who, marks=pytest.mark.deep) for who in WHO[1:]]
BOTH = [WHO[0], *OTHERS]
"""Where a test of an ordinary user takes long, and is left to `make deep`."""

can, why = available()
needs_walls = pytest.mark.skipif(not can, reason=why)


def command(who: str, *words: str) -> list[str]:
    return [*words] if who == WHO[0] else as_ordinary_user(*words)


def attacked(*words: str) -> dict[str, Came]:
    """What came of attacks that an ordinary user had run."""
    done = subprocess.run(
        as_ordinary_user(sys.executable, str(TESTS / "attacks.py"), *words),
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"HOME": "/tmp", "TMPDIR": "/tmp"},
    )
    assert done.returncode == 0, done.stderr
    return {name: Came(**came) for name, came in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Paths that a grader has and a student must not see."""
    course = tmp_path_factory.mktemp("course")
    (course / "gradebook.db").write_bytes(b"grades")
    other = course / "submitted/somebody/leaks/leaks.ipynb"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    kit = Path(lifecycle.__file__).parents[2]
    return [
        str(course / "gradebook.db"),
        str(other),
        str(Path(classroom.__file__).parent),
        *(str(kit / name) for name in ("exercises", "tests", "pyproject.toml", ".git")),
        os.path.expanduser("~/.bashrc"),
        "/etc/shadow",
        "/etc/hostname",
        "/sys",
        "/var",
        "/run/user",
    ]


SHORT = ("a fork bomb", "no end, and no interrupt", "leaving at once, something left behind")
ENDED = [name if name in SHORT else pytest.param(name, marks=pytest.mark.deep) for name in LOUD]


@pytest.fixture(scope="module", params=BOTH)
def came(request: pytest.FixtureRequest, secrets: list[str]) -> dict[str, Came]:
    """What came of the quiet attacks, by name."""
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TO_BE_KEPT", "by the grader")
        port = listening.getsockname()[1]
        if request.param == WHO[0]:
            return attacks.quiet(port, secrets)
        return attacked("quiet", str(port), *secrets)


@needs_walls
@pytest.mark.parametrize("name", QUIET)
def test_the_sandbox_withstands(came: dict[str, Came], name: str) -> None:
    assert QUIET[name].holds(came[name]), came[name]


@needs_walls
@pytest.mark.parametrize("who", BOTH)
@pytest.mark.parametrize("name", ENDED)
def test_the_sandbox_ends(name: str, who: str) -> None:
    came = attacks.loud(name) if who == WHO[0] else attacked("loud", name)[name]
    assert LOUD[name].holds(came), came


@needs_walls
def test_the_graders_package_is_hidden_also_where_it_lies_among_the_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As installed from a wheel: a folder is shown that holds both packages, and here the solutions too.
    kit = str(Path(lifecycle.__file__).parents[2])
    own = sandboxes._Command._shown

    def shown(command: sandboxes._Command) -> list[tuple[str, str]]:
        room = str(Path(lifecycle.__file__).parent)
        return [pair for pair in own(command) if pair[1] != room] + [(kit, kit)]

    monkeypatch.setattr(sandboxes._Command, "_shown", shown)
    code = (
        "import os, lifecycle\n"
        "kit = os.path.dirname(os.path.dirname(os.path.dirname(lifecycle.__file__)))\n"
        "print([os.listdir(f'{kit}/{name}') for name in ('src/classroom', 'exercises')])\n"
        "print(len(os.listdir(f'{kit}/src/lifecycle')) > 3, os.access(f'{kit}/exercises', os.W_OK))"
    )
    with Sandbox() as sandbox:
        assert attacks.run(sandbox, code, 30).said == "[[], []]\nTrue False"


# What is left.

LEAVE_SOMETHING = (
    "import os, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        while True: time.sleep(1)\n"
    "    os._exit(0)\n"
    "os.wait()[0]"
)


def family(first: int) -> list[psutil.Process]:
    process = psutil.Process(first)
    return [process, *process.children(recursive=True)]


def eventually(holds: Callable[[], bool]) -> bool:
    for _ in range(400):
        if holds():
            return True
        time.sleep(0.05)
    return False


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@needs_walls
def test_nothing_lives_on_after_the_block() -> None:
    before = set(family(os.getpid()))
    with Sandbox() as sandbox:
        attacks.run(sandbox, LEAVE_SOMETHING, 30)
        started = set(family(os.getpid())) - before
        assert len(started) > 3, "bubblewrap, its first process, the kernel, and what it left behind"
    assert [process for process in started if not gone(process)] == []
    assert not sandbox.alive


@needs_walls
@pytest.mark.parametrize("who", WHO)
def test_nothing_lives_on_when_the_grader_is_killed(who: str) -> None:
    code = (
        f"import sys, os, time; sys.path.insert(0, {str(TESTS)!r})\n"
        "import attacks; from classroom.sandbox import Sandbox\n"
        f"with Sandbox() as sandbox:\n"
        f"    attacks.run(sandbox, {LEAVE_SOMETHING!r}, 30)\n"
        "    print(os.getpid(), flush=True); time.sleep(60)"
    )
    words = command(who, sys.executable, "-c", code)
    environment = os.environ | {"TMPDIR": "/tmp"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as grader:
        assert grader.stdout
        killed = int(grader.stdout.readline())
        started = [process for process in family(killed) if process.pid != killed]
        assert len(started) > 3
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: all(map(gone, started))), started


def test_memory_that_a_process_hides_counts_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "memory_full_info", hidden)
    assert sandboxes._memory(os.getpid()) >= psutil.Process().memory_info().rss // 2


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files; short, because sockets lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("sandboxed", [pytest.param(True, marks=needs_walls), False])
def test_no_file_and_no_descriptor_is_left(temporary: Path, sandboxed: bool) -> None:
    here = psutil.Process()

    def once() -> None:
        with Sandbox({"a.txt": b"a"}, sandboxed=sandboxed) as sandbox:
            assert "a" in attacks.run(sandbox, "print(open('a.txt').read())", 30).said

    once()
    before = here.num_fds(), here.num_threads()
    once()
    assert eventually(lambda: (here.num_fds(), here.num_threads()) <= before)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("sandboxed", [pytest.param(True, marks=needs_walls), False])
def test_a_long_temporary_folder_does_not_matter(
    sandboxed: bool, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of a socket may have 107 bytes, and such a folder has more."""
    long = temporary / ("a" * 100)
    long.mkdir()
    temporary.chmod(0o711)  # reachable by the user that root becomes
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    here = socket.socket(socket.AF_UNIX)
    with Sandbox({"a.txt": b"a"}, sandboxed=sandboxed) as sandbox, here:
        here.bind(sandbox.judge)
        assert "a" in attacks.run(sandbox, "print(open('a.txt').read())", 30).said


# As a kernel.


@contextlib.contextmanager
def running(sandbox: Sandbox) -> Iterator[Kernel]:
    client = sandbox.client()
    client.start_channels(stdin=False, hb=False)
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(sandbox, client, 2.0)
    finally:
        client.stop_channels()


@pytest.mark.deep
@needs_walls
def test_it_runs_inside_a_running_event_loop() -> None:
    async def inside() -> str:
        with Sandbox() as sandbox:
            return attacks.run(sandbox, "print(6 * 7)", 60).said

    assert asyncio.run(inside()) == "42"


@needs_walls
def test_a_loop_is_interrupted_and_the_kernel_goes_on() -> None:
    with Sandbox() as sandbox, running(sandbox) as kernel:
        ran = kernel.run("count = 1\nwhile True: count += 1", 2)
        assert (ran.end, ran.outputs[0]["ename"]) == ("too long", "KeyboardInterrupt")
        assert kernel.run("print(count > 1)", 60).outputs[0]["text"] == "True\n"


@needs_walls
def test_a_loop_that_ignores_interrupts_is_killed() -> None:
    code = "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except KeyboardInterrupt: pass"
    with Sandbox() as sandbox, running(sandbox) as kernel:
        assert sandbox.alive
        assert kernel.run(code, 1).end == "stuck"
        sandbox.kill()
        assert not sandbox.alive and sandbox.ended_by == ""


@needs_walls
def test_what_exercises_need_is_there() -> None:
    code = (
        "import sqlite3, tempfile, threading, subprocess, sys, socket, sqlalchemy, matplotlib.pyplot\n"
        "from lifecycle.sources import CsvSource\n"
        "with CsvSource('weather.csv') as source: print(list(source.stream()))\n"
        "print(subprocess.check_output([sys.executable, '-c', 'print(6 * 7)'], text=True))\n"
        "with socket.create_server(('127.0.0.1', 0)) as server:\n"
        "    with socket.create_connection(server.getsockname()): print('connected')\n"
        "engine = sqlalchemy.create_engine('sqlite:///work.db')\n"
        "with engine.begin() as connection: connection.exec_driver_sql('create table t (x)')\n"
        "open('result.csv', 'w').write('x'); print('kept')"
    )
    with Sandbox(attacks.FILES) as sandbox:
        came = attacks.run(sandbox, code, 60)
    assert came.said.split("\n") == [
        "[{'station': 'Zermatt', 'degrees': '-3'}]",
        "42",
        "",
        "connected",
        "kept",
    ]


# What is refused.


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../up", "a/../../b", "."])
def test_a_file_lies_in_the_working_folder_or_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a path inside the working folder"), Sandbox({name: b""}):
        pass


@needs_walls
@pytest.mark.parametrize(
    "limits", [Limits(memory=30 * MIB), Limits(open_files=3), Limits(processes=1)], ids=str
)
def test_a_kernel_that_cannot_start_says_so(limits: Limits) -> None:
    with (
        pytest.raises(Trouble, match=r"The kernel does not start: .+\. Run `classroom doctor`"),
        Sandbox({}, limits),
    ):
        pass


@pytest.mark.parametrize("program", ["bwrap", "prlimit", "setpriv"])
def test_a_missing_program_is_named(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    which = shutil.which
    monkeypatch.setattr(sandboxes.sys, "platform", "linux")
    monkeypatch.setattr(sandboxes.shutil, "which", lambda name: None if name == program else which(name))
    can, sentence = available()
    if program == "bwrap" or which("bwrap"):
        assert not can and f"the program {program}" in sentence and "install the package" in sentence


def test_another_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandboxes.sys, "platform", "darwin")
    assert available() == (False, "The sandbox needs Linux: its walls are the Linux kernel's.")


# Without walls.


def test_without_walls_it_is_the_same_kernel_with_an_environment_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TO_BE_KEPT", "by the grader")
    code = (
        "import os\nprint(sorted(os.listdir('.')), 'TO_BE_KEPT' in os.environ)\n"
        "print(os.environ['HOME'] == os.environ['TMPDIR'])"
    )
    with Sandbox({"a.txt": b"a"}, sandboxed=False) as sandbox:
        assert attacks.run(sandbox, code, 30).said == "['a.txt'] False\nTrue"


def test_without_walls_nothing_lives_on_either() -> None:
    with Sandbox(sandboxed=False) as sandbox:
        told = attacks.run(
            sandbox, LEAVE_SOMETHING.replace("os.wait()[0]", "os.wait(); print(os.getpid())"), 30
        )
        kernel = int(told.said)
        left = [each for each in psutil.process_iter() if _session_of(each, kernel)]
        assert left
    assert [process for process in left if not gone(process)] == []


def _session_of(process: psutil.Process, kernel: int) -> bool:
    """Whether the process is the kernel or runs the same command line: a fork of it."""
    try:
        return process.cmdline() == psutil.Process(kernel).cmdline()
    except psutil.Error:
        return False


@pytest.mark.deep
def test_without_walls_time_is_a_limit_too() -> None:
    with Sandbox(limits=Limits(seconds=3.0), sandboxed=False) as sandbox:
        came = attacks.run(sandbox, "while True: pass", 30)
    assert (came.alive, came.ended_by) == (False, "time")


# The filter of system calls.


def refused(machine: str, architecture: int, number: int) -> bool:
    """Run the filter as the kernel does: does the call fail?"""
    program = filters.program(machine)
    steps = [filters.struct.unpack("=HBBI", program[at : at + 8]) for at in range(0, len(program), 8)]
    at, loaded = 0, 0
    while True:
        code, if_so, if_not, value = steps[at]
        at += 1
        if code == 0x20:
            loaded = {0: number, 4: architecture}[value]
        elif code == 0x06:
            return bool(value != 0x7FFF0000)
        else:
            at += if_so if (loaded == value if code == 0x15 else loaded >= value) else if_not


@pytest.mark.parametrize(("machine", "architecture"), [("x86_64", 0xC000003E), ("aarch64", 0xC00000B7)])
def test_the_filter_refuses_its_calls_and_no_others(machine: str, architecture: int) -> None:
    numbers = {calls[("x86_64", "aarch64").index(machine)] for calls in filters.REFUSED.values()}
    assert {number for number in range(1000) if refused(machine, architecture, number)} == numbers
    assert refused(machine, 0x40000003, 0), "calls in another machine's numbering"
    assert refused(machine, architecture, 0x40000000), "calls in a second numbering"
