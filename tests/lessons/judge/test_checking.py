"""What a student calls: check shows, records and returns; given and course give this term's variant."""

from __future__ import annotations

import json

import pytest
from solutions import solutions

from lessons import check, course, given, progress
from lessons.exercises import exercises
from lessons.judge.checking import UnknownExercise
from lessons.judge.verdict import MIME

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
    assert f"leaks-x1: correct (check {VERSION})" in str(progress("leaks"))


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


def test_in_a_notebook_the_panel_is_shown_and_a_program_can_read_it() -> None:
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    cells = [
        "from lessons import check",
        "from contextlib import closing\n" + WRONG.source,
        'check("leaks-x1", copy_readings).points',
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
    [unknown] = notebook.cells[3].outputs
    [sentence] = unknown.traceback
    assert sentence.startswith("There is no exercise 'leaks-x9'. Did you mean leaks-x1, ")
