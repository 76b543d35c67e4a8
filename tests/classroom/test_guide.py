"""The guide for whoever grades: each command in it is one, and each file that it names is there."""

from __future__ import annotations

import re
import shlex
import zipfile
from pathlib import Path

import coursework
import pytest

from classroom.cli import COMMANDS, main, parser
from classroom.course import FILE, Course
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


def test_the_commands_of_a_term_run_as_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = coursework.make(tmp_path / "course")
    text = course.file.read_text(encoding="utf-8").replace('deadline = ""', 'deadline = "2026-11-30 23:59"')
    rule = next(block for block in re.findall(r"(?s)```\n(.*?)```", GUIDE) if block.startswith("[late]"))
    text = re.sub(r"(?s)\[late\]\n.*?\n\n", lambda _: f"{rule}\n", text)
    course.file.write_text(text, encoding="utf-8")
    monkeypatch.chdir(course.root)
    Path("students.csv").write_text(
        "Login,First name,Last name,E-Mail,ID number\nada,Ada,Lovelace,a@b.org,1\nbob,Bob,Müller,b@b.org,2\n",
        encoding="utf-8",
    )
    Path("worksheet.csv").write_text(
        "Identifier,Full name,Email address,Last modified (submission)\n"
        'Participant 7,Ada Lovelace,a@b.org,"Tuesday, 1 December 2026, 9:00 AM"\n',
        encoding="utf-8-sig",
    )
    with zipfile.ZipFile("submissions.zip", "w") as archive:
        for name in ("Ada Lovelace_7", "Bob Müller_8"):
            archive.writestr(f"{name}_assignsubmission_file/leaks.ipynb", "{}")
    typed = [line for line in TYPED if line.split()[1] in ("roster", "collect", "extend")]
    assert len(typed) >= 10
    for line in typed:
        assert main(shlex.split(line)[1:]) == 0, (line, capsys.readouterr())
    assert Course.read(course.root).late.budget == 3
    stamp = course.submitted("ada", "leaks").with_name("timestamp.txt")
    assert stamp.read_text(encoding="utf-8") == "2026-12-01 09:00:00 UTC\n"


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
