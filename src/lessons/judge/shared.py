"""A folder that a judge shares with a sandbox: an answer works in it, and the judge reads it.

Code in the sandbox is not trusted. It could put a symbolic link there, and so make the judge read or write a
file anywhere on the machine. So the judge's process gets a view of the file system in which no link in this
folder is followed. It needs Linux 5.10 or newer.
"""

import ctypes
import os
from pathlib import Path

_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_BIND, _REMOUNT, _PRIVATE = 4096, 32, 0x40000 | 0x4000
_NO_LINKS, _NO_SUID, _NO_DEVICES, _NO_PROGRAMS, _LINKS_REFUSED = 256, 2, 4, 8, 0x2000
_CAPABILITIES, _READ_ALL = 0x20080522, 1 << 2

_libc = ctypes.CDLL(None, use_errno=True)


def enter(folder: str, own: str) -> None:
    """Stop this process from following links in a folder, and give new files there to the folder's owner.

    own: a folder of this process, in which it goes on writing. Raises `OSError` on a system without this.
    """
    owner, group = os.stat(folder).st_uid, os.stat(folder).st_gid
    user, mine = os.getuid(), os.getgid()
    _done(_libc.unshare(_NEW_MOUNTS | (_NEW_USER if user else 0)))
    if user:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{mine} {mine} 1", encoding="ascii")
    place = os.fsencode(folder)
    without = _NO_LINKS | _NO_SUID | _NO_DEVICES | _NO_PROGRAMS
    _done(_libc.mount(b"none", b"/", None, _PRIVATE, None))
    _done(_libc.mount(place, place, None, _BIND, None))
    _done(_libc.mount(b"none", place, None, _BIND | _REMOUNT | without, None))
    # An older system accepts the flag, but ignores it.
    if not os.statvfs(folder).f_flag & _LINKS_REFUSED:
        raise OSError(f"links in {folder} would be followed: this system is older than Linux 5.10")
    if not user:
        os.chown(own, owner, group)
        _write_as(owner, group)


def _write_as(user: int, group: int) -> None:
    """Let root write as another user, and still read everything."""
    _libc.setfsgid(group)
    _libc.setfsuid(user)
    head, sets = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
    _done(_libc.capget(head, sets))
    sets[0] |= _READ_ALL
    _done(_libc.capset(head, sets))


def _done(code: int) -> None:
    if code:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
