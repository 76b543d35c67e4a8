"""Retries for the tests that students write: three right ones of different shape, and wrong ones.

Each takes the function that gives a stream, and gives back the function to be used in its place; three
attempts are allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from itertools import islice
from typing import Any

from lessons.judge.judge import declared


def counting(function: Any) -> Any:
    """A right retry: it counts, and closes by `finally`."""

    def wrapper(*given: Any) -> Iterator[Any]:
        delivered = 0
        for number in (1, 2, 3):
            stream = function(*given)
            try:
                for record in islice(stream, delivered, None):
                    delivered += 1
                    yield record
                return
            except OSError:
                if number == 3:
                    raise
            finally:
                stream.close()

    return wrapper


def enclosing(function: Any) -> Any:
    """A right retry: it skips by number, and closes by `with`."""

    def wrapper(*given: Any) -> Iterator[Any]:
        delivered, failures = 0, 0
        while True:
            with closing(function(*given)) as stream:
                try:
                    for number, record in enumerate(stream, 1):
                        if number > delivered:
                            delivered = number
                            yield record
                    break
                except OSError:
                    failures += 1
                    if failures == 3:
                        raise

    return wrapper


@declared("__iter__ __next__ close")
class Retrying:
    """A right retry without a generator: an iterator with `close`."""

    def __init__(self, opener: Any) -> None:
        self.opener, self.delivered, self.attempts = opener, 0, 0
        self.line: Any = None
        self.over = False

    def __iter__(self) -> Retrying:
        return self

    def __next__(self) -> Any:
        while not self.over:
            try:
                if self.line is None:
                    self.attempts += 1
                    self.line = self.opener()
                    for _ in islice(self.line, self.delivered):
                        pass
                record = next(self.line)
                self.delivered += 1
                return record
            except OSError:
                self._leave()
                if self.attempts == 3:
                    self.over = True
                    raise
            except StopIteration:
                self.close()
        raise StopIteration

    def _leave(self) -> None:
        if self.line is not None:
            self.line.close()
        self.line = None

    def close(self) -> None:
        self.over = True
        self._leave()


def iterating(function: Any) -> Any:
    """A right retry that is no generator."""

    def wrapper(*given: Any) -> Retrying:
        return Retrying(lambda: function(*given))

    return wrapper


def restarting(function: Any) -> Any:
    """Delivers twice: each attempt starts at the first record."""

    def wrapper(*given: Any) -> Iterator[Any]:
        for number in (1, 2, 3):
            with closing(function(*given)) as stream:
                try:
                    yield from stream
                    return
                except OSError:
                    if number == 3:
                        raise

    return wrapper


def resuming(function: Any) -> Any:
    """Loses what comes after the failure: it pulls the same stream again."""

    def wrapper(*given: Any) -> Iterator[Any]:
        with closing(function(*given)) as stream:
            for number in (1, 2, 3):
                try:
                    yield from stream
                except OSError:
                    if number == 3:
                        raise

    return wrapper


def overshooting(function: Any) -> Any:
    """Loses one record at each failure: it skips one too many."""

    def wrapper(*given: Any) -> Iterator[Any]:
        delivered = 0
        for number in (1, 2, 3):
            with closing(function(*given)) as stream:
                try:
                    for record in islice(stream, delivered + (number > 1), None):
                        delivered += 1
                        yield record
                    return
                except OSError:
                    if number == 3:
                        raise

    return wrapper


def swapping(function: Any) -> Any:
    """Delivers out of order: the two records that follow a failure change places."""

    def wrapper(*given: Any) -> Iterator[Any]:
        delivered = 0
        for number in (1, 2, 3):
            with closing(function(*given)) as stream:
                try:
                    records = islice(stream, delivered, None)
                    for record in [*islice(records, 2)][::-1] if number > 1 else ():
                        delivered += 1
                        yield record
                    for record in records:
                        delivered += 1
                        yield record
                    return
                except OSError:
                    if number == 3:
                        raise

    return wrapper


def forgetting(function: Any) -> Any:
    """Delivers twice at the second failure: it counts what the last attempt handed on."""

    def wrapper(*given: Any) -> Iterator[Any]:
        skipped = 0
        for number in (1, 2, 3):
            delivered = 0
            with closing(function(*given)) as stream:
                try:
                    for record in islice(stream, skipped, None):
                        delivered += 1
                        yield record
                    return
                except OSError:
                    if number == 3:
                        raise
            skipped = delivered

    return wrapper


def silencing(function: Any) -> Any:
    """Gives up in silence: the error of the last attempt is dropped."""

    def wrapper(*given: Any) -> Iterator[Any]:
        delivered = 0
        for _ in range(3):
            with closing(function(*given)) as stream, suppress(OSError):
                for record in islice(stream, delivered, None):
                    delivered += 1
                    yield record
                return

    return wrapper


def belated(function: Any) -> Any:
    """Closes all attempts at the very end: until then they are open beside each other."""

    def wrapper(*given: Any) -> Iterator[Any]:
        with ExitStack() as stack:
            delivered = 0
            for number in (1, 2, 3):
                stream = stack.enter_context(closing(function(*given)))
                try:
                    for record in islice(stream, delivered, None):
                        delivered += 1
                        yield record
                    return
                except OSError:
                    if number == 3:
                        raise

    return wrapper


def hasty(function: Any) -> Any:
    """Reads all at the call, in attempts that are each thrown away when they break."""

    def wrapper(*given: Any) -> Any:
        for number in (1, 2, 3):
            with closing(function(*given)) as stream:
                try:
                    return (record for record in list(stream))
                except OSError:
                    if number == 3:
                        raise
        raise AssertionError("three attempts have returned or raised")

    return wrapper


def forward(function: Any) -> Any:
    """Opens the first attempt at the call, and else does all that it has to."""

    def wrapper(*given: Any) -> Retrying:
        first = [function(*given)]
        return Retrying(lambda: first.pop() if first else function(*given))

    return wrapper


def retrying(
    closes: Callable[[str, int], bool] = lambda how, number: True, attempts: int = 3, other: bool = False
) -> Any:
    """A retry that is right but for what is said here.

    closes: whether it closes an attempt, by how that ended ("broken", "last", "end" or "left") and by its
    number. other: whether another error comes out at the end.
    """

    def program(function: Any) -> Any:
        def wrapper(*given: Any) -> Iterator[Any]:
            delivered = 0
            for number in range(1, attempts + 1):
                stream, how = function(*given), "left"
                try:
                    for record in islice(stream, delivered, None):
                        delivered += 1
                        yield record
                    how = "end"
                    return
                except OSError as error:
                    how = "last" if number == attempts else "broken"
                    if number == attempts and other:
                        raise RuntimeError("three attempts have failed") from error
                    if number == attempts:
                        raise
                finally:
                    if closes(how, number):
                        stream.close()

        return wrapper

    return program


dangling = retrying(lambda how, number: how != "broken")
unfinished = retrying(lambda how, number: how != "end")
spent = retrying(lambda how, number: how != "last")
deaf = retrying(lambda how, number: how != "left" or number > 1)
deaf_later = retrying(lambda how, number: how != "left" or number == 1)
translating = retrying(other=True)
stubborn = retrying(attempts=4)
