"""The report on a class: what it shows is true, and no number under five can be read or worked out of it."""

from __future__ import annotations

import csv
import io
import itertools
import shutil
from pathlib import Path
from types import SimpleNamespace

import coursework
import gradings
import pytest
from coursework import ASSIGNMENT, IDS, answered
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

from classroom import report
from classroom.cli import main
from classroom.course import Course
from classroom.execute import Result
from classroom.intake import Found
from classroom.report import BARS, FEWEST, HIDDEN, bars, held_back, summary
from lessons.exercises import exercises
from lessons.exercises.rules import Asked

FIRST, SECOND = IDS
FULL = {id: gradings.worth(id) for id in IDS}


@pytest.fixture(scope="module")
def beliefs() -> tuple[str, str]:
    from lessons.study.questions import misconceptions

    often, seldom, *_ = misconceptions()
    return often, seldom


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, beliefs: tuple[str, str]) -> Path:
    """Twelve right, nine with one belief, four with another, one forged name, one unreadable."""
    often, seldom = beliefs
    course = coursework.make(tmp_path_factory.mktemp("report") / "course")
    kinds = [(FULL, "")] * 12 + [({FIRST: 1, SECOND: FULL[SECOND]}, often)] * 9
    kinds += [({FIRST: 1}, seldom)] * 4 + [({FIRST: 1}, "<script>alert(1)</script>")]
    with gradings.opened(course) as book:
        for number, (points, belief) in enumerate(kinds):
            student = f"s{number:02}"
            made: Result = gradings.result(book.template, student, points, belief)
            book.enter(Found(student, str(answered({})).encode()), made)
    gradings.refuse(course, "zed", "unreadable", "It is no notebook.")
    return course.root


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Course:
    return Course.read(shutil.copytree(graded, tmp_path / "course"))


def test_what_is_shown_is_true(course: Course, beliefs: tuple[str, str]) -> None:
    one = summary(course, ASSIGNMENT)
    table = {name: dict(zip(one.exercises, counts, strict=True)) for name, counts in one.table}
    assert table["full points"] == {FIRST: 12, SECOND: 21}
    assert table[beliefs[0]] == {FIRST: 9, SECOND: 0}
    assert table[beliefs[1]][FIRST] is None
    assert sum(count for _, _, count in one.bars) == 27
    counts = dict(one.counts)
    assert (counts["submitted"], counts["not submitted"]) == ("27", "0")
    # One could not be graded: who came in time would tell of it.
    assert (counts["in time"], counts["late"]) == (HIDDEN, "0")
    assert counts["needs a person"] == HIDDEN
    points = 12 * sum(FULL.values()) + 9 * (1 + FULL[SECOND]) + 5
    assert one.mean == pytest.approx(points / 27) and one.worth == sum(FULL.values()) + 3


def test_a_belief_that_no_lesson_knows_is_not_repeated(course: Course) -> None:
    assert main(["report", "--course", str(course.root)]) == 0
    for path in (course.root / "report").iterdir():
        assert "alert(1)" not in path.read_text(encoding="utf-8"), path.name


def test_page_table_and_terminal_say_the_same(
    course: Course, capsys: pytest.CaptureFixture[str], beliefs: tuple[str, str], tmp_path: Path
) -> None:
    assert main(["report", ASSIGNMENT, "--course", str(course.root), "--to", str(tmp_path / "to")]) == 0
    said = capsys.readouterr().out
    text = (tmp_path / "to" / f"misconceptions-{ASSIGNMENT}.csv").read_text(encoding="utf-8")
    rows = {row["shown"]: row for row in csv.DictReader(io.StringIO(text))}
    html = (tmp_path / "to" / "report.html").read_text(encoding="utf-8")
    for name, counts in summary(course, ASSIGNMENT).table:
        cells = [HIDDEN if count is None else str(count) for count in counts]
        assert [rows[name][id] for id in IDS] == cells
        assert "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells) in html
        line = next(line for line in said.splitlines() if line.split()[:1] == name.split()[:1])
        assert line.split()[-len(cells) :] == cells
    assert f"{beliefs[0]} in {FIRST}, 9 times" in html
    assert html.count("<img alt=") == 2 and 'src="data:image/png;base64,' in html
    assert "<script" not in html and "://" not in html


