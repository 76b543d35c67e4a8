"""A verdict as a student sees it: in words, with a mark before each aspect, and in a notebook framed."""

from __future__ import annotations

import html

from lifecycle.study.cards import Card, card, inline, wrapped
from lifecycle.study.checks.verdict import ALMOST, CORRECT, MISSING, WRONG, Aspect, Verdict
from lifecycle.study.questions import misconceptions

_SIGNS = {MISSING: "○", WRONG: "✗", ALMOST: "◐", CORRECT: "✓"}
_HEADS = {
    MISSING: "missing: there is no answer yet. Write yours in the cell above, and run both cells again.",
    WRONG: "wrong: the main thing does not hold yet.",
    ALMOST: "almost: the main thing holds, something beside it does not.",
    CORRECT: "correct.",
}
_FIRST = ("Mend that first.", "Mend what stands above first.")
"""What a check advises for an aspect that nobody can judge before another one holds."""
_PLAIN = "margin:0.3em 0;overflow-wrap:anywhere"
_REASON = "margin:0.2em 0 0.2em 1.4em;overflow-wrap:anywhere"
_LIST = "list-style:none;padding-left:0;margin:0.4em 0"


def panel(verdict: Verdict) -> Card:
    """Show a verdict: status and points, each aspect, what was seen, what to try, the check's version.

    What was said of one aspect is not said again of another: that one is named. An aspect that was not looked
    at, since another one has to hold first, is not said to fail.
    """
    head = f"**{verdict.exercise}** is {_HEADS[verdict.status]}"
    count = f"{verdict.points} of {verdict.worth} points"
    sign = _SIGNS[verdict.status]
    text = [wrapped(f"{sign} {head} {count}.")]
    body = [f'<p role="status" style="{_PLAIN}">{_mark(sign)} {inline(head)} <strong>{count}.</strong></p>']
    if verdict.status != MISSING:
        # A list without bullets is none to some screen readers, unless it says so.
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
    foot = f"Check {verdict.exercise}, version {verdict.version}{variant}: the same check grades."
    text.append(wrapped(foot))
    body.append(f'<p style="{_PLAIN};font-size:0.9em">{inline(foot)}</p>')
    return card(f"Check of {verdict.exercise}: {verdict.status}", text, body)


def _aspect(aspect: Aspect, told: dict[str, str], text: list[str], body: list[str]) -> None:
    sign, state = ("✓", "holds") if aspect.holds else ("✗", "does not hold")
    if waits(aspect):
        sign, state = _SIGNS[MISSING], "not looked at yet"
    count = f"({aspect.points} of {aspect.worth})"
    text.append(wrapped(f"{aspect.name}: {state} {count}", "     ", f"   {sign} "))
    body.append(f'<li style="{_PLAIN}">{_mark(sign)} <strong>{inline(aspect.name)}</strong>: {state}')
    body.append(f'<span style="white-space:nowrap">{count}</span>')
    for said in _reasons(aspect, told):
        text.append(wrapped(said, "     ", "     "))
        body.append(f'<p style="{_REASON}">{inline(said)}</p>')
    body.append("</li>")


def waits(aspect: Aspect) -> bool:
    """Whether a check could not look at this aspect, because another one does not hold yet.

    Such an aspect shows no misconception, and its advice is to mend the other one first. One that fails in
    the same way as another was looked at.

    >>> waits(Aspect("it counts", 1, 0, "", "nothing came out.", "Mend that first."))
    True
    """
    same = aspect.seen.startswith("the same as above")
    return not (aspect.holds or aspect.belief or same) and aspect.advice in _FIRST


def _reasons(aspect: Aspect, told: dict[str, str]) -> list[str]:
    if aspect.holds:
        return []
    if waits(aspect):
        # Once is enough: the state of each says the same.
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
        return [f"As for “{told[given[0]]}”."]
    told.update(dict.fromkeys(new, aspect.name))
    return new


def _mark(sign: str) -> str:
    # The words beside it say the same: a screen reader need not spell the sign.
    return f'<span aria-hidden="true">{sign}</span>'
