"""One question in one round, and the votes for it. It holds nothing else, and keeps nothing on a disk."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

CHANGES = 30
"""How often one browser can vote in one round: the first vote and 29 changes."""

PART = 500
"""How many votes are handed to the kernel, or taken back from it, at once."""

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
    latest: dict[str, int] = field(default_factory=dict)
    """The number of each voter's newest vote; the newest one comes last."""
    number: int = 0

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
        self.changes[voter] += 1
        self._count(voter, letter)

    def since(self, number: int) -> tuple[dict[str, str], int]:
        """Votes that are newer than this number, at most `PART` of them, and the number of the last one."""
        newer = []
        for voter in reversed(self.latest):
            if self.latest[voter] <= number:
                break
            newer.append(voter)
        part = newer[::-1][:PART]
        return {voter: self.votes[voter] for voter in part}, self.latest[part[-1]] if part else number

    def keep(self, votes: Mapping[str, str]) -> None:
        """Take votes back that the kernel has kept. A vote that is here already is newer."""
        for voter, letter in votes.items():
            if letter in self.options and voter not in self.votes:
                self._count(voter, letter)

    def _count(self, voter: str, letter: str) -> None:
        self.number += 1
        self.votes[voter] = letter
        self.latest.pop(voter, None)
        self.latest[voter] = self.number

    def reveal(self, right: str, replies: Mapping[str, str]) -> None:
        """Close the vote, and show each voter the reply to their option."""
        self.closed = True
        self.right, self.replies = right, dict(replies)


class Box:
    """The current poll, the one before it, and what the notebook's kernel can do with them.

    `mark` is another one each time that voters see something else.
    """

    def __init__(self) -> None:
        self.poll: Poll | None = None
        self.past: Poll | None = None
        self.mark = secrets.token_hex(8)

    def act(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the kernel asks for, and return the counts. Raises `ValueError` if it cannot be done.

        Newer votes than the number `since` come with the counts. If another question was opened instead of
        this one, it is `over`. If there is no question at all, this process is a new one: it is `lost`.
        """
        do = asked.get("do")
        if do == "open":
            self._open(asked)
        elif do == "end":
            self.poll = self.past = None
        elif self.poll is None:
            return {"lost": True}
        elif self.past is not None and self.past.name == asked.get("name") != self.poll.name:
            return {"counts": self.past.counts, "over": True}
        elif self.poll.name != asked.get("name"):
            raise ValueError("another question is open by phone")
        elif do == "keep":
            self.poll.keep(asked["votes"])
        elif do == "close":
            self.poll.closed = True
        elif do == "reveal":
            self.poll.reveal(asked["right"], asked["replies"])
        elif do != "counts":
            raise ValueError(f"the vote page cannot do {do!r}")
        if do in ("open", "end", "close", "reveal"):
            self.mark = secrets.token_hex(8)
        if self.poll is None:
            return {"counts": {}}
        votes, since = self.poll.since(asked.get("since", self.poll.number))
        return {"counts": self.poll.counts, "votes": votes, "since": since}

    def _open(self, asked: Mapping[str, Any]) -> None:
        texts = {key: asked[key] for key in ("question", "round", "prompt", "code", "options")}
        new = Poll(**texts)
        for old in (self.poll, self.past):
            if old is not None and old.name == new.name and not asked["fresh"]:
                new = replace(old, closed=False, right="", replies={})
        if self.poll is not None and self.poll.question != new.question:
            self.poll.closed = True
            self.past = self.poll
        self.poll = new
