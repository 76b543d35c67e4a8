"""Checks of the exercises: the same at home and when graded.

>>> examine("leaks-x1", None).status
'missing'
"""

from lifecycle.study.cards import described as short
from lifecycle.study.checks.exercise import (
    Attempt,
    Exercise,
    Sheet,
    Wrong,
    attempt,
    exactly,
    executed,
    exercise,
    exercises,
    materials,
    named,
    stub,
    where,
)
from lifecycle.study.checks.trial import examine
from lifecycle.study.checks.variant import Variant
from lifecycle.study.checks.verdict import MIME, Aspect, Verdict

__all__ = [
    "MIME", "Aspect", "Attempt", "Exercise", "Sheet", "Variant", "Verdict", "Wrong", "attempt", "exactly",
    "examine", "executed", "exercise", "exercises", "materials", "named", "short", "stub", "where",
]  # fmt: skip
