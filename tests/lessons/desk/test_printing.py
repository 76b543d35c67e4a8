"""Pages to print: no answer for students, everything for teachers, and a summary of each lesson."""

from __future__ import annotations

import html
import re
from pathlib import Path

import nbformat
import pytest

from lessons.desk import printing
from lessons.study.cards import inline
from lessons.study.notes import notes
from lessons.study.questions import LESSONS, Question, questions

COURSE = Path(__file__).resolve().parents[3]


def plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    return {sheet.name: sheet.text for sheet in printing.sheets()}


def cells(lesson: str) -> list[nbformat.NotebookNode]:
    return list(nbformat.read(COURSE / "notebooks" / f"{LESSONS[lesson]}.ipynb", as_version=4).cells)


def asked(lesson: str) -> list[Question]:
    sources = "\n".join(cell.source for cell in cells(lesson))
    return [questions()[id] for id in re.findall(r"(?m)^# Answers ([\w-]+)$", sources)]


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_students_version_has_every_question_and_no_answer(printed: dict[str, str], lesson: str) -> None:
    given = printed[f"print/{LESSONS[lesson]}_student.html"]
    for question in asked(lesson):
        assert plain(inline(question.prompt)) in plain(given)
        for option in question.options:
            assert plain(inline(option.text)) in plain(given)
            assert plain(inline(option.reply)) not in plain(given), question.id
        cell = given.partition(f"# Answers {question.id}<")[2].partition("</pre>")[2]
        assert cell.lstrip().startswith('<div class="room"><span>What this cell prints:</span>'), question.id
    assert "A right order is" not in given and ("Your order:" in given) is (lesson != "start")
    assert "<details" not in given and '<p class="fold">' not in given
    tried = [cell for cell in cells(lesson) if "break-it" in cell.metadata.get("tags", []) and cell.outputs]
    assert given.count("What this cell prints:") == len(asked(lesson)) + len(tried)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_teachers_version_has_every_answer_and_every_note(printed: dict[str, str], lesson: str) -> None:
    given = plain(printed[f"print/{LESSONS[lesson]}_teacher.html"])
    for question in asked(lesson):
        assert f"{question.id}: {question.right.letter}, " in given
        for option in question.options:
            assert plain(inline(option.reply)) in given, question.id
    assert ("A right order is" in given) is (lesson != "start")
    folds = [fold for cell in cells(lesson) for fold in re.findall(r"<summary>(.*?)</summary>", cell.source)]
    assert folds and given.count("After you ran it") >= folds.count("After you ran it")
    for slide in notes(lesson, {"cells": cells(lesson)}):
        for text in (slide.note.show, slide.note.wrong, slide.note.pair):
            assert plain(inline(text)) in given, slide.id


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_summary_has_key_points_pictures_and_questions_and_its_key_apart(
    printed: dict[str, str], lesson: str
) -> None:
    before, after = printed[f"print/{LESSONS[lesson]}_summary.html"].split('<div class="summary keys">')
    (points,) = [cell.source for cell in cells(lesson) if cell.id == "summary"]
    for point in re.findall(r"(?m)^- (.+)$", points):
        assert plain(inline(point.replace("*", ""))) in plain(before)
    pictures = [found for cell in cells(lesson) for found in re.findall(r"!\[.*\]\(.*\)", cell.source)]
    assert before.count("<figure>") == len(pictures) > 0 and "<figcaption></figcaption>" not in before
    in_class = {one.question.id for slide in notes(lesson, {"cells": cells(lesson)}) for one in slide.asked}
    for question in asked(lesson):
        if question.id in in_class and "-w" not in question.id:
            assert plain(inline(question.prompt)) in plain(before)
            assert plain(inline(question.right.reply)) in plain(after)
        assert plain(inline(question.right.reply)) not in plain(before)


def test_a_link_on_paper_names_what_it_leads_to(printed: dict[str, str]) -> None:
    given = plain(printed["print/01_leaks_student.html"])
    assert "compare with the glossary (glossary.ipynb)" in given
    assert "exercises of this lesson (../exercises/release/leaks/leaks.ipynb)" in given
