"""The matrix: every solution with the verdict of its check, as a table and as a picture."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from classroom import survivors
from classroom.solutions import Solution, solutions, untouched
from classroom.trouble import Trouble
from lessons.exercises import Exercise, Variant, exercises
from lessons.judge.trial import examine
from lessons.judge.verdict import Verdict
from lessons.words import many


@dataclass(frozen=True)
class Row:
    """One exercise: its solutions with their verdicts, and the check's verdict on the stub."""

    exercise: Exercise
    judged: tuple[tuple[Solution, Verdict], ...]
    stub: str

    @property
    def astray(self) -> list[str]:
        """A sentence for each solution whose verdict is not as it should be."""
        said = []
        for solution, verdict in self.judged:
            if solution.right and verdict.status != "correct":
                said.append(f"{solution} is right, but the check says {verdict.status}.")
            if not solution.right and not _rejected(solution, verdict):
                named, asked = (one or "no misconception" for one in (verdict.belief, solution.named))
                said.append(
                    f"{solution} is wrong, but the check says {verdict.status}, {named}. "
                    f"Its file name asks for {asked}."
                )
        if self.stub != "missing":
            said.append(f"{self.exercise.id}: the stub is {self.stub}, not missing.")
        unfailed = set(self.exercise.aspects) - {
            aspect.name for _, verdict in self.judged for aspect in verdict.aspects if not aspect.holds
        }
        return said + [f"{self.exercise.id}: no wrong solution fails “{name}”." for name in sorted(unfailed)]

    def cells(self) -> list[str]:
        """The row of the table."""
        right = [verdict.status == "correct" for solution, verdict in self.judged if solution.right]
        wrong = [_rejected(solution, verdict) for solution, verdict in self.judged if not solution.right]
        beliefs = {solution.belief for solution, _ in self.judged if not solution.right}
        return [
            self.exercise.id, self.exercise.kind, str(self.exercise.worth), str(len(self.exercise.aspects)),
            f"{sum(right)} of {len(right)}", f"{sum(wrong)} of {len(wrong)}", str(len(beliefs)), self.stub,
        ]  # fmt: skip


def _rejected(solution: Solution, verdict: Verdict) -> bool:
    """Whether a wrong solution is rejected, and its verdict names the belief that it must name."""
    return verdict.status != "correct" and verdict.belief == solution.named


HEAD = ["exercise", "kind", "points", "aspects", "right accepted", "wrong rejected", "beliefs", "stub"]


def matrix(folder: Path, variant: str = "kit", only: Iterable[str] = ()) -> list[Row]:
    """Judge all solutions in `folder`, exercise by exercise."""
    wanted = set(only)
    rows = []
    for exercise in exercises().values():
        if wanted and exercise.id not in wanted:
            continue
        judged = tuple((one, one.judged(variant)) for one in solutions(folder, [exercise.id]))
        stub = examine(exercise, untouched(exercise, variant), Variant(variant)).status
        rows.append(Row(exercise, judged, stub))
    return rows


def table(rows: list[Row]) -> str:
    """The matrix as text, one line for each exercise, with a last line of sums."""
    sides = [solution.right for row in rows for solution, _ in row.judged]
    points = str(sum(row.exercise.worth for row in rows))
    sums = [str(sides.count(True)), str(sides.count(False)), str(len(_beliefs(rows)))]
    return aligned(
        [HEAD, *(row.cells() for row in rows), [many(len(rows), "exercise"), "", points, "", *sums, ""]]
    )


def mutants_table(rows: list[survivors.Row]) -> str:
    """The results of all mutants, one line for each exercise, with a last line of sums."""
    cells = [row.cells() for row in rows]
    sums = [str(sum(map(int, column))) for column in list(zip(*cells, strict=True))[1:-1]]
    seconds = sum(row.seconds for row in rows)
    return aligned([survivors.HEAD, *cells, ["in all", *sums, f"{seconds:.0f} s"]])


