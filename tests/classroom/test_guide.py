"""The guide for whoever grades: each command in it runs as it is written, and shows what the guide shows."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import coursework
import gradings
import pytest

from classroom.cli import COMMANDS, main, parser
from classroom.course import FILE, TLS, Course
from classroom.making import FOLDERS
from classroom.sandbox import available

COURSE = Path(__file__).resolve().parents[2]
GUIDE = (COURSE / "exercises/GRADING.md").read_text(encoding="utf-8")
FENCED = [(found[1], found[2], *found.span()) for found in re.finditer(r"(?ms)^```(\w*)\n(.*?)^```$", GUIDE)]
PROSE = re.sub(r"(?ms)^```.*?^```$", "", GUIDE)
INLINE = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", PROSE)]
SETTINGS = [text for kind, text, *_ in FENCED if kind == "toml"]


def steps() -> Iterator[tuple[list[str], list[str]]]:
    """The lines to type of each block, and the lines that the block after it shows."""
    for number, (kind, text, _, end) in enumerate(FENCED):
        if kind:
            continue
        after = FENCED[number + 1] if number + 1 < len(FENCED) else ("", "", 0, 0)
        shown = after[1] if after[0] == "text" and not GUIDE[end : after[2]].strip() else ""
        yield text.splitlines(), shown.splitlines()


TYPED = [line for lines, _ in steps() for line in lines if line.startswith("classroom ")]

ROLES = ("client", "scheduler", "worker")
"""Who shows a certificate in a Dask cluster, as Dask names them."""

LONG = {"doctor", "course", "student-kit", "exercise", "matrix", "grade", "regrade", "replay"}
"""Commands that need the whole kit or a sandbox."""


@pytest.mark.parametrize("line", dict.fromkeys(TYPED))
def test_a_command_is_understood(line: str) -> None:
    words = shlex.split(line)[1:]
    assert words[0] in COMMANDS
    assert parser(words[0]).parse_args(words).run


def test_every_way_from_course_to_grades_is_told() -> None:
    assert {line.split()[1] for line in TYPED} == COMMANDS.keys()
    # Some commands have commands of their own, each with its options.
    starts = {tuple(word for word in line.split()[1:3] if not word.startswith("-")) for line in TYPED}
    options = {words: _help(*words) for words in starts}
    for code in INLINE:
        command = re.match(r"classroom ([a-z-]+)", code)
        assert not command or command[1] in COMMANDS, code
        told = "".join(text for words, text in options.items() if not command or words[0] == command[1])
        for option in re.findall(r"(?<!\S)--[a-z-]+", code):
            assert option in f"{told} --help", code


def test_the_contents_name_each_section() -> None:
    titles = re.findall(r"(?m)^##+ (.+)$", PROSE)
    anchors = [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles]
    contents = GUIDE.partition("## Contents")[2].partition("\n## ")[0]
    assert [*re.findall(r"\]\(#([^)]+)\)", contents)] == [one for one in anchors if one != "contents"]
    assert {*re.findall(r"\]\(#([^)]+)\)", GUIDE)} <= {*anchors}


def test_the_commands_of_a_term_run_as_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that need neither the whole kit nor a sandbox; a grading is written by hand."""
    course = coursework.make(tmp_path / "pipes26")
    monkeypatch.chdir(course.root)
    _prepare(course, course.release("leaks"))

    def graded() -> None:
        full = {id: gradings.worth(id) for id in coursework.IDS}
        gradings.enter(course, "ada", full, answers={"leaks-open": "I am Ada."})
        gradings.enter(course, "bob", {})

    def stamped() -> None:
        stamp = course.submitted("ada", "leaks").with_name("timestamp.txt")
        assert stamp.read_text(encoding="utf-8") == "2026-12-01 09:00:00 UTC\n"

    before = {"classroom grade": graded, "classroom extend": stamped}
    _walk(monkeypatch, capsys, lambda line: line.split()[1] not in LONG, before)
    assert Course.read(course.root).late.budget == 3


