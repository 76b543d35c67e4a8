"""The checks on lazy chains: their watched parts, their leaky programs, and answers that try to get by."""

from __future__ import annotations

import itertools
import os
import sys
import textwrap
from collections import deque
from dataclasses import replace
from inspect import getgeneratorstate
from typing import Any

import pytest
from solutions import one_quickly, setup, solutions, variants

from lessons import course, given
from lessons.exercises import Variant, executed, exercises
from lessons.exercises.chains_parts import Line, Shelf, Tap, drawn
from lessons.exercises.chains_programs import BROKEN, EARLY, RIGHT, SOME, Program
from lessons.exercises.chains_x6.check import WORLDS
from lessons.judge import trial
from lessons.judge.trial import examine

IDS = [id for id, one in exercises().items() if one.assignment == "chains"]
KIT = Variant("kit")


@pytest.fixture(autouse=True)
def the_kits_variant():
    yield
    course("kit")


# --- the watched parts


def test_a_tap_counts_pulls_and_what_comes_after_the_end() -> None:
    tap = Tap("ab")
    assert list(tap) == ["a", "b"]
    assert list(tap) == []
    assert (tap.pulls, tap.walks, tap.after) == (2, 2, 1)


def test_a_tap_without_an_end_refuses_and_stays_refused() -> None:
    tap = Tap(itertools.count(), limit=3)
    with pytest.raises(OverflowError):
        list(tap)
    with pytest.raises(OverflowError):
        next(tap)
    assert tap.dry and tap.pulls == 3


def test_what_is_drawn_stands_beside_the_pulls_that_it_took() -> None:
    [result] = drawn(9, (lambda stream: (value for value in stream if value % 2), Tap(range(5))))
    assert (result.values, result.took, result.early, result.error) == ([1, 3], [2, 4], 0, None)


def test_a_watched_file_counts_lines_however_it_is_read() -> None:
    shelf = Shelf(KIT, "test")
    count = len(next(iter(shelf.texts.values())))
    for read in (list, lambda file: file.read(), lambda file: file.readlines(), lambda file: file.readline()):
        with shelf.fetch(next(iter(shelf.texts))) as file:
            read(file)
    assert [file.lines for file in shelf.files] == [count, count, count, 1]
    assert not shelf.open


@pytest.mark.parametrize("count", [6, 7, 8, 9])
def test_a_line_knows_how_many_pulls_a_limit_needs(count: int) -> None:
    records = KIT.readings("test", count)
    for limit in range(count + 3):
        line = Line(records)
        stream = line.stream()
        for stage in line.stages:
            stream = stage.process(stream)
        assert len(list(itertools.islice(stream, limit))) == min(limit, len(line.kept))
        assert line.pulls == line.need(limit)


# --- the programs on which a student's test is tried


def left(way: Any, limit: int, fails: tuple[str, int] | None = None) -> list[str]:
    """The parts of three whose generators a program leaves suspended, in such a run."""
    kept = {}

    class Part:
        def __init__(self, name: str) -> None:
            self.name = name

        def stream(self) -> Any:
            return self.process(iter(range(6)))

        def process(self, stream: Any) -> Any:
            kept[self.name] = self.passed(stream)
            return kept[self.name]

        def passed(self, stream: Any) -> Any:
            for number in stream:
                if (self.name, number) == fails:
                    raise OSError(self.name)
                yield number

        def write(self, number: int) -> None:
            if (self.name, number) == fails:
                raise OSError(self.name)

    error = None  # kept, so that reference counting closes nothing
    try:
        Program(way)(Part("source"), [Part("first"), Part("second")], Part("sink"), limit)
    except OSError as raised:
        error = raised
    assert (error is not None) == (fails is not None)
    return [name for name, stream in kept.items() if getgeneratorstate(stream) == "GEN_SUSPENDED"]


RUNS = [(2, None), (9, None), (0, None), *((9, (name, 3)) for name in ("source", "first", "second", "sink"))]


@pytest.mark.parametrize("way", [*RIGHT, *WORLDS], ids=lambda way: way.__name__)
@pytest.mark.parametrize("run", RUNS, ids=str)
def test_a_right_program_leaves_nothing_suspended(way: Any, run: Any) -> None:
    assert left(way, *run) == []


@pytest.mark.parametrize("way", [*EARLY, *SOME])
def test_a_program_that_leaks_early_does_so_at_the_limit(way: Any) -> None:
    assert left(way, 2)


@pytest.mark.parametrize("way", BROKEN)
def test_a_program_that_leaks_after_a_failure_does_so_then_alone(way: Any) -> None:
    assert left(way, 2) == []
    assert any(left(way, 9, (name, 3)) for name in ("second", "sink"))


