"""`classroom restore`: put a course back from a backup, into a new folder or over what is there now.

Nothing is overwritten silently: first the present course is kept in a backup of its own. The gradebook is not
replaced as a file, because a form grader may have it open: its rows change in one transaction.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classroom.backup import GRADEBOOK, Writer, content, copied, default, listed
from classroom.course import FILE, Course, parsed
from classroom.gradebook import LOCKED, PENDING, alone, damaged
from classroom.making import FOLDERS
from classroom.progress import shown
from classroom.trouble import Trouble
from lessons.desk.workcopy import write
from lessons.words import many


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom restore`."""
    parser.description = (
        "Put a course back from a backup: into a new folder, or, with --replace, over the course that is "
        "there now. It then keeps the present course in a backup of its own."
    )
    parser.add_argument("file", type=Path, metavar="BACKUP", help="a zip file that `classroom backup` wrote")
    parser.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder, or a course folder")
    parser.add_argument("--replace", action="store_true", help="replace the course that is there now")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")


def run(given: argparse.Namespace) -> int:
    """Restore a course, and say what changed."""
    with opened(given.file) as backup:
        said = f"{given.file} has the course {backup.about['course']!r} as of {backup.about['made']}"
        print(f"{said}, {many(len(backup.files), 'file')}.")
        folder: Path = given.folder
        if folder.exists() and not folder.is_dir():
            raise Trouble(f"{folder} is a file: give a folder.")
        if not folder.is_dir() or not any(folder.iterdir()):
            if given.dry_run:
                print(f"A new course would be made in {folder} (--dry-run).")
                return 0
            into_new(backup, folder)
            print(f"The course is in {folder}.")
            return 0
        if not (folder / FILE).is_file():
            raise Trouble(f"{folder} is neither empty nor a course: give a new folder, or a course folder.")
        return over(backup, Course.read(folder), given.replace, given.dry_run)