@pytest.mark.deep
@pytest.mark.skipif(not available()[0], reason=f"no sandbox: {available()[1]}")
def test_the_guide_leads_from_nothing_to_grades(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command, from the first to the last, with the kit's own exercises."""
    (tmp_path / "lifecycle").mkdir()
    monkeypatch.chdir(tmp_path / "lifecycle")
    # The group of the guide is not on this machine.
    monkeypatch.setattr("classroom.private.group_id", lambda name: os.getgid())

    def made() -> None:
        course = Course.read(Path.cwd())
        _prepare(course, course.source("leaks"))

    within = contextlib.ExitStack()
    clustered = partial(_clustered, monkeypatch, within)
    try:
        before = {"classroom course . --update": made, "openssl": clustered}
        _walk(monkeypatch, capsys, lambda line: True, before)
    finally:
        within.close()
        # Other tests know the kit's exercises alone.
        import_module("lessons.exercises.exercise")._exercises.pop("leaks-x101", None)
        sys.modules.pop("leaks_x101.check", None)


def _walk(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wanted: Callable[[str], bool],
    before: dict[str, Callable[[], None]],
) -> None:
    """Type each wanted command of the guide, in order, and compare what it prints with what the guide shows.

    before: what happens, once, before a command that begins so, wanted or not.
    """
    waiting = {"classroom student merge": _twice, **before}
    for lines, shown in steps():
        typed = [line for line in lines if line.startswith("classroom ")]
        for line in lines:
            for start in [one for one in waiting if line.startswith(one)]:
                waiting.pop(start)()
            if line in typed and wanted(line):
                assert main(shlex.split(line)[1:]) == 0, (line, capsys.readouterr())
            elif line.startswith("cd ../") and wanted(lines[0]):
                monkeypatch.chdir(line.removeprefix("cd "))
        printed = capsys.readouterr().out
        if all(wanted(line) for line in typed):
            _compare(shown, printed)
    assert not waiting


def _compare(shown: list[str], printed: str) -> None:
    """Each line that is shown was printed, in this order; … is any text."""
    rest = iter(printed.splitlines())
    for line in shown:
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        assert line == "…" or any(re.fullmatch(pattern, one) for one in rest), (line, printed)


def _prepare(course: Course, answered: Path) -> None:
    """The settings that the guide shows, and the files that a platform exports."""
    deadline, late, dask = SETTINGS
    text = course.file.read_text(encoding="utf-8")
    text = text.replace('[assignments.leaks]\ndeadline = ""\n', deadline)
    text = re.sub(r"(?s)\[late\]\n.*?\n\n", lambda _: f"{late}\n", text)
    assert deadline in text and late in text
    course.file.write_text(f"{text}\n{dask}", encoding="utf-8")
    Path("students.csv").write_text(
        "Username,First name,Last name,Email address,ID number,Groups\n"
        "ada,Ada,Lovelace,ada@example.org,1001,Monday\n"
        "bob,Bob,Müller,bob@example.org,1002,Tuesday\n"
        "cem,Cem,Aydin,cem@example.org,1003,Tuesday\n",
        encoding="utf-8",
    )
    Path("worksheet.csv").write_text(
        "Identifier,Full name,Email address,Last modified (submission)\n"
        'Participant 7,Ada Lovelace,ada@example.org,"Tuesday, 1 December 2026, 9:00 AM"\n',
        encoding="utf-8-sig",
    )
    Path("moodle.csv").write_text(
        "Full name,Email address,Assignment: leaks (Real)\n"
        "Ada Lovelace,ada@example.org,\nBob Müller,bob@example.org,\nCem Aydin,cem@example.org,\n",
        encoding="utf-8",
    )
    with zipfile.ZipFile("submissions.zip", "w") as archive:
        archive.write(answered, "Ada Lovelace_7_assignsubmission_file/leaks.ipynb")
        archive.write(course.release("leaks"), "Bob Müller_8_assignsubmission_file/leaks.ipynb")
    Path("handed-in").mkdir()
    Path("handed-in/ada.jsonl").touch()


def _clustered(monkeypatch: pytest.MonkeyPatch, within: contextlib.ExitStack) -> None:
    """Make the key of the guide, and start a cluster that has it, at another address than the guide's."""
    import distributed

    (line,) = [line for lines, _ in steps() for line in lines if line.startswith("openssl ")]
    subprocess.run(shlex.split(line), check=True, capture_output=True)
    files = Course.read(Path.cwd()).tls
    parts = {f"tls_{role}_{part}": str(files[part]) for role in ROLES for part in TLS[1:]}
    security = distributed.Security(tls_ca_file=str(files["ca"]), **parts)
    told: dict[str, Any] = {"protocol": "tls://", "security": security, "dashboard_address": None}
    local = distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, **told)
    there = within.enter_context(local).scheduler_address
    client = distributed.Client
    monkeypatch.setattr(distributed, "Client", lambda address, **given: client(there, **given))


def _twice() -> None:
    """A student is there twice: once in the roster, once with work."""
    course = Course.read(Path.cwd())
    there = course.submitted("cem2", "leaks")
    there.parent.mkdir(parents=True)
    shutil.copyfile(course.release("leaks"), there)


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
