"""Checks of the assignment on lazy chains: who pulls, who learns of an error, who closes what is left."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lessons.exercises.chains_parts import (
    Drawn,
    Line,
    Run,
    Shelf,
    names_in,
)
from lessons.exercises.chains_programs import (
    BROKEN,
    DROPS,
    EARLY,
    RIGHT,
    SOME,
    TIDY,
    WORLDS,
    Program,
    around_pull,
    by_hand,
    first_first,
    let_go,
    open_ended,
)
from lessons.exercises.exercise import (
    Attempt,
    Sheet,
    Wrong,
    attempt,
    described,
    exactly,
    exercise,
    materials,
    where,
)
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback
from lessons.words import described as short


def lazily(whole: Drawn, endless: Drawn, needs: list[int], what: str, least: int) -> None:
    """Raise `Wrong` unless an endless tap was pulled exactly as often as each value needs.

    whole: the same stage over a stream that ends, and that should have given `least` values. what: the name
    of one value that comes out.
    """
    if len(whole.values) < least and whole.tap.ended and whole.twice:
        raise Wrong(
            "chains-iterated-twice",
            f"{whole.tap.pulls} were pulled from a stream with an end, {len(whole.values)} came out of the "
            f"{least} that belong there: the stage went to its stream once more, and it was empty.",
            "Walk through the stream in one loop, and do in its body all that one value needs.",
        )
    if isinstance(endless.error, Wrong):
        raise endless.error
    if endless.early and not endless.tap.dry and not isinstance(endless.made.value, list | tuple):
        raise Wrong(
            "chains-building-moves",
            f"the call of the stage pulled already ({endless.early}), before anybody had asked for a value.",
            "Let the first pull begin the work: the call of a function with `yield` in it runs nothing.",
        )
    for number, (pulls, need) in enumerate(zip(endless.pulls, needs, strict=False), 1):
        if pulls < need:
            raise Wrong(
                "",
                f"{what} {number} came out when {pulls} had been pulled; it needs {need}.",
                "Wait until all that a value needs has been pulled, and hand it on then.",
            )
        if pulls > need:
            again = endless.tap.walks > 1 and number > 1
            raise Wrong(
                "chains-iterated-twice" if again else "",
                f"{pulls} had been pulled when {what} {number} came out; {need} are enough for it.",
                "Each loop, and each `islice`, goes on where the last one stopped. Keep what you need again."
                if again
                else "Hand each value on as soon as what it needs has been pulled, and only then pull again.",
            )
    if endless.tap.dry and endless.values:
        raise Wrong(
            "",
            f"{len(endless.values)} came out of a stream without an end; for the next one it was pulled "
            f"{endless.tap.pulls - endless.pulls[-1]} times more, in vain.",
            f"Hand on a {what} each time it is due, and not only under some condition.",
        )
    if endless.tap.dry:
        raise Wrong(
            "chains-stage-by-stage",
            f"a stream without an end was pulled {endless.tap.pulls} times; {len(endless.values)} came out.",
            "Put the `yield` into the loop over the stream: a list of all of them is never complete.",
        )
    if endless.error is not None:
        raise told(endless.error)
    if len(endless.values) < len(needs):
        raise Wrong(
            "chains-iterated-twice" if endless.twice else "",
            f"a stream without an end gave {len(endless.values)} values, and then the stage ended.",
            "Leave the loop only when the stream has no more.",
        )


def told(error: BaseException) -> BaseException:
    """What to say of an error of a stage: of a `next` that found nothing more, by its name."""
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        place = where(error.__cause__)
        return Wrong(
            "generators-stop-iteration-ends",
            f"a `next` found nothing more{f', at {place}' if place else ''}, and the stage ended with "
            f"{described(error)}.",
            "Inside a generator a `StopIteration` is an error. Loop with `for`, or catch it and `return`.",
        )
    return error


def above(needed: Callable[[], None]) -> None:
    """Raise a short `Wrong` when something fails that an aspect before this one has told in full."""
    if attempt(needed).error is not None:
        raise Wrong("", "this shows only when what stands above holds.", "Mend that first.")


# --- chains-x3 ------------------------------------------------------------------------------------------


def begun(answer: Any, shelf: Shelf) -> Any:
    """A stream of a new diary over a shelf, not yet pulled."""
    return iter(answer(list(shelf.paths), Callback(shelf.fetch, "open")).stream())


def read(stream: Any) -> list[Any]:
    """All values of a stream, or a thousand of one that does not end."""
    return list(itertools.islice(stream, 1_000))


def pulled_in_turn(answer: Any, shelf: Shelf) -> None:
    """Begin two streams of one diary, and close both."""
    made = answer(list(shelf.paths), Callback(shelf.fetch, "open"))
    streams = [made.stream(), made.stream()]
    for stream in streams:
        next(iter(stream))
    for stream in streams:
        stream.close()


def ways_out(answer: Any, new: Callable[[], Shelf]) -> list[tuple[str, str, list[str]]]:
    """Leave a stream in every way; of each that left files open, its kind, when it was, and their names."""
    left = []
    total = len(new().values)
    for count in range(1, total + 1):
        shelf = new()
        stream = attempt(begun, answer, shelf)
        for _ in range(count):
            attempt(next, stream.value)
        if shelf.open and not hasattr(stream.value, "close"):
            raise Wrong(
                "generators-map-closes",
                f"`stream()` gave {short(stream.value)}: it has no `close`, and {shelf.open[0]} stays open.",
                "Let `stream` be a generator function itself: a generator can be closed where it stands.",
            )
        closing = attempt(lambda stream=stream: stream.value.close())
        if isinstance(closing.error, RuntimeError) and "GeneratorExit" in closing.raised:
            raise Wrong(
                "chains-bare-except-harmless",
                f"after {count} of {total} readings `close()` ended with {closing.raised}.",
                "A bare `except:` around a `yield` catches the `GeneratorExit` as well: name what you mean.",
            )
        left.append(("closed", f"after {count} of {total} readings and `close()`", shelf.open))
    shelf = new()
    attempt(lambda: read(begun(answer, shelf)))
    left.append(("ended", "after the last reading", shelf.open))
    shelf = new()
    both = attempt(lambda: pulled_in_turn(answer, shelf))
    left.append(("in turn", "after two streams of one diary were pulled in turn, and closed", shelf.open))
    kept = [both]  # errors, and with them the frames that they hold
    for kind, what in (("no number", "has a line that is no number"), ("not there", "is not there")):
        for number in range(1, len(shelf.paths) + 1):
            shelf = new()
            shelf.paths[number - 1] = shelf.bad if kind == "no number" else shelf.nowhere
            kept.append(attempt(lambda shelf=shelf: read(begun(answer, shelf))))
            if not isinstance(kept[-1].error, ValueError | FileNotFoundError):
                raise Wrong(
                    "chains-failed-stage-ends",
                    f"file {number} {what}, and {kept[-1].raised} was raised.",
                    "Let the `ValueError` and the `FileNotFoundError` go on to whoever pulls.",
                )
            left.append((kind, f"after an error: file {number} {what}", shelf.open))
    return [(kind, when, names) for kind, when, names in left if names]


@exercise(
    "chains-x3",
    "A diary that closes its files",
    kind="complete",
    answer="Diary",
    aspects={
        "no file stays open, wherever the stream is left": 2,
        "a stream that was never pulled leaves nothing open": 1,
        "it reads line by line, and has one file open at a time": 1,
        "each `stream()` begins at the first reading": 1,
    },
    version=2,
    hangs="chains-stage-by-stage",
    seconds=5,
    wired=True,
)
def diary(answer: Any, sheet: Sheet) -> None:
    """Leave the stream at every reading, and look at the files themselves."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        first = Shelf.filled(folder, sheet.variant, "chains-x3:check")
        total = len(first.values)

        def new() -> Shelf:
            shelf = first.again()
            stack.callback(shelf.tidy)
            return shelf

        whole, waiting = new(), new()
        values = attempt(lambda: read(begun(answer, whole)))
        unpulled = attempt(begun, answer, waiting)
        eager = list(waiting.open)
        attempt(lambda: unpulled.value.close())

        def work() -> None:
            if isinstance(values.error, ValueError) and "closed file" in values.raised:
                raise Wrong(
                    "chains-with-waits",
                    f"the first pull ended with {values.raised}",
                    "The `with` ends where its function returns. Let the lines be yielded inside of it.",
                )
            if values.error is not None:
                raise values.error
            if exactly(values.value, first.values) and len(whole.files) < len(whole.paths):
                raise Wrong(
                    "",
                    f"of {len(whole.paths)} files {len(whole.files)} were opened by `self.open_file`.",
                    "Open each file by `self.open_file(path)`: who makes a diary says how a file is opened.",
                )
            if not exactly(values.value, first.values):
                raise Wrong(
                    "",
                    f"the files hold {first.values}; what came was {short(values.value)}.",
                    "Yield `float(line)` for each line of each file, in their order.",
                )

        with sheet.aspect("no file stays open, wherever the stream is left"):
            work()
            if left := ways_out(answer, new):
                kind, when, names = left[0]
                if eager:
                    belief = "chains-close-runs-finally"
                    advice = "Open each file inside the generator, where its turn comes."
                elif kind == "in turn":
                    belief = ""
                    advice = "Keep the file in a variable of the generator: streams share what is on `self`."
                elif kind == "closed" and "no number" not in {kind for kind, _, _ in left}:
                    belief = "chains-consumer-error-inside"
                    advice = (
                        "The consumer's error never comes in. What comes in, when you are closed, is a "
                        "`GeneratorExit`, at the `yield`. Which clause runs for every way out?"
                    )
                else:
                    belief = "chains-break-closes" if kind == "closed" else ""
                    advice = "Put a `with` or a `finally` around the loop that yields the lines of one file."
                raise Wrong(belief, f"still open {when}: {', '.join(names)}.", advice)
        with sheet.aspect("a stream that was never pulled leaves nothing open"):
            above(work)
            if waiting.open:
                raise Wrong(
                    "chains-close-runs-finally",
                    f"`stream()` was called, not pulled, and closed; still open: {', '.join(waiting.open)}.",
                    "A generator that never started has not entered its `try`. Open each file inside it.",
                )
            if eager:
                raise Wrong(
                    "chains-building-moves",
                    f"`stream()` opened {', '.join(eager)} before anybody had pulled.",
                    "Let the first pull open the first file.",
                )
        with sheet.aspect("it reads line by line, and has one file open at a time"):
            above(work)
            if whole.most > 1:
                raise Wrong(
                    "chains-stage-by-stage",
                    f"{whole.most} files were open at the same time.",
                    "Open a file when the one before it is through, and closed.",
                )
            slow = new()
            stream = begun(answer, slow)
            for count in range(1, total + 1):
                next(stream)
                if slow.lines > count:
                    raise Wrong(
                        "chains-stage-by-stage",
                        f"{slow.lines} lines had been read when reading {count} came out.",
                        "Yield inside the loop over the file's lines, while the file is open.",
                    )
        with sheet.aspect("each `stream()` begins at the first reading"):
            above(work)
            for count, went in ((1, "one reading"), (total + 1, "all readings")):
                again = new()
                made = answer(list(again.paths), Callback(again.fetch, "open"))
                before = made.stream()
                taken = [value for _, value in zip(range(count), before, strict=False)]
                attempt(lambda before=before: before.close())
                second = read(made.stream())
                if not exactly(second, first.values) or not exactly(taken, first.values[:count]):
                    raise Wrong(
                        "chains-iterated-twice",
                        f"after {went} of a first stream, a second `stream()` brought {short(second)}.",
                        "Make a new generator at each call of `stream()`, and keep none on `self`.",
                    )


