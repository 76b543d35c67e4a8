"""A judge in a process of its own: it judges as one here does, and it ends with its kernel."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from solutions import solutions

from lessons.exercises import Variant, exercises
from lessons.judge import home, host
from lessons.judge.home import Server, connected, judged, show_outside
from lessons.judge.host import Copy, Stuck, hello
from lessons.judge.trial import examine
from lessons.judge.verdict import Verdict

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a copy of the kernel needs Linux")

ONE = exercises()["leaks-x1"]
RIGHT = next(one for one in solutions("leaks-x1") if one.right)
WRONG = next(one for one in solutions("leaks-x1") if not one.right)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A judge's process for these tests: what one of them sends may not harm the next."""
    made = Server()
    yield made
    made.end()


@pytest.fixture
def at_home() -> Iterator[None]:
    """No judge beside this process, neither before the test nor after it."""
    home.end()
    yield
    home.end()


def shown(
    server: Server, answer: object, seed: str = "", exercise: str = "leaks-x1", own: str = ""
) -> Verdict:
    """The verdict of the server on an answer."""
    server.ask(exercise, "kit", seed, own)
    with contextlib.closing(Copy(answer, lambda: connected(server.place), server.descriptors)):
        return server.verdict()


@pytest.mark.parametrize("solution", [RIGHT, WRONG], ids=str)
def test_its_verdict_is_the_one_of_a_judge_here(server: Server, solution: Any) -> None:
    here = examine(ONE, solution.answer(), Variant(), "7")
    assert shown(server, solution.answer(), "7") == here


def test_one_process_judges_one_answer_after_the_other(server: Server) -> None:
    found = [shown(server, one.answer()).points for one in (RIGHT, WRONG, RIGHT)]
    assert found[0] == found[2] == ONE.worth > found[1]


def test_a_host_that_ends_in_the_middle_gets_a_verdict(server: Server) -> None:
    found = shown(server, lambda source, sink: os._exit(3))
    assert found.points == 0 and "ended during the check" in found.aspects[0].seen
    assert shown(server, RIGHT.answer()).points == ONE.worth


def raw(server: Server, send: Callable[[socket.socket], None]) -> Verdict:
    """The verdict on a host that sends what it likes."""
    server.ask("leaks-x1", "kit")
    with connected(server.place) as wire:
        send(wire)
        return server.verdict()


