"""TEACHING.md follows the lessons: every part with its minutes, every question that is asked in class."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from toolbox import load

from lessons.desk.present import KEYS
from lessons.study.arranged import problems
from lessons.study.notes import Asked, Note, Slide
from lessons.study.questions import LESSONS, questions

COURSE = Path(__file__).resolve().parents[1]
TEACHING = COURSE / "notebooks" / "TEACHING.md"
THERE = {short: TEACHING.with_name(f"{stem}.ipynb") for short, stem in LESSONS.items()}
PART = re.compile(r"(?m)^#{2,3} (.+ \(\d+ min\))$")

every_lesson = pytest.mark.parametrize("short", THERE)


def chapter(short: str) -> str:
    """What TEACHING.md says of one lesson."""
    number = LESSONS[short][:2]
    (found,) = re.findall(rf"(?ms)^## {number} · .+?(?=^## |\Z)", TEACHING.read_text("utf-8"))
    return found


@cache
def in_class(short: str) -> str:
    """A lesson without its part for self-study."""
    kept, inside = [], True
    for cell in nbformat.read(THERE[short], as_version=4).cells:
        for title in re.findall(r"(?m)^## (.+)$", cell.source if cell.cell_type == "markdown" else ""):
            inside = not title.startswith("Alone: further")
        if inside:
            kept.append(cell.source)
    return "\n".join(kept)


@every_lesson
def test_each_part_stands_there_in_its_order_with_its_minutes(short: str) -> None:
    parts = PART.findall(in_class(short))
    assert [part for part in PART.findall(chapter(short)) if not re.match(r"\d\d · ", part)] == parts


@every_lesson
def test_the_lesson_has_the_minutes_that_its_opening_says(short: str) -> None:
    (minutes,) = re.findall(r"\*\*(\d+) minutes in class", in_class(short))
    assert chapter(short).splitlines()[0].endswith(f"({minutes} min)")


def asked(short: str) -> dict[str, str]:
    """The questions of a lesson that are asked in class, each with its part."""
    found: dict[str, str] = {}
    part = ""
    for line in in_class(short).splitlines():
        part = "".join(PART.findall(line)) or part
        found.update(dict.fromkeys(re.findall(r"""^predict\("([\w-]+)"\)""", line), part))
    return found


@every_lesson
def test_each_question_of_the_class_stands_in_its_part(short: str) -> None:
    pieces = PART.split(chapter(short))
    told = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    for id, part in asked(short).items():
        named = id if not id.startswith("start-r") else "start-r5"  # the five of them in one sentence
        assert f"`{named}`" in told[part], id


@every_lesson
def test_each_wrong_answer_of_a_beat_is_expected(short: str) -> None:
    for id, part in asked(short).items():
        if part.startswith("Beat"):
            (told,) = re.findall(rf"(?m)^- `{id}` (.+)$", chapter(short)) or re.findall(
                rf"(?ms)^### {re.escape(part)}$.+?^- (A: .+?)(?=^\*\*|^#)", chapter(short))  # fmt: skip
            wrong = [option.letter for option in questions()[id].options if option.misconception]
            assert [letter for letter in wrong if not re.search(rf"\b{letter}\b[:, ]", told)] == [], id


@every_lesson
def test_each_lesson_says_what_to_cut(short: str) -> None:
    assert "**Cut" in chapter(short)


def test_no_question_is_named_that_is_not_there() -> None:
    named = re.findall(r"`((?:%s)-[a-z]\d+)`" % "|".join(LESSONS), TEACHING.read_text("utf-8"))  # noqa: UP031
    assert set(named) <= {*questions(), *problems()}


def test_the_minutes_are_those_that_counting_gives() -> None:
    text = TEACHING.read_text("utf-8")
    assert load("lesson_minutes").written(text) == text, "run tools/lesson_minutes.py --write"


def shown(id: str, source: str, kind: str = "slide", *tags: str, code: bool = False) -> NotebookNode:
    cell = (nbformat.v4.new_code_cell if code else nbformat.v4.new_markdown_cell)(source, id=id)
    cell.metadata = nbformat.from_dict({"slideshow": {"slide_type": kind}, "tags": list(tags)})
    return cell


def test_the_minutes_in_class_are_counted_on_the_slides(tmp_path: Path) -> None:
    cells = [
        shown("title", "# 01 · Leaks\n\n**50 minutes in class.** " + "word " * 134),
        shown("folded", "word " * 1000, "skip"),
        shown("beat", "## Beat 1 (9 min)\n\n![seven words that nobody reads aloud here](a.svg)"),
        shown("ask", 'predict("leaks-p1")', "fragment", "predict", code=True),
        shown("lab", "LeakLab()", "", "widget", code=True),
        shown("folded-code", "x = 1", "skip", code=True),
        shown("further", "## Alone: further\n\n" + "word " * 1000),
    ]
    path = tmp_path / "01_leaks.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    tool = load("lesson_minutes")
    (_, _, opening), *_, (title, given, beat) = tool.in_class(path)
    assert opening == {**tool.NOTHING, "words": 140} and tool.spent(opening) == 1
    question = questions()["leaks-p1"]
    told = tool.words(" ".join([question.prompt, *(one.text for one in question.options)]))
    assert (title, given, beat["cells"], beat["tasks"]) == ("Beat 1", 9, 2, tool.LAB)
    assert beat["words"] == tool.words("Beat 1 (9 min)") + told == 4 + told
    assert beat["votes"] + beat["peers"] == 1
    assert tool.stated(path) == 50


def test_peer_instruction_takes_four_minutes_and_a_task_what_its_notes_say() -> None:
    tool = load("lesson_minutes")
    question = replace(questions()["leaks-p1"], peer=True, prompt="", options=())
    slide = Slide(
        "lab", "", Note(pair="One sets, one predicts.", minutes=3), (Asked(question, ()),), ("lab",)
    )
    count = tool.on_slide(slide, [shown("lab", "LeakLab()", "slide", "widget", code=True)])
    assert count == {"words": 0, "cells": 1, "votes": 0, "peers": 1, "tasks": 180}
    assert tool.spent(count) == 4 + 3 + 3 / 60


def test_the_session_of_fifty_minutes_has_no_hole() -> None:
    text = TEACHING.read_text("utf-8").partition("## One session of 50 minutes")[2]
    spans = [(int(begin), int(end)) for begin, end in re.findall(r"(?m)^\| (\d+) to (\d+) \|", text)]
    assert spans[0][0] == 0 and spans[-1][1] == 50
    assert all(end == begin for (_, end), (begin, _) in pairwise(spans))


def test_the_keys_are_those_of_the_command() -> None:
    table = TEACHING.read_text("utf-8").partition("| key | does |\n|---|---|\n")[2].partition("\n\n")[0]
    columns = "\n".join(row.split(" | ")[0].strip("| ") for row in table.splitlines()).replace("`", "")
    explained = set(re.split(r", or |, | or | \(|\n", columns))
    named = re.findall(r"(?m)^  (\S.*?)  ", KEYS.replace("Cmd", "Ctrl"))
    keys = {re.sub(r"^(\w) \1$", r"\1 twice", key) for names in named for key in re.split(", | or ", names)}
    assert keys <= explained and {"Space", "b", "q twice", "Ctrl+Shift+Enter"} <= keys


def test_the_tone_is_plain_and_links_resolve() -> None:
    text = re.sub(r"`[^`]*`", "", TEACHING.read_text("utf-8"))
    for word in ("simply", "just", "obviously", "of course", "clearly", "trivial", "easy"):
        assert not re.search(rf"\b{word}\b", text, re.IGNORECASE), word
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert "://" not in target and (TEACHING.parent / target).exists(), target
