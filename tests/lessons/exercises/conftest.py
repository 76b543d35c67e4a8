"""Thousands of checks in one process: what they leave behind is collected from time to time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import count

import pytest

TESTS = count(1)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """A check leaves half a megabyte that Python does not collect by itself, and it copies the process."""
    yield
    if next(TESTS) % 50 == 0:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
