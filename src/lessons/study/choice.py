"""A prediction to be answered by mouse or keys: choose an option, then commit with Sure or Guess."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anywidget  # type: ignore[import-untyped, unused-ignore]
import traitlets

from lessons.keys import KEYS
from lessons.study import predictions
from lessons.study.cards import Card, inline
from lessons.study.journal import Standing
from lessons.study.questions import Question

_HERE = Path(__file__).parent
_choices: dict[str, Choice] = {}
"""One for each question: several cells that ask it show the same one."""


class Choice(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Shows a question. ``{"commit": key, "guess": bool, "because": text}`` answers it."""

    _esm = KEYS + (_HERE / "choice.js").read_text(encoding="utf-8")
    _css = (_HERE / "choice.css").read_text(encoding="utf-8")
    question = traitlets.Dict().tag(sync=True)
    standing = traitlets.Dict().tag(sync=True)

    def __init__(self, question: Question) -> None:
        options = [
            {"key": one.key, "letter": one.letter, "text": inline(one.text)} for one in question.options
        ]
        self._question = question
        self._count = 0
        self.shown = predictions.asked(question.id)
        super().__init__(
            question={"id": question.id, "prompt": inline(question.prompt), "options": options,
                      "reason": question.reason},
        )  # fmt: skip
        self.on_msg(self._heard)
        self.refresh()

    def refresh(self) -> None:
        """Show what is in the journal."""
        id = self._question.id
        standing = predictions.journal.standings().get(id, Standing())
        self._count += 1
        self.shown = predictions.with_trouble(predictions.asked(id))
        self.standing = {
            "count": self._count,
            "first": standing.first,
            "because": standing.because,
            "status": inline(predictions.status(self._question, standing)),
            "trouble": inline(predictions.journal.trouble),
            "wrong": predictions.wrongly(self._question, standing),
        }

    def _heard(self, widget: object, content: dict[str, Any], buffers: object) -> None:
        key = content.get("commit")
        if self._question.keyed(str(key)) is not None:
            because = content.get("because", "") if self._question.reason else ""
            predictions.commit(self._question.id, str(key), content.get("guess") is True, str(because))
        self.refresh()

    def __repr__(self) -> str:
        return self.shown.text

    def _repr_mimebundle_(self, **options: Any) -> Any:
        # A stored notebook shows the card: the widget is only where its kernel runs.
        view = super()._repr_mimebundle_(**options)
        if view is None:
            return self.shown._repr_mimebundle_()
        return view[0] | self.shown._repr_mimebundle_(), *view[1:]


def choice(question: Question, shown: Card) -> Choice:
    """The widget of a question, as it is now; shown: the same as a card."""
    made = _choices.get(question.id)
    if made is None:
        made = _choices[question.id] = Choice(question)
    made.refresh()
    made.shown = shown
    return made


def refresh(ids: Iterable[str]) -> None:
    """Show, where these questions are on the page, that their truth has been seen."""
    for id in ids:
        if id in _choices:
            _choices[id].refresh()
