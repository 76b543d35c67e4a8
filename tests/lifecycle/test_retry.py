"""@retryOnFailure, one test or more for each numbered line of its behaviour."""

import inspect
import math
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.config import PipelineConfig
from lifecycle.context import PipelineContext
from lifecycle.measure import measuredStage
from lifecycle.retry import retryOnFailure


class Naps(list):
    """Instead of a wait: it writes down how long it would have been."""

    def __call__(self, seconds):
        self.append(seconds)


class Feed:
    """Yields the same readings each time it is opened; each opening breaks where `breaks` says next."""

    def __init__(self, readings, breaks=(), error=OSError):
        self.readings, self.breaks, self.error = readings, list(breaks), error
        self.log, self.kept = [], []

    def stream(self):
        at = self.breaks.pop(0) if self.breaks else None
        self.log.append("open")
        try:
            for position in range(self.readings):
                if position == at:
                    raise self.error(f"broke after {position}")
                yield position
            if at == self.readings:
                raise self.error(f"broke after {at}")
        except self.error as error:
            self.kept.append(error)  # kept on purpose: cleanup must not wait for the frames of an error
            raise
        finally:
            self.log.append("close")


def retried(feed, naps, attempts=3, delay=1.0):
    feed.stream = retryOnFailure(attempts, delay, sleep=naps)(feed.stream)
    return feed


# 1 ---------------------------------------------------------------------------------------------------------


def test_1_a_stream_that_breaks_goes_on_where_it_broke():
    naps = Naps()
    assert list(retried(Feed(5, [3]), naps).stream()) == [0, 1, 2, 3, 4]
    assert naps == [1.0]


@given(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=4), st.integers(1, 5))
def test_1_each_record_comes_exactly_once(readings, breaks, attempts):
    feed = retried(Feed(readings, breaks), Naps(), attempts)
    failing = [at for at in breaks if at <= readings]
    if len([at for at in breaks[:attempts] if at <= readings]) == attempts:
        with pytest.raises(OSError):
            list(feed.stream())
        return
    assert list(feed.stream()) == list(range(readings))
    assert feed.log.count("open") == feed.log.count("close") <= min(attempts, len(failing) + 1)


@given(st.lists(st.integers(0, 6), max_size=3), st.integers(0, 7))
def test_1_also_when_the_consumer_stops_early(breaks, pulls):
    feed = retried(Feed(6, breaks), Naps(), attempts=4)
    stream = feed.stream()
    got = [record for record, _ in zip(stream, range(pulls), strict=False)]
    stream.close()
    assert got == list(range(min(pulls, 6)))
    assert feed.log.count("open") == feed.log.count("close")


def test_1_a_failure_inside_the_replayed_part_is_one_more_attempt():
    naps = Naps()
    assert list(retried(Feed(5, [4, 2, 1]), naps, attempts=4).stream()) == [0, 1, 2, 3, 4]
    assert naps == [1.0] * 3
    with pytest.raises(OSError, match="broke after 1"):
        list(retried(Feed(5, [4, 2, 1]), naps, attempts=3).stream())


def test_1_in_a_pipeline_every_record_arrives_once():
    feed = retried(Feed(5, [2, 4]), Naps())
    records = []
    sink = type("Sink", (), {"write": lambda self, record: records.append(record)})()
    with PipelineContext(feed, [], sink) as pipeline:
        assert pipeline.run() == 5
    assert records == [0, 1, 2, 3, 4]


# 2 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_2_max_attempts_counts_attempts_in_all(attempts):
    naps, feed = Naps(), Feed(3, [1] * 9)
    with pytest.raises(OSError) as caught:
        list(retried(feed, naps, attempts).stream())
    assert feed.log.count("open") == attempts
    assert naps == [1.0] * (attempts - 1)
    assert caught.value is feed.kept[-1]


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_2_also_for_an_ordinary_function(attempts):
    naps, errors = Naps(), []

    @retryOnFailure(attempts, 0.5, sleep=naps)
    def connect():
        errors.append(ConnectionRefusedError("nobody there"))
        raise errors[-1]

    with pytest.raises(ConnectionRefusedError) as caught:
        connect()
    assert caught.value is errors[-1]
    assert (len(errors), naps) == (attempts, [0.5] * (attempts - 1))


