"""Keep a course private: only its owner, or one named group, can read what is in it.

A course is shared with a group if its folder has the group's write and set-group-id bits. Otherwise it is
private. Every command creates its files accordingly, whatever the umask of the person who runs it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from classroom.trouble import Trouble

SHARED = stat.S_ISGID | stat.S_IRWXG
"""The bits of a folder that is shared with its group."""


@contextlib.contextmanager
def private(root: Path) -> Iterator[None]:
    """In the block, new files are for the owner alone, or also for the group of a shared course at `root`.

    A course folder that others can open is closed first.
    """
    before = os.umask(0o007 if shared(root) else 0o077)
    try:
        if (root / "course.toml").is_file():
            with contextlib.suppress(OSError):
                # A folder that belongs to another person stays as that person set it.
                _close(root, shared(root))
        yield
    finally:
        os.umask(before)


def shared(root: Path) -> bool:
    """Whether the course at `root` is shared with a group."""
    try:
        return root.stat().st_mode & SHARED == SHARED
    except OSError:
        return False


def group_id(name: str) -> int:
    """The number of a group. Raises `Trouble` if this machine has no such group."""
    try:
        from grp import getgrall, getgrnam
    except ImportError:
        raise Trouble("--group needs Linux or macOS: this system has no groups of that kind.") from None
    try:
        return getgrnam(name).gr_gid
    except KeyError:
        mine = [one.gr_name for one in getgrall() if one.gr_gid in os.getgroups()]
        raise Trouble(
            f"This machine has no group {name!r}. You are in: {', '.join(sorted(mine)) or 'none'}. A new "
            "group is made by whoever runs the machine: `groupadd NAME`, then `usermod -aG NAME PERSON`."
        ) from None


def settle(root: Path, group: str = "") -> None:
    """Close everything in a course to others: for the owner alone, or also for a group.

    group: the group's name; if it is empty, the course stays shared or private as it is. Raises `Trouble` if
    the group does not exist or the system refuses.
    """
    number = group_id(group) if group else -1
    wide = bool(group) or shared(root)
    number = number if group else root.stat().st_gid if wide else -1
    try:
        for folder, _, files in os.walk(root):
            for path in [Path(folder), *(Path(folder, name) for name in files)]:
                if path.is_symlink():
                    continue
                if number >= 0 and path.stat().st_gid != number:
                    os.chown(path, -1, number)
                _close(path, wide)
    except OSError as error:
        raise Trouble(
            f"{error.filename} cannot be closed to others: {error.strerror}. The owner of the course must "
            "run this command."
        ) from None


def _close(path: Path, wide: bool) -> None:
    """Set the mode of one file or folder, if it has another one."""
    now = stat.S_IMODE(path.stat().st_mode)
    folder = path.is_dir()
    wanted = now & 0o700 | (0o700 if folder else 0o600)
    if wide:
        wanted |= (wanted & 0o700) >> 3 | (stat.S_ISGID if folder else 0)
    if now != wanted:
        path.chmod(wanted)
