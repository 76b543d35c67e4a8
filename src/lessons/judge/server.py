"""A judge in a process of its own: `python -m lessons.judge.server`.

Whoever starts it, a notebook's kernel at home or a grader, says on its standard input which exercise is to be
judged and at which Unix socket the host will come, one line of JSON each. It answers on its standard output:

    {"judge": "leaks-x1", "variant": "kit", "seed": "", "own": "", "place": "/tmp/a/judge"}
    {"ready": true}
    {"verdict": {...}}

`{"stop": true}` takes the request back if no host has come yet; then the answer is `{"stopped": true}`. Each
judgement runs in a copy of this process, with a limit on time and memory. The server ends when its input
ends, or when the process that started it is gone.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from lessons.exercises.exercise import Exercise, exercises
from lessons.exercises.variant import Variant
from lessons.judge.host import COPIES, FIRST, limit_memory
from lessons.judge.judge import Judge
from lessons.judge.trial import STUCK, settle, verdict
from lessons.judge.wire import GONE, TOO_LONG, Channel, Over

SLACK = 5.0
"""Seconds that a judgement may need beside the time of its host."""

BEGINS = 30.0
"""Seconds in which a judgement has imported a course's own check."""

_ABOUT = ("id", "version", "aspects", "hangs", "stumbles", "seconds")
"""What a judgement tells first, so that it can be cut later: these of the exercise."""

SAID = 2_000_000
"""How many bytes a judgement may tell of itself; none tells a tenth of it."""


class Stopped(Exception):
    """The one who asked does not wait for the verdict any more."""


def serve() -> None:
    """Judge as the lines of the standard input ask for, until it ends."""
    exercises()
    with contextlib.suppress(ImportError):
        import sqlalchemy.orm  # noqa: F401, so that not every copy imports it
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asking = _Asking()
    for request in asking.requests():
        try:
            _say(verdict=_judged(request, asking))
        except Stopped:
            _say(stopped=True)
        except Exception as error:
            _say(failed=f"{type(error).__name__}: {error}")


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class _Asking:
    """The one who asks: its lines, and whether it is still there."""

    def __init__(self) -> None:
        self.parent = os.getppid()
        self._rest = b""
        self._ended = False

    def requests(self) -> Iterator[dict[str, Any]]:
        """Its requests, until it is gone."""
        while (line := self._line()) is not None:
            request = json.loads(line)
            if "judge" in request:
                yield request

    def stops(self) -> bool:
        """Whether it has said `{"stop": true}`, or is gone."""
        while self._waiting(0):
            if not self._more():
                return True
        if b"\n" in self._rest:
            line, _, self._rest = self._rest.partition(b"\n")
            return "stop" in json.loads(line)
        return self._gone()

    def _line(self) -> bytes | None:
        while b"\n" not in self._rest:
            # A copy of the kernel may keep our input open after the kernel has ended.
            if self._gone() or (self._waiting(1.0) and not self._more()):
                return None
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _gone(self) -> bool:
        return self._ended or os.getppid() != self.parent

    def _waiting(self, seconds: float) -> bool:
        return bool(select.select([0], [], [], seconds)[0])

    def _more(self) -> bool:
        part = os.read(0, 65_536)
        self._rest += part
        self._ended = not part
        return bool(part)


def _judged(request: dict[str, Any], asking: _Asking) -> dict[str, Any]:
    """The verdict on the host that comes to the request's place."""
    seed = request["seed"] or os.urandom(8).hex()
    variant = Variant(request["variant"])
    with _listening(request["place"]) as listening:
        _say(ready=True)
        connected = _accepted(listening, asking, request.get("patience", COPIES * FIRST + 1))
    if connected is None:
        exercise = _exercise(request)
        end: Over | None = Over(STUCK, "No answer was shown to the judge.")
        return verdict(exercise, variant, seed, [], end).as_dict()
    with connected, tempfile.TemporaryDirectory(prefix="judge-", ignore_cleanup_errors=True) as folder:
        return _in_a_copy(request, variant, seed, connected, folder)


