"""What all tests need: a throw-away home for progress, an order, and no silent skips."""

from __future__ import annotations

import gc
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling


def pytest_configure(config: pytest.Config) -> None:
    # Before collection, because modules may read it at import; kernels and subprocesses inherit it.
    home = tempfile.mkdtemp(prefix="lifecycle-home-")
    os.environ["LIFECYCLE_HOME"] = home
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    # A shell ignores Ctrl-C in what it runs in the background, and every child process would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Doctests are src's: a helper or a benchmark among the tests is not imported for its examples."""
    return True if collection_path.suffix == ".py" and not collection_path.name.startswith("test_") else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Grading comes last: clusters and kernels leave threads that open files while other tests count them."""
    items.sort(key=lambda item: item.nodeid.startswith("tests/classroom/"))


APART = ("exercises/test_draws.py", "exercises/test_matrix.py", "test_mutants.py", "test_wire_attacks.py")
"""Files that would keep one worker busy long after the others ended: only an exercise's tests share work."""


class _Files(LoadFileScheduling):  # type: ignore[misc]
    """Each file has one worker, and in those `APART` each exercise."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        exercise = re.search(r"[a-z]+-x\d", nodeid.partition("[")[2])
        return (f"{file} {exercise[0]}" if exercise else nodeid) if file.endswith(APART) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    return _Files(config, log)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """In CI, show a failure at once: a run that is stopped has no summary."""
    if report.failed and os.environ.get("CI") == "true" and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\n{report.nodeid}, {report.when}:\n{report.longreprtext[-4000:]}", flush=True)


@pytest.fixture(autouse=True, scope="module")
def frozen() -> None:
    """Leave what is there before a file's tests out of each later `gc.collect()`: tests make thousands.

    Each of them, also in a forked child, would look through all that the collection imported. It is done for
    each file, because some code of the course unfreezes.
    """
    gc.collect()
    gc.freeze()


def _no_silent_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """With CI=true a skip is a failure: a machine that cannot run a test must not look green."""
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\n(CI=true: a skipped test is a failure)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _no_silent_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _no_silent_skip(report)
    return report