def aligned(cells: list[list[str]]) -> str:
    """Rows of a table as text; the first one is its head."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_aligned(line, widths) for line in cells]
    return "\n".join([lines[0], _aligned(["-" * width for width in widths], widths), *lines[1:]])


def _aligned(cells: list[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _beliefs(rows: list[Row]) -> Counter[str]:
    return Counter(solution.belief for row in rows for solution, _ in row.judged if not solution.right)


def picture(rows: list[Row], path: Path) -> None:
    """Draw, for each exercise, how many of its wrong solutions show which misconception.

    path: the file to write; its ending chooses the format, such as ".svg" or ".png".
    """
    from matplotlib.figure import Figure

    beliefs = list(_beliefs(rows))
    counts = [Counter(one.belief for one, _ in row.judged if not one.right) for row in rows]
    figure = Figure(figsize=(2.6 + 0.36 * len(rows), 1.6 + 0.23 * len(beliefs)), layout="constrained")
    axes = figure.subplots()
    shades = [[count[belief] for count in counts] for belief in beliefs]
    most = max(map(max, shades), default=0)
    axes.imshow(shades, cmap="Blues", vmin=0, aspect="auto")
    for x, count in enumerate(counts):
        for y, belief in enumerate(beliefs):
            if count[belief]:
                color = "white" if count[belief] > most / 2 else "black"
                axes.text(x, y, str(count[belief]), ha="center", va="center", fontsize=8, color=color)
    axes.set_xticks(range(len(rows)), [row.exercise.id for row in rows], rotation=60, ha="right", fontsize=8)
    axes.set_yticks(range(len(beliefs)), beliefs, fontsize=8)
    axes.set_title("Wrong solutions that each check rejects by name", fontsize=10)
    figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom matrix`."""
    parser.add_argument("exercise", nargs="*", help="which exercises (default: all)")
    parser.add_argument("--solutions", type=Path, metavar="DIR", help="their folder (default: the kit's)")
    parser.add_argument("--variant", default="kit", help="the course's variant (default: kit)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="also draw it, for example matrix.png")
    parser.add_argument(
        "--mutants",
        action="store_true",
        help="change each right solution by one step, and judge the changed ones",
    )
    parser.add_argument(
        "--save", type=Path, metavar="DIR", help="write each mutant that survives and is not listed into DIR"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the matrix; return 1 if a solution does not get the verdict that it should get."""
    from lessons.desk import workcopy as desk

    folder = arguments.solutions or desk.course() / "exercises" / "solutions"
    if not folder.is_dir():
        raise Trouble(f"There is no folder {folder}: give the folder of the solutions with --solutions DIR.")
    unknown = [id for id in arguments.exercise if id not in exercises()]
    if unknown:
        raise Trouble(f"There is no exercise {unknown[0]!r}. There are {', '.join(exercises())}.")
    if arguments.mutants:
        return _mutants(folder, arguments.exercise, arguments.save)
    rows = matrix(folder, arguments.variant, arguments.exercise)
    print(table(rows))
    if arguments.picture:
        picture(rows, arguments.picture)
        print(f"The picture is in {arguments.picture}.")
    astray = [sentence for row in rows for sentence in row.astray]
    print(*astray, sep="\n", end="\n" if astray else "")
    return 1 if astray else 0


def _mutants(folder: Path, only: list[str], save: Path | None) -> int:
    """Print the results of the mutants; return 1 if one survives that is not listed."""
    live, said = sys.stderr.isatty(), [time.monotonic()]

    def say(line: str) -> None:
        if time.monotonic() - said[0] > 2:
            said[0] = time.monotonic()
            print(f"\r\x1b[2K{line}" if live else line, end="" if live else "\n", file=sys.stderr, flush=True)

    rows = survivors.judged(folder, only, say=say)
    print("\r\x1b[2K" if live else "", end="", file=sys.stderr, flush=True)
    for row in rows:
        print(*survivors.told(row), sep="\n", end="\n" if row.survivors else "")
    print(mutants_table(rows))
    print(*survivors.stale(rows), sep="\n", end="\n" if survivors.stale(rows) else "")
    if save:
        survivors.save(rows, save)
        print(f"The survivors that are not listed are in {save}.")
    return 1 if any(row.survivors for row in rows) else 0
