"""`before` and `after`: nine questions before the course and nine similar ones after it, as card or text."""

from __future__ import annotations

from typing import Any

from lessons.study import predictions
from lessons.study.cards import Card, failed, sentence, word
from lessons.study.paired import asked, commit
from lessons.study.pairs import AFTER, BEFORE, pairs
from lessons.study.predict import widgets_are_shown
from lessons.words import described, listed


def before(answers: object = None) -> Any:
    """Show the nine questions before the course; with nine letters, answer them as text.

    They can be answered once, and there is no reply. For a wrong call, a sentence says what is allowed.

    answers: a letter for each question, "?" where you do not know, such as "ABDCA?BCD".

    >>> before("ABC")
    before needs 9 answers, one for each question, such as `before("ABCDABCD?")`. It was
    given 'ABC', which has 3.
    """
    return _shown(BEFORE, answers)


def after(answers: object = None) -> Any:
    """Show the nine questions after the course; with nine letters, answer them as text.

    They can be answered once. Then the replies appear, and the gain since `before`.

    answers: a letter for each question, "?" where you do not know, such as "ABDCA?BCD".
    """
    return _shown(AFTER, answers)


def _shown(when: str, letters: object) -> Any:
    try:
        if letters is not None:
            keys = _keys(when, letters)
            if isinstance(keys, Card):
                return keys
            commit(when, keys)
        shown = predictions.with_trouble(asked(when))
        if not widgets_are_shown():
            return shown
        from lessons.study.paper import paper

        return paper(when, shown)
    except Exception as error:  # a lesson must go on: the sentence says what is wrong instead
        return failed(f"{when} could not do that", error, "Go on with the next cell.")


def _keys(when: str, letters: object) -> dict[str, str] | Card:
    """The key of the answer to each question, by the question's id."""
    number = len(pairs())
    example = f'{when}("{("ABCD" * number)[: number - 1]}?")'
    needs = f"{when} needs {number} answers, one for each question, such as `{example}`."
    text = word(letters)
    if text is None:
        return sentence(f"{needs} It was given {described(letters)}.")
    given = [letter for letter in text.upper() if not letter.isspace() and letter not in ",;.-"]
    if len(given) != number:
        return sentence(f"{needs} It was given {described(text)}, which has {len(given)}.")
    found = {}
    for pair, letter in zip(pairs(), given, strict=True):
        question = pair.asked(when)
        choice = question.under(letter)
        if choice is None:
            allowed = listed([one.letter for one in question.choices])
            return sentence(
                f"Question {pair.point} has no answer {described(letter)}. Its answers are {allowed}, and ? "
                "for “I do not know”. Nothing was stored."
            )
        found[question.id] = choice.key
    return found
