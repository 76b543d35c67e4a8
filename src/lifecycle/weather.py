"""The main job: the weather of Seattle, from a CSV file into one table, and from the table to JSON lines.

Each day has a `date`, its `precipitation` in mm, highest and lowest temperature (`temp_max`, `temp_min`) in
°C, `wind` in m/s, and a word for the `weather`. The table holds the wet days, with the highest temperature
counted in spreads from its mean.
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
    """Return source, stages and sink of the load: what a `PipelineContext` takes and a sweep tries out.

    `path` is the CSV file, `engine` an SQLAlchemy engine, `config` says how to normalise and to retry.
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
    """Replace the table `weather` by what the file says; return how many days went into it."""
    with PipelineContext(*build(path, engine, config)) as pipeline:
        return pipeline.run()


def export(engine, path):
    """Write the table `weather` to a file of JSON lines, by date; return how many days it has."""
    source = SqlSource(engine, "SELECT * FROM weather ORDER BY date")
    with PipelineContext(source, sink=JsonLinesSink(path)) as pipeline:
        return pipeline.run()


def shipped():
    """Return the path of the CSV file that comes with the notebooks.

    It is looked for in `data/` and `notebooks/data/`, from the working folder upwards and beside the package.
    Raises `FileNotFoundError` where there is none.
    """
    for folder in (Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents):
        for path in (folder / "data", folder / "notebooks" / "data"):
            if (path / "seattle-weather.csv").is_file():
                return path / "seattle-weather.csv"
    raise FileNotFoundError("data/seattle-weather.csv is not here: work in the folder that has the notebooks")
