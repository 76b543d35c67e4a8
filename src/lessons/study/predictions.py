"""Predictions: a question before a cell is run, a first answer that counts, and a reply with the belief.

`predict` never blocks and never raises, so that Run All passes. The cell that shows the truth has the comment
`# Answers leaks-p1`. After it has run, an answer is not a prediction any more. The reply uses one fact that
the cell has shown. If this is not the fact that the lesson expects, nothing is judged.
"""

from __future__ import annotations

import difflib
import os
import re

from lessons.study import voting
from lessons.study.ballot import Ballot
from lessons.study.cards import Card, card, failed, inline, sentence, word, wrapped
from lessons.study.journal import Journal, Standing
from lessons.study.phoning import phoned
from lessons.study.questions import Option, Question, misconceptions, questions
from lessons.words import described, listed

REASON = 300
"""The longest reason that is stored, in characters."""

_ANSWERS = re.compile(r"^\s*#\s*answers\s+([\w-]+)", re.IGNORECASE | re.MULTILINE)
_LIST = "list-style:none;padding-left:0;margin:0.4em 0"
_PLAIN = "margin:0.2em 0"

CLASS = "LIFECYCLE_CLASS"
"""The environment variable that is set while a lesson is presented: then a question is put to the class."""

journal = Journal()
ballots: dict[str, Ballot] = {}
"""The class's vote on each question."""
_told: set[str] = set()


def answer(id: object = None) -> Card:
    """Show the right answer and the reply to yours, as if the answer cell had run."""
    try:
        question = _question(id)
        if isinstance(question, Card):
            return question
        journal.add("reveal", question.id)
        return with_trouble(_reply(question, journal.standings()[question.id], always=True))
    except Exception as error:
        return failed("answer could not do that", error, "Go on with the next cell.")


def answered(source: str) -> list[str]:
    """The questions that a cell with this source answers."""
    return [id for id in dict.fromkeys(_ANSWERS.findall(source)) if id in questions()]


def ran(source: str, shown: str) -> list[Card]:
    """Record that a cell has run, and return the replies that belong under it.

    shown: what the cell has shown, as text: streams, its result, and an error as "raised ValueError: …".
    """
    cards: list[Card] = []
    for id in answered(source):
        question = questions()[id]
        standing = journal.standings().get(id, Standing())
        if matching(question, shown) != [question.right]:
            if standing.latest is not None or (id in ballots and ballots[id].rounds):
                cards.append(_other(question, shown))
            continue
        journal.add("reveal", id)
        if standing.latest is not None:
            cards.append(_reply(question, journal.standings()[id]))
        if id in ballots and ballots[id].reveal():
            cards.append(voting.reply(question, ballots[id]))
    return cards


def matching(question: Question, shown: str) -> list[Option]:
    """The options whose fact is in what a cell has shown, at the beginning of a line."""
    return [option for option in question.options if f"\n{option.shows}" in f"\n{shown}"]


def commit(id: str, key: str, guess: bool, because: str) -> None:
    """Store an answer, unless it is the newest one already, and a reason, if there is one."""
    before = journal.standings().get(id, Standing())
    if before.latest != key:
        journal.add("answer", id, key, guess=guess)
    reason = " ".join(because.split())[:REASON]
    if reason and reason != before.because:
        journal.add("because", id, reason)


def asked(id: str) -> Card:
    """A question in its present state, as text and as HTML."""
    return _asked(questions()[id], journal.standings().get(id, Standing()))


def predicted(
    id: object, answer: object, guess: object, because: object, votes: object
) -> tuple[Card, Question | None]:
    """The card of `predict`, and the question, if a widget can show it."""
    question = _question(id)
    if isinstance(question, Card):
        return question, None
    if votes is not None:
        counted = voting.counted(question, votes)
        if isinstance(counted, Card):
            return counted, None
        ballots[question.id] = Ballot.counted(question.letters, *counted)
        return voting.voted(question, ballots[question.id]), question
    if answer is None and os.environ.get(CLASS):
        # A reload runs this cell again, and the votes must survive it.
        if question.id not in ballots:
            phones = phoned(question.id)
            ballots[question.id] = Ballot(question.letters, question.peer, phones=phones)
        return voting.voted(question, ballots[question.id]), question
    ballots.pop(question.id, None)
    if answer is not None:
        letter = _letter(question, answer)
        if isinstance(letter, Card):
            return letter, None
        commit(question.id, question.under(letter).key, guess is True, word(because) or "")
    return with_trouble(asked(question.id)), question


def _question(id: object) -> Question | Card:
    text = word(id)
    known = questions()
    if text is not None and text.strip().lower() in known:
        return known[text.strip().lower()]
    if text is None:
        example = next(iter(known))
        return sentence(
            f'predict needs the id of a question in quotes, such as predict("{example}"); '
            f"it was given {described(id)}."
        )
    near = difflib.get_close_matches(text.strip().lower()[:40], known, 1, 0.6)
    hint = f'Did you mean predict("{near[0]}")?' if near else "The ids are: " + ", ".join(known) + "."
    return sentence(f"There is no question {described(text)}. {hint}")


