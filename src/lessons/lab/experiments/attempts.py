"""A stream that breaks, and three ways to retry it, on one virtual timeline.

The way that counts is the real `@retryOnFailure`, with a virtual clock in place of `sleep`. The other two
ways are typical first versions. Each is run and observed: which records an attempt reads, and which arrive.
"""

from __future__ import annotations

import functools
import inspect
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lessons.lab.experiments import allowed
from lessons.words import agreeing, listed, many, numbers
from lifecycle.closing import describe
from lifecycle.probe import Event, Injected
from lifecycle.retry import retryOnFailure

# Where the retry is, and how it continues.
WAYS = {
    "counted": "around the pull, counted",
    "restarted": "around the pull, restarted",
    "call": "around the call",
}
# What the broken attempt raises. Three inherit from `OSError`, two do not.
ERRORS: dict[str, type[Exception]] = {
    "OSError": OSError,
    "ConnectionResetError": ConnectionResetError,
    "TimeoutError": TimeoutError,
    "ValueError": ValueError,
    "sqlite3.OperationalError": sqlite3.OperationalError,
}
# What is retried.
RETRIED = {"source": "a source: stream(self)", "stage": "a stage: process(self, stream)"}
# What the source yields after it is opened again.
REOPENED = {
    "same": "the same records in the same order",
    "short": "only the first two records",
    "live": "what comes now: a live feed",
}
RECORDS = 8
ATTEMPTS = 4
DELAYS = (0, 0.5, 1, 2)
READ = 0.5  # seconds of the virtual clock for one record


@dataclass(frozen=True)
class RetrySettings:
    """What breaks, and how it is retried. Raises `ValueError` for a value that is not allowed.

    `records` (1 to 8) is how many the source has. `failures` has one entry for each attempt that breaks, the
    first attempt's first: after how many records (0 to 8, `None`: it does not break). `attempts` (1 to 4)
    counts all of them, `delay` is the wait between two in seconds (0, 0.5, 1 or 2). `way` is a key of `WAYS`,
    `error` of `ERRORS`, `retried` of `RETRIED`, `reopened` of `REOPENED`.
    """

    records: int = 5
    failures: Sequence[int | None] = (3,)
    attempts: int = 3
    delay: float = 1
    way: str = "counted"
    error: str = "OSError"
    retried: str = "source"
    reopened: str = "same"

    def __post_init__(self) -> None:
        allowed.choices(self, way=WAYS, error=ERRORS, retried=RETRIED, reopened=REOPENED, delay=DELAYS)
        allowed.numbers(self, records=(1, RECORDS), attempts=(1, ATTEMPTS))
        if isinstance(self.failures, (str, int)) or not isinstance(self.failures, Sequence):
            raise ValueError(
                f"failures={self.failures!r} is not a list; [3] breaks attempt 1 after 3 records"
            )
        failures = list(self.failures)
        wrong = [one for one in failures if not (one is None or (type(one) is int and 0 <= one <= RECORDS))]
        if wrong or len(failures) > ATTEMPTS:
            raise ValueError(
                f"failures={failures!r}: allowed are up to {ATTEMPTS} entries, one for each attempt. An "
                f"entry says after how many records it breaks: 0 to {RECORDS}, or None for never"
            )
        while failures and failures[-1] is None:
            failures.pop()
        object.__setattr__(self, "failures", tuple(failures))

    def breaks(self, attempt: int) -> int | None:
        """After how many records an attempt breaks; `None` if it does not. Attempts are counted from 1."""
        return self.failures[attempt - 1] if attempt <= len(self.failures) else None


@dataclass(frozen=True)
class Read:
    """One record that an attempt reads, and when, in seconds.

    `kind` is "first" (it arrived, for the first time), "skipped" (it was read and dropped) or "twice" (it
    arrived once more).
    """

    record: int
    at: float
    kind: str


@dataclass(frozen=True)
class StreamAttempt:
    """One attempt: its start and end, what it read, and the error that broke it (or "")."""

    number: int
    start: float
    end: float
    reads: tuple[Read, ...]
    error: str


