"""Answers to the exercises on decorators that lie to the judge: none earns more than it deserves."""

from __future__ import annotations

from typing import Any

import pytest
from solutions import Solution

from lessons.judge.trial import examine

IN_THE_HOST = """
import gc
from lessons.judge.host import Host

def host():
    return next(one for one in gc.get_objects() if isinstance(one, Host))

def asked(thing, *names):
    found = []
    for name in names:
        for kind in ("value", "call"):
            try:
                found.append(host().ask(kind, thing, name, *([[], {}] if kind == "call" else [])))
            except AttributeError:
                pass
    return found
"""

FORGERIES: dict[str, tuple[str, str, int]] = {
    "says one number for every source": ("x1", """
def timed(function, clock):
    def wrapper(self):
        self.seconds = 41 + 0 * clock()
        yield from function(self)
    return wrapper
""", 1),
    "hands on what the clock reads": ("x1", """
def timed(function, clock):
    def wrapper(self):
        try:
            yield from function(self)
        finally:
            self.seconds = clock()
    return wrapper
""", 1),
    "leaves a figure that equals all": ("x1", """
class Equal(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0
    __hash__ = float.__hash__
def timed(function, clock):
    def wrapper(self):
        clock()
        self.seconds = Equal(5)
        yield from function(self)
    return wrapper
""", 1),
    "asks the clock and the source for the costs": ("x1", IN_THE_HOST + """
def timed(function, clock):
    def wrapper(self):
        clock()
        told = asked(clock, "_function", "asked", "now", "costs", "__globals__", "__self__")
        told += asked(function, "target", "doubles", "costs")
        self.seconds = sum(one for one in told if type(one) is int)
        yield from function(self)
    return wrapper
""", 1),
    "answers in the place of the host": ("x2", """
from lessons.judge import host
def measured(function, clock):
    host._ASKED["get"] = lambda thing, name: 17
    def wrapper(self, stream):
        yield from function(self, stream)
    return wrapper
""", 1),
    "says whatever makes the error its own": ("x2", """
class Over(BaseException):
    how, what = "correct", "correct"
def measured(function, clock):
    def wrapper(self, stream):
        raise Over("correct")
        yield
    return wrapper
""", 0),
    "reads the records from its object": ("x3", """
def retried(function, attempts=3):
    def wrapper(self):
        yield from self.records
    return wrapper
""", 0),
    "keeps the records of an earlier run": ("x3", """
kept = []
def retried(function, attempts=3):
    def wrapper(self):
        stream = function(self)
        records = []
        try:
            for record in stream:
                records.append(record)
        except OSError:
            pass
        finally:
            stream.close()
        kept[:] = max(kept, records, key=len)
        yield from kept
    return wrapper
""", 3),
    "answers without an end": ("x3", """
def retried(function, attempts=3):
    def wrapper(self):
        while True:
            yield "x" * 500_000
    return wrapper
""", 0),
    "keeps the figure of an earlier run": ("x1", """
kept = []
def timed(function, clock):
    def wrapper(self):
        self.seconds, began = 0, clock()
        try:
            for record in function(self):
                yield record
                self.seconds = max([clock() - began, *kept]) if not kept else max(kept)
        finally:
            self.seconds = max(kept) if kept else clock() - began
            kept.append(self.seconds)
    return wrapper
""", 1),
    "says of each stage that it was refused": ("x4", """
def patient(function=None, *, attempts=3):
    raise TypeError("a stage cannot be retried")
""", 0),
    "tells right retries from wrong ones by their names": ("x5", """
def test_retry(retry, new_feed):
    made = retry(new_feed().stream)
    names = {retry.__name__, made.__name__, type(made()).__name__, *retry.__code__.co_names}
    assert not names & {"restarting", "belated", "deaf", "list"}, names
""", 0),
    "rejects every second retry": ("x5", """
runs = []
def test_retry(retry, new_feed):
    runs.append(list(retry(new_feed().stream)()))
    assert len(runs) % 2
""", 0),
    "asks the judge for the program": ("x5", IN_THE_HOST + """
def test_retry(retry, new_feed):
    feed = new_feed()
    told = asked(retry, "program", "__self__", "__name__") + asked(feed, "breaks", "lines")
    assert "restarting" not in map(str, told)
""", 0),
    "wants more failures than there is memory": ("x5", """
def test_retry(retry, new_feed):
    feed = new_feed(failures=10**9)
    assert list(retry(feed.stream)()) == feed.records
""", 0),
}  # fmt: skip


@pytest.mark.parametrize(("number", "source", "most"), FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_earns_no_more_than_it_deserves(number: str, source: str, most: int) -> None:
    id = f"decorators-{number}"
    answer: Any = Solution(id, "forged", "", source).answer()
    verdict = examine(id, answer)
    assert verdict.points <= most, str(verdict)
