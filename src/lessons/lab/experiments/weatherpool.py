"""FailureLab's first pipeline: weather, a real pool, and a database file for each of its slots.

With a database server, twenty connections can write at once; with SQLite, only one can. So each connection
writes to a file of its own. Then a leaked connection costs one slot of the pool, as with a server.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

SLOTS = 20
TABLE = "weather"
TOKEN = "temp_max"  # the column that every stage but the filter changes
PARTS = {
    "source": "CsvSource",
    "stage 1": "Parse",
    "stage 2": "Filter",
    "stage 3": "Normalise",
    "loop": "run()",
    "sink": "SqlSink",
}
"""The names of the parts, until they are made."""

# Seattle, January 2012: the first rows of notebooks/data/seattle-weather.csv.
COLUMNS = "date,precipitation,temp_max,temp_min,wind,weather"
MONTH = """\
2012/01/01,0.0,12.8,5.0,4.7,drizzle
2012/01/02,10.9,10.6,2.8,4.5,rain
2012/01/03,0.8,11.7,7.2,2.3,rain
2012/01/04,20.3,12.2,5.6,4.7,rain
2012/01/05,1.3,8.9,2.8,6.1,rain
2012/01/06,2.5,4.4,2.2,2.2,rain
2012/01/07,0.0,7.2,2.8,2.3,rain
2012/01/08,0.0,10.0,2.8,2.0,sun
2012/01/09,4.3,9.4,5.0,3.4,rain
2012/01/10,1.0,6.1,0.6,3.4,rain
2012/01/11,0.0,6.1,-1.1,5.1,sun
2012/01/12,0.0,6.1,-1.7,1.9,sun
2012/01/13,0.0,5.0,-2.8,1.3,sun
2012/01/14,4.1,4.4,0.6,5.3,snow
2012/01/15,5.3,1.1,-3.3,3.2,snow
2012/01/16,2.5,1.7,-2.8,5.0,snow
2012/01/17,8.1,3.3,0.0,5.6,snow
2012/01/18,19.8,0.0,-2.8,5.0,snow
2012/01/19,15.2,-1.1,-2.8,1.6,snow
2012/01/20,13.5,7.2,-1.1,2.3,snow
""".splitlines()


class WeatherPool:
    """A temporary folder with the weather file, and an engine whose pool has exactly twenty slots."""

    def __init__(self) -> None:
        from sqlalchemy import create_engine, event
        from sqlalchemy.pool import QueuePool

        # Windows deletes no file that a leaked connection has open.
        self._folder = tempfile.TemporaryDirectory(prefix="lifecycle-", ignore_cleanup_errors=True)
        self._made = self._written = 0
        self._newest: Path | None = None
        self.engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=SLOTS,
            max_overflow=0,
            pool_timeout=0.05,
        )
        event.listen(self.engine, "checkout", self._checkedout)

    def _connect(self) -> sqlite3.Connection:
        self._made += 1
        path = Path(self._folder.name) / f"weather-{self._made}.sqlite"
        connection = sqlite3.connect(path, timeout=0.05, check_same_thread=False)
        # The file exists only as long as the lab, so it need not survive a power cut.
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    def _checkedout(self, connection: Any, record: Any, proxy: Any) -> None:
        self._newest = Path(connection.execute("PRAGMA database_list").fetchone()[2])

    def parts(self, records: int, config: Any) -> tuple[Any, Sequence[Any], Any]:
        """A source with this many records, the stages, and a sink with this pool's engine."""
        from lifecycle.sinks import SqlSink
        from lifecycle.sources import CsvSource
        from lifecycle.stages import Filter, Normalise, Parse

        path = Path(self._folder.name) / "weather.csv"
        text = "\n".join([COLUMNS, *MONTH[:records], ""])
        if records != self._written:
            path.write_text(text, encoding="utf-8")
            self._written = records
        parse = Parse(precipitation=float, temp_max=float)
        normalise = Normalise("temp_max", config.center, config.spread)
        stages = [parse, Filter(wet), normalise]
        return CsvSource(path), stages, SqlSink(self.engine, TABLE)

    def keeper(self) -> Callable[[], int | None]:
        """A function that returns how many records of the next run another connection can read."""
        self._newest = None
        before: dict[Path, int] = {}
        for path in Path(self._folder.name).glob("*.sqlite"):
            before[path] = rows(path) or 0

        def kept() -> int | None:
            if self._newest is None:
                return 0
            found = rows(self._newest)
            return None if found is None else found - before.get(self._newest, 0)

        return kept

    def close(self) -> None:
        """Close the pool's connections and remove the folder."""
        self.engine.dispose()
        self._folder.cleanup()


def wet(row: dict[str, Any]) -> bool:
    """Whether it rained or snowed that day."""
    return bool(row["precipitation"] > 0)


def rows(path: Path) -> int | None:
    """How many rows another connection can read; `None` if a lock prevents it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0.05)) as connection:
        try:
            return int(connection.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0])
        except sqlite3.OperationalError as error:
            return 0 if "no such table" in str(error) else None
