"""Programs put in order: what is accepted works, what works is accepted, and each reply is true."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from lessons import arrange, progress
from lessons.study import arrangeboard
from lessons.study.arrangeboard import Board, board
from lessons.study.arranged import (
    DEEPEST,
    LETTERS,
    Problem,
    Program,
    asked,
    indented,
    judged,
    nested,
    problems,
    program,
    run,
    sent,
)  # fmt: skip
from lessons.study.journal import Journal
from lessons.study.questions import LESSONS, misconceptions

COURSE = Path(__file__).resolve().parents[3]
NOTEBOOKS, SOLUTIONS = COURSE / "notebooks", COURSE / "exercises" / "solutions"

every_problem = pytest.mark.parametrize("problem", problems().values(), ids=list(problems()))


def edits(problem: Problem, whole: Program) -> Iterator[Program]:
    """The programs that differ in one line: moved, indented otherwise, swapped, or taken from the others."""
    for place, (letter, _) in enumerate(whole):
        rest = whole[:place] + whole[place + 1 :]
        for depth in range(DEEPEST + 1):
            for other in range(len(whole)):
                yield (*rest[:other], (letter, depth), *rest[other:])
            for new in set(problem.letters) - {one for one, _ in whole}:
                yield (*whole[:place], (new, depth), *whole[place + 1 :])
        for other in range(place):
            swapped = list(whole)
            swapped[place], swapped[other] = whole[other], whole[place]
            yield tuple(swapped)
            swapped[place], swapped[other] = (whole[other][0], whole[place][1]), (letter, whole[other][1])
            yield tuple(swapped)


def drawn(problem: Problem, chance: random.Random, begun: Program) -> Program:
    """A program of drawn lines after some that are right, indented so that Python may take it."""
    lines = list(begun)
    while len(lines) < problem.size:
        left = sorted(set(problem.letters) - {letter for letter, _ in lines})
        above, depth = problem.under(lines[-1][0]).code, lines[-1][1]
        deeper = depth + 1 if above.endswith(":") else chance.randint(0, depth)
        lines.append((chance.choice(left), deeper))
    return tuple(lines)


def compare(problem: Problem, tried: set[Program]) -> None:
    for one in sorted(tried):
        works, right = not run(problem, one), nested(problem, one) in problem.rights
        assert works == right, f"{'works' if works else 'fails'}, and is {right}:\n{problem.source(one)}"


@every_problem
def test_a_problem_has_the_form_that_a_student_is_told(problem: Problem) -> None:
    assert problem.letters == LETTERS[: len(problem.lines)]
    assert 5 <= problem.size <= 10 and len(set(problem.rights)) == len(problem.rights)
    foreign = [line for line in problem.lines if line.misconception]
    assert len(foreign) == 2 and len(problem.lines) == problem.size + 2
    for right in problem.rights:
        assert sorted(letter for letter, _ in right) == sorted(
            line.letter for line in problem.lines if not line.misconception
        )
        assert max(map(len, problem.source(right).splitlines())) <= 72
        assert nested(problem, right) == right
    for line in foreign:
        assert line.misconception in misconceptions()
        exercise, name = line.taken.split("/")
        (stored,) = [
            path for path in (SOLUTIONS / exercise).glob("wrong_*") if re.match(rf"{name}[_.]", path.name)
        ]
        text = stored.read_text(encoding="utf-8")
        rows = [row.strip().removeprefix("return source, stages, ") for row in text.splitlines()]
        assert (line.stored or line.code) in rows
    assert problem.did and all(line.why.endswith(".") for line in problem.lines)


@every_problem
def test_the_lines_are_shuffled(problem: Problem) -> None:
    shown = [letter for letter in problem.letters if not problem.under(letter).misconception]
    for right in problem.rights:
        order = [shown.index(letter) for letter, _ in right]
        kept = sum(order[place] + 1 == order[place + 1] for place in range(len(order) - 1))
        assert kept <= 2, "few lines follow each other as they do in a right program"


@every_problem
def test_every_right_program_works(problem: Problem) -> None:
    for right in problem.rights:
        verdict = judged(problem, right)
        assert verdict.right and verdict.wrong is None
        assert verdict.said == (
            f"**All {problem.size} lines are right.** The program was run. {problem.did}",
        )


@every_problem
def test_what_works_is_accepted_and_what_is_accepted_works(problem: Problem) -> None:
    chance = random.Random(problem.id)
    near = sorted(set(edits(problem, problem.rights[0])))
    compare(problem, {*problem.rights, *chance.sample(near, 60)})


@pytest.mark.deep
@every_problem
def test_no_program_near_a_right_one_is_misjudged(problem: Problem) -> None:
    """All programs that differ in one line, many that differ in two, and many that are drawn."""
    chance = random.Random(problem.id)
    tried = {one for right in problem.rights for one in edits(problem, right)}
    for one in chance.sample(sorted(tried), 20):
        tried.update(chance.sample(sorted(set(edits(problem, one))), 100))
    for _ in range(2000):
        right = chance.choice(problem.rights)
        tried.add(drawn(problem, chance, right[: chance.randint(1, problem.size - 3)]))
    compare(problem, tried)


@every_problem
def test_the_first_line_that_cannot_be_right_is_named_with_its_reason(problem: Problem) -> None:
    chance = random.Random(problem.id)
    for wrong in chance.sample(sorted(set(edits(problem, problem.rights[0]))), 80):
        verdict, plain = judged(problem, wrong), nested(problem, wrong)
        if plain in problem.rights:
            continue
        place = verdict.wrong
        assert place is not None and not verdict.right
        letter, depth = wrong[place]
        line = problem.under(letter)
        assert f"Line {place + 1} is the first line that cannot be right**: {letter}, " in verdict.said[0]
        assert verdict.said[0].endswith(f"{indented(depth)}.")
        assert line.why in verdict.said[1] or "like a block above it" in verdict.said[1]
        starts = {right[: place + 1] for right in problem.rights}
        assert (
            plain[:place] in {right[:place] for right in problem.rights} and plain[: place + 1] not in starts
        )
        assert (line.misconception != "") == ("does not belong" in verdict.said[1])
        if "but with another indentation" in verdict.said[1]:
            assert any(start[-1][0] == letter and start[:-1] == plain[:place] for start in starts)


@every_problem
def test_a_program_that_is_not_finished_is_told_how_much_is_missing(problem: Problem) -> None:
    (right, *_), size = problem.rights, problem.size
    assert "no line in your program yet" in judged(problem, ()).said[0]
    assert judged(problem, right[:1]).said == (
        f"The line of your program is right so far. {size - 1} lines are missing below.",
    )
    assert judged(problem, right[:-1]).said == (
        f"The {size - 1} lines of your program are right so far. 1 line is missing below.",
    )


def test_a_block_may_be_indented_more_than_once() -> None:
    leaks = problems()["leaks-a1"]
    deep = tuple(program(leaks, "E B2 J5 G5 H2 A3 K3 F4 D3"))
    assert not run(leaks, deep) and judged(leaks, deep).right
    broken = tuple(program(leaks, "E B1 J3 G2 H1 A2 K2 F3 D2"))
    assert "SyntaxError" in run(leaks, broken) or "IndentationError" in run(leaks, broken)
    assert judged(leaks, broken).wrong == 3
    assert judged(leaks, broken).said[1] == "It must be indented like a block above it: 0, 1 or 3 times."


def test_a_right_program_that_cannot_be_run_here_is_no_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    leaks = problems()["composition-a1"]
    monkeypatch.setattr("lifecycle.sinks.SqlSink.__enter__", lambda self: 1 / 0)
    (said,) = judged(leaks, leaks.rights[0]).said
    assert "But when it was run here, it raised `ZeroDivisionError: division by zero`." in said
    assert leaks.did not in said


def test_as_text(fresh: Journal) -> None:
    shown = str(arrange("leaks-a1"))
    assert "   A  self.connection.close()\n" in shown and 'arrange("leaks-a1", "A B1 C2")' in shown
    assert "Your program" not in shown
    shown = str(arrange(" Leaks-A1 ", "e b1 j2, g2 h1 c2"))
    assert "   6  C          if kind is None:   <- cannot be right" in shown
    assert "A belief that leads to it: “An error leaves the" in " ".join(shown.split())
    assert fresh.read()[0] == []
    for _ in range(2):
        assert "All 9 lines are right. The program was run." in str(
            arrange("leaks-a1", "E B1 J2 G2 H1 A2 K2 F3 D2")
        )
    assert [(event.event, event.id) for event in fresh.read()[0]] == [("arrange", "leaks-a1")]
    assert "Programs that you put in order: leaks-a1." in str(progress("leaks"))
    assert "put in order" not in str(progress("chains"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), 'arrange needs the id of a problem in quotes, such as arrange("leaks-a1"); it was given None.'),
        (("leaks-a9",), "There is no problem 'leaks-a9'. Did you mean arrange(\"leaks-a1\")?"),
        (("nothing",), "There is no problem 'nothing'. The ids are: leaks-a1, descriptors-a1,"),
        (("leaks-a1", 7), 'given as text, such as arrange("leaks-a1", "A B1 C2"); it was given 7.'),
        (("leaks-a1", "1B"), "'1B' is not a line of leaks-a1. Write a letter from A to K, and after it how"),
        (("chains-a1", "K"), "'K' is not a line of chains-a1. Write a letter from A to J,"),
        (("leaks-a1", "A6"), "'A6' is not a line of leaks-a1."),
        (("leaks-a1", "A B1 A2"), "A is there more than once: each line can be used once."),
        (("leaks-a1", ""), "There is no line in your program yet. A right one has 9 lines."),
    ],
)  # fmt: skip
def test_a_wrong_call_gets_one_clear_sentence(fresh: Journal, given: tuple[Any, ...], said: str) -> None:
    assert said in " ".join(str(arrange(*given)).split())


def test_the_html_says_the_same() -> None:
    leaks = problems()["leaks-a1"]
    wrong = program(leaks, "E B1 C2")
    shown = asked(leaks, wrong, judged(leaks, wrong))
    plain = re.sub(r"<[^>]+>", "", shown.html)
    for part in ("put in order", "if kind is None:", "<- cannot be right", "does not belong to this program"):
        assert part.lower() in plain.replace("&lt;", "<").lower()


@every_problem
def test_a_lesson_asks_for_it_between_the_gap_and_the_class_written_alone(problem: Problem) -> None:
    name = LESSONS[problem.id.removesuffix("-a1")]
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    gap, asks, alone = (
        [place for place, cell in enumerate(cells) if re.search(pattern, cell.source, re.MULTILINE)]
        for pattern in ("^### With a gap$", "^arrange[(]", "^### Alone$")
    )
    assert len(asks) == 1 and gap[0] < asks[0] < alone[0]
    cell = cells[asks[0]]
    assert cell.source == f'arrange("{problem.id}")' and cell.metadata["tags"] == ["arrange"]
    assert cell.outputs[0]["data"]["text/plain"] == str(asked(problem))
    told = (NOTEBOOKS / "TEACHING.md").read_text(encoding="utf-8")
    (answer,) = re.findall(rf"^- `{problem.id}`: `(.*)`$", told, re.MULTILINE)
    assert program(problem, answer) in problem.rights


@pytest.fixture
def shown(fresh: Journal, monkeypatch: pytest.MonkeyPatch) -> Board:
    monkeypatch.setattr(arrangeboard, "_boards", {})
    monkeypatch.setattr("lessons.study.arrange.widgets_are_shown", lambda: True)
    made = arrange("leaks-a1")
    assert isinstance(made, Board)
    return made


def test_the_widget_says_what_the_text_says(shown: Board, fresh: Journal) -> None:
    leaks = problems()["leaks-a1"]
    for text in ("", "E B1", "E B1 C2", "E B1 J2 G2 H1 A2 K2 F3 D2"):
        given = program(leaks, text)
        assert isinstance(given, tuple)
        shown._handle_custom_msg({"check": [list(pair) for pair in given]}, [])
        verdict = judged(leaks, given)
        assert shown.reply["to"] == shown.program == [list(pair) for pair in given]
        assert (shown.reply["wrong"], shown.reply["right"]) == (verdict.wrong, verdict.right)
        assert repr(shown) == str(asked(leaks, given, verdict))
    assert [event.event for event in fresh.read()[0]] == ["arrange"]


def test_a_cell_that_runs_again_keeps_the_program(shown: Board) -> None:
    shown.program = [["E", 0]]
    assert arrange("leaks-a1") is shown and shown.program == [["E", 0]]
    assert "   1  E  class Reported:" in repr(shown)
    assert arrange("leaks-a1", "B1") is shown and shown.program == [["B", 1]]
    bundle = shown._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert bundle["text/plain"] == repr(shown) and "application/vnd.jupyter.widget-view+json" in bundle


def test_what_is_no_program_changes_nothing(shown: Board) -> None:
    leaks = problems()["leaks-a1"]
    for given in (
        None,
        "E",
        [["Z", 0]],
        [["E", -1]],
        [["E", 6]],
        [["E", True]],
        [["E"]],
        [["E", 0], ["E", 1]],
        [[[], 0]],
    ):
        assert sent(leaks, given) is None
        shown._handle_custom_msg({"check": given}, [])
    assert shown.reply == {} and board(leaks, None) is shown
