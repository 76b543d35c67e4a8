"""Which room may know which: the independence of the patterns (key point 9), held by the import graph."""

import ast
import pathlib
import subprocess
import sys

import pytest

import lifecycle

ROOMS = pathlib.Path(lifecycle.__file__).parent
GROUND = {"context", "descriptors", "measure", "retry", "probe", "ledger", "texts"}
MAY_KNOW = {
    **{room: set() for room in sorted(GROUND)},  # Sorted: parallel workers must see one order.
    "config": {"descriptors"},
    "faults": {"probe"},
    "parts": {"ledger"},
    "database": {"texts"},
    "sources": {"ledger", "parts", "texts", "database"},
    "stages": {"ledger"},
    "sinks": {"ledger", "parts", "texts", "database"},
}
# What the drivers of databases need is not taught; it is there so that the taught rooms stay short.
TAUGHT = [room for room in MAY_KNOW if room not in ("database", "texts")]
# Inside a function, so that whoever sweeps with a runner of his own needs neither.
LATE = {"faults": {"context", "ledger"}}
PATTERNS = ["context", "descriptors", "measure", "retry"]


def known(nodes):
    """The rooms that these nodes of a syntax tree import."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lifecycle":
            inside = node.module.removeprefix("lifecycle").removeprefix(".")
            yield from [inside.split(".")[0]] if inside else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("lifecycle."):
                    yield alias.name.split(".")[1]


@pytest.mark.parametrize("room", MAY_KNOW)
def test_a_room_knows_only_what_it_may(room):
    tree = ast.parse((ROOMS / f"{room}.py").read_text(encoding="utf-8"))
    everywhere, atImport = set(known(ast.walk(tree))), set(known(tree.body))
    assert atImport <= MAY_KNOW[room]
    assert everywhere - atImport <= LATE.get(room, set()) | MAY_KNOW[room]


def test_study_does_not_know_the_lab():
    for path in (ROOMS.with_name("lessons") / "study").rglob("*.py"):
        assert "lab" not in set(known(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))), path


@pytest.mark.parametrize("room", TAUGHT)
def test_a_taught_room_has_at_most_a_hundred_lines_without_docstrings(room):
    text = (ROOMS / f"{room}.py").read_text(encoding="utf-8")
    docstrings = set()
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            docstrings.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = [line for number, line in enumerate(text.splitlines(), 1) if number not in docstrings]
    assert len([line for line in lines if line.strip()]) <= 100


def test_importing_lifecycle_imports_no_third_party_module():
    code = (
        "import sys; before = set(sys.modules); import lifecycle\n"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["lifecycle"]


@pytest.mark.parametrize("room", PATTERNS)
def test_a_pattern_works_with_the_others_out_of_reach(room):
    others = [f"lifecycle.{other}" for other in PATTERNS if other != room]
    code = (
        "import importlib.util, sys\n"
        f"sys.modules.update(dict.fromkeys({others!r}))\n"
        f"spec = importlib.util.spec_from_file_location('alone', {str(ROOMS / (room + '.py'))!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['alone'] = module\n"
        "spec.loader.exec_module(module)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_lifecycle_exports():
    assert set(lifecycle.__all__) == {"PipelineContext", "PipelineConfig", "measuredStage", "retryOnFailure"}
