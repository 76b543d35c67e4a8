"""Rights that the vote page gives up before it listens: files, programs, other connections, memory.

An attacker who took over the page would still be in this process. On Linux, Landlock leaves it no file
to open, no program to start and no TCP port to connect to. Elsewhere there is only the limit on connections.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys

MOST = 1_000
"""Connections at once."""

SPARE = 100
"""Descriptors for everything else, and for connections that come all at once."""

MEMORY = 1 << 30
"""Bytes of address space. The page uses about a fifth of it."""

_NOBODY = 65534
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
"""Landlock's system calls have the same numbers on all processors."""

_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights to files that Landlock handles, by the version from which they exist."""
_TCP = 0b11
_SCOPES = 0b11
"""Landlock 4 handles `bind` and `connect` of TCP; Landlock 6 abstract sockets and signals."""

_NO_NEW_PRIVS = 38


def limit_memory() -> int:
    """Limit memory and descriptors, and return how many connections there may be at once."""
    if sys.platform == "win32":
        return 400  # asyncio's selector holds 512 sockets there.
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    room = MOST + SPARE if hard == resource.RLIM_INFINITY else min(MOST + SPARE, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (room, room))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    return room - SPARE


def close_the_rest() -> bool:
    """Give up all other rights; returns whether this system let it give up files and TCP connections."""
    if sys.platform != "linux":
        return False
    with contextlib.suppress(OSError):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    files = max(rights for since, rights in _FILES.items() if since <= version)
    rules = struct.pack("QQQ", files, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    rules = rules[: 8 if version < 4 else 16 if version < 6 else 24]
    made = libc.syscall(_CREATE_RULESET, rules, len(rules), 0)
    if made < 0:
        return False
    try:
        return bool(libc.syscall(_RESTRICT_SELF, made, 0) == 0 and version >= 4)
    finally:
        os.close(made)
