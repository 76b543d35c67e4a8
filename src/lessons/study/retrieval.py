"""Which questions are due again, and when: a plain function of the journal and the time.

A question that was missed is due at once, and one day after each miss of a variant. After a right answer the
waits grow: 1, 3, 7 and 21 days. Then it is not asked any more. A right guess does not make the wait longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from lessons.study.journal import Line, since_reset
from lessons.study.questions import Question, misconceptions, questions
from lessons.study.variants import has_variants

WAITS = (1, 3, 7, 21)
"""The waits in days after the first, the second, … right answer."""


@dataclass(frozen=True)
class Memory:
    """The journal's state of one question that was answered and whose right answer was seen.

    `step` counts right answers in a row: 0 means that it was missed. `due` is None once it has been asked
    after each wait. `asked` counts the variants that were answered. `missed` is the belief of the last miss.
    """

    id: str
    step: int
    due: date | None
    asked: int = 0
    missed: str = ""

    @property
    def belief(self) -> str:
        """The belief to ask about next: the missed one, else each in turn."""
        beliefs = asked_about(questions()[self.id])
        return self.missed if self.missed in beliefs else beliefs[self.asked % len(beliefs)]

    def then(self, line: Line, day: date) -> Memory:
        """The memory after a variant was answered."""
        if line.option != "right":
            due = day + timedelta(1)
            return replace(self, step=0, due=due, asked=self.asked + 1, missed=line.misconception)
        step = max(1, self.step + (not line.guess))
        due_again = day + timedelta(WAITS[step - 1]) if step <= len(WAITS) else None
        return Memory(self.id, step, due_again, self.asked + 1)


def asked_about(question: Question) -> list[str]:
    """The beliefs behind a question's options that have variants, in the order of the options."""
    beliefs = [option.misconception for option in question.options if has_variants(option.misconception)]
    return [belief for belief in beliefs if belief is not None]


def memories(events: Iterable[Line], zone: tzinfo | None) -> dict[str, Memory]:
    """The memory of each question, from the journal's events in order; days are those of the time zone."""
    first: dict[str, str] = {}
    seen: set[str] = set()
    found: dict[str, Memory] = {}
    for line in since_reset(events):
        day = _day(line.at, zone)
        question = questions().get(line.id)
        if day is None or question is None or not asked_about(question):
            continue
        if line.event == "recall" and line.id in found:
            found[line.id] = found[line.id].then(line, day)
        elif line.event == "answer":
            first.setdefault(line.id, line.option)
        elif line.event == "reveal":
            seen.add(line.id)
        if line.id in first and line.id in seen and line.id not in found:
            found[line.id] = _begun(question, first[line.id], day)
    return found


def due(events: Iterable[Line], now: datetime) -> list[Memory]:
    """The questions that are due at this time: first the missed ones, then those due for longest."""
    order = list(questions())
    ready = [one for one in memories(events, now.tzinfo).values() if one.due and one.due <= now.date()]

    def place(one: Memory) -> tuple[bool, date, bool, int]:
        core = misconceptions()[one.belief].core
        return one.step > 0, one.due or date.max, not core, order.index(one.id)

    return sorted(ready, key=place)


def next_due(events: Iterable[Line], now: datetime) -> date | None:
    """The first later day on which something is due; None if there is none."""
    days = [one.due for one in memories(events, now.tzinfo).values() if one.due and one.due > now.date()]
    return min(days, default=None)


def _begun(question: Question, key: str, day: date) -> Memory:
    option = question.keyed(key)
    if option == question.right:
        return Memory(question.id, 1, day + timedelta(WAITS[0]))
    return Memory(question.id, 0, day, missed=(option.misconception if option else None) or "")


def _day(at: str, zone: tzinfo | None) -> date | None:
    """The day of an event; None for a time that cannot be read or is at the end of all calendars."""
    try:
        day = datetime.fromisoformat(at).astimezone(zone).date()
        day + timedelta(WAITS[-1])
    except (ValueError, OverflowError, OSError):
        return None
    return day
