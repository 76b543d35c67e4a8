"""Start JupyterLab on a desk: silently, only for this machine, with the first lesson open.

Lab runs inside this process. So Ctrl-C works in the same way on every system, and Lab's token does not
appear in a list of processes.  The kit's settings are in a folder of its own, which comes first in Jupyter's
search path. The user's own settings (theme, shortcuts, fonts) still apply, and are not changed.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lessons.desk import workcopy as desks
from lessons.desk.workcopy import STATE, Trouble

PORT = 8888
HOST = "127.0.0.1"
STYLE = Path(__file__).with_name("style")

PAGE_CONFIG = {
    "disabledExtensions": {
        "@jupyterlab/apputils-extension:announcements": True,
        "@jupyterlab/extensionmanager-extension": True,
        # The next two come with the extra `classroom` and are for teachers. So a student's Lab looks the same
        # with the extra and without it.
        "@jupyter/nbgrader": True,
        "@jupyter-notebook/lab-extension": True,
    }
}

SERVER = {
    "ServerApp": {
        "jpserver_extensions": {
            f"nbgrader.server_extensions.{name}": False
            for name in ("assignment_list", "course_list", "formgrader", "validate_assignment")
        }
        | {"notebook": False}
    }
}

SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # All cells stay in the page: a widget that scrolls out of sight keeps its state, and search finds all.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}


def serve(
    desk: Path,
    first: str | None = None,
    port: int | None = None,
    browser: bool = True,
    options: Sequence[str] = (),
    begun: Callable[[Any], None] | None = None,
) -> None:
    """Run JupyterLab on `desk` until Ctrl-C, with the notebook `first` (a path below the desk) open.

    Without `port`, it uses 8888 or the next free port, and says which. `options` are added to Lab's command
    line after the kit's own. `begun` is called with the server before it answers.

    Raises `Trouble` if `port` is given and busy, or if Lab cannot start.
    """
    if port is not None:
        _require_free(port)
    _configure(desk)
    token = secrets.token_hex(24)
    opens = "/lab/tree/" + quote(first) if first else "/lab"

    # Imported late: the environment above is read at import, and `lifecycle --help` needs no Lab.
    from jupyterlab.labapp import LabApp

    try:
        lab = LabApp.initialize_server(argv=[*arguments(desk, opens, port, browser, token), *options])
    except OSError as error:
        raise Trouble(f"JupyterLab cannot start: {error}.") from error
    # After the user's own folders: a custom.css of theirs is used instead.
    lab.static_custom_path.append(str(STYLE))
    if port is None and lab.port != PORT:
        print(f"Port {PORT} is busy; this Lab uses {lab.port}.")
    if begun is not None:
        begun(lab)
    # `connection_url` contains the base URL, if the user's own settings have one.
    print(f"JupyterLab is ready: {lab.connection_url.rstrip('/')}{opens}?token={token}")
    print("Press Ctrl-C here to end it.", flush=True)
    lab.start()
    print("JupyterLab has ended; your work is in", desk)


def arguments(desk: Path, opens: str, port: int | None, browser: bool, token: str) -> list[str]:
    """Lab's configuration; it overrides the user's own configuration files."""
    said = [
        f"--ServerApp.ip={HOST}",
        f"--ServerApp.port={port or PORT}",
        f"--ServerApp.port_retries={0 if port else 50}",
        f"--ServerApp.root_dir={desk}",
        f"--ServerApp.open_browser={browser}",
        f"--IdentityProvider.token={token}",
        "--ServerApp.answer_yes=True",
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
        f"--LabApp.default_url={opens}",
        f"--LabApp.workspaces_dir={desk / STATE / 'workspaces'}",
        "--LabApp.extension_manager=readonly",
        "--LabApp.custom_css=True",
        # Other programs on this machine cannot read the messages between a notebook and its kernel.
        "--KernelManager.transport_encryption=auto",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container everyone is root. Lab listens only on this machine and asks for the token.
        said.append("--ServerApp.allow_root=True")
    return said


def _configure(desk: Path) -> None:
    config = desk / STATE / "config"
    for name, content in (
        ("labconfig/page_config", PAGE_CONFIG),
        ("labconfig/default_setting_overrides", SETTINGS),
        ("jupyter_server_config.d/lifecycle", SERVER),
    ):
        desks.write(config / f"{name}.json", json.dumps(content, indent=1).encode())
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join([str(config), others] if others else [str(config)])
    # The kernel of this environment, even if the user has one of the same name in the home folder.
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        if sys.platform != "win32":
            # Bind as Lab does: a port that another Lab has just closed counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise Trouble(f"Port {port} needs more rights than you have: give one above 1023.") from None
        except OSError:
            raise Trouble(f"Port {port} is busy: give another, or none to get a free one.") from None
