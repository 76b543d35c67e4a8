"""decorators-x5: a test that catches a retry that leaks."""

from typing import Any

from lessons.exercises import Asked, Callback, Fact, Facts, Rule, Sheet, Variant, attempt, ruled, short
from lessons.exercises import decorators_programs as programs
from lessons.exercises.decorators_parts import MANY, Feed, subclass
from lessons.exercises.decorators_timed import Hall

KEY = "decorators-x5"
RIGHT = ("counting", "enclosing", "iterating")
WRONG: list[str] = []  # each that a rule below names


def feeds(variant: Variant, failures: int) -> Any:
    """A class of feeds whose line drops after `at` records, as often as `failures` says."""
    count = variant.number(f"{KEY}:count", 4, 5)
    rows = variant.readings(KEY, count)
    records = [f"{row['station']}, day {row['day']}: {row['celsius']} °C" for row in rows]
    at = variant.number(f"{KEY}:at", 2, count - 2)
    return subclass(Feed, records=records, breaks=(at,) * failures, at=at)


def given(variant: Variant) -> Any:
    """Return `(new_feed, right, wrong)`: feeds for a test, a right retry, and one that delivers twice."""

    def new_feed(failures: int = 1) -> Any:
        """A feed whose line drops after `feed.at` records, as often as `failures` says."""
        return feeds(variant, failures)()

    return new_feed, programs.counting, programs.restarting


class Bench:
    """Where a test is tried: the `retry` and the `new_feed` that it is given, the same for all programs."""

    def __init__(self, sheet: Sheet) -> None:
        self.judge, self.variant = sheet.judge, sheet.variant
        self.program: Any = None
        self.looked = ""
        self.halls: dict[int, Hall] = {}
        self.given = (
            self.judge.function(self._retry, "retry", "function", generator=False),
            self.judge.function(self._new_feed, "new_feed", "failures=1", generator=False),
        )

    def tried(self, test: Any, name: str) -> Fact:
        """Give a test a program, and note what came out and what became of the feeds."""
        self.program, self.looked = getattr(programs, name), ""
        for hall in self.halls.values():
            hall.doubles.clear()
        tried = attempt(test, *self.given)
        feeds = [feed for hall in self.halls.values() for feed in hall.doubles.values()]
        return Fact(
            name=name,
            # Also with the error of `pytest.raises` itself, which is not an `Exception`.
            rejected=isinstance(tried.error, Exception) or type(tried.error).__name__ == "Failed",
            error=tried.error, raised=tried.raised, place=f", at {tried.where}" if tried.where else "",
            kind=(self.program.__doc__ or "").partition(": ")[2].rstrip(".") or "it is not a generator",
            fed=bool(feeds), pulled=any(feed.opened for feed in feeds),
            left_open=self.looked == "open" and any(feed.open for feed in feeds),
        )  # fmt: skip

    def _retry(self, function: Any) -> Any:
        # Nothing closes by luck: the wire keeps what it has shown.
        return self.judge.function(self.program(function), "wrapper", "*given", generator=False)

    def _new_feed(self, failures: int) -> Any:
        if type(failures) is not int or not 0 <= failures <= MANY:
            raise ValueError(f"new_feed(failures={short(failures)}): allowed is 0 to {MANY}")
        if failures not in self.halls:
            kind = feeds(self.variant, failures)
            room = {"records": kind.records, "at": kind.at}
            for name in ("opened", "open"):
                look = Callback(lambda part, name=name: self._look(failures, part, name), name)
                room[name] = self.judge.ask("property", look)
            # It is not a generator function: no luck closes what it returns.
            self.halls[failures] = Hall(self.judge, lambda made: made, kind, generator=False, **room)
        return self.halls[failures].new()[0]

    def _look(self, failures: int, part: Any, name: str) -> Any:
        self.looked = name
        return getattr(self.halls[failures].doubles[part], name)


def trials(answer: Any, sheet: Sheet) -> Facts:
    """The test on a right retry, one that it rejects if there is one; and all retries that it lets pass."""
    names = [*RIGHT[1:], *WRONG]
    sheet.variant.random(f"{KEY}:order").shuffle(names)
    # Two right retries follow each other: a test that says by turns yes and no rejects one of them.
    names.insert(names.index(RIGHT[1]), RIGHT[0])
    bench = Bench(sheet)
    tried = [bench.tried(answer, name) for name in names]
    right = [one for name in RIGHT for one in tried if one.name == name]
    for one in right:
        known = isinstance(one.error, AssertionError | OSError | None) or type(one.error).__name__ == "Failed"
        if not known:
            raise one.error
    told = next((one for one in right if one.rejected), right[0])
    told.lets = {one.name for one in tried if not one.rejected}
    told.never_pulled = not any(one.pulled for one in right)
    yield told


