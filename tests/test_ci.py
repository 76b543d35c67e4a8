"""What tests/conftest.py does to a run: no silent skips, a throw-away home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")


def run(folder: Path, code: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """pytest over one module with this code, under a copy of the conftest."""
    shutil.copy(CONFTEST, folder)
    (folder / "test_one.py").write_text(code)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-ra", *options, folder],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=folder,
        # Without plugins, which the conftest does not need and which take seconds to load.
        env=os.environ | {"CI": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | environment,
    )


SKIPS = {
    "in a test": "import pytest\ndef test(): pytest.skip('no browser here')",
    "by a mark": "import pytest\n@pytest.mark.skip(reason='no browser here')\ndef test(): pass",
    "in a fixture": "import pytest\n@pytest.fixture\ndef f(): pytest.skip('no browser here')\n"
    "def test(f): pass",
    "of a module": "import pytest\npytest.skip('no browser here', allow_module_level=True)",
}


@pytest.mark.parametrize("code", SKIPS.values(), ids=SKIPS)
def test_a_skip_is_said_on_a_desk_and_a_failure_on_ci(tmp_path: Path, code: str) -> None:
    assert run(tmp_path, code).returncode in (0, 5)
    failed = run(tmp_path, code, CI="true")
    assert failed.returncode in (1, 2)
    assert "no browser here" in failed.stdout and "a skipped test is a failure" in failed.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    code = "import pytest\n@pytest.mark.xfail\ndef test(): assert False\ndef test_other(): pass"
    assert run(tmp_path, code, CI="true").returncode == 0


def test_progress_goes_to_a_folder_that_is_gone_afterwards(tmp_path: Path) -> None:
    code = "import os, pathlib\ndef test(): print('at', os.environ['LIFECYCLE_HOME'])"
    done = run(tmp_path, code, "-s", LIFECYCLE_HOME="/nowhere")
    (home,) = [line.split("at ")[1] for line in done.stdout.splitlines() if "at /" in line]
    assert home != "/nowhere" and not Path(home).exists()