@dataclass(frozen=True)
class Backup:
    """A backup, open. files: for each path in the course, its entry and the hash of its content."""

    path: Path
    archive: zipfile.ZipFile
    about: dict[str, Any]
    files: dict[str, tuple[str, str]]

    def read(self, path: str) -> bytes:
        """One file's content. Raises `Trouble` if it is damaged."""
        entry, digest = self.files[path]
        try:
            data = self.archive.read(entry)
        except Exception as error:
            # Damage shows in many ways.
            raise Trouble(f"{self.path} is damaged at {path} ({error}): nothing more was changed.") from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise Trouble(f"{self.path} is damaged at {path}: nothing more was changed.")
        return data


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Backup]:
    """A backup. Raises `Trouble` if the file is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            about = listed(archive, path)
            files = {one["path"]: (one["entry"], one["sha256"]) for one in about["files"]}
            if GRADEBOOK not in files or FILE not in files:
                raise Trouble(f"{path} is not a backup of a course: it has no {GRADEBOOK} or no {FILE}.")
            yield Backup(path, archive, about, files)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise Trouble(f"{path} is not a zip file that can be read ({error}).") from None
    except FileNotFoundError:
        raise Trouble(f"There is no file {path}.") from None


def into_new(backup: Backup, folder: Path) -> None:
    """Make a course folder from a backup, completely or not at all."""
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as place:
        stage = Path(place) / "course"
        stage.mkdir()
        for name in FOLDERS:
            (stage / name).mkdir()
        for path in shown(backup.files, len(backup.files), "files"):
            target = stage / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(backup.read(path))
        parsed((stage / FILE).read_text(encoding="utf-8-sig"), stage)
        if folder.exists():
            folder.rmdir()
        stage.rename(folder)


def over(backup: Backup, course: Course, replace: bool, dry: bool) -> int:
    """Replace what is in a course by a backup, after a backup of what is there."""
    with alone(course, pending=False):
        paths, _ = content(course.root)
        now = {path.relative_to(course.root).as_posix(): path for path in paths}
        changed = [path for path in backup.files if path != GRADEBOOK and not _same(backup, path, now)]
        gone = [path for path in now if path not in backup.files]
        newer = sum(path not in now for path in changed)
        print(
            f"{course.root}: {many(len(changed) - newer, 'file')} differ, {newer} are missing, and "
            f"{len(gone)} are not in the backup. The gradebook is replaced, too."
        )
        if dry:
            print("Nothing was changed (--dry-run).")
            return 0
        if not replace:
            raise Trouble(
                f"{course.root} has a course already, and nothing was changed: --replace puts the backup in "
                "its place and keeps what is there now in a backup of its own; or give a new folder."
            )
        kept = default(course, "before-restore")
        had = course.gradebook.is_file()
        _exchange(backup, course, paths, kept)
        for path in shown(changed, len(changed), "files"):
            write(course.root / path, backup.read(path))
        for path in gone:
            now[path].unlink(missing_ok=True)
        (course.state / PENDING).unlink(missing_ok=True)
    before = "The course as it was before is" if had else "It had no gradebook; its other files are"
    print(f"The course is as in the backup. {before} in {kept}.")
    return 0


def _same(backup: Backup, path: str, now: dict[str, Path]) -> bool:
    if path not in now:
        return False
    return hashlib.sha256(now[path].read_bytes()).hexdigest() == backup.files[path][1]


def _exchange(backup: Backup, course: Course, paths: list[Path], kept: Path) -> None:
    """Keep the course in a backup of its own, and give the gradebook the backup's rows.

    The gradebook is locked from its copy to its change, so that no points that a person enters are lost
    between the two.
    """
    with tempfile.TemporaryDirectory(prefix="restore-") as place, contextlib.ExitStack() as within:
        old = Path(place) / GRADEBOOK
        old.write_bytes(backup.read(GRADEBOOK))
        try:
            within.enter_context(copied(old))
        except Trouble:
            raise Trouble(f"The gradebook in {backup.path} is damaged: nothing was changed.") from None
        if not course.gradebook.is_file() and (left := _journals(course.gradebook)):
            raise Trouble(f"{left[0]} belongs to a gradebook that is not there: rename it, too.")
        writer = within.enter_context(Writer(course, kept))
        for path in shown(paths, len(paths), "files kept"):
            writer.add(path)
        if not course.gradebook.is_file():
            write(course.gradebook, old.read_bytes())
            return
        live = within.enter_context(
            contextlib.closing(sqlite3.connect(course.gradebook, timeout=LOCKED, isolation_level=None))
        )
        try:
            live.execute("ATTACH DATABASE ? AS old", (str(old),))
            live.execute("BEGIN IMMEDIATE")
            with copied(course.gradebook) as copy:
                writer.add_gradebook(copy)
            writer.complete()
            _rows(live)
            live.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if not isinstance(error, sqlite3.OperationalError):
                raise damaged(course.gradebook.absolute(), str(error)) from None
            raise Trouble(
                f"The gradebook {course.gradebook} cannot be changed ({error}), and nothing was changed: "
                "close the programs that use it, and run the same command again."
            ) from None


def _journals(gradebook: Path) -> list[Path]:
    """What SQLite keeps beside a gradebook, and would apply to another one of its name."""
    return sorted(gradebook.parent.glob(f"{gradebook.name}-*"))


def _rows(live: sqlite3.Connection) -> None:
    """Give every table of the gradebook the rows of the attached one."""
    query = "SELECT name, sql FROM {}.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    theirs = dict(live.execute(query.format("old")).fetchall())
    mine = dict(live.execute(query.format("main")).fetchall())
    for name in mine:
        live.execute(f'DELETE FROM main."{name}"')
    for name, made in theirs.items():
        if name not in mine:
            live.execute(made)
        columns = ", ".join(f'"{row[1]}"' for row in live.execute(f'PRAGMA old.table_info("{name}")'))
        live.execute(f'INSERT INTO main."{name}" ({columns}) SELECT {columns} FROM old."{name}"')
