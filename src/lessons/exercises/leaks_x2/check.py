"""leaks-x2: leave the database in order. The database, its pool and its connections are the judge's."""

from contextlib import closing
from typing import Any

from lessons.exercises import Asked, Callback, Fact, Facts, Rule, Sheet, attempt, ruled
from lessons.exercises.exercise import unchanged
from lessons.exercises.leaks_parts import Hollow, Weather, by_error, errors_go_on, in_an_except


def each_way(answer: Any, sheet: Sheet) -> Facts:
    """A block for each way to leave it, each on a database of its own."""
    ways: tuple[tuple[str, str, BaseException | None], ...] = (
        # To `__exit__`, a `return` or `break` in the block is its end.
        ("end", "when the block came to its end", None),
        ("end", "when the block came to its end, in an `except` of the caller", None),
        ("error", "when a `ValueError` left the block", ValueError("missing")),
        ("error", "when an `OSError` left the block", OSError("the sensor is silent")),
        ("error", "when a `StopIteration` left the block", StopIteration()),
        ("error", "when an error that is false left the block", Hollow()),
        ("error", "when Ctrl-C left the block", KeyboardInterrupt()),
        ("error", "when `sys.exit` left the block", SystemExit(0)),
        ("error", "when a `GeneratorExit` left the block", GeneratorExit()),
        ("commit", "when `commit` failed with an `OSError`", OSError("the disk is full")),
        ("commit", "when `commit` failed with a `RuntimeError`", RuntimeError("the disk is full")),
        ("commit", "when Ctrl-C came during `commit`", KeyboardInterrupt()),
        ("rollback", "when an error left the block and a `rollback` failed", OSError("the line is lost")),
        ("rollback", "when an error left the block and Ctrl-C came during a `rollback`", KeyboardInterrupt()),
        ("rollback", "when `commit` failed, and then a `rollback`", OSError("the line is lost")),
    )
    for ended, when, error in ways:
        with closing(sheet.given) as weather:
            yield _block(answer, sheet, weather, ended, when, error)


def _block(answer: Any, sheet: Sheet, weather: Weather, ended: str, when: str, error: Any) -> Any:
    from sqlalchemy import event

    fails, commit_fails = ended in ("error", "rollback") and "commit" not in when, "`commit`" in when
    some = weather.readings[: sheet.variant.number("leaks-x2 fails", 1, 3)] if fails else weather.readings
    slots: list[int] = []
    made: list[Any] = []
    entries: list[Any] = []
    commits: list[object] = []

    def block() -> None:
        entries.append(answer(weather.engine))
        with entries[0] as connection:
            slots.append(weather.engine.pool.checkedout())
            if ended == "rollback":
                made[0].rollback = refuses
            weather.store(connection, some)
            if fails:
                raise error if ended == "error" else ValueError("missing")

    def commit(connection: object) -> None:
        commits.append(connection)
        if commit_fails:
            raise error

    def refuses() -> None:
        raise error

    event.listen(weather.engine, "commit", commit)
    event.listen(weather.engine, "engine_connect", made.append)
    handled = "except" in when
    tried = attempt(sheet.judge.witness, in_an_except, Callback(block)) if handled else attempt(block)
    if ended == "end" and any(slots) and tried.error is not None:
        raise tried.error
    taken = weather.engine.pool.checkedout() > 0
    # One is open, too, though the engine has a new pool, which knows nothing of it.
    is_open = taken or any(not one.closed and not one.invalidated for one in made)
    by_class = bool(entries) and type(entries[0]).__name__ != "_GeneratorContextManager"
    return Fact(
        ended=ended, when=when, handled=handled, borrowed=any(slots), is_open=is_open,
        # The entry's name `connection` is gone, or refers to something else.
        dropped=by_class and bool(made) and attempt(getattr, entries[0], "connection").value is not made[0],
        of=len(weather.readings), stored=len(some), kept=weather.kept(), committed=bool(commits),
        ctrl_c=error is not None and not isinstance(error, Exception),
        rare=isinstance(error, SystemExit | GeneratorExit), must_raise=fails, raised=tried.said,
        by_exit=by_class and ended == "error",
        same_error=unchanged(tried, error) or (ended == "rollback" and tried.error is not None),
    )  # fmt: skip


