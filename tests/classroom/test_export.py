"""The table of grades, and a platform's own table of which one column is filled and nothing else touched."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import coursework
import gradings
import pytest
from coursework import ASSIGNMENT, IDS

from classroom import export
from classroom.cli import main
from classroom.course import Course
from classroom.export import Sheet
from classroom.trouble import Trouble
from lessons.exercises import exercises

FIRST, SECOND = IDS
FULL = {id: gradings.worth(id) for id in IDS}
MOST = sum(FULL.values()) + 3


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ada has everything, bob one point, cem waits for a person, dov is unreadable, eve sent nothing."""
    course = coursework.make(tmp_path_factory.mktemp("export") / "course")
    gradings.enter(course, "ada", FULL)
    gradings.enter(course, "bob", {FIRST: 1})
    gradings.enter(course, "cem", {FIRST: 2}, needs_person=True, evidence=["The kernel died."])
    gradings.refuse(course, "dov", "unreadable", "It is no notebook.")
    gradings.name(course, "ada", "Ada", 'Lovelace, "Countess"')
    gradings.name(course, "bob", "Bob", "Müller", "Bob@Example.org")
    gradings.name(course, "eve", "Eve", "Adams")
    return course.root


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Course:
    return Course.read(shutil.copytree(graded, tmp_path / "course"))


def exported(course: Course) -> dict[str, dict[str, str]]:
    assert main(["export", "--course", str(course.root)]) == 0
    text = (course.root / "grades.csv").read_bytes().decode("utf-8")
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    return {row["student_id"]: row for row in table}


def test_the_columns_are_those_of_nbgrader_and_some_more(course: Course) -> None:
    more = ("status", "check_version", "flag", "late", "section", "dropped")
    assert tuple(exported(course)["ada"]) == (*export.COLUMNS, *more)


def test_the_scores_are_those_of_nbgraders_own_export(course: Course, tmp_path: Path) -> None:
    from nbgrader.api import Gradebook
    from nbgrader.plugins import CsvExportPlugin

    plugin = CsvExportPlugin()
    plugin.to = str(tmp_path / "theirs.csv")
    gradings.name(course, "ada", "Ada", "Lovelace")
    with Gradebook(course.gradebook_url) as book:
        plugin.export(book)
    theirs = list(csv.DictReader(io.StringIO((tmp_path / "theirs.csv").read_text(encoding="utf-8"))))
    assert tuple(theirs[0]) == export.COLUMNS
    ours = exported(course)
    for row in theirs:
        mine = ours[row["student_id"]]
        for column in ("assignment", "last_name", "first_name", "email"):
            assert mine[column] == row[column]
        assert float(mine["max_score"]) == float(row["max_score"])
        # nbgrader gives a student who has not submitted a zero.
        assert float(mine["score"] or 0) == float(row["score"])


def test_not_submitted_is_not_zero(course: Course) -> None:
    table = exported(course)
    assert (table["eve"]["score"], table["eve"]["raw_score"]) == ("", "")
    assert table["eve"]["status"] == "not submitted"
    assert (table["dov"]["score"], table["dov"]["status"]) == ("0", "unreadable")
    assert table["ada"]["score"] == str(sum(FULL.values()))
    assert table["ada"]["max_score"] == str(MOST)
    assert table["ada"]["last_name"] == 'Lovelace, "Countess"'


def test_a_row_names_the_checks_that_graded_it(course: Course) -> None:
    versions = [f"{id}={exercises()[id].version}" for id in (FIRST, SECOND)]
    assert exported(course)["ada"]["check_version"] == " ".join(versions)


def test_a_factor_counts_in_score_and_worth(course: Course) -> None:
    gradings.factored(course.root, 3)
    row = exported(course)["bob"]
    assert (row["raw_score"], row["score"], row["max_score"]) == ("1", "3", str(3 * MOST))


