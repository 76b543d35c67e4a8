"""What lesson 04 claims about chains, closing and well-kept libraries, tried."""

from __future__ import annotations

import contextlib
import csv
import gc
import io
import itertools
import sys
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from inspect import getgeneratorstate
from pathlib import Path
from typing import Any

import pytest

from lifecycle import PipelineContext


def stage(stream: Any) -> Generator[Any, Any, Any]:
    for record in stream:
        yield record


def started(stream: Any) -> Any:
    next(stream)
    return stream


def test_closing_closes_its_generator_on_break_and_no_other() -> None:
    source = stage("abc")
    with contextlib.closing(stage(source)) as chain:
        for _ in chain:
            break
    assert getgeneratorstate(chain) == "GEN_CLOSED"
    assert getgeneratorstate(source) == "GEN_SUSPENDED"


@pytest.mark.parametrize("lazy", [lambda s: map(str, s), lambda s: zip(s, strict=False),
                                  lambda s: itertools.islice(s, 3)])  # fmt: skip
def test_map_zip_and_islice_pull_one_at_a_time_and_have_no_close(lazy: Any) -> None:
    numbers = iter(range(5))
    walk = lazy(numbers)
    next(walk)
    assert list(numbers) == [1, 2, 3, 4]
    assert not hasattr(walk, "close")


def test_a_map_in_the_middle_does_not_keep_the_context_from_closing_what_stands_behind_it() -> None:
    class Source:
        def stream(self) -> Iterator[str]:
            self.made = stage(["1", "missing"])
            return self.made

    class Parse:
        def process(self, stream: Any) -> Any:
            return map(float, stream)

    source = Source()
    with pytest.raises(ValueError) as kept, PipelineContext(source, [Parse()]) as pipeline:
        pipeline.run()
    assert kept.value and getgeneratorstate(source.made) == "GEN_CLOSED"


def test_csv_reads_a_line_when_asked_and_does_not_close_the_file() -> None:
    file = io.StringIO("a\nb\n")
    rows = csv.reader(file)
    assert next(rows) == ["a"] and file.readline() == "b\n"
    assert list(rows) == [] and not file.closed and not hasattr(rows, "close")


def test_sqlalchemys_result_is_closed_by_with_and_by_its_end_and_not_by_break() -> None:
    from sqlalchemy import create_engine, text

    query = text("select 1 union select 2 union select 3")
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        left = connection.execute(query)
        cursor = left.cursor
        for _ in left:
            break
        assert left.cursor is cursor is not None and cursor.fetchone() == (2,)
        assert left.fetchall() == [(3,)] and left.cursor is None
        with contextlib.suppress(ValueError), connection.execute(query) as result:
            next(result)
            raise ValueError
        assert result.closed and result.cursor is None
    engine.dispose()


def test_petls_table_is_read_anew_by_each_loop_and_keeps_the_file_of_one_left_early(tmp_path: Path) -> None:
    import petl  # type: ignore[import-untyped]

    path = tmp_path / "readings.csv"
    path.write_text("degrees\n12.8\n10.6\n")
    table = petl.fromcsv(str(path))
    assert list(table) == list(table) == [("degrees",), ("12.8",), ("10.6",)]
    walk = iter(table)
    next(walk)
    assert getgeneratorstate(walk) == "GEN_SUSPENDED"
    held = [one for one in gc.get_objects() if isinstance(one, io.BufferedReader | io.FileIO)
            and not one.closed and str(one.name) == str(path)]  # fmt: skip
    assert held
    walk.close()


def test_executor_map_takes_the_whole_stream_at_the_call() -> None:
    numbers = iter(range(1000))
    with ThreadPoolExecutor(1) as executor:
        results = executor.map(str, numbers)
        assert list(numbers) == [] and next(results) == "0"
        if sys.version_info >= (3, 14):
            numbers = iter(range(1000))
            limited = executor.map(str, numbers, buffersize=2)
            assert next(limited) == "0" and len(list(numbers)) > 900


def test_yield_from_hands_a_close_on_and_a_loop_does_not() -> None:
    def passed_on(stream: Any) -> Iterator[Any]:
        yield from stream

    sources = stage("abc"), stage("abc")
    started(passed_on(sources[0])).close()
    started(stage(sources[1])).close()
    assert [getgeneratorstate(one) for one in sources] == ["GEN_CLOSED", "GEN_SUSPENDED"]


def test_a_second_loop_goes_on_where_break_left_the_first() -> None:
    source = stage("abc")
    for _ in source:
        break
    assert list(source) == ["b", "c"]


def test_throw_is_what_puts_an_error_into_a_suspended_generator() -> None:
    seen = []

    def source() -> Generator[int, Any, None]:
        try:
            yield 1
        except ValueError as error:
            seen.append(error)

    stream = source()
    next(stream)
    with pytest.raises(StopIteration):
        stream.throw(ValueError())
    assert len(seen) == 1


def test_a_yield_in_finally_breaks_close() -> None:
    def source() -> Iterator[int]:
        try:
            yield 1
        finally:
            yield 2

    stream = started(source())
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        stream.close()
    stream.close()


def test_except_exception_leaves_generator_exit_alone() -> None:
    assert not issubclass(GeneratorExit, Exception)


def test_the_context_reports_a_stage_that_cannot_be_closed_and_closes_the_others() -> None:
    source = stage("abc")

    class Source:
        def stream(self) -> Iterator[str]:
            return source

    class Stubborn:
        def process(self, stream: Any) -> Iterator[str]:
            for record in stream:
                with contextlib.suppress(BaseException):
                    yield record

    class Full:
        def write(self, record: Any) -> None:
            raise OSError("the disk is full")

    with pytest.raises(OSError) as raised, PipelineContext(Source(), [Stubborn()], Full()) as pipeline:
        pipeline.run()
    assert "ignored GeneratorExit" in raised.value.__notes__[0]
    assert getgeneratorstate(source) == "GEN_CLOSED"


def test_the_outermost_stage_finds_its_upstream_open_when_it_is_closed() -> None:
    seen = []

    class Source:
        def stream(self) -> Iterator[int]:
            return stage([1, 2, 3])

    class Last:
        def process(self, stream: Any) -> Iterator[int]:
            try:
                yield next(stream)
            finally:
                seen.append(getgeneratorstate(stream))

    with PipelineContext(Source(), [Last()]) as pipeline:
        next(pipeline.stream())
    assert seen == ["GEN_SUSPENDED"]
