"""Predictions: a question before a cell is run, an answer that stands, and a reply by name.

`predict` never blocks and never raises, so that Run All passes. The cell that shows the truth carries the
comment `# Answers leaks-p1`; once it has run, an answer is no prediction any more.
"""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Mapping

from lessons.study.cards import Card, card, failed, inline, sentence, word, wrapped
from lessons.study.journal import Journal, Standing
from lessons.study.questions import Option, Question, misconceptions, questions
from lessons.words import described, listed

_ANSWERS = re.compile(r"^\s*#\s*answers\s+([\w-]+)", re.IGNORECASE | re.MULTILINE)
_VOTE = re.compile(r"([A-Za-z])\s*[:=]?\s*([0-9]{1,6})(?![0-9])[\s,;]*")
_LIST = "list-style:none;padding-left:0;margin:0.4em 0"
_PLAIN = "margin:0.2em 0"
_STRIPES = "repeating-linear-gradient(45deg,#0072B2,#0072B2 6px,#56B4E9 6px,#56B4E9 9px)"
_TABLE = "border-collapse:collapse;margin:0.4em 0"

journal = Journal()
_told: set[str] = set()
_hands: dict[str, dict[str, int]] = {}


def predict(id: object = None, answer: object = None, *, votes: object = None) -> Card:
    """Show a question; with a letter, answer it; with votes, draw a show of hands beside the truth.

    The first answer stands. A later one is kept as `again`, one given after the answer cell ran as `after`.
    An unknown id, an unknown letter or nonsense gives a sentence that says what is allowed.

    id: the question, such as "leaks-p1". answer: a letter, such as "B". votes: such as "A12 B30 C5".

    >>> predict("leaks-p1", "Z")
    leaks-p1 has no option 'Z'. Its options are A, B, C and D: predict("leaks-p1", "A").
    """
    try:
        return _predicted(id, answer, votes)
    except Exception as error:  # a lesson must go on: the sentence says what is wrong instead
        return failed("predict could not do that", error, "Go on with the next cell.")


def answer(id: object = None) -> Card:
    """Show the right answer and the reply to yours: the same as having run the answer cell."""
    try:
        question = _question(id)
        if isinstance(question, Card):
            return question
        journal.add("reveal", question.id)
        return with_trouble(_reply(question, journal.standings()[question.id], always=True))
    except Exception as error:
        return failed("answer could not do that", error, "Go on with the next cell.")


def ran(source: str) -> list[Card]:
    """Note that a cell has run, and return the replies that belong under it: one per answered question."""
    cards: list[Card] = []
    for id in dict.fromkeys(_ANSWERS.findall(source)):
        question = questions().get(id)
        if question is None:
            continue
        journal.add("reveal", id)
        standing = journal.standings().get(id, Standing(revealed=True))
        if standing.latest is not None:
            cards.append(_reply(question, standing))
        if id in _hands:
            cards.append(_show_of_hands(question, _hands[id], open_truth=True))
    return cards


def _predicted(id: object, answer: object, votes: object) -> Card:
    question = _question(id)
    if isinstance(question, Card):
        return question
    if votes is not None:
        counted = _counted(question, votes)
        if isinstance(counted, Card):
            return counted
        _hands[question.id] = counted
        standing = journal.standings().get(question.id, Standing())
        return _show_of_hands(question, counted, open_truth=standing.revealed)
    if answer is not None:
        letter = _letter(question, answer)
        if isinstance(letter, Card):
            return letter
        before = journal.standings().get(question.id, Standing())
        if before.latest != letter:
            journal.add("answer", question.id, letter)
    return with_trouble(_asked(question, journal.standings().get(question.id, Standing())))


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


def _counted(question: Question, votes: object) -> dict[str, int] | Card:
    pairs: list[tuple[str, str]] = []
    text = word(votes)
    if isinstance(votes, Mapping):
        text = " ".join(f"{letter}{count}" for letter, count in votes.items())
    rest = "" if text is None else _VOTE.sub("", text).strip()
    pairs = [] if text is None else _VOTE.findall(text)
    letters = [letter.upper() for letter, _ in pairs]
    if not pairs or rest or len(set(letters)) < len(letters) or not set(letters) <= set(question.letters):
        example = " ".join(f"{letter}{12 + 5 * place}" for place, letter in enumerate(question.letters))
        return sentence(
            f"votes needs a number for each letter, {listed(list(question.letters))} once each, "
            f'such as votes="{example}"; it was given {described(votes)}.'
        )
    counts = {letter.upper(): int(count) for letter, count in pairs}
    return {letter: counts.get(letter, 0) for letter in question.letters}


