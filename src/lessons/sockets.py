"""Where folders for sockets are made."""

import os
import sys
import tempfile

SHORT = 60
"""How many bytes the path of a folder may have in which a folder for a socket is made: a socket's path may
have 107 in all."""


def socket_room() -> str:
    """The system's temporary folder, or /tmp if its path is too long for a socket."""
    usual = tempfile.gettempdir()
    if sys.platform == "win32":
        return usual  # there, these sockets have no path
    return usual if len(os.fsencode(usual)) <= SHORT else "/tmp"
