"""`RetryLab`: set what breaks, how often, and where the retry is; see what is read and what arrives."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from lessons.lab.base import Lab
from lessons.lab.experiments.attempts import (
    ATTEMPTS,
    DELAYS,
    ERRORS,
    RECORDS,
    REOPENED,
    RETRIED,
    WAYS,
    RetryOutcome,
    RetrySettings,
    after,
    listing,
    retry,
)
from lessons.lab.timeline import key, timeline
from lessons.words import numbers

NEVER = -1


class RetryLab(Lab):
    """A stream that breaks, and a retry around it: attempts and records on one timeline.

    Takes the fields of `RetrySettings` as first settings, e.g. ``RetryLab(records=5, failures=[3])``.
    """

    def __init__(
        self,
        records: int = 5,
        failures: Sequence[int | None] = (3,),
        attempts: int = 3,
        delay: float = 1,
        way: str = "counted",
        error: str = "OSError",
        retried: str = "source",
        reopened: str = "same",
    ) -> None:
        start = RetrySettings(records, failures, attempts, delay, way, error, retried, reopened)
        super().__init__("RetryLab", "A stream that breaks, and a retry")
        self.choice("way", "The retry is", turned(WAYS), start.way)
        # `None` is not among the values, because a dropdown shows it as an empty line.
        breaks: dict[str, int] = {"never": NEVER} | {after(count): count for count in range(RECORDS + 1)}
        for attempt in range(1, ATTEMPTS + 1):
            label = f"Attempt {attempt} breaks"
            at = start.breaks(attempt)
            self.choice(f"break {attempt}", label, breaks, NEVER if at is None else at, more=attempt > 2)
        self.number("attempts", "maxAttempts", 1, ATTEMPTS, start.attempts)
        self.number("records", "Records", 1, RECORDS, start.records, more=True)
        self.choice("delay", "delaySeconds", {f"{one:g}": one for one in DELAYS}, start.delay, more=True)
        self.choice("error", "It breaks with", list(ERRORS), start.error, more=True)
        self.choice("retried", "Retried is", turned(RETRIED), start.retried, more=True)
        self.choice("reopened", "Opened again, it yields", turned(REOPENED), start.reopened, more=True)
        self.outcome = retry(start)
        self.shown = self.view()
        self.assemble(self.shown)

    @property
    def settings(self) -> RetrySettings:
        """The settings that the controls show."""
        get: dict[str, Any] = {name: control.value for name, control in self.controls.items()}
        breaks = [get[f"break {attempt}"] for attempt in range(1, ATTEMPTS + 1)]
        return RetrySettings(
            records=get["records"],
            failures=[None if at == NEVER else at for at in breaks],
            attempts=get["attempts"],
            delay=get["delay"],
            way=get["way"],
            error=get["error"],
            retried=get["retried"],
            reopened=get["reopened"],
        )

    def refresh(self) -> None:
        """Pull the stream as the controls say, and show what was read and what arrived."""
        self.outcome = retry(self.settings)
        self.shown.value = page(self.outcome)
        self.tell(self.outcome.text())
        self.say(self.outcome.sentence, "ok" if self.outcome.once else "fail")


def turned(known: dict[str, str]) -> dict[str, str]:
    """A table of names and labels in the form that a control needs: label → name."""
    return {label: name for name, label in known.items()}


def page(outcome: RetryOutcome) -> str:
    """The outcome as HTML: the timeline with its key, what arrived, and the code of the retry."""
    meanings = {
        "first": "read, and it arrives",
        "twice": "arrives once more",
        "skipped": "read and skipped",
    }
    samples = "".join(f'<div style="{_SAMPLE}">{key(kind)}{what}</div>' for kind, what in meanings.items())
    facts = {
        "arrived": _row(outcome.arrived) or "nothing",
        "read and skipped": _row(outcome.skipped) or "none",
        "arrived again": numbers(outcome.twice) if outcome.twice else "none",
        "twice if nothing counts them": numbers(outcome.doubles) if outcome.doubles else "none",
        "never arrived": numbers(outcome.missing) if outcome.missing else "none",
        "raised": outcome.raised.partition(":")[0] or "nothing",
        "time (waits)": f"{outcome.seconds:g} s ({sum(outcome.waits):g} s)",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(fact)}</dd>" for name, fact in facts.items())
    code = escape(listing(outcome.settings))
    head, _, message = outcome.raised.partition(": ")
    error = f'<p style="{_CODE}; margin-top: 0.7em"><b>{head}</b>: {escape(message)}</p>' if head else ""
    return (
        f'{timeline(outcome).inline()}<div class="lc-row lc-soft" aria-hidden="true">{samples}</div>{error}'
        '<div class="lc-columns" style="margin-top: 0.9em"><div class="lc-ends" style="flex-basis: 20em">'
        f'<p class="lc-head">In the end</p><dl class="lc-facts">{rows}</dl></div>'
        '<div style="flex-basis: 27em">'
        f'<p class="lc-head">The retry</p><pre style="{_CODE}">{code}</pre></div></div>'
    )


_SAMPLE = "display: inline-flex; gap: 0.35em; align-items: center"
_CODE = (
    "margin: 0; padding: 0; background: none; color: inherit; white-space: pre-wrap; "
    "font: 0.95em/1.5 var(--jp-code-font-family, monospace)"
)


def _row(records: Sequence[int]) -> str:
    return " ".join(map(str, records))