@dataclass(frozen=True)
class RetryOutcome:
    """All attempts on one timeline, and the waits between them, in seconds.

    `raised` is the error that left the stream, as one line of text, or "". `seconds` is the total time.
    `doubles` are the records that a restart without counting would deliver more than once; that restart was
    run, too.
    """

    settings: RetrySettings
    attempts: tuple[StreamAttempt, ...]
    waits: tuple[float, ...]
    raised: str
    seconds: float
    doubles: tuple[int, ...] = ()

    @property
    def arrived(self) -> tuple[int, ...]:
        """The records that arrived, in order; a record that arrived twice appears twice."""
        return tuple(read.record for read in self._reads() if read.kind != "skipped")

    @property
    def skipped(self) -> tuple[int, ...]:
        """The records that were read and skipped."""
        return tuple(read.record for read in self._reads() if read.kind == "skipped")

    @property
    def twice(self) -> tuple[int, ...]:
        """The records that arrived more than once."""
        return tuple(sorted({read.record for read in self._reads() if read.kind == "twice"}))

    @property
    def missing(self) -> tuple[int, ...]:
        """The records that never arrived."""
        return tuple(sorted(set(range(1, self.settings.records + 1)) - set(self.arrived)))

    @property
    def once(self) -> bool:
        """Whether each record arrived exactly once, and no error arrived."""
        return not (self.raised or self.twice or self.missing)

    def _reads(self) -> list[Read]:
        return [read for attempt in self.attempts for read in attempt.reads]

    @property
    def sentence(self) -> str:
        """What happened, in a few sentences."""
        return tell(self)

    def text(self) -> str:
        """The whole outcome as text, the same at every run."""
        settings = self.settings
        head = [
            f"{many(settings.records, 'record')}; the retry is {WAYS[settings.way]}",
            f"at most {settings.attempts} attempts, {settings.delay:g} s between two",
            f"retried is {RETRIED[settings.retried]}",
            f"opened again, it yields {REOPENED[settings.reopened]}",
        ]
        rows = []
        for number, attempt in enumerate(self.attempts):
            read = "".join(_MARKS[one.kind].format(one.record) for one in attempt.reads)
            ended = f" ✗ {attempt.error}" if attempt.error else " end"
            rows.append(f"attempt {attempt.number}  from {attempt.start:>4.1f} s {read}{ended}")
            if number < len(self.waits):
                rows.append(f"           waits {self.waits[number]:g} s")
        facts = [
            f"arrived             {' '.join(map(str, self.arrived)) or 'nothing'}",
            f"read and skipped    {' '.join(map(str, self.skipped)) or 'none'}",
            f"arrived again       {' '.join(map(str, self.twice)) or 'none'}",
            f"twice, uncounted    {' '.join(map(str, self.doubles)) or 'none'}",
            f"never arrived       {' '.join(map(str, self.missing)) or 'none'}",
            f"raised              {self.raised or 'nothing'}",
            f"virtual seconds     {self.seconds:g}, {sum(self.waits):g} of them waiting",
        ]
        kinds = {read.kind for read in self._reads()}
        rows += [told for kind, told in _KEY.items() if kind in kinds]
        return "\n".join([*head, "", *rows, *[""] * bool(rows), *facts, "", self.sentence])


_MARKS = {"first": " {} ", "skipped": "({})", "twice": " {}!"}
_KEY = {"skipped": "(n): read and skipped", "twice": "n!: arrives once more"}


class Server:
    """Yields numbered readings, and moves a virtual clock."""

    def __init__(self, settings: RetrySettings) -> None:
        self.settings = settings
        self.clock = 0.0
        self.opened = 0

    def stream(self) -> Iterator[int]:
        """Yield the readings that exist when it is opened."""
        live = self.settings.reopened == "live"
        for record in self._live() if live else self._stored():
            self.clock = record * READ if live else self.clock + READ
            yield record

    def _live(self) -> range:
        # A live feed sends a record every half second, even if no program listens.
        return range(int(self.clock / READ) + 1, self.settings.records + 1)

    def _stored(self) -> range:
        short = self.settings.reopened == "short" and self.opened > 1
        return range(1, (min(2, self.settings.records) if short else self.settings.records) + 1)


class Attempts:
    """The attempts to read a server: a subscriber that records them, and breaks them as the settings say."""

    def __init__(self, server: Server) -> None:
        self.server, self.settings = server, server.settings
        self.waits: list[float] = []
        self.tries: list[dict[str, Any]] = []

    def __call__(self, event: Event) -> Exception | None:
        """Handle one event of the server."""
        if event.phase == "start" and not event.done:
            self.server.opened += 1
            if self.settings.retried == "source":
                self.begin()
        elif event.phase == "yield" and event.done:
            self.tries[-1]["reads"].append([event.value, self.server.clock, False])
            self.tries[-1]["end"] = self.server.clock
        elif event.phase == "pull" and not event.done and event.number is not None:
            return self._broken(event.number - 1)
        return None

    def _broken(self, given: int) -> Exception | None:
        """The error of an attempt that breaks after so many records."""
        if given != self.settings.breaks(self.server.opened):
            return None
        self.tries[-1]["error"] = self.settings.error
        return ERRORS[self.settings.error](f"connection dropped {after(given)}")

    def sleep(self, seconds: float) -> None:
        """Wait, by the virtual clock."""
        self.waits.append(seconds)
        self.server.clock += seconds

    def begin(self) -> None:
        """A new attempt begins now."""
        clock = self.server.clock
        self.tries.append({"start": clock, "end": clock, "reads": [], "error": ""})

    def arrive(self) -> None:
        """The record that was read last has arrived at the loop that pulls."""
        self.tries[-1]["reads"][-1][2] = True

    def stream(self) -> Callable[[], Iterator[int]]:
        """The server's `stream`, watched, and under its own name."""
        probe = Injected(self.server, "source", self)

        @functools.wraps(self.server.stream)
        def stream() -> Iterator[int]:
            yield from probe.stream()

        return stream


