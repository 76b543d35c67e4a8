"""PipelineContext, one test or more for each numbered line of its behaviour."""

import gc
import inspect
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from lifecycle.context import PipelineContext


class Log(list):
    """What happened, in order; it also keeps every error it saw, so that no frame dies by luck."""

    def __init__(self):
        super().__init__()
        self.kept = []


class Part:
    """A part that is a context manager and writes down what happens to it; it fails where it is told to."""

    def __init__(self, name, log, *, openFails=None, closeFails=None, suppress=False):
        self.name, self.log = name, log
        self.openFails, self.closeFails, self.suppress = openFails, closeFails, suppress
        self.told = "never left"

    def __enter__(self):
        self.log.append(f"open {self.name}")
        if self.openFails:
            raise self.openFails
        return self

    def __exit__(self, kind, error, trace):
        self.log.append(f"close {self.name}")
        self.told = error
        if error is None:
            assert (kind, trace) == (None, None)
        else:
            assert (kind, trace) == (type(error), error.__traceback__)
        if self.closeFails:
            raise self.closeFails
        return self.suppress


class Source(Part):
    def __init__(self, log, count=3, *, breaks=None, name="source", streamCloseFails=None, **failures):
        super().__init__(name, log, **failures)
        self.count, self.breaks, self.streamCloseFails = count, breaks, streamCloseFails

    def stream(self):
        self.log.append(f"start {self.name}")
        try:
            for number in range(1, self.count + 1):
                self.log.append(f"pull {number}")
                yield number
            if self.breaks:
                raise self.breaks
        finally:
            self.log.append(f"end {self.name}")
            if self.streamCloseFails:
                raise self.streamCloseFails


class Stage(Part):
    def __init__(self, log, name="stage", *, breaks=None, breaksAt=None, **failures):
        super().__init__(name, log, **failures)
        self.breaks, self.breaksAt = breaks, breaksAt

    def process(self, stream):
        try:
            for position, record in enumerate(stream, 1):
                if position == self.breaksAt:
                    raise self.breaks
                yield record
        finally:
            self.log.append(f"end {self.name}")


class Sink(Part):
    def __init__(self, log, name="sink", *, breaks=None, breaksAt=None, **failures):
        super().__init__(name, log, **failures)
        self.breaks, self.breaksAt = breaks, breaksAt
        self.records = []

    def write(self, record):
        if len(self.records) + 1 == self.breaksAt:
            raise self.breaks
        self.records.append(record)


@pytest.fixture
def log():
    return Log()


def closes(log):
    return [event for event in log if event.startswith(("close", "end"))]


# 1 ---------------------------------------------------------------------------------------------------------


def test_1_run_returns_how_many_the_sink_accepted(log):
    sink = Sink(log)
    with PipelineContext(Source(log), [Stage(log)], sink) as pipeline:
        assert pipeline.recordCount == pipeline._recordCount == 0
        assert pipeline.run() == 3
        assert pipeline.recordCount == pipeline._recordCount == 3
    assert pipeline.recordCount == pipeline._recordCount == 3
    assert sink.records == [1, 2, 3]


def test_1_the_count_is_right_at_every_moment(log):
    seen = []

    class Watching(Sink):
        def write(self, record):
            seen.append((pipeline.recordCount, pipeline._recordCount))

    with PipelineContext(Source(log), [], Watching(log)) as pipeline:
        pipeline.run()
    assert seen == [(0, 0), (1, 1), (2, 2)]


def test_1_without_a_sink_records_are_only_counted(log):
    with PipelineContext(Source(log), [Stage(log)]) as pipeline:
        assert pipeline.run() == 3


# 2 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 4])
def test_2_a_record_counts_once_write_has_returned(log, k):
    sink = Sink(log, breaks=OSError("disk full"), breaksAt=k)
    with pytest.raises(OSError, match="disk full"), PipelineContext(Source(log, 5), [], sink) as pipeline:
        pipeline.run()
    assert pipeline.recordCount == pipeline._recordCount == k - 1


