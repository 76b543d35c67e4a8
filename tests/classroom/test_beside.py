"""Each command of `classroom` runs beside JupyterLab's form grader and beside nbgrader's own interface."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coursekit import small_kit
from nbgrader.api import Gradebook

from classroom.course import Course
from classroom.gradebook import changing, gradebook
from classroom.making import make
from classroom.sandbox import available

pytestmark = pytest.mark.deep

if not available()[0]:
    pytest.skip(f"no sandbox: {available()[1]}", allow_module_level=True)

STUDENTS = ["ada", "bob", "cem", "dov", "eve", "fay"]

COMMANDS = {
    "roster": ["roster", "../roster.csv", "--drop"],
    "collect": ["collect", "leaks", "../handed-in"],
    "extend": ["extend", "leaks", "ada", "bob", "--by", "RUNd"],
    "extend --dry-run": ["extend", "leaks", "ada", "--remove", "--dry-run"],
    "update": ["course", ".", "--update"],
    "grade": ["grade", "leaks", "--again", "--workers", "2"],
    "regrade": ["regrade", "leaks", "--all", "--workers", "2"],
    "regrade --dry-run": ["regrade", "leaks", "--all", "--dry-run", "--workers", "2"],
    "export": ["export"],
    "report": ["report"],
    "feedback": ["feedback"],
    "student-kit": ["student-kit", "kit.zip"],
    "student rename": ["student", "rename"],
    "backup": ["backup"],
    "restore": ["restore"],
    "graders": ["graders", "leaks", "--share", "tom", "uma"],
    "exercise": ["exercise", "leaks-x101"],
    "exercise --check": ["exercise", "leaks-x101", "--check"],
    "matrix": ["matrix", "leaks-x1"],
    "doctor": ["doctor"],
    "student merge": ["student", "merge", "gus", "guy", "--keep", "guy"],
    "student remove": ["student", "remove", "gus"],
    "student anonymise": ["student", "anonymise", "gus"],
    "restore --replace": ["restore", "--replace"],
}
"""The last ones leave something behind, so they come after the others."""

LEAVING = ("student rename", "student merge", "student remove", "student anonymise", "restore --replace")
"""After them a student's row is gone. A page lists the submissions and then reads the student of each."""

ROUNDS = 10
"""Rounds for each command, at least: about 250 in all, and five hundred points given."""

COMMAND = """
import sys
from pathlib import Path
from lessons.desk import workcopy
if {kit!r}:
    workcopy.course = lambda: Path({kit!r})
from classroom.cli import main
raise SystemExit(main(sys.argv[1:]))
"""


class FormGrader:
    """nbgrader's form grader in a JupyterLab, as a browser asks it."""

    def __init__(self, port: int, token: str) -> None:
        self.address, self.token = f"http://127.0.0.1:{port}", token
        self.asked = 0
        self.failures: list[str] = []

    def ask(self, path: str, content: dict[str, Any] | None = None) -> bytes:
        """One request; a PUT if there is something to send. What fails is noted."""
        self.asked += 1
        request = urllib.request.Request(
            self.address + path,
            None if content is None else json.dumps(content).encode(),
            {"Authorization": f"token {self.token}"},
            method="GET" if content is None else "PUT",
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            self.failures.append(f"{error.code} {path}")
            return b"{}"

    def page(self, path: str, again: bool) -> None:
        """Open a page. again: after an error of the server, load it again, and only that counts."""
        before = len(self.failures)
        self.ask(path)
        if again and self.failures[before:] == [f"500 {path}"]:
            self.failures.pop()
            self.ask(path)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """A class that handed in and was graded, and a second assignment that can still change."""
    root = tmp_path_factory.mktemp("beside")
    with pytest.MonkeyPatch.context() as patched:
        small_kit(root / "kit", patched, "leaks-x1", "chains-x1")
        course = make(root / "week", "Pipes", "wt26-0a1b2c3d")
        text = course.source("leaks").read_text(encoding="utf-8")
        for student in STUDENTS:
            target = course.submitted(student, "leaks")
            target.parent.mkdir(parents=True)
            target.write_text(text.replace("count += 1", "count += 2"), encoding="utf-8")
        yield course


def command(course: Course, words: list[str]) -> subprocess.Popen[bytes]:
    """Start a command in the course's folder."""
    # A student's kit is packed from the whole checkout.
    kit = "" if words[0] == "student-kit" else str(course.root.parent / "kit")
    program = COMMAND.format(kit=kit)
    with (course.root.parent / "said").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-c", program, *words], cwd=course.root, stdout=said, stderr=said
        )


