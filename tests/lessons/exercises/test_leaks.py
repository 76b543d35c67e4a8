"""What only the assignment on leaks has: jobs that leak in one way each, answers that hope for luck."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from dataclasses import replace
from typing import Any

import pytest
from solutions import one_quickly, setup, solutions

from lessons.exercises import (
    Variant,
    executed,
    exercises,
    leaks_programs,
)
from lessons.exercises.sql import new_pool
from lessons.judge import (
    home,
    trial,
)
from lessons.judge.trial import (
    examine,
)
from lifecycle import faults, ledger
from lifecycle.probe import Probe

KIT = Variant("kit")
MINE = [id for id in exercises() if id.startswith("leaks-")]


def interrupted() -> Any:
    yield "12.5"
    raise KeyboardInterrupt


WAYS: dict[str, tuple[int, Any]] = {
    "whole": (20, lambda: ["12.5", "3.0"]),
    "broken": (20, lambda: ["12.5", "missing", "3.0"]),
    "stop": (20, interrupted),
    "open": (1, lambda: ["12.5", "3.0"]),
}


def leaks_on(job: leaks_programs.Job) -> set[str]:
    """The ways on which a job leaves a slot taken, with its error kept and the collector off."""
    found, kept = set(), []
    gc.disable()
    try:
        for way, (slots, readings) in WAYS.items():
            engine = new_pool(slots)
            try:
                job(engine, readings())
            except BaseException as error:
                kept.append(error)
            if engine.pool.checkedout():
                found.add(way)
    finally:
        gc.enable()
        leaks_programs.borrowed.clear()
    return found


@pytest.mark.parametrize("job", leaks_programs.RIGHT, ids=lambda job: job.__name__)
def test_a_right_job_gives_its_slots_back_on_every_way_out(job: leaks_programs.Job) -> None:
    assert leaks_on(job) == set()


@pytest.mark.parametrize(
    ("way", "job"),
    [(way, job) for way, jobs in leaks_programs.LEAKY.items() for job in jobs],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_leaky_job_leaks_on_its_way_out(way: str, job: leaks_programs.Job) -> None:
    assert way in leaks_on(job)


@pytest.mark.parametrize("way", WAYS)
def test_a_test_needs_this_way_to_catch_its_job(way: str) -> None:
    alone = [job for job in leaks_programs.LEAKY[way] if leaks_on(job) == {way}]
    assert alone, "no other way shows the leak, so each way is worth its points"


def test_the_text_counts_the_jobs_aright() -> None:
    assert (len(leaks_programs.RIGHT), sum(map(len, leaks_programs.LEAKY.values()))) == (6, 6)


def test_an_error_that_is_kept_without_its_traceback_keeps_no_connection() -> None:
    right = next(one for one in solutions("leaks-x5") if one.right and "kept.append(error)" in one.source)
    bare = right.source.replace("kept.append(error)", "kept.append(error.with_traceback(None))")
    answer = executed(bare, "leaks-x5", setup("leaks-x5"))["test_gives_back"]
    assert [one.holds for one in examine("leaks-x5", answer).aspects] == [False, True, True, False, False]


class Everything:
    """Is equal to everything, can be called, entered, iterated, and swallows all."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True

    def __call__(self, *given: object, **named: object) -> Everything:
        return self

    def __getattr__(self, name: str) -> Any:
        return self

    def __enter__(self) -> Everything:
        return self

    def __exit__(self, *reason: object) -> bool:
        return True

    def __iter__(self) -> Any:
        return iter(())

    def __index__(self) -> int:
        return 4


def loops(*given: object) -> object:
    while True:
        with contextlib.suppress(BaseException):
            pass


def leaves(*given: object) -> object:
    sys.exit(0)


def vanishes(*given: object) -> object:
    os._exit(0)


def patches(*given: object) -> object:
    faults.sweep = faults.attempt = lambda *given, **named: Everything()
    ledger.held = lambda: ()
    ledger.system = lambda: None
    Probe.leaks = lambda self: ()
    return Everything()


def swallows(*given: Any) -> object:
    with contextlib.suppress(BaseException):
        for one in given:
            one.stream()
    return Everything()


@pytest.mark.parametrize("id", one_quickly(MINE))
@pytest.mark.parametrize("answer", [Everything(), loops, leaves, vanishes, patches, swallows])
def test_a_hostile_answer_earns_nothing_for_the_main_thing(id: str, answer: object) -> None:
    impatient = replace(exercises()[id], seconds=1.0)
    verdict = trial.examine(impatient, answer, KIT)
    assert verdict.status == "wrong" and verdict.aspects[0].points == 0, str(verdict)