@pytest.mark.parametrize("way", [*EARLY, *SOME, *BROKEN])
def test_no_leaky_program_shows_in_a_run_to_the_end(way: Any) -> None:
    assert left(way, 9) == []


def test_programs_come_in_another_order_in_each_variant() -> None:
    seen = set()
    for variant in variants():
        order = list(range(10))
        variant.random("chains-x6").shuffle(order)
        seen.add(tuple(order))
    assert len(seen) == 3


# --- the texts' own lines


def names(id: str) -> dict[str, Any]:
    """The names of an exercise's first right solution."""
    answer = next(one for one in solutions(id) if one.right).answer()
    return {exercises()[id].answer: answer}


def test_the_lines_with_which_the_texts_invite_to_try() -> None:
    assert len(list(names("chains-x1")["with_highest"](iter(given("chains-x1"))))) == 7
    source, stages, sink = given("chains-x2")
    mails: list[Any] = []
    with pytest.raises(OSError, match="lost") as caught:
        names("chains-x2")["night"](source, stages, sink, lambda *mail: mails.append(mail))
    assert mails == [(len(sink.rows), caught.value)]
    readings = list(names("chains-x3")["Diary"](given("chains-x3"), open).stream())
    assert readings and all(type(reading) is float for reading in readings)
    assert len(list(names("chains-x4")["smoothed"](iter(given("chains-x4")), 3))) == 12
    source, stages, sink = given("chains-x5")
    assert names("chains-x5")["deliver"](source, stages, sink, 2) == 2
    assert source.log == ["stage 2", "stage 1", "source"]
    tidy, leaky = given("chains-x6")
    test = names("chains-x6")["check_closes"]
    test(tidy)
    with pytest.raises(AssertionError):
        test(leaky)


# --- answers that try to get by


def forever(*given: Any) -> Any:
    while True:
        pass


def exits(*given: Any) -> Any:
    sys.exit(0)


def vanishes(*given: Any) -> Any:
    os._exit(0)


def swallows(*given: Any) -> Any:
    try:
        for stream in given:
            list(stream)
    except BaseException:
        return None


class Agreeable:
    """Equal to everything, and whatever one asks of it."""

    def __init__(self, *given: Any) -> None:
        pass

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __call__(self, *given: Any) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return self

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return self


def patches(*given: Any) -> Any:
    from lessons.exercises import chains_parts, chains_programs
    from lifecycle import faults, ledger

    faults.sweep = ledger.held = lambda *given, **named: ()  # type: ignore[assignment]
    for module in (chains_parts, chains_programs):
        module.getgeneratorstate = lambda stream: "GEN_CLOSED"  # type: ignore[attr-defined]
    return 0


def asserts(*given: Any) -> Any:
    raise AssertionError("something is suspended")


@pytest.mark.parametrize("id", IDS)
@pytest.mark.parametrize("answer", [exits, vanishes, swallows, Agreeable(), Agreeable, patches, asserts])
def test_an_answer_that_does_no_work_earns_nothing_for_the_main_thing(id: str, answer: Any) -> None:
    if answer is vanishes and not hasattr(os, "fork"):
        pytest.skip("without a child process this ends the tests")
    verdict = examine(id, answer)
    assert verdict.status == "wrong" and verdict.aspects[0].points == 0, str(verdict)


@pytest.mark.parametrize("id", one_quickly(IDS))
def test_an_answer_that_never_ends_is_stopped(id: str) -> None:
    verdict = trial.examine(replace(exercises()[id], seconds=0.2), forever, KIT)
    assert (verdict.status, verdict.points, verdict.belief) == ("wrong", 0, exercises()[id].hangs)


def test_a_hard_coded_answer_of_one_variant_is_wrong_in_another() -> None:
    records = given("chains-x1")
    best = itertools.accumulate((record["celsius"] for record in records), max)
    rows = [{**record, "highest": value} for record, value in zip(records, best, strict=True)]

    def answer(stream: Any) -> Any:
        for _ in stream:
            yield rows.pop(0)

    assert examine("chains-x1", answer).points == 0
    assert examine("chains-x1", answer, Variant("autumn-3f9a")).points == 0


@pytest.mark.parametrize("id", ["chains-x1", "chains-x4"])
def test_variants_work_on_other_data(id: str) -> None:
    one, two, three = (exercises()[id].given(variant) for variant in variants())
    assert one != two != three != one


def test_an_own_stream_that_is_equal_to_everything_is_no_mean() -> None:
    class Same(float):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = float.__hash__

    def answer(stream: Any, size: int) -> Any:
        for number, _ in enumerate(stream, 1):
            if number >= size:
                yield Same(0)

    assert examine("chains-x4", answer).aspects[0].points == 0


