"""chains-x1: a stage that loses every reading."""

import itertools
from collections.abc import Iterator
from typing import Any

from lessons.exercises import Asked, Facts, Sheet, Variant, exactly, ruled, short
from lessons.exercises.chains_parts import Record, Tap, compared, drawn, gone_through, lazy, stage_rules


def winter(variant: Variant, key: str, count: int, warmer: float = -35) -> list[Record]:
    """Readings of a frosty week, all different: a highest temperature that begins at 0 would be wrong."""
    rows = enumerate(variant.readings(key, count))
    return [{**row, "celsius": round(float(str(row["celsius"])) + warmer + at / 1000, 3)} for at, row in rows]


def weeks(variant: Variant) -> Iterator[list[Record]]:
    """Weeks: the second reading is the highest, it is colder, it is 0.0 twice, and one or no reading."""
    rows = winter(variant, "chains-x1:week", variant.number("chains-x1:week", 5, 7))
    values = sorted(float(str(row["celsius"])) for row in rows)
    values[1], values[-1] = values[-1], values[1]
    yield [{**row, "celsius": value} for row, value in zip(rows, values, strict=True)]
    yield winter(variant, "chains-x1:colder", 4, -250)
    thaw = winter(variant, "chains-x1:thaw", 4, -80)
    yield [thaw[0], *[{**thaw[1], "celsius": 0.0}] * 2, *thaw[2:], thaw[0]]
    yield thaw[:1]
    yield []


def ending(answer: Any, sheet: Sheet) -> Facts:
    """Streams with an end, one after the other, and then two at once."""
    week, *others = weeks(sheet.variant)
    warm = winter(sheet.variant, "chains-x1:warm", 4, 1)
    groups = [[week], *([one] for one in others), [week, warm]]
    # The answer's objects are looked at when all have come: this shows a dict that was yielded twice.
    sheet.judge.keep = True
    drawings = [drawn(len(week) + 2, *((answer, Tap(map(dict, rows))) for rows in group)) for group in groups]
    sheet.judge.keep = False
    for group, runs in zip(groups, drawings, strict=True):
        for rows, run in zip(group, runs, strict=True):
            run.values = sheet.judge.copied(run.values)
            highest = itertools.accumulate((float(str(row["celsius"])) for row in rows), max)
            wanted = [{**row, "highest": value} for row, value in zip(rows, highest, strict=True)]
            yield compared(run, "alone" if len(group) == 1 else "two", wanted, alike)


def alike(value: object, expected: Record) -> bool:
    """Whether a record has exactly these cells, in any order."""
    if type(value) is not dict or len(value) != len(expected):
        return False
    return all(key in value and exactly(value[key], cell) for key, cell in expected.items())


def endless(answer: Any, sheet: Sheet) -> Facts:
    """A stream without an end, pulled a few times."""
    rows = winter(sheet.variant, "chains-x1:endless", 6)
    count = sheet.variant.number("chains-x1:endless", 9, 12)
    run = lazy(answer, map(dict, itertools.cycle(rows)), range(1, count + 1))
    for number, (value, row) in enumerate(zip(run.values, itertools.cycle(rows), strict=False), 1):
        if type(value) is not dict or not exactly(value.get("celsius"), row["celsius"]):
            run.strange = f"value {number} was {short(value)}, but the stage had pulled {row}"
            break
    if run.came == run.wanted:  # what calls itself for each reading fails here
        judge = sheet.judge
        judge.witness(gone_through, answer(judge.witness(itertools.cycle, rows)), 2_000)
    yield run


RULES = stage_rules(
    ending, endless,
    'Yield each reading, also two equal ones, as a dict of its own, with its own cells and `"highest"`. '
    "Compare all temperatures of this stream so far, this one included. All of them may be below zero, and "
    "0.0 is a temperature, too.",
)  # fmt: skip
PROMPT = Asked("each reading is yielded before the next one is pulled", 2, *RULES.prompt)
RIGHT = Asked("every reading arrives, with the highest so far", 2, *RULES.right)
ruled("chains-x1", "A stage that loses every reading", kind="fix", answer="with_highest", version=7,
      given=lambda variant: winter(variant, "chains-x1", 7),
      asked=[PROMPT, RIGHT])  # fmt: skip
