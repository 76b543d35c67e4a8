"""Jobs that a student's test is tried on: some give back what they borrow, some leak, each in its own way."""

from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from types import SimpleNamespace
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
    """Right: for this job, a broken reading is not a failure, and no error comes out of it."""
    count = 0
    with suppress(Exception, KeyboardInterrupt), ExitStack() as stack:
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


def one_after_the_other(engine: Any, readings: Any) -> None:
    """Right: it reads before it borrows, has one connection at a time, and returns nothing."""
    for reading in readings:
        float(reading)
    for _ in range(2):
        with engine.connect():
            pass


def closes_at_the_end(engine: Any, readings: Any) -> int:
    """Leaks at a broken reading: both stay open."""
    both = engine.connect(), engine.connect()
    count = len([*map(float, readings)])
    for one in both:
        one.close()
    return count


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


def runs_a_worker(engine: Any, readings: Any) -> int:
    """Leaks when nothing fails: the second stays open, in a cycle."""
    with engine.connect():
        worker = SimpleNamespace(connection=engine.connect())
        worker.itself = worker
        try:
            return len([*map(float, readings)])
        except BaseException:
            worker.connection.close()
            raise


def closes_if(whole: bool, errors: type[BaseException]) -> Job:
    """A job that closes its second connection after a whole run, if that is asked, and after these errors."""

    def job(engine: Any, readings: Any) -> int:
        with engine.connect():
            second = engine.connect()
            try:
                count = len([*map(float, readings)])
            except errors:
                second.close()
                raise
            borrowed.append(second)
            if whole:
                second.close()
            return count

    return job


def borrows_both_at_first(engine: Any, readings: Any) -> int:
    """Leaks when the second cannot be had: the first stays open."""
    first = engine.connect()
    second = engine.connect()
    with closing(first), closing(second):
        return len([*map(float, readings)])


RIGHT: tuple[Job, ...] = (
    in_one_with, in_two_finallys, skips_what_is_broken, raises_its_own, remembers_the_closed,
    one_after_the_other,
)  # fmt: skip

LEAKY: dict[str, tuple[Job, ...]] = {
    "broken": (closes_at_the_end, guards_the_pulls), "stop": (closes_if(True, Exception),),
    "whole": (closes_if(False, BaseException), runs_a_worker), "open": (borrows_both_at_first,),
}  # fmt: skip
