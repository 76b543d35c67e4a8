"""No draw, no course of another term and no process changes a verdict: each stored solution, three times."""

from __future__ import annotations

import pytest
from solutions import Solution, as_stored, same, solutions, variants

from lessons import course
from lessons.judge import trial
from lessons.judge.trial import examine


@pytest.fixture(autouse=True)
def the_kits_variant():
    yield
    course("kit")


@pytest.mark.deep
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("solution", solutions(), ids=str)
def test_no_draw_no_data_and_no_process_changes_a_verdict(
    solution: Solution, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three draws, each for the course of another term; the last in the answer's own process."""
    kit, autumn, spring = variants()
    first = examine(solution.exercise, solution.answer(kit.name), kit, seed="0")
    other = examine(solution.exercise, solution.answer(autumn.name), autumn, seed="1")
    as_stored(solution, first)
    as_stored(solution, other)
    monkeypatch.setattr(trial, "can_copy", lambda: False)
    here = examine(solution.exercise, solution.answer(spring.name), spring, seed="2")
    assert same(first, other) and same(first, here), f"{first}\n{other}\n{here}"
