"""Compose the notebook of an assignment from texts, stubs and solutions, with the same bytes each time.

The source notebook holds the solution and, commented out, the stub. `classroom.release` turns it into the
notebook for students. Cells have fixed ids, so that two editions can be compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from classroom.trouble import Trouble
from lessons.exercises import Exercise, stub
from lessons.exercises.exercise import HINTS, KINDS
from lessons.study.questions import FIELD_GUIDE, GLOSSARY, LESSONS
from lessons.words import many

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
ANSWER = "*Write your answer here, in place of this line.*"
"""The text in the answer cell of an open question."""

BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_STUB, END_STUB = "### BEGIN STUB", "### END STUB"

HEADING = re.compile(r"(?P<id>\S+) · (?P<title>\S.*)")
_KIND = re.compile(r"\(kind: (?P<kind>\w+)\)")
_PRACTISES = re.compile(r"\s*\(practises: (?P<part>.+)\)\n")
_POINTS = re.compile(r"\(points: (?P<points>[1-9][0-9]*)\)")
_ITEM = re.compile(r"[1-9]\. ")


@dataclass(frozen=True)
class Task:
    """The text of one exercise, as Markdown, and its three hints.

    practises: the heading in its lesson that it belongs to; "" if the text does not name one.
    """

    id: str
    title: str
    kind: str
    text: str
    hints: tuple[str, ...]
    practises: str = ""


@dataclass(frozen=True)
class OpenQuestion:
    """An assignment's open question, which a person grades; `marking` says what a good answer contains.

    `start` is the code of a cell above the answer, which belongs to the student; "" for none.
    """

    title: str
    text: str
    points: int
    marking: str = ""
    start: str = ""


@dataclass(frozen=True)
class Texts:
    """All texts of one assignment."""

    assignment: str
    title: str
    intro: str
    tasks: Mapping[str, Task]
    question: OpenQuestion | None = None


def texts(path: Path) -> Texts:
    """The title, introduction and open question of an assignment, `<assignment>.md`.

    The tasks are beside that file, each in the folder of its exercise. Raises `Trouble` that names the file,
    the line and what to do.
    """
    told = _TextReader(path).assignment()
    found = (task(one) for one in path.parents[1].glob(f"{told.assignment}_x*/task.md"))
    return replace(told, tasks=dict(sorted((one.id, one) for one in found)))


def task(path: Path) -> Task:
    """The task of one exercise, in a file `task.md` of its own. Raises `Trouble` as `texts` does."""
    return _TextReader(path).only_task()


class _TextReader:
    """Reads one file of texts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            raise Trouble(f"There is no text at {path}.") from None

    def refuse(self, number: int, sentence: str) -> Trouble:
        return Trouble(f"{self.path}, line {number}: {sentence}")

    def sections(self, mark: str, begin: int, end: int) -> Iterator[tuple[str, int, int]]:
        """Each heading of one rank in a range of lines, with the range below it; first what comes before."""
        title, start, fenced = "", begin, False
        for number in range(begin, end):
            line = self.lines[number]
            fenced ^= line.lstrip().startswith("```")
            if not fenced and line.startswith(f"{mark} "):
                yield title, start, number
                title, start = line.removeprefix(f"{mark} ").strip(), number + 1
        yield title, start, end

    def body(self, begin: int, end: int) -> str:
        return "\n".join(self.lines[begin:end]).strip()

    def assignment(self) -> Texts:
        name = self.path.stem
        before, *sections = self.sections("##", 0, len(self.lines))
        front = self.body(*before[1:]).partition("\n")
        if not front[0].startswith("# "):
            raise self.refuse(1, "the text of an assignment begins with its title: `# Title`.")
        question = None
        for title, begin, end in sections:
            if title.partition(" ")[0] != f"{name}-open" or question:
                raise self.refuse(begin, f"allowed is one open question, `## {name}-open · Title`.")
            question = self.question(title, begin, end)
        return Texts(name, front[0].removeprefix("# ").strip(), front[2].strip(), {}, question)

    def only_task(self) -> Task:
        (_, *sections) = self.sections("##", 0, len(self.lines))
        if len(sections) != 1:
            sentence = f"allowed is one exercise, under one heading `## id · Title`, and not {len(sections)}."
            raise self.refuse(1, sentence)
        found = self.task(*sections[0])
        if found.id.replace("-", "_") != self.path.parent.name:
            raise self.refuse(1, f"{found.id} belongs in the folder {found.id.replace('-', '_')}.")
        return found

    def task(self, heading: str, begin: int, end: int) -> Task:
        named = HEADING.fullmatch(heading)
        if not named:
            raise self.refuse(begin, f"the heading is {heading!r}, and should be `## leaks-x1 · Title`.")
        (_, start, stop), *below = self.sections("###", begin, end)
        text = self.body(start, stop)
        kind = _KIND.match(text)
        if not kind or kind["kind"] not in KINDS:
            raise self.refuse(begin + 1, f"below the heading comes `(kind: …)`, one of {', '.join(KINDS)}.")
        if [title for title, *_ in below] != ["Hints"]:
            raise self.refuse(begin, f"{named['id']} needs exactly one part `### Hints`, at its end.")
        hints = self.hints(*below[0][1:])
        if len(hints) != len(HINTS):
            raise self.refuse(below[0][1], f"{named['id']} needs three hints, but has {len(hints)}.")
        text = text[kind.end() :]
        part = _PRACTISES.match(text)
        text = text[part.end() :] if part else text
        told = named["id"], named["title"], kind["kind"], text.strip(), hints
        return Task(*told, practises=part["part"] if part else "")

    def hints(self, begin: int, end: int) -> tuple[str, ...]:
        found: list[list[str]] = []
        for number in range(begin, end):
            line = self.lines[number]
            if _ITEM.match(line):
                found.append([line[3:]])
            elif found:
                # The rest of an item is indented by three, as in Markdown.
                found[-1].append(re.sub(r"^ {1,3}", "", line))
            elif line.strip():
                raise self.refuse(number + 1, "hints are a list: `1. …`, `2. …`, `3. …`.")
        return tuple("\n".join(lines).strip() for lines in found)

    def question(self, heading: str, begin: int, end: int) -> OpenQuestion:
        named = HEADING.fullmatch(heading)
        (_, start, stop), *below = self.sections("###", begin, end)
        text = self.body(start, stop)
        # The points may be in the first or the last line of the question, or of its section.
        whole = self.body(begin, end)
        points = _POINTS.search(whole)
        if not named or not points:
            raise self.refuse(begin, "an open question is `## id · Title`, a text, and `(points: 3)`.")
        parts = {title: self.body(*lines) for title, *lines in below}
        code = parts.pop("Start", "").removeprefix("```python").removesuffix("```").strip()
        marking = "\n\n".join(parts.values())
        text, marking = (_POINTS.sub("", part).strip() for part in (text, marking))
        return OpenQuestion(named["title"], text, int(points["points"]), marking, code)


