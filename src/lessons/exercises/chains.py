"""Checks of the assignment on lazy chains: who pulls, who learns of an error, who closes what is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lessons.exercises.chains_parts import (
    Drawn,
    Line,
    Run,
    names_in,
)
from lessons.exercises.exercise import (
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
