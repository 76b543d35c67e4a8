"""chains-x6: a test that catches a chain left half way."""

from typing import Any

from lessons.exercises import Asked, Callback, Fact, Facts, Rule, Sheet, Variant, attempt, ruled
from lessons.exercises import chains_programs as ways


def programs(variant: Variant) -> Any:
    """Return a program that leaves nothing suspended, and one that closes none, to try a test on."""
    return ways.Program(ways.by_hand), ways.Program(ways.open_ended)


FAMILIES: dict[str, dict[Any, str]] = {
    "right": dict.fromkeys(ways.RIGHT, "closes every generator"),
    "early": ways.EARLY | {
        ways.collected: "closes nothing and keeps nothing, so that Python itself closed its generators",
    },
    "some": ways.SOME,
    "broken": ways.BROKEN,
}  # fmt: skip
WORLDS = {
    ways.first_first: (
        "closes the source's first", "chains-first-closes-first",
        "Your test asks that the source is closed first. Ask only whether each one is closed."),
    ways.thrown_in: (
        "throws the sink's error into them", "chains-consumer-error-inside",
        "Your test waits for the sink's error inside a generator. Ask each one for its state."),
    ways.started: (
        "pulls a record first", "chains-close-runs-finally",
        "Let the run pull a record: a generator that was never pulled has no `finally` to run."),
}  # fmt: skip
"""Programs as they would be if a belief were true: a test that only these pass shows that belief."""


def tried(answer: Any, sheet: Sheet) -> Facts:
    """What the test does with right and leaky programs, in a drawn order; its own parts are in them.

    If it rejects a right one, the first fact is of the "world": what a program has to do that it accepts.
    """
    tries = [(family, way, what) for family, whats in FAMILIES.items() for way, what in whats.items()]
    # The first two close everything, and follow each other: a test that says by turns yes and no rejects one.
    first, second, *others = tries
    order = sheet.variant.random("chains-x6").sample([second, *others], len(tries) - 1)
    order.insert(order.index(second), first)
    sheet.judge.keep = True
    done: dict[Any, Fact] = {}
    for family, way, what in order:
        program = ways.Program(way)
        made = ways.let_go(program, sheet.judge) if way is ways.collected else Callback(program, "deliver")
        end = attempt(answer, made)
        if end.error is not None and not program.runs:
            raise end.error
        done[way] = Fact(
            family=family, what=what, passed=end.error is None, raised=end.raised,
            stumbled=end.error is not None and not isinstance(end.error, AssertionError),
            where=f", {end.where}" if end.where else "", spent=program.spent, way=way,
        )  # fmt: skip
    rejected = [done[way] for way in FAMILIES["right"] if not done[way].passed]
    if rejected:
        ended = ((way, attempt(answer, Callback(ways.Program(way), "deliver"))) for way in WORLDS)
        # They differ from `by_hand` in one thing. A test that passes this one, too, shows no belief.
        shown = (way for way, end in ended if end.error is None and not done[ways.by_hand].passed)
        yield Fact(family="world", way=next(shown, None), raised=rejected[0].raised, where=rejected[0].where)
    yield from (done[way] for _, way, _ in tries)


REJECTED = "a program that leaves nothing suspended was rejected: your test raised {raised}{where}"


def accepts(way: Any, what: str, belief: str, advice: str) -> Rule:
    """The row for a test that rejects a right program, and accepts one of these."""
    return Rule(
        tried,
        lambda one: one.family == "world" and one.way is way,
        f"{REJECTED}. One that {what} passes.",
        belief,
        advice,
    )


FAIR = (
    *(accepts(way, *told) for way, told in WORLDS.items()),
    Rule(tried, lambda one: one.family == "world", f"{REJECTED}.", "",
         "After a run, ask each of its generators only whether it is suspended, not whether it is closed, "
         "nor in which order. `deliver` raises an error of your own sink or stage again: catch it."),
)  # fmt: skip
"""What must hold first. A test that rejects a right program says nothing of leaky ones, and earns nothing."""
PASSES = "your test passes a program that {what}."


def catches(name: str, points: int, family: str, advice: str) -> Asked:
    """What is asked about a family of leaky programs."""
    return Asked(name, points, FAIR, (
        Rule(tried, lambda one: one.family == family and one.stumbled,
             "for a program that {what} your test raises {raised}; it has to be an AssertionError.", "",
             "Use `assert` to compare what you kept with what it has to be."),
        Rule(tried, lambda one: one.family == family and one.passed and one.spent,
             f"{PASSES} After a run that delivered records, a later one delivered none.", "",
             "Make new records, or a new list iterator, for every run."),
        Rule(tried, lambda one: one.family == family and one.passed, PASSES, "", advice),
    ))  # fmt: skip


EARLY = catches(
    "it catches a run that was left early", 3, "early",
    "Leave a run early, with a small `limit`. Keep its generators in a list, so that luck closes none.",
)  # fmt: skip
SOME = catches(
    "it looks at every generator", 2, "some",
    "Keep the generator of the source and of each of at least two stages, and look at them all.",
)  # fmt: skip
BROKEN = catches(
    "it catches what a failure leaves suspended", 2, "broken",
    "Let the last of several stages fail after its first `yield`, and in another run the sink. After each, "
    "outside the `try` or `with`, look at all generators.",
)  # fmt: skip
ruled("chains-x6", "A test that catches a chain left half way", kind="test", answer="check_closes", version=9,
      given=programs, asked=[EARLY, SOME, BROKEN])  # fmt: skip
