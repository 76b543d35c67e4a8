"""`classroom backup`: a course in one zip file, complete and consistent, also while a form grader is open.

The gradebook is copied last, by SQLite itself. A record is written after its grade, so every record in a
backup has its grade there, too.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import sqlite3
import tempfile
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from classroom.course import STATE, Course, add_option
from classroom.gradebook import LOCKED, PENDING, alone, damaged
from classroom.intake import printable
from classroom.progress import shown
from classroom.trouble import Trouble
from lessons.words import many

FORMAT = 1
"""The format of a backup that this edition reads and writes."""

MANIFEST = "backup.json"
"""The entry of a backup that lists all others, each with a hash of its content."""

GRADEBOOK = "gradebook.db"

PASSED_OVER = ("__pycache__", ".ipynb_checkpoints")
"""Folders that are not part of a course."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom backup`."""
    parser.description = (
        "Write the whole course into one zip file: gradebook, submissions, records, solutions, settings. "
        "It can run while the form grader is open. `classroom restore` puts it back."
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="a new zip file (default: beside the course folder)",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be kept, and write nothing")
    add_option(parser)


def run(given: argparse.Namespace) -> int:
    """Write a backup, and say what is in it."""
    course = Course.read(given.course)
    target = given.file or default(course, "backup")
    if target.suffix.lower() != ".zip":
        raise Trouble(f"{target} is not a zip file: give a name that ends in .zip.")
    new(target)
    with contextlib.ExitStack() as within:
        if (course.state / PENDING).exists():
            raise Trouble("A `classroom student` command was interrupted: run it again before the backup.")
        try:
            within.enter_context(alone(course))
        except Trouble:
            print("A grading is running: what it grades from now on is not in this backup.")
        paths, odd = content(course.root)
        for line in odd:
            print(line)
        size = sum(path.stat().st_size for path in paths) / 1e6
        if given.dry_run:
            print(f"{many(len(paths) + 1, 'file')}, {size:.1f} MB, would be kept in {target} (--dry-run).")
            return 0
        with Writer(course, target) as writer:
            for path in shown(paths, len(paths), "files"):
                writer.add(path)
            with copied(course.gradebook) as copy:
                writer.add_gradebook(copy)
    kept = target.stat().st_size / 1e6
    print(f"{many(len(paths) + 1, 'file')}, {size:.1f} MB, are kept in {target} ({kept:.1f} MB).")
    print("It holds the students' data and the solutions: keep it as private as the course.")
    return 0


def default(course: Course, word: str) -> Path:
    """A new name for a backup, beside the course folder."""
    root = course.root.absolute()
    stem = f"{root.name}-{word}-{datetime.now():%Y-%m-%d-%H%M%S}"
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(place for name in names if not (place := root.parent / f"{name}.zip").exists())


def new(target: Path) -> None:
    """Raise `Trouble` if a file is in the way."""
    if target.exists():
        raise Trouble(f"{target} exists already, and a backup overwrites nothing: give another name.")


def content(root: Path) -> tuple[list[Path], list[str]]:
    """All files of a course but the gradebook, and a sentence about each thing that cannot be kept."""
    files: list[Path] = []
    odd: list[str] = []
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(one for one in folders if one not in PASSED_OVER)
        if here == root:
            folders[:] = [one for one in folders if not one.startswith(f"{STATE}.")]
        if here == root / STATE:
            folders[:] = []  # what waits there to be put in place is made again
        for name in sorted(names + [one for one in folders if (here / one).is_symlink()]):
            path = here / name
            inside = path.relative_to(root)
            if path.is_symlink() or not path.is_file():
                odd.append(f"{printable(str(inside), 200)} is not a plain file, and is left out.")
            elif inside.parts[0].startswith(GRADEBOOK) or inside.as_posix() == "records/.lock":
                continue
            else:
                files.append(path)
    return files, odd


class Writer:
    """Writes a backup; a context manager. The file appears when it is complete."""

    def __init__(self, course: Course, target: Path) -> None:
        self.course, self.target = course, target
        self.fresh = target.with_name(f".{target.name}.new")
        self.entries: list[dict[str, str]] = []
        self._within = contextlib.ExitStack()

    def __enter__(self) -> Writer:
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            # A backup is private, whatever the umask.
            handle = os.open(self.fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise Trouble(f"{self.target} cannot be written: {error.strerror or error}.") from None
        stream = self._within.enter_context(open(handle, "wb"))
        self.archive = self._within.enter_context(zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED))
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is None:
            self.complete()
        self._within.close()
        self.fresh.unlink(missing_ok=True)

    def complete(self) -> None:
        """Put the file in place; nothing can be added after that."""
        if not self.fresh.exists():
            return
        about = {
            "format": FORMAT,
            "course": self.course.name,
            "made": datetime.now().astimezone().isoformat(timespec="seconds"),
            "files": self.entries,
        }
        self.archive.writestr(MANIFEST, json.dumps(about, indent=1))
        self._within.close()
        os.replace(self.fresh, self.target)

    def add(self, path: Path) -> None:
        """Add one file of the course; a file that is gone meanwhile is left out."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return
        self._put(path.relative_to(self.course.root).as_posix(), data, zipfile.ZIP_DEFLATED)

    def add_gradebook(self, copy: Path) -> None:
        """Add a copy of the gradebook. It is stored as it is, because that is fast."""
        self._put(GRADEBOOK, copy.read_bytes(), zipfile.ZIP_STORED)

    def _put(self, inside: str, data: bytes, how: int) -> None:
        # A name that is not text cannot be a name in a zip file.
        plain = inside.encode("utf-8", "replace").decode() == inside and "\\" not in inside
        entry = f"course/{inside}" if plain else f"named/{len(self.entries)}"
        self.entries.append({"path": inside, "entry": entry, "sha256": hashlib.sha256(data).hexdigest()})
        self.archive.writestr(zipfile.ZipInfo(entry, time.localtime()[:6]), data, how)


@contextlib.contextmanager
def copied(gradebook: Path) -> Iterator[Path]:
    """A consistent copy of a gradebook, which others may use meanwhile.

    Raises `Trouble` if there is no gradebook, if it is damaged, or if it stays locked.
    """
    if not gradebook.is_file():
        raise Trouble(f"There is no gradebook {gradebook.absolute()}: put it back from a backup.")
    with tempfile.TemporaryDirectory(prefix="gradebook-") as place:
        copy = Path(place) / GRADEBOOK
        until = time.monotonic() + LOCKED

        def waiting(status: int, remaining: int, total: int) -> None:
            if time.monotonic() > until:
                raise TimeoutError

        try:
            with (
                contextlib.closing(sqlite3.connect(gradebook, timeout=LOCKED)) as source,
                contextlib.closing(sqlite3.connect(copy)) as target,
            ):
                source.backup(target, progress=waiting)
                sound = [row[0] for row in target.execute("PRAGMA integrity_check(1)")]
        except TimeoutError:
            raise Trouble(
                f"The gradebook {gradebook} is locked by another program for more than {LOCKED:.0f} s: close "
                "it, and run the same command again."
            ) from None
        except sqlite3.DatabaseError as error:
            raise damaged(gradebook.absolute(), str(error)) from None
        if sound != ["ok"]:
            raise damaged(gradebook.absolute(), sound[0])
        yield copy


def listed(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    """What a backup says of itself. Raises `Trouble` if it is not a backup of this format."""
    from classroom.trouble import same_format

    try:
        about = dict(json.loads(archive.read(MANIFEST)))
        for one in about["files"]:
            parts = one["path"].split("/")
            if ".." in parts or "" in parts or "\0" in one["path"]:
                raise ValueError(f"a name {printable(one['path'], 80)}")
            archive.getinfo(one["entry"])
    except Exception as error:
        # Damage shows in many ways: a stream that does not unpack, JSON of another shape.
        raise Trouble(f"{path} is not a backup of a course ({printable(str(error), 120)}).") from None
    same_format(path, about.get("format"), FORMAT)
    return about