def test_2_a_failing_stage_counts_what_arrived(log):
    stage = Stage(log, breaks=ValueError("bad"), breaksAt=3)
    with pytest.raises(ValueError, match="bad"), PipelineContext(Source(log, 5), [stage]) as pipeline:
        pipeline.run()
    assert pipeline.recordCount == 2


def test_2_also_when_it_is_pulled_from_outside(log):
    sink = Sink(log, breaks=OSError("disk full"), breaksAt=3)
    with pytest.raises(OSError, match="disk full"), PipelineContext(Source(log, 5), [], sink) as pipeline:
        for number, _record in enumerate(pipeline.stream(), 1):
            assert pipeline.recordCount == len(sink.records) == number
    assert pipeline.recordCount == pipeline._recordCount == 2


# 3 ---------------------------------------------------------------------------------------------------------


def test_3_building_and_entering_pull_nothing(log):
    with PipelineContext(Source(log), [Stage(log)], Sink(log)):
        assert log == ["open source", "open stage", "open sink"]


def test_3_each_pull_at_the_sink_pulls_what_the_stages_need(log):
    class EverySecond:
        def process(self, stream):
            for record in stream:
                if record % 2 == 0:
                    yield record

    with PipelineContext(Source(log, 4), [EverySecond()]) as pipeline:
        stream = pipeline.stream()
        assert "pull 1" not in log
        assert next(stream) == 2
        assert log[-2:] == ["pull 1", "pull 2"]
        assert next(stream) == 4
        assert log[-2:] == ["pull 3", "pull 4"]


# 4 ---------------------------------------------------------------------------------------------------------


def test_4_everything_closes_last_first(log):
    stages = [Stage(log, "inner"), Stage(log, "outer")]
    sink = Sink(log, breaks=OSError("write"), breaksAt=2)
    with pytest.raises(OSError), PipelineContext(Source(log), stages, sink) as pipeline:
        pipeline.run()
    assert closes(log) == [
        "end outer",
        "end inner",
        "end source",
        "close sink",
        "close outer",
        "close inner",
        "close source",
    ]


def test_4_a_kept_traceback_keeps_nothing_open(log):
    gc.disable()
    try:
        try:
            with PipelineContext(
                Source(log), [Stage(log)], Sink(log, breaks=OSError(), breaksAt=2)
            ) as pipeline:
                streams = pipeline.generators
                pipeline.run()
        except OSError as error:
            log.kept.append(error)
        assert log.kept[0].__traceback__ is not None
        assert closes(log) == ["end stage", "end source", "close sink", "close stage", "close source"]
    finally:
        gc.enable()
    assert all(inspect.getgeneratorstate(stream) == "GEN_CLOSED" for stream in streams)


def test_4_an_iterator_with_close_is_closed_by_name(log):
    class Feed:
        def __iter__(self):
            return self

        def __next__(self):
            return 1

        def close(self):
            log.append("feed closed")

    class FeedSource:
        def stream(self):
            self.feed = Feed()
            return self.feed

    with PipelineContext(FeedSource(), [], Sink(log, breaks=OSError(), breaksAt=2)) as pipeline:
        with pytest.raises(OSError):
            pipeline.run()
        assert "feed closed" not in log
    assert "feed closed" in log


def test_4_a_part_without_enter_is_only_used(log):
    class Plain:
        def stream(self):
            return iter("ab")

    with PipelineContext(Plain()) as pipeline:
        assert pipeline.run() == 2


# 5 ---------------------------------------------------------------------------------------------------------


def parts(log, **sinkFailures):
    return Source(log), [Stage(log)], Sink(log, **sinkFailures)


def told(source, stages, sink):
    return [part.told for part in (sink, *stages, source)]


def test_5_success_tells_the_parts_none(log):
    chain = parts(log)
    with PipelineContext(*chain) as pipeline:
        pipeline.run()
    assert told(*chain) == [None, None, None]


def test_5_a_failure_tells_every_part_the_error(log):
    failure = ValueError("broken")
    chain = parts(log, breaks=failure, breaksAt=2)
    with pytest.raises(ValueError), PipelineContext(*chain) as pipeline:
        pipeline.run()
    assert told(*chain) == [failure] * 3


