"""What a student calls in an exercise notebook: `course`, `given` and `check`."""

from __future__ import annotations

import difflib
import os
from typing import Any

from lessons.exercises.exercise import Exercise, exercises
from lessons.exercises.variant import Variant, choose, chosen
from lessons.judge.home import PLACE, judged, show_outside
from lessons.judge.host import Stuck
from lessons.judge.verdict import Verdict
from lessons.study.cards import Card, sentence, word
from lessons.study.predictions import journal
from lessons.words import described, listed


class UnknownExercise(LookupError):
    """There is no exercise of this name."""

    def _render_traceback_(self) -> list[str]:
        # In a notebook the sentence alone: there is nothing to look for in a traceback.
        return [str(self)]


def course(name: object) -> None:
    """Choose the variant of the exercises: the same name gives the same data, everywhere.

    name: the course's own, as its notebooks have it; "kit" is the kit's. Raises `TypeError` for anything but
    a text, `ValueError` for an empty one.
    """
    text = word(name)
    if text is None:
        raise TypeError(f"course needs the name of a variant, a text, and was given {described(name)}")
    if not text.strip():
        raise ValueError("course needs the name of a variant, and was given an empty text")
    choose(Variant(text.strip()))


def given(id: object) -> Any:
    """The materials of an exercise in this course's variant: data, parts or programs to work on, made anew.

    id: such as "leaks-x2". Raises `UnknownExercise` with the nearest names.
    """
    return _exercise(id).materials(chosen())


def check(id: object, answer: object = None) -> Verdict | None:
    """Check an answer, show the verdict, keep it in the record of your progress, and return it.

    Where a grader runs the notebook, its judge outside sees the answer, and nothing is returned.

    id: the exercise, such as "leaks-x2". answer: the function or class that you wrote, without parentheses.
    Raises `UnknownExercise` with the nearest names; nothing that the answer does is raised here.
    """
    exercise = _exercise(id)
    outside = os.environ.get(PLACE)
    if outside:
        _shown_outside(exercise, answer, outside)
        return None
    verdict = judged(exercise, answer, chosen())
    journal.add("check", verdict.exercise, verdict.status, verdict.belief, verdict.version)
    _show(verdict)
    return verdict


def _shown_outside(exercise: Exercise, answer: object, place: str) -> None:
    try:
        show_outside(place, answer)
    except Stuck:
        print(f"{exercise.id}: no judge listens here. A grader's judge listens in the check cells alone.")
    else:
        print(f"{exercise.id}: the judge outside has seen this answer.")


def _exercise(id: object) -> Exercise:
    name = word(id)
    known = exercises()
    if name is not None and name.strip() in known:
        return known[name.strip()]
    of = (name or "").strip().partition("-")[0]
    near = [one for one in known if one.partition("-")[0] == of]
    near = near or difflib.get_close_matches(name or "", known, 3, 0.5)
    those = f"Did you mean {listed(near, 'or')}?" if near else f"There are {listed(list(known))}."
    raise UnknownExercise(f"There is no exercise {described(id)}. {those}")


def _show(verdict: Verdict) -> None:
    from lessons.study.hook import in_notebook

    if in_notebook():
        from IPython.display import display

        display(verdict)  # type: ignore[no-untyped-call]
    else:
        print(verdict)
    if journal.trouble:
        shown: Card = sentence(journal.trouble)
        print(shown)
