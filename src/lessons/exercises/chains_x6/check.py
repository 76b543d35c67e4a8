"""chains-x6: a test that catches a chain left half way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

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
from lessons.exercises.exercise import Sheet, attempt
from lessons.exercises.rules import Asked, Rule, ruled
from lessons.exercises.variant import Variant
from lessons.judge.judge import Callback

# --- what the answer is given ---


def programs(variant: Variant) -> Any:
    """Return a program that closes every generator, and one that closes none, to try a test on."""
    return Program(by_hand).function(), Program(open_ended).function()


FAMILIES: dict[str, dict[Any, str]] = {
    "right": dict.fromkeys(RIGHT, "closes every generator"),
    "early": EARLY,
    "some": SOME,
    "broken": BROKEN,
}

# --- what is observed ---


@dataclass(frozen=True)
class Tried:
    """What the student's test did with one program, which ran at the judge on the parts of that test."""

    family: str
    """"right", "early", "some" or "broken"."""
    what: str
    """What the program does."""
    runs: int
    passed: bool
    asserted: bool
    """Whether the test raised an `AssertionError`."""
    raised: str
    where: str
    spent: bool
    """Whether a later run found no records."""
    order_alone: bool
    """Whether it is rejected for its order: it closes the first one first, and others pass."""
    unbuilt: bool
    """Whether each failure in the test came while the chain was built."""
    for_sink: bool
    """Whether the program is wrong only if the sink fails."""


def tried(answer: Any, sheet: Sheet) -> Iterator[Tried]:
    """Right and leaky programs, in a drawn order."""
    ways = [(family, way, what) for family, whats in FAMILIES.items() for way, what in whats.items()]
    drawn = list(range(len(ways)))
    sheet.variant.random("chains-x6").shuffle(drawn)
    sheet.judge.keep = True
    done = {}
    for place in drawn:
        program = Program(ways[place][1])
        end = attempt(answer, Callback(program.function()))
        if end.error is not None and not program.runs:
            raise end.error
        done[place] = program, end
    sheet.judge.keep = False
    tidy = all(done[place][1].error is None for place in drawn if ways[place][1] in TIDY)
    for place, (family, way, what) in enumerate(ways):
        program, end = done[place]
        yield Tried(
            family=family,
            what=what,
            runs=len(program.runs),
            passed=end.error is None,
            asserted=isinstance(end.error, AssertionError),
            raised=end.raised,
            where=f", {end.where}" if end.where else "",
            spent=program.spent,
            order_alone=way is first_first and tidy,
            unbuilt=0 < program.broken == program.unbuilt,
            for_sink=way is around_pull,
        )


@dataclass(frozen=True)
class World:
    """Of a test that rejects a right program: what a program has to do that it accepts."""

    luck: bool
    """Whether it passes right programs whose generators may be collected as soon as they are done."""
    way: str
    """The name of a program that it accepts; it is right only where a belief is true."""
    where: str


def worlds(answer: Any, sheet: Sheet) -> Iterator[World]:
    """Programs as they would be if a belief were true, for a test that rejects a right program."""
    rejected = [one for one in tried(answer, sheet) if one.family == "right" and not one.passed]
    if not rejected:
        return
    judge = sheet.judge
    judge.keep = True
    luck = all(attempt(answer, let_go(way, judge)).error is None for way in DROPS)
    accepted = (way for way in WORLDS if attempt(answer, Callback(Program(way).function())).error is None)
    yield World(luck, next((way.__name__ for way in accepted), ""), rejected[0].where)
    judge.keep = False


@dataclass(frozen=True)
class Dropped:
    """What the test did with a program that closes nothing and whose generators may be collected at once."""

    passed: bool


def dropped(answer: Any, sheet: Sheet) -> Iterator[Dropped]:
    """A program that closes nothing, and keeps nothing."""
    sheet.judge.keep = True
    yield Dropped(attempt(answer, let_go(open_ended, sheet.judge)).error is None)
    sheet.judge.keep = False


# --- the rules ---


