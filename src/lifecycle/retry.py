"""Try again after an `OSError`, and deliver each record once.

The idea of counting what was handed on, so that a stream opened again goes on where it broke, is that of the
streaming retry in Google's API core: a retry around a stream iterates inside.
"""

import functools
import logging
import sys
import time
from itertools import islice

log = logging.getLogger(__name__)


def retryOnFailure(maxAttempts=3, delaySeconds=1.0, *, sleep=time.sleep):
    """Retry a generator function, a method or an ordinary function after an `OSError`, also called `IOError`.

    A stream that breaks after k records is opened again and goes on at record k + 1: each record comes once,
    if the source yields the same records in the same order when it is opened again. `maxAttempts` counts all
    attempts; after the last, its error is raised. `delaySeconds` pass between two, by `sleep`.

    Raises `TypeError` or `ValueError` for wrong settings where it decorates. A retried generator function
    raises `TypeError` at the first pull when it is given an iterator, which is spent after a failure (for a
    stage, retry the method that it calls for each record), and `RuntimeError` when a replay ends too early.

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
    require("maxAttempts", maxAttempts, int, 1)
    require("delaySeconds", delaySeconds, (int, float), 0)

    retries = range(1, maxAttempts)  # the attempts after which there is another one

    def decorate(function):
        import inspect  # here, so that importing lifecycle stays quick

        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"@retryOnFailure retries a plain `def`, and {function.__name__} is async")
        name = getattr(function, "__qualname__", repr(function))

        @functools.wraps(function)
        def retriedStream(*args, **kwargs):
            onSelf = [*inspect.signature(function).parameters][:1] == ["self"]
            for argument in (*(args[1:] if onSelf else args), *kwargs.values()):
                if hasattr(argument, "__next__"):
                    raise TypeError(
                        f"{name} was given an iterator, which is spent after a failure: "
                        "retry the source, or the method that the stage calls for each record"
                    )
            delivered = 0
            for attempt in range(1, maxAttempts + 1):
                stream, replayed = function(*args, **kwargs), 0
                try:
                    for _ in islice(stream, delivered):
                        replayed += 1
                    if replayed < delivered:
                        raise RuntimeError(
                            f"{name} ended after {replayed} records when opened again, "
                            f"but {delivered} were delivered before: it is not the same stream"
                        )
                    for record in stream:
                        delivered += 1
                        yield record
                    return
                except OSError as error:
                    thrownIn = inspect.getgeneratorstate(stream) == "GEN_SUSPENDED"
                    if thrownIn or attempt == maxAttempts:
                        raise
                    announce(name, attempt, maxAttempts, error)
                finally:
                    stream.close()
                sleep(delaySeconds)

        @functools.wraps(function)
        def retriedCall(*args, **kwargs):
            for attempt in retries:
                try:
                    return function(*args, **kwargs)
                except OSError as error:
                    announce(name, attempt, maxAttempts, error)
                sleep(delaySeconds)
            return function(*args, **kwargs)

        return retriedStream if inspect.isgeneratorfunction(function) else retriedCall

    return decorate


def require(name, value, kind, least):
    """Raise unless `value` is a finite number of this kind, `least` or more. `True` is no number."""
    allowed = f"a {'whole' if kind is int else 'finite'} number, {least} or more"
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: allowed is {allowed}")
    if not least <= value <= sys.float_info.max:
        raise ValueError(f"{name}={value!r}: allowed is {allowed}")


def announce(name, attempt, maxAttempts, error):
    """Write one INFO line of an attempt that failed."""
    log.info("%s: attempt %d of %d failed: %r", name, attempt, maxAttempts, error)
