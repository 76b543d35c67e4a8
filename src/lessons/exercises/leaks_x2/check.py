"""leaks-x2: leave the database in order. The database, its pool and its connections are the judge's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from lessons.exercises.exercise import Sheet, attempt
from lessons.exercises.leaks_parts import Weather
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback

# --- what is observed ---

Way = tuple[str, str, Callable[[], BaseException] | None]

WAYS: tuple[Way, ...] = (
    ("end", "when the block came to its end", None),
    ("end", "when the block was left by `return`", None),
    ("end", "when the block was left by `break`", None),
    ("end", "when the block came to its end, in an `except` of the caller", None),
    ("error", "when a `ValueError` left the block", lambda: ValueError("missing")),
    ("error", "when an `OSError` left the block", lambda: OSError("the sensor is silent")),
    ("ctrl-c", "when Ctrl-C left the block", KeyboardInterrupt),
    ("ctrl-c", "when `sys.exit` left the block", lambda: SystemExit(1)),
    ("commit", "when `commit` failed with an `OSError`", lambda: OSError("the disk is full")),
)


@dataclass(frozen=True)
class Block:
    """One `with Entry(engine)` block, and what was seen when it was left."""

    ended: str
    """"end" without an error, "error", "ctrl-c" (which is not an `Exception`), or "commit", which failed."""
    when: str
    borrowed: bool
    """Whether a slot was taken in the block."""
    taken: bool
    """Whether its connection still takes a slot of the pool."""
    lost: bool
    """Whether a connection is open, though the engine has a new pool, which knows nothing of it."""
    dropped: bool
    """Whether the entry's name `connection` is gone, or refers to something else."""
    of: int
    """How many readings there are."""
    stored: int
    kept: int
    committed: bool
    no_error: bool
    same_error: bool
    raised: str
    generator: bool
    """Whether the answer is a generator function under `@contextmanager`."""

    @property
    def handling(self) -> bool:
        """Whether the caller was handling an error of its own."""
        return "except" in self.when

    @property
    def failed(self) -> bool:
        """Whether an error left the block itself."""
        return self.ended in ("error", "ctrl-c")


def handling(call: Callable[[], object]) -> None:
    """Call while an error is being handled, which `sys.exc_info` then finds."""
    try:
        raise LookupError("of the caller")
    except LookupError:
        call()


def each_way(answer: Any, sheet: Sheet) -> Iterator[Block]:
    """A block for each way to leave it, each on a database of its own."""
    for way in WAYS:
        with closing(sheet.given) as weather:
            yield _block(answer, sheet, weather, way)


def _block(answer: Any, sheet: Sheet, weather: Weather, way: Way) -> Block:
    from sqlalchemy import event

    ended, when, make = way
    error = make() if make else None
    failed = ended in ("error", "ctrl-c")
    fails = sheet.variant.number("leaks-x2 fails", 1, 3)
    some = weather.readings[:fails] if failed else weather.readings
    slots: list[int] = []
    made: list[Any] = []
    entries: list[Any] = []
    commits: list[object] = []

    def block() -> None:
        entries.append(answer(weather.engine))
        for _ in range(1):
            with entries[0] as connection:
                slots.append(weather.engine.pool.checkedout())
                weather.store(connection, some)
                if failed and error:
                    raise error
                if "break" in when:
                    break
                if "return" in when:
                    return

    def commit(connection: object) -> None:
        commits.append(connection)
        if ended == "commit" and error:
            raise error

    event.listen(weather.engine, "commit", commit)
    event.listen(weather.engine, "engine_connect", made.append)
    tried = attempt(sheet.judge.witness, handling, Callback(block)) if "except" in when else attempt(block)
    if ended == "end" and any(slots) and tried.error is not None:
        raise tried.error
    is_open = any(not one.closed and not one.invalidated for one in made)
    taken = weather.engine.pool.checkedout() > 0
    return Block(
        ended=ended,
        when=when,
        borrowed=any(slots),
        taken=taken,
        lost=is_open and not taken,
        dropped=bool(made) and attempt(getattr, entries[0], "connection").value is not made[0],
        of=len(weather.readings),
        stored=len(some),
        kept=weather.kept(),
        committed=bool(commits),
        no_error=tried.error is None,
        same_error=tried.error is error,
        raised=tried.raised + (f", at {tried.where}" if tried.where else ""),
        generator=type(entries[0]).__name__ == "_GeneratorContextManager",
    )


@dataclass(frozen=True)
class Two:
    """Two entries in two databases, made before either was entered, one block inside the other."""

    taken: bool
    """Whether a slot of one of the pools is still taken."""
    of: int
    outer_kept: int
    inner_kept: int


def two_at_once(answer: Any, sheet: Sheet) -> Iterator[Two]:
    """The inner block fails, and the outer one succeeds."""
    with closing(sheet.given) as outer, closing(sheet.given) as inner:

        def blocks() -> None:
            first, second = answer(outer.engine), answer(inner.engine)
            with first as connection:
                outer.store(connection)
                try:
                    with second as other:
                        inner.store(other)
                        raise ValueError("missing")
                except Exception:
                    pass  # which error came out is another aspect's affair

        attempt(blocks)
        taken = any(one.engine.pool.checkedout() for one in (outer, inner))
        yield Two(taken, len(outer.readings), outer.kept(), inner.kept())


# --- the rules ---

TWO = "Keep what belongs to one entry in the object itself (`self.…`, set in a method), not in its class."

