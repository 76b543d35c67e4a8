"""The roster: the platforms' own tables, in their encodings, at the start and in mid-term."""

from __future__ import annotations

from pathlib import Path

import coursework
import gradings
import pytest
from nbgrader.api import Gradebook

from classroom import term
from classroom.cli import main
from classroom.course import Course
from classroom.gradebook import gradebook
from classroom.roster import Table
from classroom.trouble import Trouble

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Leaks (77)
    Points Possible,,,,,30.00
"Lovelace, Ada",101,S1,ada,Monday,-
"Müller, Bob",102,S2,bob,Tuesday,12
"Student, Test",999,,b2f6,Monday,-
"""
MOODLE = """\
"First name","Last name","ID number","Email address",Groups
Ada,Lovelace,S1,ada@example.org,Monday
Bob,Müller,S2,bob@example.org,Tuesday
"""
ILIAS = """\
"Role/Status";"Login";"Last name";"First name";"E-Mail";"Matriculation number"
"Course Tutor";"tutor";"Prof";"P";"p@example.org";""
"Course Member";"ada";"Lovelace";"Ada";"ada@example.org";"0123"
"Course Member";"bob";"Müller";"Bob";"bob@example.org";"0124"
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return coursework.make(tmp_path / "course")


def told(course: Course, file: Path, *words: str) -> int:
    return main(["roster", str(file), "--course", str(course.root), *words])


def table(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


def roster(course: Course) -> dict[str, term.Enrolment]:
    with gradebook(course) as book:
        return term.enrolments(book, course)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    ("text", "ids"),
    [(CANVAS, ["ada", "bob"]), (MOODLE, ["ada@example.org", "bob@example.org"]), (ILIAS, ["ada", "bob"])],
)
def test_a_platforms_table_is_read_in_each_encoding(
    tmp_path: Path, encoding: str, text: str, ids: list[str]
) -> None:
    read = Table.read(table(tmp_path, text, encoding))
    assert [row.id for row in read.rows] == ids
    assert [(row.first, row.last) for row in read.rows] == [("Ada", "Lovelace"), ("Bob", "Müller")]


def test_a_spreadsheets_separators_and_line_ends_are_read(tmp_path: Path) -> None:
    text = "sep=;\r\n" + ILIAS.replace('"0123"', '="0123"').replace("\n", "\r\n")
    read = Table.read(table(tmp_path, text, "utf-16"))
    assert [(row.id, row.number) for row in read.rows] == [("ada", "0123"), ("bob", "0124")]
    assert any("whose role is Course Tutor" in one for one in read.said)


