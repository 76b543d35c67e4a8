"""Votes by phone on one question, as a ballot needs them: an error of the vote page becomes a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from lessons.study import phones
from lessons.study.phones import Line, Unreachable

T = TypeVar("T")


class Phoned:
    """The vote page for one question. `trouble` says what it could not do; raised hands still count then."""

    def __init__(self, id: str, line: Line) -> None:
        self.id = id
        self.line = line
        self.trouble = ""

    def open(self, round: int, fresh: bool) -> None:
        """Show the question and take votes."""
        self._try(lambda: self.line.open(self.id, round, fresh=fresh))

    def counts(self) -> Mapping[str, int] | None:
        """The votes so far; None if the page does not answer."""
        return self._try(self.line.counts)

    def close(self) -> Mapping[str, int] | None:
        """Take no more votes, and return the last counts; None if the page does not answer."""
        return self._try(self.line.close)

    def reveal(self) -> None:
        """Show each voter the reply to their option."""
        self._try(self.line.reveal)

    def note(self, votes: int) -> str:
        """What the teacher should know about this many votes by phone; "" if nothing."""
        if self.trouble or not self.line.asked:
            return self.trouble
        if self.over:
            return "Another question was opened, so this vote is closed."
        restored = "The vote page stopped, and is back at the same address with its votes."
        return restored if self.line.restored else self.line.surplus(votes)

    @property
    def over(self) -> bool:
        """Whether another question was opened on the page instead of this one."""
        return self.line.over

    def _try(self, act: Callable[[], T]) -> T | None:
        try:
            done = act()
        except Unreachable as error:
            self.trouble = str(error)
            return None
        self.trouble = ""
        return done


def phoned(id: str) -> Phoned | None:
    """Votes by phone on a question; None without `--votes`."""
    line = phones.line()
    return Phoned(id, line) if line else None
