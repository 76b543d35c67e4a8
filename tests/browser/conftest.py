"""One Lab server a test session, one Chromium a file, one empty page a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="browser tests need the extra `test`: pip install -e '.[test]'")

from harness import Lab, Server, browse, chromium, started
from playwright.sync_api import BrowserContext, Playwright, sync_playwright


@pytest.fixture(scope="session")
def browser_there() -> None:
    if not chromium():
        pytest.skip("browser tests need Chromium: install it, or name it in LIFECYCLE_CHROMIUM")


@pytest.fixture(scope="module")
def playwright(browser_there: None) -> Iterator[Playwright]:
    # Not for the session: until it ends, an event loop runs in this thread, and other tests want one.
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[BrowserContext]:
    with started(playwright) as context:
        yield context


@pytest.fixture(scope="session")
def lab_server(browser_there: None) -> Iterator[Server]:
    server = Server()
    try:
        yield server.wait()
    finally:
        server.stop()


@pytest.fixture
def lab(browser: BrowserContext, lab_server: Server, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """JupyterLab in a fresh page; parametrise it indirectly with (width, height) for another size."""
    width, height = getattr(request, "param", (1280, 900))
    with browse(browser, lab_server, width, height) as page:
        yield page
        assert not page.recorder.outside, "requests that leave this machine"
        assert not lab_server.outside(), "connections that leave this machine, from the server or a kernel"
        assert not page.recorder.errors, "errors in the browser's console"