BORROWS = Rule(
    each_way, lambda block: not block.borrowed,
    "in the block of `with Entry(engine) as connection:` no slot of the pool was taken.", "",
    "Keep `__enter__` as it was: it borrows a connection and returns it.",
)  # fmt: skip

GIVEN_BACK = (
    BORROWS,
    Rule(each_way, lambda block: block.ended != "commit" and block.lost,
         "{when}, its connection was still open, though the engine has a new pool.", "",
         "`dispose()` closes the connections in the pool, but not one that is borrowed from it: call "
         "`self.connection.close()`."),
    Rule(each_way, lambda block: block.ended == "end" and block.taken and block.dropped,
         "{when}, its connection still took a slot of the pool.", "leaks-refcount-closes",
         "Call `self.connection.close()`: dropping a name closes nothing that something else refers to."),
    Rule(each_way, lambda block: block.ended == "end" and block.taken,
         "{when}, its connection still took a slot of the pool.", "",
         "Call `self.connection.close()`, whatever happened in the block."),
    Rule(each_way, lambda block: block.ended == "error" and block.taken,
         "{when}, its connection still took a slot of the pool.", "leaks-exit-on-success-only",
         "`__exit__` runs in this case, too. Which of its lines does it reach then?"),
    Rule(each_way, lambda block: block.ended == "ctrl-c" and block.taken,
         "{when}, its connection still took a slot of the pool.", "leaks-except-is-enough",
         "`KeyboardInterrupt` and `SystemExit` are not subclasses of `Exception`: close in any case."),
    Rule(two_at_once, lambda two: two.taken,
         "two entries were open at the same time, in two databases. When both had been left, a slot was "
         "still taken.", "", TWO),
)  # fmt: skip

KEPT = (
    BORROWS,
    Rule(each_way, lambda block: block.ended == "error" and block.kept,
         "{when}, {stored} of {of} rows had been inserted, and the table kept {kept}.",
         "leaks-accepted-is-kept", "Commit only if the block has succeeded. Which of the three arguments "
         "tells you?"),
    Rule(each_way, lambda block: block.ended == "ctrl-c" and block.kept,
         "{when}, {stored} of {of} rows had been inserted, and the table kept {kept}.",
         "leaks-except-is-enough", "After Ctrl-C, `error` is not an `Exception`, and still it is an error. "
         "Which of the three arguments tells you that there was none?"),
    Rule(each_way, lambda block: block.ended == "end" and not block.handling and block.kept != block.stored,
         "{when}, the database had accepted {stored} rows and kept {kept}.", "leaks-accepted-is-kept",
         "What is not committed is taken back when the connection is given back: "
         "`self.connection.commit()` keeps it."),
    Rule(each_way, lambda block: block.handling and block.kept != block.stored,
         "{when}, the database had accepted {stored} rows and kept {kept}.", "",
         "The arguments of `__exit__` say how this block ended. `sys.exc_info` tells of the caller's error."),
    # If a slot is still taken, the aspect above has said so.
    Rule(two_at_once, lambda two: not two.taken and (two.inner_kept or two.outer_kept != two.of),
         "two entries were open at the same time, in two databases. The one that succeeded kept "
         "{outer_kept} of its {of} rows, and the one that failed kept {inner_kept}.", "", TWO),
)  # fmt: skip

GOES_ON = (
    BORROWS,
    Rule(each_way, lambda block: block.failed and block.no_error and not block.generator,
         "{when}, no error came out of the `with`: whoever runs the job believes that it went well.",
         "leaks-truthy-is-success",
         "Look at what `__exit__` returns in this case, and whether Python takes it for true."),
    Rule(each_way, lambda block: block.failed and block.no_error,
         "{when}, no error came out of the `with`: whoever runs the job believes that it went well.", "",
         "Look at each `except` in your function that does not end in `raise`."),
    Rule(each_way, lambda block: block.failed and not block.same_error,
         "{when}, another error came out: {raised}.", "",
         "`__exit__` raises nothing of its own: Python lets the block's error go on by itself."),
)  # fmt: skip

REFUSED = (
    BORROWS,
    Rule(each_way, lambda block: block.ended == "commit" and not block.committed,
         "no commit was tried, so none could fail.", "", "Mend what stands above first."),
    Rule(each_way, lambda block: block.ended == "commit" and (block.taken or block.lost),
         "{when}, its connection still took a slot of the pool: {raised}.", "",
         "`__exit__` can fail in the middle, too. Put the line that closes into a `finally`."),
    Rule(each_way, lambda block: block.ended == "commit" and block.no_error,
         "{when}, no error came out, and no row is in the table.", "",
         "Let the error of a commit go on when the slot is given back."),
    Rule(each_way, lambda block: block.ended == "commit" and not block.same_error,
         "{when}, another error came out: {raised}.", "",
         "Let the error of a commit go on as it is: `finally` gives the slot back, and no `except` is "
         "needed."),
)  # fmt: skip


def weather(variant: Variant) -> Weather:
    """A database in a file of its own, empty; the readings are the variant's."""
    return Weather(variant.readings("leaks-x2", variant.number("leaks-x2", 4, 8)))


entering = ruled(
    "leaks-x2",
    "Leave the database in order",
    kind="complete",
    answer="Entry",
    version=3,
    given=weather,
    asked=[
        Asked("the slot is given back, whichever way the block is left", 2, GIVEN_BACK),
        Asked("the rows are kept when the block succeeds, and only then", 1, KEPT),
        Asked("the block's error goes on", 2, GOES_ON),
        Asked("the slot is given back when the commit fails", 1, REFUSED),
    ],
)
