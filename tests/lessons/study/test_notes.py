"""The notes of whoever teaches: what a file may hold, and what is joined with the questions."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from lessons.study import notes as module
from lessons.study import questions as asking
from lessons.study.notes import BadNotes, Note, notes, stored, unmatched
from lessons.study.questions import LESSONS, misconceptions, questions
from lessons.versions import OtherVersion

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"


def cell(id: str, source: str, slide: str = "", kind: str = "markdown") -> dict[str, object]:
    return {"id": id, "cell_type": kind, "metadata": {"slideshow": {"slide_type": slide}}, "source": source}


LESSON = {
    "cells": [
        cell("title", "# 01 · Leaks", "slide"),
        cell("aims", "## Aims", "skip"),
        cell("p1", "## Beat 1\n\n```\n# no heading\n```", "slide"),
        cell("p1-ask", 'predict("leaks-p1")', "", "code"),
        cell("p1-answer", "# Answers leaks-p1", "fragment", "code"),
        cell("p1-why", "why", "skip"),
        cell("break-1", "No heading here.", "subslide"),
    ]
}
WHOLE = """
version = 1
[title]
none = "read it aloud"
[p1]
show = "Leave ten seconds of silence."
[break-1]
pair = "One sets the fault, the other predicts."
minutes = 3
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    def written(text: str) -> None:
        (tmp_path / "notes").mkdir(exist_ok=True)
        (tmp_path / "notes" / "leaks.toml").write_text(text, "utf-8")
        monkeypatch.setattr(module, "files", lambda package: tmp_path)

    return written


def test_each_slide_has_its_heading_its_cells_and_its_note(write) -> None:
    write(WHOLE)
    title, first, task = notes("leaks", LESSON)
    assert [slide.id for slide in (title, first, task)] == ["title", "p1", "break-1"]
    assert (title.heading, first.heading, task.heading) == ("01 · Leaks", "Beat 1", "")
    assert first.cells == ("p1", "p1-ask", "p1-answer")
    assert title.note == Note(none="read it aloud") and first.note.show.startswith("Leave ten")
    assert (task.note.pair, task.note.minutes) == ("One sets the fault, the other predicts.", 3)
    assert unmatched("leaks", LESSON) == []


def test_a_question_s_slide_has_its_answer_and_the_beliefs(write) -> None:
    write(WHOLE)
    (asked,) = notes("leaks", LESSON)[1].asked
    question = questions()["leaks-p1"]
    assert asked.question is question
    wrong = [option for option in question.options if option is not question.right]
    assert [option for option, _ in asked.beliefs] == wrong
    assert all(belief is misconceptions()[option.misconception] for option, belief in asked.beliefs)


def test_a_teacher_s_own_copy_may_have_other_slides(write) -> None:
    write(WHOLE)
    cells = [cell("mine", "## Mine", "slide"), *LESSON["cells"][2:]]
    assert notes("leaks", {"cells": cells})[0].note == Note()
    assert unmatched("leaks", {"cells": cells}) == [
        "notes/leaks.toml: slide [mine] of 01_leaks has no table.",
        "notes/leaks.toml: [title] is not the first cell of a slide of 01_leaks.",
    ]


def test_tables_in_another_order_are_told(write) -> None:
    write('version = 1\n[title]\nnone = "a"\n[break-1]\nnone = "b"\n[p1]\nnone = "c"\n')
    assert unmatched("leaks", LESSON) == [
        "notes/leaks.toml: from [break-1] on, the tables are not in the lesson's order."
    ]


def test_a_lesson_without_notes_has_slides_all_the_same(write, tmp_path: Path) -> None:
    write(WHOLE)
    assert [slide.note for slide in notes("start", LESSON)] == [Note()] * 3
    with pytest.raises(BadNotes, match="There is no lesson 'leak'; there are start, leaks"):
        stored("leak")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[p1]\nshwo = "a"', "[p1] has the key 'shwo'; it can have show, wrong, pair, minutes and none."),
        ("[p1]\nshow = 3", "[p1]: show must be a text, and is 3."),
        ('[p1]\nshow = ""', "[p1]: show must be a text, and is ''."),
        ('[p1]\nminutes = "3"', "[p1]: minutes must be a whole number, and is '3'."),
        ("[p1]\nminutes = true", "[p1]: minutes must be a whole number, and is True."),
        ('[p1]\npair = "a"\nminutes = 0', "[p1]: minutes must be from 1 to 30, and is 0."),
        ('[p1]\nshow = "a"\nnone = "b"', "[p1] needs either notes, or `none` alone with the reason why"),
        ("[p1]", "[p1] needs either notes, or `none` alone with the reason why it has no notes."),
        ('p1 = "a"', "[p1] must be a table, and is 'a'."),
        ("[p1", "is not valid TOML: "),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(write, text: str, said: str) -> None:
    write(f"version = 1\n{text}")
    with pytest.raises(BadNotes) as refusal:
        notes("leaks", LESSON)
    assert str(refusal.value).startswith("notes/leaks.toml") and said in str(refusal.value)


@pytest.mark.parametrize(("line", "has"), [("version = 2", "version 2"), ("", "no version")])
def test_a_file_of_another_version_is_refused(write, line: str, has: str) -> None:
    write(f'{line}\n[title]\nnone = "a"')
    with pytest.raises(OtherVersion, match=f"notes/leaks.toml has {has}, but this kit reads version 1."):
        stored("leaks")


@pytest.mark.parametrize(("short", "stem"), LESSONS.items())
def test_each_lesson_s_slides_are_read_from_json_and_from_nbformat_alike(short: str, stem: str) -> None:
    path = NOTEBOOKS / f"{stem}.ipynb"
    slides = notes(short, json.loads(path.read_text("utf-8")))
    assert slides == notes(short, nbformat.read(path, as_version=4)) and len(slides) > 10
    shown = [asked.question.id for slide in slides for asked in slide.asked]
    assert shown and len(set(shown)) == len(shown)


def test_a_question_may_be_one_of_peer_instruction_and_tell_what_is_right_in_a_belief(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "leaks.toml").write_text(
        """
version = 1
[[question]]
id = "leaks-p1"
prompt = "What happens?"
peer = true
[[question.option]]
text = "nothing"
shows = "0"
reply = "So it is."
[[question.option]]
text = "something"
shows = "1"
misconception = "leaks-pool-grows"
reply = "Not here."
grain = "Many pools do that."
""",
        "utf-8",
    )
    monkeypatch.setattr(asking, "files", lambda package: tmp_path)
    questions.cache_clear()
    try:
        question = questions()["leaks-p1"]
        assert question.peer and not question.reason
        assert [option.grain for option in question.options] == ["", "Many pools do that."]
    finally:
        questions.cache_clear()
    monkeypatch.undo()
    assert not any(type(one.peer) is not bool for one in questions().values())
