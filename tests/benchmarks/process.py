"""Measurements that need a process of their own: importing, and peak memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from measuring import Row

CHAIN = """
import resource, sys
from lifecycle import PipelineContext
from lifecycle.stages import Filter, Normalise

class Days:
    def stream(self):
        for day in range(int(sys.argv[1])):
            yield {"day": day, "temp_max": 12.8}

class Nowhere:
    def write(self, record):
        pass

chain = [Filter("temp_max"), Normalise("temp_max", 16.4, 7.3)]
with PipelineContext(Days(), chain, Nowhere()) as pipeline:
    pipeline.run()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def importing() -> Iterator[Row]:
    def seconds(code: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - began

    pairs = [
        (seconds("import lifecycle"), seconds("import contextlib, functools, logging")) for _ in range(31)
    ]
    ratios = statistics.median(ours for ours, _ in pairs) / statistics.median(theirs for _, theirs in pairs)
    yield Row("import lifecycle : import contextlib, functools, logging (processes)", ratios, 1.5)


def memory() -> Iterator[Row]:
    def peak(records: int) -> int:
        done = subprocess.run(
            [sys.executable, "-c", CHAIN, str(records)], check=True, capture_output=True, text=True
        )
        return int(done.stdout)

    few = statistics.median(peak(10_000) for _ in range(5))
    many = peak(10_000_000)
    yield Row("peak memory, 10,000,000 records : 10,000 records", many / few, 1.02)
