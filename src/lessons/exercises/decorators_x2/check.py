"""decorators-x2: a stage's own time."""

from functools import partial
from typing import Any

from lessons.exercises import Asked, Fact, Facts, Rule, Sheet, Variant, ruled
from lessons.exercises import decorators_timed as timed
from lessons.exercises.decorators_parts import Convert, subclass
from lessons.exercises.exercise import Attempt, unchanged

KEY = "decorators-x2"
# The seconds that a stage takes: less in all than its upstream, and more for all records than besides. So no
# two of these are mixed up.
COSTS = {"first": (1, 6), "last": (1, 6), "each": (3, 3)}


def stage(variant: Variant, name: str = "Convert", **more: Any) -> Any:
    """A class of stages with costs of this variant."""
    costs = {one: variant.number(f"{KEY}:{name}:{one}", *limits) for one, limits in COSTS.items()}
    return subclass(Convert, **costs, **more)


def stations(variant: Variant) -> Any:
    """A class of stations that need more time to end than for a reading."""
    return timed.station(variant, KEY, last=variant.number(f"{KEY}:station's last", 10, 19))


def given(variant: Variant) -> Any:
    """Return `(Station, Convert, clock)`: a source, a stage for it, and the clock of both."""
    kind = stations(variant)
    return kind, stage(variant, clock=kind.clock), kind.clock


def own(base: Any, records: int, ended: bool = True) -> int:
    """The seconds that a stage works itself."""
    return int(base.first + records * base.each + base.last * ended)


def ran(
    answer: Any, sheet: Sheet, what: str, source: Any, base: Any, kind: str = "", pulls: int | None = None,
    **waits: Any,
) -> Fact:  # fmt: skip
    """A run of one stage over one source."""
    hall = timed.clocked(answer, sheet, base, "process", "self, stream")
    part, double = hall.new()
    upstream = subclass(source, clock=hall.clock)()
    stop = next((one for one in (source.at, base.at, pulls) if one is not None), None)
    numbers = list(subclass(base, at=None)().process(source.readings))
    errors = [source.failure] * (source.at is not None) + [ValueError] * (base.at is not None)
    one = timed.pull(what, kind, numbers[:stop], lambda: part.process(upstream.stream()),
                     lambda: upstream.read, *errors, wait=hall.clock.wait, pulls=pulls, **waits)  # fmt: skip
    one.own_error = unchanged(Attempt(error=one.error), upstream.failed or double.failed)
    begun = len(source.readings[:stop])
    one.between = begun * base.each
    worked = own(base, begun + (base.at is not None), ended=stop is None)
    return timed.read(one, part, worked, upstream)


def runs(answer: Any, sheet: Sheet) -> Facts:
    """A stage that converts and one that filters; the first by a slow reader, and by one who leaves early."""
    run, source, converts = partial(ran, answer, sheet), stations(sheet.variant), stage(sheet.variant)
    whole = run("a stage that converts", source, converts, "whole")
    yield whole
    # Its upstream has records that are false, one of which is dropped.
    some = subclass(source, readings=(source.readings[0], 0, None, *source.readings[3:]))
    yield run("a stage that keeps every other record", some, stage(sheet.variant, "Odd", every=2), "some")
    third = timed.station(sheet.variant, f"{KEY}:slow", 31, 9)
    yield from timed.slowly(run, whole, [source, converts], [third, converts])


def early(answer: Any, sheet: Sheet) -> Facts:
    """Runs that end by an error of the upstream or of the stage, or by a reader who leaves."""
    run, source, converts = partial(ran, answer, sheet), stations(sheet.variant), stage(sheet.variant)
    at = sheet.variant.number(f"{KEY}:at", 2, len(source.readings) - 2)
    yield run(f"the upstream failed before record {at + 1}", subclass(source, at=at), converts)
    for what, failure in (("Ctrl-C stopped", KeyboardInterrupt), ("a RuntimeError ended", RuntimeError)):
        broken = subclass(source, at=0, failure=failure)
        yield run(f"{what} the first pull of the upstream", broken, converts)
    yield run(f"the stage failed at record {at + 1}", source, subclass(converts, at=at))
    yield run("the reader left after 2 records", source, converts, pulls=2)


def pairs(answer: Any, sheet: Sheet) -> Facts:
    """Two stages of one class in a chain, and two of two classes that have a clock each."""
    source = stations(sheet.variant)
    kinds = [stage(sheet.variant, name) for name in ("one", "two")]
    kinds[1].last += own(kinds[0], len(source.readings))  # never the same
    worked = [own(kind, len(source.readings)) for kind in kinds]
    hall_of = partial(timed.clocked, answer, sheet, method="process", parameters="self, stream")
    chain, apart = hall_of(kinds[0]), [hall_of(kind) for kind in kinds]
    for what, halls in (
        ("two stages of one class in a chain", [chain] * 2),
        ("two stages with a clock each, read in turn", apart),
    ):
        one, two = (hall.new(kind)[0] for hall, kind in zip(halls, kinds, strict=True))
        calls = [partial(part.process, subclass(source, clock=hall.clock)().stream())
                 for part, hall in zip((one, two), halls, strict=True)]  # fmt: skip
        if halls[0] is chain:
            calls = [partial(two.process, calls[0]())]
        timed.in_turn(calls, len(source.readings) + 1)
        yield timed.pair(what, [one, two], worked)


BOTH = "Read the clock before and after each `next(upstream)`, and subtract that time."
STREAM = timed.streams(timed.decorating("measured(Convert.process, clock)", "self, stream", "process"), runs)
FIGURE = (
    *STREAM,
    *timed.figured(runs),
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by == -run.between,
         f"{timed.SEEN}: the {{between}} seconds in which it worked on a record, while its upstream rested, "
         "were subtracted, too.", "",
         "Subtract only the time of `next(upstream)`: at a `yield`, the upstream does nothing."),
    Rule(runs, lambda run: run.kind == "whole" and run.wrong_by not in (0, run.last),
         f"{timed.SEEN}.", "", BOTH),
)  # fmt: skip
"""While the upstream's time is in a figure, nothing more can be said of it."""
ENDED = Rule(runs, lambda run: run.kind == "whole" and run.wrong_by,
             f"{timed.SEEN}: the {{last}} seconds of the pull in which the upstream ended are in it.", "",
             "The upstream is pulled once more than it has records. Subtract that pull, too, in a `finally`."
             )  # fmt: skip
SOME = Asked("also where the upstream ends, and where only some records are kept", 1, FIGURE, [ENDED], (
    Rule(runs, lambda run: run.kind == "some" and run.whole and run.wrong_by, f"{timed.SEEN}.", "",
         "Such a stage pulls its upstream several times for one record: subtract each of these pulls."),
))  # fmt: skip
RESTS, ALL = [timed.rests(runs)], timed.all_records(runs)
ruled(KEY, "A stage's own time", kind="complete", answer="measured", version=10, given=given, asked=[
    Asked("the time of the upstream is subtracted", 2, FIGURE),
    SOME,
    Asked("waiting before and between the pulls is not counted", 1, FIGURE, RESTS),
    Asked("records pass one by one", 1, STREAM, ALL),
    # In a chain, one stage is the upstream and the reader of the other.
    Asked("each stage has figures of its own", 1, FIGURE, [ENDED], RESTS, [timed.own(pairs)]),
    Asked("a stream that fails or is left early is timed as well", 1, FIGURE, ALL[:1], timed.ends(early)),
])  # fmt: skip
