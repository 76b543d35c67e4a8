"""What each lesson keeps: questions that do not give themselves away, and slides with notes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
from toolbox import load

from lessons.study.notes import notes, unmatched
from lessons.study.questions import LESSONS, Question, questions

COURSE = Path(__file__).resolve().parents[1]

every_lesson = pytest.mark.parametrize("short", LESSONS)


@cache
def notebook(short: str) -> Any:
    return nbformat.read(COURSE / "notebooks" / f"{LESSONS[short]}.ipynb", as_version=4)


def asked(short: str) -> list[Question]:
    return [one for one in questions().values() if one.lesson == short]


def tool() -> ModuleType:
    return load("play_questions")


# --- the questions


@every_lesson
def test_an_option_is_short_and_gives_no_reason(short: str) -> None:
    texts = [(one.id, option.text) for one in asked(short) for option in one.options]
    assert [(id, text) for id, text in texts if tool().words(text) > tool().LIMIT] == []
    assert [(id, text) for id, text in texts if tool().reason(text)] == [], "reasons are in the replies"


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("three readings", False),
        ("a `ValueError`", False),
        ("`night 21: TimeoutError`", False),
        ("`closed`, then `value`", False),
        ("none: `__exit__` gives the first one back", True),
        ("20, because nobody closes it", True),
        ("the job waits, so the night is lost", True),
        ("nothing; the error goes on", True),
        ("nothing. The error goes on", True),
    ],
)
def test_a_reason_is_told_from_an_outcome(text: str, gives: bool) -> None:
    assert tool().reason(text) is gives


@every_lesson
def test_somebody_who_knows_nothing_scores_about_as_chance_does(short: str) -> None:
    points = tool().above(tool().items(short))
    assert {name: round(one) for name, one in points.items() if one > tool().LESSON} == {}


def test_over_the_course_no_rule_of_thumb_beats_chance() -> None:
    points = tool().above(tool().items())
    assert {name: round(one, 1) for name, one in points.items() if one > tool().COURSE} == {}


def test_over_the_pairs_no_rule_of_thumb_beats_chance() -> None:
    points = tool().above(tool().items("pairs"))
    assert {name: round(one, 1) for name, one in points.items() if one > tool().COURSE} == {}


def test_a_player_who_is_given_the_answers_is_seen() -> None:
    item = tool().Item
    played = [item("a", ("none", "all of them: `a`"), 0), item("b", ("twenty, so `b`", "one"), 1)]
    points = tool().above(played)
    assert points["always the shortest"] == points["the one without a reason"] == 50
    assert points["always the longest"] == points["the one with code in it"] == -50
    assert points["always A"] == points["always C"] == points["neither the shortest nor the longest"] == 0


@pytest.mark.parametrize("short", [short for short in LESSONS if short != "start"])
def test_two_questions_of_the_class_are_peer_instruction(short: str) -> None:
    shown = {one.question.id for slide in notes(short, notebook(short)) for one in slide.asked}
    peers = [one.id for one in asked(short) if one.peer]
    assert len(peers) == 2 and set(peers) <= shown


@every_lesson
def test_each_wrong_option_tells_a_teacher_what_is_right_in_it(short: str) -> None:
    for one in asked(short):
        for option in one.options:
            assert bool(option.grain) == (option is not one.right), (one.id, option.letter)
            assert not option.grain or option.grain.endswith("."), (one.id, option.letter)


@every_lesson
def test_one_exit_question_is_enough(short: str) -> None:
    assert len([one.id for one in asked(short) if re.search(r"-e\d+$", one.id)]) <= 1


# --- the slides


@every_lesson
def test_each_slide_has_notes_or_says_why_it_has_none(short: str) -> None:
    assert unmatched(short, notebook(short)) == []


@every_lesson
def test_each_task_on_a_slide_has_its_minutes(short: str) -> None:
    cells = {cell.id: cell for cell in notebook(short).cells}
    for slide in notes(short, notebook(short)):
        text = "\n".join(cells[id].source for id in slide.cells if cells[id].cell_type == "markdown")
        task = re.search(r"\*\*Break it\.\*\*|(?m:^### With a gap$)", text)
        assert not task or slide.note.minutes, slide.id


@every_lesson
def test_it_takes_no_longer_than_it_promises(short: str) -> None:
    minutes, path = load("lesson_minutes"), COURSE / "notebooks" / f"{LESSONS[short]}.ipynb"
    counted = sum(minutes.spent(count) for _, _, count in minutes.in_class(path))
    assert round(counted) <= minutes.stated(path) == (30 if short == "start" else 50)
    alone, _ = minutes.parts(path)
    assert minutes.minutes(alone) <= (40 if short == "start" else 75)


@every_lesson
def test_each_slide_begins_with_a_heading(short: str) -> None:
    slides = notes(short, notebook(short))
    cells = {cell.id: cell for cell in notebook(short).cells}
    without = [slide.id for slide in slides if not re.match(r"#{1,3} ", cells[slide.id].source)]
    assert without == []


@every_lesson
def test_code_is_as_narrow_as_a_projector_needs(short: str) -> None:
    for cell in notebook(short).cells:
        if cell.cell_type == "code":
            wide = [line for line in cell.source.splitlines() if len(line) > 72]
            assert wide == [], cell.id


# --- the texts


@every_lesson
def test_each_lesson_says_what_async_changes(short: str) -> None:
    assert any("async" in cell.source for cell in notebook(short).cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("short", ["start"])
def test_the_first_lesson_begins_with_its_idea(short: str) -> None:
    cells = [cell.source for cell in notebook(short).cells]
    (first,) = [place for place, source in enumerate(cells) if source.endswith("\nbefore()")]
    assert any(re.search(r"(?m)^ +yield\b", source) for source in cells[first + 1 : first + 11])
