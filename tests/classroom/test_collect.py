"""Collecting: the names of three platforms, what cannot be matched, and archives that mean harm."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

import coursework
import pytest
from coursework import ASSIGNMENT
from nbgrader.api import Gradebook

from classroom import collect, downloads, history
from classroom.cli import main
from classroom.course import Course
from classroom.gradebook import changing, gradebook
from classroom.intake import submissions
from classroom.naming import People, platform
from classroom.term import Enrolment, enrol, prepare

NOTEBOOK = json.dumps(coursework.answered({}))
OTHER = NOTEBOOK + " "
PEOPLE = {
    "ada": ("Ada", "Lovelace", "101"),
    "bob": ("Bob", "Müller-Groß", "102"),
    "kim1": ("Kim", "Lee", "103"),
    "kim2": ("Kim", "Lee", "104"),
}


@pytest.fixture
def course(tmp_path: Path) -> Course:
    made = coursework.make(tmp_path / "course")
    with gradebook(made) as book, changing(book):
        prepare(book, made)
        for id, (first, last, number) in PEOPLE.items():
            about = {"first_name": first, "last_name": last, "email": f"{id}@example.org"}
            book.update_or_create_student(id, **about, lms_user_id=number)
        enrol(book, {id: Enrolment("A", id, f"0{number}") for id, (_, _, number) in PEOPLE.items()})
    return made


def zipped(tmp_path: Path, files: Mapping[str, str | bytes]) -> Path:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def collected(course: Course, source: Path, *words: str) -> int:
    return main(["collect", ASSIGNMENT, str(source), "--course", str(course.root), *words])


def there(course: Course) -> dict[str, str]:
    found = submissions(course.root / "submitted", ASSIGNMENT)
    return {one.student: (one.data or one.note.encode()).decode() for one in found}


DOWNLOADS = {
    "canvas": {
        "lovelaceada_101_5551_leaks.ipynb": NOTEBOOK,
        "müllergroßbob_LATE_102_5552_leaks-1.ipynb": NOTEBOOK,
        "leekim_104_5553_my_1_2_work.ipynb": NOTEBOOK,
    },
    "moodle": {
        "Ada Lovelace_9001_assignsubmission_file/leaks.ipynb": NOTEBOOK,
        "Bob Müller-Groß_9002_assignsubmission_file_/work/leaks.ipynb": NOTEBOOK,
        "Bob Müller-Groß_9002_assignsubmission_onlinetext_/onlinetext.html": "Hello",
    },
    "ilias": {
        "Abgaben/Lovelace_Ada_ada_271/leaks.ipynb": NOTEBOOK,
        "Abgaben/Mueller-Gross_Bob_bob_272/Late Submission - leaks.ipynb": NOTEBOOK,
        "Abgaben/Lee_Kim_kim2_274/leaks.ipynb": NOTEBOOK,
    },
    "folder": {
        "ada/leaks/leaks.ipynb": NOTEBOOK,
        "bob@example.org.ipynb": NOTEBOOK,
        "Lee_Kim_0104_leaks.ipynb": NOTEBOOK,
    },
}


@pytest.mark.parametrize("kind", DOWNLOADS)
def test_each_platforms_names_are_known(course: Course, tmp_path: Path, kind: str) -> None:
    with downloads.opened(zipped(tmp_path, DOWNLOADS[kind]), course.zone) as (files, _):
        assert platform([one.path for one in files]) == kind
    collected(course, tmp_path / "all.zip")
    expected = {"ada", "bob"} | ({"kim2"} if kind != "moodle" else set())
    assert there(course) == dict.fromkeys(expected, NOTEBOOK)


@pytest.mark.parametrize("kind", DOWNLOADS)
def test_a_folder_is_collected_like_the_archive(course: Course, tmp_path: Path, kind: str) -> None:
    for name, content in DOWNLOADS[kind].items():
        path = tmp_path / "all" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    collected(course, tmp_path / "all")
    assert {"ada", "bob"} <= there(course).keys()


def test_only_who_is_on_the_roster_is_an_enrolled_student_without_a_submission(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with gradebook(course) as book, changing(book):
        book.update_or_create_student("by-hand")
        enrol(book, {"kim2": Enrolment("A", "kim2", "", "2026-11-01")})
    collected(course, zipped(tmp_path, {"ada.ipynb": NOTEBOOK, "bob.ipynb": NOTEBOOK}))
    left = sorted(PEOPLE.keys() - {"ada", "bob", "kim2"})
    assert capsys.readouterr().out.rstrip().endswith(f" no submission: {', '.join(left)}.")


def test_what_cannot_be_matched_is_said_and_nothing_is_guessed(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "Kim Lee_9003_assignsubmission_file/leaks.ipynb": NOTEBOOK,
        "Zed Zorn_9004_assignsubmission_file/leaks.ipynb": NOTEBOOK,
        "Ada Lovelace_9001_assignsubmission_file/a.ipynb": NOTEBOOK,
        "Ada Lovelace_9001_assignsubmission_file/b.ipynb": NOTEBOOK,
        "Bob Müller-Groß_9002_assignsubmission_file/essay.pdf": "no notebook",
    }
    assert collected(course, zipped(tmp_path, files)) == 1
    said = capsys.readouterr().out
    assert "Kim Lee, participant 9003 can be kim1 or kim2" in said
    assert "no student is called Zed Zorn, participant 9004" in said
    assert "ada: 2 notebooks could be the one: a.ipynb, b.ipynb" in said
    assert "bob: essay.pdf" in said
    assert there(course) == {
        "bob": "There is no notebook, only essay.pdf; expected is leaks.ipynb.",
    }
    # Moodle's worksheet says who is which participant, and when each submitted.
    sheet = tmp_path / "worksheet.csv"
    sheet.write_text(
        "Identifier,Full name,Email address,Status,Last modified (submission)\n"
        'Participant 9003,Kim Lee,kim2@example.org,,"Monday, 30 November 2026, 11:59 PM"\n',
        encoding="utf-8-sig",
    )
    collected(course, tmp_path / "all.zip", "--times", str(sheet))
    assert there(course)["kim2"] == NOTEBOOK
    stamp = course.submitted("kim2", ASSIGNMENT).with_name("timestamp.txt")
    assert stamp.read_text(encoding="utf-8") == "2026-11-30 23:59:00 UTC\n"


def test_another_id_in_canvas_is_another_student(course: Course, tmp_path: Path) -> None:
    assert collected(course, zipped(tmp_path, {"lovelaceada_999_1_leaks.ipynb": NOTEBOOK})) == 1
    assert there(course) == {}


def test_a_second_submission_keeps_the_first_and_an_older_download_changes_nothing(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "lovelaceada_101_5551_leaks.ipynb"
    for content in (NOTEBOOK, OTHER, OTHER, NOTEBOOK):
        assert collected(course, zipped(tmp_path, {name: content})) == 0
    assert there(course) == {"ada": OTHER}
    kept = list(history.folders(course, ASSIGNMENT, "ada"))
    assert [(one / "submitted/leaks.ipynb").read_text() for one in kept] == [NOTEBOOK]
    said = capsys.readouterr().out
    assert f"ada: {kept[0]}" in said
    assert "Not collected, because it is older than the one that counts, or was put aside (1):\n  ada" in said


def test_a_dry_run_says_the_same_and_writes_nothing(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = zipped(tmp_path, DOWNLOADS["canvas"])
    collected(course, path, "--dry-run")
    dry = capsys.readouterr().out
    assert there(course) == {}
    collected(course, path)
    wet = capsys.readouterr().out
    assert dry.replace("would be ", "").removesuffix("Nothing was written (--dry-run).\n") == wet


def test_times_come_from_ilias_but_not_from_a_downloads_own_times(course: Course, tmp_path: Path) -> None:
    for kind, dated in (("canvas", False), ("ilias", True)):
        path = tmp_path / f"{kind}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in DOWNLOADS[kind]:
                archive.writestr(zipfile.ZipInfo(name, (2026, 11, 30, 12, 0, 0)), f"{NOTEBOOK} {kind}")
        collected(course, path)
        stamp = course.submitted("ada", ASSIGNMENT).with_name("timestamp.txt")
        assert stamp.exists() == dated
    assert stamp.read_text() == "2026-11-30 12:00:00 UTC\n"


def test_a_late_mark_without_a_time_is_named(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert collected(course, zipped(tmp_path, DOWNLOADS["canvas"])) == 1
    assert "its time is unknown" in (said := capsys.readouterr().out)
    assert "bob: leaks-1.ipynb" in said
    table = tmp_path / "times.csv"
    table.write_text("login,submitted\nbob,2026-12-01 08:00\n", encoding="utf-8")
    assert collected(course, tmp_path / "all.zip", "--times", str(table)) == 0
    assert "its time is unknown" not in capsys.readouterr().out
    table.write_text("login,submitted\nbob,soon\n", encoding="utf-8")
    assert collected(course, tmp_path / "all.zip", "--times", str(table)) == 1
    assert f"{table}, line 2: 'soon' is not a time" in capsys.readouterr().err


HOSTILE = {
    "traversal": ({"../../lovelaceada_101_1_leaks.ipynb": NOTEBOOK}, "leads out of the archive"),
    "absolute": ({"/etc/lovelaceada_101_1_leaks.ipynb": NOTEBOOK}, "leads out of the archive"),
    "windows": ({"C:\\x\\lovelaceada_101_1_leaks.ipynb": NOTEBOOK}, "leads out of the archive"),
    "timestamp": ({"lovelaceada_101_1_timestamp.txt": "2020-01-01 00:00:00 UTC"}, "timestamp.txt"),
    "bomb": ({"lovelaceada_101_1_leaks.ipynb": b"0" * 60_000_000}, "more than 20,000,000 bytes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_harms_nothing(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    files, said = HOSTILE[name]
    before = sorted(tmp_path.rglob("*"))
    assert collected(course, zipped(tmp_path, files)) == 1
    assert said in capsys.readouterr().out
    new = [one.relative_to(tmp_path).as_posix() for one in sorted(tmp_path.rglob("*")) if one not in before]
    assert all(one.startswith(("course/submitted", "course/records")) or one == "all.zip" for one in new)
    assert not course.submitted("ada", ASSIGNMENT).with_name("timestamp.txt").exists()
    assert sum(one.stat().st_size for one in (course.root / "submitted").rglob("*") if one.is_file()) < 10_000


def test_links_doubles_and_damage_are_refused(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("lovelaceada_101_1_leaks.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("mullergrobob_102_2_leaks.ipynb", NOTEBOOK)
            archive.writestr("mullergrobob_102_2_leaks.ipynb", OTHER)
    assert collected(course, path) == 1
    said = capsys.readouterr().out
    assert "is a symbolic link" in said
    assert "is in the archive more than once" in said
    assert "passwd" not in str(there(course))
    assert "bob" not in there(course)
    data = path.read_bytes()
    for cut in (0, 10, len(data) // 2, len(data) - 5):
        path.write_bytes(data[:cut])
        assert collected(course, path) == 1
        assert f"{path} is not a zip file that can be read" in capsys.readouterr().err
    assert collected(course, tmp_path / "none.zip") == 1


def test_a_link_in_submitted_is_not_followed(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (course.root / "submitted").mkdir()
    os.symlink(outside, course.root / "submitted/ada")
    assert collected(course, zipped(tmp_path, DOWNLOADS["canvas"])) == 1
    assert "ada: submitted/ada is a symbolic link, not a folder" in capsys.readouterr().out
    assert list(outside.iterdir()) == []


def test_without_a_roster_nothing_is_collected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = coursework.make(tmp_path / "course")
    assert collected(course, zipped(tmp_path, DOWNLOADS["folder"])) == 1
    assert "`classroom roster FILE` takes the students" in capsys.readouterr().err


def test_killed_between_two_steps_it_goes_on(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "lovelaceada_101_5551_leaks.ipynb"
    collected(course, zipped(tmp_path, {name: NOTEBOOK}))
    zipped(tmp_path, {name: OTHER})
    put_aside = history.put_aside

    def killed(*given: object) -> Path:
        put_aside(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(collect.history, "put_aside", killed)
        assert collected(course, tmp_path / "all.zip") == 130
    assert there(course) == {}
    assert collected(course, tmp_path / "all.zip") == 0
    assert there(course) == {"ada": OTHER}
    assert len(list(history.folders(course, ASSIGNMENT, "ada"))) == 1


def test_a_folders_name_is_matched_by_id_address_number_or_name(course: Course) -> None:
    with Gradebook(course.gradebook_url) as book:
        people = People(book.students, {"bob": Enrolment("A", "bm", "0102")})
        for name, student in {
            "ada": "ada", "Lovelace, Ada": "ada", "leaks_ada_final": "ada", "ADA@example.org": "ada",
            "bm": "bob", "0102": "bob", "Bob Mueller-Groß": "bob", "mullergrossbob": "bob",
            "adam": "", "Kim Lee": "", "adalovelaces": "", "": "",
        }.items():  # fmt: skip
            assert people.owned("folder", (name, "x.ipynb"), {}, ASSIGNMENT).student == student, name


def test_a_file_where_a_students_folder_should_be_stops_nobody_else(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (course.root / "submitted/bob").mkdir(parents=True)
    for name in ("ada", "bob/leaks"):
        (course.root / "submitted" / name).write_text("mine", encoding="utf-8")
    names = {f"submission{number}_{number}_7_leaks.ipynb": NOTEBOOK for number in (101, 102, 103)}
    assert collected(course, zipped(tmp_path, names)) == 1
    said = capsys.readouterr().out
    assert "  ada: submitted/ada is a file, not a folder; delete it first" in said
    assert "  bob: submitted/bob/leaks is a file, not a folder; delete it first" in said
    assert there(course) == {
        "bob": "leaks is not a folder; expected is one with the notebook.",
        "kim1": NOTEBOOK,
    }
    assert (course.root / "submitted/ada").read_text(encoding="utf-8") == "mine"


def test_a_kind_of_packing_that_can_fill_the_memory_is_not_unpacked(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("submission_101_7_leaks.ipynb", NOTEBOOK, zipfile.ZIP_BZIP2)
        archive.writestr("submission_102_7_leaks.ipynb", NOTEBOOK, zipfile.ZIP_DEFLATED)
    assert collected(course, tmp_path / "all.zip") == 1
    assert "leaks.ipynb is packed with method 12; platforms use 0 and 8" in capsys.readouterr().out
    assert there(course)["bob"] == NOTEBOOK
