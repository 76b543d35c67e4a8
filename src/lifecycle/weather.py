"""The main job: the weather of Seattle, from a CSV file into a table, and from the table to JSON lines.

Each day has a `date`, the `precipitation` in mm, and the highest and lowest temperature in °C (`temp_max` and
`temp_min`). It also has the `wind` in m/s, and one word for the `weather`. Only the days with precipitation
go into the table, and their `temp_max` is normalised.
"""
# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code=method-assign

from datetime import date
from pathlib import Path

from lifecycle.config import PipelineConfig
from lifecycle.context import PipelineContext
from lifecycle.measure import measuredStage
from lifecycle.retry import retryOnFailure
from lifecycle.sinks import JsonLinesSink, SqlSink
from lifecycle.sources import CsvSource, SqlSource
from lifecycle.stages import Filter, Normalise, Parse

# Mean and spread of `temp_max` over the four years of the shipped file.
settings = PipelineConfig(label="Seattle weather", center=16.4, spread=7.3)


def build(path, engine, config=settings):
    """Return the source, the stages and the sink of the load, for a `PipelineContext` or for a sweep.

    `path` is the CSV file and `engine` an SQLAlchemy engine. `config` sets how to normalise and how to retry.
    """
    source = CsvSource(path)
    source.stream = retryOnFailure(config.maxAttempts, config.delaySeconds)(source.stream)
    stages = (
        Parse(date=date, precipitation=float, temp_max=float, temp_min=float, wind=float),
        Filter("precipitation"),
        Normalise("temp_max", config.center, config.spread),
    )
    source.stream = measuredStage(source.stream)
    for stage in stages:
        stage.process = measuredStage(stage.process)
    return source, stages, SqlSink(engine, "weather", replace=True)


def load(path, engine, config=settings):
    """Replace the table `weather` with the days in the file. Return how many days were written."""
    with PipelineContext(*build(path, engine, config)) as pipeline:
        return pipeline.run()


def export(engine, path):
    """Write the table `weather` to a file of JSON lines, sorted by date. Return how many days it has."""
    source = SqlSource(engine, "SELECT * FROM weather ORDER BY date")
    with PipelineContext(source, sink=JsonLinesSink(path)) as pipeline:
        return pipeline.run()


def shipped():
    """Return the path of the CSV file that comes with the notebooks.

    It looks in `data/` and `notebooks/data/`: first in the working folder and the folders above it, then in
    the folders above this package. Raises `FileNotFoundError` if the file is not there.
    """
    for folder in (Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents):
        for path in (folder / "data", folder / "notebooks" / "data"):
            if (path / "seattle-weather.csv").is_file():
                return path / "seattle-weather.csv"
    raise FileNotFoundError("data/seattle-weather.csv is not here: start in the folder of the notebooks")
