"""One list of versions, and everything that installs from it says the same."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

COURSE = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((COURSE / "pyproject.toml").read_text())
LINES = (COURSE / "constraints.txt").read_text().splitlines()
PINS = {requirement.name: requirement for requirement in map(Requirement, LINES)}

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {"linux": ("posix", "Linux"), "darwin": ("posix", "Darwin"), "win32": ("nt", "Windows")}


def closure(python: str, platform: str) -> set[str]:
    """What `lifecycle` with all its extras needs there, as far as the packages installed here tell."""
    os_name, system = SYSTEMS[platform]
    there = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": platform}
    there |= {"os_name": os_name, "platform_system": system, "platform_machine": "x86_64"}
    needed: set[str] = set()
    extras = tuple(PROJECT["project"]["optional-dependencies"])
    todo: list[tuple[str, tuple[str, ...]]] = [("lifecycle", extras)]
    todo += [(Requirement(line).name, ()) for line in PROJECT["build-system"]["requires"]]
    done = set()
    while todo:
        name, extras = todo.pop()
        if (name, extras) in done:
            continue
        done.add((name, extras))
        needed.add(name)
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # It belongs to another system.
        for requirement in map(Requirement, requires):
            markers = [there | {"extra": extra} for extra in ("", *extras)]
            if not requirement.marker or any(map(requirement.marker.evaluate, markers)):
                todo.append((canonicalize_name(requirement.name), tuple(sorted(requirement.extras))))
    return needed - {"lifecycle"}


def test_constraints_hold_names_and_versions_alone() -> None:
    shape = re.compile(
        r'[a-z0-9-]+==[0-9][0-9a-z.]*( ; (sys_platform (==|!=) "\w+"|python_version < "3\.\d+"))?'
    )
    assert [line for line in LINES if not shape.fullmatch(line)] == []
    assert sorted(LINES) == LINES
    assert len(PINS) == len(LINES), "each package once"


def test_jupyter_starts_without_parsers_that_it_never_needs() -> None:
    """jsonschema from 4.25 on brings one that is made at each import: it took 2.4 of 2.7 seconds."""
    assert "rfc3987-syntax" not in PINS


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", SYSTEMS)
def test_everything_the_course_needs_there_is_pinned(python: str, platform: str) -> None:
    there = {"python_version": python, "sys_platform": platform}
    pinned = {name for name, pin in PINS.items() if not pin.marker or pin.marker.evaluate(there)}
    assert closure(python, platform) == pinned


def test_what_is_installed_here_is_what_is_pinned() -> None:
    # Once imported, setuptools puts what it carries in itself on the path.
    installed = [each for each in distributions() if "_vendor" not in str(each.locate_file(""))]
    here = {canonicalize_name(each.name): each.version for each in installed}
    pinned = {name: pin.specifier for name, pin in PINS.items() if name in here}
    assert {name: here[name] for name, pin in pinned.items() if here[name] not in pin} == {}


def test_the_build_tools_are_the_pinned_ones() -> None:
    tools = [Requirement(line) for line in PROJECT["build-system"]["requires"]]
    assert [PINS[tool.name].specifier for tool in tools] == [tool.specifier for tool in tools]


def test_conda_installs_the_same() -> None:
    environment = yaml.safe_load((COURSE / "environment.yml").read_text())
    python, pip, packages = environment["dependencies"]
    assert environment["name"] == PROJECT["project"]["name"] == "lifecycle"
    assert environment["channels"] == ["conda-forge"]
    assert pip == "pip"
    # The project itself under the same constraints: so its dependencies are the same, whatever they become.
    # With its tests, because the README sends readers on Windows here, where there is no `make test`.
    assert packages == {"pip": ["-c constraints.txt", "-e .[test]"]}
    name, version = python.split("=")
    assert name == "python" and version in PYTHONS
    assert f"{version}.0" in SpecifierSet(PROJECT["project"]["requires-python"])


def test_a_wheel_holds_the_packages_whole_and_nothing_else(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    built = subprocess.run(
        [*build, "--quiet", "--disable-pip-version-check", "--wheel-dir", str(tmp_path), str(COURSE)],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    source = COURSE / "src"
    files = {path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    expected = {path.relative_to(source).as_posix() for path in files}
    assert {name for name in names if not name.startswith("lifecycle-")} == expected
    assert {"lifecycle/py.typed", "lessons/py.typed", "classroom/py.typed", "classroom/cli.py"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_every_command_of_the_readme_is_there() -> None:
    readme = (COURSE / "README.md").read_text()
    makefile = (COURSE / "Makefile").read_text()
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    assert set(re.findall(r"\bmake (\w+)", readme)) <= targets
    assert len(readme.splitlines()) <= 90, "two screens"
    for path in re.findall(r"\]\((?!https?:)([^)#]+)", readme):
        assert (COURSE / path).exists(), path
