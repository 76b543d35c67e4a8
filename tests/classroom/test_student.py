"""A student is renamed, joined, removed or made anonymous in every place, or in none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import coursework
import gradings
import pytest
from coursework import ASSIGNMENT, IDS, answered
from nbgrader.api import Gradebook

from classroom import student, term
from classroom.cli import main
from classroom.course import Course
from classroom.gradebook import PENDING, changing, gradebook

FIRST, SECOND = IDS
FULL = {id: gradings.worth(id) for id in IDS}
OPEN = f"{ASSIGNMENT}-open"


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ada and bob handed in and a person decided on both; cem is only in the gradebook."""
    course = coursework.make(tmp_path_factory.mktemp("student") / "course")
    gradings.enter(course, "ada", FULL, answers={OPEN: "I am Ada."})
    gradings.enter(course, "bob", {FIRST: 1})
    gradings.decide(course, "ada", 2.5, OPEN, comment="Nearly.")
    gradings.decide(course, "bob", 3, comment="Lucky.")
    for one in ("ada", "bob", "cem"):
        gradings.name(course, one, one.title(), "Lovelace")
    assert main(["feedback", "--course", str(course.root)]) == 0
    return course.root


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Course:
    return Course.read(shutil.copytree(graded, tmp_path / "course"))


def command(course: Course, *words: str) -> int:
    return main(["student", *words, "--course", str(course.root)])


def state(course: Course) -> dict[str, Any]:
    """All that a course has of its students."""
    with Gradebook(course.gradebook_url) as book:
        people = {one.id: (one.first_name, one.email) for one in book.students}
        notebooks = [
            (one.student.id, notebook)
            for one in book.assignment_submissions(ASSIGNMENT)
            for notebook in one.notebooks
        ]
        grades = {
            (who, grade.name): (grade.auto_score, grade.manual_score)
            for who, notebook in notebooks
            for grade in notebook.grades
        }
        comments = {
            (who, comment.name): comment.manual_comment
            for who, notebook in notebooks
            for comment in notebook.comments
        }
    files = {
        path.relative_to(course.root).as_posix(): path.read_bytes()
        for folder in ("submitted", "autograded", "feedback", "records")
        for path in (course.root / folder).rglob("*")
        if path.is_file() and path.name != ".lock"
    }
    return {"people": people, "grades": grades, "comments": comments, "files": files}


