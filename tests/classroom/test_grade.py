"""The same input gives the same grades: in any order, with any workers, cut off in the middle or not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import coursework
import psutil
import pytest
from coursework import ASSIGNMENT, IDS, answered, cell, solution, submit, wrong
from nbgrader.api import Gradebook

from classroom.cli import main
from classroom.course import Course
from classroom.execute import LOST, Job, Result
from classroom.grade import GradingSummary, Pool, Recipe, grade, pooled
from classroom.sandbox import available
from classroom.trouble import Trouble

if sys.platform != "linux":
    pytest.skip("the sandbox needs Linux", allow_module_level=True)
if not available()[0]:
    pytest.skip(f"no sandbox: {available()[1]}", allow_module_level=True)

STUDENTS = ("ada", "bob", "cem", "dov", "eve", "fay")


def course_of(root: Path) -> Course:
    """A course with six submissions: right, wrong, untouched, forged, cut off, unreadable."""
    course = coursework.make(root)
    first = IDS[0]
    right = {id: solution(id) for id in IDS}
    submit(course, "ada", answered(right))
    submit(course, "bob", answered({id: wrong(id) for id in IDS}))
    submit(course, "cem", answered({}))
    forged = answered({first: wrong(first)})
    forged["cells"].insert(
        2, cell("code", "import lessons.study.checking as e\ne.judged = lambda *given: None")
    )
    submit(course, "dov", forged)
    submit(course, "eve", answered({first: "import os\nos._exit(1)"} | {IDS[-1]: right[IDS[-1]]}))
    submit(course, "fay", b"{")
    return course


def outcome(course: Course) -> dict[str, Any]:
    """What grading leaves: records, scores in the gradebook, whose graded notebook is there."""
    with Gradebook(course.gradebook_url) as book:
        scores = {
            one.student.id: sorted(
                (grade.name, grade.auto_score, grade.needs_manual_grade)
                for notebook in one.notebooks
                for grade in notebook.grades
            )
            for one in book.assignment_submissions(ASSIGNMENT)
        }
    graded = {path.parts[-3] for path in (course.root / "autograded").glob(f"*/*/{ASSIGNMENT}.ipynb")}
    records = {path.stem: _grade_of(path) for path in (course.records / ASSIGNMENT).glob("*.json")}
    return {"scores": scores, "graded": graded, "records": records}


def _grade_of(path: Path) -> dict[str, Any]:
    """A record without what is drawn, and without sentences: one may tell of a moment or of an address."""
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    del record["evidence"]
    for score in record["exercises"].values():
        del score["seed"]
        score["aspects"] = [(one["name"], one["points"], one["belief"]) for one in score["aspects"]]
    return record


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, dict[str, Any]]:
    """The course graded by two workers in one run, and what that left."""
    course = course_of(tmp_path_factory.mktemp("undisturbed") / "course")
    summary = grade(course, ASSIGNMENT, workers=2, say=_quiet)
    assert sum(summary.statuses.values()) == len(STUDENTS)
    return course, outcome(course)


def _quiet(line: str) -> None:
    pass


def _copy(course: Course, place: Path) -> Course:
    """The same course, not graded yet."""
    keep = shutil.ignore_patterns("autograded", "records", "gradebook.db")
    shutil.copytree(course.root, place, ignore=keep)
    fresh = coursework.make(place.with_name("fresh"))
    shutil.copy(fresh.gradebook, place / "gradebook.db")
    return Course.read(place)


def test_everybody_has_what_they_earned(undisturbed: tuple[Course, dict[str, Any]]) -> None:
    course, _ = undisturbed
    folder = course.records / ASSIGNMENT
    records = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
    earned = {
        name: [score["points"] == score["worth"] for score in record["exercises"].values()]
        for name, record in records.items()
    }
    assert earned["ada"] == [True] * len(IDS)
    assert not any(earned["bob"] + earned["cem"] + earned["dov"] + earned["fay"])
    assert earned["eve"][-1] or len(IDS) == 1
    assert {name for name, record in records.items() if record["needs_person"]} >= {"fay"}
    assert records["fay"]["status"] == "unreadable"
    assert all(record["sandboxed"] for record in records.values())


@pytest.mark.deep
def test_one_worker_in_another_order_gives_the_same(
    undisturbed: tuple[Course, dict[str, Any]], tmp_path: Path
) -> None:
    course = _copy(undisturbed[0], tmp_path / "course")
    for some in (("fay", "dov"), ("bob", "eve"), ("cem", "ada")):
        grade(course, ASSIGNMENT, some, workers=1, say=_quiet)
    assert outcome(course) == undisturbed[1]


def test_what_a_cluster_lost_is_not_recorded_and_the_exit_code_says_so(
    undisturbed: tuple[Course, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    course = Course.read(Path(shutil.copytree(undisturbed[0].root, tmp_path / "course")))

    class Loses:
        def results(self, jobs: Iterable[Job], patience: float) -> Iterator[Result]:
            for job in jobs:
                yield Result(job.student, LOST, "4 workers died.")

    monkeypatch.setattr("classroom.grade.pooled", lambda *given: nullcontext(Loses()))
    words = ["grade", ASSIGNMENT, "--course", str(course.root), "--dask", "tcp://there", "--again"]
    assert main([*words, "--student", "ada", "--student", "bob"]) == 1
    said = capsys.readouterr().out
    assert "ada: not graded. 4 workers died." in said
    assert "Not graded: 2 submissions (ada, bob). Nothing was recorded for them; the same command" in said
    assert outcome(course) == undisturbed[1]


@pytest.mark.deep
@pytest.mark.parametrize("after", [1, 3])
def test_killed_in_the_middle_and_run_again_gives_the_same(
    undisturbed: tuple[Course, dict[str, Any]], tmp_path: Path, after: int
) -> None:
    course = _copy(undisturbed[0], tmp_path / "course")
    command = [sys.executable, "-m", "classroom.cli", "grade", ASSIGNMENT, "--workers", "2"]
    grader = subprocess.Popen(command, cwd=course.root, stdout=subprocess.DEVNULL)
    records = course.records / ASSIGNMENT
    _until(lambda: len(list(records.glob("*.json"))) >= after or grader.poll() is not None)
    family = psutil.Process(grader.pid).children(recursive=True) if grader.poll() is None else []
    os.kill(grader.pid, signal.SIGKILL)
    assert grader.wait() in (-signal.SIGKILL, 0)
    # Its workers and their kernels end with it.
    psutil.wait_procs(family, timeout=60)
    assert not [one for one in family if _runs(one)]
    kept = {path.name: path.stat().st_mtime_ns for path in records.glob("*.json")}
    summary = grade(course, ASSIGNMENT, workers=2, say=_quiet)
    assert summary.already == len(kept)
    assert {name: (records / name).stat().st_mtime_ns for name in kept} == kept
    assert outcome(course) == undisturbed[1]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not there():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def test_what_is_graded_stays_until_it_changes(
    undisturbed: tuple[Course, dict[str, Any]], tmp_path: Path
) -> None:
    course = Course.read(shutil.copytree(undisturbed[0].root, tmp_path / "course"))
    assert grade(course, ASSIGNMENT, workers=1, say=_quiet).already == len(STUDENTS)
    submit(course, "cem", answered({id: solution(id) for id in IDS}))
    lines: list[str] = []
    summary = grade(course, ASSIGNMENT, workers=1, say=lines.append)
    assert (summary.already, summary.statuses["graded"]) == (len(STUDENTS) - 1, 1)
    worth = sum(int(one.points) for one in Recipe.read(course, ASSIGNMENT).template.slots if one.check)
    assert lines == [f"[1/1] cem: {worth} of {worth}"]


def test_the_command_grades_and_says_what_it_did(
    undisturbed: tuple[Course, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    course = undisturbed[0]
    words = ["grade", ASSIGNMENT, "--course", str(course.root), "--student", "fay", "--again"]
    assert main([*words, "--workers", "1", "--student", "nobody"]) == 1
    said = capsys.readouterr().out
    assert "nobody: nothing was submitted." in said
    assert "fay: 0 of" in said and "The file is not JSON" in said and "NEEDS A PERSON" in said
    assert "Of these: 1 unreadable." in said
    assert "1 to be looked at by a person: fay." in said


def test_without_a_sandbox_it_says_so_loudly(
    undisturbed: tuple[Course, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = _copy(undisturbed[0], tmp_path / "course")
    words = ["grade", ASSIGNMENT, "--course", str(course.root), "--workers", "1", "--student", "ada"]
    assert main([*words, "--no-sandbox"]) == 0
    said = capsys.readouterr()
    assert said.err.count("NOT SANDBOXED") == 1
    assert "not sandboxed" in said.out
    record = json.loads((course.records / ASSIGNMENT / "ada.json").read_text(encoding="utf-8"))
    assert record["sandboxed"] is False
    # With a sandbox it is graded again.
    assert grade(course, ASSIGNMENT, ("ada",), workers=1, say=_quiet).already == 0


def test_without_a_sandbox_it_refuses_unless_told(
    undisturbed: tuple[Course, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("classroom.grade.available", lambda: (False, "The sandbox needs the program bwrap."))
    assert main(["grade", ASSIGNMENT, "--course", str(undisturbed[0].root)]) == 1
    said = capsys.readouterr().err
    assert "needs the program bwrap" in said and "--no-sandbox" in said


def test_a_mended_check_changes_no_grade_in_passing(
    undisturbed: tuple[Course, dict[str, Any]], tmp_path: Path
) -> None:
    before, _ = undisturbed
    course = Course.read(Path(shutil.copytree(before.root, tmp_path / "course")))
    place = course.records / ASSIGNMENT / "ada.json"
    record = json.loads(place.read_text(encoding="utf-8"))
    place.write_text(json.dumps(record | {"grading": "by an earlier check"}), encoding="utf-8")
    graded = outcome(course)
    summary = grade(course, ASSIGNMENT, workers=1, say=_quiet)
    assert (summary.earlier, sum(summary.statuses.values())) == (1, 0)
    assert "1 submission was graded by an earlier" in str(summary)
    assert f"classroom regrade {ASSIGNMENT}" in str(summary)
    assert outcome(course) == graded


def test_the_limits_of_the_course_are_those_of_grading(tmp_path: Path) -> None:
    course = coursework.make(tmp_path / "course")
    usual = Recipe.read(course, ASSIGNMENT)
    text = course.file.read_text(encoding="utf-8")
    assert (usual.blank.times.cell, usual.blank.times.notebook) == (30, 240)
    course.file.write_text(text.replace("cell = 30\nnotebook = 240", "cell = 90\nnotebook = 900"))
    longer = Recipe.read(Course.read(course.root), ASSIGNMENT)
    assert (longer.blank.times.cell, longer.blank.times.notebook) == (90, 900)
    assert longer.job("ada", b"").times == longer.blank.times
    # A longer wait is no other check: what was graded stays.
    assert longer.digest == usual.digest
    course.file.write_text(text.replace("[limits]\ncell = 30\nnotebook = 240\n", ""))
    assert Recipe.read(Course.read(course.root), ASSIGNMENT).digest == usual.digest


def test_an_assignment_that_is_not_released_is_a_sentence(tmp_path: Path) -> None:
    course = coursework.make(tmp_path / "course")
    course.release(ASSIGNMENT).unlink()
    with pytest.raises(Trouble, match="no released notebook of leaks"):
        grade(course, ASSIGNMENT, say=_quiet)


def dies_or_hangs(job: Job) -> Result:
    """Takes the place of `graded`, in a process of the pool."""
    if job.student == "cem":
        os._exit(3)
    while job.student == "bo":
        time.sleep(0.1)
    if job.student == "eva":
        raise ValueError("it cannot")
    return Result(job.student)


def test_a_process_that_dies_or_hangs_costs_its_own_submission_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classroom.grade.graded", dies_or_hangs)
    course = coursework.make(tmp_path / "course")
    release = json.dumps(coursework.release(*IDS)).encode()
    names = ("ada", "bo", "cem", "dan", "eva", "fay")
    with pooled(course, None, 1, False, _quiet) as pool:
        results = list(pool.results([Job(name, b"{}", release, "term") for name in names], patience=0.5))
    notes = {one.student: one.note for one in results}
    assert sorted(one.student for one in results) == list(names)
    assert "did not end, twice" in notes.pop("bo") and "died, twice" in notes.pop("cem")
    assert notes.pop("eva") == "The grading of this submission failed: ValueError, it cannot."
    assert set(notes.values()) == {""}


def test_processes_that_cannot_be_used_are_a_sentence() -> None:
    class Broken:
        def schedule(self, *given: Any, **named: Any) -> Future[Any]:
            future = Future[Any]()
            future.set_exception(BrokenProcessPool("no process starts"))
            return future

    pool = Pool(cast(Any, Broken()), 1)
    with pytest.raises(Trouble, match=r"have ended [(]no process starts[)].+ are kept"):
        list(pool.results([Job("ada", b"{}", b"{}", "term")]))


def test_the_summary_names_people_and_what_is_odd(tmp_path: Path) -> None:
    summary = GradingSummary(coursework.make(tmp_path / "course"), ASSIGNMENT, 2)
    summary.statuses.update(["graded", "late", "late"])
    summary.people += ["ada"]
    lines = str(summary).splitlines()
    assert lines[0].startswith("Graded 3 submissions of leaks")
    assert lines[1].startswith("2 submissions had a grade and kept it")
    assert lines[2] == "Of these: 2 late."
    assert lines[3].startswith("1 to be looked at by a person: ada.")