def test_5_also_when_the_body_caught_it(log):
    failure = ValueError("broken")
    chain = parts(log, breaks=failure, breaksAt=2)
    with PipelineContext(*chain) as pipeline, pytest.raises(ValueError):
        pipeline.run()
    assert told(*chain) == [failure] * 3
    assert pipeline.state == "failed"
    assert pipeline.failure == "ValueError: broken"


def test_5_an_error_in_the_body_after_a_whole_run_is_a_failure(log):
    failure = ValueError("after")
    chain = parts(log)
    with pytest.raises(ValueError), PipelineContext(*chain) as pipeline:
        pipeline.run()
        raise failure
    assert told(*chain) == [failure] * 3


def test_5_nothing_run_tells_a_runtime_error_that_is_not_raised(log):
    chain = parts(log)
    with PipelineContext(*chain) as pipeline:
        pass
    assert {str(error) for error in told(*chain)} == {"the chain was not pulled to its end"}
    assert {type(error) for error in told(*chain)} == {RuntimeError}
    assert pipeline.state == "failed"
    assert pipeline.failure == "RuntimeError: the chain was not pulled to its end"


def test_5_a_chain_left_early_tells_a_runtime_error_that_is_not_raised(log):
    chain = parts(log)
    with PipelineContext(*chain) as pipeline:
        for _record in pipeline.stream():
            break
    assert {str(error) for error in told(*chain)} == {"the chain was not pulled to its end"}


def test_5_a_stream_closed_early_from_outside_is_left_early_not_broken(log):
    chain = parts(log)
    with PipelineContext(*chain) as pipeline:
        stream = pipeline.stream()
        next(stream)
        stream.close()
    assert {str(error) for error in told(*chain)} == {"the chain was not pulled to its end"}


def test_5_a_generator_that_fails_to_close_is_a_failure_for_the_parts_after_it(log):
    broken = OSError("cannot close")
    source = Source(log, 5, streamCloseFails=broken)
    sink = Sink(log, breaks=ValueError("run"), breaksAt=2)
    with PipelineContext(source, [], Sink(log)) as pipeline:
        pass
    with pytest.raises(ValueError) as caught, PipelineContext(source, [], sink) as pipeline:
        pipeline.run()
    assert caught.value.__notes__ == ["the stream of Source failed as well: OSError: cannot close"]


def test_5_a_generator_that_fails_to_close_after_a_whole_run_rolls_the_sink_back(log):
    broken = OSError("cannot close")

    class Feed:
        def __iter__(self):
            return iter(())

        def close(self):
            raise broken

    class Exhausted(Feed):
        def __iter__(self):
            return self

        def __next__(self):
            raise StopIteration

    class FeedSource(Part):
        def stream(self):
            return Exhausted()

    source, sink = FeedSource("source", log), Sink(log)
    with pytest.raises(OSError, match="cannot close"), PipelineContext(source, [], sink) as pipeline:
        pipeline.run()
    assert (sink.told, source.told) == (broken, broken)
    assert pipeline.state == "failed"


def test_5_a_sink_that_fails_to_commit_tells_the_source_which_closes_after_it(log):
    broken = OSError("commit")
    source, sink = Source(log), Sink(log, closeFails=broken)
    with pytest.raises(OSError, match="commit"), PipelineContext(source, [], sink) as pipeline:
        pipeline.run()
    assert (sink.told, source.told) == (None, broken)


def test_5_an_interrupt_of_the_run_that_the_body_caught_is_its_error_too(log):
    interrupt = KeyboardInterrupt("now")
    chain = parts(log, breaks=interrupt, breaksAt=2)
    with PipelineContext(*chain) as pipeline, pytest.raises(KeyboardInterrupt):
        pipeline.run()
    assert told(*chain) == [interrupt] * 3
    assert pipeline.failure == "KeyboardInterrupt: now"


