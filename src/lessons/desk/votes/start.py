"""Start the vote page beside JupyterLab, and say where it is."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from lessons.desk import workcopy as desks
from lessons.desk.workcopy import Trouble
from lessons.sockets import socket_room
from lessons.study.phones import PLACE, Line, line

PORTS = range(8000, 8050)
"""Without `--votes-port`, the first free one of these."""

AGAIN = 1.0
"""Seconds between two attempts to start a page again that has died."""

_ROUTED = "192.0.2.1"
"""An address that no machine has: it shows which interface leads out. No packet is sent."""


@contextlib.contextmanager
def page(on: str | None, port: int | None, class_size: int | None) -> Iterator[Line]:
    """Run the vote page, and tell kernels that are started meanwhile where it is.

    on: an address or an interface of this machine; without it, the one that leads out. port: without it, the
    first free one from 8000 on. Raises `Trouble` if it cannot listen there.
    """
    host = address(on)
    folder = tempfile.mkdtemp(prefix="lifecycle-votes-", dir=socket_room())
    key = secrets.token_hex(16)
    asked = {
        "host": host,
        "ports": [port] if port else list(PORTS),
        "control": f"{folder}/control",
        "key": key,
        "cookies": secrets.token_hex(32),
    }
    keeper = _Keeper(folder, asked)
    try:
        told = keeper.start()
        if "failed" in told:
            where = f"{host}, port {port}" if port else f"{host}, ports {PORTS[0]} to {PORTS[-1]}"
            raise Trouble(f"The vote page cannot listen on {where}: {told['failed']}.")
        shown = f"[{host}]" if ":" in host else host
        os.environ[PLACE] = json.dumps(
            {
                "address": f"http://{shown}:{told['port']}/",
                "class_size": class_size,
                "control": told["control"],
                "key": key,
            }
        )
        found = line()
        assert found is not None
        if not told["confined"]:
            print("This system cannot take files and connections away from the vote page.", file=sys.stderr)
        asked |= {"ports": [told["port"]], "control": told["control"]}
        keeper.watch()
        yield found
    finally:
        os.environ.pop(PLACE, None)
        keeper.end()
        shutil.rmtree(folder, ignore_errors=True)


class _Keeper:
    """Starts the page's process, and starts it again at the same address if it dies."""

    def __init__(self, folder: str, asked: dict[str, Any]) -> None:
        self._folder, self._asked = folder, asked
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def start(self) -> dict[str, Any]:
        """Start the process, and return what it tells. Raises `Trouble` if it tells nothing."""
        with self._lock:
            if self._ended.is_set():
                return {}
            self._process = _process(self._folder)
        return _told(self._process, self._asked)

    def watch(self) -> None:
        """From now on, start the process again when it dies."""
        threading.Thread(target=self._watch, daemon=True).start()

    def end(self) -> None:
        """End the process, and do not start it again."""
        self._ended.set()
        with self._lock:
            process = self._process
        if process is not None:
            process.kill()
            _close(process)

    def _watch(self) -> None:
        while self._process is not None:
            _close(self._process)
            if self._ended.is_set():
                return
            print("The vote page stopped. It is started again at the same address.", file=sys.stderr)
            while True:
                with contextlib.suppress(Trouble):
                    if "failed" not in self.start():
                        break
                if self._process is not None:
                    self._process.kill()
                    _close(self._process)
                if self._ended.wait(AGAIN):
                    return


def invitation(found: Line) -> str:
    """What the terminal shows: the address, and a QR code if the terminal has its letters."""
    import segno

    drawn = io.StringIO()
    segno.make(found.address, error="m", micro=False).terminal(out=drawn, border=2, compact=True)
    said = f"Votes by phone: {found.address}\n"
    try:
        drawn.getvalue().encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return said
    return said + drawn.getvalue()


def cards(file: Path | None = None) -> Path:
    """Write the page of letters for votes without phones, by default `build/cards.html` in the course.

    Raises `Trouble` if the file cannot be written.
    """
    target = (file.expanduser() if file else desks.course() / "build" / "cards.html").absolute()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(__file__).with_name("cards.html"), target)
    except OSError as error:
        raise Trouble(f"The cards cannot be written to {target}: {error.strerror or error}.") from error
    return target


def address(on: str | None) -> str:
    """The address to listen on. Raises `Trouble` if `on` is not one of this machine, or none leads out."""
    found = addresses()
    if on is None:
        outward = _outward()
        if outward is None:
            raise Trouble(
                "This machine is in no network, so phones cannot reach it. Join the room's network, or "
                f"choose an address: --votes-on ADDRESS. {_listed(found)}"
            )
        return outward
    for name, host in found:
        if on in (name, host):
            return host
    raise Trouble(f"--votes-on {on} is not an address of this machine. {_listed(found)}")


def addresses() -> list[tuple[str, str]]:
    """The interfaces of this machine that are on, each with an address; IPv4 comes first."""
    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    found = [
        (one.family != socket.AF_INET, name, one.address)
        for name, ones in psutil.net_if_addrs().items()
        if name in up
        for one in ones
        if one.family == socket.AF_INET
        or (
            one.family == socket.AF_INET6
            and not ipaddress.ip_address(one.address.split("%")[0]).is_link_local
        )
    ]
    return [(name, host) for _, name, host in sorted(found, key=lambda each: each[0])]


def _listed(found: list[tuple[str, str]]) -> str:
    return "It has: " + ", ".join(f"{host} ({name})" for name, host in found) + "."


def _outward() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_ROUTED, 9))
        except OSError:
            return None
        host = str(probe.getsockname()[0])
    return None if ipaddress.ip_address(host).is_loopback else host


def _process(folder: str) -> subprocess.Popen[bytes]:
    """The page's process. It gets none of this environment, and Ctrl-C is not for it."""
    source = str(Path(__file__).parents[3])
    kept = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "lessons.desk.votes.process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={**kept, "PYTHONPATH": source},
        start_new_session=True,
    )


def _close(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of the process, then close its pipes."""
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _told(process: subprocess.Popen[bytes], asked: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        process.stdin.flush()
        told: dict[str, Any] = json.loads(process.stdout.readline())
    except (OSError, ValueError) as error:
        raise Trouble("The vote page did not start.") from error
    return told
