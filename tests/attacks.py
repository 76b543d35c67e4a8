"""What hostile code tries in the sandbox, and what must come of it.

    python tests/attacks.py quiet PORT SECRET...
    python tests/attacks.py loud NAME...

run attacks as whoever starts them, and print what came of them as JSON.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from classroom.sandbox import MIB, Limits, Sandbox

SHORT: dict[str, Any] = {"seconds": 60.0}
FILES = {"weather.csv": b"station,degrees\nZermatt,-3\n", "deep/er/one.txt": b"one"}


@dataclass(frozen=True)
class Attack:
    """Code, limits, and whether what came of it is what must come of it."""

    code: str
    holds: Callable[[Came], bool]
    limits: dict[str, Any] = field(default_factory=dict)


@dataclass
class Came:
    """What came of an attack: what was printed, and how the kernel stood afterwards."""

    said: str
    alive: bool
    ended_by: str


def says(words: str) -> Callable[[Came], bool]:
    """The attack prints these words, and the kernel lives on."""
    return lambda came: words in came.said and came.alive


def fails(*errors: str) -> Callable[[Came], bool]:
    """The attack ends with one of these errors, and the kernel lives on."""
    return lambda came: "got through" not in came.said and came.alive and any(e in came.said for e in errors)


QUIET = {
    "the network": Attack(
        "import socket\n"
        "for family, where in ((2, ('1.1.1.1', 53)), (10, ('2606:4700:4700::1111', 53))):\n"
        "    try: socket.socket(family).connect(where); print('got through')\n"
        "    except OSError as error: print('refused:', error)",
        lambda came: came.said.count("refused:") == 2 and "got through" not in came.said,
    ),
    "a service of the machine": Attack(
        "import socket, os\n"
        "port = int(open('port.txt').read())\n"
        "try: socket.create_connection(('127.0.0.1', port), 5); print('got through')\n"
        "except OSError as error: print(type(error).__name__)",
        fails("ConnectionRefusedError"),
    ),
    "the grader's package": Attack(
        "try:\n    import classroom.sandbox; print('got through')\nexcept ImportError: print('ImportError')",
        fails("ImportError"),
    ),
    "its own files": Attack(
        "import os\nprint(sorted(os.listdir('.')), open('deep/er/one.txt').read(), os.getcwd())",
        says("['deep', 'port.txt', 'secrets.txt', 'weather.csv'] one /home/student"),
    ),
    "changing what it was given": Attack(
        "open('weather.csv', 'w').write('x')", fails("Read-only file system")
    ),
    "writing to the packages": Attack(
        "import lifecycle, IPython, os\n"
        "for package in (lifecycle, IPython, os):\n"
        "    try: open(package.__file__, 'a').write('#'); print('got through')\n"
        "    except OSError as error: print('refused')",
        lambda came: came.said.split() == ["refused"] * 3,
    ),
    "writing elsewhere": Attack(
        "import os\n"
        "for path in ('/', '/usr', '/etc', '/dev', '/home', '/proc', '/proc/sys/kernel'):\n"
        "    try: open(os.path.join(path, 'hostname'), 'w'); print('got through', path)\n"
        "    except OSError: print('refused')",
        lambda came: came.said.split() == ["refused"] * 7,
    ),
    "the folder of the judge": Attack(
        "import os\n"
        "place = os.environ['LIFECYCLE_JUDGE']\nfolder = os.path.dirname(place)\nsaid = []\n"
        "for act in (lambda: open(place, 'w'), lambda: os.mkdir(folder + '/x'), lambda: os.rmdir(folder),\n"
        "            lambda: os.rename(folder, '/run/x'), lambda: os.chmod(folder, 0o777)):\n"
        "    try: act(); said.append('done')\n    except OSError as error: said.append(error.strerror)\n"
        "print(os.path.exists(place), 'done' in said)",
        says("False False"),
    ),
    "the grader's files": Attack(
        "import os\n"
        "for path in open('secrets.txt').read().split('\\n'):\n"
        "    print('got through' if os.path.exists(path) else 'not there')",
        lambda came: set(came.said.split("\n")) == {"not there"},
    ),
    "the environment": Attack(
        "import os\n"
        "print(os.environ['LIFECYCLE_HOME'], 'TO_BE_KEPT' in os.environ)\n"
        "started = [f'/proc/{n}/environ' for n in os.listdir('/proc') if n.isdigit()]\n"
        "print([path for path in started if b'TO_BE_KEPT' in open(path, 'rb').read()])",
        says("/tmp/lifecycle False\n[]"),
    ),
    "other processes": Attack(
        "import os\nprint('highest', max(int(n) for n in os.listdir('/proc') if n.isdigit()) < 100)\n"
        "print({open(f'/proc/{n}/comm').read().strip() for n in os.listdir('/proc') if n.isdigit()}"
        " <= {'bwrap', 'python', 'python3', 'ipykernel_launch'})",
        says("highest True\nTrue"),
    ),
    "who it is": Attack(
        "import os, getpass, pwd\nprint(os.getuid(), os.getgid(), 0 in os.getgroups(), getpass.getuser())\n"
        "print(len(pwd.getpwall()), [int(line.split()[1], 16) for line in open('/proc/self/status')"
        " if line.startswith('Cap')])",
        says("65534 65534 False student\n1 [0, 0, 0, 0, 0]"),
    ),
    "becoming root": Attack(
        "import os\n"
        "for become in (lambda: os.setuid(0), lambda: os.setgroups([0]), lambda: os.chroot('/tmp')):\n"
        "    try: become(); print('got through')\n"
        "    except OSError: print('refused')\n"
        "import subprocess\n"
        "for line in ('unshare -Ur true', 'mount -t tmpfs x /tmp', 'unshare -n true'):\n"
        "    tried = subprocess.run(line.split(), capture_output=True)\n"
        "    print('refused' if tried.returncode else 'got through')",
        lambda came: came.said.split() == ["refused"] * 6,
    ),
    "killing the first process": Attack(
        "import os, signal, time\nos.kill(1, signal.SIGKILL); time.sleep(0.3); print('here')", says("here")
    ),
    "memory that no limit counts": Attack(
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "for call in (lambda: os.memfd_create('x'),):\n"
        "    try: call(); print('got through')\n"
        "    except OSError: print('refused')\n"
        "print('got through' if libc.shmget(0, 4096, 0o1600) >= 0 else 'refused')\n"
        "print('got through' if libc.msgget(0, 0o1600) >= 0 else 'refused')",
        lambda came: came.said.split() == ["refused"] * 3,
    ),
    "memory": Attack(
        "held = []\nwhile True:\n    held.append(bytearray(64 * 2**20))",
        fails("MemoryError"),
    ),
    "a big file": Attack(
        "with open('/tmp/big', 'wb', buffering=0) as stream:\n    while stream.write(bytes(2**20)): pass",
        fails("File too large"),
    ),
    "a full disk": Attack(
        "import os\n"
        "for folder in ('/tmp', '.', '/run', '/dev/shm'):\n"
        "    made = [f'{folder}/{n}' for n in range(100)]\n"
        "    try:\n"
        "        for path in made: open(path, 'wb').write(bytes(4 * 2**20))\n"
        "        print('got through')\n"
        "    except OSError as error: print(error.strerror)\n"
        "    for path in made: os.path.exists(path) and os.remove(path)",
        lambda came: came.said.split("\n") == ["No space left on device"] * 4 and came.alive,
    ),
    "many open files": Attack(
        "held = []\n"
        "try:\n    while len(held) < 5000: held.append(open('weather.csv'))\n"
        "except OSError as error: print(error.strerror, len(held) < 256)\n"
        "finally: held.clear()",
        says("Too many open files True"),
    ),
    "a fork bomb that ends": Attack(
        "import os, time\n"
        "started = 0\n"
        "try:\n"
        "    while started < 500:\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(1); os._exit(0)\n"
        "        started += 1\n"
        "    print('got through')\n"
        "except OSError as error: print(error.strerror, started < 64)\n"
        "while started: os.wait(); started -= 1",
        says("Resource temporarily unavailable True"),
    ),
    "many threads": Attack(
        "import threading\n"
        "go, started = threading.Event(), []\n"
        "try:\n"
        "    for _ in range(500):\n"
        "        thread = threading.Thread(target=go.wait); thread.start(); started.append(thread)\n"
        "    print('got through')\n"
        "except RuntimeError as error: print(error, len(started) < 64)\n"
        "go.set(); [each.join() for each in started]",
        says("can't start new thread True"),
    ),
}
"""Attacks after which the kernel lives on: they share one, in this order."""

LOUD = {
    "a fork bomb": Attack(
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        lambda came: came.ended_by == "time" and not came.alive,
        {"seconds": 5.0},
    ),
    "memory of many processes": Attack(
        "import os, time\n"
        "for _ in range(8):\n"
        "    if os.fork() == 0:\n"
        "        held = b'x' * (60 * 2**20)\n"
        "        time.sleep(60)\n"
        "time.sleep(60)",
        lambda came: came.ended_by == "memory" and not came.alive,
        {"total_memory": 300 * MIB},
    ),
    "many small files": Attack(
        "n = 0\nwhile True:\n    open(f'/tmp/{n}', 'w').close(); n += 1",
        lambda came: came.ended_by == "files" and not came.alive,
        {"files": 5_000},
    ),
    "no end, and no interrupt": Attack(
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        lambda came: came.ended_by == "time" and not came.alive,
        {"seconds": 4.0},
    ),
    "leaving at once, something left behind": Attack(
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0: time.sleep(60)\n"
        "    os._exit(0)\n"
        "os.wait(); os._exit(0)",
        lambda came: not came.alive and came.ended_by == "",
    ),
    "a message without end": Attack(
        "print('x' * (100 * 2**20))", lambda came: came.said == "", {"seconds": 4.0}
    ),
}
"""Attacks that may cost the kernel: each has its own."""


def as_ordinary_user(*words: str) -> list[str]:
    """The command as an ordinary user, who sees the checkout and this Python, wherever root keeps them."""
    shown = {os.path.realpath(path) for path in (sys.base_prefix, sys.prefix, str(Path(__file__).parents[1]))}
    command = ["bwrap", "--die-with-parent", "--dev-bind", "/", "/", "--bind", "/proc", "/proc"]
    command += ["--dev-bind", "/dev", "/dev"]
    empty = {"/root": "0755", "/tmp": "1777"}
    for folder, mode in empty.items():
        command += ["--perms", mode, "--tmpfs", folder]
    for path in sorted(shown):
        for parent in reversed(Path(path).parents):
            if any(parent.is_relative_to(folder) and str(parent) != folder for folder in empty):
                command += ["--perms", "0755", "--dir", str(parent)]
        command += ["--ro-bind", path, path]
    down = ["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups"]
    return [*command, "--", *down, *words]


def run(sandbox: Sandbox, code: str, seconds: float) -> Came:
    """Run code in a started sandbox; what it printed, and how the kernel stood when it was done or dead."""
    client = sandbox.client()
    client.start_channels(stdin=False, hb=False)
    said, until = "", time.monotonic() + seconds
    try:
        client.wait_for_ready(timeout=30)
        request = client.execute(code, store_history=False)
        while sandbox.alive and time.monotonic() < until:
            try:
                message = client.get_iopub_msg(timeout=0.2)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            said += content.get("text", "")
            if message["msg_type"] == "error":
                said += f"{content['ename']}: {content['evalue']}"
            if content.get("execution_state") == "idle":
                break
    finally:
        client.stop_channels()
    # One look at whether it lives can come before the news of its death.
    time.sleep(0.05)
    return Came(said.strip(), sandbox.alive, sandbox.ended_by)


def quiet(port: int, secrets: Iterable[str]) -> dict[str, Came]:
    """What came of all quiet attacks, in one kernel; outside, something listens and `secrets` lie."""
    given = {"port.txt": str(port).encode(), "secrets.txt": "\n".join(secrets).encode()}
    with Sandbox(FILES | given) as sandbox:
        return {name: run(sandbox, attack.code, 60) for name, attack in QUIET.items()}


def loud(name: str) -> Came:
    """What came of one loud attack."""
    attack = LOUD[name]
    with Sandbox(FILES, Limits(**(SHORT | attack.limits))) as sandbox:
        return run(sandbox, attack.code, 60)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    all_came = quiet(int(rest[0]), rest[1:]) if what == "quiet" else {name: loud(name) for name in rest}
    print(json.dumps({name: asdict(came) for name, came in all_came.items()}))