def test_5_the_error_that_leaves_the_block_is_told_even_if_another_broke_the_run(log):
    later = ValueError("later")
    chain = parts(log, breaks=OSError("first"), breaksAt=2)
    with pytest.raises(ValueError) as caught:  # noqa: SIM117
        with PipelineContext(*chain) as pipeline:
            with pytest.raises(OSError):
                pipeline.run()
            raise later
    assert caught.value is later
    assert told(*chain) == [later] * 3


# 6 ---------------------------------------------------------------------------------------------------------


def test_6_a_part_that_fails_to_open_closes_those_before_it(log):
    failure = OSError("no such table")
    chain = Source(log), [Stage(log, openFails=failure)], Sink(log)
    pipeline = PipelineContext(*chain)
    with pytest.raises(OSError) as caught, pipeline:
        raise AssertionError("the body never runs")
    assert caught.value is failure
    assert log == ["open source", "open stage", "close source"]
    assert chain[0].told is failure
    assert (pipeline.state, pipeline.failure) == ("failed", "OSError: no such table")


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt("now"), SystemExit("bye"), GeneratorExit()])
def test_6_also_if_opening_was_interrupted(log, interrupt):
    source = Source(log)
    pipeline = PipelineContext(source, [Stage(log)], Sink(log, openFails=interrupt))
    with pytest.raises(type(interrupt)) as caught, pipeline:
        raise AssertionError("the body never runs")
    assert caught.value is interrupt
    assert closes(log) == ["close stage", "close source"]
    assert source.told is interrupt


# 7 ---------------------------------------------------------------------------------------------------------


def test_7_a_failure_while_closing_never_hides_the_failure_of_the_run(log):
    failure = ValueError("the run")
    chain = (
        Source(log, closeFails=OSError("source")),
        [Stage(log, closeFails=OSError("stage"))],
        Sink(log, breaks=failure, breaksAt=1),
    )
    with pytest.raises(ValueError) as caught, PipelineContext(*chain) as pipeline:
        pipeline.run()
    assert caught.value is failure
    assert failure.__notes__ == [
        "Stage failed as well: OSError: stage",
        "Source failed as well: OSError: source",
    ]


def test_7_also_when_the_body_caught_it(log):
    failure = ValueError("the run")
    chain = Source(log, closeFails=OSError("source")), [], Sink(log, breaks=failure, breaksAt=1)
    with pytest.raises(ValueError) as caught:  # noqa: SIM117
        with PipelineContext(*chain) as pipeline:
            with pytest.raises(ValueError):
                pipeline.run()
    assert caught.value is failure
    assert failure.__notes__ == ["Source failed as well: OSError: source"]


def test_7_the_parts_closed_after_it_still_receive_the_error_of_the_run(log):
    failure = ValueError("the run")
    source, sink = Source(log), Sink(log, breaks=failure, breaksAt=1, closeFails=OSError("sink"))
    with pytest.raises(ValueError), PipelineContext(source, [], sink) as pipeline:
        pipeline.run()
    assert source.told is failure
    assert pipeline.failure == "ValueError: the run"


def test_7_one_failure_while_closing_is_raised_itself(log):
    failure = OSError("close")
    with pytest.raises(OSError) as caught, PipelineContext(Source(log, closeFails=failure)) as pipeline:
        pipeline.run()
    assert caught.value is failure
    assert pipeline.failure == "OSError: close"


def test_7_several_failures_while_closing_are_a_group(log):
    failures = OSError("sink"), ValueError("source")
    chain = Source(log, closeFails=failures[1]), [Stage(log)], Sink(log, closeFails=failures[0])
    with pytest.raises(ExceptionGroup) as caught, PipelineContext(*chain) as pipeline:
        pipeline.run()
    assert caught.value.exceptions == failures


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt("now"), SystemExit("bye")])
@pytest.mark.parametrize("runFails", [True, False])
def test_7_an_interrupt_while_closing_is_raised_itself_after_all_closes(log, interrupt, runFails):
    failure = ValueError("the run") if runFails else None
    chain = (
        Source(log, closeFails=OSError("source")),
        [Stage(log, closeFails=interrupt)],
        Sink(log, breaks=failure, breaksAt=1 if runFails else None),
    )
    interrupt.__notes__ = []
    with pytest.raises(type(interrupt)) as caught, PipelineContext(*chain) as pipeline:
        pipeline.run()
    assert caught.value is interrupt
    assert closes(log)[-3:] == ["close sink", "close stage", "close source"]
    expected = ["the run failed as well: ValueError: the run"] * runFails + [
        "Source failed as well: OSError: source"
    ]
    assert interrupt.__notes__ == expected


