"""The replay server: the same lines for everyone, failures as told, and nothing left of it."""

import socket
import threading

import pytest

from lessons.lab.replay import FAILURES, ReplayServer
from lifecycle import ledger
from lifecycle.sources import SocketSource

LINES = [{"day": 1}, {"day": 2}, {"day": 3}]


@pytest.fixture(autouse=True)
def nothing_outlives_the_server():
    before = ledger.held(), ledger.system(), threading.active_count()
    yield
    assert (ledger.held(), ledger.system(), threading.active_count()) == before


def received(server):
    """All that one connection brings, and how it ended."""
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        data = b""
        while True:
            try:
                more = client.recv(4096)
            except OSError as error:
                return data, type(error)
            if not more:
                return data, None
            data += more


def test_everyone_gets_the_same_lines_from_the_first_one():
    with ReplayServer([*LINES, "as it is"]) as server:
        assert server.host == "127.0.0.1"
        for _ in range(3):
            assert received(server) == (b'{"day": 1}\n{"day": 2}\n{"day": 3}\nas it is\n', None)
        assert server.connections >= 3  # a stranger may have tried the port of a server that is gone


def test_many_at_once():
    with ReplayServer([{"day": number} for number in range(1_000)]) as server:
        sources = [SocketSource(server.host, server.port) for _ in range(20)]
        for source in sources:
            source.__enter__()
        streams = [source.stream() for source in sources]
        for number in range(1_000):
            assert all(next(stream) == {"day": number} for stream in streams)
        for source in sources:
            source.__exit__(None, None, None)
        assert server.connections >= 20


@pytest.mark.parametrize(
    ("failure", "data", "end"),
    [
        ("end", b'{"day": 1}\n', None),
        ("cut", b'{"day": 1}\n{"day', None),
        ("reset", b'{"day": 1}\n', ConnectionResetError),
    ],
)
def test_a_failure_comes_after_the_lines_and_as_often_as_told(failure, data, end):
    with ReplayServer(LINES, failure, after=1, failures=2) as server:
        assert received(server) == (data, end)
        assert received(server) == (data, end)
        assert received(server)[1] is None
    with ReplayServer(LINES, failure, after=1, failures=None) as server:
        for _ in range(4):
            assert received(server) == (data, end)


def test_silence_lasts_until_the_client_gives_up():
    with ReplayServer(LINES, "silence", after=1) as server:
        with socket.create_connection((server.host, server.port), timeout=30) as client:
            assert client.recv(4096) == b'{"day": 1}\n'
            client.settimeout(0.05)
            with pytest.raises(TimeoutError):
                client.recv(4096)
        assert received(server)[0].count(b"\n") == 3


def test_leaving_the_server_ends_its_silence_and_its_blocked_sends():
    kept = []
    with ReplayServer(["x" * 500_000] * 40) as deaf, ReplayServer(LINES, "silence") as silent:
        for server in (deaf, silent):
            client = socket.create_connection((server.host, server.port), timeout=10)
            client.recv(1) if server is deaf else None
            kept.append(client)
    for client in kept:
        client.close()


def test_a_server_may_be_left_by_an_error():
    with pytest.raises(OSError, match="lesson"), ReplayServer(LINES) as server:
        received(server)
        raise OSError("lesson")


def test_entered_twice_is_refused_and_left_twice_is_harmless():
    with ReplayServer(LINES) as server, pytest.raises(RuntimeError, match="running already"):
        server.__enter__()
    assert server.__exit__(None, None, None) is False
    with server:
        assert received(server)[1] is None


def test_without_threads_nothing_stays_open(monkeypatch):
    """As in a browser, where there are none."""

    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="new thread"):
        ReplayServer(LINES).__enter__()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("explode",), f"allowed are {', '.join(FAILURES)}, or None"),
        (("cut", 3), "after 3 lines: there are 3"),
        (("reset", 4), "after 4 lines"),
        (("end", -1), "after -1 lines"),
    ],
)
def test_a_failure_that_cannot_be_is_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        ReplayServer(LINES, *arguments)
