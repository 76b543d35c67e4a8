"""Make every Jupyter of this environment open on a desk: JupyterLab, Notebook 7, a hub's or Binder's server.

The settings are in the environment's own folder. Options of the command line, and those that a hub sets, come
first. `lifecycle lab` does not need any of this.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lessons.desk import server
from lessons.desk import workcopy as desks
from lessons.desk.workcopy import Trouble

PAGE_CONFIG = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
"""Lab asks its makers for news otherwise. All other extensions are the administrator's decision."""


def folder() -> Path:
    """The folder in which Jupyter looks for the settings of this environment."""
    return Path(sys.prefix) / "etc" / "jupyter"


def open_on(desk: Path, first: str | None) -> Path:
    """Let Jupyter open on `desk`, Lab with the notebook `first`. Return the file that says so.

    Without `root_dir` and `default_url` in this file, Jupyter opens on the folder in which it is started.

    Raises `Trouble` if this environment belongs to another user, or if its settings are damaged.
    """
    there = folder() / "jupyter_server_config.json"
    settings = _settings(there)
    for section, values in opening(desk, first).items():
        settings[section] = settings.get(section, {}) | values
    try:
        _write(folder() / "labconfig/default_setting_overrides.d/lifecycle.json", server.SETTINGS)
        _write(folder() / "labconfig/page_config.d/lifecycle.json", PAGE_CONFIG)
        _write(there, settings)
    except Trouble as trouble:
        raise Trouble(
            f"The desk is ready, but Jupyter cannot be told to open on it: {folder()} cannot be written. "
            "Use an environment of your own (a venv or conda), or leave out --default."
        ) from trouble
    return there


def opening(desk: Path, first: str | None) -> dict[str, dict[str, str]]:
    """The settings of Jupyter's server: files below the desk, and the first lesson in Lab.

    Beside the lesson, Lab lists the folders of the desk. Notebook 7 begins with this list.
    """
    opens = f"/lab/tree/{quote(first)}?file-browser-path=/" if first else "/lab"
    return {"ServerApp": {"root_dir": str(desk), "default_url": opens}, "LabApp": {"default_url": opens}}


def _settings(path: Path) -> dict[str, Any]:
    """The settings that an administrator or an extension has put into this file; they stay."""
    try:
        stored = json.loads(path.read_bytes())
        if isinstance(stored, dict) and all(isinstance(section, dict) for section in stored.values()):
            return stored
    except OSError:
        return {}
    except ValueError:
        pass
    raise Trouble(
        f"The desk is ready, but {path} is damaged: it is not a JSON object of sections. Delete it."
    )


def _write(path: Path, content: object) -> None:
    desks.write(path, (json.dumps(content, indent=1) + "\n").encode())
