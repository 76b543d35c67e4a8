"""`again`: three variants of earlier questions at the top of a lesson, missed ones first."""

from __future__ import annotations

from typing import Any

from lessons.study import predictions, recalls
from lessons.study.cards import failed, sentence
from lessons.study.predict import widgets_are_shown


def again(id: object = None, answer: object = None, *, guess: object = False) -> Any:
    """Ask three variants of earlier questions: first missed ones, then those that are due. Never raises.

    Only the first answer to each counts, and the reply comes at once. After a right answer the same belief is
    asked about again after 1, 3, 7 and 21 days; after a wrong one, a day later.

    id: the name of a question that is open, such as "leaks-p1-2". answer: a letter, such as "B". guess:
    whether the answer is a guess.

    >>> again()
    There is nothing to ask again yet. Answer the predictions of a lesson and run the cells
    that answer them. When you open the next lesson, three of these questions are asked here
    in another form.
    """
    try:
        if id is not None:
            return predictions.with_trouble(recalls.answered(id, answer, guess is True))
        items = recalls.opened()
        if not items:
            return sentence(recalls.nothing())
        if not widgets_are_shown():
            return predictions.with_trouble(recalls.all_asked(items))
        from lessons.study.choice import Recalls

        return Recalls(items)
    except Exception as error:  # a lesson must go on: the sentence says what is wrong instead
        return failed("again could not do that", error, "Go on with the next cell.")
