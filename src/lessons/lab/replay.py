"""A small server that sends the same lines to every client, and fails as it is told.

It is for lessons and tests about networks and pipelines. It listens only on this machine, and everything of
it ends with its `with` block.
"""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

FAILURES = ("end", "cut", "reset", "silence")


class ReplayServer:
    """Serve `lines` over TCP, from the first one, to each connection.

    `lines` are records, sent as JSON, or texts, sent as they are; each ends with a newline. With a `failure`,
    the first `failures` connections (`None`: all of them) get `after` lines and then

    - "end": the end of the connection, as if there were no more lines,
    - "cut": half of the next line and the end of the connection,
    - "reset": a reset,
    - "silence": nothing, until the client closes or the server is left.

    `host` and `port` say where it is, `connections` how many it has had. Raises `ValueError` for a failure it
    does not know, and for a cut after the last line.

    >>> from lifecycle.sources import SocketSource
    >>> with ReplayServer([{"day": 1}, {"day": 2}]) as server:
    ...     with SocketSource(server.host, server.port) as source:
    ...         list(source.stream())
    [{'day': 1}, {'day': 2}]
    """

    def __init__(
        self,
        lines: Iterable[str | Mapping[str, Any]],
        failure: str | None = None,
        after: int = 0,
        failures: int | None = 1,
    ) -> None:
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        self.lines = [text.encode() + b"\n" for text in texts]
        if failure not in (None, *FAILURES):
            raise ValueError(f"failure={failure!r}: allowed are {', '.join(FAILURES)}, or None")
        if failure and not 0 <= after <= len(self.lines) - (failure == "cut"):
            raise ValueError(f"failure={failure!r} after {after} lines: there are {len(self.lines)}")
        self.failure, self.after, self.failures = failure, after, failures
        self.host, self.port, self.connections = "127.0.0.1", 0, 0
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        if self._server is not None:
            raise RuntimeError("this server is running already: make another one")
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        serve = functools.partial(self._server.serve_forever, poll_interval=0.02)
        self._thread = threading.Thread(target=serve, name="replay server")
        try:
            self._thread.start()
        except RuntimeError:
            self._server.server_close()
            raise
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> Literal[False]:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            self._thread.join()
            server.disconnect()
            server.server_close()
        return False


class _Server(socketserver.ThreadingTCPServer):
    request_queue_size = 128

    def __init__(self, replay: ReplayServer) -> None:
        super().__init__((replay.host, 0), _Handler)
        self.replay = replay
        # The clients that are connected, with their number in the order of connecting.
        self.clients: dict[socket.socket, int] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        self.replay.connections += 1
        self.clients[request] = self.replay.connections
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.clients.pop(request, None)

    def disconnect(self) -> None:
        """Wake the threads that wait for a client to read or to close."""
        for client in self.clients.copy():
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        replay, number = self.server.replay, self.server.clients[self.request]
        fails = replay.failure is not None and (replay.failures is None or number <= replay.failures)
        # The client or the server may close first; neither is an error here.
        with contextlib.suppress(OSError):
            self.request.sendall(b"".join(replay.lines[: replay.after] if fails else replay.lines))
            if fails:
                self._fail(replay)

    def _fail(self, replay: ReplayServer) -> None:
        if replay.failure == "cut":
            line = replay.lines[replay.after]
            self.request.sendall(line[: len(line) // 2 or 1])
        elif replay.failure == "reset":
            # Only after the client has read, because a reset may overtake the data, and even the connection's
            # start.
            self.request.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                self.request.recv(1)
            # A close that does not wait, not even for an acknowledgement of the data, sends a reset.
            linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.request.close()
        elif replay.failure == "silence":
            self.request.recv(1)
