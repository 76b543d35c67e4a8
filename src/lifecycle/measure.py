"""Count and time a stage without touching it: its own time, not its neighbours'.

A generator runs inside the `next` of whoever pulls it, and pulls its upstream from inside its own. So a clock
around `next` measures the whole chain up to here. This one reads the clock at all four borders of a stage:
when it is pulled, when it pulls, when its upstream answers, and when it yields.
"""

import functools
import logging
import time

log = logging.getLogger(__name__)


class StageMetrics:
    """One run of a measured stage: the records it yielded, its own time in seconds, and how it stands.

    `outcome` is "running", "exhausted", "closed" (left early) or "failed".
    """

    def __init__(self, name, records=0, seconds=0.0, outcome="running"):
        self.name, self.records, self.seconds, self.outcome = name, records, seconds, outcome

    def __repr__(self):
        return f"StageMetrics({self.name!r}, {self.records}, {self.seconds}, {self.outcome!r})"

    def __eq__(self, other):
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented


def measuredStage(function=None, *, clock=time.perf_counter):
    """Measure each run of a generator method (`process`, `stream`) or of a generator function.

    The figures of the run that started last are `instance.metrics`, for a plain function `function.metrics`:
    there from the first pull, live until the end. A run that ends is one INFO line in the log. The upstream
    is what is an iterator among the arguments. `clock` gives seconds.

    Raises `TypeError` for anything that is no generator function, and at the first pull for an instance that
    cannot take `metrics`.

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
    import inspect  # here, so that importing lifecycle stays quick

    if function is None:
        return functools.partial(measuredStage, clock=clock)
    if not inspect.isgeneratorfunction(function):
        raise TypeError(f"@measuredStage needs a generator function, one with `yield`: {function!r} is none")
    onSelf = list(inspect.signature(function).parameters)[:1] == ["self"]
    bound = getattr(inspect.unwrap(function), "__self__", None)

    @functools.wraps(function)
    def measured(*args, **kwargs):
        owner = args[0] if onSelf else bound
        name = function.__name__ if owner is None else f"{type(owner).__name__}.{function.__name__}"
        metrics = StageMetrics(name)
        began = clock()  # when the stage took over, moved on by what its upstream takes

        def pulled(upstream):
            nonlocal began
            left = clock()
            try:
                for record in upstream:
                    began += clock() - left
                    try:
                        yield record
                    finally:
                        left = clock()
            finally:
                began += clock() - left

        def watched(argument):
            return pulled(argument) if hasattr(argument, "__next__") and argument is not owner else argument

        try:
            (measured if owner is None else owner).metrics = metrics
        except AttributeError:
            raise TypeError(
                f"{name} cannot be measured: add 'metrics' to the __slots__ of its class"
            ) from None
        stream = function(*map(watched, args), **{key: watched(value) for key, value in kwargs.items()})
        try:
            for record in stream:
                metrics.seconds += clock() - began
                metrics.records += 1
                try:
                    yield record
                finally:
                    began = clock()
            metrics.outcome = "exhausted"
        except GeneratorExit:
            metrics.outcome = "closed"
            raise
        except BaseException:
            metrics.outcome = "failed"
            raise
        finally:
            stream.close()
            metrics.seconds += clock() - began
            log.info("%s: %d records, %.6f s, %s", name, metrics.records, metrics.seconds, metrics.outcome)

    return measured
