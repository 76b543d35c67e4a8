"""A journal of its own for each test, so that no test finds what another predicted; and one Pyodide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from in_pyodide import Pyodide, running

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


@pytest.fixture(scope="session")
def pyodide() -> Iterator[Pyodide]:
    """One Pyodide for all tests, which starts when the first of them needs it."""
    with running() as one:
        yield one
