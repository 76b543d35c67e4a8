"""The report on one's own predictions and exercises; the record itself, exported and begun anew."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from lessons.study import predictions
from lessons.study.cards import Card, card, failed, inline, sentence, word, wrapped
from lessons.study.journal import Checked, Line, Standing, checks, lesson_of, merged
from lessons.study.questions import LESSONS, Question, misconceptions, questions
from lessons.words import described, listed

_PLAIN = "margin:0.2em 0"


class _Page:
    """Lines and lists, as text and as HTML side by side."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.body: list[str] = []

    def say(self, line: str) -> None:
        self.text.append(wrapped(line))
        self.body.append(f'<p style="{_PLAIN}">{inline(line)}</p>')

    def points(self, lines: Iterable[str]) -> None:
        items = list(lines)
        self.text += [wrapped(line, "     ", "   - ") for line in items]
        if items:
            self.body += ["<ul>", *(f"<li>{inline(line)}</li>" for line in items), "</ul>"]


def progress(lesson: object = None) -> Card:
    """Show what was predicted, what was right, which exercises pass, what to review, where the record lies.

    lesson: a lesson's short name, such as "leaks"; all lessons without it. Never raises.
    """
    try:
        name = _name(lesson)
        if isinstance(name, Card):
            return name
        return _report(name)
    except Exception as error:
        return failed("progress could not be shown", error, "Your record is not touched.")


def export(path: object = None) -> Card:
    """Write the whole record into a new file, one event a line, as JSON. Never raises, never overwrites.

    path: where to, such as "my_progress.jsonl".
    """
    try:
        text = os.fspath(path) if isinstance(path, os.PathLike) else word(path)
        if not isinstance(text, str) or not text.strip():
            given = "" if path is None else f" It was given {described(path)}."
            return sentence(f'export needs the name of a new file: export("my_progress.jsonl").{given}')
        return _exported(Path(text).expanduser(), text)
    except Exception as error:
        return failed("export could not do that", error, "Your record is not touched.")


def reset(lesson: object = None) -> Card:
    """Begin a lesson anew: its predictions and exercises count no more. Nothing is deleted. Never raises.

    lesson: a lesson's short name, such as "leaks".
    """
    try:
        name = _name(lesson)
        if isinstance(name, Card):
            return name
        if name is None:
            return sentence(f'reset needs a lesson, such as reset("leaks"). The lessons are: {_lessons()}.')
        return _begun_anew(name)
    except Exception as error:
        return failed("reset could not do that", error, "Your record is not touched.")


def _name(lesson: object) -> str | Card | None:
    if lesson is None:
        return None
    name = word(lesson)
    if name is not None:
        name = {notebook: short for short, notebook in LESSONS.items()}.get(name.strip(), name.strip())
        if name in _asked_in():
            return name
    return sentence(f"There is no lesson {described(lesson)}. The lessons are: {_lessons()}.")


def _asked_in() -> list[str]:
    return list(dict.fromkeys(question.lesson for question in questions().values()))


def _lessons() -> str:
    return ", ".join(_asked_in())


def _report(name: str | None) -> Card:
    events, problems = predictions.journal.read()
    standings, checked = merged(events), checks(events)
    chosen = _asked_in() if name is None else [name]
    page = _Page()
    for one in chosen:
        _lesson(page, one, standings, checked)
    review = _review(chosen, standings, checked)
    if review:
        page.say("**To look at again**")
        page.points(review)
    asked = [question for one in chosen for question in _of(one)]
    unanswered = (one for one in asked if standings.get(one.id, Standing()).latest is None)
    following = next(unanswered, None)
    if following is not None:
        page.say(f"**Next**: {LESSONS[following.lesson]}, {following.id}.")
    page.say(f"Your record lies in {_place()}. It stays on this machine.")
    if events:
        example = name or "leaks"
        page.say("A copy of it, or a lesson begun anew: `from lessons import export, reset`, then "
                 f'`export("my_progress.jsonl")`, or `reset("{example}")`.')  # fmt: skip
    for problem in problems[:5]:
        page.say(f"Set aside: {problem}")
    if len(problems) > 5:
        page.say(f"Set aside: {len(problems) - 5} more lines.")
    if predictions.journal.trouble:
        page.say(predictions.journal.trouble)
    return card("Progress", page.text, page.body)


def _of(lesson: str) -> list[Question]:
    return [question for question in questions().values() if question.lesson == lesson]


