"""An empty home for each notebook that nbval runs: a lesson shows what somebody predicted in it before."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

HOMES = pytest.StashKey[dict[Path, str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[HOMES] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Name the home first: nbval starts a notebook's kernel in the setup of its first cell."""
    homes = item.config.stash[HOMES]
    if item.path.suffix != ".ipynb":
        return
    if item.path not in homes:
        home = homes[item.path] = tempfile.mkdtemp(prefix="lifecycle-home-")
        item.config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ["LIFECYCLE_HOME"] = homes[item.path]
