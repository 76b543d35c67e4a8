"""inject and sweep: every place at which a pipeline can fail, and what stays open after it."""

import os
import tempfile
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import ledger
from lifecycle.context import PipelineContext
from lifecycle.faults import Fault, Outcome, inject, sweep, withContext
from lifecycle.measure import measuredStage
from lifecycle.retry import retryOnFailure


class Held:
    """A part that really holds something: an entry in the ledger and a file descriptor."""

    def __enter__(self):
        self.file = tempfile.TemporaryFile()
        self.entry = ledger.opened("file", "a temporary file")
        return self

    def __exit__(self, *reason):
        self.file.close()
        ledger.closed(self.entry)


class Source(Held):
    def __init__(self, records):
        self.records = records

    def stream(self):
        yield from range(self.records)


class Stage:
    def __init__(self, keepEvery=1):
        self.keepEvery = keepEvery

    def process(self, stream):
        for record in stream:
            if record % self.keepEvery == 0:
                yield record


class Sink(Held):
    def __init__(self):
        self.records = []

    def write(self, record):
        self.records.append(record)


def pipelineOf(records=4, stages=2, keepEvery=1):
    return lambda: (Source(records), [Stage(keepEvery) for _ in range(stages)], Sink())


def naive(source, stages, sink):
    """The runner that lesson one starts from: it closes what it opened, if nothing goes wrong."""
    source.__enter__()
    sink.__enter__()
    stream = source.stream()
    for stage in stages:
        stream = stage.process(stream)
    count = 0
    for record in stream:
        sink.write(record)
        count += 1
    sink.__exit__(None, None, None)
    source.__exit__(None, None, None)
    return count


def pulled(source, stages, sink):
    """The same run as `withContext`, pulled from outside."""
    with PipelineContext(source, stages, sink) as pipeline:
        return sum(1 for _ in pipeline.stream())


# inject ----------------------------------------------------------------------------------------------------


def test_the_kth_pull_fails_inside_the_suspended_frame_of_the_part():
    log = []

    class Careful:
        def process(self, stream):
            try:
                for record in stream:
                    yield record
            except OSError as error:
                log.append(str(error))
                raise
            finally:
                log.append("finally")

    stream = inject(Careful(), Fault("stage 1", "pull", 3)).process(iter("abcd"))
    assert [next(stream), next(stream)] == ["a", "b"]
    with pytest.raises(OSError, match="injected: stage 1, pull 3"):
        next(stream)
    assert log == ["injected: stage 1, pull 3", "finally"]


def test_a_part_that_handles_the_error_goes_on():
    class Stubborn:
        def stream(self):
            for number in range(4):
                try:
                    yield number
                except OSError:
                    yield "handled"

    assert list(inject(Stubborn(), Fault("source", "pull", 3)).stream()) == [0, 1, "handled", 2, 3]


def test_a_part_that_ends_at_the_error_ends():
    class Giving:
        def stream(self):
            try:
                yield 1
                yield 2
            except OSError:
                return

    assert list(inject(Giving(), Fault("source", "pull", 2)).stream()) == [1]


def test_a_stream_that_is_no_generator_fails_at_the_kth_pull_too():
    class Listed:
        def stream(self):
            return [1, 2, 3]

    stream = inject(Listed(), Fault("source", "pull", 2)).stream()
    assert next(stream) == 1
    with pytest.raises(OSError):
        next(stream)


def test_a_pull_after_the_end_never_fails():
    assert list(inject(Source(3), Fault("source", "pull", 9)).stream()) == [0, 1, 2]


@pytest.mark.parametrize("phase", ["open", "close"])
def test_open_and_close_fail(phase):
    part = inject(Source(3), Fault("source", phase, error=PermissionError))
    held = ledger.held()
    with pytest.raises(PermissionError, match=f"injected: source, {phase}"), part:
        pass
    assert ledger.held() == held


def test_the_kth_write_fails_before_it_arrives():
    sink = inject(Sink(), Fault("sink", "write", 2))
    sink.write("a")
    with pytest.raises(OSError):
        sink.write("b")
    assert sink.records == ["a"]


