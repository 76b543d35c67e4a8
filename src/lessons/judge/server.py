"""A judge in a process of its own: `python -m lessons.judge.server`.

It is started by a notebook's kernel at home, or by a grader. Each judgement is requested by one line of JSON
on its standard input, with the exercise and the Unix socket for the host. It answers on its standard output:

    ["leaks-x1", "kit", "a seed or none", "the file of an own check or none", "/tmp/a/judge", ""]
    {"ready": true}
    {"exercise": "leaks-x1", "status": …}

The last line is the verdict. If a host leaves without a message, its answer is not judged. Each judgement
runs in a copy of this process, with limits on time and memory. The server ends when its input ends, or when
the process that started it ends.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from lessons.exercises import Variant, exercises
from lessons.judge.clock import Clock
from lessons.judge.host import FIRST, ended, forked
from lessons.judge.judge import Judge, peer
from lessons.judge.trial import Trial, prepare
from lessons.judge.wire import GONE, STUCK, TOO_BUSY, TOO_LONG, Channel, Over

SLACK = 5.0  # seconds that a judgement may take in addition to the time of its host
BEGINS = 30.0  # seconds that the import of a course's own check may take


def serve() -> None:
    """Judge what the lines of standard input request, until it ends."""
    prepare()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    while _waited(parent, 0) and (line := sys.stdin.readline()):
        with contextlib.ExitStack() as after:
            try:
                told = _judged(parent, json.loads(line), after)
            except Exception as error:
                told = {"failed": f"{type(error).__name__}: {error}"}
            _say(**told)


def _say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def _waited(parent: int, *wanted: int) -> list[int]:
    """Wait until some of these descriptors can be read, and return those; [] if the parent has ended."""
    while os.getppid() == parent:
        # A copy of the kernel may keep our input open after the kernel has ended.
        if ready := select.select(wanted, [], [], 1.0)[0]:
            return ready
    return []


def _judged(parent: int, request: list[str], after: contextlib.ExitStack) -> dict[str, Any]:
    """The verdict on the host that connects at a place. after: gets what is done when it has been sent."""
    place = Path(request[4])
    place.unlink(missing_ok=True)
    # It is inside this process's own folder, which goes with it, also when it is killed after a verdict.
    room = tempfile.TemporaryDirectory(prefix="judge-", dir=os.getcwd(), ignore_cleanup_errors=True)
    folder = after.enter_context(room)
    reading, writing = os.pipe()
    after.callback(os.close, reading)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(request[4])
        place.chmod(0o666)  # the folder decides who may connect: in a sandbox it is another user
        listening.listen(1)
        _say(ready=True)
        try:
            # This copy starts while the copy of the kernel does, and waits for it.
            judge = partial(_judge, os.getpid(), request, listening, folder, writing)
            child = forked(judge, [reading])
        finally:
            os.close(writing)
        after.callback(ended, child)
        # No request comes meanwhile: if standard input can be read, it has ended.
        if reading not in _waited(parent, reading, 0):
            sys.exit()
    host = int.from_bytes(os.read(reading, 4))
    told, end = _told(reading, Clock(child, host or child))
    if "failed" in told:
        raise RuntimeError(told["failed"])
    return dict(told[end])


def _told(reading: int, clock: Clock) -> tuple[dict[str, Any], str]:
    """The last report of a judgement, and how it ended: by itself, or because its time was up."""
    until = clock() + BEGINS
    told: dict[str, Any] = {"failed": "the judgement ended before it started"}
    text = b""
    while clock.readable(reading, until):
        part = os.read(reading, 65_536)
        if not part:
            return told, GONE
        *lines, text = (text + part).split(b"\n")
        if lines:
            told = json.loads(lines[-1])
            until = told.get("until", until)
    return told, STUCK if clock.busy else TOO_LONG


def _judge(server: int, request: list[str], listening: socket.socket, folder: str, writing: int) -> None:
    """Judge in this copy, and report the verdict after each step, because the copy may be ended."""
    if listening.fileno() not in _waited(server, listening.fileno(), 0):
        return
    connected = listening.accept()[0]
    listening.close()
    Path(request[4]).unlink(missing_ok=True)
    host = peer(connected) or 0
    os.write(writing, host.to_bytes(4))
    report = os.fdopen(writing, "w", encoding="ascii")
    tell = partial(print, file=report, flush=True)

    def so_far() -> None:
        ends = Over(GONE), Over(TOO_LONG), Over(STUCK, TOO_BUSY)
        told = {over.how: trial.verdict(over).as_dict() for over in ends}
        tell(json.dumps({"until": until, **told}))

    id, variant, seed, own, _, shared = request
    # Output that a check prints by mistake must not look like a line of the server.
    sys.stdout = sys.stderr
    tempfile.tempdir = folder
    os.chdir(folder)
    try:
        if own:
            sys.path.append(str(Path(own).parents[1]))
            import_module(f"{Path(own).parent.name}.check")
        exercise = exercises()[id]
        if shared:
            from lessons.judge.shared import enter

            enter(shared, folder)
    except Exception as error:  # raised by a course's own check, or by the system
        tell(json.dumps({"failed": f"{type(error).__name__}: {error}"}))
        return
    until = time.monotonic() + FIRST + exercise.seconds + SLACK
    trial = Trial(exercise, Variant(variant), seed, so_far)
    so_far()
    judge = Judge(Channel(connected, exercise.seconds, Clock(host or os.getpid())))
    judge.shared = shared or None
    done = trial.verdict(trial.run(judge)).as_dict()
    with report:  # closed at once, because this copy takes some time to end
        tell(json.dumps(dict.fromkeys((GONE, TOO_LONG, STUCK), done)))


if __name__ == "__main__":
    serve()
