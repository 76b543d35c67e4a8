"""The checks of the project: the runners on which a test is tried, and answers that try to get by."""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from solutions import one_quickly, setup, solutions

import lessons.exercises
from lessons import course, given
from lessons.exercises import Variant, executed, exercises
from lessons.exercises.composition_parts import (
    LEAKY,
    OLD,
    Database,
    Feed,
    Shift,
    Tray,
    decided,
    in_context,
    new_engine,
    runner,
    stacked,
)
from lessons.judge import trial
from lessons.judge.trial import examine
from lifecycle import faults, ledger
from lifecycle.sources import CsvSource

IDS = [id for id, one in exercises().items() if one.assignment == "composition"]


@pytest.fixture(autouse=True)
def the_kits_variant():
    yield
    course("kit")


def build() -> tuple[Any, Any, Any]:
    records = [{"celsius": float(day)} for day in range(4)]
    return Feed(records), (Shift(1.0),), Tray()


@pytest.mark.parametrize("right", [in_context, stacked], ids=["in_context", "stacked"])
def test_a_right_runner_is_clean_and_lets_every_error_out(right: Any) -> None:
    swept = faults.sweep(build, right)
    assert swept.clean and swept.outcomes[0].arrived == 4
    assert all(one.raised for one in swept.outcomes if one.fault)


@pytest.mark.parametrize(("way", "kind"), LEAKY.items())
def test_a_wrong_runner_is_wrong_in_its_own_way(way: str, kind: str) -> None:
    swept = faults.sweep(build, runner(partial(decided, way)))
    silent = [one for one in swept.outcomes if one.fault and one.fault.phase != "end" and not one.raised]
    assert bool(silent) == (kind in ("quiet", "closing"))
    assert bool(swept.leaks) == (kind not in ("quiet", "closing"))
    leaked = " ".join(text for one in swept.leaks for text in one.leaked)
    assert ("not finished" in leaked) >= (kind in ("streams", "broken"))
    assert ("not left" in leaked) == (kind in ("record", "opening", "close"))
    assert ({one.fault.phase for one in swept.leaks} == {"close"}) == (kind == "close")


def test_a_database_is_locked_until_it_is_asked_often_enough() -> None:
    database = Database("days", "day int")
    engine = new_engine(database.path, database.checked_out)
    with database.locked(checkouts=2):
        for locked in (True, False):
            with engine.connect() as connection:
                try:
                    connection.exec_driver_sql("begin immediate")
                    assert not locked
                except Exception as error:
                    assert locked and "locked" in str(error)
    assert database.checkouts == 2


def test_two_terms_have_other_nights() -> None:
    def night(name: str) -> Any:
        course(name)
        made = given("composition-x5")
        return made.days, (made.config.center, made.config.spread)

    assert night("autumn-3f9a") == night("autumn-3f9a")
    assert night("autumn-3f9a")[0] != night("spring-c07d")[0]
    assert given("composition-x5").database.rows() == OLD


STUCK = """
class Night:
    def __init__(self, path, engine, config):
        CsvSource.stream = None
        while True:
            pass
"""


def test_a_stuck_answer_in_the_judges_process_leaves_the_kit_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = time.sleep, CsvSource.stream
    monkeypatch.setattr(trial, "can_copy", lambda: False)
    answer = executed(STUCK, "stuck", setup("composition-x5"))["Night"]
    verdict = examine(replace(exercises()["composition-x5"], seconds=1.0), answer)
    assert "stopped after 1 second" in str(verdict)
    assert (time.sleep, CsvSource.stream) == before


class Agreeable:
    def __init__(self, *given: object, **named: object) -> None: ...

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__

    def __call__(self, *given: object, **named: object) -> Any:
        return Agreeable()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Agreeable()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *reason: object) -> bool:
        return True


def exits(*given: object) -> None:
    sys.exit(0)


def vanishes(*given: object) -> None:
    os._exit(0)


def patches(*given: object) -> None:
    faults.sweep = ledger.held = lambda *all, **named: ()  # type: ignore[assignment]


@pytest.mark.parametrize("id", one_quickly(IDS))
@pytest.mark.parametrize("answer", [Agreeable, Agreeable(), exits, vanishes, patches])
def test_a_hostile_answer_earns_nothing_for_the_main_thing(id: str, answer: Any) -> None:
    verdict = examine(id, answer)
    assert verdict.status == "wrong" and verdict.aspects[0].points == 0, str(verdict)


@pytest.mark.parametrize("id", ["composition-x1", "composition-x2", "composition-x4"])
def test_an_answer_that_swallows_all_is_not_right(id: str) -> None:
    right = next(one for one in solutions(id) if one.right).answer()

    def swallowing(*given: Any) -> Any:
        try:
            return right(*given)
        except BaseException:
            return None

    assert examine(id, swallowing).status != "correct"


