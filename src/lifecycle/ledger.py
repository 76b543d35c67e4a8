"""What is open right now: by name, and as the operating system counts it.

The parts of this package enter what they open and cross it out when it is closed, so that a leak has a
name. The operating system keeps a count of its own, which knows no names and needs nobody's honesty.
"""

import os
import stat
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Entry:
    """One open resource: its kind ("file", "connection", "socket", ...) and its name.

    Two entries are never equal, because the same file opened twice is open twice.

    >>> str(Entry("file", "readings.csv"))
    'file readings.csv'
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class System:
    """What this process holds by the operating system's count; files are all descriptors but sockets."""

    files: int
    sockets: int


# A dict and not a set, because a dict keeps the order of opening.
_open: dict[Entry, None] = {}


def opened(kind: str, name: str) -> Entry:
    """Enter a resource that has been opened, and return its entry for `closed`.

    >>> entry = opened("file", "readings.csv")
    >>> entry in held()
    True
    >>> closed(entry)
    >>> entry in held()
    False
    """
    entry = Entry(kind, name)
    _open[entry] = None
    return entry


def closed(entry: Entry) -> None:
    """Cross out an entry; one that is crossed out already stays so."""
    _open.pop(entry, None)


def held() -> tuple[Entry, ...]:
    """Return the entries of all that is open, in the order of opening."""
    # The copy is made in one step: another thread may open or close while this one reads.
    return tuple(_open.copy())


def system() -> System:
    """Return how many files and sockets this process holds, as the operating system counts them."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        if os.path.isdir(folder):
            return _count(os.listdir(folder))
    return _handles()


def _count(descriptors: list[str]) -> System:
    files = sockets = 0
    for descriptor in descriptors:
        try:
            mode = os.fstat(int(descriptor)).st_mode
        except OSError:
            # The listing needs a descriptor of its own, which is closed again by now.
            continue
        if stat.S_ISSOCK(mode):
            sockets += 1
        else:
            files += 1
    return System(files, sockets)


def _handles() -> System:
    # Windows lists no descriptors. It counts handles, of which files are only a part.
    import psutil

    process = psutil.Process()
    sockets = len(process.net_connections("all"))
    return System(process.num_handles() - sockets, sockets)
