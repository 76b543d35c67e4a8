"""Parts of chains that are watched by the checks: what was pulled, what was opened, what ended when."""

from __future__ import annotations

import inspect
import io
import itertools
import random
import sys
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from inspect import getgeneratorstate
from typing import Any

from lessons.exercises.exercise import Attempt, Wrong, attempt, described, is_student, where
from lessons.exercises.variant import Variant
from lessons.judge.judge import declared
from lessons.words import described as short

Record = dict[str, object]

SPARE = 25
"""How many pulls more than needed a stream without an end lets pass, before it refuses."""


class TooMany(Exception):
    """A stream without an end was pulled far beyond what anybody had asked for."""


@declared("__iter__ __next__ close", name="stream")
class Tap:
    """A stream that counts how often it is pulled; one that has a `limit` has no end, and refuses there."""

    def __init__(self, records: Iterable[Any], limit: int | None = None) -> None:
        self._records, self._limit = iter(records), limit
        self.pulls = self.walks = self.after = 0
        self.ended = self.dry = False

    def __iter__(self) -> Tap:
        self.walks += 1
        return self

    def __next__(self) -> Any:
        if self.ended:
            self.after += 1
            raise StopIteration
        if self._limit is not None and self.pulls >= self._limit:
            self.dry = True
            raise TooMany(f"{self.pulls} were pulled, and more were wanted")
        try:
            record = next(self._records)
        except StopIteration:
            self.ended = True
            raise
        self.pulls += 1
        return record

    def close(self) -> None:
        self.ended = True


@dataclass
class Drawn:
    """What came out of a stage, with the number of pulls at its tap when each came."""

    tap: Tap
    made: Attempt
    early: int
    values: list[Any] = field(default_factory=list)
    pulls: list[int] = field(default_factory=list)
    error: BaseException | None = None
    shared: bool = False

    @property
    def twice(self) -> bool:
        """Whether the stage went to its stream again: after the end, or with a second loop."""
        return self.tap.after > 0 or self.tap.walks > 1

    @property
    def stopped(self) -> bool:
        """Whether a `next` inside the stage found nothing more, which in a generator is an error."""
        return isinstance(self.error, RuntimeError) and isinstance(self.error.__cause__, StopIteration)

    @property
    def told(self) -> str:
        """The error that ended the stage and the line of it, "" for none."""
        if self.error is None:
            return ""
        place = where(self.error.__cause__) if self.stopped and self.error.__cause__ else where(self.error)
        return described(self.error) + (f", at {place}" if place else "")


def drawn(stage: Callable[[Any], Any], tap: Tap, count: int) -> Drawn:
    """Give a tap to a stage and pull `count` times, or until the stage ends or raises."""
    made = attempt(stage, tap)
    result = Drawn(tap, made, tap.pulls, error=made.error)
    stream = attempt(iter, made.value)
    if made.error is None and stream.error is not None:
        result.error = Wrong(
            "",
            f"the stage gave {short(made.value)}, which nobody can pull from.",
            "Let it be a generator function: `yield` each value where it is ready.",
        )
    while result.error is None and len(result.values) < count:
        pulled = attempt(next, stream.value)
        if isinstance(pulled.error, StopIteration):
            break
        result.error = pulled.error
        if pulled.error is None:
            result.values.append(pulled.value)
            result.pulls.append(tap.pulls)
    return result


def at_once(*stages: tuple[Callable[[Any], Any], Tap]) -> list[Drawn]:
    """Begin each stage over its tap, and pull from all in turn until each has ended or raised."""
    begun = [drawn(stage, tap, 0) for stage, tap in stages]
    left = [(run, iter(run.made.value)) for run in begun if run.error is None]
    while left:
        for one in left.copy():
            run, stream = one
            pulled = attempt(next, stream)
            if pulled.error is not None or len(run.values) > SPARE:
                run.error = None if isinstance(pulled.error, StopIteration) else pulled.error
                left.remove(one)
            else:
                run.values.append(pulled.value)
    return begun


