"""The vote page's process: `python -P -m lessons.desk.votes.process`, started by `lifecycle present --votes`.

One line of JSON on its standard input says where to listen:

    {"host": "192.0.2.2", "ports": [8000, 8001], "control": "/tmp/a/control", "key": "...", "cookies": "..."}

It answers with one line, `{"port": 8000, "control": "/tmp/a/control", "confined": true}` or
`{"failed": "..."}`, and ends when its input ends. The kernel reaches it through the control channel, which is
a socket of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import os
import secrets
import socket
import sys
import threading
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from lessons.desk.votes import confined
from lessons.desk.votes.page import HEADERS, page
from lessons.desk.votes.poll import Box, Refused

SECONDS = 15
"""How long one request may take, from its connection to its answer."""

HEADER, BODY, BUFFER = 8_192, 1_024, 16_384
"""The largest head and body of a request, and what a connection holds, in bytes. A browser sends 1,000."""

COOKIE = "lifecycle-voter"
DAY = 12 * 60 * 60
MESSAGE = 65_536
"""The longest message on the control channel, in bytes."""


class Server(HTTPServer):
    """At most `most` connections at once. If there are more, the one that is open longest is closed.

    An honest request takes milliseconds, so those that are closed are those that send nothing.
    """

    def initialize(self, application: Application, most: int) -> None:  # type: ignore[override]
        """Serve with the limits above; each connection brings one request."""
        super().initialize(
            application,
            no_keep_alive=True,
            max_header_size=HEADER,
            max_body_size=BODY,
            max_buffer_size=BUFFER,
        )
        self._most = most
        self._held: dict[IOStream, asyncio.TimerHandle] = {}

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve one request, for a limited time."""
        if len(self._held) >= self._most:
            self._drop(next(iter(self._held)))
        self._held[stream] = asyncio.get_running_loop().call_later(SECONDS, self._drop, stream)
        super().handle_stream(stream, ("", 0))

    def on_close(self, server_conn: Any) -> None:
        """Forget a connection that has ended."""
        self._forget(server_conn.stream)
        super().on_close(server_conn)

    def _drop(self, stream: IOStream) -> None:
        self._forget(stream)
        stream.close()

    def _forget(self, stream: IOStream) -> None:
        timer = self._held.pop(stream, None)
        if timer is not None:
            timer.cancel()


class Page(RequestHandler):
    """The one page. Without a box, every path but `/` has nothing."""

    def initialize(self, box: Box, key: bytes) -> None:
        """Take what all requests share."""
        self.box, self._key = box, key

    def compute_etag(self) -> None:
        """Return no tag, because the page is never kept."""

    def set_default_headers(self) -> None:
        """Allow the browser nothing but this page."""
        self.clear_header("Server")
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def get(self) -> None:
        """Show the question, and give a new browser its random number.

        The page's script names the mark that it has seen. If nothing is new, it gets nothing.
        """
        if self.request.headers.get("If-None-Match") == self.box.mark:
            self.set_status(304)
            return
        voter = self._voter()
        if not voter:
            number = secrets.token_urlsafe(16)
            value = f"{number}.{self._signed(number)}"
            self.set_cookie(COOKIE, value, max_age=DAY, httponly=True, samesite="Lax")
        self.finish(page(self.box.poll, voter, mark=self.box.mark))

    head = get

    def post(self) -> None:
        """Count a vote, then let the browser fetch the page, so that a reload sends nothing twice."""
        voter = self._voter()
        try:
            if not self._from_here():
                raise Refused(403, "This vote came from another site, so it was not counted.")
            if not voter:
                raise Refused(
                    403,
                    "Your browser sent no cookie of this page, so your vote was not counted. "
                    "Allow cookies, look again, and vote again.",
                )
            if self.box.poll is None:
                raise Refused(409, "No question is open, so your vote was not counted.")
            given = (self.get_body_argument(name, "") for name in ("name", "letter"))
            name, letter = given
            self.box.poll.vote(name, voter, letter)
        except Refused as refused:
            self.set_status(refused.status)
            self.finish(page(self.box.poll, voter, str(refused), self.box.mark))
            return
        self.redirect("/", status=303)

    def write_error(self, status_code: int, **named: Any) -> None:
        """Say nothing about the program."""
        self.finish(f"<!DOCTYPE html><title>{status_code}</title><p>There is only <a href='/'>one page</a>.")

    def _voter(self) -> str:
        """The number in this browser's cookie; "" without a cookie that this process signed."""
        number, _, signature = (self.get_cookie(COOKIE) or "").partition(".")
        good = hmac.compare_digest(signature.encode(), self._signed(number).encode())
        return number if good and number else ""

    def _signed(self, number: str) -> str:
        return hmac.digest(self._key, number.encode(), "sha256").hex()[:32]

    def _from_here(self) -> bool:
        """Whether a form of this page sent the request, as far as the browser tells."""
        headers = self.request.headers
        here = f"http://{headers.get('Host')}"
        return (
            headers.get("Origin", here) == here
            and headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        )


