"""decorators-x1: time the pulls of a source."""

from functools import partial
from itertools import accumulate
from typing import Any

from lessons.exercises import Asked, Fact, Facts, Rule, Sheet, Variant, ruled
from lessons.exercises import decorators_timed as timed
from lessons.exercises.decorators_parts import subclass
from lessons.exercises.exercise import Attempt, unchanged

KEY = "decorators-x1"


def stations(variant: Variant) -> Any:
    """A class of stations that need their time to end, too."""
    return timed.station(variant, KEY, last=variant.number(f"{KEY}:last", 10, 19))


def given(variant: Variant) -> Any:
    """Return `(Station, clock)`: a class of sources, and the clock on which their time passes."""
    kind = stations(variant)
    return kind, kind.clock


def ran(
    answer: Any, sheet: Sheet, what: str, base: Any, kind: str = "", pulls: int | None = None,
    room: Any = (), **waits: int,
) -> Fact:  # fmt: skip
    """A run of one source. room: what its class has besides the method."""
    hall = timed.clocked(answer, sheet, base, **dict(room))
    part, source = hall.new()
    fails = base.at is not None
    stop = base.at if fails else pulls
    worked = sum(base.costs[: base.at + 1 if fails else pulls]) + base.last * (stop is None)
    one = timed.pull(what, kind, list(base.readings[:stop]), part.stream, lambda: source.read,
                     *[base.failure] * fails, wait=source.clock.wait, pulls=pulls,
                     look=lambda: timed.figure(part), **waits)  # fmt: skip
    one.own_error = unchanged(Attempt(error=one.error), source.failed)
    one.late = one.looks != list(accumulate(base.costs[: len(one.looks)]))
    return timed.read(one, part, worked, source)


def runs(answer: Any, sheet: Sheet) -> Facts:
    """Runs of two sources to the end, by a slow reader, and by a slow reader who leaves early."""
    run, kind, what = partial(ran, answer, sheet), stations(sheet.variant), "a source was read to its end"
    whole = run(what, kind, "whole")
    yield whole
    other = timed.station(sheet.variant, f"{KEY}:other", 25, 4)
    yield run(what, other, "whole")
    yield run("a source had None and empty records", subclass(other, readings=(None, "12.5", 0, "")))
    yield from timed.slowly(run, whole, [kind], [timed.station(sheet.variant, f"{KEY}:slow", 31, 9)])


def early(answer: Any, sheet: Sheet) -> Facts:
    """Runs that end by an error, by a reader who leaves, and without a record."""
    run, kind = partial(ran, answer, sheet), stations(sheet.variant)
    at = sheet.variant.number(f"{KEY}:at", 2, len(kind.readings) - 2)
    plain = run("", kind)
    # A source without a record may have a length, and is false then.
    length = sheet.judge.function(lambda part: 0, "__len__", "self", generator=False)
    empty = subclass(kind, readings=(), costs=(), last=0)
    for one in (
        run(f"the line dropped before record {at + 1}", subclass(kind, at=at)),
        run("the source failed with a RuntimeError", subclass(kind, at=1, failure=RuntimeError)),
        run("the reader left after 2 records", kind, pulls=2),
        run("Ctrl-C stopped the first pull", subclass(kind, at=0, failure=KeyboardInterrupt)),
        run("a source had no records", empty, room={"__len__": length}),
    ):
        one.extra += one.first * (plain.wrong_by == -plain.first)
        yield one


def pairs(answer: Any, sheet: Sheet) -> Facts:
    """Two sources of two classes that have a clock each, and two of one class, which are equal."""
    equal = sheet.judge.function(lambda part, other: True, "__eq__", "self, other", generator=False)
    # Their figures are never the same.
    kinds = [timed.station(sheet.variant, f"{KEY}:{key}", last, 4) for key, last in (("one", 2), ("two", 40))]
    alone = [ran(answer, sheet, "", kind).value for kind in kinds]
    apart = [timed.clocked(answer, sheet, kind) for kind in kinds]
    both = timed.clocked(answer, sheet, kinds[0], __eq__=equal)
    for what, halls in (("two sources with a clock each", apart), ("two sources of one class", [both] * 2)):
        parts = [hall.new(kind)[0] for hall, kind in zip(halls, kinds, strict=True)]
        came = timed.in_turn([part.stream for part in parts], 5)
        two = timed.pair(what, parts, alone)
        two.whole = came == [list(kind.readings) for kind in kinds]
        yield two


STREAM = timed.streams(timed.decorating("timed(Station.stream, clock)", "self", "stream"), runs)
FIGURE = (
    *STREAM,
    *timed.figured(runs),
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by not in (0, -run.first, -run.last),
         f"{timed.SEEN}.", "", "Read the clock before and after each `next`, and add the difference."),
)  # fmt: skip
"""Without a figure nothing can be said of it."""
WORK = Asked("the work of every pull is counted", 2, FIGURE, (
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by == -run.first,
         f"{timed.SEEN}: the {{first}} seconds in which the first record was fetched are missing.",
         "", "The call fetches nothing: read the clock before the first `next`, too."),
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by,
         f"{timed.SEEN}: the {{last}} seconds of the pull in which the stream ended are missing.", "",
         "Add the time of a pull in a `finally` around `next`: it may raise."),
))  # fmt: skip
RESTS = (
    *FIGURE,
    # The clock was read once for each record: it never stopped.
    Rule(runs, lambda run: run.kind == "slow" and run.extra >= timed.PAUSE and run.asked <= run.sent + 3,
         f"the reader waited {timed.PAUSE} seconds after each record, and {{extra:g}} seconds too many were "
         "counted.", "decorators-never-rests",
         "Read the clock when a record has arrived, and again when the next one is asked for."),
    timed.rests(runs),
)  # fmt: skip
WAITS = Asked("waiting before and between the pulls is not counted", 1, RESTS)
# A stream whose `next` runs dry has handed on its records before.
ALL = timed.all_records(runs)
LAZY = Asked("the call fetches nothing, and each pull fetches one record", 1, STREAM[:-1], ALL)
# After a figure that is wrong at the end, one that was wrong before says nothing new.
ENDS = Asked("the figure is right between two pulls, and however the stream ends", 1, FIGURE, ALL[:1], (
    *timed.ends(early),
    Rule(runs, lambda run: run.kind == "whole" and not run.wrong_by and run.whole and run.late,
         "{what}: at the end it has the right {value:g} seconds, but it was wrong before.", "",
         "Update `self.seconds` at each pull: it says how long the source has worked so far."),
))  # fmt: skip
# Two sources that are read in turn wait for each other.
OWN = Asked("each source has a figure of its own", 1, RESTS, (
    Rule(pairs, lambda pair: not pair.whole,
         "{what}: not every record came out of its own source.", "", timed.IN_WRAPPER),
    timed.own(pairs),
))  # fmt: skip
ruled(KEY, "Time the pulls", kind="fix", answer="timed", version=9, given=given,
      asked=[WORK, WAITS, OWN, LAZY, ENDS])  # fmt: skip
