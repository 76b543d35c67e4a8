"""Every Jupyter of an environment opens on the desk, and not on the lessons with their answers."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lessons.desk import cli, environment
from lessons.desk import workcopy as desk

COURSE = Path(__file__).resolve().parents[3]
FIRST = desk.lessons(COURSE)[0]
OPENS = f"/lab/tree/{FIRST}?file-browser-path=/"

# What each of Jupyter's servers makes of the settings: the folder it serves, and the page on which it opens.
ASKED = """
import json, sys
from jupyterlab.labapp import LabApp
from notebook.app import JupyterNotebookApp
from jupyter_server.serverapp import ServerApp
chosen = {"lab": LabApp, "notebook": JupyterNotebookApp, "server": ServerApp}[sys.argv[1]]
options = ["--no-browser", "--allow-root", "--port=0"]
if chosen is ServerApp:
    app = server = ServerApp.instance()
    server.initialize(options)
else:
    server = chosen.initialize_server(argv=options)
print(json.dumps([server.root_dir, server.default_url]))
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment's own folder of settings, in a folder of this test."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    return tmp_path / "environment/etc/jupyter"


def test_the_settings_are_where_jupyter_looks_for_those_of_an_environment() -> None:
    from jupyter_core.paths import ENV_CONFIG_PATH

    assert str(environment.folder()) in ENV_CONFIG_PATH


def test_without_the_option_no_settings_change(tmp_path: Path, settings: Path) -> None:
    assert cli.main(["desk", str(tmp_path / "desk")]) == 0
    assert not settings.exists()


def test_lab_keeps_widgets_and_asks_nobody_for_news(tmp_path: Path, settings: Path) -> None:
    assert cli.main(["desk", str(tmp_path / "desk"), "--default"]) == 0
    (overrides,) = (settings / "labconfig/default_setting_overrides.d").iterdir()
    assert json.loads(overrides.read_bytes())["@jupyterlab/notebook-extension:tracker"] == {
        "windowingMode": "none"
    }
    (page,) = (settings / "labconfig/page_config.d").iterdir()
    assert json.loads(page.read_bytes()) == environment.PAGE_CONFIG


@pytest.mark.parametrize(
    ("app", "opens"),
    [("lab", OPENS), ("server", OPENS), pytest.param("notebook", "/tree", marks=pytest.mark.deep)],
)
def test_each_server_serves_the_desk(
    tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch, app: str, opens: str
) -> None:
    if app == "notebook":
        pytest.importorskip("notebook")
    desk.write(tmp_path / "desk" / FIRST, b"{}")
    environment.open_on(tmp_path / "desk", FIRST)
    # The environment of this test run must not change, so Jupyter finds the folder by its name here.
    places = {"JUPYTER_CONFIG_PATH": settings, "JUPYTER_CONFIG_DIR": tmp_path / "mine", "HOME": tmp_path}
    done = subprocess.run(
        [sys.executable, "-c", ASKED, app],
        env=os.environ | {name: str(place) for name, place in places.items()},
        capture_output=True, text=True, timeout=100, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [str(tmp_path / "desk"), opens]


def test_other_settings_of_the_environment_stay(tmp_path: Path, settings: Path) -> None:
    path = settings / "jupyter_server_config.json"
    desk.write(path, b'{"ServerApp": {"root_dir": "/old", "port": 9}, "Mine": {"a": 1}}')
    assert environment.open_on(tmp_path, None) == path
    assert json.loads(path.read_bytes()) == {
        "ServerApp": {"root_dir": str(tmp_path), "default_url": "/lab", "port": 9},
        "Mine": {"a": 1},
        "LabApp": {"default_url": "/lab"},
    }
    for damaged in (b"{", b"[]", b'{"ServerApp": 1}'):
        path.write_bytes(damaged)
        with pytest.raises(desk.Trouble, match=r"jupyter_server_config.json is damaged"):
            environment.open_on(tmp_path, None)
        assert path.read_bytes() == damaged


def test_an_environment_of_somebody_else_is_said(
    tmp_path: Path, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.parent.mkdir(parents=True)
    settings.write_text("in the way")
    assert cli.main(["desk", str(tmp_path / "desk"), "--default"]) == 1
    said = capsys.readouterr()
    assert "Your desk is" in said.out and (tmp_path / "desk" / FIRST).is_file()
    assert "The desk is ready, but Jupyter cannot be told to open on it" in said.err


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_repo2docker_makes_the_desk_that_jupyter_opens_on(tmp_path: Path, name: str) -> None:
    """As repo2docker runs it: executable, in the repository's folder, with a home folder of its own."""
    script = COURSE / name
    assert script.stat().st_mode & stat.S_IXUSR
    (tmp_path / "bin").mkdir()
    called = tmp_path / "bin/lifecycle"
    called.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/called"\n')
    called.chmod(0o755)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        [script, "echo", "the session"],
        env=os.environ | {"PATH": path, "HOME": str(tmp_path / "home")},
        capture_output=True, text=True, timeout=60, cwd=COURSE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "called").read_text() == f"desk {tmp_path}/home/desk --default\n"
    assert done.stdout == ("the session\n" if name == "start" else "")


def test_repo2docker_reads_the_files_in_the_root() -> None:
    # A folder of its own, or one of these files, would make it leave out environment.yml and both scripts.
    instead = ("binder", ".binder", "Dockerfile", "Project.toml", "REQUIRE", "default.nix", "install.R")
    assert [name for name in instead if (COURSE / name).exists()] == []
    assert (COURSE / "environment.yml").is_file()
