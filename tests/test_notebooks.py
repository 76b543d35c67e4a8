"""Every notebook in git, run again and compared with what is stored in it.

The one place that uses nbval.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COURSE = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted(path.relative_to(COURSE).as_posix() for path in (COURSE / "notebooks").rglob("*.ipynb"))


# Stored without outputs: there is nothing to compare, and no cell may raise. What their checks say is held by
# the tests of the exercises.
EXERCISES = ("exercises/release", "exercises/source")


def run_by_nbval(path: str, how: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run one notebook by nbval, in a throw-away home."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", how, "--nbval-current-env", "--nbval-cell-timeout=60"),
            *("-p", "no:playwright", "-p", "no:cacheprovider", "--quiet", "--timeout=0"),
            *("--override-ini=addopts=", f"--rootdir={COURSE}", path),
        ],
        cwd=COURSE,
        env={**os.environ, "LIFECYCLE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=870,
    )


@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", NOTEBOOKS)
def test_a_fresh_run_shows_what_is_stored(path: str, tmp_path: Path) -> None:
    run = run_by_nbval(path, "--nbval", tmp_path)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", EXERCISES)
def test_no_cell_of_an_exercise_raises(path: str, tmp_path: Path) -> None:
    run = run_by_nbval(path, "--nbval-lax", tmp_path)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
