"""Jobs that a student's test is tried on: some give back what they borrow, some leak, each in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

Job = Callable[[Any, Any], Any]


borrowed: list[Any] = []


"""What some of the jobs below remember, as a log or a cache would."""


def in_one_with(engine: Any, readings: Any) -> int:
    """Right: one `with` for both."""
    with engine.connect(), engine.connect():
        return sum(1 for _ in map(float, readings))


def in_two_finallys(engine: Any, readings: Any) -> int:
    """Right: by hand."""
    first = engine.connect()
    try:
        second = engine.connect()
        try:
            return len([float(reading) for reading in readings])
        finally:
            second.close()
    finally:
        first.close()


def skips_what_is_broken(engine: Any, readings: Any) -> int:
    """Right: a broken reading is no failure to it."""
    count = 0
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(engine.connect())
        for reading in readings:
            with suppress(ValueError):
                float(reading)
                count += 1
    return count


def raises_its_own(engine: Any, readings: Any) -> int:
    """Right: its error is of another type."""
    with engine.connect(), engine.connect():
        try:
            return len([*map(float, readings)])
        except ValueError as error:
            raise RuntimeError("the night has failed") from error


def remembers_the_closed(engine: Any, readings: Any) -> int:
    """Right: it keeps the connections, closed."""
    with engine.connect() as first, engine.connect() as second:
        borrowed.extend([first, second])
        return len([*map(float, readings)])


def reads_before_it_borrows(engine: Any, readings: Any) -> int:
    """Right: where a reading is broken nothing was borrowed."""
    values = [*map(float, readings)]
    with engine.connect(), engine.connect():
        return len(values)


def closes_at_the_end(engine: Any, readings: Any) -> int:
    """Leaks at a broken reading: both stay open."""
    with closing_at_the_end(engine.connect):
        second = engine.connect()
        count = len([*map(float, readings)])
        second.close()
    return count


@contextmanager
def closing_at_the_end(open_it: Callable[[], Any]) -> Iterator[Any]:
    """A context manager that closes when nothing has failed: an error skips the line below its `yield`."""
    connection = open_it()
    yield connection
    connection.close()


def guards_the_pulls(engine: Any, readings: Any) -> int:
    """Leaks at a broken reading: its `try` is around the pulls, and the conversion comes after it."""
    with engine.connect():
        second = engine.connect()
        try:
            pulled = [*readings]
        except BaseException:
            second.close()
            raise
        count = len([*map(float, pulled)])
        second.close()
        return count


class Worker:
    """Refers to itself by a bound method, as in the lesson."""

    def __init__(self, engine: Any) -> None:
        self.step = self.convert
        self.first = engine.connect()
        try:
            self.second = engine.connect()
        except BaseException:
            self.first.close()
            raise

    def convert(self, reading: str) -> float:
        """Return the number."""
        return float(reading)

    def work(self, readings: Any) -> int:
        """Convert all, and then close both."""
        count = len([self.step(reading) for reading in readings])
        self.second.close()
        self.first.close()
        return count


def runs_a_worker(engine: Any, readings: Any) -> int:
    """Leaks at a broken reading: both stay open, in a cycle."""
    return Worker(engine).work(readings)


def closes_after_a_failure(engine: Any, readings: Any) -> int:
    """Leaks when nothing fails: the second stays open, for another time."""
    with engine.connect():
        second = engine.connect()
        try:
            count = len([*map(float, readings)])
        except BaseException:
            second.close()
            raise
        borrowed.append(second)
        return count


def closes_after_an_exception(engine: Any, readings: Any) -> int:
    """Leaks on Ctrl-C, which is no `Exception`."""
    with engine.connect():
        second = engine.connect()
        try:
            count = len([*map(float, readings)])
        except Exception:
            second.close()
            raise
        second.close()
        return count


def borrows_both_at_first(engine: Any, readings: Any) -> int:
    """Leaks when the second cannot be had: the first stays open."""
    first = engine.connect()
    second = engine.connect()
    try:
        return len([*map(float, readings)])
    finally:
        try:
            second.close()
        finally:
            first.close()


RIGHT: tuple[Job, ...] = (
    in_one_with, in_two_finallys, skips_what_is_broken, raises_its_own, remembers_the_closed,
    reads_before_it_borrows,
)  # fmt: skip


LEAKY: dict[str, tuple[Job, ...]] = {
    "broken": (closes_at_the_end, guards_the_pulls, runs_a_worker),
    "whole": (closes_after_a_failure,),
    "stop": (closes_after_an_exception,),
    "open": (borrows_both_at_first,),
}