def test_a_student_whom_nbgrader_removed_blocks_nobodys_feedback(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    with Gradebook(course.gradebook_url) as book:
        book.remove_student("ada")
    shutil.rmtree(course.root / "feedback")
    assert main(["feedback", "--course", str(course.root)]) == 1
    assert [path.name for path in (course.root / "feedback").iterdir()] == ["bob"]
    said = capsys.readouterr()
    assert "leaks: 1 page in" in said.out
    assert "leaks, ada: there is a record, but no grade" in said.err and "student remove ada" in said.err
    assert main(["report", "--course", str(course.root)]) == 0
    assert main(["export", "--course", str(course.root)]) == 0
    assert command(course, "remove", "ada") == 0
    assert main(["feedback", "--course", str(course.root)]) == 0


def test_a_dry_run_lists_what_would_change_and_changes_nothing(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state(course)
    assert command(course, "rename", "ada", "ada.lovelace", "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        "ada would be renamed to ada.lovelace:",
        "  gradebook: the student, 1 submission (leaks), 1 grade by hand, 1 comment",
        "  submitted/: leaks",
        "  autograded/: leaks",
        "  feedback/: leaks",
        "  records/: leaks",
        "Nothing was changed (--dry-run).",
    ]
    for words in (["remove", "ada"], ["anonymise", "--all"], ["merge", "ada", "bob", "--keep", "ada"]):
        assert command(course, *words, "--dry-run") == 0
    assert state(course) == before
    assert not (course.state / PENDING).exists()


def test_a_renamed_student_keeps_everything(course: Course) -> None:
    before = state(course)
    assert command(course, "rename", "ada", "Ada L") == 0
    after = state(course)
    assert after["grades"] == {
        ("Ada L" if who == "ada" else who, cell): value for (who, cell), value in before["grades"].items()
    }
    assert after["comments"]["Ada L", OPEN] == "Nearly."
    others = {one: before["people"][one] for one in ("bob", "cem")}
    assert after["people"] == {"Ada L": ("Ada", "ada@example.org")} | others
    assert set(after["files"]) == {path.replace("/ada", "/Ada L") for path in before["files"]}
    record = json.loads(after["files"][f"records/{ASSIGNMENT}/Ada L.json"])
    old = json.loads(before["files"][f"records/{ASSIGNMENT}/ada.json"])
    assert record == old | {"student": "Ada L"}
    assert b"feedback for Ada L" in after["files"][f"feedback/Ada L/{ASSIGNMENT}.html"]
    assert command(course, "rename", "ada", "Ada L") == 0, "it is done already"
    assert state(course) == after


def test_a_removed_student_is_nowhere(course: Course) -> None:
    before = state(course)
    assert command(course, "remove", "ada") == 0
    after = state(course)
    for kind in ("people", "grades", "comments", "files"):
        kept = {key: value for key, value in before[kind].items() if "ada" not in str(key)}
        assert after[kind] == kept, kind
    for folder in ("submitted", "autograded", "feedback"):
        assert not (course.root / folder / "ada").exists()
    # A deleted row's bytes can stay in a database's file.
    for words in (b"ada@example.org", b"Nearly."):
        assert words not in course.gradebook.read_bytes()


def test_two_ids_of_one_student_are_joined(course: Course) -> None:
    """bob's work moves to cem, who has none; an address that cem lacks comes from bob."""
    with Gradebook(course.gradebook_url) as book:
        book.find_student("cem").email = ""
        book.db.commit()
    before = state(course)
    assert command(course, "merge", "bob", "cem") == 0
    after = state(course)
    assert after["people"] == {"ada": before["people"]["ada"], "cem": ("Cem", "bob@example.org")}
    check = f"{FIRST}-check"
    assert after["grades"]["cem", check] == before["grades"]["bob", check]
    assert after["comments"]["cem", FIRST] == "Lucky."
    assert set(after["files"]) == {path.replace("/bob", "/cem") for path in before["files"]}


@pytest.mark.parametrize("keep", ["ada", "bob"])
def test_what_does_not_count_after_joining_is_kept_as_an_earlier_submission(
    course: Course, keep: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state(course)
    assert command(course, "merge", "ada", "bob") == 1
    assert "ada and bob both have work in leaks: say with --keep ada or --keep bob" in capsys.readouterr().err
    assert state(course) == before
    assert command(course, "merge", "ada", "bob", "--keep", keep) == 0
    after = state(course)
    other = "bob" if keep == "ada" else "ada"
    kept_grades = {cell: value for (who, cell), value in before["grades"].items() if who == keep}
    assert after["grades"] == {("bob", cell): value for cell, value in kept_grades.items()}
    assert set(after["people"]) == {"bob", "cem"}
    files, earlier = after["files"], f"records/{ASSIGNMENT}/earlier/bob/1"
    assert (
        files[f"{earlier}/submitted/{ASSIGNMENT}.ipynb"]
        == (before["files"][f"submitted/{other}/{ASSIGNMENT}/{ASSIGNMENT}.ipynb"])
    )
    assert json.loads(files[f"{earlier}/record.json"])["student"] == "bob"
    kept = json.loads(files[f"{earlier}/grades.json"])
    by_hand = {name: one["by_hand"] for name, one in kept["points"].items() if one["by_hand"] is not None}
    assert by_hand == ({OPEN: 2.5} if other == "ada" else {f"{FIRST}-check": 3})
    assert kept["comments"] == ({OPEN: "Nearly."} if other == "ada" else {FIRST: "Lucky."})
    assert json.loads(files[f"records/{ASSIGNMENT}/bob.json"])["student"] == "bob"
    assert not any("/ada" in path or ".from" in path for path in files)


def test_an_anonymous_student_has_no_name_and_keeps_the_points(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["export", "--course", str(course.root)])
    with gradebook(course) as book, changing(book):
        term.prepare(book, course)
        term.extend(book, ASSIGNMENT, ["ada"], term.Extension(3600, "ill since Monday", "2026-12-01"))
    gradings.decide(course, "bob", None, comment="Well done, bob.")
    before = state(course)
    key = tmp_path / "key.csv"
    assert command(course, "anonymise", "--all", "--key", str(key)) == 0
    words = dict(line.split(",") for line in key.read_text(encoding="utf-8").splitlines()[1:])
    assert list(words) == ["ada", "bob", "cem"] and all(one.startswith("anon-") for one in words.values())
    after = state(course)
    assert set(after["people"].values()) == {(None, None)}
    assert after["grades"] == {(words[who], cell): value for (who, cell), value in before["grades"].items()}
    assert not any(f"/{one}" in path for path in after["files"] for one in words)
    said = capsys.readouterr().out
    assert "Not changed: grades.csv" in said
    # What ada wrote herself still names her, and so does a grader's comment for bob. That is said.
    assert "still contain the old id, because a student or a grader wrote it: " in said
    for path in (f"submitted/{words['ada']}/{ASSIGNMENT}/{ASSIGNMENT}.ipynb", f"feedback/{words['bob']}/"):
        assert path in said
    assert main(["feedback", "--course", str(course.root)]) == 0
    assert b"since Monday" not in (course.root / "gradebook.db").read_bytes()
    assert command(course, "anonymise", "--all") == 0
    assert state(course)["people"] == after["people"], "it is done already"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["rename", "adda", "x"],
            "There is nothing of a student 'adda' in this course (did you mean 'ada'?)",
        ),
        (["remove", "zoe"], "There is nothing of a student 'zoe'"),
        (["rename", "ada", "bob"], "There is a student bob already. If ada and bob are the same person: "),
        (["rename", "ada", "ada"], "the same id"),
        (["rename", "ada", "a/b"], "'a/b' cannot be an id: allowed are up to 128 characters"),
        (["rename", "ada", ".."], "'..' cannot be an id"),
        (["rename", "ada", "x" * 129], "cannot be an id"),
        (["merge", "ada", "zoe"], "There is nothing of a student 'zoe'"),
        (["merge", "ada", "cem", "--keep", "bob"], "--keep is 'bob'; allowed are ada and cem."),
        (["anonymise"], "Name the students to anonymise, or say --all"),
        (["anonymise", "ada", "--all"], "Name the students to anonymise, or say --all"),
        (["anonymise", "ada", "zoe"], "There is nothing of a student 'zoe'"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    graded: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    course = Course.read(graded)
    before = state(course)
    assert command(course, *words) == 1
    assert said in capsys.readouterr().err
    assert state(course) == before


STEPS = ("_note", "_change_rows", "changing", "_files_aside", "_change_files", "_write_pages")
COMMANDS = {
    "rename": ["rename", "ada", "eve"],
    "merge": ["merge", "ada", "bob", "--keep", "ada"],
    "remove": ["remove", "ada"],
}


QUICK = (("merge", "changing"), ("rename", "_change_rows"))
STOPS = [
    pytest.param(kind, step, marks=[] if (kind, step) in QUICK else pytest.mark.deep)
    for kind in COMMANDS
    for step in STEPS
]


@pytest.mark.parametrize(("kind", "step"), STOPS)
def test_what_was_stopped_at_any_step_is_finished_by_the_same_command(
    course: Course, kind: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    twin = Course.read(shutil.copytree(course.root, tmp_path / "twin"))
    assert command(twin, *COMMANDS[kind]) == 0
    original = getattr(student, step)

    def stopped(*given: object) -> None:
        original(*given)
        raise KeyboardInterrupt

    @contextmanager
    def stopped_after(book: Any) -> Iterator[None]:
        with original(book):
            yield
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(student, step, stopped_after if step == "changing" else stopped)
        done = command(course, *COMMANDS[kind])
        # Files are put aside only where two students are joined.
        assert done == (0 if step == "_files_aside" and kind != "merge" else 130)
    capsys.readouterr()
    if done == 0:
        return
    assert main(["grade", ASSIGNMENT, "--course", str(course.root), "--no-sandbox"]) == 1
    assert "A `classroom student` command was interrupted" in capsys.readouterr().err
    assert command(course, *COMMANDS[kind]) == 0
    assert state(course) == state(twin)
    assert not (course.state / PENDING).exists()


def test_points_that_a_form_grader_gives_after_a_renaming_are_kept(course: Course) -> None:
    """A form grader that is open has the rows by their numbers, which do not change."""
    with Gradebook(course.gradebook_url) as book:
        grade = book.find_grade(OPEN, ASSIGNMENT, ASSIGNMENT, "ada")
        book.db.commit()
        assert command(course, "rename", "ada", "eve") == 0
        grade.manual_score = 1.5
        book.db.commit()
        assert book.find_grade(OPEN, ASSIGNMENT, ASSIGNMENT, "eve").manual_score == 1.5


def test_a_student_who_was_never_graded_is_renamed_too(course: Course) -> None:
    coursework.submit(course, "new", answered({}))
    assert command(course, "rename", "new", "newer") == 0
    assert course.submitted("newer", ASSIGNMENT).is_file()
    assert not (course.root / "submitted/new").exists()
