"""The judge beside a notebook's kernel: it starts with the first check and ends with the kernel."""

import atexit
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lessons import browser
from lessons.exercises import Exercise, Variant
from lessons.judge.host import Copy, Stuck
from lessons.judge.trial import NOT_BEGUN, can_copy, examine, not_judged
from lessons.judge.verdict import Verdict
from lessons.sockets import socket_room

PLACE = "LIFECYCLE_JUDGE"
"""The environment variable that names the socket of a judge outside, when a grader runs the notebook."""


class Ended(RuntimeError):
    """The judge's process has ended, or cannot judge."""


class Server:
    """A judge's process. `ask` begins a judgement, `verdict` waits for it."""

    def __init__(self) -> None:
        source = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
        self._folder = tempfile.TemporaryDirectory(
            prefix="lifecycle-judge-", dir=socket_room(), ignore_cleanup_errors=True
        )
        self.place = str(Path(self._folder.name) / "judge")
        # It has a session of its own, because Ctrl-C at the kernel is not for the judge. With -P, it cannot
        # import a student's module.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lessons.judge.server"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=self._folder.name, env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
        )  # fmt: skip
        self.process = self._process.pid
        assert self._process.stdin is not None and self._process.stdout is not None
        self._asked, self._told = self._process.stdin, self._process.stdout

    def ask(
        self, exercise: str, variant: str, seed: str = "", own: str = "", place: str = "", shared: str = ""
    ) -> None:
        """Ask for a judgement, and wait until the judge listens. Raises `Ended`.

        own: the file of a course's own check. place: where the judge listens, if not at its usual place.
        shared: a folder that the judge shares with a sandbox.
        """
        self._place = place or self.place
        request = [exercise, variant, seed, own, self._place, shared]
        try:
            self._asked.write(json.dumps(request).encode() + b"\n")
            self._asked.flush()
        except OSError as error:
            raise Ended(str(error)) from error
        self._answer()

    def stop(self) -> None:
        """Act as the last `ask`'s host and send nothing: nothing is judged, unless a true host was first."""
        with contextlib.suppress(OSError):
            connected(self._place).close()

    def verdict(self) -> Verdict:
        """Wait for the verdict. Raises `Ended`."""
        return Verdict.from_dict(self._answer())

    @property
    def alive(self) -> bool:
        """Whether its process is running."""
        return self._process.poll() is None

    def says(self) -> bool:
        """Whether it has sent something that was not read yet, such as a verdict."""
        return bool(select.select([self._told], [], [], 0)[0])

    @property
    def descriptors(self) -> list[int]:
        """A copy of this process must close these: the judge ends only when every copy of them is closed."""
        return [self._asked.fileno(), self._told.fileno()]

    def end(self) -> None:
        """End the process, and delete its folder."""
        self._process.kill()
        self._process.wait()
        for stream in (self._asked, self._told):
            with contextlib.suppress(OSError):
                stream.close()
        self._folder.cleanup()

    def _answer(self) -> Any:
        line = self._told.readline()
        if not line:
            raise Ended("the judge's process has ended")
        told = json.loads(line)
        if "failed" in told:
            raise Ended(told["failed"])
        return told


_idle: list[Server] = []
"""The idle judges of this process. Each judges one answer at a time; with threads, several may be needed."""


@contextlib.contextmanager
def judge() -> Iterator[Server]:
    """A judge's process: an idle one, or a new one. If anything goes wrong with it, it is ended."""
    server = _taken()
    try:
        yield server
    except BaseException:
        # After Ctrl-C, for example, this judge would next report on this answer.
        server.end()
        raise
    _idle.append(server)


def _taken() -> Server:
    """An idle judge that lives, or a new one. Other threads may take one at the same time."""
    with contextlib.suppress(IndexError):
        while not (server := _idle.pop()).alive:
            server.end()
        return server
    return Server()


def begin() -> None:
    """Start a judge and keep it idle."""
    _idle.append(Server())


@atexit.register
def end() -> None:
    """End the idle judges."""
    while _idle:
        _idle.pop().end()


def judged(exercise: Exercise, answer: object, variant: Variant) -> Verdict:
    """Judge an answer with a judge in another process, or in this one if the process cannot be copied.

    In a browser, the judge is in a worker.
    """
    if browser.here():
        from lessons.judge import worker

        return worker.judged(exercise, answer, variant)
    if not can_copy():
        return examine(exercise, answer, variant)
    own = "" if exercise.module.startswith("lessons.") else exercise.file
    try:
        with judge() as server:
            server.ask(exercise.id, variant.name, own=own)
            copy = Copy(answer, lambda: connected(server.place), server.descriptors)
            with contextlib.closing(copy):
                return server.verdict()
    except Stuck:
        return not_judged(exercise, variant, NOT_BEGUN)


def prepare() -> None:
    """In a browser, start the worker of the next check, because that takes some seconds."""
    if browser.here():
        from lessons.judge import worker

        worker.prepare()


def connected(place: str) -> socket.socket:
    """A connection to the judge that listens at a place. Raises `OSError`."""
    found = socket.socket(socket.AF_UNIX)
    try:
        found.connect(place)
    except OSError:
        found.close()
        raise
    return found


def show_outside(place: str, answer: object) -> None:
    """Show an answer to a judge outside and wait; it keeps the verdict for the grader. Raises `Stuck`."""
    with contextlib.closing(Copy(answer, lambda: connected(place), [])) as copy:
        copy.wait(75.0)
