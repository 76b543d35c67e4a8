"""The lifecycle of one pipeline run: what was opened is closed, last first, whatever happens.

A pipeline is a source, any number of stages and a sink. `PipelineContext` opens those that need it, chains
their generators, pulls the records through, counts what arrives, and closes everything by name. It does not
rely on reference counting: a traceback that somebody keeps must not keep a file open.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Source(Protocol):
    """Where records come from."""

    def stream(self) -> Iterable[Any]: ...


class Stage(Protocol):
    """What happens to the records on their way."""

    def process(self, stream: Iterator[Any]) -> Iterable[Any]: ...


class Sink(Protocol):
    """Where the records arrive."""

    def write(self, record: Any) -> Any: ...


class PipelineContext:
    """Run source → stages → sink, and close all of it at the end of the `with` block.

    `source` has `stream()`, each of `stages` has `process(stream)`, `sink` has `write(record)`; without a
    sink the records are only counted. A part that is itself a context manager is entered and left with it.

    A run succeeds when the chain was pulled to its end and no error left the block. Then the `__exit__` of
    each part gets `(None, None, None)`; otherwise it gets the error, so that a sink can take back what it
    holds. A sink commits in its own `__exit__`, and what fails after that cannot undo the commit.

    `state` is "new", "open", "running", "closed" or "failed". `failure` is one line of text or `None`.
    `generators` are the iterators of the chain while it lives: the source's first, the outermost last.

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

    def __init__(self, source: Source, stages: Iterable[Stage] = (), sink: Sink | None = None):
        self.source, self.stages, self.sink = source, tuple(stages), sink
        self.state, self.failure, self._error, self._complete = "new", None, None, False
        self._recordCount, self._openedAt, self._closedAt = 0, 0.0, 0.0
        self.generators: tuple = ()
        self._exits: list = []  # a name and an exit for all that was opened or started, in that order

    def __enter__(self):
        """Open source, stages and sink, in this order. If one fails, those before it are closed."""
        if self.state != "new":
            raise RuntimeError(f"this pipeline is {self.state}: build a new PipelineContext for each `with`")
        self.state, self._openedAt = "open", time.perf_counter()
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
        """Pull every record through the chain and write it; return how many the sink accepted.

        Raises what the parts raise, and `RuntimeError` outside the `with` block or when called again.
        """
        with self._running() as (stream, write):
            for record in stream:
                write(record)
                self._recordCount += 1
        return self._recordCount

    def stream(self) -> Iterator[Any]:
        """The same run pulled from outside: each `next` writes, counts and yields one record.

        So a pipeline is a source itself, and a lesson can step the real thing.
        """
        with self._running() as (stream, write):
            for record in stream:
                write(record)
                self._recordCount += 1
                yield record

    def __exit__(self, kind, error, trace):
        """Close everything, last first, and tell each part how the run ended. `False`: nothing is swallowed.

        The run's own error is raised, with a note for each part that failed to close. Without one, a failure
        to close is raised itself, and several as a group. An interrupt while closing comes before them all.
        """
        failure = self._error if error is None else error  # the block may have caught what broke the run
        early = failure is None and not self._complete
        reason, broken = RuntimeError("the chain was not pulled to its end") if early else failure, []
        while self._exits:
            name, leave = self._exits.pop()
            try:
                leave(*((None,) * 3 if reason is None else (type(reason), reason, reason.__traceback__)))
            except BaseException as problem:
                if problem is not reason:  # a part that raises what it was given has not failed
                    broken.append((name, problem))
                reason = problem if reason is None else reason
        self.state, self.failure = ("closed", None) if reason is None else ("failed", describe(reason))
        self.generators, self._error, self._closedAt = (), None, time.perf_counter()
        conclude(error, failure, broken)
        return False

    @property
    def recordCount(self) -> int:
        """How many records the sink has accepted: what arrived, which is not always what is kept."""
        return self._recordCount

    @property
    def elapsedSeconds(self) -> float:
        """Seconds since the block was entered; after it, the seconds it lasted."""
        return (self._closedAt or time.perf_counter()) - self._openedAt if self._openedAt else 0.0

    @contextmanager
    def _running(self):
        if self.state != "open" or self._complete:
            raise RuntimeError(f"run a pipeline once, inside its `with` block: this one is {self.state}")
        self.state = "running"
        try:
            stream = self._start(self.source, self.source.stream())
            for stage in self.stages:
                stream = self._start(stage, stage.process(stream))
            yield stream, self.sink.write if self.sink is not None else lambda record: None
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # all but a GeneratorExit: left early
            self.state, self.failure, self._error = "failed", describe(error), error
            raise
        if self.state != "running":
            raise RuntimeError("the `with` block was left before the chain was pulled to its end")
        self.state, self._complete = "open", True

    def _start(self, part, result):
        if not hasattr(result, "__iter__"):
            raise TypeError(f"{type(part).__name__} gave {type(result).__name__}: `yield` records in a `def`")
        stream = iter(result)
        self.generators += (stream,)
        if hasattr(stream, "close"):
            self._exits.append((f"the stream of {type(part).__name__}", lambda *reason: stream.close()))
        return stream


def conclude(error, failure, broken):
    """Raise what must leave the block: an interrupt while closing, else the run's failure, else what broke.

    `error` leaves the block by itself, `failure` is the run's, `broken` names the parts that failed to close.
    """
    problems = [problem for _, problem in broken]
    first = next((problem for problem in problems if not isinstance(problem, Exception)), failure)
    if first is None and problems:
        raise problems[0] if len(problems) == 1 else ExceptionGroup("several parts failed to close", problems)
    for name, problem in [("the run", failure), *broken]:
        if problem is not None and problem is not first:
            first.add_note(f"{name} failed as well: {describe(problem)}")
    if broken and first is not error:
        raise first


def describe(error):
    """An exception as one line of text, which keeps no frame alive."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")
