"""A Jupyter kernel for untrusted code: in bubblewrap, so that it cannot reach the rest of the machine.

Code in it sees the system's programs, Python, the installed packages, the packages `lifecycle` and `lessons`,
and the files it was given, all read-only. It has no network, and sees no other process and none of the
grader's environment variables. It can write only to folders of limited size, which are deleted afterwards.
All this is the same for root and for an ordinary user. Limits on processes do not apply to root, so root
becomes an ordinary user before it builds the walls.

The kernel's sockets are in the sandbox as well. The grader reaches them through `/proc/PID/root`. Two
folders are open to both sides. The folder `judge` holds only the socket at which a judge outside may listen.
Inside, it is read-only, and the environment variable `LIFECYCLE_JUDGE` names the socket. The folder `shared`
is writable: answers work in it while a judge watches.
"""

import contextlib
import json
import os
import re
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Self

import psutil
import zmq
from jupyter_client.blocking.client import BlockingKernelClient

import lessons
import lifecycle
from classroom import filter as filters
from classroom.trouble import Trouble
from lessons.judge.home import PLACE
from lessons.sockets import socket_room

MIB: Final = 2**20

OLDEST: Final = (0, 8)
"""The first bubblewrap that can stop code in it from making namespaces of its own."""

NOBODY: Final = 65534
"""The user and group that submitted code runs as: inside, and also outside if the grader is root."""

HOME: Final = "/home/student"
"""The kernel's working folder inside: writable, of limited size, with the files it was given."""

MESSAGE: Final = 16 * MIB  # the largest message that a client takes from a kernel, in bytes
WAITING: Final = 64  # how many messages may wait for a client; after that the kernel has to wait
LISTENING: Final = 2.0  # seconds in which a kernel must accept a message, or `zmq.Again` is raised

_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")
"""Links into /usr on most systems, folders on some."""

_SOCKETS = "/run/s"
_JUDGE = "/run/judge"
_CONNECTION = "/run/connection.json"
_PORTS = {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "hb_port": 4, "control_port": 5}
_START_SECONDS = 60.0
_WATCH_SECONDS = 0.25


@dataclass(frozen=True)
class Limits:
    """The limits of one sandbox."""

    memory: int = 1536 * MIB  # the most address space of one process, in bytes
    total_memory: int = 2048 * MIB  # of all its processes together; checked four times a second
    disk: int = 64 * MIB  # bytes that each of its two writable folders, /tmp and the working folder, can hold
    files: int = 20_000  # files, folders and links that those two can hold; checked four times a second
    file_size: int = 32 * MIB  # the largest file it can write, in bytes
    open_files: int = 256  # files and sockets that one process can hold open
    processes: int = 64  # processes and threads together; the kernel itself needs about a dozen
    seconds: float = 300.0  # from its start to its end; then it is killed


