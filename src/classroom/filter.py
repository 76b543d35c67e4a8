"""Which system calls a sandbox refuses, as a program that the Linux kernel runs before each call.

A limit on a process's memory does not count shared memory that the process no longer maps. The calls that
make such memory fail with "operation not permitted". So do a few calls that hostile code uses, but no
exercise.
"""

from __future__ import annotations

import errno
import platform
import struct
from typing import Final

REFUSED: Final = {
    # name: its number on (x86_64, aarch64)
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
}

_MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _MACHINE = 0, 4
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_FOREIGN = 0x40000000
"""From here on, x86_64 has a second numbering of the same calls."""


def program(machine: str = "") -> bytes:
    """The filter for this machine, or for one named as `platform.machine()` names it; empty if unknown.

    >>> len(program("x86_64")) // 8 == len(REFUSED) + 6
    True
    >>> program("abacus")
    b''
    """
    column, architecture = _MACHINES.get(machine or platform.machine(), (-1, 0))
    if column < 0:
        return b""
    numbers = [numbers[column] for numbers in REFUSED.values()]
    left = len(numbers)
    steps = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 0, left + 3, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, left + 1, 0, _FOREIGN),
        # A jump says how many steps it passes over.
        *((_EQUAL, left - index, 0, number) for index, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
