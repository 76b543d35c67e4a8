"""What 03_decorators claims about well-kept libraries, tried."""

from __future__ import annotations

import contextlib
import functools
import inspect
import socket
import threading
from collections.abc import Iterator

import pytest
import tenacity


class Feed:
    """Yields 1 and 2; the first `failures` times it is opened it breaks after 1."""

    def __init__(self, failures: int = 1) -> None:
        self.failures, self.opened = failures, 0

    def stream(self) -> Iterator[int]:
        self.opened += 1
        yield 1
        if self.opened <= self.failures:
            raise OSError("connection dropped")
        yield 2


def test_tenacity_retries_a_call_for_ever_at_once_and_on_any_exception_unless_told() -> None:
    calls = []

    @tenacity.retry
    def failing() -> str:
        calls.append(1)
        if len(calls) < 200:
            raise KeyError
        return "done"

    assert failing() == "done"
    assert failing.statistics["attempt_number"] == 200 and failing.statistics["idle_for"] == 0


def test_tenacity_does_not_retry_a_generator_function() -> None:
    feed = Feed()
    stream = tenacity.retry(stop=tenacity.stop_after_attempt(3))(feed.stream)()
    arrived = [next(stream)]
    with pytest.raises(OSError):
        arrived += stream
    assert feed.opened == 1


def test_tenacity_around_a_loop_delivers_twice() -> None:
    feed, arrived = Feed(), []
    for attempt in tenacity.Retrying(stop=tenacity.stop_after_attempt(3)):
        with attempt:
            for record in feed.stream():
                arrived.append(record)
    assert arrived == [1, 1, 2]


@pytest.fixture
def dropping() -> Iterator[tuple[str, list[int]]]:
    """A web server's address and its requests: the first answer breaks off in the middle."""
    requests: list[int] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            with line:
                line.recv(4096)
                requests.append(1)
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n12.8\n")
                if len(requests) > 1:
                    line.sendall(b"10.6\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/", requests
    with contextlib.suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(10)


def test_urllib3_retries_while_it_reads_the_whole_answer(dropping: tuple[str, list[int]]) -> None:
    urllib3 = pytest.importorskip("urllib3")
    address, requests = dropping
    with urllib3.PoolManager(retries=urllib3.Retry(3, backoff_factor=0), timeout=10) as pool:
        assert pool.request("GET", address).data == b"12.8\n10.6\n"
    assert len(requests) == 2


def test_urllib3_does_not_retry_once_the_answer_is_read_in_pieces(dropping: tuple[str, list[int]]) -> None:
    urllib3 = pytest.importorskip("urllib3")
    address, requests = dropping
    with urllib3.PoolManager(retries=urllib3.Retry(3, backoff_factor=0), timeout=10) as pool:
        answer = pool.request("GET", address, preload_content=False)
        with pytest.raises(urllib3.exceptions.ProtocolError):
            list(answer.stream(5))
    assert len(requests) == 1


def test_prometheus_times_the_making_of_a_generator() -> None:
    prometheus = pytest.importorskip("prometheus_client")
    registry = prometheus.CollectorRegistry()
    summary = prometheus.Summary("stage", "seconds of a stage", registry=registry)
    counted = []

    def process() -> Iterator[int]:
        counted.append(registry.get_sample_value("stage_count"))
        yield 1

    timed = summary.time()(process)
    assert not inspect.isgeneratorfunction(timed)
    assert list(timed()) == [1]
    assert counted == [1.0], "its time was taken before its first line ran"


def test_lru_cache_remembers_one_spent_generator() -> None:
    @functools.lru_cache
    def days() -> Iterator[str]:
        yield "Monday"

    assert (list(days()), list(days())) == (["Monday"], [])
