"""Every notebook in git, run again and compared with what is stored in it; its beats in another order, too.

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
from toolbox import load

COURSE = Path(__file__).resolve().parents[1]
LESSONS = sorted((COURSE / "notebooks").glob("[0-9]*.ipynb"))
# The kernel of this environment, whatever kernels somebody has installed for their other work; and an empty
# home for each notebook, by the course's own conftest.
START = [*(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "conftest"),
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


def code_cells(folder: Path) -> int:
    notebooks = [nbformat.read(path, as_version=4) for path in sorted(folder.rglob("*.ipynb"))]
    return sum(cell.cell_type == "code" for notebook in notebooks for cell in notebook.cells)


def test_a_fresh_run_shows_what_is_stored_and_so_do_its_beats_in_another_order(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    copy = shutil.copytree(COURSE / "notebooks", tmp_path / "notebooks")
    for path in LESSONS:
        stored = nbformat.read(path, as_version=4)
        longer = load("beats_in_random_order").extended(stored, path.stem, further=False)
        assert len(longer.cells) > len(stored.cells)
        nbformat.write(longer, copy / path.name)
    said = run_by_nbval("--nbval", str(copy), home)
    assert re.search(r"(\d+) passed", said)[1] == str(code_cells(copy)), said
    assert list(home.iterdir()) == [], "a student's own progress is neither shown nor changed"


@pytest.mark.deep
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_beats_and_pieces_for_self_study_show_what_is_stored_in_many_orders(path: Path) -> None:
    assert load("beats_in_random_order").differences(path, f"{path.stem} again", orders=3) == []


def code(id: str, source: str, *tags: str) -> nbformat.NotebookNode:
    shown = nbformat.v4.new_output("stream", text=f"{source}\n")
    return nbformat.v4.new_code_cell(source, id=id, metadata={"tags": list(tags)}, outputs=[shown])


def test_sections_are_drawn_whole_and_a_changed_output_is_seen() -> None:
    tool, text = load("beats_in_random_order"), nbformat.v4.new_markdown_cell
    cells = [
        text("# A lesson"), code("setup", "0"),
        text("## Beat 1"), code("a", "1"), text("### A part\n\n```\n## no\n```"), code("b", "2", "answer"),
        text("## No code"), text("## Alone: further"), text("### 1. Piece"), code("c", "3"),
        text("### 2. Piece"), code("d", "4"), text("## In words"), code("e", "5"),
    ]  # fmt: skip
    lesson = nbformat.v4.new_notebook(cells=cells)
    found = {title: [cell.id for cell in cells] for title, cells in tool.sections(lesson).items()}
    assert found == {"Beat 1": ["a", "b"], "1. Piece": ["c"], "2. Piece": ["d"], "In words": ["e"]}
    assert list(tool.sections(lesson, further=False)) == ["Beat 1", "In words"]
    assert list(tool.sections(lesson, answers=True)) == ["b"]
    drawn = [title for title, _ in tool.shuffled(lesson, "seed", orders=5)]
    assert sorted(drawn) == sorted(5 * list(found)) and drawn[:4] != drawn[4:8]
    longer = tool.extended(lesson, "seed")
    assert len(longer.cells) == len(cells) + 5 and len({cell.id for cell in longer.cells}) == len(
        longer.cells
    )
    assert tool.same(code("a", "1"), code("x", "1")) and not tool.same(code("a", "1"), code("a", "2"))


# Stored without outputs: there is nothing to compare, and no cell may raise. The first suite holds that in
# test_exercises.py, which runs them and looks at what their checks say.
@pytest.mark.deep
@pytest.mark.parametrize("folder", ["exercises/release", "exercises/source"])
def test_no_cell_of_an_exercise_raises(folder: str, tmp_path: Path) -> None:
    # A copy, because an answer may write files beside its notebook.
    copy = shutil.copytree(COURSE / folder, tmp_path / "copy")
    run_by_nbval("--nbval-lax", str(copy), tmp_path)
