"""The paired questions as one card: answer each with mouse or keys, then press one button for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget  # type: ignore[import-untyped, unused-ignore]
import traitlets

from lessons.keys import KEYS
from lessons.study import paired, predictions
from lessons.study.cards import STYLE, Card, Carded, inline
from lessons.study.pairs import AFTER, DO_NOT_KNOW, pairs

_HERE = Path(__file__).parent
_papers: dict[str, Paper] = {}
"""One card for `before` and one for `after`, so a cell that is run twice shows the same one."""


class Paper(Carded, anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Shows the nine questions. ``{"commit": {id: key}}`` answers all of them, once."""

    _esm = KEYS + "".join((_HERE / name).read_text(encoding="utf-8") for name in ("draft.js", "paper.js"))
    _css = STYLE + (_HERE / "paper.css").read_text(encoding="utf-8")
    paper = traitlets.Dict().tag(sync=True)
    standing = traitlets.Dict().tag(sync=True)

    def __init__(self, when: str) -> None:
        self._when = when
        self._count = 0
        questions = [
            {
                "id": question.id,
                "number": pair.point,
                "prompt": inline(question.prompt),
                "code": question.code,
                "options": [
                    {"key": one.key, "letter": one.letter, "text": inline(one.text)}
                    for one in (*question.choices, DO_NOT_KNOW)
                ],
            }
            for pair in pairs()
            for question in [pair.asked(when)]
        ]
        # A page that is busy can show the card before it reads a second message.
        super().__init__(
            paper={"name": when, "title": paired.TITLES[when], "questions": questions,
                   "introduction": inline(paired.INTRODUCTIONS[when])},
            standing=self._standing(),
        )  # fmt: skip
        self.on_msg(self._heard)

    def refresh(self) -> None:
        """Show what is in the journal."""
        self.standing = self._standing()

    def _standing(self) -> dict[str, Any]:
        there = paired.now()
        given = there.given(self._when)
        self._count += 1
        self.shown = predictions.with_trouble(paired.asked(self._when))
        said = paired.status(self._when, there)
        return {
            "count": self._count,
            "given": {
                pair.asked(self._when).id: given[pair.point] for pair in pairs() if pair.point in given
            },
            "closed": bool(said),
            "status": inline(said),
            "trouble": inline(predictions.journal.trouble),
            "result": paired.result(there).html if self._when == AFTER and given else "",
        }

    def _heard(self, widget: object, content: dict[str, Any], buffers: object) -> None:
        keys = content.get("commit")
        asked = [pair.asked(self._when) for pair in pairs()]
        if isinstance(keys, dict) and all(one.keyed(str(keys.get(one.id))) is not None for one in asked):
            paired.commit(self._when, {one.id: str(keys[one.id]) for one in asked})
        self.refresh()


def paper(when: str, shown: Card) -> Paper:
    """The card of `before` or `after` in its present state; shown: the same as text."""
    made = _papers.get(when)
    if made is None:
        made = _papers[when] = Paper(when)
    made.refresh()
    made.shown = shown
    return made
