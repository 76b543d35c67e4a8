"""A check stands whatever an answer does: loops, exits, crashes, patches, prints, eats memory, lies."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from toy import toy

from lessons.exercises import Asked, Rule, Sheet, Variant
from lessons.judge import clock, host, trial
from lessons.judge import judge as judging
from lessons.judge.verdict import Verdict
from lifecycle import faults, ledger

KIT = Variant("kit")
WAYS = ["loopback", *(["copy"] if trial.can_copy() else [])]
forks = pytest.mark.skipif(not trial.can_copy(), reason="a copy of this process needs Linux")


def judged(answer: object, **more: Any) -> Verdict:
    return trial.examine(toy(**more), answer, KIT)


def hangs(number: int) -> int:
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(0.01)


def loops(number: int) -> int:
    while True:
        pass


def exits(number: int) -> int:
    sys.exit(0)


def vanishes(number: int) -> int:
    os._exit(0)


def kills(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def interrupts(number: int) -> int:
    raise KeyboardInterrupt


def descends(number: int) -> int:
    return descends(number)


def collects(number: int) -> int:
    kept = []
    while True:
        kept.append(bytearray(2**24))


def shouts(number: int) -> int:
    for _ in range(20_000):
        print("x" * 1000)
    return number


class Agreeable:
    """Equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __call__(self, number: int) -> Any:
        return self


