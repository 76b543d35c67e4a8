"""Which lessons are edited: their tests are strict."""

from __future__ import annotations

import pytest

from lessons.study.questions import LESSONS

# Add a lesson's word below its comment when it is edited. Until then its tests may fail.
EDITED = [
    # "start":
    "start",
    # "leaks":
    "leaks",
    # "descriptors":
    "descriptors",
    # "decorators":
    "decorators",
    # "chains":
    "chains",
    # "composition":
    "composition",
]


def lessons(*but: str) -> pytest.MarkDecorator:
    """A test for each lesson, strict for the edited ones."""
    later = pytest.mark.xfail(reason="this lesson is not edited yet")
    kept = [short for short in LESSONS if short not in but]
    return pytest.mark.parametrize(
        "short", [pytest.param(short, marks=() if short in EDITED else later) for short in kept]
    )
