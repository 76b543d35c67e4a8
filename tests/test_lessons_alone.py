"""The lessons as students have them: installed without the tests' packages, and run as the README says."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from toolbox import load

COURSE = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((COURSE / "pyproject.toml").read_text("utf-8"))["project"]
NOTEBOOKS = sorted(
    [*(COURSE / "notebooks").glob("*.ipynb"), *(COURSE / "exercises/release").rglob("*.ipynb")]
)
MODULES = sorted(
    path for package in ("lifecycle", "lessons") for path in (COURSE / "src" / package).rglob("*.py")
)
# What ipykernel, ipywidgets and JupyterLab are built on: none of them exists without these.
PARTS = {"ipython", "jupyter-server", "traitlets", "nbformat", "mistune", "pygments"}
# The cells say in a sentence what they would show.
WITHOUT = {
    "02_descriptors": {"production-pydantic": "Not installed. It makes windowSize=30, then takes 'seven'."}
}


@cache
def students() -> set[str]:
    """The names that a student can import: the standard library, ours, and what we depend on by name."""
    ours = {"lifecycle", "lessons"}
    names = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]} | PARTS
    given = {
        module
        for module, packages in packages_distributions().items()
        if any(canonicalize_name(package) in names for package in packages)
    }
    return {*sys.stdlib_module_names, *ours, *given}


def unguarded(node: ast.AST) -> Iterator[str]:
    """The packages that a tree imports outside a `try` with an `except ImportError`."""
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield (node.module or "").partition(".")[0]
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Try) and any(
        "ImportError" in ast.dump(one.type) for one in node.handlers if one.type
    ):
        children = [child for child in children if child not in node.body]
    for child in children:
        yield from unguarded(child)


def lacking(source: str) -> set[str]:
    # A line that begins with % or ! is IPython's.
    python = re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source)
    return set(unguarded(ast.parse(python))) - students()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_lesson_imports_only_what_a_student_has(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert lacking(cell.source) == set(), f"{path.name}, {cell.id}"


def test_what_a_lesson_imports_needs_only_what_a_student_has() -> None:
    assert {path.name: found for path in MODULES if (found := lacking(path.read_text("utf-8")))} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pydantic", {"pydantic"}),
        ("def show():\n    from pydantic.fields import Field", {"pydantic"}),
        ("try:\n    import pydantic\nexcept ImportError:\n    pydantic = None", set()),
        ("try:\n    import pydantic\nexcept ValueError:\n    pass", {"pydantic"}),
        ("try:\n    pass\nexcept ImportError:\n    import pydantic", {"pydantic"}),
        ("%matplotlib inline\nimport json, sqlalchemy.orm\nfrom lessons import predict", set()),
    ],
)
def test_an_import_of_something_else_would_be_seen(source: str, found: set[str]) -> None:
    assert lacking(source) == found


RUN = """
import json, sys
from pathlib import Path
sys.path.insert(0, "tools")
from execute_notebooks import executed, text
shown = executed(Path(sys.argv[1]))
print(json.dumps({cell.id: text(cell) for cell in shown.cells if cell.cell_type == "code"}))
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the course as `make lab` installs it, and nothing else."""
    folder = tmp_path_factory.mktemp("alone")
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    pip = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-c",
        "constraints.txt",
    ]
    done = subprocess.run([*pip, "-e", "."], cwd=COURSE, capture_output=True, text=True, timeout=570)
    assert done.returncode == 0, done.stderr
    return python


@pytest.mark.deep
@pytest.mark.parametrize("path", sorted((COURSE / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_lesson_runs_without_the_tests_packages(alone: Path, path: Path, tmp_path: Path) -> None:
    # The kernel named python3 is the one beside this Python.
    environment = {
        **os.environ,
        "PATH": f"{alone.parent}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_PATH": str(alone.parents[1] / "share/jupyter"),
        "JUPYTER_DATA_DIR": str(tmp_path),
    }
    run = [str(alone), "-c", RUN, str(path)]
    done = subprocess.run(run, cwd=COURSE, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    cells = json.loads(done.stdout.splitlines()[-1])
    expected = {id: f"{sentence}\n" for id, sentence in WITHOUT.get(path.stem, {}).items()}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "nbval-ignore-output" not in cell.metadata.get("tags", []):
            stored = load("execute_notebooks").text(cell)
            assert cells[cell.id] == expected.pop(cell.id, stored), cell.id
    assert expected == {}


@pytest.mark.deep
def test_the_plain_command_compares_all_notebooks_in_one_home(tmp_path: Path) -> None:
    # A second run finds in the journal what the first has revealed.
    for what in ("notebooks/", "notebooks/01_leaks.ipynb"):
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "--nbval", what, "-q", "-p", "no:cacheprovider"],
            cwd=COURSE,
            env={**os.environ, "LIFECYCLE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=440,
        )
        assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
