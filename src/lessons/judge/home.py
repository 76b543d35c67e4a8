"""The judge beside a notebook's kernel: started with the first check, ended with the kernel."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from lessons.exercises.exercise import Exercise
from lessons.exercises.variant import Variant
from lessons.judge.host import Copy, Stuck
from lessons.judge.trial import NOT_BEGUN, STUCK, can_copy, tried, verdict
from lessons.judge.verdict import Verdict
from lessons.judge.wire import Over

PLACE = "LIFECYCLE_JUDGE"
"""The environment variable that names the socket of a judge outside, where a grader runs the notebook."""


class Server:
    """A judge's process, for one who asks. `ask` begins a judgement, `verdict` waits for it."""

    def __init__(self) -> None:
        """Start it."""
        source = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
        self._folder = tempfile.TemporaryDirectory(prefix="lifecycle-judge-", ignore_cleanup_errors=True)
        self.place = str(Path(self._folder.name) / "judge")
        # A session of its own: Ctrl-C at the kernel is not for the judge. -P: no module from a student.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lessons.judge.server"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=self._folder.name, env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
        )  # fmt: skip

    def ask(
        self, exercise: str, variant: str, seed: str = "", own: str = "", place: str = "", **more: Any
    ) -> None:
        """Ask for a judgement, and wait until the judge listens. Raises `Ended`."""
        request = {
            "judge": exercise,
            "variant": variant,
            "seed": seed,
            "own": own,
            "place": place or self.place,
        }
        self._send({**request, **more})
        self._answer("ready")

    def stop(self) -> None:
        """Take the last `ask` back, for which no host has come."""
        self._send({"stop": True})

    def verdict(self) -> dict[str, Any] | None:
        """Wait for the verdict; None if it was stopped before a host came. Raises `Ended`."""
        found: dict[str, Any] | None = self._answer("verdict")
        return found

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self._process.poll() is None

    def says(self) -> bool:
        """Whether it has said something that was not asked for yet, such as a verdict."""
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], 0)[0])

    @property
    def descriptors(self) -> list[int]:
        """The descriptors that a copy of this process must close: the judge ends with the last of them."""
        assert self._process.stdin is not None and self._process.stdout is not None
        return [self._process.stdin.fileno(), self._process.stdout.fileno()]

    def end(self) -> None:
        """End the process, and delete its folder."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()
        self._folder.cleanup()

    def _send(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise Ended(str(error)) from error

    def _answer(self, key: str) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Ended("the judge's process has ended")
        told = json.loads(line)
        if "failed" in told:
            raise Ended(told["failed"])
        return told.get(key)


class Ended(RuntimeError):
    """The judge's process has ended, or cannot judge."""


_server: list[Server] = []


def judged(exercise: Exercise, answer: object, variant: Variant) -> Verdict:
    """Judge an answer by a judge beside this process; in it, where no copy of the process can be made."""
    if not can_copy():
        return tried(exercise, answer, variant)
    try:
        return _judged_beside(exercise, answer, variant)
    except Ended:
        # It may have been ended from outside since the last check: once more, with a new one.
        end()
        return _judged_beside(exercise, answer, variant)


def _judged_beside(exercise: Exercise, answer: object, variant: Variant) -> Verdict:
    if not _server:
        _server.append(Server())
        atexit.register(end)
    server = _server[0]
    try:
        server.ask(exercise.id, variant.name, own=own_file(exercise))
        copy = Copy(answer, lambda: _connected(server.place), server.descriptors)
        try:
            found = server.verdict()
        finally:
            copy.end()
    except Stuck:
        end()
        return verdict(exercise, variant, "", [], Over(STUCK, NOT_BEGUN))
    except BaseException:
        # Such as Ctrl-C: what this judge says next would be of this check.
        end()
        raise
    assert found is not None
    return Verdict.from_dict(found)


def _connected(place: str) -> socket.socket:
    found = socket.socket(socket.AF_UNIX)
    found.connect(place)
    return found


def end() -> None:
    """End the judge beside this process, if there is one."""
    while _server:
        _server.pop().end()


def own_file(exercise: Exercise) -> str:
    """The file of an exercise of a course's own; "" for the kit's."""
    if exercise.module.startswith("lessons."):
        return ""
    return str(getattr(sys.modules.get(exercise.module), "__file__", None) or "")


def show_outside(place: str, answer: object) -> None:
    """Show an answer to a judge outside, which keeps its verdict for the grader; return when it is done.

    Raises `Stuck` where no judge listens.
    """
    copy = Copy(answer, lambda: _connected(place), [])
    try:
        copy.wait(75.0)
    finally:
        copy.end()
