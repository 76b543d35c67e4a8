"""Count and time a stage without changing it: its own time, not that of its neighbours.

A stage runs while somebody pulls it, and it pulls its upstream in the meantime. So a clock around `next`
measures the whole chain up to this stage. `@measuredStage` reads the clock at four moments: when the stage is
pulled, when it pulls its upstream, when the upstream returns, and when the stage yields.
"""

import functools
import logging
import time

log = logging.getLogger(__name__)


class StageMetrics:
    """One run of a measured stage: its name, the records it yielded, its own time in seconds, its outcome.

    `outcome` is "running", "exhausted", "closed" (left early) or "failed".
    """

    def __init__(self, name, records=0, seconds=0.0, outcome="running"):
        self.name = name
        self.records = records
        self.seconds = seconds
        self.outcome = outcome

    def __repr__(self):
        return f"StageMetrics({self.name!r}, {self.records}, {self.seconds}, {self.outcome!r})"

    def __eq__(self, other):
        if type(self) is not type(other):
            return NotImplemented
        return vars(self) == vars(other)


class Turn:
    """The stage works since `began`. The time of its upstream is added to `began`, so it does not count."""

    def __init__(self, began):
        self.began = began


def measuredStage(function=None, *, clock=time.perf_counter):
    """Measure each run of a generator method (`process`, `stream`) or of a plain generator function.

    The figures of the run that started last are `instance.metrics`, or `function.metrics` for a plain
    function. They appear at the first pull and stay current until the end. Each finished run logs one INFO
    line. An argument that is an iterator is the upstream. `clock` returns seconds.

    Raises `TypeError` for anything but a generator function, and at the first pull if the instance cannot
    take `metrics`.

    >>> class Double:
    ...     @measuredStage
    ...     def process(self, stream):
    ...         for number in stream:
    ...             yield 2 * number
    >>> stage = Double()
    >>> list(stage.process(iter([1, 2, 3])))
    [2, 4, 6]
    >>> stage.metrics.name, stage.metrics.records, stage.metrics.outcome
    ('Double.process', 3, 'exhausted')
    """
    import inspect  # imported here, so that importing lifecycle stays fast

    if function is None:
        return functools.partial(measuredStage, clock=clock)
    if not inspect.isgeneratorfunction(function):
        raise TypeError(
            f"@measuredStage needs a generator function, one with `yield`: {function!r} is not one"
        )
    takesSelf = list(inspect.signature(function).parameters)[:1] == ["self"]
    boundTo = getattr(inspect.unwrap(function), "__self__", None)

    @functools.wraps(function)
    def measured(*args, **kwargs):
        owner = args[0] if takesSelf else boundTo
        metrics = StageMetrics(nameOf(function, owner))
        publish(metrics, measured if owner is None else owner)
        turn = Turn(clock())
        positional = [watched(argument, owner, turn, clock) for argument in args]
        named = {name: watched(argument, owner, turn, clock) for name, argument in kwargs.items()}
        stream = function(*positional, **named)
        try:
            for record in stream:
                metrics.seconds += clock() - turn.began
                metrics.records += 1
                try:
                    yield record
                finally:
                    turn.began = clock()
            metrics.outcome = "exhausted"
        except GeneratorExit:
            metrics.outcome = "closed"
            raise
        except BaseException:
            metrics.outcome = "failed"
            raise
        finally:
            stream.close()
            metrics.seconds += clock() - turn.began
            log.info(
                "%s: %d records, %.6f s, %s", metrics.name, metrics.records, metrics.seconds, metrics.outcome
            )

    return measured


def watched(argument, owner, turn, clock):
    """Return the argument; if it is an upstream, return a stream that takes its time off the turn."""
    if argument is owner or not hasattr(argument, "__next__"):
        return argument
    return withoutItsTime(argument, turn, clock)


def withoutItsTime(upstream, turn, clock):
    """Yield the records of the upstream, and move the turn on by the time that it takes."""
    pulledAt = clock()
    try:
        for record in upstream:
            turn.began += clock() - pulledAt
            try:
                yield record
            finally:
                pulledAt = clock()
    finally:
        turn.began += clock() - pulledAt


def nameOf(function, owner):
    """Return the name of a stage: of its class and method, or of the plain function."""
    if owner is None:
        return function.__name__
    return f"{type(owner).__name__}.{function.__name__}"


def publish(metrics, carrier):
    """Set `metrics` on the instance, or on the plain function, that carries them."""
    try:
        carrier.metrics = metrics
    except AttributeError:
        raise TypeError(f"{metrics.name} cannot be measured: add 'metrics' to the __slots__") from None
