"""The result of a check: one verdict on an answer, with points for each aspect."""

import html
import re
from dataclasses import dataclass, fields
from typing import Any, Self

from lessons.study.cards import Card, card, inline, wrapped
from lessons.study.questions import misconceptions

MISSING, WRONG, ALMOST, CORRECT, UNJUDGED = "missing", "wrong", "almost", "correct", "not judged"

MIME = "application/vnd.lifecycle.verdict+json"
"""The name under which a notebook carries a verdict for a program to read."""

_SIGNS = {UNJUDGED: "○", MISSING: "○", WRONG: "✗", ALMOST: "◐", CORRECT: "✓"}
_HEADS = {
    UNJUDGED: "not judged.", CORRECT: "correct.", WRONG: "wrong: the main requirement fails.",
    MISSING: "missing: there is no answer yet. Write yours in the cell above, and run both cells again.",
    ALMOST: "almost: the main requirement passes, but not all do.",
}  # fmt: skip
_FIRST = re.compile(r"Fix (that|what .+ above) first\.")
"""The advice for an aspect that cannot be judged before another one passes."""
_PLAIN = "margin:0.3em 0;overflow-wrap:anywhere"
_REASON = "margin:0.2em 0 0.2em 1.4em;overflow-wrap:anywhere"
_LIST = "list-style:none;padding-left:0;margin:0.4em 0"


@dataclass(frozen=True)
class Aspect:
    """One requirement of an exercise: `points` is `worth` if it passes, else 0.

    If it fails, `belief` is the misconception behind it (or ""), `seen` says what was seen and where, and
    `advice` says what to try. If it passes, `seen` says what could not be tried on this system (or "").
    `unchecked`: the aspect cannot be examined on this system at all.
    """

    name: str
    worth: int
    points: int = 0
    belief: str = ""
    seen: str = ""
    advice: str = ""
    unchecked: bool = False

    @property
    def holds(self) -> bool:
        """Whether the answer does what this aspect requires."""
        return self.points == self.worth


