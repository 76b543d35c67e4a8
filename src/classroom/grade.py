"""`classroom grade`: grade an assignment's submissions, many at once, each in a sandbox of its own.

Grades are kept: after an interruption, the same command continues where it stopped. Only this process writes
the grades.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pebble import ProcessExpired, ProcessPool

from classroom.boxes import boxes
from classroom.course import Course, add_option
from classroom.execute import LOST, Job, Result, Times, graded, ungraded
from classroom.intake import Found, Template, described, strays, submissions
from classroom.sandbox import available
from classroom.spans import duration
from classroom.trouble import KEPT, Trouble
from lessons.judge.clock import BUSY
from lessons.judge.home import begin
from lessons.words import agreeing, many

if TYPE_CHECKING:
    from classroom.cluster import Cluster

NOT_SANDBOXED = "NOT SANDBOXED: submitted code runs with your own rights, on your files and your network."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom grade`."""
    parser.description = (
        "Grade an assignment's submissions in a sandbox. Existing grades are kept; after an interruption, "
        "the same command continues."
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="for example leaks")
    add_option(parser)
    add_options(parser)
    parser.add_argument("--again", action="store_true", help="also grade submissions that have a grade")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a command the options that say which students to grade, and where."""
    one = "grade only this student (may be repeated)"
    parser.add_argument("--student", action="append", default=[], metavar="ID", help=one)
    many_at_once = "how many at once (default: one for each processor)"
    parser.add_argument("--workers", type=_count, metavar="N", help=many_at_once)
    cluster = "grade on a Dask cluster, such as tls://10.0.0.1:8786"
    parser.add_argument("--dask", metavar="ADDRESS", help=cluster)
    bare = "grade without a sandbox: only for code that you know"
    parser.add_argument("--no-sandbox", action="store_true", help=bare)


def run(given: argparse.Namespace) -> int:
    """Grade, and return 0 if every submission has a recorded grade.

    It returns 1 if the grader did not finish a submission, if a record cannot be read, or if a student who
    was named has no submission.
    """
    course = Course.read(given.course)
    sandboxed = in_sandbox(given)
    whom = tuple(given.student)
    try:
        summary = grade(course, given.assignment, whom, given.workers, given.dask, sandboxed, given.again)
    except KeyboardInterrupt:
        print(f"\n{KEPT}", file=sys.stderr)
        raise
    print(summary)
    return 1 if summary.missing or summary.damaged or summary.lost or summary.statuses["stopped"] else 0


def in_sandbox(given: argparse.Namespace) -> bool:
    """Whether to grade in a sandbox; prints a warning if not. Raises `Trouble` if a sandbox cannot start."""
    sandboxed = not given.no_sandbox
    there, sentence = available() if sandboxed and not given.dask else (True, "")
    if not there:
        raise Trouble(
            f"{sentence} `classroom doctor` says how to fix it; --no-sandbox grades without one, and then "
            "submitted code runs with your own rights."
        )
    if not sandboxed:
        print(NOT_SANDBOXED, file=sys.stderr)
    return sandboxed


@dataclass
class GradingSummary:
    """The counts of a grading."""

    course: Course
    assignment: str
    already: int = 0
    earlier: int = 0
    retimed: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    people: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    waiting: int = 0
    began: float = field(default_factory=time.monotonic)

    def add(self, record: dict[str, Any]) -> str:
        """Count one graded submission; return a line with its points and the time that is left."""
        self.statuses[record["status"]] += 1
        self.people += [record["student"]] if record["needs_person"] else []
        count = sum(self.statuses.values())
        got = sum(score["points"] for score in record["exercises"].values())
        worth = sum(score["worth"] for score in record["exercises"].values())
        parts = [f"[{count}/{self.waiting}] {record['student']}: {got:g} of {worth:g}"]
        if record["status"] != "graded":
            parts.append(record["status"])
        if record["late_seconds"]:
            parts.append(f"{duration(record['late_seconds'])} after the deadline")
        if record["note"]:
            parts.append(record["note"])
        if record["needs_person"]:
            parts.append(": ".join(["NEEDS A PERSON", *record["evidence"][-1:]]))
        if not record["sandboxed"]:
            parts.append("not sandboxed")
        if left := self.waiting - count:
            each = (time.monotonic() - self.began) / count
            parts.append(f"about {duration(max(1, left * each))} left")
        return " · ".join(parts)

    def __str__(self) -> str:
        count = sum(self.statuses.values())
        took = f" in {duration(time.monotonic() - self.began)}" if count else ""
        lines = [f"Graded {many(count, 'submission')} of {self.assignment}{took}."]
        if self.already:
            already = many(self.already, "submission")
            lines.append(f"{already} had a grade and kept it (--again grades them too).")
        if self.retimed:
            lines.append(
                f"{many(self.retimed, 'submission')} got another time or deadline: how late "
                f"{agreeing(self.retimed, 'it is', 'they are')} was computed again."
            )
        if self.earlier:
            lines.append(
                f"{many(self.earlier, 'submission')} {agreeing(self.earlier, 'was', 'were')} graded by an "
                "earlier version of the checks or another release, and kept that grade. `classroom regrade "
                f"{self.assignment}` shows what would change; --again grades them again."
            )
        odd = [f"{number} {status}" for status, number in sorted(self.statuses.items()) if status != "graded"]
        if odd:
            lines.append(f"Of these: {', '.join(odd)}.")
        if self.damaged:
            unread = f"{many(len(self.damaged), 'submission')} with a record that cannot be read"
            lines.append(
                f"Not graded: {unread} ({', '.join(sorted(self.damaged))}). Nothing was overwritten."
            )
        if self.lost:
            lines.append(
                f"Not graded: {many(len(self.lost), 'submission')} ({_some(self.lost)}). Nothing was "
                f"recorded for {agreeing(len(self.lost), 'it', 'them')}; the same command tries again."
            )
        if self.people:
            where = f"{self.course.records / self.assignment}; decide in the form grader"
            said = f"{len(self.people)} to be looked at by a person: {_some(self.people)}."
            lines.append(f"{said} The reasons are in {where} (/formgrader in JupyterLab).")
        return "\n".join(lines)


def _some(students: list[str]) -> str:
    return ", ".join(sorted(students)[:20]) + (", …" if len(students) > 20 else "")


def grade(
    course: Course, assignment: str, students: tuple[str, ...] = (), workers: int | None = None,
    dask: str | None = None, sandboxed: bool = True, again: bool = False, times: Times | None = None,
    say: Callable[[str], None] = print,
) -> GradingSummary:  # fmt: skip
    """Grade an assignment's submissions, of all or some students, and say one line about each.

    Raises `Trouble` if the course is not ready, no kernel starts, or a cluster is gone.
    """
    course.assignment(assignment)
    recipe = Recipe.read(course, assignment, sandboxed, times)
    summary = GradingSummary(course, assignment)
    with contextlib.ExitStack() as within:
        pool = within.enter_context(pooled(course, dask, workers, sandboxed, say))
        # Importing nbgrader takes a second; meanwhile the workers start.
        from classroom.book import Book

        book = within.enter_context(Book(course, assignment, recipe.template, recipe.digest, recipe.versions))
        waiting = _waiting(book, summary, students, sandboxed, again)
        for student in summary.missing:
            say(f"{student}: nothing was submitted.")
        for student, why in summary.damaged.items():
            say(f"{student}: not graded. {why}")
        for name in strays(course.root / "submitted"):
            say(f"{name} in submitted/ is not a student's folder, so it is not graded.")
        summary.waiting, summary.began = len(waiting), time.monotonic()
        found_by: dict[str, Found] = {}

        def jobs() -> Iterator[Job]:
            for one in waiting:
                there = submissions(course.root / "submitted", assignment, (one.student,))
                for found in there if one.data is not None else [one]:
                    found_by[one.student] = found
                    if found.data is None:
                        enter(ungraded(one.student, recipe.template, found.status, found.note, sandboxed))
                    else:
                        yield recipe.job(one.student, found.data)

        def enter(result: Result) -> None:
            found = found_by.pop(result.student)
            if result.status == LOST:
                summary.lost.append(result.student)
                say(f"{result.student}: not graded. {result.note}")
            else:
                say(summary.add(book.enter(found, result)))

        for result in results(pool, jobs(), recipe):
            enter(result)
    return summary


def _waiting(
    book: Any, summary: GradingSummary, students: tuple[str, ...], sandboxed: bool, again: bool
) -> list[Found]:
    """The submissions to grade; the summary counts the others."""
    waiting: list[Found] = []
    missing = set(students)
    for found in submissions(summary.course.root / "submitted", summary.assignment, students):
        missing.discard(found.student)
        try:
            book.record(found.student)
        except Trouble as trouble:
            summary.damaged[found.student] = str(trouble)
            continue
        if not again and book.retime(found):
            summary.retimed += 1
        if not again and book.done(found, sandboxed):
            summary.already += 1
        elif not again and book.earlier(found, sandboxed):
            # Grading never lowers a grade by the way: regrading shows first what would change.
            summary.earlier += 1
        else:
            # Each is read again when its turn comes: many notebooks at once need too much memory.
            waiting.append(replace(found, data=found.data and b""))
    summary.missing = sorted(missing)
    return waiting


def results(pool: Pool | Cluster, jobs: Iterable[Job], recipe: Recipe) -> Iterator[Result]:
    """The results as they come. Raises `Trouble` if no kernel starts, or a cluster is gone."""
    for result in pool.results(jobs, recipe.patience):
        if result.status == "no kernel":
            raise Trouble(result.note)
        yield result


@dataclass(frozen=True)
class Recipe:
    """Everything that the submissions of an assignment are graded with. blank: a job without a submission."""

    assignment: str
    template: Template
    versions: dict[str, str]
    blank: Job

    @classmethod
    def read(
        cls, course: Course, assignment: str, sandboxed: bool = True, times: Times | None = None
    ) -> Recipe:
        """The recipe in a course folder. Raises `Trouble` if the assignment is not released."""
        from lessons.exercises import exercises

        path = course.release(assignment)
        try:
            release = path.read_bytes()
            template = Template.read(release)
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = getattr(error, "strerror", None) or error
            raise Trouble(
                f"There is no released notebook of {assignment} at {path} ({why}): run "
                f"`nbgrader generate_assignment {assignment} --force` in {course.root.absolute()}."
            ) from error
        if (drawn := template.variant) not in ("", course.term):
            raise Trouble(
                f"{course.file} has the term {course.term}, but the released notebook {path} has {drawn}: "
                "put that term back. Otherwise students are graded by an exercise that they did not get."
            )
        beside = [one for one in sorted(path.parent.rglob("*")) if one.is_file() and one.suffix != ".ipynb"]
        files = {one.relative_to(path.parent).as_posix(): one.read_bytes() for one in beside}
        known = exercises()
        checked = [slot.exercise for slot in template.slots if slot.exercise]
        versions = {name: known[name].version if name in known else "" for name in checked}
        times = times or Times(**course.limits)
        blank = Job("", b"", release, course.term, files, times=times, sandboxed=sandboxed)
        return cls(assignment, template, versions, blank)

    @property
    def digest(self) -> str:
        """A digest of release and checks. A grade from another digest stays until a regrading or --again."""
        files = sorted((name, data.hex()) for name, data in self.blank.files.items())
        content = [self.blank.release.hex(), self.blank.variant, sorted(self.versions.items()), files]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    @property
    def patience(self) -> float:
        """More seconds than any submission takes: all its limits added, and the time for a busy machine."""
        times = self.blank.times
        return 2 * (times.notebook + times.cell * len(self.template.slots)) + 4 * BUSY

    def job(self, student: str, notebook: bytes, seeds: Mapping[str, str] | None = None) -> Job:
        """One student's job, complete. seeds: the judge's seeds, for exercises that do not get a new one."""
        return replace(self.blank, student=student, notebook=notebook, seeds=dict(seeds or {}))


class Pool:
    """Grades in so many processes of this machine. One that dies or hangs costs only its own submission."""

    def __init__(self, processes: ProcessPool, count: int) -> None:
        self.processes, self.count = processes, count

    def results(self, jobs: Iterable[Job], patience: float | None = None) -> Iterator[Result]:
        """The results as they come. A job whose process dies or hangs is tried once more.

        patience: after so many seconds, a process that has not returned is ended. Raises `Trouble` if the
        processes cannot be used any more.
        """
        running: dict[Future[Result], Job] = {}
        queue, again = iter(jobs), list[Job]()
        while True:
            # More jobs would only use memory.
            for job in itertools.islice(queue, 2 * self.count - len(running)):
                running[self.processes.schedule(graded, [job], timeout=patience)] = job
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job, error = running.pop(future), future.exception()
                if error is None:
                    yield future.result()
                elif isinstance(error, BrokenExecutor):
                    raise Trouble(f"All processes of the grader have ended ({error}). {KEPT}")
                elif not isinstance(error, ProcessExpired | TimeoutError):
                    yield _lost(job, f"The grading of this submission failed: {described(error)}.")
                elif job in again:
                    how = "died" if isinstance(error, ProcessExpired) else "did not end"
                    yield _lost(job, f"The grading process of this submission {how}, twice.")
                else:
                    again.append(job)
                    running[self.processes.schedule(graded, [job], timeout=patience)] = job


def _lost(job: Job, note: str) -> Result:
    return ungraded(job.student, Template.read(job.release), "stopped", note, job.sandboxed)


@contextlib.contextmanager
def pooled(
    course: Course, dask: str | None, workers: int | None, sandboxed: bool, say: Callable[[str], None]
) -> Iterator[Pool | Cluster]:
    """Workers on a Dask cluster, or so many processes here (None: one for each processor)."""
    with contextlib.ExitStack() as within:
        if dask:
            from classroom.cluster import connected

            yield within.enter_context(connected(course, dask, sandboxed, say))
            return
        methods = multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if context.get_start_method() == "forkserver":
            context.set_forkserver_preload(["classroom.execute"])
        count, folder = workers or os.cpu_count() or 1, str(within.enter_context(boxes()))
        pool = ProcessPool(count, initializer=_begin, initargs=(folder,), context=context)
        within.callback(pool.join)
        within.callback(pool.stop)
        for _ in range(count):
            pool.schedule(begin)  # a first submission would wait for it
        yield Pool(pool, count)


def _begin(folder: str) -> None:
    """In a worker: leave Ctrl-C to the grader, end when it ends, and put temporary files in this folder."""
    tempfile.tempdir = folder
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        allowed = "give a whole number from 1 to 1000"
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of workers: {allowed}")
    return int(text)