def _asked(question: Question, standing: Standing) -> Card:
    """The question; if it was answered, what is locked in; if the answer was seen too, the reply."""
    text = [wrapped(f"{question.id}: {question.prompt}")]
    items = []
    for option in question.options:
        mine, mark = "", ""
        if option.letter == standing.first:
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
    status = _status(question, standing)
    text.append(wrapped(status))
    body.append(f'<p role="status" style="margin:0">{inline(status)}</p>')
    shown = card(f"Prediction {question.id}", text, body)
    if standing.latest is not None and standing.revealed:
        reply = _reply(question, standing)
        return Card(f"{shown.text}\n{reply.text}", f"{shown.html}\n{reply.html}")
    return shown


def _status(question: Question, standing: Standing) -> str:
    if standing.latest is None:
        return f'To answer, put your letter beside the id, and run the cell: `predict("{question.id}", "A")`.'
    said = []
    if standing.first is not None:
        said.append(f"**Locked in: {standing.first}.**")
    if standing.again:
        said.append(f"The first answer stands; {listed(list(standing.again))} is kept as a second thought.")
    if standing.after:
        said.append(
            f"You gave {listed(list(standing.after))} after the answer was on the screen: "
            "kept, but not counted as a prediction."
        )
    if not standing.revealed:
        said.append("Now run the next cell.")
    return " ".join(said)


def _reply(question: Question, standing: Standing, *, always: bool = False) -> Card:
    """The answer by name: what was said, what is right, and which belief stands behind a wrong option."""
    right = question.right
    given = standing.first or standing.latest
    said: list[str] = []
    if given is not None:
        option = question.option(given)
        verb = "You predicted" if standing.first else "You said, after seeing it,"
        if option == right:
            said.append(f"{verb} **{given}**, and that is what happens. {right.reply}")
        else:
            said.append(f"{verb} **{given}**. {_named(option)}")
            said.append(_truth(right))
    elif always:
        said.append(_truth(right))
    return card(
        f"Reply to {question.id}",
        [wrapped(part) for part in said],
        [f'<p style="{_PLAIN}">{inline(part)}</p>' for part in said],
    )


def _truth(right: Option) -> str:
    return f"What happens is **{right.letter}**: {right.text.rstrip('.')}. {right.reply}"


def _named(option: Option) -> str:
    registered = misconceptions().get(option.misconception or "")
    belief = f"Behind it stands a common belief: “{registered.belief}” " if registered else ""
    return f"{belief}{option.reply}"


def _show_of_hands(question: Question, counts: dict[str, int], *, open_truth: bool) -> Card:
    """Bars with their numbers; the truth stands folded beside them until the answer cell has run."""
    total = sum(counts.values())
    most = max(counts.values()) or 1
    right = question.right
    text = [wrapped(f"{question.id}: {question.prompt}"), f"Hands: {total}"]
    rows = []
    for option in question.options:
        count = counts[option.letter]
        is_right = option == right
        text.append(
            f"   {option.letter}  {count:>4}  {'#' * round(30 * count / most)}"
            f"{'  <- what happens' if is_right else ''}".rstrip()
        )
        # Stripes tell the wrong bars from the right one without colour, once the truth is open.
        fill = "#0072B2" if not open_truth else "#009E73" if is_right else _STRIPES
        mark = " <strong>&#10003; what happens</strong>" if is_right and open_truth else ""
        rows.append(
            f'<tr><th scope="row" style="text-align:left">{option.letter}</th>'
            f'<td style="text-align:left;min-width:16em">{inline(option.text)}{mark}</td>'
            f'<td style="text-align:right">{count}</td>'
            f'<td style="width:18em"><div aria-hidden="true" style="height:1.1em;'
            f'width:{round(100 * count / most)}%;background:{fill}"></div></td></tr>'
        )
    truth = _truth(right)
    share = f"{counts[right.letter]} of {total} predicted it."
    text.append(wrapped(f"{truth} {share}"))
    label = html.escape(f"Show of hands, {total} in all", quote=True)
    body = [
        f'<p style="margin:0"><strong>Predict.</strong> {inline(question.prompt)}</p>',
        f'<table aria-label="{label}" style="{_TABLE}">',
        *rows,
        "</table>",
        f"<details{' open' if open_truth else ''}><summary>The truth</summary>"
        f'<p style="{_PLAIN}">{inline(truth)} {inline(share)}</p></details>',
    ]
    return card(f"Show of hands for {question.id}", text, body)


def forget(lesson: str) -> None:
    """Forget the shows of hands of a lesson that begins anew."""
    for id in [id for id in _hands if questions()[id].lesson == lesson]:
        del _hands[id]


def with_trouble(shown: Card) -> Card:
    """Add, once a kernel, that answers cannot be saved."""
    if not journal.trouble or journal.trouble in _told:
        return shown
    _told.add(journal.trouble)
    notice = sentence(journal.trouble)
    return Card(f"{shown.text}\n{notice.text}", f"{shown.html}\n{notice.html}")
