"""The guide for whoever grades: each command in it is one, and each file that it names is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from classroom.cli import COMMANDS, parser
from classroom.course import FILE
from classroom.making import FOLDERS

COURSE = Path(__file__).resolve().parents[2]
GUIDE = (COURSE / "exercises/GRADING.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"(?s)```\n(.*?)```", GUIDE) for line in block.splitlines()]
TYPED = [line for line in LINES if line.startswith("classroom ")]


@pytest.mark.parametrize("line", TYPED)
def test_a_command_is_understood(line: str) -> None:
    words = shlex.split(line)[1:]
    assert words[0] in COMMANDS
    assert parser(words[0]).parse_args(words).run


def test_every_way_from_course_to_grades_is_told() -> None:
    told = {line.split()[1] for line in TYPED}
    assert told >= COMMANDS.keys() - {"matrix"}
    # Some commands have commands of their own, each with its options.
    starts = {tuple(word for word in line.split()[1:3] if not word.startswith("-")) for line in TYPED}
    options = "".join(_help(*words) for words in starts)
    for option in re.findall(r"`(--[a-z-]+)", GUIDE):
        assert option in options, option


def test_the_folders_of_a_course_are_told() -> None:
    table = "".join(line for line in GUIDE.splitlines() if line.startswith("|"))
    for name in (FILE, *FOLDERS):
        assert name in table, name


def _help(*words: str) -> str:
    """The options of one command."""
    with pytest.raises(SystemExit) as ended, pytest.MonkeyPatch.context() as patched:
        said: list[str] = []
        patched.setattr("sys.stdout.write", said.append)
        parser(words[0]).parse_args([*words, "--help"])
    assert ended.value.code == 0
    return "".join(said)
