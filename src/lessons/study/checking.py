"""What a student calls in an exercise notebook: `course`, `given` and `check`."""

import difflib
import os
from dataclasses import replace
from typing import Any

from lessons.exercises.exercise import HINTS, Exercise, exercises
from lessons.exercises.variant import Variant, choose, chosen
from lessons.judge.home import PLACE, judged, prepare
from lessons.judge.trial import not_judged
from lessons.judge.verdict import Verdict, waits
from lessons.study import hook
from lessons.study.cards import Card, sentence, word
from lessons.study.predictions import journal
from lessons.words import described, listed


class UnknownExercise(LookupError):
    """There is no exercise of this name."""

    def _render_traceback_(self) -> list[str]:
        # In a notebook only the sentence is shown, because a traceback would not help.
        return [str(self)]


def course(name: object) -> None:
    """Choose the variant of the exercises: the same name gives the same data, everywhere.

    name: the name in the course's notebooks; "kit" is the kit's own. Raises `TypeError` for a value that is
    not a text, `ValueError` for an empty one.
    """
    text = word(name)
    if text is None:
        raise TypeError(f"course needs the name of a variant, a text; it was given {described(name)}")
    if not text.strip():
        raise ValueError("course needs the name of a variant; it was given an empty text")
    choose(Variant(text.strip()))
    prepare()


def given(id: object) -> Any:
    """The materials of an exercise in this course's variant: data, parts or programs, new each time.

    id: such as "leaks-x2". Raises `UnknownExercise` with the most similar names.
    """
    return _exercise(id).given(chosen())


def check(id: object, answer: object = None) -> Verdict:
    """Check an answer, show the verdict, keep it in the record of your progress, and return it.

    If the newest run of the answer's cell failed, nothing is judged. Nothing is judged either if a grader
    runs the notebook: its own judge looks at the answer.

    id: the exercise, such as "leaks-x2". answer: the function or class that you wrote, without parentheses.
    Raises `UnknownExercise` with the nearest names; nothing that the answer does is raised here.
    """
    exercise = _exercise(id)
    if os.environ.get(PLACE):
        verdict = not_judged(exercise, chosen(), _GRADED)
    elif error := hook.failed(exercise.answer):
        verdict = not_judged(exercise, chosen(), _STALE.format(name=exercise.answer, error=error))
    else:
        verdict = _with_hint(judged(exercise, answer, chosen()))
        journal.add("check", verdict.exercise, verdict.status, verdict.belief, verdict.version)
    _show(verdict)
    return verdict


_GRADED = (
    "A grader runs this notebook: its judge looks at this answer in the exercise's own check cell alone."
)
_STALE = (
    "The newest run of the cell that makes `{name}` failed: {error}. So `{name}` is still that of an earlier "
    "run. Correct the cell, run it, then check again."
)

_same: dict[str, tuple[object, int]] = {}
"""How the last answer to each exercise failed in this kernel, and how many times in a row."""


def _with_hint(verdict: Verdict) -> Verdict:
    """The verdict. When an answer fails in the same way for the third time, it names the next hint."""
    failed = [one for one in verdict.aspects if not one.holds and not waits(one) and not one.unchecked]
    kind = tuple((one.name, one.belief, one.advice) for one in failed)
    before, times = _same.get(verdict.exercise, (None, 0))
    times = times + 1 if kind == before else 1
    _same[verdict.exercise] = (kind, times)
    if verdict.missing or not failed or times < 3:
        return verdict
    hint = HINTS[min(times - 3, len(HINTS) - 1)]
    advice = f"This was seen {times} times in a row. Open “{hint}” below the task, then try again."
    aspects = (replace(one, advice=advice) if one is failed[0] else one for one in verdict.aspects)
    return replace(verdict, aspects=tuple(aspects))


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
    if hook.in_notebook():
        from IPython.display import display

        display(verdict)  # type: ignore[no-untyped-call]
    else:
        print(verdict)
    if journal.trouble:
        shown: Card = sentence(journal.trouble)
        print(shown)
