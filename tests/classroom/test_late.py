"""Late days, extensions and second submissions: one rule, and nothing that a person entered is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import coursework
import gradings
import pytest
from coursework import ASSIGNMENT, IDS, answered
from nbgrader.api import Gradebook

from classroom import history, records
from classroom.cli import main
from classroom.course import Course, parsed
from classroom.execute import ungraded
from classroom.export import rows
from classroom.intake import Found
from classroom.late import shares
from classroom.trouble import Trouble

FIRST = IDS[0]
FULL = {id: gradings.worth(id) for id in IDS}
MOST = sum(FULL.values())
OPEN = f"{ASSIGNMENT}-open"


def made(
    tmp_path: Path, late: str = "budget = 1\npenalty = 10\nat_most = 50", counts: str = "last"
) -> Course:
    """A course with the deadline of 24 November, a rule for late work, and two students."""
    course = coursework.make(tmp_path / "course")
    text = course.file.read_text(encoding="utf-8")
    text = text.replace('deadline = ""', 'deadline = "2026-11-24 12:00"')
    text = text.replace("budget = 0\npenalty = 0\nat_most = 100", late)
    text = text.replace('counts = "last"', f'counts = "{counts}"')
    course.file.write_text(text, encoding="utf-8")
    course = Course.read(course.root)
    for student in ("ada", "bob"):
        gradings.name(course, student, student.title(), "X")
    return course


def extended(course: Course, *words: str) -> int:
    return main(["extend", ASSIGNMENT, *words, "--course", str(course.root)])


def row(course: Course, student: str = "ada") -> dict[str, str]:
    return next(one for one in rows(course, [ASSIGNMENT]) if one["student_id"] == student)


def page(course: Course, student: str = "ada") -> str:
    assert main(["feedback", ASSIGNMENT, "--student", student, "--course", str(course.root)]) == 0
    return (course.root / "feedback" / student / f"{ASSIGNMENT}.html").read_text(encoding="utf-8")


def test_two_days_late_one_covered_is_said_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = made(tmp_path)
    record = gradings.enter(course, "ada", FULL, timestamp="2026-11-25 13:00:00 UTC")
    assert (record["status"], record["late_seconds"]) == ("late", 90_000)
    said = "2 days late, 1 covered by the budget, \N{MINUS SIGN}10 %"
    found = row(course)
    assert found["late"] == said
    assert float(found["late_submission_penalty"]) == pytest.approx(MOST / 10)
    assert float(found["score"]) == pytest.approx(MOST * 0.9)
    text = page(course)
    assert said in text
    assert said.replace("the budget", "your budget") in text
    for number in range(5):
        gradings.enter(course, f"s{number}", FULL, timestamp="2026-11-29 13:00:00 UTC")
    main(["report", "--course", str(course.root)])
    assert "late with a penalty 6" in capsys.readouterr().out


def test_a_penalty_follows_the_points_that_a_person_gives(tmp_path: Path) -> None:
    course = made(tmp_path)
    gradings.enter(course, "ada", FULL, timestamp="2026-11-25 13:00:00 UTC", answers={OPEN: "Because."})
    gradings.decide(course, "ada", 3, OPEN)
    assert float(row(course)["score"]) == pytest.approx((MOST + 3) * 0.9)
    with Gradebook(course.gradebook_url) as book:
        penalty = book.find_submission(ASSIGNMENT, "ada").late_submission_penalty
    assert penalty == pytest.approx((MOST + 3) / 10)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_an_extension_counts_before_and_after_a_submission(
    tmp_path: Path, before: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    course = made(tmp_path)
    if before:
        assert extended(course, "ada", "--by", "1d", "--because", "ill") == 0
    gradings.enter(course, "ada", FULL, timestamp="2026-11-25 13:00:00 UTC")
    if not before:
        assert extended(course, "ada", "--by", "1d", "--because", "ill", "--dry-run") == 0
        assert row(course)["late"].startswith("2 days")
        assert extended(course, "ada", "--by", "1d", "--because", "ill") == 0
        out = capsys.readouterr().out
        moved = (
            "2 days late, 1 covered by the budget, \N{MINUS SIGN}10 % → 1 day late, 1 covered by the budget"
        )
        assert out.count(f"ada, {ASSIGNMENT}: {moved}") == 2
    assert row(course)["late"] == "1 day late, 1 covered by the budget"
    assert float(row(course)["score"]) == MOST
    assert records.read(course, ASSIGNMENT)["ada"]["late_seconds"] == 3600
    # Grading finds nothing to do, and the same command once more changes nothing.
    with gradings.opened(course) as book:
        data = course.submitted("ada", ASSIGNMENT).read_bytes()
        assert book.done(Found("ada", data, timestamp="2026-11-25 13:00:00 UTC"), True)
    stored = records.read(course, ASSIGNMENT)
    assert extended(course, "ada", "--by", "1d") == 0
    assert records.read(course, ASSIGNMENT) == stored
    assert extended(course, "ada", "--until", "2026-11-25 13:00") == 0
    assert row(course)["late"] == ""
    assert records.read(course, ASSIGNMENT)["ada"]["status"] == "graded"
    assert extended(course, "ada", "--remove") == 0
    assert row(course)["late"].startswith("2 days")


def test_the_extensions_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = made(tmp_path)
    extended(course, "ada", "bob", "--by", "36h", "--because", "a  field\ttrip")
    capsys.readouterr()
    assert extended(course) == 0
    out = capsys.readouterr().out
    assert "ada: 1 d 12 h more, until 2026-11-26 00:00 UTC, given " in out
    assert ": a field trip\n" in out
    assert out.endswith(f"2 extensions for {ASSIGNMENT}.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ada",), "Add --by 2d"),
        (("--by", "2d"), "Name the students"),
        (("adda", "--by", "2d"), "no student 'adda' (did you mean ada?)"),
        (("ada", "--by", "two days"), "--by is 'two days'; allowed is a whole number"),
        (("ada", "--by", "0d"), "from 1 minute to 366 days"),
        (("ada", "--by", "999d"), "from 1 minute to 366 days"),
        (("ada", "--until", "tomorrow"), "--until is 'tomorrow'; allowed is a day and a time"),
        (("ada", "--until", "2026-11-20 12:00"), "not after the deadline, 2026-11-24 12:00 UTC"),
        (("--section", "B", "--by", "2d"), "section 'B'. The sections are: none"),
    ],
)
def test_what_cannot_be_meant_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert extended(made(tmp_path), *words) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("budget = -1", "budget is -1; allowed is a whole number from 0 to 365"),
        ("penalty = 101", "penalty is 101; allowed is a whole number from 0 to 100"),
        ("days = 1", "there is no key 'days'; allowed is budget, penalty, at_most"),
    ],
)
def test_a_rule_that_does_not_fit_is_named_with_its_line(line: str, said: str) -> None:
    head = f'format = 1\nname = "A"\nterm = "{coursework.TERM}"\ncounts = "last"\n'
    tail = '[assignments.leaks]\nexercises = ["leaks-x1"]\n'
    with pytest.raises(Trouble, match=f"line 6: {said}"):
        parsed(f"{head}[late]\n{line}\n{tail}", Path())
    with pytest.raises(Trouble, match='line 4: counts is \'first\'; allowed is "last" or "best"'):
        parsed(head.replace("last", "first") + tail, Path())


def test_the_budget_is_used_in_the_order_of_the_deadlines(tmp_path: Path) -> None:
    rule = made(tmp_path, "budget = 3\npenalty = 20\nat_most = 30").late
    found = shares(rule, {"a": 100_000, "b": 0, "c": 86_400, "d": 1, "e": 300_000})
    assert {name: (one.days, one.covered, one.percent) for name, one in found.items()} == {
        "a": (2, 2, 0), "c": (1, 1, 0), "d": (1, 0, 20), "e": (4, 0, 30),
    }  # fmt: skip


def again(course: Course, points: dict[str, int], opened: str = "Because.", **about: Any) -> dict[str, Any]:
    """Hand in and grade one more submission, as collect and grade do."""
    answers = {OPEN: opened, FIRST: f"# {points}"}
    data = json.dumps(answered(answers)).encode()
    place = course.submitted("ada", ASSIGNMENT)
    if place.parent.is_dir():
        history.put_aside(course, ASSIGNMENT, "ada")
    coursework.submit(course, "ada", data)
    return gradings.enter(course, "ada", points, data=data, answers=answers, **about)


def decided(course: Course, cell: str) -> tuple[float | None, bool]:
    with Gradebook(course.gradebook_url) as book:
        grade = book.find_grade(cell, ASSIGNMENT, ASSIGNMENT, "ada")
        return grade.manual_score, grade.needs_manual_grade


def test_points_by_hand_stay_and_a_new_open_answer_is_read_again(tmp_path: Path) -> None:
    course = made(tmp_path)
    again(course, {FIRST: 1})
    gradings.decide(course, "ada", 2, OPEN, "Well said.")
    again(course, FULL)
    assert decided(course, OPEN) == (2, False)
    assert row(course)["flag"] == ""
    again(course, FULL, "Something else.")
    assert decided(course, OPEN) == (2, True)
    assert row(course)["flag"] == records.BY_HAND
    # Nothing of the earlier ones is lost.
    kept = list(history.folders(course, ASSIGNMENT, "ada"))
    assert [one.name for one in kept] == ["1", "2"]
    first, second = (json.loads((one / "grades.json").read_text()) for one in kept)
    assert first["points"][OPEN] == second["points"][OPEN] == {"auto": None, "by_hand": 2}
    assert second["comments"] == {OPEN: "Well said."}
    assert json.loads((kept[0] / "record.json").read_text())["exercises"][FIRST]["points"] == 1
    assert all((one / "graded.ipynb").is_file() and (one / "submitted").is_dir() for one in kept)
    assert "You submitted 3 times." in page(course)


def test_the_best_counts_and_the_other_one_is_kept(tmp_path: Path) -> None:
    course = made(tmp_path, counts="best")
    again(course, FULL)
    best = course.submitted("ada", ASSIGNMENT).read_bytes()
    told = again(course, {FIRST: 1}, "New words.")
    assert "Another submission counts" in told["note"]
    assert float(row(course)["score"]) == MOST
    assert course.submitted("ada", ASSIGNMENT).read_bytes() == best
    with gradings.opened(course) as book:
        assert book.done(Found("ada", best), True)
    kept = list(history.folders(course, ASSIGNMENT, "ada"))
    assert [json.loads((one / "record.json").read_text())["exercises"][FIRST]["points"] for one in kept] == [
        1
    ]
    assert "it has the most points: the checks gave 1 to the other" in page(course)
    # A better one takes its place; one that is as good, but late, does not.
    again(course, FULL, "Late words.", timestamp="2026-11-28 12:00:00 UTC")
    assert row(course)["late"] == ""
    again(course, FULL, "Better words.")
    assert row(course)["status"] == "graded"
    assert len(list(history.folders(course, ASSIGNMENT, "ada"))) == 3


def test_with_the_best_a_damaged_second_file_costs_nothing(tmp_path: Path) -> None:
    course = made(tmp_path, counts="best")
    again(course, FULL)
    history.put_aside(course, ASSIGNMENT, "ada")
    coursework.submit(course, "ada", b"{")
    with gradings.opened(course) as book:
        given = ungraded("ada", book.template, "unreadable", "The file is not JSON.")
        book.enter(Found("ada", b"{"), given)
    assert float(row(course)["score"]) == MOST
    assert (row(course)["status"], row(course)["flag"]) == ("graded", records.BY_HAND)
