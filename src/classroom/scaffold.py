"""`classroom exercise`: begins an exercise of the instructor's own, and proves it."""

from __future__ import annotations

import argparse
import difflib
from pathlib import Path

from classroom.course import EXERCISE, Course, add_option
from classroom.own import module, own_exercise
from classroom.release import kit_texts
from classroom.trouble import Trouble
from lessons.study.questions import misconceptions

TASK = """\
## {id} · Halve a stream
(kind: build)
Write a generator function `halved(stream)`. It yields half of each number that `stream` yields. When it is
closed, it closes `stream`, too.

### Hints
1. Who closes a generator that nobody loops over any more?
2. `stream` is a name in your function: what runs when your function is left?
3. Almost code:
   ```python
   def halved(stream):
       try:
           for ...
       finally:
           ...
   ```
"""

CHECK = '''\
"""The check of {id}, an exercise of this course's own. Its notebook imports it; the same check grades."""

from lessons.exercises import Wrong, attempt, exactly, exercise, materials

STUB = """
def halved(stream):
    # TODO: yield half of each number of the stream; close the stream when you are closed
    ...
"""


# Each aspect has its points; the first is what the exercise is about. Raise `version` when you change the
# check after students have it. `stumbles` is what an answer shows that raises, `hangs` one that never ends.
@exercise(
    "{id}",
    "Halve a stream",
    kind="build",
    answer="halved",
    aspects={{"the stream is closed with it": 2}},
    version=1,
    stumbles="chains-close-travels",
    hangs="chains-close-travels",
    stub=STUB,
)
def streaming(answer, sheet):
    """Pull once, close, and look whether the stream was left."""
    numbers = sheet.given
    left = []

    def stream():
        try:
            for number in numbers:
                yield number
        finally:
            left.append(True)

    # First let the answer do its work, and note what came; judge afterwards, outside of its code.
    kept = stream()
    made = attempt(answer, kept)
    first = attempt(next, made.value)
    attempt(lambda: made.value.close())
    with sheet.aspect("the stream is closed with it"):
        if first.error is not None:
            raise first.error
        if not exactly(first.value, numbers[0] / 2):
            seen = f"the stream began with {{numbers[0]}}, and yours with {{first.value!r}}."
            raise Wrong("chains-close-travels", seen, "Yield half of each number.")
        if not left:
            seen = "yours was closed after its first number, and the stream stayed open."
            raise Wrong("chains-close-travels", seen, "Close the stream by name when your function is left.")


@materials(streaming)
def numbers(variant):
    """Five numbers, others in each term."""
    return [variant.number(f"{id}:{{place}}", 2, 90) for place in range(5)]
'''

RIGHT = """\
def halved(stream):
    try:
        for number in stream:
            yield number / 2
    finally:
        stream.close()
"""

WRONG = """\
def halved(stream):
    for number in stream:
        yield number / 2
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `classroom exercise`."""
    parser.description = (
        "Begin an exercise of your own in the course's folder own/, as an example that runs: change its "
        "task, its check and its solutions, prove it with --check, then name it in course.toml."
    )
    parser.add_argument("id", metavar="ID", help="an assignment and a free number, such as leaks-x101")
    parser.add_argument("--check", action="store_true", help="prove it: right accepted, wrong rejected")
    add_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Begin an exercise, or prove it; return 1 when the proof fails."""
    course = Course.read(arguments.course)
    return _prove(course, arguments.id) if arguments.check else _begin(course, arguments.id)


def _begin(course: Course, id: str) -> int:
    told = kit_texts()
    assignment = id.partition("-")[0]
    if not EXERCISE.fullmatch(id) or assignment not in told:
        raise Trouble(f"{id!r} names no exercise: an assignment ({', '.join(told)}), and -x101 or higher.")
    if id in told[assignment].tasks:
        raise Trouble(f"The kit has {id} already: take a number that it has not, such as {assignment}-x101.")
    files = {
        course.own / f"{id}.md": TASK.format(id=id),
        course.own / f"{module(id)}.py": CHECK.format(id=id),
        course.own / "solutions" / id / "right_1.py": RIGHT,
        course.own / "solutions" / id / "wrong_1_chains-close-travels.py": WRONG,
    }
    there = [path for path in files if path.exists()]
    if there:
        raise Trouble(f"{there[0]} is there already, and is not overwritten. To prove it: --check.")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        for path in files:
            path.unlink(missing_ok=True)
        raise Trouble(f"{course.own} cannot be written: {error.strerror or error}.") from error
    print(*(_shown(path, course) for path in files), sep="\n")
    print(f"This example runs as it stands. Change it, then prove it: classroom exercise {id} --check")
    return 0


def _prove(course: Course, id: str) -> int:
    from classroom.matrix import matrix, table

    own_exercise(course.own, id)
    # In the course's own variant and in another, so that no answer passes that is written for one of them.
    problems = []
    for variant in (course.term, f"{course.term}-other"):
        rows = matrix(course.own / "solutions", variant, [id])
        problems += [line for row in rows for line in row.astray if line not in problems]
    sides = [solution.right for row in rows for solution, _ in row.judged]
    for right, kind in ((True, "right_1.py"), (False, "wrong_1_BELIEF.py")):
        if right not in sides:
            problems.append(f"{id} needs a solution {kind} in {_shown(course.own, course)}/solutions/{id}.")
    for belief in sorted({one.belief for row in rows for one, _ in row.judged if not one.right}):
        if belief not in misconceptions():
            near = difflib.get_close_matches(belief, misconceptions(), 1, 0.4)
            meant = f": did you mean {near[0]}?" if near else "."
            problems.append(f"There is no misconception {belief}{meant}")
    print(table(rows))
    print(*problems, sep="\n", end="\n" if problems else "")
    if not problems:
        print(f"{id} is proven. Name it in {_shown(course.file, course)}, then: classroom course . --update")
    return 1 if problems else 0


def _shown(path: Path, course: Course) -> str:
    return path.relative_to(course.root).as_posix()
