"""The report on one's own predictions."""

from __future__ import annotations

import os

from lifecycle.study import predictions
from lifecycle.study.cards import Card, card, described, inline, sentence, word, wrapped
from lifecycle.study.journal import Standing, merged
from lifecycle.study.questions import Question, misconceptions, questions


def progress(lesson: object = None) -> Card:
    """Show what was predicted, what was right, what to look at again, and where the record lies.

    lesson: a lesson's short name, such as "leaks"; all lessons without it. Never raises.
    """
    try:
        return _report(lesson)
    except Exception as error:
        return sentence(f"progress could not be shown ({type(error).__name__}). Your record is not touched.")


def _report(lesson: object) -> Card:
    lessons = list(dict.fromkeys(question.lesson for question in questions().values()))
    name = word(lesson)
    if lesson is not None and name not in lessons:
        return sentence(f"There is no lesson {described(lesson)}. The lessons are: {', '.join(lessons)}.")
    events, problems = predictions.journal.read()
    standings = merged(events)
    text: list[str] = []
    body: list[str] = []
    for one in lessons if name is None else [name]:
        asked = [question for question in questions().values() if question.lesson == one]
        _lesson(one, asked, standings, text, body)
    closing = [f"Your record lies in {_place()}. It stays on this machine."]
    closing += [f"Set aside: {problem}" for problem in problems[:5]]
    if len(problems) > 5:
        closing.append(f"Set aside: {len(problems) - 5} more lines.")
    if predictions.journal.trouble:
        closing.append(predictions.journal.trouble)
    text += [wrapped(line) for line in closing]
    body += [f'<p style="margin:0.2em 0">{inline(line)}</p>' for line in closing]
    return card("Progress", text, body)


def _lesson(name: str, asked: list[Question], standings: dict[str, Standing], text: list[str],
            body: list[str]) -> None:
    rows = [(question, standings.get(question.id, Standing())) for question in asked]
    given = [(question, standing) for question, standing in rows if standing.first is not None]
    seen = [(question, standing) for question, standing in given if standing.revealed]
    right = [question for question, standing in seen if standing.first == question.right.letter]
    came = f"{len(right)} of the {len(seen)} that were run came as predicted."
    head = f"**{name}**: {len(given)} of {len(rows)} predicted. {came}"
    text.append(wrapped(head))
    body.append(f'<p style="margin:0.2em 0">{inline(head)}</p>')
    lines = [line for question, standing in rows if (line := _line(question, standing))]
    text += [wrapped(line, "     ", "   - ") for line in lines]
    if lines:
        body += ["<ul>", *(f"<li>{inline(line)}</li>" for line in lines), "</ul>"]


def _line(question: Question, standing: Standing) -> str:
    """One question's line; nothing for one that was never answered."""
    given = standing.first or standing.latest
    if given is None:
        return ""
    when = "predicted" if standing.first else "answered after it was shown"
    if not standing.revealed:
        return f"{question.id}: {when} {given}; its answer has not been run yet"
    option = question.option(given)
    if option == question.right:
        return f"{question.id}: {when} {given}, right"
    belief = misconceptions().get(option.misconception or "")
    look = f" Look again: {belief.truth}" if belief else ""
    return f"{question.id}: {when} {given}; what happens is {question.right.letter}.{look}"


def _place() -> str:
    if os.environ.get("LIFECYCLE_HOME"):
        return "`progress` in the folder that LIFECYCLE_HOME names"
    folder = str(predictions.journal.folder)
    home = os.path.expanduser("~")
    return f"`{'~' + folder[len(home):] if home != '~' and folder.startswith(home + os.sep) else folder}`"
