"""Every notebook in git, run again and compared with what is stored in it.

The one place that uses nbval.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

COURSE = Path(__file__).resolve().parents[1]
# The kernel of this environment, whatever kernels somebody has installed for their other work.
START = [*(sys.executable, "-m", "pytest", "-p", "no:cacheprovider"),
         *("--nbval-current-env", "--nbval-cell-timeout=60")]  # fmt: skip


def run_by_nbval(how: str, folder: str, home: Path) -> str:
    """Run the notebooks of a folder as somebody does by hand, and return how many cells passed."""
    run = subprocess.run(
        [*START, how, folder],
        cwd=COURSE,
        env={**os.environ, "LIFECYCLE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=870,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    return run.stdout.splitlines()[-1]


def code_cells(folder: str) -> int:
    notebooks = [nbformat.read(path, as_version=4) for path in sorted((COURSE / folder).rglob("*.ipynb"))]
    return sum(cell.cell_type == "code" for notebook in notebooks for cell in notebook.cells)


@pytest.mark.timeout(900)
def test_a_fresh_run_shows_what_is_stored(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    said = run_by_nbval("--nbval", "notebooks", home)
    assert re.search(r"(\d+) passed", said)[1] == str(code_cells("notebooks")), said
    assert list(home.iterdir()) == [], "a student's own progress is neither shown nor changed"


# Stored without outputs: there is nothing to compare, and no cell may raise. The first suite holds that in
# test_exercises.py, which runs them and looks at what their checks say.
@pytest.mark.deep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("folder", ["exercises/release", "exercises/source"])
def test_no_cell_of_an_exercise_raises(folder: str, tmp_path: Path) -> None:
    # A copy, because an answer may write files beside its notebook.
    copy = shutil.copytree(COURSE / folder, tmp_path / "copy")
    run_by_nbval("--nbval-lax", str(copy), tmp_path)
