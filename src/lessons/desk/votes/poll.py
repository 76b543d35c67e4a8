"""One question in one round, and the votes for it. It holds nothing else, and keeps nothing on a disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CHANGES = 30
"""How often one browser can vote in one round: the first vote and 29 changes."""

VOTERS = 100_000
"""How many browsers can vote in one round. It bounds the memory: no class has so many phones."""


class Refused(Exception):
    """A vote that does not count: a status of HTTP, and one sentence for the voter."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


@dataclass
class Poll:
    """A question that is open, closed, or closed with its replies.

    `options` and `replies` are by letter; the reply under "" is for browsers that did not vote. There are no
    replies before `reveal`.
    """

    question: str
    round: int
    prompt: str
    code: str
    options: dict[str, str]
    closed: bool = False
    right: str = ""
    replies: dict[str, str] = field(default_factory=dict)
    votes: dict[str, str] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """What a form sends with a vote, so that a vote for another question or round does not count."""
        return f"{self.question}.{self.round}"

    @property
    def counts(self) -> dict[str, int]:
        """The votes for each letter, zeros included."""
        counted = Counter(self.votes.values())
        return {letter: counted[letter] for letter in self.options}

    def vote(self, name: str, voter: str, letter: str) -> None:
        """Count this voter's newest vote instead of the last one. Raises `Refused`."""
        if name != self.name:
            raise Refused(409, "That vote was for another question or round, so it was not counted.")
        if self.closed:
            raise Refused(409, "The vote is closed, so yours was not counted.")
        if letter not in self.options:
            raise Refused(400, "Choose one option, then send your vote.")
        if self.votes.get(voter) == letter:
            return
        if self.changes[voter] >= CHANGES:
            raise Refused(
                429, f"A vote can be changed {CHANGES - 1} times. Your last one, {self.votes[voter]}, counts."
            )
        if voter not in self.votes and len(self.votes) >= VOTERS:
            raise Refused(503, f"{VOTERS} browsers have voted, and this page can count no more.")
        self.votes[voter] = letter
        self.changes[voter] += 1

    def reveal(self, right: str, replies: Mapping[str, str]) -> None:
        """Close the vote, and show each voter the reply to their option."""
        self.closed = True
        self.right, self.replies = right, dict(replies)


class Box:
    """The current poll, and what the notebook's kernel can do with it."""

    def __init__(self) -> None:
        self.poll: Poll | None = None

    def act(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the kernel asks for, and return the counts. Raises `ValueError` if it cannot be done."""
        do = asked.get("do")
        if do == "open":
            self._open(asked)
        elif do == "end":
            self.poll = None
        elif self.poll is None or self.poll.name != asked.get("name"):
            raise ValueError("another question is open by phone, or none is open")
        elif do == "close":
            self.poll.closed = True
        elif do == "reveal":
            self.poll.reveal(asked["right"], asked["replies"])
        elif do != "counts":
            raise ValueError(f"the vote page cannot do {do!r}")
        return {"counts": self.poll.counts if self.poll else {}}

    def _open(self, asked: Mapping[str, Any]) -> None:
        texts = {key: asked[key] for key in ("question", "round", "prompt", "code", "options")}
        new = Poll(**texts)
        if self.poll is not None and self.poll.name == new.name and not asked["fresh"]:
            new.votes, new.changes = self.poll.votes, self.poll.changes
        self.poll = new
