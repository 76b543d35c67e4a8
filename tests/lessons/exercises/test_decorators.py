"""The exercises on decorators: what only they have."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from solutions import one_quickly, setup, solutions, variants

from lessons import course, given
from lessons.exercises import Variant, executed, exercises
from lessons.judge import trial
from lessons.judge.host import Host
from lessons.judge.trial import examine
from lessons.judge.verdict import Verdict
from lifecycle import faults, ledger, retryOnFailure

IDS = [f"decorators-x{number}" for number in range(1, 6)]
CORE = ["start-call-runs", "decorators-call-guards", "decorators-next-is-own-time",
        "decorators-restart-is-harmless", "decorators-stage-is-source",
        "decorators-parentheses-optional"]  # fmt: skip
ALL = [one for one in solutions() if one.exercise in IDS]


@pytest.fixture(autouse=True)
def the_kits_variant():
    yield
    course("kit")


def right(id: str, number: int = 1) -> Any:
    return next(one for one in ALL if one.exercise == id and one.name == f"right_{number}").answer()


def answered(id: str, source: str) -> Any:
    return executed(source, f"{id} tried", setup(id))[exercises()[id].answer]


def judged(id: str, answer: object, seconds: float = 10.0) -> Verdict:
    return trial.examine(replace(exercises()[id], seconds=seconds), answer, Variant("kit"))


@pytest.mark.parametrize("belief", CORE)
def test_each_belief_of_the_lesson_is_met_by_four_wrong_solutions(belief: str) -> None:
    assert Counter(one.belief for one in ALL)[belief] >= 4


def loops(*given: Any, **more: Any) -> Any:
    while True:
        pass


def exits(*given: Any, **more: Any) -> Any:
    sys.exit(0)


def vanishes(*given: Any, **more: Any) -> Any:
    os._exit(0)


def swallows(*given: Any, **more: Any) -> Any:
    with contextlib.suppress(BaseException):
        return given[0]()


class Agreeable:
    """Equal to everything, callable, and a stream that never ends."""

    seconds = records = property(lambda self: self)

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__

    def __call__(self, *given: Any, **more: Any) -> Any:
        return self

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return self


def patches(*given: Any, **more: Any) -> Any:
    faults.sweep = lambda *given, **more: faults.Sweep((), None, None)  # type: ignore[assignment]
    ledger.held = tuple  # type: ignore[assignment]
    time.perf_counter = lambda: 0.0  # type: ignore[assignment]
    return given[0] if given else None


def returns(function: Any = None, *more: Any, **named: Any) -> Any:
    return function


HOSTILE = [loops, exits, vanishes, swallows, Agreeable(), patches, returns]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("id", one_quickly(IDS))
@pytest.mark.parametrize("answer", HOSTILE, ids=lambda answer: getattr(answer, "__name__", "agreeable"))
def test_a_hostile_answer_is_never_correct(id: str, answer: object) -> None:
    verdict = judged(id, answer, seconds=1.0)
    assert verdict.status == "wrong" and verdict.aspects[0].points == 0, str(verdict)


@pytest.mark.parametrize("id", one_quickly(IDS))
def test_a_loop_inside_of_the_stream_is_stopped(id: str) -> None:
    def decorator(function: Any = None, *more: Any, **named: Any) -> Any:
        def endless(*given: Any) -> Any:
            while True:
                yield from function(*given)

        return endless if function else decorator

    verdict = judged(id, decorator, seconds=1.0)
    assert verdict.status == "wrong" and verdict.aspects[0].seen, str(verdict)


def test_a_figure_that_is_right_at_home_is_wrong_in_the_check() -> None:
    station, _ = given("decorators-x1")
    literal = sum(station.costs) + station.last
    answer = answered(
        "decorators-x1",
        "def timed(function, clock=None):\n"
        "    def wrapper(self):\n"
        f"        self.seconds = {literal} + 0 * clock()\n"
        "        yield from function(self)\n"
        "    return wrapper\n",
    )
    points = [examine("decorators-x1", answer, seed=seed).points for seed in "123"]
    assert points == [1, 1, 1]


def test_the_data_of_two_variants_differ() -> None:
    def data(variant: str) -> list[Any]:
        course(variant)
        station, _ = given("decorators-x1")
        source, stage, _ = given("decorators-x2")
        new_feed, _, _ = given("decorators-x5")
        feeds = [given("decorators-x3").records, given("decorators-x4").records, new_feed().records]
        return [station.costs, source.readings, (stage.first, stage.each, stage.last), *feeds]

    by_variant = [data(variant.name) for variant in variants()]
    for values in zip(*by_variant, strict=True):
        assert len({str(value) for value in values}) > 1
    assert data("kit") == by_variant[0]


def test_a_retry_that_waits_says_so_at_once() -> None:
    began = time.monotonic()
    answer = answered(
        "decorators-x4",
        "def patient(function=None, *, attempts=3):\n"
        "    if function is None:\n"
        "        return functools.partial(patient, attempts=attempts)\n"
        "    if len(inspect.signature(function).parameters) > 1:\n"
        "        raise TypeError('a stage')\n"
        "    return retryOnFailure(attempts, 60)(function)\n",
    )
    verdict = judged("decorators-x4", answer, seconds=30.0)
    assert verdict.status == "almost" and "waited 60 seconds" in verdict.aspects[2].seen, str(verdict)
    assert time.monotonic() - began < 30


def test_the_checks_give_back_what_they_borrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "can_copy", lambda: False)
    sleep, defaults, held = time.sleep, retryOnFailure.__kwdefaults__, ledger.held()
    for id in IDS:
        assert judged(id, right(id)).status == "correct"
    assert (time.sleep, retryOnFailure.__kwdefaults__, ledger.held()) == (sleep, defaults, held)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_retry_of_the_third_exercise_passes_the_tests_of_the_fifth(number: int) -> None:
    new_feed, _, wrong = given("decorators-x5")
    retry = right("decorators-x3", number)
    for test in (right("decorators-x5", 1), right("decorators-x5", 2), right("decorators-x5", 3)):
        test(lambda function: lambda *given: retry(lambda self: function(*given))(None), new_feed)
        with pytest.raises(AssertionError):
            test(wrong, new_feed)


def test_a_test_may_use_pytest() -> None:
    source = next(one for one in ALL if str(one) == "decorators-x5-right_1").source
    head, tail = source.split("    try:\n")
    raises = "    import pytest\n    with pytest.raises(OSError):\n        list(retry(feed.stream)())\n"
    raises += "    assert (feed.opened, feed.open) == (3, 0)\n"
    assert "raise AssertionError" in tail
    assert judged("decorators-x5", answered("decorators-x5", head + raises)).status == "correct"


def test_what_the_texts_show_runs() -> None:
    station, clock = given("decorators-x1")
    timed = right("decorators-x1")

    class Timed(station):  # type: ignore[misc, valid-type]
        stream = timed(station.stream, clock)

    part = Timed()
    assert list(part.stream()) == list(station.readings)
    assert part.seconds == clock() == sum(station.costs) + station.last

    station, convert, clock = given("decorators-x2")
    measured = right("decorators-x2")

    class Measured(convert):  # type: ignore[misc, valid-type]
        process = measured(convert.process, clock)

    stage = Measured()
    list(stage.process(station().stream()))
    assert 0 < stage.seconds < clock()

    feed = given("decorators-x3")

    class Remote(feed):  # type: ignore[misc, valid-type]
        stream = right("decorators-x3")(feed.stream)

    remote = Remote()
    assert list(remote.stream()) == feed.records and (remote.opened, remote.open) == (2, 0)

    remote = given("decorators-x4")
    patient = right("decorators-x4")

    class Patient(remote):  # type: ignore[misc, valid-type]
        stream = patient(remote.stream)

    assert list(Patient().stream()) == remote.records


def test_a_decorator_that_is_a_class_is_as_good() -> None:
    class timed:
        def __init__(self, function: Any, clock: Any) -> None:
            functools.update_wrapper(self, function)
            self.function, self.clock = function, clock

        def __get__(self, part: Any, kind: Any = None) -> Any:
            return functools.partial(right("decorators-x1")(self.function, self.clock), part)

        def __call__(self, part: Any) -> Any:
            return self.__get__(part)()

    assert judged("decorators-x1", timed).status == "correct"


@pytest.mark.parametrize("attempts", ["attempts + 1", "max(4, attempts)"])
def test_one_attempt_too_many_is_not_taken_for_missing_parentheses(attempts: str) -> None:
    answer = answered(
        "decorators-x4",
        "def patient(function=None, *, attempts=3):\n"
        "    if function is None:\n"
        "        return functools.partial(patient, attempts=attempts)\n"
        f"    return retryOnFailure({attempts}, 0)(function)\n",
    )
    verdict = judged("decorators-x4", answer)
    assert verdict.aspects[0].belief == "" and "counts all attempts" in verdict.aspects[0].advice


def test_checks_in_the_answers_own_process_do_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "can_copy", lambda: False)
    [solution] = [one for one in ALL if one.exercise == "decorators-x5" and one.name.startswith("wrong_8_")]
    hosts = []
    for _ in range(3):
        examine(solution.exercise, solution.answer())
        gc.collect()
        hosts.append(sum(type(one) is Host for one in gc.get_objects()))
    assert hosts[2] <= hosts[0]  # the newest may still be in use


TESTS = {
    "expects no last error": ("list(retry(new_feed(failures=3).stream)())", "must come out"),
    "asks for a generator": (
        "stream = retry(new_feed(failures=0).stream)(); assert list(stream) and inspect.isgenerator(stream)",
        "Ask only for what",
    ),
}


@pytest.mark.parametrize("case", TESTS)
def test_a_test_that_rejects_a_right_retry_is_told_why(case: str) -> None:
    line, advice = TESTS[case]
    verdict = judged(
        "decorators-x5", answered("decorators-x5", f"def test_retry(retry, new_feed):\n    {line}\n")
    )
    assert (verdict.points, verdict.belief) == (0, "") and advice in verdict.aspects[0].advice


STEPS: dict[str, tuple[str, list[tuple[str, str]], list[int], str]] = {
    "counts failures in a row": (
        "x3", [("        for attempt in range(1, attempts + 1):",
                "        attempt = 0\n        while True:\n            attempt += 1"),
               ("delivered += 1\n", "delivered += 1\n                    attempt = 1\n")],
        [4], "6 attempts were made, and OSError came out",
    ),
    "never gives up": ("x3", [("if attempt == attempts:", "if False:"),
                              ("range(1, attempts + 1)", "iter(int, 1)")],
                       [2, 4], "Attempts made: 12 and 12. Allowed: 2 and 5"),
}  # fmt: skip


@pytest.mark.parametrize(("id", "changes", "aspects", "seen"), STEPS.values(), ids=STEPS)
def test_a_mistake_that_shows_no_belief_is_told_as_what_it_is(
    id: str, changes: list[tuple[str, str]], aspects: list[int], seen: str
) -> None:
    id = f"decorators-{id}"
    source = next(one.source for one in ALL if one.exercise == id and one.name == "right_1")
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    verdict = judged(id, answered(id, source))
    failed = [number for number, one in enumerate(verdict.aspects, 1) if not one.holds]
    assert (failed, verdict.belief) == (aspects, ""), str(verdict)
    assert seen in verdict.aspects[aspects[0] - 1].seen, str(verdict)


@pytest.mark.parametrize("id", IDS[:3])
def test_an_answer_that_never_ends_shows_no_belief(id: str) -> None:
    verdict = judged(id, loops, seconds=0.3)
    assert (verdict.points, verdict.belief) == (0, "")
