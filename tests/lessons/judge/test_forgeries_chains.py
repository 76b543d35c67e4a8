"""Answers to the exercises on chains that lie to the judge: none earns more than it deserves."""

from __future__ import annotations

import inspect
import sys

import pytest
from solutions import FOLDER, Solution

from lessons.exercises import chains_parts
from lessons.judge.trial import can_copy, examine

IN_THE_HOST = """
import gc
from lessons.judge.host import Host

def host():
    return next(one for one in gc.get_objects() if isinstance(one, Host))
"""


def solved(exercise: str, name: str) -> str:
    """The text of a stored solution."""
    return (FOLDER / f"chains-{exercise}" / f"{name}.py").read_text(encoding="utf-8")


FORGERIES: dict[str, tuple[str, str, int]] = {
    "guesses that all is well": ("x1", "def with_highest(*given): return True\n", 0),
    "pulls readings of its own": ("x1", """
def with_highest(stream):
    for reading in given("chains-x1"):
        next(stream, None)
        yield {**reading, "highest": reading["celsius"]}
""", 0),
    "gives placeholders, and fills them when all have come": ("x1", """
def with_highest(stream):
    made, readings = [], []
    for reading in stream:
        made.append({})
        readings.append(reading)
        yield made[-1]
    highest = float("-inf")
    for row, reading in zip(made, readings):
        highest = max(highest, reading["celsius"])
        row.update(reading, highest=highest)
""", 2),
    "asks the stream what nobody declared": ("x1", IN_THE_HOST + """
def with_highest(stream):
    for name in ("_records", "pulls", "__dict__", "__class__", "limit"):
        try:
            host().ask("value", stream, name)
        except AttributeError:
            continue
        yield from ({"highest": 0, name: 1} for _ in range(99))
""", 0),
    "replays the mail of an earlier night": ("x2", """
kept = []
def night(source, stages, sink, mail):
    kept.append(mail)
    for one in kept:
        one(0, OSError("source is lost"))
    return 4
""", 0),
    "raises an error that looks like the judge's": ("x2", """
from lessons.judge.wire import Over
def night(source, stages, sink, mail):
    raise Over("gone")
""", 0),
    "writes more than was pulled": ("x2", """
def night(source, stages, sink, mail):
    for number in range(9):
        sink.write({"day": number})
    return 9
""", 0),
    "says that its files are closed": ("x3", """
class File:
    def __init__(self, file): self.file = file
    closed = property(lambda self: True, lambda self, value: None)
    def __getattr__(self, name): return getattr(self.file, name)
class Diary:
    def __init__(self, paths, open_file):
        self.paths, self.open_file = paths, lambda path: File(open_file(path))
    def stream(self):
        for path in self.paths:
            for line in self.open_file(path).file:
                yield float(line)
""", 3),
    "goes through no reading, and remembers none": ("x4", """
from lessons.exercises import chains_parts
chains_parts.gone_through = lambda stream, count: 20.0
""" + solved("x4", "wrong_2"), 4),
    "tells the states of generators that it does not close": ("x5", """
import inspect
inspect.getgeneratorstate = lambda stream: "GEN_CLOSED"
""" + solved("x5", "wrong_1_chains-break-closes_unnamed"), 2),
    "closes a stream of its own in the name of another": ("x5", IN_THE_HOST + """
def deliver(source, stages, sink, limit):
    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    count = 0
    for record in itertools.islice(stream, limit):
        sink.write(record)
        count += 1
    for number in range(200):
        try:
            host().ask("call", stream, "close", [], {"place": number})
        except Exception:
            pass
    return count
""", 2),
    "rejects by turns": ("x6", """
turns = []
def check_closes(deliver):
    turns.append(deliver)
    deliver(Letters(), [], Rows(), 2)
    assert len(turns) % 2
class Letters:
    def stream(self): yield from "abcd"
class Rows:
    def write(self, record): pass
""", 0),
    "looks for the program behind the function": ("x6", """
def check_closes(deliver):
    deliver(Letters(), [], Rows(), 2)
    for name in ("__code__", "__closure__", "_function", "__wrapped__", "__self__"):
        try:
            found = getattr(deliver, name)
        except AttributeError:
            continue
        assert "way" not in repr(found)
class Letters:
    def stream(self): yield from "abcd"
class Rows:
    def write(self, record): pass
""", 0),
}  # fmt: skip


@pytest.fixture(autouse=True)
def put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a forgery replaces when it is made is replaced in this process, too."""
    for room, name in ((chains_parts, "gone_through"), (inspect, "getgeneratorstate")):
        monkeypatch.setattr(room, name, getattr(room, name))


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_earns_no_more_than_it_deserves(name: str) -> None:
    if name.startswith("goes through") and sys.platform != "linux":
        pytest.skip("the memory of a host is seen on Linux alone")
    if not can_copy():
        pytest.skip("a forgery in this process would spoil the other tests")
    number, source, most = FORGERIES[name]
    verdict = examine(f"chains-{number}", Solution(f"chains-{number}", "wrong_1", "", source).answer())
    assert verdict.points <= most, str(verdict)


def test_a_flood_of_readings_is_stopped() -> None:
    source = 'def with_highest(stream):\n    yield {"highest": "x" * 2_000_000}\n'
    verdict = examine("chains-x1", Solution("chains-x1", "wrong_1", "", source).answer())
    assert (verdict.status, verdict.points) == ("wrong", 0), str(verdict)
