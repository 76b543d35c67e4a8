"""Files from package registries: each is pinned by its SHA-256 in `browser/pins.toml`, and fetched once.

pip and npm find their registries through their own configuration.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from lessons.desk.workcopy import Trouble
from lessons.words import many

PINS = Path(__file__).with_name("browser") / "pins.toml"
NO_NPM = "npm is missing: install Node 20 or newer with npm (on Debian: apt install nodejs npm)."
SECONDS = 600  # for one call of pip or npm


class Pin(NamedTuple):
    """One file of a package registry. `kind` is "npm", "app" (for JupyterLab) or "wheels" (for Python)."""

    kind: str
    name: str
    version: str
    file: str
    sha256: str


def pins() -> list[Pin]:
    """The files that the browser edition is made of."""
    stored = tomllib.loads(PINS.read_text(encoding="utf-8"))
    return [Pin(kind, name, **about) for kind, named in stored.items() for name, about in named.items()]


def cache() -> Path:
    """The folder of fetched files: `LIFECYCLE_CACHE` if set, else in the user's cache folder."""
    chosen = os.environ.get("LIFECYCLE_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("lifecycle", appauthor=False)


def fetched(wanted: Iterable[Pin], say: Callable[[str], object] = lambda line: None) -> dict[str, Path]:
    """The path of each file in the cache, under the name of its package. Missing files are fetched first.

    say: is told what is fetched, before it is.

    Raises `Trouble` if npm is missing, a registry cannot be reached, or a file is not the pinned one.
    """
    folder = cache()
    wanted = list(wanted)
    missing = [pin for pin in wanted if not _is(folder / pin.file, pin)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kinds in (("npm",), ("app", "wheels")):
            some = [pin for pin in missing if pin.kind in kinds]
            if some:
                say(f"Fetching {many(len(some), 'package')} with {'npm' if 'npm' in kinds else 'pip'}")
                _fetch(folder, some)
    except OSError as error:
        raise Trouble(f"{folder} cannot be written: {error.strerror or error}.") from error
    return {pin.name: folder / pin.file for pin in wanted}


def _fetch(folder: Path, some: list[Pin]) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as new:
        _run(_npm(some) if some[0].kind == "npm" else _pip(some), new)
        for pin in some:
            found = Path(new, pin.file)
            if not found.is_file():
                raise Trouble(f"{pin.file} was not fetched: the registry has no such file of {pin.name}.")
            if not _is(found, pin):
                raise Trouble(f"{pin.file} has the SHA-256 {_sha256(found)}, but pins.toml has {pin.sha256}.")
            # In one step, because another process may fetch the same file.
            found.replace(folder / pin.file)


def _npm(some: list[Pin]) -> list[str]:
    # On Windows npm is a script, and only its full name starts it.
    npm = shutil.which("npm")
    if npm is None:
        raise Trouble(NO_NPM)
    return [npm, "pack", "--silent", *(f"{pin.name}@{pin.version}" for pin in some)]


def _pip(some: list[Pin]) -> list[str]:
    # Wheels without compiled parts, for the Python of the browser.
    pure = ["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none"]
    names = [f"{pin.name}=={pin.version}" for pin in some]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    return [*pip, *pure, "--python-version=3.14", *names]


def _run(command: list[str], folder: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as late:
        raise Trouble(f"Fetching packages took more than {SECONDS} seconds. Try again.") from late
    if done.returncode != 0:
        said = done.stderr.strip()[-300:]
        raise Trouble(f"Packages could not be fetched from their registry: {said}")


def _is(path: Path, pin: Pin) -> bool:
    return path.is_file() and _sha256(path) == pin.sha256


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
