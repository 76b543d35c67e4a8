"""What a class's vote shows: a card with its votes, a sentence on its state, and the reply after the run."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lessons.study.ballot import OPEN, READY, TALKING, Ballot
from lessons.study.cards import Card, card, inline, sentence, word, wrapped
from lessons.study.phoning import Phoned
from lessons.study.questions import Question
from lessons.words import described, listed

_VOTE = re.compile(r"([A-Za-z])\s*[:=]?\s*([0-9]{1,6})(?![0-9])[\s,;]*")
_PLAIN = "margin:0.2em 0"
_TABLE = "border-collapse:collapse;margin:0.4em 0"


def labels(ballot: Ballot) -> list[tuple[str, str]]:
    """The buttons of a vote: what each does, and its label."""
    again = ballot.state == TALKING
    names = {
        "open": "Vote again" if again else "Vote",
        "close": "Close the vote",
        "longer": "+30 s",
        "once": "No second vote" if again else "Only one vote",
        "twice": "Two votes" if ballot.state in (READY, OPEN) else "Discuss, vote again",
        "correct": "Correct",
        "new": "New vote",
    }
    return [(action, names[action]) for action in ballot.actions()]


def counted(question: Question, votes: object) -> list[dict[str, int]] | Card:
    """One round of votes, or two with `/` between them."""
    text = word(votes)
    if isinstance(votes, Mapping):
        text = " ".join(f"{letter}{count}" for letter, count in votes.items())
    rounds = [_round(question, part) for part in ("" if text is None else text).split("/")]
    if len(rounds) <= 2 and None not in rounds:
        return [one for one in rounds if one is not None]
    example = " ".join(f"{letter}{12 + 5 * place}" for place, letter in enumerate(question.letters))
    return sentence(
        f"votes needs a number for each letter, {listed(list(question.letters))} once each, "
        f'such as votes="{example}", or two such lists with / between them; '
        f"it was given {described(votes)}."
    )


def _round(question: Question, text: str) -> dict[str, int] | None:
    pairs = _VOTE.findall(text)
    letters = [letter.upper() for letter, _ in pairs]
    rest = _VOTE.sub("", text).strip()
    if not pairs or rest or len(set(letters)) < len(letters) or not set(letters) <= set(question.letters):
        return None
    return {letter.upper(): int(count) for letter, count in pairs}


def said(ballot: Ballot) -> str:
    """How many have voted, and what to do next; "" once the answer cell has run."""
    totals = [one.total for one in ballot.rounds]
    if ballot.state == READY:
        return "You vote twice, and discuss in between." if ballot.peer else ""
    if ballot.state == TALKING:
        return f"First vote: {totals[0]}. Tell a neighbour why."
    if ballot.state == OPEN:
        name = ("First", "Second")[len(totals) - 1] + " vote" if ballot.peer else "Votes"
        return f"{name}: {totals[-1]}."
    return "" if ballot.revealed else f"Votes: {', then '.join(map(str, totals))}. Now run the next cell."


def note(ballot: Ballot) -> str:
    """What the teacher should know about the votes by phone; "" if nothing."""
    if not isinstance(ballot.phones, Phoned):
        return ""
    return ballot.phones.note(sum(ballot.rounds[-1].phones.values()) if ballot.rounds else 0)


def page(ballot: Ballot) -> dict[str, str]:
    """The address of the vote page, and its QR code as SVG; empty without votes by phone."""
    if not isinstance(ballot.phones, Phoned):
        return {}
    line = ballot.phones.line
    return {"address": line.address, "qr": line.qr()}


def voted(question: Question, ballot: Ballot) -> Card:
    """A vote as a card. After the last close it has bars and numbers. It never says which is right."""
    text = [wrapped(f"{question.id}: {question.prompt}")]
    rows = []
    most = max((count for one in ballot.rounds for count in one.counts.values()), default=0) or 1
    for option in question.options:
        counts = [one.counts[option.letter] for one in ballot.rounds] if ballot.shown else []
        if not counts:
            text.append(wrapped(option.text, "      ", f"   {option.letter}  "))
        for place, count in enumerate(counts):
            letter = " " if place else option.letter
            text.append(f"   {letter}  {count:>4}  {'#' * round(30 * count / most)}".rstrip())
        bars = "".join(
            f'<div aria-hidden="true" style="height:{1.1 / len(counts):.2g}em;'
            f'width:{round(100 * count / most)}%;background:{colour}"></div>'
            for count, colour in zip(counts, ("#56B4E9", "#0072B2")[-len(counts) :], strict=False)
        )
        rows.append(
            f'<tr><th scope="row" style="text-align:left">{option.letter}</th>'
            f'<td style="text-align:left;min-width:16em">{inline(option.text)}</td>'
            f'<td style="text-align:right">{", then ".join(map(str, counts))}</td>'
            f'<td style="width:18em">{bars}</td></tr>'
        )
    then = said(ballot)
    text.append(wrapped(then))
    total = ", then ".join(str(one.total) for one in ballot.rounds) or "0"
    body = [
        f'<p style="margin:0"><strong>Predict.</strong> {inline(question.prompt)}</p>',
        f'<table aria-label="Votes, {total} in all" style="{_TABLE}">',
        *rows,
        "</table>",
        f'<p role="status" style="{_PLAIN}">{inline(then)}</p>',
    ]
    return card(f"Votes on {question.id}", text, body)


def reply(question: Question, ballot: Ballot) -> Card:
    """What is right, and how many said so: for the place under the answer."""
    right = question.right
    shares = [f"{one.counts[right.letter]} of {one.total}" for one in ballot.rounds if one.total]
    share = f" {', then '.join(shares)}{' said so' if len(shares) == 1 else ''}." if shares else ""
    text = f"What happens is **{right.letter}**:{share} {right.reply}"
    return card(f"Reply to {question.id}", [wrapped(text)], [f'<p style="{_PLAIN}">{inline(text)}</p>'])
