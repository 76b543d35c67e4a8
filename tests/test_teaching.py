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
from lessons.exercises import exercises
from lessons.study.arranged import problems
from lessons.study.notes import Asked, Note, Slide
from lessons.study.questions import LESSONS, misconceptions, questions

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


def test_the_generated_parts_and_pages_are_those_of_today() -> None:
    tool = load("write_teaching")
    text = TEACHING.read_text("utf-8")
    assert tool.written(text) == text, "run tools/write_teaching.py"
    stored = {path.name: path.read_text("utf-8") for path in tool.PAGES.iterdir()}
    assert stored == {f"{stem}.md": tool.page(short) for short, stem in LESSONS.items()}, (
        "run tools/write_teaching.py"
    )


@every_lesson
def test_each_question_of_the_class_has_its_right_letter_and_its_beliefs(short: str) -> None:
    page = load("write_teaching").PAGES / f"{LESSONS[short]}.md"
    whole = page.read_text("utf-8")
    home = whole.partition("## At home")[2]
    for id in [id for id in asked(short) if f"**`{id}`**" not in home]:
        question = questions()[id]
        (row,) = re.findall(rf"(?m)^\| `{id}`.*", chapter(short))
        assert row.split(" | ")[1].startswith(f"**{question.right.letter}**: "), id
        for option in question.options:
            belief = misconceptions()[option.misconception].belief if option.misconception else ""
            assert not belief or f"{option.letter}: {belief.replace('|', chr(92) + '|')}" in row, id
            assert option.grain.replace("|", "\\|") in whole, id
        assert f"Why {question.right.letter}: {question.right.reply}" in whole, id


@every_lesson
def test_no_letter_of_an_option_is_written_by_hand(short: str) -> None:
    """They would be wrong as soon as the options change their order."""
    by_hand = re.sub(r"(?s)<!-- key of .*?<!-- end of key of .. -->", "", chapter(short))
    assert re.findall(r"\bA: |\b[B-D]\b", by_hand) == []


@every_lesson
def test_each_lesson_says_what_to_cut(short: str) -> None:
    assert "**Cut" in chapter(short)


def test_no_question_is_named_that_is_not_there() -> None:
    named = re.findall(r"`((?:%s)-[a-z]\d+)`" % "|".join(LESSONS), TEACHING.read_text("utf-8"))  # noqa: UP031
    assert set(named) <= {*questions(), *problems(), *exercises()}


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


PLAN = re.compile(r"(?m)^#{3,4} (.+) \((\d+) minutes(?: each)?\)$")
SPAN = re.compile(r"(?m)^\| (\d+) to (\d+) \| (.+) \|$")


def plans() -> dict[str, tuple[int, list[tuple[int, int, str]]]]:
    """The plans: the minutes of each in all, and its rows."""
    pieces = PLAN.split(TEACHING.read_text("utf-8"))
    rows = [SPAN.findall(re.split(r"(?m)^#|\n\n(?=\| session)", piece)[0]) for piece in pieces[3::3]]
    spans = [[(int(begin), int(end), row) for begin, end, row in found] for found in rows]
    return dict(zip(pieces[1::3], zip(map(int, pieces[2::3]), spans, strict=True), strict=True))


def test_each_plan_has_no_hole_and_its_clock_is_right() -> None:
    assert len(plans()) == 7
    for name, (whole, rows) in plans().items():
        assert (rows[0][0], rows[-1][1]) == (0, whole), name
        assert all(end == begin for (_, end, _), (begin, _, _) in pairwise(rows)), name
        for begin, _, row in rows:
            for hour, minute in re.findall(r"^(\d+):(\d\d) \|", row):
                assert 60 * (int(hour) - 9) + int(minute) == begin, (name, row)


