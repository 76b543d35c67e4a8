"""Run tests that need no browser on the other Pythons that the course supports, where they are installed.

    python tools/other_pythons.py               3.12 and 3.13
    python tools/other_pythons.py 3.13          one of them

A Python is found on the path or in pyenv. Each gets an environment of its own: .venv-3.12, .venv-3.13.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent
TESTS = {
    "3.12": ("lifecycle", "lessons/study"),
    "3.13": ("lifecycle", "lessons/exercises", "lessons/judge", "test_notebooks.py"),
}
"""The package runs on each, the exercises and the notebooks, with their labs, on one of them."""


def found(version):
    """The path of a Python of that version, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    on_path = shutil.which(f"python{version}")
    candidates = [on_path] if on_path else []
    candidates += map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))
    # pyenv's python3.12 on the path may not lead to a Python, so each one is tried.
    return next((path for path in candidates if version_of(path) == version), None)


def version_of(path):
    asked = [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=60)
    except OSError:
        return None
    return answer.stdout.strip()


def in_env(python, version, *command):
    """A command in the environment of this Python, started."""
    environment = {**os.environ, "COURSE_VENV": f".venv-{version}"}
    start = [python, "tools/setup_env.py", "--extra", "test", *command]
    return subprocess.Popen(start, cwd=COURSE, env=environment)


def tested(python, version):
    """Run the tests on this Python, in its own environment; return pytest's exit code."""
    print(f"The tests of the lessons and the package on Python {version} ({python}):", flush=True)
    tests = ["python", "-m", "pytest", "-n", "3", "--dist", "loadfile", "-m", "not deep and not one_python"]
    return in_env(python, version, *tests, *(f"tests/{part}" for part in TESTS[version])).wait()


def main(versions):
    unknown = [version for version in versions if version not in TESTS]
    if unknown:
        sys.exit(f"There are no tests for Python {', '.join(unknown)}: name {' or '.join(TESTS)}, or none.")
    pythons = {version: found(version) for version in versions or TESTS}
    # All environments are made at the same time: pip uses one processor.
    made = [in_env(python, version, "python", "-V") for version, python in pythons.items() if python]
    status = max([one.wait() for one in made], default=0)
    for version, python in pythons.items():
        if python is None:
            print(f"There is no Python {version} here, so nothing was tested on it.", flush=True)
        elif tested(python, version):
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
