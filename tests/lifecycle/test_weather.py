"""The main job on the real file: what arrives, what is kept, and every place at which it can fail."""

import csv
import json
import subprocess
import sys
import textwrap
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sql

from lifecycle import PipelineConfig, PipelineContext, ledger, weather
from lifecycle.faults import Fault, inject, sweep
from lifecycle.sources import SqlSource

ROOT = Path(__file__).parents[2]


@pytest.fixture
def engine(tmp_path):
    engine = sql.create_engine(f"sqlite:///{tmp_path}/weather.db")
    yield engine
    engine.dispose()


@pytest.fixture
def few(tmp_path):
    """The first twelve days: enough for every kind of fault point, few enough to try them all."""
    path = tmp_path / "few.csv"
    path.write_text("".join(weather.shipped().open().readlines()[:13]))
    return path


def table(engine):
    with engine.connect() as connection:
        known = sql.Table("weather", sql.MetaData(), autoload_with=connection)
        return [dict(row) for row in connection.execute(sql.select(known)).mappings()]


def test_the_shipped_file_is_whole():
    with weather.shipped().open() as file:
        days = list(csv.DictReader(file))
    assert len(days) == 1461
    assert (days[0]["date"], days[-1]["date"]) == ("2012/01/01", "2015/12/31")
    origin = (weather.shipped().parent / "ORIGIN.md").read_text()
    assert "NOAA" in origin and "public domain" in origin
    for word in ("date", "precipitation", "temperature", "wind", "weather"):
        assert word in origin


@pytest.mark.parametrize("folder", [".", "notebooks", "tests", "notebooks/data"])
def test_the_shipped_file_is_found_from_notebooks_and_tests(monkeypatch, folder):
    monkeypatch.chdir(ROOT / folder)
    assert weather.shipped() == ROOT / "notebooks" / "data" / "seattle-weather.csv"


def test_a_file_of_ones_own_comes_first_and_a_missing_one_is_a_sentence(monkeypatch, tmp_path):
    mine = tmp_path / "data" / "seattle-weather.csv"
    mine.parent.mkdir()
    mine.touch()
    monkeypatch.chdir(tmp_path)
    assert weather.shipped() == mine
    mine.unlink()
    monkeypatch.setattr(weather, "__file__", str(tmp_path / "weather.py"))
    with pytest.raises(FileNotFoundError, match="start in the folder of the notebooks"):
        weather.shipped()


def test_load_brings_the_wet_days_into_one_table_and_export_writes_them_out(engine, tmp_path):
    assert weather.load(weather.shipped(), engine) == 623
    days = table(engine)
    assert len(days) == 623
    assert days[0] == {
        "date": date(2012, 1, 2), "precipitation": 10.9, "temp_max": pytest.approx((10.6 - 16.4) / 7.3),
        "temp_min": 2.8, "wind": 4.5, "weather": "rain",
    }  # fmt: skip
    path = tmp_path / "weather.jsonl"
    assert weather.export(engine, path) == 623
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [{**day, "date": day["date"].isoformat()} for day in days]
    assert ledger.held() == ()


def test_a_second_load_replaces_the_table(engine, few):
    assert weather.load(weather.shipped(), engine) == 623
    assert weather.load(few, engine) == 7
    assert len(table(engine)) == 7


def test_the_config_says_how_to_normalise(engine, few):
    weather.load(few, engine, PipelineConfig(center=0, spread=1))
    assert [day["temp_max"] for day in table(engine)][:2] == [10.6, 11.7]


def test_a_bad_cell_is_named_and_the_table_stays(engine, few):
    weather.load(weather.shipped(), engine)
    few.write_text(few.read_text() + "2012/01/13,lots,6.1,-1.1,5.1,snow\n")
    with pytest.raises(ValueError, match="record 13, column 'precipitation': 'lots' is not a valid float"):
        weather.load(few, engine)
    assert len(table(engine)) == 623


def test_it_is_measured(engine, few):
    source, stages, sink = weather.build(few, engine)
    with PipelineContext(source, stages, sink) as pipeline:
        pipeline.run()
    assert [part.metrics.records for part in (source, *stages)] == [12, 12, 7, 7]
    assert all(part.metrics.outcome == "exhausted" for part in (source, *stages))


def test_it_is_retried_and_each_day_comes_once(engine, few, monkeypatch):
    """Inside out: part, fault, retry, measure, context."""
    weather.load(few, engine)
    expected = table(engine)
    config = PipelineConfig(maxAttempts=2, delaySeconds=0, center=16.4, spread=7.3)
    failures = iter([OSError("the disk was away")])

    class Flaky(weather.CsvSource):
        def stream(self):
            for number, record in enumerate(super().stream(), 1):
                if number == 7:
                    yield from failing(failures)
                yield record

    def failing(errors):
        for error in errors:
            raise error
        yield from ()

    monkeypatch.setattr(weather, "CsvSource", Flaky)
    assert weather.load(few, engine, config) == 7
    assert table(engine) == expected
    assert list(failures) == []


def test_every_fault_point_is_clean_and_leaves_the_table_as_it_was(engine, few):
    weather.load(few, engine)
    before = table(engine)
    result = sweep(lambda: weather.build(few, engine), system=True)
    assert result.clean and not result.leaks
    assert len(result.outcomes) > 50
    assert table(engine) == before
    for outcome in result.outcomes[1:]:
        # The sink's close is the commit: what fails after it cannot take it back.
        assert outcome.raised.startswith("OSError")


def test_a_fault_in_the_sink_leaves_the_days_of_the_run_before(engine, few):
    weather.load(few, engine)
    before = table(engine)
    few.write_text(few.read_text().replace("10.9", "99.9"))
    source, stages, sink = weather.build(few, engine)
    pipeline = PipelineContext(source, stages, inject(sink, Fault("sink", "write", 5)))
    with pytest.raises(OSError, match="sink, write 5"), pipeline:
        pipeline.run()
    assert pipeline.recordCount == 4
    assert table(engine) == before


def test_the_same_sweep_over_a_naive_runner_leaks(tmp_path, few):
    """Closing at the end of the road is no closing: this is what the context is for."""
    engine = sql.create_engine(f"sqlite:///{tmp_path}/naive.db", connect_args={"timeout": 0.1})

    def naive(source, stages, sink):
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

    result = sweep(lambda: weather.build(few, engine), run=naive)
    assert not result.clean
    assert len(result.leaks) > len(result.outcomes) // 2
    assert ledger.held() == ()
    engine.dispose()


def test_export_of_a_table_that_is_not_there_leaves_the_file(engine, tmp_path):
    path = tmp_path / "weather.jsonl"
    path.write_text("before")
    with pytest.raises(sql.exc.OperationalError, match=r"weather\.db"):
        weather.export(engine, path)
    assert path.read_text() == "before"
    with pytest.raises(sql.exc.OperationalError), SqlSource(engine, "SELECT * FROM weather") as source:
        next(source.stream())


def test_the_parts_import_no_third_party_module():
    script = """
        import sys
        sys.path.insert(0, "src")
        import lifecycle.ledger, lifecycle.sources, lifecycle.stages, lifecycle.sinks
        import lifecycle.weather
        outside = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
        print(sorted(outside - {"__main__", "lifecycle"}))
    """
    command = [sys.executable, "-S", "-c", textwrap.dedent(script)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
