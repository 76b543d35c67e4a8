"""The field guide: what people believe, found by a word."""

from __future__ import annotations

import html

from lessons.study import predictions
from lessons.study.cards import Card, card, failed, inline, sentence, word, wrapped
from lessons.study.journal import Standing
from lessons.study.questions import FIELD_GUIDE, Misconception, Question, misconceptions, questions
from lessons.words import agreeing, described, listed, many

TOPICS = {
    "generators": "Generators and lazy chains",
    "managers": "Context managers and cleanup",
    "descriptors": "Descriptors",
    "decorators": "Decorators",
    "databases": "Databases",
    "notebooks": "Notebooks",
}
"""The headings of the field guide, by the word with which their ids begin."""

MOST = 20
"""How many beliefs are shown at once."""


def entries() -> dict[str, list[Misconception]]:
    """The beliefs that are not asked in a lesson, under each heading of the field guide.

    >>> [entry.id for entry in entries()["Notebooks"]]
    ['notebooks-del-frees']
    """
    told = [entry for entry in misconceptions().values() if entry.lesson == FIELD_GUIDE]
    return {
        heading: [entry for entry in told if entry.id.partition("-")[0] == topic]
        for topic, heading in TOPICS.items()
    }


def search(words: object = None) -> Card:
    """Show the beliefs and truths of the course that contain all of these words. Never raises.

    Capitals do not matter, and parts of words count. A belief from a lesson is shown after its answer cell
    has run. Until then, only the place of the question is shown.

    >>> search("groupby")
    1 belief has "groupby" in it.
    <BLANKLINE>
    Believed: The groups of `itertools.groupby` can be read later.
    True: All groups pull from one stream. Taking the next group skips the rest of the
    previous one, so make a list of each group at once.
    Where: field_guide
    """
    try:
        return _found(words)
    except Exception as error:
        return failed("search could not do that", error, "The headings name the beliefs.")


def _found(words: object) -> Card:
    text = word(words)
    wanted = [] if text is None else text.lower().split()
    if not wanted:
        given = "" if words is None else f"; it was given {described(words)}"
        return sentence(f'search needs a word or more in quotes, such as search("close"){given}.')
    quoted = described(" ".join(wanted)).strip("'\"")
    standings = predictions.journal.standings()
    told = {entry.id: _told(entry, standings) for entry in misconceptions().values()}
    found = [entry for entry in misconceptions().values() if _has(entry, told[entry.id], wanted)]
    if not found:
        return sentence(f'No belief has "{quoted}" in it. Try one word, or the beginning of one.')
    head = f'{many(len(found), "belief")} {agreeing(len(found), "has", "have")} "{quoted}" in it.'
    lines, body = [wrapped(head)], [f'<p role="status" style="margin:0">{inline(head)}</p>']
    for entry in found[:MOST]:
        parts = {"Believed": entry.belief, "True": told[entry.id], "Where": _where(entry)}
        lines += ["", *(wrapped(f"{name}: {part}") for name, part in parts.items())]
        rows = [f"<dt><strong>{name}</strong></dt><dd>{inline(part)}</dd>" for name, part in parts.items()]
        body += ['<dl style="margin:0.8em 0 0">', *rows, "</dl>"]
    if len(found) > MOST:
        rest = f"{len(found) - MOST} more: add a word."
        lines += ["", rest]
        body.append(f"<p>{html.escape(rest)}</p>")
    return card("Search", lines, body)


def _has(entry: Misconception, told: str, wanted: list[str]) -> bool:
    # A hidden belief must not be found either, because the hit alone would reveal it.
    text = f"{entry.id} {entry.belief} {told}".lower()
    return all(one in text for one in wanted)


def _askers(entry: Misconception) -> list[Question]:
    return [one for one in questions().values() if any(o.misconception == entry.id for o in one.options)]


def _told(entry: Misconception, standings: dict[str, Standing]) -> str:
    askers = _askers(entry)
    if not askers or any(standings.get(one.id, Standing()).revealed for one in askers):
        return entry.truth
    return "predict first, then run the answer."


def _where(entry: Misconception) -> str:
    askers = [one.id for one in _askers(entry)]
    return f"{entry.lesson}, question {listed(askers)}" if askers else entry.lesson