class Relay:
    """A stage that passes its records on; each call is an attempt."""

    def __init__(self, attempts: Attempts) -> None:
        self.attempts = attempts

    def process(self, stream: Iterator[int]) -> Iterator[int]:
        """Yield each record."""
        self.attempts.begin()
        for record in stream:
            yield record


def retriedPull(opener, attempts, delay, sleep):  # type: ignore[no-untyped-def]
    for attempt in range(1, attempts + 1):
        try:
            yield from opener()
            return
        except OSError:
            if attempt == attempts:
                raise
        sleep(delay)


def retriedCall(opener, attempts, delay, sleep):  # type: ignore[no-untyped-def] # noqa: RET503
    for attempt in range(1, attempts + 1):
        try:
            return opener()
        except OSError:
            if attempt == attempts:
                raise
        sleep(delay)


def listing(settings: RetrySettings) -> str:
    """The code of the retry, as a student reads it.

    >>> print(listing(RetrySettings(attempts=2, retried="stage")))
    retried = retryOnFailure(
        maxAttempts=2, delaySeconds=1
    )(stage.process)
    <BLANKLINE>
    for record in retried(server.stream()):
        arrive(record)
    """
    source = settings.retried == "source"
    how = f"{settings.attempts}, {settings.delay:g}"
    if settings.way == "counted":
        given = f"maxAttempts={settings.attempts}, delaySeconds={settings.delay:g}"
        made = f"retried = retryOnFailure(\n    {given}\n)({'server.stream' if source else 'stage.process'})"
        pulled = "retried()" if source else "retried(server.stream())"
    else:
        function = retriedPull if settings.way == "restarted" else retriedCall
        made = re.sub("  # .*", "", inspect.getsource(function)).rstrip()
        name = "server.stream" if source else "opener"
        if not source:
            made += "\n\nstream = server.stream()\n\ndef opener():\n    return stage.process(stream)"
        made += f"\n\nretried = {function.__name__}({name}, {how}, sleep)"
        pulled = "retried"
    return f"{made}\n\nfor record in {pulled}:\n    arrive(record)"


def retry(settings: RetrySettings) -> RetryOutcome:
    """Pull the stream to its end, as the settings say, and return what was read and what arrived.

    >>> retry(RetrySettings(records=5, failures=[3])).arrived
    (1, 2, 3, 4, 5)
    >>> retry(RetrySettings(records=5, failures=[3], way="restarted")).arrived
    (1, 2, 3, 1, 2, 3, 4, 5)
    """
    outcome = _watched(settings)
    if settings.way == "restarted":
        return replace(outcome, doubles=outcome.twice)
    return replace(outcome, doubles=_watched(replace(settings, way="restarted")).twice)


def _watched(settings: RetrySettings) -> RetryOutcome:
    server = Server(settings)
    seen = Attempts(server)
    raised = ""
    try:
        for _ in _retried(seen):
            seen.arrive()
    except Exception as error:
        raised = describe(error)
        if settings.error.startswith("sqlite3."):
            raised = raised.replace("OperationalError", settings.error, 1)
    attempts, known = [], set()
    for number, run in enumerate(seen.tries, 1):
        reads = []
        for record, at, arrived in run["reads"]:
            kind = "skipped" if not arrived else "twice" if record in known else "first"
            known.update([record] if arrived else [])
            reads.append(Read(record, at, kind))
        attempts.append(StreamAttempt(number, run["start"], run["end"], tuple(reads), run["error"]))
    return RetryOutcome(settings, tuple(attempts), tuple(seen.waits), raised, server.clock)


