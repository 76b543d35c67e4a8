"""One part of a pipeline, watched from outside and made to fail where it is told."""

from itertools import islice


class Probe:
    """One part, watched: what was entered and not left, started and not finished. It fails as it is told.

    `fault` has `phase`, `record` and `error`, or is `None`. Everything else is asked of the part itself.
    """

    def __init__(self, part, place, fault=None):
        self.part, self.place, self.fault = part, place, fault
        self.entered, self.streams, self.pulls, self.arrived = False, [], 0, 0

    def __getattr__(self, name):
        return getattr(self.part, name)

    def __enter__(self):
        self.strike("open")
        if hasattr(type(self.part), "__enter__"):
            self.part.__enter__()
            self.entered = True
        return self

    def __exit__(self, *reason):
        if self.entered:
            self.entered = False
            self.part.__exit__(*reason)
        self.strike("close")

    def stream(self):
        return self.watch(self.part.stream())

    def process(self, stream):
        return self.watch(self.part.process(stream))

    def write(self, record):
        self.strike("write", self.arrived + 1)
        if self.part is not None:
            self.part.write(record)
        self.arrived += 1

    def strike(self, phase, record=None):
        fault = self.fault
        if fault is not None and fault.phase == phase and fault.record == record:
            raise self.failure()

    def failure(self):
        fault, self.fault = self.fault, None  # once: a part that is opened again afterwards is well
        return fault.error(f"injected: {fault}")

    def watch(self, stream):
        if not hasattr(stream, "__iter__"):
            raise TypeError(
                f"{type(self.part).__name__} gave {type(stream).__name__}: `yield` records in a `def`"
            )
        self.streams.append(stream)
        if self.fault is not None:
            if self.fault.phase == "pull":
                return self.pulled(iter(stream), self.fault.record)
            if self.fault.phase == "end":
                return Unclosable(iter(stream), self)
        return stream

    def pulled(self, stream, last):
        pulls = 0
        try:
            for record in islice(stream, last - 1):
                pulls += 1
                yield record
            pulls += 1
            if pulls == last:
                yield from self.thrown(stream)
        finally:
            self.pulls += pulls
            finish(stream)

    def thrown(self, stream):
        failure = self.failure()
        if not hasattr(stream, "throw"):
            raise failure
        try:
            record = stream.throw(failure)
        except StopIteration:
            return
        yield record
        yield from stream

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


class Unclosable:
    """A stream that closes, and then fails."""

    def __init__(self, stream, probe):
        self.stream, self.probe = stream, probe

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.stream)

    def close(self):
        finish(self.stream)
        self.probe.strike("end")


def finish(stream):
    """Close a stream that can be closed."""
    if hasattr(stream, "close"):
        stream.close()
