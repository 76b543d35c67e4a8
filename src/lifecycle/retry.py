"""Try again after an `OSError`, and deliver each record once.

A stream that is opened again must continue where it broke, so the retry counts the records it has delivered.
The idea comes from the streaming retry in Google's API core, which also iterates inside the retry.
"""

import functools
import logging
import sys
import time
from itertools import islice

log = logging.getLogger(__name__)


def retryOnFailure(maxAttempts=3, delaySeconds=1.0, *, sleep=time.sleep):
    """Retry a generator function, a method or an ordinary function after an `OSError`, also called `IOError`.

    A stream that breaks after k records is opened again and continues at record k + 1. Each record arrives
    once, if the source yields the same records in the same order when it is opened again. `maxAttempts`
    counts all attempts; after the last one, its error is raised. `sleep(delaySeconds)` waits between two.

    Raises `TypeError` or `ValueError` for wrong settings, at the decoration. A retried generator function
    raises `TypeError` at the first pull if an argument is an iterator, because that is exhausted after a
    failure. It raises `RuntimeError` if the stream that was opened again ends too early.

    >>> class Feed:
    ...     failures = 1
    ...     @retryOnFailure(maxAttempts=3, delaySeconds=0)
    ...     def stream(self):
    ...         yield "Monday"
    ...         if self.failures:
    ...             self.failures -= 1
    ...             raise OSError("the line dropped")
    ...         yield "Tuesday"
    >>> list(Feed().stream())
    ['Monday', 'Tuesday']
    """
    if callable(maxAttempts):
        raise TypeError("@retryOnFailure needs parentheses: write @retryOnFailure()")
    requireNumber("maxAttempts", maxAttempts, int, 1, "a whole number, 1 or more")
    requireNumber("delaySeconds", delaySeconds, (int, float), 0, "a finite number, 0 or more")

    def decorate(function):
        import inspect  # imported here, so that importing lifecycle stays fast

        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"@retryOnFailure retries a plain `def`, but {function.__name__} is async")
        if inspect.isgeneratorfunction(function):
            return retriedStream(function, maxAttempts, delaySeconds, sleep)
        return retriedCall(function, maxAttempts, delaySeconds, sleep)

    return decorate


def retriedStream(function, maxAttempts, delaySeconds, sleep):
    """Return a generator function that continues the stream of `function` after an `OSError`."""

    @functools.wraps(function)
    def retried(*args, **kwargs):
        refuseIterators(function, args, kwargs)
        delivered = 0
        for attempt in range(1, maxAttempts + 1):
            stream = function(*args, **kwargs)
            try:
                skip(stream, delivered, nameOf(function))
                for record in stream:
                    delivered += 1
                    yield record
                return
            except OSError as error:
                # A stream that fails is over. If it is suspended, the consumer threw the error in.
                if stream.gi_suspended or attempt == maxAttempts:
                    raise
                announce(function, attempt, maxAttempts, error)
            finally:
                stream.close()
            sleep(delaySeconds)

    return retried


def retriedCall(function, maxAttempts, delaySeconds, sleep):
    """Return a function that calls `function` again after an `OSError`."""
    retries = range(1, maxAttempts)  # the attempts after which there is another one

    @functools.wraps(function)
    def retried(*args, **kwargs):
        for attempt in retries:
            try:
                return function(*args, **kwargs)
            except OSError as error:
                announce(function, attempt, maxAttempts, error)
            sleep(delaySeconds)
        return function(*args, **kwargs)  # the last attempt: its error is raised

    return retried


def skip(stream, delivered, name):
    """Pull the records that were delivered before, and drop them."""
    replayed = 0
    for _ in islice(stream, delivered):
        replayed += 1
    if replayed < delivered:
        raise RuntimeError(
            f"{name} ended after {replayed} records when opened again, "
            f"but {delivered} were delivered before: it is not the same stream"
        )


def refuseIterators(function, args, kwargs):
    """Raise `TypeError` if an argument is an iterator: a second attempt would find it exhausted."""
    import inspect

    if list(inspect.signature(function).parameters)[:1] == ["self"]:
        args = args[1:]  # the object itself may be an iterator
    for argument in (*args, *kwargs.values()):
        if hasattr(argument, "__next__"):
            raise TypeError(
                f"{nameOf(function)} was given an iterator, which is exhausted after a failure: "
                "retry the source, or the method that the stage calls for each record"
            )


def requireNumber(name, value, kind, least, allowed):
    """Raise unless `value` is a finite number of this kind, `least` or more. `True` is not accepted."""
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: allowed is {allowed}")
    if not least <= value <= sys.float_info.max:
        raise ValueError(f"{name}={value!r}: allowed is {allowed}")


def announce(function, attempt, maxAttempts, error):
    """Log one INFO line about an attempt that failed."""
    log.info("%s: attempt %d of %d failed: %r", nameOf(function), attempt, maxAttempts, error)


def nameOf(function):
    """Return the name for messages; a callable object may have none."""
    return getattr(function, "__qualname__", repr(function))
