"""`MetricsLab`: move work between the parts, and see the results of three measurements of the stage."""

from __future__ import annotations

from html import escape

from lessons.lab.base import Lab
from lessons.lab.experiments.metrics import (
    KEEPS,
    MOST,
    PARTS,
    RECORDS,
    Measurement,
    MetricsOutcome,
    MetricsSettings,
    metrics,
)

STEP = 5


class MetricsLab(Lab):
    """A stage between an upstream and a sink, timed in three ways at once on a virtual clock.

    Takes the fields of `MetricsSettings` as first settings, e.g. ``MetricsLab(upstream=80)``.
    """

    def __init__(
        self,
        upstream: int = 40,
        stage: int = 25,
        sink: int = 30,
        records: int = 4,
        keeps: int = 1,
        edges: int = 0,
        stops: int = 0,
    ) -> None:
        start = MetricsSettings(upstream, stage, sink, records, keeps, edges, stops)
        super().__init__("MetricsLab", "Whose time does a measurement of the stage read?")
        for part in PARTS:
            slider = self.number(part, f"{part.capitalize()}, µs a record", 0, MOST, getattr(start, part))
            slider.step = STEP
        self.button("move", f"Move {STEP} µs from the stage to the upstream", self.move, primary=True)
        self.number("records", "Records", 1, RECORDS, start.records, more=True)
        self.choice("keeps", "The stage hands on", KEEPS, start.keeps, more=True)
        edges_slider = self.number(
            "edges", "Work before its first and after its last record, µs", 0, MOST, start.edges, more=True
        )
        edges_slider.step = STEP
        self.number("stops", "Leave the loop after … arrived (0: never)", 0, RECORDS, start.stops, more=True)
        self.outcome = metrics(start)
        self.shown = self.view()
        self.assemble(self.shown)

    @property
    def settings(self) -> MetricsSettings:
        """The settings that the controls show."""
        names = (*PARTS, "records", "keeps", "edges", "stops")
        return MetricsSettings(**{name: self.controls[name].value for name in names})

    def move(self) -> None:
        """Move some work from the stage to its upstream."""
        stage, upstream = self.controls["stage"], self.controls["upstream"]
        if stage.value < STEP:
            self.say("The stage has no work left to move. Give it some, with its slider.")
        elif upstream.value + STEP > MOST:
            self.say(f"The upstream has all it can take, {MOST} µs. Take some away, with its slider.")
        else:
            with self.held():
                stage.value -= STEP
                upstream.value += STEP

    def refresh(self) -> None:
        """Run the chain for these settings and show what was measured."""
        self.outcome = metrics(self.settings)
        self.shown.value = page(self.outcome)
        self.tell(self.outcome.text())
        wrong = not all(map(self.outcome.right, self.outcome.measurements))
        self.say(self.outcome.sentence, "" if wrong else "ok")


def page(outcome: MetricsOutcome) -> str:
    """The outcome as HTML: what ran when and, below it on the same scale, what each measurement counted."""
    legend = "".join(
        f'<span><i class="lc-swatch lc-{part}" aria-hidden="true"></i>{part} '
        f"<b>{outcome.spent(part)} µs</b></span>"
        for part in PARTS
    )
    ran = "".join(_piece(part, start, end, outcome.total, part) for part, start, end in outcome.worked)
    told = "; ".join(f"{part} {start} to {end} µs" for part, start, end in outcome.worked) or "nothing"
    lanes = "".join(_lane(outcome, one) for one in outcome.measurements)
    return (
        f'<div class="lc-lanes"><p class="lc-lane"><b>What ran when</b><span>{outcome.total} µs in all</span>'
        f'</p><div class="lc-strip" role="img" aria-label="What ran when: {told}">{ran}</div>'
        f'<p class="lc-lane lc-legend">{legend}</p>{lanes}</div>'
    )


def _lane(outcome: MetricsOutcome, one: Measurement) -> str:
    right = outcome.right(one)
    glyph, kind = ("✓", "lc-good") if right else ("✗", "lc-bad")
    verdict = outcome.verdict(one)
    pieces = "".join(
        _piece("stage" if part == "stage" else "wrong", max(a, start), min(b, end), outcome.total)
        for a, b in one.spans
        for part, start, end in outcome.worked
        if max(a, start) < min(b, end)
    )
    # A span without a length is a moment: the call that returned at once.
    pieces += "".join(_piece("instant", a, b, outcome.total) for a, b in one.spans if a == b)
    spans = ", ".join(f"{a} to {b} µs" for a, b in one.spans if a < b) or "nothing"
    return (
        f'<p class="lc-lane"><b>{escape(one.name)}</b><span>reads <b>{one.reads} µs</b></span>'
        f'<span class="{kind}"><span aria-hidden="true">{glyph} </span>{escape(verdict)}</span></p>'
        f'<div class="lc-strip" role="img" aria-label="{escape(one.name)} counts {spans}">{pieces}</div>'
    )


def _piece(kind: str, start: int, end: int, total: int, word: str = "") -> str:
    scale = 100 / total if total else 0
    place = f"left: {scale * start:.3f}%; width: {scale * (end - start):.3f}%"
    said = f"<span>{word}</span>" if word else ""
    return f'<div class="lc-piece lc-{kind}" style="{place}">{said}</div>'
