"""Make .venv when it is missing or out of date, then run a command in it.

    python3 tools/setup_env.py [--extra test] [--extra classroom] COMMAND [ARGUMENT...]

Another folder than .venv is named in COURSE_VENV: an environment for another Python, beside the first.

The Makefile calls this with any Python, so the file is written for every Python 3. If the Python is too old,
it hands over to a newer one that it finds, or says so in a sentence.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

NEEDED = (3, 11)
WHAT_IT_ADDS = {"test": "its tests", "classroom": "the grader"}
NEWER = ("python3.13", "python3.12", "python3.14", "python3.11", "python3")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, os.environ.get("COURSE_VENV") or ".venv")
STAMP = os.path.join(VENV, "course-stamp.json")
UNFINISHED = os.path.join(VENV, "course-unfinished")
LOG = os.path.join(VENV, "course-install.log")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python.exe" if os.name == "nt" else "python")


class Trouble(Exception):
    """An error that stops the setup, as one sentence."""


def main(arguments):
    extras = []
    while arguments[:1] == ["--extra"]:
        extras.append(arguments[1])
        arguments = arguments[2:]
    if not arguments:
        raise Trouble("Say what to run, for example: python3 tools/setup_env.py lifecycle lab")
    if sys.version_info < NEEDED:
        return hand_over()
    prepare(extras)
    return run(arguments)


def hand_over():
    """Start again with a Python that is new enough, or say that there is none."""
    found, wanted = (".".join(map(str, version[:2])) for version in (sys.version_info, NEEDED))
    for name in NEWER:
        path = shutil.which(name)
        probe = f"import sys; sys.exit(sys.version_info < {NEEDED})"
        if path and subprocess.call([path, "-c", probe], stderr=subprocess.DEVNULL) == 0:
            return subprocess.call([path, *sys.argv])
    raise Trouble(
        f"This Python is {found} ({sys.executable}), and the course needs {wanted} or newer: install one, "
        f"or name it (make lab PYTHON=/path/to/python{wanted})."
    )


def prepare(extras):
    """Update .venv from pyproject.toml and constraints.txt; this is quick if nothing has changed."""
    stamp = read_stamp()
    current = fingerprint()
    have = stamp.get("extras") or []
    if stamp.get("fingerprint") == current and set(extras) <= set(have) and os.path.exists(PYTHON):
        return
    # Installed packages stay: `make lab` after `make test` does not remove the tests' tools.
    extras = sorted(set(extras) | set(have))
    if os.path.exists(UNFINISHED) or not works(PYTHON):
        make_venv()
    try:
        # While this mark is there, the next attempt begins with an empty .venv.
        write(UNFINISHED, "An installation was cut short here.\n")
        install(extras)
        write(STAMP, json.dumps({"fingerprint": current, "extras": extras}))
        os.remove(UNFINISHED)
    except OSError as error:
        raise unwritable(error) from None


def make_venv():
    version = "{}.{}".format(*sys.version_info[:2])
    say(f"Making {os.path.basename(VENV)} with Python {version} ({sys.executable}).")
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        raise Trouble(
            f"This Python ({sys.executable}) has no venv module: on Debian and Ubuntu "
            "`apt install python3-venv` brings it, elsewhere a Python from python.org."
        ) from None
    try:
        os.makedirs(VENV, exist_ok=True)
        write(UNFINISHED, "An installation was cut short here.\n")
        venv.EnvBuilder(clear=True, symlinks=os.name != "nt", with_pip=True).create(VENV)
    except OSError as error:
        raise unwritable(error) from None
    except subprocess.CalledProcessError as error:
        said = (error.output or b"").decode(errors="replace")
        raise Trouble(f"Python cannot make a virtual environment: {last_line(said)}") from None


def install(extras):
    project = ROOT + (f"[{','.join(extras)}]" if extras else "")
    added = "".join(f" with {WHAT_IT_ADDS.get(extra, extra)}" for extra in extras[:1])
    added += "".join(f" and {WHAT_IT_ADDS.get(extra, extra)}" for extra in extras[1:])
    steps = [
        # Built with the pinned tools, not in an environment of pip's own that would fetch any version.
        ("Installing the tools that build the course.", ["hatchling", "editables"]),
        (
            f"Installing JupyterLab and the course{added}; the first time this takes a few minutes.",
            ["--no-build-isolation", "--editable", project],
        ),
    ]
    for sentence, what in steps:
        say(sentence)
        pip = [PYTHON, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        pins = ["--constraint", os.path.join(ROOT, "constraints.txt")]
        with open(LOG, "w") as log:
            ended = subprocess.call([*pip, *pins, *what], stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
        if ended:
            with open(LOG, errors="replace") as log:
                raise Trouble(explain(log.read()))


def explain(log):
    """The meaning of pip's output in one sentence, which ends with the place of the whole output."""
    errors = [line for line in log.splitlines() if line.startswith("ERROR:")]
    said = last_line("\n".join(errors) or log)
    if "No space left" in log or "Disk quota" in log:
        what = "The disk is full: the course needs about 1 GB. Free some and start again."
    elif "requires a different Python" in log:
        what = f"This Python does not fit: {said}"
    elif any(sign in log for sign in ("NewConnectionError", "Failed to establish", "timed out", "Retrying")):
        what = (
            "The packages cannot be fetched, because the package index does not answer: check the network "
            "(or your PIP_INDEX_URL, PIP_FIND_LINKS and proxy) and start again."
        )
    elif "No matching distribution" in log:
        what = f"The package index does not have what the course needs ({said}): check pip's settings."
    else:
        what = f"The installation failed: {said}"
    return f"{what} The whole output: {LOG}"


