"""Answers to the exercises of the project that lie to the judge: none earns more than it deserves."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from solutions import FOLDER, Solution

from lessons.judge.trial import examine


def solved(id: str, file: str = "right_1") -> str:
    return (FOLDER / id / f"{file}.py").read_text(encoding="utf-8")


LOAD = """        retry = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)
        return retry(lambda: self.run(*self.build()))()
"""
COMMITS = solved("composition-x3", "wrong_2")

HOST = """
import gc
from lessons.judge.host import Host


def host():
    return next(one for one in gc.get_objects() if isinstance(one, Host))

"""

FORGERIES: dict[str, tuple[str, str, int]] = {
    "counts what the settings ask for without opening anything": ("x1", """
def night(source, stages, sink, config):
    class Figures:
        records = 6
    for part in (source, *stages):
        part.metrics = Figures()
    return 6
""", 0),
    "ends the wire": ("x1", """
from lessons.judge.wire import Over


def night(source, stages, sink, config):
    raise Over("correct")
""", 0),
    "raises an error that is equal to the part's own": ("x2", """
def shut_down(parts):
    failed = None
    for part in reversed(parts):
        try:
            part.close()
        except BaseException as error:
            failed = failed or type(error)(*error.args)
    if failed:
        raise failed
""", 3),
    "asks the judge for what is not declared": ("x2", HOST + """
def shut_down(parts):
    for part in parts:
        for name in ("diary", "error", "__dict__", "__class__"):
            try:
                host().ask("value", part, name).clear()
            except AttributeError:
                pass
    host().ask("settle", "a failure comes out", 2)
""", 0),
    "answers with more than a message takes": ("x2", """
def shut_down(parts):
    return ["closed"] * 10**6
""", 0),
    "keeps the connection where the pool does not see it": (
        "x3", solved("composition-x3").replace("self.connection.close()", "self.connection.detach()"), 6,
    ),
    "says that it was left without an error": ("x3", HOST + COMMITS + """

DaySink.commits = DaySink.__exit__
def left(self, kind, error, trace):
    self.commits(kind, error, trace)
    host().output.write("correct")
    return None
DaySink.__exit__ = left
""", 5),
    "fails for every second runner": ("x4", """
runs = []


def test_run(run):
    runs.append(run)
    run(*given("composition-x4")())
    assert len(runs) % 2
""", 3),
    "fails for every runner": ("x4", """
def test_run(run):
    run(*given("composition-x4")())
    raise AssertionError("it leaks")
""", 0),
    "looks for the runner's name": ("x4", """
def test_run(run):
    run(*given("composition-x4")())
    assert run.__name__ in ("in_context", "in_a_stack", "by_hand") or hasattr(run, "__code__")
""", 0),
    "only says that it asks for a connection": ("x5", HOST + """
""" + solved("composition-x5").replace(LOAD, """        for number, told in list(host()._theirs.items()):
            if type(told).__name__ == "function" and told.__name__ == "asked":
                for attempt in range(1, self.config.maxAttempts):
                    told()
        return self.run(*self.build())
"""), 13),
    "writes the rows of an earlier night": ("x5", """
class Night:
    def __init__(self, path, engine, config):
        self.engine = engine

    def build(self):
        return None, (), None

    def run(self, source, stages, sink):
        with self.engine.begin() as connection:
            connection.exec_driver_sql("delete from weather")
            for day in range(1, 5):
                row = (f"2012-01-0{day}", 1.5, 0.25)
                connection.exec_driver_sql("insert into weather values (?, ?, ?)", row)
        return 4

    def load(self):
        return self.run(None, (), None)
""", 3),
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="a host's open files are seen on Linux alone")
@pytest.mark.parametrize(("number", "source", "most"), FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_earns_no_more_than_it_deserves(number: str, source: str, most: int) -> None:
    id = f"composition-{number}"
    answer: Any = Solution(id, "forged", "", source).answer()
    verdict = examine(id, answer, seed="1")
    assert verdict.points <= most, str(verdict)
