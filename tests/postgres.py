"""A private PostgreSQL for tests: a Unix socket in a folder of its own, no TCP, ended with the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

MISSING = "PostgreSQL is missing: install it (on Debian: apt install postgresql), or put initdb on the PATH"

# The shell waits until its input ends, which happens however the tests end, also when they are killed.
SERVE = """
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=50 >"$2/log" 2>&1 &
cat >/dev/null
kill -INT $!
wait $!
rm -rf "$2"
"""


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs. Debian keeps them off the PATH, one folder a version."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(
        folders, key=lambda folder: [int(part) for part in re.findall(r"\d+", str(folder))], default=None
    )


def ordinary() -> dict[str, Any]:
    """How to start a process as an ordinary user: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    import pwd

    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster, yield the address of its database for SQLAlchemy, and end it."""
    programs = binaries()
    if programs is None or os.name == "nt":
        pytest.skip(MISSING)
    who = ordinary()
    # A socket's path has at most about a hundred characters, so the folder is not in pytest's own.
    folder = tempfile.mkdtemp(prefix="pg-", dir="/tmp")
    if who:
        os.chown(folder, who["user"], who["group"])
    make = [
        programs / "initdb",
        "-D",
        f"{folder}/data",
        "-U",
        "course",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    made = subprocess.run([*make, "--locale=C"], capture_output=True, text=True, cwd=folder, **who)
    if made.returncode:
        shutil.rmtree(folder)
        raise RuntimeError(f"initdb failed: {made.stdout}{made.stderr}")
    serve = ["sh", "-c", SERVE, "sh", programs, folder]
    server = subprocess.Popen(serve, stdin=subprocess.PIPE, cwd=folder, start_new_session=True, **who)
    try:
        wait(folder)
        yield f"postgresql+psycopg://course@/postgres?host={folder}"
    finally:
        assert server.stdin is not None
        server.stdin.close()
        server.wait(60)
    assert not os.path.exists(folder), "the cluster's folder is still there"


def wait(folder: str) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            psycopg.connect(host=folder, user="course", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    log = Path(folder, "log")
    raise RuntimeError(f"PostgreSQL does not answer: {log.read_text() if log.exists() else 'no log'}")
