"""One part of a pipeline, watched from outside. Its actions are events, which subscribers receive.

This is the only code that wraps a part in order to see it or to break it. A subscriber is any function that
takes an `Event`. It returns `None`, or an error: then the part fails there with this error, which is how a
fault is injected. Without subscribers a stream passes through as it is, so watching costs nothing.
"""

from typing import Any, NamedTuple

CLOSING = "end", "close"  # a part that fails while it closes has closed all the same


class Event(NamedTuple):
    """Something that a part does. It is reported before, and again when it is `done`.

    `phase` is "open" (its `__enter__`), "start" (its `stream()` or `process(stream)` is called), "pull" (the
    `next` of its stream), "yield" (it hands out a record), "write", "end" (its stream is closed) or "close"
    (its `__exit__`). A pull that gives a record is done as a "yield". `number` counts pulls and writes, from
    1. `value` is what goes in before a call, the record before a yield, and the result when it is done.
    `error` is what it raised: for a pull after the last record, a `StopIteration`.
    """

    place: str
    phase: str
    number: int | None = None
    done: bool = False
    value: Any = None
    error: BaseException | None = None


class Probe:
    """One part, watched. Everything that a probe does not know is asked of the part itself.

    It remembers what was entered and not left, and what was started and not finished. A fault of a pull or a
    yield is thrown into the part's own suspended frame, so that its `finally` runs. A fault of an open or a
    write takes the place of the call. A fault of an end or a close follows it.

    >>> class Letters:
    ...     def stream(self):
    ...         yield "a"
    >>> def say(event):
    ...     print("after" if event.done else "before", event.phase, event.number)
    >>> list(Probe(Letters(), "source", say).stream())
    before start None
    after start None
    before pull 1
    before yield 1
    after yield 1
    before pull 2
    after pull 2
    ['a']
    """

    def __init__(self, part, place, *subscribers):
        self.part = part
        self.place = place
        self.subscribers = subscribers
        self.opens = part.opens if isinstance(part, Probe) else hasattr(type(part), "__enter__")
        self.entered = False
        self.streams = []
        self.pulls = 0
        self.arrived = 0

    def __getattr__(self, name):
        return getattr(self.part, name)

    def __enter__(self):
        if self.opens:
            self.cross("open", None, self.part.__enter__)
            self.entered = True
        return self

    def __exit__(self, *reason):
        if self.entered:
            self.entered = False
            self.cross("close", None, self.part.__exit__, *reason)

    def stream(self):
        return self.start(self.part.stream)

    def process(self, stream):
        return self.start(self.part.process, stream)

    def write(self, record):
        if self.part is not None:
            self.cross("write", self.arrived + 1, self.part.write, record)
        self.arrived += 1

    def start(self, make, *given):
        stream = self.cross("start", None, self.made, make, *given)
        if not hasattr(stream, "__iter__"):
            kinds = f"{type(self.part).__name__} returned {type(stream).__name__}"
            raise TypeError(f"{kinds}: use `yield` in a plain `def`")
        self.streams.append(stream)
        return Watched(self, stream) if self.subscribers else stream

    def made(self, make, *given):
        stream = make(*given)
        return iter(stream) if self.subscribers and hasattr(stream, "__iter__") else stream

    def cross(self, phase, number, call, *given):
        """Let the part do something, and report it before and after."""
        if not self.subscribers:
            return call(*given)
        fault = self.report(phase, number, value=given)
        try:
            if fault is not None and phase not in CLOSING:
                raise fault
            result = call(*given)
            if fault is not None:
                raise fault
        except BaseException as error:
            self.report(phase, number, done=True, error=error)
            raise
        finally:
            del fault  # an error whose traceback leads to itself would be freed late
        self.report(phase, number, done=True, value=result)
        return result

    def report(self, phase, number=None, done=False, value=None, error=None):
        """Tell all subscribers, and return the first error that one of them asks for."""
        event = Event(self.place, phase, number, done, value, error)
        answers = [subscriber(event) for subscriber in self.subscribers]
        return next((answer for answer in answers if answer is not None), None)

    def leaks(self):
        if self.entered:
            yield f"{self.place} entered and not left"
        if any(getattr(stream, "gi_suspended", False) for stream in self.streams):
            yield f"{self.place} started and not finished"

    def release(self):
        for stream in self.streams:
            finish(stream)
        self.__exit__(RuntimeError, RuntimeError("left open"), None)


class Injected(Probe):
    """A probe whose streams come from generator functions, so that a decorator can be put around them."""

    def stream(self):
        yield from super().stream()

    def process(self, stream):
        yield from super().process(stream)


class Watched:
    """The stream of a part, which reports each pull, and its closing."""

    def __init__(self, probe, stream):
        self.probe = probe
        self.stream = stream
        self.number = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.number += 1
        self.probe.pulls += 1
        fault = self.probe.report("pull", self.number)
        try:
            record = next(self.stream) if fault is None else self.throw(fault)
            fault = self.probe.report("yield", self.number, False, record)
            record = record if fault is None else self.throw(fault)
        except BaseException as error:
            self.probe.report("pull", self.number, done=True, error=error)
            raise
        finally:
            del fault
        self.probe.report("yield", self.number, True, record)
        return record

    def throw(self, error):
        """Raise an error inside the part, at the line where its generator is suspended."""
        try:
            if hasattr(self.stream, "throw"):
                return self.stream.throw(error)
            raise error
        finally:
            del error

    def close(self):
        self.probe.cross("end", None, finish, self.stream)


def finish(stream):
    """Close a stream that can be closed."""
    if hasattr(stream, "close"):
        stream.close()
