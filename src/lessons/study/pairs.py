"""The paired questions, one pair for each key point, from the TOML file; and the students' answers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lessons.study.journal import Line
from lessons.study.questions import LETTERS, RIGHT
from lessons.versions import check

VERSION = 1
"""The version of the format of the TOML file."""

UNKNOWN = "unknown"
"""The key of “I do not know”."""

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Choice:
    """One answer. `shows` is what the proof prints if this answer is right. The `key` is stored."""

    letter: str
    text: str
    shows: str
    key: str = RIGHT


@dataclass(frozen=True)
class Paired:
    """One question of a pair. `given`, `code` and `proof` together print the right answer's `shows`."""

    id: str
    prompt: str
    code: str
    choices: tuple[Choice, ...]
    given: str
    proof: str

    @property
    def right(self) -> Choice:
        """The right answer."""
        return next(one for one in self.choices if one.key == RIGHT)

    def keyed(self, key: str) -> Choice | None:
        """The answer with a key; "I do not know" has one too. None if this edition has no such answer."""
        return next((one for one in (*self.choices, DO_NOT_KNOW) if one.key == key), None)

    def under(self, letter: str) -> Choice | None:
        """The answer under a letter; None if there is none."""
        return next((one for one in (*self.choices, DO_NOT_KNOW) if one.letter == letter), None)


DO_NOT_KNOW = Choice("?", "I do not know", "", UNKNOWN)
"""It comes after the other answers of each question: in a test before the course a guess says nothing."""


@dataclass(frozen=True)
class Pair:
    """Two questions about one key point of the lecture, and why their right answers are right."""

    point: int
    name: str
    lesson: str
    why: str
    before: Paired
    after: Paired

    def asked(self, when: str) -> Paired:
        """The question that is asked before the course, or the one after it."""
        return self.before if when == BEFORE else self.after


@cache
def pairs() -> tuple[Pair, ...]:
    """All pairs, in the order of the key points."""
    data = tomllib.loads(files(__package__).joinpath("pairs.toml").read_text(encoding="utf-8"))
    check("pairs.toml", data.get("version"), VERSION)
    found = []
    for entry in data["pair"]:
        sides = {}
        for when in (BEFORE, AFTER):
            side = entry[when]
            choices = tuple(
                Choice(letter, **option) for letter, option in zip(LETTERS, side["option"], strict=False)
            )
            sides[when] = Paired(
                f"{when}-{entry['point']}", side["prompt"], side["code"].strip("\n"), choices,
                side.get("given", ""), side["proof"],
            )  # fmt: skip
        found.append(Pair(entry["point"], entry["name"], entry["lesson"], entry["why"], **sides))
    return tuple(found)


@dataclass(frozen=True)
class Answers:
    """One student's answers before and after the course: a key for each key point."""

    before: dict[int, str]
    after: dict[int, str]

    def given(self, when: str) -> dict[int, str]:
        """The answers of one of the two sets; empty if they were not given yet."""
        return self.before if when == BEFORE else self.after

    def right(self, when: str) -> int:
        """How many of them are right."""
        return list(self.given(when).values()).count(RIGHT)


def answers(events: Iterable[Line]) -> Answers:
    """Fold events, in order. The first answer to a question counts.

    An answer to `before` that was given after `after` means nothing, so it is left out, like an answer that
    this edition does not have.

    >>> answers([Line("1", "answer", "before-2", "right"), Line("2", "answer", "before-2", "unknown")])
    Answers(before={2: 'right'}, after={})
    """
    known = {pair.asked(when).id: (when, pair) for pair in pairs() for when in (BEFORE, AFTER)}
    found = Answers({}, {})
    for event in events:
        if event.event != "answer" or event.id not in known:
            continue
        when, pair = known[event.id]
        late = when == BEFORE and found.after
        if not late and pair.asked(when).keyed(event.option) is not None:
            found.given(when).setdefault(pair.point, event.option)
    return found