def _letter(question: Question, answer: object) -> str | Card:
    text = word(answer)
    letter = "" if text is None else text.strip().strip("()[].").upper()
    if len(letter) == 1 and letter in question.letters:
        return letter
    first = question.letters[0]
    return sentence(
        f"{question.id} has no option {described(answer)}. Its options are "
        f'{listed(list(question.letters))}: predict("{question.id}", "{first}").'
    )


def _asked(question: Question, standing: Standing) -> Card:
    """The question; if it was answered, what was chosen; if the answer was seen too, the reply."""
    text = [wrapped(f"{question.id}: {question.prompt}")]
    items = []
    for option in question.options:
        mine, mark = "", ""
        if option.key == standing.first:
            mine, mark = " <- your prediction", " <strong>&#9668; your prediction</strong>"
        text.append(wrapped(option.text + mine, "      ", f"   {option.letter}  "))
        name = f"<strong>{option.letter}</strong>&ensp;"
        items.append(f'<li style="{_PLAIN}">{name}{inline(option.text)}{mark}</li>')
    body = [
        f'<p style="margin:0"><strong>Predict.</strong> {inline(question.prompt)}</p>',
        f'<ol style="{_LIST}">',
        *items,
        "</ol>",
    ]
    said = status(question, standing) or (
        f'To answer, write the letter after the id and run the cell: `predict("{question.id}", "A")`. '
        "If it is a guess, add `guess=True`."
    )
    text.append(wrapped(said))
    body.append(f'<p role="status" style="margin:0">{inline(said)}</p>')
    shown = card(f"Prediction {question.id}", text, body)
    if standing.latest is not None and standing.revealed:
        reply = _reply(question, standing)
        return Card(f"{shown.text}\n{reply.text}", f"{shown.html}\n{reply.html}")
    return shown


def status(question: Question, standing: Standing) -> str:
    """The answers so far, and what to do next; "" without answers."""
    if standing.latest is None:
        return ""
    said = []
    if standing.first is not None:
        sure = "a guess" if standing.guess else "sure"
        said.append(f"**Your prediction: {question.lettered([standing.first])[0]} ({sure}).**")
    if standing.again:
        letters = listed(question.lettered(standing.again))
        said.append(f"Only the first answer counts; {letters} is kept as a second thought.")
    if standing.after:
        letters = listed(question.lettered(standing.after))
        said.append(
            f"You chose {letters} after you had seen the answer: it is kept, but is not a prediction."
        )
    if not standing.revealed:
        # If a student has deleted the comment, this says why no reply appears.
        said.append(f"Now run the next cell, which begins with `# Answers {question.id}`.")
    return " ".join(said)


def wrongly(question: Question, standing: Standing) -> bool:
    """Whether a prediction was wrong, and the answer has been seen."""
    return standing.revealed and standing.first not in (None, question.right.key)


def _reply(question: Question, standing: Standing, *, always: bool = False) -> Card:
    """The reply: what was answered, what is right, and the belief behind a wrong option."""
    right = question.right
    given = question.keyed(standing.first or standing.latest or "")
    said: list[str] = []
    if given is not None:
        verb = "You predicted" if standing.first else "After you had seen it, you chose"
        if given == right:
            said.append(f"{verb} **{given.letter}**, and that is what happens. {right.reply}")
        else:
            said.append(f"{verb} **{given.letter}**. {_named(given)}")
            said.append(_truth(right))
        if standing.because:
            said.append(f"You wrote: because {standing.because}")
    elif always:
        said.append(_truth(right))
    return card(
        f"Reply to {question.id}",
        [wrapped(part) for part in said],
        [f'<p style="{_PLAIN}">{inline(part)}</p>' for part in said],
    )


def _other(question: Question, shown: str) -> Card:
    """The text if the cell has shown something else than the lesson expects: then nothing is judged."""
    expected = question.right.shows
    lines = [line for line in shown.splitlines() if line.strip()]
    near = difflib.get_close_matches(expected, lines, 1, 0.0) or lines[:1]
    saw = f"This cell showed `{near[0][:120]}`" if near else "This cell showed nothing"
    return sentence(
        f"{saw}, where the lesson expects `{expected}`. So there is no reply to {question.id}. If you edited "
        "this cell, undo that. Then run this beat again from its first cell."
    )


def _truth(right: Option) -> str:
    return f"What happens is **{right.letter}**: {right.text.rstrip('.')}. {right.reply}"


def _named(option: Option) -> str:
    registered = misconceptions().get(option.misconception or "")
    belief = f"Behind it is a common belief: “{registered.belief}” " if registered else ""
    return f"{belief}{option.reply}"


def forget(lesson: str) -> None:
    """Forget the votes of a lesson that is reset."""
    for id in [id for id in ballots if questions()[id].lesson == lesson]:
        del ballots[id]


def with_trouble(shown: Card) -> Card:
    """Add, once for each kernel, that answers cannot be saved."""
    if not journal.trouble or journal.trouble in _told:
        return shown
    _told.add(journal.trouble)
    notice = sentence(journal.trouble)
    return Card(f"{shown.text}\n{notice.text}", f"{shown.html}\n{notice.html}")
