"""A journal of its own for each test, so that no test finds what another predicted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lessons.study import predictions
from lessons.study.journal import Journal


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """A new kernel with an empty folder: `LIFECYCLE_HOME` names it."""
    monkeypatch.setenv("LIFECYCLE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(predictions, "journal", Journal())
    monkeypatch.setattr(predictions, "_told", set())
    monkeypatch.setattr(predictions, "ballots", {})
    yield predictions.journal
