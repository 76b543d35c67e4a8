"""Where a grading's sandboxes lie, and who sweeps up what a killed grading left.

All boxes of one grading lie in one folder, whose lock it holds for as long as it lives. The system takes the
lock from whoever dies, however it dies: so a folder that nobody holds belongs to nobody living, and the next
grading takes it away.
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
    """A folder for the boxes of this grading, gone afterwards; those of killed gradings go first.

    place: where it is made (default: the folder for temporary files). Raises `Trouble` when that knows no
    locks.
    """
    if sys.platform == "win32":
        # No sandbox starts there, so none is left.
        yield Path(tempfile.gettempdir())
        return
    # Whom root steps down to must reach it, wherever root's own temporary files are.
    place = place or Path("/tmp" if os.geteuid() == 0 else tempfile.gettempdir())
    sweep(place)
    folder, held = _made(place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def sweep(place: Path) -> None:
    """Take away what killed gradings of this user left in `place`; one that still runs keeps its own."""
    for folder in place.glob(f"{PREFIX}*"):
        # What another user made, or holds, is not looked at any further.
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
            # Another grading takes it for a left one, in the moment before it is held.
            continue
        except OSError as error:
            raise Trouble(
                f"{place} knows no locks ({error.strerror}): set TMPDIR to a folder on a local disk."
            ) from None
        if folder.exists():
            return folder, held
        os.close(held)


def _held(folder: Path) -> int:
    """A descriptor that holds the lock of a folder. Raises `BlockingIOError` when somebody else holds it."""
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
