"""Rights that the vote page's process gives up before it serves anybody.

An attacker who took over the page would still be in this process. On Linux, Landlock and seccomp leave it no
file to open, no program to start and nothing to connect to. Neither needs special rights or a program such as
bubblewrap. Elsewhere there is only the limit on connections.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys

MOST = 1_000
"""Connections at once."""

SPARE = 200
"""Descriptors for everything else, and for connections that come all at once."""

MEMORY = 1 << 30
"""Bytes of address space. The page uses about a fifth of it."""

_NOBODY = 65534
_NO_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
"""Landlock's system calls have the same numbers on all processors."""
_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights to files that Landlock handles, by the version from which they exist."""
_TCP = _SCOPES = 0b11
"""Landlock 4 handles `bind` and `connect` of TCP; Landlock 6 abstract sockets and signals."""

_REFUSED = {
    # The kernel's mark of the processor, and the numbers of: socket, connect, socketpair, execve, execveat,
    # kill, ptrace, process_vm_readv, process_vm_writev, unshare, setns, bpf, io_uring_setup, pidfd_getfd,
    # add_key, request_key, keyctl, shmat, fchmodat2, and all that change a file's mode, owner or times.
    "x86_64": (
        0xC000003E,
        (
            *(41, 42, 53, 59, 322, 62, 101, 310, 311, 272, 308, 321, 425, 438, 248, 249, 250, 30, 452),
            # chmod, fchmod, fchmodat; chown, fchown, lchown, fchownat; utime, utimes, futimesat, utimensat
            *(90, 91, 268, 92, 93, 94, 260, 132, 235, 261, 280),
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (
            *(198, 203, 199, 221, 281, 129, 117, 270, 271, 97, 268, 280, 425, 438, 217, 218, 219, 196, 452),
            # fchmod, fchmodat; fchown, fchownat; utimensat
            *(52, 53, 55, 54, 88),
        ),
    ),
}

_SEND = {"x86_64": (44, 307, 46), "aarch64": (206, 269, 211)}
"""The numbers of sendto and sendmmsg, whose flags are the fourth argument, and of sendmsg: the third."""

_FASTOPEN = 0x20000000
"""The flag with which sending connects a socket. Landlock does not see that."""


def limit() -> int:
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
    """Give up all other rights; returns whether this system can take away both files and connections.

    It holds for this thread and for those that it starts later.
    """
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
    return all([_without_files(libc), _without_connections(libc)])


def _without_files(libc: ctypes.CDLL) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    files = max(rights for since, rights in _FILES.items() if since <= version)
    numbers = [files, *([_TCP] if version >= 4 else []), *([_SCOPES] if version >= 6 else [])]
    rules = struct.pack(f"{len(numbers)}Q", *numbers)
    made = libc.syscall(_CREATE_RULESET, rules, len(rules), 0)
    if made < 0:
        return False
    try:
        return bool(libc.syscall(_RESTRICT_SELF, made, 0) == 0)
    finally:
        os.close(made)


def _without_connections(libc: ctypes.CDLL) -> bool:
    if platform.machine() not in _REFUSED:
        return False
    processor, numbers = _REFUSED[platform.machine()]
    sendto, sendmmsg, sendmsg = _SEND[platform.machine()]
    # A program for the kernel: each step is a code, two jumps, and a number. The refusal is the last step.
    load, equal, at_least, any_bit, jump, answer = 0x20, 0x15, 0x35, 0x45, 0x05, 0x06
    allowed, refused = (answer, 0, 0, 0x7FFF0000), (answer, 0, 0, 0x00050001)
    last = len(numbers) + 13
    steps = [(load, 0, 0, 4), (equal, 0, last - 2, processor), (load, 0, 0, 0)]
    steps.append((at_least, last - 4, 0, 0x40000000))  # the second set of numbers of an x86_64
    steps += [(equal, last - 5 - place, 0, number) for place, number in enumerate(numbers)]
    steps += [(equal, 3, 0, sendto), (equal, 2, 0, sendmmsg), (equal, 3, 0, sendmsg), allowed]
    steps += [(load, 0, 0, 40), (jump, 0, 0, 1), (load, 0, 0, 32), (any_bit, 1, 0, _FASTOPEN)]
    steps += [allowed, refused]
    packed = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(packed)))
    return bool(libc.prctl(_SECCOMP, _FILTER, head, 0, 0) == 0)
