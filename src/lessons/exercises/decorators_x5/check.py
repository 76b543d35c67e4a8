"""decorators-x5: a test that catches a retry that leaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lessons.exercises import decorators_programs as programs
from lessons.exercises.decorators_parts import MANY, Doubles, Feed, feed_function, subclass
from lessons.exercises.exercise import Sheet, attempt, described, where
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.words import described as short

KEY = "decorators-x5"


def feed_kind(variant: Variant, failures: int) -> Any:
    """A class of feeds whose line drops after `at` records, as often as `failures` says."""
    count = variant.number(f"{KEY}:count", 5, 7)
    rows = variant.readings(KEY, count)
    records = [f"{row['station']}, day {row['day']}: {row['celsius']} °C" for row in rows]
    at = variant.number(f"{KEY}:at", 2, count - 2)
    return subclass(Feed, records=records, breaks=(at,) * failures, at=at)


def given(variant: Variant) -> Any:
    """Return `(new_feed, right, wrong)`: feeds for a test, a right retry, and one that delivers twice."""

    def new_feed(failures: int = 1) -> Feed:
        """A feed whose line drops after `feed.at` records, as often as `failures` says."""
        return feed_kind(variant, failures)()  # type: ignore[no-any-return]

    return new_feed, programs.counting, programs.restarting


# --- what is observed ---


@dataclass
class Trial:
    """A test tried on one retry: which error came out of it, and the feeds that it made."""

    program: Callable[[Any], Any]
    error: BaseException | None
    feeds: list[Feed]
    looked: str
    """What the test looked at last."""

    @property
    def rejected(self) -> bool:
        """By an assertion or another error, also `pytest.raises`'s own, which is no `Exception`."""
        return isinstance(self.error, Exception) or type(self.error).__name__ == "Failed"

    @property
    def pulled(self) -> bool:
        """Whether anything was pulled from a stream."""
        return any(feed.opened for feed in self.feeds)


class Bench:
    """Where a test is tried: the `retry` and the `new_feed` that it is given, the same for all programs.

    What a program makes is kept, so that nothing closes by luck.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.judge, self.variant = sheet.judge, sheet.variant
        self.program: Callable[[Any], Any] = programs.counting
        self.feeds: list[Feed] = []
        self.streams: list[Any] = []
        self.looked = ""
        self.doubles = Doubles(lambda: self._double(1))
        room = {"stream": feed_function(self.judge, self.doubles)}
        for name in ("opened", "open", "read"):
            room[name] = self.judge.new_property(lambda part, name=name: self._look(part, name))
        self.kind = self.judge.new_class("Feed", room)
        self.kinds: dict[int, Any] = {}
        self.given = (
            self.judge.function(self.retry, "retry", "function", generator=False),
            self.judge.function(self.new_feed, "new_feed", "failures=1", generator=False),
        )

    def tried(self, test: Any, program: Callable[[Any], Any]) -> Trial:
        """Give a test a program."""
        self.program, self.feeds, self.looked = program, [], ""
        return Trial(program, attempt(test, *self.given).error, self.feeds, self.looked)

    def retry(self, function: Any) -> Any:
        """What the test decorates with."""
        made = self.program(function)

        def wrapper(*given: Any) -> Any:
            self.streams.append(made(*given))
            return self.streams[-1]

        return self.judge.function(wrapper, "wrapper", "*given", generator=False)

    def new_feed(self, failures: int) -> Any:
        """A feed on the test's side. A test may inherit from its class, which has the same failures."""
        if type(failures) is not int or not 0 <= failures <= MANY:
            raise ValueError(f"new_feed(failures={short(failures)}): allowed is 0 to {MANY}")
        double = self._double(failures)
        self.doubles.make = lambda: self._double(failures)
        if failures not in self.kinds:
            room = {"records": double.records, "at": double.at}
            self.kinds[failures] = self.judge.new_class("Feed", room, self.kind)
        feed = self.kinds[failures]()
        self.doubles[feed] = double
        return feed

    def _look(self, part: Any, name: str) -> Any:
        self.looked = name
        return getattr(self.doubles[part], name)

    def _double(self, failures: int) -> Any:
        self.feeds.append(feed_kind(self.variant, failures)())
        return self.feeds[-1]


@dataclass
class Tried:
    """A test tried on every program."""

    trials: dict[str, Trial]

    def lets(self, name: str) -> bool:
        """Whether the test lets a wrong retry pass."""
        return not self.trials[name].rejected

    @property
    def pulled(self) -> bool:
        """Whether the test pulled from a stream of a right retry."""
        return any(self.trials[name].pulled for name in RIGHT)

    @property
    def refused(self) -> Trial | None:
        """A right retry that the test rejects."""
        return next((self.trials[name] for name in RIGHT if self.trials[name].rejected), None)

    @property
    def kind(self) -> str:
        """What a right retry is, in words."""
        assert self.refused is not None
        return (self.refused.program.__doc__ or "").partition(": ")[2].rstrip(".") or "it is no generator"

    @property
    def place(self) -> str:
        """The test's line at which it rejects it."""
        found = where(self.refused.error) if self.refused and self.refused.error else ""
        return f", at {found}" if found else ""

    @property
    def raised(self) -> str:
        """What came out of the test."""
        return described(self.refused.error) if self.refused and self.refused.error else ""

    @property
    def gave_up(self) -> bool:
        """Whether it was the `OSError` of a feed."""
        return bool(self.refused and isinstance(self.refused.error, OSError))

    @property
    def unpulled(self) -> bool:
        """Whether it had not pulled yet."""
        return bool(self.refused and self.refused.feeds and not self.refused.pulled)

    @property
    def left_open(self) -> bool:
        """Whether it asked what is open, while it had closed no stream."""
        one = self.refused
        return bool(one and one.looked == "open" and any(feed.open for feed in one.feeds))


