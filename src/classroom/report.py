"""`classroom report`: how a class did, and which misconceptions it had, without naming any student.

Numbers under five are hidden. Other numbers are hidden, too, so that the small ones cannot be worked out. If
numbers with a known sum are hidden, there are at least two, and together they are five or more.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classroom import late, learning, progress, records, term
from classroom.course import Course, add_option
from classroom.gradebook import gradebook
from classroom.trouble import Trouble
from lessons.exercises import exercises
from lessons.words import listed, many

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST = 5
"""The smallest number of students that is shown."""

HIDDEN = "<5?"
"""The sign in place of a number that is hidden."""

RULE = (
    f"A number under {FEWEST} is not shown, and neither are numbers from which it could be worked out: both "
    f"appear as “{HIDDEN}”. A bar has at least five submissions."
)

FULL, NOTHING, OTHER = "full points", "not begun or not run", "something else"

BARS = 10
"""How many bars the points are divided into, before small bars are joined."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom report`."""
    parser.description = (
        "Write report.html, with figures, and one table for each graded assignment: submissions, points, "
        f"misconceptions. Numbers under {FEWEST} are hidden."
    )
    parser.add_argument("assignment", nargs="*", metavar="ASSIGNMENT", help="which (default: all graded)")
    parser.add_argument("--to", type=Path, metavar="DIR", help="the folder (default: report in the course)")
    parser.add_argument(
        "--learning", type=Path, metavar="FOLDER",
        help="show what the class learnt, from a folder of exports; with --to, also write learning.csv",
    )  # fmt: skip
    add_option(parser)


def run(given: argparse.Namespace) -> int:
    """Write the report, and print it in short."""
    if given.learning is not None:
        learning.show(given.learning, given.to, FEWEST)
        if not given.assignment:
            return 0
    course = Course.read(given.course)
    summaries = [summary(course, name) for name in records.graded(course, given.assignment)]
    folder = given.to or course.root / "report"
    for one in summaries:
        print(one)
        if not one.withheld:
            records.write_text(folder / f"misconceptions-{one.name}.csv", one.as_csv())
    records.write_text(folder / "report.html", html(course, summaries))
    print(f"The report with figures is {folder / 'report.html'}.")
    return 0


def held_back(counts: Sequence[int]) -> list[int | None]:
    """Counts that add up to a known number, with None for those that are hidden.

    Either no count is hidden, or at least two, which together are `FEWEST` or more. The result does not show
    which of them are small.

    >>> held_back([20, 3, 7]), held_back([20, 0, 7]), held_back([3, 2, 20])
    ([20, None, None], [20, 0, 7], [None, None, 20])
    """
    hidden = {number for number, count in enumerate(counts) if 0 < count < FEWEST}
    rest = sorted((count, number) for number, count in enumerate(counts) if number not in hidden)
    # Hiding a zero protects no student, so zeros are hidden last.
    rest = [one for one in rest if one[0]] + [one for one in rest if not one[0]]
    while hidden and rest and (len(hidden) < 2 or sum(counts[one] for one in hidden) < FEWEST):
        hidden.add(rest.pop(0)[1])
    return [None if number in hidden else count for number, count in enumerate(counts)]


def shown(count: int | None) -> str:
    """A count in printed form."""
    return HIDDEN if count is None else str(count)


def bars(shares: Iterable[float]) -> list[tuple[int, int, int]]:
    """Shares of the points, 0 to 1, counted in bars of at least `FEWEST`: from, to (in tenths), how many.

    >>> bars([0.05] * 6 + [0.95] * 3 + [1.0] * 4)
    [(0, 1, 6), (1, 10, 7)]
    """
    counted = Counter(min(BARS - 1, max(0, int(share * BARS + 1e-9))) for share in shares)
    made: list[tuple[int, int, int]] = []
    start, count = 0, 0
    for number in range(BARS):
        count += counted[number]
        # A bar ends when it holds enough. An empty bar of its own is allowed only where it reveals nothing.
        if count >= FEWEST:
            made.append((start, number + 1, count))
            start, count = number + 1, 0
    if start < BARS:
        if made and count:
            first, _, before = made.pop()
            made.append((first, BARS, before + count))
        elif not count:
            made.append((start, BARS, 0))
    return made


