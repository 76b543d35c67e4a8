"""A judge in a process of its own, as a grader asks it: one answer to each request, whatever comes."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from solutions import solutions

from lessons.judge.home import Ended, Server, connected, show_outside
from lessons.judge.host import Copy
from lessons.judge.verdict import Verdict

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the answer is shown by a fork of this process"
)

RIGHT = next(one for one in solutions("leaks-x1") if one.right)
OWN = """
from lessons.exercises import Asked, Rule, ruled

def doubled(answer, sheet):
    yield answer(4)

def hangs(answer, sheet):
    hang = answer(0) == "hang"
    while hang: pass
    return []

ruled("own-x1", "Own", kind="build", answer="double", seconds=2, hangs="leaks-m1", asked=[
    Asked("it doubles", 2, [Rule(doubled, lambda came: came != 8, "4 did not become 8.")]),
    Asked("it ends", 1, [Rule(hangs, bool, "")]),
])
"""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.end()


def own(tmp_path: Path, text: str = OWN) -> str:
    path = tmp_path / "own_x1" / "check.py"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return str(path)


def asked(server: Server, answer: object, exercise: str = "leaks-x1", **more: str) -> Verdict:
    server.ask(exercise, "kit", **more)
    show_outside(server.place, answer)
    server.stop()
    return server.verdict()


def test_the_seed_shows_the_same_verdict_again_and_the_server_serves_on(server: Server) -> None:
    first = asked(server, RIGHT.answer())
    assert (first.status, first.variant) == ("correct", "kit") and first.seed
    assert asked(server, RIGHT.answer(), seed=first.seed) == first
    assert asked(server, RIGHT.answer()).seed != first.seed


def test_a_request_is_taken_back_when_no_host_comes(server: Server) -> None:
    server.ask("leaks-x1", "kit")
    server.stop()
    assert server.verdict().unjudged == "The judge was not shown an answer."
    assert asked(server, RIGHT.answer()).status == "correct"


def test_a_courses_own_check_judges(server: Server, tmp_path: Path) -> None:
    verdict = asked(server, lambda number: number * 2, "own-x1", own=own(tmp_path))
    assert (verdict.points, verdict.worth) == (3, 3)


def test_a_check_of_its_own_that_never_ends_is_cut_and_what_is_settled_stays(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(number: int) -> object:
        return number * 2 or "hang"

    verdict = asked(server, answer, "own-x1", own=own(tmp_path))
    assert [one.points for one in verdict.aspects] == [2, 0]
    assert verdict.belief == "leaks-m1" and "was stopped" in verdict.aspects[1].seen


def test_a_check_of_its_own_that_cannot_be_imported_is_no_verdict(server: Server, tmp_path: Path) -> None:
    with pytest.raises(Ended, match=r"ZeroDivisionError: division by zero"):
        asked(server, print, "own-x1", own=own(tmp_path, "1 / 0"))
    assert asked(server, RIGHT.answer()).status == "correct"


def test_a_judge_that_ends_before_the_first_message_makes_no_copy_stuck(
    server: Server, tmp_path: Path
) -> None:
    def late() -> socket.socket:
        wire = connected(server.place)
        assert wire.recv(1) == b""  # the judge has gone
        return wire

    server.ask("own-x1", "kit", own=own(tmp_path, "1 / 0"))
    with (
        contextlib.closing(Copy(print, late, server.descriptors)),
        pytest.raises(Ended, match="ZeroDivision"),
    ):
        server.verdict()


def test_a_host_that_sends_no_message_gets_a_verdict(server: Server) -> None:
    server.ask("leaks-x1", "kit")
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(server.place)
        one.sendall(struct.pack(">I", 5) + b"nonse")
        found = server.verdict()
    assert found.points == 0 and "does not understand" in found.aspects[0].seen


def test_it_ends_with_whoever_started_it(server: Server) -> None:
    assert server.alive
    assert server._process.stdin is not None
    server._process.stdin.close()
    assert server._process.wait(10) == 0 and not server.alive