@dataclass(frozen=True)
class Lazy:
    """What a stage did over a stream without an end, when it was asked for some values.

    `at` is the first value that came after another number of pulls than it needs; without one, the numbers
    are those of the last value.
    """

    unusable: str
    """What the call returned, if no value can be pulled from it."""
    early: int
    """How many pulls the call itself made."""
    wanted: int
    came: int
    pulls: int
    refused: bool
    """Whether the stream was pulled far more often than a value needs, and refused."""
    at: int
    pulled: int
    need: int


def lazy(stage: Callable[[Any], Any], records: Iterable[Any], needs: Iterable[int]) -> tuple[Lazy, list[Any]]:
    """Ask a stage over endless records for values, the first of which needs `needs[0]` pulls, and so on.

    Returns the values, too. Raises what the stage raises, if the stream did not refuse.
    """
    wanted = list(needs)
    tap = Tap(records, wanted[-1] + SPARE)
    run = drawn(stage, tap, len(wanted))
    unusable = isinstance(run.error, Wrong)
    if run.error is not None and not tap.dry and not unusable:
        raise run.error
    pairs = enumerate(zip(run.pulls, wanted, strict=False), 1)
    at = next((number for number, (pulls, need) in pairs if pulls != need), len(run.pulls))
    found = Lazy(
        unusable=short(run.made.value) if unusable else "",
        early=run.early,
        wanted=len(wanted),
        came=len(run.values),
        pulls=tap.pulls,
        refused=tap.dry,
        at=at,
        pulled=run.pulls[at - 1] if at else 0,
        need=wanted[at - 1] if at else 0,
    )
    return found, run.values