def test_a_plan_gives_each_lesson_beat_and_exercise_its_minutes() -> None:
    tool, seen = load("write_teaching"), set[str]()
    for name, (_, rows) in plans().items():
        for begin, end, row in rows:
            ids = re.findall(r"`(\w+-x\d)`", row)
            lessons = [short for short, stem in LESSONS.items() if f"{stem[:2]}, " in row]
            if ids:
                talk = sum(map(int, re.findall(r"and (\d+) minutes to talk", row)))
                assert end - begin == sum(map(tool.minutes, ids)) + talk, (name, row)
                seen.add("exercises")
            elif "the whole lesson" in row and lessons:
                assert end - begin == tool.stated(tool.lesson(lessons[0])), (name, row)
                seen.add("lesson")
            elif lessons and (beat := re.search(r"beat(?: (\d))?", row)) and not name.startswith("A first"):
                title = f"Beat {beat[1]}:" if beat[1] else "Beat:"
                (minutes,) = [given for part, given, _ in tool.asked(lessons[0], tool.lesson(lessons[0]))
                              if part.startswith(title)]  # fmt: skip
                assert end - begin == minutes, (name, row)
                seen.add("beat")
    assert seen == {"exercises", "lesson", "beat"}


def test_six_sessions_set_each_exercise_once() -> None:
    tool = load("write_teaching")
    rows = re.findall(r"(?m)^\| [2-6] \| (0\d) \| (.+) \| (.+) \|$", TEACHING.read_text("utf-8"))
    assert [number for number, _, _ in rows] == ["01", "02", "03", "04", "05"]
    told = [re.findall(r"`([\w-]+)`", f"{there} {home}") for _, there, home in rows]
    wanted = [[id for id in exercises() if id.startswith(f"{short}-")] + [f"{short}-open"]
              for short in list(LESSONS)[1:]]  # fmt: skip
    assert [sorted(ids) for ids in told] == [sorted(ids) for ids in wanted]
    assert all(sum(map(tool.minutes, re.findall(r"`([\w-]+)`", there))) <= 15 for _, there, _ in rows)


def test_the_minutes_of_exercises_are_those_that_their_notebooks_give() -> None:
    tool = load("write_teaching")
    given = "Plan five minutes for the first exercise, and ten for each of the others."
    texts = {path.stem: path.read_text("utf-8") for path in (tool.TASKS / "assignments").glob("*.md")}
    said = {short for short, text in texts.items() if given in text}
    assert said == {short for short, text in texts.items() if "Plan " in text} != set()
    for id in exercises():
        if id.split("-")[0] in said:
            assert tool.minutes(id) == (5 if id.endswith("-x1") else 10), id


def test_each_message_about_the_installation_is_one_that_a_command_prints() -> None:
    _, _, rest = TEACHING.read_text("utf-8").partition("### Trouble with the installation")
    quoted = re.findall(r'(?m)^\| "([^"]+)"', rest.partition("\n## ")[0])
    printed = [COURSE / "tools/setup_env.py", COURSE / "src/lessons/desk/server.py"]
    told = "".join(path.read_text("utf-8") for path in printed)
    assert len(quoted) == 5 and [text for text in quoted if text not in told] == []


def test_the_contents_name_each_chapter() -> None:
    contents, _, rest = TEACHING.read_text("utf-8").partition("\n## ")
    targets = set(re.findall(r"\(#([^)]+)\)", contents))
    chapters = re.findall(r"(?m)^## (.+)$", "## " + rest)
    assert {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in chapters} <= targets


def test_the_keys_are_those_of_the_command() -> None:
    table = TEACHING.read_text("utf-8").partition("| key | does |\n|---|---|\n")[2].partition("\n\n")[0]
    columns = "\n".join(row.split(" | ")[0].strip("| ") for row in table.splitlines()).replace("`", "")
    explained = set(re.split(r", or |, | or | \(|\n", columns))
    named = re.findall(r"(?m)^  (\S.*?)  ", KEYS.replace("Cmd", "Ctrl"))
    keys = {re.sub(r"^(\w) \1$", r"\1 twice", key) for names in named for key in re.split(", | or ", names)}
    assert keys <= explained and {"Space", "b", "q twice", "Ctrl+Shift+Enter"} <= keys


def test_the_tone_is_plain_and_no_link_leaves_the_course() -> None:
    text = re.sub(r"`[^`]*`", "", TEACHING.read_text("utf-8"))
    for word in ("simply", "just", "obviously", "of course", "clearly", "trivial", "easy"):
        assert not re.search(rf"\b{word}\b", text, re.IGNORECASE), word
    assert not re.findall(r"\]\([^)]*://", text)
