"""The command `classroom`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from classroom.private import private
from classroom.trouble import Trouble

COMMANDS = {
    "course": ("classroom.making", "make a private course from the kit, or update it"),
    "exercise": ("classroom.scaffold", "begin an exercise of your own, or test its check"),
    "student-kit": ("classroom.kit", "pack the kit for students and hub images"),
    "matrix": ("classroom.matrix", "test the checks with right and wrong solutions"),
    "doctor": ("classroom.doctor", "test whether this machine can grade safely, and say what is missing"),
    "roster": ("classroom.roster", "take the students from a learning platform's table"),
    "collect": ("classroom.collect", "put what a platform collected where it is graded"),
    "extend": ("classroom.extend", "give students more time for an assignment"),
    "grade": ("classroom.grade", "grade an assignment's submissions in the sandbox"),
    "regrade": ("classroom.regrade", "grade again after a check was fixed, and show what changed"),
    "replay": ("classroom.replay", "judge one answer again exactly as it was graded, for an appeal"),
    "student": ("classroom.student", "rename, merge, remove or anonymise a student, everywhere"),
    "backup": ("classroom.backup", "keep the whole course in one zip file"),
    "restore": ("classroom.restore", "put a course back from a backup"),
    "graders": ("classroom.graders", "divide the open answers among several people, and say who graded what"),
    "feedback": ("classroom.feedback", "write one page of feedback per student"),
    "export": ("classroom.export", "write the grades as a table, or fill a column of another one"),
    "report": ("classroom.report", "show how the class did: grades and misconceptions"),
}
"""Each command's module and one line about it.

Each module has two functions. `configure(parser)` adds the command's options, and may set a longer
description. `run(arguments)` returns the exit code. A module is imported only when its command is used.
"""

FOR_OTHERS = ("student-kit",)
"""Commands whose files are handed to others; the files of all other commands are private."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, or 1 after one sentence about what stopped it, or 130 after
    Ctrl-C.

    Raises `SystemExit` as argparse does: 0 after --help, 2 when the command line is wrong.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        given = parser(words[0] if words else "").parse_args(words)
        with _private(given):
            return int(given.run(given))
    except Trouble as trouble:
        print(f"classroom: {trouble}", file=sys.stderr)
        return 1
    except OSError as error:
        # A full disk, for example, can stop a command at any point.
        print(f"classroom: {_refused(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nclassroom: stopped.", file=sys.stderr)
        return 130


def _private(given: argparse.Namespace) -> contextlib.AbstractContextManager[None]:
    """What keeps the files of a command private; a student kit is meant for others."""
    root = getattr(given, "course", None) or getattr(given, "folder", None)
    if not isinstance(root, Path) or given.open_to_all:
        return contextlib.nullcontext()
    return private(root)


def _refused(error: OSError) -> str:
    """One sentence about what the system refused."""
    of = f"{error.filename}: " if error.filename else ""
    return f"{of}{error.strerror or error}. Everything done before is kept; run the same command again."


def parser(command: str = "") -> argparse.ArgumentParser:
    """All commands, and the options of `command`.

    Raises `Trouble` when `command` cannot be imported here.
    """
    top = argparse.ArgumentParser(
        prog="classroom", description="Make a course on resource lifecycles, release it and grade it."
    )
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (module, line) in COMMANDS.items():
        # A command whose module does not exist is not offered.
        if find_spec(module) is None:
            continue
        options = commands.add_parser(name, help=line, description=f"{line[0].upper()}{line[1:]}.")
        if name == command:
            loaded = _load(name, module)
            loaded.configure(options)
            options.set_defaults(run=loaded.run, open_to_all=name in FOR_OTHERS)
    return top


def _load(name: str, module: str) -> ModuleType:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("classroom", "lessons", "lifecycle"):
            raise
        raise Trouble(
            f"`classroom {name}` needs {missing}, which is not installed here: install the course with its "
            "extra: `pip install -c constraints.txt -e '.[classroom]'`."
        ) from None


if __name__ == "__main__":
    raise SystemExit(main())