FAIR = (
    Rule(tried, lambda one: one.family == "right" and not one.passed and not one.asserted,
         "a program that closes every generator met {raised} in your test{where}.", "",
         "An error of your own sink or stage is raised again by `deliver`: catch it in the test."),
    Rule(tried, lambda one: one.family == "right" and not one.passed and one.order_alone,
         "a program that closes every generator, the source's first, was rejected{where}.", "",
         "Ask only whether each one is closed: in which order does not matter here."),
    Rule(worlds, lambda world: world.luck,
         "a program that closes every generator was rejected{where}. It passes if its generators are "
         "collected as soon as it is done.", "leaks-refcount-closes",
         "Ask each generator in which state it is, and not whether it is still there."),
    Rule(worlds, lambda world: world.way == "first_first",
         "a program that closes every generator was rejected{where}; one that closes the source's first "
         "passes.",
         "chains-first-closes-first",
         "Your test asks that the source is closed first. Ask only whether each one is closed."),
    Rule(worlds, lambda world: world.way == "thrown_in",
         "a program that closes every generator was rejected{where}; one that throws the sink's error into "
         "them passes.", "chains-consumer-error-inside",
         "Your test waits for the sink's error inside a generator. Ask each one in which state it is."),
    Rule(worlds, lambda world: world.way == "started",
         "a program that closes every generator was rejected{where}; one that pulls a record first passes.",
         "chains-close-runs-finally",
         "Let the run pull a record: a generator that was never pulled has no `finally` to run."),
    Rule(worlds, lambda world: world.way == "one_by_one",
         "a program that closes every generator was rejected{where}; one that runs stage after stage passes.",
         "chains-stage-by-stage",
         "Your test asks that a part is through before the next begins. Ask for the states afterwards."),
    Rule(worlds, lambda world: True,
         "a program that closes every generator was rejected{where}.", "",
         "Find out which of its generators you look at, and when."),
)  # fmt: skip
"""What must hold first. A test that rejects a right program says nothing of leaky ones, and earns nothing."""


def missed(family: str) -> tuple[Rule, ...]:
    """The rows that are the same for each family of leaky programs."""
    return (
        Rule(tried, lambda one: one.family == family and not one.runs,
             "your test passes a program that {what}. It never calls the program.", "", "Call it, and look."),
        Rule(tried, lambda one: one.family == family and not one.passed and not one.asserted,
             "for a program that {what} your test raises {raised}; it has to be an AssertionError.", "",
             "Compare what you kept with what has to be, by `assert`."),
        Rule(tried, lambda one: one.family == family and one.passed and one.spent,
             "your test passes a program that {what}. A later run had no records: an earlier one had used "
             "them up.", "chains-iterated-twice", "Make new records, or a new list iterator, for every run."),
    )  # fmt: skip


LEFT_EARLY = (
    Rule(tried, lambda one: one.family == "early" and one.passed,
         "your test passes a program that {what}.", "chains-break-closes",
         "Let a run be left early, with a `limit` below the number of records, and keep its generators in a "
         "list: what is kept is not closed by luck."),
    Rule(dropped, lambda one: one.passed,
         "your test passes a program that closes nothing and keeps nothing: Python closed the generators, "
         "because nothing referred to them any more.", "",
         "Keep every generator in a list of the test: then it is still there, and suspended, when you look."),
)  # fmt: skip

FAILED = (
    Rule(tried, lambda one: one.family == "broken" and one.passed and one.unbuilt,
         "your test passes a program that {what}. In your test a part fails when it is called, before "
         "anything is pulled.", "chains-try-around-building",
         "Let a stage fail at a record: inside its generator, after its first `yield`."),
    Rule(tried, lambda one: one.family == "broken" and one.passed and not one.for_sink,
         "your test passes a program that {what}.", "",
         "Let a stage fail at a record, and let the sink fail, each in a run of its own."),
    Rule(tried, lambda one: one.family == "broken" and one.passed,
         "your test passes a program that {what}.", "chains-consumer-error-inside",
         "Let the sink fail at a record as well: then no generator is running, and none learns of it."),
)  # fmt: skip

testing = ruled(
    "chains-x6",
    "A test that catches a chain left half way",
    kind="test",
    answer="check_closes",
    version=3,
    hangs="chains-stage-by-stage",
    given=programs,
    asked=[
        Asked("it catches a run that was left early", 3, (*FAIR, *missed("early"), *LEFT_EARLY)),
        Asked("it looks at every generator", 2, (*FAIR, *missed("some"), Rule(
            tried, lambda one: one.family == "some" and one.passed,
            "your test passes a program that {what}.", "chains-close-travels",
            "Keep the generator of the source and of each of at least two stages, and look at them all."))),
        Asked("it catches what a failure leaves suspended", 2, (*FAIR, *missed("broken"), *FAILED)),
    ],
)  # fmt: skip
