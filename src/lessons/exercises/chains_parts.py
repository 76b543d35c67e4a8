"""Parts of chains that the checks observe: what was pulled, what was opened, and what ended when."""

import io
import itertools
import mmap
import random
from collections import deque, namedtuple
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from inspect import getgeneratorstate
from typing import Any, Self

from lessons.exercises import Fact, Observation, Rule, Variant, attempt, declared, short
from lessons.exercises.exercise import described, where

Record = dict[str, object]


def odd(variant: Variant, key: str, low: int, high: int) -> list[Record]:
    """Readings; the second is equal to the first, and the fourth is empty."""
    rows = variant.readings(key, variant.number(key, low, high))
    return [rows[0], rows[0], rows[2], {}, *rows[4:]]


SPARE = 25  # how many unneeded pulls a stream without an end allows before it refuses


@declared("__iter__ __next__ close", name="stream")
class Tap:
    """A stream that counts its pulls; with a `limit`, it has no end, and refuses to be pulled more often."""

    def __init__(self, records: Iterable[Any], limit: int | None = None) -> None:
        self._records, self._limit = iter(records), limit
        self.pulls = self.walks = self.after = 0
        self.ended = self.dry = False

    def __iter__(self) -> Self:
        self.walks += 1
        return self

    def __next__(self) -> Any:
        if self.ended:
            self.after += 1
            raise StopIteration
        if self._limit is not None and self.pulls >= self._limit:
            self.dry = True
            raise OverflowError(f"{self.pulls} were pulled, and more were wanted")
        try:
            record = next(self._records)
        except StopIteration:
            self.ended = True
            raise
        self.pulls += 1
        return record

    def close(self) -> None:
        self.ended = True


def drawn(count: int, *stages: tuple[Callable[[Any], Any], Tap]) -> list[Fact]:
    """Give each stage its tap. Pull from all stages in turn, `count` times or until one ends or raises.

    `took` has the number of pulls at the tap when each value came; `early` are those of the call itself.
    """
    runs = []
    for stage, tap in stages:
        made = attempt(stage, tap)
        # A call that pulls from an empty stream is rejected for that pull, wherever it becomes visible.
        error = None if isinstance(made.error, StopIteration) else made.error
        stream = attempt(iter, made.value)
        runs.append(Fact(tap=tap, left=stream.value, early=tap.pulls, values=[], took=[], error=error))
    for run in runs * count:
        if run.left is not None:
            pulled = attempt(next, run.left)
            if pulled.error is None:
                run.values.append(pulled.value)
                run.took.append(run.tap.pulls)
            else:
                run.left = None
                run.error = None if isinstance(pulled.error, StopIteration) else pulled.error
    for run in runs:
        cause = getattr(run.error, "__cause__", None)
        # In a generator, a `next` on an exhausted stream is an error.
        run.stopped = isinstance(run.error, RuntimeError) and isinstance(cause, StopIteration)
        place = where(cause) if run.stopped and cause else ""
        run.raised = described(run.error) if run.error else ""
        run.raised += f", at {place}" if place else ""
        run.came, run.pulls = len(run.values), run.tap.pulls
        run.twice = run.tap.after > 0 or run.tap.walks > 1
    return runs


def lazy(stage: Callable[[Any], Any], records: Iterable[Any], needs: Iterable[int]) -> Fact:
    """Ask a stage over endless records for values; the first value needs `needs[0]` pulls, and so on.

    `at` is the first value that came after another number of pulls, or 0. Raises what the stage raises.
    """
    wanted = list(needs)
    tap = Tap(records, wanted[-1] + SPARE)
    [run] = drawn(len(wanted), (stage, tap))
    if run.error is not None and not tap.dry:
        raise run.error
    run.wanted, run.refused, run.strange = len(wanted), tap.dry, ""
    pairs = enumerate(zip(run.took, wanted, strict=False), 1)
    found = ((number, pulled, need) for number, (pulled, need) in pairs if pulled != need)
    run.at, run.pulled, run.need = next(found, (0, 0, 0))
    return run