@pytest.fixture(scope="module")
def grader(course: Course) -> Iterator[FormGrader]:
    started = command(course, ["grade", "leaks", "--workers", "2"])
    assert started.wait() == 0, (course.root.parent / "said").read_text()
    place = course.root.parent
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    private = {name: str(place / name.lower()) for name in places}
    made = FormGrader(port, secrets.token_hex(8))
    options = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
               "--ServerApp.port_retries=0", f"--IdentityProvider.token={made.token}"]  # fmt: skip
    with (place / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=course.root, env=os.environ | private, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        until = time.monotonic() + 120
        while True:
            try:
                made.ask("/api/status")
                break
            except urllib.error.URLError:
                said = (place / "log").read_text(errors="replace")
                assert server.poll() is None and time.monotonic() < until, said
                time.sleep(0.2)
        yield made
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.mark.parametrize("name", COMMANDS)
def test_no_points_are_lost_while_a_command_runs(course: Course, grader: FormGrader, name: str) -> None:
    file = course.gradebook.stat().st_ino
    before = len(grader.failures)
    given: dict[str, float] = {}
    number, runs, running = 0, 0, None
    with Gradebook(course.gradebook_url) as book:
        grades = {
            (student, cell): book.find_grade(cell, "leaks", "leaks", student).id
            for student in STUDENTS
            for cell in ("leaks-open", "leaks-x1-check")
        }
        pages = {s: book.find_submission_notebook("leaks", "leaks", s).id for s in STUDENTS}
        # The rounds go on until the command has ended by itself at least once.
        while number < ROUNDS or (runs == 1 and running is not None and running.poll() is None):
            if running is None or running.poll() is not None:
                if running is not None and running.returncode:
                    break
                runs += 1
                changed(course, name, runs)
                if name == "exercise":
                    for path in course.own.rglob("leaks?x101/*.*"):
                        path.unlink()
                more = MORE[name](course, runs) if name in MORE else []
                words = [word.replace("RUN", str(runs)) for word in COMMANDS[name]]
                running = command(course, words + more)
            student = STUDENTS[number % len(STUDENTS)]
            points = round((number + 1) / 100 + runs / 10_000, 4)
            mine, other = grades[student, "leaks-open"], grades[student, "leaks-x1-check"]
            book.find_grade_by_id(mine).manual_score = points
            book.db.commit()
            told = json.loads(grader.ask(f"/formgrader/api/grade/{other}", {"manual_score": points}))
            assert told.get("manual_score") == points, grader.failures
            given[mine] = given[other] = points
            if number % 10 == 0:
                for page in (f"submissions/{pages[student]}", "gradebook/leaks/leaks"):
                    grader.page(f"/formgrader/{page}", again=name in LEAVING)
            book.db.expire_all()
            now = {id: book.find_grade_by_id(id).manual_score for id in given}
            if name == "restore --replace" and now != given:
                # The backup's points count now. Those that a person gave before are in the backup of before.
                before_that = in_backups(course)
                assert all(given[id] in before_that[id] for id in given if now[id] != given[id])
                given.update(now)
            assert now == given
            number += 1
            time.sleep(0.02)
    assert running is not None
    assert running.wait() == 0, (course.root.parent / "said").read_text()
    with Gradebook(course.gradebook_url) as book:
        assert {id: book.find_grade_by_id(id).manual_score for id in given} == given
    assert len(given) == 2 * len(STUDENTS)
    assert grader.failures[before:] == []
    assert course.gradebook.stat().st_ino == file
    print(f"{name}: {number} rounds, {runs} runs, {grader.asked} requests in all, 0 lost")


def renaming(course: Course, number: int) -> list[str]:
    """The ids of a student who is renamed back and forth beside the others; made at the first time."""
    first, second = course.submitted("gus", "leaks"), course.submitted("guy", "leaks")
    if not first.exists() and not second.exists():
        first.parent.mkdir(parents=True)
        first.write_bytes(course.submitted("ada", "leaks").read_bytes())
    return ["gus", "guy"] if first.exists() else ["guy", "gus"]


def others(course: Course, number: int) -> list[str]:
    """Make two more students with a submission; no more words."""
    with gradebook(course) as book, changing(book):
        for student in ("gus", "guy"):
            target = course.submitted(student, "leaks")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(course.submitted("ada", "leaks").read_bytes())
            book.update_or_create_student(student)
            book.update_or_create_submission("leaks", student)
    return []


def kept(course: Course, name: str) -> Path:
    """A new backup of the course."""
    target = course.root.parent / f"{name}.zip"
    assert command(course, ["backup", str(target)]).wait() == 0
    return target


def restoring(course: Course, number: int) -> list[str]:
    """A backup, and a new folder for it."""
    return [str(kept(course, f"kept-{number}")), str(course.root.parent / f"restored-{number}")]


def replacing(course: Course, number: int) -> list[str]:
    """A backup, and the course itself."""
    return [str(kept(course, f"again-{number}")), str(course.root)]


def in_backups(course: Course) -> dict[str, set[float]]:
    """The points in all backups that a restore made before it replaced the course, by grade."""
    found: dict[str, set[float]] = defaultdict(set)
    for path in course.root.parent.glob("*-before-restore-*.zip"):
        copy = path.with_suffix(".db")
        with zipfile.ZipFile(path) as archive:
            copy.write_bytes(archive.read("course/gradebook.db"))
        with contextlib.closing(sqlite3.connect(copy)) as book:
            for id, points in book.execute("SELECT id, manual_score FROM grade"):
                found[id].add(points)
    return found


MORE = {
    "student rename": renaming, "restore": restoring, "restore --replace": replacing,
    "student merge": others, "student remove": others, "student anonymise": others,
}  # fmt: skip
"""Words that a command needs new for each run: a function of the course and the run's number."""


def changed(course: Course, name: str, number: int) -> None:
    """Something new for the command's next run: in course.toml, in the roster, or in what was handed in."""
    if name == "roster":
        rows = [f"{student},{student.title()} Nr{number},{number % 2}\n" for student in STUDENTS]
        (course.root.parent / "roster.csv").write_text("Login,Name,Section\n" + "".join(rows))
    if name == "collect":
        for student in STUDENTS:
            target = course.root.parent / "handed-in" / f"{student}.ipynb"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(course.source("leaks").read_bytes() + b" " * number)
    text = course.file.read_text(encoding="utf-8")
    if name == "update" or 'deadline = ""' in text:
        with_deadlines(course, text, number)


def with_deadlines(course: Course, text: str, number: int) -> None:
    """Another deadline, and a notebook that is made again, in course.toml."""
    lines = [
        f'name = "Pipes {number}"'
        if line.startswith("name =")
        else f'deadline = "2027-01-{1 + number % 28:02} 12:00"'
        if line.startswith("deadline =")
        else line
        for line in text.splitlines()
    ]
    course.file.write_text("\n".join(lines) + "\n", encoding="utf-8")