def _lesson(page: _Page, name: str, standings: dict[str, Standing], checked: dict[str, Checked]) -> None:
    rows = [(question, standings.get(question.id, Standing())) for question in _of(name)]
    given = [(question, standing) for question, standing in rows if standing.first is not None]
    seen = [(question, standing) for question, standing in given if standing.revealed]
    right = [question for question, standing in seen if standing.first == question.right.key]
    came = f"{len(right)} of the {len(seen)} that were run came as predicted."
    exercises = {id: one for id, one in checked.items() if lesson_of(id) == name}
    passing = [id for id, one in exercises.items() if one.outcome == "correct"]
    head = f"**{name}**: {len(given)} of {len(rows)} predicted. {came}"
    if exercises:
        head += f" Exercises that pass: {len(passing)} of the {len(exercises)} that were checked."
    page.say(head)
    page.points([line for question, standing in rows if (line := _line(question, standing))]
                + [_exercise(id, one) for id, one in sorted(exercises.items())])  # fmt: skip


def _line(question: Question, standing: Standing) -> str:
    """One question's line; nothing for one that was never answered."""
    given = standing.first or standing.latest
    if given is None:
        return ""
    (letter,) = question.lettered([given])
    when = "predicted" if standing.first else "answered after it was shown"
    guess = " (a guess)" if standing.guess else ""
    if not standing.revealed:
        return f"{question.id}: {when} {letter}{guess}; its answer has not been run yet"
    if given == question.right.key:
        return f"{question.id}: {when} {letter}{guess}, right"
    return f"{question.id}: {when} {letter}{guess}; what happens is {question.right.letter}"


def _exercise(id: str, one: Checked) -> str:
    edition = f" (check {one.edition})" if one.edition else ""
    before = "; it was correct before" if one.passed and one.outcome != "correct" else ""
    return f"{id}: {one.outcome}{edition}{before}"


def _review(chosen: list[str], standings: dict[str, Standing], checked: dict[str, Checked]) -> list[str]:
    """One line for each misconception that was met and has not been seen through since, core ones first.

    A later question that offers the same belief again, and was predicted right, counts as seen through.
    """
    met: dict[str, list[str]] = {}
    for question in questions().values():
        standing = standings.get(question.id, Standing())
        option = question.keyed(standing.first or standing.latest or "")
        if option is None or not standing.revealed:
            continue
        if option.misconception is not None:
            met.setdefault(option.misconception, []).append(question.id)
        elif standing.first is not None:
            for other in question.options:
                met.pop(other.misconception or "", None)
    for id, one in sorted(checked.items()):
        if one.outcome != "correct" and one.misconception:
            met.setdefault(one.misconception, []).append(id)
    known = [(misconceptions()[id], places) for id, places in met.items() if id in misconceptions()]
    known = [(entry, places) for entry, places in known if {lesson_of(one) for one in places} & set(chosen)]
    known.sort(key=lambda pair: (not pair[0].core, -len(pair[1])))
    return [f"{entry.lesson} ({listed(places)}): {entry.truth}" for entry, places in known]


def _exported(path: Path, text: str) -> Card:
    try:
        written, aside = predictions.journal.export(path)
    except FileExistsError:
        return sentence(f"There is a file `{text}` already. export overwrites nothing: choose another name.")
    except OSError as error:
        reason = error.strerror or error
        return sentence(f"`{text}` cannot be written ({reason}): choose a folder that exists and is yours.")
    left = " It leaves out what could not be read: progress() names it." if aside else ""
    return sentence(f"{written} events are in `{text}`, one a line, as JSON.{left}")


def _begun_anew(name: str) -> Card:
    before: list[Line] = predictions.journal.read()[0]
    counted = [id for id, one in merged(before).items() if lesson_of(id) == name and one.latest is not None]
    counted += [id for id in checks(before) if lesson_of(id) == name]
    predictions.journal.add("reset", name)
    predictions.forget(name)
    gone = f"{len(counted)} of your answers and exercises count no more"
    kept = "Nothing was deleted; the record keeps them."
    return predictions.with_trouble(sentence(f"{LESSONS[name]} begins anew: {gone}. {kept}"))


def _place() -> str:
    if os.environ.get("LIFECYCLE_HOME"):
        return "`progress` in the folder that LIFECYCLE_HOME names"
    folder = str(predictions.journal.folder)
    home = os.path.expanduser("~")
    return f"`{'~' + folder[len(home) :] if home != '~' and folder.startswith(home + os.sep) else folder}`"
