"""How long a student waits for one check in a notebook."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jupyter_client.manager import start_new_kernel
from measuring import Row

from classroom.solutions import solutions
from lessons.exercises import exercises, stub

SOLUTIONS = Path(__file__).resolve().parents[2] / "exercises" / "solutions"
TIMES = 5

TIMED = """
import json, time
begun = time.perf_counter()
verdict = check({id!r}, {answer})
took = time.perf_counter() - begun
print("took", json.dumps([verdict.status, took]))
"""


def checks() -> Iterator[Row]:
    """Each exercise's first right solution, checked in a kernel that runs its whole assignment."""
    slowest = 0.0
    with tempfile.TemporaryDirectory(prefix="checks-") as home:
        environment = os.environ | {"LIFECYCLE_HOME": home}
        for assignment in dict.fromkeys(one.assignment for one in exercises().values()):
            manager, client = start_new_kernel(env=environment)
            try:
                _run(client, stub(assignment))
                for exercise in exercises().values():
                    if exercise.assignment != assignment:
                        continue
                    right = next(one for one in solutions(SOLUTIONS, [exercise.id]) if one.right)
                    _run(client, right.source)
                    code = TIMED.format(id=exercise.id, answer=exercise.answer)
                    took = statistics.median(_took(_run(client, code)) for _ in range(TIMES))
                    slowest = max(slowest, took)
                    yield Row(f"check of {exercise.id} in a notebook", took * 1000, unit="ms")
            finally:
                client.stop_channels()
                manager.shutdown_kernel(now=True)
    yield Row("the slowest check, in seconds", slowest, 1)


def _run(client: object, code: str) -> list[str]:
    said: list[str] = []

    def hear(message: dict[str, dict[str, str]]) -> None:
        if message["msg_type"] == "stream":  # type: ignore[comparison-overlap]
            said.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=hear, timeout=60)  # type: ignore[attr-defined]
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"{reply['content']['ename']}: {reply['content']['evalue']}")
    return said


def _took(said: list[str]) -> float:
    line = next(line for line in "".join(said).splitlines() if line.startswith("took "))
    status, seconds = json.loads(line.removeprefix("took "))
    if status != "correct":
        raise RuntimeError(f"a right solution is {status}")
    return float(seconds)
