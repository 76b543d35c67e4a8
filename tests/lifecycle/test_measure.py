"""@measuredStage, one test or more for each numbered line of its behaviour."""

import inspect
import logging
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.context import PipelineContext
from lifecycle.measure import StageMetrics, measuredStage


class Clock:
    """A virtual clock: it moves when somebody works, and reading it costs nothing."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def work(self, microseconds):
        self.now += microseconds


@pytest.fixture
def clock():
    return Clock()


def chainOf(clock, records, upstream, stage, sink, *, before=0, after=0, keep=lambda record: True):
    """A source, a measured stage and a sink that take so many microseconds for each record."""

    class Source:
        def stream(self):
            for number in range(records):
                clock.work(upstream)
                yield number
            clock.work(upstream)

    class Stage:
        @measuredStage(clock=clock)
        def process(self, stream):
            clock.work(before)
            for record in stream:
                clock.work(stage)
                if keep(record):
                    yield record
            clock.work(after)

    class Sink:
        def write(self, record):
            clock.work(sink)

    return Source(), Stage(), Sink()


# 1 ---------------------------------------------------------------------------------------------------------


def test_1_seconds_are_the_stages_own(clock):
    source, stage, sink = chainOf(clock, 100, upstream=40, stage=25, sink=30)
    with PipelineContext(source, [stage], sink) as pipeline:
        pipeline.run()
    assert stage.metrics.seconds == 25 * 100
    assert clock.now == (40 + 25 + 30) * 100 + 40


def test_1_an_upstream_given_by_keyword_is_not_counted_either(clock):
    source, stage, _ = chainOf(clock, 10, upstream=40, stage=25, sink=0)
    assert len(list(stage.process(stream=source.stream()))) == 10
    assert stage.metrics.seconds == 25 * 10


def test_1_work_before_the_first_and_after_the_last_record_counts(clock):
    source, stage, sink = chainOf(clock, 10, upstream=40, stage=25, sink=30, before=7, after=11)
    with PipelineContext(source, [stage], sink) as pipeline:
        pipeline.run()
    assert stage.metrics.seconds == 7 + 25 * 10 + 11


costs = st.integers(0, 50)


@given(st.integers(0, 12), costs, costs, costs, costs, costs, st.integers(1, 4), st.integers(0, 14))
def test_1_whatever_the_neighbours_take(records, upstream, work, sink, before, after, every, pulls):
    clock = Clock()
    source, stage, sink = chainOf(
        clock,
        records,
        upstream,
        work,
        sink,
        before=before,
        after=after,
        keep=lambda record: record % every == 0,
    )
    with PipelineContext(source, [stage], sink) as pipeline:
        stream = pipeline.stream()
        arrived = sum(1 for _ in zip(range(pulls), stream, strict=False))
    kept = list(range(0, records, every))
    if pulls == 0:
        assert not hasattr(stage, "metrics")
        return
    whole = pulls > len(kept)
    seen = records if whole else kept[pulls - 1] + 1
    assert arrived == stage.metrics.records == min(pulls, len(kept))
    assert stage.metrics.seconds == before + work * seen + (after if whole else 0)
    assert stage.metrics.outcome == ("exhausted" if whole else "closed")


def test_1_two_measured_neighbours_do_not_count_each_other(clock):
    class Work:
        def __init__(self, cost):
            self.cost = cost

        @measuredStage(clock=clock)
        def process(self, stream):
            for record in stream:
                clock.work(self.cost)
                yield record

    stages = [Work(5), Work(7), Work(11)]
    with PipelineContext(chainOf(clock, 10, 40, 0, 0)[0], stages) as pipeline:
        pipeline.run()
    assert [stage.metrics.seconds for stage in stages] == [50, 70, 110]


# 2 ---------------------------------------------------------------------------------------------------------


def test_2_a_filter_that_lets_nothing_through_still_has_time(clock):
    source, stage, sink = chainOf(clock, 8, upstream=40, stage=25, sink=30, keep=lambda record: False)
    with PipelineContext(source, [stage], sink) as pipeline:
        assert pipeline.run() == 0
    assert stage.metrics == StageMetrics("Stage.process", 0, 25 * 8, "exhausted")


def test_2_a_stage_closed_early_reports_what_it_did(clock):
    source, stage, sink = chainOf(clock, 8, upstream=40, stage=25, sink=30)
    with PipelineContext(source, [stage], sink) as pipeline:
        stream = pipeline.stream()
        next(stream)
        next(stream)
    assert stage.metrics == StageMetrics("Stage.process", 2, 50, "closed")


def test_2_a_failing_stage_reports_and_the_very_same_exception_passes(clock):
    failure = ValueError("bad record")

    class Stage:
        @measuredStage(clock=clock)
        def process(self, stream):
            for record in stream:
                clock.work(25)
                if record == 2:
                    raise failure
                yield record

    stage = Stage()
    with (
        pytest.raises(ValueError) as caught,
        PipelineContext(chainOf(clock, 8, 40, 0, 0)[0], [stage]) as pipeline,
    ):
        pipeline.run()
    assert caught.value is failure
    assert stage.metrics == StageMetrics("Stage.process", 2, 75, "failed")


def test_2_an_interrupted_stage_has_failed():
    @measuredStage
    def interrupted(stream):
        yield from stream
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(interrupted(iter("ab")))
    assert (interrupted.metrics.records, interrupted.metrics.outcome) == (2, "failed")


def test_2_an_upstream_that_fails_does_not_charge_its_time_to_the_stage(clock):
    class Source:
        def stream(self):
            yield 1
            clock.work(1_000)
            raise OSError("cut")

    class Stage:
        @measuredStage(clock=clock)
        def process(self, stream):
            try:
                for record in stream:
                    clock.work(25)
                    yield record
            finally:
                clock.work(3)

    stage = Stage()
    with pytest.raises(OSError), PipelineContext(Source(), [stage]) as pipeline:
        pipeline.run()
    assert stage.metrics == StageMetrics("Stage.process", 1, 28, "failed")


def test_2_a_stage_that_goes_on_after_its_upstream_failed_is_measured(clock):
    class Patient:
        @measuredStage(clock=clock)
        def process(self, stream):
            try:
                yield from stream
            except OSError:
                clock.work(5)
                yield "the last"

    def broken():
        yield 1
        clock.work(100)
        raise OSError

    stage = Patient()
    assert list(stage.process(broken())) == [1, "the last"]
    assert stage.metrics == StageMetrics("Patient.process", 2, 5, "exhausted")


# 3 ---------------------------------------------------------------------------------------------------------


def test_3_name_docstring_signature_and_kind_are_as_before():
    class Stage:
        @measuredStage
        def process(self, stream, factor: int = 2):
            """Multiply."""
            yield from stream

    assert Stage.process.__name__ == "process"
    assert Stage.process.__doc__ == "Multiply."
    assert str(inspect.signature(Stage.process)) == "(self, stream, factor: int = 2)"
    assert str(inspect.signature(Stage().process)) == "(stream, factor: int = 2)"
    assert inspect.isgeneratorfunction(Stage.process)
    assert inspect.isgeneratorfunction(Stage().process)


def test_3_calling_the_stage_pulls_and_times_nothing(clock):
    def never():
        raise AssertionError("pulled")
        yield

    def forbidden():
        raise AssertionError("timed")

    class Stage:
        @measuredStage(clock=forbidden)
        def process(self, stream):
            yield from stream

    stage = Stage()
    stream = stage.process(never())
    assert not hasattr(stage, "metrics")
    stream.close()


@pytest.mark.parametrize("wrong", [len, lambda stream: list(stream), 7, "process", object])
def test_3_anything_but_a_generator_function_is_a_type_error_at_decoration(wrong):
    with pytest.raises(TypeError, match="@measuredStage needs a generator function"):
        measuredStage(wrong)


def test_3_an_async_generator_is_a_type_error_at_decoration():
    with pytest.raises(TypeError, match="@measuredStage needs a generator function"):

        @measuredStage
        async def process(stream):
            yield stream


# 4 ---------------------------------------------------------------------------------------------------------


class Doubling:
    @measuredStage
    def process(self, stream):
        for record in stream:
            yield record * 2


def test_4_the_same_class_twice_in_one_chain_has_separate_figures():
    stages = [Doubling(), Doubling()]
    with PipelineContext(chainOf(Clock(), 5, 0, 0, 0)[0], stages) as pipeline:
        pipeline.run()
    assert [stage.metrics.records for stage in stages] == [5, 5]
    assert stages[0].metrics is not stages[1].metrics


def test_4_two_concurrent_runs_of_one_instance_have_separate_figures():
    stage = Doubling()
    one, other = stage.process(iter(range(9))), stage.process(iter(range(9)))
    next(one)
    first = stage.metrics
    next(other)
    assert stage.metrics is not first
    assert list(one) == [2, 4, 6, 8, 10, 12, 14, 16]
    assert (first.records, first.outcome) == (9, "exhausted")
    assert (stage.metrics.records, stage.metrics.outcome) == (1, "running")
    other.close()


def test_4_a_plain_function_carries_its_metrics_itself():
    @measuredStage
    def parse(stream):
        for line in stream:
            yield int(line)

    assert list(parse(iter("123"))) == [1, 2, 3]
    assert (parse.metrics.name, parse.metrics.records) == ("parse", 3)


def test_4_a_bound_method_gives_the_metrics_to_its_instance():
    class Source:
        def stream(self):
            yield from range(4)

    source = Source()
    source.stream = measuredStage(source.stream)
    assert list(source.stream()) == [0, 1, 2, 3]
    assert (source.metrics.name, source.metrics.records) == ("Source.stream", 4)


def test_4_an_instance_that_cannot_take_metrics_is_told_to_add_it_to_slots():
    class Tight:
        __slots__ = ()

        @measuredStage
        def process(self, stream):
            yield from stream

    with pytest.raises(TypeError, match=r"add 'metrics' to the __slots__"):
        next(Tight().process(iter("abc")))

    class Loose(Tight):
        __slots__ = ("metrics",)

    stage = Loose()
    assert list(stage.process(iter("abc"))) == ["a", "b", "c"]
    assert stage.metrics.records == 3


def test_4_metrics_are_there_from_the_first_pull_and_live(clock):
    source, stage, _ = chainOf(clock, 3, upstream=40, stage=25, sink=30)
    seen = []
    for _record in stage.process(source.stream()):
        seen.append((stage.metrics.records, stage.metrics.seconds, stage.metrics.outcome))
        clock.work(30)
    assert seen == [(1, 25, "running"), (2, 50, "running"), (3, 75, "running")]


def test_4_a_stage_that_is_an_iterator_itself_is_not_taken_for_its_upstream(clock):
    class Odd:
        def __next__(self):
            raise AssertionError("pulled")

        @measuredStage(clock=clock)
        def process(self, stream):
            assert type(self) is Odd
            yield from stream

    assert list(Odd().process(iter("ab"))) == ["a", "b"]


# 5 ---------------------------------------------------------------------------------------------------------


def test_5_one_info_line_for_each_finished_run(clock, caplog):
    caplog.set_level(logging.INFO, "lifecycle.measure")
    source, stage, sink = chainOf(clock, 3, upstream=40, stage=25, sink=30)
    with PipelineContext(source, [stage], sink) as pipeline:
        pipeline.run()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "Stage.process: 3 records, 75.000000 s, exhausted")
    ]
    next(stage.process(source.stream()))
    assert caplog.records[-1].getMessage().endswith("1 records, 25.000000 s, closed")


def test_5_nothing_is_printed_where_nobody_listens():
    code = "from lifecycle import measuredStage\nlist(measuredStage(lambda: (yield))())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# 6 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", ["close", "throw"])
def test_6_closing_the_measured_stream_closes_the_stage_at_once(leave):
    log, kept = [], []

    class Stage:
        @measuredStage
        def process(self, stream):
            kept.append(stream)
            try:
                for record in stream:
                    yield record
            finally:
                log.append("finally")

    stage = Stage()
    stream = stage.process(iter("abc"))
    next(stream)
    if leave == "close":
        stream.close()
    else:
        with pytest.raises(ValueError):
            stream.throw(ValueError("thrown in"))
    assert log == ["finally"]
    assert stage.metrics.outcome == {"close": "closed", "throw": "failed"}[leave]


def test_6_a_stage_that_closes_its_upstream_itself_is_measured_until_its_end(clock):
    class Tidy:
        @measuredStage(clock=clock)
        def process(self, stream):
            try:
                for record in stream:
                    clock.work(25)
                    yield record
            finally:
                clock.work(3)
                stream.close()
                clock.work(5)

    stage = Tidy()
    stream = stage.process(chainOf(clock, 8, upstream=40, stage=0, sink=0)[0].stream())
    next(stream)
    clock.work(30)
    stream.close()
    assert stage.metrics == StageMetrics("Tidy.process", 1, 33, "closed")


def test_6_figures_stand_still_after_the_end_even_if_somebody_keeps_the_upstream(clock):
    kept = []

    class Keeping:
        @measuredStage(clock=clock)
        def process(self, stream):
            kept.append(stream)
            for record in stream:
                clock.work(25)
                yield record

    stage = Keeping()
    stream = stage.process(iter("abc"))
    next(stream)
    stream.close()
    clock.work(1_000)
    kept.clear()
    assert stage.metrics == StageMetrics("Keeping.process", 1, 25, "closed")
