"""Answer the questions without knowledge, only from how the options are written.

    python tools/play_questions.py              the whole course
    python tools/play_questions.py 01           one lesson, question by question
    python tools/play_questions.py pairs        the nine questions before and after the course

If the options do not give the answer away, no player scores more than chance. If a player's rule fits several
options, the player guesses among these; if it fits none, among all.
"""

import argparse
import re
import sys
from dataclasses import dataclass

from lessons.study.pairs import AFTER, BEFORE, pairs
from lessons.study.questions import LESSONS, LETTERS, questions

COURSE, LESSON = 5, 20
"""How many percentage points above chance a player may score, over the course and over one lesson."""

LIMIT = 12
"""The most words of an option."""

_CODE = re.compile(r"`[^`]*`")
# A colon or a full stop inside an option begins an explanation; in backquotes it belongs to code or output.
_REASON = re.compile(
    r"\b(because|since|so that|therefore|thus|hence|due to|in order to)\b|, (so|for|as) |[:;] |[.?!] ",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Item:
    """A question as a player sees it: the texts of its options, and which of them is right."""

    id: str
    texts: tuple[str, ...]
    right: int


def items(lesson=""):
    """The questions of a lesson ("leaks"), of the nine pairs ("pairs"), or of the whole course ("")."""
    if lesson == "pairs":
        asked = [pair.asked(when) for pair in pairs() for when in (BEFORE, AFTER)]
        return [
            Item(one.id, tuple(choice.text for choice in one.choices), one.choices.index(one.right))
            for one in asked
        ]
    return [
        Item(one.id, tuple(option.text for option in one.options), one.options.index(one.right))
        for one in questions().values()
        if lesson in ("", one.lesson)
    ]


def words(text):
    """How many words an option has; what is in backquotes counts as it is read."""
    return len(text.split())


def reason(text):
    """Whether an option gives a reason in addition to the outcome."""
    return bool(_REASON.search(_CODE.sub("x", text)))


def _extreme(best):
    def choose(texts):
        sizes = [len(text) for text in texts]
        return [place for place, size in enumerate(sizes) if size == best(sizes)]

    return choose


def _those(fits):
    return lambda texts: [place for place, text in enumerate(texts) if fits(text)]


def _middle(texts):
    sizes = [len(text) for text in texts]
    return [place for place, size in enumerate(sizes) if min(sizes) < size < max(sizes)]


def _letter(letter):
    place = LETTERS.index(letter)
    return lambda texts: [place] if place < len(texts) else []


PLAYERS = {
    "always the shortest": _extreme(min),
    "always the longest": _extreme(max),
    "neither the shortest nor the longest": _middle,
    **{f"always {letter}": _letter(letter) for letter in "ABCD"},
    "the one with code in it": _those(_CODE.search),
    "the one without code": _those(lambda text: not _CODE.search(text)),
    "the one without a reason": _those(lambda text: not reason(text)),
}
"""How each player chooses: from the options' texts to the places of the options to guess among."""


def score(player, played):
    """The share of right answers that a player can expect."""
    return sum(_hit(player, one) for one in played) / len(played)


def chance(played):
    """The share of right answers of a random choice."""
    return sum(1 / len(one.texts) for one in played) / len(played)


def above(played):
    """For each player: how many percentage points he scores above chance."""
    return {name: 100 * (score(player, played) - chance(played)) for name, player in PLAYERS.items()}


def _hit(player, one):
    chosen = player(one.texts) or range(len(one.texts))
    return (one.right in chosen) / len(chosen)


def table(played, limit):
    """The scores of all players, as text."""
    rows = [f"{len(played)} questions; chance scores {100 * chance(played):.0f} %"]
    for name, points in above(played).items():
        mark = f"  <- more than {limit} above chance" if points > limit else ""
        rows.append(f"  {name:<38}{100 * chance(played) + points:>4.0f} %{points:>+6.0f}{mark}")
    return "\n".join(rows)


def listing(played):
    """Each question: its right letter, its shortest and longest options, and what an option may not have."""
    rows = ["id                options  right  shortest  longest  words"]
    for one in played:
        shortest, longest = (_letters(choose(one.texts)) for choose in (_extreme(min), _extreme(max)))
        counted = [words(text) for text in one.texts]
        faults = [f"{LETTERS[place]} has {size} words" for place, size in enumerate(counted) if size > LIMIT]
        faults += [f"{LETTERS[place]} gives a reason" for place, text in enumerate(one.texts) if reason(text)]
        rows.append(
            f"{one.id:<18}{len(one.texts):>7}  {LETTERS[one.right]:<5}  {shortest:<8}  {longest:<7}  "
            f"{' '.join(map(str, counted)):<12}  {'; '.join(faults)}".rstrip()
        )
    return "\n".join(rows)


def _letters(places):
    return "".join(LETTERS[place] for place in places)


def short(name):
    """The word for a lesson that was named by its number, its notebook or that word; "" if there is none."""
    fits = [one for one, stem in LESSONS.items() if name in (one, stem, stem[:2])]
    return "pairs" if name == "pairs" else "".join(fits)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("lesson", nargs="?", default="", help="such as 01, or pairs; default: all lessons")
    lesson = parser.parse_args(arguments).lesson
    if lesson and not short(lesson):
        parser.error(f"there is no lesson {lesson!r}; there are {', '.join([*LESSONS, 'pairs'])}")
    played = items(short(lesson) if lesson else "")
    if lesson:
        print(listing(played), end="\n\n")
    print(table(played, LESSON if lesson else COURSE))
    return 0


if __name__ == "__main__":
    sys.exit(main())
