"""Questions and misconceptions: read from the TOML files beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from lessons.versions import check

LETTERS = "ABCDEF"

LESSONS = {
    "start": "00_start_here",
    "leaks": "01_leaks",
    "descriptors": "02_descriptors",
    "decorators": "03_decorators",
    "chains": "04_lazy_chains",
    "composition": "05_composition",
}
"""The lessons in their order: the first word of their ids, and the notebook."""

RIGHT = "right"
"""The key of the right option."""

VERSION = 1
"""The version of the format of these TOML files."""

FIELD_GUIDE = "field_guide"
"""The notebook with the beliefs that are not asked in a lesson."""

GLOSSARY = "glossary"
"""The notebook that explains the words of all lessons."""


@dataclass(frozen=True)
class Misconception:
    """A belief, and what is true. `shows` is the value of the second line of `proof`.

    `core` marks what a lesson is built on. If no lesson asks about it, `lesson` is
    "field_guide". `believed` is what that line would be if the belief were true, and `other` is a third
    possibility. With both, the proof can be asked as a question.
    """

    id: str
    belief: str
    truth: str
    given: str
    proof: str
    shows: str
    lesson: str
    source: str
    core: bool = False
    believed: str = ""
    other: str = ""


@dataclass(frozen=True)
class Option:
    """One answer.

    `shows` is the fact that confirms it: the beginning of a line that the answer cell would print.

    The letter is only for display. An answer is stored as its `key`, which stays the same if options are
    moved or reworded. The key is "right", or the id of the misconception, unless the file gives another one.
    `grain` tells a teacher what is right in the belief behind a wrong option.
    """

    letter: str
    text: str
    shows: str
    reply: str
    key: str
    misconception: str | None = None
    grain: str = ""


@dataclass(frozen=True)
class Question:
    """A prediction: its right option is the one without a misconception.

    `reason` marks the first question of a beat, for which the card asks for a reason. `peer` marks a question
    on which a class votes, discusses and votes again.
    """

    id: str
    lesson: str
    prompt: str
    options: tuple[Option, ...]
    reason: bool = False
    peer: bool = False

    @property
    def letters(self) -> str:
        """The letters that may be given, "ABC" for three options."""
        return "".join(option.letter for option in self.options)

    @property
    def right(self) -> Option:
        """The right option."""
        return next(option for option in self.options if option.misconception is None)

    def under(self, letter: str) -> Option:
        """The option under a letter; KeyError if there is none."""
        return {option.letter: option for option in self.options}[letter]

    def keyed(self, key: str) -> Option | None:
        """The option with a key; None if this edition has no such option."""
        return next((option for option in self.options if option.key == key), None)

    def lettered(self, keys: Iterable[str]) -> list[str]:
        """The letters of some keys; "?" for a key that this edition does not have."""
        found = [self.keyed(key) for key in keys]
        return [option.letter if option else "?" for option in found]


def _read(*path: str) -> dict[str, Any]:
    data = tomllib.loads(files(__package__).joinpath(*path).read_text(encoding="utf-8"))
    check(path[-1], data.get("version"), VERSION)
    return data


@cache
def misconceptions() -> dict[str, Misconception]:
    """The registry, by id, in the order of the file."""
    entries = _read("misconceptions.toml")["misconception"]
    return {entry["id"]: Misconception(**{"given": "", **entry}) for entry in entries}


@cache
def replacements() -> dict[str, list[str]]:
    """For each word of the proofs that may change: the words that variants use instead."""
    found: dict[str, list[str]] = _read("misconceptions.toml")["replacements"]
    return found


@cache
def questions() -> dict[str, Question]:
    """All questions, by id, lesson after lesson."""
    found: dict[str, Question] = {}
    folder = files(__package__).joinpath("questions")
    there = {entry.name for entry in folder.iterdir() if entry.name.endswith(".toml")}
    for name in [name for lesson in LESSONS if (name := f"{lesson}.toml") in there]:
        for entry in _read("questions", name)["question"]:
            options = tuple(
                Option(**{"key": option.get("misconception", RIGHT), "letter": letter, **option})
                for letter, option in zip(LETTERS, entry.pop("option"), strict=False)
            )
            question = Question(lesson=name.removesuffix(".toml"), options=options, **entry)
            found[question.id] = question
    return found
