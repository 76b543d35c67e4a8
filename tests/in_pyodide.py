"""Our Python code in Pyodide (CPython for WebAssembly) under Node: a browser's Python without the browser."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import platformdirs
import pytest

HERE = Path(__file__).resolve().parent
SRC = HERE.parent / "src"
PINS: dict[str, dict[str, Any]] = tomllib.loads((HERE / "in_pyodide.toml").read_text(encoding="utf-8"))

MISSING = "Node is missing: install Node 20 or newer with npm (on Debian: apt install nodejs npm)"


class Raised(Exception):
    """The code in Pyodide raised an error: its traceback."""


class Ended(Exception):
    """Pyodide died in the middle of the code, or was stopped because its time was up."""


class Pyodide:
    """A Pyodide with `lifecycle` and `lessons`. It starts at the first `run`, and again after it has ended.

    Modules stay imported from one `run` to the next. Names do not stay: each `run` has its own.
    """

    def __init__(self, package: Path, archives: list[Path]) -> None:
        self._command = ["node", str(HERE / "in_pyodide.mjs"), str(package), *map(str, archives)]
        self._node: subprocess.Popen[str] | None = None
        self._errors: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115, closed with this
        self.printed = ""
        """What the last `run` printed."""

    def run(self, code: str, *, seconds: float = 120, **given: Any) -> Any:
        """Run code, and return the value of its last expression, which must be data for JSON.

        given: names that the code finds, with data for JSON. Raises `Raised` for an error in the code, and
        `Ended` when Pyodide died of it or `seconds` passed; the next `run` has a new Pyodide then.
        """
        self.printed = ""
        if self._node is None:
            self._start()
        answer = self._asked({"code": code, "given": given}, seconds)
        self.printed = answer["printed"]
        if "raised" in answer:
            raise Raised(answer["raised"])
        return answer["value"]

    def close(self) -> None:
        """End Pyodide. The next `run` starts a new one."""
        if self._node is not None:
            self._node.kill()
            # Leaving the block closes the pipes and waits for the end.
            with self._node:
                self._node = None

    def _start(self) -> None:
        self._errors.seek(0)
        self._errors.truncate()
        self._node = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
        )
        self._answer(240)

    def _asked(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        assert self._node is not None and self._node.stdin is not None
        # A Node that ended since the last request reads nothing, and then there is no answer.
        with suppress(OSError):
            self._node.stdin.write(json.dumps(request) + "\n")
            self._node.stdin.flush()
        return self._answer(seconds)

    def _answer(self, seconds: float) -> dict[str, Any]:
        assert self._node is not None and self._node.stdout is not None
        late = threading.Event()

        def stop(node: subprocess.Popen[str] = self._node) -> None:
            late.set()
            node.kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        line = self._node.stdout.readline()
        timer.cancel()
        answer: dict[str, Any] = json.loads(line) if line else {}
        if not answer or "died" in answer:
            self.close()
            self._errors.seek(0)
            how = answer.get("died") or self._errors.read()[-500:].strip() or "Node ended without a word"
            raise Ended(f"stopped after {seconds:g} seconds" if late.is_set() else how)
        return answer


@contextmanager
def running() -> Iterator[Pyodide]:
    """Yield a Pyodide, and end it. Skips where Node is missing or the registries cannot be reached."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip(MISSING)
    with tempfile.TemporaryDirectory(prefix="lifecycle-pyodide-") as folder:
        with tarfile.open(_pyodide()) as packed:
            packed.extractall(folder, filter="data")
        course = Path(folder, "course.zip")
        pack(course)
        one = Pyodide(Path(folder, "package"), [*map(_wheel, PINS["wheels"]), course])
        try:
            yield one
        finally:
            one.close()


def pack(archive: Path) -> None:
    """Write what a browser gets of this repository: `lifecycle` and `lessons`, nothing else."""
    with zipfile.ZipFile(archive, "w") as packed:
        for package in ("lifecycle", "lessons"):
            for path in sorted((SRC / package).rglob("*")):
                if path.is_file() and path.suffix != ".pyc":
                    packed.write(path, path.relative_to(SRC))


def cache() -> Path:
    """Where fetched files are kept: `LIFECYCLE_CACHE` if set, else in the user's cache directory."""
    chosen = os.environ.get("LIFECYCLE_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("lifecycle", appauthor=False)


def _pyodide() -> Path:
    pin = PINS["npm"]["pyodide"]
    # On Windows npm is a script, which only its full name starts.
    command = [str(shutil.which("npm")), "pack", "--silent", f"pyodide@{pin['version']}"]
    return fetched(f"pyodide-{pin['version']}.tgz", pin["sha512"], command)


def _wheel(name: str) -> Path:
    pin = PINS["wheels"][name]
    # A wheel without compiled parts, whatever this machine could run.
    pure = ["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none", "--no-deps"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *pure, f"{name}=={pin['version']}"]
    return fetched(f"{name.replace('-', '_')}-{pin['version']}-py3-none-any.whl", pin["sha512"], command)


def fetched(name: str, sha512: str, command: list[str]) -> Path:
    """The cached file of this name, which the command writes into the working directory if it is missing.

    Raises `ValueError` for a file that is not the pinned one: it is not kept.
    """
    kept = cache() / name
    if kept.is_file() and _sha512(kept) == sha512:
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
        if done.returncode != 0:
            pytest.skip(f"{name} could not be fetched: {done.stderr.strip()[-300:]}")
        found = Path(folder, name)
        if _sha512(found) != sha512:
            raise ValueError(f"{name} has the SHA-512 {_sha512(found)}; tests/in_pyodide.toml has {sha512}")
        # In one step: tests in other processes fetch at the same time.
        found.replace(kept)
    return kept


def _sha512(path: Path) -> str:
    return hashlib.sha512(path.read_bytes()).hexdigest()
