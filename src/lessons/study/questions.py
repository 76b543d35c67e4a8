"""Questions and misconceptions: read from the TOML files beside this module."""

from __future__ import annotations

import tomllib
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
"""The lessons in their order: the word with which an id begins, and the notebook."""

VERSION = 1
"""The version of the form in which these TOML files are written."""

FIELD_GUIDE = "field_guide"
"""The notebook that tells what no lesson asks about."""


@dataclass(frozen=True)
class Misconception:
    """What somebody believes, and what is true. `shows` is what the second line of `proof` evaluates to.

    `core` marks what a lesson is built on. What no lesson asks about has "field_guide" for its lesson.
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


@dataclass(frozen=True)
class Option:
    """One answer. `shows` is the line that the answer cell would print if this option were right."""

    letter: str
    text: str
    shows: str
    reply: str
    misconception: str | None = None


@dataclass(frozen=True)
class Question:
    """A prediction: its right option is the one that stands for no misconception."""

    id: str
    lesson: str
    prompt: str
    options: tuple[Option, ...]

    @property
    def letters(self) -> str:
        """The letters that may be given, "ABC" for three options."""
        return "".join(option.letter for option in self.options)

    @property
    def right(self) -> Option:
        """The right option."""
        return next(option for option in self.options if option.misconception is None)

    def option(self, letter: str) -> Option:
        """The option under a letter; KeyError if there is none."""
        for option in self.options:
            if option.letter == letter:
                return option
        raise KeyError(letter)


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
def questions() -> dict[str, Question]:
    """All questions, by id, lesson after lesson."""
    found: dict[str, Question] = {}
    folder = files(__package__).joinpath("questions")
    there = {entry.name for entry in folder.iterdir() if entry.name.endswith(".toml")}
    for name in [name for lesson in LESSONS if (name := f"{lesson}.toml") in there]:
        for entry in _read("questions", name)["question"]:
            options = tuple(
                Option(letter=letter, **option)
                for letter, option in zip(LETTERS, entry["option"], strict=False)
            )
            question = Question(entry["id"], name.removesuffix(".toml"), entry["prompt"], options)
            found[question.id] = question
    return found