class Reraising(Source):
    """A source whose exit raises the error it received."""

    def __exit__(self, kind, error, trace):
        super().__exit__(kind, error, trace)
        raise error


def test_7_a_part_that_raises_what_it_was_given_has_not_failed(log):
    failure = ValueError("the run")
    with (
        pytest.raises(ValueError) as caught,
        PipelineContext(Reraising(log), [], Sink(log, breaks=failure, breaksAt=1)) as p,
    ):
        p.run()
    assert caught.value is failure
    assert not hasattr(failure, "__notes__")


def test_7_also_if_nothing_was_run_or_only_closing_failed(log):
    with PipelineContext(Reraising(log)) as pipeline:
        pass
    assert pipeline.failure == "RuntimeError: the chain was not pulled to its end"
    broken = OSError("close")
    with (
        pytest.raises(OSError) as caught,
        PipelineContext(Reraising(log), [], Sink(log, closeFails=broken)) as p,
    ):
        p.run()
    assert caught.value is broken


@given(st.lists(st.sampled_from(["fine", "fails", "interrupts"]), min_size=1, max_size=6), st.booleans())
def test_7_every_other_close_still_runs_always(kinds, runFails):
    log = Log()
    failures = {
        "fine": lambda: None,
        "fails": lambda: OSError("close"),
        "interrupts": lambda: KeyboardInterrupt(),
    }
    stages = [Stage(log, f"stage {i}", closeFails=failures[kind]()) for i, kind in enumerate(kinds)]
    sink = Sink(log, breaks=ValueError("the run"), breaksAt=1 if runFails else None)
    try:
        with PipelineContext(Source(log), stages, sink) as pipeline:
            pipeline.run()
    except BaseException as error:
        log.kept.append(error)
    opened = [event.removeprefix("open ") for event in log if event.startswith("open")]
    closed = [event.removeprefix("close ") for event in log if event.startswith("close")]
    assert closed == opened[::-1]
    assert bool(log.kept) == (runFails or set(kinds) != {"fine"})


# 8 ---------------------------------------------------------------------------------------------------------


def test_8_exit_returns_false_also_if_a_part_would_suppress(log):
    failure = ValueError("broken")
    pipeline = PipelineContext(
        Source(log, suppress=True), [Stage(log, suppress=True)], Sink(log, suppress=True)
    )
    pipeline.__enter__()
    assert pipeline.__exit__(ValueError, failure, None) is False


# 9 ---------------------------------------------------------------------------------------------------------


def test_9_run_outside_the_block(log):
    pipeline = PipelineContext(Source(log))
    with pytest.raises(RuntimeError, match=r"inside its `with` block: this one is new"):
        pipeline.run()
    with pipeline:
        pipeline.run()
    with pytest.raises(RuntimeError, match=r"inside its `with` block: this one is closed"):
        pipeline.run()
    assert pipeline.state == "closed"
    with pytest.raises(RuntimeError, match=r"inside its `with` block"):
        next(PipelineContext(Source(log)).stream())


def test_9_entering_twice(log):
    pipeline = PipelineContext(Source(log))
    with pipeline, pytest.raises(RuntimeError, match="build a new PipelineContext"):
        pipeline.__enter__()
    with pytest.raises(RuntimeError, match="build a new PipelineContext"):
        pipeline.__enter__()


def test_9_running_twice_leaves_the_first_run_a_success(log):
    sink = Sink(log)
    with PipelineContext(Source(log), [], sink) as pipeline:
        pipeline.run()
        with pytest.raises(RuntimeError, match="once"):
            pipeline.run()
        with pytest.raises(RuntimeError, match="once"):
            next(pipeline.stream())
    assert (pipeline.state, sink.told) == ("closed", None)


