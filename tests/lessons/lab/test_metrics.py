"""MetricsLab's experiment against sums by hand, and the widget against the experiment."""

import functools
import logging
import re

import ipywidgets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessons import MetricsLab
from lessons.lab.base import drive, values
from lessons.lab.experiments import metrics as room
from lessons.lab.experiments.metrics import KEEPS, MOST, PARTS, RECORDS, Clock, MetricsSettings, metrics
from lessons.lab.widgets.metrics import STEP, page
from lifecycle import PipelineContext, measuredStage

known = functools.cache(metrics)
MICROS = st.integers(0, MOST)
SETTINGS = st.builds(
    MetricsSettings,
    *(MICROS, MICROS, MICROS, st.integers(1, RECORDS), st.sampled_from([*KEEPS.values()]), MICROS),
    st.integers(0, RECORDS),
)


def reads(**chosen):
    return [one.reads for one in known(MetricsSettings(**chosen)).measurements]


def pulled(chosen):
    """How many records leave the source: all, or as many as it takes until the loop is left."""
    if not chosen.stops or not chosen.keeps:
        return chosen.records, False
    needed = chosen.stops * chosen.keeps
    return (needed, True) if needed <= chosen.records else (chosen.records, False)


@settings(max_examples=300, deadline=None)
@given(SETTINGS)
def test_each_measurement_reads_what_follows_from_the_work_by_hand(chosen):
    outcome = metrics(chosen)
    count, left = pulled(chosen)
    edges = chosen.edges * (1 if left else 2)
    stage, upstream = chosen.stage * count + edges, chosen.upstream * count
    assert outcome.own.reads == outcome.spent("stage") == stage
    assert outcome.around.reads == stage + upstream
    assert outcome.call.reads == 0
    arrived = count // chosen.keeps if chosen.keeps else 0
    assert (outcome.pulled, outcome.arrived, outcome.yielded) == (count, arrived, arrived)
    assert outcome.spent("sink") == chosen.sink * arrived
    assert outcome.outcome == ("closed" if left else "exhausted")
    assert outcome.total == stage + upstream + chosen.sink * arrived


@settings(max_examples=200, deadline=None)
@given(SETTINGS)
def test_the_spans_that_are_drawn_add_up_to_what_is_read(chosen):
    outcome = metrics(chosen)
    for one in outcome.measurements:
        assert sum(end - start for start, end in one.spans) == one.reads
    inside = [at for start, end in outcome.own.spans for at in range(start, end)]
    worked = [at for part, start, end in outcome.worked if part == "stage" for at in range(start, end)]
    assert inside == worked


@settings(max_examples=100, deadline=None)
@given(SETTINGS)
def test_the_decorator_alone_reads_the_same_without_the_other_measurements(chosen):
    clock = Clock()

    class Source:
        def stream(self):
            for number in range(1, chosen.records + 1):
                clock.work("upstream", chosen.upstream)
                yield number

    class Stage:
        @measuredStage(clock=clock)
        def process(self, stream):
            clock.work("stage", chosen.edges)
            for number in stream:
                clock.work("stage", chosen.stage)
                if chosen.keeps and number % chosen.keeps == 0:
                    yield number
            clock.work("stage", chosen.edges)

    stage = Stage()
    with PipelineContext(Source(), [stage]) as pipeline:
        for _ in pipeline.stream():
            clock.work("sink", chosen.sink)
            if pipeline.recordCount == chosen.stops:
                break
    assert round(stage.metrics.seconds * 1e6) == metrics(chosen).own.reads


def test_25_microseconds_a_record_between_40_and_30():
    assert reads(records=1) == [25, 65, 0]
    assert reads(records=4) == [100, 260, 0]


def test_work_that_moves_to_the_upstream_is_seen_by_measured_stage_alone():
    for moved in range(0, 26, 5):
        assert reads(upstream=40 + moved, stage=25 - moved) == [4 * (25 - moved), 260, 0]


def test_the_work_of_the_sink_is_in_none_of_them():
    assert {tuple(reads(sink=sink)) for sink in range(0, MOST + 1, 10)} == {(100, 260, 0)}