@dataclass(frozen=True)
class Chosen:
    """One exercise for a notebook: its text, its check, its stub and a solution.

    module: the folder beside the notebook that holds the instructor's own check; "" for an exercise of the
    kit.
    """

    task: Task
    exercise: Exercise
    stub: str
    solution: str
    module: str = ""


def notebook(
    told: Texts, chosen: Iterable[Chosen], *, variant: str = "kit", course: str = ""
) -> dict[str, Any]:
    """The source notebook of an assignment with these exercises, in this variant, as a structure for JSON.

    course: its name, shown under the title.
    """
    exercises = list(chosen)
    name = told.assignment
    cells = [
        _prose(f"{name}-title", _opening(told, exercises, course)),
        _code(f"{name}-setup", _setup(name, exercises, variant), _nbgrader(f"{name}-setup", locked=True)),
    ]
    for one in exercises:
        id = one.exercise.id
        cells += [
            _prose(f"{id}-task", _task(one, course)),
            _prose(f"{id}-hints", _hints(one.task.hints)),
            _code(id, _answer(one.solution, one.stub), _nbgrader(id, solution=True)),
            _code(
                f"{id}-check",
                f'check("{id}", {one.exercise.answer}).points',
                _nbgrader(f"{id}-check", grade=True, locked=True, points=one.exercise.worth),
            ),
        ]
    if told.question:
        cells += _open(name, told.question)
    cells += [
        _prose(f"{name}-closing", "## How far you are"),
        _code(f"{name}-progress", f'from lessons import progress\n\nprogress("{name}")'),
    ]
    return {
        "cells": cells,
        "metadata": {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def as_bytes(made: Mapping[str, Any]) -> bytes:
    """A notebook as it is stored: the same notebook gives the same bytes."""
    return (json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def commented(text: str) -> str:
    """Each line as a comment, from which `uncommented` restores it."""
    return "\n".join(f"# {line}" if line else "#" for line in text.splitlines())


def uncommented(text: str) -> str:
    r"""What `commented` was given.

    >>> uncommented(commented("def f():\n\n    # TODO"))
    'def f():\n\n    # TODO'
    """
    return "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in text.splitlines())


def _opening(told: Texts, exercises: list[Chosen], course: str) -> str:
    parts = [f"# {told.title}"]
    if course:
        parts.append(f"*{course}*")
    parts.append(told.intro)
    earned = sum(one.exercise.worth for one in exercises)
    total = earned + (told.question.points if told.question else 0)
    by_hand = f", {told.question.points} of them for the open question at the end" if told.question else ""
    count = many(len(exercises), "exercise")
    ids = [one.exercise.id for one in exercises]
    # The introduction is about all exercises of the kit.
    which = "" if ids == list(told.tasks) else f" of this course's choice ({', '.join(ids)})"
    parts.append(f"**Points**: {count}{which}, {total} points{by_hand}.")
    if not course:
        parts.append(_way(told.assignment))
    parts.append("Run the cell below first, each time you open this notebook.")
    return "\n\n".join(part for part in parts if part)


def _way(assignment: str) -> str:
    """Where this notebook is in the course, with links that work beside the kit's lessons."""
    there = {"Back": _lesson(assignment, _titled(assignment))}
    there["You are here"] = f"**{_titled(assignment)}: exercises**"
    lessons = list(LESSONS)
    for following in lessons[lessons.index(assignment) + 1 :][:1]:
        there["Next"] = _lesson(following, _titled(following))
    there["Look up"] = f"{_lesson(GLOSSARY, 'glossary')}, {_lesson(FIELD_GUIDE, 'field guide')}"
    return f"| {' | '.join(there)} |\n{'|---' * len(there)}|\n| {' | '.join(there.values())} |"


def _titled(lesson: str) -> str:
    number, _, name = LESSONS[lesson].partition("_")
    return f"{number} · {name.replace('_', ' ').capitalize()}"


def _lesson(name: str, text: str, heading: str = "") -> str:
    """A link to a lesson, or to one of its headings, which JupyterLab finds by its text."""
    anchor = "#" + re.sub(r"\s+", "-", heading.replace("`", "")) if heading else ""
    return f"[{text}](../../../notebooks/{LESSONS.get(name, name)}.ipynb{anchor})"


def _setup(name: str, exercises: list[Chosen], variant: str) -> str:
    text = stub(name).strip() or 'from lessons import check, course, given\n\ncourse("kit")'
    line = f"course({json.dumps(variant)})"
    text, found = re.subn(r"(?m)^course\([^)\n]*\)", lambda _: line, text)
    if found != 1:
        raise Trouble(f"The setup cell of {name} sets its variant {found} times: it needs one line {line}.")
    own = [one.module for one in exercises if one.module]
    if own:
        imports = "\n".join(f"import {module}.check" for module in own)
        text += f"\n\n# This course's own exercises; their checks are beside this notebook.\n{imports}"
    return text


def _task(one: Chosen, course: str) -> str:
    exercise = one.exercise
    aspects = "; ".join(f"{name} ({points})" for name, points in exercise.aspects.items())
    points = many(exercise.worth, "point")
    head = f"## {one.task.id} · {one.task.title}"
    text, part = one.task.text, one.task.practises
    if part:
        named = re.sub(r" \(\d+ min\)$", "", part)
        lesson = one.exercise.assignment
        text = f"*Practises {named if course else _lesson(lesson, named, part)}.*\n\n{text}"
    return f"{head}\n\n{text}\n\n**{one.task.kind.capitalize()}, {points}**: {aspects}."


def _hints(hints: Iterable[str]) -> str:
    folds = (
        f"<details><summary>{title}</summary>\n\n{hint}\n\n</details>"
        for title, hint in zip(HINTS, hints, strict=True)
    )
    return "\n\n".join(folds)


def _answer(solution: str, given: str) -> str:
    stub_lines = commented(given.strip())
    return "\n".join([BEGIN_SOLUTION, solution.strip(), END_SOLUTION, BEGIN_STUB, stub_lines, END_STUB])


def _open(name: str, question: OpenQuestion) -> list[dict[str, Any]]:
    id = f"{name}-open"
    points = many(question.points, "point")
    head = f"## {id} · {question.title}\n\n{question.text}\n\n**Open question, {points}**: a person reads it."
    marking = f"**Marking.**\n\n{question.marking}" if question.marking else ""
    answer = "\n".join([BEGIN_SOLUTION, marking or ANSWER, END_SOLUTION])
    metadata = _nbgrader(id, grade=True, solution=True, points=question.points)
    start = [_code(f"{id}-start", question.start)] if question.start else []
    return [_prose(f"{id}-task", head), *start, _prose(id, answer, metadata)]


def _nbgrader(id: str, **flags: Any) -> dict[str, Any]:
    metadata = {"grade": False, "grade_id": id, "locked": False, "schema_version": 3, "solution": False}
    return {"nbgrader": {**metadata, "task": False, **flags}}


def _prose(id: str, source: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": id, "metadata": metadata or {}, "source": source.splitlines(True)}


def _code(id: str, source: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "cell_type": "code", "execution_count": None, "id": id, "metadata": metadata or {}, "outputs": [],
        "source": source.splitlines(True),
    }  # fmt: skip