def judged(id: str, source: str) -> Any:
    """The verdict on an answer that is given as the text of its cell."""
    return examine(id, executed(source, id, setup(id)).get(exercises()[id].answer))


def variation(id: str, *changes: tuple[str, str]) -> str:
    """The first right solution with some of its text replaced."""
    source = next(one for one in solutions(id) if one.right).source
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


NIGHT = """
def night(source, stages, sink, config):
    retry = retryOnFailure(config.maxAttempts, config.delaySeconds)
    source.stream = measuredStage(retry(source.stream))
    for stage in stages:
        stage.process = measuredStage(stage.process)
    with PipelineContext(source, stages, sink) as pipeline:
        return pipeline.run()
"""

NIGHTS = {
    "three attempts whatever is set": ("config.maxAttempts", "3", [0], "The night raised ConnectionReset"),
    "five attempts at most": (
        "config.maxAttempts",
        "min(config.maxAttempts, 5)",
        [0],
        "With `maxAttempts` 6",
    ),
    "a pause of its own": ("config.delaySeconds", "0", [3], "and the waits were: 0"),
    "the source's class": (
        "source.stream = measuredStage(retry(source.stream))",
        "type(source).stream = measuredStage(retry(type(source).stream))",
        [0, 2],
        "`Feed.stream` is another",
    ),
    "the stages' class": (
        "stage.process = measuredStage(stage.process)",
        "type(stage).process = measuredStage(type(stage).process)",
        [2],
        "`Shift.process` is another",
    ),
    "a retry for each stage": (
        "        stage.process",
        "        source.stream = retry(source.stream)\n        stage.process",
        [0],
        "and 2 stages, the source was opened",
    ),
    "one kind of settings": (
        "    retry =",
        "    assert isinstance(config, PipelineConfig)\n    retry =",
        [3],
        "settings that are not a `PipelineConfig`",
    ),
}


@pytest.mark.parametrize("case", NIGHTS)
def test_a_night_loses_only_what_its_mistake_is_about(case: str) -> None:
    old, new, lost, seen = NIGHTS[case]
    assert judged("composition-x1", NIGHT).status == "correct"
    verdict = judged("composition-x1", NIGHT.replace(old, new))
    failed = [number for number, aspect in enumerate(verdict.aspects) if not aspect.holds]
    assert failed == lost and seen in verdict.aspects[lost[-1]].seen, str(verdict)


def test_a_night_without_stages_is_retried_as_well() -> None:
    line = "    source.stream = measuredStage(retry(source.stream))\n"
    loop = "    for stage in stages:\n"
    once = "        if stage is stages[0]:\n            source.stream = measuredStage(retry(source.stream))\n"
    verdict = judged("composition-x1", NIGHT.replace(line, "").replace(loop, loop + once))
    assert "0 stages" in verdict.aspects[0].seen and not verdict.aspects[0].holds


def test_an_error_names_a_method_without_the_function_that_made_its_class() -> None:
    verdict = judged("composition-x1", NIGHT.replace("(stage.process)", "(retry(stage.process))"))
    assert "a stage was retried: TypeError: Stage.process was given an iterator" in verdict.aspects[0].seen


COLLECTS = """
def shut_down(parts):
    errors = []
    while parts:
        try:
            parts.pop().close()
        except BaseException as error:
            errors.append(error)
    if errors:
        raise {error}
"""


@pytest.mark.parametrize("error", ["OSError() from errors[0]", "BaseExceptionGroup('closing', errors)"])
def test_of_one_failure_its_own_error_comes_out(error: str) -> None:
    assert judged("composition-x2", COLLECTS.format(error="errors[0]")).status == "correct"
    verdict = judged("composition-x2", COLLECTS.format(error=error))
    assert verdict.points == 3 and "a single part failed to close" in verdict.aspects[2].seen


def test_closed_twice_is_not_closed_in_the_wrong_order() -> None:
    lines = "def shut_down(parts):\n    for part in [*parts[::-1], *parts[::-1]]:\n        part.close()\n"
    verdict = judged("composition-x2", lines)
    assert verdict.aspects[1].holds


def test_a_text_that_is_put_into_the_statement_meets_its_apostrophe() -> None:
    source = variation(
        "composition-x3",
        ('(?, ?, ?)", row', '" + repr(row)'),
    )
    assert judged("composition-x3", source).aspects[0].holds is True, "a repr is quoted well"
    source = variation(
        "composition-x3",
        ('(?, ?, ?)", row', "('%s', %s, %s)\" % row"),
    )
    assert "Aquila" in judged("composition-x3", source).aspects[0].seen