def test_a_stage_that_hands_on_nothing_has_its_time():
    assert reads(keeps=0) == [100, 260, 0]
    sentence = known(MetricsSettings(keeps=0)).sentence
    assert sentence.endswith("It yielded nothing, and has its time all the same.")


def test_one_line_is_logged_a_run(caplog):
    with caplog.at_level(logging.INFO, "lifecycle.measure"):
        metrics(MetricsSettings())
    assert [record.getMessage() for record in caplog.records] == [
        "Thinning.process: 4 records, 0.000100 s, exhausted"
    ]


SENTENCES = {
    MetricsSettings(): (
        "The stage worked 100 µs, 25 for each of 4 records, and @measuredStage reads 100 µs. Timing next() "
        "reads 260 µs: 160 µs of it are the upstream's, which runs inside that next(). Timing the call reads "
        "0 µs: it returns a generator, and nothing has run."
    ),
    MetricsSettings(upstream=0, edges=10): (
        "The stage worked 120 µs, and @measuredStage reads 120 µs. Timing next() reads the same, by luck: "
        "the upstream takes no time. Timing the call reads 0 µs: it returns a generator, and nothing has run."
    ),
    MetricsSettings(stops=2): (
        "The stage worked 50 µs, 25 for each of 2 records, and @measuredStage reads 50 µs. Timing next() "
        "reads 130 µs: 80 µs of it are the upstream's, which runs inside that next(). Timing the call reads "
        "0 µs: it returns a generator, and nothing has run. The loop was left after 2 arrived: what was done "
        "until then is reported."
    ),
    MetricsSettings(upstream=1, records=1): (
        "The stage worked 25 µs, 25 for its one record, and @measuredStage reads 25 µs. Timing next() "
        "reads 26 µs: 1 µs of it is the upstream's, which runs inside that next(). Timing the call reads "
        "0 µs: it returns a generator, and nothing has run."
    ),
    MetricsSettings(stage=0): (
        "The stage worked 0 µs, and @measuredStage reads 0 µs. Timing next() reads 160 µs: all of it is "
        "the upstream's, which runs inside that next()."
    ),
}


@pytest.mark.parametrize("chosen", SENTENCES, ids=str)
def test_sentences(chosen):
    assert known(chosen).sentence == SENTENCES[chosen]


@settings(max_examples=100, deadline=None)
@given(SETTINGS)
def test_text_and_page_say_the_same_at_every_run(chosen):
    outcome = metrics(chosen)
    assert outcome.text() == metrics(chosen).text()
    assert outcome.sentence in outcome.text()
    shown = page(outcome)
    assert shown == page(metrics(chosen))
    for one in outcome.measurements:
        assert f"{one.reads} µs" in shown and outcome.verdict(one) in outcome.text()
    ends = [
        float(left) + float(width) for left, width in re.findall(r"left: ([\d.]+)%; width: ([\d.]+)%", shown)
    ]
    assert all(end <= 100.01 for end in ends)


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"upstream": -1}, "upstream=-1 is not a whole number from 0 to 100"),
        ({"stage": True}, "stage=True is not a whole number from 0 to 100"),
        ({"sink": 2.5}, "sink=2.5 is not a whole number from 0 to 100"),
        ({"records": 0}, "records=0 is not a whole number from 1 to 8"),
        ({"stops": 9}, "stops=9 is not a whole number from 0 to 8"),
        ({"keeps": 3}, "keeps=3 is not one of 1, 2, 0"),
    ],
)
def test_settings_that_are_not_allowed_are_told(chosen, told):
    with pytest.raises(ValueError, match=told):
        MetricsSettings(**chosen)


def test_a_close_and_a_failure_go_through_all_three_measurements():
    clock, closed = Clock(), []

    class Stage:
        @room.timedCall(clock, [])
        @room.timedNext(clock, [])
        @measuredStage(clock=clock)
        def process(self, stream):
            try:
                yield from stream
                raise ZeroDivisionError
            finally:
                closed.append(True)

    stream = Stage().process(iter([1, 2]))
    next(stream)
    stream.close()
    assert closed == [True]
    with pytest.raises(ZeroDivisionError):
        list(Stage().process(iter([1, 2])))
    assert closed == [True, True]


# The widget


