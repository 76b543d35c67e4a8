"""leaks-x5: a test that catches the leak.

The jobs run here, on the engine and the readings that the student's test made in the host. The host sees what
a job does with them, and never the job. What a job leaves open is held there by its error alone, as by a
traceback: a test that drops the error loses the leak.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lessons.exercises.exercise import Sheet, attempt, swallowed_at
from lessons.exercises.leaks_parts import new_pool
from lessons.exercises.leaks_programs import (
    LEAKY,
    RIGHT,
    Job,
    borrowed,
    closes_at_the_end,
    in_one_with,
    raises_its_own,
    reads_before_it_borrows,
    remembers_the_closed,
    runs_a_worker,
    skips_what_is_broken,
)
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback, Judge

# --- what is observed ---


class Handed:
    """A job as the test gets it, and what became of its calls."""

    def __init__(self, judge: Judge, job: Job, lucky: bool = True) -> None:
        self.judge, self.job, self.lucky = judge, job, lucky
        self.ends: list[str] = []
        self.errors: list[BaseException] = []
        self.engines: list[Any] = []

    def __call__(self, engine: Any, readings: Any) -> Any:
        self.engines.append(engine)
        first = self.judge.mark()
        try:
            value = self.job(engine, readings)
        except BaseException as error:
            self.ends.append(type(error).__name__)
            self.errors.append(error)
            if self.lucky:
                self.judge.leave_to(error, first, borrowed, cycle=self.job is runs_a_worker)
            raise
        self.ends.append("")
        if self.lucky:
            self.judge.release(first, borrowed)
        return value


@dataclass
class Heard:
    """What the test said of the right jobs before any leaky one came."""

    called: bool = False
    rejected: int = 0
    of: int = 0
    worst: str = ""
    rejects: bool = False
    """Whether it rejects any job at all."""
    collects: bool = False
    """Whether it calls the collector: only that lets go of what a job has left in a cycle."""

    def hears(self, ends: list[str], passed: bool, said: str) -> None:
        """Count one more of them."""
        self.called = self.called or bool(ends)
        self.of += 1
        self.rejected += not passed
        if not self.worst or said.startswith("KeyboardInterrupt"):
            self.worst = said


@dataclass(frozen=True)
class Said:
    """What the test said of one job."""

    test: Heard
    job: Job
    leaks: str
    """On which way out it leaks: "broken", "whole", "stop" or "open"; "" for a right job."""
    caught: bool
    """Whether an `AssertionError` came out."""
    passed: bool
    said: str
    """What came out, with its line."""
    of_the_job: bool
    """Whether that was an error of the job's own."""
    provoked: bool
    """Whether the job was run in the way on which it leaks."""
    shared: bool
    """Whether it got a pool that an earlier job had had."""
    swallowed: str
    """The line of an assertion that failed in vain."""
    saw_kept: bool
    """Whether the test catches the job if nothing is ever let go."""

    @property
    def like(self) -> str:
        """What a right job does, as text."""
        return LIKE.get(self.job, "that closes both in any case")

    @property
    def told(self) -> str:
        """What the test said of the right jobs, as text."""
        return f"{self.test.rejected} of {self.test.of} jobs that leak nothing: {self.test.worst}"


ENDS = {"whole": "", "broken": "ValueError", "stop": "KeyboardInterrupt", "open": "TimeoutError"}
LIKE: dict[Job, str] = {
    skips_what_is_broken: "that skips a broken reading",
    raises_its_own: "that raises a `RuntimeError` at a broken reading",
    reads_before_it_borrows: "that reads all before it borrows",
}


