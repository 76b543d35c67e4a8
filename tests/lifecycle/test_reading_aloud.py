"""The taught modules are read aloud in class: short, flat, one statement a line, one thing a function."""

from __future__ import annotations

import ast
import pathlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

import lifecycle

FOLDER = pathlib.Path(lifecycle.__file__).parent
# `database` and `texts` are for drivers and file formats. They are not taught.
TAUGHT = sorted(path for path in FOLDER.glob("*.py") if path.stem not in ("__init__", "database", "texts"))
COMPLEXITY = 8
NESTING = 3
LINES = 120
FUNCTION_LINES = 80

DEFS = (ast.FunctionDef, ast.AsyncFunctionDef)
BLOCKS = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match,
)  # fmt: skip
taught = pytest.mark.parametrize("path", TAUGHT, ids=lambda path: path.stem)


def parsed(path: pathlib.Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, DEFS))


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """The children of a node, but not the functions and classes in it: they count on their own."""
    return (child for child in ast.iter_child_nodes(node) if not isinstance(child, (*DEFS, ast.ClassDef)))


def nesting(node: ast.AST) -> int:
    """How many blocks are inside each other; an `elif` is not inside its `if`."""
    deepest = 0
    for child in inside(node):
        isElif = isinstance(node, ast.If) and node.orelse == [child] and isinstance(child, ast.If)
        deepest = max(deepest, nesting(child) + (isinstance(child, BLOCKS) and not isElif))
    return deepest


def height(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines a function has, with its docstring."""
    return (function.end_lineno or 0) - function.lineno + 1


def countedLines(text: str) -> int:
    """The lines of a module, without docstrings and blank lines."""
    docstrings: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, *DEFS)) and ast.get_docstring(node) is not None:
            docstrings.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(1 for number, line in lines if line.strip() and number not in docstrings)


def crowded(tree: ast.Module) -> list[int]:
    """The lines on which more than one statement begins, also behind a colon."""
    starts = Counter(node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt))
    return sorted(line for line, statements in starts.items() if statements > 1)


def packed(tree: ast.Module) -> list[int]:
    """The lines that assign several values at once, or one value to several names."""
    return sorted(
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and (
            len(node.targets) > 1
            or (isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple))
        )
    )


@taught
def test_each_function_has_a_complexity_of_8_or_less(path: pathlib.Path) -> None:
    limit = f"lint.mccabe.max-complexity={COMPLEXITY}"
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "C901", "--config", limit]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@taught
def test_no_function_has_more_than_3_levels_of_nesting(path: pathlib.Path) -> None:
    deep = [function.name for function in functions(parsed(path)) if nesting(function) > NESTING]
    assert deep == []


@taught
def test_no_function_has_more_than_80_lines(path: pathlib.Path) -> None:
    long = [function.name for function in functions(parsed(path)) if height(function) > FUNCTION_LINES]
    assert long == []


@taught
def test_each_statement_has_a_line_of_its_own(path: pathlib.Path) -> None:
    assert crowded(parsed(path)) == []


@taught
def test_no_assignment_packs_several_values(path: pathlib.Path) -> None:
    assert packed(parsed(path)) == []


@taught
def test_a_module_has_at_most_120_lines_without_docstrings_and_blank_lines(path: pathlib.Path) -> None:
    assert countedLines(path.read_text(encoding="utf-8")) <= LINES


def test_each_module_but_two_is_taught() -> None:
    assert len(TAUGHT) >= 13
    assert {"context", "measure", "retry", "descriptors", "config"} <= {path.stem for path in TAUGHT}


# --- the counts themselves, so that none of the tests above passes by counting nothing


SAMPLE = '''
"""A docstring
of two lines."""

def flat(x):
    """One line."""
    for y in x:  # a comment counts as part of its line
        if y:
            pass
        elif x:
            pass
        else:
            with x:
                pass

    def inner():
        while x:
            try:
                pass
            except OSError:
                if x:
                    for z in x:
                        pass

# a comment is a line
'''


def test_nesting_is_counted_for_each_function_alone_and_an_elif_is_no_level() -> None:
    found = {function.name: nesting(function) for function in functions(ast.parse(SAMPLE))}
    assert found == {"flat": 3, "inner": 4}


def test_docstrings_and_blank_lines_are_not_counted() -> None:
    assert countedLines(SAMPLE) == 18


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x = 1; y = 2", [1]),
        ("x = 1\nif x: x = 2", [2]),
        ("for x in y: pass", [1]),
        ("def f(): return 1", [1]),
        ("x = 1\ny = (\n    2\n)", []),
    ],
)
def test_two_statements_on_one_line_are_seen(text: str, lines: list[int]) -> None:
    assert crowded(ast.parse(text)) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x, y = 1, 2", [1]),
        ("self.x, self.y = x, y", [1]),
        ("x = y = 0", [1]),
        ("x = 1, 2", []),
        ("name, leave = exits.pop()", []),
    ],
)
def test_packed_assignments_are_seen(text: str, lines: list[int]) -> None:
    assert packed(ast.parse(text)) == lines
