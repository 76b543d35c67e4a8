"""composition-x4: a test that luck cannot pass."""

from collections.abc import Callable
from functools import partial
from typing import Any

from lessons.exercises import Asked, Callback, Fact, Rule, Sheet, Variant, attempt, ruled
from lessons.exercises import composition_parts as at_work


def build_of(variant: Variant) -> Callable[[], tuple[Any, Any, Any]]:
    """Return `build`: each call gives a fresh source, stages and sink."""
    records = variant.readings("composition-x4", 2)
    return lambda: (at_work.Feed(records), (at_work.Shift(1.0),), at_work.Tray())


def tried(answer: Any, sheet: Sheet) -> list[Any]:
    """Call the test with right runners and leaky ones; `kind` is "" or what gives a leaky one away.

    They run in the answer's process, in an order that the test cannot know. This side decides what each does
    when something has failed.
    """

    def made(kind: str, begin: str = "begun") -> Any:
        decide = Callback(partial(at_work.decided, kind), "decide")
        # Only one has a `__name__`: whatever can be called will do.
        return sheet.judge.witness(at_work.new_runner, decide, begin, begin == "collected")

    enclosed, collecting = made("", "enclosed"), made("", "collected")
    kinds = {enclosed: "", collecting: ""} | {made(one): kind for one, kind in at_work.LEAKY.items()}
    shuffled = [one for one in kinds if one is not collecting]
    sheet.variant.random("composition-x4 order").shuffle(shuffled)
    # The right ones in a row: a test that says yes and no by turns rejects one of them.
    shuffled.insert(shuffled.index(enclosed) + 1, collecting)
    ends = {one: attempt(answer, one) for one in shuffled}
    return [
        Fact(kind=kind, passed=not ends[one].error, asserted=isinstance(ends[one].error, AssertionError),
             raised=ends[one].said, passes_all=not any(end.error for end in ends.values()),
             passes_quiet=not any(ends[one].error for one in kinds if kinds[one] == "quiet"),
             catches=all(ends[one].error for one in kinds if kinds[one] not in ("", "quiet", "closing")),
             rejects_all=all(ends[right].error for right in kinds if not kinds[right]))
        for one, kind in kinds.items()
    ]  # fmt: skip


# A test that fails for every runner tells nothing apart, so it costs all points.
TELLS = (
    Rule(tried, lambda test: test.rejects_all,
         "your test rejects every runner that closes all and lets every error out: {raised}.", "",
         "Call it in a new cell with a good runner. A run without a fault raises nothing, and records may "
         "arrive before a fault. Check only what is open, and whether a fault's error came out."),
    Rule(tried, lambda test: test.passes_all,
         "your test lets every runner pass, the leaky ones as well.", "",
         "Make the runner fail, at a record for example, and look at `faults.sweep(build, run).outcomes`."),
)  # fmt: skip


def passes(kind: str, what: str, advice: str) -> Rule:
    """The row for a kind of leaky runners that the test does not catch."""
    seen = f"a runner that {what} passed your test."
    return Rule(tried, lambda test: test.kind == kind and test.passed, seen, "", advice)


OUT = "Clean is not right: after each fault, at an open, a pull or a write, assert that an error came out."
PARTS = passes("record", "closes only when all went well",
               "Look at `outcome.leaked` after each fault: it names what is open.")  # fmt: skip
Aspect = partial(Asked, hearsay=True)  # the runners run in the answer's process
ruled("composition-x4", "A test that luck cannot pass", kind="test", answer="test_run", version=9,
      given=build_of, asked=[
    Aspect("it catches a runner that leaves parts open", 2, TELLS, (
        PARTS,
        passes("opening", "leaves its source open when the sink fails to open",
               "Look at `outcome.leaked` after a fault in `open`, too: the parts before it are open."),
        Rule(tried, lambda test: test.kind and not test.passed and not test.asserted,
             "for a leaky runner your test ended with {raised}, which is not an `AssertionError`.", "",
             "Use `assert`. Catch what the runner raises and keep it. Not every runner has a `__name__`."))),
    Aspect("it lets every right runner pass", 2, TELLS, [
        Rule(tried, lambda test: not test.kind and not test.passed,
             "your test rejects a runner that closes all and lets every error out: {raised}.", "",
             "A runner may use a context, a stack or `finally`, and may have no `__name__`. Assert only that "
             "nothing is open and that errors come out. A stream that was never pulled is not open.")]),
    Aspect("it catches a runner that leaves only the streams open", 1, TELLS, (
        PARTS,
        passes("streams", "leaves the generators to reference counting",
               "Keep the errors and the streams while you look: what is suspended is still open."),
        passes("pulled", "leaves its streams open after a pull that fails, and only then,",
               "Look at all of `outcome.leaked` after a fault in each pull: suspended streams are open."),
        passes("written", "leaves its streams open after a write that fails, and only then,",
               "Look at all of `outcome.leaked` after a fault in each write, too."))),
    Aspect("it catches a runner whose closing stops at a close that fails", 1, TELLS, (
        PARTS,
        passes("close", "closes all in one `finally`, one by one,",
               "Let each part fail to close, too: `sweep` does, at the phases end and close."))),
    Aspect("it catches a runner that keeps an error to itself", 1, TELLS, (
        Rule(tried, lambda test: test.passes_quiet and test.catches,
             "runners that close everything and swallow an error passed your test. Other bad ones failed.",
             "composition-clean-is-right", OUT),
        passes("quiet", "closes everything and swallows some errors", OUT),
        passes("closing", "closes everything and swallows the error of a close",
               "Assert that an error came out after a fault at a close, too."))),
])  # fmt: skip
