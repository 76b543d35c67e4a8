"""What a killed grading left is swept up; what somebody living holds, or another one made, is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from classroom import boxes as module
from classroom.boxes import PREFIX, boxes, sweep
from classroom.trouble import Trouble

if sys.platform == "win32":
    pytest.skip("no grading there", allow_module_level=True)

GRADER = """
import sys
from pathlib import Path
from classroom.boxes import boxes
with boxes(Path(sys.argv[1])) as folder:
    (folder / "box-1/files").mkdir(parents=True)
    print(folder, flush=True)
    sys.stdin.read()
"""


def started(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another grading, and its folder."""
    grader = subprocess.Popen(
        [sys.executable, "-c", GRADER, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert grader.stdout is not None
    return grader, Path(grader.stdout.readline().strip())


def test_a_grading_has_a_folder_of_its_own_while_it_runs(tmp_path: Path) -> None:
    with boxes(tmp_path) as folder:
        assert folder.parent == tmp_path
        # An ordinary user, to whom root steps down, goes through it.
        assert folder.stat().st_mode & 0o777 == 0o755
        (folder / "box-1").mkdir()
    assert not any(tmp_path.iterdir())


def test_what_a_killed_grading_left_goes_with_the_next_one(tmp_path: Path) -> None:
    grader, left = started(tmp_path)
    grader.kill()
    grader.communicate()
    assert (left / "box-1/files").is_dir()
    with boxes(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_a_grading_that_still_runs_keeps_its_own(tmp_path: Path) -> None:
    grader, kept = started(tmp_path)
    try:
        with boxes(tmp_path) as folder:
            sweep(tmp_path)
            assert set(tmp_path.iterdir()) == {folder, kept}
            assert (kept / "box-1/files").is_dir()
    finally:
        grader.communicate("", timeout=60)
    assert not any(tmp_path.iterdir())


def test_what_another_user_made_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"{PREFIX}theirs").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    sweep(tmp_path)
    assert (tmp_path / f"{PREFIX}theirs").is_dir()


def test_a_link_or_a_file_of_that_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "mine")
    (tmp_path / f"{PREFIX}file").touch()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{PREFIX}file", f"{PREFIX}link", "mine"]


def test_a_folder_that_is_swept_before_it_is_held_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, meanwhile = module._held, iter([True, False])

    def late(folder: Path) -> int:
        descriptor = held(folder)
        if next(meanwhile):
            folder.rmdir()
        return descriptor

    monkeypatch.setattr(module, "_held", late)
    with boxes(tmp_path) as folder:
        assert folder.is_dir()


def test_a_folder_without_locks_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(folder: Path) -> int:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(module, "_held", refused)
    with (
        pytest.raises(Trouble, match=r"does not support locks \(Bad file descriptor\): set TMPDIR"),
        boxes(tmp_path),
    ):
        pass