def run(arguments):
    """Run the command as if .venv were activated, and return its exit code."""
    environment = dict(os.environ, VIRTUAL_ENV=VENV)
    environment["PATH"] = BIN + os.pathsep + environment.get("PATH", os.defpath)
    environment.pop("PYTHONHOME", None)
    environment.pop("COURSE_VENV", None)
    program = shutil.which(arguments[0], path=environment["PATH"])
    if program is None:
        raise Trouble(f"There is no command {arguments[0]!r} in {BIN}.")
    command = [program, *arguments[1:]]
    if os.name == "nt":
        return waited(subprocess.Popen(command, env=environment))
    sys.stdout.flush()
    # It replaces this process, so that only the command receives Ctrl-C.
    return os.execve(program, command, environment)


def waited(child):
    """Wait for a command and return its exit code. It gets Ctrl-C, too, and ends in its own time."""
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            pass


def fingerprint():
    """It changes with the needed packages, and if the folder was moved: scripts in .venv contain its path."""
    digest = hashlib.sha256(ROOT.encode())
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as stream:
            digest.update(stream.read())
    return digest.hexdigest()


def read_stamp():
    try:
        with open(STAMP) as stream:
            stamp = json.load(stream)
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def works(python):
    """Whether `python` is an environment of exactly this folder, with pip and a new enough Python."""
    unfit = f"sys.version_info < {NEEDED} or not os.path.samefile(sys.prefix, {VENV!r})"
    probe = [python, "-c", f"import os, pip, sys; sys.exit({unfit})"]
    try:
        return subprocess.call(probe, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def unwritable(error):
    return Trouble(
        f"The environment cannot be made in {VENV}: {error.strerror or error}. "
        "Clone the course into a folder that you may write to."
    )


def write(path, text):
    with open(path, "w") as stream:
        stream.write(text)


def last_line(text):
    lines = [line for line in (text or "").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason was given"


def say(sentence):
    # A pipe on Windows may have an encoding without all the letters of a path: it shows their numbers.
    encoding = sys.stdout.encoding or "ascii"
    print(sentence.encode(encoding, "backslashreplace").decode(encoding), flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(f"setup: {trouble}")
    except KeyboardInterrupt:
        sys.exit("\nsetup: stopped; start again when you like.")