def test_a_flag_stands_until_a_person_has_decided(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    table = exported(course)
    flags = {student: row["flag"] for student, row in table.items()}
    assert flags == dict.fromkeys(("ada", "bob", "eve"), "") | dict.fromkeys(("cem", "dov"), "needs a person")
    assert f"{ASSIGNMENT}, cem: needs a person." in capsys.readouterr().out
    # The open question is no decision.
    gradings.decide(course, "cem", 3, f"{ASSIGNMENT}-open")
    assert exported(course)["cem"]["flag"] == "needs a person"
    gradings.decide(course, "cem", 1)
    row = exported(course)["cem"]
    assert (row["flag"], row["score"]) == ("", "4")


def test_an_open_answer_that_nobody_graded_is_said(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    gradings.enter(course, "gus", FULL, answers={f"{ASSIGNMENT}-open": "Because."})
    assert exported(course)["gus"]["flag"] == "not graded by hand yet"
    assert "1 with answers that still wait to be graded by hand" in capsys.readouterr().out
    gradings.decide(course, "gus", 2, f"{ASSIGNMENT}-open")
    assert exported(course)["gus"]["flag"] == ""


def test_what_is_not_finished_is_left_out_and_said_first(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gradings.enter(course, "gus", FULL, answers={f"{ASSIGNMENT}-open": "Because."})
    path = tmp_path / "lms.csv"
    path.write_text("id,leaks\ngus,\nbob,\n", encoding="utf-8")
    line = ["export", ASSIGNMENT, "--course", str(course.root), "--fill", str(path)]
    assert main(line) == 0
    filled = tmp_path / "lms-filled.csv"
    assert filled.read_text(encoding="utf-8") == "id,leaks\ngus,\nbob,1\n"
    said = capsys.readouterr().out
    assert said.startswith("1 score left out, because an open answer is not graded yet: gus.")
    assert main([*line, "--unfinished"]) == 0
    score = sum(FULL.values())
    assert filled.read_text(encoding="utf-8") == f"id,leaks\ngus,{score}\nbob,1\n"
    gradings.decide(course, "gus", 2, f"{ASSIGNMENT}-open")
    assert main(line) == 0
    assert filled.read_text(encoding="utf-8") == f"id,leaks\ngus,{score + 2}\nbob,1\n"


def test_no_cell_runs_as_a_formula(course: Course) -> None:
    evil = '=HYPERLINK("https://evil.example","Ada")'
    gradings.enter(course, "=1+1", FULL)
    gradings.name(course, "=1+1", evil, " +1", "@x.example")
    row = exported(course)["'=1+1"]
    assert (row["first_name"], row["last_name"], row["email"]) == (f"'{evil}", "' +1", "'@x.example")
    text = (course.root / "grades.csv").read_text(encoding="utf-8")
    assert not any(cell.strip(' "').startswith(tuple("=+-@\t\r")) for cell in text.split(","))


def test_a_record_that_is_none_is_named(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    (course.records / ASSIGNMENT / "ada.json").write_text("{", encoding="utf-8")
    assert main(["export", "--course", str(course.root)]) == 1
    assert "ada.json is not a record of a grading (Expecting property name" in capsys.readouterr().err


def test_before_a_grading_it_says_what_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = coursework.make(tmp_path / "course")
    assert main(["export", "--course", str(course.root)]) == 1
    assert "No assignment was graded yet: run `classroom grade ASSIGNMENT` first" in capsys.readouterr().err


MOODLE = (
    '"First name","Last name","Email address",Institution,"Assignment: Leaks (Real)","Last downloaded"\r\n'
    'Ada,"Lovelace, ""Countess""",ada@example.org,"A, B",-,1790000000\r\n'
    "Bob,Müller,bob@example.org,,3.5,1790000000\r\n"
    "Zoe,Zander,zoe@example.org,,1,1790000000\r\n"
)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Leaks (4711),Final Score\n"
    "    Points Possible,,,,,12,(read only)\n"
    '"Lovelace, Ada",101,9001,ada,"Mon, 8:00",,55.0\n'
    '"Müller, Bob",102,9002,bob,"Mon, 8:00",2,44.0\n'
    '"Student, Test",103,,3fa9,Mon,,\n'
)
BLACKBOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Leaks [Total Pts: 12 Score] |123"\t"Notes, a, b"\r\n'
    '"Lovelace"\t"Ada"\t"ada"\t""\t"said ""yes"",\r\nthen no"\r\n'
    '"Müller"\t"Bob"\t"bob"\t"2,00"\t""'
)
SEMICOLONS = "Name;Id;Leaks\r\nLovelace, Ada;ada;\r\nMüller;bob;1,5\r\n"
TABLES = {
    "moodle": (MOODLE.encode("utf-8-sig"), 4),
    "moodle without mark": (MOODLE.encode(), 4),
    "canvas": (CANVAS.encode(), 5),
    "blackboard": (b"\xff\xfe" + BLACKBOARD.encode("utf-16-le"), 3),
    "blackboard, big end first": (b"\xfe\xff" + BLACKBOARD.encode("utf-16-be"), 3),
    "semicolons": (SEMICOLONS.encode("utf-8-sig"), 2),
    "no line end": (SEMICOLONS.removesuffix("\r\n").encode(), 2),
}


def cells(data: bytes, path: Path) -> list[list[str]]:
    path.write_bytes(data)
    return Sheet.read(path).lines


@pytest.mark.parametrize("kind", TABLES)
def test_one_column_of_a_platforms_table_is_filled(course: Course, tmp_path: Path, kind: str) -> None:
    data, number = TABLES[kind]
    path = tmp_path / "lms.csv"
    before = cells(data, path)
    assert main(["export", ASSIGNMENT, "--course", str(course.root), "--fill", str(path)]) == 0
    assert path.read_bytes() == data, "the platform's own table stays"
    after = cells((tmp_path / "lms-filled.csv").read_bytes(), tmp_path / "again.csv")
    changed = {
        (row, column): (old, new)
        for row, (one, two) in enumerate(zip(before, after, strict=True))
        for column, (old, new) in enumerate(zip(one, two, strict=True))
        if old != new
    }
    first = 2 if kind == "canvas" else 1
    assert {key: new for key, (_, new) in changed.items()} == {
        (first, number): str(sum(FULL.values())),
        (first + 1, number): "1",
    }


@pytest.mark.parametrize("kind", TABLES)
def test_all_other_bytes_stay_as_they_were(course: Course, tmp_path: Path, kind: str) -> None:
    """Each cell has the quotes that it had, which are not always those that the csv module would write."""
    data, number = TABLES[kind]
    path = tmp_path / "lms.csv"
    path.write_bytes(data)
    sheet = Sheet.read(path)
    assert sheet.text().encode(sheet.encoding) == data
    before = [list(map(list, row)) for row in sheet.rows]
    assert main(["export", ASSIGNMENT, "--course", str(course.root), "--fill", str(path)]) == 0
    after = Sheet.read(tmp_path / "lms-filled.csv")
    first = 2 if kind == "canvas" else 1
    for row, score in ((first, str(sum(FULL.values()))), (first + 1, "1")):
        quoted = before[row][number][0].startswith('"')
        before[row][number][0] = f'"{score}"' if quoted else score
    assert after.rows == before


def test_a_row_that_ends_early_gets_its_cell(course: Course, tmp_path: Path) -> None:
    path = tmp_path / "lms.csv"
    path.write_bytes(b'id,"a, b",leaks,more\r\nada\r\nbob,=""x""\r\n')
    assert main(["export", ASSIGNMENT, "--course", str(course.root), "--fill", str(path)]) == 0
    score = sum(FULL.values())
    filled = f'id,"a, b",leaks,more\r\nada,,{score}\r\nbob,=""x"",1\r\n'
    assert (tmp_path / "lms-filled.csv").read_bytes() == filled.encode()


def test_a_decimal_comma_is_written_where_it_is_wanted(course: Course, tmp_path: Path) -> None:
    gradings.decide(course, "bob", 1.5)
    path = tmp_path / "lms.csv"
    path.write_bytes(SEMICOLONS.encode())
    line = ["export", ASSIGNMENT, "--course", str(course.root), "--fill", str(path), "--decimal-comma"]
    assert main(line) == 0
    assert "Müller;bob;1,5\r\n" in (tmp_path / "lms-filled.csv").read_bytes().decode()


def test_what_needs_a_person_or_is_no_row_is_said_and_left(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lms.csv"
    path.write_text("id,leaks\ncem,7\neve,7\nbob,7\n", encoding="utf-8")
    line = ["export", ASSIGNMENT, "--course", str(course.root), "--fill", str(path)]
    assert main(line) == 0
    said = capsys.readouterr().out
    assert (tmp_path / "lms-filled.csv").read_text(encoding="utf-8") == "id,leaks\ncem,7\neve,7\nbob,1\n"
    assert "cem: left out, because it needs a person" in said and "ada: graded, but in no row" in said
    path.with_name("less.csv").write_text("id,leaks\nbob,7\n", encoding="utf-8")
    assert main([*line[:-1], str(path.with_name("less.csv"))]) == 0
    said = capsys.readouterr().out
    assert said.count("cem: ") == 1 and "cem: graded, but in no row" in said
    assert main([*line, "--flagged", "--to", str(tmp_path / "all.csv")]) == 0
    assert (tmp_path / "all.csv").read_text(encoding="utf-8") == "id,leaks\ncem,2\neve,7\nbob,1\n"


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("id,leaks\nbob,\nbob,\n", [], "names bob in two rows"),
        ("id,leaks\nbob,\nBOB@example.org,\n", [], "names bob in two rows"),
        ("id,leaks\nzoe,\n", [], "No row of"),
        ("id,chains\nbob,\n", [], "has no column with 'leaks' in its name. Name one with --column: 'id'"),
        ("id,Leaks a,Leaks b\nbob,,\n", [], "has 2 columns with 'leaks' in its name"),
        ("id,leaks\nbob,\n", ["--column", "Leaks"], "has no column called 'Leaks'"),
        ("id,leaks\nbob,\n", ["--id", "mail"], "has no column called 'mail'. Name one with --id"),
        ("bob\n", [], "has no header with columns"),
        ("", [], "has no header with columns"),
    ],
)
def test_a_table_that_does_not_fit_is_a_sentence(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    text: str, options: list[str], said: str,
) -> None:  # fmt: skip
    path = tmp_path / "lms.csv"
    path.write_text(text, encoding="utf-8")
    line = ["export", ASSIGNMENT, "--course", str(course.root), "--fill", str(path), *options]
    assert main(line) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "lms-filled.csv").exists()


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp932"])
def test_an_older_encoding_stays_what_it_was(course: Course, tmp_path: Path, encoding: str) -> None:
    letters = "表示" if encoding == "cp932" else "Müller, Ö"
    path = tmp_path / "lms.csv"
    path.write_bytes(f"Name;Id;Leaks\r\n{letters};bob;\r\n".encode(encoding))
    assert main(["export", ASSIGNMENT, "--course", str(course.root), "--fill", str(path)]) == 0
    assert (tmp_path / "lms-filled.csv").read_bytes().decode(encoding) == (
        f"Name;Id;Leaks\r\n{letters};bob;1\r\n"
    )


