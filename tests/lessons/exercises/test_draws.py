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
    """Three draws, each for the course of another term; the last in the answer's own process, too."""
    apart = [
        examine(solution.exercise, solution.answer(variant.name), variant, seed=str(seed))
        for seed, variant in enumerate(variants())
    ]
    for verdict in apart:
        as_stored(solution, verdict)
        assert same(apart[0], verdict), f"{apart[0]}\n{verdict}"
    monkeypatch.setattr(trial, "can_copy", lambda: False)
    last = variants()[-1]
    here = examine(solution.exercise, solution.answer(last.name), last, seed="2")
    assert same(apart[-1], here, words=solution.exercise.startswith("leaks")), f"{apart[-1]}\n{here}"
