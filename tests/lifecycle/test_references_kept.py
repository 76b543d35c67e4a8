"""The lessons in a kernel that never lets go: no claim of theirs rests on the luck of reference counting.

CPython ends an object when the last reference to it goes, which closes a forgotten file or generator in
time, by luck. Who keeps an exception, a supervisor or a debugger, takes that luck away. Here everything that
a cell's code makes by a call is kept, and so is every exception that passes through a cell or through the
package, with its traceback and all that it holds; the cycle collector never comes by itself. What a lesson
shows must stay what is stored, except in cells whose very subject are references: what is open, or said to
be, depends there on who still holds it, and the text around says so. They carry the tag `references-matter`.

Programs that a cell starts in a process of their own are not reached.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from toolbox import load

COURSE = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((COURSE / "notebooks").glob("*.ipynb"))

KEEPER = '''
import ast, gc, os, sys, threading
import lifecycle

gc.disable()
_kept, _seen = [], set()
_package = os.path.dirname(lifecycle.__file__) + os.sep

def _keep(made):
    _kept.append(made)
    return made

class _Keeper(ast.NodeTransformer):
    """Wraps each call, and each generator in round brackets, of a cell in `_keep(…)`."""

    def wrap(self, node):
        self.generic_visit(node)
        keep = ast.Name("_keep", ast.Load())
        return ast.fix_missing_locations(ast.copy_location(ast.Call(keep, [node], []), node))

    visit_Call = visit_GeneratorExp = wrap

def _trace(frame, event, given):
    if event == "exception" and id(given[1]) not in _seen:
        _seen.add(id(given[1]))
        _kept.append(given[1])
    return _trace

def _enter(frame, event, given):
    name = frame.f_code.co_filename
    if "ipykernel_" in name or name.startswith(_package):
        frame.f_trace_lines = False
        return _trace

# A cell's functions are compiled with it, so what they make when they are called is kept as well.
get_ipython().ast_transformers.append(_Keeper())
sys.settrace(_enter)
threading.settrace(_enter)
'''


def run(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The cells of a notebook, by their ids, as a kernel that keeps everything shows them."""
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-keep.py").write_text(KEEPER)
    monkeypatch.setenv("IPYTHONDIR", str(folder))
    return {cell.id: cell for cell in load("execute_notebooks").executed(path).cells}


def changed(path: Path, kept: dict[str, Any]) -> list[str]:
    """The ids of cells that show something else than what is stored."""
    text = load("execute_notebooks").text
    return [
        cell.id
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
        and "nbval-ignore-output" not in cell.metadata.get("tags", [])
        and text(cell) != text(kept[cell.id])
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_it_shows_does_not_rest_on_luck(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagged = [
        cell.id
        for cell in nbformat.read(path, as_version=4).cells
        if "references-matter" in cell.metadata.get("tags", [])
    ]
    assert changed(path, run(path, tmp_path, monkeypatch)) == tagged


def test_the_kernel_keeps_what_luck_would_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {
        "made": "import weakref\nclass Part: pass",
        "forgotten": "seen = weakref.ref(Part())\nprint('kept' if seen() else 'gone')",
        "swallowed": (
            "def hidden():\n    local = Part.__new__(Part)\n    holder.append(weakref.ref(local))\n"
            "    raise ValueError\n"
            "holder = []\n"
            "try:\n    hidden()\nexcept ValueError:\n    pass\n"
            "print('kept' if holder[0]() else 'gone')"
        ),
        "generator": (
            "def days():\n    try:\n        yield 1\n    finally:\n        print('closed')\n"
            "print(next(days()))"
        ),
    }
    cells = [nbformat.v4.new_code_cell(source, id=id) for id, source in sources.items()]
    path = tmp_path / "luck.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    kept = run(path, tmp_path / "ipython", monkeypatch)
    shown = {id: load("execute_notebooks").text(cell) for id, cell in kept.items()}
    assert shown == {"made": "", "forgotten": "kept\n", "swallowed": "kept\n", "generator": "1\n"}
