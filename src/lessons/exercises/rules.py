"""The form of a check: what the answer receives, what is observed, and a table of rules.

An observation is a plain function `(answer, sheet)`. It drives the answer and returns facts: a list of small
objects with plain attributes. A rule is one row: for which fact the aspect fails, what was seen, the
misconception ("" for none), and what to try.
"""

import string
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from lessons.exercises.exercise import Attempt, Sheet, attempt, described, where
from lessons.judge.verdict import Aspect

Fact = SimpleNamespace
"""The observed facts; any other object with plain attributes can be used, too."""

Facts = Iterator[Any]
Observation = Callable[[Any, Sheet], Iterable[Any]]


@dataclass(frozen=True, eq=False)
class Rule:
    """One row of a table: an aspect fails at the first fact of `of` for which `when` holds.

    seen: a sentence; `{held}` in it is the fact's `held`. belief: a misconception, if the fact shows it.
    """

    of: Observation
    when: Callable[[Any], object]
    seen: str
    belief: str = ""
    advice: str = ""

    def said(self, fact: Any) -> str:
        """What was seen, in a sentence."""
        names = [name for _, name, _, _ in string.Formatter().parse(self.seen) if name]
        return self.seen.format(**{name: getattr(fact, name) for name in names})


reached: Counter[Rule] = Counter()
"""How often each rule applied in this process. A rule that no stored solution reaches is a defect."""


class Asked:
    """One requirement of a task, its points, and the rules by which it fails, in one or more tables.

    linux: whether it can be examined only on Linux; elsewhere it is "not checked". hearsay: whether part of
    it depends on what the answer's own process reports, so that a hostile answer can cheat. untried: rules
    that say which part of it this system could not try; the aspect passes with the first that applies.
    """

    def __init__(
        self,
        name: str,
        points: int,
        *tables: Iterable[Rule],
        linux: bool = False,
        hearsay: bool = False,
        untried: Sequence[Rule] = (),
    ) -> None:
        self.name, self.points, self.linux, self.hearsay = name, points, linux, hearsay
        self.rules, self.untried = [rule for table in tables for rule in table], untried


Finding = tuple[str, str, str]
"""Why an aspect fails: the misconception, what was seen, and what to try."""


def settled(answer: Any, sheet: Sheet) -> Iterator[Aspect]:
    """Settle one aspect after another: each passes unless one of its rules applies."""
    observed = _Observed(answer, sheet)
    for one in sheet.exercise.asked:
        if one.linux and sheet.judge.process() is None:
            yield Aspect(one.name, one.points, unchecked=True)
            continue
        found = attempt(observed.finding, one.rules)
        why = found.value if found.error is None else _failed(found.error, sheet.exercise.stumbles)
        if why is None:
            note = attempt(observed.untried, one.untried).value or ""
            yield Aspect(one.name, one.points, one.points, seen=note)
        else:
            yield Aspect(one.name, one.points, 0, *why)


class _Observed:
    """The observations of one answer: each is made once, when the first rule needs it."""

    def __init__(self, answer: Any, sheet: Sheet) -> None:
        self.answer, self.sheet = answer, sheet
        self.made: dict[Observation, Attempt] = {}
        self.told: set[object] = set()

    def finding(self, rules: Sequence[Rule]) -> Finding | None:
        """The finding of the first rule that applies, or of an error; None if no rule applies."""
        for rule in rules:
            if rule.of not in self.made:
                self.made[rule.of] = attempt(lambda of: list(of(self.answer, self.sheet)), rule.of)
            facts = self.made[rule.of]
            if facts.error is not None:
                return self.again(rule.of) or _raised(facts.error, self.sheet.exercise.stumbles)
            for fact in facts.value:
                if rule.when(fact):
                    reached[rule] += 1
                    return self.again(rule) or (rule.belief, rule.said(fact), rule.advice)
        return None

    def untried(self, rules: Sequence[Rule]) -> str:
        """Which part of a passed aspect could not be tried on this system; "" if all was tried."""
        said = (rule.said(fact) for rule in rules for fact in self.made[rule.of].value if rule.when(fact))
        return next(said, "")

    def again(self, what: object) -> Finding | None:
        """If one problem stops several aspects, only the first aspect tells it, and the others wait."""
        if what in self.told:
            return "", "The problem above stops this, too.", "Fix that first."
        self.told.add(what)
        return None


def _failed(error: BaseException, belief: str) -> Finding:
    """The finding for an error in a rule: it comes from the answer, or it is a mistake of the kit."""
    if where(error):
        return _raised(error, belief)
    seen = f"The check itself failed ({described(error)}): this is a mistake in the course, not in your code."
    return "", seen, "Show this line to your teacher."


def _raised(error: BaseException, belief: str) -> Finding:
    place = where(error)
    if place:
        advice = "Run this line by itself in a new cell, with the same input, and read the traceback."
    elif isinstance(error, TypeError | AttributeError):
        # The error is not on a line of the answer: the answer's names or parameters differ from the task.
        advice = "Compare the names and the parameters in your answer with those that the task gives."
    else:
        advice = "Use your answer in a new cell, as the task shows it, and read the traceback."
    return belief, f"Your code raised {described(error)}" + (f" at {place}." if place else "."), advice
