"""The model of `course.toml`: what is read, and which sentence meets what does not fit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from classroom.course import LIMITS, Assignment, Course, written
from classroom.execute import Times
from classroom.trouble import Trouble

GOOD = """\
name = "Pipelines"
term = "wt26-7f3a9c1e"
timezone = "Europe/Berlin"
format = 1
[assignments.leaks]
deadline = "2026-11-30 23:59"
exercises = ["leaks-x1", "leaks-x3"]

[assignments.chains]
factor = 2
exercises = [
    "chains-x1",
]
"""


def read(folder: Path, text: str) -> Course:
    (folder / "course.toml").write_text(text, encoding="utf-8")
    return Course.read(folder)


def test_a_course_is_read(tmp_path: Path) -> None:
    course = read(tmp_path, GOOD)
    assert (course.name, course.term) == ("Pipelines", "wt26-7f3a9c1e")
    assert course.assignments == {
        "leaks": Assignment("leaks", ("leaks-x1", "leaks-x3"), datetime(2026, 11, 30, 22, 59, tzinfo=UTC), 1),
        "chains": Assignment("chains", ("chains-x1",), None, 2),
    }
    assert course.release("leaks") == tmp_path / "release/leaks/leaks.ipynb"


@pytest.mark.parametrize(
    ("deadline", "moment"),
    [
        ('""', None),
        ('"2026-11-30 23:59"', datetime(2026, 11, 30, 22, 59, tzinfo=UTC)),
        ("2026-11-30T23:59:00", datetime(2026, 11, 30, 22, 59, tzinfo=UTC)),
        ("2026-11-30T23:59:00Z", datetime(2026, 11, 30, 23, 59, tzinfo=UTC)),
        ('"2026-07-01 12:00+00:00"', datetime(2026, 7, 1, 12, tzinfo=UTC)),
    ],
)
def test_a_deadline_without_a_zone_is_read_in_the_courses_own(
    tmp_path: Path, deadline: str, moment: datetime | None
) -> None:
    text = GOOD.replace('"2026-11-30 23:59"', deadline)
    assert read(tmp_path, text).assignment("leaks").deadline == moment


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("name =", "nme =", r"line 1: there is no key 'nme' \(did you mean 'name'\?\); allowed is format"),
        ('name = "Pipelines"\n', "", r"course\.toml: the key 'name' is missing"),
        ('"Pipelines"', '"  "', r"line 1: name is '  '; allowed is a text in quotes"),
        ('"wt26-7f3a9c1e"', '"WT 26"', r"line 2: term is 'WT 26'; allowed is 6 to 40 small letters"),
        ("Europe/Berlin", "Europa/Berlin", r"line 3: timezone is 'Europa/Berlin'; allowed is"),
        ("factor", "faktor", r"line 10: there is no key 'faktor' \(did you mean 'factor'\?\)"),
        ("= 2", "= 0", r"line 10: factor is 0; allowed is a whole number from 1 to 100"),
        ("= 2", "= true", r"line 10: factor is True; allowed"),
        ('"2026-11-30 23:59"', '"tomorrow"', r"line 6: deadline is 'tomorrow'; allowed is a day and a time"),
        ('"2026-11-30 23:59"', "2026-11-30", r"line 6: deadline is '2026-11-30'; allowed is"),
        ('"leaks-x3"', '"leaks-x1"', r"line 7: leaks-x1 is named twice; allowed is each exercise once"),
        ('"leaks-x3"', '"chains-x3"', r"line 7: chains-x3 belongs to another assignment"),
        ('"leaks-x3"', '"leaks 3"', r"line 7: an exercise is called 'leaks 3'"),
        ('["leaks-x1", "leaks-x3"]', "[]", r"line 7: exercises is \[\]; allowed is a list"),
        ("[assignments.chains]", "[assignments.Chains]", r"line 9: an assignment is called 'Chains'"),
        ("[assignments", "[assignment", r"there is no key 'assignment' \(did you mean 'assignments'\?\)"),
        ('"wt26', "wt26", r"is not valid TOML: .*at line 2, column 8"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(tmp_path: Path, before: str, after: str, said: str) -> None:
    with pytest.raises(Trouble, match=said):
        read(tmp_path, GOOD.replace(before, after))


def test_limits_are_read_and_need_not_be_there(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).limits == {}
    limits = "[limits]\ncell = 60\nnotebook = 600\n"
    assert read(tmp_path, GOOD + limits).limits == {"cell": 60, "notebook": 600}


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ("cell = 0", r"line 16: cell is 0; allowed is a whole number of seconds from 20 to 3600"),
        ("notebook = 1e3", r"line 16: notebook is 1000\.0; allowed is a whole number of seconds from 60"),
        ("cell = true", r"line 16: cell is True"),
        (
            "cels = 60",
            r"line 16: there is no key 'cels' \(did you mean 'cell'\?\); allowed is cell",
        ),
        ("notebook = 60\ncell = 90", r"line 17: a cell may take 90 s, and the whole notebook only 60 s"),
    ],
)
def test_limits_that_do_not_fit_are_named_with_their_line(tmp_path: Path, limits: str, said: str) -> None:
    with pytest.raises(Trouble, match=said):
        read(tmp_path, f"{GOOD}\n[limits]\n{limits}\n")


def test_the_files_of_a_dask_cluster_are_as_seen_from_the_course(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).tls == {}
    table = '\n[dask]\nca = "ca.pem"\ncert = "/etc/dask/cert.pem"\nkey = "../key.pem"\n'
    paths = {"ca": tmp_path / "ca.pem", "cert": Path("/etc/dask/cert.pem"), "key": tmp_path / "../key.pem"}
    assert read(tmp_path, GOOD + table).tls == paths


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[dask]\ncerts = "a"',
            r"line 16: there is no key 'certs' \(did you mean 'cert'\?\); allowed is ca, ",
        ),
        ('[dask]\nca = "a"\ncert = 1\nkey = "c"', r"line 17: cert is 1; allowed is a text in quotes"),
        ('[dask]\nca = "a"\ncert = "b"', r'the key \'key\' is missing; allowed is key = "…"'),
        ("[[dask]]", r"dask is \[\{\}\]; allowed is a table \[dask\]"),
    ],
)
def test_files_of_a_dask_cluster_that_do_not_fit_are_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Trouble, match=said):
        read(tmp_path, f"{GOOD}\n{text}\n")


def test_limits_are_a_table(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"line 1: limits is 30; allowed is a table \[limits\]"):
        read(tmp_path, f"limits = 30\n{GOOD}")


def test_a_folder_without_a_course_says_how_to_come_to_one(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"There is no course\.toml in .*make one with `classroom course DIR`"):
        Course.read(tmp_path)


def test_an_unknown_assignment_meets_its_nearest(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"no assignment 'leak' \(did you mean 'leaks'\?\).*leaks, chains"):
        read(tmp_path, GOOD).assignment("leak")


@pytest.mark.parametrize("name", ["Pipelines", 'With "quotes" and \\ and ü\x7f\n'])
def test_a_new_course_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    course = read(tmp_path, written(name, "wt26-7f3a9c1e", {"leaks": ["leaks-x1"], "chains": ["chains-x1"]}))
    assert (course.name, course.term) == (name.strip(), "wt26-7f3a9c1e")
    assert list(course.assignments) == ["leaks", "chains"]
    assert all(one.deadline is None and one.factor == 1 for one in course.assignments.values())
    # What it says of limits is what holds without saying it.
    assert Times(**course.limits) == Times()
    assert set(course.limits) == set(LIMITS)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("format = 2", "has format 2"),
        ('format = "1"', "has format '1'"),
        ("format = true", "has format True"),
        ("", "states no format"),
    ],
)
def test_another_format_is_refused_with_both_numbers(tmp_path: Path, line: str, found: str) -> None:
    with pytest.raises(Trouble) as refused:
        read(tmp_path, GOOD.replace("format = 1", line))
    said = f"{tmp_path / 'course.toml'} {found}, but this edition of the kit reads format 1."
    assert str(refused.value) == said
