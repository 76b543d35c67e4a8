"""What a check says of an answer: one verdict, with points for each aspect of the work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

MISSING, WRONG, ALMOST, CORRECT = "missing", "wrong", "almost", "correct"

MIME = "application/vnd.lifecycle.verdict+json"
"""The name under which a notebook carries a verdict for a program to read."""


@dataclass(frozen=True)
class Aspect:
    """One thing that an exercise asks for: `points` is `worth` when it holds, else 0.

    Of one that does not hold: `belief` is the misconception that it shows ("" when it shows none), `seen`
    says what was seen and where, `advice` what to try.
    """

    name: str
    worth: int
    points: int = 0
    belief: str = ""
    seen: str = ""
    advice: str = ""

    @property
    def holds(self) -> bool:
        """Whether the answer does what this aspect asks for."""
        return self.points == self.worth


@dataclass(frozen=True)
class Verdict:
    """What a check says of one answer.

    `version` is the check's own, `variant` the course's; `printed` is what the answer printed meanwhile.
    The status follows from the aspects: all hold, "correct"; the first one holds, which is what the exercise
    is about, "almost"; else "wrong". "missing" is an answer that was not begun.
    """

    exercise: str
    version: str
    variant: str
    aspects: tuple[Aspect, ...]
    missing: bool = False
    printed: str = ""

    @property
    def points(self) -> int:
        """How many points the answer earns."""
        return sum(aspect.points for aspect in self.aspects)

    @property
    def worth(self) -> int:
        """How many points the exercise is worth."""
        return sum(aspect.worth for aspect in self.aspects)

    @property
    def status(self) -> str:
        """Return "missing", "wrong", "almost" or "correct"."""
        if self.missing:
            return MISSING
        if all(aspect.holds for aspect in self.aspects):
            return CORRECT
        return ALMOST if self.aspects[0].holds else WRONG

    @property
    def belief(self) -> str:
        """The misconception of the first aspect that does not hold; "" when none is named."""
        return next((aspect.belief for aspect in self.aspects if aspect.belief), "")

    def as_dict(self) -> dict[str, Any]:
        """The verdict as plain data, for JSON."""
        return {
            "exercise": self.exercise,
            "version": self.version,
            "variant": self.variant,
            "status": self.status,
            "belief": self.belief,
            "points": self.points,
            "worth": self.worth,
            "aspects": [asdict(aspect) for aspect in self.aspects],
            "printed": self.printed,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Verdict:
        """The verdict that `as_dict` wrote. Raises `KeyError`, `TypeError` or `ValueError` for other data.

        >>> verdict = Verdict("leaks-x1", "1", "kit", (Aspect("closes", 2, 2),))
        >>> Verdict.from_dict(verdict.as_dict()) == verdict
        True
        """
        aspects = tuple(Aspect(**aspect) for aspect in data["aspects"])
        missing = data["status"] == MISSING
        verdict = cls(data["exercise"], data["version"], data["variant"], aspects, missing, data["printed"])
        if verdict.as_dict() != data:
            raise ValueError("the verdict's parts do not agree with each other")
        return verdict

    def __str__(self) -> str:
        from lifecycle.study.checks.panel import panel

        return panel(self).text

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        from lifecycle.study.checks.panel import panel

        shown = panel(self)
        return {"text/plain": shown.text, "text/html": shown.html, MIME: self.as_dict()}
