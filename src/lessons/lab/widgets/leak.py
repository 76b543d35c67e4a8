"""`LeakLab`: crash and restart a worker until something runs out, also with `PipelineContext`."""

from __future__ import annotations

from html import escape
from time import monotonic

from lessons.lab import figures
from lessons.lab.base import Lab
from lessons.lab.experiments.leak import (
    CYCLES,
    KEEPERS,
    RECORDS,
    RESOURCES,
    ROOM,
    LeakOutcome,
    LeakSettings,
    leak,
)


class LeakLab(Lab):
    """A supervised worker crashes at night and is restarted, again and again. What stays open?

    Takes the fields of `LeakSettings` as first settings, e.g. ``LeakLab(cycles=20)``.
    """

    def __init__(
        self,
        resource: str = "pool",
        cycles: int = 1,
        context: bool = False,
        keeps: str = "exceptions",
        collects: int = 0,
        breaks: int = 3,
        queries: bool = True,
    ) -> None:
        start = LeakSettings(resource, cycles, context, keeps, collects, breaks, queries)
        super().__init__("LeakLab", "Crash and restart, until something runs out")
        names = {"pool": "the pool: 20 slots", "files": "files", "sockets": "sockets"}
        keepers = {told: keeper for keeper, told in KEEPERS.items()}
        self.resource = self.choice(
            "resource", "What can run out", {names[one]: one for one in RESOURCES}, start.resource
        )
        self.cycles = self.number("cycles", "Crashes", 1, CYCLES, start.cycles)
        self.crash = self.button("crash", "Crash once more", self.crash_once_more, primary=True)
        self.context = self.switch("context", "with PipelineContext", start.context)
        self.keeps = self.choice("keeps", "A crashed worker is kept by", keepers, start.keeps, more=True)
        self.collects = self.number(
            "collects", "The collector comes every … crashes (0: never)", 0, CYCLES, start.collects, more=True
        )
        self.breaks = self.number(
            "breaks", "The worker breaks at record", 1, RECORDS, start.breaks, more=True
        )
        self.queries = self.switch(
            "queries", "The worker queries the database (the pool only)", start.queries, more=True
        )
        self.outcome: LeakOutcome | None = None
        self.shown = self.view()
        self.assemble(self.shown)

    @property
    def settings(self) -> LeakSettings:
        """The settings that the controls show."""
        return LeakSettings(
            self.resource.value,
            self.cycles.value,
            self.context.value,
            self.keeps.value,
            self.collects.value,
            self.breaks.value,
            self.queries.value,
        )

    def crash_once_more(self) -> None:
        """One more crash and restart; after the 40th nothing changes."""
        if self.cycles.value == CYCLES:
            self.say(f"{CYCLES} crashes are all this lab shows. Set Crashes back to 1 to start again.")
        else:
            self.cycles.value += 1

    def refresh(self) -> None:
        """Let the worker crash as often as the controls say, and show what stays open."""
        began = monotonic()

        def progress(done: int, total: int) -> None:
            # A bar that appears only for a moment does not help.
            if monotonic() - began > 1:
                self.progress(done, total, "crash")

        self.queries.disabled = self.resource.value != "pool"
        self.outcome = leak(self.settings, progress)
        self.shown.value = page(self.outcome)
        self.tell(self.outcome.text())
        failed = self.outcome.held > 0 or self.outcome.refused or self.outcome.lacking
        self.say(self.outcome.sentence, "fail" if failed else "ok")


def page(outcome: LeakOutcome) -> str:
    """The outcome as HTML: the slots after the last crash, and what was held after each."""
    if outcome.lacking:
        return ""
    what = RESOURCES[outcome.settings.resource]
    strip = figures.slots(outcome).inline()
    # The accessible name of the drawing has the same words.
    held, free = f"<b>{outcome.held}</b> of {ROOM} {what} held", f"<b>{ROOM - outcome.held}</b> free"
    count = f'<span aria-hidden="true">{held}, {free}</span>'
    try:
        plot = figures.leak(outcome).inline()
    except ImportError:
        plot = '<p class="lc-soft">There is no matplotlib here, so the numbers are below as text.</p>'
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in outcome.reasons)
    return (
        f'<div class="lc-row">{strip}{count}</div><div class="lc-columns">'
        f'<ul class="lc-reasons">{reasons}</ul><div class="lc-fixed">{plot}</div></div>'
    )
