"""`classroom exercise`: begin an exercise of the instructor's own, and test its check."""

from __future__ import annotations

import argparse
import difflib
from pathlib import Path

from classroom.course import EXERCISE, Course, add_option
from classroom.own import folder_name, own_exercise
from classroom.release import kit_texts
from classroom.trouble import Trouble
from lessons.exercises.rules import reached
from lessons.study.questions import misconceptions

TASK = """\
## {id} · Halve a stream
(kind: build)
Write a generator function `halved(stream)`. It yields half of each number that `stream` yields. When it is
closed, it closes `stream`, too.

### Hints
1. Who closes a generator when the loop over it has stopped early?
2. `stream` is a variable of your function: which code runs when your function is left?
3. Almost code:
   ```python
   def halved(stream):
       try:
           for ...
       finally:
           ...
   ```
"""

STUB = """\
def halved(stream):
    # TODO: yield half of each number of the stream; close the stream when you are closed
    ...
"""

CHECK = '''\
"""{id}: halve a stream.

An exercise of this course's own. Its notebook imports this check, and the same check grades.
"""

from dataclasses import dataclass

from lessons.exercises import Asked, Rule, attempt, exactly, ruled


def numbers(variant):
    """Five numbers, different in each term: what `given("{id}")` is, too."""
    return [variant.number(f"{id}:{place}", 2, 90) for place in range(5)]


# --- what is observed: drive the answer, and return facts. Judge nothing here. ---


@dataclass
class Pulled:
    """What was seen of a stream that was closed after its first number."""

    given: int
    came: object
    right: bool
    left: bool


def one_number(answer, sheet):
    """Pull one number, then close."""
    given, left = numbers(sheet.variant), []

    def stream():
        try:
            yield from given
        finally:
            left.append(True)

    kept = stream()  # a name keeps it alive, so that only the answer closes it
    halves = answer(kept)
    came = next(halves)
    attempt(halves.close)
    yield Pulled(given[0], came, exactly(came, given[0] / 2), bool(left))


# --- the rules: the first fact for which the condition holds fails the aspect. ---

# Each aspect has its points; the first aspect is the aim of the exercise. A rule names a misconception only
# if the fact shows it. Raise `version` when you change a check that students have. `stumbles` is the
# misconception of an answer that raises, `hangs` of one that never ends.
ruled(
    "{id}",
    "Halve a stream",
    kind="build",
    answer="halved",
    version=1,
    stumbles="chains-close-travels",
    hangs="chains-close-travels",
    given=numbers,
    asked=[
        Asked("half of each number comes", 1, [
            Rule(one_number, lambda one: not one.right, "it yielded {came} for {given}.", "",
                 "Yield half of each number."),
        ]),
        Asked("the stream is closed with it", 1, [
            Rule(one_number, lambda one: not one.left,
                 "yours was closed after its first number, and the stream stayed open.",
                 "chains-close-travels",
                 "Call close() on the stream when your function is left."),
        ]),
    ],
)
'''

RIGHT = """\
def halved(stream):
    try:
        for number in stream:
            yield number / 2
    finally:
        stream.close()
"""

WRONG = {
    "wrong_1_chains-close-travels.py": """\
def halved(stream):
    for number in stream:
        yield number / 2
""",
    "wrong_2.py": """\
def halved(stream):
    try:
        for number in stream:
            yield number // 2 + 1
    finally:
        stream.close()
""",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom exercise`."""
    parser.description = (
        "Begin an exercise of your own in the course's folder own/. It starts as an example that runs: "
        "change its task, its check and its solutions, and test it with --check. Then add it to course.toml."
    )
    parser.add_argument("id", metavar="ID", help="an assignment and a free number, such as leaks-x101")
    parser.add_argument(
        "--check", action="store_true", help="test its check with the right and wrong answers"
    )
    add_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Begin an exercise, or test its check; return 1 if the test fails."""
    course = Course.read(arguments.course)
    return _prove(course, arguments.id) if arguments.check else _begin(course, arguments.id)


def _begin(course: Course, id: str) -> int:
    told = kit_texts()
    assignment = id.partition("-")[0]
    if not EXERCISE.fullmatch(id) or assignment not in told:
        raise Trouble(
            f"{id!r} is not an exercise's id: give an assignment ({', '.join(told)}), and -x101 or higher."
        )
    if id in told[assignment].tasks:
        raise Trouble(f"The kit has {id} already: take another number, such as {assignment}-x101.")
    files = {
        course.own / folder_name(id) / "task.md": TASK.replace("{id}", id),
        course.own / folder_name(id) / "stub.py": STUB,
        course.own / folder_name(id) / "check.py": CHECK.replace("{id}", id),
        course.own / "solutions" / id / "right_1.py": RIGHT,
        **{course.own / "solutions" / id / name: text for name, text in WRONG.items()},
    }
    there = [path for path in files if path.exists()]
    if there:
        raise Trouble(f"{there[0]} exists already, and is not overwritten. To test it: --check.")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        for path in files:
            path.unlink(missing_ok=True)
        raise Trouble(f"{course.own} cannot be written: {error.strerror or error}.") from error
    print(*(_shown(path, course) for path in files), sep="\n")
    print(f"This example runs without changes. Edit it, then test it: classroom exercise {id} --check")
    return 0


def _prove(course: Course, id: str) -> int:
    from classroom.matrix import matrix, table

    proven = own_exercise(course.own, id).exercise
    # It is tested in two variants, so that an answer written for only one of them does not pass.
    problems = []
    for variant in (course.term, f"{course.term}-other"):
        rows = matrix(course.own / "solutions", variant, [id])
        problems += [line for row in rows for line in row.astray if line not in problems]
    sides = [solution.right for row in rows for solution, _ in row.judged]
    for right, kind in ((True, "right_1.py"), (False, "wrong_1_BELIEF.py or wrong_1.py")):
        if right not in sides:
            problems.append(f"{id} needs a solution {kind} in {_shown(course.own, course)}/solutions/{id}.")
    for belief in sorted({one.belief for row in rows for one, _ in row.judged if one.belief}):
        if belief not in misconceptions():
            near = difflib.get_close_matches(belief, misconceptions(), 1, 0.4)
            meant = f": did you mean {near[0]}?" if near else "."
            problems.append(f"There is no misconception {belief}{meant}")
    for rule in dict.fromkeys(rule for asked in proven.asked for rule in asked.rules):
        if not reached[rule]:
            problems.append(f"{id}: the rule “{rule.seen}” does not apply to any of your wrong solutions.")
    print(table(rows))
    print(*problems, sep="\n", end="\n" if problems else "")
    if not problems:
        print(f"{id} passes. Add it to {_shown(course.file, course)}, then: classroom course . --update")
    return 1 if problems else 0


def _shown(path: Path, course: Course) -> str:
    return path.relative_to(course.root).as_posix()
