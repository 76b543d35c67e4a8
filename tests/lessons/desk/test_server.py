"""Lab as `lifecycle lab` starts it: on this machine alone, silent, ended by one Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from harness import Server

from lessons.desk import cli, server
from lessons.desk import workcopy as desks


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """A Lab for all tests of this file, started while another program has its usual port."""
    with contextlib.ExitStack() as ends:
        # Where another program has the port already, that serves as well.
        with contextlib.suppress(OSError):
            ends.enter_context(socket.create_server(("127.0.0.1", server.PORT)))
        started = Server(usual_port=True)
        ends.callback(started.stop)
        yield started.wait()
    assert not started.folder.exists()


def test_a_busy_port_is_left_for_the_next_free_one_and_said(running: Server) -> None:
    said = re.search(rf"Port {server.PORT} is busy; this Lab uses (\d+)\.", running.said())
    assert said and running.address.endswith(f":{said[1]}")


def page_config(running: Server) -> dict:
    """What Lab tells its page about itself."""
    with urllib.request.urlopen(f"{running.address}/lab?token={running.token}", timeout=30) as page:
        found = re.search(rb'id="jupyter-config-data"[^>]*>(.*?)</script>', page.read(), re.DOTALL)
    assert found
    return json.loads(found[1])


def test_news_and_extension_manager_are_off(running: Server) -> None:
    config = page_config(running)
    assert set(server.PAGE_CONFIG["disabledExtensions"]) <= set(config["disabledExtensions"])
    settings = running.ask("lab/api/settings/@jupyterlab/apputils-extension:notification")
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"


def test_a_students_lab_is_the_same_where_the_graders_tools_are_installed(running: Server) -> None:
    # Lab lists what is installed, and leaves out what is disabled.
    assert {"@jupyter/nbgrader", "@jupyter-notebook/lab-extension"} <= set(
        page_config(running)["disabledExtensions"]
    )
    for path in ("formgrader", "assignments", "courses", "validate", "tree"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            running.ask(path)


def test_the_users_own_jupyter_settings_stay_in_force(running: Server) -> None:
    # The harness sets this one in the user's configuration folder.
    assert page_config(running)["exposeAppInBrowser"] is True
    theme = running.folder / "settings/@jupyterlab/apputils-extension"
    theme.mkdir(parents=True)
    (theme / "themes.jupyterlab-settings").write_text('{"theme": "JupyterLab Dark"}')
    settings = running.ask("lab/api/settings/@jupyterlab/apputils-extension:themes")
    assert settings["settings"] == {"theme": "JupyterLab Dark"}


def test_it_listens_on_this_machine_alone_and_asks_for_its_token(running: Server) -> None:
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(running.process.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening and set(listening) <= {"127.0.0.1", "::1"}
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{running.address}/api/contents", timeout=30)


def test_the_token_stands_in_no_list_of_processes(running: Server) -> None:
    assert running.token not in " ".join(psutil.Process(running.process.pid).cmdline())


def test_it_serves_the_desk_and_nothing_above_it(running: Server) -> None:
    served = {entry["name"] for entry in running.ask("api/contents")["content"]}
    assert {"notebooks"} <= served <= {shelf.split("/")[0] for shelf in desks.SHELVES}


def test_it_opens_on_the_first_lesson(running: Server) -> None:
    address = f"{running.address}/?token={running.token}"
    with urllib.request.urlopen(address, timeout=30) as page:
        first = min(path.name for path in (running.desk / "notebooks").glob("[0-9]*.ipynb"))
        assert f"/lab/tree/notebooks/{first}" in page.geturl()


def test_nothing_left_this_machine_so_far(running: Server) -> None:
    assert running.outside() == []


def test_a_given_port_that_is_busy_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert cli.main(["lab", "--no-browser", "--desk", str(tmp_path / "desk"), "--port", port]) == 1
    said = capsys.readouterr()
    assert said.err == f"lifecycle: Port {port} is busy: give another, or none to get a free one.\n"


def test_a_lab_that_cannot_start_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyterlab.labapp import LabApp

    def refuse(argv: list[str]) -> None:
        raise PermissionError(13, "Permission denied", "runtime")

    monkeypatch.setattr(LabApp, "initialize_server", refuse)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")
    assert cli.main(["lab", "--no-browser", "--desk", str(tmp_path / "desk")]) == 1
    assert "JupyterLab cannot start: [Errno 13] Permission denied: 'runtime'." in capsys.readouterr().err


def test_ctrl_c_ends_it_without_a_question(running: Server) -> None:
    # The last one, because no other test can ask this Lab anything afterwards.
    running.process.send_signal(2)
    assert running.process.wait(60) == 0
    said = running.log.read_text()
    assert "your work is in" in said and "Shut down" not in said and "Traceback" not in said