@dataclass(frozen=True)
class Verdict:
    """The verdict of a check on one answer.

    `version` belongs to the check, `variant` to the course. `printed` is the output of the answer during the
    check. `seed` fixes what the judge drew: the same seed gives the same verdict again. The status follows
    from the aspects. If all pass, it is "correct". If the first one passes, which is the aim of the exercise,
    it is "almost"; else "wrong". It is "missing" if the answer was not begun, and "not judged" if a judge has
    not examined it; then `unjudged` says why.
    """

    exercise: str
    version: str
    variant: str
    aspects: tuple[Aspect, ...]
    missing: bool = False
    printed: str = ""
    seed: str = ""
    unjudged: str = ""

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
        """Return "not judged", "missing", "wrong", "almost" or "correct"."""
        if self.unjudged:
            return UNJUDGED
        if self.missing:
            return MISSING
        looked_at = [aspect for aspect in self.aspects if not aspect.unchecked]
        if all(aspect.holds for aspect in looked_at):
            return CORRECT
        return ALMOST if looked_at[0].holds else WRONG

    @property
    def belief(self) -> str:
        """The misconception of the first aspect that names one; "" if none does."""
        return next((aspect.belief for aspect in self.aspects if aspect.belief), "")

    def as_dict(self) -> dict[str, Any]:
        """The verdict as plain values, for JSON."""
        parts = {"aspects": [dict(vars(aspect)) for aspect in self.aspects], "status": self.status,
                 "belief": self.belief, "points": self.points, "worth": self.worth}  # fmt: skip
        return vars(self) | parts

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The verdict that `as_dict` made. Raises `KeyError` or `TypeError` for other data.

        >>> verdict = Verdict("leaks-x1", "1", "kit", (Aspect("closes", 2, 2),))
        >>> Verdict.from_dict(verdict.as_dict()) == verdict
        True
        """
        parts = {part.name: data[part.name] for part in fields(cls)}
        return cls(**parts | {"aspects": tuple(Aspect(**aspect) for aspect in data["aspects"])})

    def __repr__(self) -> str:
        return panel(self).text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = panel(self)
        return {"text/plain": shown.text, "text/html": shown.html, MIME: self.as_dict()}


def panel(verdict: Verdict) -> Card:
    """Show a verdict: status, points, each aspect, what was seen, what to try, and the check's version.

    A reason is given once; a later aspect with the same reason refers to the earlier one. If an aspect was
    not examined because another one has to pass first, it is not shown as failed.
    """
    said = verdict.unjudged or f"**{verdict.points} of {verdict.worth} points.**"
    head = f"**{verdict.exercise}** is {_HEADS[verdict.status]} {said}"
    title, sign = f"Check of {verdict.exercise}: {verdict.status}", _SIGNS[verdict.status]
    text = [wrapped(f"{sign} {head}")]
    body = [f'<p role="status" style="{_PLAIN}">{_mark(sign)} {inline(head)}</p>']
    if verdict.unjudged:
        return card(title, text, body)
    if verdict.status != MISSING:
        # Some screen readers do not treat a list without bullets as a list unless it has this role.
        body.append(f'<ul role="list" style="{_LIST}">')
        told: dict[str, str] = {}
        for aspect in verdict.aspects:
            _aspect(aspect, told, text, body)
        body.append("</ul>")
    if verdict.printed:
        text += ["Your code printed:", *(f"    {line}" for line in verdict.printed.splitlines()[:20])]
        printed = html.escape(verdict.printed, quote=False)
        style = "white-space:pre-wrap;overflow-wrap:anywhere"
        body.append(f'<details><summary>What your code printed</summary><pre style="{style}">{printed}</pre>')
        body.append("</details>")
    variant = "" if verdict.variant == "kit" else f", variant {verdict.variant}"
    foot = f"Check {verdict.exercise}, version {verdict.version}{variant}. Grading uses the same check."
    text.append(wrapped(foot))
    body.append(f'<p style="{_PLAIN};font-size:0.9em">{inline(foot)}</p>')
    return card(title, text, body)


def _aspect(aspect: Aspect, told: dict[str, str], text: list[str], body: list[str]) -> None:
    sign, state = ("✓", "passes") if aspect.holds else ("✗", "fails")
    if aspect.unchecked:
        sign, state = _SIGNS[MISSING], "not checked here; it is checked in grading, on Linux"
    elif waits(aspect):
        sign, state = _SIGNS[MISSING], "not checked yet"
    count = f"({aspect.points} of {aspect.worth})"
    text.append(wrapped(f"{aspect.name}: {state} {count}", "     ", f"   {sign} "))
    body.append(f'<li style="{_PLAIN}">{_mark(sign)} <strong>{inline(aspect.name)}</strong>: {state}')
    body.append(f'<span style="white-space:nowrap">{count}</span>')
    for said in _reasons(aspect, told):
        text.append(wrapped(said, "     ", "     "))
        body.append(f'<p style="{_REASON}">{inline(said)}</p>')
    body.append("</li>")


def waits(aspect: Aspect) -> bool:
    """Whether a check could not examine this aspect, because another one does not pass yet.

    Such an aspect shows no misconception, and its advice is to fix the other one first.

    >>> waits(Aspect("it counts", 1, 0, "", "nothing came out.", "Fix that first."))
    True
    """
    return not (aspect.holds or aspect.belief) and bool(_FIRST.fullmatch(aspect.advice))


def _reasons(aspect: Aspect, told: dict[str, str]) -> list[str]:
    if aspect.unchecked:
        return []
    if aspect.holds:
        # What was not tried is said once, at the first aspect that it belongs to.
        notes = [aspect.seen] if aspect.seen and aspect.seen not in told else []
        told.update(dict.fromkeys(notes, aspect.name))
        return notes
    if waits(aspect):
        # The reason is given once; the state of each aspect says the rest.
        reason = f"{aspect.seen[:1].upper()}{aspect.seen[1:]} {aspect.advice}"
        return [reason] if told.setdefault(reason, aspect.name) == aspect.name else []
    known = misconceptions().get(aspect.belief)
    said = [
        f"**Seen:** {aspect.seen}" if aspect.seen else "",
        f"**Behind it** (`{known.id}`): “{known.belief}” **But:** {known.truth}" if known else "",
        f"**Try:** {aspect.advice}" if aspect.advice else "",
    ]
    given = [one for one in said if one]
    new = [one for one in given if one not in told]
    if given and not new:
        return [f"The reason is the same as for “{told[given[0]]}”."]
    told.update(dict.fromkeys(new, aspect.name))
    return new


def _mark(sign: str) -> str:
    # The words beside it say the same, so a screen reader need not read the sign.
    return f'<span aria-hidden="true">{sign}</span>'
