"""JupyterLab in a real Chromium: the server that `lifecycle lab` starts, and a page that drives it.

    def test_something(lab):                      # fixtures: tests/browser/conftest.py
        lab.write("mine.ipynb", "1 + 1", ("1 / 0", "raises-exception"))
        lab.open("mine.ipynb")
        lab.run_all()
        assert lab.text(0) == "2"
        lab.output(1).get_by_role("button", name="Step").click()

Cells are counted from 0 over all cells, Markdown included.  Paths are below the desk; the lessons lie in
`notebooks/`.  When a test ends, console errors, page errors and requests that leave this machine fail it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, Playwright, Request, expect
from playwright.sync_api import TimeoutError as TooLate

COURSE = Path(__file__).resolve().parents[2]
PATIENCE = 240_000
"""Milliseconds: a bound against hanging on a slow machine, not an expectation."""
expect.set_options(timeout=PATIENCE)

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # A name that is not this machine does not resolve, whoever asks; an address is asked of a proxy that is
    # not there. Only this machine itself is reached without one.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--proxy-server=http://127.0.0.1:9",
]

FORGOTTEN = "cookies,local_storage,indexeddb,service_workers,cache_storage"
"""What a page can store, in the words of Chromium's devtools."""

HOOK = """
import os, sys

def heard(event, given):
    if event == "socket.connect" and isinstance(given[1], tuple):
        host = given[1][0]
    elif event == "socket.getaddrinfo":
        host = given[0]
    else:
        return
    if host not in ("127.0.0.1", "::1", "localhost", "", None):
        with open(os.environ["LIFECYCLE_OUTSIDE"], "a") as log:
            log.write(f"{event} {host} by {sys.argv[:2]}\\n")

sys.addaudithook(heard)
"""
"""Written as sitecustomize.py: it notes each connection to another machine from the server and kernels."""

PATIENT = "const limit = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = ms => limit(15 * ms);"
"""A widget has two seconds to start, which a busy machine may not have."""

KERNEL_IDLE = """() => {
    const session = window.jupyterapp?.shell?.currentWidget?.sessionContext;
    return session?.isReady && session.session?.kernel?.status === 'idle';
}"""

KERNEL_SEEN = """() => {
    const current = window.jupyterapp?.shell?.currentWidget, session = current?.sessionContext;
    const kernel = session?.session?.kernel;
    return [current?.title?.label, session?.isReady, kernel?.status, kernel?.connectionStatus];
}"""


def chromium() -> str | None:
    """The browser's path, or None: `LIFECYCLE_CHROMIUM`, else what the search path has."""
    named = os.environ.get("LIFECYCLE_CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def notebook(*cells: str | tuple[str, ...]) -> nbformat.NotebookNode:
    """A notebook of code cells; a tuple is source and tags; source that starts with "# md" is Markdown."""
    made = []
    for number, cell in enumerate(cells):
        source, *tags = (cell,) if isinstance(cell, str) else cell
        if source.startswith("# md"):
            one = nbformat.v4.new_markdown_cell(source.removeprefix("# md").lstrip())
        else:
            one = nbformat.v4.new_code_cell(source)
        one.id = f"cell-{number}"
        if tags:
            one.metadata["tags"] = tags
        made.append(one)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})


