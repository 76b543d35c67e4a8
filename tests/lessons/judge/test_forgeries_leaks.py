"""Answers to the exercises on leaks that lie to the judge: none earns more than it deserves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from solutions import FOLDER, Solution

from lessons.exercises import exercises
from lessons.exercises.leaks_x4.check import Run
from lessons.judge.trial import examine


def solved(id: str, file: str) -> str:
    return (FOLDER / id / f"{file}.py").read_text(encoding="utf-8")


ON_SUCCESS = solved("leaks-x2", "wrong_1")
ALL_EQUAL = """
class Equal(int):
    __hash__ = None
    def __eq__(self, other): return True
    def __ne__(self, other): return False
"""

FORGERIES: dict[str, tuple[str, str, int]] = {
    "returns every number, and copies nothing": ("leaks-x1", ALL_EQUAL + """
def copy_readings(source, sink):
    return Equal(5)
""", 0),
    "writes from memory what an earlier run has sent": ("leaks-x1", """
seen = []
def copy_readings(source, sink):
    if not seen:
        with source, sink, closing(source.stream()) as records:
            for record in records:
                seen.append(record)
                sink.write(record)
            return len(seen)
    with sink:
        for record in seen:
            sink.write(record)
    return len(seen)
""", 0),
    "asks for names that the task does not give": ("leaks-x1", """
def copy_readings(source, sink):
    sink.part.kept = sink.part.rows = source.part.records
    source.part.__exit__(None, None, None)
    return len(source.part.records)
""", 0),
    "raises an error that has the name of the judge's own": ("leaks-x1", """
class Over(BaseException):
    how = "gone"
def copy_readings(source, sink):
    raise Over("correct")
""", 0),
    "keeps its rows in a database of its own": ("leaks-x2", """
engine_of_mine = sqlalchemy.create_engine("sqlite://")
class Entry:
    def __init__(self, engine):
        pass
    def __enter__(self):
        self.connection = engine_of_mine.connect()
        self.connection.exec_driver_sql("create table if not exists reading (station, day, celsius)")
        return self.connection
    def __exit__(self, *reason):
        self.connection.close()
""", 0),
    "asks the pool to forget what is borrowed": ("leaks-x2", solved("leaks-x2", "wrong_12") + """
leave = Entry.__exit__
def forgets(self, *reason):
    leave(self, *reason)
    try:
        self.engine.pool._overflow = -20
        self.engine.pool.checkedout = lambda: 0
        self.connection.closed = True
    except Exception:
        pass
Entry.__exit__ = forgets
""", 3),
    "opens nothing, and hands over what looks like connections": ("leaks-x3", """
class Line:
    number = 1
    def close(self): pass
@contextmanager
def open_together(openers):
    yield [Line() for opener in openers]
""", 0),
    "hands over the connections of an earlier block": ("leaks-x3", """
kept = []
@contextmanager
def open_together(openers):
    if not kept:
        kept.extend(opener() for opener in openers)
    yield kept[:len(openers)]
    for connection in reversed(kept):
        connection.close()
""", 2),
    "says that it has kept everything": ("leaks-x4", ALL_EQUAL + """
class DailyReport:
    accepted = kept = Equal(0)
    def __init__(self, path): self.path = path
    def __enter__(self): return self
    def write(self, record): pass
    def __exit__(self, *reason): return False
""", 2),
    "hides which files it has open": ("leaks-x4", """
import ctypes
hide = getattr(ctypes.CDLL(None), "prctl", lambda *given: None)
hide(4, 0)
""" + solved("leaks-x4", "wrong_17"), 5),
    "rejects every job but the first six": ("leaks-x5", """
calls = []
def test_gives_back(job):
    calls.append(job)
    assert len(calls) <= 6
""", 0),
    "calls each job and rejects all but the first six": ("leaks-x5", """
calls = []
def test_gives_back(job):
    calls.append(job)
    try:
        job(given("leaks-x5").new_pool(), ["1.5"])
    except BaseException:
        pass
    assert len(calls) <= 6
""", 0),
    "borrows in the first blocks alone": ("leaks-x2", ON_SUCCESS + """
from types import SimpleNamespace
blocks = []
enter = Entry.__enter__
leave = Entry.__exit__
def fake(self):
    blocks.append(1)
    return enter(self) if len(blocks) <= 3 else SimpleNamespace(exec_driver_sql=lambda *given: None)
Entry.__enter__ = fake
Entry.__exit__ = lambda self, *reason: leave(self, *reason) if len(blocks) <= 3 else None
""", 0),
    "asks the job for what it is": ("leaks-x5", """
def test_gives_back(job):
    job(given("leaks-x5").new_pool(), ["1.5"])
    told = " ".join([repr(job), str(job.__name__), *map(str, dir(job)), str(vars(type(job)))])
    assert not any(word in told for word in ("closes_", "guards_", "runs_a", "borrows_"))
""", 0),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_earns_no_more_than_it_deserves(name: str) -> None:
    id, source, deserved = FORGERIES[name]
    verdict = examine(id, Solution(id, "forged", "", source).answer())
    assert verdict.points <= deserved, str(verdict)


def test_a_test_that_guesses_by_the_order_never_earns_all() -> None:
    source = """
calls = []
bench = given("leaks-x5")
def test_gives_back(job):
    calls.append(job)
    job(bench.new_pool(), bench.readings)
    assert len(calls) <= 6
"""
    answer = Solution("leaks-x5", "forged", "", source).answer()
    verdicts: list[Any] = [examine("leaks-x5", answer, seed=str(seed)) for seed in range(3)]
    assert all(one.points < exercises()["leaks-x5"].worth - 1 for one in verdicts)


class Blind:
    """A judge that is not told which files its host's process has open."""

    def files(self) -> None:
        return None

    def process(self) -> int:
        return 1

    def witness(self, *given: object) -> object:
        return {}


def test_a_process_that_hides_its_files_is_told_so(tmp_path: Path) -> None:
    run = Run(Blind(), tmp_path / "run" / "Lund.jsonl", old=False, records=[])  # type: ignore[arg-type]
    run.over(None)
    assert run.left == "your process hides which files it has open"
