"""leaks-x5: a test that catches the leak.

The jobs run here, on the engine and the readings that the student's test made in the host. The host sees what
a job does with them, and never the job. If a job leaves a connection open, only its error holds it there, or
a cycle. So a test that drops the error, or calls the collector, loses the leak.
"""

from functools import partial
from typing import Any

from lessons.collector import quick_collector
from lessons.exercises import Asked, Callback, Fact, Facts, Judge, Rule, Sheet, Variant, attempt, ruled
from lessons.exercises import leaks_programs as programs
from lessons.exercises.sql import new_pool

ENDS = {"whole": "", "broken": "ValueError", "stop": "KeyboardInterrupt", "open": "TimeoutError"}
"""What each way out ends with, by its name in `LEAKY`."""


class Handed:
    """A job as the test gets it, and what became of its calls. lucky: whether luck may close what it left."""

    def __init__(self, judge: Judge, job: programs.Job, lucky: bool = True) -> None:
        self.judge, self.job, self.lucky = judge, job, lucky
        self.ends: list[str] = []
        self.engines: list[Any] = []

    def __call__(self, engine: Any, readings: Any) -> Any:
        self.engines.append(engine)
        first = self.judge.mark()
        tried = attempt(self.job, engine, readings)
        self.ends.append(type(tried.error).__name__ if tried.error is not None else "")
        error = tried.error if tried.error is not None else Exception()
        if self.lucky:
            # In the host, the error alone holds what the job has left open there.
            self.judge.leave_to(error, first, programs.borrowed, cycle=self.job is programs.runs_a_worker)
        if tried.error is not None:
            raise tried.error
        # It is shown to the host, and dropped there: what it holds goes, unless it is in a cycle.
        self.judge.witness(repr, error)
        return tried.value


def each_job(answer: Any, sheet: Sheet) -> Facts:
    """First each right job, and a drawn number of them again; then the leaky and the right ones, mixed."""
    drawn = sheet.variant.random("leaks-x5 order")
    right = [(job, "") for job in programs.RIGHT]
    first = right + drawn.sample(right, drawn.randrange(len(right) + 1))
    mixed = [(job, leaks) for leaks, jobs in programs.LEAKY.items() for job in jobs] + right
    drawn.shuffle(first)
    drawn.shuffle(mixed)
    # A right job comes after all the leaky ones, too, so that a pool that is shared always shows.
    mixed += drawn.sample(right, 1)
    # Only a test that calls the collector has it, and it need not look at all that a notebook holds.
    with sheet.judge.witness(quick_collector):
        said = [_said(answer, sheet.judge, job, leaks) for job, leaks in first + mixed]
    early = said[: len(first)]
    engines = {id(engine) for one in early for engine in one.engines}
    for one in said:
        mine = {id(engine) for engine in one.engines}  # the fact keeps them, so no id is given twice
        one.shared = one not in early and not mine.isdisjoint(engines)
        engines |= mine
    # Each job counts once. A leaky one may spoil a pool that is shared: this says nothing of a right one.
    rejected = {one.job: one.said for one in said if not (one.leaks or one.passed or one.shared)}
    for one in said:
        one.called = any(one.ends for one in early)
        one.rejects_most = 2 * len(rejected) > len(programs.RIGHT)
        one.told = f"{len(rejected)} of {len(programs.RIGHT)} jobs that leak nothing: "
        one.told += next(iter(rejected.values()), "")
        one.rejects_any = any(not one.passed for one in said)
        # Only the collector lets go of what a job has left in a cycle.
        one.collects = any(one.job is programs.runs_a_worker and one.saw_kept for one in said)
        yield one


def _said(answer: Any, judge: Judge, job: programs.Job, leaks: str) -> Any:
    handed = Handed(judge, job)
    tried = attempt(answer, Callback(handed, "job"))
    saw_kept = False
    if leaks and tried.error is None:
        # Whether the test catches the job if nothing is ever let go.
        again = attempt(answer, Callback(Handed(judge, job, lucky=False), "job"))
        saw_kept = isinstance(again.error, AssertionError)
    programs.borrowed.clear()
    return Fact(
        job=job, like=(job.__doc__ or "").partition(": ")[2].rstrip("."), leaks=leaks,
        caught=isinstance(tried.error, AssertionError), passed=tried.error is None,
        said=tried.said, ends=handed.ends, engines=handed.engines,
        provoked=ENDS.get(leaks) in handed.ends, saw_kept=saw_kept,
    )  # fmt: skip


