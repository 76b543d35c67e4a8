"""chains-x3: a diary that closes its files."""

import itertools
import tempfile
from pathlib import Path
from typing import Any

from lessons.exercises import Asked, Callback, Fact, Facts, Rule, Sheet, Variant, attempt, ruled, short
from lessons.exercises.chains_parts import Shelf
from lessons.exercises.decorators_timed import in_turn
from lessons.exercises.exercise import Attempt, exactly

KEY = "chains-x3:check"
_folders: list[tempfile.TemporaryDirectory[str]] = []


def shelved(variant: Variant) -> list[Path]:
    """Return the paths of three files of readings, in a folder that lasts as long as the process."""
    if not _folders:
        _folders.append(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
    paths = []
    for name, lines in Shelf(variant, "chains-x3").texts.items():
        paths.append(Path(_folders[0].name) / name)
        paths[-1].write_text("".join(lines), encoding="utf-8")
    return paths


def made(answer: Any, shelf: Shelf) -> Any:
    """A diary over the files of a shelf. They are the judge's, so it knows which are open."""
    return answer(list(map(Path, shelf.texts)), Callback(shelf.fetch, "open"))


def read(stream: Any) -> list[Any]:
    """All values of a stream, or a thousand of one that does not end."""
    return list(itertools.islice(stream, 1_000))


def whole(answer: Any, sheet: Sheet) -> Facts:
    """A stream that is pulled to its end, and once more."""
    shelf = Shelf(sheet.variant, KEY)
    stream = attempt(lambda: iter(made(answer, shelf).stream()))
    end = attempt(read, stream.value) if stream.error is None else stream
    after = attempt(next, stream.value) if end.error is None else end
    lines = sum(file.lines for file in shelf.files)
    early = isinstance(end.error, ValueError) and "closed file" in end.raised and not lines
    if end.error is not None and not early and (shelf.files or not isinstance(end.error, OSError)):
        raise end.error
    yield Fact(
        raised=end.raised, where=f", at {end.where}" if end.where else "", closed_file=early,
        few=len(end.value or ()) != len(shelf.values), wanted=shelf.values,
        came=short(end.value), right=exactly(end.value, shelf.values),
        more=short(after.value) if after.error is None else "",
    )  # fmt: skip


WRONG: dict[Any, tuple[str, type[BaseException]]] = {
    "no number": ("has a line that is not a number", ValueError),
    "not there": ("is not there", FileNotFoundError),
    OSError: ("cannot be read", OSError),
    KeyboardInterrupt: ("was being read when Ctrl-C came", KeyboardInterrupt),
}
"""What may be wrong with a file, in words, and the error that it causes."""


def ways_out(answer: Any, sheet: Sheet) -> Facts:
    """A stream closed after no, some or all readings, pulled to its end, or ended by an error of one file."""
    total = len(Shelf(sheet.variant, KEY).values)
    for count in sorted({0, *range(1, total, 2), total}):
        shelf = Shelf(sheet.variant, KEY)
        diary = made(answer, shelf)
        stream = iter(diary.stream())
        pulled = [attempt(next, stream) for _ in range(count)]
        lines, early = sum(file.lines for file in shelf.files), shelf.open or "nothing"
        closable = hasattr(stream, "close")
        end = attempt(lambda stream=stream: stream.close())
        when = f"after {count} of {total} readings"
        when += " and `close()`" if closable else ", and the stream has no `close()`"
        one = _way_out(shelf, when, end, count=count, begun=count > 0, lines=lines, closable=closable,
                       early=early, kept=(stream, pulled))  # fmt: skip
        after = attempt(next, stream) if end.error is None else end
        one.more = short(after.value) if after.error is None else ""
        yield one
    for way, (what, error) in {"": ("", Exception), **WRONG}.items():
        for number in range(3 if way else 1):
            shelf = Shelf(sheet.variant, KEY)
            shelf.spoil(number, way)
            end = attempt(lambda shelf=shelf: read(made(answer, shelf).stream()))
            # Lines that are not taken for numbers cannot be wrong ones.
            floats = not isinstance(end.value, list) or all(type(value) is float for value in end.value)
            silent = way and floats and not isinstance(end.error, error)
            when = f"after an error: file {number + 1} {what}" if way else "at the end"
            yield _way_out(shelf, when, end, silent=silent)


def _way_out(shelf: Shelf, when: str, end: Attempt, **more: Any) -> Fact:
    """What was seen when a stream had ended. It keeps what came, so that nothing closes by luck."""
    usual = {"count": 0, "begun": True, "closable": True, "silent": False, "more": "", "kept": end}
    more = usual | more | {"when": when, "open": shelf.open, "files": shelf.most, "raised": end.raised}
    return Fact(**more, held_on="GeneratorExit" in end.raised)


def once_more(answer: Any, sheet: Sheet) -> Facts:
    """A second stream of one diary, after the first and beside it; and a second diary beside the first."""
    shelf = Shelf(sheet.variant, KEY)
    for count, went in ((1, "one reading"), (len(shelf.values) + 1, "all readings")):
        diary = made(answer, Shelf(sheet.variant, KEY))
        first = diary.stream()
        taken = [value for _, value in zip(range(count), first, strict=False)]
        attempt(lambda first=first: first.close())
        second = read(diary.stream())
        right = exactly(second, shelf.values) and exactly(taken, shelf.values[:count])
        when = f"after {went} of a first stream, a second one"
        yield Fact(when=when, came=short(second), right=right, left="")
    for times in (0, 2):
        diary = answer([*map(Path, shelf.texts)] * times, Callback(Shelf(sheet.variant, KEY).fetch, "open"))
        tried = attempt(lambda diary=diary: read(diary.stream()))
        when = f"a diary that has each path {times} times" if times else "a diary without a path"
        came = f"nothing, and raised {tried.raised}" if tried.error else short(tried.value)
        yield Fact(when=when, came=came, right=exactly(tried.value, shelf.values * times), left="")
    two = Shelf(sheet.variant, KEY), Shelf(sheet.variant, KEY, 3)
    for what, shelves in (("two streams of one diary", (shelf, shelf)), ("two diaries", two)):
        diaries = {one: made(answer, one) for one in shelves}
        pulls, when = 1 + max(len(one.values) for one in shelves), f"{what} were pulled in turn: one of them"
        both = in_turn([diaries[one].stream for one in shelves], pulls, BaseException)
        for values, one in zip(both, shelves, strict=True):
            left = f" Files that were open afterwards: {one.open}." if one.open else ""
            yield Fact(when=when, came=short(values), right=exactly(values, one.values), left=left)


DIFFER = "the files contain {wanted}, but the stream yielded {came}, and raised {raised}{where}."
ALL = "Open each file with `self.open_file(path)`. Yield `float(line)` for each of its lines, in their order."
OVER = "After its end or its `close()`, each further `next` must raise `StopIteration`."
READS = (
    Rule(whole, lambda run: run.closed_file,
         "the first pull raised {raised}", "chains-with-waits",
         "A `with` block closes the file when its function returns. Yield the lines inside the block."),
    Rule(whole, lambda run: run.few, DIFFER, "", ALL),
)  # fmt: skip
"""What must hold before anything else can be seen."""
CLOSES = Asked("no file stays open, wherever the stream ends", 2, READS, (
    Rule(ways_out, lambda left: left.begun and left.held_on,
         "{when}, the stream raised {raised}.", "",
         "`close()` raises a `GeneratorExit` at the `yield`. If you catch all errors, `raise` it again."),
    Rule(ways_out, lambda left: left.begun and left.open, "still open {when}: {open}.", "",
         "Put a `with` or `finally` around the `yield`: there, `close()` raises a `GeneratorExit`. An object "
         "of `map` or `itertools.chain` has no `close()`."),
    Rule(ways_out, lambda left: left.silent,
         "{when}, and {raised} was raised.", "",
         "Let each error go on to the caller, and open a file before the `try` that closes it."),
))  # fmt: skip
OPENS_LATE = Asked("a stream that was never pulled has opened nothing", 1, READS, (
    Rule(ways_out, lambda left: not left.begun
         and (left.early != "nothing" or (left.closable and left.raised != "nothing")),
         "the stream was closed without a pull. Open before that: {early}. `close()` raised {raised}.", "",
         "Open the first file at the first pull: if a generator never started, `close()` runs none of its "
         "lines."),
))  # fmt: skip
BY_LINE = Asked("it reads line by line, and has one file open at a time", 1, READS, (
    Rule(ways_out, lambda one: one.count and (one.files > 1 or one.lines > one.count),
         "when reading {count} was yielded, {lines} lines had been read. Files open at once: {files}.", "",
         "Loop over the file itself, without a list of its lines. Close it before you open the next one."),
))  # fmt: skip
FROM_THE_FIRST = Asked("each stream is its own, from the first reading to the last", 1, READS, (
    Rule(whole, lambda run: not run.right, DIFFER, "", ALL),
    Rule(whole, lambda run: run.more,
         "after its end, the stream was pulled once more, and yielded {more}.", "", OVER),
    Rule(ways_out, lambda left: left.more,
         "{when}, the stream was pulled once more, and yielded {more}.", "", OVER),
    Rule(once_more, lambda again: not again.right or again.left, "{when} yielded {came}.{left}", "",
         "Keep the list of paths on `self`, even if it is empty, but no iterator. Store the rest in local "
         "variables."),
))  # fmt: skip
ruled("chains-x3", "A diary that closes its files", kind="complete", answer="Diary", version=7,
      given=shelved,
      asked=[CLOSES, OPENS_LATE, BY_LINE, FROM_THE_FIRST])  # fmt: skip