def each_job(answer: Any, sheet: Sheet) -> Iterator[Said]:
    """First each right job, and a drawn number of them again; then the leaky and the right ones, mixed."""
    drawn = sheet.variant.random("leaks-x5 order")
    right = [(job, "") for job in RIGHT]
    first = right + drawn.sample(right, drawn.randrange(len(right) + 1))
    mixed = [(job, leaks) for leaks, jobs in LEAKY.items() for job in jobs] + right
    drawn.shuffle(first)
    drawn.shuffle(mixed)
    # A right job comes after all the leaky ones, too, so that a pool that is shared always shows.
    mixed += drawn.sample(right, 1)
    test, engines = Heard(), set[int]()
    collects = sheet.judge.witness(gc.isenabled)
    sheet.judge.witness(gc.disable)  # so that its moment decides nothing; a test that calls it has it
    sheet.judge.witness(gc.freeze)  # such a test need not look at all that a notebook holds
    try:
        for number, (job, leaks) in enumerate(first + mixed):
            yield _said(answer, sheet.judge, job, leaks, engines, test, number < len(first))
    finally:
        sheet.judge.witness(gc.unfreeze)
        if collects is True:
            sheet.judge.witness(gc.enable)


def _said(
    answer: Any, judge: Judge, job: Job, leaks: str, engines: set[int], test: Heard, early: bool
) -> Said:
    handed = Handed(judge, job)
    tried = attempt(answer, Callback(handed, "job"))
    borrowed.clear()
    mine = {id(engine) for engine in handed.engines}  # the judge keeps them, so no id is given twice
    passed = tried.error is None
    said = tried.raised + (f", at {tried.where}" if tried.where else "")
    if early:
        test.hears(handed.ends, passed, said)
    made = Said(
        test=test,
        job=job,
        leaks=leaks,
        caught=isinstance(tried.error, AssertionError),
        passed=passed,
        said=said,
        of_the_job=any(tried.error is error for error in handed.errors),
        provoked=ENDS.get(leaks) in handed.ends,
        shared=not early and not mine.isdisjoint(engines),
        swallowed=_swallowed(answer, judge, job) if leaks and passed else "",
        saw_kept=bool(leaks and passed) and _sees_what_is_kept(answer, judge, job),
    )
    engines |= mine
    test.rejects = test.rejects or not passed
    test.collects = test.collects or (job is runs_a_worker and made.saw_kept)
    return made


def _swallowed(answer: Any, judge: Judge, job: Job) -> str:
    # Hearsay, for a sentence alone.
    line = attempt(judge.witness, swallowed_at, answer, Callback(Handed(judge, job), "job")).value
    borrowed.clear()
    return line if type(line) is str else ""


def _sees_what_is_kept(answer: Any, judge: Judge, job: Job) -> bool:
    tried = attempt(answer, Callback(Handed(judge, job, lucky=False), "job"))
    borrowed.clear()
    return isinstance(tried.error, AssertionError)


# --- the rules ---

AT_BROKEN, AT_CTRL_C = "after a broken reading", "after Ctrl-C"
AT_SECOND = "after its second `connect()` failed"

# A test that rejects most of what is right says nothing of what leaks: only so, a guess earns nothing.
SPEAKS = (
    Rule(each_job, lambda one: not one.test.called,
         "your test never called a job; of the first one it said: {said}.", "",
         "Call `job(new_pool(), readings)` in it, and look at the pool afterwards."),
    Rule(each_job, lambda one: 2 * one.test.rejected > one.test.of
         and one.test.worst.startswith("KeyboardInterrupt"),
         "your test rejects {told}.", "leaks-except-is-enough",
         "`KeyboardInterrupt` is not an `Exception`. Catch a `BaseException`, keep it, then `assert`."),
    Rule(each_job, lambda one: 2 * one.test.rejected > one.test.of,
         "your test rejects {told}.", "",
         "Catch whatever a job raises, keep it, and assert on `engine.pool.checkedout()` alone."),
)  # fmt: skip


def missed(leaks: str, more: Callable[[Said], object]) -> Callable[[Said], object]:
    """What a rule asks of a job that leaks on one way out and is not caught."""
    return lambda one: one.leaks == leaks and not one.caught and more(one)


