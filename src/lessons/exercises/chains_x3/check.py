"""chains-x3: a diary that closes its files."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessons.exercises.chains_parts import Shelf
from lessons.exercises.exercise import Attempt, Sheet, attempt, exactly
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback
from lessons.words import described as short

# --- what the answer is given ---

_folders: list[tempfile.TemporaryDirectory[str]] = []


def shelved(variant: Variant) -> list[Path]:
    """Return the paths of three files of readings, in a folder that lasts as long as the process."""
    if not _folders:
        _folders.append(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
    paths = []
    for name, lines in Shelf.filled(variant, "chains-x3").texts.items():
        paths.append(Path(_folders[0].name) / name)
        paths[-1].write_text("".join(lines), encoding="utf-8")
    return paths


def made(answer: Any, shelf: Shelf) -> Any:
    """A diary over the files of a shelf. They are the judge's, so it knows which are open."""
    return answer(list(map(Path, shelf.texts)), Callback(shelf.fetch, "open"))


def begun(answer: Any, shelf: Shelf) -> Any:
    """A stream of a new diary over a shelf, not yet pulled."""
    return iter(made(answer, shelf).stream())


def read(stream: Any) -> list[Any]:
    """All values of a stream, or a thousand of one that does not end."""
    return list(itertools.islice(stream, 1_000))


# --- what is observed ---


@dataclass(frozen=True)
class Whole:
    """A stream that was pulled to its end."""

    raised: str
    where: str
    closed_file: bool
    """Whether it ended because a file had been closed before."""
    opened: int
    due: int
    count: int
    wanted: str
    came: str
    right: bool
    more: str
    """What came when it was pulled once more after its end, or after it was closed."""


def whole(answer: Any, sheet: Sheet) -> Iterator[Whole]:
    """One stream, pulled to its end and once more."""
    shelf = Shelf.filled(sheet.variant, "chains-x3:check")
    stream = attempt(begun, answer, shelf)
    end = attempt(read, stream.value) if stream.error is None else stream
    after = attempt(next, stream.value) if end.error is None else end
    if after.error is not None and end.error is None:
        closed = begun(answer, shelf.again())
        after = attempt(lambda: [next(closed), closed.close(), next(closed)][2])
    closed = isinstance(end.error, ValueError) and "closed file" in end.raised
    if end.error is not None and not closed and (shelf.files or not isinstance(end.error, OSError)):
        raise end.error
    yield Whole(
        raised=end.raised,
        where=f", at {end.where}" if end.where else "",
        closed_file=closed,
        opened=len(shelf.files),
        due=len(shelf.values),
        count=len(end.value or ()),
        wanted=str(shelf.values),
        came=short(end.value),
        right=exactly(end.value, shelf.values),
        more=short(after.value) if after.error is None else "",
    )


@dataclass(frozen=True)
class Left:
    """A stream that was left in some way."""

    way: str
    """"closed", "ended", "in turn", "no number", "not there" or "broken"."""
    when: str
    open: str
    """The files that are still open."""
    given: str
    closable: bool
    raised: str
    held_on: bool
    """Whether `close()` failed, because the stream yielded once more."""
    silent: bool
    """Whether an error of a file did not come out."""
    others: tuple[str, ...]
    """In which ways files stayed open."""

    @property
    def leaks(self) -> bool:
        """Whether a file is still open."""
        return bool(self.open)


def ways_out(answer: Any, sheet: Sheet) -> Iterator[Left]:
    """A stream that is closed after each reading, pulled to its end, ended by an error; and two at once."""
    shelf = Shelf.filled(sheet.variant, "chains-x3:check")
    total, left = len(shelf.values), []
    for count in range(1, total + 1):
        one = shelf.again()
        stream = attempt(begun, answer, one).value
        for _ in range(count):
            attempt(next, stream)
        closable = hasattr(stream, "close")
        closing = attempt(lambda stream=stream: stream.close())
        left.append(
            ("closed", f"after {count} of {total} readings and `close()`", one, stream, closable, closing)
        )
    one = shelf.again()
    ended = attempt(lambda: read(begun(answer, one)))
    left.append(("ended", "after the last reading", one, None, True, ended))
    one = shelf.again()
    both = attempt(in_turn, answer, one)
    left.append(
        ("in turn", "after two streams of one diary were pulled in turn, and closed", one, None, True, both)
    )
    for way, what in WRONG.items():
        for number in range(len(shelf.texts)):
            one = shelf.again()
            one.spoil(number, way)
            tried = attempt(lambda one=one: read(begun(answer, one)))
            when = f"after an error: file {number + 1} {what}"
            left.append((way, when, one, None, True, tried))
    others = tuple({way for way, _, one, *_ in left if one.open})
    for way, when, one, stream, closable, tried in left:
        yield Left(
            way=way,
            when=when,
            open=", ".join(one.open),
            given=short(stream),
            closable=closable,
            raised=tried.raised,
            held_on=way == "closed"
            and isinstance(tried.error, RuntimeError)
            and "GeneratorExit" in tried.raised,
            silent=way in ERRORS and not isinstance(tried.error, ERRORS[way]) and _floats(tried.value),
            others=others,
        )