def available() -> tuple[bool, str]:
    """Whether a sandbox can be started here, and a sentence for a person that says so or what is missing."""
    if sys.platform != "linux":
        return False, "The sandbox needs Linux: its walls are the Linux kernel's."
    for program, package in (("bwrap", "bubblewrap"), ("prlimit", "util-linux"), ("setpriv", "util-linux")):
        if shutil.which(program) is None:
            return False, f"The sandbox needs the program {program}: install the package {package}."
    with _folder() as folder:
        command = _Command(folder, Limits())
        try:
            tried = subprocess.run(
                command.around(["true"]), capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return False, f"The sandbox does not start: {error}."
    if tried.returncode:
        said = (tried.stderr.strip().splitlines() or ["no reason was given"])[-1]
        return False, f"The sandbox does not start: {said}."
    return True, "The sandbox starts."


def version() -> tuple[int, ...]:
    """The version of the installed bubblewrap; empty if it is not installed."""
    try:
        asked = [_path("bwrap"), "--version"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(int(number) for number in re.findall(r"\d+", said)[:3])


class Sandbox:
    """A started kernel that can reach only what it was given.

    `files` are in its working folder, read-only, under their names. At the end of the `with` block, every
    process started in it is dead. The same happens if the thread that entered the block ends, or if this
    process is killed.

    `sandboxed=False` gives the same kernel without walls, with only those limits that the system has. It is
    for machines without bubblewrap, and for code that you know.

    Raises `Trouble` on entering if the kernel does not start.
    """

    def __init__(
        self, files: Mapping[str, bytes] | None = None, limits: Limits | None = None, sandboxed: bool = True
    ) -> None:
        if sys.platform == "win32":
            raise Trouble("Grading needs Linux or macOS: use another machine.")
        self.files, self.limits, self.sandboxed = dict(files or {}), limits or Limits(), sandboxed
        self.ended_by = ""
        """Which limit ended the kernel: "time", "memory" or "files"; empty if none did."""
        self.first = 0
        """The process id, outside, of the first process in it: all others are its children."""
        self._process: subprocess.Popen[bytes] | None = None
        self._pidfd: int | None = None
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    def beside(self, name: str) -> str:
        """The path of one of its `files`, as seen from outside; "" if it has no file of this name."""
        return str(self._folder / "files" / name) if name in self.files else ""

    @property
    def alive(self) -> bool:
        """Whether the kernel's process exists."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            folder = self._folder = undo.enter_context(_folder())
            _lay(self.files, folder / "files")
            # Where a judge listens for this kernel's answers: the path outside, and the path inside.
            self.judge = str(folder / "judge" / "socket")
            self.place = f"{_JUDGE}/socket" if self.sandboxed else self.judge
            # A folder in which answers work while a judge watches; it has the same path inside.
            self.shared = str(folder / "shared")
            _lay({}, folder / "judge")
            (folder / "shared").mkdir(mode=0o700)
            _give(folder / "shared")
            # It says why a kernel did not start. The kernel can write to it, up to the size of one file.
            self._log = undo.enter_context(tempfile.TemporaryFile())
            undo.callback(self.kill)
            self._start()
            self._within = undo.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._within.close()

    def client(self) -> BlockingKernelClient:
        """A new client of the kernel. It refuses messages above 16 MiB, which an honest kernel never sends.

        If a kernel does not accept a message within two seconds, `zmq.Again` is raised. Data that is too
        large, or is not a message, ends the connection; later messages would wait for ever.
        """
        made = BlockingKernelClient()
        made.load_connection_info(self._connection)
        made.context.setsockopt(zmq.MAXMSGSIZE, MESSAGE)
        made.context.setsockopt(zmq.RCVHWM, WAITING)
        made.context.setsockopt(zmq.SNDTIMEO, round(LISTENING * 1000))
        return made

    def kill(self) -> None:
        """End everything in the sandbox, and wait until it is gone; harmless if it has ended already."""
        process, self._process = self._process, None
        if process is None:
            return
        self._over.set()
        self._kill(process)
        process.wait()
        if self._watcher is not None:
            self._watcher.join()
        if self._pidfd is not None:
            os.close(self._pidfd)

    def _start(self) -> None:
        """Start the kernel, and wait until it listens, so that clients need not try again and again."""
        until = time.monotonic() + self.limits.seconds
        ip, key = _SOCKETS if self.sandboxed else f"{self._folder}/s", secrets.token_hex(32)
        self._connection: Any = {
            "transport": "ipc", "ip": ip, **_PORTS, "key": key, "signature_scheme": "hmac-sha256",
        }  # fmt: skip
        inside = self._folder / "connection.json"
        inside.touch(0o600)
        inside.write_text(json.dumps(self._connection), encoding="ascii")
        _give(inside)
        root = self._begun(inside)
        self._connection["ip"] = f"{root}{ip}"
        late = time.monotonic() + _START_SECONDS
        missing = [f"{root}{ip}-{port}" for port in _PORTS.values()]
        while missing := [path for path in missing if not os.path.exists(path)]:
            if not self.alive or time.monotonic() > late:
                raise self._trouble()
            time.sleep(0.005)
        self._watcher = threading.Thread(target=self._watch, args=(self._process, root, until), daemon=True)
        self._watcher.start()

    def _begun(self, inside: Path) -> str:
        """Start the kernel's process, and return the path of its root folder as seen from outside."""
        command = _Command(self._folder, self.limits)
        # It has no input, and a session of its own.
        apart: Any = {"stdin": subprocess.DEVNULL, "stdout": self._log, "stderr": self._log,
                      "start_new_session": True}  # fmt: skip
        if not self.sandboxed:
            words, env = command.limited(command.kernel(str(inside))), command.environment(str(self._folder))
            self._process = subprocess.Popen(words, env=env, cwd=self._folder / "files", **apart)
            self.first = self._process.pid
            return ""
        with open(self._folder / "filter", "wb+") as refused, contextlib.ExitStack() as pipes:
            refused.write(filters.program())
            refused.seek(0)
            reading, writing = os.pipe()
            pipes.callback(os.close, reading)
            try:
                # Bubblewrap writes what it started to a pipe, and reads from a file which system calls should
                # fail.
                more = ["--info-fd", str(writing)]
                more += ["--seccomp", str(refused.fileno())] if filters.program() else []
                words = command.around(command.kernel(_CONNECTION), more)
                kept = (writing, refused.fileno())
                self._process = subprocess.Popen(words, env={}, pass_fds=kept, **apart)
            finally:
                os.close(writing)
            said = b""
            while select.select([reading], [], [], _START_SECONDS)[0] and (part := os.read(reading, 4096)):
                said += part
        try:
            # The sandbox's first process; when it dies, all others in the sandbox die.
            self.first = int(json.loads(said)["child-pid"])
            self._pidfd = os.pidfd_open(self.first)
        except (ValueError, KeyError, ProcessLookupError):
            raise self._trouble() from None
        return f"/proc/{self.first}/root"

    def _trouble(self) -> Trouble:
        self.kill()
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 4000))
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return Trouble(
            f"The kernel does not start: {(lines or ['it gave no reason'])[-1]}. Run `classroom doctor` to "
            "see what is missing."
        )

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        if not self.sandboxed:
            _kill_all(process.pid, self._folder)
        elif self._pidfd is not None:
            # When the first process of a process namespace ends, all others end too; then bubblewrap ends.
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
        if process.poll() is None:
            process.kill()

    def _watch(self, process: subprocess.Popen[bytes], root: str, until: float) -> None:
        """End the kernel if its time is up, or if its processes together use more than they may."""
        while process.poll() is None and not self._over.wait(_WATCH_SECONDS):
            if time.monotonic() > until:
                self.ended_by = "time"
            elif _memory(process.pid) > self.limits.total_memory:
                self.ended_by = "memory"
            elif (root and _files(root) > self.limits.files) or self._overfull():
                self.ended_by = "files"
            if self.ended_by:
                self._kill(process)
                return

    def _overfull(self) -> bool:
        """Whether the folder shared with the judge holds more than a folder of the sandbox is allowed to."""
        count = size = 0
        for place, folders, names in os.walk(self._folder / "shared"):
            count += len(folders) + len(names)
            for name in names:
                with contextlib.suppress(OSError):
                    size += os.lstat(os.path.join(place, name)).st_blocks * 512
            if count > self.limits.files or size > self.limits.disk:
                return True
        return False


