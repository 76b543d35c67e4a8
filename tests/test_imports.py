"""Which module may import which: the patterns do not know each other (key point 9), and no circles."""

from __future__ import annotations

import ast
import pathlib
import subprocess
import sys
from collections.abc import Iterable, Iterator

import pytest

import lifecycle

SRC = pathlib.Path(lifecycle.__file__).parents[1]
# What each module of `lifecycle` may import from `lifecycle`. Sorted: parallel workers must see one order.
MAY_IMPORT: dict[str, set[str]] = {
    "closing": set(),
    "config": {"descriptors"},
    "context": {"closing"},
    "database": {"texts"},
    "descriptors": set(),
    "faults": {"probe"},
    "ledger": set(),
    "measure": set(),
    "parts": {"ledger"},
    "probe": set(),
    "retry": set(),
    "sinks": {"database", "parts", "texts"},
    "sources": {"database", "parts", "texts"},
    "stages": set(),
    "texts": set(),
    "weather": {"config", "context", "measure", "retry", "sinks", "sources", "stages"},
}
# Inside a function, so that a sweep with another runner needs neither.
LATE = {"faults": {"context", "ledger"}}
COMPUTED = "<a name that is computed>"


def modules(folder: pathlib.Path = SRC) -> dict[str, pathlib.Path]:
    """Every module of the three packages, by name. A stub is not a module: students complete it."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if "assignments" not in parts and parts[-1] != "stub":
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


def called(node: ast.Call) -> str:
    """The name of the function that is called, without the module before it."""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def absolute(name: str, level: int, module: str, isPackage: bool) -> str:
    """The full name of what `module` imports as `name` with so many leading dots."""
    if not level:
        return name
    parents = module.split(".")
    above = parents[: len(parents) - level + isPackage]
    return ".".join([*above, name] if name else above)


def imports(nodes: Iterable[ast.AST], module: str) -> Iterator[str]:
    """The full names that these nodes import, in whatever way: absolute, relative, or by a call."""
    isPackage = MODULES[module].name == "__init__.py"
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = absolute(node.module or "", node.level, module, isPackage)
            for alias in node.names:
                inner = f"{home}.{alias.name}"
                yield inner if inner in MODULES else home
        elif isinstance(node, ast.Call) and called(node) in ("__import__", "import_module"):
            name = node.args[0] if node.args else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                bare = name.value.lstrip(".")
                yield absolute(bare, len(name.value) - len(bare), module, isPackage)
            else:
                yield COMPUTED


def importsOf(module: str) -> set[str]:
    """Everything that a module imports: at its top, inside functions, for the type checker only."""
    return set(imports(ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))), module))


def within(package: str, names: Iterable[str]) -> set[str]:
    """The names that are this package or in it."""
    return {name for name in names if name == package or name.startswith(package + ".")}


# --- the patterns


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_a_module_of_lifecycle_imports_only_what_it_may(name: str) -> None:
    module = f"lifecycle.{name}"
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    atTop = set(imports(tree.body, module))
    everywhere = set(imports(ast.walk(tree), module))
    assert COMPUTED not in everywhere
    assert within("lifecycle", atTop) <= {f"lifecycle.{other}" for other in MAY_IMPORT[name]}
    allowed = MAY_IMPORT[name] | LATE.get(name, set())
    assert within("lifecycle", everywhere) <= {f"lifecycle.{other}" for other in allowed}


def test_each_module_of_lifecycle_is_in_the_table() -> None:
    assert [f"lifecycle.{name}" for name in MAY_IMPORT] == sorted(
        within("lifecycle", MODULES) - {"lifecycle"}
    )


@pytest.mark.parametrize(
    "line",
    [
        "from lifecycle.context import PipelineContext",
        "from lifecycle import context",
        "from .context import PipelineContext",
        "from . import context",
        "import lifecycle.context",
        "import math, lifecycle.context as ground",
        "def late():\n    from .context import PipelineContext",
        "class Late:\n    def run(self):\n        import lifecycle.context",
        "if TYPE_CHECKING:\n    from lifecycle.context import PipelineContext",
        "__import__('lifecycle.context')",
        "builtins.__import__('lifecycle.context', fromlist=['x'])",
        "importlib.import_module('lifecycle.context')",
        "import_module('.context', __package__)",
    ],
)
def test_the_guard_sees_every_way_to_import_a_module(line: str) -> None:
    assert "lifecycle.context" in set(imports(ast.walk(ast.parse(line)), "lifecycle.config"))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import lifecycle", "lifecycle"),
        ("from lifecycle import PipelineContext", "lifecycle"),
        ("from . import PipelineContext", "lifecycle"),
        ("import_module('lifecycle.' + name)", COMPUTED),
        ("__import__(name)", COMPUTED),
    ],
)
def test_the_guard_sees_imports_of_the_package_and_computed_ones(line: str, found: str) -> None:
    assert set(imports(ast.walk(ast.parse(line)), "lifecycle.config")) == {found}


# Each program uses its pattern; the examples in the docstrings are run as well.
PROGRAMS = {
    "context": """
        class Part:
            def __enter__(self): return self
            def __exit__(self, kind, error, trace): raise OSError("close")
            def stream(self): yield 1
        try:
            with module.PipelineContext(Part(), [], None) as pipeline:
                next(pipeline.stream())
        except OSError:
            assert (pipeline.recordCount, pipeline.state) == (1, "failed")
            assert pipeline.elapsedSeconds > 0
        """,
    "config": """
        config = module.PipelineConfig(label="weather")
        assert config == module.PipelineConfig(label="weather") and "weather" in repr(config)
        for name, value in {"windowSize": "7", "spread": 0, "label": "", "lable": "x"}.items():
            try:
                setattr(config, name, value)
            except (TypeError, ValueError, AttributeError):
                continue
            raise AssertionError(name)
        """,
    "descriptors": """
        class Settings:
            label, size, spread = module.Text(), module.Whole(1), module.Number(above=0)
        settings = Settings()
        settings.label, settings.size, settings.spread = "weather", 7, 1.5
        assert Settings.size.name == "size"
        try:
            del settings.size
        except AttributeError:
            pass
        """,
    "measure": """
        class Stage:
            @module.measuredStage(clock=lambda: 1.0)
            def process(self, stream): yield from stream
        stage = Stage()
        assert list(stage.process(iter("abc"))) == ["a", "b", "c"]
        assert repr(stage.metrics) == "StageMetrics('Stage.process', 3, 0.0, 'exhausted')"
        """,
    "retry": """
        failures = [OSError("one"), OSError("two")]
        def days(value):
            yield value
            if failures: raise failures.pop()
        def ask(value):
            if failures: raise failures.pop()
            return value
        retried = module.retryOnFailure(maxAttempts=3, delaySeconds=0)
        assert list(retried(days)(7)) == [7]
        failures.append(OSError("three"))
        assert retried(ask)(7) == 7
        """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_pattern_works_with_the_others_out_of_reach(name: str) -> None:
    outOfReach = [f"lifecycle.{other}" for other in MAY_IMPORT if other not in {name, *MAY_IMPORT[name]}]
    program = "\n".join(line.removeprefix("        ") for line in PROGRAMS[name].splitlines())
    code = (
        "import doctest, importlib, sys, types\n"
        "package = types.ModuleType('lifecycle')\n"  # empty, since the real one imports the patterns
        f"package.__path__ = [{str(SRC / 'lifecycle')!r}]\n"
        "sys.modules['lifecycle'] = package\n"
        f"sys.modules.update(dict.fromkeys({outOfReach!r}))\n"
        f"module = importlib.import_module('lifecycle.{name}')\n"
        "assert doctest.testmod(module).failed == 0\n" + program
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- the packages


def test_importing_lifecycle_or_any_of_its_modules_imports_no_third_party_module() -> None:
    names = sorted(within("lifecycle", MODULES))
    code = (
        "import importlib, sys; before = set(sys.modules)\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["lifecycle"]


@pytest.mark.parametrize(
    ("package", "others"), [("lifecycle", ["lessons", "classroom"]), ("lessons", ["classroom"])]
)
def test_a_package_does_not_import_the_packages_that_build_on_it(package: str, others: list[str]) -> None:
    found = {
        module: sorted(names)
        for module in sorted(within(package, MODULES))
        if (names := set().union(*(within(other, importsOf(module)) for other in others)))
    }
    assert found == {}


def test_study_does_not_import_the_lab() -> None:
    study = within("lessons.study", MODULES)
    assert study
    assert {module for module in study if within("lessons.lab", importsOf(module))} == set()


def test_what_lifecycle_exports() -> None:
    assert set(lifecycle.__all__) == {"PipelineContext", "PipelineConfig", "measuredStage", "retryOnFailure"}


# --- circles


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that can each be reached from each other."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        ahead = [*graph[start]]
        while ahead:
            module = ahead.pop()
            if module not in seen:
                seen.add(module)
                ahead += graph[module]
        reached[start] = seen
    groups = {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in graph
        if module in reached[module]
    }
    return [list(group) for group in sorted(groups)]


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({"a": {"b"}, "b": set()}, []),
        ({"a": {"a"}}, [["a"]]),
        ({"a": {"b"}, "b": {"a"}}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}, [["b", "c"]]),
        ({"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": {"c", "a"}}, [["a", "b"], ["c", "d"]]),
    ],
)
def test_a_circle_is_found(graph: dict[str, set[str]], found: list[list[str]]) -> None:
    assert circles(graph) == found


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: importsOf(module) & MODULES.keys() for module in MODULES}
    assert circles(graph) == []
