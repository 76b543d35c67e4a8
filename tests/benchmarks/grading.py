"""How many submissions a minute are graded, sandbox included, against nbgrader's own `autograde`."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import Row

STUDENTS = 30
ROUNDS = 3


def grading() -> Iterator[Row]:
    """Honest submissions, alternately right and wrong; the kinds of grading also alternate."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import coursework
    from coursework import ASSIGNMENT, IDS, answered, solution, submit, wrong

    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        course = coursework.make(Path(folder) / "course")
        for number in range(STUDENTS):
            pick = solution if number % 2 else wrong
            submit(course, f"s{number:02}", answered({id: pick(id) for id in IDS}))
        # Both begin with an empty gradebook each time.
        empty = course.gradebook.read_bytes()
        scripts = Path(sys.executable).parent
        environment = os.environ | {"PATH": os.pathsep.join([str(scripts), os.environ.get("PATH", "")])}

        def seconds(*words: str) -> float:
            began = time.perf_counter()
            subprocess.run(
                [str(scripts / words[0]), *words[1:]],
                cwd=course.root, env=environment, check=True, capture_output=True,
            )  # fmt: skip
            return time.perf_counter() - began

        def fresh() -> None:
            for name in ("autograded", "records"):
                shutil.rmtree(course.root / name, ignore_errors=True)
            course.gradebook.write_bytes(empty)

        ours, all_at_once, one_by_one = [], [], []
        for _ in range(ROUNDS):
            fresh()
            ours.append(seconds("classroom", "grade", ASSIGNMENT, "--workers", "2") / STUDENTS)
            fresh()
            all_at_once.append(seconds("nbgrader", "autograde", ASSIGNMENT) / STUDENTS)
            fresh()
            few = [seconds("nbgrader", "autograde", ASSIGNMENT, "--student", f"s{n:02}") for n in range(4)]
            one_by_one.append(statistics.mean(few))
        mine = statistics.median(ours)
    yield Row("submissions a minute, sandbox included, 2 workers", 60 / mine, unit="a min")
    each, together = statistics.median(one_by_one) / mine, statistics.median(all_at_once) / mine
    yield Row("submissions a minute : nbgrader autograde called per student", each, 4, least=True)
    yield Row("submissions a minute : one nbgrader autograde over all", together, 1.3, least=True)