def test_everything_else_is_asked_of_the_part_itself():
    assert inject(Source(3), Fault("source", "open")).records == 3
    with pytest.raises(AttributeError):
        _ = inject(Source(3), Fault("source", "open")).nothing


@pytest.mark.parametrize(
    "fault",
    [Fault("source", "explode"), Fault("source", "pull"), Fault("sink", "write"), Fault("sink", "open", 1)],
)
def test_a_fault_that_cannot_be_is_a_value_error(fault):
    with pytest.raises(ValueError, match="allowed is open, pull k, write k, end or close"):
        inject(Source(3), fault)


def test_a_fault_stands_inside_the_retry_and_the_retry_inside_the_measure():
    source = inject(Source(5), Fault("source", "pull", 3))
    source.stream = measuredStage(retryOnFailure(2, 0)(source.stream))
    sink = Sink()
    with PipelineContext(source, [], sink) as pipeline:
        assert pipeline.run() == 5
    assert sink.records == [0, 1, 2, 3, 4]
    assert (source.metrics.records, source.metrics.outcome) == (5, "exhausted")


def test_without_the_retry_the_same_fault_ends_the_run():
    with pytest.raises(OSError), PipelineContext(inject(Source(5), Fault("source", "pull", 3))) as pipeline:
        pipeline.run()
    assert pipeline.recordCount == 2


def test_a_fault_strikes_once():
    part = inject(Source(3), Fault("source", "pull", 2))
    with pytest.raises(OSError):
        list(part.stream())
    assert list(part.stream()) == [0, 1, 2]


def test_an_injected_stage_may_be_measured():
    stage = inject(Stage(), Fault("stage 1", "pull", 3))
    stage.process = measuredStage(stage.process)
    with pytest.raises(OSError), PipelineContext(Source(5), [stage]) as pipeline:
        pipeline.run()
    assert (stage.metrics.records, stage.metrics.outcome) == (2, "failed")


# sweep -----------------------------------------------------------------------------------------------------


def test_every_fault_point_of_a_small_pipeline():
    seen = [str(outcome.fault) for outcome in sweep(pipelineOf(records=2, stages=1)).outcomes]
    assert seen == [
        "None",
        "source, open",
        *(f"source, pull {k}" for k in (1, 2, 3)),
        "source, end",
        "source, close",
        *(f"stage 1, pull {k}" for k in (1, 2, 3)),
        "stage 1, end",
        "sink, open",
        *(f"sink, write {k}" for k in (1, 2)),
        "sink, close",
    ]


def test_each_fault_is_raised_under_its_own_name():
    for outcome in sweep(pipelineOf()).outcomes[1:]:
        assert outcome.raised == f"OSError: injected: {outcome.fault}"


def test_how_many_arrived():
    arrived = {
        str(outcome.fault): outcome.arrived for outcome in sweep(pipelineOf(records=4, stages=1)).outcomes
    }
    assert (
        arrived["None"] == arrived["sink, close"] == arrived["source, end"] == arrived["source, pull 5"] == 4
    )
    assert arrived["sink, write 3"] == arrived["stage 1, pull 3"] == arrived["source, pull 3"] == 2
    assert arrived["sink, open"] == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 3), st.integers(0, 2), st.integers(1, 3))
def test_with_the_context_every_fault_point_is_clean(records, stages, keepEvery):
    swept = sweep(pipelineOf(records, stages, keepEvery), system=True)
    assert swept.leaks == ()
    assert swept.clean
    assert swept.before == swept.after


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 3), st.integers(0, 2), st.integers(1, 3))
def test_12_run_and_stream_are_equal_over_a_sweep(records, stages, keepEvery):
    build = pipelineOf(records, stages, keepEvery)
    assert sweep(build).outcomes == sweep(build, pulled).outcomes


