"""Ways to run a chain, right ones and leaky ones, on which a student's test is tried."""

import itertools
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from inspect import getgeneratorstate
from typing import Any

from lessons.exercises import Callback, Judge
from lifecycle.context import PipelineContext

Way = Callable[["Program", Any, Any, Any, int], int]


class Program:
    """A way to run a chain, as the function `deliver`; what a test did with it is noted for the check alone.

    Every stream that it has made is kept, so that none is closed because nothing refers to it any more.
    """

    def __init__(self, way: Way) -> None:
        self._way = way
        self.streams: list[Any] = []
        self.runs: list[tuple[int, int | None]] = []

    def __call__(self, source: Any, stages: Any, sink: Any, limit: int) -> int:
        count: int | None = None
        try:
            count = self._way(self, source, list(stages), sink, limit)
            return count
        finally:
            self.runs.append((limit, count))

    def chain(self, source: Any, stages: Any) -> list[Any]:
        """Build the chain, and return its streams, the source's first."""
        streams = [source.stream()]
        for stage in stages:
            streams.append(stage.process(streams[-1]))
        self.streams += streams
        return streams

    @property
    def spent(self) -> bool:
        """Whether a run that should have delivered found nothing, after one that had delivered."""
        counts = [count for limit, count in self.runs if limit > 0 and count is not None]
        return 0 in counts and any(counts[: counts.index(0)])


def let_go(program: Program, judge: Judge) -> Callback:
    """The program as a test meets it; after each run its streams may be collected.

    For a test that looks at what was collected: nothing is while the judge may still ask for it.
    """

    def delivers(*given: Any, **named: Any) -> int:
        first = judge.mark()
        try:
            return program(*given, **named)
        except BaseException as error:
            judge.ask("set", error, "__traceback__", None)  # its frames hold what may be collected
            raise
        finally:
            judge.release(first)

    return Callback(delivers, "deliver")


def moved(stream: Any, sink: Any, limit: int) -> int:
    count = 0
    for record in itertools.islice(stream, limit):
        sink.write(record)
        count += 1
    return count


def shut(streams: Iterable[Any]) -> None:
    """Close all in this order, also when one of them fails to close."""
    with ExitStack() as stack:
        for stream in reversed(list(streams)):
            if hasattr(stream, "close"):
                stack.callback(stream.close)


def stop(stream: Any) -> None:
    if getattr(stream, "gi_suspended", True):
        getattr(stream, "close", int)()


def stacked(program: Program, source: Any, stages: Any, sink: Any, limit: int) -> int:
    """Collect before anything is written, and leave alone what was never pulled: it is not suspended."""
    with ExitStack() as stack:
        stream = source.stream()
        for stage in stages:
            stack.callback(stop, stream)
            stream = stage.process(stream)
        stack.callback(stop, stream)
        records = list(itertools.islice(stream, limit))
    return moved(iter(records), sink, limit)


def in_context(program: Program, source: Any, stages: Any, sink: Any, limit: int) -> int:
    with PipelineContext(source, stages, sink) as pipeline:
        for _ in itertools.islice(pipeline.stream(), limit):
            pass
    return int(pipeline.recordCount)


def closes(chosen: Callable[[list[Any], str], list[Any]]) -> Way:
    """A way that closes what is chosen of its streams, last first, when "sink", "stage" or "" has failed."""

    def way(program: Program, source: Any, stages: Any, sink: Any, limit: int) -> int:
        streams, count, failed = program.chain(source, stages), 0, "stage"
        try:
            for record in itertools.islice(streams[-1], limit):
                failed = "sink"
                sink.write(record)
                count, failed = count + 1, "stage"
            failed = ""
            return count
        finally:
            shut(reversed(chosen(streams, failed)))

    return way


def thrown_in(program: Program, source: Any, stages: Any, sink: Any, limit: int) -> int:
    streams = program.chain(source, stages)
    try:
        return moved(streams[-1], sink, limit)
    except BaseException as error:
        for stream in reversed(streams):
            if getgeneratorstate(stream) == "GEN_SUSPENDED":
                with suppress(BaseException):
                    stream.throw(error)
        raise
    finally:
        shut(reversed(streams))


def started(program: Program, source: Any, stages: Any, sink: Any, limit: int) -> int:
    streams = program.chain(source, stages)
    try:
        if limit == 0:
            next(streams[-1], None)
        return moved(streams[-1], sink, limit)
    finally:
        shut(reversed(streams))


by_hand = closes(lambda streams, failed: streams)
first_first = closes(lambda streams, failed: streams[::-1])
RIGHT = (stacked, in_context, by_hand, first_first)
"""Programs that leave no generator suspended, in whatever order they close."""

open_ended = closes(lambda streams, failed: [])
collected = closes(lambda streams, failed: [])

EARLY = {
    open_ended: "closes nothing",
    closes(lambda streams, failed: streams if failed else []): "closes its generators after an error alone",
}
BROKEN = {
    closes(lambda streams, failed: streams[:1] if failed == "sink" else streams):
        "closes the source's generator alone when the sink fails",
    closes(lambda streams, failed: streams[:1] if failed == "stage" else streams):
        "closes the source's generator alone when a stage fails",
}  # fmt: skip
SOME = {
    closes(lambda streams, failed: streams[-1:]): "closes the last generator of the chain alone",
    closes(lambda streams, failed: [*streams[:1], *streams[2:]]):
        "closes all generators but that of the first stage",
    closes(lambda streams, failed: [*streams[:-2], *streams[-1:]] if streams[2:] else streams):
        "closes all generators of a chain with two stages or more, but that of the last stage but one",
    closes(lambda streams, failed: streams[1:]): "closes the stages' generators, and not the source's",
    closes(lambda streams, failed: streams[:-1]): "closes all generators but that of the last stage",
}  # fmt: skip
"""Programs that leave generators suspended, each with what it does, in three families."""
