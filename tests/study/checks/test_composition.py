"""The checks of the project: the runners on which a test is tried, and answers that try to get by."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from study.checks.solutions import solutions

from lifecycle import faults, ledger
from lifecycle.study import course, given
from lifecycle.study.checks import examine, exercises
from lifecycle.study.checks.composition_parts import LEAKY, OLD, RIGHT, Database, Feed, Shift, Tray

IDS = [id for id, one in exercises().items() if one.assignment == "composition"]


@pytest.fixture(autouse=True)
def the_kits_variant():
    yield
    course("kit")


def build() -> tuple[Any, Any, Any]:
    records = [{"celsius": float(day)} for day in range(4)]
    return Feed(records), (Shift(1.0),), Tray()


@pytest.mark.parametrize("runner", RIGHT, ids=lambda runner: runner.__name__)
def test_a_right_runner_is_clean_and_lets_every_error_out(runner: Any) -> None:
    swept = faults.sweep(build, runner)
    assert swept.clean and swept.outcomes[0].arrived == 4
    assert all(one.raised for one in swept.outcomes if one.fault)


@pytest.mark.parametrize("kind", LEAKY)
def test_a_wrong_runner_is_wrong_in_its_own_way(kind: str) -> None:
    for runner in LEAKY[kind]:
        swept = faults.sweep(build, runner)
        silent = [one for one in swept.outcomes if one.fault and one.fault.phase != "end" and not one.raised]
        assert bool(silent) == (kind == "quiet")
        assert bool(swept.leaks) == (kind != "quiet")
        leaked = " ".join(text for one in swept.leaks for text in one.leaked)
        assert ("not finished" in leaked) >= (kind == "streams")
        assert ("not left" in leaked) == (kind in ("record", "close"))


def test_a_database_is_locked_until_it_is_asked_often_enough() -> None:
    database = Database("days", "day int")
    with database.locked(checkouts=2):
        for locked in (True, False):
            with database.engine.connect() as connection:
                try:
                    connection.exec_driver_sql("begin immediate")
                    assert not locked
                except Exception as error:
                    assert locked and "locked" in str(error)
    assert database.taken == 0


def test_two_terms_have_other_nights() -> None:
    def night(name: str) -> Any:
        course(name)
        made = given("composition-x5")
        return made.days, (made.config.center, made.config.spread)

    assert night("autumn-3f9a") == night("autumn-3f9a")
    assert night("autumn-3f9a")[0] != night("spring-c07d")[0]
    assert given("composition-x5").database.rows() == OLD


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


@pytest.mark.parametrize("id", IDS)
@pytest.mark.parametrize("answer", [Agreeable, Agreeable(), exits, vanishes, patches])
def test_a_hostile_answer_earns_nothing_for_the_main_thing(id: str, answer: Any) -> None:
    verdict = examine(id, answer)
    assert verdict.status == "wrong" and verdict.aspects[0].points == 0, str(verdict)
    assert "The check itself failed" not in str(verdict)


@pytest.mark.parametrize("id", ["composition-x1", "composition-x2", "composition-x4"])
def test_an_answer_that_swallows_all_is_not_right(id: str) -> None:
    right = next(one for one in solutions(id) if one.right).answer()

    def swallowing(*given: Any) -> Any:
        try:
            return right(*given)
        except BaseException:
            return None

    assert examine(id, swallowing).status != "correct"
