"""The desk: a working copy of the lessons and exercises that a student may edit.

Git holds the notebooks executed, with the answers under the questions.  The desk holds them cleared,
and it belongs to the student: an edited file is never overwritten, and a newer edition is put beside it.
"""

from __future__ import annotations

import contextlib
import copy
import errno
import hashlib
import itertools
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lessons.versions import OtherVersion, check
from lessons.words import many

SHELVES = ("notebooks", "exercises/release")
"""The folders of the course that are copied to the desk, under the same names, so that links work."""

STATE = ".lifecycle"
"""The kit's own folder on a desk: the record of what was copied, Lab's settings and its open tabs."""

VERSION = 1
"""The version of the format of a desk's record."""

NOT_FOR_STUDENTS = {"TEACHING.md"}

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""The errors that damaged or unexpected JSON raises."""


class Trouble(Exception):
    """An error that stops a command, as one sentence for the person at the keyboard."""


@dataclass
class Report:
    """The result of `lay`, file by file, as paths below the desk."""

    laid: list[str] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)
    beside: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """The report in words; empty if nothing changed.

        >>> print(*Report(laid=["a", "b"], beside=[("a.csv", "a (new edition).csv")]).sentences(), sep="\\n")
        Copied 2 files to the desk.
        You edited a.csv, so it was not changed; the new edition is beside it: a (new edition).csv
        """
        said = []
        if self.laid:
            said.append(f"Copied {many(len(self.laid), 'file')} to the desk.")
        if self.renewed:
            said.append(f"Updated {many(len(self.renewed), 'file')} that you had not edited.")
        said += [
            f"You edited {path}, so it was not changed; the new edition is beside it: {beside}"
            for path, beside in self.beside
        ]
        return said + self.problems


def course() -> Path:
    """The folder that holds this course: the checkout from which `lifecycle` is installed.

    Raises `Trouble` if the package was installed without its notebooks.
    """
    root = Path(__file__).resolve().parents[3]
    if not (root / "notebooks").is_dir():
        raise Trouble(
            f"The lessons are not beside the package (no folder {root / 'notebooks'}): "
            "install from a clone of the course with `pip install -e .`, or use `make lab` there."
        )
    return root


def lessons(root: Path) -> list[str]:
    """The numbered notebooks of the course at `root` in their order, as paths below it."""
    return [path.relative_to(root).as_posix() for path in sorted((root / "notebooks").glob("[0-9]*.ipynb"))]


def lay(source: Path, desk: Path) -> Report:
    """Copy the course at `source` to `desk` and return a `Report`.

    A missing file is copied. A file without edits is brought up to date. An edited file is kept, and a newer
    edition of it is put beside it, once. A file counts as edited if it differs from the desk's record of what
    was copied. So losing the record does not lose any work. A record of another version is set aside. A
    damaged notebook in the course is reported and left out.

    Raises `Trouble` if the desk cannot be written or something is in the way.
    """
    refuse_course(source, desk)
    report = Report()
    place = desk / STATE / "record.json"
    try:
        record = Record.read(place)
    except OtherVersion as other:
        record = Record(place)
        report.problems.append(f"{other} It is kept as {_set_aside(place)}. No file of yours was changed.")
    try:
        for path in _files(source):
            try:
                edition = prepared(source / path)
            except Trouble as trouble:
                report.problems.append(str(trouble))
            else:
                _lay_one(desk, path, edition, record, report)
    except Trouble:
        # The next attempt knows that the files copied so far are not edited.
        with contextlib.suppress(Trouble):
            record.write()
        raise
    record.write()
    return report


def prepared(path: Path) -> bytes:
    """The bytes of `path` for the copy: a notebook loses outputs, counts and stored widget state.

    Raises `Trouble` if the file cannot be read or is not a notebook.
    """
    try:
        stored = path.read_bytes()
    except OSError as error:
        raise Trouble(f"{path} cannot be read: {_reason(error)}.") from error
    return _cleared(path, stored) if path.suffix == ".ipynb" else stored


def refuse_course(source: Path, desk: Path) -> None:
    """Raise `Trouble` if `desk` is the course at `source` itself, or in a folder that is copied from it."""
    root, chosen = source.resolve(), desk.resolve()
    inside = any(chosen.is_relative_to(root / shelf) for shelf in SHELVES)
    if chosen == root or inside:
        raise Trouble(f"{desk} belongs to the course itself: choose another folder.")


def write(path: Path, content: bytes, lasting: bool = True) -> None:
    """Write `content` to `path` completely or not at all, and make its folders.

    lasting: return when it is on the disk, so that a power cut cannot undo it.

    Raises `Trouble` if the folder cannot be written or something is in the way.
    """
    with _written(path, content, lasting) as new:
        os.replace(new, path)


def find(lessons: list[str], wanted: str) -> str:
    """The lesson that is meant: by its number, its name, or the beginning of a word of its name.

    >>> course = ["notebooks/00_start_here.ipynb", "notebooks/02_descriptors.ipynb"]
    >>> find(course, "02"), find(course, "descriptors") == find(course, "02_descriptors.ipynb")
    ('notebooks/02_descriptors.ipynb', True)

    Raises `Trouble` unless exactly one lesson fits.
    """
    names = {Path(path).stem: path for path in lessons}
    beginning = Path(wanted).name.removesuffix(".ipynb")
    fitting = [path for name, path in names.items() if beginning and f"_{beginning}" in f"_{name}"]
    if len(fitting) == 1:
        return fitting[0]
    said = "fits several lessons" if fitting else "is not a lesson"
    raise Trouble(f"{wanted!r} {said}: choose one of {', '.join(names)}.")


def reset(source: Path, desk: Path, wanted: str) -> list[str]:
    """Reset one lesson on `desk` to the version in the course at `source`. Returns what was done, in words.

    An edited lesson is kept beside the new one. Raises `Trouble` for an unknown lesson, for a folder that is
    not a desk, and if the desk cannot be written. Then nothing has changed.
    """
    path = find(lessons(source), wanted)
    refuse_course(source, desk)
    place = desk / STATE / "record.json"
    if not place.is_file():
        raise Trouble(f"{desk} is not a desk with lessons: `lifecycle lab` makes one (--desk DIR).")
    edition = prepared(source / path)
    try:
        record = Record.read(place)
    except OtherVersion as other:
        raise Trouble(f"{other} Start `lifecycle lab` once, then try again.") from other
    now, new = _hash_at(desk / path), _hash(edition)
    if now == new:
        return [f"{path} has no edits or outputs. Nothing was changed."]
    said = [f"{path} was reset."]
    if now in (None, record.laid.get(path)):
        write(desk / path, edition)
    else:
        kept = _exchanged(desk, path, edition)
        if kept:
            said += [f"Your edited version is kept beside it: {kept}", _IF_OPEN]
    record.laid[path] = new
    record.beside.pop(path, None)
    record.write()
    return said


_IF_OPEN = (
    "If the lesson is open in JupyterLab, its tab still shows the old version. To see the new version, "
    "choose File, then “Reload Notebook from Disk”. If JupyterLab asks about a changed file, choose Revert."
)


def _exchanged(desk: Path, path: str, edition: bytes) -> str | None:
    """Put an edition in the place of a file, and return the name under which the file is kept beside it.

    None if there is nothing to keep, because another reset put the edition there in the meantime.
    """
    with _written(desk / path, edition) as new:
        kept = _claimed(desk, path)
        try:
            os.replace(desk / path, kept)
        except BaseException as error:
            kept.unlink()
            if isinstance(error, FileNotFoundError):
                raise Trouble(f"{path} was moved by another program just now: try again.") from error
            raise
        try:
            mine = kept.read_bytes() != edition
            os.replace(new, desk / path)
        except BaseException:
            os.replace(kept, desk / path)
            raise
        if mine:
            return kept.relative_to(desk).as_posix()
        kept.unlink()
    return None


def _claimed(desk: Path, path: str) -> Path:
    """An empty file beside `path` under a name that was free: two resets at once get different names."""
    stem, dot, suffix = path.rpartition(".")
    mark, number = "", 1
    while True:
        name = desk / f"{stem} (edited{mark}){dot}{suffix}"
        with contextlib.suppress(FileExistsError):
            name.touch(exist_ok=False)
            return name
        number += 1
        mark = f" {number}"


@contextlib.contextmanager
def _written(path: Path, content: bytes, lasting: bool = True) -> Iterator[str]:
    """A file with this content beside `path`, for the block to put in place; deleted if the block fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
        try:
            with open(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                if lasting:
                    os.fsync(stream.fileno())
            os.chmod(name, 0o666 & ~_umask())
            yield name
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise _trouble(path, error) from error


@dataclass
class Record:
    """What this kit copied to a desk: the hash of each copied file, and of the last edition put beside it."""

    path: Path
    laid: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Record:
        """The record at `path`; an empty one if there is none, or if it is damaged.

        Raises `OtherVersion` for a record that another edition of the kit wrote.
        """
        try:
            stored = json.loads(path.read_bytes())
            check(path, stored.get("version"), VERSION)
            laid, beside = stored["laid"], stored["beside"]
            if not all(isinstance(word, str) for table in (laid, beside) for word in table.values()):
                return cls(path)
        except (OSError, *_UNREADABLE):
            return cls(path)
        return cls(path, laid, beside)

    def write(self) -> None:
        """Store the record, completely or not at all."""
        text = json.dumps(
            {"version": VERSION, "laid": self.laid, "beside": self.beside}, indent=1, sort_keys=True
        )
        write(self.path, (text + "\n").encode())


def _lay_one(desk: Path, path: str, edition: bytes, record: Record, report: Report) -> None:
    target, new = desk / path, _hash(edition)
    now = _hash_at(target)
    if now is not None and now not in (new, record.laid.get(path)):
        # The file was edited. An edition that the student started from, or has beside it already, is not new.
        if new not in (record.laid.get(path), record.beside.get(path)):
            beside = _free_name(desk, path, new, record)
            write(desk / beside, edition)
            record.laid[beside] = record.beside[path] = new
            report.beside.append((path, beside))
        return
    if now != new:
        write(target, edition)
        (report.laid if now is None else report.renewed).append(path)
    record.laid[path] = new
    record.beside.pop(path, None)


def _set_aside(path: Path) -> Path:
    """Give the file at `path` a name that is free, and return it."""
    names = (path.with_stem(f"{path.stem} (set aside {number})") for number in itertools.count(1))
    free = next(name for name in names if not name.exists())
    try:
        path.rename(free)
    except OSError as error:
        raise _trouble(path, error) from error
    return free


def _free_name(desk: Path, path: str, new: str, record: Record) -> str:
    """A name beside `path` that does not belong to a file of the student."""
    stem, dot, suffix = path.rpartition(".")
    number = 1
    while True:
        mark = " (new edition)" if number == 1 else f" (new edition {number})"
        name = f"{stem}{mark}{dot}{suffix}" if dot else f"{suffix}{mark}"
        if _hash_at(desk / name) in (None, new, record.laid.get(name)):
            return name
        number += 1


def _files(source: Path) -> Iterator[str]:
    """Every file to copy, as a path below `source`, in a fixed order, without hidden and cache folders."""
    for shelf in SHELVES:
        for path in sorted((source / shelf).rglob("*")):
            inside = path.relative_to(source)
            hidden = any(part.startswith((".", "__")) for part in inside.parts)
            if path.is_file() and not hidden and path.name not in NOT_FOR_STUDENTS:
                yield inside.as_posix()


def _cleared(path: Path, stored: bytes) -> bytes:
    # Imported here: reading a desk record or a report needs no nbformat.
    import nbformat

    try:
        notebook: dict[str, Any] = json.loads(stored)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # A copy, because the validator adds random cell ids, and an edition must have one hash.
            nbformat.validate(copy.deepcopy(notebook), version=4)
    except (*_UNREADABLE, nbformat.ValidationError) as error:
        first = (str(error).splitlines() or ["empty"])[0].rstrip(".")
        raise Trouble(
            f"{path} is damaged and was left out: it is not a notebook ({first}). "
            "Restore it with `git checkout` and start again."
        ) from error
    for cell in notebook["cells"]:
        cell["metadata"].pop("execution", None)
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    notebook["metadata"].pop("widgets", None)
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hash_at(path: Path) -> str | None:
    """The hash of the file at `path`, or None if there is none."""
    if path.is_dir():
        raise Trouble(f"{path} is a folder, and the desk needs a file of that name: rename it, start again.")
    try:
        return _hash(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _trouble(path, error) from error


def _trouble(path: Path, error: OSError) -> Trouble:
    """Why `path` could not be written, and what to do about it."""
    blocked = next((place for place in (path, *path.parents) if place.exists()), path)
    if error.errno in (errno.ENOTDIR, errno.EEXIST) or (blocked != path and not blocked.is_dir()):
        return Trouble(f"{blocked} is a file, and the desk needs a folder there: rename it, start again.")
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return Trouble(
            f"The disk is full: {path} was not written. Your files are unchanged. Free some space."
        )
    if sys.platform == "win32" and isinstance(error, PermissionError) and path.is_file():
        # Windows replaces no file that a program has open, as Excel keeps a CSV file.
        return Trouble(f"{path} is open in another program: close it there, and start again.")
    return Trouble(
        f"The desk cannot be written: {path}: {_reason(error)}. Choose a folder that you may write to."
    )


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _umask() -> int:
    # The only portable way to read it is to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
