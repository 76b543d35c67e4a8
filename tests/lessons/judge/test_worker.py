"""The judge of a browser: what its worker does. The browser itself is in tests/browser/test_site.py."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from solutions import solutions

from lessons.exercises import exercises, stub
from lessons.judge import worker
from lessons.judge.trial import examine
from lessons.judge.wire import GONE, TOO_LONG

SETUP = stub("leaks")
RIGHT = next(one.source for one in solutions("leaks-x1") if one.right)


def served(*cells: str, name: str = "copy_readings") -> list[dict[str, Any]]:
    """What the worker reports about an answer to leaks-x1."""
    told: list[dict[str, Any]] = []
    request = {"exercise": "leaks-x1", "variant": "kit", "name": name, "cells": [SETUP, *cells]}
    worker.serve(json.dumps({**request, "seconds": 60}), lambda text: told.append(json.loads(text)))
    return told


def points(verdict: dict[str, Any]) -> int:
    return sum(aspect["points"] for aspect in verdict["aspects"])


def test_the_verdict_is_that_of_a_check_in_this_process() -> None:
    names = worker._again([SETUP, RIGHT])
    here = examine("leaks-x1", names["copy_readings"]).as_dict()
    assert served(RIGHT)[-1]["verdict"]["aspects"] == here["aspects"]


def test_what_is_settled_is_reported_before_the_end() -> None:
    told = served(RIGHT)
    earned = [points(one["ends"][TOO_LONG]) for one in told[:-1]]
    assert earned[0] == 0 and earned == sorted(earned) and earned[-1] > 0
    assert points(told[-1]["verdict"]) == exercises()["leaks-x1"].worth


def test_only_definitions_run_again() -> None:
    cells = [
        "shown = 1\nprint(shown)\nboom()",
        "def late():\n    return helper()",
        "def helper():\n    return 2",
    ]
    names = worker._again(cells)
    assert names["shown"] == 1 and names["late"]() == 2


def test_a_name_that_the_definitions_do_not_make_is_reported() -> None:
    assert served("other = 1") == [{"unknown": "copy_readings"}]


@pytest.mark.parametrize(
    ("names", "found"), [({"usual": 1, "b": 1}, "usual"), ({"b": 1}, "b"), ({"_": 1}, None)]
)
def test_an_answer_is_found_by_its_name(names: dict[str, Any], found: str | None) -> None:
    one = 1
    assert worker._name(names, "usual", one) == found


class Played(worker.Worker):
    """A worker that sends these messages, and then nothing."""

    def __init__(self, *told: dict[str, Any]) -> None:
        self._told = asyncio.Queue()
        for one in told:
            self._told.put_nowait(json.dumps(one))
        self._worker = self
        self.posted: list[str] = []

    def postMessage(self, text: str) -> None:
        self.posted.append(text)


def verdict(*told: dict[str, Any], seconds: float = 0.05) -> dict[str, Any] | None:
    async def wait() -> dict[str, Any] | None:
        return await Played(*told).verdict({"exercise": "leaks-x1"}, seconds)

    return asyncio.run(wait())


BEGUN: list[dict[str, Any]] = [{"ready": True}, {"ends": {TOO_LONG: {"at": 1}, GONE: {"at": 2}}}]
LATER: dict[str, Any] = {"ends": {TOO_LONG: {"at": 3}, GONE: {"at": 4}}}

ENDS: dict[str, tuple[list[dict[str, Any]], dict[str, Any] | None]] = {
    "the verdict": ([*BEGUN, LATER, {"verdict": {"at": 5}}], {"at": 5}),
    "an answer that never ends": ([*BEGUN, LATER], {"at": 3}),
    "an answer that ends Python": ([*BEGUN, LATER, {"gone": True}], {"at": 4}),
    "a Python that does not start": ([{"gone": True}], {}),
    "a definition that ends Python": ([{"ready": True}, {"gone": True}], {}),
    "an answer without a name": ([{"ready": True}, {"unknown": "x"}], None),
}


@pytest.mark.parametrize(("told", "found"), ENDS.values(), ids=ENDS)
def test_an_answer_keeps_what_it_had_earned(told: list[dict[str, Any]], found: dict[str, Any] | None) -> None:
    assert verdict(*told) == found
