"""The probe: which events a part reports, in which order, and how a subscriber makes it fail."""

import gc
import weakref

import pytest

from lifecycle.context import PipelineContext
from lifecycle.probe import Probe


class Letters:
    """A source that notes what happens to it."""

    def __init__(self, letters="ab"):
        self.letters, self.log = letters, []

    def __enter__(self):
        self.log.append("entered")
        return self

    def __exit__(self, *reason):
        self.log.append("left")

    def stream(self):
        try:
            yield from self.letters
        finally:
            self.log.append("finally")


class Sink:
    def __init__(self):
        self.records = []

    def write(self, record):
        self.records.append(record)
        return len(self.records)


def heard(events):
    """Events as one writes them down: "pull 1" before it, "yield 1." when it is done."""
    return [
        f"{event.phase}{f' {event.number}' if event.number else ''}{'.' * event.done}" for event in events
    ]


def failing(phase, number=None):
    """A subscriber that makes a part fail at one event."""

    def subscriber(event):
        due = (event.phase, event.number, event.done) == (phase, number, False)
        return OSError(f"injected at {phase}") if due else None

    return subscriber


def test_every_event_is_reported_before_it_and_when_it_is_done():
    events = []
    with PipelineContext(Probe(Letters(), "source", events.append), [], None) as pipeline:
        pipeline.run()
    assert heard(events) == [
        *("open", "open.", "start", "start."),
        *("pull 1", "yield 1", "yield 1.", "pull 2", "yield 2", "yield 2.", "pull 3", "pull 3."),
        *("end", "end.", "close", "close."),
    ]
    assert {event.place for event in events} == {"source"}


def test_a_sink_reports_each_write_with_what_goes_in_and_what_comes_out():
    events = []
    with PipelineContext(Letters(), [], Probe(Sink(), "sink", events.append)) as pipeline:
        pipeline.run()
    assert heard(events) == ["write 1", "write 1.", "write 2", "write 2."]
    assert [event.value for event in events] == [("a",), 1, ("b",), 2]


def test_a_yield_carries_the_record_and_the_last_pull_a_stop_iteration():
    events = []
    list(Probe(Letters(), "source", events.append).stream())
    assert [event.value for event in events if event.phase == "yield"] == ["a", "a", "b", "b"]
    assert isinstance(events[-1].error, StopIteration)


@pytest.mark.parametrize(
    ("phase", "number", "log"),
    [
        ("open", None, []),
        ("start", None, ["entered", "left"]),
        ("pull", 1, ["entered", "left"]),
        ("pull", 2, ["entered", "finally", "left"]),
        ("yield", 1, ["entered", "finally", "left"]),
        ("end", None, ["entered", "finally", "left"]),
        ("close", None, ["entered", "finally", "left"]),
    ],
)
def test_a_part_fails_where_a_subscriber_answers_with_an_error(phase, number, log):
    part, events = Letters(), []
    source = Probe(part, "source", events.append, failing(phase, number))
    with pytest.raises(OSError, match=f"injected at {phase}"), PipelineContext(source) as pipeline:
        pipeline.run()
    assert part.log == log
    done = "pull" if phase == "yield" else phase
    assert [event.phase for event in events if isinstance(event.error, OSError)] == [done]


def test_a_write_that_is_made_to_fail_never_reaches_the_sink():
    sink = Sink()
    with (
        pytest.raises(OSError),
        PipelineContext(Letters(), [], Probe(sink, "sink", failing("write", 2))) as run,
    ):
        run.run()
    assert sink.records == ["a"]


def test_the_parts_own_error_is_reported_and_passes():
    class Broken:
        def stream(self):
            yield 1
            raise LookupError("broken")

    events = []
    with pytest.raises(LookupError, match="broken") as caught:
        list(Probe(Broken(), "source", events.append).stream())
    assert events[-1].error is caught.value
    assert heard(events)[-1] == "pull 2."


def test_without_subscribers_a_stream_passes_as_it_is():
    records = [1, 2, 3]

    class Listed:
        def stream(self):
            return records

    assert Probe(Listed(), "source").stream() is records


def test_what_the_consumer_throws_in_reaches_the_part():
    class Careful:
        def stream(self):
            try:
                yield 1
            except KeyError:
                yield "handled"

    stream = Probe(Careful(), "source", lambda event: None).stream()
    next(stream)
    assert stream.throw(KeyError("now")) == "handled"


def test_a_part_that_opens_nothing_reports_no_open_and_no_close():
    events = []
    with Probe(Sink(), "sink", events.append) as sink:
        sink.write("a")
    assert heard(events) == ["write 1", "write 1."]


@pytest.mark.parametrize(
    ("phase", "number"), [("open", None), ("pull", 1), ("pull", 2), ("yield", 1), ("close", None)]
)
def test_an_injected_error_is_freed_when_the_last_reference_goes(phase, number):
    class Lost(OSError):
        pass

    class Listed(Letters):
        def stream(self):
            return list(self.letters)

    def lose(event):
        return Lost() if (event.phase, event.number, event.done) == (phase, number, False) else None

    gc.collect()
    gc.disable()
    try:
        for part in (Letters(), Listed()):
            try:
                with Probe(part, "source", lose) as source:
                    list(source.stream())
            except Lost as error:
                gone = weakref.ref(error)
            assert gone() is None
    finally:
        gc.enable()
