"""The files of a platform's download: a zip file or a folder, read without trusting it.

Nothing is ever unpacked: a file's bytes are read when they are wanted, up to a limit, and the names in an
archive are only looked at. So no name can lead out of a folder, and a small archive cannot fill the disk.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import struct
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from classroom.intake import HUGE, JUNK, Refused, printable, read
from classroom.trouble import Trouble

MOST = 200_000
"""How many files a download may have."""

DEEP = 20
"""How many folders a file of a download may be in."""

LONG = 1_000
"""How many characters the whole name of a file in an archive may have."""

KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How platforms pack files. Of the other kinds, zipfile unpacks far more at once than was asked for."""


@dataclass(frozen=True)
class File:
    """A file of a download: its folders and its name, and its time, if it has one.

    read: gives its bytes; raises `Refused` for what is too large, damaged, locked or not a plain file.
    """

    path: tuple[str, ...]
    time: datetime | None
    read: Callable[[], bytes]

    @property
    def name(self) -> str:
        """The whole name, printable."""
        return printable("/".join(self.path), 160)


@contextlib.contextmanager
def opened(place: Path, zone: tzinfo) -> Iterator[tuple[list[File], list[str]]]:
    """The files of a download, and a sentence about each entry that is not used.

    zone: the time zone of times that a zip file stores without one.

    Raises `Trouble` if it is neither a folder nor a zip file, or has too many files.
    """
    if place.is_dir():
        yield _of_folder(place)
        return
    with contextlib.ExitStack() as within:
        try:
            archive = within.enter_context(zipfile.ZipFile(place))
            content = _of_archive(place, archive, zone)
        except OSError as error:
            raise Trouble(f"{place} cannot be read: {error.strerror or error}.") from None
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            raise Trouble(
                f"{place} is not a zip file that can be read ({printable(str(error), 100)}): download it "
                "again, or unpack it and give the folder."
            ) from None
        yield content


def _of_folder(top: Path) -> tuple[list[File], list[str]]:
    files: list[File] = []
    odd: list[str] = []
    for folder, folders, names in os.walk(top):
        inside = Path(folder).relative_to(top).parts
        links = [one for one in folders if os.path.islink(os.path.join(folder, one))]
        odd += [f"{printable(one, 100)} is a symbolic link; links are not followed" for one in links]
        folders[:] = sorted(one for one in folders if one not in links and not JUNK.fullmatch(one))
        if len(inside) >= DEEP:
            folders.clear()
        for name in sorted(names):
            if not JUNK.fullmatch(name):
                files.append(_on_disk((*inside, name), Path(folder) / name))
        _limited(top, len(files))
    return files, odd


def _on_disk(path: tuple[str, ...], place: Path) -> File:
    time = None
    with contextlib.suppress(OSError, OverflowError, ValueError):
        time = datetime.fromtimestamp(place.lstat().st_mtime, UTC)
    return File(path, time, lambda: read(place))


def _of_archive(place: Path, archive: zipfile.ZipFile, zone: tzinfo) -> tuple[list[File], list[str]]:
    files: list[File] = []
    odd: list[str] = []
    entries = archive.infolist()
    _limited(place, len(entries))
    names = [_name(entry) for entry in entries]
    twice = {name for name, count in Counter(names).items() if count > 1}
    for entry, name in zip(entries, names, strict=True):
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        if entry.is_dir() or not parts or any(JUNK.fullmatch(part) for part in parts):
            continue
        said = printable(name, 100)
        if ".." in parts or name.startswith("/") or re.match(r"[A-Za-z]:", name):
            odd.append(f"{said} has a name that leads out of the archive")
        elif len(parts) > DEEP:
            odd.append(f"{said} is in {len(parts) - 1} folders; at most {DEEP - 1} are looked into")
        elif len(name) > LONG:
            odd.append(f"{said} has a name of {len(name):,} characters; at most {LONG:,} are read")
        elif name in twice:
            odd.append(f"{said} is in the archive more than once, so it is unclear which one counts")
        else:
            files.append(File(parts, _time(entry, zone), _reader(archive, entry, said)))
    return files, list(dict.fromkeys(odd))


def _limited(place: Path, count: int) -> None:
    if count > MOST:
        raise Trouble(f"{place} has {count:,} files; at most {MOST:,} are read at once.")


def _name(entry: zipfile.ZipInfo) -> str:
    """An entry's name. Some platforms write UTF-8 and do not say so."""
    name = entry.filename
    if not entry.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _time(entry: zipfile.ZipInfo, zone: tzinfo) -> datetime | None:
    """When an entry was last changed: exact if the archive has it, else its local time, to two seconds."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == 0x5455 and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return datetime.fromtimestamp(struct.unpack("<I", extra[5:9])[0], UTC)
        extra = extra[4 + size :]
    with contextlib.suppress(ValueError, OverflowError):
        return datetime(*entry.date_time, tzinfo=zone).astimezone(UTC)
    return None


def _reader(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, said: str) -> Callable[[], bytes]:
    def content() -> bytes:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            what = "a symbolic link" if kind == stat.S_IFLNK else "not a plain file"
            raise Refused("unreadable", f"{said} is {what}.")
        if entry.flag_bits & 1:
            raise Refused("unreadable", f"{said} is encrypted.")
        if entry.compress_type not in KINDS:
            how = f"{said} is packed with method {entry.compress_type}"
            raise Refused("unreadable", f"{how}; platforms use 0 and 8, and only these are unpacked.")
        try:
            with archive.open(entry) as file:
                # The size that an entry states can be false.
                data = file.read(HUGE + 1)
        except Exception as error:
            # Damage shows in many ways: a wrong size, a wrong place, a stream that does not unpack.
            raise Refused("unreadable", f"{said} is damaged: {printable(str(error), 100)}.") from None
        if len(data) > HUGE:
            raise Refused("huge", f"{said} has more than {HUGE:,} bytes.")
        return data

    return content
