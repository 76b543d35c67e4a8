"""`arrange`: a program to put in order, with buttons in a notebook that shows widgets, else as text."""

from __future__ import annotations

from typing import Any

from lessons.study import arranged
from lessons.study.cards import Card, failed
from lessons.study.predict import widgets_are_shown


def arrange(id: object = None, program: object = None) -> Any:
    """Show shuffled lines to put in order with mouse or keys; with a program, check it.

    The reply names the first line that cannot be right, and says why. For an unknown id or line, a sentence
    says what is allowed. It never raises.

    id: the problem, such as "leaks-a1". program: the letters in order, each with the number of its
    indentations, such as "A B1 C2".

    >>> arrange("leaks-a1", "Z")  # doctest: +ELLIPSIS
    'Z' is not a line of leaks-a1. Write a letter from A to K, and after it how many times...
    """
    try:
        problem = arranged.problem(id)
        if isinstance(problem, Card):
            return problem
        given = None if program is None else arranged.program(problem, program)
        if isinstance(given, Card):
            return given
        if widgets_are_shown():
            from lessons.study.arrangeboard import board

            return board(problem, given)
        return arranged.asked(
            problem, given or (), None if given is None else arranged.answered(problem, given)
        )
    except Exception as error:  # a lesson must go on: the sentence says what is wrong instead
        return failed("arrange could not do that", error, "Go on with the next cell.")
