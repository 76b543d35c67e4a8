"""The field guide: from the registry alone, complete, and found by its words."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toolbox import load

from lessons import answer, search
from lessons.study import guide
from lessons.study.guide import entries
from lessons.study.questions import FIELD_GUIDE, LESSONS, misconceptions, questions

COURSE = Path(__file__).resolve().parents[3]
PATH = COURSE / "notebooks" / "field_guide.ipynb"
TOLD = [entry for told in entries().values() for entry in told]


@cache
def stored() -> dict[str, Any]:
    return {cell.id: cell for cell in nbformat.read(PATH, as_version=4).cells}


def test_the_field_guide_is_what_the_registry_says() -> None:
    written = load("write_field_guide")
    fresh = written.sources(written.composed())
    assert written.sources(nbformat.read(PATH, as_version=4)) == fresh, "run tools/write_field_guide.py"


def test_every_belief_that_no_lesson_asks_about_stands_under_one_heading() -> None:
    told = [id for id, entry in misconceptions().items() if entry.lesson == FIELD_GUIDE]
    assert sorted(entry.id for entry in TOLD) == sorted(told), "the first word of an id is a topic"
    asked = {option.misconception for question in questions().values() for option in question.options}
    assert set(told) == set(misconceptions()) - asked


@pytest.mark.parametrize("id", [entry.id for entry in TOLD])
def test_each_has_its_belief_its_proof_that_ran_and_its_truth(id: str) -> None:
    entry = misconceptions()[id]
    assert stored()[id].source == f"### “{entry.belief.rstrip('.')}”"
    proof = stored()[f"{id}-proof"]
    assert proof.source.endswith(entry.proof.strip())
    assert load("execute_notebooks").text(proof).strip() == entry.shows
    assert entry.truth in stored()[f"{id}-truth"].source


def test_what_a_cell_shows_is_left_uncompared_where_versions_of_python_differ_and_nowhere_else() -> None:
    """Since 3.14 Python warns of a `return` in `finally`. The registry's tests hold what the proof shows."""
    tag = "nbval-ignore-output"
    spared = [cell.id for cell in stored().values() if tag in cell.metadata.get("tags", [])]
    assert spared == ["managers-return-in-finally-proof"]


def test_search_finds_beliefs_by_all_the_words() -> None:
    shown = str(search("groupby GROUPS"))
    assert shown.startswith('1 belief has "groupby groups" in it.')
    assert "Where: field_guide" in shown and "True: All groups pull from one stream." in shown
    assert str(search("groupby zeppelin")).startswith('No belief has "groupby zeppelin" in it.')


def test_search_keeps_what_a_lesson_asks_until_its_answer_has_run() -> None:
    truth = misconceptions()["chains-zip-loses-nothing"].truth
    before = " ".join(str(search("zip loses")).split())
    assert "True: predict first, then run the answer." in before
    assert "Where: 04_lazy_chains, question chains-p12" in before and truth not in before
    assert str(search("before it finds that the other has ended")).startswith("No belief"), "not by its truth"
    answer("chains-p12")
    assert truth in " ".join(str(search("zip loses")).split())


def test_search_shows_a_page_at_a_time() -> None:
    shown = str(search("a"))
    assert shown.count("Believed:") == guide.MOST and "more: add a word." in shown


@pytest.mark.parametrize("words", [None, "", "  ", 3, ["close"]])
def test_search_says_what_it_needs(words: object) -> None:
    assert "search needs a word or more in quotes" in str(search(words))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(), st.integers(), st.binary()))
def test_search_never_raises_and_marks_up_nothing_that_was_given(words: object) -> None:
    shown = search(words)
    assert shown.text and "<script" not in shown.html


def test_what_is_shown_is_escaped() -> None:
    assert "<script>" not in search("<script>").html


def test_every_lesson_of_the_registry_is_a_notebook() -> None:
    names = {*LESSONS.values(), FIELD_GUIDE, "glossary"}
    there = {path.stem for path in (COURSE / "notebooks").glob("*.ipynb")}
    assert there <= names
    assert {re.match(r"[a-z]+", id).group() for id in questions()} <= set(LESSONS)  # type: ignore[union-attr]
