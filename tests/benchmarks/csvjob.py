"""The CSV job over a million rows (read, parse, filter, normalise, write), by hand and by libraries too."""

from __future__ import annotations

import csv
import pathlib
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import petl
import toolz
from measuring import Row, medians

from lifecycle import PipelineContext
from lifecycle.sinks import CsvSink
from lifecycle.sources import CsvSource
from lifecycle.stages import Filter, Normalise, Parse
from lifecycle.weather import shipped

ROWS = 1_000_000
COLUMNS = ("precipitation", "temp_max", "temp_min", "wind")
CENTER, SPREAD = 16.4, 7.3


def grown(path: pathlib.Path) -> None:
    """Write the shipped weather again and again until there are a million rows."""
    header, *days = shipped().read_text(encoding="utf-8").splitlines(keepends=True)
    with path.open("w", encoding="utf-8") as file:
        file.write(header)
        for start in range(0, ROWS, len(days)):
            file.writelines(days[: ROWS - start])


def ours(given: pathlib.Path, wanted: pathlib.Path) -> None:
    stages = [
        Parse(**dict.fromkeys(COLUMNS, float)),
        Filter("precipitation"),
        Normalise("temp_max", CENTER, SPREAD),
    ]
    with PipelineContext(CsvSource(given), stages, CsvSink(wanted)) as pipeline:
        pipeline.run()


def byHand(given: pathlib.Path, wanted: pathlib.Path) -> None:
    """Plain generators that do the same for each row: with all checks, but without a context or parts."""

    def read(file: Any) -> Iterator[dict[str, Any]]:
        rows = csv.reader(file)
        header = next(rows)
        for line, row in enumerate(rows, 2):
            if len(row) != len(header):
                raise ValueError(f"{given}, line {line}: {len(row)} cells")
            yield dict(zip(header, row, strict=True))

    def parse(stream: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for number, record in enumerate(stream, 1):
            parsed = dict(record)
            for column in COLUMNS:
                try:
                    parsed[column] = float(record[column])
                except ValueError as error:
                    raise ValueError(f"record {number}, {column}: {record[column]!r}") from error
            yield parsed

    def keep(stream: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for record in stream:
            if record["precipitation"]:
                yield record

    def normalise(stream: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for number, record in enumerate(stream, 1):
            if not isinstance(record["temp_max"], float):
                raise ValueError(f"record {number}: {record['temp_max']!r}")
            yield {**record, "temp_max": (record["temp_max"] - CENTER) / SPREAD}

    count = 0
    with (
        given.open(encoding="utf-8", newline="") as source,
        wanted.open("w", encoding="utf-8", newline="") as sink,
    ):
        write, columns = csv.writer(sink).writerow, None
        for record in normalise(keep(parse(read(source)))):
            if columns is None:
                columns = list(record)
                write(columns)
            if list(record) != columns:
                raise ValueError(f"{wanted}: {record}")
            write(record.values())
            count += 1


def byToolz(given: pathlib.Path, wanted: pathlib.Path) -> None:
    def parsed(record: dict[str, Any]) -> dict[str, Any]:
        return {key: float(value) if key in COLUMNS else value for key, value in record.items()}

    def normalised(record: dict[str, Any]) -> dict[str, Any]:
        return toolz.assoc(record, "temp_max", (record["temp_max"] - CENTER) / SPREAD)

    with (
        given.open(encoding="utf-8", newline="") as source,
        wanted.open("w", encoding="utf-8", newline="") as sink,
    ):
        records = toolz.pipe(
            csv.DictReader(source),
            toolz.curried.map(parsed),
            toolz.curried.filter(lambda record: record["precipitation"]),
            toolz.curried.map(normalised),
        )
        first, records = toolz.peek(records)
        writer = csv.DictWriter(sink, list(first))
        writer.writeheader()
        writer.writerows(records)


def byPetl(given: pathlib.Path, wanted: pathlib.Path) -> None:
    table = petl.fromcsv(str(given), encoding="utf-8")
    table = petl.convert(table, COLUMNS, float)
    table = petl.select(table, lambda row: row["precipitation"])
    table = petl.convert(table, "temp_max", lambda value: (value - CENTER) / SPREAD)
    petl.tocsv(table, str(wanted), encoding="utf-8")


def job() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        given, wanted = pathlib.Path(folder, "weather.csv"), pathlib.Path(folder, "wet.csv")
        grown(given)

        def work(function: Callable[[pathlib.Path, pathlib.Path], None]) -> Callable[[], None]:
            return lambda: function(given, wanted)

        context, plain, toolzs, petls = medians(*map(work, (ours, byHand, byToolz, byPetl)), rounds=5)
        results = set()
        for function in (ours, byHand, byToolz, byPetl):
            function(given, wanted)
            results.add(wanted.read_bytes().replace(b"\r\n", b"\n"))
        assert len(results) == 1, "the four do not write the same file"
    yield Row(f"the CSV job over {ROWS:,} rows : plain generators", context / plain, 1.05)
    yield Row("  toolz : plain generators", toolzs / plain)
    yield Row("  petl : plain generators", petls / plain)