def test_run_twice_is_run_once_and_a_dry_run_changes_nothing(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(tmp_path, CANVAS)
    assert main(["roster", "--course", str(course.root)]) == 0
    before = course.gradebook.read_bytes()
    assert told(course, path, "--dry-run") == 0
    assert course.gradebook.read_bytes() == before
    assert "2 students would be added: ada, bob." in capsys.readouterr().out
    assert told(course, path) == 0
    first = roster(course)
    assert first["ada"] == term.Enrolment("Monday", "ada", "S1")
    assert told(course, path) == 0
    assert "2 students as before." in capsys.readouterr().out
    assert roster(course) == first
    with Gradebook(course.gradebook_url) as book:
        ada = book.find_student("ada")
        assert (ada.first_name, ada.last_name, ada.lms_user_id) == ("Ada", "Lovelace", "101")


def test_in_mid_term_students_come_change_and_go_and_none_is_deleted(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(course, table(tmp_path, CANVAS))
    gradings.enter(course, "bob", {})
    newer = 'Student,ID,SIS Login ID,Section\n"King, Ada",101,ada,Tuesday\n"Cerf, Vint",103,vint,Monday\n'
    capsys.readouterr()
    told(course, table(tmp_path, newer))
    out = capsys.readouterr().out
    assert "1 student added: vint." in out
    assert "ada: last name Lovelace → King; section Monday → Tuesday" in out
    assert "1 student of the roster, but not in this table: bob. They stay as they are; --drop" in out
    assert roster(course)["bob"].dropped == ""
    told(course, table(tmp_path, newer), "--drop")
    assert roster(course)["bob"].dropped
    with Gradebook(course.gradebook_url) as book:
        assert book.find_submission(coursework.ASSIGNMENT, "bob")
    told(course, table(tmp_path, CANVAS))
    assert roster(course)["bob"].dropped == ""
    assert "Back after being dropped: bob." in capsys.readouterr().out


def test_a_table_with_other_ids_means_the_same_students(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(course, table(tmp_path, CANVAS))
    told(course, table(tmp_path, MOODLE))
    assert (
        "Known here by another id: ada@example.org is ada, bob@example.org is bob." in capsys.readouterr().out
    )
    assert roster(course).keys() == {"ada", "bob"}
    with Gradebook(course.gradebook_url) as book:
        assert book.find_student("bob").email == "bob@example.org"
    twice = MOODLE + "Ada,Lovelace,S1,ada@elsewhere.org,Monday\n"
    assert told(course, table(tmp_path, twice)) == 1
    assert "line 4: ada is in another line of this table, too" in capsys.readouterr().err


def test_a_table_of_one_section_says_nothing_about_the_others(course: Course, tmp_path: Path) -> None:
    told(course, table(tmp_path, CANVAS))
    one = "Login,Last name,First name\nada,Lovelace,Ada\n"
    told(course, table(tmp_path, one), "--section", "Monday", "--drop")
    assert not any(entry.dropped for entry in roster(course).values())


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("Login,Name\nada,Ada\n../x,Eve\n", (), "line 3: the login is '../x'"),
        ("Login,Name\nada,Ada\n.git,Eve\n", (), "line 3: the login is '.git'"),
        ("Login,Name,E-Mail\nada,Ada,a@b\n,Eve,e@b\n", (), "line 3: the login is empty"),
        ("Login,Name\nada,Ada\nada,Bob\n", (), "lines 2 and 3: both have the id 'ada', but differ"),
        ("Login,Name\n", (), "no row with a student"),
        ("Vorname,Punkte\nAda,1\n", (), "no column is known as a student's id"),
        ("Login,Points\nada,1\n", (), "no column is known as a student's name"),
        (CANVAS, ("--id", "SIS"), "no column called 'SIS'. Name one with --id: 'Student', 'ID'"),
        ("just a text", (), "no header with columns"),
        (f"Login,Name\nada,{'A' * 200} {'B' * 200}\n", (), "line 2: the first name has more than 128"),
    ],
)
def test_a_table_that_does_not_fit_is_named_and_nothing_is_changed(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: tuple[str, ...],
    said: str,
) -> None:  # fmt: skip
    assert main(["roster", "--course", str(course.root)]) == 0
    before = course.gradebook.read_bytes()
    assert told(course, table(tmp_path, text), *words) == 1
    assert said in capsys.readouterr().err
    assert course.gradebook.read_bytes() == before


def test_a_roster_of_another_format_is_refused(course: Course, tmp_path: Path) -> None:
    told(course, table(tmp_path, CANVAS))
    with Gradebook(course.gradebook_url) as book:
        book.db.execute(term.text("UPDATE classroom_format SET format = 9"))
        book.db.commit()
    with pytest.raises(Trouble, match="has format 9"):
        roster(course)


def test_a_student_without_a_submission_is_in_export_and_report(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = "Login,Name,Section\n" + "".join(f"s{number},Student {number},A\n" for number in range(12))
    told(course, table(tmp_path, many))
    for number in range(6):
        gradings.enter(course, f"s{number}", {})
    assert main(["export", "--course", str(course.root)]) == 0
    lines = (course.root / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 13
    assert sum("not submitted" in line and line.endswith(",A,") for line in lines) == 6
    main(["report", "--course", str(course.root)])
    assert "submitted 6, not submitted 6" in capsys.readouterr().out
