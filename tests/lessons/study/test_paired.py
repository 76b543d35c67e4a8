"""The paired questions: each right answer is computed, twins ask the same, and answers are stored once."""

from __future__ import annotations

import contextlib
import io
import re
import traceback
from pathlib import Path
from typing import Any

import pytest

from lessons import after, before, progress
from lessons.study import before_after, paired, predictions
from lessons.study import paper as module
from lessons.study.cards import Card
from lessons.study.journal import Journal, Line
from lessons.study.pairs import AFTER, BEFORE, UNKNOWN, Paired, answers, pairs
from lessons.study.paper import Paper
from lessons.study.questions import LESSONS, RIGHT, misconceptions

ASKED = [pair.asked(when) for pair in pairs() for when in (BEFORE, AFTER)]
each_question = pytest.mark.parametrize("question", ASKED, ids=lambda one: one.id)


def plain(shown: object) -> str:
    return " ".join(str(shown).split())


def letters(when: str, wrong: tuple[int, ...] = (), unknown: tuple[int, ...] = ()) -> str:
    """Nine letters: right, but for some key points."""
    found = ""
    for pair in pairs():
        question = pair.asked(when)
        others = [one.letter for one in question.choices if one.key != RIGHT]
        found += "?" if pair.point in unknown else others[0] if pair.point in wrong else question.right.letter
    return found


def printed(question: Paired) -> str:
    """What its program prints; an error as "raised ValueError", with its line if lines are numbered."""
    shown = io.StringIO()
    room: dict[str, Any] = {}
    exec(question.given, room)
    with contextlib.redirect_stdout(shown):
        try:
            exec(compile(question.code, "<code>", "exec"), room)
            exec(question.proof, room)
        except Exception as error:
            where = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
                     if frame.filename == "<code>"]  # fmt: skip
            numbered = f" in line {where[-1]}" if "# line 1" in question.code else ""
            print(f"raised {type(error).__name__}{numbered}")
    return shown.getvalue().strip()


@each_question
def test_the_right_answer_is_what_its_program_prints(
    question: Paired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = printed(question)
    assert [one.letter for one in question.choices if one.shows == shown] == [question.right.letter], shown


@each_question
def test_a_newcomer_can_read_it_in_half_a_minute(question: Paired) -> None:
    lines = [line for line in question.code.splitlines() if line.strip()]
    assert len(lines) <= 10 and max(map(len, lines)) <= 72
    assert len(question.choices) == 4 and question.prompt.endswith("?")
    for one in question.choices:
        assert len(one.text.split()) <= 12


def test_there_is_a_pair_for_each_key_point_and_its_twins_ask_the_same() -> None:
    assert [pair.point for pair in pairs()] == list(range(1, 10))
    for pair in pairs():
        first, second = pair.before, pair.after
        assert {one.key for one in first.choices} == {one.key for one in second.choices}
        assert len({one.key for one in first.choices}) == 4, "no belief twice"
        assert first.code != second.code and first.right.letter != second.right.letter
        assert pair.lesson in LESSONS and pair.why.endswith(".")
        for one in first.choices:
            assert one.key == RIGHT or one.key in misconceptions() or one.key.split("-")[0] not in LESSONS


PLAYERS: dict[str, Any] = {
    **{f"always {letter}": lambda question, letter=letter: [question.under(letter)] for letter in "ABCD"},
    "the longest": lambda question: extreme(question, max),
    "the shortest": lambda question: extreme(question, min),
    "with code": lambda question: [one for one in question.choices if "`" in one.text],
    "without code": lambda question: [one for one in question.choices if "`" not in one.text],
}


def extreme(question: Paired, which: Any) -> list[Any]:
    length = which(len(one.text) for one in question.choices)
    return [one for one in question.choices if len(one.text) == length]


@pytest.mark.parametrize("name", PLAYERS)
def test_no_way_of_guessing_does_better_than_chance(name: str) -> None:
    """What a player expects who chooses among the answers that the rule leaves, of 18; chance is 4.5."""
    score = 0.0
    for question in ASKED:
        left = PLAYERS[name](question) or list(question.choices)
        score += sum(one.key == RIGHT for one in left) / len(left)
    assert score <= 18 / 4 + 1


def test_before_is_answered_once_and_never_says_what_is_right(fresh: Journal) -> None:
    assert "<- your answer" not in before().text
    shown = before(letters(BEFORE, wrong=(1,), unknown=(6,)))
    assert shown.text.count("<- your answer") == 9 and "These first ones count" in plain(shown)
    assert "?  I do not know <- your answer" in shown.text
    stored = fresh.read()
    assert {event.option for event in stored[0]} == {RIGHT, UNKNOWN, "leaks-traceback-keeps"}, (
        "keys, no letters"
    )
    assert before("A" * 9).text == shown.text and fresh.read() == stored, "the first answers count"
    told = plain(shown) + plain(progress())
    assert not any(plain(pair.why) in told for pair in pairs())
    assert "right" not in plain(progress()).partition("Key points")[2].partition("**")[0]


def test_after_replies_and_shows_the_gain() -> None:
    before(letters(BEFORE, wrong=(1, 2, 3, 4), unknown=(6,)))
    shown = plain(after(letters(AFTER, wrong=(2,), unknown=(9,))))
    assert "Before the course 4 of 9 answers were right, after it 7. Gain: +3." in shown
    assert "1. Leaks. You chose B, and that is right." in shown
    belief = plain(misconceptions()["descriptors-cleanup-cures"].belief)
    assert f"You chose A. Behind it is a common belief: “{belief}” Right is D" in shown
    assert "9. Composition. Right is A" in shown and "(Lesson 05.)" in shown
    assert "1. Leaks before: not right after: right" in shown
    assert "Gain: +3." in plain(progress())


def test_after_without_before_shows_no_gain_and_before_comes_too_late(fresh: Journal) -> None:
    shown = plain(after(letters(AFTER)))
    assert "there is no gain to show" in shown and "9 of 9 answers were right" in shown
    stored = fresh.read()
    assert "not stored" in plain(before(letters(BEFORE))) and fresh.read() == stored


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ABC", "needs 9 answers"), ("", "needs 9 answers"), (9, "It was given 9."),
        (["A"] * 9, "needs 9 answers"), ("ABCDABCDE", "Question 9 has no answer 'E'."),
    ],
)  # fmt: skip
def test_a_wrong_call_says_what_is_allowed_and_stores_nothing(
    given: object, said: str, fresh: Journal
) -> None:
    for call in (before, after):
        assert said in plain(call(given))
    assert fresh.read() == ([], [])


