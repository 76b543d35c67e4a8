"""`predict`: a question, with buttons in a notebook that shows widgets, else as text."""

from __future__ import annotations

import importlib.util
from typing import Any

from lessons.study import hook, predictions
from lessons.study.cards import failed


def predict(
    id: object = None, answer: object = None, *, guess: object = False, because: object = None,
    votes: object = None,
) -> Any:  # fmt: skip
    """Show a question to answer with mouse or keys; with a letter, answer it as text.

    Only the first answer counts. A later one is kept as a second thought. An answer that is given after
    the answer cell has run is not a prediction. For an unknown id or letter, a sentence says what is allowed.

    id: the question, such as "leaks-p1". answer: a letter, such as "B". guess: whether the answer is a guess.
    because: a reason in one sentence, which is not graded. votes: what a class has voted, such as
    "A12 B30 C5", or "A12 B30 / A2 B40" for two votes.

    >>> predict("leaks-p1", "Z")
    leaks-p1 has no option 'Z'. Its options are A, B, C and D: predict("leaks-p1", "A").
    """
    try:
        shown, question = predictions.predicted(id, answer, guess, because, votes)
        if question is None or not widgets_are_shown():
            return shown
        from lessons.study.choice import choice

        return choice(question, shown)
    except Exception as error:  # a lesson must go on: the sentence says what is wrong instead
        return failed("predict could not do that", error, "Go on with the next cell.")


def widgets_are_shown() -> bool:
    """Whether there may be a front end that shows widgets."""
    return hook.in_kernel() and importlib.util.find_spec("anywidget") is not None
