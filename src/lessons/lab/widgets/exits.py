"""`ExitLab`: choose an exception and what `__exit__` returns; see what arrives outside."""

from __future__ import annotations

from html import escape

from lessons.lab.base import Lab, unread
from lessons.lab.experiments.exits import ANSWERS, BODIES, OPENINGS, ExitOutcome, ExitSettings, exits


class ExitLab(Lab):
    """An exception leaves a `with` block; `__exit__` receives it and returns a value.

    The listing is the code that runs.

    Takes the fields of `ExitSettings` as first settings, e.g. ``ExitLab(body="OSError")``.
    """

    def __init__(
        self, body: str = "ValueError", answer: str = "return False", opening: str = "return self"
    ) -> None:
        start = ExitSettings(body, answer, opening)
        super().__init__("ExitLab", "What leaves the block, and what arrives outside")
        bodies = {"nothing": "nothing: it ends well", "return": "return"}
        self.body = self.choice("body", "The body raises", _choices(BODIES, bodies), start.body)
        self.answer = self.choice("answer", "__exit__ ends with", _choices(ANSWERS), start.answer)
        self.opening = self.choice(
            "opening", "__enter__ ends with", _choices(OPENINGS), start.opening, more=True
        )
        self.outcome = exits(start)
        self.shown = self.view()
        self.assemble(self.shown)

    @property
    def settings(self) -> ExitSettings:
        """The settings that the controls show."""
        return ExitSettings(self.body.value, self.answer.value, self.opening.value)

    def refresh(self) -> None:
        """Run the code for these settings and show the outcome."""
        self.outcome = exits(self.settings)
        self.shown.value = page(self.outcome)
        self.tell(self.outcome.text())
        self.say(self.outcome.sentence, _mark(self.outcome))


def _mark(outcome: ExitOutcome) -> str:
    """The mark: "fail" if an exception was swallowed, replaced or skipped `__exit__`; "ok" without one."""
    replaced = outcome.arrived and outcome.arrived != "".join(outcome.received[1:2])
    if outcome.swallowed or replaced:
        return "fail"
    return "" if outcome.arrived else "ok"


def _choices(known: dict[str, str], named: dict[str, str] | None = None) -> dict[str, str]:
    return {(named or {}).get(key, key): key for key in known}


def page(outcome: ExitOutcome) -> str:
    """The outcome as HTML: the code, the lines that ran, what was received, what arrived, and the order."""
    blocks = "".join(f"<div>{block}</div>" for block in (*_facts(outcome), _events(outcome)))
    code = f'<div class="lc-fixed">{_code(outcome)}</div>'
    return f'<div class="lc-columns">{code}<div class="lc-blocks">{blocks}</div></div>'


def _code(outcome: ExitOutcome) -> str:
    rows = []
    for number, line in enumerate(outcome.source.splitlines(), 1):
        bare = line.strip()
        if number in outcome.broke:
            kind, how = "lc-broke", "⚡ raised"
        elif number in outcome.ran:
            kind, how = "lc-ran", "▶ ran"
        elif not bare or bare.startswith(("class ", "def ")):
            kind, how = "lc-frame", ""
        else:
            kind, how = "lc-skipped", "○ not run"
        rows.append(
            f'<tr class="{kind}"><td class="lc-how">{unread(how)}</td><td class="lc-no">{number}</td>'
            f'<td class="lc-line" style="--lc-indent: {len(line) - len(bare)}ch">{escape(bare)}</td></tr>'
        )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("what happened", "line", "code"))
    return (
        '<table class="lc-code"><caption class="lc-sr">the code, line by line</caption>'
        f'<thead class="lc-sr"><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _facts(outcome: ExitOutcome) -> list[str]:
    received = dict(zip(("kind", "error", "trace"), outcome.received, strict=False))
    if received:
        received["and returns"] = outcome.returned or "nothing: it raised"
    inside = received or {"it": "is not called"}
    if outcome.settings.opening == "return None":
        inside = {"station is": outcome.bound} | inside
    outside = {"arrives": outcome.arrived or "nothing"}
    if outcome.arrived:
        outside["its __context__"] = outcome.context or "None"
    outside["after the block"] = "runs" if outcome.after else "does not run"
    return [_block("__exit__ receives", inside), _block("Outside", outside)]


def _block(head: str, facts: dict[str, str]) -> str:
    rows = "".join(f"<dt>{name}</dt><dd>{escape(fact)}</dd>" for name, fact in facts.items())
    return f'<p class="lc-head">{head}</p><dl class="lc-facts">{rows}</dl>'


def _events(outcome: ExitOutcome) -> str:
    events = "".join(f"<li>{escape(event)}</li>" for event in outcome.events)
    return f'<p class="lc-head">In this order</p><ol class="lc-events">{events}</ol>'
