"""Retries for the tests that students write: three different right ones, and wrong ones.

Each takes a function that returns a stream, and returns the function to use instead; three attempts are
allowed.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import islice
from typing import Any, Self

from lessons.exercises import declared


def enclosing(function: Any) -> Any:
    """A right retry: it skips by number, and closes with `with`."""

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
    """A right retry's stream that is not a generator: an iterator with `close`."""

    def __init__(self, records: Any) -> None:
        self.records, self.closed = records, False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        # A file does the same: the result of a pull after `close()` is not defined.
        if self.closed:
            raise ValueError("the stream is closed")
        return next(self.records)

    def close(self) -> None:
        self.closed = True
        self.records.close()


def iterating(function: Any) -> Any:
    """A right retry that is not a generator."""
    return lambda *given: Retrying(counting(function)(*given))


def hasty(function: Any) -> Any:
    """Reads everything at the call; apart from that it is right."""
    return lambda *given: (record for record in [*counting(function)(*given)])


def forward(function: Any) -> Any:
    """Opens the first attempt at the call; apart from that it is right."""

    def wrapper(*given: Any) -> Retrying:
        first = [function(*given)]
        return Retrying(counting(lambda: first.pop() if first else function(*given))())

    return wrapper


def retrying(
    picks: Callable[[Any, int, int], Any] = lambda stream, delivered, number: islice(stream, delivered, None),
    closes: Callable[[str, int], bool | None] = lambda how, number: True,
    attempts: int = 3,
    last: Callable[[str, Any], BaseException | None] = lambda how, error: error if how == "last" else None,
    resumes: bool = False,
) -> Any:
    """A retry that is right except for these settings.

    picks: which part of a stream it takes. It receives how many records were passed on so far, and the
    attempt's number. closes: whether it closes an attempt. It receives how the attempt ended
    ("broken", "last", "end" or "left") and its number. None: it closes this one when all is over. last: the
    error that it raises at the end. It receives how the last attempt ended, and the newest failure. resumes:
    whether it pulls the first stream again.
    """

    def program(function: Any) -> Any:
        """Its kind: it counts, and closes with `finally`."""

        def wrapper(*given: Any) -> Iterator[Any]:
            delivered = 0
            failed: Any = None
            with ExitStack() as stack:
                for number in range(1, attempts + 1):
                    if number == 1 or not resumes:
                        stream = function(*given)
                    records, how = picks(stream, delivered, number), "left"
                    try:
                        for record in records:
                            delivered += 1
                            yield record
                        how = "end"
                        break
                    except OSError as error:
                        failed, how = error, "last" if number == attempts else "broken"
                    finally:
                        if now := closes(how, number):
                            stream.close()
                        elif now is None:
                            stack.callback(stream.close)
            if (end := last(how, failed)) is not None:
                raise end

        return wrapper

    return program


def unread(stream: Any, delivered: int, number: int) -> Iterator[Any]:
    """The records that follow; the fourth attempt fails before it is read, with the text of the third."""
    if number == 4:
        raise OSError(f"line 3 dropped after {delivered} records")
    yield from islice(stream, delivered, None)


def swapped(stream: Any, delivered: int, number: int) -> Iterator[Any]:
    """The records that follow; after a failure, the first two are swapped."""
    records = islice(stream, delivered, None)
    yield from [*islice(records, 2)][::-1] if delivered else ()
    yield from records


def repeated(stream: Any, delivered: int, number: int) -> Iterator[Any]:
    """The records that follow; after a failure the last one twice."""
    for record in islice(stream, delivered, None):
        yield record
    yield from [record] if delivered else ()


counting = retrying()
restarting = retrying(lambda stream, delivered, number: stream)
resuming = retrying(lambda stream, delivered, number: stream, lambda how, number: None, resumes=True)
overshooting = retrying(lambda stream, delivered, number: islice(stream, delivered + bool(delivered), None))
swapping = retrying(swapped)
trailing = retrying(repeated)
forgetting = retrying(lambda stream, delivered, number: islice(stream, delivered * (number < 3), None))
silencing = retrying(last=lambda how, error: None)
translating = retrying(last=lambda how, error: RuntimeError("it failed") if how == "last" else None)
grudging = retrying(last=lambda how, error: error)
stubborn = retrying(attempts=4)
reopening = retrying(unread, attempts=4)
belated = retrying(closes=lambda how, number: None)
belated_later = retrying(closes=lambda how, number: None if number > 1 else True)
unfinished = retrying(closes=lambda how, number: how != "end" or number == 1)
spent = retrying(closes=lambda how, number: how != "last")
deaf = retrying(closes=lambda how, number: how != "left" or number > 1)
deaf_later = retrying(closes=lambda how, number: how != "left" or number == 1)
