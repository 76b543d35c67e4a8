"""The exercise notebooks: each solution passes its own check, each stub runs and is missing, nothing leaks.

What the checks themselves say of right and wrong solutions is in tests/lessons/exercises/test_matrix.py.
"""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from toolbox import load

from classroom.solutions import Solution, solutions
from lessons import course
from lessons.exercises import Exercise, Sheet, Variant, exercises, stub
from lessons.exercises.exercise import ASSIGNMENTS
from lessons.exercises.rules import settled
from lessons.judge.verdict import MIME, Verdict

COURSE = Path(__file__).resolve().parents[1]
EXERCISES = COURSE / "exercises"

every_assignment = pytest.mark.parametrize("name", ASSIGNMENTS)


@pytest.fixture(autouse=True)
def the_kits_variant() -> Iterator[None]:
    yield
    course("kit")


def path(kind: str, name: str) -> Path:
    return EXERCISES / kind / name / f"{name}.ipynb"


@cache
def stored(kind: str, name: str) -> Any:
    return nbformat.read(path(kind, name), as_version=4)


def cells(kind: str, name: str) -> dict[str, Any]:
    return {cell.id: cell for cell in stored(kind, name).cells}


def of(name: str) -> list[Exercise]:
    return [one for one in exercises().values() if one.assignment == name]


def verdicts(kind: str, name: str) -> dict[str, tuple[Verdict, str]]:
    """What each check cell shows in a fresh run of the whole notebook: the verdict, and the cell's result."""
    shown = {}
    with TemporaryDirectory() as folder:  # an answer may write files beside its notebook
        copy = Path(shutil.copy(path(kind, name), folder))
        run = load("execute_notebooks").executed(copy)
    for cell in run.cells:
        if cell.cell_type == "code" and cell.id.endswith("-check"):
            (bundle,) = (one.data for one in cell.outputs if MIME in one.get("data", {}))
            (result,) = (one.data for one in cell.outputs if one.output_type == "execute_result")
            shown[cell.id.removesuffix("-check")] = (Verdict.from_dict(bundle[MIME]), result["text/plain"])
    return shown


def test_source_and_release_are_what_texts_stubs_and_solutions_give(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = load("write_exercises").main(["--check"])
    said = capsys.readouterr()
    assert code == 0, said.out + said.err
    there = {one.relative_to(EXERCISES).as_posix() for kind in ("source", "release")
             for one in (EXERCISES / kind).rglob("*") if one.is_file()}  # fmt: skip
    there = {one for one in there if ".ipynb_checkpoints" not in one and "__pycache__" not in one}
    assert there == {line.partition(":")[0] for line in said.out.splitlines()}, "nothing else lies there"


@every_assignment
def test_every_solution_runs_and_passes_its_own_check(name: str) -> None:
    shown = verdicts("source", name)
    assert list(shown) == [one.id for one in of(name)]
    for id, (verdict, result) in shown.items():
        assert (verdict.exercise, verdict.status) == (id, "correct"), str(verdict)
        assert result == str(verdict.points) == str(exercises()[id].worth)


@every_assignment
def test_every_stub_runs_without_raising_and_is_missing(name: str) -> None:
    shown = verdicts("release", name)
    assert list(shown) == [one.id for one in of(name)]
    for id, (verdict, result) in shown.items():
        assert (verdict.exercise, verdict.status, result) == (id, "missing", "0"), str(verdict)


@every_assignment
def test_no_solution_is_in_the_release(name: str) -> None:
    text = "\n".join(cell.source for cell in stored("release", name).cells)
    assert not re.search(r"(BEGIN|END) (SOLUTION|STUB|HIDDEN|MARK)", text)
    for one in of(name):
        assert cells("release", name)[one.id].source == stub(one.id).strip()
    for solution in solutions(EXERCISES / "solutions", [one.id for one in of(name)]):
        if solution.right:
            assert solution.source.strip() not in text, str(solution)
    model = cells("source", name)[f"{name}-open"].source
    assert cells("release", name)[f"{name}-open"].source not in ("", model)


@every_assignment
def test_nothing_is_stored_but_what_somebody_wrote(name: str) -> None:
    for kind in ("source", "release"):
        notebook = stored(kind, name)
        nbformat.validate(notebook)
        MetadataValidator().validate_nb(notebook)
        for cell in notebook.cells:
            assert cell.get("outputs", []) == [] and cell.get("execution_count") is None
            assert set(cell.metadata) <= {"nbgrader", "deletable", "editable"}


@every_assignment
def test_each_exercise_has_its_four_cells_in_order(name: str) -> None:
    ids = list(cells("release", name))
    expected = [f"{name}-title", f"{name}-setup"]
    for one in of(name):
        expected += [f"{one.id}-task", f"{one.id}-hints", one.id, f"{one.id}-check"]
    # The capstone has a cell for the student's own pipeline.
    own = [f"{name}-open-start"] if name == "composition" else []
    expected += [f"{name}-open-task", *own, f"{name}-open", f"{name}-closing", f"{name}-progress"]
    assert ids == expected


@every_assignment
def test_locked_cells_are_locked_and_answers_are_free(name: str) -> None:
    for id, cell in cells("release", name).items():
        flags = cell.metadata.get("nbgrader", {})
        assert flags.get("grade_id", id) == id
        locked = id.endswith(("-check", "-setup"))
        assert (cell.metadata.get("editable") is False) == locked
        assert bool(flags.get("grade")) == (id.endswith("-check") or id == f"{name}-open")
        assert bool(flags.get("solution")) == (id in exercises() or id == f"{name}-open")


@every_assignment
def test_headings_come_in_their_order(name: str) -> None:
    ranks = []
    for cell in stored("release", name).cells:
        if cell.cell_type == "markdown":
            unfenced = re.sub(r"(?ms)^ *```.*?^ *```", "", cell.source)
            ranks += [len(marks) for marks in re.findall(r"(?m)^(#+) ", unfenced)]
    assert ranks[0] == 1 and ranks.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(ranks))


