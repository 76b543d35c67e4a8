"""What is open right now: by name, and as the operating system counts it.

Each part of this package adds an entry here when it opens something, and removes the entry when it closes it.
So a leak has a name. The operating system also counts what is open: without names, but it counts everything.
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
    """What this process holds, as the operating system counts it. All descriptors but sockets are files."""

    files: int
    sockets: int


# A dict and not a set, because a dict keeps the order of opening.
_open: dict[Entry, None] = {}


def opened(kind: str, name: str) -> Entry:
    """Add an entry for a resource that was opened. Return the entry, which `closed` needs.

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
    """Remove an entry. Removing it twice is harmless."""
    _open.pop(entry, None)


def held() -> tuple[Entry, ...]:
    """Return the entries of everything that is open, in the order of opening."""
    # The copy is made in one step: another thread may open or close while this one reads.
    return tuple(_open.copy())


def system() -> System:
    """Return how many files and sockets this process holds, as the operating system counts them."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        if os.path.isdir(folder):
            return _count(os.listdir(folder))
    return _handles() if os.name == "nt" else _count(range(256))


def _count(descriptors: list[str] | range) -> System:
    files = 0
    sockets = 0
    for descriptor in descriptors:
        try:
            mode = os.fstat(int(descriptor)).st_mode
        except OSError:
            # A free number, which a browser tries too; or that of the listing, which is closed by now.
            continue
        if stat.S_ISSOCK(mode):
            sockets += 1
        else:
            files += 1
    return System(files, sockets)


def _handles() -> System:
    # Windows cannot list descriptors. It counts handles, and files are only some of them.
    import psutil

    process = psutil.Process()
    sockets = len(process.net_connections("all"))
    return System(process.num_handles() - sockets, sockets)
