"""The folder of a grading's sandboxes, and how the leftovers of a killed grading are removed.

All boxes of one grading are in one folder. The grading holds a lock on that folder while it runs. When a
process dies, in whatever way, the system releases its lock. So a folder without a lock belongs to a grading
that has died, and the next grading deletes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from classroom.trouble import Trouble

PREFIX = "boxes-"


@contextlib.contextmanager
def boxes(place: Path | None = None) -> Iterator[Path]:
    """A folder for the boxes of this grading, deleted afterwards.

    Folders of killed gradings are deleted first.

    place: where it is made (default: the folder for temporary files). Raises `Trouble` if locks do not work
    there.
    """
    if sys.platform == "win32":
        # Sandboxes do not start on this system, so none can be left over.
        yield Path(tempfile.gettempdir())
        return
    # The user that root becomes must reach it, wherever root's own temporary files are.
    place = place or Path("/tmp" if os.geteuid() == 0 else tempfile.gettempdir())
    sweep(place)
    folder, held = _made(place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def sweep(place: Path) -> None:
    """Delete what killed gradings of this user left in `place`; running gradings keep their folders."""
    for folder in place.glob(f"{PREFIX}*"):
        # Folders that another user made or holds are left alone.
        with contextlib.suppress(OSError):
            if folder.lstat().st_uid == os.geteuid():
                held = _held(folder)
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)


def _made(place: Path) -> tuple[Path, int]:
    """A new folder in `place`, and the descriptor that holds its lock."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        try:
            folder.chmod(0o755)
            held = _held(folder)
        except (FileNotFoundError, BlockingIOError):
            # Just before the lock was taken, another grading could think that this folder was left over.
            continue
        except OSError as error:
            raise Trouble(
                f"{place} does not support locks ({error.strerror}): set TMPDIR to a folder on a local disk."
            ) from None
        if folder.exists():
            return folder, held
        os.close(held)


def _held(folder: Path) -> int:
    """A descriptor that holds the lock of a folder. Raises `BlockingIOError` if another process holds it."""
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