def test_a_naive_runner_leaks_and_the_sweep_says_what():
    swept = sweep(pipelineOf(records=3, stages=1), naive)
    leaked = {str(outcome.fault): outcome.leaked for outcome in swept.outcomes}
    assert not swept.clean
    assert leaked["None"] == leaked["source, open"] == ()
    assert leaked["sink, open"] == ("source entered and not left", "file a temporary file")
    assert leaked["sink, write 2"] == (
        "source entered and not left",
        "source started and not finished",
        "stage 1 started and not finished",
        "sink entered and not left",
        "file a temporary file",
        "file a temporary file",
    )


def test_what_a_run_left_open_is_closed_before_the_next():
    held, counted = ledger.held(), ledger.system()
    swept = sweep(pipelineOf(), naive)
    assert len(swept.leaks) > 10
    assert (ledger.held(), ledger.system()) == (held, counted)
    assert swept.before == swept.after == counted


def test_the_operating_system_sees_what_nobody_wrote_down():
    descriptors = []

    class Secret:
        def stream(self):
            descriptors.append(os.open(os.devnull, os.O_RDONLY))
            yield 1

    def build():
        return Secret(), [], None

    try:
        swept = sweep(build)
        assert swept.leaks == ()
        assert not swept.clean
        assert swept.after.files == swept.before.files + len(swept.outcomes) - 1
        swept = sweep(build, system=True)
        assert len(swept.leaks) == len(swept.outcomes) - 1
        assert "became" in swept.leaks[0].leaked[0]
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def test_without_a_sink_nothing_is_written():
    swept = sweep(lambda: (Source(3), [Stage()], None))
    assert swept.clean
    assert swept.outcomes[0] == Outcome(None, None, 3, ())
    assert not [outcome for outcome in swept.outcomes if outcome.fault and outcome.fault.place == "sink"]


def test_a_measured_and_retried_pipeline_is_clean():
    def build():
        source, stages, sink = pipelineOf()()
        source.stream = retryOnFailure(2, 0)(source.stream)
        for stage in stages:
            stage.process = measuredStage(stage.process)
        return source, stages, sink

    assert sweep(build, system=True).clean


def test_a_run_that_fails_without_a_fault_is_raised():
    class Broken(Stage):
        def process(self, stream):
            raise LookupError("broken from the start")

    with pytest.raises(LookupError, match="broken from the start"):
        sweep(lambda: (Source(3), [Broken()], Sink()))
    assert ledger.held() == ()


def test_a_stage_that_gives_nothing_to_pull_is_named():
    class Forgetful(Stage):
        def process(self, stream):
            return None

    with pytest.raises(TypeError, match="Forgetful returned NoneType: use `yield` in a plain `def`"):
        sweep(lambda: (Source(3), [Forgetful()], Sink()))


def test_a_stage_that_hands_its_stream_on_as_it_is_can_be_swept():
    class Idle:
        def process(self, stream):
            return stream

    build = lambda: (Source(2), [Idle()], Sink())  # noqa: E731
    assert sweep(build).clean
    assert "source started and not finished" in {
        leak for outcome in sweep(build, naive).leaks for leak in outcome.leaked
    }


def test_more_than_the_limit_is_a_value_error():
    with pytest.raises(ValueError, match="the limit is 10"):
        sweep(pipelineOf(records=9), limit=10)


def test_an_endless_source_meets_the_limit():
    class Endless(Source):
        def stream(self):
            while True:
                yield 1

    with pytest.raises(ValueError, match="more pulls than the limit"):
        sweep(lambda: (Endless(0), [Stage()], Sink()), limit=200)
    assert ledger.held() == ()


def test_an_interrupt_by_the_user_ends_the_sweep():
    runs = []

    def run(source, stages, sink):
        runs.append(1)
        if len(runs) == 5:
            raise KeyboardInterrupt
        return withContext(source, stages, sink)

    with pytest.raises(KeyboardInterrupt):
        sweep(pipelineOf(), run)


def test_outcomes_are_frozen():
    outcome = sweep(pipelineOf(records=0, stages=0)).outcomes[0]
    with pytest.raises(FrozenInstanceError):
        outcome.arrived = 7