def free_port() -> int:
    """A port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One `lifecycle lab` (or `present`) on a desk and a home folder of its own, until `stop`."""

    def __init__(self, command: str = "lab", usual_port: bool = False, more: Sequence[str] = ()) -> None:
        # Jupyter looks for a free port and binds it later: two that start together may choose the same one.
        options = [] if usual_port else ["--port", str(free_port())]
        self.folder = Path(tempfile.mkdtemp(prefix="lifecycle-lab-"))
        self.desk = self.folder / "desk"
        self.home = self.folder / "home"
        self.log = self.folder / "log"
        config = self.folder / "config"
        config.mkdir()
        # `window.jupyterapp` is how these tests reach Lab's commands and models.
        (config / "jupyter_lab_config.json").write_text('{"LabApp": {"expose_app_in_browser": true}}')
        private = {
            "HOME": self.home,
            "JUPYTER_CONFIG_DIR": config,
            "JUPYTER_DATA_DIR": self.folder / "data",
            "JUPYTER_RUNTIME_DIR": self.folder / "runtime",
            "IPYTHONDIR": self.folder / "ipython",
            "JUPYTERLAB_SETTINGS_DIR": self.folder / "settings",
            "MPLCONFIGDIR": self.folder / "matplotlib",
            "LIFECYCLE_HOME": self.folder / "progress",
        }
        for place in private.values():
            place.mkdir(exist_ok=True)
        (self.folder / "hook").mkdir()
        (self.folder / "hook/sitecustomize.py").write_text(HOOK)
        (self.folder / "outside").touch()
        heard = {"PYTHONPATH": self.folder / "hook", "LIFECYCLE_OUTSIDE": self.folder / "outside"}
        line = [sys.executable, "-m", "lessons.desk.cli", command, "--no-browser", "--desk", str(self.desk)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*line, *options, *more],
                env=os.environ | {name: str(at) for name, at in (private | heard).items()},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.address = self.token = ""

    def wait(self) -> Server:
        """Return when Lab answers; raise with its log when it ends instead or stays silent."""
        until = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < until and self.process.poll() is None:
            ready = re.search(r"ready: (http://127\.0\.0\.1:\d+)/\S*\?token=(\w+)", self.said())
            if ready:
                self.address, self.token = ready.groups()
                with contextlib.suppress(OSError):
                    self.ask("api/status")
                    return self
            time.sleep(0.1)
        raise RuntimeError(f"Lab did not start:\n{self.said()}")

    def said(self) -> str:
        """What the command printed."""
        return self.log.read_text(errors="replace")

    def outside(self) -> list[str]:
        """Every connection to another machine that the server or a kernel tried, since it started."""
        return (self.folder / "outside").read_text().splitlines()

    def ask(self, path: str, method: str = "GET") -> Any:
        """The answer of Lab's own interface, from JSON."""
        request = urllib.request.Request(f"{self.address}/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def clear(self) -> None:
        """End every kernel, and forget progress, settings and places, so that the next test starts afresh."""
        for session in self.ask("api/sessions"):
            self.ask(f"api/sessions/{session['id']}", "DELETE")
        for kept in ("progress", "settings"):
            shutil.rmtree(self.folder / kept)
            (self.folder / kept).mkdir()
        shutil.rmtree(self.desk / ".lifecycle/workspaces", ignore_errors=True)

    def stop(self) -> int:
        """End Lab as Ctrl-C does and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
        code = self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        return code


class Recorder:
    """Everything a browser context said or asked for; `CHROMIUM_FLAGS` refuse what leaves this machine."""

    def __init__(self, context: BrowserContext) -> None:
        self.console: list[str] = []
        self.page_errors: list[str] = []
        self.outside: list[str] = []
        self.context = context
        # Only listened to, because Chromium keeps no cache for a context whose requests are routed.
        context.on("request", self._request)
        context.on("page", self._page)

    def stop(self) -> None:
        """Listen no more: the next page of this context has a recorder of its own."""
        self.context.remove_listener("request", self._request)
        self.context.remove_listener("page", self._page)

    @property
    def errors(self) -> list[str]:
        """Console and page errors, in words."""
        return self.console + self.page_errors

    def _page(self, page: Page) -> None:
        page.on("console", lambda said: said.type == "error" and self.console.append(said.text[:500]))
        page.on("pageerror", lambda error: self.page_errors.append(str(error)[:500]))
        page.on("websocket", lambda socket: self._local(socket.url) or self.outside.append(socket.url))

    def _request(self, request: Request) -> None:
        if not self._local(request.url):
            self.outside.append(f"{request.resource_type} {request.url}")

    @staticmethod
    def _local(url: str) -> bool:
        return bool(re.match(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|(data|blob|about|chrome):", url))


class Lab:
    """JupyterLab in one browser page, on a `Server`."""

    def __init__(self, server: Server, page: Page, recorder: Recorder) -> None:
        self.server, self.page, self.recorder = server, page, recorder
        page.set_default_timeout(PATIENCE)

    # Notebooks

    def write(self, path: str, *cells: str | tuple[str, ...]) -> None:
        """Put a notebook of these cells on the desk (see `notebook`)."""
        target = self.server.desk / path
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook(*cells), target)

    def open(self, path: str) -> None:
        """Open the notebook at `path` and wait for its kernel.

        Once in some thousand times, JupyterLab's page never sees its kernel idle: then it is loaded again, as
        a student would do, and a warning says what was seen.
        """
        self.page.goto(f"{self.server.address}/lab/tree/{path}?token={self.server.token}&reset")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell")
        try:
            self.page.wait_for_function(KERNEL_IDLE, timeout=PATIENCE / 3)
        except TooLate:
            kernels, seen = self.server.ask("api/kernels"), self.page.evaluate(KERNEL_SEEN)
            warnings.warn(f"{path}: {seen}, {kernels}\n{self.server.said()[-2000:]}", stacklevel=2)
            self.page.reload()
            self.wait_idle()

    def wait_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(KERNEL_IDLE)

    def run_all(self) -> list[dict[str, Any]]:
        """Run all cells, wait for the end, and return the notebook's cells."""
        self.command("notebook:run-all-cells")
        self.wait_idle()
        return self.cells()

    def run_cell(self, number: int) -> None:
        """Run one cell and wait for its end."""
        content = "window.jupyterapp.shell.currentWidget.content"
        self.page.evaluate(f"n => {{ {content}.activeCellIndex = n; }}", number)
        self.command("notebook:run-cell")
        self.wait_idle()

    def command(self, name: str, **arguments: Any) -> Any:
        """Execute one of Lab's commands and wait for it."""
        return self.page.evaluate(
            "async ([name, given]) => { await window.jupyterapp.commands.execute(name, given); }",
            [name, arguments],
        )

    def cells(self) -> list[dict[str, Any]]:
        """The cells as the notebook's model has them: source, metadata, outputs."""
        cells: list[dict[str, Any]] = self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
        )
        return cells

    def outputs(self, number: int) -> list[dict[str, Any]]:
        """The outputs of one code cell."""
        outputs: list[dict[str, Any]] = self.cells()[number]["outputs"]
        return outputs

    def text(self, number: int) -> str:
        """The plain text of one cell's outputs: streams, values, the last line of errors."""
        said = []
        for output in self.outputs(number):
            if output["output_type"] == "error":
                said.append(f"{output['ename']}: {output['evalue']}")
            else:
                said.append(_joined(output.get("text") or output.get("data", {}).get("text/plain", "")))
        return "\n".join(part.rstrip("\n") for part in said)

    def unexpected_errors(self) -> list[str]:
        """Errors in cells that do not carry the tag `raises-exception`."""
        return [
            f"cell {number}: {output['ename']}: {output['evalue']}"
            for number, cell in enumerate(self.cells())
            if "raises-exception" not in cell["metadata"].get("tags", [])
            for output in cell.get("outputs", ())
            if output["output_type"] == "error"
        ]

    # The page

    def cell(self, number: int) -> Locator:
        """One cell on the page."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell").nth(number)

    def output(self, number: int) -> Locator:
        """The output area of one cell: where its widgets and figures are."""
        return self.cell(number).locator(".jp-Cell-outputArea")

    def theme(self, name: str) -> None:
        """Switch to the "light" or the "dark" theme."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name.capitalize()}")
        light = "true" if name == "light" else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")

    def axe(self, selector: str) -> list[str]:
        """What axe-core has against the elements at `selector`, one line a finding."""
        found = Axe().run(self.page, context={"include": [[selector]]}).response["violations"]
        return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]

    def screenshot(self, name: str, of: Locator | None = None) -> None:
        """Keep a picture, of the page or of one element, when `LIFECYCLE_SHOTS` is set.

        It names a folder; "1" stands for build/shots in the checkout.
        """
        folder = os.environ.get("LIFECYCLE_SHOTS")
        if folder:
            target = (COURSE / "build" / "shots" if folder == "1" else Path(folder)) / f"{name}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            if of is not None:
                of.scroll_into_view_if_needed()
            (of or self.page).screenshot(path=target)