def catches(leaks: str, when: str, never: str) -> tuple[Rule, ...]:
    """The rules by which a test misses the jobs that leak on one way out."""
    job = f"a job that leaves a connection open {when}"
    return (
        Rule(each_job, missed(leaks, lambda one: not one.passed),
             f"{job} made your test end with {{said}}: this is not an `AssertionError`.", "",
             "Catch whatever the job raises, keep it, then `assert`."),
        Rule(each_job, missed(leaks, lambda one: one.swallowed),
             f"{job} passed your test. An assertion failed, at {{swallowed}}, but something around it "
             "swallowed the error.", "",
             "Leave the `with` or `try` around the job first, and assert below it."),
        Rule(each_job, missed(leaks, lambda one: not one.provoked),
             f"{job} passed your test: in it, the job was never {never}.", "",
             "List the ways in which a job can end, and run it once for each, on a pool of its own."),
        Rule(each_job, missed(leaks, lambda one: not one.saw_kept),
             f"{job} passed your test: the slot was taken, and nothing in your test failed on that.", "",
             "After each run, whatever the job raised, `assert engine.pool.checkedout() == 0`."),
    )  # fmt: skip


def loses(leaks: str, when: str) -> tuple[Rule, ...]:
    """The rules for a test that looks when what the job left open has been let go."""
    job = f"a job that leaves a connection open {when}"
    return (
        Rule(each_job, missed(leaks, lambda one: one.test.collects),
             f"{job} passed your test: when it looked, the connection had been collected.", "",
             "A test that calls `gc.collect()` tidies up for the job. Keep the error, and count the slots "
             "at once."),
        Rule(each_job, missed(leaks, lambda one: True),
             f"{job} passed your test: the job failed, and when your test looked, the error was gone, and "
             "with it the connection, by luck.", "leaks-traceback-keeps",
             "A supervisor keeps the errors. Keep them in a list until you have counted the slots."),
    )  # fmt: skip


PASSES = (
    Rule(each_job, lambda one: not one.test.rejects,
         "your test lets every job pass, also those that leak.", "", "Mend that first."),
    Rule(each_job, lambda one: not one.leaks and not one.passed and one.shared,
         "your test rejects a right job that got the same pool as an earlier job: {said}.", "",
         "Make a new pool inside the test, so that no job finds what another one has left."),
    Rule(each_job, lambda one: one.job is remembers_the_closed and one.caught,
         "your test rejects a job that closes both connections and keeps the closed objects: {said}.",
         "leaks-held-is-open",
         "Ask the pool how many slots are taken, not which objects still refer to a connection."),
    Rule(each_job, lambda one: not one.leaks and not one.passed,
         "your test rejects a job {like}: {said}.", "",
         "A job decides itself whether it raises, and what: catch all of it. Assert on the slots alone."),
)  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """For a test: `new_pool(slots=20)`, some good `readings`, and two jobs to try it on."""

    new_pool: Callable[..., Any]
    readings: list[str]
    careful: Job
    careless: Job


def bench(variant: Variant) -> Bench:
    """What a test of a job needs."""
    count = variant.number("leaks-x5", 4, 7)
    readings = [str(row["celsius"]) for row in variant.readings("leaks-x5", count)]
    return Bench(new_pool, readings, in_one_with, closes_at_the_end)


catching = ruled(
    "leaks-x5",
    "A test that catches the leak",
    kind="test",
    answer="test_gives_back",
    version=3,
    given=bench,
    asked=[
        Asked("it catches a job that leaks at a broken reading", 2, (
            *SPEAKS, *catches("broken", AT_BROKEN, "given a reading that `float` cannot convert"),
            *loses("broken", AT_BROKEN))),
        Asked("it lets every job pass that gives its slots back", 2, (*SPEAKS, *PASSES)),
        Asked("it catches a job that leaks when nothing fails", 1, (
            *SPEAKS, *catches("whole", "after a run without a failure", "run without a failure"))),
        Asked("it catches a job that leaks on Ctrl-C", 1, (
            *SPEAKS, *catches("stop", AT_CTRL_C, "stopped by Ctrl-C"), *loses("stop", AT_CTRL_C))),
        Asked("it catches a job that leaks when the second connection cannot be had", 1, (
            *SPEAKS, *catches("open", AT_SECOND, "run on a pool in which its second `connect()` finds no "
                              "slot"), *loses("open", AT_SECOND))),
    ],
)  # fmt: skip
