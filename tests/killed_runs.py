"""Runs that replace a table and are killed at a random moment: python tests/killed_runs.py ADDRESS RUNS SEED

Each run is a child of this process, which has imported everything and run once, so that a thousand runs take
a minute. It prints what came of them as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from typing import Any

import psycopg
import sqlalchemy as sql

from lifecycle import PipelineContext
from lifecycle.sinks import SqlSink
from lifecycle.sources import ListSource

ROWS = 20
ENDED_WELL, SAID_SO, ENDED_BADLY = 0, 3, 4


class Tolerant(SqlSink):
    """A sink that goes on after a row that the database refuses."""

    def write(self, record: dict[str, Any]) -> None:
        with contextlib.suppress(sql.exc.IntegrityError):
            super().write(record)


def load(engine: sql.Engine, run: int, repeated: bool) -> int:
    """Replace the table's rows by this run's; `repeated` adds a row whose key is there already."""
    records = [{"day": day, "run": run} for day in range(ROWS)]
    source = ListSource(records + records[:1] * repeated)
    pipeline = PipelineContext(source, sink=Tolerant(engine, "days", replace=True))
    try:
        with pipeline:
            pipeline.run()
    except RuntimeError as error:
        return SAID_SO if "a statement failed" in str(error) else ENDED_BADLY
    return ENDED_WELL if pipeline.state == "closed" else ENDED_BADLY


def started(engine: sql.Engine, run: int, repeated: bool) -> int:
    """Start a run, and return its process id."""
    child = os.fork()
    if child:
        return child
    code = ENDED_BADLY
    try:
        code = load(engine, run, repeated)
    finally:
        os._exit(code)


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def content(server: psycopg.Connection[Any]) -> list[tuple[int, int]]:
    """The runs whose rows are in the table, with their number, once the last run's connection is gone."""
    while server.execute("SELECT FROM pg_stat_activity WHERE application_name = 'run'").fetchone():
        time.sleep(0.001)
    return server.execute("SELECT run, count(*) FROM days GROUP BY run").fetchall()


def main(address: str, runs: int, seed: int) -> dict[str, Any]:
    url, drawn = sql.make_url(address), random.Random(seed)
    server = psycopg.connect(host=url.query["host"], user=url.username, dbname=url.database, autocommit=True)
    server.execute("CREATE TABLE days (day INTEGER PRIMARY KEY, run INTEGER)")
    engine = sql.create_engine(url, connect_args={"application_name": "run"})
    load(engine, -10, False)
    engine.dispose()  # a child has its own connection
    began = time.perf_counter()
    assert ended(started(engine, 0, False)) == ENDED_WELL
    longest, before = time.perf_counter() - began, [(0, ROWS)]
    counts: dict[str, int] = dict.fromkeys(("killed", "kept, not reported", "reported", "refused"), 0)
    wrong: list[Any] = []
    for run in range(1, runs + 1):
        repeated = drawn.random() < 0.2
        child = started(engine, run, repeated)
        time.sleep(drawn.uniform(0, longest))
        # The process is not waited for yet, so its number is its own, even if it has ended.
        os.kill(child, signal.SIGKILL)
        code, after = ended(child), content(server)
        mine = [(run, ROWS)]
        right = {ENDED_WELL: [mine], SAID_SO: [before], -signal.SIGKILL: [before, mine]}.get(code, [])
        if after not in right or (repeated and after == mine):
            wrong.append({"run": run, "repeated": repeated, "code": code, "before": before, "after": after})
        counts["killed"] += code == -signal.SIGKILL
        counts["kept, not reported"] += code == -signal.SIGKILL and after == mine
        counts["reported"] += code == ENDED_WELL
        counts["refused"] += code == SAID_SO
        before = after
        # About half of the runs get to their end, however busy the machine is.
        longest *= 1.05 if code == -signal.SIGKILL else 0.95
    server.close()
    return {**counts, "wrong": wrong}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