@pytest.mark.parametrize("data", [b"", b"\0\0\0\2hi", b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_host_that_does_not_keep_to_the_protocol_gets_one_at_once(server: Server, data: bytes) -> None:
    def send(wire: socket.socket) -> None:
        wire.sendall(data)
        wire.shutdown(socket.SHUT_WR)

    assert raw(server, send).points == 0


def test_a_second_host_finds_no_judge(server: Server) -> None:
    def send(wire: socket.socket) -> None:
        for _ in range(100):
            try:
                connected(server.place).close()
            except (FileNotFoundError, ConnectionRefusedError):
                return
            time.sleep(0.01)
        raise AssertionError("the second host found a judge")

    raw(server, send)


def test_a_copy_that_waits_for_a_host_ends_with_its_server() -> None:
    made = Server()
    made.ask("leaks-x1", "kit")
    process = psutil.Process(made.process)
    while not (copies := process.children()):
        time.sleep(0.01)
    process.kill()  # its input stays open, as when another process has inherited it
    psutil.wait_procs(copies, 10)
    assert not any(one.is_running() for one in copies)
    made.end()


def test_a_long_temporary_folder_stops_no_check(
    at_home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of a socket may have 107 bytes, and such a folder has more."""
    long = tmp_path / ("a" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    monkeypatch.setenv("TMPDIR", str(long))
    assert judged(ONE, RIGHT.answer(), Variant()).points == ONE.worth


def test_what_was_asked_can_be_taken_back(server: Server) -> None:
    server.ask("leaks-x1", "kit")
    server.stop()
    found = server.verdict()
    assert (found.status, found.belief) == ("not judged", ""), "and nothing is blamed"
    assert found.unjudged == "The judge was not shown an answer."
    assert not Path(server.place).exists()
    assert shown(server, RIGHT.answer()).points == ONE.worth


def test_what_a_judgement_needs_of_the_disk_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as place:  # a short path, because a socket is in it
        monkeypatch.setenv("TMPDIR", place)
        monkeypatch.setattr("tempfile.tempdir", None)
        server = Server()
        try:
            shown(server, RIGHT.answer())
            own = Path(server.place).parent
            until = time.monotonic() + 30  # the verdict comes first
            while os.listdir(own) and time.monotonic() < until:
                time.sleep(0.01)
            assert (os.listdir(own), os.listdir(place)) == ([], [own.name])
            shown(server, RIGHT.answer())  # and it is killed at once
        finally:
            server.end()
        assert os.listdir(place) == []


# --- a copy of the kernel that hangs before its first word ---


def test_a_copy_that_hangs_is_started_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "FIRST", 0.3)

    def connect() -> socket.socket:
        if not (tmp_path / "hung").exists():
            (tmp_path / "hung").touch()
            time.sleep(60)
        return connected(server.place)

    server.ask("leaks-x1", "kit")
    with contextlib.closing(Copy(RIGHT.answer(), connect, server.descriptors)):
        assert server.verdict().points == ONE.worth


def test_a_copy_that_always_hangs_is_not_the_answers_fault(
    at_home: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "FIRST", 0.05)
    monkeypatch.setattr(host, "hello", lambda: time.sleep(60))
    verdict = judged(ONE, RIGHT.answer(), Variant())
    assert verdict.status == "not judged" and "that says nothing about your answer" in " ".join(
        str(verdict).split()
    )


def test_where_no_judge_listens_the_answer_is_shown_to_nobody(tmp_path: Path) -> None:
    with pytest.raises(Stuck):
        show_outside(str(tmp_path / "judge"), RIGHT.answer())


def test_a_host_says_its_protocol_first() -> None:
    assert hello() == b'["hello", 1]'


# --- beside a kernel ---


def test_at_home_the_judge_is_started_once(at_home: None) -> None:
    assert judged(ONE, RIGHT.answer(), Variant()).status == "correct"
    [first] = home._idle
    assert judged(ONE, WRONG.answer(), Variant()).belief == WRONG.belief
    assert home._idle == [first]


def test_a_judge_that_was_ended_from_outside_is_started_again(at_home: None) -> None:
    judged(ONE, RIGHT.answer(), Variant())
    home._idle[0]._process.kill()
    home._idle[0]._process.wait()
    assert judged(ONE, RIGHT.answer(), Variant()).status == "correct"


def test_another_thread_may_take_the_idle_judge_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class Raced(list[Server]):
        def pop(self, *place: Any) -> Server:
            self.clear()  # just before, the other thread took it
            return super().pop(*place)

    taken = Server()
    with monkeypatch.context() as patched:
        patched.setattr(home, "_idle", Raced([taken]))
        with home.judge() as server:
            assert server is not taken and server.alive
    server.end()
    taken.end()


def test_after_ctrl_c_in_a_check_the_next_one_is_of_its_own_answer(
    at_home: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Server) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Server, "verdict", interrupted)
        with pytest.raises(KeyboardInterrupt):
            judged(ONE, WRONG.answer(), Variant())
    assert judged(ONE, RIGHT.answer(), Variant()).status == "correct"


@pytest.mark.parametrize("how", ["os.kill(os.getpid(), 9)", "os._exit(0)", "pass"])
def test_the_judge_ends_with_its_kernel(how: str, tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import os, sys
        from lessons.exercises import Variant, exercises
        from lessons.judge import home
        judged = home.judged(exercises()["leaks-x1"], len, Variant())
        print(home._idle[0]._process.pid, home._idle[0].place, flush=True)
        if os.fork() == 0:
            os.setsid()
            sys.stdout = open(os.devnull, "w"); os.close(1); os.close(2)
            import time; time.sleep(20); os._exit(0)  # keeps all that the kernel had open
        {how}
    """)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    pid, _place = done.stdout.split()
    for _ in range(200):
        if not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    raise AssertionError("the judge outlived its kernel")


def test_no_module_of_a_students_folder_gets_into_the_judge(
    at_home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit('the student has a file random.py')")
    monkeypatch.chdir(tmp_path)
    assert judged(ONE, RIGHT.answer(), Variant()).status == "correct"


def test_a_courses_own_exercise_is_judged_by_its_file(server: Server, tmp_path: Path) -> None:
    own = tmp_path / "leaks_x101" / "check.py"
    own.parent.mkdir()
    own.write_text(
        textwrap.dedent("""
        from lessons.exercises import Asked, Rule, ruled

        def doubled(answer, sheet):
            yield answer(4)

        WRONG = Rule(doubled, lambda came: came != 8, "4 did not become 8.", "", "Multiply.")
        ruled("leaks-x101", "Twice", kind="build", answer="twice", asked=[Asked("it doubles", 2, [WRONG])])
    """)
    )
    for answer, points in ((lambda number: 2 * number, 2), (lambda number: number + 1, 0)):
        assert shown(server, answer, exercise="leaks-x101", own=str(own)).points == points