def test_free_memory_of_the_process_does_not_hide_what_an_answer_stores() -> None:
    def answer(stream: Any, size: int) -> Any:
        window, kept = deque(maxlen=size), [[]]
        for value in stream:
            window.append(value)
            # Not the readings themselves: a part of the check sends large ones.
            kept[-1].append(value / size)
            if len(kept[-1]) == 1_000:
                kept.append([])
            if len(window) == size:
                yield sum(window) / size

    # Every other one is freed: 90 MB of numbers and 20 MB of larger blocks. No page goes back to the system.
    numbers = [float(number) for number in range(6_000_000)] + [bytes(20_000) for _ in range(2_000)]
    numbers[::2] = itertools.repeat(None, 3_001_000)
    assert examine("chains-x4", answer).aspects[1].points == 0


# --- what a verdict says of answers that are wrong in their own way


def judged(id: str, source: str) -> Any:
    """The verdict on an answer that is given as the text of its cell."""
    return examine(id, executed(textwrap.dedent(source), id, setup(id)).get(exercises()[id].answer))


def a_diary(lines: str) -> str:
    """A cell of chains-x3 whose `stream` does this with each path."""
    return f"""
class Diary:
    def __init__(self, paths, open_file):
        self.paths, self.open_file = paths, open_file

    def stream(self):
        for path in self.paths:
{textwrap.indent(lines, " " * 12)}
"""


def test_a_file_that_the_diary_was_not_told_to_open_is_not_its_own() -> None:
    verdict = judged("chains-x3", a_diary("for line in open(path): yield float(line)"))
    assert verdict.points == 0 and "Open each file with `self.open_file(path)`" in verdict.aspects[0].advice


def test_streams_of_one_diary_do_not_share_a_file() -> None:
    lines = textwrap.dedent("""
        self.file = self.open_file(path)
        try:
            yield from map(float, self.file)
        finally:
            self.file.close()
    """)
    verdict = judged("chains-x3", a_diary(lines))
    assert verdict.points == 4 and "pulled in turn" in verdict.aspects[3].seen
    assert judged("chains-x3", a_diary(lines.replace("self.file", "file"))).status == "correct"


def test_a_list_of_readings_loses_only_what_a_list_is_wrong_about() -> None:
    source = """
        class Diary:
            def __init__(self, paths, open_file):
                self.paths, self.open_file = paths, open_file

            def stream(self):
                readings = []
                for path in self.paths:
                    with self.open_file(path) as file:
                        readings += map(float, file)
                return readings
    """
    verdict = judged("chains-x3", source)
    assert [aspect.holds for aspect in verdict.aspects] == [True, True, False, True]


def test_a_test_may_not_ask_in_which_order_the_generators_are_closed() -> None:
    right = next(one for one in solutions("chains-x6") if one.right).answer()
    order: list[str] = []

    class Noted:
        def stream(self) -> Any:
            return self.noted("source", iter(range(9)))

        def process(self, stream: Any) -> Any:
            return self.noted("stage", stream)

        def noted(self, name: str, stream: Any) -> Any:
            try:
                for record in stream:
                    yield record
            finally:
                order.append(name)

    def answer(deliver: Any) -> None:
        right(deliver)
        order.clear()
        deliver(Noted(), [Noted()], type("Rows", (), {"write": lambda self, record: None})(), 2)
        assert order == ["stage", "source"]

    verdict = examine("chains-x6", answer)
    assert (verdict.points, verdict.belief) == (0, "") and "in which order" in verdict.aspects[0].advice


SHAPES = {
    "a parameter is missing": "class Diary:\n    def __init__(self, paths):\n        self.paths = paths",
    "another name": "class Diary:\n    def __init__(self, paths, open_file):\n        self.read = paths",
    "no class": "Diary = 3",
}


@pytest.mark.parametrize("case", SHAPES)
def test_an_answer_of_another_shape_is_sent_to_the_task_and_to_no_line(case: str) -> None:
    aspect = judged("chains-x3", SHAPES[case]).aspects[0]
    assert "Compare the names and the parameters" in aspect.advice and "this line" not in aspect.advice


def test_a_failure_that_never_came_is_blamed_for_no_order() -> None:
    """An empty record ends this answer's loop, before the source can fail."""
    [early] = [one for one in solutions("chains-x5") if one.name == "wrong_38"]
    verdict = examine("chains-x5", early.answer())
    assert [one.points for one in verdict.aspects] == [3, 2, 1, 0], str(verdict)
