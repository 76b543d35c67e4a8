"""What the presenter's window is told of a lesson: notes, answers, the next slide and the plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lessons.desk import presenter
from lessons.study.minutes import stated
from lessons.study.notes import notes
from lessons.study.questions import LESSONS

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"


def notebook(stem: str) -> dict[str, Any]:
    return json.loads((NOTEBOOKS / f"{stem}.ipynb").read_text("utf-8"))


@pytest.mark.parametrize("short", LESSONS)
def test_every_slide_has_its_notes_its_answers_and_its_time(short: str) -> None:
    cells = notebook(LESSONS[short])
    told = presenter.lesson(LESSONS[short], cells)
    assert json.loads(json.dumps(told))["minutes"] == stated(cells) > 0
    place = 0
    for slide, note in zip(told["slides"], notes(short, cells), strict=True):
        assert list(slide["cells"]) == list(note.cells) and slide["text"]
        assert bool(slide["show"]) == bool(note.note.show) and slide["minutes"] == note.note.minutes
        for asked in slide["asked"]:
            assert len([one for one in asked["options"] if one["right"]]) == 1
            assert all(one["right"] or one["grain"] for one in asked["options"])
        if "part" in slide:  # what is for self-study has no time in class
            assert slide["begin"] == place <= slide["end"] and slide["part"]["begin"] <= slide["begin"]
            place = slide["end"]
    assert 0 < place <= 60 * told["minutes"], "the plan is not longer than the lesson"


def test_a_beat_takes_the_minutes_of_its_heading() -> None:
    told = presenter.lesson("01_leaks", notebook("01_leaks"))
    beats = {one["part"]["title"]: one["part"]["seconds"] for one in told["slides"] if "part" in one}
    assert beats["Beat 1: A pool and its slots"] == 9 * 60


def test_text_from_a_notebook_is_shown_and_not_obeyed() -> None:
    cells = notebook("01_leaks")
    cells["cells"][0]["source"] = "# A <script>alert(1)</script> title\n\n![a picture](a.svg)"
    told = presenter.lesson("01_leaks", cells)["slides"][0]
    assert "<script" not in told["text"] + told["heading"] and "[picture: a picture]" in told["text"]
    assert presenter.page().count("<script>") == 1