@materials(diary)
def shelved(variant: Variant) -> list[Path]:
    """Return the paths of three files of readings, in a folder that lasts as long as the process."""
    if not _folders:
        _folders.append(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
    return Shelf.filled(_folders[0].name, variant, "chains-x3").paths


_folders: list[tempfile.TemporaryDirectory[str]] = []


# --- chains-x5 ------------------------------------------------------------------------------------------


def suspended(one: Run, early: bool, careful: bool) -> Wrong:
    """What to say of a run that left generators suspended.

    early: it was left early, and not by an error. careful: when building fails, the answer closes them all.
    """
    if isinstance(one.line.error, KeyboardInterrupt):
        belief = "leaks-except-is-enough"
        advice = "Not every error is an `Exception`. A `with` or a `finally` covers every way out."
    elif not early:
        belief = "leaks-traceback-keeps"
        advice = "The error holds them, and nobody closes them. Close where no error can pass by."
    elif one.line.places[-1] not in one.line.suspended:
        belief = "chains-close-travels"
        advice = "`close()` ends one generator. Keep each one that a part gives you, and close them all."
    elif careful:
        belief = "chains-try-around-building"
        advice = "Your cleanup stands around the building. Let it stand around the pulling as well."
    else:
        belief = "chains-break-closes"
        advice = (
            "Leaving a loop closes nothing. Give each generator to `contextlib.closing`, or to a `finally`."
        )
    return Wrong(belief, f"still suspended after {one}: {', '.join(one.line.suspended)}.", advice)


@exercise(
    "chains-x5",
    "Deliver a few, and leave nothing half way",
    kind="build",
    answer="deliver",
    aspects={
        "every generator is closed, however the run ends": 3,
        "they are closed last first": 2,
        "one that fails to close keeps no other open": 1,
        "the records are right, no pull is too many, the error goes on": 2,
    },
    version=2,
    hangs="chains-stage-by-stage",
    seconds=5,
    wired=True,
)
def delivering(answer: Any, sheet: Sheet) -> None:
    """Leave the run at every record and fail it at every place; look at each generator by name."""
    records = sheet.variant.readings("chains-x5:check", sheet.variant.number("chains-x5:check", 6, 8))
    plain = Line(records, sheet.variant.number("chains-x5:stages", 2, 3))
    arrive, places = len(plain.kept), plain.places

    def run(limit: int, **how: Any) -> Run:
        line = Line(records, len(places) - 1, **how)
        end = attempt(answer, line, line.stages, line, limit)
        line.over = True
        return Run(line, limit, end)

    early = [run(limit) for limit in range(1, arrive)]
    whole = [run(limit) for limit in (arrive, arrive + 1, arrive + 5)]
    none = run(0)
    failed = [
        run(limit, fault=(place, at), error=kind("the run is broken"))
        for kind in (OSError, KeyboardInterrupt)
        for limit in (arrive + 5, arrive)
        for place in ("sink", *places)
        for at in range(1, (plain.need(limit) if place in ("source", "stage 1") else arrive) + 1)
    ]
    built = [run(3, fault=(place, 0), error=ValueError("no such column")) for place in places[1:]]
    stubborn = [
        run(2, stubborn=place, refusal=kind("fails to close"))
        for kind in (RuntimeError, KeyboardInterrupt)
        for place in places
    ]

    def work() -> None:
        for one in whole:
            if one.end.error is not None:
                raise one.end.error
            if not one.line.rows:
                raise Wrong(
                    "", "not one record was written.", "Pull the chain, and give each record to `sink.write`."
                )

    def tidy() -> None:
        careful = all(one.line.closed for one in built)
        for one in (*early, *failed, *whole, none):
            if one.line.suspended:
                raise suspended(one, one not in failed, careful)

    def complete(one: Run) -> None:
        if unused := [place for place in places if place not in one.line.streams]:
            raise Wrong(
                "",
                f"of {len(places) - 1} stages {', '.join(unused)} never got a stream.",
                "Go through all of `stages`, however many there are.",
            )

    def hasty(one: Run) -> bool:
        """Whether the sink failed when more had been pulled than its write needed."""
        place, at = one.line.fault
        return place == "sink" and one.line.pulls > plain.need(at)

    def thrifty(one: Run) -> None:
        need = plain.need(one.limit)
        if one.line.pulls != need:
            zips = "zip" in sheet.judge.witness(names_in, answer)  # its word, for the belief alone
            belief = "chains-stage-by-stage" if one.line.pulls == len(records) else ""
            raise Wrong(
                belief or ("chains-zip-loses-nothing" if zips else ""),
                f"with limit {one.limit} the source was pulled {one.line.pulls} times; enough are {need}.",
                "Pull, write, and stop at the limit before the next pull: `itertools.islice` does.",
            )

    with sheet.aspect("every generator is closed, however the run ends"):
        work()
        tidy()
    with sheet.aspect("they are closed last first"):
        above(work)
        above(tidy)
        for one in (*early, *failed):
            complete(one)
            if one.line.fault[0] == "sink" and any(map(hasty, failed)):
                continue  # pulled to its end before anything was written: its order tells nothing
            if one in early and one.line.log == places:
                thrifty(one)  # pulled to its end, where the source is first through
            if one.line.log != one.line.order:
                raise Wrong(
                    "chains-first-closes-first",
                    f"after {one} they ended in the order {', '.join(one.line.log)}; "
                    f"it has to be {', '.join(one.line.order)}.",
                    "What was made last stands on all the others: close it first.",
                )
    with sheet.aspect("one that fails to close keeps no other open"):
        above(work)
        above(tidy)
        for one in stubborn:
            if one.line.suspended:
                kind = type(one.line.refusal)
                raise Wrong(
                    "composition-finally-covers-all" if kind is RuntimeError else "leaks-except-is-enough",
                    f"still suspended after {one}: {', '.join(one.line.suspended)}.",
                    "Give every `close` a `finally` of its own; `contextlib.ExitStack` has one for each.",
                )
    with sheet.aspect("the records are right, no pull is too many, the error goes on"):
        above(work)
        for one in (*early, *whole, none):
            if one.end.error is not None:
                raise one.end.error
            if one.limit:
                complete(one)
            wanted = plain.kept[: one.limit]
            if not exactly(one.line.rows, wanted) or not exactly(one.end.value, len(wanted)):
                raise Wrong(
                    "",
                    f"with limit {one.limit}, {len(wanted)} records were to be written; "
                    f"{len(one.line.rows)} were, and the answer returned {short(one.end.value)}.",
                    "Write each record once, in its order, and return how many were written.",
                )
            thrifty(one)
        for one in failed:
            if hasty(one):
                raise Wrong(
                    "chains-stage-by-stage",
                    f"{one}: the source had been pulled {one.line.pulls} times by then; "
                    f"{plain.need(one.line.fault[1])} are enough.",
                    "Write each record before you pull the next: no list of all of them.",
                )
        for one in (*failed, *built):
            if one.end.error is not one.line.error:
                raise Wrong(
                    "chains-failed-stage-ends" if one.end.error is None else "",
                    f"{one}, and {one.end.raised} reached the caller.",
                    "Close, and let the error go on: catch nothing, or raise it again.",
                )
        for one in stubborn:
            if one.line.stubborn in one.line.log and not holds(one.end.error, one.line.refusal):
                raise Wrong(
                    "composition-clean-is-right" if one.end.error is None else "",
                    f"after {one}, {one.end.raised} reached the caller.",
                    "Close the others, and let the error out: who calls has to learn that closing failed.",
                )


def holds(error: BaseException | None, wanted: BaseException | None) -> bool:
    """Whether an error is the wanted one, or a group or a consequence of it."""
    while error is not None and error is not wanted:
        if isinstance(error, BaseExceptionGroup):
            return any(holds(one, wanted) for one in error.exceptions)
        error = error.__cause__
    return error is not None


@materials(delivering)
def line(variant: Variant) -> Any:
    """Return `(source, stages, sink)`; `source.log` tells in which order their streams ended."""
    made = Line(variant.readings("chains-x5", 7), 2)
    return made, made.stages, made


# --- chains-x6 ------------------------------------------------------------------------------------------


@exercise(
    "chains-x6",
    "A test that catches a chain left half way",
    kind="test",
    answer="check_closes",
    aspects={
        "it catches a run that was left early": 3,
        "it looks at every generator": 2,
        "it catches what a failure leaves suspended": 2,
    },
    version=2,
    hangs="chains-stage-by-stage",
    seconds=5,
    wired=True,
)
def testing(answer: Any, sheet: Sheet) -> None:
    """Give the test right and leaky programs, in an order of the variant's own."""
    judge = sheet.judge
    judge.keep = True
    ways: list[Any] = [*RIGHT, *EARLY, *BROKEN, *SOME, *RIGHT]
    sheet.variant.random("chains-x6").shuffle(ways)
    programs = [(way, Program(way)) for way in ways]
    ends = [(way, program, attempt(answer, Callback(program.function()))) for way, program in programs]

    def fair() -> None:
        """Raise `Wrong` unless every right program passes."""
        for way, program, end in ends:
            if way not in RIGHT or end.error is None:
                continue
            if not isinstance(end.error, AssertionError):
                if not program.runs:
                    raise end.error
                raise Wrong(
                    "",
                    f"a program that closes every generator met {end.raised} in your test"
                    + (f", {end.where}." if end.where else "."),
                    "An error of your own sink or stage is raised again by `deliver`: catch it in the test.",
                )
            if way is first_first and all(one.error is None for other, _, one in ends if other in TIDY):
                raise Wrong(
                    "",
                    "a program that closes every generator, the source's first, was rejected"
                    + (f", {end.where}." if end.where else "."),
                    "Ask only whether each one is closed: in which order does not matter here.",
                )
            belief, why = "", "Find out which of its generators you look at, and when."
            if all(attempt(answer, let_go(drops, judge)).error is None for drops in DROPS):
                raise Wrong(
                    "leaks-refcount-closes",
                    "a program that closes every generator, and keeps them, was rejected"
                    + (f", {end.where}." if end.where else "."),
                    "Ask each generator in which state it is, and not whether it is still there.",
                )
            for world, (name, reason) in WORLDS.items():
                if attempt(answer, Callback(Program(world).function())).error is None:
                    belief, why = name, reason
                    break
            place = f", {end.where}" if end.where else ""
            raise Wrong(belief, f"a program that closes every generator was rejected{place}.", why)

    def catches(family: dict[Any, str]) -> None:
        for want in family:
            for way, program, end in ends:
                if way is want and not isinstance(end.error, AssertionError):
                    missed(family[want], want, program, end)

    def missed(what: str, way: Any, program: Program, end: Attempt) -> None:
        if end.error is not None:
            raise Wrong(
                "",
                f"for a program that {what} your test raises {end.raised}; it has to be an AssertionError.",
                "Compare what you kept with what has to be, by `assert`.",
            )
        seen = f"your test passes a program that {what}."
        if not program.runs:
            raise Wrong("chains-break-closes", f"{seen} It never calls the program.", "Call it, and look.")
        if program.spent:
            raise Wrong(
                "chains-iterated-twice",
                f"{seen} A later run had no records: an earlier one had used them up.",
                "Make new records, or a new list iterator, for every run.",
            )
        if way in SOME:
            raise Wrong(
                "chains-close-travels",
                seen,
                "Keep the generator of the source and of each of at least two stages, and look at them all.",
            )
        if way in BROKEN and program.broken and program.broken == program.unbuilt:
            raise Wrong(
                "chains-try-around-building",
                f"{seen} In your test a part fails when it is called, before anything is pulled.",
                "Let a stage fail at a record: inside its generator, after its first `yield`.",
            )
        if way is around_pull:
            raise Wrong(
                "chains-consumer-error-inside",
                seen,
                "Let the sink fail at a record as well: then no generator is running, and none learns of it.",
            )
        if way in BROKEN:
            raise Wrong(
                "chains-error-closes" if program.broken else "leaks-traceback-keeps",
                seen,
                "Let a stage fail at a record, and let the sink fail, each in a run of its own.",
            )
        raise Wrong(
            "chains-break-closes",
            seen,
            "Let a run be left early, with a `limit` below the number of records, and keep its generators "
            "in a list: what is kept is not closed by luck.",
        )

    with sheet.aspect("it catches a run that was left early"):
        fair()
        catches(EARLY)
    with sheet.aspect("it looks at every generator"):
        above(fair)
        catches(SOME)
    with sheet.aspect("it catches what a failure leaves suspended"):
        above(fair)
        catches(BROKEN)


@materials(testing)
def programs(variant: Variant) -> Any:
    """Return a program that closes every generator, and one that closes none, to try a test on."""
    return Program(by_hand).function(), Program(open_ended).function()