def test_a_test_of_runners_is_told_where_it_stopped() -> None:
    verdict = judged("composition-x4", "def test_run(run):\n    faults.sweep(biuld, run)\n")
    assert "biuld" in verdict.aspects[0].seen and "line 2" in verdict.aspects[0].seen


def test_a_test_that_rejects_every_runner_is_told_by_which_line() -> None:
    source = """
build = given("composition-x4")


def test_run(run):
    for outcome in faults.sweep(build, run).outcomes:
        assert outcome.raised and not outcome.leaked
"""
    aspect = judged("composition-x4", source).aspects[0]
    assert (aspect.holds, aspect.belief) == (False, "") and "line 7" in aspect.seen


def test_a_test_that_fails_always_earns_nothing() -> None:
    source = "build = given('composition-x4')\n\n\ndef test_run(run):\n    run(*build())\n    assert False\n"
    assert judged("composition-x4", source).points == 0


PROJECTS = {
    "three attempts whatever is set": ("maxAttempts", "3", 3, "`run` raised OSError"),
    "a pause of its own": ("delaySeconds", "0", 4, "and the waits were: 0"),
}


@pytest.mark.parametrize("case", PROJECTS)
def test_the_project_asks_its_settings(case: str) -> None:
    name, value, number, seen = PROJECTS[case]
    source = next(one for one in solutions("composition-x5") if one.right).source
    verdict = judged("composition-x5", re.sub(rf"\b(self\.)?config\.{name}\b", value, source))
    assert not verdict.aspects[number].holds and seen in verdict.aspects[number].seen, str(verdict)


LOADS = {
    "one attempt less": (
        "self.config.maxAttempts",
        "self.config.maxAttempts - 1",
        "locked until the last attempt",
    ),
    "one attempt more": ("self.config.maxAttempts", "self.config.maxAttempts + 1", "locked all the time"),
    "without end": ("self.config.maxAttempts", "10**6", "locked all the time"),
}


@pytest.mark.parametrize("case", LOADS)
def test_a_lock_that_stays_is_met_as_often_as_the_settings_say(case: str) -> None:
    old, new, seen = LOADS[case]
    head, load, tail = next(one for one in solutions("composition-x5") if one.right).source.partition(
        "def load"
    )
    assert old in tail
    verdict = judged("composition-x5", head + load + tail.replace(old, new))
    assert [aspect.holds for aspect in verdict.aspects] == [True, True, True, False, True]
    assert seen in verdict.aspects[3].seen


def test_the_projects_parts_are_made_anew_and_leave_their_classes_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = next(one for one in solutions("composition-x5") if one.right).source
    again = (
        right
        + """

def once(build):
    def remembered(self):
        self.parts = getattr(self, "parts", None) or build(self)
        return self.parts
    return remembered


Night.build = once(Night.build)
"""
    )
    assert "the same CsvSource twice" in judged("composition-x5", again).aspects[3].seen
    patched = (
        right
        + """

build = Night.build


def patching(self):
    CsvSource.stream = retryOnFailure(self.config.maxAttempts, self.config.delaySeconds)(CsvSource.stream)
    return build(self)


Night.build = patching
"""
    )
    assert "`CsvSource.stream` is another" in judged("composition-x5", patched).aspects[4].seen
    plain = CsvSource.stream
    monkeypatch.setattr(trial, "can_copy", lambda: False)
    assert "`CsvSource.stream` is another" in judged("composition-x5", patched).aspects[4].seen
    assert CsvSource.stream is plain, "in the answer's own process the class is put back"


def test_what_the_texts_show_runs(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(lessons.exercises.__file__).parent
    for id in IDS:
        text = (folder / id.replace("-", "_") / "task.md").read_text(encoding="utf-8")
        part = text.partition("### Hints")[0]
        names = setup(id)
        first = next(one for one in solutions(id) if one.right)
        executed_names = executed(first.source, id, names)
        [shown] = re.findall(r"```python\n(.*?)```", part, re.DOTALL)
        if id == "composition-x4":
            with pytest.raises(AssertionError):
                executed(shown, f"{id} shown", executed_names)
        else:
            executed(shown, f"{id} shown", executed_names)
    assert "close" in capsys.readouterr().out


@pytest.mark.parametrize("number", range(8))
def test_no_variant_lets_a_rounded_temperature_pass(number: int) -> None:
    night = exercises()["composition-x5"].given(Variant(f"term {number}"))
    assert any(abs(row[2] - round(row[2], 4)) > 1e-6 for row in night.expected)
