"""The four taught patterns, each compared with the same code by hand and with maintained libraries."""

from __future__ import annotations

import itertools
import time
import timeit
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pydantic
import tenacity
from measuring import Row, medians, ratio

from lifecycle import PipelineConfig, PipelineContext, measuredStage, retryOnFailure

RECORDS = 200_000


class Numbers:
    def stream(self) -> Iterator[int]:
        yield from range(RECORDS)


class Pass:
    def process(self, stream: Iterator[Any]) -> Iterator[Any]:
        for record in stream:
            yield record


class Measured:
    @measuredStage
    def process(self, stream: Iterator[Any]) -> Iterator[Any]:
        for record in stream:
            yield record


class Kept:
    def __init__(self) -> None:
        self.records: list[int] = []

    def write(self, record: int) -> None:
        self.records.append(record)


def drain(stream: Iterator[Any]) -> None:
    deque(stream, maxlen=0)


def run() -> Iterator[Row]:
    def byHand() -> int:
        sink = Kept()
        write, count, stream = sink.write, 0, Numbers().stream()
        for _ in range(3):
            stream = Pass().process(stream)
        for record in stream:
            write(record)
            count += 1
        return count

    def withContext() -> int:
        with PipelineContext(Numbers(), [Pass(), Pass(), Pass()], Kept()) as pipeline:
            return pipeline.run()

    yield Row(
        "run() : the same counting loop by hand (three stages, a list)", ratio(withContext, byHand, 21), 1.10
    )


def measured() -> Iterator[Row]:
    def chain(kind: type) -> Callable[[], None]:
        def work() -> None:
            stream = Numbers().stream()
            for _ in range(3):
                stream = kind().process(stream)
            drain(stream)

        return work

    bare, timed = medians(chain(Pass), chain(Measured))
    loops = 1_000_000
    timer = timeit.Timer("clock()", globals={"clock": time.perf_counter}, timer=time.process_time)
    clock = min(timer.repeat(7, loops)) / loops
    cost = (timed - bare) / RECORDS / 3
    yield Row("@measuredStage, per record and stage : one clock call (timeit)", cost / clock, 7)


def retried() -> Iterator[Row]:
    numbers = Numbers()
    again = retryOnFailure(maxAttempts=3, delaySeconds=1.0)(numbers.stream)
    yield Row(
        "@retryOnFailure on the happy path : the bare generator",
        ratio(lambda: drain(again()), lambda: drain(numbers.stream())),
        2.5,
    )

    def answer() -> int:
        return 42

    ours = retryOnFailure(maxAttempts=3, delaySeconds=1.0)(answer)
    theirs = tenacity.retry(
        stop=tenacity.stop_after_attempt(3),
        wait=tenacity.wait_fixed(1),
        retry=tenacity.retry_if_exception_type(OSError),
        reraise=True,
    )(answer)

    def calls(function: Callable[[], int]) -> Callable[[], None]:
        return lambda: deque(itertools.starmap(function, itertools.repeat((), 10_000)), maxlen=0) and None

    yield Row("tenacity, one call : @retryOnFailure", ratio(calls(theirs), calls(ours)), 50, least=True)


def descriptors() -> Iterator[Row]:
    class ByHand:
        def __init__(self) -> None:
            self._windowSize = 7

        @property
        def windowSize(self) -> int:
            return self._windowSize

        @windowSize.setter
        def windowSize(self, value: int) -> None:
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"windowSize = {value!r}: allowed is a whole number, 1 or more")
            if value < 1:
                raise ValueError(f"windowSize = {value!r}: allowed is a whole number, 1 or more")
            self._windowSize = value

    def noBool(instance: object, attribute: object, value: object) -> None:
        if isinstance(value, bool):
            raise TypeError("True is not a number")

    @attrs.define
    class Attrs:
        windowSize: int = attrs.field(
            default=7, validator=[attrs.validators.instance_of(int), noBool, attrs.validators.ge(1)]
        )

    class Pydantic(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(validate_assignment=True, strict=True)
        windowSize: int = pydantic.Field(7, ge=1)

    def writes(config: Any) -> Callable[[], None]:
        def work() -> None:
            for _ in range(50_000):
                config.windowSize = 3

        return work

    def reads(config: Any) -> Callable[[], None]:
        def work() -> None:
            for _ in range(200_000):
                _ = config.windowSize

        return work

    config = PipelineConfig()
    yield Row("validated write : a property by hand, same rule", ratio(writes(config), writes(ByHand())), 5)
    yield Row("validated write : attrs, same rule", ratio(writes(config), writes(Attrs())), 1)
    yield Row("validated write : pydantic, same rule", ratio(writes(config), writes(Pydantic())), 1)
    yield Row("read : a property by hand", ratio(reads(config), reads(ByHand())), 2.5)