def _both(answer: Any, places: tuple[Weather, Weather], step: int) -> None:
    entries = [answer(place.engine) for place in places]
    for place, entry in zip(places, entries, strict=True):
        place.store(entry.__enter__())
    ends = (entries[0], None, None, None), (entries[1], ValueError, ValueError("missing"), None)
    for entry, *how in ends[::step]:
        attempt(entry.__exit__, *how)  # which error comes out is another aspect's affair


def two_at_once(answer: Any, sheet: Sheet) -> Facts:
    """Two entries in two databases, made before either is entered; only the second one fails."""
    for step, left in ((-1, "second"), (1, "first")):
        with closing(sheet.given) as outer, closing(sheet.given) as inner:
            attempt(_both, answer, (outer, inner), step)
            yield Fact(
                left=left, taken=any(one.engine.pool.checkedout() for one in (outer, inner)),
                of=len(outer.readings), outer_kept=outer.kept(), inner_kept=inner.kept(),
            )  # fmt: skip


OPEN = "{when}, its connection had not been given back."
EVERY_WAY = "Call `self.connection.close()` on every way out. `dispose()` closes no borrowed connection."
HALF = "{when}, {stored} of {of} rows had been inserted, and the table kept {kept}."
TWO = "Keep what belongs to one entry in the object itself (`self.…`, set in a method), and nothing shared."
BORROWS = Rule(each_way, lambda block: not block.borrowed,
               "in the block of `with Entry(engine) as connection:` no slot of the pool was taken.", "",
               "Keep `__enter__` as it was: it borrows a connection and returns it.")  # fmt: skip
GIVEN_BACK = Asked("the slot is given back, whichever way the block is left", 2, [BORROWS], (
    Rule(each_way, lambda block: block.ended == "end" and block.is_open and block.dropped,
         OPEN, "leaks-refcount-closes",
         "Call `self.connection.close()`: dropping a name closes nothing that something else refers to."),
    *by_error(each_way, lambda block: block.ended in ("end", "error") and block.is_open and not block.rare,
              OPEN, "", EVERY_WAY),
    Rule(each_way, lambda block: block.ended == "error" and block.is_open, OPEN, "", EVERY_WAY),
    Rule(two_at_once, lambda two: two.taken,
         "two entries were open. After both were left, the {left} one first, a slot was taken.", "", TWO),
))  # fmt: skip
KEPT = Asked("the rows are kept when the block succeeds, and only then", 1, [BORROWS], (
    Rule(each_way, lambda block: block.ended in ("error", "rollback") and block.kept, HALF, "",
         "Commit only if `kind` is `None`: Ctrl-C is an error, too, and so is one that is false."),
    Rule(each_way, lambda block: block.ended == "end" and block.kept != block.stored,
         "{when}, the database had accepted {stored} rows and kept {kept}.", "",
         "Rows that are not committed are lost. Call `self.connection.commit()` if `kind` is `None`: "
         "`sys.exc_info` tells of the caller's error, too."),
    # If a slot is still taken, the aspect above has said so.
    Rule(two_at_once, lambda two: not two.taken and (two.inner_kept or two.outer_kept != two.of),
         "two entries were open at the same time, in two databases, and the {left} one was left first. The "
         "one that succeeded kept {outer_kept} of {of} rows, the one that failed {inner_kept}.", "", TWO),
))  # fmt: skip
REFUSED = Asked("the slot is given back when the commit fails", 1, [BORROWS], (
    Rule(each_way, lambda block: block.ended == "commit" and not block.committed,
         "no commit was tried, so none could fail.", "", "Fix what is said above first."),
    *by_error(each_way, lambda block: block.ended in ("commit", "rollback") and block.is_open,
              "{when}, its connection had not been given back: {raised}.", "",
              "`__exit__` can fail in the middle, too. Put the line that closes into a `finally`."),
    Rule(each_way, lambda block: not (block.must_raise or block.same_error),
         "{when}, what came out of the `with` was {raised}.", "",
         "Let the error of a commit go on: `finally` gives the slot back, without `except` or `return`."),
))  # fmt: skip
GOES_ON = Asked("the block's error goes on", 2, [BORROWS], errors_go_on(each_way))
ruled("leaks-x2", "Leave the database in order", kind="complete", answer="Entry", version=7,
      given=lambda variant: Weather(variant.readings("leaks-x2", variant.number("leaks-x2", 4, 8))),
      asked=[GIVEN_BACK, KEPT, GOES_ON, REFUSED])  # fmt: skip