def test_letters_may_be_written_in_groups() -> None:
    assert "are stored" in plain(before(" abc dab, cd? "))


def test_an_answer_that_this_edition_does_not_have_is_left_out() -> None:
    events = [Line("1", "answer", "after-1", "of-tomorrow"), Line("2", "answer", "after-12", RIGHT),
              Line("3", "answer", "after-2", RIGHT), Line("4", "answer", "after-2", UNKNOWN)]  # fmt: skip
    assert answers(events).after == {2: RIGHT}


@pytest.fixture
def cards(fresh: Journal, monkeypatch: pytest.MonkeyPatch) -> dict[str, Paper]:
    monkeypatch.setattr(module, "_papers", {})
    monkeypatch.setattr(before_after, "widgets_are_shown", lambda: True)
    return {BEFORE: before(), AFTER: after()}


def send(one: Paper, **content: Any) -> None:
    one._handle_custom_msg(content, [])


@pytest.mark.parametrize("place", range(5))
def test_the_card_stores_what_the_text_form_stores(
    cards: dict[str, Paper], place: int, fresh: Journal
) -> None:
    for when, one in cards.items():
        keys = {q["id"]: q["options"][place]["key"] for q in one.paper["questions"]}
        send(one, commit=keys)
        assert one.standing["given"] == keys and one.standing["closed"]
        assert one.shown.text == paired.asked(when).text and repr(one) == one.shown.text
        assert bool(one.standing["result"]) == (when == AFTER)
    stored = fresh.read()
    send(cards[BEFORE], commit={q["id"]: RIGHT for q in cards[BEFORE].paper["questions"]})
    assert fresh.read() == stored, "once"


def test_what_is_not_an_answer_to_all_nine_is_acknowledged_and_changes_nothing(
    cards: dict[str, Paper], fresh: Journal
) -> None:
    one = cards[BEFORE]
    whole = {q["id"]: RIGHT for q in one.paper["questions"]}
    for content in (
        {},
        {"commit": None},
        {"commit": {"before-1": RIGHT}},
        {"commit": whole | {"before-3": "A"}},
    ):
        count = one.standing["count"]
        send(one, **content)
        assert one.standing["count"] > count
    assert fresh.read() == ([], [])


def test_a_stored_notebook_shows_the_questions_and_one_card_is_shown_in_each_cell(
    cards: dict[str, Paper],
) -> None:
    assert before() is cards[BEFORE]
    bundle = cards[BEFORE]._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert bundle["text/plain"] == paired.asked(BEFORE).text
    assert bundle["text/html"].count("<pre") == 9 and not re.search(r"<script|onclick", bundle["text/html"])
    assert isinstance(cards[AFTER].shown, Card)
    assert predictions.journal.trouble == ""
