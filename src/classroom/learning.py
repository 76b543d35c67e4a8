"""What a class has learnt, by key point: the nine paired questions, from students' exports, without names."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from classroom import records
from classroom.trouble import Trouble
from lessons.study.journal import Line, read_file
from lessons.study.pairs import AFTER, BEFORE, Answers, answers, pairs
from lessons.study.questions import RIGHT
from lessons.words import many


@dataclass(frozen=True)
class Gained:
    """One key point: how many students answered both of its questions, and how many were right each time."""

    name: str
    students: int
    before: int
    after: int

    def shown(self, fewest: int) -> tuple[str, str, str, str]:
        """The number of students, both percentages, and the gain; dashes for fewer students than `fewest`.

        >>> Gained("Leaks", 8, 3, 7).shown(5), Gained("Leaks", 4, 1, 4).shown(5)
        (('8', '38 %', '88 %', '+50'), ('<5', '-', '-', '-'))
        """
        if self.students < fewest:
            return f"<{fewest}", "-", "-", "-"
        before, after = (round(100 * count / self.students) for count in (self.before, self.after))
        return str(self.students), f"{before} %", f"{after} %", f"{after - before:+d}"


def show(folder: Path, to: Path | None, fewest: int) -> None:
    """Print the results of the exports in a folder; with `to`, also write them there as learning.csv.

    Raises `Trouble` if the folder has no exports.
    """
    paths = sorted(folder.rglob("*.jsonl"))
    if not paths:
        raise Trouble(f'There is no export in {folder}. A student makes one: export("my_progress.jsonl").')
    files = []
    for path in paths:
        events, problems = read_file(path)
        if problems:
            _name(path.relative_to(folder), events, problems)
        if events:
            files.append(events)
    class_ = [answers(events) for events in students(files)]
    table = gained(class_)
    both = sum(bool(one.before and one.after) for one in class_)
    number = f"Fewer than {fewest} students" if both < fewest else many(both, "student")
    print(f"{many(len(paths), 'export')}. {number} answered the nine questions before and after the course.")
    print(said(table, fewest))
    if to is not None:
        records.write_text(to / "learning.csv", as_csv(table, fewest))
        print(f"The same numbers as a table are in {to / 'learning.csv'}.")


def students(files: Iterable[list[Line]]) -> list[list[Line]]:
    """The answers to the paired questions, by student.

    Two exports that share an answer are from the same student.
    """
    ids = {pair.asked(when).id for pair in pairs() for when in (BEFORE, AFTER)}
    owner: dict[Line, int] = {}
    found: dict[int, set[Line]] = {}
    for number, events in enumerate(files):
        mine = {event for event in events if event.event == "answer" and event.id in ids}
        for other in {owner[event] for event in mine if event in owner}:
            mine |= found.pop(other)
        found[number] = mine
        owner |= dict.fromkeys(mine, number)
    return [sorted(events, key=lambda event: event.at) for events in found.values()]


def gained(class_: Iterable[Answers]) -> list[Gained]:
    """For each key point, those who answered both of its questions."""
    both = list(class_)
    rows = []
    for pair in pairs():
        given = [(one.before[pair.point], one.after[pair.point]) for one in both
                 if pair.point in one.before and pair.point in one.after]  # fmt: skip
        right = [[before == RIGHT, after == RIGHT] for before, after in given]
        counts = [sum(column) for column in zip(*right, strict=True)] or [0, 0]
        rows.append(Gained(f"{pair.point}. {pair.name.replace('`', '')}", len(given), *counts))
    return rows


def said(table: Iterable[Gained], fewest: int) -> str:
    """The table as it is printed."""
    lines = [f"  {'key point':24}  {'n':>5}  {'before':>6}  {'after':>6}  {'gain':>5}"]
    for one in table:
        count, before, after, gain = one.shown(fewest)
        lines.append(f"  {one.name:24}  {count:>5}  {before:>6}  {after:>6}  {gain:>5}")
    lines.append(
        f"  (n: students who answered both questions of this key point. If fewer than {fewest}, "
        "nothing is shown.\n  before, after: how many of them were right; the gain is in percentage points.)"
    )
    return "\n".join(lines)


def as_csv(table: Iterable[Gained], fewest: int) -> str:
    """The table as CSV text."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["key point", "students", "before", "after", "gain"])
    writer.writerows([one.name, *one.shown(fewest)] for one in table)
    return text.getvalue()


def _name(path: Path, events: list[Line], problems: list[str]) -> None:
    """Say which part of a file could not be read."""
    first = problems[0].partition(": ")[2].removesuffix("; set aside.")
    more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
    rest = "The rest of it counts." if events else "The file does not count."
    print(f"{path}: set aside ({first}{more}). {rest}")
