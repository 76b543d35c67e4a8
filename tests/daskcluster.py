"""A Dask scheduler and its workers as processes of their own, as their users start them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=grading"
)


def certificates(folder: Path, name: str = "grading") -> dict[str, Path]:
    """A key and its certificate, which is also its own authority: what `[dask]` in `course.toml` names."""
    key, cert = folder / f"{name}-key.pem", folder / f"{name}.pem"
    made = [*CERTIFICATE.split(), "-keyout", str(key), "-out", str(cert)]
    subprocess.run(made, check=True, capture_output=True)
    return {"ca": cert, "cert": cert, "key": key}


class Cluster:
    """A scheduler, and workers that a test adds. All are killed at the end.

    tls: files, as `[dask]` names them. Each process is in a session of its own, with its children.
    """

    def __init__(self, folder: Path, tls: Mapping[str, Path] | None = None) -> None:
        self.folder, self.tls = folder, dict(tls or {})
        self.files = [word for key, path in self.tls.items() for word in (f"--tls-{NAMES[key]}", str(path))]
        self.port = free_port()
        self.address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{self.port}"
        self.running: list[subprocess.Popen[bytes]] = []
        self.environment = os.environ | {"DASK_LOGGING__DISTRIBUTED": "error"}

    def __enter__(self) -> Self:
        self.scheduler = self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.running:
            self.kill(process)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the scheduler, and wait until it listens."""
        protocol = ["--protocol", "tls", *self.files] if self.tls else []
        process = self._run("scheduler", "--port", str(self.port), *protocol)
        until(lambda: listens(self.port))
        return process

    def worker(
        self, *options: str, preload: str = "", environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a worker; it joins some time later. preload: Python that runs in it first."""
        name = f"worker-{len(self.running)}"
        options = (*options, "--nthreads", "1", "--no-nanny", "--name", name)
        if preload:
            file = self.folder / f"{name}.py"
            file.write_text(preload, encoding="utf-8")
            options = (*options, "--preload", str(file))
        local = ["--local-directory", str(self.folder)]
        return self._run("worker", self.address, *self.files, *local, *options, environment=environment)

    def wait_for_workers(self, count: int) -> None:
        """Wait until so many workers have joined."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=120)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End it at once, with all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _run(
        self, kind: str, *words: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", kind, *words, "--no-dashboard"]
        env = self.environment | dict(environment or {})
        with open(self.folder / f"{kind}-{len(self.running)}.log", "wb") as log:
            process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        self.running.append(process)
        return process


NAMES = {"ca": "ca-file", "cert": "cert", "key": "key"}


def until(there: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so. Raises `TimeoutError` if it never comes."""
    deadline = time.monotonic() + seconds
    while not there():
        if time.monotonic() > deadline:
            raise TimeoutError("it never came")
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
