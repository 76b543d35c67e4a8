"""Answers to the exercises on descriptors that lie to the judge: none earns more than it deserves."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from solutions import FOLDER, Solution

from lessons.judge.trial import examine

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the memory of a host is seen on Linux alone")


def solved(id: str, file: str) -> str:
    return (FOLDER / id / f"{file}.py").read_text(encoding="utf-8")


KEPT = solved("descriptors-x1", "wrong_9")
ON_CLASS = solved("descriptors-x4", "wrong_1_descriptors-class-assignment-checked_unnamed")
IN_THE_HOST = """
import gc
from lessons.exercises import descriptors_host as seen
from lessons.judge.host import Host

def host():
    return next(one for one in gc.get_objects() if isinstance(one, Host))
"""

FORGERIES: dict[str, tuple[str, str, int]] = {
    "says that all values have gone": ("x1", IN_THE_HOST + KEPT + """
def lie():
    seen.lets_go = lambda *given: (True, True, True)
Settings.__init__ = lambda self: lie()
""", 4),
    "lets a ballast go in place of the values": ("x1", IN_THE_HOST + KEPT + """
ballast = []
def lie():
    seen.lets_go = lambda *given: (True, True, True)
    ballast[:] = ballast or [bytes(8_000_000)]
Settings.__init__ = lambda self: lie()
keep = Spread.__set__
def heavy(self, instance, value):
    if isinstance(value, int) and value > 2**64:
        ballast[:] = [b""]
    keep(self, instance, value)
Spread.__set__ = heavy
""", 4),
    "reads what was assigned in an earlier check": ("x1", """
class Spread:
    drawn = [7.3, 9.1, 4.4, 12.5, 80.1, 33.3]
    def __get__(self, instance, owner=None):
        return self.drawn[len(vars(instance)) % 6]
    def __set__(self, instance, value):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError("allowed is a number")
        vars(instance)[f"n{len(vars(instance))}"] = None
class Settings:
    center = Spread()
    spread = Spread()
""", 1),
    "asks the judge for what is not declared": ("x2", IN_THE_HOST + """
class Whole:
    def __init__(self, least, most): pass
    def __get__(self, instance, owner=None): return self.found
    def __set__(self, instance, value):
        for name in ("aspects", "variant", "_tell", "__globals__"):
            for thing in list(host()._theirs.values()):
                try:
                    host().ask("value", thing, name)
                except AttributeError:
                    pass
        host().ask("settle", "only whole numbers are taken, all else is a TypeError", 2)
        raise TypeError(value)
""", 0),
    "ends the wire": ("x2", """
from lessons.judge.wire import Over
class Whole:
    def __init__(self, least, most): raise Over("correct")
""", 0),
    "names its own error Over": ("x3", """
class Over(BaseException):
    how, what = "correct", "correct"
class OneOf:
    def __init__(self, *options): pass
    def __set__(self, instance, value): raise Over("correct")
""", 0),
    "answers with more than a message takes": ("x3", """
class OneOf:
    def __init__(self, *options): pass
    def __set__(self, instance, value): pass
    def __get__(self, instance, owner=None): return ["celsius"] * 10**6
""", 0),
    "answers with an object that equals all": ("x3", """
class Equal(str):
    def __eq__(self, other): return True
    def __hash__(self): return 0
class OneOf:
    def __init__(self, *options): pass
    def __set__(self, instance, value): pass
    def __get__(self, instance, owner=None): return self if instance is None else Equal()
""", 1),
    "says that a field is on the class": ("x4", IN_THE_HOST + ON_CLASS + """
fields = vars(StationConfig)
begin = StationConfig.__init__
def lie(self, **given):
    seen.lacks = lambda *asked: ""
    begin(self, **given)
StationConfig.__init__ = lie
""", 3),
    "fails for every second field": ("x5", """
runs = []
def test_field(field):
    runs.append(field)
    assert len(runs) % 2
""", 0),
    "says of each test that it failed": ("x5", """
from lessons.judge import host
def test_field(field):
    def call(thing, given, named):
        raise AssertionError("it leaks")
    host._ASKED["call"] = call
    assert False
""", 0),
    "looks into the fields for a list": ("x5", """
def test_field(field):
    codes = [one.__code__ for one in vars(field).values() if hasattr(one, "__code__")]
    names = [name for code in codes for name in code.co_names]
    assert "append" not in names and "kept" not in names
""", 0),
}  # fmt: skip


@LINUX
@pytest.mark.parametrize(("number", "source", "most"), FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_earns_no_more_than_it_deserves(number: str, source: str, most: int) -> None:
    id = f"descriptors-{number}"
    answer: Any = Solution(id, "forged", "", source).answer()
    verdict = examine(id, answer)
    assert verdict.points <= most, str(verdict)