RIGHT = ("counting", "enclosing", "iterating")
WRONG = (
    "restarting", "resuming", "overshooting", "swapping", "forgetting", "silencing", "translating",
    "stubborn", "dangling", "belated", "unfinished", "spent", "deaf", "deaf_later", "hasty", "forward",
)  # fmt: skip


def trials(answer: Any, sheet: Sheet) -> Iterator[Tried]:
    """The test, tried on right and on wrong retries in an order that is drawn."""
    names = [*RIGHT, *WRONG]
    sheet.variant.random(f"{KEY}:order").shuffle(names)
    bench = Bench(sheet)
    made = {name: bench.tried(answer, getattr(programs, name)) for name in names}
    # Each right retry twice running: a test that says by turns yes and no rejects one of the two.
    for name in RIGHT:
        for again in [bench.tried(answer, getattr(programs, name)) for _ in range(2)]:
            made[name] = again if again.rejected and not made[name].rejected else made[name]
    for name in RIGHT:
        error = made[name].error
        known = error is None or (made[name].rejected and isinstance(error, AssertionError | OSError))
        if not known and type(error).__name__ != "Failed":
            assert error is not None
            raise error
    yield Tried(made)


# --- the rules ---


def lets(name: str, does: str, advice: str) -> Rule:
    """The rule that a test must not let a wrong retry pass."""
    return Rule(
        trials, lambda tried: tried.lets(name), f"your test lets a retry pass that {does}.", "", advice
    )


TESTS = (
    Rule(trials, lambda tried: not tried.pulled and tried.refused is None,
         "your test never pulled from a stream, and lets wrong retries pass.", "decorators-call-guards",
         "The call raises nothing and reads nothing: pull, by `list` or `next`, then look."),
    Rule(trials, lambda tried: tried.gave_up,
         "a right retry gave up with {raised}, and your test did not expect it{place}.", "",
         "After the third failure the `OSError` has to come out: catch it in the test."),
    Rule(trials, lambda tried: tried.unpulled,
         "your test rejects a right retry{place} ({kind}): nothing had been pulled yet, so nothing was open.",
         "start-call-runs", "The call opens nothing. Pull first, and look then."),
    Rule(trials, lambda tried: tried.left_open,
         "your test rejects a right retry{place} ({kind}): the stream was left in the middle, and was "
         "not closed.", "leaks-refcount-closes",
         "Close the stream yourself, by `stream.close()`: while others hold it, `del` closes nothing."),
    Rule(trials, lambda tried: tried.refused is not None,
         "your test rejects a right retry{place} ({kind}).", "",
         "Ask only for what the task promises of a right retry, and try your test on `right`."),
)  # fmt: skip
"""A test that rejects a right retry, or that tests none, catches nothing."""

LIST = "Compare the whole list, its length and its order, with `feed.records`."
TWICE = "Compare the whole list with `feed.records`, and let the line drop: `new_feed(failures=1)`."
SECOND = "Run it with `failures=2`, which a right retry survives, and compare the whole list again."
THIRD = "Run it with `failures=3`: after three attempts, and no more, an `OSError` has to come out."
MIDDLE = "Look at `feed.open` in the middle, when the second attempt has given a record."
END = "Look at `feed.open` when all is over: after the last record, and after the third failure."
EARLY = (
    "Pull some records, `close()` the stream, look at `feed.open`: in the first attempt, and in the second."
)
CALL = "Look at `feed.opened` between the call and the first pull."

catching = ruled(
    KEY,
    "A test that catches a leak",
    kind="test",
    answer="test_retry",
    version=4,
    given=given,
    asked=[
        Asked("right retries pass, and a record that comes twice is caught", 3, (
            *TESTS,
            Rule(trials, lambda tried: tried.lets("restarting") and not tried.lets("resuming"),
                 "your test lets a retry pass that hands every record on again after a failure, though it "
                 "catches one that loses records.", "decorators-restart-is-harmless", TWICE),
            lets("restarting", "hands every record on again after a failure", TWICE))),
        Asked("a record that is lost, or out of order, is caught", 1, (
            *TESTS,
            lets("resuming", "hands on nothing after a failure, and ends without an error", LIST),
            lets("overshooting", "leaves out one record at each failure", LIST),
            lets("swapping", "swaps the two records that follow a failure", LIST))),
        Asked("a second and a last failure are looked at", 1, (
            *TESTS,
            lets("forgetting", "hands records on again when the line drops a second time", SECOND),
            lets("silencing", "ends without an error when all three attempts have failed", THIRD),
            lets("translating", "raises a RuntimeError when all three attempts have failed", THIRD),
            lets("stubborn", "makes four attempts", THIRD))),
        Asked("an attempt left open after a failure is caught", 1, (
            *TESTS,
            lets("dangling", "never closes an attempt that broke", MIDDLE),
            lets("belated", "closes the attempts that broke when all is over, not before", MIDDLE))),
        Asked("an attempt left open at the end is caught", 1, (
            *TESTS,
            lets("unfinished", "does not close the attempt that came to its end", END),
            lets("spent", "does not close the attempt that failed as the third", END))),
        Asked("an attempt left open by a reader who leaves early is caught", 1, (
            *TESTS,
            lets("deaf", "leaves its first attempt open when the reader closes the stream", EARLY),
            lets("deaf_later", "leaves its second attempt open when the reader closes the stream", EARLY))),
        Asked("a call that opens or reads is caught", 1, (
            *TESTS,
            lets("hasty", "reads everything at the call, before anybody pulls", CALL),
            lets("forward", "opens the first attempt at the call, before anybody pulls", CALL))),
    ],
)  # fmt: skip