@declared("stream write", name="Part")
@dataclass
class Shift:
    """The parts of one night, made to fail once: at `place`, with record `at`, by `error`.

    `place` is "source", "stage 1", "stage 2" or "sink"; `at` is 0 for a failure of the call that builds.
    The first stage drops every third record, so that what the source sends `out` is not what arrives; `tried`
    is how often the sink was asked to write, `inside` whether a mail came from a generator's line.
    `meanwhile` is called at the first write.
    """

    records: list[Record]
    place: str = ""
    at: int = 0
    error: BaseException | None = None
    rows: list[Record] = field(default_factory=list)
    mails: list[tuple[Any, Any]] = field(default_factory=list)
    struck: int | None = None
    out: int = 0
    tried: int = 0
    inside: bool = False
    meanwhile: Callable[[], Any] | None = None
    stages: list[ShiftStage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stages = [ShiftStage(self, 1), ShiftStage(self, 2)]

    def strike(self, place: str, at: int) -> None:
        if self.error is not None and (place, at) == (self.place, self.at) and self.struck is None:
            self.struck = len(self.rows)
            raise self.error

    def stream(self) -> Any:
        self.strike("source", 0)
        return self._stream()

    def _stream(self) -> Iterator[Record]:
        for number, record in enumerate(self.records, 1):
            self.strike("source", number)
            self.out += 1
            yield dict(record)

    def write(self, record: Any) -> None:
        self.tried += 1
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        self.strike("sink", len(self.rows) + 1)
        self.rows.append(record)

    @property
    def kept(self) -> list[Record]:
        """What arrives in a night without a failure."""
        return [record for number, record in enumerate(self.records, 1) if number % 3]

    @property
    def when(self) -> str:
        """Where it fails, in words."""
        if self.place == "sink":
            return f"the sink failed at its write {self.at}"
        name = "the source" if self.place == "source" else self.place
        if self.at:
            return f"{name} failed at its record {self.at}"
        return f"the call of {name} failed, while the chain was built"


@declared("process", name="Stage")
@dataclass
class ShiftStage:
    """A stage of a night; the first drops every third record."""

    shift: Shift
    number: int

    def process(self, stream: Iterator[Record]) -> Any:
        self.shift.strike(f"stage {self.number}", 0)
        return self._process(stream)

    def _process(self, stream: Iterator[Record]) -> Iterator[Record]:
        for number, record in enumerate(stream, 1):
            self.shift.strike(f"stage {self.number}", number)
            if self.number == 2 or number % 3:
                yield record


@declared(
    "__enter__ __exit__ __next__ read readline readlines close", "closed name mode encoding", "TextIOWrapper"
)
class Watched(io.StringIO):
    """A file that counts the lines that are read from it."""

    mode, lines = "r", 0

    def __init__(self, name: str, text: str, broken: bool) -> None:
        super().__init__(text)
        self.name, self.broken = name, broken

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        if self.broken and self.lines:
            raise OSError(5, "Input/output error")
        line = super().readline(size)
        self.lines += bool(line)
        return line

    def read(self, size: int | None = -1, /) -> str:
        if self.broken:
            raise OSError(5, "Input/output error")
        text = super().read(size)
        self.lines += text.count("\n")
        return text


@dataclass
class Shelf:
    """The files of a diary, one a day, by name: `texts` holds their lines, `files` all that were opened.

    `broken` is the name of one that cannot be read to its end.
    """

    texts: dict[str, list[str]]
    days: list[list[float]]
    files: list[Watched] = field(default_factory=list)
    broken: str = ""

    @classmethod
    def filled(cls, variant: Variant, key: str) -> Shelf:
        names = [f"{name}.txt" for name in variant.stations(key, 3)]
        days = []
        for name in names:
            rows = variant.readings(f"{key}:{name}", variant.number(f"{key}:{name}", 2, 4))
            days.append([float(str(row["celsius"])) for row in rows])
        texts = {name: [f"{value}\n" for value in day] for name, day in zip(names, days, strict=True)}
        return cls(texts, days)

    @property
    def values(self) -> list[float]:
        return [value for day in self.days for value in day]

    @property
    def open(self) -> list[str]:
        """The names of the files that are open."""
        return [file.name for file in self.files if not file.closed]

    @property
    def lines(self) -> int:
        return sum(file.lines for file in self.files)

    def again(self) -> Shelf:
        """The same files, and none of them opened so far."""
        return Shelf(dict(self.texts), self.days)

    def spoil(self, number: int, how: str) -> None:
        """Give a file a second line that is "no number", or let it be "not there" or "broken"."""
        name = list(self.texts)[number]
        if how == "broken":
            self.broken = name
            return
        self.texts[name] = [self.texts[name][0], "missing\n"] if how == "no number" else []

    def fetch(self, path: Any, *mode: Any, **more: Any) -> Watched:
        """Open a file for reading, whatever else is asked. Raises `FileNotFoundError`."""
        lines = self.texts.get(str(path))
        if not lines:
            raise FileNotFoundError(2, f"No such file or directory: {str(path)!r}")
        self.files.append(Watched(str(path), "".join(lines), str(path) == self.broken))
        return self.files[-1]


@declared("stream write", name="Part")
@dataclass
class Line:
    """The parts of one run, which note in `log` which stream ends when; each stream is kept in `streams`.

    `fault` is where it fails: a place and a record, as in `Shift`; `stubborn` is the place whose stream
    fails to close, by the error `refusal`, until the run is `over`. Stage 1 drops every third record.
    """

    records: list[Record]
    count: int
    fault: tuple[str, int] = ("", 0)
    error: BaseException | None = None
    stubborn: str = ""
    refusal: BaseException | None = None
    over: bool = False
    log: list[str] = field(default_factory=list)
    streams: dict[str, Any] = field(default_factory=dict)
    rows: list[Record] = field(default_factory=list)
    pulls: int = 0
    started: set[str] = field(default_factory=set)
    stages: list[LineStage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stages = [LineStage(self, number) for number in range(1, self.count + 1)]

    @property
    def places(self) -> list[str]:
        return ["source", *(f"stage {stage.number}" for stage in self.stages)]

    @property
    def kept(self) -> list[Record]:
        """What arrives when nothing fails."""
        return [record for number, record in enumerate(self.records, 1) if number % 3]

    def need(self, limit: int) -> int:
        """How often the source is pulled for so many records at the sink."""
        places = [number for number in range(1, len(self.records) + 1) if number % 3]
        return 0 if limit <= 0 else places[limit - 1] if limit <= len(places) else len(self.records)

    def strike(self, place: str, at: int) -> None:
        if self.error is not None and (place, at) == self.fault:
            raise self.error

    def keep(self, place: str, stream: Any) -> Any:
        self.streams[place] = stream
        return stream

    def stream(self) -> Any:
        return self.keep("source", self._part("source", self._taken(), True))

    def _taken(self) -> Iterator[Record]:
        for record in self.records:
            self.pulls += 1
            yield dict(record)

    def _part(self, place: str, stream: Iterator[Record], whole: bool) -> Iterator[Record]:
        self.started.add(place)
        try:
            for number, record in enumerate(stream, 1):
                self.strike(place, number)
                if whole or number % 3:
                    yield record
        finally:
            self.log.append(place)
            if place == self.stubborn and self.refusal is not None and not self.over:
                raise self.refusal

    def write(self, record: Any) -> None:
        self.strike("sink", len(self.rows) + 1)
        self.rows.append(record)

    @property
    def suspended(self) -> list[str]:
        """The places whose streams were begun and are not at an end."""
        return [place for place, state in self.states.items() if state == "GEN_SUSPENDED"]

    @property
    def closed(self) -> bool:
        """Whether each stream that was made is at an end."""
        return set(self.states.values()) <= {"GEN_CLOSED"}

    @property
    def states(self) -> dict[str, str]:
        """The state of each stream that was made."""
        return {place: getgeneratorstate(stream) for place, stream in self.streams.items()}

    @property
    def order(self) -> list[str]:
        """In which order the streams of this run have to end."""
        place = self.fault[0]
        places = [one for one in self.places if one in self.started]
        if place in places:  # its error ends it and what is downstream of it; the others are to be closed
            at = places.index(place)
            return [*places[at:], *reversed(places[:at])]
        return places[::-1]

    def __str__(self) -> str:
        if self.stubborn:
            return (
                f"a run left early, in which {self.stubborn} failed to close ({type(self.refusal).__name__})"
            )
        place, at = self.fault
        if self.error is None:
            return "a run without a failure"
        if place == "sink":
            return f"{type(self.error).__name__} in the sink at its write {at}"
        if at == 0:
            return f"{place} failed when it was called, while the chain was built"
        return f"{type(self.error).__name__} in {place} at its record {at}"


@declared("process", name="Stage")
@dataclass
class LineStage:
    """A stage of a run."""

    line: Line
    number: int

    def process(self, stream: Iterator[Record]) -> Any:
        place = f"stage {self.number}"
        self.line.strike(place, 0)
        return self.line.keep(place, self.line._part(place, stream, self.number != 1))


# --- what runs beside the answer, in its own process


def unending(seed: str) -> Iterator[float]:
    """Temperatures without an end, the same for the same seed."""
    source = random.Random(seed)
    while True:
        yield source.random() * 40


def ballast(count: int) -> Iterator[float]:
    """So many numbers, which are held as long as the iterator is."""
    return iter([float(number) for number in range(count)])


def gone_through(stream: Iterator[Any], count: int) -> Any:
    """The last one of `count` values."""
    return deque(itertools.islice(stream, count), maxlen=1).pop()


def names_in(function: Any) -> list[str]:
    """The names that a function's own lines look up."""
    return list(getattr(getattr(function, "__code__", None), "co_names", ()))


def in_generator() -> bool:
    """Whether a line of a generator of the student's own is at work."""
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_flags & inspect.CO_GENERATOR and is_student(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False