@dataclass(frozen=True)
class ClassSummary:
    """The report on one assignment; `withheld` says why nothing is shown, or is "".

    counts: submissions by status. bars: see `bars`. table: for each result of the checks, a count for each
    exercise, None if it is hidden.
    """

    name: str
    withheld: str = ""
    counts: tuple[tuple[str, str], ...] = ()
    worth: float = 0
    mean: float = 0
    bars: tuple[tuple[int, int, int], ...] = ()
    exercises: tuple[str, ...] = ()
    table: tuple[tuple[str, tuple[int | None, ...]], ...] = ()

    def __str__(self) -> str:
        if self.withheld:
            return f"{self.name}: {self.withheld}"
        lines = [f"{self.name}: " + ", ".join(f"{name} {count}" for name, count in self.counts) + "."]
        lines.append(self.points_said)
        width = max(len(name) for name, _ in self.table)
        columns = [max(len(id), 4) for id in self.exercises]
        ids = "  ".join(id.rjust(size) for id, size in zip(self.exercises, columns, strict=True))
        lines.append(f"  {'':{width}}  {ids}")
        for name, counts in self.table:
            cells = [shown(count).rjust(size) for count, size in zip(counts, columns, strict=True)]
            lines.append(f"  {name:{width}}  " + "  ".join(cells))
        lines.append(
            f"  ({HIDDEN}: a number under {FEWEST}, or hidden so that such a number cannot be worked out.)"
        )
        return "\n".join([*lines, *self.weaker])

    @property
    def weaker(self) -> list[str]:
        """A sentence for each exercise in which some points rest on reports of the answer's own process."""
        known = exercises()
        asked = {id: known[id].asked if id in known else () for id in self.exercises}
        weak = {
            id: [f"“{one.name}” ({many(one.points, 'point')})" for one in asked[id] if one.hearsay]
            for id in asked
        }
        return [
            f"{id} is weaker: a hostile submission can deceive the check about part of {listed(names)}."
            for id, names in weak.items()
            if names
        ]

    @property
    def points_said(self) -> str:
        """The distribution of points in words."""
        parts = [f"{10 * low} to {10 * high} % of the points: {count}" for low, high, count in self.bars]
        return f"Mean {self.mean:.1f} of {self.worth:g}. " + ", ".join(parts) + "."

    def as_csv(self) -> str:
        """The table of results as CSV text."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["shown", "belief", *self.exercises])
        for name, counts in self.table:
            writer.writerow([name, _told(name), *map(shown, counts)])
        return text.getvalue()


def summary(course: Course, assignment: str) -> ClassSummary:
    """The report on an assignment. Raises `Trouble` if a record cannot be read."""
    from nbgrader.api import MissingEntry

    recorded = records.read(course, assignment)
    if len(recorded) < FEWEST:
        return ClassSummary(assignment, f"Fewer than {FEWEST} submissions: nothing is shown.")
    with gradebook(course) as book:
        late.settled(book, course)
        roster = term.enrolments(book, course)
        fined = {student for (name, student), one in late.lates(book, course).items()
                 if name == assignment and one.percent}  # fmt: skip
        try:
            worth = float(book.find_assignment(assignment).max_score)
        except MissingEntry:
            raise Trouble(
                f"{assignment} has records, but is not in {course.gradebook}: `classroom grade {assignment} "
                "--again` writes both."
            ) from None
        there = {one.student.id: one for one in book.assignment_submissions(assignment)}
        gone = {student for student, one in roster.items() if one.dropped}
        enrolled = len({student.id for student in book.students} - gone | set(recorded))
        scores: list[float] = []
        people = 0
        for student, record in progress.shown(recorded.items(), len(recorded), f"students in {assignment}"):
            if student in there:
                scores.append(_score(there[student]))
            people += records.flag(record, there.get(student)) == records.NEEDS_PERSON
    table = _table(recorded.values())
    return ClassSummary(
        assignment,
        counts=_counts(recorded.values(), enrolled, people, fined if course.late.penalty else None),
        worth=worth,
        mean=sum(scores) / len(scores) if scores else 0,
        bars=tuple(bars(score / worth if worth else 0 for score in scores)),
        exercises=tuple(table),
        table=_rows(table),
    )


def _score(submission: Any) -> float:
    """A submission's points, without the late penalty."""
    return max(0.0, float(submission.score) - float(submission.late_submission_penalty or 0))


