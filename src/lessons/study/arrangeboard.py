"""A program to put in order with mouse or keys: the unused lines, the program, and Check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget  # type: ignore[import-untyped, unused-ignore]
import traitlets

from lessons.keys import KEYS
from lessons.study import arranged, predictions
from lessons.study.arranged import Problem, Program, Verdict
from lessons.study.cards import STYLE, Card, Carded, inline

_HERE = Path(__file__).parent
_boards: dict[str, Board] = {}
"""One board for each problem, so a cell that runs again shows the same program."""


class Board(Carded, anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Shows a problem. The page changes `program`; ``{"check": program}`` judges it."""

    _esm = KEYS + "".join(
        (_HERE / name).read_text(encoding="utf-8") for name in ("draft.js", "arrangeboard.js")
    )
    _css = STYLE + (_HERE / "arrangeboard.css").read_text(encoding="utf-8")
    problem = traitlets.Dict().tag(sync=True)
    program: traitlets.List[Any] = traitlets.List().tag(sync=True)
    reply = traitlets.Dict().tag(sync=True)

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._count = 0
        self._verdict: tuple[Program, Verdict] | None = None
        super().__init__(
            problem={
                "id": problem.id,
                "task": inline(arranged.task(problem)),
                "deepest": arranged.DEEPEST,
                "lines": [{"letter": line.letter, "code": line.code} for line in problem.lines],
            },
        )
        self.on_msg(self._heard)

    @property
    def shown(self) -> Card:  # type: ignore[override]
        """The same as a card: the present program, and the comment on it."""
        program = arranged.sent(self._problem, self.program) or ()
        verdict = self._verdict[1] if self._verdict and self._verdict[0] == program else None
        return arranged.asked(self._problem, program, verdict)

    def check(self, program: Program) -> None:
        """Show this program instead of the present one, and say what is wrong with it."""
        verdict = arranged.answered(self._problem, program)
        self._verdict = (program, verdict)
        self._count += 1
        self.program = [list(pair) for pair in program]
        self.reply = {
            "count": self._count,
            "to": self.program,
            "said": [inline(part) for part in (*verdict.said, predictions.journal.trouble) if part],
            "wrong": verdict.wrong,
            "right": verdict.right,
        }

    def _heard(self, widget: object, content: dict[str, Any], buffers: object) -> None:
        program = arranged.sent(self._problem, content.get("check"))
        if program is not None:
            self.check(program)


def board(problem: Problem, program: Program | None) -> Board:
    """The widget of a problem in its present state, or with a program to check."""
    if problem.id not in _boards:
        _boards[problem.id] = Board(problem)
    if program is not None:
        _boards[problem.id].check(program)
    return _boards[problem.id]
