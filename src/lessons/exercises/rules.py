"""The form of a check: what the answer is given, what is observed of it, and a table of rules.

An observation is a plain function `(answer, sheet)`. It drives the answer and returns facts: a list of small
objects with plain attributes. A rule is one row: for which fact the aspect does not hold, what was seen, the
misconception that this shows ("" if it shows none), and what to try.
"""

from __future__ import annotations

import string
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lessons.exercises.exercise import Attempt, Exercise, Sheet, Wrong, attempt, register

Observation = Callable[[Any, Sheet], Iterable[Any]]

reached: Counter[Rule] = Counter()
"""How often each rule found something in this process. One that no stored solution reaches is a defect."""


@dataclass(frozen=True, eq=False)
class Rule:
    """One row of a table: an aspect fails at the first fact of `of` for which `when` holds.

    seen: a sentence; `{held}` in it is the fact's attribute `held`. belief: the id of a misconception, only
    where the fact shows it.
    """

    of: Observation
    when: Callable[[Any], object]
    seen: str
    belief: str = ""
    advice: str = ""

    def said(self, fact: Any) -> str:
        """What was seen, in a sentence."""
        return _Sentence().vformat(self.seen, (fact,), {})


@dataclass(frozen=True)
class Asked:
    """One thing that a task asks for, its points, and the rules by which it fails, in their order.

    linux: whether it can be seen on Linux alone. It is "not checked" elsewhere, and graded. hearsay: whether
    part of it is what the answer's own process says of its objects, so that a hostile answer can lie.
    """

    name: str
    points: int
    rules: Sequence[Rule]
    linux: bool = False
    hearsay: bool = False


def ruled(
    id: str, title: str, *, kind: str, answer: str, asked: Sequence[Asked], version: int = 1, **more: Any
) -> Exercise:
    """Register an exercise whose check is a table of rules. Raises `ValueError`.

    more: as `Exercise` has it.
    """
    aspects = {one.name: one.points for one in asked}
    if len(aspects) != len(asked):
        raise ValueError(f"{id}: two aspects have the same name")

    def check(answer: Any, sheet: Sheet) -> None:
        observed = _Observed(answer, sheet)
        for one in asked:
            if one.linux and sheet.judge.process() is None:
                sheet.skip(one.name)
                continue
            with sheet.aspect(one.name):
                for rule in one.rules:
                    observed.apply(rule)

    # Of the module that calls, as `collections.namedtuple` does it: its folder holds the stub.
    module = str(sys._getframe(1).f_globals["__name__"])
    made = Exercise(id, title, kind, answer, aspects, check, str(version), module=module, asked=asked, **more)
    return register(made)


class _Observed:
    """What was observed of one answer: each observation is made once, when the first rule asks for it."""

    def __init__(self, answer: Any, sheet: Sheet) -> None:
        self.answer, self.sheet = answer, sheet
        self.made: dict[Observation, Attempt] = {}
        self.told: set[object] = set()

    def apply(self, rule: Rule) -> None:
        """Raise `Wrong` if the rule finds something, or what its observation raised."""
        if rule.of not in self.made:
            self.made[rule.of] = attempt(lambda: list(rule.of(self.answer, self.sheet)))
        facts = self.made[rule.of]
        if facts.error is not None:
            self.once(rule.of)
            raise facts.error
        for fact in facts.value:
            if rule.when(fact):
                reached[rule] += 1
                self.once(rule)
                raise Wrong(rule.belief, rule.said(fact), rule.advice)

    def once(self, what: object) -> None:
        """The same thing stops several aspects: it is said of the first one, and the others wait."""
        if what in self.told:
            raise Wrong("", "What is said above stops this, too.", "Mend that first.")
        self.told.add(what)


class _Sentence(string.Formatter):
    """A sentence whose fields are attributes of one fact."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        return getattr(args[0], field_name), field_name