def _counts(
    recorded: Iterable[Mapping[str, Any]], enrolled: int, people: int, fined: set[str] | None
) -> tuple[tuple[str, str], ...]:
    """The submissions by status. Each number is part of a known sum: all submissions, or all students.

    fined: the students with a late penalty; None if the course has no penalties.
    """
    came = Counter(_arrived(record, fined or set()) for record in recorded)
    submitted = came.total()
    missing = enrolled - submitted
    kinds = ("graded", "late", "problem") if fined is None else ("graded", "late", "problem", "fined")
    in_time, delayed, problem, *penalty = held_back([came[kind] for kind in kinds])
    person = held_back([people, submitted - people])[0]
    # The number of submissions is shown, so the number of missing ones is hidden if it is small.
    return (
        ("submitted", str(submitted)),
        ("not submitted", HIDDEN if 0 < missing < FEWEST else str(missing)),
        ("in time", shown(in_time)),
        ("late" if fined is None else "late without a penalty", shown(delayed)),
        *(("late with a penalty", shown(count)) for count in penalty),
        ("misnamed, or not graded", shown(problem)),
        ("needs a person", shown(person)),
    )


def _arrived(record: Mapping[str, Any], fined: set[str]) -> str:
    if record["status"] not in ("graded", "late"):
        return "problem"
    return "fined" if record["status"] == "late" and record["student"] in fined else str(record["status"])