@pytest.mark.parametrize("id", MINE)
def test_a_solution_that_patches_the_tools_is_judged_all_the_same(
    id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = next(one for one in solutions(id) if one.name.startswith("wrong_1"))
    patch = "ledger.held = lambda: ()\nfaults.sweep = faults.attempt = lambda *given, **named: None\n"
    for room, name in ((ledger, "held"), (faults, "sweep"), (faults, "attempt")):
        monkeypatch.setattr(room, name, getattr(room, name))  # so that it is put back
    names = executed(patch + wrong.source, f"{id} patched", setup(id))
    try:
        verdict = home.judged(exercises()[id], names[exercises()[id].answer], KIT)
    finally:
        home.end()
    assert verdict.status in ("wrong", "almost") and verdict.belief == wrong.named, str(verdict)


def test_a_station_that_latin_1_cannot_write_changes_no_points() -> None:
    (latin,) = [one for one in solutions("leaks-x4") if "latin-1" in one.source]
    drawn = {str(seed): Variant(f"kit:{seed}").readings("leaks-x4", 7) for seed in range(40)}
    seed = next(seed for seed, rows in drawn.items() if any(row["station"] == "Gdańsk" for row in rows[1:4]))
    assert examine("leaks-x4", latin.answer("kit"), seed=seed).points == 4


def verdict_of(id: str, source: str, seed: str = "") -> Any:
    return examine(id, executed(source, f"{id} here", setup(id))[exercises()[id].answer], seed=seed)


def test_a_connection_given_back_by_reference_counting_is_not_given_back() -> None:
    source = """
class Entry:
    def __init__(self, engine):
        self.engine = engine
    def __enter__(self):
        self.connection = self.engine.connect()
        return self.connection
    def __exit__(self, kind, error, trace):
        if kind is None:
            self.connection.commit()
        del self.connection
"""
    assert verdict_of("leaks-x2", source).belief == "leaks-refcount-closes"


def test_a_message_names_the_failure_and_the_line_of_the_students_code() -> None:
    source = """
def copy_readings(source, sink):
    with source, sink:
        return len([sink.write(record) for record in source.stream()])
"""
    (seen,) = [aspect.seen for aspect in verdict_of("leaks-x1", source).aspects if aspect.seen]
    assert "after a failure at record 1 of the sink (your code: line 4: `return len(" in seen


def test_a_test_that_accepts_all_and_one_that_rejects_all_earn_nothing() -> None:
    accepts = "def test_gives_back(job):\n    job(given('leaks-x5').new_pool(), ['1.5'])\n"
    rejects = "def test_gives_back(job):\n    assert False, 'a leak'\n"
    noisy = f"{accepts}    raise AssertionError('a leak')\n"
    for source in (accepts, rejects, noisy):
        assert verdict_of("leaks-x5", source).points == 0, source


WRAPPED = """
def copy_readings(source, sink):
    try:
        with source, sink, closing(source.stream()) as records:
            return len([sink.write(record) for record in records])
    except OSError as error:
        raise RuntimeError("the copy has failed") from error
"""
TWICE = """
def copy_readings(source, sink):
    with source, sink, closing(source.stream()) as records:
        count = len([sink.write(record) for record in records])
        sink.__exit__(None, None, None)
        return count
"""
NAMELESS = {
    "another error": ("leaks-x1", WRAPPED, 4, "this came out: RuntimeError"),
    "an error of the same kind": (
        "leaks-x1", WRAPPED.replace("RuntimeError", "OSError"), 4, "this came out: OSError: the",
    ),
    "told twice": ("leaks-x1", TWICE, 4, "the archive was left 2 times"),
    "no record": (
        "leaks-x1",
        "def copy_readings(source, sink):\n"
        "    with source, sink, closing(source.stream()) as records:\n"
        "        for count, record in enumerate(records, 1):\n"
        "            sink.write(record)\n"
        "    return count\n",
        4, "no records came, 0 arrived, and the answer raised UnboundLocalError",
    ),
    "the sample's number": (
        "leaks-x1", TWICE.replace("        sink.__exit__(None, None, None)\n        return count",
                                  f"        return count and {Variant('kit:7').number('leaks-x1', 4, 7)}"),
        4, "9 records came, 9 arrived, and the answer returned 6",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("id", "source", "points", "seen"), NAMELESS.values(), ids=NAMELESS)
def test_a_mistake_that_no_misconception_explains_is_seen_without_a_name(
    id: str, source: str, points: int, seen: str
) -> None:
    verdict = verdict_of(id, source, seed="7")
    first = next(aspect for aspect in verdict.aspects if not aspect.holds)
    assert (verdict.points, verdict.belief) == (points, ""), str(verdict)
    assert seen in first.seen and first.advice


@pytest.mark.parametrize("id", one_quickly(MINE))
def test_an_answer_that_never_ends_shows_no_misconception(id: str) -> None:
    impatient = replace(exercises()[id], seconds=0.3)
    assert trial.examine(impatient, loops, KIT).belief == ""


def test_materials_differ_by_variant_and_are_the_same_each_time() -> None:
    other = Variant("autumn-3f9a")
    assert [exercises()["leaks-x4"].given(one) for one in (KIT, other)] != [[], []]
    assert exercises()["leaks-x4"].given(KIT) == exercises()["leaks-x4"].given(KIT)
    assert exercises()["leaks-x4"].given(KIT) != exercises()["leaks-x4"].given(other)
    weather = exercises()["leaks-x2"].given(KIT)
    with weather.engine.begin() as connection:
        weather.store(connection)
    assert weather.kept() == len(weather.readings)
    weather.close()
