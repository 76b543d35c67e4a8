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
    """Three draws, each for the course of another term; the last two in the answer's own process."""
    verdicts = []
    for seed, variant in enumerate(variants()):
        if seed == 1:  # and from here on, because it is quicker
            monkeypatch.setattr(trial, "can_copy", lambda: False)
        answer = solution.answer(variant.name)
        verdicts.append(examine(solution.exercise, answer, variant, seed=str(seed)))
        if seed == 0:  # in one process, some aspects are not checked
            as_stored(solution, verdicts[-1])
        assert same(verdicts[0], verdicts[-1]), f"{verdicts[0]}\n{verdicts[-1]}"
