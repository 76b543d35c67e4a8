"""README, CONTRIBUTING.md, docs/places.md and TEACHING.md name only what is there; the pictures are whole."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from pathlib import Path

import pytest
from PIL import Image
from toolbox import load

COURSE = Path(__file__).resolve().parents[1]
TEXTS = [
    COURSE / name for name in ("README.md", "CONTRIBUTING.md", "docs/places.md", "notebooks/TEACHING.md")
]
PICTURES = sorted((COURSE / "docs" / "pictures").glob("*.png"))
FOLDERS = ("src", "tests", "tools", "notebooks", "exercises", "docs")
# Names that a reader replaces by one of their own, as "your_lab" in `tests/lessons/lab/test_your_lab.py`.
OWN = re.compile(r"your|<|\*|…")

every_text = pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
every_picture = pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def commands(path: Path) -> list[str]:
    """The lines of the code blocks, and what is in backticks, without comments."""
    text = read(path)
    blocks = re.findall(r"(?ms)^```\n(.*?)^```", text)
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    rest = re.sub(r"(?ms)^```.*?^```", "", text)
    return lines + re.findall(r"`([^`\n]+)`", rest)


def there(name: str) -> bool:
    """Whether a path of the course exists; if it has a * or <angle brackets>, whether its folder does."""
    own = OWN.search(name)
    if own:
        name = name[: own.start()].rpartition("/")[0]
    return (COURSE / name).exists()


@every_text
def test_each_path_exists(path: Path) -> None:
    start = "|".join(FOLDERS)
    named = {
        part for word in commands(path) for part in re.findall(rf"(?<![\w/.])(?:{start})/[^\s:,`]*", word)
    }
    assert sorted(name for name in named if not there(name)) == []


@every_text
def test_each_link_and_each_picture_exists(path: Path) -> None:
    text = read(path)
    targets = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for target in targets:
        file, _, anchor = target.partition("#")
        if "://" not in target:
            there = path.parent / (file or path.name)
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), target


def anchors(path: Path) -> set[str]:
    """What a link to a heading of a Markdown file may name."""
    titles = re.findall(r"(?m)^#+ (.+)$", read(path))
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@every_text
def test_each_make_target_exists(path: Path) -> None:
    targets = set(re.findall(r"(?m)^(\w+):", read(COURSE / "Makefile")))
    assert {name for word in commands(path) for name in re.findall(r"\bmake (\w+)", word)} <= targets


@every_text
def test_each_command_has_the_subcommand_and_the_options_that_are_named(path: Path) -> None:
    from classroom.cli import COMMANDS
    from classroom.cli import parser as classroom
    from lessons.desk.cli import parser as lifecycle

    for word in commands(path):
        for command, subcommand in re.findall(r"^(lifecycle|classroom) ([a-z-]+)", word):
            if command == "classroom":
                assert subcommand in COMMANDS, word
                helped = classroom(subcommand)
            else:
                helped = lifecycle()
            (choices,) = [action.choices for action in helped._actions if isinstance(action.choices, dict)]
            assert subcommand in choices, word
            options = set(re.findall(r"--[a-z-]+", word))
            assert options <= set(choices[subcommand]._option_string_actions), word


@every_text
def test_each_module_and_each_name_in_it_exists(path: Path) -> None:
    for word in commands(path):
        if not re.fullmatch(r"(?:lifecycle|lessons|classroom)(?:\.\w+)+(?:\(\))?", word) or OWN.search(word):
            continue
        parts = word.removesuffix("()").split(".")
        found: object = importlib.import_module(parts[0])
        for number, name in enumerate(parts[1:], 2):
            try:
                found = importlib.import_module(".".join(parts[:number]))
            except ModuleNotFoundError:
                found = getattr(found, name)


@every_text
def test_each_function_that_follows_a_file_is_in_it(path: Path) -> None:
    """Such as `src/lifecycle/context.py`: `run`, `_start`: what a reader looks for in that file."""
    for file, names in re.findall(
        r"`((?:src|tests|tools)/[^`\n]+\.py)`:\s+((?:`[\w.]+`(?:,\s+|\s+and\s+)?)+)", read(path)
    ):
        if OWN.search(file):
            continue
        tree = ast.parse(read(COURSE / file))
        for name in re.findall(r"`([\w.]+)`", names):
            assert defined(tree, name.split(".")), f"{name} is not in {file}"


@every_text
def test_each_name_that_is_in_a_file_is_there(path: Path) -> None:
    """Such as `_HOMES` in `src/lessons/__init__.py`."""
    pairs = re.findall(r"`(\w+)`\s+in\s+`((?:src|tests|tools)/[^`\n]+\.py)`", read(path))
    assert [pair for pair in pairs if not defined(ast.parse(read(COURSE / pair[1])), [pair[0]])] == []
    assert path.stem != "CONTRIBUTING" or len(pairs) > 5


def test_each_method_that_is_named_is_in_the_code() -> None:
    named = {word for word in commands(TEXTS[1]) if re.fullmatch(r"[A-Z]\w*\.\w+", word)}
    known = {name for path in (COURSE / "src").glob("*/**/*.py") for name in methods(path)}
    assert named - known == set()


def methods(path: Path) -> set[str]:
    """The methods of the classes of a module, such as "Probe.leaks"."""
    classes = [node for node in ast.parse(read(path)).body if isinstance(node, ast.ClassDef)]
    return {
        f"{one.name}.{node.name}" for one in classes for node in one.body if isinstance(node, ast.FunctionDef)
    }


def defined(tree: ast.AST, names: list[str]) -> bool:
    """Whether a class, function or name is defined anywhere in a tree; `A.b`: b inside A."""
    for node in ast.walk(tree):
        kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, kinds) and node.name == names[0]:
            return len(names) == 1 or defined(node, names[1:])
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and names == [node.id]:
            return True
    return False


@every_text
def test_each_extra_exists(path: Path) -> None:
    extras = tomllib.loads(read(COURSE / "pyproject.toml"))["project"]["optional-dependencies"]
    assert set(re.findall(r"--extra (\w+)", read(path))) <= set(extras)


def test_the_lines_for_a_hub_are_those_that_the_tool_tries() -> None:
    tried = load("try_places").HUB.strip().splitlines()[:3]
    shown = read(COURSE / "docs/places.md").splitlines()
    assert len(tried) == 3 and tried == [line for line in shown if line.startswith("c.")]


def test_contributing_is_short() -> None:
    assert len(read(COURSE / "CONTRIBUTING.md").splitlines()) <= 320


def test_each_picture_is_one_that_the_tool_takes_and_the_readme_shows_it() -> None:
    tool = load("write_pictures")
    taken = {f"{lab.lower()}-{theme}.png" for lab in tool.LABS for theme in tool.THEMES}
    assert {path.name for path in PICTURES} == taken
    shown = re.findall(r'(?:src|srcset)="docs/pictures/([^"]+)"', read(COURSE / "README.md"))
    assert sorted(shown) == sorted(taken)


@every_picture
def test_a_picture_is_small_and_as_wide_as_the_tool_takes_it(path: Path) -> None:
    assert path.stat().st_size < 200_000
    tool = load("write_pictures")
    with Image.open(path) as picture:
        assert tool.SCALE * tool.WIDTH * 0.7 < picture.width <= tool.SCALE * tool.WIDTH
        assert picture.height > 600


@every_picture
def test_a_picture_has_the_colours_of_its_theme(path: Path) -> None:
    with Image.open(path) as picture:
        corner = picture.convert("L").getpixel((30, picture.height - 30))
    assert isinstance(corner, int)
    assert corner > 200 if path.stem.endswith("light") else corner < 80


def test_the_pictures_are_told_in_words() -> None:
    images = re.findall(r"<img [^>]+>", read(COURSE / "README.md"))
    assert len(images) == len(load("write_pictures").LABS)
    for image in images:
        assert re.search(r'alt="[^"]{60,}"', image), image