class Nothing(Page):
    """Every other path, whatever the method."""

    def prepare(self) -> None:
        """Answer before anything is read from the request."""
        self.send_error(404)


def application(box: Box, cookies: str) -> Application:
    """The page as tornado serves it. It writes no log. cookies: the key that signs them."""
    shared = {"box": box, "key": cookies.encode()}
    return Application(
        [("/", Page, shared)],
        default_handler_class=Nothing,
        default_handler_args=shared,
        log_function=lambda handler: None,
    )


class Control:
    """The channel to the kernel: one line of JSON asks, one line answers."""

    def __init__(self, box: Box, key: str) -> None:
        self._box, self._key = box, key

    async def heard(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with contextlib.suppress(OSError, TimeoutError, ValueError):
            asked = json.loads(await asyncio.wait_for(reader.readline(), SECONDS))
            writer.write(json.dumps(self._answer(asked)).encode() + b"\n")
            await writer.drain()
        writer.close()

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not hmac.compare_digest(str(asked.get("key")).encode(), self._key.encode()):
            return {"failed": "the key is wrong"}
        try:
            return self._box.act(asked)
        except (KeyError, TypeError, ValueError) as error:
            return {"failed": str(error)}


async def serve(host: str, ports: list[int], control: str | list[Any], key: str, cookies: str) -> None:
    """Listen on `host` and on the control channel, give up all other rights, and serve.

    control: a path; on Windows, which has none, the address that an earlier process had.
    """
    box = Box()
    sockets = bound(host, ports)
    listening = Control(box, key).heard
    if sys.platform == "win32":
        before = control[1] if isinstance(control, list) else 0
        channel = await asyncio.start_server(listening, "127.0.0.1", before, limit=MESSAGE)
    else:
        channel = await asyncio.start_unix_server(listening, str(control), limit=MESSAGE)
    place = channel.sockets[0].getsockname()
    server = Server(application(box, cookies), most=confined.limit())
    await _rehearsed(server)
    is_confined = confined.close_the_rest()
    server.add_sockets(sockets)
    tell(port=sockets[0].getsockname()[1], control=place, confined=is_confined)
    # Only now, because a thread that ran before it was confined would keep its rights.
    threading.Thread(target=_end_with_input, daemon=True).start()
    await asyncio.Event().wait()


async def _rehearsed(server: Server) -> None:
    """Serve a few requests within this process, because modules that load late cannot be read later."""
    for request in (b"GET /", b"GET /nothing", b"POST /", b"?"):
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        server.handle_stream(IOStream(theirs, max_buffer_size=BUFFER), ("", 0))
        writer.write(request + b" HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nContent-Length: 0\r\n\r\n")
        await asyncio.wait_for(reader.read(), SECONDS)
        writer.close()


def bound(host: str, ports: list[int]) -> list[socket.socket]:
    """Sockets on the first free port. Raises `OSError`."""
    for port in ports[:-1]:
        with contextlib.suppress(OSError):
            return bind_sockets(port, host)
    return bind_sockets(ports[-1], host)


def _end_with_input() -> None:
    """The input ends when `lifecycle present` does, however it ends. There is nothing to save or to close.

    An orderly end of Python would load a library for its threads, and this process cannot open files.
    """
    sys.stdin.buffer.read()
    os._exit(0)


def tell(**told: Any) -> None:
    """Write one line of JSON."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Read where to listen, and serve until the input ends."""
    logging.disable()  # Tornado's log would name addresses.
    asked = json.loads(sys.stdin.buffer.readline())
    try:
        asyncio.run(serve(**asked))
    except OSError as error:
        tell(failed=error.strerror or str(error))


if __name__ == "__main__":
    main()