def _table(recorded: Iterable[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """For each exercise, how many submissions had which result."""
    table: dict[str, Counter[str]] = {}
    total = 0
    for record in recorded:
        total += 1
        for id, score in record["exercises"].items():
            table.setdefault(id, Counter())[_under(score)] += 1
    for counted in table.values():
        # A record made before the exercise was added says nothing about it.
        counted[NOTHING] += total - counted.total()
    return table


def _under(score: Mapping[str, Any]) -> str:
    from lessons.study.questions import misconceptions

    if score["status"] in ("missing", "not run"):
        return NOTHING
    if score["points"] >= score["worth"]:
        return FULL
    belief = score.get("belief")
    # A stored verdict may contain any text: only misconceptions that the kit knows are counted.
    return belief if isinstance(belief, str) and belief in misconceptions() else OTHER


def _rows(table: Mapping[str, Counter[str]]) -> tuple[tuple[str, tuple[int | None, ...]], ...]:
    names = {name for counted in table.values() for name in counted} - {FULL, NOTHING, OTHER}
    often = {name: sum(counted[name] for counted in table.values()) for name in names}
    beliefs = sorted(names, key=lambda name: (-often[name], name))
    order = [FULL, NOTHING, *beliefs, OTHER]
    columns = [held_back([counted[name] for name in order]) for counted in table.values()]
    return tuple(zip(order, zip(*columns, strict=True), strict=True))


def _told(name: str) -> str:
    from lessons.study.questions import misconceptions

    known = misconceptions().get(name)
    return known.belief if known else ""


def html(course: Course, summaries: Sequence[ClassSummary]) -> str:
    """The report as one page that contains its figures."""
    from classroom.pages import page

    return page(
        "report.html",
        title=f"{course.name}: how the class did",
        course=course.name,
        rule=RULE,
        hidden=HIDDEN,
        assignments=[_section(one) for one in summaries],
    )


def _section(one: ClassSummary) -> dict[str, Any]:
    from markupsafe import Markup

    from lessons.study.cards import inline

    about: dict[str, Any] = {"name": one.name, "withheld": one.withheld}
    if one.withheld:
        return about
    return about | {
        "counts": one.counts,
        "points_said": one.points_said,
        "points_drawn": _drawn(points_figure(one), f"Bars: {one.points_said}"),
        "beliefs_drawn": _drawn(beliefs_figure(one), _beliefs_said(one)),
        "exercises": one.exercises,
        "weaker": one.weaker,
        "rows": [
            (name, Markup(inline(_told(name))), [shown(count) for count in counts])
            for name, counts in one.table
        ],
    }


def _beliefs_said(one: ClassSummary) -> str:
    most = sorted(
        ((count, name, id) for name, counts in one.table
         for id, count in zip(one.exercises, counts, strict=True) if count and name not in (FULL, NOTHING)),
        reverse=True,
    )[:3]  # fmt: skip
    said = "; ".join(f"{name} in {id}, {count} times" for count, name, id in most)
    return "Heat map of the checks' results, by exercise; the table below says the same. " + (
        f"Most often: {said}." if said else "No misconception was seen often enough to be shown."
    )


def _drawn(figure: Figure, alt: str) -> Any:
    from classroom.pages import picture

    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110, metadata={"Software": None})
    return picture(data.getvalue(), alt)


def points_figure(one: ClassSummary) -> Figure:
    """The distribution of points; a bar's width is the range that it covers, and its area is its count."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    for low, high, count in one.bars:
        height = count / (high - low)
        axes.bar(low * 10, height, (high - low) * 10, align="edge", color="#0072B2", edgecolor="white")
        axes.annotate(str(count), (5 * (low + high), height), ha="center", va="bottom", fontsize=9)
    axes.set_xlim(0, 100)
    axes.set_xticks(range(0, 101, 10))
    axes.margins(y=0.15)
    axes.set_xlabel("share of the points, in %")
    axes.set_ylabel("submissions per 10 %")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def beliefs_figure(one: ClassSummary) -> Figure:
    """The checks' results by exercise: a number in each field, hatching if it is hidden."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    names = [name for name, _ in one.table]
    figure = Figure(
        figsize=(max(7, 3.4 + 0.9 * len(one.exercises)), 1.3 + 0.32 * len(names)), layout="constrained"
    )
    axes = figure.subplots()
    field = [[count or 0 for count in counts] for _, counts in one.table]
    most = max(max(row) for row in field) or 1
    axes.imshow(field, cmap="Blues", vmin=0, vmax=most, aspect="auto")
    for y, (_, counts) in enumerate(one.table):
        for x, count in enumerate(counts):
            if count is None:
                place = (x - 0.5, y - 0.5)
                axes.add_patch(Rectangle(place, 1, 1, fill=False, hatch="////", edgecolor="#8a94a0", lw=0))
            else:
                color = "white" if count > most / 2 else "black"
                axes.text(x, y, str(count), ha="center", va="center", fontsize=9, color=color)
    # Thin lines between the fields, so that a white field can be seen as a field, too.
    axes.set_xticks([x - 0.5 for x in range(1, len(one.exercises))], minor=True)
    axes.set_yticks([y - 0.5 for y in range(1, len(names))], minor=True)
    axes.grid(which="minor", color="#8a94a0", linewidth=0.6)
    axes.tick_params(which="minor", length=0)
    axes.set_xticks(range(len(one.exercises)), one.exercises, rotation=30, ha="right", fontsize=9)
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_xlabel("submissions by the check's result; hatched: hidden", fontsize=9)
    return figure