def test_2_an_ordinary_function_returns_what_the_first_good_attempt_gave():
    answers = iter([OSError("no"), TimeoutError("slow"), "yes"])

    @retryOnFailure(sleep=Naps())
    def ask(question, *, loud=False):
        """Ask."""
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return question, loud, answer

    assert ask("ready?", loud=True) == ("ready?", True, "yes")
    assert (ask.__name__, ask.__doc__) == ("ask", "Ask.")


def test_2_anything_that_can_be_called_may_be_retried():
    failures = [OSError("no")]

    class Ask:
        def __call__(self, question):
            if failures:
                raise failures.pop()
            return question

    assert retryOnFailure(sleep=Naps())(Ask())("ready?") == "ready?"
    assert retryOnFailure(sleep=Naps())(len)("four") == 4


def test_2_a_great_number_of_attempts_costs_nothing():
    assert list(retried(Feed(3, [1]), Naps(), attempts=10**12).stream()) == [0, 1, 2]


# 3 ---------------------------------------------------------------------------------------------------------


def test_3_the_broken_attempt_is_closed_before_the_sleep_and_the_reopening():
    feed = Feed(3, [2, 2])
    feed.stream = retryOnFailure(3, 1.0, sleep=lambda seconds: feed.log.append("sleep"))(feed.stream)
    assert list(feed.stream()) == [0, 1, 2]
    assert feed.log == ["open", "close", "sleep", "open", "close", "sleep", "open", "close"]


# 4 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError("consumer"), KeyboardInterrupt(), ValueError("consumer")])
def test_4_an_error_thrown_in_by_the_consumer_is_never_retried(error):
    naps, feed = Naps(), Feed(5)
    stream = retried(feed, naps).stream()
    next(stream)
    with pytest.raises(type(error)) as caught:
        stream.throw(error)
    assert caught.value is error
    assert (feed.log, naps) == (["open", "close"], [])


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit, GeneratorExit])
def test_4_only_os_errors_are_retried(error):
    naps, feed = Naps(), Feed(5, [2], error=error)
    with pytest.raises(error):
        list(retried(feed, naps).stream())
    assert (feed.log, naps) == (["open", "close"], [])


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_4_also_for_an_ordinary_function(error):
    naps, calls = Naps(), []

    @retryOnFailure(sleep=naps)
    def ask():
        calls.append(1)
        raise error

    with pytest.raises(error):
        ask()
    assert (calls, naps) == ([1], [])


def test_4_closing_is_never_retried():
    naps, feed = Naps(), Feed(5)
    stream = retried(feed, naps).stream()
    next(stream)
    stream.close()
    assert (feed.log, naps) == (["open", "close"], [])


@pytest.mark.parametrize(
    "error", [IOError, ConnectionResetError, TimeoutError, socket.timeout, FileNotFoundError]
)
def test_4_every_kind_of_os_error_is_retried(error):
    assert list(retried(Feed(3, [1], error=error), Naps()).stream()) == [0, 1, 2]


# 5 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("replayed", [0, 2, 3])
def test_5_a_replay_that_ends_too_early_is_never_a_silent_gap(replayed):
    lengths = iter([5, replayed])

    @retryOnFailure(sleep=Naps())
    def shrinking():
        for position in range(next(lengths)):
            if position == 4:
                raise OSError("cut")
            yield position

    got = []
    with pytest.raises(
        RuntimeError, match=f"ended after {replayed} records when opened again, but 4 were delivered before"
    ):
        for record in shrinking():
            got.append(record)
    assert got == [0, 1, 2, 3]


# 6 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given_by", ["position", "keyword"])
def test_6_a_stage_that_is_given_an_iterator_refuses_at_the_first_pull(given_by):
    pulled = []

    class Stage:
        @retryOnFailure(sleep=Naps())
        def process(self, stream):
            for record in stream:
                pulled.append(record)
                yield record

    upstream = iter("abc")
    stream = Stage().process(upstream) if given_by == "position" else Stage().process(stream=upstream)
    with pytest.raises(
        TypeError, match="retry the source, or the method that the stage calls for each record"
    ):
        next(stream)
    assert pulled == []


