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
_PLAIN = "margin:0.3em 0"
_LIST = "list-style:none;padding-left:0;margin:0.4em 0"


def panel(verdict: Verdict) -> Card:
    """Show a verdict: status and points, each aspect, what was seen, what to try, the check's version."""
    head = f"{_SIGNS[verdict.status]} **{verdict.exercise}** is {_HEADS[verdict.status]}"
    count = f"{verdict.points} of {verdict.worth} points"
    text = [wrapped(f"{head} {count}.")]
    body = [f'<p role="status" style="{_PLAIN}">{inline(head)} <strong>{count}.</strong></p>']
    if verdict.status != MISSING:
        body.append(f'<ul style="{_LIST}">')
        for aspect in verdict.aspects:
            _aspect(aspect, text, body)
        body.append("</ul>")
    if verdict.printed:
        text += ["Your code printed:", *(f"    {line}" for line in verdict.printed.splitlines()[:20])]
        printed = f'<pre style="white-space:pre-wrap">{html.escape(verdict.printed, quote=False)}</pre>'
        body.append(f"<details><summary>What your code printed</summary>{printed}</details>")
    variant = "" if verdict.variant == "kit" else f", variant {verdict.variant}"
    foot = f"Check {verdict.exercise}, version {verdict.version}{variant}: the same check grades."
    text.append(wrapped(foot))
    body.append(f'<p style="{_PLAIN};font-size:0.9em">{inline(foot)}</p>')
    return card(f"Check of {verdict.exercise}: {verdict.status}", text, body)


def _aspect(aspect: Aspect, text: list[str], body: list[str]) -> None:
    mark, state = ("✓", "holds") if aspect.holds else ("✗", "does not hold")
    line = f"{aspect.name}: {state} ({aspect.points} of {aspect.worth})"
    text.append(wrapped(line, "     ", f"   {mark} "))
    body.append(f'<li style="{_PLAIN}">{mark} {inline(line)}')
    for said in _reasons(aspect):
        text.append(wrapped(said, "     ", "     "))
        body.append(f'<p style="margin:0.2em 0 0.2em 1.4em">{inline(said)}</p>')
    body.append("</li>")


def _reasons(aspect: Aspect) -> list[str]:
    if aspect.holds:
        return []
    known = misconceptions().get(aspect.belief)
    belief = [f"Behind it: “{known.belief}” (`{known.id}`) But: {known.truth}"] if known else []
    seen = [f"Seen: {aspect.seen}"] if aspect.seen else []
    return [*seen, *belief, *([f"Try: {aspect.advice}"] if aspect.advice else [])]