def test_an_exercise_of_which_a_part_is_the_answers_word_is_called_weaker(
    course: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [Asked("it closes", 2, []), Asked("its object is gone", 1, [], hearsay=True)]
    monkeypatch.setattr(report, "exercises", lambda: {SECOND: SimpleNamespace(asked=asked)})
    assert main(["report", ASSIGNMENT, "--course", str(course.root)]) == 0
    said = f"{SECOND} is weaker: a hostile submission can deceive the check about part of "
    said += "“its object is gone” (1 point)."
    assert said in capsys.readouterr().out.splitlines()
    assert f"<p>{said}</p>" in (course.root / "report/report.html").read_text(encoding="utf-8")


def test_these_exercises_are_weaker() -> None:
    every = report.ClassSummary("all", exercises=tuple(exercises()))
    assert [said.partition(" is weaker: ")[0] for said in every.weaker] == [
        "descriptors-x3", "descriptors-x5", "decorators-x4", "composition-x1", "composition-x4",
        "composition-x5",
    ]  # fmt: skip


def test_a_class_under_five_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = coursework.make(tmp_path / "course")
    for student in ("ada", "bob", "cem", "dov"):
        gradings.enter(course, student, FULL)
    assert main(["report", "--course", str(course.root)]) == 0
    assert "leaks: Fewer than 5 submissions: nothing is shown." in capsys.readouterr().out
    assert [path.name for path in (course.root / "report").iterdir()] == ["report.html"]
    assert "<img" not in (course.root / "report/report.html").read_text(encoding="utf-8")


def test_before_a_grading_it_says_what_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = coursework.make(tmp_path / "course")
    assert main(["report", "--course", str(course.root)]) == 1
    assert "No assignment was graded yet" in capsys.readouterr().err


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=2, max_size=7).filter(lambda counts: sum(counts) >= FEWEST))
def test_held_back_numbers_stand_for_five_or_more(counts: list[int]) -> None:
    shown = held_back(counts)
    assert all(one is None or one == count for one, count in zip(shown, counts, strict=True))
    assert not any(one is not None and 0 < one < FEWEST for one in shown)
    hidden = [count for one, count in zip(shown, counts, strict=True) if one is None]
    assert not hidden or (len(hidden) >= 2 and sum(hidden) >= FEWEST)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_no_held_back_number_under_five_can_be_worked_out(size: int) -> None:
    """Whoever knows the total and how numbers are held back still has more than one for each to choose of."""
    possible: dict[tuple[int, tuple[int | None, ...]], list[tuple[int, ...]]] = {}
    for counts in itertools.product(range(13), repeat=size):
        if FEWEST <= sum(counts) <= 12:
            possible.setdefault((sum(counts), tuple(held_back(counts))), []).append(counts)
    told = [
        (total, shown, place)
        for (total, shown), fitting in possible.items()
        for place, one in enumerate(shown)
        if one is None and len({counts[place] for counts in fitting}) == 1
        and 0 < fitting[0][place] < FEWEST
    ]  # fmt: skip
    assert told == []


@settings(max_examples=300, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=FEWEST, max_size=60))
def test_bars_hold_nobody_or_five_and_together_everybody(shares: list[float]) -> None:
    made = bars(shares)
    assert sum(count for _, _, count in made) == len(shares)
    assert all(count == 0 or count >= FEWEST for _, _, count in made)
    assert [low for low, _, _ in made] == [0, *(high for _, high, _ in made[:-1])] and made[-1][1] == BARS