@contextlib.contextmanager
def started(playwright: Playwright, scale: float = 1) -> Iterator[BrowserContext]:
    """A Chromium with an empty profile, until the block ends.

    `scale` is how many pixels of a screenshot one pixel of a page takes.
    """
    with tempfile.TemporaryDirectory(prefix="lifecycle-chromium-", ignore_cleanup_errors=True) as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium(),
            headless=True,
            args=CHROMIUM_FLAGS,
            device_scale_factor=scale,
        )
        context.add_init_script(PATIENT)
        try:
            yield context
        finally:
            context.close()


@contextlib.contextmanager
def browse(browser: BrowserContext, server: Server, width: int = 1280, height: int = 900) -> Iterator[Lab]:
    """A page on `server` in a browser that remembers nothing.

    When it closes, the kernels are gone, and progress, settings and what the page stored. Only the cache of
    Lab's own files stays: without it, each test waits seconds for the same scripts.
    """
    recorder = Recorder(browser)
    page = browser.new_page()
    page.set_viewport_size({"width": width, "height": height})
    try:
        yield Lab(server, page, recorder)
    finally:
        devtools = browser.new_cdp_session(page)
        devtools.send("Storage.clearDataForOrigin", {"origin": server.address, "storageTypes": FORGOTTEN})
        page.close()
        recorder.stop()
        server.clear()


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