@every_assignment
def test_a_task_is_read_in_a_minute_and_seen_at_once(name: str) -> None:
    for id, cell in cells("release", name).items():
        if cell.cell_type == "code":
            assert max(map(len, cell.source.splitlines()), default=0) <= 110, f"{id}: too wide"
        elif id.endswith("-task"):
            prose = re.sub(r"```.*?```|^\*Practises .*$", "", cell.source, flags=re.DOTALL | re.MULTILINE)
            assert len(prose.split()) <= 260, f"{id}: {len(prose.split())} words"
        assert cell.source.strip(), id


@every_assignment
def test_three_hints_are_folded_one_by_one(name: str) -> None:
    for one in of(name):
        hints = cells("release", name)[f"{one.id}-hints"].source
        assert hints.count("<details><summary>") == hints.count("</details>") == 3
        assert "".join(re.split(r"(?s)<details>.*?</details>", hints)).strip() == "", "nothing stands open"
        assert all(len(hint.split()) > 3 for hint in re.findall(r"(?s)</summary>(.*?)</details>", hints))


@every_assignment
def test_each_stub_says_where_to_begin(name: str) -> None:
    for one in of(name):
        assert "TODO" in cells("release", name)[one.id].source, one.id


def test_there_are_enough_exercises_of_every_kind() -> None:
    assert len(exercises()) >= 20
    for name in ASSIGNMENTS:
        assert of(name), name
        if name != "composition":
            assert "test" in {one.kind for one in of(name)}, f"{name}: write a test that catches this leak"
    assert {one.kind for one in exercises().values()} == {"fix", "complete", "build", "test"}


class Recorded:
    """A right answer that notes what it gives back, and then gives the same again whatever it is asked."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.answer = answer
        self.given: list[tuple[bool, Any]] = []

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        try:
            value = self.answer(*arguments, **named)
        except BaseException as error:
            self.given.append((False, error))
            raise
        if inspect.isgenerator(value):
            value = list(value)
        self.given.append((True, value))
        return value

    @property
    def plain(self) -> bool:
        """Whether all of it is data, which can be written down."""
        return all(not fine or is_data(value) for fine, value in self.given)

    def literal(self) -> Callable[..., Any]:
        """The answers as somebody would have written them down."""
        left = iter(self.given)

        def hard_coded(*arguments: Any, **named: Any) -> Any:
            fine, value = next(left)
            if not fine:
                raise value
            return value

        return hard_coded


def is_data(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(is_data, (*value, *value.values())))
    if isinstance(value, list | tuple | set):
        return all(map(is_data, value))
    return value is None or isinstance(value, bool | int | float | str)


def passes(exercise: Exercise, answer: Any, variant: str) -> bool:
    """Whether the check accepts an answer, looked at in this process: what it does is to be noted here."""
    course(variant)
    return all(aspect.holds for aspect in settled(answer, Sheet(exercise, Variant(variant))))


RIGHT = [one for one in solutions(EXERCISES / "solutions") if one.name == "right_1"]
LONG = ("composition-x4", "composition-x5")


@pytest.mark.parametrize(
    "solution",
    [
        pytest.param(one, marks=[pytest.mark.deep] if one.exercise in LONG else [], id=str(one))
        for one in RIGHT
    ],
)
def test_what_is_written_down_in_one_term_fails_in_another(solution: Solution) -> None:
    exercise = exercises()[solution.exercise]
    recorded = Recorded(solution.answer("wt26-0a1b2c3d"))
    try:
        passes(exercise, recorded, "wt26-0a1b2c3d")
        written = recorded.plain and passes(exercise, recorded.literal(), "wt26-0a1b2c3d")
    except Exception:
        written = False
    # Most checks look at what an answer does, and not at what it gives back: those have no such answer.
    if written:
        for term in ("st27-4e5f6a7b", "kit"):
            assert not passes(exercise, recorded.literal(), term), "the data of a term is its own"
