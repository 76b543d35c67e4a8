"""The judge beside a notebook's kernel: started with the first check, ended with the kernel."""

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

from lessons.exercises import Exercise, Variant
from lessons.judge.host import Copy, Stuck
from lessons.judge.trial import NOT_BEGUN, can_copy, examine, not_judged
from lessons.judge.verdict import Verdict

PLACE = "LIFECYCLE_JUDGE"
"""The environment variable that names the socket of a judge outside, where a grader runs the notebook."""


class Ended(RuntimeError):
    """The judge's process has ended, or cannot judge."""


class Server:
    """A judge's process, for one who asks. `ask` begins a judgement, `verdict` waits for it."""

    def __init__(self) -> None:
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
        assert self._process.stdin is not None and self._process.stdout is not None
        self._asked, self._told = self._process.stdin, self._process.stdout

    def ask(
        self, exercise: str, variant: str, seed: str = "", own: str = "", place: str = "", shared: str = ""
    ) -> None:
        """Ask for a judgement, and wait until the judge listens. Raises `Ended`.

        own: the file of a check of a course's own. place: where the judge listens, not where it always does.
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
        """Be the last `ask`'s host, and say nothing: so none is judged, unless another one has come."""
        with contextlib.suppress(OSError):
            connected(self._place).close()

    def verdict(self) -> Verdict:
        """Wait for the verdict. Raises `Ended`."""
        return Verdict.from_dict(self._answer())

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self._process.poll() is None

    def says(self) -> bool:
        """Whether it has said something that was not asked for yet, such as a verdict."""
        return bool(select.select([self._told], [], [], 0)[0])

    @property
    def descriptors(self) -> list[int]:
        """The descriptors that a copy of this process must close: the judge ends with the last of them."""
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
"""The judges of this process that wait. Each judges one answer at a time: a process may have threads."""


@contextlib.contextmanager
def judge() -> Iterator[Server]:
    """A judge's process, a new one if none waits; it is ended if anything goes wrong with it."""
    while _idle and not _idle[-1].alive:
        _idle.pop().end()
    if not _idle:
        begin()
    server = _idle.pop()
    try:
        yield server
    except BaseException:
        # Such as Ctrl-C: what this judge says next would be of this answer.
        server.end()
        raise
    _idle.append(server)


def begin() -> None:
    """Start a judge that waits."""
    _idle.append(Server())


@atexit.register
def end() -> None:
    """End the judges that wait."""
    while _idle:
        _idle.pop().end()


def judged(exercise: Exercise, answer: object, variant: Variant) -> Verdict:
    """Judge an answer by a judge beside this process; in it, where no copy of the process can be made."""
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
    """Show an answer to a judge outside, which keeps its verdict for the grader; return when it is done.

    Raises `Stuck` where no judge listens.
    """
    with contextlib.closing(Copy(answer, lambda: connected(place), [])) as copy:
        copy.wait(75.0)
