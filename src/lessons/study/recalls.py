"""The questions that are asked again: three variants at a time, and the replies."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import date, datetime

from lessons.study import journal, predictions
from lessons.study.cards import Card, card, inline, sentence, word, wrapped
from lessons.study.questions import LESSONS, misconceptions, questions
from lessons.study.retrieval import Memory, due, memories, next_due
from lessons.study.variants import Choosable, Variant, variant
from lessons.words import described, listed

SIZE = 3
"""How many questions are asked at once."""

NOTHING_YET = (
    "There is nothing to ask again yet. Answer the predictions of a lesson and run the cells that answer "
    "them. When you open the next lesson, three of these questions are asked here in another form."
)
ASK = "What does this program print?"
_PRE = (
    "margin:0.4em 0;padding:0.4em 0.6em;font-family:var(--jp-code-font-family,monospace);font-size:0.93em;"
    "line-height:1.35;white-space:pre-wrap;background:var(--jp-cell-editor-background,transparent);"
    "border:1px solid var(--jp-cell-editor-border-color,#ccc)"
)
_PLAIN = "margin:0.2em 0"
_LIST = "list-style:none;padding-left:0;margin:0.4em 0"


@dataclass
class Item:
    """One question that is open in this kernel. The first answer counts.

    `gone` says that it is not due any more. `end` is the text after the last open question.
    """

    name: str
    place: str
    memory: Memory
    variant: Variant
    chosen: Choosable | None = None
    guess: bool = False
    gone: bool = False
    end: str = ""


_open: list[Item] = []
_days: list[date] = []
"""The day on which the questions were chosen; on another day they are chosen again."""


def _now() -> datetime:
    return journal.now().astimezone()


def opened() -> list[Item]:
    """The questions that are open: the same ones until all of them are answered, or the day is over."""
    at = _now()
    ready = due(predictions.journal.read()[0], at)
    waiting = [one.memory for one in _open if one.chosen is None]
    if waiting and _days == [at.date()] and all(memory in ready for memory in waiting):
        return _open
    chosen: dict[str, tuple[Memory, Variant]] = {}
    for memory in ready:
        made = variant(memory.belief, memory.asked)
        if made is not None and len(chosen) < SIZE:
            chosen.setdefault(memory.belief, (memory, made))
    _days[:] = [at.date()]
    _open[:] = [
        Item(f"{memory.id}-{memory.asked + 1}", f"{number} of {len(chosen)}", memory, made)
        for number, (memory, made) in enumerate(chosen.values(), 1)
    ]
    return _open


def commit(item: Item, key: str, guess: bool) -> None:
    """Store the first answer to an open question unless its lesson was reset or it was answered elsewhere."""
    if item.chosen is not None or item.gone:
        return
    if item.memory not in due(predictions.journal.read()[0], _now()):
        item.gone = True
        return
    item.chosen = next(option for option in item.variant.options if option.key == key)
    item.guess = guess
    outcome = "right" if key == "right" else "wrong"
    predictions.journal.add("recall", item.memory.id, outcome, item.variant.belief, guess=guess)
    if all(one.chosen is not None or one.gone for one in _open):
        item.end = _end()


def status(item: Item) -> list[str]:
    """The sentences below a question; none before it is answered."""
    if item.gone:
        return ["This question is not open any more. Run the cell with `again()` again."]
    if item.chosen is None:
        return []
    entry, right = misconceptions()[item.variant.belief], item.variant.right
    sure = "a guess" if item.guess else "sure"
    if item.chosen == right:
        said = f"**You answered {right.letter} ({sure}), and that is what it prints.** {entry.truth}"
    else:
        belief = f" Behind {item.chosen.letter} is a common belief: “{entry.belief}”"
        belief = belief if item.chosen.key == "believed" else ""
        said = (
            f"**You answered {item.chosen.letter} ({sure}). It prints {right.letter}: {right.text}.**{belief}"
        )
        said += f" What is true: {entry.truth}"
    question = questions()[item.memory.id]
    said += f" To read about it again, go to question {question.id} in `{LESSONS[question.lesson]}`."
    return [said, item.end] if item.end else [said]


def asked(item: Item) -> Card:
    """One question as text and as HTML, with the reply once it is answered."""
    text = [f"{item.place}: {ASK}", "", *(f"    {line}" for line in item.variant.code.splitlines()), ""]
    rows = []
    for option in item.variant.options:
        marks = ", and ".join(marked(item, option))
        mark = f" <- {marks}" if marks else ""
        text.append(wrapped(option.text + mark, "      ", f"   {option.letter}  "))
        bold = f" <strong>&#9668; {marks}</strong>" if marks else ""
        rows.append(
            f'<li style="{_PLAIN}"><strong>{option.letter}</strong>&ensp;{inline(option.text)}{bold}</li>'
        )
    said = status(item) or [
        f'To answer, run this in a new cell, with your letter: `again("{item.name}", "A")`. '
        "If it is a guess, add `guess=True`."
    ]
    text += [wrapped(one) for one in said]
    body = [
        f'<p style="margin:0"><strong>{item.place}.</strong> {ASK}</p>',
        f'<pre style="{_PRE}">{html.escape(item.variant.code)}</pre>',
        f'<ol style="{_LIST}">',
        *rows,
        "</ol>",
        *(f'<p role="status" style="{_PLAIN}">{inline(one)}</p>' for one in said),
    ]
    return card(f"Question {item.place}", text, body)


def all_asked(items: list[Item]) -> Card:
    """All open questions, one after the other."""
    cards = [asked(item) for item in items]
    return Card("\n\n".join(one.text for one in cards), "\n".join(one.html for one in cards))


def marked(item: Item, option: Choosable) -> list[str]:
    """The words beside an option, after the question was answered."""
    if item.chosen is None:
        return []
    marks = ["your answer"] if option == item.chosen else []
    return marks + (["what it prints"] if option == item.variant.right else [])


def answered(id: object, answer: object, guess: bool) -> Card:
    """Answer an open question as text; without an answer, show it."""
    text = (word(id) or "").strip()
    item = _named(_open, text) or _named(opened(), text)
    if item is None:
        names = listed([f"`{one.name}`" for one in _open])
        allowed = f"Open are {names}." if names else "No question is open now."
        return sentence(f"again was given {described(id)}, and needs the name of an open question. {allowed}")
    if answer is None:
        return asked(item)
    letter = (word(answer) or "").strip().strip("()[].").upper()
    option = next((one for one in item.variant.options if one.letter == letter), None)
    if option is None:
        letters = listed([one.letter for one in item.variant.options])
        return sentence(
            f"{item.name} has no option {described(answer)}. Its options are {letters}: "
            f'again("{item.name}", "A").'
        )
    commit(item, option.key, guess)
    return asked(item)


def _named(items: list[Item], name: str) -> Item | None:
    return next((one for one in items if one.name == name), None)


def nothing() -> str:
    """The text if nothing is due: why, and what comes next."""
    events, at = predictions.journal.read()[0], _now()
    following = next_due(events, at)
    if following is not None:
        return f"Nothing is due today. The next questions are due on {_said(following)}."
    if memories(events, at.tzinfo):
        return "Nothing is due: all that you answered has been asked again after 1, 3, 7 and 21 days."
    return NOTHING_YET


def _end() -> str:
    events, at = predictions.journal.read()[0], _now()
    count = {1: "one", 2: "two", 3: "three"}[sum(one.chosen is not None for one in _open)]
    if due(events, at):
        return f"**That was {count}. More are due today: to go on, run the cell with `again()` again.**"
    following = next_due(events, at)
    later = f" The next ones are due on {_said(following)}." if following else ""
    return f"**That was {count}, and all for today.{later}**"


def _said(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