def _retried(seen: Attempts) -> Iterator[int]:
    settings, sleep = seen.settings, seen.sleep
    arguments: tuple[Any, ...] = ()
    opener = seen.stream()
    function: Callable[..., Any] = opener
    if settings.retried == "stage":
        function, arguments = Relay(seen).process, (opener(),)
    if settings.way == "counted":
        decorate = retryOnFailure(settings.attempts, settings.delay, sleep=sleep)
        retried: Iterator[int] = decorate(function)(*arguments)
        return retried
    way: Callable[..., Any] = retriedPull if settings.way == "restarted" else retriedCall
    made: Iterator[int] = way(lambda: function(*arguments), settings.attempts, settings.delay, sleep)
    return made


# What is said of it


def tell(outcome: RetryOutcome) -> str:
    """What happened, in a few sentences: the error first, then what arrived."""
    settings = outcome.settings
    some = len(set(outcome.arrived))
    count = f"{some} of {many(settings.records, 'record')} arrived" if some else "No record arrived"
    if outcome.raised:
        return f"{_why(outcome)} {count}{_doubles(outcome)}."
    if len(outcome.attempts) == 1:
        each = "the one record" if settings.records == 1 else f"each of the {settings.records} records"
        return f"Nothing broke: one attempt, and {each} arrived once."
    return f"{_broke(outcome)} {_went_on(outcome)}"


def _why(outcome: RetryOutcome) -> str:
    """Why an error arrived."""
    settings, last = outcome.settings, outcome.attempts[-1] if outcome.attempts else None
    kind = outcome.raised.partition(":")[0]
    if last is None:
        return (
            "The stage was given an iterator, and after a failure that is spent: a second attempt would end "
            "early and look like success. So @retryOnFailure refuses at the first pull, with a TypeError."
        )
    if not last.error:
        return (
            f"Attempt {last.number} ended {after(len(last.reads))}, and more had been handed on before: "
            f"it is not the same stream. @retryOnFailure says so with a {kind}, and leaves no silent gap."
        )
    if settings.way == "call":
        return (
            "The call returned a generator, and with that the retry was over: nothing had been read yet. "
            f"The {kind} came later, where the records are pulled, and it is not caught there."
        )
    if not issubclass(ERRORS[settings.error], OSError):
        return f"A {kind} is not an OSError, so it is not retried: it is raised at once."
    if settings.attempts == 1:
        return f"With one attempt in all there is no retry: the {kind} is raised."
    every = "Both" if settings.attempts == 2 else f"All {settings.attempts}"
    return f"{every} attempts broke: the last {kind} is raised, without another wait."


def _doubles(outcome: RetryOutcome) -> str:
    if not outcome.twice:
        return ""
    return f", {numbers(outcome.twice)} more than once: they were not counted"


def _broke(outcome: RetryOutcome) -> str:
    broken = [attempt for attempt in outcome.attempts if attempt.error]
    told = [
        f"attempt {one.number} {'' if number else 'broke '}{after(len(one.reads))}"
        for number, one in enumerate(broken)
    ]
    return f"{listed(told).capitalize()}."


def _went_on(outcome: RetryOutcome) -> str:
    """How the attempts after the first one continued, if no error arrived."""
    settings, last = outcome.settings, outcome.attempts[-1].number
    if settings.retried == "stage":
        ended = f"Attempt {last} was given the same iterator, which the failure had spent: it ended at once."
        return f"{ended}{_gap(outcome)}"
    if outcome.twice:
        come = agreeing(len(outcome.twice), "comes", "come")
        start = f"Nothing counted what was handed on: {numbers(outcome.twice)} {come} more than once."
        return f"{start}{_gap(outcome) or ' No error says so.'}"
    if set(outcome.skipped) & set(outcome.missing):
        skipped = f"Attempt {last} skipped as many records as had been handed on, and they were other ones."
        return f"{skipped}{_gap(outcome)} It counts records; it cannot know them."
    if outcome.skipped:
        again, who = numbers(outcome.skipped), f"Attempt {last}" if last == 2 else "The later attempts"
        them = agreeing(len(set(outcome.skipped)), "it", "them")
        return f"{who} read {again} again and skipped {them}" + (
            f".{_gap(outcome)} It counts records; it cannot know them."
            if outcome.missing
            else f": each record arrived once. "
            f"A restart that does not count would bring {numbers(outcome.doubles)} twice."
        )
    if outcome.missing:
        return f"Attempt {last} went on with what it got.{_gap(outcome)}"
    if outcome.attempts[-2].reads:
        return f"Attempt {last} went on with what came next, and by luck each record arrived once."
    return f"Nothing had been handed on, so attempt {last} had nothing to repeat: each record arrived once."


def _gap(outcome: RetryOutcome) -> str:
    return f" {numbers(outcome.missing)} never arrived, and no error says so." if outcome.missing else ""


def after(count: int) -> str:
    """The words for "after this many records"."""
    return f"after {many(count, 'record')}" if count else "before its first record"