def test_6_a_source_that_is_an_iterator_itself_is_not_taken_for_its_argument():
    class Countdown:
        failures = 1

        def __iter__(self):
            return self

        def __next__(self):
            raise StopIteration

        @retryOnFailure(sleep=Naps())
        def stream(self):
            yield 2
            if self.failures:
                self.failures -= 1
                raise OSError("cut")
            yield 1

    assert list(Countdown().stream()) == [2, 1]


def test_6_an_iterable_that_can_be_opened_again_is_welcome():
    failures = [True]

    @retryOnFailure(sleep=Naps())
    def process(stream):
        for record in stream:
            if record == 3 and failures:
                failures.clear()
                raise OSError
            yield record

    assert list(process([1, 2, 3, 4])) == [1, 2, 3, 4]


def test_6_the_method_that_a_stage_calls_for_each_record_may_be_retried():
    failures = [True]

    class Lookup:
        @retryOnFailure(sleep=Naps())
        def ask(self, record):
            if record == 2 and failures:
                failures.clear()
                raise ConnectionResetError
            return record * 10

        def process(self, stream):
            for record in stream:
                yield self.ask(record)

    assert list(Lookup().process(iter([1, 2, 3]))) == [10, 20, 30]


# 7 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"maxAttempts": 0}, ValueError),
        ({"maxAttempts": -1}, ValueError),
        ({"maxAttempts": 2.0}, TypeError),
        ({"maxAttempts": True}, TypeError),
        ({"maxAttempts": "3"}, TypeError),
        ({"maxAttempts": None}, TypeError),
        ({"delaySeconds": -0.1}, ValueError),
        ({"delaySeconds": math.nan}, ValueError),
        ({"delaySeconds": math.inf}, ValueError),
        ({"delaySeconds": 10**400}, ValueError),
        ({"delaySeconds": "1"}, TypeError),
        ({"delaySeconds": True}, TypeError),
        ({"delaySeconds": None}, TypeError),
    ],
)
def test_7_bad_settings_fail_at_the_decoration(settings, kind):
    (name,) = settings
    with pytest.raises(kind, match=f"{name}=.*: allowed is") as caught:
        retryOnFailure(**settings)
    assert type(caught.value) is kind


def test_7_a_bare_decorator_is_told_to_add_parentheses():
    with pytest.raises(TypeError, match="needs parentheses"):

        @retryOnFailure
        def stream():
            yield 1


def test_7_async_functions_fail_at_the_decoration():
    with pytest.raises(TypeError, match="ask is async"):

        @retryOnFailure()
        async def ask():
            pass


def test_7_sleep_replaces_the_wait():
    naps = Naps()
    list(retried(Feed(2, [1, 1]), naps, delay=7).stream())
    assert naps == [7, 7]


# 8 ---------------------------------------------------------------------------------------------------------


def test_8_the_form_that_uses_a_pipeline_config():
    config = PipelineConfig(maxAttempts=4, delaySeconds=0)
    source = Feed(5, [1, 2, 3])
    source.stream = retryOnFailure(config.maxAttempts, config.delaySeconds)(source.stream)
    with PipelineContext(source) as pipeline:
        assert pipeline.run() == 5


def test_8_measured_outside_retried_inside():
    source = Feed(5, [2])
    source.stream = measuredStage(retryOnFailure(3, 0)(source.stream))
    with PipelineContext(source) as pipeline:
        assert pipeline.run() == 5
    assert (source.metrics.name, source.metrics.records) == ("Feed.stream", 5)


def test_8_literal_calls_of_the_lecture():
    class Source:
        failures = 2

        @measuredStage
        @retryOnFailure(maxAttempts=3, delaySeconds=0.0)
        def stream(self):
            """Three readings."""
            yield 1
            if self.failures:
                self.failures -= 1
                raise OSError("cut")
            yield 2

    source = Source()
    assert list(source.stream()) == [1, 2]
    assert inspect.isgeneratorfunction(Source.stream)
    assert (Source.stream.__name__, Source.stream.__doc__) == ("stream", "Three readings.")
    assert str(inspect.signature(Source.stream)) == "(self)"
    assert retryOnFailure(maxAttempts=3, delaySeconds=1.0)
