"""The verdict's panel: the same in words and in HTML, each thing said once, no sign without its words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lessons.judge.verdict import Aspect, Verdict, panel
from lessons.study.cards import Card
from lessons.study.questions import misconceptions

BELIEF = "leaks-refcount-closes"
HELD = Aspect("it closes", 2, 2)
FAILED = Aspect("it counts", 1, 0, BELIEF, "3 of `records` came out", "Count after `write`.")


def shown(*aspects: Aspect, missing: bool = False, printed: str = "", variant: str = "kit") -> Card:
    return panel(Verdict("leaks-x1", "1", variant, aspects, missing, printed))


@pytest.mark.parametrize(
    ("aspects", "missing", "head"),
    [
        ((HELD,), False, "✓ leaks-x1 is correct. 2 of 2 points."),
        ((HELD, FAILED), False, "◐ leaks-x1 is almost:"),
        ((FAILED, HELD), False, "✗ leaks-x1 is wrong:"),
        ((HELD, FAILED), True, "○ leaks-x1 is missing:"),
    ],
)
def test_it_begins_with_the_status_as_a_word(aspects: tuple[Aspect, ...], missing: bool, head: str) -> None:
    assert shown(*aspects, missing=missing).text.startswith(head)


def test_what_does_not_hold_says_what_was_seen_what_is_behind_it_and_what_to_try() -> None:
    known = misconceptions()[BELIEF]
    text = " ".join(shown(HELD, FAILED).text.split())
    assert "✓ it closes: passes (2 of 2)" in text
    assert "✗ it counts: fails (0 of 1) Seen: 3 of `records` came out" in text
    assert f"Behind it (`{BELIEF}`): “{known.belief}” But: {' '.join(known.truth.split())}" in text
    assert "Try: Count after `write`." in text


def test_what_was_said_of_one_aspect_is_not_said_again_of_the_next() -> None:
    again = Aspect("it stops", 1, 0, BELIEF, "2 came", FAILED.advice)
    same = Aspect("it ends", 1, 0, BELIEF, "2 came", FAILED.advice)
    card = shown(FAILED, again, same)
    for words in ("Behind it", "Count after", "2 came", "The reason is the same as for “it stops”."):
        assert card.text.count(words) == card.html.count(words) == 1, words


WAITING = Aspect("it stops", 1, 0, "", "this shows only when what is above passes.", "Fix that first.")


def test_what_was_not_looked_at_is_not_said_to_fail() -> None:
    card = shown(FAILED, WAITING, replace(WAITING, name="it ends"))
    text = " ".join(card.text.split())
    assert "✗ it counts: fails (0 of 1)" in text
    assert "○ it stops: not checked yet (0 of 1) This shows only when what is above passes." in text
    assert "○ it ends: not checked yet (0 of 1) Check leaks-x1" in text, "the reason is told once"
    assert card.text.count("fails (") == card.html.count(": fails\n") == 1
    assert card.text.count("not checked yet") == card.html.count("</strong>: not checked yet\n") == 2
    assert card.html.count("Fix that first.") == 1 and "Seen:</strong> this shows" not in card.html


@pytest.mark.parametrize(
    "failed",
    [replace(WAITING, belief=BELIEF), replace(WAITING, advice="Count after `write`.")],
)
def test_what_was_looked_at_and_failed_says_so(failed: Aspect) -> None:
    card = shown(HELD, failed)
    assert "✗ it stops: fails (0 of 1)" in card.text and "not checked yet" not in card.text + card.html


def test_a_missing_answer_is_not_held_against_anyone() -> None:
    card = shown(HELD, FAILED, missing=True)
    assert "run both cells again. 2 of 3 points." in " ".join(card.text.split())
    for said in ("hold", "Seen", "<ul"):
        assert said not in card.text + card.html


def test_one_status_line_is_announced_and_signs_are_not_spelt() -> None:
    html = shown(HELD, FAILED).html
    assert html.count('role="status"') == 1
    assert '<div role="group" aria-label="Check of leaks-x1: almost"' in html
    assert '<ul role="list"' in html
    assert re.findall(r'<span aria-hidden="true">(.)</span>', html) == ["◐", "✓", "✗"]
    assert not re.search("[✓✗◐○]", re.sub(r'<span aria-hidden="true">.</span>', "", html))
    assert not re.search(r"<h\d", html), "a heading in an output would stand in the table of contents"


def test_what_an_answer_wrote_is_text() -> None:
    evil = "<img src=x onerror=alert(1)>"
    failed = Aspect("it counts", 1, 0, "", f'`{evil}` came out of `f"</code>{evil}"`', evil)
    html = shown(failed, printed=evil, variant=evil).html
    assert "<img" not in html and html.count("&lt;img") == 5


def test_what_was_printed_is_folded_and_its_text_is_short() -> None:
    card = shown(HELD, printed="line\n" * 1000)
    assert "<details><summary>What your code printed</summary>" in card.html
    assert card.text.count("    line") == 20


def test_a_course_of_its_own_names_its_variant() -> None:
    assert "version 1. Grading" in shown(HELD).text
    assert "version 1, variant wt26-0a1b2c3d. Grading" in shown(HELD, variant="wt26-0a1b2c3d").text
