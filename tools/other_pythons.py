"""Run the tests that need no browser on the other Pythons that the course supports, where they are installed.

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
VERSIONS = ("3.12", "3.13")
TESTS = ("tests/lifecycle", "tests/lessons", "tests/test_notebooks.py")
NEWEST_ONLY = ("tests/lessons/exercises", "tests/lessons/judge")
"""The slowest tests, which check every stored answer. They run only on the newest Python."""


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


def tested(python, version):
    """Run the tests on this Python, in its own environment; return pytest's exit code."""
    print(f"The tests of the lessons and the package on Python {version} ({python}):", flush=True)
    in_env = [python, "tools/setup_env.py", "--extra", "test", "--extra", "classroom"]
    tests = ["python", "-m", "pytest", "-n", "4", "--dist", "loadfile", "-m", "not deep", *TESTS]
    if version != VERSIONS[-1]:
        tests += [f"--ignore={folder}" for folder in NEWEST_ONLY]
    environment = {**os.environ, "COURSE_VENV": f".venv-{version}"}
    return subprocess.call([*in_env, *tests], cwd=COURSE, env=environment)


def main(versions):
    status = 0
    for version in versions or VERSIONS:
        python = found(version)
        if python is None:
            print(f"There is no Python {version} here, so nothing was tested on it.", flush=True)
        elif tested(python, version):
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