# A test that rejects most of what is right says nothing of what leaks: only so, a guess earns nothing.
SPEAKS = (
    Rule(each_job, lambda one: not one.called,
         "your test never called a job; of the first one it said: {said}.", "",
         "Call `job(new_pool(), readings)` in it, and look at the pool afterwards."),
    Rule(each_job, lambda one: one.rejects_most, "your test rejects {told}.", "",
         "Catch every `BaseException` of a job, keep it, and assert on `engine.pool.checkedout()` alone."),
)  # fmt: skip


def catches(leaks: str, when: str, never: str) -> tuple[Rule, ...]:
    """The rules by which a test misses the jobs that leak on one way out."""
    passed = "passed your test"
    rows = (
        (lambda one: not one.passed, "made your test end with {said}, which is not an `AssertionError`.",
         "", "Catch whatever the job raises, keep it, then `assert`."),
        (lambda one: not one.provoked, f"{passed}: in it, the job was never {never}.", "",
         "Try each way in which a job can end, on a new pool. A generator runs once: make it in the test."),
        (lambda one: not one.saw_kept, f"{passed}: the slot was taken, and no error of yours told it.", "",
         "After each run, below the `with` or `try` around the job, `assert engine.pool.checkedout() == 0`."),
        (lambda one: one.collects, f"{passed}: when it looked, the connection had been collected.", "",
         "A test that calls `gc.collect()` tidies up for the job. Keep the error, count the slots at once."),
        (lambda one: True, f"{passed}: the job failed, and when your test looked, the error or its traceback "
         "was gone, and with it the connection, by luck.", "",
         "A supervisor keeps the errors. Keep them in a list until you have counted the slots."),
    )  # fmt: skip
    job = f"a job that leaves a connection open {when}"
    return tuple(
        Rule(each_job, partial(lambda more, one: one.leaks == leaks and not one.caught and more(one), more),
             f"{job} {seen}", *rest)
        for more, seen, *rest in rows
    )  # fmt: skip


PASSES = Asked("it lets every job pass that gives its slots back", 2, SPEAKS, (
    Rule(each_job, lambda one: not one.rejects_any,
         "your test lets every job pass, also those that leak.", "", "Fix that first."),
    Rule(each_job, lambda one: not one.leaks and not one.passed and one.shared,
         "your test rejects a right job that got the same pool as an earlier job: {said}.", "",
         "Make a new pool inside the test, so that no job finds what another one has left."),
    Rule(each_job, lambda one: one.job is programs.remembers_the_closed and one.caught,
         "your test rejects a job that closes both connections and keeps the closed objects: {said}.",
         "leaks-held-is-open",
         "Ask the pool how many slots are taken, not which objects still refer to a connection."),
    Rule(each_job, lambda one: not one.leaks and not one.passed,
         "your test rejects a right job ({like}): {said}.", "",
         "A job decides itself whether it raises, and what: catch all of it. Assert on the slots alone."),
))  # fmt: skip


def bench(variant: Variant) -> Any:
    """For a test: `new_pool(slots=20)`, some good `readings`, and two jobs to try it on."""
    count = variant.number("leaks-x5", 4, 7)
    readings = [str(row["celsius"]) for row in variant.readings("leaks-x5", count)]
    careful, careless = programs.in_one_with, programs.closes_at_the_end
    return Fact(new_pool=new_pool, readings=readings, careful=careful, careless=careless)


ruled("leaks-x5", "A test that catches the leak", kind="test", answer="test_gives_back", version=6,
      given=bench, asked=[
    Asked("it catches a job that leaks at a broken reading", 2, SPEAKS, catches(
        "broken", "after a broken reading", "given a reading that `float` cannot convert")),
    PASSES,
    # A job that fails in nothing has no error that could be dropped.
    Asked("it catches a job that leaks when nothing fails", 1, SPEAKS, catches(
        "whole", "after a run without a failure", "run without a failure")[:-1]),
    Asked("it catches a job that leaks on Ctrl-C", 1, SPEAKS, catches(
        "stop", "after Ctrl-C", "stopped by Ctrl-C")),
    Asked("it catches a job that leaks when the second connection cannot be had", 1, SPEAKS, catches(
        "open", "after its second `connect()` failed",
        "run on a pool in which its second `connect()` finds no slot")),
])  # fmt: skip