@pytest.fixture
def lab():
    before = set(ipywidgets.widgets.widget._instances)
    lab = MetricsLab()
    yield lab
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before


def agree(lab):
    """The view shows what the plain function answers, and nothing else."""
    outcome = known(lab.settings)
    assert lab.outcome == outcome
    assert lab.sentence == outcome.sentence
    assert lab.voice.twin == outcome.text()
    assert lab.shown.value == page(outcome)
    assert lab.errors == []


def test_it_opens_with_few_controls_and_the_same_work_for_every_record(lab):
    few = [name for name in lab.controls if lab.controls[name] in lab._few]
    assert few == ["upstream", "stage", "sink", "move"]
    assert lab.settings == MetricsSettings()
    agree(lab)


def test_every_control_through_all_its_values(lab):
    for name in (*PARTS, "records", "keeps", "edges", "stops"):
        for value in values(lab.controls[name]):
            drive(lab, name, value)
            assert getattr(lab.settings, name) == value
            agree(lab)
        drive(lab, name, getattr(MetricsSettings(), name))
        agree(lab)


def test_the_button_moves_work_until_the_stage_has_none_left(lab):
    for moved in range(STEP, 26, STEP):
        drive(lab, "move")
        assert lab.settings == MetricsSettings(upstream=40 + moved, stage=25 - moved)
        agree(lab)
    before = lab.settings
    drive(lab, "move")
    assert lab.settings == before
    assert lab.sentence == "The stage has no work left to move. Give it some, with its slider."


def test_the_upstream_takes_no_more_than_its_slider_has(lab):
    drive(lab, "upstream", MOST)
    drive(lab, "move")
    assert lab.settings == MetricsSettings(upstream=MOST)
    assert lab.sentence == "The upstream has all it can take, 100 µs. Take some away, with its slider."


def test_a_move_is_shown_once(lab, monkeypatch):
    seen = []
    monkeypatch.setattr(type(lab), "refresh", lambda self: seen.append(self.settings))
    drive(lab, "move")
    assert seen == [MetricsSettings(upstream=45, stage=20)]


def test_every_wrong_figure_is_marked_by_glyph_and_word(lab):
    assert re.findall(r'true">([✓✗]) </span>([\w ]+)', lab.shown.value) == [
        ("✓", "the stage"),
        ("✗", "160 "),
        ("✗", "the call runs nothing"),
    ]
    assert lab.voice.mark == ""
    drive(lab, "upstream", 0)
    drive(lab, "stage", 0)
    assert "✗" not in lab.shown.value
    assert lab.voice.mark == "ok"


def test_each_strip_says_in_words_what_it_draws(lab):
    drive(lab, "records", 1)
    assert re.findall(r'aria-label="([^"]*)"', lab.shown.value) == [
        "What ran when: upstream 0 to 40 µs; stage 40 to 65 µs; sink 65 to 95 µs",
        "@measuredStage counts 40 to 65 µs",
        "timing next() counts 0 to 65 µs",
        "timing the call counts nothing",
    ]


def test_it_takes_settings_as_a_start():
    lab = MetricsLab(upstream=80, stops=2)
    assert lab.settings == MetricsSettings(upstream=80, stops=2)
    lab.close()


CHOICES = {
    **dict.fromkeys((*PARTS, "edges"), range(0, MOST + 1, STEP)),
    "records": range(1, RECORDS + 1),
    "stops": range(RECORDS + 1),
    "keeps": [*KEEPS.values()],
    "move": [None],
    "more": [False, True],
}
ACTIONS = st.sampled_from([(name, one) for name, several in CHOICES.items() for one in several])


@settings(max_examples=40, deadline=None)
@given(st.lists(ACTIONS, max_size=12))
def test_any_sequence_of_actions_ends_in_what_the_plain_function_says(actions):
    before = set(ipywidgets.widgets.widget._instances)
    lab = MetricsLab()
    for name, value in actions:
        drive(lab, name, value)
    refused = lab.sentence.startswith(("The stage has no work left", "The upstream has all it can take"))
    if not refused:
        agree(lab)
    assert lab.outcome == known(lab.settings)
    lab.close()
    assert set(ipywidgets.widgets.widget._instances) == before