def lets(name: str, does: str, advice: str) -> Rule:
    """The rule that a test must not let a wrong retry pass."""
    WRONG.append(name)
    seen = f"your test lets a retry pass that {does}."
    return Rule(trials, lambda tried: name in tried.lets, seen, "", advice)


PULL = "The call raises nothing and reads nothing: pull with `list` or `next`, then look."
TESTS = (
    Rule(trials, lambda tried: tried.never_pulled and not tried.rejected,
         "your test never pulled from a stream, and lets wrong retries pass.", "", PULL),
    Rule(trials, lambda tried: tried.rejected and isinstance(tried.error, OSError),
         "a right retry gave up with {raised}, and your test did not expect it{place}.", "",
         "After the third failure the `OSError` must come out: catch it in the test."),
    Rule(trials, lambda tried: tried.rejected and tried.fed and not tried.pulled,
         "your test rejects a right retry{place} ({kind}), and had pulled nothing yet.", "",
         "The call opens nothing, and the stream need not be a generator. Pull first, and look then."),
    Rule(trials, lambda tried: tried.rejected and tried.left_open,
         "your test rejects a right retry{place} ({kind}): the stream was left in the middle, and was "
         "not closed.", "",
         "Its attempt stays open until `stream.close()`: while another name holds it, `del` closes nothing."),
    Rule(trials, lambda tried: tried.rejected, "your test rejects a right retry{place} ({kind}).", "",
         "Ask only for what the task promises of a right retry, and try your test on `right`."),
)  # fmt: skip
"""A test that rejects a right retry, or that tests none, catches nothing."""
LIST = "Compare the whole list, its length and its order, with `feed.records`."
TWICE = "Compare the whole list with `feed.records`, and let the line drop: `new_feed(failures=1)`."
SECOND = "Run it with `failures=2`, which a right retry survives, and compare the whole list again."
THIRD = "Run it with `failures=3`: an `OSError` must come out, and `feed.opened` must be 3 then."
MIDDLE = "Look at `feed.open` in the middle, when the second attempt has given a record."
THIRD_TRY = "Look at `feed.open` with `failures=2`, too, when the third attempt has given a record."
END = "Look at `feed.open` when all is over: after the last record, and after the third failure."
EARLY = "`close()` a stream in its first attempt, and another one in its second: look at `feed.open` then."
CALL = "Look at `feed.opened` between the call and the first pull."
ruled(KEY, "A test that catches a leak", kind="test", answer="test_retry", version=9, given=given, asked=[
    Asked("right retries pass, and a record that comes twice is caught", 3, TESTS, [
        lets("restarting", "hands every record on again after a failure", TWICE)]),
    Asked("a record that is lost, or out of order, is caught", 1, TESTS, (
        lets("resuming", "hands on nothing after a failure, and ends without an error", LIST),
        lets("overshooting", "leaves out one record at each failure", LIST),
        lets("swapping", "swaps the two records that follow a failure", LIST),
        lets("trailing", "hands on the last record twice, after a failure", LIST))),
    Asked("a second and a last failure are looked at", 1, TESTS, (
        lets("forgetting", "hands records on again when the line drops a second time", SECOND),
        lets("silencing", "ends without an error when all three attempts have failed", THIRD),
        lets("translating", "raises a RuntimeError when all three attempts have failed", THIRD),
        lets("grudging", "hands on every record, and then raises the error of an attempt before", SECOND),
        lets("stubborn", "makes four attempts", THIRD),
        lets("reopening", "opens a fourth attempt, closes it unread, and raises an OSError", THIRD))),
    Asked("an attempt left open after a failure is caught", 1, TESTS, (
        lets("belated", "closes an attempt that broke only when all is over", MIDDLE),
        lets("belated_later", "closes a second attempt that broke only when all is over", THIRD_TRY))),
    Asked("an attempt left open at the end is caught", 1, TESTS, (
        lets("unfinished", "does not close a second or third attempt that came to its end", END),
        lets("spent", "does not close the attempt that failed as the third", END))),
    Asked("an attempt left open by a reader who leaves early is caught", 1, TESTS, (
        lets("deaf", "leaves its first attempt open when the reader closes the stream", EARLY),
        lets("deaf_later", "leaves its second attempt open when the reader closes the stream", EARLY))),
    Asked("a call that opens or reads is caught", 1, TESTS, (
        lets("hasty", "reads everything at the call, before the first pull", CALL),
        lets("forward", "opens the first attempt at the call, before the first pull", CALL))),
])  # fmt: skip