# 10 --------------------------------------------------------------------------------------------------------


def test_10_state_moves_from_new_to_closed(log):
    seen = []

    class Watching(Stage):
        def process(self, stream):
            for record in stream:
                seen.append(pipeline.state)
                yield record

    pipeline = PipelineContext(Source(log, 1), [Watching(log)])
    seen.append(pipeline.state)
    with pipeline:
        seen.append(pipeline.state)
        pipeline.run()
        seen.append(pipeline.state)
    seen.append(pipeline.state)
    assert seen == ["new", "open", "running", "open", "closed"]
    assert pipeline.failure is None


def test_10_a_broken_run_has_failed_also_before_the_block_ends(log):
    with PipelineContext(Source(log, breaks=OSError("cut"))) as pipeline:
        with pytest.raises(OSError):
            pipeline.run()
        assert (pipeline.state, pipeline.failure) == ("failed", "OSError: cut")
        with pytest.raises(RuntimeError, match="this one is failed"):
            pipeline.run()


def test_10_failure_is_text_and_keeps_nothing_alive(log):
    class Broken(Exception):
        pass

    with pytest.raises(Broken), PipelineContext(Source(log, breaks=Broken("stage broke"))) as pipeline:
        pipeline.run()
    assert pipeline.failure == "Broken: stage broke"
    assert pipeline.state == "failed"
    assert not any(isinstance(value, BaseException) for value in vars(pipeline).values())
    assert pipeline.generators == ()


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("no such table: days\n[SQL: SELECT * FROM days]\n(Background)", "no such table: days"),
        ("\r\n\n  two errors:\n- one\n- two\n", "two errors:"),
        ("broken\x0bhere\u2028and there", "broken"),
        (" \n ", None),
    ],
)
def test_10_failure_is_one_line_for_a_message_of_several_lines(log, message, line):
    with pytest.raises(OSError), PipelineContext(Source(log, breaks=OSError(message))) as pipeline:
        pipeline.run()
    assert pipeline.failure == ("OSError" if line is None else f"OSError: {line}")


def test_10_failure_is_one_line_for_a_database_error(log):
    class Query:
        def stream(self):
            with create_engine("sqlite://").connect() as connection:
                yield from connection.execute(text("SELECT * FROM days"))

    with pytest.raises(OperationalError) as caught, PipelineContext(Query()) as pipeline:
        pipeline.run()
    assert len(str(caught.value).splitlines()) > 1
    assert pipeline.failure == "OperationalError: (sqlite3.OperationalError) no such table: days"


def test_10_the_notes_are_lines_too(log):
    chain = Source(log, closeFails=OSError("one\ntwo")), [], Sink(log, breaks=ValueError(), breaksAt=1)
    with pytest.raises(ValueError) as caught, PipelineContext(*chain) as pipeline:
        pipeline.run()
    assert caught.value.__notes__ == ["Source failed as well: OSError: one"]


def test_10_a_failure_without_a_message_is_its_name(log):
    with (
        pytest.raises(KeyboardInterrupt),
        PipelineContext(Source(log, breaks=KeyboardInterrupt())) as pipeline,
    ):
        pipeline.run()
    assert pipeline.failure == "KeyboardInterrupt"


def test_10_elapsed_seconds_stand_still_after_the_block(log, monkeypatch):
    now = iter([10.0, 12.0, 15.0]).__next__
    monkeypatch.setattr("lifecycle.context.time.perf_counter", now)
    pipeline = PipelineContext(Source(log))
    assert pipeline.elapsedSeconds == 0.0
    with pipeline:
        assert pipeline.elapsedSeconds == 2.0
    assert pipeline.elapsedSeconds == pipeline.elapsedSeconds == 5.0


# 11 --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "returned",
    [list, tuple, lambda stream: map(str, stream), lambda stream: (r for r in stream), lambda stream: stream],
    ids=["list", "tuple", "map", "genexpr", "the stream itself"],
)
def test_11_stages_may_return_any_iterable(log, returned):
    class Anything:
        def process(self, stream):
            return returned(stream)

    with PipelineContext(Source(log), [Anything(), Stage(log)]) as pipeline:
        assert pipeline.run() == 3


