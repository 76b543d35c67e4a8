"""What a student calls: check shows, records and returns; given and course give this term's variant."""

from __future__ import annotations

import json

import pytest
from solutions import solutions

from lessons import check, course, given, progress
from lessons.exercises import exercises
from lessons.exercises.exercise import HINTS
from lessons.judge.verdict import MIME
from lessons.study.checking import UnknownExercise

WRONG = next(one for one in solutions("leaks-x1") if not one.right)
RIGHT = next(one for one in solutions("leaks-x1") if one.right)
VERSION = exercises()["leaks-x1"].version


@pytest.fixture(autouse=True)
def the_kits_variant():
    yield
    course("kit")


def test_a_verdict_is_printed_where_there_is_no_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    verdict = check("leaks-x1", WRONG.answer())
    assert capsys.readouterr().out == f"{verdict}\n"
    text = " ".join(str(verdict).split())
    said = ("is wrong", WRONG.belief, "Seen: still open after", "Try:", f"version {VERSION}", "of 5 points")
    for part in said:
        assert part in text


def test_a_check_is_kept_in_the_record() -> None:
    check("leaks-x1", WRONG.answer())
    assert f"leaks-x1: wrong (check {VERSION})" in str(progress("leaks"))
    check("leaks-x1", RIGHT.answer())
    assert "1 of 5 correct, 4 not checked yet" in str(progress("leaks"))


@pytest.mark.parametrize("id", ["leaks-x", "leaks-1", "x1", "", None, 3, ["leaks-x1"]])
def test_an_unknown_exercise_names_the_nearest(id: object) -> None:
    for call in (lambda: check(id, None), lambda: given(id)):
        with pytest.raises(UnknownExercise, match=r"There is no exercise .*leaks-x1"):
            call()


def test_the_same_variant_gives_the_same_and_another_gives_another() -> None:
    def rows(name: str) -> list[object]:
        course(name)
        return list(given("leaks-x1")[0].records)

    assert rows("autumn") == rows("autumn")
    assert rows("autumn") != rows("spring")


def test_a_verdict_names_its_variant(capsys: pytest.CaptureFixture[str]) -> None:
    course("autumn-3f9a")
    assert check("leaks-x1", RIGHT.answer("autumn-3f9a")).variant == "autumn-3f9a"
    assert "variant autumn-3f9a" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "error"), [("", ValueError), (" ", ValueError), (None, TypeError), (3, TypeError)]
)
def test_a_variant_is_a_name(name: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="name of a variant"):
        course(name)


def test_in_a_notebook_the_panel_is_shown_and_a_program_can_read_it_and_the_third_one_offers_a_hint() -> None:
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    cells = [
        "from lessons import check",
        "from contextlib import closing\n" + WRONG.source,
        *['check("leaks-x1", copy_readings).points'] * 3,
        'check("leaks-x9", copy_readings)',
    ]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, allow_errors=True).execute()
    shown, result = notebook.cells[2].outputs
    assert shown.output_type == "display_data" and result.output_type == "execute_result"
    bundle = json.loads(json.dumps(shown.data[MIME]))
    assert (bundle["status"], bundle["belief"]) == ("wrong", WRONG.belief)
    assert result.data["text/plain"] == str(bundle["points"])
    assert 'role="group"' in shown.data["text/html"] and "✗" in shown.data["text/plain"]
    offered = ["Open “Hint 1" in cell.outputs[0].data["text/html"] for cell in notebook.cells[2:5]]
    assert offered == [False, False, True]
    [unknown] = notebook.cells[5].outputs
    [sentence] = unknown.traceback
    assert sentence.startswith("There is no exercise 'leaks-x9'. Did you mean leaks-x1, ")


def outputs(*cells: str) -> list[str]:
    """The texts that the cells of a notebook show."""
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, allow_errors=True).execute()
    return [
        "\n".join(one.get("text") or one.get("data", {}).get("text/plain", "") for one in cell.outputs)
        for cell in notebook.cells
    ]


def test_an_answer_whose_newest_cell_failed_is_stale_and_not_judged() -> None:
    answer, run = "from contextlib import closing\n" + RIGHT.source, 'check("leaks-x1", copy_readings).status'
    broken = RIGHT.source.replace("def copy_readings(source, sink):", "def copy_readings(source, sink)")
    raises = RIGHT.source + "\nprint(undefined)"
    shown = outputs(
        "from lessons import check", answer, run, broken, run, answer, run, raises, run, "x = 1 / 0", run
    )
    assert [text.splitlines()[-1] for text in shown[2::2]] == [
        "'correct'", "'not judged'", "'correct'", "'not judged'", "'not judged'",
    ]  # fmt: skip
    told = " ".join(shown[4].split())
    assert "The newest run of the cell that makes `copy_readings` failed: " in told
    assert "SyntaxError, expected ':' (line 1). So `copy_readings` is still" in told
    assert "Correct the cell, run it, then check again." in told
    assert "NameError, name 'undefined' is not defined" in shown[8].replace("\n", " ")


def test_the_same_failure_for_the_third_time_offers_the_next_hint(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for _ in range(6):
        check("leaks-x1", WRONG.answer())
        said.append(" ".join(capsys.readouterr().out.split()))
    check("leaks-x1", RIGHT.answer())
    check("leaks-x1", WRONG.answer())
    said.append(capsys.readouterr().out)
    places = [next((hint for hint in HINTS if hint in text), "") for text in said]
    assert places == ["", "", *HINTS, HINTS[-1], ""]
    assert "This was seen 3 times in a row. Open “Hint 1: the concept” below the task" in said[2]
