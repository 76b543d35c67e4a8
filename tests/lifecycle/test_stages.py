"""The stages: what they make of records, and how they name one they cannot use."""

import functools
import inspect
from datetime import date, datetime
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle import PipelineConfig, PipelineContext, measuredStage
from lifecycle.sinks import ListSink
from lifecycle.sources import ListSource
from lifecycle.stages import Filter, Normalise, Parse, RollingMean

STAGES = [Parse(n=int), Filter("n"), Normalise("n", 0, 1), RollingMean("n", 2)]


def run(stage, *records):
    return list(stage.process(iter(records)))


def test_parse_turns_text_into_values_and_keeps_the_order_of_columns():
    octets = functools.partial(int, base=16)
    stage = Parse(wind=float, days=int, wet=bool, date=date, at=datetime, word=str.upper, half=octets)
    record = {
        "rest": "x", "at": "2012-01-01T03:00", "date": "2012/01/31", "wet": "True", "days": "3",
        "wind": " 4.7 ", "word": "rain", "half": "ff",
    }  # fmt: skip
    [parsed] = run(stage, record)
    assert parsed == {
        "rest": "x", "at": datetime(2012, 1, 1, 3), "date": date(2012, 1, 31), "wet": True, "days": 3,
        "wind": 4.7, "word": "RAIN", "half": 255,
    }  # fmt: skip
    assert list(parsed) == list(record)


@pytest.mark.parametrize("text", ["2012-01-31", "2012/01/31"])
def test_parse_reads_both_forms_of_a_date(text):
    assert run(Parse(day=date), {"day": text}) == [{"day": date(2012, 1, 31)}]


@pytest.mark.parametrize(
    ("stage", "cell", "says"),
    [
        (Parse(n=float), "strong", "'strong' is not a valid float"),
        (Parse(n=float), "", "'' is not a valid float"),
        (Parse(n=float), None, "None is not a valid float"),
        (Parse(n=int), "4.7", "'4.7' is not a valid int"),
        (Parse(n=bool), "0", "'0' is not a valid bool"),
        (Parse(n=date), "2012/02/30", "'2012/02/30' is not a valid date"),
        (Parse(n=date), 2012, "2012 is not a valid date"),
        (Parse(n=functools.partial(int, base=16)), "x", "'x' is no"),
        (Normalise("n", 0, 1), "4.7", "'4.7' is not a valid number"),
        (Normalise("n", 0, 1), None, "None is not a valid number"),
        (RollingMean("n", 2), True, "True is not a valid number"),
        (RollingMean("n", 2), None, "None is not a valid number"),
    ],
)
def test_a_bad_cell_is_named_by_record_column_and_value(stage, cell, says):
    stream = stage.process(iter([{"n": cell}]))
    with pytest.raises(ValueError) as caught:
        next(stream)
    assert str(caught.value).startswith("record 1, column 'n': ") and says in str(caught.value)


@pytest.mark.parametrize("stage", [Parse(n=float), Filter("n"), Normalise("n", 0, 1), RollingMean("n", 2)])
def test_a_column_that_is_not_there_is_named_with_those_that_are(stage):
    stream = stage.process(iter([{"n": 1.0}, {"m": 1.0, "o": 2.0}]))
    next(stream)
    with pytest.raises(ValueError, match="record 2 has no column 'n'; it has m, o"):
        next(stream)


def test_filter_takes_a_function_or_a_column():
    records = [{"n": number} for number in range(4)]
    assert run(Filter("n"), *records) == records[1:]
    assert run(Filter(lambda record: record["n"] % 2), *records) == [records[1], records[3]]


def test_what_the_function_of_a_filter_raises_passes_as_it_is():
    with pytest.raises(KeyError, match="m"):
        run(Filter(lambda record: record["m"]), {"n": 1})


def test_normalise_is_the_difference_to_the_center_in_spreads():
    config = PipelineConfig(center=16.4, spread=7.3)
    [record] = run(Normalise("n", config.center, config.spread), {"n": 12.8, "rest": "x"})
    assert record == {"n": (12.8 - 16.4) / 7.3, "rest": "x"}


def test_normalise_trusts_its_numbers_as_a_config_is_there_to_check_them():
    with pytest.raises(ZeroDivisionError):
        run(Normalise("n", 0, 0), {"n": 1})
    with pytest.raises(TypeError):
        run(Normalise("n", "16", 1), {"n": 1})
    with pytest.raises(ValueError, match="spread"):
        PipelineConfig(spread=0)


@settings(deadline=None)
@given(numbers=st.lists(st.floats(-1e6, 1e6), max_size=12), size=st.integers(1, 5))
def test_rolling_mean_is_the_mean_of_the_last_ones(numbers, size):
    got = [record["n"] for record in run(RollingMean("n", size), *({"n": number} for number in numbers))]
    assert got == [fmean(numbers[max(0, end - size) : end]) for end in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_a_generator_that_pulls_one_by_one(stage):
    pulled = []

    def upstream():
        for number in (1, 2, 3):
            pulled.append(number)
            yield {"n": number}

    assert inspect.isgeneratorfunction(stage.process)
    stream = stage.process(upstream())
    assert pulled == []
    next(stream)
    assert pulled == [1]
    next(stream)
    assert pulled == [1, 2]
    stream.close()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_changes_no_record_and_remembers_nothing_between_runs(stage):
    records = [{"n": 2}, {"n": 6}]
    first = run(stage, *records)
    assert records == [{"n": 2}, {"n": 6}]
    assert run(stage, *records) == first


@pytest.mark.parametrize("stage", STAGES)
def test_an_error_thrown_into_a_stage_passes_as_it_is(stage):
    stream = stage.process(iter([{"n": 1}, {"n": 2}]))
    next(stream)
    with pytest.raises(ValueError, match=r"^thrown in$"):
        stream.throw(ValueError("thrown in"))


def test_stages_are_measured_as_they_are_in_a_context():
    sink = ListSink()
    parse, keep = Parse(n=int), Filter(lambda record: record["n"] > 1)
    for stage in (parse, keep):
        stage.process = measuredStage(stage.process)
    with PipelineContext(ListSource([{"n": "1"}, {"n": "2"}]), [parse, keep], sink) as pipeline:
        assert pipeline.run() == 1
    assert (parse.metrics.records, keep.metrics.records) == (2, 1)
    assert sink.records == [{"n": 2}]
