"""chains-x4: a mean that moves along."""

import itertools
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from lessons.exercises import Asked, Fact, Facts, Rule, Sheet, Variant, attempt, ruled, short
from lessons.exercises import chains_parts as parts

SIZE = "chains-x4:size", 4, 6  # of the window with which most is tried
# After how many means the memory of the answer's process is measured, and after how many more again.
FIRST, LONG = 2_000, 20_000
MUCH = 100_000  # bytes that it may hold more by then; the readings alone, packed closely, need 160,000


def degrees(variant: Variant, key: str, count: int) -> list[float]:
    """So many temperatures, all different, none of which is 0.0."""
    rows = variant.readings(key, count)
    return [round(float(str(row["celsius"])) + 0.1 + number / 1000, 3) for number, row in enumerate(rows)]


def by(answer: Any, size: int) -> Callable[[Any], Any]:
    """The answer as a stage with a window of this size."""
    return lambda stream: answer(stream, size)


def means(readings: Sequence[float], size: int) -> list[float]:
    """All means of so many readings in a row."""
    return [math.fsum(readings[at : at + size]) / size for at in range(len(readings) - size + 1)]


def near(value: object, right: float) -> bool:
    """Whether a value is this mean, up to rounding."""
    return type(value) is float and math.isclose(value, right, abs_tol=1e-6)


def ending(answer: Any, sheet: Sheet) -> Facts:
    """Streams of several lengths with windows of several sizes, and two stages at once."""
    size, values = sheet.variant.number(*SIZE), degrees(sheet.variant, "chains-x4:ending", 12)
    lengths = ((12, size), (12, 1), (5, 2), (size, size), (size - 1, size), (0, 2))
    groups = [("alone", [(values[:length], n)]) for length, n in lengths]
    groups.append(("zero", [([*values[:3], 0.0, 0.0, values[0], *values[6:]], size)]))
    # The mean of whole numbers that are even is a whole number, too.
    groups += [("whole", [([2 * round(value) for value in values[:4]], n)]) for n in (1, 2)]
    groups.append(("two", [(values, size), (degrees(sheet.variant, "chains-x4:others", 9), 2)]))
    for kind, group in groups:
        runs = parts.drawn(14, *((by(answer, n), parts.Tap(readings)) for readings, n in group))
        for run, (readings, n) in zip(runs, group, strict=True):
            yield parts.compared(run, kind, means(readings, n), near)


def endless(answer: Any, sheet: Sheet) -> Facts:
    """A stream without an end, pulled a few times. A value is strange if it is not a mean, rounded or not."""
    size, readings = sheet.variant.number(*SIZE), degrees(sheet.variant, "chains-x4:endless", 12)
    count = sheet.variant.number("chains-x4:endless", 12, 14)
    run = parts.lazy(by(answer, size), itertools.cycle(readings), range(size, size + count))
    for number, value in enumerate(run.values):
        window = [readings[at % len(readings)] for at in range(number, number + size)]
        kind = type(value) in (int, float, Fraction, Decimal, str)
        found = attempt(float, value).value if kind else None
        if found is None or not min(window) - 1 <= found <= max(window) + 1:
            run.strange = f"mean {number + 1} was {short(value)}, but its readings are {window}"
            break
    yield run


def many(answer: Any, sheet: Sheet) -> Facts:
    """Many thousand readings, if the stage is known to yield each mean in its turn.

    The readings are made beside the answer, because so many would be slow over the wire. Its process is
    measured from outside. The last mean shows that they went through the stage.
    """
    if any(run.came < run.wanted for run in endless(answer, sheet)):
        return
    judge, size, seed = sheet.judge, sheet.variant.number(*SIZE), sheet.variant.name
    first = judge.mark()
    judge.fill(parts.ballast, LONG, 32)
    stream = iter(answer(judge.witness(parts.unending, seed), size))
    judge.witness(parts.gone_through, stream, FIRST)
    used = [judge.memory() or 0]
    last = judge.witness(parts.gone_through, stream, LONG)
    used.append(judge.memory() or 0)
    if used[-1]:  # readings that take much memory show how many of them are held
        few = iter(answer(judge.witness(parts.unending, seed, True), size))
        judge.witness(parts.gone_through, few, 300)
    used.append(judge.memory() or 0)
    judge.release(first)
    more, held = used[1] - used[0], (used[2] - used[1]) // parts.HEAVY
    start = FIRST + LONG - 1
    [right] = means(list(itertools.islice(parts.unending(seed), start, start + size)), size)
    yield Fact(more=more, held=held, size=size, last=short(last), right=right, near=near(last, right))


RULES = parts.stage_rules(
    ending, endless,
    "The first mean is that of the first `size` readings, and each later one drops the oldest reading. Fewer "
    "than `size` readings have no mean. 0.0 is a reading, too. Each mean is a `float`, and not rounded.",
)  # fmt: skip
PROMPT = Asked("each mean is yielded as soon as its readings were pulled", 2, *RULES.prompt)
REMEMBERS = Asked("it stores no more than its window", 2, *RULES.held, (
    Rule(many, lambda run: run.more > MUCH or run.held > 150,
         "after 20,000 more readings the process used {more:,} bytes more. After 300 means of large "
         "readings it held about {held}, but the window has only {size}.", "",
         "Drop each reading that has left the window: `collections.deque(maxlen=size)` does it by itself."),
), linux=True)  # fmt: skip
RIGHT = Asked("all means are right", 2, *RULES.right, (
    Rule(many, lambda run: not run.near,
         "after 22,000 means, the last one was {last}, but it should be {right}.", "",
         "Compute each mean from its own `size` readings: otherwise small errors add up."),
))  # fmt: skip
ruled("chains-x4", "A mean that moves along", kind="build", answer="smoothed", version=6,
      given=lambda variant: degrees(variant, "chains-x4", 14),
      asked=[PROMPT, REMEMBERS, RIGHT])  # fmt: skip
