"""A class's vote on one question: one vote, or two with a discussion in between (peer instruction).

A ballot is `READY`, then `OPEN`, then `CLOSED`. With two votes it is `TALKING` after the first one, then
`OPEN` again. While it is open, the class sees how many have voted. Only after the last close, it sees the
votes for each option.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

READY, OPEN, TALKING, CLOSED = "ready", "open", "talking", "closed"

VOTE, TALK, LONGER = 60, 120, 30
"""Seconds for a vote and for a discussion, and by how many the teacher makes them longer."""

MOST = 999_999
"""The most votes that one option can have from one way of voting."""


@dataclass
class Round:
    """The votes of one round, by letter: raised hands, which the teacher counts, and votes from phones."""

    hands: dict[str, int]
    phones: dict[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """All votes, by letter."""
        return {letter: hands + self.phones[letter] for letter, hands in self.hands.items()}

    @property
    def total(self) -> int:
        """How many votes there are."""
        return sum(self.counts.values())


class Phones(Protocol):
    """Votes by phone on one question. Counts are None when they are not known.

    `over`: whether another question was opened there, which ends this vote.
    """

    @property
    def over(self) -> bool: ...

    def open(self, round: int, fresh: bool) -> None:
        """Take votes; `fresh`: from zero, and not on top of the votes so far."""

    def counts(self) -> Mapping[str, int] | None:
        """The votes so far, by letter."""

    def close(self) -> Mapping[str, int] | None:
        """Take no more votes, and return the last counts."""

    def reveal(self) -> None:
        """Show each voter the reply."""


class Ballot:
    """The vote on a question with these letters; `phones` vote beside the hands that the teacher counts.

    `peer`: whether the class votes twice. `revealed`: whether the answer cell has run since the last vote.
    `until`: when the time for this vote or discussion is over, on the `clock`. It is only shown: nothing
    closes by itself, because a late vote counts.
    """

    def __init__(
        self,
        letters: str,
        peer: bool = False,
        clock: Callable[[], float] = time.time,
        phones: Phones | None = None,
    ) -> None:
        self.letters = letters
        self.phones = phones
        self.peer = peer
        self.state = READY
        self.rounds: list[Round] = []
        self.revealed = False
        self.until: float | None = None
        self._clock = clock

    @classmethod
    def counted(cls, letters: str, *rounds: Mapping[str, int]) -> Ballot:
        """A closed vote with these counts, one or two rounds."""
        ballot = cls(letters, peer=len(rounds) > 1)
        for counts in rounds:
            ballot._next()
            for letter, count in counts.items():
                ballot.count(letter, count)
        ballot._stop(CLOSED)
        return ballot

    @property
    def shown(self) -> bool:
        """Whether the class may see the votes for each option."""
        return self.state == CLOSED

    @property
    def at(self) -> str:
        """The state with the number of its round, such as "open 2".

        An action names where it was decided, so that one click is not obeyed twice.
        """
        return f"{self.state} {len(self.rounds)}"

    def actions(self) -> list[str]:
        """What the teacher can do now; the first one is the usual next step."""
        first = len(self.rounds) < 2
        change = ["once" if self.peer else "twice"] if first else []
        return {
            READY: ["open", *change],
            OPEN: ["close", "longer", *change],
            TALKING: ["open", "longer", *change],
            CLOSED: ["correct", "new", *(["twice"] if first else [])],
        }[self.state]

    def do(self, action: str, at: str | None = None) -> bool:
        """Do one of `actions`, and return whether it was possible.

        at: where it was decided; if the ballot has gone on since then, nothing happens.
        """
        if action not in self.actions() or at not in (None, self.at):
            return False
        _ACTIONS[action](self)
        return True

    def add(self, letter: str, step: int) -> None:
        """Count one hand more, or one less."""
        if letter in self.letters and self.state == OPEN:
            self.count(letter, self.rounds[-1].hands[letter] + step)

    def count(self, letter: str, hands: int) -> None:
        """Set how many hands are raised for an option, while the vote is open."""
        if letter in self.letters and self.state == OPEN:
            self.rounds[-1].hands[letter] = min(max(0, hands), MOST)

    def poll(self) -> bool:
        """Count the votes by phone, and return whether something has changed.

        If another question was opened on the phones, this vote is closed.
        """
        if self.phones is None or self.state != OPEN:
            return False
        before = self.rounds[-1].phones
        self._phoned(self.phones.counts())
        if self.phones.over:
            self._close()
            return True
        return self.rounds[-1].phones != before

    def reveal(self) -> bool:
        """The answer cell has run: the vote is over. Returns whether there was a vote."""
        if self.state == READY:
            return False
        self._last()
        self._stop(CLOSED)
        self.revealed = True
        if self.phones is not None:
            self.phones.reveal()
        return True

    def _phoned(self, counts: Mapping[str, int] | None) -> None:
        if counts is not None:
            self.rounds[-1].phones = {
                letter: min(max(0, counts.get(letter, 0)), MOST) for letter in self.letters
            }

    def _last(self) -> None:
        """Take the last votes by phone: what is sent until the page is closed counts."""
        if self.phones is not None and self.state == OPEN:
            self._phoned(self.phones.close())

    def _next(self) -> None:
        self.rounds.append(Round(dict.fromkeys(self.letters, 0), dict.fromkeys(self.letters, 0)))
        self._start(OPEN, VOTE)

    def _open(self) -> None:
        self._next()
        if self.phones is not None:
            self.phones.open(len(self.rounds), fresh=True)

    def _close(self) -> None:
        self._last()
        if self.peer and len(self.rounds) == 1:
            self._start(TALKING, TALK)
        else:
            self._stop(CLOSED)

    def _longer(self) -> None:
        now = self._clock()
        self.until = max(self.until or now, now) + LONGER

    def _once(self) -> None:
        self.peer = False
        if self.state == TALKING:
            self._stop(CLOSED)

    def _twice(self) -> None:
        self.peer = True
        if self.state == CLOSED:
            self._start(TALKING, TALK)

    def _correct(self) -> None:
        self._start(OPEN, VOTE)
        if self.phones is not None:
            self.phones.open(len(self.rounds), fresh=False)

    def _new(self) -> None:
        self.rounds.clear()
        self._stop(READY)

    def _start(self, state: str, seconds: int) -> None:
        self.state, self.revealed, self.until = state, False, self._clock() + seconds

    def _stop(self, state: str) -> None:
        self.state, self.revealed, self.until = state, False, None


_ACTIONS: dict[str, Callable[[Ballot], None]] = {
    "open": Ballot._open,
    "close": Ballot._close,
    "longer": Ballot._longer,
    "once": Ballot._once,
    "twice": Ballot._twice,
    "correct": Ballot._correct,
    "new": Ballot._new,
}