WRONG = {"no number": "has a line that is no number", "not there": "is not there", "broken": "cannot be read"}
ERRORS = {"no number": ValueError, "not there": FileNotFoundError, "broken": OSError}


def _floats(values: Any) -> bool:
    """Whether the lines were taken for numbers: if they were not, none can be wrong."""
    return not isinstance(values, list) or all(type(value) is float for value in values)


def in_turn(answer: Any, shelf: Shelf) -> None:
    """Begin two streams of one diary, and close both."""
    diary = made(answer, shelf)
    streams = [diary.stream(), diary.stream()]
    for stream in streams:
        next(iter(stream))
    for stream in streams:
        stream.close()


@dataclass(frozen=True)
class Waiting:
    """A stream that was never pulled."""

    eager: str
    left: str
    raised: str
    """What `close()` raised, here and after the last reading."""


def waiting(answer: Any, sheet: Sheet) -> Iterator[Waiting]:
    """A stream that is closed without a pull."""
    shelf = Shelf.filled(sheet.variant, "chains-x3:check")
    stream = attempt(begun, answer, shelf)
    eager = ", ".join(shelf.open)
    closed = attempt(lambda: stream.value.close()) if hasattr(stream.value, "close") else Attempt()
    yield Waiting(eager, ", ".join(shelf.open), "" if closed.error is None else closed.raised)


@dataclass(frozen=True)
class Slow:
    """How far a stream had read when a reading came out."""

    count: int
    lines: int
    files: int
    """How many files were open."""


def slowly(answer: Any, sheet: Sheet) -> Iterator[Slow]:
    """A stream, pulled reading by reading."""
    shelf = Shelf.filled(sheet.variant, "chains-x3:check")
    stream = begun(answer, shelf)
    for count, _ in enumerate(shelf.values, 1):
        next(stream)
        yield Slow(count, shelf.lines, len(shelf.open))


@dataclass(frozen=True)
class Again:
    """What a stream brought that was not the only one."""

    when: str
    later: bool
    """Whether the first stream was over."""
    came: str
    right: bool


def once_more(answer: Any, sheet: Sheet) -> Iterator[Again]:
    """A second stream of one diary, after the first and beside it; and a second diary beside the first."""
    shelf = Shelf.filled(sheet.variant, "chains-x3:check")
    for count, went in ((1, "one reading"), (len(shelf.values) + 1, "all readings")):
        diary = made(answer, shelf.again())
        first = diary.stream()
        taken = [value for _, value in zip(range(count), first, strict=False)]
        attempt(lambda first=first: first.close())
        second = read(diary.stream())
        right = exactly(second, shelf.values) and exactly(taken, shelf.values[:count])
        yield Again(f"after {went} of a first stream, a second one", True, short(second), right)
    diary = made(answer, shelf.again())
    yield from _beside("two streams of one diary were pulled in turn: one of them", [(diary, shelf)] * 2)
    other = Shelf.filled(sheet.variant, "chains-x3:other")
    pairs = [(made(answer, one.again()), one) for one in (shelf, other)]
    yield from _beside("two diaries were pulled in turn: one of them", pairs)


def _beside(when: str, diaries: list[tuple[Any, Shelf]]) -> Iterator[Again]:
    streams: list[tuple[Any, Shelf, list[Any]]]
    streams = [(iter(diary.stream()), shelf, []) for diary, shelf in diaries]
    for _ in range(1 + max(len(shelf.values) for _, shelf in diaries)):
        for stream, _, values in streams:
            pulled: Attempt = attempt(next, stream)
            if pulled.error is None:
                values.append(pulled.value)
    for _, shelf, values in streams:
        yield Again(when, False, short(values), exactly(values, shelf.values))


# --- the rules ---

WITHIN = "Put a `with` or a `finally` around the loop that yields the lines of one file."

