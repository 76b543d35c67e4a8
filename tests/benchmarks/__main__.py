"""Print the table of ratios; the exit code shows only failures, not speed."""

from __future__ import annotations

import platform
import sys
import time

import checks
import csvjob
import grading
import patterns
import process
import repaint
import sweeping

BENCHES = [
    patterns.run,
    patterns.measured,
    patterns.retried,
    patterns.descriptors,
    process.importing,
    sweeping.points,
    process.memory,
    repaint.repaint,
    csvjob.job,
    checks.checks,
    grading.grading,
]


def main(names: list[str]) -> None:
    """Run the benchmarks with these names (default: all), and print each row as soon as it is known."""
    machine = f"{platform.system()} {platform.machine()}"
    print(f"Python {platform.python_version()} on {machine}; medians of processor time")
    for bench in BENCHES:
        if names and bench.__name__ not in names:
            continue
        began = time.perf_counter()
        print(f"… {bench.__module__}.{bench.__name__}", end="\r", file=sys.stderr, flush=True)
        for row in bench():
            print(row, flush=True)
        print(
            f"  ({bench.__module__}.{bench.__name__} took {time.perf_counter() - began:.0f} s)",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