def compared(run: Fact, kind: str, wanted: list[Any], alike: Callable[..., bool]) -> Any:
    """Record how the values differ from the right ones. Raises what the stage raised."""
    if run.error is not None and not run.stopped:
        raise run.error
    run.kind, run.wanted, run.slip = kind, len(wanted), ""
    if run.came != len(wanted):
        run.slip = f"values yielded: {run.came}, instead of {len(wanted)}, after {run.pulls} pulls"
    for number, (value, right) in enumerate(zip(run.values, wanted, strict=False), 1):
        if not alike(value, right):
            run.slip = f"at the end, value {number} was {short(value)}, but it should be {right}"
            break
    return run


STOPPED = "a `next` found no more readings, and the stage raised {raised}."
NO_STOP = "A `StopIteration` must not leave a generator. Loop with `for`, or catch it and `return`."


def stage_rules(ending: Observation, endless: Observation, advice: str) -> Fact:
    """A stage's tables: `held` on endless streams, `prompt` on laziness, `right`."""
    # A stage that starts a new loop for each value takes slices, and expects its stream to continue.
    begun = (
        Rule(ending, lambda run: run.kind == "alone" and run.tap.after and run.wanted and not run.came,
             "{pulls} readings were pulled, and no value was yielded. Then the stage read its stream once "
             "more, but that was empty.", "chains-iterated-twice",
             "Go through the stream in one loop, and store in a variable what you need again."),
        Rule(ending, lambda run: run.kind == "alone" and run.twice and run.came < run.wanted
             and (run.came < 2 or run.tap.walks != run.came + 1),
             "{pulls} readings were pulled from a stream with an end. The stage yielded {came} of {wanted} "
             "values.", "", "A stream yields each reading once. Store those that a later value needs, too."),
    )  # fmt: skip
    held = (
        Rule(endless, lambda run: run.refused and not run.came,
             "an endless stream was pulled {pulls} times, but no value was yielded.", "",
             "Put the `yield` into the loop over the stream: a list of all readings is never complete."),
        Rule(endless, lambda run: run.came < run.wanted,
             "an endless stream was pulled {pulls} times, and {came} of {wanted} values were yielded.", "",
             "Use `yield` for each value as soon as its readings were pulled, until the stream ends."),
    )  # fmt: skip
    prompt = (
        Rule(endless, lambda run: run.early,
             "the call of the stage already pulled (pulls: {early}), before a value was asked for.", "",
             "Begin the work at the first pull: calling a function with `yield` in it runs nothing."),
        Rule(endless, lambda run: run.at,
             "when value {at} was yielded, {pulled} readings had been pulled, instead of {need}.", "",
             "Yield each value when its last reading has been pulled, and only then pull again."),
        Rule(endless, lambda run: run.strange, "{strange}.", "", advice),
    )  # fmt: skip
    right = (
        # A first `next` may forget that a stream can be empty. A later one is meant to end the stage.
        Rule(ending, lambda run: run.stopped and run.came, STOPPED, "generators-stop-iteration-ends",
             NO_STOP),
        Rule(ending, lambda run: run.stopped, STOPPED, "", NO_STOP),
        Rule(ending, lambda run: run.kind != "two" and run.slip, "{slip}.", "", advice),
        Rule(ending, lambda run: run.slip, "two of your stages were used at the same time: {slip}.", "",
             "Store what belongs to one stream in local variables, not on the class or in the module."),
    )  # fmt: skip
    return Fact(held=(begun, held), prompt=(begun, held, prompt), right=(begun, right))


LineStage = namedtuple("LineStage", "process")
declared("process", name="Stage")(LineStage)