class Liar(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def unreadable(number: int) -> int:
    raise Unreadable


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Each place where a host may be: in a copy of this process, or in this one."""
    monkeypatch.setattr(trial, "can_copy", lambda: request.param == "copy")
    return request.param


def test_a_right_answer_earns_all(way: Any) -> None:
    verdict = judged(lambda number: number * 2)
    assert (verdict.status, verdict.points, verdict.worth) == ("correct", 3, 3)


def test_the_collector_does_not_examine_what_the_notebook_holds(way: Any) -> None:
    old = [[]]

    def examined() -> bool:
        return any(one is old for one in gc.get_objects())

    def looks(answer: Any, sheet: Sheet) -> Any:
        return [examined() or answer(21)]

    asked = [Asked("doubles", 2, [Rule(looks, lambda came: came != 42, "it did not double")])]
    # By the answer, and by the judge.
    assert judged(lambda number: not examined() and number * 2).status == "correct"
    assert judged(lambda number: number * 2, asked=asked).status == "correct"
    assert examined()


def test_one_that_misses_the_main_thing_is_wrong_and_keeps_what_holds(way: Any) -> None:
    verdict = judged(lambda number: number)
    assert (verdict.status, verdict.points, verdict.belief) == ("wrong", 1, "leaks-accepted-is-kept")


def test_one_that_misses_something_beside_it_is_almost_right(way: Any) -> None:
    verdict = judged(lambda number: number * 2 or 1)
    assert (verdict.status, verdict.points, verdict.belief) == ("almost", 2, "leaks-refcount-closes")


@pytest.mark.parametrize("answer", [exits, descends, unreadable, Agreeable(), Liar])
def test_what_an_answer_raises_or_returns_is_never_correct(way: Any, answer: Any) -> None:
    verdict = judged(answer)
    assert verdict.status == "wrong" and verdict.points == 0
    assert verdict.aspects[0].seen


@forks
def test_a_rule_that_fails_itself_blames_no_student(way: Any) -> None:
    broken = Rule(lambda answer, sheet: [answer(21)], lambda came: came.missing, "never said")
    verdict = judged(lambda number: number * 2, asked=[Asked("doubles", 2, [broken])])
    assert "a mistake in the course, not in your code" in verdict.aspects[0].seen
    assert verdict.points == 0


def test_an_answer_that_interrupts_is_wrong() -> None:
    # Where the check runs in this process, an interrupt is the clock's way to stop an answer.
    verdict = judged(interrupts)
    assert (verdict.status, verdict.points) == ("wrong", 0) and verdict.aspects[0].seen


@pytest.mark.parametrize("answer", [hangs, loops])
def test_an_answer_that_never_ends_is_stopped_and_says_so(answer: Any) -> None:
    verdict = judged(answer, seconds=0.5, hangs="chains-stage-by-stage")
    assert (verdict.status, verdict.points, verdict.belief) == ("wrong", 0, "chains-stage-by-stage")
    assert re.search(r"was stopped after [\d.]+ seconds, while", verdict.aspects[0].seen)


@forks
def test_judge_and_answer_share_a_processor_as_long_as_the_check_runs() -> None:
    before = os.sched_getaffinity(0)
    answer = lambda number: number * 2 if len(os.sched_getaffinity(0)) == 1 else 0  # noqa: E731
    assert judged(answer).status == "correct"
    assert os.sched_getaffinity(0) == before
    with judging.on_one_processor(2**22 - 1):  # there is no such process
        assert os.sched_getaffinity(0) == before


@forks
def test_an_answer_is_not_slow_because_the_machine_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "QUESTION", 0.2)
    [processor, *_] = os.sched_getaffinity(0)
    busy = f"import os\nos.sched_setaffinity(0, {{{processor}}})\nwhile True: pass"

    def needs(number: int) -> int:
        """Works for 30 milliseconds, on a processor that has hardly any time for it."""
        os.sched_setaffinity(0, {processor})
        os.setpriority(os.PRIO_PROCESS, 0, 10)
        until = time.process_time() + 0.03
        while time.process_time() < until:
            pass
        return number * 2

    other = subprocess.Popen([sys.executable, "-c", busy])
    try:
        assert judged(needs).status == "correct"
        monkeypatch.setattr(clock, "BUSY", 0.1)
        assert judged(needs).status == "not judged"
    finally:
        other.kill()
        other.wait()


def test_a_loop_is_stopped_where_there_is_no_child_process() -> None:
    # Of its own process, because the clock there interrupts the main thread.
    program = (
        "from test_trial import judged, loops, trial\n"
        "trial.can_copy = lambda: False\n"
        "print(judged(loops, seconds=0.5).aspects[0].seen)"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert "stopped after 0.5 seconds" in done.stdout, done.stderr


@forks
@pytest.mark.parametrize("answer", [vanishes, kills])
def test_an_answer_that_ends_python_is_wrong(answer: Any) -> None:
    verdict = judged(answer)
    assert (verdict.status, verdict.points) == ("wrong", 0)
    assert "ended during" in verdict.aspects[0].seen


@forks
def test_what_was_settled_before_the_end_is_kept() -> None:
    def late(number: int) -> int:
        if number == 0:
            os._exit(0)
        return number * 2

    verdict = judged(late)
    assert (verdict.status, verdict.points) == ("almost", 2)


@forks
def test_a_collection_in_the_child_leaves_out_what_was_there_before() -> None:
    gc.unfreeze()  # other tests may have frozen what was there before
    frozen = gc.get_freeze_count()
    assert judged(lambda number: number * 2 if gc.get_freeze_count() > frozen else None).status == "correct"
    assert gc.get_freeze_count() == frozen


@forks
def test_memory_without_end_is_stopped() -> None:
    verdict = judged(collects)
    assert (verdict.status, verdict.points) == ("wrong", 0)


@forks
def test_processes_that_an_answer_started_are_ended(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    def starts(number: int) -> int:
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        note.write_text(str(child))
        return number * 2

    assert judged(starts).status == "correct"
    pid = int(note.read_text())
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists() or "State:\tZ" in Path(f"/proc/{pid}/status").read_text():
            return
        time.sleep(0.01)
    pytest.fail("the answer's process is still there")


def sockets() -> set[int]:
    return {number for number in range(3, 256) if _is_socket(number)}


def _is_socket(number: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False


def message(sign: str, content: object) -> bytes:
    data = json.dumps([sign, content]).encode()
    return len(data).to_bytes(4, "big") + data


FORGED = {
    "a verdict": message("=", {"dict": [["points", 3], ["status", "correct"]]}),
    "an aspect": message("=", {"dict": [["name", "doubles"], ["worth", 2], ["points", 2]]}),
    "an end": message("=", {"dict": [["done", True]]}),
    "an error": message("!", {"error": ["mine", 99, ["builtins:SystemExit"], [0], {}]}),
    "a question": message("?", ["settle", "doubles", 2]),
    "noise": b"\0\0\0\5hello",
}


@forks
@pytest.mark.parametrize("data", FORGED.values(), ids=FORGED)
def test_what_an_answer_writes_to_the_wire_is_no_verdict(data: bytes) -> None:
    others = sockets()

    def forges(number: int) -> int:
        for wire in sockets() - others:
            with contextlib.suppress(OSError):
                os.write(wire, data)
        return number

    # Nothing is earned but what an answer earns by returning such a value, or by ending.
    assert judged(forges).points <= 1


@forks
def test_a_flood_on_the_wire_ends_the_check() -> None:
    others = sockets()

    def floods(number: int) -> int:
        while True:
            for wire in sockets() - others:
                with contextlib.suppress(OSError):
                    os.write(wire, b"x" * 65_536)

    verdict = judged(floods)
    assert (verdict.status, verdict.points) == ("wrong", 0)
    assert "more than it accepts" in verdict.aspects[0].seen


@forks
def test_what_an_answer_patches_is_patched_in_the_child_alone() -> None:
    before = (faults.sweep, ledger.held, judged)

    def patches(number: int) -> int:
        faults.sweep = ledger.held = None  # type: ignore[assignment]
        return number * 2

    assert judged(patches).status == "correct"
    assert (faults.sweep, ledger.held, judged) == before


def test_what_an_answer_prints_is_kept_shortened(way: Any, capfd: pytest.CaptureFixture[str]) -> None:
    verdict = judged(shouts)
    assert len(verdict.printed) == host.PRINTED and set(verdict.printed) == {"x", "\n"}
    assert capfd.readouterr().out == ""


def test_the_collector_does_not_run_the_answers_code_in_the_middle_of_a_message(way: Any) -> None:
    assert gc.isenabled()
    assert judged(lambda number: 0 if gc.isenabled() else number * 2).status == "correct"
    assert gc.isenabled()


def test_what_an_answer_dropped_says_nothing_after_the_check(
    way: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)

    def stubborn() -> Iterator[None]:
        while True:
            with contextlib.suppress(BaseException):
                yield

    def drops(number: int) -> int:
        stream = stubborn()
        next(stream)
        kept: list[Any] = [stream]
        kept.append(kept)
        return number * 2

    assert judged(drops).status == "correct"
    gc.collect()
    assert said == []


@forks
def test_nothing_is_left_open() -> None:
    judged(lambda number: number * 2)
    # Another test of this worker may have started a process that is still running.
    children = {child.pid for child in psutil.Process().children()}
    before = ledger.system()
    for answer in (lambda number: number * 2, vanishes, exits, descends):
        judged(answer)
    assert ledger.system() == before
    assert {child.pid for child in psutil.Process().children()} <= children


@forks
def test_other_threads_may_run_meanwhile() -> None:
    over = threading.Event()
    busy = [threading.Thread(target=lambda: over.wait(0.001) or None) for _ in range(4)]
    for thread in busy:
        thread.start()
    try:
        assert {judged(lambda number: number * 2).status for _ in range(20)} == {"correct"}
    finally:
        over.set()


def test_a_verdict_is_the_same_after_json(way: Any) -> None:
    for answer in (lambda number: number, lambda number: number * 2, None):
        verdict = judged(answer)
        assert Verdict.from_dict(json.loads(json.dumps(verdict.as_dict()))) == verdict


def test_what_a_check_left_open_is_not_in_the_ledger_of_this_process(way: Any) -> None:
    def leaves(answer: Any, sheet: Sheet) -> Iterator[Any]:
        ledger.opened("file", "left.csv")
        yield answer(21)

    before = ledger.held()
    asked = [Asked("doubles", 2, [Rule(leaves, lambda came: came != 42, "it did not double")])]
    assert judged(lambda number: number * 2, asked=asked).points == 2
    assert ledger.held() == before
