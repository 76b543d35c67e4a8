"""`classroom doctor`: test whether this machine can grade safely, one line for each finding.

Most lines are about a harmless attack, run in a sandbox as a submission would be. If something is wrong, the
next line says how to fix it.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

import psutil

from classroom import sandbox as sandboxes
from classroom.sandbox import MIB, Limits, Sandbox
from classroom.trouble import Trouble
from lessons.words import agreeing, listed

INSTALL = "pip install -c constraints.txt -e '.[classroom]'"

SETTINGS = {
    "kernel/unprivileged_userns_clone": (
        "0",
        "on this system only root can make namespaces. As root: `sysctl -w "
        "kernel.unprivileged_userns_clone=1`; the same line in a file in /etc/sysctl.d keeps it.",
    ),
    "kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "this system (Ubuntu 23.10 and newer) lets only programs with an AppArmor profile make namespaces. "
        "As root, put these lines into /etc/apparmor.d/bwrap and run `apparmor_parser -r "
        "/etc/apparmor.d/bwrap`:\n"
        "abi <abi/4.0>,\n"
        "include <tunables/global>\n"
        "profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }",
    ),
    "user/max_user_namespaces": (
        "0",
        "this system allows no namespaces. As root: `sysctl -w user.max_user_namespaces=15000`; "
        "the same line in a file in /etc/sysctl.d keeps it.",
    ),
}
"""Settings of the Linux kernel, below /proc/sys, with the value that stops a sandbox and the remedy."""

CONTAINER = (
    "this is a container that forbids it. With Docker, start the container with `--security-opt "
    "seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`, and with "
    "`--cap-add SYS_ADMIN` when you are root in it; or grade on the machine itself."
)

OTHERWISE = (
    "run `classroom doctor` as an ordinary user, and read the message of `bwrap --ro-bind / / --unshare-user "
    "--unshare-pid --proc /proc true`."
)


@dataclass(frozen=True)
class Probed:
    """One finding: whether it is good, and if not, how to fix it."""

    what: str
    holds: bool = True
    mend: str = ""


def configure(parser: argparse.ArgumentParser) -> None:
    """`classroom doctor` has no options."""
    parser.description = (
        "Start a sandbox and test each of its walls. Says what fails and how to fix it. The exit code is 0 "
        "if nothing fails, so that a script can use it."
    )


def run(given: argparse.Namespace) -> int:
    """Print each finding at once, and return 0 if all are good, else 1."""
    print("Testing whether this machine can grade safely.", flush=True)
    broken = 0
    for finding in look():
        print(f"  {'ok' if finding.holds else 'NO'}  {finding.what}", flush=True)
        if not finding.holds:
            broken += 1
            first, *more = f"To fix it: {finding.mend}".splitlines()
            print(f"      {first}", *(f"          {line}" for line in more), sep="\n", flush=True)
    if broken:
        print(f"{broken} of these {agreeing(broken, 'has', 'have')} failed: fix that first, then grade.")
        return 1
    print("All is well: `classroom grade` can run here.")
    return 0


def look() -> Iterator[Probed]:
    """The findings about this machine, one by one; they end if a sandbox cannot start."""
    yield _packages()
    can, sentence = sandboxes.available()
    if not can:
        yield Probed(sentence, False, mending())
        return
    yield Probed(f"bubblewrap {'.'.join(map(str, sandboxes.version()))} is installed and works")
    try:
        yield from _walls()
        yield _time()
        yield _judge()
    except Trouble as trouble:
        yield Probed(str(trouble), False, mending())
        return
    yield _room()


def mending(system: Path = Path("/proc/sys"), root: Path = Path("/")) -> str:
    """What to do if a sandbox cannot start, according to the settings of this machine."""
    if sys.platform != "linux":
        return "grade on Linux; a virtual machine or WSL 2 is enough."
    if not sandboxes.version():
        return (
            "`apt install bubblewrap` on Debian and Ubuntu, `dnf install bubblewrap` on Fedora and its kin, "
            "`pacman -S bubblewrap` on Arch; prlimit, setpriv and unshare are in util-linux."
        )
    if sandboxes.version() < sandboxes.OLDEST:
        oldest = ".".join(map(str, sandboxes.OLDEST))
        return f"use bubblewrap {oldest} or newer, which Debian 12, Ubuntu 24.04 and newer systems have."
    for name, (value, advice) in SETTINGS.items():
        try:
            if (system / name).read_text().strip() == value:
                return advice
        except OSError:
            continue
    if any((root / mark).exists() for mark in (".dockerenv", "run/.containerenv")):
        return CONTAINER
    return OTHERWISE


def _packages() -> Probed:
    try:
        found = [f"{name} {installed(name)}" for name in ("nbgrader", "distributed")]
    except PackageNotFoundError as error:
        return Probed(f"{error.name} is not installed", False, f"`{INSTALL}` in the course's folder.")
    return Probed(f"{listed(found)} are installed")


PROBES = {
    "it has no network": (
        "import socket\n"
        "try: socket.create_connection(('127.0.0.1', int(open('port').read())), 5); print('reached')\n"
        "except OSError: print([name for _, name in socket.if_nameindex()])",
        "['lo']",
    ),
    "it sees no files but its own": (
        "import os\nprint([path for path in open('paths').read().split('\\n') if os.path.exists(path)])",
        "[]",
    ),
    "it sees no processes but its own": (
        "import os\nprint(max(int(name) for name in os.listdir('/proc') if name.isdigit()) < 100)",
        "True",
    ),
    "it does not get your environment": ("import os\nprint('CLASSROOM_DOCTOR' in os.environ)", "False"),
    "it cannot change the packages": (
        "import lessons, lifecycle, os\n"
        "paths = lifecycle.__file__, lessons.__file__, os.__file__, '/', '/usr'\n"
        "print([path for path in paths if os.access(path, os.W_OK)])",
        "[]",
    ),
    "it cannot become another user": (
        "import os, subprocess\n"
        "print(os.getuid(), subprocess.run(['unshare', '-Ur', 'true'], capture_output=True).returncode == 0)",
        f"{sandboxes.NOBODY} False",
    ),
    "its processes are limited": (
        "import os, time\n"
        "children, stopped = [], False\n"
        "try:\n"
        "    while len(children) < 500:\n"
        "        children.append(os.fork())\n"
        "        if not children[-1]: time.sleep(5); os._exit(0)\n"
        "except OSError: stopped = True\n"
        "for child in children: os.kill(child, 9); os.waitpid(child, 0)\n"
        "print(stopped)",
        "True",
    ),
    "its memory is limited": (
        "try: held = bytearray(8 * 2**30); print('allocated')\nexcept MemoryError: print('MemoryError')",
        "MemoryError",
    ),
    "its disk is limited": (
        "said = []\n"
        "try:\n"
        "    with open('/tmp/big', 'wb', 0) as stream: stream.seek(2**26); stream.write(b'x')\n"
        "except OSError as error: said.append(error.strerror)\n"
        "try:\n"
        "    for n in range(200): open(f'/tmp/{n}', 'wb', 0).write(bytes(2**20))\n"
        "except OSError as error: said.append(error.strerror)\n"
        "print(said)",
        "['File too large', 'No space left on device']",
    ),
    "it cannot use memory that the limit does not count": (
        "import os\ntry: os.memfd_create('x'); print('made')\nexcept OSError: print('refused')",
        "refused",
    ),
}
"""What is tried in one kernel, in this order: the code, and what it prints if the wall holds."""

LIMITS = Limits(seconds=60.0)


def _walls() -> Iterator[Probed]:
    with tempfile.TemporaryDirectory() as private, socket.create_server(("127.0.0.1", 0)) as listening:
        Path(private, "gradebook.db").touch()
        hidden = [f"{private}/gradebook.db", str(Path(__file__).parent), "/etc/hostname", "/var"]
        hidden += [str(path) for path in Path.cwd().iterdir() if path.is_file()]
        # Python itself may be in the home folder; it stays visible.
        hidden += [str(Path.home() / name) for name in (".ssh", ".bash_history", ".profile", ".bashrc")]
        files = {"port": str(listening.getsockname()[1]).encode(), "paths": "\n".join(hidden).encode()}
        os.environ["CLASSROOM_DOCTOR"] = "here"
        begun = time.monotonic()
        try:
            with Sandbox(files, LIMITS) as sandbox:
                yield Probed(f"a kernel starts in the sandbox, in {time.monotonic() - begun:.1f} s")
                for name, (code, expected) in PROBES.items():
                    said = _say(sandbox, code)
                    yield Probed(name) if said == expected else _wrong(name, said, expected)
        finally:
            del os.environ["CLASSROOM_DOCTOR"]


def _say(sandbox: Sandbox, code: str) -> str:
    """The output of the code in the sandbox."""
    said: list[str] = []
    client = sandbox.client()
    client.start_channels(stdin=False, hb=False)
    try:
        client.wait_for_ready(timeout=30)
        client.execute_interactive(
            code,
            store_history=False,
            timeout=30,
            output_hook=lambda message: said.append(
                message["content"].get("text") or message["content"].get("evalue") or ""
            ),
        )
    except (RuntimeError, TimeoutError) as error:
        said.append(str(error))
    finally:
        client.stop_channels()
    return "".join(said).strip()


def _wrong(name: str, said: str, expected: str) -> Probed:
    seen = (said.splitlines() or ["nothing"])[-1][:200]
    return Probed(
        f"{name}: this is not so here (it printed {seen}, not {expected})",
        False,
        "do not grade on this machine, and report this line with the versions of Linux and bubblewrap.",
    )


def _time() -> Probed:
    with Sandbox(limits=Limits(seconds=2.0)) as sandbox:
        client = sandbox.client()
        client.start_channels(stdin=False, hb=False)
        client.execute("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass")
        for _ in range(200):
            if not sandbox.alive:
                break
            time.sleep(0.05)
        client.stop_channels()
        if sandbox.ended_by != "time":
            return Probed("its time is limited: this is not so here (a loop went on)", False, OTHERWISE)
    return Probed("its time is limited, and its child processes end with it")


def _judge() -> Probed:
    """Whether a judge can share a folder with a sandbox without following a link in it."""
    code = "import sys; from lessons.judge.shared import enter; enter(*sys.argv[1:])"
    with tempfile.TemporaryDirectory() as shared, tempfile.TemporaryDirectory() as own:
        done = subprocess.run(
            [sys.executable, "-c", code, shared, own],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return Probed(f"a judge cannot refuse links: {why}", False, "grade on Linux 5.10 or newer.")
    return Probed("a judge does not follow links that a submission makes")


def _room() -> Probed:
    """Whether the memory is enough for one submission on each processor at once."""
    workers = os.cpu_count() or 1
    free = psutil.virtual_memory().available
    fit = max(1, free // LIMITS.total_memory)
    what = f"{free / 1024 / MIB:.0f} GiB of memory are free"
    if fit < workers:
        return Probed(
            f"{what}: {workers} submissions at once may need more",
            False,
            f"give `classroom grade` the option --workers {fit}.",
        )
    return Probed(f"{what}, enough for {workers} submissions at once")