READS = (
    Rule(whole, lambda run: run.closed_file,
         "the first pull ended with {raised}", "chains-with-waits",
         "The `with` ends where its function returns. Let the lines be yielded inside of it."),
    Rule(whole, lambda run: not run.opened,
         "no file was opened by `self.open_file`; the stream gave {came} and raised {raised}{where}.", "",
         "Open each file by `self.open_file(path)`: who makes a diary says how a file is opened."),
    Rule(whole, lambda run: run.count != run.due,
         "the files hold {due} lines; {count} readings came.", "",
         "Yield `float(line)` for each line of each file, in their order."),
)  # fmt: skip
"""What must hold before anything else can be seen."""

CLOSES = (
    Rule(ways_out, lambda left: left.leaks and not left.closable,
         "`stream()` gave {given}: it has no `close`, and {open} stays open.", "generators-map-closes",
         "Let `stream` be a generator function itself: a generator can be closed where it stands."),
    Rule(ways_out, lambda left: left.held_on,
         "{when} ended with {raised}.", "chains-bare-except-harmless",
         "A bare `except:` around a `yield` catches the `GeneratorExit` as well: name what you mean."),
    Rule(ways_out, lambda left: left.leaks and left.way == "closed" and "no number" not in left.others,
         "still open {when}: {open}. After an error the files are closed.", "chains-consumer-error-inside",
         "The consumer's error never comes in. What comes in is a `GeneratorExit`, at the `yield`, when the "
         "stream is closed. Which clause runs for every way out?"),
    Rule(ways_out, lambda left: left.leaks and left.way == "closed",
         "still open {when}: {open}.", "chains-break-closes", WITHIN),
    Rule(ways_out, lambda left: left.leaks and left.way != "in turn",
         "still open {when}: {open}.", "", WITHIN),
    Rule(ways_out, lambda left: left.silent,
         "{when}, and {raised} was raised.", "",
         "Let the `ValueError` and the `FileNotFoundError` go on to whoever pulls."),
)  # fmt: skip

OPENS_LATE = (
    Rule(waiting, lambda stream: stream.left,
         "`stream()` was called, not pulled, and closed; still open: {left}.", "chains-close-runs-finally",
         "A generator that never started has not entered its `try`. Open each file inside it."),
    Rule(waiting, lambda stream: stream.raised,
         "`stream()` was called, not pulled, and closed: `close()` raised {raised}.", "",
         "Nothing was opened, so there is nothing to close: let `close()` do nothing then."),
    Rule(waiting, lambda stream: stream.eager,
         "`stream()` opened {eager} before a reading was pulled.", "",
         "Let the first pull open the first file."),
)  # fmt: skip

BY_LINE = (
    Rule(slowly, lambda one: one.files > 1,
         "{files} files were open when reading {count} came out.", "",
         "Open a file when the one before it is through, and closed."),
    Rule(slowly, lambda one: one.lines > one.count,
         "{lines} lines had been read when reading {count} came out.", "chains-stage-by-stage",
         "Yield inside the loop over the file's lines, while the file is open."),
)  # fmt: skip

FROM_THE_FIRST = (
    Rule(whole, lambda run: not run.right,
         "the files hold {wanted}; what came was {came}.", "",
         "Yield `float(line)` for each line of each file, in their order."),
    Rule(whole, lambda run: run.more,
         "after its end, or after `close()`, the stream was pulled once more, and brought {more}.", "",
         "A stream that has ended, or was closed, stays so: each further `next` raises `StopIteration`."),
    Rule(once_more, lambda again: again.later and not again.right,
         "{when} brought {came}.", "chains-iterated-twice",
         "Make a new generator at each call of `stream()`, and keep none on `self`."),
    Rule(ways_out, lambda left: left.leaks and left.way == "in turn" and "closed" not in left.others,
         "still open {when}: {open}.", "",
         "Keep the file in a variable of the generator: streams share what is on `self`."),
    Rule(once_more, lambda again: not again.right,
         "{when} brought {came}.", "",
         "Keep what one stream needs in variables of its generator, and the paths on `self`."),
)  # fmt: skip

diary = ruled(
    "chains-x3",
    "A diary that closes its files",
    kind="complete",
    answer="Diary",
    version=3,
    hangs="chains-stage-by-stage",
    given=shelved,
    asked=[
        Asked("no file stays open, wherever the stream is left", 2, (*READS, *CLOSES)),
        Asked("a stream that was never pulled has opened nothing", 1, (*READS, *OPENS_LATE)),
        Asked("it reads line by line, and has one file open at a time", 1, (*READS, *BY_LINE)),
        Asked("each stream is its own, from the first reading to the last", 1, (*READS, *FROM_THE_FIRST)),
    ],
)  # fmt: skip
