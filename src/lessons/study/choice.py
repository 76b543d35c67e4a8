"""Questions to answer with mouse or keys: choose an option, then commit with Sure or Guess."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anywidget  # type: ignore[import-untyped, unused-ignore]
import ipywidgets as ipw  # type: ignore[import-untyped, unused-ignore]
import traitlets

from lessons.keys import KEYS
from lessons.study import predictions, recalls, voting
from lessons.study.ballot import OPEN, Ballot
from lessons.study.cards import STYLE, Card, Carded, inline
from lessons.study.journal import Standing
from lessons.study.questions import Question

_HERE = Path(__file__).parent
PAUSE = 0.25
"""Seconds between two looks at the votes by phone."""

BORN = time.time()
"""When this kernel began: the votes of an earlier one are over."""

_choices: dict[str, Choice] = {}
"""One card for each question: all cells that ask it show the same one."""


class Asking(Carded, anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Shows a question. ``{"commit": key, "guess": bool, "because": text}`` answers it."""

    _esm = KEYS + "".join(
        (_HERE / name).read_text(encoding="utf-8") for name in ("draft.js", "vote.js", "choice.js")
    )
    _css = STYLE + (_HERE / "choice.css").read_text(encoding="utf-8")
    question = traitlets.Dict().tag(sync=True)
    standing = traitlets.Dict().tag(sync=True)

    def __init__(self, question: dict[str, Any]) -> None:
        self._count = 0
        # A page that is busy can show the card before it reads a second message.
        super().__init__(question=question, standing=self._standing())
        self.on_msg(self._heard)

    def refresh(self) -> None:
        """Show the state of the journal."""
        self.standing = self._standing()

    def _standing(self) -> dict[str, Any]:
        # The count makes sure that each message gets a reply, even without a change.
        self._count += 1
        return {"count": self._count, "trouble": inline(predictions.journal.trouble), **self.state()}

    def state(self) -> dict[str, Any]:
        """The answer so far: `first` is its key, `marks` has the words beside the options."""
        raise NotImplementedError

    def commit(self, key: str, guess: bool, because: str) -> None:
        """Store an answer."""
        raise NotImplementedError

    def _heard(self, widget: object, content: dict[str, Any], buffers: object) -> None:
        key = content.get("commit")
        if key in [option["key"] for option in self.question["options"]]:
            self.commit(str(key), content.get("guess") is True, str(content.get("because", "")))
        self.refresh()


class Choice(Asking):
    """A prediction. `page` is where a class votes by phone."""

    page = traitlets.Dict().tag(sync=True)

    def __init__(self, question: Question) -> None:
        self._question = question
        self._counting: asyncio.Task[None] | None = None
        options = [
            {"key": one.key, "letter": one.letter, "text": inline(one.text)} for one in question.options
        ]
        super().__init__(
            {"id": question.id, "label": f"Prediction {question.id}", "lead": "Predict.",
             "prompt": inline(question.prompt), "options": options, "reason": question.reason},
        )  # fmt: skip

    def state(self) -> dict[str, Any]:
        """The journal's state of this question, or the class's vote."""
        id = self._question.id
        if id in predictions.ballots:
            return self._vote(predictions.ballots[id])
        standing = predictions.journal.standings().get(id, Standing())
        self.shown = predictions.with_trouble(predictions.asked(id))
        return {
            "first": standing.first,
            "marks": {standing.first: "your prediction"} if standing.first else {},
            "because": standing.because,
            "status": inline(predictions.status(self._question, standing)),
            "wrong": predictions.wrongly(self._question, standing),
        }

    def _vote(self, ballot: Ballot) -> dict[str, Any]:
        self.shown = voting.voted(self._question, ballot)
        right = self._question.right
        return {
            "vote": {
                "kernel": BORN,
                "state": ballot.state,
                "at": ballot.at,
                "shown": ballot.shown,
                "until": ballot.until,
                "rounds": [one.counts for one in ballot.rounds],
                "hands": dict(ballot.rounds[-1].hands) if ballot.rounds else {},
                "actions": voting.labels(ballot),
                "note": voting.note(ballot),
            },
            "marks": {right.key: "✓"} if ballot.revealed else {},
            "right": right.key if ballot.revealed else None,
            "status": voting.said(ballot),
        }

    def refresh(self) -> None:
        """Show the present state, and count votes by phone while the vote is open."""
        super().refresh()
        ballot = predictions.ballots.get(self._question.id)
        if ballot and ballot.phones and not self.page:
            self.page = voting.page(ballot)
        if ballot and ballot.phones and ballot.state == OPEN and self._counting is None:
            # Outside of a kernel nothing runs between two calls.
            with contextlib.suppress(RuntimeError):
                self._counting = asyncio.get_running_loop().create_task(self._count_phones())

    async def _count_phones(self) -> None:
        try:
            while (ballot := predictions.ballots.get(self._question.id)) and ballot.state == OPEN:
                trouble = voting.note(ballot)
                if ballot.poll() or voting.note(ballot) != trouble:
                    self.refresh()
                await asyncio.sleep(PAUSE)
        finally:
            self._counting = None

    def _heard(self, widget: object, content: dict[str, Any], buffers: object) -> None:
        ballot = predictions.ballots.get(self._question.id)
        letter = content.get("letter")
        if ballot is None:
            super()._heard(widget, content, buffers)
            return
        if isinstance(letter, str) and isinstance(content.get("step"), int):
            ballot.add(letter, content["step"])
        elif isinstance(letter, str) and isinstance(content.get("hands"), int):
            ballot.count(letter, content["hands"])
        else:
            ballot.do(str(content.get("do")), str(content.get("at")))
        self.refresh()

    def commit(self, key: str, guess: bool, because: str) -> None:
        """Store an answer, and a reason if the question asks for one."""
        predictions.commit(self._question.id, key, guess, because if self._question.reason else "")


class Recall(Asking):
    """A variant of an earlier question."""

    def __init__(self, item: recalls.Item) -> None:
        self.item = item
        options = [
            {"key": one.key, "letter": one.letter, "text": inline(one.text)} for one in item.variant.options
        ]
        super().__init__(
            {"label": f"Question {item.place}", "lead": f"{item.place}.", "prompt": recalls.ASK,
             "code": item.variant.code, "options": options},
        )  # fmt: skip

    def state(self) -> dict[str, Any]:
        """The answer in this kernel."""
        item = self.item
        self.shown = recalls.asked(item)
        return {
            "first": item.chosen.key if item.chosen else None,
            "marks": {one.key: ", and ".join(recalls.marked(item, one)) for one in item.variant.options},
            "status": "<br>".join(map(inline, recalls.status(item))),
        }

    def commit(self, key: str, guess: bool, because: str) -> None:
        """Store the first answer."""
        recalls.commit(self.item, key, guess)


class Recalls(Carded, ipw.VBox):  # type: ignore[misc, unused-ignore]
    """The open variants, one below the other."""

    def __init__(self, items: list[recalls.Item]) -> None:
        super().__init__([Recall(item) for item in items])

    @property
    def shown(self) -> Card:  # type: ignore[override]
        """All open variants in their present state."""
        return recalls.all_asked([one.item for one in self.children])


def choice(question: Question, shown: Card) -> Choice:
    """The widget of a question in its present state; shown: the same as a card."""
    made = _choices.get(question.id)
    if made is None:
        made = _choices[question.id] = Choice(question)
    made.refresh()
    made.shown = shown
    return made


def refresh(ids: Iterable[str]) -> None:
    """Show in the cards of these questions that the right answers have been seen."""
    for id in ids:
        if id in _choices:
            _choices[id].refresh()
