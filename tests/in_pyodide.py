"""Our Python code in Pyodide (CPython for WebAssembly) under Node: a browser's Python without the browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pytest

from lessons.desk import registries, site
from lessons.desk.workcopy import Trouble

HERE = Path(__file__).resolve().parent
PACKAGES = ("pyodide", "sqlalchemy", "typing-extensions")
"""The packages that a check needs, apart from ours."""

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
    try:
        files = registries.fetched(pin for pin in registries.pins() if pin.name in PACKAGES)
    except Trouble as trouble:
        pytest.skip(str(trouble))
    with tempfile.TemporaryDirectory(prefix="lifecycle-pyodide-") as folder:
        with tarfile.open(files.pop("pyodide")) as packed:
            packed.extractall(folder, filter="data")
        ours = Path(folder, site.WHEEL)
        site.pack(ours)
        one = Pyodide(Path(folder, "package"), [*files.values(), ours])
        try:
            yield one
        finally:
            one.close()