@declared("stream write", name="Part")
class Line:
    """The parts of a run that fails once, with `error`, at the place and the record of `fault`.

    Without an error, the stream of that place ends there. A place is "source", "stage 1", "stage 2" … or
    "sink"; record 0 is the call that builds. The streams of the places in `stubborn` fail to close until the
    run is `over`. `raised` are its errors. Stage 1 drops every third record, so sent and arrived records
    differ. `struck` is the number written when the fault came, `log` the order in which the streams ended.
    `meanwhile` is called at the second write.
    """

    def __init__(
        self, records: list[Record], count: int = 2, fault: tuple[str, int] = ("", 0),
        error: BaseException | None = None, stubborn: str = "",
    ) -> None:  # fmt: skip
        self.records, self.error, self.stubborn, self.over = records, error, stubborn, False
        self.place, self.at = fault
        self.places = ["source", *(f"stage {number}" for number in range(1, count + 1))]
        self.stages = [LineStage(partial(self.built, place)) for place in self.places[1:]]
        self.kept = [record for number, record in enumerate(records, 1) if number % 3]
        self.streams: dict[str, Any] = {}
        self.rows: list[Record] = []
        self.mails: list[tuple[Any, Any]] = []
        self.raised: list[BaseException] = []
        self.log: list[str] = []
        self.pulls = 0
        self.struck: int | None = None
        self.meanwhile: Callable[[], Any] = lambda: None

    def need(self, limit: int) -> int:
        """How often the source is pulled for this many records at the sink."""
        return min(limit + (limit - 1) // 2, len(self.records)) if limit > 0 else 0

    def strike(self, place: str, at: int) -> None:
        if self.error is not None and (place, at) == (self.place, self.at) and self.struck is None:
            self.struck = len(self.rows)
            self.fail(self.error)

    def fail(self, error: BaseException) -> None:
        """Raise this error; if one was raised before, another one."""
        self.raised.append(ValueError("this fails as well") if self.raised else error)
        raise self.raised[-1]

    def stream(self) -> Any:
        return self.built("source", map(dict, self.records))

    def built(self, place: str, stream: Iterable[Record]) -> Any:
        self.strike(place, 0)
        self.streams[place] = self._part(place, stream)
        return self.streams[place]

    def _part(self, place: str, stream: Iterable[Record]) -> Iterator[Record]:
        try:
            for number, record in enumerate(stream, 1):
                if self.error is None and (place, number) == (self.place, self.at):
                    return
                self.strike(place, number)
                self.pulls += place == "source"
                if place != "stage 1" or number % 3:
                    yield record
        finally:
            self.log.append(place)
            if self.error is not None and place in self.stubborn and not self.over:
                self.fail(self.error)

    def write(self, record: Any) -> object:
        if self.rows:
            meanwhile, self.meanwhile = self.meanwhile, lambda: None
            meanwhile()
        self.strike("sink", len(self.rows) + 1)
        self.rows.append(record)
        # Its return value means nothing, so an answer must not use it for counting.
        return ("", 0, False, None, 7)[len(self.rows) % 5]

    @property
    def open(self) -> list[str]:
        """The places with streams that are not closed."""
        return [place for place, made in self.streams.items() if getgeneratorstate(made) != "GEN_CLOSED"]

    @property
    def order(self) -> list[str]:
        """The order in which the streams of this run that have ended had to end."""
        places = [one for one in self.places if one in self.log]
        # An error ends its stream and everything downstream; the others must be closed.
        at = places.index(self.place) if self.raised and self.place in places else len(places)
        return [*places[at:], *reversed(places[:at])]

    @property
    def when(self) -> str:
        """The failure in words."""
        if self.error is None and self.place:
            return f"{self.place} ended at its record {self.at}"
        if not self.raised:
            return "nothing failed"
        place = self.stubborn or self.place
        name = place if place.startswith("stage") else f"the {place}"
        record = f"at its {'write' if place == 'sink' else 'record'} {self.at}"
        step = "to close" if self.stubborn else record if self.at else "at its call"
        step += f", after the {self.place} at its {self.at}" if self.stubborn and self.place else ""
        return f"{name} failed {step} ({type(self.error).__name__})"


@declared(
    "__enter__ __exit__ __next__ read readline readlines close", "closed name mode encoding", "TextIOWrapper"
)
class Watched(io.StringIO):
    """A file that counts the lines read from it, and raises `error` after `intact` lines."""

    mode, lines = "r", 0

    def __init__(self, name: str, text: str, intact: int, error: BaseException | None) -> None:
        super().__init__(text)
        self.name, self.intact, self.error = name, intact, error

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        if self.error is not None and self.lines >= self.intact:
            raise self.error
        line = super().readline(size)
        self.lines += bool(line)
        return line

    def read(self, size: int | None = -1, /) -> str:
        if self.error is not None:
            raise self.error
        text = super().read(size)
        self.lines += text.count("\n")
        return text


class Shelf:
    """The files of a diary, one for each day, by name: `texts` has their lines, `files` all opened files.

    `most` is how many were open at once. With the same key, another `first` gives different names.
    """

    def __init__(self, variant: Variant, key: str, first: int = 0) -> None:
        self.values: list[float] = []
        self.texts: dict[str, list[str]] = {}
        self.files: list[Watched] = []
        self.most = 0
        self.errors: dict[str, BaseException] = {}
        for name in variant.stations(key, first + 3)[first:]:
            rows = variant.readings(f"{key}:{name}.txt", variant.number(f"{key}:{name}.txt", 2, 4))
            day = [float(str(row["celsius"])) for row in rows]
            # In one file the second reading is 0.0; in the others it is equal to the first.
            day[1] = day[0] if self.texts else 0.0
            self.values += day
            self.texts[f"{name}.txt"] = [f"{value}\n" for value in day]
        self.texts[f"{name}.txt"][-1] = f"{day[-1]}"  # A file need not end with a line break.

    @property
    def open(self) -> str:
        """The names of the files that are open."""
        return ", ".join(file.name for file in self.files if not file.closed)

    def spoil(self, number: int, how: str | type[BaseException]) -> None:
        """Break a file: it has a line that is "no number", is "not there", or raises when it is read.

        Before the error, the first file has no line read, the second one line, the third two lines.
        """
        name = list(self.texts)[number]
        if isinstance(how, type):
            self.errors[name] = how("broken")
        elif how:
            self.texts[name] = [*self.texts[name][:number], "missing\n"] if how == "no number" else []

    def fetch(self, path: Any, *mode: Any, **more: Any) -> Watched:
        """Open a file for reading, whatever mode is given. Raises `FileNotFoundError`."""
        lines = self.texts.get(str(path))
        if not lines:
            raise FileNotFoundError(2, f"No such file or directory: {str(path)!r}")
        error = self.errors.get(str(path))
        self.files.append(Watched(str(path), "".join(lines), list(self.texts).index(str(path)), error))
        self.most = max(self.most, self.open.count(".txt"))
        return self.files[-1]


def unending(seed: str, heavy: bool = False) -> Iterator[float]:
    """Temperatures without an end, the same for the same seed. The code below runs on the answer's side."""
    source = random.Random(seed)
    while True:
        yield Heavy(source.random()) if heavy else source.random() * 40


def ballast(count: int) -> Iterator[float]:
    """This many numbers, held as long as the iterator exists."""
    return iter([float(number) for number in range(count)])


HEAVY = 65_536  # bytes


class Heavy(float):
    """A number that uses `HEAVY` bytes as long as it is referenced."""

    def __init__(self, value: float) -> None:
        # New pages of the system: a block of Python's would fill what is free in the process already.
        self.load = mmap.mmap(-1, HEAVY, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.load.write(b"x" * HEAVY)


def gone_through(stream: Iterator[Any], count: int) -> Any:
    """The last one of `count` values."""
    return deque(itertools.islice(stream, count), maxlen=1).pop()