@pytest.mark.parametrize("data", [b"PK\x03\x04\x14\0\x06,\0", b"\xff\xfei\0d\0,"])
def test_what_is_no_text_is_a_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "lms.csv"
    path.write_bytes(data)
    with pytest.raises(Trouble, match="is not a text file: export it again as CSV, in UTF-8"):
        Sheet.read(path)
    with pytest.raises(Trouble, match="cannot be read"):
        Sheet.read(tmp_path / "none.csv")


def test_a_column_is_taken_by_its_name(course: Course, tmp_path: Path) -> None:
    path = tmp_path / "lms.csv"
    path.write_text("id,other,Leaks 1,Leaks 2\nada,ada,,\nbob,zoe,,\n", encoding="utf-8")
    line = ["export", ASSIGNMENT, "--course", str(course.root), "--fill", str(path)]
    assert main([*line, "--column", "Leaks 2", "--id", "other"]) == 0
    score = sum(FULL.values())
    filled = (tmp_path / "lms-filled.csv").read_text(encoding="utf-8")
    assert filled == f"id,other,Leaks 1,Leaks 2\nada,ada,,{score}\nbob,zoe,,\n"


def test_one_assignment_is_filled_at_a_time(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "leeks", "--course", str(course.root)]) == 1
    assert "did you mean 'leaks'?" in capsys.readouterr().err
