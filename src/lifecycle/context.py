"""The lifecycle of one pipeline run: everything that was opened is closed, last first, whatever happens.

A pipeline is a source, any number of stages and a sink. `PipelineContext` opens them, chains their
generators, pulls the records through the chain, counts the records that arrive, and closes everything
explicitly. It does not rely on reference counting: a kept traceback must not keep a file open.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lifecycle.closing import closeAll, describe, mostImportant


class PipelineContext:
    """Run source → stages → sink, and close all of it at the end of the `with` block.

    `source` has `stream()`, each stage has `process(stream)`, and `sink` has `write(record)`. Without a sink
    the records are only counted. A part that is itself a context manager is entered and exited as well.

    A run succeeds if the chain was pulled to its end and no error left the block. Then the `__exit__` of
    each part receives `(None, None, None)`. Otherwise it receives the error, so that a sink can undo what it
    has written. A sink commits in its own `__exit__`; a later failure cannot undo that commit.

    `state` is "new", "open", "running", "closed" or "failed". `failure` is one line of text, or `None`.
    `generators` holds the iterators of the chain during the run: the source's first, the outermost last.

    >>> class Numbers:
    ...     def stream(self):
    ...         yield from (1, 2, 3, 4)
    >>> class Even:
    ...     def process(self, stream):
    ...         for number in stream:
    ...             if number % 2 == 0:
    ...                 yield number
    >>> with PipelineContext(Numbers(), [Even()]) as pipeline:
    ...     pipeline.run()
    2
    >>> pipeline.state, pipeline.recordCount, pipeline.failure
    ('closed', 2, None)
    """

    def __init__(self, source, stages=(), sink=None):
        self.source = source
        self.stages = tuple(stages)
        self.sink = sink
        self.state = "new"
        self.failure = None
        self.generators = ()
        self._recordCount = 0
        self._openedAt = None
        self._closedAt = None
        self._error = None  # what broke the run
        self._complete = False  # was the chain pulled to its end?
        self._exits = []  # the name and the exit of everything that was opened or started, in order

    def __enter__(self):
        """Open source, stages and sink, in this order. If one fails, those before it are closed."""
        if self.state != "new":
            raise RuntimeError(f"this pipeline is {self.state}: build a new PipelineContext for each `with`")
        self.state = "open"
        self._openedAt = time.perf_counter()
        try:
            for part in (self.source, *self.stages, self.sink):
                if hasattr(type(part), "__enter__"):
                    part.__enter__()
                    self._exits.append((type(part).__name__, part.__exit__))
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def run(self) -> int:
        """Pull every record through the chain and write it; return how many records the sink accepted.

        Raises what the parts raise, and `RuntimeError` outside the `with` block or when called again.
        """
        with self._running() as (stream, write):
            for record in stream:
                write(record)
                self._recordCount += 1
        return self._recordCount

    def stream(self) -> Iterator[Any]:
        """The same run pulled from outside: each `next` writes, counts and yields one record.

        So a pipeline is itself a source, and a lesson can step through a real run.
        """
        with self._running() as (stream, write):
            for record in stream:
                write(record)
                self._recordCount += 1
                yield record

    def __exit__(self, kind, error, trace):
        """Close the streams, then sink, stages and source; tell each part how the run ended. Return `False`.

        The run's own error is raised, with a note for each part that failed to close. If only closing failed,
        that error is raised, or a group if there are several. An interrupt while closing is itself raised.
        """
        if error is not None:
            self._error = error  # without one, the block may have caught what broke the run
        reason = self._error
        if reason is None and not self._complete:
            reason = RuntimeError("the chain was not pulled to its end")
        reason, problems = closeAll(self._exits, reason)
        toRaise = error
        if problems:
            toRaise = mostImportant(self._error, problems)
        self._finish(reason)
        if toRaise is not error:  # Python raises `error` itself again
            raise toRaise
        return False

    @property
    def recordCount(self) -> int:
        """How many records the sink has accepted. After a failure, it may have kept fewer."""
        return self._recordCount

    @property
    def elapsedSeconds(self) -> float:
        """Seconds since the block was entered; after the block, how many seconds it took."""
        if self._openedAt is None:
            return 0.0
        return (self._closedAt or time.perf_counter()) - self._openedAt

    @contextmanager
    def _running(self):
        """Start the chain and give the loop its stream and its `write`; note how the loop ended."""
        if self.state != "open" or self._complete:
            raise RuntimeError(f"run a pipeline once, inside its `with` block: this one is {self.state}")
        self.state = "running"
        try:
            yield self._chain(), self._writer()
        except GeneratorExit:  # the stream was closed early: this is not an error of the run
            raise
        except BaseException as error:
            self._error = error
            self._fail(error)
            raise
        if self.state != "running":
            raise RuntimeError("the `with` block was left before the chain was pulled to its end")
        self.state = "open"
        self._complete = True

    def _chain(self):
        """Chain the generators of the source and the stages; return the outermost. Nothing is pulled."""
        stream = self._start(self.source, self.source.stream())
        for stage in self.stages:
            stream = self._start(stage, stage.process(stream))
        return stream

    def _start(self, part, records):
        if not hasattr(records, "__iter__"):
            raise TypeError(
                f"{type(part).__name__} returned {type(records).__name__}: use `yield` in a plain `def`"
            )
        stream = iter(records)
        self.generators += (stream,)
        if hasattr(stream, "close"):
            self._exits.append((f"the stream of {type(part).__name__}", lambda *reason: stream.close()))
        return stream

    def _writer(self):
        if self.sink is None:
            return lambda record: None
        return self.sink.write

    def _finish(self, reason):
        if reason is None:
            self.state = "closed"
        else:
            self._fail(reason)
        self.generators = ()
        self._error = None
        self._closedAt = time.perf_counter()

    def _fail(self, error):
        self.state = "failed"
        self.failure = describe(error)