def _exercise(request: dict[str, Any]) -> Exercise:
    own = request.get("own")
    if own:
        path = Path(own)
        name = f"{path.parent.name}.check" if path.stem == "check" else path.stem
        spec = spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return exercises()[request["judge"]]


@contextlib.contextmanager
def _listening(place: str) -> Iterator[socket.socket]:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        os.chmod(place, 0o666)  # its folder says who may come: in a sandbox it is another user
        listening.listen(1)
        try:
            yield listening
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(place)


def _accepted(listening: socket.socket, asking: _Asking, patience: float) -> socket.socket | None:
    """The first host that comes, and no other one. Raises `Stopped`."""
    over = time.monotonic() + patience
    while (left := over - time.monotonic()) > 0:
        ready = select.select([listening.fileno(), 0], [], [], min(left, 1.0))[0]
        if listening.fileno() in ready:
            return listening.accept()[0]
        if asking.stops():
            raise Stopped
    return None


def _in_a_copy(
    request: dict[str, Any], variant: Variant, seed: str, connected: socket.socket, folder: str
) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            _judge(request, variant, seed, connected, folder, writing)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    try:
        lines, in_time = _told(reading)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    failed = next((line["failed"] for line in lines if "failed" in line), "")
    if failed:
        raise RuntimeError(failed)
    done = next((line["done"] for line in lines if "done" in line), None)
    return done if done is not None else _cut(variant, seed, lines, in_time)


def _cut(variant: Variant, seed: str, lines: list[dict[str, Any]], in_time: bool) -> dict[str, Any]:
    """The verdict of a judgement that did not come to its end: what was settled stays settled."""
    if not lines:
        raise RuntimeError("the judgement ended before it began")
    about, *told = lines
    exercise = Exercise(**about, title="", kind="", answer="", check=lambda answer, sheet: None)
    return verdict(exercise, variant, seed, told, Over(GONE if in_time else TOO_LONG)).as_dict()


def _told(reading: int) -> tuple[list[dict[str, Any]], bool]:
    """The lines of a judgement, the first of which says how long it may take; whether it ended in time."""
    over = time.monotonic() + BEGINS
    text = b""
    while (left := over - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            part = os.read(reading, 65_536)
            if b"\n" in part and b"\n" not in text:
                about = json.loads((text + part).partition(b"\n")[0])
                over = time.monotonic() + FIRST + about.get("seconds", 0.0) + SLACK
            text += part
            if not part or len(text) > SAID:
                break
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith(b"\n")], left > 0


def _judge(
    request: dict[str, Any], variant: Variant, seed: str, connected: socket.socket, folder: str, writing: int
) -> None:
    """Judge in this copy, and tell what is settled as it is settled."""
    os.setpgid(0, 0)
    limit_memory()
    # What a check prints by mistake is no line of the server's.
    sys.stdout = sys.stderr
    tempfile.tempdir = folder
    os.chdir(folder)

    def tell(line: dict[str, Any]) -> None:
        data = memoryview((json.dumps(line) + "\n").encode())
        while data:
            data = data[os.write(writing, data) :]

    lines: list[dict[str, Any]] = []

    def settled(line: dict[str, Any]) -> None:
        lines.append(line)
        tell(line)

    shared = request.get("shared")
    try:
        exercise = _exercise(request)
        if shared:
            from lessons.judge.shared import enter

            enter(shared, folder)
    except Exception as error:  # of a course's own check, or the system refuses
        tell({"failed": f"{type(error).__name__}: {error}"})
        return
    tell({name: getattr(exercise, name) for name in _ABOUT})
    judge = Judge(Channel(connected, time.monotonic() + exercise.seconds))
    judge.shared = shared
    try:
        judge.greeted(FIRST)
        end = settle(judge, exercise, variant, seed, settled)
    except Over as over:
        end = over
    tell({"done": verdict(exercise, variant, seed, lines, end).as_dict()})


if __name__ == "__main__":
    serve()
