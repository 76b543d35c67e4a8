"""The folder that a judge shares with a sandbox: no link in it leads the judge elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import lessons

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a view of the file system needs Linux")

TRIED = """
import json, os, sqlite3, sys, tempfile
from lessons.judge.shared import enter
folder, own, elsewhere = sys.argv[1:]
enter(folder, own)
said = {}
for name, act in {
    "read": lambda: open(folder + "/link").read(),
    "written": lambda: open(folder + "/link", "w").write("x"),
    "listed": lambda: os.listdir(folder + "/folder"),
    "made": lambda: os.mkdir(folder + "/mine"),
    "own": lambda: open(tempfile.mkdtemp(dir=own) + "/x", "w").close(),
    "outside": lambda: len(open(elsewhere).read()),
}.items():
    try: said[name] = act()
    except OSError as error: said[name] = error.strerror
print(json.dumps(said))
"""


@pytest.mark.parametrize("mapped", [0, 4321])
def test_no_link_is_followed_and_what_is_made_belongs_to_the_folders_owner(
    tmp_path: Path, mapped: int
) -> None:
    folder, own, secret = tmp_path / "shared", tmp_path / "own", tmp_path / "secret"
    for one in (folder, own):
        one.mkdir()
    secret.write_text("secret", encoding="utf-8")
    (folder / "link").symlink_to(secret)
    (folder / "folder").symlink_to(tmp_path)
    if os.geteuid() == 0:
        os.chown(folder, mapped, mapped)
    elif mapped:
        pytest.skip("only root can give a folder to somebody else")
    path = os.pathsep.join([str(Path(lessons.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", TRIED, str(folder), str(own), str(secret)],
        capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    if "Operation not permitted" in done.stderr:
        pytest.skip("this system lets nobody make namespaces")
    assert done.returncode == 0, done.stderr
    links = "Too many levels of symbolic links"
    assert json.loads(done.stdout) == {
        "read": links, "written": links, "listed": links, "made": None, "own": None, "outside": 6,
    }  # fmt: skip
    assert secret.read_text(encoding="utf-8") == "secret"
    assert (folder / "mine").stat().st_uid == folder.stat().st_uid