def test_11_an_async_generator_is_a_type_error_with_a_sentence(log):
    class Async:
        async def process(self, stream):
            yield 1

    sentence = "Async returned async_generator: use `yield` in a plain `def`"
    with pytest.raises(TypeError, match=sentence), PipelineContext(Source(log), [Async()]) as pipeline:
        pipeline.run()
    assert closes(log) == ["close source"]


def test_11_a_stage_that_forgot_to_return_is_a_type_error_with_a_sentence(log):
    class Forgetful:
        def process(self, stream):
            for _record in stream:
                pass

    with (
        pytest.raises(TypeError, match="Forgetful returned NoneType"),
        PipelineContext(Source(log), [Forgetful()]) as p,
    ):
        p.run()


# 12 --------------------------------------------------------------------------------------------------------


def test_12_run_keeps_the_literal_loop():
    assert "for record in stream:" in inspect.getsource(PipelineContext.run)


def test_12_a_pipeline_is_itself_a_source(log):
    inner, sink = Sink(log, "inner sink"), Sink(log, "outer sink")
    chain = PipelineContext(Source(log), [Stage(log)], inner)
    with PipelineContext(chain, [Stage(log, "outer stage")], sink) as pipeline:
        assert pipeline.run() == 3
    assert inner.records == sink.records == [1, 2, 3]
    assert (inner.told, sink.told) == (None, None)


def test_12_a_pipeline_as_a_source_fails_with_the_one_around_it(log):
    failure = OSError("outer")
    inner = Sink(log, "inner sink")
    chain = PipelineContext(Source(log), [Stage(log)], inner)
    with (
        pytest.raises(OSError),
        PipelineContext(chain, [], Sink(log, breaks=failure, breaksAt=2)) as pipeline,
    ):
        pipeline.run()
    assert inner.told is failure
    assert (chain.state, chain.recordCount, pipeline.recordCount) == ("failed", 2, 1)


def test_12_generators_are_the_live_ones_outermost_last(log):
    with PipelineContext(Source(log), [Stage(log), Stage(log, "outer")]) as pipeline:
        assert pipeline.generators == ()
        next(pipeline.stream())
        names = [generator.gi_code.co_qualname for generator in pipeline.generators]
        assert names == ["Source.stream", "Stage.process", "Stage.process"]
        assert {inspect.getgeneratorstate(generator) for generator in pipeline.generators} == {
            "GEN_SUSPENDED"
        }
    assert pipeline.generators == ()


def test_12_a_stream_pulled_after_the_block_does_not_end_as_if_it_were_whole(log):
    sink = Sink(log)
    with PipelineContext(Source(log), [], sink) as pipeline:
        stream = pipeline.stream()
        next(stream)
    with pytest.raises(RuntimeError, match="left before the chain was pulled to its end"):
        next(stream)
    assert (pipeline.state, pipeline.recordCount) == ("failed", 1)


def test_12_an_error_thrown_in_by_the_puller_is_the_runs_failure(log):
    failure = ValueError("puller")
    sink = Sink(log)
    with PipelineContext(Source(log), [], sink) as pipeline:
        stream = pipeline.stream()
        next(stream)
        with pytest.raises(ValueError):
            stream.throw(failure)
    assert sink.told is failure


# 13 --------------------------------------------------------------------------------------------------------


def test_13_others_may_read_the_count_while_one_thread_runs(log):
    seen, arrived, go = [], threading.Event(), threading.Event()

    class Waiting(Sink):
        def write(self, record):
            if record == 2:
                arrived.set()
                assert go.wait(10)

    def work():
        with pipeline:
            pipeline.run()

    pipeline = PipelineContext(Source(log), [], Waiting(log))
    worker = threading.Thread(target=work)
    worker.start()
    assert arrived.wait(10)
    seen.append((pipeline.recordCount, pipeline.state))
    go.set()
    worker.join(10)
    assert seen == [(1, "running")]
    assert pipeline.recordCount == 3