class _Command:
    """The command lines that start a kernel: with its limits, and with its walls."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder, self.limits = folder, limits
        self.shared = str(folder / "shared")

    def kernel(self, connection: str) -> list[str]:
        words = [sys.executable, "-m", "ipykernel_launcher", f"--f={connection}"]
        return [*words, "--HistoryManager.enabled=False", "--IPKernelApp.log_level=ERROR"]

    def limited(self, words: list[str]) -> list[str]:
        """The command under the limits of one process; unchanged if the system has no prlimit."""
        if shutil.which("prlimit") is None:
            return words
        limits = self.limits
        most = [f"--as={limits.memory}", f"--fsize={limits.file_size}", f"--nofile={limits.open_files}"]
        return [_path("prlimit"), "--core=0", *most, *words]

    def environment(self, folder: str) -> dict[str, str]:
        """The kernel's complete environment; `folder` is where it may write."""
        return {
            "HOME": folder, "TMPDIR": folder, "USER": "student", "LANG": "C.UTF-8",
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "LIFECYCLE_HOME": f"{folder}/lifecycle", PLACE: f"{folder}/judge/socket",
            "IPYTHONDIR": f"{folder}/ipython", "JUPYTER_RUNTIME_DIR": f"{folder}/jupyter",
            "MPLCONFIGDIR": f"{folder}/matplotlib", "MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1",
            # Each thread of a numerical library uses address space, and counts as a process.
            "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2",
        }  # fmt: skip

    def around(self, words: list[str], more: Sequence[str] = ()) -> list[str]:
        """The command with walls around it. more: options for bubblewrap."""
        if os.geteuid() != 0:
            return self._walls(words, more, self._shown())
        # Root becomes an ordinary user and then builds the walls. Files that such a user cannot reach are
        # first mounted where it can, in a private view of the file system.
        shown, mounts = [], list[str]()
        for source, inside in self._shown():
            place = source
            if os.path.isdir(source) and not _reachable(Path(source)):
                place = str(self.folder / f"stage{len(mounts)}")
                os.makedirs(place, exist_ok=True)
                mounts += [source, place]
            shown.append((place, inside))
        own = [_path("unshare"), "--mount", "--propagation", "private", "--", "sh", "-c", _MOUNT, "sh"]
        down = [_path("setpriv"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
        staged = [*own, *mounts, "--"] if mounts else []
        return [*staged, *down, *self._walls(words, more, shown)]

    def _walls(self, words: list[str], more: Sequence[str], shown: list[tuple[str, str]]) -> list[str]:
        disk = str(self.limits.disk)
        walls = [_path("bwrap"), "--die-with-parent", "--new-session", "--unshare-user", "--unshare-all"]
        walls += ["--uid", str(NOBODY), "--gid", str(NOBODY), "--hostname", "sandbox", "--disable-userns"]
        walls += ["--proc", "/proc", "--dev", "/dev"]
        walls += ["--size", str(MIB), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
        for folder, size in (("/tmp", disk), (HOME, disk), ("/run", str(MIB))):
            walls += ["--size", size, "--tmpfs", folder]
        for source, inside in shown:
            walls += ["--bind" if inside == self.shared else "--ro-bind", source, inside]
        for path in filter(os.path.islink, _LINKS):
            walls += ["--symlink", os.readlink(path), path]
        for path in _hidden(shown):
            walls += ["--size", "4096", "--tmpfs", path, "--remount-ro", path]
        walls += ["--remount-ro", "/", "--chdir", HOME, "--clearenv"]
        for name, value in (self.environment("/tmp") | {"HOME": HOME, PLACE: f"{_JUDGE}/socket"}).items():
            walls += ["--setenv", name, value]
        # This limit is set inside, so that it counts only the sandbox's processes, not all of the user's.
        within = [_path("prlimit"), f"--nproc={self.limits.processes}", *self.limited(words)]
        return [*walls, *more, "--", *within]

    def _shown(self) -> list[tuple[str, str]]:
        """What is visible inside: its path outside, and its path inside."""
        folders = ["/usr", "/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", *_LINKS]
        kit = [str(Path(str(package.__file__)).parent) for package in (lifecycle, lessons)]
        python = [sys.base_prefix, sys.prefix, *kit]
        shown = {path: path for path in folders if os.path.exists(path) and not os.path.islink(path)}
        for path in python:
            real = os.path.realpath(path)
            for name in (real, path):
                if not _covers([(each, each) for each in shown], PurePosixPath(name)):
                    shown[name] = real
        pairs = [(source, inside) for inside, source in shown.items()]
        etc = self.folder / "etc"
        _lay(_ETC, etc)
        pairs += [(str(etc / name), f"/etc/{name}") for name in _ETC]
        files = self.folder / "files"
        pairs += [(str(path), f"{HOME}/{path.name}") for path in sorted(files.glob("*"))]
        if (self.folder / "connection.json").exists():
            pairs += [(str(self.folder / "judge"), _JUDGE), (self.shared, self.shared)]
            pairs.append((str(self.folder / "connection.json"), _CONNECTION))
        return pairs


_MOUNT = 'set -e; while [ "$1" != -- ]; do mount --rbind "$1" "$2"; shift 2; done; shift; exec "$@"'

_ETC: dict[str, bytes] = {
    "passwd": f"student:x:{NOBODY}:{NOBODY}::{HOME}:/bin/sh\n".encode(),
    "group": f"student:x:{NOBODY}:\n".encode(),
    "hosts": b"127.0.0.1 localhost sandbox\n::1 localhost\n",
    "nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
}


def _reachable(path: Path) -> bool:
    """Whether every user can open `path`."""
    return all(each.stat().st_mode & 0o001 for each in path.parents) and bool(path.stat().st_mode & 0o004)


def _path(program: str) -> str:
    return shutil.which(program) or program


def _hidden(shown: list[tuple[str, str]]) -> list[str]:
    """The grader's own folders inside a visible one: this package, and the kit's solutions."""
    kit = Path(lifecycle.__file__).resolve().parents[2] / "exercises"
    folders = [Path(__file__).resolve().parent, *([kit] if kit.is_dir() else [])]
    return [str(folder) for folder in folders if _covers(shown, PurePosixPath(folder))]


def _covers(shown: list[tuple[str, str]], path: PurePosixPath) -> bool:
    """Whether `path` is a visible folder, or is inside one."""
    return any(path.is_relative_to(inside) for _, inside in shown)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A private folder of the grader, with a random name; short, because paths of sockets must be short."""
    path = Path(tempfile.mkdtemp(prefix="box-", dir=socket_room()))
    if os.geteuid() == 0 and not _reachable(path.parent):
        path.rmdir()
        path = Path(tempfile.mkdtemp(prefix="box-", dir="/tmp"))
    # The user that root becomes can pass through, but cannot list the names.
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _lay(files: Mapping[str, bytes], folder: Path) -> None:
    """Write `files` below `folder`, readable by the kernel's user."""
    folder.mkdir()
    folder.chmod(0o755)  # whatever the umask
    for name, content in files.items():
        parts = PurePosixPath(name).parts
        if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
            raise ValueError(f"{name!r} is not a path inside the working folder: give one inside it")
        path = folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        for each in (path, *path.relative_to(folder).parents):
            os.chmod(folder / each, 0o644 if each == path else 0o755)


def _give(path: Path) -> None:
    """Make the kernel's user the owner of a path."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def _family(first: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(first)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _memory(first: int) -> int:
    """Bytes that the process `first` and its descendants use; memory that they share counts once."""
    total = 0
    for process in _family(first):
        with contextlib.suppress(psutil.Error, OSError):
            total += (whole := process.memory_info().rss)  # a process can hide the exact number
            total += process.memory_full_info().pss - whole
    return total


def _files(root: str) -> int:
    """How many files, folders and links are in the writable folders below `root`."""
    total = 0
    for folder in ("/tmp", HOME, "/run", "/dev/shm"):
        with contextlib.suppress(OSError):
            held = os.statvfs(root + folder)
            total += held.f_files - held.f_ffree
    return total


def _kill_all(first: int, folder: Path) -> None:
    """Kill the process `first` and all that it started. The folder's name finds those that left its tree."""
    found = _family(first)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("TMPDIR") == str(folder):
                found.append(process)
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.kill()
    # The parent of the first one waits for it.
    psutil.wait_procs([process for process in found if process.pid != first], timeout=5)
